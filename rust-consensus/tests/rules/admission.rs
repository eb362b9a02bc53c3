//! What is read, and what is done to whoever sends what it should not.

use super::*;

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
    // A later version is nobody's offence.
    let mut later = far.to_bytes();
    later[0] = 2;
    assert!(bench.bytes_of(100, &later).is_empty());
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

/// E-11: the votes of whoever is no validator, or signs for another, do not count.
#[test]
fn a_05_invented_validators_decide_nothing() {
    let mut bench = bench();
    let set = bench.set.clone();
    bench.message(&proposal(&set, 0, "a"));
    for number in 4..9 {
        let effects = bench.message_of(u64::from(number), &precommit(number, 0, Some("a")));
        assert_eq!(offences(&effects), [(u64::from(number), Offence::BadSignature)]);
    }
    // One key signs for all.
    for number in 1..4 {
        let stolen = Vote { validator: number, ..vote(9, 1, 0, Precommit, Some("a")) };
        bench.message_of(20 + u64::from(number), &Message::Vote(stolen));
    }
    assert_eq!(bench.node.height(), H);
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
        (b"\x01no message".to_vec(), Offence::Malformed),
        (vec![1; 2 << 20], Offence::Malformed),
    ];
    for (bytes, offence) in cases {
        let mut bench = bench();
        bench.message(&prevote(3, 0, None));
        assert_eq!(offences(&bench.bytes_of(5, &bytes)), [(5, offence)]);
        assert!(bench.bytes_of(5, b"\x01again").is_empty());
        // A punished peer's true messages are not read either, those of others are, and a new connection begins afresh.
        assert!(bench.message_of(5, &proposal(&set, 0, "a")).is_empty());
        assert_eq!(votes(&bench.message_of(6, &proposal(&set, 0, "a"))).len(), 1);
        bench.input(Input::PeerGone(PeerId(5)));
        assert_eq!(offences(&bench.bytes_of(5, b"\x01again")), [(5, Offence::Malformed)]);
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

/// a statement of another chain counts nowhere else.
#[test]
fn a_06_statements_of_another_chain_are_offences() {
    let other = chrysalis_consensus::ChainId::new("other").unwrap();
    let mut bench = Bench::with(0, &[1; 4], Config::new(other));
    let set = bench.set.clone();
    assert_eq!(offences(&bench.message(&proposal(&set, 0, "a"))), [(100, Offence::BadSignature)]);
}
