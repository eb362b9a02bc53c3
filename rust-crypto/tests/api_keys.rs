//! Checks every case of `vectors/api_keys.json`, and what holds for every key and text.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use chrysalis_crypto::api_keys::{
    self, ApiKey, KeyType, ValidationError, ValidationOptions, redact_for_logging, redact_text,
    validate_key_format, validate_key_format_with,
};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

#[path = "../examples/make_vectors/api_keys.rs"]
mod made;

fn file() -> Value {
    serde_json::from_str(include_str!("../vectors/api_keys.json")).unwrap()
}

fn joined(parts: &Value) -> String {
    parts.as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect()
}

fn key(text: &str) -> ApiKey {
    ApiKey::new(text.to_owned()).unwrap()
}

fn as_json(outcome: KeyType) -> Value {
    json!({ "provider": outcome.provider, "kind": outcome.kind, "confidence": outcome.confidence.name() })
}

#[test]
fn the_file_is_what_the_generator_makes() {
    assert_eq!(file(), made::document(), "run the example make_vectors and review the difference");
}

#[test]
fn validation() {
    let file = file();
    let cases = file["validate"].as_array().unwrap();
    assert!(cases.len() > 200);
    let mut codes: Vec<_> = Vec::new();
    for case in cases {
        let options = ValidationOptions {
            provider: case["provider"].as_str(),
            strict: case["strict"].as_bool().unwrap(),
        };
        match validate_key_format_with(&key(&joined(&case["key"])), &options) {
            Ok(found) => assert_eq!(Some(&as_json(found)), case.get("expected"), "{}", case["name"]),
            Err(error) => {
                assert_eq!(case["error"], error.code(), "{}", case["name"]);
                assert_eq!(case["error_text"], error.to_string(), "{}", case["name"]);
                codes.push(error.code());
            }
        }
    }
    codes.sort_unstable();
    codes.dedup();
    let mut all = ValidationError::CODES.to_vec();
    all.sort_unstable();
    assert_eq!(codes, all, "every code has a case");
}

#[test]
fn redactions() {
    let file = file();
    for case in file["redact_key"].as_array().unwrap() {
        let found = redact_for_logging(&key(&joined(&case["key"])));
        assert_eq!(case["expected"], found, "{}", case["name"]);
    }
    let cases = file["redact_text"].as_array().unwrap();
    assert!(cases.len() > 200);
    for case in cases {
        let found = redact_text(&joined(&case["text"]));
        assert_eq!(case["expected"], found, "{}", case["name"]);
        assert_eq!(redact_text(&found), found, "{}", case["name"]);
    }
}

#[test]
fn the_file_spells_no_key() {
    let text = include_str!("../vectors/api_keys.json");
    for (number, line) in text.lines().enumerate() {
        assert_eq!(redact_text(line), line, "line {number}");
    }
    assert!(redact_text(text) == text, "a key runs over lines");
}

#[test]
fn every_provider_has_a_shape_here() {
    let mut names: Vec<_> = made::shapes().iter().map(|shape| shape.provider).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|&name| name != api_keys::GENERIC);
    assert_eq!(names, api_keys::providers());
}

/// A key of a shape, and what all keys of the shape start with; nothing if only a name tells that it is one.
fn keys() -> impl Strategy<Value = (String, String)> {
    let count = made::shapes().len();
    (0..count, any::<u64>()).prop_map(|(index, seed)| {
        let shapes = made::shapes();
        let pieces = &shapes[index].pieces;
        let fixed = pieces.iter().map_while(|piece| match piece {
            made::Piece::T(text) => Some(*text),
            made::Piece::R(..) => None,
        });
        (made::make_key(pieces, seed), fixed.collect())
    })
}

/// Pieces that make trouble: prefixes, names, joints, redactions, words and characters of tokens.
fn pieces() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "sk-",
        "sk-proj-",
        "nk-",
        "ghs_",
        "AQ.",
        "SG.",
        "eyJ",
        "ey",
        "AKIA",
        "fc-",
        "pa-",
        "sk-sp-",
        "xoxe.xoxb-1-",
        "...",
        "****",
        "..",
        ".",
        "=",
        ":",
        " ",
        "\"",
        "\\n",
        "\\",
        "%20",
        "/",
        "-",
        "_",
        "~",
        "+",
        "TOKEN=",
        "TOKEN:\n",
        "A_TOKEN\n",
        "\n",
        "\n  - ",
        ",\n  \"",
        "|-\n",
        "%0A",
        "# ",
        "API_KEY: ",
        "--api-key ",
        "Bearer ",
        ",",
        "','",
        "%3D",
        "%22",
        "\\u003d",
        "Some(",
        "(b'api-key', b'",
        "A_KEY ",
        "[info] ",
        "github_pat_",
        "github_pat_...WX1Z",
        "sk-...WXYZ",
        "[REDACTED]",
        "-----BEGIN ",
        "PRIVATE KEY-----",
        "-----END ",
        "\n",
        "é",
        "risk-free",
        "0123456789",
        "ABCDEFGHIJKLMNOP",
        "abcdefghijklmnopqrst",
        "0123456789abcdef0123456789abcdef",
    ]);
    prop_oneof![
        6 => pieces.prop_map(str::to_owned),
        2 => "[A-Za-z0-9_-]{1,45}",
        1 => "[A-Za-z0-9.]{1,120}",
        1 => keys().prop_map(|(key, _)| key),
        1 => any::<String>(),
    ]
}

proptest! {
    #[test]
    fn redacting_twice_changes_nothing_more(parts in vec(pieces(), 0..14)) {
        let once = redact_text(&parts.concat());
        prop_assert_eq!(redact_text(&once), once);
    }

    #[test]
    fn of_a_key_no_five_characters_in_a_row_survive(
        (secret, fixed) in keys(), tail in "([.~+/=_-][A-Za-z0-9]{1,9}){0,3}", before in "[ \"'(\\[{<,;|&]", after in "[ \"')\\]}>,;|&\n]",
    ) {
        let needs_name = fixed.is_empty();
        let name = if needs_name { "SOME_API_KEY=" } else { "" };
        let secret = if needs_name { secret } else { secret + &tail };
        let text = [&before, name, &secret, &after].concat();
        let redacted = redact_text(&text);
        let shown = redacted.strip_prefix(&[&before[..], name].concat()).unwrap().strip_suffix(&after).unwrap();
        prop_assert!(shown.contains("..."), "{}", shown);
        let (prefix, rest) = shown.split_once("...").unwrap();
        prop_assert!(fixed.starts_with(prefix), "{}", prefix);
        let rest = rest.trim_start_matches('.');
        prop_assert!(rest == "****" || (rest.len() <= 4 && secret.ends_with(rest)), "{}", shown);
    }

    #[test]
    fn validation_of_anything_ends_in_a_kind_or_an_error(
        text in prop_oneof![any::<String>(), pieces(), "[!-~]{8,80}"], strict: bool, provider in prop::option::of("[a-z]{0,9}|openai|mistral"),
    ) {
        let options = ValidationOptions { provider: provider.as_deref(), strict };
        let found = validate_key_format_with(&key(&text), &options);
        if let Err(ValidationError::InvalidCharacter { index }) = &found {
            prop_assert!(text.is_char_boundary(*index) && *index < text.len());
        }
        if let Err(error) = &found {
            prop_assert!(ValidationError::CODES.contains(&error.code()));
        }
        if strict && found.is_ok() && provider.is_none() {
            prop_assert_eq!(validate_key_format(&key(&text)), found);
        }
    }
}
