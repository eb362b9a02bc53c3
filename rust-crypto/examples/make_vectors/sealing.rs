//! XChaCha20-Poly1305. Only opening has vectors: sealing draws its nonce.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use chrysalis_crypto::{aead, hex};
use serde_json::{Value, json};

use super::document::{OURS, Result, counting, published};

const DRAFT: &str = "draft-irtf-cfrg-xchacha-03 appendix A.3.1";
const DRAFT_TEXT: &[u8] =
    b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the \
                            future, sunscreen would be it.";
const DRAFT_SEALED: &str = "404142434445464748494a4b4c4d4e4f5051525354555657\
    bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb\
    731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452\
    2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9\
    21f9664c97637da9768812f615c68b13b52e\
    c0875924c1c7987947deafd8780acf49";

pub(crate) fn decrypt() -> Result<Vec<Value>> {
    let draft_key: [u8; 32] = counting().map(|byte| byte | 0x80);
    let draft_aad = hex::decode("50515253c0c1c2c3c4c5c6c7")?;
    let draft = hex::decode(DRAFT_SEALED)?;
    let opened = aead::xchacha20poly1305_decrypt(&draft, &draft_key, &draft_aad)?;
    published("xchacha draft", &opened, &hex::encode(DRAFT_TEXT))?;

    let mut out = vec![good("the draft's example", DRAFT, &draft_key, &draft_aad, &draft, DRAFT_TEXT)];
    let key = counting();
    for (name, length, aad) in [
        ("empty message, no associated data", 0, &b""[..]),
        ("empty message, associated data", 0, b"context"),
        ("one byte", 1, b""),
        ("one block", 64, b"context"),
        ("one block and a byte", 65, b"context"),
        ("several blocks", 1000, b"a longer associated text that passes one block of the authenticator"),
    ] {
        let text: Vec<u8> = (0..251).cycle().take(length).collect();
        let nonce: [u8; 24] = *b"nonce of the vector file";
        let sealed = XChaCha20Poly1305::new(&key.into())
            .encrypt(&XNonce::from(nonce), Payload { msg: &text, aad })
            .map_err(|_| "sealing failed")?;
        let sealed = [&nonce[..], &sealed].concat();
        published(name, &aead::xchacha20poly1305_decrypt(&sealed, &key, aad)?, &hex::encode(&text))?;
        out.push(good(name, OURS, &key, aad, &sealed, &text));
    }

    let last = draft.len() - 1;
    for (name, byte) in [
        ("nonce changed", 0),
        ("ciphertext changed", 24),
        ("tag changed", last - 15),
        ("last bit changed", last),
    ] {
        let mut sealed = draft.clone();
        sealed[byte] ^= 1;
        out.push(bad(name, &draft_key, &draft_aad, &sealed, "DECRYPT_FAILED"));
    }
    out.push(bad("associated data changed", &draft_key, &draft_aad[1..], &draft, "DECRYPT_FAILED"));
    out.push(bad("associated data missing", &draft_key, b"", &draft, "DECRYPT_FAILED"));
    out.push(bad("another key", &key, &draft_aad, &draft, "DECRYPT_FAILED"));
    out.push(bad("last byte missing", &draft_key, &draft_aad, &draft[..last], "DECRYPT_FAILED"));
    out.push(bad("a byte too many", &draft_key, &draft_aad, &[&draft[..], &[0]].concat(), "DECRYPT_FAILED"));
    out.push(bad("forty zeros", &draft_key, b"", &[0; 40], "DECRYPT_FAILED"));
    out.push(bad("39 bytes", &draft_key, &draft_aad, &draft[..39], "DATA_TOO_SHORT"));
    out.push(bad("nothing", &draft_key, &draft_aad, b"", "DATA_TOO_SHORT"));
    out.push(bad("key of 31 bytes", &key[..31], &draft_aad, &draft, "INVALID_KEY_LENGTH"));
    out.push(bad("no key, nothing to open", b"", b"", b"", "INVALID_KEY_LENGTH"));
    Ok(out)
}

fn good(name: &str, origin: &str, key: &[u8], aad: &[u8], sealed: &[u8], text: &[u8]) -> Value {
    json!({
        "name": name, "origin": origin, "key": hex::encode(key), "aad": hex::encode(aad),
        "sealed": hex::encode(sealed), "expected": hex::encode(text),
    })
}

fn bad(name: &str, key: &[u8], aad: &[u8], sealed: &[u8], code: &str) -> Value {
    json!({
        "name": name, "origin": OURS, "key": hex::encode(key), "aad": hex::encode(aad),
        "sealed": hex::encode(sealed), "error": code,
    })
}
