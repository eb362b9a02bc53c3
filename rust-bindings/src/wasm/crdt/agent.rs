//! The state of an agent.

use chrysalis_crdt as crdt;
use crdt::{ActorId, Writer};
use wasm_bindgen::prelude::*;

use super::beliefs::{BeliefState, to_belief};
use super::clock::VectorClock;
use super::episodes::{EpisodeMemory, to_episode};
use super::skills::SkillAccumulator;
use super::state;
use super::values::{self, Fields};
use super::writers::{writer, writer_of};
use crate::convert;
use crate::error::Result;

/// Skills, episodes and beliefs of one agent, and the updates they rest on. Whoever writes is an `actor`: the agent
/// itself by default, under this process's own key, so that copies that went different ways are seen to have diverged.
#[wasm_bindgen]
pub struct AgentState(crdt::AgentState);

state!(AgentState, crdt::AgentState);

#[wasm_bindgen]
impl AgentState {
    /// The state of an agent that knows nothing yet.
    pub fn create(#[wasm_bindgen(unchecked_param_type = "string")] agent_id: JsValue) -> Result<AgentState> {
        Ok(Self(crdt::AgentState::new(ActorId::new(&convert::text(&agent_id, "agentId")?)?)))
    }

    /// The state of an agent with these parts, which must have one unit of time.
    pub fn of(
        #[wasm_bindgen(unchecked_param_type = "string")] agent_id: JsValue,
        skills: &SkillAccumulator,
        episodes: &EpisodeMemory,
        beliefs: &BeliefState,
    ) -> Result<AgentState> {
        let agent = ActorId::new(&convert::text(&agent_id, "agentId")?)?;
        Ok(Self(crdt::AgentState::with(agent, skills.0.clone(), episodes.0.clone(), beliefs.0.clone())?))
    }

    /// The state with an update that changes nothing else.
    pub fn tick(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
    ) -> Result<AgentState> {
        let writer = self.writer(&actor)?;
        self.changed(|state| state.tick(&writer))
    }

    /// The state with one use of a skill.
    #[wasm_bindgen(js_name = updateSkill)]
    pub fn update_skill(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] proficiency: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] timestamp: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
    ) -> Result<AgentState> {
        let (name, proficiency) =
            (convert::text(&name, "name")?, values::number(&proficiency, "proficiency")?);
        let (timestamp, writer) = (values::number(&timestamp, "timestamp")?, self.writer(&actor)?);
        self.changed(|state| state.update_skill(&writer, &name, proficiency, timestamp))
    }

    /// The state with an episode.
    #[wasm_bindgen(js_name = addEpisode)]
    pub fn add_episode(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Episode")] episode: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
    ) -> Result<AgentState> {
        let (episode, writer) = (to_episode(Fields::new(&episode, "episode")?)?, self.writer(&actor)?);
        self.changed(|state| state.add_episode(&writer, episode))
    }

    /// The state with the statement that one episode caused another.
    #[wasm_bindgen(js_name = linkEpisodes)]
    pub fn link_episodes(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] effect: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] cause: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
    ) -> Result<AgentState> {
        let (effect, cause) = (convert::text(&effect, "effect")?, convert::text(&cause, "cause")?);
        let writer = self.writer(&actor)?;
        self.changed(|state| state.link_episodes(&writer, &effect, &cause))
    }

    /// The state with a belief written.
    #[wasm_bindgen(js_name = updateBelief)]
    pub fn update_belief(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Belief")] belief: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
    ) -> Result<AgentState> {
        let (belief, writer) = (to_belief(&Fields::new(&belief, "belief")?)?, self.writer(&actor)?);
        self.changed(|state| state.update_belief(&writer, &belief))
    }

    /// The state with one more piece of evidence for a belief.
    #[wasm_bindgen(js_name = addEvidenceFor)]
    pub fn add_evidence_for(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] timestamp: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
    ) -> Result<AgentState> {
        let (id, timestamp) = (convert::text(&id, "id")?, values::number(&timestamp, "timestamp")?);
        let writer = self.writer(&actor)?;
        self.changed(|state| state.add_evidence_for(&writer, &id, timestamp))
    }

    /// The state with one more piece of evidence against a belief.
    #[wasm_bindgen(js_name = addEvidenceAgainst)]
    pub fn add_evidence_against(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] timestamp: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] actor: JsValue,
    ) -> Result<AgentState> {
        let (id, timestamp) = (convert::text(&id, "id")?, values::number(&timestamp, "timestamp")?);
        let writer = self.writer(&actor)?;
        self.changed(|state| state.add_evidence_against(&writer, &id, timestamp))
    }

    /// The state with a note of when this copy met another. It is known to this copy alone.
    #[wasm_bindgen(js_name = withLastSync)]
    pub fn with_last_sync(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number")] timestamp: JsValue,
    ) -> Result<AgentState> {
        let timestamp = values::number(&timestamp, "timestamp")?;
        self.changed(|state| state.set_last_sync(timestamp))
    }

    /// Whether each copy has an update that the other has not. Throws for another agent's state.
    #[wasm_bindgen(js_name = hasDiverged)]
    pub fn has_diverged(&self, other: &AgentState) -> Result<bool> {
        Ok(self.0.has_diverged(&other.0)?)
    }

    /// How the updates of this copy lie to those of the other one.
    #[wasm_bindgen(js_name = compareCausality, unchecked_return_type = "VectorClockComparison")]
    pub fn compare_causality(&self, other: &AgentState) -> Result<String> {
        Ok(self.0.compare_causality(&other.0)?.as_str().to_owned())
    }

    /// Whose state it is; `""` for the least delta of nobody.
    #[wasm_bindgen(getter, js_name = agentId)]
    pub fn agent_id(&self) -> String {
        self.0.agent().map_or("", ActorId::as_str).to_owned()
    }

    /// What the agent can do.
    #[wasm_bindgen(getter)]
    pub fn skills(&self) -> SkillAccumulator {
        SkillAccumulator(self.0.skills().clone())
    }

    /// What it went through.
    #[wasm_bindgen(getter)]
    pub fn episodes(&self) -> EpisodeMemory {
        EpisodeMemory(self.0.episodes().clone())
    }

    /// What it believes.
    #[wasm_bindgen(getter)]
    pub fn beliefs(&self) -> BeliefState {
        BeliefState(self.0.beliefs().clone())
    }

    /// Up to where each writer's updates are known without a gap, by actor key.
    #[wasm_bindgen(getter, js_name = vectorClock)]
    pub fn vector_clock(&self) -> VectorClock {
        VectorClock(self.0.vector_clock())
    }

    /// When this copy last met another, if that was noted.
    #[wasm_bindgen(getter, js_name = lastSync)]
    pub fn last_sync(&self) -> Option<f64> {
        self.0.last_sync()
    }
}

impl AgentState {
    /// The writer that is named, or that of the agent.
    fn writer(&self, actor: &JsValue) -> Result<Writer> {
        match self.0.agent() {
            Some(agent) if actor.is_undefined() => writer_of(agent.as_str()),
            _ => writer(actor),
        }
    }
}
