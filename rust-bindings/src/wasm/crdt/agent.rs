//! The state of an agent.

use chrysalis_crdt as crdt;
use crdt::ActorId;
use crdt::any::AnyState;

use super::beliefs::to_belief;
use super::episodes::to_episode;
use super::operate::{Answer, Op, Operate, change, unknown};
use super::values::float;
use super::writers::NOBODY;
use crate::error::Result;

impl Operate for crdt::AgentState {
    fn make(op: &mut Op<'_>) -> Result<Self> {
        Ok(Self::new(ActorId::new(op.text()?)?))
    }

    fn apply(&mut self, op: &mut Op<'_>) -> Result<Self> {
        // The agent writes itself, unless somebody else is named.
        let agent = self.agent().map_or(NOBODY, ActorId::as_str).to_owned();
        match op.name() {
            "tick" => change!(op, () => self.tick(op.writer_or(&agent)?)?),
            "updateSkill" => change!(op, (
                name: op.text()?, proficiency: op.number()?, time: op.number()?
            ) => self.update_skill(op.writer_or(&agent)?, name, proficiency, time)?),
            "addEpisode" => {
                change!(op, (episode: to_episode(&op.fields()?)?) => self.add_episode(op.writer_or(&agent)?, episode)?)
            }
            "linkEpisodes" => change!(op, (effect: op.text()?, cause: op.text()?) => {
                self.link_episodes(op.writer_or(&agent)?, effect, cause)?
            }),
            "updateBelief" => {
                change!(op, (belief: to_belief(&op.fields()?)?) => self.update_belief(op.writer_or(&agent)?, &belief)?)
            }
            "addEvidenceFor" => change!(op, (id: op.text()?, time: op.number()?) => {
                self.add_evidence_for(op.writer_or(&agent)?, id, time)?
            }),
            "addEvidenceAgainst" => change!(op, (id: op.text()?, time: op.number()?) => {
                self.add_evidence_against(op.writer_or(&agent)?, id, time)?
            }),
            // A note of this copy's, which no delta has.
            "withLastSync" => change!(op, (time: op.number()?) => {
                self.set_last_sync(time)?;
                Self::default()
            }),
            _ => Err(unknown()),
        }
    }

    fn ask(&self, op: &mut Op<'_>) -> Result<Answer> {
        Ok(match op.name() {
            "agentId" => self.agent().map_or("", ActorId::as_str).into(),
            "skills" => Answer::State(AnyState::new(self.skills().clone())),
            "episodes" => Answer::State(AnyState::new(self.episodes().clone())),
            "beliefs" => Answer::State(AnyState::new(self.beliefs().clone())),
            "vectorClock" => Answer::State(AnyState::new(self.vector_clock())),
            "lastSync" => Answer::optional(self.last_sync().map(float).transpose()?),
            _ => return Err(unknown()),
        })
    }
}
