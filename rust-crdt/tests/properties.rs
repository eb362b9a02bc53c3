//! The laws, on random histories and random values.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

mod support;

use chrysalis_crdt::{CausalContext, CrdtError, LwwRegister, OrSet, Value, VectorClock};
use proptest::prelude::*;
use support::agents::{AgentSubject, BeliefSubject, EpisodeSubject, SkillSubject};
use support::counters::{GCounterSubject, PnCounterSubject};
use support::dags::DagSubject;
use support::registers::{MapSubject, MvSubject, NumericSubject};
use support::run_histories;
use support::sets::{GSetSubject, LwwElementSubject, TwoPhaseSubject};
use support::subjects::{ClockSubject, ContextSubject, RegisterSubject, SetSubject};

#[test]
fn skill_histories() {
    run_histories::<SkillSubject<false>>();
}

#[test]
fn declining_skill_histories() {
    run_histories::<SkillSubject<true>>();
}

#[test]
fn episode_histories() {
    run_histories::<EpisodeSubject>();
}

#[test]
fn belief_histories() {
    run_histories::<BeliefSubject>();
}

#[test]
fn agent_state_histories() {
    run_histories::<AgentSubject>();
}

#[test]
fn merkle_dag_histories() {
    run_histories::<DagSubject>();
}

#[test]
fn or_set_histories() {
    run_histories::<SetSubject>();
}

#[test]
fn lww_register_histories() {
    run_histories::<RegisterSubject>();
}

#[test]
fn vector_clock_histories() {
    run_histories::<ClockSubject>();
}

#[test]
fn causal_context_histories() {
    run_histories::<ContextSubject>();
}

#[test]
fn g_counter_histories() {
    run_histories::<GCounterSubject>();
}

#[test]
fn pn_counter_histories() {
    run_histories::<PnCounterSubject>();
}

#[test]
fn g_set_histories() {
    run_histories::<GSetSubject>();
}

#[test]
fn two_phase_set_histories() {
    run_histories::<TwoPhaseSubject>();
}

#[test]
fn lww_element_set_histories() {
    run_histories::<LwwElementSubject>();
}

#[test]
fn lww_numeric_register_histories() {
    run_histories::<NumericSubject<false>>();
}

#[test]
fn greatest_numeric_register_histories() {
    run_histories::<NumericSubject<true>>();
}

#[test]
fn lww_map_histories() {
    run_histories::<MapSubject>();
}

#[test]
fn mv_register_histories() {
    run_histories::<MvSubject>();
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("finite", |number| number.is_finite()),
        any::<f32>().prop_filter("finite", |number| number.is_finite()).prop_map(f64::from),
        (-4096i32..4096).prop_map(|number| f64::from(number) / 64.0),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-300i64..300).prop_map(Value::from),
        number().prop_map(|number| Value::float(number).unwrap()),
        prop::collection::vec(any::<u8>(), 0..30).prop_map(Value::Bytes),
        any::<String>().prop_map(Value::Text),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::btree_map(inner.clone(), inner, 0..5).prop_map(Value::map),
        ]
    })
}

proptest! {
    #[test]
    fn decoding_inverts_encoding(value in value()) {
        prop_assert_eq!(Value::from_bytes(&value.to_bytes().unwrap()), Ok(value));
    }

    #[test]
    fn order_and_identity_are_those_of_the_bytes(a in value(), b in value()) {
        prop_assert_eq!(a.cmp(&b), a.to_bytes().unwrap().cmp(&b.to_bytes().unwrap()));
        prop_assert_eq!(a == b, a.to_bytes() == b.to_bytes());
    }

    /// Pairs of one kind, which random values seldom are.
    #[test]
    fn numbers_and_texts_order_as_their_bytes(
        numbers in (number(), number()),
        integers in (any::<i64>(), any::<u64>()),
        texts in ("[a-c]{0,3}", "[a-c]{0,3}"),
    ) {
        let pairs = [
            (Value::float(numbers.0).unwrap(), Value::float(numbers.1).unwrap()),
            (Value::from(integers.0), Value::from(integers.1)),
            (Value::from(texts.0), Value::from(texts.1)),
        ];
        for (a, b) in pairs {
            prop_assert_eq!(a.cmp(&b), a.to_bytes().unwrap().cmp(&b.to_bytes().unwrap()));
        }
    }

    #[test]
    fn floats_read_back_to_the_bit(number in any::<f64>()) {
        match Value::float(number) {
            // Adding zero turns -0 into 0, the one number that changes.
            Ok(value) => prop_assert_eq!(value.as_f64().map(f64::to_bits), Some((number + 0.0).to_bits())),
            Err(error) => {
                prop_assert_eq!(error, CrdtError::NotFinite);
                prop_assert!(!number.is_finite());
            }
        }
    }

    /// A changed encoding is refused, or is the one encoding of another state.
    #[test]
    fn only_canonical_values_are_read(value in value(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = value.to_bytes().unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(value) = Value::from_bytes(&bytes) {
            prop_assert_eq!(value.to_bytes(), Ok(bytes));
        }
    }

    #[test]
    fn random_bytes_are_refused_or_canonical(mut bytes in prop::collection::vec(0u8..12, 0..40), kind in 1u8..=4) {
        bytes.splice(0..0, [1, kind]);
        let again = match kind {
            1 => VectorClock::from_bytes(&bytes).map(|state| state.to_bytes()),
            2 => CausalContext::from_bytes(&bytes).map(|state| state.to_bytes()),
            3 => LwwRegister::from_bytes(&bytes).map(|state| state.to_bytes()),
            _ => OrSet::from_bytes(&bytes).map(|state| state.to_bytes()),
        };
        if let Ok(again) = again {
            prop_assert_eq!(again, bytes);
        }
    }
}
