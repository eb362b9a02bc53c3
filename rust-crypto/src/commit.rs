//! Commits and records: the signed skeleton that everything durable shares.
//!
//! A writer's journal is a chain of commits. A commit header names its writer, the records it covers by the
//! root of a Merkle tree, and the commit before it; one signature over the header covers them all. Contents
//! are bound through salted digests, so that a record whose content was erased or withheld still verifies and
//! gives nothing to guess against. The layouts are fixed in `docs/encodings/entry.md`; integers are
//! little-endian.

use std::sync::LazyLock;

use crate::ed25519::{self, SigningKey};
use crate::error::CryptoError;
use crate::merkle::{self, Hash};

/// Length of an encoded [`CommitHeader`].
pub const COMMIT_HEADER_LENGTH: usize = 128;
/// Length of an encoded [`RecordHeader`] without its causal context.
pub const RECORD_HEADER_LENGTH: usize = 72;
/// The longest causal context a record may carry.
pub const MAX_CONTEXT_LENGTH: usize = 4096;
/// The longest content a record may carry: 16 MiB of text and room for what describes it.
pub const MAX_CONTENT_LENGTH: usize = (16 << 20) + (128 << 10);
/// Length of a record's salt.
pub const SALT_LENGTH: usize = 16;

const VERSION: u8 = 1;
const SIGNATURE_TAG: &[u8; 24] = b"chrysalis/commit/v1\0\0\0\0\0";

static COMMIT: LazyLock<blake3::Hasher> =
    LazyLock::new(|| blake3::Hasher::new_derive_key("chrysalis 2026-11-20 commit header v1"));
static LEAF: LazyLock<blake3::Hasher> =
    LazyLock::new(|| blake3::Hasher::new_derive_key("chrysalis 2026-11-20 record leaf v1"));
static CONTENT: LazyLock<blake3::Hasher> =
    LazyLock::new(|| blake3::Hasher::new_derive_key("chrysalis 2026-11-20 record content v1"));

/// Who appends to one journal: an agent's public key and an incarnation that is never reused.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct WriterId {
    /// The agent's Ed25519 public key.
    pub key: [u8; 32],
    /// A random number, drawn when the journal is born.
    pub incarnation: u64,
}

impl WriterId {
    /// The name used for directories and messages: key and incarnation in hexadecimal, with a dash between.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}-{:016x}", crate::hex::encode(&self.key), self.incarnation)
    }

    /// The writer a [`name`](Self::name) stands for; `None` for any other text, upper case included.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let (key, incarnation) = name.split_once('-')?;
        let writer = Self {
            key: crate::hex::decode_array(key).ok()?,
            incarnation: u64::from_be_bytes(crate::hex::decode_array(incarnation).ok()?),
        };
        (writer.name() == name).then_some(writer)
    }
}

/// The signed head of a commit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CommitHeader {
    /// The journal this commit belongs to.
    pub writer: WriterId,
    /// Sequence number of the first record; the first record of a journal is 1 and there are no gaps.
    pub first: u64,
    /// Number of records, at least one.
    pub count: u32,
    /// Hybrid logical time of the commit, 48 bits of milliseconds above 16 bits of counter.
    pub time: u64,
    /// Hash of the writer's previous commit header, zero for the first.
    pub previous: Hash,
    /// Merkle root over the record leaves.
    pub root: Hash,
}

impl CommitHeader {
    /// Sequence number of the last record.
    ///
    /// Saturates for numbers that no decoded header has.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.first.saturating_add(u64::from(self.count.saturating_sub(1)))
    }

    /// The 128-byte encoding.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; COMMIT_HEADER_LENGTH] {
        let mut out = [0; COMMIT_HEADER_LENGTH];
        out[0] = VERSION;
        out[4..8].copy_from_slice(&self.count.to_le_bytes());
        out[8..40].copy_from_slice(&self.writer.key);
        out[40..48].copy_from_slice(&self.writer.incarnation.to_le_bytes());
        out[48..56].copy_from_slice(&self.first.to_le_bytes());
        out[56..64].copy_from_slice(&self.time.to_le_bytes());
        out[64..96].copy_from_slice(&self.previous);
        out[96..128].copy_from_slice(&self.root);
        out
    }

    /// Reads an encoded header.
    ///
    /// # Errors
    /// [`CryptoError::Malformed`] for a wrong length or version, set reserved bits, a count of zero or above
    /// [`merkle::MAX_LEAVES`], or sequence numbers that would overflow.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        if bytes.len() != COMMIT_HEADER_LENGTH {
            return Err(CryptoError::Malformed("commit header length"));
        }
        if bytes[0] != VERSION {
            return Err(CryptoError::Malformed("commit header version"));
        }
        if bytes[1..4] != [0; 3] {
            return Err(CryptoError::Malformed("commit header reserved bytes"));
        }
        let header = Self {
            count: u32::from_le_bytes(array(bytes, 4)),
            writer: WriterId { key: array(bytes, 8), incarnation: u64::from_le_bytes(array(bytes, 40)) },
            first: u64::from_le_bytes(array(bytes, 48)),
            time: u64::from_le_bytes(array(bytes, 56)),
            previous: array(bytes, 64),
            root: array(bytes, 96),
        };
        if header.count == 0 || header.count > merkle::MAX_LEAVES {
            return Err(CryptoError::Malformed("commit record count"));
        }
        if header.first == 0 || header.first.checked_add(u64::from(header.count)).is_none() {
            return Err(CryptoError::Malformed("commit sequence"));
        }
        Ok(header)
    }

    /// The hash by which the next commit, a frontier and a revocation name this one.
    #[must_use]
    pub fn hash(&self) -> Hash {
        *COMMIT.clone().update(&self.to_bytes()).finalize().as_bytes()
    }

    /// The exact bytes a signature covers: a domain tag of 24 bytes, then the encoding.
    #[must_use]
    pub fn signing_bytes(&self) -> [u8; 24 + COMMIT_HEADER_LENGTH] {
        let mut out = [0; 24 + COMMIT_HEADER_LENGTH];
        out[..24].copy_from_slice(SIGNATURE_TAG);
        out[24..].copy_from_slice(&self.to_bytes());
        out
    }

    /// Signs this header. The writer's key must be the public key of `key`, or nobody will accept it.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> [u8; 64] {
        key.sign(&self.signing_bytes())
    }

    /// Whether `signature` is the named writer's signature of this header.
    #[must_use]
    pub fn is_signed(&self, signature: &[u8; 64]) -> bool {
        ed25519::verify(&self.writer.key, &self.signing_bytes(), signature).unwrap_or(false)
    }
}

/// What is signed of one record: everything but the content itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordHeader {
    /// What the content means; unknown kinds are kept and passed on.
    pub kind: u16,
    /// The namespace the record belongs to: a random id, never a name.
    pub namespace: [u8; 16],
    /// Key epoch of the stored content; 0 is plain.
    pub key_epoch: u32,
    /// Hybrid logical time of the record.
    pub time: u64,
    /// Length of the plaintext content.
    pub content_length: u32,
    /// Causal context, opaque here; empty where the kind needs none.
    pub context: Vec<u8>,
    /// [`content_digest`] of salt and plaintext.
    pub content_digest: Hash,
}

impl RecordHeader {
    /// Length of the encoding.
    #[must_use]
    pub fn encoded_length(&self) -> usize {
        RECORD_HEADER_LENGTH + self.context.len()
    }

    /// Appends the encoding to `out`.
    ///
    /// # Errors
    /// [`CryptoError::InvalidArgument`] when context or content are over their limits.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), CryptoError> {
        let context_length = u16::try_from(self.context.len())
            .ok()
            .filter(|length| usize::from(*length) <= MAX_CONTEXT_LENGTH)
            .ok_or(CryptoError::InvalidArgument("causal context is over 4096 bytes"))?;
        if self.content_length as usize > MAX_CONTENT_LENGTH {
            return Err(CryptoError::InvalidArgument("record content is over 16 MiB"));
        }
        out.extend_from_slice(&[VERSION, 0]);
        out.extend_from_slice(&self.kind.to_le_bytes());
        out.extend_from_slice(&self.key_epoch.to_le_bytes());
        out.extend_from_slice(&self.namespace);
        out.extend_from_slice(&self.time.to_le_bytes());
        out.extend_from_slice(&self.content_length.to_le_bytes());
        out.extend_from_slice(&context_length.to_le_bytes());
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(&self.content_digest);
        out.extend_from_slice(&self.context);
        Ok(())
    }

    /// Reads one header from the start of `bytes`; gives it and the number of bytes it took.
    ///
    /// # Errors
    /// [`CryptoError::Malformed`] for too few bytes, a wrong version, set reserved bits, or lengths over their
    /// limits. Nothing is allocated before the lengths are checked.
    pub fn decode(bytes: &[u8]) -> Result<(Self, usize), CryptoError> {
        if bytes.len() < RECORD_HEADER_LENGTH {
            return Err(CryptoError::Malformed("record header length"));
        }
        if bytes[0] != VERSION {
            return Err(CryptoError::Malformed("record header version"));
        }
        if bytes[1] != 0 || bytes[38..40] != [0; 2] {
            return Err(CryptoError::Malformed("record header reserved bytes"));
        }
        let content_length = u32::from_le_bytes(array(bytes, 32));
        if content_length as usize > MAX_CONTENT_LENGTH {
            return Err(CryptoError::Malformed("record content length"));
        }
        let context_length = usize::from(u16::from_le_bytes(array(bytes, 36)));
        if context_length > MAX_CONTEXT_LENGTH {
            return Err(CryptoError::Malformed("causal context length"));
        }
        let end = RECORD_HEADER_LENGTH + context_length;
        let context = bytes
            .get(RECORD_HEADER_LENGTH..end)
            .ok_or(CryptoError::Malformed("causal context length"))?
            .to_vec();
        let header = Self {
            kind: u16::from_le_bytes(array(bytes, 2)),
            key_epoch: u32::from_le_bytes(array(bytes, 4)),
            namespace: array(bytes, 8),
            time: u64::from_le_bytes(array(bytes, 24)),
            content_length,
            context,
            content_digest: array(bytes, 40),
        };
        Ok((header, end))
    }

    /// The record's leaf in its commit's Merkle tree, and its identity.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn leaf(&self) -> Result<Hash, CryptoError> {
        let mut bytes = Vec::with_capacity(self.encoded_length());
        self.encode(&mut bytes)?;
        Ok(leaf_of_encoded(&bytes))
    }
}

/// The leaf of an already encoded record header.
#[must_use]
pub fn leaf_of_encoded(header: &[u8]) -> Hash {
    *LEAF.clone().update(header).finalize().as_bytes()
}

/// The digest a record header carries for `content`: salted, so that it gives nothing to guess against.
#[must_use]
pub fn content_digest(salt: &[u8; SALT_LENGTH], content: &[u8]) -> Hash {
    *CONTENT.clone().update(salt).update(content).finalize().as_bytes()
}

/// The `N` bytes at `offset`. The caller has checked the length.
fn array<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[offset..offset + N]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> CommitHeader {
        let key = SigningKey::from_seed(&[7; 32]);
        CommitHeader {
            writer: WriterId { key: key.public_key(), incarnation: 0x0102_0304_0506_0708 },
            first: 5,
            count: 3,
            time: 1 << 16,
            previous: [1; 32],
            root: [2; 32],
        }
    }

    #[test]
    fn commit_headers_round_trip_and_every_bit_is_signed() {
        let key = SigningKey::from_seed(&[7; 32]);
        let header = header();
        let signature = header.sign(&key);
        let bytes = header.to_bytes();
        assert_eq!(CommitHeader::from_bytes(&bytes), Ok(header));
        assert_eq!(header.last(), 7);
        assert_eq!(CommitHeader { count: 0, ..header }.last(), 5);
        assert_eq!(CommitHeader { first: u64::MAX, ..header }.last(), u64::MAX);
        assert!(header.is_signed(&signature));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(other) = CommitHeader::from_bytes(&flipped) {
                assert!(!other.is_signed(&signature), "bit {bit}");
                assert_ne!(other.hash(), header.hash());
            }
        }
    }

    #[test]
    fn writer_names_have_one_spelling() {
        let writer = header().writer;
        let name = writer.name();
        assert_eq!(WriterId::from_name(&name), Some(writer));
        assert_eq!(WriterId::from_name(&name.to_uppercase()), None);
        assert_eq!(WriterId::from_name("x-1"), None);
    }

    #[test]
    fn record_headers_round_trip_and_refuse_what_they_do_not_know() {
        let record = RecordHeader {
            kind: 1,
            namespace: [3; 16],
            key_epoch: 0,
            time: 9,
            content_length: 4,
            context: vec![1, 2, 3],
            content_digest: content_digest(&[0; 16], b"text"),
        };
        let mut bytes = Vec::new();
        record.encode(&mut bytes).unwrap();
        assert_eq!(bytes.len(), record.encoded_length());
        assert_eq!(RecordHeader::decode(&bytes), Ok((record.clone(), bytes.len())));
        assert_eq!(record.leaf(), Ok(leaf_of_encoded(&bytes)));
        for length in 0..bytes.len() {
            assert!(RecordHeader::decode(&bytes[..length]).is_err());
        }
        bytes[0] = 2;
        assert_eq!(RecordHeader::decode(&bytes), Err(CryptoError::Malformed("record header version")));
        let long = RecordHeader { context: vec![0; MAX_CONTEXT_LENGTH + 1], ..record };
        assert!(long.encode(&mut Vec::new()).is_err());
    }

    #[test]
    fn equal_content_has_different_digests_under_different_salts() {
        assert_ne!(content_digest(&[0; 16], b"secret"), content_digest(&[1; 16], b"secret"));
    }
}
