//! The entry `rust-consensus/pkg/simulation`: simulated clusters, apart because only tests load them.
//!
//! What objects look like is said in `crate::consensus`.

use std::cell::RefCell;

use chrysalis_consensus::sim::{self, Schedule};
use js_sys::JSON;
use wasm_bindgen::prelude::*;

use super::plain::{Js, count, to_js};
use crate::consensus::cluster;
use crate::consensus::plain::{Given as _, Made};
use crate::convert;
use crate::error::{Result, Thrown};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("../../typescript/simulation/types.d.ts");

/// A cluster of members that run the real core over a simulated network, with simulated disks, clocks and liars. One seed and one
/// list of faults give one run and one trace hash, in every language.
#[wasm_bindgen]
pub struct SimCluster(RefCell<sim::SimCluster>);

#[wasm_bindgen]
impl SimCluster {
    /// A cluster of `members` members of equal power, in which the faults of a list happen.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "number")] members: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number | bigint")] seed: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "readonly Fault[]")] faults: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "SimOptions")] options: JsValue,
    ) -> Result<SimCluster> {
        let members = convert::integer(&members, "members")? as usize;
        let seed = Js(seed).to_count("seed")?;
        let faults = if faults.is_undefined() { "[]".to_owned() } else { json(&faults, "faults")? };
        Ok(Self(RefCell::new(cluster::open(members, seed, &faults, &Js(options))?)))
    }

    /// The cluster of a schedule's JSON text: what a failing run prints gives the same run again.
    pub fn replay(#[wasm_bindgen(unchecked_param_type = "string")] schedule: JsValue) -> Result<SimCluster> {
        let schedule = Schedule::from_json(&convert::text(&schedule, "schedule")?)?;
        Ok(Self(RefCell::new(cluster::of_schedule(&schedule, true)?)))
    }

    /// The cluster of a seed's own schedule, of one kind of trouble after the other.
    pub fn random(
        #[wasm_bindgen(unchecked_param_type = "number | bigint")] seed: JsValue,
    ) -> Result<SimCluster> {
        let schedule = Schedule::random(Js(seed).to_count("seed")?);
        Ok(Self(RefCell::new(cluster::of_schedule(&schedule, true)?)))
    }

    /// Lets one thing happen, or `count`. `false` when nothing is left to wait for; throws `consensus/violation` for what must not
    /// happen.
    pub fn step(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] count: JsValue,
    ) -> Result<bool> {
        let count = if count.is_undefined() { 1 } else { convert::integer(&count, "count")? };
        Ok(cluster::step(&mut self.0.borrow_mut(), count)?)
    }

    /// Runs until every honest member has decided all heights; throws `consensus/violation` for what must not happen.
    #[wasm_bindgen(unchecked_return_type = "SimReport")]
    pub fn run(&self) -> Result<JsValue> {
        let report = self.0.borrow_mut().run()?;
        Ok(to_js(cluster::report(&report)))
    }

    /// What the run was like so far.
    #[wasm_bindgen(unchecked_return_type = "SimReport")]
    pub fn report(&self) -> JsValue {
        to_js(cluster::report(&self.0.borrow().report()))
    }

    /// Has a member propose a value when it is its turn.
    pub fn propose(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number")] member: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] value: JsValue,
    ) -> Result<()> {
        let (member, value) = (number(&member)?, convert::bytes(&value, "value")?);
        Ok(self.0.borrow_mut().propose(member, &value)?)
    }

    /// What a member decided, by ascending height: the last 64.
    #[wasm_bindgen(unchecked_return_type = "Decision[]")]
    pub fn decisions(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number")] member: JsValue,
    ) -> Result<JsValue> {
        let member = number(&member)?;
        Ok(to_js(Made::List(cluster::decisions(&self.0.borrow(), member))))
    }

    /// The last height that a member has decided; 0 before the first.
    #[wasm_bindgen(unchecked_return_type = "number | bigint")]
    pub fn height(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number")] member: JsValue,
    ) -> Result<JsValue> {
        let member = number(&member)?;
        Ok(count(self.0.borrow().height(member)))
    }

    /// The encoding of the validators of a height.
    pub fn validators(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number | bigint")] height: JsValue,
    ) -> Result<Vec<u8>> {
        let height = Js(height).to_count("height")?;
        Ok(self.0.borrow().validators(height).to_bytes())
    }

    /// The evidence found so far.
    #[wasm_bindgen(unchecked_return_type = "FoundEvidence[]")]
    pub fn evidence(&self) -> JsValue {
        to_js(Made::List(cluster::evidence(&self.0.borrow())))
    }

    /// The name of the chain, part of every signature.
    #[wasm_bindgen(getter)]
    pub fn chain(&self) -> String {
        self.0.borrow().chain().to_string()
    }

    /// BLAKE3 over everything that has happened, 64 hexadecimal characters.
    #[wasm_bindgen(js_name = traceHash)]
    pub fn trace_hash(&self) -> String {
        cluster::trace_hash(&self.0.borrow())
    }

    /// A picture of what has happened, as an SVG document; without messages where the cluster is not recorded.
    pub fn svg(&self) -> String {
        self.0.borrow().timeline()
    }

    /// The simulated time, in microseconds.
    #[wasm_bindgen(js_name = nowUs, unchecked_return_type = "number | bigint")]
    pub fn now_us(&self) -> JsValue {
        count(self.0.borrow().now_us())
    }

    /// The JSON text of the schedule, for `replay` in any language.
    pub fn schedule(&self) -> String {
        self.0.borrow().schedule().to_json()
    }
}

fn number(member: &JsValue) -> Result<usize> {
    Ok(convert::integer(member, "member")? as usize)
}

/// The JSON text of a value.
fn json(value: &JsValue, name: &str) -> Result<String> {
    let text = JSON::stringify(value).map_err(|_| Thrown::argument(name, "must have a JSON form"))?;
    convert::text(&text.into(), name)
}
