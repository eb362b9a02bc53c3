//! Counters under test, and their models.

use std::collections::{BTreeMap, BTreeSet};

use chrysalis_crdt::{ActorKey, ClockOrdering, GCounter, PnCounter};

use super::subjects::{canonical_state, incarnations, new_incarnation};
use super::{Random, Subject};

/// The greatest count per actor and direction.
fn greatest(seen: &BTreeSet<Count>) -> BTreeMap<(&ActorKey, bool), u64> {
    let mut counts = BTreeMap::new();
    for (actor, up, count) in seen {
        let entry = counts.entry((actor, *up)).or_default();
        *entry = u64::max(*entry, *count);
    }
    counts
}

/// An actor, whether it went up, and its count since then.
type Count = (ActorKey, bool, u64);

pub(crate) struct GCounterSubject(Vec<ActorKey>);

impl Subject for GCounterSubject {
    type Event = Count;
    canonical_state!(GCounter);

    fn new(_: usize, random: &mut Random) -> Self {
        Self(incarnations(random))
    }

    fn crash(&mut self, replica: usize, random: &mut Random) {
        new_incarnation(&mut self.0[replica], random);
    }

    fn update(
        &mut self,
        replica: usize,
        state: &mut GCounter,
        _: &BTreeSet<Count>,
        random: &mut Random,
    ) -> (GCounter, Count) {
        let actor = &self.0[replica];
        let amount = 1 + random.below(3);
        let total = state.value() + amount as u128;
        let delta = state.increment_by(actor, amount as u64).unwrap();
        assert_eq!(state.value(), total);
        (delta, (actor.clone(), true, state.count(actor)))
    }

    fn merge(state: &mut GCounter, other: &GCounter) {
        let before = state.clone();
        state.merge(other);
        assert!(matches!(before.partial_compare(state), ClockOrdering::Before | ClockOrdering::Equal));
        assert!(matches!(other.partial_compare(state), ClockOrdering::Before | ClockOrdering::Equal));
    }

    fn check(state: &GCounter, seen: &BTreeSet<Count>) {
        let expected = greatest(seen);
        assert_eq!(state.value(), expected.values().copied().map(u128::from).sum());
        assert_eq!(
            state.counts().iter().collect::<Vec<_>>(),
            expected.iter().map(|((actor, _), count)| (*actor, *count)).collect::<Vec<_>>()
        );
    }
}

pub(crate) struct PnCounterSubject(Vec<ActorKey>);

impl Subject for PnCounterSubject {
    type Event = Count;
    canonical_state!(PnCounter);

    fn new(_: usize, random: &mut Random) -> Self {
        Self(incarnations(random))
    }

    fn crash(&mut self, replica: usize, random: &mut Random) {
        new_incarnation(&mut self.0[replica], random);
    }

    fn update(
        &mut self,
        replica: usize,
        state: &mut PnCounter,
        _: &BTreeSet<Count>,
        random: &mut Random,
    ) -> (PnCounter, Count) {
        let actor = &self.0[replica];
        let up = random.below(2) == 0;
        let delta = match (up, random.below(2)) {
            (true, 0) => state.increment(actor),
            (false, 0) => state.decrement(actor),
            (true, _) => state.increment_by(actor, 3),
            (false, _) => state.increment_by(actor, -3),
        };
        let side = if up { state.positive() } else { state.negative() };
        (delta.unwrap(), (actor.clone(), up, side.count(actor)))
    }

    fn merge(state: &mut PnCounter, other: &PnCounter) {
        state.merge(other);
    }

    fn check(state: &PnCounter, seen: &BTreeSet<Count>) {
        let sign = |up: bool| if up { 1 } else { -1 };
        let counts = greatest(seen);
        let expected: i128 = counts.iter().map(|((_, up), count)| sign(*up) * i128::from(*count)).sum();
        assert_eq!(state.value(), expected);
        for ((actor, up), count) in counts {
            let side = if up { state.positive() } else { state.negative() };
            assert_eq!(side.count(actor), count);
        }
    }
}
