//! A store: a directory of writer journals.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use chrysalis_crypto::CryptoError;
use chrysalis_crypto::commit::{CommitHeader, WriterId};
use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_crypto::merkle::Hash;

use crate::append::{Queue, Writer};
use crate::appender::{Appender, Taken, process_id};
use crate::block::PREFIX_LENGTH;
use crate::disk::{Disk, OpenMode, read_small, write_atomic};
use crate::error::JournalError;
use crate::local;
use crate::mark::{Mark, MarkState, read_mark};
use crate::name::{JournalName, WRITERS};
use crate::record::{Commit, Position};
use crate::recovery::{self, Rule};
use crate::segment::SegmentReader;
use crate::text::{self, Closed, MAX_TEXT_LENGTH};

/// Signs the commits of one agent.
pub trait Signer: Send + Sync {
    /// The agent's Ed25519 public key.
    fn public_key(&self) -> [u8; 32];

    /// The signature of a header whose writer has this key.
    ///
    /// # Errors
    /// Whatever keeps the key from being used.
    fn sign(&self, header: &CommitHeader) -> Result<[u8; 64], CryptoError>;
}

impl Signer for SigningKey {
    fn public_key(&self) -> [u8; 32] {
        Self::public_key(self)
    }

    fn sign(&self, header: &CommitHeader) -> Result<[u8; 64], CryptoError> {
        Ok(header.sign(self))
    }
}

/// The key of journals without a signer. It is no valid public key, so that what is unsigned can never be
/// mistaken for someone's.
pub const UNSIGNED_KEY: [u8; 32] = [0; 32];

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// Signs what is appended; without one, journals are unsigned and nobody imports them.
    pub signer: Option<Arc<dyn Signer>>,
    /// The random id kept in the user's state directory. Processes with the same id share incarnations; by it a copied
    /// store is recognised. Different ids may use one store at the same time.
    pub host: [u8; 16],
    /// Whether to create the store where there is none.
    pub create: bool,
    /// Whether to change nothing at all.
    pub read_only: bool,
    /// The size at which a new segment is begun; a segment holds at least one commit.
    pub segment_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { signer: None, host: [0; 16], create: true, read_only: false, segment_bytes: 16 << 20 }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("signed", &self.signer.is_some())
            .field("create", &self.create)
            .field("read_only", &self.read_only)
            .field("segment_bytes", &self.segment_bytes)
            .finish_non_exhaustive()
    }
}

/// A place where a journal is not what was written; nothing behind it is used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Damage {
    /// The journal that ends here.
    pub journal: JournalName,
    /// What was found, with file and offset.
    pub error: JournalError,
}

/// Another branch of a writer that forked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Branch {
    /// The journal of the branch.
    pub journal: JournalName,
    /// Sequence number and hash of its last commit.
    pub head: (u64, Hash),
}

/// A writer born in this directory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OwnWriter {
    /// The writer.
    pub writer: WriterId,
    /// Why it never appends again, if so.
    pub closed: Option<Closed>,
}

/// What this handle did since it was opened.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Stats {
    /// Commits appended.
    pub commits: u64,
    /// Records in them.
    pub records: u64,
    /// Commits read by polls.
    pub polled: u64,
}

/// An open store. All methods may be called from several threads.
pub struct Store {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) options: Options,
    pub(crate) queue: Mutex<Queue>,
    pub(crate) writer: Mutex<Writer>,
    pub(crate) known: Mutex<Known>,
    process: AtomicU32,
}

/// What a handle knows beside the disk.
#[derive(Default)]
pub(crate) struct Known {
    /// Journals that end in damage.
    pub(crate) damage: BTreeMap<JournalName, JournalError>,
    /// In a read-only store: marks of journals whose tail was found durable.
    pub(crate) marks: BTreeMap<JournalName, Mark>,
    /// The last commit this process signed, per journal.
    pub(crate) signed: BTreeMap<JournalName, Hash>,
    pub(crate) stats: Stats,
}

impl Known {
    /// Whether a journal holds less than its mark says, as far as is known: what is behind the damage is not here,
    /// whichever file showed it.
    pub(crate) fn ends_early(&self, journal: &JournalName) -> bool {
        matches!(self.damage.get(journal), Some(JournalError::Corrupt { .. }))
    }

    /// Whether the segments of a journal are damaged: nothing may be appended behind that.
    pub(crate) fn is_damaged(&self, journal: &JournalName) -> bool {
        matches!(self.damage.get(journal), Some(JournalError::Corrupt { file, .. }) if file.ends_with(".seg"))
    }
}

impl Store {
    /// Opens the store on `disk`. Finds what crashed writers left complete and makes it durable; takes no
    /// incarnation before the first append.
    ///
    /// Cost: a few small reads per journal, and a scan of what lies beyond its durable mark.
    ///
    /// # Errors
    /// [`JournalError::NotAStore`], [`JournalError::FormatTooNew`], [`JournalError::Corrupt`] for a damaged
    /// `FORMAT`, [`JournalError::Io`]. Damage in a journal is not an error: see [`damage`](Self::damage).
    pub fn open(disk: Arc<dyn Disk>, options: Options) -> Result<Self, JournalError> {
        open_format(&*disk, &options)?;
        let store = Self {
            disk,
            options,
            queue: Mutex::default(),
            writer: Mutex::default(),
            known: Mutex::default(),
            process: AtomicU32::new(process_id()),
        };
        store.settle()?;
        Ok(store)
    }

    /// Reads one commit again, as [`poll`](Self::poll) or a receipt placed it. Its records may have been erased
    /// since. Checks everything but signature and chain, which were checked when it was admitted.
    ///
    /// # Errors
    /// [`JournalError::Corrupt`] when it is not there any more, [`JournalError::InvalidArgument`] for the position of a
    /// commit that came over a network.
    pub fn read(&self, position: &Position) -> Result<Commit, JournalError> {
        if position.segment == 0 {
            return Err(JournalError::InvalidArgument("the commit is in no store"));
        }
        let mut reader = SegmentReader::open(&*self.disk, &position.journal, position.segment, u64::MAX)?;
        reader.read_little();
        let block = reader.block(position.offset)?;
        let block =
            block.ok_or_else(|| JournalError::corrupt(&reader.path, position.offset, "commit is missing"))?;
        if block.header.writer != position.journal.writer {
            return Err(JournalError::corrupt(&reader.path, position.offset, "commit is another writer's"));
        }
        Ok(Commit {
            header: block.header,
            hash: block.hash,
            signature: block.signature,
            records: block.records,
            position: position.clone(),
        })
    }

    /// The last durable commit of every writer: sequence number of its last record, and its hash. Of a writer
    /// that forked, the journal that was here first.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn frontier(&self) -> Result<BTreeMap<WriterId, (u64, Hash)>, JournalError> {
        let heads = self.heads()?;
        Ok(heads
            .into_iter()
            .filter(|(name, _)| name.branch.is_none())
            .map(|(name, head)| (name.writer, head))
            .collect())
    }

    /// The other branches of writers that forked.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn branches(&self) -> Result<Vec<Branch>, JournalError> {
        let heads = self.heads()?;
        Ok(heads
            .into_iter()
            .filter(|(journal, _)| journal.branch.is_some())
            .map(|(journal, head)| Branch { journal, head })
            .collect())
    }

    /// The writers born in this directory, at whichever host.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn own_writers(&self) -> Result<Vec<OwnWriter>, JournalError> {
        local::born(&*self.disk)?
            .into_iter()
            .map(|writer| Ok(OwnWriter { writer, closed: local::why_closed(&*self.disk, &writer)? }))
            .collect()
    }

    /// The damage that this handle met so far, one place per journal.
    #[must_use]
    pub fn damage(&self) -> Vec<Damage> {
        self.known()
            .damage
            .iter()
            .map(|(journal, error)| Damage { journal: *journal, error: error.clone() })
            .collect()
    }

    /// What this handle did since it was opened.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.known().stats
    }

    /// Closes the store and gives unused space back, so that the next one to open it has nothing to recover.
    ///
    /// # Errors
    /// [`JournalError::Io`]. Nothing acknowledged is lost by it.
    pub fn close(self) -> Result<(), JournalError> {
        let writer = std::mem::take(&mut *lock(&self.writer));
        match writer {
            Writer::Ready(appender) => appender.close(),
            Writer::None | Writer::Poisoned => Ok(()),
        }
    }

    /// The public key under which this handle appends.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.options.signer.as_ref().map_or(UNSIGNED_KEY, |signer| signer.public_key())
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }

    /// The journals there are, in order.
    pub(crate) fn journals(&self) -> Result<Vec<JournalName>, JournalError> {
        list_journals(&*self.disk)
    }

    /// The journals of one writer, in order.
    pub(crate) fn journals_of(&self, writer: &WriterId) -> Result<Vec<JournalName>, JournalError> {
        let name = writer.name();
        let names = self.disk.list(WRITERS).map_err(JournalError::io("list", WRITERS))?;
        let of_writer = names.iter().filter(|directory| directory.starts_with(&name));
        Ok(of_writer.filter_map(|directory| JournalName::parse(directory)).collect())
    }

    /// How far a journal is durable.
    pub(crate) fn mark(&self, journal: &JournalName) -> Result<MarkState, JournalError> {
        let state = read_mark(&*self.disk, &journal.mark())?;
        let Some(found) = self.known().marks.get(journal).copied() else { return Ok(state) };
        Ok(match state {
            MarkState::Published(mark) if mark.last >= found.last => state,
            _ => MarkState::Published(found),
        })
    }

    pub(crate) fn heads(&self) -> Result<BTreeMap<JournalName, (u64, Hash)>, JournalError> {
        let mut heads = BTreeMap::new();
        for journal in self.journals()? {
            if let Some(mark) = self.mark(&journal)?.published() {
                heads.insert(journal, (mark.last, mark.hash));
            }
        }
        Ok(heads)
    }

    pub(crate) fn require_writable(&self) -> Result<(), JournalError> {
        if self.options.read_only { Err(JournalError::ReadOnly) } else { Ok(()) }
    }

    /// Finds what writers that are gone left beyond their marks.
    fn settle(&self) -> Result<(), JournalError> {
        let mut open = Vec::new();
        for journal in self.journals()? {
            match needs_recovery(&*self.disk, &journal) {
                Ok(false) => {}
                Ok(true) | Err(JournalError::Corrupt { .. }) => open.push(journal),
                Err(error) => {
                    self.known().damage.insert(journal, error);
                }
            }
        }
        if open.is_empty() {
            return Ok(());
        }
        let _guard = if self.options.read_only {
            self.disk.lock(local::LOCK).ok()
        } else {
            Some(local::lock(&*self.disk)?)
        };
        for journal in open {
            if self.options.read_only {
                self.settle_for_reading(journal)?;
                continue;
            }
            let rule = rule_of(&*self.disk, &journal)?;
            match Appender::take(&self.disk, journal, rule, self.options.segment_bytes) {
                Ok(Taken::Ready(appender)) => appender.close()?,
                Ok(Taken::Held) => {}
                Ok(Taken::Damaged(error)) => {
                    self.known().damage.insert(journal, error);
                }
                // A full or a failing disk is still read.
                Err(_) => self.settle_for_reading(journal)?,
            }
        }
        Ok(())
    }

    /// Finds how far a journal can be read, without changing it: up to its mark, and beyond where nobody appends
    /// and what is there can be synced.
    fn settle_for_reading(&self, journal: JournalName) -> Result<(), JournalError> {
        let Ok(Some(_lock)) = self.disk.try_lock(&journal.lock()) else { return Ok(()) };
        match recovery::recover(&*self.disk, &journal, Rule::ReadOnly) {
            Ok(end) => {
                let mut known = self.known();
                if let Some(mark) = end.mark {
                    known.marks.insert(journal, mark);
                }
                // A torn import is no damage.
                if let Some(damage) = end.damage
                    && rule_of(&*self.disk, &journal)? == Rule::Own
                {
                    known.damage.insert(journal, damage);
                }
            }
            Err(error) => {
                self.known().damage.insert(journal, error);
            }
        }
        Ok(())
    }

    /// Called first by everything that takes a lock or waits: in a child of `fork()`, drops what it inherited.
    pub(crate) fn enter_process(&self) -> Result<(), JournalError> {
        let process = process_id();
        if self.process.load(Ordering::Acquire) == process {
            return Ok(());
        }
        // Locks that another thread held when the process forked are never released in the child.
        for _ in 0..FORK_ATTEMPTS {
            if let (Some(mut queue), Some(mut writer), Some(_known)) =
                (try_lock(&self.queue), try_lock(&self.writer), try_lock(&self.known))
            {
                if self.process.load(Ordering::Acquire) != process {
                    *queue = Queue::default();
                    *writer = Writer::default();
                    self.process.store(process, Ordering::Release);
                }
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Err(JournalError::Forked)
    }
}

const FORK_ATTEMPTS: usize = 200;

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What the mutexes guard is whole between statements; a group that panicked is delivered by its guard.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// The journals in the directory of writers, in order; names that are none are left alone.
pub(crate) fn list_journals(disk: &dyn Disk) -> Result<Vec<JournalName>, JournalError> {
    match disk.list(WRITERS) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(JournalError::io("list", WRITERS)(error)),
        Ok(names) => {
            let mut journals: Vec<_> = names.iter().filter_map(|name| JournalName::parse(name)).collect();
            journals.sort_unstable();
            Ok(journals)
        }
    }
}

/// Whether a journal was only ever appended to by this directory's own processes, or may have been filled from
/// elsewhere.
pub(crate) fn rule_of(disk: &dyn Disk, journal: &JournalName) -> Result<Rule, JournalError> {
    let is_born = journal.branch.is_none() && local::born(disk)?.contains(&journal.writer);
    if !is_born {
        return Ok(Rule::Imported);
    }
    Ok(match local::why_closed(disk, &journal.writer)? {
        None | Some(Closed::Damaged) => Rule::Own,
        Some(_) => Rule::Imported,
    })
}

/// Whether anything lies beyond the mark of a journal, or its first or last segment is gone.
fn needs_recovery(disk: &dyn Disk, journal: &JournalName) -> Result<bool, JournalError> {
    let segments = recovery::segments(disk, journal)?;
    let mark = read_mark(disk, &journal.mark())?.published();
    let Some(&last) = segments.last() else { return Ok(mark.is_some()) };
    let Some(mark) = mark else { return Ok(true) };
    let is_beginning_lost = journal.branch.is_none() && segments.first() != Some(&1);
    if mark.segment != last || is_beginning_lost {
        return Ok(true);
    }
    let path = journal.segment(last);
    let file = disk.open(&path, OpenMode::Read).map_err(JournalError::io("open", &path))?;
    let length = file.len().map_err(JournalError::io("measure", &path))?;
    let mut prefix = [0; PREFIX_LENGTH];
    let read = file.read_at(&mut prefix, mark.end).map_err(JournalError::io("read", &path))?;
    Ok(length < mark.end || prefix[..read].iter().any(|byte| *byte != 0))
}

const FORMAT: &str = "FORMAT";

/// Checks `FORMAT`, and creates the store where there is none and that is wanted.
fn open_format(disk: &dyn Disk, options: &Options) -> Result<(), JournalError> {
    if check_format(disk)? {
        return Ok(());
    }
    if !options.create || options.read_only {
        return Err(JournalError::NotAStore { reason: "there is no file FORMAT" });
    }
    let names = match disk.list("") {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        other => other.map_err(JournalError::io("list", "."))?,
    };
    let is_ours = |name: &String| [WRITERS, local::LOCAL, FORMAT].contains(&name.trim_end_matches(".tmp"));
    if !names.iter().all(is_ours) {
        return Err(JournalError::NotAStore { reason: "the directory holds other files" });
    }
    let _guard = local::lock(disk)?;
    // Someone else may have created it meanwhile.
    if check_format(disk)? {
        return Ok(());
    }
    if !list_journals(disk)?.is_empty() {
        return Err(JournalError::NotAStore { reason: "there are journals but no file FORMAT" });
    }
    disk.create_dir_all(WRITERS).map_err(JournalError::io("create", WRITERS))?;
    local::settle_here(disk, options.host)?;
    write_atomic(disk, FORMAT, &text::encode_format()).map_err(JournalError::io("write", FORMAT))
}

/// Whether there is a `FORMAT`, and one of this version.
fn check_format(disk: &dyn Disk) -> Result<bool, JournalError> {
    match read_small(disk, FORMAT, MAX_TEXT_LENGTH) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(JournalError::io("read", FORMAT)(error)),
        Ok(bytes) => text::check_format(bytes.as_deref().unwrap_or_default()).map(|()| true),
    }
}
