//! Parts of what agents know: skills, episodes, beliefs; and of Merkle DAGs.

use super::clocks::collect_context;
use super::{Decompose, newest, parts_or_self};
use crate::actor::ActorKey;
use crate::agent::AgentState;
use crate::beliefs::BeliefState;
use crate::dag::{MerkleDag, Node};
use crate::episodes::EpisodeMemory;
use crate::error::CrdtError;
use crate::hlc::Stamp;
use crate::membership::Membership;
use crate::skills::SkillAccumulator;

impl Decompose for SkillAccumulator {
    /// One per skill: what is known of its use is joined with the rest of it.
    fn split(&self) -> Vec<Self> {
        let one = |(name, entry): (&String, _)| {
            let mut part = Self::with(self.policy(), self.unit());
            part.insert_entry(name.clone(), Clone::clone(entry));
            part
        };
        parts_or_self(self, self.entries().map(one).collect())
    }

    const HAS_STAMPS: bool = true;

    fn stamps(&self) -> (usize, Stamp) {
        newest(self.entries().map(|(_, entry)| (self.unit(), entry.last_used)))
    }
}

impl Decompose for BeliefState {
    /// One per belief: its record is joined with its evidence.
    fn split(&self) -> Vec<Self> {
        let one = |(id, entry): (&String, _)| {
            let mut part = Self::with_unit(self.unit());
            part.insert_entry(id.clone(), Clone::clone(entry));
            part
        };
        parts_or_self(self, self.entries().map(one).collect())
    }

    const HAS_STAMPS: bool = true;

    fn stamps(&self) -> (usize, Stamp) {
        let stamps = self.entries().flat_map(|(_, entry)| [entry.record.stamp(), entry.weighed]);
        newest(stamps.flatten().map(|stamp| (self.unit(), stamp)))
    }
}

impl Decompose for EpisodeMemory {
    /// The capacity, if there is one, then one per episode and one per causal link.
    fn split(&self) -> Vec<Self> {
        let unlimited = || Self::with(None, self.unit());
        let mut parts = Vec::new();
        parts.extend(self.limited().map(|capacity| Self::with(Some(capacity), self.unit())));
        for held in self.kept() {
            let mut part = unlimited();
            part.take_in(held.episode.clone()).expect("an episode that is kept was admitted before");
            parts.push(part);
        }
        for (effect, cause) in self.links() {
            let mut part = unlimited();
            part.link(effect, cause);
            parts.push(part);
        }
        parts_or_self(self, parts)
    }

    const HAS_STAMPS: bool = true;

    fn stamps(&self) -> (usize, Stamp) {
        newest(self.kept().map(|held| (self.unit(), held.time)))
    }
}

impl Decompose for AgentState {
    fn greatest_of(&self, actor: &ActorKey) -> u64 {
        self.context().greatest(actor)
    }

    /// The parts of skills, episodes and beliefs, and the runs of updates.
    fn split(&self) -> Vec<Self> {
        let Some(agent) = self.agent() else { return Vec::new() };
        let skills = || SkillAccumulator::with(self.skills.policy(), self.skills.unit());
        let episodes = || EpisodeMemory::with(None, self.episodes.unit());
        let beliefs = || BeliefState::with_unit(self.beliefs.unit());
        let of = |skills, episodes, beliefs| {
            Self::with(agent.clone(), skills, episodes, beliefs)
                .expect("the parts have the units of one state")
        };
        // A part without entries says nothing that the others do not.
        let mut parts = Vec::new();
        let with_entries = self.skills.split().into_iter().filter(|part| !part.is_empty());
        parts.extend(with_entries.map(|part| of(part, episodes(), beliefs())));
        let with_entries = self.episodes.split().into_iter().filter(|part| *part != episodes());
        parts.extend(with_entries.map(|part| of(skills(), part, beliefs())));
        let with_entries = self.beliefs.split().into_iter().filter(|part| !part.is_empty());
        parts.extend(with_entries.map(|part| of(skills(), episodes(), part)));
        let runs = self.context().split().into_iter();
        parts.extend(runs.map(|run| of(skills(), episodes(), beliefs()).with_context(run)));
        if parts.is_empty() {
            parts.push(self.clone());
        }
        parts
    }

    /// Nothing of skills, episodes and beliefs is kept under the dots of the context.
    fn collect(&mut self, members: &Membership) {
        self.change_context(|context| collect_context(context, members, |_| false));
    }

    fn screen(&self, incoming: &mut Self, members: &Membership) {
        incoming.change_context(|theirs| {
            members.forgotten_outside(self.context()).for_each(|actor| theirs.remove_actor(actor));
        });
    }

    const HAS_STAMPS: bool = true;

    fn stamps(&self) -> (usize, Stamp) {
        let all = [self.skills.stamps(), self.episodes.stamps(), self.beliefs.stamps()];
        all.into_iter().fold((0, Stamp::ZERO), |(count, newest), part| (count + part.0, newest.max(part.1)))
    }
}

/// The id of a node, then signer and signature where it has them.
fn name_of(node: &Node, name: &mut Vec<u8>) {
    name.clear();
    name.extend_from_slice(node.id());
    name.extend(node.signer().into_iter().flatten());
    name.extend(node.signature().into_iter().flatten());
}

impl MerkleDag {
    /// Attached nodes with parents first, then waiting ones.
    fn in_order(&self) -> impl Iterator<Item = &Node> {
        self.topological_order().into_iter().chain(self.waiting())
    }
}

impl Decompose for MerkleDag {
    fn greatest_of(&self, actor: &ActorKey) -> u64 {
        self.greatest_seq(actor)
    }

    fn split(&self) -> Vec<Self> {
        self.in_order().map(|node| Self::of([node.clone()])).collect()
    }

    fn covers(&self, part: &Self) -> bool {
        part.nodes().all(|node| {
            let Some(own) = self.get(node.id()) else { return false };
            let mut joined = Self::of([own.clone()]);
            joined.merge(&Self::of([node.clone()])).is_ok() && joined == Self::of([own.clone()])
        })
    }

    fn delta_from(&self, other: &Self) -> Result<Self, CrdtError> {
        Ok(Self::of(self.nodes().filter(|node| !other.covers(&Self::of([(*node).clone()]))).cloned()))
    }

    fn name_parts(&self, each: &mut dyn FnMut(&[u8], usize)) {
        let mut name = Vec::new();
        for node in self.nodes() {
            name_of(node, &mut name);
            each(&name, 0);
        }
    }

    fn pick_parts(&self, pick: &mut dyn FnMut(&[u8], usize) -> bool) -> Result<Self, CrdtError> {
        let mut name = Vec::new();
        Ok(Self::of(
            self.nodes()
                .filter(|node| {
                    name_of(node, &mut name);
                    pick(&name, 0)
                })
                .cloned(),
        ))
    }

    fn part_count(&self) -> usize {
        self.len() + self.waiting().len()
    }

    /// Parents go first, so that few nodes wait at the other side.
    fn to_pieces(&self, limit: usize) -> Result<Vec<Vec<u8>>, CrdtError> {
        let whole = self.to_bytes();
        if whole.len() <= limit {
            return Ok(vec![whole]);
        }
        let (mut pieces, mut nodes, mut length) = (Vec::new(), Vec::new(), 0);
        for node in self.in_order() {
            let bytes = Self::of([node.clone()]).to_bytes().len();
            if length > 0 && length + bytes > limit {
                pieces.push(Self::of(std::mem::take(&mut nodes)).to_bytes());
                length = 0;
            }
            nodes.push(node.clone());
            length += bytes;
        }
        pieces.push(Self::of(nodes).to_bytes());
        Ok(pieces)
    }
}
