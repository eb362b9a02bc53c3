//! The persona resolver, and rules that choose among concurrent values.

use std::sync::Mutex;

use chrysalis_crdt as crdt;
use chrysalis_crdt::conflict::generic::{self, Candidate, Checks, ConflictType};
use chrysalis_crdt::conflict::join::{NumberPolicy, Shape};
use chrysalis_crdt::conflict::persona::{
    self, PersonaConflict, PersonaConflictType, PersonaOutput, PersonaResolver, PersonaStrategy, Profile,
    Scorecard, Thresholds,
};
use chrysalis_crdt::conflict::resolve::{self, Fallback, Order, Rule, Strategy};
use chrysalis_crdt::{ActorKey, ClockUnit, CrdtError, Value};
use chrysalis_crypto::hex;
use pyo3::prelude::*;

use super::clock::to_value;
use super::value::{Data, Datum, Name, record};
use crate::python::error::Result;
use crate::python::lock;

type Plain<T> = std::result::Result<T, CrdtError>;

/// Finds disagreements between personas and says what to do about them.
///
/// What a persona said is a `dict`: `persona_id`, `confidence`, and maybe `risk_score` and `scorecard`, itself a `dict` with
/// `overconfidence_risk`, `blind_spots` or `blind_spot_detection`.
#[pyclass(frozen, module = "memory_system._rust")]
pub(in crate::python) struct ConflictResolver(Mutex<PersonaResolver>);

#[pymethods]
impl ConflictResolver {
    /// A resolver with some thresholds in place of the usual ones, and the numbers of a profile: `ts` or `ocaml`.
    #[new]
    #[pyo3(signature = (thresholds = None, *, profile = Name("ts")))]
    fn new(thresholds: Option<Datum>, profile: Name<'_>) -> Result<Self> {
        let profile = match profile.0 {
            "ts" => Profile::Ts,
            "ocaml" => Profile::Ocaml,
            _ => return Err(CrdtError::WrongShape("profile is not 'ts' or 'ocaml'").into()),
        };
        let resolver = Self(Mutex::new(PersonaResolver { profile, ..PersonaResolver::default() }));
        thresholds.map_or(Ok(()), |thresholds| resolver.set_thresholds(thresholds))?;
        Ok(resolver)
    }

    /// The conflicts among what personas said, at most one of each kind.
    fn detect(&self, outputs: Data) -> Result<Data> {
        let found = self.now().detect(&to_outputs(outputs.0)?)?;
        Ok(Data(found.iter().map(conflict_value).collect::<Plain<_>>()?))
    }

    /// The conflicts among what personas said, given by persona.
    fn detect_conflicts(&self, outputs: Datum) -> Result<Data> {
        let by_id = outputs.0.into_map().ok_or(CrdtError::WrongShape("outputs are not a dict"))?;
        self.detect(Data(by_id.into_iter().map(|(_, output)| output).collect()))
    }

    /// Whether there is any conflict.
    fn has_conflicts(&self, outputs: Data) -> Result<bool> {
        Ok(self.now().has_conflicts(&to_outputs(outputs.0)?)?)
    }

    /// Detects, resolves, and sums up.
    fn resolve(&self, outputs: Data) -> Result<Datum> {
        Ok(Datum(summary_value(self.now().resolve(&to_outputs(outputs.0)?)?)?))
    }

    /// What comes of one conflict: `strategy`, `adjustment`, `resolved`, `explanation`.
    fn resolve_conflict(&self, conflict: Datum) -> Result<Datum> {
        let resolution = persona::resolve_conflict(&to_conflict(conflict.0)?);
        Ok(Datum(record([
            ("strategy", Value::from(resolution.strategy.as_str())),
            ("adjustment", Value::float(resolution.adjustment)?),
            ("resolved", Value::from(resolution.resolved)),
            ("explanation", Value::from(resolution.explanation)),
        ])))
    }

    /// What comes of all conflicts together.
    fn resolve_all_conflicts(&self, conflicts: Data) -> Result<Datum> {
        let conflicts = conflicts.0.into_iter().map(to_conflict).collect::<Plain<Vec<_>>>()?;
        Ok(Datum(summary_value(persona::resolve_all(&conflicts))?))
    }

    /// Replaces some thresholds.
    fn set_thresholds(&self, thresholds: Datum) -> Result<()> {
        let mut next = self.now().thresholds;
        for (name, value) in
            thresholds.0.into_map().ok_or(CrdtError::WrongShape("thresholds are not a dict"))?
        {
            let name = name.as_text().ok_or(CrdtError::WrongShape("a threshold's name is not a string"))?;
            if name == "blind_spots_minimum" {
                let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
                next.blind_spots_minimum =
                    count.ok_or(CrdtError::WrongShape("blind_spots_minimum is not a count"))?;
                continue;
            }
            let number = value.as_f64().ok_or(CrdtError::WrongShape("a threshold is not a number"))?;
            let (_, field) = numbers(&mut next)
                .into_iter()
                .find(|(known, _)| *known == name)
                .ok_or(CrdtError::WrongShape("unknown threshold"))?;
            *field = number;
        }
        lock(&self.0).thresholds = next;
        Ok(())
    }

    /// The thresholds by name.
    fn get_thresholds(&self) -> Result<Datum> {
        let mut thresholds = self.now().thresholds;
        let count = thresholds.blind_spots_minimum as u64;
        let mut fields = vec![("blind_spots_minimum", Value::from(count))];
        for (name, number) in numbers(&mut thresholds) {
            fields.push((name, Value::float(*number)?));
        }
        Ok(Datum(Value::map(fields)))
    }

    fn __repr__(&self) -> &'static str {
        match self.now().profile {
            Profile::Ts => "<ConflictResolver ts>",
            Profile::Ocaml => "<ConflictResolver ocaml>",
        }
    }
}

impl ConflictResolver {
    fn now(&self) -> PersonaResolver {
        *lock(&self.0)
    }
}

/// What is wrong between the candidates for the value of a key, whatever their order and however often each is given.
///
/// A candidate is a `dict`: `value`, and maybe `writer`, `timestamp` (milliseconds) and `clock` (counters by writer). `shape`
/// says what the value is: `single`, `text`, `set`, `counter`, `max`, `min`, or `{"map": shape}`.
#[pyfunction]
#[pyo3(signature = (
    key, candidates, *, shape = Datum(Value::Text(String::from("single"))), similarity = None,
    semantic_threshold = generic::SEMANTIC_THRESHOLD, missing_cause = false
))]
pub(in crate::python) fn find_conflicts(
    key: Name<'_>,
    candidates: Data,
    shape: Datum,
    similarity: Option<f64>,
    semantic_threshold: f64,
    missing_cause: bool,
) -> Result<Data> {
    let candidates = to_candidates(candidates.0)?;
    let checks = Checks { similarity, semantic_threshold, missing_cause, ..Checks::default() };
    let found = generic::detect(key.0, &to_shape(&shape.0, MAX_SHAPE)?, &candidates, &checks)?;
    let value = |conflict: &generic::Conflict| {
        Ok(record([
            ("type", Value::from(conflict.kind.as_str())),
            ("key", Value::from(conflict.key.as_str())),
            ("digest", Value::text(hex::encode(&conflict.digest))),
            ("candidates", candidates_value(&conflict.candidates)?),
            ("codes", Value::array(conflict.codes.iter().copied())),
        ]))
    };
    Ok(Data(found.iter().map(value).collect::<Plain<_>>()?))
}

/// Chooses among candidates: the same set gives the same choice, in any order and with any repetition.
///
/// `strategy` is `LastWriterWins`, `FirstWriterWins`, `MajorityVote`, `SemanticMerge` or `ManualReview`; `order` says what
/// last means, `stamp` or `clock`; `fallback` chooses where no value has a majority. Gives `resolved`, `strategy`, `value`,
/// `candidates`, `ticket` and `covers`.
#[pyfunction]
#[pyo3(signature = (
    candidates, strategy, *, shape = Datum(Value::Text(String::from("single"))), order = Name("stamp"),
    fallback = Name("LastWriterWins")
))]
pub(in crate::python) fn resolve_candidates(
    candidates: Data,
    strategy: Name<'_>,
    shape: Datum,
    order: Name<'_>,
    fallback: Name<'_>,
) -> Result<Datum> {
    let rule = Rule {
        strategy: to_strategy(strategy.0)?,
        order: match order.0 {
            "stamp" => Order::Stamp,
            "clock" => Order::Clock,
            _ => return Err(CrdtError::WrongShape("order is not 'stamp' or 'clock'").into()),
        },
        fallback: match to_strategy(fallback.0)? {
            Strategy::LastWriterWins => Fallback::LastWriterWins,
            Strategy::FirstWriterWins => Fallback::FirstWriterWins,
            Strategy::SemanticMerge => Fallback::SemanticMerge,
            Strategy::ManualReview => Fallback::ManualReview,
            Strategy::MajorityVote => {
                return Err(CrdtError::WrongShape("the fallback is a vote itself").into());
            }
        },
    };
    let chosen = resolve::resolve(&to_candidates(candidates.0)?, &to_shape(&shape.0, MAX_SHAPE)?, &rule)?;
    Ok(Datum(record([
        ("resolved", Value::from(chosen.is_resolved())),
        ("strategy", Value::from(chosen.strategy.as_str())),
        ("candidates", candidates_value(&chosen.candidates)?),
        ("ticket", Value::text(hex::encode(&chosen.ticket))),
        ("covers", to_value(&chosen.covers)),
        ("value", chosen.value.unwrap_or(Value::Null)),
    ])))
}

/// The strategy for a kind of conflict unless the caller has another, and what last means there.
#[pyfunction]
pub(in crate::python) fn default_rule(conflict_type: Name<'_>) -> Result<(&'static str, &'static str)> {
    let all = [
        ConflictType::DirectContradiction,
        ConflictType::CausalOrdering,
        ConflictType::SemanticInconsistency,
        ConflictType::MergeFailure,
    ];
    let kind = all.into_iter().find(|kind| kind.as_str() == conflict_type.0);
    let rule = Rule::default_for(kind.ok_or(CrdtError::WrongShape("unknown type of conflict"))?);
    Ok((rule.strategy.as_str(), if rule.order == Order::Clock { "clock" } else { "stamp" }))
}

/// How deep a shape may be nested.
const MAX_SHAPE: usize = 16;

fn to_shape(shape: &Value, depth: usize) -> Plain<Shape> {
    const WRONG: CrdtError = CrdtError::WrongShape("unknown shape");
    let depth = depth.checked_sub(1).ok_or(WRONG)?;
    if let Some(inner) = shape.get("map") {
        return Ok(Shape::Map(Box::new(to_shape(inner, depth)?)));
    }
    Ok(match shape.as_text() {
        Some("single") => Shape::Single,
        Some("text") => Shape::Text,
        Some("set") => Shape::Set,
        Some("counter") => Shape::Counter,
        Some("max") => Shape::Number(NumberPolicy::Max),
        Some("min") => Shape::Number(NumberPolicy::Min),
        _ => return Err(WRONG),
    })
}

fn to_strategy(name: &str) -> Plain<Strategy> {
    let all = [
        Strategy::LastWriterWins,
        Strategy::FirstWriterWins,
        Strategy::MajorityVote,
        Strategy::SemanticMerge,
        Strategy::ManualReview,
    ];
    all.into_iter().find(|one| one.as_str() == name).ok_or(CrdtError::WrongShape("unknown strategy"))
}

fn to_candidates(candidates: Vec<Value>) -> Plain<Vec<Candidate>> {
    candidates.into_iter().map(to_candidate).collect()
}

fn to_candidate(candidate: Value) -> Plain<Candidate> {
    let mut fields = Fields::new(candidate)?;
    let writer = fields.text("writer")?.map(|writer| ActorKey::new(&writer)).transpose()?;
    let stamp = fields.number("timestamp")?.map(|time| ClockUnit::Hybrid.stamp(time)).transpose()?;
    let counts = fields.take("clock").unwrap_or_else(|| Value::map::<Value, Value>([]));
    let wrong = || CrdtError::WrongShape("clock is not counters by writer");
    let counter = |(actor, count): (Value, Value)| {
        Ok((ActorKey::new(actor.as_text().ok_or_else(wrong)?)?, count.as_u64().ok_or_else(wrong)?))
    };
    let counters = counts.into_map().ok_or_else(wrong)?.into_iter().map(counter);
    let clock = counters.collect::<Plain<crdt::VectorClock>>()?;
    let value = fields.take("value").unwrap_or(Value::Null);
    fields.end()?;
    Ok(Candidate { value, writer, stamp, clock })
}

fn candidates_value(candidates: &[Candidate]) -> Plain<Value> {
    let value = |candidate: &Candidate| {
        let time = candidate.stamp.map(|stamp| Value::float(ClockUnit::Hybrid.time(stamp)?)).transpose()?;
        let writer = candidate.writer.as_ref().map_or(Value::Null, |writer| Value::from(writer.as_str()));
        Ok(record([
            ("value", candidate.value.clone()),
            ("writer", writer),
            ("timestamp", time.unwrap_or(Value::Null)),
            ("clock", to_value(&candidate.clock)),
        ]))
    };
    Ok(Value::Array(candidates.iter().map(value).collect::<Plain<_>>()?))
}

fn numbers(thresholds: &mut Thresholds) -> [(&'static str, &mut f64); 9] {
    [
        ("risk_disagreement", &mut thresholds.risk_disagreement),
        ("overconfidence_risk", &mut thresholds.overconfidence_risk),
        ("phil_confidence", &mut thresholds.phil_confidence),
        ("threshold_boundary_low", &mut thresholds.threshold_boundary_low),
        ("threshold_boundary_high", &mut thresholds.threshold_boundary_high),
        ("confidence_reduction", &mut thresholds.confidence_reduction),
        ("unanimous_confidence", &mut thresholds.unanimous_confidence),
        ("confidence_cap_on_conflict", &mut thresholds.confidence_cap_on_conflict),
        ("high_avg_confidence", &mut thresholds.high_avg_confidence),
    ]
}

fn to_outputs(outputs: Vec<Value>) -> Plain<Vec<PersonaOutput>> {
    outputs.into_iter().map(to_output).collect()
}

fn to_output(output: Value) -> Plain<PersonaOutput> {
    let mut fields = Fields::new(output)?;
    let scorecard = match fields.take("scorecard") {
        None | Some(Value::Null) => None,
        Some(card) => {
            let mut card = Fields::new(card)?;
            Some(Scorecard {
                overconfidence_risk: card.number("overconfidence_risk")?,
                blind_spots: card.texts("blind_spots")?,
                blind_spot_detection: card.texts("blind_spot_detection")?,
            })
        }
    };
    // What else a persona says does not matter here.
    Ok(PersonaOutput {
        persona_id: fields.text("persona_id")?.ok_or(CrdtError::WrongShape("persona_id is missing"))?,
        risk_score: fields.number("risk_score")?,
        confidence: fields.number("confidence")?.ok_or(CrdtError::WrongShape("confidence is missing"))?,
        scorecard,
    })
}

fn conflict_value(conflict: &PersonaConflict) -> Plain<Value> {
    let mut data = Vec::new();
    for (name, number) in &conflict.data {
        data.push((snake(name), Value::float(*number)?));
    }
    if conflict.kind == PersonaConflictType::BlindSpot {
        data.push(("blind_spots".to_owned(), Value::array(conflict.blind_spots.iter().map(String::as_str))));
    }
    Ok(record([
        ("type", Value::from(conflict.kind.as_str())),
        ("personas", Value::array(conflict.personas.iter().map(String::as_str))),
        ("severity", Value::float(conflict.severity)?),
        ("description", Value::from(conflict.description.as_str())),
        ("data", Value::map(data)),
        ("suggested_resolution", Value::from(conflict.suggested_resolution.as_str())),
    ]))
}

/// A conflict as `detect` gave it; only what its resolution depends on is read.
fn to_conflict(conflict: Value) -> Plain<PersonaConflict> {
    let mut fields = Fields::new(conflict)?;
    let kinds = [
        PersonaConflictType::RiskDisagreement,
        PersonaConflictType::ConfidenceMismatch,
        PersonaConflictType::ThresholdBoundary,
        PersonaConflictType::BlindSpot,
        PersonaConflictType::UnanimousConcern,
        PersonaConflictType::UnanimousWarning,
    ];
    let strategies = [
        PersonaStrategy::WeightedAverage,
        PersonaStrategy::ConservativeMerge,
        PersonaStrategy::HumanEscalation,
        PersonaStrategy::DeferToExpert,
        PersonaStrategy::DeferToCoordinator,
        PersonaStrategy::ConservativeBound,
    ];
    let kind = fields.text("type")?.and_then(|name| kinds.into_iter().find(|one| one.as_str() == name));
    let strategy = fields
        .text("suggested_resolution")?
        .and_then(|name| strategies.into_iter().find(|one| one.as_str() == name));
    Ok(PersonaConflict {
        kind: kind.ok_or(CrdtError::WrongShape("unknown type of conflict"))?,
        personas: fields.texts("personas")?.unwrap_or_default(),
        severity: fields.number("severity")?.unwrap_or_default(),
        description: fields.text("description")?.unwrap_or_default(),
        data: Vec::new(),
        blind_spots: Vec::new(),
        suggested_resolution: strategy.ok_or(CrdtError::WrongShape("unknown strategy"))?,
    })
}

fn summary_value(summary: persona::PersonaSummary) -> Plain<Value> {
    Ok(record([
        ("total_adjustment", Value::float(summary.total_adjustment)?),
        ("requires_human_review", Value::from(summary.requires_human_review)),
        ("explanations", Value::array(summary.explanations)),
        ("final_confidence_cap", Value::float(summary.final_confidence_cap)?),
        ("conflicts_detected", Value::from(summary.conflicts_detected as u64)),
        ("conflicts_resolved", Value::from(summary.conflicts_resolved as u64)),
    ]))
}

/// `maxRisk` as `max_risk`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// The fields of a `dict`, each taken once.
struct Fields(crdt::sorted::SortedMap<Value, Value>);

impl Fields {
    fn new(value: Value) -> Plain<Self> {
        value.into_map().map(Self).ok_or(CrdtError::WrongShape("not a dict"))
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(&Value::from(name))
    }

    fn text(&mut self, name: &str) -> Plain<Option<String>> {
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                value.into_text().map(Some).ok_or(CrdtError::WrongShape("a field is not a string"))
            }
        }
    }

    fn number(&mut self, name: &str) -> Plain<Option<f64>> {
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_f64().map(Some).ok_or(CrdtError::WrongShape("a field is not a number")),
        }
    }

    fn texts(&mut self, name: &str) -> Plain<Option<Vec<String>>> {
        let wrong = || CrdtError::WrongShape("a field is not a list of strings");
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let items = value.into_array().ok_or_else(wrong)?;
                items
                    .into_iter()
                    .map(|item| item.into_text().ok_or_else(wrong))
                    .collect::<Plain<_>>()
                    .map(Some)
            }
        }
    }

    fn end(&self) -> Plain<()> {
        if self.0.is_empty() { Ok(()) } else { Err(CrdtError::WrongShape("unknown field")) }
    }
}
