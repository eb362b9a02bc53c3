//! Graphs of hashed nodes.

use chrysalis_crdt as crdt;
use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_crypto::hex;
use crdt::Value;
use crdt::dag::{Node, NodeId};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::values::{self, list_to_js, record, texts_to_js, to_js};
use super::writers::writer_option;
use super::{object, state};
use crate::convert;
use crate::error::{Result, Thrown};
use crate::wasm::memory::scrubbed;

/// A graph that only grows. A node is named by the hash of its content and its parents, 64 hexadecimal characters.
#[wasm_bindgen]
pub struct MerkleDag(crdt::MerkleDag);

state!(MerkleDag, crdt::MerkleDag);

#[wasm_bindgen]
impl MerkleDag {
    /// The empty graph.
    #[wasm_bindgen(constructor)]
    pub fn new() -> MerkleDag {
        Self(crdt::MerkleDag::new())
    }

    /// The empty graph.
    pub fn empty() -> MerkleDag {
        Self::new()
    }

    /// The graph with a node on top of `parents`, by default of all heads; and the id of the node. With `secretKey`, 32
    /// bytes, the node is signed.
    #[wasm_bindgen(unchecked_return_type = "{ dag: MerkleDag; id: string }")]
    pub fn add(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CrdtValue")] payload: JsValue,
        #[wasm_bindgen(
            unchecked_optional_param_type = "{ parents?: readonly string[]; actor?: string; secretKey?: Uint8Array }"
        )]
        options: JsValue,
    ) -> Result<JsValue> {
        let (payload, writer) = (values::value(&payload, "payload")?, writer_option(&options)?);
        let parents = match convert::option(&options, "parents")? {
            None => self.0.heads().copied().collect(),
            Some(parents) => to_ids(&parents, "parents")?,
        };
        let secret = convert::option(&options, "secretKey")?;
        let secret = secret.map(|key| convert::bytes(&key, "secretKey").map(Zeroizing::new)).transpose()?;
        let mut dag = self.0.clone();
        let id = scrubbed(|| {
            let wrong = |_| Thrown::argument("secretKey", "must be 32 bytes, or 48 of PKCS#8");
            let key = secret.map(|secret| SigningKey::from_secret(&secret)).transpose().map_err(wrong)?;
            Ok::<_, Thrown>(dag.add_on(&writer, key.as_ref(), payload, parents)?.0)
        })?;
        Ok(object(&[("dag", Self(dag).into()), ("id", hex::encode(&id).into())]).into())
    }

    /// Whether a node is there, and all its ancestors.
    pub fn has(&self, #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue) -> Result<bool> {
        Ok(self.0.contains(&to_id(&id, "id")?))
    }

    /// A node, if it is there.
    #[wasm_bindgen(unchecked_return_type = "DagNode | undefined")]
    pub fn get(&self, #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue) -> Result<JsValue> {
        self.0.get(&to_id(&id, "id")?).map_or(Ok(JsValue::UNDEFINED), |node| to_js(&node_value(node)))
    }

    /// The nodes that nobody has built on yet.
    #[wasm_bindgen(unchecked_return_type = "string[]")]
    pub fn heads(&self) -> Result<JsValue> {
        ids_to_js(self.0.heads())
    }

    /// The nodes without parents.
    #[wasm_bindgen(unchecked_return_type = "string[]")]
    pub fn roots(&self) -> Result<JsValue> {
        ids_to_js(self.0.roots())
    }

    /// The nodes right below a node.
    #[wasm_bindgen(unchecked_return_type = "string[]")]
    pub fn children(&self, #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue) -> Result<JsValue> {
        ids_to_js(self.0.children(&to_id(&id, "id")?))
    }

    /// The nodes that a node was built on.
    #[wasm_bindgen(unchecked_return_type = "string[]")]
    pub fn parents(&self, #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue) -> Result<JsValue> {
        ids_to_js(self.0.parents(&to_id(&id, "id")?))
    }

    /// All nodes that a node rests on.
    #[wasm_bindgen(unchecked_return_type = "string[]")]
    pub fn ancestors(&self, #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue) -> Result<JsValue> {
        ids_to_js(&self.0.ancestors(&to_id(&id, "id")?))
    }

    /// All nodes that rest on a node.
    #[wasm_bindgen(unchecked_return_type = "string[]")]
    pub fn descendants(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue,
    ) -> Result<JsValue> {
        ids_to_js(&self.0.descendants(&to_id(&id, "id")?))
    }

    /// Whether `b` rests on `a`.
    #[wasm_bindgen(js_name = isAncestor)]
    pub fn is_ancestor(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] a: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] b: JsValue,
    ) -> Result<bool> {
        Ok(self.0.is_ancestor(&to_id(&a, "a")?, &to_id(&b, "b")?))
    }

    /// All nodes, parents first, else by id.
    #[wasm_bindgen(js_name = topologicalSort, unchecked_return_type = "DagNode[]")]
    pub fn topological_sort(&self) -> Result<JsValue> {
        list_to_js(&self.0.topological_order().into_iter().map(node_value).collect::<Vec<_>>())
    }

    /// The parents that nodes here wait for.
    #[wasm_bindgen(unchecked_return_type = "string[]")]
    pub fn missing(&self) -> Result<JsValue> {
        ids_to_js(&self.0.missing())
    }

    /// Evidence that an author has used one number twice.
    #[wasm_bindgen(
        unchecked_return_type = "{ author: string; seq: number | bigint; signer: Uint8Array | null; nodes: [string, string] }[]"
    )]
    pub fn forks(&self) -> Result<JsValue> {
        to_js(&Value::array(self.0.forks().into_iter().map(|fork| {
            record([
                ("author", fork.author.as_str().into()),
                ("seq", fork.seq.into()),
                ("signer", fork.signer.map_or(Value::Null, Value::bytes)),
                ("nodes", Value::array(fork.nodes.map(|id| Value::text(hex::encode(&id))))),
            ])
        })))
    }

    /// The part of the graph that somebody with these heads does not have.
    pub fn since(
        &self,
        #[wasm_bindgen(unchecked_param_type = "readonly string[]")] heads: JsValue,
    ) -> Result<MerkleDag> {
        Ok(Self(self.0.since(&to_ids(&heads, "heads")?)))
    }

    /// How many nodes there are with all their ancestors.
    #[wasm_bindgen(getter)]
    pub fn size(&self) -> usize {
        self.0.len()
    }

    /// How many nodes wait for their parents.
    #[wasm_bindgen(getter)]
    pub fn waiting(&self) -> usize {
        self.0.waiting().len()
    }
}

fn to_id(given: &JsValue, name: &str) -> Result<NodeId> {
    parse_id(&convert::text(given, name)?, name)
}

fn to_ids(given: &JsValue, name: &str) -> Result<Vec<NodeId>> {
    let wrong = || Thrown::argument(name, "must be an array of strings");
    let ids = values::values(given, name)?;
    ids.iter().map(|id| parse_id(id.as_text().ok_or_else(wrong)?, name)).collect()
}

fn parse_id(text: &str, name: &str) -> Result<NodeId> {
    hex::decode_array(text).map_err(|_| Thrown::argument(name, "must be 64 hexadecimal characters"))
}

fn ids_to_js<'a>(ids: impl IntoIterator<Item = &'a NodeId>) -> Result<JsValue> {
    texts_to_js(ids.into_iter().map(|id| hex::encode(id)))
}

fn node_value(node: &Node) -> Value {
    record([
        ("id", Value::text(hex::encode(node.id()))),
        ("parents", Value::array(node.parents().iter().map(|id| Value::text(hex::encode(id))))),
        ("author", node.author().as_str().into()),
        ("seq", node.seq().into()),
        ("payload", node.payload().clone()),
        ("signer", node.signer().map_or(Value::Null, |key| Value::bytes(key.as_slice()))),
        ("signature", node.signature().map_or(Value::Null, |bytes| Value::bytes(bytes.as_slice()))),
    ])
}
