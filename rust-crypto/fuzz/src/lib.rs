//! The bodies of the fuzz targets, one function each.
//!
//! They are plain functions, so that `tests/fuzz.rs` of the crate replays `seeds/` and a short random run
//! without libFuzzer. `cargo fuzz run proof fuzz/corpus/proof fuzz/seeds/proof` explores for longer. An input
//! that once failed belongs in `seeds/`, where it stays a test.

use chrysalis_crypto::api_keys::{
    self, ApiKey, ValidationError, ValidationOptions, redact_for_logging, validate_key_format_with,
};
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

/// Redacting makes no text longer, and redacting again changes nothing.
pub fn redact_text(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let once = api_keys::redact_text(text);
        assert!(once.len() <= text.len());
        assert_eq!(api_keys::redact_text(&once), once);
    }
}

/// Validation ends in a kind or an error, the strict one accepts no more than the lenient one, and of the key no
/// more than its prefix and its last characters is shown.
pub fn validate_key_format(data: &[u8]) {
    let Ok(key) = ApiKey::from_bytes(&mut data.to_vec()) else { return };
    for provider in [None, Some("openai"), Some("mistral"), Some("azure")] {
        let validate = |strict| validate_key_format_with(&key, &ValidationOptions { provider, strict });
        match (validate(false), validate(true)) {
            (Ok(lenient), Ok(strict)) => assert_eq!(lenient, strict),
            (Err(lenient), strict) => assert_eq!(strict, Err(lenient)),
            (Ok(_), Err(error)) => {
                assert!(matches!(error, ValidationError::Malformed { .. } | ValidationError::UnknownFormat));
            }
        }
    }
    let shown = redact_for_logging(&key);
    assert!(shown.len() <= "github_pat_...****".len());
}
