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
