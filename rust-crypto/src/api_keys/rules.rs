//! What keys of each provider look like: one table, and what its rows mean.
//!
//! The facts come from public rule sets (gitleaks, trufflehog), public issue threads and public configuration
//! examples. Change a row here and raise [`RULES_VERSION`]; nothing else in this module names a provider.

use super::Confidence;

/// Version of the table; goes up with every change of a row.
pub const RULES_VERSION: u32 = 1;

/// One shape of key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub(super) provider: &'static str,
    pub(super) kind: &'static str,
    pub(super) confidence: Confidence,
    /// What such a key starts with; empty if only the name beside it tells.
    pub(super) prefix: &'static str,
    /// What follows. A run of varying length is followed by nothing that it could take itself, so that matching
    /// never has to go back.
    pub(super) body: &'static [Part],
    /// What tells the body from words, where text is searched.
    pub(super) needs: Needs,
}

/// A piece of a key's body.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// These very characters.
    Text(&'static str),
    /// From so many to so many characters of a class.
    Run(Class, usize, usize),
}

/// A set of characters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Class {
    Digit,
    Hex,
    Upper,
    UpperDigit,
    LowerDigit,
    Alnum,
    Word,
    Base64Url,
    Base64,
    Bech32,
    /// Base64url and single dots: two dots in a row are how a redaction begins.
    Dotted,
}

/// What the beginning of a body must hold before text counts as a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Needs {
    Nothing,
    /// An upper-case letter, which names in lower case with dashes lack.
    Upper,
    /// A digit or an upper-case letter, which words lack.
    Varied,
    /// Every part of the body, not only up to the first run of varying length.
    WholeBody,
}

impl Class {
    /// Whether `byte` belongs to the class when it follows `before`.
    pub(super) const fn contains(self, byte: u8, before: u8) -> bool {
        match self {
            Self::Digit => byte.is_ascii_digit(),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Upper => byte.is_ascii_uppercase(),
            Self::UpperDigit => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::LowerDigit => byte.is_ascii_lowercase() || byte.is_ascii_digit(),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Word => byte.is_ascii_alphanumeric() || byte == b'_',
            Self::Base64Url => is_base64url(byte),
            Self::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='),
            Self::Bech32 => {
                (byte.is_ascii_uppercase() || byte.is_ascii_digit())
                    && !matches!(byte, b'1' | b'B' | b'I' | b'O')
            }
            Self::Dotted => is_base64url(byte) || (byte == b'.' && before != b'.'),
        }
    }
}

pub(super) const fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

impl Rule {
    const fn needs(mut self, needs: Needs) -> Self {
        self.needs = needs;
        self
    }
}

const fn certain(p: &'static str, k: &'static str, prefix: &'static str, body: &'static [Part]) -> Rule {
    Rule { provider: p, kind: k, confidence: Confidence::Certain, prefix, body, needs: Needs::Nothing }
}

const fn likely(p: &'static str, k: &'static str, prefix: &'static str, body: &'static [Part]) -> Rule {
    Rule { provider: p, kind: k, confidence: Confidence::Likely, prefix, body, needs: Needs::Varied }
}

const fn hint(p: &'static str, k: &'static str, prefix: &'static str, body: &'static [Part]) -> Rule {
    Rule { provider: p, kind: k, confidence: Confidence::Hint, prefix, body, needs: Needs::Nothing }
}

/// A shape that is hidden in text although nobody knows whose it is.
const fn unknown(prefix: &'static str, body: &'static [Part]) -> Rule {
    let (provider, kind) = (super::GENERIC, super::GENERIC);
    Rule { provider, kind, confidence: Confidence::Unknown, prefix, body, needs: Needs::Varied }
}

/// Exactly `n` characters.
const fn run(class: Class, n: usize) -> Part {
    Run(class, n, n)
}

/// At least `n` characters; the length of the whole key is limited elsewhere.
const fn from(class: Class, n: usize) -> Part {
    Run(class, n, super::MAX_LENGTH)
}

use Class::{Alnum, Base64, Base64Url, Bech32, Digit, Dotted, Hex, LowerDigit, Upper, UpperDigit, Word};
use Part::{Run, Text};

const STRIPE: &[Part] = &[Run(Alnum, 10, 247)];
const GITHUB: &[Part] = &[Run(Alnum, 36, 255)];
const AWS_ID: &[Part] = &[run(UpperDigit, 16)];
const LANGSMITH: &[Part] = &[run(Hex, 32), Text("_"), run(Hex, 10)];
const UUID: &[Part] = &[
    run(Hex, 8),
    Text("-"),
    run(Hex, 4),
    Text("-"),
    run(Hex, 4),
    Text("-"),
    run(Hex, 4),
    Text("-"),
    run(Hex, 12),
];
const SLACK_USER: &[Part] = &[
    Run(Digit, 10, 13),
    Text("-"),
    Run(Digit, 10, 13),
    Text("-"),
    Run(Digit, 10, 13),
    Text("-"),
    Run(Alnum, 28, 34),
];

/// The table. Where several prefixes fit, the longest decides.
pub(super) const RULES: &[Rule] = &[
    certain("openai", "legacy", "sk-", &[run(Alnum, 20), Text("T3BlbkFJ"), run(Alnum, 20)]),
    certain("openai", "project", "sk-proj-", &[from(Base64Url, 40)]),
    certain("openai", "service-account", "sk-svcacct-", &[from(Base64Url, 40)]),
    certain("openai", "admin", "sk-admin-", &[from(Base64Url, 40)]),
    likely("openai", "organisation-user", "sk-None-", &[from(Base64Url, 40)]),
    certain("anthropic", "api", "sk-ant-api03-", &[run(Base64Url, 93), Text("AA")]),
    certain("anthropic", "admin", "sk-ant-admin01-", &[run(Base64Url, 93), Text("AA")]),
    likely("anthropic", "oauth", "sk-ant-oat01-", &[from(Base64Url, 20)]),
    likely("anthropic", "session", "sk-ant-sid01-", &[from(Base64Url, 20)]),
    likely("anthropic", "other", "sk-ant-", &[run(Alnum, 5), Text("-"), from(Base64Url, 20)]),
    likely("anthropic", "other", "sk-ant-", &[run(Alnum, 6), Text("-"), from(Base64Url, 20)]),
    likely("anthropic", "other", "sk-ant-", &[run(Alnum, 7), Text("-"), from(Base64Url, 20)]),
    likely("anthropic", "other", "sk-ant-", &[run(Alnum, 8), Text("-"), from(Base64Url, 20)]),
    certain("google", "api", "AIza", &[run(Base64Url, 35)]),
    likely("google", "auth", "AQ.", &[from(Base64Url, 30)]),
    likely("google", "auth", "IQ.", &[from(Base64Url, 30)]),
    likely("google", "oauth", "ya29.", &[from(Dotted, 20)]),
    likely("nomic", "api", "nk-", &[Run(Base64Url, 40, 64)]).needs(Needs::Upper),
    certain("huggingface", "user", "hf_", &[run(Alnum, 34)]),
    certain("huggingface", "organisation", "api_org_", &[run(Alnum, 34)]),
    certain("openrouter", "api", "sk-or-v1-", &[run(Hex, 64)]),
    certain("groq", "api", "gsk_", &[run(Alnum, 52)]),
    certain("xai", "api", "xai-", &[run(Word, 80)]),
    hint("deepseek", "api", "sk-", &[run(LowerDigit, 32)]),
    certain("perplexity", "api", "pplx-", &[run(Alnum, 48)]),
    hint("mistral", "api", "", &[run(Alnum, 32)]),
    hint("cohere", "api", "", &[run(Alnum, 40)]),
    likely("together", "api", "tgp_v1_", &[run(Base64Url, 43)]),
    hint("together", "legacy", "", &[run(Hex, 64)]),
    likely("fireworks", "api", "fw_", &[Run(Alnum, 20, 40)]),
    likely("fireworks", "api", "fw-", &[Run(Alnum, 20, 40)]),
    likely("fireworks", "api", "fpk_", &[Run(Alnum, 20, 40)]),
    likely("alibaba", "bailian", "sk-sp-", &[from(Dotted, 20)]),
    hint("zhipu", "api", "", &[run(Hex, 32), Text("."), run(Alnum, 16)]),
    likely("voyage", "api", "pa-", &[from(Base64Url, 40)]).needs(Needs::Upper),
    likely("cerebras", "api", "csk-", &[from(Alnum, 20)]),
    likely("tavily", "development", "tvly-dev-", &[from(Alnum, 20)]),
    likely("tavily", "api", "tvly-", &[from(Alnum, 20)]),
    likely("jina", "api", "jina_", &[from(Alnum, 20)]),
    likely("firecrawl", "api", "fc-", &[from(Alnum, 20)]),
    certain("replicate", "api", "r8_", &[run(Base64Url, 37)]).needs(Needs::Upper),
    likely("elevenlabs", "api", "sk_", &[run(Hex, 48)]),
    certain("nvidia", "api", "nvapi-", &[run(Base64Url, 64)]),
    certain("langsmith", "personal", "lsv2_pt_", LANGSMITH),
    certain("langsmith", "service", "lsv2_sk_", LANGSMITH),
    certain("langfuse", "secret", "sk-lf-", UUID),
    certain("pinecone", "api", "pcsk_", &[run(Alnum, 5), Text("_"), run(Alnum, 63)]),
    certain("pinecone", "api", "pcsk_", &[run(Alnum, 6), Text("_"), run(Alnum, 63)]),
    certain("databricks", "token", "dapi", &[run(Hex, 32)]),
    certain("databricks", "token", "dapi", &[run(Hex, 32), Text("-"), run(Digit, 1)]),
    hint("azure", "openai", "", &[run(Hex, 32)]),
    hint("azure", "openai", "", &[run(Alnum, 84)]),
    certain("aws", "access-key-id", "AKIA", AWS_ID),
    certain("aws", "access-key-id", "ABIA", AWS_ID),
    certain("aws", "access-key-id", "ACCA", AWS_ID),
    certain("aws", "temporary-key-id", "ASIA", AWS_ID),
    certain("aws", "bedrock", "ABSK", &[Run(Base64, 109, 269)]),
    certain("aws", "bedrock", "bedrock-api-key-", &[from(Base64, 20)]),
    hint("aws", "secret-key", "", &[run(Base64, 40)]),
    certain("github", "classic", "ghp_", GITHUB),
    certain("github", "oauth", "gho_", GITHUB),
    certain("github", "user", "ghu_", GITHUB),
    certain("github", "refresh", "ghr_", GITHUB),
    certain("github", "fine-grained", "github_pat_", &[run(Word, 82)]),
    certain("github", "installation", "ghs_", &[run(Alnum, 36)]),
    certain("github", "installation", "ghs_", &[Run(Dotted, 100, 2048)]),
    certain("gitlab", "personal", "glpat-", &[run(Base64Url, 20)]),
    certain("gitlab", "personal", "glpat-", &[Run(Base64Url, 27, 300), Text("."), run(LowerDigit, 9)]),
    certain("gitlab", "personal", "glpat-", &[Run(Base64Url, 27, 300), Text("."), run(LowerDigit, 11)]),
    certain(
        "slack",
        "bot",
        "xoxb-",
        &[Run(Digit, 10, 13), Text("-"), Run(Digit, 10, 13), from(Base64Url, 0)],
    ),
    certain("slack", "user", "xoxp-", SLACK_USER),
    certain("slack", "user", "xoxe-", SLACK_USER),
    certain("slack", "app", "xapp-", &[run(Digit, 1), Text("-"), from(Base64Url, 10)]),
    certain("slack", "legacy", "xoxa-", &[from(Base64Url, 10)]),
    certain("slack", "legacy", "xoxr-", &[from(Base64Url, 10)]),
    certain("slack", "legacy", "xoxo-", &[from(Base64Url, 10)]),
    certain("slack", "legacy", "xoxs-", &[from(Base64Url, 10)]),
    certain("slack", "refresh", "xoxe.xoxb-1-", &[Run(Base64Url, 163, 166)]),
    certain("slack", "refresh", "xoxe.xoxp-1-", &[Run(Base64Url, 163, 166)]),
    certain("stripe", "test", "sk_test_", STRIPE),
    certain("stripe", "live", "sk_live_", STRIPE),
    certain("stripe", "live", "sk_prod_", STRIPE),
    certain("stripe", "test", "rk_test_", STRIPE),
    certain("stripe", "live", "rk_live_", STRIPE),
    certain("stripe", "live", "rk_prod_", STRIPE),
    certain("sendgrid", "api", "SG.", &[run(Base64Url, 22), Text("."), run(Base64Url, 43)]),
    certain("npm", "token", "npm_", &[run(Alnum, 36)]),
    certain("pypi", "token", "pypi-AgEIcHlwaS5vcmc", &[Run(Base64Url, 50, 1000)]),
    certain("age", "secret", "AGE-SECRET-KEY-1", &[run(Bech32, 58)]),
    // A JSON object in base64url starts `ey`, and the character after that is always a capital letter.
    certain(
        super::GENERIC,
        "jwt",
        "ey",
        &[run(Upper, 1), from(Base64Url, 8), Text("."), from(Base64Url, 8), Text("."), from(Base64Url, 1)],
    )
    .needs(Needs::WholeBody),
    unknown("sk-", &[from(Alnum, 20)]),
    unknown("sk-", &[from(Base64Url, 32)]).needs(Needs::Upper),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_run_of_varying_length_could_take_what_follows_it() {
        for rule in RULES {
            for pair in rule.body.windows(2) {
                let Run(class, min, max) = pair[0] else { continue };
                if min == max {
                    continue;
                }
                let clash = (0..128).any(|byte| {
                    class.contains(byte, b'a')
                        && match pair[1] {
                            Text(text) => text.as_bytes()[0] == byte,
                            Run(next, ..) => next.contains(byte, b'a'),
                        }
                });
                // Nothing is lost where the run that follows may be empty and takes whatever is left.
                let rest = matches!(pair[1], Run(_, 0, super::super::MAX_LENGTH));
                assert!(!clash || rest, "{} {}", rule.provider, rule.kind);
            }
        }
    }

    #[test]
    fn rows_are_well_formed() {
        for rule in RULES {
            let name = format!("{} {} {}", rule.provider, rule.kind, rule.prefix);
            assert!(rule.prefix.bytes().all(|byte| byte.is_ascii_graphic()), "{name}");
            assert!(!rule.body.is_empty(), "{name}");
            assert!(!rule.prefix.is_empty() || rule.confidence == Confidence::Hint, "{name}");
            for part in rule.body {
                match part {
                    Text(text) => assert!(!text.is_empty() && !text.contains(".."), "{name}"),
                    Run(_, min, max) => assert!(min <= max && *max <= super::super::MAX_LENGTH, "{name}"),
                }
            }
            let provider = rule.provider.bytes().all(|byte| byte.is_ascii_lowercase());
            assert!(provider, "{name}");
        }
    }

    #[test]
    fn no_class_takes_two_dots_in_a_row() {
        let classes =
            [Digit, Hex, Upper, UpperDigit, LowerDigit, Alnum, Word, Base64Url, Base64, Bech32, Dotted];
        for class in classes {
            assert!(!class.contains(b'.', b'.'), "{class:?}");
        }
    }
}
