//! Votes: a validator's word on one value, or on none, in one round.

use alloc::vec::Vec;

use crate::error::ConsensusError;
use crate::id::{ChainId, Epoch, Height, Round};
use crate::message::{Head, MessageKind};
use crate::signature::{Check, Signature, Signer, Verifier, statement};
use crate::validator::ValidatorSet;
use crate::value::Digest;
use crate::wire::{Reader, put_option, put_u16};

/// Which of the two phases a vote belongs to. The numbers are in signatures and encodings.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum VoteKind {
    /// The first phase: this proposal may be decided.
    Prevote = 1,
    /// The second phase: a quorum of prevotes was seen.
    Precommit = 2,
}

impl VoteKind {
    /// Both, in order.
    pub const ALL: [Self; 2] = [Self::Prevote, Self::Precommit];

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, ConsensusError> {
        match reader.u8()? {
            1 => Ok(Self::Prevote),
            2 => Ok(Self::Precommit),
            _ => Err(reader.fault()),
        }
    }
}

/// A signed vote. Whether the signature holds is a matter of [`verify`](Self::verify).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Vote {
    /// The epoch whose set the validator's number is of.
    pub epoch: Epoch,
    /// The height voted on.
    pub height: Height,
    /// The round voted in.
    pub round: Round,
    /// The phase.
    pub kind: VoteKind,
    /// The value, or none: nil.
    pub digest: Option<Digest>,
    /// The validator's number in its set.
    pub validator: u16,
    /// The signature over [`statement`](Self::statement).
    pub signature: Signature,
}

impl Vote {
    /// Signs a vote.
    #[must_use]
    #[expect(clippy::too_many_arguments, reason = "each is a field of what is signed")]
    pub fn sign(
        signer: &dyn Signer,
        chain: &ChainId,
        epoch: Epoch,
        height: Height,
        round: Round,
        kind: VoteKind,
        digest: Option<Digest>,
        validator: u16,
    ) -> Self {
        let signature = signer.sign(&Self::statement(chain, epoch, height, round, kind, digest));
        Self { epoch, height, round, kind, digest, validator, signature }
    }

    /// What a vote's signature is over. The same for all validators, so that a certificate needs it once.
    #[must_use]
    pub fn statement(
        chain: &ChainId,
        epoch: Epoch,
        height: Height,
        round: Round,
        kind: VoteKind,
        digest: Option<Digest>,
    ) -> Vec<u8> {
        let mut out = statement(MessageKind::Vote as u8, chain, epoch, height, round);
        out.push(kind as u8);
        put_option(digest, &mut out, |digest, out| out.extend_from_slice(&digest.0));
        out
    }

    /// Whether the validator of this number in `set` signed the vote.
    ///
    /// # Errors
    /// [`ConsensusError::WrongEpoch`], [`ConsensusError::BadProof`] for a number outside the set,
    /// [`ConsensusError::BadSignature`].
    pub fn verify(
        &self,
        chain: &ChainId,
        set: &ValidatorSet,
        verifier: &dyn Verifier,
    ) -> Result<(), ConsensusError> {
        let statement = Self::statement(chain, self.epoch, self.height, self.round, self.kind, self.digest);
        check(set, self.epoch, self.validator, &statement, &self.signature, verifier)
    }

    pub(crate) fn head(&self) -> Head {
        Head { kind: MessageKind::Vote, epoch: self.epoch, height: self.height, round: self.round }
    }

    /// The encoding behind the head.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        out.push(self.kind as u8);
        put_u16(self.validator, out);
        put_option(self.digest, out, |digest, out| out.extend_from_slice(&digest.0));
        out.extend_from_slice(&self.signature);
    }

    pub(crate) fn read(head: Head, reader: &mut Reader<'_>) -> Result<Self, ConsensusError> {
        Ok(Self {
            epoch: head.epoch,
            height: head.height,
            round: head.round,
            kind: VoteKind::read(reader)?,
            validator: reader.u16()?,
            digest: reader.option(|reader| reader.array().map(Digest))?,
            signature: reader.array()?,
        })
    }
}

/// Whether a validator of a set signed a statement.
pub(crate) fn check(
    set: &ValidatorSet,
    epoch: Epoch,
    validator: u16,
    statement: &[u8],
    signature: &Signature,
    verifier: &dyn Verifier,
) -> Result<(), ConsensusError> {
    if epoch != set.epoch() {
        return Err(ConsensusError::WrongEpoch { expected: set.epoch().0, found: epoch.0 });
    }
    let check = Check::of(set, validator, statement, signature);
    let checks = [check.ok_or(ConsensusError::BadProof("no such validator"))?];
    if verifier.verify(&checks) == [true] { Ok(()) } else { Err(ConsensusError::BadSignature) }
}
