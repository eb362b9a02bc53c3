//! AES-256-GCM-SIV (RFC 8452), in constant time.

use polyval::Polyval;
use polyval::universal_hash::UniversalHash as _;
use subtle::ConstantTimeEq as _;

use super::aes::RoundKeys;

/// Encrypts `data` in place and returns the tag.
pub fn encrypt(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], data: &mut [u8]) -> [u8; 16] {
    let message = Message::new(key, nonce);
    let tag = message.tag(aad, data);
    message.apply_counter(&tag, data);
    tag
}

/// Decrypts `data` in place; `false` when `tag` is not the tag of what that gave, which is then encrypted again.
#[must_use]
pub fn decrypt(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &[u8; 16]) -> bool {
    let message = Message::new(key, nonce);
    message.apply_counter(tag, data);
    let is_authentic = bool::from(message.tag(aad, data).ct_eq(tag));
    if !is_authentic {
        message.apply_counter(tag, data);
    }
    is_authentic
}

struct Message<'a> {
    nonce: &'a [u8; 12],
    /// The keys of this nonce (RFC 8452, section 4): of POLYVAL and of the cipher.
    hash: Polyval,
    keys: Box<RoundKeys>,
}

impl<'a> Message<'a> {
    fn new(key: &[u8; 32], nonce: &'a [u8; 12]) -> Self {
        let generator = Box::new(RoundKeys::new(key));
        let mut counter = 0;
        let blocks = [(); 8].map(|()| {
            let mut block = [counter; 16];
            block[1..4].fill(0);
            block[4..].copy_from_slice(nonce);
            counter += 1;
            block
        });
        // Half of each of six blocks: two make the key of POLYVAL, four that of the cipher.
        let mut derived = [0; 48];
        for (half, block) in derived.as_chunks_mut::<8>().0.iter_mut().zip(generator.encrypt(&blocks)) {
            half.copy_from_slice(&block.to_bytes()[..8]);
        }
        let (hash, cipher) = derived.split_at(16);
        let hash: &[u8; 16] = hash.try_into().expect("16 of 48 bytes");
        let cipher: &[u8; 32] = cipher.try_into().expect("the other 32");
        Self { nonce, hash: Polyval::new(hash.into()), keys: Box::new(RoundKeys::new(cipher)) }
    }

    fn tag(&self, aad: &[u8], data: &[u8]) -> [u8; 16] {
        let mut hash = self.hash.clone();
        hash.update_padded(aad);
        hash.update_padded(data);
        let mut lengths = [0; 16];
        lengths[..8].copy_from_slice(&(aad.len() as u64 * 8).to_le_bytes());
        lengths[8..].copy_from_slice(&(data.len() as u64 * 8).to_le_bytes());
        hash.update(&[lengths.into()]);
        let mut blocks = [[0; 16]; 8];
        blocks[0] = hash.finalize().into();
        for (byte, nonce) in blocks[0].iter_mut().zip(self.nonce) {
            *byte ^= nonce;
        }
        blocks[0][15] &= 0x7f;
        self.keys.encrypt(&blocks)[0].to_bytes()
    }

    /// XORs the keystream into `data`: the tag with its highest bit set, its first four bytes counting.
    fn apply_counter(&self, tag: &[u8; 16], data: &mut [u8]) {
        let mut first = *tag;
        first[15] |= 0x80;
        let [a, b, c, d, rest @ ..] = first;
        self.keys.apply_keystream(u32::from_le_bytes([a, b, c, d]), data, |counter| {
            let mut block = [0; 16];
            block[..4].copy_from_slice(&counter.to_le_bytes());
            block[4..].copy_from_slice(&rest);
            block
        });
    }
}

#[cfg(test)]
mod tests {
    use aes_gcm_siv::{AeadInOut as _, Aes256GcmSiv, KeyInit as _};

    use super::*;
    use crate::tests::bytes;

    #[test]
    fn every_length_agrees_with_the_crate() {
        for length in (0..300).chain([1023, 1024, 1025, 4096, 5000, 66_000]) {
            let (key, nonce, aad) = (bytes(length), bytes::<12>(length + 1), bytes::<40>(length + 2));
            let aad = &aad[..length % 41];
            let plaintext: Vec<u8> = (0..length).map(|i| bytes::<1>(i + length)[0]).collect();
            let (mut ours, mut theirs) = (plaintext.clone(), plaintext.clone());
            let tag = encrypt(&key, &nonce, aad, &mut ours);
            let expected = Aes256GcmSiv::new((&key).into())
                .encrypt_inout_detached((&nonce).into(), aad, theirs.as_mut_slice().into())
                .unwrap();
            assert_eq!((&ours, tag), (&theirs, expected.into()), "{length}");

            let sealed = ours.clone();
            let mut wrong = tag;
            wrong[length % 16] ^= 1 << (length % 8);
            assert!(!decrypt(&key, &nonce, aad, &mut ours, &wrong));
            assert_eq!(ours, sealed, "what is not authentic is left as it was");
            assert!(decrypt(&key, &nonce, aad, &mut ours, &tag));
            assert_eq!(ours, plaintext, "{length}");
        }
    }

    /// RFC 8452, appendix C.3: the counter wraps within its 32 bits.
    #[test]
    fn the_counter_wraps() {
        let key = [0; 32];
        let tag = 0xffff_ffff_0000_0000_0000_0000_0000_0000_u128.to_be_bytes();
        let bytes = |first: u128, second: u128, length: usize| {
            [first.to_be_bytes(), second.to_be_bytes()].concat()[..length].to_vec()
        };
        for (data, expected) in [
            (
                bytes(0, 0x4db9_23dc_793e_e649_7c76_dcc0_3a98_e108, 32),
                bytes(
                    0xf3f8_0f2c_f0cb_2dd9_c598_4fcd_a908_456c,
                    0xc537_703b_5ba7_0324_a679_3a7b_f218_d3ea,
                    32,
                ),
            ),
            (
                bytes(0xeb36_4027_7c7f_fd13_03c7_a542_d02d_3e4c, 0, 24),
                bytes(0x18ce_4f0b_8cb4_d0ca_c65f_ea8f_7925_7b20, 0x888e_53e7_2299_e56d << 64, 24),
            ),
        ] {
            let mut sealed = data.clone();
            assert_eq!(encrypt(&key, &[0; 12], b"", &mut sealed), tag);
            assert_eq!(sealed, expected);
            assert!(decrypt(&key, &[0; 12], b"", &mut sealed, &tag));
            assert_eq!(sealed, data);
        }
    }
}
