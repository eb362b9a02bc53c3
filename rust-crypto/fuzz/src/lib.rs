//! The bodies of the fuzz targets, one function each.
//!
//! They are plain functions, so that `tests/fuzz.rs` of the crate replays `seeds/` and a short random run
//! without libFuzzer. `cargo fuzz run proof fuzz/corpus/proof fuzz/seeds/proof` explores for longer. An input
//! that once failed belongs in `seeds/`, where it stays a test.

use chrysalis_crypto::commit::{CommitHeader, RecordHeader};
use chrysalis_crypto::proof::{self, RecordProof};
use chrysalis_crypto::{CryptoError, ed25519, hex};

/// What decodes as a proof encodes to the same bytes; what does not is malformed; verifying ends either way.
pub fn proof(data: &[u8]) {
    match RecordProof::from_bytes(data) {
        Ok(decoded) => {
            assert_eq!(decoded.to_bytes().as_deref(), Ok(data));
            match proof::verify(data) {
                Ok(verified) => assert_eq!(verified.proof, decoded),
                Err(error) => assert_eq!(error.code(), "INVALID_PROOF"),
            }
        }
        Err(error) => assert!(matches!(error, CryptoError::Malformed(_))),
    }
}

/// What decodes as a commit header encodes to the same bytes.
pub fn commit_header(data: &[u8]) {
    match CommitHeader::from_bytes(data) {
        Ok(header) => {
            assert_eq!(header.to_bytes(), data);
            assert!(header.last() >= header.first);
            assert!(!header.is_signed(&[0; 64]));
        }
        Err(error) => assert!(matches!(error, CryptoError::Malformed(_))),
    }
}

/// What decodes as a record header is a prefix of the data and encodes to the same bytes.
pub fn record_header(data: &[u8]) {
    match RecordHeader::decode(data) {
        Ok((header, length)) => {
            let mut encoded = Vec::new();
            assert_eq!(header.encode(&mut encoded), Ok(()));
            assert_eq!(encoded, data[..length]);
        }
        Err(error) => assert!(matches!(error, CryptoError::Malformed(_))),
    }
}

/// What decodes as hexadecimal encodes to the same digits in lower case; every byte string round-trips.
pub fn hex(data: &[u8]) {
    assert_eq!(hex::decode(&hex::encode(data)).as_deref(), Ok(data));
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(bytes) = hex::decode(text)
    {
        assert_eq!(hex::encode(&bytes), text.to_lowercase());
    }
}

/// The data is a public key of 32 bytes, a signature of 64, and a message. The verdict does not depend on how
/// the arguments are written, and no signature verifies with S above the group order.
pub fn ed25519_verify(data: &[u8]) {
    let (public_key, rest) = data.split_at(data.len().min(32));
    let (signature, message) = rest.split_at(rest.len().min(64));
    let verdict = ed25519::verify(public_key, message, signature);
    assert_eq!(ed25519::verify_hex(&hex::encode(public_key), message, &hex::encode(signature)), verdict);
    if public_key.len() == 32 && signature.len() == 64 {
        if signature[63] > 0x10 {
            assert_eq!(verdict, Ok(false));
        }
    } else {
        assert!(verdict.is_err());
    }
}
