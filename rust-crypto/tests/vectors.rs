//! Checks every case of `vectors/crypto.json`, `primitives.json` and `blake3.json`, and that the files are what their
//! generator makes.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use chrysalis_crypto::ed25519::{self, SigningKey};
use chrysalis_crypto::hash::{self, HashAlgorithm, IncrementalHasher};
use chrysalis_crypto::kdf::{self, Argon2Params};
use chrysalis_crypto::{
    CryptoError, aead, aes, canonical, compare, fingerprint, hex, mac, password, proof, siv,
};
use serde_json::{Value, json};

#[path = "../examples/make_vectors/document.rs"]
mod document;
#[path = "../examples/make_vectors/edges.rs"]
mod edges;
#[path = "../examples/make_vectors/envelopes.rs"]
mod envelopes;
#[path = "../examples/make_vectors/hashes.rs"]
mod hashes;
#[path = "../examples/make_vectors/primitives.rs"]
mod primitives;
#[path = "../examples/make_vectors/proofs.rs"]
mod proofs;
#[path = "../examples/make_vectors/sealing.rs"]
mod sealing;
#[path = "../examples/make_vectors/signatures.rs"]
mod signatures;

type Outcome = Result<Value, CryptoError>;

/// The files whose sections have one name each.
fn files() -> [Value; 2] {
    [include_str!("../vectors/crypto.json"), include_str!("../vectors/primitives.json")]
        .map(|text| serde_json::from_str(text).unwrap())
}

/// Runs `check` on each case of a section and compares with what the case expects.
fn section(name: &str, least: usize, check: impl Fn(&Value) -> Outcome) {
    let files = files();
    let cases = files.iter().find_map(|file| file.get(name)).unwrap().as_array().unwrap();
    assert!(cases.len() >= least, "{name} has only {} cases", cases.len());
    for case in cases {
        let title = format!("{name}: {}", case["name"].as_str().unwrap());
        assert!(!case["origin"].as_str().unwrap().is_empty(), "{title}");
        match check(case) {
            Ok(found) => assert_eq!(Some(&found), case.get("expected"), "{title}"),
            Err(error) => {
                assert_eq!(case["error"], error.code(), "{title}");
                if let Some(text) = case.get("error_text") {
                    assert_eq!(*text, error.to_string(), "{title}");
                }
            }
        }
    }
}

fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().unwrap()
}

fn bytes(case: &Value, field: &str) -> Vec<u8> {
    hex::decode(text(case, field)).unwrap()
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn input(case: &Value) -> Vec<u8> {
    let input = &case["input"];
    match input.get("repeat") {
        None => bytes(input, "hex"),
        Some(_) => bytes(input, "repeat").into_iter().cycle().take(number(&input["length"])).collect(),
    }
}

fn algorithm(case: &Value) -> Result<HashAlgorithm, CryptoError> {
    HashAlgorithm::try_from(u32::try_from(case["algorithm"].as_u64().unwrap()).unwrap())
}

#[test]
fn the_files_are_what_the_generator_makes() {
    let made = [document::document().unwrap(), primitives::document().unwrap()];
    // Not assert_eq, which would print both files.
    assert!(files() == made, "run the example make_vectors and review the difference");
}

/// Making `envelope.json` seals each case by the letter of the format, without the library, and opens it with the
/// library; so what is in the file is what opens.
#[test]
fn envelopes_are_what_the_generator_makes() {
    let file: Value = serde_json::from_str(include_str!("../vectors/envelope.json")).unwrap();
    let made = envelopes::document().unwrap();
    for (name, least) in [
        ("open", 20),
        ("open_with_password", 11),
        ("stream_open", 5),
        ("hpke_open", 5),
        ("recipients_open", 10),
        ("legacy_record", 13),
    ] {
        assert!(made[name].as_array().unwrap().len() >= least, "{name}");
    }
    assert!(file == made, "run the example make_vectors and review the difference");
}

#[test]
fn hash() {
    section("hash", 20, |case| {
        let algorithm = algorithm(case)?;
        let digest = hash::hash_hex(&input(case), algorithm);
        assert_eq!(hex::encode(&hash::hash(&input(case), algorithm)), digest);
        match algorithm {
            HashAlgorithm::Sha384 => assert_eq!(hash::sha384_hex(&input(case)), digest),
            HashAlgorithm::Blake3 => assert_eq!(hash::blake3_hex(&input(case)), digest),
            _ => {}
        }
        Ok(json!(digest))
    });
}

#[test]
fn incremental() {
    section("incremental", 20, |case| {
        let mut hasher = IncrementalHasher::new(algorithm(case)?);
        let input = input(case);
        let mut rest = &input[..];
        for chunk in case["chunks"].as_array().unwrap() {
            let (head, tail) = rest.split_at(number(chunk));
            hasher.update(head)?;
            rest = tail;
        }
        assert!(rest.is_empty());
        Ok(json!(hasher.finalize_hex()?))
    });
}

#[test]
fn fingerprints() {
    section("agent_fingerprint", 5, |case| {
        Ok(json!(fingerprint::compute_agent_fingerprint(
            text(case, "agent_id"),
            text(case, "agent_name"),
            text(case, "created_at"),
        )))
    });
    section("state_hash", 4, |case| Ok(json!(fingerprint::compute_state_hash(text(case, "state_json")))));
}

#[test]
fn hex_decode() {
    section("hex_decode", 10, |case| Ok(json!(hex::encode(&hex::decode(text(case, "text"))?))));
}

#[test]
fn constant_time_eq() {
    section("constant_time_eq", 7, |case| {
        Ok(json!(compare::constant_time_eq(&bytes(case, "a"), &bytes(case, "b"))))
    });
}

#[test]
fn ed25519_sign() {
    section("ed25519_sign", 5, |case| {
        let key = SigningKey::from_slice(&bytes(case, "seed"))?;
        assert_eq!(key.public_key_hex(), text(case, "public_key"));
        Ok(json!(key.sign_hex(&bytes(case, "message"))))
    });
}

#[test]
fn ed25519_secret() {
    section("ed25519_secret", 11, |case| {
        let secret = bytes(case, "secret");
        let key = match text(case, "form") {
            "pkcs8" => SigningKey::from_pkcs8(&secret)?,
            "secret" => SigningKey::from_secret(&secret)?,
            other => panic!("unknown form {other}"),
        };
        assert_eq!(key.to_seed()[..], bytes(case, "seed"));
        Ok(json!(key.public_key_hex()))
    });
}

#[test]
fn ed25519_verify() {
    section("ed25519_verify", 60, |case| {
        let (key, message, signature) =
            (bytes(case, "public_key"), bytes(case, "message"), bytes(case, "signature"));
        let verdict = ed25519::verify(&key, &message, &signature);
        assert_eq!(
            ed25519::verify_hex(text(case, "public_key"), &message, text(case, "signature")),
            verdict,
            "single and hexadecimal verification agree"
        );
        Ok(json!(verdict?))
    });
}

/// Every case of the file, edge encodings and torsion included, at random places of batches of every size: batch and
/// single verification never disagree.
#[test]
fn batch_verify() {
    let file = &files()[0];
    let cases: Vec<[Vec<u8>; 3]> = file["ed25519_verify"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| ["public_key", "message", "signature"].map(|field| bytes(case, field)))
        .collect();
    let verdicts: Vec<bool> = cases
        .iter()
        .map(|[key, message, signature]| ed25519::verify(key, message, signature).unwrap_or(false))
        .collect();
    let good: Vec<usize> = (0..cases.len()).filter(|case| verdicts[*case]).collect();
    assert!(good.len() > 10 && good.len() < cases.len() - 10);
    let mut state = u64::from_le_bytes(chrysalis_crypto::random::array().unwrap());
    println!("first state {state}");
    let mut below = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % limit
    };
    for round in 0..120 {
        // From nothing but good signatures to nothing but edges.
        let chosen: Vec<usize> = (0..below(90))
            .map(|_| if below(10) < round % 11 { below(cases.len()) } else { good[below(good.len())] })
            .collect();
        let column = |part: usize| chosen.iter().map(|case| &cases[*case][part][..]).collect::<Vec<_>>();
        let found = ed25519::batch_verify(&column(0), &column(1), &column(2));
        let expected: Vec<bool> = chosen.iter().map(|case| verdicts[*case]).collect();
        assert_eq!(found, expected, "{chosen:?}");
    }
}

#[test]
fn ed25519_verify_hex() {
    section("ed25519_verify_hex", 8, |case| {
        let message = bytes(case, "message");
        Ok(json!(ed25519::verify_hex(text(case, "public_key"), &message, text(case, "signature"))?))
    });
}

#[test]
fn xchacha20poly1305_decrypt() {
    section("xchacha20poly1305_decrypt", 20, |case| {
        let (sealed, key, aad) = (bytes(case, "sealed"), bytes(case, "key"), bytes(case, "aad"));
        Ok(json!(hex::encode(&aead::xchacha20poly1305_decrypt(&sealed, &key, &aad)?)))
    });
}

#[test]
fn proofs_of_records() {
    section("proof", 60, |case| {
        let encoded = bytes(case, "proof");
        let verified = proof::verify(&encoded)?;
        assert_eq!(verified.proof.to_bytes()?, encoded, "one proof has one encoding");
        let (commit, record) = (&verified.proof.commit, &verified.proof.record);
        Ok(json!({
            "author": hex::encode(&commit.writer.key),
            "writer": commit.writer.name(),
            "sequence": verified.sequence.to_string(),
            "index": verified.proof.index,
            "count": commit.count,
            "leaf": hex::encode(&verified.leaf),
            "commit_hash": hex::encode(&verified.commit_hash),
            "kind": record.kind,
            "namespace": hex::encode(&record.namespace),
            "key_epoch": record.key_epoch,
            "time": record.time.to_string(),
            "context": hex::encode(&record.context),
            "content": hex::encode(&verified.proof.content),
        }))
    });
}

fn authenticated(case: &Value, open: impl Fn(&[u8], &[u8], &[u8]) -> Opened) -> Outcome {
    let (sealed, key, aad) = (bytes(case, "sealed"), bytes(case, "key"), bytes(case, "aad"));
    Ok(json!(hex::encode(&open(&sealed, &key, &aad)?)))
}

type Opened = Result<zeroize::Zeroizing<Vec<u8>>, CryptoError>;

#[test]
fn aes() {
    section("aes_gcm_decrypt", 15, |case| authenticated(case, aes::aes_gcm_decrypt_aad));
    section("aes_gcm_siv_decrypt", 14, |case| authenticated(case, siv::aes_gcm_siv_decrypt));
}

type Verify = fn(&[u8], &[u8], &[u8]) -> bool;

#[test]
fn hmac() {
    section("hmac", 16, |case| {
        let (key, data) = (bytes(case, "key"), bytes(case, "data"));
        let (tag, verify): (_, Verify) = match text(case, "function") {
            "hmac_sha256" => (mac::hmac_sha256(&key, &data).to_vec(), mac::hmac_sha256_verify),
            "hmac_sha384" => (mac::hmac_sha384(&key, &data).to_vec(), mac::hmac_sha384_verify),
            "hmac_sha512" => (mac::hmac_sha512(&key, &data).to_vec(), mac::hmac_sha512_verify),
            other => panic!("unknown function {other}"),
        };
        assert!(verify(&key, &data, &tag) && !verify(&key, &data, &tag[1..]));
        Ok(json!(hex::encode(&tag)))
    });
}

#[test]
fn key_derivation() {
    section("hkdf_sha256", 11, |case| {
        let (ikm, salt, info) = (bytes(case, "ikm"), bytes(case, "salt"), bytes(case, "info"));
        Ok(json!(hex::encode(&kdf::hkdf_sha256(&ikm, &salt, &info, number(&case["length"]))?)))
    });
    section("pbkdf2_sha256_derive_key", 9, |case| {
        let (password, salt) = (bytes(case, "password"), bytes(case, "salt"));
        let iterations = u32::try_from(number(&case["iterations"])).unwrap();
        let key = kdf::pbkdf2_sha256_derive_key(&password, &salt, iterations, number(&case["length"]))?;
        Ok(json!(hex::encode(&key)))
    });
    section("scrypt_derive_key", 6, |case| {
        let (password, salt) = (bytes(case, "password"), bytes(case, "salt"));
        Ok(json!(hex::encode(&kdf::scrypt_derive_key(&password, &salt, number(&case["length"]))?)))
    });
    section("argon2id_derive_key", 16, |case| {
        let (password, salt) = (bytes(case, "password"), bytes(case, "salt"));
        let [m_kib, t, p] = ["m_kib", "t", "p"].map(|field| u32::try_from(number(&case[field])).unwrap());
        let params = Argon2Params::new(m_kib, t, p)?;
        let key = kdf::argon2id_derive_key(&password, &salt, params, number(&case["length"]))?;
        Ok(json!(hex::encode(&key)))
    });
}

#[test]
fn passwords() {
    section("decrypt_with_password", 6, |case| {
        let legacy_fallback_n = case["legacy_fallback_n"].as_bool().unwrap();
        let opened = password::decrypt_with_password_and(
            &bytes(case, "sealed"),
            text(case, "password").as_bytes(),
            password::DecryptOptions { legacy_fallback_n },
        );
        Ok(json!(hex::encode(&opened?)))
    });
}

#[test]
fn names_of_agents_and_states() {
    section("agent_fingerprint_v2", 5, |case| {
        Ok(json!(fingerprint::compute_agent_fingerprint_v2(
            text(case, "agent_id"),
            text(case, "agent_name"),
            text(case, "created_at"),
        )))
    });
    section("state_hash_canonical", 20, |case| {
        let state = text(case, "state_json");
        assert_eq!(canonical::canonicalize(state).ok().as_deref(), case["canonical"].as_str());
        Ok(json!(fingerprint::compute_state_hash_canonical(state)?))
    });
    section("verify_state_hash", 9, |case| {
        let made_by = fingerprint::verify_state_hash(text(case, "state_json"), text(case, "hash"))?;
        Ok(json!(made_by.map(fingerprint::StateHash::name)))
    });
}

#[test]
fn batch_hash() {
    section("batch_hash", 7, |case| {
        let messages: Vec<Vec<u8>> = case["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| hex::decode(message.as_str().unwrap()).unwrap())
            .collect();
        let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        Ok(json!(hash::batch_hash(&messages, algorithm(case)?)))
    });
}

/// The file published with BLAKE3: three modes, extended output. Its comment gives the context.
#[test]
fn blake3() {
    const CONTEXT: &str = "BLAKE3 2019-12-27 16:29:52 test vectors context";
    let file: Value = serde_json::from_str(include_str!("../vectors/blake3.json")).unwrap();
    let key = text(&file, "key").as_bytes();
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 22);
    for case in cases {
        let input: Vec<u8> = (0..251).cycle().take(number(&case["input_len"])).collect();
        let expected = text(case, "hash");
        assert_eq!(hex::encode(&hash::blake3_xof(&input, expected.len() / 2).unwrap()), expected);
        assert_eq!(hash::blake3_hex(&input), expected[..64]);
        assert_eq!(hex::encode(&hash::blake3_keyed(key, &input).unwrap()), text(case, "keyed_hash")[..64]);
        assert_eq!(hex::encode(&hash::blake3_derive_key(CONTEXT, &input)), text(case, "derive_key")[..64]);
    }
}
