//! A vector that knows its space.

use std::fmt;
use std::sync::Arc;

use crate::error::EmbeddingError;
use crate::similarity::cosine_similarity_or_zero;
use crate::space::Space;

/// A vector with its space. Cheap to clone: clones share both.
#[derive(Clone, PartialEq)]
pub struct Embedding {
    space: Arc<Space>,
    vector: Arc<[f32]>,
    is_fallback: bool,
}

impl Embedding {
    /// A vector in a space.
    ///
    /// # Errors
    /// [`EmbeddingError::DimensionMismatch`] for another length than the space's, [`EmbeddingError::NotFinite`].
    pub fn new(space: Arc<Space>, vector: impl Into<Arc<[f32]>>) -> Result<Self, EmbeddingError> {
        let vector = vector.into();
        if vector.len() != space.dimensions() {
            return Err(EmbeddingError::DimensionMismatch {
                expected: space.dimensions(),
                actual: vector.len(),
                provider: space.fields().provider.as_str().into(),
                model: space.fields().model.as_str().into(),
            });
        }
        if let Some(index) = vector.iter().position(|component| !component.is_finite()) {
            return Err(EmbeddingError::NotFinite { index });
        }
        Ok(Self { space, vector, is_fallback: false })
    }

    /// The space.
    #[must_use]
    pub fn space(&self) -> &Arc<Space> {
        &self.space
    }

    /// The components.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        &self.vector
    }

    /// The components, shared with this value.
    #[must_use]
    pub fn to_shared(&self) -> Arc<[f32]> {
        Arc::clone(&self.vector)
    }

    /// Number of components.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.vector.len()
    }

    /// Whether another provider than the first made it.
    #[must_use]
    pub fn is_fallback(&self) -> bool {
        self.is_fallback
    }

    /// The cosine of the angle to another vector of the same space; 0 where a vector is zero.
    ///
    /// # Errors
    /// [`EmbeddingError::SpaceMismatch`].
    pub fn cosine(&self, other: &Self) -> Result<f64, EmbeddingError> {
        if self.space.id() != other.space.id() {
            return Err(EmbeddingError::SpaceMismatch);
        }
        // Vectors of one space have one length.
        Ok(cosine_similarity_or_zero(&self.vector, &other.vector))
    }

    pub(crate) fn marked(mut self, is_fallback: bool) -> Self {
        self.is_fallback = is_fallback;
        self
    }
}

impl fmt::Debug for Embedding {
    /// Without the components, from which a text can be guessed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedding")
            .field("space", &self.space.id())
            .field("dimensions", &self.vector.len())
            .field("is_fallback", &self.is_fallback)
            .finish_non_exhaustive()
    }
}

/// An embedding whose length is known to the compiler.
#[derive(Clone, Debug, PartialEq)]
pub struct TypedEmbedding<const N: usize>(Embedding);

impl<const N: usize> TypedEmbedding<N> {
    /// The components.
    #[must_use]
    pub fn as_array(&self) -> &[f32; N] {
        self.0.vector[..].try_into().expect("the length was checked when it was made")
    }

    /// The embedding.
    #[must_use]
    pub fn as_embedding(&self) -> &Embedding {
        &self.0
    }
}

impl<const N: usize> TryFrom<Embedding> for TypedEmbedding<N> {
    type Error = EmbeddingError;

    fn try_from(embedding: Embedding) -> Result<Self, EmbeddingError> {
        if embedding.dimensions() != N {
            let fields = embedding.space.fields();
            return Err(EmbeddingError::DimensionMismatch {
                expected: N,
                actual: embedding.dimensions(),
                provider: fields.provider.as_str().into(),
                model: fields.model.as_str().into(),
            });
        }
        Ok(Self(embedding))
    }
}

impl<const N: usize> From<TypedEmbedding<N>> for Embedding {
    fn from(typed: TypedEmbedding<N>) -> Self {
        typed.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Normalisation;

    fn space(model: &str) -> Arc<Space> {
        Arc::new(Space::remote("test", model, 2, "", Normalisation::AsGiven).unwrap())
    }

    #[test]
    fn only_whole_vectors_are_taken() {
        let wrong = Embedding::new(space("a"), vec![1.0]).unwrap_err();
        assert_eq!(wrong.code(), "embedding/dimension-mismatch");
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let wrong = Embedding::new(space("a"), vec![1.0, bad]).unwrap_err();
            assert_eq!(wrong, EmbeddingError::NotFinite { index: 1 });
        }
    }

    /// Contract 7.4.
    #[test]
    fn vectors_of_two_spaces_are_not_compared() {
        let a = Embedding::new(space("a"), vec![3.0, 4.0]).unwrap();
        let b = Embedding::new(space("b"), vec![3.0, 4.0]).unwrap();
        assert_eq!(a.cosine(&b), Err(EmbeddingError::SpaceMismatch));
        assert_eq!(a.cosine(&a), Ok(1.0));
        let zero = Embedding::new(space("a"), vec![0.0, 0.0]).unwrap();
        assert_eq!(a.cosine(&zero), Ok(0.0));
    }

    #[test]
    fn typed_embeddings_have_their_length() {
        let a = Embedding::new(space("a"), vec![3.0, 4.0]).unwrap();
        let typed = TypedEmbedding::<2>::try_from(a.clone()).unwrap();
        assert_eq!(typed.as_array(), &[3.0, 4.0]);
        assert!(TypedEmbedding::<3>::try_from(a).is_err());
    }

    #[test]
    fn components_are_not_shown() {
        let a = Embedding::new(space("a"), vec![0.123_456, 4.0]).unwrap();
        assert!(!format!("{a:?}").contains("0.123"));
    }
}
