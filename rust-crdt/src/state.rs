//! What every replicated type is: a state with a merge, one encoding and a digest.

use std::fmt::Debug;

use crate::codec::{self, Body};
use crate::error::CrdtError;

/// A replicated type. Deltas are small states of the same type.
///
/// Merge is commutative, associative and idempotent on the encoded bytes, and it applies wholly or not at all. The
/// default is the state below all others of its options: where a type has a unit of time, a mode or a policy, states of other
/// ones do not merge with it. Types of this crate alone implement it.
pub trait State: Clone + Debug + Default + Eq + Sealed + 'static {
    /// Which type this is.
    const KIND: Kind;

    /// Joins another state or delta into this one.
    ///
    /// # Errors
    /// What the type's own `merge` gives; nothing changed.
    fn merge(&mut self, other: &Self) -> Result<(), CrdtError>;

    /// The canonical encoding: equal states have equal bytes.
    fn to_bytes(&self) -> Vec<u8>;

    /// The state with this encoding.
    ///
    /// # Errors
    /// [`CrdtError::Malformed`] for anything but exactly one canonical encoding of this type, and the errors of
    /// actors and values that are out of bounds.
    fn from_bytes(bytes: &[u8]) -> Result<Self, CrdtError>;

    /// The BLAKE3 digest of the canonical encoding, in a key context of its own.
    fn digest(&self) -> [u8; 32];
}

impl<T: Body> State for T {
    const KIND: Kind = T::KIND;

    fn merge(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.join(other)
    }

    fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, CrdtError> {
        codec::decode(bytes)
    }

    fn digest(&self) -> [u8; 32] {
        codec::digest(self)
    }
}

/// Keeps [`State`] to the types of this crate.
pub trait Sealed {}

impl<T: Body> Sealed for T {}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $byte:literal, $text:literal;)*) => {
        /// The types that have an encoding.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[$doc])* $name = $byte,)*
        }

        impl Kind {
            /// Every kind, in the order of their bytes.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The second byte of the encoding.
            #[must_use]
            pub const fn to_byte(self) -> u8 {
                self as u8
            }

            /// The kind with this byte.
            #[must_use]
            pub const fn from_byte(byte: u8) -> Option<Self> {
                match byte {
                    $($byte => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// The name in JSON envelopes, `crdt_type`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The kind with this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
            }
        }
    };
}

kinds! {
    /// [`VectorClock`](crate::VectorClock).
    VectorClock = 1, "vector_clock";
    /// [`CausalContext`](crate::CausalContext).
    CausalContext = 2, "causal_context";
    /// [`LwwRegister`](crate::LwwRegister).
    LwwRegister = 3, "lww_register";
    /// [`OrSet`](crate::OrSet).
    OrSet = 4, "or_set";
    /// [`GCounter`](crate::GCounter).
    GCounter = 5, "g_counter";
    /// [`PnCounter`](crate::PnCounter).
    PnCounter = 6, "pn_counter";
    /// [`GSet`](crate::GSet).
    GSet = 7, "g_set";
    /// [`TwoPhaseSet`](crate::TwoPhaseSet).
    TwoPhaseSet = 8, "two_phase_set";
    /// [`LwwNumericRegister`](crate::LwwNumericRegister).
    LwwNumericRegister = 9, "lww_numeric_register";
    /// [`LwwElementSet`](crate::LwwElementSet).
    LwwElementSet = 10, "lww_element_set";
    /// [`LwwMap`](crate::LwwMap).
    LwwMap = 11, "lww_map";
    /// [`MvRegister`](crate::MvRegister).
    MvRegister = 12, "mv_register";
    /// [`SkillAccumulator`](crate::SkillAccumulator).
    SkillAccumulator = 13, "skill_accumulator";
    /// [`EpisodeMemory`](crate::EpisodeMemory).
    EpisodeMemory = 14, "episode_memory";
    /// [`BeliefState`](crate::BeliefState).
    BeliefState = 15, "belief_state";
    /// [`AgentState`](crate::AgentState).
    AgentState = 16, "agent_state";
    /// [`MerkleDag`](crate::MerkleDag).
    MerkleDag = 17, "merkle_dag";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_names_are_each_of_one_kind() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_byte(kind.to_byte()), Some(*kind));
            assert_eq!(Kind::from_name(kind.as_str()), Some(*kind));
        }
        assert_eq!((Kind::from_byte(0), Kind::from_name("")), (None, None));
    }
}
