//! States for `vectors/crdt.json`, and what a reader of their bytes must find in them.

use chrysalis_crdt::g_set::Metadata;
use chrysalis_crdt::{
    ActorKey, CausalContext, ClockUnit, CrdtError, Dot, GCounter, GSet, HybridClock, LwwElementSet, LwwMap,
    LwwNumericRegister, LwwRegister, MvRegister, NumericMode, PnCounter, Stamp, State, TwoPhaseSet, Value,
    VectorClock, Writer,
};
use chrysalis_crypto::hex;
use serde_json::{Value as Json, json};

/// Ids that sort differently in other languages, name properties there, or are integers beyond 2^53.
const AWKWARD: [&str; 5] = ["\u{1f600}", "\u{ff5e}", "__proto__", "9007199254740992", "18446744073709551615"];

pub(crate) fn states() -> Vec<Json> {
    let counts: VectorClock =
        AWKWARD.iter().zip([1, 1 << 53, 3, u64::MAX, 5]).map(|(name, count)| (key(name), count)).collect();
    let counter = GCounter::from_counts(counts);
    let mut both = PnCounter::from_parts(counter.clone(), GCounter::new());
    both.increment_by(&key("__proto__"), -7).unwrap();

    let mut plain = GSet::new();
    let mut described = GSet::new();
    let mut phases = TwoPhaseSet::new();
    for name in AWKWARD {
        plain.add(name).unwrap();
        phases.add(name).unwrap();
    }
    for value in [Value::from(u64::MAX), Value::from(1u64 << 53), Value::float(-0.5).unwrap()] {
        phases.add(value.clone()).unwrap();
        phases.remove(value.clone()).unwrap();
        plain.add(value).unwrap();
    }
    phases.remove("never added").unwrap();
    described.add("bare").unwrap();
    let stamp = Stamp::new(1_700_000_000_000, 2).unwrap();
    described.add_with("stamped", Metadata::new(ClockUnit::Hybrid, stamp, key("\u{ff5e}"))).unwrap();
    let metadata = Metadata {
        lamport_time: u64::MAX,
        operation_id: Some("op \u{1f600}".to_owned()),
        vector_clock: counter.counts().clone(),
        ..Metadata::new(ClockUnit::Seconds, seconds(1_700_000_000.25), key("\u{1f600}"))
    };
    described.add_with("described", metadata).unwrap();

    let mut elements = LwwElementSet::with_unit(ClockUnit::Seconds);
    elements.add("added", seconds(1.5)).unwrap();
    elements.add("removed", seconds(1.5)).unwrap();
    elements.remove("removed", seconds(1.5)).unwrap();
    elements.remove("never added", seconds(0.0)).unwrap();
    let mut hybrid_elements = LwwElementSet::new();
    hybrid_elements.add("added", stamp).unwrap();
    hybrid_elements.remove("removed", Stamp::MAX).unwrap();

    let mut number = LwwNumericRegister::with_unit(NumericMode::Greatest, ClockUnit::Milliseconds);
    let ms = ClockUnit::Milliseconds.stamp(-1.5).unwrap();
    number.set_at(-0.1, ms, Some(key("\u{1f600}"))).unwrap();
    let mut nameless = LwwNumericRegister::with_unit(NumericMode::Last, ClockUnit::Lamport);
    nameless.set_at(3.0, Stamp::MAX, None).unwrap();

    let mut register = LwwRegister::with_unit(ClockUnit::Seconds);
    register.set_at("v", seconds(1_700_000_000.25), key("__proto__")).unwrap();
    let mut counted = LwwRegister::with_unit(ClockUnit::Lamport);
    let clock = VectorClock::from_iter([(key("\u{1f600}"), 2), (key("\u{ff5e}"), 1 << 53)]);
    counted.set_with_clock("v", &clock, key("\u{ff5e}")).unwrap();

    let (writer, mut clock) = (Writer::resume(key("\u{1f600}"), 0), HybridClock::new());
    let mut map = LwwMap::new();
    map.set(&writer, &mut clock, 1_700_000_000_000, "__proto__", "v").unwrap();
    map.remove(&writer, &mut clock, 1_700_000_000_000, "\u{1f600}").unwrap();
    map.set(&writer, &mut clock, 1_700_000_000_000, "", Value::Null).unwrap();
    map.set_at("18446744073709551615", u64::MAX, Stamp::MAX, key("\u{ff5e}")).unwrap();

    let mut values = MvRegister::new();
    values.set("replaced", VectorClock::singleton(key("__proto__"), 1)).unwrap();
    values.write(&writer, "written").unwrap();
    values.set("beside", VectorClock::singleton(key("9007199254740992"), u64::MAX)).unwrap();
    values.set("twice", VectorClock::singleton(key("9007199254740992"), u64::MAX)).unwrap();
    let mut other = MvRegister::new();
    other.write(&Writer::resume(key("\u{ff5e}"), u64::MAX - 1), u64::MAX).unwrap();
    values.merge(&other).unwrap();

    vec![
        state("empty growing counter", "g_counter", &GCounter::new(), counter_content),
        state("growing counter", "g_counter", &counter, counter_content),
        state("empty counter", "pn_counter", &PnCounter::new(), pn_content),
        state("counter", "pn_counter", &both, pn_content),
        state("empty growing set", "g_set", &GSet::new(), g_set_content),
        state("growing set", "g_set", &plain, g_set_content),
        state("growing set with metadata", "g_set", &described, g_set_content),
        state("empty two-phase set", "two_phase_set", &TwoPhaseSet::new(), phases_content),
        state("two-phase set", "two_phase_set", &phases, phases_content),
        state("empty element set", "lww_element_set", &LwwElementSet::new(), elements_content),
        state("element set of seconds", "lww_element_set", &elements, elements_content),
        state("element set of hybrid times", "lww_element_set", &hybrid_elements, elements_content),
        state("empty number", "lww_numeric_register", &LwwNumericRegister::default(), number_content),
        state("greatest number", "lww_numeric_register", &number, number_content),
        state("last number, of nobody", "lww_numeric_register", &nameless, number_content),
        state("register of seconds", "lww_register_of_unit", &register, unit_register_content),
        state("register of clocks", "lww_register_of_unit", &counted, unit_register_content),
        state("empty map", "lww_map", &LwwMap::new(), map_content),
        state("map", "lww_map", &map, map_content),
        state("empty multi-value register", "mv_register", &MvRegister::new(), mv_content),
        state("multi-value register", "mv_register", &values, mv_content),
    ]
}

/// Bytes, digest and content of a state of one of these types, as read from its bytes.
pub(crate) fn read_state(kind: &str, bytes: &[u8]) -> Option<(Vec<u8>, String, Json)> {
    Some(match kind {
        "g_counter" => read(GCounter::from_bytes(bytes), counter_content),
        "pn_counter" => read(PnCounter::from_bytes(bytes), pn_content),
        "g_set" => read(GSet::from_bytes(bytes), g_set_content),
        "two_phase_set" => read(TwoPhaseSet::from_bytes(bytes), phases_content),
        "lww_element_set" => read(LwwElementSet::from_bytes(bytes), elements_content),
        "lww_numeric_register" => read(LwwNumericRegister::from_bytes(bytes), number_content),
        "lww_register_of_unit" => read(LwwRegister::from_bytes(bytes), unit_register_content),
        "lww_map" => read(LwwMap::from_bytes(bytes), map_content),
        "mv_register" => read(MvRegister::from_bytes(bytes), mv_content),
        _ => return None,
    })
}

pub(crate) fn state<T: State>(name: &str, kind: &str, state: &T, content: fn(&T) -> Json) -> Json {
    json!({
        "name": name,
        "type": kind,
        "content": content(state),
        "bytes": hex::encode(&state.to_bytes()),
        "digest": hex::encode(&state.digest()),
    })
}

pub(crate) fn read<T: State>(
    state: Result<T, CrdtError>,
    content: fn(&T) -> Json,
) -> (Vec<u8>, String, Json) {
    let state = state.unwrap();
    (state.to_bytes(), hex::encode(&state.digest()), content(&state))
}

pub(crate) fn clock_content(clock: &VectorClock) -> Json {
    clock.iter().map(|(actor, count)| json!([actor.as_str(), count.to_string()])).collect()
}

pub(crate) fn context_content(context: &CausalContext) -> Json {
    context
        .runs()
        .map(|(actor, from, to)| json!([actor.as_str(), from.to_string(), to.to_string()]))
        .collect()
}

pub(crate) fn value_hex(value: &Value) -> String {
    hex::encode(&value.to_bytes().unwrap())
}

pub(crate) fn key(text: &str) -> ActorKey {
    ActorKey::new(text).unwrap()
}

fn seconds(time: f64) -> Stamp {
    ClockUnit::Seconds.stamp(time).unwrap()
}

/// Milliseconds and logical part of a hybrid time, a number of events, or the bits of a float.
fn stamp_content(unit: ClockUnit, stamp: Stamp) -> Json {
    match unit {
        ClockUnit::Hybrid => json!([stamp.ms().to_string(), stamp.logical()]),
        ClockUnit::Lamport => json!(stamp.to_bits().to_string()),
        ClockUnit::Milliseconds | ClockUnit::Seconds => float_hex(unit.time(stamp).unwrap()),
    }
}

fn float_hex(number: f64) -> Json {
    json!(format!("{:016x}", number.to_bits()))
}

fn counter_content(counter: &GCounter) -> Json {
    json!({ "counts": clock_content(counter.counts()), "value": counter.value().to_string() })
}

fn pn_content(counter: &PnCounter) -> Json {
    json!({
        "positive": counter_content(counter.positive()),
        "negative": counter_content(counter.negative()),
        "value": counter.value().to_string(),
    })
}

fn g_set_content(set: &GSet) -> Json {
    let metadata = |metadata: &Metadata| {
        json!({
            "unit": metadata.unit.as_str(),
            "stamp": stamp_content(metadata.unit, metadata.stamp),
            "writer": metadata.writer.as_str(),
            "lamport_time": metadata.lamport_time.to_string(),
            "operation_id": metadata.operation_id,
            "vector_clock": clock_content(&metadata.vector_clock),
        })
    };
    let element = |value| json!({ "value": value_hex(value), "metadata": set.metadata(value).map(metadata) });
    set.elements().map(element).collect()
}

fn phases_content(set: &TwoPhaseSet) -> Json {
    json!({
        "added": set.added().map(value_hex).collect::<Vec<_>>(),
        "removed": set.removed().map(value_hex).collect::<Vec<_>>(),
        "elements": set.elements().map(value_hex).collect::<Vec<_>>(),
    })
}

fn elements_content(set: &LwwElementSet) -> Json {
    let present = set.elements().map(value_hex).collect::<Vec<_>>();
    json!({ "unit": set.unit().as_str(), "elements": present })
}

fn number_content(register: &LwwNumericRegister) -> Json {
    json!({
        "unit": register.unit().as_str(),
        "greatest": register.mode() == NumericMode::Greatest,
        "written": register.has_value(),
        "number": float_hex(register.get()),
        "stamp": register.stamp().map(|stamp| stamp_content(register.unit(), stamp)),
        "writer": register.writer().map(ActorKey::as_str),
    })
}

fn unit_register_content(register: &LwwRegister) -> Json {
    json!({
        "unit": register.unit().as_str(),
        "value": register.get().map(value_hex),
        "stamp": register.stamp().map(|stamp| stamp_content(register.unit(), stamp)),
        "actor": register.actor().map(ActorKey::as_str),
        "context": context_content(register.context()),
    })
}

fn map_content(map: &LwwMap) -> Json {
    let entries: Vec<Json> = map
        .entries()
        .map(|(key, entry)| {
            json!({
                "key": key,
                "value": entry.value().map(value_hex),
                "stamp": stamp_content(map.unit(), entry.key().stamp()),
                "actor": entry.key().actor().as_str(),
                "dot": entry.dot().map(|dot| dot.to_string()),
            })
        })
        .collect();
    json!({ "unit": map.unit().as_str(), "entries": entries, "context": context_content(map.context()) })
}

fn mv_content(register: &MvRegister) -> Json {
    let siblings: Vec<Json> = register
        .siblings()
        .map(|sibling| {
            json!({
                "value": value_hex(sibling.value),
                "clock": sibling.clock.map(clock_content),
                "dot": sibling.dot.map(Dot::to_string),
            })
        })
        .collect();
    json!({
        "siblings": siblings,
        "duplicate_clock": register.has_duplicate_clock(),
        "context": context_content(register.context()),
    })
}
