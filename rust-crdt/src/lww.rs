//! A register in which the last write wins, the same one on every replica.

use crate::actor::ActorKey;
use crate::clock::VectorClock;
use crate::context::CausalContext;
use crate::dot::Writer;
use crate::element::Element;
use crate::error::CrdtError;
use crate::hlc::{HybridClock, Stamp};
use crate::time::ClockUnit;
use crate::value::Value;

/// The one total order behind every "last wins" and "first wins": stamp, then actor, then value digest.
///
/// It extends causality, since a local stamp exceeds all that its replica has seen. Derived order of the fields.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct OrderKey {
    stamp: Stamp,
    actor: ActorKey,
    /// The first 16 bytes of the BLAKE3 hash of the value's encoding.
    digest: [u8; 16],
}

impl OrderKey {
    /// The key of a write of `value`.
    ///
    /// # Errors
    /// [`CrdtError::TooDeep`] or [`CrdtError::TooLong`] for a value that has no encoding.
    pub fn new(stamp: Stamp, actor: ActorKey, value: &Value) -> Result<Self, CrdtError> {
        Ok(Self::from_encoded(stamp, actor, &value.to_bytes()?))
    }

    /// The stamp of the write.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Who wrote.
    #[must_use]
    pub fn actor(&self) -> &ActorKey {
        &self.actor
    }

    pub(crate) fn from_encoded(stamp: Stamp, actor: ActorKey, encoded: &[u8]) -> Self {
        let mut digest = [0; 16];
        digest.copy_from_slice(&blake3::hash(encoded).as_bytes()[..16]);
        Self { stamp, actor, digest }
    }
}

/// A last-writer-wins register: the winning write, and the causal context of all writes taken in.
///
/// Merging takes the greater write by [`OrderKey`] and joins the contexts. All stamps of a register have one unit.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LwwRegister {
    unit: ClockUnit,
    winner: Option<Write>,
    context: CausalContext,
}

/// Ordered by key; the value behind it decides between writes whose digests collide.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Write {
    key: OrderKey,
    element: Element,
}

impl LwwRegister {
    /// The register that was never written, with hybrid stamps.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_unit(ClockUnit::Hybrid)
    }

    /// The register that was never written, with stamps in a unit.
    #[must_use]
    pub const fn with_unit(unit: ClockUnit) -> Self {
        Self { unit, winner: None, context: CausalContext::new() }
    }

    /// Writes a value with a stamp above all that the register and the clock have seen, and returns the delta.
    ///
    /// So the write wins here and wherever only older writes are known. `now_ms` is milliseconds since 1970.
    ///
    /// # Errors
    /// [`CrdtError::TooDeep`] or [`CrdtError::TooLong`] for a value over the limits, [`CrdtError::CounterOverflow`]
    /// when the writer has no dot left, [`CrdtError::ClockExhausted`] when the clock has no stamp left,
    /// [`CrdtError::UnitMismatch`] when the stamps are not hybrid. The register is unchanged.
    pub fn set(
        &mut self,
        writer: &Writer,
        clock: &mut HybridClock,
        now_ms: u64,
        value: impl Into<Value>,
    ) -> Result<Self, CrdtError> {
        self.unit.expect(ClockUnit::Hybrid)?;
        let (element, bytes) = Element::new(value.into())?;
        // Dot and stamp are taken once neither can be refused: a dot that no write has is a gap for ever.
        let mut ticked = clock.clone();
        if let Some(stamp) = self.stamp() {
            ticked.admit(stamp);
        }
        let stamp = ticked.tick(now_ms)?;
        let dot = writer.next_dot(&self.context)?;
        *clock = ticked;
        let key = OrderKey::from_encoded(stamp, writer.actor().clone(), &bytes);
        Ok(self.apply(Write { key, element }, CausalContext::from_iter([&dot])))
    }

    /// Records a write with a stamp given by the caller, in the register's unit, and returns the delta.
    ///
    /// It takes effect only if its key is greater than the winner's: a register never goes back. The caller owns
    /// the uniqueness of (stamp, actor); writes that share both are told apart by value. The causal
    /// context is left alone.
    ///
    /// # Errors
    /// [`CrdtError::TooDeep`] or [`CrdtError::TooLong`] for a value over the limits; nothing changed.
    pub fn set_at(
        &mut self,
        value: impl Into<Value>,
        stamp: Stamp,
        actor: ActorKey,
    ) -> Result<Self, CrdtError> {
        let (element, bytes) = Element::new(value.into())?;
        let key = OrderKey::from_encoded(stamp, actor, &bytes);
        Ok(self.apply(Write { key, element }, CausalContext::new()))
    }

    /// Writes a value with a stamp above the register's and not below `time`, both in the register's unit, and returns the
    /// delta: the write of callers who have no hybrid clock and expect a write to take effect.
    ///
    /// # Errors
    /// [`CrdtError::TooDeep`] or [`CrdtError::TooLong`] for a value over the limits, [`CrdtError::ClockExhausted`] when there
    /// is no stamp above the register's; nothing changed.
    pub fn force_set(
        &mut self,
        value: impl Into<Value>,
        time: Stamp,
        actor: ActorKey,
    ) -> Result<Self, CrdtError> {
        let least = self.stamp().map_or(Ok(time), |stamp| self.unit.successor(stamp))?;
        self.set_at(value, time.max(least), actor)
    }

    /// Records a write of which only a vector clock is known and returns the delta. For registers of counted events: the
    /// stamp is the sum of the clock's entries, which extends causality as well, and the context takes in the clock.
    ///
    /// # Errors
    /// [`CrdtError::TooDeep`] or [`CrdtError::TooLong`] for a value over the limits, [`CrdtError::CounterOverflow`] when the
    /// sum does not fit 64 bits, [`CrdtError::UnitMismatch`] when the unit is another; nothing changed.
    pub fn set_with_clock(
        &mut self,
        value: impl Into<Value>,
        clock: &VectorClock,
        actor: ActorKey,
    ) -> Result<Self, CrdtError> {
        self.unit.expect(ClockUnit::Lamport)?;
        let (element, bytes) = Element::new(value.into())?;
        let stamp = u64::try_from(clock.sum()).map_err(|_| CrdtError::CounterOverflow)?;
        let key = OrderKey::from_encoded(Stamp::from_bits(stamp), actor, &bytes);
        Ok(self.apply(Write { key, element }, CausalContext::from(clock)))
    }

    /// The value, unless the register was never written.
    #[must_use]
    pub fn get(&self) -> Option<&Value> {
        self.winner.as_ref().map(|write| write.element.value())
    }

    /// The order key of the winning write.
    #[must_use]
    pub fn key(&self) -> Option<&OrderKey> {
        self.winner.as_ref().map(|write| &write.key)
    }

    /// The stamp of the winning write.
    #[must_use]
    pub fn stamp(&self) -> Option<Stamp> {
        self.key().map(OrderKey::stamp)
    }

    /// Who made the winning write.
    #[must_use]
    pub fn actor(&self) -> Option<&ActorKey> {
        self.key().map(OrderKey::actor)
    }

    /// Every write taken in that had a dot.
    #[must_use]
    pub fn context(&self) -> &CausalContext {
        &self.context
    }

    /// The unit of the stamps.
    #[must_use]
    pub fn unit(&self) -> ClockUnit {
        self.unit
    }

    /// Joins another state or delta into this one and returns whether the other's write won.
    ///
    /// # Errors
    /// [`CrdtError::UnitMismatch`] when the stamps have different units; nothing changed.
    pub fn merge(&mut self, other: &Self) -> Result<bool, CrdtError> {
        self.unit.expect(other.unit)?;
        self.context.merge(&other.context);
        // No write at all is less than any.
        let won = other.winner > self.winner;
        if won {
            self.winner.clone_from(&other.winner);
        }
        Ok(won)
    }

    fn apply(&mut self, write: Write, context: CausalContext) -> Self {
        let delta = Self { unit: self.unit, winner: Some(write), context };
        self.merge(&delta).expect("the delta has the unit of the register");
        delta
    }

    /// Whether the other's write would win.
    pub(crate) fn is_behind(&self, other: &Self) -> bool {
        self.winner < other.winner
    }

    /// The winning write with another context.
    pub(crate) fn with_context(&self, context: CausalContext) -> Self {
        Self { context, ..self.clone() }
    }

    /// For dots to be forgotten.
    pub(crate) fn change_context(&mut self, change: impl FnOnce(&mut CausalContext)) {
        change(&mut self.context);
    }

    /// The state that an encoding describes.
    pub(crate) fn from_parts(
        unit: ClockUnit,
        stamp: Stamp,
        actor: ActorKey,
        element: Element,
        encoded: &[u8],
        context: CausalContext,
    ) -> Self {
        let key = OrderKey::from_encoded(stamp, actor, encoded);
        Self { unit, winner: Some(Write { key, element }), context }
    }

    pub(crate) fn winner(&self) -> Option<(&OrderKey, &Element)> {
        self.winner.as_ref().map(|write| (&write.key, &write.element))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ActorKey {
        ActorKey::new(name).unwrap()
    }

    fn at(ms: u64) -> Stamp {
        Stamp::new(ms, 0).unwrap()
    }

    #[test]
    fn a_later_write_wins_although_its_clock_is_behind() {
        let (a, b) = (Writer::resume(key("a"), 0), Writer::resume(key("b"), 0));
        let (mut ahead, mut behind) = (HybridClock::new(), HybridClock::new());
        let mut register = LwwRegister::new();
        register.set(&a, &mut ahead, 5_000, "first").unwrap();
        let first = register.clone();
        register.set(&b, &mut behind, 3, "second").unwrap();
        assert_eq!(register.merge(&first), Ok(false));
        assert_eq!(register.get().and_then(Value::as_text), Some("second"));
        assert_eq!((register.stamp(), register.actor()), (Stamp::new(5_000, 1).ok(), Some(&key("b"))));
        assert_eq!(register.context().vector().to_string(), "{a:1, b:1}");
    }

    #[test]
    fn writes_that_differ_in_value_alone_have_the_same_winner_on_both_sides() {
        let (mut one, mut two) = (LwwRegister::new(), LwwRegister::new());
        one.set_at("left", at(7), key("a")).unwrap();
        two.set_at("right", at(7), key("a")).unwrap();
        let (left, right) = (one.clone(), two.clone());
        assert_ne!(one.merge(&right), two.merge(&left));
        assert_eq!(one.to_bytes(), two.to_bytes());
    }

    #[test]
    fn writing_with_a_given_stamp_never_goes_back() {
        let mut register = LwwRegister::new();
        register.set_at(1u8, at(0), key("a")).unwrap();
        assert_eq!(register.get(), Some(&Value::from(1u8)));
        register.set_at(2u8, at(9), key("a")).unwrap();
        let delta = register.set_at(3u8, at(8), key("z")).unwrap();
        assert_eq!(register.get(), Some(&Value::from(2u8)));
        assert_eq!(delta.get(), Some(&Value::from(3u8)));
    }

    #[test]
    fn a_refused_write_changes_nothing() {
        let mut register = LwwRegister::new();
        let mut spent = HybridClock::new();
        spent.admit(Stamp::MAX);
        let writer = Writer::resume(key("a"), 0);
        assert_eq!(register.set(&writer, &mut spent, 1, "x"), Err(CrdtError::ClockExhausted));
        // No dot was used up.
        assert_eq!(writer.next_dot(&CausalContext::new()).unwrap().counter(), 1);
        assert_eq!(register, LwwRegister::new());
        assert_eq!((register.get(), register.stamp(), register.actor()), (None, None, None));
    }

    #[test]
    fn units_do_not_mix_and_hybrid_clocks_write_hybrid_stamps() {
        let mut seconds = LwwRegister::with_unit(ClockUnit::Seconds);
        let time = |time| ClockUnit::Seconds.stamp(time).unwrap();
        seconds.set_at("x", time(1.5), key("a")).unwrap();
        let before = seconds.clone();
        let writer = Writer::resume(key("a"), 0);
        assert_eq!(seconds.merge(&LwwRegister::new()), Err(CrdtError::UnitMismatch));
        assert_eq!(seconds.set(&writer, &mut HybridClock::new(), 1, "y"), Err(CrdtError::UnitMismatch));
        assert_eq!(seconds, before);
    }

    #[test]
    fn a_forced_write_takes_effect_by_a_new_stamp() {
        let mut register = LwwRegister::with_unit(ClockUnit::Seconds);
        let time = |time| ClockUnit::Seconds.stamp(time).unwrap();
        register.force_set("x", time(9.0), key("b")).unwrap();
        let old = register.clone();
        register.force_set("y", time(2.0), key("a")).unwrap();
        assert_eq!(register.get(), Some(&Value::from("y")));
        assert!(register.stamp() > old.stamp());
        // Everywhere, not only here.
        let mut elsewhere = old;
        assert_eq!(elsewhere.merge(&register), Ok(true));
        register.set_at("z", time(f64::MAX), key("a")).unwrap();
        assert_eq!(register.force_set("w", time(0.0), key("a")), Err(CrdtError::ClockExhausted));
    }

    #[test]
    fn a_write_with_a_greater_clock_wins() {
        let mut register = LwwRegister::with_unit(ClockUnit::Lamport);
        let first = VectorClock::from_iter([(key("z"), 2)]);
        let second = VectorClock::from_iter([(key("a"), 1), (key("z"), 2)]);
        register.set_with_clock("later", &second, key("a")).unwrap();
        register.set_with_clock("earlier", &first, key("z")).unwrap();
        assert_eq!(register.get(), Some(&Value::from("later")));
        assert_eq!(register.context().vector(), second);
        let huge = VectorClock::from_iter([(key("a"), u64::MAX), (key("b"), 1)]);
        assert_eq!(register.set_with_clock("x", &huge, key("a")), Err(CrdtError::CounterOverflow));
    }
}
