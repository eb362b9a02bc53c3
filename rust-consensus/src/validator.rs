//! Who votes, with what weight, and who proposes when.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use chrysalis_crypto::ed25519::VerifyingKey;
use chrysalis_crypto::hash;

use crate::error::ConsensusError;
use crate::id::{Epoch, Height, NodeId, Round};
use crate::value::Digest;
use crate::wire::{Reader, VERSION, put_u16, put_u64};

/// Most validators of a set.
pub const MAX_VALIDATORS: usize = 1024;
/// Most power of a whole set: three times it is far from overflow, and JavaScript has exact numbers for it.
pub const MAX_TOTAL_POWER: u64 = (1 << 53) - 1;

/// Most turns in one cycle of the proposer rotation, per validator.
const TURNS_PER_VALIDATOR: u64 = 8;
const CONTEXT: &str = "chrysalis agreement v1 validator set digest";
/// What the encoding of a set begins with, behind the version.
pub(crate) const KIND: u8 = 0x20;

/// A member that votes.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Validator {
    /// Its name.
    pub id: NodeId,
    /// Its Ed25519 public key.
    pub key: [u8; 32],
    /// Its weight, at least 1.
    pub power: u64,
}

/// The validators of an epoch, in order of their names. The place in this order is a validator's number in votes and
/// certificates.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ValidatorSet {
    epoch: Epoch,
    validators: Vec<Validator>,
    /// Their keys, decoded once for all the signatures that are checked with them.
    keys: Arc<[VerifyingKey]>,
    total: u64,
    /// Numbers of the proposers of one cycle.
    turns: Vec<u16>,
}

impl ValidatorSet {
    /// Makes a set, in any order given.
    ///
    /// # Errors
    /// [`ConsensusError::InvalidValidatorSet`] when there is no validator, a name or key occurs twice, a power is zero, a
    /// key can verify nothing or the powers add up to more than [`MAX_TOTAL_POWER`]; [`ConsensusError::TooLarge`] for
    /// more than [`MAX_VALIDATORS`].
    pub fn new(epoch: Epoch, mut validators: Vec<Validator>) -> Result<Self, ConsensusError> {
        if validators.len() > MAX_VALIDATORS {
            return Err(ConsensusError::TooLarge { what: "validator set", limit: MAX_VALIDATORS as u64 });
        }
        let invalid = ConsensusError::InvalidValidatorSet;
        if validators.is_empty() {
            return Err(invalid("empty"));
        }
        validators.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        if validators.windows(2).any(|pair| pair[0].id == pair[1].id) {
            return Err(invalid("a name occurs twice"));
        }
        let mut keys: Vec<_> = validators.iter().map(|validator| validator.key).collect();
        keys.sort_unstable();
        if keys.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(invalid("a key occurs twice"));
        }
        let keys: Option<Arc<[_]>> =
            validators.iter().map(|validator| VerifyingKey::new(&validator.key)).collect();
        let keys = keys.ok_or(invalid("a key is none"))?;
        let mut total = 0u64;
        for validator in &validators {
            if validator.power == 0 {
                return Err(invalid("a power is zero"));
            }
            total = total
                .checked_add(validator.power)
                .filter(|total| *total <= MAX_TOTAL_POWER)
                .ok_or(invalid("the total power is too large"))?;
        }
        let turns = turns(&validators, total);
        Ok(Self { epoch, validators, keys, total, turns })
    }

    /// The epoch that this set is of.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The validators in order of their names.
    #[must_use]
    pub fn validators(&self) -> &[Validator] {
        &self.validators
    }

    /// How many validators.
    #[must_use]
    pub fn len(&self) -> usize {
        self.validators.len()
    }

    /// Never: a set has at least one validator.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The validator of this number.
    #[must_use]
    pub fn validator(&self, number: u16) -> Option<&Validator> {
        self.validators.get(usize::from(number))
    }

    /// The decoded key of the validator of this number.
    pub(crate) fn verifying_key(&self, number: u16) -> Option<&VerifyingKey> {
        self.keys.get(usize::from(number))
    }

    /// The power of the validator of this number, zero if there is none.
    #[must_use]
    pub fn power(&self, number: u16) -> u64 {
        self.validator(number).map_or(0, |validator| validator.power)
    }

    /// The number of the validator with this key. Takes time linear in the set.
    #[must_use]
    pub fn number_of(&self, key: &[u8; 32]) -> Option<u16> {
        let number = self.validators.iter().position(|validator| validator.key == *key)?;
        u16::try_from(number).ok()
    }

    /// The validator of this name.
    #[must_use]
    pub fn member(&self, id: &NodeId) -> Option<&Validator> {
        let place = self.validators.binary_search_by(|validator| validator.id.cmp(id)).ok()?;
        self.validators.get(place)
    }

    /// The sum of all powers.
    #[must_use]
    pub fn total_power(&self) -> u64 {
        self.total
    }

    /// The least power q with 3q > 2·total: two quorums share a correct validator.
    #[must_use]
    pub fn quorum_power(&self) -> u64 {
        self.total * 2 / 3 + 1
    }

    /// The least power p with 3p > total: at least one of these validators is correct.
    #[must_use]
    pub fn progress_power(&self) -> u64 {
        self.total / 3 + 1
    }

    /// The greatest power f with total ≥ 3f + 1: so much may lie.
    #[must_use]
    pub fn faulty_power(&self) -> u64 {
        (self.total - 1) / 3
    }

    /// Fails unless the set bears `requested` faulty power.
    ///
    /// # Errors
    /// [`ConsensusError::TooFewValidators`].
    pub fn require_faulty_power(&self, requested: u64) -> Result<(), ConsensusError> {
        let bearable = self.faulty_power();
        if requested <= bearable {
            Ok(())
        } else {
            Err(ConsensusError::TooFewValidators { requested, bearable })
        }
    }

    /// The number of the validator that proposes in this round.
    ///
    /// Turns go round in a fixed cycle in which everybody has a turn and turns are spread by power: exactly where the
    /// powers, divided by what they have in common, add up to no more than eight turns for each validator on average, and rounded to
    /// such a cycle otherwise. With equal powers everybody proposes once in n rounds.
    #[must_use]
    pub fn proposer(&self, height: Height, round: Round) -> u16 {
        let place = (u128::from(height.0) + u128::from(round.0)) % self.turns.len() as u128;
        self.turns[usize::try_from(place).expect("below a length")]
    }

    /// What identifies the set: epoch, names, keys and powers.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest(hash::blake3_domain_hash(CONTEXT, &self.to_bytes()))
    }

    /// The one encoding (`docs/encodings/agreement.md`).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION, KIND];
        put_u64(self.epoch.0, &mut out);
        put_u16(u16::try_from(self.validators.len()).expect("at most 1,024"), &mut out);
        for validator in &self.validators {
            let id = validator.id.as_str();
            out.push(u8::try_from(id.len()).expect("at most 64"));
            out.extend_from_slice(id.as_bytes());
            out.extend_from_slice(&validator.key);
            put_u64(validator.power, &mut out);
        }
        out
    }

    /// Reads an encoding.
    ///
    /// # Errors
    /// [`ConsensusError::Malformed`], and those of [`new`](Self::new).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ConsensusError> {
        let mut reader = Reader::new("validator set", bytes);
        reader.begin(KIND)?;
        let epoch = Epoch(reader.u64()?);
        let count = usize::from(reader.u16()?);
        if count > MAX_VALIDATORS {
            return Err(ConsensusError::TooLarge { what: "validator set", limit: MAX_VALIDATORS as u64 });
        }
        let mut validators = Vec::new();
        for _ in 0..count {
            let length = usize::from(reader.u8()?);
            let id = core::str::from_utf8(reader.take(length)?).map_err(|_| reader.fault())?;
            validators.push(Validator { id: NodeId::new(id)?, key: reader.array()?, power: reader.u64()? });
        }
        reader.end()?;
        if validators.windows(2).any(|pair| pair[0].id >= pair[1].id) {
            return Err(ConsensusError::InvalidValidatorSet("not in order"));
        }
        Self::new(epoch, validators)
    }
}

/// The cycle of proposers: the k-th of the q turns of the i-th of n validators is due at (k + (2i + 1)/2n)/q of the cycle, which
/// spreads the turns of each and has those with equal power begin one after the other.
fn turns(validators: &[Validator], total: u64) -> Vec<u16> {
    let n = validators.len() as u64;
    let most = TURNS_PER_VALIDATOR * n;
    let common = validators.iter().fold(0, |common, validator| gcd(common, validator.power));
    let quota = |power: u64| {
        if total / common <= most {
            power / common
        } else {
            let share = u128::from(power) * u128::from(most) / u128::from(total);
            u64::try_from(share).expect("no more than most").max(1)
        }
    };
    let mut due = Vec::new();
    for (number, validator) in (0u16..).zip(validators) {
        let quota = quota(validator.power);
        due.extend((0..quota).map(|k| (2 * (n * k + u64::from(number)) + 1, quota, number)));
    }
    // Fractions over 2n, compared without rounding: numerators are below 2^25, quotas below 2^14.
    due.sort_unstable_by(|a, b| (a.0 * b.1).cmp(&(b.0 * a.1)).then(a.2.cmp(&b.2)));
    due.into_iter().map(|(_, _, number)| number).collect()
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
