//! Proposals: the proposer's word on what a round should decide.

use alloc::vec::Vec;

use crate::error::ConsensusError;
use crate::id::{ChainId, Epoch, Height, Round};
use crate::message::{Head, MessageKind};
use crate::signature::{Signature, Signer, Verifier, statement};
use crate::validator::ValidatorSet;
use crate::value::Digest;
use crate::vote::check;
use crate::wire::{Reader, put_option, put_u16, put_u32};

/// The signed part of a proposal; the value travels beside it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Proposal {
    /// The epoch whose set the validator's number is of.
    pub epoch: Epoch,
    /// The height to be decided.
    pub height: Height,
    /// The round proposed for.
    pub round: Round,
    /// The round in which a quorum of prevotes made the value valid; none for a fresh value.
    pub valid_round: Option<Round>,
    /// The value's digest.
    pub digest: Digest,
    /// The proposer's number in its set.
    pub validator: u16,
    /// The signature over [`statement`](Self::statement).
    pub signature: Signature,
}

impl Proposal {
    /// Signs a proposal.
    #[must_use]
    #[expect(clippy::too_many_arguments, reason = "each is a field of what is signed")]
    pub fn sign(
        signer: &dyn Signer,
        chain: &ChainId,
        epoch: Epoch,
        height: Height,
        round: Round,
        valid_round: Option<Round>,
        digest: Digest,
        validator: u16,
    ) -> Self {
        let signature = signer.sign(&Self::statement(chain, epoch, height, round, valid_round, digest));
        Self { epoch, height, round, valid_round, digest, validator, signature }
    }

    /// What a proposal's signature is over.
    #[must_use]
    pub fn statement(
        chain: &ChainId,
        epoch: Epoch,
        height: Height,
        round: Round,
        valid_round: Option<Round>,
        digest: Digest,
    ) -> Vec<u8> {
        let mut out = statement(MessageKind::Proposal as u8, chain, epoch, height, round);
        put_option(valid_round, &mut out, |round, out| put_u32(round.0, out));
        out.extend_from_slice(&digest.0);
        out
    }

    /// Whether the validator of this number in `set` signed the proposal. Whether it was its turn is not looked at.
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
        let statement =
            Self::statement(chain, self.epoch, self.height, self.round, self.valid_round, self.digest);
        check(set, self.epoch, self.validator, &statement, &self.signature, verifier)
    }

    pub(crate) fn head(&self) -> Head {
        Head { kind: MessageKind::Proposal, epoch: self.epoch, height: self.height, round: self.round }
    }

    /// The encoding behind the head.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put_u16(self.validator, out);
        put_option(self.valid_round, out, |round, out| put_u32(round.0, out));
        out.extend_from_slice(&self.digest.0);
        out.extend_from_slice(&self.signature);
    }

    pub(crate) fn read(head: Head, reader: &mut Reader<'_>) -> Result<Self, ConsensusError> {
        let proposal = Self {
            epoch: head.epoch,
            height: head.height,
            round: head.round,
            validator: reader.u16()?,
            valid_round: reader.option(|reader| reader.u32().map(Round))?,
            digest: Digest(reader.array()?),
            signature: reader.array()?,
        };
        if proposal.valid_round.is_some_and(|valid| valid >= proposal.round) {
            return Err(reader.fault());
        }
        Ok(proposal)
    }
}
