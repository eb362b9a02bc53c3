//! Values that are keys because of the name before them.

use super::detect::is_prefixless_key;
use super::redact::{is_redacted, token_end};

/// How names end whose values are keys, in upper case with underscores.
const SECRET_NAMES: &[&str] = &[
    "API_KEY",
    "APIKEY",
    "ACCESS_KEY",
    "ACCESSKEY",
    "SECRET_KEY",
    "SECRETKEY",
    "SUBSCRIPTION_KEY",
    "TOKEN",
    "SECRET",
    "AUTHORIZATION",
];
/// Words between a name or nothing and a key.
const SCHEMES: &[&[u8]] = &[b"bearer", b"basic", b"token", b"apikey", b"key"];
/// How far names, and what stands between name and value, are looked at.
const NAME_WINDOW: usize = 64;
const GLUE_WINDOW: usize = 8;
/// The fewest characters of a value of unknown shape.
const VALUE_LENGTH: usize = 16;

/// The longest shape without a prefix, and one more.
const SHAPE_WINDOW: usize = 85;

/// Finds values by their names, in time linear in the text as a whole.
pub(super) struct NamedValues<'a> {
    bytes: &'a [u8],
    /// The end of a token without letters and digits; no later value in it has both either.
    plain_until: usize,
    /// Bytes looked at so far.
    pub(super) steps: usize,
}

impl<'a> NamedValues<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, plain_until: 0, steps: 0 }
    }

    /// If what stands at `at` joins a name to a value, and the name is one of keys: where the key is.
    pub(super) fn joined_at(&mut self, at: usize) -> Option<(usize, usize)> {
        let by_space = match self.bytes[at] {
            b'=' | b':' => false,
            b' ' | b'\t' => true,
            _ => return None,
        };
        self.steps += NAME_WINDOW + 4 * GLUE_WINDOW;
        if !names_a_key(&self.bytes[..at], by_space) {
            return None;
        }
        let glue = self.bytes[at..].iter().take(GLUE_WINDOW).take_while(|&&byte| is_glue(byte)).count();
        let start = at + glue + scheme_length(&self.bytes[at + glue..]);
        let end = self.secret_end(start)?;
        (!is_redacted(&self.bytes[start..end])).then_some((start, end))
    }

    /// The end of the value at `start`, if it may be a key: a known shape without prefix, or letters and digits in
    /// some number.
    fn secret_end(&mut self, start: usize) -> Option<usize> {
        let end = if start < self.plain_until { self.plain_until } else { token_end(self.bytes, start) };
        let value = &self.bytes[start..end];
        if value.len() < SHAPE_WINDOW {
            self.steps += 8 * SHAPE_WINDOW;
            if is_prefixless_key(value) {
                return Some(end);
            }
        }
        if start < self.plain_until {
            return None;
        }
        self.steps += 3 * value.len();
        if !(value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic)) {
            self.plain_until = end;
            return None;
        }
        (value.len() >= VALUE_LENGTH).then_some(end)
    }
}

/// Whether the text before a joint ends with the name of a key.
fn names_a_key(before: &[u8], by_space: bool) -> bool {
    let is_glue = |byte: &&u8| matches!(**byte, b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\\' | b']');
    let glue = if by_space { 0 } else { before.iter().rev().take(GLUE_WINDOW).take_while(is_glue).count() };
    let before = &before[..before.len() - glue];
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b'-' | b'.');
    let length = before.iter().rev().take(NAME_WINDOW).take_while(is_name).count();
    let name = &before[before.len() - length..];
    if by_space {
        name.eq_ignore_ascii_case(SCHEMES[0]) || (name.starts_with(b"--") && is_secret_name(name))
    } else {
        is_secret_name(name)
    }
}

/// What may stand between the joint and the value.
fn is_glue(byte: u8) -> bool {
    matches!(byte, b'=' | b':' | b'>' | b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\\' | b'[')
}

fn is_secret_name(name: &[u8]) -> bool {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'-'));
    let name = &name[..name.len() - digits.count()];
    SECRET_NAMES.iter().any(|ending| {
        name.len() >= ending.len()
            && name[name.len() - ending.len()..]
                .iter()
                .zip(ending.bytes())
                .all(|(&a, b)| a.to_ascii_uppercase() == b || (b == b'_' && matches!(a, b'-' | b'.')))
    })
}

/// The length of an authentication scheme and the spaces after it.
fn scheme_length(bytes: &[u8]) -> usize {
    let word = bytes.iter().take(GLUE_WINDOW).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let spaces = bytes[word..].iter().take(GLUE_WINDOW).take_while(|&&byte| byte == b' ').count();
    let known = SCHEMES.iter().any(|scheme| bytes[..word].eq_ignore_ascii_case(scheme));
    if known && spaces > 0 { word + spaces } else { 0 }
}
