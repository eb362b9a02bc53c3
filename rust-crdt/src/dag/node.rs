//! The nodes of a Merkle DAG: what they hold, their hash, their signature.

use chrysalis_crypto::ed25519::{self, SigningKey};

use crate::actor::ActorKey;
use crate::element::Element;
use crate::error::CrdtError;
use crate::sorted::SortedSet;
use crate::value::Value;

/// The name of a node: its BLAKE3 hash.
pub type NodeId = [u8; 32];

/// The derive-key context of node hashes.
const NODE_CONTEXT: &str = "chrysalis 2026-11-20 dag node v1";
/// What a signature covers begins with this; the node's hash follows.
const SIGNING_DOMAIN: &[u8; 24] = b"chrysalis dag signed v1\0";

/// One node. It never changes: its id is the hash of all of it but the signature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Node {
    id: NodeId,
    /// Distinct, ascending.
    parents: Vec<NodeId>,
    author: ActorKey,
    seq: u64,
    payload: Element,
    seal: Option<Box<Seal>>,
}

/// Who signed, and the signature, which is valid by construction.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Seal {
    pub(crate) signer: [u8; 32],
    pub(crate) signature: [u8; 64],
}

impl Node {
    /// An unsigned node.
    ///
    /// # Errors
    /// [`CrdtError::TooDeep`] or [`CrdtError::TooLong`] for a payload over the limits, [`CrdtError::InvalidDot`] for the
    /// sequence number 0.
    pub fn new(
        parents: impl IntoIterator<Item = NodeId>,
        author: ActorKey,
        seq: u64,
        payload: impl Into<Value>,
    ) -> Result<Self, CrdtError> {
        let parents = parents.into_iter().collect::<SortedSet<_>>().into_iter().collect();
        let (payload, _) = Element::new(payload.into())?;
        Self::from_parts(parents, author, seq, payload, None)
    }

    /// The same node signed with a key, under another id: the signer is a part of what is hashed.
    #[must_use]
    pub fn signed(self, key: &SigningKey) -> Self {
        let signer = key.public_key();
        let id = hash(&self.parents, &self.author, self.seq, Some(&signer), &self.payload);
        let signature = key.sign(&signing_bytes(&id));
        Self { id, seal: Some(Box::new(Seal { signer, signature })), ..self }
    }

    /// The hash that names this node.
    #[must_use]
    pub fn id(&self) -> &NodeId {
        &self.id
    }

    /// The nodes this one builds on, in ascending order.
    #[must_use]
    pub fn parents(&self) -> &[NodeId] {
        &self.parents
    }

    /// Who says to have made it. Nothing vouches for that but a [`signer`](Self::signer).
    #[must_use]
    pub fn author(&self) -> &ActorKey {
        &self.author
    }

    /// Its number among the author's nodes, from 1.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// What it carries.
    #[must_use]
    pub fn payload(&self) -> &Value {
        self.payload.value()
    }

    /// What it counts of [`MAX_WAITING_BYTES`](super::MAX_WAITING_BYTES).
    pub(super) fn weight(&self) -> usize {
        let mut payload = Vec::new();
        self.payload.encode_into(&mut payload);
        payload.len() + 32 * self.parents.len() + 256
    }

    /// The Ed25519 public key whose signature this node carries. It was verified when the node came in.
    #[must_use]
    pub fn signer(&self) -> Option<&[u8; 32]> {
        self.seal.as_ref().map(|seal| &seal.signer)
    }

    /// The signature, of `chrysalis dag signed v1`, a zero byte and the id.
    #[must_use]
    pub fn signature(&self) -> Option<&[u8; 64]> {
        self.seal.as_ref().map(|seal| &seal.signature)
    }

    /// A node from its parts, which are checked, the signature included.
    pub(crate) fn from_parts(
        parents: Vec<NodeId>,
        author: ActorKey,
        seq: u64,
        payload: Element,
        seal: Option<Seal>,
    ) -> Result<Self, CrdtError> {
        if seq == 0 {
            return Err(CrdtError::InvalidDot);
        }
        let id = hash(&parents, &author, seq, seal.as_ref().map(|seal| &seal.signer), &payload);
        if let Some(seal) = &seal
            && ed25519::verify(&seal.signer, &signing_bytes(&id), &seal.signature) != Ok(true)
        {
            return Err(CrdtError::BadSignature);
        }
        Ok(Self { id, parents, author, seq, payload, seal: seal.map(Box::new) })
    }

    /// The same node with another signature, unchecked: for tests of what signers do that sign one thing twice.
    #[cfg(test)]
    pub(crate) fn with_signature(mut self, signature: [u8; 64]) -> Self {
        if let Some(seal) = &mut self.seal {
            seal.signature = signature;
        }
        self
    }

    pub(crate) fn element(&self) -> &Element {
        &self.payload
    }

    pub(crate) fn seal(&self) -> Option<&Seal> {
        self.seal.as_deref()
    }
}

/// The hash over length-prefixed parts; whole numbers are 64 bits, little-endian.
fn hash(
    parents: &[NodeId],
    author: &ActorKey,
    seq: u64,
    signer: Option<&[u8; 32]>,
    payload: &Element,
) -> NodeId {
    let mut encoded = Vec::new();
    payload.encode_into(&mut encoded);
    let mut hasher = blake3::Hasher::new_derive_key(NODE_CONTEXT);
    hasher.update(&(parents.len() as u64).to_le_bytes());
    for parent in parents {
        hasher.update(parent);
    }
    let author = author.as_str().as_bytes();
    hasher.update(&(author.len() as u64).to_le_bytes()).update(author);
    hasher.update(&seq.to_le_bytes());
    match signer {
        None => hasher.update(&[0]),
        Some(signer) => hasher.update(&[1]).update(signer),
    };
    hasher.update(&(encoded.len() as u64).to_le_bytes()).update(&encoded);
    *hasher.finalize().as_bytes()
}

fn signing_bytes(id: &NodeId) -> [u8; 56] {
    let mut bytes = [0; 56];
    bytes[..24].copy_from_slice(SIGNING_DOMAIN);
    bytes[24..].copy_from_slice(id);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(parents: &[NodeId], payload: &str) -> Node {
        Node::new(parents.iter().copied(), ActorKey::new("a").unwrap(), 1, payload).unwrap()
    }

    #[test]
    fn parents_are_a_set_and_every_part_is_hashed() {
        let one = node(&[[2; 32], [1; 32], [2; 32]], "x");
        assert_eq!(one.parents(), [[1; 32], [2; 32]]);
        let b = ActorKey::new("b").unwrap();
        let others = [
            node(&[[1; 32]], "x"),
            node(&[[1; 32], [2; 32]], "y"),
            Node::new([[1; 32], [2; 32]], b, 1, "x").unwrap(),
            Node::new([[1; 32], [2; 32]], one.author().clone(), 2, "x").unwrap(),
            one.clone().signed(&SigningKey::from_seed(&[7; 32])),
        ];
        let ids: SortedSet<_> = others.iter().chain([&one]).map(|node| *node.id()).collect();
        assert_eq!(ids.len(), 6);
        assert_eq!(Node::new([], one.author().clone(), 0, "x"), Err(CrdtError::InvalidDot));
    }

    #[test]
    fn only_valid_signatures_come_in() {
        let signed = node(&[], "x").signed(&SigningKey::from_seed(&[7; 32]));
        let seal = signed.seal().unwrap().clone();
        let again = |seal| {
            Node::from_parts(Vec::new(), signed.author().clone(), 1, signed.element().clone(), Some(seal))
        };
        assert_eq!(again(seal.clone()), Ok(signed.clone()));
        let mut forged = seal.clone();
        forged.signature[3] ^= 1;
        assert_eq!(again(forged), Err(CrdtError::BadSignature));
        let other = SigningKey::from_seed(&[8; 32]).public_key();
        assert_eq!(again(Seal { signer: other, ..seal.clone() }), Err(CrdtError::BadSignature));
        // Not a point of the curve, and one of small order.
        assert_eq!(again(Seal { signer: [2; 32], ..seal.clone() }), Err(CrdtError::BadSignature));
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(again(Seal { signer: identity, ..seal }), Err(CrdtError::BadSignature));
    }
}
