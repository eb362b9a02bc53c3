//! `SecurityContext`: keys in use.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use chrysalis_crypto::{CryptoError, api_keys};
use chrysalis_security as security;
use chrysalis_security::SecurityError;
use chrysalis_security::context::{LegacyFormat, decrypt_legacy};
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::type_hint_union;
use pyo3::types::{PyBytes, PyNone, PyString};
use zeroize::Zeroizing;

use super::api_key::KeyArgument;
use super::{clock, key_text, lend, owned, to_cost};
use crate::python::buffer::{Data, Many, Record, Records, Source};
use crate::python::convert::{Number, Text, detached, to_bytes, to_text, to_time};
use crate::python::crypto::envelope::to_suite;
use crate::python::crypto::key::Key;
use crate::python::error::{Failure, Result};
use crate::python::later::{Later, later};
use crate::python::{read, write};

/// API keys, session keys and storage keys in wiped memory, outside Python's.
///
/// A new one has a fresh random storage key; what it seals can be opened later only with its exported state. All methods
/// may be called from several threads. `free()`, the end of a `with` block and collection wipe everything.
///
/// `m_kib`, `t` and `p` are the cost of passwords (Argon2id, 64 MiB and 3 passes by default); suite 1 is
/// XChaCha20-Poly1305, 2 is XAES-256-GCM.
#[pyclass(frozen, module = "memory_system._rust.security")]
pub(in crate::python) struct SecurityContext(RwLock<Option<Arc<security::SecurityContext>>>);

/// What may be shown of an API key.
#[pyclass(frozen, module = "memory_system._rust.security")]
pub(in crate::python) struct ApiKeyDescription(security::context::ApiKeyDescription);

#[pymethods]
impl SecurityContext {
    #[new]
    #[pyo3(signature = (*, m_kib = None, t = None, p = None, suite = Number(1)))]
    fn new(m_kib: Option<Number>, t: Option<Number>, p: Option<Number>, suite: Number) -> Result<Self> {
        let (cost, suite) = (to_cost(m_kib, t, p)?, to_suite(suite)?);
        Ok(Self::of(security::SecurityContext::make_with(clock(), cost, suite)?))
    }

    /// Keeps a provider's key; an older one is wiped. The key is checked leniently: what no rule knows is accepted.
    ///
    /// Raises `CryptoError` with `INVALID_PROVIDER`, and `KeyFormatError` for what cannot be a key.
    fn store_api_key(&self, provider: Text<'_>, key: KeyArgument<'_, '_>) -> Result<()> {
        Ok(self.inner()?.store_api_key(provider.0, key.to_key()?)?)
    }

    /// `store_api_key` for a key in a writable buffer, which is zero afterwards; with `wipe=False` for a copy of any buffer.
    #[pyo3(signature = (provider, key, *, wipe = true))]
    fn store_api_key_bytes(&self, provider: Text<'_>, key: Source<'_, '_>, wipe: bool) -> PyResult<()> {
        let key = key.take(wipe, api_keys::ApiKey::from_bytes)?.map_err(Failure::from)?;
        Ok(self.inner()?.store_api_key(provider.0, key).map_err(Failure::from)?)
    }

    /// A provider's key as a string: an explicit copy in Python's memory, which nothing wipes; prefer `with_api_key` and
    /// `authorization_header`. Raises `CryptoError` with `KEY_NOT_FOUND`.
    fn get_api_key<'py>(&self, py: Python<'py>, provider: Text<'_>) -> PyResult<Bound<'py, PyString>> {
        self.key(&provider)?.expose(|key| key_text(py, key))
    }

    /// A provider's key as bytes, a copy as with `get_api_key`.
    fn get_api_key_bytes<'py>(&self, py: Python<'py>, provider: Text<'_>) -> PyResult<Bound<'py, PyBytes>> {
        self.key(&provider)?.expose(|bytes| to_bytes(py, bytes))
    }

    /// Calls `work` with a temporary `bytearray` of the key and gives what it returns. The copy is zeroed when `work`
    /// returns or raises; nothing that outlives the call may refer to it.
    fn with_api_key<'py>(&self, provider: Text<'_>, work: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let key = self.key(&provider)?;
        key.expose(|key| lend(work, key))
    }

    /// Whether a provider's key is kept.
    fn has_api_key(&self, provider: Text<'_>) -> Result<bool> {
        Ok(self.inner()?.has_api_key(provider.0)?)
    }

    /// The providers whose keys are kept, in alphabetical order.
    fn list_providers(&self) -> Result<Vec<String>> {
        Ok(self.inner()?.list_providers()?.iter().map(ToString::to_string).collect())
    }

    /// Removes a provider's key; whether there was one.
    fn remove_api_key(&self, provider: Text<'_>) -> Result<bool> {
        Ok(self.inner()?.remove_api_key(provider.0)?)
    }

    /// What may be shown of a provider's key.
    fn describe_api_key(&self, provider: Text<'_>) -> Result<ApiKeyDescription> {
        Ok(ApiKeyDescription(self.inner()?.describe_api_key(provider.0)?))
    }

    /// Name and value of the header by which the provider's interface takes its key.
    fn authorization_header<'py>(
        &self,
        py: Python<'py>,
        provider: Text<'_>,
    ) -> PyResult<(&'static str, Bound<'py, PyString>)> {
        let header = self.inner()?.authorization_header(provider.0).map_err(Failure::from)?;
        let not_text = Failure::from(CryptoError::InvalidArgument("key is not text"));
        let value = header.value.expose(|value| match str::from_utf8(value) {
            Ok(value) => to_text(py, value),
            Err(_) => Err(not_text.into()),
        })?;
        Ok((header.name, value))
    }

    /// HMAC-SHA-256 of `data` under the provider's key, 32 bytes, for interfaces with signatures of their own.
    fn sign_with_api_key<'py>(
        &self,
        py: Python<'py>,
        provider: Text<'_>,
        data: Data<'_>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (context, provider, data) = (self.inner()?, provider.0, data.as_slice());
        let tag = detached(py, data.len(), || context.sign_with_api_key(provider, data));
        to_bytes(py, &tag.map_err(Failure::from)?)
    }

    /// The headers of a request signed with the provider's key: HMAC-SHA-256 over method, path with query, time and SHA-256
    /// of the body. They hold no secret.
    fn sign_request(
        &self,
        py: Python<'_>,
        provider: Text<'_>,
        method: Text<'_>,
        path: Text<'_>,
        body: Record<'_>,
    ) -> Result<BTreeMap<&'static str, String>> {
        let (context, provider, method, path) = (self.inner()?, provider.0, method.0, path.0);
        let body = body.as_slice();
        let signed = detached(py, body.len(), || context.sign_request(provider, method, path, body));
        Ok(signed?.headers().map(|(name, value)| (name, value.to_owned())).into())
    }

    /// Gives a session its next key: version 1 to a new session, one more to a known one. Older versions go on opening until
    /// they are retired. Gives the version.
    fn rotate_session_key(&self, session_id: Text<'_>) -> Result<u32> {
        Ok(self.inner()?.rotate_session_key(session_id.0)?)
    }

    /// The version of a session's newest key, if there is such a session.
    fn session_key_version(&self, session_id: Text<'_>) -> Result<Option<u32>> {
        Ok(self.inner()?.session_key_version(session_id.0)?)
    }

    /// Seals data under the session's newest key, bound to session and `context`.
    #[pyo3(signature = (session_id, data, context = Data::Bytes(b"")))]
    fn encrypt_for_session<'py>(
        &self,
        py: Python<'py>,
        session_id: Text<'_>,
        data: Data<'_>,
        context: Data<'_>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (inner, session_id) = (self.inner()?, session_id.0);
        let (data, context) = (data.as_slice(), context.as_slice());
        let sealed = detached(py, data.len(), || inner.encrypt_for_session(session_id, data, context));
        to_bytes(py, &sealed.map_err(Failure::from)?)
    }

    /// Opens what was sealed for the session with the same `context`, under any version that is not retired.
    #[pyo3(signature = (session_id, envelope, context = Data::Bytes(b"")))]
    fn decrypt_from_session<'py>(
        &self,
        py: Python<'py>,
        session_id: Text<'_>,
        envelope: Record<'_>,
        context: Data<'_>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (inner, session_id) = (self.inner()?, session_id.0);
        let (envelope, context) = (envelope.as_slice(), context.as_slice());
        let opened =
            detached(py, envelope.len(), || inner.decrypt_from_session(session_id, envelope, context));
        to_bytes(py, &opened.map_err(Failure::from)?)
    }

    /// Wipes the session's keys of versions below `before_version`, but never the newest. Gives how many.
    fn retire_session_keys(&self, session_id: Text<'_>, before_version: Number) -> Result<usize> {
        Ok(self.inner()?.retire_session_keys(session_id.0, before_version.0)?)
    }

    /// Wipes all keys of a session; whether there was one.
    fn end_session(&self, session_id: Text<'_>) -> Result<bool> {
        Ok(self.inner()?.end_session(session_id.0)?)
    }

    /// Seals data under the newest storage key, bound to `context`, which opening needs again.
    #[pyo3(signature = (plaintext, context = Data::Bytes(b"")))]
    fn encrypt_for_storage<'py>(
        &self,
        py: Python<'py>,
        plaintext: Data<'_>,
        context: Data<'_>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (inner, plaintext, context) = (self.inner()?, plaintext.as_slice(), context.as_slice());
        let sealed = detached(py, plaintext.len(), || inner.encrypt_for_storage(plaintext, context));
        to_bytes(py, &sealed.map_err(Failure::from)?)
    }

    /// Opens an envelope with the storage key that it names.
    ///
    /// Raises `CryptoError` with `UNKNOWN_KEY_ID` or `KEY_RETIRED`, and `DecryptError` for changed bytes or another context.
    #[pyo3(signature = (ciphertext, context = Data::Bytes(b"")))]
    fn decrypt_from_storage<'py>(
        &self,
        py: Python<'py>,
        ciphertext: Record<'_>,
        context: Data<'_>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (inner, ciphertext, context) = (self.inner()?, ciphertext.as_slice(), context.as_slice());
        let opened = detached(py, ciphertext.len(), || inner.decrypt_from_storage(ciphertext, context));
        to_bytes(py, &opened.map_err(Failure::from)?)
    }

    /// Makes a new storage key, which seals from here on, and gives its number. Older ones go on opening.
    fn rotate_storage_key(&self) -> Result<u32> {
        Ok(self.inner()?.rotate_storage_key()?)
    }

    /// The number of the storage key that seals.
    fn storage_key_id(&self) -> Result<u32> {
        Ok(self.inner()?.storage_key_id()?)
    }

    /// Retires the storage keys numbered below `floor`: they are wiped, and what they sealed does not open any more. There is
    /// no way back; rewrap first.
    fn set_min_decryption_key_id(&self, floor: Number) -> Result<()> {
        Ok(self.inner()?.set_min_decryption_key_id(floor.0)?)
    }

    /// Opens an envelope and seals it under the newest storage key, for the same context. The plaintext stays inside.
    #[pyo3(signature = (ciphertext, context = Data::Bytes(b"")))]
    fn rewrap<'py>(
        &self,
        py: Python<'py>,
        ciphertext: Record<'_>,
        context: Data<'_>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (inner, ciphertext, context) = (self.inner()?, ciphertext.as_slice(), context.as_slice());
        let sealed = detached(py, ciphertext.len(), || inner.rewrap(ciphertext, context));
        to_bytes(py, &sealed.map_err(Failure::from)?)
    }

    /// `rewrap` for many records, each envelope with the context in its place. Raises for the first that fails; none is lost,
    /// since the old ones go on opening.
    fn rewrap_many<'py>(
        &self,
        py: Python<'py>,
        ciphertexts: Records,
        contexts: Many,
    ) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let inner = self.inner()?;
        let (ciphertexts, contexts) = (ciphertexts.as_slices(), contexts.as_slices());
        if ciphertexts.len() != contexts.len() {
            let unequal = CryptoError::InvalidArgument("there must be one context for each ciphertext");
            return Err(Failure::from(unequal).into());
        }
        let records: Vec<(&[u8], &[u8])> = ciphertexts.into_iter().zip(contexts).collect();
        let sealed = py.detach(|| inner.rewrap_many(&records)).map_err(Failure::from)?;
        sealed.into_iter().map(|sealed| to_bytes(py, &sealed.map_err(Failure::from)?)).collect()
    }

    /// Everything, sealed under `password`, to be kept by the caller. The password also becomes the one to lock with if there
    /// was none.
    fn export_state<'py>(&self, py: Python<'py>, password: Text<'_>) -> PyResult<Bound<'py, PyBytes>> {
        let (inner, password) = (self.inner()?, password.0.as_bytes());
        to_bytes(py, &py.detach(|| inner.export_state(password)).map_err(Failure::from)?)
    }

    /// `export_state`, to be awaited: the password becomes a key on a native thread.
    fn export_state_async<'py>(
        &self,
        py: Python<'py>,
        password: Text<'_>,
    ) -> PyResult<Later<'py, Bound<'py, PyBytes>>> {
        let (inner, password) = (self.inner()?, owned(password.0));
        later(py, move || Ok(inner.export_state(&password)?), |py, state| Ok(to_bytes(py, &state)?.into()))
    }

    /// The context in what `export_state` gave. `password` becomes the one to lock with. Raises `DecryptError` for a wrong
    /// password or changed bytes.
    #[staticmethod]
    #[pyo3(signature = (state, password, *, m_kib = None, t = None, p = None))]
    fn import_state(
        py: Python<'_>,
        state: Record<'_>,
        password: Text<'_>,
        m_kib: Option<Number>,
        t: Option<Number>,
        p: Option<Number>,
    ) -> Result<Self> {
        let (state, password, cost) = (state.as_slice(), password.0.as_bytes(), to_cost(m_kib, t, p)?);
        let import = || security::SecurityContext::import_state_with(state, password, clock(), cost);
        Ok(Self::of(py.detach(import)?))
    }

    /// `import_state`, to be awaited.
    #[staticmethod]
    #[pyo3(signature = (state, password, *, m_kib = None, t = None, p = None))]
    fn import_state_async<'py>(
        py: Python<'py>,
        state: Record<'_>,
        password: Text<'_>,
        m_kib: Option<Number>,
        t: Option<Number>,
        p: Option<Number>,
    ) -> PyResult<Later<'py, Self>> {
        let (state, password) = (state.as_slice().to_vec(), owned(password.0));
        let cost = to_cost(m_kib, t, p)?;
        let import =
            move || Ok(security::SecurityContext::import_state_with(&state, &password, clock(), cost)?);
        later(py, import, |py, context| Ok(Py::new(py, Self::of(context))?.into_any()))
    }

    /// Sets the password to lock with.
    fn set_password(&self, py: Python<'_>, password: Text<'_>) -> Result<()> {
        let (inner, password) = (self.inner()?, password.0.as_bytes());
        Ok(py.detach(|| inner.set_password(password))?)
    }

    /// `set_password`, to be awaited.
    fn set_password_async<'py>(
        &self,
        py: Python<'py>,
        password: Text<'_>,
    ) -> PyResult<Later<'py, Bound<'py, PyNone>>> {
        let (inner, password) = (self.inner()?, owned(password.0));
        later(py, move || Ok(inner.set_password(&password)?), |py, ()| Ok(py.None()))
    }

    /// Seals everything in memory and wipes the keys. Nothing when locked already. Raises `CryptoError` with
    /// `PASSWORD_NOT_SET` when no password was ever given to open it with again.
    fn lock(&self, py: Python<'_>) -> Result<()> {
        let inner = self.inner()?;
        Ok(py.detach(|| inner.lock())?)
    }

    /// Opens what `lock` sealed. Nothing when open already. Raises `DecryptError` for a wrong password.
    fn unlock(&self, py: Python<'_>, password: Text<'_>) -> Result<()> {
        let (inner, password) = (self.inner()?, password.0.as_bytes());
        Ok(py.detach(|| inner.unlock(password))?)
    }

    /// `unlock`, to be awaited.
    fn unlock_async<'py>(
        &self,
        py: Python<'py>,
        password: Text<'_>,
    ) -> PyResult<Later<'py, Bound<'py, PyNone>>> {
        let (inner, password) = (self.inner()?, owned(password.0));
        later(py, move || Ok(inner.unlock(&password)?), |py, ()| Ok(py.None()))
    }

    /// Whether the keys are sealed.
    #[getter]
    fn is_locked(&self) -> Result<bool> {
        Ok(self.inner()?.is_locked())
    }

    /// Opens what an older system sealed. `format` is `F1` to `F5`; `data` bytes for F1 and F2, JSON as text or bytes for the
    /// others; `secret` the key in bytes or the password as a string. Everything that opens here should be sealed anew.
    #[staticmethod]
    fn decrypt_legacy<'py>(
        py: Python<'py>,
        format: Text<'_>,
        data: LegacyData<'_>,
        secret: LegacySecret<'_, 'py>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let format = LegacyFormat::parse(format.0).map_err(Failure::from)?;
        let opened = with_secret(py, &secret, |secret| decrypt_legacy(format, data.as_slice(), secret))?;
        to_bytes(py, &opened.plaintext)
    }

    /// `decrypt_legacy`, to be awaited.
    #[staticmethod]
    fn decrypt_legacy_async<'py>(
        py: Python<'py>,
        format: Text<'_>,
        data: LegacyData<'_>,
        secret: LegacySecret<'_, 'py>,
    ) -> PyResult<Later<'py, Bound<'py, PyBytes>>> {
        let format = LegacyFormat::parse(format.0).map_err(Failure::from)?;
        let (data, secret) = (data.as_slice().to_vec(), secret.to_owned());
        let open = move || Ok(decrypt_legacy(format, &data, &secret)?);
        later(py, open, |py, opened| Ok(to_bytes(py, &opened.plaintext)?.into()))
    }

    /// Takes in a provider's key that an older system sealed, without the key coming out in between. Arguments as for
    /// `decrypt_legacy`.
    fn import_legacy_api_key<'py>(
        &self,
        py: Python<'py>,
        provider: Text<'_>,
        format: Text<'_>,
        data: LegacyData<'_>,
        secret: LegacySecret<'_, 'py>,
    ) -> Result<()> {
        let (inner, format, provider) = (self.inner()?, LegacyFormat::parse(format.0)?, provider.0);
        with_secret(py, &secret, |secret| {
            inner.import_legacy_api_key(provider, format, data.as_slice(), secret)
        })
    }

    /// `import_legacy_api_key`, to be awaited.
    fn import_legacy_api_key_async<'py>(
        &self,
        py: Python<'py>,
        provider: Text<'_>,
        format: Text<'_>,
        data: LegacyData<'_>,
        secret: LegacySecret<'_, 'py>,
    ) -> PyResult<Later<'py, Bound<'py, PyNone>>> {
        let (inner, format) = (self.inner()?, LegacyFormat::parse(format.0).map_err(Failure::from)?);
        let (provider, data, secret) = (provider.0.to_owned(), data.as_slice().to_vec(), secret.to_owned());
        let import = move || Ok(inner.import_legacy_api_key(&provider, format, &data, &secret)?);
        later(py, import, |py, ()| Ok(py.None()))
    }

    /// Wipes everything. Every later use but `free` raises.
    fn free(&self, py: Python<'_>) {
        py.detach(|| write(&self.0).take());
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
        self.free(py);
    }

    fn __repr__(&self) -> &'static str {
        "SecurityContext([REDACTED])"
    }
}

impl SecurityContext {
    fn of(context: security::SecurityContext) -> Self {
        Self(RwLock::new(Some(Arc::new(context))))
    }

    /// Held by nobody while work goes on: whoever frees the context meanwhile does not wait, and the last user wipes it.
    fn inner(&self) -> Result<Arc<security::SecurityContext>> {
        Ok(read(&self.0).clone().ok_or(CryptoError::InvalidArgument("context was freed"))?)
    }

    fn key(&self, provider: &Text<'_>) -> Result<Arc<api_keys::ApiKey>> {
        Ok(self.inner()?.api_key(provider.0)?)
    }
}

#[pymethods]
impl ApiKeyDescription {
    /// The provider that its shape tells; `generic` when unknown.
    #[getter]
    fn detected_provider(&self) -> &'static str {
        self.0.detected_provider
    }

    /// What kind of key of that provider; `generic` when unknown.
    #[getter]
    fn kind(&self) -> &'static str {
        self.0.kind
    }

    /// `certain`, `likely`, `hint` or `unknown`.
    #[getter]
    fn confidence(&self) -> &'static str {
        self.0.confidence
    }

    /// The form for logs.
    #[getter]
    fn redacted(&self) -> &str {
        &self.0.redacted
    }

    /// When it was stored, in UTC.
    #[getter]
    fn stored_at(&self) -> Result<std::time::SystemTime> {
        to_time(self.0.stored_at)
    }

    fn __repr__(&self) -> String {
        format!("ApiKeyDescription(kind='{}', redacted='{}')", self.0.kind, self.0.redacted)
    }
}

/// A record of an older system: bytes, or the text of JSON.
pub(in crate::python) enum LegacyData<'a> {
    Bytes(Record<'a>),
    Text(Text<'a>),
}

impl LegacyData<'_> {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes.as_slice(),
            Self::Text(text) => text.0.as_bytes(),
        }
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for LegacyData<'a> {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_union!(Data::INPUT_TYPE, Text::INPUT_TYPE);

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.cast::<PyString>() {
            Ok(_) => Ok(Self::Text(object.extract()?)),
            Err(_) => Ok(Self::Bytes(object.extract()?)),
        }
    }
}

/// A key in bytes, or a password.
pub(in crate::python) enum LegacySecret<'a, 'py> {
    Key(Key<'a, 'py>),
    Password(Text<'a>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for LegacySecret<'a, 'py> {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_union!(Key::INPUT_TYPE, Text::INPUT_TYPE);

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.cast::<PyString>() {
            Ok(_) => Ok(Self::Password(object.extract()?)),
            Err(_) => Ok(Self::Key(object.extract()?)),
        }
    }
}

impl LegacySecret<'_, '_> {
    /// A copy that is wiped.
    fn to_owned(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Password(password) => owned(password.0),
            Self::Key(key) => key.lend().with(|key| Zeroizing::new(key.to_vec())),
        }
    }
}

/// Runs `work`, which may derive a key, detached.
fn with_secret<T: Send>(
    py: Python<'_>,
    secret: &LegacySecret<'_, '_>,
    work: impl FnOnce(&[u8]) -> std::result::Result<T, SecurityError> + Send,
) -> Result<T> {
    Ok(match secret {
        LegacySecret::Password(password) => {
            let password = password.0.as_bytes();
            py.detach(|| work(password))
        }
        LegacySecret::Key(key) => {
            let key = key.lend();
            py.detach(|| key.with(work))
        }
    }?)
}
