//! Authenticated encryption that survives a repeated nonce: AES-256-GCM-SIV (RFC 8452).
//!
//! A sealed message is `nonce(12) ‖ ciphertext ‖ tag(16)`. The nonce is drawn for every message. Should one repeat,
//! all that shows is whether the two messages and their associated data are the same.

use zeroize::Zeroizing;

use crate::aes::backend;
use crate::error::CryptoError;
use crate::stack::{SHALLOW, scrubbed};
use crate::{random, sealed};

/// Length of a key.
pub const KEY_LENGTH: usize = 32;
/// Length of the nonce at the start of a sealed message.
pub const NONCE_LENGTH: usize = 12;
/// Length of the tag at the end of a sealed message.
pub const TAG_LENGTH: usize = 16;
/// What sealing adds to the length of a message.
pub const OVERHEAD: usize = NONCE_LENGTH + TAG_LENGTH;

/// Seals `data` under a 32-byte key and authenticates `aad`, which is not part of the output.
///
/// # Errors
/// [`CryptoError::InvalidKeyLength`]; [`CryptoError::EncryptFailed`] when the data is over
/// [`MAX_PLAINTEXT_LENGTH`](crate::aead::MAX_PLAINTEXT_LENGTH) or there is no memory for the result;
/// [`CryptoError::RandomUnavailable`].
pub fn aes_gcm_siv_encrypt(data: &[u8], key: &[u8], aad: &[u8]) -> Result<Vec<u8>, CryptoError> {
    encrypt_with_nonce(data, sealed::key(key)?, aad, &random::array()?)
}

/// Opens what [`aes_gcm_siv_encrypt`] sealed with the same key and `aad`.
///
/// No plaintext is given out unless the tag holds. It is wiped when the returned value is dropped.
///
/// # Errors
/// [`CryptoError::InvalidKeyLength`]; [`CryptoError::DataTooShort`] below 28 bytes; [`CryptoError::DecryptFailed`]
/// for a wrong key, wrong `aad` or any changed byte, without saying which.
pub fn aes_gcm_siv_decrypt(sealed: &[u8], key: &[u8], aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let key = sealed::key(key)?;
    sealed::open(sealed, |nonce, buffer, tag| open_in_place(key, nonce, aad, buffer, tag))
}

/// [`aes_gcm_siv_encrypt`] into `out`, which must have exactly [`OVERHEAD`] bytes more than the data.
///
/// # Errors
/// As there, and [`CryptoError::InvalidArgument`] for another length of `out`.
pub fn aes_gcm_siv_encrypt_into(
    data: &[u8],
    key: &[u8],
    aad: &[u8],
    out: &mut [u8],
) -> Result<(), CryptoError> {
    let (key, nonce) = (sealed::key(key)?, random::array()?);
    sealed::seal_into(&nonce, data, out, |text| {
        seal_in_place(key, &nonce, aad, text.into_out_with_copied_in())
    })
}

/// [`aes_gcm_siv_decrypt`] into `out`, which must have exactly [`OVERHEAD`] bytes less than the message.
///
/// The message is decrypted in `out`: while this runs it may hold what has not been authenticated yet, after a failure
/// it is zero.
///
/// # Errors
/// As there, and [`CryptoError::InvalidArgument`] for another length of `out`.
pub fn aes_gcm_siv_decrypt_into(
    sealed: &[u8],
    key: &[u8],
    aad: &[u8],
    out: &mut [u8],
) -> Result<(), CryptoError> {
    let key = sealed::key(key)?;
    sealed::open_into(sealed, out, |nonce, text, tag| {
        open_in_place(key, nonce, aad, text.into_out_with_copied_in(), tag)
    })
}

fn encrypt_with_nonce(
    data: &[u8],
    key: &[u8; KEY_LENGTH],
    aad: &[u8],
    nonce: &[u8; NONCE_LENGTH],
) -> Result<Vec<u8>, CryptoError> {
    sealed::seal(b"", nonce, data, |buffer| seal_in_place(key, nonce, aad, buffer))
}

fn seal_in_place(
    key: &[u8; KEY_LENGTH],
    nonce: &[u8; NONCE_LENGTH],
    aad: &[u8],
    buffer: &mut [u8],
) -> Option<[u8; TAG_LENGTH]> {
    scrubbed::<SHALLOW, _>(|| backend::siv_seal_in_place(key, nonce, aad, buffer))
}

fn open_in_place(
    key: &[u8; KEY_LENGTH],
    nonce: &[u8; NONCE_LENGTH],
    aad: &[u8],
    buffer: &mut [u8],
    tag: &[u8; TAG_LENGTH],
) -> Option<()> {
    scrubbed::<SHALLOW, _>(|| backend::siv_open_in_place(key, nonce, aad, buffer, tag))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    const KEY: [u8; 32] = [5; 32];

    #[test]
    fn rfc_8452_appendix_c_2() {
        let key =
            hex::decode_array("0100000000000000000000000000000000000000000000000000000000000000").unwrap();
        let nonce = hex::decode_array("030000000000000000000000").unwrap();
        for (text, aad, expected) in [
            ("", "", "07f5f4169bbf55a8400cd47ea6fd400f"),
            ("0100000000000000", "", "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28"),
            ("0200000000000000", "01", "1de22967237a813291213f267e3b452f02d01ae33e4ec854"),
        ] {
            let (text, aad) = (hex::decode(text).unwrap(), hex::decode(aad).unwrap());
            let sealed = encrypt_with_nonce(&text, &key, &aad, &nonce).unwrap();
            assert_eq!(hex::encode(&sealed[12..]), expected);
            assert_eq!(*aes_gcm_siv_decrypt(&sealed, &key, &aad).unwrap(), text);
        }
    }

    #[test]
    fn every_seal_is_fresh_and_each_fault_has_its_error() {
        let sealed = aes_gcm_siv_encrypt(b"text", &KEY, b"place").unwrap();
        assert_ne!(sealed, aes_gcm_siv_encrypt(b"text", &KEY, b"place").unwrap());
        assert_eq!(*aes_gcm_siv_decrypt(&sealed, &KEY, b"place").unwrap(), b"text");
        let wrong = CryptoError::InvalidKeyLength { expected: 32, actual: 31 };
        assert_eq!(aes_gcm_siv_encrypt(b"", &KEY[..31], b""), Err(wrong.clone()));
        assert_eq!(aes_gcm_siv_decrypt(&sealed, &KEY[..31], b""), Err(wrong));
        for length in 0..sealed.len() {
            let expected =
                if length < OVERHEAD { CryptoError::DataTooShort } else { CryptoError::DecryptFailed };
            assert_eq!(aes_gcm_siv_decrypt(&sealed[..length], &KEY, b"place"), Err(expected));
        }
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(aes_gcm_siv_decrypt(&flipped, &KEY, b"place"), Err(CryptoError::DecryptFailed));
        }
        assert_eq!(aes_gcm_siv_decrypt(&sealed, &KEY, b""), Err(CryptoError::DecryptFailed));
        assert_eq!(aes_gcm_siv_decrypt(&sealed, &[6; 32], b"place"), Err(CryptoError::DecryptFailed));
    }
}
