//! Sets that grow: grow-only, and two-phase.

use chrysalis_crdt as crdt;
use crdt::g_set::Metadata;
use crdt::{ActorKey, ClockUnit, Value};
use wasm_bindgen::prelude::*;

use super::state;
use super::values::{self, Fields, clock_value, float, list_to_js, record, to_js};
use crate::error::{Result, Thrown};

/// A set that only grows.
#[wasm_bindgen]
pub struct GSet(crdt::GSet);

state!(GSet, crdt::GSet);

#[wasm_bindgen]
impl GSet {
    /// A set of these values.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_optional_param_type = "readonly CrdtValue[]")] values: JsValue,
    ) -> Result<GSet> {
        let empty = Self::empty();
        if values.is_undefined() { Ok(empty) } else { empty.add_many(values) }
    }

    /// The empty set.
    pub fn empty() -> GSet {
        Self(crdt::GSet::new())
    }

    /// The set with a value, and with what is known of its addition, if that is given.
    pub fn add(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "GSetMetadata")] metadata: JsValue,
    ) -> Result<GSet> {
        let value = values::value(&value, "value")?;
        if metadata.is_undefined() {
            return self.changed(|set| set.add(value));
        }
        let metadata = to_metadata(&Fields::new(&metadata, "metadata")?)?;
        self.changed(|set| set.add_with(value, metadata))
    }

    /// The set with many values.
    #[wasm_bindgen(js_name = addMany)]
    pub fn add_many(
        &self,
        #[wasm_bindgen(unchecked_param_type = "readonly CrdtValue[]")] values: JsValue,
    ) -> Result<GSet> {
        let values = values::values(&values, "values")?;
        self.changed(|set| values.into_iter().try_for_each(|value| set.add(value).map(drop)))
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

    /// What is known of the addition of a value.
    #[wasm_bindgen(js_name = getMetadata, unchecked_return_type = "GSetMetadata | undefined")]
    pub fn get_metadata(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
    ) -> Result<JsValue> {
        match self.0.metadata(&values::value(&value, "value")?) {
            None => Ok(JsValue::UNDEFINED),
            Some(metadata) => to_js(&from_metadata(metadata)?),
        }
    }

    /// The values, in one order everywhere: that of their encodings.
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
}

/// A set in which a removed value, even one that was never there, can never come back.
#[wasm_bindgen]
pub struct TwoPhaseSet(crdt::TwoPhaseSet);

state!(TwoPhaseSet, crdt::TwoPhaseSet);

#[wasm_bindgen]
impl TwoPhaseSet {
    /// The empty set.
    #[wasm_bindgen(constructor)]
    pub fn new() -> TwoPhaseSet {
        Self(crdt::TwoPhaseSet::new())
    }

    /// The empty set.
    pub fn empty() -> TwoPhaseSet {
        Self::new()
    }

    /// The set with a value, unless that was removed.
    pub fn add(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
    ) -> Result<TwoPhaseSet> {
        let value = values::value(&value, "value")?;
        self.changed(|set| set.add(value))
    }

    /// The set without a value, for ever.
    pub fn remove(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] value: JsValue,
    ) -> Result<TwoPhaseSet> {
        let value = values::value(&value, "value")?;
        self.changed(|set| set.remove(value))
    }

    /// The set with many values.
    #[wasm_bindgen(js_name = addMany)]
    pub fn add_many(
        &self,
        #[wasm_bindgen(unchecked_param_type = "readonly CrdtValue[]")] values: JsValue,
    ) -> Result<TwoPhaseSet> {
        let values = values::values(&values, "values")?;
        self.changed(|set| values.into_iter().try_for_each(|value| set.add(value).map(drop)))
    }

    /// The set without many values.
    #[wasm_bindgen(js_name = removeMany)]
    pub fn remove_many(
        &self,
        #[wasm_bindgen(unchecked_param_type = "readonly CrdtValue[]")] values: JsValue,
    ) -> Result<TwoPhaseSet> {
        let values = values::values(&values, "values")?;
        self.changed(|set| values.into_iter().try_for_each(|value| set.remove(value).map(drop)))
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
}

fn to_metadata(fields: &Fields) -> Result<Metadata> {
    let unit = match fields.optional_text("clock")? {
        None => ClockUnit::Milliseconds,
        Some(name) => ClockUnit::from_name(&name)
            .ok_or_else(|| Thrown::argument("clock", "must be 'hlc', 'ms', 's' or 'lamport'"))?,
    };
    let stamp = unit.stamp(fields.number("timestamp")?)?;
    let mut metadata = Metadata::new(unit, stamp, ActorKey::new(&fields.text("writer")?)?);
    metadata.lamport_time = fields.count("lamportTime")?;
    metadata.operation_id = fields.optional_text("operationId")?;
    metadata.vector_clock = values::to_clock(fields.any("vectorClock"), "vectorClock")?;
    Ok(metadata)
}

fn from_metadata(metadata: &Metadata) -> Result<Value> {
    Ok(record([
        ("clock", metadata.unit.as_str().into()),
        ("timestamp", float(metadata.unit.time(metadata.stamp)?)?),
        ("writer", metadata.writer.as_str().into()),
        ("lamportTime", metadata.lamport_time.into()),
        ("operationId", metadata.operation_id.as_deref().map_or(Value::Null, Value::from)),
        ("vectorClock", clock_value(&metadata.vector_clock)),
    ]))
}
