//! The body of a Merkle DAG.

use super::parts::{put_actor, take_actor, take_flag};
use super::{Body, Table, canonical};
use crate::actor::ActorKey;
use crate::dag::{MerkleDag, Node, NodeId, Seal};
use crate::error::CrdtError;
use crate::state::Kind;
use crate::wire::{Reader, put_length, put_number};

canonical!(MerkleDag);

impl Body for MerkleDag {
    const KIND: Kind = Kind::MerkleDag;

    fn table(&self) -> Table<'_> {
        Table::of(self.authors())
    }

    fn put(&self, table: &Table<'_>, out: &mut Vec<u8>) {
        let nodes: Vec<&Node> = self.nodes().collect();
        put_length(nodes.len(), out);
        for node in nodes {
            put_length(node.parents().len(), out);
            for parent in node.parents() {
                out.extend_from_slice(parent);
            }
            put_actor(node.author(), table, out);
            put_number(node.seq() - 1, out);
            node.element().encode_into(out);
            match node.seal() {
                None => out.push(0),
                Some(seal) => {
                    out.push(1);
                    out.extend_from_slice(&seal.signer);
                    out.extend_from_slice(&seal.signature);
                }
            }
        }
    }

    fn take(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Self, CrdtError> {
        let mut nodes: Vec<Node> = Vec::new();
        for _ in 0..reader.length()? {
            let node = take_node(reader, actors)?;
            if nodes.last().is_some_and(|last| last.id() >= node.id()) {
                return Err(CrdtError::Malformed("nodes are not in order"));
            }
            nodes.push(node);
        }
        Ok(Self::of(nodes))
    }

    fn join(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.merge(other)
    }
}

fn take_node(reader: &mut Reader<'_>, actors: &[ActorKey]) -> Result<Node, CrdtError> {
    let mut parents: Vec<NodeId> = Vec::new();
    for _ in 0..reader.length()? {
        let parent = array(reader)?;
        if parents.last().is_some_and(|last| *last >= parent) {
            return Err(CrdtError::Malformed("parents are not in order"));
        }
        parents.push(parent);
    }
    let author = take_actor(reader, actors)?;
    let seq = reader.number()?.checked_add(1).ok_or(CrdtError::Malformed("counter is over 64 bits"))?;
    let (payload, _) = reader.element()?;
    let seal = if take_flag(reader)? {
        Some(Seal { signer: array(reader)?, signature: array(reader)? })
    } else {
        None
    };
    Node::from_parts(parents, author, seq, payload, seal)
}

fn array<const N: usize>(reader: &mut Reader<'_>) -> Result<[u8; N], CrdtError> {
    let mut bytes = [0; N];
    bytes.copy_from_slice(reader.take(N)?);
    Ok(bytes)
}
