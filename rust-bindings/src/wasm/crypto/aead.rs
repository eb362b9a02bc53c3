//! Authenticated encryption under a 32-byte key.

use chrysalis_crypto as crypto;
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use crate::convert;
use crate::error::Result;
use crate::wasm::memory::scrubbed;

/// Seals `data` under a 32-byte key: nonce (24) ‖ ciphertext ‖ tag (16), with a fresh random nonce.
///
/// `aad` is authenticated and not part of the output; opening needs the same bytes.
#[wasm_bindgen]
pub fn xchacha20poly1305_encrypt(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] aad: JsValue,
) -> Result<Vec<u8>> {
    let data = convert::bytes(&data, "data")?;
    let key = convert::bytes(&key, "key")?;
    let aad = convert::bytes(&aad, "aad")?;
    Ok(scrubbed(|| crypto::aead::xchacha20poly1305_encrypt(&data, &key, &aad))?)
}

/// Opens what `xchacha20poly1305_encrypt` sealed with the same key and `aad`.
///
/// Throws `DATA_TOO_SHORT` below 40 bytes and `DECRYPT_FAILED` for every other fault, without saying which.
#[wasm_bindgen]
pub fn xchacha20poly1305_decrypt(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] aad: JsValue,
) -> Result<Uint8Array> {
    let data = convert::bytes(&data, "data")?;
    let key = convert::bytes(&key, "key")?;
    let aad = convert::bytes(&aad, "aad")?;
    let plaintext = scrubbed(|| crypto::aead::xchacha20poly1305_decrypt(&data, &key, &aad))?;
    Ok(Uint8Array::from(plaintext.as_slice()))
}

/// AES-256-GCM: nonce (12) ‖ ciphertext ‖ tag (16), with a fresh random nonce. At most 2^32 messages under one key.
#[wasm_bindgen]
pub fn aes_gcm_encrypt(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] plaintext: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
) -> Result<Vec<u8>> {
    let (plaintext, key) = (convert::bytes(&plaintext, "plaintext")?, convert::bytes(&key, "key")?);
    Ok(scrubbed(|| crypto::aes::aes_gcm_encrypt(&plaintext, &key))?)
}

/// Opens what `aes_gcm_encrypt` sealed under the same key.
///
/// Throws `DATA_TOO_SHORT` below 28 bytes and `DECRYPT_FAILED` for every other fault, without saying which.
#[wasm_bindgen]
pub fn aes_gcm_decrypt(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] encrypted: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
) -> Result<Uint8Array> {
    let (encrypted, key) = (convert::bytes(&encrypted, "encrypted")?, convert::bytes(&key, "key")?);
    let plaintext = scrubbed(|| crypto::aes::aes_gcm_decrypt(&encrypted, &key))?;
    Ok(Uint8Array::from(plaintext.as_slice()))
}

/// `aes_gcm_encrypt` with associated data: authenticated, not part of the output, needed to open.
#[wasm_bindgen]
pub fn aes_gcm_encrypt_aad(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] plaintext: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] aad: JsValue,
) -> Result<Vec<u8>> {
    let plaintext = convert::bytes(&plaintext, "plaintext")?;
    let key = convert::bytes(&key, "key")?;
    let aad = convert::bytes(&aad, "aad")?;
    Ok(scrubbed(|| crypto::aes::aes_gcm_encrypt_aad(&plaintext, &key, &aad))?)
}

/// Opens what `aes_gcm_encrypt_aad` sealed under the same key with the same associated data.
#[wasm_bindgen]
pub fn aes_gcm_decrypt_aad(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] encrypted: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] aad: JsValue,
) -> Result<Uint8Array> {
    let data = convert::bytes(&encrypted, "encrypted")?;
    let key = convert::bytes(&key, "key")?;
    let aad = convert::bytes(&aad, "aad")?;
    let plaintext = scrubbed(|| crypto::aes::aes_gcm_decrypt_aad(&data, &key, &aad))?;
    Ok(Uint8Array::from(plaintext.as_slice()))
}

/// AES-256-GCM-SIV (RFC 8452): nonce (12) ‖ ciphertext ‖ tag (16). Even a nonce that is used again reveals only equal messages.
#[wasm_bindgen]
pub fn aes_gcm_siv_encrypt(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] aad: JsValue,
) -> Result<Vec<u8>> {
    let data = convert::bytes(&data, "data")?;
    let key = convert::bytes(&key, "key")?;
    let aad = convert::bytes(&aad, "aad")?;
    Ok(scrubbed(|| crypto::siv::aes_gcm_siv_encrypt(&data, &key, &aad))?)
}

/// Opens what `aes_gcm_siv_encrypt` sealed under the same key with the same associated data.
#[wasm_bindgen]
pub fn aes_gcm_siv_decrypt(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] aad: JsValue,
) -> Result<Uint8Array> {
    let data = convert::bytes(&data, "data")?;
    let key = convert::bytes(&key, "key")?;
    let aad = convert::bytes(&aad, "aad")?;
    let plaintext = scrubbed(|| crypto::siv::aes_gcm_siv_decrypt(&data, &key, &aad))?;
    Ok(Uint8Array::from(plaintext.as_slice()))
}

/// AES-256-GCM that counts: a key seals at most 2^32 messages, then `seal` throws `KEY_EXHAUSTED`.
///
/// The count is of this object. Where a key outlives it, keep `sealedMessages` with the key and `resume` with both.
#[wasm_bindgen]
pub struct Sealer(crypto::sealer::Sealer);

#[wasm_bindgen]
impl Sealer {
    /// A sealer for a 32-byte key that has sealed nothing yet.
    #[wasm_bindgen(constructor)]
    pub fn new(#[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue) -> Result<Sealer> {
        let key = convert::bytes(&key, "key")?;
        Ok(Self(scrubbed(|| crypto::sealer::Sealer::new(&key))?))
    }

    /// A sealer for a key that has sealed so many messages already.
    pub fn resume(
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] sealed_messages: JsValue,
    ) -> Result<Sealer> {
        let key = convert::bytes(&key, "key")?;
        let sealed_messages = convert::integer(&sealed_messages, "sealed_messages")?;
        Ok(Self(scrubbed(|| crypto::sealer::Sealer::resume(&key, u64::from(sealed_messages)))?))
    }

    /// How many messages the key has sealed.
    #[wasm_bindgen(getter, js_name = sealedMessages)]
    pub fn sealed_messages(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "at most 2^32")]
        let count = self.0.sealed_messages() as f64;
        count
    }

    /// Seals as `aes_gcm_encrypt_aad` does.
    pub fn seal(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] plaintext: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] aad: JsValue,
    ) -> Result<Vec<u8>> {
        let (plaintext, aad) = (convert::bytes(&plaintext, "plaintext")?, convert::bytes(&aad, "aad")?);
        Ok(scrubbed(|| self.0.seal(&plaintext, &aad))?)
    }

    /// Opens as `aes_gcm_decrypt_aad` does. Not counted.
    pub fn open(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] sealed: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] aad: JsValue,
    ) -> Result<Uint8Array> {
        let (sealed, aad) = (convert::bytes(&sealed, "sealed")?, convert::bytes(&aad, "aad")?);
        let plaintext = scrubbed(|| self.0.open(&sealed, &aad))?;
        Ok(Uint8Array::from(plaintext.as_slice()))
    }
}
