//! Operations on the keys in an open wallet, and its settings.

use std::sync::Arc;

use chrysalis_crypto::api_keys::{self, ApiKey};

use crate::api_key::{check_printed_name, legacy_prefix};
use crate::audit::{AuditAction, AuditEvent, KeyId};
use crate::error::SecurityError;
use crate::provider::ProviderName;
use crate::wallet::document::{MAX_ENTRIES, SealedEntry};
use crate::wallet::entry::{check_metadata, check_name};
use crate::wallet::{
    ApiKeyEntry, ApiKeyWallet, CACHE_MS, Cached, Inner, MAX_TIME_MS, NewKey, SettingsChange, WalletEvent,
    WalletSettings, clamp,
};

impl ApiKeyWallet {
    /// Adds a key and gives its id, 32 hexadecimal digits in text. Keys are any text of 1 to 8192 bytes: the wallet
    /// keeps what it is given.
    ///
    /// # Errors
    /// [`SecurityError::WalletLocked`]; [`SecurityError::InvalidProvider`]; `INVALID_ARGUMENT` for a key that is no text
    /// or too long, or for a name, time or metadata out of bounds; [`SecurityError::LimitExceeded`].
    pub fn add_key(
        &self,
        provider: &str,
        key: &ApiKey,
        new: NewKey,
        now_ms: u64,
    ) -> Result<KeyId, SecurityError> {
        let mut inner = self.inner();
        let added = inner.add_key(provider, key, new, None, now_ms);
        inner.report(added.as_ref().map(|id| *id), AuditAction::KeyAdded, now_ms);
        added
    }

    /// Adds a key with the times that another wallet knew of it.
    pub(crate) fn import_key(
        &self,
        provider: &str,
        key: &ApiKey,
        new: NewKey,
        times: KeyTimes,
        now_ms: u64,
    ) -> Result<KeyId, SecurityError> {
        let mut inner = self.inner();
        let added = inner.add_key(provider, key, new, Some(times), now_ms);
        inner.report(added.as_ref().map(|id| *id), AuditAction::Imported, now_ms);
        added
    }

    /// Removes a key; false when there is none of this id.
    ///
    /// # Errors
    /// [`SecurityError::WalletLocked`], or a failure to seal the settings.
    pub fn remove_key(&self, id: &str, now_ms: u64) -> Result<bool, SecurityError> {
        let mut inner = self.inner();
        let removed = inner.remove_key(id, now_ms);
        inner.report_refused(removed, AuditAction::KeyRemoved, now_ms)
    }

    /// The key of an entry; `None` when there is none of this id or it expired. Opened keys are kept for
    /// [`CACHE_MS`]; `key:accessed` tells of those that were not.
    ///
    /// # Errors
    /// [`SecurityError::WalletLocked`].
    pub fn key(&self, id: &str, now_ms: u64) -> Result<Option<Arc<ApiKey>>, SecurityError> {
        let mut inner = self.inner();
        let found = inner.key(id, now_ms);
        if let Err(error) = &found {
            inner.record(AuditEvent::refused(AuditAction::KeyAccessed, now_ms, error));
        }
        found
    }

    /// The provider's default key, or else its first that has not expired.
    ///
    /// # Errors
    /// [`SecurityError::WalletLocked`], [`SecurityError::InvalidProvider`].
    pub fn key_for_provider(
        &self,
        provider: &str,
        now_ms: u64,
    ) -> Result<Option<Arc<ApiKey>>, SecurityError> {
        let id = self.id_for_provider(provider, now_ms);
        let id = self.inner().report_refused(id, AuditAction::KeyAccessed, now_ms)?;
        Ok(id.map(|id| self.key(&id, now_ms)).transpose()?.flatten())
    }

    /// What is known of all keys, or of one provider's, in the order in which they were added. Works while locked;
    /// empty when uninitialised. Is no key operation: showing the list does not keep the wallet open.
    ///
    /// Costs one opening per entry while unlocked.
    ///
    /// # Errors
    /// [`SecurityError::InvalidProvider`].
    pub fn list_keys(&self, provider: Option<&str>, now_ms: u64) -> Result<Vec<ApiKeyEntry>, SecurityError> {
        let provider = provider.map(ProviderName::parse_for_wallet).transpose()?;
        let mut inner = self.inner();
        inner.close_if_idle(now_ms);
        let Some(stored) = &inner.stored else { return Ok(Vec::new()) };
        let is_wanted = |sealed: &&SealedEntry| provider.as_ref().is_none_or(|p| sealed.entry.provider == *p);
        let wanted = stored.document.entries.iter().filter(is_wanted);
        let show = |sealed: &SealedEntry| {
            let mut entry = sealed.entry.clone();
            if let Some(open) = &inner.open {
                let key = open.master.open(&sealed.sealed_key, &entry.context(&stored.document.wallet_id))?;
                if let Some(prefix) = legacy_prefix(&key) {
                    entry.key_prefix = prefix;
                }
            }
            Ok(entry)
        };
        wanted.map(show).collect()
    }

    /// Makes a key its provider's default.
    ///
    /// # Errors
    /// [`SecurityError::WalletLocked`], [`SecurityError::EntryNotFound`].
    pub fn set_default(&self, id: &str, now_ms: u64) -> Result<(), SecurityError> {
        let mut inner = self.inner();
        let set = inner.set_default(id, now_ms);
        inner.report_refused(set, AuditAction::DefaultSet, now_ms)
    }

    /// Replaces the key of an entry, which keeps its id, name and place.
    ///
    /// # Errors
    /// [`SecurityError::WalletLocked`], [`SecurityError::EntryNotFound`], `INVALID_ARGUMENT` as for
    /// [`add_key`](Self::add_key).
    pub fn rotate_key(&self, id: &str, key: &ApiKey, now_ms: u64) -> Result<(), SecurityError> {
        let mut inner = self.inner();
        let rotated = inner.rotate_key(id, key, now_ms);
        inner.report(rotated.as_ref().map(|id| *id), AuditAction::KeyRotated, now_ms);
        rotated.map(|_| ())
    }

    /// A copy of the settings; the defaults of new wallets until a loaded one was unlocked.
    #[must_use]
    pub fn settings(&self) -> WalletSettings {
        self.inner().settings.clone()
    }

    /// Changes settings.
    ///
    /// # Errors
    /// [`SecurityError::WalletLocked`]; `INVALID_ARGUMENT` for a time out of bounds; [`SecurityError::EntryNotFound`]
    /// when a default is no entry of its provider.
    pub fn update_settings(
        &self,
        change: SettingsChange,
        now_ms: u64,
    ) -> Result<WalletSettings, SecurityError> {
        let mut inner = self.inner();
        let updated = inner.update_settings(change, now_ms);
        inner.report_refused(updated, AuditAction::SettingsChanged, now_ms)
    }

    fn id_for_provider(&self, provider: &str, now_ms: u64) -> Result<Option<String>, SecurityError> {
        let provider = ProviderName::parse_for_wallet(provider)?;
        let mut inner = self.inner();
        let default = inner.settings.default_providers.get(&provider).copied();
        let (stored, _) = inner.unlocked(now_ms)?;
        let usable = || stored.entries_of(&provider).filter(|entry| !entry.is_expired(clamp(now_ms)));
        let chosen = usable().find(|entry| Some(entry.id) == default).or_else(|| usable().next());
        Ok(chosen.map(|entry| entry.id.to_string()))
    }
}

/// What another wallet knew of a key, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyTimes {
    pub(crate) created_at: Option<u64>,
    pub(crate) last_used_at: Option<u64>,
}

impl Inner {
    fn add_key(
        &mut self,
        provider: &str,
        key: &ApiKey,
        new: NewKey,
        times: Option<KeyTimes>,
        now_ms: u64,
    ) -> Result<KeyId, SecurityError> {
        let mut settings = self.settings.clone();
        let (stored, open) = self.unlocked(now_ms)?;
        let provider = ProviderName::parse_for_wallet(provider)?;
        check_key(key)?;
        if stored.document.entries.len() >= MAX_ENTRIES {
            return Err(SecurityError::LimitExceeded { what: "keys", limit: MAX_ENTRIES });
        }
        let name = new.name.unwrap_or_else(|| format!("{provider} key"));
        check_name(&name)?;
        check_printed_name(&name)?;
        if new.expires_at.is_some_and(|expires_at| expires_at > MAX_TIME_MS) {
            return Err(SecurityError::argument("expiresAt must be at most 2^53 - 1"));
        }
        let entry = ApiKeyEntry {
            id: KeyId::make()?,
            provider: provider.clone(),
            name: name.clone(),
            key_prefix: api_keys::redact_for_logging(key),
            created_at: clamp(times.and_then(|times| times.created_at).unwrap_or(now_ms)),
            last_used_at: times.and_then(|times| times.last_used_at).map(clamp),
            expires_at: new.expires_at,
            is_default: new.is_default,
            metadata: new.metadata.as_deref().map(check_metadata).transpose()?,
        };
        entry.check_within_file()?;
        let id = entry.id;
        let context = entry.context(&stored.document.wallet_id);
        let sealed_key = key.expose(|key| open.master.seal(key, &context))?;
        if new.is_default {
            settings.default_providers.insert(provider.clone(), id);
            stored.document.settings = stored.document.seal_settings(&open.master, &settings)?;
        }
        stored.places.insert(id, stored.document.entries.len());
        stored.document.entries.push(SealedEntry { entry, sealed_key });
        if new.is_default {
            mark_defaults(&mut stored.document.entries, &settings);
        }
        stored.changed(now_ms);
        self.settings = settings;
        self.events.push(WalletEvent::KeyAdded { id, provider, name });
        Ok(id)
    }

    fn key(&mut self, id: &str, now_ms: u64) -> Result<Option<Arc<ApiKey>>, SecurityError> {
        let now_ms = clamp(now_ms);
        let (stored, open) = self.unlocked(now_ms)?;
        let Some(place) = stored.place(id) else { return Ok(None) };
        let wallet_id = stored.document.wallet_id;
        let SealedEntry { entry, sealed_key } = &mut stored.document.entries[place];
        if entry.is_expired(now_ms) {
            open.cache.remove(&entry.id);
            return Ok(None);
        }
        let (id, provider) = (entry.id, entry.provider.clone());
        let cached = open.cache.get(&id).map(|cached| Arc::clone(&cached.key));
        let is_cached = cached.is_some();
        let key = match cached {
            Some(key) => key,
            None => {
                let mut key = open.master.open(sealed_key, &entry.context(&wallet_id))?;
                let key = Arc::new(ApiKey::from_bytes(&mut key)?);
                let until_ms = now_ms.saturating_add(CACHE_MS);
                open.cache.insert(id, Cached { key: Arc::clone(&key), until_ms });
                key
            }
        };
        entry.last_used_at = Some(now_ms);
        stored.used(now_ms);
        if !is_cached {
            self.events.push(WalletEvent::KeyAccessed { id, provider: provider.clone() });
        }
        self.record(AuditEvent::done(AuditAction::KeyAccessed, now_ms).with_provider(&provider).with_key(id));
        Ok(Some(key))
    }

    fn rotate_key(&mut self, id: &str, key: &ApiKey, now_ms: u64) -> Result<KeyId, SecurityError> {
        let (stored, open) = self.unlocked(now_ms)?;
        let place = stored.place(id).ok_or(SecurityError::EntryNotFound)?;
        check_key(key)?;
        let wallet_id = stored.document.wallet_id;
        let SealedEntry { entry, sealed_key } = &mut stored.document.entries[place];
        *sealed_key = key.expose(|key| open.master.seal(key, &entry.context(&wallet_id)))?;
        entry.key_prefix = api_keys::redact_for_logging(key);
        let (id, provider) = (entry.id, entry.provider.clone());
        stored.changed(now_ms);
        open.cache.remove(&id);
        self.events.push(WalletEvent::KeyRotated { id, provider });
        Ok(id)
    }

    fn remove_key(&mut self, id: &str, now_ms: u64) -> Result<bool, SecurityError> {
        let mut settings = self.settings.clone();
        let (stored, open) = self.unlocked(now_ms)?;
        let Some(place) = stored.place(id) else { return Ok(false) };
        let entry = stored.document.entries[place].entry.clone();
        settings.default_providers.retain(|_, default| *default != entry.id);
        let sealed = stored.document.seal_settings(&open.master, &settings)?;
        stored.document.entries.remove(place);
        stored.places.remove(&entry.id);
        stored.places.values_mut().filter(|later| **later > place).for_each(|later| *later -= 1);
        stored.document.settings = sealed;
        stored.changed(now_ms);
        open.cache.remove(&entry.id);
        self.settings = settings;
        self.events.push(WalletEvent::KeyRemoved { id: entry.id, provider: entry.provider.clone() });
        self.report(Ok(entry.id), AuditAction::KeyRemoved, now_ms);
        Ok(true)
    }

    fn set_default(&mut self, id: &str, now_ms: u64) -> Result<(), SecurityError> {
        let mut settings = self.settings.clone();
        let (stored, open) = self.unlocked(now_ms)?;
        let place = stored.place(id).ok_or(SecurityError::EntryNotFound)?;
        let (id, provider) = {
            let entry = &stored.document.entries[place].entry;
            (entry.id, entry.provider.clone())
        };
        settings.default_providers.insert(provider, id);
        let sealed = stored.document.seal_settings(&open.master, &settings)?;
        stored.document.settings = sealed;
        mark_defaults(&mut stored.document.entries, &settings);
        stored.changed(now_ms);
        self.settings = settings;
        self.report(Ok(id), AuditAction::DefaultSet, now_ms);
        Ok(())
    }

    fn update_settings(
        &mut self,
        change: SettingsChange,
        now_ms: u64,
    ) -> Result<WalletSettings, SecurityError> {
        let mut settings = self.settings.clone();
        let (stored, open) = self.unlocked(now_ms)?;
        if let Some(minutes) = change.auto_lock_timeout {
            settings.auto_lock_timeout = minutes;
        }
        if let Some(required) = change.require_password_on_access {
            settings.require_password_on_access = required;
        }
        if let Some(defaults) = change.default_providers {
            settings.default_providers = defaults;
        }
        settings.check()?;
        for (provider, id) in &settings.default_providers {
            let place = stored.places.get(id).ok_or(SecurityError::EntryNotFound)?;
            if stored.document.entries[*place].entry.provider != *provider {
                return Err(SecurityError::EntryNotFound);
            }
        }
        let sealed = stored.document.seal_settings(&open.master, &settings)?;
        stored.document.settings = sealed;
        mark_defaults(&mut stored.document.entries, &settings);
        stored.changed(now_ms);
        self.settings = settings.clone();
        self.events.push(WalletEvent::SettingsChanged { settings: settings.clone() });
        self.record(AuditEvent::done(AuditAction::SettingsChanged, now_ms));
        Ok(settings)
    }

    /// Puts an operation on record if it was refused.
    pub(super) fn report_refused<T>(
        &self,
        result: Result<T, SecurityError>,
        action: AuditAction,
        now_ms: u64,
    ) -> Result<T, SecurityError> {
        if let Err(error) = &result {
            self.record(AuditEvent::refused(action, now_ms, error));
        }
        result
    }

    /// Puts an operation on an entry on record, done or refused.
    fn report(&self, result: Result<KeyId, &SecurityError>, action: AuditAction, now_ms: u64) {
        let event = match result {
            Err(error) => AuditEvent::refused(action, now_ms, error),
            Ok(id) => {
                let event = AuditEvent::done(action, now_ms).with_key(id);
                let stored = self.stored.as_ref();
                let place = stored.and_then(|stored| stored.places.get(&id));
                match stored.zip(place) {
                    Some((stored, place)) => {
                        event.with_provider(&stored.document.entries[*place].entry.provider)
                    }
                    None => event,
                }
            }
        };
        self.record(event);
    }
}

/// Makes the marks on entries what the settings say: one default per provider at most.
fn mark_defaults(entries: &mut [SealedEntry], settings: &WalletSettings) {
    for SealedEntry { entry, .. } in entries {
        entry.is_default = settings.default_providers.get(&entry.provider) == Some(&entry.id);
    }
}

fn check_key(key: &ApiKey) -> Result<(), SecurityError> {
    let is_text = key.expose(|key| str::from_utf8(key).is_ok());
    if key.is_empty() || key.len() > api_keys::MAX_LENGTH || !is_text {
        return Err(SecurityError::argument("key must be text of 1 to 8192 bytes"));
    }
    Ok(())
}
