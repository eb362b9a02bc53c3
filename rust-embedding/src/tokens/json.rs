//! JSON as JavaScript writes it, to be counted.

use std::collections::HashMap;
use std::fmt;
use std::io;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::{Encoding, TokenError};

/// The tokens of a JSON text in its compact form, for `model`.
///
/// # Errors
/// [`TokenError::InvalidJson`], [`TokenError::UnknownModel`].
pub fn estimate_json_tokens(json: &str, model: &str) -> Result<usize, TokenError> {
    let tokenizer = Encoding::for_model(model)?.tokenizer();
    Ok(tokenizer.count(&compact_json(json)?))
}

/// A JSON text in its compact form: as `JSON.stringify(JSON.parse(json))`, with the keys in the order in which they are
/// inserted, numbers as JavaScript writes them, and of equal keys the last value at the first one's place.
///
/// # Errors
/// [`TokenError::InvalidJson`], also for nesting over 127 levels.
pub fn compact_json(json: &str) -> Result<String, TokenError> {
    let value: Json = serde_json::from_str(json).map_err(|error| TokenError::InvalidJson {
        line: error.line().max(1),
        column: error.column().max(1),
    })?;
    to_json_text(&value)
}

/// The compact JSON text of any value that has one, in the order in which it gives its keys, with numbers as JavaScript
/// writes them: 64-bit integers lose what a double does not hold, what is not finite becomes `null`.
///
/// # Errors
/// [`TokenError::InvalidJson`] for a value without JSON form, such as a map whose keys are not texts.
pub fn to_json_text(value: &impl Serialize) -> Result<String, TokenError> {
    let mut text = Vec::new();
    value
        .serialize(&mut serde_json::Serializer::with_formatter(&mut text, JavaScript))
        .map_err(|_| TokenError::InvalidJson { line: 1, column: 1 })?;
    Ok(String::from_utf8(text).expect("JSON is UTF-8"))
}

/// Numbers as JavaScript prints them; all else is the compact form already.
struct JavaScript;

impl JavaScript {
    fn number<W: io::Write + ?Sized>(writer: &mut W, value: f64) -> io::Result<()> {
        // Minus zero is 0 in JSON.stringify, and so it is to this formatter.
        writer.write_all(ryu_js::Buffer::new().format(value).as_bytes())
    }
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript has doubles only")]
impl serde_json::ser::Formatter for JavaScript {
    fn write_i64<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: i64) -> io::Result<()> {
        Self::number(writer, value as f64)
    }

    fn write_u64<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        Self::number(writer, value as f64)
    }

    fn write_i128<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: i128) -> io::Result<()> {
        Self::number(writer, value as f64)
    }

    fn write_u128<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: u128) -> io::Result<()> {
        Self::number(writer, value as f64)
    }

    fn write_f32<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        Self::number(writer, f64::from(value))
    }

    fn write_f64<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        Self::number(writer, value)
    }
}

/// A JSON value that keeps the order of its keys.
#[derive(Clone, Debug, Default)]
pub(crate) enum Json {
    #[default]
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(value) => serializer.serialize_f64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (key, value) in fields {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

#[expect(clippy::cast_precision_loss, reason = "JavaScript has doubles only")]
impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut fields: Vec<(String, Json)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        while let Some((key, value)) = entries.next_entry::<String, Json>()? {
            match places.get(&key) {
                Some(place) => fields[*place].1 = value,
                None => {
                    places.insert(key.clone(), fields.len());
                    fields.push((key, value));
                }
            }
        }
        Ok(Json::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_9_json_is_counted_as_javascript_writes_it() {
        for (json, compact) in [
            (
                r#" {"b" : 1.0, "a": [1e21, 1E-7, -0.0, 0.1], "b2": null} "#,
                r#"{"b":1,"a":[1e+21,1e-7,0,0.1],"b2":null}"#,
            ),
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
            (r#"[12345678901234567890, 9007199254740993, -5]"#, "[12345678901234567000,9007199254740992,-5]"),
            ("\"\\u00e9\\u2028\\u0007\\/\\n\u{7f}\"", "\"é\u{2028}\\u0007/\\n\u{7f}\""),
            ("true", "true"),
        ] {
            assert_eq!(compact_json(json).as_deref(), Ok(compact));
        }
        assert_eq!(estimate_json_tokens(r#"{"b": 1, "a": 2}"#, "gpt-4"), Ok(9));
    }

    #[test]
    fn what_is_not_json_is_an_error_with_a_place() {
        assert_eq!(compact_json("[1,\n x]"), Err(TokenError::InvalidJson { line: 2, column: 2 }));
        assert!(compact_json(&"[".repeat(100_000)).is_err());
        assert!(compact_json("").is_err());
        assert!(compact_json("{} {}").is_err());
    }
}
