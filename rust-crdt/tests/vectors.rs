//! Encodings and digests that every language must reproduce, in `vectors/crdt.json`.
//!
//! After a deliberate change of format, `CHRYSALIS_WRITE_VECTORS=1` writes the file anew.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

mod support;

use chrysalis_crdt::{
    ActorId, ActorKey, CausalContext, Dot, HybridClock, LwwRegister, OrSet, Stamp, Value, VectorClock, Writer,
};
use chrysalis_crypto::hex;
use serde_json::{Value as Json, json};
use support::type_vectors::{self, clock_content, context_content, key, read, state, value_hex};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/crdt.json");

#[test]
fn states_and_values_have_the_published_bytes() {
    let current = vectors();
    if std::env::var_os("CHRYSALIS_WRITE_VECTORS").is_some() {
        std::fs::write(PATH, serde_json::to_string_pretty(&current).unwrap() + "\n").unwrap();
    }
    let published: Json = serde_json::from_str(&std::fs::read_to_string(PATH).unwrap()).unwrap();
    assert_eq!(current, published);
}

#[test]
fn published_states_read_back() {
    let published: Json = serde_json::from_str(&std::fs::read_to_string(PATH).unwrap()).unwrap();
    for state in published["states"].as_array().unwrap() {
        let bytes = hex::decode(state["bytes"].as_str().unwrap()).unwrap();
        let (again, digest, content) = match state["type"].as_str().unwrap() {
            "vector_clock" => read(VectorClock::from_bytes(&bytes), clock_content),
            "causal_context" => read(CausalContext::from_bytes(&bytes), context_content),
            "lww_register" => read(LwwRegister::from_bytes(&bytes), register_content),
            "or_set" => read(OrSet::from_bytes(&bytes), set_content),
            other => type_vectors::read_state(other, &bytes).expect("a known type"),
        };
        assert_eq!((again, &json!(digest), &content), (bytes, &state["digest"], &state["content"]));
    }
    for value in published["values"].as_array().unwrap() {
        let bytes = hex::decode(value["bytes"].as_str().unwrap()).unwrap();
        assert_eq!(Value::from_bytes(&bytes).unwrap().to_bytes(), Ok(bytes));
    }
}

fn vectors() -> Json {
    json!({
        "origin": "Made by rust-crdt/tests/vectors.rs; formats in docs/encodings/crdt.md. Counters and times are \
                   decimal text, values the hex of their CBOR.",
        "states": states(),
        "values": values(),
    })
}

fn states() -> Vec<Json> {
    let emoji = ActorId::new("\u{1f600}").unwrap();
    let wide = ActorId::new("\u{ff5e}").unwrap();
    let (a, b) = (Writer::resume(emoji.incarnation(0xff), 0), Writer::resume(wide.to_key(), u64::MAX - 2));

    let clock: VectorClock = [("b", 300), ("__proto__", u64::MAX), ("10", 1), ("9", 0)]
        .map(|(name, n)| (key(name), n))
        .into_iter()
        .collect();
    let tags = ["a:1", "a:2", "a:9", "b:5", "b:6", "b:18446744073709551615"];
    let context = CausalContext::from_iter(&tags.map(|tag| Dot::parse(tag).unwrap()));

    let mut register = LwwRegister::new();
    let mut hlc = HybridClock::new();
    register.set(&a, &mut hlc, 1_700_000_000_000, Value::map([(0u64, "first")])).unwrap();
    register.set(&b, &mut hlc, 1_600_000_000_000, Value::map([(0u64, "second")])).unwrap();
    let mut outside = LwwRegister::new();
    outside.set_at(Value::Null, Stamp::new(200, 0).unwrap(), key("node")).unwrap();

    let mut set = OrSet::new();
    set.add(&a, "kept").unwrap();
    set.add(&a, "removed").unwrap();
    let delta = set.add(&a, Value::array([1u8, 2])).unwrap();
    set.remove(&Value::from("removed"));
    set.add_tagged(&b, "kept").unwrap();
    let removal = set.clone().remove(&Value::from("kept"));

    let mut states = vec![
        state("empty clock", "vector_clock", &VectorClock::new(), clock_content),
        state("clock", "vector_clock", &clock, clock_content),
        state("empty context", "causal_context", &CausalContext::new(), context_content),
        state("context with a cloud", "causal_context", &context, context_content),
        state("empty register", "lww_register", &LwwRegister::new(), register_content),
        state("register", "lww_register", &register, register_content),
        state("register with a stamp from outside", "lww_register", &outside, register_content),
        state("empty set", "or_set", &OrSet::new(), set_content),
        state("set", "or_set", &set, set_content),
        state("delta of an addition", "or_set", &delta, set_content),
        state("delta of a removal", "or_set", &removal, set_content),
    ];
    states.extend(type_vectors::states());
    states
}

fn values() -> Vec<Json> {
    let float = |number| Value::float(number).unwrap();
    let named = [
        ("null", Value::Null),
        ("true", Value::from(true)),
        ("0, and also -0.0", float(-0.0)),
        ("greatest unsigned integer", Value::from(u64::MAX)),
        ("least integer", Value::from(i64::MIN)),
        ("2^64, a float", float(18_446_744_073_709_551_616.0)),
        ("1.5, binary16", float(1.5)),
        ("100000.5, binary32", float(100_000.5)),
        ("0.1, binary64", float(0.1)),
        ("least positive number", float(f64::from_bits(1))),
        ("empty text", Value::from("")),
        ("composed", Value::from("\u{e9}")),
        ("decomposed: another text", Value::from("e\u{301}")),
        ("bytes", Value::from([0u8, 255])),
        ("map with keys of every length", Value::map([("aa", 1u8), ("b", 2), ("", 3)])),
        (
            "map with keys of every kind",
            Value::map([
                (Value::Null, 0u8),
                (Value::from(false), 1),
                (Value::from("t"), 2),
                (Value::from([1u8]), 3),
                (Value::from(-1i64), 4),
                (Value::from(24u8), 5),
                (float(0.5), 6),
            ]),
        ),
    ];
    named.iter().map(|(name, value)| json!({ "name": name, "bytes": value_hex(value) })).collect()
}

fn register_content(register: &LwwRegister) -> Json {
    json!({
        "value": register.get().map(value_hex),
        "ms": register.stamp().map(|stamp| stamp.ms().to_string()),
        "logical": register.stamp().map(Stamp::logical),
        "actor": register.actor().map(ActorKey::as_str),
        "context": context_content(register.context()),
    })
}

fn set_content(set: &OrSet) -> Json {
    let tags = |value: &Value| set.tags(value).map(|dot| dot.to_string()).collect::<Vec<_>>();
    let elements: Vec<Json> =
        set.elements().map(|value| json!({ "value": value_hex(&value), "tags": tags(&value) })).collect();
    json!({ "elements": elements, "context": context_content(set.context()) })
}
