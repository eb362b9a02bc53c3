//! The tier in memory: bounded by bytes and number, oldest use out first, with an age limit.

#[cfg(not(target_arch = "wasm32"))]
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::cache::CacheKey;
use crate::cache::lru::Lru;
#[cfg(not(target_arch = "wasm32"))]
use crate::space::SpaceId;

/// How much a memory tier holds, and for how long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MemorySettings {
    /// Bytes, the books included.
    pub max_bytes: usize,
    /// Vectors.
    pub max_entries: usize,
    /// Age at which a vector is forgotten.
    pub max_age: Duration,
}

impl Default for MemorySettings {
    fn default() -> Self {
        Self { max_bytes: 64 << 20, max_entries: 100_000, max_age: Duration::from_secs(30 * 86_400) }
    }
}

/// What a memory tier did and holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct MemoryStats {
    /// Vectors held.
    pub entries: usize,
    /// Bytes held, the books included.
    pub bytes: usize,
    /// Lookups that found a vector.
    pub hits: u64,
    /// Lookups that found none.
    pub misses: u64,
    /// Vectors that made room for others.
    pub evictions: u64,
    /// Vectors that grew too old.
    pub expired: u64,
}

/// Vectors in memory. All methods may be called from several threads.
pub struct MemoryCache {
    settings: MemorySettings,
    state: Mutex<State>,
}

struct State {
    entries: Lru<CacheKey, Entry>,
    stats: MemoryStats,
}

struct Entry {
    vector: Arc<[f32]>,
    /// Since 1970.
    expires: Duration,
    /// Where it lies, for those that are counted by space.
    #[cfg(not(target_arch = "wasm32"))]
    space: Option<SpaceId>,
}

/// What an entry costs beside its components: its node, its place in the map, the allocation's head.
const ENTRY_OVERHEAD: usize = 200;

impl MemoryCache {
    /// An empty cache.
    #[must_use]
    pub fn new(settings: MemorySettings) -> Self {
        let state = State { entries: Lru::new(), stats: MemoryStats::default() };
        Self { settings, state: Mutex::new(state) }
    }

    /// A vector, unless it has expired at `unix_now`.
    #[must_use]
    pub fn find(&self, key: &CacheKey, unix_now: Duration) -> Option<Arc<[f32]>> {
        let mut state = self.state();
        let found = state.entries.find(key).map(|entry| (Arc::clone(&entry.vector), entry.expires));
        match found {
            Some((vector, expires)) if unix_now <= expires => {
                state.stats.hits += 1;
                Some(vector)
            }
            Some(_) => {
                state.entries.remove(key);
                state.stats.expired += 1;
                state.stats.misses += 1;
                None
            }
            None => {
                state.stats.misses += 1;
                None
            }
        }
    }

    /// Whether a vector is there, expired or not; counts as no use.
    #[must_use]
    pub fn contains(&self, key: &CacheKey) -> bool {
        self.state().entries.peek(key).is_some()
    }

    /// Keeps a vector. One that is empty, not finite or larger than the cache is not kept.
    pub fn insert(&self, key: CacheKey, vector: Arc<[f32]>, unix_now: Duration) {
        self.insert_until(key, vector, unix_now.saturating_add(self.settings.max_age));
    }

    /// Keeps a vector until a time of its own, but no longer than the cache keeps any.
    pub fn insert_until(&self, key: CacheKey, vector: Arc<[f32]>, expires: Duration) {
        let entry = Entry {
            vector,
            expires,
            #[cfg(not(target_arch = "wasm32"))]
            space: None,
        };
        self.put(key, entry);
    }

    /// As [`insert_until`](Self::insert_until), and counts the vector in [`by_space`](Self::by_space).
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn insert_in(&self, space: SpaceId, key: CacheKey, vector: Arc<[f32]>, expires: Duration) {
        self.put(key, Entry { vector, expires, space: Some(space) });
    }

    fn put(&self, key: CacheKey, entry: Entry) {
        let vector = &entry.vector;
        let weight = ENTRY_OVERHEAD + size_of_val(&**vector);
        let is_whole = !vector.is_empty() && vector.iter().all(|component| component.is_finite());
        if !is_whole || weight > self.settings.max_bytes || self.settings.max_entries == 0 {
            return;
        }
        let mut state = self.state();
        state.entries.insert(key, entry, weight);
        while state.entries.weight() > self.settings.max_bytes
            || state.entries.len() > self.settings.max_entries
        {
            state.entries.pop_oldest();
            state.stats.evictions += 1;
        }
    }

    /// Forgets one vector; whether there was one.
    pub fn remove(&self, key: &CacheKey) -> bool {
        self.state().entries.remove(key).is_some()
    }

    /// Forgets what has expired; gives how many there were.
    pub fn remove_expired(&self, unix_now: Duration) -> usize {
        let mut state = self.state();
        let expired = state.entries.iter().filter(|(_, entry)| entry.expires < unix_now);
        let expired: Vec<CacheKey> = expired.map(|(key, _)| *key).collect();
        for key in &expired {
            state.entries.remove(key);
        }
        state.stats.expired += expired.len() as u64;
        expired.len()
    }

    /// Forgets the vectors of one space; gives how many there were.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn clear_space(&self, space: SpaceId) -> usize {
        let mut state = self.state();
        let of_space = state.entries.iter().filter(|(_, entry)| entry.space == Some(space));
        let keys: Vec<CacheKey> = of_space.map(|(key, _)| *key).collect();
        for key in &keys {
            state.entries.remove(key);
        }
        keys.len()
    }

    /// How many vectors there are of each space, of those that came in with one.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn by_space(&self) -> BTreeMap<SpaceId, usize> {
        let mut counts = BTreeMap::new();
        for space in self.state().entries.iter().filter_map(|(_, entry)| entry.space) {
            *counts.entry(space).or_default() += 1;
        }
        counts
    }

    /// Forgets everything; gives how many there were.
    pub fn clear(&self) -> usize {
        let mut state = self.state();
        let count = state.entries.len();
        state.entries = Lru::new();
        count
    }

    /// What it did and holds.
    #[must_use]
    pub fn stats(&self) -> MemoryStats {
        let state = self.state();
        MemoryStats { entries: state.entries.len(), bytes: state.entries.weight(), ..state.stats }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What the mutex guards is whole between statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCache").field("settings", &self.settings).field("stats", &self.stats()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn key(number: u8) -> CacheKey {
        CacheKey::from([number; 32])
    }

    fn vector(length: usize) -> Arc<[f32]> {
        vec![1.0; length].into()
    }

    #[test]
    fn it_is_bounded_by_bytes_and_number() {
        let max_bytes = 3 * (ENTRY_OVERHEAD + 400);
        let cache = MemoryCache::new(MemorySettings { max_bytes, max_entries: 3, max_age: DAY });
        for number in 0..3 {
            cache.insert(key(number), vector(100), DAY);
        }
        assert!(cache.find(&key(0), DAY).is_some());
        cache.insert(key(3), vector(100), DAY);
        assert!(cache.find(&key(1), DAY).is_none(), "used longest ago");
        assert!(cache.find(&key(0), DAY).is_some());
        cache.insert(key(4), vector(300), DAY);
        assert!(cache.stats().bytes <= max_bytes);
        cache.insert(key(5), vector(100_000), DAY);
        assert!(cache.find(&key(5), DAY).is_none(), "larger than the cache");
        for number in 6..10 {
            cache.insert(key(number), vector(1), DAY);
        }
        assert_eq!(cache.stats().entries, 3);
    }

    #[test]
    fn it_forgets_in_time() {
        let cache = MemoryCache::new(MemorySettings { max_age: DAY, ..MemorySettings::default() });
        cache.insert(key(1), vector(4), DAY);
        cache.insert(key(2), vector(4), 3 * DAY);
        assert!(cache.find(&key(1), 2 * DAY).is_some());
        assert!(cache.find(&key(1), 2 * DAY + Duration::from_nanos(1)).is_none());
        assert_eq!(cache.stats().entries, 1);
        assert_eq!(cache.remove_expired(5 * DAY), 1);
        assert_eq!((cache.stats().expired, cache.stats().hits, cache.stats().misses), (2, 1, 1));
    }

    /// Contract 7.5.
    #[test]
    fn empty_and_failed_vectors_are_not_kept() {
        let cache = MemoryCache::new(MemorySettings::default());
        cache.insert(key(1), vector(0), DAY);
        cache.insert(key(2), vec![1.0, f32::NAN].into(), DAY);
        assert_eq!(cache.stats().entries, 0);
    }
}
