//! Nomic: the vendor's API, and the shape of the replaced provider for a base that the user sets (contract 1.5, 5.2).

use std::borrow::Cow;
use std::sync::Arc;

use chrysalis_crypto::api_keys::ApiKey;
use serde::{Deserialize, Serialize};

use crate::error::{EmbeddingError, Problem};
use crate::provider::failure::Failure;
use crate::provider::http::{Outgoing, Protocol, check_key, parse_base, parse_model};
use crate::provider::openai::{Input, to_json};
use crate::provider::wire::{Row, RowOrRows, Rows, Usage, check_rows, parse, read_list};
use crate::provider::{EmbedRequest, Form, Limits};
use crate::space::{Normalisation, Space};
use crate::tokens::approximate_tokens;

/// The vendor's address.
pub const ATLAS_BASE: &str = "https://api-atlas.nomic.ai/v1";
/// The address of the replaced provider.
pub const LEGACY_BASE: &str = "https://api.nomic.ai/v1";
/// The vendor's current model.
pub const DEFAULT_MODEL: &str = "nomic-embed-text-v1.5";

/// Which shape a server speaks.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum NomicStyle {
    /// `Legacy` for a base that was set, else `Atlas`.
    #[default]
    Auto,
    /// `POST {base}/embedding/text` with `texts`.
    Atlas,
    /// `POST {base}/embeddings` as OpenAI's.
    OpenAi,
    /// `POST {base}/embed` with `input`, one text per request.
    Legacy,
}

/// What the vectors are for: another task is another space, but for the two sides of a search.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum NomicTask {
    /// `search_document` for documents, `search_query` for queries.
    #[default]
    Search,
    /// `classification`.
    Classification,
    /// `clustering`.
    Clustering,
}

impl NomicTask {
    /// The vendor's word.
    #[must_use]
    pub fn word(self, form: Form) -> &'static str {
        match (self, form) {
            (Self::Search, Form::Document) => "search_document",
            (Self::Search, Form::Query) => "search_query",
            (Self::Classification, _) => "classification",
            (Self::Clustering, _) => "clustering",
        }
    }

    /// The word in spaces.
    pub(crate) fn scheme(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Classification => "classification",
            Self::Clustering => "clustering",
        }
    }
}

/// What is set for Nomic.
#[derive(Clone, Debug)]
pub struct NomicSettings {
    /// The address; `None` is the vendor's.
    pub base: Option<String>,
    /// The key.
    pub key: Option<Arc<ApiKey>>,
    /// The model.
    pub model: String,
    /// Components to ask for: `nomic-embed-text-v1.5` has 768, 512, 256, 128 and 64.
    pub dimensions: Option<usize>,
    /// The shape.
    pub style: NomicStyle,
    /// The task.
    pub task: NomicTask,
    /// Whether the server takes the mean of the parts of a text over 8192 tokens instead of cutting it.
    pub mean_of_long_texts: bool,
}

impl Default for NomicSettings {
    fn default() -> Self {
        Self {
            base: None,
            key: None,
            model: DEFAULT_MODEL.to_owned(),
            dimensions: None,
            style: NomicStyle::Auto,
            task: NomicTask::Search,
            mean_of_long_texts: false,
        }
    }
}

/// The protocol of Nomic.
#[derive(Debug)]
pub struct Nomic {
    settings: NomicSettings,
    style: NomicStyle,
    url: Arc<str>,
}

impl Nomic {
    /// The protocol with these settings.
    ///
    /// # Errors
    /// [`EmbeddingError::MissingKey`] for an address of the vendor without a key, [`EmbeddingError::InvalidConfig`].
    pub fn new(settings: NomicSettings) -> Result<Self, EmbeddingError> {
        parse_model(&settings.model)?;
        match &settings.key {
            Some(key) => check_key(key)?,
            None if settings.base.is_none() => return Err(EmbeddingError::MissingKey { provider: "nomic" }),
            None => {}
        }
        let style = match settings.style {
            NomicStyle::Auto if settings.base.is_some() => NomicStyle::Legacy,
            NomicStyle::Auto => NomicStyle::Atlas,
            style => style,
        };
        let default = if style == NomicStyle::Legacy { LEGACY_BASE } else { ATLAS_BASE };
        let base = parse_base(settings.base.as_deref().unwrap_or(default))?;
        let path = match style {
            NomicStyle::Legacy => "embed",
            NomicStyle::OpenAi => "embeddings",
            NomicStyle::Atlas | NomicStyle::Auto => "embedding/text",
        };
        let url = format!("{base}/{path}").into();
        Ok(Self { settings, style, url })
    }
}

#[derive(Serialize)]
struct AtlasBody<'a> {
    texts: Vec<&'a str>,
    model: &'a str,
    task_type: &'static str,
    dimensionality: Option<usize>,
    long_text_mode: &'static str,
}

#[derive(Serialize)]
struct PlainBody<'a> {
    model: &'a str,
    input: Input<'a>,
}

#[derive(Deserialize)]
struct Answer {
    data: Option<Vec<Item>>,
    embeddings: Option<Rows>,
    embedding: Option<RowOrRows>,
    vector: Option<RowOrRows>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Item {
    embedding: Option<Row>,
    vector: Option<Row>,
}

impl Protocol for Nomic {
    fn name(&self) -> &'static str {
        "nomic"
    }

    fn model(&self) -> &str {
        &self.settings.model
    }

    fn dimensions(&self) -> Option<usize> {
        let is_known = matches!(&*self.settings.model, "nomic-embed-text-v1" | "nomic-embed-text-v1.5");
        self.settings.dimensions.or(is_known.then_some(768))
    }

    fn space(&self, dimensions: usize) -> Result<Space, EmbeddingError> {
        // The replaced shape has no task: what such a server does to a text is its own affair.
        let scheme = if self.style == NomicStyle::Atlas { self.settings.task.scheme() } else { "" };
        Space::remote("nomic", &self.settings.model, dimensions, scheme, Normalisation::AsGiven)
    }

    fn limits(&self) -> Limits {
        Limits {
            texts: if self.style == NomicStyle::Legacy { 1 } else { 10 },
            tokens_per_text: 8192,
            tokens_per_request: 81_920,
            is_count_exact: false,
            takes_empty: false,
        }
    }

    fn count_tokens(&self, text: &str) -> usize {
        approximate_tokens(text)
    }

    fn request(&self, request: &EmbedRequest) -> Outgoing {
        let body = if self.style == NomicStyle::Atlas {
            to_json(&AtlasBody {
                texts: request.texts.iter().map(|text| &**text).collect(),
                model: &self.settings.model,
                task_type: self.settings.task.word(request.form),
                dimensionality: self.settings.dimensions,
                long_text_mode: if self.settings.mean_of_long_texts { "mean" } else { "truncate" },
            })
        } else {
            let texts = request.texts.iter().map(|text| Cow::Borrowed(&**text)).collect();
            to_json(&PlainBody { model: &self.settings.model, input: Input::Many(texts) })
        };
        Outgoing { url: Arc::clone(&self.url), headers: Vec::new(), body }
    }

    fn key(&self) -> Option<Arc<ApiKey>> {
        self.settings.key.clone()
    }

    fn read(&self, request: &EmbedRequest, body: &[u8]) -> Result<(Vec<Vec<f32>>, Option<u64>), Failure> {
        let count = request.texts.len();
        if self.style == NomicStyle::OpenAi {
            return read_list(body, count);
        }
        let answer: Answer = parse(body)?;
        let tokens = answer.usage.and_then(|usage| usage.tokens());
        let from_data = |items: Vec<Item>| -> Option<Vec<Row>> {
            items.into_iter().map(|item| item.embedding.or(item.vector)).collect()
        };
        let one_or_many = |found: RowOrRows| match found {
            RowOrRows::One(row) => vec![row],
            RowOrRows::Many(rows) => rows.0,
        };
        let rows = answer
            .embeddings
            .map(|rows| rows.0)
            .or_else(|| answer.data.and_then(from_data))
            .or_else(|| answer.embedding.or(answer.vector).map(one_or_many))
            .ok_or_else(|| Failure::answer(Problem::NoData))?;
        Ok((check_rows(rows, count)?, tokens))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn settings() -> NomicSettings {
        NomicSettings {
            key: Some(Arc::new(ApiKey::new("nk-test".to_owned()).unwrap())),
            ..NomicSettings::default()
        }
    }

    fn request(texts: &[&str], form: Form) -> EmbedRequest {
        let texts = texts.iter().map(|text| (*text).into()).collect();
        EmbedRequest {
            texts,
            form,
            is_batch: true,
            retry: 0,
            timeout: Duration::from_secs(1),
            connecting: Default::default(),
        }
    }

    fn sent(settings: NomicSettings, request: &EmbedRequest) -> (String, String) {
        let outgoing = Nomic::new(settings).unwrap().request(request);
        (outgoing.url.to_string(), String::from_utf8(outgoing.body).unwrap())
    }

    /// Contract 5.2, the vendor's API.
    #[test]
    fn the_vendors_shape_is_the_default() {
        let (url, body) = sent(settings(), &request(&["a", "b"], Form::Document));
        assert_eq!(url, "https://api-atlas.nomic.ai/v1/embedding/text");
        assert_eq!(
            body,
            r#"{"texts":["a","b"],"model":"nomic-embed-text-v1.5","task_type":"search_document","dimensionality":null,"long_text_mode":"truncate"}"#
        );
        let (_, body) =
            sent(NomicSettings { dimensions: Some(256), ..settings() }, &request(&["a"], Form::Query));
        assert!(body.contains(r#""task_type":"search_query","dimensionality":256"#), "{body}");
    }

    /// Contract 1.5 and 5.2: a base that was set speaks the replaced shape.
    #[test]
    fn a_base_of_ones_own_speaks_the_old_shape() {
        let own = NomicSettings { base: Some("http://localhost:9/v1/".to_owned()), ..settings() };
        let (url, body) = sent(own.clone(), &request(&["a"], Form::Document));
        assert_eq!(url, "http://localhost:9/v1/embed");
        assert_eq!(body, r#"{"model":"nomic-embed-text-v1.5","input":["a"]}"#);
        assert_eq!(Nomic::new(own.clone()).unwrap().limits().texts, 1);
        let (url, _) =
            sent(NomicSettings { style: NomicStyle::OpenAi, ..own }, &request(&["a"], Form::Document));
        assert_eq!(url, "http://localhost:9/v1/embeddings");
        let (url, _) =
            sent(NomicSettings { style: NomicStyle::Legacy, ..settings() }, &request(&["a"], Form::Document));
        assert_eq!(url, "https://api.nomic.ai/v1/embed");
    }

    /// Contract 1.5: accepted answers.
    #[test]
    fn all_shapes_of_answers_are_read() {
        let protocol = Nomic::new(settings()).unwrap();
        let read = |body: &str| protocol.read(&request(&["a"], Form::Document), body.as_bytes());
        for body in [
            r#"{"data":[{"embedding":[1,2]}]}"#,
            r#"{"data":[{"vector":[1,2]}]}"#,
            r#"{"embedding":[[1,2]]}"#,
            r#"{"vector":[[1,2]]}"#,
            r#"{"embedding":[1,2]}"#,
            r#"{"vector":[1,2]}"#,
            r#"{"embeddings":[[1,2]],"usage":{"prompt_tokens":3,"total_tokens":3}}"#,
        ] {
            assert_eq!(read(body).unwrap().0, [[1.0, 2.0]], "{body}");
        }
        for body in ["{}", r#"{"data":[{}]}"#, r#"{"embedding":[]}"#, r#"{"embeddings":[[]]}"#] {
            assert_eq!(read(body).unwrap_err().problem, Problem::NoData, "{body}");
        }
        assert_eq!(read(r#"{"embeddings":[[1],[2]]}"#).unwrap_err().problem, Problem::WrongCount);
    }

    #[test]
    fn tasks_are_spaces_of_their_own() {
        let space = |task| Nomic::new(NomicSettings { task, ..settings() }).unwrap().space(768).unwrap().id();
        assert_ne!(space(NomicTask::Search), space(NomicTask::Clustering));
        assert_ne!(space(NomicTask::Classification), space(NomicTask::Clustering));
    }
}
