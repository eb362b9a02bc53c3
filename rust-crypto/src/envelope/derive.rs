//! Message key and key commitment of an envelope: HKDF-SHA-256 (RFC 5869) for one shape of input.
//!
//! An envelope of a small record is mostly this derivation, so it is written out on the compression function: ten
//! calls of it, nothing allocated, the pads of the second key kept for both blocks of output. The general
//! [`kdf::hkdf_sha256`](crate::kdf::hkdf_sha256) is its oracle in the tests.

use sha2::block_api::compress256;
use zeroize::{Zeroize as _, Zeroizing};

use super::header::{COMMITMENT_LENGTH, INFO_LENGTH};
use super::{KEY_LENGTH, NONCE_LENGTH};

const BLOCK: usize = 64;
/// The initial state of SHA-256 (FIPS 180-4, 5.3.3).
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// 32 bytes of message key, then the commitment.
pub(crate) struct Derived(Zeroizing<[u8; KEY_LENGTH + COMMITMENT_LENGTH]>);

impl Derived {
    pub(crate) fn message_key(&self) -> &[u8; KEY_LENGTH] {
        self.0.first_chunk().expect("the array is longer than a key")
    }

    pub(crate) fn commitment(&self) -> &[u8; COMMITMENT_LENGTH] {
        self.0.last_chunk().expect("the array is longer than a commitment")
    }
}

/// `HKDF-SHA-256(ikm = key, salt = nonce, info, 64 bytes)`.
pub(crate) fn derive(
    key: &[u8; KEY_LENGTH],
    nonce: &[u8; NONCE_LENGTH],
    info: &[u8; INFO_LENGTH],
) -> Derived {
    let mut out = Derived(Zeroizing::new([0; KEY_LENGTH + COMMITMENT_LENGTH]));
    let mut work = Work { block: [0; BLOCK], pseudorandom_key: [0; 32] };
    // Extract: the salt is the key of the HMAC.
    let mut pads = Pads::new(nonce, &mut work.block);
    pads.mac(&[key], &mut work.block, &mut work.pseudorandom_key);
    // Expand: two blocks, the second over the first.
    pads = Pads::new(&work.pseudorandom_key, &mut work.block);
    let (first, second) = out.0.split_at_mut(32);
    let (first, second): (&mut [u8; 32], &mut [u8; 32]) =
        (first.try_into().expect("split at half of 64"), second.try_into().expect("split at half of 64"));
    pads.mac(&[info, &[1]], &mut work.block, first);
    pads.mac(&[first, info, &[2]], &mut work.block, second);
    out
}

/// What passes through the stack, wiped together.
struct Work {
    block: [u8; BLOCK],
    pseudorandom_key: [u8; 32],
}

impl Drop for Work {
    fn drop(&mut self) {
        self.block.zeroize();
        self.pseudorandom_key.zeroize();
    }
}

/// The two states of HMAC-SHA-256 after its padded key.
struct Pads {
    inner: [u32; 8],
    outer: [u32; 8],
}

impl Pads {
    /// `key` has at most 64 bytes.
    fn new(key: &[u8], block: &mut [u8; BLOCK]) -> Self {
        let mut pads = Self { inner: INITIAL, outer: INITIAL };
        for (state, pad) in [(&mut pads.inner, 0x36), (&mut pads.outer, 0x5c)] {
            block.fill(pad);
            for (byte, key) in block.iter_mut().zip(key) {
                *byte ^= key;
            }
            compress256(state, std::slice::from_ref(block));
        }
        pads
    }

    /// The HMAC of `parts`, which together have at most 55 bytes: one block with its padding.
    fn mac(&self, parts: &[&[u8]], block: &mut [u8; BLOCK], out: &mut [u8; 32]) {
        block.fill(0);
        let mut length = 0;
        for part in parts {
            block[length..length + part.len()].copy_from_slice(part);
            length += part.len();
        }
        let mut state = self.inner;
        finish(&mut state, length, block);
        write(&state, block.first_chunk_mut().expect("a block is longer than a digest"));
        block[32..].fill(0);
        state = self.outer;
        finish(&mut state, 32, block);
        write(&state, out);
        state.zeroize();
    }
}

impl Drop for Pads {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

/// Pads and compresses the last block, `length` bytes after one block of key.
fn finish(state: &mut [u32; 8], length: usize, block: &mut [u8; BLOCK]) {
    block[length] = 0x80;
    let bits = u64::try_from((BLOCK + length) * 8).expect("a block and at most 55 bytes");
    block[BLOCK - 8..].copy_from_slice(&bits.to_be_bytes());
    compress256(state, std::slice::from_ref(block));
}

fn write(state: &[u32; 8], out: &mut [u8; 32]) {
    for (out, word) in out.chunks_exact_mut(4).zip(state) {
        out.copy_from_slice(&word.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_hkdf() {
        for _ in 0..200 {
            let (key, nonce, info) = (
                crate::random::array().unwrap(),
                crate::random::array().unwrap(),
                crate::random::array().unwrap(),
            );
            let expected = crate::kdf::hkdf_sha256(&key, &nonce, &info, 64).unwrap();
            let derived = derive(&key, &nonce, &info);
            assert_eq!(derived.message_key(), &expected[..32]);
            assert_eq!(derived.commitment(), &expected[32..]);
        }
    }
}
