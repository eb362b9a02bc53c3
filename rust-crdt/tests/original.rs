//! The tests of the system this crate replaces that concern its first types.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

use chrysalis_crdt::{ActorId, ActorKey, LwwRegister, OrSet, Stamp, Value, VectorClock, Writer};

fn key(text: &str) -> ActorKey {
    ActorKey::new(text).unwrap()
}

fn clock(entries: &[(&str, u64)]) -> VectorClock {
    entries.iter().map(|(actor, count)| (key(actor), *count)).collect()
}

#[test]
fn vector_clock_singleton_is_concurrent_with_a_mixed_clock() {
    let single = VectorClock::singleton(key("a"), 5);
    let mixed = clock(&[("a", 3), ("b", 7)]);
    assert_eq!(single.get(&key("a")), 5);
    assert!(single.is_concurrent(&mixed));
}

#[test]
fn vector_clock_merge_takes_maxima() {
    let mut merged = clock(&[("a", 2), ("b", 1)]);
    merged.merge(&clock(&[("a", 1), ("b", 2), ("c", 1)]));
    assert_eq!(merged, clock(&[("a", 2), ("b", 2), ("c", 1)]));
    let mut merged = clock(&[("a", 2), ("b", 3)]);
    merged.merge(&clock(&[("a", 1), ("c", 1)]));
    assert_eq!(["a", "b", "c"].map(|actor| merged.get(&key(actor))), [2, 3, 1]);
}

#[test]
fn vector_clock_detects_concurrency() {
    let (one, two) = (clock(&[("a", 2), ("b", 1)]), clock(&[("a", 1), ("b", 2)]));
    assert!(one.is_concurrent(&two));
    assert!(!one.happened_before(&two) && !one.happened_after(&two));
}

#[test]
fn lww_register_keeps_the_latest_write() {
    let mut register = LwwRegister::new();
    for (value, ms) in [("first", 100), ("second", 200), ("third", 150)] {
        register.set_at(value, Stamp::new(ms, 0).unwrap(), key("a")).unwrap();
    }
    assert_eq!(register.get().and_then(Value::as_text), Some("second"));
}

#[test]
fn lww_register_ties_go_to_the_greater_writer() {
    let stamp = Stamp::new(100, 0).unwrap();
    let (mut one, mut two) = (LwwRegister::new(), LwwRegister::new());
    one.set_at("from a", stamp, key("a")).unwrap();
    two.set_at("from b", stamp, key("b")).unwrap();
    assert_eq!(one.clone().merge(&two), Ok(true));
    assert_eq!(two.merge(&one), Ok(false));
    assert_eq!(two.get().and_then(Value::as_text), Some("from b"));
}

#[test]
fn or_set_remove_hides_every_addition() {
    let writer = Writer::make(&ActorId::new("a").unwrap()).unwrap();
    let mut set = OrSet::new();
    set.add_tagged(&writer, "item").unwrap();
    set.add_tagged(&writer, "item").unwrap();
    set.add_tagged(&writer, "other").unwrap();
    assert_eq!(set.len(), 2);
    set.remove(&Value::from("item"));
    assert!(!set.contains(&Value::from("item")));
    assert!(set.contains(&Value::from("other")));
}

#[test]
fn or_set_keeps_an_item_added_elsewhere_while_it_was_removed() {
    let (a, b) = (
        Writer::make(&ActorId::new("a").unwrap()).unwrap(),
        Writer::make(&ActorId::new("b").unwrap()).unwrap(),
    );
    let mut one = OrSet::new();
    one.add(&a, "item").unwrap();
    let mut two = one.clone();
    one.remove(&Value::from("item"));
    two.add_tagged(&b, "item").unwrap();
    one.merge(&two).unwrap();
    assert!(one.contains(&Value::from("item")));
}
