//! What the third-party core is made of: this crate's heights, values, votes and keys in its traits.
//!
//! Votes and proposals are signed over this crate's statements, so that both engines' signatures and certificates are
//! the same bytes.

use std::fmt;
use std::sync::Arc;

use chrysalis_crypto::ed25519::SigningKey;
use malachite_types::{
    Address, Context, LinearTimeouts, NilOrVal, Round as MRound, SignedExtension, SigningScheme, VoteType,
    VotingPower,
};

use crate::error::ConsensusError;
use crate::id::{Height, Round};
use crate::signature::Signature;
use crate::validator::ValidatorSet;
use crate::value::{Bytes, Digest, Value};
use crate::vote::{Vote, VoteKind};

/// The types.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chain;

#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct MHeight(pub(super) u64);

impl fmt::Display for MHeight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl malachite_types::Height for MHeight {
    const ZERO: Self = Self(0);
    const INITIAL: Self = Self(1);

    fn increment_by(&self, n: u64) -> Self {
        Self(self.0.saturating_add(n))
    }

    fn decrement_by(&self, n: u64) -> Option<Self> {
        self.0.checked_sub(n).map(Self)
    }

    fn as_u64(&self) -> u64 {
        self.0
    }
}

/// A validator's number in its set.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Number(pub(super) u16);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Address for Number {}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct MValidator {
    number: Number,
    key: [u8; 32],
    power: u64,
}

impl malachite_types::Validator<Chain> for MValidator {
    fn address(&self) -> &Number {
        &self.number
    }

    fn public_key(&self) -> &[u8; 32] {
        &self.key
    }

    fn voting_power(&self) -> VotingPower {
        self.power
    }
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct MSet {
    pub(super) set: Arc<ValidatorSet>,
    members: Arc<[MValidator]>,
}

impl MSet {
    pub(super) fn new(set: ValidatorSet) -> Self {
        let member = |(number, validator): (u16, &crate::validator::Validator)| MValidator {
            number: Number(number),
            key: validator.key,
            power: validator.power,
        };
        let members = (0..).zip(set.validators()).map(member).collect();
        Self { set: Arc::new(set), members }
    }
}

impl malachite_types::ValidatorSet<Chain> for MSet {
    fn count(&self) -> usize {
        self.members.len()
    }

    fn total_voting_power(&self) -> VotingPower {
        self.set.total_power()
    }

    fn get_by_address(&self, address: &Number) -> Option<&MValidator> {
        self.members.get(usize::from(address.0))
    }

    fn get_by_index(&self, index: usize) -> Option<&MValidator> {
        self.members.get(index)
    }
}

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct MValue {
    digest: Digest,
    pub(super) bytes: Bytes,
}

impl MValue {
    pub(super) fn new(bytes: Bytes) -> Self {
        Self { digest: Digest::of(&bytes.encode()), bytes }
    }
}

impl malachite_types::Value for MValue {
    type Id = Digest;

    fn id(&self) -> Digest {
        self.digest
    }
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct MVote {
    pub(super) height: MHeight,
    pub(super) round: MRound,
    pub(super) kind: VoteType,
    pub(super) value: NilOrVal<Digest>,
    pub(super) voter: Number,
}

impl malachite_types::Vote<Chain> for MVote {
    fn height(&self) -> MHeight {
        self.height
    }

    fn round(&self) -> MRound {
        self.round
    }

    fn value(&self) -> &NilOrVal<Digest> {
        &self.value
    }

    fn take_value(self) -> NilOrVal<Digest> {
        self.value
    }

    fn vote_type(&self) -> VoteType {
        self.kind
    }

    fn validator_address(&self) -> &Number {
        &self.voter
    }

    fn extension(&self) -> Option<&SignedExtension<Chain>> {
        None
    }

    fn take_extension(&mut self) -> Option<SignedExtension<Chain>> {
        None
    }

    /// Votes have no extensions: the policy of every height disables them.
    fn extend(self, _: SignedExtension<Chain>) -> Self {
        self
    }
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct MProposal {
    pub(super) height: MHeight,
    pub(super) round: MRound,
    pub(super) value: MValue,
    pub(super) valid_round: MRound,
    pub(super) proposer: Number,
}

impl malachite_types::Proposal<Chain> for MProposal {
    fn height(&self) -> MHeight {
        self.height
    }

    fn round(&self) -> MRound {
        self.round
    }

    fn value(&self) -> &MValue {
        &self.value
    }

    fn take_value(self) -> MValue {
        self.value
    }

    fn pol_round(&self) -> MRound {
        self.valid_round
    }

    fn validator_address(&self) -> &Number {
        &self.proposer
    }
}

/// Values travel with their proposals; there are no parts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum NoPart {}

impl malachite_types::ProposalPart<Chain> for NoPart {
    fn is_first(&self) -> bool {
        match *self {}
    }

    fn is_last(&self) -> bool {
        match *self {}
    }
}

/// This crate's one rule for Ed25519.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Scheme;

impl SigningScheme for Scheme {
    type DecodingError = ConsensusError;
    type Signature = Signature;
    type PublicKey = [u8; 32];
    type PrivateKey = Arc<SigningKey>;

    fn decode_signature(bytes: &[u8]) -> Result<Signature, ConsensusError> {
        bytes.try_into().map_err(|_| ConsensusError::BadSignature)
    }

    fn encode_signature(signature: &Signature) -> Vec<u8> {
        signature.to_vec()
    }

    fn decode_public_key(bytes: &[u8]) -> Result<[u8; 32], ConsensusError> {
        bytes.try_into().map_err(|_| ConsensusError::BadSignature)
    }

    fn encode_public_key(public_key: &[u8; 32]) -> Vec<u8> {
        public_key.to_vec()
    }
}

impl Context for Chain {
    type Address = Number;
    type Height = MHeight;
    type ProposalPart = NoPart;
    type Proposal = MProposal;
    type Validator = MValidator;
    type ValidatorSet = MSet;
    type Timeouts = LinearTimeouts;
    type Value = MValue;
    type Vote = MVote;
    type Extension = ();
    type SigningScheme = Scheme;

    fn select_proposer<'a>(&self, set: &'a MSet, height: MHeight, round: MRound) -> &'a MValidator {
        let number = set.set.proposer(Height(height.0), from_round(round).unwrap_or_default());
        &set.members[usize::from(number)]
    }

    fn new_proposal(
        &self,
        height: MHeight,
        round: MRound,
        value: MValue,
        valid_round: MRound,
        proposer: Number,
    ) -> MProposal {
        MProposal { height, round, value, valid_round, proposer }
    }

    fn new_prevote(&self, height: MHeight, round: MRound, value: NilOrVal<Digest>, voter: Number) -> MVote {
        MVote { height, round, kind: VoteType::Prevote, value, voter }
    }

    fn new_precommit(&self, height: MHeight, round: MRound, value: NilOrVal<Digest>, voter: Number) -> MVote {
        MVote { height, round, kind: VoteType::Precommit, value, voter }
    }
}

pub(super) fn to_round(round: Option<Round>) -> MRound {
    round.map_or(MRound::Nil, |round| MRound::new(round.0))
}

pub(super) fn from_round(round: MRound) -> Option<Round> {
    round.as_u32().map(Round)
}

pub(super) fn to_vote(vote: &Vote) -> malachite_types::SignedVote<Chain> {
    let kind = match vote.kind {
        VoteKind::Prevote => VoteType::Prevote,
        VoteKind::Precommit => VoteType::Precommit,
    };
    let message = MVote {
        height: MHeight(vote.height.0),
        round: MRound::new(vote.round.0),
        kind,
        value: vote.digest.map_or(NilOrVal::Nil, NilOrVal::Val),
        voter: Number(vote.validator),
    };
    malachite_types::SignedVote::new(message, vote.signature)
}

/// The vote as this crate has it. A vote of the core is always of a round.
pub(super) fn from_vote(vote: &MVote, signature: Signature, set: &ValidatorSet) -> Vote {
    Vote {
        epoch: set.epoch(),
        height: Height(vote.height.0),
        round: from_round(vote.round).unwrap_or_default(),
        kind: from_kind(vote.kind),
        digest: match vote.value {
            NilOrVal::Nil => None,
            NilOrVal::Val(digest) => Some(digest),
        },
        validator: vote.voter.0,
        signature,
    }
}

fn from_kind(kind: VoteType) -> VoteKind {
    match kind {
        VoteType::Prevote => VoteKind::Prevote,
        VoteType::Precommit => VoteKind::Precommit,
    }
}
