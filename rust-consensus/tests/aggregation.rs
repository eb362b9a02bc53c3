//! Laws of numeric aggregation.
#![allow(clippy::unwrap_used, reason = "tests")]

use chrysalis_consensus::aggregate::{
    MemberValues, median, mode, robust_mean, trimmed_mean, trimmed_mean_or_mean,
};
use chrysalis_consensus::{ConsensusError, Epoch, NodeId, Validator, ValidatorSet};
use chrysalis_crypto::ed25519::SigningKey;
use proptest::prelude::*;

fn finite() -> impl Strategy<Value = f64> {
    prop_oneof![
        -1e3..1e3f64,
        any::<f64>().prop_filter("finite", |number| number.is_finite()),
        Just(0.0),
        Just(-0.0),
        Just(f64::MAX),
        Just(f64::MIN_POSITIVE),
    ]
}

proptest! {
    /// With at most f wrong values the result lies within the range of the right ones.
    #[test]
    fn r_12_liars_do_not_move_it_out_of_the_honest_range(
        honest in prop::collection::vec(finite(), 1..20),
        lies in prop::collection::vec(finite(), 0..20),
    ) {
        let f = lies.len();
        let all: Vec<f64> = honest.iter().chain(&lies).copied().collect();
        let low = honest.iter().copied().fold(f64::INFINITY, f64::min);
        let high = honest.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        match robust_mean(&all, f) {
            Ok(mean) => prop_assert!(low <= mean && mean <= high, "{mean} of {low} to {high}"),
            Err(error) => {
                prop_assert!(all.len() <= 2 * f);
                prop_assert_eq!(error, ConsensusError::TooFewValues { found: all.len(), needed: 2 * f + 1 });
            }
        }
        if honest.len() > lies.len() {
            let middle = median(&all).unwrap();
            prop_assert!(low <= middle && middle <= high);
        }
    }

    /// The order of the values changes no bit.
    #[test]
    fn r_12_order_does_not_matter(mut values in prop::collection::vec(finite(), 1..20), share in 0.0..=1.0f64) {
        let all = |values: &[f64]| {
            [
                robust_mean(values, (values.len() - 1) / 2),
                median(values),
                trimmed_mean(values, share),
                trimmed_mean_or_mean(values, share),
            ]
            .map(|result| result.map(f64::to_bits))
        };
        let before = all(&values);
        values.reverse();
        prop_assert_eq!(&before, &all(&values));
        values.rotate_left(1);
        prop_assert_eq!(&before, &all(&values));
    }

    #[test]
    fn the_mode_is_one_of_the_most_frequent(values in prop::collection::vec(0u8..4, 1..20)) {
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        let count = |number: f64| values.iter().filter(|value| **value == number).count();
        let best = count(mode(&values).unwrap());
        prop_assert!(values.iter().all(|value| count(*value) <= best));
    }
}

/// one value per member, of known members, within the range.
#[test]
fn r_12_one_value_per_member() {
    let id = |n: u8| NodeId::new(&format!("n{n}")).unwrap();
    let validator =
        |n: u8| Validator { id: id(n), key: SigningKey::from_seed(&[n; 32]).public_key(), power: 1 };
    let set = ValidatorSet::new(Epoch(0), (1..=4).map(validator).collect()).unwrap();
    let mut values = MemberValues::new(&set, 0.0..=1.0).unwrap();
    assert!(values.is_empty());
    assert_eq!(values.median(), Err(ConsensusError::NoValues));
    values.insert(&id(1), 0.5).unwrap();
    assert_eq!(values.insert(&id(1), 0.5), Err(ConsensusError::DuplicateMember));
    assert_eq!(values.insert(&id(9), 0.5), Err(ConsensusError::UnknownMember));
    assert_eq!(values.insert(&id(2), 1.5), Err(ConsensusError::OutOfRange { index: 1 }));
    assert_eq!(values.insert(&id(2), f64::NAN), Err(ConsensusError::NotFinite { index: 1 }));
    values.insert(&id(2), 1.0).unwrap();
    assert_eq!(values.robust_mean(), Err(ConsensusError::TooFewValues { found: 2, needed: 3 }));
    values.insert(&id(3), 0.0).unwrap();
    assert_eq!((values.len(), values.robust_mean(), values.median()), (3, Ok(0.5), Ok(0.5)));
    let empty = MemberValues::new(&set, 1.0..=0.0);
    assert_eq!(empty, Err(ConsensusError::InvalidArgument("range")));
    assert!(MemberValues::new(&set, f64::NAN..=1.0).is_err());
}

/// The vectors that every language reads: numbers and votes, from fixed keys. Their origin is this file;
/// `CHRYSALIS_WRITE_VECTORS=1` writes them.
#[test]
fn vectors_of_every_language() {
    use chrysalis_consensus::tally::SupermajorityChecker;
    use chrysalis_consensus::validation::{self, ValidationVote};
    use chrysalis_crypto::hex;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn case(name: &str, values: &[f64], argument: Option<f64>, found: Result<f64, ConsensusError>) -> Value {
        let (result, code) = match found {
            Ok(result) => (json!(result), Value::Null),
            Err(error) => (Value::Null, json!(error.code())),
        };
        json!({"function": name, "values": values, "argument": argument, "result": result, "code": code})
    }
    let lists: [&[f64]; 8] = [
        &[],
        &[0.25],
        &[0.9, 0.1],
        &[0.1, 0.2, 0.3, 0.4, 1e9],
        &[-1.5, 7.25, 7.25, 0.3, -0.0, 0.0, 3.0],
        &[0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 1e9, 1e9, 1e9],
        &[1e308, 1e308, -1e308, 2.5],
        &[0.1, 0.2, 0.3, 0.7, 0.11, 0.13, 0.17, 0.19, 0.23],
    ];
    let mut numbers = Vec::new();
    for values in lists {
        for f in [0u32, 1, 3] {
            numbers.push(case("robust_mean", values, Some(f.into()), robust_mean(values, f as usize)));
        }
        for share in [0.2, 0.5, 1.5] {
            numbers.push(case("trimmed_mean", values, Some(share), trimmed_mean(values, share)));
        }
        let or_zero = |found| if values.is_empty() { Ok(0.0) } else { found };
        numbers.push(case("median", values, None, or_zero(median(values))));
        numbers.push(case("mode", values, None, or_zero(mode(values))));
    }
    let thresholds: Vec<_> = (0..=13).map(|n| json!([n, validation::calculate_threshold(n)])).collect();

    let id = |n: u8| NodeId::new(&format!("n{n}")).unwrap();
    let key = |n: u8| SigningKey::from_seed(&[n; 32]);
    let validator = |n: u8| Validator { id: id(n), key: key(n).public_key(), power: 1 };
    let set = ValidatorSet::new(Epoch(0), (1..=4).map(validator).collect()).unwrap();
    let fingerprint = [7; 32];
    let vote = |n: u8, confidence, time| {
        ValidationVote::sign(&fingerprint, id(n), confidence, time, &key(n)).unwrap()
    };
    let unsigned = ValidationVote { signature: None, ..vote(2, 0.9, 1.0) };
    let forged = ValidationVote { confidence: 1.0, ..vote(3, 0.2, 1.0) };
    let stranger = ValidationVote::sign(&fingerprint, id(9), 0.9, 1.0, &key(9)).unwrap();
    let three = vec![vote(1, 0.9, 1.0), vote(2, 0.8, 1.0), vote(3, 0.7, 1.5)];
    let lists = [
        ("nobody", vec![]),
        ("three of four", three.clone()),
        ("one of them twice, the later counts", [&three[..], &[vote(1, 0.1, 2.0)]].concat()),
        ("one signs two for one time", [&three[..], &[vote(1, 0.1, 1.0)]].concat()),
        ("unsigned, forged and a stranger", vec![vote(1, 0.9, 1.0), unsigned, forged, stranger]),
        ("all, one far off", [&three[..], &[vote(4, 0.0, 1.0)]].concat()),
    ];
    let mut validations = Vec::new();
    for (name, votes) in lists {
        let found = validation::validate_memory(&fingerprint, &votes, &set, 0.5).unwrap();
        let names = |ids: &mut dyn Iterator<Item = &NodeId>| -> Vec<String> {
            ids.map(|id| id.as_str().to_owned()).collect()
        };
        let votes: Vec<_> = votes
            .iter()
            .map(|vote| {
                json!({
                    "instance_id": vote.instance_id.as_str(),
                    "confidence": vote.confidence,
                    "timestamp": vote.timestamp,
                    "signature": vote.signature.map(|signature| hex::encode(&signature)),
                })
            })
            .collect();
        validations.push(json!({
            "name": name,
            "votes": votes,
            "verified_by": names(&mut found.verified_by.iter()),
            "confidence_scores": found.confidence_scores,
            "trimmed_mean": found.trimmed_mean,
            "median": found.median,
            "threshold": found.threshold,
            "required_votes": found.required_votes,
            "byzantine": names(&mut found.byzantine.iter()),
        }));
    }
    let mut decisions = Vec::new();
    for (yes, no) in [(0u8, 0u8), (0, 1), (1, 0), (2, 2), (2, 1), (3, 1), (4, 2), (5, 2)] {
        for threshold in [0.5, 2.0 / 3.0, 1.0] {
            let votes: BTreeMap<_, _> = (0..yes + no).map(|n| (id(n), n < yes)).collect();
            let checker = SupermajorityChecker::new(threshold).unwrap();
            let (decision, count, required) = checker.consensus_decision(&votes);
            let votes: Vec<_> = votes.into_values().collect();
            assert_eq!(checker.has_supermajority(&votes), decision);
            decisions
                .push(json!({"votes": votes, "threshold": threshold, "result": [decision, count, required]}));
        }
    }
    let made = json!({
        "origin": "rust-consensus/tests/aggregation.rs, from fixed keys: member n signs with the seed of bytes n",
        "numbers": numbers,
        "thresholds": thresholds,
        "validators": hex::encode(&set.to_bytes()),
        "fingerprint": hex::encode(&fingerprint),
        "validations": validations,
        "decisions": decisions,
    });
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/aggregation.json");
    if std::env::var_os("CHRYSALIS_WRITE_VECTORS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    // Both as they are read: this reader takes some numbers for their neighbours.
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(read(&std::fs::read_to_string(&path).unwrap()), read(&made.to_string()));
}
