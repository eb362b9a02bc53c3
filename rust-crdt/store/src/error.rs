//! The one error type of this crate.

use std::fmt;

use crate::actor::ActorKey;

/// What went wrong in a replicated type, a clock or a decoder.
///
/// [`code`](CrdtError::code) is stable and is what callers in every language branch on; the text is for people.
/// No text holds an actor, an element or any other caller's data: lengths, counters and times only.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CrdtError {
    /// A text is not an actor id or key; the reason never repeats it.
    InvalidActor(&'static str),
    /// A dot has the counter 0, or a text is not a dot.
    InvalidDot,
    /// The system gave no randomness for a new incarnation.
    RandomUnavailable,
    /// A counter has reached its greatest value.
    CounterOverflow,
    /// A counter was to be set below its value.
    CounterLowered {
        /// The value it has.
        current: u64,
        /// The value that was given.
        given: u64,
    },
    /// One dot names two different updates: its actor wrote twice under one number.
    Equivocation {
        /// The actor whose dot it is. Not part of the text.
        actor: ActorKey,
        /// The number of the update.
        counter: u64,
    },
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
    /// Stamps of different units meet in one register, or an operation needs another unit.
    UnitMismatch,
    /// States of one type meet that were made with different options, such as the mode of a numeric register.
    ModeMismatch,
    /// A number is not finite.
    NotFinite,
    /// A number lies outside what its field allows.
    OutOfRange(&'static str),
    /// An integer is over 2^53 - 1 or under its negative: not every reader of JSON keeps it. Use the encoding.
    UnsafeInteger,
    /// What JSON has no form for: a byte string, a map with a key that is not a text, a context with over 2^20 dots
    /// above gaps.
    NoJsonForm,
    /// A text that is not JSON, or not the JSON of this type.
    InvalidJson {
        /// What is wrong with it.
        what: &'static str,
        /// Where, in bytes from the start; 0 when it is the shape that is wrong.
        at: usize,
    },
    /// The states of two agents meet, or the state of no agent was to be updated.
    AgentMismatch,
    /// A node was to be added on top of one that is not known here.
    UnknownParent,
    /// A node is given with an id that is not its hash.
    WrongHash,
    /// More nodes than allowed, or more bytes of them, would wait for their parents.
    OrphanLimit {
        /// How many nodes may wait, or bytes of them.
        limit: usize,
    },
    /// A signature is not that of its signer and content.
    BadSignature,
    /// A proof that does not prove.
    InvalidProof(&'static str),
    /// Two contents under one id that is the hash of its content.
    ContentMismatch,
    /// A value that is not of the kind it was to be merged as.
    WrongShape(&'static str),
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
    /// A step that the membership does not allow, or not yet.
    Membership(&'static str),
    /// The other side of a sync session speaks no version that this one speaks.
    UnsupportedVersion {
        /// The least version it speaks.
        least: u8,
        /// The greatest version it speaks.
        greatest: u8,
    },
    /// There would be more of something than can be kept.
    TooMany {
        /// The greatest number allowed.
        limit: usize,
    },
    /// Bytes that are not the canonical encoding of anything.
    Malformed(&'static str),
}

impl CrdtError {
    /// Every code this crate can give, in the order of the variants.
    pub const CODES: &'static [&'static str] = &[
        "crdt/invalid-actor",
        "crdt/invalid-dot",
        "crdt/random-unavailable",
        "crdt/counter-overflow",
        "crdt/counter-lowered",
        "crdt/equivocation",
        "crdt/clock-drift",
        "crdt/clock-exhausted",
        "crdt/unit-mismatch",
        "crdt/mode-mismatch",
        "crdt/not-finite",
        "crdt/out-of-range",
        "crdt/unsafe-integer",
        "crdt/no-json-form",
        "crdt/invalid-json",
        "crdt/agent-mismatch",
        "crdt/unknown-parent",
        "crdt/wrong-hash",
        "crdt/orphan-limit",
        "crdt/bad-signature",
        "crdt/invalid-proof",
        "crdt/content-mismatch",
        "crdt/wrong-shape",
        "crdt/too-deep",
        "crdt/too-long",
        "crdt/membership",
        "crdt/unsupported-version",
        "crdt/too-many",
        "crdt/malformed",
    ];

    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidActor(_) => "crdt/invalid-actor",
            Self::InvalidDot => "crdt/invalid-dot",
            Self::RandomUnavailable => "crdt/random-unavailable",
            Self::CounterOverflow => "crdt/counter-overflow",
            Self::CounterLowered { .. } => "crdt/counter-lowered",
            Self::Equivocation { .. } => "crdt/equivocation",
            Self::ClockDrift { .. } => "crdt/clock-drift",
            Self::ClockExhausted => "crdt/clock-exhausted",
            Self::UnitMismatch => "crdt/unit-mismatch",
            Self::ModeMismatch => "crdt/mode-mismatch",
            Self::NotFinite => "crdt/not-finite",
            Self::OutOfRange(_) => "crdt/out-of-range",
            Self::UnsafeInteger => "crdt/unsafe-integer",
            Self::NoJsonForm => "crdt/no-json-form",
            Self::InvalidJson { .. } => "crdt/invalid-json",
            Self::AgentMismatch => "crdt/agent-mismatch",
            Self::UnknownParent => "crdt/unknown-parent",
            Self::WrongHash => "crdt/wrong-hash",
            Self::OrphanLimit { .. } => "crdt/orphan-limit",
            Self::BadSignature => "crdt/bad-signature",
            Self::InvalidProof(_) => "crdt/invalid-proof",
            Self::ContentMismatch => "crdt/content-mismatch",
            Self::WrongShape(_) => "crdt/wrong-shape",
            Self::TooDeep { .. } => "crdt/too-deep",
            Self::TooLong { .. } => "crdt/too-long",
            Self::Membership(_) => "crdt/membership",
            Self::UnsupportedVersion { .. } => "crdt/unsupported-version",
            Self::TooMany { .. } => "crdt/too-many",
            Self::Malformed(_) => "crdt/malformed",
        }
    }
}

impl fmt::Display for CrdtError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidActor(why) => write!(f, "invalid actor: {why}"),
            Self::InvalidDot => f.write_str("a dot is an actor key, a colon and a counter from 1"),
            Self::RandomUnavailable => f.write_str("the system gives no randomness"),
            Self::CounterOverflow => f.write_str("counter has reached its greatest value"),
            Self::CounterLowered { current, given } => {
                write!(f, "counter is {current} and cannot be set to {given}")
            }
            Self::Equivocation { counter, .. } => {
                write!(f, "update {counter} of an actor has two different contents")
            }
            Self::ClockDrift { stamp_ms, now_ms, max_drift_ms } => write!(
                f,
                "stamp is {} ms ahead of local time, {max_drift_ms} ms are allowed",
                stamp_ms.saturating_sub(*now_ms)
            ),
            Self::ClockExhausted => f.write_str("time does not fit a stamp of 48-bit milliseconds"),
            Self::UnitMismatch => f.write_str("stamps have different units"),
            Self::ModeMismatch => f.write_str("states were made with different options"),
            Self::NotFinite => f.write_str("number is not finite"),
            Self::OutOfRange(what) => write!(f, "number is out of range: {what}"),
            Self::UnsafeInteger => {
                f.write_str("integer is beyond 2^53 - 1, which JSON does not carry safely")
            }
            Self::NoJsonForm => {
                f.write_str("byte strings, keys that are not texts and huge clouds of dots have no JSON form")
            }
            Self::InvalidJson { what, at: 0 } => write!(f, "invalid JSON: {what}"),
            Self::InvalidJson { what, at } => write!(f, "invalid JSON at byte {at}: {what}"),
            Self::AgentMismatch => f.write_str("states of different agents, or of none"),
            Self::UnknownParent => f.write_str("a parent of the new node is not known here"),
            Self::WrongHash => f.write_str("the id of a node is not its hash"),
            Self::OrphanLimit { limit } => {
                write!(f, "more would wait for their parents than the limit of {limit}")
            }
            Self::BadSignature => f.write_str("signature does not verify"),
            Self::InvalidProof(why) => write!(f, "proof does not hold: {why}"),
            Self::ContentMismatch => f.write_str("two contents under one id that is a hash of content"),
            Self::WrongShape(what) => write!(f, "value has another shape: {what}"),
            Self::TooDeep { limit } => write!(f, "value is nested deeper than {limit}"),
            Self::TooLong { limit } => write!(f, "encoding is longer than {limit} bytes"),
            Self::Membership(why) => write!(f, "not allowed: {why}"),
            Self::UnsupportedVersion { least, greatest } => {
                write!(f, "the other side speaks versions {least} to {greatest}")
            }
            Self::TooMany { limit } => write!(f, "there would be more than {limit}"),
            Self::Malformed(what) => write!(f, "malformed encoding: {what}"),
        }
    }
}

impl std::error::Error for CrdtError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_its_code_and_none_repeats_an_actor() {
        let actor = ActorKey::new("mallory").unwrap();
        let all = [
            CrdtError::InvalidActor("id is not 1 to 256 bytes"),
            CrdtError::InvalidDot,
            CrdtError::RandomUnavailable,
            CrdtError::CounterOverflow,
            CrdtError::CounterLowered { current: 2, given: 1 },
            CrdtError::Equivocation { actor, counter: 3 },
            CrdtError::ClockDrift { stamp_ms: 90, now_ms: 20, max_drift_ms: 50 },
            CrdtError::ClockExhausted,
            CrdtError::UnitMismatch,
            CrdtError::ModeMismatch,
            CrdtError::NotFinite,
            CrdtError::OutOfRange("score is not 0 to 1"),
            CrdtError::UnsafeInteger,
            CrdtError::NoJsonForm,
            CrdtError::InvalidJson { what: "a key twice", at: 4 },
            CrdtError::AgentMismatch,
            CrdtError::UnknownParent,
            CrdtError::WrongHash,
            CrdtError::OrphanLimit { limit: 8 },
            CrdtError::BadSignature,
            CrdtError::InvalidProof("no leaves"),
            CrdtError::ContentMismatch,
            CrdtError::WrongShape("not an object"),
            CrdtError::TooDeep { limit: 64 },
            CrdtError::TooLong { limit: 9 },
            CrdtError::Membership("actor is no member"),
            CrdtError::UnsupportedVersion { least: 2, greatest: 3 },
            CrdtError::TooMany { limit: 9 },
            CrdtError::Malformed("tag"),
        ];
        assert_eq!(all.iter().map(CrdtError::code).collect::<Vec<_>>(), CrdtError::CODES);
        assert!(all.iter().all(|error| !error.to_string().contains("mallory")));
        assert_eq!(all[6].to_string(), "stamp is 70 ms ahead of local time, 50 ms are allowed");
    }
}
