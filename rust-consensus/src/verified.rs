//! Commit certificates that were checked, many in one batch.

use alloc::vec::Vec;

use chrysalis_crypto::ed25519;

use crate::certificate::CommitCertificate;
use crate::error::ConsensusError;
use crate::id::ChainId;
use crate::validator::ValidatorSet;
use crate::value::Digest;
use crate::vote::Vote;

/// A certificate whose quorum and signatures hold. There is no way to one but by checking.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifiedCertificate {
    certificate: CommitCertificate,
    chain: ChainId,
    /// The set that it was checked against.
    set: Digest,
}

impl VerifiedCertificate {
    /// Checks certificates of one epoch, the signatures of all of them in one batch. Gives those before the first one that does
    /// not hold, and what that one lacks.
    #[must_use]
    pub fn verify_run<'a>(
        chain: &ChainId,
        set: &ValidatorSet,
        certificates: impl IntoIterator<Item = &'a CommitCertificate>,
    ) -> (Vec<Self>, Option<ConsensusError>) {
        let (mut keys, mut messages, mut signatures) = (Vec::new(), Vec::new(), Vec::new());
        let (mut taken, mut ends) = (Vec::new(), Vec::new());
        let mut fault = None;
        for certificate in certificates {
            if let Err(error) = certificate.check_quorum(set) {
                fault = Some(error);
                break;
            }
            let statement = certificate.votes().next().map(|vote| {
                Vote::statement(chain, vote.epoch, vote.height, vote.round, vote.kind, vote.digest)
            });
            for vote in certificate.votes() {
                let key = set.verifying_key(vote.validator);
                keys.push(
                    key.expect("as many as the certificate has bits for: check_quorum compared the sizes"),
                );
                messages.push(statement.clone().unwrap_or_default());
                signatures.push(vote.signature);
            }
            taken.push(certificate);
            ends.push(keys.len());
        }
        let verdicts = ed25519::batch_verify_decoded(&keys, &messages, &signatures);
        if let Some(bad) = verdicts.iter().position(|is_good| !is_good) {
            taken.truncate(ends.iter().take_while(|end| **end <= bad).count());
            fault = Some(ConsensusError::BadSignature);
        }
        let digest = set.digest();
        let verified = |certificate: &CommitCertificate| Self {
            certificate: certificate.clone(),
            chain: chain.clone(),
            set: digest,
        };
        (taken.into_iter().map(verified).collect(), fault)
    }

    /// The certificate.
    #[must_use]
    pub fn certificate(&self) -> &CommitCertificate {
        &self.certificate
    }

    /// The certificate, without the proof that it was checked.
    #[must_use]
    pub fn into_certificate(self) -> CommitCertificate {
        self.certificate
    }

    /// Whether it was checked for this chain and against this set.
    #[must_use]
    pub fn is_of(&self, chain: &ChainId, set: &ValidatorSet) -> bool {
        self.chain == *chain && self.certificate.epoch() == set.epoch() && self.set == set.digest()
    }
}

#[cfg(test)]
mod tests {
    use chrysalis_crypto::ed25519::SigningKey;

    use super::*;
    use crate::id::{Epoch, Height, NodeId, Round};
    use crate::validator::Validator;
    use crate::vote::VoteKind;

    fn key(n: u8) -> SigningKey {
        SigningKey::from_seed(&[n; 32])
    }

    fn set(epoch: u64) -> ValidatorSet {
        let validator = |n| Validator {
            id: NodeId::new(&alloc::format!("n{n}")).unwrap(),
            key: key(n).public_key(),
            power: 1,
        };
        ValidatorSet::new(Epoch(epoch), (1..=4).map(validator).collect()).unwrap()
    }

    fn certificate(chain: &ChainId, height: u64, signers: &[u8]) -> CommitCertificate {
        let digest = Digest::of(b"value");
        let sign = |n: &u8| {
            let (kind, height) = (VoteKind::Precommit, Height(height));
            let vote = Vote::sign(&key(*n), chain, Epoch(0), height, Round(0), kind, Some(digest), 0);
            (u16::from(*n - 1), vote.signature)
        };
        let votes: Vec<_> = signers.iter().map(sign).collect();
        CommitCertificate::new(&set(0), Height(height), Round(0), digest, &votes)
    }

    /// A run and single checks agree on every certificate.
    #[test]
    fn a_run_stops_where_a_single_check_would() {
        let (chain, other) = (ChainId::new("a").unwrap(), ChainId::new("b").unwrap());
        let good = |height| certificate(&chain, height, &[1, 2, 3]);
        let few = certificate(&chain, 3, &[1, 2]);
        let foreign = certificate(&other, 3, &[1, 2, 3]);
        for bad in [few, foreign] {
            let error = bad.verify(&chain, &set(0)).unwrap_err();
            let certificates = [good(1), good(2), bad, good(4)];
            let (verified, fault) = VerifiedCertificate::verify_run(&chain, &set(0), &certificates);
            assert_eq!(verified.iter().map(|one| one.certificate().height().0).collect::<Vec<_>>(), [1, 2]);
            assert_eq!(fault, Some(error));
        }
        let (verified, fault) = VerifiedCertificate::verify_run(&chain, &set(1), &[good(1)]);
        assert_eq!((verified, fault), (vec![], Some(ConsensusError::WrongEpoch { expected: 1, found: 0 })));
        let (verified, fault) = VerifiedCertificate::verify_run(&chain, &set(0), &[]);
        assert_eq!((verified, fault), (vec![], None));
    }

    #[test]
    fn what_was_checked_elsewhere_is_not_checked_here() {
        let chain = ChainId::new("a").unwrap();
        let (verified, _) =
            VerifiedCertificate::verify_run(&chain, &set(0), &[certificate(&chain, 1, &[1, 2, 3])]);
        assert!(verified[0].is_of(&chain, &set(0)));
        assert!(!verified[0].is_of(&ChainId::new("b").unwrap(), &set(0)));
        assert!(!verified[0].is_of(&chain, &set(1)));
        let fewer = ValidatorSet::new(Epoch(0), set(0).validators()[..3].to_vec()).unwrap();
        assert!(!verified[0].is_of(&chain, &fewer));
    }
}
