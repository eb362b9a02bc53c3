//! The rules for API keys, as this crate uses them.

use chrysalis_crypto::api_keys::{ApiKey, Confidence, KeyType, validate_key_format};

use crate::error::SecurityError;

/// Checks a key leniently: an unknown but plausible one is accepted.
pub(crate) fn check(key: &ApiKey) -> Result<KeyType, SecurityError> {
    validate_key_format(key).map_err(SecurityError::InvalidApiKey)
}

/// The fewest bytes of a key that is recognised for certain, or likely.
const MIN_RECOGNISED_LENGTH: usize = 20;

/// Whether text that is about to be stored or shown in clear is recognised as a key.
pub(crate) fn looks_like_key(text: &str) -> bool {
    if text.len() < MIN_RECOGNISED_LENGTH {
        return false;
    }
    let Ok(key) = ApiKey::new(text.to_owned()) else { return false };
    validate_key_format(&key)
        .is_ok_and(|found| matches!(found.confidence, Confidence::Certain | Confidence::Likely))
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
