//! What can go wrong in agreement.

use core::fmt;

use chrysalis_crypto::CryptoError;

/// Why an input was refused. No variant holds a value, a key or a name given by a user.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ConsensusError {
    /// Bytes are not the one encoding of what they claim to be.
    Malformed {
        /// What was being read.
        what: &'static str,
        /// Where reading stopped, in bytes.
        at: usize,
    },
    /// The bytes were written by a later version.
    UnsupportedVersion {
        /// The version found.
        found: u8,
    },
    /// Something is over its limit.
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// An identifier is empty, too long or has a character outside `[A-Za-z0-9._-]`.
    InvalidId {
        /// Length in bytes.
        length: usize,
    },
    /// A validator set breaks one of its rules.
    InvalidValidatorSet(&'static str),
    /// The set cannot bear the faulty power that was asked for.
    TooFewValidators {
        /// The faulty power that was asked for.
        requested: u64,
        /// What the set bears.
        bearable: u64,
    },
    /// A configuration cannot be used.
    InvalidConfig(&'static str),
    /// A value's bytes are not those of a value.
    InvalidValue(&'static str),
    /// A signature does not hold.
    BadSignature,
    /// A certificate or evidence does not prove what it claims.
    BadProof(&'static str),
    /// Something belongs to another epoch than the set it is checked against.
    WrongEpoch {
        /// The epoch of the set.
        expected: u64,
        /// The epoch found.
        found: u64,
    },
    /// An input names a height that is not the next one.
    OutOfOrder {
        /// The height that is next.
        expected: u64,
        /// The height given.
        found: u64,
    },
    /// The call does not fit the state, such as proposing where another is the proposer.
    InvalidState(&'static str),
    /// The records of the log contradict each other or the validator set.
    InvalidLog {
        /// Which record, counted from zero.
        record: usize,
        /// What does not hold.
        problem: &'static str,
    },
    /// A key or a signature could not be made.
    Crypto(CryptoError),
}

impl ConsensusError {
    /// Every code that [`code`](Self::code) can give.
    pub const CODES: &'static [&'static str] = &[
        "consensus/malformed",
        "consensus/unsupported-version",
        "consensus/too-large",
        "consensus/invalid-id",
        "consensus/invalid-validator-set",
        "consensus/too-few-validators",
        "consensus/invalid-config",
        "consensus/invalid-value",
        "consensus/bad-signature",
        "consensus/bad-proof",
        "consensus/wrong-epoch",
        "consensus/out-of-order",
        "consensus/invalid-state",
        "consensus/invalid-log",
        "consensus/crypto",
    ];

    /// A stable name to branch on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "consensus/malformed",
            Self::UnsupportedVersion { .. } => "consensus/unsupported-version",
            Self::TooLarge { .. } => "consensus/too-large",
            Self::InvalidId { .. } => "consensus/invalid-id",
            Self::InvalidValidatorSet(_) => "consensus/invalid-validator-set",
            Self::TooFewValidators { .. } => "consensus/too-few-validators",
            Self::InvalidConfig(_) => "consensus/invalid-config",
            Self::InvalidValue(_) => "consensus/invalid-value",
            Self::BadSignature => "consensus/bad-signature",
            Self::BadProof(_) => "consensus/bad-proof",
            Self::WrongEpoch { .. } => "consensus/wrong-epoch",
            Self::OutOfOrder { .. } => "consensus/out-of-order",
            Self::InvalidState(_) => "consensus/invalid-state",
            Self::InvalidLog { .. } => "consensus/invalid-log",
            Self::Crypto(_) => "consensus/crypto",
        }
    }
}

impl fmt::Display for ConsensusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { what, at } => write!(f, "malformed {what} at byte {at}"),
            Self::UnsupportedVersion { found } => write!(f, "version {found} is not known"),
            Self::TooLarge { what, limit } => write!(f, "{what} is over its limit of {limit}"),
            Self::InvalidId { length } => {
                write!(f, "identifier of {length} bytes, expected 1 to 64 of A-Z a-z 0-9 . _ -")
            }
            Self::InvalidValidatorSet(problem) => write!(f, "invalid validator set: {problem}"),
            Self::TooFewValidators { requested, bearable } => {
                write!(f, "faulty power {requested} was asked for, the set bears {bearable}")
            }
            Self::InvalidConfig(problem) => write!(f, "invalid configuration: {problem}"),
            Self::InvalidValue(problem) => write!(f, "invalid value: {problem}"),
            Self::BadSignature => f.write_str("the signature does not hold"),
            Self::BadProof(problem) => write!(f, "the proof does not hold: {problem}"),
            Self::WrongEpoch { expected, found } => write!(f, "epoch {found}, expected {expected}"),
            Self::OutOfOrder { expected, found } => write!(f, "height {found}, expected {expected}"),
            Self::InvalidState(problem) => write!(f, "not possible now: {problem}"),
            Self::InvalidLog { record, problem } => write!(f, "record {record} of the log: {problem}"),
            Self::Crypto(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ConsensusError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Crypto(error) => Some(error),
            _ => None,
        }
    }
}

impl From<CryptoError> for ConsensusError {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_once() {
        let errors = [
            ConsensusError::Malformed { what: "vote", at: 3 },
            ConsensusError::UnsupportedVersion { found: 2 },
            ConsensusError::TooLarge { what: "value", limit: 1 },
            ConsensusError::InvalidId { length: 0 },
            ConsensusError::InvalidValidatorSet("empty"),
            ConsensusError::TooFewValidators { requested: 1, bearable: 0 },
            ConsensusError::InvalidConfig("window"),
            ConsensusError::InvalidValue("json"),
            ConsensusError::BadSignature,
            ConsensusError::BadProof("power"),
            ConsensusError::WrongEpoch { expected: 1, found: 2 },
            ConsensusError::OutOfOrder { expected: 1, found: 2 },
            ConsensusError::InvalidState("not the proposer"),
            ConsensusError::InvalidLog { record: 0, problem: "order" },
            ConsensusError::Crypto(CryptoError::InvalidSignature),
        ];
        let codes: Vec<_> = errors.iter().map(ConsensusError::code).collect();
        assert_eq!(codes, ConsensusError::CODES);
        assert!(errors.iter().all(|error| !error.to_string().is_empty()));
    }
}
