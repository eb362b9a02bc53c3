//! JSON: what older systems wrote is read, one form is written, and nothing else is taken.
//!
//! After a deliberate change of form, `CHRYSALIS_WRITE_VECTORS=1` writes `vectors/legacy.json` anew.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

mod support;

use chrysalis_crdt::g_set::Metadata;
use chrysalis_crdt::json::{Envelope, Import, Json, SourceLanguage, safe_integer, safe_signed_integer};
use chrysalis_crdt::{
    ActorKey, ClockUnit, CrdtError, Dot, GCounter, GSet, HybridClock, JsonState, LwwElementSet, LwwMap,
    LwwNumericRegister, LwwRegister, MvRegister, NumericMode, OrSet, PnCounter, Stamp, TwoPhaseSet, Value,
    VectorClock, Writer,
};
use serde_json::Value as Tree;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/legacy.json");

/// Calls a generic function with the type of this name.
macro_rules! with_type {
    ($name:expr, $call:ident($($argument:expr),*)) => {
        match $name {
            "vector_clock" => $call::<VectorClock>($($argument),*),
            "g_counter" => $call::<GCounter>($($argument),*),
            "pn_counter" => $call::<PnCounter>($($argument),*),
            "g_set" => $call::<GSet>($($argument),*),
            "two_phase_set" => $call::<TwoPhaseSet>($($argument),*),
            "lww_register" => $call::<LwwRegister>($($argument),*),
            "lww_numeric_register" => $call::<LwwNumericRegister>($($argument),*),
            "lww_element_set" => $call::<LwwElementSet>($($argument),*),
            "lww_map" => $call::<LwwMap>($($argument),*),
            "or_set" => $call::<OrSet>($($argument),*),
            "mv_register" => $call::<MvRegister>($($argument),*),
            other => panic!("unknown type {other}"),
        }
    };
}

#[test]
fn older_shapes_are_read() {
    let mut file: Tree = serde_json::from_str(&std::fs::read_to_string(PATH).unwrap()).unwrap();
    let published = file.clone();
    for case in file["cases"].as_array_mut().unwrap() {
        let import = match case["clock"].as_str() {
            Some(name) => Import::new().with_unit(ClockUnit::from_name(name).unwrap()),
            None => Import::new(),
        };
        let input = case["input"].as_str().unwrap();
        let data = with_type!(case["type"].as_str().unwrap(), read(input, &import));
        case["data"] = data.into();
    }
    if std::env::var_os("CHRYSALIS_WRITE_VECTORS").is_some() {
        std::fs::write(PATH, serde_json::to_string_pretty(&file).unwrap() + "\n").unwrap();
    } else {
        assert_eq!(file, published);
    }
}

/// The current form of an older one, after a way there and back.
fn read<T: JsonState>(input: &str, import: &Import) -> String {
    let (state, envelope) = T::from_json(input, import).unwrap();
    let text = state.to_json(&envelope).unwrap();
    assert_eq!(T::from_json(&text, &Import::new()), Ok((state.clone(), envelope)), "{text}");
    assert_eq!(T::from_bytes(&state.to_bytes()).as_ref(), Ok(&state));
    let unit = state.clock_unit().map_or(Import::new(), |unit| Import::new().with_unit(unit));
    let data = state.to_data().unwrap();
    assert_eq!(T::from_data(&data, &unit), Ok(state));
    // Where one form is read, no byte of another is.
    assert_eq!(Json::parse(&data.to_text()), Ok(data.clone()));
    data.to_text()
}

fn key(text: &str) -> ActorKey {
    ActorKey::new(text).unwrap()
}

/// A state is one text, and that text is the state.
fn written<T: JsonState>(state: &T, data: &str) {
    assert_eq!(state.to_data().unwrap().to_text(), data);
    let envelope = Envelope {
        source_language: SourceLanguage::TypeScript,
        lamport_clock: 12,
        vector_clock: VectorClock::singleton(key("a"), 10),
    };
    let clock = state.clock_unit().map_or(String::new(), |unit| format!(r#""clock":"{}","#, unit.as_str()));
    let text = format!(
        r#"{{"version":"2.0.0","source_language":"typescript","crdt_type":"{}","lamport_clock":12,"vector_clock":{{"a":10}},{clock}"data":{data}}}"#,
        T::KIND.as_str(),
    );
    assert_eq!(state.to_json(&envelope).as_ref(), Ok(&text));
    assert_eq!(T::from_json(&text, &Import::new()), Ok((state.clone(), envelope)));
}

#[test]
fn every_type_has_one_form() {
    let (a, mut clock) = (Writer::resume(key("a"), 0), HybridClock::new());
    let b = Writer::resume(key("b"), 6);

    let vector: VectorClock =
        [("\u{1f600}", 1), ("\u{ff5e}", 2), ("10", 3)].map(|(n, c)| (key(n), c)).into_iter().collect();
    written(&vector, "{\"10\":3,\"\u{ff5e}\":2,\"\u{1f600}\":1}");
    let mut counter = PnCounter::new();
    counter.increment_by(&key("a"), 3).unwrap();
    counter.decrement(&key("b")).unwrap();
    written(counter.positive(), r#"{"counts":{"a":3}}"#);
    written(&counter, r#"{"positive":{"counts":{"a":3}},"negative":{"counts":{"b":1}}}"#);

    let mut set = GSet::new();
    set.add(Value::map([("bb", 1u8), ("c", 2)])).unwrap();
    set.add(Value::map([("id", "1"), ("value", "v")])).unwrap();
    written(&set, r#"{"elements":[{"bb":1,"c":2},{"id":"1","value":"v"}],"metadata":false}"#);
    let metadata = Metadata {
        operation_id: Some("op".to_owned()),
        lamport_time: 4,
        vector_clock: VectorClock::singleton(key("a"), 1),
        ..Metadata::new(ClockUnit::Hybrid, Stamp::new(5, 6).unwrap(), key("w"))
    };
    let mut set = GSet::new();
    set.add_with("x", metadata).unwrap();
    set.add("y").unwrap();
    written(
        &set,
        r#"{"elements":[{"value":"x","metadata":{"operationId":"op","lamportTime":4,"vectorClock":{"a":1},"writer":"w","clock":"hlc","timestamp":5,"logical":6}},{"value":"y","metadata":null}],"metadata":true}"#,
    );

    let mut set = TwoPhaseSet::new();
    set.add("a").unwrap();
    set.remove("b").unwrap();
    written(&set, r#"{"added":["a"],"removed":["b"]}"#);

    let mut set = LwwElementSet::with_unit(ClockUnit::Seconds);
    set.add("a", ClockUnit::Seconds.stamp(1.5).unwrap()).unwrap();
    set.remove("b", ClockUnit::Seconds.stamp(2.0).unwrap()).unwrap();
    written(
        &set,
        r#"{"elements":[{"value":"a","addTime":1.5,"removeTime":null},{"value":"b","addTime":0,"removeTime":2}]}"#,
    );
    let mut set = LwwElementSet::new();
    set.add("a", Stamp::new(7, 1).unwrap()).unwrap();
    written(
        &set,
        r#"{"elements":[{"value":"a","addTime":7,"removeTime":null,"addLogical":1,"removeLogical":null}]}"#,
    );

    let mut register = LwwRegister::new();
    written(
        &register,
        r#"{"value":null,"timestamp":0,"logical":0,"nodeId":"","context":{"vv":{},"cloud":{}}}"#,
    );
    register.set(&a, &mut clock, 9, Value::Null).unwrap();
    register.set(&b, &mut clock, 9, true).unwrap();
    written(
        &register,
        r#"{"value":true,"timestamp":9,"logical":1,"nodeId":"b","context":{"vv":{"a":1},"cloud":{"b":[7]}}}"#,
    );
    let mut register = LwwNumericRegister::new(NumericMode::Last);
    written(&register, r#"{"value":null,"timestamp":0,"logical":0,"writer":"","use_max":false}"#);
    register.set_at(0.0, Stamp::ZERO, None).unwrap();
    written(&register, r#"{"value":0,"timestamp":0,"logical":0,"writer":"","use_max":false}"#);
    let mut register = LwwNumericRegister::with_unit(NumericMode::Greatest, ClockUnit::Lamport);
    register.set_at(-0.25, Stamp::from_bits(3), Some(key("w"))).unwrap();
    written(&register, r#"{"value":-0.25,"timestamp":3,"logical":0,"writer":"w","use_max":true}"#);

    let mut map = LwwMap::new();
    map.set(&a, &mut clock, 20, "b", 1u8).unwrap();
    map.remove(&a, &mut clock, 20, "a").unwrap();
    map.set_at("\u{1f600}", "x", Stamp::new(3, 0).unwrap(), key("c")).unwrap();
    written(
        &map,
        "{\"entries\":{\"a\":{\"value\":null,\"timestamp\":20,\"logical\":1,\"nodeId\":\"a\",\"counter\":3,\"removed\":true},\"b\":{\"value\":1,\"timestamp\":20,\"logical\":0,\"nodeId\":\"a\",\"counter\":2,\"removed\":false},\"\u{1f600}\":{\"value\":\"x\",\"timestamp\":3,\"logical\":0,\"nodeId\":\"c\",\"counter\":null,\"removed\":false}},\"context\":{\"vv\":{},\"cloud\":{\"a\":[2,3]}}}",
    );

    let mut set = OrSet::new();
    set.add_dot(&Dot::parse("a:1").unwrap(), "x").unwrap();
    set.add_dot(&Dot::parse("b:7").unwrap(), "x").unwrap();
    set.add_dot(&Dot::parse("b:9").unwrap(), "y").unwrap();
    set.remove(&Value::from("y"));
    written(
        &set,
        r#"{"elements":[{"value":"x","dots":[["a",1],["b",7]]}],"context":{"vv":{"a":1},"cloud":{"b":[7,9]}}}"#,
    );

    let mut register = MvRegister::new();
    register.set("old", VectorClock::singleton(key("z"), 1)).unwrap();
    register.write(&Writer::resume(key("a"), 0), "x").unwrap();
    register.set("y", VectorClock::singleton(key("b"), 2)).unwrap();
    written(
        &register,
        r#"{"values":[{"value":"x","clock":null,"dot":["a",1]},{"value":"y","clock":{"b":2},"dot":null}],"resolved":[{"value":"old","clock":{"z":1}}],"context":{"vv":{"a":1},"cloud":{}}}"#,
    );
}

fn refused<T: JsonState>(text: &str, import: &Import) -> &'static str {
    match T::from_json(text, import) {
        Err(CrdtError::InvalidJson { what, .. }) => what,
        Err(error) => error.code(),
        Ok(_) => "accepted",
    }
}

#[test]
fn units_are_never_guessed_against_the_text() {
    let seconds = Import::new().with_unit(ClockUnit::Seconds);
    let text = LwwRegister::new().to_json(&Envelope::default()).unwrap();
    assert_eq!(refused::<LwwRegister>(&text, &seconds), "crdt/unit-mismatch");
    let unnamed = text.replace(r#""clock":"hlc","#, "");
    assert_eq!(refused::<LwwRegister>(&unnamed, &Import::new()), "nothing names the unit of the stamps");
    assert_eq!(
        refused::<LwwElementSet>(r#"{"elements":[]}"#, &Import::new()),
        "nothing names the unit of the stamps"
    );
    let old = r#"{"value":"v","timestamp":5,"nodeId":"a"}"#;
    let (in_ms, _) = LwwRegister::from_json(old, &Import::new()).unwrap();
    let (mut in_s, _) = LwwRegister::from_json(old, &seconds).unwrap();
    assert_eq!((in_ms.unit(), in_s.unit()), (ClockUnit::Milliseconds, ClockUnit::Seconds));
    assert_eq!(in_s.merge(&in_ms), Err(CrdtError::UnitMismatch));
    assert_eq!(
        refused::<LwwRegister>(r#"{"value":1,"timestamp":5,"logical":1,"nodeId":"a"}"#, &seconds),
        "logical time without a hybrid clock"
    );
}

#[test]
fn numbers_that_json_does_not_carry_are_refused() {
    let max = u128::from((1u64 << 53) - 1);
    assert_eq!(safe_integer(max), Ok((1 << 53) - 1));
    assert_eq!(safe_integer(max + 1), Err(CrdtError::UnsafeInteger));
    assert_eq!(safe_signed_integer(-(1 << 53)), Err(CrdtError::UnsafeInteger));
    assert_eq!(safe_signed_integer(1 - (1 << 53)), Ok(1 - (1 << 53)));
    let mut counter = GCounter::new();
    counter.increment_by(&key("a"), 1u64 << 53).unwrap();
    assert_eq!(counter.to_data(), Err(CrdtError::UnsafeInteger));
    for value in
        [Value::from(u64::MAX), Value::from(i64::MIN), Value::from(1u64 << 53), Value::from(-(1i64 << 53))]
    {
        let mut set = GSet::new();
        set.add(value).unwrap();
        assert_eq!(set.to_data(), Err(CrdtError::UnsafeInteger));
    }
    for value in [Value::bytes([1]), Value::map([(1u8, 2u8)])] {
        let mut set = GSet::new();
        set.add(value).unwrap();
        assert_eq!(set.to_data(), Err(CrdtError::NoJsonForm));
    }
    for text in ["[9007199254740992]", "[9007199254740992.0]", "[1e17]", "[-1e18]"] {
        assert_eq!(refused::<GSet>(text, &Import::new()), "crdt/unsafe-integer", "{text}");
    }
    let mut set = GSet::new();
    set.add(Value::float(1e300).unwrap()).unwrap();
    set.add(1u64 << 52).unwrap();
    written(&set, r#"{"elements":[4503599627370496,1e+300],"metadata":false}"#);
}

#[test]
fn what_is_not_the_json_of_the_type_is_refused() {
    let none = Import::new();
    for (text, what) in [
        (
            r#"{"version":"3.0.0","source_language":"rust","crdt_type":"g_set","data":[]}"#,
            "unknown version of the envelope",
        ),
        (
            r#"{"version":"2.0.0","source_language":"cobol","crdt_type":"g_set","data":[]}"#,
            "unknown source_language",
        ),
        (
            r#"{"version":"2.0.0","source_language":"rust","crdt_type":"or_set","data":[]}"#,
            "another crdt_type",
        ),
        (
            r#"{"version":"2.0.0","source_language":"rust","crdt_type":"g_set","data":[],"x":1}"#,
            "unknown field",
        ),
        (r#"{"version":"2.0.0","source_language":"rust","crdt_type":"g_set"}"#, "a field is missing"),
        (
            r#"{"version":"2.0.0","source_language":"rust","crdt_type":"g_set","clock":"days","data":[]}"#,
            "unknown clock",
        ),
        (
            r#"{"version":"2.0.0","source_language":"rust","crdt_type":"g_set","lamport_clock":-1,"data":[]}"#,
            "not a count",
        ),
        (r#"{"elements":1}"#, "not an array"),
        (
            r#"{"elements":[{"value":1,"metadata":null},{"value":1.0,"metadata":null}],"metadata":true}"#,
            "an element twice",
        ),
        ("3", "not an object"),
        ("[", "text is cut off"),
    ] {
        assert_eq!(refused::<GSet>(text, &none), what, "{text}");
    }
    for (text, what) in [
        (r#"{"a":-1}"#, "not a count"),
        (r#"{"a":1.5}"#, "not a count"),
        (r#"{"a":"1"}"#, "not a number"),
        (r#"{"a":1,"a":1}"#, "a field twice"),
        (r#"{"":1}"#, "crdt/invalid-actor"),
        (r#"{"id":"a","values":[["a",1],["a",2]]}"#, "an actor twice"),
        (r#"{"id":"a","values":[["a"]]}"#, "not a pair of actor and count"),
    ] {
        assert_eq!(refused::<GCounter>(text, &none), what, "{text}");
    }
    for (text, what) in [
        (
            r#"{"elements":[{"value":1,"dots":[]}],"context":{"vv":{},"cloud":{}}}"#,
            "element without a dot, or twice",
        ),
        (
            r#"{"elements":[{"value":1,"dots":[["a",2]]}],"context":{"vv":{"a":1},"cloud":{}}}"#,
            "dot outside the context, or of two elements",
        ),
        (
            r#"{"elements":[{"value":1,"dots":[["a",0]]}],"context":{"vv":{"a":1},"cloud":{}}}"#,
            "crdt/invalid-dot",
        ),
        (
            r#"{"elements":[{"value":1,"tag":"t"},{"value":2,"tag":"t"}],"tombstones":[]}"#,
            "crdt/equivocation",
        ),
        (r#"{"elements":{"a":["t"],"b":["t"]}}"#, "crdt/equivocation"),
        (r#"{"elements":{"a":[1]}}"#, "tag is not a text"),
    ] {
        assert_eq!(refused::<OrSet>(text, &none), what, "{text}");
    }
    for (text, what) in [
        (r#"{"value":1,"timestamp":5,"nodeId":""}"#, "a write without a writer"),
        (r#"{"value":null,"timestamp":1e999,"nodeId":"a"}"#, "crdt/not-finite"),
        (r#"{"value":null,"timestamp":null,"nodeId":"a"}"#, "not a number"),
    ] {
        assert_eq!(refused::<LwwRegister>(text, &none), what, "{text}");
    }
    for (text, what) in [
        (
            r#"{"values":[{"value":1,"clock":{"a":1},"dot":["a",1]}]}"#,
            "not one of clock and dot, or a dot twice or outside the context",
        ),
        (
            r#"{"values":[{"value":1,"clock":{"a":1}},{"value":1,"clock":{"a":1}}]}"#,
            "a pair of clock and value twice",
        ),
    ] {
        assert_eq!(refused::<MvRegister>(text, &none), what, "{text}");
    }
    for (text, what) in [
        (r#"{"add":[["a",-5]],"remove":[]}"#, "crdt/out-of-range"),
        (r#"{"add":[["a"]],"remove":[]}"#, "not a pair of value and time"),
    ] {
        assert_eq!(refused::<LwwElementSet>(text, &none), what, "{text}");
    }
}

#[test]
fn a_cloud_too_large_to_list_is_refused() {
    // One run above a gap that stands for 2^33 dots.
    let bytes = [&[1, 4, 1, 1, b'a', 1, 1], &[0xff, 0xff, 0xff, 0xff, 0x1f][..], &[0]].concat();
    assert_eq!(OrSet::from_bytes(&bytes).unwrap().to_data(), Err(CrdtError::NoJsonForm));
}

/// Two sites that import one legacy state converge, and so do two states that share tags.
#[test]
fn independent_imports_converge() {
    let text = r#"{"elements":{"x":["i:1","i:2"],"y":["i:3"]},"tag_counter":3,"instance_id":"i"}"#;
    let (mut one, _) = OrSet::from_json(text, &Import::new()).unwrap();
    let (mut two, _) = OrSet::from_json(text, &Import::new()).unwrap();
    one.remove(&Value::from("x"));
    two.add(&Writer::resume(key("a"), 0), "z").unwrap();
    one.merge(&two).unwrap();
    two.merge(&one).unwrap();
    assert_eq!(one.to_bytes(), two.to_bytes());
    assert_eq!(one.elements().collect::<Vec<_>>(), [Value::from("y"), Value::from("z")]);
}
