//! How vectors are written; `docs/encodings/vectors.md`.

use chrysalis_crypto::merkle::Hash;

use crate::error::MemoryError;
use crate::identity::AgentKey;

/// Most components of a vector.
pub const MAX_DIMENSIONS: usize = 8192;
/// Most vectors of one entry.
pub const MAX_PIECES: usize = 256;

const VERSION: u8 = 1;
/// Version, leaf, author, dimensions, number of vectors.
const HEAD: usize = 1 + 32 + 32 + 2 + 2;

/// The vectors of one remembered record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VectorRecord {
    /// The record's leaf.
    pub leaf: Hash,
    /// Its author.
    pub author: AgentKey,
    /// One vector for each piece of the text, at least one, all of one length; 127 stands for 1.
    pub vectors: Vec<Vec<i8>>,
}

impl VectorRecord {
    /// The content of the record in the journal.
    ///
    /// # Errors
    /// [`MemoryError::TooLarge`] for more than [`MAX_PIECES`] vectors or [`MAX_DIMENSIONS`] components.
    pub fn to_bytes(&self) -> Result<Vec<u8>, MemoryError> {
        let dimensions = self.vectors.first().map_or(0, Vec::len);
        let too_large = |what, limit, actual| MemoryError::TooLarge { what, limit, actual };
        let within = |what, limit: usize, actual: usize| {
            let number = u16::try_from(actual).ok().filter(|_| (1..=limit).contains(&actual));
            number.ok_or(too_large(what, limit, actual))
        };
        let width = within("components of a vector", MAX_DIMENSIONS, dimensions)?;
        let count = within("vectors of an entry", MAX_PIECES, self.vectors.len())?;
        let mut bytes = Vec::with_capacity(HEAD + dimensions * self.vectors.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.leaf);
        bytes.extend_from_slice(self.author.as_bytes());
        bytes.extend_from_slice(&width.to_le_bytes());
        bytes.extend_from_slice(&count.to_le_bytes());
        for vector in &self.vectors {
            if vector.len() != dimensions {
                return Err(too_large("components of a vector", dimensions, vector.len()));
            }
            bytes.extend(vector.iter().map(|component| component.cast_unsigned()));
        }
        Ok(bytes)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote, and nothing else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let ([VERSION], rest) = bytes.split_first_chunk()? else { return None };
        let (leaf, rest) = rest.split_first_chunk::<32>()?;
        let (author, rest) = rest.split_first_chunk::<32>()?;
        let (width, rest) = rest.split_first_chunk::<2>()?;
        let (count, rest) = rest.split_first_chunk::<2>()?;
        let (width, count) =
            (usize::from(u16::from_le_bytes(*width)), usize::from(u16::from_le_bytes(*count)));
        let fits = (1..=MAX_DIMENSIONS).contains(&width) && (1..=MAX_PIECES).contains(&count);
        if !fits || rest.len() != width * count || rest.contains(&0x80) {
            return None;
        }
        let vector = |bytes: &[u8]| bytes.iter().map(|byte| byte.cast_signed()).collect();
        let vectors = rest.chunks_exact(width).map(vector).collect();
        Some(Self { leaf: *leaf, author: AgentKey::from_bytes(*author), vectors })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote_and_nothing_else() {
        let record = VectorRecord {
            leaf: [1; 32],
            author: AgentKey::from_bytes([2; 32]),
            vectors: vec![vec![-127, 0, 127], vec![1, 2, 3]],
        };
        let bytes = record.to_bytes().unwrap();
        assert_eq!(VectorRecord::from_bytes(&bytes), Some(record));
        for length in 0..bytes.len() {
            assert_eq!(VectorRecord::from_bytes(&bytes[..length]), None, "{length}");
        }
        assert_eq!(VectorRecord::from_bytes(&[&bytes[..], &[0]].concat()), None);
        let mut other = bytes.clone();
        other[0] = 2;
        assert_eq!(VectorRecord::from_bytes(&other), None, "a later version");
        let mut other = bytes;
        *other.last_mut().unwrap() = 0x80;
        assert_eq!(VectorRecord::from_bytes(&other), None, "a component beyond −127");
    }

    #[test]
    fn sizes_have_limits() {
        let record = |vectors| VectorRecord { leaf: [1; 32], author: AgentKey::from_bytes([2; 32]), vectors };
        for vectors in [
            vec![],
            vec![vec![]],
            vec![vec![0; MAX_DIMENSIONS + 1]],
            vec![vec![0]; MAX_PIECES + 1],
            vec![vec![0], vec![0, 0]],
        ] {
            assert!(matches!(record(vectors).to_bytes(), Err(MemoryError::TooLarge { .. })));
        }
        assert!(record(vec![vec![0; MAX_DIMENSIONS]]).to_bytes().is_ok());
    }
}
