//! Keys in use: API keys, session keys and storage keys that stay inside and do their work there.

mod codec;
mod legacy;
mod password;
mod request;
mod session;
mod storage;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use chrysalis_crypto::api_keys::{self, ApiKey};
use chrysalis_crypto::envelope::Suite;
use chrysalis_crypto::kdf::Argon2Params;

pub use self::legacy::{LegacyFormat, decrypt_legacy};
pub use self::request::{AuthorizationHeader, SignedRequest, string_to_sign};
pub use self::session::{MAX_SESSION_ID_LENGTH, MAX_SESSION_KEYS, MAX_SESSIONS};
pub use self::storage::MAX_STORAGE_KEYS;

use self::password::LockPassword;
use self::session::Sessions;
use self::storage::StorageKeys;
use crate::api_key;
use crate::audit::{AuditAction, AuditEvent, AuditLog};
use crate::error::SecurityError;
use crate::provider::ProviderName;
use crate::sorted::SortedMap;

/// The most API keys of a context.
pub const MAX_API_KEYS: usize = 4096;

/// Tells the time, in milliseconds since the Unix epoch.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The operating system's clock. Browsers give their own.
#[cfg(not(target_family = "wasm"))]
#[must_use]
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
    })
}

/// API keys, session keys and storage keys in wiped memory.
///
/// All methods may be called from several threads. Readers do not block readers: whoever uses a key holds no lock
/// meanwhile, and a key that is replaced, retired or locked away is wiped when its last user is done.
pub struct SecurityContext {
    inner: RwLock<Inner>,
    clock: Clock,
    params: Argon2Params,
    audit: Arc<AuditLog>,
}

struct Inner {
    state: State,
    password: Option<LockPassword>,
}

enum State {
    Open(OpenState),
    /// Everything, sealed under the key of the password.
    Locked(Vec<u8>),
}

/// Everything a context keeps.
struct OpenState {
    suite: Suite,
    storage: StorageKeys,
    sessions: Sessions,
    api_keys: SortedMap<ProviderName, StoredKey>,
}

#[derive(Clone)]
struct StoredKey {
    key: Arc<ApiKey>,
    stored_at: u64,
}

/// What may be shown of an API key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiKeyDescription {
    /// Provider and kind that its shape tells, such as `openai` and `project`; `generic` when unknown.
    pub detected_provider: &'static str,
    /// See [`detected_provider`](Self::detected_provider).
    pub kind: &'static str,
    /// `certain`, `likely`, `hint` or `unknown`.
    pub confidence: &'static str,
    /// The form for logs.
    pub redacted: String,
    /// When it was stored, in milliseconds since the Unix epoch.
    pub stored_at: u64,
}

impl SecurityContext {
    /// A context with a fresh random storage key, number 1. What it seals can be opened later only with its exported
    /// state.
    ///
    /// # Errors
    /// `RANDOM_UNAVAILABLE`.
    pub fn make(clock: Clock) -> Result<Self, SecurityError> {
        Self::make_with(clock, Argon2Params::DEFAULT, Suite::default())
    }

    /// The same with another cost of passwords and another cipher: [`Argon2Params::NATIVE`] suits programs outside
    /// browsers, [`Suite::Xaes256Gcm`] deployments that need NIST primitives.
    ///
    /// # Errors
    /// `RANDOM_UNAVAILABLE`.
    pub fn make_with(clock: Clock, params: Argon2Params, suite: Suite) -> Result<Self, SecurityError> {
        let state = OpenState {
            suite,
            storage: StorageKeys::make(suite)?,
            sessions: Sessions::default(),
            api_keys: SortedMap::default(),
        };
        Ok(Self::with_state(state, None, clock, params))
    }

    /// The log in which this context records what is done. It holds no secret.
    #[must_use]
    pub fn audit(&self) -> &Arc<AuditLog> {
        &self.audit
    }

    /// Keeps a provider's key; an older one is wiped. The key is checked leniently: what no rule knows is accepted.
    ///
    /// # Errors
    /// [`SecurityError::InvalidProvider`]; [`SecurityError::InvalidApiKey`]; [`SecurityError::ContextLocked`];
    /// [`SecurityError::LimitExceeded`].
    pub fn store_api_key(&self, provider: &str, key: ApiKey) -> Result<(), SecurityError> {
        let provider = ProviderName::parse(provider)?;
        api_key::check(&key)?;
        let stored_at = (self.clock)();
        let mut inner = self.write();
        let keys = &mut inner.open_mut()?.api_keys;
        if keys.len() >= MAX_API_KEYS && !keys.contains_key(&provider) {
            return Err(SecurityError::LimitExceeded { what: "API keys", limit: MAX_API_KEYS });
        }
        let replaced = keys.insert(provider.clone(), StoredKey { key: Arc::new(key), stored_at });
        drop(inner);
        let action = if replaced.is_some() { AuditAction::KeyRotated } else { AuditAction::KeyAdded };
        self.audit.record(AuditEvent::done(action, stored_at).with_provider(&provider));
        Ok(())
    }

    /// A provider's key, shared and not copied. Prefer what uses keys in place: [`with_api_key`](Self::with_api_key),
    /// [`authorization_header`](Self::authorization_header), [`sign_request`](Self::sign_request).
    ///
    /// # Errors
    /// [`SecurityError::KeyNotFound`], [`SecurityError::InvalidProvider`], [`SecurityError::ContextLocked`].
    pub fn api_key(&self, provider: &str) -> Result<Arc<ApiKey>, SecurityError> {
        self.use_key(provider, AuditAction::KeyAccessed)
    }

    /// Lets `use_key` see the bytes of a provider's key and gives what it returns. No lock is held meanwhile.
    ///
    /// # Errors
    /// As [`api_key`](Self::api_key).
    pub fn with_api_key<R>(
        &self,
        provider: &str,
        use_key: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, SecurityError> {
        Ok(self.api_key(provider)?.expose(use_key))
    }

    /// Whether a provider's key is kept.
    ///
    /// # Errors
    /// [`SecurityError::InvalidProvider`], [`SecurityError::ContextLocked`].
    pub fn has_api_key(&self, provider: &str) -> Result<bool, SecurityError> {
        let provider = ProviderName::parse(provider)?;
        Ok(self.read().open()?.api_keys.contains_key(&provider))
    }

    /// The providers whose keys are kept, in alphabetical order.
    ///
    /// # Errors
    /// [`SecurityError::ContextLocked`].
    pub fn list_providers(&self) -> Result<Vec<ProviderName>, SecurityError> {
        Ok(self.read().open()?.api_keys.iter().map(|(provider, _)| provider.clone()).collect())
    }

    /// Removes a provider's key; whether there was one.
    ///
    /// # Errors
    /// [`SecurityError::InvalidProvider`], [`SecurityError::ContextLocked`].
    pub fn remove_api_key(&self, provider: &str) -> Result<bool, SecurityError> {
        let provider = ProviderName::parse(provider)?;
        let removed = self.write().open_mut()?.api_keys.remove(&provider).is_some();
        if removed {
            let event = AuditEvent::done(AuditAction::KeyRemoved, (self.clock)());
            self.audit.record(event.with_provider(&provider));
        }
        Ok(removed)
    }

    /// What may be shown of a provider's key.
    ///
    /// # Errors
    /// As [`api_key`](Self::api_key).
    pub fn describe_api_key(&self, provider: &str) -> Result<ApiKeyDescription, SecurityError> {
        let provider = ProviderName::parse(provider)?;
        let StoredKey { key, stored_at } = self.stored_key(&provider)?;
        let found = api_key::check(&key)?;
        Ok(ApiKeyDescription {
            detected_provider: found.provider,
            kind: found.kind,
            confidence: found.confidence.name(),
            redacted: api_keys::redact_for_logging(&key),
            stored_at,
        })
    }

    fn with_state(
        state: OpenState,
        password: Option<LockPassword>,
        clock: Clock,
        params: Argon2Params,
    ) -> Self {
        let inner = Inner { state: State::Open(state), password };
        Self { inner: RwLock::new(inner), clock, params, audit: Arc::default() }
    }

    /// A key for use, and the use on record.
    fn use_key(&self, provider: &str, action: AuditAction) -> Result<Arc<ApiKey>, SecurityError> {
        let provider = ProviderName::parse(provider)?;
        let found = self.stored_key(&provider);
        let now_ms = (self.clock)();
        let event = match &found {
            Ok(_) => AuditEvent::done(action, now_ms),
            Err(error) => AuditEvent::refused(action, now_ms, error),
        };
        self.audit.record(event.with_provider(&provider));
        Ok(found?.key)
    }

    fn stored_key(&self, provider: &ProviderName) -> Result<StoredKey, SecurityError> {
        let inner = self.read();
        let found = inner.open()?.api_keys.get(provider);
        found.cloned().ok_or_else(|| SecurityError::KeyNotFound(provider.clone()))
    }

    fn record(&self, action: AuditAction) {
        self.audit.record(AuditEvent::done(action, (self.clock)()));
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        // Changes are made after everything that can fail, so that a panic leaves the state whole.
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for SecurityContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecurityContext").field("is_locked", &self.is_locked()).finish_non_exhaustive()
    }
}

impl Inner {
    fn open(&self) -> Result<&OpenState, SecurityError> {
        match &self.state {
            State::Open(state) => Ok(state),
            State::Locked(_) => Err(SecurityError::ContextLocked),
        }
    }

    fn open_mut(&mut self) -> Result<&mut OpenState, SecurityError> {
        match &mut self.state {
            State::Open(state) => Ok(state),
            State::Locked(_) => Err(SecurityError::ContextLocked),
        }
    }
}
