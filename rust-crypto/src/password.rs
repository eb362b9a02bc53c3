//! Data sealed under a password, in the layout of older systems.
//!
//! `salt(32) ‖ nonce(12) ‖ ciphertext ‖ tag(16)`, AES-256-GCM under the 32-byte scrypt key of password and salt with
//! N = 2^14, r = 8, p = 1. Nothing marks the layout or binds the message to a place, and the cost is below what
//! is advised today. It is kept so that what was written stays readable and old readers can be written for; everything
//! new belongs into an [`envelope`], which these functions open as well.

use zeroize::Zeroizing;

use crate::aes::{self, KEY_LENGTH, NONCE_LENGTH, TAG_LENGTH};
use crate::error::CryptoError;
use crate::kdf::{self, SALT_LENGTH, ScryptParams};
use crate::{envelope, random, sealed};

const ENVELOPE_MAGIC: &[u8] = b"CNE1";

/// What sealing adds to the length of a message.
pub const OVERHEAD: usize = SALT_LENGTH + NONCE_LENGTH + TAG_LENGTH;

/// What [`decrypt_with_password_and`] may try besides the layout's own cost.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct DecryptOptions {
    /// Try N = 2^15 when N = 2^14 does not open: one old implementation sealed so. Takes the double time again.
    pub legacy_fallback_n: bool,
}

/// Seals `plaintext` under `password`, the bytes of its UTF-8 form. Takes some 30 ms on purpose.
///
/// For exchange with older systems only; see the module.
///
/// # Errors
/// [`CryptoError::EncryptFailed`] when the plaintext is over
/// [`MAX_PLAINTEXT_LENGTH`](crate::aead::MAX_PLAINTEXT_LENGTH) or there is no memory for the result,
/// [`CryptoError::InvalidArgument`] when there is none for scrypt, [`CryptoError::RandomUnavailable`].
pub fn encrypt_with_password(plaintext: &[u8], password: &[u8]) -> Result<Vec<u8>, CryptoError> {
    seal(plaintext, password, &kdf::generate_salt()?, &random::array()?)
}

/// Opens what [`encrypt_with_password`] sealed, and envelopes that
/// [`seal_with_password`](envelope::seal_with_password) made without a context. The plaintext is wiped when the returned
/// value is dropped.
///
/// # Errors
/// As [`decrypt_with_password_and`].
pub fn decrypt_with_password(encrypted: &[u8], password: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    decrypt_with_password_and(encrypted, password, DecryptOptions::default())
}

/// [`decrypt_with_password`] with options.
///
/// # Errors
/// [`CryptoError::DataTooShort`] below 60 bytes; [`CryptoError::DecryptFailed`] for a wrong password or any changed
/// byte, without saying which; [`CryptoError::Unsupported`] for an envelope of unknown form or whose parameters are out
/// of bounds; [`CryptoError::InvalidArgument`] when there is no memory for the parameters.
pub fn decrypt_with_password_and(
    encrypted: &[u8],
    password: &[u8],
    options: DecryptOptions,
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    if encrypted.len() < OVERHEAD {
        return Err(CryptoError::DataTooShort);
    }
    if !encrypted.starts_with(ENVELOPE_MAGIC) {
        return decrypt_legacy(encrypted, password, options);
    }
    // A random salt begins like an envelope once in 2^32 times.
    envelope::open_with_password(encrypted, password, b"")
        .map(|opened| opened.plaintext)
        .or_else(|fault| decrypt_legacy(encrypted, password, options).map_err(|_| fault))
}

fn decrypt_legacy(
    encrypted: &[u8],
    password: &[u8],
    options: DecryptOptions,
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let (salt, message) = encrypted.split_at(SALT_LENGTH);
    let open = |params| {
        let key = kdf::scrypt(password, salt, params, KEY_LENGTH)?;
        aes::aes_gcm_decrypt(message, &key)
    };
    match open(ScryptParams::LEGACY) {
        Err(CryptoError::DecryptFailed) if options.legacy_fallback_n => open(ScryptParams::new(15, 8, 1)?),
        result => result,
    }
}

fn seal(
    plaintext: &[u8],
    password: &[u8],
    salt: &[u8; SALT_LENGTH],
    nonce: &[u8; NONCE_LENGTH],
) -> Result<Vec<u8>, CryptoError> {
    let key = kdf::scrypt_derive_key(password, salt, KEY_LENGTH)?;
    let key = sealed::key(&key)?;
    sealed::seal(salt, nonce, plaintext, |buffer| aes::seal_in_place(key, nonce, b"", buffer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    const PASSWORD: &[u8] = b"correct horse battery staple";
    const TEXT: &[u8] = b"sk-test-0123456789abcdef";
    const WITH_FALLBACK_N: &str = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f4041424344454647\
        48494a4bad82c2633817ce118109fd9c2f958ba76ad9ad26ee1c00494c057b1668e448ce2a8ac17524595557";

    #[test]
    fn contract_golden_values() {
        let salt = std::array::from_fn(|i| 0x80 + u8::try_from(i).unwrap());
        let nonce = std::array::from_fn(|i| 0x40 + u8::try_from(i).unwrap());
        let sealed = seal(TEXT, PASSWORD, &salt, &nonce).unwrap();
        assert_eq!(
            hex::encode(&sealed),
            "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f404142434445464748494a4bf40f2e75\
             cbae7ce7c134e14559036a25712bb798761aa68c8a78ab2fbd56f7ba90ff0f4ad3060142"
        );
        assert_eq!(*decrypt_with_password(&sealed, PASSWORD).unwrap(), TEXT);
    }

    #[test]
    fn the_fallback_cost_is_tried_only_when_asked() {
        let sealed = hex::decode(WITH_FALLBACK_N).unwrap();
        assert_eq!(decrypt_with_password(&sealed, PASSWORD), Err(CryptoError::DecryptFailed));
        let options = DecryptOptions { legacy_fallback_n: true };
        assert_eq!(*decrypt_with_password_and(&sealed, PASSWORD, options).unwrap(), TEXT);
        let wrong = decrypt_with_password_and(&sealed, b"wrong", options);
        assert_eq!(wrong, Err(CryptoError::DecryptFailed));
    }

    #[test]
    fn envelopes_and_salts_that_look_like_one_are_opened() {
        let kdf = envelope::PasswordKdf::make_argon2id(kdf::Argon2Params::new(8192, 1, 1).unwrap()).unwrap();
        let mut sealed = envelope::seal_with_password(TEXT, PASSWORD, kdf, b"").unwrap();
        assert_eq!(*decrypt_with_password(&sealed, PASSWORD).unwrap(), TEXT);
        assert_eq!(decrypt_with_password(&sealed, b"wrong"), Err(CryptoError::DecryptFailed));
        sealed[4] = 9;
        assert_eq!(decrypt_with_password(&sealed, PASSWORD), Err(CryptoError::Unsupported("envelope suite")));

        let mut salt = [7; 32];
        salt[..4].copy_from_slice(ENVELOPE_MAGIC);
        let sealed = seal(TEXT, PASSWORD, &salt, &[1; 12]).unwrap();
        assert_eq!(*decrypt_with_password(&sealed, PASSWORD).unwrap(), TEXT);
    }

    #[test]
    fn each_fault_has_its_error() {
        let sealed = encrypt_with_password(b"", b"").unwrap();
        assert_eq!(sealed.len(), OVERHEAD);
        assert!(decrypt_with_password(&sealed, b"").unwrap().is_empty());
        assert_ne!(encrypt_with_password(b"", b"").unwrap(), sealed);
        for length in 0..OVERHEAD {
            assert_eq!(decrypt_with_password(&sealed[..length], b""), Err(CryptoError::DataTooShort));
        }
        for byte in [0, 31, 32, 43, 44, 59] {
            let mut changed = sealed.clone();
            changed[byte] ^= 1;
            assert_eq!(decrypt_with_password(&changed, b""), Err(CryptoError::DecryptFailed));
        }
        assert_eq!(decrypt_with_password(&sealed, b" "), Err(CryptoError::DecryptFailed));
    }
}
