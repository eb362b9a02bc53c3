//! Members' votes on how far a memory can be trusted: `memory_system.byzantine`, repaired (E-51, E-52, E-54).
//!
//! A vote counts when a member signed it for this memory and its confidence lies within 0 and 1; of several votes of
//! one member the one with the greatest time counts, and who signed two for one time counts for nothing. The quorum
//! follows from the members, not from a number the caller gives.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use chrysalis_crypto::ed25519::{self, SigningKey};

use crate::aggregate::{median, robust_mean, trimmed_mean_or_mean, weighted_mean};
use crate::error::ConsensusError;
use crate::id::NodeId;
use crate::validator::ValidatorSet;

/// One member's confidence in one memory.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidationVote {
    /// Who votes.
    pub instance_id: NodeId,
    /// How sure it is, 0 to 1.
    pub confidence: f64,
    /// Logical time of the vote; of two votes of one member the later one counts.
    pub timestamp: f64,
    /// Over the memory's fingerprint, the voter, confidence and time. A vote without one counts for nothing.
    pub signature: Option<[u8; 64]>,
}

impl ValidationVote {
    /// The signed vote of `instance_id`, whose key is `key`, on the memory with this fingerprint.
    ///
    /// # Errors
    /// [`ConsensusError::OutOfRange`] for a confidence outside 0 to 1, [`ConsensusError::NotFinite`] for a time that
    /// is no number.
    pub fn sign(
        fingerprint: &[u8; 32],
        instance_id: NodeId,
        confidence: f64,
        timestamp: f64,
        key: &SigningKey,
    ) -> Result<Self, ConsensusError> {
        if !(0.0..=1.0).contains(&confidence) {
            return Err(ConsensusError::OutOfRange { index: 0 });
        }
        if !timestamp.is_finite() {
            return Err(ConsensusError::NotFinite { index: 0 });
        }
        let mut vote = Self { instance_id, confidence, timestamp, signature: None };
        vote.signature = Some(key.sign(&vote.signed_bytes(fingerprint)));
        Ok(vote)
    }

    fn signed_bytes(&self, fingerprint: &[u8; 32]) -> Vec<u8> {
        let id = self.instance_id.as_str().as_bytes();
        let mut bytes = Vec::with_capacity(24 + 32 + 16 + id.len());
        bytes.extend_from_slice(b"chrysalis/validation/v1\0");
        bytes.extend_from_slice(fingerprint);
        bytes.extend_from_slice(&self.confidence.to_bits().to_le_bytes());
        bytes.extend_from_slice(&self.timestamp.to_bits().to_le_bytes());
        // Last, so that it needs no length.
        bytes.extend_from_slice(id);
        bytes
    }
}

/// What members think of one memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ByzantineValidation {
    /// The members whose votes count, in order.
    pub verified_by: Vec<NodeId>,
    /// Their confidences, in the same order.
    pub confidence_scores: Vec<f64>,
    /// The mean without the `f` lowest and the `f` highest, `f = (n - 1) / 3` of `n` members; 0.0 where there are too
    /// few votes for that.
    pub trimmed_mean: f64,
    /// The median; 0.0 without votes.
    pub median: f64,
    /// Whether members with a quorum of the power are each at least as confident as was asked for.
    pub threshold: bool,
    /// The smallest number of members with a quorum of the power.
    pub required_votes: usize,
    /// Members that signed two votes for one time: proof that they lie.
    pub byzantine: BTreeSet<NodeId>,
}

impl ByzantineValidation {
    /// Whether the members agree; never in a fresh record.
    #[must_use]
    pub fn meets_threshold(&self) -> bool {
        self.threshold
    }

    /// The trimmed mean of the confidences by share from each side, as the original computes it.
    ///
    /// # Errors
    /// [`ConsensusError::InvalidArgument`], [`ConsensusError::NotFinite`].
    pub fn calculate_trimmed_mean(&self, share: f64) -> Result<f64, ConsensusError> {
        trimmed_mean_or_mean(&self.confidence_scores, share)
    }

    /// The median of the confidences, 0.0 without any.
    ///
    /// # Errors
    /// [`ConsensusError::NotFinite`].
    pub fn calculate_median(&self) -> Result<f64, ConsensusError> {
        match median(&self.confidence_scores) {
            Err(ConsensusError::NoValues) => Ok(0.0),
            other => other,
        }
    }
}

/// The confidence at which a member supports a memory, where the caller asks for none in particular.
pub const SUPPORTING_CONFIDENCE: f64 = 0.5;

/// `2 * n / 3 + 1` in whole numbers: the smallest number of equal members that is strictly more than two thirds.
#[must_use]
pub fn calculate_threshold(total_instances: usize) -> usize {
    // Two thirds of n without a product that could overflow.
    total_instances / 3 * 2 + total_instances % 3 * 2 / 3 + 1
}

/// Weighs the votes on the memory with this fingerprint. Votes that are not a member's, not signed, or out of range are
/// left out.
///
/// Cost: one batch verification of at most the votes given.
///
/// # Errors
/// [`ConsensusError::OutOfRange`] for a `supporting` confidence outside 0 to 1.
pub fn validate_memory(
    fingerprint: &[u8; 32],
    votes: &[ValidationVote],
    members: &ValidatorSet,
    supporting: f64,
) -> Result<ByzantineValidation, ConsensusError> {
    if !(0.0..=1.0).contains(&supporting) {
        return Err(ConsensusError::OutOfRange { index: 0 });
    }
    let Counted { latest, byzantine } = count(fingerprint, votes, members);
    let confidence_scores: Vec<f64> = latest.values().map(|vote| vote.confidence).collect();
    let supporters = latest.values().filter(|vote| vote.confidence >= supporting);
    let power: u64 =
        supporters.filter_map(|vote| members.member(&vote.instance_id)).map(|member| member.power).sum();
    let f = members.len().saturating_sub(1) / 3;
    Ok(ByzantineValidation {
        trimmed_mean: robust_mean(&confidence_scores, f).unwrap_or(0.0),
        median: median(&confidence_scores).unwrap_or(0.0),
        threshold: power >= members.quorum_power(),
        required_votes: required_votes(members),
        verified_by: latest.into_keys().collect(),
        confidence_scores,
        byzantine,
    })
}

/// The members that signed two votes on the memory for one time. A low confidence alone is no evidence (E-54).
#[must_use]
pub fn detect_byzantine_nodes(
    fingerprint: &[u8; 32],
    votes: &[ValidationVote],
    members: &ValidatorSet,
) -> BTreeSet<NodeId> {
    count(fingerprint, votes, members).byzantine
}

/// Mean without extremes, median, and whether sources with a quorum of the members' power took part. Confidences of
/// others than members are left out.
///
/// # Errors
/// [`ConsensusError::NotFinite`] and [`ConsensusError::OutOfRange`] for a confidence that is not within 0 and 1.
pub fn aggregate_knowledge_confidence(
    confidences: &BTreeMap<NodeId, f64>,
    members: &ValidatorSet,
) -> Result<(f64, f64, bool), ConsensusError> {
    let mut values = Vec::new();
    let mut power = 0;
    for (index, (source, confidence)) in confidences.iter().enumerate() {
        let Some(member) = members.member(source) else { continue };
        if !confidence.is_finite() {
            return Err(ConsensusError::NotFinite { index });
        }
        if !(0.0..=1.0).contains(confidence) {
            return Err(ConsensusError::OutOfRange { index });
        }
        values.push(*confidence);
        power += member.power;
    }
    let f = members.len().saturating_sub(1) / 3;
    let trimmed = robust_mean(&values, f).unwrap_or(0.0);
    Ok((trimmed, median(&values).unwrap_or(0.0), power >= members.quorum_power()))
}

/// The mean of confidences weighted per instance; an instance without a weight weighs 1.0.
///
/// # Errors
/// As [`weighted_mean`].
pub fn weighted_confidence(
    confidences: &BTreeMap<NodeId, f64>,
    weights: &BTreeMap<NodeId, f64>,
) -> Result<f64, ConsensusError> {
    let weight = |id| weights.get(id).copied().unwrap_or(1.0);
    let weighted: Vec<(f64, f64)> = confidences.iter().map(|(id, value)| (*value, weight(id))).collect();
    weighted_mean(&weighted)
}

struct Counted {
    latest: BTreeMap<NodeId, ValidationVote>,
    byzantine: BTreeSet<NodeId>,
}

fn count(fingerprint: &[u8; 32], votes: &[ValidationVote], members: &ValidatorSet) -> Counted {
    let mut candidates = Vec::new();
    let (mut keys, mut messages, mut signatures) = (Vec::new(), Vec::new(), Vec::new());
    for vote in votes {
        let is_in_range = (0.0..=1.0).contains(&vote.confidence) && vote.timestamp.is_finite();
        let (Some(member), Some(signature), true) =
            (members.member(&vote.instance_id), vote.signature, is_in_range)
        else {
            continue;
        };
        keys.push(member.key);
        messages.push(vote.signed_bytes(fingerprint));
        signatures.push(signature);
        candidates.push(vote);
    }
    let verdicts = ed25519::batch_verify(&keys, &messages, &signatures);
    let mut by_time: BTreeMap<&NodeId, BTreeMap<u64, &ValidationVote>> = BTreeMap::new();
    let mut byzantine = BTreeSet::new();
    for (vote, _) in candidates.iter().zip(verdicts).filter(|(_, is_good)| *is_good) {
        let earlier = by_time.entry(&vote.instance_id).or_default().insert(order(vote.timestamp), vote);
        if earlier.is_some_and(|earlier| earlier.confidence.to_bits() != vote.confidence.to_bits()) {
            byzantine.insert(vote.instance_id.clone());
        }
    }
    let latest = by_time
        .into_iter()
        .filter(|(id, _)| !byzantine.contains(*id))
        .filter_map(|(id, votes)| Some((id.clone(), (**votes.values().next_back()?).clone())))
        .collect();
    Counted { latest, byzantine }
}

/// A key that orders finite times as numbers.
fn order(time: f64) -> u64 {
    // Adding zero turns the negative zero into the positive one.
    let bits = (time + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// The smallest number of members whose power is a quorum: the strongest first.
fn required_votes(members: &ValidatorSet) -> usize {
    let mut powers: Vec<u64> = members.validators().iter().map(|member| member.power).collect();
    powers.sort_unstable_by(|a, b| b.cmp(a));
    let quorum = members.quorum_power();
    let mut sum = 0;
    for (place, power) in powers.iter().enumerate() {
        sum += power;
        if sum >= quorum {
            return place + 1;
        }
    }
    powers.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Epoch;
    use crate::validator::Validator;

    const MEMORY: [u8; 32] = [3; 32];

    fn key(n: u8) -> SigningKey {
        SigningKey::from_seed(&[n; 32])
    }

    fn id(n: u8) -> NodeId {
        NodeId::new(&alloc::format!("n{n:02}")).unwrap()
    }

    fn members(n: u8) -> ValidatorSet {
        let member = |n| Validator { id: id(n), key: key(n).public_key(), power: 1 };
        ValidatorSet::new(Epoch(0), (1..=n).map(member).collect()).unwrap()
    }

    fn vote(n: u8, confidence: f64, time: f64) -> ValidationVote {
        ValidationVote::sign(&MEMORY, id(n), confidence, time, &key(n)).unwrap()
    }

    /// E-51: seven votes of one instance, unsigned votes, votes of strangers and for other memories.
    #[test]
    fn e_51_each_member_counts_once_and_only_signed() {
        let set = members(10);
        let many: Vec<_> = (0..7).map(|time| vote(1, 0.9, f64::from(time))).collect();
        let result = validate_memory(&MEMORY, &many, &set, SUPPORTING_CONFIDENCE).unwrap();
        assert_eq!((result.verified_by, result.threshold, result.required_votes), (vec![id(1)], false, 7));
        let mut bad: Vec<_> =
            (1..=10).map(|n| ValidationVote { signature: None, ..vote(n, 0.9, 1.0) }).collect();
        bad.extend((1..=10).map(|n| ValidationVote { confidence: 1.0, ..vote(n, 0.9, 1.0) }));
        bad.extend((11..=20).map(|n| vote(n, 0.9, 1.0)));
        bad.extend((1..=10).map(|n| ValidationVote::sign(&[4; 32], id(n), 0.9, 1.0, &key(n)).unwrap()));
        bad.extend((1..=10).map(|n| ValidationVote { confidence: f64::NAN, ..vote(n, 0.9, 1.0) }));
        let none = validate_memory(&MEMORY, &bad, &set, SUPPORTING_CONFIDENCE).unwrap();
        assert_eq!(none, ByzantineValidation { required_votes: 7, ..ByzantineValidation::default() });
        assert!(!ByzantineValidation::default().meets_threshold());
        // Taking part is not agreeing.
        let doubtful: Vec<_> = (1..=10).map(|n| vote(n, 0.4, 1.0)).collect();
        assert!(!validate_memory(&MEMORY, &doubtful, &set, SUPPORTING_CONFIDENCE).unwrap().meets_threshold());
        let sure: Vec<_> = (1..=7).map(|n| vote(n, 0.6, 1.0)).collect();
        assert!(validate_memory(&MEMORY, &sure, &set, SUPPORTING_CONFIDENCE).unwrap().meets_threshold());
        assert!(
            !validate_memory(&MEMORY, &sure[1..], &set, SUPPORTING_CONFIDENCE).unwrap().meets_threshold()
        );
        for supporting in [-0.1, 1.1, f64::NAN] {
            assert!(validate_memory(&MEMORY, &sure, &set, supporting).is_err());
        }
        assert!(ValidationVote::sign(&MEMORY, id(1), 1.1, 0.0, &key(1)).is_err());
        assert!(ValidationVote::sign(&MEMORY, id(1), 1.0, f64::NAN, &key(1)).is_err());
    }

    /// E-52: the mean stays within the honest range.
    #[test]
    fn e_52_liars_do_not_move_the_mean_out_of_the_honest_range() {
        let set = members(10);
        let mut votes: Vec<_> = (1..=7).map(|n| vote(n, 0.9, 1.0)).collect();
        votes.extend((8..=10).map(|n| vote(n, 0.0, 1.0)));
        let result = validate_memory(&MEMORY, &votes, &set, SUPPORTING_CONFIDENCE).unwrap();
        assert_eq!((result.trimmed_mean, result.median), (0.9, 0.9));
        assert_eq!(result.calculate_median(), Ok(0.9));
        assert!(result.calculate_trimmed_mean(0.2).unwrap() < 0.8, "what the original makes of it");
    }

    /// E-54: a low confidence is no evidence, two signatures are.
    #[test]
    fn e_54_only_evidence_makes_a_liar() {
        let set = members(4);
        let votes = [vote(1, 0.0, 1.0), vote(2, 1.0, 1.0), vote(3, 0.2, 1.0), vote(3, 0.3, 2.0)];
        assert!(detect_byzantine_nodes(&MEMORY, &votes, &set).is_empty());
        let mut votes = votes.to_vec();
        votes.extend([vote(2, 0.5, 1.0), ValidationVote { signature: None, ..vote(1, 0.9, 1.0) }]);
        assert_eq!(detect_byzantine_nodes(&MEMORY, &votes, &set), BTreeSet::from([id(2)]));
        let result = validate_memory(&MEMORY, &votes, &set, SUPPORTING_CONFIDENCE).unwrap();
        assert_eq!(result.verified_by, [id(1), id(3)]);
        assert_eq!(result.confidence_scores, [0.0, 0.3], "the later one counts");
    }

    #[test]
    fn thresholds_and_sums_are_the_originals() {
        let expected = [(0, 1), (1, 1), (2, 2), (3, 3), (4, 3), (6, 5), (7, 5), (10, 7)];
        assert!(expected.iter().all(|(n, threshold)| calculate_threshold(*n) == *threshold));
        assert_eq!(calculate_threshold(usize::MAX), usize::MAX / 3 * 2 + 1);
        let set = members(4);
        let confidences = BTreeMap::from([(id(1), 0.9), (id(2), 0.8), (id(3), 0.1), (id(9), 0.0)]);
        assert_eq!(aggregate_knowledge_confidence(&confidences, &set), Ok((0.8, 0.8, true)));
        let weights = BTreeMap::from([(id(1), 3.0), (id(9), 0.0)]);
        let mean = weighted_confidence(&confidences, &weights).unwrap();
        assert!((mean - 0.72).abs() < 1e-12, "{mean}");
        assert!(order(-1.0) < order(-0.0) && order(-0.0) == order(0.0) && order(0.0) < order(1e-300));
    }
}
