//! The one who appends to a journal: holds its lock, its last segment and its mark.

use std::sync::Arc;

use chrysalis_crypto::commit::CommitHeader;
use chrysalis_crypto::merkle::Hash;
use chrysalis_crypto::random;

use crate::block::{BlockPlace, MAX_BLOCK_LENGTH, block_length, encode_block};
use crate::disk::{Disk, DiskFile, DiskLock, OpenMode};
use crate::error::JournalError;
use crate::mark::{MARK_LENGTH, Mark};
use crate::name::{JournalName, WRITERS};
use crate::recovery::{self, Rule};
use crate::segment::{SEGMENT_HEADER_LENGTH, SegmentHeader};

/// A commit ready to be placed: everything but where it will lie.
pub(crate) struct SealedCommit<'a> {
    pub(crate) header: CommitHeader,
    pub(crate) hash: Hash,
    pub(crate) signature: Option<[u8; 64]>,
    /// Encoded records, in pieces.
    pub(crate) records: Vec<&'a [u8]>,
}

/// Appends to one journal.
pub(crate) struct Appender {
    disk: Arc<dyn Disk>,
    pub(crate) name: JournalName,
    /// Hash of the last commit, zero before the first.
    pub(crate) head: Hash,
    /// The sequence number of the next record.
    pub(crate) next: u64,
    mark: Option<Mark>,
    mark_file: Box<dyn DiskFile>,
    active: Option<Active>,
    segment_bytes: u64,
    /// How much to extend the file by, next time; 0 = write without extending first.
    step: u64,
    buffer: Vec<u8>,
    is_broken: bool,
    process: u32,
    /// Held until the last handle to anything in the journal is gone.
    _lock: Box<dyn DiskLock>,
}

struct Active {
    file: Box<dyn DiskFile>,
    path: String,
    first: u64,
    epoch: [u8; 16],
    /// Where the blocks end.
    end: u64,
    /// Where the written zeros end.
    allocated: u64,
}

const FIRST_STEP: u64 = 256 << 10;
const LAST_STEP: u64 = 4 << 20;
/// Zeros written at once. Linux keeps what one call writes in pages as large as that, and looks through a whole such page
/// at every sync; pieces of this size make a sync of a small commit 10 to 15 % faster than 4 MiB do (ext4).
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// What came of taking a journal.
pub(crate) enum Taken {
    /// It can be appended to.
    Ready(Box<Appender>),
    /// Someone else holds its lock.
    Held,
    /// It ends in damage; the lock is free again.
    Damaged(JournalError),
}

impl Appender {
    /// Takes the lock of a journal and recovers it; creates it where there is none.
    ///
    /// # Errors
    /// [`JournalError::Io`], [`JournalError::DiskFull`].
    pub(crate) fn take(
        disk: &Arc<dyn Disk>,
        name: JournalName,
        rule: Rule,
        segment_bytes: u64,
    ) -> Result<Taken, JournalError> {
        let Some(lock) = lock_journal(&**disk, &name)? else { return Ok(Taken::Held) };
        let end = recovery::recover(&**disk, &name, rule)?;
        if let Some(damage) = end.damage {
            return Ok(Taken::Damaged(damage));
        }
        // Whoever was here before may have been killed between a rename or a new segment and this.
        let directory = name.directory();
        disk.sync_dir(&directory).map_err(JournalError::io("sync", &directory))?;
        let active = match end.segment {
            None => None,
            Some((first, epoch, end)) => {
                let path = name.segment(first);
                let file = disk.open(&path, OpenMode::Write).map_err(JournalError::io("open", &path))?;
                let allocated = file.len().map_err(JournalError::io("measure", &path))?;
                if end == SEGMENT_HEADER_LENGTH as u64 {
                    // Nothing vouches yet for a header without commits.
                    recovery::rewrite(&*file, 0, end).map_err(JournalError::io("write", &path))?;
                    file.sync().map_err(JournalError::io("sync", &path))?;
                }
                Some(Active { file, path, first, epoch, end, allocated })
            }
        };
        let mark_path = name.mark();
        let mark_file =
            disk.open(&mark_path, OpenMode::Create).map_err(JournalError::io("open", &mark_path))?;
        // The mark's space is taken now, so that publishing never meets a full disk.
        if mark_file.len().map_err(JournalError::io("measure", &mark_path))? < MARK_LENGTH as u64 {
            mark_file.write_all_at(&[0; MARK_LENGTH], 0).map_err(JournalError::io("write", &mark_path))?;
        }
        Ok(Taken::Ready(Box::new(Self {
            disk: Arc::clone(disk),
            name,
            head: end.head,
            next: end.next,
            mark: end.mark,
            mark_file,
            active,
            segment_bytes,
            step: if rule == Rule::Own { FIRST_STEP } else { 0 },
            buffer: Vec::new(),
            is_broken: false,
            process: process_id(),
            _lock: lock,
        })))
    }

    /// For an empty journal: the commit that its first one will follow.
    pub(crate) fn begin_at(&mut self, next: u64, head: Hash) {
        debug_assert!(self.active.is_none(), "only an empty journal can begin anywhere");
        (self.next, self.head) = (next, head);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.mark.is_none() && self.active.is_none()
    }

    /// Writes commits that follow the head, syncs and publishes them; gives where each one begins. When it
    /// returns, they are durable.
    ///
    /// # Errors
    /// [`JournalError::DiskFull`] when nothing of the last unfinished run was written,
    /// [`JournalError::OutcomeUnknown`] after a failed write or sync, [`JournalError::Poisoned`] ever after.
    pub(crate) fn append(&mut self, commits: &[SealedCommit<'_>]) -> Result<Vec<(u64, u64)>, JournalError> {
        if self.is_broken {
            return Err(JournalError::Poisoned);
        }
        let mut places = Vec::with_capacity(commits.len());
        let mut run = Run::default();
        for commit in commits {
            let length = block_length(commit.records.iter().map(|bytes| bytes.len()).sum()) as u64;
            if length > MAX_BLOCK_LENGTH as u64 {
                return Err(JournalError::TooLarge { what: "commit", limit: MAX_BLOCK_LENGTH as u64 });
            }
            let end = self.active.as_ref().map(|active| active.end + self.buffer.len() as u64);
            let is_full = end.is_none_or(|end| {
                end > SEGMENT_HEADER_LENGTH as u64 && end.saturating_add(length) > self.segment_bytes
            });
            if is_full {
                self.write_run(&mut run)?;
                self.roll()?;
            }
            let Some(active) = &self.active else { return Err(JournalError::Poisoned) };
            let offset = active.end + self.buffer.len() as u64;
            let place = BlockPlace { epoch: active.epoch, offset };
            encode_block(
                &commit.header,
                commit.signature.as_ref(),
                &commit.records,
                &place,
                &mut self.buffer,
            )?;
            places.push((active.first, offset));
            run = Run { last: commit.header.last(), hash: commit.hash };
        }
        self.write_run(&mut run)?;
        Ok(places)
    }

    /// Writes, syncs and publishes what the buffer holds.
    fn write_run(&mut self, run: &mut Run) -> Result<(), JournalError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let buffer = std::mem::take(&mut self.buffer);
        let written = self.write_durably(&buffer, *run);
        // Keep the allocation for the next group, unless it was an unusually large one.
        if buffer.capacity() <= 1 << 20 {
            self.buffer = buffer;
            self.buffer.clear();
        }
        written
    }

    fn write_durably(&mut self, bytes: &[u8], run: Run) -> Result<(), JournalError> {
        let step = self.step;
        let Some(active) = &mut self.active else { return Err(JournalError::Poisoned) };
        if let Err(error) = active.make_room(bytes.len() as u64, step, self.segment_bytes) {
            self.is_broken |= error != JournalError::DiskFull;
            return Err(error);
        }
        if step != 0 {
            self.step = (step * 2).min(LAST_STEP);
        }
        if let Err(error) = active.write(bytes) {
            self.is_broken |= error != JournalError::DiskFull;
            return Err(error);
        }
        let mark = Mark {
            generation: self.mark.map_or(0, |mark| mark.generation),
            segment: active.first,
            end: active.end + bytes.len() as u64,
            last: run.last,
            hash: run.hash,
        };
        if let Err(error) = active.file.sync().and_then(|()| self.mark_file.write_all_at(&mark.to_bytes(), 0))
        {
            self.is_broken = true;
            return Err(JournalError::OutcomeUnknown { kind: Some(error.kind()) });
        }
        active.end = mark.end;
        active.allocated = active.allocated.max(active.end);
        (self.next, self.head, self.mark) = (run.last + 1, run.hash, Some(mark));
        Ok(())
    }

    /// Begins a new segment. Until its first commit is written nothing refers to it.
    fn roll(&mut self) -> Result<(), JournalError> {
        if let Some(active) = &mut self.active {
            // Only zeros are given back; whether that works changes nothing.
            if active.file.set_len(active.end).is_ok() {
                active.allocated = active.end;
            }
            // A mark that survives a power cut keeps recovery short.
            self.mark_file.sync().map_err(|error| self.fail(&error))?;
        }
        let header = SegmentHeader {
            writer: self.name.writer,
            first: self.next,
            previous: self.head,
            epoch: random::array()?,
        };
        let path = self.name.segment(header.first);
        // One left by an attempt that found the disk full is begun again.
        let file = self.disk.open(&path, OpenMode::Create).map_err(JournalError::io("create", &path))?;
        let written = file.set_len(0).and_then(|()| file.write_all_at(&header.to_bytes(), 0));
        if let Err(error) = written {
            // What is left of it holds no commit and is removed by whoever comes next.
            let _ = self.disk.remove(&path);
            return Err(JournalError::io("write", &path)(error));
        }
        let directory = self.name.directory();
        let synced = file
            .sync()
            .and_then(|()| self.disk.sync_dir(&directory))
            .and_then(|()| self.disk.sync_dir(WRITERS));
        synced.map_err(|error| self.fail(&error))?;
        self.active = Some(Active {
            file,
            path,
            first: header.first,
            epoch: header.epoch,
            end: SEGMENT_HEADER_LENGTH as u64,
            allocated: SEGMENT_HEADER_LENGTH as u64,
        });
        Ok(())
    }

    fn fail(&mut self, error: &std::io::Error) -> JournalError {
        self.is_broken = true;
        JournalError::OutcomeUnknown { kind: Some(error.kind()) }
    }

    /// Whether a write or sync failed, after which nothing more is appended.
    pub(crate) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Gives unused space back and makes the mark durable, so that the next one has nothing to recover.
    ///
    /// # Errors
    /// [`JournalError::Io`]. Nothing is lost by it.
    pub(crate) fn close(mut self) -> Result<(), JournalError> {
        self.settle()
    }

    fn settle(&mut self) -> Result<(), JournalError> {
        if self.is_broken || self.process != process_id() {
            return Ok(());
        }
        if let Some(active) = &mut self.active
            && active.allocated > active.end
        {
            let path = &active.path;
            active.file.set_len(active.end).map_err(JournalError::io("cut", path))?;
            active.allocated = active.end;
            active.file.sync().map_err(JournalError::io("sync", path))?;
        }
        if self.mark.is_some() {
            self.mark_file.sync().map_err(JournalError::io("sync", &self.name.mark()))?;
        }
        // There is nothing left for the destructor.
        self.is_broken = true;
        Ok(())
    }

    /// Replaces a segment's file by `temporary`, a rewritten copy that is already synced.
    ///
    /// # Errors
    /// [`JournalError::OutcomeUnknown`]; the appender is then broken.
    pub(crate) fn replace_segment(&mut self, first: u64, temporary: &str) -> Result<(), JournalError> {
        if self.is_broken {
            return Err(JournalError::Poisoned);
        }
        self.try_replace(first, temporary).map_err(|error| self.fail(&error))
    }

    fn try_replace(&mut self, first: u64, temporary: &str) -> std::io::Result<()> {
        let path = self.name.segment(first);
        self.disk.rename(temporary, &path)?;
        self.disk.sync_dir(&self.name.directory())?;
        if let Some(active) = &mut self.active
            && active.first == first
        {
            active.file = self.disk.open(&path, OpenMode::Write)?;
            active.allocated = active.file.len()?;
        }
        if let Some(mark) = &mut self.mark {
            mark.generation = mark.generation.wrapping_add(1);
            self.mark_file.write_all_at(&mark.to_bytes(), 0)?;
            self.mark_file.sync()?;
        }
        Ok(())
    }
}

impl Drop for Appender {
    /// Gives unused space back where that works; a crash would not have done it either.
    fn drop(&mut self) {
        let _ = self.settle();
    }
}

/// The last commit of the blocks in the buffer.
#[derive(Clone, Copy, Default)]
struct Run {
    last: u64,
    hash: Hash,
}

impl Active {
    /// Makes sure that a block of `length` bytes lands on space that is already written, so that the sync has no
    /// metadata to write. Blocks longer than a step are written where the file ends.
    fn make_room(&mut self, length: u64, step: u64, segment_bytes: u64) -> Result<(), JournalError> {
        let needed = self.end + length;
        if needed <= self.allocated || length > step {
            return Ok(());
        }
        let goal = (self.allocated + step).min(segment_bytes).max(needed);
        let mut extended = self.write_zeros(goal);
        if extended.is_err() && goal > needed {
            extended = self.write_zeros(needed);
        }
        if let Err(error) = extended {
            return Err(self.take_back(&error));
        }
        self.allocated = self.file.len().map_err(JournalError::io("measure", &self.path))?;
        Ok(())
    }

    /// Writes zeros from where they end up to `goal`.
    fn write_zeros(&self, goal: u64) -> std::io::Result<()> {
        let mut offset = self.allocated;
        while offset < goal {
            let length = usize::try_from(goal - offset).unwrap_or(usize::MAX).min(ZEROS.len());
            self.file.write_all_at(&ZEROS[..length], offset)?;
            offset += length as u64;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        let end = self.end + bytes.len() as u64;
        match self.file.write_all_at(bytes, self.end) {
            Ok(()) => Ok(()),
            // Space ran out while the file grew: what was written of the block goes away with the growth.
            Err(error) if end > self.allocated => Err(self.take_back(&error)),
            Err(error) => Err(JournalError::OutcomeUnknown { kind: Some(error.kind()) }),
        }
    }

    /// After a write that failed beyond the file's end: a full disk leaves the file as it was.
    fn take_back(&mut self, error: &std::io::Error) -> JournalError {
        let full = JournalError::io("write", &self.path)(std::io::Error::from(error.kind()));
        if full == JournalError::DiskFull
            && self.file.set_len(self.end).and_then(|()| self.file.sync()).is_ok()
        {
            self.allocated = self.end;
            JournalError::DiskFull
        } else {
            JournalError::OutcomeUnknown { kind: Some(error.kind()) }
        }
    }
}

/// Takes the lock of a journal, which is created where it does not exist; `None` when another holds it.
pub(crate) fn lock_journal(
    disk: &dyn Disk,
    name: &JournalName,
) -> Result<Option<Box<dyn DiskLock>>, JournalError> {
    let directory = name.directory();
    let lock = name.lock();
    match disk.try_lock(&lock) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        other => return other.map_err(JournalError::io("lock", &lock)),
    }
    disk.create_dir_all(&directory).map_err(JournalError::io("create", &directory))?;
    disk.open(&lock, OpenMode::Create).map_err(JournalError::io("create", &lock))?;
    disk.try_lock(&lock).map_err(JournalError::io("lock", &lock))
}

/// The process, where there are processes: a child of `fork()` must not use what it inherited.
pub(crate) fn process_id() -> u32 {
    if cfg!(target_family = "wasm") { 0 } else { std::process::id() }
}
