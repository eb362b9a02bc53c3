//! A set whose removals are for ever.

use crate::element::Element;
use crate::error::CrdtError;
use crate::sorted::SortedSet;
use crate::value::Value;

/// A set in which an element that was removed once, even before it was added, can never come back.
///
/// Both sets only grow, so removals take memory for ever. Use [`OrSet`](crate::OrSet) for a set without this cost.
/// Source: Shapiro et al. (2011), section 3.3.2, with removal also of what is not there.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TwoPhaseSet {
    added: SortedSet<Element>,
    removed: SortedSet<Element>,
}

impl TwoPhaseSet {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { added: SortedSet::new(), removed: SortedSet::new() }
    }

    /// Adds an element and returns the delta. Without effect on what is seen when it was removed.
    ///
    /// # Errors
    /// [`CrdtError::TooDeep`] or [`CrdtError::TooLong`] for a value over the limits; nothing changed.
    pub fn add(&mut self, value: impl Into<Value>) -> Result<Self, CrdtError> {
        let (element, _) = Element::new(value.into())?;
        let delta = Self { added: SortedSet::from([element]), removed: SortedSet::new() };
        self.merge(&delta);
        Ok(delta)
    }

    /// Removes an element for ever, whether or not it is there, and returns the delta.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn remove(&mut self, value: impl Into<Value>) -> Result<Self, CrdtError> {
        let (element, _) = Element::new(value.into())?;
        let delta = Self { added: SortedSet::new(), removed: SortedSet::from([element]) };
        self.merge(&delta);
        Ok(delta)
    }

    /// Whether the element was added and not removed.
    #[must_use]
    pub fn contains(&self, value: &Value) -> bool {
        self.added.contains(value) && !self.removed.contains(value)
    }

    /// The elements, in the order of their encodings.
    pub fn elements(&self) -> impl Iterator<Item = &Value> {
        self.added.iter().filter(|element| !self.removed.contains(*element)).map(Element::value)
    }

    /// Whatever was added, removed or not, in the order of the encodings.
    pub fn added(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.added.iter().map(Element::value)
    }

    /// Whatever was removed, in the order of the encodings.
    pub fn removed(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.removed.iter().map(Element::value)
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

    /// Union of what was added and of what was removed.
    pub fn merge(&mut self, other: &Self) {
        self.added.extend(other.added.iter().cloned());
        self.removed.extend(other.removed.iter().cloned());
    }

    pub(crate) fn from_parts(added: SortedSet<Element>, removed: SortedSet<Element>) -> Self {
        Self { added, removed }
    }

    pub(crate) fn parts(&self) -> (&SortedSet<Element>, &SortedSet<Element>) {
        (&self.added, &self.removed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removal_is_for_ever_even_before_the_addition() {
        let mut set = TwoPhaseSet::new();
        set.remove("never added").unwrap();
        set.add("never added").unwrap();
        set.add("x").unwrap();
        assert_eq!(set.elements().collect::<Vec<_>>(), [&Value::from("x")]);
        set.remove("x").unwrap();
        set.add("x").unwrap();
        assert!(set.is_empty() && !set.contains(&Value::from("x")));
    }
}
