//! JSON as a tree, and its one text.

use std::fmt::Write as _;

use super::{number, read};
use crate::error::CrdtError;
use crate::time::Finite;

/// How deep arrays and objects of a text may be nested: a value of the greatest depth inside an envelope fits.
pub const MAX_DEPTH: usize = 80;

/// A JSON text as a tree.
///
/// Objects keep the order of their fields and have no field twice. Numbers are finite; those written without a fraction and an
/// exponent are at most 2^53 - 1 away from 0.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string.
    Text(String),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The tree of a text.
    ///
    /// Costs memory linear in the text.
    ///
    /// # Errors
    /// [`CrdtError::InvalidJson`] for anything that RFC 8259 does not allow, a field twice, half of a surrogate pair, or a
    /// number that is not finite; [`CrdtError::UnsafeInteger`] for an integer beyond 2^53 - 1; [`CrdtError::TooDeep`] above
    /// [`MAX_DEPTH`].
    pub fn parse(text: &str) -> Result<Self, CrdtError> {
        read::parse(text)
    }

    /// The text, without spaces, fields in their order, numbers as in ECMAScript.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        put(self, &mut out);
        out
    }

    /// An object with these fields, in this order.
    pub(crate) fn record<const N: usize>(fields: impl IntoFields<N>) -> Self {
        Self::Object(fields.into_fields())
    }

    /// A count up to 2^53 - 1.
    pub(crate) fn count(count: u64) -> Result<Self, CrdtError> {
        Ok(Self::Number(Finite::from_count(count)?.to_f64()))
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

    /// The fields, if this is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&[(String, Self)]> {
        if let Self::Object(fields) = self { Some(fields) } else { None }
    }

    /// The value of a field, without copying.
    pub(crate) fn into_field(self, name: &str) -> Option<Self> {
        let Self::Object(fields) = self else { return None };
        fields.into_iter().find(|(known, _)| known == name).map(|(_, json)| json)
    }

    /// The number.
    pub(crate) fn to_number(&self) -> Result<f64, CrdtError> {
        if let Self::Number(number) = self { Ok(*number) } else { Err(super::invalid("not a number")) }
    }

    /// The integer from 0 to 2^53 - 1.
    pub(crate) fn to_count(&self) -> Result<u64, CrdtError> {
        Finite::new(self.to_number()?)?.to_count().ok_or(super::invalid("not a count"))
    }

    /// The integer from 1 to 2^53 - 1.
    pub(crate) fn to_counter(&self) -> Result<u64, CrdtError> {
        self.to_count().and_then(|count| if count == 0 { Err(CrdtError::InvalidDot) } else { Ok(count) })
    }

    /// The items.
    pub(crate) fn to_items(&self) -> Result<&[Self], CrdtError> {
        self.as_array().ok_or(super::invalid("not an array"))
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<bool> for Json {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

/// Fields of a record, as an array or a vector.
pub(crate) trait IntoFields<const N: usize> {
    fn into_fields(self) -> Vec<(String, Json)>;
}

impl<const N: usize> IntoFields<N> for [(&str, Json); N] {
    fn into_fields(self) -> Vec<(String, Json)> {
        self.into_iter().map(|(name, json)| (name.to_owned(), json)).collect()
    }
}

impl IntoFields<0> for Vec<(&str, Json)> {
    fn into_fields(self) -> Vec<(String, Json)> {
        self.into_iter().map(|(name, json)| (name.to_owned(), json)).collect()
    }
}

fn put(json: &Json, out: &mut String) {
    match json {
        Json::Null => out.push_str("null"),
        Json::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Json::Number(number) => number::put(*number, out),
        Json::Text(text) => put_text(text, out),
        Json::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                put(item, out);
            }
            out.push(']');
        }
        Json::Object(fields) => {
            out.push('{');
            for (i, (name, json)) in fields.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                put_text(name, out);
                out.push(':');
                put(json, out);
            }
            out.push('}');
        }
    }
}

/// As `JSON.stringify` and RFC 8785 section 3.2.2.2: only what must be escaped is.
fn put_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' => {
                write!(out, "\\u{:04x}", u32::from(character)).expect("writing to a string succeeds");
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_read_back_to_themselves() {
        for text in [
            "null",
            "[true,false]",
            r#"{"b":1,"a":[],"":{}}"#,
            "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\u{7f}\u{e9}\u{1f600}\"",
            "[0,-1,0.5,1e-7,9007199254740991,1e+300]",
        ] {
            assert_eq!(Json::parse(text).unwrap().to_text(), text);
        }
    }

    #[test]
    fn records_keep_the_order_of_their_fields() {
        let record = Json::record([("z", Json::Null), ("a", Json::count(1).unwrap())]);
        assert_eq!(record.to_text(), r#"{"z":null,"a":1}"#);
        assert_eq!(Json::count(1 << 53), Err(CrdtError::UnsafeInteger));
    }
}
