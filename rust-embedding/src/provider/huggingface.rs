//! Hugging Face: `POST {base}/pipeline/feature-extraction/{model}` (contract 4.2).

use std::sync::Arc;

use chrysalis_crypto::api_keys::ApiKey;
use serde::Serialize;

use crate::error::{EmbeddingError, Problem};
use crate::provider::failure::Failure;
use crate::provider::http::{Outgoing, Protocol, check_key, parse_base, parse_model};
use crate::provider::openai::to_json;
use crate::provider::wire::{Row, RowOrRows, check_rows, parse};
use crate::provider::{EmbedRequest, Limits};
use crate::space::{Normalisation, Space};
use crate::tokens::approximate_tokens;

/// The vendor's address.
pub const DEFAULT_BASE: &str = "https://api-inference.huggingface.co";
/// The model of the replaced provider.
pub const DEFAULT_MODEL: &str = "sentence-transformers/all-MiniLM-L6-v2";

/// What is set for Hugging Face.
#[derive(Clone, Debug)]
pub struct HuggingFaceSettings {
    /// The address up to `/pipeline`.
    pub base: String,
    /// The key.
    pub key: Option<Arc<ApiKey>>,
    /// The model, with its owner.
    pub model: String,
}

impl Default for HuggingFaceSettings {
    fn default() -> Self {
        Self { base: DEFAULT_BASE.to_owned(), key: None, model: DEFAULT_MODEL.to_owned() }
    }
}

/// The protocol of Hugging Face.
#[derive(Debug)]
pub struct HuggingFace {
    settings: HuggingFaceSettings,
    url: Arc<str>,
}

impl HuggingFace {
    /// The protocol with these settings.
    ///
    /// # Errors
    /// [`EmbeddingError::MissingKey`] for the vendor's address without a key, [`EmbeddingError::InvalidConfig`].
    pub fn new(settings: HuggingFaceSettings) -> Result<Self, EmbeddingError> {
        let base = parse_base(&settings.base)?;
        let model = parse_model(&settings.model)?;
        match &settings.key {
            Some(key) => check_key(key)?,
            None if base == DEFAULT_BASE => {
                return Err(EmbeddingError::MissingKey { provider: "huggingface" });
            }
            None => {}
        }
        let url = format!("{base}/pipeline/feature-extraction/{model}").into();
        Ok(Self { settings, url })
    }
}

#[derive(Serialize)]
struct Body<'a> {
    inputs: Vec<&'a str>,
    options: Options,
}

#[derive(Serialize)]
struct Options {
    wait_for_model: bool,
}

/// For each text a vector, or a list of one for each of its tokens.
fn pool(texts: Vec<RowOrRows>) -> Result<Vec<Row>, Failure> {
    texts
        .into_iter()
        .map(|text| match text {
            RowOrRows::One(row) => Ok(row),
            RowOrRows::Many(tokens) => mean(&tokens.0),
        })
        .collect()
}

/// The plain mean of the tokens' vectors: sums in `f64`, in order.
fn mean(tokens: &[Row]) -> Result<Row, Failure> {
    let length = tokens.first().map_or(0, |row| row.0.len());
    if tokens.iter().any(|row| row.0.len() != length) {
        return Err(Failure::answer(Problem::UnequalLengths));
    }
    let mut sums = vec![0.0_f64; length];
    for token in tokens {
        for (sum, component) in sums.iter_mut().zip(&token.0) {
            *sum += f64::from(*component);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "an answer has fewer than 2^53 tokens")]
    let count = tokens.len() as f64;
    #[expect(clippy::cast_possible_truncation, reason = "vectors are of 32-bit floats")]
    Ok(Row(sums.iter().map(|sum| (sum / count) as f32).collect()))
}

impl Protocol for HuggingFace {
    fn name(&self) -> &'static str {
        "huggingface"
    }

    fn model(&self) -> &str {
        &self.settings.model
    }

    fn dimensions(&self) -> Option<usize> {
        match self.settings.model.rsplit('/').next().unwrap_or_default() {
            "all-MiniLM-L6-v2" | "bge-small-en-v1.5" | "gte-small" => Some(384),
            "all-mpnet-base-v2"
            | "bge-base-en-v1.5"
            | "nomic-embed-text-v1"
            | "nomic-embed-text-v1.5"
            | "gte-base" => Some(768),
            "bge-large-en-v1.5" | "gte-large" => Some(1024),
            "gte-Qwen2-1.5B-instruct" => Some(1536),
            _ => None,
        }
    }

    fn space(&self, dimensions: usize) -> Result<Space, EmbeddingError> {
        Space::remote("huggingface", &self.settings.model, dimensions, "", Normalisation::AsGiven)
    }

    fn limits(&self) -> Limits {
        Limits {
            texts: 64,
            tokens_per_text: 8192,
            tokens_per_request: 65_536,
            is_count_exact: false,
            takes_empty: false,
        }
    }

    fn count_tokens(&self, text: &str) -> usize {
        approximate_tokens(text)
    }

    fn request(&self, request: &EmbedRequest) -> Outgoing {
        let body = Body {
            inputs: request.texts.iter().map(|text| &**text).collect(),
            options: Options { wait_for_model: true },
        };
        Outgoing { url: Arc::clone(&self.url), headers: Vec::new(), body: to_json(&body) }
    }

    fn key(&self) -> Option<Arc<ApiKey>> {
        self.settings.key.clone()
    }

    fn max_response_bytes(&self, _count: usize) -> usize {
        // An answer may have a vector for every token.
        32 << 20
    }

    fn read(&self, request: &EmbedRequest, body: &[u8]) -> Result<(Vec<Vec<f32>>, Option<u64>), Failure> {
        let rows = pool(parse(body)?)?;
        Ok((check_rows(rows, request.texts.len())?, None))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn protocol() -> HuggingFace {
        let key = Some(Arc::new(ApiKey::new("hf_test".to_owned()).unwrap()));
        HuggingFace::new(HuggingFaceSettings { key, ..HuggingFaceSettings::default() }).unwrap()
    }

    fn request(texts: &[&str]) -> EmbedRequest {
        let texts = texts.iter().map(|text| (*text).into()).collect();
        EmbedRequest {
            texts,
            form: Default::default(),
            is_batch: true,
            retry: 0,
            timeout: Duration::from_secs(1),
            connecting: Default::default(),
        }
    }

    /// Contract 4.2.
    #[test]
    fn the_request_is_the_replaced_one() {
        let outgoing = protocol().request(&request(&["a", "b"]));
        let url = "https://api-inference.huggingface.co/pipeline/feature-extraction/sentence-transformers/all-MiniLM-L6-v2";
        assert_eq!(&*outgoing.url, url);
        assert_eq!(outgoing.body, br#"{"inputs":["a","b"],"options":{"wait_for_model":true}}"#);
        assert_eq!(protocol().dimensions(), Some(384));
    }

    /// Contract 4.2: pooled, or the plain mean over tokens.
    #[test]
    fn both_answers_are_read() {
        let read = |body: &str| protocol().read(&request(&["a", "b"]), body.as_bytes());
        assert_eq!(read("[[1,2],[3,4]]").unwrap().0, [[1.0, 2.0], [3.0, 4.0]]);
        assert_eq!(read("[[[1,2],[3,6]],[[3,4]]]").unwrap().0, [[2.0, 4.0], [3.0, 4.0]]);
        assert_eq!(read("[[[1,2],[3]],[[3,4]]]").unwrap_err().problem, Problem::UnequalLengths);
        assert_eq!(read("[[[]],[[]]]").unwrap_err().problem, Problem::NoData);
        assert_eq!(read("[[],[]]").unwrap_err().problem, Problem::NoData);
        assert_eq!(read("[[1,2]]").unwrap_err().problem, Problem::WrongCount);
        assert_eq!(read(r#"{"error":"x"}"#).unwrap_err().problem, Problem::Unreadable);
    }
}
