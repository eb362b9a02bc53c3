//! How the values of one field of two records come together.

use std::cmp::Ordering;

use crate::conflict::join::compare;
use crate::error::CrdtError;
use crate::sorted::SortedSet;
use crate::value::Value;

/// How the values of one field come together.
#[derive(Clone, Copy)]
pub(super) enum Join {
    /// Arrays as sets; a lone text is a set of one.
    Union,
    /// The smaller number or text.
    Min,
    /// The greater number or text.
    Max,
    /// The greater count for each name, or for each place in lists.
    Vector,
}

impl Join {
    /// Checks a value and brings it into its one form.
    pub(super) fn normal(self, given: Value) -> Result<Value, CrdtError> {
        match self {
            Self::Union => {
                let items = match given {
                    Value::Array(items) => items,
                    text @ Value::Text(_) => vec![text],
                    _ => return Err(CrdtError::WrongShape("not a list")),
                };
                Ok(Value::Array(items.into_iter().collect::<SortedSet<_>>().into_iter().collect()))
            }
            Self::Min | Self::Max => order(&given, &given).map(|_| given),
            Self::Vector => {
                let counts = match &given {
                    Value::Array(items) => items.iter().all(|count| count.as_u64().is_some()),
                    Value::Map(entries) => entries
                        .iter()
                        .all(|(name, count)| name.as_text().is_some() && count.as_u64().is_some()),
                    _ => false,
                };
                if counts { Ok(given) } else { Err(CrdtError::WrongShape("not a vector of counts")) }
            }
        }
    }

    /// Joins two values in their form.
    pub(super) fn apply(self, a: Option<Value>, b: Option<Value>) -> Result<Option<Value>, CrdtError> {
        let (Some(a), Some(b)) = (&a, &b) else { return Ok(a.or(b)) };
        match self {
            Self::Union => {
                let both = [a, b].into_iter().filter_map(Value::as_array).flatten();
                let union: SortedSet<&Value> = both.collect();
                Ok(Some(Value::Array(union.into_iter().cloned().collect())))
            }
            Self::Min => Ok(Some(if order(b, a)? == Ordering::Less { b.clone() } else { a.clone() })),
            Self::Max => Ok(Some(if order(b, a)? == Ordering::Greater { b.clone() } else { a.clone() })),
            Self::Vector => match (a, b) {
                (Value::Array(a), Value::Array(b)) => {
                    let count = |list: &[Value], i| list.get(i).and_then(Value::as_u64).unwrap_or(0);
                    let all = (0..a.len().max(b.len())).map(|i| Value::from(count(a, i).max(count(b, i))));
                    Ok(Some(Value::Array(all.collect())))
                }
                (Value::Map(a), Value::Map(b)) => {
                    let mut all = a.clone();
                    for (name, count) in b {
                        let known = all.get(name).and_then(Value::as_u64);
                        if known < count.as_u64() {
                            all.insert(name.clone(), count.clone());
                        }
                    }
                    Ok(Some(Value::Map(all)))
                }
                _ => Err(CrdtError::WrongShape("a vector by name and one by place")),
            },
        }
    }
}

/// The order of two numbers or two texts.
pub(super) fn order(a: &Value, b: &Value) -> Result<Ordering, CrdtError> {
    match (a, b) {
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => Ok(compare(a, b)),
        (Value::Text(a), Value::Text(b)) => Ok(a.cmp(b)),
        _ => Err(CrdtError::WrongShape("not two numbers or two texts")),
    }
}
