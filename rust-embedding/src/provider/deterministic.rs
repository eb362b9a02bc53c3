//! The deterministic vectors as a provider: needs no network and no key, and carries identity, not meaning.

use std::sync::Arc;

use crate::deterministic::{Reduction, derive_vector};
use crate::error::{EmbeddingError, ErrorClass, Problem};
use crate::provider::failure::Failure;
use crate::provider::in_process::{InProcess, TextEncoder};
use crate::provider::{Form, Limits};
use crate::space::{Normalisation, Space, SpaceFields};

/// A provider of deterministic vectors of so many components, in the canonical order of summation.
///
/// # Errors
/// [`EmbeddingError::InvalidConfig`] for 0 or more than 65,536 components.
pub fn deterministic(dimensions: usize) -> Result<InProcess, EmbeddingError> {
    let space = Space::new(SpaceFields {
        provider: "deterministic".to_owned(),
        model: "deterministic".to_owned(),
        weights: None,
        dimensions,
        engine: "pcg64-avx512".to_owned(),
        preprocessing: String::new(),
        normalisation: Normalisation::Unit,
    })?;
    let limits = Limits {
        texts: 1024,
        tokens_per_text: usize::MAX,
        tokens_per_request: usize::MAX,
        is_count_exact: false,
        takes_empty: true,
    };
    Ok(InProcess::new(space, limits, Arc::new(Deterministic { dimensions })))
}

struct Deterministic {
    dimensions: usize,
}

impl TextEncoder for Deterministic {
    fn encode(&self, texts: &[Arc<str>], _form: Form) -> Result<Vec<Vec<f32>>, Failure> {
        let failed = |_| Failure::new(ErrorClass::Provider, Problem::Engine);
        texts
            .iter()
            .map(|text| derive_vector(text, self.dimensions, Reduction::Avx512).map_err(failed))
            .collect()
    }
}
