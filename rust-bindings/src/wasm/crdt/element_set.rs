//! Sets where the later of an element's addition and removal decides.

use chrysalis_crdt as crdt;
use crdt::{ClockUnit, Value};
use wasm_bindgen::prelude::*;

use super::state;
use super::values::{self, float, list_to_js, record, to_js};
use crate::error::Result;

/// A set where a value is present while its last addition is later than its last removal.
#[wasm_bindgen]
pub struct LWWElementSet(crdt::LwwElementSet);

state!(LWWElementSet, crdt::LwwElementSet);

#[wasm_bindgen]
impl LWWElementSet {
    /// The empty set. All times of a set have one unit, `clock`: milliseconds (`ms`) by default.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_optional_param_type = "ClockOptions")] options: JsValue,
    ) -> Result<LWWElementSet> {
        Ok(Self(crdt::LwwElementSet::with_unit(values::unit(&options, ClockUnit::Milliseconds)?)))
    }

    /// The empty set, in milliseconds.
    pub fn empty() -> LWWElementSet {
        Self(crdt::LwwElementSet::with_unit(ClockUnit::Milliseconds))
    }

    /// The set with a value added at a time.
    pub fn add(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] timestamp: JsValue,
    ) -> Result<LWWElementSet> {
        let value = values::value(&value, "value")?;
        let stamp = self.0.unit().stamp(values::number(&timestamp, "timestamp")?)?;
        self.changed(|set| set.add(value, stamp))
    }

    /// The set with a value removed at a time.
    pub fn remove(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] timestamp: JsValue,
    ) -> Result<LWWElementSet> {
        let value = values::value(&value, "value")?;
        let stamp = self.0.unit().stamp(values::number(&timestamp, "timestamp")?)?;
        self.changed(|set| set.remove(value, stamp))
    }

    /// Whether a value is in the set.
    pub fn contains(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
    ) -> Result<bool> {
        Ok(self.0.contains(&values::value(&value, "value")?))
    }

    /// The same as `contains`.
    pub fn has(&self, #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue) -> Result<bool> {
        self.contains(value)
    }

    /// When a value was last added and removed, if it was ever named.
    #[wasm_bindgen(unchecked_return_type = "{ addTime: number; removeTime: number | null } | undefined")]
    pub fn times(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
    ) -> Result<JsValue> {
        let Some(times) = self.0.times(&values::value(&value, "value")?) else {
            return Ok(JsValue::UNDEFINED);
        };
        let unit = self.0.unit();
        let removed = times.removed.map(|stamp| float(unit.time(stamp)?)).transpose()?;
        to_js(&record([
            ("addTime", float(unit.time(times.added)?)?),
            ("removeTime", removed.unwrap_or(Value::Null)),
        ]))
    }

    /// The values, in the order of their encodings.
    #[wasm_bindgen(unchecked_return_type = "CrdtValue[]")]
    pub fn values(&self) -> Result<JsValue> {
        list_to_js(self.0.elements())
    }

    /// The same as `values`.
    #[wasm_bindgen(unchecked_return_type = "CrdtValue[]")]
    pub fn elements(&self) -> Result<JsValue> {
        self.values()
    }

    /// How many values there are.
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
