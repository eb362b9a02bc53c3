//! The local model as a provider of the service.

use std::num::NonZero;
use std::sync::Arc;

use super::LocalModel;
use super::error::ModelError;
use crate::error::{EmbeddingError, ErrorClass, Problem};
use crate::provider::{Failure, Form, InProcess, Limits, TextEncoder};
use crate::space::Space;

/// Texts of one request: enough for the threads, few enough that results come as they are made.
const TEXTS: usize = 256;

/// A provider that computes with `model` on at most `threads` threads for each request.
///
/// A text with more tokens than the model takes fails alone, unless the model truncates.
///
/// # Errors
/// [`EmbeddingError::InvalidConfig`] if the model's sizes do not make a space, which no loaded model's do.
pub fn to_provider(model: Arc<LocalModel>, threads: NonZero<usize>) -> Result<InProcess, EmbeddingError> {
    let space = Space::new(model.space_fields())?;
    let truncates = model.overflow == super::Overflow::Truncate;
    let limits = Limits {
        texts: TEXTS,
        tokens_per_text: if truncates { usize::MAX } else { model.max_tokens() },
        tokens_per_request: TEXTS * model.max_tokens(),
        is_count_exact: !truncates,
        takes_empty: true,
    };
    Ok(InProcess::new(space, limits, Arc::new(Engine { model, threads })))
}

struct Engine {
    model: Arc<LocalModel>,
    threads: NonZero<usize>,
}

impl TextEncoder for Engine {
    fn encode(&self, texts: &[Arc<str>], _form: Form) -> Result<Vec<Vec<f32>>, Failure> {
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        let outcomes = self.model.encode_batch(&texts, self.threads).into_iter().enumerate();
        outcomes.map(|(text, outcome)| Ok(outcome.map_err(|error| failure(text, &error))?.vector)).collect()
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.model.count_tokens(text)
    }
}

fn failure(text: usize, error: &ModelError) -> Failure {
    let problem = if *error == ModelError::NotFinite { Problem::NotFinite } else { Problem::Engine };
    let mut failure = Failure::new(ErrorClass::Provider, problem);
    failure.should_retry = Some(false);
    failure.rejected_text = Some(text);
    failure
}
