//! Random bytes and tokens, and comparing secrets.

use chrysalis_crypto as crypto;
use crypto::CryptoError;
use wasm_bindgen::prelude::*;

use super::to_length;
use crate::convert;
use crate::error::{Result, Thrown};
use crate::wasm::memory::scrubbed;

/// Whether two byte strings are equal; for equal lengths the time does not depend on the contents.
#[wasm_bindgen]
pub fn constant_time_eq(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] a: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] b: JsValue,
) -> Result<bool> {
    let (a, b) = (convert::bytes(&a, "a")?, convert::bytes(&b, "b")?);
    Ok(scrubbed(|| crypto::compare::constant_time_eq(&a, &b)))
}

/// `length` random bytes from the system's generator, at most 2^30.
#[wasm_bindgen]
pub fn random_bytes(#[wasm_bindgen(unchecked_param_type = "number")] length: JsValue) -> Result<Vec<u8>> {
    let length = to_length(&length)?;
    Ok(scrubbed(|| crypto::random::bytes(length))?)
}

/// `length` random bytes as `2 * length` hexadecimal characters.
#[wasm_bindgen]
pub fn random_hex(#[wasm_bindgen(unchecked_param_type = "number")] length: JsValue) -> Result<String> {
    let length = to_text_length(&length)?;
    Ok(scrubbed(|| crypto::random::random_hex(length))?)
}

/// A token of `length` random bytes, as `2 * length` hexadecimal characters.
#[wasm_bindgen]
pub fn generate_token(#[wasm_bindgen(unchecked_param_type = "number")] length: JsValue) -> Result<String> {
    let length = to_text_length(&length)?;
    Ok(scrubbed(|| crypto::random::generate_token(length))?)
}

/// A token of `length` random bytes in standard base64 with padding.
#[wasm_bindgen]
pub fn generate_token_base64(
    #[wasm_bindgen(unchecked_param_type = "number")] length: JsValue,
) -> Result<String> {
    let length = to_text_length(&length)?;
    Ok(scrubbed(|| crypto::random::generate_token_base64(length))?)
}

/// A token of `length` random bytes in URL-safe base64 without padding.
#[wasm_bindgen]
pub fn generate_token_base64url(
    #[wasm_bindgen(unchecked_param_type = "number")] length: JsValue,
) -> Result<String> {
    let length = to_text_length(&length)?;
    Ok(scrubbed(|| crypto::random::generate_token_base64url(length))?)
}

/// A random AES-256 key, 32 bytes.
#[wasm_bindgen]
pub fn generate_aes_key() -> Result<Vec<u8>> {
    Ok(scrubbed(crypto::aes::generate_aes_key)?.to_vec())
}

/// A random salt for key derivation, 32 bytes.
#[wasm_bindgen]
pub fn generate_salt() -> Result<Vec<u8>> {
    Ok(crypto::kdf::generate_salt()?.to_vec())
}

/// The longest text made of random bytes. Two characters for each must fit a JavaScript string, which V8 ends at 2^29 - 24.
const MAX_TEXT_BYTES: usize = 1 << 27;

fn to_text_length(value: &JsValue) -> Result<usize> {
    let length = to_length(value)?;
    if length > MAX_TEXT_BYTES {
        return Err(Thrown::argument("length", "must be at most 2^27 for a string"));
    }
    // Text is built by infallible allocation, so room for bytes and text is proved first.
    Vec::<u8>::new()
        .try_reserve_exact(length * 4)
        .map_err(|_| CryptoError::InvalidArgument("length is more than there is memory for"))?;
    Ok(length)
}
