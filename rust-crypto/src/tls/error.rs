//! Why a chain is refused.

use std::fmt;

/// Why a chain of certificates is refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CertError {
    /// What is wrong.
    pub kind: CertErrorKind,
    /// Which certificate of the chain it is wrong with, from 0, where that can be told.
    pub index: Option<usize>,
}

/// What can be wrong with a chain.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum CertErrorKind {
    /// The chain has no certificate.
    EmptyChain,
    /// A certificate, a trust anchor or a revocation list is not well-formed DER of its kind.
    BadDer,
    /// The time is after the end of a certificate's validity.
    Expired,
    /// The time is before the beginning of a certificate's validity.
    NotYetValid,
    /// No path leads to a trust anchor.
    UnknownIssuer,
    /// A signature is not the issuer's.
    BadSignature,
    /// The certificate is not for the server name, or that is neither a DNS name nor an IP address.
    NameMismatch,
    /// The first certificate is an authority's.
    CaUsedAsLeaf,
    /// An issuer is not an authority.
    LeafUsedAsCa,
    /// More authorities stand below one than it allows.
    PathLenExceeded,
    /// A name is outside what an authority may certify.
    NameConstraintViolation,
    /// An extension that must be understood is not.
    UnknownCriticalExtension,
    /// A certificate is not for this purpose, or an authority's key not for signing certificates.
    WrongUsage,
    /// A signature or a key of a kind that is declined.
    UnsupportedAlgorithm,
    /// A key is too short.
    WeakKey,
    /// A certificate has been revoked.
    Revoked,
    /// Whether a certificate has been revoked cannot be told from the lists given.
    RevocationUnknown,
    /// A revocation list is out of date.
    CrlExpired,
    /// There is more to do than is allowed, or the path would be too deep.
    TooComplex,
}

impl CertErrorKind {
    /// Every kind, in order.
    pub const ALL: &'static [Self] = &[
        Self::EmptyChain,
        Self::BadDer,
        Self::Expired,
        Self::NotYetValid,
        Self::UnknownIssuer,
        Self::BadSignature,
        Self::NameMismatch,
        Self::CaUsedAsLeaf,
        Self::LeafUsedAsCa,
        Self::PathLenExceeded,
        Self::NameConstraintViolation,
        Self::UnknownCriticalExtension,
        Self::WrongUsage,
        Self::UnsupportedAlgorithm,
        Self::WeakKey,
        Self::Revoked,
        Self::RevocationUnknown,
        Self::CrlExpired,
        Self::TooComplex,
    ];

    const fn code_and_text(self) -> (&'static str, &'static str) {
        match self {
            Self::EmptyChain => ("EmptyChain", "the chain has no certificate"),
            Self::BadDer => ("BadDer", "not a well-formed certificate or revocation list"),
            Self::Expired => ("Expired", "the certificate has expired"),
            Self::NotYetValid => ("NotYetValid", "the certificate is not valid yet"),
            Self::UnknownIssuer => ("UnknownIssuer", "no path leads to a trust anchor"),
            Self::BadSignature => ("BadSignature", "the signature is not the issuer's"),
            Self::NameMismatch => ("NameMismatch", "the certificate is not for this name"),
            Self::CaUsedAsLeaf => ("CaUsedAsLeaf", "the first certificate is an authority's"),
            Self::LeafUsedAsCa => ("LeafUsedAsCa", "an issuer is not an authority"),
            Self::PathLenExceeded => ("PathLenExceeded", "too many authorities below one that limits them"),
            Self::NameConstraintViolation => {
                ("NameConstraintViolation", "a name is outside what an authority may certify")
            }
            Self::UnknownCriticalExtension => {
                ("UnknownCriticalExtension", "a critical extension is not understood")
            }
            Self::WrongUsage => ("WrongUsage", "the certificate is not for this purpose"),
            Self::UnsupportedAlgorithm => ("UnsupportedAlgorithm", "the algorithm is declined"),
            Self::WeakKey => ("WeakKey", "the key is too short"),
            Self::Revoked => ("Revoked", "the certificate has been revoked"),
            Self::RevocationUnknown => ("RevocationUnknown", "whether it has been revoked is unknown"),
            Self::CrlExpired => ("CrlExpired", "a revocation list is out of date"),
            Self::TooComplex => ("TooComplex", "more work than is allowed"),
        }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.code_and_text().0
    }
}

impl CertError {
    /// Every code, in the order of [`CertErrorKind::ALL`].
    pub const CODES: &'static [&'static str] = &{
        let mut codes = [""; CertErrorKind::ALL.len()];
        let mut i = 0;
        while i < codes.len() {
            codes[i] = CertErrorKind::ALL[i].code();
            i += 1;
        }
        codes
    };

    pub(super) const fn new(kind: CertErrorKind, index: Option<usize>) -> Self {
        Self { kind, index }
    }

    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }
}

impl From<CertErrorKind> for CertError {
    fn from(kind: CertErrorKind) -> Self {
        Self { kind, index: None }
    }
}

impl fmt::Display for CertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.kind.code_and_text().1;
        match self.index {
            Some(index) => write!(f, "{text} (certificate {index})"),
            None => f.write_str(text),
        }
    }
}

impl std::error::Error for CertError {}

/// How webpki's errors are called here. What it may add later is refused as malformed.
pub(super) fn kind_of(error: &webpki::Error) -> CertErrorKind {
    use webpki::Error;
    match error {
        Error::CertExpired { .. } => CertErrorKind::Expired,
        Error::CertNotValidYet { .. } => CertErrorKind::NotYetValid,
        Error::UnknownIssuer => CertErrorKind::UnknownIssuer,
        Error::InvalidSignatureForPublicKey => CertErrorKind::BadSignature,
        Error::CertNotValidForName(_) | Error::UnsupportedNameType => CertErrorKind::NameMismatch,
        Error::CaUsedAsEndEntity => CertErrorKind::CaUsedAsLeaf,
        Error::EndEntityUsedAsCa => CertErrorKind::LeafUsedAsCa,
        Error::PathLenConstraintViolated => CertErrorKind::PathLenExceeded,
        Error::NameConstraintViolation => CertErrorKind::NameConstraintViolation,
        Error::UnsupportedCriticalExtension => CertErrorKind::UnknownCriticalExtension,
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => CertErrorKind::WrongUsage,
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
        | Error::UnsupportedCrlSignatureAlgorithmContext(_)
        | Error::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => {
            CertErrorKind::UnsupportedAlgorithm
        }
        Error::CertRevoked | Error::CertDistrusted => CertErrorKind::Revoked,
        Error::UnknownRevocationStatus
        | Error::InvalidCrlSignatureForPublicKey
        | Error::IssuerNotCrlSigner
        | Error::UnsupportedCrlVersion
        | Error::UnsupportedDeltaCrl
        | Error::UnsupportedIndirectCrl
        | Error::UnsupportedCrlIssuingDistributionPoint
        | Error::UnsupportedRevocationReason
        | Error::UnsupportedRevocationReasonsPartitioning => CertErrorKind::RevocationUnknown,
        Error::CrlExpired { .. } => CertErrorKind::CrlExpired,
        Error::MaximumNameConstraintComparisonsExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumPathDepthExceeded
        | Error::MaximumSignatureChecksExceeded => CertErrorKind::TooComplex,
        _ => CertErrorKind::BadDer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_the_ones_callers_know() {
        assert_eq!(
            CertError::CODES,
            [
                "EmptyChain",
                "BadDer",
                "Expired",
                "NotYetValid",
                "UnknownIssuer",
                "BadSignature",
                "NameMismatch",
                "CaUsedAsLeaf",
                "LeafUsedAsCa",
                "PathLenExceeded",
                "NameConstraintViolation",
                "UnknownCriticalExtension",
                "WrongUsage",
                "UnsupportedAlgorithm",
                "WeakKey",
                "Revoked",
                "RevocationUnknown",
                "CrlExpired",
                "TooComplex",
            ]
        );
        let error = CertError::new(CertErrorKind::Expired, Some(2));
        assert_eq!(
            (error.code(), error.to_string().as_str()),
            ("Expired", "the certificate has expired (certificate 2)")
        );
        assert_eq!(CertError::from(CertErrorKind::EmptyChain).to_string(), "the chain has no certificate");
    }
}
