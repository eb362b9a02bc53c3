//! Certificate chains (RFC 5280), judged alike on every target. Needs the feature `tls`.
//!
//! Paths are checked by rustls-webpki with this crate's own signature verifiers, without a C toolchain. What is
//! declined is listed in `docs/tls.md`.
//!
//! ```
//! use chrysalis_crypto::tls::{self, Certificate, Options};
//!
//! # fn main() {
//! let chain: Vec<Certificate<'_>> = vec![Certificate::from_der(b"not a certificate")];
//! let options = Options { server_name: Some("example.org"), ..Options::at(1_790_000_000_000) };
//! let refused = tls::validate_cert_chain_with(&chain, &options).unwrap_err();
//! assert_eq!((refused.code(), refused.index), ("BadDer", Some(0)));
//! # }
//! ```

mod der;
mod error;
mod path;
mod screen;
mod signatures;
mod validate;
#[cfg(test)]
mod verdicts;

pub use error::{CertError, CertErrorKind};
pub use signatures::SignatureAlgorithm;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub use validate::validate_cert_chain;
pub use validate::validate_cert_chain_with;

/// One certificate in DER, as it came; nothing about it has been checked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Certificate<'a>(&'a [u8]);

impl<'a> Certificate<'a> {
    /// The certificate of these bytes.
    #[must_use]
    pub const fn from_der(der: &'a [u8]) -> Self {
        Self(der)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_der(self) -> &'a [u8] {
        self.0
    }
}

/// What a certificate is to be used for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Usage {
    /// Proving who a server is.
    #[default]
    Server,
    /// Proving who a client is.
    Client,
}

/// What a chain is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// When: milliseconds since 1970, UTC.
    pub time_ms: u64,
    /// What for.
    pub usage: Usage,
    /// The DNS name (in ASCII form) or IP address that the leaf must be for; without one, no name is checked.
    pub server_name: Option<&'a str>,
    /// The trust anchors; without any given, Mozilla's. Their own validity is not checked.
    pub roots: Option<&'a [Certificate<'a>]>,
    /// Revocation lists in DER.
    pub crls: &'a [&'a [u8]],
    /// Whether every certificate of the path must be covered by a list.
    pub require_revocation: bool,
    /// The most certificates of a path, leaf and trust anchor included; more than 8 counts as 8.
    pub max_depth: usize,
    /// The fewest bits of an RSA key; less than 2048 counts as 2048.
    pub min_rsa_bits: usize,
    /// The algorithms certificates may be signed with; without any given, all.
    pub allowed_signatures: Option<&'a [SignatureAlgorithm]>,
}

impl Options<'_> {
    /// The defaults, at a time in milliseconds since 1970.
    #[must_use]
    pub const fn at(time_ms: u64) -> Self {
        Self {
            time_ms,
            usage: Usage::Server,
            server_name: None,
            roots: None,
            crls: &[],
            require_revocation: false,
            max_depth: 8,
            min_rsa_bits: signatures::MIN_RSA_BITS,
            allowed_signatures: None,
        }
    }

    /// The defaults, at the present time. Absent where there is no clock to ask, in WebAssembly outside WASI.
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    #[must_use]
    pub fn now() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self::at(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// What was found of a chain that holds.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ChainReport {
    /// Whether the leaf was held against a server name. A chain without that proves nothing about whom one talks to.
    pub server_name_checked: bool,
    /// Whether every certificate of the path was looked up in a revocation list.
    pub revocation_checked: bool,
    /// The places in the chain of the certificates of the path, the leaf, which is 0, first. The trust anchor that
    /// ends it is not among them.
    pub path: Vec<usize>,
}
