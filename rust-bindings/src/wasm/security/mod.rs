//! The package `rust-security`: API keys in use and at rest, session and storage keys, registries and audit events.
//!
//! As in `rust-crypto`: everything takes unchecked values and checks them, and nothing is a view of WebAssembly memory.
//! Time is the engine's clock, read once per call.

pub mod context;
pub mod legacy;
pub mod registry;
pub mod wallet;

use std::sync::Arc;

use chrysalis_crypto::api_keys::ApiKey;
use chrysalis_security::context::Clock;
use js_sys::{Array, JSON, Object, Reflect};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use crate::convert;
use crate::error::{Result, Thrown};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("../../../typescript/security/types.d.ts");

/// Milliseconds since the Unix epoch.
fn now_ms() -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts of floats saturate")]
    let now = js_sys::Date::now() as u64;
    now
}

fn clock() -> Clock {
    Arc::new(now_ms)
}

/// An API key given as a string, or as bytes.
fn to_api_key(value: &JsValue) -> Result<ApiKey> {
    if value.is_string() {
        return Ok(ApiKey::new(convert::text(value, "key")?)?);
    }
    let mut bytes = Zeroizing::new(convert::bytes(value, "key")?);
    Ok(ApiKey::from_bytes(&mut bytes)?)
}

/// Bytes that data is bound to: none, a text's UTF-8, or bytes.
fn to_context(value: &JsValue) -> Result<Vec<u8>> {
    if value.is_undefined() {
        return Ok(Vec::new());
    }
    if value.is_string() {
        return Ok(convert::text(value, "context")?.into_bytes());
    }
    convert::bytes(value, "context")
}

/// Milliseconds that a JavaScript number can hold exactly.
fn to_time_ms(value: &JsValue, name: &str) -> Result<u64> {
    let exact = |time: &f64| time.fract() == 0.0 && (0.0..=9_007_199_254_740_991.0).contains(time);
    let time = value.as_f64().filter(exact);
    let time = time.ok_or_else(|| Thrown::argument(name, "must be a time in milliseconds"))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was checked")]
    let time = time as u64;
    Ok(time)
}

/// A time for JavaScript.
#[expect(clippy::cast_precision_loss, reason = "times end at 2^53 - 1")]
fn from_time_ms(time: u64) -> JsValue {
    JsValue::from_f64(time as f64)
}

/// JSON that Rust made, as plain objects.
fn parsed(json: &str) -> JsValue {
    JSON::parse(json).expect("the domain writes JSON")
}

/// A list of plain objects.
fn list(items: impl IntoIterator<Item = JsValue>) -> Array {
    items.into_iter().collect()
}

/// A plain object of these fields; undefined ones are left out.
fn object(fields: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in fields {
        if !value.is_undefined() {
            Reflect::set(&object, &JsValue::from_str(name), value)
                .expect("a plain object that was just made accepts any property");
        }
    }
    object
}
