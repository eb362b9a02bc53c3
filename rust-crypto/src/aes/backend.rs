//! Where AES is computed: `ring` natively for AES-GCM, our kernels of 128-bit lanes in WebAssembly for everything, the
//! crates for the rest and as oracle.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) use lanes::*;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use native::{open_in_place, seal_in_place};
#[cfg(all(target_arch = "wasm32", not(target_feature = "simd128")))]
pub(crate) use portable::*;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use portable::{Block, open_with_long_nonce, siv_open_in_place, siv_seal_in_place};

const KEY_LENGTH: usize = super::KEY_LENGTH;
const NONCE_LENGTH: usize = super::NONCE_LENGTH;
const TAG_LENGTH: usize = super::TAG_LENGTH;
/// The nonce of records that some older systems wrote.
const LONG_NONCE_LENGTH: usize = 16;

/// Our kernels, so that a package has one AES.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod lanes {
    pub(crate) use chrysalis_kernels::aes::Aes256 as Block;
    use chrysalis_kernels::{gcm, siv};

    use super::{KEY_LENGTH, LONG_NONCE_LENGTH, NONCE_LENGTH, TAG_LENGTH};

    #[expect(clippy::unnecessary_wraps, reason = "the others refuse what 32 bits do not address")]
    pub(crate) fn seal_in_place(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        buffer: &mut [u8],
    ) -> Option<[u8; TAG_LENGTH]> {
        Some(gcm::encrypt(key, nonce, aad, buffer))
    }

    pub(crate) fn open_in_place(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_LENGTH],
    ) -> Option<()> {
        gcm::decrypt(key, nonce, aad, buffer, tag).then_some(())
    }

    pub(crate) fn open_with_long_nonce(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; LONG_NONCE_LENGTH],
        buffer: &mut [u8],
        tag: &[u8; TAG_LENGTH],
    ) -> Option<()> {
        gcm::decrypt_with_long_nonce(key, nonce, b"", buffer, tag).then_some(())
    }

    #[expect(clippy::unnecessary_wraps, reason = "the others refuse what 32 bits do not address")]
    pub(crate) fn siv_seal_in_place(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        buffer: &mut [u8],
    ) -> Option<[u8; TAG_LENGTH]> {
        Some(siv::encrypt(key, nonce, aad, buffer))
    }

    pub(crate) fn siv_open_in_place(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_LENGTH],
    ) -> Option<()> {
        siv::decrypt(key, nonce, aad, buffer, tag).then_some(())
    }
}

/// The crates of RustCrypto: constant time on every target, and the oracle of the others.
#[cfg(any(not(target_arch = "wasm32"), not(target_feature = "simd128")))]
pub(super) mod portable {
    use aes_gcm::aes::Aes256;
    use aes_gcm::aes::cipher::BlockCipherEncrypt as _;
    use aes_gcm::aes::cipher::consts::U16;
    use aes_gcm::{AeadInOut as _, AesGcm, KeyInit as _};
    #[cfg(any(target_arch = "wasm32", test))]
    use aes_gcm::{Aes256Gcm, Nonce, Tag};
    use aes_gcm_siv::Aes256GcmSiv;

    use super::{KEY_LENGTH, LONG_NONCE_LENGTH, NONCE_LENGTH, TAG_LENGTH};

    #[cfg(any(target_arch = "wasm32", test))]
    pub(crate) fn seal_in_place(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        buffer: &mut [u8],
    ) -> Option<[u8; TAG_LENGTH]> {
        let tag = Aes256Gcm::new(key.into()).encrypt_inout_detached(&Nonce::from(*nonce), aad, buffer.into());
        tag.ok().map(Into::into)
    }

    #[cfg(any(target_arch = "wasm32", test))]
    pub(crate) fn open_in_place(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_LENGTH],
    ) -> Option<()> {
        Aes256Gcm::new(key.into())
            .decrypt_inout_detached(&Nonce::from(*nonce), aad, buffer.into(), &Tag::from(*tag))
            .ok()
    }

    /// AES-256-GCM with a nonce of 16 bytes.
    pub(crate) fn open_with_long_nonce(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; LONG_NONCE_LENGTH],
        buffer: &mut [u8],
        tag: &[u8; TAG_LENGTH],
    ) -> Option<()> {
        AesGcm::<Aes256, U16>::new(key.into())
            .decrypt_inout_detached(nonce.into(), b"", buffer.into(), tag.into())
            .ok()
    }

    pub(crate) fn siv_seal_in_place(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        buffer: &mut [u8],
    ) -> Option<[u8; TAG_LENGTH]> {
        let cipher = Aes256GcmSiv::new(key.into());
        cipher.encrypt_inout_detached(nonce.into(), aad, buffer.into()).ok().map(Into::into)
    }

    pub(crate) fn siv_open_in_place(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_LENGTH],
    ) -> Option<()> {
        let cipher = Aes256GcmSiv::new(key.into());
        cipher.decrypt_inout_detached(nonce.into(), aad, buffer.into(), tag.into()).ok()
    }

    /// AES-256 on single blocks, for what derives keys with it.
    pub(crate) struct Block(Aes256);

    impl Block {
        pub(crate) fn new(key: &[u8; KEY_LENGTH]) -> Self {
            Self(Aes256::new(key.into()))
        }

        pub(crate) fn encrypt_block(&self, block: &mut [u8; 16]) {
            self.0.encrypt_block(block.into());
        }
    }
}

/// `ring`, which interleaves cipher and authenticator. It does not wipe its keys, so the stack is wiped after it.
#[cfg(not(target_arch = "wasm32"))]
pub(super) mod native {
    use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};

    use super::{KEY_LENGTH, NONCE_LENGTH, TAG_LENGTH};
    use crate::stack::{SHALLOW, scrubbed};

    pub(crate) fn seal_in_place(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        buffer: &mut [u8],
    ) -> Option<[u8; TAG_LENGTH]> {
        scrubbed::<SHALLOW, _>(|| {
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let tag = cipher(key)?.seal_in_place_separate_tag(nonce, Aad::from(aad), buffer).ok()?;
            tag.as_ref().try_into().ok()
        })
    }

    pub(crate) fn open_in_place(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_LENGTH],
    ) -> Option<()> {
        scrubbed::<SHALLOW, _>(|| {
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let opened =
                cipher(key)?.open_in_place_separate_tag(nonce, Aad::from(aad), Tag::from(*tag), buffer, 0..);
            opened.ok().map(|_| ())
        })
    }

    fn cipher(key: &[u8; KEY_LENGTH]) -> Option<LessSafeKey> {
        UnboundKey::new(&AES_256_GCM, key).ok().map(LessSafeKey::new)
    }
}
