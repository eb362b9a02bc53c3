//! Causal contexts: which updates a state has taken in, whether or not anything is left of them.

use crate::actor::ActorKey;
use crate::clock::{ClockOrdering, VectorClock};
use crate::dot::Dot;
use crate::runs::Runs;
use crate::sorted::{SortedMap, sort};

/// A set of dots: a version vector for what is known without gaps, and a cloud of dots above it.
///
/// Both live in one list of runs per actor, where the vector is the run that starts at 1, so that closing a gap
/// compacts by itself and equal sets are equal values. Memory grows with actors and gaps, not with updates.
///
/// Source: Almeida et al., "Scalable and Accurate Causality Tracking for Eventually Consistent Stores" (2014).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CausalContext(SortedMap<ActorKey, Runs>);

impl CausalContext {
    /// The context of no update.
    #[must_use]
    pub const fn new() -> Self {
        Self(SortedMap::new())
    }

    /// Whether the update with this dot is in.
    #[must_use]
    pub fn contains(&self, dot: &Dot) -> bool {
        self.0.get(dot.actor()).is_some_and(|runs| runs.contains(dot.counter()))
    }

    /// Takes in a dot.
    pub fn insert(&mut self, dot: &Dot) {
        self.runs_mut(dot.actor()).insert(dot.counter(), dot.counter());
    }

    /// The greatest counter known of an actor, 0 when there is none.
    #[must_use]
    pub fn greatest(&self, actor: &ActorKey) -> u64 {
        self.0.get(actor).map_or(0, Runs::greatest)
    }

    /// Union.
    pub fn merge(&mut self, other: &Self) {
        for (actor, runs) in &other.0 {
            self.runs_mut(actor).merge(runs);
        }
    }

    /// The dots of both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.combine(other, |ours, theirs| theirs.map(|theirs| ours.intersection(theirs)))
    }

    /// The dots of this context that the other one has not.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.combine(other, |ours, theirs| {
            Some(theirs.map_or_else(|| ours.clone(), |theirs| ours.difference(theirs)))
        })
    }

    /// Takes in the counters `start..=end` of an actor; none when `start` is 0 or above `end`.
    pub fn insert_run(&mut self, actor: &ActorKey, start: u64, end: u64) {
        if 0 < start && start <= end {
            self.runs_mut(actor).insert(start, end);
        }
    }

    /// Forgets all dots of an actor.
    pub(crate) fn remove_actor(&mut self, actor: &ActorKey) {
        self.0.remove(actor);
    }

    /// Whether every dot of the other context is in this one.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        other.0.iter().all(|(actor, runs)| self.0.get(actor).is_some_and(|ours| ours.includes(runs)))
    }

    /// How this context lies to another one.
    #[must_use]
    pub fn compare(&self, other: &Self) -> ClockOrdering {
        ClockOrdering::from_inclusions(other.includes(self), self.includes(other))
    }

    /// Up to where each actor's updates are known without a gap.
    #[must_use]
    pub fn vector(&self) -> VectorClock {
        self.0.iter().map(|(actor, runs)| (actor.clone(), runs.contiguous())).collect()
    }

    /// The dots above a gap, as inclusive ranges of counters in order.
    pub fn cloud(&self) -> impl Iterator<Item = (&ActorKey, u64, u64)> {
        self.runs().filter(|(_, start, _)| *start > 1)
    }

    /// All dots, as inclusive ranges of counters in order.
    pub fn runs(&self) -> impl Iterator<Item = (&ActorKey, u64, u64)> {
        self.0.iter().flat_map(|(actor, runs)| runs.iter().map(move |(start, end)| (actor, start, end)))
    }

    /// The actors with a dot, in byte order.
    pub fn actors(&self) -> impl ExactSizeIterator<Item = &ActorKey> {
        self.0.keys()
    }

    /// Whether there is no dot.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&ActorKey, &Runs)> {
        self.0.iter()
    }

    pub(crate) fn runs_of(&self, actor: &ActorKey) -> Option<&Runs> {
        self.0.get(actor)
    }

    /// The same by the actor's text, with its key.
    pub(crate) fn entry_of(&self, actor: &str) -> Option<(&ActorKey, &Runs)> {
        self.0.get_key_value(actor)
    }

    /// Sets an actor's runs; an empty set leaves no entry.
    pub(crate) fn set_runs(&mut self, actor: ActorKey, runs: Runs) {
        if runs.greatest() > 0 {
            self.0.insert(actor, runs);
        }
    }

    fn combine(&self, other: &Self, each: impl Fn(&Runs, Option<&Runs>) -> Option<Runs>) -> Self {
        let mut combined = Self::new();
        for (actor, runs) in &self.0 {
            if let Some(runs) = each(runs, other.0.get(actor)) {
                combined.set_runs(actor.clone(), runs);
            }
        }
        combined
    }

    /// The runs of an actor, to be filled by the caller at once: no entry stays empty.
    fn runs_mut(&mut self, actor: &ActorKey) -> &mut Runs {
        if !self.0.contains_key(actor) {
            self.0.insert(actor.clone(), Runs::default());
        }
        self.0.get_mut(actor).expect("inserted above when it was missing")
    }
}

impl From<&VectorClock> for CausalContext {
    /// All dots up to each entry of the clock.
    fn from(clock: &VectorClock) -> Self {
        let mut context = Self::new();
        for (actor, count) in clock.iter() {
            context.runs_mut(actor).insert(1, count);
        }
        context
    }
}

impl Extend<Dot> for CausalContext {
    fn extend<I: IntoIterator<Item = Dot>>(&mut self, dots: I) {
        dots.into_iter().for_each(|dot| self.insert(&dot));
    }
}

impl<'a> FromIterator<&'a Dot> for CausalContext {
    fn from_iter<I: IntoIterator<Item = &'a Dot>>(dots: I) -> Self {
        let mut dots: Vec<&Dot> = dots.into_iter().collect();
        // In order each goes behind those before it; out of order each could move all of them.
        sort(&mut dots);
        let mut context = Self::new();
        for dot in dots {
            context.insert(dot);
        }
        context
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dot(tag: &str) -> Dot {
        Dot::parse(tag).unwrap()
    }

    #[test]
    fn gaps_are_cloud_until_they_close() {
        let mut context = CausalContext::from_iter(&[dot("a:1"), dot("a:3"), dot("b:2")]);
        let (a, b) = (dot("a:1").actor().clone(), dot("b:1").actor().clone());
        assert_eq!(context.vector(), VectorClock::singleton(a.clone(), 1));
        assert_eq!(context.cloud().collect::<Vec<_>>(), [(&a, 3, 3), (&b, 2, 2)]);
        context.insert(&dot("a:2"));
        context.insert(&dot("b:1"));
        assert_eq!(context.cloud().count(), 0);
        assert_eq!(context.vector(), VectorClock::from_iter([(a, 3), (b, 2)]));
    }

    #[test]
    fn contexts_compare_as_sets() {
        let small = CausalContext::from_iter(&[dot("a:2")]);
        let large = CausalContext::from_iter(&[dot("a:1"), dot("a:2")]);
        let other = CausalContext::from_iter(&[dot("a:1")]);
        assert_eq!(small.compare(&large), ClockOrdering::Before);
        assert_eq!(large.compare(&other), ClockOrdering::After);
        assert_eq!(small.compare(&other), ClockOrdering::Concurrent);
        assert_eq!(small.compare(&small), ClockOrdering::Equal);
        assert!(large.contains(&dot("a:2")) && !large.contains(&dot("a:3")) && !large.contains(&dot("b:1")));
    }
}
