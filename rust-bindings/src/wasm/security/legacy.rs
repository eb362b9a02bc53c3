//! What older systems sealed, and the one old form that is still written for their callers.

use chrysalis_crypto::kdf::{self, Argon2Params};
use chrysalis_crypto::legacy;
use chrysalis_security::context::{LegacyFormat, decrypt_legacy};
use chrysalis_security::legacy::{ImportProgress, import_legacy_wallet_telling as import_wallet};
use js_sys::{Function, Object, Uint8Array};
use wasm_bindgen::prelude::*;

use super::wallet::ApiKeyWallet;
use super::{list, now_ms, object, parsed};
use crate::convert;
use crate::error::Result;
use crate::wasm::memory::scrubbed;

pub(super) fn decrypt(format: &JsValue, data: &JsValue, secret: &JsValue) -> Result<Uint8Array> {
    let format = LegacyFormat::parse(&convert::text(format, "format")?)?;
    let (data, secret) = (text_or_bytes(data, "data")?, text_or_bytes(secret, "secret")?);
    let opened = scrubbed(|| decrypt_legacy(format, &data, &secret))?;
    Ok(Uint8Array::from(opened.plaintext.as_slice()))
}

fn text_or_bytes(value: &JsValue, name: &str) -> Result<Vec<u8>> {
    if value.is_string() { Ok(convert::text(value, name)?.into_bytes()) } else { convert::bytes(value, name) }
}

/// Seals under a 32-byte key as the older TypeScript module did: an object of base64 texts.
/// @deprecated For its callers. New data is sealed by `SecurityContext.encrypt_for_storage`.
#[wasm_bindgen(unchecked_return_type = "EncryptedData")]
pub fn encrypt_record(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] plaintext: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
) -> Result<JsValue> {
    let (plaintext, key) = (convert::bytes(&plaintext, "plaintext")?, convert::bytes(&key, "key")?);
    Ok(parsed(&scrubbed(|| legacy::encrypt(&plaintext, &key))?))
}

/// `encrypt_record` under a password.
/// @deprecated As `encrypt_record`.
#[wasm_bindgen(unchecked_return_type = "EncryptedData")]
pub fn encrypt_record_with_password(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] plaintext: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] password: JsValue,
) -> Result<JsValue> {
    let (plaintext, password) =
        (convert::bytes(&plaintext, "plaintext")?, convert::text(&password, "password")?);
    Ok(parsed(&scrubbed(|| legacy::encrypt_with_password(&plaintext, password.as_bytes()))?))
}

/// The key of a record's password and salt, 32 bytes, for `encrypt_record` and `decrypt_record`. This is what takes time.
#[wasm_bindgen]
pub fn derive_record_key(
    #[wasm_bindgen(unchecked_param_type = "string")] password: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] salt: JsValue,
) -> Result<Uint8Array> {
    let (password, salt) = (convert::text(&password, "password")?, convert::bytes(&salt, "salt")?);
    let key = scrubbed(|| kdf::scrypt_derive_key(password.as_bytes(), &salt, 32))?;
    Ok(Uint8Array::from(key.as_slice()))
}

/// Opens the JSON text of a record under a 32-byte key.
#[wasm_bindgen]
pub fn decrypt_record(
    #[wasm_bindgen(unchecked_param_type = "string")] json: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
) -> Result<Uint8Array> {
    let (json, key) = (convert::text(&json, "json")?, convert::bytes(&key, "key")?);
    let opened = scrubbed(|| legacy::Record::parse(&json)?.open(&key))?;
    Ok(Uint8Array::from(opened.plaintext.as_slice()))
}

/// Opens the JSON text of a record under a password.
#[wasm_bindgen]
pub fn decrypt_record_with_password(
    #[wasm_bindgen(unchecked_param_type = "string")] json: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] password: JsValue,
) -> Result<Uint8Array> {
    let (json, password) = (convert::text(&json, "json")?, convert::text(&password, "password")?);
    let opened = scrubbed(|| legacy::Record::parse(&json)?.open_with_password(password.as_bytes()))?;
    Ok(Uint8Array::from(opened.plaintext.as_slice()))
}

/// Reads a wallet file of an older program into a new wallet, open, and reports what became of each key. `tell` is called with
/// how many keys are done, and of how many; what it throws is passed over.
#[wasm_bindgen(unchecked_return_type = "{ wallet: ApiKeyWallet; report: ImportReport }")]
pub fn import_legacy_wallet(
    #[wasm_bindgen(unchecked_param_type = "string")] json: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] password: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "(done: number, total: number) => void")] tell: JsValue,
) -> Result<Object> {
    let (json, password) = (convert::text(&json, "json")?, convert::text(&password, "password")?);
    let mut tell = |progress: ImportProgress| {
        if let Some(tell) = tell.dyn_ref::<Function>() {
            let _ = tell.call2(&JsValue::UNDEFINED, &progress.done.into(), &progress.total.into());
        }
    };
    let cost = Argon2Params::DEFAULT;
    let import = scrubbed(|| import_wallet(&json, password.as_bytes(), cost, now_ms(), &mut tell))?;
    let report = import.report;
    let imported = list(report.imported.iter().map(|key| {
        object(&[
            ("legacyId", key.legacy_id.as_str().into()),
            ("id", key.id.to_string().into()),
            ("provider", key.provider.as_str().into()),
        ])
        .into()
    }));
    let failed = list(report.failed.iter().map(|key| {
        let index = u32::try_from(key.index).unwrap_or(u32::MAX);
        object(&[
            ("index", index.into()),
            ("legacyId", key.legacy_id.as_str().into()),
            ("code", key.code.into()),
        ])
        .into()
    }));
    let unrecoverable = list(report.unrecoverable.iter().map(|key| {
        object(&[
            ("legacyId", key.legacy_id.as_str().into()),
            ("provider", key.provider.as_str().into()),
            ("name", key.name.as_str().into()),
            ("unrecoverable", true.into()),
        ])
        .into()
    }));
    let report = object(&[
        ("shape", report.shape.as_str().into()),
        ("imported", imported.into()),
        ("failed", failed.into()),
        ("unrecoverable", unrecoverable.into()),
        ("warnings", list(report.warnings.into_iter().map(JsValue::from)).into()),
    ]);
    Ok(object(&[("wallet", ApiKeyWallet::of(import.wallet).into()), ("report", report.into())]))
}
