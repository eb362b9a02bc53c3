//! What is known of one height: proposals, votes and values of a few rounds.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use crate::certificate::PolkaCertificate;
use crate::id::Round;
use crate::keeper::Tally;
use crate::proposal::Proposal;
use crate::value::Digest;
use crate::vote::{Vote, VoteKind};

/// How many rounds before the current one are kept.
pub(crate) const ROUNDS_BEHIND: u32 = 4;
/// How many rounds after the current one are kept.
pub(crate) const ROUNDS_AHEAD: u32 = 4;
/// How many rounds of votes of a height that is not begun are kept.
pub(crate) const ROUNDS_EARLY: u32 = 2;
/// How many proposals of one round are kept; one more if a quorum wants it.
pub(crate) const PROPOSALS: usize = 2;

/// What the application thinks of a value.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Validity {
    /// It was not asked.
    Unasked,
    /// It was asked.
    Asked,
    /// It accepts it.
    Valid,
    /// It does not.
    Invalid,
}

/// A value that some proposal or certificate names.
#[derive(Clone)]
pub(crate) struct Held<T> {
    pub(crate) value: T,
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) validity: Validity,
    /// Whether the log has it.
    pub(crate) logged: bool,
}

impl<T> Hash for Held<T> {
    /// Without the value, which the digest that it is kept under stands for.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.validity.hash(state);
        self.logged.hash(state);
    }
}

/// A proposal whose signature and proof hold.
#[derive(Clone, Hash)]
pub(crate) struct Proposed {
    pub(crate) proposal: Proposal,
    pub(crate) polka: Option<PolkaCertificate>,
}

/// What is known of one round.
#[derive(Clone, Default, Hash)]
pub(crate) struct RoundState {
    pub(crate) proposals: Vec<Proposed>,
    pub(crate) prevotes: Tally,
    pub(crate) precommits: Tally,
}

impl RoundState {
    pub(crate) fn tally(&self, kind: VoteKind) -> &Tally {
        match kind {
            VoteKind::Prevote => &self.prevotes,
            VoteKind::Precommit => &self.precommits,
        }
    }

    pub(crate) fn tally_mut(&mut self, kind: VoteKind) -> &mut Tally {
        match kind {
            VoteKind::Prevote => &mut self.prevotes,
            VoteKind::Precommit => &mut self.precommits,
        }
    }
}

/// What is known of one height.
#[derive(Clone, Hash)]
pub(crate) struct HeightState<T> {
    pub(crate) rounds: BTreeMap<Round, RoundState>,
    pub(crate) values: BTreeMap<Digest, Held<T>>,
    /// For each validator, its checked vote of the highest round beyond those kept.
    pub(crate) far: BTreeMap<u16, Vote>,
}

impl<T> Default for HeightState<T> {
    fn default() -> Self {
        Self { rounds: BTreeMap::new(), values: BTreeMap::new(), far: BTreeMap::new() }
    }
}

impl<T> HeightState<T> {
    /// The rounds that are kept while `current` is the round.
    pub(crate) fn kept(current: Round) -> core::ops::RangeInclusive<Round> {
        Round(current.0.saturating_sub(ROUNDS_BEHIND))..=Round(current.0.saturating_add(ROUNDS_AHEAD))
    }

    /// Bytes of the values that are held.
    pub(crate) fn value_bytes(&self) -> usize {
        self.values.values().map(|held| held.bytes.len()).sum()
    }

    /// Forgets rounds that are not kept, and values that nothing kept names.
    pub(crate) fn prune(&mut self, current: Round, needed: &[Digest]) {
        let kept = Self::kept(current);
        self.rounds.retain(|round, _| kept.contains(round));
        let Self { rounds, values, far } = self;
        values.retain(|digest, _| {
            needed.contains(digest)
                || rounds
                    .values()
                    .any(|round| round.proposals.iter().any(|proposed| proposed.proposal.digest == *digest))
        });
        far.retain(|_, vote| vote.round >= current);
    }
}
