//! Keeping keys out of logs.

use super::detect::Finder;
use super::key::ApiKey;
use super::names::NamedValues;
use super::pem::private_key_end;

/// What stands for something of which nothing may be shown.
const REDACTED: &str = "[REDACTED]";
/// Shown between a prefix and the last characters.
const GAP: &str = "...";
/// How many characters at the end are shown.
const SHOWN: usize = 4;
/// How many characters must be left after the prefix for any of them to be shown.
const ENOUGH: usize = 12;

/// Prefixes that end at the first dash or underscore and tell nothing but the provider.
const PREFIXES: &[&str] = &[
    "sk-", "sk_", "pk-", "pk_", "rk_", "hf_", "api_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "gsk_", "xai-",
    "nk-", "pa-", "r8_", "fw_", "fc-", "csk-", "tvly-", "tgp_", "jina_", "pplx-", "nvapi-", "lsv2_", "pcsk_",
    "npm_", "pypi-", "glpat-", "xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxo-", "xoxs-", "xoxe-", "xapp-",
];
const FINE_GRAINED: &str = "github_pat_";
const FOUR_LETTERS: &[&str] = &["AIza", "AKIA", "ASIA", "ABIA", "ACCA", "ABSK"];
const AUTH_KEY: &str = "AQ.";

/// The form of a key for people: a prefix that tells only whose it is, and the last four characters.
///
/// A key with characters outside `!` to `~` is `[REDACTED]`. Where fewer than 12 characters follow the prefix, the
/// last ones are `****`. No character of an unknown format is taken for a prefix.
#[must_use]
pub fn redact_for_logging(key: &ApiKey) -> String {
    key.expose(redact)
}

/// `text` with every key in it replaced by its [`redact_for_logging`] form.
///
/// Found are keys with a prefix of the table, JSON Web Tokens, private keys in PEM (which become `[REDACTED]`), and
/// values that follow a name such as `MISTRAL_API_KEY=`, `"x-api-key":`, `--api-key` or `Authorization: Bearer`, on its line or
/// alone on the next, lists of them included, on one line or over several. The whole token goes, with everything of `A-Z a-z 0-9 . - _ ~ + / =` that belongs to it. Redacting again changes
/// nothing. Time is linear in the text. A key without prefix and without a name before it cannot be told from an
/// identifier and stays; passwords are not looked for.
#[must_use]
pub fn redact_text(text: &str) -> String {
    redact_counting(text).0
}

/// [`redact_text`], and how many bytes and rules were looked at.
fn redact_counting(text: &str) -> (String, usize) {
    let bytes = text.as_bytes();
    let (mut finder, mut values) = (Finder::new(bytes), NamedValues::new(bytes));
    let mut out = String::with_capacity(text.len());
    let (mut done, mut at, mut steps) = (0, 0, 0);
    while at < bytes.len() {
        steps += 1;
        let (start, end, replacement) = if let Some(end) = private_key_end(bytes, at) {
            steps += end - at;
            (at, end, REDACTED.to_owned())
        } else if let Some((start, end)) = values.joined_at(at) {
            (start, end, redact(&bytes[start..end]))
        } else if is_token(bytes[at]) && may_start(bytes, at) && finder.starts_key(at) {
            let end = token_end(bytes, at);
            steps += end - at;
            (at, end, redact(&bytes[at..end]))
        } else {
            at += 1;
            continue;
        };
        out.push_str(&text[done..start]);
        out.push_str(&replacement);
        (done, at) = (end, end);
    }
    out.push_str(&text[done..]);
    (out, steps + finder.steps + values.steps)
}

fn redact(key: &[u8]) -> String {
    let Some(text) = std::str::from_utf8(key).ok().filter(|_| key.iter().all(u8::is_ascii_graphic)) else {
        return REDACTED.to_owned();
    };
    let prefix = harmless_prefix(text);
    let rest = &text[prefix.len()..];
    match rest.len().checked_sub(SHOWN) {
        Some(hidden) if rest.len() >= ENOUGH => [prefix, GAP, &rest[hidden..]].concat(),
        _ => [prefix, GAP, "****"].concat(),
    }
}

/// The part of a key that may be shown because it is the same for all keys of its kind.
fn harmless_prefix(text: &str) -> &str {
    if text.starts_with(FINE_GRAINED) {
        return &text[..FINE_GRAINED.len()];
    }
    let first = text.find(['-', '_']).map_or("", |place| &text[..=place]);
    if PREFIXES.contains(&first) {
        return first;
    }
    let other = FOUR_LETTERS.iter().chain([&AUTH_KEY]).find(|prefix| text.starts_with(**prefix));
    other.map_or("", |prefix| &text[..prefix.len()])
}

/// Whether this is what [`redact`] makes of a key.
pub(super) fn is_redacted(value: &[u8]) -> bool {
    let Some(text) = std::str::from_utf8(value).ok() else { return false };
    let rest = &text[harmless_prefix(text).len()..];
    rest.strip_prefix(GAP).is_some_and(|shown| shown.len() <= SHOWN)
}

/// A character that may stand inside a key.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b'+' | b'/' | b'=')
}

/// The end of the token around `start`. Full stops at the end belong to the sentence.
pub(super) fn token_end(bytes: &[u8], start: usize) -> usize {
    let length = bytes[start..].iter().take_while(|&&byte| is_token(byte)).count();
    let token = &bytes[start..start + length];
    start + token.iter().rposition(|&byte| byte != b'.').map_or(0, |last| last + 1)
}

/// Whether a key may start here: not in the middle of a word, unless what looks like a letter before it is the end
/// of an escape (`\n`, `%20`, `\u0022`) or of a terminal colour.
fn may_start(bytes: &[u8], at: usize) -> bool {
    let before = &bytes[..at];
    let Some(&last) = before.last() else { return true };
    if !last.is_ascii_alphanumeric() {
        return true;
    }
    let ends = |marker: &[u8], digits: usize| {
        before.len() >= digits
            && before[..before.len() - digits].ends_with(marker)
            && before[before.len() - digits..].iter().all(u8::is_ascii_hexdigit)
    };
    let letter = last.is_ascii_lowercase() && before[..at - 1].ends_with(b"\\");
    letter || ends(b"%", 2) || ends(b"\\x", 2) || ends(b"\\u", 4) || (last == b'm' && ends_colour(before))
}

/// Whether a terminal's colour sequence ends here: escape, `[`, digits and semicolons, `m`.
fn ends_colour(before: &[u8]) -> bool {
    let parameters = before.iter().rev().skip(1).take(16);
    let length = parameters.take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    before[..before.len() - 1 - length].ends_with(b"[")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Doubling a text must about double the bytes and rules looked at.
    #[test]
    fn the_work_is_linear_in_the_text() {
        for unit in [
            "ey",
            "eyJ",
            "eyJ-",
            "eyJabcdefgh.",
            "eyJ-eyJ.",
            "-eyJaaaaaaaaaa.bbbbbbbbbb.",
            "sk-",
            "sk-proj-",
            "nk-a",
            "-----BEGIN ",
            "-----BEGIN PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----!",
            "-----END PRIVATE KEY-----",
            "TOKEN=",
            "TOKEN= ",
            "TOKEN:",
            "TOKEN=a",
            "a",
            "ab ",
            "=",
            ":",
            " ",
            ".",
            "a.",
            "x=",
            "api_key=\"",
            "--api-key ",
            "Bearer ",
            "...",
            "TOKEN=...",
            "TOKEN=a1b2c3d4e5f6a7b8,",
            "a1b2c3d4e5f6a7b8,",
            "token%3D",
            "token\\u003d",
            "'token','",
            "TOKEN=Some(",
            "A_TOKEN ",
            "-----BEGIN PRIVATE KEY-----x.",
            "%20sk-",
            "\\n",
            "\u{1b}[31m",
            "\n",
            "TOKEN:\n",
            "TOKEN=\n- ",
            "TOKEN=a1b2c3d4e5f6a7b8,\n",
            "a1b2c3d4e5f6a7b8\n- ",
            "\n- ",
            "TOKEN:\\n",
            "\\n- ",
            "A_TOKEN\n",
            "%0A",
            "TOKEN=|-\n",
            "ghs_a.b-",
            "github_pat_...WX1Z",
            "TOKEN=github_pat_...WX1Z ",
            "é",
        ] {
            let steps = |count: usize| redact_counting(&unit.repeat(count)).1;
            for prefix in ["", "sk-", "eyJaaaaaaaaaaa"] {
                let steps = |count| redact_counting(&(prefix.to_owned() + &unit.repeat(count))).1;
                let (one, two) = (steps(500), steps(1000));
                assert!(two <= 2 * one + 2000, "{unit:?} after {prefix:?}: {one} and {two}");
            }
            assert!(steps(1000) <= 1000 * unit.len() * 1500, "{unit:?}: {}", steps(1000));
        }
    }

    #[test]
    fn what_redaction_makes_is_known_as_such() {
        for key in ["sk-abcdefghijklmnop", "sk-a", "github_pat_abcdefghijklmnop", "abcdefghijklmnop", "a", ""]
        {
            assert!(!is_redacted(key.as_bytes()));
            let redacted = redact(key.as_bytes());
            assert!(is_redacted(redacted.as_bytes()), "{redacted}");
        }
    }
}
