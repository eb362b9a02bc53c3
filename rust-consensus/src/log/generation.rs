//! One generation of the vote log: its journal, and what the records in it add up to.

use std::sync::Arc;

use chrysalis_journal::{Disk, NewRecord};

use super::contents::Contents;
use super::files::generations;
use super::journal::{Journal, Place, record};
use super::{Begin, LogOptions, MAX_INPUT_BYTES};
use crate::checkpoint::CheckpointVote;
use crate::error::ConsensusError;
use crate::id::Height;
use crate::record::LogRecord;

pub(super) struct Generation {
    pub(super) journal: Journal,
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
        let mut records = vec![record(&options.chain, KIND_BEGIN, begin.to_bytes())];
        records.extend(inputs.iter().map(|input| record(&options.chain, KIND_INPUT, encode_input(input))));
        records.extend(open.iter().map(|open| record(&options.chain, KIND_RECORD, open.to_bytes())));
        let (journal, position) = Journal::begin(disk, begin.generation, options.segment_bytes, records)?;
        let mut contents = Contents::new(begin);
        inputs.iter().for_each(|input| contents.take_input(input.clone()));
        for (place, record) in open.iter().enumerate() {
            let at = (position.clone(), 1 + inputs.len() + place);
            contents
                .take(record.clone(), at)
                .map_err(|problem| ConsensusError::InvalidLog { record: place, problem })?;
        }
        Ok(Self { journal, contents })
    }

    /// Opens a generation that counts or did, and reads all of it.
    pub(super) fn open(
        disk: &Arc<dyn Disk>,
        options: &LogOptions,
        number: u64,
    ) -> Result<Self, ConsensusError> {
        let mut contents = None;
        let journal = Journal::open(
            disk,
            &options.chain,
            number,
            options.segment_bytes,
            &mut |kind, content, place| take_record(&mut contents, kind, content, place, number),
        )?;
        let contents = contents.ok_or_else(|| journal.damaged("the beginning is missing"))?;
        Ok(Self { journal, contents })
    }

    /// The next generation, where the application has been given the state that it begins with.
    pub(super) fn prepared(
        &self,
        disk: &Arc<dyn Disk>,
        options: &LogOptions,
    ) -> Result<Option<Self>, ConsensusError> {
        let next = self.journal.number() + 1;
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
        self.journal.append(records)
    }

    /// Reads a record again.
    pub(super) fn read(&self, place: &Place) -> Result<LogRecord, ConsensusError> {
        LogRecord::from_bytes(&self.journal.read(place)?)
    }
}

fn take_record(
    contents: &mut Option<Contents>,
    kind: u16,
    content: &[u8],
    place: Place,
    number: u64,
) -> Result<(), &'static str> {
    if kind == KIND_BEGIN {
        let begin = Begin::from_bytes(content).map_err(|_| "is a malformed beginning")?;
        if contents.is_some() || begin.generation != number {
            return Err("is a second beginning, or another generation's");
        }
        *contents = Some(Contents::new(begin));
        return Ok(());
    }
    let contents = contents.as_mut().ok_or("comes before the beginning")?;
    match kind {
        KIND_RECORD => {
            let record = LogRecord::from_bytes(content).map_err(|_| "is malformed")?;
            contents.take(record, place)
        }
        KIND_VOTE => {
            let vote = CheckpointVote::from_bytes(content).map_err(|_| "is a malformed checkpoint vote")?;
            if contents.vote.is_some_and(|last| last.checkpoint.height >= vote.checkpoint.height) {
                return Err("is a checkpoint vote that does not follow the one before it");
            }
            contents.vote = Some(vote);
            Ok(())
        }
        KIND_INPUT => {
            contents.take_input(decode_input(content).ok_or("is a malformed input")?);
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

pub(super) fn encode_input((height, bytes): &(Height, Vec<u8>)) -> Vec<u8> {
    let mut out = height.0.to_le_bytes().to_vec();
    out.extend_from_slice(bytes);
    out
}

fn decode_input(content: &[u8]) -> Option<(Height, Vec<u8>)> {
    let (height, bytes) = content.split_first_chunk()?;
    (bytes.len() <= MAX_INPUT_BYTES).then(|| (Height(u64::from_le_bytes(*height)), bytes.to_vec()))
}
