//! `LocalModel`: text to vectors in this process, from a directory.

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;

use chrysalis_embedding::model::{self, Encoder, ModelError, Overflow, Precision};
use chrysalis_embedding::{self as embedding, Space};
use pyo3::prelude::*;

use super::embedded::{Embedding, EmbeddingSpace, Embeddings};
use super::text::{Text, Texts};
use crate::python::convert::Length;
use crate::python::error::{BindingError, Result};

/// A BERT encoder from a directory in sentence-transformers form. May be used from several threads: texts of callers that wait are
/// computed together, and each has the bits it has alone.
#[pyclass(frozen, module = "memory_system._rust.embedding")]
pub(in crate::python) struct LocalModel {
    model: Arc<model::LocalModel>,
    encoder: Encoder,
    space: Arc<Space>,
    threads: NonZero<usize>,
}

#[pymethods]
impl LocalModel {
    /// Reads the model in the directory `path`. `precision` is `int8-canonical`, the same bits everywhere, or `f32`; `threads` are
    /// those of one batch, by default all processors; `batch_tokens` are those of one pass, by default 256. With `truncates`, the beginning of a text over the model's limit is
    /// embedded; without, such a text raises. What is wrong with a file is told: which, what was expected, what was found.
    #[new]
    #[pyo3(signature = (path, *, precision = "int8-canonical", threads = None, batch_tokens = None, truncates = false))]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        precision: &str,
        threads: Option<Length>,
        batch_tokens: Option<Length>,
        truncates: bool,
    ) -> Result<Self> {
        let precision = match precision {
            "int8-canonical" => Precision::Int8Canonical,
            "f32" => Precision::F32,
            _ => return Err(BindingError::OutOfRange("precision").into()),
        };
        let threads = match threads {
            Some(threads) => NonZero::new(threads.0).ok_or(BindingError::OutOfRange("threads"))?,
            None => std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
        };
        let batch_tokens = batch_tokens
            .map(|tokens| NonZero::new(tokens.0).ok_or(BindingError::OutOfRange("batch_tokens")))
            .transpose()?;
        let overflow = if truncates { Overflow::Truncate } else { Overflow::Refuse };
        let mut model = py.detach(|| model::LocalModel::load(&path, precision))?.with_overflow(overflow);
        if let Some(tokens) = batch_tokens {
            model = model.with_batch_tokens(tokens);
        }
        let model = Arc::new(model);
        let space = Arc::new(Space::new(model.space_fields())?);
        Ok(Self { encoder: Encoder::new(Arc::clone(&model), threads), model, space, threads })
    }

    /// The vector of a text.
    fn encode(&self, py: Python<'_>, text: Text<'_>) -> Result<Embedding> {
        let encoded = py.detach(|| self.encoder.encode(text.0))?;
        Ok(Embedding(embedding::Embedding::new(Arc::clone(&self.space), encoded.vector)?))
    }

    /// The vectors of texts as one matrix; raises for the first that has none.
    fn encode_batch(&self, py: Python<'_>, texts: Texts) -> Result<Embeddings> {
        let texts: Vec<&str> = texts.0.iter().map(String::as_str).collect();
        let encoded = py.detach(|| {
            let outcomes = self.model.encode_batch(&texts, self.threads);
            outcomes.into_iter().collect::<std::result::Result<Vec<_>, ModelError>>()
        })?;
        let vectors =
            encoded.into_iter().map(|text| embedding::Embedding::new(Arc::clone(&self.space), text.vector));
        Ok(Embeddings::new(&vectors.collect::<std::result::Result<Vec<_>, _>>()?)?)
    }

    /// The tokens of a text, the two that mark its ends counted in, whatever the limit.
    fn count_tokens(&self, py: Python<'_>, text: Text<'_>) -> usize {
        py.detach(|| self.model.count_tokens(text.0))
    }

    /// Where the vectors lie.
    #[getter]
    fn space(&self) -> EmbeddingSpace {
        EmbeddingSpace::new(Arc::clone(&self.space))
    }

    /// Numbers of a vector.
    #[getter]
    fn dimensions(&self) -> usize {
        self.model.dimensions()
    }

    /// The most tokens of a text.
    #[getter]
    fn max_tokens(&self) -> usize {
        self.model.max_tokens()
    }

    /// How it computes.
    #[getter]
    fn precision(&self) -> &'static str {
        match self.model.precision() {
            Precision::Int8Canonical => "int8-canonical",
            Precision::F32 => "f32",
        }
    }

    /// The threads of one batch.
    #[getter]
    fn threads(&self) -> usize {
        self.threads.get()
    }

    /// The instructions in use: `avx512-vnni`, `avx2` or `plain`.
    #[getter]
    fn instructions(&self) -> &'static str {
        self.model.instructions()
    }

    fn __repr__(&self) -> String {
        format!("LocalModel({}, {} dimensions)", self.precision(), self.dimensions())
    }
}
