//! Every short history of three replicas and two elements.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

mod support;

use std::collections::BTreeSet;

use chrysalis_crdt::{ActorKey, OrSet, Value, Writer};
use support::subjects::{SetEvent, check_set, set_model};

/// Steps per history. Each is one of 18: a replica adds or removes `x` or `y`, or merges one of the two others.
const STEPS: usize = 5;

type Replica = (OrSet, BTreeSet<SetEvent>);

#[test]
fn or_set_agrees_with_its_model_on_every_short_history() {
    let mut checked = 0;
    explore(&[(); 3].map(|()| (OrSet::new(), BTreeSet::new())), STEPS, &mut checked);
    // So that a mistake in the walk cannot make this test pass by checking nothing.
    assert!(checked > 10_000, "{checked}");
}

fn explore(replicas: &[Replica; 3], steps: usize, checked: &mut u64) {
    *checked += 1;
    let all_seen = replicas.iter().flat_map(|(_, seen)| seen.iter().cloned()).collect();
    let joins = [[0, 1, 2], [2, 1, 0], [1, 2, 0]].map(|order| {
        let mut joined = OrSet::new();
        order.iter().for_each(|i| joined.merge(&replicas[*i].0).unwrap());
        joined
    });
    check_set(&joins[0], &all_seen);
    assert_eq!(joins[0].to_bytes(), joins[1].to_bytes());
    assert_eq!(joins[0].to_bytes(), joins[2].to_bytes());
    if steps == 0 {
        return;
    }
    // Replicas differ in nothing but their names, elements too: the first step is taken by the first replica.
    let actors = if *checked == 1 { 0..1 } else { 0..3 };
    for at in actors {
        for action in 0..6 {
            let mut next = replicas.clone();
            act(&mut next, at, action);
            check_set(&next[at].0, &next[at].1);
            // A step that changes nothing leads to histories that are seen without it.
            if next[at].0 != replicas[at].0 {
                explore(&next, steps - 1, checked);
            }
        }
    }
}

fn act(replicas: &mut [Replica; 3], at: usize, action: usize) {
    let value = Value::from(["x", "y"][action % 2]);
    let (state, seen) = &mut replicas[at];
    let covers = set_model(seen).remove(&value).unwrap_or_default();
    match action {
        0 | 1 => {
            // A replica's own state has all its dots, so a new writer goes on where it was.
            let writer = Writer::resume(ActorKey::new(["a", "b", "c"][at]).unwrap(), 0);
            let delta = state.add(&writer, value.clone()).unwrap();
            let dot = delta.tags(&value).next().unwrap();
            seen.insert(SetEvent { added: Some((dot, value)), covers });
        }
        2 | 3 => {
            state.remove(&value);
            seen.insert(SetEvent { added: None, covers });
        }
        _ => {
            let (other, others_seen) = replicas[(at + action - 3) % 3].clone();
            replicas[at].0.merge(&other).unwrap();
            replicas[at].1.extend(others_seen);
        }
    }
}
