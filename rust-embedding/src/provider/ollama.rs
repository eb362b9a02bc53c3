//! Ollama: `POST /api/embed` for many texts, `POST /api/embeddings` for one where the server has no other
//! (contract 4.2, 5.3).

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use crate::error::{EmbeddingError, Problem};
use crate::provider::failure::Failure;
use crate::provider::http::{HttpResponse, Outgoing, Protocol, parse_base, parse_model};
use crate::provider::nomic::NomicTask;
use crate::provider::openai::to_json;
use crate::provider::wire::{Row, Rows, check_rows, parse, read_error};
use crate::provider::{EmbedRequest, Form, Limits};
use crate::space::{Normalisation, Space};
use crate::tokens::approximate_tokens;

/// The server on this machine.
pub const DEFAULT_BASE: &str = "http://localhost:11434";
/// The model of the replaced provider.
pub const DEFAULT_MODEL: &str = "nomic-embed-text";

/// Which of its two addresses is asked.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum OllamaApi {
    /// `Many` until the server answers that it has no such address, then `One`.
    #[default]
    Auto,
    /// `/api/embed`.
    Many,
    /// `/api/embeddings`, one text per request.
    One,
}

/// What is set for Ollama.
#[derive(Clone, Debug)]
pub struct OllamaSettings {
    /// The server.
    pub base: String,
    /// The model.
    pub model: String,
    /// The prefix that models with `nomic` in their name need: `None` adds none to documents and `search_query: ` to
    /// queries, as the replaced provider did.
    pub task: Option<NomicTask>,
    /// Which address.
    pub api: OllamaApi,
}

impl Default for OllamaSettings {
    fn default() -> Self {
        Self {
            base: DEFAULT_BASE.to_owned(),
            model: DEFAULT_MODEL.to_owned(),
            task: None,
            api: OllamaApi::Auto,
        }
    }
}

/// The protocol of Ollama.
#[derive(Debug)]
pub struct Ollama {
    settings: OllamaSettings,
    many_url: Arc<str>,
    one_url: Arc<str>,
    /// Whether the server takes one text at a time.
    takes_one: AtomicBool,
}

impl Ollama {
    /// The protocol with these settings.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`].
    pub fn new(settings: OllamaSettings) -> Result<Self, EmbeddingError> {
        let base = parse_base(&settings.base)?;
        parse_model(&settings.model)?;
        let many_url = format!("{base}/api/embed").into();
        let one_url = format!("{base}/api/embeddings").into();
        let takes_one = AtomicBool::new(settings.api == OllamaApi::One);
        Ok(Self { settings, many_url, one_url, takes_one })
    }

    fn takes_one(&self) -> bool {
        self.takes_one.load(Ordering::Relaxed)
    }

    fn prefix(&self, form: Form) -> &'static str {
        if !self.settings.model.contains("nomic") {
            return "";
        }
        match (self.settings.task, form) {
            (None | Some(NomicTask::Search), Form::Query) => "search_query: ",
            (Some(NomicTask::Search), Form::Document) => "search_document: ",
            (Some(NomicTask::Classification), _) => "classification: ",
            (Some(NomicTask::Clustering), _) => "clustering: ",
            (None, Form::Document) => "",
        }
    }

    fn prefixed<'a>(&self, text: &'a str, form: Form) -> Cow<'a, str> {
        match self.prefix(form) {
            "" => Cow::Borrowed(text),
            prefix => Cow::Owned(format!("{prefix}{text}")),
        }
    }
}

#[derive(Serialize)]
struct ManyBody<'a> {
    model: &'a str,
    input: Vec<Cow<'a, str>>,
}

#[derive(Serialize)]
struct OneBody<'a> {
    model: &'a str,
    prompt: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Answer {
    embeddings: Option<Rows>,
    embedding: Option<Row>,
    prompt_eval_count: Option<u64>,
}

impl Protocol for Ollama {
    fn name(&self) -> &'static str {
        "ollama"
    }

    fn model(&self) -> &str {
        &self.settings.model
    }

    fn dimensions(&self) -> Option<usize> {
        match &*self.settings.model {
            "nomic-embed-text" | "nomic-embed-text:latest" | "nomic-embed-text:v1.5" => Some(768),
            "mxbai-embed-large" | "snowflake-arctic-embed" | "bge-m3" | "bge-large" => Some(1024),
            "all-minilm" | "all-minilm:l6-v2" => Some(384),
            _ => None,
        }
    }

    fn space(&self, dimensions: usize) -> Result<Space, EmbeddingError> {
        let has_prefixes = self.settings.model.contains("nomic");
        let scheme = match self.settings.task {
            _ if !has_prefixes => "",
            None => "query-prefix",
            Some(task) => task.scheme(),
        };
        // The two addresses give vectors of different lengths, unit or not, but of one direction.
        Space::remote("ollama", &self.settings.model, dimensions, scheme, Normalisation::AsGiven)
    }

    fn limits(&self) -> Limits {
        Limits {
            texts: if self.takes_one() { 1 } else { 64 },
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
        let model = &*self.settings.model;
        match &request.texts[..] {
            [text] if self.takes_one() => Outgoing {
                url: Arc::clone(&self.one_url),
                headers: Vec::new(),
                body: to_json(&OneBody { model, prompt: self.prefixed(text, request.form) }),
            },
            texts => Outgoing {
                url: Arc::clone(&self.many_url),
                headers: Vec::new(),
                body: to_json(&ManyBody {
                    model,
                    input: texts.iter().map(|text| self.prefixed(text, request.form)).collect(),
                }),
            },
        }
    }

    fn read(&self, request: &EmbedRequest, body: &[u8]) -> Result<(Vec<Vec<f32>>, Option<u64>), Failure> {
        let answer: Answer = parse(body)?;
        let rows = answer.embeddings.map(|rows| rows.0).or_else(|| answer.embedding.map(|row| vec![row]));
        let rows = rows.ok_or_else(|| Failure::answer(Problem::NoData))?;
        Ok((check_rows(rows, request.texts.len())?, answer.prompt_eval_count))
    }

    fn refine(&self, _request: &EmbedRequest, response: &HttpResponse, failure: &mut Failure) {
        // A missing model is told in JSON, a missing address is not.
        let is_old = matches!(response.status, 404 | 405) && !read_error(&response.body).has_error;
        if is_old && self.settings.api == OllamaApi::Auto && !self.takes_one() {
            self.takes_one.store(true, Ordering::Relaxed);
            failure.repack = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::ErrorClass;
    use crate::provider::headers::Headers;

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

    fn sent(protocol: &Ollama, request: &EmbedRequest) -> (String, String) {
        let outgoing = protocol.request(request);
        (outgoing.url.to_string(), String::from_utf8(outgoing.body).unwrap())
    }

    /// Contract 4.2 and 5.3.
    #[test]
    fn an_old_server_is_asked_for_one_text_at_a_time() {
        let protocol = Ollama::new(OllamaSettings::default()).unwrap();
        let (url, body) = sent(&protocol, &request(&["a", "b"], Form::Document));
        assert_eq!(url, "http://localhost:11434/api/embed");
        assert_eq!(body, r#"{"model":"nomic-embed-text","input":["a","b"]}"#);
        let answer =
            |status, body: &[u8]| HttpResponse { status, headers: Headers::default(), body: body.to_vec() };
        let mut failure = Failure::new(ErrorClass::Provider, Problem::Status);
        let missing_model = answer(404, br#"{"error":"model \"x\" not found"}"#);
        protocol.refine(&request(&["a"], Form::Document), &missing_model, &mut failure);
        assert!(!failure.repack);
        protocol.refine(&request(&["a"], Form::Document), &answer(404, b"404 page not found"), &mut failure);
        assert!(failure.repack);
        assert_eq!(protocol.limits().texts, 1);
        let (url, body) = sent(&protocol, &request(&["a"], Form::Query));
        assert_eq!(url, "http://localhost:11434/api/embeddings");
        assert_eq!(body, r#"{"model":"nomic-embed-text","prompt":"search_query: a"}"#);
    }

    /// Contract 4.2: prefixes only for models with `nomic` in their name.
    #[test]
    fn prefixes_are_by_task() {
        let sent_text = |model: &str, task, form| {
            let settings = OllamaSettings { model: model.to_owned(), task, ..OllamaSettings::default() };
            sent(&Ollama::new(settings).unwrap(), &request(&["x"], form)).1
        };
        for (task, form, expected) in [
            (None, Form::Document, "x"),
            (None, Form::Query, "search_query: x"),
            (Some(NomicTask::Search), Form::Document, "search_document: x"),
            (Some(NomicTask::Clustering), Form::Document, "clustering: x"),
            (Some(NomicTask::Classification), Form::Query, "classification: x"),
        ] {
            assert!(sent_text("nomic-embed-text", task, form).contains(&format!("[\"{expected}\"]")));
            assert!(sent_text("bge-m3", task, form).contains("[\"x\"]"));
        }
    }

    #[test]
    fn both_answers_are_read() {
        let protocol = Ollama::new(OllamaSettings::default()).unwrap();
        let read = |body: &str| protocol.read(&request(&["a"], Form::Document), body.as_bytes());
        assert_eq!(
            read(r#"{"embeddings":[[1,2]],"prompt_eval_count":4}"#).unwrap(),
            (vec![vec![1.0, 2.0]], Some(4))
        );
        assert_eq!(read(r#"{"embedding":[1,2]}"#).unwrap().0, [[1.0, 2.0]]);
        assert_eq!(read(r#"{"embedding":[]}"#).unwrap_err().problem, Problem::NoData);
    }
}
