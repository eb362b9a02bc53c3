//! What every engine behind `ConsensusEngine` promises, whichever it is.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod members;

use members::{Cluster, Faults, Kind, Random, Tendermint};

fn value(n: usize) -> Vec<u8> {
    format!("value {n}").into_bytes()
}

/// All members execute all values in one order.
fn orders_values(kind: &dyn Kind) {
    let mut cluster = Cluster::started(kind, 4, 1);
    cluster.run_for(100);
    for n in 0..12 {
        cluster.submit(n % 4, &value(n));
    }
    cluster.run_until("all values", 60, |cluster| cluster.have(&[0, 1, 2, 3], 12));
    cluster.assert_agreement();
    let mut values = cluster.values(0);
    values.sort();
    let mut expected: Vec<_> = (0..12).map(value).collect();
    expected.sort();
    assert_eq!(values, expected);
    assert!(cluster.punished.is_empty(), "{:?}", cluster.punished);
}

/// Messages that are lost, doubled and out of order delay, and do no more.
fn bears_a_bad_network(kind: &dyn Kind) {
    for seed in 1..=3 {
        let mut cluster = Cluster::started(kind, 4, seed);
        cluster.faults = Faults { lost: 150, doubled: 150, delay: (1, 300), ..Faults::default() };
        for n in 0..8 {
            cluster.submit(n % 4, &value(n));
        }
        cluster.run_for(20_000);
        cluster.assert_agreement();
        cluster.faults = Faults { delay: (5, 20), ..Faults::default() };
        cluster.run_until("all values", 120, |cluster| cluster.have(&[0, 1, 2, 3], 8));
        cluster.assert_agreement();
        assert!(cluster.punished.is_empty(), "{:?}", cluster.punished);
    }
}

/// One member of four that is gone stops nobody, and it learns what it missed when it is back.
fn bears_a_crash(kind: &dyn Kind) {
    let mut cluster = Cluster::started(kind, 4, 5);
    cluster.submit(0, &value(0));
    cluster.run_until("the first value", 60, |cluster| cluster.have(&[0, 1, 2, 3], 1));
    cluster.kill(1);
    for n in 1..6 {
        cluster.submit(0, &value(n));
    }
    cluster.run_until("values without one member", 120, |cluster| cluster.have(&[0, 2, 3], 6));
    cluster.start(1, false);
    cluster.run_until("the member is back", 120, |cluster| cluster.have(&[1], 6));
    cluster.assert_agreement();
}

/// all members restart at once, at any time, and go on.
fn bears_a_restart_of_all(kind: &dyn Kind) {
    let mut cluster = Cluster::started(kind, 4, 6);
    let mut random = Random(7);
    for life in 0..6 {
        for n in 0..4 {
            cluster.submit(n, &value(life * 4 + n));
        }
        cluster.run_for(random.below(1500));
        (0..4).for_each(|n| cluster.kill(n));
        cluster.run_for(random.below(3000));
        (0..4).for_each(|n| cluster.start(n, false));
        cluster.assert_agreement();
    }
    // What was submitted to a process that was killed may be lost with it; what is submitted now is not.
    cluster.submit(2, b"last");
    cluster.run_until("the last value", 120, |cluster| {
        (0..4).all(|n| cluster.values(n).iter().any(|value| value == b"last"))
    });
    cluster.assert_agreement();
}

/// A minority that is cut off executes nothing that the others do not.
fn bears_a_partition(kind: &dyn Kind) {
    let mut cluster = Cluster::started(kind, 4, 8);
    cluster.run_for(3000);
    cluster.faults.far = [0].into();
    for n in 0..4 {
        cluster.submit(n, &value(n));
    }
    cluster.run_until("the majority goes on", 120, |cluster| cluster.have(&[1, 2, 3], 3));
    cluster.run_for(5000);
    assert!(!cluster.have(&[0], 1));
    cluster.faults.far = [2, 3].into();
    cluster.run_for(5000);
    cluster.assert_agreement();
    cluster.faults.far.clear();
    cluster.run_until("all values", 240, |cluster| cluster.have(&[0, 1, 2, 3], 4));
    cluster.assert_agreement();
}

/// Bytes that mean nothing, from members and at any length, stop nobody.
fn bears_garbage(kind: &dyn Kind) {
    let mut cluster = Cluster::started(kind, 4, 9);
    let mut random = Random(10);
    cluster.submit(3, &value(0));
    for _ in 0..300 {
        let length = random.below(80);
        let mut bytes: Vec<u8> = (0..length).map(|_| random.next().to_le_bytes()[0]).collect();
        if let Some(first) = bytes.first_mut() {
            *first = 1;
        }
        let from = chrysalis_consensus::PeerId(99);
        let input = chrysalis_consensus::engine::EngineInput::Message { from, bytes: bytes.into() };
        cluster.give(usize::try_from(random.below(4)).unwrap(), input);
        cluster.run_for(5);
    }
    cluster.run_until("the value", 60, |cluster| cluster.have(&[0, 1, 2, 3], 1));
    cluster.assert_agreement();
}

/// A full disk makes a member silent, and it comes back by itself when there is room.
fn bears_a_full_disk(kind: &dyn Kind) {
    let mut cluster = Cluster::started(kind, 4, 11);
    cluster.submit(0, &value(0));
    cluster.run_until("the first value", 60, |cluster| cluster.have(&[0, 1, 2, 3], 1));
    let disk = cluster.members[2].disk.clone();
    disk.set_capacity(Some(disk.used()));
    let mut submitted = 1;
    while !cluster.members[2].engine.as_ref().unwrap().status().is_stalled {
        cluster.submit(0, &[value(submitted), vec![7; 20_000]].concat());
        submitted += 1;
        cluster.run_for(1000);
        assert!(submitted < 200, "never full");
    }
    cluster.submit(0, b"while one is full");
    cluster.run_until("values without one member", 120, |cluster| cluster.have(&[0, 1, 3], submitted + 1));
    assert!(!cluster.have(&[2], submitted + 1));
    disk.set_capacity(None);
    cluster.run_until("the member is back", 120, |cluster| cluster.have(&[2], submitted + 1));
    cluster.assert_agreement();
}

/// one seed gives one run, to the last byte that is sent.
fn is_deterministic(kind: &dyn Kind) {
    let run = |seed| {
        let mut cluster = Cluster::started(kind, 4, seed);
        cluster.faults = Faults { lost: 50, doubled: 50, delay: (1, 60), ..Faults::default() };
        (0..6).for_each(|n| cluster.submit(n % 4, &value(n)));
        cluster.run_for(4000);
        cluster.kill(2);
        cluster.run_for(4000);
        cluster.start(2, false);
        cluster.run_for(8000);
        cluster.members.into_iter().map(|member| member.sent).collect::<Vec<_>>()
    };
    let first = run(14);
    assert!(first.iter().all(|sent| sent.len() > 20));
    assert!(first == run(14), "two runs of one seed differ");
}

/// the log is pruned at checkpoints, so that the disk holds as much after many heights as after some; a member
/// restarts from what is left, and one that missed more than is kept is given a state. Checkpoints are five heights apart.
fn prunes_its_log(kind: &dyn Kind) {
    let mut cluster = Cluster::started(kind, 4, 15);
    let submit = |cluster: &mut Cluster<'_>, from: usize, until: usize| {
        for n in from..until {
            cluster.submit(n % 4, &[value(n), vec![7; 4000]].concat());
            cluster.run_until("a value", 60, |cluster| cluster.have(&[0, 1, 2, 3], n + 1));
        }
    };
    submit(&mut cluster, 0, 20);
    let mut early = 0;
    for n in 20..40 {
        submit(&mut cluster, n, n + 1);
        early = cluster.members.iter().map(|member| member.disk.used()).max().unwrap().max(early);
    }
    for n in 40..120 {
        submit(&mut cluster, n, n + 1);
        let used = cluster.members.iter().map(|member| member.disk.used()).max().unwrap();
        assert!(used <= early * 3 / 2, "{used} bytes after {n} values, {early} after 40");
    }
    // All restart from what is left.
    (0..4).for_each(|n| cluster.kill(n));
    (0..4).for_each(|n| cluster.start(n, false));
    submit(&mut cluster, 120, 124);
    cluster.assert_agreement();
    // One falls behind by more than is kept.
    cluster.kill(3);
    for n in 124..170 {
        cluster.submit(0, &value(n));
        cluster.run_until("a value without it", 60, |cluster| cluster.have(&[0, 1, 2], n + 1));
    }
    cluster.start(3, false);
    cluster.run_until("the member is back", 120, |cluster| cluster.have(&[3], 170));
    assert!(cluster.installed.contains(&3), "it executed what nobody keeps");
    cluster.kill(3);
    cluster.start(3, false);
    // It counts again: with another one away, the others need it.
    cluster.kill(0);
    cluster.submit(1, b"needs all three");
    cluster.run_until("with the member that was back", 120, |cluster| cluster.have(&[1, 2, 3], 171));
    cluster.assert_agreement();
    assert!(cluster.punished.is_empty(), "{:?}", cluster.punished);
}

macro_rules! conformance {
    ($name:ident, $kind:expr) => {
        mod $name {
            #[allow(unused_imports, reason = "each kind uses what it needs")]
            use super::*;

            #[test]
            fn orders_values() {
                super::orders_values(&$kind);
            }

            #[test]
            fn bears_a_bad_network() {
                super::bears_a_bad_network(&$kind);
            }

            #[test]
            fn bears_a_crash() {
                super::bears_a_crash(&$kind);
            }

            #[test]
            fn r_16_bears_a_restart_of_all() {
                super::bears_a_restart_of_all(&$kind);
            }

            #[test]
            fn bears_a_partition() {
                super::bears_a_partition(&$kind);
            }

            #[test]
            fn bears_garbage() {
                super::bears_garbage(&$kind);
            }

            #[test]
            fn r_11_bears_a_full_disk() {
                super::bears_a_full_disk(&$kind);
            }

            #[test]
            fn r_50_is_deterministic() {
                super::is_deterministic(&$kind);
            }
        }
    };
}

conformance!(tendermint, Tendermint { checkpoint_interval: 1000 });
conformance!(tendermint_with_many_checkpoints, Tendermint { checkpoint_interval: 3 });
#[cfg(feature = "malachite")]
conformance!(malachite, members::Malachite { checkpoint_interval: 1000 });
#[cfg(feature = "malachite")]
conformance!(malachite_with_many_checkpoints, members::Malachite { checkpoint_interval: 3 });
#[cfg(feature = "raft")]
conformance!(raft, members::Raft { checkpoint_interval: 1000 });
#[cfg(feature = "raft")]
conformance!(raft_with_many_checkpoints, members::Raft { checkpoint_interval: 3 });

/// What only some intervals show, for each engine.
macro_rules! checkpoints {
    ($name:ident, $kind:ident) => {
        mod $name {
            use super::members::$kind;
            use super::{far_behind, members_change, prunes_its_log};

            #[test]
            fn r_11_the_log_is_pruned() {
                prunes_its_log(&$kind { checkpoint_interval: 5 });
            }

            #[test]
            fn r_14_a_member_far_behind_takes_the_state_of_others() {
                far_behind(&$kind { checkpoint_interval: 5 });
            }

            #[test]
            fn r_15_members_come_and_go_by_decisions() {
                members_change(&$kind { checkpoint_interval: 1000 });
            }

            #[test]
            fn r_15_members_come_and_go_across_checkpoints() {
                members_change(&$kind { checkpoint_interval: 4 });
            }
        }
    };
}

checkpoints!(tendermint_checkpoints, Tendermint);
#[cfg(feature = "malachite")]
checkpoints!(malachite_checkpoints, Malachite);
#[cfg(feature = "raft")]
checkpoints!(raft_checkpoints, Raft);

/// a member that missed more than is kept fetches a checkpoint from the others.
fn far_behind(kind: &dyn Kind) {
    let mut cluster = Cluster::started(kind, 4, 12);
    cluster.run_for(2000);
    cluster.kill(3);
    for n in 0..40 {
        cluster.submit(0, &value(n));
    }
    cluster.run_until("values without one member", 600, |cluster| cluster.have(&[0, 1, 2], 40));
    let executed = cluster.members[3].app.book().executed;
    cluster.start(3, false);
    cluster.run_until("the member is back", 120, |cluster| cluster.have(&[3], 40));
    cluster.assert_agreement();
    assert!(executed < 10);
    // It votes again: with another member gone, the others need it.
    cluster.kill(0);
    cluster.submit(1, b"needs all three");
    cluster.run_until("with the member that was back", 120, |cluster| cluster.have(&[1, 2, 3], 41));
    cluster.assert_agreement();
    cluster.kill(3);
    cluster.start(3, false);
    cluster.start(0, false);
    cluster.submit(3, b"and again");
    cluster.run_until("after another restart", 120, |cluster| cluster.have(&[0, 1, 2, 3], 42));
    cluster.assert_agreement();
}

/// members come and go by decisions, across restarts.
fn members_change(kind: &dyn Kind) {
    let mut cluster = Cluster::started(kind, 5, 13);
    cluster.submit(0, b"members 0123");
    cluster.run_until("the change", 60, |cluster| cluster.have(&[0, 1, 2, 3, 4], 1));
    cluster.run_for(20_000);
    (0..4).for_each(|n| cluster.kill(n));
    (0..4).for_each(|n| cluster.start(n, false));
    // Of four members one may be gone; of five, with the removed one silent, it could not.
    cluster.kill(4);
    cluster.kill(3);
    cluster.submit(0, &value(1));
    cluster.run_until("without the removed one", 120, |cluster| cluster.have(&[0, 1, 2], 2));
    cluster.start(3, false);
    cluster.start(4, false);
    cluster.submit(1, b"members 01234");
    cluster.run_until("it is back", 240, |cluster| cluster.have(&[0, 1, 2, 3, 4], 3));
    cluster.run_for(10_000);
    cluster.submit(4, &value(4));
    cluster.run_until("its value", 120, |cluster| cluster.have(&[0, 1, 2, 3, 4], 4));
    cluster.assert_agreement();
}

/// Of five members two may stop, which no engine that bears lies can promise; of three that are away nobody goes on.
#[cfg(feature = "raft")]
#[test]
fn r_51_a_raft_bears_that_less_than_half_are_away() {
    use chrysalis_consensus::engine::FaultModel;
    let kind = members::Raft { checkpoint_interval: 1000 };
    let mut cluster = Cluster::started(&kind, 5, 16);
    assert_eq!(cluster.fault_model(), FaultModel::Crash);
    cluster.submit(0, &value(0));
    cluster.run_until("the first value", 60, |cluster| cluster.have(&[0, 1, 2, 3, 4], 1));
    cluster.kill(3);
    cluster.kill(4);
    cluster.submit(0, &value(1));
    cluster.run_until("with three", 60, |cluster| cluster.have(&[0, 1, 2], 2));
    cluster.kill(2);
    cluster.submit(0, &value(2));
    cluster.run_for(30_000);
    assert!(!cluster.have(&[0], 3) && !cluster.have(&[1], 3));
    cluster.start(3, false);
    cluster.run_until("with three again", 60, |cluster| cluster.have(&[0, 1, 3], 3));
    cluster.assert_agreement();
}

/// A value that the application refuses is decided as the empty one, on all members, across restarts.
#[cfg(feature = "raft")]
#[test]
fn r_0a_a_raft_executes_no_value_that_is_refused() {
    let kind = members::Raft { checkpoint_interval: 4 };
    let mut cluster = Cluster::started(&kind, 3, 17);
    for n in 0..10 {
        cluster.submit(n % 3, format!("bad {n}").as_bytes());
        cluster.submit(n % 3, &value(n));
    }
    cluster.run_until("the others", 60, |cluster| cluster.have(&[0, 1, 2], 10));
    (0..3).for_each(|n| cluster.kill(n));
    (0..3).for_each(|n| cluster.start(n, false));
    cluster.submit(0, b"last");
    cluster.run_until("the last", 60, |cluster| cluster.have(&[0, 1, 2], 11));
    cluster.assert_agreement();
}
