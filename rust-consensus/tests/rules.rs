//! Rule by rule, on one node: what it says to what it hears.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use chrysalis_consensus::VoteKind::{Precommit, Prevote};
use chrysalis_consensus::{
    Config, ConsensusError, Effect, Epoch, Height, Input, LogRecord, Message, Offence, Origin, PeerId,
    Proposal, Round, Step, Timeout, ValidatorSet, Vote,
};
use common::*;

const H: Height = Height(1);

fn propose(round: u32) -> Timeout {
    Timeout::Propose(H, Round(round))
}

/// Validator 0 of four equal ones. The proposers of rounds 0, 1, 2, 3 of height 1 are 1, 2, 3, 0.
fn bench() -> Bench {
    Bench::new(0, 4)
}

/// A proposal that comes with a polka of an earlier round.
fn again(round: u32, valid_round: u32, text: &str, signers: &[u16]) -> Message {
    let proposer = set(&[1; 4]).proposer(H, Round(round));
    Message::Proposal {
        proposal: proposal_of(proposer, 1, round, Some(valid_round), text),
        polka: Some(polka(4, valid_round, text, signers)),
        value: text.as_bytes().to_vec(),
    }
}

/// A bench that is locked on `a` in round 0 and has gone to round 1.
fn locked() -> Bench {
    let mut bench = bench();
    let set = bench.set.clone();
    let effects = bench.messages(&[
        proposal(&set, 0, "a"),
        prevote(1, 0, Some("a")),
        prevote(2, 0, Some("a")),
        precommit(2, 0, None),
        precommit(3, 0, None),
    ]);
    assert_eq!(votes(&effects), [(Prevote, 0, Some(digest("a"))), (Precommit, 0, Some(digest("a")))]);
    assert_eq!(bench.node.locked(), Some((Round(0), digest("a"))));
    bench.timeout(Timeout::Precommit(H, Round(0)));
    assert_eq!((bench.node.round(), bench.node.step()), (Round(1), Step::Propose));
    bench
}

/// quorums are the smallest that intersect in a correct validator, and progress needs one.
#[test]
fn a_01_powers_are_the_smallest_that_suffice() {
    for total in 1..=300u64 {
        let set = set(&[total]);
        let (q, p, f) = (set.quorum_power(), set.progress_power(), set.faulty_power());
        assert!(3 * q > 2 * total && 3 * (q - 1) <= 2 * total);
        assert!(3 * p > total && 3 * (p - 1) <= total);
        assert!(total > 3 * f && total < 3 * (f + 1) + 1);
        // Two quorums share more power than may lie.
        assert!(2 * q - total > f);
    }
    let quorums: Vec<_> = (1..=7).map(|n| set(&vec![1; n]).quorum_power()).collect();
    assert_eq!(quorums, [1, 2, 3, 3, 4, 5, 5]);
    assert_eq!(set(&[1; 4]).require_faulty_power(1), Ok(()));
    assert_eq!(
        set(&[1; 3]).require_faulty_power(1),
        Err(ConsensusError::TooFewValidators { requested: 1, bearable: 0 })
    );
}

#[test]
fn a_01_sets_are_checked() {
    let two = validators(&[1, 1]);
    let refused = |validators| {
        assert!(matches!(
            ValidatorSet::new(Epoch(0), validators),
            Err(ConsensusError::InvalidValidatorSet(_))
        ));
    };
    refused(vec![]);
    refused(vec![two[0].clone(), two[0].clone()]);
    let mut same_key = two.clone();
    same_key[1].key = same_key[0].key;
    refused(same_key);
    for (place, power) in [(0, 0), (1, chrysalis_consensus::validator::MAX_TOTAL_POWER)] {
        let mut other = two.clone();
        other[place].power = power;
        refused(other);
    }
    let mut no_key = two.clone();
    no_key[0].key = [0; 32];
    refused(no_key);
    let mut backwards = two.clone();
    backwards.reverse();
    assert_eq!(ValidatorSet::new(Epoch(0), backwards).unwrap(), set(&[1, 1]));
}

/// Power counts, not heads.
#[test]
fn a_01_one_heavy_validator_outweighs_many() {
    let mut bench = Bench::with(2, &[1, 5, 1, 1], Config::new(chain()));
    let set = bench.set.clone();
    let effects = bench.messages(&[proposal(&set, 0, "a"), prevote(1, 0, Some("a"))]);
    // 1 + 5 of 8 is the quorum.
    assert_eq!(votes(&effects).len(), 2);
}

#[test]
fn a_02_turns_go_round_by_power() {
    let equal = set(&[1; 5]);
    let turns: Vec<_> = (0..10).map(|round| equal.proposer(H, Round(round))).collect();
    assert_eq!(turns, [1, 2, 3, 4, 0, 1, 2, 3, 4, 0]);
    assert_eq!(equal.proposer(Height(3), Round(4)), equal.proposer(Height(7), Round(0)));
    // 30 : 10 : 10 is 3 : 1 : 1, spread over a cycle of five.
    let weighted = set(&[30, 10, 10]);
    let turns: Vec<_> = (0..5).map(|height| weighted.proposer(Height(height), Round(0))).collect();
    assert_eq!(turns, [0, 0, 1, 0, 2]);
    // Powers too far apart are rounded, and the smallest still has a turn.
    let extreme = set(&[1_000_000_007, 1, 3]);
    let cycle: Vec<_> = (0..26).map(|height| extreme.proposer(Height(height), Round(0))).collect();
    assert!(cycle.contains(&1) && cycle.contains(&2));
    assert!(extreme.proposer(Height(u64::MAX), Round(u32::MAX)) < 3);
}

/// each part of a statement is under the signature.
#[test]
fn a_03_every_part_of_a_statement_counts() {
    let set = set(&[1; 4]);
    let good = vote(1, 5, 2, Prevote, Some("a"));
    let verify = |vote: &Vote| vote.verify(&chain(), &set, &chrysalis_consensus::Ed25519);
    assert_eq!(verify(&good), Ok(()));
    let changed = [
        Vote { height: Height(6), ..good.clone() },
        Vote { round: Round(3), ..good.clone() },
        Vote { kind: Precommit, ..good.clone() },
        Vote { digest: None, ..good.clone() },
        Vote { digest: Some(digest("b")), ..good.clone() },
        Vote { validator: 2, ..good.clone() },
    ];
    for vote in &changed {
        assert_eq!(verify(vote), Err(ConsensusError::BadSignature));
    }
    let other = chrysalis_consensus::ChainId::new("other").unwrap();
    assert_eq!(good.verify(&other, &set, &chrysalis_consensus::Ed25519), Err(ConsensusError::BadSignature));
    let epoch = Vote { epoch: Epoch(1), ..good.clone() };
    assert_eq!(verify(&epoch), Err(ConsensusError::WrongEpoch { expected: 0, found: 1 }));
    // The epoch is under the signature, too.
    let next = ValidatorSet::new(Epoch(1), validators(&[1; 4])).unwrap();
    assert_eq!(
        epoch.verify(&chain(), &next, &chrysalis_consensus::Ed25519),
        Err(ConsensusError::BadSignature)
    );
    let proposal = proposal_of(1, 1, 2, Some(1), "a");
    let fresh = Proposal { valid_round: None, ..proposal.clone() };
    assert!(proposal.verify(&chain(), &set, &chrysalis_consensus::Ed25519).is_ok());
    assert!(fresh.verify(&chain(), &set, &chrysalis_consensus::Ed25519).is_err());
}

/// what is of no use is dropped, and what is out of reach is reported once.
#[test]
fn a_04_only_what_is_of_use_is_read() {
    let mut bench = bench();
    let far = Message::Vote(vote(1, 10, 0, Prevote, None));
    let effects = bench.messages(&[far.clone(), far.clone()]);
    assert!(matches!(effects[..], [Effect::Behind { peer: PeerId(100), height: Height(10) }]));
    // The head is enough: what follows it is never looked at.
    let mut bytes = far.to_bytes();
    bytes.truncate(22);
    assert!(bench.bytes_of(100, &bytes).is_empty());
    let wrong_epoch = Vote { epoch: Epoch(1), ..vote(1, 1, 0, Prevote, None) };
    assert!(bench.message(&Message::Vote(wrong_epoch)).is_empty());
    // After another interval a claim is passed on again.
    bench.timeout(Timeout::Resend);
    assert!(matches!(bench.message(&far)[..], [Effect::Behind { .. }]));
}

/// forged votes change nothing, and a whole batch with some is sorted out.
#[test]
fn a_05_votes_are_checked_when_they_matter() {
    let mut bench = Bench::new(0, 7);
    let set = bench.set.clone();
    bench.message(&proposal(&set, 0, "a"));
    let forged = |validator: u16| {
        Message::Vote(Vote { signature: [9; 64], ..vote(validator, 1, 0, Prevote, Some("a")) })
    };
    // Own, one true, two forged: nothing could be complete yet, so nothing is checked.
    assert!(bench.message_of(1, &prevote(1, 0, Some("a"))).is_empty());
    assert!(bench.message_of(2, &forged(2)).is_empty());
    assert!(bench.message_of(3, &forged(3)).is_empty());
    // The fifth would complete the quorum: the batch is checked, and the forgers are found.
    let effects = bench.message_of(4, &prevote(4, 0, Some("a")));
    assert_eq!(offences(&effects), [(2, Offence::BadSignature), (3, Offence::BadSignature)]);
    assert!(votes(&effects).is_empty());
    // The true votes of those validators still count.
    assert!(votes(&bench.message_of(5, &prevote(2, 0, Some("a")))).is_empty());
    let effects = bench.message_of(5, &prevote(3, 0, Some("a")));
    assert_eq!(votes(&effects), [(Precommit, 0, Some(digest("a")))]);
}

#[test]
fn a_05_a_forged_vote_keeps_no_true_one_out() {
    let mut bench = bench();
    let forged = Message::Vote(Vote { signature: [9; 64], ..vote(1, 1, 0, Prevote, Some("b")) });
    assert!(bench.message_of(1, &forged).is_empty());
    let effects = bench.message_of(2, &prevote(1, 0, Some("a")));
    assert_eq!(offences(&effects), [(1, Offence::BadSignature)]);
    // And the other way round.
    let forged = Message::Vote(Vote { signature: [9; 64], ..vote(1, 1, 0, Prevote, None) });
    assert_eq!(offences(&bench.message_of(3, &forged)), [(3, Offence::BadSignature)]);
    assert!(proofs(&bench.message_of(4, &prevote(1, 0, Some("a")))).is_empty());
}

#[test]
fn a_05_votes_far_ahead_are_checked_when_they_come() {
    let mut bench = bench();
    let forged = Message::Vote(Vote { signature: [9; 64], ..vote(1, 1, 90, Prevote, None) });
    assert_eq!(offences(&bench.message_of(1, &forged)), [(1, Offence::BadSignature)]);
    assert!(bench.message_of(2, &prevote(1, 90, None)).is_empty());
}

#[test]
fn a_06_offenders_are_punished_once_and_not_read() {
    let set = set(&[1; 4]);
    let mut wrong_value = proposal(&set, 0, "a");
    if let Message::Proposal { value, .. } = &mut wrong_value {
        value.push(0);
    }
    let out_of_turn =
        Message::Proposal { proposal: proposal_of(2, 1, 0, None, "a"), polka: None, value: b"a".to_vec() };
    let forged = Message::Proposal {
        proposal: Proposal { signature: [9; 64], ..proposal_of(1, 1, 0, None, "a") },
        polka: None,
        value: b"a".to_vec(),
    };
    let weak = again(1, 0, "a", &[1, 2]);
    let decision = Message::Decision { certificate: commit(4, 1, 0, "a", &[1, 2]), value: b"a".to_vec() };
    let mut status = status(1, 1, 0, 4);
    status.signature = [9; 64];
    let cases = [
        (wrong_value.to_bytes(), Offence::BadValue),
        (out_of_turn.to_bytes(), Offence::WrongProposer),
        (forged.to_bytes(), Offence::BadSignature),
        (weak.to_bytes(), Offence::BadProof),
        (decision.to_bytes(), Offence::BadProof),
        (Message::Status(status).to_bytes(), Offence::BadSignature),
        (b"no message".to_vec(), Offence::Malformed),
        (vec![1; 2 << 20], Offence::Malformed),
    ];
    for (bytes, offence) in cases {
        let mut bench = bench();
        bench.message(&prevote(3, 0, None));
        assert_eq!(offences(&bench.bytes_of(5, &bytes)), [(5, offence)]);
        assert!(bench.bytes_of(5, b"again").is_empty());
        // A punished peer's true messages are not read either, those of others are, and a new connection begins afresh.
        assert!(bench.message_of(5, &proposal(&set, 0, "a")).is_empty());
        assert_eq!(votes(&bench.message_of(6, &proposal(&set, 0, "a"))).len(), 1);
        bench.input(Input::PeerGone(PeerId(5)));
        assert_eq!(offences(&bench.bytes_of(5, b"again")), [(5, Offence::Malformed)]);
    }
}

/// E-12, R-09: whoever contradicts itself is proved to, by something that anybody can check.
#[test]
fn a_07_contradicting_votes_are_evidence() {
    let mut bench = bench();
    assert!(proofs(&bench.message(&prevote(1, 0, Some("a")))).is_empty());
    let effects = bench.message(&prevote(1, 0, Some("b")));
    let proof = proofs(&effects).remove(0);
    assert_eq!((proof.validator(), proof.height(), proof.round()), (1, H, Round(0)));
    assert_eq!(proof.verify(&chain(), &bench.set), Ok(()));
    assert_eq!(said(&effects), [Message::Evidence(proof.clone())]);
    // Not twice for one validator and height.
    assert!(bench.message(&prevote(1, 0, None)).is_empty());
    // It is delivered with the decision, and stops nothing.
    let set = bench.set.clone();
    let effects = bench.messages(&[
        proposal(&set, 0, "a"),
        prevote(2, 0, Some("a")),
        precommit(1, 0, Some("a")),
        precommit(2, 0, Some("a")),
    ]);
    assert_eq!(decisions(&effects)[0].evidence, [proof]);
}

#[test]
fn a_07_contradicting_proposals_are_evidence() {
    let mut bench = bench();
    let set = bench.set.clone();
    bench.message(&proposal(&set, 0, "a"));
    let effects = bench.message(&proposal(&set, 0, "b"));
    assert_eq!(proofs(&effects)[0].verify(&chain(), &set), Ok(()));
    assert_eq!(proofs(&effects)[0].validator(), 1);
}

/// Contradictions are noticed within certificates, and at the height before.
#[test]
fn a_07_contradictions_are_noticed_wherever_they_come_from() {
    let mut bench = bench();
    bench.message(&precommit(1, 0, None));
    let decision = Message::Decision { certificate: commit(4, 1, 0, "a", &[1, 2, 3]), value: b"a".to_vec() };
    let effects = bench.message(&decision);
    assert_eq!(proofs(&effects)[0].validator(), 1);
    assert_eq!(decisions(&effects)[0].evidence.len(), 1);
    let effects = bench.message(&precommit(2, 0, Some("b")));
    assert_eq!(proofs(&effects)[0].validator(), 2);
}

#[test]
fn a_08_a_third_proposal_is_kept_only_if_a_quorum_wants_it() {
    let mut bench = bench();
    let set = bench.set.clone();
    bench.messages(&[proposal(&set, 0, "a"), proposal(&set, 0, "b"), proposal(&set, 0, "c")]);
    let commits = [precommit(1, 0, Some("c")), precommit(2, 0, Some("c")), precommit(3, 0, Some("c"))];
    assert!(decisions(&bench.messages(&commits)).is_empty());
    assert_eq!(decisions(&bench.message(&proposal(&set, 0, "c"))).len(), 1);
}

#[test]
fn a_09_a_proposer_asks_for_a_value_and_proposes_it_once() {
    let set = set(&[1; 4]);
    let mut node = Node::new(Config::new(chain()), set.clone(), Some(signer(1))).unwrap();
    let effects = node.handle(Input::Start).unwrap();
    assert!(effects.contains(&Effect::GetValue { height: H, round: Round(0) }));
    let offer = |text| Input::Value { height: H, round: Round(0), value: value(text) };
    let effects = node.handle(offer("a")).unwrap();
    assert_eq!(said(&effects)[0], proposal(&set, 0, "a"));
    assert_eq!(votes(&effects), [(Prevote, 0, Some(digest("a")))]);
    assert!(node.handle(offer("b")).unwrap().is_empty());
    // a value at the limit passes, one above it does not.
    let limit = node.config().max_value_bytes;
    let too_large = Input::Value { height: H, round: Round(9), value: vec![0; limit + 1].into() };
    assert_eq!(node.handle(too_large), Err(ConsensusError::TooLarge { what: "value", limit: limit as u64 }));
    let largest = Input::Value { height: H, round: Round(9), value: vec![0; limit].into() };
    assert_eq!(node.handle(largest), Ok(vec![]));
}

#[test]
fn a_09_a_proposer_proposes_the_valid_value_again_with_its_proof() {
    let mut bench = locked();
    let effects = bench.messages(&[precommit(1, 2, None), precommit(2, 2, None), precommit(3, 2, None)]);
    // It skips to round 2, and a quorum of nil precommits ends it only for those that precommitted there.
    assert_eq!(bench.node.round(), Round(2));
    assert!(said(&effects).is_empty());
    let effects = bench.timeout(Timeout::Precommit(H, Round(2)));
    let Message::Proposal { proposal, polka: Some(proof), value } = said(&effects).remove(0) else {
        panic!("a proposal with proof");
    };
    assert_eq!(
        (proposal.round, proposal.valid_round, proposal.digest),
        (Round(3), Some(Round(0)), digest("a"))
    );
    assert_eq!(value, b"a");
    assert_eq!(proof.verify(&chain(), &bench.set), Ok(()));
}

#[test]
fn a_10_the_propose_timer_is_armed_with_every_round() {
    for me in [0, 1] {
        let mut node = Node::new(Config::new(chain()), set(&[1; 4]), Some(signer(me))).unwrap();
        assert!(scheduled(&node.handle(Input::Start).unwrap()).contains(&propose(0)));
    }
    let mut bench = bench();
    let effects = bench.messages(&[prevote(1, 1, None), prevote(2, 1, None)]);
    assert!(effects.contains(&Effect::Cancel(propose(0))));
    assert_eq!(scheduled(&effects), [propose(1)]);
}

#[test]
fn a_11_a_fresh_proposal_is_prevoted_unless_locked_on_another() {
    let set = set(&[1; 4]);
    assert_eq!(votes(&bench().message(&proposal(&set, 0, "a"))), [(Prevote, 0, Some(digest("a")))]);
    assert_eq!(votes(&locked().message(&proposal(&set, 1, "a"))), [(Prevote, 1, Some(digest("a")))]);
    assert_eq!(votes(&locked().message(&proposal(&set, 1, "b"))), [(Prevote, 1, None)]);
}

#[test]
fn a_12_a_newer_polka_releases_a_lock_and_an_older_one_does_not() {
    // Round 2, locked in round 0, a polka for another value in round 1.
    let mut bench = locked();
    bench.messages(&[precommit(1, 2, None), precommit(2, 2, None)]);
    assert_eq!(bench.node.round(), Round(2));
    assert_eq!(votes(&bench.message(&again(2, 1, "b", &[1, 2, 3]))), [(Prevote, 2, Some(digest("b")))]);
    // The lock itself changes with a precommit only.
    assert_eq!(bench.node.locked(), Some((Round(0), digest("a"))));
    // Locked in round 1, a polka of round 0.
    let mut bench = self::bench();
    let set = bench.set.clone();
    bench.messages(&[prevote(1, 1, Some("a")), prevote(2, 1, Some("a")), proposal(&set, 1, "a")]);
    assert_eq!(bench.node.locked(), Some((Round(1), digest("a"))));
    bench.messages(&[precommit(1, 2, None), precommit(2, 2, None)]);
    assert_eq!(votes(&bench.message(&again(2, 0, "b", &[1, 2, 3]))), [(Prevote, 2, None)]);
}

#[test]
fn a_12_a_polka_is_proved() {
    let mut bench = locked();
    bench.messages(&[precommit(1, 2, None), precommit(2, 2, None)]);
    // Two of four are no quorum.
    let effects = bench.message(&again(2, 1, "b", &[1, 2]));
    assert_eq!(offences(&effects), [(100, Offence::BadProof)]);
    assert!(votes(&effects).is_empty());
}

/// R-0A: the application is asked before the first vote.
#[test]
fn a_13_values_are_prevoted_once_the_application_has_accepted_them() {
    for valid in [true, false] {
        let mut bench = bench();
        bench.accepts = false;
        let set = bench.set.clone();
        let effects = bench.message(&proposal(&set, 0, "a"));
        let asked = Effect::Validate { height: H, digest: digest("a"), value: value("a") };
        assert_eq!(effects, [asked]);
        let effects = bench.input(Input::Validated { height: H, digest: digest("a"), valid });
        assert_eq!(votes(&effects), [(Prevote, 0, valid.then(|| digest("a")))]);
    }
    let mut config = Config::new(chain());
    config.max_value_bytes = 3;
    let mut bench = Bench::with(0, &[1; 4], config);
    let set = bench.set.clone();
    assert_eq!(votes(&bench.message(&proposal(&set, 0, "abcd"))), [(Prevote, 0, None)]);
}

/// A value that the application refuses is not precommitted either, whoever prevotes it.
#[test]
fn a_13_refused_values_are_not_precommitted() {
    let mut bench = bench();
    bench.accepts = false;
    let set = bench.set.clone();
    bench.message(&proposal(&set, 0, "a"));
    bench.input(Input::Validated { height: H, digest: digest("a"), valid: false });
    let effects =
        bench.messages(&[prevote(1, 0, Some("a")), prevote(2, 0, Some("a")), prevote(3, 0, Some("a"))]);
    assert!(votes(&effects).is_empty());
    assert_eq!(bench.node.locked(), None);
}

#[test]
fn a_14_a_quorum_of_prevotes_without_agreement_arms_the_timer_once() {
    let mut bench = bench();
    let set = bench.set.clone();
    bench.message(&proposal(&set, 0, "a"));
    assert!(scheduled(&bench.message(&prevote(1, 0, None))).is_empty());
    assert_eq!(scheduled(&bench.message(&prevote(2, 0, None))), [Timeout::Prevote(H, Round(0))]);
    assert!(scheduled(&bench.message(&prevote(3, 0, Some("b")))).is_empty());
}

#[test]
fn a_15_a_polka_locks_and_precommits() {
    let mut bench = bench();
    let set = bench.set.clone();
    bench.messages(&[prevote(1, 0, Some("a")), prevote(2, 0, Some("a"))]);
    let effects = bench.message(&proposal(&set, 0, "a"));
    assert_eq!(votes(&effects), [(Prevote, 0, Some(digest("a"))), (Precommit, 0, Some(digest("a")))]);
    assert_eq!(bench.node.locked(), Some((Round(0), digest("a"))));
    assert_eq!(bench.node.valid(), Some((Round(0), digest("a"))));
}

#[test]
fn a_16_a_late_polka_makes_a_valid_value_and_no_lock() {
    let mut bench = bench();
    let set = bench.set.clone();
    bench.messages(&[proposal(&set, 0, "a"), prevote(1, 0, None), prevote(2, 0, Some("a"))]);
    assert_eq!(votes(&bench.timeout(Timeout::Prevote(H, Round(0)))), [(Precommit, 0, None)]);
    assert!(votes(&bench.message(&prevote(3, 0, Some("a")))).is_empty());
    assert_eq!(bench.node.valid(), Some((Round(0), digest("a"))));
    assert_eq!(bench.node.locked(), None);
}

#[test]
fn a_17_a_nil_polka_is_precommitted_as_nil() {
    let mut bench = bench();
    bench.timeout(propose(0));
    let effects = bench.messages(&[prevote(1, 0, None), prevote(2, 0, None)]);
    assert_eq!(votes(&effects), [(Precommit, 0, None)]);
}

#[test]
fn a_18_a_quorum_of_precommits_without_agreement_arms_the_timer() {
    let mut bench = bench();
    let effects =
        bench.messages(&[precommit(1, 0, Some("a")), precommit(2, 0, None), precommit(3, 0, Some("b"))]);
    assert_eq!(scheduled(&effects), [Timeout::Precommit(H, Round(0))]);
}

#[test]
fn a_19_a_quorum_of_nil_precommits_ends_the_round() {
    let lost = [prevote(1, 0, None), prevote(2, 0, None), precommit(1, 0, None), precommit(2, 0, None)];
    let mut bench = bench();
    bench.timeout(propose(0));
    bench.messages(&lost);
    assert_eq!(bench.node.round(), Round(1));
    // As in the paper, where that is wanted.
    let mut config = Config::new(chain());
    config.nil_quorum_ends_round = false;
    let mut bench = Bench::with(0, &[1; 4], config);
    bench.timeout(propose(0));
    let effects = bench.messages(&lost);
    assert_eq!(bench.node.round(), Round(0));
    assert!(scheduled(&effects).contains(&Timeout::Precommit(H, Round(0))));
}

/// every decision has a certificate.
#[test]
fn a_20_a_quorum_of_precommits_decides() {
    let mut bench = bench();
    let set = bench.set.clone();
    let commits = [precommit(1, 0, Some("a")), precommit(2, 0, Some("a")), precommit(3, 0, Some("a"))];
    assert!(decisions(&bench.messages(&commits)).is_empty());
    let decision = decisions(&bench.message(&proposal(&set, 0, "a"))).remove(0);
    assert_eq!((decision.height, &decision.value), (H, &value("a")));
    assert_eq!(decision.certificate.verify(&chain(), &set), Ok(()));
    assert_eq!(decision.certificate.signers().collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(bench.node.height(), Height(2));
    let (value, certificate) = bench.node.decision().unwrap();
    assert_eq!((value, certificate), (&common::value("a"), &decision.certificate));
}

#[test]
fn a_20_an_earlier_round_decides_too_and_rounds_are_not_added_up() {
    let mut bench = locked();
    let effects = bench.message(&precommit(1, 0, Some("a")));
    // Own and one more in round 0, and a third in round 1 only.
    assert!(decisions(&effects).is_empty());
    assert!(decisions(&bench.message(&precommit(3, 1, Some("a")))).is_empty());
    let mut bench = self::bench();
    let set = bench.set.clone();
    bench.messages(&[proposal(&set, 0, "a"), prevote(1, 1, None), prevote(2, 1, None)]);
    assert_eq!(bench.node.round(), Round(1));
    let commits = [precommit(1, 0, Some("a")), precommit(2, 0, Some("a")), precommit(3, 0, Some("a"))];
    let effects = bench.messages(&commits);
    assert_eq!(decisions(&effects)[0].certificate.round(), Round(0));
}

#[test]
fn a_21_rounds_are_skipped_with_more_than_a_third() {
    let mut bench = Bench::new(0, 7);
    // Two of seven may lie; with the third, one is correct. They have reached round 3 together.
    bench.messages(&[prevote(1, 9, None), precommit(2, 3, None), prevote(2, 2, None)]);
    assert_eq!(bench.node.round(), Round(0));
    bench.message(&prevote(3, 4, None));
    assert_eq!(bench.node.round(), Round(3));
    // Forged votes move nobody.
    let mut bench = self::bench();
    let forged = Message::Vote(Vote { signature: [9; 64], ..vote(1, 1, 1, Prevote, None) });
    let effects = bench.messages(&[forged, prevote(2, 1, None)]);
    assert_eq!(offences(&effects), [(100, Offence::BadSignature)]);
    assert_eq!(bench.node.round(), Round(0));
}

/// A vote that was too far ahead counts when its round comes.
#[test]
fn a_21_votes_far_ahead_count_in_their_round() {
    let mut bench = bench();
    bench.messages(&[prevote(1, 50, None), prevote(2, 50, None)]);
    assert_eq!(bench.node.round(), Round(50));
    let effects = bench.timeout(propose(50));
    assert_eq!(votes(&effects), [(Prevote, 50, None), (Precommit, 50, None)]);
}

#[test]
fn a_22_without_a_proposal_nil_is_prevoted() {
    let mut bench = bench();
    assert_eq!(votes(&bench.timeout(propose(0))), [(Prevote, 0, None)]);
    assert!(bench.timeout(propose(0)).is_empty());
    assert!(bench.timeout(propose(7)).is_empty());
}

#[test]
fn a_23_without_a_polka_nil_is_precommitted() {
    let mut bench = bench();
    assert!(bench.timeout(Timeout::Prevote(H, Round(0))).is_empty());
    bench.timeout(propose(0));
    assert_eq!(votes(&bench.timeout(Timeout::Prevote(H, Round(0)))), [(Precommit, 0, None)]);
    assert!(bench.timeout(Timeout::Prevote(H, Round(0))).is_empty());
}

#[test]
fn a_24_without_a_decision_the_next_round_begins() {
    let mut bench = bench();
    bench.timeout(Timeout::Precommit(H, Round(0)));
    assert_eq!((bench.node.round(), bench.node.step()), (Round(1), Step::Propose));
    bench.timeout(Timeout::Precommit(H, Round(0)));
    bench.timeout(Timeout::Precommit(Height(2), Round(1)));
    assert_eq!(bench.node.round(), Round(1));
}

#[test]
fn a_25_a_polka_from_elsewhere_makes_a_valid_value() {
    let offer = |round, text: &str| Message::Polka {
        certificate: polka(4, round, text, &[1, 2, 3]),
        value: text.as_bytes().to_vec(),
    };
    let mut bench = bench();
    bench.messages(&[prevote(1, 2, None), prevote(2, 2, None)]);
    bench.message(&offer(1, "b"));
    assert_eq!(bench.node.valid(), Some((Round(1), digest("b"))));
    // Not an older one.
    bench.message(&offer(0, "a"));
    assert_eq!(bench.node.valid(), Some((Round(1), digest("b"))));
    // The next own turn is round 3: it proposes b.
    let effects = bench.timeout(Timeout::Precommit(H, Round(2)));
    assert!(matches!(&said(&effects)[0], Message::Proposal { value, .. } if value == b"b"));
    // Only once the application accepts it.
    let mut bench = self::bench();
    bench.accepts = false;
    bench.messages(&[prevote(1, 2, None), prevote(2, 2, None), offer(1, "b")]);
    assert_eq!(bench.node.valid(), None);
    bench.input(Input::Validated { height: H, digest: digest("b"), valid: true });
    assert_eq!(bench.node.valid(), Some((Round(1), digest("b"))));
}

#[test]
fn a_26_decisions_from_elsewhere_are_checked() {
    let input = |height, text: &str, signers: &[u16]| Input::Decided {
        value: value(text),
        certificate: commit(4, height, 3, text, signers),
    };
    let mut bench = bench();
    let refused = |bench: &mut Bench, input| bench.node.handle(input).unwrap_err().code();
    assert_eq!(refused(&mut bench, input(2, "a", &[0, 1, 2])), "consensus/out-of-order");
    assert_eq!(refused(&mut bench, input(1, "a", &[0, 1])), "consensus/bad-proof");
    let other = Input::Decided { value: value("b"), certificate: commit(4, 1, 0, "a", &[0, 1, 2]) };
    assert_eq!(refused(&mut bench, other), "consensus/bad-proof");
    assert_eq!(decisions(&bench.input(input(1, "a", &[0, 1, 2]))).len(), 1);
    let message = Message::Decision { certificate: commit(4, 2, 0, "b", &[0, 1, 2]), value: b"b".to_vec() };
    assert_eq!(decisions(&bench.message(&message))[0].height, Height(2));
}

#[test]
fn a_27_timers_grow_with_the_round() {
    let mut bench = bench();
    let effects = bench.messages(&[prevote(1, 3, None), prevote(2, 3, None)]);
    let schedule = Effect::Schedule { timeout: propose(3), after: Duration::from_secs(8) };
    assert!(effects.contains(&schedule));
}

/// heights go on before they are executed, and not further than the window.
#[test]
fn a_28_the_window_bounds_how_far_decisions_run_ahead() {
    let mut bench = bench();
    for height in 1..=8 {
        let input = Input::Decided { value: value("a"), certificate: commit(4, height, 0, "a", &[0, 1, 2]) };
        let effects = bench.input(input);
        assert_eq!(decisions(&effects).len(), 1);
        assert_eq!(scheduled(&effects).is_empty(), height == 8);
    }
    assert_eq!(bench.node.height(), Height(9));
    let ninth = Input::Decided { value: value("a"), certificate: commit(4, 9, 0, "a", &[0, 1, 2]) };
    assert_eq!(bench.node.handle(ninth).unwrap_err().code(), "consensus/invalid-state");
    // Nothing of it is read while it is not begun.
    let effects = bench.message(&Message::Vote(vote(1, 9, 0, Precommit, None)));
    assert!(matches!(effects[..], [Effect::Behind { height: Height(9), .. }]));
    let wrong = Input::Executed { height: Height(2), validators: None };
    assert_eq!(bench.node.handle(wrong).unwrap_err().code(), "consensus/out-of-order");
    let effects = bench.input(Input::Executed { height: H, validators: None });
    assert_eq!(scheduled(&effects), [Timeout::Propose(Height(9), Round(0))]);
}

#[test]
fn a_28_a_new_height_begins_without_lock() {
    let mut bench = locked();
    bench.input(Input::Decided { value: value("a"), certificate: commit(4, 1, 0, "a", &[0, 1, 2]) });
    assert_eq!((bench.node.locked(), bench.node.valid()), (None, None));
    let fresh =
        Message::Proposal { proposal: proposal_of(2, 2, 0, None, "b"), polka: None, value: b"b".to_vec() };
    assert_eq!(votes(&bench.message(&fresh)), [(Prevote, 0, Some(digest("b")))]);
}

#[test]
fn a_29_what_comes_early_counts_later() {
    let mut bench = bench();
    let early =
        Message::Proposal { proposal: proposal_of(2, 2, 0, None, "b"), polka: None, value: b"b".to_vec() };
    let votes = [1, 2, 3].map(|number| Message::Vote(vote(number, 2, 0, Precommit, Some("b"))));
    assert!(bench.message(&early).is_empty());
    assert!(bench.messages(&votes).is_empty());
    let first = Input::Decided { value: value("a"), certificate: commit(4, 1, 0, "a", &[0, 1, 2]) };
    let effects = bench.input(first);
    assert_eq!(decisions(&effects).iter().map(|decision| decision.height.0).collect::<Vec<_>>(), [1, 2]);
}

/// each height ahead has its share of a budget, and its proposer fills no other's.
#[test]
fn a_29_early_values_are_bounded() {
    let mut config = Config::new(chain());
    config.pending_bytes = 3 * 8;
    let mut bench = Bench::with(0, &[1; 4], config);
    for (height, text) in [(2, "abc"), (3, "defg")] {
        let early = Message::Proposal {
            proposal: proposal_of(u16::try_from(height % 4).unwrap(), height, 0, None, text),
            polka: None,
            value: text.as_bytes().to_vec(),
        };
        assert!(bench.message(&early).is_empty());
    }
    let decide =
        |height| Input::Decided { value: value("a"), certificate: commit(4, height, 0, "a", &[0, 1, 2]) };
    assert_eq!(votes(&bench.input(decide(1))), [(Prevote, 0, Some(digest("abc")))]);
    assert!(votes(&bench.input(decide(2))).is_empty());
}

/// the new set is in force at the agreed height, with its own epoch.
#[test]
fn a_30_validators_change_at_an_agreed_height() {
    let mut config = Config::new(chain());
    config.window = 2;
    let mut bench = Bench::with(0, &[1; 4], config);
    let decide =
        |height| Input::Decided { value: value("a"), certificate: commit(4, height, 0, "a", &[0, 1, 2]) };
    bench.input(decide(1));
    let change = |powers: &[u64]| Input::Executed { height: H, validators: Some(validators(powers)) };
    assert_eq!(bench.node.handle(change(&[])).unwrap_err().code(), "consensus/invalid-validator-set");
    bench.input(change(&[1; 5]));
    assert_eq!(bench.node.validators_at(Height(2)).unwrap().epoch(), Epoch(0));
    assert_eq!(bench.node.validators_at(Height(3)).unwrap().epoch(), Epoch(1));
    bench.input(decide(2));
    assert_eq!((bench.node.height(), bench.node.epoch()), (Height(3), Epoch(1)));
    // Certificates of the old set count no more.
    assert_eq!(bench.node.handle(decide(3)).unwrap_err().code(), "consensus/wrong-epoch");
    let origin = bench.node.origin();
    assert_eq!((origin.height, origin.validators.len(), origin.upcoming.len()), (Height(2), 4, 1));
    assert_eq!(origin.upcoming[0].0, Height(3));
    let at_checkpoint = Node::new(bench.node.config().clone(), origin, Some(signer(0))).unwrap();
    assert_eq!(at_checkpoint.height(), Height(2));
    assert_eq!(at_checkpoint.validators_at(Height(3)).unwrap().len(), 5);
}

#[test]
fn a_31_without_progress_everything_is_said_again() {
    let mut bench = bench();
    let set = bench.set.clone();
    let effects = bench.message(&proposal(&set, 0, "a"));
    let own = said(&effects).remove(0);
    assert_eq!(said(&bench.timeout(Timeout::Resend)), []);
    let effects = bench.timeout(Timeout::Resend);
    assert_eq!(scheduled(&effects), [Timeout::Resend]);
    let again = said(&effects);
    assert_eq!(again[0], own);
    let Message::Status(status) = &again[1] else { panic!("a status") };
    assert_eq!(status.verify(&chain(), &set, &chrysalis_consensus::Ed25519), Ok(()));
    assert!(status.has_proposal);
    assert_eq!(
        status.prevotes.iter().map(|trace| trace.0 > 0).collect::<Vec<_>>(),
        [true, false, false, false]
    );
}

#[test]
fn a_32_a_peer_is_given_what_it_lacks() {
    let mut bench = bench();
    let set = bench.set.clone();
    bench.messages(&[proposal(&set, 0, "a"), prevote(1, 0, Some("a")), prevote(2, 0, None)]);
    let mut asks = status(3, 1, 0, 4);
    asks.prevotes[1] = chrysalis_consensus::status::Trace::of(Some(digest("a")));
    let answers = sent(&bench.message(&signed(asks.clone())));
    assert!(matches!(answers[0], Message::Proposal { .. }));
    let from: Vec<_> = answers[1..]
        .iter()
        .map(|message| match message {
            Message::Vote(vote) => vote.validator,
            _ => panic!("votes follow"),
        })
        .collect();
    assert_eq!(from, [0, 2]);
    // Twice at most until the timer runs out.
    assert_eq!(sent(&bench.message(&signed(asks.clone()))).len(), 3);
    assert!(sent(&bench.message(&signed(asks.clone()))).is_empty());
    bench.timeout(Timeout::Resend);
    assert_eq!(sent(&bench.message(&signed(asks))).len(), 3);
}

#[test]
fn a_32_a_laggard_is_given_decisions_polkas_and_later_rounds() {
    let mut bench = locked();
    bench.messages(&[precommit(1, 1, None), precommit(2, 1, None)]);
    let answers = sent(&bench.message(&signed(status(3, 1, 0, 4))));
    assert!(matches!(&answers[0], Message::Polka { certificate, .. } if certificate.round() == Round(0)));
    let late = answers.iter().filter(|message| message.head().round == Round(1)).count();
    assert_eq!(late, 2);
    for height in 1..=3 {
        bench.input(Input::Decided { value: value("a"), certificate: commit(4, height, 0, "a", &[0, 1, 2]) });
    }
    let answers = sent(&bench.message_of(7, &signed(status(3, 2, 0, 4))));
    let heights: Vec<_> = answers.iter().map(|message| message.head().height.0).collect();
    assert_eq!(heights, [2, 3]);
}

#[test]
fn a_32_what_is_not_kept_is_left_to_the_driver() {
    let mut config = Config::new(chain());
    config.kept_decisions = 2;
    let mut bench = Bench::with(0, &[1; 4], config);
    for height in 1..=4 {
        bench.input(Input::Decided { value: value("a"), certificate: commit(4, height, 0, "a", &[0, 1, 2]) });
        bench.input(Input::Executed { height: Height(height), validators: None });
    }
    assert!(bench.node.decision_at(Height(2)).is_none() && bench.node.decision_at(Height(3)).is_some());
    let effects = bench.message(&signed(status(3, 1, 0, 4)));
    assert!(matches!(effects[..], [Effect::PeerBehind { peer: PeerId(100), height: H }]));
}

#[test]
fn a_33_evidence_goes_round_once_and_is_checked() {
    let mut first = bench();
    let effects = first.messages(&[prevote(1, 0, Some("a")), prevote(1, 0, Some("b"))]);
    let evidence = said(&effects).remove(0);
    let mut second = bench();
    assert_eq!(said(&second.message(&evidence)), std::slice::from_ref(&evidence));
    assert!(second.message(&evidence).is_empty());
    assert_eq!(second.node.evidence().count(), 1);
    // With the status, for those that missed it.
    second.timeout(Timeout::Resend);
    assert!(said(&second.timeout(Timeout::Resend)).contains(&evidence));
    let mut bytes = evidence.to_bytes();
    *bytes.last_mut().unwrap() ^= 1;
    assert_eq!(offences(&bench().bytes_of(3, &bytes)), [(3, Offence::BadProof)]);
}

/// records come before the messages that they allow.
#[test]
fn a_34_the_log_comes_first() {
    let mut bench = bench();
    let set = bench.set.clone();
    let effects = bench.messages(&[
        prevote(1, 0, Some("a")),
        prevote(2, 0, Some("a")),
        precommit(1, 0, Some("a")),
        precommit(2, 0, Some("a")),
    ]);
    assert!(effects.is_empty());
    bench.accepts = false;
    bench.message(&proposal(&set, 0, "a"));
    let answer = Input::Validated { height: H, digest: digest("a"), valid: true };
    let effects = bench.node.handle(answer).unwrap();
    let Effect::Log(records) = &effects[0] else { panic!("the log is first") };
    let kinds: Vec<_> = records.iter().map(|record| record.to_bytes()[1]).collect();
    // Prevote, value, valid, precommit, decision.
    assert_eq!(kinds, [0x33, 0x31, 0x34, 0x33, 0x35]);
    assert_eq!(effects.iter().filter(|effect| matches!(effect, Effect::Log(_))).count(), 1);
    assert_eq!(said(&effects).len(), 2);
}

#[test]
fn a_35_a_vote_of_the_own_key_from_elsewhere_binds() {
    let mut bench = bench();
    let set = bench.set.clone();
    assert!(bench.message(&prevote(0, 0, None)).is_empty());
    let effects = bench.message(&proposal(&set, 0, "a"));
    assert!(votes(&effects).is_empty());
    assert_eq!(bench.node.step(), Step::Prevote);
    // A forged one does not.
    let mut bench = self::bench();
    let forged = Message::Vote(Vote { signature: [9; 64], ..vote(0, 1, 0, Prevote, None) });
    assert_eq!(offences(&bench.message_of(9, &forged)).len(), 1);
    assert_eq!(votes(&bench.message(&proposal(&set, 0, "a"))).len(), 1);
}

/// the same bytes after a restart, and the lock still holds.
#[test]
fn a_36_a_restart_goes_on_where_the_log_ends() {
    let mut bench = bench();
    let set = bench.set.clone();
    let effects =
        bench.messages(&[proposal(&set, 0, "a"), prevote(1, 0, Some("a")), prevote(2, 0, Some("a"))]);
    let mut again = bench.restart(0);
    assert_eq!(again.node.locked(), bench.node.locked());
    assert_eq!(again.node.valid(), bench.node.valid());
    assert_eq!((again.node.round(), again.node.step()), (Round(0), Step::Precommit));
    let resent = again.input(Input::Start);
    assert_eq!(said(&resent)[..2], said(&effects)[..2]);
    assert!(matches!(said(&resent)[2], Message::Status(_)));
    // It goes on: the decision needs two more.
    let effects = again.messages(&[precommit(1, 0, Some("a")), precommit(2, 0, Some("a"))]);
    assert_eq!(decisions(&effects).len(), 1);
    // What was decided and not executed is handed over again.
    let mut third = again.restart(0);
    let effects = third.input(Input::Start);
    assert_eq!(decisions(&effects)[0].value, value("a"));
    assert_eq!(third.node.height(), Height(2));
}

/// A valid value from elsewhere, in a round in which nothing was said before the crash.
#[test]
fn a_36_a_restart_is_after_the_valid_round() {
    let offer = Message::Polka { certificate: polka(4, 2, "b", &[1, 2, 3]), value: b"b".to_vec() };
    let mut bench = bench();
    bench.messages(&[prevote(1, 4, None), prevote(2, 4, None), offer]);
    assert_eq!(bench.node.valid(), Some((Round(2), digest("b"))));
    let mut again = bench.restart(0);
    assert_eq!((again.node.round(), again.node.step()), (Round(3), Step::Propose));
    // Round 3 is its turn, and what it proposes decodes.
    let effects = again.input(Input::Start);
    assert!(
        said(&effects)
            .iter()
            .any(|message| matches!(message, Message::Proposal { value, .. } if value == b"b"))
    );
}

/// A proposer that waits for its application proposes a valid value that it hears of.
#[test]
fn a_25_a_waiting_proposer_proposes_the_offered_value() {
    let mut bench = bench();
    let offer = Message::Polka { certificate: polka(4, 2, "b", &[1, 2, 3]), value: b"b".to_vec() };
    let effects = bench.messages(&[prevote(1, 3, None), prevote(2, 3, None)]);
    assert!(effects.contains(&Effect::GetValue { height: H, round: Round(3) }));
    let effects = bench.message(&offer);
    assert!(matches!(&said(&effects)[0], Message::Proposal { value, .. } if value == b"b"));
    assert!(bench.input(Input::Value { height: H, round: Round(3), value: value("c") }).is_empty());
}

#[test]
fn a_36_a_proposer_proposes_the_same_after_a_restart() {
    let mut bench = Bench::new(1, 4);
    let effects = bench.input(Input::Value { height: H, round: Round(0), value: value("a") });
    let mut again = bench.restart(1);
    let resent = again.input(Input::Start);
    assert_eq!(said(&resent)[..2], said(&effects)[..2]);
    assert!(!resent.iter().any(|effect| matches!(effect, Effect::GetValue { .. })));
}

/// a log that no correct node writes is refused, not guessed about.
#[test]
fn a_36_contradicting_records_are_refused() {
    let mut bench = locked();
    let set = bench.set.clone();
    bench.message(&proposal(&set, 1, "a"));
    let log = bench.log.clone();
    let restore = |records: Vec<LogRecord>, me: u16| {
        Node::restore(Config::new(chain()), set.clone(), Some(signer(me)), records)
            .map(|_| ())
            .map_err(|error| error.code())
    };
    assert_eq!(restore(log.clone(), 0), Ok(()));
    let invalid = Err("consensus/invalid-log");
    assert_eq!(restore(log.clone(), 1), invalid);
    for place in 0..log.len() {
        let mut doubled = log.clone();
        doubled.insert(place, log[place].clone());
        // A value twice says nothing new.
        let harmless = matches!(log[place], LogRecord::Value { .. });
        assert_eq!(restore(doubled, 0), if harmless { Ok(()) } else { invalid }, "record {place}");
    }
    let mut other = log.clone();
    other.push(LogRecord::Voted(vote(0, 1, 1, Prevote, Some("b"))));
    assert_eq!(restore(other, 0), invalid);
    let without_value: Vec<_> =
        log.into_iter().filter(|record| !matches!(record, LogRecord::Value { .. })).collect();
    assert_eq!(restore(without_value, 0), invalid);
}

#[test]
fn a_37_followers_decide_and_say_nothing() {
    let set = set(&[1; 4]);
    for signer in [None, Some(signer(9))] {
        let mut node = Node::new(Config::new(chain()), set.clone(), signer).unwrap();
        assert_eq!(node.number(), None);
        let mut effects = node.handle(Input::Start).unwrap();
        let messages = [
            proposal(&set, 0, "a"),
            prevote(1, 0, Some("a")),
            prevote(2, 0, Some("a")),
            prevote(3, 0, Some("a")),
            precommit(1, 0, Some("a")),
            precommit(2, 0, Some("a")),
            precommit(3, 0, Some("a")),
        ];
        for message in messages {
            let bytes = message.to_bytes().into();
            effects.extend(node.handle(Input::Message { from: PeerId(1), bytes }).unwrap());
        }
        assert!(said(&effects).is_empty());
        assert_eq!(decisions(&effects).len(), 1);
    }
}

/// rounds far from the current one are not kept, and what they held is gone.
#[test]
fn a_38_old_rounds_are_forgotten() {
    let mut bench = bench();
    let set = bench.set.clone();
    bench.messages(&[proposal(&set, 0, "a"), precommit(1, 0, Some("a")), precommit(2, 0, Some("a"))]);
    bench.messages(&[prevote(1, 5, None), prevote(2, 5, None)]);
    assert_eq!(bench.node.round(), Round(5));
    assert!(decisions(&bench.message(&precommit(3, 0, Some("a")))).is_empty());
    // Round 1 is the oldest that is kept.
    bench.messages(&[proposal(&set, 1, "b"), precommit(1, 1, Some("b")), precommit(2, 1, Some("b"))]);
    assert_eq!(decisions(&bench.message(&precommit(3, 1, Some("b")))).len(), 1);
}

/// equal inputs, equal effects.
#[test]
fn a_39_two_nodes_with_equal_inputs_are_equal() {
    use std::hash::{DefaultHasher, Hash, Hasher};

    let run = || {
        let mut bench = locked();
        let set = bench.set.clone();
        let effects =
            bench.messages(&[proposal(&set, 1, "b"), prevote(3, 9, None), prevote(2, 1, Some("b"))]);
        let mut hasher = DefaultHasher::new();
        bench.node.hash(&mut hasher);
        (effects, hasher.finish())
    };
    assert_eq!(run(), run());
}

#[test]
fn drivers_are_told_of_their_mistakes() {
    let mut node = Node::new(Config::new(chain()), set(&[1; 4]), None).unwrap();
    let early = node.handle(Input::Timeout(Timeout::Resend));
    assert_eq!(early.unwrap_err().code(), "consensus/invalid-state");
    node.handle(Input::Start).unwrap();
    assert_eq!(node.handle(Input::Start).unwrap_err().code(), "consensus/invalid-state");
    let refused = |change: fn(&mut Config)| {
        let mut config = Config::new(chain());
        change(&mut config);
        Node::new(config, set(&[1; 4]), None).unwrap_err().code()
    };
    assert_eq!(refused(|config| config.window = 0), "consensus/invalid-config");
    assert_eq!(refused(|config| config.window = 65), "consensus/invalid-config");
    assert_eq!(refused(|config| config.max_value_bytes = 1 << 20), "consensus/invalid-config");
    assert_eq!(refused(|config| config.timeouts.resend = Duration::ZERO), "consensus/invalid-config");
    assert_eq!(refused(|config| config.timeouts.cap = Duration::from_millis(1)), "consensus/invalid-config");
    // more faults than the set bears.
    assert_eq!(refused(|config| config.faulty_power = Some(2)), "consensus/too-few-validators");
    let origin = Origin { upcoming: vec![(Height(1), set(&[1; 5]))], ..set(&[1; 4]).into() };
    let upcoming = Node::new(Config::new(chain()), origin, None);
    assert_eq!(upcoming.unwrap_err().code(), "consensus/invalid-validator-set");
}
