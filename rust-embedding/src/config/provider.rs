//! One provider as data.

use std::fmt;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrysalis_crypto::api_keys::ApiKey;
use serde::{Deserialize, Deserializer};

use crate::error::EmbeddingError;
use crate::port::Runtime;
use crate::provider::deterministic::deterministic;
use crate::provider::huggingface::{self, HuggingFace, HuggingFaceSettings};
use crate::provider::nomic::{Nomic, NomicSettings, NomicStyle, NomicTask};
use crate::provider::ollama::{Ollama, OllamaApi, OllamaSettings};
use crate::provider::openai::{EncodingFormat, OpenAi, OpenAiSettings, TokenCounter};
use crate::provider::voyage::{self, Voyage, VoyageSettings};
use crate::provider::{Classification, EmbeddingProvider, HttpProvider, Protocol, Transport};
use crate::service::{GateSettings, LaneSettings, RetryPolicy};

/// Which provider.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// OpenAI and what speaks as it does.
    OpenAi,
    /// Nomic.
    Nomic,
    /// Voyage.
    Voyage,
    /// Ollama.
    Ollama,
    /// Hugging Face.
    HuggingFace,
    /// Deterministic vectors.
    Deterministic,
    /// A model in a directory of this machine; natively only, in a browser see
    /// [`LocalModel::from_files`](crate::model::LocalModel::from_files).
    #[cfg(not(target_arch = "wasm32"))]
    Local,
}

/// How a local model computes; see [`Precision`](crate::model::Precision).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum LocalPrecision {
    /// int8, the same bits everywhere.
    #[default]
    Int8Canonical,
    /// `f32`, a space of its own.
    F32,
}

/// One provider. Fields that it has no use for are refused.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// Which one.
    pub provider: ProviderKind,
    /// The key.
    #[serde(default)]
    pub api_key: Option<SecretText>,
    /// Where the server is.
    #[serde(default)]
    pub base_url: Option<String>,
    /// The model.
    #[serde(default)]
    pub model: Option<String>,
    /// Components to ask for.
    #[serde(default)]
    pub dimensions: Option<usize>,
    /// OpenAI: another name in telemetry and spaces, for a server with models of its own.
    #[serde(default)]
    pub name: Option<String>,
    /// OpenAI.
    #[serde(default)]
    pub organization: Option<String>,
    /// OpenAI.
    #[serde(default)]
    pub project: Option<String>,
    /// OpenAI: `base64`, `float` or `unset`.
    #[serde(default)]
    pub encoding_format: Option<EncodingFormat>,
    /// OpenAI: texts in a request.
    #[serde(default)]
    pub texts_per_request: Option<usize>,
    /// OpenAI, Voyage: US dollars.
    #[serde(default)]
    pub price_per_1k_tokens: Option<f64>,
    /// Nomic: `auto`, `atlas`, `openai` or `legacy`.
    #[serde(default)]
    pub api_style: Option<NomicStyle>,
    /// Nomic, Ollama: `search`, `classification` or `clustering`.
    #[serde(default)]
    pub task: Option<NomicTask>,
    /// Ollama: `auto`, `many` or `one`.
    #[serde(default)]
    pub api: Option<OllamaApi>,
    /// Voyage: whether documents and queries are told apart.
    #[serde(default)]
    pub uses_input_type: Option<bool>,
    /// Local: the model's directory.
    #[serde(default)]
    pub path: Option<PathBuf>,
    /// Local: `int8-canonical` unless said otherwise.
    #[serde(default)]
    pub precision: Option<LocalPrecision>,
    /// Local: threads for one request; all processors unless said otherwise.
    #[serde(default)]
    pub threads: Option<NonZero<usize>>,
    /// Local: whether the beginning of a text over the model's limit is embedded instead of refusing it.
    #[serde(default)]
    pub truncates: Option<bool>,
    /// Requests under way at a time.
    #[serde(default)]
    pub max_in_flight: Option<usize>,
    /// Seconds for one answer.
    #[serde(default)]
    pub timeout: Option<f64>,
    /// Seconds for all answers and delays together.
    #[serde(default)]
    pub overall_timeout: Option<f64>,
    /// Repetitions.
    #[serde(default)]
    pub max_retries: Option<u32>,
    /// Seconds before the first repetition.
    #[serde(default)]
    pub initial_backoff: Option<f64>,
    /// Seconds at most.
    #[serde(default)]
    pub max_backoff: Option<f64>,
    /// Seconds that a server may ask for.
    #[serde(default)]
    pub max_retry_after: Option<f64>,
    /// Requests per minute.
    #[serde(default)]
    pub requests_per_minute: Option<u64>,
    /// Tokens per minute.
    #[serde(default)]
    pub tokens_per_minute: Option<u64>,
    /// Failures in a row that open the circuit; 0 never does.
    #[serde(default)]
    pub circuit_open_after: Option<u32>,
    /// Seconds that the circuit stays open.
    #[serde(default)]
    pub circuit_open_for: Option<f64>,
}

/// A key as it comes with a configuration: shown as nothing, shared between clones.
#[derive(Clone)]
pub struct SecretText(Arc<ApiKey>);

impl SecretText {
    /// Takes the key out of `text`, whose memory is wiped.
    ///
    /// # Errors
    /// As [`ApiKey::new`].
    pub fn new(text: String) -> Result<Self, EmbeddingError> {
        Ok(Self(Arc::new(ApiKey::new(text)?)))
    }
}

impl From<Arc<ApiKey>> for SecretText {
    fn from(key: Arc<ApiKey>) -> Self {
        Self(key)
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText([REDACTED])")
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(text).map_err(|_| serde::de::Error::custom("key is too long"))
    }
}

impl ProviderConfig {
    /// A provider with everything at its default.
    #[must_use]
    pub fn new(provider: ProviderKind) -> Self {
        Self {
            provider,
            api_key: None,
            base_url: None,
            model: None,
            dimensions: None,
            name: None,
            organization: None,
            project: None,
            encoding_format: None,
            texts_per_request: None,
            price_per_1k_tokens: None,
            api_style: None,
            task: None,
            api: None,
            uses_input_type: None,
            path: None,
            precision: None,
            threads: None,
            truncates: None,
            max_in_flight: None,
            timeout: None,
            overall_timeout: None,
            max_retries: None,
            initial_backoff: None,
            max_backoff: None,
            max_retry_after: None,
            requests_per_minute: None,
            tokens_per_minute: None,
            circuit_open_after: None,
            circuit_open_for: None,
        }
    }

    /// Fills what is absent from the variables that the vendors' clients read (contract 1.4, 1.5, 4.5). A variable that
    /// is empty counts as absent.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`] for a number that is none.
    pub fn fill_from(&mut self, variable: &dyn Fn(&str) -> Option<String>) -> Result<(), EmbeddingError> {
        let find =
            |names: &[&str]| names.iter().find_map(|name| variable(name).filter(|value| !value.is_empty()));
        let (keys, bases): (&[&str], &[&str]) = match self.provider {
            ProviderKind::OpenAi => (&["OPENAI_API_KEY", "GPT_API_KEY"], &["OPENAI_BASE_URL"]),
            ProviderKind::Nomic => (&["NOMIC_API_KEY"], &["NOMIC_API_BASE"]),
            ProviderKind::Voyage => (&["VOYAGE_API_KEY"], &["VOYAGE_BASE_URL"]),
            ProviderKind::Ollama => (&[], &["OLLAMA_BASE_URL"]),
            ProviderKind::HuggingFace => (&["HF_TOKEN"], &[]),
            _ => (&[], &[]),
        };
        if self.api_key.is_none()
            && let Some(key) = find(keys)
        {
            self.api_key = Some(SecretText::new(key)?);
        }
        fill(&mut self.base_url, || find(bases));
        match self.provider {
            ProviderKind::OpenAi => {
                fill(&mut self.organization, || find(&["OPENAI_ORG_ID"]));
                fill(&mut self.project, || find(&["OPENAI_PROJECT_ID"]));
            }
            ProviderKind::Nomic => {
                fill(&mut self.model, || find(&["NOMIC_MODEL"]));
                if self.dimensions.is_none()
                    && let Some(number) = find(&["NOMIC_DIMENSIONS"])
                {
                    let number =
                        number.parse().map_err(|_| EmbeddingError::InvalidConfig("NOMIC_DIMENSIONS"))?;
                    self.dimensions = Some(number);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The provider.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`], [`EmbeddingError::MissingKey`].
    pub fn to_provider(
        &self,
        transport: &Arc<dyn Transport>,
        runtime: &Arc<dyn Runtime>,
        classification: Classification,
    ) -> Result<Arc<dyn EmbeddingProvider>, EmbeddingError> {
        self.refuse_unused()?;
        let key = self.api_key.as_ref().map(|key| Arc::clone(&key.0));
        let text =
            |given: &Option<String>, default: &str| given.clone().unwrap_or_else(|| default.to_owned());
        match self.provider {
            ProviderKind::OpenAi => {
                let defaults = OpenAiSettings::default();
                let model = text(&self.model, &defaults.model);
                let price = self.price_per_1k_tokens.unwrap_or(defaults.price_per_1k_tokens);
                let protocol = OpenAi::new(OpenAiSettings {
                    name: text(&self.name, &defaults.name),
                    base: text(&self.base_url, &defaults.base),
                    key,
                    dimensions: self.dimensions,
                    encoding_format: self.encoding_format.unwrap_or_default(),
                    organization: self.organization.clone(),
                    project: self.project.clone(),
                    texts_per_request: self.texts_per_request.unwrap_or(defaults.texts_per_request),
                    price_per_1k_tokens: checked_price(price)?,
                    token_counter: token_counter(&model),
                    model,
                    ..defaults
                })?;
                over_http(protocol, transport, runtime, classification)
            }
            ProviderKind::Nomic => {
                let defaults = NomicSettings::default();
                let protocol = Nomic::new(NomicSettings {
                    base: self.base_url.clone(),
                    key,
                    model: text(&self.model, &defaults.model),
                    dimensions: self.dimensions,
                    style: self.api_style.unwrap_or_default(),
                    task: self.task.unwrap_or_default(),
                    ..defaults
                })?;
                over_http(protocol, transport, runtime, classification)
            }
            ProviderKind::Voyage => {
                let price = self.price_per_1k_tokens.unwrap_or(voyage::DEFAULT_PRICE_PER_1K_TOKENS);
                let protocol = Voyage::new(VoyageSettings {
                    base: text(&self.base_url, voyage::DEFAULT_BASE),
                    key,
                    model: text(&self.model, voyage::DEFAULT_MODEL),
                    uses_input_type: self.uses_input_type.unwrap_or(false),
                    price_per_1k_tokens: checked_price(price)?,
                })?;
                over_http(protocol, transport, runtime, classification)
            }
            ProviderKind::Ollama => {
                let defaults = OllamaSettings::default();
                let protocol = Ollama::new(OllamaSettings {
                    base: text(&self.base_url, &defaults.base),
                    model: text(&self.model, &defaults.model),
                    task: self.task,
                    api: self.api.unwrap_or_default(),
                })?;
                over_http(protocol, transport, runtime, classification)
            }
            ProviderKind::HuggingFace => {
                let protocol = HuggingFace::new(HuggingFaceSettings {
                    base: text(&self.base_url, huggingface::DEFAULT_BASE),
                    key,
                    model: text(&self.model, huggingface::DEFAULT_MODEL),
                })?;
                over_http(protocol, transport, runtime, classification)
            }
            ProviderKind::Deterministic => Ok(Arc::new(deterministic(self.dimensions.unwrap_or(1024))?)),
            #[cfg(not(target_arch = "wasm32"))]
            ProviderKind::Local => self.to_local(),
        }
    }

    /// Limits, times and repetitions.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`] for a number of seconds that is none.
    pub fn to_lane(&self) -> Result<LaneSettings, EmbeddingError> {
        let lane = LaneSettings::default();
        let (retry, gate) = (lane.retry, lane.gate);
        let max_retry_after = seconds(self.max_retry_after, retry.max_retry_after)?;
        Ok(LaneSettings {
            max_in_flight: self.max_in_flight.unwrap_or(lane.max_in_flight),
            attempt_timeout: seconds(self.timeout, lane.attempt_timeout)?,
            overall_timeout: seconds(self.overall_timeout, lane.overall_timeout)?,
            retry: RetryPolicy {
                max_retries: self.max_retries.unwrap_or(retry.max_retries),
                initial_backoff: seconds(self.initial_backoff, retry.initial_backoff)?,
                max_backoff: seconds(self.max_backoff, retry.max_backoff)?,
                max_retry_after,
                ..retry
            },
            gate: GateSettings {
                requests_per_minute: self.requests_per_minute,
                tokens_per_minute: self.tokens_per_minute,
                open_after: self.circuit_open_after.unwrap_or(gate.open_after),
                open_for: seconds(self.circuit_open_for, gate.open_for)?,
                max_pause: max_retry_after,
            },
        })
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn to_local(&self) -> Result<Arc<dyn EmbeddingProvider>, EmbeddingError> {
        use crate::model::{LocalModel, Overflow, Precision, to_provider};

        let path = self.path.as_deref().ok_or(EmbeddingError::InvalidConfig("path of the local model"))?;
        let precision = match self.precision.unwrap_or_default() {
            LocalPrecision::Int8Canonical => Precision::Int8Canonical,
            LocalPrecision::F32 => Precision::F32,
        };
        let overflow = if self.truncates == Some(true) { Overflow::Truncate } else { Overflow::Refuse };
        let model = LocalModel::load(path, precision)?.with_overflow(overflow);
        let processors = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        Ok(Arc::new(to_provider(Arc::new(model), self.threads.unwrap_or(processors))?))
    }

    fn refuse_unused(&self) -> Result<(), EmbeddingError> {
        use ProviderKind::{Deterministic, HuggingFace, Nomic, Ollama, OpenAi, Voyage};
        let uses: [(bool, &[ProviderKind]); 12] = [
            (self.api_key.is_some(), &[OpenAi, Nomic, Voyage, HuggingFace]),
            (self.base_url.is_some(), &[OpenAi, Nomic, Voyage, Ollama, HuggingFace]),
            (self.model.is_some(), &[OpenAi, Nomic, Voyage, Ollama, HuggingFace]),
            (self.dimensions.is_some(), &[OpenAi, Nomic, Deterministic]),
            (self.name.is_some() || self.organization.is_some(), &[OpenAi]),
            (self.project.is_some(), &[OpenAi]),
            (self.encoding_format.is_some(), &[OpenAi]),
            (self.texts_per_request.is_some(), &[OpenAi]),
            (self.price_per_1k_tokens.is_some(), &[OpenAi, Voyage]),
            (self.api_style.is_some(), &[Nomic]),
            (self.task.is_some(), &[Nomic, Ollama]),
            (self.api.is_some(), &[Ollama]),
        ];
        #[cfg(not(target_arch = "wasm32"))]
        let is_local = self.provider == ProviderKind::Local;
        #[cfg(target_arch = "wasm32")]
        let is_local = false;
        let is_for_local = self.path.is_some() || self.precision.is_some() || self.threads.is_some();
        if (is_for_local || self.truncates.is_some()) && !is_local {
            return Err(EmbeddingError::InvalidConfig("a field that only the local model has a use for"));
        }
        let unused = uses.iter().find(|(is_set, users)| *is_set && !users.contains(&self.provider));
        if self.uses_input_type.is_some() && self.provider != Voyage {
            return Err(EmbeddingError::InvalidConfig("the provider has no use for uses_input_type"));
        }
        match unused {
            Some(_) => Err(EmbeddingError::InvalidConfig("a field that the provider has no use for")),
            None => Ok(()),
        }
    }
}

fn over_http(
    protocol: impl Protocol,
    transport: &Arc<dyn Transport>,
    runtime: &Arc<dyn Runtime>,
    classification: Classification,
) -> Result<Arc<dyn EmbeddingProvider>, EmbeddingError> {
    let provider = HttpProvider::new(protocol, Arc::clone(transport), Arc::clone(runtime))?;
    Ok(Arc::new(provider.with_classification(classification)))
}

fn fill(field: &mut Option<String>, find: impl FnOnce() -> Option<String>) {
    if field.is_none() {
        *field = find();
    }
}

/// The exact counter of a model of OpenAI's; none for models whose tokens are not known. In WebAssembly the tables are a
/// package of their own, and there is none.
fn token_counter(model: &str) -> Option<TokenCounter> {
    #[cfg(not(target_arch = "wasm32"))]
    {
        let encoding = crate::tokens::Encoding::for_model(model).ok()?;
        Some(Arc::new(move |text| encoding.tokenizer().count(text)))
    }
    #[cfg(target_arch = "wasm32")]
    {
        let _ = model;
        None
    }
}

/// A duration of at most a hundred days.
pub(super) fn seconds(given: Option<f64>, default: Duration) -> Result<Duration, EmbeddingError> {
    match given {
        None => Ok(default),
        Some(seconds) if (0.0..=8_640_000.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        Some(_) => Err(EmbeddingError::InvalidConfig("a time is 0 to 8,640,000 seconds")),
    }
}

fn checked_price(price: f64) -> Result<f64, EmbeddingError> {
    if price.is_finite() && price >= 0.0 {
        Ok(price)
    } else {
        Err(EmbeddingError::InvalidConfig("price of tokens"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_unused_fields_are_checked() {
        let mut config = ProviderConfig::new(ProviderKind::Ollama);
        for bad in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            config.timeout = Some(bad);
            assert!(config.to_lane().is_err());
        }
        config.uses_input_type = Some(true);
        assert!(config.refuse_unused().is_err());
        config.uses_input_type = None;
        assert!(config.refuse_unused().is_ok());
        config.dimensions = Some(7);
        assert!(config.refuse_unused().is_err());
    }

    /// Contract 1.4 and 1.5: which variables, and that an empty one counts as absent.
    #[test]
    fn what_is_absent_comes_from_the_environment() {
        let variables = [
            ("OPENAI_API_KEY", ""),
            ("GPT_API_KEY", "sk-two"),
            ("OPENAI_BASE_URL", "http://localhost:1/v1"),
            ("OPENAI_ORG_ID", "org-1"),
            ("OPENAI_PROJECT_ID", "proj-1"),
            ("NOMIC_DIMENSIONS", "256"),
            ("NOMIC_MODEL", "nomic-embed-text-v1"),
        ];
        let find = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let mut openai = ProviderConfig::new(ProviderKind::OpenAi);
        openai.project = Some("mine".to_owned());
        openai.fill_from(&find).unwrap();
        assert!(openai.api_key.as_ref().unwrap().0.expose(|key| key == b"sk-two"));
        assert_eq!(openai.base_url.as_deref(), Some("http://localhost:1/v1"));
        assert_eq!(
            (openai.organization.as_deref(), openai.project.as_deref()),
            (Some("org-1"), Some("mine"))
        );
        let mut nomic = ProviderConfig::new(ProviderKind::Nomic);
        nomic.fill_from(&find).unwrap();
        assert_eq!((nomic.dimensions, nomic.model.as_deref()), (Some(256), Some("nomic-embed-text-v1")));
        assert!(nomic.api_key.is_none());
        let bad = |_: &str| Some("many".to_owned());
        assert!(ProviderConfig::new(ProviderKind::Nomic).fill_from(&bad).is_err());
    }
}
