#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod actor;
pub mod cbor;
pub mod clock;
pub mod codec;
pub mod context;
pub mod counter;
pub mod dot;
mod element;
pub mod error;
pub mod g_set;
pub mod hlc;
pub mod json;
pub mod lww;
pub mod lww_element_set;
pub mod lww_map;
pub mod lww_numeric;
pub mod mv_register;
pub mod or_set;
mod or_set_tags;
mod runs;
pub mod state;
pub mod time;
pub mod two_phase_set;
pub mod value;
mod wire;

pub use actor::{ActorId, ActorKey};
pub use clock::{ClockOrdering, VectorClock};
pub use context::CausalContext;
pub use counter::{GCounter, PnCounter};
pub use dot::{Dot, Writer};
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
pub use state::{Kind, State};
pub use time::ClockUnit;
pub use two_phase_set::TwoPhaseSet;
pub use value::Value;
