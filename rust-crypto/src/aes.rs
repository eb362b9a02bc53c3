//! Authenticated encryption with AES-256-GCM (NIST SP 800-38D).
//!
//! A sealed message is `nonce(12) ‖ ciphertext ‖ tag(16)`, the layout other systems call raw AES-GCM. The nonce is
//! drawn for every message and no function takes one. Random nonces of 96 bits may repeat, so one key must not seal
//! more than 2^32 messages: these functions keep no count, a [`Sealer`](crate::sealer::Sealer) does. Where there
//! is a choice, [`aead`](crate::aead) has no such limit.

#[cfg(target_arch = "x86_64")]
mod avx512;
pub(crate) mod backend;

use zeroize::Zeroizing;

use crate::error::CryptoError;
use crate::{random, sealed};

/// Length of a key.
pub const KEY_LENGTH: usize = 32;
/// Length of the nonce at the start of a sealed message.
pub const NONCE_LENGTH: usize = 12;
/// Length of the tag at the end of a sealed message.
pub const TAG_LENGTH: usize = 16;
/// What sealing adds to the length of a message.
pub const OVERHEAD: usize = NONCE_LENGTH + TAG_LENGTH;
/// The longest message.
pub const MAX_PLAINTEXT_LENGTH: usize = sealed::MAX_PLAINTEXT_LENGTH;

/// A new random key. The copy is wiped when dropped.
///
/// # Errors
/// [`CryptoError::RandomUnavailable`] when the system gives no randomness.
pub fn generate_aes_key() -> Result<Zeroizing<[u8; KEY_LENGTH]>, CryptoError> {
    let mut key = Zeroizing::new([0; KEY_LENGTH]);
    random::fill(key.as_mut_slice())?;
    Ok(key)
}

/// Seals `plaintext` under a 32-byte key: `nonce(12) ‖ ciphertext ‖ tag(16)`.
///
/// Nothing binds the result to its place: messages of one key can be swapped. Prefer [`aes_gcm_encrypt_aad`].
///
/// # Errors
/// As [`aes_gcm_encrypt_aad`].
pub fn aes_gcm_encrypt(plaintext: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
    aes_gcm_encrypt_aad(plaintext, key, b"")
}

/// Opens what [`aes_gcm_encrypt`] sealed with the same key.
///
/// # Errors
/// As [`aes_gcm_decrypt_aad`].
pub fn aes_gcm_decrypt(encrypted: &[u8], key: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    aes_gcm_decrypt_aad(encrypted, key, b"")
}

/// Seals `plaintext` under a 32-byte key and authenticates `aad`, which is not part of the output.
///
/// # Errors
/// [`CryptoError::InvalidKeyLength`]; [`CryptoError::EncryptFailed`] when the plaintext is over
/// [`MAX_PLAINTEXT_LENGTH`] or there is no memory for the result; [`CryptoError::RandomUnavailable`].
pub fn aes_gcm_encrypt_aad(plaintext: &[u8], key: &[u8], aad: &[u8]) -> Result<Vec<u8>, CryptoError> {
    encrypt_with_nonce(plaintext, sealed::key(key)?, aad, &random::array()?)
}

/// Opens what [`aes_gcm_encrypt_aad`] sealed with the same key and `aad`.
///
/// No plaintext is given out unless the tag holds. It is wiped when the returned value is dropped.
///
/// # Errors
/// [`CryptoError::InvalidKeyLength`]; [`CryptoError::DataTooShort`] below 28 bytes; [`CryptoError::DecryptFailed`]
/// for a wrong key, wrong `aad` or any changed byte, without saying which.
pub fn aes_gcm_decrypt_aad(
    encrypted: &[u8],
    key: &[u8],
    aad: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let key = sealed::key(key)?;
    sealed::open(encrypted, |nonce, buffer, tag| open_in_place(key, nonce, aad, buffer, tag))
}

/// [`aes_gcm_encrypt_aad`] into `out`, which must have exactly [`OVERHEAD`] bytes more than the data.
///
/// # Errors
/// As there, and [`CryptoError::InvalidArgument`] for another length of `out`.
pub fn aes_gcm_encrypt_into(
    plaintext: &[u8],
    key: &[u8],
    aad: &[u8],
    out: &mut [u8],
) -> Result<(), CryptoError> {
    let (key, nonce) = (sealed::key(key)?, random::array()?);
    sealed::seal_into(&nonce, plaintext, out, |text| backend::seal(key, &nonce, aad, text))
}

/// [`aes_gcm_decrypt_aad`] into `out`, which must have exactly [`OVERHEAD`] bytes less than the message.
///
/// The message is decrypted in `out`: while this runs it may hold what has not been authenticated yet, after a failure
/// it is zero.
///
/// # Errors
/// As there, and [`CryptoError::InvalidArgument`] for another length of `out`.
pub fn aes_gcm_decrypt_into(
    encrypted: &[u8],
    key: &[u8],
    aad: &[u8],
    out: &mut [u8],
) -> Result<(), CryptoError> {
    let key = sealed::key(key)?;
    sealed::open_into(encrypted, out, |nonce, text, tag| backend::open(key, nonce, aad, text, tag))
}

/// [`aes_gcm_encrypt_aad`] with the nonce given; the caller answers for its being used once.
pub(crate) fn encrypt_with_nonce(
    plaintext: &[u8],
    key: &[u8; KEY_LENGTH],
    aad: &[u8],
    nonce: &[u8; NONCE_LENGTH],
) -> Result<Vec<u8>, CryptoError> {
    sealed::seal(b"", nonce, plaintext, |buffer| seal_in_place(key, nonce, aad, buffer))
}

/// Encrypts `buffer` and gives the tag; `None` when it is longer than AES-GCM may seal.
pub(crate) fn seal_in_place(
    key: &[u8; KEY_LENGTH],
    nonce: &[u8; NONCE_LENGTH],
    aad: &[u8],
    buffer: &mut [u8],
) -> Option<[u8; TAG_LENGTH]> {
    backend::seal(key, nonce, aad, buffer.into())
}

/// Checks the tag and decrypts `buffer`, whose contents are nothing to use after `None`.
pub(crate) fn open_in_place(
    key: &[u8; KEY_LENGTH],
    nonce: &[u8; NONCE_LENGTH],
    aad: &[u8],
    buffer: &mut [u8],
    tag: &[u8; TAG_LENGTH],
) -> Option<()> {
    backend::open(key, nonce, aad, buffer.into(), tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    const KEY: [u8; 32] = [5; 32];

    fn counting<const N: usize>(first: u8) -> [u8; N] {
        std::array::from_fn(|i| first + u8::try_from(i).unwrap())
    }

    #[test]
    fn contract_golden_value() {
        let (key, nonce) = (counting(0), counting(0x40));
        let sealed = encrypt_with_nonce(b"sk-test-0123456789abcdef", &key, b"", &nonce).unwrap();
        assert_eq!(
            hex::encode(&sealed),
            "404142434445464748494a4b91d28357434ff32efdf52505af51256c41ff333ed4516a4569b4e9671899fe2627bc8dae\
             b6571fe3"
        );
        assert_eq!(*aes_gcm_decrypt(&sealed, &key).unwrap(), b"sk-test-0123456789abcdef");
    }

    #[test]
    fn every_seal_is_fresh_and_opens() {
        let first = aes_gcm_encrypt_aad(b"text", &KEY, b"place").unwrap();
        assert_ne!(first, aes_gcm_encrypt_aad(b"text", &KEY, b"place").unwrap());
        assert_eq!(first.len(), 4 + OVERHEAD);
        assert_eq!(*aes_gcm_decrypt_aad(&first, &KEY, b"place").unwrap(), b"text");
        let empty = aes_gcm_encrypt(b"", &KEY).unwrap();
        assert!(aes_gcm_decrypt(&empty, &KEY).unwrap().is_empty());
        assert_ne!(generate_aes_key().unwrap(), generate_aes_key().unwrap());
    }

    #[test]
    fn each_fault_has_its_error() {
        let sealed = aes_gcm_encrypt_aad(b"text", &KEY, b"place").unwrap();
        for length in [0, 16, 31, 33] {
            let wrong = CryptoError::InvalidKeyLength { expected: 32, actual: length };
            assert_eq!(aes_gcm_encrypt(b"", &[0; 33][..length]), Err(wrong.clone()));
            assert_eq!(aes_gcm_decrypt(&sealed, &[0; 33][..length]), Err(wrong));
        }
        for length in 0..sealed.len() {
            let expected =
                if length < OVERHEAD { CryptoError::DataTooShort } else { CryptoError::DecryptFailed };
            assert_eq!(aes_gcm_decrypt_aad(&sealed[..length], &KEY, b"place"), Err(expected));
        }
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(aes_gcm_decrypt_aad(&flipped, &KEY, b"place"), Err(CryptoError::DecryptFailed));
        }
        assert_eq!(aes_gcm_decrypt(&sealed, &KEY), Err(CryptoError::DecryptFailed));
        assert_eq!(aes_gcm_decrypt_aad(&sealed, &[6; 32], b"place"), Err(CryptoError::DecryptFailed));
    }
}
