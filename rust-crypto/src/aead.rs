//! Authenticated encryption: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03).
//!
//! A sealed message is `nonce(24) ‖ ciphertext ‖ tag(16)`. The nonce is drawn from the operating system for
//! every message and no function takes one: at 192 bits random nonces do not repeat in practice, so a key has no
//! message count to keep.

use zeroize::Zeroizing;

use crate::error::CryptoError;
use crate::stack::{SHALLOW, scrubbed};
use crate::{random, sealed};

/// Length of a key.
pub const KEY_LENGTH: usize = 32;
/// Length of the nonce at the start of a sealed message.
pub const NONCE_LENGTH: usize = 24;
/// Length of the tag at the end of a sealed message.
pub const TAG_LENGTH: usize = 16;
/// What sealing adds to the length of a message.
pub const OVERHEAD: usize = NONCE_LENGTH + TAG_LENGTH;
/// The longest message: 2 GiB less room for the overhead, so that lengths fit 32-bit targets.
pub const MAX_PLAINTEXT_LENGTH: usize = sealed::MAX_PLAINTEXT_LENGTH;

/// Seals `data` under a 32-byte key: `nonce(24) ‖ ciphertext ‖ tag(16)`.
///
/// `aad` is authenticated and not part of the output; opening needs the same bytes. Put into it what the
/// message belongs to, so that it cannot be moved elsewhere. Empty data and empty `aad` are valid.
///
/// # Errors
/// [`CryptoError::InvalidKeyLength`]; [`CryptoError::EncryptFailed`] when the data is over
/// [`MAX_PLAINTEXT_LENGTH`] or there is no memory for the result; [`CryptoError::RandomUnavailable`].
pub fn xchacha20poly1305_encrypt(data: &[u8], key: &[u8], aad: &[u8]) -> Result<Vec<u8>, CryptoError> {
    seal_with_nonce(sealed::key(key)?, data, aad, &random::array()?)
}

/// Opens what [`xchacha20poly1305_encrypt`] sealed with the same key and `aad`.
///
/// No plaintext is given out unless the tag holds. It is wiped when the returned value is dropped.
///
/// # Errors
/// [`CryptoError::InvalidKeyLength`]; [`CryptoError::DataTooShort`] below 40 bytes;
/// [`CryptoError::DecryptFailed`] for a wrong key, wrong `aad` or any changed byte, without saying which.
pub fn xchacha20poly1305_decrypt(
    sealed: &[u8],
    key: &[u8],
    aad: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let key = sealed::key(key)?;
    sealed::open(sealed, |nonce, buffer, tag| {
        scrubbed::<SHALLOW, _>(|| open_in_place(key, nonce, aad, buffer, tag))
    })
}

/// [`xchacha20poly1305_encrypt`] into `out`, which must have exactly [`OVERHEAD`] bytes more than the data.
///
/// # Errors
/// As there, and [`CryptoError::InvalidArgument`] for another length of `out`.
pub fn xchacha20poly1305_encrypt_into(
    data: &[u8],
    key: &[u8],
    aad: &[u8],
    out: &mut [u8],
) -> Result<(), CryptoError> {
    let (key, nonce) = (sealed::key(key)?, random::array()?);
    sealed::seal_into(&nonce, data, out, |text| {
        scrubbed::<SHALLOW, _>(|| seal_in_place(key, &nonce, aad, text.into_out_with_copied_in()))
    })
}

/// [`xchacha20poly1305_decrypt`] into `out`, which must have exactly [`OVERHEAD`] bytes less than the message.
///
/// The message is decrypted in `out`: while this runs it may hold what has not been authenticated yet, after a failure
/// it is zero.
///
/// # Errors
/// As there, and [`CryptoError::InvalidArgument`] for another length of `out`.
pub fn xchacha20poly1305_decrypt_into(
    sealed: &[u8],
    key: &[u8],
    aad: &[u8],
    out: &mut [u8],
) -> Result<(), CryptoError> {
    let key = sealed::key(key)?;
    sealed::open_into(sealed, out, |nonce, text, tag| {
        scrubbed::<SHALLOW, _>(|| open_in_place(key, nonce, aad, text.into_out_with_copied_in(), tag))
    })
}

fn seal_with_nonce(
    key: &[u8; KEY_LENGTH],
    data: &[u8],
    aad: &[u8],
    nonce: &[u8; NONCE_LENGTH],
) -> Result<Vec<u8>, CryptoError> {
    sealed::seal(b"", nonce, data, |buffer| scrubbed::<SHALLOW, _>(|| seal_in_place(key, nonce, aad, buffer)))
}

/// Encrypts `buffer` and gives the tag; `None` when it is longer than may be sealed. Leaves traces of the key on the stack:
/// to be called within [`scrubbed`].
pub(crate) fn seal_in_place(
    key: &[u8; KEY_LENGTH],
    nonce: &[u8; NONCE_LENGTH],
    aad: &[u8],
    buffer: &mut [u8],
) -> Option<[u8; TAG_LENGTH]> {
    backend::seal_in_place(key, nonce, aad, buffer)
}

/// Checks the tag and decrypts `buffer`, whose contents are nothing to use after `None`. To be called within [`scrubbed`].
pub(crate) fn open_in_place(
    key: &[u8; KEY_LENGTH],
    nonce: &[u8; NONCE_LENGTH],
    aad: &[u8],
    buffer: &mut [u8],
    tag: &[u8; TAG_LENGTH],
) -> Option<()> {
    backend::open_in_place(key, nonce, aad, buffer, tag)
}

#[cfg(not(target_arch = "wasm32"))]
use native as backend;
#[cfg(all(target_arch = "wasm32", not(target_feature = "simd128")))]
use portable as backend;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use simd as backend;

/// The kernel of 128-bit lanes.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd {
    use chrysalis_kernels::xchacha;

    use super::{KEY_LENGTH, NONCE_LENGTH, TAG_LENGTH};

    pub(super) fn seal_in_place(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        buffer: &mut [u8],
    ) -> Option<[u8; TAG_LENGTH]> {
        Some(xchacha::encrypt(key, nonce, aad, buffer))
    }

    pub(super) fn open_in_place(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_LENGTH],
    ) -> Option<()> {
        xchacha::decrypt(key, nonce, aad, buffer, tag).then_some(())
    }
}

/// The `chacha20poly1305` crate: any target, and the oracle of the others.
#[cfg(any(all(target_arch = "wasm32", not(target_feature = "simd128")), test))]
mod portable {
    use chacha20poly1305::{AeadInOut as _, KeyInit as _, XChaCha20Poly1305};

    use super::{KEY_LENGTH, NONCE_LENGTH, TAG_LENGTH};

    pub(super) fn seal_in_place(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        buffer: &mut [u8],
    ) -> Option<[u8; TAG_LENGTH]> {
        let cipher = XChaCha20Poly1305::new(key.into());
        cipher.encrypt_inout_detached(nonce.into(), aad, buffer.into()).ok().map(Into::into)
    }

    pub(super) fn open_in_place(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_LENGTH],
    ) -> Option<()> {
        let cipher = XChaCha20Poly1305::new(key.into());
        cipher.decrypt_inout_detached(nonce.into(), aad, buffer.into(), tag.into()).ok()
    }
}

/// ChaCha20-Poly1305 of `ring`, fused and a multiple faster on short messages, under the subkey that makes it XChaCha.
/// It does not wipe its keys.
#[cfg(not(target_arch = "wasm32"))]
mod native {
    use chacha20::{R20, hchacha};
    use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, Tag, UnboundKey};
    use zeroize::Zeroize as _;

    use super::{KEY_LENGTH, NONCE_LENGTH, TAG_LENGTH};

    pub(super) fn seal_in_place(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        buffer: &mut [u8],
    ) -> Option<[u8; TAG_LENGTH]> {
        let (cipher, nonce) = cipher(key, nonce)?;
        let tag = cipher.seal_in_place_separate_tag(nonce, Aad::from(aad), buffer).ok()?;
        tag.as_ref().try_into().ok()
    }

    pub(super) fn open_in_place(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_LENGTH],
    ) -> Option<()> {
        let (cipher, nonce) = cipher(key, nonce)?;
        let opened = cipher.open_in_place_separate_tag(nonce, Aad::from(aad), Tag::from(*tag), buffer, 0..);
        opened.ok().map(|_| ())
    }

    /// draft-irtf-cfrg-xchacha-03 section 2.3: HChaCha20 of the first 16 bytes of the nonce gives the key, four zeros
    /// and the other eight bytes are the nonce.
    fn cipher(key: &[u8; KEY_LENGTH], nonce: &[u8; NONCE_LENGTH]) -> Option<(LessSafeKey, Nonce)> {
        let (first, last) = nonce.split_first_chunk::<16>()?;
        let mut subkey = hchacha::<R20>(key.into(), first.into());
        let cipher = UnboundKey::new(&CHACHA20_POLY1305, &subkey).ok().map(LessSafeKey::new);
        subkey.as_mut_slice().zeroize();
        let mut rest = [0; 12];
        rest[4..].copy_from_slice(last);
        Some((cipher?, Nonce::assume_unique_for_key(rest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [5; 32];

    #[test]
    fn draft_irtf_cfrg_xchacha_03_section_a_3_1() {
        let key: [u8; 32] = std::array::from_fn(|i| 0x80 + u8::try_from(i).unwrap());
        let nonce: [u8; 24] = std::array::from_fn(|i| 0x40 + u8::try_from(i).unwrap());
        let aad = crate::hex::decode("50515253c0c1c2c3c4c5c6c7").unwrap();
        let text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the \
                     future, sunscreen would be it.";
        let sealed = seal_with_nonce(&key, text, &aad, &nonce).unwrap();
        assert_eq!(
            crate::hex::encode(&sealed[24..]),
            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39\
             ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9\
             21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49"
        );
        assert_eq!(*xchacha20poly1305_decrypt(&sealed, &key, &aad).unwrap(), text);
    }

    /// ChaCha20-Poly1305 as such, of the implementation that XChaCha20-Poly1305 stands on.
    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn rfc_8439_section_2_8_2() {
        use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
        let key: [u8; 32] = std::array::from_fn(|i| 0x80 + u8::try_from(i).unwrap());
        let nonce = [7, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47];
        let aad = crate::hex::decode("50515253c0c1c2c3c4c5c6c7").unwrap();
        let mut data =
            b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the \
                         future, sunscreen would be it."
                .to_vec();
        let cipher = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &key).unwrap());
        let nonce = Nonce::assume_unique_for_key(nonce);
        cipher.seal_in_place_append_tag(nonce, Aad::from(aad), &mut data).unwrap();
        assert_eq!(
            crate::hex::encode(&data),
            "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b\
             1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc\
             3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691"
        );
    }

    /// Two implementations, every length around their block sizes, both directions.
    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn ring_and_the_chacha20poly1305_crate_give_the_same_bytes() {
        let text: Vec<u8> = (0..=255).cycle().take(1200).collect();
        for length in (0..=300).chain([511, 512, 513, 767, 768, 1023, 1024, 1200]) {
            let (key, nonce) = (random::array().unwrap(), random::array().unwrap());
            let aad = &text[..length % 67];
            let (mut ours, mut oracle) = (text[..length].to_vec(), text[..length].to_vec());
            let tag = native::seal_in_place(&key, &nonce, aad, &mut ours).unwrap();
            assert_eq!(portable::seal_in_place(&key, &nonce, aad, &mut oracle), Some(tag), "{length}");
            assert_eq!(ours, oracle);
            let mut wrong = tag;
            wrong[length % 16] ^= 1;
            assert_eq!(native::open_in_place(&key, &nonce, aad, &mut ours.clone(), &wrong), None);
            assert_eq!(portable::open_in_place(&key, &nonce, aad, &mut ours.clone(), &wrong), None);
            assert_eq!(portable::open_in_place(&key, &nonce, aad, &mut ours, &tag), Some(()));
            assert_eq!(native::open_in_place(&key, &nonce, aad, &mut oracle, &tag), Some(()));
            assert_eq!(ours, text[..length]);
            assert_eq!(oracle, text[..length]);
        }
    }

    #[test]
    fn every_seal_is_fresh_and_opens() {
        let first = xchacha20poly1305_encrypt(b"text", &KEY, b"place").unwrap();
        let second = xchacha20poly1305_encrypt(b"text", &KEY, b"place").unwrap();
        assert_ne!(first, second);
        assert_eq!(first.len(), 4 + OVERHEAD);
        assert_eq!(*xchacha20poly1305_decrypt(&first, &KEY, b"place").unwrap(), b"text");
        let empty = xchacha20poly1305_encrypt(b"", &KEY, b"").unwrap();
        assert_eq!(empty.len(), OVERHEAD);
        assert!(xchacha20poly1305_decrypt(&empty, &KEY, b"").unwrap().is_empty());
    }

    #[test]
    fn each_fault_has_its_error() {
        let sealed = xchacha20poly1305_encrypt(b"text", &KEY, b"place").unwrap();
        let wrong_key = CryptoError::InvalidKeyLength { expected: 32, actual: 31 };
        assert_eq!(xchacha20poly1305_encrypt(b"", &KEY[..31], b""), Err(wrong_key.clone()));
        assert_eq!(xchacha20poly1305_decrypt(&sealed, &KEY[..31], b"place"), Err(wrong_key));
        for length in 0..sealed.len() {
            let expected =
                if length < OVERHEAD { CryptoError::DataTooShort } else { CryptoError::DecryptFailed };
            assert_eq!(xchacha20poly1305_decrypt(&sealed[..length], &KEY, b"place"), Err(expected));
        }
        assert_eq!(xchacha20poly1305_decrypt(&sealed, &KEY, b"plac"), Err(CryptoError::DecryptFailed));
        assert_eq!(xchacha20poly1305_decrypt(&sealed, &[6; 32], b"place"), Err(CryptoError::DecryptFailed));
    }

    #[test]
    fn no_changed_bit_opens() {
        let sealed = xchacha20poly1305_encrypt(b"text", &KEY, b"place").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(xchacha20poly1305_decrypt(&flipped, &KEY, b"place").is_err(), "bit {bit}");
        }
    }
}
