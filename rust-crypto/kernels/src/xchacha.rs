//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03; RFC 8439, 2.8) on the ChaCha20 of [`chacha`](super::chacha).

use poly1305::Poly1305;
use poly1305::universal_hash::{KeyInit as _, UniversalHash as _};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::chacha;

/// Encrypts `data` in place and returns the tag.
pub fn encrypt(key: &[u8; 32], nonce: &[u8; 24], aad: &[u8], data: &mut [u8]) -> [u8; 16] {
    let message = Message::new(key, nonce);
    chacha::apply(&message.key, &message.nonce, 1, data);
    message.tag(aad, data)
}

/// Decrypts `data` in place if `tag` is its tag; otherwise leaves it as it is and returns `false`.
#[must_use]
pub fn decrypt(key: &[u8; 32], nonce: &[u8; 24], aad: &[u8], data: &mut [u8], tag: &[u8; 16]) -> bool {
    let message = Message::new(key, nonce);
    let is_authentic = bool::from(message.tag(aad, data).ct_eq(tag));
    if is_authentic {
        chacha::apply(&message.key, &message.nonce, 1, data);
    }
    is_authentic
}

struct Message {
    key: Zeroizing<[u32; 8]>,
    nonce: [u32; 3],
}

impl Message {
    fn new(key: &[u8; 32], nonce: &[u8; 24]) -> Self {
        let key = Zeroizing::new(words(key));
        let [a, b, c, d, e, f] = words(nonce);
        Self { key: Zeroizing::new(chacha::derive_key(&key, &[a, b, c, d])), nonce: [0, e, f] }
    }

    fn tag(&self, aad: &[u8], data: &[u8]) -> [u8; 16] {
        // The one-time key of the authenticator is the start of block 0.
        let mut key = Zeroizing::new([0; 32]);
        chacha::apply(&self.key, &self.nonce, 0, key.as_mut_slice());
        let mut authenticator = Poly1305::new((&*key).into());
        authenticator.update_padded(aad);
        authenticator.update_padded(data);
        let mut lengths = [0; 16];
        lengths[..8].copy_from_slice(&(aad.len() as u64).to_le_bytes());
        lengths[8..].copy_from_slice(&(data.len() as u64).to_le_bytes());
        authenticator.update(&[lengths.into()]);
        authenticator.finalize().into()
    }
}

fn words<const BYTES: usize, const WORDS: usize>(bytes: &[u8; BYTES]) -> [u32; WORDS] {
    const { assert!(BYTES == 4 * WORDS) };
    let (words, _) = bytes.as_chunks();
    core::array::from_fn(|i| u32::from_le_bytes(words[i]))
}

#[cfg(test)]
mod tests {
    use chacha20poly1305::{AeadInOut as _, KeyInit as _, XChaCha20Poly1305, XNonce};

    use super::*;
    use crate::tests::bytes;

    /// ChaCha20-Poly1305 as such: what an XChaCha20 message is under its derived key.
    #[test]
    fn rfc_8439_section_2_8_2() {
        let mut data =
            *b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the \
                          future, sunscreen would be it.";
        let key: [u8; 32] = core::array::from_fn(|i| 0x80 + u8::try_from(i).unwrap());
        let nonce = [7, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47];
        let aad = [0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7];
        let message = Message { key: Zeroizing::new(words(&key)), nonce: words(&nonce) };
        chacha::apply(&message.key, &message.nonce, 1, &mut data);
        let hex: String =
            data.iter().chain(&message.tag(&aad, &data)).map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b\
             1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc\
             3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691"
        );
    }

    #[test]
    fn every_length_agrees_with_the_crate() {
        for length in (0..300).chain(500..530).chain([767, 768, 769, 4096, 5000, 66_000]) {
            let (key, nonce, aad) = (bytes(length), bytes(length + 1), bytes::<40>(length + 2));
            let aad = &aad[..length % 41];
            let plaintext: Vec<u8> = (0..length).map(|i| bytes::<1>(i + length)[0]).collect();
            let (mut ours, mut theirs) = (plaintext.clone(), plaintext.clone());
            let tag = encrypt(&key, &nonce, aad, &mut ours);
            let cipher = XChaCha20Poly1305::new((&key).into());
            let expected = cipher
                .encrypt_inout_detached(&XNonce::from(nonce), aad, theirs.as_mut_slice().into())
                .unwrap();
            assert_eq!((&ours, tag), (&theirs, expected.into()), "{length}");

            let sealed = ours.clone();
            let mut wrong = tag;
            wrong[length % 16] ^= 1 << (length % 8);
            assert!(!decrypt(&key, &nonce, aad, &mut ours, &wrong));
            assert_eq!(ours, sealed, "nothing is decrypted before the tag is checked");
            assert!(decrypt(&key, &nonce, aad, &mut ours, &tag));
            assert_eq!(ours, plaintext, "{length}");
        }
    }
}
