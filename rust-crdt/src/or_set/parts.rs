//! Taking a set apart by dots.

use std::sync::Arc;

use chrysalis_store::chunk::{Chunk, SPAN, bits};
use chrysalis_store::store::Store;

use super::{OrSet, decoded};
use crate::actor::ActorKey;
use crate::context::CausalContext;
use crate::dot::{Dot, Writer};
use crate::error::CrdtError;
use crate::runs::Runs;

/// Takes the actor, the number and the bit of a live dot, its name, and how much of the name is the slot.
type Visitor<'a> = dyn FnMut(&ActorKey, u64, u32, &[u8], usize) + 'a;

impl OrSet {
    /// The dots that were removed: those of the context that no element has.
    #[must_use]
    pub fn removed(&self) -> CausalContext {
        let mut removed = CausalContext::new();
        for (actor, known) in self.context.entries() {
            removed.set_runs(actor.clone(), known.difference(&self.live_runs(actor)));
        }
        removed
    }

    /// What a replica with this causal context has not heard of: newer elements, and that others were removed.
    ///
    /// What is missing at a peer after it has merged this, if anything, is that elements it has were removed without
    /// anything new; [`delta_for`](Self::delta_for) or a sync session finds these.
    #[must_use]
    pub fn since(&self, context: &CausalContext) -> Self {
        let new = self.context.difference(context);
        self.restricted(
            |actor, number, live| live & new.runs_of(actor).map_or(0, |runs| runs.mask(number * SPAN)),
            new.clone(),
        )
    }

    /// The least delta that brings `other` up to the join of both.
    ///
    /// # Errors
    /// [`CrdtError::Equivocation`] when both hold one dot for different elements.
    pub fn delta_for(&self, other: &Self) -> Result<Self, CrdtError> {
        let mut delta = self.since(&other.context);
        for (actor, chunks) in other.store.actors() {
            let Some(known) = self.context.runs_of(actor) else { continue };
            let own = self.store.chunks_of(actor);
            for (number, slot) in chunks {
                let theirs = other.store.chunk(*slot);
                let ours = own.and_then(|own| own.get(number)).map(|slot| self.store.chunk(*slot));
                let live = ours.map_or(0, |ours| ours.live());
                let differing = ours.and_then(|ours| ours.first_difference(theirs, live & theirs.live()));
                if let Some(bit) = differing {
                    let counter = number * SPAN + u64::from(bit);
                    return Err(CrdtError::Equivocation { actor: actor.clone(), counter });
                }
                for bit in bits(theirs.live() & !live & known.mask(number * SPAN)) {
                    let counter = number * SPAN + u64::from(bit);
                    delta.context.insert_run(actor, counter, counter);
                }
            }
        }
        Ok(delta)
    }

    /// Writes again, under this writer, what is live under the dots of another actor, and returns the delta: before that actor
    /// is forgotten.
    ///
    /// # Errors
    /// As [`add`](Self::add); nothing changed.
    pub fn adopt(&mut self, writer: &Writer, actor: &ActorKey) -> Result<Self, CrdtError> {
        let mut values = Vec::new();
        for slot in self.store.chunks_of(actor).into_iter().flat_map(|chunks| chunks.values()) {
            let chunk = self.store.chunk(*slot);
            values.extend(bits(chunk.live()).map(|bit| decoded(chunk.get(bit))));
        }
        self.add_all(writer, values)
    }

    /// One set per live dot.
    pub(crate) fn live_parts(&self) -> impl Iterator<Item = Self> {
        self.store.actors().flat_map(move |(actor, chunks)| {
            chunks.iter().flat_map(move |(number, slot)| {
                let chunk = self.store.chunk(*slot);
                bits(chunk.live()).map(move |bit| Self::of_chunk(actor, *number, chunk, 1 << bit))
            })
        })
    }

    /// One set per run of removed dots.
    pub(crate) fn removed_parts(&self) -> impl Iterator<Item = Self> {
        let removed = self.removed();
        let parts: Vec<Self> = removed
            .runs()
            .map(|(actor, start, end)| {
                let mut context = CausalContext::new();
                context.insert_run(actor, start, end);
                Self::with_context(context)
            })
            .collect();
        parts.into_iter()
    }

    /// Calls `each` with a name of every live dot: the actor, a byte 0xff, the counter, all of which is the slot, and the
    /// element.
    pub(crate) fn name_live(&self, each: &mut dyn FnMut(&[u8], usize)) {
        self.visit_live(&mut |_, _, _, name, slot| each(name, slot));
    }

    /// The live dots whose names are picked, and nothing else.
    pub(crate) fn pick_live(&self, pick: &mut dyn FnMut(&[u8], usize) -> bool) -> Self {
        let mut picked: Vec<(ActorKey, u64, u64)> = Vec::new();
        self.visit_live(&mut |actor, number, bit, name, slot| {
            if pick(name, slot) {
                match picked.last_mut() {
                    Some(last) if last.0 == *actor && last.1 == number => last.2 |= 1 << bit,
                    _ => picked.push((actor.clone(), number, 1 << bit)),
                }
            }
        });
        let mut set = Self::new();
        for (actor, number, mask) in picked {
            let slot = self.store.chunks_of(&actor).and_then(|chunks| chunks.get(&number));
            let chunk = self.store.chunk(*slot.expect("it was visited"));
            set.take_over(&actor, number, chunk, mask);
        }
        set
    }

    /// The dots that are in a context, and the set without them.
    pub(crate) fn split_by(&self, context: &CausalContext) -> (CausalContext, Self) {
        let (heard, new) = (self.context.intersection(context), self.context.difference(context));
        let mask =
            |actor: &ActorKey, number: u64| new.runs_of(actor).map_or(0, |runs| runs.mask(number * SPAN));
        let rest = self.restricted(|actor, number, live| live & mask(actor, number), new.clone());
        (heard, rest)
    }

    /// The set as packed deltas of about `limit` bytes each or less, unless one element alone is longer.
    pub(crate) fn pieces(&self, limit: usize) -> Vec<Vec<u8>> {
        let whole = self.to_packed();
        if whole.len() <= limit {
            return vec![whole];
        }
        let (mut pieces, mut piece, mut length) = (Vec::new(), Self::new(), 0);
        let mut next = |part: Self, bytes: usize, pieces: &mut Vec<Vec<u8>>| {
            // What the key of another actor, a run and a shared length take at most, generously.
            let bytes = bytes + 32;
            if length > 0 && length + bytes > limit {
                pieces.push(std::mem::take(&mut piece).to_packed());
                length = 0;
            }
            if length == 0 {
                piece = part
            } else {
                piece.merge(&part).expect("parts of one set")
            }
            length += bytes;
        };
        for (actor, chunks) in self.store.actors() {
            for (number, slot) in chunks {
                let chunk = self.store.chunk(*slot);
                let mut mask = 0;
                let mut bytes = 0;
                for bit in bits(chunk.live()) {
                    let more = chunk.get(bit).len() + 12;
                    if mask != 0 && bytes + more > limit / 4 {
                        next(
                            Self::of_chunk(actor, *number, chunk, mask),
                            bytes + actor.as_str().len(),
                            &mut pieces,
                        );
                        (mask, bytes) = (0, 0);
                    }
                    (mask, bytes) = (mask | 1 << bit, bytes + more);
                }
                next(Self::of_chunk(actor, *number, chunk, mask), bytes + actor.as_str().len(), &mut pieces);
            }
        }
        for part in self.removed_parts() {
            let actor = part.context.actors().next().map_or(0, |actor| actor.as_str().len());
            next(part, actor + 20, &mut pieces);
        }
        pieces.push(piece.to_packed());
        pieces
    }

    fn of_chunk(actor: &ActorKey, number: u64, chunk: &Chunk, mask: u64) -> Self {
        let mut part = Self::new();
        part.take_over(actor, number, chunk, mask);
        part
    }

    /// Forgets everything of an actor, its live dots included.
    pub(crate) fn forget_actor(&mut self, actor: &ActorKey) {
        let chunks: Vec<(u64, u32)> = self
            .store
            .chunks_of(actor)
            .into_iter()
            .flatten()
            .map(|(number, slot)| (*number, *slot))
            .collect();
        for (number, slot) in chunks {
            bits(self.store.chunk(slot).live()).for_each(|bit| self.store.unlink(slot, bit));
            self.store.drop_chunk(actor, number);
        }
        self.context.remove_actor(actor);
    }

    /// Whether an actor has a live dot.
    pub(crate) fn has_live(&self, actor: &ActorKey) -> bool {
        self.store.chunks_of(actor).is_some()
    }

    fn visit_live(&self, each: &mut Visitor<'_>) {
        let mut name = Vec::new();
        for (actor, chunks) in self.store.actors() {
            name.clear();
            name.extend_from_slice(actor.as_str().as_bytes());
            // No UTF-8 has this byte.
            name.push(0xff);
            let head = name.len();
            for (number, slot) in chunks {
                let chunk = self.store.chunk(*slot);
                for bit in bits(chunk.live()) {
                    name.truncate(head);
                    name.extend_from_slice(&(number * SPAN + u64::from(bit)).to_le_bytes());
                    name.extend_from_slice(chunk.get(bit));
                    each(actor, *number, bit, &name, head + 8);
                }
            }
        }
    }

    /// The set of some live dots under a context that has them.
    fn restricted(&self, keep: impl Fn(&ActorKey, u64, u64) -> u64, context: CausalContext) -> Self {
        let mut store = Store::new();
        for (actor, chunks) in self.store.actors() {
            for (number, slot) in chunks {
                let chunk = self.store.chunk(*slot);
                let mask = keep(actor, *number, chunk.live());
                if mask == chunk.live() {
                    store.put_linked(actor, *number, Arc::clone(chunk)).expect("no more than there are here");
                } else if mask != 0 {
                    let part = Arc::new(chunk.joined(mask, &Chunk::new(), 0));
                    store.put_linked(actor, *number, part).expect("no more than there are here");
                }
            }
        }
        Self { store, context }
    }

    /// Adds some live dots of another set's chunk, which are new here, to the elements and the context.
    fn take_over(&mut self, actor: &ActorKey, number: u64, chunk: &Chunk, mask: u64) {
        let part = Arc::new(chunk.joined(mask, &Chunk::new(), 0));
        self.store.put_linked(actor, number, part).expect("no more than in the other set");
        for bit in bits(mask) {
            let dot = Dot::new(actor.clone(), number * SPAN + u64::from(bit))
                .expect("only counters of dots are kept");
            self.context.insert(&dot);
        }
    }

    fn live_runs(&self, actor: &ActorKey) -> Runs {
        let mut live = Runs::default();
        for (number, slot) in self.store.chunks_of(actor).into_iter().flatten() {
            live.insert_mask(number * SPAN, self.store.chunk(*slot).live());
        }
        live
    }
}
