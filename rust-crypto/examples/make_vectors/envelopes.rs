//! The contents of `vectors/envelope.json`: envelopes, streams, messages to public keys, records of older systems.
//!
//! The library draws its nonces, so everything here is sealed by the letter of `docs/encodings/envelope.md` with the
//! primitives' own crates: a second implementation, which the library must open.

use std::convert::Infallible;

use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::BlockCipherEncrypt as _;
use aes_gcm::{AeadInOut as _, Aes256Gcm, KeyInit as _};
use chacha20poly1305::XChaCha20Poly1305;
use chrysalis_crypto::hpke::{Aead, PublicKey, SecretKey};
use chrysalis_crypto::secret::SecretBytes;
use chrysalis_crypto::{CryptoError, envelope, hex, hpke as ours, legacy, recipients, stream};
use hkdf::Hkdf;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable as _, OpModeS, Serializable as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::document::{CONTRACT, OURS, Result, counting, published};

const TEXT: &[u8] = b"sk-test-0123456789abcdef";
const PASSWORD: &str = "correct horse battery staple";
const RFC_9180: &str = "RFC 9180 appendix A.2";

pub(crate) fn document() -> Result<Value> {
    Ok(json!({
        "about": [
            "Test vectors of rust-crypto's envelopes, read by Rust, Node, browser and Python tests.",
            "Written by `cargo run -p chrysalis-crypto --example make_vectors`; do not edit by hand.",
            "Byte strings are lower-case hexadecimal, except `password` and `json`, which are text. A case has `expected`, \
             the message, or `error`, the code of the error it gives.",
            "`hpke_open` and `recipients_open` have `sender`, a public key, in auth mode.",
        ],
        "open": open()?,
        "open_with_password": open_with_password()?,
        "stream_open": stream_open()?,
        "hpke_open": hpke_open()?,
        "recipients_open": recipients_open()?,
        "legacy_record": legacy_record()?,
    }))
}

/// What a header says before the commitment and after it.
struct Header<'a> {
    magic: &'a [u8; 4],
    suite: u8,
    flags: u8,
    key_id: u32,
    password: &'a [u8],
}

/// The header with its commitment, and the message key.
fn begin(header: &Header<'_>, key: &[u8], nonce: &[u8; 24]) -> Result<(Vec<u8>, [u8; 32])> {
    let label = format!("chrysalis/{}/", std::str::from_utf8(header.magic)?.to_lowercase());
    let info = [label.as_bytes(), &[header.suite, header.flags], &header.key_id.to_be_bytes()].concat();
    let mut derived = [0; 64];
    Hkdf::<Sha256>::new(Some(nonce), key).expand(&info, &mut derived).map_err(|_| "too long")?;
    let (message_key, commitment) = derived.split_at(32);
    let fixed =
        [&header.magic[..], &[header.suite, header.flags, 0, 0], &header.key_id.to_be_bytes()].concat();
    Ok(([&fixed, commitment, header.password].concat(), message_key.try_into()?))
}

fn bound(before_nonce: &[u8], context: &[u8]) -> Vec<u8> {
    [before_nonce, &(context.len() as u64).to_be_bytes(), context].concat()
}

fn encrypt(suite: u8, key: &[u8; 32], nonce: &[u8; 24], aad: &[u8], text: &[u8]) -> Result<Vec<u8>> {
    let mut data = text.to_vec();
    let tag = if suite == 1 {
        XChaCha20Poly1305::new(key.into()).encrypt_inout_detached(
            nonce.into(),
            aad,
            data.as_mut_slice().into(),
        )
    } else {
        // XAES-256-GCM: CMAC of two blocks of one block length each.
        let cipher = Aes256::new(key.into());
        let mut subkey = [0; 16];
        cipher.encrypt_block((&mut subkey).into());
        let carry = subkey[0] >> 7;
        for i in 0..16 {
            subkey[i] = subkey[i] << 1 | subkey.get(i + 1).map_or(0, |next| next >> 7);
        }
        subkey[15] ^= 0x87 * carry;
        let mut derived = Vec::new();
        for counter in [1, 2] {
            let mut block: [u8; 16] =
                [&[0, counter, b'X', 0], &nonce[..12]].concat().as_slice().try_into()?;
            block.iter_mut().zip(subkey).for_each(|(byte, mask)| *byte ^= mask);
            cipher.encrypt_block((&mut block).into());
            derived.extend_from_slice(&block);
        }
        let rest: [u8; 12] = nonce[12..].try_into()?;
        Aes256Gcm::new_from_slice(&derived)?.encrypt_inout_detached(
            &rest.into(),
            aad,
            data.as_mut_slice().into(),
        )
    }
    .map_err(|_| "sealing failed")?;
    Ok([&data[..], &tag].concat())
}

fn seal(header: &Header<'_>, key: &[u8], nonce: &[u8; 24], context: &[u8], text: &[u8]) -> Result<Vec<u8>> {
    let (before_nonce, message_key) = begin(header, key, nonce)?;
    let sealed = encrypt(header.suite, &message_key, nonce, &bound(&before_nonce, context), text)?;
    Ok([&before_nonce[..], nonce, &sealed].concat())
}

fn nonce(first: u8) -> [u8; 24] {
    std::array::from_fn(|i| first.wrapping_add(u8::try_from(i).unwrap_or_default()))
}

fn outcome(mut case: Value, found: std::result::Result<impl AsRef<[u8]>, CryptoError>) -> Value {
    match found {
        Ok(text) => case["expected"] = json!(hex::encode(text.as_ref())),
        Err(error) => case["error"] = json!(error.code()),
    }
    case
}

fn open() -> Result<Vec<Value>> {
    let key = counting();
    let mut out = Vec::new();
    let mut add = |name: &str, origin: &str, envelope: &[u8], key: &[u8], context: &[u8], expected: &str| {
        let found = envelope::open(envelope, key, context);
        let ended = found.as_ref().map_or_else(|error| error.code().to_owned(), |text| hex::encode(text));
        if ended != expected {
            return Err(format!("{name}: {ended}"));
        }
        let case = json!({ "name": name, "origin": origin, "key": hex::encode(key), "context": hex::encode(context),
            "envelope": hex::encode(envelope) });
        out.push(outcome(case, found));
        Ok(())
    };
    let header = |suite, key_id| Header { magic: b"CNE1", suite, flags: 0, key_id, password: b"" };
    let golden = seal(&header(1, 7), &key, &nonce(0x40), b"wallet:demo", TEXT)?;
    published(
        "contract",
        &golden,
        "434e45310100000000000007ec73cde794fec6ee0795c83d2d7830e14d073845e53dd5c4eeb5855503678b94404142434445464748494a4b4c4d4e4f50515253545556573db8577823461903e30570b1129e03cb8bef683d489b8480ecca6f9f78a5f8863593bd0d602b942a",
    )?;
    let text = hex::encode(TEXT);
    add("suite 1", CONTRACT, &golden, &key, b"wallet:demo", &text)?;
    let nist = seal(&header(2, u32::MAX), &key, &nonce(0), b"wallet:demo", TEXT)?;
    add("suite 2, largest key id", OURS, &nist, &key, b"wallet:demo", &text)?;
    for (name, suite, length) in
        [("empty", 1, 0_u8), ("empty, suite 2", 2, 0), ("longer", 1, 200), ("longer, suite 2", 2, 200)]
    {
        let long: Vec<u8> = (0..length).collect();
        let sealed = seal(&header(suite, 1), &key, &nonce(9), b"", &long)?;
        add(name, OURS, &sealed, &key, b"", &hex::encode(&long))?;
    }
    for (name, place, code) in [
        ("other format", 3, "UNSUPPORTED"),
        ("unknown suite", 4, "UNSUPPORTED"),
        ("reserved flag", 5, "UNSUPPORTED"),
        ("reserved byte", 6, "UNSUPPORTED"),
        ("key id changed", 11, "DECRYPT_FAILED"),
        ("commitment changed", 12, "DECRYPT_FAILED"),
        ("nonce changed", 44, "DECRYPT_FAILED"),
        ("ciphertext changed", 68, "DECRYPT_FAILED"),
        ("tag changed", golden.len() - 1, "DECRYPT_FAILED"),
    ] {
        let mut changed = golden.clone();
        changed[place] ^= 2;
        add(name, OURS, &changed, &key, b"wallet:demo", code)?;
    }
    let unnamed = seal(&header(1, 0), &key, &nonce(1), b"", TEXT)?;
    add("key id 0", OURS, &unnamed, &key, b"", "UNSUPPORTED")?;
    add("another key", OURS, &golden, &[9; 32], b"wallet:demo", "DECRYPT_FAILED")?;
    add("another context", OURS, &golden, &key, b"wallet:dem", "DECRYPT_FAILED")?;
    add("cut", OURS, &golden[..golden.len() - 1], &key, b"wallet:demo", "DECRYPT_FAILED")?;
    add("too short", OURS, &golden[..83], &key, b"wallet:demo", "DATA_TOO_SHORT")?;
    add("key of 31 bytes", OURS, &golden, &key[..31], b"wallet:demo", "INVALID_KEY_LENGTH")?;
    Ok(out)
}

fn open_with_password() -> Result<Vec<Value>> {
    let argon2 = |m: u32, t: u32, p: u8| {
        [&[1][..], &m.to_be_bytes(), &t.to_be_bytes(), &[p], &counting().map(|byte| byte | 0x80)[..16]]
            .concat()
    };
    let scrypt = |log2_n: u8, r: u32, p: u32| {
        [&[2, log2_n][..], &r.to_be_bytes(), &p.to_be_bytes(), &counting().map(|byte| byte | 0x80)].concat()
    };
    // The contract's golden values for this password and these salts.
    let argon2_key = hex::decode("f552a026194be7d2ea2c82c9b548ca463fa129f3afbdb4bc57d68123990a13f3")?;
    let scrypt_key = hex::decode("b6f8ea6abacec879df3367a850bf6754b60a5114d68e432d2b1d4303765a5b05")?;
    let mut out = Vec::new();
    for (name, kdf, key, key_id, password) in [
        ("Argon2id, the default", argon2(19456, 2, 1), &argon2_key, 0, PASSWORD),
        ("Argon2id and a key id", argon2(19456, 2, 1), &argon2_key, 3, PASSWORD),
        ("scrypt of older cost", scrypt(14, 8, 1), &scrypt_key, 0, PASSWORD),
        ("another password", argon2(19456, 2, 1), &argon2_key, 0, "Correct horse battery staple"),
        ("too little memory", argon2(8191, 2, 1), &argon2_key, 0, PASSWORD),
        ("too much memory", argon2(1_048_577, 1, 1), &argon2_key, 0, PASSWORD),
        ("too many passes", argon2(8192, 17, 1), &argon2_key, 0, PASSWORD),
        ("too many lanes", argon2(8192, 1, 9), &argon2_key, 0, PASSWORD),
        ("scrypt with too large N", scrypt(21, 8, 1), &scrypt_key, 0, PASSWORD),
        ("scrypt with another r", scrypt(14, 16, 1), &scrypt_key, 0, PASSWORD),
        ("unknown derivation", [&[3][..], &[0; 41]].concat(), &argon2_key, 0, PASSWORD),
    ] {
        let header = Header { magic: b"CNE1", suite: 1, flags: 1, key_id, password: &kdf };
        let sealed = seal(&header, key, &nonce(0x20), b"wallet", TEXT)?;
        let found = envelope::open_with_password(&sealed, password.as_bytes(), b"wallet");
        let mut case = json!({ "name": name, "origin": OURS, "password": password, "context": hex::encode(b"wallet"),
            "envelope": hex::encode(&sealed) });
        if let Ok(opened) = &found {
            case["needs_rewrap"] = json!(opened.needs_rewrap);
        }
        out.push(outcome(case, found.map(|opened| opened.plaintext)));
    }
    Ok(out)
}

fn stream_open() -> Result<Vec<Value>> {
    let key = counting();
    let mut out = Vec::new();
    // The number of the last chunk, whether it is marked as the last, and its text.
    for (name, suite, number, last, text) in [
        ("one chunk", 1, 0_u32, 1, TEXT),
        ("one chunk, suite 2", 2, 0, 1, TEXT),
        ("empty", 1, 0, 1, b""),
        ("not marked as the last", 1, 0, 0, TEXT),
        ("the second chunk alone", 1, 1, 1, TEXT),
    ] {
        let header = Header { magic: b"CNS1", suite, flags: 0, key_id: 7, password: b"" };
        let random = nonce(0x60);
        let (before_nonce, message_key) = begin(&header, &key, &random)?;
        let aad = Sha256::digest(bound(&before_nonce, b"file"));
        let chunk_nonce: [u8; 24] =
            [&random[..19], &number.to_be_bytes(), &[last]].concat().as_slice().try_into()?;
        let sealed = encrypt(suite, &message_key, &chunk_nonce, &aad, text)?;
        let stream = [&before_nonce[..], &random, &sealed].concat();
        let id = std::num::NonZeroU32::MIN.saturating_add(6);
        let storage =
            envelope::StorageKey::from_secret(id, SecretBytes::from_slice_wiping(&mut key.clone())?)?;
        let mut plaintext = Vec::new();
        let mut opener = stream::StreamOpener::new(&storage, b"file")?;
        let found = opener.update(&stream, &mut plaintext).and_then(|()| opener.finish(&mut plaintext));
        let case = json!({ "name": name, "origin": OURS, "key": hex::encode(&key), "key_id": 7,
            "context": hex::encode(b"file"), "stream": hex::encode(&stream) });
        out.push(outcome(case, found.map(|()| plaintext)));
    }
    Ok(out)
}

fn secret_key(text: &str) -> Result<SecretKey> {
    Ok(SecretKey::from_secret(SecretBytes::from_slice_wiping(&mut hex::decode(text)?)?)?)
}

fn hpke_open() -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for (name, origin, aead, recipient, sender, sealed) in [
        (
            "base mode",
            RFC_9180,
            "ChaCha20Poly1305",
            "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
            None,
            "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
        ),
        (
            "auth mode",
            RFC_9180,
            "ChaCha20Poly1305",
            "3ca22a6d1cda1bb9480949ec5329d3bf0b080ca4c45879c95eddb55c70b80b82",
            Some("f0f4f9e96c54aeed3f323de8534fffd7e0577e4ce269896716bcb95643c8712b"),
            "f7674cc8cd7baa5872d1f33dbaffe3314239f6197ddf5ded1746760bfc847e0eab1a13c9d4f01a87ec3440dbd756e2677bd2ecf9df0ce7ed73869b98e00c09be111cb9fdf077347aeb88e61bdf",
        ),
        (
            "base mode, AES",
            "the vectors published beside RFC 9180: mode 0, KEM 32, KDF 1, AEAD 2",
            "Aes256Gcm",
            "497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d",
            None,
            "6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925cdad859d5b7a",
        ),
        (
            "base mode read as auth mode",
            OURS,
            "ChaCha20Poly1305",
            "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
            Some("f0f4f9e96c54aeed3f323de8534fffd7e0577e4ce269896716bcb95643c8712b"),
            "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
        ),
        (
            "encapsulated key of small order",
            OURS,
            "ChaCha20Poly1305",
            "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
            None,
            "00000000000000000000000000000000000000000000000000000000000000001c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
        ),
    ] {
        let (info, aad) = (b"Ode on a Grecian Urn", b"Count-0");
        let cipher = if aead == "Aes256Gcm" { Aead::Aes256Gcm } else { Aead::ChaCha20Poly1305 };
        let (key, bytes) = (secret_key(recipient)?, hex::decode(sealed)?);
        let found = match sender {
            None => ours::open(cipher, &key, info, aad, &bytes),
            Some(sender) => ours::open_from(
                cipher,
                &PublicKey::from_slice(&hex::decode(sender)?)?,
                &key,
                info,
                aad,
                &bytes,
            ),
        };
        if origin != OURS {
            let found = found.as_ref().map_err(CryptoError::to_string)?;
            published(name, found, &hex::encode(b"Beauty is truth, truth beauty"))?;
        }
        let case = json!({ "name": name, "origin": origin, "aead": aead, "secret_key": recipient, "sender": sender,
            "info": hex::encode(info), "aad": hex::encode(aad), "sealed": sealed });
        out.push(outcome(case, found));
    }
    Ok(out)
}

/// Gives the same bytes each time: the keying material of the ephemeral key.
struct Fixed(u8);

impl TryRng for Fixed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> std::result::Result<u32, Infallible> {
        Ok(u32::from(self.0))
    }

    fn try_next_u64(&mut self) -> std::result::Result<u64, Infallible> {
        Ok(u64::from(self.0))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> std::result::Result<(), Infallible> {
        out.fill(self.0);
        Ok(())
    }
}

impl TryCryptoRng for Fixed {}

fn recipients_open() -> Result<Vec<Value>> {
    use hpke::{Kem as _, aead::ChaCha20Poly1305, kdf::HkdfSha256, kem::X25519HkdfSha256 as Kem};
    let keys = ["11", "22", "33"].map(|byte| byte.repeat(32));
    let sender = "44".repeat(32);
    let sender_public = hex::encode(secret_key(&sender)?.public_key().as_bytes());
    let (context, content_key) = (b"team:7", counting());
    let digest = blake3::keyed_hash(
        &blake3::derive_key("chrysalis 2026-11-20 recipients message digest v1", &content_key),
        TEXT,
    );
    let secret = [&content_key[..], digest.as_bytes()].concat();
    let mut out = Vec::new();
    for (mode, name) in [(0, "base mode"), (2, "auth mode")] {
        let mut entries = Vec::new();
        for (number, key) in (1..).zip(&keys[..2]) {
            let public = *secret_key(key)?.public_key().as_bytes();
            let id = blake3::derive_key("chrysalis 2026-11-20 recipient id v1", &public);
            let kem_public = <Kem as hpke::Kem>::PublicKey::from_bytes(&public)?;
            let kem_sender = <Kem as hpke::Kem>::PrivateKey::from_bytes(&hex::decode(&sender)?)?;
            let mode = match mode {
                0 => OpModeS::Base,
                _ => OpModeS::Auth((kem_sender.clone(), Kem::sk_to_pk(&kem_sender))),
            };
            let (encapsulated, sealed) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, Kem>(
                &mode,
                &kem_public,
                &bound(b"chrysalis/cnr1/", context),
                &secret,
                &id[..16],
                &mut Fixed(number),
            )?;
            entries.push([&id[..16], &encapsulated.to_bytes(), &sealed].concat());
        }
        entries.sort();
        let list = [&b"CNR1"[..], &[1, mode, 0, 2], &entries.concat()].concat();
        let header = Header { magic: b"CNE1", suite: 1, flags: 0, key_id: 1, password: b"" };
        let bound_to = [blake3::hash(&list).as_bytes(), &context[..]].concat();
        let body = seal(&header, &content_key, &nonce(0x70), &bound_to, TEXT)?;
        let sealed = [list, body].concat();
        let mut changed = sealed.clone();
        changed[20] ^= 1;
        let named = (mode == 2).then_some(&sender_public);
        for (what, key, sender, bytes) in [
            ("first recipient", &keys[0], named, &sealed),
            ("second recipient", &keys[1], named, &sealed),
            ("no recipient", &keys[2], named, &sealed),
            ("changed list", &keys[0], named, &changed),
            ("the other mode", &keys[0], if mode == 2 { None } else { Some(&sender_public) }, &sealed),
        ] {
            let recipient = secret_key(key)?;
            let found = match sender {
                None => recipients::open(&recipient, bytes, context),
                Some(sender) => {
                    let sender = PublicKey::from_slice(&hex::decode(sender)?)?;
                    recipients::open_from(&sender, &recipient, bytes, context)
                }
            };
            let case = json!({ "name": format!("{name}, {what}"), "origin": OURS, "secret_key": key, "sender": sender,
                "context": hex::encode(context), "sealed": hex::encode(bytes) });
            out.push(outcome(case, found));
        }
    }
    Ok(out)
}

fn legacy_record() -> Result<Vec<Value>> {
    let key = hex::encode(&counting());
    let salt = "gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8=";
    let f3 = r#"{"ciphertext":"tpRJPM8/sC0QpySrxmHDCqKOJdRNPvyb","iv":"UFFSU1RVVldYWVpbXF1eXw==","authTag":"zbwMiJ+sOpJ3pzbR6GSTjw==","algorithm":"aes-256-gcm","version":1}"#.to_owned();
    let f3_password = format!(
        r#"{{"ciphertext":"99x0XpJ3JmJDs6YF6AeZXEBwuEZKgW/5","iv":"UFFSU1RVVldYWVpbXF1eXw==","authTag":"W2am5r/4nhNH2qbjd1u9lA==","salt":"{salt}","algorithm":"aes-256-gcm","version":1}}"#
    );
    let f4 = r#"{"ciphertext":"kdKDV0NP8y799SUFr1ElbEH/Mz7UUWpF","iv":"QEFCQ0RFRkdISUpL","auth_tag":"abTpZxiZ/iYnvI2utlcf4w==","algorithm":"aes-256-gcm"}"#.to_owned();
    let f5 = format!(
        r#"{{"ciphertext":"LjV2OWLBay/UAVmCqGAg+OglEfPK/JrZkRRbcPd4UsQj0dpvnot2CQ==","iv":"QEFCQ0RFRkdISUpL","salt":"{salt}","algorithm":"AES-GCM","keyDerivation":"PBKDF2","iterations":600000,"version":1}}"#
    );
    let mut out = Vec::new();
    for (name, origin, json_text, key, password) in [
        ("F3, vector of 16 bytes", CONTRACT, f3.clone(), Some(&key), None),
        ("F3 under a password", CONTRACT, f3_password.clone(), None, Some(PASSWORD)),
        ("F4", CONTRACT, f4, Some(&key), None),
        ("F5", CONTRACT, f5.clone(), None, Some(PASSWORD)),
        ("unknown version", OURS, f3.replace("1}", "2}"), Some(&key), None),
        ("unknown algorithm", OURS, f3.replace("256", "128"), Some(&key), None),
        ("base64 without padding", OURS, f3.replace("Xw==", "Xw"), Some(&key), None),
        ("base64 with stray bits", OURS, f3.replace("Xw==", "Xx=="), Some(&key), None),
        ("no salt", OURS, f3.clone(), None, Some(PASSWORD)),
        ("too few iterations", OURS, f5.replace("600000", "99999"), None, Some(PASSWORD)),
        ("tag changed", OURS, f3.replace("zbwM", "zbwN"), Some(&key), None),
        ("another password", OURS, f3_password, None, Some("password")),
        ("no JSON", OURS, f3.replace('}', ""), Some(&key), None),
    ] {
        let found = legacy::Record::parse(&json_text).and_then(|record| match (key, password) {
            (Some(key), _) => record.open(&hex::decode(key)?),
            (None, password) => record.open_with_password(password.unwrap_or_default().as_bytes()),
        });
        if origin == CONTRACT {
            published(name, &found.as_ref().map_err(CryptoError::to_string)?.plaintext, &hex::encode(TEXT))?;
        }
        let case =
            json!({ "name": name, "origin": origin, "json": json_text, "key": key, "password": password });
        out.push(outcome(case, found.map(|opened| opened.plaintext)));
    }
    Ok(out)
}
