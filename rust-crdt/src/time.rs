//! Units of stamps, and numbers whose order is that of their bits.

use std::fmt;

use crate::error::CrdtError;
use crate::hlc::Stamp;

/// What the stamps of a state count. A state has one unit; states of two units do not merge.
///
/// A [`Stamp`] is 64 bits that order as time does. Hybrid stamps hold milliseconds and a logical counter; those of
/// the other units are numbers from systems without a hybrid clock, kept exactly by [`stamp`](Self::stamp).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ClockUnit {
    /// Hybrid time, see [`Stamp::new`].
    #[default]
    Hybrid,
    /// Milliseconds, any finite number.
    Milliseconds,
    /// Seconds, any finite number.
    Seconds,
    /// A count of events, any `u64`.
    Lamport,
}

impl ClockUnit {
    const ALL: [Self; 4] = [Self::Hybrid, Self::Milliseconds, Self::Seconds, Self::Lamport];

    /// The name in JSON: `hlc`, `ms`, `s` or `lamport`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hybrid => "hlc",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::Lamport => "lamport",
        }
    }

    /// The unit with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.as_str() == name)
    }

    /// The stamp of a number in this unit. For hybrid time these are whole milliseconds, with the logical part 0.
    ///
    /// # Errors
    /// [`CrdtError::NotFinite`]; [`CrdtError::OutOfRange`] for hybrid milliseconds that are not whole, negative or over 48
    /// bits, and for counts that are not integers from 0 to 2^53 - 1 (for others use [`Stamp::from_bits`]).
    pub fn stamp(self, time: f64) -> Result<Stamp, CrdtError> {
        let time = Finite::new(time)?;
        match self {
            Self::Milliseconds | Self::Seconds => Ok(Stamp::from_bits(time.to_order())),
            Self::Lamport => {
                Ok(Stamp::from_bits(time.to_count().ok_or(CrdtError::OutOfRange("count of events"))?))
            }
            Self::Hybrid => {
                const RANGE: CrdtError = CrdtError::OutOfRange("milliseconds of a hybrid time");
                Stamp::new(time.to_count().ok_or(RANGE)?, 0).map_err(|_| RANGE)
            }
        }
    }

    /// The number of a stamp in this unit: milliseconds without the logical part for hybrid time.
    ///
    /// # Errors
    /// [`CrdtError::UnsafeInteger`] for a count over 2^53 - 1.
    pub fn time(self, stamp: Stamp) -> Result<f64, CrdtError> {
        match self {
            Self::Milliseconds | Self::Seconds => Ok(Finite::from_order(stamp.to_bits()).to_f64()),
            Self::Lamport => Finite::from_count(stamp.to_bits()).map(Finite::to_f64),
            Self::Hybrid => Finite::from_count(stamp.ms()).map(Finite::to_f64),
        }
    }

    /// The next stamp of this unit: one more event or logical step, or the next number that a float holds.
    ///
    /// # Errors
    /// [`CrdtError::ClockExhausted`] when there is none.
    pub fn successor(self, stamp: Stamp) -> Result<Stamp, CrdtError> {
        let next = stamp.successor()?;
        let floats = matches!(self, Self::Milliseconds | Self::Seconds);
        if floats && !Finite::from_order(next.to_bits()).to_f64().is_finite() {
            return Err(CrdtError::ClockExhausted);
        }
        Ok(next)
    }

    /// The whole milliseconds since 1970 of a stamp, within the range of hybrid time; none for a count of events.
    pub(crate) fn wall(self, stamp: Stamp) -> Option<Stamp> {
        let factor = match self {
            Self::Hybrid => return Some(stamp),
            Self::Lamport => return None,
            Self::Milliseconds => 1.0,
            Self::Seconds => 1000.0,
        };
        let ms = Finite::from_order(stamp.to_bits()).to_f64() * factor;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "casts from floats saturate, and what is over the range is its end"
        )]
        let ms = (ms as u64).min(Stamp::MAX_MS);
        Stamp::new(ms, 0).ok()
    }

    /// Refuses every unit but this one.
    pub(crate) fn expect(self, unit: Self) -> Result<(), CrdtError> {
        if self == unit { Ok(()) } else { Err(CrdtError::UnitMismatch) }
    }

    pub(crate) const fn to_byte(self) -> u8 {
        self as u8
    }

    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.to_byte() == byte)
    }
}

/// A finite number; `-0` is `0`. Ordered as numbers, and equal numbers have equal bits.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Finite(u64);

const SIGN: u64 = 1 << 63;

impl Finite {
    pub(crate) const ZERO: Self = Self(SIGN);

    pub(crate) fn new(number: f64) -> Result<Self, CrdtError> {
        if !number.is_finite() {
            return Err(CrdtError::NotFinite);
        }
        // Adding zero turns -0 into 0 and nothing else.
        let bits = (number + 0.0).to_bits();
        Ok(Self(if bits & SIGN == 0 { bits | SIGN } else { !bits }))
    }

    pub(crate) fn to_f64(self) -> f64 {
        f64::from_bits(if self.0 & SIGN == 0 { !self.0 } else { self.0 & !SIGN })
    }

    /// Bits that order as the numbers do.
    pub(crate) const fn to_order(self) -> u64 {
        self.0
    }

    /// The number with these bits, which [`to_order`](Self::to_order) gave.
    pub(crate) const fn from_order(bits: u64) -> Self {
        Self(bits)
    }

    /// The number, if it is an integer from 0 to 2^53 - 1.
    pub(crate) fn to_count(self) -> Option<u64> {
        let number = self.to_f64();
        let whole = (0.0..=MAX_SAFE).contains(&number) && number.fract() == 0.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked on the line above"
        )]
        whole.then_some(number as u64)
    }

    /// The number of a count up to 2^53 - 1.
    pub(crate) fn from_count(count: u64) -> Result<Self, CrdtError> {
        if count > MAX_SAFE_INTEGER {
            return Err(CrdtError::UnsafeInteger);
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 53 bits")]
        Self::new(count as f64)
    }
}

impl fmt::Debug for Finite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_f64().fmt(f)
    }
}

/// The greatest integer that every reader of JSON keeps: 2^53 - 1.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;
#[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
pub(crate) const MAX_SAFE: f64 = MAX_SAFE_INTEGER as f64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_order_as_numbers() {
        let numbers = [f64::MIN, -2.5, -1.0, -f64::MIN_POSITIVE, 0.0, 5e-324, 0.1, 1.0, 1e9, f64::MAX];
        for pair in numbers.windows(2) {
            assert!(Finite::new(pair[0]).unwrap() < Finite::new(pair[1]).unwrap());
        }
        for number in numbers {
            assert_eq!(Finite::new(number).unwrap().to_f64().to_bits(), number.to_bits());
        }
        assert_eq!(Finite::new(-0.0), Ok(Finite::ZERO));
        assert_eq!(Finite::new(f64::NAN), Err(CrdtError::NotFinite));
    }

    #[test]
    fn units_keep_their_numbers() {
        for (unit, time) in [
            (ClockUnit::Hybrid, 1_700_000_000_000.0),
            (ClockUnit::Milliseconds, 1_700_000_000_000.25),
            (ClockUnit::Seconds, 1_700_000_000.123_456),
            (ClockUnit::Seconds, -3.5),
            (ClockUnit::Lamport, 9_007_199_254_740_991.0),
        ] {
            assert_eq!(unit.time(unit.stamp(time).unwrap()), Ok(time));
            assert_eq!(ClockUnit::from_name(unit.as_str()), Some(unit));
            assert_eq!(ClockUnit::from_byte(unit.to_byte()), Some(unit));
            assert_eq!(unit.stamp(f64::INFINITY), Err(CrdtError::NotFinite));
        }
        assert_eq!(ClockUnit::Lamport.time(Stamp::MAX), Err(CrdtError::UnsafeInteger));
        for (unit, time) in [
            (ClockUnit::Hybrid, 0.5),
            (ClockUnit::Hybrid, -1.0),
            (ClockUnit::Hybrid, 281_474_976_710_656.0),
            (ClockUnit::Lamport, -1.0),
            (ClockUnit::Lamport, 9_007_199_254_740_992.0),
        ] {
            assert_eq!(unit.stamp(time).unwrap_err().code(), "crdt/out-of-range");
        }
        assert_eq!(ClockUnit::from_byte(4), None);
    }
}
