//! Recognising API keys, and keeping them out of logs.

use chrysalis_crypto::api_keys::{self, ApiKey, ValidationOptions};
use js_sys::Object;
use wasm_bindgen::prelude::*;

use super::object;
use crate::convert;
use crate::error::Result;
use crate::wasm::memory::scrubbed;

/// Whose key this is and how sure that is. Unknown shapes are accepted as such, unless `strict`. Nothing is sent anywhere.
///
/// Throws `ValidationError` for what cannot be a key, and, when `provider` is given, for what is certainly another's.
#[wasm_bindgen(unchecked_return_type = "KeyType")]
pub fn validate_key_format(
    #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] key: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "{ provider?: string; strict?: boolean }")]
    options: JsValue,
) -> Result<Object> {
    let key = to_key(&key)?;
    let provider =
        convert::option(&options, "provider")?.map(|name| convert::text(&name, "provider")).transpose()?;
    let strict = convert::flag(&options, "strict", false)?;
    let options = ValidationOptions { provider: provider.as_deref(), strict };
    let found = scrubbed(|| api_keys::validate_key_format_with(&key, &options))?;
    Ok(object(&[
        ("provider", found.provider.into()),
        ("kind", found.kind.into()),
        ("confidence", found.confidence.name().into()),
    ]))
}

/// The form of a key for people: a prefix that tells only whose it is, and the last four characters.
#[wasm_bindgen]
pub fn redact_for_logging(
    #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] key: JsValue,
) -> Result<String> {
    let key = to_key(&key)?;
    Ok(scrubbed(|| api_keys::redact_for_logging(&key)))
}

/// The text with every API key in it replaced by its redacted form. Time is linear in the text.
#[wasm_bindgen]
pub fn redact_text(#[wasm_bindgen(unchecked_param_type = "string")] text: JsValue) -> Result<String> {
    let text = convert::text(&text, "text")?;
    Ok(scrubbed(|| api_keys::redact_text(&text)))
}

fn to_key(value: &JsValue) -> Result<ApiKey> {
    Ok(ApiKey::from_bytes(&mut convert::secret(value, "key")?)?)
}
