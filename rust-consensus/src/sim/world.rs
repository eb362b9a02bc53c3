//! What does not change during a run: who the members are, which of them vote at which height, what values look like.

use std::sync::Arc;

use super::keys;
use super::schedule::{Behaviour, Fault, Schedule, Survives};
use crate::error::ConsensusError;
use crate::id::{ChainId, Epoch, Height, NodeId};
use crate::signature::{Signer, Verifier};
use crate::validator::{Validator, ValidatorSet};
use crate::value::{Bytes, Digest, Value as _};

/// What the values begin with that members propose where nobody gave them one.
const ACCEPTED: u8 = b'v';
/// What a value of that length begins with that the simulated application refuses.
const REFUSED: u8 = b'x';
/// The length of both.
const LENGTH: usize = 33;

/// The fixed part of a run.
pub(crate) struct World {
    pub(crate) schedule: Schedule,
    pub(crate) chain: ChainId,
    pub(crate) signers: Vec<Arc<dyn Signer>>,
    pub(crate) verifier: Arc<dyn Verifier>,
    pub(crate) behaviours: Vec<Option<Behaviour>>,
    /// The length of each member's second, in thousandths of a second.
    pub(crate) skews: Vec<u64>,
    /// Of each member the writes at which it loses power, ascending, with what survives, how many effects follow and how long it is down.
    pub(crate) crashes: Vec<Vec<(u64, Survives, u32, u64)>>,
    /// The validator sets, each with the height from which it is in force.
    pub(crate) eras: Vec<Era>,
}

/// A validator set and when it is in force.
pub(crate) struct Era {
    pub(crate) from: Height,
    pub(crate) set: ValidatorSet,
    /// The number of each member in the set.
    numbers: Vec<Option<u16>>,
    /// The member of each number.
    members: Vec<usize>,
    /// The power of its Byzantine members.
    pub(crate) lying_power: u64,
}

impl World {
    /// The world of a schedule.
    ///
    /// # Errors
    /// Those of [`Schedule::check`] and of [`ValidatorSet::new`].
    pub(crate) fn new(schedule: &Schedule) -> Result<Self, ConsensusError> {
        schedule.check()?;
        let members = schedule.powers.len();
        let mut behaviours = vec![None; members];
        for (member, behaviour) in schedule.byzantine() {
            behaviours[member] = Some(behaviour);
        }
        let (mut skews, mut crashes) = (vec![1_000; members], vec![Vec::new(); members]);
        // Of several for one member, or one of its writes, the first counts.
        for fault in schedule.faults.iter().rev() {
            match fault {
                Fault::Skew { member, per_mille } => skews[*member] = u64::from(*per_mille),
                Fault::Crash { member, write, survives, effects, down_us } => {
                    crashes[*member].push((*write, *survives, *effects, *down_us));
                }
                _ => {}
            }
        }
        for crashes in &mut crashes {
            crashes.reverse();
            crashes.sort_by_key(|crash| crash.0);
            crashes.dedup_by_key(|crash| crash.0);
        }
        let mut eras = vec![Era::new(Height::FIRST, Epoch(0), &schedule.powers, &behaviours)?];
        let mut epoch = Epoch(0);
        for change in &schedule.changes {
            epoch = epoch.next();
            let from = Height(change.height).plus(schedule.window);
            eras.push(Era::new(from, epoch, &change.powers, &behaviours)?);
        }
        Ok(Self {
            schedule: schedule.clone(),
            chain: ChainId::new("simulated")?,
            signers: (0..members).map(|member| keys::signer(member, schedule.real_signatures)).collect(),
            verifier: keys::verifier(schedule.real_signatures),
            behaviours,
            skews,
            crashes,
            eras,
        })
    }

    pub(crate) fn members(&self) -> usize {
        self.schedule.powers.len()
    }

    pub(crate) fn is_honest(&self, member: usize) -> bool {
        self.behaviours.get(member).is_some_and(Option::is_none)
    }

    /// The set in force at a height.
    pub(crate) fn era(&self, height: Height) -> &Era {
        self.eras.iter().rev().find(|era| era.from <= height).unwrap_or(&self.eras[0])
    }

    /// The validators that executing a height puts in force.
    pub(crate) fn change_at(&self, height: Height) -> Option<Vec<Validator>> {
        let change = self.schedule.changes.iter().find(|change| change.height == height.0)?;
        Some(validators(&change.powers))
    }

    /// A value that the application accepts at this height; values of different members or numbers differ.
    pub(crate) fn value(&self, height: Height, member: usize, number: u64) -> Bytes {
        value(ACCEPTED, height, member, number)
    }

    /// A value that it refuses.
    pub(crate) fn refused_value(&self, height: Height, member: usize, number: u64) -> Bytes {
        value(REFUSED, height, member, number)
    }

    /// The application's rule.
    pub(crate) fn accepts(&self, value: &Bytes) -> bool {
        let bytes = value.as_slice();
        bytes.len() != LENGTH || bytes[0] != REFUSED
    }
}

impl Era {
    fn new(
        from: Height,
        epoch: Epoch,
        powers: &[u64],
        behaviours: &[Option<Behaviour>],
    ) -> Result<Self, ConsensusError> {
        let set = ValidatorSet::new(epoch, validators(powers))?;
        let numbers: Vec<_> =
            (0..behaviours.len()).map(|member| set.number_of(&keys::public_key(member))).collect();
        let mut members = vec![0; set.len()];
        let mut lying_power = 0;
        for (member, number) in numbers.iter().enumerate() {
            if let Some(number) = number {
                members[usize::from(*number)] = member;
                lying_power += if behaviours[member].is_some() { set.power(*number) } else { 0 };
            }
        }
        Ok(Self { from, set, numbers, members, lying_power })
    }

    /// The member of a number.
    pub(crate) fn member(&self, number: u16) -> Option<usize> {
        self.members.get(usize::from(number)).copied()
    }

    /// The number of a member.
    pub(crate) fn number(&self, member: usize) -> Option<u16> {
        self.numbers.get(member).copied().flatten()
    }
}

/// The validators with these powers; those with power 0 are none.
fn validators(powers: &[u64]) -> Vec<Validator> {
    let with = |(member, power): (usize, &u64)| Validator {
        id: NodeId::new(&format!("m{member:03}")).expect("a letter and digits"),
        key: keys::public_key(member),
        power: *power,
    };
    powers.iter().enumerate().filter(|(_, power)| **power > 0).map(with).collect()
}

fn value(first: u8, height: Height, member: usize, number: u64) -> Bytes {
    let mut bytes = vec![first];
    bytes.extend_from_slice(&height.0.to_le_bytes());
    bytes.extend_from_slice(&(member as u64).to_le_bytes());
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.extend_from_slice(&[0; 8]);
    bytes.into()
}

/// The digest of a value.
pub(crate) fn digest_of(value: &Bytes) -> Digest {
    Digest::of(&value.encode())
}
