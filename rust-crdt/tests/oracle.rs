//! The types beside those of the `crdts` crate, operation for operation, where it has the same ones.
//!
//! Whole states are merged, each replica is one actor, and an element is added by the operation that replaces its dots: there
//! the two must agree.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

mod support;

use std::collections::BTreeSet;

use chrysalis_crdt::{ActorKey, ClockOrdering, GCounter, GSet, OrSet, PnCounter, Value, VectorClock, Writer};
use crdts::{CmRDT, CvRDT};
use support::{Random, run_seeded};

const NAMES: [&str; 3] = ["a", "b", "c"];

fn key(at: usize) -> ActorKey {
    ActorKey::new(NAMES[at]).unwrap()
}

/// Runs histories in which one replica changes or takes in another one, on both sides.
fn run<A: Clone + Default, B: Clone + Default>(
    change: impl Fn(usize, &mut A, &mut B, &mut Random),
    merge: impl Fn((&mut A, &A), (&mut B, &B)),
    agree: impl Fn(&A, &B),
) {
    run_seeded(3_000, |random| {
        let mut replicas: [(A, B); 3] = Default::default();
        for _ in 0..20 {
            let (at, other) = (random.below(3), random.below(3));
            if random.below(3) == 0 && at != other {
                let (theirs, their_peer) = replicas[other].clone();
                let (ours, our_peer) = &mut replicas[at];
                merge((ours, &theirs), (our_peer, &their_peer));
            } else {
                let (ours, our_peer) = &mut replicas[at];
                change(at, ours, our_peer, random);
            }
            agree(&replicas[at].0, &replicas[at].1);
        }
    });
}

#[test]
fn vector_clocks_agree() {
    run::<VectorClock, crdts::VClock<&str>>(
        |at, ours, peer, _| {
            ours.increment(&key(at)).unwrap();
            peer.apply(peer.inc(NAMES[at]));
        },
        |(ours, theirs), (peer, other)| {
            let expected = match (*peer).partial_cmp(other) {
                Some(std::cmp::Ordering::Less) => ClockOrdering::Before,
                Some(std::cmp::Ordering::Greater) => ClockOrdering::After,
                Some(std::cmp::Ordering::Equal) => ClockOrdering::Equal,
                None => ClockOrdering::Concurrent,
            };
            assert_eq!(ours.compare(theirs), expected);
            ours.merge(theirs);
            peer.merge(other.clone());
        },
        |ours, peer| (0..3).for_each(|at| assert_eq!(ours.get(&key(at)), peer.get(&NAMES[at]))),
    );
}

#[test]
fn counters_agree() {
    run::<GCounter, crdts::GCounter<&str>>(
        |at, ours, peer, random| {
            let amount = random.next() % 5;
            ours.increment_by(&key(at), amount).unwrap();
            peer.apply(peer.inc_many(NAMES[at], amount));
        },
        |(ours, theirs), (peer, other)| {
            ours.merge(theirs);
            peer.merge(other.clone());
        },
        |ours, peer| assert_eq!(ours.value().to_string(), peer.read().to_string()),
    );
    run::<PnCounter, crdts::PNCounter<&str>>(
        |at, ours, peer, random| {
            if random.below(2) == 0 {
                ours.increment(&key(at)).unwrap();
                peer.apply(peer.inc(NAMES[at]));
            } else {
                ours.decrement(&key(at)).unwrap();
                peer.apply(peer.dec(NAMES[at]));
            }
        },
        |(ours, theirs), (peer, other)| {
            ours.merge(theirs);
            peer.merge(other.clone());
        },
        |ours, peer| assert_eq!(ours.value().to_string(), peer.read().to_string()),
    );
}

#[test]
fn sets_agree() {
    run::<GSet, crdts::GSet<u64>>(
        |_, ours, peer, random| {
            let value = random.next() % 8;
            ours.add(value).unwrap();
            peer.insert(value);
        },
        |(ours, theirs), (peer, other)| {
            ours.merge(theirs).unwrap();
            peer.merge(other.clone());
        },
        |ours, peer| {
            let ours: BTreeSet<u64> = ours.elements().filter_map(Value::as_u64).collect();
            assert_eq!(ours, peer.read());
        },
    );
    run::<OrSet, crdts::Orswot<u64, &str>>(
        |at, ours, peer, random| {
            let value = random.next() % 3;
            if random.below(3) > 0 {
                // The state has all dots of its actor, so a new writer goes on where it was.
                ours.add(&Writer::resume(key(at), 0), value).unwrap();
                peer.apply(peer.add(value, peer.read_ctx().derive_add_ctx(NAMES[at])));
            } else {
                ours.remove(&Value::from(value));
                peer.apply(peer.rm(value, peer.contains(&value).derive_rm_ctx()));
            }
        },
        |(ours, theirs), (peer, other)| {
            ours.merge(theirs).unwrap();
            peer.merge(other.clone());
        },
        |ours, peer| {
            let ours: BTreeSet<u64> = ours.elements().filter_map(|value| value.as_u64()).collect();
            assert_eq!(ours, peer.read().val.into_iter().collect());
        },
    );
}
