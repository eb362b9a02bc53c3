//! The bytes of a cached vector; `docs/encodings/embedding.md` fixes them.

use crate::cache::CacheKey;
use crate::error::EmbeddingError;
use crate::space::{MAX_DIMENSIONS, SpaceId};

/// A vector as it is kept on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorRecord {
    /// Under what it is kept.
    pub key: CacheKey,
    /// Where it lies.
    pub space: SpaceId,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// Until when it is good, in milliseconds since 1970.
    pub expires_ms: u64,
    /// The components, 1 to 65,536, finite.
    pub vector: Vec<f32>,
}

const MAGIC: &[u8; 4] = b"CEV1";
const HEAD: usize = 4 + 32 + 32 + 8 + 8 + 4;

impl VectorRecord {
    /// The bytes.
    ///
    /// # Errors
    /// [`EmbeddingError::Malformed`] for a vector that is empty, too long or not finite.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EmbeddingError> {
        check(&self.vector)?;
        let count =
            u32::try_from(self.vector.len()).map_err(|_| EmbeddingError::Malformed("length of a vector"))?;
        let mut out = Vec::with_capacity(HEAD + 4 * self.vector.len());
        out.extend(MAGIC);
        out.extend(self.key.as_bytes());
        out.extend(self.space.as_bytes());
        out.extend(self.created_ms.to_le_bytes());
        out.extend(self.expires_ms.to_le_bytes());
        out.extend(count.to_le_bytes());
        for component in &self.vector {
            out.extend(component.to_le_bytes());
        }
        Ok(out)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) gives, and nothing else.
    ///
    /// # Errors
    /// [`EmbeddingError::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EmbeddingError> {
        let cut = || EmbeddingError::Malformed("a cached vector is cut short");
        let (head, body) = bytes.split_at_checked(HEAD).ok_or_else(cut)?;
        if head[..4] != *MAGIC {
            return Err(EmbeddingError::Malformed("not a cached vector, or one of a later version"));
        }
        let array32 = |at: usize| -> [u8; 32] { head[at..at + 32].try_into().expect("within the head") };
        let number = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().expect("within the head"));
        let count = u32::from_le_bytes(head[84..].try_into().expect("the last four of the head"));
        let (components, rest) = body.as_chunks::<4>();
        if components.len() != count as usize || !rest.is_empty() {
            return Err(EmbeddingError::Malformed("length of a cached vector"));
        }
        let vector: Vec<f32> = components.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        check(&vector)?;
        Ok(Self {
            key: array32(4).into(),
            space: array32(36).into(),
            created_ms: number(68),
            expires_ms: number(76),
            vector,
        })
    }
}

fn check(vector: &[f32]) -> Result<(), EmbeddingError> {
    if vector.is_empty() || vector.len() > MAX_DIMENSIONS {
        return Err(EmbeddingError::Malformed("length of a vector"));
    }
    match vector.iter().position(|component| !component.is_finite()) {
        None => Ok(()),
        Some(index) => Err(EmbeddingError::NotFinite { index }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_and_no_others_do() {
        let record = VectorRecord {
            key: [1; 32].into(),
            space: [2; 32].into(),
            created_ms: 3,
            expires_ms: u64::MAX,
            vector: vec![1.0, -0.0, f32::MIN_POSITIVE],
        };
        let bytes = record.to_bytes().unwrap();
        assert_eq!(VectorRecord::from_bytes(&bytes).unwrap(), record);
        for length in 0..bytes.len() {
            assert!(VectorRecord::from_bytes(&bytes[..length]).is_err());
        }
        assert!(VectorRecord::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
        for vector in [vec![], vec![f32::NAN], vec![0.0; MAX_DIMENSIONS + 1]] {
            assert!(VectorRecord { vector, ..record.clone() }.to_bytes().is_err());
        }
        let mut nan = bytes;
        nan[HEAD..HEAD + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        assert!(VectorRecord::from_bytes(&nan).is_err());
    }
}
