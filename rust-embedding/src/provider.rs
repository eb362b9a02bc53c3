//! Who turns texts into vectors: one trait, and the providers that speak over HTTP or run in this process.

#[cfg(all(feature = "http", not(target_arch = "wasm32")))]
pub mod client;
mod connecting;
pub mod deterministic;
mod failure;
pub mod headers;
pub mod http;
pub mod huggingface;
pub mod in_process;
pub mod nomic;
pub mod ollama;
pub mod openai;
pub mod voyage;
pub mod wire;

use std::sync::Arc;
use std::time::Duration;

use crate::error::Identifier;
use crate::port::{BoxFuture, Shared};
use crate::space::Space;
use crate::tokens::approximate_tokens;

#[cfg(all(feature = "http", not(target_arch = "wasm32")))]
pub use client::{Client, ClientSettings};
pub use connecting::{ConnectClock, Connecting};
pub use failure::{Classification, Failure};
pub use headers::RateHints;
pub use http::{HttpProvider, HttpRequest, HttpResponse, Protocol, Transport, TransportError};
pub use in_process::{InProcess, TextEncoder};

/// Someone who turns texts into vectors. A service calls [`embed`](Self::embed) with at most as many texts as
/// [`limits`](Self::limits) say, and is the only one that repeats a call.
pub trait EmbeddingProvider: Shared {
    /// The provider's name, such as `openai`.
    fn name(&self) -> &str;

    /// The model's name.
    fn model(&self) -> &str;

    /// Where the vectors lie; `None` while their length is still to be learnt from the first answer.
    fn space(&self) -> Option<Arc<Space>>;

    /// What one request may hold.
    fn limits(&self) -> Limits;

    /// Tokens of a text, for packing, prices and rates.
    fn count_tokens(&self, text: &str) -> usize {
        approximate_tokens(text)
    }

    /// US dollars for a thousand tokens.
    fn price_per_1k_tokens(&self) -> f64 {
        0.0
    }

    /// The vectors of texts, in their order.
    fn embed(&self, request: EmbedRequest) -> BoxFuture<'_, Result<Reply, Failure>>;
}

/// What a text is for, where a model makes a difference.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Form {
    /// Something to be found.
    #[default]
    Document,
    /// Something to find by.
    Query,
}

/// What one request may hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Texts in a request, at least 1.
    pub texts: usize,
    /// Tokens of one text; checked before sending where counts are exact.
    pub tokens_per_text: usize,
    /// Tokens of a request. One text is sent even if it has more.
    pub tokens_per_request: usize,
    /// Whether [`EmbeddingProvider::count_tokens`] is exact, so that longer texts need not be sent to be refused.
    pub is_count_exact: bool,
    /// Whether an empty text has a vector.
    pub takes_empty: bool,
}

/// A request as a service makes it.
#[derive(Clone)]
pub struct EmbedRequest {
    /// The texts, at least one.
    pub texts: Vec<Arc<str>>,
    /// What they are for.
    pub form: Form,
    /// Whether the texts came as a list; `false` for the one text of a call for one.
    pub is_batch: bool,
    /// How often this request was sent before.
    pub retry: u32,
    /// How long an answer may take, connecting included.
    pub timeout: Duration,
    /// Where a provider tells how long connecting took.
    pub connecting: Connecting,
}

impl std::fmt::Debug for EmbedRequest {
    /// Without the texts.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbedRequest")
            .field("texts", &self.texts.len())
            .field("form", &self.form)
            .field("retry", &self.retry)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// A provider's answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    /// One vector per text, in the order of the texts, all of one length, finite.
    pub vectors: Vec<Vec<f32>>,
    /// The tokens that the provider counted.
    pub tokens: Option<u64>,
    /// The provider's name for the request.
    pub request_id: Option<Identifier>,
    /// What the provider says about its rate limits.
    pub rate: RateHints,
    /// Bytes of the body that was sent.
    pub bytes_sent: u64,
    /// Bytes of the body that was received.
    pub bytes_received: u64,
}

/// The price estimate of the replaced provider (contract 1.4), to the last bit: words × 1.3 tokens at a price for a
/// thousand. A word is what Python's `str.split()` makes.
#[must_use]
pub fn estimate_cost_by_words(text: &str, price_per_1k_tokens: f64) -> f64 {
    let words = text.split(is_python_space).filter(|word| !word.is_empty()).count();
    #[expect(clippy::cast_precision_loss, reason = "a text has fewer than 2^53 words")]
    let tokens = words as f64 * 1.3;
    tokens / 1000.0 * price_per_1k_tokens
}

/// White space as Python's `str.split()` sees it: that of Unicode and the four separators of ASCII.
fn is_python_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contract 1.4: exactly these floats.
    #[test]
    fn the_estimate_is_exact() {
        assert_eq!(estimate_cost_by_words("one two three", 0.00013).to_bits(), 5.07e-07_f64.to_bits());
        assert_eq!(estimate_cost_by_words("", 0.00013).to_bits(), 0.0_f64.to_bits());
        assert_eq!(estimate_cost_by_words(" \u{1c}\t\u{a0} ", 0.00013).to_bits(), 0.0_f64.to_bits());
        assert_eq!(estimate_cost_by_words("a\u{1f}b\u{2003}c", 0.00013), 5.07e-07);
    }

    #[test]
    fn tokens_are_a_quarter_of_the_characters() {
        assert_eq!(approximate_tokens(""), 0);
        assert_eq!(approximate_tokens("🙂🙂🙂🙂🙂"), 2);
    }

    #[test]
    fn requests_do_not_show_texts() {
        let request = EmbedRequest {
            texts: vec!["between us".into()],
            form: Form::Document,
            is_batch: true,
            retry: 0,
            timeout: Duration::from_secs(1),
            connecting: Connecting::default(),
        };
        assert!(!format!("{request:?}").contains("between"));
    }
}
