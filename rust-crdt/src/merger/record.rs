//! Records as fields by name, and records within records.

use super::join::Join;
use crate::error::CrdtError;
use crate::sorted::SortedMap;
use crate::value::Value;

/// The fields of a record.
pub(super) type Fields = SortedMap<String, Value>;

pub(super) fn fields(record: &Value) -> Result<Fields, CrdtError> {
    let entries = record.as_map().ok_or(CrdtError::WrongShape("not a record"))?;
    let field = |(name, value): (&Value, &Value)| {
        let name = name.as_text().ok_or(CrdtError::WrongShape("name of a field is not a text"))?;
        Ok((name.to_owned(), value.clone()))
    };
    entries.iter().map(field).collect()
}

pub(super) fn value(fields: Fields) -> Value {
    Value::map(fields)
}

pub(super) fn list(given: Option<Value>) -> Result<Vec<Value>, CrdtError> {
    match present(given) {
        None => Ok(Vec::new()),
        Some(given) => given.into_array().ok_or(CrdtError::WrongShape("not a list")),
    }
}

pub(super) fn present(given: Option<Value>) -> Option<Value> {
    given.filter(|given| !given.is_null())
}

pub(super) fn extract(fields: &mut Fields, join: Join, name: &str) -> Result<Option<Value>, CrdtError> {
    present(fields.remove(name)).map(|given| join.normal(given)).transpose()
}

pub(super) fn insert(fields: &mut Fields, name: &str, found: Option<Value>) {
    if let Some(found) = found {
        fields.insert(name.to_owned(), found);
    }
}

/// Takes something out of an inner record, and the inner record if nothing is left of it: it comes back with the field.
pub(super) fn within(
    record: &mut Fields,
    name: &str,
    take: impl FnOnce(&mut Fields) -> Result<Option<Value>, CrdtError>,
) -> Result<Option<Value>, CrdtError> {
    let Some(inner) = present(record.remove(name)) else { return Ok(None) };
    let mut inner = fields(&inner)?;
    let found = take(&mut inner)?;
    if !inner.is_empty() {
        record.insert(name.to_owned(), value(inner));
    }
    Ok(found)
}

/// Changes an inner record, which is made if it is missing.
pub(super) fn inside(record: &mut Fields, name: &str, change: impl FnOnce(&mut Fields)) {
    let mut inner = record.get(name).and_then(|inner| fields(inner).ok()).unwrap_or_default();
    change(&mut inner);
    record.insert(name.to_owned(), value(inner));
}
