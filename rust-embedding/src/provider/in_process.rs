//! Providers that compute in this process: the local model, the deterministic vectors, a caller's own.

use std::fmt;
use std::sync::Arc;

#[cfg(not(target_arch = "wasm32"))]
use crate::error::{ErrorClass, Problem};
use crate::port::{BoxFuture, Shared};
use crate::provider::failure::Failure;
use crate::provider::{EmbedRequest, EmbeddingProvider, Form, Limits, Reply};
use crate::space::Space;
use crate::tokens::approximate_tokens;

/// An engine that turns texts into vectors on the thread that asks.
pub trait TextEncoder: Shared {
    /// One vector per text, in order, or what failed.
    ///
    /// # Errors
    /// Why there are none; the service tells its caller the class.
    fn encode(&self, texts: &[Arc<str>], form: Form) -> Result<Vec<Vec<f32>>, Failure>;

    /// Tokens of a text.
    fn count_tokens(&self, text: &str) -> usize {
        approximate_tokens(text)
    }
}

/// A provider made of an engine in this process. Natively the engine runs on the runtime's threads for blocking work,
/// so that it delays no request; a cancelled call does not interrupt it, but its result is dropped.
pub struct InProcess {
    space: Arc<Space>,
    limits: Limits,
    encoder: Arc<dyn TextEncoder>,
}

impl InProcess {
    /// The provider. Its names are those of the space.
    #[must_use]
    pub fn new(space: Space, limits: Limits, encoder: Arc<dyn TextEncoder>) -> Self {
        Self { space: Arc::new(space), limits, encoder }
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").field("space", &self.space).finish_non_exhaustive()
    }
}

impl EmbeddingProvider for InProcess {
    fn name(&self) -> &str {
        &self.space.fields().provider
    }

    fn model(&self) -> &str {
        &self.space.fields().model
    }

    fn space(&self) -> Option<Arc<Space>> {
        Some(Arc::clone(&self.space))
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.encoder.count_tokens(text)
    }

    fn embed(&self, request: EmbedRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        let encoder = Arc::clone(&self.encoder);
        Box::pin(async move {
            let vectors = run(move || encoder.encode(&request.texts, request.form)).await??;
            Ok(Reply { vectors, ..Reply::default() })
        })
    }
}

/// Runs `work` where it delays no one.
#[cfg(not(target_arch = "wasm32"))]
async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    let failed = |_| Failure::new(ErrorClass::Provider, Problem::Engine);
    tokio::task::spawn_blocking(work).await.map_err(failed)
}

/// Runs `work` here: there is one thread.
#[cfg(target_arch = "wasm32")]
async fn run<T>(work: impl FnOnce() -> T) -> Result<T, Failure> {
    Ok(work())
}
