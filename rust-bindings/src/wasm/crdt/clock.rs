//! Vector clocks.

use chrysalis_crdt as crdt;
use wasm_bindgen::prelude::*;

use super::values::{self, clock_value, to_js};
use super::{actor_key, state};
use crate::error::Result;

/// A count per actor.
#[wasm_bindgen]
pub struct VectorClock(pub(super) crdt::VectorClock);

state!(VectorClock, crdt::VectorClock);

#[wasm_bindgen]
impl VectorClock {
    /// A clock with these counts; without them the clock of nothing.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_optional_param_type = "VectorClockData | Map<string, number | bigint>")]
        data: JsValue,
    ) -> Result<VectorClock> {
        if data.is_undefined() { Ok(Self::empty()) } else { Ok(Self(values::clock_argument(&data, "data")?)) }
    }

    /// The clock of nothing.
    pub fn empty() -> VectorClock {
        Self(crdt::VectorClock::new())
    }

    /// A clock of one actor.
    pub fn singleton(
        #[wasm_bindgen(unchecked_param_type = "string")] node_id: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "number | bigint")] timestamp: JsValue,
    ) -> Result<VectorClock> {
        let count = if timestamp.is_undefined() { 0 } else { values::count(&timestamp, "timestamp")? };
        Ok(Self(crdt::VectorClock::singleton(actor_key(&node_id, "nodeId")?, count)))
    }

    /// The count of an actor, 0 where it is absent. Throws a `RangeError` over 2^53 - 1.
    pub fn get(&self, #[wasm_bindgen(unchecked_param_type = "string")] node_id: JsValue) -> Result<f64> {
        values::safe(self.0.get(&actor_key(&node_id, "nodeId")?).into())
    }

    /// The count of an actor, whatever its size.
    #[wasm_bindgen(js_name = getBigInt)]
    pub fn get_big_int(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] node_id: JsValue,
    ) -> Result<u64> {
        Ok(self.0.get(&actor_key(&node_id, "nodeId")?))
    }

    /// The clock with one more event of an actor.
    pub fn increment(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] node_id: JsValue,
    ) -> Result<VectorClock> {
        let actor = actor_key(&node_id, "nodeId")?;
        self.changed(|clock| clock.increment(&actor))
    }

    /// The clock with an actor's count raised. Throws where the count is higher already.
    pub fn set(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] node_id: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number | bigint")] count: JsValue,
    ) -> Result<VectorClock> {
        let (actor, count) = (actor_key(&node_id, "nodeId")?, values::count(&count, "count")?);
        self.changed(|clock| clock.set(&actor, count))
    }

    /// How this history lies to another one.
    #[wasm_bindgen(unchecked_return_type = "VectorClockComparison")]
    pub fn compare(&self, other: &VectorClock) -> String {
        self.0.compare(&other.0).as_str().to_owned()
    }

    /// Whether everything here is known there, and more.
    #[wasm_bindgen(js_name = happenedBefore)]
    pub fn happened_before(&self, other: &VectorClock) -> bool {
        self.0.happened_before(&other.0)
    }

    /// Whether everything there is known here, and more.
    #[wasm_bindgen(js_name = happenedAfter)]
    pub fn happened_after(&self, other: &VectorClock) -> bool {
        self.0.happened_after(&other.0)
    }

    /// Whether each knows something that the other does not.
    #[wasm_bindgen(js_name = isConcurrent)]
    pub fn is_concurrent(&self, other: &VectorClock) -> bool {
        self.0.is_concurrent(&other.0)
    }

    /// Whether both know the same.
    #[wasm_bindgen(js_name = isEqual)]
    pub fn is_equal(&self, other: &VectorClock) -> bool {
        self.0 == other.0
    }

    /// The sum of all counts. Throws a `RangeError` over 2^53 - 1.
    pub fn sum(&self) -> Result<f64> {
        values::safe(self.0.sum())
    }

    /// The sum of all counts, whatever its size.
    #[wasm_bindgen(js_name = sumBigInt)]
    pub fn sum_big_int(&self) -> u128 {
        self.0.sum()
    }

    /// The actors, ordered by the bytes of their keys.
    #[wasm_bindgen(unchecked_return_type = "string[]")]
    pub fn nodes(&self) -> Result<JsValue> {
        values::texts_to_js(self.0.nodes().map(crdt::ActorKey::as_str))
    }

    /// Actors and counts, in the order of `nodes()`. A count over 2^53 - 1 is a `bigint`.
    #[wasm_bindgen(unchecked_return_type = "[string, number | bigint][]")]
    pub fn entries(&self) -> Result<JsValue> {
        to_js(&crdt::Value::array(self.0.iter().map(|(actor, count)| {
            crdt::Value::array([crdt::Value::from(actor.as_str()), crdt::Value::from(count)])
        })))
    }

    /// The counts by actor, as plain data.
    #[wasm_bindgen(js_name = toObject, unchecked_return_type = "VectorClockData")]
    pub fn to_object(&self) -> Result<JsValue> {
        to_js(&clock_value(&self.0))
    }

    /// `{a:1, b:2}`.
    #[wasm_bindgen(js_name = toString)]
    pub fn text(&self) -> String {
        self.0.to_string()
    }
}
