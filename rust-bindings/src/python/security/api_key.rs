//! API keys: holding them, telling whose they are, and keeping them out of logs.

use std::sync::RwLock;

use chrysalis_crypto::api_keys::{self, ValidationOptions};
use chrysalis_crypto::compare::constant_time_eq;
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use pyo3::{PyTypeInfo, type_hint_union};
use zeroize::Zeroizing;

use super::{key_text, lend, owned};
use crate::python::buffer::Source;
use crate::python::convert::{Text, detached, to_bytes, to_text};
use crate::python::error::{Failure, Result};
use crate::python::{read, write};

/// An API key in memory of its own: wiped by `wipe()`, at the end of a `with` block and when collected, never printed.
///
/// Its form is not checked: that is what `validate_key_format` is for. The string it is made from is Python's, and yours
/// to forget; `from_bytes` wipes what it is made from.
#[pyclass(eq, frozen, module = "memory_system._rust.security")]
pub(in crate::python) struct ApiKey(RwLock<api_keys::ApiKey>);

#[pymethods]
impl ApiKey {
    #[new]
    fn new(key: Text<'_>) -> Result<Self> {
        Ok(Self(RwLock::new(api_keys::ApiKey::from_bytes(&mut owned(key.0))?)))
    }

    /// Takes the key out of `source`, a writable buffer, which is zero afterwards; with `wipe_source=False` a copy of any
    /// buffer's bytes.
    #[staticmethod]
    #[pyo3(signature = (source, *, wipe_source = true))]
    fn from_bytes(source: Source<'_, '_>, wipe_source: bool) -> PyResult<Self> {
        let key = source.take(wipe_source, api_keys::ApiKey::from_bytes)?.map_err(Failure::from)?;
        Ok(Self(RwLock::new(key)))
    }

    /// The form for people and logs: a prefix that tells only whose it is, and the last four characters.
    fn redacted(&self) -> String {
        api_keys::redact_for_logging(&read(&self.0))
    }

    /// The key as a string: an explicit copy in Python's memory, which nothing wipes; prefer `use`.
    fn expose<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        key_text(py, &self.to_vec())
    }

    /// The key as bytes, a copy as with `expose`.
    fn expose_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        to_bytes(py, &self.to_vec())
    }

    /// Calls `work` with a temporary `bytearray` of the key and gives what it returns. The copy is zeroed when `work`
    /// returns or raises; nothing that outlives the call may refer to it.
    #[pyo3(name = "use")]
    fn use_in<'py>(&self, work: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        lend(work, &self.to_vec())
    }

    /// Overwrites the key and leaves none.
    fn wipe(&self, py: Python<'_>) {
        py.detach(|| write(&self.0).wipe());
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
        "ApiKey([REDACTED])"
    }
}

impl ApiKey {
    /// A copy that is wiped: what Python does with it may take long, and is nothing to hold a lock for.
    fn to_vec(&self) -> Zeroizing<Vec<u8>> {
        self.with(|key| key.expose(|bytes| Zeroizing::new(bytes.to_vec())))
    }

    fn with<T>(&self, work: impl FnOnce(&api_keys::ApiKey) -> T) -> T {
        work(&read(&self.0))
    }
}

impl PartialEq for ApiKey {
    /// In constant time for equal lengths.
    fn eq(&self, other: &Self) -> bool {
        // Never two locks at a time, for two threads could take them in turns.
        std::ptr::eq(self, other) || {
            let ours = self.to_vec();
            other.with(|key| key.expose(|theirs| constant_time_eq(&ours, theirs)))
        }
    }
}

/// An API key as an argument: a string, or an `ApiKey` that is used where it is.
pub(in crate::python) enum KeyArgument<'a, 'py> {
    Text(Text<'a>),
    Held(Borrowed<'a, 'py, ApiKey>),
}

impl KeyArgument<'_, '_> {
    pub(in crate::python) fn with<T>(&self, work: impl FnOnce(&api_keys::ApiKey) -> T) -> Result<T> {
        match self {
            Self::Text(text) => Ok(work(&api_keys::ApiKey::from_bytes(&mut owned(text.0))?)),
            Self::Held(key) => Ok(key.get().with(work)),
        }
    }

    /// A key of its own, to be given away.
    pub(in crate::python) fn to_key(&self) -> Result<api_keys::ApiKey> {
        self.with(|key| {
            let mut copy = key.expose(|bytes| Zeroizing::new(bytes.to_vec()));
            Ok(api_keys::ApiKey::from_bytes(&mut copy)?)
        })?
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for KeyArgument<'a, 'py> {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_union!(Text::INPUT_TYPE, ApiKey::TYPE_HINT);

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.cast::<ApiKey>() {
            Ok(key) => Ok(Self::Held(key)),
            Err(_) => Ok(Self::Text(object.extract()?)),
        }
    }
}

/// Whose API key a text is; `generic` where that is unknown.
#[pyclass(eq, frozen, hash, module = "memory_system._rust.security")]
#[derive(Eq, Hash, PartialEq)]
pub(in crate::python) struct KeyType(api_keys::KeyType);

#[pymethods]
impl KeyType {
    /// Who issued it.
    #[getter]
    fn provider(&self) -> &'static str {
        self.0.provider
    }

    /// What kind of key of theirs.
    #[getter]
    fn kind(&self) -> &'static str {
        self.0.kind
    }

    /// `certain`, `likely`, `hint` (it fits the provider that was named, and others as well) or `unknown`.
    #[getter]
    fn confidence(&self) -> &'static str {
        self.0.confidence.name()
    }

    fn __repr__(&self) -> String {
        let api_keys::KeyType { provider, kind, confidence } = self.0;
        format!("KeyType(provider='{provider}', kind='{kind}', confidence='{}')", confidence.name())
    }
}

/// Whose key this is and how sure that is. Unknown shapes are accepted as such, unless `strict`. Nothing is sent anywhere.
///
/// Raises `KeyFormatError` for what cannot be a key, and, when `provider` is given, for what is certainly another's.
#[pyfunction]
#[pyo3(signature = (key, *, provider = None, strict = false))]
pub(in crate::python) fn validate_key_format(
    key: KeyArgument<'_, '_>,
    provider: Option<Text<'_>>,
    strict: bool,
) -> Result<KeyType> {
    let options = ValidationOptions { provider: provider.as_ref().map(|provider| provider.0), strict };
    Ok(KeyType(key.with(|key| api_keys::validate_key_format_with(key, &options))??))
}

/// The form of a key for people: a prefix that tells only whose it is, and the last four characters.
#[pyfunction]
pub(in crate::python) fn redact_for_logging(key: KeyArgument<'_, '_>) -> Result<String> {
    key.with(api_keys::redact_for_logging)
}

/// The text with every API key in it replaced by its redacted form. Time is linear in the text.
#[pyfunction]
pub(in crate::python) fn redact_text<'py>(py: Python<'py>, text: Text<'_>) -> PyResult<Bound<'py, PyString>> {
    let Text(text) = text;
    to_text(py, &detached(py, text.len(), || api_keys::redact_text(text)))
}
