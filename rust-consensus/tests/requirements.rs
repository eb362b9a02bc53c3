//! The requirements of the core that no other test is named after, one test each; `tests/coverage.rs` holds that none lacks one.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod common;
mod members;

use std::collections::BTreeMap;

use chrysalis_consensus::VoteKind::{Precommit, Prevote};
use chrysalis_consensus::{
    ChainId, Config, Digest, Ed25519, Effect, Epoch, Evidence, Height, Input, Json, Message, PeerId, Round,
    Timeout, Value, Vote,
};
use common::{
    Bench, Net, Node, chain, commit, decisions, digest, precommit, prevote, proofs, proposal, set, signer,
    value, vote, votes,
};
use members::{Cluster, Random, Tendermint};

/// Gives four members whatever was said, and whatever timer was set, in any order, as often as chance wants it, or never.
fn disorder(seed: u64, heights: &mut BTreeMap<Height, Digest>) {
    let mut random = Random(seed);
    let new = |number| Node::new(Config::new(chain()), set(&[1; 4]), Some(signer(number))).unwrap();
    let mut nodes: Vec<_> = (0..4).map(new).collect();
    let mut pool: Vec<(usize, Input<_>)> = (0..4).map(|node| (node, Input::Start)).collect();
    for _ in 0..600 {
        if pool.is_empty() {
            break;
        }
        let place = usize::try_from(random.below(pool.len() as u64)).unwrap();
        let (to, input) = pool[place].clone();
        let is_repeatable = matches!(input, Input::Message { .. } | Input::Timeout(_));
        if !(is_repeatable && random.below(4) == 0) {
            pool.swap_remove(place);
        }
        if is_repeatable && random.below(10) == 0 {
            continue;
        }
        // Whoever was not begun takes no input.
        let Ok(effects) = nodes[to].handle(input.clone()) else {
            pool.push((to, input));
            continue;
        };
        for effect in effects {
            match effect {
                Effect::Broadcast(bytes) => {
                    let from = PeerId(to as u64);
                    let others = (0..4).filter(|other| *other != to);
                    pool.extend(others.map(|other| (other, Input::Message { from, bytes: bytes.clone() })));
                }
                Effect::SendTo { peer, bytes } => {
                    let from = PeerId(to as u64);
                    pool.push((usize::try_from(peer.0).unwrap(), Input::Message { from, bytes }));
                }
                Effect::Schedule { timeout, .. } => pool.push((to, Input::Timeout(timeout))),
                Effect::GetValue { height, round } => {
                    let value = value(&format!("{height} {round} {to}"));
                    pool.push((to, Input::Value { height, round, value }));
                }
                Effect::Validate { height, digest, .. } => {
                    pool.push((to, Input::Validated { height, digest, valid: true }));
                }
                Effect::Decide(decision) => {
                    let height = decision.height;
                    let found = decision.certificate.digest();
                    assert_eq!(*heights.entry(height).or_insert(found), found, "seed {seed}");
                    pool.push((to, Input::Executed { height, validators: None }));
                }
                _ => {}
            }
        }
    }
}

/// no order of messages and timers, no loss and no repetition makes two members decide differently: the core has no clock, and
/// a timer may run out at any time.
#[test]
fn r_01_no_timing_breaks_agreement() {
    let mut decided = 0;
    for seed in 0..150 {
        let mut heights = BTreeMap::new();
        disorder(seed, &mut heights);
        decided += heights.len();
    }
    println!("{decided} heights decided in 150 disorders");
    assert!(decided > 20, "too few to mean anything");
}

/// no decision without a certificate, and the certificate proves it to whoever has the validators and nothing else.
#[test]
fn r_03_every_decision_has_a_certificate_that_convinces_others() {
    let mut net = Net::new(&[1; 4], &Config::new(chain()));
    net.run(5);
    let set = set(&[1; 4]);
    for decision in net.decided.iter().flatten() {
        let bytes = decision.certificate.to_bytes();
        let certificate = chrysalis_consensus::CommitCertificate::from_bytes(&bytes).unwrap();
        assert_eq!(certificate.verify(&chain(), &set), Ok(()));
        assert_eq!(certificate.digest(), Digest::of(&decision.value.encode()));
        assert!(certificate.signers().count() >= 3);
    }
    // Two of four are no quorum, and three signatures of another value prove nothing about this one.
    assert_eq!(
        commit(4, 1, 0, "a", &[0, 1]).verify(&chain(), &set).unwrap_err().code(),
        "consensus/bad-proof"
    );
    let mut bytes = commit(4, 1, 0, "a", &[0, 1, 2]).to_bytes();
    let place = bytes.windows(32).position(|window| window == digest("a").0).unwrap();
    bytes[place..place + 32].copy_from_slice(&digest("b").0);
    let forged = chrysalis_consensus::CommitCertificate::from_bytes(&bytes).unwrap();
    assert_eq!(forged.verify(&chain(), &set).unwrap_err().code(), "consensus/bad-signature");
}

/// heights are proposed and decided before earlier ones are executed, as many as the window allows: 8 by default.
#[test]
fn r_04_heights_run_ahead_of_execution_as_far_as_the_window() {
    for (window, expected) in [(None, 8), (Some(1), 1), (Some(3), 3)] {
        let mut config = Config::new(chain());
        config.window = window.unwrap_or(config.window);
        let mut net = Net::new(&[1; 4], &config);
        net.executes = false;
        net.run(20);
        assert!(net.decided.iter().all(|decided| decided.len() == expected), "window {window:?}");
        // Executing one opens one more.
        (0..4).for_each(|n| net.push(n, Input::Executed { height: Height(1), validators: None }));
        net.run(20);
        assert!(net.decided.iter().all(|decided| decided.len() == expected + 1), "window {window:?}");
    }
}

/// a signature is over chain, epoch, height, round, kind and digest; what is not signed, not by a validator, of another epoch or
/// out of reach counts nowhere.
#[test]
fn r_05_only_signed_statements_of_this_chain_epoch_and_place_count() {
    let good = vote(1, 1, 0, Precommit, Some("a"));
    let changed = [
        Vote { epoch: Epoch(1), ..good.clone() },
        Vote { height: Height(2), ..good.clone() },
        Vote { round: Round(1), ..good.clone() },
        Vote { kind: Prevote, ..good.clone() },
        Vote { digest: Some(digest("b")), ..good.clone() },
        Vote { digest: None, ..good.clone() },
        Vote { validator: 2, ..good.clone() },
    ];
    let set = set(&[1; 4]);
    let holds = |vote: &Vote, chain: &ChainId| vote.verify(chain, &set, &Ed25519).is_ok();
    assert!(holds(&good, &chain()));
    assert!(!holds(&good, &ChainId::new("another").unwrap()));
    assert!(changed.iter().all(|vote| !holds(vote, &chain())));
    // A node that hears nothing else decides nothing, whatever peer it comes from.
    let mut bench = Bench::new(0, 4);
    bench.message(&proposal(&set, 0, "a"));
    for (peer, vote) in (1..).zip(&changed) {
        let effects = bench.message_of(peer, &Message::Vote(vote.clone()));
        assert!(decisions(&effects).is_empty() && votes(&effects).is_empty());
    }
    let far = Message::Vote(vote(1, 1 << 40, 0, Precommit, Some("a")));
    assert!(matches!(bench.message_of(50, &far)[..], [Effect::Behind { .. }]));
    for number in [2, 3] {
        bench.message_of(60, &precommit(number, 0, Some("a")));
    }
    assert_eq!(bench.node.height(), Height(1));
    assert_eq!(decisions(&bench.message_of(61, &Message::Vote(good))).len(), 1);
}

/// one encoding of everything, versioned and bounded, and JSON values are made canonical before they are hashed.
#[test]
fn r_08_there_is_one_encoding_of_everything() {
    let messages = [
        prevote(1, 3, None),
        proposal(&set(&[1; 4]), 0, "a"),
        Message::Decision { certificate: commit(4, 1, 0, "a", &[0, 1, 2]), value: b"a".to_vec() },
    ];
    for message in messages {
        let bytes = message.to_bytes();
        assert_eq!(Message::from_bytes(&bytes).unwrap().to_bytes(), bytes);
        assert!((0..bytes.len()).all(|length| Message::from_bytes(&bytes[..length]).is_err()));
        assert!(Message::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
        let later = [&[bytes[0] + 1][..], &bytes[1..]].concat();
        assert_eq!(Message::from_bytes(&later).unwrap_err().code(), "consensus/unsupported-version");
    }
    let of = |text: &str| Digest::of(&Json::new(text).unwrap().encode());
    assert_eq!(of("{\"b\":1.0,\"a\":[ 1e1 ]}"), of(" { \"a\" : [10] , \"b\" : 1 } "));
    assert_ne!(of("{\"a\":1}"), of("{\"a\":2}"));
}

/// two statements that contradict each other are a record that anybody can verify; it goes round, comes with the decision and stops
/// nothing.
#[test]
fn r_09_equivocation_is_proved_passed_on_and_stops_nothing() {
    let (mut bench, mut other) = (Bench::new(0, 4), Bench::new(2, 4));
    let set = bench.set.clone();
    bench.messages(&[proposal(&set, 0, "a"), prevote(3, 0, Some("a"))]);
    let effects = bench.message(&prevote(3, 0, None));
    let proof = proofs(&effects).remove(0);
    let read = Evidence::from_bytes(&proof.to_bytes()).unwrap();
    assert_eq!((read.validator(), read.verify(&chain(), &set)), (3, Ok(())));
    // Nobody is accused by what it did not sign.
    let forged = Vote { signature: [7; 64], ..vote(1, 1, 0, Prevote, None) };
    let false_proof = Evidence::of_votes(&vote(1, 1, 0, Prevote, Some("a")), &forged).unwrap();
    assert!(false_proof.verify(&chain(), &set).is_err());
    // Another member takes it, and delivers it with its decision.
    assert_eq!(proofs(&other.message(&Message::Evidence(read))), std::slice::from_ref(&proof));
    let votes = [1, 3].map(|number| precommit(number, 0, Some("a")));
    other.messages([&proposal(&set, 0, "a")]);
    let effects = other.messages([&precommit(0, 0, Some("a")), &votes[0], &votes[1]]);
    assert_eq!(decisions(&effects)[0].evidence, [proof]);
}

/// R-0A: no vote before the application has answered, and nil for what it refuses.
#[test]
fn r_0a_a_value_is_validated_before_the_first_vote() {
    let mut bench = Bench::new(0, 4);
    bench.accepts = false;
    let set = bench.set.clone();
    let effects = bench.message(&proposal(&set, 0, "a"));
    assert!(votes(&effects).is_empty());
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Validate { .. })));
    let refused = Input::Validated { height: Height(1), digest: digest("a"), valid: false };
    assert_eq!(votes(&bench.input(refused)), [(Prevote, 0, None)]);
    // A polka of the others does not make it precommit what its application refuses.
    let effects = bench.messages([1, 2, 3].map(|number| prevote(number, 0, Some("a"))).iter());
    assert!(votes(&effects).iter().all(|(_, _, digest)| digest.is_none()));
}

/// R-52, as far as it is the core's: whoever serves `/health` and `/metrics` asks a member for height, round, epoch, lag and stall.
#[test]
fn r_52_a_member_tells_how_it_is() {
    let mut bench = Bench::new(0, 4);
    assert_eq!((bench.node.executed(), bench.node.number()), (Height(0), Some(0)));
    bench.timeout(Timeout::Propose(Height(1), Round(0)));
    assert_eq!(
        (bench.node.height(), bench.node.round(), bench.node.epoch()),
        (Height(1), Round(0), Epoch(0))
    );
    let kind = Tendermint { checkpoint_interval: 1000 };
    let mut cluster = Cluster::started(&kind, 4, 1);
    cluster.submit(0, b"one");
    let status = |cluster: &Cluster<'_>| cluster.members[0].engine.as_ref().unwrap().status();
    assert_eq!((status(&cluster).executed, status(&cluster).pending), (Height(0), 1));
    cluster.run_until("the value", 60, |cluster| cluster.have(&[0, 1, 2, 3], 1));
    let after = status(&cluster);
    assert!(after.executed > Height(0) && after.pending == 0 && !after.is_stalled);
}
