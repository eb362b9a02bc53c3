//! Key derivation, and sealing under a password in the older format. The interpreter lock is always released.

use chrysalis_crypto as crypto;
use crypto::kdf::Argon2Params;
use crypto::password::DecryptOptions;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::key::Key;
use crate::python::buffer::{Data, Record};
use crate::python::convert::{Length, Number, Text, to_bytes};
use crate::python::error::{Failure, Result};

/// HKDF-SHA-256 (RFC 5869) of key material: `length` bytes, at most 8160. An empty salt stands for 32 zero bytes.
#[pyfunction]
pub(in crate::python) fn hkdf_sha256<'py>(
    py: Python<'py>,
    ikm: Key<'_, 'py>,
    salt: Data<'_>,
    info: Data<'_>,
    length: Length,
) -> PyResult<Bound<'py, PyBytes>> {
    let (ikm, salt, info) = (ikm.lend(), salt.as_slice(), info.as_slice());
    let key = py.detach(|| ikm.with(|ikm| crypto::kdf::hkdf_sha256(ikm, salt, info, length.0)));
    to_bytes(py, &key.map_err(Failure::from)?)
}

/// PBKDF2-HMAC-SHA-256 (RFC 8018): `length` bytes, 1 to 1024. For what must be read; Argon2id is for what is new.
#[pyfunction]
pub(in crate::python) fn pbkdf2_sha256_derive_key<'py>(
    py: Python<'py>,
    password: Key<'_, 'py>,
    salt: Data<'_>,
    iterations: Number,
    length: Length,
) -> PyResult<Bound<'py, PyBytes>> {
    let (password, salt) = (password.lend(), salt.as_slice());
    let derive =
        |password: &[u8]| crypto::kdf::pbkdf2_sha256_derive_key(password, salt, iterations.0, length.0);
    to_bytes(py, &py.detach(|| password.with(derive)).map_err(Failure::from)?)
}

/// scrypt (RFC 7914) with N = 2^14, r = 8, p = 1: `key_length` bytes, 1 to 1024.
#[pyfunction]
pub(in crate::python) fn scrypt_derive_key<'py>(
    py: Python<'py>,
    password: Key<'_, 'py>,
    salt: Data<'_>,
    key_length: Length,
) -> PyResult<Bound<'py, PyBytes>> {
    let (password, salt) = (password.lend(), salt.as_slice());
    let derive = |password: &[u8]| crypto::kdf::scrypt_derive_key(password, salt, key_length.0);
    to_bytes(py, &py.detach(|| password.with(derive)).map_err(Failure::from)?)
}

/// Argon2id version 1.3 (RFC 9106). By default 19456 KiB, 2 passes, 1 lane, 32 bytes.
///
/// Bounds: `m_kib` 8192 to 1048576, `t` 1 to 16, `p` 1 to 8, `length` 4 to 1024; a salt of at least 8 bytes. Raises
/// `CryptoError` with `UNSUPPORTED` or `INVALID_ARGUMENT` outside of them, before anything is allocated.
#[pyfunction]
#[pyo3(signature = (password, salt, *, m_kib = Number(19_456), t = Number(2), p = Number(1), length = Length(32)))]
pub(in crate::python) fn argon2id_derive_key<'py>(
    py: Python<'py>,
    password: Key<'_, 'py>,
    salt: Data<'_>,
    m_kib: Number,
    t: Number,
    p: Number,
    length: Length,
) -> PyResult<Bound<'py, PyBytes>> {
    let (password, salt, params) = (password.lend(), salt.as_slice(), to_params(m_kib, t, p)?);
    let derive = |password: &[u8]| crypto::kdf::argon2id_derive_key(password, salt, params, length.0);
    to_bytes(py, &py.detach(|| password.with(derive)).map_err(Failure::from)?)
}

/// Seals under a password: salt (32), nonce (12), ciphertext, tag (16), the key made by scrypt with N = 2^14.
///
/// Deprecated, for readers of the older format. New data is sealed by `seal_with_password`.
#[pyfunction]
pub(in crate::python) fn encrypt_with_password<'py>(
    py: Python<'py>,
    plaintext: Data<'_>,
    password: Text<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (plaintext, password) = (plaintext.as_slice(), password.0.as_bytes());
    let sealed = py.detach(|| crypto::password::encrypt_with_password(plaintext, password));
    to_bytes(py, &sealed.map_err(Failure::from)?)
}

/// Opens what `encrypt_with_password` or `seal_with_password` sealed; a context cannot be given here.
///
/// With `legacy_fallback_n` a record that does not open is tried with N = 2^15 too, which an older system used at times.
#[pyfunction]
#[pyo3(signature = (encrypted, password, *, legacy_fallback_n = false))]
pub(in crate::python) fn decrypt_with_password<'py>(
    py: Python<'py>,
    encrypted: Record<'_>,
    password: Text<'_>,
    legacy_fallback_n: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let (encrypted, password) = (encrypted.as_slice(), password.0.as_bytes());
    let options = DecryptOptions { legacy_fallback_n };
    let opened = py.detach(|| crypto::password::decrypt_with_password_and(encrypted, password, options));
    to_bytes(py, &opened.map_err(Failure::from)?)
}

pub(in crate::python) fn to_params(m_kib: Number, t: Number, p: Number) -> Result<Argon2Params> {
    Ok(Argon2Params::new(m_kib.0, t.0, p.0)?)
}
