//! How errors reach Python: as the package's exceptions, with a stable `code` to branch on and a text for people.
//!
//! Which class belongs to which code is written once, in `memory_system/exceptions.py`. Exceptions are made where
//! there is an interpreter; on native threads an error stays what it is.

use std::fmt;

use chrysalis_consensus::ConsensusError;
use chrysalis_consensus::sim::Violation;
use chrysalis_crdt::CrdtError;
use chrysalis_crypto::CryptoError;
use chrysalis_crypto::api_keys::ValidationError;
use chrysalis_crypto::tls::CertError;
use chrysalis_embedding::EmbeddingError;
use chrysalis_embedding::compress::CompressError;
use chrysalis_embedding::model::ModelError;
use chrysalis_embedding::similarity::SimilarityError;
use chrysalis_embedding::tokens::TokenError;
use chrysalis_memory::MemoryError;
use chrysalis_security::SecurityError;
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{type_hint_identifier, type_hint_subscript};

/// An error of any crate on its way to Python.
#[derive(Debug)]
pub(super) struct Failure {
    code: &'static str,
    message: String,
    /// Which certificate it is wrong with, of those that fail with one.
    index: Option<usize>,
    details: Option<Details>,
}

/// What else is known of the failure of an embedding provider, for the attributes of its exception. Few errors have it, so it is
/// elsewhere.
#[derive(Debug)]
pub(super) struct Details(Box<Known>);

impl<'py> IntoPyObject<'py> for Details {
    type Target = PyDict;
    type Output = Bound<'py, PyDict>;
    type Error = PyErr;

    const OUTPUT_TYPE: PyStaticExpr = type_hint_subscript!(
        type_hint_identifier!("builtins", "dict"),
        type_hint_identifier!("builtins", "str"),
        type_hint_identifier!("builtins", "object")
    );

    fn into_pyobject(self, py: Python<'py>) -> std::result::Result<Self::Output, PyErr> {
        (*self.0).into_pyobject(py)
    }
}

#[derive(Debug, Default, IntoPyObject)]
struct Known {
    /// The HTTP status.
    status: Option<u16>,
    /// The provider's own code.
    code: Option<String>,
    request_id: Option<String>,
    /// Seconds.
    retry_after: Option<f64>,
    /// Requests that were sent.
    attempts: u32,
    /// What happened, in words that are always the same.
    problem: Option<&'static str>,
    provider: Option<String>,
    model: Option<String>,
    /// Components that were expected, and those that came.
    lengths: Option<(usize, usize)>,
}

/// For glue that makes nothing of Python's itself.
pub(super) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    fn new(code: &'static str, error: &impl fmt::Display) -> Self {
        Self { code, message: error.to_string(), index: None, details: None }
    }

    /// Code, text, place in a list, and what else is known.
    pub(super) fn into_parts(self) -> (&'static str, String, Option<usize>, Option<Details>) {
        (self.code, self.message, self.index, self.details)
    }
}

/// What can go wrong between Python and the crates below, beside their own errors.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub(super) enum BindingError {
    /// The memory was closed.
    Closed,
    /// An argument is out of range.
    OutOfRange(&'static str),
    /// Native work ended in a panic: a fault of this package.
    Internal,
}

impl BindingError {
    /// Every code of this crate.
    pub(super) const CODES: &'static [&'static str] =
        &["bindings/closed", "bindings/out-of-range", "bindings/internal"];

    /// The stable code of this error.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Closed => "bindings/closed",
            Self::OutOfRange(_) => "bindings/out-of-range",
            Self::Internal => "bindings/internal",
        }
    }
}

impl fmt::Display for BindingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("this memory is closed"),
            Self::OutOfRange(what) => write!(f, "{what} is out of range"),
            Self::Internal => f.write_str("native work failed unexpectedly; please report this"),
        }
    }
}

impl From<BindingError> for Failure {
    fn from(error: BindingError) -> Self {
        Self::new(error.code(), &error)
    }
}

impl From<CryptoError> for Failure {
    fn from(error: CryptoError) -> Self {
        Self::new(error.code(), &error)
    }
}

impl From<ConsensusError> for Failure {
    fn from(error: ConsensusError) -> Self {
        Self::new(error.code(), &error)
    }
}

impl From<Violation> for Failure {
    fn from(violation: Violation) -> Self {
        Self::new(Violation::CODE, &violation)
    }
}

impl From<CrdtError> for Failure {
    fn from(error: CrdtError) -> Self {
        Self::new(error.code(), &error)
    }
}

impl From<MemoryError> for Failure {
    fn from(error: MemoryError) -> Self {
        Self::new(error.code(), &error)
    }
}

impl From<CompressError> for Failure {
    fn from(error: CompressError) -> Self {
        Self::new(error.code(), &error)
    }
}

impl From<SimilarityError> for Failure {
    fn from(error: SimilarityError) -> Self {
        Self::new(error.code(), &error)
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        Self::new(error.code(), &error)
    }
}

impl From<EmbeddingError> for Failure {
    fn from(error: EmbeddingError) -> Self {
        let known = match &error {
            EmbeddingError::Provider(error) => Some(Known {
                status: error.status,
                code: error.code.as_ref().map(ToString::to_string),
                request_id: error.request_id.as_ref().map(ToString::to_string),
                retry_after: error.retry_after.map(|time| time.as_secs_f64()),
                attempts: error.attempts,
                problem: Some(error.problem.text()),
                provider: Some(error.provider.to_string()),
                model: Some(error.model.to_string()),
                lengths: None,
            }),
            EmbeddingError::DimensionMismatch { expected, actual, provider, model } => Some(Known {
                provider: Some(provider.to_string()),
                model: Some(model.to_string()),
                lengths: Some((*expected, *actual)),
                ..Known::default()
            }),
            _ => None,
        };
        let details = known.map(|known| Details(Box::new(known)));
        Self { details, ..Self::new(error.code(), &error) }
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        Self::new(error.code(), &error)
    }
}

impl From<SecurityError> for Failure {
    fn from(error: SecurityError) -> Self {
        Self::new(error.code(), &error)
    }
}

impl From<ValidationError> for Failure {
    fn from(error: ValidationError) -> Self {
        Self::new(error.code(), &error)
    }
}

impl From<CertError> for Failure {
    fn from(error: CertError) -> Self {
        Self { index: error.index, ..Self::new(error.code(), &error) }
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        Python::attach(|py| {
            py.import("memory_system.exceptions")
                .and_then(|module| module.call_method1("from_native", failure.into_parts()))
                .map_or_else(|failed| failed, Self::from_value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_lists_every_code_once_and_in_order() {
        let all = [BindingError::Closed, BindingError::OutOfRange("k"), BindingError::Internal];
        for error in all {
            // A new variant fails to compile until it is listed above.
            match error {
                BindingError::Closed | BindingError::OutOfRange(_) | BindingError::Internal => {}
            }
        }
        assert_eq!(all.map(BindingError::code), BindingError::CODES);
    }
}
