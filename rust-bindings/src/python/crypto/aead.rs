//! Authenticated encryption under a 32-byte key.

use chrysalis_crypto as crypto;
use crypto::{CryptoError, aead, aes, siv};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt};

use super::key::Key;
use crate::python::buffer::{Data, Out};
use crate::python::convert::{detached, filled, to_bytes};
use crate::python::error::{Failure, Result};

/// Seals `data` under a 32-byte key: nonce (24), ciphertext, tag (16), with a fresh random nonce.
///
/// `aad` is authenticated and not part of the output; opening needs the same bytes.
#[pyfunction]
#[pyo3(signature = (data, key, aad = Data::Bytes(b"")))]
pub(in crate::python) fn xchacha20poly1305_encrypt<'py>(
    py: Python<'py>,
    data: Data<'_>,
    key: Key<'_, 'py>,
    aad: Data<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    seal(py, aead::xchacha20poly1305_encrypt_into, aead::OVERHEAD, &data, &key, &aad)
}

/// Opens what `xchacha20poly1305_encrypt` sealed with the same key and `aad`.
///
/// Raises `DecryptError` without saying which part is wrong, `CryptoError` with `DATA_TOO_SHORT` below 40 bytes.
#[pyfunction]
#[pyo3(signature = (data, key, aad = Data::Bytes(b"")))]
pub(in crate::python) fn xchacha20poly1305_decrypt<'py>(
    py: Python<'py>,
    data: Data<'_>,
    key: Key<'_, 'py>,
    aad: Data<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    open(py, aead::xchacha20poly1305_decrypt_into, aead::OVERHEAD, &data, &key, &aad)
}

/// `xchacha20poly1305_encrypt` into a writable buffer that has 40 bytes more than `data`.
#[pyfunction]
#[pyo3(signature = (out, data, key, aad = Data::Bytes(b"")))]
pub(in crate::python) fn xchacha20poly1305_encrypt_into<'py>(
    py: Python<'py>,
    out: Out,
    data: Data<'_>,
    key: Key<'_, 'py>,
    aad: Data<'_>,
) -> Result<()> {
    to_out(py, aead::xchacha20poly1305_encrypt_into, out, &data, &key, &aad)
}

/// `xchacha20poly1305_decrypt` into a writable buffer that has 40 bytes less than `data`; it is zero after a failure.
#[pyfunction]
#[pyo3(signature = (out, data, key, aad = Data::Bytes(b"")))]
pub(in crate::python) fn xchacha20poly1305_decrypt_into<'py>(
    py: Python<'py>,
    out: Out,
    data: Data<'_>,
    key: Key<'_, 'py>,
    aad: Data<'_>,
) -> Result<()> {
    to_out(py, aead::xchacha20poly1305_decrypt_into, out, &data, &key, &aad)
}

/// AES-256-GCM: nonce (12), ciphertext, tag (16), with a fresh random nonce. At most 2^32 messages under one key.
#[pyfunction]
pub(in crate::python) fn aes_gcm_encrypt<'py>(
    py: Python<'py>,
    plaintext: Data<'_>,
    key: Key<'_, 'py>,
) -> PyResult<Bound<'py, PyBytes>> {
    seal(py, aes::aes_gcm_encrypt_into, aes::OVERHEAD, &plaintext, &key, &Data::Bytes(b""))
}

/// Opens what `aes_gcm_encrypt` sealed under the same key.
///
/// Raises `DecryptError` without saying which part is wrong, `CryptoError` with `DATA_TOO_SHORT` below 28 bytes.
#[pyfunction]
pub(in crate::python) fn aes_gcm_decrypt<'py>(
    py: Python<'py>,
    encrypted: Data<'_>,
    key: Key<'_, 'py>,
) -> PyResult<Bound<'py, PyBytes>> {
    open(py, aes::aes_gcm_decrypt_into, aes::OVERHEAD, &encrypted, &key, &Data::Bytes(b""))
}

/// `aes_gcm_encrypt` with associated data: authenticated, not part of the output, needed to open.
#[pyfunction]
pub(in crate::python) fn aes_gcm_encrypt_aad<'py>(
    py: Python<'py>,
    plaintext: Data<'_>,
    key: Key<'_, 'py>,
    aad: Data<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    seal(py, aes::aes_gcm_encrypt_into, aes::OVERHEAD, &plaintext, &key, &aad)
}

/// Opens what `aes_gcm_encrypt_aad` sealed under the same key with the same associated data.
#[pyfunction]
pub(in crate::python) fn aes_gcm_decrypt_aad<'py>(
    py: Python<'py>,
    encrypted: Data<'_>,
    key: Key<'_, 'py>,
    aad: Data<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    open(py, aes::aes_gcm_decrypt_into, aes::OVERHEAD, &encrypted, &key, &aad)
}

/// `aes_gcm_encrypt_aad` into a writable buffer that has 28 bytes more than `plaintext`.
#[pyfunction]
#[pyo3(signature = (out, plaintext, key, aad = Data::Bytes(b"")))]
pub(in crate::python) fn aes_gcm_encrypt_into<'py>(
    py: Python<'py>,
    out: Out,
    plaintext: Data<'_>,
    key: Key<'_, 'py>,
    aad: Data<'_>,
) -> Result<()> {
    to_out(py, aes::aes_gcm_encrypt_into, out, &plaintext, &key, &aad)
}

/// `aes_gcm_decrypt_aad` into a writable buffer that has 28 bytes less than `encrypted`; it is zero after a failure.
#[pyfunction]
#[pyo3(signature = (out, encrypted, key, aad = Data::Bytes(b"")))]
pub(in crate::python) fn aes_gcm_decrypt_into<'py>(
    py: Python<'py>,
    out: Out,
    encrypted: Data<'_>,
    key: Key<'_, 'py>,
    aad: Data<'_>,
) -> Result<()> {
    to_out(py, aes::aes_gcm_decrypt_into, out, &encrypted, &key, &aad)
}

/// AES-256-GCM-SIV (RFC 8452): nonce (12), ciphertext, tag (16). Even a nonce that is used again reveals only equal messages.
#[pyfunction]
#[pyo3(signature = (data, key, aad = Data::Bytes(b"")))]
pub(in crate::python) fn aes_gcm_siv_encrypt<'py>(
    py: Python<'py>,
    data: Data<'_>,
    key: Key<'_, 'py>,
    aad: Data<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    seal(py, siv::aes_gcm_siv_encrypt_into, siv::OVERHEAD, &data, &key, &aad)
}

/// Opens what `aes_gcm_siv_encrypt` sealed under the same key with the same associated data.
#[pyfunction]
#[pyo3(signature = (data, key, aad = Data::Bytes(b"")))]
pub(in crate::python) fn aes_gcm_siv_decrypt<'py>(
    py: Python<'py>,
    data: Data<'_>,
    key: Key<'_, 'py>,
    aad: Data<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    open(py, siv::aes_gcm_siv_decrypt_into, siv::OVERHEAD, &data, &key, &aad)
}

/// `aes_gcm_siv_encrypt` into a writable buffer that has 28 bytes more than `data`.
#[pyfunction]
#[pyo3(signature = (out, data, key, aad = Data::Bytes(b"")))]
pub(in crate::python) fn aes_gcm_siv_encrypt_into<'py>(
    py: Python<'py>,
    out: Out,
    data: Data<'_>,
    key: Key<'_, 'py>,
    aad: Data<'_>,
) -> Result<()> {
    to_out(py, siv::aes_gcm_siv_encrypt_into, out, &data, &key, &aad)
}

/// `aes_gcm_siv_decrypt` into a writable buffer that has 28 bytes less than `data`; it is zero after a failure.
#[pyfunction]
#[pyo3(signature = (out, data, key, aad = Data::Bytes(b"")))]
pub(in crate::python) fn aes_gcm_siv_decrypt_into<'py>(
    py: Python<'py>,
    out: Out,
    data: Data<'_>,
    key: Key<'_, 'py>,
    aad: Data<'_>,
) -> Result<()> {
    to_out(py, siv::aes_gcm_siv_decrypt_into, out, &data, &key, &aad)
}

/// AES-256-GCM that counts: a key seals at most 2^32 messages, then `seal` raises `KEY_EXHAUSTED`.
///
/// The count is of this object. Where a key outlives it, keep `sealed_messages` with the key and `resume` with both.
#[pyclass(frozen, module = "memory_system._rust.crypto")]
pub(in crate::python) struct Sealer(crypto::sealer::Sealer);

#[pymethods]
impl Sealer {
    /// A sealer for a 32-byte key that has sealed nothing yet.
    #[new]
    fn new(key: Key<'_, '_>) -> Result<Self> {
        Ok(Self(key.lend().with(crypto::sealer::Sealer::new)?))
    }

    /// A sealer for a key that has sealed so many messages already.
    #[staticmethod]
    fn resume(key: Key<'_, '_>, sealed_messages: &Bound<'_, PyInt>) -> Result<Self> {
        let out_of_range = CryptoError::InvalidArgument("sealed_messages");
        let sealed_messages = sealed_messages.extract().map_err(|_: PyErr| out_of_range)?;
        Ok(Self(key.lend().with(|key| crypto::sealer::Sealer::resume(key, sealed_messages))?))
    }

    /// How many messages the key has sealed.
    #[getter]
    fn sealed_messages(&self) -> u64 {
        self.0.sealed_messages()
    }

    /// Seals as `aes_gcm_encrypt_aad` does.
    #[pyo3(signature = (plaintext, aad = Data::Bytes(b"")))]
    fn seal<'py>(
        &self,
        py: Python<'py>,
        plaintext: Data<'_>,
        aad: Data<'_>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (plaintext, aad) = (plaintext.as_slice(), aad.as_slice());
        let sealed = detached(py, plaintext.len() + aad.len(), || self.0.seal(plaintext, aad));
        to_bytes(py, &sealed.map_err(Failure::from)?)
    }

    /// Opens as `aes_gcm_decrypt_aad` does. Not counted.
    #[pyo3(signature = (sealed, aad = Data::Bytes(b"")))]
    fn open<'py>(&self, py: Python<'py>, sealed: Data<'_>, aad: Data<'_>) -> PyResult<Bound<'py, PyBytes>> {
        let (sealed, aad) = (sealed.as_slice(), aad.as_slice());
        let opened = detached(py, sealed.len() + aad.len(), || self.0.open(sealed, aad));
        to_bytes(py, &opened.map_err(Failure::from)?)
    }

    fn __repr__(&self) -> &'static str {
        "Sealer([REDACTED])"
    }
}

/// A cipher of rust-crypto: data, key, associated data, and where the result goes.
type Cipher = fn(&[u8], &[u8], &[u8], &mut [u8]) -> std::result::Result<(), CryptoError>;

fn seal<'py>(
    py: Python<'py>,
    encrypt: Cipher,
    overhead: usize,
    data: &Data<'_>,
    key: &Key<'_, 'py>,
    aad: &Data<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (data, key, aad) = (data.as_slice(), key.lend(), aad.as_slice());
    filled(py, data.len() + overhead, data.len() + aad.len(), |out| {
        key.with(|key| encrypt(data, key, aad, out))
    })
}

fn open<'py>(
    py: Python<'py>,
    decrypt: Cipher,
    overhead: usize,
    sealed: &Data<'_>,
    key: &Key<'_, 'py>,
    aad: &Data<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (sealed, key, aad) = (sealed.as_slice(), key.lend(), aad.as_slice());
    // What is too short for a plaintext is too short for the cipher as well, which says so.
    filled(py, sealed.len().saturating_sub(overhead), sealed.len() + aad.len(), |out| {
        key.with(|key| decrypt(sealed, key, aad, out))
    })
}

fn to_out(
    py: Python<'_>,
    cipher: Cipher,
    mut out: Out,
    data: &Data<'_>,
    key: &Key<'_, '_>,
    aad: &Data<'_>,
) -> Result<()> {
    let (data, key, aad) = (data.as_slice(), key.lend(), aad.as_slice());
    let out = key.with(|key| out.apart_from(&[data, key, aad]))?;
    Ok(detached(py, data.len() + aad.len(), || key.with(|key| cipher(data, key, aad, out)))?)
}
