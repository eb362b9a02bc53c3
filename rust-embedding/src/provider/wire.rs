//! The shapes of answers that several providers share, read strictly and straight into vectors.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::error::{Identifier, Problem};
use crate::provider::failure::Failure;
use crate::space::MAX_DIMENSIONS;

/// One vector: a list of numbers, or base64 of little-endian 32-bit floats.
#[derive(Clone, Debug, PartialEq)]
pub struct Row(pub Vec<f32>);

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RowVisitor).map(Self)
    }
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Vec<f32>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of numbers, or base64")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<f32>, E> {
        if text.len() > MAX_DIMENSIONS * 4 / 3 * 4 {
            return Err(E::custom("vector is too long"));
        }
        let bytes = STANDARD.decode(text).map_err(|_| E::custom("not base64"))?;
        let (components, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() || components.len() > MAX_DIMENSIONS {
            return Err(E::custom("not a vector of 32-bit floats"));
        }
        Ok(components.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<f32>, A::Error> {
        let mut vector = Vec::new();
        while let Some(component) = list.next_element::<f64>()? {
            if vector.len() == MAX_DIMENSIONS {
                return Err(A::Error::custom("vector is too long"));
            }
            #[expect(
                clippy::cast_possible_truncation,
                reason = "vectors are of 32-bit floats; infinities are refused later"
            )]
            vector.push(component as f32);
        }
        Ok(vector)
    }
}

/// Most rows of a list.
const MAX_ROWS: usize = 65_536;

/// A list of vectors whose length is checked while it is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows(pub Vec<Row>);

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match RowOrRows::deserialize(deserializer)? {
            RowOrRows::Many(rows) => Ok(rows),
            RowOrRows::One(row) if row.0.is_empty() => Ok(Self::default()),
            RowOrRows::One(_) => Err(D::Error::custom("a number where a vector was expected")),
        }
    }
}

/// One vector or a list of them, told apart by what comes first in the list, so that nothing is kept in another form.
#[derive(Clone, Debug, PartialEq)]
pub enum RowOrRows {
    /// Numbers, or nothing.
    One(Row),
    /// Vectors.
    Many(Rows),
}

impl<'de> Deserialize<'de> for RowOrRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RowOrRowsVisitor)
    }
}

/// What stands in a list.
enum Element {
    Number(f64),
    Row(Row),
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ElementVisitor;
        impl<'de> Visitor<'de> for ElementVisitor {
            type Value = Element;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a vector")
            }

            fn visit_f64<E>(self, number: f64) -> Result<Element, E> {
                Ok(Element::Number(number))
            }

            #[expect(clippy::cast_precision_loss, reason = "components are floats, however they are written")]
            fn visit_u64<E>(self, number: u64) -> Result<Element, E> {
                Ok(Element::Number(number as f64))
            }

            #[expect(clippy::cast_precision_loss, reason = "components are floats, however they are written")]
            fn visit_i64<E>(self, number: i64) -> Result<Element, E> {
                Ok(Element::Number(number as f64))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Element, E> {
                RowVisitor.visit_str(text).map(|vector| Element::Row(Row(vector)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Element, A::Error> {
                RowVisitor.visit_seq(list).map(|vector| Element::Row(Row(vector)))
            }
        }
        deserializer.deserialize_any(ElementVisitor)
    }
}

struct RowOrRowsVisitor;

impl<'de> Visitor<'de> for RowOrRowsVisitor {
    type Value = RowOrRows;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a vector or a list of vectors")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<RowOrRows, E> {
        RowVisitor.visit_str(text).map(|vector| RowOrRows::One(Row(vector)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<RowOrRows, A::Error> {
        match list.next_element::<Element>()? {
            None => Ok(RowOrRows::One(Row(Vec::new()))),
            Some(Element::Number(first)) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "vectors are of 32-bit floats; infinities are refused later"
                )]
                let mut vector = vec![first as f32];
                while let Some(component) = list.next_element::<f64>()? {
                    if vector.len() == MAX_DIMENSIONS {
                        return Err(A::Error::custom("vector is too long"));
                    }
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "vectors are of 32-bit floats; infinities are refused later"
                    )]
                    vector.push(component as f32);
                }
                Ok(RowOrRows::One(Row(vector)))
            }
            Some(Element::Row(first)) => {
                let mut rows = vec![first];
                while let Some(row) = list.next_element::<Row>()? {
                    if rows.len() == MAX_ROWS {
                        return Err(A::Error::custom("too many vectors"));
                    }
                    rows.push(row);
                }
                Ok(RowOrRows::Many(Rows(rows)))
            }
        }
    }
}

/// Tokens that the provider counted.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Usage {
    /// Tokens of the texts.
    pub prompt_tokens: Option<u64>,
    /// Tokens in all.
    pub total_tokens: Option<u64>,
}

impl Usage {
    /// The number to reckon with.
    #[must_use]
    pub fn tokens(&self) -> Option<u64> {
        self.prompt_tokens.or(self.total_tokens)
    }
}

/// `{"data":[{"index","embedding"}],"usage"}`.
#[derive(Debug, Deserialize)]
struct List {
    data: Option<Vec<Item>>,
    usage: Option<Usage>,
}

#[derive(Debug, Deserialize)]
struct Item {
    index: Option<u64>,
    embedding: Row,
}

/// Reads an answer of the shape of OpenAI's for `count` texts. Vectors are placed by `index`; where no item has one,
/// by position.
///
/// # Errors
/// [`Problem::Unreadable`], [`Problem::NoData`], [`Problem::WrongCount`], [`Problem::NotFinite`],
/// [`Problem::UnequalLengths`].
pub fn read_list(body: &[u8], count: usize) -> Result<(Vec<Vec<f32>>, Option<u64>), Failure> {
    let list: List = parse(body)?;
    let data = list.data.unwrap_or_default();
    if data.is_empty() {
        return Err(Failure::answer(Problem::NoData));
    }
    if data.len() != count {
        return Err(Failure::answer(Problem::WrongCount));
    }
    let tokens = list.usage.and_then(|usage| usage.tokens());
    if data.iter().all(|item| item.index.is_none()) {
        let rows = data.into_iter().map(|item| item.embedding).collect();
        return Ok((check_rows(rows, count)?, tokens));
    }
    let mut rows: Vec<Option<Row>> = vec![None; count];
    for item in data {
        let place = item.index.and_then(|index| rows.get_mut(usize::try_from(index).ok()?));
        match place {
            Some(place @ None) => *place = Some(item.embedding),
            _ => return Err(Failure::answer(Problem::WrongCount)),
        }
    }
    let rows: Option<Vec<Row>> = rows.into_iter().collect();
    Ok((check_rows(rows.ok_or_else(|| Failure::answer(Problem::WrongCount))?, count)?, tokens))
}

/// One vector per text, all of one length, not empty, finite.
///
/// # Errors
/// As [`read_list`].
pub fn check_rows(rows: Vec<Row>, count: usize) -> Result<Vec<Vec<f32>>, Failure> {
    if rows.len() != count {
        return Err(Failure::answer(if rows.is_empty() { Problem::NoData } else { Problem::WrongCount }));
    }
    let length = rows.first().map_or(0, |row| row.0.len());
    if rows.iter().any(|row| row.0.is_empty()) {
        return Err(Failure::answer(Problem::NoData));
    }
    if rows.iter().any(|row| row.0.len() != length) {
        return Err(Failure::answer(Problem::UnequalLengths));
    }
    if rows.iter().any(|row| row.0.iter().any(|component| !component.is_finite())) {
        return Err(Failure::answer(Problem::NotFinite));
    }
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Reads JSON.
///
/// # Errors
/// [`Problem::Unreadable`]; what the parser says is not kept, because it may quote the answer.
pub fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|_| Failure::answer(Problem::Unreadable))
}

/// What an error answer says, of `{"error":{"message","type","param","code"}}` and simpler shapes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ErrorBody {
    /// `code`, or else `type`, where it is a plain name.
    pub code: Option<Identifier>,
    /// Whether `code` or `type` is `insufficient_quota`.
    pub is_quota: bool,
    /// Whether `param` names something else than the input.
    pub is_about_request: bool,
    /// The index in a `param` such as `input[3]` or `input.3`.
    pub rejected_text: Option<usize>,
    /// Whether there was an `error` at all.
    pub has_error: bool,
}

/// Reads an error answer; an empty finding for anything else. No message is kept.
#[must_use]
pub fn read_error(body: &[u8]) -> ErrorBody {
    #[derive(Deserialize)]
    struct Outer<'a> {
        #[serde(borrow)]
        error: Option<Inner<'a>>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Inner<'a> {
        Fields {
            #[serde(borrow)]
            code: Option<Scalar<'a>>,
            #[serde(borrow, rename = "type")]
            kind: Option<Scalar<'a>>,
            #[serde(borrow)]
            param: Option<Scalar<'a>>,
        },
        Other(serde::de::IgnoredAny),
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Scalar<'a> {
        Text(#[serde(borrow)] Cow<'a, str>),
        Number(i64),
        Other(serde::de::IgnoredAny),
    }
    let text = |scalar: Option<Scalar<'_>>| match scalar {
        Some(Scalar::Text(text)) => Some(text.into_owned()),
        Some(Scalar::Number(number)) => Some(number.to_string()),
        Some(Scalar::Other(_)) | None => None,
    };
    let Ok(Outer { error: Some(error) }) = serde_json::from_slice(body) else { return ErrorBody::default() };
    let Inner::Fields { code, kind, param } = error else {
        return ErrorBody { has_error: true, ..ErrorBody::default() };
    };
    let (code, kind, param) = (text(code), text(kind), text(param));
    let is_quota = [&code, &kind].into_iter().any(|name| name.as_deref() == Some("insufficient_quota"));
    let code = [code, kind].into_iter().flatten().find_map(|name| Identifier::new(&name));
    let is_about_request = param.as_ref().is_some_and(|param| !param.starts_with("input"));
    let rejected_text = param.as_deref().and_then(|param| {
        let place = param.strip_prefix("input")?;
        place
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .or_else(|| place.strip_prefix('.'))?
            .parse()
            .ok()
    });
    ErrorBody { code, is_quota, is_about_request, rejected_text, has_error: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(body: &str, count: usize) -> Problem {
        read_list(body.as_bytes(), count).unwrap_err().problem
    }

    fn vectors(body: &str, count: usize) -> Vec<Vec<f32>> {
        read_list(body.as_bytes(), count).unwrap().0
    }

    /// Contract 5.1: by index, floats and base64 per item.
    #[test]
    fn vectors_are_placed_by_index_in_either_form() {
        let packed = STANDARD.encode([1.5_f32.to_le_bytes(), (-2.0_f32).to_le_bytes()].concat());
        let body = format!(
            r#"{{"data":[{{"index":1,"embedding":[0.25,3]}},{{"index":0,"embedding":"{packed}"}}]}}"#
        );
        assert_eq!(vectors(&body, 2), [[1.5, -2.0], [0.25, 3.0]]);
        assert_eq!(vectors(r#"{"data":[{"embedding":[1]},{"embedding":[2]}]}"#, 2), [[1.0], [2.0]]);
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for body in ["", "{", "[]", "null", r#"{"data":[{"index":0}]}"#, r#"{"data":[{"embedding":"!"}]}"#] {
            assert_eq!(problem(body, 1), Problem::Unreadable, "{body}");
        }
        for body in [r#"{"data":[]}"#, r#"{"data":null}"#, "{}", r#"{"data":[{"index":0,"embedding":[]}]}"#] {
            assert_eq!(problem(body, 1), Problem::NoData, "{body}");
        }
        // Three bytes are no float.
        assert_eq!(problem(r#"{"data":[{"index":0,"embedding":"AAAA"}]}"#, 1), Problem::Unreadable);
        let item = |index: u64| format!(r#"{{"index":{index},"embedding":[1]}}"#);
        for (a, b) in [(0, 0), (0, 2), (1, u64::MAX)] {
            let body = format!(r#"{{"data":[{},{}]}}"#, item(a), item(b));
            assert_eq!(problem(&body, 2), Problem::WrongCount, "{body}");
        }
        let mixed = format!(r#"{{"data":[{},{{"embedding":[1]}}]}}"#, item(0));
        assert_eq!(problem(&mixed, 2), Problem::WrongCount);
        assert_eq!(problem(r#"{"data":[{"index":0,"embedding":[1]}]}"#, 2), Problem::WrongCount);
        let uneven = r#"{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[1,2]}]}"#;
        assert_eq!(problem(uneven, 2), Problem::UnequalLengths);
        assert_eq!(problem(r#"{"data":[{"index":0,"embedding":[1e300]}]}"#, 1), Problem::NotFinite);
        assert_eq!(problem(r#"{"data":[{"index":0,"embedding":[1e999]}]}"#, 1), Problem::Unreadable);
        for value in [f32::NAN, f32::INFINITY] {
            let packed = STANDARD.encode(value.to_le_bytes());
            let body = format!(r#"{{"data":[{{"index":0,"embedding":"{packed}"}}]}}"#);
            assert_eq!(problem(&body, 1), Problem::NotFinite);
        }
        assert_eq!(problem(&"[".repeat(100_000), 1), Problem::Unreadable);
        assert_eq!(problem(&format!(r#"{{"x":{}"#, "[".repeat(100_000)), 1), Problem::Unreadable);
        let long = format!(r#"{{"data":[{{"index":0,"embedding":[{}0]}}]}}"#, "0,".repeat(MAX_DIMENSIONS));
        assert_eq!(problem(&long, 1), Problem::Unreadable);
    }

    #[test]
    fn usage_is_read() {
        let body = br#"{"data":[{"index":0,"embedding":[1]}],"usage":{"prompt_tokens":5,"total_tokens":6}}"#;
        assert_eq!(read_list(body, 1).unwrap().1, Some(5));
        let body = br#"{"data":[{"index":0,"embedding":[1]}],"usage":{"total_tokens":6}}"#;
        assert_eq!(read_list(body, 1).unwrap().1, Some(6));
    }

    #[test]
    fn errors_are_read_and_messages_are_not_kept() {
        let found = read_error(
            br#"{"error":{"message":"private text","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
        );
        assert!(found.is_quota);
        assert!(!format!("{found:?}").contains("private"));
        let found = read_error(
            br#"{"error":{"message":"m","type":"invalid_request_error","param":"input[3]","code":null}}"#,
        );
        assert_eq!((found.rejected_text, found.is_about_request), (Some(3), false));
        assert_eq!(found.code.unwrap().as_str(), "invalid_request_error");
        assert_eq!(read_error(br#"{"error":{"param":"input.12"}}"#).rejected_text, Some(12));
        assert!(read_error(br#"{"error":{"param":"dimensions"}}"#).is_about_request);
        assert!(read_error(br#"{"error":"model \"x\" not found"}"#).has_error);
        for body in [&b"<html>"[..], b"", br#"{"detail":"no"}"#] {
            assert_eq!(read_error(body), ErrorBody::default());
        }
    }
}
