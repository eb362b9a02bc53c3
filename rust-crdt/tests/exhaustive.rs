//! Every short history of three replicas, for each type, over two elements and the operations of the type.
//!
//! `CHRYSALIS_SOAK=1` walks histories that are two steps longer.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

mod support;

use std::collections::BTreeSet;

use chrysalis_crdt::g_set::Metadata;
use chrysalis_crdt::{
    ActorKey, AgentState, BeliefState, CausalContext, ClockUnit, Dot, EpisodeMemory, GCounter, GSet,
    HybridClock, LwwElementSet, LwwMap, LwwNumericRegister, LwwRegister, MerkleDag, MvRegister, OrSet,
    PnCounter, SkillAccumulator, Stamp, TwoPhaseSet, Value, VectorClock, Writer,
};
use support::Subject;
use support::agents::{
    AgentEvent, AgentSubject, BeliefEvent, BeliefSubject, EpisodeEvent, EpisodeSubject, SkillEvent,
    SkillSubject,
};
use support::counters::{GCounterSubject, PnCounterSubject};
use support::dags::{DagSubject, NodeEvent};
use support::registers::{MapSubject, MvSubject, NumericSubject, map_event, mv_set, mv_write};
use support::sets::{GSetSubject, LwwElementSubject, TwoPhaseSubject};
use support::subjects::{
    ClockSubject, ContextSubject, RegisterSubject, SetEvent, SetSubject, set_model, write_event,
};

/// A type with a fixed list of updates that each replica may make at any time.
trait Walk: Subject {
    /// How many updates there are.
    const UPDATES: usize;
    /// Makes one of them at a replica, and returns what the model shall know of it.
    fn act(at: usize, state: &mut Self::State, seen: &BTreeSet<Self::Event>, update: usize) -> Self::Event;
}

type Replica<S> = (<S as Subject>::State, BTreeSet<<S as Subject>::Event>);

/// Walks all histories of this many steps: an update at one replica, or the merge of one replica into another.
fn walk<S: Walk>(steps: usize) {
    let steps = steps + 2 * usize::from(std::env::var_os("CHRYSALIS_SOAK").is_some());
    let mut checked = 0;
    explore::<S>(&[0; 3].map(|_| (S::bottom(), BTreeSet::new())), steps, &mut checked);
    // So that a mistake in the walk cannot make the test pass by checking nothing.
    assert!(checked > 400, "{checked}");
}

fn explore<S: Walk>(replicas: &[Replica<S>; 3], steps: usize, checked: &mut u64) {
    *checked += 1;
    let all_seen = replicas.iter().flat_map(|(_, seen)| seen.iter().cloned()).collect();
    let joins = [[0, 1, 2], [2, 1, 0], [1, 2, 0]].map(|order| {
        let mut joined = S::bottom();
        order.iter().for_each(|i| S::merge(&mut joined, &replicas[*i].0));
        joined
    });
    S::check(&joins[0], &all_seen);
    let bytes = S::encode(&joins[0]);
    assert_eq!(bytes, S::encode(&joins[1]));
    assert_eq!(bytes, S::encode(&joins[2]));
    if steps == 0 {
        return;
    }
    for (at, action) in (0..3).flat_map(|at| (0..S::UPDATES + 2).map(move |action| (at, action))) {
        let mut next = replicas.clone();
        if action < S::UPDATES {
            let (state, seen) = &mut next[at];
            let event = S::act(at, state, seen, action);
            seen.insert(event);
        } else {
            let (other, others_seen) = replicas[(at + action - S::UPDATES + 1) % 3].clone();
            S::merge(&mut next[at].0, &other);
            next[at].1.extend(others_seen);
        }
        S::check(&next[at].0, &next[at].1);
        // A step that changes nothing leads to histories that are seen without it.
        if next[at].0 != replicas[at].0 {
            explore::<S>(&next, steps - 1, checked);
        }
    }
}

macro_rules! walks {
    ($($name:ident: $subject:ty, $steps:literal;)*) => {$(
        #[test]
        fn $name() {
            walk::<$subject>($steps);
        }
    )*};
}

walks! {
    every_short_history_of_or_sets: SetSubject, 4;
    every_short_history_of_lww_registers: RegisterSubject, 4;
    every_short_history_of_vector_clocks: ClockSubject, 5;
    every_short_history_of_contexts: ContextSubject, 4;
    every_short_history_of_g_counters: GCounterSubject, 5;
    every_short_history_of_pn_counters: PnCounterSubject, 4;
    every_short_history_of_g_sets: GSetSubject, 4;
    every_short_history_of_two_phase_sets: TwoPhaseSubject, 4;
    every_short_history_of_lww_element_sets: LwwElementSubject, 4;
    every_short_history_of_numeric_registers: NumericSubject<false>, 4;
    every_short_history_of_greatest_registers: NumericSubject<true>, 4;
    every_short_history_of_lww_maps: MapSubject, 4;
    every_short_history_of_mv_registers: MvSubject, 4;
    every_short_history_of_skills: SkillSubject<false>, 4;
    every_short_history_of_declining_skills: SkillSubject<true>, 4;
    every_short_history_of_episodes: EpisodeSubject, 3;
    every_short_history_of_beliefs: BeliefSubject, 3;
    every_short_history_of_agents: AgentSubject, 3;
    every_short_history_of_dags: DagSubject, 4;
}

fn actor(at: usize) -> ActorKey {
    ActorKey::new(["a", "b", "c"][at]).unwrap()
}

/// A replica's own state has all its dots, so a new writer goes on where it was.
fn writer(at: usize) -> Writer {
    Writer::resume(actor(at), 0)
}

fn element(update: usize) -> Value {
    Value::from(["x", "y"][update % 2])
}

impl Walk for SetSubject {
    const UPDATES: usize = 4;

    fn act(at: usize, state: &mut OrSet, seen: &BTreeSet<SetEvent>, update: usize) -> SetEvent {
        let value = element(update);
        let covers = set_model(seen).remove(&value).unwrap_or_default();
        if update >= 2 {
            state.remove(&value);
            return SetEvent { added: None, covers };
        }
        let delta = state.add(&writer(at), value.clone()).unwrap();
        let dot = delta.tags(&value).next().unwrap();
        SetEvent { added: Some((dot, value)), covers }
    }
}

impl Walk for RegisterSubject {
    const UPDATES: usize = 3;

    fn act(at: usize, state: &mut LwwRegister, _: &BTreeSet<Self::Event>, update: usize) -> Self::Event {
        let delta = match update {
            0 => state.set(&writer(at), &mut HybridClock::new(), 1, "x"),
            // One stamp and one actor for two values.
            _ => state.set_at(element(update), Stamp::new(1, 0).unwrap(), actor(1)),
        };
        write_event(&delta.unwrap())
    }
}

impl Walk for ClockSubject {
    const UPDATES: usize = 1;

    fn act(at: usize, state: &mut VectorClock, _: &BTreeSet<Self::Event>, _: usize) -> Self::Event {
        let count = state.increment(&actor(at)).unwrap();
        (actor(at), count)
    }
}

impl Walk for ContextSubject {
    const UPDATES: usize = 3;

    fn act(at: usize, state: &mut CausalContext, _: &BTreeSet<Dot>, update: usize) -> Dot {
        let dot = Dot::new(actor(at), update as u64 + 1).unwrap();
        state.insert(&dot);
        dot
    }
}

impl Walk for GCounterSubject {
    const UPDATES: usize = 1;

    fn act(at: usize, state: &mut GCounter, _: &BTreeSet<Self::Event>, _: usize) -> Self::Event {
        state.increment(&actor(at)).unwrap();
        (actor(at), true, state.count(&actor(at)))
    }
}

impl Walk for PnCounterSubject {
    const UPDATES: usize = 2;

    fn act(at: usize, state: &mut PnCounter, _: &BTreeSet<Self::Event>, update: usize) -> Self::Event {
        if update == 0 {
            state.increment(&actor(at)).unwrap();
            return (actor(at), true, state.positive().count(&actor(at)));
        }
        state.decrement(&actor(at)).unwrap();
        (actor(at), false, state.negative().count(&actor(at)))
    }
}

impl Walk for GSetSubject {
    const UPDATES: usize = 4;

    fn act(at: usize, state: &mut GSet, _: &BTreeSet<Self::Event>, update: usize) -> Self::Event {
        if update < 2 {
            state.add(element(update)).unwrap();
            return (element(update), None);
        }
        let metadata = Metadata::new(ClockUnit::Hybrid, Stamp::from_bits(1), actor(at));
        state.add_with(element(update), metadata).unwrap();
        (element(update), Some((1, actor(at).to_string())))
    }
}

impl Walk for TwoPhaseSubject {
    const UPDATES: usize = 4;

    fn act(_: usize, state: &mut TwoPhaseSet, _: &BTreeSet<Self::Event>, update: usize) -> Self::Event {
        let add = update < 2;
        if add { state.add(element(update)) } else { state.remove(element(update)) }.unwrap();
        (element(update), add)
    }
}

impl Walk for LwwElementSubject {
    const UPDATES: usize = 5;

    fn act(_: usize, state: &mut LwwElementSet, _: &BTreeSet<Self::Event>, update: usize) -> Self::Event {
        let (value, time, add) =
            [("x", 0, true), ("x", 1, true), ("x", 0, false), ("x", 1, false), ("y", 0, false)][update];
        let stamp = Stamp::from_bits(time);
        if add { state.add(value, stamp) } else { state.remove(value, stamp) }.unwrap();
        (Value::from(value), time, add)
    }
}

impl<const GREATEST: bool> Walk for NumericSubject<GREATEST> {
    const UPDATES: usize = 4;

    fn act(
        at: usize,
        state: &mut LwwNumericRegister,
        _: &BTreeSet<Self::Event>,
        update: usize,
    ) -> Self::Event {
        let (eighths, seconds) = [(1, 1.0), (2, 1.0), (1, 2.0), (-1, 2.0)][update];
        let stamp = ClockUnit::Seconds.stamp(seconds).unwrap();
        let writer = (at > 0).then(|| actor(at));
        let event = (eighths, stamp.to_bits(), writer.as_ref().map(ToString::to_string));
        state.set_at(eighths as f64 / 8.0, stamp, writer).unwrap();
        event
    }
}

impl Walk for MapSubject {
    const UPDATES: usize = 4;

    fn act(at: usize, state: &mut LwwMap, _: &BTreeSet<Self::Event>, update: usize) -> Self::Event {
        let clock = &mut HybridClock::new();
        let (key, delta) = match update {
            0 => ("k", state.set(&writer(at), clock, 1, "k", "x")),
            1 => ("k", state.remove(&writer(at), clock, 1, "k")),
            2 => ("l", state.set(&writer(at), clock, 1, "l", "y")),
            _ => ("k", state.set_at("k", "z", Stamp::new(1, 0).unwrap(), actor(0))),
        };
        map_event(&delta.unwrap(), key)
    }
}

impl Walk for MvSubject {
    const UPDATES: usize = 4;

    fn act(at: usize, state: &mut MvRegister, seen: &BTreeSet<Self::Event>, update: usize) -> Self::Event {
        match update {
            0 => mv_write(state, &writer(at), element(0), seen),
            1 => mv_set(state, VectorClock::singleton(actor(at), 1), element(1), seen),
            2 => mv_set(state, VectorClock::singleton(actor(0), 1), element(0), seen),
            _ => mv_set(state, VectorClock::from_iter([(actor(0), 1), (actor(1), 1)]), element(0), seen),
        }
        .1
    }
}

impl<const LATEST: bool> Walk for SkillSubject<LATEST> {
    const UPDATES: usize = 3;

    fn act(at: usize, state: &mut SkillAccumulator, _: &BTreeSet<SkillEvent>, update: usize) -> SkillEvent {
        // A higher proficiency at an earlier time, a lower one at a later, and one at the same time as the first.
        let (name, number) = [("x", 9 + 8), ("x", 18 + 4), ("y", 9 + 5)][update];
        Self::act(&writer(at), state, name, number).1
    }
}

impl Walk for EpisodeSubject {
    const UPDATES: usize = 6;

    fn act(at: usize, state: &mut EpisodeMemory, _: &BTreeSet<EpisodeEvent>, update: usize) -> EpisodeEvent {
        let added = |id: &str, time, importance| {
            // Each replica has its own content: one id, several contents.
            EpisodeEvent::Added { id: id.into(), content: u8::try_from(at).unwrap(), time, importance }
        };
        let event = match update {
            0 => added("x", 1, 3),
            1 => added("y", 2, 3),
            2 => EpisodeEvent::Limited(1),
            3 => EpisodeEvent::Limited(2),
            4 => EpisodeEvent::Linked("y".into(), "x".into()),
            _ => EpisodeEvent::Linked("x".into(), "y".into()),
        };
        Self::act(state, event).1
    }
}

impl Walk for BeliefSubject {
    const UPDATES: usize = 6;

    fn act(at: usize, state: &mut BeliefState, _: &BTreeSet<BeliefEvent>, update: usize) -> BeliefEvent {
        let number = 10 + u8::try_from(at).unwrap();
        Self::act(&writer(at), state, ["x", "y"][update % 2], update / 2, number).1
    }
}

impl Walk for AgentSubject {
    const UPDATES: usize = 7;

    fn act(at: usize, state: &mut AgentState, _: &BTreeSet<AgentEvent>, update: usize) -> AgentEvent {
        Self::act(&writer(at), state, update, 5 + u8::try_from(at).unwrap()).1
    }
}

impl Walk for DagSubject {
    const UPDATES: usize = 2;

    fn act(at: usize, state: &mut MerkleDag, _: &BTreeSet<NodeEvent>, update: usize) -> NodeEvent {
        let mut parents: Vec<_> = state.heads().copied().collect();
        parents.truncate(if update == 0 { usize::MAX } else { 1 });
        Self::act(&writer(at), state, parents, None).1
    }
}
