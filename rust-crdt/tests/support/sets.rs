//! Sets without dots under test, and their models.

use std::collections::{BTreeMap, BTreeSet};

use chrysalis_crdt::g_set::Metadata;
use chrysalis_crdt::{ActorKey, ClockUnit, GSet, LwwElementSet, Stamp, TwoPhaseSet, Value};

use super::subjects::{NAMES, canonical_state};
use super::{Random, Subject};

fn value(random: &mut Random) -> Value {
    [Value::from("x"), Value::from(1u8), Value::from(true), Value::float(0.5).unwrap()][random.below(4)]
        .clone()
}

pub(crate) struct GSetSubject;

impl Subject for GSetSubject {
    /// The element, and stamp and writer of an addition that says them.
    type Event = (Value, Option<(u64, String)>);
    canonical_state!(GSet);

    fn new(_: usize, _: &mut Random) -> Self {
        Self
    }

    fn update(
        &mut self,
        _: usize,
        state: &mut GSet,
        _: &BTreeSet<Self::Event>,
        random: &mut Random,
    ) -> (GSet, Self::Event) {
        let value = value(random);
        if random.below(2) == 0 {
            return (state.add(value.clone()).unwrap(), (value, None));
        }
        let (stamp, writer) = (Stamp::from_bits(random.next() % 3), NAMES[random.below(5)]);
        let metadata = Metadata::new(ClockUnit::Hybrid, stamp, ActorKey::new(writer).unwrap());
        let delta = state.add_with(value.clone(), metadata).unwrap();
        (delta, (value, Some((stamp.to_bits(), writer.to_owned()))))
    }

    fn merge(state: &mut GSet, other: &GSet) {
        state.merge(other).unwrap();
    }

    fn check(state: &GSet, seen: &BTreeSet<Self::Event>) {
        let mut expected: BTreeMap<&Value, Option<&(u64, String)>> = BTreeMap::new();
        for (value, metadata) in seen {
            let entry = expected.entry(value).or_default();
            *entry = match (*entry, metadata) {
                (Some(one), Some(two)) => Some(one.min(two)),
                (one, two) => one.or(two.as_ref()),
            };
        }
        assert_eq!(state.elements().collect::<Vec<_>>(), expected.keys().copied().collect::<Vec<_>>());
        assert_eq!(state.len(), expected.len());
        for (value, metadata) in expected {
            assert!(state.contains(value));
            let shown = state.metadata(value).map(|found| (found.stamp.to_bits(), found.writer.to_string()));
            assert_eq!(shown.as_ref(), metadata);
        }
    }
}

pub(crate) struct TwoPhaseSubject;

impl Subject for TwoPhaseSubject {
    /// The element, and whether it was added.
    type Event = (Value, bool);
    canonical_state!(TwoPhaseSet);

    fn new(_: usize, _: &mut Random) -> Self {
        Self
    }

    fn update(
        &mut self,
        _: usize,
        state: &mut TwoPhaseSet,
        _: &BTreeSet<Self::Event>,
        random: &mut Random,
    ) -> (TwoPhaseSet, Self::Event) {
        let (value, add) = (value(random), random.below(3) > 0);
        let delta = if add { state.add(value.clone()) } else { state.remove(value.clone()) };
        assert!(add || !state.contains(&value));
        (delta.unwrap(), (value, add))
    }

    fn merge(state: &mut TwoPhaseSet, other: &TwoPhaseSet) {
        state.merge(other);
    }

    fn check(state: &TwoPhaseSet, seen: &BTreeSet<Self::Event>) {
        let side = |add| seen.iter().filter(move |event| event.1 == add).map(|event| &event.0);
        let removed: BTreeSet<&Value> = side(false).collect();
        let expected: Vec<&Value> = side(true).filter(|value| !removed.contains(value)).collect();
        assert_eq!(state.elements().collect::<Vec<_>>(), expected);
        assert_eq!((state.len(), state.is_empty()), (expected.len(), expected.is_empty()));
        assert!(expected.iter().all(|value| state.contains(value)));
        assert!(state.added().eq(side(true)) && state.removed().eq(side(false)));
    }
}

pub(crate) struct LwwElementSubject;

impl Subject for LwwElementSubject {
    /// The element, the time, and whether it was added.
    type Event = (Value, u64, bool);
    canonical_state!(LwwElementSet);

    fn new(_: usize, _: &mut Random) -> Self {
        Self
    }

    fn update(
        &mut self,
        _: usize,
        state: &mut LwwElementSet,
        _: &BTreeSet<Self::Event>,
        random: &mut Random,
    ) -> (LwwElementSet, Self::Event) {
        // Few times, 0 among them, for ties.
        let (value, time, add) = (value(random), random.next() % 5, random.below(2) == 0);
        let stamp = Stamp::from_bits(time);
        let delta = if add { state.add(value.clone(), stamp) } else { state.remove(value.clone(), stamp) };
        (delta.unwrap(), (value, time, add))
    }

    fn merge(state: &mut LwwElementSet, other: &LwwElementSet) {
        state.merge(other).unwrap();
    }

    fn check(state: &LwwElementSet, seen: &BTreeSet<Self::Event>) {
        let latest = |value: &Value, add| {
            seen.iter().filter(|event| event.0 == *value && event.2 == add).map(|event| event.1).max()
        };
        let values: BTreeSet<&Value> = seen.iter().map(|event| &event.0).collect();
        let present = |value: &&&Value| match (latest(value, true), latest(value, false)) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(added), Some(removed)) => added > removed,
        };
        let expected: Vec<&Value> = values.iter().filter(present).copied().collect();
        assert_eq!(state.elements().collect::<Vec<_>>(), expected);
        for value in values {
            let times = state.times(value).unwrap();
            assert_eq!(times.added.to_bits(), latest(value, true).unwrap_or(0));
            assert_eq!(times.removed.map(Stamp::to_bits), latest(value, false));
            assert_eq!(state.contains(value), expected.contains(&value));
        }
    }
}
