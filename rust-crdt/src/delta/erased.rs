//! States whose type is known at run time only: what is done alike for every type is compiled once, not once per type.

use std::any::Any;

use super::Decompose;
use crate::actor::ActorKey;
use crate::context::CausalContext;
use crate::error::CrdtError;
use crate::hlc::Stamp;
use crate::json::{Import, Json};
use crate::membership::Membership;
use crate::sorted::SortedSet;
use crate::state::Kind;
use crate::time::ClockUnit;

/// A state of any type. Where two are given, both are of one type.
pub(crate) trait Erased: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
    fn kind(&self) -> Kind;
    fn copy(&self) -> Box<dyn Erased>;
    /// The state below all others.
    fn bottom(&self) -> Box<dyn Erased>;
    fn is_bottom(&self) -> bool;
    fn equals(&self, other: &dyn Erased) -> bool;
    fn assign(&mut self, other: &dyn Erased);
    fn join(&mut self, other: &dyn Erased) -> Result<(), CrdtError>;
    fn digest(&self) -> [u8; 32];
    fn bytes(&self) -> Vec<u8>;
    /// The state of the same type with this encoding for the wire.
    fn read_wire(&self, bytes: &[u8]) -> Result<Box<dyn Erased>, CrdtError>;
    /// The same with its canonical encoding.
    fn read_bytes(&self, bytes: &[u8]) -> Result<Box<dyn Erased>, CrdtError>;
    /// The same of its JSON data.
    fn read_data(&self, data: &Json, import: &Import) -> Result<Box<dyn Erased>, CrdtError>;
    fn data(&self) -> Result<Json, CrdtError>;
    fn unit_of_stamps(&self) -> Option<ClockUnit>;
    fn wire(&self) -> Vec<u8>;
    fn has_stamps(&self) -> bool;
    fn stamps(&self) -> (usize, Stamp);

    // What follows is of [`Decompose`], by the same names.
    fn parts(&self) -> Vec<Box<dyn Erased>>;
    fn covers(&self, part: &dyn Erased) -> bool;
    fn delta_from(&self, other: &dyn Erased) -> Result<Box<dyn Erased>, CrdtError>;
    fn delta_since(&self, context: &CausalContext) -> Result<Box<dyn Erased>, CrdtError>;
    fn causal_context(&self) -> Option<&CausalContext>;
    fn greatest_of(&self, actor: &ActorKey) -> u64;
    fn name_parts(&self, each: &mut dyn FnMut(&[u8], usize));
    fn pick_parts(&self, pick: &mut dyn FnMut(&[u8], usize) -> bool) -> Result<Box<dyn Erased>, CrdtError>;
    fn part_count(&self) -> usize;
    fn drop_heard(
        &mut self,
        picked: Box<dyn Erased>,
        heard: &CausalContext,
    ) -> Result<Box<dyn Erased>, CrdtError>;
    fn collect(&mut self, members: &Membership);
    fn screen(&self, incoming: &mut dyn Erased, members: &Membership);
    fn merge_wire(&mut self, bytes: &[u8]) -> Result<(), CrdtError>;
    fn to_pieces(&self, limit: usize) -> Result<Vec<Vec<u8>>, CrdtError>;
}

/// The state of a type that the caller knows.
pub(crate) fn known<T: Decompose>(state: &dyn Erased) -> &T {
    state.as_any().downcast_ref().expect("two states are of one type")
}

/// The same by value.
pub(crate) fn taken<T: Decompose>(state: Box<dyn Erased>) -> T {
    *state.into_any().downcast().expect("two states are of one type")
}

impl<T: Decompose> Erased for T {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }

    fn kind(&self) -> Kind {
        T::KIND
    }

    fn copy(&self) -> Box<dyn Erased> {
        Box::new(self.clone())
    }

    fn bottom(&self) -> Box<dyn Erased> {
        Box::new(T::default())
    }

    fn is_bottom(&self) -> bool {
        *self == T::default()
    }

    fn equals(&self, other: &dyn Erased) -> bool {
        self == known::<T>(other)
    }

    fn assign(&mut self, other: &dyn Erased) {
        self.clone_from(known(other));
    }

    fn join(&mut self, other: &dyn Erased) -> Result<(), CrdtError> {
        self.merge(known(other))
    }

    fn digest(&self) -> [u8; 32] {
        T::digest(self)
    }

    fn bytes(&self) -> Vec<u8> {
        self.to_bytes()
    }

    fn read_wire(&self, bytes: &[u8]) -> Result<Box<dyn Erased>, CrdtError> {
        Ok(Box::new(T::from_wire(bytes)?))
    }

    fn read_bytes(&self, bytes: &[u8]) -> Result<Box<dyn Erased>, CrdtError> {
        Ok(Box::new(T::from_bytes(bytes)?))
    }

    fn read_data(&self, data: &Json, import: &Import) -> Result<Box<dyn Erased>, CrdtError> {
        Ok(Box::new(T::from_data(data, import)?))
    }

    fn data(&self) -> Result<Json, CrdtError> {
        self.to_data()
    }

    fn unit_of_stamps(&self) -> Option<ClockUnit> {
        self.clock_unit()
    }

    fn wire(&self) -> Vec<u8> {
        self.to_wire()
    }

    fn has_stamps(&self) -> bool {
        T::HAS_STAMPS
    }

    fn stamps(&self) -> (usize, Stamp) {
        Decompose::stamps(self)
    }

    fn parts(&self) -> Vec<Box<dyn Erased>> {
        self.split().into_iter().map(|part| Box::new(part) as Box<dyn Erased>).collect()
    }

    fn covers(&self, part: &dyn Erased) -> bool {
        Decompose::covers(self, known(part))
    }

    fn delta_from(&self, other: &dyn Erased) -> Result<Box<dyn Erased>, CrdtError> {
        Ok(Box::new(Decompose::delta_from(self, known(other))?))
    }

    fn delta_since(&self, context: &CausalContext) -> Result<Box<dyn Erased>, CrdtError> {
        Ok(Box::new(Decompose::delta_since(self, context)?))
    }

    fn causal_context(&self) -> Option<&CausalContext> {
        Decompose::causal_context(self)
    }

    fn greatest_of(&self, actor: &ActorKey) -> u64 {
        Decompose::greatest_of(self, actor)
    }

    fn name_parts(&self, each: &mut dyn FnMut(&[u8], usize)) {
        Decompose::name_parts(self, each);
    }

    fn pick_parts(&self, pick: &mut dyn FnMut(&[u8], usize) -> bool) -> Result<Box<dyn Erased>, CrdtError> {
        Ok(Box::new(Decompose::pick_parts(self, pick)?))
    }

    fn part_count(&self) -> usize {
        Decompose::part_count(self)
    }

    fn drop_heard(
        &mut self,
        picked: Box<dyn Erased>,
        heard: &CausalContext,
    ) -> Result<Box<dyn Erased>, CrdtError> {
        Ok(Box::new(Decompose::drop_heard(self, taken(picked), heard)?))
    }

    fn collect(&mut self, members: &Membership) {
        Decompose::collect(self, members);
    }

    fn screen(&self, incoming: &mut dyn Erased, members: &Membership) {
        let incoming = incoming.as_any_mut().downcast_mut().expect("two states are of one type");
        Decompose::screen(self, incoming, members);
    }

    fn merge_wire(&mut self, bytes: &[u8]) -> Result<(), CrdtError> {
        Decompose::merge_wire(self, bytes)
    }

    fn to_pieces(&self, limit: usize) -> Result<Vec<Vec<u8>>, CrdtError> {
        Decompose::to_pieces(self, limit)
    }
}

/// What [`Decompose::covers`] does where a type has nothing faster.
pub(super) fn covers(state: &dyn Erased, part: &dyn Erased) -> bool {
    let mut joined = state.copy();
    joined.join(part).is_ok() && joined.equals(state)
}

/// What [`Decompose::delta_from`] does where a type has nothing faster.
pub(super) fn delta_from(state: &dyn Erased, other: &dyn Erased) -> Result<Box<dyn Erased>, CrdtError> {
    let known: SortedSet<Vec<u8>> = other.parts().iter().map(|part| part.bytes()).collect();
    let mut delta = state.bottom();
    for part in state.parts() {
        if !known.contains(&part.bytes()) && !other.covers(&*part) {
            join_delta(&mut *delta, &*part)?;
        }
    }
    Ok(delta)
}

/// [`Decompose::join_delta`].
pub(crate) fn join_delta(state: &mut dyn Erased, delta: &dyn Erased) -> Result<(), CrdtError> {
    if delta.is_bottom() {
        return Ok(());
    }
    match state.join(delta) {
        Err(CrdtError::UnitMismatch | CrdtError::ModeMismatch) if state.is_bottom() => {
            state.assign(delta);
            Ok(())
        }
        result => result,
    }
}

/// What [`Decompose::pick_parts`] does where a type has nothing faster.
pub(super) fn pick_parts(
    state: &dyn Erased,
    pick: &mut dyn FnMut(&[u8], usize) -> bool,
) -> Result<Box<dyn Erased>, CrdtError> {
    let mut picked = state.bottom();
    for part in state.parts() {
        if pick(&part.bytes(), 0) {
            join_delta(&mut *picked, &*part)?;
        }
    }
    Ok(picked)
}

/// [`Decompose::to_pieces`] by halves.
pub(super) fn pieces_of(state: &dyn Erased, limit: usize) -> Result<Vec<Vec<u8>>, CrdtError> {
    let whole = state.wire();
    if whole.len() <= limit {
        return Ok(vec![whole]);
    }
    let parts = state.parts();
    // Halves until they fit: each part is merged once per level.
    let mut pieces = Vec::new();
    let mut rest = vec![&parts[..]];
    while let Some(some) = rest.pop() {
        let mut joined = state.bottom();
        for part in some {
            join_delta(&mut *joined, &**part)?;
        }
        let bytes = joined.wire();
        if bytes.len() <= limit || some.len() < 2 {
            pieces.push(bytes);
        } else {
            let (front, back) = some.split_at(some.len() / 2);
            rest.extend([back, front]);
        }
    }
    Ok(pieces)
}
