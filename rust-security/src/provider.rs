//! Names of those who issue keys.

use std::fmt;
use std::str::FromStr;

use crate::api_key::looks_like_key;
use crate::error::SecurityError;

/// The longest provider name in bytes.
pub const MAX_PROVIDER_LENGTH: usize = 64;

/// The providers that wallets know by name; any other name becomes `custom:{name}` there.
pub const KNOWN_PROVIDERS: &[&str] = &[
    "openai",
    "anthropic",
    "ollama",
    "huggingface",
    "google",
    "azure",
    "cohere",
    "replicate",
    "custom",
    "mistral",
    "groq",
    "openrouter",
    "nomic",
    "voyage",
    "deepseek",
    "xai",
    "perplexity",
    "together",
    "fireworks",
    "github",
    "aws",
    "slack",
];

/// A provider's name: lower case, `[a-z0-9][a-z0-9_.:-]{0,63}`.
///
/// Names are stored and shown in clear, so text that is recognised as a key is no name: swapped arguments fail
/// instead of leaving a key where nobody expects one.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ProviderName(String);

impl ProviderName {
    /// The name in `text`, lower-cased, without surrounding white space.
    ///
    /// # Errors
    /// [`SecurityError::InvalidProvider`].
    pub fn parse(text: &str) -> Result<Self, SecurityError> {
        let trimmed = text.trim();
        if trimmed.len() > MAX_PROVIDER_LENGTH {
            return Err(SecurityError::InvalidProvider);
        }
        let name = trimmed.to_ascii_lowercase();
        if looks_like_key(trimmed) || looks_like_key(&name) {
            return Err(SecurityError::InvalidProvider);
        }
        Self::read(&name)
    }

    /// The name that was stored in this spelling. What counts as a key may change between versions and is no reason to
    /// refuse what an earlier one stored.
    pub(crate) fn read(name: &str) -> Result<Self, SecurityError> {
        let is_first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let is_later = |byte: u8| is_first(byte) || b"_.:-".contains(&byte);
        match name.as_bytes() {
            [first, rest @ ..]
                if name.len() <= MAX_PROVIDER_LENGTH
                    && is_first(*first)
                    && rest.iter().all(|byte| is_later(*byte)) =>
            {
                Ok(Self(name.to_owned()))
            }
            _ => Err(SecurityError::InvalidProvider),
        }
    }

    /// The name as wallets keep it: a known one as it is, any other with `custom:` before it.
    ///
    /// # Errors
    /// [`SecurityError::InvalidProvider`], also where the name is too long with the prefix.
    pub fn parse_for_wallet(text: &str) -> Result<Self, SecurityError> {
        let name = Self::parse(text)?;
        if KNOWN_PROVIDERS.contains(&name.as_str()) || name.0.starts_with("custom:") {
            return Ok(name);
        }
        Self::read(&format!("custom:{name}"))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ProviderName {
    type Err = SecurityError;

    fn from_str(text: &str) -> Result<Self, SecurityError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_lowered_and_checked() {
        assert_eq!(ProviderName::parse(" OpenAI\n").unwrap().as_str(), "openai");
        assert_eq!(ProviderName::parse("a").unwrap().as_str(), "a");
        assert_eq!(ProviderName::parse("0.b_c:d-e").unwrap().as_str(), "0.b_c:d-e");
        let longest = "x".repeat(64);
        assert_eq!(ProviderName::parse(&longest).unwrap().as_str(), longest);
        for name in ["", " ", "-a", ".a", ":a", "a b", "ä", "a/b", "a\0", &"x".repeat(65)] {
            assert_eq!(ProviderName::parse(name), Err(SecurityError::InvalidProvider), "{name:?}");
        }
    }

    #[test]
    fn wallets_mark_names_they_do_not_know() {
        assert_eq!(ProviderName::parse_for_wallet("GROQ").unwrap().as_str(), "groq");
        assert_eq!(ProviderName::parse_for_wallet("acme").unwrap().as_str(), "custom:acme");
        assert_eq!(ProviderName::parse_for_wallet("custom:acme").unwrap().as_str(), "custom:acme");
        assert_eq!(ProviderName::parse_for_wallet("custom").unwrap().as_str(), "custom");
        assert!(ProviderName::parse_for_wallet(&"x".repeat(57)).is_ok());
        assert!(ProviderName::parse_for_wallet(&"x".repeat(58)).is_err());
    }

    #[test]
    fn a_key_in_the_place_of_a_name_is_refused() {
        let key = format!("{}{}", "ghp_", "aB3d".repeat(9));
        assert_eq!(ProviderName::parse(&key), Err(SecurityError::InvalidProvider));
        assert_eq!(ProviderName::parse(&"0a1b".repeat(8)), Err(SecurityError::InvalidProvider));
        // Nothing is accepted that is stored in another spelling, which then looks like a key.
        let lowered = format!("{}{}", "jina_", "aB3d".repeat(9)).to_uppercase();
        assert_eq!(ProviderName::parse(&lowered), Err(SecurityError::InvalidProvider));
    }
}
