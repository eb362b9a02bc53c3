//! Which keys a person means.

use chrysalis_security::ProviderName;
use chrysalis_security::wallet::ApiKeyEntry;

use crate::errors::CliError;

/// The fewest digits by which an id can be named.
const MIN_ID_DIGITS: usize = 6;

/// The entries that go by `text`: those of a provider, or else of this name, or else the one whose id begins so.
///
/// # Errors
/// [`CliError::NoSuchKey`] when there are none. The text is not in the error: it may be a key that went astray.
pub(crate) fn all<'a>(entries: &'a [ApiKeyEntry], text: &str) -> Result<Vec<&'a ApiKeyEntry>, CliError> {
    let those = |test: &dyn Fn(&ApiKeyEntry) -> bool| -> Vec<&'a ApiKeyEntry> {
        entries.iter().filter(|entry| test(entry)).collect()
    };
    let provider = ProviderName::parse_for_wallet(text).ok();
    let mut found = those(&|entry| Some(&entry.provider) == provider.as_ref());
    if found.is_empty() {
        found = those(&|entry| entry.name == text);
    }
    if found.is_empty() && text.len() >= MIN_ID_DIGITS {
        found = those(&|entry| entry.id.to_string().starts_with(text));
    }
    if found.is_empty() { Err(CliError::NoSuchKey) } else { Ok(found) }
}

/// The one entry that goes by `text`.
///
/// # Errors
/// As [`all`]; [`CliError::AmbiguousKey`] when there are several.
pub(crate) fn one<'a>(entries: &'a [ApiKeyEntry], text: &str) -> Result<&'a ApiKeyEntry, CliError> {
    let found = all(entries, text)?;
    match found[..] {
        [entry] => Ok(entry),
        _ => Err(CliError::AmbiguousKey { count: found.len() }),
    }
}

/// The entry to use for `text`: of a provider's several, the default, or else the first that has not expired.
///
/// # Errors
/// As [`one`] for names and ids; [`CliError::KeyExpired`].
pub(crate) fn for_use<'a>(
    entries: &'a [ApiKeyEntry],
    text: &str,
    now_ms: u64,
) -> Result<&'a ApiKeyEntry, CliError> {
    let found = all(entries, text)?;
    if found.windows(2).any(|pair| pair[0].provider != pair[1].provider) {
        return Err(CliError::AmbiguousKey { count: found.len() });
    }
    preferred(&found, now_ms).ok_or(CliError::KeyExpired)
}

/// The default of these entries of one provider, or else the first, of those that have not expired.
pub(crate) fn preferred<'a>(entries: &[&'a ApiKeyEntry], now_ms: u64) -> Option<&'a ApiKeyEntry> {
    let usable = || entries.iter().copied().filter(|entry| !entry.is_expired(now_ms));
    usable().find(|entry| entry.is_default).or_else(|| usable().next())
}

#[cfg(test)]
mod tests {
    use chrysalis_security::audit::KeyId;

    use super::*;

    fn entry(provider: &str, name: &str, id: u8) -> ApiKeyEntry {
        ApiKeyEntry {
            id: KeyId::from([id; 16]),
            provider: ProviderName::parse_for_wallet(provider).unwrap(),
            name: name.to_owned(),
            key_prefix: "...last".to_owned(),
            created_at: 1,
            last_used_at: None,
            expires_at: None,
            is_default: false,
            metadata: None,
        }
    }

    fn names(found: Result<Vec<&ApiKeyEntry>, CliError>) -> Vec<&str> {
        found.unwrap().into_iter().map(|entry| entry.name.as_str()).collect()
    }

    #[test]
    fn providers_go_before_names_and_names_before_ids() {
        let entries = [
            entry("groq", "home", 0xa1),
            entry("groq", "work", 0xa2),
            entry("acme", "groq", 0xb1),
            entry("acme", "twin", 0xb2),
            entry("xai", "twin", 0xb3),
        ];
        assert_eq!(names(all(&entries, "GROQ")), ["home", "work"]);
        assert_eq!(names(all(&entries, "acme")), ["groq", "twin"], "a provider of one's own");
        assert_eq!(names(all(&entries, "work")), ["work"]);
        assert_eq!(names(all(&entries, "b1b1b1")), ["groq"]);
        for text in ["b1b1b", "nobody", "", "custom:"] {
            assert!(matches!(all(&entries, text), Err(CliError::NoSuchKey)), "{text}");
        }
        assert!(matches!(one(&entries, "groq"), Err(CliError::AmbiguousKey { count: 2 })));
        assert!(matches!(for_use(&entries, "twin", 5), Err(CliError::AmbiguousKey { count: 2 })));
        assert_eq!(one(&entries, "home").unwrap().name, "home");
    }

    #[test]
    fn the_default_is_used_unless_it_expired() {
        let mut entries = [entry("groq", "first", 1), entry("groq", "second", 2)];
        assert_eq!(for_use(&entries, "groq", 5).unwrap().name, "first");
        entries[1].is_default = true;
        assert_eq!(for_use(&entries, "groq", 5).unwrap().name, "second");
        entries[1].expires_at = Some(5);
        assert_eq!(for_use(&entries, "groq", 5).unwrap().name, "first");
        entries[0].expires_at = Some(4);
        assert!(matches!(for_use(&entries, "groq", 5), Err(CliError::KeyExpired)));
    }
}
