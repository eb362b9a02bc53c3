//! Joins of plain values: what values of a kind have in common with the states of this crate.

use std::cmp::Ordering;

use crate::error::CrdtError;
use crate::sorted::{SortedMap, SortedSet};
use crate::value::Value;

/// How values of a key may be joined.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Shape {
    /// Not at all: the key has one value.
    Single,
    /// Not at all: texts contradict each other.
    Text,
    /// Arrays as sets: the union, sorted.
    Set,
    /// Maps from actor to count: the greater count for each.
    Counter,
    /// Maps: key by key.
    Map(Box<Shape>),
    /// Numbers, by a policy.
    Number(NumberPolicy),
}

/// Which of several numbers counts. Only what is a join: a mean is not.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum NumberPolicy {
    /// The greatest.
    Max,
    /// The least.
    Min,
}

/// The join of these values, or `None` when they contradict each other. Commutative, associative, idempotent.
///
/// # Errors
/// [`CrdtError::WrongShape`] for a value that is not of the shape.
pub fn join(shape: &Shape, values: &SortedSet<&Value>) -> Result<Option<Value>, CrdtError> {
    match shape {
        Shape::Single => Ok(single(values)),
        Shape::Text => {
            let all = values.iter().all(|value| value.as_text().is_some());
            if all { Ok(single(values)) } else { Err(CrdtError::WrongShape("not a text")) }
        }
        Shape::Set => {
            let mut union = SortedSet::new();
            for value in values {
                union.extend(value.as_array().ok_or(CrdtError::WrongShape("not an array"))?);
            }
            Ok(Some(Value::Array(union.into_iter().cloned().collect())))
        }
        Shape::Counter => {
            let mut counts: SortedMap<Value, Value> = SortedMap::new();
            for value in values {
                for (actor, count) in entries(value)? {
                    let number = count.as_u64().filter(|_| actor.as_text().is_some());
                    let number = number.ok_or(CrdtError::WrongShape("not a map from actors to counts"))?;
                    let known = counts.get(actor).and_then(Value::as_u64).unwrap_or(0);
                    counts.insert(actor.clone(), Value::from(number.max(known)));
                }
            }
            Ok(Some(Value::Map(counts)))
        }
        Shape::Map(inner) => {
            let mut by_key: SortedMap<&Value, SortedSet<&Value>> = SortedMap::new();
            for value in values {
                for (key, value) in entries(value)? {
                    by_key.get_or_default(key).insert(value);
                }
            }
            let mut joined = SortedMap::new();
            for (key, values) in by_key {
                let Some(value) = join(inner, &values)? else { return Ok(None) };
                joined.insert(key.clone(), value);
            }
            Ok(Some(Value::Map(joined)))
        }
        Shape::Number(policy) => {
            if !values.iter().all(|value| matches!(value, Value::Int(_) | Value::Float(_))) {
                return Err(CrdtError::WrongShape("not a number"));
            }
            let values = values.iter().copied();
            let found = match policy {
                NumberPolicy::Max => values.max_by(|a, b| compare(a, b)),
                NumberPolicy::Min => values.min_by(|a, b| compare(a, b)),
            };
            Ok(found.cloned())
        }
    }
}

fn single(values: &SortedSet<&Value>) -> Option<Value> {
    let mut values = values.iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Some((*value).clone()),
        _ => None,
    }
}

fn entries(value: &Value) -> Result<&SortedMap<Value, Value>, CrdtError> {
    value.as_map().ok_or(CrdtError::WrongShape("not a map"))
}

/// The order of numbers. What is not a number is equal to everything; [`join`] lets none in.
pub(crate) fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Int(_), Value::Int(_)) => integer(a).cmp(&integer(b)),
        (Value::Float(a), Value::Float(b)) => a.to_f64().total_cmp(&b.to_f64()),
        (Value::Int(_), Value::Float(float)) => against_float(a, float.to_f64()),
        (Value::Float(float), Value::Int(_)) => against_float(b, float.to_f64()).reverse(),
        _ => Ordering::Equal,
    }
}

fn integer(value: &Value) -> i128 {
    value.as_u64().map(i128::from).or(value.as_i64().map(i128::from)).unwrap_or(0)
}

/// A float that is not an integer is below 2^52, where rounding an integer cannot pass it; one over 64 bits is beyond
/// every integer.
fn against_float(value: &Value, float: f64) -> Ordering {
    if float.abs() >= 9_223_372_036_854_775_808.0 {
        return if float > 0.0 { Ordering::Less } else { Ordering::Greater };
    }
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let number = integer(value) as f64;
    number.total_cmp(&float)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(shape: &Shape, a: &Value, b: &Value) -> Result<Option<Value>, CrdtError> {
        join(shape, &SortedSet::from([a, b]))
    }

    #[test]
    fn sets_maps_and_counters() {
        let (a, b) = (Value::array([3u8, 1]), Value::array([2u8, 1]));
        assert_eq!(both(&Shape::Set, &a, &b), Ok(Some(Value::array([1u8, 2, 3]))));
        let (a, b) = (Value::map([("x", 3u8), ("y", 1)]), Value::map([("y", 2u8)]));
        assert_eq!(both(&Shape::Counter, &a, &b), Ok(Some(Value::map([("x", 3u8), ("y", 2)]))));
        let map = |inner| Shape::Map(Box::new(inner));
        assert_eq!(both(&map(Shape::Single), &a, &b), Ok(None));
        let least = map(Shape::Number(NumberPolicy::Min));
        assert_eq!(both(&least, &a, &b), Ok(Some(Value::map([("x", 3u8), ("y", 1)]))));
        assert_eq!(both(&Shape::Text, &Value::from("a"), &Value::from("b")), Ok(None));
        for shape in [Shape::Set, Shape::Counter, map(Shape::Single), Shape::Text] {
            assert!(matches!(both(&shape, &Value::Null, &a), Err(CrdtError::WrongShape(_))), "{shape:?}");
        }
        assert!(both(&Shape::Counter, &a, &Value::map([("x", -1i64)])).is_err());
    }

    #[test]
    fn numbers_compare_as_numbers() {
        let float = |number| Value::float(number).unwrap();
        let ascending = [
            float(-1e300),
            Value::from(i64::MIN),
            float(-1.5),
            Value::from(-1i64),
            float(-0.5),
            Value::from(0u8),
            float(0.5),
            Value::from(7u8),
            Value::from(i64::MAX),
            Value::from(u64::MAX),
            float(18_446_744_073_709_551_616.0),
        ];
        for pair in ascending.windows(2) {
            let (least, greatest) = (&pair[0], &pair[1]);
            assert_eq!(both(&Shape::Number(NumberPolicy::Max), least, greatest), Ok(Some(greatest.clone())));
            assert_eq!(both(&Shape::Number(NumberPolicy::Min), least, greatest), Ok(Some(least.clone())));
        }
        assert!(both(&Shape::Number(NumberPolicy::Max), &Value::from(true), &Value::from(1u8)).is_err());
    }
}
