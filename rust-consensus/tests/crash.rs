//! A member is stopped at every operation of its disk, with every kind of loss, and comes back; it never signs two
//! messages that contradict each other, and the cluster goes on.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod members;
mod support;

use std::collections::BTreeMap;

use chrysalis_consensus::{ConsensusError, Digest, Height, Message, Round};
use chrysalis_journal::sim::Survival;
use members::{Cluster, Kind, Member, Tendermint};

/// What members said, whoever passed it on: each at most one thing per height, round and kind. Gives how many statements
/// there are.
fn assert_no_contradiction(members: &[Member], what: &str) -> usize {
    let mut said: BTreeMap<(u16, Height, Round, u8), Option<Digest>> = BTreeMap::new();
    for bytes in members.iter().flat_map(|member| &member.sent) {
        let (key, digest) = match Message::from_bytes(bytes) {
            Ok(Message::Vote(vote)) => {
                ((vote.validator, vote.height, vote.round, vote.kind as u8), vote.digest)
            }
            Ok(Message::Proposal { proposal, .. }) => {
                ((proposal.validator, proposal.height, proposal.round, 0), Some(proposal.digest))
            }
            _ => continue,
        };
        let first = *said.entry(key).or_insert(digest);
        assert_eq!(first, digest, "{what}: {key:?} was signed twice");
    }
    said.len()
}

/// Three members that are fine, and one whose power goes after so many operations of its disk.
fn life(kind: &dyn Kind, operations: u64, survival: Survival, seed: u64) -> usize {
    let what = format!("power cut at operation {operations}, {survival:?}, seed {seed}");
    let mut cluster = Cluster::new(kind, 4, seed);
    cluster.members[0].disk.power_off_after(operations);
    (0..4).for_each(|n| cluster.start(n, true));
    for n in 0..4u8 {
        cluster.submit(n.into(), &[n]);
    }
    // Its own values differ in every life, so that it would say something else if it forgot.
    cluster.run_for(1200 + seed % 700);
    let member = &mut cluster.members[0];
    if let Some(failure) = member.failure.take() {
        assert!(matches!(failure, ConsensusError::Journal(_)), "{what}: {failure}");
    }
    member.engine = None;
    member.disk = member.disk.power_cut(survival);
    cluster.start(0, true);
    cluster.submit(0, b"a second life");
    cluster.run_for(700);
    cluster.kill(0);
    cluster.start(0, true);
    cluster.submit(0, b"a third life");
    let all = [0, 1, 2, 3];
    cluster.run_until(&what, 120, |cluster| cluster.values(1).iter().any(|value| value == b"a third life"));
    cluster.run_until(&what, 120, |cluster| {
        let most = all.iter().map(|n| cluster.values(*n).len()).max().unwrap();
        cluster.have(&all, most)
    });
    cluster.assert_agreement();
    assert_no_contradiction(&cluster.members, &what)
}

/// `CHRYSALIS_HISTORIES` lives from `CHRYSALIS_FIRST_SEED` on.
#[test]
fn r_10_no_crash_makes_a_member_sign_twice() {
    assert!(lives(&Tendermint { checkpoint_interval: 2 }) > 100);
}

#[cfg(feature = "malachite")]
#[test]
fn r_10_no_crash_makes_a_member_with_the_other_core_sign_twice() {
    assert!(lives(&members::Malachite { checkpoint_interval: 2 }) > 100);
}

/// Its messages are no statements for ever; what it must not do is to execute something else than the others.
#[cfg(feature = "raft")]
#[test]
fn r_10_no_crash_makes_a_member_of_a_raft_forget() {
    lives(&members::Raft { checkpoint_interval: 2 });
}

fn lives(kind: &dyn Kind) -> usize {
    let first = support::number("CHRYSALIS_FIRST_SEED", 0);
    let runs = support::number("CHRYSALIS_HISTORIES", 24);
    let (mut said, stride) = (0, if runs < 260 { 11 } else { 1 });
    for run in first..first + runs {
        let operations = run * stride % 260;
        let survival = match run % 4 {
            0 => Survival::Synced,
            1 => Survival::All,
            _ => Survival::Random(run),
        };
        said += life(kind, operations, survival, run);
    }
    println!(
        "soak: {runs} lives of a member that loses power at an operation of its disk, {said} statements"
    );
    said
}
