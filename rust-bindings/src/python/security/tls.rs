//! Certificate chains (RFC 5280).

use chrysalis_crypto::CryptoError;
use chrysalis_crypto::tls::{self, Certificate, Options, SignatureAlgorithm, Usage};
use pyo3::prelude::*;

use crate::python::buffer::Records;
use crate::python::convert::{Length, Millis, Text, Texts};
use crate::python::error::Result;

/// Whether a chain of certificates in DER, the leaf first, leads to one of Mozilla's trust anchors now, for a server.
///
/// No name is checked: a chain that holds proves nothing about whom one talks to until its leaf has been held against a
/// name with `validate_cert_chain_with`. Raises `CertError`, with the `code` and, where it can be told, the `index` of the
/// certificate.
#[pyfunction]
pub(in crate::python) fn validate_cert_chain(py: Python<'_>, chain: Records) -> Result<()> {
    let chain = to_certificates(&chain);
    Ok(py.detach(|| tls::validate_cert_chain(&chain))?)
}

/// What was found of a chain that holds.
#[pyclass(frozen, module = "memory_system._rust.security")]
pub(in crate::python) struct ChainReport(tls::ChainReport);

#[pymethods]
impl ChainReport {
    /// Whether the leaf was held against a server name. A chain without that proves nothing about whom one talks to.
    #[getter]
    fn server_name_checked(&self) -> bool {
        self.0.server_name_checked
    }

    /// Whether every certificate of the path was looked up in a revocation list.
    #[getter]
    fn revocation_checked(&self) -> bool {
        self.0.revocation_checked
    }

    /// The places in the chain of the certificates of the path, the leaf, which is 0, first.
    #[getter]
    fn path(&self) -> Vec<usize> {
        self.0.path.clone()
    }
}

/// Judges a chain of certificates in DER, the leaf first, by what is given: the name or IP address the leaf must be for,
/// trust anchors in DER instead of Mozilla's, the time instead of now, the usage `server` or `client`, revocation lists in
/// DER and whether every certificate must be covered by one, the most certificates of a path (8 at most), the fewest bits
/// of an RSA key (2048 at least), and the names of the signature algorithms allowed, such as `ecdsa-p256-sha256`.
///
/// Raises `CertError`, of the path that came furthest if several were tried.
#[pyfunction]
#[pyo3(signature = (chain, *, server_name = None, roots = None, time = None, usage = Text("server"), crls = None,
    require_revocation = false, max_depth = Length(8), min_rsa_bits = Length(2048), allowed_signatures = None))]
#[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub(in crate::python) fn validate_cert_chain_with(
    py: Python<'_>,
    chain: Records,
    server_name: Option<Text<'_>>,
    roots: Option<Records>,
    time: Option<Millis>,
    usage: Text<'_>,
    crls: Option<Records>,
    require_revocation: bool,
    max_depth: Length,
    min_rsa_bits: Length,
    allowed_signatures: Option<Texts>,
) -> Result<ChainReport> {
    let chain = to_certificates(&chain);
    let roots = roots.as_ref().map(to_certificates);
    let crls = crls.as_ref().map(Records::as_slices).unwrap_or_default();
    let allowed = allowed_signatures.map(|names| to_algorithms(&names.0)).transpose()?;
    let defaults = time.map_or_else(Options::now, |Millis(time_ms)| Options::at(time_ms));
    let options = Options {
        usage: to_usage(&usage)?,
        server_name: server_name.as_ref().map(|name| name.0),
        roots: roots.as_deref(),
        crls: &crls,
        require_revocation,
        max_depth: max_depth.0,
        min_rsa_bits: min_rsa_bits.0,
        allowed_signatures: allowed.as_deref(),
        ..defaults
    };
    Ok(ChainReport(py.detach(|| tls::validate_cert_chain_with(&chain, &options))?))
}

fn to_certificates(chain: &Records) -> Vec<Certificate<'_>> {
    chain.as_slices().into_iter().map(Certificate::from_der).collect()
}

fn to_usage(name: &Text<'_>) -> Result<Usage> {
    match name.0 {
        "server" => Ok(Usage::Server),
        "client" => Ok(Usage::Client),
        _ => Err(CryptoError::Unsupported("usage").into()),
    }
}

fn to_algorithms(names: &[String]) -> Result<Vec<SignatureAlgorithm>> {
    let find = |name: &String| SignatureAlgorithm::ALL.iter().find(|known| known.name() == name).copied();
    let known = names.iter().map(|name| find(name).ok_or(CryptoError::Unsupported("signature algorithm")));
    Ok(known.collect::<std::result::Result<_, _>>()?)
}
