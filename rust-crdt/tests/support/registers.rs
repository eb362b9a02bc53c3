//! Numeric registers, maps and multi-value registers under test, and their models.

use std::collections::{BTreeMap, BTreeSet};

use chrysalis_crdt::{
    ActorKey, ClockOrdering, ClockUnit, Dot, HybridClock, LwwMap, LwwNumericRegister, MvRegister,
    NumericMode, Stamp, Value, VectorClock, Writer,
};

use super::subjects::{NAMES, canonical_state, dots_of, new_writer, pair, writers};
use super::{Random, Subject};

fn key_digest(bytes: &[u8]) -> Vec<u8> {
    blake3::hash(bytes).as_bytes()[..16].to_vec()
}

pub(crate) struct NumericSubject<const GREATEST: bool>;

impl<const GREATEST: bool> NumericSubject<GREATEST> {
    const MODE: NumericMode = if GREATEST { NumericMode::Greatest } else { NumericMode::Last };
}

impl<const GREATEST: bool> Subject for NumericSubject<GREATEST> {
    type State = LwwNumericRegister;
    /// The number in eighths, the stamp's bits, the writer.
    type Event = (i64, u64, Option<String>);

    fn new(_: usize, _: &mut Random) -> Self {
        Self
    }

    fn bottom() -> LwwNumericRegister {
        LwwNumericRegister::with_unit(Self::MODE, ClockUnit::Seconds)
    }

    fn encode(state: &LwwNumericRegister) -> Vec<u8> {
        state.to_bytes()
    }

    fn decode(bytes: &[u8]) -> LwwNumericRegister {
        LwwNumericRegister::from_bytes(bytes).unwrap()
    }

    fn update(
        &mut self,
        _: usize,
        state: &mut LwwNumericRegister,
        _: &BTreeSet<Self::Event>,
        random: &mut Random,
    ) -> (LwwNumericRegister, Self::Event) {
        let number = random.below(5) as i64 - 2;
        let stamp = ClockUnit::Seconds.stamp(random.below(3) as f64 - 1.0).unwrap();
        let writer = [None, Some("a"), Some("\u{1f600}")][random.below(3)];
        let delta = state
            .set_at(number as f64 / 8.0, stamp, writer.map(|writer| ActorKey::new(writer).unwrap()))
            .unwrap();
        (delta, (number, stamp.to_bits(), writer.map(str::to_owned)))
    }

    fn merge(state: &mut LwwNumericRegister, other: &LwwNumericRegister) {
        let before = state.clone();
        assert_eq!(state.merge(other), Ok(*state != before));
    }

    fn check(state: &LwwNumericRegister, seen: &BTreeSet<Self::Event>) {
        let digest = |number: i64| {
            key_digest(&Value::float(number as f64 / 8.0).and_then(|value| value.to_bytes()).unwrap())
        };
        let best = if GREATEST {
            seen.iter().max_by_key(|(number, stamp, writer)| (*number, *stamp, writer))
        } else {
            seen.iter().max_by_key(|(number, stamp, writer)| (*stamp, writer, digest(*number)))
        };
        assert_eq!(state.has_value(), best.is_some());
        let Some((number, stamp, writer)) = best else { return };
        assert_eq!(state.get().to_bits(), (*number as f64 / 8.0).to_bits());
        assert_eq!(state.stamp().map(Stamp::to_bits), Some(*stamp));
        assert_eq!(state.writer().map(ActorKey::as_str), writer.as_deref());
    }
}

/// A write to a map: key, stamp, actor, digest of the value; then the value, none for a removal, and the dot's counter.
type MapEvent = (String, u64, String, Vec<u8>, Option<Vec<u8>>, Option<u64>);

/// The one write in a delta.
pub(crate) fn map_event(delta: &LwwMap, key: &str) -> MapEvent {
    let entry = delta.entry(key).unwrap();
    let bytes = entry.value().map(|value| value.to_bytes().unwrap());
    let digest = key_digest(bytes.as_deref().unwrap_or_default());
    let (stamp, actor) = (entry.key().stamp().to_bits(), entry.key().actor().to_string());
    (key.to_owned(), stamp, actor, digest, bytes, entry.dot().map(|dot| dot.counter()))
}

pub(crate) struct MapSubject {
    writers: Vec<Writer>,
    clocks: Vec<HybridClock>,
}

impl Subject for MapSubject {
    type Event = MapEvent;
    canonical_state!(LwwMap);

    fn new(_: usize, random: &mut Random) -> Self {
        Self { writers: writers(4, random), clocks: vec![HybridClock::new(); 4] }
    }

    fn crash(&mut self, replica: usize, random: &mut Random) {
        new_writer(&mut self.writers[replica], random);
        self.clocks[replica] = HybridClock::new();
    }

    fn update(
        &mut self,
        replica: usize,
        state: &mut LwwMap,
        _: &BTreeSet<MapEvent>,
        random: &mut Random,
    ) -> (LwwMap, MapEvent) {
        let key = ["k", "", "__proto__"][random.below(3)];
        let value = (random.below(3) > 0).then(|| Value::from(random.next() % 3));
        let delta = if random.below(2) == 0 {
            let (writer, clock, now_ms) =
                (&self.writers[replica], &mut self.clocks[replica], random.next() % 50);
            let delta = match value.clone() {
                Some(value) => state.set(writer, clock, now_ms, key, value),
                None => state.remove(writer, clock, now_ms, key),
            };
            assert_eq!(state.get(key), value.as_ref(), "a local write wins over all that was seen");
            delta
        } else {
            let stamp = Stamp::new(random.next() % 3, 0).unwrap();
            let actor = ActorKey::new(NAMES[random.below(5)]).unwrap();
            match value.clone() {
                Some(value) => state.set_at(key, value, stamp, actor),
                None => Ok(state.remove_at(key, stamp, actor)),
            }
        };
        let delta = delta.unwrap();
        let event = map_event(&delta, key);
        assert_eq!(event.4, value.map(|value| value.to_bytes().unwrap()));
        (delta, event)
    }

    fn merge(state: &mut LwwMap, other: &LwwMap) {
        state.merge(other).unwrap();
    }

    fn check(state: &LwwMap, seen: &BTreeSet<MapEvent>) {
        let mut expected: BTreeMap<&str, &MapEvent> = BTreeMap::new();
        for event in seen {
            let entry = expected.entry(&event.0).or_insert(event);
            if (entry.1, &entry.2, &entry.3) < (event.1, &event.2, &event.3) {
                *entry = event;
            }
        }
        assert!(state.entries().map(|(key, _)| key).eq(expected.keys().copied()));
        for (key, event) in &expected {
            let entry = state.entry(key).unwrap();
            assert_eq!((entry.key().stamp().to_bits(), entry.key().actor().as_str()), (event.1, &*event.2));
            assert_eq!(state.get(key).map(|value| value.to_bytes().unwrap()), event.4);
            assert_eq!(state.contains(key), event.4.is_some());
        }
        assert_eq!(state.len(), expected.values().filter(|event| event.4.is_some()).count());
        let dots = seen.iter().filter_map(|e| e.5.map(|counter| (ActorKey::new(&e.2).unwrap(), counter)));
        assert_eq!(dots_of(state.context()), dots.collect());
    }
}

/// A vector clock as a set of entries, and a value.
pub(crate) type Pair = (BTreeMap<ActorKey, u64>, Value);

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum MvEvent {
    /// A write under a dot: what it replaced.
    Write { dot: Dot, value: Value, covers: BTreeSet<Dot>, pairs: BTreeSet<Pair> },
    /// A value with a clock: the dots it replaced.
    Set { pair: Pair, covers: BTreeSet<Dot> },
}

/// What a set of events leaves: values under dots; pairs of the greatest clocks, and whether they are still there.
#[derive(Default)]
pub(crate) struct MvModel {
    dotted: BTreeMap<Dot, Value>,
    pairs: BTreeMap<Pair, bool>,
}

pub(crate) fn mv_model(seen: &BTreeSet<MvEvent>) -> MvModel {
    let mut model = MvModel::default();
    let mut covered = BTreeSet::new();
    for event in seen {
        match event {
            MvEvent::Write { dot, value, covers, pairs } => {
                covered.extend(covers.iter().cloned());
                model.dotted.insert(dot.clone(), value.clone());
                model.pairs.extend(pairs.iter().map(|pair| (pair.clone(), false)));
            }
            MvEvent::Set { pair, covers } => {
                covered.extend(covers.iter().cloned());
                model.pairs.entry(pair.clone()).or_insert(true);
            }
        }
    }
    model.dotted.retain(|dot, _| !covered.contains(dot));
    let clocks: Vec<VectorClock> = model.pairs.keys().map(|(clock, _)| to_clock(clock)).collect();
    model.pairs.retain(|(clock, _), _| {
        let clock = to_clock(clock);
        clocks.iter().all(|other| clock.compare(other) != ClockOrdering::Before)
    });
    model
}

fn to_clock(entries: &BTreeMap<ActorKey, u64>) -> VectorClock {
    entries.iter().map(|(actor, count)| (actor.clone(), *count)).collect()
}

/// A sibling: its dot, its clock, its value.
type Shown = (Option<Dot>, Option<BTreeMap<ActorKey, u64>>, Value);

pub(crate) fn check_mv(state: &MvRegister, seen: &BTreeSet<MvEvent>) {
    let model = mv_model(seen);
    let live = model.pairs.iter().filter(|(_, live)| **live).map(|(pair, _)| pair);
    let mut expected: Vec<Shown> =
        model.dotted.iter().map(|(dot, value)| (Some(dot.clone()), None, value.clone())).collect();
    expected.extend(live.map(|(clock, value)| (None, Some(clock.clone()), value.clone())));
    let mut shown: Vec<_> = state
        .siblings()
        .map(|sibling| {
            let clock = sibling
                .clock
                .map(|clock| clock.iter().map(|(actor, count)| (actor.clone(), count)).collect());
            (sibling.dot.cloned(), clock, sibling.value.clone())
        })
        .collect();
    expected.sort();
    shown.sort();
    assert_eq!(shown, expected);
    assert_eq!(state.has_conflict(), expected.len() > 1);
    let values: BTreeSet<&Value> = expected.iter().map(|(_, _, value)| value).collect();
    assert_eq!(state.get(), values.into_iter().collect::<Vec<_>>());
    let mut clocks = BTreeSet::new();
    let twice = expected.iter().filter_map(|(_, clock, _)| clock.as_ref()).any(|clock| !clocks.insert(clock));
    assert_eq!(state.has_duplicate_clock(), twice);
    let dots = seen.iter().flat_map(|event| match event {
        MvEvent::Write { dot, covers, .. } => covers.iter().chain([dot]).map(pair).collect::<Vec<_>>(),
        MvEvent::Set { covers, .. } => covers.iter().map(pair).collect(),
    });
    assert_eq!(dots_of(state.context()), dots.collect());
}

/// Writes under a dot, and returns the delta and the event.
pub(crate) fn mv_write(
    state: &mut MvRegister,
    writer: &Writer,
    value: Value,
    seen: &BTreeSet<MvEvent>,
) -> (MvRegister, MvEvent) {
    let model = mv_model(seen);
    let before: BTreeSet<Dot> = state.siblings().filter_map(|sibling| sibling.dot.cloned()).collect();
    let delta = state.write(writer, value.clone()).unwrap();
    assert_eq!(state.get(), [&value]);
    let dot = delta.siblings().find_map(|sibling| sibling.dot.cloned()).unwrap();
    (delta, MvEvent::Write { dot, value, covers: before, pairs: model.pairs.into_keys().collect() })
}

/// Sets with a clock, and returns the delta and the event.
pub(crate) fn mv_set(
    state: &mut MvRegister,
    clock: VectorClock,
    value: Value,
    seen: &BTreeSet<MvEvent>,
) -> (MvRegister, MvEvent) {
    let covered = |dot: &&Dot| clock.get(dot.actor()) >= dot.counter();
    let covers = mv_model(seen).dotted.keys().filter(covered).cloned().collect();
    let pair = (clock.iter().map(|(actor, count)| (actor.clone(), count)).collect(), value.clone());
    (state.set(value, clock).unwrap(), MvEvent::Set { pair, covers })
}

pub(crate) struct MvSubject(Vec<Writer>);

impl Subject for MvSubject {
    type Event = MvEvent;
    canonical_state!(MvRegister);

    fn new(_: usize, random: &mut Random) -> Self {
        Self(writers(4, random))
    }

    fn crash(&mut self, replica: usize, random: &mut Random) {
        new_writer(&mut self.0[replica], random);
    }

    fn update(
        &mut self,
        replica: usize,
        state: &mut MvRegister,
        seen: &BTreeSet<MvEvent>,
        random: &mut Random,
    ) -> (MvRegister, MvEvent) {
        let value = Value::from(random.next() % 3);
        if random.below(2) == 0 {
            return mv_write(state, &self.0[replica], value, seen);
        }
        // Clocks of few actors, one of which writes under dots too.
        let mut clock = VectorClock::singleton(self.0[0].actor().clone(), random.next() % 3);
        clock.set(&ActorKey::new("b").unwrap(), random.next() % 3).unwrap();
        mv_set(state, clock, value, seen)
    }

    fn merge(state: &mut MvRegister, other: &MvRegister) {
        state.merge(other).unwrap();
    }

    fn check(state: &MvRegister, seen: &BTreeSet<MvEvent>) {
        check_mv(state, seen);
    }
}
