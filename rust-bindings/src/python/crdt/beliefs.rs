//! What an agent believes.

use chrysalis_crdt as crdt;
use chrysalis_crdt::{ClockUnit, CrdtError, Value};
use pyo3::prelude::*;

use super::value::{Datum, Name, Unit, dict};
use super::{Held, merge_into, state};
use crate::python::error::Result;

/// A belief as a `dict`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct Belief {
    id: String,
    content: Datum,
    conviction: f64,
    #[pyo3(default)]
    evidence_for: u64,
    #[pyo3(default)]
    evidence_against: u64,
    last_updated: f64,
    #[pyo3(default = Datum(Value::Null))]
    source: Datum,
}

dict!(Belief { id, content, conviction, evidence_for, evidence_against, last_updated, source });

impl From<Belief> for crdt::Belief {
    fn from(belief: Belief) -> Self {
        Self {
            id: belief.id,
            content: belief.content.0,
            conviction: belief.conviction,
            evidence_for: belief.evidence_for.into(),
            evidence_against: belief.evidence_against.into(),
            last_updated: belief.last_updated,
            source: belief.source.0,
        }
    }
}

impl TryFrom<crdt::Belief> for Belief {
    type Error = CrdtError;

    fn try_from(belief: crdt::Belief) -> std::result::Result<Self, CrdtError> {
        let count = |count: u128| u64::try_from(count).map_err(|_| CrdtError::CounterOverflow);
        Ok(Self {
            id: belief.id,
            content: Datum(belief.content),
            conviction: belief.conviction,
            evidence_for: count(belief.evidence_for)?,
            evidence_against: count(belief.evidence_against)?,
            last_updated: belief.last_updated,
            source: Datum(belief.source),
        })
    }
}

/// Beliefs: the last written record of each, and evidence for and against that all counts.
#[pyclass(frozen, module = "memory_system._rust")]
pub(in crate::python) struct BeliefState(Held<crdt::BeliefState>);

state!(BeliefState, crdt::BeliefState, |beliefs| format!("of {} beliefs, ", beliefs.len()));
merge_into!(BeliefState);

#[pymethods]
impl BeliefState {
    /// No belief. `clock` is the unit of times.
    #[new]
    #[pyo3(signature = (instance_id = None, *, clock = Unit(ClockUnit::Milliseconds)))]
    fn new(instance_id: Option<Name<'_>>, clock: Unit) -> Result<Self> {
        Ok(Self(Held::written_by(crdt::BeliefState::with_unit(clock.0), instance_id)?))
    }

    /// Writes a belief: a `dict` with `id`, `content`, `conviction` and `last_updated`, and maybe `evidence_for`,
    /// `evidence_against` and `source`. The record takes effect if it is the later one; evidence never shrinks.
    fn update(&self, belief: Belief) -> Result<()> {
        let belief = belief.into();
        self.0.write(|beliefs, writer| beliefs.update(writer, &belief).map(drop))
    }

    /// Counts one piece of evidence for a belief; nothing happens when it is unknown.
    fn add_evidence_for(&self, id: Name<'_>, timestamp: f64) -> Result<()> {
        self.0.write(|beliefs, writer| beliefs.add_evidence_for(writer, id.0, timestamp).map(drop))
    }

    /// Counts one piece of evidence against a belief; nothing happens when it is unknown.
    fn add_evidence_against(&self, id: Name<'_>, timestamp: f64) -> Result<()> {
        self.0.write(|beliefs, writer| beliefs.add_evidence_against(writer, id.0, timestamp).map(drop))
    }

    /// One belief, as a `dict`.
    fn get(&self, id: Name<'_>) -> Result<Option<Belief>> {
        Ok(self.0.now().belief(id.0).map(Belief::try_from).transpose()?)
    }

    /// All beliefs, in the byte order of their ids.
    fn to_list(&self) -> Result<Vec<Belief>> {
        Ok(self.0.now().beliefs().map(Belief::try_from).collect::<std::result::Result<_, _>>()?)
    }

    /// The beliefs with at least this conviction, in the byte order of their ids.
    fn confident_beliefs(&self, threshold: f64) -> Result<Vec<Belief>> {
        let now = self.0.now();
        Ok(now.confident(threshold).map(Belief::try_from).collect::<std::result::Result<_, _>>()?)
    }

    fn __len__(&self) -> usize {
        self.0.now().len()
    }
}
