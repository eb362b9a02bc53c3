//! Vectors by text and the name of a model, for callers that have no service: what the replaced cache offered (contract 4.4).
//!
//! A name stands for one space. Its dimension is that of the first vector under it, and vectors of another are refused, so that
//! nothing is ever found that lies elsewhere.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::cache::{CacheKey, DiskCache, DiskSettings, MemoryCache, MemorySettings};
use crate::embedding::Embedding;
use crate::error::EmbeddingError;
use crate::provider::Form;
use crate::space::{Normalisation, Space, SpaceId};

/// Vectors in memory, and on disk behind it where a directory was given. All methods may be called from several threads.
#[derive(Debug)]
pub struct NamedCache {
    memory: MemoryCache,
    disk: Option<DiskCache>,
    spaces: Mutex<BTreeMap<String, Arc<Space>>>,
    max_age: Duration,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// What a [`NamedCache`] did and holds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NamedStats {
    /// Vectors held: on disk where there is one, else in memory.
    pub entries: usize,
    /// Lookups that found a vector.
    pub hits: u64,
    /// Lookups that found none.
    pub misses: u64,
    /// Vectors that made room for others.
    pub evictions: u64,
    /// Vectors that could not be written to the disk.
    pub dropped: u64,
    /// Vectors by name.
    pub by_name: BTreeMap<String, usize>,
}

/// The provider in the spaces of names.
const PROVIDER: &str = "named";

impl NamedCache {
    /// The cache in a directory, which is made where there is none; in memory alone without one.
    ///
    /// # Errors
    /// As [`DiskCache::open`].
    pub fn open(root: Option<&Path>, max_entries: usize, max_age: Duration) -> Result<Self, EmbeddingError> {
        let settings = DiskSettings { max_entries, max_age, ..DiskSettings::default() };
        let disk = root.map(|root| DiskCache::open(root, settings)).transpose()?;
        let mut spaces = BTreeMap::new();
        if let Some(disk) = &disk {
            let counts = disk.by_space();
            let known = disk.stats().spaces.into_values().flatten();
            let live =
                known.filter(|space| space.fields().provider == PROVIDER && counts.contains_key(&space.id()));
            spaces.extend(live.map(|space| (space.fields().model.clone(), Arc::new(space))));
        }
        let max_bytes = if disk.is_some() { MemorySettings::default().max_bytes } else { usize::MAX };
        let memory = MemoryCache::new(MemorySettings { max_bytes, max_entries, max_age });
        let (hits, misses) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self { memory, disk, spaces: Mutex::new(spaces), max_age, hits, misses })
    }

    /// The vector of a text under a name, unless it has expired at `unix_now`.
    #[must_use]
    pub fn find(&self, text: &str, name: &str, unix_now: Duration) -> Option<Arc<[f32]>> {
        let found = self.space_of(name).and_then(|space| {
            let key = CacheKey::of_text(space.id(), Form::Document, text);
            self.memory.find(&key, unix_now).or_else(|| {
                let vector = self.disk.as_ref()?.find(&key, unix_now)?;
                let expires = unix_now.saturating_add(self.max_age);
                self.memory.insert_in(space.id(), key, Arc::clone(&vector), expires);
                Some(vector)
            })
        });
        let count = if found.is_some() { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// Keeps the vector of a text under a name.
    ///
    /// # Errors
    /// As [`keep`](Self::keep).
    pub fn insert(
        &self,
        text: &str,
        name: &str,
        vector: Vec<f32>,
        unix_now: Duration,
    ) -> Result<(), EmbeddingError> {
        let digest = Sha256::digest(text.as_bytes()).into();
        self.keep(&digest, name, vector, unix_now, unix_now.saturating_add(self.max_age))
    }

    /// Keeps a vector for the text with this SHA-256, until `expires`.
    ///
    /// # Errors
    /// [`EmbeddingError::DimensionMismatch`] for another length than that of the vectors under this name;
    /// [`EmbeddingError::NotFinite`]; [`EmbeddingError::InvalidConfig`] for a name that is none and an empty vector.
    pub fn keep(
        &self,
        digest: &[u8; 32],
        name: &str,
        vector: Vec<f32>,
        unix_now: Duration,
        expires: Duration,
    ) -> Result<(), EmbeddingError> {
        let known = self.space_of(name);
        let is_new = known.is_none();
        let space = match known {
            Some(space) => space,
            None => Arc::new(Space::remote(PROVIDER, name, vector.len(), "", Normalisation::AsGiven)?),
        };
        let embedding = Embedding::new(Arc::clone(&space), vector)?;
        if is_new {
            let mut spaces = self.spaces.lock().unwrap_or_else(PoisonError::into_inner);
            let first = Arc::clone(spaces.entry(name.to_owned()).or_insert(space));
            drop(spaces);
            if first.id() != embedding.space().id() {
                // Another thread was first, with another length.
                return Embedding::new(first, embedding.to_shared()).map(drop);
            }
        }
        let key = CacheKey::of_digest(embedding.space().id(), Form::Document, digest);
        self.memory.insert_in(embedding.space().id(), key, embedding.to_shared(), expires);
        if let Some(disk) = &self.disk {
            disk.insert_until(key, embedding, unix_now, expires);
        }
        Ok(())
    }

    /// Forgets what has expired; gives how many vectors there were.
    pub fn remove_expired(&self, unix_now: Duration) -> usize {
        let in_memory = self.memory.remove_expired(unix_now);
        self.disk.as_ref().map_or(in_memory, |disk| disk.remove_expired(unix_now))
    }

    /// Forgets the vectors under a name, or all; gives how many there were.
    pub fn clear(&self, name: Option<&str>) -> usize {
        let mut spaces = self.spaces.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(name) = name else {
            spaces.clear();
            let in_memory = self.memory.clear();
            return self.disk.as_ref().map_or(in_memory, DiskCache::clear);
        };
        let Some(space) = spaces.remove(name) else { return 0 };
        let in_memory = self.memory.clear_space(space.id());
        self.disk.as_ref().map_or(in_memory, |disk| disk.clear_space(space.id()))
    }

    /// Waits until everything is on disk.
    pub fn flush(&self) {
        if let Some(disk) = &self.disk {
            disk.flush();
        }
    }

    /// What it did and holds. What still waits to be written is written first.
    #[must_use]
    pub fn stats(&self) -> NamedStats {
        self.flush();
        let (counts, evictions, dropped): (BTreeMap<SpaceId, usize>, u64, u64) = match &self.disk {
            Some(disk) => {
                let stats = disk.stats();
                (disk.by_space(), stats.evictions, stats.dropped)
            }
            None => (self.memory.by_space(), self.memory.stats().evictions, 0),
        };
        let spaces = self.spaces.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |space: &Arc<Space>| counts.get(&space.id()).copied().filter(|count| *count > 0);
        let by_name = spaces.iter().filter_map(|(name, space)| Some((name.clone(), count(space)?))).collect();
        NamedStats {
            entries: counts.values().sum(),
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            evictions,
            dropped,
            by_name,
        }
    }

    fn space_of(&self, name: &str) -> Option<Arc<Space>> {
        self.spaces.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_700_000_000);
    const DAY: Duration = Duration::from_secs(86_400);

    /// Contract 4.4.
    #[test]
    fn names_keep_apart_and_lengths_do_not_mix() {
        let cache = NamedCache::open(None, 100, DAY).unwrap();
        cache.insert("a", "one", vec![1.0, 2.0], NOW).unwrap();
        cache.insert("a", "two", vec![3.0], NOW).unwrap();
        assert_eq!(cache.find("a", "one", NOW).as_deref(), Some(&[1.0, 2.0][..]));
        assert_eq!(cache.find("a", "two", NOW).as_deref(), Some(&[3.0][..]));
        assert_eq!(cache.find("a", "three", NOW), None);
        let wrong = cache.insert("b", "one", vec![1.0], NOW).unwrap_err();
        assert_eq!(wrong.code(), "embedding/dimension-mismatch");
        assert!(cache.insert("b", "four", vec![], NOW).is_err());
        assert!(cache.insert("b", "one", vec![f32::NAN, 1.0], NOW).is_err());
        let stats = cache.stats();
        assert_eq!((stats.entries, stats.hits, stats.misses), (2, 2, 1));
        assert_eq!(stats.by_name, [("one".to_owned(), 1), ("two".to_owned(), 1)].into());
        assert_eq!(cache.clear(Some("one")), 1);
        assert_eq!(cache.clear(Some("one")), 0);
        cache.insert("b", "one", vec![1.0], NOW).unwrap();
        assert_eq!(cache.find("b", "one", NOW + 2 * DAY), None);
    }

    #[test]
    fn a_directory_keeps_names_and_clears_them_for_good() {
        let directory = tempfile::tempdir().unwrap();
        let open = || NamedCache::open(Some(directory.path()), 100, DAY).unwrap();
        let cache = open();
        for number in 0..40_u8 {
            let name = if number % 2 == 0 { "even" } else { "odd" };
            cache.insert(&format!("text {number}"), name, vec![f32::from(number); 3], NOW).unwrap();
        }
        drop(cache);
        let cache = open();
        assert_eq!(cache.stats().by_name, [("even".to_owned(), 20), ("odd".to_owned(), 20)].into());
        assert_eq!(cache.find("text 4", "even", NOW).as_deref(), Some(&[4.0; 3][..]));
        assert_eq!(cache.clear(Some("even")), 20);
        drop(cache);
        let cache = open();
        assert_eq!(cache.stats().by_name, [("odd".to_owned(), 20)].into());
        assert_eq!(cache.find("text 4", "even", NOW), None);
        cache.insert("text 4", "even", vec![1.0], NOW).unwrap();
        assert_eq!(cache.remove_expired(NOW + 2 * DAY), 21);
        drop(cache);
        assert_eq!(open().find("text 5", "odd", NOW + 2 * DAY), None);
    }
}
