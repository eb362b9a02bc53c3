//! Graphs of hashed nodes.

use chrysalis_crdt as crdt;
use chrysalis_crypto::hex;
use crdt::Value;
use crdt::any::AnyState;
use crdt::dag::{Node, NodeId};

use super::operate::{Answer, Op, Operate, change, taken, unknown};
use super::values::record;
use crate::error::{Result, Thrown};

impl Operate for crdt::MerkleDag {
    fn apply(&mut self, op: &mut Op<'_>) -> Result<Self> {
        match op.name() {
            "add" => change!(op, (payload: op.value()?) => self.add(op.writer()?, taken(payload))?.1),
            _ => Err(unknown()),
        }
    }

    fn ask(&self, op: &mut Op<'_>) -> Result<Answer> {
        let id = |op: &mut Op<'_>| parse_id(op.text()?, "id");
        Ok(match op.name() {
            "has" => self.contains(&id(op)?).into(),
            "get" => Answer::optional(self.get(&id(op)?).map(node_value)),
            "heads" => ids(&mut self.heads()),
            "roots" => ids(&mut self.roots()),
            "children" => ids(&mut self.children(&id(op)?)),
            "parents" => ids(&mut self.parents(&id(op)?).iter()),
            "ancestors" => ids(&mut self.ancestors(&id(op)?).iter()),
            "descendants" => ids(&mut self.descendants(&id(op)?).iter()),
            "missing" => ids(&mut self.missing().iter()),
            "isAncestor" => self.is_ancestor(&id(op)?, &id(op)?).into(),
            "topologicalSort" => Value::array(self.topological_order().into_iter().map(node_value)).into(),
            "forks" => Value::array(self.forks().into_iter().map(|fork| {
                record([
                    ("author", fork.author.as_str().into()),
                    ("seq", fork.seq.into()),
                    ("signer", fork.signer.map_or(Value::Null, Value::bytes)),
                    ("nodes", Value::array(fork.nodes.map(|id| Value::text(hex::encode(&id))))),
                ])
            }))
            .into(),
            "since" => Answer::State(AnyState::new(self.since(&to_ids(op.list()?, "heads")?))),
            "size" => Answer::count(self.len()),
            "waiting" => Answer::count(self.waiting().len()),
            _ => return Err(unknown()),
        })
    }
}

pub(super) fn to_ids(given: &[Value], name: &str) -> Result<Vec<NodeId>> {
    let wrong = || Thrown::argument(name, "must be an array of strings");
    given.iter().map(|id| parse_id(id.as_text().ok_or_else(wrong)?, name)).collect()
}

fn parse_id(text: &str, name: &str) -> Result<NodeId> {
    hex::decode_array(text).map_err(|_| Thrown::argument(name, "must be 64 hexadecimal characters"))
}

fn ids(ids: &mut dyn Iterator<Item = &NodeId>) -> Answer {
    Answer::texts(ids.map(|id| hex::encode(id)))
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
