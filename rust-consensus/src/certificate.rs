//! Certificates: a quorum's signatures in one record that anybody with the validator set can check.

use alloc::vec;
use alloc::vec::Vec;

use crate::error::ConsensusError;
use crate::id::{ChainId, Epoch, Height, Round};
use crate::signature::{Check, Ed25519, Signature, Verifier};
use crate::validator::{MAX_VALIDATORS, ValidatorSet};
use crate::value::Digest;
use crate::vote::{Vote, VoteKind};
use crate::wire::{Reader, VERSION, put_u16, put_u32, put_u64};

/// What both certificates hold.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Quorum {
    epoch: Epoch,
    height: Height,
    round: Round,
    digest: Digest,
    /// How many validators the set has, which is how many bits are meant.
    validators: u16,
    /// Who signed: bit `n % 8` of byte `n / 8` for validator n.
    bitmap: Vec<u8>,
    /// The signatures in order of the validators' numbers.
    signatures: Vec<Signature>,
}

impl Quorum {
    fn new(
        set: &ValidatorSet,
        height: Height,
        round: Round,
        digest: Digest,
        votes: &[(u16, Signature)],
    ) -> Self {
        let mut bitmap = vec![0; set.len().div_ceil(8)];
        for (validator, _) in votes {
            bitmap[usize::from(validator / 8)] |= 1 << (validator % 8);
        }
        let validators = u16::try_from(set.len()).expect("at most 1,024");
        let signatures = votes.iter().map(|(_, signature)| *signature).collect();
        Self { epoch: set.epoch(), height, round, digest, validators, bitmap, signatures }
    }

    fn signers(&self) -> impl Iterator<Item = u16> {
        (0..self.validators).filter(|number| self.bitmap[usize::from(number / 8)] & (1 << (number % 8)) != 0)
    }

    /// All but the signatures: epoch, size of the set, and power.
    fn check_quorum(&self, set: &ValidatorSet) -> Result<(), ConsensusError> {
        if self.epoch != set.epoch() {
            return Err(ConsensusError::WrongEpoch { expected: set.epoch().0, found: self.epoch.0 });
        }
        if usize::from(self.validators) != set.len() {
            return Err(ConsensusError::BadProof("made for a set of another size"));
        }
        let power: u64 = self.signers().map(|number| set.power(number)).sum();
        if power < set.quorum_power() {
            return Err(ConsensusError::BadProof("the signers are no quorum"));
        }
        Ok(())
    }

    fn verify(
        &self,
        kind: VoteKind,
        chain: &ChainId,
        set: &ValidatorSet,
        verifier: &dyn Verifier,
    ) -> Result<(), ConsensusError> {
        // First, because it costs nothing.
        self.check_quorum(set)?;
        let statement = Vote::statement(chain, self.epoch, self.height, self.round, kind, Some(self.digest));
        let checks: Vec<_> = self
            .signers()
            .zip(&self.signatures)
            .filter_map(|(number, signature)| Check::of(set, number, &statement, signature))
            .collect();
        let verdicts = verifier.verify(&checks);
        if verdicts.len() == self.signatures.len() && verdicts.iter().all(|verdict| *verdict) {
            Ok(())
        } else {
            Err(ConsensusError::BadSignature)
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_u64(self.epoch.0, out);
        put_u64(self.height.0, out);
        put_u32(self.round.0, out);
        self.put_behind_head(out);
    }

    fn put_behind_head(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.digest.0);
        put_u16(self.validators, out);
        out.extend_from_slice(&self.bitmap);
        for signature in &self.signatures {
            out.extend_from_slice(signature);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, ConsensusError> {
        let (epoch, height, round) = (Epoch(reader.u64()?), Height(reader.u64()?), Round(reader.u32()?));
        Self::read_behind_head(epoch, height, round, reader)
    }

    fn read_behind_head(
        epoch: Epoch,
        height: Height,
        round: Round,
        reader: &mut Reader<'_>,
    ) -> Result<Self, ConsensusError> {
        let digest = Digest(reader.array()?);
        let validators = reader.u16()?;
        if validators == 0 || usize::from(validators) > MAX_VALIDATORS {
            return Err(reader.fault());
        }
        let bitmap = reader.take(usize::from(validators).div_ceil(8))?.to_vec();
        let unused = bitmap.len() * 8 - usize::from(validators);
        if unused > 0 && bitmap.last().is_some_and(|last| (last.leading_zeros() as usize) < unused) {
            return Err(reader.fault());
        }
        let count: u32 = bitmap.iter().map(|byte| byte.count_ones()).sum();
        let signatures = (0..count).map(|_| reader.array()).collect::<Result<_, _>>()?;
        Ok(Self { epoch, height, round, digest, validators, bitmap, signatures })
    }
}

macro_rules! certificate {
    ($(#[$doc:meta])* $name:ident, $kind:expr, $byte:expr, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, PartialEq)]
        pub struct $name(Quorum);

        impl $name {
            /// The certificate of signatures that were checked, in order of the validators' numbers.
            pub(crate) fn new(
                set: &ValidatorSet,
                height: Height,
                round: Round,
                digest: Digest,
                votes: &[(u16, Signature)],
            ) -> Self {
                Self(Quorum::new(set, height, round, digest, votes))
            }

            /// The epoch whose set signed.
            #[must_use]
            pub fn epoch(&self) -> Epoch {
                self.0.epoch
            }

            /// The height.
            #[must_use]
            pub fn height(&self) -> Height {
                self.0.height
            }

            /// The round.
            #[must_use]
            pub fn round(&self) -> Round {
                self.0.round
            }

            /// The value's digest.
            #[must_use]
            pub fn digest(&self) -> Digest {
                self.0.digest
            }

            /// The numbers of the validators that signed, ascending.
            pub fn signers(&self) -> impl Iterator<Item = u16> {
                self.0.signers()
            }

            /// The votes that the certificate is made of.
            pub fn votes(&self) -> impl Iterator<Item = Vote> {
                let Quorum { epoch, height, round, digest, .. } = self.0;
                self.0.signers().zip(&self.0.signatures).map(move |(validator, signature)| Vote {
                    epoch,
                    height,
                    round,
                    kind: $kind,
                    digest: Some(digest),
                    validator,
                    signature: *signature,
                })
            }

            /// Whether a quorum of `set` signed, all signatures in one batch.
            ///
            /// # Errors
            /// [`ConsensusError::WrongEpoch`], [`ConsensusError::BadProof`] for too little power or a set of another size,
            /// [`ConsensusError::BadSignature`].
            pub fn verify(&self, chain: &ChainId, set: &ValidatorSet) -> Result<(), ConsensusError> {
                self.verify_with(chain, set, &Ed25519)
            }

            /// [`verify`](Self::verify) with a verifier of one's own.
            ///
            /// # Errors
            /// As [`verify`](Self::verify).
            pub fn verify_with(
                &self,
                chain: &ChainId,
                set: &ValidatorSet,
                verifier: &dyn Verifier,
            ) -> Result<(), ConsensusError> {
                self.0.verify($kind, chain, set, verifier)
            }

            /// The one encoding (`docs/encodings/agreement.md`).
            #[must_use]
            pub fn to_bytes(&self) -> Vec<u8> {
                let mut out = vec![VERSION, $byte];
                self.0.put(&mut out);
                out
            }

            /// Reads an encoding. Nothing is verified.
            ///
            /// # Errors
            /// [`ConsensusError::Malformed`], [`ConsensusError::UnsupportedVersion`].
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, ConsensusError> {
                let mut reader = Reader::new($what, bytes);
                reader.begin($byte)?;
                let quorum = Quorum::read(&mut reader)?;
                reader.end()?;
                Ok(Self(quorum))
            }

            /// Whether a quorum of `set` signed, if the signatures hold.
            ///
            /// # Errors
            /// [`ConsensusError::WrongEpoch`], [`ConsensusError::BadProof`].
            pub fn check_quorum(&self, set: &ValidatorSet) -> Result<(), ConsensusError> {
                self.0.check_quorum(set)
            }

            /// The encoding behind a message's head.
            pub(crate) fn put(&self, out: &mut Vec<u8>) {
                self.0.put_behind_head(out);
            }

            pub(crate) fn read(
                epoch: Epoch,
                height: Height,
                round: Round,
                reader: &mut Reader<'_>,
            ) -> Result<Self, ConsensusError> {
                Quorum::read_behind_head(epoch, height, round, reader).map(Self)
            }
        }
    };
}

certificate! {
    /// Proof that a value was decided: a quorum of precommits of one round.
    CommitCertificate, VoteKind::Precommit, 0x21, "commit certificate"
}

certificate! {
    /// Proof that a value may be proposed again although others are locked: a quorum of prevotes of one round.
    PolkaCertificate, VoteKind::Prevote, 0x22, "polka certificate"
}
