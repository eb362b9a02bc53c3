//! Values that are keys because of the name before them.

use std::ops::Range;

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
    "_KEY",
    "API_KEYS",
    "APIKEYS",
    "_KEYS",
    "TOKEN",
    "SECRET",
    "SECRETS",
    "AUTHORIZATION",
];
/// How names end whose values are meant to be seen, though they end as above.
const PUBLIC_NAMES: &[&str] = &["PUBLIC_KEY", "PUBLIC_KEYS"];
/// Words between a name or nothing and a key.
const SCHEMES: &[&[u8]] = &[b"bearer", b"basic", b"token", b"apikey", b"api-key", b"key"];
/// How far names, and what stands between name and value, are looked at.
const NAME_WINDOW: usize = 64;
const GLUE_WINDOW: usize = 8;
/// How far the value may be from the joint: columns are aligned with spaces.
const VALUE_WINDOW: usize = 64;
/// How joints, quotation marks and spaces are written within addresses and JSON.
const ESCAPED_JOINTS: &[&[u8]] =
    &[b"%3D", b"%3d", b"%3A", b"%3a", b"\\u003d", b"\\u003D", b"\\u003a", b"\\u003A"];
const ESCAPED_GLUE: &[&[u8]] = &[b"%20", b"%22", b"%27", b"%5B", b"%5b", b"\\u0022", b"\\u0027"];
/// How the ends of lines are written within addresses and strings.
const ESCAPED_LINES: &[&[u8]] = &[b"\\n", b"\\r", b"%0A", b"%0a", b"%0D", b"%0d"];
/// The fewest characters of a value of unknown shape.
const VALUE_LENGTH: usize = 16;

/// The longest shape without a prefix, and one more.
const SHAPE_WINDOW: usize = 85;

/// Finds values by their names, in time linear in the text as a whole.
pub(super) struct NamedValues<'a> {
    bytes: &'a [u8],
    /// A token, from where it was looked at, without letters and digits; no later value in it has both either.
    plain: Range<usize>,
    /// The end of the last value that was named: a comma after it goes on with a list.
    value_end: usize,
    /// Bytes looked at so far.
    pub(super) steps: usize,
}

impl<'a> NamedValues<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, plain: 0..0, value_end: 0, steps: 0 }
    }

    /// If what stands at `at` joins a name to a value, and the name is one of keys: where the key is.
    pub(super) fn joined_at(&mut self, at: usize) -> Option<(usize, usize)> {
        let rest = &self.bytes[at..];
        let mut goes_on = false;
        let is_named = match rest[0] {
            b'=' | b':' => names_a_key(&self.bytes[..at], false),
            b' ' | b'\t' => names_a_key(&self.bytes[..at], true),
            b'%' | b'\\' if starts_with_any(rest, ESCAPED_JOINTS) > 0 => {
                names_a_key(&self.bytes[..at], false)
            }
            b',' => {
                goes_on = self.goes_on_with_a_list(at);
                goes_on || is_pair(self.bytes, at)
            }
            b'\n' | b'\r' | b'%' | b'\\' if line_end_length(rest) > 0 => {
                goes_on = self.goes_on_with_a_list(at) && starts_an_item(rest);
                goes_on || names_a_key(&self.bytes[..at], true)
            }
            _ => return None,
        };
        self.steps += NAME_WINDOW + 4 * GLUE_WINDOW;
        if !is_named {
            return None;
        }
        self.steps += 3 * VALUE_WINDOW;
        let (length, has_line_end) = value_start(rest);
        let start = at + length;
        let start = start + scheme_length(&self.bytes[start..]);
        let end = self.secret_end(start)?;
        let is_its = match (goes_on, has_line_end) {
            // An object goes on with names, a list with values.
            (true, _) => !is_followed_by_a_joint(&self.bytes[end..]),
            (false, true) => self.is_alone(start, end),
            (false, false) => true,
        };
        if !is_its {
            return None;
        }
        self.value_end = end;
        (!is_redacted(&self.bytes[start..end])).then_some((start, end))
    }

    /// Whether nothing but quotation marks, spaces and a comma is between the last value and what is at `at`.
    fn goes_on_with_a_list(&self, at: usize) -> bool {
        let between = self.bytes.get(self.value_end..at).filter(|_| self.value_end > 0);
        between.is_some_and(|between| {
            between.len() <= GLUE_WINDOW
                && between.iter().all(|byte| matches!(byte, b' ' | b'"' | b'\'' | b'`' | b'\\' | b','))
        })
    }

    /// Whether the value is in quotation marks or has its line for itself, so that it is one, and no next name with a value of
    /// its own.
    fn is_alone(&mut self, start: usize, end: usize) -> bool {
        self.steps += end - start + GLUE_WINDOW;
        let (before, value, after) = (&self.bytes[..start], &self.bytes[start..end], &self.bytes[end..]);
        if before.last() == after.first() && matches!(after.first(), Some(b'"' | b'\'')) {
            return !is_followed_by_a_joint(after);
        }
        let padding = value.iter().rev().take_while(|&&byte| byte == b'=').count();
        !value[..value.len() - padding].contains(&b'=') && ends_a_line(after)
    }

    /// The end of the value at `start`, if it may be a key: a known shape without prefix, or letters and digits in
    /// some number.
    fn secret_end(&mut self, start: usize) -> Option<usize> {
        let is_plain = self.plain.contains(&start);
        let end = if is_plain { self.plain.end } else { token_end(self.bytes, start) };
        let value = &self.bytes[start..end];
        if value.len() < SHAPE_WINDOW {
            self.steps += 8 * SHAPE_WINDOW;
            if is_prefixless_key(value) {
                return Some(end);
            }
        }
        if is_plain {
            return None;
        }
        self.steps += 3 * value.len();
        if !(value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic)) {
            self.plain = start..end;
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
    let escaped = ESCAPED_GLUE.iter().find(|escape| !by_space && before.ends_with(escape));
    let before = &before[..before.len() - escaped.map_or(0, |escape| escape.len())];
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b'-' | b'.');
    let length = before.iter().rev().take(NAME_WINDOW).take_while(is_name).count();
    let name = &before[before.len() - length..];
    if by_space {
        // An option, or the variable of `setx NAME value`.
        let in_variable = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
        let is_variable = name.contains(&b'_') && name.iter().all(in_variable);
        name.eq_ignore_ascii_case(SCHEMES[0])
            || ((name.starts_with(b"--") || is_variable) && is_secret_name(name))
    } else {
        is_secret_name(name)
    }
}

/// Whether the comma at `at` is between a quoted name and a quoted value, as in lists of pairs.
fn is_pair(bytes: &[u8], at: usize) -> bool {
    let is_quote = |byte: Option<&u8>| matches!(byte, Some(b'"' | b'\''));
    let after = bytes[at + 1..].iter().take(VALUE_WINDOW).skip_while(|byte| byte.is_ascii_whitespace());
    let after = after.skip_while(|&&byte| byte == b'b');
    is_quote(bytes[..at].last()) && is_quote(after.take(1).next()) && names_a_key(&bytes[..at], false)
}

/// How far after a joint the value starts, behind signs, escapes, what wraps it, such as `Some(`, and ends of lines with what
/// begins the next, such as the dash of a list; and whether there was an end of a line.
fn value_start(bytes: &[u8]) -> (usize, bool) {
    let mut at = usize::from(bytes.starts_with(b","));
    let mut has_line_end = false;
    while at < VALUE_WINDOW {
        let rest = &bytes[at..];
        let line_end = line_end_length(rest);
        let escape = starts_with_any(rest, ESCAPED_JOINTS) + starts_with_any(rest, ESCAPED_GLUE);
        let step = match rest.first() {
            _ if line_end > 0 => line_end,
            Some(b'%' | b'\\') if escape > 0 => escape,
            Some(&byte) if is_glue(byte) => 1,
            Some(b'b') if matches!(rest.get(1), Some(b'"' | b'\'')) => 1,
            Some(b'-' | b'*') if has_line_end && rest.get(1) == Some(&b' ') => 2,
            // A text over several lines in YAML: `|`, `>-`.
            Some(b'|' | b'-' | b'+') if line_end_length(&rest[1..]) > 0 => 1,
            Some(b'|') if matches!(rest.get(1), Some(b'-' | b'+')) && line_end_length(&rest[2..]) > 0 => 2,
            Some(byte) if byte.is_ascii_uppercase() => wrapper_length(rest),
            _ => 0,
        };
        if step == 0 {
            break;
        }
        has_line_end |= line_end > 0;
        at += step;
    }
    (at, has_line_end)
}

/// The length of the end of a line at the start of `bytes`, as it is or escaped; 0 where there is none.
fn line_end_length(bytes: &[u8]) -> usize {
    match bytes.first() {
        Some(b'\n' | b'\r') => 1,
        Some(b'%' | b'\\') => starts_with_any(bytes, ESCAPED_LINES),
        _ => 0,
    }
}

/// Whether the next line begins with the dash or star of a list.
fn starts_an_item(bytes: &[u8]) -> bool {
    let mut rest = &bytes[..bytes.len().min(VALUE_WINDOW)];
    loop {
        let step = line_end_length(rest);
        match rest.first() {
            _ if step > 0 => rest = &rest[step..],
            Some(b' ' | b'\t') => rest = &rest[1..],
            first => return matches!(first, Some(b'-' | b'*')) && rest.get(1) == Some(&b' '),
        }
    }
}

/// Whether nothing but what closes a value comes before the end of the line, of the text, or a comment.
fn ends_a_line(bytes: &[u8]) -> bool {
    for at in 0..=GLUE_WINDOW {
        let rest = &bytes[at.min(bytes.len())..];
        match rest.first() {
            None | Some(b'#') => return true,
            _ if line_end_length(rest) > 0 => return true,
            Some(b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\\' | b',' | b';' | b']' | b')' | b'}' | b'.') => {}
            Some(_) => return false,
        }
    }
    false
}

/// Whether what comes next makes a name of what was before.
fn is_followed_by_a_joint(bytes: &[u8]) -> bool {
    let quote = |byte: &&u8| matches!(**byte, b' ' | b'"' | b'\'' | b'`' | b'\\');
    let after = bytes.iter().take(GLUE_WINDOW).find(|byte| !quote(byte));
    matches!(after, Some(b':' | b'='))
}

/// The length of a type's name and the bracket after it; 0 for anything else.
fn wrapper_length(bytes: &[u8]) -> usize {
    let word = bytes.iter().take(2 * GLUE_WINDOW).take_while(|byte| byte.is_ascii_alphabetic()).count();
    if bytes.get(word) == Some(&b'(') { word + 1 } else { 0 }
}

/// The length of the first of `texts` that `bytes` start with; 0 for none.
fn starts_with_any(bytes: &[u8], texts: &[&[u8]]) -> usize {
    texts.iter().find(|text| bytes.starts_with(text)).map_or(0, |text| text.len())
}

/// What may stand between the joint and the value.
fn is_glue(byte: u8) -> bool {
    matches!(byte, b'=' | b':' | b'>' | b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\\' | b'[' | b'(')
}

fn is_secret_name(name: &[u8]) -> bool {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'-'));
    let name = &name[..name.len() - digits.count()];
    let ends = |ending: &&str| {
        name.len() >= ending.len()
            && name[name.len() - ending.len()..]
                .iter()
                .zip(ending.bytes())
                .all(|(&a, b)| a.to_ascii_uppercase() == b || (b == b'_' && matches!(a, b'-' | b'.')))
    };
    SECRET_NAMES.iter().any(ends) && !PUBLIC_NAMES.iter().any(ends)
}

/// The length of an authentication scheme and the spaces after it.
fn scheme_length(bytes: &[u8]) -> usize {
    let word = bytes
        .iter()
        .take(GLUE_WINDOW)
        .take_while(|byte| byte.is_ascii_alphabetic() || **byte == b'-')
        .count();
    let spaces = bytes[word..].iter().take(GLUE_WINDOW).take_while(|&&byte| byte == b' ').count();
    let known = SCHEMES.iter().any(|scheme| bytes[..word].eq_ignore_ascii_case(scheme));
    if known && spaces > 0 { word + spaces } else { 0 }
}
