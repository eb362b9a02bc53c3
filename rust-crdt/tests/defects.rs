//! What the systems before this one did wrong, and this crate must not: one test each.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

use chrysalis_crdt::{
    ActorKey, ClockUnit, CrdtError, GCounter, HybridClock, LwwElementSet, LwwMap, LwwRegister, MvRegister,
    OrSet, Stamp, TwoPhaseSet, Value, VectorClock, Writer,
};

fn key(text: &str) -> ActorKey {
    ActorKey::new(text).unwrap()
}

fn writer(name: &str) -> Writer {
    Writer::resume(key(name), 0)
}

fn at(ms: u64) -> Stamp {
    Stamp::new(ms, 0).unwrap()
}

fn clock(entries: &[(&str, u64)]) -> VectorClock {
    entries.iter().map(|(actor, count)| (key(actor), *count)).collect()
}

/// Ids compared as UTF-16 or code units broke ties differently in each language.
#[test]
fn ties_between_ids_are_broken_by_their_bytes() {
    let mut register = LwwRegister::new();
    register.set_at("wide", at(1), key("\u{ff5e}")).unwrap();
    register.set_at("emoji", at(1), key("\u{1f600}")).unwrap();
    assert_eq!(register.get(), Some(&Value::from("emoji")));
}

/// Plain objects lost `__proto__` and reordered ids that look like integers.
#[test]
fn no_id_is_special() {
    let mut one = GCounter::new();
    for name in ["__proto__", "constructor", "10", "9"] {
        one.increment(&key(name)).unwrap();
    }
    let mut two = GCounter::new();
    two.merge(&one);
    assert_eq!(two.value(), 4);
    assert_eq!(two.counts().to_string(), "{10:1, 9:1, __proto__:1, constructor:1}");
}

/// A NaN as a stamp made merges depend on their order.
#[test]
fn stamps_and_numbers_are_finite() {
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(ClockUnit::Seconds.stamp(number), Err(CrdtError::NotFinite));
        assert_eq!(Value::float(number), Err(CrdtError::NotFinite));
    }
}

/// Zero entries were kept, so that equal clocks differed, and equal clocks were reported as concurrent.
#[test]
fn equal_clocks_are_equal() {
    let (one, two) = (clock(&[("a", 1), ("b", 0)]), clock(&[("a", 1)]));
    assert_eq!(one.to_bytes(), two.to_bytes());
    assert!(!one.is_concurrent(&two));
    assert!(two.clone().set(&key("a"), 0).is_err());
}

/// Values were told apart by the order of their keys, or not at all where the host language has `1 == true`.
#[test]
fn values_have_one_identity() {
    let mut set = OrSet::new();
    for value in [
        Value::from(1u8),
        Value::float(1.0).unwrap(),
        Value::from(true),
        Value::from("1"),
        Value::map([("a", 1u8), ("b", 2)]),
        Value::map([("b", 2u8), ("a", 1)]),
    ] {
        set.add(&writer("w"), value).unwrap();
    }
    assert_eq!(set.len(), 4);
}

/// Sets without tombstones forgot removals; those with them grew for ever and kept duplicates.
#[test]
fn removal_survives_stale_merges_and_takes_no_memory() {
    let (mut set, writer) = (OrSet::new(), writer("a"));
    set.add(&writer, "x").unwrap();
    let stale = set.clone();
    set.remove(&Value::from("x"));
    let length = set.to_bytes().len();
    for _ in 0..500 {
        set.merge(&stale).unwrap();
        set.add(&writer, "y").unwrap();
        set.remove(&Value::from("y"));
    }
    assert!(set.is_empty());
    // A few more digits in the one counter.
    assert!(set.to_bytes().len() <= length + 1);
}

/// Equal tags with different values made merges depend on their order.
#[test]
fn a_reused_tag_is_refused_on_both_sides() {
    let (mut one, mut two) = (OrSet::new(), OrSet::new());
    one.add_with_tag("x", "t").unwrap();
    two.add_with_tag("y", "t").unwrap();
    let before = (one.to_bytes(), two.to_bytes());
    assert_eq!(one.merge(&two.clone()).unwrap_err().code(), "crdt/equivocation");
    assert_eq!(two.merge(&one.clone()).unwrap_err().code(), "crdt/equivocation");
    assert_eq!((one.to_bytes(), two.to_bytes()), before);
}

/// A document copied to two sites minted one tag there for two different additions.
#[test]
fn copies_of_one_state_write_apart() {
    let id = chrysalis_crdt::ActorId::new("site").unwrap();
    let mut one = OrSet::new();
    one.add(&Writer::make(&id).unwrap(), "shared").unwrap();
    let mut two = OrSet::from_bytes(&one.to_bytes()).unwrap();
    one.add(&Writer::make(&id).unwrap(), "x").unwrap();
    two.add(&Writer::make(&id).unwrap(), "y").unwrap();
    one.merge(&two).unwrap();
    assert_eq!(one.len(), 3);
}

/// A removal of what was never added was ignored by one of the two-phase sets.
#[test]
fn removal_before_addition_counts() {
    let mut set = TwoPhaseSet::new();
    set.remove("x").unwrap();
    set.add("x").unwrap();
    assert!(set.is_empty());
}

/// A removal at time 0 was taken for no removal.
#[test]
fn a_removal_at_zero_is_one() {
    let mut set = LwwElementSet::new();
    set.add("x", at(0)).unwrap();
    set.remove("x", at(0)).unwrap();
    assert!(!set.contains(&Value::from("x")));
}

/// With equal stamps and writers the left argument won, so that two sides never agreed.
#[test]
fn equal_writes_resolve_alike_on_both_sides() {
    let (mut one, mut two) = (LwwRegister::new(), LwwRegister::new());
    one.set_at("left", at(1), key("a")).unwrap();
    two.set_at("right", at(1), key("a")).unwrap();
    let before = one.clone();
    one.merge(&two).unwrap();
    two.merge(&before).unwrap();
    assert_eq!(one.to_bytes(), two.to_bytes());
}

/// Setting a register overwrote newer writes, which the next merge brought back.
#[test]
fn a_register_never_goes_back() {
    let mut register = LwwRegister::new();
    register.set_at("new", at(9), key("a")).unwrap();
    register.set_at("old", at(8), key("a")).unwrap();
    assert_eq!(register.get(), Some(&Value::from("new")));
}

/// A map forgot removed keys, and a stale copy brought them back.
#[test]
fn a_removed_key_stays_removed() {
    let mut map = LwwMap::new();
    map.set_at("k", "v", at(1), key("a")).unwrap();
    let stale = map.clone();
    map.remove_at("k", at(2), key("a"));
    map.merge(&stale).unwrap();
    assert!(!map.contains("k"));
}

/// Equal values of concurrent writes were merged into one with an arbitrary clock: neither commutative nor associative.
#[test]
fn concurrent_writes_of_one_value_stay_two() {
    let pair = |entries: &[(&str, u64)]| {
        let mut register = MvRegister::new();
        register.set("v", clock(entries)).unwrap();
        register
    };
    let (a, b, c) = (pair(&[("a", 1)]), pair(&[("b", 1)]), pair(&[("b", 2)]));
    let join = |one: &MvRegister, two: &MvRegister| {
        let mut joined = one.clone();
        joined.merge(two).unwrap();
        joined
    };
    assert_eq!(join(&a, &b), join(&b, &a));
    assert_eq!(join(&a, &b).siblings().count(), 2);
    assert_eq!(join(&join(&a, &b), &c), join(&a, &join(&b, &c)));
    assert_eq!(join(&join(&a, &b), &c).siblings().count(), 2);
}

/// Counters wrapped, or lost exactness above 2^53.
#[test]
fn counters_neither_wrap_nor_round() {
    let mut counter = GCounter::new();
    counter.increment_by(&key("a"), (1u64 << 53) + 1).unwrap();
    assert_eq!(counter.value(), (1 << 53) + 1);
    counter.increment_by(&key("a"), u64::MAX - (1 << 53) - 1).unwrap();
    assert_eq!(counter.increment(&key("a")), Err(CrdtError::CounterOverflow));
}

/// Seconds from Python met milliseconds from TypeScript in one register, and every write of the second won.
#[test]
fn units_do_not_meet() {
    let mut python = LwwRegister::with_unit(ClockUnit::Seconds);
    python.set_at("p", ClockUnit::Seconds.stamp(1_700_000_000.5).unwrap(), key("a")).unwrap();
    let mut script = LwwRegister::with_unit(ClockUnit::Milliseconds);
    script.set_at("t", ClockUnit::Milliseconds.stamp(1.0).unwrap(), key("a")).unwrap();
    assert_eq!(python.merge(&script), Err(CrdtError::UnitMismatch));
    assert_eq!(script.merge(&python), Err(CrdtError::UnitMismatch));
}

/// A local write with a slow clock lost against what it was meant to replace.
#[test]
fn a_local_write_wins_over_all_it_has_seen() {
    let mut register = LwwRegister::new();
    register.set_at("theirs", at(1_000_000), key("z")).unwrap();
    register.set(&writer("a"), &mut HybridClock::new(), 5, "ours").unwrap();
    assert_eq!(register.get(), Some(&Value::from("ours")));
}
