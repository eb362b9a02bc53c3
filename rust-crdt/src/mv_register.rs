//! A register that keeps concurrent writes beside each other until someone resolves them.
//!
//! Source: Preguiça et al., "Dotted Version Vectors" (2010), in the form of a set of dots and one context; pairs of
//! clock and value as in Shapiro et al. (2011), section 3.2.2.

use std::cmp::Ordering;

use crate::actor::ActorKey;
use crate::clock::{ClockOrdering, VectorClock};
use crate::context::CausalContext;
use crate::dot::{Dot, Writer};
use crate::element::Element;
use crate::error::CrdtError;
use crate::sorted::{SortedMap, SortedSet};
use crate::value::Value;

/// The greatest number of concurrent clocks that callers of [`MvRegister::set`] may leave in one register.
pub const MAX_CLOCKS: usize = 1024;

/// A multi-value register.
///
/// [`write`](Self::write) replaces every value seen here and nothing else. [`set`](Self::set) is for callers that keep
/// vector clocks of their own: of those values the ones stay whose clock no other clock in the register dominates.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MvRegister {
    dotted: SortedMap<Dot, Element>,
    context: CausalContext,
    /// The clocks that no other dominates, each with its values and whether a write has replaced them. A replaced value
    /// stays until a greater clock comes, so that an older copy does not bring it back.
    clocked: SortedMap<Rank, SortedMap<Element, bool>>,
}

/// One of the values of a register.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sibling<'a> {
    /// The value.
    pub value: &'a Value,
    /// The clock it was set with, if it was.
    pub clock: Option<&'a VectorClock>,
    /// The dot it was written under, if it was.
    pub dot: Option<&'a Dot>,
}

/// A clock in a total order without meaning: that of its entries.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Rank(pub(crate) VectorClock);

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.iter().cmp(other.0.iter())
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl MvRegister {
    /// The register that was never written.
    #[must_use]
    pub const fn new() -> Self {
        Self { dotted: SortedMap::new(), context: CausalContext::new(), clocked: SortedMap::new() }
    }

    /// Writes a value in place of all values seen here, and returns the delta.
    ///
    /// # Errors
    /// [`CrdtError::TooDeep`] or [`CrdtError::TooLong`] for a value over the limits, [`CrdtError::CounterOverflow`] when the
    /// writer has no dot left; nothing changed.
    pub fn write(&mut self, writer: &Writer, value: impl Into<Value>) -> Result<Self, CrdtError> {
        let (element, _) = Element::new(value.into())?;
        let dot = writer.next_dot(&self.context)?;
        let mut delta = Self { context: self.dotted.keys().chain([&dot]).collect(), ..Self::new() };
        delta.dotted.insert(dot, element);
        for (clock, values) in &self.clocked {
            delta.clocked.insert(clock.clone(), values.keys().map(|value| (value.clone(), true)).collect());
        }
        self.merge(&delta)?;
        Ok(delta)
    }

    /// Ends a conflict with a value: the same write, under the name that says what it is for.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn resolve(&mut self, writer: &Writer, value: impl Into<Value>) -> Result<Self, CrdtError> {
        self.write(writer, value)
    }

    /// Takes in a value with a clock of the caller's and returns the delta. Without effect when a greater clock is known.
    ///
    /// Values written under dots here are replaced where the clock has their number. The caller makes sure that a clock
    /// is used for one value; values that share one are kept, see [`has_duplicate_clock`](Self::has_duplicate_clock).
    ///
    /// # Errors
    /// [`CrdtError::TooDeep`] or [`CrdtError::TooLong`] for a value over the limits, [`CrdtError::TooMany`] over
    /// [`MAX_CLOCKS`]; nothing changed.
    pub fn set(&mut self, value: impl Into<Value>, clock: VectorClock) -> Result<Self, CrdtError> {
        let (element, _) = Element::new(value.into())?;
        let covered = self.dotted.keys().filter(|dot| clock.get(dot.actor()) >= dot.counter());
        let mut delta = Self { context: covered.collect(), ..Self::new() };
        delta.clocked.insert(Rank(clock), SortedMap::from([(element, false)]));
        self.merge(&delta)?;
        Ok(delta)
    }

    /// The distinct values, in the order of their encodings. Several mean a conflict; none, that nothing was written.
    #[must_use]
    pub fn get(&self) -> Vec<&Value> {
        let values: SortedSet<&Value> = self.siblings().map(|sibling| sibling.value).collect();
        values.into_iter().collect()
    }

    /// Each value with the clock or dot it came with: those with a dot in order, then those with a clock.
    pub fn siblings(&self) -> impl Iterator<Item = Sibling<'_>> {
        let dotted = self.dotted.iter().map(|(dot, element)| Sibling {
            value: element.value(),
            clock: None,
            dot: Some(dot),
        });
        dotted.chain(self.live().map(|(clock, element)| Sibling {
            value: element.value(),
            clock: Some(clock),
            dot: None,
        }))
    }

    /// Whether there is more than one value, equal ones from concurrent writes included.
    #[must_use]
    pub fn has_conflict(&self) -> bool {
        self.siblings().nth(1).is_some()
    }

    /// Whether two different values were set with one clock: someone's clocks do not do what clocks must.
    #[must_use]
    pub fn has_duplicate_clock(&self) -> bool {
        self.clocked.values().any(|values| values.values().filter(|replaced| !**replaced).count() > 1)
    }

    /// Every write under a dot taken in.
    #[must_use]
    pub fn context(&self) -> &CausalContext {
        &self.context
    }

    /// Joins another state or delta into this one.
    ///
    /// Costs O(d log n) with d the dots of both, and a comparison for each pair of clocks.
    ///
    /// # Errors
    /// [`CrdtError::Equivocation`] when both hold one dot for different values, [`CrdtError::TooMany`] for more than
    /// [`MAX_CLOCKS`] concurrent clocks; nothing changed.
    pub fn merge(&mut self, other: &Self) -> Result<(), CrdtError> {
        for (dot, theirs) in &other.dotted {
            if self.dotted.get(dot).is_some_and(|ours| ours != theirs) {
                return Err(CrdtError::Equivocation { actor: dot.actor().clone(), counter: dot.counter() });
            }
        }
        let clocked = join_clocked(&self.clocked, &other.clocked)?;
        self.clocked = clocked;
        self.dotted.retain(|dot, _| other.dotted.contains_key(dot) || !other.context.contains(dot));
        for (dot, element) in &other.dotted {
            if !self.context.contains(dot) {
                self.dotted.insert(dot.clone(), element.clone());
            }
        }
        self.context.merge(&other.context);
        Ok(())
    }

    fn live(&self) -> impl Iterator<Item = (&VectorClock, &Element)> {
        self.clocked.iter().flat_map(|(clock, values)| {
            values.iter().filter(|(_, replaced)| !**replaced).map(move |(element, _)| (&clock.0, element))
        })
    }

    pub(crate) fn with_context(context: CausalContext) -> Self {
        Self { context, ..Self::new() }
    }

    /// For dots to be forgotten that no value has.
    pub(crate) fn change_context(&mut self, change: impl FnOnce(&mut CausalContext)) {
        change(&mut self.context);
    }

    /// Forgets an actor's dots and what was written under them.
    pub(crate) fn forget_actor(&mut self, actor: &ActorKey) {
        self.dotted.retain(|dot, _| dot.actor() != actor);
        self.context.remove_actor(actor);
    }

    pub(crate) fn dotted(&self) -> &SortedMap<Dot, Element> {
        &self.dotted
    }

    pub(crate) fn clocked(&self) -> &SortedMap<Rank, SortedMap<Element, bool>> {
        &self.clocked
    }

    /// Takes in a live dot from outside; false when it is there or not in the context.
    pub(crate) fn insert_dot(&mut self, dot: Dot, element: Element) -> bool {
        self.context.contains(&dot) && self.dotted.insert(dot, element).is_none()
    }

    /// Takes in clocks from outside; false when one dominates another. More than [`MAX_CLOCKS`] are refused before any
    /// two are compared.
    pub(crate) fn set_clocked(
        &mut self,
        clocked: SortedMap<Rank, SortedMap<Element, bool>>,
    ) -> Result<bool, CrdtError> {
        if clocked.len() > MAX_CLOCKS {
            return Err(CrdtError::TooMany { limit: MAX_CLOCKS });
        }
        let joined = join_clocked(&SortedMap::new(), &clocked)?;
        let apart = joined.len() == clocked.len();
        self.clocked = joined;
        Ok(apart)
    }
}

type Clocked = SortedMap<Rank, SortedMap<Element, bool>>;

/// The clocks of both that no clock of either dominates, with all their values; replaced where it is so in either.
fn join_clocked(ours: &Clocked, theirs: &Clocked) -> Result<Clocked, CrdtError> {
    let mut joined = ours.clone();
    for (clock, values) in theirs {
        if let Some(known) = joined.get_mut(clock) {
            for (element, replaced) in values {
                *known.get_or_default(element.clone()) |= *replaced;
            }
            continue;
        }
        let mut dominated = false;
        joined.retain(|other, _| {
            let order = clock.0.compare(&other.0);
            dominated |= order == ClockOrdering::Before;
            order != ClockOrdering::After
        });
        if !dominated {
            joined.insert(clock.clone(), values.clone());
        }
    }
    // Only now: a clock that comes late may dominate many. So the order of merges does not decide what is refused.
    if joined.len() > MAX_CLOCKS {
        return Err(CrdtError::TooMany { limit: MAX_CLOCKS });
    }
    Ok(joined)
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

    fn texts(register: &MvRegister) -> Vec<&str> {
        register.get().into_iter().filter_map(Value::as_text).collect()
    }

    #[test]
    fn concurrent_writes_stay_and_a_resolution_replaces_what_it_has_seen() {
        let (a, b) = (Writer::resume(key("a"), 0), Writer::resume(key("b"), 0));
        let (mut one, mut two) = (MvRegister::new(), MvRegister::new());
        one.write(&a, "left").unwrap();
        two.write(&b, "right").unwrap();
        let unseen = two.write(&b, "later").unwrap();
        one.merge(&two).unwrap();
        assert!(one.has_conflict());
        assert_eq!(texts(&one), ["left", "later"]);
        one.resolve(&a, "both").unwrap();
        one.merge(&unseen).unwrap();
        assert_eq!(texts(&one), ["both"]);
        // A write that the resolution has not seen is a new conflict.
        two.write(&b, "unseen").unwrap();
        one.merge(&two).unwrap();
        assert_eq!(texts(&one), ["both", "unseen"]);
    }

    #[test]
    fn pairs_of_clock_and_value_are_the_unit() {
        let mut register = MvRegister::new();
        register.set("x", clock(&[("a", 1)])).unwrap();
        register.set("x", clock(&[("b", 1)])).unwrap();
        assert_eq!((texts(&register), register.siblings().count()), (vec!["x"], 2));
        assert!(register.has_conflict() && !register.has_duplicate_clock());
        register.set("z", clock(&[("b", 1)])).unwrap();
        assert!(register.has_duplicate_clock());
        register.set("old", VectorClock::new()).unwrap();
        assert_eq!(texts(&register), ["x", "z"]);
        register.set("y", clock(&[("a", 1), ("b", 2)])).unwrap();
        assert_eq!(texts(&register), ["y"]);
    }

    #[test]
    fn a_replaced_pair_does_not_come_back() {
        let mut register = MvRegister::new();
        register.set("x", clock(&[("a", 1)])).unwrap();
        let stale = register.clone();
        register.write(&Writer::resume(key("w"), 0), "y").unwrap();
        register.merge(&stale).unwrap();
        assert_eq!(texts(&register), ["y"]);
        // Nor does one that it has dominated, and that arrives late.
        register.set("older", VectorClock::new()).unwrap();
        assert_eq!(texts(&register), ["y"]);
        // A clock that has the write's number replaces it.
        register.set("z", clock(&[("a", 1), ("w", 1)])).unwrap();
        assert_eq!(texts(&register), ["z"]);
    }

    #[test]
    fn the_limit_counts_what_is_left_of_a_merge_in_either_order() {
        let mut full = MvRegister::new();
        for i in 0..MAX_CLOCKS {
            full.set("x", VectorClock::singleton(key(&format!("b{i}")), 1)).unwrap();
        }
        // Sorts before and is concurrent to all; the second clock dominates everything.
        let mut other = MvRegister::new();
        other.set("y", clock(&[("a", 1)])).unwrap();
        let all = (0..MAX_CLOCKS).map(|i| (key(&format!("b{i}")), 2)).collect();
        other.set("z", all).unwrap();
        let (mut one, mut two) = (full.clone(), other.clone());
        assert_eq!((one.merge(&other), two.merge(&full)), (Ok(()), Ok(())));
        assert_eq!(one, two);
        assert_eq!(texts(&one), ["y", "z"]);
    }

    #[test]
    fn more_clocks_than_the_limit_are_refused_before_they_are_compared() {
        // A chain: one clock is left of it, but only after all pairs.
        let chain = |count: usize| {
            let values = SortedMap::from([(Element::new("x".into()).unwrap().0, false)]);
            (1..=count as u64).map(|i| (Rank(clock(&[("a", i)])), values.clone())).collect()
        };
        let mut register = MvRegister::new();
        let refused = Err(CrdtError::TooMany { limit: MAX_CLOCKS });
        assert_eq!(register.set_clocked(chain(MAX_CLOCKS + 1)), refused);
        assert_eq!(register.set_clocked(chain(MAX_CLOCKS)), Ok(false));
    }

    #[test]
    fn too_many_concurrent_clocks_are_refused() {
        let mut register = MvRegister::new();
        for i in 0..MAX_CLOCKS {
            register.set("x", VectorClock::singleton(key(&format!("a{i}")), 1)).unwrap();
        }
        let before = register.clone();
        assert_eq!(register.set("x", clock(&[("b", 1)])), Err(CrdtError::TooMany { limit: MAX_CLOCKS }));
        assert_eq!(register, before);
    }
}
