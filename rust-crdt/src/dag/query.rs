//! Questions to a Merkle DAG. All are answered from what is attached.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{MerkleDag, Node, NodeId, children};
use crate::actor::ActorKey;
use crate::sorted::{SortedMap, SortedSet, sort};

/// Evidence that an author went two ways: two nodes under one number, neither built on the other.
///
/// Where the nodes are signed, both signatures are by one key, and [`MerkleDag::only`] of the two ids is proof for others.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Fork {
    /// Who.
    pub author: ActorKey,
    /// Whose signature both nodes carry, if they carry one.
    pub signer: Option<[u8; 32]>,
    /// The number that both nodes have.
    pub seq: u64,
    /// The two nodes.
    pub nodes: [NodeId; 2],
}

impl MerkleDag {
    /// The nodes on which nothing builds, in the order of ids.
    pub fn heads(&self) -> impl ExactSizeIterator<Item = &NodeId> {
        self.heads.iter()
    }

    /// The nodes without parents, in the order of ids. Looks at every node.
    pub fn roots(&self) -> impl Iterator<Item = &NodeId> {
        self.attached.iter().filter(|(_, attached)| attached.node.parents().is_empty()).map(|(id, _)| id)
    }

    /// The nodes that build directly on this one, in the order of ids.
    pub fn children(&self, id: &NodeId) -> impl Iterator<Item = &NodeId> {
        children(&self.edges, id).filter(|child| self.contains(child))
    }

    /// The nodes that this one builds on directly, in the order of ids; none when it is not attached.
    #[must_use]
    pub fn parents(&self, id: &NodeId) -> &[NodeId] {
        self.attached.get(id).map_or(&[], |attached| attached.node.parents())
    }

    /// Everything this node builds on, directly or not, without itself.
    #[must_use]
    pub fn ancestors(&self, id: &NodeId) -> SortedSet<NodeId> {
        self.closure(id, |id| self.parents(id).to_vec())
    }

    /// Everything that builds on this node, directly or not, without itself.
    #[must_use]
    pub fn descendants(&self, id: &NodeId) -> SortedSet<NodeId> {
        self.closure(id, |id| self.children(id).copied().collect())
    }

    /// Whether `b` builds on `a`, directly or not. A node does not build on itself.
    ///
    /// Looks at no more than the nodes above `a` in depth that `b` builds on.
    #[must_use]
    pub fn is_ancestor(&self, a: &NodeId, b: &NodeId) -> bool {
        let Some(floor) = self.attached.get(a).map(|attached| attached.depth) else { return false };
        let mut seen = SortedSet::new();
        let mut open = vec![*b];
        while let Some(at) = open.pop() {
            for parent in self.parents(&at) {
                if parent == a {
                    return true;
                }
                // An ancestor lies less deep than all that builds on it.
                if self.attached[parent].depth > floor && seen.insert(*parent) {
                    open.push(*parent);
                }
            }
        }
        false
    }

    /// How many steps the longest way from a root to this node has.
    #[must_use]
    pub fn depth(&self, id: &NodeId) -> Option<u64> {
        self.attached.get(id).map(|attached| attached.depth)
    }

    /// All attached nodes, parents before children, the smallest id first where several may come.
    #[must_use]
    pub fn topological_order(&self) -> Vec<&Node> {
        let mut missing: SortedMap<&NodeId, usize> = SortedMap::new();
        let mut ready = BinaryHeap::new();
        for (id, attached) in &self.attached {
            let count = attached.node.parents().len();
            if count == 0 {
                ready.push(Reverse(*id));
            } else {
                missing.insert(id, count);
            }
        }
        let mut order = Vec::with_capacity(self.attached.len());
        while let Some(Reverse(id)) = ready.pop() {
            order.push(&*self.attached[&id].node);
            for child in self.children(&id) {
                let count =
                    missing.get_mut(child).expect("an attached child is counted until its last parent came");
                *count -= 1;
                if *count == 0 {
                    ready.push(Reverse(*child));
                }
            }
        }
        order
    }

    /// One [`Fork`] for each author, signer and number with nodes of which neither builds on the other.
    ///
    /// Nodes that wait are left out: what is missing might be between them. Sorted. Looks at every node, and for a number
    /// that occurs several times at what lies between its nodes.
    #[must_use]
    pub fn forks(&self) -> Vec<Fork> {
        type Number<'a> = (&'a ActorKey, Option<&'a [u8; 32]>, u64);
        let mut groups: SortedMap<Number<'_>, Vec<(u64, NodeId)>> = SortedMap::new();
        for (id, attached) in &self.attached {
            let node = &attached.node;
            groups.get_or_default((node.author(), node.signer(), node.seq())).push((attached.depth, *id));
        }
        let mut forks = Vec::new();
        for ((author, signer, seq), mut ids) in groups {
            // All lie on one way exactly if each neighbour in depth builds on the one before.
            sort(&mut ids);
            let apart = ids.windows(2).find(|pair| !self.is_ancestor(&pair[0].1, &pair[1].1));
            if let Some([(_, a), (_, b)]) = apart {
                let nodes = [*a.min(b), *a.max(b)];
                forks.push(Fork { author: author.clone(), signer: signer.copied(), seq, nodes });
            }
        }
        forks
    }

    /// The graph of these nodes alone, where they are known: a delta, or evidence.
    #[must_use]
    pub fn only(&self, ids: &[NodeId]) -> Self {
        Self::of(ids.iter().filter_map(|id| self.get(id)).cloned())
    }

    /// What someone lacks who has these nodes and everything below them: a delta.
    ///
    /// Nodes that are not attached here are skipped, so the delta may be larger than necessary.
    #[must_use]
    pub fn since(&self, heads: &[NodeId]) -> Self {
        let mut known = SortedSet::new();
        let mut open: Vec<NodeId> = heads.iter().filter(|id| self.contains(id)).copied().collect();
        while let Some(at) = open.pop() {
            if known.insert(at) {
                open.extend(self.parents(&at));
            }
        }
        Self::of(self.nodes().filter(|node| !known.contains(node.id())).cloned())
    }

    fn closure(&self, id: &NodeId, step: impl Fn(&NodeId) -> Vec<NodeId>) -> SortedSet<NodeId> {
        let mut found = SortedSet::new();
        let mut open = vec![*id];
        while let Some(at) = open.pop() {
            for next in step(&at) {
                if found.insert(next) {
                    open.push(next);
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrysalis_crypto::ed25519::SigningKey;

    fn node(author: &str, seq: u64, parents: &[&Node]) -> Node {
        Node::new(parents.iter().map(|parent| *parent.id()), ActorKey::new(author).unwrap(), seq, seq)
            .unwrap()
    }

    #[test]
    fn a_diamond() {
        let a = node("a", 1, &[]);
        let (b, c) = (node("a", 2, &[&a]), node("b", 1, &[&a]));
        let d = node("b", 2, &[&b, &c]);
        let dag = MerkleDag::of([d.clone(), c.clone(), b.clone(), a.clone()]);
        let order = dag.topological_order();
        let (first, second) = if b.id() < c.id() { (&b, &c) } else { (&c, &b) };
        assert_eq!(order, [&a, first, second, &d]);
        assert_eq!(dag.roots().collect::<Vec<_>>(), [a.id()]);
        assert_eq!(dag.heads().collect::<Vec<_>>(), [d.id()]);
        assert_eq!(dag.ancestors(d.id()), SortedSet::from([*a.id(), *b.id(), *c.id()]));
        assert_eq!(dag.descendants(a.id()), SortedSet::from([*b.id(), *c.id(), *d.id()]));
        assert!(dag.is_ancestor(a.id(), d.id()) && !dag.is_ancestor(d.id(), a.id()));
        assert!(!dag.is_ancestor(b.id(), c.id()) && !dag.is_ancestor(a.id(), a.id()));
        assert_eq!(dag.children(a.id()).count(), 2);
        assert_eq!([&a, &b, &d].map(|node| dag.depth(node.id())), [Some(0), Some(1), Some(2)]);
    }

    #[test]
    fn forks_are_reported_once_and_chains_are_not_forks() {
        let root = node("a", 1, &[]);
        let (left, right) =
            (node("a", 2, &[&root]), Node::new([*root.id()], root.author().clone(), 2, "other").unwrap());
        // The same number again on top of both: built on them, no third fork.
        let top = Node::new([*left.id(), *right.id()], root.author().clone(), 2, "top").unwrap();
        let dag = MerkleDag::of([root.clone(), left.clone(), right.clone(), top.clone()]);
        let nodes = [*left.id().min(right.id()), *left.id().max(right.id())];
        assert_eq!(dag.forks(), [Fork { author: root.author().clone(), signer: None, seq: 2, nodes }]);
        let chain = MerkleDag::of([
            root.clone(),
            left.clone(),
            Node::new([*left.id()], root.author().clone(), 2, "on").unwrap(),
        ]);
        assert!(chain.forks().is_empty());
        // Without their parent nothing is settled.
        assert!(dag.only(&[*left.id(), *right.id()]).forks().is_empty());
    }

    #[test]
    fn signed_forks_name_the_signer_and_travel_as_evidence() {
        let key = SigningKey::from_seed(&[1; 32]);
        let (one, two) = (
            node("a", 1, &[]).signed(&key),
            Node::new([], ActorKey::new("a").unwrap(), 1, "x").unwrap().signed(&key),
        );
        let impostor = node("a", 1, &[]).signed(&SigningKey::from_seed(&[2; 32]));
        let dag = MerkleDag::of([one, two, impostor]);
        let forks = dag.forks();
        assert_eq!((forks.len(), forks[0].signer), (1, Some(key.public_key())));
        let evidence = MerkleDag::from_bytes(&dag.only(&forks[0].nodes).to_bytes()).unwrap();
        assert_eq!(evidence.forks(), forks);
    }

    #[test]
    fn since_gives_what_is_lacking() {
        let a = node("a", 1, &[]);
        let b = node("a", 2, &[&a]);
        let c = node("a", 3, &[&b]);
        let other = node("b", 1, &[&a]);
        let dag = MerkleDag::of([a.clone(), b.clone(), c.clone(), other.clone()]);
        let delta = dag.since(&[*b.id(), [7; 32]]);
        assert_eq!(delta.nodes().count(), 2);
        let mut peer = MerkleDag::of([a, b]);
        peer.merge(&delta).unwrap();
        assert_eq!(peer, dag);
        assert!(dag.since(&[*c.id(), *other.id()]).is_empty());
        assert_eq!(dag.since(&[]), dag);
    }
}
