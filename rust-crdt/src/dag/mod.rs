//! A graph of hashed nodes that only grows: who built on what, and where an author went two ways at once.
//!
//! A node whose parents are not all known waits until they are. What is attached is closed under parents, so its
//! ancestry is settled for ever. All walks are iterative: depth costs no stack.

mod node;
mod query;

use std::sync::Arc;

use chrysalis_crypto::ed25519::SigningKey;

use crate::actor::ActorKey;
use crate::context::CausalContext;
use crate::dot::{Dot, Writer};
use crate::error::CrdtError;
use crate::sorted::{SortedMap, SortedSet, sort_by};
use crate::value::Value;

pub(crate) use node::Seal;
pub use node::{Node, NodeId};
pub use query::Fork;

/// How many nodes may wait for their parents, unless a caller of [`MerkleDag::receive`] says otherwise.
pub const MAX_WAITING: usize = 1 << 16;
/// How many bytes of nodes may wait for their parents: payloads as encoded, 32 for each parent, and 256 for what is around
/// them.
pub const MAX_WAITING_BYTES: usize = 64 << 20;

/// A replicated Merkle DAG. Merging is the union of the nodes.
///
/// ```
/// use chrysalis_crdt::{ActorId, MerkleDag, Value, Writer};
///
/// let writer = Writer::make(&ActorId::new("ada")?)?;
/// let mut dag = MerkleDag::new();
/// let (first, _) = dag.add(&writer, "plan")?;
/// let (second, delta) = dag.add(&writer, "act")?;
/// assert!(dag.is_ancestor(&first, &second));
///
/// // A delta that arrives alone waits for what it builds on.
/// let mut other = MerkleDag::new();
/// other.merge(&delta)?;
/// assert_eq!((other.len(), other.missing().len()), (0, 1));
/// other.merge(&dag)?;
/// assert_eq!(other.heads().collect::<Vec<_>>(), [&second]);
/// # Ok::<(), chrysalis_crdt::CrdtError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MerkleDag {
    attached: SortedMap<NodeId, Attached>,
    waiting: SortedMap<NodeId, Waiting>,
    /// The weight of all waiting nodes.
    waiting_bytes: usize,
    /// (parent, child) of all nodes, attached or waiting.
    edges: SortedSet<(NodeId, NodeId)>,
    /// Attached nodes without an attached child.
    heads: SortedSet<NodeId>,
    /// The greatest sequence number of each author of an attached node.
    greatest: SortedMap<ActorKey, u64>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Attached {
    node: Arc<Node>,
    /// One more than the greatest among the parents; 0 without parents.
    depth: u64,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Waiting {
    node: Arc<Node>,
    /// How many parents are not attached.
    missing: usize,
    /// What it counts of [`MAX_WAITING_BYTES`].
    weight: usize,
}

/// What [`MerkleDag::receive`] did.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Received {
    /// The nodes that were attached, parents first.
    pub attached: Vec<NodeId>,
    /// The nodes that were dropped from among the waiting, in the order of dropping. As if they had been lost.
    pub evicted: Vec<NodeId>,
}

impl MerkleDag {
    /// The graph without nodes.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            attached: SortedMap::new(),
            waiting: SortedMap::new(),
            waiting_bytes: 0,
            edges: SortedSet::new(),
            heads: SortedSet::new(),
            greatest: SortedMap::new(),
        }
    }

    /// Adds a node on top of all heads and returns its id and the delta.
    ///
    /// # Errors
    /// [`CrdtError::TooDeep`] or [`CrdtError::TooLong`] for a payload over the limits, [`CrdtError::CounterOverflow`]
    /// when the writer has no number left; nothing changed.
    pub fn add(&mut self, writer: &Writer, payload: impl Into<Value>) -> Result<(NodeId, Self), CrdtError> {
        let heads: Vec<NodeId> = self.heads.iter().copied().collect();
        self.add_on(writer, None, payload, heads)
    }

    /// Adds a node on top of these nodes and returns its id and the delta. With a key, the node is signed.
    ///
    /// # Errors
    /// As [`add`](Self::add), and [`CrdtError::UnknownParent`] for a parent that is not attached here; nothing changed.
    pub fn add_on(
        &mut self,
        writer: &Writer,
        key: Option<&SigningKey>,
        payload: impl Into<Value>,
        parents: impl IntoIterator<Item = NodeId>,
    ) -> Result<(NodeId, Self), CrdtError> {
        let node = Node::new(parents, writer.actor().clone(), 1, payload)?;
        if !node.parents().iter().all(|parent| self.attached.contains_key(parent)) {
            return Err(CrdtError::UnknownParent);
        }
        let waiting = self.waiting().filter(|node| node.author() == writer.actor()).map(Node::seq).max();
        let mut seen = CausalContext::new();
        if let Some(greatest) = waiting.max(self.greatest.get(writer.actor()).copied()) {
            seen.insert(&Dot::new(writer.actor().clone(), greatest)?);
        }
        let seq = writer.next_dot(&seen)?.counter();
        let mut node = Node::from_parts(
            node.parents().to_vec(),
            node.author().clone(),
            seq,
            node.element().clone(),
            None,
        )?;
        if let Some(key) = key {
            node = node.signed(key);
        }
        let id = *node.id();
        let delta = Self::of([node]);
        self.merge(&delta)?;
        Ok((id, delta))
    }

    /// The graph of these nodes, attached where their parents are among them. Linear, up to a logarithm.
    #[must_use]
    pub fn of(nodes: impl IntoIterator<Item = Node>) -> Self {
        let mut dag = Self::new();
        let incoming = nodes.into_iter().map(|node| (*node.id(), Arc::new(node))).collect();
        let plan = dag.plan(incoming);
        dag.commit(plan);
        dag
    }

    /// Whether the node is attached.
    #[must_use]
    pub fn contains(&self, id: &NodeId) -> bool {
        self.attached.contains_key(id)
    }

    /// The node, attached or waiting.
    #[must_use]
    pub fn get(&self, id: &NodeId) -> Option<&Node> {
        let attached = self.attached.get(id).map(|attached| &*attached.node);
        attached.or_else(|| self.waiting.get(id).map(|waiting| &*waiting.node))
    }

    /// The number of attached nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.attached.len()
    }

    /// Whether there is no node, not even a waiting one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.attached.is_empty() && self.waiting.is_empty()
    }

    /// The nodes that wait for their parents, in the order of ids.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = &Node> {
        self.waiting.values().map(|waiting| &*waiting.node)
    }

    /// All nodes, attached and waiting, in the order of ids.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        let mut all: Vec<&Node> = self.attached.values().map(|attached| &*attached.node).collect();
        all.extend(self.waiting());
        sort_by(&mut all, |a, b| a.id().cmp(b.id()));
        all.into_iter()
    }

    /// The nodes that waiting ones need and nobody has sent, in the order of ids.
    #[must_use]
    pub fn missing(&self) -> SortedSet<NodeId> {
        let parents = self.waiting().flat_map(Node::parents);
        parents.filter(|id| self.get(id).is_none()).copied().collect()
    }

    /// Joins another state or delta into this one. Costs O((n + a) log N), n being what is new, a what it attaches.
    ///
    /// Of two valid signatures of one node by one signer, the smaller is kept.
    ///
    /// # Errors
    /// [`CrdtError::OrphanLimit`] when more than [`MAX_WAITING`] nodes or [`MAX_WAITING_BYTES`] of them would wait, and more
    /// than before; nothing changed. Ask for what is
    /// [`missing`](Self::missing) first, or use [`receive`](Self::receive).
    pub fn merge(&mut self, other: &Self) -> Result<(), CrdtError> {
        let plan = self.plan(self.unknown_of(other));
        let waiting = self.waiting.len() + plan.nodes.len() - plan.order.len();
        // A graph that has more already, as a long delta alone may, can still get fewer.
        if waiting > MAX_WAITING.max(self.waiting.len()) {
            return Err(CrdtError::OrphanLimit { limit: MAX_WAITING });
        }
        if self.waiting_bytes_after(&plan) > MAX_WAITING_BYTES.max(self.waiting_bytes) {
            return Err(CrdtError::OrphanLimit { limit: MAX_WAITING_BYTES });
        }
        self.commit(plan);
        self.join_seals(other);
        Ok(())
    }

    /// Joins what a peer sent, dropping waiting nodes while more than `max_waiting` or [`MAX_WAITING_BYTES`] of them wait.
    ///
    /// The rule: from the author with the most waiting nodes, of several the greatest, drop the one with the greatest
    /// id. So a flood under one name costs that name's own nodes. To drop one is as if it had been lost on the way: it
    /// comes again with the next exchange, and is attached at once if its parents come first. Dropping costs
    /// O(w log w) for w waiting nodes.
    pub fn receive(&mut self, other: &Self, max_waiting: usize) -> Received {
        let plan = self.plan(self.unknown_of(other));
        let attached = plan.order.clone();
        self.commit(plan);
        self.join_seals(other);
        Received { attached, evicted: self.evict(max_waiting) }
    }

    /// The greatest sequence number of an author's attached nodes, 0 when it has none.
    pub(crate) fn greatest_seq(&self, author: &ActorKey) -> u64 {
        self.greatest.get(author).copied().unwrap_or(0)
    }

    /// The authors of all nodes, some of them several times.
    pub(crate) fn authors(&self) -> impl Iterator<Item = &ActorKey> {
        self.greatest.keys().chain(self.waiting().map(Node::author))
    }

    /// The new nodes of another graph.
    fn unknown_of(&self, other: &Self) -> SortedMap<NodeId, Arc<Node>> {
        let attached = other.attached.iter().map(|(id, attached)| (id, &attached.node));
        let waiting = other.waiting.iter().map(|(id, waiting)| (id, &waiting.node));
        let unknown = attached.chain(waiting).filter(|(id, _)| self.get(id).is_none());
        unknown.map(|(id, node)| (*id, Arc::clone(node))).collect()
    }

    /// Finds out what new nodes attach, without changing anything.
    fn plan(&self, mut nodes: SortedMap<NodeId, Arc<Node>>) -> Plan {
        nodes.retain(|id, _| self.get(id).is_none());
        let edges = nodes
            .values()
            .flat_map(|node| node.parents().iter().map(|parent| (*parent, *node.id())))
            .collect();
        let mut plan = Plan { nodes, edges, missing: SortedMap::new(), order: Vec::new() };
        let mut ready = SortedSet::new();
        for (id, node) in &plan.nodes {
            let missing = node.parents().iter().filter(|parent| !self.attached.contains_key(*parent)).count();
            plan.missing.insert(*id, missing);
            if missing == 0 {
                ready.insert(*id);
            }
        }
        while let Some(id) = ready.pop_first() {
            plan.order.push(id);
            let children: Vec<NodeId> =
                children(&plan.edges, &id).chain(children(&self.edges, &id)).copied().collect();
            for child in children {
                let before = || self.waiting.get(&child).map_or(0, |waiting| waiting.missing);
                let missing = plan.missing.get_or_insert_with(child, before);
                *missing -= 1;
                if *missing == 0 {
                    ready.insert(child);
                }
            }
        }
        plan
    }

    fn commit(&mut self, plan: Plan) {
        let Plan { mut nodes, edges, missing, order } = plan;
        for id in order {
            let node = nodes.remove(&id).or_else(|| self.take_waiting(&id));
            let node = node.expect("what attaches is new or was waiting");
            let depth = node
                .parents()
                .iter()
                .filter_map(|parent| self.attached.get(parent))
                .map(|parent| parent.depth + 1)
                .max();
            for parent in node.parents() {
                self.heads.remove(parent);
            }
            // Parents come first, so no child is attached yet.
            self.heads.insert(id);
            let greatest = self.greatest.get_or_default(node.author().clone());
            *greatest = node.seq().max(*greatest);
            self.attached.insert(id, Attached { node, depth: depth.unwrap_or(0) });
        }
        for (id, missing) in missing {
            if let Some(node) = nodes.remove(&id) {
                let weight = node.weight();
                self.waiting_bytes += weight;
                self.waiting.insert(id, Waiting { node, missing, weight });
            } else if let Some(waiting) = self.waiting.get_mut(&id) {
                waiting.missing = missing;
            }
        }
        self.edges.extend(edges);
    }

    fn waiting_bytes_after(&self, plan: &Plan) -> usize {
        let attached = plan.order.iter().filter_map(|id| self.waiting.get(id));
        let left = self.waiting_bytes - attached.map(|waiting| waiting.weight).sum::<usize>();
        let waits = |id: &NodeId| plan.missing.get(id).is_some_and(|missing| *missing > 0);
        let new = plan.nodes.iter().filter(|(id, _)| waits(id));
        new.fold(left, |sum, (_, node)| sum.saturating_add(node.weight()))
    }

    fn take_waiting(&mut self, id: &NodeId) -> Option<Arc<Node>> {
        let waiting = self.waiting.remove(id)?;
        self.waiting_bytes -= waiting.weight;
        Some(waiting.node)
    }

    /// Takes the smaller of two valid signatures of one node.
    fn join_seals(&mut self, other: &Self) {
        let attached = other.attached.values().map(|attached| &attached.node);
        let waiting = other.waiting.values().map(|waiting| &waiting.node);
        for theirs in attached.chain(waiting).filter(|node| node.seal().is_some()) {
            let ours = match self.attached.get_mut(theirs.id()) {
                Some(attached) => Some(&mut attached.node),
                None => self.waiting.get_mut(theirs.id()).map(|waiting| &mut waiting.node),
            };
            if let Some(ours) = ours
                && theirs.seal() < ours.seal()
            {
                *ours = Arc::clone(theirs);
            }
        }
    }

    fn evict(&mut self, max_waiting: usize) -> Vec<NodeId> {
        let mut evicted = self.evict_by(|dag| dag.waiting.len() > max_waiting, |_| 1);
        evicted.extend(self.evict_by(|dag| dag.waiting_bytes > MAX_WAITING_BYTES, |waiting| waiting.weight));
        evicted
    }

    /// Drops nodes of whichever author has most of them by this measure, while there are too many.
    fn evict_by(&mut self, too_many: impl Fn(&Self) -> bool, measure: fn(&Waiting) -> usize) -> Vec<NodeId> {
        let mut evicted = Vec::new();
        if !too_many(self) {
            return evicted;
        }
        let mut by_author: SortedMap<ActorKey, (usize, SortedSet<NodeId>)> = SortedMap::new();
        for (id, waiting) in &self.waiting {
            let (size, ids) = by_author.get_or_default(waiting.node.author().clone());
            *size += measure(waiting);
            ids.insert(*id);
        }
        let mut sizes: SortedSet<(usize, ActorKey)> =
            by_author.iter().map(|(author, (size, _))| (*size, author.clone())).collect();
        while too_many(self) {
            let Some((size, author)) = sizes.pop_last() else { break };
            let Some(id) = by_author.get_mut(&author).and_then(|(_, ids)| ids.pop_last()) else { continue };
            sizes.insert((size - self.waiting.get(&id).map_or(0, measure), author));
            self.drop_waiting(&id);
            evicted.push(id);
        }
        evicted
    }

    fn drop_waiting(&mut self, id: &NodeId) {
        if let Some(node) = self.take_waiting(id) {
            for parent in node.parents() {
                self.edges.remove(&(*parent, *id));
            }
        }
    }
}

/// What a merge will do.
struct Plan {
    /// The new nodes.
    nodes: SortedMap<NodeId, Arc<Node>>,
    /// Their (parent, child).
    edges: SortedSet<(NodeId, NodeId)>,
    /// How many parents will be missing, for new nodes and for waiting ones where that changes.
    missing: SortedMap<NodeId, usize>,
    /// What attaches, parents first.
    order: Vec<NodeId>,
}

fn children<'a>(edges: &'a SortedSet<(NodeId, NodeId)>, id: &NodeId) -> impl Iterator<Item = &'a NodeId> {
    let id = *id;
    let edges = edges.starting_at(&(id, [0; 32])).take_while(move |(parent, _)| *parent == id);
    edges.map(|(_, child)| child)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(author: &str, seq: u64, parents: &[&Node]) -> Node {
        Node::new(parents.iter().map(|parent| *parent.id()), ActorKey::new(author).unwrap(), seq, seq)
            .unwrap()
    }

    #[test]
    fn nodes_wait_for_their_parents_in_any_order_of_arrival() {
        let a = node("a", 1, &[]);
        let b = node("a", 2, &[&a]);
        let c = node("b", 1, &[&a]);
        let d = node("b", 2, &[&b, &c]);
        let all = [a, b, c, d];
        let whole = MerkleDag::of(all.clone());
        for order in [[3, 2, 1, 0], [1, 3, 0, 2], [0, 3, 1, 2], [3, 0, 2, 1]] {
            let mut dag = MerkleDag::new();
            for i in order {
                dag.merge(&MerkleDag::of([all[i].clone()])).unwrap();
            }
            assert_eq!(dag, whole);
        }
        let mut part = MerkleDag::of([all[3].clone(), all[1].clone()]);
        assert_eq!(part.missing(), SortedSet::from([*all[0].id(), *all[2].id()]));
        part.merge(&MerkleDag::of([all[0].clone()])).unwrap();
        assert_eq!(
            (part.len(), part.waiting().len(), part.missing()),
            (2, 1, SortedSet::from([*all[2].id()]))
        );
    }

    #[test]
    fn too_many_orphans_are_refused_or_dropped_by_the_rule() {
        let root = node("r", 1, &[]);
        let orphans =
            |author: &str, count| (1..=count).map(|seq| node(author, seq, &[&root])).collect::<Vec<_>>();
        let mut dag = MerkleDag::of(orphans("honest", 3));
        let flood = MerkleDag::of(orphans("loud", 20));
        let before = dag.clone();
        let received = dag.receive(&flood, 8);
        assert_eq!((received.attached.len(), received.evicted.len(), dag.waiting().len()), (0, 15, 8));
        assert_eq!(dag.waiting().filter(|node| node.author().as_str() == "honest").count(), 3);
        assert!(received.evicted.windows(2).all(|pair| pair[0] > pair[1]));
        // What was dropped is as if lost: with it again, everything is as if it had never been dropped.
        dag.receive(&MerkleDag::of([root.clone()]), 0);
        dag.receive(&flood, 0);
        let mut whole = before;
        whole.merge(&flood).unwrap();
        whole.merge(&MerkleDag::of([root])).unwrap();
        assert_eq!(dag, whole);
    }

    #[test]
    fn waiting_nodes_are_bounded_by_their_bytes_too() {
        let root = node("r", 1, &[]);
        let large = |author: &str, seq| {
            let payload = Value::bytes(vec![0; MAX_WAITING_BYTES / 5]);
            Node::new([*root.id()], ActorKey::new(author).unwrap(), seq, payload).unwrap()
        };
        let mut dag = MerkleDag::of([large("a", 1), node("honest", 1, &[&root])]);
        let flood = MerkleDag::of((1..=4).map(|seq| large("loud", seq)));
        let before = dag.clone();
        assert_eq!(dag.merge(&flood), Err(CrdtError::OrphanLimit { limit: MAX_WAITING_BYTES }));
        assert_eq!(dag, before);
        let received = dag.receive(&flood, MAX_WAITING);
        assert_eq!((received.evicted.len(), dag.waiting().len()), (1, 5));
        assert_eq!(dag.waiting().filter(|node| node.author().as_str() == "loud").count(), 3);
        // What attaches waits no more.
        dag.merge(&MerkleDag::of([root])).unwrap();
        assert_eq!((dag.waiting_bytes, dag.waiting().len()), (0, 0));
        dag.merge(&flood).unwrap();
        assert_eq!(dag.len(), 7);
    }

    #[test]
    fn merge_refuses_more_orphans_than_its_limit_and_changes_nothing() {
        let root = node("r", 1, &[]);
        let most = u64::try_from(MAX_WAITING).unwrap();
        let full = MerkleDag::of((1..=most).map(|seq| node("a", seq, &[&root])));
        let mut dag = MerkleDag::of([node("b", 1, &[&root])]);
        let before = dag.clone();
        assert_eq!(dag.merge(&full), Err(CrdtError::OrphanLimit { limit: MAX_WAITING }));
        assert_eq!(dag, before);
        dag.merge(&MerkleDag::of([root])).unwrap();
        dag.merge(&full).unwrap();
        assert_eq!(dag.len(), MAX_WAITING + 2);
    }

    #[test]
    fn a_graph_with_more_orphans_than_the_limit_merges_with_itself_and_with_what_they_wait_for() {
        let root = node("r", 1, &[]);
        let most = u64::try_from(MAX_WAITING).unwrap();
        let mut long = MerkleDag::of((1..=most + 1).map(|seq| node("a", seq, &[&root])));
        let same = long.clone();
        assert_eq!(long.merge(&same), Ok(()));
        let more = MerkleDag::of([node("b", 1, &[&root])]);
        assert_eq!(long.merge(&more), Err(CrdtError::OrphanLimit { limit: MAX_WAITING }));
        assert_eq!(long, same);
        long.merge(&MerkleDag::of([root])).unwrap();
        assert_eq!((long.len(), long.waiting().len()), (MAX_WAITING + 2, 0));
    }

    #[test]
    fn own_nodes_need_known_parents_and_get_numbers_of_their_own() {
        let writer = Writer::resume(ActorKey::new("w").unwrap(), 0);
        let mut dag = MerkleDag::new();
        assert_eq!(dag.add_on(&writer, None, "x", [[9; 32]]), Err(CrdtError::UnknownParent));
        let (first, _) = dag.add(&writer, "x").unwrap();
        let mut branch = dag.clone();
        let (left, _) = dag.add(&writer, "left").unwrap();
        let (right, _) = branch.add(&writer, "right").unwrap();
        dag.merge(&branch).unwrap();
        assert_eq!([first, left, right].map(|id| dag.get(&id).unwrap().seq()), [1, 2, 3]);
        assert!(dag.forks().is_empty());
    }

    #[test]
    fn of_two_signatures_the_smaller_is_kept_on_both_sides() {
        let key = SigningKey::from_seed(&[3; 32]);
        // Attached without a parent, waiting with one that nobody has.
        for parents in [vec![], vec![[9; 32]]] {
            let signed = Node::new(parents, ActorKey::new("a").unwrap(), 1, "x").unwrap().signed(&key);
            let (small, great) = (signed.clone().with_signature([1; 64]), signed.with_signature([2; 64]));
            let (mut one, mut two) = (MerkleDag::of([small.clone()]), MerkleDag::of([great]));
            let before = one.clone();
            one.merge(&two).unwrap();
            two.merge(&before).unwrap();
            assert_eq!(one, two);
            assert_eq!(one.get(small.id()).unwrap().signature(), Some(&[1; 64]));
        }
    }
}
