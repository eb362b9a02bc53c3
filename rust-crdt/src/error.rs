//! The one error type of this crate.

use std::fmt;

/// What went wrong in a replicated type, a clock or a decoder.
///
/// [`code`](CrdtError::code) is stable and is what callers in every language branch on; the text is for people.
/// No text holds an actor, an element or any other caller's data: lengths, counters and times only.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CrdtError {
    /// A stamp is further ahead of local time than the clock allows. Hold it or refuse it; nothing changed.
    ClockDrift {
        /// The stamp's milliseconds.
        stamp_ms: u64,
        /// Local time when it came in.
        now_ms: u64,
        /// How far ahead a stamp may be.
        max_drift_ms: u64,
    },
    /// A time needs more than the 48 bits of a stamp, or no stamp is left above the last one.
    ClockExhausted,
    /// A number is not finite.
    NotFinite,
    /// A value is nested deeper than the limit.
    TooDeep {
        /// The deepest nesting allowed.
        limit: usize,
    },
    /// An encoding is longer than the limit.
    TooLong {
        /// The greatest length allowed, in bytes.
        limit: usize,
    },
    /// Bytes that are not the canonical encoding of anything.
    Malformed(&'static str),
}

impl CrdtError {
    /// Every code this crate can give, in the order of the variants.
    pub const CODES: &'static [&'static str] = &[
        "crdt/clock-drift",
        "crdt/clock-exhausted",
        "crdt/not-finite",
        "crdt/too-deep",
        "crdt/too-long",
        "crdt/malformed",
    ];

    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ClockDrift { .. } => "crdt/clock-drift",
            Self::ClockExhausted => "crdt/clock-exhausted",
            Self::NotFinite => "crdt/not-finite",
            Self::TooDeep { .. } => "crdt/too-deep",
            Self::TooLong { .. } => "crdt/too-long",
            Self::Malformed(_) => "crdt/malformed",
        }
    }
}

impl fmt::Display for CrdtError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClockDrift { stamp_ms, now_ms, max_drift_ms } => write!(
                f,
                "stamp is {} ms ahead of local time, {max_drift_ms} ms are allowed",
                stamp_ms.saturating_sub(*now_ms)
            ),
            Self::ClockExhausted => f.write_str("time does not fit a stamp of 48-bit milliseconds"),
            Self::NotFinite => f.write_str("number is not finite"),
            Self::TooDeep { limit } => write!(f, "value is nested deeper than {limit}"),
            Self::TooLong { limit } => write!(f, "encoding is longer than {limit} bytes"),
            Self::Malformed(what) => write!(f, "malformed encoding: {what}"),
        }
    }
}

impl std::error::Error for CrdtError {}
