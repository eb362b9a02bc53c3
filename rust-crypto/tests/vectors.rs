//! Checks every case of `vectors/crypto.json`, and that the file is what its generator makes.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use chrysalis_crypto::ed25519::{self, SigningKey};
use chrysalis_crypto::hash::{self, HashAlgorithm, IncrementalHasher};
use chrysalis_crypto::{CryptoError, aead, compare, fingerprint, hex, proof};
use serde_json::{Value, json};

#[path = "../examples/make_vectors/document.rs"]
mod document;
#[path = "../examples/make_vectors/edges.rs"]
mod edges;
#[path = "../examples/make_vectors/hashes.rs"]
mod hashes;
#[path = "../examples/make_vectors/proofs.rs"]
mod proofs;
#[path = "../examples/make_vectors/sealing.rs"]
mod sealing;
#[path = "../examples/make_vectors/signatures.rs"]
mod signatures;

type Outcome = Result<Value, CryptoError>;

fn file() -> Value {
    serde_json::from_str(include_str!("../vectors/crypto.json")).unwrap()
}

/// Runs `check` on each case of a section and compares with what the case expects.
fn section(name: &str, least: usize, check: impl Fn(&Value) -> Outcome) {
    let file = file();
    let cases = file[name].as_array().unwrap();
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
fn the_file_is_what_the_generator_makes() {
    assert_eq!(
        file(),
        document::document().unwrap(),
        "run the example make_vectors and review the difference"
    );
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
