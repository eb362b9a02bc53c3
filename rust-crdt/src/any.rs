//! States whose type is known at run time only.

use std::fmt::{self, Debug};

use crate::agent::AgentState;
use crate::beliefs::BeliefState;
use crate::clock::VectorClock;
use crate::context::CausalContext;
use crate::counter::{GCounter, PnCounter};
use crate::dag::MerkleDag;
use crate::delta::{self, Decompose, Erased};
use crate::episodes::EpisodeMemory;
use crate::error::CrdtError;
use crate::g_set::GSet;
use crate::json::{self, Envelope, Import};
use crate::lww::LwwRegister;
use crate::lww_element_set::LwwElementSet;
use crate::lww_map::LwwMap;
use crate::lww_numeric::LwwNumericRegister;
use crate::mv_register::MvRegister;
use crate::or_set::OrSet;
use crate::skills::SkillAccumulator;
use crate::state::Kind;
use crate::two_phase_set::TwoPhaseSet;

/// A state of any type: what is the same for every type is done without knowing which it is.
///
/// ```
/// use chrysalis_crdt::any::AnyState;
/// use chrysalis_crdt::{ActorKey, GCounter, Kind};
///
/// let mut counter = GCounter::new();
/// counter.increment(&ActorKey::new("ada")?)?;
/// let mut state = AnyState::empty(Kind::GCounter);
/// state.merge_wire(&AnyState::new(counter).to_wire())?;
/// assert_eq!(state.get::<GCounter>().map(GCounter::value), Some(1));
/// # Ok::<(), chrysalis_crdt::CrdtError>(())
/// ```
pub struct AnyState(Box<dyn Erased>);

impl AnyState {
    /// A state whose type is forgotten.
    #[must_use]
    pub fn new<T: Decompose>(state: T) -> Self {
        Self(Box::new(state))
    }

    /// The default state of a kind, which is below all others with its options.
    #[must_use]
    pub fn empty(kind: Kind) -> Self {
        match kind {
            Kind::VectorClock => Self::new(VectorClock::default()),
            Kind::CausalContext => Self::new(CausalContext::default()),
            Kind::LwwRegister => Self::new(LwwRegister::default()),
            Kind::OrSet => Self::new(OrSet::default()),
            Kind::GCounter => Self::new(GCounter::default()),
            Kind::PnCounter => Self::new(PnCounter::default()),
            Kind::GSet => Self::new(GSet::default()),
            Kind::TwoPhaseSet => Self::new(TwoPhaseSet::default()),
            Kind::LwwNumericRegister => Self::new(LwwNumericRegister::default()),
            Kind::LwwElementSet => Self::new(LwwElementSet::default()),
            Kind::LwwMap => Self::new(LwwMap::default()),
            Kind::MvRegister => Self::new(MvRegister::default()),
            Kind::SkillAccumulator => Self::new(SkillAccumulator::default()),
            Kind::EpisodeMemory => Self::new(EpisodeMemory::default()),
            Kind::BeliefState => Self::new(BeliefState::default()),
            Kind::AgentState => Self::new(AgentState::default()),
            Kind::MerkleDag => Self::new(MerkleDag::default()),
        }
    }

    /// Which type it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind()
    }

    /// The state, if it is of this type.
    #[must_use]
    pub fn get<T: Decompose>(&self) -> Option<&T> {
        self.0.as_any().downcast_ref()
    }

    /// The same, to be changed.
    pub fn get_mut<T: Decompose>(&mut self) -> Option<&mut T> {
        self.0.as_any_mut().downcast_mut()
    }

    /// Joins another state into this one.
    ///
    /// # Errors
    /// [`CrdtError::Malformed`] for a state of another type, else what the type's own `merge` gives; nothing changed.
    pub fn merge(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.expect_kind(other)?;
        self.0.join(&*other.0)
    }

    /// [`Decompose::join_delta`].
    ///
    /// # Errors
    /// As [`merge`](Self::merge).
    pub fn join_delta(&mut self, delta: &Self) -> Result<(), CrdtError> {
        self.expect_kind(delta)?;
        delta::join_delta(&mut *self.0, &*delta.0)
    }

    /// [`Decompose::merge_wire`].
    ///
    /// # Errors
    /// Those of decoding, and what the type's own `merge` gives; nothing changed.
    pub fn merge_wire(&mut self, bytes: &[u8]) -> Result<(), CrdtError> {
        self.0.merge_wire(bytes)
    }

    /// [`Decompose::delta_from`].
    ///
    /// # Errors
    /// As [`merge`](Self::merge).
    pub fn delta_from(&self, other: &Self) -> Result<Self, CrdtError> {
        self.expect_kind(other)?;
        self.0.delta_from(&*other.0).map(Self)
    }

    /// [`Decompose::to_wire`].
    #[must_use]
    pub fn to_wire(&self) -> Vec<u8> {
        self.0.wire()
    }

    /// The canonical encoding.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.bytes()
    }

    /// The state of a kind with this encoding.
    ///
    /// # Errors
    /// Those of [`State::from_bytes`](crate::State::from_bytes).
    pub fn from_bytes(kind: Kind, bytes: &[u8]) -> Result<Self, CrdtError> {
        Self::empty(kind).0.read_bytes(bytes).map(Self)
    }

    /// The digest of the encoding.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.0.digest()
    }

    /// [`JsonState::to_json`](crate::JsonState::to_json).
    ///
    /// # Errors
    /// The same.
    pub fn to_json(&self, envelope: &Envelope) -> Result<String, CrdtError> {
        json::write(self.kind(), self.0.unit_of_stamps(), self.0.data()?, envelope)
    }

    /// [`JsonState::from_json`](crate::JsonState::from_json) for a kind.
    ///
    /// # Errors
    /// The same.
    pub fn from_json(kind: Kind, text: &str, import: &Import) -> Result<(Self, Envelope), CrdtError> {
        let (data, import, envelope) = json::read(kind, text, import)?;
        Ok((Self(Self::empty(kind).0.read_data(&data, &import)?), envelope))
    }

    pub(crate) fn as_erased(&self) -> &dyn Erased {
        &*self.0
    }

    pub(crate) fn as_erased_mut(&mut self) -> &mut dyn Erased {
        &mut *self.0
    }

    fn expect_kind(&self, other: &Self) -> Result<(), CrdtError> {
        if self.kind() == other.kind() { Ok(()) } else { Err(CrdtError::Malformed("another type")) }
    }
}

impl Clone for AnyState {
    fn clone(&self) -> Self {
        Self(self.0.copy())
    }
}

impl Debug for AnyState {
    /// The kind alone: what a state holds is not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().as_str())
    }
}

impl Eq for AnyState {}

impl PartialEq for AnyState {
    fn eq(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.0.equals(&*other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dot::Writer;
    use crate::{ActorKey, JsonState};

    const OTHER: CrdtError = CrdtError::Malformed("another type");

    #[test]
    fn every_kind_has_its_state_and_survives_bytes_and_json() {
        for kind in Kind::ALL {
            let state = AnyState::empty(*kind);
            assert_eq!(state.kind(), *kind);
            assert_eq!(AnyState::from_bytes(*kind, &state.to_bytes()), Ok(state.clone()));
            let text = state.to_json(&Envelope::default()).unwrap();
            assert_eq!(AnyState::from_json(*kind, &text, &Import::new()).unwrap().0, state);
        }
    }

    #[test]
    fn it_does_what_the_type_does() {
        let (a, b) =
            (Writer::resume(ActorKey::new("a").unwrap(), 0), Writer::resume(ActorKey::new("b").unwrap(), 0));
        let (mut one, mut two) = (OrSet::new(), OrSet::new());
        one.add(&a, "x").unwrap();
        two.add(&b, "y").unwrap();
        let (mut any, other) = (AnyState::new(one.clone()), AnyState::new(two.clone()));
        assert_eq!(any.delta_from(&other).unwrap().get(), Some(&Decompose::delta_from(&one, &two).unwrap()));
        any.merge(&other).unwrap();
        one.merge(&two).unwrap();
        assert_eq!((any.get(), any.digest()), (Some(&one), one.digest()));
        assert_eq!(any.to_json(&Envelope::default()), one.to_json(&Envelope::default()));
        let mut wire = AnyState::empty(Kind::OrSet);
        wire.merge_wire(&any.to_wire()).unwrap();
        assert_eq!(wire, any);
    }

    #[test]
    fn states_of_two_types_do_not_meet() {
        let (mut set, counter) = (AnyState::empty(Kind::GSet), AnyState::empty(Kind::GCounter));
        assert_eq!(set.merge(&counter), Err(OTHER));
        assert_eq!(set.join_delta(&counter), Err(OTHER));
        assert_eq!(set.delta_from(&counter), Err(OTHER));
        assert_ne!(set, counter);
        assert!(set.get::<GCounter>().is_none() && set.get_mut::<GCounter>().is_none());
        assert_eq!(AnyState::from_bytes(Kind::GSet, &counter.to_bytes()), Err(OTHER));
    }
}
