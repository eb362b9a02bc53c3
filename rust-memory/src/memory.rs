//! One open memory: a store, the fold of its commits, and the index over what is live.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use chrysalis_crdt::{HybridClock, Stamp};
use chrysalis_crypto::commit::SALT_LENGTH;
use chrysalis_crypto::merkle::Hash;
use chrysalis_crypto::random;
use chrysalis_journal::{Cursor, Disk, FileDisk, JournalError, NewRecord, Options, Signer, Store};

use crate::document::{Document, Remembered};
use crate::entry::EntryId;
use crate::error::MemoryError;
use crate::identity::{AgentKey, Identity};
use crate::index::Index;
use crate::local;
use crate::namespace::{self, DEFAULT_NAMESPACE, Namespace, NamespaceId};
use crate::note::{KIND_REMEMBER, KIND_SUPERSEDE, Note, Supersede};
use crate::semantic::{Embedder, Vectors};
use crate::state::{RecordKey, State};
use crate::trust::{self, Trust};
use crate::view::View;

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
    /// What makes vectors, for recall by meaning as well as by words.
    pub embedder: Option<Arc<dyn Embedder>>,
}

/// A memory that is open. All methods may be called from any thread.
pub struct Memory {
    disk: Arc<dyn Disk>,
    path: Option<PathBuf>,
    store: Store,
    identity: Option<Arc<Identity>>,
    read_only: bool,
    now: Now,
    embedder: Option<Arc<dyn Embedder>>,
    // Locks are taken in this order.
    reader: Mutex<Reader>,
    semantic: Option<Mutex<Vectors>>,
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
        let semantic = options.embedder.as_ref().map(|embedder| {
            let (space, dimensions) = (embedder.space(), embedder.dimensions());
            Vectors::open(&disk, space, dimensions, options.host, options.read_only).map(Mutex::new)
        });
        let memory = Self {
            semantic: semantic.transpose()?,
            embedder: options.embedder,
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
        if let Some(vectors) = &self.semantic {
            let _left_to_another = lock(vectors).erase(reader.unerased.iter())?;
        }
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

    /// As [`refresh`](Self::refresh), and takes over what changed into the index.
    pub(crate) fn catch_up(&self) -> Result<(), MemoryError> {
        self.refresh()?;
        if self.view().state.has_changes() {
            let view = &mut *self.view_mut();
            view.index.catch_up(&mut view.state)?;
        }
        Ok(())
    }

    pub(crate) fn embedder(&self) -> Option<&dyn Embedder> {
        self.embedder.as_deref()
    }

    pub(crate) fn semantic(&self) -> Option<&Mutex<Vectors>> {
        self.semantic.as_ref()
    }

    pub(crate) fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// Milliseconds since 1970 by this memory's clock.
    pub(crate) fn now_ms(&self) -> u64 {
        (self.now)()
    }

    pub(crate) fn tick(&self) -> Result<Stamp, MemoryError> {
        let now = self.now_ms();
        lock(&self.reader).clock.tick(now).map_err(|_| MemoryError::ClockExhausted)
    }

    pub(crate) fn append(&self, records: Vec<NewRecord>) -> Result<(), MemoryError> {
        if self.identity.is_none() {
            return Err(MemoryError::NoIdentity);
        }
        self.store.append(records)?;
        Ok(())
    }

    pub(crate) fn require_writable(&self) -> Result<(), MemoryError> {
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
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("path", &self.path)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

pub(crate) fn new_record(
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

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn system_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
