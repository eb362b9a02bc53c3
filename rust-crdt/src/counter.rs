//! Counters that many agents raise and lower at the same time, with no update lost and none counted twice.
//!
//! Source: Shapiro et al., "A comprehensive study of Convergent and Commutative Replicated Data Types" (2011),
//! sections 3.1.1 and 3.1.3.

use std::cmp::Ordering;

use crate::actor::ActorKey;
use crate::clock::{ClockOrdering, VectorClock};
use crate::error::CrdtError;

/// A counter that only grows: a count per actor key.
///
/// Whoever increments under a key is its only writer, as for every key. Mutators return deltas.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GCounter(VectorClock);

impl GCounter {
    /// The counter at 0.
    #[must_use]
    pub const fn new() -> Self {
        Self(VectorClock::new())
    }

    /// The counter with these counts per actor.
    #[must_use]
    pub const fn from_counts(counts: VectorClock) -> Self {
        Self(counts)
    }

    /// Adds one to an actor's count and returns the delta.
    ///
    /// # Errors
    /// [`CrdtError::CounterOverflow`] at the greatest count; nothing changed.
    pub fn increment(&mut self, actor: &ActorKey) -> Result<Self, CrdtError> {
        self.increment_by(actor, 1)
    }

    /// Adds to an actor's count and returns the delta. A negative amount is ignored, as is 0.
    ///
    /// # Errors
    /// [`CrdtError::CounterOverflow`] when the count would not fit 64 bits; nothing changed.
    pub fn increment_by(&mut self, actor: &ActorKey, amount: impl Into<i128>) -> Result<Self, CrdtError> {
        let amount = amount.into();
        if amount <= 0 {
            return Ok(Self::new());
        }
        let amount = u64::try_from(amount).map_err(|_| CrdtError::CounterOverflow)?;
        let count = self.count(actor).checked_add(amount).ok_or(CrdtError::CounterOverflow)?;
        let delta = Self(VectorClock::singleton(actor.clone(), count));
        self.merge(&delta);
        Ok(delta)
    }

    /// The exact sum of all counts. See [`safe_integer`](crate::json::safe_integer) for readers with 53 bits.
    #[must_use]
    pub fn value(&self) -> u128 {
        self.0.sum()
    }

    /// An actor's count, 0 when it has none.
    #[must_use]
    pub fn count(&self, actor: &ActorKey) -> u64 {
        self.0.get(actor)
    }

    /// The count of every actor.
    #[must_use]
    pub const fn counts(&self) -> &VectorClock {
        &self.0
    }

    /// Takes the greater of each pair of counts.
    pub fn merge(&mut self, other: &Self) {
        self.0.merge(&other.0);
    }

    /// How the totals compare. Equal totals may come from different counts.
    #[must_use]
    pub fn compare_total(&self, other: &Self) -> Ordering {
        self.value().cmp(&other.value())
    }

    /// How the states lie to each other: whether one has all counts of the other.
    #[must_use]
    pub fn partial_compare(&self, other: &Self) -> ClockOrdering {
        self.0.compare(&other.0)
    }
}

/// A counter that goes up and down: a [`GCounter`] of increments and one of decrements.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PnCounter {
    positive: GCounter,
    negative: GCounter,
}

impl PnCounter {
    /// The counter at 0.
    #[must_use]
    pub const fn new() -> Self {
        Self { positive: GCounter::new(), negative: GCounter::new() }
    }

    /// The counter with these increments and decrements.
    #[must_use]
    pub const fn from_parts(positive: GCounter, negative: GCounter) -> Self {
        Self { positive, negative }
    }

    /// Adds one and returns the delta.
    ///
    /// # Errors
    /// [`CrdtError::CounterOverflow`] when the actor's increments do not fit 64 bits; nothing changed.
    pub fn increment(&mut self, actor: &ActorKey) -> Result<Self, CrdtError> {
        self.increment_by(actor, 1)
    }

    /// Takes one away and returns the delta.
    ///
    /// # Errors
    /// [`CrdtError::CounterOverflow`] when the actor's decrements do not fit 64 bits; nothing changed.
    pub fn decrement(&mut self, actor: &ActorKey) -> Result<Self, CrdtError> {
        self.increment_by(actor, -1)
    }

    /// Adds an amount, or takes its magnitude away when it is negative, and returns the delta.
    ///
    /// # Errors
    /// [`CrdtError::CounterOverflow`] when the actor's increments or decrements do not fit 64 bits; nothing changed.
    pub fn increment_by(&mut self, actor: &ActorKey, amount: impl Into<i128>) -> Result<Self, CrdtError> {
        let amount = amount.into();
        let magnitude = amount.checked_abs().ok_or(CrdtError::CounterOverflow)?;
        let mut delta = Self::new();
        if amount < 0 {
            delta.negative = self.negative.increment_by(actor, magnitude)?;
        } else {
            delta.positive = self.positive.increment_by(actor, magnitude)?;
        }
        Ok(delta)
    }

    /// The exact difference. See [`safe_signed_integer`](crate::json::safe_signed_integer) for readers with 53 bits.
    #[must_use]
    pub fn value(&self) -> i128 {
        let signed = |sum| i128::try_from(sum).expect("fewer than 2^63 counts of 64 bits");
        signed(self.positive.value()) - signed(self.negative.value())
    }

    /// The increments.
    #[must_use]
    pub const fn positive(&self) -> &GCounter {
        &self.positive
    }

    /// The decrements.
    #[must_use]
    pub const fn negative(&self) -> &GCounter {
        &self.negative
    }

    /// Joins increments and decrements.
    pub fn merge(&mut self, other: &Self) {
        self.positive.merge(&other.positive);
        self.negative.merge(&other.negative);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> ActorKey {
        ActorKey::new(text).unwrap()
    }

    #[test]
    fn counts_are_checked_and_sums_exact() {
        let mut counter = GCounter::new();
        counter.increment_by(&key("a"), u64::MAX).unwrap();
        counter.increment_by(&key("b"), u64::MAX).unwrap();
        let before = counter.clone();
        assert_eq!(counter.increment(&key("a")), Err(CrdtError::CounterOverflow));
        assert_eq!(counter.increment_by(&key("c"), 1i128 << 64), Err(CrdtError::CounterOverflow));
        assert_eq!(counter, before);
        assert_eq!(counter.value(), 2 * u128::from(u64::MAX));
        let mut both = PnCounter::from_parts(GCounter::new(), counter);
        assert_eq!(both.value(), -2 * i128::from(u64::MAX));
        assert_eq!(both.decrement(&key("b")), Err(CrdtError::CounterOverflow));
        assert_eq!(both.increment_by(&key("b"), i128::MIN), Err(CrdtError::CounterOverflow));
        assert_eq!(both.increment(&key("b")).unwrap().value(), 1);
    }

    #[test]
    fn negative_amounts_are_ignored_by_one_and_taken_by_the_other() {
        let mut counter = GCounter::new();
        assert_eq!(counter.increment_by(&key("a"), -5), Ok(GCounter::new()));
        assert_eq!(counter, GCounter::new());
        let mut counter = PnCounter::new();
        counter.increment_by(&key("a"), -5).unwrap();
        assert_eq!((counter.value(), counter.negative().count(&key("a"))), (-5, 5));
    }

    #[test]
    fn concurrent_counters_with_one_total_are_equal_in_total_only() {
        let one = GCounter::from_counts(VectorClock::singleton(key("a"), 2));
        let two = GCounter::from_counts(VectorClock::singleton(key("b"), 2));
        assert_eq!(one.compare_total(&two), Ordering::Equal);
        assert_eq!(one.partial_compare(&two), ClockOrdering::Concurrent);
    }
}
