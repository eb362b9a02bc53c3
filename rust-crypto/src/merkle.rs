//! The Merkle tree over the record leaves of one commit.
//!
//! Leaves and inner nodes are hashed under different contexts, so that neither can pass for the other, and a
//! node without a sibling is promoted unchanged, so that the tree of n leaves has one shape.

use std::sync::LazyLock;

use crate::error::CryptoError;

/// A 32-byte BLAKE3 value.
pub type Hash = [u8; 32];

static NODE: LazyLock<blake3::Hasher> =
    LazyLock::new(|| blake3::Hasher::new_derive_key("chrysalis 2026-11-20 merkle node v1"));

/// The most leaves a tree may have, which bounds a path to 20 steps.
pub const MAX_LEAVES: u32 = 1 << 20;

/// The root over `leaves`, or `None` when there are none.
///
/// Time and memory are linear in the number of leaves.
#[must_use]
pub fn root(leaves: &[Hash]) -> Option<Hash> {
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        level = parents(&level);
    }
    level.first().copied()
}

/// The siblings that lead from leaf `index` to the root, bottom first; empty for a single leaf.
///
/// # Errors
/// [`CryptoError::InvalidArgument`] when there is no such leaf.
pub fn path(leaves: &[Hash], index: usize) -> Result<Vec<Hash>, CryptoError> {
    if index >= leaves.len() {
        return Err(CryptoError::InvalidArgument("leaf index is outside the tree"));
    }
    let mut siblings = Vec::new();
    let (mut level, mut position) = (leaves.to_vec(), index);
    while level.len() > 1 {
        if let Some(sibling) = level.get(position ^ 1) {
            siblings.push(*sibling);
        }
        level = parents(&level);
        position /= 2;
    }
    Ok(siblings)
}

/// The root that `leaf` at `index` of `count` leaves gives with `path`.
///
/// # Errors
/// [`CryptoError::InvalidProof`] when index, count and path length do not fit together.
pub fn root_from_path(leaf: Hash, index: u32, count: u32, path: &[Hash]) -> Result<Hash, CryptoError> {
    if index >= count || count > MAX_LEAVES {
        return Err(CryptoError::InvalidProof("record index is outside its commit"));
    }
    let (mut hash, mut position, mut width) = (leaf, index, count);
    let mut siblings = path.iter();
    while width > 1 {
        if position ^ 1 < width {
            let sibling = siblings.next().ok_or(CryptoError::InvalidProof("path is too short"))?;
            hash = if position % 2 == 0 { node(&hash, sibling) } else { node(sibling, &hash) };
        }
        position /= 2;
        width = width.div_ceil(2);
    }
    if siblings.next().is_some() {
        return Err(CryptoError::InvalidProof("path is too long"));
    }
    Ok(hash)
}

fn parents(level: &[Hash]) -> Vec<Hash> {
    level
        .chunks(2)
        .map(|pair| match pair {
            [left, right] => node(left, right),
            _ => pair[0],
        })
        .collect()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    *NODE.clone().update(left).update(right).finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(n: u8) -> Vec<Hash> {
        (0..n).map(|i| [i; 32]).collect()
    }

    #[test]
    fn every_leaf_of_every_small_tree_proves_itself_and_nothing_else() {
        for n in 1..=33 {
            let leaves = leaves(n);
            let root = root(&leaves).unwrap();
            for i in 0..usize::from(n) {
                let path = path(&leaves, i).unwrap();
                let (index, count) = (u32::try_from(i).unwrap(), u32::from(n));
                assert_eq!(root_from_path(leaves[i], index, count, &path), Ok(root));
                let elsewhere = (index + 1) % count;
                assert_ne!(root_from_path(leaves[i], elsewhere, count, &path).ok(), (n > 1).then_some(root));
                assert_ne!(root_from_path([0xee; 32], index, count, &path), Ok(root));
            }
        }
    }

    #[test]
    fn a_path_has_exactly_one_length() {
        let leaves = leaves(5);
        let mut path = path(&leaves, 4).unwrap();
        assert_eq!(path.len(), 1, "the odd leaf is promoted twice");
        path.push([0; 32]);
        assert_eq!(
            root_from_path(leaves[4], 4, 5, &path),
            Err(CryptoError::InvalidProof("path is too long"))
        );
        assert_eq!(root_from_path(leaves[4], 4, 5, &[]), Err(CryptoError::InvalidProof("path is too short")));
        assert!(root_from_path(leaves[4], 5, 5, &path).is_err());
    }

    #[test]
    fn nothing_has_no_root() {
        assert_eq!(root(&[]), None);
        assert!(path(&[], 0).is_err());
    }
}
