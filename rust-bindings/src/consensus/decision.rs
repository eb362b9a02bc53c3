//! A decision.

use chrysalis_consensus::{Bytes, CommitCertificate};

use super::plain::Made;

/// The decision that a value and its proof are.
pub(crate) fn decision((value, certificate): (&Bytes, &CommitCertificate)) -> Made {
    Made::Object(vec![
        ("height", certificate.height().0.into()),
        ("value", value.as_slice().into()),
        ("certificate", certificate.to_bytes().into()),
    ])
}
