//! Golden values, faults and bounds. Mutations at random are in `tests/envelope.rs`.

use super::*;
use crate::hex;
use crate::kdf::{Argon2Params, ScryptParams};

const TEXT: &[u8] = b"sk-test-0123456789abcdef";

fn counting<const N: usize>(first: u8) -> [u8; N] {
    std::array::from_fn(|i| first + u8::try_from(i).unwrap())
}

fn id(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

fn storage_key(number: u32, byte: u8) -> StorageKey {
    StorageKey::from_secret(id(number), SecretBytes::from_slice_wiping(&mut [byte; 32]).unwrap()).unwrap()
}

#[test]
fn contract_golden_value() {
    let header = Header::for_key(Suite::XChaCha20Poly1305, id(7));
    let sealed = seal_parts(&header, &counting(0), TEXT, b"wallet:demo", &counting(0x40)).unwrap();
    assert_eq!(
        hex::encode(&sealed),
        "434e45310100000000000007ec73cde794fec6ee0795c83d2d7830e14d073845e53dd5c4eeb5855503678b94\
         404142434445464748494a4b4c4d4e4f5051525354555657\
         3db8577823461903e30570b1129e03cb8bef683d489b8480ecca6f9f78a5f8863593bd0d602b942a"
    );
    assert_eq!(sealed.len(), TEXT.len() + OVERHEAD);
    assert_eq!(*open(&sealed, &counting::<32>(0), b"wallet:demo").unwrap(), TEXT);
    assert_eq!(Header::parse(&sealed), Ok(header));
}

#[test]
fn both_suites_open_and_say_what_they_are() {
    for suite in [Suite::XChaCha20Poly1305, Suite::Xaes256Gcm] {
        for text in [&b""[..], TEXT, &[7; 5000]] {
            let key = storage_key(u32::MAX, 3).with_suite(suite);
            let sealed = key.seal(text, b"here").unwrap();
            assert_ne!(sealed, key.seal(text, b"here").unwrap());
            assert_eq!(sealed.len(), text.len() + OVERHEAD);
            let header = Header::parse(&sealed).unwrap();
            assert_eq!((header.suite(), header.key_id()), (suite, Some(key.id())));
            assert!(header.password().is_none());
            assert_eq!(*key.open(&sealed, b"here").unwrap(), text);
            assert_eq!(*storage_key(u32::MAX, 3).open(&sealed, b"here").unwrap(), text);
        }
    }
}

#[test]
fn another_key_number_or_context_does_not_open() {
    let key = storage_key(7, 1);
    let sealed = key.seal(TEXT, b"wallet:demo").unwrap();
    assert_eq!(*key.open(&sealed, b"wallet:demo").unwrap(), TEXT);
    for other in [storage_key(7, 2), storage_key(8, 1)] {
        assert_eq!(other.open(&sealed, b"wallet:demo"), Err(CryptoError::DecryptFailed));
    }
    for context in [&b""[..], b"wallet:dem", b"wallet:demo "] {
        assert_eq!(key.open(&sealed, context), Err(CryptoError::DecryptFailed));
    }
    for length in [0, 31, 33] {
        let wrong = CryptoError::InvalidKeyLength { expected: 32, actual: length };
        assert_eq!(open(&sealed, &[1; 33][..length], b""), Err(wrong.clone()));
        assert_eq!(seal(TEXT, &[1; 33][..length], b""), Err(wrong.clone()));
        let secret = SecretBytes::zeroed(length).unwrap();
        assert_eq!(StorageKey::from_secret(id(1), secret).unwrap_err(), wrong);
    }
}

/// A tag of XChaCha20-Poly1305 holds under many keys; an envelope does not.
#[test]
fn the_commitment_is_checked_before_the_tag() {
    let sealed = seal(TEXT, &[1; 32], b"").unwrap();
    let parts = Parts::of(&sealed).unwrap();
    let another = derive(&[2; 32], parts.nonce, &parts.header.info(Format::Envelope));
    // The envelope of key 1 with a ciphertext that is good under key 2: only the commitment tells.
    let mut forged = sealed[..sealed.len() - TEXT.len() - TAG_LENGTH].to_vec();
    let (mut aad, mut data) = (Vec::new(), TEXT.to_vec());
    associated_data(parts.before_nonce, b"", &mut aad).unwrap();
    let tag = encrypt(Suite::default(), another.message_key(), parts.nonce, &aad, &mut data).unwrap();
    forged.extend_from_slice(&data);
    forged.extend_from_slice(&tag);
    let forged_parts = Parts::of(&forged).unwrap();
    decrypt(Suite::default(), another.message_key(), parts.nonce, &aad, &mut data, forged_parts.tag).unwrap();
    assert_eq!(data, TEXT);
    assert_eq!(open(&forged, &[1; 32], b""), Err(CryptoError::DecryptFailed));
    assert_eq!(open(&forged, &[2; 32], b""), Err(CryptoError::DecryptFailed));
}

#[test]
fn no_changed_bit_opens_and_no_length_but_the_right_one() {
    let kdf = PasswordKdf::make_argon2id(Argon2Params::new(8192, 1, 1).unwrap()).unwrap();
    let key: [u8; 32] = kdf.derive_key(b"password").unwrap().expose(|key| key.try_into().unwrap());
    let nonce = random::array().unwrap();
    let with_password =
        seal_parts(&Header::for_password(Suite::default(), kdf), &key, TEXT, b"c", &nonce).unwrap();
    for sealed in [
        seal(TEXT, &key, b"c").unwrap(),
        seal_as(Suite::Xaes256Gcm, id(9), TEXT, &key, b"c").unwrap(),
        with_password,
    ] {
        // The key itself is used, whatever the header says of passwords: the derivation is not what is tested.
        let open = |envelope: &[u8]| Parts::of(envelope).and_then(|parts| parts.open(&key, b"c"));
        assert_eq!(*open(&sealed).unwrap(), TEXT);
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let error = open(&flipped).unwrap_err();
            assert!(matches!(error.code(), "DECRYPT_FAILED" | "UNSUPPORTED" | "DATA_TOO_SHORT"), "bit {bit}");
        }
        let least = sealed.len() - TEXT.len();
        for length in 0..sealed.len() {
            let expected =
                if length < least { CryptoError::DataTooShort } else { CryptoError::DecryptFailed };
            assert_eq!(open(&sealed[..length]), Err(expected), "{length}");
        }
        assert_eq!(open(&[&sealed[..], &[0]].concat()), Err(CryptoError::DecryptFailed));
    }
}

#[test]
fn what_the_header_may_not_say() {
    let sealed = seal(TEXT, &[1; 32], b"").unwrap();
    for (place, value) in [(0, b'c'), (3, b'2'), (4, 0), (4, 3), (5, 2), (5, 0x80), (6, 1), (7, 1), (11, 0)] {
        let mut changed = sealed.clone();
        changed[place] = value;
        assert_eq!(Header::parse(&changed).unwrap_err().code(), "UNSUPPORTED", "byte {place}");
        assert_eq!(open(&changed, &[1; 32], b"").unwrap_err().code(), "UNSUPPORTED", "byte {place}");
    }
}

#[test]
fn passwords_open_and_weak_ones_say_so() {
    for (kdf, length, weak) in [
        (PasswordKdf::make().unwrap(), 26, false),
        (PasswordKdf::make_argon2id(Argon2Params::new(8192, 1, 2).unwrap()).unwrap(), 26, true),
        (PasswordKdf::make_scrypt(ScryptParams::LEGACY).unwrap(), 42, true),
    ] {
        let sealed = seal_with_password(TEXT, b"correct horse", kdf.clone(), b"here").unwrap();
        assert_eq!(sealed.len(), TEXT.len() + OVERHEAD + length);
        let header = Header::parse(&sealed).unwrap();
        assert_eq!((header.key_id(), header.password()), (None, Some(&kdf)));
        let opened = open_with_password(&sealed, b"correct horse", b"here").unwrap();
        assert_eq!((&opened.plaintext[..], opened.needs_rewrap), (TEXT, weak));
        assert_eq!(format!("{opened:?}"), format!("Opened([REDACTED], needs_rewrap: {weak})"));
        assert_eq!(open_with_password(&sealed, b"correct horsf", b"here"), Err(CryptoError::DecryptFailed));
        assert_eq!(open_with_password(&sealed, b"correct horse", b""), Err(CryptoError::DecryptFailed));
        let key = kdf.derive_key(b"correct horse").unwrap();
        assert_eq!(key.expose(|key| open(&sealed, key, b"here")), Err(CryptoError::DecryptFailed));
        assert_eq!(key.expose(|key| open_with_derived_key(&sealed, key, b"here")), Ok(opened));
        let sealed = key.expose(|key| seal_with_derived_key(TEXT, key, kdf, b"here")).unwrap();
        let opened = open_with_password(&sealed, b"correct horse", b"here").unwrap();
        assert_eq!((&opened.plaintext[..], opened.needs_rewrap), (TEXT, weak));
        assert_eq!(open_with_derived_key(&sealed, &[1; 32], b"here"), Err(CryptoError::DecryptFailed));
        assert_eq!(
            open_with_derived_key(&sealed, &[1; 31], b"here").unwrap_err().code(),
            "INVALID_KEY_LENGTH"
        );
    }
    let sealed = seal(TEXT, &[1; 32], b"").unwrap();
    assert_eq!(open_with_password(&sealed, &[1; 32], b""), Err(CryptoError::DecryptFailed));
    assert_eq!(open_with_derived_key(&sealed, &[1; 32], b""), Err(CryptoError::DecryptFailed));
}

#[test]
fn password_parameters_are_checked_before_any_work() {
    let header = |kdf: &[u8]| [&b"CNE1\x01\x01\0\0\0\0\0\0"[..], &[0; 32], kdf, &[0; 24 + 16]].concat();
    let argon2 =
        |m: u32, t: u32, p: u8| [&[1][..], &m.to_be_bytes(), &t.to_be_bytes(), &[p], &[0; 16]].concat();
    let scrypt = |n: u8, r: u32, p: u32| [&[2, n][..], &r.to_be_bytes(), &p.to_be_bytes(), &[0; 32]].concat();
    for kdf in [
        argon2(8191, 1, 1),
        argon2(1_048_577, 1, 1),
        argon2(u32::MAX, 1, 1),
        argon2(8192, 0, 1),
        argon2(8192, 17, 1),
        argon2(8192, 1, 0),
        argon2(8192, 1, 9),
        scrypt(13, 8, 1),
        scrypt(21, 8, 1),
        scrypt(14, 7, 1),
        scrypt(14, 8, 0),
        scrypt(14, 8, 5),
        [&[0][..], &[0; 41]].concat(),
        [&[3][..], &[0; 41]].concat(),
    ] {
        let envelope = header(&kdf);
        assert_eq!(open_with_password(&envelope, b"", b"").unwrap_err().code(), "UNSUPPORTED");
    }
    let good = header(&argon2(8192, 1, 1));
    assert_eq!(open_with_password(&good, b"", b""), Err(CryptoError::DecryptFailed));
    for length in 0..good.len() {
        assert_eq!(open_with_password(&good[..length], b"", b""), Err(CryptoError::DataTooShort));
    }
}

#[test]
fn rewrapping_keeps_the_context_and_retires_the_key() {
    let (old, new) = (storage_key(1, 1), storage_key(2, 2).with_suite(Suite::Xaes256Gcm));
    let mut rewrapper = Rewrapper::new(&new);
    let mut out = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..300_usize {
        let text = vec![u8::try_from(round % 251).unwrap(); round];
        let context = round.to_be_bytes();
        let sealed = old.seal(&text, &context).unwrap();
        rewrapper.rewrap_into(&sealed, &old, &context, &mut out).unwrap();
        for moved in [&out, &rewrap(&sealed, &old, &new, &context).unwrap()] {
            assert_eq!(*new.open(moved, &context).unwrap(), text);
            assert_eq!(moved.len(), sealed.len());
            assert!(seen.insert(moved[44..68].to_vec()), "a nonce came twice");
            assert_eq!(old.open(moved, &context), Err(CryptoError::DecryptFailed));
            assert_eq!(new.open(moved, b""), Err(CryptoError::DecryptFailed));
        }
        assert_eq!(
            rewrapper.rewrap_into(&sealed, &old, b"elsewhere", &mut out),
            Err(CryptoError::DecryptFailed)
        );
        assert!(out.is_empty());
        assert_eq!(rewrap(&sealed, &new, &old, &context), Err(CryptoError::DecryptFailed));
    }
}

#[test]
fn debug_shows_nothing() {
    let key = storage_key(5, 65);
    assert_eq!(
        format!("{key:?} {:?}", Rewrapper::new(&key)),
        "StorageKey(5, [REDACTED]) Rewrapper(StorageKey(5, [REDACTED]))"
    );
}
