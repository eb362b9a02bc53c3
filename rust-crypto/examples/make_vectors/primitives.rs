//! The contents of `vectors/primitives.json`: authentication codes, key derivation, sealing, state hashes.
//!
//! Every value below was published or is fixed by the contract, unless its origin says that it was made here.

use chrysalis_crypto::fingerprint::{self, StateHash};
use chrysalis_crypto::hash::{self, HashAlgorithm};
use chrysalis_crypto::kdf::{self, Argon2Params, ScryptParams};
use chrysalis_crypto::{CryptoError, aead, aes, canonical, hex, mac, password, siv};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::document::{CONTRACT, OURS, Result, counting, published};

const PASSWORD: &str = "correct horse battery staple";
const TEXT: &[u8] = b"sk-test-0123456789abcdef";

pub(crate) fn document() -> Result<Value> {
    Ok(json!({
        "about": [
            "Test vectors of rust-crypto, read by Rust, Node, browser and Python tests.",
            "Written by `cargo run -p chrysalis-crypto --example make_vectors`; do not edit by hand.",
            "Byte strings are lower-case hexadecimal. A case has `expected` or `error`, the code of the error it gives.",
            "A section is named after the function it is for. `sealed` is nonce, ciphertext and tag together.",
        ],
        "hmac": hmac()?,
        "hkdf_sha256": hkdf()?,
        "pbkdf2_sha256_derive_key": pbkdf2()?,
        "scrypt_derive_key": scrypt()?,
        "argon2id_derive_key": argon2id()?,
        "aes_gcm_decrypt": aes_gcm()?,
        "aes_gcm_siv_decrypt": aes_gcm_siv()?,
        "decrypt_with_password": with_password()?,
        "agent_fingerprint_v2": fingerprint_v2()?,
        "state_hash_canonical": state_hash_canonical()?,
        "verify_state_hash": verify_state_hash()?,
        "batch_hash": batch_hash(),
    }))
}

fn text(value: &str) -> String {
    hex::encode(value.as_bytes())
}

/// The case with what came out: `expected` or `error`.
fn outcome(mut case: Value, found: std::result::Result<Value, CryptoError>) -> Value {
    match found {
        Ok(value) => case["expected"] = value,
        Err(error) => {
            case["error"] = json!(error.code());
            case["error_text"] = json!(error.to_string());
        }
    }
    case
}

fn bytes(
    found: std::result::Result<impl AsRef<[u8]>, CryptoError>,
) -> std::result::Result<Value, CryptoError> {
    found.map(|bytes| json!(hex::encode(bytes.as_ref())))
}

fn hmac() -> Result<Vec<Value>> {
    const RFC: &str = "RFC 4231 section 4";
    let long = "Test Using Larger Than Block-Size Key - Hash Key First";
    let longer = "This is a test using a larger than block-size key and a larger than block-size data. The key \
                  needs to be hashed before being used by the HMAC algorithm.";
    let mut out = Vec::new();
    for (name, origin, key, data, expected) in [
        (
            "test case 1",
            RFC,
            "0b".repeat(20),
            text("Hi There"),
            [
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
                "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
                "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
            ],
        ),
        (
            "test case 2",
            RFC,
            text("Jefe"),
            text("what do ya want for nothing?"),
            [
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
                "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            ],
        ),
        (
            "test case 3",
            RFC,
            "aa".repeat(20),
            "dd".repeat(50),
            [
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
                "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27",
                "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb",
            ],
        ),
        (
            "test case 6",
            RFC,
            "aa".repeat(131),
            text(long),
            [
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
                "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952",
                "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
            ],
        ),
        (
            "test case 7",
            RFC,
            "aa".repeat(131),
            text(longer),
            [
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
                "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5a678cc31e799176d3860e6110c46523e",
                "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58",
            ],
        ),
    ] {
        let (key_bytes, data_bytes) = (hex::decode(&key)?, hex::decode(&data)?);
        let tags = [
            ("hmac_sha256", mac::hmac_sha256(&key_bytes, &data_bytes).to_vec()),
            ("hmac_sha384", mac::hmac_sha384(&key_bytes, &data_bytes).to_vec()),
            ("hmac_sha512", mac::hmac_sha512(&key_bytes, &data_bytes).to_vec()),
        ];
        for ((function, tag), expected) in tags.into_iter().zip(expected) {
            let name = format!("{function}, {name}");
            let tag = published(&name, &tag, expected)?;
            out.push(json!({ "name": name, "origin": origin, "function": function, "key": key, "data": data, "expected": tag }));
        }
    }
    let golden =
        "967102615296e0c5dc362ce1037d57ff9fdd3c7cf688b553f8d56270d6479d9f0d0fb4a50a4393a9714d665d0b6bf427";
    let tag = published("contract", &mac::hmac_sha384(&counting(), b"data"), golden)?;
    out.push(json!({
        "name": "contract", "origin": CONTRACT, "function": "hmac_sha384", "key": hex::encode(&counting()),
        "data": text("data"), "expected": tag,
    }));
    Ok(out)
}

fn hkdf() -> Result<Vec<Value>> {
    const RFC: &str = "RFC 5869 appendix A";
    let range = |from: u8, to: u8| -> Vec<u8> { (from..to).collect() };
    let mut out = Vec::new();
    for (name, origin, ikm, salt, info, expected) in [
        (
            "test case 1",
            RFC,
            vec![0x0b; 22],
            range(0, 13),
            range(0xf0, 0xfa),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            "test case 2",
            RFC,
            range(0, 0x50),
            range(0x60, 0xb0),
            (0xb0..=0xff).collect(),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
        ),
        (
            "test case 3",
            RFC,
            vec![0x0b; 22],
            vec![],
            vec![],
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
        (
            "contract",
            CONTRACT,
            counting().to_vec(),
            range(0, 16),
            b"chrysalis".to_vec(),
            "f5b1d2047b92e162bc2afb07f7e0696b8d6390d52ca605f2c794a1bead6e6d2ca53674cc7be7533534f4",
        ),
    ] {
        let length = expected.len() / 2;
        let found = published(name, &kdf::hkdf_sha256(&ikm, &salt, &info, length)?, expected)?;
        out.push(json!({
            "name": name, "origin": origin, "ikm": hex::encode(&ikm), "salt": hex::encode(&salt),
            "info": hex::encode(&info), "length": length, "expected": found,
        }));
    }
    for length in [0_usize, 1, 32, 33, 8160, 8161, 1 << 31] {
        let found = bytes(kdf::hkdf_sha256(b"ikm", b"", b"info", length));
        out.push(outcome(
            json!({
                "name": format!("{length} bytes"), "origin": OURS, "ikm": text("ikm"), "salt": "",
                "info": text("info"), "length": length,
            }),
            found,
        ));
    }
    Ok(out)
}

fn pbkdf2() -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for (name, origin, password, salt, iterations, expected) in [
        (
            "passwd, salt, 1",
            "RFC 7914 section 11",
            "passwd",
            text("salt"),
            1,
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783",
        ),
        (
            "Password, NaCl, 80000",
            "RFC 7914 section 11",
            "Password",
            text("NaCl"),
            80_000,
            "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d",
        ),
        (
            "contract",
            CONTRACT,
            PASSWORD,
            hex::encode(&salt32()),
            600_000,
            "b1748106b14f72bdea7e4010109510e7e33ea5eccb4f27389be800ac171ea5c4",
        ),
    ] {
        let length = expected.len() / 2;
        let key =
            kdf::pbkdf2_sha256_derive_key(password.as_bytes(), &hex::decode(&salt)?, iterations, length)?;
        let found = published(name, &key, expected)?;
        out.push(json!({
            "name": name, "origin": origin, "password": text(password), "salt": salt, "iterations": iterations,
            "length": length, "expected": found,
        }));
    }
    for (iterations, length) in [(0, 32), (10_000_001, 32), (1, 0), (1, 1025), (1, 1), (1, 33)] {
        let found = bytes(kdf::pbkdf2_sha256_derive_key(b"p", b"s", iterations, length));
        out.push(outcome(
            json!({
                "name": format!("{iterations} iterations, {length} bytes"), "origin": OURS, "password": text("p"),
                "salt": text("s"), "iterations": iterations, "length": length,
            }),
            found,
        ));
    }
    Ok(out)
}

fn scrypt() -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for (name, origin, password, salt, expected) in [
        (
            "pleaseletmein",
            "RFC 7914 section 12",
            "pleaseletmein",
            text("SodiumChloride"),
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
        ),
        (
            "contract",
            CONTRACT,
            PASSWORD,
            hex::encode(&salt32()),
            "b6f8ea6abacec879df3367a850bf6754b60a5114d68e432d2b1d4303765a5b05",
        ),
    ] {
        let length = expected.len() / 2;
        let key = kdf::scrypt_derive_key(password.as_bytes(), &hex::decode(&salt)?, length)?;
        let found = published(name, &key, expected)?;
        out.push(json!({
            "name": name, "origin": origin, "password": text(password), "salt": salt, "length": length, "expected": found,
        }));
    }
    for length in [0, 1, 1024, 1025] {
        let found = bytes(kdf::scrypt(b"", b"", ScryptParams::LEGACY, length));
        let case = json!({
            "name": format!("{length} bytes, all empty"), "origin": OURS, "password": "", "salt": "", "length": length,
        });
        out.push(outcome(case, found));
    }
    Ok(out)
}

fn argon2id() -> Result<Vec<Value>> {
    let salt = salt32();
    let golden = "f552a026194be7d2ea2c82c9b548ca463fa129f3afbdb4bc57d68123990a13f3";
    let key = kdf::argon2id_derive_key(PASSWORD.as_bytes(), &salt[..16], Argon2Params::DEFAULT, 32)?;
    let mut out = vec![json!({
        "name": "contract", "origin": CONTRACT, "password": text(PASSWORD), "salt": hex::encode(&salt[..16]),
        "m_kib": 19_456, "t": 2, "p": 1, "length": 32, "expected": published("contract", &key, golden)?,
    })];
    // What of them is within our bounds, and quick enough for a test.
    for (t, password, salt, expected) in [
        (2, "password", "somesalt", "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"),
        (1, "password", "somesalt", "f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98"),
        (
            2,
            "differentpassword",
            "somesalt",
            "0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fde",
        ),
        (2, "password", "diffsalt", "bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c"),
    ] {
        let params = Argon2Params::new(65_536, t, 1)?;
        let key = kdf::argon2id_derive_key(password.as_bytes(), salt.as_bytes(), params, 32)?;
        out.push(json!({
            "name": format!("{password}, {salt}, {t} passes over 64 MiB"), "origin": "phc-winner-argon2, src/test.c: Argon2id, version 19",
            "password": text(password), "salt": text(salt), "m_kib": 65_536, "t": t, "p": 1, "length": 32,
            "expected": published("the reference implementation's", &key, expected)?,
        }));
    }
    for (name, salt_length, (m_kib, t, p), length) in [
        ("the least of everything", 8, (8192, 1, 1), 4),
        ("several lanes, a long key", 16, (8192, 1, 4), 100),
        ("too little memory", 16, (8191, 1, 1), 32),
        ("too much memory", 16, (1_048_577, 1, 1), 32),
        ("no pass", 16, (8192, 0, 1), 32),
        ("too many passes", 16, (8192, 17, 1), 32),
        ("no lane", 16, (8192, 1, 0), 32),
        ("too many lanes", 16, (8192, 1, 9), 32),
        ("a short salt", 7, (8192, 1, 1), 32),
        ("a short key", 16, (8192, 1, 1), 3),
        ("a key too long", 16, (8192, 1, 1), 1025),
    ] {
        let found = Argon2Params::new(m_kib, t, p)
            .and_then(|params| kdf::argon2id_derive_key(b"password", &salt[..salt_length], params, length));
        out.push(outcome(
            json!({
                "name": name, "origin": OURS, "password": text("password"), "salt": hex::encode(&salt[..salt_length]),
                "m_kib": m_kib, "t": t, "p": p, "length": length,
            }),
            bytes(found),
        ));
    }
    Ok(out)
}

fn aes_gcm() -> Result<Vec<Value>> {
    const NIST: &str = "The Galois/Counter Mode of Operation (McGrew, Viega), appendix B, submitted to NIST";
    let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
    let plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
    let cipher = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad";
    let iv = "cafebabefacedbaddecaf888";
    let zeros = "00".repeat(32);
    let golden = "404142434445464748494a4b91d28357434ff32efdf52505af51256c41ff333ed4516a4569b4e9671899fe2627bc8daeb6571fe3";
    let k = hex::encode(&counting());
    let mut out = Vec::new();
    for (name, origin, key, aad, sealed, expected) in [
        (
            "test case 13",
            NIST,
            &zeros[..],
            "",
            format!("{}530f8afbc74536b9a963b4f1c4cb738b", "00".repeat(12)),
            String::new(),
        ),
        (
            "test case 14",
            NIST,
            &zeros,
            "",
            format!("{}cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919", "00".repeat(12)),
            "00".repeat(16),
        ),
        (
            "test case 15",
            NIST,
            key,
            "",
            format!("{iv}{cipher}b094dac5d93471bdec1a502270e3cc6c"),
            plain.to_owned(),
        ),
        (
            "test case 16",
            NIST,
            key,
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            format!("{iv}{}76fc6ece0f4e1768cddf8853bb2d551b", &cipher[..120]),
            plain[..120].to_owned(),
        ),
        ("contract", CONTRACT, &k, "", golden.to_owned(), hex::encode(TEXT)),
    ] {
        let opened =
            aes::aes_gcm_decrypt_aad(&hex::decode(&sealed)?, &hex::decode(key)?, &hex::decode(aad)?)?;
        let found = published(name, &opened, &expected)?;
        out.push(json!({ "name": name, "origin": origin, "key": key, "aad": aad, "sealed": sealed, "expected": found }));
    }
    out.extend(faults(&counting(), &hex::decode(golden)?, aes::NONCE_LENGTH, aes::aes_gcm_decrypt_aad));
    Ok(out)
}

fn aes_gcm_siv() -> Result<Vec<Value>> {
    const RFC: &str = "RFC 8452 appendix C.2";
    let key = format!("01{}", "00".repeat(31));
    let nonce = format!("03{}", "00".repeat(11));
    let mut out = Vec::new();
    for (name, aad, rest, expected) in [
        ("empty plaintext", "", "07f5f4169bbf55a8400cd47ea6fd400f", ""),
        ("8 bytes", "", "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28", "0100000000000000"),
        (
            "8 bytes and associated data",
            "01",
            "1de22967237a813291213f267e3b452f02d01ae33e4ec854",
            "0200000000000000",
        ),
    ] {
        let sealed = format!("{nonce}{rest}");
        let opened =
            siv::aes_gcm_siv_decrypt(&hex::decode(&sealed)?, &hex::decode(&key)?, &hex::decode(aad)?)?;
        let found = published(name, &opened, expected)?;
        out.push(json!({ "name": name, "origin": RFC, "key": key, "aad": aad, "sealed": sealed, "expected": found }));
    }
    let sealed = hex::decode(&format!("{nonce}c2ef328e5c71c83b843122130f7364b761e0b97427e3df28"))?;
    out.extend(faults(&hex::decode(&key)?, &sealed, siv::NONCE_LENGTH, siv::aes_gcm_siv_decrypt));
    Ok(out)
}

type Open = fn(&[u8], &[u8], &[u8]) -> std::result::Result<Zeroizing<Vec<u8>>, CryptoError>;

/// What is wrong with a sealed message, and which error that is.
fn faults(key: &[u8], sealed: &[u8], nonce_length: usize, open: Open) -> Vec<Value> {
    let flipped = |byte: usize| {
        let mut changed = sealed.to_vec();
        changed[byte] ^= 1;
        changed
    };
    let shortest = nonce_length + aead::TAG_LENGTH;
    [
        ("nonce changed", key, &b""[..], flipped(0)),
        ("ciphertext changed", key, b"", flipped(nonce_length)),
        ("tag changed", key, b"", flipped(sealed.len() - 1)),
        ("last byte missing", key, b"", sealed[..sealed.len() - 1].to_vec()),
        ("a byte too many", key, b"", [sealed, &[0]].concat()),
        ("associated data", key, b"x", sealed.to_vec()),
        ("zeros", key, b"", vec![0; shortest]),
        ("a byte too short", key, b"", vec![0; shortest - 1]),
        ("nothing", key, b"", vec![]),
        ("key of 31 bytes", &key[..31], b"", sealed.to_vec()),
        ("key of 16 bytes", &key[..16], b"", sealed.to_vec()),
        ("no key, nothing to open", b"", b"", vec![]),
    ]
    .into_iter()
    .map(|(name, key, aad, sealed)| {
        let case = json!({
            "name": name, "origin": OURS, "key": hex::encode(key), "aad": hex::encode(aad), "sealed": hex::encode(&sealed),
        });
        outcome(case, bytes(open(&sealed, key, aad)))
    })
    .collect()
}

fn with_password() -> Result<Vec<Value>> {
    const SEALED: &str = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f404142434445464748494a4bf40f2e75cbae7ce7c134e14559036a25712bb798761aa68c8a78ab2fbd56f7ba90ff0f4ad3060142";
    const FALLBACK: &str = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f404142434445464748494a4bad82c2633817ce118109fd9c2f958ba76ad9ad26ee1c00494c057b1668e448ce2a8ac17524595557";
    let sealed = hex::decode(SEALED)?;
    published(
        "contract",
        &password::decrypt_with_password(&sealed, PASSWORD.as_bytes())?,
        &hex::encode(TEXT),
    )?;
    Ok([
        ("contract", CONTRACT, SEALED, PASSWORD, false),
        ("contract, the fallback's cost, not asked for", CONTRACT, FALLBACK, PASSWORD, false),
        ("contract, the fallback's cost, asked for", CONTRACT, FALLBACK, PASSWORD, true),
        ("another password", OURS, SEALED, "correct horse battery stapl", false),
        ("59 bytes", OURS, &SEALED[..118], PASSWORD, false),
        ("60 bytes", OURS, &SEALED[..120], PASSWORD, false),
    ]
    .into_iter()
    .map(|(name, origin, sealed, password, legacy_fallback_n)| {
        let case = json!({
            "name": name, "origin": origin, "sealed": sealed, "password": password, "legacy_fallback_n": legacy_fallback_n,
        });
        let options = password::DecryptOptions { legacy_fallback_n };
        let sealed = hex::decode(sealed).map_err(CryptoError::from);
        outcome(case, bytes(sealed.and_then(|sealed| {
            password::decrypt_with_password_and(&sealed, password.as_bytes(), options)
        })))
    })
    .collect())
}

fn fingerprint_v2() -> Result<Vec<Value>> {
    let golden =
        "ba2311c7ffcdcc19396d0c9fedd961a593bae4e43b0f13be044a51ba1d358ea10dcb6a735ae565f7acfd916362cf65d8";
    let fields = ["agent-001", "TestAgent", "2024-01-01T00:00:00Z"];
    if fingerprint::compute_agent_fingerprint_v2(fields[0], fields[1], fields[2]) != golden {
        return Err("agent fingerprint, version 2, differs from the contract".into());
    }
    Ok([
        ("contract", CONTRACT, fields),
        ("empty fields", OURS, ["", "", ""]),
        ("beyond ASCII", OURS, ["agent-é", "Größe 🦋", "t"]),
        ("a colon in the id", OURS, ["a:b", "c", "t"]),
        ("a colon in the name, another fingerprint", OURS, ["a", "b:c", "t"]),
    ]
    .into_iter()
    .map(|(name, origin, [id, agent, created])| {
        json!({
            "name": name, "origin": origin, "agent_id": id, "agent_name": agent, "created_at": created,
            "expected": fingerprint::compute_agent_fingerprint_v2(id, agent, created),
        })
    })
    .collect())
}

fn state_hash_canonical() -> Result<Vec<Value>> {
    const RFC: &str = "RFC 8785";
    let mut out = Vec::new();
    for (name, origin, state, expected) in [
        (
            "section 3.2.2",
            RFC,
            "{\n  \"numbers\": [333333333.33333329, 1E30, 4.50,\n              2e-3, 0.000000000000000000000000001],\n  \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n  \"literals\": [null, true, false]\n}",
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}",
        ),
        (
            "section 3.2.3",
            RFC,
            "{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\",\"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\",\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}",
        ),
        (
            "appendix B, numbers",
            RFC,
            "[0,-0,5e-324,-5E-324,1.7976931348623157e308,9007199254740992,295147905179352830000,9.999999999999997e22,1e23,1.0000000000000001e23,999999999999999700000,999999999999999900000,1e21,9.999999999999997e-7,0.000001,333333333.3333332,333333333.33333325,333333333.3333333,333333333.3333334,333333333.33333343,-0.0000033333333333333333,1424953923781206.25]",
            "[0,0,5e-324,-5e-324,1.7976931348623157e+308,9007199254740992,295147905179352830000,9.999999999999997e+22,1e+23,1.0000000000000001e+23,999999999999999700000,999999999999999900000,1e+21,9.999999999999997e-7,0.000001,333333333.3333332,333333333.33333325,333333333.3333333,333333333.3333334,333333333.33333343,-0.0000033333333333333333,1424953923781206.2]",
        ),
        ("already canonical", OURS, r#"{"a":1}"#, r#"{"a":1}"#),
        ("order and spacing", OURS, " { \"b\" : [ 2.0 ] , \"a\" : 1e0 } ", r#"{"a":1,"b":[2]}"#),
        (
            "integers above 2^53 are doubles",
            OURS,
            "[9007199254740993,18446744073709551615]",
            "[9007199254740992,18446744073709552000]",
        ),
        ("numbers too small are zero", OURS, "[1e-400,-1e-400]", "[0,0]"),
    ] {
        let canonical = canonical::canonicalize(state)?;
        if canonical != expected {
            return Err(format!("{name}: published {expected}, found {canonical}").into());
        }
        out.push(json!({
            "name": name, "origin": origin, "state_json": state, "canonical": canonical,
            "expected": fingerprint::compute_state_hash_canonical(state)?,
        }));
    }
    for (name, state) in [
        ("no text", ""),
        ("a repeated name", r#"{"a":1,"a":1}"#),
        ("a repeated name, written in two ways", r#"{"a":1,"\u0061":2}"#),
        ("a lone surrogate", r#"["\ud800"]"#),
        ("a number out of range", "1e309"),
        ("a comma too many", "[1,]"),
        ("a leading zero", "01"),
        ("not a number", "NaN"),
        ("text after the value", "{} {}"),
        ("a byte order mark", "\u{feff}{}"),
        ("a control character", "\"\t\""),
        ("single quotes", "'a'"),
        ("a comment", "/**/1"),
    ] {
        let found = fingerprint::compute_state_hash_canonical(state).map(|hash| json!(hash));
        out.push(outcome(json!({ "name": name, "origin": OURS, "state_json": state }), found));
    }
    Ok(out)
}

fn verify_state_hash() -> Result<Vec<Value>> {
    let state = r#"{"a":1}"#;
    let blake3 = "d59b6562d7c9b121bc9760873d787890ef4d429aad33a70b405baa0fa08a1f53";
    let sha256 = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862";
    if fingerprint::verify_state_hash(state, sha256)? != Some(StateHash::Sha256Legacy) {
        return Err("the legacy state hash differs from the contract".into());
    }
    Ok([
        ("BLAKE3", CONTRACT, state, blake3.to_owned()),
        ("BLAKE3 in upper case", OURS, state, blake3.to_uppercase()),
        ("SHA-256", CONTRACT, state, sha256.to_owned()),
        ("neither", OURS, "{}", blake3.to_owned()),
        ("63 digits", OURS, state, blake3[1..].to_owned()),
        ("62 digits", OURS, state, blake3[2..].to_owned()),
        ("66 digits", OURS, state, format!("{blake3}00")),
        ("not a digit", OURS, state, format!("{}g", &blake3[1..])),
        ("empty", OURS, state, String::new()),
    ]
    .into_iter()
    .map(|(name, origin, state, hash)| {
        let found =
            fingerprint::verify_state_hash(state, &hash).map(|made_by| json!(made_by.map(StateHash::name)));
        outcome(json!({ "name": name, "origin": origin, "state_json": state, "hash": hash }), found)
    })
    .collect())
}

fn batch_hash() -> Vec<Value> {
    let long: Vec<u8> = (0..251).cycle().take(1025).collect();
    let messages: [&[u8]; 5] = [b"abc", b"", &long, b"abc", &long[..65]];
    HashAlgorithm::ALL
        .iter()
        .map(|&algorithm| {
            json!({
                "name": format!("{algorithm:?}"), "origin": OURS, "algorithm": u32::from(algorithm),
                "messages": messages.map(hex::encode), "expected": hash::batch_hash(&messages, algorithm),
            })
        })
        .collect()
}

/// The golden salt S of the contract.
fn salt32() -> [u8; 32] {
    counting().map(|byte| byte | 0x80)
}
