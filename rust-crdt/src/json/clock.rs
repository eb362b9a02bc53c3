//! Shapes of clocks.

use super::parts::{put_context, put_counts, take_context, take_counts};
use super::{Import, Json, JsonState, Record};
use crate::clock::VectorClock;
use crate::context::CausalContext;
use crate::error::CrdtError;

/// `{"a":1}`; also read: `{"clock":{"a":1}}`.
impl JsonState for VectorClock {
    fn to_data(&self) -> Result<Json, CrdtError> {
        put_counts(self)
    }

    fn from_data(data: &Json, _: &Import) -> Result<Self, CrdtError> {
        match Record::new(data)?.optional("clock") {
            // Of an actor with this name the entry is a number.
            Some(inner @ Json::Object(_)) => {
                Record::new(data)?.only(&["clock"])?;
                take_counts(inner)
            }
            _ => take_counts(data),
        }
    }
}

/// `{"vv":{"a":3},"cloud":{"b":[7]}}`.
impl JsonState for CausalContext {
    fn to_data(&self) -> Result<Json, CrdtError> {
        put_context(self)
    }

    fn from_data(data: &Json, _: &Import) -> Result<Self, CrdtError> {
        take_context(data)
    }
}
