//! Checkpoints: every k heights the members sign a digest of the state, and with a quorum of signatures what came
//! before can be deleted, and handed to newcomers in chunks.
//!
//! The state itself is the application's. It is described by a [`Manifest`], which lists the hashes of its chunks; members
//! whose states are equal have equal manifests, so they sign the same [`Checkpoint`].

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use chrysalis_crypto::ed25519::{self, SigningKey};
use chrysalis_crypto::hash::blake3_domain_hash;

use crate::config::MAX_WINDOW;
use crate::consensus::Origin;
use crate::error::ConsensusError;
use crate::id::{ChainId, Epoch, Height};
use crate::validator::{MAX_VALIDATORS, ValidatorSet};
use crate::value::Digest;
use crate::wire::{Reader, VERSION, put_bytes, put_u16, put_u32, put_u64};

/// Heights between checkpoints, unless configured otherwise.
pub const DEFAULT_CHECKPOINT_INTERVAL: u64 = 1000;
/// Bytes of a chunk of state, but for the last.
pub const CHUNK_BYTES: usize = 256 << 10;
/// Most chunks of a state: 4 GiB.
pub const MAX_CHUNKS: usize = 1 << 14;
/// Most bytes of an encoded manifest, so that it fits a message.
pub const MAX_MANIFEST_BYTES: usize = 896 << 10;

const TAG: &[u8; 24] = b"chrysalis/checkpoint/v1\0";
const MANIFEST: &str = "chrysalis agreement v1 state manifest";
const CHUNK: &str = "chrysalis agreement v1 state chunk";
const KIND_VOTE: u8 = 0x40;
const KIND_STABLE: u8 = 0x41;
const KIND_MANIFEST: u8 = 0x42;
/// Most bytes of an encoded validator set.
pub(crate) const MAX_SET_BYTES: usize = 12 + MAX_VALIDATORS * 105;

/// A state after a height.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Checkpoint {
    /// The epoch of the set that decided the height, and whose members sign.
    pub epoch: Epoch,
    /// The height.
    pub height: Height,
    /// The digest of the state's manifest.
    pub state: Digest,
}

impl Checkpoint {
    /// What members sign.
    fn signed_bytes(&self, chain: &ChainId) -> Vec<u8> {
        let chain = chain.as_str().as_bytes();
        let mut bytes = Vec::with_capacity(24 + 48 + chain.len());
        bytes.extend_from_slice(TAG);
        self.put(&mut bytes);
        // Last, so that it needs no length.
        bytes.extend_from_slice(chain);
        bytes
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_u64(self.epoch.0, out);
        put_u64(self.height.0, out);
        out.extend_from_slice(&self.state.0);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, ConsensusError> {
        Ok(Self {
            epoch: Epoch(reader.u64()?),
            height: Height(reader.u64()?),
            state: Digest(reader.array()?),
        })
    }
}

/// One member's signature on a checkpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CheckpointVote {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// The member's number in the set of the checkpoint's epoch.
    pub voter: u16,
    /// The signature.
    pub signature: [u8; 64],
}

impl CheckpointVote {
    /// The vote of the member whose key is `key`.
    ///
    /// # Errors
    /// [`ConsensusError::UnknownMember`] where it is none of `set`, [`ConsensusError::WrongEpoch`].
    pub fn sign(
        chain: &ChainId,
        set: &ValidatorSet,
        checkpoint: Checkpoint,
        key: &SigningKey,
    ) -> Result<Self, ConsensusError> {
        require_epoch(set, checkpoint.epoch)?;
        let voter = set.number_of(&key.public_key()).ok_or(ConsensusError::UnknownMember)?;
        Ok(Self { checkpoint, voter, signature: key.sign(&checkpoint.signed_bytes(chain)) })
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// [`ConsensusError::WrongEpoch`], [`ConsensusError::UnknownMember`], [`ConsensusError::BadSignature`].
    pub fn verify(&self, chain: &ChainId, set: &ValidatorSet) -> Result<(), ConsensusError> {
        require_epoch(set, self.checkpoint.epoch)?;
        let member = set.validator(self.voter).ok_or(ConsensusError::UnknownMember)?;
        match ed25519::verify(&member.key, &self.checkpoint.signed_bytes(chain), &self.signature) {
            Ok(true) => Ok(()),
            _ => Err(ConsensusError::BadSignature),
        }
    }

    /// The one encoding (`docs/encodings/vote-log.md`).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION, KIND_VOTE];
        self.checkpoint.put(&mut out);
        put_u16(self.voter, &mut out);
        out.extend_from_slice(&self.signature);
        out
    }

    /// Reads an encoding; the signature is not checked.
    ///
    /// # Errors
    /// [`ConsensusError::Malformed`], [`ConsensusError::UnsupportedVersion`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ConsensusError> {
        let mut reader = Reader::new("checkpoint vote", bytes);
        reader.begin(KIND_VOTE)?;
        let checkpoint = Checkpoint::read(&mut reader)?;
        let (voter, signature) = (reader.u16()?, reader.array()?);
        reader.end()?;
        Ok(Self { checkpoint, voter, signature })
    }
}

/// A checkpoint with a quorum of signatures.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StableCheckpoint {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// Numbers of the members that signed, ascending, each with its signature.
    pub signatures: Vec<(u16, [u8; 64])>,
}

impl StableCheckpoint {
    /// Checks that members with a quorum of the power signed; one batch.
    ///
    /// # Errors
    /// [`ConsensusError::WrongEpoch`], [`ConsensusError::UnknownMember`], [`ConsensusError::BadProof`] without a quorum
    /// or out of order, [`ConsensusError::BadSignature`].
    pub fn verify(&self, chain: &ChainId, set: &ValidatorSet) -> Result<(), ConsensusError> {
        require_epoch(set, self.checkpoint.epoch)?;
        if !self.signatures.windows(2).all(|pair| pair[0].0 < pair[1].0) {
            return Err(ConsensusError::BadProof("signers are not in order"));
        }
        let (mut power, mut keys, mut signatures) = (0, Vec::new(), Vec::new());
        for (number, signature) in &self.signatures {
            let member = set.validator(*number).ok_or(ConsensusError::UnknownMember)?;
            power += member.power;
            keys.push(member.key);
            signatures.push(*signature);
        }
        if power < set.quorum_power() {
            return Err(ConsensusError::BadProof("the signers are no quorum"));
        }
        let messages = vec![self.checkpoint.signed_bytes(chain); keys.len()];
        let verdicts = ed25519::batch_verify(&keys, &messages, &signatures);
        if verdicts.iter().all(|is_good| *is_good) { Ok(()) } else { Err(ConsensusError::BadSignature) }
    }

    /// The one encoding (`docs/encodings/vote-log.md`).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION, KIND_STABLE];
        self.checkpoint.put(&mut out);
        put_u16(u16::try_from(self.signatures.len()).unwrap_or(u16::MAX), &mut out);
        for (number, signature) in &self.signatures {
            put_u16(*number, &mut out);
            out.extend_from_slice(signature);
        }
        out
    }

    /// Reads an encoding; the signatures are not checked.
    ///
    /// # Errors
    /// [`ConsensusError::Malformed`], [`ConsensusError::UnsupportedVersion`], [`ConsensusError::TooLarge`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ConsensusError> {
        let mut reader = Reader::new("checkpoint", bytes);
        reader.begin(KIND_STABLE)?;
        let checkpoint = Checkpoint::read(&mut reader)?;
        let count = usize::from(reader.u16()?);
        if count > MAX_VALIDATORS {
            return Err(ConsensusError::TooLarge { what: "checkpoint", limit: MAX_VALIDATORS as u64 });
        }
        let mut signatures: Vec<(u16, [u8; 64])> = Vec::new();
        for _ in 0..count {
            let next = (reader.u16()?, reader.array()?);
            if signatures.last().is_some_and(|last| last.0 >= next.0) {
                return Err(reader.fault());
            }
            signatures.push(next);
        }
        reader.end()?;
        Ok(Self { checkpoint, signatures })
    }
}

/// What a state consists of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Manifest {
    /// Where whoever has the state goes on: the next height, and the validators from there on.
    pub origin: Origin,
    /// Bytes of the state.
    pub length: u64,
    /// Hashes of its chunks of [`CHUNK_BYTES`], of which the last may be shorter.
    pub chunks: Vec<[u8; 32]>,
}

impl Manifest {
    /// Describes the state before the origin's height.
    ///
    /// # Errors
    /// [`ConsensusError::TooLarge`] for more than [`MAX_CHUNKS`] chunks, or more than [`MAX_MANIFEST_BYTES`] with the
    /// validators.
    pub fn of(origin: Origin, state: &[u8]) -> Result<Self, ConsensusError> {
        if state.len().div_ceil(CHUNK_BYTES) > MAX_CHUNKS {
            return Err(TOO_MANY_CHUNKS);
        }
        let chunks = state.chunks(CHUNK_BYTES).map(Self::hash_chunk).collect();
        let manifest = Self { origin, length: state.len() as u64, chunks };
        if manifest.to_bytes().len() > MAX_MANIFEST_BYTES {
            return Err(ConsensusError::TooLarge { what: "manifest", limit: MAX_MANIFEST_BYTES as u64 });
        }
        Ok(manifest)
    }

    /// The height after which the state is.
    #[must_use]
    pub fn height(&self) -> Height {
        Height(self.origin.height.0.saturating_sub(1))
    }

    /// The hash by which a chunk is listed.
    #[must_use]
    pub fn hash_chunk(chunk: &[u8]) -> [u8; 32] {
        blake3_domain_hash(CHUNK, chunk)
    }

    /// The digest that a checkpoint of this state has.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest(blake3_domain_hash(MANIFEST, &self.to_bytes()))
    }

    /// How long the chunk at `index` is; `None` where there is none.
    #[must_use]
    pub fn chunk_length(&self, index: u32) -> Option<usize> {
        let index = usize::try_from(index).ok().filter(|index| *index < self.chunks.len())?;
        let rest = self.length - (index * CHUNK_BYTES) as u64;
        Some(usize::try_from(rest).unwrap_or(usize::MAX).min(CHUNK_BYTES))
    }

    /// The one encoding (`docs/encodings/vote-log.md`).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION, KIND_MANIFEST];
        put_origin(&self.origin, &mut out);
        put_u64(self.length, &mut out);
        put_u32(u32::try_from(self.chunks.len()).unwrap_or(u32::MAX), &mut out);
        for chunk in &self.chunks {
            out.extend_from_slice(chunk);
        }
        out
    }

    /// Reads an encoding.
    ///
    /// # Errors
    /// [`ConsensusError::Malformed`], also for a length that is not that of so many chunks,
    /// [`ConsensusError::UnsupportedVersion`], [`ConsensusError::TooLarge`],
    /// [`ConsensusError::InvalidValidatorSet`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ConsensusError> {
        let mut reader = Reader::new("manifest", bytes);
        reader.begin(KIND_MANIFEST)?;
        let origin = read_origin(&mut reader)?;
        let length = reader.u64()?;
        let count = usize::try_from(reader.u32()?).unwrap_or(usize::MAX);
        if count > MAX_CHUNKS {
            return Err(TOO_MANY_CHUNKS);
        }
        if length.div_ceil(CHUNK_BYTES as u64) != count as u64 {
            return Err(reader.fault());
        }
        let chunks = reader.take(count * 32)?.chunks_exact(32);
        let chunks = chunks.map(|chunk| chunk.try_into().expect("32 bytes each")).collect();
        reader.end()?;
        Ok(Self { origin, length, chunks })
    }
}

const TOO_MANY_CHUNKS: ConsensusError = ConsensusError::TooLarge { what: "state", limit: MAX_CHUNKS as u64 };

/// Writes where a core goes on.
pub(crate) fn put_origin(origin: &Origin, out: &mut Vec<u8>) {
    put_u64(origin.height.0, out);
    put_bytes(&origin.validators.to_bytes(), out);
    // One change per height of the window at most.
    put_u16(u16::try_from(origin.upcoming.len()).unwrap_or(u16::MAX), out);
    for (height, set) in &origin.upcoming {
        put_u64(height.0, out);
        put_bytes(&set.to_bytes(), out);
    }
}

/// Reads where a core goes on: heights ascend, epochs follow each other.
pub(crate) fn read_origin(reader: &mut Reader<'_>) -> Result<Origin, ConsensusError> {
    let height = Height(reader.u64()?);
    let validators = ValidatorSet::from_bytes(reader.bytes(MAX_SET_BYTES)?)?;
    let count = reader.u16()?;
    if height.0 == 0 || u64::from(count) > MAX_WINDOW {
        return Err(reader.fault());
    }
    let mut upcoming: Vec<(Height, ValidatorSet)> = Vec::new();
    for _ in 0..count {
        let from = Height(reader.u64()?);
        let set = ValidatorSet::from_bytes(reader.bytes(MAX_SET_BYTES)?)?;
        let last = upcoming.last().map_or((height, validators.epoch()), |(from, set)| (*from, set.epoch()));
        if from <= last.0 || set.epoch() != last.1.next() {
            return Err(reader.fault());
        }
        upcoming.push((from, set));
    }
    Ok(Origin { height, validators, upcoming })
}

/// Collects checkpoint votes. Holds at most three heights' votes, one per member each, whatever peers send.
#[derive(Clone, Debug)]
pub struct CheckpointKeeper {
    chain: ChainId,
    interval: u64,
    /// From which height on which set decides; the first covers everything before it too.
    sets: BTreeMap<Height, ValidatorSet>,
    votes: BTreeMap<Height, BTreeMap<u16, CheckpointVote>>,
    stable: Option<StableCheckpoint>,
    liars: BTreeSet<(Epoch, u16)>,
}

/// What came of a checkpoint vote.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CheckpointOutcome {
    /// It was counted, known, or for a height nobody waits for.
    Nothing,
    /// The checkpoint has a quorum now; what came before it may be deleted.
    Stable(StableCheckpoint),
    /// The member signed two states for one height: both votes, which anyone can check.
    Conflict(CheckpointVote, CheckpointVote),
}

impl CheckpointKeeper {
    /// Collects votes for every `interval`-th height, from the members of `set`.
    ///
    /// # Errors
    /// [`ConsensusError::InvalidConfig`] for an interval of 0.
    pub fn new(chain: ChainId, set: ValidatorSet, interval: u64) -> Result<Self, ConsensusError> {
        if interval == 0 {
            return Err(ConsensusError::InvalidConfig("a checkpoint interval of 0"));
        }
        let sets = BTreeMap::from([(Height(0), set)]);
        Ok(Self { chain, interval, sets, votes: BTreeMap::new(), stable: None, liars: BTreeSet::new() })
    }

    /// Whether there is a checkpoint after this height.
    #[must_use]
    pub fn is_due(&self, height: Height) -> bool {
        height.0 != 0 && height.0.is_multiple_of(self.interval)
    }

    /// From `height` on, `set` decides. Sets that no open checkpoint needs are forgotten.
    pub fn change_set(&mut self, height: Height, set: ValidatorSet) {
        self.sets.insert(height, set);
        let oldest = self.stable.as_ref().map_or(Height(0), |stable| stable.checkpoint.height);
        while self.sets.keys().nth(1).is_some_and(|second| *second <= oldest) {
            self.sets.pop_first();
        }
    }

    /// The set that decides a height, as far as is known.
    #[must_use]
    pub fn set_at(&self, height: Height) -> Option<&ValidatorSet> {
        self.sets.range(..=height).next_back().map(|(_, set)| set)
    }

    /// The last stable checkpoint.
    #[must_use]
    pub fn stable(&self) -> Option<&StableCheckpoint> {
        self.stable.as_ref()
    }

    /// Takes a stable checkpoint from the log or from a peer.
    ///
    /// # Errors
    /// As [`StableCheckpoint::verify`]; older ones than the present one are checked and dropped.
    pub fn install(&mut self, stable: StableCheckpoint) -> Result<(), ConsensusError> {
        let set = self.set_at(stable.checkpoint.height).ok_or(UNKNOWN_SET)?;
        stable.verify(&self.chain, set)?;
        self.settle(stable);
        Ok(())
    }

    /// Takes a stable checkpoint that was verified before, as the log's.
    pub fn resume(&mut self, stable: StableCheckpoint) {
        self.settle(stable);
    }

    /// Counts a vote, the own one included. Votes for heights without a checkpoint, before the stable one, or more than
    /// three intervals beyond it are dropped before anything is checked.
    ///
    /// # Errors
    /// As [`CheckpointVote::verify`]: the peer that sent it lies or is of another epoch.
    pub fn handle(&mut self, vote: CheckpointVote) -> Result<CheckpointOutcome, ConsensusError> {
        let height = vote.checkpoint.height;
        let stable = self.stable.as_ref().map_or(0, |stable| stable.checkpoint.height.0);
        let last = stable.saturating_add(self.interval.saturating_mul(OPEN_CHECKPOINTS));
        if !self.is_due(height) || height.0 <= stable || height.0 > last {
            return Ok(CheckpointOutcome::Nothing);
        }
        let set = self.set_at(height).ok_or(UNKNOWN_SET)?;
        let known = self.votes.get(&height).and_then(|votes| votes.get(&vote.voter));
        if known == Some(&vote) || self.liars.contains(&(vote.checkpoint.epoch, vote.voter)) {
            return Ok(CheckpointOutcome::Nothing);
        }
        vote.verify(&self.chain, set)?;
        let quorum = set.quorum_power();
        if let Some(known) = known {
            if known.checkpoint == vote.checkpoint {
                return Ok(CheckpointOutcome::Nothing);
            }
            let known = *known;
            self.liars.insert((vote.checkpoint.epoch, vote.voter));
            return Ok(CheckpointOutcome::Conflict(known, vote));
        }
        let powers: Vec<u64> = set.validators().iter().map(|validator| validator.power).collect();
        let votes = self.votes.entry(height).or_default();
        votes.insert(vote.voter, vote);
        let equal = votes.values().filter(|other| other.checkpoint == vote.checkpoint);
        let power: u64 = equal.clone().map(|other| powers[usize::from(other.voter)]).sum();
        if power < quorum {
            return Ok(CheckpointOutcome::Nothing);
        }
        let signatures = equal.map(|other| (other.voter, other.signature)).collect();
        let stable = StableCheckpoint { checkpoint: vote.checkpoint, signatures };
        self.settle(stable.clone());
        Ok(CheckpointOutcome::Stable(stable))
    }

    fn settle(&mut self, stable: StableCheckpoint) {
        let height = stable.checkpoint.height;
        if self.stable.as_ref().is_some_and(|known| known.checkpoint.height >= height) {
            return;
        }
        self.votes = self.votes.split_off(&height.next());
        self.stable = Some(stable);
        while self.sets.keys().nth(1).is_some_and(|second| *second <= height) {
            self.sets.pop_first();
        }
        let oldest = self.sets.values().map(ValidatorSet::epoch).min();
        self.liars.retain(|(epoch, _)| oldest.is_some_and(|oldest| *epoch >= oldest));
    }
}

/// How many checkpoints beyond the stable one are collected.
const OPEN_CHECKPOINTS: u64 = 3;
const UNKNOWN_SET: ConsensusError =
    ConsensusError::InvalidState("the validator set of the height is not known");

fn require_epoch(set: &ValidatorSet, found: Epoch) -> Result<(), ConsensusError> {
    let expected = set.epoch();
    if expected == found {
        Ok(())
    } else {
        Err(ConsensusError::WrongEpoch { expected: expected.0, found: found.0 })
    }
}
