//! The shape of a Merkle DAG.

use chrysalis_crypto::hex;

use super::parts::{put_actor, put_element, take_actor, take_element};
use super::{Import, Json, JsonState, Record, invalid};
use crate::dag::{MerkleDag, Node, NodeId, Seal};
use crate::error::CrdtError;
use crate::sorted::SortedSet;

/// `{"nodes":[{"id","parents":[id],"author","seq","payload","signer"|null,"signature"|null}]}`, in the order of ids; ids, keys
/// and signatures are lower-case hexadecimal.
impl JsonState for MerkleDag {
    fn to_data(&self) -> Result<Json, CrdtError> {
        let bytes = |bytes: &[u8]| Json::Text(hex::encode(bytes));
        let mut nodes = Vec::new();
        for node in self.nodes() {
            let seal = node.seal();
            nodes.push(Json::record([
                ("id", bytes(node.id())),
                ("parents", Json::Array(node.parents().iter().map(|parent| bytes(parent)).collect())),
                ("author", put_actor(node.author())),
                ("seq", Json::count(node.seq())?),
                ("payload", put_element(node.element())?),
                ("signer", seal.map_or(Json::Null, |seal| bytes(&seal.signer))),
                ("signature", seal.map_or(Json::Null, |seal| bytes(&seal.signature))),
            ]));
        }
        Ok(Json::record([("nodes", Json::Array(nodes))]))
    }

    fn from_data(data: &Json, _: &Import) -> Result<Self, CrdtError> {
        let record = Record::new(data)?.only(&["nodes"])?;
        let mut nodes: Vec<Node> = Vec::new();
        let mut ids = SortedSet::new();
        for json in record.items("nodes")? {
            let record = Record::new(json)?.only(&[
                "id",
                "parents",
                "author",
                "seq",
                "payload",
                "signer",
                "signature",
            ])?;
            let parents: Vec<NodeId> =
                record.items("parents")?.iter().map(array).collect::<Result<_, _>>()?;
            if !parents.windows(2).all(|pair| pair[0] < pair[1]) {
                return Err(invalid("parents are not in order"));
            }
            let seal = match (record.present("signer"), record.present("signature")) {
                (None, None) => None,
                (Some(signer), Some(signature)) => {
                    Some(Seal { signer: array(signer)?, signature: array(signature)? })
                }
                _ => return Err(invalid("a signer without a signature, or the reverse")),
            };
            let (payload, _) = take_element(record.field("payload")?)?;
            let author = take_actor(record.field("author")?)?;
            let node = Node::from_parts(parents, author, record.field("seq")?.to_count()?, payload, seal)?;
            if *node.id() != array::<32>(record.field("id")?)? {
                return Err(CrdtError::WrongHash);
            }
            if !ids.insert(*node.id()) {
                return Err(invalid("a node twice"));
            }
            nodes.push(node);
        }
        Ok(Self::of(nodes))
    }
}

fn array<const N: usize>(json: &Json) -> Result<[u8; N], CrdtError> {
    let text = json.as_text().ok_or(invalid("not a text"))?;
    // One spelling.
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(invalid("hexadecimal is not lower-case"));
    }
    hex::decode_array(text).map_err(|_| invalid("not hexadecimal of the right length"))
}
