//! The map: runs of entries, and a search in two steps.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt::{self, Debug};
use std::hash::{Hash, Hasher};
use std::ops::Index;
use std::{slice, vec};

/// The most entries of a run: an insertion moves half of them, and a run that is split the list of runs.
const MOST: usize = 128;
/// A run with fewer entries joins a neighbour that has room.
const FEW: usize = MOST / 4;

/// A map in the order of its keys.
///
/// Finding takes a logarithmic number of comparisons. Inserting and removing also move up to 128 entries, and now and then
/// a list with a pointer per 64 of them.
///
/// ```
/// use chrysalis_store::sorted::SortedMap;
///
/// let mut ages = SortedMap::from([("b", 2), ("a", 1)]);
/// assert_eq!(ages.insert("b", 3), Some(2));
/// assert_eq!(ages.iter().collect::<Vec<_>>(), [(&"a", &1), (&"b", &3)]);
/// ```
#[derive(Clone)]
pub struct SortedMap<K, V> {
    /// None is empty; keys ascend within runs and from one to the next.
    runs: Vec<Vec<(K, V)>>,
    len: usize,
}

/// Where a key is: its run, its place there, and whether it is there or would be put there.
struct Place {
    run: usize,
    at: usize,
    found: bool,
}

impl<K, V> SortedMap<K, V> {
    /// No entry.
    #[must_use]
    pub const fn new() -> Self {
        Self { runs: Vec::new(), len: 0 }
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The entries, in order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter { entries: Tail { run: [].iter(), rest: self.runs.iter() }, len: self.len }
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &K> + Clone {
        self.iter().map(|(key, _)| key)
    }

    /// The values, in the order of the keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &V> + Clone {
        self.iter().map(|(_, value)| value)
    }

    /// The entries with the values to be changed, in order.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.runs.iter_mut().flatten().map(|(key, value)| (&*key, value))
    }

    /// The values to be changed, in the order of the keys.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.iter_mut().map(|(_, value)| value)
    }

    /// The least entry.
    #[must_use]
    pub fn first_key_value(&self) -> Option<(&K, &V)> {
        self.runs.first()?.first().map(|(key, value)| (key, value))
    }

    /// The greatest entry.
    #[must_use]
    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        self.runs.last()?.last().map(|(key, value)| (key, value))
    }

    /// Takes out the least entry.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        (self.len > 0).then(|| self.take_out(0, 0))
    }

    /// Takes out the greatest entry.
    pub fn pop_last(&mut self) -> Option<(K, V)> {
        let run = self.runs.len().checked_sub(1)?;
        Some(self.take_out(run, self.runs[run].len() - 1))
    }

    /// Keeps the entries that `keep` chooses, asked in order.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.len = 0;
        for run in &mut self.runs {
            run.retain_mut(|(key, value)| keep(key, value));
            self.len += run.len();
        }
        self.runs.retain(|run| !run.is_empty());
    }

    /// Puts an entry behind all others, whose keys are less.
    fn push(&mut self, key: K, value: V) {
        self.len += 1;
        match self.runs.last_mut() {
            Some(run) if run.len() < MOST => run.push((key, value)),
            _ => {
                // Most maps are small, and there are many of them: no room for a second run that never comes.
                if self.runs.is_empty() {
                    self.runs.reserve_exact(1);
                }
                self.runs.push(vec![(key, value)]);
            }
        }
    }

    /// Puts an entry where [`find`](Self::find) says that its key is not, and gives its value.
    fn put_in(&mut self, place: &Place, key: K, value: V) -> &mut V {
        let (mut run, mut at) = (place.run, place.at);
        if run == self.runs.len() {
            self.push(key, value);
            let last = self.runs.last_mut().and_then(|run| run.last_mut());
            return &mut last.expect("pushed above").1;
        }
        if self.runs[run].len() == MOST {
            let upper = self.runs[run].split_off(MOST / 2);
            self.runs.insert(run + 1, upper);
            if at > MOST / 2 {
                (run, at) = (run + 1, at - MOST / 2);
            }
        }
        self.len += 1;
        let run = &mut self.runs[run];
        run.insert(at, (key, value));
        &mut run[at].1
    }

    fn take_out(&mut self, run: usize, at: usize) -> (K, V) {
        self.len -= 1;
        let entry = self.runs[run].remove(at);
        let left = self.runs[run].len();
        if left < FEW {
            // So that what is left of a large map does not keep its memory.
            let has_room =
                |beside: &usize| self.runs.get(*beside).is_some_and(|run| run.len() + left <= MOST - FEW);
            let beside = [run.wrapping_sub(1), run + 1].into_iter().find(has_room);
            if left == 0 {
                self.runs.remove(run);
            } else if let Some(beside) = beside {
                let mut upper = self.runs.remove(run.max(beside));
                self.runs[run.min(beside)].append(&mut upper);
            } else if left * 4 < self.runs[run].capacity() {
                self.runs[run].shrink_to(left * 2);
            }
        }
        entry
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    /// The value of a key.
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.get_key_value(key).map(|(_, value)| value)
    }

    /// The entry of a key.
    #[must_use]
    pub fn get_key_value<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        let Place { run, at, found } = self.find(key);
        if !found {
            return None;
        }
        self.runs.get(run)?.get(at).map(|(key, value)| (key, value))
    }

    /// The value of a key, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let Place { run, at, found } = self.find(key);
        if !found {
            return None;
        }
        self.runs.get_mut(run)?.get_mut(at).map(|(_, value)| value)
    }

    /// Whether a key is there.
    #[must_use]
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).found
    }

    /// Puts a value under a key and gives the one that was there. The key that was there stays.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let place = self.find(&key);
        if place.found {
            return Some(std::mem::replace(&mut self.runs[place.run][place.at].1, value));
        }
        self.put_in(&place, key, value);
        None
    }

    /// The value of a key, which `make` makes where there is none.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let place = self.find(&key);
        if place.found {
            return &mut self.runs[place.run][place.at].1;
        }
        self.put_in(&place, key, make())
    }

    /// The value of a key, the default one where there was none.
    pub fn get_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.get_or_insert_with(key, V::default)
    }

    /// Takes out the entry of a key.
    pub fn remove_entry<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
    {
        let Place { run, at, found } = self.find(key);
        found.then(|| self.take_out(run, at))
    }

    /// Takes out the value of a key.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.remove_entry(key).map(|(_, value)| value)
    }

    /// The entries from a key on, there or not, in order.
    pub fn starting_at<Q: Ord + ?Sized>(&self, key: &Q) -> Tail<'_, K, V>
    where
        K: Borrow<Q>,
    {
        let Place { run, at, .. } = self.find(key);
        let mut rest = self.runs.get(run..).unwrap_or_default().iter();
        let run = rest.next().and_then(|run| run.get(at..)).unwrap_or_default().iter();
        Tail { run, rest }
    }

    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Place
    where
        K: Borrow<Q>,
    {
        // The first run that does not end below the key. What is new at the end is the common case when reading.
        let before = |run: &Vec<(K, V)>| run.last().is_some_and(|(last, _)| last.borrow() < key);
        let run = match self.runs.last() {
            Some(last) if !before(last) => self.runs.partition_point(before),
            _ => return Place { run: self.runs.len(), at: 0, found: false },
        };
        match self.runs[run].binary_search_by(|(own, _)| own.borrow().cmp(key)) {
            Ok(at) => Place { run, at, found: true },
            Err(at) => Place { run, at, found: false },
        }
    }
}

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Debug, V: Debug> Debug for SortedMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for SortedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().zip(other).all(|(a, b)| a == b)
    }
}

impl<K: Eq, V: Eq> Eq for SortedMap<K, V> {}

impl<K: Ord, V: Ord> PartialOrd for SortedMap<K, V> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K: Ord, V: Ord> Ord for SortedMap<K, V> {
    /// Entry by entry, as sequences compare.
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other)
    }
}

impl<K: Hash, V: Hash> Hash for SortedMap<K, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len);
        self.iter().for_each(|entry| entry.hash(state));
    }
}

impl<K: Borrow<Q> + Ord, Q: Ord + ?Sized, V> Index<&Q> for SortedMap<K, V> {
    type Output = V;

    /// The value of a key. Panics where there is none.
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("the key is there")
    }
}

impl<K: Ord, V> Extend<(K, V)> for SortedMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SortedMap<K, V> {
    /// The map of these entries; of several with one key the last one's value counts.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for SortedMap<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<'a, K, V> IntoIterator for &'a SortedMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K, V> IntoIterator for SortedMap<K, V> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V>;

    fn into_iter(self) -> Self::IntoIter {
        IntoIter { run: Vec::new().into_iter(), rest: self.runs.into_iter(), len: self.len }
    }
}

/// The entries of a map from some key on, in order.
pub struct Tail<'a, K, V> {
    run: slice::Iter<'a, (K, V)>,
    rest: slice::Iter<'a, Vec<(K, V)>>,
}

impl<K, V> Clone for Tail<'_, K, V> {
    fn clone(&self) -> Self {
        Self { run: self.run.clone(), rest: self.rest.clone() }
    }
}

impl<'a, K, V> Iterator for Tail<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        if self.run.as_slice().is_empty() {
            self.run = self.rest.next()?.iter();
        }
        self.run.next().map(|(key, value)| (key, value))
    }
}

/// The entries of a map, in order.
pub struct Iter<'a, K, V> {
    entries: Tail<'a, K, V>,
    len: usize,
}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Self { entries: self.entries.clone(), len: self.len }
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.entries.next()?;
        self.len -= 1;
        Some(entry)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len, Some(self.len))
    }
}

impl<K, V> ExactSizeIterator for Iter<'_, K, V> {}

/// The entries of a map that is given up, in order.
pub struct IntoIter<K, V> {
    run: vec::IntoIter<(K, V)>,
    rest: vec::IntoIter<Vec<(K, V)>>,
    len: usize,
}

impl<K, V> Iterator for IntoIter<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<Self::Item> {
        if self.run.as_slice().is_empty() {
            self.run = self.rest.next()?.into_iter();
        }
        self.len -= 1;
        self.run.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len, Some(self.len))
    }
}

impl<K, V> ExactSizeIterator for IntoIter<K, V> {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The runs are as they should be.
    fn check<K: Ord, V>(map: &SortedMap<K, V>) {
        assert!(map.runs.iter().all(|run| !run.is_empty() && run.len() <= MOST));
        assert!(map.keys().is_sorted_by(|a, b| a < b));
        assert_eq!(map.runs.iter().map(Vec::len).sum::<usize>(), map.len);
        let runs = map.runs.len();
        assert!(runs < 2 || map.len * 8 >= runs * FEW, "{runs} runs of {}", map.len);
    }

    /// Every operation on the map and on the tree of the standard library, with keys in a small and in a large range.
    #[test]
    fn it_does_what_a_tree_does() {
        for (seed, range) in [(1u64, 40u64), (2, 3000), (3, u64::MAX)] {
            let (mut map, mut tree) = (SortedMap::new(), BTreeMap::new());
            let mut state = seed;
            for step in 0u64..20_000 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (what, key) = (state >> 60, (state >> 13) % range);
                // Grows, shrinks to almost nothing, and grows again.
                let removing = if (5000..15_000).contains(&step) { 11 } else { 4 };
                match what {
                    _ if what < removing => assert_eq!(map.remove(&key), tree.remove(&key)),
                    12 => assert_eq!(map.get_mut(&key), tree.get_mut(&key)),
                    13 => {
                        let (ours, theirs) = (map.get_or_default(key), tree.entry(key).or_default());
                        assert_eq!(ours, theirs);
                        (*ours, *theirs) = (step, step);
                    }
                    14 if step % 3 == 0 => assert_eq!(map.pop_first(), tree.pop_first()),
                    15 if step % 3 == 0 => assert_eq!(map.pop_last(), tree.pop_last()),
                    _ => assert_eq!(map.insert(key, step), tree.insert(key, step)),
                }
                assert_eq!(map.len(), tree.len());
                if step % 500 == 0 {
                    check(&map);
                    assert!(map.iter().eq(&tree));
                    assert!(map.starting_at(&key).eq(tree.range(key..)));
                    assert_eq!(
                        (map.first_key_value(), map.last_key_value()),
                        (tree.first_key_value(), tree.last_key_value())
                    );
                    assert_eq!(map.get(&key), tree.get(&key));
                    let copy: SortedMap<_, _> = map.clone().into_iter().collect();
                    assert_eq!(copy, map);
                    map.retain(|key, _| key % 7 != 0);
                    tree.retain(|key, _| key % 7 != 0);
                }
            }
        }
    }

    #[test]
    fn order_and_equality_are_of_the_entries_and_not_of_the_runs() {
        let dense: SortedMap<u32, u32> = (0..1000).map(|key| (key, key)).collect();
        let sparse: SortedMap<u32, u32> = (0..1000).rev().map(|key| (key, key)).collect();
        assert_ne!(dense.runs.len(), sparse.runs.len());
        assert_eq!(dense, sparse);
        assert_eq!(dense.cmp(&sparse), Ordering::Equal);
        assert!(SortedMap::from([(1, 2)]) < SortedMap::from([(1, 3)]));
        assert!(SortedMap::from([(1, 2)]) < SortedMap::from([(1, 2), (2, 0)]));
        assert_eq!(format!("{:?}", SortedMap::from([(2, 'b'), (1, 'a')])), "{1: 'a', 2: 'b'}");
    }

    #[test]
    fn what_is_left_of_a_large_map_keeps_little_memory() {
        let mut map: SortedMap<u64, u64> = (0..100_000).map(|key| (key, key)).collect();
        for key in (0..100_000).filter(|key| key % MOST as u64 != 0) {
            assert_eq!(map.remove(&key), Some(key));
        }
        check(&map);
        let kept: usize = map.runs.iter().map(Vec::capacity).sum();
        assert!(kept < map.len() * 8, "{kept} for {}", map.len());
    }
}
