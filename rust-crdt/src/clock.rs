//! Vector clocks: how far each writer's history is known.
//!
//! Source: Fidge (1988), Mattern (1989).

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use crate::actor::ActorKey;
use crate::error::CrdtError;

/// A counter per actor key, ordered by the keys' bytes. Entries of 0 do not exist.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct VectorClock(BTreeMap<ActorKey, u64>);

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
        Self(BTreeMap::new())
    }

    /// The clock with one entry, or with none when `count` is 0.
    #[must_use]
    pub fn singleton(actor: ActorKey, count: u64) -> Self {
        Self::from_iter([(actor, count)])
    }

    /// An actor's entry, 0 when it has none.
    #[must_use]
    pub fn get(&self, actor: &ActorKey) -> u64 {
        self.0.get(actor).copied().unwrap_or(0)
    }

    /// Adds one to an actor's entry and returns the new count.
    ///
    /// # Errors
    /// [`CrdtError::CounterOverflow`] at the greatest count; nothing changed.
    pub fn increment(&mut self, actor: &ActorKey) -> Result<u64, CrdtError> {
        let count = self.get(actor).checked_add(1).ok_or(CrdtError::CounterOverflow)?;
        self.0.insert(actor.clone(), count);
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
                self.0.insert(actor.clone(), count);
                Ok(())
            }
        }
    }

    /// Takes the greater of each pair of entries.
    pub fn merge(&mut self, other: &Self) {
        for (actor, count) in &other.0 {
            self.raise(actor, *count);
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
        other.0.iter().all(|(actor, count)| self.get(actor) >= *count)
    }

    /// The exact sum of all entries.
    #[must_use]
    pub fn sum(&self) -> u128 {
        self.0.values().copied().map(u128::from).sum()
    }

    /// The actor keys with an entry, in byte order.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = &ActorKey> {
        self.0.keys()
    }

    /// The entries, in byte order of the keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&ActorKey, u64)> {
        self.0.iter().map(|(actor, count)| (actor, *count))
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn raise(&mut self, actor: &ActorKey, count: u64) {
        match self.0.get_mut(actor) {
            Some(current) => *current = count.max(*current),
            None if count > 0 => drop(self.0.insert(actor.clone(), count)),
            None => {}
        }
    }
}

impl FromIterator<(ActorKey, u64)> for VectorClock {
    /// The clock with these entries; of several for one actor the greatest counts.
    fn from_iter<I: IntoIterator<Item = (ActorKey, u64)>>(entries: I) -> Self {
        let mut clock = Self::new();
        for (actor, count) in entries {
            clock.raise(&actor, count);
        }
        clock
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
