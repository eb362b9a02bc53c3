#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod actor;
pub mod cbor;
pub mod clock;
pub mod codec;
pub mod context;
pub mod delta;
pub mod dot;
mod element;
pub mod error;
pub mod hlc;
pub mod json;
pub mod lww;
pub mod or_set;
mod or_set_tags;
mod runs;
pub mod state;
pub mod sync;
pub mod time;
pub mod value;
mod wire;

pub use actor::{ActorId, ActorKey};
pub use clock::{ClockOrdering, VectorClock};
pub use context::CausalContext;
pub use delta::Decompose;
pub use dot::{Dot, Writer};
pub use error::CrdtError;
pub use hlc::{HybridClock, Stamp};
pub use json::JsonState;
pub use lww::{LwwRegister, OrderKey};
pub use or_set::OrSet;
pub use state::{Kind, State};
pub use time::ClockUnit;
pub use value::Value;
