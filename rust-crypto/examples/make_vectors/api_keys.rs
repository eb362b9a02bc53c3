//! The contents of `vectors/api_keys.json`: made-up keys of every known shape, and texts that hold them.
//!
//! Bodies are drawn from a generator with a fixed seed. Neither this program nor the file spells a key in one
//! piece, so that no scanner of repositories takes one for a real key.

use serde_json::{Value, json};

/// A shape, written down independently of the table in `src/api_keys/rules.rs`.
pub(crate) struct Shape {
    pub(crate) provider: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) confidence: &'static str,
    pub(crate) pieces: Vec<Piece>,
}

#[derive(Clone, Copy)]
pub(crate) enum Piece {
    /// These characters.
    T(&'static str),
    /// So many of those.
    R(&'static str, usize),
}

use Piece::{R, T};

pub(crate) const DIGIT: &str = "0123456789";
pub(crate) const HEX: &str = "0123456789abcdef";
pub(crate) const LOWER_DIGIT: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
pub(crate) const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
pub(crate) const BECH32: &str = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
pub(crate) const AN: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
pub(crate) const WORD: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
pub(crate) const URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
pub(crate) const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Every shape of the table, with the shortest and the longest body where that varies.
#[rustfmt::skip]
pub(crate) fn shapes() -> Vec<Shape> {
    let mut out = Vec::new();
    let mut add = |provider, kind, confidence, pieces: &[Piece]| {
        out.push(Shape { provider, kind, confidence, pieces: pieces.to_vec() });
    };
    let (certain, likely, hint) = ("certain", "likely", "hint");
    let mark = T("T3BlbkFJ");
    add("openai", "legacy", certain, &[T("sk-"), R(AN, 20), mark, R(AN, 20)]);
    for (kind, prefix) in [("project", "sk-proj-"), ("service-account", "sk-svcacct-"), ("admin", "sk-admin-")] {
        for length in [58, 74] {
            add("openai", kind, certain, &[T(prefix), R(URL, length), mark, R(URL, length)]);
        }
        add("openai", kind, certain, &[T(prefix), R(URL, 40)]);
    }
    add("openai", "service-account", certain, &[T("sk-svcacct-"), R(URL, 156)]);
    add("openai", "organisation-user", likely, &[T("sk-None-"), R(URL, 40)]);
    add("anthropic", "api", certain, &[T("sk-ant-"), T("api03-"), R(URL, 93), T("AA")]);
    add("anthropic", "admin", certain, &[T("sk-ant-"), T("admin01-"), R(URL, 93), T("AA")]);
    add("anthropic", "oauth", likely, &[T("sk-ant-"), T("oat01-"), R(URL, 95)]);
    add("anthropic", "session", likely, &[T("sk-ant-"), T("sid01-"), R(URL, 95)]);
    add("anthropic", "other", likely, &[T("sk-ant-"), R(AN, 5), T("-"), R(AN, 40)]);
    add("anthropic", "other", likely, &[T("sk-ant-"), R(AN, 8), T("-"), R(AN, 40)]);
    add("google", "api", certain, &[T("AIza"), R(URL, 35)]);
    add("google", "auth", likely, &[T("AQ."), R(URL, 50)]);
    add("google", "auth", likely, &[T("IQ."), R(URL, 30)]);
    add("google", "oauth", likely, &[T("ya29."), R(URL, 120)]);
    add("nomic", "api", likely, &[T("nk-"), R(URL, 40)]);
    add("nomic", "api", likely, &[T("nk-"), R(URL, 64)]);
    add("huggingface", "user", certain, &[T("hf_"), R(AN, 34)]);
    add("huggingface", "organisation", certain, &[T("api_org_"), R(AN, 34)]);
    add("openrouter", "api", certain, &[T("sk-or-v1-"), R(HEX, 64)]);
    add("groq", "api", certain, &[T("gsk_"), R(AN, 52)]);
    add("xai", "api", certain, &[T("xai-"), R(WORD, 80)]);
    add("deepseek", "api", hint, &[T("sk-"), R(LOWER_DIGIT, 32)]);
    add("perplexity", "api", certain, &[T("pplx-"), R(AN, 48)]);
    add("mistral", "api", hint, &[R(AN, 32)]);
    add("cohere", "api", hint, &[R(AN, 40)]);
    add("together", "api", likely, &[T("tgp_v1_"), R(URL, 43)]);
    add("together", "legacy", hint, &[R(HEX, 64)]);
    add("fireworks", "api", likely, &[T("fw_"), R(AN, 20)]);
    add("fireworks", "api", likely, &[T("fw-"), R(AN, 40)]);
    add("fireworks", "api", likely, &[T("fpk_"), R(AN, 24)]);
    add("alibaba", "bailian", likely, &[T("sk-sp-"), R(AN, 12), T("."), R(AN, 24), T("."), R(AN, 20)]);
    add("zhipu", "api", hint, &[R(HEX, 32), T("."), R(AN, 16)]);
    add("voyage", "api", likely, &[T("pa-"), R(URL, 43)]);
    add("cerebras", "api", likely, &[T("csk-"), R(AN, 48)]);
    add("tavily", "development", likely, &[T("tvly-dev-"), R(AN, 32)]);
    add("tavily", "api", likely, &[T("tvly-"), R(AN, 32)]);
    add("jina", "api", likely, &[T("jina_"), R(AN, 60)]);
    add("firecrawl", "api", likely, &[T("fc-"), R(HEX, 32)]);
    add("replicate", "api", certain, &[T("r8_"), R(URL, 37)]);
    add("elevenlabs", "api", likely, &[T("sk_"), R(HEX, 48)]);
    add("nvidia", "api", certain, &[T("nvapi-"), R(URL, 64)]);
    add("langsmith", "personal", certain, &[T("lsv2_pt_"), R(HEX, 32), T("_"), R(HEX, 10)]);
    add("langsmith", "service", certain, &[T("lsv2_sk_"), R(HEX, 32), T("_"), R(HEX, 10)]);
    add("langfuse", "secret", certain, &[T("sk-lf-"), R(HEX, 8), T("-"), R(HEX, 4), T("-"), R(HEX, 4), T("-"), R(HEX, 4), T("-"), R(HEX, 12)]);
    add("pinecone", "api", certain, &[T("pcsk_"), R(AN, 5), T("_"), R(AN, 63)]);
    add("pinecone", "api", certain, &[T("pcsk_"), R(AN, 6), T("_"), R(AN, 63)]);
    add("databricks", "token", certain, &[T("dapi"), R(HEX, 32)]);
    add("databricks", "token", certain, &[T("dapi"), R(HEX, 32), T("-"), R(DIGIT, 1)]);
    add("azure", "openai", hint, &[R(HEX, 32)]);
    add("azure", "openai", hint, &[R(AN, 84)]);
    for prefix in ["AKIA", "ABIA", "ACCA"] {
        add("aws", "access-key-id", certain, &[T(prefix), R(BASE32, 16)]);
    }
    add("aws", "temporary-key-id", certain, &[T("ASIA"), R(BASE32, 16)]);
    add("aws", "bedrock", certain, &[T("ABSK"), R(BASE64, 109)]);
    add("aws", "bedrock", certain, &[T("ABSK"), R(BASE64, 268), T("=")]);
    add("aws", "bedrock", certain, &[T("bedrock-api-key-"), R(BASE64, 60)]);
    add("aws", "secret-key", hint, &[R(BASE64, 40)]);
    for (kind, prefix) in [("classic", "ghp_"), ("oauth", "gho_"), ("user", "ghu_"), ("refresh", "ghr_")] {
        add("github", kind, certain, &[T(prefix), R(AN, 36)]);
        add("github", kind, certain, &[T(prefix), R(AN, 76)]);
    }
    add("github", "fine-grained", certain, &[T("github_pat_"), R(WORD, 82)]);
    add("github", "installation", certain, &[T("ghs_"), R(AN, 36)]);
    add("github", "installation", certain, &[T("ghs_"), T("ey"), T("J"), R(URL, 40), T("."), T("ey"), R(URL, 130), T("."), R(URL, 342)]);
    add("github", "installation", certain, &[T("ghs_"), R(DIGIT, 7), T("_"), T("ey"), T("J"), R(URL, 40), T("."), T("ey"), R(URL, 130), T("."), R(URL, 342)]);
    add("gitlab", "personal", certain, &[T("glpat-"), R(URL, 20)]);
    add("gitlab", "personal", certain, &[T("glpat-"), R(URL, 27), T("."), R(LOWER_DIGIT, 9)]);
    add("gitlab", "personal", certain, &[T("glpat-"), R(URL, 300), T("."), R(LOWER_DIGIT, 11)]);
    add("slack", "bot", certain, &[T("xoxb-"), R(DIGIT, 10), T("-"), R(DIGIT, 13), T("-"), R(AN, 24)]);
    for prefix in ["xoxp-", "xoxe-"] {
        add("slack", "user", certain, &[T(prefix), R(DIGIT, 10), T("-"), R(DIGIT, 12), T("-"), R(DIGIT, 13), T("-"), R(AN, 32)]);
    }
    add("slack", "app", certain, &[T("xapp-"), R(DIGIT, 1), T("-"), R(AN, 11), T("-"), R(DIGIT, 13), T("-"), R(HEX, 64)]);
    for prefix in ["xoxa-", "xoxr-", "xoxo-", "xoxs-"] {
        add("slack", "legacy", certain, &[T(prefix), R(DIGIT, 12), T("-"), R(HEX, 32)]);
    }
    add("slack", "refresh", certain, &[T("xoxe."), T("xoxb-1-"), R(URL, 163)]);
    add("slack", "refresh", certain, &[T("xoxe."), T("xoxp-1-"), R(URL, 166)]);
    for (kind, prefix) in [("test", "sk_test_"), ("live", "sk_live_"), ("live", "sk_prod_"), ("test", "rk_test_"), ("live", "rk_live_"), ("live", "rk_prod_")] {
        add("stripe", kind, certain, &[T(prefix), R(AN, 24)]);
        add("stripe", kind, certain, &[T(prefix), R(AN, 247)]);
    }
    add("sendgrid", "api", certain, &[T("SG."), R(URL, 22), T("."), R(URL, 43)]);
    add("npm", "token", certain, &[T("npm_"), R(AN, 36)]);
    add("pypi", "token", certain, &[T("pypi-"), T("AgEIcHlwaS5vcmc"), R(URL, 50)]);
    add("age", "secret", certain, &[T("AGE-SECRET-KEY-1"), R(BECH32, 58)]);
    add("generic", "jwt", certain, &[T("ey"), T("J"), R(URL, 34), T("."), T("ey"), R(URL, 60), T("."), R(URL, 43)]);
    out
}

/// A key of a shape; the same for the same seed.
pub(crate) fn make_key(pieces: &[Piece], seed: u64) -> String {
    let mut random = seed;
    let mut out = String::new();
    for piece in pieces {
        match *piece {
            T(text) => out.push_str(text),
            R(alphabet, length) => {
                for _ in 0..length {
                    // Knuth's constants; the upper bits are good enough for made-up keys.
                    random = random
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    let place = usize::try_from(random >> 40).unwrap_or(0) % alphabet.len();
                    out.push(char::from(alphabet.as_bytes()[place]));
                }
            }
        }
    }
    out
}

/// A text in pieces, to be joined by whoever reads the file.
fn pieces(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let (first, rest) = characters.split_at(characters.len().min(5));
    [first].into_iter().chain(rest.chunks(8)).map(|piece| piece.iter().collect()).collect()
}

pub(crate) fn document() -> Value {
    json!({
        "about": [
            "Test vectors for API keys, read by Rust, Node, browser and Python tests. All keys are made up.",
            "Written by `cargo run -p chrysalis-crypto --example make_vectors`; do not edit by hand.",
            "`key` and `text` are lists of strings to be joined with nothing between.",
            "A case has `expected`, or `error`, the code of the error it gives, with `error_text`, its whole text.",
        ],
        "rules_version": chrysalis_crypto::api_keys::RULES_VERSION,
        "validate": validate(),
        "redact_key": redact_key(),
        "redact_text": redact_text(),
    })
}

fn validate() -> Vec<Value> {
    let mut out = Vec::new();
    for (seed, shape) in (1..).zip(shapes()) {
        let key = make_key(&shape.pieces, seed);
        let hint = shape.confidence == "hint";
        let expected =
            json!({ "provider": shape.provider, "kind": shape.kind, "confidence": shape.confidence });
        let unknown = json!({ "provider": "generic", "kind": "generic", "confidence": "unknown" });
        let name = format!("{} {}, {} characters", shape.provider, shape.kind, key.len());
        out.push(json!({ "name": format!("{name}, named and strict"), "key": pieces(&key), "provider": shape.provider, "strict": true, "expected": expected }));
        let alone = if hint { unknown } else { expected };
        out.push(json!({ "name": name, "key": pieces(&key), "strict": false, "expected": alone }));
    }
    let mut refuse = |name: &str,
                      key: &str,
                      provider: Option<&str>,
                      strict: bool,
                      error: &str,
                      text: &str| {
        out.push(json!({ "name": name, "key": pieces(key), "provider": provider, "strict": strict, "error": error, "error_text": text }));
    };
    let body = |pieces: &[Piece]| make_key(pieces, 77);
    refuse("nothing", "", None, false, "Empty", "the key is empty");
    refuse("7 characters", "abcdefg", None, false, "TooShort", "the key has fewer than 8 characters");
    refuse(
        "8193 characters",
        &body(&[R(AN, 8193)]),
        None,
        false,
        "TooLong",
        "the key has more than 8192 characters",
    );
    for (name, key, index) in [
        ("a space before", format!(" {}", body(&[T("hf_"), R(AN, 34)])), 0),
        ("a newline after", format!("{}\n", body(&[T("hf_"), R(AN, 34)])), 37),
        ("quotation marks", format!("\"{}\"", body(&[R(AN, 34)])), 0),
        ("an apostrophe inside", format!("{}'{}", body(&[R(AN, 10)]), body(&[R(AN, 9)])), 10),
        ("a grave accent", format!("{}`", body(&[R(AN, 10)])), 10),
        ("a letter beyond ASCII", format!("{}é{}", body(&[R(AN, 5)]), body(&[R(AN, 9)])), 5),
        ("a control character", format!("{}\u{7f}", body(&[R(AN, 12)])), 12),
    ] {
        refuse(
            name,
            &key,
            None,
            false,
            "InvalidCharacter",
            &format!("the key has an invalid character at {index}"),
        );
    }
    for key in [
        "aaaaaaaa",
        "YOUR_API_KEY",
        "<your-api-key-here>",
        "changeme",
        "sk-abc...xyz",
        "sk-xxxxxxxx",
        "************",
    ] {
        refuse(key, key, None, false, "Placeholder", "the key is a placeholder");
    }
    let short = body(&[T("hf_"), R(AN, 33)]);
    refuse(
        "a short body",
        &short,
        None,
        true,
        "Malformed",
        "the key starts like one of huggingface and has another length",
    );
    let long = body(&[T("hf_"), R(AN, 35)]);
    refuse(
        "a long body",
        &long,
        None,
        true,
        "Malformed",
        "the key starts like one of huggingface and has another length",
    );
    let other = body(&[T("gsk_"), R(AN, 20), T("-"), R(AN, 31)]);
    refuse(
        "a strange body",
        &other,
        None,
        true,
        "Malformed",
        "the key starts like one of groq and has other characters",
    );
    let longest = body(&[T("sk-ant-"), T("api03-"), R(URL, 60)]);
    refuse(
        "the longest prefix decides",
        &longest,
        None,
        true,
        "Malformed",
        "the key starts like one of anthropic and has another length",
    );
    refuse("no shape", &body(&[R(AN, 30)]), None, true, "UnknownFormat", "the key has no known format");
    refuse(
        "a hint without a name",
        &body(&[R(AN, 32)]),
        None,
        true,
        "UnknownFormat",
        "the key has no known format",
    );
    refuse(
        "a shape of nobody under a shared prefix",
        &body(&[T("sk-"), R(AN, 30)]),
        None,
        true,
        "UnknownFormat",
        "the key has no known format",
    );
    let groq = body(&[T("gsk_"), R(AN, 52)]);
    refuse(
        "another provider",
        &groq,
        Some("openai"),
        false,
        "ProviderMismatch",
        "the key should be one of openai and is one of groq",
    );
    refuse(
        "another provider, name in capitals",
        &groq,
        Some(" OpenAI "),
        true,
        "ProviderMismatch",
        "the key should be one of openai and is one of groq",
    );
    let router = body(&[T("sk-or-v1-"), R(HEX, 64)]);
    refuse(
        "a longer prefix of another provider",
        &router,
        Some("openai"),
        false,
        "ProviderMismatch",
        "the key should be one of openai and is one of openrouter",
    );

    let mut accept = |name: &str, key: &str, provider: Option<&str>, expected: [&str; 3]| {
        let [p, kind, confidence] = expected;
        out.push(json!({ "name": name, "key": pieces(key), "provider": provider, "strict": false, "expected": { "provider": p, "kind": kind, "confidence": confidence } }));
    };
    let unknown = ["generic", "generic", "unknown"];
    accept("a malformed body, leniently", &short, None, unknown);
    accept("another length of a longer prefix, leniently", &longest, None, ["anthropic", "other", "likely"]);
    accept("no shape, leniently", &body(&[R(AN, 30)]), None, unknown);
    accept("8 characters", "abcdefg1", None, unknown);
    accept("8192 characters", &body(&[R(AN, 8192)]), None, unknown);
    accept("a provider nobody knows", &groq, Some("custom:mine"), ["groq", "api", "certain"]);
    accept(
        "a likely key of another provider",
        &body(&[T("pa-"), R(URL, 43)]),
        Some("openai"),
        ["voyage", "api", "likely"],
    );
    let jwt = body(&[T("ey"), T("J"), R(URL, 34), T("."), T("ey"), R(URL, 60), T("."), R(URL, 43)]);
    accept("a token of any provider", &jwt, Some("openai"), ["generic", "jwt", "certain"]);
    out
}

fn redact_key() -> Vec<Value> {
    let mut out = Vec::new();
    let mut add = |name: &str, key: &str, expected: &str| {
        out.push(json!({ "name": name, "key": pieces(key), "expected": expected }));
    };
    let key =
        |prefix: &'static str, length, end: &'static str| make_key(&[T(prefix), R(AN, length), T(end)], 5);
    add("project key", &key("sk-proj-", 60, "WXYZ"), "sk-...WXYZ");
    add("anthropic key", &key("sk-ant-", 60, "bcAA"), "sk-...bcAA");
    add("hugging face token", &key("hf_", 30, "9xQz"), "hf_...9xQz");
    add("bare key", &key("", 28, "c0de"), "...c0de");
    add("short key", "sk-short", "sk-...****");
    add("11 characters after the prefix", &key("gsk_", 7, "tail"), "gsk_...****");
    add("12 characters after the prefix", &key("gsk_", 8, "tail"), "gsk_...tail");
    add("fine-grained", &key("github_pat_", 78, "tail"), "github_pat_...tail");
    add("four letters", &key("AIza", 31, "tail"), "AIza...tail");
    add("access key id", &key("AKIA", 12, "tail"), "AKIA...tail");
    add("auth key", &key("AQ.", 40, "tail"), "AQ....tail");
    add("refresh token of slack", &key("xoxe.xoxb-1-", 160, "tail"), "...tail");
    add("organisation token", &key("api_org_", 30, "tail"), "api_...tail");
    add("unknown prefix", &key("acme-", 30, "tail"), "...tail");
    add("prefix in capitals", &key("SK-", 30, "tail"), "...tail");
    add("dash late in a bare key", &make_key(&[R(AN, 20), T("-"), R(AN, 9), T("tail")], 6), "...tail");
    add("empty", "", "...****");
    add("a space", &key("sk-", 10, " tail"), "[REDACTED]");
    add("beyond ASCII", &key("sk-", 10, "é"), "[REDACTED]");
    add("a newline at the end", &key("sk-", 30, "\n"), "[REDACTED]");
    out
}

#[rustfmt::skip]
fn redact_text() -> Vec<Value> {
    let mut out = Vec::new();
    let mut add = |name: &str, text: &str, expected: &str| {
        out.push(json!({ "name": name, "text": pieces(text), "expected": expected }));
    };
    for (seed, shape) in (1..).zip(shapes()) {
        let key = make_key(&shape.pieces, 1000 + seed);
        let end = &key[key.len() - 4..];
        let first = key.find(['-', '_']).map_or("", |at| &key[..=at]);
        let no_prefix = ["bedrock-", "AGE-", "fpk_", "xoxe.xoxb-", "xoxe.xoxp-"];
        let prefix = match shape.provider {
            "google" | "aws" if ["AIza", "AKIA", "ABIA", "ACCA", "ASIA", "ABSK"].contains(&&key[..4]) && !matches!(shape.kind, "secret-key") => &key[..4],
            _ if key.starts_with("github_pat_") => "github_pat_",
            _ if key.starts_with("AQ.") => "AQ.",
            _ if matches!(shape.pieces[0], R(..)) || no_prefix.contains(&first) || first.len() > 6 => "",
            _ if key.starts_with("ey") || key.starts_with("fw-") || key.starts_with("SG.") || key.starts_with("dapi") || key.starts_with("ya29") || key.starts_with("IQ.") => "",
            _ => first,
        };
        let name = format!("{} {}", shape.provider, shape.kind);
        if matches!(shape.pieces[0], R(..)) {
            let variable = format!("{}_API_KEY", shape.provider.to_uppercase());
            add(&format!("{name} after its name"), &format!("export {variable}={key}\n"), &format!("export {variable}=...{end}\n"));
        } else {
            add(&format!("{name} in a sentence"), &format!("got 401 with {key}, trying again"), &format!("got 401 with {prefix}...{end}, trying again"));
            add(&format!("{name} in JSON"), &format!("{{\"k\":\"{key}\",\"n\":1}}"), &format!("{{\"k\":\"{prefix}...{end}\",\"n\":1}}"));
        }
    }
    let body = |n| make_key(&[R(AN, n)], 9);
    let project = format!("{}{}WXYZ", "sk-proj-", body(60));
    let bare = format!("{}c0d3", body(28));
    for (name, before, after) in [
        ("end of a sentence", "The key is ", "."),
        ("question", "Is it ", "?"),
        ("escaped newline before", "line one\\n", "\\nline two"),
        ("percent-encoded", "https://h/?q=a%20", "&x=1"),
        ("percent-encoded equals sign", "k%3D", "%26"),
        ("unicode escape", "\\u0022", "\\u0022"),
        ("terminal colour", "\u{1b}[31m", "\u{1b}[0m"),
        ("address", "https://u:", "@host/path"),
        ("after text beyond ASCII", "clé：", "。"),
        ("in brackets", "[(<", ">)]"),
        ("after an underscore", "my_", ""),
    ] {
        add(name, &format!("{before}{project}{after}"), &format!("{before}sk-...WXYZ{after}"));
    }
    for tail in [".tail", "-tail", "_tail", "~tail", "+tail", "/tail", "=tail", ".a.b.tail", "==.tail"] {
        add(&format!("the whole token, {tail}"), &format!("<{project}{tail}>"), "<sk-...tail>");
    }
    for (name, before, after) in [
        ("shell", "MISTRAL_API_KEY=", ""),
        ("shell with quotation marks", "export CO_API_KEY=\"", "\" && run"),
        ("lower case", "mistral_api_key = '", "'"),
        ("camel case", "{ mistralApiKey: '", "' }"),
        ("JSON", "{\"api_key\": \"", "\"}"),
        ("JSON in JSON", "{\\\"api_key\\\":\\\"", "\\\"}"),
        ("YAML", "apiKey: ", "\nnext: 1"),
        ("header", "x-api-key: ", "\r\n"),
        ("authorisation", "Authorization: Bearer ", ""),
        ("authorisation in JSON", "\"authorization\":\"Bearer ", "\""),
        ("scheme alone", "sent Bearer ", " to it"),
        ("option", "tool --api-key ", " --fast"),
        ("option with equals sign", "tool --api-key=", " --fast"),
        ("subscript", "headers[\"x-api-key\"] = \"", "\""),
        ("rocket", ":api_key => '", "'"),
        ("query", "https://h/v1?api_key=", "&page=2"),
        ("numbered", "GROQ_API_KEY_2=", ""),
        ("secret", "AWS_SECRET_ACCESS_KEY=", ""),
        ("token", "HF_TOKEN=", ""),
        ("any variable that ends with key", "AZURE_OPENAI_KEY=", ""),
        ("wrapped", "Config { api_key: Some(\"", "\") }"),
        ("wrapped twice", "Config { api_key: Some(Secret(\"", "\")) }"),
        ("a pair of bytes", "[(b'api-key', b'", "')]"),
        ("a pair", "[[\"x-api-key\", \"", "\"]]"),
        ("another scheme", "Authorization: Api-Key ", ""),
        ("list", "{\"api_keys\":[\"", "\"]}"),
        ("aligned", "api_key:          ", "\n"),
        ("variable on Windows", "setx MISTRAL_API_KEY ", ""),
        ("escaped joint in an address", "https://h/?api_key%3D", "%26a"),
        ("escaped JSON in an address", "https://h/?q=%7B%22api_key%22%3A%22", "%22%7D"),
        ("escaped joint in JSON", "\"?api_key\\u003d", "\""),
        ("on the next line", "api_key:\n  ", "\nnext: 1"),
        ("on the next line, the last", "api_key:\n", ""),
        ("on the next line, after an equals sign", "MISTRAL_API_KEY=\n", "\n"),
        ("on the next line, in brackets", "API_KEY = (\n    \"", "\"\n)\n"),
        ("on the next line, in a statement", "const apiKey =\n    '", "';\n"),
        ("on the next line, continued", "API_KEY=\\\n", "\n"),
        ("on the next line, a text in YAML", "api_key: |-\n  ", "\nnext: 1"),
        ("on the next line, a folded text in YAML", "api_key: >\n  ", "\nnext: 1"),
        ("on the next line, with a comment", "api_key:\n  ", "  # the main one\n"),
        ("on the next line of a header", "Authorization:\r\n Bearer ", "\r\nHost: h"),
        ("on the line after an option", "--api-key\n", "\n--fast"),
        ("on the line after an option in JSON", "[\"--api-key\",\n \"", "\",\n \"--fast\"]"),
        ("on the line after a variable", "MISTRAL_API_KEY\n", "\n"),
        ("on the next line, escaped", "{\"log\":\"api_key:\\n  ", "\\nnext\"}"),
        ("on the next line of an address", "https://h/?q=api_key%3A%0A", "%0A"),
        ("list over several lines, of one", "\"api_keys\": [\n    \"", "\"\n  ]"),
        ("before another member", "{\"api_key\":\"", "\",\"request_id_of_v2_things\":1}"),
        ("before another member on the next line", "{\"api_key\":\"", "\",\n\"request_id_of_v2_things\":1}"),
        ("before another line", "token: ", "\n0123456789abcdef0123456789abcdef\n"),
    ] {
        add(&format!("by name: {name}"), &format!("{before}{bare}{after}"), &format!("{before}...c0d3{after}"));
    }
    add("by name: several", &format!("MISTRAL_API_KEY={bare},{bare}"), "MISTRAL_API_KEY=...c0d3,...c0d3");
    add("by name: several in JSON", &format!("\"api_keys\": [\"{bare}\", \"{bare}\"]"), "\"api_keys\": [\"...c0d3\", \"...c0d3\"]");
    for (name, before, between, after) in [
        ("YAML", "api_keys:\n  - ", "\n  - ", "\nnext:\n  - 1\n"),
        ("YAML without indentation", "api_keys:\n- ", "\n- ", "\n"),
        ("YAML with quotation marks", "secrets:\n  - \"", "\"\n  - \"", "\"\n"),
        ("YAML of Windows", "api_keys:\r\n  - ", "\r\n  - ", "\r\n"),
        ("stars", "API keys:\napi_keys:\n* ", "\n* ", ""),
        ("JSON", "\"api_keys\": [\n    \"", "\",\n    \"", "\"\n  ]\n"),
        ("JSON, several on a line", "\"api_keys\": [\n \"", "\", \"", "\"\n]"),
        ("TOML", "api_keys = [\n  '", "',\n  '", "',\n]\n"),
        ("a log in JSON", "{\"m\":\"api_keys:\\n - ", "\\n - ", "\\n\"}"),
        ("a list in a log in JSON", "{\"m\":\"api_keys: [\\n  \\\"", "\\\",\\n  \\\"", "\\\"\\n]\"}"),
    ] {
        add(
            &format!("by name: list over several lines, {name}"),
            &format!("{before}{bare}{between}{bare}{after}"),
            &format!("{before}...c0d3{between}...c0d3{after}"),
        );
    }
    for (prefix, shown) in [("sk-or-v1-", "sk-..."), ("sk-ant-", "sk-..."), ("glpat-", "glpat-..."), ("nvapi-", "nvapi-...")] {
        let key = make_key(&[T(prefix), R(URL, 37), T("-9aZ")], 14);
        add(&format!("a changed body after {prefix}"), &format!("({key})"), &format!("({shown}-9aZ)"));
    }
    let jwt = format!("{}{}{}.{}{}.{}9s1G", "ey", "J", body(30), "ey", body(40), body(39));
    add("JSON Web Token", &format!("cookie: s={jwt}; path=/"), "cookie: s=...9s1G; path=/");
    let pem = |label: &str| format!("-----BEGIN {label}PRIVATE KEY-----\n{}\n{}==\n-----END {label}PRIVATE KEY-----", body(64), body(30));
    for label in ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "] {
        add(&format!("PEM {label}"), &format!("key:\n{}\nend", pem(label)), "key:\n[REDACTED]\nend");
    }
    add("PEM in JSON", &format!("{{\"p\":\"{}\"}}", pem("").replace('\n', "\\n")), "{\"p\":\"[REDACTED]\"}");
    add("PEM in a log", &pem("").replace('\n', "\n[info] "), "[REDACTED]");
    add("PEM in a source", &format!("\"{}\"", pem("RSA ").replace('\n', "\\n\" +\n    \"")), "\"[REDACTED]\"");
    add("PGP with a header", &format!("-----BEGIN PGP {p} BLOCK-----\nVersion: GnuPG v2.0 (x)\n\n{}\n-----END PGP {p} BLOCK-----", body(64), p = "PRIVATE KEY"), "[REDACTED]");
    add("PEM without an end", &format!("-----BEGIN {}PRIVATE KEY-----\n{}\"", "", body(64)), "[REDACTED]\"");
    add("two keys", &format!("{project} {project}"), "sk-...WXYZ sk-...WXYZ");
    add("a short unknown sk- key", &format!("sk-{}tail", make_key(&[R(AN, 20)], 12)), "sk-...tail");
    add("an unknown sk- key with dashes", &format!("sk-{}tail", make_key(&[R(AN, 9), T("-"), R(AN, 30)], 13)), "sk-...tail");

    for text in [
        "", " ", "a risk-free desk-based task with skill", "risk-ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        "sk-learn and scikit-learn", "jina_embeddings_v2_base_en", "fw_update_progress_callback", "fc-list --verbose",
        "pa-some-very-long-name-in-lower-case-with-dashes", "nk-some-other-long-name-with-dashes-and-2-digits",
        "eyes, eyewitness.testimony.statement", "eyebrow.configuration.settings", "dapibus ac facilisis", "hf_hub_download",
        "max_tokens=4096, total_tokens: 12345", "token: authentication_required", "secret = internationalization",
        "the API key is missing", "api_key=None", "API_KEY=", "Authorization: Bearer", "Bearer tokens are described in RFC 6750",
        "npm_config_registry", "xapp-based", "SG. and AQ. are prefixes", "AKIA", "sk-ant-", "gsk_", "ghp_token",
        "-----BEGIN CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----", "sk-...WXYZ", "sk-...****", "API_KEY=github_pat_...WX1Z", "api_keys: [...WX1Z, ...WX2Z]",
        "public_key=0123456789abcdef0123456789abcdef", "the keys, and the rest", "OPENAI_API_KEY is missing, set it",
        "API_KEY=\nCOMMIT=48e0e7c1d2a3b4c5d6e7f8a9b0c1d2e3f4a5b6c7", "api_key:\n  id: 0123456789abcdef0123456789abcdef",
        "secret=\n0123456789abcdef0123456789abcdef is the commit", "secrets:\n  my_service_account_v2:\n    file: x",
        "api_keys:\n  - main\n  - spare\nrevision:\n  - 48e0e7c1d2a3b4c5d6e7f8a9b0c1d2e3f4a5b6c7",
        "api_keys:\n  - ...WX1Z\n  - ...WX2Z", "the key\n0123456789abcdef0123456789abcdef", "token:\n\n--- 2 ---",
        "0123456789abcdef0123456789abcdef", "commit 48e0e7c1d2a3b4c5d6e7f8a9b0c1d2e3f4a5b6c7", "日本語のテキスト",
    ] {
        add(&format!("left alone: {text}"), text, text);
    }
    out
}
