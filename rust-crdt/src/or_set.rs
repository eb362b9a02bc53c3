//! A set that agents add to and remove from at the same time; an addition wins over a concurrent removal.
//!
//! There are no tombstones: an element is there while one of its dots is, and a dot that the causal context knows
//! but no element has was removed. Source: Bieniusa et al., "An Optimized Conflict-free Replicated Set" (2012);
//! deltas after Almeida et al., "Delta State Replicated Data Types" (2018).

use std::collections::{BTreeMap, BTreeSet};

use crate::actor::ActorKey;
use crate::context::CausalContext;
use crate::dot::{Dot, Writer};
use crate::element::Element;
use crate::error::CrdtError;
use crate::value::Value;

/// An observed-remove set of values.
///
/// Each mutator also returns its delta: a small set whose merge elsewhere has the effect of the mutator. Deltas may
/// be lost and sent again, arrive twice or in any order, mixed with whole states. Memory grows with the live
/// elements, the actors and the gaps in what is known, not with past removals.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OrSet {
    elements: BTreeMap<Element, BTreeSet<Dot>>,
    /// The same dots the other way round: makes merging a delta cost what the delta costs.
    dots: BTreeMap<ActorKey, BTreeMap<u64, Element>>,
    context: CausalContext,
}

impl OrSet {
    /// The empty set that knows of no update.
    #[must_use]
    pub const fn new() -> Self {
        Self { elements: BTreeMap::new(), dots: BTreeMap::new(), context: CausalContext::new() }
    }

    /// Adds an element, replacing the dots it has here by one new dot, and returns the delta.
    ///
    /// # Errors
    /// [`CrdtError::TooDeep`] or [`CrdtError::TooLong`] for a value over the limits, [`CrdtError::CounterOverflow`]
    /// when the writer has no dot left; nothing changed.
    pub fn add(&mut self, writer: &Writer, value: impl Into<Value>) -> Result<Self, CrdtError> {
        let (element, _) = Element::new(value.into())?;
        let dot = writer.next_dot(&self.context)?;
        let replaced = self.elements.get(&element).into_iter().flatten();
        let context = replaced.chain([&dot]).collect();
        Ok(self.apply(Some((dot, element)), context))
    }

    /// Adds an element with one more dot, keeping those it has, and returns the dot and the delta.
    ///
    /// For callers that remove by dot. The dots of an element added again and again accumulate;
    /// [`add`](Self::add) does not have that cost.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_tagged(&mut self, writer: &Writer, value: impl Into<Value>) -> Result<(Dot, Self), CrdtError> {
        let (element, _) = Element::new(value.into())?;
        let dot = writer.next_dot(&self.context)?;
        let delta = self.apply(Some((dot.clone(), element)), CausalContext::from_iter([&dot]));
        Ok((dot, delta))
    }

    /// Removes an element with all the dots it has here, and returns the delta.
    pub fn remove(&mut self, value: &Value) -> Self {
        let context = self.elements.get(value).into_iter().flatten().collect();
        self.apply(None, context)
    }

    /// Removes exactly these dots from an element and returns the delta. Dots it does not have are ignored.
    pub fn remove_tags(&mut self, value: &Value, tags: &[Dot]) -> Self {
        let context = match self.elements.get(value) {
            Some(dots) => tags.iter().filter(|tag| dots.contains(tag)).collect(),
            None => CausalContext::new(),
        };
        self.apply(None, context)
    }

    /// Whether the element is in the set.
    #[must_use]
    pub fn contains(&self, value: &Value) -> bool {
        self.elements.contains_key(value)
    }

    /// The elements, in the order of their encodings.
    pub fn elements(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.elements.keys().map(Element::value)
    }

    /// The dots that keep an element in the set, in order; none when it is not there.
    pub fn tags(&self, value: &Value) -> impl Iterator<Item = &Dot> {
        self.elements.get(value).into_iter().flatten()
    }

    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// Every update this set has taken in.
    #[must_use]
    pub fn context(&self) -> &CausalContext {
        &self.context
    }

    /// Joins another state or delta into this one.
    ///
    /// A dot stays when both have it, or when one has it and the other has never heard of it. Costs
    /// O((d + c) log n), with d the other's live dots and c the dots here that the other's context covers.
    ///
    /// # Errors
    /// [`CrdtError::Equivocation`] when both hold one dot for different elements; nothing changed.
    pub fn merge(&mut self, other: &Self) -> Result<(), CrdtError> {
        let mut added = Vec::new();
        for (actor, theirs) in &other.dots {
            let (ours, known) = (self.dots.get(actor), self.context.runs_of(actor));
            for (&counter, element) in theirs {
                match ours.and_then(|ours| ours.get(&counter)) {
                    Some(own) if own != element => {
                        return Err(CrdtError::Equivocation { actor: actor.clone(), counter });
                    }
                    Some(_) => {}
                    None if known.is_some_and(|runs| runs.contains(counter)) => {}
                    None => added.push((live_dot(actor, counter), element)),
                }
            }
        }
        let mut removed = Vec::new();
        for (actor, start, end) in other.context.runs() {
            let theirs = other.dots.get(actor);
            let covered = self.dots.get(actor).into_iter().flat_map(|ours| ours.range(start..=end));
            for (counter, _) in covered {
                if !theirs.is_some_and(|theirs| theirs.contains_key(counter)) {
                    removed.push(live_dot(actor, *counter));
                }
            }
        }
        for dot in removed {
            self.remove_live(&dot);
        }
        for (dot, element) in added {
            self.insert_live(dot, element.clone());
        }
        self.context.merge(&other.context);
        Ok(())
    }

    /// Merges the delta of a local update: at most one new live dot, and the dots it takes in.
    fn apply(&mut self, live: Option<(Dot, Element)>, context: CausalContext) -> Self {
        let mut delta = Self { context, ..Self::default() };
        if let Some((dot, element)) = live {
            delta.insert_live(dot, element);
        }
        self.merge(&delta).expect("the only live dot of the delta is new here");
        delta
    }

    fn remove_live(&mut self, dot: &Dot) {
        let Some(by_counter) = self.dots.get_mut(dot.actor()) else { return };
        let Some(element) = by_counter.remove(&dot.counter()) else { return };
        if by_counter.is_empty() {
            self.dots.remove(dot.actor());
        }
        if let Some(dots) = self.elements.get_mut(&element) {
            dots.remove(dot);
            if dots.is_empty() {
                self.elements.remove(&element);
            }
        }
    }

    /// Adds a live dot to both indexes, not to the context; false, and nothing changed, when the dot is there.
    pub(crate) fn insert_live(&mut self, dot: Dot, element: Element) -> bool {
        let by_counter = self.dots.entry(dot.actor().clone()).or_default();
        if by_counter.contains_key(&dot.counter()) {
            return false;
        }
        by_counter.insert(dot.counter(), element.clone());
        self.elements.entry(element).or_default().insert(dot);
        true
    }

    pub(crate) fn with_context(context: CausalContext) -> Self {
        Self { context, ..Self::default() }
    }

    pub(crate) fn entries(&self) -> impl ExactSizeIterator<Item = (&Element, &BTreeSet<Dot>)> {
        self.elements.iter()
    }
}

/// The dot of a live entry, whose counter was a dot's when it came in.
fn live_dot(actor: &ActorKey, counter: u64) -> Dot {
    Dot::new(actor.clone(), counter).expect("only counters of dots are kept")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer(name: &str) -> Writer {
        Writer::resume(ActorKey::new(name).unwrap(), 0)
    }

    fn tags(set: &OrSet, value: &str) -> Vec<String> {
        set.tags(&Value::from(value)).map(Dot::to_string).collect()
    }

    #[test]
    fn removal_survives_a_stale_copy_and_yields_to_a_concurrent_addition() {
        let (a, b) = (writer("a"), writer("b"));
        let mut set = OrSet::new();
        set.add(&a, "x").unwrap();
        let stale = set.clone();
        set.remove(&Value::from("x"));
        set.merge(&stale).unwrap();
        assert!(set.is_empty());
        // An addition that has not seen the removal.
        let mut other = stale;
        other.add(&b, "x").unwrap();
        set.merge(&other).unwrap();
        assert_eq!(tags(&set, "x"), ["b:1"]);
    }

    #[test]
    fn adding_again_replaces_dots_or_keeps_them_as_asked() {
        let a = writer("a");
        let mut set = OrSet::new();
        set.add(&a, "x").unwrap();
        set.add_tagged(&a, "x").unwrap();
        let (third, _) = set.add_tagged(&a, "x").unwrap();
        assert_eq!(tags(&set, "x"), ["a:1", "a:2", "a:3"]);
        set.remove_tags(&Value::from("x"), &[third]);
        assert_eq!(tags(&set, "x"), ["a:1", "a:2"]);
        set.add(&a, "x").unwrap();
        assert_eq!(tags(&set, "x"), ["a:4"]);
    }

    #[test]
    fn tags_of_another_element_and_unknown_tags_are_ignored() {
        let a = writer("a");
        let mut set = OrSet::new();
        let (x, _) = set.add_tagged(&a, "x").unwrap();
        set.add(&a, "y").unwrap();
        let before = set.clone();
        set.remove_tags(&Value::from("y"), &[x, Dot::parse("a:9").unwrap(), Dot::parse("b:1").unwrap()]);
        set.remove_tags(&Value::from("z"), &[Dot::parse("a:1").unwrap()]);
        assert_eq!(set, before);
    }

    #[test]
    fn memory_does_not_grow_with_removals() {
        let a = writer("a");
        let mut set = OrSet::new();
        for i in 0..2000u64 {
            set.add(&a, i).unwrap();
            set.remove(&Value::from(i));
        }
        // Version, type, one actor of one byte, one run, no element.
        assert_eq!(set.to_bytes(), [1, 4, 1, 1, b'a', 1, 0, 0xcf, 0x0f, 0]);
    }

    #[test]
    fn one_dot_for_two_elements_is_refused_and_nothing_changes() {
        let (mut one, mut two) = (OrSet::new(), OrSet::new());
        let honest = writer("h");
        one.add(&honest, "first").unwrap();
        one.add(&writer("m"), "x").unwrap();
        two.add(&honest, "second").unwrap();
        two.add(&writer("m"), "y").unwrap();
        let (before_one, before_two) = (one.clone(), two.clone());
        let actor = ActorKey::new("m").unwrap();
        let error = CrdtError::Equivocation { actor, counter: 1 };
        assert_eq!(one.merge(&two), Err(error.clone()));
        assert_eq!(two.merge(&one), Err(error));
        assert_eq!((&one, &two), (&before_one, &before_two));
        // Once one side has removed its element, there is nothing to compare: the removal holds.
        two.remove(&Value::from("y"));
        one.merge(&two).unwrap();
        two.merge(&before_one).unwrap();
        assert_eq!(one, two);
        assert_eq!(one.elements().filter_map(Value::as_text).collect::<Vec<_>>(), ["first", "second"]);
    }

    #[test]
    fn a_refused_addition_changes_nothing() {
        let mut set = OrSet::new();
        let deep = (0..=crate::cbor::MAX_DEPTH).fold(Value::Null, |inner, _| Value::array([inner]));
        assert!(matches!(set.add(&writer("a"), deep), Err(CrdtError::TooDeep { .. })));
        let spent = Writer::resume(ActorKey::new("a").unwrap(), u64::MAX);
        assert_eq!(set.add(&spent, "x"), Err(CrdtError::CounterOverflow));
        assert_eq!(set, OrSet::new());
    }

    #[test]
    fn elements_are_told_apart_and_sorted_as_their_encodings() {
        let a = writer("a");
        let mut set = OrSet::new();
        let one = Value::float(1.0).unwrap();
        for value in
            [Value::from("b"), Value::from(true), one, Value::from(1u8), Value::from("a"), Value::from(-1i64)]
        {
            set.add(&a, value).unwrap();
        }
        let expected =
            [Value::from(1u8), Value::from(-1i64), Value::from("a"), Value::from("b"), Value::from(true)];
        assert!(set.elements().eq(&expected));
    }
}
