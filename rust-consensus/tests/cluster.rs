//! Several cores over a network without faults.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use chrysalis_consensus::{Config, Timeout};
use common::{Net, chain, set};

/// E-10: nodes agree by talking to each other; R-03: every decision has a certificate that anybody can check.
#[test]
fn e_10_clusters_of_every_small_size_decide_the_same() {
    for n in 1..=7 {
        let powers = vec![1; n];
        let mut net = Net::new(&powers, &Config::new(chain()));
        net.run(10);
        let set = set(&powers);
        for height in 0..10 {
            let first = &net.decided[0][height];
            assert_eq!(first.height.0, height as u64 + 1);
            for decided in &net.decided {
                assert_eq!(decided[height].value, first.value, "n = {n}");
                assert_eq!(decided[height].certificate.verify(&chain(), &set), Ok(()));
            }
        }
    }
}

/// A silent proposer costs a round.
#[test]
fn a_silent_validator_is_passed_over() {
    let powers = [1; 4];
    let mut net = Net::new(&powers, &Config::new(chain()));
    net.down.insert(usize::from(
        set(&powers).proposer(chrysalis_consensus::Height(1), chrysalis_consensus::Round(0)),
    ));
    net.run(1);
    assert!(net.decided.iter().all(Vec::is_empty));
    net.expire(|node| Timeout::Propose(node.height(), node.round()));
    net.run(1);
    assert_eq!(net.decided.iter().filter(|decided| decided.len() == 1).count(), 3);
    assert!(net.decided.iter().flatten().all(|decision| decision.certificate.round().0 == 1));
}
