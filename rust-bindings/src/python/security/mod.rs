//! `memory_system._rust.security`: what rust-security keeps and does with keys, and the key and certificate rules of
//! rust-crypto.

pub(super) mod api_key;
pub(super) mod context;
pub(super) mod events;
pub(super) mod legacy;
pub(super) mod password;
pub(super) mod registry;
pub(super) mod secure_buffer;
pub(super) mod tls;
pub(super) mod wallet;

use chrysalis_crypto::CryptoError;
use chrysalis_crypto::kdf::Argon2Params;
use chrysalis_security::context::{Clock, system_clock};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyString};
use zeroize::Zeroizing;

use super::buffer::Out;
use super::convert::{Number, to_text};
use super::error::{Failure, Result};

/// Calls `work` with a `bytearray` of the secret, which is zeroed afterwards.
///
/// It is a copy, so that no lock is held while Python does anything.
fn lend<'py>(work: &Bound<'py, PyAny>, secret: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let lent = PyByteArray::new_with(work.py(), secret.len(), |target| {
        target.copy_from_slice(secret);
        Ok(())
    })?;
    let result = work.call1((&lent,));
    lent.extract::<Out>()?.wipe();
    let result = result?;
    if result.hasattr("__await__")? {
        return Err(PyTypeError::new_err(
            "work must not be asynchronous: it would run after the secret was wiped",
        ));
    }
    Ok(result)
}

/// A key as text of Python's, which nothing wipes.
fn key_text<'py>(py: Python<'py>, key: &[u8]) -> PyResult<Bound<'py, PyString>> {
    match str::from_utf8(key) {
        Ok(text) => to_text(py, text),
        Err(_) => Err(Failure::from(CryptoError::InvalidArgument("key is not text")).into()),
    }
}

/// The cost of passwords: what is recommended outside browsers, unless something else is given.
fn to_cost(m_kib: Option<Number>, t: Option<Number>, p: Option<Number>) -> Result<Argon2Params> {
    let native = Argon2Params::NATIVE;
    let or = |given: Option<Number>, default| given.map_or(default, |Number(number)| number);
    Ok(Argon2Params::new(or(m_kib, native.m_kib()), or(t, native.t()), or(p, native.p()))?)
}

/// Milliseconds since 1970, now.
fn now_ms() -> u64 {
    system_clock()()
}

fn clock() -> Clock {
    system_clock()
}

/// A copy of a string's bytes that is wiped.
fn owned(text: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.as_bytes().to_vec())
}
