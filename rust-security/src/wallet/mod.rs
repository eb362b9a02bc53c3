//! API keys at rest: a wallet that a password or a host's key opens.
//!
//! The wallet is a state machine. It has no clock, no timer and no file: callers give the time with each operation, ask
//! when to call [`tick`](ApiKeyWallet::tick), fetch the events, and keep what [`export`](ApiKeyWallet::export) gives.
//! The file is laid down in `docs/encodings/wallet.md`.

mod document;
mod entry;
mod event;
mod keys;
mod open;
mod settings;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrysalis_crypto::api_keys::ApiKey;
use chrysalis_crypto::kdf::Argon2Params;

pub use self::document::{MAX_ENTRIES, MAX_FILE_BYTES, MAX_HOST_KEYS, MAX_LABEL_LENGTH};
pub use self::entry::{
    ApiKeyEntry, MAX_METADATA_DEPTH, MAX_METADATA_LENGTH, MAX_NAME_LENGTH, MAX_TIME_MS, NewKey,
};
pub use self::event::WalletEvent;
pub use self::open::HostKeyInfo;
pub use self::settings::{MAX_AUTO_LOCK_MINUTES, SettingsChange, WalletSettings};

pub(crate) use self::keys::KeyTimes;

use self::document::Document;
use crate::audit::{AuditEvent, AuditLog, KeyId};
use crate::error::SecurityError;
use crate::event::{EventQueue, Events};
use crate::provider::ProviderName;
use crate::sealing::MasterKey;
use crate::sorted::SortedMap;

/// How long an opened key is kept in memory, in milliseconds.
pub const CACHE_MS: u64 = 5 * 60 * 1000;

/// Whether a wallet exists and can be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WalletState {
    /// Neither initialised nor loaded.
    Uninitialized,
    /// There, but the master key is not in memory.
    Locked,
    /// Ready.
    Unlocked,
}

impl WalletState {
    /// `uninitialized`, `locked` or `unlocked`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Uninitialized => "uninitialized",
            Self::Locked => "locked",
            Self::Unlocked => "unlocked",
        }
    }
}

/// A wallet of API keys. All methods may be called from several threads; each operation happens whole or not at all.
///
/// Times are milliseconds since the Unix epoch; later ones than [`MAX_TIME_MS`] count as that.
pub struct ApiKeyWallet {
    inner: Mutex<Inner>,
}

struct Inner {
    params: Argon2Params,
    stored: Option<Stored>,
    open: Option<Open>,
    settings: WalletSettings,
    events: EventQueue<WalletEvent>,
    audit: Option<Arc<AuditLog>>,
}

/// What is in the file.
struct Stored {
    document: Document,
    /// The place of each entry in the document.
    places: SortedMap<KeyId, usize>,
    /// The document's MAC; `None` after a change, until someone needs it.
    mac: Option<[u8; 32]>,
    /// Whether anything but when keys were last used changed since it was read or kept.
    is_edited: bool,
}

/// What is in memory while unlocked.
struct Open {
    master: MasterKey,
    cache: SortedMap<KeyId, Cached>,
    touched_ms: u64,
}

struct Cached {
    key: Arc<ApiKey>,
    until_ms: u64,
}

impl Default for ApiKeyWallet {
    fn default() -> Self {
        Self::new()
    }
}

impl ApiKeyWallet {
    /// A wallet that is uninitialised. Passwords cost [`Argon2Params::DEFAULT`].
    #[must_use]
    pub fn new() -> Self {
        Self::with_params(Argon2Params::DEFAULT)
    }

    /// The same with another cost for passwords that are set from here on; [`Argon2Params::NATIVE`] suits programs
    /// outside browsers. The file names the cost, so every program opens it.
    #[must_use]
    pub fn with_params(params: Argon2Params) -> Self {
        let inner = Inner {
            params,
            stored: None,
            open: None,
            settings: WalletSettings::default(),
            events: EventQueue::default(),
            audit: None,
        };
        Self { inner: Mutex::new(inner) }
    }

    /// Records what happens from here on in `log`, refused attempts included.
    pub fn set_audit(&self, log: Arc<AuditLog>) {
        self.inner().audit = Some(log);
    }

    /// Takes over the wallet in a file, which may be read while locked: the list of entries, nothing else. The wallet
    /// is locked afterwards.
    ///
    /// # Errors
    /// [`SecurityError::WalletLoad`]; the wallet is unchanged then.
    pub fn load(&self, json: &str) -> Result<(), SecurityError> {
        let (document, mac) = Document::from_json(json)?;
        let mut inner = self.inner();
        inner.close(None);
        inner.stored = Some(Stored::new(document, Some(mac)));
        inner.settings = WalletSettings::default();
        Ok(())
    }

    /// Takes over a later state of the same wallet's file without locking: what another process wrote.
    ///
    /// # Errors
    /// [`SecurityError::WalletLoad`]; [`SecurityError::WalletLocked`]; [`SecurityError::VaultReplaced`] when the file is
    /// another wallet's, or one whose master key was rotated; [`SecurityError::WalletTampered`]. The wallet is unchanged
    /// then.
    pub fn reload(&self, json: &str, now_ms: u64) -> Result<(), SecurityError> {
        let (document, mac) = Document::from_json(json)?;
        let mut inner = self.inner();
        // Learning what others did is no key operation.
        inner.close_if_idle(now_ms);
        let inner = &mut *inner;
        let (Some(stored), Some(open)) = (&mut inner.stored, &mut inner.open) else {
            return Err(SecurityError::WalletLocked);
        };
        if document.wallet_id != stored.document.wallet_id {
            return Err(SecurityError::VaultReplaced);
        }
        if document.verify(&open.master, &mac).is_err() {
            // A rotated master key does not open the settings; a changed file with the same key does, or says so.
            let opens = open.master.open(&document.settings, &document.settings_context()).is_ok();
            return Err(if opens { SecurityError::WalletTampered } else { SecurityError::VaultReplaced });
        }
        let settings = open.master.open(&document.settings, &document.settings_context())?;
        let settings = WalletSettings::from_json(&settings)?;
        // What was rotated or removed elsewhere must not be served from here.
        open.cache.clear();
        *stored = Stored::new(document, Some(mac));
        inner.settings = settings;
        Ok(())
    }

    /// The file: JSON, indented by two spaces, with nothing in it that is not sealed or meant to be seen while locked.
    /// Works locked and unlocked. Costs a serialisation and a MAC of the whole when something changed.
    ///
    /// # Errors
    /// [`SecurityError::WalletUninitialized`]; [`SecurityError::LimitExceeded`] for one over [`MAX_FILE_BYTES`].
    pub fn export(&self) -> Result<String, SecurityError> {
        let mut inner = self.inner();
        let inner = &mut *inner;
        let stored = inner.stored.as_mut().ok_or(SecurityError::WalletUninitialized)?;
        let mac = match (stored.mac, &inner.open) {
            (Some(mac), _) => mac,
            (None, Some(open)) => stored.document.mac(&open.master)?,
            // Locking makes the MAC, so that this is a wallet whose MAC could not be made.
            (None, None) => return Err(SecurityError::MalformedState("wallet")),
        };
        stored.mac = Some(mac);
        let json = stored.document.to_json(&mac);
        if json.len() > MAX_FILE_BYTES {
            return Err(SecurityError::LimitExceeded { what: "bytes of the wallet", limit: MAX_FILE_BYTES });
        }
        Ok(json)
    }

    /// Whether [`load`](Self::load) takes `json`.
    #[cfg(any(unix, windows))]
    pub(crate) fn check_file(json: &str) -> Result<(), SecurityError> {
        Document::from_json(json).map(|_| ())
    }

    /// Whether anything but when keys were last used changed since [`mark_kept`](Self::mark_kept).
    #[cfg(any(unix, windows))]
    pub(crate) fn is_edited(&self) -> bool {
        self.inner().stored.as_ref().is_none_or(|stored| stored.is_edited)
    }

    /// To be told that the wallet is what is on disk.
    #[cfg(any(unix, windows))]
    pub(crate) fn mark_kept(&self) {
        if let Some(stored) = &mut self.inner().stored {
            stored.is_edited = false;
        }
    }

    /// Whose key the entry of this id holds.
    pub(crate) fn provider_of(&self, id: &str) -> Option<ProviderName> {
        let inner = self.inner();
        let stored = inner.stored.as_ref()?;
        Some(stored.document.entries[stored.place(id)?].entry.provider.clone())
    }

    /// Wipes the master key and every opened key that nobody uses at the moment. Nothing when not unlocked.
    pub fn lock(&self, now_ms: u64) {
        self.inner().close(Some(now_ms));
    }

    /// Locks when there was no key operation for as long as the settings say; whether it did.
    ///
    /// Operations do this first, so that a late timer gives nothing away.
    pub fn tick(&self, now_ms: u64) -> bool {
        self.inner().close_if_idle(now_ms)
    }

    /// When [`tick`](Self::tick) would lock, unless a key operation comes before; `None` for never.
    #[must_use]
    pub fn lock_deadline_ms(&self) -> Option<u64> {
        self.inner().deadline_ms()
    }

    /// Whether there is a wallet, and whether it is open.
    #[must_use]
    pub fn state(&self) -> WalletState {
        let inner = self.inner();
        match (&inner.stored, &inner.open) {
            (None, _) => WalletState::Uninitialized,
            (Some(_), None) => WalletState::Locked,
            (Some(_), Some(_)) => WalletState::Unlocked,
        }
    }

    /// Whether the wallet is open.
    #[must_use]
    pub fn is_unlocked(&self) -> bool {
        self.state() == WalletState::Unlocked
    }

    /// The random id that every part of the file is bound to; `None` when uninitialised.
    #[must_use]
    pub fn wallet_id(&self) -> Option<[u8; 16]> {
        self.inner().stored.as_ref().map(|stored| stored.document.wallet_id)
    }

    /// The events since the last call, for a facade to dispatch.
    #[must_use]
    pub fn take_events(&self) -> Events<WalletEvent> {
        self.inner().events.take()
    }

    /// Locks, and forgets the wallet: it is uninitialised afterwards. Files stay.
    pub fn destroy(&self) {
        let mut inner = self.inner();
        inner.close(None);
        inner.stored = None;
        inner.settings = WalletSettings::default();
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Operations prepare first and then change without a step that can fail, so that a panic leaves it whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for ApiKeyWallet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKeyWallet").field("state", &self.state()).finish_non_exhaustive()
    }
}

impl Inner {
    /// The parts of an open wallet, after locking one that was idle too long; counts as a key operation.
    fn unlocked(&mut self, now_ms: u64) -> Result<(&mut Stored, &mut Open), SecurityError> {
        self.close_if_idle(now_ms);
        match (&mut self.stored, &mut self.open) {
            (Some(stored), Some(open)) => {
                open.touched_ms = open.touched_ms.max(clamp(now_ms));
                Ok((stored, open))
            }
            _ => Err(SecurityError::WalletLocked),
        }
    }

    fn deadline_ms(&self) -> Option<u64> {
        let timeout_ms = u64::from(self.settings.auto_lock_timeout) * 60_000;
        let open = self.open.as_ref().filter(|_| timeout_ms > 0)?;
        Some(open.touched_ms.saturating_add(timeout_ms))
    }

    fn close_if_idle(&mut self, now_ms: u64) -> bool {
        if let Some(open) = &mut self.open {
            let now_ms = clamp(now_ms);
            // A clock that was set back must not keep the wallet open until it is where it was.
            open.touched_ms = open.touched_ms.min(now_ms);
            let latest_ms = now_ms.saturating_add(CACHE_MS);
            open.cache.retain(|cached| cached.until_ms > now_ms && cached.until_ms <= latest_ms);
        }
        let is_idle = self.deadline_ms().is_some_and(|deadline| clamp(now_ms) >= deadline);
        if is_idle {
            self.close(Some(now_ms));
        }
        is_idle
    }

    /// Locks; without a time, the last known one goes on record.
    fn close(&mut self, now_ms: Option<u64>) {
        let Some(open) = self.open.take() else { return };
        if let Some(stored) = &mut self.stored
            && stored.mac.is_none()
        {
            stored.mac = stored.document.mac(&open.master).ok();
        }
        self.events.push(WalletEvent::Locked);
        let event = AuditEvent::done(crate::audit::AuditAction::Locked, now_ms.unwrap_or(open.touched_ms));
        drop(open);
        self.record(event);
    }

    fn record(&self, event: AuditEvent) {
        if let Some(log) = &self.audit {
            log.record(event);
        }
    }
}

impl Stored {
    fn new(document: Document, mac: Option<[u8; 32]>) -> Self {
        let places = document.places();
        Self { document, places, mac, is_edited: true }
    }

    fn place(&self, id: &str) -> Option<usize> {
        let id: KeyId = id.parse().ok()?;
        self.places.get(&id).copied()
    }

    /// To be called with every change: the time, and the MAC that no longer holds.
    fn changed(&mut self, now_ms: u64) {
        self.is_edited = true;
        self.used(now_ms);
    }

    /// To be called when all that changed is when a key was last used.
    fn used(&mut self, now_ms: u64) {
        self.document.updated_at = clamp(now_ms);
        self.mac = None;
    }

    fn entries_of(&self, provider: &ProviderName) -> impl Iterator<Item = &ApiKeyEntry> {
        let of_provider = move |entry: &&ApiKeyEntry| entry.provider == *provider;
        self.document.entries.iter().map(|sealed| &sealed.entry).filter(of_provider)
    }
}

/// A time that JSON keeps exact.
fn clamp(now_ms: u64) -> u64 {
    now_ms.min(MAX_TIME_MS)
}
