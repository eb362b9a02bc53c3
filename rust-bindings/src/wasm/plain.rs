//! Plain objects of JavaScript, read and made.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::consensus::plain::{Given, Made};
use crate::convert;
use crate::error::{Result, Thrown};

/// The greatest integer that a JavaScript number holds safely.
const MAX_SAFE: u64 = (1 << 53) - 1;

/// A value of JavaScript that is read.
pub(crate) struct Js(pub(crate) JsValue);

impl Given for Js {
    type Error = Thrown;

    fn wrong(name: &str, problem: &str) -> Thrown {
        Thrown::argument(&camel_case(name), problem)
    }

    fn property(&self, name: &str) -> Result<Option<Self>> {
        Ok(convert::option(&self.0, &camel_case(name))?.filter(|value| !value.is_null()).map(Self))
    }

    fn is_bytes(&self) -> bool {
        convert::byte_array(&self.0, "").is_ok()
    }

    fn to_bytes(&self, name: &str) -> Result<Vec<u8>> {
        convert::bytes(&self.0, &camel_case(name))
    }

    fn to_text(&self, name: &str) -> Result<String> {
        convert::text(&self.0, &camel_case(name))
    }

    fn to_count(&self, name: &str) -> Result<u64> {
        let count = match self.0.as_f64() {
            Some(number) if number.fract() == 0.0 && (0.0..=9_007_199_254_740_991.0).contains(&number) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "the range was checked"
                )]
                let number = number as u64;
                Some(number)
            }
            Some(_) => None,
            None if self.0.is_bigint() => u64::try_from(self.0.clone()).ok(),
            None => None,
        };
        count.ok_or_else(|| Self::wrong(name, "must be an integer from 0, a bigint over 2^53 - 1"))
    }

    fn to_flag(&self, name: &str) -> Result<bool> {
        self.0.as_bool().ok_or_else(|| Self::wrong(name, "must be a boolean"))
    }

    fn to_items(&self, name: &str) -> Result<Vec<Self>> {
        Ok(convert::list(&self.0, &camel_case(name))?.iter().map(Self).collect())
    }
}

/// The name that JavaScript has for a property.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (initial, rest) = word.split_at(word.len().min(1));
        name + &initial.to_ascii_uppercase() + rest
    })
}

/// What was made, as JavaScript has it.
pub(crate) fn to_js(made: Made) -> JsValue {
    match made {
        Made::Nothing => JsValue::NULL,
        Made::Count(number) => count(number),
        Made::Text(text) => JsValue::from_str(&text),
        Made::Bytes(bytes) => Uint8Array::from(bytes.as_slice()).into(),
        Made::List(items) => items.into_iter().map(to_js).collect::<Array>().into(),
        Made::Object(fields) => {
            let fields: Vec<(String, JsValue)> =
                fields.into_iter().map(|(name, value)| (camel_case(name), to_js(value))).collect();
            let fields: Vec<(&str, JsValue)> =
                fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            convert::object(&fields).into()
        }
    }
}

/// A number where it is exact, else a bigint.
pub(crate) fn count(count: u64) -> JsValue {
    if count > MAX_SAFE {
        return count.into();
    }
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 - 1")]
    let number = count as f64;
    number.into()
}
