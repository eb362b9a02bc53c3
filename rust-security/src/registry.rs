//! Who may use which key: records about keys, without keys.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrysalis_crypto::api_keys::ApiKey;

use crate::error::SecurityError;
use crate::event::{EventQueue, Events};
use crate::provider::ProviderName;
use crate::sorted::SortedMap;
use crate::wallet::ApiKeyWallet;

/// The most records of a registry.
pub const MAX_RECORDS: usize = 100_000;
/// The longest text in a record in bytes.
const MAX_TEXT_LENGTH: usize = 1024;
/// The most agents, personas or tags of a record.
const MAX_LIST_LENGTH: usize = 1024;

/// Who may use a key without being listed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ApiKeyScope {
    /// Everybody.
    Global,
    /// The listed personas.
    Persona,
    /// The listed agents.
    Service,
}

impl ApiKeyScope {
    /// `global`, `persona` or `service`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Persona => "persona",
            Self::Service => "service",
        }
    }

    /// The scope of this name.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT`.
    pub fn parse(text: &str) -> Result<Self, SecurityError> {
        [Self::Global, Self::Persona, Self::Service]
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| SecurityError::argument("scope must be global, persona or service"))
    }
}

/// How often a key may be used; kept for callers, not enforced here.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RateLimit {
    /// Requests per minute.
    pub rpm: Option<u32>,
    /// Tokens per minute.
    pub tpm: Option<u32>,
}

/// What a registry knows of a key. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiKeyRegistryRecord {
    /// The name of this record, unique in the registry.
    pub id: String,
    /// Whose key it is.
    pub provider: ProviderName,
    /// The wallet's entry.
    pub key_id: String,
    /// For people.
    pub description: String,
    /// Who may use it without being listed.
    pub scope: ApiKeyScope,
    /// Agents that may use it.
    pub allowed_agents: Vec<String>,
    /// Personas that may use it.
    pub allowed_personas: Vec<String>,
    /// How often.
    pub rate_limit: Option<RateLimit>,
    /// From when on it must not be used.
    pub expires_at: Option<u64>,
    /// For people.
    pub tags: Vec<String>,
    /// When the record was made.
    pub created_at: u64,
}

impl ApiKeyRegistryRecord {
    /// A record with nobody listed, no limits, no expiry and no tags.
    #[must_use]
    pub fn new(id: &str, provider: ProviderName, key_id: &str, scope: ApiKeyScope, created_at: u64) -> Self {
        Self {
            id: id.to_owned(),
            provider,
            key_id: key_id.to_owned(),
            description: String::new(),
            scope,
            allowed_agents: Vec::new(),
            allowed_personas: Vec::new(),
            rate_limit: None,
            expires_at: None,
            tags: Vec::new(),
            created_at,
        }
    }

    /// Whether the key must not be used any more.
    #[must_use]
    pub fn is_expired(&self, now_ms: u64) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now_ms)
    }

    fn check(&self) -> Result<(), SecurityError> {
        let lists = [&self.allowed_agents, &self.allowed_personas, &self.tags];
        if lists.iter().any(|list| list.len() > MAX_LIST_LENGTH) {
            return Err(SecurityError::LimitExceeded { what: "items in a list", limit: MAX_LIST_LENGTH });
        }
        let texts = [&self.id, &self.key_id, &self.description].into_iter();
        if texts.chain(lists.into_iter().flatten()).any(|text| text.len() > MAX_TEXT_LENGTH) {
            return Err(SecurityError::argument("texts in a record must have at most 1024 bytes"));
        }
        if self.id.is_empty() {
            return Err(SecurityError::argument("id must not be empty"));
        }
        // An entry's id is as long and random as a key, and a good name for its record.
        if self.id == self.key_id {
            return Ok(());
        }
        crate::api_key::check_printed_name(&self.id)
    }
}

/// Something that happened to a registry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyRegistryEvent {
    /// What.
    pub kind: KeyRegistryEventKind,
    /// The wallet's entry.
    pub key_id: String,
    /// When, in milliseconds since the Unix epoch.
    pub timestamp: u64,
}

/// What happened to a registry.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeyRegistryEventKind {
    /// A record was added.
    Registered {
        /// Whose key it is.
        provider: ProviderName,
        /// Who may use it.
        scope: ApiKeyScope,
    },
    /// A record was removed.
    Unregistered,
}

impl KeyRegistryEventKind {
    /// Every name by which callers subscribe.
    pub const NAMES: &[&str] = &["key:registered", "key:unregistered"];

    /// `key:registered` or `key:unregistered`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Registered { .. } => "key:registered",
            Self::Unregistered => "key:unregistered",
        }
    }
}

/// Records in the order in which they were registered. All methods may be called from several threads.
#[derive(Debug, Default)]
pub struct ApiKeyRegistry {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    records: SortedMap<u64, ApiKeyRegistryRecord>,
    places: SortedMap<String, u64>,
    next: u64,
    events: EventQueue<KeyRegistryEvent>,
}

impl ApiKeyRegistry {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a record.
    ///
    /// # Errors
    /// [`SecurityError::RegistryIdExists`]; [`SecurityError::LimitExceeded`]; `INVALID_ARGUMENT` for an empty id, one that
    /// looks like a key, or texts over 1024 bytes.
    pub fn register(&self, record: ApiKeyRegistryRecord, now_ms: u64) -> Result<(), SecurityError> {
        record.check()?;
        let mut inner = self.inner();
        if inner.places.contains_key(&record.id) {
            return Err(SecurityError::RegistryIdExists(record.id));
        }
        if inner.records.len() >= MAX_RECORDS {
            return Err(SecurityError::LimitExceeded { what: "registry records", limit: MAX_RECORDS });
        }
        let kind =
            KeyRegistryEventKind::Registered { provider: record.provider.clone(), scope: record.scope };
        inner.events.push(KeyRegistryEvent { kind, key_id: record.key_id.clone(), timestamp: now_ms });
        let place = inner.next;
        inner.next += 1;
        inner.places.insert(record.id.clone(), place);
        inner.records.insert(place, record);
        Ok(())
    }

    /// Removes a record; whether there was one.
    pub fn unregister(&self, id: &str, now_ms: u64) -> bool {
        let mut inner = self.inner();
        let Some(place) = inner.places.remove(id) else { return false };
        if let Some(record) = inner.records.remove(&place) {
            let kind = KeyRegistryEventKind::Unregistered;
            inner.events.push(KeyRegistryEvent { kind, key_id: record.key_id, timestamp: now_ms });
        }
        true
    }

    /// The record of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<ApiKeyRegistryRecord> {
        let inner = self.inner();
        inner.places.get(id).and_then(|place| inner.records.get(place)).cloned()
    }

    /// All records.
    #[must_use]
    pub fn list(&self) -> Vec<ApiKeyRegistryRecord> {
        self.select(|_| true)
    }

    /// The records of a provider's keys.
    #[must_use]
    pub fn find_by_provider(&self, provider: &ProviderName) -> Vec<ApiKeyRegistryRecord> {
        self.select(|record| record.provider == *provider)
    }

    /// The records a persona may use: global ones, and those that list it.
    #[must_use]
    pub fn find_allowed_for_persona(&self, persona: &str) -> Vec<ApiKeyRegistryRecord> {
        self.select(|record| is_allowed(record, &record.allowed_personas, persona))
    }

    /// The records an agent may use: global ones, and those that list it.
    #[must_use]
    pub fn find_allowed_for_agent(&self, agent: &str) -> Vec<ApiKeyRegistryRecord> {
        self.select(|record| is_allowed(record, &record.allowed_agents, agent))
    }

    /// The keys a persona may use, by provider, out of an open wallet. Of several records of a provider the last that
    /// has a key decides; expired records, expired keys and keys of another provider than the record says are skipped.
    ///
    /// # Errors
    /// [`SecurityError::WalletLocked`].
    pub fn resolve_keys_for_persona(
        &self,
        wallet: &ApiKeyWallet,
        persona: &str,
        now_ms: u64,
    ) -> Result<BTreeMap<ProviderName, Arc<ApiKey>>, SecurityError> {
        let mut keys = BTreeMap::new();
        for record in self.find_allowed_for_persona(persona) {
            // Another provider's key must not be sent to this one.
            let provider = ProviderName::parse_for_wallet(record.provider.as_str()).ok();
            let is_its = wallet.provider_of(&record.key_id).is_none_or(|its| Some(its) == provider);
            if record.is_expired(now_ms) || !is_its {
                continue;
            }
            if let Some(key) = wallet.key(&record.key_id, now_ms)? {
                keys.insert(record.provider, key);
            }
        }
        Ok(keys)
    }

    /// The events since the last call, for a facade to dispatch.
    #[must_use]
    pub fn take_events(&self) -> Events<KeyRegistryEvent> {
        self.inner().events.take()
    }

    fn select(&self, is_wanted: impl Fn(&ApiKeyRegistryRecord) -> bool) -> Vec<ApiKeyRegistryRecord> {
        self.inner()
            .records
            .iter()
            .map(|(_, record)| record)
            .filter(|record| is_wanted(record))
            .cloned()
            .collect()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // No statement between two changes can fail or panic.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_allowed(record: &ApiKeyRegistryRecord, listed: &[String], name: &str) -> bool {
    record.scope == ApiKeyScope::Global || listed.iter().any(|listed| listed == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wallet::NewKey;
    use chrysalis_crypto::kdf::Argon2Params;

    fn record(id: &str, provider: &str, key_id: &str, scope: ApiKeyScope) -> ApiKeyRegistryRecord {
        ApiKeyRegistryRecord::new(id, ProviderName::parse(provider).unwrap(), key_id, scope, 1)
    }

    #[test]
    fn ids_are_unique_and_events_tell() {
        let registry = ApiKeyRegistry::new();
        registry.register(record("main", "groq", "k1", ApiKeyScope::Global), 5).unwrap();
        let error = registry.register(record("main", "xai", "k2", ApiKeyScope::Global), 6).unwrap_err();
        assert_eq!(error.to_string(), "Key registry id 'main' already exists");
        assert!(registry.unregister("main", 7));
        assert!(!registry.unregister("main", 8));
        let events = registry.take_events().events;
        let seen: Vec<_> = events.iter().map(|e| (e.kind.name(), e.key_id.as_str(), e.timestamp)).collect();
        assert_eq!(seen, [("key:registered", "k1", 5), ("key:unregistered", "k1", 7)]);
        assert!(seen.iter().map(|(name, ..)| name).eq(KeyRegistryEventKind::NAMES));
        assert!(registry.register(record("", "groq", "k", ApiKeyScope::Global), 9).is_err());
    }

    #[test]
    fn personas_get_what_is_global_or_lists_them() {
        let wallet = ApiKeyWallet::with_params(Argon2Params::new(8192, 1, 1).unwrap());
        wallet.initialize(b"password", 0).unwrap();
        let registry = ApiKeyRegistry::new();
        let add = |id: &str, provider: &str, scope, persona: &str, expires_at| {
            let key = ApiKey::new(format!("test-key-{id}-0123456789")).unwrap();
            let key_id = wallet.add_key(provider, &key, NewKey::default(), 0).unwrap();
            let record = ApiKeyRegistryRecord {
                allowed_personas: vec![persona.to_owned()],
                expires_at,
                ..record(id, provider, &key_id.to_string(), scope)
            };
            registry.register(record, 0).unwrap();
        };
        add("a", "groq", ApiKeyScope::Global, "nobody", None);
        add("b", "xai", ApiKeyScope::Persona, "ada", None);
        add("c", "cohere", ApiKeyScope::Persona, "bob", None);
        add("d", "nomic", ApiKeyScope::Persona, "ada", Some(100));
        add("f", "acme", ApiKeyScope::Persona, "ada", None);
        let swapped = registry.get("b").unwrap().key_id;
        registry.register(record("e", "openai", &swapped, ApiKeyScope::Global), 0).unwrap();
        let keys = registry.resolve_keys_for_persona(&wallet, "ada", 100).unwrap();
        let providers: Vec<_> = keys.keys().map(ProviderName::as_str).collect();
        assert_eq!(providers, ["acme", "groq", "xai"]);
        assert_eq!(registry.find_allowed_for_agent("x").len(), 2);
        assert_eq!(registry.find_by_provider(&ProviderName::parse("xai").unwrap()).len(), 1);
        wallet.lock(1);
        assert_eq!(
            registry.resolve_keys_for_persona(&wallet, "ada", 1).unwrap_err().to_string(),
            "Wallet is locked"
        );
    }
}
