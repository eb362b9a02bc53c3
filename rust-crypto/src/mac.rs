//! Message authentication: HMAC (RFC 2104) with SHA-2. Keys may have any length.
//!
//! Never compare a tag that came from elsewhere with `==`: the `verify` functions take the same time wherever the
//! first difference is.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Sha256, Sha384, Sha512};

use crate::compare::constant_time_eq;
use crate::stack::{SHALLOW, scrubbed};

const ANY_LENGTH: &str = "HMAC takes keys of any length";

/// HMAC-SHA-256 of `data`.
#[must_use]
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    scrubbed::<SHALLOW, _>(|| {
        Hmac::<Sha256>::new_from_slice(key)
            .expect(ANY_LENGTH)
            .chain_update(data)
            .finalize()
            .into_bytes()
            .into()
    })
}

/// HMAC-SHA-384 of `data`.
#[must_use]
pub fn hmac_sha384(key: &[u8], data: &[u8]) -> [u8; 48] {
    scrubbed::<SHALLOW, _>(|| {
        Hmac::<Sha384>::new_from_slice(key)
            .expect(ANY_LENGTH)
            .chain_update(data)
            .finalize()
            .into_bytes()
            .into()
    })
}

/// HMAC-SHA-512 of `data`.
#[must_use]
pub fn hmac_sha512(key: &[u8], data: &[u8]) -> [u8; 64] {
    scrubbed::<SHALLOW, _>(|| {
        Hmac::<Sha512>::new_from_slice(key)
            .expect(ANY_LENGTH)
            .chain_update(data)
            .finalize()
            .into_bytes()
            .into()
    })
}

/// Whether `tag` is the whole HMAC-SHA-256 of `data`; a shortened tag is not.
#[must_use]
pub fn hmac_sha256_verify(key: &[u8], data: &[u8], tag: &[u8]) -> bool {
    constant_time_eq(&hmac_sha256(key, data), tag)
}

/// Whether `tag` is the whole HMAC-SHA-384 of `data`; a shortened tag is not.
#[must_use]
pub fn hmac_sha384_verify(key: &[u8], data: &[u8], tag: &[u8]) -> bool {
    constant_time_eq(&hmac_sha384(key, data), tag)
}

/// Whether `tag` is the whole HMAC-SHA-512 of `data`; a shortened tag is not.
#[must_use]
pub fn hmac_sha512_verify(key: &[u8], data: &[u8], tag: &[u8]) -> bool {
    constant_time_eq(&hmac_sha512(key, data), tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    #[test]
    fn contract_golden_value() {
        let key: [u8; 32] = std::array::from_fn(|i| u8::try_from(i).unwrap());
        assert_eq!(
            hex::encode(&hmac_sha384(&key, b"data")),
            "967102615296e0c5dc362ce1037d57ff9fdd3c7cf688b553f8d56270d6479d9f0d0fb4a50a4393a9714d665d0b6bf427"
        );
    }

    /// RFC 4231 test cases 2 (a short key) and 6 (a key longer than any block).
    #[test]
    fn rfc_4231() {
        assert_eq!(
            hex::encode(&hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let long = hmac_sha512(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(
            hex::encode(&long),
            "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e52\
             95e64f73f63f0aec8b915a985d786598"
        );
    }

    #[test]
    fn only_the_whole_tag_verifies() {
        let tag = hmac_sha256(b"k", b"data");
        assert!(hmac_sha256_verify(b"k", b"data", &tag));
        assert!(!hmac_sha256_verify(b"k", b"data", &tag[..31]));
        assert!(!hmac_sha256_verify(b"k", b"data", b""));
        assert!(!hmac_sha256_verify(b"", b"data", &tag));
        assert!(hmac_sha384_verify(b"", b"", &hmac_sha384(b"", b"")));
        assert!(hmac_sha512_verify(b"", b"", &hmac_sha512(b"", b"")));
        assert!(!hmac_sha512_verify(b"", b"", &hmac_sha384(b"", b"")));
        for bit in 0..tag.len() * 8 {
            let mut flipped = tag;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!hmac_sha256_verify(b"k", b"data", &flipped));
        }
    }
}
