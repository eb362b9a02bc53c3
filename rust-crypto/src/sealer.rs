//! AES-256-GCM under one key with a count of its messages.

use std::sync::atomic::{AtomicU64, Ordering};

use zeroize::Zeroizing;

use crate::aes;
use crate::error::CryptoError;
use crate::secret::SecretBytes;

/// An AES-256-GCM key that refuses to seal more than 2^32 messages.
///
/// Random nonces of 96 bits repeat with probability 2^-32 after that many (NIST SP 800-38D section 8.3), and one
/// repeated nonce gives the authentication key away. The count is of this value: where a key outlives it, keep
/// [`sealed_messages`](Self::sealed_messages) with the key and [`resume`](Self::resume). Opening is not counted. The
/// key is wiped on drop. Messages have the layout of [`aes`].
pub struct Sealer {
    key: SecretBytes,
    sealed_messages: AtomicU64,
}

impl Sealer {
    /// How many messages one key seals.
    pub const MESSAGE_LIMIT: u64 = 1 << 32;

    /// A sealer of a 32-byte key that has sealed nothing.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKeyLength`].
    pub fn new(key: &[u8]) -> Result<Self, CryptoError> {
        Self::resume(key, 0)
    }

    /// A sealer of a 32-byte key that has sealed `sealed_messages` messages.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKeyLength`].
    pub fn resume(key: &[u8], sealed_messages: u64) -> Result<Self, CryptoError> {
        if key.len() != aes::KEY_LENGTH {
            return Err(CryptoError::InvalidKeyLength { expected: aes::KEY_LENGTH, actual: key.len() });
        }
        let mut copy = SecretBytes::zeroed(key.len())?;
        copy.expose_mut(|bytes| bytes.copy_from_slice(key));
        Ok(Self { key: copy, sealed_messages: AtomicU64::new(sealed_messages) })
    }

    /// How many messages the key has sealed; one that failed may have been counted.
    #[must_use]
    pub fn sealed_messages(&self) -> u64 {
        self.sealed_messages.load(Ordering::Relaxed)
    }

    /// As [`aes::aes_gcm_encrypt_aad`].
    ///
    /// # Errors
    /// [`CryptoError::KeyExhausted`] after [`MESSAGE_LIMIT`](Self::MESSAGE_LIMIT) messages, otherwise as there.
    pub fn seal(&self, plaintext: &[u8], aad: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.sealed_messages
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
                (count < Self::MESSAGE_LIMIT).then(|| count + 1)
            })
            .map_err(|_| CryptoError::KeyExhausted)?;
        self.key.expose(|key| aes::aes_gcm_encrypt_aad(plaintext, key, aad))
    }

    /// As [`aes::aes_gcm_decrypt_aad`].
    ///
    /// # Errors
    /// As there.
    pub fn open(&self, sealed: &[u8], aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        self.key.expose(|key| aes::aes_gcm_decrypt_aad(sealed, key, aad))
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").field("sealed_messages", &self.sealed_messages()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_message_is_sealed_and_the_next_refused() {
        let sealer = Sealer::resume(&[1; 32], Sealer::MESSAGE_LIMIT - 2).unwrap();
        let first = sealer.seal(b"a", b"aad").unwrap();
        sealer.seal(b"b", b"aad").unwrap();
        assert_eq!(sealer.seal(b"c", b"aad"), Err(CryptoError::KeyExhausted));
        assert_eq!(sealer.sealed_messages(), Sealer::MESSAGE_LIMIT);
        assert_eq!(*sealer.open(&first, b"aad").unwrap(), b"a", "an exhausted key still opens");
        let spent = Sealer::resume(&[1; 32], u64::MAX).unwrap();
        assert_eq!(spent.seal(b"", b""), Err(CryptoError::KeyExhausted));
    }

    #[test]
    fn messages_are_those_of_the_functions_without_a_count() {
        let sealer = Sealer::new(&[1; 32]).unwrap();
        let sealed = sealer.seal(b"text", b"aad").unwrap();
        assert_eq!(*aes::aes_gcm_decrypt_aad(&sealed, &[1; 32], b"aad").unwrap(), b"text");
        assert_eq!(sealer.sealed_messages(), 1);
        assert_eq!(
            Sealer::new(&[1; 31]).unwrap_err(),
            CryptoError::InvalidKeyLength { expected: 32, actual: 31 }
        );
        assert_eq!(format!("{sealer:?}"), "Sealer { sealed_messages: 1, .. }");
    }
}
