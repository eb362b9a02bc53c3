//! The vectors of one space: in a journal store of their own, and in memory to be searched.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use chrysalis_crypto::hex;
use chrysalis_crypto::merkle::Hash;
use chrysalis_journal::store::UNSIGNED_KEY;
use chrysalis_journal::{
    Cursor, Disk, DiskLock, JournalError, NewRecord, OpenMode, Options, Store, StoredRecord, Subdirectory,
};

use super::record::VectorRecord;
use crate::error::MemoryError;
use crate::lexical::DocId;
use crate::state::{RecordKey, State};

/// Where the spaces stand within a store, each in a directory named by its id.
const DIRECTORY: &str = "vectors";
/// Whoever holds the lock on this file makes vectors.
const TURN: &str = "embedding.lock";
/// The only kind of record.
const KIND_VECTORS: u16 = 1;

/// The vectors of one space.
pub(crate) struct Vectors {
    space: [u8; 32],
    dimensions: usize,
    disk: Arc<dyn Disk>,
    /// None where the store was opened read-only and has no vectors of this space.
    store: Option<Store>,
    cursor: Cursor,
    /// All vectors, one after the other.
    components: Vec<i8>,
    /// Whose they are, in the same order.
    owners: Vec<Owner>,
    /// By owner that is live in `owners`: its place there, and the leaves of its records in the journal store.
    places: HashMap<RecordKey, (usize, BTreeSet<Hash>)>,
    /// How many owners a group has.
    slots: HashMap<u32, u32>,
    /// Owners whose record this memory does not have yet.
    unresolved: BTreeSet<RecordKey>,
    /// Vectors in `components` that are of nobody any more.
    dead: usize,
}

struct Owner {
    key: RecordKey,
    /// The group its text belongs to.
    slot: Option<u32>,
    vectors: usize,
    /// Not forgotten.
    live: bool,
}

impl Vectors {
    /// The vectors of `space` beside a store on `whole`.
    pub(crate) fn open(
        whole: &Arc<dyn Disk>,
        space: [u8; 32],
        dimensions: usize,
        host: [u8; 16],
        read_only: bool,
    ) -> Result<Self, MemoryError> {
        let disk: Arc<dyn Disk> = Arc::new(Subdirectory::new(whole.clone(), &directory(&space)));
        let options = Options { host, create: !read_only, read_only, ..Options::default() };
        let store = match Store::open(disk.clone(), options) {
            Ok(store) => Some(store),
            Err(JournalError::NotAStore { .. }) if read_only => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            space,
            dimensions,
            disk,
            store,
            cursor: Cursor::default(),
            components: Vec::new(),
            owners: Vec::new(),
            places: HashMap::new(),
            slots: HashMap::new(),
            unresolved: BTreeSet::new(),
            dead: 0,
        })
    }

    pub(crate) fn space(&self) -> [u8; 32] {
        self.space
    }

    /// Whether a group has vectors.
    pub(crate) fn has(&self, slot: u32) -> bool {
        self.slots.contains_key(&slot)
    }

    /// What the right to make vectors is asked of: to be locked without holding this.
    pub(super) fn turn(&self) -> Turn {
        Turn(self.disk.clone())
    }

    /// Makes vectors durable. They are found after the next [`catch_up`](Self::catch_up).
    pub(super) fn append(&self, records: &[VectorRecord]) -> Result<(), MemoryError> {
        let Some(store) = &self.store else { return Err(JournalError::ReadOnly.into()) };
        let record = |record: &VectorRecord| {
            Ok(NewRecord {
                kind: KIND_VECTORS,
                namespace: [0; 16],
                key_epoch: 0,
                time: 0,
                context: Vec::new(),
                // The leaf that the content names is salted itself.
                salt: [0; 16],
                content: record.to_bytes()?,
            })
        };
        let records = records.iter().map(record).collect::<Result<Vec<_>, MemoryError>>()?;
        if !records.is_empty() {
            store.append(records)?;
        }
        Ok(())
    }

    /// Takes in what any process made, and finds out whose it is. What is of a forgotten record is erased.
    pub(crate) fn catch_up(&mut self, state: &State) -> Result<(), MemoryError> {
        let commits = match &self.store {
            Some(store) => store.poll(&mut self.cursor)?,
            None => Vec::new(),
        };
        for commit in commits {
            for stored in commit.records {
                if let Ok(leaf) = stored.leaf()
                    && let StoredRecord::Full { header, content, .. } = stored
                    && header.kind == KIND_VECTORS
                    && let Some(record) = VectorRecord::from_bytes(&content)
                    && record.vectors.iter().all(|vector| vector.len() == self.dimensions)
                {
                    self.insert(record, leaf);
                }
            }
        }
        let mut forgotten = Vec::new();
        for key in std::mem::take(&mut self.unresolved) {
            let Some((place, _)) = self.places.get(&key) else { continue };
            match state.records.get(&key) {
                None => {
                    self.unresolved.insert(key);
                }
                Some(record) if !record.held => forgotten.push(key),
                Some(record) => {
                    let Some(slot) = record.group else { continue };
                    self.owners[*place].slot = Some(slot);
                    *self.slots.entry(slot).or_default() += 1;
                }
            }
        }
        if !forgotten.is_empty() {
            // Tried again when the process opens the store the next time.
            let _shown_no_more = self.erase(forgotten.iter());
        }
        Ok(())
    }

    /// Erases the vectors of forgotten records, here and in the journal store; gives how many are left to another process.
    pub(crate) fn erase<'a>(
        &mut self,
        keys: impl Iterator<Item = &'a RecordKey>,
    ) -> Result<u64, MemoryError> {
        let mut leaves = BTreeSet::new();
        for key in keys {
            let Some((place, own)) = self.places.remove(key) else { continue };
            leaves.extend(own.into_iter().map(|leaf| (UNSIGNED_KEY, leaf)));
            self.unresolved.remove(key);
            let owner = &mut self.owners[place];
            owner.live = false;
            self.dead += owner.vectors;
            if let Some(slot) = owner.slot.take()
                && let Some(count) = self.slots.get_mut(&slot)
            {
                *count -= 1;
                if *count == 0 {
                    self.slots.remove(&slot);
                }
            }
        }
        if leaves.is_empty() {
            return Ok(0);
        }
        self.compact();
        match &self.store {
            Some(store) => Ok(store.erase(&leaves)?.pending as u64),
            None => Ok(0),
        }
    }

    /// The groups nearest to `query`, the nearest first, at most `limit` of those that `accept` gives an id for; equally near ones in the
    /// order of their ids. Where a group has several vectors, the nearest counts.
    ///
    /// Cost: one scalar product for every vector.
    pub(crate) fn nearest(
        &self,
        query: &[i8],
        limit: usize,
        accept: &dyn Fn(u32) -> Option<DocId>,
    ) -> Vec<DocId> {
        if limit == 0 || query.len() != self.dimensions {
            return Vec::new();
        }
        let mut best: BinaryHeap<Reverse<(i32, Reverse<DocId>)>> = BinaryHeap::with_capacity(limit + 1);
        let mut rows = self.components.chunks_exact(self.dimensions);
        for owner in &self.owners {
            let nearest = rows.by_ref().take(owner.vectors).map(|row| dot(query, row)).max();
            let (Some(slot), Some(score)) = (owner.slot, nearest) else { continue };
            if best.len() == limit && best.peek().is_some_and(|Reverse((worst, _))| score < *worst) {
                continue;
            }
            let Some(id) = accept(slot) else { continue };
            // A group rarely has two owners.
            if self.slots.get(&slot).is_some_and(|owners| *owners > 1) {
                let mut before = i32::MIN;
                best.retain(|Reverse((score, Reverse(other)))| {
                    before = if *other == id { *score } else { before };
                    *other != id
                });
                best.push(Reverse((score.max(before), Reverse(id))));
            } else {
                best.push(Reverse((score, Reverse(id))));
            }
            if best.len() > limit {
                best.pop();
            }
        }
        best.into_sorted_vec().into_iter().map(|Reverse((_, Reverse(id)))| id).collect()
    }

    fn insert(&mut self, record: VectorRecord, leaf: Hash) {
        let key = (record.leaf, record.author);
        if let Some((_, leaves)) = self.places.get_mut(&key) {
            // Made twice, by two processes; the first counts, both are to be erased one day.
            leaves.insert(leaf);
            return;
        }
        self.places.insert(key, (self.owners.len(), BTreeSet::from([leaf])));
        self.unresolved.insert(key);
        self.owners.push(Owner { key, slot: None, vectors: record.vectors.len(), live: true });
        for vector in record.vectors {
            self.components.extend(vector);
        }
    }

    /// Leaves out what is dead, once that is half of everything; its bytes are overwritten at once.
    fn compact(&mut self) {
        let width = self.dimensions;
        let mut at = 0;
        for owner in &self.owners {
            let end = at + owner.vectors * width;
            if !owner.live {
                self.components[at..end].fill(0);
            }
            at = end;
        }
        if self.dead * 2 * width <= self.components.len() {
            return;
        }
        let mut components = Vec::with_capacity(self.components.len() - self.dead * width);
        let mut at = 0;
        for owner in &self.owners {
            let end = at + owner.vectors * width;
            if owner.live {
                components.extend_from_slice(&self.components[at..end]);
            }
            at = end;
        }
        self.components = components;
        self.owners.retain(|owner| owner.live);
        for (place, owner) in self.owners.iter().enumerate() {
            if let Some((known, _)) = self.places.get_mut(&owner.key) {
                *known = place;
            }
        }
        self.dead = 0;
    }
}

/// The right to make vectors of a space, which one process at a time has.
pub(super) struct Turn(Arc<dyn Disk>);

impl Turn {
    /// Waits until no other has it.
    pub(super) fn wait(&self) -> Result<Box<dyn DiskLock>, MemoryError> {
        self.create()?;
        self.0.lock(TURN).map_err(failed(TURN))
    }

    /// Takes it if no other has it.
    pub(super) fn take(&self) -> Result<Option<Box<dyn DiskLock>>, MemoryError> {
        self.create()?;
        self.0.try_lock(TURN).map_err(failed(TURN))
    }

    fn create(&self) -> Result<(), MemoryError> {
        self.0.open(TURN, OpenMode::Create).map(drop).map_err(failed(TURN))
    }
}

/// The spaces that have vectors beside a store, by their ids.
pub(super) fn spaces(whole: &dyn Disk) -> Result<Vec<[u8; 32]>, MemoryError> {
    let names = list(whole, DIRECTORY)?.unwrap_or_default();
    let mut spaces = Vec::new();
    for name in names {
        if let Ok(space) = hex::decode_array(&name)
            && list(whole, &directory(&space))?.is_some()
        {
            spaces.push(space);
        }
    }
    Ok(spaces)
}

/// Removes the directory of a space; gives whether there was one.
pub(super) fn remove(whole: &dyn Disk, space: &[u8; 32]) -> Result<bool, MemoryError> {
    let directory = directory(space);
    if list(whole, &directory)?.is_none() {
        return Ok(false);
    }
    remove_all(whole, &directory)?;
    whole.sync_dir(DIRECTORY).map_err(failed(DIRECTORY))?;
    Ok(true)
}

fn remove_all(whole: &dyn Disk, directory: &str) -> Result<(), MemoryError> {
    for name in list(whole, directory)?.unwrap_or_default() {
        let path = [directory, "/", &name].concat();
        if whole.list(&path).is_ok() {
            remove_all(whole, &path)?;
        } else {
            whole.remove(&path).map_err(failed(&path))?;
        }
    }
    whole.remove_dir(directory).map_err(failed(directory))
}

/// The names in a directory, if it exists.
fn list(disk: &dyn Disk, directory: &str) -> Result<Option<Vec<String>>, MemoryError> {
    match disk.list(directory) {
        Ok(names) => Ok(Some(names)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(directory)(error)),
    }
}

fn directory(space: &[u8; 32]) -> String {
    [DIRECTORY, "/", &hex::encode(space)].concat()
}

fn failed(path: &str) -> impl FnOnce(io::Error) -> MemoryError {
    let path = PathBuf::from(path);
    move |error| MemoryError::Io { path, error }
}

/// Scalar product, exact.
fn dot(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).map(|(a, b)| i32::from(i16::from(*a) * i16::from(*b))).sum()
}
