//! Secrets as arguments: bytes, or a `SecureBuffer` that is used where it is.

use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::{PyTypeInfo, type_hint_union};

use crate::python::buffer::Data;
use crate::python::security::secure_buffer::SecureBuffer;

/// A key, a seed or a password in bytes.
pub(in crate::python) enum Key<'a, 'py> {
    Bytes(Data<'a>),
    Secure(Borrowed<'a, 'py, SecureBuffer>),
}

impl Key<'_, '_> {
    /// What the work needs of it; sent along into a detached section.
    pub(in crate::python) fn lend(&self) -> LentKey<'_> {
        match self {
            Self::Bytes(bytes) => LentKey::Bytes(bytes.as_slice()),
            Self::Secure(buffer) => LentKey::Secure(buffer.get()),
        }
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Key<'a, 'py> {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_union!(Data::INPUT_TYPE, SecureBuffer::TYPE_HINT);

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.cast::<SecureBuffer>() {
            Ok(buffer) => Ok(Self::Secure(buffer)),
            Err(_) => Ok(Self::Bytes(object.extract()?)),
        }
    }
}

/// A [`Key`] without the interpreter.
pub(in crate::python) enum LentKey<'a> {
    Bytes(&'a [u8]),
    Secure(&'a SecureBuffer),
}

impl LentKey<'_> {
    pub(in crate::python) fn with<T>(&self, work: impl FnOnce(&[u8]) -> T) -> T {
        match self {
            Self::Bytes(bytes) => work(bytes),
            Self::Secure(buffer) => buffer.with(work),
        }
    }
}
