//! Parts of clocks, contexts and counters: the entries and runs.

use super::Decompose;
use crate::actor::ActorKey;
use crate::clock::VectorClock;
use crate::context::CausalContext;
use crate::counter::{GCounter, PnCounter};
use crate::error::CrdtError;

impl Decompose for VectorClock {
    fn split(&self) -> Vec<Self> {
        self.iter().map(|(actor, count)| Self::singleton(actor.clone(), count)).collect()
    }

    fn covers(&self, part: &Self) -> bool {
        self.includes(part)
    }
}

impl Decompose for CausalContext {
    fn greatest_of(&self, actor: &ActorKey) -> u64 {
        self.greatest(actor)
    }

    fn split(&self) -> Vec<Self> {
        let part = |(actor, start, end)| {
            let mut part = Self::new();
            part.insert_run(actor, start, end);
            part
        };
        self.runs().map(part).collect()
    }

    fn covers(&self, part: &Self) -> bool {
        self.includes(part)
    }

    fn delta_from(&self, other: &Self) -> Result<Self, CrdtError> {
        Ok(self.difference(other))
    }
}

impl Decompose for GCounter {
    fn split(&self) -> Vec<Self> {
        self.counts().split().into_iter().map(Self::from_counts).collect()
    }

    fn covers(&self, part: &Self) -> bool {
        self.counts().includes(part.counts())
    }
}

impl Decompose for PnCounter {
    fn split(&self) -> Vec<Self> {
        let up = self.positive().split().into_iter().map(|part| Self::from_parts(part, GCounter::new()));
        let down = self.negative().split().into_iter().map(|part| Self::from_parts(GCounter::new(), part));
        up.chain(down).collect()
    }

    fn covers(&self, part: &Self) -> bool {
        self.positive().covers(part.positive()) && self.negative().covers(part.negative())
    }
}
