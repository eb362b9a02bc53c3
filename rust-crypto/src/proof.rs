//! Proofs of single records, checked offline with nothing but this crate.
//!
//! A proof carries a record, its Merkle path, its commit header and the author's signature. It shows that the
//! holder of the author's key committed to exactly this record at this place in its journal; it does not show
//! that what the record says is true, nor who the key belongs to.

use crate::commit::{
    self, COMMIT_HEADER_LENGTH, CommitHeader, MAX_CONTENT_LENGTH, RecordHeader, SALT_LENGTH,
};
use crate::error::CryptoError;
use crate::merkle::{self, Hash};

const MAGIC: &[u8; 4] = b"CHRP";
const VERSION: u8 = 1;
const FIXED_LENGTH: usize = 8 + COMMIT_HEADER_LENGTH + 64 + 4 + 4;
const MAX_PATH: usize = 20;

/// One record with everything needed to check who wrote it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordProof {
    /// The commit the record is part of.
    pub commit: CommitHeader,
    /// The author's signature of the commit.
    pub signature: [u8; 64],
    /// Position of the record in the commit, from 0.
    pub index: u32,
    /// The siblings from the record's leaf to the commit's root.
    pub path: Vec<Hash>,
    /// The record's header.
    pub record: RecordHeader,
    /// The salt of the content digest.
    pub salt: [u8; SALT_LENGTH],
    /// The content.
    pub content: Vec<u8>,
}

/// What a checked proof says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifiedRecord {
    /// The proof that was checked.
    pub proof: RecordProof,
    /// The record's identity: its leaf.
    pub leaf: Hash,
    /// The record's number in its author's journal.
    pub sequence: u64,
    /// The hash of the commit.
    pub commit_hash: Hash,
}

impl RecordProof {
    /// The encoding of `docs/encodings/entry.md`.
    ///
    /// # Errors
    /// [`CryptoError::InvalidArgument`] when a part is over its limit.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CryptoError> {
        let path_length = u8::try_from(self.path.len())
            .ok()
            .filter(|length| usize::from(*length) <= MAX_PATH)
            .ok_or(CryptoError::InvalidArgument("path is over 20 steps"))?;
        let content_length = u32::try_from(self.content.len())
            .ok()
            .filter(|length| *length as usize <= MAX_CONTENT_LENGTH)
            .ok_or(CryptoError::InvalidArgument("record content is over 16 MiB"))?;
        let length = FIXED_LENGTH
            + 32 * self.path.len()
            + self.record.encoded_length()
            + SALT_LENGTH
            + self.content.len();
        let mut out = Vec::with_capacity(length);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&[VERSION, 0, path_length, 0]);
        out.extend_from_slice(&self.commit.to_bytes());
        out.extend_from_slice(&self.signature);
        out.extend_from_slice(&self.index.to_le_bytes());
        out.extend_from_slice(&content_length.to_le_bytes());
        for sibling in &self.path {
            out.extend_from_slice(sibling);
        }
        self.record.encode(&mut out)?;
        out.extend_from_slice(&self.salt);
        out.extend_from_slice(&self.content);
        Ok(out)
    }

    /// Reads an encoded proof without checking what it claims.
    ///
    /// # Errors
    /// [`CryptoError::Malformed`] for anything but exactly one well-formed proof.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        if bytes.len() < FIXED_LENGTH {
            return Err(CryptoError::Malformed("proof length"));
        }
        if &bytes[..4] != MAGIC {
            return Err(CryptoError::Malformed("proof magic"));
        }
        if bytes[4] != VERSION {
            return Err(CryptoError::Malformed("proof version"));
        }
        if bytes[5] != 0 || bytes[7] != 0 {
            return Err(CryptoError::Malformed("proof reserved bytes"));
        }
        let path_length = usize::from(bytes[6]);
        if path_length > MAX_PATH {
            return Err(CryptoError::Malformed("proof path length"));
        }
        let mut rest = Cursor(&bytes[8..]);
        let commit = CommitHeader::from_bytes(rest.take(COMMIT_HEADER_LENGTH)?)?;
        let signature = rest.array()?;
        let index = u32::from_le_bytes(rest.array()?);
        let content_length = u32::from_le_bytes(rest.array()?) as usize;
        if content_length > MAX_CONTENT_LENGTH {
            return Err(CryptoError::Malformed("proof content length"));
        }
        let path = (0..path_length).map(|_| rest.array()).collect::<Result<_, _>>()?;
        let (record, header_length) = RecordHeader::decode(rest.0)?;
        rest.take(header_length)?;
        let salt = rest.array()?;
        let content = rest.take(content_length)?.to_vec();
        if !rest.0.is_empty() {
            return Err(CryptoError::Malformed("bytes after the proof"));
        }
        Ok(Self { commit, signature, index, path, record, salt, content })
    }

    /// Checks every claim of the proof.
    ///
    /// # Errors
    /// [`CryptoError::InvalidProof`] naming the first thing that does not hold.
    pub fn verify(self) -> Result<VerifiedRecord, CryptoError> {
        // A proof built by hand may hold a header that no bytes decode to.
        CommitHeader::from_bytes(&self.commit.to_bytes())
            .map_err(|_| CryptoError::InvalidProof("commit header is not well-formed"))?;
        if self.record.content_length as usize != self.content.len() {
            return Err(CryptoError::InvalidProof("content length differs from its header"));
        }
        if commit::content_digest(&self.salt, &self.content) != self.record.content_digest {
            return Err(CryptoError::InvalidProof("content differs from its digest"));
        }
        let leaf = self.record.leaf()?;
        let root = merkle::root_from_path(leaf, self.index, self.commit.count, &self.path)?;
        if root != self.commit.root {
            return Err(CryptoError::InvalidProof("record is not part of the commit"));
        }
        if !self.commit.is_signed(&self.signature) {
            return Err(CryptoError::InvalidProof("commit is not signed by its author"));
        }
        Ok(VerifiedRecord {
            leaf,
            sequence: self.commit.first + u64::from(self.index),
            commit_hash: self.commit.hash(),
            proof: self,
        })
    }
}

/// Reads and checks an encoded proof.
///
/// # Errors
/// [`CryptoError::Malformed`] or [`CryptoError::InvalidProof`].
pub fn verify(bytes: &[u8]) -> Result<VerifiedRecord, CryptoError> {
    RecordProof::from_bytes(bytes)?.verify()
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], CryptoError> {
        let (head, tail) =
            self.0.split_at_checked(length).ok_or(CryptoError::Malformed("proof is truncated"))?;
        self.0 = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CryptoError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::WriterId;
    use crate::ed25519::SigningKey;

    fn proof() -> RecordProof {
        let key = SigningKey::from_seed(&[9; 32]);
        let records: Vec<(RecordHeader, [u8; 16], Vec<u8>)> = (0..5u8)
            .map(|i| {
                let (salt, content) = ([i; 16], vec![i; usize::from(i) * 3]);
                let header = RecordHeader {
                    kind: 1,
                    namespace: [4; 16],
                    key_epoch: 0,
                    time: u64::from(i),
                    content_length: u32::try_from(content.len()).unwrap(),
                    context: vec![],
                    content_digest: commit::content_digest(&salt, &content),
                };
                (header, salt, content)
            })
            .collect();
        let leaves: Vec<Hash> = records.iter().map(|(header, ..)| header.leaf().unwrap()).collect();
        let commit = CommitHeader {
            writer: WriterId { key: key.public_key(), incarnation: 1 },
            first: 10,
            count: 5,
            time: 77,
            previous: [0; 32],
            root: merkle::root(&leaves).unwrap(),
        };
        let (record, salt, content) = records[3].clone();
        RecordProof {
            signature: commit.sign(&key),
            commit,
            index: 3,
            path: merkle::path(&leaves, 3).unwrap(),
            record,
            salt,
            content,
        }
    }

    #[test]
    fn a_proof_says_who_wrote_what_and_where() {
        let bytes = proof().to_bytes().unwrap();
        let verified = verify(&bytes).unwrap();
        assert_eq!(verified.sequence, 13);
        assert_eq!(verified.proof, proof());
        assert_eq!(verified.leaf, proof().record.leaf().unwrap());
    }

    #[test]
    fn no_changed_bit_and_no_other_length_is_accepted() {
        let bytes = proof().to_bytes().unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(verify(&flipped).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(verify(&bytes[..length]).is_err());
        }
        assert!(verify(&[&bytes[..], &[0]].concat()).is_err());
    }

    #[test]
    fn a_proof_built_by_hand_is_held_to_the_rules_of_a_decoded_one() {
        let key = SigningKey::from_seed(&[9; 32]);
        for first in [0, u64::MAX - 3] {
            let mut built = proof();
            built.commit.first = first;
            built.signature = built.commit.sign(&key);
            assert_eq!(built.verify(), Err(CryptoError::InvalidProof("commit header is not well-formed")));
        }
        let mut long = proof();
        long.content = vec![0; MAX_CONTENT_LENGTH + 1];
        assert_eq!(long.to_bytes().unwrap_err().code(), "INVALID_ARGUMENT");
        let mut deep = proof();
        deep.path = vec![[0; 32]; 21];
        assert_eq!(deep.to_bytes().unwrap_err().code(), "INVALID_ARGUMENT");
    }

    #[test]
    fn a_re_attributed_record_is_refused() {
        let mut stolen = proof();
        stolen.commit.writer.key = SigningKey::from_seed(&[8; 32]).public_key();
        assert_eq!(stolen.verify(), Err(CryptoError::InvalidProof("commit is not signed by its author")));
    }
}
