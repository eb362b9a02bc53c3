//! Checkpoints of a member: its own states, the votes of all for theirs, and what others that lag are given.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_journal::JournalError;

use super::{Application, EngineEffect};
use crate::checkpoint::{
    CHUNK_BYTES, Checkpoint, CheckpointKeeper, CheckpointOutcome, CheckpointVote, Manifest, StableCheckpoint,
};
use crate::consensus::Origin;
use crate::error::ConsensusError;
use crate::id::{ChainId, Height, PeerId};
use crate::log::VoteLog;
use crate::record::LogRecord;
use crate::transfer::{Archive, Claim, EncodedDecision};

/// How many own states wait to become stable.
const MAX_SNAPSHOTS: usize = 3;

pub(super) struct Checkpoints {
    chain: ChainId,
    key: Arc<SigningKey>,
    keeper: CheckpointKeeper,
    /// The own checkpoints that are not stable yet.
    snapshots: BTreeMap<Height, Snapshot>,
    /// Chunks of a state that is being fetched.
    fetched: BTreeMap<u32, Vec<u8>>,
    /// Whether there is a snapshot that was not voted for yet.
    is_due: bool,
}

/// A state of a checkpoint, in memory.
#[derive(Clone)]
struct Snapshot {
    manifest: Manifest,
    state: Vec<u8>,
}

/// What is given to members that lag: decisions from the log, the state of the stable checkpoint from memory.
pub(super) struct Shelf {
    pub(super) log: VoteLog,
    stable: Option<(StableCheckpoint, Snapshot)>,
}

impl Shelf {
    pub(super) fn new(log: VoteLog) -> Self {
        Self { log, stable: None }
    }
}

impl Archive for Shelf {
    fn claim(&self) -> Claim {
        let decided = self.log.decided();
        let checkpoint = self.stable.as_ref().map_or(Height(0), |(stable, _)| stable.checkpoint.height);
        Claim { decided, oldest: self.log.oldest().unwrap_or(decided.next()), checkpoint }
    }

    fn decision(&self, height: Height) -> Option<EncodedDecision> {
        // A decision that cannot be read is not there for others; what this means here shows when the log is opened.
        self.log.decision(height).ok().flatten()
    }

    fn checkpoint(&self) -> Option<(StableCheckpoint, Manifest)> {
        self.stable.as_ref().map(|(stable, snapshot)| (stable.clone(), snapshot.manifest.clone()))
    }

    fn chunk(&self, height: Height, index: u32) -> Option<Vec<u8>> {
        let (_, snapshot) = self.stable.as_ref().filter(|(stable, _)| stable.checkpoint.height == height)?;
        let length = snapshot.manifest.chunk_length(index)?;
        let start = usize::try_from(index).ok()? * CHUNK_BYTES;
        snapshot.state.get(start..start + length).map(<[u8]>::to_vec)
    }
}

impl Checkpoints {
    /// For a member that goes on at `origin`, with the last stable checkpoint that its log has.
    pub(super) fn new(
        chain: ChainId,
        key: Arc<SigningKey>,
        origin: &Origin,
        interval: u64,
        stable: Option<StableCheckpoint>,
    ) -> Result<Self, ConsensusError> {
        let mut keeper = CheckpointKeeper::new(chain.clone(), origin.validators.clone(), interval)?;
        for (height, set) in &origin.upcoming {
            keeper.change_set(*height, set.clone());
        }
        if let Some(stable) = stable {
            // It was verified before it was logged, by a set that may be gone.
            keeper.resume(stable);
        }
        let (snapshots, fetched) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self { chain, key, keeper, snapshots, fetched, is_due: false })
    }

    /// The last stable checkpoint.
    pub(super) fn stable(&self) -> Option<&StableCheckpoint> {
        self.keeper.stable()
    }

    /// A height was executed, and `origin` is what follows it; takes the application's state where that is due.
    pub(super) fn advance(
        &mut self,
        height: Height,
        has_changed_members: bool,
        origin: &Origin,
        app: &impl Application,
    ) -> Result<(), ConsensusError> {
        if has_changed_members && let Some((from, set)) = origin.upcoming.last() {
            self.keeper.change_set(*from, set.clone());
        }
        if !self.keeper.is_due(height) {
            return Ok(());
        }
        let state = app.snapshot();
        let manifest = Manifest::of(origin.clone(), &state)?;
        self.snapshots.insert(height, Snapshot { manifest, state });
        self.is_due = true;
        while self.snapshots.len() > MAX_SNAPSHOTS {
            self.snapshots.pop_first();
        }
        Ok(())
    }

    /// Whether a snapshot was taken since this was asked last.
    pub(super) fn take_due(&mut self) -> bool {
        std::mem::take(&mut self.is_due)
    }

    /// Whether own states wait to become stable.
    #[cfg(feature = "malachite")]
    pub(super) fn is_waiting(&self) -> bool {
        !self.snapshots.is_empty()
    }

    /// Signs the latest snapshot, or says so again, once everything that led to it is on the log.
    pub(super) fn vote(
        &mut self,
        shelf: &mut Shelf,
        out: &mut Vec<EngineEffect>,
    ) -> Result<(), ConsensusError> {
        let Some((height, snapshot)) = self.snapshots.last_key_value() else { return Ok(()) };
        let Some(set) = self.keeper.set_at(*height) else { return Ok(()) };
        if set.number_of(&self.key.public_key()).is_none() {
            return Ok(());
        }
        let state = snapshot.manifest.digest();
        let checkpoint = Checkpoint { epoch: set.epoch(), height: *height, state };
        let vote = CheckpointVote::sign(&self.chain, set, checkpoint, &self.key)?;
        match shelf.log.vote_checkpoint(&vote) {
            Ok(()) => {}
            // Another state was signed before a crash, or there is no room: this member is silent about it.
            Err(ConsensusError::ConflictingVotes | ConsensusError::Journal(JournalError::DiskFull)) => {
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        out.push(EngineEffect::Broadcast(vote.to_bytes().into()));
        self.count(vote, shelf)
    }

    /// Takes a vote of another member.
    pub(super) fn receive(
        &mut self,
        from: PeerId,
        bytes: &[u8],
        shelf: &mut Shelf,
        out: &mut Vec<EngineEffect>,
    ) -> Result<(), ConsensusError> {
        match CheckpointVote::from_bytes(bytes).map(|vote| self.count(vote, shelf)) {
            Ok(Err(error @ ConsensusError::Journal(_))) => return Err(error),
            Ok(Ok(()) | Err(ConsensusError::WrongEpoch { .. } | ConsensusError::InvalidState(_))) => {}
            Ok(Err(_)) | Err(_) => out.push(EngineEffect::Punish(from)),
        }
        Ok(())
    }

    fn count(&mut self, vote: CheckpointVote, shelf: &mut Shelf) -> Result<(), ConsensusError> {
        let CheckpointOutcome::Stable(stable) = self.keeper.handle(vote)? else { return Ok(()) };
        // Where it is of this member's own state, what was before it is given up.
        let height = stable.checkpoint.height;
        let own = self.snapshots.remove(&height);
        self.snapshots = self.snapshots.split_off(&height);
        let Some(snapshot) = own.filter(|own| own.manifest.digest() == stable.checkpoint.state) else {
            return Ok(());
        };
        match shelf.log.prune(stable.clone()) {
            Ok(()) => {}
            // The log stays long; the next checkpoint is another chance.
            Err(ConsensusError::Journal(JournalError::DiskFull) | ConsensusError::OutOfOrder { .. }) => {}
            Err(error) => return Err(error),
        }
        shelf.stable = Some((stable, snapshot));
        Ok(())
    }

    /// A state is about to be fetched.
    pub(super) fn begin_fetching(&mut self) {
        self.fetched.clear();
    }

    /// Takes a part of the state that is fetched.
    pub(super) fn fetch(&mut self, index: u32, bytes: Vec<u8>) {
        self.fetched.insert(index, bytes);
    }

    /// Goes on with the state that was fetched, unless the application is there already. Gives the records of the log from
    /// there on.
    pub(super) fn install(
        &mut self,
        stable: StableCheckpoint,
        origin: &Origin,
        shelf: &mut Shelf,
        app: &mut impl Application,
    ) -> Result<Option<Vec<LogRecord>>, ConsensusError> {
        let height = stable.checkpoint.height;
        let state: Vec<u8> = std::mem::take(&mut self.fetched).into_values().flatten().collect();
        if app.executed() >= height {
            return Ok(None);
        }
        let manifest = Manifest::of(origin.clone(), &state)?;
        let records = shelf.log.install(stable.clone(), origin.clone(), || app.install(height, &state))?;
        for (from, set) in &origin.upcoming {
            self.keeper.change_set(*from, set.clone());
        }
        self.keeper.change_set(origin.height, origin.validators.clone());
        self.keeper.resume(stable.clone());
        shelf.stable = Some((stable, Snapshot { manifest, state }));
        self.snapshots.clear();
        Ok(Some(records))
    }
}
