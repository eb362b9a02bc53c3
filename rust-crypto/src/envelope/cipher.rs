//! The two ciphers of envelopes and streams, in place and with a detached tag.

use zeroize::Zeroizing;

use super::header::Suite;
use super::{KEY_LENGTH, NONCE_LENGTH};
use crate::aead::{self, TAG_LENGTH};
use crate::aes::{self, backend};
use crate::error::CryptoError;

/// Encrypts `data` where it is and gives the tag. Leaves traces of the key on the stack: to be called within
/// [`scrubbed`](crate::stack::scrubbed).
pub(crate) fn encrypt(
    suite: Suite,
    key: &[u8; KEY_LENGTH],
    nonce: &[u8; NONCE_LENGTH],
    aad: &[u8],
    data: &mut [u8],
) -> Result<[u8; TAG_LENGTH], CryptoError> {
    match suite {
        Suite::XChaCha20Poly1305 => aead::seal_in_place(key, nonce, aad, data),
        Suite::Xaes256Gcm => {
            let (key, nonce) = xaes_256_gcm(key, nonce);
            aes::seal_in_place(&key, &nonce, aad, data)
        }
    }
    .ok_or(CryptoError::EncryptFailed)
}

/// Checks the tag and decrypts `data` where it is; on failure its contents are nothing to use. To be called within
/// [`scrubbed`](crate::stack::scrubbed).
pub(crate) fn decrypt(
    suite: Suite,
    key: &[u8; KEY_LENGTH],
    nonce: &[u8; NONCE_LENGTH],
    aad: &[u8],
    data: &mut [u8],
    tag: &[u8; TAG_LENGTH],
) -> Result<(), CryptoError> {
    match suite {
        Suite::XChaCha20Poly1305 => aead::open_in_place(key, nonce, aad, data, tag),
        Suite::Xaes256Gcm => {
            let (key, nonce) = xaes_256_gcm(key, nonce);
            aes::open_in_place(&key, &nonce, aad, data, tag)
        }
    }
    .ok_or(CryptoError::DecryptFailed)
}

/// XAES-256-GCM (C2SP): the key and nonce of AES-256-GCM. The key is derived from the first half of the nonce with
/// CMAC, as in the counter mode of NIST SP 800-108r1; the second half is the nonce.
fn xaes_256_gcm(
    key: &[u8; KEY_LENGTH],
    nonce: &[u8; NONCE_LENGTH],
) -> (Zeroizing<[u8; KEY_LENGTH]>, [u8; 12]) {
    let (first, second) = nonce.split_at(12);
    let mut derived = Zeroizing::new([0; KEY_LENGTH]);
    let cipher = backend::Block::new(key);
    let mut subkey = Zeroizing::new([0; 16]);
    cipher.encrypt_block(&mut subkey);
    double(&mut subkey);
    for (counter, half) in (1..).zip(derived.as_chunks_mut::<16>().0) {
        half[..4].copy_from_slice(&[0, counter, b'X', 0]);
        half[4..].copy_from_slice(first);
        for (byte, mask) in half.iter_mut().zip(&*subkey) {
            *byte ^= mask;
        }
        cipher.encrypt_block(half);
    }
    (derived, second.try_into().expect("the other 12 of 24 bytes"))
}

/// Doubling in GF(2^128) as CMAC defines it (NIST SP 800-38B, 6.1), without a branch on the secret.
fn double(block: &mut [u8; 16]) {
    let number = u128::from_be_bytes(*block);
    let reduction = 0_u128.wrapping_sub(number >> 127) & 0x87;
    *block = (number << 1 ^ reduction).to_be_bytes();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    /// <https://c2sp.org/XAES-256-GCM>, test vectors.
    #[test]
    fn c2sp_xaes_256_gcm() {
        for (key, aad, sealed) in [
            ([1; 32], &b""[..], "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"),
            ([3; 32], b"c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"),
        ] {
            let nonce = *b"ABCDEFGHIJKLMNOPQRSTUVWX";
            let mut data = *b"XAES-256-GCM";
            let tag = encrypt(Suite::Xaes256Gcm, &key, &nonce, aad, &mut data).unwrap();
            assert_eq!(hex::encode(&[&data[..], &tag].concat()), sealed);
            decrypt(Suite::Xaes256Gcm, &key, &nonce, aad, &mut data, &tag).unwrap();
            assert_eq!(&data, b"XAES-256-GCM");
        }
    }
}
