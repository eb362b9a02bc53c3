//! Voyage: `POST {base}/embeddings` (contract 4.6).

use std::sync::Arc;

use chrysalis_crypto::api_keys::ApiKey;
use serde::Serialize;

use crate::error::EmbeddingError;
use crate::provider::failure::Failure;
use crate::provider::http::{Outgoing, Protocol, check_key, parse_base, parse_model};
use crate::provider::openai::to_json;
use crate::provider::wire::read_list;
use crate::provider::{EmbedRequest, Form, Limits};
use crate::space::{Normalisation, Space};
use crate::tokens::approximate_tokens;

/// The vendor's address.
pub const DEFAULT_BASE: &str = "https://api.voyageai.com/v1";
/// The model of the replaced provider.
pub const DEFAULT_MODEL: &str = "voyage-3";
/// US dollars for a thousand tokens of [`DEFAULT_MODEL`].
pub const DEFAULT_PRICE_PER_1K_TOKENS: f64 = 0.0001;

/// What is set for Voyage.
#[derive(Clone, Debug)]
pub struct VoyageSettings {
    /// The address up to `/embeddings`.
    pub base: String,
    /// The key.
    pub key: Option<Arc<ApiKey>>,
    /// The model.
    pub model: String,
    /// Whether documents and queries are told apart by `input_type`. The replaced provider sent none, and its vectors
    /// lie in the space without.
    pub uses_input_type: bool,
    /// US dollars for a thousand tokens.
    pub price_per_1k_tokens: f64,
}

impl Default for VoyageSettings {
    fn default() -> Self {
        Self {
            base: DEFAULT_BASE.to_owned(),
            key: None,
            model: DEFAULT_MODEL.to_owned(),
            uses_input_type: false,
            price_per_1k_tokens: DEFAULT_PRICE_PER_1K_TOKENS,
        }
    }
}

/// The protocol of Voyage.
#[derive(Debug)]
pub struct Voyage {
    settings: VoyageSettings,
    url: Arc<str>,
}

impl Voyage {
    /// The protocol with these settings.
    ///
    /// # Errors
    /// [`EmbeddingError::MissingKey`] for the vendor's address without a key, [`EmbeddingError::InvalidConfig`].
    pub fn new(settings: VoyageSettings) -> Result<Self, EmbeddingError> {
        let base = parse_base(&settings.base)?;
        parse_model(&settings.model)?;
        match &settings.key {
            Some(key) => check_key(key)?,
            None if base == DEFAULT_BASE => return Err(EmbeddingError::MissingKey { provider: "voyage" }),
            None => {}
        }
        let url = format!("{base}/embeddings").into();
        Ok(Self { settings, url })
    }
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_type: Option<&'static str>,
}

impl Protocol for Voyage {
    fn name(&self) -> &'static str {
        "voyage"
    }

    fn model(&self) -> &str {
        &self.settings.model
    }

    fn dimensions(&self) -> Option<usize> {
        (self.settings.model == DEFAULT_MODEL).then_some(1024)
    }

    fn space(&self, dimensions: usize) -> Result<Space, EmbeddingError> {
        let scheme = if self.settings.uses_input_type { "input_type" } else { "" };
        Space::remote("voyage", &self.settings.model, dimensions, scheme, Normalisation::AsGiven)
    }

    fn limits(&self) -> Limits {
        Limits {
            texts: 128,
            tokens_per_text: 32_000,
            tokens_per_request: 120_000,
            is_count_exact: false,
            takes_empty: false,
        }
    }

    fn count_tokens(&self, text: &str) -> usize {
        approximate_tokens(text)
    }

    fn price_per_1k_tokens(&self) -> f64 {
        self.settings.price_per_1k_tokens
    }

    fn request(&self, request: &EmbedRequest) -> Outgoing {
        let body = Body {
            model: &self.settings.model,
            input: request.texts.iter().map(|text| &**text).collect(),
            input_type: self.settings.uses_input_type.then_some(match request.form {
                Form::Document => "document",
                Form::Query => "query",
            }),
        };
        Outgoing { url: Arc::clone(&self.url), headers: Vec::new(), body: to_json(&body) }
    }

    fn key(&self) -> Option<Arc<ApiKey>> {
        self.settings.key.clone()
    }

    fn read(&self, request: &EmbedRequest, body: &[u8]) -> Result<(Vec<Vec<f32>>, Option<u64>), Failure> {
        read_list(body, request.texts.len())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Contract 4.6.
    #[test]
    fn the_body_is_the_replaced_one_unless_forms_are_told_apart() {
        let key = Some(Arc::new(ApiKey::new("pa-test".to_owned()).unwrap()));
        let plain = VoyageSettings { key, ..VoyageSettings::default() };
        let request = EmbedRequest {
            texts: vec!["a".into()],
            form: Form::Query,
            is_batch: false,
            retry: 0,
            timeout: Duration::from_secs(1),
            connecting: Default::default(),
        };
        let protocol = Voyage::new(plain.clone()).unwrap();
        let outgoing = protocol.request(&request);
        assert_eq!(&*outgoing.url, "https://api.voyageai.com/v1/embeddings");
        assert_eq!(outgoing.body, br#"{"model":"voyage-3","input":["a"]}"#);
        let typed = Voyage::new(VoyageSettings { uses_input_type: true, ..plain }).unwrap();
        assert_eq!(
            typed.request(&request).body,
            br#"{"model":"voyage-3","input":["a"],"input_type":"query"}"#
        );
        assert_ne!(typed.space(1024).unwrap().id(), protocol.space(1024).unwrap().id());
        assert_eq!(protocol.dimensions(), Some(1024));
        assert_eq!(Voyage::new(VoyageSettings::default()).unwrap_err().code(), "embedding/missing-key");
    }
}
