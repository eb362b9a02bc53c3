//! Hybrid logical clocks: stamps that stay close to wall-clock time and never contradict causality.
//!
//! Source: Kulkarni et al., "Logical Physical Clocks and Consistent Snapshots in Globally Distributed
//! Databases" (2014), figure 5, with the logical part carrying into the milliseconds when it overflows.

use std::fmt;

use crate::error::CrdtError;

/// How far ahead of local time a stamp may be unless the clock is told otherwise.
pub const DEFAULT_MAX_DRIFT_MS: u64 = 60_000;

const LOGICAL_BITS: u32 = 16;

/// A hybrid time: 48 bits of milliseconds since 1970 and a 16-bit logical counter, in one `u64`.
///
/// Stamps order as the pair (milliseconds, logical), which is the order of their bits.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Stamp(u64);

impl Stamp {
    /// The smallest stamp, which no clock gives out.
    pub const ZERO: Self = Self(0);
    /// The greatest stamp.
    pub const MAX: Self = Self(u64::MAX);
    /// The greatest milliseconds a stamp can hold, in the year 10889.
    pub const MAX_MS: u64 = u64::MAX >> LOGICAL_BITS;

    /// The stamp of `ms` milliseconds since 1970 and a logical counter.
    ///
    /// # Errors
    /// [`CrdtError::ClockExhausted`] when `ms` is over [`Stamp::MAX_MS`].
    pub const fn new(ms: u64, logical: u16) -> Result<Self, CrdtError> {
        if ms > Self::MAX_MS {
            return Err(CrdtError::ClockExhausted);
        }
        Ok(Self(ms << LOGICAL_BITS | logical as u64))
    }

    /// The stamp with these bits; every `u64` is one.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// `ms << 16 | logical`.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn ms(self) -> u64 {
        self.0 >> LOGICAL_BITS
    }

    /// The counter that tells stamps of one millisecond apart.
    #[must_use]
    pub const fn logical(self) -> u16 {
        (self.0 & 0xffff) as u16
    }

    /// The next stamp: one more logical step, or the next millisecond when there is none.
    ///
    /// # Errors
    /// [`CrdtError::ClockExhausted`] after [`Stamp::MAX`].
    pub const fn successor(self) -> Result<Self, CrdtError> {
        match self.0.checked_add(1) {
            Some(bits) => Ok(Self(bits)),
            None => Err(CrdtError::ClockExhausted),
        }
    }
}

impl fmt::Display for Stamp {
    /// Milliseconds, a plus sign and the logical counter: `1700000000000+3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.ms(), self.logical())
    }
}

/// A clock that gives out stamps greater than every stamp it has given or observed.
///
/// It reads no time by itself: the host passes `now_ms`, milliseconds since 1970, with each call, and may pass
/// a smaller one than before.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HybridClock {
    last: Stamp,
    max_drift_ms: u64,
}

impl HybridClock {
    /// A clock that has observed nothing and allows [`DEFAULT_MAX_DRIFT_MS`].
    #[must_use]
    pub const fn new() -> Self {
        Self { last: Stamp::ZERO, max_drift_ms: DEFAULT_MAX_DRIFT_MS }
    }

    /// A clock that has observed nothing and allows stamps up to `max_drift_ms` ahead.
    #[must_use]
    pub const fn with_max_drift_ms(max_drift_ms: u64) -> Self {
        Self { last: Stamp::ZERO, max_drift_ms }
    }

    /// The greatest stamp given or observed so far.
    #[must_use]
    pub const fn last(&self) -> Stamp {
        self.last
    }

    /// A stamp for a local event, greater than every stamp before it.
    ///
    /// It carries `now_ms` unless local time has gone back or stands still.
    ///
    /// # Errors
    /// [`CrdtError::ClockExhausted`] when `now_ms` is over 48 bits or no stamp is left; nothing changed.
    pub fn tick(&mut self, now_ms: u64) -> Result<Stamp, CrdtError> {
        let next = self.last.successor()?.max(Stamp::new(now_ms, 0)?);
        self.last = next;
        Ok(next)
    }

    /// Takes note of a stamp that comes from elsewhere, so that later local stamps exceed it.
    ///
    /// A stamp that is not above [`last`](Self::last) is always taken: it moves nothing. Others are measured
    /// against `now_ms` alone, so that a sequence of small steps cannot walk the clock into the future.
    ///
    /// # Errors
    /// [`CrdtError::ClockDrift`] when the stamp is more than the allowed drift ahead of `now_ms`; nothing
    /// changed, and the caller holds back or refuses what the stamp came with.
    pub fn observe(&mut self, stamp: Stamp, now_ms: u64) -> Result<(), CrdtError> {
        if stamp > self.last && stamp.ms() > now_ms.saturating_add(self.max_drift_ms) {
            return Err(CrdtError::ClockDrift {
                stamp_ms: stamp.ms(),
                now_ms,
                max_drift_ms: self.max_drift_ms,
            });
        }
        self.admit(stamp);
        Ok(())
    }

    /// Takes note of a stamp of already admitted state, such as one's own store, whatever its drift.
    pub fn admit(&mut self, stamp: Stamp) {
        self.last = self.last.max(stamp);
    }
}

impl Default for HybridClock {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_pack_and_order_as_pairs() {
        let stamp = Stamp::new(0x0102_0304_0506, 0x0708).unwrap();
        assert_eq!(stamp.to_bits(), 0x0102_0304_0506_0708);
        assert_eq!((stamp.ms(), stamp.logical()), (0x0102_0304_0506, 0x0708));
        assert_eq!(Stamp::from_bits(stamp.to_bits()), stamp);
        assert!(Stamp::new(1, 0).unwrap() > Stamp::new(0, u16::MAX).unwrap());
        assert_eq!(Stamp::new(Stamp::MAX_MS + 1, 0), Err(CrdtError::ClockExhausted));
        assert_eq!(Stamp::new(Stamp::MAX_MS, u16::MAX), Ok(Stamp::MAX));
        assert_eq!(Stamp::new(17, 3).unwrap().to_string(), "17+3");
    }

    #[test]
    fn ticks_follow_time_and_never_go_back() {
        let mut clock = HybridClock::new();
        assert_eq!(clock.tick(100), Stamp::new(100, 0));
        assert_eq!(clock.tick(100), Stamp::new(100, 1));
        assert_eq!(clock.tick(40), Stamp::new(100, 2));
        assert_eq!(clock.tick(101), Stamp::new(101, 0));
        assert_eq!(HybridClock::new().tick(0), Stamp::new(0, 1));
    }

    #[test]
    fn the_logical_part_carries_and_the_end_is_an_error() {
        let mut clock = HybridClock::new();
        clock.admit(Stamp::new(5, u16::MAX).unwrap());
        assert_eq!(clock.tick(5), Stamp::new(6, 0));
        clock.admit(Stamp::MAX);
        assert_eq!(clock.tick(5), Err(CrdtError::ClockExhausted));
        assert_eq!(clock.last(), Stamp::MAX);
        assert_eq!(HybridClock::new().tick(Stamp::MAX_MS + 1), Err(CrdtError::ClockExhausted));
    }

    #[test]
    fn local_stamps_exceed_observed_ones() {
        let mut clock = HybridClock::new();
        clock.observe(Stamp::new(150, 7).unwrap(), 100).unwrap();
        assert_eq!(clock.tick(100), Stamp::new(150, 8));
        clock.observe(Stamp::new(3, 0).unwrap(), 100).unwrap();
        assert_eq!(clock.tick(100), Stamp::new(150, 9));
    }

    #[test]
    fn drift_is_refused_and_changes_nothing() {
        let mut clock = HybridClock::with_max_drift_ms(10);
        let edge = Stamp::new(110, u16::MAX).unwrap();
        let beyond = Stamp::new(111, 0).unwrap();
        let before = clock.clone();
        assert_eq!(
            clock.observe(beyond, 100),
            Err(CrdtError::ClockDrift { stamp_ms: 111, now_ms: 100, max_drift_ms: 10 })
        );
        assert_eq!(clock, before);
        clock.observe(edge, 100).unwrap();
        // Carried past the edge by ticks, the clock still takes back what it has given out itself.
        let own = clock.tick(100).unwrap();
        assert_eq!(own, beyond);
        clock.observe(own, 100).unwrap();
        assert!(clock.observe(own.successor().unwrap(), 100).is_err());
    }
}
