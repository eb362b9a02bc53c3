//! What is agreed on: values with one encoding and one digest.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use chrysalis_crypto::{canonical, hash, hex};

use crate::error::ConsensusError;

/// Largest encoding of a value, so that a proposal with the largest proof fits a message of 1 MiB.
pub const MAX_VALUE_BYTES: usize = 896 * 1024;
/// How deep JSON may nest.
pub const MAX_JSON_DEPTH: usize = 64;

const CONTEXT: &str = "chrysalis agreement v1 value digest";

/// What identifies a value: BLAKE3 in key derivation mode over its encoding.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of a value's encoding.
    #[must_use]
    pub fn of(encoding: &[u8]) -> Self {
        Self(hash::blake3_domain_hash(CONTEXT, encoding))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({}..)", hex::encode(&self.0[..4]))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

/// Something that can be agreed on.
///
/// `decode(encode(v))` is `v`, and `encode(decode(b))` is `b` for every `b` that decodes: one value, one encoding. Cloning
/// should be cheap, because effects carry clones.
pub trait Value: Clone {
    /// The one encoding.
    fn encode(&self) -> Vec<u8>;

    /// Reads an encoding of at most [`MAX_VALUE_BYTES`]. Strict: whatever [`encode`](Self::encode) does not give is refused.
    ///
    /// # Errors
    /// [`ConsensusError::InvalidValue`] usually.
    fn decode(bytes: &[u8]) -> Result<Self, ConsensusError>;
}

/// A value that is just bytes.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Bytes(Arc<[u8]>);

impl Bytes {
    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({} bytes)", self.0.len())
    }
}

impl Value for Bytes {
    fn encode(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    fn decode(bytes: &[u8]) -> Result<Self, ConsensusError> {
        Ok(bytes.into())
    }
}

/// A JSON value in its canonical text (RFC 8785), so that white space and the order of members make no difference.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Json(Arc<str>);

impl Json {
    /// Reads a JSON text and makes it canonical.
    ///
    /// # Errors
    /// [`ConsensusError::InvalidValue`] for what is not JSON, repeats a name, or nests deeper than [`MAX_JSON_DEPTH`].
    pub fn new(text: &str) -> Result<Self, ConsensusError> {
        if depth(text) > MAX_JSON_DEPTH {
            return Err(ConsensusError::InvalidValue("JSON nests too deep"));
        }
        let canonical = canonical::canonicalize(text)
            .map_err(|_| ConsensusError::InvalidValue("not JSON that has one meaning"))?;
        Ok(Self(canonical.into()))
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Json({} bytes)", self.0.len())
    }
}

impl Value for Json {
    fn encode(&self) -> Vec<u8> {
        self.0.as_bytes().to_vec()
    }

    fn decode(bytes: &[u8]) -> Result<Self, ConsensusError> {
        let text = String::from_utf8(bytes.to_vec())
            .map_err(|_| ConsensusError::InvalidValue("JSON is not UTF-8"))?;
        let value = Self::new(&text)?;
        if value.as_str() == text {
            Ok(value)
        } else {
            Err(ConsensusError::InvalidValue("JSON is not canonical"))
        }
    }
}

/// How deep brackets nest, strings left out. For a text that is not JSON, some number.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// E-14, R-08: how a JSON text is written makes no other value.
    #[test]
    fn e_14_json_is_made_canonical() {
        let (a, b) = (Json::new("{\"a\":1}").unwrap(), Json::new("{ \"a\": 1.0 }").unwrap());
        assert_eq!(a, b);
        assert_eq!(Digest::of(&a.encode()), Digest::of(&b.encode()));
        assert_eq!(Json::decode(b"{\"a\":1}").unwrap(), a);
        assert!(Json::decode(b"{ \"a\": 1 }").is_err());
        assert!(Json::decode(b"\xff").is_err());
        assert!(Json::new("{\"a\":1,\"a\":1}").is_err());
    }

    /// depth at the limit and above it; brackets within strings do not nest.
    #[test]
    fn r_22_json_nests_64_deep() {
        let nested = |depth: usize| ["[".repeat(depth), "]".repeat(depth)].concat();
        assert!(Json::new(&nested(64)).is_ok());
        assert_eq!(Json::new(&nested(65)), Err(ConsensusError::InvalidValue("JSON nests too deep")));
        assert!(Json::new(&["\"\\\"", &"[".repeat(100), "\""].concat()).is_ok());
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(alloc::format!("{:?}", Bytes::from(&b"secret"[..])), "Bytes(6 bytes)");
        assert_eq!(alloc::format!("{:?}", Json::new("\"s\"").unwrap()), "Json(3 bytes)");
    }
}
