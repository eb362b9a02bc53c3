//! What becomes of each text.

use std::sync::Arc;
use std::time::Duration;

use crate::embedding::Embedding;
use crate::error::EmbeddingError;

/// What became of one text.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The vector, or why there is none.
    pub result: Result<Embedding, EmbeddingError>,
    /// Where the vector comes from.
    pub source: Source,
    /// The provider that gave the result, by its place in the service; `None` where none was asked.
    pub provider: Option<usize>,
    /// Requests sent with this text, to all providers.
    pub attempts: u32,
    /// Waiting in our own queues.
    pub queue_time: Duration,
    /// Waiting for connections to be made; a request that found one open has none.
    pub connect_time: Duration,
    /// Waiting for providers' answers.
    pub provider_time: Duration,
    /// Waiting between repetitions.
    pub retry_time: Duration,
}

/// Where a vector comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Source {
    /// A request made for this text of this call.
    Request,
    /// A request that an equal text had made, in this call or another.
    Shared,
    /// The cache.
    Cache,
    /// Nowhere: nothing was asked.
    None,
}

/// What a call is about.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CallOptions {
    /// What the texts are for.
    pub form: crate::provider::Form,
    /// Whether the texts came as a list.
    pub is_batch: bool,
    /// How long the caller waits; `None` as long as it takes.
    pub deadline: Option<Duration>,
}

/// A text with what is computed from it outside of the service's lock.
#[derive(Clone)]
pub struct Prepared {
    pub(crate) text: Arc<str>,
    /// SHA-256 of its UTF-8.
    pub(crate) digest: [u8; 32],
    /// Tokens, as the first provider counts.
    pub(crate) tokens: usize,
}

impl std::fmt::Debug for Prepared {
    /// Without the text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared")
            .field("bytes", &self.text.len())
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

impl Prepared {
    /// Prepares a text; `tokens` is what the first provider of the service counts.
    #[must_use]
    pub fn new(text: Arc<str>, tokens: usize) -> Self {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(text.as_bytes()).into();
        Self { text, digest, tokens }
    }
}
