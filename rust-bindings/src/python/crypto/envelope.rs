//! The sealed envelope: versioned, bound to a context, and committed to its key.

use std::num::NonZeroU32;

use chrysalis_crypto as crypto;
use crypto::envelope::{self, Header, PasswordKdf, Suite};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::kdf::to_params;
use super::key::Key;
use crate::python::buffer::{Data, Record};
use crate::python::convert::{Number, Text, detached, to_bytes};
use crate::python::error::{Failure, Result};

/// Seals `plaintext` under a 32-byte key, bound to `context`: what the record is, such as its table and id.
///
/// The key has a number of its own, 1 by default. Suite 1 is XChaCha20-Poly1305, 2 is XAES-256-GCM.
#[pyfunction]
#[pyo3(signature = (plaintext, key, context, *, key_id = Number(1), suite = Number(1)))]
pub(in crate::python) fn seal<'py>(
    py: Python<'py>,
    plaintext: Data<'_>,
    key: Key<'_, 'py>,
    context: Data<'_>,
    key_id: Number,
    suite: Number,
) -> PyResult<Bound<'py, PyBytes>> {
    let (plaintext, key, context) = (plaintext.as_slice(), key.lend(), context.as_slice());
    let (key_id, suite) = (to_key_id(key_id)?, to_suite(suite)?);
    let sealed = detached(py, plaintext.len() + context.len(), || {
        key.with(|key| envelope::seal_as(suite, key_id, plaintext, key, context))
    });
    to_bytes(py, &sealed.map_err(Failure::from)?)
}

/// Opens an envelope under a 32-byte key for the context it was sealed for.
///
/// Raises `DecryptError` for a wrong key or context and for every change, without saying which.
#[pyfunction]
pub(in crate::python) fn open<'py>(
    py: Python<'py>,
    envelope: Record<'_>,
    key: Key<'_, 'py>,
    context: Data<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (envelope, key, context) = (envelope.as_slice(), key.lend(), context.as_slice());
    let opened = detached(py, envelope.len() + context.len(), || {
        key.with(|key| envelope::open(envelope, key, context))
    });
    to_bytes(py, &opened.map_err(Failure::from)?)
}

/// Seals under a key that Argon2id makes from `password`, with a fresh salt. Costs as for `argon2id_derive_key`.
#[pyfunction]
#[pyo3(signature = (plaintext, password, context, *, m_kib = Number(19_456), t = Number(2), p = Number(1)))]
pub(in crate::python) fn seal_with_password<'py>(
    py: Python<'py>,
    plaintext: Data<'_>,
    password: Text<'_>,
    context: Data<'_>,
    m_kib: Number,
    t: Number,
    p: Number,
) -> PyResult<Bound<'py, PyBytes>> {
    let (plaintext, password, context) = (plaintext.as_slice(), password.0.as_bytes(), context.as_slice());
    let kdf = PasswordKdf::make_argon2id(to_params(m_kib, t, p)?).map_err(Failure::from)?;
    let sealed = py.detach(|| envelope::seal_with_password(plaintext, password, kdf, context));
    to_bytes(py, &sealed.map_err(Failure::from)?)
}

/// Opens what `seal_with_password` sealed for the same context. Beside the plaintext it tells whether the cost is dated,
/// so that it should be sealed anew while the password is at hand.
#[pyfunction]
pub(in crate::python) fn open_with_password<'py>(
    py: Python<'py>,
    envelope: Record<'_>,
    password: Text<'_>,
    context: Data<'_>,
) -> PyResult<(Bound<'py, PyBytes>, bool)> {
    let (envelope, password, context) = (envelope.as_slice(), password.0.as_bytes(), context.as_slice());
    let opened = py.detach(|| envelope::open_with_password(envelope, password, context));
    let opened = opened.map_err(Failure::from)?;
    Ok((to_bytes(py, &opened.plaintext)?, opened.needs_rewrap))
}

/// What an envelope says of itself before any key. Nothing of it is authenticated.
#[pyclass(frozen, module = "memory_system._rust.crypto")]
pub(in crate::python) struct EnvelopeHeader(Header);

/// What an envelope says of itself before any key: the suite, and the number of its key or that it takes a password.
#[pyfunction]
pub(in crate::python) fn describe_envelope(envelope: Record<'_>) -> Result<EnvelopeHeader> {
    Ok(EnvelopeHeader(Header::parse(envelope.as_slice())?))
}

#[pymethods]
impl EnvelopeHeader {
    /// 1 for XChaCha20-Poly1305, 2 for XAES-256-GCM.
    #[getter]
    fn suite(&self) -> u8 {
        self.0.suite().to_byte()
    }

    /// The number of the key, unless it is a password's.
    #[getter]
    fn key_id(&self) -> Option<u32> {
        self.0.key_id().map(NonZeroU32::get)
    }

    /// Whether it opens with a password.
    #[getter]
    fn takes_password(&self) -> bool {
        self.0.password().is_some()
    }
}

pub(in crate::python) fn to_suite(number: Number) -> Result<Suite> {
    let suites = [Suite::XChaCha20Poly1305, Suite::Xaes256Gcm];
    let known = suites.into_iter().find(|suite| u32::from(suite.to_byte()) == number.0);
    Ok(known.ok_or(crypto::CryptoError::Unsupported("suite"))?)
}

pub(in crate::python) fn to_key_id(number: Number) -> Result<NonZeroU32> {
    Ok(NonZeroU32::new(number.0).ok_or(crypto::CryptoError::InvalidArgument("key_id must be positive"))?)
}
