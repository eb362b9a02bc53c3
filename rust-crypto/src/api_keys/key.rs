//! An API key in memory.

use zeroize::Zeroizing;

use crate::error::CryptoError;
use crate::secret::SecretBytes;

/// An API key: wiped on drop, never shown, compared in constant time, not cloneable.
///
/// Its form is not checked: that is what [`validate_key_format`](super::validate_key_format) is for.
#[derive(Eq, PartialEq)]
pub struct ApiKey(SecretBytes);

impl ApiKey {
    /// Takes the key out of `text`, whose memory is wiped.
    ///
    /// # Errors
    /// [`CryptoError::InvalidArgument`] above 2^30 bytes or when there is no memory for it.
    pub fn new(text: String) -> Result<Self, CryptoError> {
        // Zeroizing also wipes what the string had reserved beyond its length.
        let mut bytes = Zeroizing::new(text.into_bytes());
        Self::from_bytes(&mut bytes)
    }

    /// Takes the key out of `bytes`, which are zero afterwards.
    ///
    /// # Errors
    /// As [`new`](Self::new); `bytes` are wiped in that case too.
    pub fn from_bytes(bytes: &mut [u8]) -> Result<Self, CryptoError> {
        SecretBytes::from_slice_wiping(bytes).map(Self)
    }

    /// Number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lets `use_key` see the bytes and gives what it returns.
    pub fn expose<R>(&self, use_key: impl FnOnce(&[u8]) -> R) -> R {
        self.0.expose(use_key)
    }

    /// Overwrites the key and leaves none.
    pub fn wipe(&mut self) {
        self.0.wipe();
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiKey([REDACTED])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_takes_its_source_and_shows_nothing() {
        let mut source = *b"a key of no provider";
        let mut key = ApiKey::from_bytes(&mut source).unwrap();
        assert_eq!(source, [0; 20]);
        assert_eq!(key, ApiKey::new("a key of no provider".to_owned()).unwrap());
        assert_eq!(key.len(), 20);
        assert_eq!(format!("{key:?} {key:#?}"), "ApiKey([REDACTED]) ApiKey([REDACTED])");
        key.wipe();
        assert!(key.is_empty());
    }
}
