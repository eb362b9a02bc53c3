//! Heights, rounds, epochs and names.

use alloc::sync::Arc;
use core::fmt;
use core::str::FromStr;

use crate::error::ConsensusError;

/// Longest name of a chain or node, in bytes.
pub const MAX_ID_BYTES: usize = 64;

/// The place of a decision in the sequence of decisions. The first is 1.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Height(pub u64);

impl Height {
    /// The first height of a chain.
    pub const FIRST: Self = Self(1);

    /// The height `count` later, at most `u64::MAX`.
    #[must_use]
    pub const fn plus(self, count: u64) -> Self {
        Self(self.0.saturating_add(count))
    }

    /// The next height.
    #[must_use]
    pub const fn next(self) -> Self {
        self.plus(1)
    }
}

/// An attempt to decide one height, from 0.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Round(pub u32);

impl Round {
    /// The next round, at most `u32::MAX`.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Which validator set, counted by its changes from 0.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The next epoch.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// The number that a driver gives to an authenticated peer. The core only compares it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PeerId(pub u64);

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Reads a name: 1 to 64 bytes of `[A-Za-z0-9._-]`.
            ///
            /// # Errors
            /// [`ConsensusError::InvalidId`] for anything else.
            pub fn new(name: &str) -> Result<Self, ConsensusError> {
                let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
                if name.is_empty() || name.len() > MAX_ID_BYTES || !name.bytes().all(allowed) {
                    return Err(ConsensusError::InvalidId { length: name.len() });
                }
                Ok(Self(name.into()))
            }

            /// The name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = ConsensusError;

            fn from_str(name: &str) -> Result<Self, ConsensusError> {
                Self::new(name)
            }
        }
    };
}

name! {
    /// The name of one sequence of decisions; part of every signature, so that none counts elsewhere.
    ChainId
}

name! {
    /// The name of a validator. Its key is what counts; the set binds the two.
    NodeId
}

#[cfg(test)]
mod tests {
    use super::*;

    /// the limit, and one above it.
    #[test]
    fn r_22_names_have_64_bytes_of_a_small_alphabet() {
        assert!(NodeId::new(&"a".repeat(64)).is_ok());
        assert_eq!(NodeId::new(&"a".repeat(65)), Err(ConsensusError::InvalidId { length: 65 }));
        assert!(ChainId::new("a.B_c-9").is_ok());
        for name in ["", "a b", "a/b", "ä", "a\0"] {
            assert_eq!(NodeId::new(name), Err(ConsensusError::InvalidId { length: name.len() }));
        }
    }
}
