//! A number where the last write wins, or the greatest.

use crate::actor::ActorKey;
use crate::error::CrdtError;
use crate::hlc::Stamp;
use crate::time::{ClockUnit, Finite};
use crate::value::Value;

/// Which of two writes a [`LwwNumericRegister`] keeps. Part of the register: two modes do not merge.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum NumericMode {
    /// The later one, by stamp, then writer, then value digest.
    #[default]
    Last,
    /// The one with the greater number, then stamp, then writer.
    Greatest,
}

/// A last-writer-wins register of a finite number.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LwwNumericRegister {
    unit: ClockUnit,
    mode: NumericMode,
    winner: Option<Write>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Write {
    number: Finite,
    stamp: Stamp,
    /// `None` for writes of systems that named no writer: below every writer.
    writer: Option<ActorKey>,
}

impl Write {
    fn wins_over(&self, other: &Self, mode: NumericMode) -> bool {
        match mode {
            NumericMode::Greatest => {
                (self.number, self.stamp, &self.writer) > (other.number, other.stamp, &other.writer)
            }
            NumericMode::Last => {
                let by_key = (self.stamp, &self.writer).cmp(&(other.stamp, &other.writer));
                // Digests cost a hash each and are needed in a tie only; numbers decide should they collide.
                by_key
                    .then_with(|| {
                        (digest(self.number), self.number).cmp(&(digest(other.number), other.number))
                    })
                    .is_gt()
            }
        }
    }
}

impl LwwNumericRegister {
    /// The register that was never written, with hybrid stamps.
    #[must_use]
    pub const fn new(mode: NumericMode) -> Self {
        Self::with_unit(mode, ClockUnit::Hybrid)
    }

    /// The register that was never written, with stamps in a unit.
    #[must_use]
    pub const fn with_unit(mode: NumericMode, unit: ClockUnit) -> Self {
        Self { unit, mode, winner: None }
    }

    /// Records a write with a stamp in the register's unit and returns the delta. It takes effect only if it wins.
    ///
    /// # Errors
    /// [`CrdtError::NotFinite`]; nothing changed.
    pub fn set_at(&mut self, number: f64, stamp: Stamp, writer: Option<ActorKey>) -> Result<Self, CrdtError> {
        let write = Write { number: Finite::new(number)?, stamp, writer };
        let delta = Self { winner: Some(write), ..Self::with_unit(self.mode, self.unit) };
        self.merge(&delta)?;
        Ok(delta)
    }

    /// The number, 0 when there was no write.
    #[must_use]
    pub fn get(&self) -> f64 {
        self.winner.as_ref().map_or(0.0, |write| write.number.to_f64())
    }

    pub(crate) fn number(&self) -> Finite {
        self.winner.as_ref().map_or(Finite::ZERO, |write| write.number)
    }

    /// Whether there was a write.
    #[must_use]
    pub fn has_value(&self) -> bool {
        self.winner.is_some()
    }

    /// The stamp of the winning write.
    #[must_use]
    pub fn stamp(&self) -> Option<Stamp> {
        self.winner.as_ref().map(|write| write.stamp)
    }

    /// Who made the winning write, if it was made and says so.
    #[must_use]
    pub fn writer(&self) -> Option<&ActorKey> {
        self.winner.as_ref().and_then(|write| write.writer.as_ref())
    }

    /// Which write wins.
    #[must_use]
    pub fn mode(&self) -> NumericMode {
        self.mode
    }

    /// The unit of the stamps.
    #[must_use]
    pub fn unit(&self) -> ClockUnit {
        self.unit
    }

    /// Joins another state or delta into this one and returns whether the other's write won.
    ///
    /// # Errors
    /// [`CrdtError::ModeMismatch`] or [`CrdtError::UnitMismatch`] when the registers are not of one kind; nothing changed.
    pub fn merge(&mut self, other: &Self) -> Result<bool, CrdtError> {
        if self.mode != other.mode {
            return Err(CrdtError::ModeMismatch);
        }
        self.unit.expect(other.unit)?;
        let won = match (&self.winner, &other.winner) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(ours), Some(theirs)) => theirs.wins_over(ours, self.mode),
        };
        if won {
            self.winner.clone_from(&other.winner);
        }
        Ok(won)
    }
}

/// The first 16 bytes of the BLAKE3 hash of the number's encoding as a value.
fn digest(number: Finite) -> [u8; 16] {
    let bytes = Value::float(number.to_f64()).and_then(|value| value.to_bytes());
    let hash = blake3::hash(&bytes.expect("a finite number has an encoding"));
    let mut digest = [0; 16];
    digest.copy_from_slice(&hash.as_bytes()[..16]);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(mode: NumericMode, number: f64, ms: u64, writer: &str) -> LwwNumericRegister {
        let mut register = LwwNumericRegister::new(mode);
        let writer = ActorKey::new(writer).unwrap();
        register.set_at(number, Stamp::new(ms, 0).unwrap(), Some(writer)).unwrap();
        register
    }

    #[test]
    fn equal_greatest_numbers_keep_the_greater_stamp_on_both_sides() {
        let (mut one, mut two) =
            (write(NumericMode::Greatest, 0.5, 1, "b"), write(NumericMode::Greatest, 0.5, 2, "a"));
        let before = one.clone();
        assert_eq!(one.merge(&two), Ok(true));
        assert_eq!(two.merge(&before), Ok(false));
        assert_eq!(one, two);
        assert_eq!(one.stamp(), Stamp::new(2, 0).ok());
        // A smaller number does not win with any stamp, nor does the greater one lose its place.
        assert_eq!(one.merge(&write(NumericMode::Greatest, 0.4, 9, "z")), Ok(false));
    }

    #[test]
    fn ties_are_broken_by_the_value_on_both_sides() {
        let (mut one, mut two) =
            (write(NumericMode::Last, 1.0, 1, "a"), write(NumericMode::Last, 2.0, 1, "a"));
        let before = one.clone();
        assert_ne!(one.merge(&two), two.merge(&before));
        assert_eq!(one, two);
    }

    #[test]
    fn modes_and_units_do_not_mix_and_numbers_are_finite() {
        let mut register = write(NumericMode::Last, 1.0, 1, "a");
        assert_eq!(register.merge(&write(NumericMode::Greatest, 1.0, 1, "a")), Err(CrdtError::ModeMismatch));
        let other = LwwNumericRegister::with_unit(NumericMode::Last, ClockUnit::Seconds);
        assert_eq!(register.merge(&other), Err(CrdtError::UnitMismatch));
        for number in [f64::NAN, f64::INFINITY] {
            assert_eq!(register.set_at(number, Stamp::ZERO, None), Err(CrdtError::NotFinite));
        }
        assert!(f64::is_sign_positive(write(NumericMode::Last, -0.0, 1, "a").get()));
        assert_eq!(
            (LwwNumericRegister::default().get(), LwwNumericRegister::default().has_value()),
            (0.0, false)
        );
    }
}
