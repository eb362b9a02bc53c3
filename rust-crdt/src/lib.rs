#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod actor;
pub mod agent;
pub mod beliefs;
mod causal;
pub mod cbor;
pub mod clock;
pub mod codec;
pub mod conflict;
pub mod context;
pub mod dag;
pub mod dot;
mod element;
pub mod episodes;
pub mod error;
pub mod hlc;
pub mod inclusion;
pub mod json;
pub mod lww;
pub mod or_set;
mod or_set_tags;
mod runs;
mod score;
pub mod skills;
pub mod state;
mod tally;
pub mod time;
pub mod value;
mod wire;

pub use actor::{ActorId, ActorKey};
pub use agent::AgentState;
pub use beliefs::{Belief, BeliefState};
pub use clock::{ClockOrdering, VectorClock};
pub use context::CausalContext;
pub use dag::MerkleDag;
pub use dot::{Dot, Writer};
pub use episodes::{Episode, EpisodeMemory};
pub use error::CrdtError;
pub use hlc::{HybridClock, Stamp};
pub use json::JsonState;
pub use lww::{LwwRegister, OrderKey};
pub use or_set::OrSet;
pub use skills::{ProficiencyPolicy, Skill, SkillAccumulator};
pub use state::{Kind, State};
pub use time::ClockUnit;
pub use value::Value;
