//! Fingerprints of agents and hashes of their state.

use chrysalis_crypto as crypto;
use wasm_bindgen::prelude::*;

use crate::convert;
use crate::error::Result;

/// SHA-384 of `agent_id:name:created_at`, 96 hexadecimal characters. The fields are joined without escaping.
#[wasm_bindgen]
pub fn compute_agent_fingerprint(
    #[wasm_bindgen(unchecked_param_type = "string")] agent_id: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] created_at: JsValue,
) -> Result<String> {
    Ok(crypto::fingerprint::compute_agent_fingerprint(
        &convert::text(&agent_id, "agent_id")?,
        &convert::text(&name, "name")?,
        &convert::text(&created_at, "created_at")?,
    ))
}

/// BLAKE3 of the text as given, 64 hexadecimal characters. The order of keys counts.
#[wasm_bindgen]
pub fn compute_state_hash(
    #[wasm_bindgen(unchecked_param_type = "string")] state_json: JsValue,
) -> Result<String> {
    Ok(crypto::fingerprint::compute_state_hash(&convert::text(&state_json, "state_json")?))
}

/// The second form of `compute_agent_fingerprint`: fields are kept apart by their lengths, 96 hexadecimal characters.
#[wasm_bindgen]
pub fn compute_agent_fingerprint_v2(
    #[wasm_bindgen(unchecked_param_type = "string")] agent_id: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] created_at: JsValue,
) -> Result<String> {
    Ok(crypto::fingerprint::compute_agent_fingerprint_v2(
        &convert::text(&agent_id, "agent_id")?,
        &convert::text(&name, "name")?,
        &convert::text(&created_at, "created_at")?,
    ))
}

/// BLAKE3 of the text as canonical JSON (RFC 8785), so that the order of keys and white space do not count.
///
/// Throws `SERIALIZATION` for a text that is not strict JSON.
#[wasm_bindgen]
pub fn compute_state_hash_canonical(
    #[wasm_bindgen(unchecked_param_type = "string")] state_json: JsValue,
) -> Result<String> {
    Ok(crypto::fingerprint::compute_state_hash_canonical(&convert::text(&state_json, "state_json")?)?)
}

/// Which hash of the text `hex` is: `'blake3'`, `'sha256-legacy'` (an older system wrote those), or neither.
#[wasm_bindgen(unchecked_return_type = "'blake3' | 'sha256-legacy' | null")]
pub fn verify_state_hash(
    #[wasm_bindgen(unchecked_param_type = "string")] state_json: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] hex: JsValue,
) -> Result<JsValue> {
    let (state_json, hex) = (convert::text(&state_json, "state_json")?, convert::text(&hex, "hex")?);
    let known = crypto::fingerprint::verify_state_hash(&state_json, &hex)?;
    Ok(known.map_or(JsValue::NULL, |known| known.name().into()))
}
