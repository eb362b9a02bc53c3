//! Taking states apart: into the parts whose join they are, and into what another replica lacks.
//!
//! Source: Enes et al., "Efficient Synchronization of State-based CRDTs" (2019): a state is the join of its
//! irreducible parts, and the least delta for a peer is the join of those parts that the peer's state does not cover.

mod agents;
mod clocks;
mod erased;
mod registers;
mod sets;

use erased::taken;
pub(crate) use erased::{Erased, join_delta};

use crate::actor::ActorKey;
use crate::context::CausalContext;
use crate::error::CrdtError;
use crate::hlc::Stamp;
use crate::json::JsonState;
use crate::membership::Membership;
use crate::state::State;
use crate::time::ClockUnit;

/// A state that can be taken apart.
///
/// The laws, which the tests hold for every type: the join of the parts is the state; no part is covered by the join of
/// the others; the join of a state and its delta from another one is the join of both.
pub trait Decompose: JsonState + Send + Sync {
    /// The parts, in a fixed order; none of the empty state.
    ///
    /// Each is irreducible, except that removed dots of one actor without a gap between them are one part: one by one
    /// they could be more than any memory holds.
    fn split(&self) -> Vec<Self>;

    /// Whether merging `part` would change nothing.
    fn covers(&self, part: &Self) -> bool {
        erased::covers(self, part)
    }

    /// The least delta that brings `other` up to the join of both: the parts it does not cover.
    ///
    /// # Errors
    /// What merging the parts gives.
    fn delta_from(&self, other: &Self) -> Result<Self, CrdtError> {
        erased::delta_from(self, other).map(taken)
    }

    /// Joins a delta into this state. The empty delta changes nothing, and the empty state takes a delta over, whatever
    /// unit or mode was fixed when the other one was made.
    ///
    /// # Errors
    /// What the type's own `merge` gives; nothing changed.
    fn join_delta(&mut self, delta: &Self) -> Result<(), CrdtError> {
        join_delta(self, delta)
    }

    /// The updates it has taken in, for a type where that alone tells two replicas what one of them lacks.
    fn causal_context(&self) -> Option<&CausalContext> {
        None
    }

    /// The greatest number of an update of an actor that the state knows of, for types whose updates have numbers that a
    /// [`Writer`](crate::Writer) gives out; 0 for others, and where there is none.
    fn greatest_of(&self, actor: &ActorKey) -> u64 {
        self.causal_context().map_or(0, |context| context.greatest(actor))
    }

    /// What a replica that has taken in `context` lacks of new updates; removals of what it has are not among them.
    ///
    /// # Errors
    /// What merging the parts gives.
    fn delta_since(&self, context: &CausalContext) -> Result<Self, CrdtError> {
        let _ = context;
        Ok(self.clone())
    }

    /// Calls `each` with a name of every part that must be there for two states with one causal context to be equal, and
    /// with how many bytes of it name what can have one content only, such as a dot; 0 when nothing is like that.
    fn name_parts(&self, each: &mut dyn FnMut(&[u8], usize)) {
        for part in self.split() {
            each(&part.to_bytes(), 0);
        }
    }

    /// The join of the named parts that `pick` chooses.
    ///
    /// # Errors
    /// What merging the parts gives.
    fn pick_parts(&self, pick: &mut dyn FnMut(&[u8], usize) -> bool) -> Result<Self, CrdtError> {
        erased::pick_parts(self, pick).map(taken)
    }

    /// How many named parts there are.
    fn part_count(&self) -> usize {
        self.split().len()
    }

    /// Of named parts of this state that another replica lacks, removes those here that the other has heard of, since it
    /// then has removed them, and gives the others. Types without a causal context have nothing to remove.
    ///
    /// # Errors
    /// What merging gives.
    fn drop_heard(&mut self, picked: Self, heard: &CausalContext) -> Result<Self, CrdtError> {
        let _ = heard;
        Ok(picked)
    }

    /// Forgets what no member can need any more, see [`Membership`]. Digests are equal again once all have done so.
    fn collect(&mut self, members: &Membership) {
        let _ = members;
    }

    /// Takes out of a state that is about to be merged into this one what was collected here, so that it stays away.
    fn screen(&self, incoming: &mut Self, members: &Membership) {
        let _ = (incoming, members);
    }

    /// Whether states of the type can have stamps that tell time.
    const HAS_STAMPS: bool = false;

    /// How many stamps that tell time it has, and the greatest of them: milliseconds and seconds as hybrid stamps.
    fn stamps(&self) -> (usize, Stamp) {
        (0, Stamp::ZERO)
    }

    /// The encoding for the wire.
    fn to_wire(&self) -> Vec<u8> {
        self.to_bytes()
    }

    /// The state with this encoding for the wire.
    ///
    /// # Errors
    /// As [`State::from_bytes`].
    fn from_wire(bytes: &[u8]) -> Result<Self, CrdtError> {
        Self::from_bytes(bytes)
    }

    /// Joins the state with this encoding for the wire into this one.
    ///
    /// # Errors
    /// As [`from_wire`](Self::from_wire) and [`State::merge`]; nothing changed.
    fn merge_wire(&mut self, bytes: &[u8]) -> Result<(), CrdtError> {
        self.join_delta(&Self::from_wire(bytes)?)
    }

    /// The state as deltas of at most `limit` bytes for the wire each, unless one part alone is longer.
    ///
    /// # Errors
    /// What merging the parts gives.
    fn to_pieces(&self, limit: usize) -> Result<Vec<Vec<u8>>, CrdtError> {
        erased::pieces_of(self, limit)
    }
}

/// The parts, or the state itself when it has none and is not the empty one: then only what its creation fixed is told.
fn parts_or_self<T: State>(state: &T, parts: Vec<T>) -> Vec<T> {
    if parts.is_empty() && *state != T::default() { vec![state.clone()] } else { parts }
}

/// The stamps that tell time, in the milliseconds of hybrid ones: their number and the greatest.
fn newest(stamps: impl Iterator<Item = (ClockUnit, Stamp)>) -> (usize, Stamp) {
    stamps
        .filter_map(|(unit, stamp)| unit.wall(stamp))
        .fold((0, Stamp::ZERO), |(count, newest), stamp| (count + 1, newest.max(stamp)))
}
