//! A set in which the latest of an element's additions and removals decides.

use crate::element::Element;
use crate::error::CrdtError;
use crate::hlc::Stamp;
use crate::sorted::SortedMap;
use crate::time::{ClockUnit, Finite};
use crate::value::Value;

/// A set with the time of the latest addition and of the latest removal per element; in a tie it is removed.
///
/// All times of a set have one unit and are not negative. Memory grows with every element ever named.
/// Source: Shapiro et al. (2011), section 3.3.3.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LwwElementSet {
    unit: ClockUnit,
    elements: SortedMap<Element, Times>,
}

/// The latest addition and removal of an element.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Times {
    /// The latest addition; the least time, 0, when there was none.
    pub added: Stamp,
    /// The latest removal, if there was any.
    pub removed: Option<Stamp>,
}

impl Times {
    /// Whether the element is in the set.
    #[must_use]
    pub fn is_present(self) -> bool {
        // A removal at time 0 is one.
        self.removed.is_none_or(|removed| self.added > removed)
    }

    fn join(&mut self, other: Self) {
        self.added = self.added.max(other.added);
        self.removed = self.removed.max(other.removed);
    }
}

impl LwwElementSet {
    /// The empty set with hybrid times.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_unit(ClockUnit::Hybrid)
    }

    /// The empty set with times in a unit.
    #[must_use]
    pub const fn with_unit(unit: ClockUnit) -> Self {
        Self { unit, elements: SortedMap::new() }
    }

    /// Records an addition and returns the delta.
    ///
    /// # Errors
    /// [`CrdtError::TooDeep`] or [`CrdtError::TooLong`] for a value over the limits, [`CrdtError::OutOfRange`] for a negative
    /// time; nothing changed.
    pub fn add(&mut self, value: impl Into<Value>, time: Stamp) -> Result<Self, CrdtError> {
        self.apply(value.into(), Times { added: self.checked(time)?, removed: None })
    }

    /// Records a removal, also of an element that was never added, and returns the delta.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn remove(&mut self, value: impl Into<Value>, time: Stamp) -> Result<Self, CrdtError> {
        let times = Times { added: least(self.unit), removed: Some(self.checked(time)?) };
        self.apply(value.into(), times)
    }

    /// Whether the element is in the set.
    #[must_use]
    pub fn contains(&self, value: &Value) -> bool {
        self.times(value).is_some_and(Times::is_present)
    }

    /// When the element was last added and removed, if it was ever named.
    #[must_use]
    pub fn times(&self, value: &Value) -> Option<Times> {
        self.elements.get(value).copied()
    }

    /// The elements, in the order of their encodings.
    pub fn elements(&self) -> impl Iterator<Item = &Value> {
        self.elements.iter().filter(|(_, times)| times.is_present()).map(|(element, _)| element.value())
    }

    /// The number of elements. Linear.
    #[must_use]
    pub fn len(&self) -> usize {
        self.elements().count()
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.elements().next().is_none()
    }

    /// The unit of the times.
    #[must_use]
    pub fn unit(&self) -> ClockUnit {
        self.unit
    }

    /// Takes the later of each pair of times.
    ///
    /// # Errors
    /// [`CrdtError::UnitMismatch`] when the times have different units; nothing changed.
    pub fn merge(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.unit.expect(other.unit)?;
        for (element, theirs) in &other.elements {
            match self.elements.get_mut(element) {
                Some(ours) => ours.join(*theirs),
                None => drop(self.elements.insert(element.clone(), *theirs)),
            }
        }
        Ok(())
    }

    fn apply(&mut self, value: Value, times: Times) -> Result<Self, CrdtError> {
        let (element, _) = Element::new(value)?;
        let delta = Self { unit: self.unit, elements: SortedMap::from([(element, times)]) };
        self.merge(&delta)?;
        Ok(delta)
    }

    fn checked(&self, time: Stamp) -> Result<Stamp, CrdtError> {
        if time >= least(self.unit) { Ok(time) } else { Err(CrdtError::OutOfRange("time is negative")) }
    }

    /// Takes in an element's times from an encoding, after a check of both.
    pub(crate) fn insert(&mut self, element: Element, times: Times) -> Result<(), CrdtError> {
        self.checked(times.added)?;
        times.removed.map_or(Ok(Stamp::ZERO), |removed| self.checked(removed))?;
        self.elements.insert(element, times);
        Ok(())
    }

    pub(crate) fn entries(&self) -> impl ExactSizeIterator<Item = (&Element, Times)> {
        self.elements.iter().map(|(element, times)| (element, *times))
    }
}

/// The stamp of the time 0.
pub(crate) fn least(unit: ClockUnit) -> Stamp {
    match unit {
        ClockUnit::Hybrid | ClockUnit::Lamport => Stamp::ZERO,
        ClockUnit::Milliseconds | ClockUnit::Seconds => Stamp::from_bits(Finite::ZERO.to_order()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: f64) -> Stamp {
        ClockUnit::Milliseconds.stamp(ms).unwrap()
    }

    #[test]
    fn a_tie_is_a_removal_and_zero_is_a_time() {
        let mut set = LwwElementSet::with_unit(ClockUnit::Milliseconds);
        let x = Value::from("x");
        set.add("x", at(0.0)).unwrap();
        assert!(set.contains(&x));
        set.remove("x", at(0.0)).unwrap();
        assert!(!set.contains(&x));
        set.add("x", at(0.5)).unwrap();
        assert!(set.contains(&x));
        set.remove("unknown", at(3.0)).unwrap();
        assert_eq!(
            set.times(&Value::from("unknown")),
            Some(Times { added: at(0.0), removed: Some(at(3.0)) })
        );
        assert_eq!(set.add("y", at(-1.0)), Err(CrdtError::OutOfRange("time is negative")));
        assert_eq!((set.len(), set.elements().collect::<Vec<_>>()), (1, vec![&x]));
    }

    #[test]
    fn units_do_not_mix() {
        let mut set = LwwElementSet::new();
        let other = LwwElementSet::with_unit(ClockUnit::Lamport);
        assert_eq!(set.merge(&other), Err(CrdtError::UnitMismatch));
    }
}
