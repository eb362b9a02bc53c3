//! The laws of taking states apart.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

mod support;

use std::collections::BTreeSet;

use chrysalis_crdt::{
    ActorId, ActorKey, AgentState, Belief, ClockUnit, Decompose, GCounter, HybridClock, LwwMap, LwwRegister,
    MerkleDag, MvRegister, OrSet, Stamp, State, Value, Writer,
};
use support::agents::{AgentSubject, BeliefSubject, EpisodeSubject, SkillSubject};
use support::counters::{GCounterSubject, PnCounterSubject};
use support::dags::DagSubject;
use support::registers::{MapSubject, MvSubject, NumericSubject};
use support::sets::{GSetSubject, LwwElementSubject, TwoPhaseSubject};
use support::subjects::{ClockSubject, ContextSubject, RegisterSubject, SetSubject};
use support::{Random, Subject, run_seeded};

macro_rules! laws {
    ($($name:ident: $subject:ty;)*) => {$(
        #[test]
        fn $name() {
            run_seeded(300, check::<$subject>);
        }
    )*};
}

laws! {
    vector_clock: ClockSubject;
    causal_context: ContextSubject;
    lww_register: RegisterSubject;
    or_set: SetSubject;
    g_counter: GCounterSubject;
    pn_counter: PnCounterSubject;
    g_set: GSetSubject;
    two_phase_set: TwoPhaseSubject;
    lww_element_set: LwwElementSubject;
    lww_numeric_register: NumericSubject<false>;
    lww_numeric_register_of_greatest: NumericSubject<true>;
    lww_map: MapSubject;
    mv_register: MvSubject;
    skill_accumulator: SkillSubject<false>;
    skill_accumulator_of_the_latest: SkillSubject<true>;
    episode_memory: EpisodeSubject;
    belief_state: BeliefSubject;
    agent_state: AgentSubject;
    merkle_dag: DagSubject;
}

fn check<S: Subject<State: Decompose>>(random: &mut Random) {
    let mut subject = S::new(3, random);
    let mut states = vec![(S::bottom(), BTreeSet::new()); 3];
    for _ in 0..random.below(25) {
        let at = random.below(3);
        if random.below(4) == 0 {
            let other = states[random.below(3)].clone();
            S::merge(&mut states[at].0, &other.0);
            states[at].1.extend(other.1);
        } else {
            let (state, seen) = &mut states[at];
            let event = subject.update(at, state, seen, random).1;
            seen.insert(event);
        }
    }
    let (a, b) = (&states[0].0, &states[1].0);
    let parts = a.split();
    let join = |parts: &mut dyn Iterator<Item = &S::State>| {
        let parts: Vec<_> = parts.cloned().collect();
        parts.split_first().map_or_else(S::State::default, |(first, rest)| {
            rest.iter().fold(first.clone(), |all, part| S::join(&all, part))
        })
    };
    assert_eq!(join(&mut parts.iter()).to_bytes(), a.to_bytes(), "the join of the parts is the state");
    for at in 0..parts.len() {
        let rest = join(&mut parts.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, part)| part));
        assert!(parts.len() == 1 || rest.to_bytes() != a.to_bytes(), "no part is superfluous");
        assert!(a.covers(&parts[at]));
        assert_eq!(
            S::State::from_bytes(&parts[at].to_bytes()).as_ref(),
            Ok(&parts[at]),
            "a part has an encoding"
        );
    }
    let whole = S::join(a, b);
    let delta = a.delta_from(b).unwrap();
    let mut joined = b.clone();
    if delta != S::State::default() {
        S::merge(&mut joined, &delta);
    }
    assert_eq!(joined.to_bytes(), whole.to_bytes(), "a delta brings what is missing");
    for part in delta.split() {
        assert!(!b.covers(&part), "a delta brings nothing else");
    }
    assert_eq!(whole.delta_from(&whole), Ok(S::State::default()));
    assert_eq!(S::State::from_wire(&whole.to_wire()).as_ref(), Ok(&whole));

    // In pieces, in any order, from both the whole and what a context lacks.
    let mut received = b.clone();
    let mut pieces = a.to_pieces(1 + random.below(60)).unwrap();
    while !pieces.is_empty() {
        let piece = pieces.swap_remove(random.below(pieces.len()));
        S::merge(&mut received, &S::State::from_wire(&piece).unwrap());
    }
    assert_eq!(received.to_bytes(), whole.to_bytes());
    if let Some(context) = b.causal_context() {
        let mut received = b.clone();
        S::merge(&mut received, &a.delta_since(context).unwrap());
        assert_eq!(received.causal_context(), whole.causal_context());
        let mut names = 0;
        a.name_parts(&mut |_, _| names += 1);
        let mut picked = b.clone();
        S::merge(&mut picked, &a.pick_parts(&mut |_, _| true).unwrap());
        S::merge(&mut picked, &a.delta_since(context).unwrap());
        assert!(names <= parts.len());
    }
}

#[test]
fn what_is_new_since_a_context_is_all_but_bare_removals() {
    run_seeded(200, |random| {
        let mut subject = SetSubject::new(2, random);
        let mut states = vec![(OrSet::new(), BTreeSet::new()); 2];
        for _ in 0..30 {
            let at = random.below(2);
            let (state, seen) = &mut states[at];
            let event = subject.update(at, state, seen, random).1;
            seen.insert(event);
        }
        let [(a, _), (b, _)] = &states[..] else { unreachable!() };
        let mut whole = a.clone();
        whole.merge(b).unwrap();
        let mut received = b.clone();
        received.merge(&a.since(b.context())).unwrap();
        assert_eq!(received.context(), whole.context());
        assert!(whole.elements().all(|value| received.contains(&value)));
        // Nothing that was removed on the sending side is in what it sends.
        assert!(a.since(b.context()).elements().all(|value| a.contains(&value)));
        assert_eq!(a.since(a.context()), OrSet::new());
    });
}

#[test]
fn a_register_repeats_a_long_value_neither_in_names_nor_in_pieces() {
    let value = "v".repeat(10_000);
    let actor = ActorKey::new("a").unwrap();
    let mut register = LwwRegister::new();
    for run in 1..=100u64 {
        let mut part = LwwRegister::new();
        let writer = Writer::resume(actor.clone(), run * 2);
        part.set(&writer, &mut HybridClock::new(), 7, value.as_str()).unwrap();
        register.merge(&part).unwrap();
    }
    assert_eq!((register.part_count(), register.split().len()), (100, 100));
    let mut names = 0;
    register.name_parts(&mut |name, _| names += name.len());
    assert!(names < 10_000, "{names} bytes of names");
    assert_eq!(
        register.to_pieces(11_000).unwrap().iter().map(Vec::len).sum::<usize>(),
        register.to_wire().len()
    );
    // A value that is short beside the limit goes with every piece, and the pieces keep to the limit.
    let pieces = register.to_pieces(20_010).unwrap();
    assert!(pieces.iter().all(|piece| piece.len() <= 20_010));

    let mut odd = false;
    let half = register
        .pick_parts(&mut |_, _| {
            odd = !odd;
            odd
        })
        .unwrap();
    assert_eq!(half.part_count(), 50);
    let delta = register.delta_from(&half).unwrap();
    assert_eq!(delta.part_count(), 50);
    let mut joined = half;
    joined.merge(&delta).unwrap();
    assert_eq!(joined, register);
}

#[test]
fn stamps_of_every_unit_of_time_are_told_in_milliseconds() {
    let writer = Writer::resume(ActorKey::new("a").unwrap(), 0);
    let at = |ms| Stamp::new(ms, 0).unwrap();
    let mut state = AgentState::new(ActorId::new("ada").unwrap());
    state.update_skill(&writer, "x", 0.5, 7.9).unwrap();
    assert_eq!(state.stamps(), (1, at(7)));
    let belief = Belief {
        id: "b".into(),
        content: Value::Null,
        conviction: 0.5,
        evidence_for: 0,
        evidence_against: 0,
        last_updated: 1e300,
        source: Value::Null,
    };
    state.update_belief(&writer, &belief).unwrap();
    assert_eq!(state.stamps(), (2, at(Stamp::MAX_MS)));
    let mut register = LwwRegister::with_unit(ClockUnit::Seconds);
    register.set_at("x", ClockUnit::Seconds.stamp(1.5).unwrap(), writer.actor().clone()).unwrap();
    assert_eq!(register.stamps(), (1, at(1500)));
    let mut before = LwwRegister::with_unit(ClockUnit::Seconds);
    before.set_at("x", ClockUnit::Seconds.stamp(-1.5).unwrap(), writer.actor().clone()).unwrap();
    assert_eq!(before.stamps(), (1, at(0)));
}

#[test]
fn an_empty_state_has_a_part_only_where_its_creation_fixed_something() {
    assert_eq!(LwwRegister::new().split(), []);
    assert_eq!(LwwMap::new().split(), []);
    let map = LwwMap::with_unit(ClockUnit::Seconds);
    assert_eq!(map.split(), [map]);
}

/// What claims on an own key are found by: every type whose updates have a writer's numbers tells the greatest.
#[test]
fn types_whose_updates_have_numbers_tell_the_greatest_of_an_actor() {
    let w = Writer::resume(ActorKey::new("w").unwrap(), 6);
    let own = w.actor();
    let mut clock = HybridClock::new();
    let (mut set, mut register, mut map) = (OrSet::new(), LwwRegister::new(), LwwMap::new());
    let (mut values, mut dag) = (MvRegister::new(), MerkleDag::new());
    let mut agent = AgentState::new(ActorId::new("agent").unwrap());
    set.add(&w, "x").unwrap();
    register.set(&w, &mut clock, 1, "x").unwrap();
    map.set(&w, &mut clock, 1, "k", "x").unwrap();
    values.write(&w, "x").unwrap();
    agent.tick(&w).unwrap();
    assert_eq!([set.greatest_of(own), register.greatest_of(own), map.greatest_of(own)], [7, 8, 9]);
    assert_eq!([values.greatest_of(own), agent.greatest_of(own)], [10, 11]);
    dag.add(&w, "x").unwrap();
    assert_eq!(dag.greatest_of(own), dag.nodes().next().unwrap().seq());
    // Counts are not numbers of updates.
    let mut counter = GCounter::new();
    counter.increment_by(own, 99).unwrap();
    assert_eq!(counter.greatest_of(own), 0);
}
