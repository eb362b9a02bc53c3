//! Statuses: what a validator has of its current round, so that others send what it lacks.

use alloc::vec::Vec;

use crate::error::ConsensusError;
use crate::id::{ChainId, Epoch, Height, Round};
use crate::message::{Head, MessageKind};
use crate::signature::{Signature, Signer, Verifier, statement};
use crate::validator::{MAX_VALIDATORS, ValidatorSet};
use crate::value::Digest;
use crate::vote::{VoteKind, check};
use crate::wire::{Reader, put_option, put_u16, put_u32};

/// What is known of one validator's vote, in a byte: nothing, nil, or a trace of the digest. Two digests may share a trace
/// (1 in 254): then the vote is not sent, and the next round is another chance.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Trace(pub u8);

impl Trace {
    /// No vote is known.
    pub const NONE: Self = Self(0);

    /// The trace of a vote.
    #[must_use]
    pub fn of(digest: Option<Digest>) -> Self {
        digest.map_or(Self(1), |digest| Self(digest.0[0] % 254 + 2))
    }
}

/// A signed status.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Status {
    /// The epoch whose set the validator's number is of.
    pub epoch: Epoch,
    /// The height being decided.
    pub height: Height,
    /// The current round.
    pub round: Round,
    /// The round of the valid value, if there is one.
    pub valid_round: Option<Round>,
    /// Whether a proposal of the current round is there.
    pub has_proposal: bool,
    /// The sender's number in its set.
    pub validator: u16,
    /// What is known of each validator's prevote in the current round.
    pub prevotes: Vec<Trace>,
    /// The same for precommits.
    pub precommits: Vec<Trace>,
    /// The signature over [`statement`](Self::statement).
    pub signature: Signature,
}

impl Status {
    /// Signs a status whose signature is not yet set.
    #[must_use]
    pub fn sign(mut self, signer: &dyn Signer, chain: &ChainId) -> Self {
        self.signature = signer.sign(&self.statement(chain));
        self
    }

    /// What the signature is over: everything else.
    #[must_use]
    pub fn statement(&self, chain: &ChainId) -> Vec<u8> {
        let mut out = statement(MessageKind::Status as u8, chain, self.epoch, self.height, self.round);
        self.put_unsigned(&mut out);
        out
    }

    /// Whether the validator of this number in `set` signed the status.
    ///
    /// # Errors
    /// [`ConsensusError::WrongEpoch`], [`ConsensusError::BadProof`] for a number outside the set or lists of another
    /// length than the set, [`ConsensusError::BadSignature`].
    pub fn verify(
        &self,
        chain: &ChainId,
        set: &ValidatorSet,
        verifier: &dyn Verifier,
    ) -> Result<(), ConsensusError> {
        check(set, self.epoch, self.validator, &self.statement(chain), &self.signature, verifier)?;
        if self.prevotes.len() == set.len() {
            Ok(())
        } else {
            Err(ConsensusError::BadProof("lists of another length than the set"))
        }
    }

    /// What is known of the votes of a phase.
    #[must_use]
    pub fn traces(&self, kind: VoteKind) -> &[Trace] {
        match kind {
            VoteKind::Prevote => &self.prevotes,
            VoteKind::Precommit => &self.precommits,
        }
    }

    pub(crate) fn head(&self) -> Head {
        Head { kind: MessageKind::Status, epoch: self.epoch, height: self.height, round: self.round }
    }

    /// The encoding behind the head.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        self.put_unsigned(out);
        out.extend_from_slice(&self.signature);
    }

    fn put_unsigned(&self, out: &mut Vec<u8>) {
        put_u16(self.validator, out);
        put_option(self.valid_round, out, |round, out| put_u32(round.0, out));
        out.push(u8::from(self.has_proposal));
        put_u16(u16::try_from(self.prevotes.len()).expect("at most 1,024"), out);
        out.extend(self.prevotes.iter().chain(&self.precommits).map(|trace| trace.0));
    }

    pub(crate) fn read(head: Head, reader: &mut Reader<'_>) -> Result<Self, ConsensusError> {
        let validator = reader.u16()?;
        let valid_round = reader.option(|reader| reader.u32().map(Round))?;
        let has_proposal = reader.flag()?;
        let count = usize::from(reader.u16()?);
        if count > MAX_VALIDATORS {
            return Err(reader.fault());
        }
        let mut list = || -> Result<Vec<Trace>, ConsensusError> {
            Ok(reader.take(count)?.iter().copied().map(Trace).collect())
        };
        let (prevotes, precommits) = (list()?, list()?);
        Ok(Self {
            epoch: head.epoch,
            height: head.height,
            round: head.round,
            valid_round,
            has_proposal,
            validator,
            prevotes,
            precommits,
            signature: reader.array()?,
        })
    }
}
