//! A map of registers: per key the last write wins, and a removal is a write.

use std::sync::Arc;

use crate::actor::ActorKey;
use crate::context::CausalContext;
use crate::dot::{Dot, Writer};
use crate::element::Element;
use crate::error::CrdtError;
use crate::hlc::{HybridClock, Stamp};
use crate::lww::OrderKey;
use crate::sorted::SortedMap;
use crate::time::ClockUnit;
use crate::value::Value;

/// A map from texts to last-writer-wins registers.
///
/// A removed key keeps the stamp of its removal, so that no older write brings it back. All stamps have one unit.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LwwMap {
    unit: ClockUnit,
    entries: SortedMap<Arc<str>, Entry>,
    /// Where the dots of the entries are: finds one that two keys claim.
    dots: SortedMap<Dot, Arc<str>>,
    context: CausalContext,
}

/// The winning write of a key. Ordered by order key; what follows decides should two of them be equal.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Entry {
    key: OrderKey,
    element: Option<Element>,
    counter: Option<u64>,
}

impl Entry {
    /// The value, unless the write was a removal.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        self.element.as_ref().map(Element::value)
    }

    /// The order key of the write. That of a removal has the digest of no bytes.
    #[must_use]
    pub fn key(&self) -> &OrderKey {
        &self.key
    }

    /// The dot of the write, unless its stamp came from outside.
    #[must_use]
    pub fn dot(&self) -> Option<Dot> {
        let dot =
            |counter| Dot::new(self.key.actor().clone(), counter).expect("a dot's counter when it came in");
        self.counter.map(dot)
    }

    /// An entry as read; a counter is not 0.
    pub(crate) fn new(
        stamp: Stamp,
        actor: ActorKey,
        element: Option<(Element, &[u8])>,
        counter: Option<u64>,
    ) -> Self {
        let encoded = element.as_ref().map_or(&[][..], |(_, encoded)| encoded);
        Self {
            key: OrderKey::from_encoded(stamp, actor, encoded),
            element: element.map(|(element, _)| element),
            counter,
        }
    }

    pub(crate) fn element(&self) -> Option<&Element> {
        self.element.as_ref()
    }

    pub(crate) fn counter(&self) -> Option<u64> {
        self.counter
    }
}

impl LwwMap {
    /// The empty map with hybrid stamps.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_unit(ClockUnit::Hybrid)
    }

    /// The empty map with stamps in a unit.
    #[must_use]
    pub const fn with_unit(unit: ClockUnit) -> Self {
        Self { unit, entries: SortedMap::new(), dots: SortedMap::new(), context: CausalContext::new() }
    }

    /// Writes under a key with a stamp above all that the key and the clock have seen, and returns the delta.
    ///
    /// # Errors
    /// [`CrdtError::TooDeep`] or [`CrdtError::TooLong`] for a value over the limits, [`CrdtError::CounterOverflow`] when the
    /// writer has no dot left, [`CrdtError::ClockExhausted`] when the clock has no stamp left,
    /// [`CrdtError::UnitMismatch`] when the stamps are not hybrid. The map is unchanged.
    pub fn set(
        &mut self,
        writer: &Writer,
        clock: &mut HybridClock,
        now_ms: u64,
        key: &str,
        value: impl Into<Value>,
    ) -> Result<Self, CrdtError> {
        self.write(writer, clock, now_ms, key, Some(value.into()))
    }

    /// Removes a key, there or not, with such a stamp, and returns the delta.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn remove(
        &mut self,
        writer: &Writer,
        clock: &mut HybridClock,
        now_ms: u64,
        key: &str,
    ) -> Result<Self, CrdtError> {
        self.write(writer, clock, now_ms, key, None)
    }

    /// Records a write with a stamp given by the caller, in the map's unit, and returns the delta. It takes effect only
    /// if its order key is greater than that of the key's entry.
    ///
    /// # Errors
    /// [`CrdtError::TooDeep`] or [`CrdtError::TooLong`] for a value over the limits; nothing changed.
    pub fn set_at(
        &mut self,
        key: &str,
        value: impl Into<Value>,
        stamp: Stamp,
        actor: ActorKey,
    ) -> Result<Self, CrdtError> {
        let (element, encoded) = Element::new(value.into())?;
        self.apply(key, Entry::new(stamp, actor, Some((element, &encoded)), None))
    }

    /// Records a removal with such a stamp and returns the delta.
    pub fn remove_at(&mut self, key: &str, stamp: Stamp, actor: ActorKey) -> Self {
        let delta = self.apply(key, Entry::new(stamp, actor, None, None));
        delta.expect("a delta without a dot, in the unit of the map")
    }

    /// The value under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entry(key).and_then(Entry::value)
    }

    /// Whether there is a value under the key.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The winning write under a key, which may be a removal.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// The keys with a value, in byte order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(key, _)| key)
    }

    /// The keys with their values, in byte order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries.iter().filter_map(|(key, entry)| Some((&**key, entry.value()?)))
    }

    /// Every key ever written with its winning write, removals too, in byte order of the keys.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(key, entry)| (&**key, entry))
    }

    /// The number of keys with a value. Linear.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether no key has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The unit of the stamps.
    #[must_use]
    pub fn unit(&self) -> ClockUnit {
        self.unit
    }

    /// Every write taken in that had a dot.
    #[must_use]
    pub fn context(&self) -> &CausalContext {
        &self.context
    }

    /// Joins another state or delta into this one: per key the greater write, and the contexts.
    ///
    /// # Errors
    /// [`CrdtError::UnitMismatch`] when the stamps have different units; [`CrdtError::Equivocation`] when one dot is of two
    /// different writes. Nothing changed.
    pub fn merge(&mut self, other: &Self) -> Result<(), CrdtError> {
        self.unit.expect(other.unit)?;
        for (key, theirs) in &other.entries {
            let Some(dot) = theirs.dot() else { continue };
            if self.dots.get(&dot).is_some_and(|known| known != key || self.entries[known] != *theirs) {
                return Err(CrdtError::Equivocation { actor: dot.actor().clone(), counter: dot.counter() });
            }
        }
        for (key, theirs) in &other.entries {
            if self.entries.get(key).is_none_or(|ours| ours < theirs) {
                self.put(key, theirs.clone());
            }
        }
        self.context.merge(&other.context);
        Ok(())
    }

    fn write(
        &mut self,
        writer: &Writer,
        clock: &mut HybridClock,
        now_ms: u64,
        key: &str,
        value: Option<Value>,
    ) -> Result<Self, CrdtError> {
        self.unit.expect(ClockUnit::Hybrid)?;
        let element = value.map(Element::new).transpose()?;
        // Dot and stamp are taken once neither can be refused: a dot that no write has is a gap for ever.
        let mut ticked = clock.clone();
        if let Some(entry) = self.entry(key) {
            ticked.admit(entry.key.stamp());
        }
        let stamp = ticked.tick(now_ms)?;
        let dot = writer.next_dot(&self.context)?;
        *clock = ticked;
        let element = element.as_ref().map(|(element, encoded)| (element.clone(), &encoded[..]));
        self.apply(key, Entry::new(stamp, writer.actor().clone(), element, Some(dot.counter())))
    }

    fn apply(&mut self, key: &str, entry: Entry) -> Result<Self, CrdtError> {
        let mut delta = Self::with_unit(self.unit);
        delta.context.extend(entry.dot());
        delta.put(&key.into(), entry);
        self.merge(&delta)?;
        Ok(delta)
    }

    fn put(&mut self, key: &Arc<str>, entry: Entry) {
        let dot = entry.dot();
        if let Some(old) = self.entries.insert(Arc::clone(key), entry).and_then(|old| old.dot()) {
            self.dots.remove(&old);
        }
        if let Some(dot) = dot {
            self.dots.insert(dot, Arc::clone(key));
        }
    }

    /// The map with this context and no entry, for a reader to fill.
    pub(crate) fn with_context(unit: ClockUnit, context: CausalContext) -> Self {
        Self { context, ..Self::with_unit(unit) }
    }

    /// Keeps the entries that `keep` chooses. The context stays.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&str, &Entry) -> bool) {
        let dots = &mut self.dots;
        self.entries.retain(|key, entry| {
            let stays = keep(key, entry);
            if let Some(dot) = entry.dot().filter(|_| !stays) {
                dots.remove(&dot);
            }
            stays
        });
    }

    /// For dots to be forgotten that no entry has.
    pub(crate) fn change_context(&mut self, change: impl FnOnce(&mut CausalContext)) {
        change(&mut self.context);
    }

    /// The dots of the entries, in order.
    pub(crate) fn dots(&self) -> impl Iterator<Item = &Dot> {
        self.dots.keys()
    }

    /// Takes in an entry from outside; false, and nothing changed, when the key is there, or its dot is elsewhere or
    /// not in the context.
    pub(crate) fn insert(&mut self, key: &str, entry: Entry) -> bool {
        let known = |dot: Dot| self.context.contains(&dot) && !self.dots.contains_key(&dot);
        if self.entries.contains_key(key) || !entry.dot().is_none_or(known) {
            return false;
        }
        self.put(&key.into(), entry);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> ActorKey {
        ActorKey::new(text).unwrap()
    }

    fn at(ms: u64) -> Stamp {
        Stamp::new(ms, 0).unwrap()
    }

    #[test]
    fn a_removal_survives_a_stale_copy() {
        let (writer, mut clock) = (Writer::resume(key("a"), 0), HybridClock::new());
        let mut map = LwwMap::new();
        map.set(&writer, &mut clock, 5, "k", "v").unwrap();
        let stale = map.clone();
        map.remove(&writer, &mut clock, 5, "k").unwrap();
        map.merge(&stale).unwrap();
        assert!(!map.contains("k") && map.is_empty());
        assert_eq!(map.entry("k").unwrap().value(), None);
        // A local write comes after all that the key has seen, wherever local time is.
        let mut slow = HybridClock::new();
        map.set(&writer, &mut slow, 1, "k", "again").unwrap();
        assert_eq!(map.get("k"), Some(&Value::from("again")));
    }

    #[test]
    fn a_removal_with_an_older_stamp_is_recorded_nowhere() {
        let mut map = LwwMap::new();
        map.set_at("k", "v", at(5), key("a")).unwrap();
        map.remove_at("k", at(4), key("b"));
        assert_eq!(map.keys().collect::<Vec<_>>(), ["k"]);
        map.remove_at("k", at(5), key("b"));
        assert_eq!(map.len(), 0);
        // A null is a value.
        map.set_at("k", Value::Null, at(6), key("a")).unwrap();
        assert!(map.contains("k"));
    }

    #[test]
    fn a_refused_write_uses_up_no_dot() {
        let (writer, mut spent) = (Writer::resume(key("a"), 0), HybridClock::new());
        spent.admit(Stamp::MAX);
        let mut map = LwwMap::new();
        assert_eq!(map.set(&writer, &mut spent, 1, "k", "v"), Err(CrdtError::ClockExhausted));
        map.set(&writer, &mut HybridClock::new(), 1, "k", "v").unwrap();
        assert_eq!(map.context().greatest(writer.actor()), 1);
    }

    #[test]
    fn one_dot_for_two_writes_is_refused() {
        let mut clock = HybridClock::new();
        let mut map = LwwMap::new();
        map.set(&Writer::resume(key("a"), 0), &mut clock, 1, "k", "v").unwrap();
        for (name, value) in [("k", "w"), ("l", "v")] {
            let mut other = LwwMap::new();
            other.set(&Writer::resume(key("a"), 0), &mut HybridClock::new(), 1, name, value).unwrap();
            let before = map.clone();
            assert_eq!(map.merge(&other), Err(CrdtError::Equivocation { actor: key("a"), counter: 1 }));
            assert_eq!(map, before);
        }
    }
}
