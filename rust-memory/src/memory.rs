//! One open memory: a store, the fold of its commits, and the index over what is live.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use chrysalis_crdt::{HybridClock, Stamp};
use chrysalis_crypto::commit::{SALT_LENGTH, WriterId};
use chrysalis_crypto::merkle::Hash;
use chrysalis_crypto::{ed25519, hex, random};
use chrysalis_journal::{Cursor, Disk, FileDisk, JournalError, NewRecord, Options, Signer, Store};

use crate::document::{Document, Remembered};
use crate::entry::{Entry, EntryId};
use crate::error::MemoryError;
use crate::identity::{AgentKey, Identity};
use crate::index::Index;
use crate::local;
use crate::namespace::{self, DEFAULT_NAMESPACE, Namespace, NamespaceId};
use crate::note::{Forget, KIND_FORGET, KIND_REMEMBER, KIND_SUPERSEDE, MAX_TARGETS, Note, Supersede};
use crate::state::{Fork, GroupRef, Record, RecordKey, State};
use crate::trust::{self, LastAccepted, SignatureState, Trust};

/// Where the time comes from: milliseconds since 1970.
pub type Now = Arc<dyn Fn() -> u64 + Send + Sync>;

/// How a memory is opened.
#[derive(Default)]
pub struct OpenOptions {
    /// Who writes; without one the memory can only be read.
    pub identity: Option<Arc<Identity>>,
    /// The random id of this user on this machine, by which a copied store is recognised.
    pub host: [u8; 16],
    /// Make a new store where there is none.
    pub create: bool,
    /// Change nothing in the directory, not even to recover.
    pub read_only: bool,
    /// The clock; the system's where none is given.
    pub now: Option<Now>,
}

/// A memory that is open. All methods may be called from any thread.
pub struct Memory {
    disk: Arc<dyn Disk>,
    path: Option<PathBuf>,
    store: Store,
    identity: Option<Arc<Identity>>,
    read_only: bool,
    now: Now,
    // Locks are taken in this order.
    reader: Mutex<Reader>,
    view: RwLock<View>,
}

struct Reader {
    cursor: Cursor,
    clock: HybridClock,
    /// What was last read of the files other processes change too.
    trust: local::Version,
    namespaces: local::Version,
    /// What was forgotten and may still be in this store's files.
    unerased: BTreeSet<RecordKey>,
}

/// What answers are made from.
pub(crate) struct View {
    pub(crate) state: State,
    pub(crate) index: Index,
    pub(crate) trust: Trust,
    pub(crate) namespaces: Vec<Namespace>,
    pub(crate) own: Option<(AgentKey, String)>,
}

/// What forgetting did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Forgotten {
    /// Entries forgotten.
    pub entries: u64,
    /// Records whose content was erased from this store's files.
    pub erased: u64,
    /// Records another process holds; it erases them at its next call.
    pub pending: u64,
}

/// Counts of what a memory holds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Stats {
    /// Live entries.
    pub entries: u64,
    /// Records of every kind and state.
    pub records: u64,
    /// Records here as leaves only, because they were not shared with this store.
    pub withheld: u64,
    /// Commits.
    pub commits: u64,
    /// Writer journals, one for each incarnation of each agent.
    pub writers: u64,
    /// Live entries by author.
    pub authors: BTreeMap<AgentKey, u64>,
}

impl Memory {
    /// Opens the store in directory `path`.
    ///
    /// Reads every journal once; later calls read only what is new. Several processes may have one store open
    /// and write to it.
    ///
    /// # Errors
    /// [`MemoryError::Journal`] when there is no store and none may be made, or it is of a later version.
    pub fn open(path: &Path, options: OpenOptions) -> Result<Self, MemoryError> {
        let mut memory = Self::open_on(Arc::new(FileDisk::new(path)), options)?;
        memory.path = Some(path.to_owned());
        Ok(memory)
    }

    /// Opens a store on any disk, such as one in memory.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_on(disk: Arc<dyn Disk>, options: OpenOptions) -> Result<Self, MemoryError> {
        let signer = options.identity.clone().map(|identity| identity as Arc<dyn Signer>);
        let store = Store::open(
            disk.clone(),
            Options {
                signer,
                host: options.host,
                create: options.create,
                read_only: options.read_only,
                ..Options::default()
            },
        )?;
        let own =
            options.identity.as_ref().map(|identity| (identity.public_key(), identity.name().to_owned()));
        let view = View {
            state: State::default(),
            index: Index::default(),
            trust: Trust::default(),
            namespaces: Vec::new(),
            own,
        };
        let reader = Reader {
            cursor: Cursor::default(),
            clock: HybridClock::new(),
            trust: None,
            namespaces: None,
            unerased: BTreeSet::new(),
        };
        let memory = Self {
            disk,
            path: None,
            store,
            identity: options.identity,
            read_only: options.read_only,
            now: options.now.unwrap_or_else(|| Arc::new(system_now)),
            reader: Mutex::new(reader),
            view: RwLock::new(view),
        };
        memory.refresh()?;
        Ok(memory)
    }

    /// Who writes here.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_deref()
    }

    /// The directory of the store, where it has one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The log underneath, for whoever needs commits and frontiers.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Remembers notes in one durable, signed commit; gives their ids in the same order.
    ///
    /// When this returns, the notes are on disk and every process finds them at its next call.
    ///
    /// # Errors
    /// [`MemoryError::NoIdentity`]; [`MemoryError::EmptyText`], [`MemoryError::TextWithNul`],
    /// [`MemoryError::SecretKey`] or [`MemoryError::TooLarge`] for the first note that cannot be remembered, with nothing written.
    pub fn remember(&self, notes: Vec<Note>, namespace: Option<&str>) -> Result<Vec<EntryId>, MemoryError> {
        let namespace = self.writable_namespace(namespace)?;
        let time = self.tick()?;
        let records: Vec<_> = notes
            .into_iter()
            .map(|mut note| {
                note.normalise()?;
                new_record(KIND_REMEMBER, namespace, time, note.to_bytes()?)
            })
            .collect::<Result<_, MemoryError>>()?;
        let ids =
            records.iter().map(|record| Ok(EntryId(record.leaf()?))).collect::<Result<_, MemoryError>>()?;
        self.append(records)?;
        Ok(ids)
    }

    /// Remembers documents passage by passage, in one durable, signed commit.
    ///
    /// Passages this agent already remembers from the same place of the same source are left as they are;
    /// those that no longer stand there are superseded in the same commit.
    ///
    /// # Errors
    /// As [`remember`](Self::remember).
    pub fn remember_documents(
        &self,
        documents: &[Document],
        namespace: Option<&str>,
    ) -> Result<Remembered, MemoryError> {
        let author = self.identity.as_ref().ok_or(MemoryError::NoIdentity)?.public_key();
        let namespace = self.writable_namespace(namespace)?;
        self.refresh()?;
        let time = self.tick()?;
        let mut done = Remembered { documents: documents.len() as u64, ..Remembered::default() };
        let mut records = Vec::new();
        for document in documents {
            let mut known = self.known_passages(author, namespace, &document.source);
            let mut replacements = Vec::new();
            for note in document.to_notes()? {
                let bytes = note.to_bytes()?;
                if known.remove(&bytes).is_some() {
                    done.unchanged += 1;
                } else {
                    let record = new_record(KIND_REMEMBER, namespace, time, bytes)?;
                    replacements.push(record.leaf()?);
                    records.push(record);
                }
            }
            done.ids.extend(replacements.iter().copied().map(EntryId));
            done.superseded += known.len() as u64;
            done.unchanged_documents += u64::from(known.is_empty() && replacements.is_empty());
            let targets: Vec<Hash> = known.into_values().flatten().collect();
            for supersede in Supersede::split(&targets, &replacements) {
                records.push(new_record(KIND_SUPERSEDE, namespace, time, supersede.to_bytes()?)?);
            }
        }
        if !records.is_empty() {
            self.append(records)?;
        }
        Ok(done)
    }

    /// Forgets entries of this agent: their content is erased here at once, and from every store that merges
    /// this one when it does. The signed skeleton stays, so that everything still verifies.
    ///
    /// # Errors
    /// [`MemoryError::NoSuchEntry`], [`MemoryError::NotTheAuthor`]; then nothing is forgotten.
    pub fn forget(&self, ids: &[EntryId]) -> Result<Forgotten, MemoryError> {
        let author = self.identity.as_ref().ok_or(MemoryError::NoIdentity)?.public_key();
        self.refresh()?;
        let mut targets: BTreeMap<NamespaceId, BTreeSet<Hash>> = BTreeMap::new();
        let mut entries = 0;
        {
            let view = self.view();
            for id in ids {
                let Some(record) = view.state.records.get(&(id.0, author)) else {
                    return Err(match view.find(id) {
                        Some(_) => MemoryError::NotTheAuthor,
                        None => MemoryError::NoSuchEntry,
                    });
                };
                let Some(group) = record.group.filter(|_| record.held) else {
                    return Err(MemoryError::NoSuchEntry);
                };
                // Every occasion, also superseded ones: none of the text may stay.
                let leaves = view.state.groups[group as usize].members.iter().copied();
                targets.entry(record.namespace).or_default().extend(leaves);
                entries += 1;
            }
        }
        let time = self.tick()?;
        let mut records = Vec::new();
        for (namespace, targets) in targets {
            for targets in targets.into_iter().collect::<Vec<_>>().chunks(MAX_TARGETS) {
                let forget = Forget { targets: targets.to_vec() };
                records.push(new_record(KIND_FORGET, namespace, time, forget.to_bytes()?)?);
            }
        }
        if records.is_empty() {
            return Ok(Forgotten::default());
        }
        self.append(records)?;
        let (erased, pending) = self.refresh_and_erase()?;
        Ok(Forgotten { entries, erased, pending })
    }

    /// The entry with this id, whoever wrote it; superseded ones included.
    ///
    /// # Errors
    /// [`MemoryError::NoSuchEntry`], [`MemoryError::ContentAbsent`].
    pub fn entry(&self, id: &EntryId) -> Result<Entry, MemoryError> {
        self.refresh()?;
        let view = self.view();
        let key = view.find(id).ok_or(MemoryError::NoSuchEntry)?;
        view.entry(&key).ok_or(MemoryError::ContentAbsent)
    }

    /// The one entry whose id starts with `prefix`, at least four hexadecimal digits.
    ///
    /// # Errors
    /// [`MemoryError::InvalidEntryId`], [`MemoryError::NoSuchEntry`], [`MemoryError::AmbiguousEntry`].
    pub fn resolve(&self, prefix: &str) -> Result<EntryId, MemoryError> {
        let prefix = prefix.to_ascii_lowercase();
        if !(4..=64).contains(&prefix.len()) || !prefix.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(MemoryError::InvalidEntryId);
        }
        self.refresh()?;
        let lowest =
            hex::decode_array::<32>(&format!("{prefix:0<64}")).map_err(|_| MemoryError::InvalidEntryId)?;
        let view = self.view();
        let matches: BTreeSet<Hash> = view
            .state
            .records
            .range((lowest, AgentKey::from_bytes([0; 32]))..)
            .take_while(|((leaf, _), _)| hex::encode(leaf).starts_with(&prefix))
            .filter(|(_, record)| record.kind == KIND_REMEMBER)
            .map(|((leaf, _), _)| *leaf)
            .collect();
        match (matches.len(), matches.first()) {
            (1, Some(leaf)) => Ok(EntryId(*leaf)),
            (0, _) => Err(MemoryError::NoSuchEntry),
            (matches, _) => Err(MemoryError::AmbiguousEntry { matches }),
        }
    }

    /// A proof of one entry that can be checked offline with `chrysalis_crypto::proof::verify` alone.
    ///
    /// # Errors
    /// [`MemoryError::NoSuchEntry`], [`MemoryError::ContentAbsent`].
    pub fn proof(&self, id: &EntryId) -> Result<Vec<u8>, MemoryError> {
        self.refresh()?;
        let (position, index) = {
            let view = self.view();
            let key = view.find(id).ok_or(MemoryError::NoSuchEntry)?;
            let record = &view.state.records[&key];
            if !record.held {
                return Err(MemoryError::ContentAbsent);
            }
            let (commit, index) = view.state.first_place(record);
            (commit.position.clone(), index)
        };
        let proof = self.store.read(&position)?.prove(index as usize)?;
        Ok(proof.to_bytes()?)
    }

    /// One digest over all commits here: equal commits give equal digests, in any order, on any machine, whatever
    /// content was withheld from or erased by either. What the commits say is a function of them, see
    /// [`namespace_digests`](Self::namespace_digests).
    ///
    /// # Errors
    /// [`MemoryError::Journal`].
    pub fn digest(&self) -> Result<Hash, MemoryError> {
        self.refresh()?;
        let view = self.view();
        let mut hasher = blake3::Hasher::new_derive_key("chrysalis 2026-11-20 memory state v1");
        let mut commits: Vec<Hash> = view.state.commits.iter().map(|commit| commit.hash).collect();
        commits.sort_unstable();
        for commit in &commits {
            hasher.update(commit);
        }
        hasher.update(&(commits.len() as u64).to_le_bytes());
        Ok(*hasher.finalize().as_bytes())
    }

    /// The digest of each namespace: its records and which of them are live. Equal commits give equal digests where
    /// nothing of the namespace was withheld; a withheld record is part of no namespace, for its header is not here.
    ///
    /// # Errors
    /// [`MemoryError::Journal`].
    pub fn namespace_digests(&self) -> Result<BTreeMap<NamespaceId, Hash>, MemoryError> {
        self.refresh()?;
        Ok(namespace_digests(&self.view().state))
    }

    /// The namespaces known by name here.
    ///
    /// # Errors
    /// [`MemoryError::LocalFileMalformed`].
    pub fn namespaces(&self) -> Result<Vec<Namespace>, MemoryError> {
        namespace::list(&*self.disk)
    }

    /// Makes a namespace, or finds the one that has this name. Private ones never leave the store.
    ///
    /// # Errors
    /// [`MemoryError::InvalidName`], [`MemoryError::TooLarge`], [`MemoryError::Journal`] for a memory opened read-only.
    pub fn make_namespace(&self, name: &str, private: bool) -> Result<Namespace, MemoryError> {
        self.require_writable()?;
        namespace::find_or_make(&*self.disk, name, private)
    }

    /// What is held here.
    ///
    /// # Errors
    /// [`MemoryError::Journal`].
    pub fn stats(&self) -> Result<Stats, MemoryError> {
        self.refresh()?;
        let view = self.view();
        let state = &view.state;
        let writers: BTreeSet<WriterId> = state.commits.iter().map(|commit| commit.writer).collect();
        let mut stats = Stats {
            records: state.records.len() as u64,
            withheld: state.withheld(),
            commits: state.commits.len() as u64,
            writers: writers.len() as u64,
            ..Stats::default()
        };
        for group in 0..GroupRef::try_from(state.groups.len()).unwrap_or(GroupRef::MAX) {
            if state.standing(group).is_some() {
                stats.entries += 1;
                *stats.authors.entry(state.groups[group as usize].author).or_default() += 1;
            }
        }
        Ok(stats)
    }

    /// Writers that signed two different commits for one place, with the evidence.
    ///
    /// # Errors
    /// [`MemoryError::Journal`].
    pub fn forks(&self) -> Result<Vec<Fork>, MemoryError> {
        self.refresh()?;
        Ok(self.view().state.forks().collect())
    }

    /// What is said here of keys, as of the last call that reads or writes the store.
    #[must_use]
    pub fn trust(&self) -> Trust {
        self.view().trust.clone()
    }

    /// Trusts a key, under a name of your choice. Lifts an earlier revocation.
    ///
    /// # Errors
    /// [`MemoryError::InvalidAgentKey`] for bytes no signature can be checked with,
    /// [`MemoryError::InvalidName`], [`MemoryError::Io`], [`MemoryError::Journal`] for a memory opened read-only.
    pub fn trust_add(&self, key: AgentKey, name: Option<&str>) -> Result<(), MemoryError> {
        if !ed25519::is_public_key(key.as_bytes()) {
            return Err(MemoryError::InvalidAgentKey);
        }
        if let Some(name) = name {
            trust::check_label(name)?;
        }
        self.change_trust(key, |statement| {
            statement.trusted = true;
            statement.revoked = None;
            if let Some(name) = name {
                statement.name = Some(name.to_owned());
            }
        })
    }

    /// Forgets what was said of a key.
    ///
    /// # Errors
    /// [`MemoryError::Io`], [`MemoryError::Journal`] for a memory opened read-only.
    pub fn trust_remove(&self, key: AgentKey) -> Result<(), MemoryError> {
        self.change_trust(key, |statement| *statement = trust::Statement::default())
    }

    /// Revokes a key from here on: what this store holds of it now stays accepted, whatever time later
    /// commits claim. With `everything`, nothing of it is accepted any more. For a key that is revoked already,
    /// revoking it once more never accepts more.
    ///
    /// # Errors
    /// [`MemoryError::Io`], [`MemoryError::Journal`] for a memory opened read-only.
    pub fn trust_revoke(&self, key: AgentKey, everything: bool) -> Result<(), MemoryError> {
        self.refresh()?;
        let accepted = if everything { Vec::new() } else { self.view().heads(&key) };
        self.change_trust(key, |statement| {
            statement.trusted = false;
            if everything || statement.revoked.is_none() {
                statement.revoked = Some(accepted);
            }
        })
    }

    /// Takes in what other processes wrote since the last call: commits, trust, names of namespaces. Every other
    /// method does this by itself.
    ///
    /// What was forgotten is no longer shown when this returns. Where it cannot be erased from the store, on a full
    /// disk say, reading goes on, and it is tried again when something changes.
    pub(crate) fn refresh(&self) -> Result<(), MemoryError> {
        let mut reader = lock(&self.reader);
        if self.learn(&mut reader)? {
            let _retried_later = self.erase(&mut reader);
        }
        Ok(())
    }

    /// As [`refresh`](Self::refresh), but fails where what was forgotten cannot be erased. Gives the numbers of
    /// records erased now, and waiting for another process to erase them.
    pub(crate) fn refresh_and_erase(&self) -> Result<(u64, u64), MemoryError> {
        let mut reader = lock(&self.reader);
        self.learn(&mut reader)?;
        self.erase(&mut reader)
    }

    /// Takes in what is new; gives whether there was anything.
    fn learn(&self, reader: &mut Reader) -> Result<bool, MemoryError> {
        self.reload(reader)?;
        let commits = self.store.poll(&mut reader.cursor)?;
        if commits.is_empty() && !self.view().state.is_erasure_due() {
            return Ok(false);
        }
        let view = &mut *self.view_mut();
        for commit in commits {
            view.state.admit(commit);
        }
        if view.state.are_revocations_due() {
            view.state.revoke(&view.trust);
        }
        reader.clock.admit(view.state.greatest());
        reader.unerased.extend(view.state.drop_forgotten());
        Ok(true)
    }

    /// Erases from the store what was forgotten; what another process holds is left to it.
    fn erase(&self, reader: &mut Reader) -> Result<(u64, u64), MemoryError> {
        if self.read_only || reader.unerased.is_empty() {
            return Ok((0, 0));
        }
        let records = reader.unerased.iter().map(|(leaf, author)| (*author.as_bytes(), *leaf)).collect();
        let erased = self.store.erase(&records)?;
        reader.unerased.clear();
        Ok((erased.erased as u64, erased.pending as u64))
    }

    /// Reads the files of trust and names again where they changed.
    fn reload(&self, reader: &mut Reader) -> Result<(), MemoryError> {
        // The version is read first: what changes in between is read once more the next time.
        let trust = local::version(&*self.disk, trust::FILE)?;
        if trust != reader.trust {
            let said = Trust::load(&*self.disk)?;
            let mut view = self.view_mut();
            view.state.revoke(&said);
            view.trust = said;
            reader.trust = trust;
        }
        let namespaces = local::version(&*self.disk, namespace::FILE)?;
        if namespaces != reader.namespaces {
            let named = namespace::list(&*self.disk)?;
            self.view_mut().namespaces = named;
            reader.namespaces = namespaces;
        }
        Ok(())
    }

    pub(crate) fn view(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn view_mut(&self) -> RwLockWriteGuard<'_, View> {
        self.view.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// Milliseconds since 1970 by this memory's clock.
    pub(crate) fn now_ms(&self) -> u64 {
        (self.now)()
    }

    fn tick(&self) -> Result<Stamp, MemoryError> {
        let now = self.now_ms();
        lock(&self.reader).clock.tick(now).map_err(|_| MemoryError::ClockExhausted)
    }

    fn append(&self, records: Vec<NewRecord>) -> Result<(), MemoryError> {
        if self.identity.is_none() {
            return Err(MemoryError::NoIdentity);
        }
        self.store.append(records)?;
        Ok(())
    }

    fn require_writable(&self) -> Result<(), MemoryError> {
        if self.read_only { Err(JournalError::ReadOnly.into()) } else { Ok(()) }
    }

    fn writable_namespace(&self, name: Option<&str>) -> Result<NamespaceId, MemoryError> {
        if self.identity.is_none() {
            return Err(MemoryError::NoIdentity);
        }
        let name = name.unwrap_or(DEFAULT_NAMESPACE);
        if let Some(known) = self.view().namespaces.iter().find(|namespace| namespace.name == name) {
            return Ok(known.id);
        }
        Ok(self.make_namespace(name, false)?.id)
    }

    /// The live passages of one source, by their canonical bytes, with the leaves of every occasion.
    fn known_passages(
        &self,
        author: AgentKey,
        namespace: NamespaceId,
        source: &str,
    ) -> BTreeMap<Vec<u8>, Vec<Hash>> {
        let view = self.view();
        let mut known = BTreeMap::new();
        for group in view.state.sources.get(&(author, namespace, source.to_owned())).into_iter().flatten() {
            let live = view.state.live_members(*group);
            if !live.is_empty()
                && let Ok(bytes) = view.state.groups[*group as usize].note.to_bytes()
            {
                known.insert(bytes, live);
            }
        }
        known
    }

    fn change_trust(
        &self,
        key: AgentKey,
        change: impl FnOnce(&mut trust::Statement),
    ) -> Result<(), MemoryError> {
        self.require_writable()?;
        Trust::update(&*self.disk, key, |statement| {
            change(statement);
            Ok(())
        })?;
        self.refresh()?;
        Ok(())
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("path", &self.path)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

impl View {
    /// The record with this leaf that is shown, of those whose content is here: one that is not revoked, by an agent that
    /// is trusted, so that no stranger can put a copy before the original; then by key.
    pub(crate) fn find(&self, id: &EntryId) -> Option<RecordKey> {
        let lowest = (id.0, AgentKey::from_bytes([0; 32]));
        let highest = (id.0, AgentKey::from_bytes([255; 32]));
        self.state
            .records
            .range(lowest..=highest)
            .filter(|(_, record)| record.kind == KIND_REMEMBER)
            .min_by_key(|(key, record)| {
                (!record.held, self.state.is_revoked(record), !self.is_trusted(&key.1), key.1)
            })
            .map(|(key, _)| *key)
    }

    pub(crate) fn entry(&self, key: &RecordKey) -> Option<Entry> {
        let record = self.state.records.get(key).filter(|record| record.held)?;
        let group = record.group?;
        let (commit, index) = self.state.first_place(record);
        let mut note = self.state.groups[group as usize].note.clone();
        note.occurred_ms = record.occurred_ms;
        Some(Entry {
            id: EntryId(key.0),
            author: key.1,
            author_name: self.name_of(&key.1),
            namespace: record.namespace,
            time: self.state.time_of(record),
            note,
            superseded: self.state.is_marked(key),
            superseded_by: self.state.replacements(key).into_iter().map(EntryId).collect(),
            occasions: self.state.standing(group).map_or(1, |standing| standing.occasions),
            signature: self.signature_state(&key.1, record),
            writer: commit.writer,
            sequence: commit.first + u64::from(index),
        })
    }

    pub(crate) fn signature_state(&self, author: &AgentKey, record: &Record) -> SignatureState {
        let forked = |at: u32| self.state.fork(&self.state.commits[at as usize].writer).is_some();
        if self.state.is_revoked(record) {
            SignatureState::Revoked
        } else if record.places.iter().any(|(at, _)| forked(*at)) {
            SignatureState::Forked
        } else if self.is_trusted(author) {
            SignatureState::Trusted
        } else {
            SignatureState::UnknownSigner
        }
    }

    fn is_trusted(&self, author: &AgentKey) -> bool {
        self.own.as_ref().is_some_and(|(own, _)| own == author)
            || self.trust.of(author).is_some_and(|statement| statement.trusted)
    }

    fn name_of(&self, author: &AgentKey) -> Option<String> {
        let said = self.trust.of(author).and_then(|statement| statement.name.clone());
        said.or_else(|| self.own.as_ref().filter(|(own, _)| own == author).map(|(_, name)| name.clone()))
    }

    /// The last commit held of each incarnation of `key`, branches included.
    fn heads(&self, key: &AgentKey) -> Vec<LastAccepted> {
        let of_key = || self.state.commits.iter().filter(|commit| commit.writer.key == *key.as_bytes());
        let followed: BTreeSet<(WriterId, Hash)> =
            of_key().map(|commit| (commit.writer, commit.previous)).collect();
        let mut heads: Vec<LastAccepted> = of_key()
            .filter(|commit| !followed.contains(&(commit.writer, commit.hash)))
            .map(|commit| LastAccepted {
                incarnation: commit.writer.incarnation,
                sequence: commit.last,
                commit: commit.hash,
            })
            .collect();
        heads.sort();
        heads
    }
}

fn namespace_digests(state: &State) -> BTreeMap<NamespaceId, Hash> {
    let digest = |bytes: Vec<u8>| {
        *blake3::Hasher::new_derive_key("chrysalis 2026-11-20 memory namespace v1")
            .update(&bytes)
            .finalize()
            .as_bytes()
    };
    state.canonical().into_iter().map(|(namespace, bytes)| (namespace, digest(bytes))).collect()
}

fn new_record(
    kind: u16,
    namespace: NamespaceId,
    time: Stamp,
    content: Vec<u8>,
) -> Result<NewRecord, MemoryError> {
    Ok(NewRecord {
        kind,
        namespace: *namespace.as_bytes(),
        key_epoch: 0,
        time: time.to_bits(),
        context: Vec::new(),
        salt: random::array::<SALT_LENGTH>()?,
        content,
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn system_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
