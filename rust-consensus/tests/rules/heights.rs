//! From height to height, and what drivers get wrong.

use super::*;

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

/// R-15, E-13: the new set is in force at the agreed height, with its own epoch.
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
