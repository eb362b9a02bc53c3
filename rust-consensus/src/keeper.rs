//! The votes of one phase of one round: kept as claimed, checked in batches when they matter.

use alloc::vec;
use alloc::vec::Vec;

use crate::id::PeerId;
use crate::signature::{Check, Signature, Verifier};
use crate::validator::ValidatorSet;
use crate::value::Digest;

/// What is known of one validator's vote. There is room for one vote, so memory is bounded by the set; a second, different
/// one is never kept beside it but settles at once what is true, so that a forged vote blocks nobody.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Slot {
    /// Nothing.
    Empty,
    /// A peer says so.
    Claimed { peer: PeerId, digest: Option<Digest>, signature: Signature },
    /// The validator says so.
    Verified { digest: Option<Digest>, signature: Signature },
}

/// The power behind one value, or behind nil.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Sum {
    digest: Option<Digest>,
    /// Of claimed and verified votes.
    claimed: u64,
    /// Of verified votes.
    verified: u64,
}

/// The votes of one phase of one round.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Tally {
    /// By validator's number; empty until there is a vote.
    slots: Vec<Slot>,
    /// One for each digest that a slot holds.
    sums: Vec<Sum>,
    claimed: u64,
    verified: u64,
}

impl Tally {
    pub(crate) fn slot(&self, number: u16) -> &Slot {
        self.slots.get(usize::from(number)).unwrap_or(&Slot::Empty)
    }

    /// Puts an unchecked vote into an empty slot.
    pub(crate) fn claim(
        &mut self,
        set: &ValidatorSet,
        number: u16,
        power: u64,
        peer: PeerId,
        digest: Option<Digest>,
        signature: Signature,
    ) {
        debug_assert_eq!(*self.slot(number), Slot::Empty);
        *self.slot_mut(set, number) = Slot::Claimed { peer, digest, signature };
        self.sum_mut(digest).claimed += power;
        self.claimed += power;
    }

    /// Puts a checked vote into a slot that holds no checked one.
    pub(crate) fn confirm(
        &mut self,
        set: &ValidatorSet,
        number: u16,
        power: u64,
        digest: Option<Digest>,
        signature: Signature,
    ) {
        debug_assert!(!matches!(self.slot(number), Slot::Verified { .. }));
        self.clear(number, power);
        *self.slot_mut(set, number) = Slot::Verified { digest, signature };
        let sum = self.sum_mut(digest);
        sum.claimed += power;
        sum.verified += power;
        self.claimed += power;
        self.verified += power;
    }

    /// Forgets a claimed vote.
    pub(crate) fn clear(&mut self, number: u16, power: u64) {
        let Some(slot) = self.slots.get_mut(usize::from(number)) else { return };
        let Slot::Claimed { digest, .. } = *slot else { return };
        *slot = Slot::Empty;
        self.claimed -= power;
        if let Some(place) = self.sums.iter().position(|sum| sum.digest == digest) {
            self.sums[place].claimed -= power;
            if self.sums[place].claimed == 0 {
                self.sums.remove(place);
            }
        }
    }

    /// The power of the verified votes, whatever they are for.
    pub(crate) fn verified_power(&self) -> u64 {
        self.verified
    }

    /// The power of all votes, whatever they are for.
    pub(crate) fn claimed_power(&self) -> u64 {
        self.claimed
    }

    /// The power of verified votes for this.
    pub(crate) fn power_for(&self, digest: Option<Digest>) -> u64 {
        self.sums.iter().find(|sum| sum.digest == digest).map_or(0, |sum| sum.verified)
    }

    /// The value, or nil, that verified votes of at least `power` are for.
    pub(crate) fn winner(&self, power: u64) -> Option<Option<Digest>> {
        self.sums.iter().find(|sum| sum.verified >= power).map(|sum| sum.digest)
    }

    /// A value, or nil, that would have at least `power` if all its claimed votes held, and has it not yet.
    pub(crate) fn claimed_winner(&self, power: u64) -> Option<Option<Digest>> {
        self.sums.iter().find(|sum| sum.claimed >= power && sum.verified < power).map(|sum| sum.digest)
    }

    /// The verified signatures for this, in order of the validators' numbers.
    pub(crate) fn signatures(&self, wanted: Option<Digest>) -> Vec<(u16, Signature)> {
        self.verified()
            .filter(|(_, digest, _)| *digest == wanted)
            .map(|(number, _, signature)| (number, signature))
            .collect()
    }

    /// The verified votes, in order of the validators' numbers.
    pub(crate) fn verified(&self) -> impl Iterator<Item = (u16, Option<Digest>, Signature)> {
        (0..).zip(&self.slots).filter_map(|(number, slot)| match slot {
            Slot::Verified { digest, signature } => Some((number, *digest, *signature)),
            _ => None,
        })
    }

    /// The votes, checked or not.
    pub(crate) fn votes(&self) -> impl Iterator<Item = (u16, Option<Digest>)> {
        (0..).zip(&self.slots).filter_map(|(number, slot)| match slot {
            Slot::Empty => None,
            Slot::Claimed { digest, .. } | Slot::Verified { digest, .. } => Some((number, *digest)),
        })
    }

    /// Checks, in one batch, the claimed votes that are for `wanted`, or all. Those that hold become verified, the others are
    /// forgotten; returns the peers that sent those.
    pub(crate) fn settle(
        &mut self,
        set: &ValidatorSet,
        wanted: Option<Option<Digest>>,
        statement: impl Fn(Option<Digest>) -> Vec<u8>,
        power: impl Fn(u16) -> u64,
        verifier: &dyn Verifier,
    ) -> Vec<PeerId> {
        let mut statements: Vec<(Option<Digest>, Vec<u8>)> = Vec::new();
        let mut claims = Vec::new();
        for (number, slot) in (0u16..).zip(&self.slots) {
            let Slot::Claimed { peer, digest, signature } = slot else { continue };
            if wanted.is_some_and(|wanted| wanted != *digest) {
                continue;
            }
            let place = statements.iter().position(|(of, _)| of == digest).unwrap_or_else(|| {
                statements.push((*digest, statement(*digest)));
                statements.len() - 1
            });
            claims.push((number, *peer, *digest, *signature, place));
        }
        let checks: Vec<_> = claims
            .iter()
            .filter_map(|(number, _, _, signature, place)| {
                Check::of(set, *number, &statements[*place].1, signature)
            })
            .collect();
        let verdicts = if checks.is_empty() { vec![] } else { verifier.verify(&checks) };
        let mut liars = Vec::new();
        for (index, (number, peer, digest, signature, _)) in claims.into_iter().enumerate() {
            if verdicts.get(index) == Some(&true) {
                self.confirm(set, number, power(number), digest, signature);
            } else {
                self.clear(number, power(number));
                liars.push(peer);
            }
        }
        liars
    }

    fn slot_mut(&mut self, set: &ValidatorSet, number: u16) -> &mut Slot {
        if self.slots.is_empty() {
            self.slots = vec![Slot::Empty; set.len()];
        }
        &mut self.slots[usize::from(number)]
    }

    fn sum_mut(&mut self, digest: Option<Digest>) -> &mut Sum {
        let place = self.sums.iter().position(|sum| sum.digest == digest).unwrap_or_else(|| {
            self.sums.push(Sum { digest, claimed: 0, verified: 0 });
            self.sums.len() - 1
        });
        &mut self.sums[place]
    }
}

#[cfg(test)]
mod tests {
    use chrysalis_crypto::ed25519::SigningKey;

    use super::*;
    use crate::id::{Epoch, NodeId};
    use crate::signature::Ed25519;
    use crate::validator::Validator;

    fn key(number: u16) -> SigningKey {
        SigningKey::from_seed(&[u8::try_from(number).unwrap() + 1; 32])
    }

    /// Validator n has power n + 1.
    fn set() -> ValidatorSet {
        let validators = (0..5)
            .map(|number| Validator {
                id: NodeId::new(&alloc::format!("v{number}")).unwrap(),
                key: key(number).public_key(),
                power: u64::from(number) + 1,
            })
            .collect();
        ValidatorSet::new(Epoch(0), validators).unwrap()
    }

    fn statement(digest: Option<Digest>) -> Vec<u8> {
        digest.map_or_else(Vec::new, |digest| digest.0.to_vec())
    }

    #[test]
    fn power_is_counted_for_what_is_claimed_and_what_holds() {
        let set = set();
        let power = |number| set.power(number);
        let (a, nil) = (Some(Digest([1; 32])), None);
        let mut tally = Tally::default();
        assert_eq!((tally.slot(3), tally.winner(1), tally.claimed_winner(1)), (&Slot::Empty, None, None));
        tally.confirm(&set, 0, 1, a, key(0).sign(&statement(a)));
        tally.claim(&set, 2, 3, PeerId(7), a, key(2).sign(&statement(a)));
        tally.claim(&set, 3, 4, PeerId(8), a, [9; 64]);
        tally.claim(&set, 4, 5, PeerId(9), nil, key(4).sign(&statement(nil)));
        assert_eq!((tally.claimed_power(), tally.verified_power()), (13, 1));
        assert_eq!((tally.claimed_winner(8), tally.claimed_winner(9)), (Some(a), None));
        // Only those for the value are checked; the forged one is gone, and its power with it.
        let liars = tally.settle(&set, Some(a), statement, power, &Ed25519);
        assert_eq!(liars, [PeerId(8)]);
        assert_eq!((tally.claimed_power(), tally.verified_power()), (9, 4));
        assert_eq!((tally.power_for(a), tally.power_for(nil)), (4, 0));
        assert_eq!((tally.winner(4), tally.winner(5)), (Some(a), None));
        assert_eq!(tally.slot(3), &Slot::Empty);
        assert!(tally.settle(&set, None, statement, power, &Ed25519).is_empty());
        assert_eq!((tally.claimed_power(), tally.verified_power()), (9, 9));
        assert_eq!(tally.winner(5), Some(nil));
        assert_eq!(tally.signatures(a).iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(tally.votes().count(), 3);
    }

    #[test]
    fn a_cleared_claim_leaves_nothing() {
        let set = set();
        let mut tally = Tally::default();
        for digest in 0..50u8 {
            tally.claim(&set, 1, 2, PeerId(1), Some(Digest([digest; 32])), [0; 64]);
            tally.clear(1, 2);
        }
        assert_eq!((tally.claimed_power(), tally.sums.len()), (0, 0));
        // A verified vote is not cleared.
        tally.confirm(&set, 1, 2, None, [0; 64]);
        tally.clear(1, 2);
        assert_eq!(tally.verified_power(), 2);
    }
}
