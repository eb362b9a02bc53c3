//! The log of a member of this engine: its votes and entries in a journal, in generations as the vote log's.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrysalis_journal::{Disk, DiskLock, JournalError, NewRecord};

use super::machine::Machine;
use super::message::BATCH_BYTES;
use super::record::{Begin, RaftRecord, Record, Verdict};
use super::types::{LogEntry, LogId, Vote};
use crate::error::ConsensusError;
use crate::id::{ChainId, Height};
use crate::log::Head;
use crate::log::files::{
    CURRENT, damaged, failed, generations, read_head, remove_generation, remove_generations, take_lock,
    write_head,
};
use crate::log::journal::{Journal, Place, record};
use crate::validator::ValidatorSet;

/// The kind of this engine's records in a journal.
const KIND_RAFT: u16 = 0x0110;
/// Bytes of a segment of the journal.
const SEGMENT_BYTES: u64 = 16 << 20;

/// An open log, which no other process has open.
pub(super) struct RaftLog {
    disk: Arc<dyn Disk>,
    chain: ChainId,
    key: [u8; 32],
    journal: Journal,
    pub(super) contents: Contents,
    is_stopped: bool,
    _lock: Box<dyn DiskLock>,
}

/// What the records of a generation add up to.
pub(super) struct Contents {
    begin: Begin,
    pub(super) life: u64,
    pub(super) vote: Option<Vote>,
    pub(super) entries: BTreeMap<u64, Slot>,
    pub(super) verdicts: BTreeMap<Height, Verdict>,
}

/// An entry on the disk.
pub(super) struct Slot {
    pub(super) log_id: LogId,
    /// Bytes of its record.
    pub(super) length: usize,
    place: Place,
}

impl RaftLog {
    /// Opens the log on `disk`, checks every byte of the generation that counts, and cuts off what a crash left
    /// unfinished. `executed` is the last height that the application executed.
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        chain: ChainId,
        key: [u8; 32],
        genesis: Option<&ValidatorSet>,
        executed: Height,
    ) -> Result<Self, ConsensusError> {
        let lock = take_lock(&*disk, genesis.is_some())?;
        let place = disk.fingerprint("").map_err(|error| failed("look at", ".", &error))?;
        let fresh = Head { generation: 0, chain: Head::chain_digest(&chain), key, place };
        let head = match (read_head(&*disk)?, genesis) {
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
        if (head.chain, head.key) != (fresh.chain, key) {
            return Err(ConsensusError::LogForeign);
        }
        if head.place != place {
            return Err(ConsensusError::LogMoved);
        }
        let (journal, contents) = if head.generation == 0 {
            // Nothing was ever logged.
            remove_generations(&*disk, |_| true)?;
            let genesis = genesis.ok_or(ConsensusError::LogMissing)?;
            let machine = Machine::new(genesis.clone());
            let begin =
                Begin { generation: 1, life: 0, vote: None, purged: None, machine, is_installed: false };
            let begun = begin_journal(&disk, &chain, begin, Vec::new())?;
            write_head(&*disk, &Head { generation: 1, ..fresh }).map_err(|(_, error)| error)?;
            begun
        } else {
            let current = open_journal(&disk, &chain, head.generation)?;
            match prepared(&disk, &chain, &current.1, head.generation + 1, executed)? {
                Some(next) => {
                    // The application has what it stands on, and not any more what the present one does.
                    let head = Head { generation: next.0.number(), ..head };
                    write_head(&*disk, &head).map_err(|(_, error)| error)?;
                    next
                }
                None => current,
            }
        };
        let counting = journal.number();
        remove_generations(&*disk, |number| number != counting)?;
        let mut log = Self { disk, chain, key, journal, contents, is_stopped: false, _lock: lock };
        log.write(Record::Life(log.contents.life + 1))?;
        Ok(log)
    }

    /// What the log stands on.
    pub(super) fn machine(&self) -> &Machine {
        &self.contents.begin.machine
    }

    /// The last entry that is not kept.
    pub(super) fn purged(&self) -> Option<LogId> {
        self.contents.begin.purged
    }

    /// The last entry.
    pub(super) fn last(&self) -> Option<LogId> {
        let kept = self.contents.entries.last_key_value().map(|(_, slot)| slot.log_id);
        kept.or(self.purged())
    }

    /// Appends a record and returns when it is on the medium. Only then may what follows it be sent.
    pub(super) fn write(&mut self, record: Record) -> Result<(), ConsensusError> {
        self.write_all(vec![record])
    }

    /// The same for several, as one unit.
    pub(super) fn write_all(&mut self, records: Vec<Record>) -> Result<(), ConsensusError> {
        if records.is_empty() {
            return Ok(());
        }
        if self.is_stopped {
            return Err(ConsensusError::Journal(JournalError::Poisoned));
        }
        let encoded: Vec<_> = records.iter().map(|record| encode(&self.chain, record)).collect();
        let lengths: Vec<_> = encoded.iter().map(|record| record.content.len()).collect();
        let (position, index) = match self.journal.append(encoded) {
            Ok(place) => place,
            Err(error) => {
                self.is_stopped = error != ConsensusError::Journal(JournalError::DiskFull);
                return Err(error);
            }
        };
        for (number, (record, length)) in records.into_iter().zip(lengths).enumerate() {
            let place = (position.clone(), index + number);
            if let Err(problem) = self.contents.take(record, length, place) {
                self.is_stopped = true;
                return Err(ConsensusError::InvalidLog { record: number, problem });
            }
        }
        Ok(())
    }

    /// Reads entries, up to so many bytes but at least one, in order and without gaps.
    pub(super) fn read(&self, from: u64, until: u64, bytes: usize) -> Result<Vec<LogEntry>, ConsensusError> {
        let mut entries = Vec::new();
        let mut taken = 0usize;
        let mut commit = None;
        for (_, slot) in self.contents.entries.range(from..until.max(from)) {
            taken = taken.saturating_add(slot.length);
            if taken > bytes && !entries.is_empty() {
                break;
            }
            // Entries that were written together are read together.
            let (position, index) = &slot.place;
            if commit.as_ref().is_none_or(|(of, _)| of != position) {
                commit = Some((position.clone(), self.journal.commit(position)?));
            }
            let content = commit.as_ref().and_then(|(_, commit)| match commit.records.get(*index) {
                Some(chrysalis_journal::StoredRecord::Full { content, .. }) => Some(content),
                _ => None,
            });
            let content = content.ok_or_else(|| self.journal.damaged("a record has no content"))?;
            match RaftRecord::from_bytes(content)? {
                RaftRecord(Record::Entry(entry)) if entry.log_id == slot.log_id => entries.push(entry),
                _ => return Err(self.journal.damaged("a record is not the one that was written")),
            }
        }
        Ok(entries)
    }

    /// Begins a new generation without the entries up to `purged`, on the present state of the machine.
    pub(super) fn purge(&mut self, purged: LogId, machine: &Machine) -> Result<(), ConsensusError> {
        self.begin_next(purged, machine, None::<fn() -> Result<(), ConsensusError>>)
    }

    /// Begins a new generation on another member's state. `take` has the application store its part durably; it is called
    /// when everything is prepared here. A crash before it leaves the log as it was, and one behind it is made good when
    /// the log is opened.
    pub(super) fn install(
        &mut self,
        machine: &Machine,
        take: impl FnOnce() -> Result<(), ConsensusError>,
    ) -> Result<(), ConsensusError> {
        let applied = machine.applied.ok_or(ConsensusError::InvalidValue("a snapshot of nothing"))?;
        self.begin_next(applied, machine, Some(take))
    }

    fn begin_next(
        &mut self,
        purged: LogId,
        machine: &Machine,
        take: Option<impl FnOnce() -> Result<(), ConsensusError>>,
    ) -> Result<(), ConsensusError> {
        if self.is_stopped {
            return Err(ConsensusError::Journal(JournalError::Poisoned));
        }
        let generation = self.journal.number() + 1;
        let begin = Begin {
            generation,
            life: self.contents.life,
            vote: self.contents.vote,
            purged: Some(purged),
            machine: machine.clone(),
            is_installed: take.is_some(),
        };
        // What a failed attempt left.
        remove_generation(&*self.disk, generation)?;
        let kept = self.read(purged.index + 1, u64::MAX, usize::MAX)?;
        let later = self.contents.verdicts.range(machine.height().next()..);
        let mut records: Vec<_> = kept.into_iter().map(Record::Entry).collect();
        records.extend(later.map(|(_, verdict)| Record::Verdict(verdict.clone())));
        let (journal, contents) = begin_journal(&self.disk, &self.chain, begin, records)?;
        if let Some(take) = take {
            take()?;
            // The application is ahead of what counts here until that has changed.
            self.is_stopped = true;
        }
        let place = self.disk.fingerprint("").map_err(|error| failed("look at", ".", &error))?;
        let chain = Head::chain_digest(&self.chain);
        if let Err((is_certain, error)) =
            write_head(&*self.disk, &Head { generation, chain, key: self.key, place })
        {
            // Which of the two a crash would leave is not known: neither may be appended to.
            self.is_stopped |= !is_certain;
            let poisoned = ConsensusError::Journal(JournalError::Poisoned);
            return Err(if self.is_stopped { poisoned } else { error });
        }
        self.is_stopped = false;
        let old = std::mem::replace(&mut self.journal, journal);
        self.contents = contents;
        let number = old.number();
        drop(old);
        // Given up already: what cannot be removed now is removed when the log is opened.
        let _ = remove_generation(&*self.disk, number);
        Ok(())
    }
}

impl Contents {
    fn new(begin: Begin) -> Self {
        let (life, vote) = (begin.life, begin.vote);
        Self { begin, life, vote, entries: BTreeMap::new(), verdicts: BTreeMap::new() }
    }

    /// Takes the next record.
    fn take(&mut self, record: Record, length: usize, place: Place) -> Result<(), &'static str> {
        match record {
            Record::Begin(_) => return Err("is a second beginning"),
            Record::Life(life) if life <= self.life => return Err("is of an earlier life"),
            Record::Life(life) => self.life = life,
            Record::Vote(vote) => {
                if self.vote.is_some_and(|last| vote < last) {
                    return Err("is an earlier vote than the one before it");
                }
                self.vote = Some(vote);
            }
            Record::Entry(entry) => {
                let log_id = entry.log_id;
                let last = self.entries.last_key_value().map(|(_, slot)| slot.log_id).or(self.begin.purged);
                let next = last.map_or(0, |last| last.index + 1);
                if log_id.index != next || last.is_some_and(|last| log_id < last) {
                    return Err("is an entry that does not follow the one before it");
                }
                self.entries.insert(log_id.index, Slot { log_id, length, place });
            }
            Record::Cut(from) => {
                if Some(from) <= self.begin.machine.applied.map(|applied| applied.index) {
                    return Err("gives up what was executed");
                }
                self.entries.split_off(&from);
            }
            Record::Verdict(verdict) => {
                self.verdicts.insert(verdict.height, verdict);
            }
        }
        Ok(())
    }
}

/// The next generation, where the application has been given the state that it begins with.
fn prepared(
    disk: &Arc<dyn Disk>,
    chain: &ChainId,
    current: &Contents,
    next: u64,
    executed: Height,
) -> Result<Option<(Journal, Contents)>, ConsensusError> {
    if executed <= current.begin.machine.height() || !generations(&**disk)?.contains(&next) {
        return Ok(None);
    }
    match open_journal(disk, chain, next) {
        Ok(found) => {
            let begin = &found.1.begin;
            Ok((begin.is_installed && begin.machine.height() == executed).then_some(found))
        }
        // Not prepared to the end, so the application cannot have got its part.
        Err(ConsensusError::LogDamaged { .. } | ConsensusError::InvalidLog { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn begin_journal(
    disk: &Arc<dyn Disk>,
    chain: &ChainId,
    begin: Begin,
    records: Vec<Record>,
) -> Result<(Journal, Contents), ConsensusError> {
    let first = encode(chain, &Record::Begin(Box::new(begin.clone())));
    let (journal, _) = Journal::begin(disk, begin.generation, SEGMENT_BYTES, vec![first])?;
    let mut contents = Contents::new(begin);
    // One by one where they are large: a unit of the journal has its limit.
    let mut rest = records.into_iter().peekable();
    while rest.peek().is_some() {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while let Some(record) = rest.next_if(|_| bytes < BATCH_BYTES) {
            let encoded = encode(chain, &record);
            bytes += encoded.content.len();
            batch.push((record, encoded));
        }
        let (batch, encoded): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let lengths: Vec<_> = encoded.iter().map(|record| record.content.len()).collect();
        let (position, index) = journal.append(encoded)?;
        for (number, (record, length)) in batch.into_iter().zip(lengths).enumerate() {
            contents
                .take(record, length, (position.clone(), index + number))
                .map_err(|problem| ConsensusError::InvalidLog { record: number, problem })?;
        }
    }
    Ok((journal, contents))
}

fn open_journal(
    disk: &Arc<dyn Disk>,
    chain: &ChainId,
    number: u64,
) -> Result<(Journal, Contents), ConsensusError> {
    let mut contents: Option<Contents> = None;
    let journal = Journal::open(disk, chain, number, SEGMENT_BYTES, &mut |kind, content, place| {
        if kind != KIND_RAFT {
            return Err("is of another engine");
        }
        let RaftRecord(record) = RaftRecord::from_bytes(content).map_err(|_| "is malformed")?;
        match (record, &mut contents) {
            (Record::Begin(begin), None) if begin.generation == number => {
                contents = Some(Contents::new(*begin));
                Ok(())
            }
            (_, None) => Err("comes before the beginning"),
            (record, Some(contents)) => contents.take(record, content.len(), place),
        }
    })?;
    let contents = contents.ok_or_else(|| journal.damaged("the beginning is missing"))?;
    Ok((journal, contents))
}

fn encode(chain: &ChainId, content: &Record) -> NewRecord {
    record(chain, KIND_RAFT, RaftRecord(content.clone()).to_bytes())
}
