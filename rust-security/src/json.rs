//! JSON as this crate's files have it: members in a fixed order when written, each known and given once when read.
//!
//! Texts are read by rust-crypto's reader, which refuses what JSON readers disagree on.

use std::borrow::Cow;

use chrysalis_crypto::CryptoError;
use chrysalis_crypto::canonical::{Value, write_string};

/// The largest integer that every JSON reader keeps exact.
pub(crate) const MAX_INTEGER: u64 = (1 << 53) - 1;

/// A value to be written.
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(u64),
    Text(String),
    /// Text that is JSON already.
    Raw(String),
    List(Vec<Json>),
    /// Members in the order in which they are written.
    Object(Vec<(Cow<'static, str>, Json)>),
}

impl Json {
    /// An object of these members but those that are `None`.
    pub(crate) fn object<const N: usize>(members: [(&'static str, Option<Self>); N]) -> Self {
        let given = members.into_iter().filter_map(|(name, value)| Some((Cow::Borrowed(name), value?)));
        Self::Object(given.collect())
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// Without white space.
    pub(crate) fn to_compact(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, None);
        out
    }

    /// Indented by two spaces.
    pub(crate) fn to_pretty(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, Some(0));
        out
    }

    fn write(&self, out: &mut String, depth: Option<usize>) {
        let inner = depth.map(|depth| depth + 1);
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(number) => out.push_str(&number.to_string()),
            Self::Text(text) => write_string(text, out),
            Self::Raw(text) => out.push_str(text),
            Self::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    separate(out, i, inner);
                    item.write(out, inner);
                }
                close(out, items.is_empty(), depth, ']');
            }
            Self::Object(members) => {
                out.push('{');
                for (i, (name, value)) in members.iter().enumerate() {
                    separate(out, i, inner);
                    write_string(name, out);
                    out.push_str(if depth.is_some() { ": " } else { ":" });
                    value.write(out, inner);
                }
                close(out, members.is_empty(), depth, '}');
            }
        }
    }
}

fn separate(out: &mut String, index: usize, depth: Option<usize>) {
    if index > 0 {
        out.push(',');
    }
    break_line(out, depth);
}

fn close(out: &mut String, is_empty: bool, depth: Option<usize>, bracket: char) {
    if !is_empty {
        break_line(out, depth);
    }
    out.push(bracket);
}

fn break_line(out: &mut String, depth: Option<usize>) {
    if let Some(depth) = depth {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    }
}

/// The members of an object that is read, each to be taken once. A member that is `null` is as good as missing.
pub(crate) struct Members(Vec<(String, Value)>);

impl Members {
    /// `None` when the value is no object.
    pub(crate) fn of(value: Value) -> Option<Self> {
        match value {
            Value::Object(members) => Some(Self(members)),
            _ => None,
        }
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        let place = self.0.iter().position(|member| member.0 == name)?;
        match self.0.swap_remove(place).1 {
            Value::Null => None,
            value => Some(value),
        }
    }

    /// A text that must be there; the error is the name, as for the others.
    pub(crate) fn take_text(&mut self, name: &'static str) -> Result<String, &'static str> {
        self.take_optional_text(name)?.ok_or(name)
    }

    pub(crate) fn take_optional_text(&mut self, name: &'static str) -> Result<Option<String>, &'static str> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(name),
        }
    }

    pub(crate) fn take_integer(&mut self, name: &'static str) -> Result<u64, &'static str> {
        self.take_optional_integer(name)?.ok_or(name)
    }

    pub(crate) fn take_optional_integer(&mut self, name: &'static str) -> Result<Option<u64>, &'static str> {
        self.take(name).map(|value| to_integer(&value).ok_or(name)).transpose()
    }

    pub(crate) fn take_bool(&mut self, name: &'static str) -> Result<bool, &'static str> {
        self.take(name).as_ref().and_then(to_bool).ok_or(name)
    }

    pub(crate) fn take_list(&mut self, name: &'static str) -> Result<Vec<Value>, &'static str> {
        match self.take(name) {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(name),
        }
    }

    /// Whether every member was taken.
    pub(crate) fn are_taken(&self) -> bool {
        self.0.is_empty()
    }
}

/// A member of a value that may be an object.
pub(crate) fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(members) => members.iter().find(|member| member.0 == name).map(|member| &member.1),
        _ => None,
    }
}

pub(crate) fn to_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

pub(crate) fn to_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        _ => None,
    }
}

/// A whole number from 0 to 2^53 - 1.
pub(crate) fn to_integer(value: &Value) -> Option<u64> {
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    const MOST: f64 = MAX_INTEGER as f64;
    match value {
        Value::Number(number) if number.fract() == 0.0 && (0.0..=MOST).contains(number) => {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and in range")]
            let integer = *number as u64;
            Some(integer)
        }
        _ => None,
    }
}

/// The line, from 1, where the reader stopped; 0 where its error has no place.
pub(crate) fn line_of(error: &CryptoError, text: &str) -> usize {
    match error {
        CryptoError::Serialization { position: Some(position), .. } => {
            text.bytes().take(*position).filter(|byte| *byte == b'\n').count() + 1
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use chrysalis_crypto::canonical;

    use super::*;

    #[test]
    fn both_forms_are_those_of_serde_json() {
        let example = Json::object([
            ("z", Some(Json::text("a\"\\\u{1}\u{8}\u{c}\n\r\t\u{7f}\u{2028}é"))),
            ("gone", None),
            ("list", Some(Json::List(vec![Json::Number(u64::MAX), Json::Null, Json::List(Vec::new())]))),
            ("raw", Some(Json::Raw(r#"{"b":[1,2]}"#.to_owned()))),
            ("empty", Some(Json::Object(Vec::new()))),
            ("flags", Some(Json::List(vec![Json::Bool(true), Json::Bool(false)]))),
        ]);
        let expected = serde_json::json!({
            "z": "a\"\\\u{1}\u{8}\u{c}\n\r\t\u{7f}\u{2028}é",
            "list": [u64::MAX, null, []],
            "raw": {"b": [1, 2]},
            "empty": {},
            "flags": [true, false],
        });
        let compact = example.to_compact();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&compact).unwrap(), expected);
        let z = serde_json::to_string(&expected["z"]).unwrap();
        assert!(compact.starts_with(&format!(r#"{{"z":{z},"list":["#)), "{compact}");
        let pretty = example.to_pretty();
        let members = [
            format!("  \"z\": {z}"),
            "  \"list\": [\n    18446744073709551615,\n    null,\n    []\n  ]".to_owned(),
            "  \"raw\": {\"b\":[1,2]}".to_owned(),
            "  \"empty\": {}".to_owned(),
            "  \"flags\": [\n    true,\n    false\n  ]".to_owned(),
        ];
        assert_eq!(pretty, format!("{{\n{}\n}}", members.join(",\n")));
    }

    #[test]
    fn members_are_taken_once_and_checked() {
        let text = r#"{"a":1,"b":"t","c":null,"d":[true],"e":1.5,"f":9007199254740992,"g":-1}"#;
        let Ok(value) = canonical::parse(text) else { panic!("JSON") };
        let mut members = Members::of(value).unwrap();
        assert_eq!((members.take_integer("a"), members.take_integer("a")), (Ok(1), Err("a")));
        assert_eq!((members.take_text("b"), members.take_text("d")), (Ok("t".to_owned()), Err("d")));
        assert_eq!(members.take_optional_integer("c"), Ok(None));
        for name in ["e", "f"] {
            assert_eq!(members.take_integer(name), Err(name));
        }
        assert!(!members.are_taken());
        assert_eq!(members.take_optional_integer("g"), Err("g"));
        assert!(members.are_taken());
        assert!(Members::of(Value::Array(Vec::new())).is_none());
    }

    #[test]
    fn faults_have_the_line_where_reading_stopped() {
        let text = "{\n  \"a\": 1,\n  b\n}";
        let Err(error) = canonical::parse(text) else { panic!("not JSON") };
        assert_eq!((line_of(&error, text), line_of(&CryptoError::DecryptFailed, text)), (3, 0));
    }
}
