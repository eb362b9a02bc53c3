//! Counters.

use std::cmp::Ordering;

use chrysalis_crdt as crdt;
use wasm_bindgen::prelude::*;

use super::{actor_key, state, values};
use crate::error::Result;

/// A counter that only grows.
#[wasm_bindgen]
pub struct GCounter(crdt::GCounter);

state!(GCounter, crdt::GCounter);

#[wasm_bindgen]
impl GCounter {
    /// A counter at 0.
    #[wasm_bindgen(constructor)]
    pub fn new() -> GCounter {
        Self(crdt::GCounter::new())
    }

    /// A counter at 0.
    pub fn empty() -> GCounter {
        Self::new()
    }

    /// One more, counted under `nodeId`. Two copies of a counter must not both count under one name.
    pub fn increment(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] node_id: JsValue,
    ) -> Result<GCounter> {
        let actor = actor_key(&node_id, "nodeId")?;
        self.changed(|counter| counter.increment(&actor))
    }

    /// So many more. A negative amount counts nothing.
    #[wasm_bindgen(js_name = incrementBy)]
    pub fn increment_by(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] node_id: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number | bigint")] amount: JsValue,
    ) -> Result<GCounter> {
        let (actor, amount) = (actor_key(&node_id, "nodeId")?, values::integer(&amount, "amount")?);
        self.changed(|counter| counter.increment_by(&actor, amount))
    }

    /// The exact sum. Throws a `RangeError` over 2^53 - 1.
    pub fn value(&self) -> Result<f64> {
        values::safe(self.0.value())
    }

    /// The exact sum, whatever its size.
    #[wasm_bindgen(js_name = valueBigInt)]
    pub fn value_big_int(&self) -> u128 {
        self.0.value()
    }

    /// What was counted under one name.
    pub fn count(&self, #[wasm_bindgen(unchecked_param_type = "string")] node_id: JsValue) -> Result<f64> {
        values::safe(self.0.count(&actor_key(&node_id, "nodeId")?).into())
    }

    /// The counts by name, as plain data. A count over 2^53 - 1 is a `bigint`.
    #[wasm_bindgen(unchecked_return_type = "VectorClockData")]
    pub fn counts(&self) -> Result<JsValue> {
        values::to_js(&values::clock_value(self.0.counts()))
    }

    /// -1, 0 or 1 by the sums.
    #[wasm_bindgen(js_name = compareTotal)]
    pub fn compare_total(&self, other: &GCounter) -> i32 {
        match self.0.compare_total(&other.0) {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        }
    }

    /// How the counts lie to those of another counter.
    #[wasm_bindgen(js_name = partialCompare, unchecked_return_type = "VectorClockComparison")]
    pub fn partial_compare(&self, other: &GCounter) -> String {
        self.0.partial_compare(&other.0).as_str().to_owned()
    }
}

/// A counter that goes up and down.
#[wasm_bindgen]
pub struct PNCounter(crdt::PnCounter);

state!(PNCounter, crdt::PnCounter);

#[wasm_bindgen]
impl PNCounter {
    /// A counter at 0.
    #[wasm_bindgen(constructor)]
    pub fn new() -> PNCounter {
        Self(crdt::PnCounter::new())
    }

    /// A counter at 0.
    pub fn empty() -> PNCounter {
        Self::new()
    }

    /// One up, counted under `nodeId`. Two copies of a counter must not both count under one name.
    pub fn increment(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] node_id: JsValue,
    ) -> Result<PNCounter> {
        let actor = actor_key(&node_id, "nodeId")?;
        self.changed(|counter| counter.increment(&actor))
    }

    /// One down.
    pub fn decrement(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] node_id: JsValue,
    ) -> Result<PNCounter> {
        let actor = actor_key(&node_id, "nodeId")?;
        self.changed(|counter| counter.decrement(&actor))
    }

    /// So many up, or down for a negative amount.
    #[wasm_bindgen(js_name = incrementBy)]
    pub fn increment_by(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] node_id: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number | bigint")] amount: JsValue,
    ) -> Result<PNCounter> {
        let (actor, amount) = (actor_key(&node_id, "nodeId")?, values::integer(&amount, "amount")?);
        self.changed(|counter| counter.increment_by(&actor, amount))
    }

    /// The exact difference. Throws a `RangeError` beyond 2^53 - 1.
    pub fn value(&self) -> Result<f64> {
        values::safe_signed(self.0.value())
    }

    /// The exact difference, whatever its size.
    #[wasm_bindgen(js_name = valueBigInt)]
    pub fn value_big_int(&self) -> i128 {
        self.0.value()
    }

    /// What was counted up.
    #[wasm_bindgen(getter)]
    pub fn positive(&self) -> GCounter {
        GCounter(self.0.positive().clone())
    }

    /// What was counted down.
    #[wasm_bindgen(getter)]
    pub fn negative(&self) -> GCounter {
        GCounter(self.0.negative().clone())
    }
}
