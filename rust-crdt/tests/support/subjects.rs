//! The types under test and their models.

use std::collections::{BTreeMap, BTreeSet};

use chrysalis_crdt::{
    ActorId, ActorKey, CausalContext, Dot, HybridClock, LwwRegister, OrSet, Stamp, Value, VectorClock, Writer,
};

use super::{Random, Subject};

macro_rules! canonical_state {
    ($state:ty) => {
        type State = $state;

        fn bottom() -> $state {
            <$state>::new()
        }

        fn encode(state: &$state) -> Vec<u8> {
            state.to_bytes()
        }

        fn decode(bytes: &[u8]) -> $state {
            <$state>::from_bytes(bytes).unwrap()
        }
    };
}

pub(crate) use canonical_state;

/// Names that sort differently as bytes, as UTF-16 and as JavaScript object keys.
pub(crate) const NAMES: [&str; 5] = ["b", "\u{ff5e}", "\u{1f600}", "__proto__", "7"];

pub(crate) fn writers(count: usize, random: &mut Random) -> Vec<Writer> {
    let mut writers: Vec<Writer> = Vec::new();
    for i in 0..count {
        let id = ActorId::new(NAMES[i]).unwrap();
        // Some replicas are branches of one opened state and share its writer.
        let shared = (i > 0 && random.below(4) == 0).then(|| writers[random.below(i)].clone());
        writers.push(shared.unwrap_or_else(|| Writer::resume(id.incarnation(random.next()), 0)));
    }
    writers
}

/// Replaces a writer by a new incarnation of its actor.
pub(crate) fn new_writer(writer: &mut Writer, random: &mut Random) {
    let mut actor = writer.actor().clone();
    new_incarnation(&mut actor, random);
    *writer = Writer::resume(actor, 0);
}

/// An actor key per name, each an incarnation.
pub(crate) fn incarnations(random: &mut Random) -> Vec<ActorKey> {
    NAMES.iter().map(|name| ActorId::new(name).unwrap().incarnation(random.next())).collect()
}

/// Replaces an actor key by that of a new incarnation.
pub(crate) fn new_incarnation(actor: &mut ActorKey, random: &mut Random) {
    *actor = ActorId::new(actor.id()).unwrap().incarnation(random.next());
}

/// Every dot of a context, one by one.
pub(crate) fn dots_of(context: &CausalContext) -> BTreeSet<(ActorKey, u64)> {
    context.runs().flat_map(|(actor, start, end)| (start..=end).map(|c| (actor.clone(), c))).collect()
}

pub(crate) fn pair(dot: &Dot) -> (ActorKey, u64) {
    (dot.actor().clone(), dot.counter())
}

/// What the model knows of one update of an [`OrSet`]: what it added, and which earlier dots it took away.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct SetEvent {
    pub(crate) added: Option<(Dot, Value)>,
    pub(crate) covers: BTreeSet<Dot>,
}

/// The elements a set of events leaves, with their dots.
pub(crate) fn set_model(seen: &BTreeSet<SetEvent>) -> BTreeMap<Value, BTreeSet<Dot>> {
    let mut elements: BTreeMap<Value, BTreeSet<Dot>> = BTreeMap::new();
    for (dot, value) in seen.iter().filter_map(|event| event.added.as_ref()) {
        if !seen.iter().any(|event| event.covers.contains(dot)) {
            elements.entry(value.clone()).or_default().insert(dot.clone());
        }
    }
    elements
}

/// Compares all that an [`OrSet`] shows with its model.
pub(crate) fn check_set(state: &OrSet, seen: &BTreeSet<SetEvent>) {
    let expected = set_model(seen);
    let actual: BTreeMap<Value, BTreeSet<Dot>> =
        state.elements().map(|value| (value.clone(), state.tags(&value).collect())).collect();
    assert_eq!(actual, expected);
    assert_eq!(state.len(), expected.len());
    assert!(expected.keys().all(|value| state.contains(value)));
    let known = seen.iter().flat_map(|event| event.added.iter().map(|(dot, _)| dot).chain(&event.covers));
    assert_eq!(dots_of(state.context()), known.map(pair).collect());
}

pub(crate) struct SetSubject {
    writers: Vec<Writer>,
    given: BTreeSet<Dot>,
    values: Vec<Value>,
}

impl SetSubject {
    fn fresh(&mut self, dot: &Dot) {
        assert!(self.given.insert(dot.clone()), "no dot is given out twice");
    }
}

impl Subject for SetSubject {
    type Event = SetEvent;
    canonical_state!(OrSet);

    fn new(_: usize, random: &mut Random) -> Self {
        let values = vec![Value::from("x"), Value::from(1u8), Value::from(true), Value::float(0.5).unwrap()];
        Self { writers: writers(4, random), given: BTreeSet::new(), values }
    }

    fn crash(&mut self, replica: usize, random: &mut Random) {
        new_writer(&mut self.writers[replica], random);
    }

    fn update(
        &mut self,
        replica: usize,
        state: &mut OrSet,
        seen: &BTreeSet<SetEvent>,
        random: &mut Random,
    ) -> (OrSet, SetEvent) {
        let writer = self.writers[replica].clone();
        let value = random.pick(&self.values).clone();
        let held = set_model(seen).remove(&value).unwrap_or_default();
        match random.below(8) {
            0..3 => {
                let delta = state.add(&writer, value.clone()).unwrap();
                let dot = delta.tags(&value).next().unwrap();
                self.fresh(&dot);
                (delta, SetEvent { added: Some((dot, value)), covers: held })
            }
            3..5 => {
                let (dot, delta) = state.add_tagged(&writer, value.clone()).unwrap();
                self.fresh(&dot);
                (delta, SetEvent { added: Some((dot, value)), covers: BTreeSet::new() })
            }
            5..7 => (state.remove(&value), SetEvent { added: None, covers: held }),
            _ => {
                // Half of its dots, and some dots of whatever, which must not matter.
                let covers: BTreeSet<Dot> = held.into_iter().filter(|_| random.below(2) == 0).collect();
                let mut tags: Vec<Dot> = covers.iter().cloned().collect();
                let others = set_model(seen).into_iter().filter(|(other, _)| *other != value);
                tags.extend(others.flat_map(|(_, dots)| dots));
                tags.push(Dot::new(writer.actor().clone(), 1 << 40).unwrap());
                (state.remove_tags(&value, &tags), SetEvent { added: None, covers })
            }
        }
    }

    fn merge(state: &mut OrSet, other: &OrSet) {
        state.merge(other).unwrap();
    }

    fn check(state: &OrSet, seen: &BTreeSet<SetEvent>) {
        check_set(state, seen);
    }
}

/// A write as the model orders it: stamp, actor, the first 16 bytes of the value's hash; then value and dot.
pub(crate) type WriteEvent = (u64, String, Vec<u8>, Vec<u8>, Option<u64>);

/// The one write in a delta.
pub(crate) fn write_event(delta: &LwwRegister) -> WriteEvent {
    let bytes = delta.get().unwrap().to_bytes().unwrap();
    let dot = delta.context().runs().next().map(|(_, counter, _)| counter);
    let (stamp, actor) = (delta.stamp().unwrap().to_bits(), delta.actor().unwrap().to_string());
    (stamp, actor, blake3::hash(&bytes).as_bytes()[..16].to_vec(), bytes, dot)
}

pub(crate) struct RegisterSubject {
    writers: Vec<Writer>,
    clocks: Vec<HybridClock>,
}

impl Subject for RegisterSubject {
    type Event = WriteEvent;
    canonical_state!(LwwRegister);

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
        state: &mut LwwRegister,
        _: &BTreeSet<WriteEvent>,
        random: &mut Random,
    ) -> (LwwRegister, WriteEvent) {
        let value = Value::from(random.next() % 4);
        let delta = if random.below(2) == 0 {
            // Local time jumps both ways.
            let (writer, now_ms) = (&self.writers[replica], random.next() % 50);
            let before = state.stamp();
            let delta = state.set(writer, &mut self.clocks[replica], now_ms, value.clone()).unwrap();
            assert_eq!(state.get(), Some(&value), "a local write wins over all that was seen");
            assert!(state.stamp() > before);
            delta
        } else {
            // Few stamps and actors, for ties.
            let stamp = Stamp::new(random.next() % 3, 0).unwrap();
            state.set_at(value, stamp, ActorKey::new(NAMES[random.below(5)]).unwrap()).unwrap()
        };
        let event = write_event(&delta);
        (delta, event)
    }

    fn merge(state: &mut LwwRegister, other: &LwwRegister) {
        let before = state.key().cloned();
        let won = state.merge(other).unwrap();
        assert_eq!(won, before.as_ref() != state.key());
    }

    fn check(state: &LwwRegister, seen: &BTreeSet<WriteEvent>) {
        let shown = state.get().map(|value| {
            let (stamp, actor) = (state.stamp().unwrap().to_bits(), state.actor().unwrap().to_string());
            (stamp, actor, value.to_bytes().unwrap())
        });
        let best = seen.iter().max_by_key(|write| (write.0, &write.1, &write.2));
        assert_eq!(shown, best.map(|write| (write.0, write.1.clone(), write.3.clone())));
        let dots = seen.iter().filter_map(|w| w.4.map(|counter| (ActorKey::new(&w.1).unwrap(), counter)));
        assert_eq!(dots_of(state.context()), dots.collect());
    }
}

pub(crate) struct ClockSubject(Vec<ActorKey>);

impl Subject for ClockSubject {
    type Event = (ActorKey, u64);
    canonical_state!(VectorClock);

    fn new(_: usize, random: &mut Random) -> Self {
        Self(incarnations(random))
    }

    fn crash(&mut self, replica: usize, random: &mut Random) {
        new_incarnation(&mut self.0[replica], random);
    }

    fn update(
        &mut self,
        replica: usize,
        state: &mut VectorClock,
        _: &BTreeSet<Self::Event>,
        random: &mut Random,
    ) -> (VectorClock, Self::Event) {
        let actor = &self.0[replica];
        let count = if random.below(4) == 0 {
            let count = state.get(actor) + 1 + random.next() % 200;
            state.set(actor, count).unwrap();
            count
        } else {
            state.increment(actor).unwrap()
        };
        (VectorClock::singleton(actor.clone(), count), (actor.clone(), count))
    }

    fn merge(state: &mut VectorClock, other: &VectorClock) {
        state.merge(other);
    }

    fn check(state: &VectorClock, seen: &BTreeSet<Self::Event>) {
        let mut expected: BTreeMap<&ActorKey, u64> = BTreeMap::new();
        for (actor, count) in seen {
            let entry = expected.entry(actor).or_default();
            *entry = (*entry).max(*count);
        }
        assert_eq!(state.iter().collect::<Vec<_>>(), expected.into_iter().collect::<Vec<_>>());
    }
}

pub(crate) struct ContextSubject(Vec<ActorKey>);

impl Subject for ContextSubject {
    type Event = Dot;
    canonical_state!(CausalContext);

    fn new(_: usize, _: &mut Random) -> Self {
        Self(NAMES[..2].iter().map(|name| ActorKey::new(name).unwrap()).collect())
    }

    fn update(
        &mut self,
        _: usize,
        state: &mut CausalContext,
        _: &BTreeSet<Dot>,
        random: &mut Random,
    ) -> (CausalContext, Dot) {
        let dot = Dot::new(random.pick(&self.0).clone(), 1 + random.next() % 12).unwrap();
        state.insert(&dot);
        (CausalContext::from_iter([&dot]), dot)
    }

    fn merge(state: &mut CausalContext, other: &CausalContext) {
        state.merge(other);
    }

    fn check(state: &CausalContext, seen: &BTreeSet<Dot>) {
        assert_eq!(dots_of(state), seen.iter().map(pair).collect());
        assert!(seen.iter().all(|dot| state.contains(dot)));
        let vector = state.vector();
        for actor in state.actors() {
            let whole = (1..).take_while(|c| seen.contains(&Dot::new(actor.clone(), *c).unwrap())).count();
            assert_eq!(vector.get(actor), whole as u64);
            assert_eq!(
                state.greatest(actor),
                seen.iter().filter(|d| d.actor() == actor).map(Dot::counter).max().unwrap()
            );
        }
    }
}
