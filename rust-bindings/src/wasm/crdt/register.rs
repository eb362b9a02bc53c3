//! Registers where the last write, or the greatest number, wins.

use chrysalis_crdt as crdt;
use crdt::{ClockUnit, NumericMode};
use wasm_bindgen::prelude::*;

use super::clock::VectorClock;
use super::values::{self, to_js};
use super::writers::{with_clock, writer};
use super::{actor_key, state};
use crate::convert;
use crate::error::Result;

/// A value where the last write wins. All times of a register have one unit.
#[wasm_bindgen]
pub struct LWWRegister(crdt::LwwRegister);

state!(LWWRegister, crdt::LwwRegister);

#[wasm_bindgen]
impl LWWRegister {
    /// A register that was never written, in milliseconds (`ms`) unless `clock` says otherwise. `write` needs `hlc`.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_optional_param_type = "ClockOptions")] options: JsValue,
    ) -> Result<LWWRegister> {
        Ok(Self(crdt::LwwRegister::with_unit(values::unit(&options, ClockUnit::Milliseconds)?)))
    }

    /// A register that was never written, in milliseconds.
    pub fn empty() -> LWWRegister {
        Self(crdt::LwwRegister::with_unit(ClockUnit::Milliseconds))
    }

    /// The register with a write, unless what it has is later: by time, then by the bytes of the writer's name, then by
    /// the digest of the value.
    pub fn set(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] timestamp: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] node_id: JsValue,
    ) -> Result<LWWRegister> {
        let value = values::value(&value, "value")?;
        let stamp = self.0.unit().stamp(values::number(&timestamp, "timestamp")?)?;
        let actor = actor_key(&node_id, "nodeId")?;
        self.changed(|register| register.set_at(value, stamp, actor))
    }

    /// The register with a write that wins over what it has, at `timestamp` or as little later as that takes.
    #[wasm_bindgen(js_name = forceSet)]
    pub fn force_set(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] timestamp: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] node_id: JsValue,
    ) -> Result<LWWRegister> {
        let value = values::value(&value, "value")?;
        let stamp = self.0.unit().stamp(values::number(&timestamp, "timestamp")?)?;
        let actor = actor_key(&node_id, "nodeId")?;
        self.changed(|register| register.force_set(value, stamp, actor))
    }

    /// The register with a write that knows a vector clock in place of a time.
    #[wasm_bindgen(js_name = setWithClock)]
    pub fn set_with_clock(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
        clock: &VectorClock,
        #[wasm_bindgen(unchecked_param_type = "string")] node_id: JsValue,
    ) -> Result<LWWRegister> {
        let (value, actor) = (values::value(&value, "value")?, actor_key(&node_id, "nodeId")?);
        self.changed(|register| register.set_with_clock(value, &clock.0, actor))
    }

    /// The register with a write of this process, now, which is later than all that the process has seen.
    pub fn write(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] now_ms: JsValue,
    ) -> Result<LWWRegister> {
        let (value, writer) = (values::value(&value, "value")?, writer(&actor)?);
        let now_ms = values::now_ms(&now_ms)?;
        self.changed(|register| with_clock(|clock| register.set(&writer, clock, now_ms, value)))
    }

    /// The value, or `undefined` before the first write.
    #[wasm_bindgen(unchecked_return_type = "CrdtValue | undefined")]
    pub fn get(&self) -> Result<JsValue> {
        self.0.get().map_or(Ok(JsValue::UNDEFINED), to_js)
    }

    /// The same as `get`.
    #[wasm_bindgen(getter, unchecked_return_type = "CrdtValue | undefined")]
    pub fn value(&self) -> Result<JsValue> {
        self.get()
    }

    /// The time of the last write, 0 before the first.
    #[wasm_bindgen(getter)]
    pub fn timestamp(&self) -> Result<f64> {
        Ok(self.0.stamp().map_or(Ok(0.0), |stamp| self.0.unit().time(stamp))?)
    }

    /// Who wrote last, `""` before the first write.
    #[wasm_bindgen(getter, js_name = nodeId)]
    pub fn node_id(&self) -> String {
        self.0.actor().map_or("", crdt::ActorKey::as_str).to_owned()
    }

    /// The same as `timestamp`.
    #[wasm_bindgen(js_name = getTimestamp)]
    pub fn get_timestamp(&self) -> Result<f64> {
        self.timestamp()
    }

    /// The same as `nodeId`.
    #[wasm_bindgen(js_name = getWriter)]
    pub fn get_writer(&self) -> String {
        self.node_id()
    }

    /// Whether it was ever written.
    #[wasm_bindgen(js_name = hasValue)]
    pub fn has_value(&self) -> bool {
        self.0.get().is_some()
    }

    /// What its times count: `hlc`, `ms`, `s` or `lamport`.
    #[wasm_bindgen(getter, unchecked_return_type = "Clock")]
    pub fn clock(&self) -> String {
        self.0.unit().as_str().to_owned()
    }
}

/// A number where the last write wins, or with `useMax` the greatest number.
#[wasm_bindgen]
pub struct LWWNumericRegister(crdt::LwwNumericRegister);

state!(LWWNumericRegister, crdt::LwwNumericRegister);

#[wasm_bindgen]
impl LWWNumericRegister {
    /// A register that was never written, in milliseconds unless `clock` says otherwise.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_optional_param_type = "ClockOptions & { useMax?: boolean }")]
        options: JsValue,
    ) -> Result<LWWNumericRegister> {
        let mode = match convert::flag(&options, "useMax", false)? {
            true => NumericMode::Greatest,
            false => NumericMode::Last,
        };
        let unit = values::unit(&options, ClockUnit::Milliseconds)?;
        Ok(Self(crdt::LwwNumericRegister::with_unit(mode, unit)))
    }

    /// The register with a write, unless what it has wins.
    pub fn set(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number")] value: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] timestamp: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] node_id: JsValue,
    ) -> Result<LWWNumericRegister> {
        let number = values::number(&value, "value")?;
        let stamp = self.0.unit().stamp(values::number(&timestamp, "timestamp")?)?;
        let actor = actor_key(&node_id, "nodeId")?;
        self.changed(|register| register.set_at(number, stamp, Some(actor)))
    }

    /// The number, 0 before the first write.
    pub fn get(&self) -> f64 {
        self.0.get()
    }

    /// The time of the winning write, 0 before the first.
    #[wasm_bindgen(getter)]
    pub fn timestamp(&self) -> Result<f64> {
        Ok(self.0.stamp().map_or(Ok(0.0), |stamp| self.0.unit().time(stamp))?)
    }

    /// Who wrote it, `""` before the first write.
    #[wasm_bindgen(getter, js_name = nodeId)]
    pub fn node_id(&self) -> String {
        self.0.writer().map_or("", crdt::ActorKey::as_str).to_owned()
    }

    /// Whether the greatest number wins.
    #[wasm_bindgen(getter, js_name = useMax)]
    pub fn use_max(&self) -> bool {
        self.0.mode() == NumericMode::Greatest
    }
}
