//! Vectors as stores keep them.

use super::SimilarityError;

/// Reads numbers of four bytes, little-endian, as the table `embeddings` holds them.
///
/// # Errors
/// [`SimilarityError::InvalidBlob`].
pub fn read_f32_blob(bytes: &[u8]) -> Result<Vec<f32>, SimilarityError> {
    match bytes.as_chunks::<4>() {
        (numbers, []) => Ok(numbers.iter().map(|number| f32::from_le_bytes(*number)).collect()),
        _ => Err(SimilarityError::InvalidBlob { length: bytes.len() }),
    }
}

/// Reads numbers of eight bytes, little-endian, as the table `vector_cache` holds them.
///
/// # Errors
/// [`SimilarityError::InvalidBlob`].
pub fn read_f64_blob(bytes: &[u8]) -> Result<Vec<f64>, SimilarityError> {
    match bytes.as_chunks::<8>() {
        (numbers, []) => Ok(numbers.iter().map(|number| f64::from_le_bytes(*number)).collect()),
        _ => Err(SimilarityError::InvalidBlob { length: bytes.len() }),
    }
}

/// Reads a JSON list of numbers, as the embedding cache holds them.
///
/// # Errors
/// [`SimilarityError::InvalidBlob`].
pub fn read_json_blob(bytes: &[u8]) -> Result<Vec<f64>, SimilarityError> {
    serde_json::from_slice(bytes).map_err(|_| SimilarityError::InvalidBlob { length: bytes.len() })
}

/// Numbers of four bytes, little-endian.
pub fn to_f32_blob(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// Numbers of eight bytes, little-endian.
pub fn to_f64_blob(vector: &[f64]) -> Vec<u8> {
    vector.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_11_the_three_forms_are_read() {
        assert_eq!(read_f32_blob(&to_f32_blob(&[1.5, -2.0])), Ok(vec![1.5, -2.0]));
        assert_eq!(read_f64_blob(&to_f64_blob(&[0.1, -2.0])), Ok(vec![0.1, -2.0]));
        assert_eq!(read_json_blob(b"[0.1, -2, 3e2]"), Ok(vec![0.1, -2.0, 300.0]));
        assert_eq!(read_f32_blob(&[]), Ok(vec![]));
    }

    #[test]
    fn what_is_no_vector_is_refused() {
        assert_eq!(read_f32_blob(&[0; 5]), Err(SimilarityError::InvalidBlob { length: 5 }));
        assert_eq!(read_f64_blob(&[0; 12]), Err(SimilarityError::InvalidBlob { length: 12 }));
        for text in ["", "[", "[1,]", "{}", "[\"1\"]", "[[1]]", "[null]"] {
            assert!(read_json_blob(text.as_bytes()).is_err(), "{text}");
        }
    }
}
