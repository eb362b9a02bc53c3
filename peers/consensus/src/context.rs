//! The types that the third-party sync asks for. It moves decisions and knows heights; validators, votes and proposals are the
//! consensus core's, so there are none here.
use std::fmt;

use malachite_types::{
    Address, Context, Height, LinearTimeouts, NilOrVal, Proposal, ProposalPart, Round, SignedExtension,
    SigningScheme, Validator, ValidatorSet, Value, Vote, VoteType, VotingPower,
};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Chain;

#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct H(pub u64);

impl fmt::Display for H {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Height for H {
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

/// What does not exist here.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Absent {}

impl fmt::Display for Absent {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl Address for Absent {}

impl Value for Absent {
    type Id = u64;

    fn id(&self) -> u64 {
        match *self {}
    }
}

impl Validator<Chain> for Absent {
    fn address(&self) -> &Absent {
        match *self {}
    }

    fn public_key(&self) -> &Vec<u8> {
        match *self {}
    }

    fn voting_power(&self) -> VotingPower {
        match *self {}
    }
}

impl ValidatorSet<Chain> for Absent {
    fn count(&self) -> usize {
        match *self {}
    }

    fn total_voting_power(&self) -> VotingPower {
        match *self {}
    }

    fn get_by_address(&self, _: &Absent) -> Option<&Absent> {
        match *self {}
    }

    fn get_by_index(&self, _: usize) -> Option<&Absent> {
        match *self {}
    }
}

impl Vote<Chain> for Absent {
    fn height(&self) -> H {
        match *self {}
    }

    fn round(&self) -> Round {
        match *self {}
    }

    fn value(&self) -> &NilOrVal<u64> {
        match *self {}
    }

    fn take_value(self) -> NilOrVal<u64> {
        match self {}
    }

    fn vote_type(&self) -> VoteType {
        match *self {}
    }

    fn validator_address(&self) -> &Absent {
        match *self {}
    }

    fn extension(&self) -> Option<&SignedExtension<Chain>> {
        match *self {}
    }

    fn take_extension(&mut self) -> Option<SignedExtension<Chain>> {
        match *self {}
    }

    fn extend(self, _: SignedExtension<Chain>) -> Self {
        match self {}
    }
}

impl Proposal<Chain> for Absent {
    fn height(&self) -> H {
        match *self {}
    }

    fn round(&self) -> Round {
        match *self {}
    }

    fn value(&self) -> &Absent {
        match *self {}
    }

    fn take_value(self) -> Absent {
        match self {}
    }

    fn pol_round(&self) -> Round {
        match *self {}
    }

    fn validator_address(&self) -> &Absent {
        match *self {}
    }
}

impl ProposalPart<Chain> for Absent {
    fn is_first(&self) -> bool {
        match *self {}
    }

    fn is_last(&self) -> bool {
        match *self {}
    }
}

/// Signatures are bytes; nothing is signed here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Scheme;

impl SigningScheme for Scheme {
    type DecodingError = std::convert::Infallible;
    type Signature = Vec<u8>;
    type PublicKey = Vec<u8>;
    type PrivateKey = Absent;

    fn decode_signature(bytes: &[u8]) -> Result<Vec<u8>, Self::DecodingError> {
        Ok(bytes.to_vec())
    }

    fn encode_signature(signature: &Vec<u8>) -> Vec<u8> {
        signature.clone()
    }

    fn decode_public_key(bytes: &[u8]) -> Result<Vec<u8>, Self::DecodingError> {
        Ok(bytes.to_vec())
    }

    fn encode_public_key(public_key: &Vec<u8>) -> Vec<u8> {
        public_key.clone()
    }
}

impl Context for Chain {
    type Address = Absent;
    type Height = H;
    type ProposalPart = Absent;
    type Proposal = Absent;
    type Validator = Absent;
    type ValidatorSet = Absent;
    type Timeouts = LinearTimeouts;
    type Value = Absent;
    type Vote = Absent;
    type Extension = ();
    type SigningScheme = Scheme;

    fn select_proposer<'a>(&self, set: &'a Absent, _: H, _: Round) -> &'a Absent {
        match *set {}
    }

    fn new_proposal(&self, _: H, _: Round, _: Absent, _: Round, address: Absent) -> Absent {
        match address {}
    }

    fn new_prevote(&self, _: H, _: Round, _: NilOrVal<u64>, address: Absent) -> Absent {
        match address {}
    }

    fn new_precommit(&self, _: H, _: Round, _: NilOrVal<u64>, address: Absent) -> Absent {
        match address {}
    }
}
