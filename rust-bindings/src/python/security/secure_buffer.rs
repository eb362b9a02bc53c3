//! Secret bytes that Python holds by a handle.

use std::sync::RwLock;

use chrysalis_crypto::compare::constant_time_eq;
use chrysalis_crypto::secret::SecretBytes;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use zeroize::Zeroizing;

use super::lend;
use crate::python::buffer::{Out, Source};
use crate::python::convert::{Length, to_bytes};
use crate::python::error::{Failure, Result};
use crate::python::{read, write};

/// Secret bytes of a fixed length, outside Python's memory, wiped by `wipe()`, at the end of a `with` block and when
/// collected, never printed. Kept out of swap where the system allows; with `require_lock` it is an error where it does not.
#[pyclass(eq, frozen, module = "memory_system._rust.security")]
pub(in crate::python) struct SecureBuffer(RwLock<SecretBytes>);

#[pymethods]
impl SecureBuffer {
    /// `length` zero bytes.
    #[new]
    #[pyo3(signature = (length, *, require_lock = false))]
    fn new(length: Length, require_lock: bool) -> Result<Self> {
        Self::of(SecretBytes::zeroed(length.0)?, require_lock)
    }

    /// `length` random bytes.
    #[staticmethod]
    #[pyo3(signature = (length, *, require_lock = false))]
    fn random(length: Length, require_lock: bool) -> Result<Self> {
        Self::of(SecretBytes::random(length.0)?, require_lock)
    }

    /// Takes the bytes out of `source`, a writable buffer, which is zero afterwards; with `wipe_source=False` a copy of any
    /// buffer's bytes.
    #[staticmethod]
    #[pyo3(signature = (source, *, wipe_source = true, require_lock = false))]
    fn from_bytes(source: Source<'_, '_>, wipe_source: bool, require_lock: bool) -> PyResult<Self> {
        let secret = source.take(wipe_source, SecretBytes::from_slice_wiping)?.map_err(Failure::from)?;
        Ok(Self::of(secret, require_lock)?)
    }

    /// An explicit copy of the secret in Python's memory, which nothing wipes for you; prefer `use`.
    fn expose<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        to_bytes(py, &self.to_vec())
    }

    /// Copies the secret into a writable buffer of its length, which is yours to wipe.
    fn expose_into(&self, mut out: Out) -> Result<()> {
        self.with(|bytes| out.fill(bytes))
    }

    /// Calls `work` with a temporary `bytearray` of the bytes and gives what it returns. The copy is zeroed when `work`
    /// returns or raises; nothing that outlives the call may refer to it.
    #[pyo3(name = "use")]
    fn use_in<'py>(&self, work: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        lend(work, &self.to_vec())
    }

    /// Overwrites the bytes and leaves the buffer empty.
    fn wipe(&self, py: Python<'_>) {
        py.detach(|| write(&self.0).wipe());
    }

    /// Whether the memory is kept out of swap. Not where the system's limit is reached, and never for no bytes.
    #[getter]
    fn is_locked(&self) -> bool {
        read(&self.0).is_locked()
    }

    fn __len__(&self) -> usize {
        read(&self.0).len()
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        _kind: &Bound<'_, PyAny>,
        _error: &Bound<'_, PyAny>,
        _trace: &Bound<'_, PyAny>,
    ) {
        self.wipe(py);
    }

    fn __repr__(&self) -> &'static str {
        "SecureBuffer([REDACTED])"
    }
}

impl SecureBuffer {
    fn of(secret: SecretBytes, require_lock: bool) -> Result<Self> {
        let secret = if require_lock { secret.require_lock()? } else { secret };
        Ok(Self(RwLock::new(secret)))
    }

    /// A copy that is wiped: what Python does with it may take long, and is nothing to hold a lock for.
    fn to_vec(&self) -> Zeroizing<Vec<u8>> {
        self.with(|bytes| Zeroizing::new(bytes.to_vec()))
    }

    /// Lets `work` see the bytes. It may run detached; wiping waits for it.
    pub(in crate::python) fn with<T>(&self, work: impl FnOnce(&[u8]) -> T) -> T {
        read(&self.0).expose(work)
    }
}

impl PartialEq for SecureBuffer {
    /// In constant time for equal lengths.
    fn eq(&self, other: &Self) -> bool {
        // Never two locks at a time, for two threads could take them in turns.
        std::ptr::eq(self, other) || {
            let ours = self.to_vec();
            other.with(|theirs| constant_time_eq(&ours, theirs))
        }
    }
}
