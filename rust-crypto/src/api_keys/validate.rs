//! Whose key it is, or why it cannot be one.

use super::detect::{Mismatch, matches_whole};
use super::key::ApiKey;
use super::rules::{RULES, Rule};
use super::{GENERIC, MAX_LENGTH, MIN_LENGTH};

/// How sure a recognition is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Confidence {
    /// No rule has this shape.
    Unknown,
    /// The shape fits the provider that was named, but fits others as well.
    Hint,
    /// A prefix of its own and a body as seen so far.
    Likely,
    /// A prefix of its own and a body as documented.
    Certain,
}

impl Confidence {
    /// The name used at the boundary: `certain`, `likely`, `hint` or `unknown`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Hint => "hint",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// What kind of key it is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct KeyType {
    /// The provider, in lower case; [`GENERIC`] if unknown.
    pub provider: &'static str,
    /// The kind of key within the provider; [`GENERIC`] if unknown.
    pub kind: &'static str,
    /// How sure this is.
    pub confidence: Confidence,
}

/// How to validate.
#[derive(Clone, Copy, Debug, Default)]
pub struct ValidationOptions<'a> {
    /// Whose key it should be, if known; any case. Names that the table does not know are not compared.
    pub provider: Option<&'a str>,
    /// Refuse keys of unknown shape, and known prefixes with another body.
    pub strict: bool,
}

/// Why something is not accepted as a key. No variant holds a character of it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ValidationError {
    /// There is nothing.
    Empty,
    /// It is shorter than any key.
    TooShort {
        /// The fewest bytes accepted.
        min: usize,
    },
    /// It is longer than any key.
    TooLong {
        /// The most bytes accepted.
        max: usize,
    },
    /// White space, a control character, a quotation mark or anything beyond ASCII. White space at the ends is
    /// reported too, never trimmed.
    InvalidCharacter {
        /// Offset of the first such byte.
        index: usize,
    },
    /// A text that stands where a key belongs.
    Placeholder,
    /// Strict only: a known prefix with another body.
    Malformed {
        /// Whose prefix it is.
        provider: &'static str,
        /// What is wrong with the body.
        reason: MalformedReason,
    },
    /// Strict only: no rule has this shape.
    UnknownFormat,
    /// It is certainly another provider's key.
    ProviderMismatch {
        /// The provider that was named.
        expected: &'static str,
        /// The provider whose key it is.
        detected: &'static str,
    },
}

/// What is wrong with a key's body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum MalformedReason {
    /// It is too short or too long.
    Length,
    /// It holds a character that it may not, or lacks its mark.
    Character,
}

impl ValidationError {
    /// Every code, in the order of the variants.
    pub const CODES: &'static [&'static str] = &[
        "Empty",
        "TooShort",
        "TooLong",
        "InvalidCharacter",
        "Placeholder",
        "Malformed",
        "UnknownFormat",
        "ProviderMismatch",
    ];

    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::TooShort { .. } => "TooShort",
            Self::TooLong { .. } => "TooLong",
            Self::InvalidCharacter { .. } => "InvalidCharacter",
            Self::Placeholder => "Placeholder",
            Self::Malformed { .. } => "Malformed",
            Self::UnknownFormat => "UnknownFormat",
            Self::ProviderMismatch { .. } => "ProviderMismatch",
        }
    }
}

impl std::fmt::Display for ValidationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("the key is empty"),
            Self::TooShort { min } => write!(f, "the key has fewer than {min} characters"),
            Self::TooLong { max } => write!(f, "the key has more than {max} characters"),
            Self::InvalidCharacter { index } => write!(f, "the key has an invalid character at {index}"),
            Self::Placeholder => f.write_str("the key is a placeholder"),
            Self::Malformed { provider, reason: MalformedReason::Length } => {
                write!(f, "the key starts like one of {provider} and has another length")
            }
            Self::Malformed { provider, reason: MalformedReason::Character } => {
                write!(f, "the key starts like one of {provider} and has other characters")
            }
            Self::UnknownFormat => f.write_str("the key has no known format"),
            Self::ProviderMismatch { expected, detected } => {
                write!(f, "the key should be one of {expected} and is one of {detected}")
            }
        }
    }
}

impl std::error::Error for ValidationError {}

/// What kind of key this is, whatever its provider; unknown shapes are accepted as such.
///
/// Time is linear in the key, and nothing is sent anywhere. Says nothing about whether the key works.
///
/// # Errors
/// [`ValidationError`], except the variants that need strictness or a provider.
pub fn validate_key_format(key: &ApiKey) -> Result<KeyType, ValidationError> {
    validate_key_format_with(key, &ValidationOptions::default())
}

/// [`validate_key_format`] for a provider, or strictly.
///
/// # Errors
/// [`ValidationError`].
pub fn validate_key_format_with(
    key: &ApiKey,
    options: &ValidationOptions<'_>,
) -> Result<KeyType, ValidationError> {
    key.expose(|bytes| {
        check_plausible(bytes)?;
        let provider = options.provider.and_then(known_provider);
        let detected = detect(bytes, provider);
        if let Some(expected) = provider
            && detected.confidence == Confidence::Certain
            && detected.provider != GENERIC
            && detected.provider != expected
        {
            return Err(ValidationError::ProviderMismatch { expected, detected: detected.provider });
        }
        if options.strict {
            check_strictly(bytes, detected)?;
        }
        Ok(detected)
    })
}

/// The table's own name for a provider.
fn known_provider(name: &str) -> Option<&'static str> {
    let name = name.trim();
    RULES.iter().map(|rule| rule.provider).find(|known| known.eq_ignore_ascii_case(name) && *known != GENERIC)
}

fn check_plausible(key: &[u8]) -> Result<(), ValidationError> {
    if key.is_empty() {
        return Err(ValidationError::Empty);
    }
    if key.len() < MIN_LENGTH {
        return Err(ValidationError::TooShort { min: MIN_LENGTH });
    }
    if key.len() > MAX_LENGTH {
        return Err(ValidationError::TooLong { max: MAX_LENGTH });
    }
    let invalid = |byte: &u8| !byte.is_ascii_graphic() || matches!(byte, b'"' | b'\'' | b'`');
    if let Some(index) = key.iter().position(invalid) {
        return Err(ValidationError::InvalidCharacter { index });
    }
    if is_placeholder(key) {
        return Err(ValidationError::Placeholder);
    }
    Ok(())
}

fn is_placeholder(key: &[u8]) -> bool {
    let all_same = key.iter().all(|byte| byte == &key[0]);
    let contains = |words: &[u8]| {
        key.windows(words.len()).any(|part| {
            part.iter().zip(words).all(|(a, b)| a.to_ascii_lowercase() == *b || (*a == b'_' && *b == b'-'))
        })
    };
    all_same
        || contains(b"your-api-key")
        || contains(b"changeme")
        || contains(b"...")
        || contains(b"xxxxxxxx")
}

/// The rule that all of the key fits: the longest prefix first, then the surest. Rules that are only hints count
/// for the provider that was named.
fn detect(key: &[u8], provider: Option<&'static str>) -> KeyType {
    let counts = |rule: &&Rule| match rule.confidence {
        Confidence::Unknown => false,
        Confidence::Hint => provider == Some(rule.provider),
        Confidence::Likely | Confidence::Certain => true,
    };
    RULES
        .iter()
        .filter(counts)
        .filter(|rule| matches_whole(rule, key).is_ok())
        .max_by_key(|rule| (rule.prefix.len(), rule.confidence))
        .map_or(KeyType { provider: GENERIC, kind: GENERIC, confidence: Confidence::Unknown }, |rule| {
            KeyType { provider: rule.provider, kind: rule.kind, confidence: rule.confidence }
        })
}

/// The longest prefix that the key has must be one whose body fits.
fn check_strictly(key: &[u8], detected: KeyType) -> Result<(), ValidationError> {
    let known = || {
        let counts = |rule: &&Rule| rule.confidence > Confidence::Hint && !rule.prefix.is_empty();
        RULES.iter().filter(counts).filter(|rule| key.starts_with(rule.prefix.as_bytes()))
    };
    let longest = known().map(|rule| rule.prefix.len()).max().unwrap_or(0);
    let rows = || known().filter(|rule| rule.prefix.len() == longest);
    let mismatches = || rows().filter_map(|rule| matches_whole(rule, key).err().map(|why| (rule, why)));
    let none_fits = mismatches().count() == rows().count();
    // Several providers give out keys with this prefix: another body is a format nobody knows, not a mistake.
    let shared =
        RULES.iter().any(|rule| rows().any(|row| row.prefix == rule.prefix && row.provider != rule.provider));
    match mismatches().min_by_key(|(_, why)| *why != Mismatch::Length) {
        Some((rule, why)) if none_fits && !shared && detected.confidence != Confidence::Hint => {
            let reason = match why {
                Mismatch::Length => MalformedReason::Length,
                Mismatch::Character => MalformedReason::Character,
            };
            Err(ValidationError::Malformed { provider: rule.provider, reason })
        }
        _ if detected.confidence == Confidence::Unknown => Err(ValidationError::UnknownFormat),
        _ => Ok(()),
    }
}
