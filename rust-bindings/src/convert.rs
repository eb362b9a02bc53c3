//! Checked conversions from JavaScript values.
//!
//! Arguments arrive as [`JsValue`] and are checked here: the glue that wasm-bindgen generates for typed arguments
//! trusts the caller, and a value of another type or an allocation that fails would trap and poison the module. None of them is
//! inlined: they are called from every function of a package, and cost little beside the call from JavaScript.
#![allow(dead_code, reason = "each package uses its own part")]

use chrysalis_crypto::{CryptoError, envelope::Suite};
use js_sys::Object;
use js_sys::Uint32Array;
use js_sys::{Array, JsString, Reflect};
use js_sys::{ArrayBuffer, Symbol, Uint8Array};
use js_sys::{Float32Array, Float64Array, Function};
use wasm_bindgen::prelude::*;

use crate::error::{Result, Thrown};

/// A copy of the bytes of a `Uint8Array` (a Node `Buffer` is one), from any realm.
#[inline(never)]
pub(crate) fn bytes(value: &JsValue, name: &str) -> Result<Vec<u8>> {
    let array = byte_array(value, name)?;
    let length = array.length() as usize;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(|_| Thrown::argument(name, "does not fit into memory"))?;
    bytes.resize(length, 0);
    array.copy_to(&mut bytes);
    Ok(bytes)
}

/// The value as a `Uint8Array`, not copied.
#[inline(never)]
pub(crate) fn byte_array<'a>(value: &'a JsValue, name: &str) -> Result<&'a Uint8Array> {
    // `instanceof` is false for arrays of another realm: an iframe, a worker's message, a test runner. The name it has
    // there takes half a microsecond to read, so it is asked for last.
    let is_byte_array = ArrayBuffer::is_view(value)
        && (value.is_instance_of::<Uint8Array>()
            || Reflect::get(value, &Symbol::to_string_tag()).is_ok_and(|tag| tag == "Uint8Array"));
    if !is_byte_array {
        return Err(Thrown::argument(name, "must be a Uint8Array"));
    }
    Ok(value.unchecked_ref())
}

/// A string as UTF-8; lone surrogates become U+FFFD.
#[inline(never)]
pub(crate) fn text(value: &JsValue, name: &str) -> Result<String> {
    if !value.is_string() {
        return Err(Thrown::argument(name, "must be a string"));
    }
    // The generated conversion cannot report a failed allocation, so room for it is proved first. It asks for at
    // most three bytes per UTF-16 unit, and keeps the previous allocation while it grows.
    let units = value.unchecked_ref::<JsString>().length() as usize;
    units
        .checked_mul(6)
        .and_then(|most| Vec::<u8>::new().try_reserve_exact(most).ok())
        .ok_or_else(|| Thrown::argument(name, "does not fit into memory"))?;
    value.as_string().ok_or_else(|| Thrown::argument(name, "must be a string"))
}

/// A secret: a string as UTF-8, or the bytes of a `Uint8Array`, which their owner can wipe.
#[inline(never)]
pub(crate) fn secret(value: &JsValue, name: &str) -> Result<Vec<u8>> {
    if value.is_string() { Ok(text(value, name)?.into_bytes()) } else { bytes(value, name) }
}

/// A non-negative integer below 2^32.
#[inline(never)]
pub(crate) fn integer(value: &JsValue, name: &str) -> Result<u32> {
    value
        .as_f64()
        .filter(|number| number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(number))
        .map(|number| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the range was checked"
            )]
            let integer = number as u32;
            integer
        })
        .ok_or_else(|| Thrown::argument(name, "must be a non-negative integer"))
}

/// The byte strings of an `Array` of `Uint8Array`s.
#[inline(never)]
pub(crate) fn byte_strings(value: &JsValue, name: &str) -> Result<Vec<Vec<u8>>> {
    let array = list(value, name)?;
    let mut items = Vec::new();
    items
        .try_reserve_exact(array.length() as usize)
        .map_err(|_| Thrown::argument(name, "does not fit into memory"))?;
    for index in 0..array.length() {
        items.push(bytes(&array.get(index), name)?);
    }
    Ok(items)
}

/// The strings of an `Array`, each as [`text`] gives it.
#[inline(never)]
pub(crate) fn texts(value: &JsValue, name: &str) -> Result<Vec<String>> {
    let array = list(value, name)?;
    let mut texts = Vec::new();
    texts
        .try_reserve_exact(array.length() as usize)
        .map_err(|_| Thrown::argument(name, "does not fit into memory"))?;
    for index in 0..array.length() {
        texts.push(text(&array.get(index), name)?);
    }
    Ok(texts)
}

/// The value as an `Array`, not copied.
#[inline(never)]
pub(crate) fn list<'a>(value: &'a JsValue, name: &str) -> Result<&'a Array> {
    if !Array::is_array(value) {
        return Err(Thrown::argument(name, "must be an array"));
    }
    Ok(value.unchecked_ref())
}

/// A property of an options object; `None` where it or the whole object is absent.
#[inline(never)]
pub(crate) fn option(options: &JsValue, name: &str) -> Result<Option<JsValue>> {
    if options.is_undefined() {
        return Ok(None);
    }
    if !options.is_object() {
        return Err(Thrown::argument("options", "must be an object"));
    }
    // A getter that throws gives no value of any kind that is accepted.
    let value = Reflect::get(options, &name.into()).unwrap_or(JsValue::NULL);
    Ok((!value.is_undefined()).then_some(value))
}

/// A property that is a boolean; `default` where it is absent.
#[inline(never)]
pub(crate) fn flag(options: &JsValue, name: &str, default: bool) -> Result<bool> {
    match option(options, name)? {
        None => Ok(default),
        Some(value) => value.as_bool().ok_or_else(|| Thrown::argument(name, "must be a boolean")),
    }
}

/// A property that is a non-negative integer; `default` where it is absent.
pub(crate) fn number(options: &JsValue, name: &str, default: u32) -> Result<u32> {
    option(options, name)?.map_or(Ok(default), |value| integer(&value, name))
}

/// The property `suite`, the number of a suite of envelopes; 1 where it is absent.
pub(crate) fn suite(options: &JsValue) -> Result<Suite> {
    let number = number(options, "suite", 1)?;
    [Suite::XChaCha20Poly1305, Suite::Xaes256Gcm]
        .into_iter()
        .find(|suite| u32::from(suite.to_byte()) == number)
        .ok_or_else(|| CryptoError::Unsupported("suite").into())
}

/// A plain object of these fields.
pub(crate) fn object(fields: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &JsValue::from_str(name), value)
            .expect("a plain object that was just made accepts any property");
    }
    object
}

/// The numbers of a vector or a matrix, as they came.
pub(crate) enum Numbers {
    /// Of a `Float32Array`.
    F32(Vec<f32>),
    /// Of anything else.
    F64(Vec<f64>),
}

impl Numbers {
    pub(crate) fn into_f64(self) -> Vec<f64> {
        match self {
            Self::F32(numbers) => numbers.into_iter().map(f64::from).collect(),
            Self::F64(numbers) => numbers,
        }
    }

    pub(crate) fn into_f32(self) -> Vec<f32> {
        match self {
            Self::F32(numbers) => numbers,
            #[expect(clippy::cast_possible_truncation, reason = "rounded, as Float32Array.from does")]
            Self::F64(numbers) => numbers.into_iter().map(|number| number as f32).collect(),
        }
    }
}

/// The numbers of a `Float32Array`, a `Float64Array` or an `Array`.
#[inline(never)]
pub(crate) fn numbers(value: &JsValue, name: &str) -> Result<Numbers> {
    let no_room = |_| Thrown::argument(name, "does not fit into memory");
    if let Some(array) = value.dyn_ref::<Float32Array>() {
        let mut numbers = Vec::new();
        numbers.try_reserve_exact(array.length() as usize).map_err(no_room)?;
        numbers.resize(array.length() as usize, 0.0);
        array.copy_to(&mut numbers);
        return Ok(Numbers::F32(numbers));
    }
    let mut numbers = Vec::new();
    if let Some(array) = value.dyn_ref::<Float64Array>() {
        numbers.try_reserve_exact(array.length() as usize).map_err(no_room)?;
        numbers.resize(array.length() as usize, 0.0);
        array.copy_to(&mut numbers);
        return Ok(Numbers::F64(numbers));
    }
    let not_numbers =
        || Thrown::argument(name, "must be a Float32Array, a Float64Array or an array of numbers");
    if !Array::is_array(value) {
        return Err(not_numbers());
    }
    let array: &Array = value.unchecked_ref();
    numbers.try_reserve_exact(array.length() as usize).map_err(no_room)?;
    for item in array.iter() {
        numbers.push(item.as_f64().ok_or_else(not_numbers)?);
    }
    Ok(Numbers::F64(numbers))
}

/// A property that is a number; `None` where it is absent.
#[inline(never)]
pub(crate) fn float(options: &JsValue, name: &str) -> Result<Option<f64>> {
    option(options, name)?
        .map(|value| value.as_f64().ok_or_else(|| Thrown::argument(name, "must be a number")))
        .transpose()
}

/// Whether a function of the caller's accepts these arguments.
pub(crate) fn accepts(filter: &JsValue, arguments: &[JsValue]) -> Result<bool> {
    let filter: &Function =
        filter.dyn_ref().ok_or_else(|| Thrown::argument("filter", "must be a function"))?;
    let accepted = filter.apply(&JsValue::UNDEFINED, &arguments.iter().collect::<Array>());
    Ok(accepted.map_err(|_| Thrown::argument("filter", "must not throw"))?.is_truthy())
}

/// The non-negative integers below 2^32 of a `Uint32Array` or an `Array`.
#[inline(never)]
pub(crate) fn integers(value: &JsValue, name: &str) -> Result<Vec<u32>> {
    let mut integers = Vec::new();
    if let Some(array) = value.dyn_ref::<Uint32Array>() {
        let length = array.length() as usize;
        integers.try_reserve_exact(length).map_err(|_| Thrown::argument(name, "does not fit into memory"))?;
        integers.resize(length, 0);
        array.copy_to(&mut integers);
        return Ok(integers);
    }
    for item in list(value, name)?.iter() {
        integers.push(integer(&item, name)?);
    }
    Ok(integers)
}

/// The JSON text of a value that has one.
#[inline(never)]
pub(crate) fn json(value: &JsValue, name: &str) -> Result<String> {
    let json = js_sys::JSON::stringify(value).ok().map(JsValue::from).filter(JsValue::is_string);
    text(&json.ok_or_else(|| Thrown::argument(name, "must have a JSON text"))?, name)
}

/// Bytes, a string as UTF-8, or any other value as its JSON text.
#[inline(never)]
pub(crate) fn payload(value: &JsValue, name: &str) -> Result<Vec<u8>> {
    if ArrayBuffer::is_view(value) {
        return bytes(value, name);
    }
    let payload = if value.is_string() { text(value, name) } else { json(value, name) };
    payload.map(String::into_bytes)
}
