//! Envelopes for data that does not fit into memory: chunks in, chunks out.

use std::sync::Mutex;

use chrysalis_crypto as crypto;
use crypto::envelope::{PasswordKdf, StorageKey};
use crypto::secret::SecretBytes;
use crypto::{CryptoError, stream};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use zeroize::Zeroizing;

use super::envelope::{to_key_id, to_suite};
use super::kdf::to_params;
use super::key::{Key, LentKey};
use crate::python::buffer::{Data, Record};
use crate::python::convert::{Number, Text, detached, to_bytes};
use crate::python::error::{Failure, Result};
use crate::python::lock;

/// Seals a stream under a 32-byte key, bound to `context`. What `update` and `finish` return is the sealed stream.
#[pyclass(frozen, module = "memory_system._rust.crypto")]
pub(in crate::python) struct StreamSealer(Mutex<Option<Sealing>>);

struct Sealing {
    sealer: stream::StreamSealer,
    /// The header, until the first output takes it along.
    pending: Vec<u8>,
}

#[pymethods]
impl StreamSealer {
    /// Begins a stream. The number of the key and the suite as for `seal`.
    #[new]
    #[pyo3(signature = (key, context, *, key_id = Number(1), suite = Number(1)))]
    fn new(key: Key<'_, '_>, context: Data<'_>, key_id: Number, suite: Number) -> Result<Self> {
        let key = to_storage_key(&key.lend(), key_id, suite)?;
        Self::begin(|out| stream::StreamSealer::new(&key, context.as_slice(), out))
    }

    /// Begins a stream under a password, with a fresh salt. Costs as for `argon2id_derive_key`.
    #[staticmethod]
    #[pyo3(signature = (password, context, *, m_kib = Number(19_456), t = Number(2), p = Number(1)))]
    fn with_password(
        py: Python<'_>,
        password: Text<'_>,
        context: Data<'_>,
        m_kib: Number,
        t: Number,
        p: Number,
    ) -> Result<Self> {
        let (password, context) = (password.0.as_bytes(), context.as_slice());
        let kdf = PasswordKdf::make_argon2id(to_params(m_kib, t, p)?)?;
        py.detach(|| Self::begin(|out| stream::StreamSealer::with_password(password, kdf, context, out)))
    }

    /// Seals the next bytes; gives the chunks that became full, which may be none.
    fn update<'py>(&self, py: Python<'py>, data: Data<'_>) -> PyResult<Bound<'py, PyBytes>> {
        let data = data.as_slice();
        let sealed = detached(py, data.len(), || -> Result<Vec<u8>> {
            let mut state = lock(&self.0);
            let sealing = state.as_mut().ok_or(FINISHED)?;
            let mut out = std::mem::take(&mut sealing.pending);
            sealing.sealer.update(data, &mut out)?;
            Ok(out)
        });
        to_bytes(py, &sealed?)
    }

    /// Seals the last chunk and ends the stream. Every later use raises.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let sealing = lock(&self.0).take();
        let Sealing { sealer, pending: mut out } = sealing.ok_or(FINISHED).map_err(Failure::from)?;
        sealer.finish(&mut out).map_err(Failure::from)?;
        to_bytes(py, &out)
    }

    fn __repr__(&self) -> &'static str {
        "StreamSealer([REDACTED])"
    }
}

impl StreamSealer {
    fn begin(
        make: impl FnOnce(&mut Vec<u8>) -> std::result::Result<stream::StreamSealer, CryptoError>,
    ) -> Result<Self> {
        let mut pending = Vec::new();
        let sealer = make(&mut pending)?;
        Ok(Self(Mutex::new(Some(Sealing { sealer, pending }))))
    }
}

/// Opens a sealed stream. What `update` returns is authentic so far; that the stream is whole is known when `finish` has
/// returned, and not before.
#[pyclass(frozen, module = "memory_system._rust.crypto")]
pub(in crate::python) struct StreamOpener(Mutex<Option<stream::StreamOpener>>);

#[pymethods]
impl StreamOpener {
    /// Opens under a 32-byte key for the context the stream was sealed for. `key_id` must be the stream's, 1 by default.
    #[new]
    #[pyo3(signature = (key, context, *, key_id = Number(1)))]
    fn new(key: Key<'_, '_>, context: Data<'_>, key_id: Number) -> Result<Self> {
        let key = to_storage_key(&key.lend(), key_id, Number(1))?;
        Ok(Self(Mutex::new(Some(stream::StreamOpener::new(&key, context.as_slice())?))))
    }

    /// Opens under a password.
    #[staticmethod]
    fn with_password(password: Text<'_>, context: Data<'_>) -> Result<Self> {
        let opener = stream::StreamOpener::with_password(password.0.as_bytes(), context.as_slice())?;
        Ok(Self(Mutex::new(Some(opener))))
    }

    /// Takes the next sealed bytes; gives the plaintext of the chunks that are complete, which may be none.
    fn update<'py>(&self, py: Python<'py>, sealed: Record<'_>) -> PyResult<Bound<'py, PyBytes>> {
        let sealed = sealed.as_slice();
        // The header of a stream under a password costs a key derivation, however short it is.
        let plaintext = py.detach(|| -> Result<_> {
            let mut state = lock(&self.0);
            let opener = state.as_mut().ok_or(FINISHED)?;
            let mut plaintext = Zeroizing::new(Vec::new());
            opener.update(sealed, &mut plaintext)?;
            Ok(plaintext)
        });
        to_bytes(py, &plaintext?)
    }

    /// The plaintext of the last chunk. Raises `DecryptError` when the stream was cut off.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let opener = lock(&self.0).take().ok_or(FINISHED).map_err(Failure::from)?;
        let mut plaintext = Zeroizing::new(Vec::new());
        opener.finish(&mut plaintext).map_err(Failure::from)?;
        to_bytes(py, &plaintext)
    }

    fn __repr__(&self) -> &'static str {
        "StreamOpener([REDACTED])"
    }
}

fn to_storage_key(key: &LentKey<'_>, key_id: Number, suite: Number) -> Result<StorageKey> {
    let mut secret = key.with(|key| Zeroizing::new(key.to_vec()));
    let secret = SecretBytes::from_slice_wiping(&mut secret)?;
    Ok(StorageKey::from_secret(to_key_id(key_id)?, secret)?.with_suite(to_suite(suite)?))
}

const FINISHED: CryptoError = CryptoError::InvalidArgument("stream was finished");
