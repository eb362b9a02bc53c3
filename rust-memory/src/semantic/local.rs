//! Vectors from a model in this process.

use std::fmt;
use std::num::NonZero;
use std::path::Path;
use std::thread;

use chrysalis_embedding::model::{Encoded, LocalModel, ModelError, Overflow, Precision};
use chrysalis_embedding::{Normalisation, Space};

use super::{Embedder, EmbedderError};
use crate::error::MemoryError;

/// The canonical engine of a local model: the same vectors on every machine, without a network.
pub struct LocalEmbedder {
    model: LocalModel,
    space: [u8; 32],
    threads: NonZero<usize>,
}

impl LocalEmbedder {
    /// Reads a model directory in sentence-transformers form. Texts are embedded by as many threads as the machine has processors.
    ///
    /// # Errors
    /// [`MemoryError::Embedder`], naming the file and what was expected in it; also for a model whose vectors are not of unit length.
    pub fn load(directory: &Path) -> Result<Self, MemoryError> {
        let model = LocalModel::load(directory, Precision::Int8Canonical).map_err(failed)?;
        let space =
            Space::new(model.space_fields()).map_err(|error| unusable(error.code(), error.to_string()))?;
        if space.fields().normalisation != Normalisation::Unit {
            return Err(unusable(
                "model/unsupported",
                "the model's vectors are not of unit length".to_owned(),
            ));
        }
        let threads = thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        Ok(Self { space: *space.id().as_bytes(), model: model.with_overflow(Overflow::Truncate), threads })
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &LocalModel {
        &self.model
    }
}

impl Embedder for LocalEmbedder {
    fn space(&self) -> [u8; 32] {
        self.space
    }

    fn dimensions(&self) -> usize {
        self.model.dimensions()
    }

    fn fits(&self, text: &str) -> bool {
        self.model.count_tokens(text) <= self.model.max_tokens()
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        let whole = |encoded: Result<Encoded, ModelError>| match encoded {
            Ok(encoded) if encoded.truncated => {
                Err(ModelError::TooLong { max_tokens: self.model.max_tokens() })
            }
            Ok(encoded) => Ok(encoded.vector),
            Err(error) => Err(error),
        };
        let encoded = self.model.encode_batch(texts, self.threads).into_iter().map(whole);
        encoded.collect::<Result<_, _>>().map_err(EmbedderError::from)
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedderError> {
        Ok(self.model.encode(text)?.vector)
    }
}

impl fmt::Debug for LocalEmbedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalEmbedder")
            .field("model", &self.model)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

impl From<ModelError> for EmbedderError {
    fn from(error: ModelError) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}

fn unusable(code: &'static str, message: String) -> MemoryError {
    MemoryError::Embedder(EmbedderError { code, message })
}

fn failed(error: ModelError) -> MemoryError {
    MemoryError::Embedder(error.into())
}
