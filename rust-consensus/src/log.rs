//! The vote log: what a member signed, kept so that it never signs anything else.
//!
//! The log is a directory. `CURRENT` says whose it is and which generation counts; a generation is a store of
//! `rust-journal` with one journal. Its first record says what it stands on, the others are [`LogRecord`]s of the core
//! and the member's own checkpoint votes. When [`append`](VoteLog::append) returns, its records are on the
//! medium, file and directory; the caller sends after that, never before.
//!
//! A stable checkpoint begins a new generation, and `CURRENT` is replaced in one step once that is on the medium. The one
//! before it is kept to serve members that lag, older ones are deleted; so between one and two intervals of decisions are
//! there at any time.
//!
//! A write that a crash cut short is cut off. Anything else that is not what was written stops the member with
//! [`ConsensusError::LogDamaged`], which names file and offset: a member that lost a vote it may have sent must not guess.
//! A log that is gone, or another's, or a copy, is refused for the same reason.

mod contents;
mod directory;
mod entry;
pub(crate) mod files;
mod generation;
mod head;
pub(crate) mod journal;

use std::sync::Arc;

use chrysalis_journal::{Disk, DiskLock, JournalError, NewRecord};

pub use self::entry::Begin;
use self::files::{
    CURRENT, damaged, failed, generations, read_head, remove_generation, remove_generations, take_lock,
    write_head,
};
use self::generation::{Generation, KIND_INPUT, KIND_RECORD, KIND_VOTE, encode_input};
pub use self::head::{HEAD_LENGTH, Head};
use self::journal::{Place, record};
use crate::checkpoint::{CheckpointVote, StableCheckpoint};
use crate::config::MAX_WINDOW;
use crate::consensus::Origin;
use crate::error::ConsensusError;
use crate::id::{ChainId, Height};
use crate::message::MAX_MESSAGE_BYTES;
use crate::record::LogRecord;
use crate::transfer::EncodedDecision;

/// How a log is opened.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// The chain whose votes are logged.
    pub chain: ChainId,
    /// The public key that signs them.
    pub key: [u8; 32],
    /// The core's window.
    pub window: u64,
    /// The beginning of the log to make where there is none. Only for a member that never signed anything: one that
    /// lost its log may contradict what it signed before.
    pub create: Option<Origin>,
    /// Whether to go on with a log that was moved here from another directory. Only where nothing signs with the log it
    /// was copied from any more.
    pub adopt: bool,
    /// The last height that the application executed, where others may have given it their state: completes an
    /// [`install`](VoteLog::install) that a crash cut short behind the application's part.
    pub executed: Option<Height>,
    /// Bytes of a segment of the journal.
    pub segment_bytes: u64,
}

impl LogOptions {
    /// For `key` on `chain`, with the default window; neither creates nor adopts.
    #[must_use]
    pub fn new(chain: ChainId, key: [u8; 32]) -> Self {
        Self { chain, key, window: 8, create: None, adopt: false, executed: None, segment_bytes: 16 << 20 }
    }
}

/// What a log holds when it is opened.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// The height after the last one executed, and the validators from there on.
    pub origin: Origin,
    /// The core's records from that height on, in the order they were logged: with `origin`, what
    /// [`ByzantineConsensus::restore`](crate::ByzantineConsensus::restore) takes.
    pub records: Vec<LogRecord>,
    /// What another core was given at those heights, in its engine's encoding and in order.
    pub inputs: Vec<(Height, Vec<u8>)>,
    /// The last stable checkpoint.
    pub checkpoint: Option<StableCheckpoint>,
    /// The last checkpoint this member voted for: for that height it must not vote for another.
    pub vote: Option<CheckpointVote>,
    /// Why decisions before this generation cannot be served any more, where they are damaged. Nothing that this member
    /// may contradict was in them.
    pub lost: Option<ConsensusError>,
}

/// Most bytes of an input of another core.
pub const MAX_INPUT_BYTES: usize = MAX_MESSAGE_BYTES + (64 << 10);

/// An open log, which no other process has open.
pub struct VoteLog {
    disk: Arc<dyn Disk>,
    options: LogOptions,
    current: Generation,
    /// The generation before, for decisions only.
    previous: Option<Generation>,
    is_stopped: bool,
    _lock: Box<dyn DiskLock>,
}

impl VoteLog {
    /// Opens the log on `disk`, checks every byte of the generation that counts, and cuts off what a crash left
    /// unfinished.
    ///
    /// # Errors
    /// [`ConsensusError::LogHeld`] while another process has it, [`ConsensusError::LogMissing`],
    /// [`ConsensusError::LogForeign`] for another chain's or key's, [`ConsensusError::LogMoved`] for a copy,
    /// [`ConsensusError::LogDamaged`], [`ConsensusError::InvalidLog`] for whole records that do not follow from each
    /// other, [`ConsensusError::InvalidConfig`] for another window than the log was begun with,
    /// [`ConsensusError::Journal`] for what the disk refuses.
    pub fn open(disk: Arc<dyn Disk>, options: LogOptions) -> Result<(Self, Recovered), ConsensusError> {
        if options.window == 0 || options.window > MAX_WINDOW {
            return Err(ConsensusError::InvalidConfig("window is not from 1 to 64"));
        }
        let lock = take_lock(&*disk, options.create.is_some())?;
        let place = disk.fingerprint("").map_err(|error| failed("look at", ".", &error))?;
        let chain = Head::chain_digest(&options.chain);
        let fresh = Head { generation: 0, chain, key: options.key, place };
        let head = match (read_head(&*disk)?, &options.create) {
            (Some(head), _) => head,
            (None, _) if !generations(&*disk)?.is_empty() => {
                return Err(damaged(CURRENT, 0, "file is missing beside a log"));
            }
            (None, None) => return Err(ConsensusError::LogMissing),
            (None, Some(_)) => {
                write_head(&*disk, &fresh).map_err(|(_, error)| error)?;
                fresh
            }
        };
        if (head.chain, head.key) != (chain, options.key) {
            return Err(ConsensusError::LogForeign);
        }
        let is_moved = head.place != place;
        if is_moved && !options.adopt {
            return Err(ConsensusError::LogMoved);
        }
        let mut lost = None;
        let mut previous = None;
        let mut current = if head.generation == 0 {
            // Nothing was ever logged.
            remove_generations(&*disk, |_| true)?;
            let Some(origin) = options.create.clone() else { return Err(ConsensusError::LogMissing) };
            let window = options.window;
            let begin = Begin { generation: 1, window, origin, checkpoint: None, vote: None };
            let current = Generation::begin(&disk, &options, begin, &[], &[])?;
            write_head(&*disk, &Head { generation: 1, ..fresh }).map_err(|(_, error)| error)?;
            current
        } else {
            let before = head.generation - 1;
            if generations(&*disk)?.contains(&before) {
                match Generation::open(&disk, &options, before) {
                    Ok(generation) => previous = Some(generation),
                    Err(error @ (ConsensusError::LogDamaged { .. } | ConsensusError::InvalidLog { .. })) => {
                        lost = Some(error);
                    }
                    Err(error) => return Err(error),
                }
            }
            Generation::open(&disk, &options, head.generation)?
        };
        if let Some(next) = current.prepared(&disk, &options)? {
            // The application has what it stands on, and not any more what the present one does.
            write_head(&*disk, &Head { generation: next.journal.number(), ..head })
                .map_err(|(_, error)| error)?;
            previous = Some(std::mem::replace(&mut current, next));
        }
        // Later ones were begun and never counted, earlier ones were given up.
        let counting = current.journal.number();
        remove_generations(&*disk, |number| number > counting || number + 1 < counting)?;
        if current.contents.begin.window != options.window {
            return Err(ConsensusError::InvalidConfig("the log was begun with another window"));
        }
        let mut log = Self { disk, options, current, previous, is_stopped: false, _lock: lock };
        if is_moved {
            // The journal belongs to the place it was written at: what counts is written anew here.
            let contents = &log.current.contents;
            log.begin_next(contents.origin.clone(), contents.begin.checkpoint.clone(), || Ok(()))?;
        }
        let contents = &log.current.contents;
        let recovered = Recovered {
            origin: contents.origin.clone(),
            records: contents.open.clone(),
            inputs: contents.inputs.clone(),
            checkpoint: contents.begin.checkpoint.clone(),
            vote: contents.vote,
            lost,
        };
        Ok((log, recovered))
    }

    /// Appends records of the core and returns when they are on the medium. Only then may what follows them be sent.
    ///
    /// # Errors
    /// [`ConsensusError::ConflictingVotes`] for a signature that contradicts one that was logged; nothing is written.
    /// [`ConsensusError::Journal`]: after [`JournalError::DiskFull`] nothing was written, and the same call may be
    /// repeated; after any other the log takes nothing more, and the member stops voting until it is opened again.
    /// [`ConsensusError::InvalidLog`] for records that do not follow from what there is, after which likewise.
    pub fn append(&mut self, records: &[LogRecord]) -> Result<(), ConsensusError> {
        self.append_with_inputs(&[], records)
    }

    /// Appends inputs of another core, in its engine's encoding, and the records that they led to, as one unit: both are
    /// there after a crash, or neither.
    ///
    /// # Errors
    /// As [`append`](Self::append); [`ConsensusError::TooLarge`] for an input over [`MAX_INPUT_BYTES`].
    pub fn append_with_inputs(
        &mut self,
        inputs: &[(Height, Vec<u8>)],
        records: &[LogRecord],
    ) -> Result<(), ConsensusError> {
        if inputs.is_empty() && records.is_empty() {
            return Ok(());
        }
        if inputs.iter().any(|(_, bytes)| bytes.len() > MAX_INPUT_BYTES) {
            return Err(ConsensusError::TooLarge { what: "input", limit: MAX_INPUT_BYTES as u64 });
        }
        self.current.contents.check(records).map_err(|_| ConsensusError::ConflictingVotes)?;
        let first = inputs.iter().map(|input| self.entry(KIND_INPUT, encode_input(input)));
        let then = records.iter().map(|record| self.entry(KIND_RECORD, record.to_bytes()));
        let batch = first.chain(then).collect();
        let (position, index) = self.write(batch)?;
        for input in inputs {
            self.current.contents.take_input(input.clone());
        }
        for (place, record) in records.iter().enumerate() {
            let at = (position.clone(), index + inputs.len() + place);
            if let Err(problem) = self.current.contents.take(record.clone(), at) {
                self.is_stopped = true;
                return Err(ConsensusError::InvalidLog { record: place, problem });
            }
        }
        Ok(())
    }

    /// Appends a vote of this member for a checkpoint and returns when it is on the medium. The same vote again changes
    /// nothing.
    ///
    /// # Errors
    /// [`ConsensusError::ConflictingVotes`] for another state at the height of the last one, or an earlier height;
    /// and as [`append`](Self::append).
    pub fn vote_checkpoint(&mut self, vote: &CheckpointVote) -> Result<(), ConsensusError> {
        if let Some(last) = &self.current.contents.vote {
            if last == vote {
                return Ok(());
            }
            if last.checkpoint.height >= vote.checkpoint.height {
                return Err(ConsensusError::ConflictingVotes);
            }
        }
        self.write(vec![self.entry(KIND_VOTE, vote.to_bytes())])?;
        self.current.contents.vote = Some(*vote);
        Ok(())
    }

    /// Begins a new generation on a stable checkpoint of what was executed here, and deletes the generation before the
    /// present one. Whoever lags further behind gets the checkpoint.
    ///
    /// # Errors
    /// [`ConsensusError::OutOfOrder`] for one that is not later than the last, or not executed; and as
    /// [`append`](Self::append): after [`JournalError::DiskFull`] the log goes on as it was.
    pub fn prune(&mut self, checkpoint: StableCheckpoint) -> Result<(), ConsensusError> {
        let contents = &self.current.contents;
        let found = checkpoint.checkpoint.height;
        self.require_later(found)?;
        if found >= contents.origin.height {
            return Err(ConsensusError::OutOfOrder {
                expected: contents.origin.height.0 - 1,
                found: found.0,
            });
        }
        self.begin_next(contents.origin.clone(), Some(checkpoint), || Ok(()))
    }

    /// Goes on after a stable checkpoint whose state was fetched from others. `take` has the application store that state
    /// durably; it is called when everything is prepared here. A crash before it leaves the log as it was, and one behind
    /// it is made good when the log is opened with [`LogOptions::executed`]. The core is made again from `origin` and the
    /// records that are given.
    ///
    /// # Errors
    /// [`ConsensusError::OutOfOrder`] for an origin that is not the height after the checkpoint, or a checkpoint that was
    /// executed here; what `take` gives; and as [`append`](Self::append).
    pub fn install(
        &mut self,
        checkpoint: StableCheckpoint,
        origin: Origin,
        take: impl FnOnce() -> Result<(), ConsensusError>,
    ) -> Result<Vec<LogRecord>, ConsensusError> {
        let height = checkpoint.checkpoint.height;
        self.require_later(height)?;
        if origin.height != height.next() || origin.height <= self.current.contents.origin.height {
            return Err(ConsensusError::OutOfOrder { expected: height.next().0, found: origin.height.0 });
        }
        self.begin_next(origin, Some(checkpoint), take)?;
        Ok(self.current.contents.open.clone())
    }

    /// The decision at a height, as long as it is kept.
    ///
    /// # Errors
    /// [`ConsensusError::LogDamaged`], [`ConsensusError::Journal`].
    pub fn decision(&self, height: Height) -> Result<Option<EncodedDecision>, ConsensusError> {
        for generation in [Some(&self.current), self.previous.as_ref()].into_iter().flatten() {
            let Some((value, certificate)) = generation.contents.decisions.get(&height) else { continue };
            let (value, certificate) = (generation.read(value)?, generation.read(certificate)?);
            if let (LogRecord::Value { bytes, .. }, LogRecord::Decided(certificate)) = (value, certificate) {
                return Ok(Some(EncodedDecision { certificate, value: bytes }));
            }
        }
        Ok(None)
    }

    /// The first height whose decision is kept; `None` where none is.
    #[must_use]
    pub fn oldest(&self) -> Option<Height> {
        let first = |generation: &Generation| generation.contents.decisions.keys().next().copied();
        self.previous.as_ref().and_then(first).or_else(|| first(&self.current))
    }

    /// The last height that was decided, 0 for none.
    #[must_use]
    pub fn decided(&self) -> Height {
        let contents = &self.current.contents;
        let last = contents.decisions.keys().next_back().copied().unwrap_or_default();
        last.max(Height(contents.origin.height.0.saturating_sub(1)))
    }

    /// The height after the last one executed, and the validators from there on.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.current.contents.origin
    }

    /// The last stable checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&StableCheckpoint> {
        self.current.contents.begin.checkpoint.as_ref()
    }

    /// Whether a write failed, so that nothing more is appended before the log is opened again. Decisions are still read.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// Closes the log, so that the next one to open it has nothing to recover.
    ///
    /// # Errors
    /// [`ConsensusError::Journal`]. Nothing acknowledged is lost by it.
    pub fn close(self) -> Result<(), ConsensusError> {
        if let Some(previous) = self.previous {
            previous.journal.close()?;
        }
        self.current.journal.close()
    }

    fn entry(&self, kind: u16, content: Vec<u8>) -> NewRecord {
        record(&self.options.chain, kind, content)
    }

    fn require_later(&self, found: Height) -> Result<(), ConsensusError> {
        let last = self.checkpoint().map_or(0, |last| last.checkpoint.height.0);
        if found.0 > last {
            Ok(())
        } else {
            Err(ConsensusError::OutOfOrder { expected: last + 1, found: found.0 })
        }
    }

    fn write(&mut self, records: Vec<NewRecord>) -> Result<Place, ConsensusError> {
        if self.is_stopped {
            return Err(ConsensusError::Journal(JournalError::Poisoned));
        }
        let written = self.current.append(records);
        if let Err(error) = &written {
            self.is_stopped = *error != ConsensusError::Journal(JournalError::DiskFull);
        }
        written
    }

    fn begin_next(
        &mut self,
        origin: Origin,
        checkpoint: Option<StableCheckpoint>,
        before: impl FnOnce() -> Result<(), ConsensusError>,
    ) -> Result<(), ConsensusError> {
        if self.is_stopped {
            return Err(ConsensusError::Journal(JournalError::Poisoned));
        }
        let number = self.current.journal.number() + 1;
        let contents = &self.current.contents;
        let open: Vec<LogRecord> =
            contents.open.iter().filter(|record| record.height() >= origin.height).cloned().collect();
        let begin = Begin {
            generation: number,
            window: self.options.window,
            origin,
            checkpoint,
            vote: contents.vote,
        };
        // What a failed attempt left.
        remove_generation(&*self.disk, number)?;
        let inputs: Vec<_> =
            contents.inputs.iter().filter(|(height, _)| *height >= begin.origin.height).cloned().collect();
        let next = Generation::begin(&self.disk, &self.options, begin, &inputs, &open)?;
        before()?;
        let place = self.disk.fingerprint("").map_err(|error| failed("look at", ".", &error))?;
        let chain = Head::chain_digest(&self.options.chain);
        let head = Head { generation: number, chain, key: self.options.key, place };
        if let Err((is_certain, error)) = write_head(&*self.disk, &head) {
            // Which of the two a crash would leave is not known: neither may be appended to.
            self.is_stopped = !is_certain;
            return Err(error);
        }
        let old = std::mem::replace(&mut self.current, next);
        if let Some(before) = self.previous.replace(old) {
            let number = before.journal.number();
            drop(before);
            // Given up already: what cannot be removed now is removed when the log is opened.
            let _ = remove_generation(&*self.disk, number);
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]
mod tests;
