//! Vector clocks: how far each writer's history is known.
//!
//! Source: Fidge (1988), Mattern (1989).

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use crate::actor::ActorKey;
use crate::error::CrdtError;
use crate::sorted::sort_by;

/// A counter per actor key, ordered by the keys' bytes. Entries of 0 do not exist.
///
/// Kept as two columns. Clocks that have met share the column of keys, so that merging them again goes through
/// the counts alone.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct VectorClock {
    /// Ascending, as many as there are counts; none when there are none, so that equal clocks are equal values.
    actors: Option<Arc<Vec<ActorKey>>>,
    counts: Vec<u64>,
}

/// How two histories lie to each other.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ClockOrdering {
    /// Everything in the first is in the second, which has more.
    Before,
    /// Everything in the second is in the first, which has more.
    After,
    /// Each has something that the other has not.
    Concurrent,
    /// Both are the same.
    Equal,
}

impl ClockOrdering {
    /// The order of two histories of which each may contain the other.
    #[must_use]
    pub const fn from_inclusions(first_in_second: bool, second_in_first: bool) -> Self {
        match (first_in_second, second_in_first) {
            (true, true) => Self::Equal,
            (true, false) => Self::Before,
            (false, true) => Self::After,
            (false, false) => Self::Concurrent,
        }
    }

    /// The name in all languages: `before`, `after`, `concurrent` or `equal`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::Concurrent => "concurrent",
            Self::Equal => "equal",
        }
    }
}

impl VectorClock {
    /// The clock without entries.
    #[must_use]
    pub const fn new() -> Self {
        Self { actors: None, counts: Vec::new() }
    }

    /// The clock with one entry, or with none when `count` is 0.
    #[must_use]
    pub fn singleton(actor: ActorKey, count: u64) -> Self {
        Self::from_iter([(actor, count)])
    }

    /// An actor's entry, 0 when it has none.
    #[must_use]
    pub fn get(&self, actor: &ActorKey) -> u64 {
        self.find(actor).map_or(0, |at| self.counts[at])
    }

    /// Adds one to an actor's entry and returns the new count.
    ///
    /// # Errors
    /// [`CrdtError::CounterOverflow`] at the greatest count; nothing changed.
    pub fn increment(&mut self, actor: &ActorKey) -> Result<u64, CrdtError> {
        let count = self.get(actor).checked_add(1).ok_or(CrdtError::CounterOverflow)?;
        self.raise(actor, count);
        Ok(count)
    }

    /// Raises an actor's entry to `count`.
    ///
    /// # Errors
    /// [`CrdtError::CounterLowered`] when the entry is greater; nothing changed.
    pub fn set(&mut self, actor: &ActorKey, count: u64) -> Result<(), CrdtError> {
        let current = self.get(actor);
        match count.cmp(&current) {
            Ordering::Less => Err(CrdtError::CounterLowered { current, given: count }),
            Ordering::Equal => Ok(()),
            Ordering::Greater => {
                self.raise(actor, count);
                Ok(())
            }
        }
    }

    /// Takes the greater of each pair of entries. Linear in both, or logarithmic per entry of a much smaller clock.
    pub fn merge(&mut self, other: &Self) {
        if self.has_actors_of(other) {
            // From now on the two are known to be the same at a glance.
            self.actors.clone_from(&other.actors);
            for (ours, theirs) in self.counts.iter_mut().zip(&other.counts) {
                *ours = (*ours).max(*theirs);
            }
        } else if other.counts.len() * 8 < self.counts.len() {
            other.iter().for_each(|(actor, count)| self.raise(actor, count));
        } else {
            *self = self.union(other);
        }
    }

    /// How this clock lies to another one.
    #[must_use]
    pub fn compare(&self, other: &Self) -> ClockOrdering {
        ClockOrdering::from_inclusions(other.includes(self), self.includes(other))
    }

    /// Whether the other clock has all of this one and more.
    #[must_use]
    pub fn happened_before(&self, other: &Self) -> bool {
        self.compare(other) == ClockOrdering::Before
    }

    /// Whether this clock has all of the other one and more.
    #[must_use]
    pub fn happened_after(&self, other: &Self) -> bool {
        self.compare(other) == ClockOrdering::After
    }

    /// Whether each clock has something the other has not. Equal clocks are not concurrent.
    #[must_use]
    pub fn is_concurrent(&self, other: &Self) -> bool {
        self.compare(other) == ClockOrdering::Concurrent
    }

    /// Whether no entry of the other clock is greater.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        if self.has_actors_of(other) {
            return self.counts.iter().zip(&other.counts).all(|(ours, theirs)| ours >= theirs);
        }
        other.iter().all(|(actor, count)| self.get(actor) >= count)
    }

    /// The exact sum of all entries.
    #[must_use]
    pub fn sum(&self) -> u128 {
        self.counts.iter().copied().map(u128::from).sum()
    }

    /// The actor keys with an entry, in byte order.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = &ActorKey> {
        self.keys().iter()
    }

    /// The entries, in byte order of the keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&ActorKey, u64)> {
        self.keys().iter().zip(self.counts.iter().copied())
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Forgets an actor's entry.
    pub(crate) fn remove_actor(&mut self, actor: &ActorKey) {
        if self.find(actor).is_ok() {
            *self = self.iter().filter(|(key, _)| *key != actor).map(|(key, n)| (key.clone(), n)).collect();
        }
    }

    fn keys(&self) -> &[ActorKey] {
        self.actors.as_ref().map_or(&[], |actors| actors)
    }

    fn find(&self, actor: &ActorKey) -> Result<usize, usize> {
        self.keys().binary_search(actor)
    }

    fn has_actors_of(&self, other: &Self) -> bool {
        match (&self.actors, &other.actors) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs) || ours == theirs,
            (ours, theirs) => ours.is_none() && theirs.is_none(),
        }
    }

    fn raise(&mut self, actor: &ActorKey, count: u64) {
        match self.find(actor) {
            Ok(at) => self.counts[at] = count.max(self.counts[at]),
            Err(at) if count > 0 => {
                self.counts.insert(at, count);
                Arc::make_mut(self.actors.get_or_insert_default()).insert(at, actor.clone());
            }
            Err(_) => {}
        }
    }

    fn union(&self, other: &Self) -> Self {
        let (mut ours, mut theirs) = (self.iter().peekable(), other.iter().peekable());
        let length = self.counts.len().max(other.counts.len());
        let (mut actors, mut counts) = (Vec::with_capacity(length), Vec::with_capacity(length));
        loop {
            let order = match (ours.peek(), theirs.peek()) {
                (Some(a), Some(b)) => a.0.cmp(b.0),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            let a = if order.is_le() { ours.next() } else { None };
            let b = if order.is_ge() { theirs.next() } else { None };
            counts.push(a.map_or(0, |a| a.1).max(b.map_or(0, |b| b.1)));
            actors.extend(a.or(b).map(|(actor, _)| actor.clone()));
        }
        Self { actors: (!actors.is_empty()).then(|| Arc::new(actors)), counts }
    }
}

impl FromIterator<(ActorKey, u64)> for VectorClock {
    /// The clock with these entries; of several for one actor the greatest counts.
    fn from_iter<I: IntoIterator<Item = (ActorKey, u64)>>(entries: I) -> Self {
        let mut entries: Vec<(ActorKey, u64)> = entries.into_iter().filter(|(_, count)| *count > 0).collect();
        // The greatest of an actor's entries comes first and stays.
        sort_by(&mut entries, |a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        entries.dedup_by(|later, first| later.0 == first.0);
        let (actors, counts): (Vec<_>, _) = entries.into_iter().unzip();
        Self { actors: (!actors.is_empty()).then(|| Arc::new(actors)), counts }
    }
}

impl fmt::Display for VectorClock {
    /// `{a:1, b:2}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, (actor, count)) in self.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{actor}:{count}")?;
        }
        f.write_str("}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> ActorKey {
        ActorKey::new(text).unwrap()
    }

    fn clock(entries: &[(&str, u64)]) -> VectorClock {
        entries.iter().map(|(actor, count)| (key(actor), *count)).collect()
    }

    #[test]
    fn zero_entries_do_not_exist() {
        assert_eq!(VectorClock::singleton(key("a"), 0), VectorClock::new());
        let mut zero = VectorClock::new();
        zero.set(&key("a"), 0).unwrap();
        assert!(zero.is_empty());
        assert_eq!(clock(&[("a", 0), ("b", 1), ("b", 3), ("b", 2)]), clock(&[("b", 3)]));
    }

    #[test]
    fn counts_only_grow() {
        let mut it = clock(&[("a", 5)]);
        assert_eq!(it.set(&key("a"), 4), Err(CrdtError::CounterLowered { current: 5, given: 4 }));
        it.set(&key("a"), u64::MAX).unwrap();
        assert_eq!(it.increment(&key("a")), Err(CrdtError::CounterOverflow));
        assert_eq!(it.increment(&key("b")), Ok(1));
        assert_eq!(it.sum(), u128::from(u64::MAX) + 1);
    }

    #[test]
    fn all_ways_of_merging_take_the_greater_entries() {
        let names: Vec<String> = (0..40).map(|i| format!("{i:02}")).collect();
        let build = |step: usize, count: u64| -> VectorClock {
            names
                .iter()
                .step_by(step)
                .enumerate()
                .map(|(i, name)| (key(name), count + i as u64 % 7))
                .collect()
        };
        let clocks = [VectorClock::new(), build(1, 3), build(1, 5), build(2, 4), build(20, 9), build(39, 1)];
        for (a, b) in clocks.iter().flat_map(|a| clocks.iter().map(move |b| (a, b))) {
            let mut merged = a.clone();
            merged.merge(b);
            let expected = names.iter().map(|name| (key(name), a.get(&key(name)).max(b.get(&key(name)))));
            assert_eq!(merged, expected.collect());
            assert!(merged.includes(a) && merged.includes(b));
            let again = merged.clone();
            merged.merge(b);
            assert_eq!(merged, again);
        }
    }

    #[test]
    fn comparison_has_four_answers() {
        let (small, large, other) = (clock(&[("a", 1)]), clock(&[("a", 1), ("b", 1)]), clock(&[("c", 1)]));
        assert_eq!(small.compare(&large), ClockOrdering::Before);
        assert!(small.happened_before(&large) && large.happened_after(&small));
        assert!(small.is_concurrent(&other));
        assert_eq!(small.compare(&small), ClockOrdering::Equal);
        assert!(!small.is_concurrent(&small) && !small.happened_before(&small));
        assert_eq!(ClockOrdering::Concurrent.as_str(), "concurrent");
    }

    #[test]
    fn text_and_nodes_are_in_byte_order() {
        let it = clock(&[("b", 2), ("__proto__", 1), ("B", 3), ("10", 4)]);
        assert_eq!(it.to_string(), "{10:4, B:3, __proto__:1, b:2}");
        assert_eq!(it.nodes().map(ActorKey::as_str).collect::<Vec<_>>(), ["10", "B", "__proto__", "b"]);
        assert_eq!(VectorClock::new().to_string(), "{}");
    }
}
