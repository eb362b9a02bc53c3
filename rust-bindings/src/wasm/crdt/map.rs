//! Maps of registers.

use chrysalis_crdt as crdt;
use crdt::{ClockUnit, CrdtError, Value};
use wasm_bindgen::prelude::*;

use super::values::{self, Fields, float, list_to_js, record, texts_to_js, to_js};
use super::writers::{with_clock, writer};
use super::{actor_key, state};
use crate::convert;
use crate::error::{Result, Thrown};

/// A map from texts to values, where the last write of a key wins. A removal is a write, so that it stays.
#[wasm_bindgen]
pub struct LWWMap(crdt::LwwMap);

state!(LWWMap, crdt::LwwMap);

#[wasm_bindgen]
impl LWWMap {
    /// The empty map, in milliseconds (`ms`) unless `clock` says otherwise. `write` and `erase` need `hlc`.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_optional_param_type = "ClockOptions")] options: JsValue,
    ) -> Result<LWWMap> {
        Ok(Self(crdt::LwwMap::with_unit(values::unit(&options, ClockUnit::Milliseconds)?)))
    }

    /// The empty map, in milliseconds.
    pub fn empty() -> LWWMap {
        Self(crdt::LwwMap::with_unit(ClockUnit::Milliseconds))
    }

    /// The map with a write, unless what the key has is later.
    pub fn set(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] key: JsValue,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] timestamp: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] node_id: JsValue,
    ) -> Result<LWWMap> {
        let (key, value) = (convert::text(&key, "key")?, values::value(&value, "value")?);
        let stamp = self.0.unit().stamp(values::number(&timestamp, "timestamp")?)?;
        let actor = actor_key(&node_id, "nodeId")?;
        self.changed(|map| map.set_at(&key, value, stamp, actor))
    }

    /// The map with many writes of `{ key, value, timestamp, nodeId }`.
    #[wasm_bindgen(js_name = setMany)]
    pub fn set_many(
        &self,
        #[wasm_bindgen(unchecked_param_type = "readonly LWWWrite[]")] writes: JsValue,
    ) -> Result<LWWMap> {
        let mut next = self.0.clone();
        for write in values::values(&writes, "writes")? {
            let write = Fields::of(write, "writes")?;
            let stamp = next.unit().stamp(write.number("timestamp")?)?;
            let actor = crdt::ActorKey::new(&write.text("nodeId")?)?;
            next.set_at(&write.text("key")?, write.any("value"), stamp, actor)?;
        }
        Ok(Self(next))
    }

    /// The map without a key, unless what the key has is later.
    pub fn remove(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] key: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] timestamp: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] node_id: JsValue,
    ) -> Result<LWWMap> {
        let key = convert::text(&key, "key")?;
        let stamp = self.0.unit().stamp(values::number(&timestamp, "timestamp")?)?;
        let actor = actor_key(&node_id, "nodeId")?;
        self.changed(|map| Ok::<_, CrdtError>(map.remove_at(&key, stamp, actor)))
    }

    /// The map with a write of this process, now, which is later than all that the process has seen.
    pub fn write(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] key: JsValue,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] now_ms: JsValue,
    ) -> Result<LWWMap> {
        let (key, value) = (convert::text(&key, "key")?, values::value(&value, "value")?);
        let (writer, now_ms) = (writer(&actor)?, values::now_ms(&now_ms)?);
        self.changed(|map| with_clock(|clock| map.set(&writer, clock, now_ms, &key, value)))
    }

    /// The map with many writes of this process, now. Of two entries with one key, the last counts.
    #[wasm_bindgen(js_name = writeMany)]
    pub fn write_many(
        &self,
        #[wasm_bindgen(unchecked_param_type = "readonly (readonly [string, CrdtValue])[]")] entries: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] now_ms: JsValue,
    ) -> Result<LWWMap> {
        let wrong = || Thrown::argument("entries", "must be pairs of a string and a value");
        let (writer, now_ms) = (writer(&actor)?, values::now_ms(&now_ms)?);
        let mut next = self.0.clone();
        for entry in values::values(&entries, "entries")? {
            let [key, value] =
                <[Value; 2]>::try_from(entry.into_array().ok_or_else(wrong)?).map_err(|_| wrong())?;
            let key = key.into_text().ok_or_else(wrong)?;
            with_clock(|clock| next.set(&writer, clock, now_ms, &key, value))?;
        }
        Ok(Self(next))
    }

    /// The map without a key, removed by this process, now.
    pub fn erase(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] key: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] now_ms: JsValue,
    ) -> Result<LWWMap> {
        let key = convert::text(&key, "key")?;
        let (writer, now_ms) = (writer(&actor)?, values::now_ms(&now_ms)?);
        self.changed(|map| with_clock(|clock| map.remove(&writer, clock, now_ms, &key)))
    }

    /// The value of a key, or `undefined`.
    #[wasm_bindgen(unchecked_return_type = "CrdtValue | undefined")]
    pub fn get(&self, #[wasm_bindgen(unchecked_param_type = "string")] key: JsValue) -> Result<JsValue> {
        self.0.get(&convert::text(&key, "key")?).map_or(Ok(JsValue::UNDEFINED), to_js)
    }

    /// Whether a key has a value.
    pub fn has(&self, #[wasm_bindgen(unchecked_param_type = "string")] key: JsValue) -> Result<bool> {
        Ok(self.0.contains(&convert::text(&key, "key")?))
    }

    /// The last write of a key, where it was a removal without a value.
    #[wasm_bindgen(
        js_name = getEntry,
        unchecked_return_type = "{ value?: CrdtValue; timestamp: number; nodeId: string } | undefined"
    )]
    pub fn get_entry(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] key: JsValue,
    ) -> Result<JsValue> {
        let Some(entry) = self.0.entry(&convert::text(&key, "key")?) else { return Ok(JsValue::UNDEFINED) };
        let timestamp = float(self.0.unit().time(entry.key().stamp())?)?;
        let node_id = Value::from(entry.key().actor().as_str());
        to_js(&match entry.value() {
            Some(value) => record([("value", value.clone()), ("timestamp", timestamp), ("nodeId", node_id)]),
            None => record([("timestamp", timestamp), ("nodeId", node_id)]),
        })
    }

    /// The keys, in byte order.
    #[wasm_bindgen(unchecked_return_type = "string[]")]
    pub fn keys(&self) -> Result<JsValue> {
        texts_to_js(self.0.keys())
    }

    /// Keys and values, in byte order of the keys.
    #[wasm_bindgen(unchecked_return_type = "[string, CrdtValue][]")]
    pub fn entries(&self) -> Result<JsValue> {
        let pairs: Vec<Value> =
            self.0.iter().map(|(key, value)| Value::array([Value::from(key), value.clone()])).collect();
        list_to_js(&pairs)
    }

    /// How many keys have a value.
    #[wasm_bindgen(getter)]
    pub fn size(&self) -> usize {
        self.0.len()
    }

    /// What its times count: `hlc`, `ms`, `s` or `lamport`.
    #[wasm_bindgen(getter, unchecked_return_type = "Clock")]
    pub fn clock(&self) -> String {
        self.0.unit().as_str().to_owned()
    }
}
