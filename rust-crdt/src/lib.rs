//! Replicated data types that merge in any order to the same bytes.
#![forbid(unsafe_code)]

pub mod cbor;
pub mod error;
pub mod hlc;
pub mod value;

pub use error::CrdtError;
pub use hlc::{HybridClock, Stamp};
pub use value::Value;
