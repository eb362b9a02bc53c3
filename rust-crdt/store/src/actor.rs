//! Who writes: names of actors, and the keys under which their updates are counted.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use chrysalis_crypto::{hex, random};

use crate::error::CrdtError;

/// The longest actor id, in UTF-8 bytes.
pub const MAX_ID_LENGTH: usize = 256;
/// The longest actor key, in UTF-8 bytes.
pub const MAX_KEY_LENGTH: usize = MAX_ID_LENGTH + 1 + INCARNATION_DIGITS;

/// Stands between id and incarnation; no id can hold it.
const SEPARATOR: char = '\u{1f}';
const INCARNATION_DIGITS: usize = 16;

/// The name of an actor: 1 to 256 bytes of UTF-8 without control characters, ordered by its bytes.
///
/// Any such text is a name, `__proto__` and `42` included; nothing is normalised.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ActorId(Arc<str>);

impl ActorId {
    /// The id with this text.
    ///
    /// # Errors
    /// [`CrdtError::InvalidActor`] for an empty or longer text, or one with a control character (category Cc).
    pub fn new(text: &str) -> Result<Self, CrdtError> {
        check_id(text)?;
        Ok(Self(text.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of this id alone. Whoever uses it makes sure that nobody else writes under it.
    #[must_use]
    pub fn to_key(&self) -> ActorKey {
        ActorKey(Arc::clone(&self.0))
    }

    /// The key of one incarnation of this actor.
    #[must_use]
    pub fn incarnation(&self, incarnation: u64) -> ActorKey {
        ActorKey(format!("{}{SEPARATOR}{incarnation:016x}", self.0).into())
    }

    /// The key of a new incarnation, drawn at random.
    ///
    /// # Errors
    /// [`CrdtError::RandomUnavailable`] when the system gives no randomness.
    pub fn make_incarnation(&self) -> Result<ActorKey, CrdtError> {
        let bytes = random::array().map_err(|_| CrdtError::RandomUnavailable)?;
        Ok(self.incarnation(u64::from_le_bytes(bytes)))
    }
}

/// What updates are counted under: an actor id, or an actor id with an incarnation, ordered by its bytes.
///
/// As text it is the id, or the id, U+001F and the incarnation as 16 lower-case hexadecimal digits.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ActorKey(Arc<str>);

impl ActorKey {
    /// The key with this text.
    ///
    /// # Errors
    /// [`CrdtError::InvalidActor`] for a text that is not in the form above.
    pub fn new(text: &str) -> Result<Self, CrdtError> {
        let id = match text.split_once(SEPARATOR) {
            Some((id, digits)) => {
                let lower = digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
                if digits.len() != INCARNATION_DIGITS || !lower {
                    return Err(CrdtError::InvalidActor("incarnation is not 16 lower-case digits"));
                }
                id
            }
            None => text,
        };
        check_id(id)?;
        Ok(Self(text.into()))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The actor's id as text.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.split_once(SEPARATOR).map_or(&*self.0, |(id, _)| id)
    }

    /// The incarnation, if the key has one.
    #[must_use]
    pub fn incarnation(&self) -> Option<u64> {
        let (_, digits) = self.0.split_once(SEPARATOR)?;
        hex::decode_array(digits).ok().map(u64::from_be_bytes)
    }
}

impl From<&ActorId> for ActorKey {
    fn from(id: &ActorId) -> Self {
        id.to_key()
    }
}

impl Borrow<str> for ActorKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ActorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_id(text: &str) -> Result<(), CrdtError> {
    if text.is_empty() || text.len() > MAX_ID_LENGTH {
        return Err(CrdtError::InvalidActor("id is not 1 to 256 bytes"));
    }
    if text.chars().any(char::is_control) {
        return Err(CrdtError::InvalidActor("id has a control character"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked_and_nothing_else_is_special() {
        for text in ["a", "__proto__", "constructor", "42", "ä\u{1f600}", &"x".repeat(256)] {
            assert_eq!(ActorId::new(text).unwrap().as_str(), text);
        }
        for text in ["", &"x".repeat(257), "a\u{0}", "a\nb", "\u{7f}", "\u{9f}", "a\u{1f}0123456789abcdef"] {
            assert!(matches!(ActorId::new(text), Err(CrdtError::InvalidActor(_))), "{text:?}");
        }
    }

    #[test]
    fn keys_carry_an_incarnation_or_none() {
        let id = ActorId::new("agent").unwrap();
        let key = id.incarnation(0xabc);
        assert_eq!(key.as_str(), "agent\u{1f}0000000000000abc");
        assert_eq!(ActorKey::new(key.as_str()), Ok(key.clone()));
        assert_eq!((key.id(), key.incarnation()), ("agent", Some(0xabc)));
        assert_eq!((id.to_key().id(), id.to_key().incarnation()), ("agent", None));
        assert_ne!(id.make_incarnation(), id.make_incarnation());
        for text in
            ["a\u{1f}", "a\u{1f}0000000000000ABC", "a\u{1f}0000000000000abc0", "\u{1f}0000000000000abc"]
        {
            assert!(ActorKey::new(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn order_is_that_of_the_bytes() {
        // UTF-16 order has these the other way round.
        assert!(ActorId::new("\u{ff5e}").unwrap() < ActorId::new("\u{1f600}").unwrap());
        assert!(ActorKey::new("B").unwrap() < ActorKey::new("a").unwrap());
    }
}
