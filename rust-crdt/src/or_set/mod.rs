//! A set that agents add to and remove from at the same time; an addition wins over a concurrent removal.
//!
//! There are no tombstones: an element is there while one of its dots is, and a dot that the causal context knows
//! but no element has was removed. Source: Bieniusa et al., "An Optimized Conflict-free Replicated Set" (2012);
//! deltas after Almeida et al., "Delta State Replicated Data Types" (2018).

pub(crate) mod form;
mod job;
mod merge;
mod packed;
mod parts;
mod preview;

use std::fmt;

use chrysalis_store::chunk::{ChunkBuilder, Content};
use chrysalis_store::store::{Handle, Store};

pub use job::MergeJob;
pub use preview::Preview;

use crate::cbor;
use crate::context::CausalContext;
use crate::dot::{Dot, Writer};
use crate::error::CrdtError;
use crate::sorted::sort;
use crate::value::Value;
use merge::Plan;

/// An observed-remove set of values.
///
/// Each mutator also returns its delta: a small set whose merge elsewhere has the effect of the mutator. Deltas may
/// be lost and sent again, arrive twice or in any order, mixed with whole states. Memory grows with the live
/// elements, the actors and the gaps in what is known, not with past removals.
///
/// Elements are kept encoded, 29 to 37 bytes for one with a 12-byte text, and found by hash; values are made when they
/// are asked for. A clone shares the elements until one side changes.
#[derive(Clone, Default)]
pub struct OrSet {
    store: Store,
    context: CausalContext,
}

impl OrSet {
    /// The empty set that knows of no update.
    #[must_use]
    pub const fn new() -> Self {
        Self { store: Store::new(), context: CausalContext::new() }
    }

    /// Adds an element, replacing the dots it has here by one new dot, and returns the delta.
    ///
    /// # Errors
    /// [`CrdtError::TooDeep`] or [`CrdtError::TooLong`] for a value over the limits, [`CrdtError::CounterOverflow`]
    /// when the writer has no dot left, [`CrdtError::TooMany`] when the set is full; nothing changed.
    pub fn add(&mut self, writer: &Writer, value: impl Into<Value>) -> Result<Self, CrdtError> {
        let element = cbor::encode(&value.into())?;
        let dot = writer.next_dot(&self.context)?;
        let replaced: Vec<Dot> = self.dots(&element).collect();
        let context = replaced.iter().chain([&dot]).collect();
        self.apply(Some((dot, element)), context)
    }

    /// Adds elements in the order of their encodings, each as [`add`](Self::add) does, and returns one delta for all.
    ///
    /// # Errors
    /// As [`add`](Self::add); nothing changed.
    pub fn add_all<V: Into<Value>>(
        &mut self,
        writer: &Writer,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Self, CrdtError> {
        let mut delta = Self::new();
        let mut encoded = Vec::new();
        for value in values {
            encoded.push(cbor::encode(&value.into())?);
        }
        sort(&mut encoded);
        encoded.dedup();
        let mut builder = ChunkBuilder::default();
        let mut dots: Vec<Dot> = Vec::new();
        for element in &encoded {
            dots.extend(self.dots(element));
            let dot = writer.next_dot(&self.context)?;
            dots.push(dot.clone());
            // The first dot is above all that this set has of the actor, and each is above the one before.
            if let Some((number, chunk)) = builder.push(dot.counter(), Content::Plain(element)) {
                delta.store.put_linked(writer.actor(), number, chunk)?;
            }
        }
        if let Some((number, chunk)) = builder.finish() {
            delta.store.put_linked(writer.actor(), number, chunk)?;
        }
        delta.context = dots.iter().collect();
        self.merge(&delta)?;
        Ok(delta)
    }

    /// Adds an element with one more dot, keeping those it has, and returns the dot and the delta.
    ///
    /// For callers that remove by dot. The dots of an element added again and again accumulate;
    /// [`add`](Self::add) does not have that cost.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_tagged(&mut self, writer: &Writer, value: impl Into<Value>) -> Result<(Dot, Self), CrdtError> {
        let element = cbor::encode(&value.into())?;
        let dot = writer.next_dot(&self.context)?;
        let delta = self.apply(Some((dot.clone(), element)), CausalContext::from_iter([&dot]))?;
        Ok((dot, delta))
    }

    /// Removes an element with all the dots it has here, and returns the delta.
    pub fn remove(&mut self, value: &Value) -> Self {
        let dots: Vec<Dot> = self.tags(value).collect();
        self.remove_dots(&dots)
    }

    /// Removes exactly these dots from an element and returns the delta. Dots it does not have are ignored.
    pub fn remove_tags(&mut self, value: &Value, tags: &[Dot]) -> Self {
        let mut dots: Vec<Dot> = self.tags(value).collect();
        dots.retain(|dot| tags.contains(dot));
        self.remove_dots(&dots)
    }

    /// Whether the element is in the set. Takes the time of encoding and hashing it.
    #[must_use]
    pub fn contains(&self, value: &Value) -> bool {
        // What cannot be encoded was never accepted.
        cbor::encode(value).is_ok_and(|element| self.store.find(&element).is_some())
    }

    /// The elements, in the order of their encodings. Sorts them first: O(n log n).
    pub fn elements(&self) -> impl ExactSizeIterator<Item = Value> {
        self.store.sorted_heads().into_iter().map(|head| decoded(self.store.element(head)))
    }

    /// The dots that keep an element in the set, in order; none when it is not there.
    pub fn tags(&self, value: &Value) -> impl Iterator<Item = Dot> + use<> {
        let mut dots: Vec<Dot> =
            cbor::encode(value).map(|element| self.dots(&element).collect()).unwrap_or_default();
        sort(&mut dots);
        dots.into_iter()
    }

    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.store.len()
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.store.len() == 0
    }

    /// Every update this set has taken in.
    #[must_use]
    pub fn context(&self) -> &CausalContext {
        &self.context
    }

    /// Joins another state or delta into this one.
    ///
    /// A dot stays when both have it, or when one has it and the other has never heard of it. Looks at each 64
    /// counters of an actor at once, and only at those that the other's context covers. [`MergeJob`] does the same in
    /// small steps, [`preview`](Self::preview) tells what it would do.
    ///
    /// # Errors
    /// [`CrdtError::Equivocation`] when both hold one dot for different elements, [`CrdtError::TooMany`] when the
    /// result would have too many dots; nothing changed.
    pub fn merge(&mut self, other: &Self) -> Result<(), CrdtError> {
        let mut plan = Plan::default();
        plan.extend(self, other, &mut usize::MAX.clone())?;
        plan.apply(&mut self.store, &mut usize::MAX.clone());
        self.context.merge(&other.context);
        Ok(())
    }

    /// Whether merging `other` would change nothing.
    pub(crate) fn has_all_of(&self, other: &Self) -> bool {
        let mut plan = Plan::default();
        self.context.includes(&other.context)
            && plan.extend(self, other, &mut usize::MAX.clone()).is_ok()
            && plan.steps().iter().all(|step| step.add | step.remove == 0)
    }

    /// What merging `other` would add, remove and contest.
    ///
    /// # Errors
    /// As [`merge`](Self::merge).
    pub fn preview(&self, other: &Self) -> Result<Preview, CrdtError> {
        let mut plan = Plan::default();
        plan.extend(self, other, &mut usize::MAX.clone())?;
        Ok(Preview::new(self, other, plan.steps()))
    }

    /// Gives back memory that growth has left over. Nothing visible changes.
    pub fn shrink_to_fit(&mut self) {
        self.store.shrink();
    }

    /// The set without elements that knows these updates.
    pub(crate) fn with_context(context: CausalContext) -> Self {
        Self { store: Store::new(), context }
    }

    /// Adds a live dot, not to the context; false, and nothing changed, when the dot is there.
    pub(crate) fn insert_live(&mut self, dot: &Dot, element: &[u8]) -> Result<bool, CrdtError> {
        let mut builder = ChunkBuilder::default();
        builder.push(dot.counter(), Content::Plain(element));
        let (number, chunk) = builder.finish().expect("one dot was pushed");
        self.store.insert(dot.actor(), number, chunk)
    }

    /// Merges the delta of a local update: at most one new live dot, and the dots it takes in.
    pub(crate) fn apply(
        &mut self,
        live: Option<(Dot, Vec<u8>)>,
        context: CausalContext,
    ) -> Result<Self, CrdtError> {
        let mut delta = Self { context, store: Store::new() };
        if let Some((dot, element)) = live {
            let mut builder = ChunkBuilder::default();
            builder.push(dot.counter(), Content::Plain(&element));
            let (number, chunk) = builder.finish().expect("one dot was pushed");
            delta.store.put_linked(dot.actor(), number, chunk)?;
        }
        self.merge(&delta)?;
        Ok(delta)
    }

    fn remove_dots(&mut self, dots: &[Dot]) -> Self {
        self.apply(None, dots.iter().collect()).expect("nothing is added that could be refused")
    }

    /// The dots of an encoded element, in no order.
    fn dots(&self, element: &[u8]) -> impl Iterator<Item = Dot> {
        self.handles(element).map(|handle| {
            let (actor, counter) = self.store.dot(handle);
            Dot::new(actor.clone(), counter).expect("only counters of dots are kept")
        })
    }

    fn handles(&self, element: &[u8]) -> impl Iterator<Item = Handle> {
        let head = self.store.find(element);
        head.into_iter().chain(head.into_iter().flat_map(|head| self.store.others(head)))
    }
}

impl Eq for OrSet {}

impl PartialEq for OrSet {
    fn eq(&self, other: &Self) -> bool {
        if self.context != other.context || self.len() != other.len() {
            return false;
        }
        let mut theirs = other.store.actors();
        self.store.actors().all(|(actor, chunks)| {
            theirs.next().is_some_and(|(other_actor, others)| {
                actor == other_actor
                    && chunks.keys().eq(others.keys())
                    && chunks
                        .values()
                        .zip(others.values())
                        .all(|(a, b)| self.store.chunk(*a) == other.store.chunk(*b))
            })
        }) && theirs.next().is_none()
    }
}

/// How much there is of everything, and nothing of what it is.
impl fmt::Debug for OrSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (elements, actors) = (self.len(), self.context.actors().len());
        f.debug_struct("OrSet").field("elements", &elements).field("actors", &actors).finish_non_exhaustive()
    }
}

fn decoded(element: &[u8]) -> Value {
    cbor::decode(element).expect("what is kept was checked or encoded before")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::ActorKey;

    fn writer(name: &str) -> Writer {
        Writer::resume(ActorKey::new(name).unwrap(), 0)
    }

    fn tags(set: &OrSet, value: &str) -> Vec<String> {
        set.tags(&Value::from(value)).map(|dot| dot.to_string()).collect()
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
        assert!(one.elements().eq(["first", "second"].map(Value::from)));
    }

    #[test]
    fn a_refused_addition_changes_nothing() {
        let mut set = OrSet::new();
        let deep = (0..=cbor::MAX_DEPTH).fold(Value::Null, |inner, _| Value::array([inner]));
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
        assert!(set.elements().eq(expected));
    }
}
