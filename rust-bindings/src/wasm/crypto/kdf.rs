//! Key derivation, and sealing under a password in the older format.

use chrysalis_crypto as crypto;
use crypto::kdf::Argon2Params;
use crypto::password::DecryptOptions;
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use crate::convert;
use crate::error::Result;
use crate::wasm::memory::scrubbed;

/// HKDF-SHA-256 (RFC 5869) of key material: `length` bytes, at most 8160. An empty salt stands for 32 zero bytes.
#[wasm_bindgen]
pub fn hkdf_sha256(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] ikm: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] salt: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] info: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] length: JsValue,
) -> Result<Uint8Array> {
    let (ikm, salt) = (convert::bytes(&ikm, "ikm")?, convert::bytes(&salt, "salt")?);
    let (info, length) = (convert::bytes(&info, "info")?, convert::integer(&length, "length")? as usize);
    let key = scrubbed(|| crypto::kdf::hkdf_sha256(&ikm, &salt, &info, length))?;
    Ok(Uint8Array::from(key.as_slice()))
}

/// PBKDF2-HMAC-SHA-256 (RFC 8018): `length` bytes, 1 to 1024. For what must be read; Argon2id is for what is new.
#[wasm_bindgen]
pub fn pbkdf2_sha256_derive_key(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] password: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] salt: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] iterations: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] length: JsValue,
) -> Result<Uint8Array> {
    let (password, salt) = (convert::bytes(&password, "password")?, convert::bytes(&salt, "salt")?);
    let iterations = convert::integer(&iterations, "iterations")?;
    let length = convert::integer(&length, "length")? as usize;
    let key = scrubbed(|| crypto::kdf::pbkdf2_sha256_derive_key(&password, &salt, iterations, length))?;
    Ok(Uint8Array::from(key.as_slice()))
}

/// scrypt (RFC 7914) with N = 2^14, r = 8, p = 1: `key_length` bytes, 1 to 1024.
#[wasm_bindgen]
pub fn scrypt_derive_key(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] password: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] salt: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] key_length: JsValue,
) -> Result<Uint8Array> {
    let (password, salt) = (convert::bytes(&password, "password")?, convert::bytes(&salt, "salt")?);
    let key_length = convert::integer(&key_length, "key_length")? as usize;
    let key = scrubbed(|| crypto::kdf::scrypt_derive_key(&password, &salt, key_length))?;
    Ok(Uint8Array::from(key.as_slice()))
}

/// Argon2id version 1.3 (RFC 9106). Without options: 19456 KiB, 2 passes, 1 lane, 32 bytes.
///
/// Bounds: `mKiB` 8192 to 1048576, `t` 1 to 16, `p` 1 to 8, `length` 4 to 1024; a salt of at least 8 bytes. Throws
/// `UNSUPPORTED` or `INVALID_ARGUMENT` outside of them, before anything is allocated.
#[wasm_bindgen]
pub fn argon2id_derive_key(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] password: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] salt: JsValue,
    #[wasm_bindgen(
        unchecked_optional_param_type = "{ mKiB?: number; t?: number; p?: number; length?: number }"
    )]
    options: JsValue,
) -> Result<Uint8Array> {
    let (password, salt) = (convert::bytes(&password, "password")?, convert::bytes(&salt, "salt")?);
    let (params, length) = (to_argon2_params(&options)?, convert::number(&options, "length", 32)? as usize);
    let key = scrubbed(|| crypto::kdf::argon2id_derive_key(&password, &salt, params, length))?;
    Ok(Uint8Array::from(key.as_slice()))
}

/// Seals under a password: salt (32) ‖ nonce (12) ‖ ciphertext ‖ tag (16), the key made by scrypt with N = 2^14.
///
/// For readers of the older format. New data is sealed by `seal_with_password`.
/// @deprecated
#[wasm_bindgen]
pub fn encrypt_with_password(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] plaintext: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] password: JsValue,
) -> Result<Vec<u8>> {
    let (plaintext, password) =
        (convert::bytes(&plaintext, "plaintext")?, convert::secret(&password, "password")?);
    Ok(scrubbed(|| crypto::password::encrypt_with_password(&plaintext, &password))?)
}

/// Opens what `encrypt_with_password` or `seal_with_password` sealed; a context cannot be given here.
///
/// With `legacyFallbackN` a record that does not open is tried with N = 2^15 too, which an older system used at times.
#[wasm_bindgen]
pub fn decrypt_with_password(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] encrypted: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] password: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "{ legacyFallbackN?: boolean }")] options: JsValue,
) -> Result<Uint8Array> {
    let (encrypted, password) =
        (convert::bytes(&encrypted, "encrypted")?, convert::secret(&password, "password")?);
    let options = DecryptOptions { legacy_fallback_n: convert::flag(&options, "legacyFallbackN", false)? };
    let plaintext = scrubbed(|| crypto::password::decrypt_with_password_and(&encrypted, &password, options))?;
    Ok(Uint8Array::from(plaintext.as_slice()))
}

pub(super) fn to_argon2_params(options: &JsValue) -> Result<Argon2Params> {
    let default = Argon2Params::DEFAULT;
    Ok(Argon2Params::new(
        convert::number(options, "mKiB", default.m_kib())?,
        convert::number(options, "t", default.t())?,
        convert::number(options, "p", default.p())?,
    )?)
}
