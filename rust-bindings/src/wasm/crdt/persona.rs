//! The persona resolver: disagreement between reviewing personas.

use std::cell::Cell;

use chrysalis_crdt as crdt;
use crdt::Value;
use crdt::conflict::persona::{
    PersonaConflict, PersonaConflictType, PersonaOutput, PersonaResolution, PersonaResolver, PersonaStrategy,
    PersonaSummary, Profile, Scorecard, Thresholds, resolve_all, resolve_conflict,
};
use wasm_bindgen::prelude::*;

use super::values::{self, Fields, float, list_to_js, record, to_js};
use crate::convert;
use crate::error::{Result, Thrown};

/// Finds and resolves disagreements. `profile` says whose severities: those of the TypeScript resolver (`ts`) or of the
/// OCaml one (`ocaml`).
#[wasm_bindgen]
pub struct ConflictResolver(Cell<PersonaResolver>);

#[wasm_bindgen]
impl ConflictResolver {
    /// A resolver; thresholds that are not given are those of `DEFAULT_THRESHOLDS`.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_optional_param_type = "Partial<ConflictThresholds>")] thresholds: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "'ts' | 'ocaml'")] profile: JsValue,
    ) -> Result<ConflictResolver> {
        let thresholds = to_thresholds(&thresholds, Thresholds::default())?;
        let profile = match values::optional_text(&profile, "profile")?.as_deref() {
            None | Some("ts") => Profile::Ts,
            Some("ocaml") => Profile::Ocaml,
            Some(_) => return Err(Thrown::argument("profile", "must be 'ts' or 'ocaml'")),
        };
        Ok(Self(Cell::new(PersonaResolver { thresholds, profile })))
    }

    /// The conflicts among outputs, in a fixed order, at most one of each type.
    #[wasm_bindgen(unchecked_return_type = "Conflict[]")]
    pub fn detect(
        &self,
        #[wasm_bindgen(unchecked_param_type = "PersonaOutputs")] outputs: JsValue,
    ) -> Result<JsValue> {
        let conflicts = self.0.get().detect(&to_outputs(&outputs)?)?;
        list_to_js(&conflicts.iter().map(conflict_value).collect::<Result<Vec<_>>>()?)
    }

    /// The same as `detect`.
    #[wasm_bindgen(js_name = detectConflicts, unchecked_return_type = "Conflict[]")]
    pub fn detect_conflicts(
        &self,
        #[wasm_bindgen(unchecked_param_type = "PersonaOutputs")] outputs: JsValue,
    ) -> Result<JsValue> {
        self.detect(outputs)
    }

    /// Whether there is any conflict.
    #[wasm_bindgen(js_name = hasConflicts)]
    pub fn has_conflicts(
        &self,
        #[wasm_bindgen(unchecked_param_type = "PersonaOutputs")] outputs: JsValue,
    ) -> Result<bool> {
        Ok(self.0.get().has_conflicts(&to_outputs(&outputs)?)?)
    }

    /// Detects, resolves and sums up.
    #[wasm_bindgen(unchecked_return_type = "ConflictSummary")]
    pub fn resolve(
        &self,
        #[wasm_bindgen(unchecked_param_type = "PersonaOutputs")] outputs: JsValue,
    ) -> Result<JsValue> {
        summary_to_js(self.0.get().resolve(&to_outputs(&outputs)?)?)
    }

    /// Resolves one conflict by the strategy it suggests.
    #[wasm_bindgen(js_name = resolveConflict, unchecked_return_type = "ConflictResolution")]
    pub fn resolve_conflict(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Conflict")] conflict: JsValue,
    ) -> Result<JsValue> {
        resolve_one(conflict)
    }

    /// Resolves conflicts and sums up.
    #[wasm_bindgen(js_name = resolveAllConflicts, unchecked_return_type = "ConflictSummary")]
    pub fn resolve_all_conflicts(
        &self,
        #[wasm_bindgen(unchecked_param_type = "readonly Conflict[]")] conflicts: JsValue,
    ) -> Result<JsValue> {
        resolve_conflicts(conflicts)
    }

    /// Changes some thresholds.
    #[wasm_bindgen(js_name = setThresholds)]
    pub fn set_thresholds(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Partial<ConflictThresholds>")] thresholds: JsValue,
    ) -> Result<()> {
        let resolver = self.0.get();
        let thresholds = to_thresholds(&thresholds, resolver.thresholds)?;
        self.0.set(PersonaResolver { thresholds, ..resolver });
        Ok(())
    }

    /// The thresholds.
    #[wasm_bindgen(js_name = getThresholds, unchecked_return_type = "ConflictThresholds")]
    pub fn get_thresholds(&self) -> Result<JsValue> {
        let Thresholds {
            risk_disagreement,
            overconfidence_risk,
            phil_confidence,
            threshold_boundary_low,
            threshold_boundary_high,
            blind_spots_minimum,
            confidence_reduction,
            unanimous_confidence,
            confidence_cap_on_conflict,
            high_avg_confidence,
        } = self.0.get().thresholds;
        to_js(&record([
            ("riskDisagreement", float(risk_disagreement)?),
            ("overconfidenceRisk", float(overconfidence_risk)?),
            ("philConfidence", float(phil_confidence)?),
            ("thresholdBoundaryLow", float(threshold_boundary_low)?),
            ("thresholdBoundaryHigh", float(threshold_boundary_high)?),
            ("blindSpotsMinimum", count_value(blind_spots_minimum)),
            ("confidenceReduction", float(confidence_reduction)?),
            ("unanimousConfidence", float(unanimous_confidence)?),
            ("confidenceCapOnConflict", float(confidence_cap_on_conflict)?),
            ("highAvgConfidence", float(high_avg_confidence)?),
        ]))
    }
}

/// Resolves one conflict by the strategy it suggests.
#[wasm_bindgen(js_name = resolveConflict, unchecked_return_type = "ConflictResolution")]
pub fn resolve_one(#[wasm_bindgen(unchecked_param_type = "Conflict")] conflict: JsValue) -> Result<JsValue> {
    let conflict = values::value(&conflict, "conflict")?;
    let conflict = to_conflict(&Fields::of(&conflict, "conflict")?)?;
    to_js(&resolution_value(&resolve_conflict(&conflict))?)
}

/// Resolves conflicts and sums up.
#[wasm_bindgen(js_name = resolveAllConflicts, unchecked_return_type = "ConflictSummary")]
pub fn resolve_conflicts(
    #[wasm_bindgen(unchecked_param_type = "readonly Conflict[]")] conflicts: JsValue,
) -> Result<JsValue> {
    let conflicts = values::values(&conflicts, "conflicts")?;
    let conflicts = conflicts
        .iter()
        .map(|one| to_conflict(&Fields::of(one, "conflicts")?))
        .collect::<Result<Vec<_>>>()?;
    summary_to_js(resolve_all(&conflicts))
}

/// The thresholds with those that are given in place of the old ones.
fn to_thresholds(given: &JsValue, old: Thresholds) -> Result<Thresholds> {
    if given.is_undefined() {
        return Ok(old);
    }
    let given = values::value(given, "thresholds")?;
    let fields = Fields::of(&given, "thresholds")?;
    let number = |name: &str, old: f64| Ok::<_, Thrown>(fields.optional_number(name)?.unwrap_or(old));
    let spots = match fields.optional("blindSpotsMinimum") {
        None => old.blind_spots_minimum,
        Some(_) => usize::try_from(fields.count("blindSpotsMinimum")?).unwrap_or(usize::MAX),
    };
    Ok(Thresholds {
        risk_disagreement: number("riskDisagreement", old.risk_disagreement)?,
        overconfidence_risk: number("overconfidenceRisk", old.overconfidence_risk)?,
        phil_confidence: number("philConfidence", old.phil_confidence)?,
        threshold_boundary_low: number("thresholdBoundaryLow", old.threshold_boundary_low)?,
        threshold_boundary_high: number("thresholdBoundaryHigh", old.threshold_boundary_high)?,
        blind_spots_minimum: spots,
        confidence_reduction: number("confidenceReduction", old.confidence_reduction)?,
        unanimous_confidence: number("unanimousConfidence", old.unanimous_confidence)?,
        confidence_cap_on_conflict: number("confidenceCapOnConflict", old.confidence_cap_on_conflict)?,
        high_avg_confidence: number("highAvgConfidence", old.high_avg_confidence)?,
    })
}

/// Outputs as an array, or as a `Map` or an object from persona to output, in its order.
fn to_outputs(given: &JsValue) -> Result<Vec<PersonaOutput>> {
    let wrong = || Thrown::argument("outputs", "must be an array, a Map or an object of outputs");
    let list = match given.is_object() {
        false => return Err(wrong()),
        true if convert::list(given, "outputs").is_ok() => given.clone(),
        true if given.is_instance_of::<js_sys::Map>() => {
            js_sys::Array::from(&JsValue::from(given.unchecked_ref::<js_sys::Map>().values())).into()
        }
        true => js_sys::Object::values(given.unchecked_ref::<js_sys::Object>()).into(),
    };
    values::values(&list, "outputs")?
        .iter()
        .map(|output| to_output(&Fields::of(output, "outputs")?))
        .collect()
}

fn to_output(fields: &Fields<'_>) -> Result<PersonaOutput> {
    let scorecard = fields.optional("scorecard").map(to_scorecard).transpose()?;
    Ok(PersonaOutput {
        persona_id: fields.text("personaId")?,
        risk_score: fields.optional_number("riskScore")?,
        confidence: fields.number("confidence")?,
        scorecard,
    })
}

fn to_scorecard(card: &Value) -> Result<Scorecard> {
    let fields = Fields::of(card, "scorecard")?;
    Ok(Scorecard {
        overconfidence_risk: fields.optional_number("overconfidenceRisk")?,
        blind_spots: fields.texts("blindSpots")?,
        blind_spot_detection: fields.texts("blindSpotDetection")?,
    })
}

fn to_conflict(fields: &Fields<'_>) -> Result<PersonaConflict> {
    use PersonaConflictType as Type;
    use PersonaStrategy as Strategy;
    let types = [
        Type::RiskDisagreement,
        Type::ConfidenceMismatch,
        Type::ThresholdBoundary,
        Type::BlindSpot,
        Type::UnanimousConcern,
        Type::UnanimousWarning,
    ];
    let strategies = [
        Strategy::WeightedAverage,
        Strategy::ConservativeMerge,
        Strategy::HumanEscalation,
        Strategy::DeferToExpert,
        Strategy::DeferToCoordinator,
        Strategy::ConservativeBound,
    ];
    let (kind, strategy) = (fields.text("type")?, fields.text("suggestedResolution")?);
    Ok(PersonaConflict {
        kind: types
            .into_iter()
            .find(|one| one.as_str() == kind)
            .ok_or_else(|| Thrown::argument("type", "must be a type of conflict"))?,
        personas: fields.texts("personas")?.unwrap_or_default(),
        severity: fields.optional_number("severity")?.unwrap_or(0.0),
        description: fields.optional_text("description")?.unwrap_or_default(),
        data: Vec::new(),
        blind_spots: Vec::new(),
        suggested_resolution: strategies
            .into_iter()
            .find(|one| one.as_str() == strategy)
            .ok_or_else(|| Thrown::argument("suggestedResolution", "must be a strategy"))?,
    })
}

fn conflict_value(conflict: &PersonaConflict) -> Result<Value> {
    let mut data = Vec::new();
    for (name, number) in &conflict.data {
        data.push((Value::from(*name), float(*number)?));
    }
    if conflict.kind == PersonaConflictType::BlindSpot {
        data.push((Value::from("blindSpots"), Value::array(conflict.blind_spots.iter().map(String::as_str))));
    }
    Ok(record([
        ("type", conflict.kind.as_str().into()),
        ("personas", Value::array(conflict.personas.iter().map(String::as_str))),
        ("severity", float(conflict.severity)?),
        ("description", conflict.description.as_str().into()),
        ("data", Value::map(data)),
        ("suggestedResolution", conflict.suggested_resolution.as_str().into()),
    ]))
}

fn resolution_value(resolution: &PersonaResolution) -> Result<Value> {
    Ok(record([
        ("strategy", resolution.strategy.as_str().into()),
        ("adjustment", float(resolution.adjustment)?),
        ("resolved", resolution.resolved.into()),
        ("explanation", resolution.explanation.as_str().into()),
    ]))
}

fn summary_to_js(summary: PersonaSummary) -> Result<JsValue> {
    to_js(&record([
        ("totalAdjustment", float(summary.total_adjustment)?),
        ("requiresHumanReview", summary.requires_human_review.into()),
        ("explanations", Value::array(summary.explanations)),
        ("finalConfidenceCap", float(summary.final_confidence_cap)?),
        ("conflictsDetected", count_value(summary.conflicts_detected)),
        ("conflictsResolved", count_value(summary.conflicts_resolved)),
    ]))
}

fn count_value(count: usize) -> Value {
    Value::from(count as u64)
}
