//! Ed25519 signatures.

use std::sync::RwLock;

use chrysalis_crypto as crypto;
use crypto::ed25519::SigningKey;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::key::Key;
use crate::python::buffer::{Data, Many};
use crate::python::convert::{detached, to_bytes};
use crate::python::error::Result;
use crate::python::{read, write};

/// Whether `signature` (64 bytes) is the signature of `message` by `public_key` (32 bytes).
///
/// Raises `CryptoError` with `INVALID_KEY_LENGTH` or `INVALID_SIGNATURE` for wrong lengths and for a key that is not a
/// point of the curve.
#[pyfunction]
pub(in crate::python) fn ed25519_verify(
    py: Python<'_>,
    public_key: Data<'_>,
    message: Data<'_>,
    signature: Data<'_>,
) -> Result<bool> {
    let (public_key, message, signature) = (public_key.as_slice(), message.as_slice(), signature.as_slice());
    Ok(detached(py, message.len(), || crypto::ed25519::verify(public_key, message, signature))?)
}

/// `ed25519_verify` with key and signature in hexadecimal; `INVALID_HEX` as well.
#[pyfunction]
pub(in crate::python) fn ed25519_verify_hex(
    py: Python<'_>,
    public_key_hex: &str,
    message: Data<'_>,
    signature_hex: &str,
) -> Result<bool> {
    let message = message.as_slice();
    Ok(detached(py, message.len(), || crypto::ed25519::verify_hex(public_key_hex, message, signature_hex))?)
}

/// Whether each signature is the signature of its message by its public key: element for element what `ed25519_verify`
/// gives, where an element that raises there is `False` here.
///
/// Many signatures are checked with one equation, several times as fast as one by one. Unequal numbers give `False`
/// throughout, as many as there are of what there is most of.
#[pyfunction]
pub(in crate::python) fn batch_verify(
    py: Python<'_>,
    public_keys: Many,
    messages: Many,
    signatures: Many,
) -> Vec<bool> {
    let (public_keys, messages, signatures) =
        (public_keys.as_slices(), messages.as_slices(), signatures.as_slices());
    py.detach(|| crypto::ed25519::batch_verify(&public_keys, &messages, &signatures))
}

/// A secret Ed25519 key with the public key derived from it. Wiped by `wipe()` and when it is collected.
#[pyclass(frozen, module = "memory_system._rust.crypto")]
pub(in crate::python) struct Ed25519KeyPair(RwLock<Option<SigningKey>>);

#[pymethods]
impl Ed25519KeyPair {
    #[new]
    fn new() -> Result<Self> {
        Ok(Self::of(SigningKey::make()?))
    }

    /// The key pair of a 32-byte RFC 8032 seed, or of the 48-byte PKCS#8 form that `from_pkcs8` takes.
    #[staticmethod]
    fn from_secret(secret: Key<'_, '_>) -> Result<Self> {
        Ok(Self::of(secret.lend().with(SigningKey::from_secret)?))
    }

    /// The key pair of a 48-byte PKCS#8 document (RFC 8410, version 0).
    #[staticmethod]
    fn from_pkcs8(der: Key<'_, '_>) -> Result<Self> {
        Ok(Self::of(der.lend().with(SigningKey::from_pkcs8)?))
    }

    /// The 32-byte seed: an explicit copy of the secret in Python's memory, which nothing wipes for you.
    fn secret_key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        to_bytes(py, &*self.with(SigningKey::to_seed)?)
    }

    /// The seed as a 48-byte PKCS#8 document; a copy of the secret, as with `secret_key`.
    fn to_pkcs8<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        to_bytes(py, &*self.with(SigningKey::to_pkcs8)?)
    }

    /// The public key, 32 bytes.
    fn public_key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        to_bytes(py, &self.with(SigningKey::public_key)?)
    }

    /// The public key, 64 hexadecimal characters.
    fn public_key_hex(&self) -> Result<String> {
        self.with(SigningKey::public_key_hex)
    }

    /// The signature of `message`, 64 bytes; the same key and message always give the same signature.
    fn sign<'py>(&self, py: Python<'py>, message: Data<'_>) -> PyResult<Bound<'py, PyBytes>> {
        let message = message.as_slice();
        to_bytes(py, &detached(py, message.len(), || self.with(|key| key.sign(message)))?)
    }

    /// `sign` as 128 hexadecimal characters.
    fn sign_hex(&self, py: Python<'_>, message: Data<'_>) -> Result<String> {
        let message = message.as_slice();
        detached(py, message.len(), || self.with(|key| key.sign_hex(message)))
    }

    /// Wipes the secret. Every later use but `wipe` raises.
    fn wipe(&self, py: Python<'_>) {
        py.detach(|| write(&self.0).take());
    }

    fn __repr__(&self) -> &'static str {
        "Ed25519KeyPair([REDACTED])"
    }
}

impl Ed25519KeyPair {
    fn of(key: SigningKey) -> Self {
        Self(RwLock::new(Some(key)))
    }

    fn with<T>(&self, work: impl FnOnce(&SigningKey) -> T) -> Result<T> {
        let key = read(&self.0);
        let key = key.as_ref().ok_or(crypto::CryptoError::InvalidArgument("key pair was wiped"))?;
        Ok(work(key))
    }
}
