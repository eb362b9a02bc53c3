//! Ed25519: signing, keys, and the verdicts every implementation must share.

use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_crypto::hex;
use serde_json::{Value, json};

use super::document::{CONTRACT, OURS, Result, counting, published};
use super::edges;

/// Name, seed, public key, message, signature.
const RFC_8032: [[&str; 5]; 4] = [
    [
        "TEST 1",
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
        "TEST 2",
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
        "TEST 3",
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
    [
        "TEST SHA(abc)",
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ],
];

const GOLDEN_SEED: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const GOLDEN_KEY: &str = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";
const GOLDEN_MESSAGE: &[u8] = b"test message";
const GOLDEN_SIGNATURE: &str = "e7a1783d7f86e07c31f651f2cf57a378925525277d50331f2b3da54773e9b7c2bcb709e3ee3dae93ffd7b4375ca7ea5f1cd8919aa7dbfc96b2651905bed69708";

fn published_cases() -> Vec<(String, &'static str, [String; 4])> {
    let mut cases: Vec<_> = RFC_8032
        .iter()
        .map(|[name, rest @ ..]| {
            (format!("RFC 8032 {name}"), "RFC 8032 section 7.1", rest.map(str::to_owned))
        })
        .collect();
    let golden = [GOLDEN_SEED, GOLDEN_KEY, &hex::encode(GOLDEN_MESSAGE), GOLDEN_SIGNATURE].map(str::to_owned);
    cases.push(("contract".to_owned(), CONTRACT, golden));
    cases
}

pub(crate) fn sign() -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for (name, origin, [seed, public_key, message, signature]) in published_cases() {
        let key = SigningKey::from_slice(&hex::decode(&seed)?)?;
        published(&name, &key.public_key(), &public_key)?;
        published(&name, &key.sign(&hex::decode(&message)?), &signature)?;
        out.push(json!({
            "name": name, "origin": origin, "seed": seed, "public_key": public_key, "message": message,
            "expected": signature,
        }));
    }
    Ok(out)
}

pub(crate) fn secret() -> Vec<Value> {
    let prefix = "302e020100300506032b657004220420";
    let good = |name: &str, form: &str, secret: &str| {
        json!({
            "name": name, "origin": CONTRACT, "form": form, "secret": secret, "seed": GOLDEN_SEED,
            "expected": GOLDEN_KEY,
        })
    };
    let bad = |name: &str, form: &str, secret: &str, expected: usize| {
        json!({
            "name": name, "origin": CONTRACT, "form": form, "secret": secret, "error": "INVALID_KEY_LENGTH",
            "error_text": format!("Invalid key length: expected {expected}, got {}", secret.len() / 2),
        })
    };
    let der = format!("{prefix}{GOLDEN_SEED}");
    let other = der.replacen("3", "2", 1);
    vec![
        good("seed", "secret", GOLDEN_SEED),
        good("PKCS#8 where a secret is read", "secret", &der),
        good("PKCS#8", "pkcs8", &der),
        bad("empty", "secret", "", 32),
        bad("31 bytes", "secret", &GOLDEN_SEED[2..], 32),
        bad("seed and public key", "secret", &format!("{GOLDEN_SEED}{GOLDEN_KEY}"), 32),
        bad("48 bytes with another prefix", "secret", &other, 32),
        bad("PKCS#8 cut short", "secret", &der[..94], 32),
        bad("a seed is not PKCS#8", "pkcs8", GOLDEN_SEED, 48),
        bad("PKCS#8 with another prefix", "pkcs8", &other, 32),
        bad("PKCS#8 with a byte after it", "pkcs8", &format!("{der}00"), 48),
    ]
}

pub(crate) fn verify() -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for (name, origin, [_, public_key, message, signature]) in published_cases() {
        out.push(json!({
            "name": name, "origin": origin, "public_key": public_key, "message": message,
            "signature": signature, "expected": true,
        }));
    }
    let key = SigningKey::from_seed(&counting());
    let (public_key, signature) = (key.public_key(), key.sign(GOLDEN_MESSAGE));
    let mut push = |name: &str, public_key: &[u8], message: &[u8], signature: &[u8], verdict: Value| {
        let field = if verdict.is_boolean() { "expected" } else { "error" };
        out.push(json!({
            "name": name, "origin": OURS, "public_key": hex::encode(public_key),
            "message": hex::encode(message), "signature": hex::encode(signature), field: verdict,
        }));
    };

    push("another message", &public_key, b"test messagf", &signature, json!(false));
    push("a longer message", &public_key, b"test message\0", &signature, json!(false));
    for (name, byte) in [("R changed", 0), ("S changed", 32)] {
        let mut changed = signature;
        changed[byte] ^= 1;
        push(name, &public_key, GOLDEN_MESSAGE, &changed, json!(false));
    }
    let other = SigningKey::from_seed(&[1; 32]).public_key();
    push("another key", &other, GOLDEN_MESSAGE, &signature, json!(false));
    push("all zeros", &public_key, GOLDEN_MESSAGE, &[0; 64], json!(false));

    let (length, shape) = (json!("INVALID_KEY_LENGTH"), json!("INVALID_SIGNATURE"));
    push("key of 31 bytes", &public_key[..31], GOLDEN_MESSAGE, &signature, length.clone());
    push("key of 33 bytes", &[&public_key[..], &[0]].concat(), GOLDEN_MESSAGE, &signature, length.clone());
    push("no key", b"", GOLDEN_MESSAGE, &signature, length.clone());
    push("key and signature too short", &public_key[..31], GOLDEN_MESSAGE, &signature[..63], length);
    push("signature of 63 bytes", &public_key, GOLDEN_MESSAGE, &signature[..63], shape.clone());
    push(
        "signature of 65 bytes",
        &public_key,
        GOLDEN_MESSAGE,
        &[&signature[..], &[0]].concat(),
        shape.clone(),
    );
    push("no signature", &public_key, GOLDEN_MESSAGE, b"", shape);

    for edge in edges::edges()? {
        push(&edge.name, &edge.public_key, &edge.message, &edge.signature, edge.verdict);
    }
    Ok(out)
}

pub(crate) fn verify_hex() -> Vec<Value> {
    let good = |name: &str, public_key: &str, message: &[u8], signature: &str, valid: bool| {
        json!({
            "name": name, "origin": CONTRACT, "public_key": public_key, "message": hex::encode(message),
            "signature": signature, "expected": valid,
        })
    };
    let bad = |name: &str, public_key: &str, signature: &str, code: &str, message: &str| {
        json!({
            "name": name, "origin": CONTRACT, "public_key": public_key,
            "message": hex::encode(GOLDEN_MESSAGE), "signature": signature, "error": code,
            "error_text": message,
        })
    };
    let (upper_key, upper_signature) = (GOLDEN_KEY.to_uppercase(), GOLDEN_SIGNATURE.to_uppercase());
    let hex_error = |reason: &str| format!("Invalid hex encoding: {reason}");
    vec![
        good("lower case", GOLDEN_KEY, GOLDEN_MESSAGE, GOLDEN_SIGNATURE, true),
        good("upper case", &upper_key, GOLDEN_MESSAGE, &upper_signature, true),
        good("another message", GOLDEN_KEY, b"other", GOLDEN_SIGNATURE, false),
        bad("odd key", &GOLDEN_KEY[1..], GOLDEN_SIGNATURE, "INVALID_HEX", &hex_error("Odd number of digits")),
        bad(
            "0x in front of the key",
            &format!("0x{GOLDEN_KEY}"),
            GOLDEN_SIGNATURE,
            "INVALID_HEX",
            &hex_error("Invalid character at position 1"),
        ),
        bad(
            "white space after the signature",
            GOLDEN_KEY,
            &format!("{GOLDEN_SIGNATURE} \n"),
            "INVALID_HEX",
            &hex_error("Invalid character at position 128"),
        ),
        bad(
            "short key",
            &GOLDEN_KEY[2..],
            GOLDEN_SIGNATURE,
            "INVALID_KEY_LENGTH",
            "Invalid key length: expected 32, got 31",
        ),
        bad(
            "short signature",
            GOLDEN_KEY,
            &GOLDEN_SIGNATURE[2..],
            "INVALID_SIGNATURE",
            "Invalid signature format",
        ),
    ]
}
