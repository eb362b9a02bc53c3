//! Bytes that must not outlive their use.

use zeroize::Zeroize as _;

use crate::compare::constant_time_eq;
use crate::error::CryptoError;
use crate::memory::Memory;
use crate::random;

/// Secret bytes: never reallocated, wiped on drop, never shown, compared in constant time, not cloneable.
///
/// The buffer is given its length once and cannot grow, so no moved-from copy is left behind. Reading is only
/// possible inside [`expose`](Self::expose), which keeps the places that see the secret few and easy to find. Natively
/// the memory is locked where the system allows, left out of core dumps where it can (Linux), and a buffer of a page or
/// more ends at a page that nobody may touch; see [`secure_memory`](crate::secure_memory). In WebAssembly it is
/// ordinary memory.
pub struct SecretBytes(Memory);

impl SecretBytes {
    /// A buffer of `length` zero bytes, to be filled through [`expose_mut`](Self::expose_mut).
    ///
    /// # Errors
    /// [`CryptoError::InvalidArgument`] above 2^30 or when there is no memory for it.
    pub fn zeroed(length: usize) -> Result<Self, CryptoError> {
        Memory::zeroed(length).map(Self)
    }

    /// A buffer of `length` random bytes.
    ///
    /// # Errors
    /// As [`zeroed`](Self::zeroed), and [`CryptoError::RandomUnavailable`].
    pub fn random(length: usize) -> Result<Self, CryptoError> {
        let mut secret = Self::zeroed(length)?;
        random::fill(secret.0.as_mut_slice())?;
        Ok(secret)
    }

    /// Takes the bytes out of `source`, which is zero afterwards.
    ///
    /// # Errors
    /// As [`zeroed`](Self::zeroed); `source` is wiped in that case too.
    pub fn from_slice_wiping(source: &mut [u8]) -> Result<Self, CryptoError> {
        let secret = Self::zeroed(source.len()).map(|mut secret| {
            secret.0.as_mut_slice().copy_from_slice(source);
            secret
        });
        source.zeroize();
        secret
    }

    /// Number of bytes; 0 after [`wipe`](Self::wipe).
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.as_slice().len()
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.as_slice().is_empty()
    }

    /// Lets `use_bytes` see the bytes and gives what it returns.
    pub fn expose<R>(&self, use_bytes: impl FnOnce(&[u8]) -> R) -> R {
        use_bytes(self.0.as_slice())
    }

    /// Lets `use_bytes` change the bytes, not their number, and gives what it returns.
    pub fn expose_mut<R>(&mut self, use_bytes: impl FnOnce(&mut [u8]) -> R) -> R {
        use_bytes(self.0.as_mut_slice())
    }

    /// Overwrites the bytes with zeros and leaves the buffer empty.
    ///
    /// Empty and not all zeros: a wiped key that is used by mistake is a length error, never a key anyone knows.
    pub fn wipe(&mut self) {
        // Dropping it wipes it.
        self.0 = Memory::empty();
    }

    /// Whether the bytes are kept out of swap. Never in WebAssembly, and not where the system's limit is reached; never
    /// for no bytes.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.0.is_locked()
    }

    /// The buffer, provided that it is locked; otherwise it is wiped.
    ///
    /// # Errors
    /// [`CryptoError::MemoryNotLocked`].
    pub fn require_lock(self) -> Result<Self, CryptoError> {
        if self.is_locked() { Ok(self) } else { Err(CryptoError::MemoryNotLocked) }
    }
}

impl Eq for SecretBytes {}

impl PartialEq for SecretBytes {
    /// As [`constant_time_eq`].
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq(self.0.as_slice(), other.0.as_slice())
    }
}

impl std::fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretBytes([REDACTED])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_is_wiped_and_the_bytes_are_kept() {
        let mut source = *b"key material";
        let secret = SecretBytes::from_slice_wiping(&mut source).unwrap();
        assert_eq!(source, [0; 12]);
        assert_eq!(secret.len(), 12);
        assert!(secret.expose(|bytes| bytes == b"key material"));
    }

    #[test]
    fn a_wiped_secret_is_empty_and_no_longer_a_key() {
        let mut secret = SecretBytes::random(32).unwrap();
        assert!(secret.expose(|key| crate::aead::xchacha20poly1305_encrypt(b"", key, b"").is_ok()));
        secret.wipe();
        assert!(secret.is_empty());
        assert_eq!(
            secret.expose(|key| crate::aead::xchacha20poly1305_encrypt(b"", key, b"")),
            Err(CryptoError::InvalidKeyLength { expected: 32, actual: 0 })
        );
        secret.wipe();
        assert!(secret.is_empty());
    }

    #[test]
    fn equality_is_of_contents() {
        let secret = |byte| SecretBytes::from_slice_wiping(&mut [byte; 16]).unwrap();
        assert_eq!(secret(1), secret(1));
        assert_ne!(secret(1), secret(2));
        assert_ne!(secret(1), SecretBytes::zeroed(15).unwrap());
        assert_ne!(SecretBytes::random(16).unwrap(), SecretBytes::random(16).unwrap());
    }

    #[test]
    fn filling_works_in_place_and_sizes_are_bounded() {
        let mut secret = SecretBytes::zeroed(3).unwrap();
        secret.expose_mut(|bytes| bytes.copy_from_slice(b"abc"));
        assert!(secret.expose(|bytes| bytes == b"abc"));
        assert_eq!(SecretBytes::zeroed(random::MAX_LENGTH + 1).unwrap_err().code(), "INVALID_ARGUMENT");
    }

    #[test]
    fn a_lock_is_reported_and_can_be_required() {
        let secret = SecretBytes::random(32).unwrap();
        if secret.is_locked() {
            assert!(secret.require_lock().unwrap().is_locked());
        } else {
            assert_eq!(secret.require_lock(), Err(CryptoError::MemoryNotLocked));
        }
        assert_eq!(SecretBytes::zeroed(0).unwrap().require_lock(), Err(CryptoError::MemoryNotLocked));
    }

    #[test]
    fn debug_shows_nothing() {
        let secret = SecretBytes::from_slice_wiping(&mut [65; 8]).unwrap();
        assert_eq!(format!("{secret:?} {secret:#?}"), "SecretBytes([REDACTED]) SecretBytes([REDACTED])");
    }
}
