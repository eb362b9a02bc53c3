//! Encodings written by hand after `docs/encodings/crdt.md`, and what is not one.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

use chrysalis_crdt::g_set::Metadata;
use chrysalis_crdt::{
    ActorKey, ClockUnit, CrdtError, GCounter, GSet, HybridClock, LwwElementSet, LwwMap, LwwNumericRegister,
    MvRegister, NumericMode, PnCounter, Stamp, State, TwoPhaseSet, VectorClock, Writer,
};

fn key(text: &str) -> ActorKey {
    ActorKey::new(text).unwrap()
}

fn encoded<T: State>(state: &T, bytes: &[u8]) {
    assert_eq!(State::to_bytes(state), bytes);
    assert_eq!(<T as State>::from_bytes(bytes).as_ref(), Ok(state));
    // No shorter and no longer message is one.
    for length in 0..bytes.len() {
        assert!(<T as State>::from_bytes(&bytes[..length]).is_err(), "{length}");
    }
    assert!(<T as State>::from_bytes(&[bytes, &[0]].concat()).is_err());
}

fn why<T: State>(kind: u8, body: &[u8]) -> &'static str {
    match <T as State>::from_bytes(&[&[1, kind], body].concat()) {
        Err(CrdtError::Malformed(why)) => why,
        Err(other) => other.code(),
        Ok(_) => "accepted",
    }
}

#[test]
fn counters() {
    let mut counter = PnCounter::new();
    counter.increment_by(&key("a"), 300).unwrap();
    counter.decrement(&key("b")).unwrap();
    encoded(counter.positive(), &[1, 5, 1, 1, b'a', 0xac, 2]);
    encoded(&counter, &[1, 6, 2, 1, b'a', 1, b'b', 0xac, 2, 0, 0, 1]);
    assert_eq!(why::<GCounter>(5, &[1, 1, b'a', 0]), "actor without an update");
    assert_eq!(why::<PnCounter>(6, &[1, 1, b'a', 0, 0]), "actor without an update");
    assert_eq!(why::<PnCounter>(6, &[1, 1, b'a', 0, 1]), "accepted");
    assert_eq!(why::<PnCounter>(5, &[0]), "another type");
}

#[test]
fn grow_only_sets() {
    let mut set = GSet::new();
    encoded(&set, &[1, 7, 0, 0, 0]);
    set.add("x").unwrap();
    set.add(1u8).unwrap();
    encoded(&set, &[1, 7, 0, 0, 2, 1, 0x61, b'x']);
    let metadata = Metadata {
        lamport_time: 9,
        operation_id: Some("op".to_owned()),
        vector_clock: VectorClock::singleton(key("a"), 3),
        ..Metadata::new(ClockUnit::Lamport, Stamp::from_bits(8), key("w"))
    };
    set.add_with("x", metadata).unwrap();
    let stamped: &[u8] = &[
        1, 7, 2, 1, b'a', 1, b'w', // version, type, actors
        1, 2, // with metadata, two elements
        1, 0, // 1, without any
        0x61, b'x', 1, 3, 8, 1, 9, 1, 2, b'o', b'p', 1, 0, 2, // x: lamport 8 by w, 9, op, {a:3}
    ];
    encoded(&set, stamped);
    assert_eq!(why::<GSet>(7, &[0, 1, 1, 1, 0]), "flag of metadata without any");
    assert_eq!(why::<GSet>(7, &[0, 0, 2, 2, 1]), "elements are not in order");
    assert_eq!(why::<GSet>(7, &[0, 0, 2, 1, 1]), "elements are not in order");
    assert_eq!(why::<GSet>(7, &[0, 2, 0]), "flag is not 0 or 1");
    let with =
        |tail: &[u8]| why::<GSet>(7, &[&[2, 1, b'a', 1, b'w', 1, 1, 5, 1, 3, 8, 1, 9, 0], tail].concat());
    assert_eq!(with(&[1, 0, 2]), "accepted");
    assert_eq!(with(&[0]), "actor without an update");
    assert_eq!(with(&[2, 0, 2, 0, 2]), "actors of a clock are not in order");
    assert_eq!(
        with(&[1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
        "counter is over 64 bits"
    );
    // A huge number of elements, in few bytes.
    assert_eq!(why::<GSet>(7, &[0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]), "state is cut off");
}

#[test]
fn two_phase_sets() {
    let mut set = TwoPhaseSet::new();
    set.add("x").unwrap();
    set.remove("x").unwrap();
    set.remove(1u8).unwrap();
    encoded(&set, &[1, 8, 0, 1, 0x61, b'x', 2, 1, 0x61, b'x']);
    assert_eq!(why::<TwoPhaseSet>(8, &[0, 0, 2, 5, 4]), "elements are not in order");
    assert_eq!(why::<TwoPhaseSet>(8, &[1, 1, b'a', 0, 0]), "actor without an update");
}

#[test]
fn numeric_registers() {
    encoded(&LwwNumericRegister::new(NumericMode::Last), &[1, 9, 0, 0, 0, 0]);
    let mut register = LwwNumericRegister::with_unit(NumericMode::Greatest, ClockUnit::Lamport);
    register.set_at(-0.5, Stamp::from_bits(7), None).unwrap();
    encoded(&register, &[1, 9, 0, 3, 1, 1, 0, 0, 0, 0, 0, 0, 0xe0, 0xbf, 7, 0]);
    register.set_at(1.5, Stamp::from_bits(7), Some(key("w"))).unwrap();
    encoded(&register, &[1, 9, 1, 1, b'w', 3, 1, 1, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 7, 1, 0]);
    let number =
        |bytes: [u8; 8]| why::<LwwNumericRegister>(9, &[&[0, 3, 0, 1], &bytes[..], &[7, 0]].concat());
    assert_eq!(number((-0.0f64).to_le_bytes()), "negative zero");
    assert_eq!(number(f64::NAN.to_le_bytes()), "number is not finite");
    assert_eq!(number(f64::INFINITY.to_le_bytes()), "number is not finite");
    assert_eq!(why::<LwwNumericRegister>(9, &[0, 4, 0, 0]), "unknown clock");
}

#[test]
fn element_sets() {
    let mut set = LwwElementSet::new();
    set.add("x", Stamp::new(200, 1).unwrap()).unwrap();
    set.remove(1u8, Stamp::new(3, 0).unwrap()).unwrap();
    encoded(&set, &[1, 10, 0, 0, 2, 1, 0, 0, 1, 3, 0, 0x61, b'x', 0xc8, 1, 1, 0]);
    let mut set = LwwElementSet::with_unit(ClockUnit::Seconds);
    set.add(5u8, ClockUnit::Seconds.stamp(1.0).unwrap()).unwrap();
    encoded(&set, &[1, 10, 0, 2, 1, 5, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0]);
    let negative = [&[0, 2, 1, 5], &(-1.0f64).to_le_bytes()[..], &[0]].concat();
    assert_eq!(why::<LwwElementSet>(10, &negative), "crdt/out-of-range");
}

#[test]
fn maps() {
    let (writer, mut clock) = (Writer::resume(key("a"), 0), HybridClock::new());
    let mut map = LwwMap::new();
    map.set(&writer, &mut clock, 200, "k", 5u8).unwrap();
    map.remove(&writer, &mut clock, 200, "j").unwrap();
    map.set_at("l", 6u8, Stamp::new(1, 0).unwrap(), key("b")).unwrap();
    let bytes: &[u8] = &[
        1, 11, 2, 1, b'a', 1, b'b', // version, type, actors
        0, 1, 0, 1, 0, // hybrid; context: a 1..=2, b none
        3, 1, b'j', 0xc8, 1, 1, 0, 2, 0, // j: 200+1 by a, dot 2, removed
        1, b'k', 0xc8, 1, 0, 0, 1, 1, 5, // k: 200+0 by a, dot 1, 5
        1, b'l', 1, 0, 1, 0, 1, 6, // l: 1+0 by b, no dot, 6
    ];
    encoded(&map, bytes);
    let entries = |tail: &[u8]| why::<LwwMap>(11, &[&[1, 1, b'a', 0, 1, 0, 1], tail].concat());
    assert_eq!(entries(&[1, 1, b'k', 1, 0, 0, 1, 1, 5]), "accepted");
    assert_eq!(entries(&[1, 1, b'k', 1, 0, 0, 3, 1, 5]), "dot of two keys, or outside the context");
    let twice = [2, 1, b'j', 1, 0, 0, 1, 1, 5, 1, b'k', 1, 0, 0, 1, 1, 5];
    assert_eq!(entries(&twice), "dot of two keys, or outside the context");
    let order = [2, 1, b'k', 1, 0, 0, 1, 1, 5, 1, b'j', 1, 0, 0, 2, 1, 5];
    assert_eq!(entries(&order), "keys are not in order");
    assert_eq!(entries(&[1, 1, 0xff, 1, 0, 0, 1, 1, 5]), "text is not UTF-8");
}

#[test]
fn multi_value_registers() {
    let mut register = MvRegister::new();
    register.set(5u8, VectorClock::singleton(key("b"), 1)).unwrap();
    register.write(&Writer::resume(key("a"), 0), 6u8).unwrap();
    register.set(7u8, VectorClock::singleton(key("c"), 2)).unwrap();
    let bytes: &[u8] = &[
        1, 12, 3, 1, b'a', 1, b'b', 1, b'c', // version, type, actors
        1, 0, 0, 0, 0, // context: a 1..=1
        1, 0, 0, 6, // a:1 is 6
        2, 1, 1, 0, 1, 5, 1, // {b:1}: 5, replaced
        1, 2, 1, 1, 7, 0, // {c:2}: 7
    ];
    encoded(&register, bytes);
    let body = |tail: &[u8]| why::<MvRegister>(12, &[&[1, 1, b'a', 1, 0, 1], tail].concat());
    assert_eq!(body(&[2, 0, 0, 6, 0, 1, 6, 0]), "accepted");
    assert_eq!(body(&[2, 0, 1, 6, 0, 0, 6, 0]), "dots are not in order");
    assert_eq!(body(&[1, 0, 2, 6, 0]), "dot outside the context");
    assert_eq!(body(&[0, 1, 1, 0, 0, 0]), "clock without a value");
    assert_eq!(body(&[0, 1, 1, 0, 0, 2, 5, 0, 5, 1]), "elements are not in order");
    assert_eq!(body(&[0, 2, 1, 0, 0, 1, 5, 0, 1, 0, 1, 1, 5, 0]), "clock below another");
    assert_eq!(body(&[0, 2, 1, 0, 1, 1, 5, 0, 1, 0, 0, 1, 5, 0]), "clocks are not in order");
}
