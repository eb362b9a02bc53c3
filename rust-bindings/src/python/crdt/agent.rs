//! One agent's state.

use chrysalis_crdt as crdt;
use chrysalis_crdt::{ActorId, ClockUnit, CrdtError, ProficiencyPolicy};
use pyo3::prelude::*;

use super::beliefs::{Belief, BeliefState};
use super::clock::VectorClock;
use super::episodes::{Episode, EpisodeMemory, to_capacity};
use super::skills::SkillAccumulator;
use super::value::{Name, Unit};
use super::writers::writer;
use super::{Held, merge_into, state};
use crate::python::error::Result;

/// What an agent can do, went through and believes, and the updates that rests on.
#[pyclass(frozen, module = "memory_system._rust")]
pub(in crate::python) struct AgentState(Held<crdt::AgentState>);

state!(AgentState, crdt::AgentState, |agent| {
    format!(
        "of {} skills, {} episodes, {} beliefs, ",
        agent.skills().len(),
        agent.episodes().len(),
        agent.beliefs().len()
    )
});
merge_into!(AgentState);

#[pymethods]
impl AgentState {
    /// The empty state of an agent. Updates are made under `instance_id`, or the agent's id where none is given, with an
    /// incarnation of this process.
    #[new]
    #[pyo3(signature = (
        agent_id, instance_id = None, *, max_episodes = Some(crdt::episodes::DEFAULT_CAPACITY),
        proficiency = Name("max"), clock = Unit(ClockUnit::Milliseconds)
    ))]
    fn new(
        agent_id: Name<'_>,
        instance_id: Option<Name<'_>>,
        max_episodes: Option<u64>,
        proficiency: Name<'_>,
        clock: Unit,
    ) -> Result<Self> {
        let policy = ProficiencyPolicy::from_name(proficiency.0)
            .ok_or(CrdtError::WrongShape("proficiency is not 'max' or 'latest'"))?;
        let state = crdt::AgentState::with(
            ActorId::new(agent_id.0)?,
            crdt::SkillAccumulator::with(policy, clock.0),
            crdt::EpisodeMemory::with(to_capacity(max_episodes)?, clock.0),
            crdt::BeliefState::with_unit(clock.0),
        )?;
        Ok(Self(Held::written_by(state, instance_id)?))
    }

    /// The empty state of an agent.
    #[staticmethod]
    fn create(agent_id: Name<'_>) -> Result<Self> {
        Ok(Self::of(crdt::AgentState::new(ActorId::new(agent_id.0)?)))
    }

    /// Whose state it is; `None` in the state below all others.
    #[getter]
    fn agent_id(&self) -> Option<String> {
        self.0.now().agent().map(ToString::to_string)
    }

    /// Notes an update that changes nothing else.
    fn tick(&self) -> Result<()> {
        self.update(|agent, writer| agent.tick(writer).map(drop))
    }

    /// Records a use of a skill.
    fn update_skill(&self, name: Name<'_>, proficiency: f64, timestamp: f64) -> Result<()> {
        self.update(|agent, writer| agent.update_skill(writer, name.0, proficiency, timestamp).map(drop))
    }

    /// Adds an episode, a `dict` as for `EpisodeMemory.add`.
    fn add_episode(&self, episode: Episode) -> Result<()> {
        self.update(|agent, writer| agent.add_episode(writer, episode.into()).map(drop))
    }

    /// Records that one episode caused another.
    fn link_episodes(&self, effect: Name<'_>, cause: Name<'_>) -> Result<()> {
        self.update(|agent, writer| agent.link_episodes(writer, effect.0, cause.0).map(drop))
    }

    /// Writes a belief, a `dict` as for `BeliefState.update`.
    fn update_belief(&self, belief: Belief) -> Result<()> {
        let belief = belief.into();
        self.update(|agent, writer| agent.update_belief(writer, &belief).map(drop))
    }

    /// Counts one piece of evidence for a belief.
    fn add_evidence_for(&self, id: Name<'_>, timestamp: f64) -> Result<()> {
        self.update(|agent, writer| agent.add_evidence_for(writer, id.0, timestamp).map(drop))
    }

    /// Counts one piece of evidence against a belief.
    fn add_evidence_against(&self, id: Name<'_>, timestamp: f64) -> Result<()> {
        self.update(|agent, writer| agent.add_evidence_against(writer, id.0, timestamp).map(drop))
    }

    /// The skills as they are now, apart from this object.
    #[getter]
    fn skills(&self) -> SkillAccumulator {
        SkillAccumulator::of(self.0.now().skills().clone())
    }

    /// The episodes as they are now, apart from this object.
    #[getter]
    fn episodes(&self) -> EpisodeMemory {
        EpisodeMemory::of(self.0.now().episodes().clone())
    }

    /// The beliefs as they are now, apart from this object.
    #[getter]
    fn beliefs(&self) -> BeliefState {
        BeliefState::of(self.0.now().beliefs().clone())
    }

    /// Up to where each replica's updates are known without a gap, by actor key.
    #[getter]
    fn vector_clock(&self) -> VectorClock {
        VectorClock::of(self.0.now().vector_clock())
    }

    /// When this copy last met another, as its host noted; known to this copy alone.
    #[getter]
    fn last_sync(&self) -> Option<f64> {
        self.0.now().last_sync()
    }

    #[setter]
    fn set_last_sync(&self, timestamp: f64) -> Result<()> {
        self.0.change(|agent| agent.set_last_sync(timestamp))
    }

    /// Whether each copy has an update that the other lacks.
    fn has_diverged(&self, other: &Self) -> Result<bool> {
        Ok(self.0.now().has_diverged(&other.0.now())?)
    }

    /// `before`, `after`, `concurrent` or `equal`.
    fn compare_causality(&self, other: &Self) -> Result<&'static str> {
        Ok(self.0.now().compare_causality(&other.0.now())?.as_str())
    }
}

impl AgentState {
    fn update<R>(
        &self,
        change: impl FnOnce(&mut crdt::AgentState, &crdt::Writer) -> std::result::Result<R, CrdtError>,
    ) -> Result<R> {
        let id = self.agent_id();
        let writer = writer(self.0.instance.as_deref().or(id.as_deref()))?;
        self.0.change(|agent| change(agent, &writer))
    }
}
