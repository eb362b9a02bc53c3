//! Parts of registers and of maps of them: the writes.

use super::clocks::collect_context;
use super::erased::pieces_of;
use super::{Decompose, newest, parts_or_self};
use crate::actor::ActorKey;
use crate::context::CausalContext;
use crate::error::CrdtError;
use crate::hlc::Stamp;
use crate::lww::LwwRegister;
use crate::lww_map::LwwMap;
use crate::lww_numeric::LwwNumericRegister;
use crate::membership::Membership;
use crate::mv_register::MvRegister;
use crate::sorted::{SortedMap, SortedSet};

impl Decompose for LwwRegister {
    fn greatest_of(&self, actor: &ActorKey) -> u64 {
        self.context().greatest(actor)
    }

    /// The winning write with each run of known writes: a context alone has no encoding.
    fn split(&self) -> Vec<Self> {
        if self.get().is_none() {
            return parts_or_self(self, Vec::new());
        }
        let runs = self.context().split();
        let runs = if runs.is_empty() { vec![CausalContext::new()] } else { runs };
        runs.into_iter().map(|run| self.with_context(run)).collect()
    }

    fn delta_from(&self, other: &Self) -> Result<Self, CrdtError> {
        if other.covers(self) {
            return Ok(Self::default());
        }
        // A write that is news goes with all of the runs, one that is not with those that are.
        let is_news = other.unit() != self.unit() || other.is_behind(self);
        let is_known = |run: &CausalContext| !is_news && other.context().includes(run);
        let mut new = CausalContext::new();
        self.context().split().into_iter().filter(|run| !is_known(run)).for_each(|run| new.merge(&run));
        Ok(self.with_context(new))
    }

    /// The digest of the write and the run: the value stands in no name, as it would in that of every run.
    fn name_parts(&self, each: &mut dyn FnMut(&[u8], usize)) {
        for (name, _) in self.named_runs() {
            each(&name, 0);
        }
    }

    fn pick_parts(&self, pick: &mut dyn FnMut(&[u8], usize) -> bool) -> Result<Self, CrdtError> {
        let mut picked: Option<CausalContext> = None;
        for (name, run) in self.named_runs() {
            if pick(&name, 0) {
                picked.get_or_insert_default().merge(&run);
            }
        }
        Ok(picked.map_or_else(Self::default, |runs| self.with_context(runs)))
    }

    fn part_count(&self) -> usize {
        if self.get().is_none() { self.split().len() } else { self.context().runs().count().max(1) }
    }

    /// The write stays, whoever made it: nothing that it is compared by is in the context.
    fn collect(&mut self, members: &Membership) {
        self.change_context(|context| collect_context(context, members, |_| false));
    }

    fn screen(&self, incoming: &mut Self, members: &Membership) {
        incoming.change_context(|theirs| {
            members.forgotten_outside(self.context()).for_each(|actor| theirs.remove_actor(actor));
        });
    }

    /// One piece when the write takes more than half of the limit: every other one would repeat it.
    fn to_pieces(&self, limit: usize) -> Result<Vec<Vec<u8>>, CrdtError> {
        if self.with_context(CausalContext::new()).to_wire().len() > limit / 2 {
            return Ok(vec![self.to_wire()]);
        }
        pieces_of(self, limit)
    }

    const HAS_STAMPS: bool = true;

    fn stamps(&self) -> (usize, Stamp) {
        newest(self.stamp().map(|stamp| (self.unit(), stamp)).into_iter())
    }
}

impl LwwRegister {
    /// The runs of the parts with the parts' names.
    fn named_runs(&self) -> Vec<(Vec<u8>, CausalContext)> {
        let write = self.with_context(CausalContext::new()).digest();
        let name = |part: Self| {
            let mut name = write.to_vec();
            for (actor, start, end) in part.context().runs() {
                name.extend_from_slice(&start.to_le_bytes());
                name.extend_from_slice(&end.to_le_bytes());
                name.extend_from_slice(actor.as_str().as_bytes());
            }
            (name, part.context().clone())
        };
        self.split().into_iter().map(name).collect()
    }
}

impl Decompose for LwwNumericRegister {
    fn split(&self) -> Vec<Self> {
        parts_or_self(self, Vec::new())
    }

    const HAS_STAMPS: bool = true;

    fn stamps(&self) -> (usize, Stamp) {
        newest(self.stamp().map(|stamp| (self.unit(), stamp)).into_iter())
    }
}

impl Decompose for LwwMap {
    fn greatest_of(&self, actor: &ActorKey) -> u64 {
        self.context().greatest(actor)
    }

    /// The entries with their dots, then the runs of other dots.
    fn split(&self) -> Vec<Self> {
        let overwritten = self.context().difference(&self.dots().collect());
        let mut parts = Vec::new();
        for (key, entry) in self.entries() {
            let mut part = Self::with_context(self.unit(), entry.dot().iter().collect());
            assert!(part.insert(key, entry.clone()), "its dot is in the context and new");
            parts.push(part);
        }
        parts.extend(overwritten.split().into_iter().map(|run| Self::with_context(self.unit(), run)));
        parts_or_self(self, parts)
    }

    /// Drops the dots of forgotten actors, and the removals that all members know of, once none of them knows of a write that another does not: one from
    /// before the removal would bring the key back. Writes after it must have later stamps, which is so where members
    /// observe the stamps of what they take in; writes with stamps from outside, which have no dot, are not accounted for.
    fn collect(&mut self, members: &Membership) {
        self.retain(|_, entry| {
            entry.value().is_some() || !entry.dot().is_some_and(|dot| members.settled().contains(&dot))
        });
        let live: SortedSet<ActorKey> = self.dots().map(|dot| dot.actor().clone()).collect();
        self.change_context(|context| collect_context(context, members, |actor| live.contains(actor)));
    }

    /// Whatever all members have taken in and is not here was overwritten or removed.
    fn screen(&self, incoming: &mut Self, members: &Membership) {
        let gone: SortedSet<&ActorKey> = members.forgotten_outside(self.context()).collect();
        incoming.retain(|key, entry| match entry.dot() {
            Some(dot) if gone.contains(dot.actor()) => false,
            Some(dot) => self.entry(key).is_some() || !members.stable().contains(&dot),
            None => true,
        });
        incoming.change_context(|theirs| gone.iter().for_each(|actor| theirs.remove_actor(actor)));
    }

    const HAS_STAMPS: bool = true;

    fn stamps(&self) -> (usize, Stamp) {
        newest(self.entries().map(|(_, entry)| (self.unit(), entry.key().stamp())))
    }
}

impl Decompose for MvRegister {
    fn greatest_of(&self, actor: &ActorKey) -> u64 {
        self.context().greatest(actor)
    }

    /// The written values with their dots, the runs of other dots, then the values with clocks.
    fn split(&self) -> Vec<Self> {
        let live: CausalContext = self.dotted().keys().collect();
        let mut parts = Vec::new();
        for (dot, element) in self.dotted() {
            let mut part = Self::with_context(CausalContext::from_iter([dot]));
            assert!(part.insert_dot(dot.clone(), element.clone()), "its dot is in the context and new");
            parts.push(part);
        }
        parts.extend(self.context().difference(&live).split().into_iter().map(Self::with_context));
        for (clock, values) in self.clocked() {
            for (element, is_replaced) in values {
                let values = SortedMap::from([(element.clone(), *is_replaced)]);
                let mut part = Self::new();
                let is_set = part.set_clocked(SortedMap::from([(clock.clone(), values)]));
                assert_eq!(is_set, Ok(true), "one clock is below no other");
                parts.push(part);
            }
        }
        parts
    }

    /// Values with clocks of the caller's stay as they are: those clocks are not ours to shorten.
    fn collect(&mut self, members: &Membership) {
        let live: SortedSet<ActorKey> = self.dotted().keys().map(|dot| dot.actor().clone()).collect();
        self.change_context(|context| collect_context(context, members, |actor| live.contains(actor)));
    }

    fn screen(&self, incoming: &mut Self, members: &Membership) {
        members.forgotten_outside(self.context()).for_each(|actor| incoming.forget_actor(actor));
    }
}
