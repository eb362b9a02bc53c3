//! The records of this engine's log (`docs/encodings/raft.md`).

use super::machine::Machine;
use super::types::{LogEntry, LogId, Vote};
use super::wire::{put_entry, put_log_id, put_vote, read_entry, read_log_id, read_vote};
use crate::checkpoint::MAX_SET_BYTES;
use crate::error::ConsensusError;
use crate::id::Height;
use crate::validator::ValidatorSet;
use crate::wire::{Reader, VERSION, put_bytes, put_option, put_u64};

const BEGIN: u8 = 0x90;
const LIFE: u8 = 0x91;
const VOTE: u8 = 0x92;
const ENTRY: u8 = 0x93;
const CUT: u8 = 0x94;
const VERDICT: u8 = 0x95;

/// A record of the log of [`RaftEngine`](super::RaftEngine), which is read strictly and shows nothing but its bytes.
#[derive(Clone, Debug)]
pub struct RaftRecord(pub(super) Record);

#[derive(Clone, Debug)]
pub(super) enum Record {
    /// The first of a generation.
    Begin(Box<Begin>),
    /// How often the member was started, this time included.
    Life(u64),
    Vote(Vote),
    Entry(LogEntry),
    /// Entries from this place on are given up.
    Cut(u64),
    Verdict(Verdict),
}

/// What a generation stands on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Begin {
    pub(super) generation: u64,
    pub(super) life: u64,
    pub(super) vote: Option<Vote>,
    /// The last entry that is not kept.
    pub(super) purged: Option<LogId>,
    pub(super) machine: Machine,
    /// Whether the state is another member's, which the application is given before this counts.
    pub(super) is_installed: bool,
}

/// What the application said to an entry that it was given.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Verdict {
    pub(super) height: Height,
    /// It did not accept the value: the height has none.
    pub(super) is_refused: bool,
    /// The members from then on.
    pub(super) change: Option<ValidatorSet>,
}

impl RaftRecord {
    /// The one encoding.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        match &self.0 {
            Record::Begin(begin) => {
                out.push(BEGIN);
                put_u64(begin.generation, &mut out);
                put_u64(begin.life, &mut out);
                put_option(begin.vote.as_ref(), &mut out, put_vote);
                put_option(begin.purged.as_ref(), &mut out, put_log_id);
                begin.machine.put(&mut out);
                out.push(u8::from(begin.is_installed));
            }
            Record::Life(life) => {
                out.push(LIFE);
                put_u64(*life, &mut out);
            }
            Record::Vote(vote) => {
                out.push(VOTE);
                put_vote(vote, &mut out);
            }
            Record::Entry(entry) => {
                out.push(ENTRY);
                put_entry(entry, &mut out);
            }
            Record::Cut(from) => {
                out.push(CUT);
                put_u64(*from, &mut out);
            }
            Record::Verdict(Verdict { height, is_refused, change }) => {
                out.push(VERDICT);
                put_u64(height.0, &mut out);
                out.push(u8::from(*is_refused));
                put_option(change.as_ref(), &mut out, |set, out| put_bytes(&set.to_bytes(), out));
            }
        }
        out
    }

    /// Reads an encoding.
    ///
    /// # Errors
    /// [`ConsensusError::Malformed`], [`ConsensusError::UnsupportedVersion`], [`ConsensusError::TooLarge`],
    /// [`ConsensusError::InvalidValidatorSet`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ConsensusError> {
        let mut reader = Reader::new("record", bytes);
        let version = reader.u8()?;
        if version != VERSION {
            return Err(ConsensusError::UnsupportedVersion { found: version });
        }
        let record = match reader.u8()? {
            BEGIN => Record::Begin(Box::new(Begin {
                generation: reader.u64()?,
                life: reader.u64()?,
                vote: reader.option(read_vote)?,
                purged: reader.option(read_log_id)?,
                machine: Machine::read(&mut reader)?,
                is_installed: reader.flag()?,
            })),
            LIFE => Record::Life(reader.u64()?),
            VOTE => Record::Vote(read_vote(&mut reader)?),
            ENTRY => Record::Entry(read_entry(&mut reader)?),
            CUT => Record::Cut(reader.u64()?),
            VERDICT => Record::Verdict(Verdict {
                height: Height(reader.u64()?),
                is_refused: reader.flag()?,
                change: reader.option(|reader| ValidatorSet::from_bytes(reader.bytes(MAX_SET_BYTES)?))?,
            }),
            _ => return Err(reader.fault()),
        };
        reader.end()?;
        Ok(Self(record))
    }
}
