//! The tests of the systems this crate replaces that concern counters, sets, registers and maps.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

use chrysalis_crdt::json::{Envelope, Import};
use chrysalis_crdt::{
    ActorKey, ClockOrdering, ClockUnit, Dot, GCounter, GSet, HybridClock, JsonState, LwwMap,
    LwwNumericRegister, LwwRegister, MvRegister, NumericMode, OrSet, PnCounter, Stamp, Value, VectorClock,
    Writer,
};

fn key(text: &str) -> ActorKey {
    ActorKey::new(text).unwrap()
}

fn writer(name: &str) -> Writer {
    Writer::resume(key(name), 0)
}

fn ms(time: f64) -> Stamp {
    ClockUnit::Milliseconds.stamp(time).unwrap()
}

fn counter(entries: &[(&str, u64)]) -> GCounter {
    GCounter::from_counts(entries.iter().map(|(actor, count)| (key(actor), *count)).collect())
}

fn join(a: &GCounter, b: &GCounter) -> GCounter {
    let mut joined = a.clone();
    joined.merge(b);
    joined
}

fn g_set(values: &[&str]) -> GSet {
    let mut set = GSet::new();
    values.iter().for_each(|value| drop(set.add(*value).unwrap()));
    set
}

fn register(value: &str, time: f64, writer: &str) -> LwwRegister {
    let mut register = LwwRegister::with_unit(ClockUnit::Milliseconds);
    register.set_at(value, ms(time), key(writer)).unwrap();
    register
}

fn text(register: &LwwRegister) -> &str {
    register.get().and_then(Value::as_text).unwrap()
}

#[test]
fn g_counter_value_is_commutative_associative_and_idempotent() {
    let (a, b, c) = (counter(&[("a", 3)]), counter(&[("a", 1), ("b", 2)]), counter(&[("c", 4)]));
    assert_eq!(join(&a, &b).value(), join(&b, &a).value());
    assert_eq!(join(&join(&a, &b), &c).value(), join(&a, &join(&b, &c)).value());
    assert_eq!(join(&a, &a).value(), 3);
    assert_eq!(join(&join(&a, &b), &c).value(), 9);
}

#[test]
fn g_counter_of_one_instance_is_asked_for() {
    let mut counter = GCounter::new();
    counter.increment(&key("a")).unwrap();
    counter.increment_by(&key("a"), 4).unwrap();
    counter.increment_by(&key("b"), 2).unwrap();
    assert_eq!((counter.value(), counter.count(&key("a")), counter.count(&key("z"))), (7, 5, 0));
}

#[test]
fn pn_counter_counts_three_up_and_one_down() {
    let mut counter = PnCounter::new();
    for _ in 0..3 {
        counter.increment(&key("a")).unwrap();
    }
    counter.decrement(&key("b")).unwrap();
    assert_eq!(counter.value(), 2);
}

#[test]
fn g_set_keeps_one_of_two_and_merges_to_the_union() {
    let mut set = g_set(&["a", "a", "b"]);
    assert_eq!(set.len(), 2);
    set.merge(&g_set(&["b", "c"])).unwrap();
    assert_eq!(set.elements().filter_map(Value::as_text).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert!(set.contains(&Value::from("c")) && !set.contains(&Value::from("d")));
    let before = set.clone();
    set.merge(&before).unwrap();
    assert_eq!(set, before);
    assert!(GSet::new().is_empty());
}

#[test]
fn or_set_addition_gives_a_tag_and_partial_removal_keeps_the_element() {
    let (mut set, x) = (OrSet::new(), Value::from("x"));
    let (one, _) = set.add_tagged(&writer("a"), "x").unwrap();
    let (two, _) = set.add_tagged(&writer("b"), "x").unwrap();
    assert_eq!(set.tags(&x).map(|dot| dot.to_string()).collect::<Vec<_>>(), ["a:1", "b:1"]);
    set.remove_tags(&x, &[one]);
    assert!(set.contains(&x));
    set.remove_tags(&x, &[two]);
    assert!(!set.contains(&x) && set.is_empty());
    set.remove_tags(&x, &[Dot::of_tag("unknown")]);
}

#[test]
fn or_set_concurrent_addition_wins() {
    let mut one = OrSet::new();
    one.add(&writer("a"), "x").unwrap();
    let mut two = one.clone();
    let (removed, _) = one.remove_all(&Value::from("x"));
    assert_eq!(removed.len(), 1);
    two.add(&writer("b"), "x").unwrap();
    one.merge(&two).unwrap();
    two.merge(&one).unwrap();
    assert!(one.contains(&Value::from("x")));
    assert_eq!(one.len(), 1);
    assert_eq!(one.to_bytes(), two.to_bytes());
}

#[test]
fn lww_register_takes_the_newer_the_greater_writer_and_nothing_older() {
    let mut it = register("first", 100.0, "a");
    it.set_at("second", ms(200.0), key("a")).unwrap();
    it.set_at("third", ms(150.0), key("z")).unwrap();
    assert_eq!((text(&it), it.stamp(), it.actor()), ("second", Some(ms(200.0)), Some(&key("a"))));
    assert_eq!(it.merge(&register("fourth", 200.0, "b")), Ok(true));
    assert_eq!(text(&it), "fourth");
    assert_eq!(it.merge(&register("fifth", 199.0, "z")), Ok(false));
    assert_eq!(it.merge(&it.clone()), Ok(false));
    let mut empty = LwwRegister::with_unit(ClockUnit::Milliseconds);
    assert_eq!((empty.get(), empty.stamp(), empty.actor()), (None, None, None));
    assert_eq!(empty.merge(&it), Ok(true));
    assert_eq!(empty, it);
    assert_eq!(it.merge(&LwwRegister::with_unit(ClockUnit::Milliseconds)), Ok(false));
}

#[test]
fn lww_numeric_register_keeps_the_greatest_when_told_so() {
    let write = |mode, number, seconds| {
        let mut register = LwwNumericRegister::with_unit(mode, ClockUnit::Seconds);
        register.set_at(number, ClockUnit::Seconds.stamp(seconds).unwrap(), Some(key("a"))).unwrap();
        register
    };
    for (mode, expected) in [(NumericMode::Greatest, 0.9), (NumericMode::Last, 0.3)] {
        let mut register = write(mode, 0.9, 1.0);
        register.merge(&write(mode, 0.3, 2.0)).unwrap();
        assert_eq!(register.get().to_bits(), f64::to_bits(expected));
    }
}

#[test]
fn lww_map_sets_gets_and_merges_by_key() {
    let set = |entries: &[(&str, &str, f64)]| {
        let mut map = LwwMap::with_unit(ClockUnit::Milliseconds);
        for (name, value, time) in entries {
            map.set_at(name, *value, ms(*time), key("a")).unwrap();
        }
        map
    };
    let mut map = set(&[("k", "old", 1.0), ("k", "new", 2.0), ("l", "l", 1.0)]);
    assert_eq!(map.get("k"), Some(&Value::from("new")));
    assert!(map.contains("l") && !map.contains("m"));
    map.merge(&set(&[("k", "older", 1.5), ("m", "m", 1.0)])).unwrap();
    assert_eq!(map.keys().collect::<Vec<_>>(), ["k", "l", "m"]);
    assert_eq!(map.get("k"), Some(&Value::from("new")));
    map.remove_at("k", ms(3.0), key("a"));
    assert_eq!((map.get("k"), map.len()), (None, 2));
}

#[test]
fn vector_clock_operations() {
    let mut one = VectorClock::new();
    assert_eq!(one.increment(&key("a")), Ok(1));
    assert_eq!(one.increment(&key("a")), Ok(2));
    let mut two = one.clone();
    assert_eq!(one.compare(&two), ClockOrdering::Equal);
    two.increment(&key("b")).unwrap();
    assert_eq!((one.compare(&two), two.compare(&one)), (ClockOrdering::Before, ClockOrdering::After));
    assert!(one.happened_before(&two) && !two.happened_before(&one));
    one.increment(&key("a")).unwrap();
    assert_eq!(one.compare(&two), ClockOrdering::Concurrent);
    one.merge(&two);
    assert_eq!((one.to_string(), one.sum()), ("{a:3, b:1}".to_owned(), 4));
    assert_eq!(VectorClock::new().compare(&one), ClockOrdering::Before);
}

#[test]
fn mv_register_shows_both_of_two_concurrent_values_and_one_after_a_newer() {
    let clock = |entries: &[(&str, u64)]| -> VectorClock {
        entries.iter().map(|(actor, count)| (key(actor), *count)).collect()
    };
    let mut register = MvRegister::new();
    register.set("a", clock(&[("a", 1)])).unwrap();
    assert!(!register.has_conflict());
    register.set("b", clock(&[("b", 1)])).unwrap();
    assert!(register.has_conflict());
    assert_eq!(register.get(), [&Value::from("a"), &Value::from("b")]);
    register.set("c", clock(&[("a", 1), ("b", 2)])).unwrap();
    assert_eq!(register.get(), [&Value::from("c")]);
}

/// The snapshot of the old state manager stamped everything anew and minted new tags.
#[test]
fn a_snapshot_keeps_stamps_writers_and_tags() {
    let mut map = LwwMap::with_unit(ClockUnit::Lamport);
    map.set_at("memory", "m", Stamp::from_bits(7), key("a")).unwrap();
    let mut set = OrSet::new();
    let (tag, _) = set.add_tagged(&writer("a"), "x").unwrap();
    let envelope = Envelope { lamport_clock: 100, ..Envelope::default() };
    let (map_again, read) = LwwMap::from_json(&map.to_json(&envelope).unwrap(), &Import::new()).unwrap();
    let (set_again, _) = OrSet::from_json(&set.to_json(&envelope).unwrap(), &Import::new()).unwrap();
    assert_eq!((&map_again, &set_again), (&map, &set));
    assert_eq!(set_again.tags(&Value::from("x")).collect::<Vec<_>>(), [tag]);
    assert_eq!(map_again.entry("memory").unwrap().key(), map.entry("memory").unwrap().key());
    assert_eq!(read.lamport_clock, 100);
    // After a remote clock of 100 every local stamp is greater.
    let mut clock = HybridClock::new();
    clock.admit(Stamp::new(100, 0).unwrap());
    assert!(clock.tick(3).unwrap() > Stamp::new(100, 0).unwrap());
}
