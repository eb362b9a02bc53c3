//! What was lost is said again and given.

use super::*;

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
