//! The log, one word, restarts, followers, determinism.

use super::*;

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
