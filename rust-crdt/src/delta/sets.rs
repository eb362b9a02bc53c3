//! Parts of sets: the elements.

use super::{Decompose, newest, parts_or_self};
use crate::context::CausalContext;
use crate::element::Element;
use crate::error::CrdtError;
use crate::g_set::{GSet, Metadata};
use crate::hlc::Stamp;
use crate::lww_element_set::{LwwElementSet, Times, least};
use crate::membership::Membership;
use crate::or_set::OrSet;
use crate::sorted::{SortedMap, SortedSet};
use crate::two_phase_set::TwoPhaseSet;

impl Decompose for OrSet {
    fn split(&self) -> Vec<Self> {
        self.live_parts().chain(self.removed_parts()).collect()
    }

    fn covers(&self, part: &Self) -> bool {
        self.has_all_of(part)
    }

    fn delta_from(&self, other: &Self) -> Result<Self, CrdtError> {
        self.delta_for(other)
    }

    fn causal_context(&self) -> Option<&CausalContext> {
        Some(self.context())
    }

    fn delta_since(&self, context: &CausalContext) -> Result<Self, CrdtError> {
        Ok(self.since(context))
    }

    fn name_parts(&self, each: &mut dyn FnMut(&[u8], usize)) {
        self.name_live(each);
    }

    fn pick_parts(&self, pick: &mut dyn FnMut(&[u8], usize) -> bool) -> Result<Self, CrdtError> {
        Ok(self.pick_live(pick))
    }

    fn part_count(&self) -> usize {
        self.len()
    }

    fn drop_heard(&mut self, picked: Self, heard: &CausalContext) -> Result<Self, CrdtError> {
        let (gone, rest) = picked.split_by(heard);
        self.merge(&Self::with_context(gone))?;
        Ok(rest)
    }

    /// Drops the contexts of forgotten actors that have no live dot.
    fn collect(&mut self, members: &Membership) {
        for actor in members.forgotten() {
            if !self.has_live(actor) {
                self.forget_actor(actor);
            }
        }
    }

    fn screen(&self, incoming: &mut Self, members: &Membership) {
        // Of whom something is left here it is not yet collected: that is an actor like others.
        members.forgotten_outside(self.context()).for_each(|actor| incoming.forget_actor(actor));
    }

    fn to_wire(&self) -> Vec<u8> {
        self.to_packed()
    }

    fn merge_wire(&mut self, bytes: &[u8]) -> Result<(), CrdtError> {
        self.merge_packed(bytes)
    }

    fn to_pieces(&self, limit: usize) -> Result<Vec<Vec<u8>>, CrdtError> {
        Ok(self.pieces(limit))
    }

    fn from_wire(bytes: &[u8]) -> Result<Self, CrdtError> {
        Self::from_packed(bytes)
    }
}

impl GSet {
    fn one(element: &Element, metadata: Option<&Metadata>) -> Self {
        Self::from_entries(SortedMap::from([(element.clone(), metadata.cloned().map(Box::new))]))
    }
}

/// The encoding of the element, or of the set of it alone when it has metadata.
fn name_of(element: &Element, metadata: Option<&Metadata>, name: &mut Vec<u8>) {
    name.clear();
    match metadata {
        None => element.encode_into(name),
        Some(_) => *name = GSet::one(element, metadata).to_bytes(),
    }
}

impl Decompose for GSet {
    fn split(&self) -> Vec<Self> {
        self.entries().map(|(element, metadata)| Self::one(element, metadata)).collect()
    }

    fn covers(&self, part: &Self) -> bool {
        part.entries().all(|(element, metadata)| {
            let Some((element, own)) = self.entry(element) else { return false };
            let own = Self::one(element, own);
            let mut joined = own.clone();
            joined.merge(&Self::one(element, metadata)).is_ok() && joined == own
        })
    }

    fn delta_from(&self, other: &Self) -> Result<Self, CrdtError> {
        let new = self.entries().filter(|(element, metadata)| !other.covers(&Self::one(element, *metadata)));
        let new = new.map(|(element, metadata)| (element.clone(), metadata.cloned().map(Box::new)));
        Ok(Self::from_entries(new.collect()))
    }

    fn name_parts(&self, each: &mut dyn FnMut(&[u8], usize)) {
        let mut name = Vec::new();
        for (element, metadata) in self.entries() {
            name_of(element, metadata, &mut name);
            each(&name, 0);
        }
    }

    fn pick_parts(&self, pick: &mut dyn FnMut(&[u8], usize) -> bool) -> Result<Self, CrdtError> {
        let mut name = Vec::new();
        let mut picked = SortedMap::new();
        for (element, metadata) in self.entries() {
            name_of(element, metadata, &mut name);
            if pick(&name, 0) {
                picked.insert(element.clone(), metadata.cloned().map(Box::new));
            }
        }
        Ok(Self::from_entries(picked))
    }

    fn part_count(&self) -> usize {
        self.len()
    }

    const HAS_STAMPS: bool = true;

    fn stamps(&self) -> (usize, Stamp) {
        newest(self.entries().filter_map(|(_, metadata)| metadata.map(|m| (m.unit, m.stamp))))
    }
}

impl Decompose for TwoPhaseSet {
    fn split(&self) -> Vec<Self> {
        let (added, removed) = self.parts();
        let one = |element: &Element| SortedSet::from([element.clone()]);
        let added = added.iter().map(|element| Self::from_parts(one(element), SortedSet::new()));
        let removed = removed.iter().map(|element| Self::from_parts(SortedSet::new(), one(element)));
        added.chain(removed).collect()
    }
}

impl Decompose for LwwElementSet {
    /// Per element its latest addition and its latest removal.
    fn split(&self) -> Vec<Self> {
        let mut parts = Vec::new();
        let never = least(self.unit());
        for (element, times) in self.entries() {
            let removal = times.removed.map(|_| Times { added: never, removed: times.removed });
            // A removal says that the least time is the latest addition, too.
            let addition =
                (times.added > never || removal.is_none()).then_some(Times { removed: None, ..times });
            for times in addition.into_iter().chain(removal) {
                let mut part = Self::with_unit(self.unit());
                part.insert(element.clone(), times).expect("a time that is in a set is one of its unit");
                parts.push(part);
            }
        }
        parts_or_self(self, parts)
    }

    const HAS_STAMPS: bool = true;

    fn stamps(&self) -> (usize, Stamp) {
        let times = self.entries().flat_map(|(_, times)| [Some(times.added), times.removed]);
        newest(times.flatten().map(|stamp| (self.unit(), stamp)))
    }
}
