//! A map that forgets what was used longest ago.

use std::collections::HashMap;
use std::hash::Hash;

/// Entries in the order of their last use, each with a weight.
#[derive(Debug)]
pub(crate) struct Lru<K, V> {
    places: HashMap<K, usize>,
    nodes: Vec<Node<K, V>>,
    free: Vec<usize>,
    /// Most and least recently used.
    ends: Option<(usize, usize)>,
    weight: usize,
}

#[derive(Debug)]
struct Node<K, V> {
    key: K,
    value: Option<V>,
    weight: usize,
    newer: Option<usize>,
    older: Option<usize>,
}

impl<K: Copy + Eq + Hash, V> Lru<K, V> {
    pub(crate) fn new() -> Self {
        Self { places: HashMap::new(), nodes: Vec::new(), free: Vec::new(), ends: None, weight: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// The sum of all weights.
    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    /// A value, now the most recently used.
    pub(crate) fn find(&mut self, key: &K) -> Option<&V> {
        let place = *self.places.get(key)?;
        self.unlink(place);
        self.link(place);
        self.nodes[place].value.as_ref()
    }

    /// A value, its place in the order unchanged.
    pub(crate) fn peek(&self, key: &K) -> Option<&V> {
        self.nodes[*self.places.get(key)?].value.as_ref()
    }

    /// Keeps a value; gives the one it replaces.
    pub(crate) fn insert(&mut self, key: K, value: V, weight: usize) -> Option<V> {
        let old = self.remove(&key);
        let node = Node { key, value: Some(value), weight, newer: None, older: None };
        let place = match self.free.pop() {
            Some(place) => {
                self.nodes[place] = node;
                place
            }
            None => {
                self.nodes.push(node);
                self.nodes.len() - 1
            }
        };
        self.places.insert(key, place);
        self.weight += weight;
        self.link(place);
        old
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.places.remove(key)?;
        self.unlink(place);
        self.weight -= self.nodes[place].weight;
        self.free.push(place);
        self.nodes[place].value.take()
    }

    /// Takes out what was used longest ago.
    pub(crate) fn pop_oldest(&mut self) -> Option<(K, V)> {
        let key = self.nodes[self.ends?.1].key;
        self.remove(&key).map(|value| (key, value))
    }

    /// All entries, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.nodes.iter().filter_map(|node| node.value.as_ref().map(|value| (&node.key, value)))
    }

    /// All keys, the one used longest ago first.
    #[cfg(any(not(target_arch = "wasm32"), test))]
    pub(crate) fn keys_from_oldest(&self) -> Vec<K> {
        let mut keys = Vec::with_capacity(self.len());
        let mut next = self.ends.map(|(_, oldest)| oldest);
        while let Some(place) = next {
            keys.push(self.nodes[place].key);
            next = self.nodes[place].newer;
        }
        keys
    }

    fn link(&mut self, place: usize) {
        let newest = self.ends.map(|(newest, _)| newest);
        self.nodes[place].older = newest;
        self.nodes[place].newer = None;
        if let Some(newest) = newest {
            self.nodes[newest].newer = Some(place);
        }
        self.ends = Some((place, self.ends.map_or(place, |(_, oldest)| oldest)));
    }

    fn unlink(&mut self, place: usize) {
        let (newer, older) = (self.nodes[place].newer.take(), self.nodes[place].older.take());
        if let Some(newer) = newer {
            self.nodes[newer].older = older;
        }
        if let Some(older) = older {
            self.nodes[older].newer = newer;
        }
        self.ends = match self.ends {
            Some((newest, oldest)) if newest == place && oldest == place => None,
            Some((newest, oldest)) if newest == place => older.map(|older| (older, oldest)),
            Some((newest, oldest)) if oldest == place => newer.map(|newer| (newest, newer)),
            ends => ends,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list that is searched from the front: slow and obvious.
    #[derive(Default)]
    struct Plain(Vec<(u8, u32)>);

    impl Plain {
        fn remove(&mut self, key: u8) -> Option<u32> {
            let place = self.0.iter().position(|(known, _)| *known == key)?;
            Some(self.0.remove(place).1)
        }
    }

    #[test]
    fn it_does_what_a_plain_list_does() {
        let (mut lru, mut plain) = (Lru::new(), Plain::default());
        let mut state = 1_u64;
        for step in 0..20_000_u32 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let [key, action, ..] = (state >> 32).to_le_bytes();
            let key = key % 40;
            match action % 8 {
                0..=2 => {
                    let old = plain.remove(key);
                    plain.0.push((key, step));
                    assert_eq!(lru.insert(key, step, usize::from(key)), old);
                }
                3..=5 => {
                    let found = plain.remove(key);
                    plain.0.extend(found.map(|value| (key, value)));
                    assert_eq!(lru.find(&key).copied(), found);
                }
                6 => assert_eq!(lru.remove(&key), plain.remove(key)),
                _ => {
                    let oldest = (!plain.0.is_empty()).then(|| plain.0.remove(0));
                    assert_eq!(lru.pop_oldest(), oldest);
                }
            }
            assert_eq!(lru.len(), plain.0.len());
            assert_eq!(lru.weight(), plain.0.iter().map(|(key, _)| usize::from(*key)).sum::<usize>());
        }
        assert_eq!(lru.keys_from_oldest(), plain.0.iter().map(|(key, _)| *key).collect::<Vec<_>>());
        let mut values: Vec<_> = lru.iter().map(|(key, value)| (*key, *value)).collect();
        values.sort_unstable();
        plain.0.sort_unstable();
        assert_eq!(values, plain.0);
    }
}
