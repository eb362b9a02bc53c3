//! Evidence: two statements of one validator of which a correct one makes only one.

use alloc::vec;
use alloc::vec::Vec;

use crate::error::ConsensusError;
use crate::id::{ChainId, Epoch, Height, Round};
use crate::message::{Head, MessageKind};
use crate::proposal::Proposal;
use crate::signature::{Ed25519, Verifier};
use crate::validator::ValidatorSet;
use crate::vote::Vote;
use crate::wire::{Reader, VERSION, put_u32, put_u64};

/// What the encoding of evidence on its own begins with, behind the version.
pub(crate) const KIND: u8 = 0x23;

/// Proof of equivocation that anybody with the validator set can check. The two statements are in one order only, so that
/// the same two make the same evidence.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Evidence(Pair);

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Pair {
    Votes(Vote, Vote),
    Proposals(Proposal, Proposal),
}

impl Evidence {
    /// The evidence of two votes; `None` when they do not conflict: same validator, epoch, height, round and phase, different
    /// values.
    #[must_use]
    pub fn of_votes(a: &Vote, b: &Vote) -> Option<Self> {
        let place = |vote: &Vote| (vote.epoch, vote.height, vote.round, vote.kind, vote.validator);
        if place(a) != place(b) || a.digest == b.digest {
            return None;
        }
        let (first, second) = if a.digest < b.digest { (a, b) } else { (b, a) };
        Some(Self(Pair::Votes(first.clone(), second.clone())))
    }

    /// The evidence of two proposals; `None` when they do not conflict: same validator, epoch, height and round, different
    /// value or valid round.
    #[must_use]
    pub fn of_proposals(a: &Proposal, b: &Proposal) -> Option<Self> {
        let place =
            |proposal: &Proposal| (proposal.epoch, proposal.height, proposal.round, proposal.validator);
        let content = |proposal: &Proposal| (proposal.digest, proposal.valid_round);
        if place(a) != place(b) || content(a) == content(b) {
            return None;
        }
        let (first, second) = if content(a) < content(b) { (a, b) } else { (b, a) };
        Some(Self(Pair::Proposals(first.clone(), second.clone())))
    }

    /// The epoch of both statements.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.head().epoch
    }

    /// The height of both statements.
    #[must_use]
    pub fn height(&self) -> Height {
        self.head().height
    }

    /// The round of both statements.
    #[must_use]
    pub fn round(&self) -> Round {
        self.head().round
    }

    /// The number of the validator that made them.
    #[must_use]
    pub fn validator(&self) -> u16 {
        match &self.0 {
            Pair::Votes(vote, _) => vote.validator,
            Pair::Proposals(proposal, _) => proposal.validator,
        }
    }

    /// Whether the validator of this number in `set` signed both.
    ///
    /// # Errors
    /// [`ConsensusError::WrongEpoch`], [`ConsensusError::BadProof`] for a number outside the set,
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
        match &self.0 {
            Pair::Votes(a, b) => {
                a.verify(chain, set, verifier)?;
                b.verify(chain, set, verifier)
            }
            Pair::Proposals(a, b) => {
                a.verify(chain, set, verifier)?;
                b.verify(chain, set, verifier)
            }
        }
    }

    /// The one encoding (`docs/encodings/agreement.md`).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION, KIND];
        put_u64(self.epoch().0, &mut out);
        put_u64(self.height().0, &mut out);
        put_u32(self.round().0, &mut out);
        self.put(&mut out);
        out
    }

    /// Reads an encoding. The statements conflict; the signatures are not verified.
    ///
    /// # Errors
    /// [`ConsensusError::Malformed`], [`ConsensusError::UnsupportedVersion`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ConsensusError> {
        let mut reader = Reader::new("evidence", bytes);
        reader.begin(KIND)?;
        let head = Head {
            kind: MessageKind::Evidence,
            epoch: Epoch(reader.u64()?),
            height: Height(reader.u64()?),
            round: Round(reader.u32()?),
        };
        let evidence = Self::read(head, &mut reader)?;
        reader.end()?;
        Ok(evidence)
    }

    pub(crate) fn head(&self) -> Head {
        let head = match &self.0 {
            Pair::Votes(vote, _) => vote.head(),
            Pair::Proposals(proposal, _) => proposal.head(),
        };
        Head { kind: MessageKind::Evidence, ..head }
    }

    /// The encoding behind the head.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        match &self.0 {
            Pair::Votes(a, b) => {
                out.push(1);
                a.put(out);
                b.put(out);
            }
            Pair::Proposals(a, b) => {
                out.push(2);
                a.put(out);
                b.put(out);
            }
        }
    }

    pub(crate) fn read(head: Head, reader: &mut Reader<'_>) -> Result<Self, ConsensusError> {
        let read = match reader.u8()? {
            1 => {
                let (a, b) = (Vote::read(head, reader)?, Vote::read(head, reader)?);
                Self::of_votes(&a, &b).filter(|evidence| evidence.0 == Pair::Votes(a, b))
            }
            2 => {
                let (a, b) = (Proposal::read(head, reader)?, Proposal::read(head, reader)?);
                Self::of_proposals(&a, &b).filter(|evidence| evidence.0 == Pair::Proposals(a, b))
            }
            _ => None,
        };
        read.ok_or_else(|| reader.fault())
    }
}
