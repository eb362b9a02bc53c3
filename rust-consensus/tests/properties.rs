//! Laws that hold whatever is sent, in whatever order, with whatever crashes. A failure prints its seed.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use chrysalis_consensus::VoteKind::{self, Precommit, Prevote};
use chrysalis_consensus::{
    CommitCertificate, Config, ConsensusError, Effect, Evidence, Height, Input, LogRecord, Message, Round,
    Timeout, Vote,
};
use common::*;
use proptest::prelude::*;

fn texts() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![Just(None), Just(Some("a")), Just(Some("b"))]
}

fn kinds() -> impl Strategy<Value = VoteKind> {
    prop_oneof![Just(Prevote), Just(Precommit)]
}

/// What may happen to a node.
#[derive(Clone, Debug)]
enum Step {
    Vote { validator: u16, round: u32, kind: VoteKind, text: Option<&'static str>, forged: bool },
    Proposal { round: u32, text: &'static str, valid_round: Option<u32> },
    Timeout { kind: u8 },
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let vote = (0u16..4, 0u32..4, kinds(), texts(), prop::bool::weighted(0.05)).prop_map(
        |(validator, round, kind, text, forged)| Step::Vote { validator, round, kind, text, forged },
    );
    let proposal = (0u32..4, prop_oneof![Just("a"), Just("b")], prop::option::weighted(0.3, 0u32..3))
        .prop_map(|(round, text, valid_round)| Step::Proposal { round, text, valid_round });
    let step = prop_oneof![
        10 => vote,
        4 => proposal,
        3 => (0u8..4).prop_map(|kind| Step::Timeout { kind }),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 0..60)
}

/// All that a node has signed; panics when two contradict each other.
#[derive(Default)]
struct Signed {
    votes: Vec<Vote>,
    proposals: Vec<chrysalis_consensus::Proposal>,
}

impl Signed {
    fn note(&mut self, effects: &[Effect<chrysalis_consensus::Bytes>]) {
        for message in said(effects) {
            match message {
                Message::Vote(vote) => {
                    assert!(self.votes.iter().all(|other| Evidence::of_votes(other, &vote).is_none()));
                    self.votes.push(vote);
                }
                Message::Proposal { proposal, .. } => {
                    let contradicts = |other| Evidence::of_proposals(other, &proposal).is_some();
                    assert!(!self.proposals.iter().any(contradicts));
                    self.proposals.push(proposal);
                }
                _ => {}
            }
        }
    }
}

/// Validator 0 of four, through these steps. Answers what the application is asked.
fn drive(steps: &[Step]) -> (Bench, Signed) {
    let mut bench = Bench::new(0, 4);
    let mut signed = Signed::default();
    let set = bench.set.clone();
    for step in steps {
        let effects = match step.clone() {
            Step::Vote { validator, round, kind, text, forged } => {
                // What the own key signs is the node's business.
                let validator = validator.max(1);
                let mut vote = vote(validator, 1, round, kind, text);
                if forged {
                    vote.signature[0] ^= 1;
                }
                bench.message_of(u64::from(validator) + if forged { 10 } else { 0 }, &Message::Vote(vote))
            }
            Step::Proposal { round, text, valid_round } => {
                let proposer = set.proposer(Height(1), Round(round));
                let valid_round = valid_round.filter(|valid| *valid < round);
                if proposer == 0 {
                    continue;
                }
                let message = Message::Proposal {
                    proposal: proposal_of(proposer, 1, round, valid_round, text),
                    polka: valid_round.map(|valid| polka(4, valid, text, &[1, 2, 3])),
                    value: text.as_bytes().to_vec(),
                };
                bench.message(&message)
            }
            Step::Timeout { kind } => {
                let (height, round) = (bench.node.height(), bench.node.round());
                bench.timeout(match kind {
                    0 => Timeout::Propose(height, round),
                    1 => Timeout::Prevote(height, round),
                    2 => Timeout::Precommit(height, round),
                    _ => Timeout::Resend,
                })
            }
            Step::Restart => {
                bench = bench.restart(0);
                bench.input(Input::Start)
            }
        };
        let mut asked = Vec::new();
        for effect in &effects {
            if let Effect::GetValue { height, round } = effect {
                asked.push((*height, *round));
            }
        }
        signed.note(&effects);
        for (height, round) in asked {
            let effects = bench.input(Input::Value { height, round, value: value("c") });
            signed.note(&effects);
        }
    }
    (bench, signed)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// whatever is sent and whenever the node restarts, it signs no two votes and no two proposals that contradict
    /// each other, and precommits only what it then can prove.
    #[test]
    fn a_node_never_contradicts_itself(steps in steps()) {
        let (bench, signed) = drive(&steps);
        for vote in &signed.votes {
            if let (Precommit, Some(digest)) = (vote.kind, vote.digest) {
                let proved = bench.log.iter().any(|record| matches!(
                    record,
                    LogRecord::Valid(polka) if polka.round() == vote.round && polka.digest() == digest
                ));
                prop_assert!(proved);
            }
        }
        for record in &bench.log {
            if let LogRecord::Decided(certificate) = record {
                prop_assert_eq!(certificate.verify(&chain(), &bench.set), Ok(()));
            }
        }
    }

    /// A restarted node is where the log says: the same lock and valid value, and a round and step that it has spoken in.
    #[test]
    fn a_restart_loses_nothing_that_was_said(steps in steps()) {
        let (bench, _) = drive(&steps);
        let again = bench.restart(0);
        prop_assert_eq!(again.node.height(), bench.node.height());
        prop_assert_eq!(again.node.locked(), bench.node.locked());
        prop_assert_eq!(again.node.valid(), bench.node.valid());
        prop_assert!(again.node.round() <= bench.node.round());
        if again.node.round() == bench.node.round() {
            prop_assert_eq!(again.node.step(), bench.node.step());
        }
    }

    /// The order in which messages come changes no decision.
    #[test]
    fn the_order_of_messages_changes_no_decision(
        order in Just((0usize..7).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let mut bench = Bench::new(0, 4);
        let set = bench.set.clone();
        let mut messages = vec![proposal(&set, 0, "a")];
        for number in 1..4 {
            messages.push(prevote(number, 0, Some("a")));
            messages.push(precommit(number, 0, Some("a")));
        }
        let effects: Vec<_> = order.iter().flat_map(|place| bench.message(&messages[*place])).collect();
        let decided = decisions(&effects);
        prop_assert_eq!(decided.len(), 1);
        prop_assert_eq!(&decided[0].value, &value("a"));
        prop_assert_eq!(decided[0].certificate.verify(&chain(), &set), Ok(()));
    }

    /// Two quorums share more power than may lie, and so do a quorum and what is left without the liars.
    #[test]
    fn quorums_intersect_in_a_correct_validator(powers in prop::collection::vec(1u64..1 << 40, 1..20)) {
        let set = set(&powers);
        let (total, quorum) = (set.total_power(), set.quorum_power());
        prop_assert!(2 * quorum - total > set.faulty_power());
        prop_assert!(total - set.faulty_power() >= quorum);
        prop_assert!(set.progress_power() > set.faulty_power());
    }

    /// Everybody has a turn in a cycle, and about as many as its power says.
    #[test]
    fn turns_follow_power(powers in prop::collection::vec(1u64..50, 1..12)) {
        let set = set(&powers);
        let mut turns = vec![0u64; powers.len()];
        let cycle = 8 * powers.len() as u64 * set.total_power();
        for height in 0..cycle {
            turns[usize::from(set.proposer(Height(height), Round(0)))] += 1;
        }
        for (turns, power) in turns.iter().zip(&powers) {
            let fair = cycle * power / set.total_power();
// Rounding gives the weak one turn in a cycle of about eight for each validator.
            let rounded = 2 * set.total_power();
            prop_assert!(*turns > 0 && *turns <= fair * 2 + rounded && *turns * 4 >= fair, "{} {}", turns, fair);
        }
    }

    /// A certificate with any byte changed proves nothing, or does not decode.
    #[test]
    fn a_damaged_certificate_never_proves(at in 0usize..10_000, bit in 0u8..8) {
        let set = set(&[1; 4]);
        let mut bytes = commit(4, 1, 0, "a", &[1, 2, 3]).to_bytes();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(certificate) = CommitCertificate::from_bytes(&bytes) {
            prop_assert!(certificate.verify(&chain(), &set).is_err());
        }
    }

    /// Any order of validators makes the same set, digest and bytes.
    #[test]
    fn sets_do_not_depend_on_order(order in Just((0usize..6).collect::<Vec<_>>()).prop_shuffle()) {
        let validators = validators(&[1, 2, 3, 4, 5, 6]);
        let shuffled = order.into_iter().map(|place| validators[place].clone()).collect();
        let other = chrysalis_consensus::ValidatorSet::new(chrysalis_consensus::Epoch(0), shuffled).unwrap();
        prop_assert_eq!(other.digest(), set(&[1, 2, 3, 4, 5, 6]).digest());
        prop_assert_eq!(
            chrysalis_consensus::ValidatorSet::from_bytes(&other.to_bytes()),
            Ok(other)
        );
    }
}

/// 1,024 validators, and a message of the largest value with the largest proof still fits.
#[test]
fn r_22_the_largest_set_value_and_message() {
    let largest = set(&[1; 1024]);
    assert_eq!(largest.quorum_power(), 683);
    let refused =
        chrysalis_consensus::ValidatorSet::new(chrysalis_consensus::Epoch(0), validators(&[1; 1025]));
    assert_eq!(refused, Err(ConsensusError::TooLarge { what: "validator set", limit: 1024 }));
    let all: Vec<u16> = (0..1024).collect();
    let certificate = commit(1024, 1, 0, "a", &all);
    assert_eq!(certificate.verify(&chain(), &largest), Ok(()));
    let limit = chrysalis_consensus::value::MAX_VALUE_BYTES;
    let mut message = Message::Decision { certificate, value: vec![7; limit] };
    let bytes = message.to_bytes();
    assert!(bytes.len() <= chrysalis_consensus::message::MAX_MESSAGE_BYTES);
    assert_eq!(Message::from_bytes(&bytes).as_ref(), Ok(&message));
    if let Message::Decision { value, .. } = &mut message {
        value.push(7);
    }
    let refused = ConsensusError::TooLarge { what: "message", limit: limit as u64 };
    assert_eq!(Message::from_bytes(&message.to_bytes()), Err(refused));
    let refused = ConsensusError::TooLarge { what: "message", limit: 1 << 20 };
    assert_eq!(Message::from_bytes(&vec![1; (1 << 20) + 1]), Err(refused));
}

/// what a thousand peers and a lying validator send does not make a node grow.
#[test]
fn r_13_a_node_keeps_a_bounded_number_of_things() {
    let mut bench = Bench::new(0, 4);
    let mut longest = 0;
    for n in 0..3000u32 {
        let peer = u64::from(n) + 1000;
        let far = vote(1, 1, 1000 + n, Prevote, Some("a"));
        let mut forged = vote(2, u64::from(n % 20) + 1, n % 7, Precommit, Some("b"));
        forged.signature[1] ^= n.to_le_bytes()[0] | 1;
        bench.message_of(peer, &Message::Vote(far));
        bench.message_of(peer, &Message::Vote(forged));
        if n % 500 == 499 {
            // The size of the state as its debugging hash sees it: count what is hashed.
            let mut counter = Counter(0);
            std::hash::Hash::hash(&bench.node, &mut counter);
            if n < 1500 {
                longest = longest.max(counter.0);
            } else {
                assert!(counter.0 <= longest + longest / 4, "{} after {longest}", counter.0);
            }
        }
    }
    assert_eq!(bench.node.config().chain, Config::new(chain()).chain);
}

/// Counts the bytes that are hashed.
struct Counter(usize);

impl std::hash::Hasher for Counter {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }
}
