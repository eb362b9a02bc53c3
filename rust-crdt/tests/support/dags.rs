//! Merkle DAGs under test, and their model: a set of nodes.

use std::collections::{BTreeMap, BTreeSet};

use chrysalis_crdt::dag::{Node, NodeId};
use chrysalis_crdt::{ActorKey, MerkleDag, Value, Writer};
use chrysalis_crypto::ed25519::SigningKey;

use super::subjects::{NAMES, canonical_state, new_writer, writers};
use super::{Random, Subject};

/// A node as the model keeps it: id, parents, author, number, signer.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct NodeEvent {
    id: NodeId,
    parents: Vec<NodeId>,
    author: ActorKey,
    seq: u64,
    signer: Option<[u8; 32]>,
}

impl NodeEvent {
    fn of(node: &Node) -> Self {
        Self {
            id: *node.id(),
            parents: node.parents().to_vec(),
            author: node.author().clone(),
            seq: node.seq(),
            signer: node.signer().copied(),
        }
    }
}

pub(crate) struct DagSubject(Vec<Writer>);

impl DagSubject {
    pub(crate) fn act(
        writer: &Writer,
        state: &mut MerkleDag,
        parents: Vec<NodeId>,
        key: Option<&SigningKey>,
    ) -> (MerkleDag, NodeEvent) {
        let (id, delta) = state.add_on(writer, key, Value::Null, parents).unwrap();
        (delta, NodeEvent::of(state.get(&id).unwrap()))
    }
}

/// A node that its author made without looking: its number may be taken, its parents may be anywhere.
fn rogue(state: &MerkleDag, random: &mut Random) -> Node {
    let known: Vec<NodeId> = state.nodes().map(|node| *node.id()).collect();
    let mut parents: Vec<NodeId> =
        (0..random.below(3)).filter_map(|_| known.get(random.below(known.len().max(1))).copied()).collect();
    if random.below(3) == 0 {
        parents.push([u8::try_from(random.below(4)).unwrap(); 32]);
    }
    let author = ActorKey::new(NAMES[random.below(2)]).unwrap();
    Node::new(parents, author, 1 + random.next() % 2, Value::from(random.next() % 3)).unwrap()
}

impl Subject for DagSubject {
    type Event = NodeEvent;
    canonical_state!(MerkleDag);

    fn new(_: usize, random: &mut Random) -> Self {
        Self(writers(4, random))
    }

    fn crash(&mut self, replica: usize, random: &mut Random) {
        new_writer(&mut self.0[replica], random);
    }

    fn update(
        &mut self,
        replica: usize,
        state: &mut MerkleDag,
        _: &BTreeSet<NodeEvent>,
        random: &mut Random,
    ) -> (MerkleDag, NodeEvent) {
        if random.below(3) == 0 {
            let node = rogue(state, random);
            let delta = MerkleDag::of([node.clone()]);
            state.merge(&delta).unwrap();
            return (delta, NodeEvent::of(&node));
        }
        let mut parents: Vec<NodeId> = state.heads().copied().collect();
        if random.below(4) == 0 {
            parents.truncate(1);
        }
        // Few: signing takes a thousand times what the rest takes.
        let key = (random.below(300) == 0).then(|| SigningKey::from_seed(&[7; 32]));
        Self::act(&self.0[replica], state, parents, key.as_ref())
    }

    fn merge(state: &mut MerkleDag, other: &MerkleDag) {
        state.merge(other).unwrap();
    }

    fn check(state: &MerkleDag, seen: &BTreeSet<NodeEvent>) {
        let all: BTreeMap<NodeId, &NodeEvent> = seen.iter().map(|node| (node.id, node)).collect();
        assert!(state.nodes().map(|node| *node.id()).eq(all.keys().copied()));
        // Attach until nothing more can be; each round knows the ancestors of what it attaches.
        let mut above: BTreeMap<NodeId, BTreeSet<NodeId>> = BTreeMap::new();
        loop {
            let more: Vec<&NodeEvent> = all
                .values()
                .filter(|node| {
                    !above.contains_key(&node.id) && node.parents.iter().all(|id| above.contains_key(id))
                })
                .copied()
                .collect();
            if more.is_empty() {
                break;
            }
            for node in more {
                let direct = node.parents.iter().copied();
                let ancestors =
                    direct.chain(node.parents.iter().flat_map(|id| above[id].iter().copied())).collect();
                above.insert(node.id, ancestors);
            }
        }
        assert_eq!(state.len(), above.len());
        assert!(above.keys().all(|id| state.contains(id)));
        let waiting: Vec<&NodeEvent> =
            all.values().filter(|node| !above.contains_key(&node.id)).copied().collect();
        assert!(state.waiting().map(|node| *node.id()).eq(waiting.iter().map(|node| node.id)));
        let missing = waiting.iter().flat_map(|node| &node.parents).filter(|id| !all.contains_key(*id));
        assert_eq!(state.missing(), missing.copied().collect());
        let is_head = |id: &NodeId| !above.values().any(|ancestors| ancestors.contains(id));
        assert!(state.heads().eq(above.keys().filter(|id| is_head(id))));
        // The checks of all pairs are most of the cost: not after every step.
        if !all.len().is_multiple_of(4) {
            return;
        }
        for (id, ancestors) in &above {
            assert!(state.ancestors(id).iter().eq(ancestors));
            assert_eq!(
                state.descendants(id),
                above.iter().filter(|(_, ids)| ids.contains(id)).map(|(below, _)| *below).collect()
            );
            for other in above.keys() {
                assert_eq!(state.is_ancestor(other, id), ancestors.contains(other));
            }
        }
        check_order(state, &above);
        check_forks(state, &all, &above);
    }
}

/// The order is the one that takes the smallest of what may come, step by step.
fn check_order(state: &MerkleDag, above: &BTreeMap<NodeId, BTreeSet<NodeId>>) {
    let mut done: BTreeSet<NodeId> = BTreeSet::new();
    for node in state.topological_order() {
        let next = above.iter().find(|(id, ancestors)| !done.contains(*id) && ancestors.is_subset(&done));
        assert_eq!(Some(node.id()), next.map(|(id, _)| id));
        done.insert(*node.id());
    }
    assert_eq!(done.len(), above.len());
}

/// A fork is reported exactly for the numbers under which two nodes lie apart, with two that do.
fn check_forks(
    state: &MerkleDag,
    all: &BTreeMap<NodeId, &NodeEvent>,
    above: &BTreeMap<NodeId, BTreeSet<NodeId>>,
) {
    let apart = |a: &NodeId, b: &NodeId| a != b && !above[a].contains(b) && !above[b].contains(a);
    let number = |id: &NodeId| (all[id].author.clone(), all[id].signer, all[id].seq);
    let mut expected = BTreeSet::new();
    for a in above.keys() {
        if above.keys().any(|b| number(a) == number(b) && apart(a, b)) {
            expected.insert(number(a));
        }
    }
    let forks = state.forks();
    assert!(forks.iter().map(|fork| (fork.author.clone(), fork.signer, fork.seq)).eq(expected));
    for fork in forks {
        let [a, b] = fork.nodes;
        assert!(a < b && apart(&a, &b) && number(&a) == number(&b));
    }
}
