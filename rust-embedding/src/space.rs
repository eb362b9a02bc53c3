//! Which embedding space a vector lies in (architecture 16): only vectors of one space are compared.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::error::EmbeddingError;

/// What can be told apart about where a vector comes from. Equal spaces have equal ids; `docs/encodings/embedding.md`
/// fixes the bytes.
#[derive(Clone, Eq, PartialEq)]
pub struct Space {
    fields: SpaceFields,
    id: SpaceId,
}

/// The fields of a space, free to be filled in; [`Space::new`] checks them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SpaceFields {
    /// Who makes the vectors: `openai`, `nomic`, `voyage`, `ollama`, `huggingface`, `local`, `deterministic`, or a name
    /// of the caller's. 1 to 64 bytes.
    pub provider: String,
    /// The model's name. 1 to 256 bytes.
    pub model: String,
    /// SHA-256 of the weights, where they are known.
    pub weights: Option<[u8; 32]>,
    /// Components of a vector, 1 to 65,536.
    pub dimensions: usize,
    /// Engine and quantisation, such as `int8-canonical-1`; `remote` for what others compute. At most 64 bytes.
    pub engine: String,
    /// Task or prefix scheme and whatever else is done to a text, such as `search`; empty for nothing. At most 256 bytes.
    pub preprocessing: String,
    /// What is known of the length of vectors.
    pub normalisation: Normalisation,
}

/// What is known of the Euclidean length of vectors.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Normalisation {
    /// Whatever the model gives.
    AsGiven,
    /// Length 1.
    Unit,
}

/// The digest of a space.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SpaceId([u8; 32]);

/// Most components of a vector.
pub const MAX_DIMENSIONS: usize = 65_536;

impl Space {
    /// The space with these fields.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`] naming the field that is out of its range or holds a control character.
    pub fn new(fields: SpaceFields) -> Result<Self, EmbeddingError> {
        let is_text = |text: &str, least: usize, most: usize| {
            (least..=most).contains(&text.len()) && !text.chars().any(char::is_control)
        };
        let checks = [
            (is_text(&fields.provider, 1, 64), "provider of a space"),
            (is_text(&fields.model, 1, 256), "model of a space"),
            ((1..=MAX_DIMENSIONS).contains(&fields.dimensions), "dimensions of a space"),
            (is_text(&fields.engine, 1, 64), "engine of a space"),
            (is_text(&fields.preprocessing, 0, 256), "preprocessing of a space"),
        ];
        if let Some((_, what)) = checks.iter().find(|(holds, _)| !holds) {
            return Err(EmbeddingError::InvalidConfig(what));
        }
        let id = SpaceId(Sha256::digest(encode(&fields)).into());
        Ok(Self { fields, id })
    }

    /// The space of a remote model: engine `remote`, weights unknown.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn remote(
        provider: &str,
        model: &str,
        dimensions: usize,
        preprocessing: &str,
        normalisation: Normalisation,
    ) -> Result<Self, EmbeddingError> {
        Self::new(SpaceFields {
            provider: provider.to_owned(),
            model: model.to_owned(),
            weights: None,
            dimensions,
            engine: "remote".to_owned(),
            preprocessing: preprocessing.to_owned(),
            normalisation,
        })
    }

    /// The digest, by which spaces are compared and caches are keyed.
    #[must_use]
    pub fn id(&self) -> SpaceId {
        self.id
    }

    /// The fields.
    #[must_use]
    pub fn fields(&self) -> &SpaceFields {
        &self.fields
    }

    /// Components of a vector.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.fields.dimensions
    }

    /// The canonical bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(&self.fields)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) gives, and nothing else.
    ///
    /// # Errors
    /// [`EmbeddingError::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EmbeddingError> {
        let mut reader = Reader(bytes);
        if reader.take(4)? != MAGIC {
            return Err(EmbeddingError::Malformed("not a space, or one of a later version"));
        }
        let dimensions = u32::from_le_bytes(reader.array()?) as usize;
        let normalisation = match reader.array::<1>()? {
            [0] => Normalisation::AsGiven,
            [1] => Normalisation::Unit,
            _ => return Err(EmbeddingError::Malformed("normalisation of a space")),
        };
        let weights = match reader.array::<1>()? {
            [0] => None,
            [1] => Some(reader.array()?),
            _ => return Err(EmbeddingError::Malformed("weights of a space")),
        };
        let fields = SpaceFields {
            provider: reader.text()?,
            model: reader.text()?,
            weights,
            dimensions,
            engine: reader.text()?,
            preprocessing: reader.text()?,
            normalisation,
        };
        if !reader.0.is_empty() {
            return Err(EmbeddingError::Malformed("bytes behind a space"));
        }
        Self::new(fields).map_err(|_| EmbeddingError::Malformed("a field of a space is out of its range"))
    }
}

impl fmt::Debug for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Space").field("id", &self.id).field("fields", &self.fields).finish()
    }
}

impl SpaceId {
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for SpaceId {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for SpaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chrysalis_crypto::hex::encode(&self.0))
    }
}

impl fmt::Debug for SpaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpaceId({self})")
    }
}

const MAGIC: &[u8] = b"CSP1";

fn encode(fields: &SpaceFields) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    let dimensions = u32::try_from(fields.dimensions).expect("checked to be at most 65,536");
    out.extend(dimensions.to_le_bytes());
    out.push(match fields.normalisation {
        Normalisation::AsGiven => 0,
        Normalisation::Unit => 1,
    });
    match &fields.weights {
        None => out.push(0),
        Some(digest) => {
            out.push(1);
            out.extend(digest);
        }
    }
    for text in [&fields.provider, &fields.model, &fields.engine, &fields.preprocessing] {
        out.extend(u16::try_from(text.len()).expect("checked to be at most 256").to_le_bytes());
        out.extend(text.as_bytes());
    }
    out
}

/// Takes bytes off the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], EmbeddingError> {
        let (head, tail) =
            self.0.split_at_checked(count).ok_or(EmbeddingError::Malformed("a space is cut short"))?;
        self.0 = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], EmbeddingError> {
        Ok(self.take(N)?.try_into().expect("it has the length that was taken"))
    }

    fn text(&mut self) -> Result<String, EmbeddingError> {
        let length = u16::from_le_bytes(self.array()?);
        let bytes = self.take(usize::from(length))?;
        let text = std::str::from_utf8(bytes).map_err(|_| EmbeddingError::Malformed("text of a space"))?;
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> SpaceFields {
        SpaceFields {
            provider: "local".to_owned(),
            model: "all-MiniLM-L6-v2".to_owned(),
            weights: Some([7; 32]),
            dimensions: 384,
            engine: "int8-canonical-1".to_owned(),
            preprocessing: String::new(),
            normalisation: Normalisation::Unit,
        }
    }

    #[test]
    fn every_field_makes_another_space() {
        let base = Space::new(fields()).unwrap();
        let changes: [fn(&mut SpaceFields); 7] = [
            |fields| fields.provider.push('x'),
            |fields| fields.model.push('x'),
            |fields| fields.weights = None,
            |fields| fields.dimensions = 383,
            |fields| fields.engine.push('x'),
            |fields| fields.preprocessing.push('x'),
            |fields| fields.normalisation = Normalisation::AsGiven,
        ];
        for change in changes {
            let mut changed = fields();
            change(&mut changed);
            assert_ne!(Space::new(changed).unwrap().id(), base.id());
        }
        assert_eq!(Space::new(fields()).unwrap().id(), base.id());
    }

    #[test]
    fn bytes_come_back_and_no_others_do() {
        let space = Space::new(fields()).unwrap();
        let bytes = space.to_bytes();
        assert_eq!(Space::from_bytes(&bytes).unwrap(), space);
        for length in 0..bytes.len() {
            assert!(Space::from_bytes(&bytes[..length]).is_err(), "{length}");
        }
        assert!(Space::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
    }

    #[test]
    fn fields_have_ranges() {
        let changes: [fn(&mut SpaceFields); 5] = [
            |fields| fields.provider.clear(),
            |fields| fields.model = "x".repeat(257),
            |fields| fields.model.push('\n'),
            |fields| fields.dimensions = 0,
            |fields| fields.dimensions = MAX_DIMENSIONS + 1,
        ];
        for change in changes {
            let mut changed = fields();
            change(&mut changed);
            assert_eq!(Space::new(changed).unwrap_err().code(), "embedding/invalid-config");
        }
    }
}
