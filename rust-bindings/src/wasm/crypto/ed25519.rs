//! Ed25519 signatures.

use std::cell::RefCell;

use chrysalis_crypto as crypto;
use crypto::ed25519::SigningKey;
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use crate::convert;
use crate::error::{Result, Thrown};
use crate::wasm::memory::scrubbed;

/// Whether `signature` (64 bytes) is the signature of `message` by `public_key` (32 bytes).
///
/// Throws `INVALID_KEY_LENGTH` or `INVALID_SIGNATURE` for wrong lengths and for a key that is not a point of the curve.
#[wasm_bindgen]
pub fn ed25519_verify(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] public_key: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] message: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] signature: JsValue,
) -> Result<bool> {
    Ok(crypto::ed25519::verify(
        &convert::bytes(&public_key, "public_key")?,
        &convert::bytes(&message, "message")?,
        &convert::bytes(&signature, "signature")?,
    )?)
}

/// `ed25519_verify` with key and signature in hexadecimal; throws `INVALID_HEX` as well.
#[wasm_bindgen]
pub fn ed25519_verify_hex(
    #[wasm_bindgen(unchecked_param_type = "string")] public_key_hex: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] message: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] signature_hex: JsValue,
) -> Result<bool> {
    Ok(crypto::ed25519::verify_hex(
        &convert::text(&public_key_hex, "public_key_hex")?,
        &convert::bytes(&message, "message")?,
        &convert::text(&signature_hex, "signature_hex")?,
    )?)
}

/// One byte for each signature: 1 where `ed25519_verify` gives `true`, 0 where it gives `false` or throws.
///
/// Many signatures are checked with one equation, several times as fast as one by one. Arrays of unequal lengths give
/// zeros, as many as the longest has elements.
#[wasm_bindgen]
pub fn batch_verify(
    #[wasm_bindgen(unchecked_param_type = "readonly Uint8Array[]")] public_keys: JsValue,
    #[wasm_bindgen(unchecked_param_type = "readonly Uint8Array[]")] messages: JsValue,
    #[wasm_bindgen(unchecked_param_type = "readonly Uint8Array[]")] signatures: JsValue,
) -> Result<Vec<u8>> {
    let public_keys = convert::byte_strings(&public_keys, "public_keys")?;
    let messages = convert::byte_strings(&messages, "messages")?;
    let signatures = convert::byte_strings(&signatures, "signatures")?;
    let verdicts = crypto::ed25519::batch_verify(&public_keys, &messages, &signatures);
    Ok(verdicts.into_iter().map(u8::from).collect())
}

/// A secret Ed25519 key with the public key derived from it. Wiped by `wipe()` and when freed.
#[wasm_bindgen]
pub struct Ed25519KeyPair(RefCell<Option<SigningKey>>);

#[wasm_bindgen]
impl Ed25519KeyPair {
    /// A new random key pair.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Result<Ed25519KeyPair> {
        scrubbed(|| SigningKey::make().map(Self::of).map_err(Thrown::from))
    }

    /// The key pair of a 32-byte RFC 8032 seed, or of the 48-byte PKCS#8 form that `from_pkcs8` takes.
    pub fn from_secret(
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] secret: JsValue,
    ) -> Result<Ed25519KeyPair> {
        let secret = Zeroizing::new(convert::bytes(&secret, "secret")?);
        scrubbed(|| SigningKey::from_secret(&secret).map(Self::of).map_err(Thrown::from))
    }

    /// The key pair of a 48-byte PKCS#8 document (RFC 8410, version 0).
    pub fn from_pkcs8(
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] der: JsValue,
    ) -> Result<Ed25519KeyPair> {
        let der = Zeroizing::new(convert::bytes(&der, "der")?);
        scrubbed(|| SigningKey::from_pkcs8(&der).map(Self::of).map_err(Thrown::from))
    }

    /// The 32-byte seed: an explicit copy of the secret in JavaScript memory, which nothing wipes for you.
    pub fn secret_key(&self) -> Result<Uint8Array> {
        self.with(|key| Uint8Array::from(key.to_seed().as_slice()))
    }

    /// The seed as a 48-byte PKCS#8 document; a copy of the secret, as with `secret_key`.
    pub fn to_pkcs8(&self) -> Result<Uint8Array> {
        self.with(|key| Uint8Array::from(key.to_pkcs8().as_slice()))
    }

    /// The public key, 32 bytes.
    pub fn public_key(&self) -> Result<Vec<u8>> {
        self.with(|key| key.public_key().to_vec())
    }

    /// The public key, 64 hexadecimal characters.
    pub fn public_key_hex(&self) -> Result<String> {
        self.with(SigningKey::public_key_hex)
    }

    /// The signature of `message`, 64 bytes; the same key and message always give the same signature.
    pub fn sign(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] message: JsValue,
    ) -> Result<Vec<u8>> {
        let message = convert::bytes(&message, "message")?;
        self.with(|key| key.sign(&message).to_vec())
    }

    /// `sign` as 128 hexadecimal characters.
    pub fn sign_hex(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] message: JsValue,
    ) -> Result<String> {
        let message = convert::bytes(&message, "message")?;
        self.with(|key| key.sign_hex(&message))
    }

    /// Wipes the secret. Every later use but `wipe` and `free` throws.
    pub fn wipe(&self) {
        self.0.take();
    }

    /// Never holds the key.
    #[wasm_bindgen(js_name = toString)]
    pub fn text(&self) -> String {
        "Ed25519KeyPair([REDACTED])".to_owned()
    }

    /// Never holds the key.
    #[wasm_bindgen(js_name = toJSON)]
    pub fn json(&self) -> String {
        self.text()
    }
}

impl Ed25519KeyPair {
    fn of(key: SigningKey) -> Self {
        Self(RefCell::new(Some(key)))
    }

    fn with<T>(&self, work: impl FnOnce(&SigningKey) -> T) -> Result<T> {
        let key = self.0.borrow();
        let key = key.as_ref().ok_or_else(|| Thrown::argument("key pair", "was wiped"))?;
        Ok(scrubbed(|| work(key)))
    }
}
