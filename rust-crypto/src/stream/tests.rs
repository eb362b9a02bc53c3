use std::num::NonZeroU32;

use super::*;
use crate::kdf::Argon2Params;
use crate::secret::SecretBytes;

fn storage_key(number: u32, byte: u8) -> StorageKey {
    let secret = SecretBytes::from_slice_wiping(&mut [byte; 32]).unwrap();
    StorageKey::from_secret(NonZeroU32::new(number).unwrap(), secret).unwrap()
}

fn text(length: usize) -> Vec<u8> {
    (0..251).cycle().take(length).collect()
}

fn seal(key: &StorageKey, context: &[u8], text: &[u8], piece: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut sealer = StreamSealer::new(key, context, &mut out).unwrap();
    for part in text.chunks(piece) {
        sealer.update(part, &mut out).unwrap();
    }
    sealer.finish(&mut out).unwrap();
    out
}

/// What is given out, and how it ends.
fn open(key: &StorageKey, context: &[u8], stream: &[u8], piece: usize) -> (Vec<u8>, Result<(), CryptoError>) {
    let mut out = Vec::new();
    let mut opener = StreamOpener::new(key, context).unwrap();
    for part in stream.chunks(piece) {
        if let Err(error) = opener.update(part, &mut out) {
            assert_eq!(opener.update(b"", &mut out), Ok(()));
            assert_eq!(opener.update(b"more", &mut out), Err(CryptoError::DecryptFailed));
            assert_eq!(opener.finish(&mut out), Err(CryptoError::DecryptFailed));
            return (out, Err(error));
        }
        assert!(opener.pending.len() <= SEALED_CHUNK && opener.pending.capacity() == SEALED_CHUNK);
    }
    let end = opener.finish(&mut out);
    (out, end)
}

#[test]
fn every_length_and_every_cut_comes_back() {
    for suite in [Suite::XChaCha20Poly1305, Suite::Xaes256Gcm] {
        let key = storage_key(7, 1).with_suite(suite);
        for length in [0, 1, 65535, 65536, 65537, 131_072, 200_000] {
            let text = text(length);
            let stream = seal(&key, b"file:1", &text, 70_001);
            assert_eq!(sealed_length(length as u64), Some(stream.len() as u64));
            for piece in [1, 13, 65536, 65552, 1 << 20] {
                if piece > 1 || length < 2 {
                    assert_eq!(open(&key, b"file:1", &stream, piece), (text.clone(), Ok(())));
                }
            }
        }
    }
    assert_eq!(sealed_length(1 << 48), Some(68 + (1 << 48) + (1 << 36)));
    assert_eq!(sealed_length((1 << 48) + 1), None);
    assert_eq!(sealed_length(u64::MAX), None);
}

#[test]
fn another_key_number_or_context_opens_nothing() {
    let stream = seal(&storage_key(7, 1), b"file:1", &text(70_000), 1000);
    for (key, context) in [
        (storage_key(7, 2), &b"file:1"[..]),
        (storage_key(8, 1), b"file:1"),
        (storage_key(7, 1), b"file:2"),
        (storage_key(7, 1), b""),
    ] {
        assert_eq!(open(&key, context, &stream, 4096), (Vec::new(), Err(CryptoError::DecryptFailed)));
    }
}

#[test]
fn cut_moved_doubled_and_foreign_chunks_are_found() {
    let key = storage_key(7, 1);
    let text = text(3 * CHUNK_LENGTH + 5);
    let stream = seal(&key, b"", &text, 1 << 20);
    let (header, body) = stream.split_at(68);
    let chunks: Vec<&[u8]> = body.chunks(SEALED_CHUNK).collect();
    let good = |whole: usize| text[..whole * CHUNK_LENGTH].to_vec();
    let check = |parts: &[&[u8]], given_out: usize| {
        let (out, end) = open(&key, b"", &[header, &parts.concat()].concat(), 10_000);
        assert_eq!(out, good(given_out));
        assert_eq!(end, Err(CryptoError::DecryptFailed));
    };
    check(&chunks[..3], 2);
    check(&chunks[..1], 0);
    check(&[chunks[1], chunks[0], chunks[2], chunks[3]], 0);
    check(&[chunks[0], chunks[2], chunks[3]], 1);
    check(&[chunks[0], chunks[0], chunks[1], chunks[2], chunks[3]], 1);
    check(&[chunks[0], chunks[1], chunks[2], chunks[3], chunks[3]], 3);
    check(&[chunks[3]], 0);
    let other = seal(&key, b"", &text, 1 << 20);
    check(&[chunks[0], &other[68 + SEALED_CHUNK..]].concat().chunks(1 << 20).collect::<Vec<_>>(), 1);
    // An empty chunk after a whole one, even one that the key's holder made.
    let mut cipher = StreamSealer::new(&key, b"", &mut Vec::new()).unwrap().cipher;
    let mut data = vec![1; CHUNK_LENGTH];
    let tag = cipher.encrypt(false, &mut data).unwrap();
    let last = cipher.encrypt(true, &mut []).unwrap();
    cipher.number = Some(0);
    cipher.decrypt(false, &mut data, &tag).unwrap();
    assert_eq!(cipher.decrypt(true, &mut [], &last), Err(CryptoError::DecryptFailed));
    // The header alone, and less than it.
    for length in 0..84 {
        let (out, end) = open(&key, b"", &stream[..length], 7);
        assert_eq!((out, end), (Vec::new(), Err(CryptoError::DataTooShort)), "{length}");
    }
}

#[test]
fn no_changed_bit_passes() {
    let key = storage_key(7, 1);
    let stream = seal(&key, b"c", &text(100), 100);
    for bit in 0..stream.len() * 8 {
        let mut flipped = stream.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let (out, end) = open(&key, b"c", &flipped, 64);
        assert!(out.is_empty());
        assert!(matches!(end.unwrap_err().code(), "DECRYPT_FAILED" | "UNSUPPORTED"), "bit {bit}");
    }
    assert_eq!(
        open(&key, b"c", &crate::envelope::seal(b"t", &[1; 32], b"c").unwrap(), 64).1.unwrap_err().code(),
        "UNSUPPORTED"
    );
}

#[test]
fn a_password_opens_and_a_storage_key_does_not() {
    let kdf = PasswordKdf::make_argon2id(Argon2Params::new(8192, 1, 1).unwrap()).unwrap();
    let mut stream = Vec::new();
    let mut sealer = StreamSealer::with_password(b"secret", kdf, b"export", &mut stream).unwrap();
    sealer.update(b"text", &mut stream).unwrap();
    sealer.finish(&mut stream).unwrap();
    for (password, context, expected) in [
        (&b"secret"[..], &b"export"[..], Ok(())),
        (b"secrer", b"export", Err(CryptoError::DecryptFailed)),
        (b"secret", b"", Err(CryptoError::DecryptFailed)),
    ] {
        let (mut out, mut opener) = (Vec::new(), StreamOpener::with_password(password, context).unwrap());
        let end = opener.update(&stream, &mut out).and_then(|()| opener.finish(&mut out));
        assert_eq!(end, expected);
        assert_eq!(out, if end.is_ok() { &b"text"[..] } else { b"" });
    }
    assert_eq!(open(&storage_key(7, 1), b"export", &stream, 50).1, Err(CryptoError::DecryptFailed));
    assert_eq!(
        format!("{:?}", StreamOpener::with_password(b"secret", b"").unwrap()),
        "StreamOpener([REDACTED])"
    );
}

#[test]
fn the_last_number_is_used_and_no_more() {
    let key = storage_key(7, 1);
    let mut out = Vec::new();
    let mut sealer = StreamSealer::new(&key, b"", &mut out).unwrap();
    sealer.cipher.number = Some(u32::MAX);
    sealer.update(&vec![0; CHUNK_LENGTH + 1], &mut out).unwrap();
    assert_eq!(sealer.update(&vec![0; CHUNK_LENGTH + 1], &mut out), Err(CryptoError::EncryptFailed));
    assert_eq!(sealer.update(&[], &mut out), Err(CryptoError::EncryptFailed));
    assert_eq!(sealer.finish(&mut out), Err(CryptoError::EncryptFailed));
}
