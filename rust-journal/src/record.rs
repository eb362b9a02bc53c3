//! Records on their way in, and commits as they are read back.

use std::sync::Arc;

use chrysalis_crypto::commit::{self, CommitHeader, MAX_CONTENT_LENGTH, RecordHeader, SALT_LENGTH};
use chrysalis_crypto::merkle::{self, Hash};
use chrysalis_crypto::proof::RecordProof;

use crate::block::{BlockPlace, decode_block, encode_block, encode_record};
use crate::error::JournalError;
use crate::name::JournalName;

/// A record to append. Its key epoch is 0, plain content: sealed content comes with shared namespaces.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewRecord {
    /// What the content means.
    pub kind: u16,
    /// The namespace it belongs to.
    pub namespace: [u8; 16],
    /// Key epoch of the stored content; must be 0.
    pub key_epoch: u32,
    /// Hybrid logical time.
    pub time: u64,
    /// Causal context, at most 4096 bytes, opaque here.
    pub context: Vec<u8>,
    /// Random bytes that keep the content's digest from being guessed.
    pub salt: [u8; SALT_LENGTH],
    /// The content, at most [`MAX_CONTENT_LENGTH`] bytes.
    pub content: Vec<u8>,
}

impl NewRecord {
    /// The header this record is signed by. Hashes the content.
    ///
    /// # Errors
    /// [`JournalError::TooLarge`] for content over its limit, [`JournalError::InvalidArgument`] for a key epoch
    /// other than 0.
    pub fn header(&self) -> Result<RecordHeader, JournalError> {
        if self.key_epoch != 0 {
            return Err(JournalError::InvalidArgument("records are appended with key epoch 0"));
        }
        let content_length = u32::try_from(self.content.len())
            .ok()
            .filter(|length| *length as usize <= MAX_CONTENT_LENGTH)
            .ok_or(JournalError::TooLarge { what: "record content", limit: MAX_CONTENT_LENGTH as u64 })?;
        Ok(RecordHeader {
            kind: self.kind,
            namespace: self.namespace,
            key_epoch: self.key_epoch,
            time: self.time,
            content_length,
            context: self.context.clone(),
            content_digest: commit::content_digest(&self.salt, &self.content),
        })
    }

    /// The record's identity. Hashes the content.
    ///
    /// # Errors
    /// As [`header`](Self::header), and [`JournalError::Crypto`] for a context over its limit.
    pub fn leaf(&self) -> Result<Hash, JournalError> {
        Ok(self.header()?.leaf()?)
    }
}

/// A record as a store holds it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StoredRecord {
    /// Everything.
    Full {
        /// What is signed.
        header: RecordHeader,
        /// Salt of the content digest.
        salt: [u8; SALT_LENGTH],
        /// The content; sealed where the header's key epoch is not 0.
        content: Vec<u8>,
    },
    /// Content and salt were erased.
    Erased {
        /// What is signed.
        header: RecordHeader,
    },
    /// Not granted to this store.
    Withheld {
        /// The record's identity.
        leaf: Hash,
    },
}

impl StoredRecord {
    /// The record's identity, by which others refer to it.
    ///
    /// # Errors
    /// [`JournalError::Crypto`] for a header over its limits, which no decoded record has.
    pub fn leaf(&self) -> Result<Hash, JournalError> {
        match self {
            Self::Full { header, .. } | Self::Erased { header } => Ok(header.leaf()?),
            Self::Withheld { leaf } => Ok(*leaf),
        }
    }

    /// The signed header, unless the record is withheld.
    #[must_use]
    pub fn header(&self) -> Option<&RecordHeader> {
        match self {
            Self::Full { header, .. } | Self::Erased { header } => Some(header),
            Self::Withheld { .. } => None,
        }
    }

    /// Whether the content is what the header says; true where there is none to compare or it is sealed.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        match self {
            Self::Full { header, salt, content } if header.key_epoch == 0 => {
                header.content_length as usize == content.len()
                    && commit::content_digest(salt, content) == header.content_digest
            }
            _ => true,
        }
    }
}

/// A commit with its records.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Commit {
    /// What is signed.
    pub header: CommitHeader,
    /// The hash of the header.
    pub hash: Hash,
    /// The writer's signature; `None` in a journal without a signer.
    pub signature: Option<[u8; 64]>,
    /// The records, as many as the header says.
    pub records: Vec<StoredRecord>,
    /// Where it was read.
    pub position: Position,
}

impl Commit {
    /// The identities of the records, in order.
    ///
    /// # Errors
    /// As [`StoredRecord::leaf`].
    pub fn leaves(&self) -> Result<Vec<Hash>, JournalError> {
        self.records.iter().map(StoredRecord::leaf).collect()
    }

    /// A proof of the record at `index`, which rust-crypto checks offline.
    ///
    /// # Errors
    /// [`JournalError::InvalidArgument`] when there is no such record, [`JournalError::Unsigned`] and
    /// [`JournalError::NoContent`] when there is nothing to prove it with.
    pub fn prove(&self, index: usize) -> Result<RecordProof, JournalError> {
        let record =
            self.records.get(index).ok_or(JournalError::InvalidArgument("no record at this index"))?;
        let StoredRecord::Full { header, salt, content } = record else {
            return Err(JournalError::NoContent);
        };
        Ok(RecordProof {
            commit: self.header,
            signature: self.signature.ok_or(JournalError::Unsigned)?,
            index: u32::try_from(index)
                .map_err(|_| JournalError::InvalidArgument("no record at this index"))?,
            path: merkle::path(&self.leaves()?, index)?,
            record: header.clone(),
            salt: *salt,
            content: content.clone(),
        })
    }

    /// Checks everything but the chain: hash, count, content digests, Merkle root and signature.
    ///
    /// # Errors
    /// What does not hold.
    pub fn verify(&self) -> Result<(), &'static str> {
        if self.header.hash() != self.hash {
            return Err("hash differs from the header");
        }
        if CommitHeader::from_bytes(&self.header.to_bytes()) != Ok(self.header) {
            return Err("commit header is malformed");
        }
        check_records(&self.header, &self.records)?;
        match &self.signature {
            Some(signature) if self.header.is_signed(signature) => Ok(()),
            Some(_) => Err("signature does not verify"),
            None => Err("commit is not signed"),
        }
    }
}

impl Commit {
    /// The commit as one block for a network or another tab, with its records in the forms they have here.
    ///
    /// # Errors
    /// [`JournalError::TooLarge`] and [`JournalError::Crypto`] for what no store holds.
    pub fn to_bytes(&self) -> Result<Vec<u8>, JournalError> {
        let mut records = Vec::new();
        for record in &self.records {
            encode_record(record, &mut records)?;
        }
        let mut out = Vec::new();
        encode_block(&self.header, self.signature.as_ref(), &[&records], &WIRE, &mut out)?;
        Ok(out)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) gives. Contents and Merkle root are checked, signature and chain are
    /// not: [`Store::import`](crate::Store::import) does that.
    ///
    /// # Errors
    /// [`JournalError::InvalidArgument`] naming what does not hold.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, JournalError> {
        let block =
            decode_block(bytes, &WIRE).map_err(|fault| JournalError::InvalidArgument(fault.problem))?;
        let journal = Arc::new(JournalName::main(block.header.writer));
        Ok(Self {
            header: block.header,
            hash: block.hash,
            signature: block.signature,
            records: block.records,
            position: Position { journal, segment: 0, offset: 0 },
        })
    }
}

/// A block that lies in no segment.
const WIRE: BlockPlace = BlockPlace { epoch: [0; 16], offset: 0 };

/// Checks count, contents and Merkle root of a commit's records.
pub(crate) fn check_records(header: &CommitHeader, records: &[StoredRecord]) -> Result<(), &'static str> {
    if records.len() != header.count as usize {
        return Err("record count differs from the header");
    }
    let mut leaves = Vec::with_capacity(records.len());
    for record in records {
        if !record.is_intact() {
            return Err("content differs from its digest");
        }
        leaves.push(record.leaf().map_err(|_| "record header is over its limits")?);
    }
    if merkle::root(&leaves) != Some(header.root) {
        return Err("records differ from the Merkle root");
    }
    Ok(())
}

/// Where a commit lies in its store; small, and only good for the store that gave it. Nowhere, for a commit that came
/// over a network.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Position {
    pub(crate) journal: Arc<JournalName>,
    pub(crate) segment: u64,
    pub(crate) offset: u64,
}
