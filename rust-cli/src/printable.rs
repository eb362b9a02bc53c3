//! Text from elsewhere, made harmless for a terminal; and times as people read and write them.

use std::borrow::Cow;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::errors::CliError;

/// The text with everything a terminal would obey made visible instead; line breaks and tabs stay.
///
/// Escape sequences, other control characters and the characters that reorder text could hide or forge what is
/// shown (CVE-2021-42574 for the latter).
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    replace(text, |c| is_dangerous(c) && c != '\n' && c != '\t')
}

/// As [`harmless`], for what must stay on one line: names, sources, tags.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    replace(text, is_dangerous)
}

/// JSON with every dangerous character written as an escape; the value stays the same.
///
/// Outside strings JSON holds none of them, so that replacing them everywhere is right.
pub(crate) fn harmless_json(json: &str) -> Cow<'_, str> {
    if !json.chars().any(is_dangerous) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_dangerous(c) {
            // All of them lie in the basic plane.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Milliseconds since 1970 as `2026-11-20 10:12:33Z`.
pub(crate) fn time(ms: u64) -> String {
    i64::try_from(ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .map_or_else(|| format!("{ms} ms"), |time| time.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}

/// Milliseconds since 1970 as RFC 3339; `None` beyond the year 9999.
pub(crate) fn rfc3339(ms: u64) -> Option<String> {
    Some(Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok()?.to_string())
}

/// Reads `2026-11-20`, `2026-11-20T10:12` (both UTC), or RFC 3339 with an offset, as milliseconds since 1970.
///
/// # Errors
/// [`CliError::Usage`].
pub(crate) fn parse_time(text: &str) -> Result<u64, CliError> {
    let utc = |time: DateTime| time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let time = text.parse::<Timestamp>().ok().or_else(|| utc(text.parse().ok()?));
    time.and_then(|time| u64::try_from(time.as_millisecond()).ok()).ok_or_else(|| {
        CliError::Usage(format!(
            "`{}` is not a time since 1970; write 2026-11-20, 2026-11-20T10:12 or 2026-11-20T10:12:33+01:00",
            one_line(text)
        ))
    })
}

/// A count with its noun: `1 entry`, `2 entries`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A number of bytes as people read it.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if number < 1024 {
        return format!("{number} bytes");
    }
    let mut unit = 0;
    let mut whole = number;
    while whole >= 1024 * 1024 && unit + 1 < UNITS.len() {
        whole /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", whole / 1024, whole % 1024 * 10 / 1024, UNITS[unit])
}

fn replace(text: &str, dangerous: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&dangerous) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if !dangerous(c) => out.push(c),
            // The control pictures, which look like what they stand for.
            '\0'..='\x1f' => out.extend(char::from_u32(0x2400 + u32::from(c))),
            '\x7f' => out.push('\u{2421}'),
            c => {
                let _ = write!(out, "<U+{:04X}>", u32::from(c));
            }
        }
    }
    Cow::Owned(out)
}

fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_terminal_obeys_gets_through() {
        let nasty = "a\x1b]0;x\x07b\rc\u{9b}31md\u{202e}e\n\tf";
        assert_eq!(harmless(nasty), "a␛]0;x␇b␍c<U+009B>31md<U+202E>e\n\tf");
        assert_eq!(one_line("a\nb\tc"), "a␊b␉c");
        assert!(matches!(harmless("plain ünïcode 🐝"), Cow::Borrowed(_)));
        for c in (0..=0x2fff).filter_map(char::from_u32).filter(|c| c.is_control()) {
            assert!(!one_line(&c.to_string()).chars().any(char::is_control));
        }
    }

    #[test]
    fn json_keeps_its_value() {
        let value = serde_json::json!({"a": "x\u{9b}y\u{202e}\u{7f}\n"});
        let json = harmless_json(&value.to_string()).into_owned();
        assert!(json.is_ascii());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), value);
    }

    #[test]
    fn times_are_read_and_shown_in_utc() {
        assert_eq!(parse_time("1970-01-02").unwrap(), 86_400_000);
        assert_eq!(parse_time("1970-01-01T01:00").unwrap(), 3_600_000);
        assert_eq!(parse_time("1970-01-01T01:00:00+01:00").unwrap(), 0);
        assert_eq!(time(86_400_000), "1970-01-02 00:00:00Z");
        assert_eq!(time(u64::MAX), "18446744073709551615 ms");
        for text in ["", "yesterday", "1969-12-31", "2026-13-01", "99999-01-01"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_rounded_down() {
        let shown = [0, 1023, 1024, 1536, 1 << 20, u64::MAX].map(bytes);
        assert_eq!(shown, ["0 bytes", "1023 bytes", "1.0 KiB", "1.5 KiB", "1.0 MiB", "16383.9 PiB"]);
    }
}
