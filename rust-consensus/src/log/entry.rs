//! What the first record of a generation holds. The others hold a record of the core or a checkpoint vote, each in its
//! own encoding.

use crate::checkpoint::{CheckpointVote, StableCheckpoint, put_origin, read_origin};
use crate::config::MAX_WINDOW;
use crate::consensus::Origin;
use crate::error::ConsensusError;
use crate::wire::{Reader, VERSION, put_bytes, put_option, put_u64};

const BEGIN: u8 = 0x50;
/// Most bytes of an encoded checkpoint: signatures of 1,024 members, and what is around them.
const MAX_PART_BYTES: usize = 128 << 10;

/// The first record of a generation: what it stands on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Begin {
    /// The number of the generation, from 1.
    pub generation: u64,
    /// The core's window, which decides from when on a change of validators counts.
    pub window: u64,
    /// Where the records that follow go on from.
    pub origin: Origin,
    /// The last stable checkpoint.
    pub checkpoint: Option<StableCheckpoint>,
    /// The last checkpoint this member voted for.
    pub vote: Option<CheckpointVote>,
}

impl Begin {
    /// The one encoding (`docs/encodings/vote-log.md`).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION, BEGIN];
        put_u64(self.generation, &mut out);
        put_u64(self.window, &mut out);
        put_origin(&self.origin, &mut out);
        put_option(self.checkpoint.as_ref(), &mut out, |checkpoint, out| {
            put_bytes(&checkpoint.to_bytes(), out);
        });
        put_option(self.vote.as_ref(), &mut out, |vote, out| put_bytes(&vote.to_bytes(), out));
        out
    }

    /// Reads an encoding; signatures are not checked.
    ///
    /// # Errors
    /// [`ConsensusError::Malformed`], [`ConsensusError::UnsupportedVersion`], [`ConsensusError::TooLarge`],
    /// [`ConsensusError::InvalidValidatorSet`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ConsensusError> {
        let mut reader = Reader::new("beginning of a log", bytes);
        reader.begin(BEGIN)?;
        let (generation, window) = (reader.u64()?, reader.u64()?);
        if generation == 0 || window == 0 || window > MAX_WINDOW {
            return Err(reader.fault());
        }
        let origin = read_origin(&mut reader)?;
        let checkpoint =
            reader.option(|reader| StableCheckpoint::from_bytes(reader.bytes(MAX_PART_BYTES)?))?;
        let vote = reader.option(|reader| CheckpointVote::from_bytes(reader.bytes(MAX_PART_BYTES)?))?;
        reader.end()?;
        Ok(Self { generation, window, origin, checkpoint, vote })
    }
}
