//! Certificates, evidence and validator sets: what anybody can check.

use std::sync::{Arc, Mutex, PoisonError};

use chrysalis_consensus::{
    ChainId, CommitCertificate, ConsensusError, Digest, Epoch, Evidence, NodeId, Validator, ValidatorSet,
};

use super::plain::{Given, Made};

/// The set that was given last: to decode the keys of a set takes as long as half a certificate's check, and a caller has few sets
/// and many certificates.
static LAST: Mutex<Option<Arc<ValidatorSet>>> = Mutex::new(None);

/// A validator set: its bytes, or an object with `validators` and `epoch`, which is 0 by default.
pub(crate) fn set<G: Given>(given: &G, name: &str) -> Result<Arc<ValidatorSet>, G::Error> {
    if given.is_bytes() {
        let bytes = given.to_bytes(name)?;
        return Ok(kept(|last| last.to_bytes() == bytes, || ValidatorSet::from_bytes(&bytes))?);
    }
    let mut validators = validators(&given.required("validators")?)?;
    validators.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    let epoch = Epoch(given.count_or("epoch", 0)?);
    let is_last = |last: &ValidatorSet| last.epoch() == epoch && last.validators() == validators;
    Ok(kept(is_last, || ValidatorSet::new(epoch, validators.clone()))?)
}

/// The last set, if it is the one, or else one that is made and kept in its place.
fn kept(
    is_last: impl Fn(&ValidatorSet) -> bool,
    make: impl FnOnce() -> Result<ValidatorSet, ConsensusError>,
) -> Result<Arc<ValidatorSet>, ConsensusError> {
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(last) = last.filter(|last| is_last(last)) {
        return Ok(last);
    }
    let set = Arc::new(make()?);
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&set));
    Ok(set)
}

/// A list of validators, each with `id`, `key` and `power`, which is 1 by default.
pub(crate) fn validators<G: Given>(given: &G) -> Result<Vec<Validator>, G::Error> {
    let validator = |one: &G| {
        let id = NodeId::new(&one.text("id")?)?;
        Ok(Validator { id, key: one.array("key")?, power: one.count_or("power", 1)? })
    };
    given.to_items("validators")?.iter().map(validator).collect()
}

/// What a commit certificate proves, once it is verified.
pub(crate) fn certificate(bytes: &[u8], set: &ValidatorSet, chain: &str) -> Result<Made, ConsensusError> {
    let certificate = CommitCertificate::from_bytes(bytes)?;
    certificate.verify(&ChainId::new(chain)?, set)?;
    let signers = || certificate.signers().filter_map(|number| set.validator(number));
    Ok(Made::Object(vec![
        ("epoch", certificate.epoch().0.into()),
        ("height", certificate.height().0.into()),
        ("round", certificate.round().0.into()),
        ("digest", certificate.digest().0.as_slice().into()),
        ("power", signers().map(|validator| validator.power).sum::<u64>().into()),
        ("total_power", set.total_power().into()),
        ("signers", Made::list(signers().map(|validator| validator.id.as_str().into()))),
    ]))
}

/// What evidence proves, once it is verified.
pub(crate) fn evidence(bytes: &[u8], set: &ValidatorSet, chain: &str) -> Result<Made, ConsensusError> {
    let evidence = Evidence::from_bytes(bytes)?;
    evidence.verify(&ChainId::new(chain)?, set)?;
    let validator = set.validator(evidence.validator());
    let validator = validator.ok_or(ConsensusError::BadProof("a number outside the set"))?;
    Ok(Made::Object(vec![
        ("epoch", evidence.epoch().0.into()),
        ("height", evidence.height().0.into()),
        ("round", evidence.round().0.into()),
        ("validator", validator.id.as_str().into()),
    ]))
}

/// The digest that certificates name a value by.
pub(crate) fn value_digest(value: &[u8]) -> Vec<u8> {
    Digest::of(value).0.to_vec()
}
