//! Merging sets chunk by chunk: first what is to change, then the changes.
//!
//! Three words decide about 64 dots: which are live here, which there, and which the other side knows. Planning
//! touches nothing, so that a refused merge changes nothing; it stops when a budget is used up and goes on later.

use std::sync::Arc;

use chrysalis_store::chunk::{Chunk, SPAN, bits};
use chrysalis_store::store::Store;

use super::OrSet;
use crate::actor::ActorKey;
use crate::error::CrdtError;
use crate::runs::Runs;

/// What a merge changes, as far as it has been looked at, and how much of that is done.
#[derive(Debug, Default)]
pub(super) struct Plan {
    steps: Vec<Step>,
    /// Up to where planning came; what is left begins behind it.
    cursor: Option<(ActorKey, u64)>,
    is_complete: bool,
    phase: Phase,
    at: usize,
}

/// What changes in one chunk.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) actor: ActorKey,
    pub(super) number: u64,
    /// Our chunk, if there is one.
    pub(super) slot: Option<u32>,
    /// Theirs, if there is one.
    pub(super) theirs: Option<Arc<Chunk>>,
    /// Live there and never heard of here.
    pub(super) add: u64,
    /// Live here, and removed there.
    pub(super) remove: u64,
    /// Live there, and removed here.
    pub(super) refuse: u64,
}

/// In this order, so that an element whose dot is replaced never has two.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Phase {
    #[default]
    Unlink,
    Write,
    Link,
    Done,
}

impl Plan {
    /// Looks at up to `budget` chunks and lowers it by as many; whether all have been looked at.
    ///
    /// # Errors
    /// [`CrdtError::Equivocation`], and [`CrdtError::TooMany`] for a result with too many chunks.
    pub(super) fn extend(
        &mut self,
        ours: &OrSet,
        theirs: &OrSet,
        budget: &mut usize,
    ) -> Result<bool, CrdtError> {
        // All of their live dots are in their context.
        for (actor, covered) in theirs.context.entries() {
            if self.is_complete || self.cursor.as_ref().is_some_and(|(done, _)| done > actor) {
                continue;
            }
            let from = match &self.cursor {
                Some((done, number)) if done == actor => number + 1,
                _ => 0,
            };
            if !self.extend_actor(actor, covered, from, ours, theirs, budget)? {
                return Ok(false);
            }
        }
        self.is_complete = true;
        ours.store.check_room(self.steps.iter().filter(|step| step.slot.is_none()).count())?;
        Ok(true)
    }

    fn extend_actor(
        &mut self,
        actor: &ActorKey,
        covered: &Runs,
        first: u64,
        ours: &OrSet,
        theirs: &OrSet,
        budget: &mut usize,
    ) -> Result<bool, CrdtError> {
        let known = ours.context.runs_of(actor);
        let own = ours.store.chunks_of(actor);
        let rest = theirs.store.chunks_of(actor).into_iter().flat_map(|chunks| chunks.starting_at(&first));
        let mut rest = rest.map(|(number, slot)| (*number, theirs.store.chunk(*slot))).peekable();
        let mut last = None;
        let mut pair = |number: u64, slot: Option<u32>, other: Option<&Arc<Chunk>>| {
            if *budget == 0 {
                return Ok(false);
            }
            *budget -= 1;
            self.compare(actor, number, slot, other, known, covered, &ours.store)?;
            self.cursor = Some((actor.clone(), number));
            Ok(true)
        };
        for (start, end) in covered.iter() {
            let covered = own.into_iter().flat_map(|own| own.starting_at(&(start / SPAN)));
            let covered = covered.take_while(|(number, _)| **number <= end / SPAN);
            for (&number, &slot) in covered.filter(|(number, _)| **number >= first) {
                if last.replace(number) == Some(number) {
                    continue;
                }
                while let Some((before, chunk)) = rest.next_if(|(before, _)| *before < number) {
                    if !pair(before, None, Some(chunk))? {
                        return Ok(false);
                    }
                }
                let other = rest.next_if(|(same, _)| *same == number).map(|(_, chunk)| chunk);
                if !pair(number, Some(slot), other)? {
                    return Ok(false);
                }
            }
        }
        for (number, chunk) in rest {
            if !pair(number, None, Some(chunk))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    #[expect(clippy::too_many_arguments, reason = "both sides of one chunk, and what is known of it")]
    fn compare(
        &mut self,
        actor: &ActorKey,
        number: u64,
        slot: Option<u32>,
        other: Option<&Arc<Chunk>>,
        known: Option<&Runs>,
        covered: &Runs,
        store: &Store,
    ) -> Result<(), CrdtError> {
        let own = slot.map(|slot| store.chunk(slot));
        if let (Some(own), Some(other)) = (own, other) {
            if Arc::ptr_eq(own, other) {
                return Ok(());
            }
            let both = own.live() & other.live();
            if let Some(bit) = own.first_difference(other, both) {
                let counter = number * SPAN + u64::from(bit);
                return Err(CrdtError::Equivocation { actor: actor.clone(), counter });
            }
        }
        let (live, theirs) = (own.map_or(0, |own| own.live()), other.map_or(0, |other| other.live()));
        if live == theirs {
            return Ok(());
        }
        let (new, gone) = (theirs & !live, live & !theirs);
        let heard = if new == 0 { 0 } else { known.map_or(0, |known| known.mask(number * SPAN)) };
        let covered = if gone == 0 { 0 } else { covered.mask(number * SPAN) };
        let (add, remove, refuse) = (new & !heard, gone & covered, new & heard);
        if add | remove | refuse != 0 {
            self.steps.push(Step {
                actor: actor.clone(),
                number,
                slot,
                theirs: other.cloned(),
                add,
                remove,
                refuse,
            });
        }
        Ok(())
    }

    /// Does up to `budget` chunks of the changes; whether all is done. The context is left to the caller.
    pub(super) fn apply(&mut self, store: &mut Store, budget: &mut usize) -> bool {
        debug_assert!(self.is_complete);
        if self.phase == Phase::Unlink && self.at == 0 {
            let count = |mask: fn(&Step) -> u64| {
                self.steps.iter().map(|s| mask(s).count_ones() as usize).sum::<usize>()
            };
            // What replaces a removed element takes its place.
            store.reserve(count(|step| step.add).saturating_sub(count(|step| step.remove)));
        }
        while self.phase != Phase::Done {
            let Some(step) = self.steps.get_mut(self.at) else {
                (self.phase, self.at) = (self.phase.next(), 0);
                continue;
            };
            if *budget == 0 {
                return false;
            }
            match self.phase {
                Phase::Unlink => step.unlink(store),
                Phase::Write => step.write(store),
                Phase::Link => step.link(store),
                Phase::Done => {}
            }
            *budget -= 1;
            self.at += 1;
        }
        true
    }

    pub(super) fn has_begun(&self) -> bool {
        self.phase != Phase::Unlink || self.at > 0
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl Phase {
    fn next(self) -> Self {
        match self {
            Self::Unlink => Self::Write,
            Self::Write => Self::Link,
            Self::Link | Self::Done => Self::Done,
        }
    }
}

impl Step {
    fn unlink(&self, store: &mut Store) {
        if let Some(slot) = self.slot {
            bits(self.remove).for_each(|bit| store.unlink(slot, bit));
        }
    }

    fn write(&mut self, store: &mut Store) {
        static NONE: Chunk = Chunk::new();
        let Self { add, remove, .. } = *self;
        if add | remove == 0 {
            return;
        }
        let live = self.slot.map_or(0, |slot| store.chunk(slot).live());
        let keep = live & !remove;
        if keep | add == 0 {
            store.drop_chunk(&self.actor, self.number);
            return;
        }
        match (self.slot, &self.theirs) {
            // Shared with the other set until one of them changes.
            (_, Some(theirs)) if keep == 0 && add == theirs.live() => {
                self.slot = Some(store.put_chunk(&self.actor, self.number, Arc::clone(theirs)));
            }
            (Some(slot), Some(theirs)) if remove == 0 && live.leading_zeros() > 63 - add.trailing_zeros() => {
                store.chunk_mut(slot).append(theirs, add);
            }
            (slot, theirs) => {
                let own: &Chunk = slot.map_or(&NONE, |slot| store.chunk(slot));
                let joined = own.joined(keep, theirs.as_deref().unwrap_or(&NONE), add);
                self.slot = Some(store.put_chunk(&self.actor, self.number, Arc::new(joined)));
            }
        }
    }

    fn link(&self, store: &mut Store) {
        if let Some(slot) = self.slot.filter(|_| self.add != 0) {
            store.link(slot, self.add);
        }
    }
}
