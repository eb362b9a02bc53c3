//! A round, from proposal to decision, and its timers, A-27.

use super::*;

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
fn a_27_timers_grow_with_the_round() {
    let mut bench = bench();
    let effects = bench.messages(&[prevote(1, 3, None), prevote(2, 3, None)]);
    let schedule = Effect::Schedule { timeout: propose(3), after: Duration::from_secs(8) };
    assert!(effects.contains(&schedule));
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
