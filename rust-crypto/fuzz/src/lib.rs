//! The bodies of the fuzz targets, one function each.
//!
//! They are plain functions, so that `tests/fuzz.rs` of the crate replays `seeds/` and a short random run
//! without libFuzzer. `cargo fuzz run proof fuzz/corpus/proof fuzz/seeds/proof` explores for longer. An input
//! that once failed belongs in `seeds/`, where it stays a test.

use std::num::NonZeroU32;

use chrysalis_crypto::api_keys::{
    self, ApiKey, ValidationError, ValidationOptions, redact_for_logging, validate_key_format_with,
};
use chrysalis_crypto::commit::{CommitHeader, RecordHeader};
use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_crypto::envelope::{self, Header, PasswordKdf, StorageKey};
use chrysalis_crypto::hpke::{self, Aead, SecretKey};
use chrysalis_crypto::legacy::Record;
use chrysalis_crypto::proof::{self, RecordProof};
use chrysalis_crypto::secret::SecretBytes;
use chrysalis_crypto::stream::{self, StreamOpener};
use chrysalis_crypto::tls::{Certificate, Options, validate_cert_chain_with};
use chrysalis_crypto::{CryptoError, aead, aes, base64, canonical, ed25519, hex, password, recipients, siv};

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

/// What decodes as base64, of either alphabet, encodes to the same text; every byte string round-trips.
pub fn base64(data: &[u8]) {
    assert_eq!(base64::decode(&base64::encode(data)).as_deref(), Ok(data));
    assert_eq!(base64::decode_url(&base64::encode_url(data)).as_deref(), Ok(data));
    let Ok(text) = std::str::from_utf8(data) else { return };
    match base64::decode(text) {
        Ok(bytes) => assert_eq!(base64::encode(&bytes), text),
        Err(error) => assert_eq!(error.code(), "SERIALIZATION"),
    }
    match base64::decode_url(text) {
        Ok(bytes) => assert_eq!(base64::encode_url(&bytes), text),
        Err(error) => assert_eq!(error.code(), "SERIALIZATION"),
    }
}

/// What is read as a PKCS#8 key is written as the same bytes; anything else is a wrong length.
pub fn pkcs8(data: &[u8]) {
    match SigningKey::from_pkcs8(data) {
        Ok(key) => {
            assert_eq!(key.to_pkcs8()[..], *data);
            assert_eq!(SigningKey::from_secret(data).map(|key| key.public_key()), Ok(key.public_key()));
        }
        Err(error) => {
            assert_eq!(error.code(), "INVALID_KEY_LENGTH");
            assert_eq!(SigningKey::from_secret(data).is_ok(), data.len() == 32);
        }
    }
}

/// What is read as JSON has a canonical text that is its own; what is not is refused inside the text or at its end.
pub fn canonical_json(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match canonical::canonicalize(text) {
        Ok(canonical) => assert_eq!(canonical::canonicalize(&canonical), Ok(canonical)),
        Err(CryptoError::Serialization { position, .. }) => {
            assert!(position.is_some_and(|position| position <= text.len()));
        }
        Err(error) => panic!("{error}"),
    }
}

/// Nothing made up opens under any cipher, and the error tells only whether it could have been long enough.
pub fn sealed(data: &[u8]) {
    let expected = |overhead| {
        if data.len() < overhead { CryptoError::DataTooShort } else { CryptoError::DecryptFailed }
    };
    // A seed may have been sealed under a key of zeros; what opens under it is what was sealed, no longer than that.
    let open = [
        (aes::OVERHEAD, aes::aes_gcm_decrypt_aad(data, &[0; 32], b"")),
        (siv::OVERHEAD, siv::aes_gcm_siv_decrypt(data, &[0; 32], b"")),
        (aead::OVERHEAD, aead::xchacha20poly1305_decrypt(data, &[0; 32], b"")),
    ];
    for (overhead, opened) in open {
        match opened {
            Ok(text) => assert_eq!(text.len() + overhead, data.len()),
            Err(error) => assert_eq!(error, expected(overhead)),
        }
    }
}

/// The same under a password, where the data may also be an envelope. Costs within the bounds are paid, so the larger
/// ones are left out here.
pub fn password(data: &[u8]) {
    if let Ok(header) = Header::parse(data)
        && let Some(PasswordKdf::Argon2id { params, .. }) = header.password()
        && u64::from(params.m_kib()) * u64::from(params.t()) > 1 << 15
    {
        return;
    }
    match password::decrypt_with_password(data, b"password") {
        Ok(text) => assert!(text.len() + password::OVERHEAD <= data.len()),
        Err(error) => match error.code() {
            "DATA_TOO_SHORT" => assert!(data.len() < password::OVERHEAD || data.starts_with(b"CNE1")),
            "UNSUPPORTED" => assert!(data.starts_with(b"CNE1")),
            code => assert_eq!(code, "DECRYPT_FAILED"),
        },
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

/// The key of the seeds of [`envelope`], [`stream`] and [`legacy_record`]: the bytes 00, 01, 02, …
fn seeds_key() -> [u8; 32] {
    std::array::from_fn(|i| u8::try_from(i).expect("below 32"))
}

/// What opens is as long as its envelope says; a header that is refused is refused alike on opening.
pub fn envelope(data: &[u8]) {
    let opened = envelope::open(data, &seeds_key(), b"wallet:demo");
    match Header::parse(data) {
        Ok(header) => match opened {
            Ok(text) => {
                assert!(header.key_id().is_some() && header.password().is_none());
                assert_eq!(text.len() + envelope::OVERHEAD, data.len());
            }
            Err(CryptoError::DataTooShort) => assert!(data.len() < envelope::OVERHEAD + 42),
            Err(error) => assert_eq!(error, CryptoError::DecryptFailed),
        },
        Err(error) => {
            assert!(matches!(error, CryptoError::DataTooShort | CryptoError::Unsupported(_)));
            assert_eq!(opened, Err(error));
        }
    }
}

/// The first byte cuts the rest into pieces. However a stream is cut, the same is given out and it ends alike.
pub fn stream(data: &[u8]) {
    let Some((piece, data)) = data.split_first() else { return };
    let id = NonZeroU32::MIN.saturating_add(6);
    let secret = SecretBytes::from_slice_wiping(&mut seeds_key()).expect("there is memory for a key");
    let key = StorageKey::from_secret(id, secret).expect("32 bytes");
    let run = |piece: usize| {
        let (mut text, mut opener) = (Vec::new(), StreamOpener::new(&key, b"file").expect("there is memory"));
        let fed = data.chunks(piece).try_for_each(|part| opener.update(part, &mut text));
        (fed.and_then(|()| opener.finish(&mut text)), text)
    };
    let whole = run(data.len().max(1));
    assert_eq!(run(usize::from(*piece) + 1), whole);
    match whole.0 {
        Ok(()) => assert_eq!(stream::sealed_length(whole.1.len() as u64), Some(data.len() as u64)),
        Err(error) => {
            assert!(matches!(error.code(), "DATA_TOO_SHORT" | "UNSUPPORTED" | "DECRYPT_FAILED"));
            assert!(whole.1.len() <= data.len());
        }
    }
}

/// Sealed to a key whose bytes are 11, as a message to recipients and as bare HPKE.
pub fn recipients(data: &[u8]) {
    let secret = SecretBytes::from_slice_wiping(&mut [0x11; 32]).expect("there is memory for a key");
    let key = SecretKey::from_secret(secret).expect("32 bytes");
    let named = recipients::is_recipient(&key.public_key(), data);
    match (recipients::open(&key, data, b"team:7"), &named) {
        (Ok(_), named) => assert_eq!(*named, Ok(true)),
        (Err(CryptoError::DecryptFailed), named) => assert!(named.is_ok()),
        (Err(error), Err(same)) => assert_eq!(error, *same),
        (Err(error), Ok(_)) => assert!(matches!(error.code(), "DATA_TOO_SHORT" | "UNSUPPORTED")),
    }
    match hpke::open(Aead::default(), &key, b"", b"", data) {
        Ok(text) => assert_eq!(text.len() + hpke::OVERHEAD, data.len()),
        Err(CryptoError::DataTooShort) => assert!(data.len() < hpke::OVERHEAD),
        Err(error) => assert_eq!(error, CryptoError::DecryptFailed),
    }
}

/// What reads as a record opens or fails to, and says that it should be sealed anew.
pub fn legacy_record(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Record::parse(text) {
        Ok(record) => match record.open(&seeds_key()) {
            Ok(opened) => assert!(opened.needs_rewrap && opened.plaintext.len() < data.len()),
            Err(error) => assert_eq!(error, CryptoError::DecryptFailed),
        },
        Err(error) => assert!(matches!(
            error.code(),
            "SERIALIZATION" | "UNSUPPORTED" | "UNSUPPORTED_VERSION" | "DATA_TOO_SHORT"
        )),
    }
}

/// Items of a length byte, a public key, a signature and a message of that length. All together have the verdicts that
/// each has alone.
pub fn ed25519_batch(data: &[u8]) {
    let mut rest = data;
    let mut take = |length: usize| {
        let (now, later) = rest.split_at(length.min(rest.len()));
        rest = later;
        now
    };
    let (mut keys, mut signatures, mut messages) = (Vec::new(), Vec::new(), Vec::new());
    while let [length] = take(1) {
        keys.push(take(32));
        signatures.push(take(64));
        messages.push(take(usize::from(*length)));
    }
    let verdicts = ed25519::batch_verify(&keys, &messages, &signatures);
    for (i, verdict) in verdicts.into_iter().enumerate() {
        assert_eq!(verdict, ed25519::verify(keys[i], messages[i], signatures[i]).unwrap_or(false));
    }
}

/// Redacting makes a text longer by no more than the marks that stand for short keys, and redacting again changes
/// nothing.
pub fn redact_text(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        const MARK: &str = "...****";
        let once = api_keys::redact_text(text);
        assert!(once.len() <= text.len() + once.matches(MARK).count() * MARK.len());
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

/// The data is a number of revocation lists and parts with a length of two bytes each: the lists, the chain, and
/// the trust anchor. Every chain has a verdict, a path starts with the leaf and goes nowhere twice, and a name can
/// only make the verdict worse.
pub fn cert_chain(data: &[u8]) {
    let Some((&lists, mut rest)) = data.split_first() else { return };
    let mut parts = Vec::new();
    while let Some((length, tail)) = rest.split_first_chunk::<2>() {
        let (part, tail) = tail.split_at(usize::from(u16::from_le_bytes(*length)).min(tail.len()));
        parts.push(part);
        rest = tail;
    }
    let (crls, certificates) = parts.split_at(usize::from(lists).min(parts.len()));
    let certificates: Vec<_> = certificates.iter().map(|der| Certificate::from_der(der)).collect();
    let Some((_, chain)) = certificates.split_last() else { return };
    let roots = &certificates[chain.len()..];
    let options = Options { roots: Some(roots), crls, ..Options::at(1_795_132_800_000) };
    let verdict = validate_cert_chain_with(chain, &options);
    let named = validate_cert_chain_with(chain, &Options { server_name: Some("example.org"), ..options });
    match verdict {
        Ok(report) => {
            assert_eq!(report.path[0], 0);
            let mut places = report.path.clone();
            places.sort_unstable();
            places.dedup();
            assert!(places.len() == report.path.len() && places.iter().all(|&place| place < chain.len()));
            match named {
                Ok(named) => assert!(named.server_name_checked && named.path == report.path),
                Err(error) => assert_eq!((error.code(), error.index), ("NameMismatch", Some(0))),
            }
        }
        Err(error) => {
            assert!(error.index.is_none_or(|index| index < chain.len()));
            assert_eq!(named, Err(error));
        }
    }
}
