//! Conflicts between concurrent values, and rules that choose among them the same way everywhere.

use chrysalis_crdt as crdt;
use chrysalis_crypto::hex;
use crdt::conflict::generic::{self, Candidate, Checks, Conflict, ConflictType, SEMANTIC_THRESHOLD};
use crdt::conflict::join::{NumberPolicy, Shape};
use crdt::conflict::resolve::{self, Fallback, Order, Resolution, Rule, Strategy};
use crdt::{ActorKey, ClockUnit, Value};
use wasm_bindgen::prelude::*;

use super::values::{self, Fields, clock_value, float, list_to_js, record, to_clock, to_js};
use crate::convert;
use crate::error::{Result, Thrown};

/// How deep a shape may be nested.
const MAX_SHAPE: usize = 16;

/// What is wrong between the candidates for the value of a key, whatever their order and however often each is given.
#[wasm_bindgen(js_name = findConflicts, unchecked_return_type = "CandidateConflict[]")]
pub fn find_conflicts(
    #[wasm_bindgen(unchecked_param_type = "string")] key: JsValue,
    #[wasm_bindgen(unchecked_param_type = "readonly Candidate[]")] candidates: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "ConflictChecks")] checks: JsValue,
) -> Result<JsValue> {
    let (key, candidates) = (convert::text(&key, "key")?, to_candidates(&candidates)?);
    let shape = to_shape(&checks)?;
    let similarity = convert::option(&checks, "similarity")?;
    let threshold = convert::option(&checks, "semanticThreshold")?;
    let checks = Checks {
        similarity: similarity.map(|number| values::number(&number, "similarity")).transpose()?,
        semantic_threshold: threshold
            .map_or(Ok(SEMANTIC_THRESHOLD), |number| values::number(&number, "semanticThreshold"))?,
        missing_cause: convert::flag(&checks, "missingCause", false)?,
        ..Checks::default()
    };
    let conflicts = generic::detect(&key, &shape, &candidates, &checks)?;
    list_to_js(&conflicts.iter().map(conflict_value).collect::<Result<Vec<_>>>()?)
}

/// Chooses among candidates: the same set gives the same choice, in any order and with any repetition.
#[wasm_bindgen(js_name = resolveCandidates, unchecked_return_type = "Resolution")]
pub fn resolve_candidates(
    #[wasm_bindgen(unchecked_param_type = "readonly Candidate[]")] candidates: JsValue,
    #[wasm_bindgen(unchecked_param_type = "ConflictRule")] rule: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "{ shape?: ConflictShape }")] options: JsValue,
) -> Result<JsValue> {
    let (candidates, rule, shape) = (to_candidates(&candidates)?, to_rule(&rule)?, to_shape(&options)?);
    to_js(&resolution_value(&resolve::resolve(&candidates, &shape, &rule)?)?)
}

/// The rule for a kind of conflict, unless the caller has another.
#[wasm_bindgen(js_name = defaultRule, unchecked_return_type = "{ strategy: ConflictStrategy; order: 'stamp' | 'clock' }")]
pub fn default_rule(
    #[wasm_bindgen(unchecked_param_type = "ConflictType")] conflict_type: JsValue,
) -> Result<JsValue> {
    let name = convert::text(&conflict_type, "conflictType")?;
    let all = [
        ConflictType::DirectContradiction,
        ConflictType::CausalOrdering,
        ConflictType::SemanticInconsistency,
        ConflictType::MergeFailure,
    ];
    let found = all.into_iter().find(|one| one.as_str() == name);
    let rule =
        Rule::default_for(found.ok_or_else(|| Thrown::argument("conflictType", "must be a ConflictType"))?);
    let order = if rule.order == Order::Clock { "clock" } else { "stamp" };
    to_js(&record([("strategy", rule.strategy.as_str().into()), ("order", order.into())]))
}

/// A strategy by its name, or an object with one and what it depends on.
fn to_rule(given: &JsValue) -> Result<Rule> {
    rule_of(&values::value(given, "rule")?)
}

/// The same of a value.
pub(super) fn rule_of(given: &Value) -> Result<Rule> {
    if let Some(name) = given.as_text() {
        return Ok(Rule::new(to_strategy(name, "rule")?));
    }
    let fields = Fields::of(given, "rule")?;
    let mut rule = Rule::new(to_strategy(&fields.text("strategy")?, "strategy")?);
    rule.order = match fields.optional_text("order")?.as_deref() {
        None | Some("stamp") => Order::Stamp,
        Some("clock") => Order::Clock,
        Some(_) => return Err(Thrown::argument("order", "must be 'stamp' or 'clock'")),
    };
    if let Some(name) = fields.optional_text("fallback")? {
        rule.fallback = match to_strategy(&name, "fallback")? {
            Strategy::LastWriterWins => Fallback::LastWriterWins,
            Strategy::FirstWriterWins => Fallback::FirstWriterWins,
            Strategy::SemanticMerge => Fallback::SemanticMerge,
            Strategy::ManualReview => Fallback::ManualReview,
            Strategy::MajorityVote => return Err(Thrown::argument("fallback", "must not be a vote itself")),
        };
    }
    Ok(rule)
}

/// The option `shape`; a single value by default.
fn to_shape(options: &JsValue) -> Result<Shape> {
    let shape = convert::option(options, "shape")?.map(|shape| values::value(&shape, "shape")).transpose()?;
    shape_of(shape.as_ref())
}

/// The same of a value.
pub(super) fn shape_of(shape: Option<&Value>) -> Result<Shape> {
    shape.map_or(Ok(Shape::Single), |shape| nested_shape(shape, MAX_SHAPE))
}

pub(super) fn resolution_value(resolution: &Resolution) -> Result<Value> {
    let candidates = resolution.candidates.iter().map(candidate_value).collect::<Result<Vec<_>>>()?;
    let mut fields = vec![
        ("resolved", Value::from(resolution.is_resolved())),
        ("strategy", resolution.strategy.as_str().into()),
        ("candidates", Value::Array(candidates)),
        ("ticket", Value::text(hex::encode(&resolution.ticket))),
        ("covers", clock_value(&resolution.covers)),
    ];
    fields.extend(resolution.value.clone().map(|value| ("value", value)));
    Ok(Value::map(fields))
}

fn to_strategy(name: &str, argument: &str) -> Result<Strategy> {
    let all = [
        Strategy::LastWriterWins,
        Strategy::FirstWriterWins,
        Strategy::MajorityVote,
        Strategy::SemanticMerge,
        Strategy::ManualReview,
    ];
    let found = all.into_iter().find(|one| one.as_str() == name);
    found.ok_or_else(|| Thrown::argument(argument, "must be a ConflictStrategy"))
}

fn nested_shape(shape: &Value, depth: usize) -> Result<Shape> {
    let wrong = || Thrown::argument("shape", "must be a ConflictShape");
    let depth = depth.checked_sub(1).ok_or_else(wrong)?;
    if let Some(inner) = shape.get("map") {
        return Ok(Shape::Map(Box::new(nested_shape(inner, depth)?)));
    }
    match shape.as_text() {
        Some("single") => Ok(Shape::Single),
        Some("text") => Ok(Shape::Text),
        Some("set") => Ok(Shape::Set),
        Some("counter") => Ok(Shape::Counter),
        Some("max") => Ok(Shape::Number(NumberPolicy::Max)),
        Some("min") => Ok(Shape::Number(NumberPolicy::Min)),
        _ => Err(wrong()),
    }
}

fn to_candidates(given: &JsValue) -> Result<Vec<Candidate>> {
    let items = values::values(given, "candidates")?;
    items.iter().map(|item| to_candidate(&Fields::of(item, "candidates")?)).collect()
}

fn to_candidate(fields: &Fields<'_>) -> Result<Candidate> {
    let timestamp = fields.optional_number("timestamp")?;
    Ok(Candidate {
        value: fields.any("value"),
        writer: fields.optional_text("writer")?.map(|writer| ActorKey::new(&writer)).transpose()?,
        stamp: timestamp.map(|time| ClockUnit::Hybrid.stamp(time)).transpose()?,
        clock: to_clock(&fields.any("clock"), "clock")?,
    })
}

fn candidate_value(candidate: &Candidate) -> Result<Value> {
    let timestamp = candidate.stamp.map(|stamp| float(ClockUnit::Hybrid.time(stamp)?)).transpose()?;
    Ok(record([
        ("value", candidate.value.clone()),
        ("writer", candidate.writer.as_ref().map_or(Value::Null, |writer| writer.as_str().into())),
        ("timestamp", timestamp.unwrap_or(Value::Null)),
        ("clock", clock_value(&candidate.clock)),
    ]))
}

fn conflict_value(conflict: &Conflict) -> Result<Value> {
    let candidates = conflict.candidates.iter().map(candidate_value).collect::<Result<Vec<_>>>()?;
    Ok(record([
        ("type", conflict.kind.as_str().into()),
        ("key", conflict.key.as_str().into()),
        ("digest", Value::text(hex::encode(&conflict.digest))),
        ("candidates", Value::Array(candidates)),
        ("codes", Value::array(conflict.codes.iter().copied())),
    ]))
}
