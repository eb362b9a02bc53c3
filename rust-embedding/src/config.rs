//! A service as data: what Rust, Python, TypeScript and files say about providers, limits and caches, checked and turned into
//! a builder (contract 7.1). Times are in seconds, sizes in bytes, names in snake case; unknown fields are refused.

mod provider;

use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

use crate::cache::MemorySettings;
use crate::error::EmbeddingError;
use crate::port::Runtime;
use crate::provider::{Classification, Transport};
use crate::service::{FallbackPolicy, ServiceBuilder, ServiceSettings};

use provider::seconds;
pub use provider::{LocalPrecision, ProviderConfig, ProviderKind, SecretText};

/// A whole service.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceConfig {
    /// The providers; the first is asked first.
    pub providers: Vec<ProviderConfig>,
    /// `compatible` unless said otherwise.
    pub fallback: FallbackPolicy,
    /// `status` unless said otherwise.
    pub error_classification: Classification,
    /// Whether white space is normalised; see [`ServiceSettings::normalizes_text`].
    pub normalizes_text: bool,
    /// Whether vectors of another length than the space are taken; see [`ServiceSettings::takes_any_length`].
    pub takes_any_length: bool,
    /// Texts that may wait.
    pub max_waiting_texts: Option<usize>,
    /// Bytes of texts that may wait.
    pub max_waiting_bytes: Option<usize>,
    /// Bytes that one text may have.
    pub max_text_bytes: Option<usize>,
    /// Seconds in which a connection must be made; natively only.
    pub connect_timeout: Option<f64>,
    /// Whether proxies of the environment are left alone; natively only.
    pub ignores_proxies: bool,
    /// Keeps vectors in memory.
    pub memory_cache: Option<MemoryCacheConfig>,
    /// Keeps vectors on disk too; natively only.
    pub disk_cache: Option<DiskCacheConfig>,
}

/// A cache in memory.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemoryCacheConfig {
    /// Bytes, the books included.
    pub max_bytes: Option<usize>,
    /// Vectors.
    pub max_entries: Option<usize>,
    /// Seconds.
    pub max_age: Option<f64>,
}

/// A cache on disk.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiskCacheConfig {
    /// The directory.
    pub path: PathBuf,
    /// Bytes of vectors.
    pub max_bytes: Option<u64>,
    /// Vectors.
    pub max_entries: Option<usize>,
    /// Seconds.
    pub max_age: Option<f64>,
}

impl ServiceConfig {
    /// Reads JSON.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`]; what the parser says is not kept, because it may quote a key.
    pub fn from_json(text: &str) -> Result<Self, EmbeddingError> {
        serde_json::from_str(text)
            .map_err(|_| EmbeddingError::InvalidConfig("not a configuration of a service"))
    }

    /// A builder with the providers and the cache in memory, on this transport.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`], [`EmbeddingError::MissingKey`].
    pub fn to_builder(
        &self,
        transport: &Arc<dyn Transport>,
        runtime: &Arc<dyn Runtime>,
    ) -> Result<ServiceBuilder, EmbeddingError> {
        let defaults = ServiceSettings::default();
        let settings = ServiceSettings {
            fallback: self.fallback,
            max_waiting_texts: self.max_waiting_texts.unwrap_or(defaults.max_waiting_texts),
            max_waiting_bytes: self.max_waiting_bytes.unwrap_or(defaults.max_waiting_bytes),
            max_text_bytes: self.max_text_bytes.unwrap_or(defaults.max_text_bytes),
            normalizes_text: self.normalizes_text,
            takes_any_length: self.takes_any_length,
        };
        let mut builder = ServiceBuilder::new(settings);
        for config in &self.providers {
            let provider = config.to_provider(transport, runtime, self.error_classification)?;
            builder = builder.provider(provider, config.to_lane()?);
        }
        if let Some(memory) = &self.memory_cache {
            let defaults = MemorySettings::default();
            builder = builder.memory_cache(MemorySettings {
                max_bytes: memory.max_bytes.unwrap_or(defaults.max_bytes),
                max_entries: memory.max_entries.unwrap_or(defaults.max_entries),
                max_age: seconds(memory.max_age, defaults.max_age)?,
            });
        }
        Ok(builder)
    }

    /// The service over the network and with its cache on disk, on this runtime.
    ///
    /// # Errors
    /// As [`to_builder`](Self::to_builder), [`Client::new`](crate::provider::Client::new) and
    /// [`DiskCache::open`](crate::cache::DiskCache::open).
    #[cfg(all(feature = "http", not(target_arch = "wasm32")))]
    pub fn to_service(&self, runtime: Arc<dyn Runtime>) -> Result<crate::EmbeddingService, EmbeddingError> {
        use crate::cache::{DiskCache, DiskSettings};
        use crate::provider::{Client, ClientSettings};

        let defaults = ClientSettings::default();
        let in_flight = self.providers.iter().filter_map(|provider| provider.max_in_flight).max();
        let client = Client::new(&ClientSettings {
            connect_timeout: seconds(self.connect_timeout, defaults.connect_timeout)?,
            max_idle_per_host: in_flight.unwrap_or(0).max(defaults.max_idle_per_host),
            uses_proxies: !self.ignores_proxies,
            ..defaults
        })?;
        let transport: Arc<dyn Transport> = Arc::new(client);
        let mut builder = self.to_builder(&transport, &runtime)?;
        if let Some(disk) = &self.disk_cache {
            let defaults = DiskSettings::default();
            let settings = DiskSettings {
                max_bytes: disk.max_bytes.unwrap_or(defaults.max_bytes),
                max_entries: disk.max_entries.unwrap_or(defaults.max_entries),
                max_age: seconds(disk.max_age, defaults.max_age)?,
                ..defaults
            };
            if disk.path.as_os_str().is_empty() {
                return Err(EmbeddingError::InvalidConfig("path of the cache on disk"));
            }
            builder = builder.disk_cache(Arc::new(DiskCache::open(&disk.path, settings)?));
        }
        builder.build(runtime)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_configuration_is_read_strictly() {
        let text = r#"{"providers":[
            {"provider":"openai","api_key":"sk-secret-1","model":"text-embedding-3-small","dimensions":256,"timeout":2.5,"max_retries":0},
            {"provider":"ollama","task":"search"},
            {"provider":"deterministic","dimensions":256}],
            "fallback":"any","memory_cache":{"max_age":60}}"#;
        let config = ServiceConfig::from_json(text).unwrap();
        assert_eq!(config.providers.len(), 3);
        assert_eq!(config.fallback, FallbackPolicy::Any);
        let lane = config.providers[0].to_lane().unwrap();
        assert_eq!((lane.attempt_timeout, lane.retry.max_retries), (Duration::from_millis(2500), 0));
        assert!(!format!("{config:?}").contains("secret"));
        for bad in [
            "",
            r#"{"provider":[]}"#,
            r#"{"providers":[{"provider":"other"}]}"#,
            r#"{"providers":[{"provider":"openai","apiKey":"sk-secret-1"}]}"#,
            r#"{"fallback":"sometimes"}"#,
        ] {
            let error = ServiceConfig::from_json(bad).unwrap_err();
            assert_eq!(error.code(), "embedding/invalid-config");
            assert!(!error.to_string().contains("secret"));
        }
    }
}
