//! Counting votes: the helpers of the originals, with quorums that two different results cannot both reach.
//!
//! A tally is not agreement. It has no locks and no rounds that follow from each other, so members that see different
//! votes may stop at different results in different rounds; [`ByzantineConsensus`](crate::ByzantineConsensus) decides.
//! What a tally gives is a signed count among known members (E-11), in which nobody counts twice (E-12).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use chrysalis_crypto::ed25519::{self, SigningKey};
use chrysalis_crypto::hash::blake3_hash;

use crate::error::ConsensusError;
use crate::id::NodeId;
use crate::validator::ValidatorSet;

/// The longest value that can be voted for.
pub const MAX_TALLY_VALUE: usize = 64 << 10;
/// How many rounds a tally keeps; a new round makes it forget the oldest.
pub const OPEN_ROUNDS: usize = 8;

/// A signed vote for a value in one round of one tally.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TallyVote {
    /// Who votes.
    pub node_id: NodeId,
    /// What for, at most [`MAX_TALLY_VALUE`] bytes; compared byte by byte.
    pub value: Vec<u8>,
    /// Over the tally's id, the round, the voter and the digest of the value.
    pub signature: [u8; 64],
}

impl TallyVote {
    /// The vote of `node_id`, whose key is `key`, in `round` of the tally with the id `tally`.
    #[must_use]
    pub fn sign(tally: &[u8; 32], round: u64, node_id: NodeId, value: Vec<u8>, key: &SigningKey) -> Self {
        let signature = key.sign(&signed_bytes(tally, round, &node_id, &value));
        Self { node_id, value, signature }
    }

    /// Whether the vote is `key`'s for this round of this tally.
    #[must_use]
    pub fn is_signed(&self, tally: &[u8; 32], round: u64, key: &[u8; 32]) -> bool {
        let message = signed_bytes(tally, round, &self.node_id, &self.value);
        ed25519::verify(key, &message, &self.signature) == Ok(true)
    }
}

/// Two votes of one member in one round for different values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TallyEvidence {
    /// The tally.
    pub tally: [u8; 32],
    /// The round.
    pub round: u64,
    /// The vote that came first.
    pub first: TallyVote,
    /// The one that contradicts it.
    pub second: TallyVote,
}

impl TallyEvidence {
    /// Whether this proves that a member of `members` voted twice. Needs nothing but the members' keys.
    #[must_use]
    pub fn is_proof(&self, members: &ValidatorSet) -> bool {
        let (first, second) = (&self.first, &self.second);
        first.node_id == second.node_id
            && first.value != second.value
            && members.member(&first.node_id).is_some_and(|member| {
                let key = &member.key;
                first.is_signed(&self.tally, self.round, key)
                    && second.is_signed(&self.tally, self.round, key)
            })
    }
}

/// The state of a round.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TallyResult {
    /// Whether a value has a quorum.
    pub achieved: bool,
    /// That value.
    pub value: Option<Vec<u8>>,
    /// The number of votes for it, or of all votes while none has a quorum.
    pub vote_count: usize,
    /// The round.
    pub round: u64,
}

/// Votes of known members, counted in rounds.
#[derive(Clone, Debug)]
pub struct ThresholdVoting {
    tally: [u8; 32],
    members: ValidatorSet,
    round: u64,
    rounds: BTreeMap<u64, Round>,
    evidence: Vec<TallyEvidence>,
}

#[derive(Clone, Debug, Default)]
struct Round {
    votes: BTreeMap<NodeId, TallyVote>,
    /// Members that voted twice: they count for nothing.
    liars: Vec<NodeId>,
    /// Power and number of votes per digest of a value.
    counts: BTreeMap<[u8; 32], (u64, usize)>,
    achieved: Option<(Vec<u8>, usize)>,
}

impl ThresholdVoting {
    /// A tally among `members`, told from others by `tally`, which every vote's signature covers. A value has a quorum
    /// with strictly more than two thirds of the power.
    #[must_use]
    pub fn new(tally: [u8; 32], members: ValidatorSet) -> Self {
        Self { tally, members, round: 0, rounds: BTreeMap::new(), evidence: Vec::new() }
    }

    /// Begins the next round and gives its number; the first is 1. Forgets the round [`OPEN_ROUNDS`] before it.
    pub fn start_round(&mut self) -> u64 {
        self.round += 1;
        self.rounds.insert(self.round, Round::default());
        while self.rounds.len() > OPEN_ROUNDS {
            self.rounds.pop_first();
        }
        self.round
    }

    /// The power that a value needs.
    #[must_use]
    pub fn threshold(&self) -> u64 {
        self.members.quorum_power()
    }

    /// Counts a vote. The same vote again changes nothing. A member's second vote for another value is kept as
    /// evidence, and from then on none of its votes counts in this round; a result that was reached stays.
    ///
    /// # Errors
    /// [`ConsensusError::UnknownRound`], [`ConsensusError::TooLarge`], [`ConsensusError::UnknownMember`],
    /// [`ConsensusError::BadSignature`], [`ConsensusError::ConflictingVotes`].
    pub fn cast_vote(&mut self, round: u64, vote: TallyVote) -> Result<(), ConsensusError> {
        let state = self.rounds.get_mut(&round).ok_or(ConsensusError::UnknownRound)?;
        if vote.value.len() > MAX_TALLY_VALUE {
            return Err(ConsensusError::TooLarge { what: "value", limit: MAX_TALLY_VALUE as u64 });
        }
        let member = self.members.member(&vote.node_id).ok_or(ConsensusError::UnknownMember)?;
        if state.votes.get(&vote.node_id) == Some(&vote) {
            return Ok(());
        }
        if !vote.is_signed(&self.tally, round, &member.key) {
            return Err(ConsensusError::BadSignature);
        }
        if state.liars.contains(&vote.node_id) {
            return Err(ConsensusError::ConflictingVotes);
        }
        if let Some(first) = state.votes.get(&vote.node_id) {
            if first.value == vote.value {
                return Ok(());
            }
            let first = first.clone();
            if let Some((power, votes)) = state.counts.get_mut(&blake3_hash(&first.value)) {
                *power -= member.power;
                *votes -= 1;
            }
            state.liars.push(vote.node_id.clone());
            if !self.evidence.iter().any(|known| known.first.node_id == vote.node_id) {
                self.evidence.push(TallyEvidence { tally: self.tally, round, first, second: vote });
            }
            return Err(ConsensusError::ConflictingVotes);
        }
        let (power, votes) = state.counts.entry(blake3_hash(&vote.value)).or_default();
        *power += member.power;
        *votes += 1;
        if *power >= self.members.quorum_power() {
            state.achieved = Some((vote.value.clone(), *votes));
        }
        state.votes.insert(vote.node_id.clone(), vote);
        Ok(())
    }

    /// The state of a round.
    ///
    /// # Errors
    /// [`ConsensusError::UnknownRound`].
    pub fn check_consensus(&self, round: u64) -> Result<TallyResult, ConsensusError> {
        let state = self.rounds.get(&round).ok_or(ConsensusError::UnknownRound)?;
        Ok(match &state.achieved {
            Some((value, votes)) => {
                TallyResult { achieved: true, value: Some(value.clone()), vote_count: *votes, round }
            }
            None => TallyResult { achieved: false, value: None, vote_count: state.votes.len(), round },
        })
    }

    /// What was found against members, the first of each.
    #[must_use]
    pub fn evidence(&self) -> &[TallyEvidence] {
        &self.evidence
    }
}

/// The checks of `SupermajorityChecker`, strict: exactly `threshold` of the votes is not yet a majority of it (E-50).
/// A threshold of 1 asks for all votes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SupermajorityChecker {
    threshold: f64,
}

impl Default for SupermajorityChecker {
    /// Two thirds.
    fn default() -> Self {
        Self { threshold: 2.0 / 3.0 }
    }
}

impl SupermajorityChecker {
    /// With a threshold of 1/2 to 1: below a half, yes and no could both have it.
    ///
    /// # Errors
    /// [`ConsensusError::InvalidArgument`].
    pub fn new(threshold: f64) -> Result<Self, ConsensusError> {
        if (0.5..=1.0).contains(&threshold) {
            Ok(Self { threshold })
        } else {
            Err(ConsensusError::InvalidArgument("threshold"))
        }
    }

    /// The smallest number of yes votes that is enough among `votes`; 1 among none.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of votes held in memory, times a share of at most 1"
    )]
    pub fn required(&self, votes: usize) -> usize {
        // The product of n and the double nearest 2/3 rounds to 2n/3 exactly where that is whole.
        let strict = (votes as f64 * self.threshold) as usize + 1;
        strict.min(votes.max(1))
    }

    /// Whether the yes votes are enough; never among none.
    #[must_use]
    pub fn has_supermajority(&self, votes: &[bool]) -> bool {
        votes.iter().filter(|vote| **vote).count() >= self.required(votes.len())
    }

    /// Decision, number of yes votes and number required: the shape of the original's `consensus_decision`, with a
    /// strict requirement.
    #[must_use]
    pub fn consensus_decision(&self, votes: &BTreeMap<NodeId, bool>) -> (bool, usize, usize) {
        let yes = votes.values().filter(|vote| **vote).count();
        let required = self.required(votes.len());
        (yes >= required, yes, required)
    }
}

fn signed_bytes(tally: &[u8; 32], round: u64, node: &NodeId, value: &[u8]) -> Vec<u8> {
    let id = node.as_str().as_bytes();
    let mut bytes = Vec::with_capacity(24 + 32 + 8 + 32 + id.len());
    bytes.extend_from_slice(b"chrysalis/tally-vote/v1\0");
    bytes.extend_from_slice(tally);
    bytes.extend_from_slice(&round.to_le_bytes());
    bytes.extend_from_slice(&blake3_hash(value));
    // Last, so that it needs no length.
    bytes.extend_from_slice(id);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Epoch;
    use crate::validator::Validator;

    const TALLY: [u8; 32] = [5; 32];

    fn key(n: u8) -> SigningKey {
        SigningKey::from_seed(&[n; 32])
    }

    fn id(n: u8) -> NodeId {
        NodeId::new(&alloc::format!("n{n}")).unwrap()
    }

    fn members(powers: &[u64]) -> ValidatorSet {
        let member =
            |(n, power): (u8, &u64)| Validator { id: id(n), key: key(n).public_key(), power: *power };
        ValidatorSet::new(Epoch(0), (1..).zip(powers).map(member).collect()).unwrap()
    }

    fn vote(n: u8, round: u64, value: &[u8]) -> TallyVote {
        TallyVote::sign(&TALLY, round, id(n), value.to_vec(), &key(n))
    }

    /// R-02, E-16: strictly more than two thirds, for every number of members.
    #[test]
    fn r_02_a_value_needs_strictly_more_than_two_thirds() {
        for n in 1..=13u8 {
            let mut tally = ThresholdVoting::new(TALLY, members(&vec![1; usize::from(n)]));
            let round = tally.start_round();
            assert_eq!(tally.threshold(), u64::from(n) * 2 / 3 + 1);
            for voter in 1..=n {
                tally.cast_vote(round, vote(voter, round, b"a")).unwrap();
                let result = tally.check_consensus(round).unwrap();
                assert_eq!(result.achieved, u32::from(voter) * 3 > u32::from(n) * 2, "{voter} of {n}");
                assert_eq!(result.vote_count, usize::from(voter));
            }
        }
        let mut weighted = ThresholdVoting::new(TALLY, members(&[7, 1, 1, 1]));
        assert_eq!(weighted.start_round(), 1);
        weighted.cast_vote(1, vote(1, 1, b"a")).unwrap();
        let result = weighted.check_consensus(1).unwrap();
        assert_eq!((result.achieved, result.value, result.vote_count), (true, Some(b"a".to_vec()), 1));
    }

    /// E-11: nobody counts who is no member, or whose signature is not on this vote.
    #[test]
    fn e_11_only_signed_votes_of_members_count() {
        let mut tally = ThresholdVoting::new(TALLY, members(&[1; 4]));
        assert_eq!(tally.cast_vote(1, vote(1, 1, b"a")), Err(ConsensusError::UnknownRound));
        tally.start_round();
        tally.start_round();
        assert_eq!(tally.cast_vote(1, vote(9, 1, b"a")), Err(ConsensusError::UnknownMember));
        let forged = TallyVote { node_id: id(2), ..vote(1, 1, b"a") };
        let other_value = TallyVote { value: b"b".to_vec(), ..vote(1, 1, b"a") };
        let other_tally = TallyVote::sign(&[6; 32], 1, id(1), b"a".to_vec(), &key(1));
        for bad in [forged, other_value, other_tally, vote(1, 2, b"a")] {
            assert_eq!(tally.cast_vote(1, bad), Err(ConsensusError::BadSignature));
        }
        let long = vote(1, 1, &vec![0; MAX_TALLY_VALUE + 1]);
        assert!(matches!(tally.cast_vote(1, long), Err(ConsensusError::TooLarge { .. })));
        assert_eq!(tally.check_consensus(1).unwrap().vote_count, 0);
        assert_eq!(tally.check_consensus(3), Err(ConsensusError::UnknownRound));
    }

    /// E-12: who votes twice counts for nothing, and there is proof.
    #[test]
    fn e_12_an_equivocator_does_not_count_and_is_proved() {
        let set = members(&[1; 4]);
        let mut tally = ThresholdVoting::new(TALLY, set.clone());
        tally.start_round();
        for n in [1, 1, 2] {
            tally.cast_vote(1, vote(n, 1, b"a")).unwrap();
        }
        assert_eq!(tally.cast_vote(1, vote(2, 1, b"b")), Err(ConsensusError::ConflictingVotes));
        assert_eq!(tally.cast_vote(1, vote(2, 1, b"c")), Err(ConsensusError::ConflictingVotes));
        tally.cast_vote(1, vote(3, 1, b"a")).unwrap();
        assert!(!tally.check_consensus(1).unwrap().achieved, "two honest votes of four");
        tally.cast_vote(1, vote(4, 1, b"a")).unwrap();
        assert!(tally.check_consensus(1).unwrap().achieved);
        let [evidence] = tally.evidence() else { panic!("one liar") };
        assert!(evidence.is_proof(&set));
        let framed = TallyEvidence {
            second: TallyVote { value: b"x".to_vec(), ..vote(2, 1, b"b") },
            ..evidence.clone()
        };
        assert!(!framed.is_proof(&set));
        assert!(!TallyEvidence { second: vote(2, 1, b"a"), ..evidence.clone() }.is_proof(&set));
        assert!(!evidence.is_proof(&members(&[1])));
    }

    /// E-13: rounds do not pile up.
    #[test]
    fn e_13_old_rounds_are_forgotten() {
        let mut tally = ThresholdVoting::new(TALLY, members(&[1; 4]));
        for _ in 0..100 {
            tally.start_round();
        }
        assert_eq!(tally.check_consensus(92), Err(ConsensusError::UnknownRound));
        assert!(tally.check_consensus(93).is_ok());
        assert_eq!(tally.rounds.len(), OPEN_ROUNDS);
    }

    /// E-50: 2 of 4, none, and a single no were decisions.
    #[test]
    fn e_50_a_decision_needs_a_strict_majority_of_the_threshold() {
        let checker = SupermajorityChecker::default();
        let votes = |yes: usize, no: usize| {
            (0u8..).map(id).zip([vec![true; yes], vec![false; no]].concat()).collect()
        };
        assert_eq!(checker.consensus_decision(&votes(2, 2)), (false, 2, 3));
        assert_eq!(checker.consensus_decision(&votes(0, 0)), (false, 0, 1));
        assert_eq!(checker.consensus_decision(&votes(0, 1)), (false, 0, 1));
        assert_eq!(checker.consensus_decision(&votes(2, 1)), (false, 2, 3));
        assert_eq!(checker.consensus_decision(&votes(3, 1)), (true, 3, 3));
        assert!(!checker.has_supermajority(&[]));
        for n in 1..10_000 {
            assert_eq!(checker.required(n), n * 2 / 3 + 1, "{n}");
        }
        let all = SupermajorityChecker::new(1.0).unwrap();
        assert!(all.has_supermajority(&[true; 3]) && !all.has_supermajority(&[true, true, false]));
        for threshold in [0.49, 1.01, f64::NAN] {
            assert!(SupermajorityChecker::new(threshold).is_err());
        }
    }
}
