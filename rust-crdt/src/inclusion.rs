//! Proofs that something is one of the leaves under a Merkle root.
//!
//! Leaves and inner nodes are hashed under different contexts, and a node without a sibling is promoted, as in
//! [`chrysalis_crypto::merkle`], which does the inner nodes.

use chrysalis_crypto::merkle::{self, MAX_LEAVES};

use crate::error::CrdtError;

/// A 32-byte BLAKE3 value.
pub type Hash = [u8; 32];

/// The derive-key context of leaves.
const LEAF_CONTEXT: &str = "chrysalis 2026-11-20 crdt merkle leaf v1";

/// A proof that a leaf is at a place under a root. Nothing is believed before [`verify`](Self::verify).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InclusionProof {
    /// The hash of the leaf.
    pub leaf: Hash,
    /// Its place among the leaves, from 0.
    pub leaf_index: u32,
    /// The siblings from the leaf to the root; a promoted level has none.
    pub siblings: Vec<Hash>,
    /// The root.
    pub root: Hash,
    /// How many leaves there are.
    pub tree_size: u32,
}

/// The hash of a leaf with this content.
#[must_use]
pub fn leaf_hash(content: &[u8]) -> Hash {
    blake3::derive_key(LEAF_CONTEXT, content)
}

/// The root over leaves with these contents.
///
/// # Errors
/// [`CrdtError::InvalidProof`] for no leaves, or more than [`MAX_LEAVES`].
pub fn root<T: AsRef<[u8]>>(contents: &[T]) -> Result<Hash, CrdtError> {
    merkle::root(&leaves(contents)?).ok_or(EMPTY)
}

/// The proof for the leaf at a place. Linear in the number of leaves.
///
/// # Errors
/// [`CrdtError::InvalidProof`] for no leaves, more than [`MAX_LEAVES`], or a place that none has.
pub fn prove<T: AsRef<[u8]>>(contents: &[T], index: usize) -> Result<InclusionProof, CrdtError> {
    let leaves = leaves(contents)?;
    let siblings = merkle::path(&leaves, index).map_err(|_| OUTSIDE)?;
    Ok(InclusionProof {
        leaf: leaves[index],
        leaf_index: u32::try_from(index).map_err(|_| OUTSIDE)?,
        siblings,
        root: merkle::root(&leaves).ok_or(EMPTY)?,
        tree_size: u32::try_from(leaves.len()).map_err(|_| OUTSIDE)?,
    })
}

impl InclusionProof {
    /// Checks the proof against the root it names, which the caller must know from elsewhere.
    ///
    /// # Errors
    /// [`CrdtError::InvalidProof`] unless the siblings lead from the leaf at its place to the root, all of them.
    pub fn verify(&self) -> Result<(), CrdtError> {
        let found = merkle::root_from_path(self.leaf, self.leaf_index, self.tree_size, &self.siblings)
            .map_err(|_| CrdtError::InvalidProof("place, size and siblings do not fit"))?;
        if found == self.root { Ok(()) } else { Err(CrdtError::InvalidProof("another root")) }
    }

    /// [`verify`](Self::verify), and that the leaf has this content.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_content(&self, content: &[u8]) -> Result<(), CrdtError> {
        if leaf_hash(content) != self.leaf {
            return Err(CrdtError::InvalidProof("another leaf"));
        }
        self.verify()
    }
}

const EMPTY: CrdtError = CrdtError::InvalidProof("no leaves");
const OUTSIDE: CrdtError = CrdtError::InvalidProof("no leaf at this place");

fn leaves<T: AsRef<[u8]>>(contents: &[T]) -> Result<Vec<Hash>, CrdtError> {
    if contents.is_empty() {
        return Err(EMPTY);
    }
    if u32::try_from(contents.len()).map_or(true, |length| length > MAX_LEAVES) {
        return Err(CrdtError::InvalidProof("more than 2^20 leaves"));
    }
    Ok(contents.iter().map(|content| leaf_hash(content.as_ref())).collect())
}
