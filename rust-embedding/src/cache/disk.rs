//! The tier on disk, on unsigned journals. Vectors are written behind the caller's back by one thread; several processes
//! may share a directory. What is dead is left behind by moving on to a new generation, a directory of its own.

mod generations;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use chrysalis_journal::{
    Commit, Cursor, FileDisk, JournalError, NewRecord, Options, Position, Store, StoredRecord,
};

use crate::cache::CacheKey;
use crate::cache::lru::Lru;
use crate::cache::record::VectorRecord;
use crate::embedding::Embedding;
use crate::error::EmbeddingError;
use crate::space::{Space, SpaceId};

use generations::{begin_next, lock_rotation, make_current, newest, path_of, remove, settle};

/// How much a tier on disk holds, and for how long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DiskSettings {
    /// Bytes of vectors. The directory grows to about twice that before what is dead is left behind.
    pub max_bytes: u64,
    /// Vectors.
    pub max_entries: usize,
    /// Age at which a vector is forgotten.
    pub max_age: Duration,
    /// Vectors that may wait to be written; more are dropped.
    pub max_pending: usize,
    /// Bytes below which nothing is left behind.
    pub min_compaction_bytes: u64,
}

impl Default for DiskSettings {
    fn default() -> Self {
        Self {
            max_bytes: 1 << 30,
            max_entries: 100_000,
            max_age: Duration::from_secs(30 * 86_400),
            max_pending: 4096,
            min_compaction_bytes: 4 << 20,
        }
    }
}

/// What a tier on disk did and holds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct DiskStats {
    /// Vectors held.
    pub entries: usize,
    /// Bytes of their records.
    pub live_bytes: u64,
    /// Bytes of records that are not needed any more.
    pub dead_bytes: u64,
    /// Which generation is in use, from 1.
    pub generation: u64,
    /// Lookups that found a vector.
    pub hits: u64,
    /// Lookups that found none.
    pub misses: u64,
    /// Vectors that made room for others.
    pub evictions: u64,
    /// Vectors that were not written because too many waited or the disk refused.
    pub dropped: u64,
    /// Records that could not be read or were not what they should be.
    pub damaged: u64,
    /// Spaces of the vectors, by id.
    pub spaces: BTreeMap<SpaceId, Option<Space>>,
}

/// Vectors on disk. All methods may be called from several threads.
pub struct DiskCache {
    shared: Arc<Shared>,
    sender: Mutex<Option<SyncSender<Job>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    root: PathBuf,
    settings: DiskSettings,
    state: Mutex<State>,
}

struct State {
    store: Arc<Store>,
    cursor: Cursor,
    index: Lru<CacheKey, Entry>,
    spaces: BTreeMap<SpaceId, Option<Space>>,
    stats: DiskStats,
}

#[derive(Clone)]
struct Entry {
    position: Position,
    record: usize,
    space: SpaceId,
    created_ms: u64,
    expires_ms: u64,
    bytes: u64,
}

/// A vector on its way to the disk.
struct Incoming {
    key: CacheKey,
    embedding: Embedding,
    created: Duration,
    expires: Duration,
}

/// What is to be forgotten.
enum Which {
    Everything,
    Space(SpaceId),
    ExpiredAt(Duration),
}

enum Job {
    Insert(Incoming),
    Flush(Sender<()>),
    Clear(Which, Sender<usize>),
}

const KIND_VECTOR: u16 = 1;
const KIND_SPACE: u16 = 2;
/// A lookup reads and checks a whole commit, so commits are small.
const COMMIT_BYTES: usize = 16 << 10;
/// Vectors that the writer takes at a time.
const BATCH: usize = 256;

impl DiskCache {
    /// Opens the cache in a directory, which is made where there is none, and reads what is in it: once through all
    /// records.
    ///
    /// # Errors
    /// [`EmbeddingError::Cache`], [`EmbeddingError::NoThread`].
    pub fn open(root: &Path, settings: DiskSettings) -> Result<Self, EmbeddingError> {
        let generation = settle(root)?;
        let mut state = State::open(root, generation)?;
        state.read_new(&settings);
        let shared = Arc::new(Shared { root: root.to_owned(), settings, state: Mutex::new(state) });
        let (sender, receiver) = sync_channel(settings.max_pending.max(1));
        let worker = Arc::clone(&shared);
        let writer = std::thread::Builder::new()
            .name("embedding-cache".to_owned())
            .spawn(move || worker.write(&receiver))
            .map_err(|_| EmbeddingError::NoThread)?;
        Ok(Self { shared, sender: Mutex::new(Some(sender)), writer: Mutex::new(Some(writer)) })
    }

    /// A vector, unless it has expired at `unix_now`. Reads and checks one commit of about 16 KiB.
    #[must_use]
    pub fn find(&self, key: &CacheKey, unix_now: Duration) -> Option<Arc<[f32]>> {
        let (store, entry) = {
            let mut state = self.shared.state();
            let entry = state.index.find(key).cloned();
            let entry = entry.filter(|entry| milliseconds(unix_now) <= entry.expires_ms);
            match entry {
                Some(entry) => (Arc::clone(&state.store), entry),
                None => {
                    state.stats.misses += 1;
                    state.forget(key);
                    return None;
                }
            }
        };
        // Outside of the lock, so that lookups do not wait for each other.
        let found = read_record(&store, &entry).filter(|record| record.key == *key);
        let mut state = self.shared.state();
        match found {
            Some(record) => {
                state.stats.hits += 1;
                Some(record.vector.into())
            }
            None => {
                state.stats.misses += 1;
                state.forget(key);
                // Another process may have moved on.
                if newest(&self.shared.root).is_ok_and(|newest| newest > state.stats.generation) {
                    self.shared.reopen(&mut state);
                } else {
                    state.stats.damaged += 1;
                }
                None
            }
        }
    }

    /// Keeps a vector: hands it to the writing thread. When too many wait, it is dropped and counted.
    pub fn insert(&self, key: CacheKey, embedding: Embedding, unix_now: Duration) {
        let expires = unix_now.saturating_add(self.shared.settings.max_age);
        self.insert_until(key, embedding, unix_now, expires);
    }

    /// As [`insert`](Self::insert), until a time of the vector's own.
    pub fn insert_until(&self, key: CacheKey, embedding: Embedding, created: Duration, expires: Duration) {
        let sender = lock(&self.sender).clone();
        let job = Job::Insert(Incoming { key, embedding, created, expires });
        let sent = sender.map(|sender| sender.try_send(job));
        if !matches!(sent, Some(Ok(()))) {
            self.shared.state().stats.dropped += 1;
        }
    }

    /// Waits until everything handed over is on disk, and what is dead is left behind if it is time for that.
    pub fn flush(&self) {
        let (done, wait) = channel();
        self.ask(Job::Flush(done));
        let _ = wait.recv();
    }

    /// Forgets everything, and removes it; gives how many vectors there were.
    pub fn clear(&self) -> usize {
        self.forget(Which::Everything)
    }

    /// Forgets the vectors of one space, and removes them; gives how many there were. Writes everything else anew.
    pub fn clear_space(&self, space: SpaceId) -> usize {
        self.forget(Which::Space(space))
    }

    /// Forgets what has expired at `unix_now`; gives how many vectors there were. The disk gets their room back when what is dead is
    /// left behind.
    pub fn remove_expired(&self, unix_now: Duration) -> usize {
        self.forget(Which::ExpiredAt(unix_now))
    }

    /// How many vectors there are of each space.
    #[must_use]
    pub fn by_space(&self) -> BTreeMap<SpaceId, usize> {
        let mut counts = BTreeMap::new();
        for (_, entry) in self.shared.state().index.iter() {
            *counts.entry(entry.space).or_default() += 1;
        }
        counts
    }

    fn forget(&self, which: Which) -> usize {
        let (done, wait) = channel();
        self.ask(Job::Clear(which, done));
        wait.recv().unwrap_or_default()
    }

    /// Learns what other processes have written since.
    pub fn refresh(&self) {
        self.shared.state().read_new(&self.shared.settings);
    }

    /// What it did and holds.
    #[must_use]
    pub fn stats(&self) -> DiskStats {
        let state = self.shared.state();
        DiskStats {
            entries: state.index.len(),
            live_bytes: state.index.weight() as u64,
            spaces: state.spaces.clone(),
            ..state.stats.clone()
        }
    }

    fn ask(&self, job: Job) {
        let sender = lock(&self.sender).clone();
        if let Some(sender) = sender {
            // Fails only when the thread is gone, and then nothing is to be waited for.
            let _ = sender.send(job);
        }
    }
}

impl Drop for DiskCache {
    /// Writes what waits.
    fn drop(&mut self) {
        lock(&self.sender).take();
        if let Some(writer) = lock(&self.writer).take() {
            let _ = writer.join();
        }
    }
}

impl fmt::Debug for DiskCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskCache").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The writing thread: takes what there is, a batch at a time, until the cache is dropped.
    fn write(&self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let mut vectors = Vec::new();
            let mut next = Some(first);
            while let Some(job) = next {
                match job {
                    Job::Insert(incoming) => vectors.push(incoming),
                    Job::Flush(done) => {
                        self.append(std::mem::take(&mut vectors));
                        self.compact();
                        let _ = done.send(());
                    }
                    Job::Clear(which, done) => {
                        self.append(std::mem::take(&mut vectors));
                        let _ = done.send(self.clear(&which));
                    }
                }
                next = if vectors.len() < BATCH { jobs.try_recv().ok() } else { None };
            }
            self.append(vectors);
            self.compact();
        }
    }

    fn append(&self, vectors: Vec<Incoming>) {
        if vectors.is_empty() {
            return;
        }
        let (store, mut known) = {
            let state = self.state();
            (Arc::clone(&state.store), state.spaces.clone())
        };
        let mut commit = Commits::new(&store);
        let mut dropped = 0;
        for Incoming { key, embedding, created, expires } in vectors {
            let space = embedding.space();
            if !matches!(known.get(&space.id()), Some(Some(_))) {
                known.insert(space.id(), Some((**space).clone()));
                dropped += commit.push(KIND_SPACE, space.to_bytes());
            }
            let record = VectorRecord {
                key,
                space: space.id(),
                created_ms: milliseconds(created),
                expires_ms: milliseconds(expires),
                vector: embedding.as_slice().to_vec(),
            };
            match record.to_bytes() {
                Ok(bytes) => dropped += commit.push(KIND_VECTOR, bytes),
                Err(_) => dropped += 1,
            }
        }
        dropped += commit.finish();
        let mut state = self.state();
        state.stats.dropped += dropped;
        state.read_new(&self.settings);
        // A store whose write failed takes nothing more; a full disk does once there is room.
        if dropped > 0 {
            self.reopen(&mut state);
        }
    }

    /// Opens the newest generation anew. Where that fails the old one goes on, and lookups miss.
    fn reopen(&self, state: &mut State) {
        let opened = newest(&self.root).and_then(|generation| State::open(&self.root, generation.max(1)));
        if let Ok(mut fresh) = opened {
            let generation = fresh.stats.generation;
            fresh.stats = DiskStats { generation, dead_bytes: 0, ..state.stats.clone() };
            fresh.read_new(&self.settings);
            *state = fresh;
        }
    }

    /// Moves on to a new generation when more than half of this one is dead.
    fn compact(&self) {
        let is_due = {
            let state = self.state();
            let live = state.index.weight() as u64;
            let dead = state.stats.dead_bytes;
            dead > live && dead + live >= self.settings.min_compaction_bytes
        };
        if is_due {
            // What fails is tried again after the next batch.
            let _ = self.rotate();
        }
    }

    fn clear(&self, which: &Which) -> usize {
        let count = {
            let mut state = self.state();
            let is_meant = |entry: &Entry| match which {
                Which::Everything => true,
                Which::Space(space) => entry.space == *space,
                Which::ExpiredAt(now) => entry.expires_ms < milliseconds(*now),
            };
            let meant = state.index.iter().filter(|(_, entry)| is_meant(entry));
            let keys: Vec<CacheKey> = meant.map(|(key, _)| *key).collect();
            keys.iter().for_each(|key| state.forget(key));
            keys.len()
        };
        // What has expired is not read again; everything else would be, were it not left behind now.
        if count == 0 || matches!(which, Which::ExpiredAt(_)) || matches!(self.rotate(), Ok(true)) {
            count
        } else {
            self.reopen(&mut self.state());
            0
        }
    }

    /// Writes what is alive into a directory beside, gives it the next generation's name, and removes the old one. What another
    /// process writes to the old one meanwhile is lost. `false` when another process is about it.
    fn rotate(&self) -> Result<bool, EmbeddingError> {
        let Some(_guard) = lock_rotation(&self.root)? else { return Ok(false) };
        let (store, entries, spaces, old) = {
            let state = self.state();
            let keys = state.index.keys_from_oldest();
            let entries: Vec<Entry> = keys.iter().filter_map(|key| state.index.peek(key).cloned()).collect();
            (Arc::clone(&state.store), entries, state.spaces.clone(), state.stats.generation)
        };
        if newest(&self.root)? > old {
            self.reopen(&mut self.state());
            return Ok(false);
        }
        let fresh = open_store(&begin_next(&self.root)?)?;
        let mut commit = Commits::new(&fresh);
        let mut lost = 0;
        let live: BTreeSet<SpaceId> = entries.iter().map(|entry| entry.space).collect();
        for space in spaces.values().flatten().filter(|space| live.contains(&space.id())) {
            lost += commit.push(KIND_SPACE, space.to_bytes());
        }
        for entry in entries {
            let bytes = read_record(&store, &entry).and_then(|record| record.to_bytes().ok());
            lost += bytes.map_or(0, |bytes| commit.push(KIND_VECTOR, bytes));
        }
        lost += commit.finish();
        if lost > 0 {
            return Err(EmbeddingError::Cache(JournalError::DiskFull));
        }
        fresh.close()?;
        make_current(&self.root, old + 1)?;
        self.reopen(&mut self.state());
        remove(&self.root, old)?;
        Ok(true)
    }
}

impl State {
    fn open(root: &Path, generation: u64) -> Result<Self, EmbeddingError> {
        let store = open_store(&path_of(root, generation))?;
        let stats = DiskStats { generation, ..DiskStats::default() };
        Ok(Self {
            store: Arc::new(store),
            cursor: Cursor::default(),
            index: Lru::new(),
            spaces: BTreeMap::new(),
            stats,
        })
    }

    /// Takes up everything that is new in the journals, a little at a time.
    fn read_new(&mut self, settings: &DiskSettings) {
        loop {
            let store = Arc::clone(&self.store);
            let Ok(commits) = store.poll_some(&mut self.cursor, 8 << 20) else { return };
            if commits.is_empty() {
                break;
            }
            for commit in &commits {
                self.read_commit(commit);
            }
        }
        while self.index.len() > settings.max_entries || self.index.weight() as u64 > settings.max_bytes {
            if let Some((_, entry)) = self.index.pop_oldest() {
                self.stats.dead_bytes += entry.bytes;
                self.stats.evictions += 1;
            }
        }
    }

    fn read_commit(&mut self, commit: &Commit) {
        for (place, record) in commit.records.iter().enumerate() {
            let StoredRecord::Full { header, content, .. } = record else { continue };
            match header.kind {
                KIND_SPACE => match Space::from_bytes(content) {
                    Ok(space) => {
                        self.spaces.insert(space.id(), Some(space));
                    }
                    Err(_) => self.stats.damaged += 1,
                },
                KIND_VECTOR => match VectorRecord::from_bytes(content) {
                    Ok(record) => {
                        self.spaces.entry(record.space).or_default();
                        let entry = Entry {
                            position: commit.position.clone(),
                            record: place,
                            space: record.space,
                            created_ms: record.created_ms,
                            expires_ms: record.expires_ms,
                            bytes: content.len() as u64,
                        };
                        self.enter(record.key, entry);
                    }
                    Err(_) => self.stats.damaged += 1,
                },
                // A later version's.
                _ => {}
            }
        }
    }

    /// Of two records of one key the later made is good.
    fn enter(&mut self, key: CacheKey, entry: Entry) {
        if self.index.peek(&key).is_some_and(|known| known.created_ms > entry.created_ms) {
            self.stats.dead_bytes += entry.bytes;
            return;
        }
        let weight = usize::try_from(entry.bytes).unwrap_or(usize::MAX);
        if let Some(old) = self.index.insert(key, entry, weight) {
            self.stats.dead_bytes += old.bytes;
        }
    }

    fn forget(&mut self, key: &CacheKey) {
        if let Some(entry) = self.index.remove(key) {
            self.stats.dead_bytes += entry.bytes;
        }
    }
}

/// Collects records into commits of a good size.
struct Commits<'a> {
    store: &'a Store,
    records: Vec<NewRecord>,
    bytes: usize,
}

impl<'a> Commits<'a> {
    fn new(store: &'a Store) -> Self {
        Self { store, records: Vec::new(), bytes: 0 }
    }

    /// Gives how many records could not be written.
    fn push(&mut self, kind: u16, content: Vec<u8>) -> u64 {
        let lost = if self.bytes + content.len() > COMMIT_BYTES { self.finish() } else { 0 };
        self.bytes += content.len();
        // The salt hides content that is withheld; nothing is withheld here.
        let (namespace, salt) = ([0; 16], [0; 16]);
        self.records.push(NewRecord {
            kind,
            namespace,
            key_epoch: 0,
            time: 0,
            context: Vec::new(),
            salt,
            content,
        });
        lost
    }

    fn finish(&mut self) -> u64 {
        self.bytes = 0;
        let records = std::mem::take(&mut self.records);
        let count = records.len() as u64;
        if count == 0 || self.store.append(records).is_ok() { 0 } else { count }
    }
}

fn read_record(store: &Store, entry: &Entry) -> Option<VectorRecord> {
    let commit = store.read(&entry.position).ok()?;
    match commit.records.get(entry.record)? {
        StoredRecord::Full { content, .. } => VectorRecord::from_bytes(content).ok(),
        _ => None,
    }
}

fn open_store(path: &Path) -> Result<Store, EmbeddingError> {
    Ok(Store::open(Arc::new(FileDisk::new(path)), Options::default())?)
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What the mutexes guard is whole between statements.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
