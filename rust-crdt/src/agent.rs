//! One agent's state: what it can do, went through and believes, and which updates that rests on.

use crate::actor::ActorId;
use crate::beliefs::{Belief, BeliefState};
use crate::clock::{ClockOrdering, VectorClock};
use crate::context::CausalContext;
use crate::dot::Writer;
use crate::episodes::{Episode, EpisodeMemory};
use crate::error::CrdtError;
use crate::skills::SkillAccumulator;

/// The state of one agent, on any of its replicas.
///
/// Every update takes a dot of its writer, so that two copies that went different ways are seen to have diverged, even
/// copies that one process made of one state.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AgentState {
    /// None only in the state below all others.
    agent: Option<ActorId>,
    pub(crate) skills: SkillAccumulator,
    pub(crate) episodes: EpisodeMemory,
    pub(crate) beliefs: BeliefState,
    context: CausalContext,
    last_sync: LastSync,
}

/// When this copy last met another: known to it alone, and no part of what is compared, merged or encoded.
#[derive(Clone, Copy, Debug, Default)]
struct LastSync(Option<f64>);

impl PartialEq for LastSync {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for LastSync {}

impl AgentState {
    /// The empty state of an agent, with room for as many episodes as [`EpisodeMemory::new`] has, times in milliseconds.
    #[must_use]
    pub fn new(agent: ActorId) -> Self {
        let (skills, episodes, beliefs) = (SkillAccumulator::new(), EpisodeMemory::new(), BeliefState::new());
        Self { agent: Some(agent), skills, episodes, beliefs, ..Self::default() }
    }

    /// The state of an agent with these parts: to choose policy, capacity and unit, or to bring over older ones.
    ///
    /// # Errors
    /// [`CrdtError::UnitMismatch`] unless all parts have one unit.
    pub fn with(
        agent: ActorId,
        skills: SkillAccumulator,
        episodes: EpisodeMemory,
        beliefs: BeliefState,
    ) -> Result<Self, CrdtError> {
        skills.unit().expect(episodes.unit())?;
        skills.unit().expect(beliefs.unit())?;
        Ok(Self { agent: Some(agent), skills, episodes, beliefs, ..Self::default() })
    }

    /// Whose state this is; `None` only in the state below all others.
    #[must_use]
    pub fn agent(&self) -> Option<&ActorId> {
        self.agent.as_ref()
    }

    /// What the agent can do.
    #[must_use]
    pub fn skills(&self) -> &SkillAccumulator {
        &self.skills
    }

    /// What it went through.
    #[must_use]
    pub fn episodes(&self) -> &EpisodeMemory {
        &self.episodes
    }

    /// What it believes.
    #[must_use]
    pub fn beliefs(&self) -> &BeliefState {
        &self.beliefs
    }

    /// Every update this state has taken in.
    #[must_use]
    pub fn context(&self) -> &CausalContext {
        &self.context
    }

    /// Up to where each replica's updates are known without a gap, by actor key.
    #[must_use]
    pub fn vector_clock(&self) -> VectorClock {
        self.context.vector()
    }

    /// When this copy last met another, as its host noted.
    #[must_use]
    pub fn last_sync(&self) -> Option<f64> {
        self.last_sync.0
    }

    /// Notes when this copy met another. Stays with this copy and its clones.
    ///
    /// # Errors
    /// [`CrdtError::NotFinite`]; nothing changed.
    pub fn set_last_sync(&mut self, timestamp: f64) -> Result<(), CrdtError> {
        if !timestamp.is_finite() {
            return Err(CrdtError::NotFinite);
        }
        self.last_sync = LastSync(Some(timestamp));
        Ok(())
    }

    /// Notes an update that changes nothing else, and returns the delta.
    ///
    /// # Errors
    /// [`CrdtError::CounterOverflow`] when the writer has no dot left; nothing changed.
    pub fn tick(&mut self, writer: &Writer) -> Result<Self, CrdtError> {
        self.apply(writer, |_| Ok(Part::None))
    }

    /// [`SkillAccumulator::update`] on this state.
    ///
    /// # Errors
    /// Those of that method; nothing changed.
    pub fn update_skill(
        &mut self,
        writer: &Writer,
        name: &str,
        proficiency: f64,
        timestamp: f64,
    ) -> Result<Self, CrdtError> {
        self.apply(writer, |state| {
            state.skills.update(writer, name, proficiency, timestamp).map(Part::Skills)
        })
    }

    /// [`EpisodeMemory::add`] on this state.
    ///
    /// # Errors
    /// Those of that method, and [`CrdtError::CounterOverflow`]; nothing changed.
    pub fn add_episode(&mut self, writer: &Writer, episode: Episode) -> Result<Self, CrdtError> {
        self.apply(writer, |state| state.episodes.add(episode).map(Part::Episodes))
    }

    /// [`EpisodeMemory::link`] on this state.
    ///
    /// # Errors
    /// [`CrdtError::CounterOverflow`] when the writer has no dot left; nothing changed.
    pub fn link_episodes(&mut self, writer: &Writer, effect: &str, cause: &str) -> Result<Self, CrdtError> {
        self.apply(writer, |state| Ok(Part::Episodes(state.episodes.link(effect, cause))))
    }

    /// [`BeliefState::update`] on this state.
    ///
    /// # Errors
    /// Those of that method; nothing changed.
    pub fn update_belief(&mut self, writer: &Writer, belief: &Belief) -> Result<Self, CrdtError> {
        self.apply(writer, |state| state.beliefs.update(writer, belief).map(Part::Beliefs))
    }

    /// [`BeliefState::add_evidence_for`] on this state.
    ///
    /// # Errors
    /// Those of that method; nothing changed.
    pub fn add_evidence_for(&mut self, writer: &Writer, id: &str, timestamp: f64) -> Result<Self, CrdtError> {
        self.apply(writer, |state| state.beliefs.add_evidence_for(writer, id, timestamp).map(Part::Beliefs))
    }

    /// [`BeliefState::add_evidence_against`] on this state.
    ///
    /// # Errors
    /// Those of that method; nothing changed.
    pub fn add_evidence_against(
        &mut self,
        writer: &Writer,
        id: &str,
        timestamp: f64,
    ) -> Result<Self, CrdtError> {
        self.apply(writer, |state| {
            state.beliefs.add_evidence_against(writer, id, timestamp).map(Part::Beliefs)
        })
    }

    /// How the updates of this state lie to those of another copy.
    ///
    /// # Errors
    /// [`CrdtError::AgentMismatch`] for another agent's state.
    pub fn compare_causality(&self, other: &Self) -> Result<ClockOrdering, CrdtError> {
        self.check_agent(other)?;
        Ok(self.context.compare(&other.context))
    }

    /// Whether each copy has an update that the other has not.
    ///
    /// # Errors
    /// [`CrdtError::AgentMismatch`] for another agent's state.
    pub fn has_diverged(&self, other: &Self) -> Result<bool, CrdtError> {
        Ok(self.compare_causality(other)? == ClockOrdering::Concurrent)
    }

    /// Joins another state or delta of the same agent into this one.
    ///
    /// # Errors
    /// [`CrdtError::AgentMismatch`] for another agent's state, [`CrdtError::ModeMismatch`] and
    /// [`CrdtError::UnitMismatch`] for parts made with other options; nothing changed.
    pub fn merge(&mut self, other: &Self) -> Result<(), CrdtError> {
        if other.agent.is_none() {
            return Ok(());
        }
        if self.agent.is_none() {
            let last_sync = self.last_sync;
            *self = other.clone();
            self.last_sync = last_sync;
            return Ok(());
        }
        self.check_agent(other)?;
        self.skills.check(&other.skills)?;
        self.episodes.check(&other.episodes)?;
        self.beliefs.check(&other.beliefs)?;
        self.skills.merge(&other.skills).expect("checked above");
        self.episodes.merge(&other.episodes).expect("checked above");
        self.beliefs.merge(&other.beliefs).expect("checked above");
        self.context.merge(&other.context);
        Ok(())
    }

    pub(crate) fn with_context(mut self, context: CausalContext) -> Self {
        self.context = context;
        self
    }

    /// For dots to be forgotten.
    pub(crate) fn change_context(&mut self, change: impl FnOnce(&mut CausalContext)) {
        change(&mut self.context);
    }

    /// The state below all others fits every agent.
    fn check_agent(&self, other: &Self) -> Result<(), CrdtError> {
        match (&self.agent, &other.agent) {
            (Some(ours), Some(theirs)) if ours != theirs => Err(CrdtError::AgentMismatch),
            _ => Ok(()),
        }
    }

    /// Takes a dot, makes an update of one part, and puts the delta together.
    fn apply(
        &mut self,
        writer: &Writer,
        update: impl FnOnce(&mut Self) -> Result<Part, CrdtError>,
    ) -> Result<Self, CrdtError> {
        let agent = self.agent.clone().ok_or(CrdtError::AgentMismatch)?;
        let dot = writer.next_dot(&self.context)?;
        let part = update(self).inspect_err(|_| writer.take_back(&dot))?;
        self.context.insert(&dot);
        let unit = self.skills.unit();
        let mut delta = Self {
            agent: Some(agent),
            skills: SkillAccumulator::with(self.skills.policy(), unit),
            episodes: EpisodeMemory::with(None, unit),
            beliefs: BeliefState::with_unit(unit),
            context: CausalContext::from_iter([&dot]),
            last_sync: LastSync::default(),
        };
        match part {
            Part::None => {}
            Part::Skills(skills) => delta.skills = skills,
            Part::Episodes(episodes) => delta.episodes = episodes,
            Part::Beliefs(beliefs) => delta.beliefs = beliefs,
        }
        Ok(delta)
    }
}

/// The delta of the part that an update changed.
enum Part {
    None,
    Skills(SkillAccumulator),
    Episodes(EpisodeMemory),
    Beliefs(BeliefState),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skills::ProficiencyPolicy;
    use crate::time::ClockUnit;

    fn id(name: &str) -> ActorId {
        ActorId::new(name).unwrap()
    }

    fn writer(name: &str) -> Writer {
        Writer::make(&id(name)).unwrap()
    }

    #[test]
    fn copies_of_one_agent_that_went_different_ways_have_diverged() {
        let mut one = AgentState::new(id("ada"));
        let mut two = one.clone();
        assert_eq!(one.compare_causality(&two), Ok(ClockOrdering::Equal));
        one.tick(&writer("ada")).unwrap();
        assert_eq!(two.compare_causality(&one), Ok(ClockOrdering::Before));
        two.tick(&writer("ada")).unwrap();
        assert_eq!(one.has_diverged(&two), Ok(true));
        two.merge(&one).unwrap();
        assert_eq!(
            (one.has_diverged(&two), one.compare_causality(&two)),
            (Ok(false), Ok(ClockOrdering::Before))
        );
    }

    #[test]
    fn branches_that_share_a_writer_diverge_and_lose_nothing() {
        let shared = writer("ada");
        let mut one = AgentState::new(id("ada"));
        let mut two = one.clone();
        one.update_skill(&shared, "x", 0.5, 1.0).unwrap();
        two.update_skill(&shared, "x", 0.6, 2.0).unwrap();
        assert_eq!(one.has_diverged(&two), Ok(true));
        assert_eq!(two.skills().skill("x").unwrap().usage_count, 1);
        one.merge(&two).unwrap();
        assert_eq!(one.skills().skill("x").unwrap().usage_count, 2);
    }

    #[test]
    fn other_agents_and_other_options_are_refused_and_nothing_changes() {
        let ada = AgentState::new(id("ada"));
        let mut state = ada.clone();
        assert_eq!(state.merge(&AgentState::new(id("bob"))), Err(CrdtError::AgentMismatch));
        assert_eq!(state.has_diverged(&AgentState::new(id("bob"))), Err(CrdtError::AgentMismatch));
        let seconds = |skills| {
            let (episodes, beliefs) =
                (EpisodeMemory::with(None, ClockUnit::Seconds), BeliefState::with_unit(ClockUnit::Seconds));
            AgentState::with(id("ada"), skills, episodes, beliefs)
        };
        let other = seconds(SkillAccumulator::with(ProficiencyPolicy::Max, ClockUnit::Seconds)).unwrap();
        assert_eq!(state.merge(&other), Err(CrdtError::UnitMismatch));
        assert_eq!(seconds(SkillAccumulator::new()), Err(CrdtError::UnitMismatch));
        let by = writer("ada");
        assert!(state.update_skill(&by, "x", 7.0, 1.0).is_err());
        assert_eq!(state, ada);
        // A refused update leaves no gap either.
        assert_eq!(state.tick(&by).unwrap().context().runs().next(), Some((by.actor(), 1, 1)));
        assert_eq!(AgentState::default().tick(&writer("ada")), Err(CrdtError::AgentMismatch));
    }

    #[test]
    fn the_last_meeting_stays_with_the_copy() {
        let mut state = AgentState::new(id("ada"));
        state.set_last_sync(7.0).unwrap();
        assert_eq!(state.set_last_sync(f64::NAN), Err(CrdtError::NotFinite));
        let mut other = AgentState::new(id("ada"));
        other.merge(&state).unwrap();
        assert_eq!((other.last_sync(), state.last_sync()), (None, Some(7.0)));
        assert_eq!(other.to_bytes(), state.to_bytes());
    }
}
