//! The sealed envelope: versioned, bound to a context, and committed to its key.

use std::num::NonZeroU32;

use chrysalis_crypto as crypto;
use crypto::envelope::{self, Header, PasswordKdf};
use js_sys::{Object, Uint8Array};
use wasm_bindgen::prelude::*;

use super::kdf::to_argon2_params;
use super::object;
use crate::convert;
use crate::error::{Result, Thrown};
use crate::wasm::memory::scrubbed;

/// Seals `plaintext` under a 32-byte key, bound to `context`: what the record is, such as its table and id.
///
/// Options: the number of the key, 1 by default, and the suite, 1 for XChaCha20-Poly1305 or 2 for XAES-256-GCM.
#[wasm_bindgen]
pub fn seal(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] plaintext: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] context: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "{ keyId?: number; suite?: 1 | 2 }")] options: JsValue,
) -> Result<Vec<u8>> {
    let (plaintext, key) = (convert::bytes(&plaintext, "plaintext")?, convert::bytes(&key, "key")?);
    let context = convert::bytes(&context, "context")?;
    let key_id = to_key_id(&options)?;
    let suite = convert::suite(&options)?;
    Ok(scrubbed(|| envelope::seal_as(suite, key_id, &plaintext, &key, &context))?)
}

/// Opens an envelope under a 32-byte key for the context it was sealed for.
///
/// Throws `DECRYPT_FAILED` for a wrong key or context and for every change, without saying which.
#[wasm_bindgen]
pub fn open(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] envelope: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] context: JsValue,
) -> Result<Uint8Array> {
    let (envelope, key) = (convert::bytes(&envelope, "envelope")?, convert::bytes(&key, "key")?);
    let context = convert::bytes(&context, "context")?;
    let plaintext = scrubbed(|| envelope::open(&envelope, &key, &context))?;
    Ok(Uint8Array::from(plaintext.as_slice()))
}

/// Seals under a key that Argon2id makes from `password`, with a fresh salt. Options as for `argon2id_derive_key`.
#[wasm_bindgen]
pub fn seal_with_password(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] plaintext: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] password: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] context: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "{ mKiB?: number; t?: number; p?: number }")]
    options: JsValue,
) -> Result<Vec<u8>> {
    let (plaintext, password) =
        (convert::bytes(&plaintext, "plaintext")?, convert::secret(&password, "password")?);
    let context = convert::bytes(&context, "context")?;
    let kdf = PasswordKdf::make_argon2id(to_argon2_params(&options)?)?;
    Ok(scrubbed(|| envelope::seal_with_password(&plaintext, &password, kdf, &context))?)
}

/// Opens what `seal_with_password` sealed for the same context. `needsRewrap` says that its cost is dated, so that it
/// should be sealed anew while the password is at hand.
#[wasm_bindgen(unchecked_return_type = "{ plaintext: Uint8Array; needsRewrap: boolean }")]
pub fn open_with_password(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] envelope: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] password: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] context: JsValue,
) -> Result<Object> {
    let (envelope, password) =
        (convert::bytes(&envelope, "envelope")?, convert::secret(&password, "password")?);
    let context = convert::bytes(&context, "context")?;
    let opened = scrubbed(|| envelope::open_with_password(&envelope, &password, &context))?;
    Ok(object(&[
        ("plaintext", Uint8Array::from(opened.plaintext.as_slice()).into()),
        ("needsRewrap", opened.needs_rewrap.into()),
    ]))
}

/// What an envelope says of itself before any key: the suite, and the number of its key or that it takes a password.
#[wasm_bindgen(unchecked_return_type = "{ suite: 1 | 2; keyId: number | null; takesPassword: boolean }")]
pub fn describe_envelope(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] envelope: JsValue,
) -> Result<Object> {
    let header = Header::parse(&convert::bytes(&envelope, "envelope")?)?;
    Ok(object(&[
        ("suite", header.suite().to_byte().into()),
        ("keyId", header.key_id().map_or(JsValue::NULL, |id| id.get().into())),
        ("takesPassword", header.password().is_some().into()),
    ]))
}

pub(super) fn to_key_id(options: &JsValue) -> Result<NonZeroU32> {
    NonZeroU32::new(convert::number(options, "keyId", 1)?)
        .ok_or_else(|| Thrown::argument("keyId", "must be a positive integer"))
}
