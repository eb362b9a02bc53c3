//! `ApiKeyWallet`: keys at rest.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use chrysalis_crypto::{CryptoError, api_keys};
use chrysalis_security::wallet::{self, NewKey, SettingsChange, WalletEvent};
use chrysalis_security::{self as domain, ProviderName, SecurityError, WrappingKey};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyNone, PyString};
use pyo3::{PyTraverseError, PyVisit};
use zeroize::Zeroizing;

use super::api_key::KeyArgument;
use super::events::{End, Handlers};
use super::{key_text, lend, now_ms, owned, to_cost};
use crate::python::convert::{Millis, Number, Text, to_bytes, to_text, to_time};
use crate::python::crypto::key::Key;
use crate::python::error::{Failure, Result};
use crate::python::later::{Later, later_with};

/// A wallet of API keys that a password or a key of the host opens. It is a text that you keep: `load` takes it and
/// `export` gives it; nothing here touches a file.
///
/// While it is open, the first key operation after `auto_lock_timeout` minutes without one finds it locked; call `tick`
/// from a timer to have it locked, and those who listen told, in time. Everything but listing needs it open, else
/// `CryptoError` with `WALLET_LOCKED`.
///
/// `m_kib`, `t` and `p` are the cost of passwords that are set from here on (Argon2id, 64 MiB and 3 passes by default).
#[pyclass(frozen, module = "memory_system._rust.security")]
pub(in crate::python) struct ApiKeyWallet(Wallet);

/// The wallet and who listens to it, shared with work that is awaited.
#[derive(Clone)]
struct Wallet {
    domain: Arc<domain::ApiKeyWallet>,
    handlers: Handlers,
}

#[pymethods]
impl ApiKeyWallet {
    #[new]
    #[pyo3(signature = (*, m_kib = None, t = None, p = None))]
    fn new(m_kib: Option<Number>, t: Option<Number>, p: Option<Number>) -> Result<Self> {
        Ok(Self::of(domain::ApiKeyWallet::with_params(to_cost(m_kib, t, p)?)))
    }

    /// Makes a new wallet that `password` opens, and leaves it open. Raises `WALLET_EXISTS` unless uninitialized.
    fn initialize(&self, py: Python<'_>, password: Text<'_>) -> PyResult<()> {
        let password = password.0.as_bytes();
        self.run(py, |wallet| wallet.initialize(password, now_ms()))
    }

    /// `initialize`, to be awaited: the password becomes a key on a native thread.
    fn initialize_async<'py>(
        &self,
        py: Python<'py>,
        password: Text<'_>,
    ) -> PyResult<Later<'py, Bound<'py, PyNone>>> {
        let password = owned(password.0);
        self.run_later(py, move |wallet| wallet.initialize(&password, now_ms()))
    }

    /// Makes a new wallet without a password, which 32 bytes that the host keeps open.
    fn initialize_with_host_key(&self, py: Python<'_>, key: Key<'_, '_>) -> PyResult<()> {
        let key = to_wrapping_key(&key)?;
        self.run(py, |wallet| wallet.initialize_with_host_key(&key, now_ms()))
    }

    /// Takes over the wallet in a text of `export`; it is locked afterwards. Raises `WALLET_LOAD` for any other text.
    fn load(&self, py: Python<'_>, json: Text<'_>) -> PyResult<()> {
        let Text(json) = json;
        self.run(py, |wallet| wallet.load(json))
    }

    /// The wallet as JSON, with nothing in it that is not sealed or meant to be seen while locked.
    fn export<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        to_text(py, &self.run(py, domain::ApiKeyWallet::export)?)
    }

    /// Opens the wallet. Nothing when it is open already.
    ///
    /// Raises `INVALID_PASSWORD`, and `WALLET_TAMPERED` when the password is right and anything else was changed.
    fn unlock(&self, py: Python<'_>, password: Text<'_>) -> PyResult<()> {
        let password = password.0.as_bytes();
        self.run(py, |wallet| wallet.unlock(password, now_ms()))
    }

    /// `unlock`, to be awaited: the password becomes a key on a native thread.
    fn unlock_async<'py>(
        &self,
        py: Python<'py>,
        password: Text<'_>,
    ) -> PyResult<Later<'py, Bound<'py, PyNone>>> {
        let password = owned(password.0);
        self.run_later(py, move |wallet| wallet.unlock(&password, now_ms()))
    }

    /// Opens the wallet with a key of the host.
    fn unlock_with_host_key(&self, py: Python<'_>, key: Key<'_, '_>) -> PyResult<()> {
        let key = to_wrapping_key(&key)?;
        self.run(py, |wallet| wallet.unlock_with_host_key(&key, now_ms()))
    }

    /// Whether the password costs a guesser less than is recommended today: worth a `change_password`, to the same one, while
    /// it is at hand.
    fn needs_rewrap(&self) -> bool {
        self.0.domain.needs_rewrap()
    }

    /// Lets 32 bytes that the host keeps open the wallet as well, for unattended use; gives their id.
    fn add_host_key(&self, py: Python<'_>, label: Text<'_>, key: Key<'_, '_>) -> PyResult<String> {
        let (label, key) = (label.0, to_wrapping_key(&key)?);
        Ok(self.run(py, |wallet| wallet.add_host_key(label, &key, now_ms()))?.to_string())
    }

    /// Takes such a key's right to open the wallet; false when there is none of this id.
    fn remove_host_key(&self, py: Python<'_>, id: Text<'_>) -> PyResult<bool> {
        let id = id.0.parse().map_err(|error: CryptoError| Failure::from(error))?;
        self.run(py, |wallet| wallet.remove_host_key(&id, now_ms()))
    }

    /// Id and label of each key that was added so. Works while locked.
    fn host_keys(&self) -> Vec<(String, String)> {
        self.0.domain.host_keys().into_iter().map(|key| (key.id.to_string(), key.label)).collect()
    }

    /// Wipes the master key and every opened key. Nothing when not open.
    fn lock(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.domain.lock(now_ms()));
        self.0.tell(py)
    }

    /// Locks when there was no key operation for as long as the settings say; whether it did.
    fn tick(&self, py: Python<'_>) -> PyResult<bool> {
        let has_locked = py.detach(|| self.0.domain.tick(now_ms()));
        self.0.tell(py)?;
        Ok(has_locked)
    }

    /// Changes the password. Only the master key is wrapped again: after a password was stolen, use `rotate_master_key` as
    /// well, and replace the keys.
    fn change_password(&self, py: Python<'_>, old: Text<'_>, new: Text<'_>) -> PyResult<()> {
        let (old, new) = (old.0.as_bytes(), new.0.as_bytes());
        self.run(py, |wallet| wallet.change_password(old, new, now_ms()))
    }

    /// `change_password`, to be awaited.
    fn change_password_async<'py>(
        &self,
        py: Python<'py>,
        old: Text<'_>,
        new: Text<'_>,
    ) -> PyResult<Later<'py, Bound<'py, PyNone>>> {
        let (old, new) = (owned(old.0), owned(new.0));
        self.run_later(py, move |wallet| wallet.change_password(&old, &new, now_ms()))
    }

    /// Seals everything under a new master key, which `password` wraps. Host keys are removed.
    fn rotate_master_key(&self, py: Python<'_>, password: Text<'_>) -> PyResult<()> {
        let password = password.0.as_bytes();
        self.run(py, |wallet| wallet.rotate_master_key(password, now_ms()))
    }

    /// `rotate_master_key`, to be awaited.
    fn rotate_master_key_async<'py>(
        &self,
        py: Python<'py>,
        password: Text<'_>,
    ) -> PyResult<Later<'py, Bound<'py, PyNone>>> {
        let password = owned(password.0);
        self.run_later(py, move |wallet| wallet.rotate_master_key(&password, now_ms()))
    }

    /// Adds a key and gives its id. `metadata` is the text of a JSON object, stored in clear.
    #[pyo3(signature = (provider, api_key, *, name = None, is_default = false, expires_at = None, metadata = None))]
    #[expect(clippy::too_many_arguments, reason = "Python's keywords")]
    fn add_key(
        &self,
        py: Python<'_>,
        provider: Text<'_>,
        api_key: KeyArgument<'_, '_>,
        name: Option<Text<'_>>,
        is_default: bool,
        expires_at: Option<Millis>,
        metadata: Option<Text<'_>>,
    ) -> PyResult<String> {
        let new = NewKey {
            name: name.map(|name| name.0.to_owned()),
            is_default,
            expires_at: expires_at.map(|Millis(ms)| ms),
            metadata: metadata.map(|metadata| metadata.0.to_owned()),
        };
        let added = api_key.with(|key| self.0.domain.add_key(provider.0, key, new, now_ms()))?;
        Ok(self.told(py, added)?.to_string())
    }

    /// Removes a key; false when there is none of this id.
    fn remove_key(&self, py: Python<'_>, id: Text<'_>) -> PyResult<bool> {
        let id = id.0;
        self.run(py, |wallet| wallet.remove_key(id, now_ms()))
    }

    /// The key of an entry as a string, an explicit copy in Python's memory; `None` when there is none of this id or it
    /// expired. Prefer `with_key`.
    fn get_key<'py>(&self, py: Python<'py>, id: Text<'_>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.key(py, &id)?.map(|key| key.expose(|key| key_text(py, key))).transpose()
    }

    /// The key of an entry as bytes, a copy as with `get_key`.
    fn get_key_bytes<'py>(&self, py: Python<'py>, id: Text<'_>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        self.key(py, &id)?.map(|key| key.expose(|bytes| to_bytes(py, bytes))).transpose()
    }

    /// The provider's default key, or else its first that has not expired; a copy as with `get_key`.
    fn get_key_for_provider<'py>(
        &self,
        py: Python<'py>,
        provider: Text<'_>,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        let provider = provider.0;
        let key = self.run(py, |wallet| wallet.key_for_provider(provider, now_ms()))?;
        key.map(|key| key.expose(|key| key_text(py, key))).transpose()
    }

    /// Calls `work` with a temporary `bytearray` of an entry's key and gives what it returns. The copy is zeroed when `work`
    /// returns or raises. Raises `CryptoError` with `ENTRY_NOT_FOUND` where `get_key` gives `None`.
    fn with_key<'py>(&self, id: Text<'_>, work: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let key = self.key(work.py(), &id)?.ok_or(SecurityError::EntryNotFound).map_err(Failure::from)?;
        key.expose(|key| lend(work, key))
    }

    /// What is known of all keys, or of one provider's, in the order in which they were added. Works while locked.
    #[pyo3(signature = (provider = None))]
    fn list_keys(&self, py: Python<'_>, provider: Option<Text<'_>>) -> PyResult<Vec<ApiKeyEntry>> {
        let provider = provider.map(|provider| provider.0);
        let entries = self.run(py, |wallet| wallet.list_keys(provider, now_ms()))?;
        Ok(entries.into_iter().map(ApiKeyEntry).collect())
    }

    /// Makes a key its provider's default.
    fn set_default(&self, py: Python<'_>, id: Text<'_>) -> PyResult<()> {
        let id = id.0;
        self.run(py, |wallet| wallet.set_default(id, now_ms()))
    }

    /// Replaces the key of an entry, which keeps its id, name and place.
    fn rotate_key(&self, py: Python<'_>, id: Text<'_>, api_key: KeyArgument<'_, '_>) -> PyResult<()> {
        let rotated = api_key.with(|key| self.0.domain.rotate_key(id.0, key, now_ms()))?;
        self.told(py, rotated)
    }

    /// A copy of the settings; the defaults of new wallets until a loaded one was opened.
    fn get_settings(&self) -> WalletSettings {
        WalletSettings(self.0.domain.settings())
    }

    /// Changes settings: minutes until the wallet locks itself, 0 for never; whether programs should ask for the password
    /// before every key they show; the id of each provider's default key. What is `None` stays.
    #[pyo3(signature = (*, auto_lock_timeout = None, require_password_on_access = None, default_providers = None))]
    fn update_settings(
        &self,
        py: Python<'_>,
        auto_lock_timeout: Option<Number>,
        require_password_on_access: Option<bool>,
        default_providers: Option<BTreeMap<String, String>>,
    ) -> PyResult<WalletSettings> {
        let default =
            |(provider, id): (String, String)| Ok((ProviderName::parse_for_wallet(&provider)?, id.parse()?));
        let defaults = default_providers.map(|defaults| defaults.into_iter().map(default).collect());
        let change = SettingsChange {
            auto_lock_timeout: auto_lock_timeout.map(|Number(minutes)| minutes),
            require_password_on_access,
            default_providers: defaults.transpose().map_err(|error: SecurityError| Failure::from(error))?,
        };
        Ok(WalletSettings(self.run(py, |wallet| wallet.update_settings(change, now_ms()))?))
    }

    /// `uninitialized`, `locked` or `unlocked`.
    fn get_state(&self) -> &'static str {
        self.0.domain.state().as_str()
    }

    /// Whether the wallet is open.
    fn is_unlocked(&self) -> bool {
        self.0.domain.is_unlocked()
    }

    /// Calls `handler` with every event of a type from here on, in the thread in which it happens, or of the loop that awaits
    /// it: `unlocked`, `locked`, `key:added`, `key:removed`, `key:accessed` (not for a key that was used in the last five
    /// minutes), `key:rotated`, `settings:changed`. What a handler raises is logged by the name of its class, and stops nothing.
    ///
    /// Gives a function that ends this. Raises `INVALID_ARGUMENT` for another type.
    fn on<'py>(slf: &Bound<'py, Self>, r#type: Text<'_>, handler: &Bound<'py, PyAny>) -> PyResult<End<'py>> {
        slf.get().0.handlers.add::<WalletEvent>(&r#type, handler)?;
        End::of(slf.as_any(), &r#type, handler)
    }

    /// Ends what `on` began. Nothing where it did not.
    fn off(&self, r#type: Text<'_>, handler: &Bound<'_, PyAny>) -> PyResult<()> {
        self.0.handlers.remove::<WalletEvent>(&r#type, handler)
    }

    /// Locks, and forgets the wallet and who listens: it is uninitialized afterwards.
    fn destroy(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.domain.destroy());
        self.0.tell(py)?;
        self.0.handlers.clear();
        Ok(())
    }

    fn __repr__(&self) -> String {
        format!("ApiKeyWallet({})", self.0.domain.state().as_str())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> std::result::Result<(), PyTraverseError> {
        self.0.handlers.traverse(&visit)
    }

    fn __clear__(&self) {
        self.0.handlers.clear();
    }
}

impl ApiKeyWallet {
    pub(super) fn of(wallet: domain::ApiKeyWallet) -> Self {
        Self(Wallet { domain: Arc::new(wallet), handlers: Handlers::default() })
    }

    /// Lets `work` use the wallet, with the interpreter lock released, and tells what happened.
    pub(super) fn run<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&domain::ApiKeyWallet) -> std::result::Result<T, SecurityError> + Send,
    ) -> PyResult<T> {
        let result = py.detach(|| work(&self.0.domain));
        self.told(py, result)
    }

    fn run_later<'py>(
        &self,
        py: Python<'py>,
        work: impl FnOnce(&domain::ApiKeyWallet) -> std::result::Result<(), SecurityError> + Send + 'static,
    ) -> PyResult<Later<'py, Bound<'py, PyNone>>> {
        let (worker, teller) = (Arc::clone(&self.0.domain), self.0.clone());
        later_with(
            py,
            move || work(&worker),
            move |py, done| {
                teller.tell(py)?;
                done.map_err(Failure::from)?;
                Ok(py.None())
            },
        )
    }

    /// The result, after the events that belong to it.
    fn told<T>(&self, py: Python<'_>, result: std::result::Result<T, SecurityError>) -> PyResult<T> {
        self.0.tell(py)?;
        Ok(result.map_err(Failure::from)?)
    }

    fn key(&self, py: Python<'_>, id: &Text<'_>) -> PyResult<Option<Arc<api_keys::ApiKey>>> {
        let id = id.0;
        self.run(py, |wallet| wallet.key(id, now_ms()))
    }
}

impl Wallet {
    fn tell(&self, py: Python<'_>) -> PyResult<()> {
        self.handlers.tell(py, &self.domain.take_events().events)
    }
}

/// What is known of a key without the key.
#[pyclass(frozen, module = "memory_system._rust.security")]
pub(in crate::python) struct ApiKeyEntry(wallet::ApiKeyEntry);

#[pymethods]
impl ApiKeyEntry {
    /// Random, never used again; 32 hexadecimal characters.
    #[getter]
    fn id(&self) -> String {
        self.0.id.to_string()
    }

    /// Who issued the key.
    #[getter]
    fn provider(&self) -> &str {
        self.0.provider.as_str()
    }

    /// For people.
    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// While locked the redacted form of the key, while open its first 8 characters and `...`.
    #[getter]
    fn key_prefix(&self) -> &str {
        &self.0.key_prefix
    }

    /// When it was added, in UTC.
    #[getter]
    fn created_at(&self) -> Result<SystemTime> {
        to_time(self.0.created_at)
    }

    /// When the key was last read, in UTC.
    #[getter]
    fn last_used_at(&self) -> Result<Option<SystemTime>> {
        self.0.last_used_at.map(to_time).transpose()
    }

    /// From when on it is not given out, in UTC.
    #[getter]
    fn expires_at(&self) -> Result<Option<SystemTime>> {
        self.0.expires_at.map(to_time).transpose()
    }

    /// Whether it is its provider's default.
    #[getter]
    fn is_default(&self) -> bool {
        self.0.is_default
    }

    /// The text of a JSON object of the caller.
    #[getter]
    fn metadata(&self) -> Option<&str> {
        self.0.metadata.as_deref()
    }

    fn __repr__(&self) -> String {
        format!("ApiKeyEntry(id='{}', provider='{}')", self.0.id, self.0.provider)
    }
}

/// What a wallet's owner chose.
#[pyclass(frozen, module = "memory_system._rust.security")]
pub(in crate::python) struct WalletSettings(wallet::WalletSettings);

#[pymethods]
impl WalletSettings {
    /// Minutes without a key operation after which the wallet locks itself; 0 is never.
    #[getter]
    fn auto_lock_timeout(&self) -> u32 {
        self.0.auto_lock_timeout
    }

    /// Whether a program should ask for the password before every key it shows.
    #[getter]
    fn require_password_on_access(&self) -> bool {
        self.0.require_password_on_access
    }

    /// Provider and id of each default key.
    #[getter]
    fn default_providers(&self) -> Vec<(String, String)> {
        self.0.default_providers.iter().map(|(provider, id)| (provider.to_string(), id.to_string())).collect()
    }
}

impl WalletSettings {
    pub(super) fn of(settings: wallet::WalletSettings) -> Self {
        Self(settings)
    }
}

fn to_wrapping_key(key: &Key<'_, '_>) -> Result<WrappingKey> {
    let mut copy = key.lend().with(|key| Zeroizing::new(key.to_vec()));
    Ok(WrappingKey::from_slice_wiping(&mut copy)?)
}
