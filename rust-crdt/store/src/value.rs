//! Values that replicated types hold: one Rust value, one identity, one sequence of bytes.

use std::cmp::Ordering;

use crate::cbor;
use crate::error::CrdtError;
use crate::sorted::SortedMap;

/// A value whose identity is its deterministic CBOR encoding (RFC 8949 section 4.2.1).
///
/// Equality and order are those of the encoded bytes: an integral float is the integer, `-0.0` is `0`, a boolean
/// is not a number, map entries have no order of their own, and text is compared byte by byte without Unicode
/// normalisation. Numbers are always finite.
///
/// ```
/// use chrysalis_store::value::Value;
///
/// let note = Value::map([(0u64, Value::from("hello")), (1, Value::array([Value::from(7u64), Value::Null]))]);
/// let bytes = note.to_bytes()?;
/// assert_eq!(Value::from_bytes(&bytes)?, note);
/// assert_eq!(note.get(0u64).and_then(Value::as_text), Some("hello"));
/// assert_eq!(Value::float(2.0)?, Value::from(2u64));
/// # Ok::<(), chrysalis_store::error::CrdtError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Value {
    /// The absent value.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer from -2^63 to 2^64 - 1.
    Int(Int),
    /// A finite number that is not such an integer.
    Float(Float),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A text.
    Text(String),
    /// A sequence.
    Array(Vec<Value>),
    /// A map from distinct keys of any kind, in the order of their encodings.
    Map(SortedMap<Value, Value>),
}

/// An integer from -2^63 to 2^64 - 1.
///
/// Ordered as encoded: non-negative ones first and upwards, then negative ones downwards.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Int {
    negative: bool,
    /// The number itself, or -1 minus the number when it is negative, as in RFC 8949 section 3.1.
    argument: u64,
}

impl Int {
    /// The number, unless it is negative.
    #[must_use]
    pub fn to_u64(self) -> Option<u64> {
        (!self.negative).then_some(self.argument)
    }

    /// The number, unless it is over `i64::MAX`.
    #[must_use]
    pub fn to_i64(self) -> Option<i64> {
        let argument = i64::try_from(self.argument).ok()?;
        Some(if self.negative { -1 - argument } else { argument })
    }

    /// (is negative, argument) as encoded.
    pub fn parts(self) -> (bool, u64) {
        (self.negative, self.argument)
    }
}

impl From<u64> for Int {
    fn from(number: u64) -> Self {
        Self { negative: false, argument: number }
    }
}

impl From<i64> for Int {
    fn from(number: i64) -> Self {
        if number < 0 {
            // -1 - n is !n in two's complement, and not negative.
            Self { negative: true, argument: (!number).unsigned_abs() }
        } else {
            Self { negative: false, argument: number.unsigned_abs() }
        }
    }
}

/// A finite number that is not an integer from -2^63 to 2^64 - 1. Made by [`Value::float`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Float {
    bits: u64,
}

impl Float {
    /// The number.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        f64::from_bits(self.bits)
    }
}

impl Value {
    /// The value of a number: an integer when it is one within range, else a float.
    ///
    /// # Errors
    /// [`CrdtError::NotFinite`] for NaN and infinities.
    pub fn float(number: f64) -> Result<Self, CrdtError> {
        if !number.is_finite() {
            return Err(CrdtError::NotFinite);
        }
        Ok(integral(number).map_or(Self::Float(Float { bits: number.to_bits() }), Self::Int))
    }

    /// A map of these pairs. As with any map, a later pair replaces an earlier one with the same key.
    pub fn map<K: Into<Self>, V: Into<Self>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::Map(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }

    /// An array of these items.
    pub fn array<V: Into<Self>>(items: impl IntoIterator<Item = V>) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }

    /// A byte string.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Bytes(bytes.into())
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The deterministic encoding.
    ///
    /// # Errors
    /// [`CrdtError::TooDeep`] above [`MAX_DEPTH`](crate::cbor::MAX_DEPTH) nested arrays and maps,
    /// [`CrdtError::TooLong`] above [`MAX_LENGTH`](crate::cbor::MAX_LENGTH): what cannot be read is not written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CrdtError> {
        cbor::encode(self)
    }

    /// The value with this encoding.
    ///
    /// # Errors
    /// [`CrdtError::Malformed`] for anything but exactly one deterministically encoded value, [`CrdtError::TooDeep`]
    /// and [`CrdtError::TooLong`] as for [`to_bytes`](Self::to_bytes).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CrdtError> {
        cbor::decode(bytes)
    }

    /// Whether this is the absent value.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The truth value, if this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(truth) = self { Some(*truth) } else { None }
    }

    /// The integer, if this is one from 0.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        if let Self::Int(number) = self { number.to_u64() } else { None }
    }

    /// The integer, if this is one up to `i64::MAX`.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Int(number) = self { number.to_i64() } else { None }
    }

    /// The number, if this is one that `f64` holds exactly.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Float(number) => Some(number.to_f64()),
            Self::Int(number) => {
                let (negative, argument) = number.parts();
                #[expect(clippy::cast_precision_loss, reason = "compared with the integer below")]
                let float = if negative { -(argument as f64) - 1.0 } else { argument as f64 };
                (integral(float) == Some(*number)).then_some(float)
            }
            _ => None,
        }
    }

    /// The bytes, if this is a byte string.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// The text, if this is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The items, if this is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The entries, if this is a map.
    #[must_use]
    pub fn as_map(&self) -> Option<&SortedMap<Self, Self>> {
        if let Self::Map(entries) = self { Some(entries) } else { None }
    }

    /// The value under `key`, if this is a map that has it.
    #[must_use]
    pub fn get(&self, key: impl Into<Self>) -> Option<&Self> {
        self.as_map()?.get(&key.into())
    }

    /// The bytes, if this is a byte string, without copying.
    #[must_use]
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// The text, if this is one, without copying.
    #[must_use]
    pub fn into_text(self) -> Option<String> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The items, if this is an array, without copying.
    #[must_use]
    pub fn into_array(self) -> Option<Vec<Self>> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The entries, if this is a map, without copying.
    #[must_use]
    pub fn into_map(self) -> Option<SortedMap<Self, Self>> {
        if let Self::Map(entries) = self { Some(entries) } else { None }
    }

    /// Place of the kind in the order of encodings: the CBOR major type, then the simple value.
    fn rank(&self) -> u8 {
        match self {
            Self::Int(_) => 0,
            Self::Bytes(_) => 2,
            Self::Text(_) => 3,
            Self::Array(_) => 4,
            Self::Map(_) => 5,
            Self::Bool(_) => 6,
            Self::Null => 7,
            Self::Float(_) => 8,
        }
    }
}

impl Ord for Value {
    /// The order of the encoded bytes, found without encoding: encoded items are prefix-free, and a shorter
    /// length sorts before a longer one.
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Bytes(a), Self::Bytes(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
            (Self::Text(a), Self::Text(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
            (Self::Array(a), Self::Array(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
            (Self::Map(a), Self::Map(b)) => a.len().cmp(&b.len()).then_with(|| a.iter().cmp(b)),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => cbor::float_head(*a).cmp(&cbor::float_head(*b)),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

macro_rules! from_integers {
    ($wide:ty: $($narrow:ty),*) => {
        $(impl From<$narrow> for Value {
            fn from(number: $narrow) -> Self {
                Self::Int(Int::from(<$wide>::from(number)))
            }
        })*
    };
}

from_integers!(u64: u8, u16, u32, u64);
from_integers!(i64: i8, i16, i32, i64);

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::Array(items)
    }
}

/// The integer equal to `number`, if there is one in range.
fn integral(number: f64) -> Option<Int> {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    if number.trunc() != number {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "integral and within the range"
    )]
    if (0.0..2.0 * TWO_63).contains(&number) {
        Some(Int::from(number as u64))
    } else if (-TWO_63..0.0).contains(&number) {
        Some(Int::from(number as i64))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        assert_eq!(Value::float(1.0), Ok(Value::from(1u8)));
        assert_eq!(Value::float(-0.0), Ok(Value::from(0u64)));
        assert_eq!(Value::float(-9_223_372_036_854_775_808.0), Ok(Value::from(i64::MIN)));
        assert_eq!(Value::float(18_446_744_073_709_549_568.0), Ok(Value::from(u64::MAX - 2047)));
        assert!(matches!(Value::float(18_446_744_073_709_551_616.0), Ok(Value::Float(_))));
        assert!(matches!(Value::float(-9_223_372_036_854_777_856.0), Ok(Value::Float(_))));
        assert!(matches!(Value::float(0.5), Ok(Value::Float(_))));
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Value::float(number), Err(CrdtError::NotFinite));
        }
        assert_ne!(Value::from(true), Value::from(1u8));
        assert_eq!(Value::from(5i64), Value::from(5u64));
    }

    #[test]
    fn accessors_give_what_is_there_and_nothing_else() {
        assert_eq!(Value::from(-1i64).as_i64(), Some(-1));
        assert_eq!(Value::from(i64::MIN).as_i64(), Some(i64::MIN));
        assert_eq!(Value::from(-1i64).as_u64(), None);
        assert_eq!(Value::from(u64::MAX).as_i64(), None);
        assert_eq!(Value::from(u64::MAX).as_f64(), None);
        assert_eq!(Value::from(i64::MIN).as_f64(), Some(-9_223_372_036_854_775_808.0));
        assert_eq!(Value::from(-3i64).as_f64(), Some(-3.0));
        assert_eq!(Value::float(0.1).unwrap().as_f64(), Some(0.1));
        assert_eq!(Value::from("x").as_bytes(), None);
        assert_eq!(Value::from([1u8, 2]).into_bytes(), Some(vec![1, 2]));
        assert_eq!(Value::from("x").get("x"), None);
        assert_eq!(Value::map([("a", 1u64), ("a", 2)]).get("a").and_then(Value::as_u64), Some(2));
    }

    #[test]
    fn maps_order_entry_by_entry() {
        let (a, b) = (Value::map([(0u8, 1u8), (1, 0)]), Value::map([(0u8, 0u8), (2, 0)]));
        assert!(a > b);
        assert!(a.to_bytes().unwrap() > b.to_bytes().unwrap());
    }
}
