//! A map that is a sorted vector.
//!
//! Its code is a tenth of a B-tree's, which a WebAssembly package would carry once for every type of key and value. Finding takes
//! log2 n comparisons; adding and removing also move what stands behind, which for the largest map here takes a fraction of a
//! millisecond.

use std::borrow::Borrow;

/// Values by key, in the order of the keys.
#[derive(Clone, Debug)]
pub(crate) struct SortedMap<K, V>(Vec<(K, V)>);

impl<K: Ord, V> SortedMap<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|place| &self.0[place].1)
    }

    pub(crate) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|place| &mut self.0[place].1)
    }

    pub(crate) fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// Puts `value` under `key`, and gives what was there.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(place) => Some(std::mem::replace(&mut self.0[place].1, value)),
            Err(place) => {
                self.0.insert(place, (key, value));
                None
            }
        }
    }

    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|place| self.0.remove(place).1)
    }

    /// Removes the entries whose keys are below `key`, and gives how many.
    pub(crate) fn remove_below(&mut self, key: &K) -> usize {
        let (Ok(place) | Err(place)) = self.find(key);
        self.0.drain(..place).len()
    }

    pub(crate) fn retain(&mut self, mut is_kept: impl FnMut(&V) -> bool) {
        self.0.retain(|(_, value)| is_kept(value));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn first_key(&self) -> Option<&K> {
        self.0.first().map(|(key, _)| key)
    }

    pub(crate) fn last(&self) -> Option<&(K, V)> {
        self.0.last()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, (K, V)> {
        self.0.iter()
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.0.binary_search_by(|(other, _)| other.borrow().cmp(key))
    }
}

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for SortedMap<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        let mut map = Self::default();
        // One by one: a sort would be code for this type alone.
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SortedMap<K, V> {
    /// Of two values under one key the map has either.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        entries.dedup_by(|(a, _), (b, _)| a == b);
        Self(entries)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_b_tree(steps in prop::collection::vec((0_u8..8, 0_u8..12, any::<u16>()), 0..200)) {
            let (mut map, mut tree) = (SortedMap::default(), BTreeMap::new());
            for (step, key, value) in steps {
                match step {
                    0..=3 => prop_assert_eq!(map.insert(key, value), tree.insert(key, value)),
                    4 => prop_assert_eq!(map.remove(&key), tree.remove(&key)),
                    5 if value % 8 == 0 => {
                        let kept = tree.split_off(&key);
                        prop_assert_eq!(map.remove_below(&key), std::mem::replace(&mut tree, kept).len());
                    }
                    6 => {
                        map.retain(|value| value % 3 != 0);
                        tree.retain(|_, value| *value % 3 != 0);
                    }
                    _ => {
                        map.values_mut().for_each(|value| *value /= 2);
                        tree.values_mut().for_each(|value| *value /= 2);
                    }
                }
                prop_assert_eq!((map.get(&key), map.contains_key(&key)), (tree.get(&key), tree.contains_key(&key)));
                prop_assert_eq!(map.get_mut(&key), tree.get_mut(&key));
                prop_assert_eq!((map.len(), map.is_empty()), (tree.len(), tree.is_empty()));
                prop_assert_eq!(map.first_key(), tree.first_key_value().map(|(key, _)| key));
                prop_assert_eq!(map.last().copied(), tree.last_key_value().map(|(key, value)| (*key, *value)));
                prop_assert!(map.iter().copied().eq(tree.iter().map(|(key, value)| (*key, *value))));
            }
            let again: SortedMap<u8, u16> = map.iter().rev().copied().collect();
            prop_assert!(again.iter().eq(map.iter()));
            map.clear();
            prop_assert!(map.is_empty());
        }
    }
}
