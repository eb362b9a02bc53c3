//! The part of [`OrSet`] for callers that name additions by tags of their own.

use crate::cbor;
use crate::context::CausalContext;
use crate::dot::Dot;
use crate::error::CrdtError;
use crate::or_set::OrSet;
use crate::value::Value;

/// Stands before the hash in the actor of a dot made from a tag.
const TAG_ACTOR: &str = "tag:";

impl Dot {
    /// The dot of a tag that another system made: counter 1 of the actor `tag:` and the first 128 bits of the tag's
    /// BLAKE3 hash in lower-case hexadecimal. So all who import a tag import one dot.
    #[must_use]
    pub fn of_legacy_tag(tag: &str) -> Self {
        let hash = chrysalis_crypto::hex::encode(&blake3::hash(tag.as_bytes()).as_bytes()[..16]);
        let actor =
            crate::actor::ActorKey::new(&format!("{TAG_ACTOR}{hash}")).expect("hexadecimal digits are an id");
        Self::new(actor, 1).expect("1 is a counter")
    }

    /// The dot of a tag as a caller passes it: the dot that prints like this, else that of a foreign tag.
    #[must_use]
    pub fn of_tag(tag: &str) -> Self {
        Self::parse(tag).unwrap_or_else(|_| Self::of_legacy_tag(tag))
    }
}

impl OrSet {
    /// Adds an element under a dot of the caller's and returns the delta.
    ///
    /// Nothing happens when the dot was removed before. The caller makes sure that the dot is used for this element only.
    ///
    /// # Errors
    /// [`CrdtError::TooDeep`] or [`CrdtError::TooLong`] for a value over the limits, [`CrdtError::Equivocation`] when another
    /// element has the dot; nothing changed.
    pub fn add_dot(&mut self, dot: &Dot, value: impl Into<Value>) -> Result<Self, CrdtError> {
        let element = cbor::encode(&value.into())?;
        self.apply(Some((dot.clone(), element)), CausalContext::from_iter([dot]))
    }

    /// Adds an element under a tag, see [`Dot::of_tag`], and returns the delta.
    ///
    /// # Errors
    /// As [`add_dot`](Self::add_dot).
    pub fn add_with_tag(&mut self, value: impl Into<Value>, tag: &str) -> Result<Self, CrdtError> {
        self.add_dot(&Dot::of_tag(tag), value)
    }

    /// Removes an element with all the dots it has here, and returns these and the delta.
    pub fn remove_all(&mut self, value: &Value) -> (Vec<Dot>, Self) {
        let dots = self.tags(value).collect();
        (dots, self.remove(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_tags_are_one_dot_everywhere() {
        let dot = Dot::of_legacy_tag("1700000000.5-a1b2");
        assert_eq!(dot, Dot::of_tag("1700000000.5-a1b2"));
        assert_eq!(Dot::of_tag(&dot.to_string()), dot);
        assert_eq!(dot.actor().as_str().len(), 36);
        assert_eq!(Dot::of_tag("a:3").counter(), 3);
        // A tag from another system that looks like a dot is none.
        assert_ne!(Dot::of_legacy_tag("a:3"), Dot::of_tag("a:3"));
    }

    #[test]
    fn tags_name_additions() {
        let (mut one, x) = (OrSet::new(), Value::from("x"));
        one.add_with_tag("x", "t1").unwrap();
        one.add_with_tag("x", "t2").unwrap();
        let mut two = one.clone();
        one.remove_tags(&x, &[Dot::of_tag("t1"), Dot::of_tag("unknown")]);
        assert!(one.contains(&x));
        let (dots, _) = one.remove_all(&x);
        assert_eq!(dots, [Dot::of_tag("t2")]);
        // Removed tags stay removed.
        one.add_with_tag("x", "t1").unwrap();
        two.merge(&one).unwrap();
        assert!(two.is_empty() && one.is_empty());
    }

    #[test]
    fn a_tag_of_two_elements_is_refused() {
        let mut set = OrSet::new();
        set.add_with_tag("x", "t").unwrap();
        let before = set.clone();
        assert_eq!(set.add_with_tag("y", "t").unwrap_err().code(), "crdt/equivocation");
        assert_eq!(set, before);
    }
}
