//! Votes on memories and the numbers that come of them: what both languages read the same way.

use std::collections::BTreeMap;

use chrysalis_consensus::validation::ValidationVote;
use chrysalis_consensus::{ConsensusError, NodeId};
use chrysalis_crypto::ed25519::SigningKey;

/// A vote as it was given: who, how sure, when, and the signature.
pub(crate) type Given = (String, f64, f64, Option<Vec<u8>>);

/// The votes that can be somebody's. One under a name that nobody can have, or with what is no signature, counts for nothing,
/// as any that is not a member's.
pub(crate) fn votes(given: Vec<Given>) -> Vec<ValidationVote> {
    let vote = |(name, confidence, timestamp, signature): Given| {
        let signature = signature.and_then(|bytes| bytes.try_into().ok());
        Some(ValidationVote { instance_id: NodeId::new(&name).ok()?, confidence, timestamp, signature })
    };
    given.into_iter().filter_map(vote).collect()
}

/// The signature of a vote.
pub(crate) fn sign(
    fingerprint: &[u8],
    name: &str,
    confidence: f64,
    timestamp: f64,
    key: &[u8],
) -> Result<[u8; 64], ConsensusError> {
    let (fingerprint, key) = (self::fingerprint(fingerprint)?, SigningKey::from_slice(key)?);
    let vote = ValidationVote::sign(&fingerprint, NodeId::new(name)?, confidence, timestamp, &key)?;
    vote.signature.ok_or(ConsensusError::BadSignature)
}

/// What identifies a memory.
pub(crate) fn fingerprint(bytes: &[u8]) -> Result<[u8; 32], ConsensusError> {
    bytes.try_into().map_err(|_| ConsensusError::InvalidArgument("fingerprint is not 32 bytes"))
}

/// Something for each of several names.
pub(crate) fn named<V>(given: BTreeMap<String, V>) -> Result<BTreeMap<NodeId, V>, ConsensusError> {
    given.into_iter().map(|(name, value)| Ok((NodeId::new(&name)?, value))).collect()
}
