//! The error type of vectors and their comparison.

use std::fmt;

/// What went wrong with a vector, a matrix or an index. No message holds a component, an id or a stored text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SimilarityError {
    /// Two vectors that are to be compared have different lengths.
    DimensionMismatch,
    /// A vector for an index has another length than the index.
    EmbeddingDimension {
        /// The dimension of the index.
        expected: usize,
        /// The length of the vector.
        actual: usize,
    },
    /// A query has another length than the index or the matrix.
    QueryDimension {
        /// The dimension of the index.
        expected: usize,
        /// The length of the query.
        actual: usize,
    },
    /// A matrix is not a whole number of rows.
    RaggedMatrix {
        /// Its length.
        length: usize,
        /// What a row has.
        dimension: usize,
    },
    /// A dimension is 0 or too great.
    DimensionOutOfRange {
        /// The dimension.
        given: usize,
        /// The greatest one.
        most: usize,
    },
    /// An index was to hold nothing.
    NoCapacity,
    /// Stored bytes are not a vector: their length is no multiple of a number's, or their text is no list of numbers.
    InvalidBlob {
        /// Their length.
        length: usize,
    },
}

impl SimilarityError {
    /// Every code of this type, in the order of the variants.
    pub const CODES: &'static [&'static str] = &[
        "similarity/dimension-mismatch",
        "similarity/embedding-dimension",
        "similarity/query-dimension",
        "similarity/ragged-matrix",
        "similarity/dimension-out-of-range",
        "similarity/no-capacity",
        "similarity/invalid-blob",
    ];

    /// The stable code of this error.
    pub fn code(self) -> &'static str {
        match self {
            Self::DimensionMismatch => "similarity/dimension-mismatch",
            Self::EmbeddingDimension { .. } => "similarity/embedding-dimension",
            Self::QueryDimension { .. } => "similarity/query-dimension",
            Self::RaggedMatrix { .. } => "similarity/ragged-matrix",
            Self::DimensionOutOfRange { .. } => "similarity/dimension-out-of-range",
            Self::NoCapacity => "similarity/no-capacity",
            Self::InvalidBlob { .. } => "similarity/invalid-blob",
        }
    }
}

/// The first three texts are those of the originals, word for word.
impl fmt::Display for SimilarityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DimensionMismatch => f.write_str("Vectors must have same dimension"),
            Self::EmbeddingDimension { expected, actual } => {
                write!(f, "Embedding dimension mismatch: expected {expected}, got {actual}")
            }
            Self::QueryDimension { expected, actual } => {
                write!(f, "Query embedding dimension mismatch: expected {expected}, got {actual}")
            }
            Self::RaggedMatrix { length, dimension } => {
                write!(f, "a matrix of {length} numbers has no whole number of rows of {dimension}")
            }
            Self::DimensionOutOfRange { given, most } => {
                write!(f, "dimension {given} is not between 1 and {most}")
            }
            Self::NoCapacity => f.write_str("an index must hold at least one entry"),
            Self::InvalidBlob { length } => write!(f, "{length} stored bytes are not a vector"),
        }
    }
}

impl std::error::Error for SimilarityError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_lists_every_code_once_and_in_order() {
        let all = [
            SimilarityError::DimensionMismatch,
            SimilarityError::EmbeddingDimension { expected: 1, actual: 2 },
            SimilarityError::QueryDimension { expected: 1, actual: 2 },
            SimilarityError::RaggedMatrix { length: 3, dimension: 2 },
            SimilarityError::DimensionOutOfRange { given: 0, most: 1 },
            SimilarityError::NoCapacity,
            SimilarityError::InvalidBlob { length: 3 },
        ];
        assert_eq!(all.map(SimilarityError::code), SimilarityError::CODES);
    }
}
