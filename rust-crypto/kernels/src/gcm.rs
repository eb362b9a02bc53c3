//! AES-256-GCM (SP 800-38D) with 96-bit nonces, in constant time.

use subtle::ConstantTimeEq as _;

use super::aes::{RoundKeys, counter_block};
use super::ghash::ghash;

/// Encrypts `data` in place and returns the tag.
pub fn encrypt(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], data: &mut [u8]) -> [u8; 16] {
    let message = Message::new(key, nonce);
    message.keys.apply_counter(nonce, FIRST, data);
    message.tag(aad, data)
}

/// Decrypts `data` in place if `tag` is its tag; otherwise leaves it as it is and returns `false`.
#[must_use]
pub fn decrypt(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &[u8; 16]) -> bool {
    let message = Message::new(key, nonce);
    let is_authentic = bool::from(message.tag(aad, data).ct_eq(tag));
    if is_authentic {
        message.keys.apply_counter(nonce, FIRST, data);
    }
    is_authentic
}

/// The counter of the first block of data; the tag is masked with the one before.
const FIRST: u32 = 2;

/// [`decrypt`] of a message whose nonce is of another length than 96 bits (SP 800-38D, 7.1, step 2).
#[must_use]
pub fn decrypt_with_long_nonce(
    key: &[u8; 32],
    nonce: &[u8],
    aad: &[u8],
    data: &mut [u8],
    tag: &[u8; 16],
) -> bool {
    let keys = Box::new(RoundKeys::new(key));
    let mut blocks = [[0; 16]; 8];
    let h = keys.encrypt(&blocks)[0].to_bytes();
    blocks[0] = ghash(&h, b"", nonce);
    let message = Message { h, mask: keys.encrypt(&blocks)[0].to_bytes(), keys };
    let is_authentic = bool::from(message.tag(aad, data).ct_eq(tag));
    if is_authentic {
        let [prefix @ .., a, b, c, d] = blocks[0];
        message.keys.apply_counter(&prefix, u32::from_be_bytes([a, b, c, d]).wrapping_add(1), data);
    }
    is_authentic
}

struct Message {
    keys: Box<RoundKeys>,
    /// The key of GHASH.
    h: [u8; 16],
    /// What the tag is masked with.
    mask: [u8; 16],
}

impl Message {
    fn new(key: &[u8; 32], nonce: &[u8; 12]) -> Self {
        let keys = Box::new(RoundKeys::new(key));
        let mut blocks = [[0; 16]; 8];
        blocks[1] = counter_block(nonce, FIRST - 1);
        let [h, mask, ..] = keys.encrypt(&blocks);
        Self { h: h.to_bytes(), mask: mask.to_bytes(), keys }
    }

    fn tag(&self, aad: &[u8], data: &[u8]) -> [u8; 16] {
        let hash = ghash(&self.h, aad, data);
        core::array::from_fn(|i| hash[i] ^ self.mask[i])
    }
}

#[cfg(test)]
mod tests {
    use aes_gcm::{AeadInOut as _, Aes256Gcm, KeyInit as _, Nonce};

    use super::*;
    use crate::tests::bytes;

    #[test]
    fn every_length_agrees_with_the_crate() {
        // Around the sizes of a block, a batch, a group of sixteen and the tables' threshold, and longer ones.
        for length in (0..300).chain(1000..1060).chain([1279, 1280, 1281, 4096, 5000, 66_000]) {
            let (key, nonce, aad) = (bytes(length), bytes(length + 1), bytes::<40>(length + 2));
            let aad = &aad[..length % 41];
            let plaintext: Vec<u8> = (0..length).map(|i| bytes::<1>(i + length)[0]).collect();
            let (mut ours, mut theirs) = (plaintext.clone(), plaintext.clone());
            let tag = encrypt(&key, &nonce, aad, &mut ours);
            let cipher = Aes256Gcm::new((&key).into());
            let expected = cipher
                .encrypt_inout_detached(&Nonce::from(nonce), aad, theirs.as_mut_slice().into())
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

    #[test]
    fn nonces_of_other_lengths_agree_with_the_crate() {
        use aes_gcm::AesGcm;
        use aes_gcm::aes::{Aes256, cipher::consts::U16};

        for length in [0, 1, 16, 100, 2000] {
            let (key, nonce, aad) = (bytes(length), bytes::<16>(length + 1), bytes::<20>(length + 2));
            let plaintext: Vec<u8> = (0..length).map(|i| bytes::<1>(i + length)[0]).collect();
            let mut data = plaintext.clone();
            let tag = AesGcm::<Aes256, U16>::new((&key).into())
                .encrypt_inout_detached((&nonce).into(), &aad, data.as_mut_slice().into())
                .unwrap()
                .into();
            let sealed = data.clone();
            assert!(!decrypt_with_long_nonce(&key, &nonce, &aad[1..], &mut data, &tag));
            assert_eq!(data, sealed, "nothing is decrypted before the tag is checked");
            assert!(decrypt_with_long_nonce(&key, &nonce, &aad, &mut data, &tag));
            assert_eq!(data, plaintext);
        }
    }

    #[test]
    fn the_counter_wraps_within_its_32_bits() {
        let keys = RoundKeys::new(&bytes(1));
        let nonce = bytes(2);
        let mut across = [0; 256];
        keys.apply_counter(&nonce, u32::MAX - 2, &mut across);
        for (i, block) in across.as_chunks::<16>().0.iter().enumerate() {
            let mut alone = [0; 16];
            keys.apply_counter(&nonce, (u32::MAX - 2).wrapping_add(u32::try_from(i).unwrap()), &mut alone);
            assert_eq!(*block, alone);
        }
    }
}
