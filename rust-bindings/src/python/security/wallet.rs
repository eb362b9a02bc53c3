//! `ApiKeyWallet`: keys at rest.

use std::sync::Arc;
use std::time::SystemTime;

use chrysalis_crypto::api_keys;
use chrysalis_security::wallet::{self, NewKey, SettingsChange};
use chrysalis_security::{WrappingKey, wallet as domain};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use zeroize::Zeroizing;

use super::api_key::KeyArgument;
use super::{key_text, lend, now_ms, to_cost};
use crate::python::convert::{Millis, Number, Text, to_bytes, to_text, to_time};
use crate::python::crypto::key::Key;
use crate::python::error::{Failure, Result};

/// A wallet of API keys that a password or a key of the host opens. It is a text that you keep: `load` takes it and
/// `export` gives it; nothing here touches a file.
///
/// While it is open, the first key operation after `auto_lock_timeout` minutes without one finds it locked; call `tick`
/// from a timer to have it locked in time. Everything but listing needs it open, else `CryptoError` with `WALLET_LOCKED`.
///
/// `m_kib`, `t` and `p` are the cost of passwords that are set from here on (Argon2id, 64 MiB and 3 passes by default).
#[pyclass(frozen, module = "memory_system._rust.security")]
pub(in crate::python) struct ApiKeyWallet(domain::ApiKeyWallet);

#[pymethods]
impl ApiKeyWallet {
    #[new]
    #[pyo3(signature = (*, m_kib = None, t = None, p = None))]
    fn new(m_kib: Option<Number>, t: Option<Number>, p: Option<Number>) -> Result<Self> {
        Ok(Self(domain::ApiKeyWallet::with_params(to_cost(m_kib, t, p)?)))
    }

    /// Makes a new wallet that `password` opens, and leaves it open. Raises `WALLET_EXISTS` unless uninitialized.
    fn initialize(&self, py: Python<'_>, password: Text<'_>) -> Result<()> {
        let password = password.0.as_bytes();
        Ok(py.detach(|| self.0.initialize(password, now_ms()))?)
    }

    /// Makes a new wallet without a password, which 32 bytes that the host keeps open.
    fn initialize_with_host_key(&self, key: Key<'_, '_>) -> Result<()> {
        Ok(self.0.initialize_with_host_key(&to_wrapping_key(&key)?, now_ms())?)
    }

    /// Takes over the wallet in a text of `export`; it is locked afterwards. Raises `WALLET_LOAD` for any other text.
    fn load(&self, py: Python<'_>, json: Text<'_>) -> Result<()> {
        let Text(json) = json;
        Ok(py.detach(|| self.0.load(json))?)
    }

    /// The wallet as JSON, with nothing in it that is not sealed or meant to be seen while locked.
    fn export<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        to_text(py, &py.detach(|| self.0.export()).map_err(Failure::from)?)
    }

    /// Opens the wallet. Nothing when it is open already.
    ///
    /// Raises `INVALID_PASSWORD`, and `WALLET_TAMPERED` when the password is right and anything else was changed.
    fn unlock(&self, py: Python<'_>, password: Text<'_>) -> Result<()> {
        let password = password.0.as_bytes();
        Ok(py.detach(|| self.0.unlock(password, now_ms()))?)
    }

    /// Opens the wallet with a key of the host.
    fn unlock_with_host_key(&self, py: Python<'_>, key: Key<'_, '_>) -> Result<()> {
        let key = to_wrapping_key(&key)?;
        Ok(py.detach(|| self.0.unlock_with_host_key(&key, now_ms()))?)
    }

    /// Whether the password costs a guesser less than is recommended today: worth a `change_password`, to the same one, while
    /// it is at hand.
    fn needs_rewrap(&self) -> bool {
        self.0.needs_rewrap()
    }

    /// Lets 32 bytes that the host keeps open the wallet as well, for unattended use; gives their id.
    fn add_host_key(&self, label: Text<'_>, key: Key<'_, '_>) -> Result<String> {
        Ok(self.0.add_host_key(label.0, &to_wrapping_key(&key)?, now_ms())?.to_string())
    }

    /// Wipes the master key and every opened key. Nothing when not open.
    fn lock(&self, py: Python<'_>) {
        py.detach(|| self.0.lock(now_ms()));
    }

    /// Locks when there was no key operation for as long as the settings say; whether it did.
    fn tick(&self, py: Python<'_>) -> bool {
        py.detach(|| self.0.tick(now_ms()))
    }

    /// Changes the password. Only the master key is wrapped again: after a password was stolen, use `rotate_master_key` as
    /// well, and replace the keys.
    fn change_password(&self, py: Python<'_>, old: Text<'_>, new: Text<'_>) -> Result<()> {
        let (old, new) = (old.0.as_bytes(), new.0.as_bytes());
        Ok(py.detach(|| self.0.change_password(old, new, now_ms()))?)
    }

    /// Seals everything under a new master key, which `password` wraps. Host keys are removed.
    fn rotate_master_key(&self, py: Python<'_>, password: Text<'_>) -> Result<()> {
        let password = password.0.as_bytes();
        Ok(py.detach(|| self.0.rotate_master_key(password, now_ms()))?)
    }

    /// Adds a key and gives its id. `metadata` is the text of a JSON object, stored in clear.
    #[pyo3(signature = (provider, api_key, *, name = None, is_default = false, expires_at = None, metadata = None))]
    fn add_key(
        &self,
        provider: Text<'_>,
        api_key: KeyArgument<'_, '_>,
        name: Option<Text<'_>>,
        is_default: bool,
        expires_at: Option<Millis>,
        metadata: Option<Text<'_>>,
    ) -> Result<String> {
        let new = NewKey {
            name: name.map(|name| name.0.to_owned()),
            is_default,
            expires_at: expires_at.map(|Millis(ms)| ms),
            metadata: metadata.map(|metadata| metadata.0.to_owned()),
        };
        Ok(api_key.with(|key| self.0.add_key(provider.0, key, new, now_ms()))??.to_string())
    }

    /// Removes a key; false when there is none of this id.
    fn remove_key(&self, id: Text<'_>) -> Result<bool> {
        Ok(self.0.remove_key(id.0, now_ms())?)
    }

    /// The key of an entry as a string, an explicit copy in Python's memory; `None` when there is none of this id or it
    /// expired. Prefer `with_key`.
    fn get_key<'py>(&self, py: Python<'py>, id: Text<'_>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.key(&id)?.map(|key| key.expose(|key| key_text(py, key))).transpose()
    }

    /// The key of an entry as bytes, a copy as with `get_key`.
    fn get_key_bytes<'py>(&self, py: Python<'py>, id: Text<'_>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        self.key(&id)?.map(|key| key.expose(|bytes| to_bytes(py, bytes))).transpose()
    }

    /// The provider's default key, or else its first that has not expired; a copy as with `get_key`.
    fn get_key_for_provider<'py>(
        &self,
        py: Python<'py>,
        provider: Text<'_>,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        let key = self.0.key_for_provider(provider.0, now_ms()).map_err(Failure::from)?;
        key.map(|key| key.expose(|key| key_text(py, key))).transpose()
    }

    /// Calls `work` with a temporary `bytearray` of an entry's key and gives what it returns. The copy is zeroed when `work`
    /// returns or raises. Raises `CryptoError` with `ENTRY_NOT_FOUND` where `get_key` gives `None`.
    fn with_key<'py>(&self, id: Text<'_>, work: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let missing = chrysalis_security::SecurityError::EntryNotFound;
        let key = self.key(&id)?.ok_or(missing).map_err(Failure::from)?;
        key.expose(|key| lend(work, key))
    }

    /// What is known of all keys, or of one provider's, in the order in which they were added. Works while locked.
    #[pyo3(signature = (provider = None))]
    fn list_keys(&self, provider: Option<Text<'_>>) -> Result<Vec<ApiKeyEntry>> {
        let entries = self.0.list_keys(provider.map(|provider| provider.0), now_ms())?;
        Ok(entries.into_iter().map(ApiKeyEntry).collect())
    }

    /// Makes a key its provider's default.
    fn set_default(&self, id: Text<'_>) -> Result<()> {
        Ok(self.0.set_default(id.0, now_ms())?)
    }

    /// Replaces the key of an entry, which keeps its id, name and place.
    fn rotate_key(&self, id: Text<'_>, api_key: KeyArgument<'_, '_>) -> Result<()> {
        Ok(api_key.with(|key| self.0.rotate_key(id.0, key, now_ms()))??)
    }

    /// A copy of the settings; the defaults of new wallets until a loaded one was opened.
    fn get_settings(&self) -> WalletSettings {
        WalletSettings(self.0.settings())
    }

    /// Changes settings: minutes until the wallet locks itself, 0 for never, and whether programs should ask for the
    /// password before every key they show. What is `None` stays.
    #[pyo3(signature = (*, auto_lock_timeout = None, require_password_on_access = None))]
    fn update_settings(
        &self,
        auto_lock_timeout: Option<Number>,
        require_password_on_access: Option<bool>,
    ) -> Result<WalletSettings> {
        let change = SettingsChange {
            auto_lock_timeout: auto_lock_timeout.map(|Number(minutes)| minutes),
            require_password_on_access,
            default_providers: None,
        };
        Ok(WalletSettings(self.0.update_settings(change, now_ms())?))
    }

    /// `uninitialized`, `locked` or `unlocked`.
    fn get_state(&self) -> &'static str {
        self.0.state().as_str()
    }

    /// Whether the wallet is open.
    fn is_unlocked(&self) -> bool {
        self.0.is_unlocked()
    }

    /// Locks, and forgets the wallet: it is uninitialized afterwards.
    fn destroy(&self) {
        self.0.destroy();
    }

    fn __repr__(&self) -> String {
        format!("ApiKeyWallet({})", self.0.state().as_str())
    }
}

impl ApiKeyWallet {
    pub(super) fn of(wallet: domain::ApiKeyWallet) -> Self {
        Self(wallet)
    }

    fn key(&self, id: &Text<'_>) -> Result<Option<Arc<api_keys::ApiKey>>> {
        Ok(self.0.key(id.0, now_ms())?)
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

fn to_wrapping_key(key: &Key<'_, '_>) -> Result<WrappingKey> {
    let mut copy = key.lend().with(|key| Zeroizing::new(key.to_vec()));
    Ok(WrappingKey::from_slice_wiping(&mut copy)?)
}
