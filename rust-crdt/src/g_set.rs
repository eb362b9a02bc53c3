//! A set that only grows, and may remember of each element when and by whom it was first added.

use crate::actor::ActorKey;
use crate::clock::VectorClock;
use crate::element::Element;
use crate::error::CrdtError;
use crate::hlc::Stamp;
use crate::sorted::SortedMap;
use crate::time::ClockUnit;
use crate::value::Value;

/// A grow-only set of values.
///
/// Merge is union. An element may carry [`Metadata`]; of two additions with metadata the one with the smaller stamp
/// stays, and one with metadata stays before one without.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GSet(SortedMap<Element, Option<Box<Metadata>>>);

/// When and by whom an element was added.
///
/// Ordered by stamp, then writer, then everything else: the first of two additions is the smaller one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Metadata {
    /// The unit of the stamp.
    pub unit: ClockUnit,
    /// When, in this unit.
    pub stamp: Stamp,
    /// By whom.
    pub writer: ActorKey,
    /// The writer's count of events.
    pub lamport_time: u64,
    /// The operation that added it, a name of the application's.
    pub operation_id: Option<String>,
    /// The writer's vector clock.
    pub vector_clock: VectorClock,
}

impl Metadata {
    /// Metadata of a stamp and a writer alone.
    #[must_use]
    pub const fn new(unit: ClockUnit, stamp: Stamp, writer: ActorKey) -> Self {
        Self { unit, stamp, writer, lamport_time: 0, operation_id: None, vector_clock: VectorClock::new() }
    }

    /// Which of two additions comes first. A total order on metadata of one unit.
    fn rank(&self) -> impl Ord + '_ {
        let clock: Vec<_> = self.vector_clock.iter().collect();
        (self.stamp, &self.writer, self.lamport_time, &self.operation_id, clock)
    }
}

impl GSet {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self(SortedMap::new())
    }

    /// Adds an element and returns the delta.
    ///
    /// # Errors
    /// [`CrdtError::TooDeep`] or [`CrdtError::TooLong`] for a value over the limits; nothing changed.
    pub fn add(&mut self, value: impl Into<Value>) -> Result<Self, CrdtError> {
        self.apply(value.into(), None)
    }

    /// Adds an element with metadata and returns the delta.
    ///
    /// # Errors
    /// As [`add`](Self::add), and [`CrdtError::UnitMismatch`] when the element has metadata with a stamp of another unit.
    pub fn add_with(&mut self, value: impl Into<Value>, metadata: Metadata) -> Result<Self, CrdtError> {
        self.apply(value.into(), Some(Box::new(metadata)))
    }

    /// Whether the element is in the set.
    #[must_use]
    pub fn contains(&self, value: &Value) -> bool {
        self.0.contains_key(value)
    }

    /// The metadata of an element, if it is there and has any.
    #[must_use]
    pub fn metadata(&self, value: &Value) -> Option<&Metadata> {
        self.0.get(value)?.as_deref()
    }

    /// The elements, in the order of their encodings.
    pub fn elements(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.0.keys().map(Element::value)
    }

    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Union; of two metadata of one element the smaller one. Costs O(m log n), m the other's elements.
    ///
    /// # Errors
    /// [`CrdtError::UnitMismatch`] when an element has stamps of two units; nothing changed.
    pub fn merge(&mut self, other: &Self) -> Result<(), CrdtError> {
        for (element, theirs) in &other.0 {
            if let (Some(theirs), Some(Some(ours))) = (theirs, self.0.get(element)) {
                ours.unit.expect(theirs.unit)?;
            }
        }
        for (element, theirs) in &other.0 {
            match (self.0.get_mut(element), theirs) {
                (None, theirs) => drop(self.0.insert(element.clone(), theirs.clone())),
                (Some(ours @ None), Some(theirs)) => *ours = Some(theirs.clone()),
                (Some(Some(ours)), Some(theirs)) if theirs.rank() < ours.rank() => ours.clone_from(theirs),
                (Some(_), _) => {}
            }
        }
        Ok(())
    }

    fn apply(&mut self, value: Value, metadata: Option<Box<Metadata>>) -> Result<Self, CrdtError> {
        let (element, _) = Element::new(value)?;
        let delta = Self(SortedMap::from([(element, metadata)]));
        self.merge(&delta)?;
        Ok(delta)
    }

    pub(crate) fn from_entries(entries: SortedMap<Element, Option<Box<Metadata>>>) -> Self {
        Self(entries)
    }

    pub(crate) fn entry(&self, element: &Element) -> Option<(&Element, Option<&Metadata>)> {
        self.0.get_key_value(element).map(|(element, metadata)| (element, metadata.as_deref()))
    }

    pub(crate) fn entries(&self) -> impl ExactSizeIterator<Item = (&Element, Option<&Metadata>)> {
        self.0.iter().map(|(element, metadata)| (element, metadata.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(ms: u64, writer: &str) -> Metadata {
        Metadata::new(ClockUnit::Hybrid, Stamp::new(ms, 0).unwrap(), ActorKey::new(writer).unwrap())
    }

    #[test]
    fn the_first_addition_is_remembered_on_both_sides() {
        let (mut one, mut two, x) = (GSet::new(), GSet::new(), Value::from("x"));
        one.add_with("x", metadata(5, "b")).unwrap();
        two.add_with("x", metadata(5, "a")).unwrap();
        two.add("x").unwrap();
        let before = one.clone();
        one.merge(&two).unwrap();
        two.merge(&before).unwrap();
        assert_eq!(one, two);
        assert_eq!(one.metadata(&x), Some(&metadata(5, "a")));
        one.add_with("x", metadata(9, "0")).unwrap();
        assert_eq!(one.metadata(&x), Some(&metadata(5, "a")));
    }

    #[test]
    fn units_do_not_mix() {
        let mut set = GSet::new();
        set.add_with("x", metadata(5, "b")).unwrap();
        let mut other = GSet::new();
        other.add("a").unwrap();
        other.add_with("x", Metadata { unit: ClockUnit::Seconds, ..metadata(5, "b") }).unwrap();
        let before = set.clone();
        assert_eq!(set.merge(&other), Err(CrdtError::UnitMismatch));
        assert_eq!(set, before);
    }
}
