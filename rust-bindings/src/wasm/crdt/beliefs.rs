//! What an agent believes.

use chrysalis_crdt as crdt;
use crdt::{Belief, ClockUnit, Value};
use wasm_bindgen::prelude::*;

use super::state;
use super::values::{self, Fields, float, list_to_js, record, to_js};
use super::writers::writer;
use crate::convert;
use crate::error::Result;

/// Beliefs: the last written record of each, and the evidence for and against it, all of which counts.
#[wasm_bindgen]
pub struct BeliefState(pub(super) crdt::BeliefState);

state!(BeliefState, crdt::BeliefState);

#[wasm_bindgen]
impl BeliefState {
    /// No belief, in milliseconds unless `clock` says otherwise.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_optional_param_type = "ClockOptions")] options: JsValue,
    ) -> Result<BeliefState> {
        Ok(Self(crdt::BeliefState::with_unit(values::unit(&options, ClockUnit::Milliseconds)?)))
    }

    /// No belief, in milliseconds.
    pub fn empty() -> BeliefState {
        Self(crdt::BeliefState::with_unit(ClockUnit::Milliseconds))
    }

    /// The beliefs with a record written.
    pub fn update(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Belief")] belief: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
    ) -> Result<BeliefState> {
        let (belief, writer) = (to_belief(&Fields::new(&belief, "belief")?)?, writer(&actor)?);
        self.changed(|beliefs| beliefs.update(&writer, &belief))
    }

    /// The beliefs with one more piece of evidence for one; an unknown id changes nothing.
    #[wasm_bindgen(js_name = addEvidenceFor)]
    pub fn add_evidence_for(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] timestamp: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
    ) -> Result<BeliefState> {
        let (id, timestamp) = (convert::text(&id, "id")?, values::number(&timestamp, "timestamp")?);
        let writer = writer(&actor)?;
        self.changed(|beliefs| beliefs.add_evidence_for(&writer, &id, timestamp))
    }

    /// The beliefs with one more piece of evidence against one; an unknown id changes nothing.
    #[wasm_bindgen(js_name = addEvidenceAgainst)]
    pub fn add_evidence_against(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] timestamp: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
    ) -> Result<BeliefState> {
        let (id, timestamp) = (convert::text(&id, "id")?, values::number(&timestamp, "timestamp")?);
        let writer = writer(&actor)?;
        self.changed(|beliefs| beliefs.add_evidence_against(&writer, &id, timestamp))
    }

    /// A belief, if it is known.
    #[wasm_bindgen(unchecked_return_type = "Belief | undefined")]
    pub fn get(&self, #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue) -> Result<JsValue> {
        match self.0.belief(&convert::text(&id, "id")?) {
            None => Ok(JsValue::UNDEFINED),
            Some(belief) => to_js(&belief_value(&belief)?),
        }
    }

    /// The beliefs with at least this conviction.
    #[wasm_bindgen(js_name = confidentBeliefs, unchecked_return_type = "Belief[]")]
    pub fn confident_beliefs(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number")] threshold: JsValue,
    ) -> Result<JsValue> {
        beliefs_to_js(self.0.confident(values::number(&threshold, "threshold")?))
    }

    /// All beliefs, in byte order of their ids.
    #[wasm_bindgen(js_name = toList, unchecked_return_type = "Belief[]")]
    pub fn to_list(&self) -> Result<JsValue> {
        beliefs_to_js(self.0.beliefs())
    }

    /// How many beliefs there are.
    #[wasm_bindgen(getter)]
    pub fn size(&self) -> usize {
        self.0.len()
    }
}

pub(super) fn to_belief(fields: &Fields) -> Result<Belief> {
    Ok(Belief {
        id: fields.text("id")?,
        content: fields.any("content"),
        conviction: fields.number("conviction")?,
        evidence_for: fields.count("evidenceFor")?.into(),
        evidence_against: fields.count("evidenceAgainst")?.into(),
        last_updated: fields.number("lastUpdated")?,
        source: fields.any("source"),
    })
}

fn belief_value(belief: &Belief) -> Result<Value> {
    Ok(record([
        ("id", belief.id.as_str().into()),
        ("content", belief.content.clone()),
        ("conviction", float(belief.conviction)?),
        ("evidenceFor", float(values::safe(belief.evidence_for)?)?),
        ("evidenceAgainst", float(values::safe(belief.evidence_against)?)?),
        ("lastUpdated", float(belief.last_updated)?),
        ("source", belief.source.clone()),
    ]))
}

fn beliefs_to_js(beliefs: impl Iterator<Item = Belief>) -> Result<JsValue> {
    list_to_js(&beliefs.map(|belief| belief_value(&belief)).collect::<Result<Vec<_>>>()?)
}
