//! Causal links between episodes.
//!
//! Links only grow and join by union, so replicas may together link a cycle. An edge therefore takes effect only
//! where its cause comes before its effect in the order of (time, id): the graph of effective edges has no cycle on any
//! replica, without coordination. The other edges stay and are listed.

use std::collections::VecDeque;

use crate::episodes::{Episode, EpisodeMemory, Held};
use crate::hlc::Stamp;
use crate::sorted::{SortedMap, SortedSet, sort_by};

impl EpisodeMemory {
    /// Records that one episode caused another and returns the delta. Either may be unknown.
    pub fn link(&mut self, effect: &str, cause: &str) -> Self {
        let mut delta = Self::with(None, self.unit());
        delta.links.get_or_default(effect.to_owned()).insert(cause.to_owned());
        self.merge(&delta).expect("the delta has this unit");
        delta
    }

    /// All links as (effect, cause), in byte order.
    pub fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        self.links.iter().flat_map(|(effect, causes)| causes.iter().map(move |cause| (&**effect, &**cause)))
    }

    /// The links that contradict the order of (time, id), as (effect, cause).
    pub fn rejected_links(&self) -> impl Iterator<Item = (&str, &str)> {
        self.links().filter(|(effect, cause)| matches!(self.standing(effect, cause), Standing::Rejected))
    }

    /// The links of which an end is not kept, as (effect, cause).
    pub fn dangling_links(&self) -> impl Iterator<Item = (&str, &str)> {
        self.links().filter(|(effect, cause)| matches!(self.standing(effect, cause), Standing::Dangling))
    }

    /// The direct causes of an episode, in byte order.
    pub fn causes_of<'a>(&'a self, effect: &'a str) -> impl Iterator<Item = &'a str> {
        let causes = self.links.get(effect).into_iter().flatten();
        causes
            .map(|cause| &**cause)
            .filter(move |cause| matches!(self.standing(effect, cause), Standing::Effective))
    }

    /// The direct effects of an episode, in byte order. Looks at all links.
    pub fn effects_of<'a>(&'a self, cause: &'a str) -> impl Iterator<Item = &'a str> {
        let effects = self.links.iter().filter(move |(_, causes)| causes.contains(cause));
        effects
            .map(|(effect, _)| &**effect)
            .filter(move |effect| matches!(self.standing(effect, cause), Standing::Effective))
    }

    /// The causes of an episode, their causes, and so on.
    #[must_use]
    pub fn ancestors<'a>(&'a self, id: &'a str) -> SortedSet<&'a str> {
        closure(id, |effect| self.causes_of(effect).collect())
    }

    /// The effects of an episode, their effects, and so on. Looks at all links once.
    #[must_use]
    pub fn descendants<'a>(&'a self, id: &'a str) -> SortedSet<&'a str> {
        let mut effects: SortedMap<&str, Vec<&str>> = SortedMap::new();
        for (effect, cause) in self.links() {
            if matches!(self.standing(effect, cause), Standing::Effective) {
                effects.get_or_default(cause).push(effect);
            }
        }
        closure(id, |cause| effects.get(cause).cloned().unwrap_or_default())
    }

    /// The episodes with every cause before its effects, the smallest (time, id) first where both may come.
    ///
    /// Effective edges lead upwards in (time, id), so that order is already the one that Kahn's algorithm gives when it
    /// always takes the smallest.
    #[must_use]
    pub fn causal_order(&self) -> Vec<&Episode> {
        let mut all: Vec<&Held> = self.shown_all().collect();
        sort_by(&mut all, |a, b| moment(a).cmp(&moment(b)));
        all.into_iter().map(|held| &held.episode).collect()
    }

    /// A shortest chain of effective links from `cause` to `effect`, both included, or `None` when there is none.
    ///
    /// Of several, the one found first when causes are looked at in byte order.
    #[must_use]
    pub fn why<'a>(&'a self, cause: &'a str, effect: &'a str) -> Option<Vec<&'a str>> {
        self.shown(cause)?;
        self.shown(effect)?;
        // Where to go from each episode found, towards the effect.
        let mut next: SortedMap<&str, &str> = SortedMap::new();
        let mut queue = VecDeque::from([effect]);
        while let Some(at) = queue.pop_front() {
            if at == cause {
                let chain = std::iter::successors(Some(cause), |at| {
                    if *at == effect { None } else { next.get(at).copied() }
                });
                return Some(chain.collect());
            }
            for before in self.causes_of(at) {
                if !next.contains_key(before) {
                    next.insert(before, at);
                    queue.push_back(before);
                }
            }
        }
        None
    }

    fn standing(&self, effect: &str, cause: &str) -> Standing {
        match (self.shown(effect), self.shown(cause)) {
            (Some(effect), Some(cause)) if moment(cause) < moment(effect) => Standing::Effective,
            (Some(_), Some(_)) => Standing::Rejected,
            _ => Standing::Dangling,
        }
    }
}

enum Standing {
    Effective,
    Rejected,
    Dangling,
}

fn moment(held: &Held) -> (Stamp, &str) {
    (held.time, &held.episode.id)
}

fn closure<'a>(start: &'a str, step: impl Fn(&'a str) -> Vec<&'a str>) -> SortedSet<&'a str> {
    let mut found = SortedSet::new();
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        for next in step(at) {
            if found.insert(next) {
                open.push(next);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn memory(times: &[(&str, f64)]) -> EpisodeMemory {
        let mut memory = EpisodeMemory::new();
        for (id, timestamp) in times {
            let episode = Episode {
                id: (*id).into(),
                content: Value::Null,
                context: Value::Null,
                outcome: Value::Null,
                timestamp: *timestamp,
                importance: 0.5,
                tags: Vec::new(),
            };
            memory.add(episode).unwrap();
        }
        memory
    }

    #[test]
    fn a_cycle_loses_the_edge_against_time() {
        let mut memory = memory(&[("a", 1.0), ("b", 2.0), ("c", 3.0)]);
        for (effect, cause) in [("b", "a"), ("c", "b"), ("a", "c"), ("a", "a"), ("a", "gone"), ("gone", "c")]
        {
            memory.link(effect, cause);
        }
        assert_eq!(memory.rejected_links().collect::<Vec<_>>(), [("a", "a"), ("a", "c")]);
        assert_eq!(memory.dangling_links().collect::<Vec<_>>(), [("a", "gone"), ("gone", "c")]);
        assert_eq!(memory.ancestors("c"), SortedSet::from(["a", "b"]));
        assert_eq!(memory.descendants("a"), SortedSet::from(["b", "c"]));
        assert_eq!(memory.causes_of("c").collect::<Vec<_>>(), ["b"]);
        assert_eq!(memory.effects_of("a").collect::<Vec<_>>(), ["b"]);
        assert_eq!(memory.ancestors("a").len() + memory.ancestors("gone").len(), 0);
    }

    #[test]
    fn equal_times_are_ordered_by_id() {
        let mut memory = memory(&[("b", 1.0), ("a", 1.0)]);
        memory.link("b", "a");
        memory.link("a", "b");
        assert_eq!(memory.rejected_links().collect::<Vec<_>>(), [("a", "b")]);
        let order: Vec<&str> = memory.causal_order().iter().map(|episode| &*episode.id).collect();
        assert_eq!(order, ["a", "b"]);
    }

    #[test]
    fn why_gives_a_shortest_chain() {
        let mut memory = memory(&[("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0), ("e", 5.0)]);
        for (effect, cause) in [("b", "a"), ("c", "b"), ("e", "c"), ("d", "a"), ("e", "d")] {
            memory.link(effect, cause);
        }
        assert_eq!(memory.why("a", "e"), Some(vec!["a", "d", "e"]));
        assert_eq!(memory.why("a", "a"), Some(vec!["a"]));
        assert_eq!(memory.why("e", "a"), None);
        assert_eq!(memory.why("gone", "e"), None);
    }

    /// A chain as deep as this would overflow the stack of anything recursive.
    #[test]
    fn long_chains_do_not_recurse() {
        let names: Vec<String> = (0..20_000).map(|i| format!("{i:06}")).collect();
        let mut memory =
            memory(&names.iter().zip(0u32..).map(|(id, i)| (&**id, f64::from(i))).collect::<Vec<_>>());
        let mut memory = {
            memory.limit(std::num::NonZeroU64::MAX);
            memory.into_capacity(None)
        };
        let kept = memory.len();
        for pair in names.windows(2) {
            memory.link(&pair[1], &pair[0]);
        }
        assert_eq!(kept, 1000, "the default capacity");
        let (first, last) = (memory.causal_order()[0].id.clone(), names.last().unwrap());
        assert_eq!(memory.ancestors(last).len(), kept - 1);
        assert_eq!(memory.why(&first, last).unwrap().len(), kept);
    }
}
