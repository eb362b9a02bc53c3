//! A register in which the last write wins, the same one on every replica.

use crate::actor::ActorKey;
use crate::context::CausalContext;
use crate::dot::Writer;
use crate::element::Element;
use crate::error::CrdtError;
use crate::hlc::{HybridClock, Stamp};
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

    fn from_encoded(stamp: Stamp, actor: ActorKey, encoded: &[u8]) -> Self {
        let mut digest = [0; 16];
        digest.copy_from_slice(&blake3::hash(encoded).as_bytes()[..16]);
        Self { stamp, actor, digest }
    }
}

/// A last-writer-wins register: the winning write, and the causal context of all writes taken in.
///
/// Merging takes the greater write by [`OrderKey`] and joins the contexts.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LwwRegister {
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
    /// The register that was never written.
    #[must_use]
    pub const fn new() -> Self {
        Self { winner: None, context: CausalContext::new() }
    }

    /// Writes a value with a stamp above all that the register and the clock have seen, and returns the delta.
    ///
    /// So the write wins here and wherever only older writes are known. `now_ms` is milliseconds since 1970.
    ///
    /// # Errors
    /// [`CrdtError::TooDeep`] or [`CrdtError::TooLong`] for a value over the limits, [`CrdtError::CounterOverflow`]
    /// when the writer has no dot left, [`CrdtError::ClockExhausted`] when the clock has no stamp left. The
    /// register is unchanged.
    pub fn set(
        &mut self,
        writer: &Writer,
        clock: &mut HybridClock,
        now_ms: u64,
        value: impl Into<Value>,
    ) -> Result<Self, CrdtError> {
        let (element, bytes) = Element::new(value.into())?;
        let dot = writer.next_dot(&self.context)?;
        if let Some(stamp) = self.stamp() {
            clock.admit(stamp);
        }
        let key = OrderKey::from_encoded(clock.tick(now_ms)?, writer.actor().clone(), &bytes);
        Ok(self.apply(Write { key, element }, CausalContext::from_iter([&dot])))
    }

    /// Records a write with a stamp given by the caller and returns the delta.
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

    /// Joins another state or delta into this one and returns whether the other's write won.
    pub fn merge(&mut self, other: &Self) -> bool {
        self.context.merge(&other.context);
        // No write at all is less than any.
        let won = other.winner > self.winner;
        if won {
            self.winner.clone_from(&other.winner);
        }
        won
    }

    fn apply(&mut self, write: Write, context: CausalContext) -> Self {
        let delta = Self { winner: Some(write), context };
        self.merge(&delta);
        delta
    }

    /// The state that an encoding describes.
    pub(crate) fn from_parts(
        winner: Option<(Stamp, ActorKey, Element, &[u8])>,
        context: CausalContext,
    ) -> Self {
        let winner = winner.map(|(stamp, actor, element, encoded)| Write {
            key: OrderKey::from_encoded(stamp, actor, encoded),
            element,
        });
        Self { winner, context }
    }

    pub(crate) fn winner(&self) -> Option<(&OrderKey, &Element)> {
        self.winner.as_ref().map(|write| (&write.key, &write.element))
    }
}
