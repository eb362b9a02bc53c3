//! One generation of the log: a store with one journal, and what its records add up to.

use std::ops::ControlFlow;
use std::sync::Arc;

use chrysalis_crypto::commit::WriterId;
use chrysalis_journal::{Cursor, Disk, JournalError, NewRecord, Options, Store, StoredRecord, verify};

use super::contents::{Contents, Place};
use super::directory::Directory;
use super::files::{damaged, directory_name, failed, fault, generations};
use super::{Begin, Head, LogOptions, MAX_INPUT_BYTES};
use crate::checkpoint::CheckpointVote;
use crate::error::ConsensusError;
use crate::id::{ChainId, Height};
use crate::record::LogRecord;

pub(super) struct Generation {
    pub(super) number: u64,
    pub(super) store: Store,
    writer: WriterId,
    pub(super) contents: Contents,
}

impl Generation {
    /// Writes a new generation, all of it durable, that does not count yet.
    pub(super) fn begin(
        disk: &Arc<dyn Disk>,
        options: &LogOptions,
        begin: Begin,
        inputs: &[(Height, Vec<u8>)],
        open: &[LogRecord],
    ) -> Result<Self, ConsensusError> {
        let number = begin.generation;
        let name = directory_name(number);
        let inner: Arc<dyn Disk> = Arc::new(Directory::new(Arc::clone(disk), &name));
        inner.create_dir_all("").map_err(|error| failed("create", &name, &error))?;
        let store = Store::open(inner, store_options(options, true))?;
        let mut records = vec![entry(&options.chain, KIND_BEGIN, begin.to_bytes())];
        records.extend(inputs.iter().map(|input| entry(&options.chain, KIND_INPUT, encode_input(input))));
        records.extend(open.iter().map(|record| entry(&options.chain, KIND_RECORD, record.to_bytes())));
        let receipt = store.append(records)?;
        let mut contents = Contents::new(begin);
        inputs.iter().for_each(|input| contents.take_input(input.clone()));
        for (place, record) in open.iter().enumerate() {
            let at = (receipt.position.clone(), 1 + inputs.len() + place);
            contents
                .take(record.clone(), at)
                .map_err(|problem| ConsensusError::InvalidLog { record: place, problem })?;
        }
        Ok(Self { number, store, writer: receipt.writer, contents })
    }

    /// Opens a generation that counts or did, and reads all of it.
    pub(super) fn open(
        disk: &Arc<dyn Disk>,
        options: &LogOptions,
        number: u64,
    ) -> Result<Self, ConsensusError> {
        let name = directory_name(number);
        let inner: Arc<dyn Disk> = Arc::new(Directory::new(Arc::clone(disk), &name));
        // Before anything is repaired: what is damaged stays as it is.
        let report = match verify(&*inner, &mut |_| ControlFlow::Continue(())) {
            Err(JournalError::NotAStore { reason }) => return Err(damaged(&name, 0, reason)),
            other => other.map_err(|error| fault(number, error))?,
        };
        if let Some(finding) = report.findings.first() {
            return Err(damaged(&format!("{name}/{}", finding.file), finding.offset, finding.problem));
        }
        let store =
            Store::open(inner, store_options(options, false)).map_err(|error| fault(number, error))?;
        let own = store.own_writers().map_err(|error| fault(number, error))?;
        if own.len() != 1 || own[0].closed.is_some() {
            return Err(damaged(&name, 0, "not exactly one journal"));
        }
        let contents = read_contents(&store, options, number)?;
        Ok(Self { number, writer: own[0].writer, store, contents })
    }

    /// The next generation, where the application has been given the state that it begins with.
    pub(super) fn prepared(
        &self,
        disk: &Arc<dyn Disk>,
        options: &LogOptions,
    ) -> Result<Option<Self>, ConsensusError> {
        let next = self.number + 1;
        let is_ahead = options.executed.is_some_and(|executed| executed > self.contents.origin.height);
        if !is_ahead || !generations(&**disk)?.contains(&next) {
            return Ok(None);
        }
        let prepared = match Self::open(disk, options, next) {
            Ok(prepared) => prepared,
            // Not prepared to the end, so the application cannot have got its part.
            Err(ConsensusError::LogDamaged { .. } | ConsensusError::InvalidLog { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let stands_on = prepared.contents.begin.checkpoint.as_ref().map(|stable| stable.checkpoint.height);
        Ok((stands_on == options.executed).then_some(prepared))
    }

    pub(super) fn append(&self, records: Vec<NewRecord>) -> Result<Place, ConsensusError> {
        let receipt = self.store.append(records)?;
        if receipt.writer != self.writer {
            // The journal was found damaged meanwhile, and the store went on in another.
            return Err(damaged(&directory_name(self.number), 0, "the journal was replaced"));
        }
        Ok((receipt.position, usize::try_from(receipt.index).unwrap_or(usize::MAX)))
    }

    /// Reads a record again.
    pub(super) fn read(&self, place: &Place) -> Result<LogRecord, ConsensusError> {
        let commit = self.store.read(&place.0).map_err(|error| fault(self.number, error))?;
        match commit.records.get(place.1) {
            Some(StoredRecord::Full { content, .. }) => LogRecord::from_bytes(content),
            _ => Err(damaged(&directory_name(self.number), 0, "a record has no content")),
        }
    }
}

/// Reads all records of a generation.
fn read_contents(store: &Store, options: &LogOptions, number: u64) -> Result<Contents, ConsensusError> {
    let name = directory_name(number);
    let namespace = entry(&options.chain, 0, Vec::new()).namespace;
    let mut cursor = Cursor::default();
    let mut contents: Option<Contents> = None;
    let mut record_number = 0;
    loop {
        let commits = store.poll_some(&mut cursor, POLL_BYTES).map_err(|error| fault(number, error))?;
        if let Some(damage) = store.damage().into_iter().next() {
            return Err(fault(number, damage.error));
        }
        if commits.is_empty() {
            return contents.ok_or_else(|| damaged(&name, 0, "the beginning is missing"));
        }
        for commit in commits {
            for (index, record) in commit.records.into_iter().enumerate() {
                let place = (commit.position.clone(), index);
                take_record(&mut contents, record, place, &namespace, number)
                    .map_err(|problem| ConsensusError::InvalidLog { record: record_number, problem })?;
                record_number += 1;
            }
        }
    }
}

fn take_record(
    contents: &mut Option<Contents>,
    record: StoredRecord,
    place: Place,
    namespace: &[u8; 16],
    number: u64,
) -> Result<(), &'static str> {
    let StoredRecord::Full { header, content, .. } = record else {
        return Err("has no content");
    };
    if header.namespace != *namespace {
        return Err("is of another chain");
    }
    if header.kind == KIND_BEGIN {
        let begin = Begin::from_bytes(&content).map_err(|_| "is a malformed beginning")?;
        if contents.is_some() || begin.generation != number {
            return Err("is a second beginning, or another generation's");
        }
        *contents = Some(Contents::new(begin));
        return Ok(());
    }
    let contents = contents.as_mut().ok_or("comes before the beginning")?;
    match header.kind {
        KIND_RECORD => {
            let record = LogRecord::from_bytes(&content).map_err(|_| "is malformed")?;
            contents.take(record, place)
        }
        KIND_VOTE => {
            let vote = CheckpointVote::from_bytes(&content).map_err(|_| "is a malformed checkpoint vote")?;
            if contents.vote.is_some_and(|last| last.checkpoint.height >= vote.checkpoint.height) {
                return Err("is a checkpoint vote that does not follow the one before it");
            }
            contents.vote = Some(vote);
            Ok(())
        }
        KIND_INPUT => {
            contents.take_input(decode_input(&content).ok_or("is a malformed input")?);
            Ok(())
        }
        _ => Err("is of a kind that is not known"),
    }
}

/// Kinds of records in the journal.
const KIND_BEGIN: u16 = 0x0101;
pub(super) const KIND_RECORD: u16 = 0x0102;
pub(super) const KIND_VOTE: u16 = 0x0103;
pub(super) const KIND_INPUT: u16 = 0x0104;

/// How much of a journal is read at once.
const POLL_BYTES: u64 = 4 << 20;

pub(super) fn entry(chain: &ChainId, kind: u16, content: Vec<u8>) -> NewRecord {
    let mut namespace = [0; 16];
    namespace.copy_from_slice(&Head::chain_digest(chain)[..16]);
    // Votes are no secret, and nothing of a log is ever erased: the salt has nothing to hide.
    NewRecord { kind, namespace, key_epoch: 0, time: 0, context: Vec::new(), salt: [0; 16], content }
}

pub(super) fn encode_input((height, bytes): &(Height, Vec<u8>)) -> Vec<u8> {
    let mut out = height.0.to_le_bytes().to_vec();
    out.extend_from_slice(bytes);
    out
}

fn decode_input(content: &[u8]) -> Option<(Height, Vec<u8>)> {
    let (height, bytes) = content.split_first_chunk()?;
    (bytes.len() <= MAX_INPUT_BYTES).then(|| (Height(u64::from_le_bytes(*height)), bytes.to_vec()))
}

fn store_options(options: &LogOptions, create: bool) -> Options {
    // Unsigned: nobody imports a log, and a signature for every vote would double their cost.
    Options { signer: None, host: [0; 16], create, read_only: false, segment_bytes: options.segment_bytes }
}
