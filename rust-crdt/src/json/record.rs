//! Reading objects whose fields are fixed.

use super::text::Json;
use crate::error::CrdtError;

/// An object with a fixed set of fields.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a>(&'a [(String, Json)]);

impl<'a> Record<'a> {
    pub(crate) fn new(json: &'a Json) -> Result<Self, CrdtError> {
        json.as_object().map(Self).ok_or(invalid("not an object"))
    }

    /// Refuses fields with other names.
    pub(crate) fn only(self, names: &[&str]) -> Result<Self, CrdtError> {
        if self.0.iter().all(|(name, _)| names.contains(&name.as_str())) {
            Ok(self)
        } else {
            Err(invalid("unknown field"))
        }
    }

    pub(crate) fn has(self, name: &str) -> bool {
        self.optional(name).is_some()
    }

    pub(crate) fn optional(self, name: &str) -> Option<&'a Json> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, json)| json)
    }

    /// The field, unless it is missing or `null`.
    pub(crate) fn present(self, name: &str) -> Option<&'a Json> {
        self.optional(name).filter(|json| **json != Json::Null)
    }

    pub(crate) fn field(self, name: &str) -> Result<&'a Json, CrdtError> {
        self.optional(name).ok_or(invalid("a field is missing"))
    }

    pub(crate) fn text(self, name: &str) -> Result<&'a str, CrdtError> {
        self.field(name)?.as_text().ok_or(invalid("not a text"))
    }

    pub(crate) fn items(self, name: &str) -> Result<&'a [Json], CrdtError> {
        self.field(name)?.to_items()
    }
}

/// JSON whose shape is not that of the type.
pub(crate) const fn invalid(what: &'static str) -> CrdtError {
    CrdtError::InvalidJson { what, at: 0 }
}
