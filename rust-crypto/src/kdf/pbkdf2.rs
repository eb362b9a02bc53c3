//! PBKDF2-HMAC-SHA-256 on the compression function.
//!
//! From the second iteration on, both hashes of HMAC are over one block whose tail never changes. Working on that
//! block saves the buffers and length counters of a general hash, which cost a third of the time.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::block_api::compress256;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

type State = Zeroizing<[u32; 8]>;
type Block = Zeroizing<[u8; 64]>;

/// FIPS 180-4 section 5.3.3.
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// Fills `out`, of which every 32 bytes cost `iterations`.
pub(super) fn derive(password: &[u8], salt: &[u8], iterations: u32, out: &mut [u8]) {
    let hmac = Hmac::<Sha256>::new_from_slice(password).expect("HMAC takes keys of any length");
    let (inner, outer) = pads(password);
    let mut block = message_block();
    for (index, piece) in (1_u32..).zip(out.chunks_mut(32)) {
        let first = hmac.clone().chain_update(salt).chain_update(index.to_be_bytes()).finalize();
        let mut digest: State = Zeroizing::new([0; 8]);
        for (word, bytes) in digest.iter_mut().zip(first.as_bytes().as_chunks().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        let mut sum = digest.clone();
        for _ in 1..iterations {
            for pad in [&inner, &outer] {
                write(&digest, &mut block[..32]);
                *digest = **pad;
                compress256(&mut digest, std::slice::from_ref(&*block));
            }
            for (sum, word) in sum.iter_mut().zip(*digest) {
                *sum ^= word;
            }
        }
        write(&sum, piece);
    }
}

/// The states of the hash after the inner and the outer padded key (RFC 2104).
fn pads(password: &[u8]) -> (State, State) {
    let mut key: Block = Zeroizing::new([0; 64]);
    if password.len() > key.len() {
        key[..32].copy_from_slice(&Sha256::digest(password));
    } else {
        key[..password.len()].copy_from_slice(password);
    }
    let state = |pad| {
        let mut state = Zeroizing::new(INITIAL);
        compress256(&mut state, &[*Zeroizing::new(key.map(|byte| byte ^ pad))]);
        state
    };
    (state(0x36), state(0x5c))
}

/// Room for a digest, and the padding of a message that is one block and one digest long.
fn message_block() -> Block {
    let mut block = Zeroizing::new([0; 64]);
    block[32] = 0x80;
    block[62..].copy_from_slice(&((64_u16 + 32) * 8).to_be_bytes());
    block
}

/// As much of the digest as fits.
fn write(digest: &[u32; 8], out: &mut [u8]) {
    for (bytes, word) in out.chunks_mut(4).zip(digest) {
        bytes.copy_from_slice(&word.to_be_bytes()[..bytes.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_the_pbkdf2_crate() {
        let text: Vec<u8> = (0..=255).collect();
        for password in [0, 1, 63, 64, 65, 200] {
            for salt in [0, 1, 16, 51, 52, 60, 64, 130] {
                for (iterations, length) in [(1, 32), (2, 33), (3, 1), (7, 64), (10, 100)] {
                    let (password, salt) = (&text[..password], &text[..salt]);
                    let (mut ours, mut oracle) = (vec![0; length], vec![0; length]);
                    derive(password, salt, iterations, &mut ours);
                    pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, &mut oracle);
                    assert_eq!(ours, oracle, "{} {} {iterations}", password.len(), salt.len());
                }
            }
        }
    }
}
