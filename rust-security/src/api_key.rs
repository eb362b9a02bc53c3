//! The rules for API keys, as this crate uses them.

use chrysalis_crypto::api_keys::{ApiKey, KeyType, redact_text, validate_key_format};

use crate::error::SecurityError;

/// Checks a key leniently: an unknown but plausible one is accepted.
pub(crate) fn check(key: &ApiKey) -> Result<KeyType, SecurityError> {
    validate_key_format(key).map_err(SecurityError::InvalidApiKey)
}

/// The fewest characters of a key without a prefix.
const MIN_BARE_LENGTH: usize = 32;

/// Whether text that is about to be stored or shown in clear holds what is recognised as a key, or is one long run of
/// letters and digits as keys without a prefix are.
pub(crate) fn looks_like_key(text: &str) -> bool {
    redact_text(text) != text || is_bare_key(text)
}

fn is_bare_key(text: &str) -> bool {
    text.len() >= MIN_BARE_LENGTH
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Refuses a name that is recognised as a key: arguments were swapped.
pub(crate) fn check_printed_name(name: &str) -> Result<(), SecurityError> {
    if looks_like_key(name) {
        return Err(SecurityError::argument("name looks like a key"));
    }
    Ok(())
}

/// The form of a key that older programs listed: its first 8 characters and `...`; `None` where that would be all of
/// it, or it is no text.
pub(crate) fn legacy_prefix(key: &[u8]) -> Option<String> {
    let text = str::from_utf8(key).ok()?;
    let (end, _) = text.char_indices().nth(8)?;
    Some(format!("{}...", &text[..end]))
}
