//! The graph of hashed nodes, and proofs that something is a leaf.

use chrysalis_crdt as crdt;
use chrysalis_crdt::dag::{Node, NodeId};
use chrysalis_crdt::inclusion::{self, InclusionProof};
use chrysalis_crdt::{CrdtError, Value};
use chrysalis_crypto::hex;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

use super::value::{Data, Datum, Name, dict, record};
use super::{Held, merge_into, state};
use crate::python::convert::Texts;
use crate::python::error::Result;

/// A graph of nodes that are named by their hashes: 64 hexadecimal characters.
#[pyclass(frozen, module = "memory_system._rust")]
pub(in crate::python) struct MerkleDag(Held<crdt::MerkleDag>);

state!(MerkleDag, crdt::MerkleDag, |dag| format!("of {} nodes, ", dag.len()));
merge_into!(MerkleDag);

#[pymethods]
impl MerkleDag {
    /// The graph without nodes. Nodes are added under `instance_id`, with an incarnation of this process.
    #[new]
    #[pyo3(signature = (instance_id = None))]
    fn new(instance_id: Option<Name<'_>>) -> Result<Self> {
        Ok(Self(Held::written_by(crdt::MerkleDag::new(), instance_id)?))
    }

    /// Adds a node on top of these nodes, of all heads where none are given, and gives its id.
    #[pyo3(signature = (payload, parents = None))]
    fn add(&self, payload: Datum, parents: Option<Texts>) -> Result<String> {
        let parents =
            parents.map(|ids| ids.0.iter().map(|id| to_id(id)).collect::<Result<Vec<_>>>()).transpose()?;
        let id = self.0.write(|dag, writer| match parents {
            None => Ok(dag.add(writer, payload.0)?.0),
            Some(parents) => Ok(dag.add_on(writer, None, payload.0, parents)?.0),
        })?;
        Ok(hex::encode(&id))
    }

    /// Whether the node is here with all that it rests on.
    fn has(&self, id: Name<'_>) -> Result<bool> {
        Ok(self.0.now().contains(&to_id(id.0)?))
    }

    /// A node, also one that waits for its parents, as a `dict` with `id`, `parents`, `author`, `seq`, `payload` and
    /// `signer`.
    fn get(&self, id: Name<'_>) -> Result<Option<Datum>> {
        Ok(self.0.now().get(&to_id(id.0)?).map(|node| Datum(to_record(node))))
    }

    /// The nodes that no other rests on.
    fn heads(&self) -> Vec<String> {
        names(self.0.now().heads())
    }

    /// The nodes without parents.
    fn roots(&self) -> Vec<String> {
        names(self.0.now().roots())
    }

    /// The nodes directly on top of one.
    fn children(&self, id: Name<'_>) -> Result<Vec<String>> {
        Ok(names(self.0.now().children(&to_id(id.0)?)))
    }

    /// The nodes that one is directly on top of.
    fn parents(&self, id: Name<'_>) -> Result<Vec<String>> {
        Ok(names(self.0.now().parents(&to_id(id.0)?)))
    }

    /// All that a node rests on, in the order of ids.
    fn ancestors(&self, id: Name<'_>) -> Result<Vec<String>> {
        Ok(names(&self.0.now().ancestors(&to_id(id.0)?)))
    }

    /// All that rests on a node, in the order of ids.
    fn descendants(&self, id: Name<'_>) -> Result<Vec<String>> {
        Ok(names(&self.0.now().descendants(&to_id(id.0)?)))
    }

    /// Whether `b` rests on `a`.
    fn is_ancestor(&self, a: Name<'_>, b: Name<'_>) -> Result<bool> {
        Ok(self.0.now().is_ancestor(&to_id(a.0)?, &to_id(b.0)?))
    }

    /// The ids of all attached nodes, parents first, else by id.
    fn topological_sort(&self, py: Python<'_>) -> Vec<String> {
        let now = self.0.now();
        py.detach(|| names(now.topological_order().into_iter().map(Node::id)))
    }

    /// The nodes that waiting ones need and nobody has sent.
    fn missing(&self) -> Vec<String> {
        names(&self.0.now().missing())
    }

    /// How many nodes wait for their parents.
    fn waiting(&self) -> usize {
        self.0.now().waiting().len()
    }

    /// Pairs of nodes of one author under one number: `author`, `seq`, `signer` and the two `nodes`.
    fn forks(&self) -> Data {
        let fork = |fork: crdt::dag::Fork| {
            record([
                ("author", Value::from(fork.author.as_str())),
                ("seq", Value::from(fork.seq)),
                ("signer", fork.signer.map_or(Value::Null, |key| Value::text(hex::encode(&key)))),
                ("nodes", Value::array(fork.nodes.iter().map(|id| hex::encode(id)))),
            ])
        };
        Data(self.0.now().forks().into_iter().map(fork).collect())
    }

    fn __len__(&self) -> usize {
        self.0.now().len()
    }

    fn __contains__(&self, id: Name<'_>) -> Result<bool> {
        self.has(id)
    }
}

/// A proof that something is at a place among leaves; it proves nothing before `verify_inclusion`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(in crate::python) struct Proof {
    leaf: String,
    leaf_index: u32,
    siblings: Vec<String>,
    root: String,
    tree_size: u32,
}

dict!(Proof { leaf, leaf_index, siblings, root, tree_size });

/// The root over leaves with these contents, 64 hexadecimal characters.
#[pyfunction]
pub(in crate::python) fn inclusion_root(leaves: Vec<PyBackedBytes>) -> Result<String> {
    Ok(hex::encode(&inclusion::root(&leaves)?))
}

/// The proof for the leaf at a place, as a `dict`.
#[pyfunction]
pub(in crate::python) fn prove_inclusion(leaves: Vec<PyBackedBytes>, index: usize) -> Result<Proof> {
    let proof = inclusion::prove(&leaves, index)?;
    Ok(Proof {
        leaf: hex::encode(&proof.leaf),
        leaf_index: proof.leaf_index,
        siblings: names(&proof.siblings),
        root: hex::encode(&proof.root),
        tree_size: proof.tree_size,
    })
}

/// Checks that `content` is the leaf of a proof, and that the proof leads to `root`, which the caller knows from
/// elsewhere. Raises `CrdtError` unless both hold.
#[pyfunction]
pub(in crate::python) fn verify_inclusion(
    proof: Proof,
    content: PyBackedBytes,
    root: Name<'_>,
) -> Result<()> {
    let leaf = to_id(&proof.leaf)?;
    if leaf != inclusion::leaf_hash(&content) {
        return Err(CrdtError::InvalidProof("another leaf").into());
    }
    let proof = InclusionProof {
        leaf,
        leaf_index: proof.leaf_index,
        siblings: proof.siblings.iter().map(|id| to_id(id)).collect::<Result<_>>()?,
        root: to_id(&proof.root)?,
        tree_size: proof.tree_size,
    };
    if proof.root != to_id(root.0)? {
        return Err(CrdtError::InvalidProof("another root").into());
    }
    Ok(proof.verify()?)
}

fn to_id(text: &str) -> Result<NodeId> {
    let bytes = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    Ok(bytes.ok_or(CrdtError::WrongShape("an id is 64 hexadecimal characters"))?)
}

fn names<'a>(ids: impl IntoIterator<Item = &'a NodeId>) -> Vec<String> {
    ids.into_iter().map(|id| hex::encode(id)).collect()
}

fn to_record(node: &Node) -> Value {
    record([
        ("id", Value::text(hex::encode(node.id()))),
        ("parents", Value::array(names(node.parents()))),
        ("author", Value::from(node.author().as_str())),
        ("seq", Value::from(node.seq())),
        ("payload", node.payload().clone()),
        ("signer", node.signer().map_or(Value::Null, |key| Value::text(hex::encode(key)))),
    ])
}
