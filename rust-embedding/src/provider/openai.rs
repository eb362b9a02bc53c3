//! OpenAI and everything that speaks as it does: `POST {base}/embeddings` (contract 5.1).

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use chrysalis_crypto::api_keys::ApiKey;
use serde::{Deserialize, Serialize};

use crate::error::{EmbeddingError, Identifier};
use crate::provider::failure::Failure;
use crate::provider::http::{Outgoing, Protocol, check_key, parse_base, parse_model};
use crate::provider::{EmbedRequest, Limits, wire};
use crate::space::{Normalisation, Space};
use crate::tokens::approximate_tokens;

/// Counts the tokens of a text.
pub type TokenCounter = Arc<dyn Fn(&str) -> usize + Send + Sync>;

/// The address of the vendor.
pub const DEFAULT_BASE: &str = "https://api.openai.com/v1";
/// The model of the replaced service.
pub const DEFAULT_MODEL: &str = "text-embedding-3-large";
/// US dollars for a thousand tokens of [`DEFAULT_MODEL`].
pub const DEFAULT_PRICE_PER_1K_TOKENS: f64 = 0.00013;

/// In which form vectors are asked for. Both are read, whichever comes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum EncodingFormat {
    /// Base64 of 32-bit floats: a third of the bytes, and exact.
    #[default]
    Base64,
    /// Numbers.
    Float,
    /// Nothing is asked; numbers come.
    Unset,
}

/// What is set for an OpenAI-compatible server.
#[derive(Clone)]
pub struct OpenAiSettings {
    /// The name in telemetry, errors and spaces: `openai`, or another for a server with models of its own.
    pub name: String,
    /// The address up to `/embeddings`.
    pub base: String,
    /// The key; servers on one's own machine often need none.
    pub key: Option<Arc<ApiKey>>,
    /// The model.
    pub model: String,
    /// Components to ask for; `None` asks for nothing and takes the model's own number.
    pub dimensions: Option<usize>,
    /// How vectors are sent.
    pub encoding_format: EncodingFormat,
    /// Whether the text of a call for one goes out as a string rather than a list of one.
    pub single_as_string: bool,
    /// Header `OpenAI-Organization`.
    pub organization: Option<String>,
    /// Header `OpenAI-Project`.
    pub project: Option<String>,
    /// Most texts in a request, at most 2048.
    pub texts_per_request: usize,
    /// US dollars for a thousand tokens.
    pub price_per_1k_tokens: f64,
    /// Counts tokens exactly (`cl100k_base`); without one, by rule of thumb.
    pub token_counter: Option<TokenCounter>,
}

impl Default for OpenAiSettings {
    fn default() -> Self {
        Self {
            name: "openai".to_owned(),
            base: DEFAULT_BASE.to_owned(),
            key: None,
            model: DEFAULT_MODEL.to_owned(),
            dimensions: None,
            encoding_format: EncodingFormat::Base64,
            single_as_string: true,
            organization: None,
            project: None,
            texts_per_request: 2048,
            price_per_1k_tokens: DEFAULT_PRICE_PER_1K_TOKENS,
            token_counter: None,
        }
    }
}

impl fmt::Debug for OpenAiSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiSettings")
            .field("name", &self.name)
            .field("base", &self.base)
            .field("model", &self.model)
            .field("dimensions", &self.dimensions)
            .finish_non_exhaustive()
    }
}

/// The protocol of OpenAI.
#[derive(Debug)]
pub struct OpenAi {
    settings: OpenAiSettings,
    url: Arc<str>,
    headers: Vec<(&'static str, String)>,
}

impl OpenAi {
    /// The protocol with these settings.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`], and [`EmbeddingError::MissingKey`] for the vendor's own address without a key.
    pub fn new(settings: OpenAiSettings) -> Result<Self, EmbeddingError> {
        let base = parse_base(&settings.base)?;
        parse_model(&settings.model)?;
        if let Some(key) = &settings.key {
            check_key(key)?;
        } else if base == DEFAULT_BASE {
            return Err(EmbeddingError::MissingKey { provider: "openai" });
        }
        if !(1..=2048).contains(&settings.texts_per_request) {
            return Err(EmbeddingError::InvalidConfig("texts per request, 1 to 2048"));
        }
        let mut headers = Vec::new();
        for (name, value) in
            [("openai-organization", &settings.organization), ("openai-project", &settings.project)]
        {
            if let Some(value) = value {
                let checked = Identifier::new(value).ok_or(EmbeddingError::InvalidConfig(
                    "organization or project has characters that no id has",
                ))?;
                headers.push((name, checked.to_string()));
            }
        }
        let url = format!("{base}/embeddings").into();
        Ok(Self { settings, url, headers })
    }
}

/// Components of the vendor's models.
fn native_dimensions(model: &str) -> Option<usize> {
    match model {
        "text-embedding-3-large" => Some(3072),
        "text-embedding-3-small" | "text-embedding-ada-002" => Some(1536),
        _ => None,
    }
}

#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Input<'a> {
    One(&'a str),
    Many(Vec<Cow<'a, str>>),
}

#[derive(Serialize)]
struct Body<'a> {
    input: Input<'a>,
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding_format: Option<&'static str>,
}

impl Protocol for OpenAi {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn model(&self) -> &str {
        &self.settings.model
    }

    fn dimensions(&self) -> Option<usize> {
        self.settings.dimensions.or_else(|| native_dimensions(&self.settings.model))
    }

    fn space(&self, dimensions: usize) -> Result<Space, EmbeddingError> {
        let is_vendors = native_dimensions(&self.settings.model).is_some();
        let normalisation = if is_vendors { Normalisation::Unit } else { Normalisation::AsGiven };
        Space::remote(&self.settings.name, &self.settings.model, dimensions, "", normalisation)
    }

    fn limits(&self) -> Limits {
        Limits {
            texts: self.settings.texts_per_request,
            tokens_per_text: 8192,
            tokens_per_request: 300_000,
            is_count_exact: self.settings.token_counter.is_some(),
            takes_empty: false,
        }
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.settings.token_counter.as_ref().map_or_else(|| approximate_tokens(text), |count| count(text))
    }

    fn price_per_1k_tokens(&self) -> f64 {
        self.settings.price_per_1k_tokens
    }

    fn request(&self, request: &EmbedRequest) -> Outgoing {
        let input = match &request.texts[..] {
            [text] if self.settings.single_as_string && !request.is_batch => Input::One(text),
            texts => Input::Many(texts.iter().map(|text| Cow::Borrowed(&**text)).collect()),
        };
        let body = Body {
            input,
            model: &self.settings.model,
            dimensions: self.settings.dimensions,
            encoding_format: match self.settings.encoding_format {
                EncodingFormat::Base64 => Some("base64"),
                EncodingFormat::Float => Some("float"),
                EncodingFormat::Unset => None,
            },
        };
        let mut headers = self.headers.clone();
        if request.retry > 0 {
            headers.push(("x-stainless-retry-count", request.retry.to_string()));
        }
        Outgoing { url: Arc::clone(&self.url), headers, body: to_json(&body) }
    }

    fn key(&self) -> Option<Arc<ApiKey>> {
        self.settings.key.clone()
    }

    fn read(&self, request: &EmbedRequest, body: &[u8]) -> Result<(Vec<Vec<f32>>, Option<u64>), Failure> {
        wire::read_list(body, request.texts.len())
    }
}

pub(crate) fn to_json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("strings and numbers are JSON")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn settings() -> OpenAiSettings {
        OpenAiSettings {
            key: Some(Arc::new(ApiKey::new("sk-test".to_owned()).unwrap())),
            dimensions: Some(3072),
            ..OpenAiSettings::default()
        }
    }

    fn request(texts: &[&str], is_batch: bool, retry: u32) -> EmbedRequest {
        let texts = texts.iter().map(|text| (*text).into()).collect();
        EmbedRequest {
            texts,
            form: Default::default(),
            is_batch,
            retry,
            timeout: Duration::from_secs(1),
            connecting: Default::default(),
        }
    }

    fn body(settings: OpenAiSettings, request: &EmbedRequest) -> String {
        String::from_utf8(OpenAi::new(settings).unwrap().request(request).body).unwrap()
    }

    /// Contract 1.4 and 5.1: exactly these keys, a string for one text.
    #[test]
    fn the_body_has_the_keys_of_the_replaced_client() {
        let one = body(settings(), &request(&["a\"b"], false, 0));
        assert_eq!(
            one,
            r#"{"input":"a\"b","model":"text-embedding-3-large","dimensions":3072,"encoding_format":"base64"}"#
        );
        let many = body(settings(), &request(&["a", "b"], true, 0));
        assert!(many.starts_with(r#"{"input":["a","b"],"#), "{many}");
        assert!(body(settings(), &request(&["a"], true, 0)).starts_with(r#"{"input":["a"],"#));
    }

    /// Contract 3 and 4.2: model and input alone.
    #[test]
    fn what_is_not_set_is_not_sent() {
        let plain = OpenAiSettings {
            dimensions: None,
            encoding_format: EncodingFormat::Unset,
            single_as_string: false,
            model: "text-embedding-3-small".to_owned(),
            ..settings()
        };
        assert_eq!(
            body(plain, &request(&["a"], false, 0)),
            r#"{"input":["a"],"model":"text-embedding-3-small"}"#
        );
    }

    #[test]
    fn headers_are_those_of_the_vendor() {
        let protocol = OpenAi::new(OpenAiSettings {
            organization: Some("org-1".to_owned()),
            project: Some("proj_2".to_owned()),
            ..settings()
        })
        .unwrap();
        let outgoing = protocol.request(&request(&["a"], false, 2));
        assert_eq!(&*outgoing.url, "https://api.openai.com/v1/embeddings");
        let expected = [
            ("openai-organization", "org-1"),
            ("openai-project", "proj_2"),
            ("x-stainless-retry-count", "2"),
        ];
        assert_eq!(outgoing.headers, expected.map(|(name, value)| (name, value.to_owned())));
        assert!(protocol.request(&request(&["a"], false, 0)).headers.len() == 2);
    }

    /// Contract 5.1: native sizes.
    #[test]
    fn sizes_are_known_or_learnt() {
        let dimensions = |model: &str, dimensions| {
            OpenAi::new(OpenAiSettings { model: model.to_owned(), dimensions, ..settings() })
                .unwrap()
                .dimensions()
        };
        assert_eq!(dimensions("text-embedding-3-large", None), Some(3072));
        assert_eq!(dimensions("text-embedding-3-small", None), Some(1536));
        assert_eq!(dimensions("text-embedding-ada-002", None), Some(1536));
        assert_eq!(dimensions("text-embedding-3-large", Some(256)), Some(256));
        assert_eq!(dimensions("my-own", None), None);
    }

    #[test]
    fn settings_are_checked() {
        let code = |settings| OpenAi::new(settings).unwrap_err().code();
        assert_eq!(code(OpenAiSettings::default()), "embedding/missing-key");
        assert_eq!(
            code(OpenAiSettings { base: "file:///etc".to_owned(), ..settings() }),
            "embedding/invalid-config"
        );
        assert_eq!(code(OpenAiSettings { texts_per_request: 0, ..settings() }), "embedding/invalid-config");
        assert_eq!(
            code(OpenAiSettings { organization: Some("a\r\nb".to_owned()), ..settings() }),
            "embedding/invalid-config"
        );
    }
}
