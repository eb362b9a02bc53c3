//! Parts of clocks, contexts and counters: the entries and runs.

use super::Decompose;
use crate::actor::ActorKey;
use crate::clock::VectorClock;
use crate::context::CausalContext;
use crate::counter::{GCounter, PnCounter};
use crate::error::CrdtError;
use crate::membership::Membership;

impl Decompose for VectorClock {
    fn split(&self) -> Vec<Self> {
        self.iter().map(|(actor, count)| Self::singleton(actor.clone(), count)).collect()
    }

    fn covers(&self, part: &Self) -> bool {
        self.includes(part)
    }

    /// Drops the entries of forgotten actors, which are the same for all members and so tell no two clocks apart.
    fn collect(&mut self, members: &Membership) {
        members.forgotten().for_each(|actor| self.remove_actor(actor));
    }

    fn screen(&self, incoming: &mut Self, members: &Membership) {
        for actor in members.forgotten().filter(|actor| self.get(actor) == 0) {
            incoming.remove_actor(actor);
        }
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

    fn collect(&mut self, members: &Membership) {
        collect_context(self, members, |_| false);
    }

    fn screen(&self, incoming: &mut Self, members: &Membership) {
        members.forgotten_outside(self).for_each(|actor| incoming.remove_actor(actor));
    }
}

/// Drops the updates of forgotten actors under whose dots nothing is live.
pub(super) fn collect_context(
    context: &mut CausalContext,
    members: &Membership,
    is_live: impl Fn(&ActorKey) -> bool,
) {
    for actor in members.forgotten().filter(|actor| !is_live(actor)) {
        context.remove_actor(actor);
    }
}

// The counts of an actor are what a counter counts: dropping those of a forgotten one would change its value, so counters
// keep them.

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
