//! Where a program's keys come from: a wallet, the environment, nowhere.

use std::sync::Arc;

use chrysalis_crypto::api_keys::ApiKey;

use crate::error::SecurityError;
use crate::wallet::ApiKeyWallet;

/// What kind of source had a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeySourceKind {
    /// A wallet.
    Wallet,
    /// An environment variable.
    Env,
    /// No source had it.
    None,
}

impl KeySourceKind {
    /// `wallet`, `env` or `none`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wallet => "wallet",
            Self::Env => "env",
            Self::None => "none",
        }
    }
}

/// A provider's key, if there is one, and where it was found.
#[derive(Clone, Debug)]
pub struct FoundKey {
    /// The key; `None` where no source has it.
    pub key: Option<Arc<ApiKey>>,
    /// Where it was found.
    pub source: KeySourceKind,
}

impl FoundKey {
    /// No key, from nowhere.
    #[must_use]
    pub fn none() -> Self {
        Self { key: None, source: KeySourceKind::None }
    }

    /// Whether there is a key.
    #[must_use]
    pub fn is_found(&self) -> bool {
        self.key.is_some()
    }
}

/// Something that has keys of providers. Nothing is cached here, so that a key that was rotated, removed or locked away
/// is never given out.
pub trait KeySource: Send + Sync {
    /// The provider's key. A locked wallet has none.
    ///
    /// # Errors
    /// [`SecurityError::InvalidProvider`] and failures to open a key.
    fn key(&self, provider: &str, now_ms: u64) -> Result<FoundKey, SecurityError>;

    /// Whether keys can be had at the moment.
    fn is_ready(&self, now_ms: u64) -> bool;
}

/// A source over a wallet.
#[derive(Debug)]
pub struct WalletKeySource(Arc<ApiKeyWallet>);

impl WalletKeySource {
    /// The keys of `wallet`, while it is open.
    #[must_use]
    pub fn new(wallet: Arc<ApiKeyWallet>) -> Self {
        Self(wallet)
    }
}

impl KeySource for WalletKeySource {
    fn key(&self, provider: &str, now_ms: u64) -> Result<FoundKey, SecurityError> {
        if !self.is_ready(now_ms) {
            return Ok(FoundKey::none());
        }
        match self.0.key_for_provider(provider, now_ms) {
            Ok(Some(key)) => Ok(FoundKey { key: Some(key), source: KeySourceKind::Wallet }),
            // Another thread may have locked it since.
            Ok(None) | Err(SecurityError::WalletLocked) => Ok(FoundKey::none()),
            Err(error) => Err(error),
        }
    }

    fn is_ready(&self, now_ms: u64) -> bool {
        self.0.tick(now_ms);
        self.0.is_unlocked()
    }
}

/// The variables in which programs look for keys, by provider.
pub const ENV_VARIABLES: &[(&str, &str)] =
    &[("openai", "OPENAI_API_KEY"), ("anthropic", "ANTHROPIC_API_KEY"), ("ollama", "OLLAMA_API_KEY")];

/// A source over environment variables: those of [`ENV_VARIABLES`].
pub struct EnvKeySource {
    lookup: Box<Lookup>,
}

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

impl EnvKeySource {
    /// The variables that `lookup` gives, by name.
    #[must_use]
    pub fn new(lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self { lookup: Box::new(lookup) }
    }

    /// The process's own variables. Those that are not Unicode count as unset.
    #[cfg(not(target_family = "wasm"))]
    #[must_use]
    pub fn of_process() -> Self {
        Self::new(|name| std::env::var(name).ok())
    }
}

impl std::fmt::Debug for EnvKeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EnvKeySource").finish_non_exhaustive()
    }
}

impl KeySource for EnvKeySource {
    fn key(&self, provider: &str, _: u64) -> Result<FoundKey, SecurityError> {
        let provider = provider.trim().to_ascii_lowercase();
        let variable = ENV_VARIABLES.iter().find(|(known, _)| *known == provider);
        let text = variable.and_then(|(_, name)| (self.lookup)(name)).filter(|text| !text.is_empty());
        match text {
            Some(text) => {
                Ok(FoundKey { key: Some(Arc::new(ApiKey::new(text)?)), source: KeySourceKind::Env })
            }
            None => Ok(FoundKey::none()),
        }
    }

    fn is_ready(&self, _: u64) -> bool {
        true
    }
}

/// Sources in order: the first that has a key gives it.
#[derive(Default)]
pub struct KeySources(Vec<Box<dyn KeySource>>);

impl KeySources {
    /// The sources, first to be asked first. None at all never have a key.
    #[must_use]
    pub fn new(sources: Vec<Box<dyn KeySource>>) -> Self {
        Self(sources)
    }
}

impl KeySource for KeySources {
    fn key(&self, provider: &str, now_ms: u64) -> Result<FoundKey, SecurityError> {
        for source in &self.0 {
            let found = source.key(provider, now_ms)?;
            if found.is_found() {
                return Ok(found);
            }
        }
        Ok(FoundKey::none())
    }

    fn is_ready(&self, now_ms: u64) -> bool {
        self.0.iter().any(|source| source.is_ready(now_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wallet::NewKey;
    use chrysalis_crypto::kdf::Argon2Params;

    #[test]
    fn the_first_source_that_has_a_key_gives_it() {
        let wallet = Arc::new(ApiKeyWallet::with_params(Argon2Params::new(8192, 1, 1).unwrap()));
        wallet.initialize(b"password", 0).unwrap();
        let key = ApiKey::new("wallet-key-0123456789".to_owned()).unwrap();
        wallet.add_key("openai", &key, NewKey::default(), 0).unwrap();
        let env = EnvKeySource::new(|name| match name {
            "OPENAI_API_KEY" | "ANTHROPIC_API_KEY" => Some("env-key-0123456789".to_owned()),
            "OLLAMA_API_KEY" => Some(String::new()),
            _ => None,
        });
        let sources =
            KeySources::new(vec![Box::new(WalletKeySource::new(Arc::clone(&wallet))), Box::new(env)]);
        let source = |provider| sources.key(provider, 1).unwrap().source.as_str();
        assert_eq!(
            ["openai", "OpenAI", "anthropic", "ollama", "groq"].map(source),
            ["wallet", "wallet", "env", "none", "none"]
        );
        wallet.lock(1);
        assert_eq!(source("openai"), "env");
        assert!(sources.is_ready(1));
        assert!(!KeySources::default().is_ready(1));
        assert!(!KeySources::default().key("openai", 1).unwrap().is_found());
    }
}
