//! What an agent can do.

use chrysalis_crdt as crdt;
use chrysalis_crdt::{ClockUnit, CrdtError, ProficiencyPolicy};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::value::{Name, Unit, dict};
use super::{Held, merge_into, state};
use crate::python::convert::to_bytes;
use crate::python::error::Result;

/// A skill as a `dict`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct Skill {
    name: String,
    proficiency: f64,
    usage_count: u64,
    last_used: f64,
}

dict!(Skill { name, proficiency, usage_count, last_used });

impl TryFrom<crdt::Skill> for Skill {
    type Error = CrdtError;

    fn try_from(skill: crdt::Skill) -> std::result::Result<Self, CrdtError> {
        let crdt::Skill { name, proficiency, usage_count, last_used } = skill;
        let usage_count = u64::try_from(usage_count).map_err(|_| CrdtError::CounterOverflow)?;
        Ok(Self { name, proficiency, usage_count, last_used })
    }
}

/// Skills by name: proficiency, last use, and uses that are each counted once.
#[pyclass(frozen, module = "memory_system._rust")]
pub(in crate::python) struct SkillAccumulator(Held<crdt::SkillAccumulator>);

state!(SkillAccumulator, crdt::SkillAccumulator, |skills| format!("of {} skills, ", skills.len()));
merge_into!(SkillAccumulator);

#[pymethods]
impl SkillAccumulator {
    /// No skill. `proficiency` says which one counts: the greatest, `max`, or the last, `latest`; `clock` is the unit of
    /// times.
    #[new]
    #[pyo3(signature = (instance_id = None, *, proficiency = Name("max"), clock = Unit(ClockUnit::Milliseconds)))]
    fn new(instance_id: Option<Name<'_>>, proficiency: Name<'_>, clock: Unit) -> Result<Self> {
        let policy = ProficiencyPolicy::from_name(proficiency.0)
            .ok_or(CrdtError::WrongShape("proficiency is not 'max' or 'latest'"))?;
        Ok(Self(Held::written_by(crdt::SkillAccumulator::with(policy, clock.0), instance_id)?))
    }

    /// Records a use of a skill, which counts whatever its time; with `ignore_stale` only if it is later than the last.
    #[pyo3(signature = (name, proficiency, timestamp, *, ignore_stale = false))]
    fn update_skill(
        &self,
        name: Name<'_>,
        proficiency: f64,
        timestamp: f64,
        ignore_stale: bool,
    ) -> Result<()> {
        self.0.write(|skills, writer| match ignore_stale {
            true => skills.update_if_newer(writer, name.0, proficiency, timestamp).map(drop),
            false => skills.update(writer, name.0, proficiency, timestamp).map(drop),
        })
    }

    /// Records uses of (name, proficiency, time), all or none, and gives their delta, for `import_deltas` elsewhere.
    fn update_many<'py>(
        &self,
        py: Python<'py>,
        uses: Vec<(String, f64, f64)>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let delta = self.0.write(|skills, writer| {
            let mut next = skills.clone();
            let mut delta = crdt::SkillAccumulator::with(skills.policy(), skills.unit());
            for (name, proficiency, timestamp) in &uses {
                delta.merge(&next.update(writer, name, *proficiency, *timestamp)?)?;
            }
            *skills = next;
            Ok(crdt::Decompose::to_wire(&delta))
        })?;
        to_bytes(py, &delta)
    }

    /// Takes in a skill from a system that kept plain counts. What one origin gives joins by maximum, however often it is
    /// imported.
    fn import_skill(&self, origin: Name<'_>, skill: Skill) -> Result<()> {
        let Skill { name, proficiency, usage_count, last_used } = skill;
        let skill = crdt::Skill { name, proficiency, usage_count: usage_count.into(), last_used };
        self.0.change(|skills| skills.import(origin.0, &skill).map(drop))
    }

    /// One skill, as a `dict`.
    fn get(&self, name: Name<'_>) -> Result<Option<Skill>> {
        Ok(self.0.now().skill(name.0).map(Skill::try_from).transpose()?)
    }

    /// The same as `get`.
    fn get_skill(&self, name: Name<'_>) -> Result<Option<Skill>> {
        self.get(name)
    }

    /// All skills, in the byte order of their names.
    fn to_list(&self) -> Result<Vec<Skill>> {
        Ok(self.0.now().skills().map(Skill::try_from).collect::<std::result::Result<_, _>>()?)
    }

    fn __len__(&self) -> usize {
        self.0.now().len()
    }
}
