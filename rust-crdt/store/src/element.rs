//! Values that a state has accepted: known to be encodable, shared between its indexes.

use std::borrow::Borrow;
use std::sync::Arc;

use crate::cbor;
use crate::error::CrdtError;
use crate::value::Value;

/// A value within the limits of depth and length, ordered as its encoding.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Element(Arc<Value>);

impl Element {
    /// Accepts a value and returns it with its encoding.
    pub fn new(value: Value) -> Result<(Self, Vec<u8>), CrdtError> {
        let bytes = cbor::encode(&value)?;
        Ok((Self(Arc::new(value)), bytes))
    }

    /// The element that `bytes` begin with, and the length of its encoding.
    pub fn decode_prefix(bytes: &[u8]) -> Result<(Self, usize), CrdtError> {
        let (value, length) = cbor::decode_prefix(bytes)?;
        Ok((Self(Arc::new(value)), length))
    }

    /// Appends the encoding.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        cbor::encode_into(&self.0, out).expect("encoded or decoded once before, when it was accepted");
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// The value, without copying where nothing else shares it.
    #[must_use]
    pub fn into_value(self) -> Value {
        Arc::unwrap_or_clone(self.0)
    }
}

impl Borrow<Value> for Element {
    fn borrow(&self) -> &Value {
        &self.0
    }
}
