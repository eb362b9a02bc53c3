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

/// The first description's calls: propose, handle a message, is it decided.
#[test]
fn the_facade_drives_a_cluster() {
    use chrysalis_consensus::{Effect, Height, Input, Message, Round, SignedMessage};
    use common::{Node, digest, signer, value};

    let set = set(&[1; 4]);
    let mut nodes: Vec<_> = (0..4)
        .map(|number| Node::new(Config::new(chain()), set.clone(), Some(signer(number))).unwrap())
        .collect();
    for node in &mut nodes {
        node.handle(Input::Start).unwrap();
    }
    let proposer = usize::from(set.proposer(Height(1), Round(0)));
    let refused = nodes[(proposer + 1) % 4].propose(value("a")).unwrap_err();
    assert_eq!(refused.code(), "consensus/invalid-state");
    let proposed = nodes[proposer].propose(value("a")).unwrap();
    assert_eq!((proposed.value, proposed.proposal.digest), (value("a"), digest("a")));
    // Carry out what was queued until nothing is.
    let mut replies = 0;
    for _ in 0..20 {
        for from in 0..4 {
            for effect in nodes[from].take_effects() {
                match effect {
                    Effect::Broadcast(bytes) => {
                        let payload = Message::from_bytes(&bytes).unwrap();
                        let message = SignedMessage { payload, sender: set.validators()[from].id.clone() };
                        assert!(message.signature().is_some());
                        for to in (0..4).filter(|to| *to != from) {
                            replies += usize::from(nodes[to].handle_message(&message).unwrap().is_some());
                        }
                    }
                    Effect::Validate { height, digest, .. } => {
                        let effects =
                            nodes[from].handle(Input::Validated { height, digest, valid: true }).unwrap();
                        for effect in effects {
                            if let Effect::Broadcast(bytes) = effect {
                                let payload = Message::from_bytes(&bytes).unwrap();
                                let sender = set.validators()[from].id.clone();
                                let message = SignedMessage { payload, sender };
                                for to in (0..4).filter(|to| *to != from) {
                                    replies +=
                                        usize::from(nodes[to].handle_message(&message).unwrap().is_some());
                                }
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    assert!(replies > 0);
    assert!(nodes.iter().all(|node| node.is_decided() == Some(&value("a"))));
    let (_, certificate) = nodes[0].decision().unwrap();
    assert_eq!(certificate.verify(&chain(), &set), Ok(()));
    let forged = SignedMessage {
        payload: Message::Vote(chrysalis_consensus::Vote {
            signature: [9; 64],
            ..common::vote(1, 2, 90, chrysalis_consensus::VoteKind::Prevote, None)
        }),
        sender: set.validators()[1].id.clone(),
    };
    assert_eq!(nodes[0].handle_message(&forged).unwrap_err().code(), "consensus/bad-signature");
}

/// Without configuration there is a node that agrees with itself and refuses to talk.
#[test]
fn a_development_instance_is_alone() {
    use chrysalis_consensus::{Input, PeerId};
    use common::{Node, value};

    let mut node = Node::make_development().unwrap();
    let _ = node.take_effects();
    node.propose(value("a")).unwrap();
    assert_eq!(node.is_decided(), Some(&value("a")));
    let message = Input::Message { from: PeerId(1), bytes: vec![1; 30].into() };
    assert_eq!(node.handle(message).unwrap_err().code(), "consensus/invalid-state");
}

/// a decision costs each node the check of one proposal and of two quorums, in three calls.
#[test]
fn r_07_a_decision_costs_two_batches() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use chrysalis_consensus::{Check, Ed25519, Verifier};

    #[derive(Default)]
    struct Counted {
        calls: AtomicUsize,
        checks: AtomicUsize,
    }

    impl Verifier for Counted {
        fn verify(&self, checks: &[Check<'_>]) -> Vec<bool> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            self.checks.fetch_add(checks.len(), Ordering::Relaxed);
            Ed25519.verify(checks)
        }
    }

    let counted = Arc::new(Counted::default());
    let mut config = Config::new(chain());
    config.dangerous_verifier = Some(counted.clone());
    let (n, heights) = (31, 8);
    let mut net = Net::new(&vec![1; n], &config);
    net.run(heights);
    let decisions: usize = net.decided.iter().map(Vec::len).sum();
    let quorum = 21;
    let (calls, checks) = (counted.calls.load(Ordering::Relaxed), counted.checks.load(Ordering::Relaxed));
    // The next height is under way when the last one is decided everywhere.
    let begun = decisions + n;
    assert!(checks <= begun * (2 * (quorum - 1) + 1), "{checks} for {decisions}");
    assert!(calls <= begun * 3, "{calls} for {decisions}");
}
