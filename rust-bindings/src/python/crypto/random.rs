//! Random bytes and tokens, and comparing secrets.

use chrysalis_crypto as crypto;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use zeroize::Zeroizing;

use crate::python::buffer::{Data, Out};
use crate::python::convert::{Length, detached, filled, to_bytes, to_text};
use crate::python::error::{Failure, Result};

/// Whether two byte strings are equal; for equal lengths the time does not depend on the contents.
#[pyfunction]
pub(in crate::python) fn constant_time_eq(py: Python<'_>, a: Data<'_>, b: Data<'_>) -> bool {
    let (a, b) = (a.as_slice(), b.as_slice());
    detached(py, a.len(), || crypto::compare::constant_time_eq(a, b))
}

/// `length` random bytes from the system's generator, at most 2^30.
#[pyfunction]
pub(in crate::python) fn random_bytes<'py>(py: Python<'py>, length: Length) -> PyResult<Bound<'py, PyBytes>> {
    let Length(length) = length;
    if length > crypto::random::MAX_LENGTH {
        return Err(Failure::from(crypto::CryptoError::InvalidArgument("length")).into());
    }
    filled(py, length, length, crypto::random::fill)
}

/// Fills a writable buffer with random bytes.
#[pyfunction]
pub(in crate::python) fn random_bytes_into(py: Python<'_>, mut out: Out) -> Result<()> {
    let out = out.as_mut_slice();
    Ok(detached(py, out.len(), || crypto::random::fill(out))?)
}

/// A random AES-256 key, 32 bytes.
#[pyfunction]
pub(in crate::python) fn generate_aes_key(py: Python<'_>) -> PyResult<Bound<'_, PyBytes>> {
    to_bytes(py, &*crypto::aes::generate_aes_key().map_err(Failure::from)?)
}

/// A random salt for key derivation, 32 bytes.
#[pyfunction]
pub(in crate::python) fn generate_salt(py: Python<'_>) -> PyResult<Bound<'_, PyBytes>> {
    to_bytes(py, &crypto::kdf::generate_salt().map_err(Failure::from)?)
}

/// `length` random bytes as `2 * length` hexadecimal characters.
#[pyfunction]
pub(in crate::python) fn random_hex<'py>(py: Python<'py>, length: Length) -> PyResult<Bound<'py, PyString>> {
    random_text(py, length, crypto::random::random_hex)
}

/// A token of `length` random bytes, as `2 * length` hexadecimal characters.
#[pyfunction]
pub(in crate::python) fn generate_token<'py>(
    py: Python<'py>,
    length: Length,
) -> PyResult<Bound<'py, PyString>> {
    random_text(py, length, crypto::random::generate_token)
}

/// A token of `length` random bytes in standard base64 with padding.
#[pyfunction]
pub(in crate::python) fn generate_token_base64<'py>(
    py: Python<'py>,
    length: Length,
) -> PyResult<Bound<'py, PyString>> {
    random_text(py, length, crypto::random::generate_token_base64)
}

/// A token of `length` random bytes in the URL alphabet of base64, without padding.
#[pyfunction]
pub(in crate::python) fn generate_token_base64url<'py>(
    py: Python<'py>,
    length: Length,
) -> PyResult<Bound<'py, PyString>> {
    random_text(py, length, crypto::random::generate_token_base64url)
}

fn random_text<'py>(
    py: Python<'py>,
    length: Length,
    make: impl FnOnce(usize) -> std::result::Result<String, crypto::CryptoError> + Send,
) -> PyResult<Bound<'py, PyString>> {
    let Length(length) = length;
    // Text is built by infallible allocation, so room for bytes and text is proved first.
    if length <= crypto::random::MAX_LENGTH && Vec::<u8>::new().try_reserve_exact(length * 4).is_err() {
        return Err(Failure::from(crypto::CryptoError::InvalidArgument(
            "length is more than there is memory for",
        ))
        .into());
    }
    let text = detached(py, length, || make(length).map(Zeroizing::new));
    to_text(py, &text.map_err(Failure::from)?)
}
