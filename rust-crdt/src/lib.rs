#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod agent;
pub mod any;
pub mod beliefs;
mod causal;
pub mod clock;
pub mod codec;
pub mod conflict;
pub mod context;
pub mod counter;
pub mod dag;
pub mod delta;
pub mod dot;
pub mod episodes;
pub mod g_set;
pub mod hlc;
pub mod inclusion;
pub mod json;
pub mod lww;
pub mod lww_element_set;
pub mod lww_map;
pub mod lww_numeric;
pub mod membership;
pub mod merger;
pub mod mv_register;
pub mod or_set;
mod or_set_tags;
mod score;
pub mod selftest;
pub mod skills;
pub mod state;
pub mod sync;
mod tally;
pub mod time;
pub mod two_phase_set;

pub use chrysalis_store::{actor, error, sorted, value};
use chrysalis_store::{element, runs, wire};

/// Deterministic CBOR (RFC 8949 section 4.2.1) for [`Value`]: bytes that are read are exactly those that are written.
pub mod cbor {
    pub use chrysalis_store::cbor::{MAX_DEPTH, MAX_LENGTH, decode, encode};
}

pub use actor::{ActorId, ActorKey};
pub use agent::AgentState;
pub use beliefs::{Belief, BeliefState};
pub use clock::{ClockOrdering, VectorClock};
pub use context::CausalContext;
pub use counter::{GCounter, PnCounter};
pub use dag::MerkleDag;
pub use delta::Decompose;
pub use dot::{Dot, Writer};
pub use episodes::{Episode, EpisodeMemory};
pub use error::CrdtError;
pub use g_set::GSet;
pub use hlc::{HybridClock, Stamp};
pub use json::JsonState;
pub use lww::{LwwRegister, OrderKey};
pub use lww_element_set::LwwElementSet;
pub use lww_map::LwwMap;
pub use lww_numeric::{LwwNumericRegister, NumericMode};
pub use mv_register::MvRegister;
pub use or_set::OrSet;
pub use skills::{ProficiencyPolicy, Skill, SkillAccumulator};
pub use state::{Kind, State};
pub use time::ClockUnit;
pub use two_phase_set::TwoPhaseSet;
pub use value::Value;
