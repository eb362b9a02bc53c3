//! Values between JavaScript and Rust, packed into one byte string so that a value of any size is one crossing.
//!
//! The format is described in `typescript/crdt/values.js`, which is the other side.

use chrysalis_crdt::sorted::SortedMap;

use chrysalis_crdt::json::{safe_integer, safe_signed_integer};
use chrysalis_crdt::{ActorKey, ClockUnit, CrdtError, Value, VectorClock};
use wasm_bindgen::prelude::*;

use crate::convert;
use crate::error::{Result, Thrown};

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const FLOAT: u8 = 3;
const UNSIGNED: u8 = 4;
const SIGNED: u8 = 5;
const BYTES: u8 = 6;
const TEXT: u8 = 7;
const ARRAY: u8 = 8;
const MAP: u8 = 9;

/// The greatest integer that a JavaScript number holds safely.
const MAX_SAFE: u64 = (1 << 53) - 1;

#[wasm_bindgen(module = "/typescript/crdt/values.js")]
extern "C" {
    #[wasm_bindgen(js_name = packValue, catch)]
    fn pack_value(value: &JsValue) -> std::result::Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = unpackValue, catch)]
    fn unpack_value(bytes: &[u8]) -> std::result::Result<JsValue, JsValue>;
}

/// A value of a set, a register or a map.
pub(crate) fn value(given: &JsValue, name: &str) -> Result<Value> {
    let bytes = packed(given, name)?;
    take(&mut Packed(&bytes), name)
}

/// A value that JavaScript has packed.
pub(crate) fn packed_value(given: &JsValue) -> Result<Value> {
    let bytes = convert::bytes(given, "arguments")?;
    take(&mut Packed(&bytes), "arguments")
}

/// The items of an array, each a value.
pub(crate) fn values(given: &JsValue, name: &str) -> Result<Vec<Value>> {
    convert::list(given, name)?;
    Ok(value(given, name)?.into_array().unwrap_or_default())
}

/// Byte strings of an array, laid end to end.
pub(crate) struct ByteStrings(Vec<u8>);

/// The byte strings of an array: one crossing, and one copy.
pub(crate) fn byte_strings(given: &JsValue, name: &str) -> Result<ByteStrings> {
    convert::list(given, name)?;
    Ok(ByteStrings(packed(given, name)?))
}

impl ByteStrings {
    /// Each of them, in order; an error where an item is something else.
    pub(crate) fn iter(&self, name: &str) -> impl Iterator<Item = Result<&[u8]>> {
        let mut rest = Packed(&self.0);
        let count = (rest.byte() == Some(ARRAY)).then(|| rest.length()).flatten().unwrap_or(0);
        (0..count).map(move |_| {
            let item = (rest.byte() == Some(BYTES)).then(|| rest.length()).flatten();
            item.and_then(|length| rest.take(length))
                .ok_or_else(|| Thrown::argument(name, "must be an array of Uint8Arrays"))
        })
    }
}

/// A value as JavaScript has it.
pub(crate) fn to_js(value: &Value) -> Result<JsValue> {
    let mut out = Vec::new();
    put(value, &mut out)?;
    unpack(&out)
}

/// Values as an array.
pub(crate) fn list_to_js<'a>(values: impl IntoIterator<Item = &'a Value>) -> Result<JsValue> {
    unpack(&pack_list(&mut values.into_iter())?)
}

/// The packed array of values.
pub(crate) fn pack_list(values: &mut dyn Iterator<Item = &Value>) -> Result<Vec<u8>> {
    let mut out = vec![ARRAY, 0, 0, 0, 0];
    let mut count = 0;
    for value in values {
        put(value, &mut out)?;
        count += 1;
    }
    out[1..5].copy_from_slice(&length_bytes(count)?);
    Ok(out)
}

/// A plain object with these fields.
pub(crate) fn record<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::map(fields.map(|(name, value)| (Value::from(name), value)))
}

/// A finite number as a value.
pub(crate) fn float(number: f64) -> Result<Value> {
    Ok(Value::float(number)?)
}

/// A whole number that may be a `bigint`.
pub(crate) fn integer(given: &JsValue, name: &str) -> Result<i128> {
    let wrong = || Thrown::argument(name, "must be an integer below 2^64");
    if given.as_f64().is_none() && !given.is_bigint() {
        return Err(wrong());
    }
    match value(given, name)? {
        Value::Int(number) => {
            number.to_u64().map(i128::from).or_else(|| number.to_i64().map(i128::from)).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

/// A whole number from 0 that may be a `bigint`.
pub(crate) fn count(given: &JsValue, name: &str) -> Result<u64> {
    u64::try_from(integer(given, name)?).map_err(|_| Thrown::argument(name, "must not be negative"))
}

/// A finite number.
pub(crate) fn number(given: &JsValue, name: &str) -> Result<f64> {
    given
        .as_f64()
        .filter(|number| number.is_finite())
        .ok_or_else(|| Thrown::argument(name, "must be a finite number"))
}

/// A count as a `number`; throws a `RangeError` over 2^53 - 1.
pub(crate) fn safe(number: u128) -> Result<f64> {
    let number = safe_integer(number).map_err(Thrown::range)?;
    Ok(to_float(number))
}

/// A difference as a `number`; throws a `RangeError` beyond 2^53 - 1.
pub(crate) fn safe_signed(number: i128) -> Result<f64> {
    let magnitude = safe_signed_integer(number).map_err(Thrown::range)?;
    let float = to_float(magnitude.unsigned_abs());
    Ok(if magnitude < 0 { -float } else { float })
}

/// A text, where one is given.
pub(crate) fn optional_text(given: &JsValue, name: &str) -> Result<Option<String>> {
    (!given.is_undefined()).then(|| convert::text(given, name)).transpose()
}

/// A unit of time by its name, from the option `clock`.
pub(crate) fn unit(options: &JsValue, default: ClockUnit) -> Result<ClockUnit> {
    match convert::option(options, "clock")? {
        None => Ok(default),
        Some(name) => ClockUnit::from_name(&convert::text(&name, "clock")?)
            .ok_or_else(|| Thrown::argument("clock", "must be 'hlc', 'ms', 's' or 'lamport'")),
    }
}

/// Local time in milliseconds, or what the caller says it is.
pub(crate) fn now_ms(given: &JsValue) -> Result<u64> {
    if given.is_undefined() {
        return count(&js_sys::Date::now().floor().into(), "nowMs");
    }
    count(given, "nowMs")
}

/// A clock as a plain object from actor to count.
pub(crate) fn clock_value(clock: &VectorClock) -> Value {
    Value::map(clock.iter().map(|(actor, count)| (Value::from(actor.as_str()), Value::from(count))))
}

/// A clock from plain data; the clock of nothing where there is none.
pub(crate) fn to_clock(value: &Value, name: &str) -> Result<VectorClock> {
    if value.is_null() {
        return Ok(VectorClock::new());
    }
    let wrong = || Thrown::argument(name, "must be an object from actors to counts");
    let mut clock = VectorClock::new();
    for (actor, count) in value.as_map().ok_or_else(wrong)? {
        let actor = ActorKey::new(actor.as_text().ok_or_else(wrong)?)?;
        clock.set(&actor, count.as_u64().ok_or_else(wrong)?)?;
    }
    Ok(clock)
}

/// An object whose fields are read one by one.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(&'a SortedMap<Value, Value>);

impl<'a> Fields<'a> {
    pub(crate) fn of(value: &'a Value, name: &str) -> Result<Self> {
        value.as_map().map(Self).ok_or_else(|| Thrown::argument(name, "must be an object"))
    }

    /// The field, unless it is absent or null.
    pub(crate) fn optional(&self, name: &str) -> Option<&'a Value> {
        self.0.get(&Value::from(name)).filter(|value| !value.is_null())
    }

    /// The field as it is; null where it is absent.
    pub(crate) fn any(&self, name: &str) -> Value {
        self.optional(name).cloned().unwrap_or(Value::Null)
    }

    pub(crate) fn text(&self, name: &str) -> Result<String> {
        self.optional_text(name)?.ok_or_else(|| Thrown::argument(name, "must be a string"))
    }

    pub(crate) fn optional_text(&self, name: &str) -> Result<Option<String>> {
        let text = |value: &Value| {
            value.as_text().map(str::to_owned).ok_or_else(|| Thrown::argument(name, "must be a string"))
        };
        self.optional(name).map(text).transpose()
    }

    pub(crate) fn number(&self, name: &str) -> Result<f64> {
        self.optional_number(name)?.ok_or_else(|| Thrown::argument(name, "must be a finite number"))
    }

    pub(crate) fn optional_number(&self, name: &str) -> Result<Option<f64>> {
        let number =
            |value: &Value| value.as_f64().ok_or_else(|| Thrown::argument(name, "must be a finite number"));
        self.optional(name).map(number).transpose()
    }

    pub(crate) fn count(&self, name: &str) -> Result<u64> {
        let wrong = || Thrown::argument(name, "must be a non-negative integer");
        self.optional(name).map_or(Ok(0), |value| value.as_u64().ok_or_else(wrong))
    }

    /// The texts of a field that is an array; none where it is absent.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<String>>> {
        let wrong = || Thrown::argument(name, "must be an array of strings");
        self.optional(name)
            .map(|value| {
                let items = value.as_array().ok_or_else(wrong)?;
                items.iter().map(|item| item.as_text().map(str::to_owned).ok_or_else(wrong)).collect()
            })
            .transpose()
    }
}

#[expect(clippy::cast_precision_loss, reason = "the caller has checked that it is at most 2^53 - 1")]
fn to_float(number: u64) -> f64 {
    number as f64
}

fn packed(given: &JsValue, name: &str) -> Result<Vec<u8>> {
    let bytes = pack_value(given).map_err(|_| {
        Thrown::argument(
            name,
            "must be null, a boolean, a number, a bigint below 2^64, a string, a Uint8Array, or an array or plain \
             object of these",
        )
    })?;
    convert::bytes(&bytes, name)
}

/// A packed value as JavaScript has it.
pub(crate) fn unpack(bytes: &[u8]) -> Result<JsValue> {
    unpack_value(bytes).map_err(|_| Thrown::argument("result", "does not fit into memory"))
}

/// What is left of a packed value.
struct Packed<'a>(&'a [u8]);

impl<'a> Packed<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn length(&mut self) -> Option<usize> {
        let bytes = self.take(4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    }

    fn word(&mut self) -> Option<[u8; 8]> {
        self.take(8)?.try_into().ok()
    }
}

/// Reads one value. Its depth is bounded by the packer.
fn take(packed: &mut Packed<'_>, name: &str) -> Result<Value> {
    let broken = || Thrown::argument(name, "could not be packed");
    Ok(match packed.byte().ok_or_else(broken)? {
        NULL => Value::Null,
        FALSE => Value::from(false),
        TRUE => Value::from(true),
        FLOAT => Value::float(f64::from_le_bytes(packed.word().ok_or_else(broken)?))?,
        UNSIGNED => Value::from(u64::from_le_bytes(packed.word().ok_or_else(broken)?)),
        SIGNED => Value::from(i64::from_le_bytes(packed.word().ok_or_else(broken)?)),
        BYTES => {
            let length = packed.length().ok_or_else(broken)?;
            Value::bytes(packed.take(length).ok_or_else(broken)?)
        }
        TEXT => {
            let length = packed.length().ok_or_else(broken)?;
            let bytes = packed.take(length).ok_or_else(broken)?;
            Value::from(std::str::from_utf8(bytes).map_err(|_| broken())?)
        }
        ARRAY => {
            let length = packed.length().ok_or_else(broken)?;
            // An item takes a byte at least, so the packed value bounds what is reserved.
            let mut items = Vec::with_capacity(length.min(packed.0.len()));
            for _ in 0..length {
                items.push(take(packed, name)?);
            }
            Value::Array(items)
        }
        MAP => {
            let length = packed.length().ok_or_else(broken)?;
            let mut entries = SortedMap::new();
            for _ in 0..length {
                let key = take(packed, name)?;
                if entries.insert(key, take(packed, name)?).is_some() {
                    return Err(Thrown::argument(name, "has two keys that are one value"));
                }
            }
            Value::Map(entries)
        }
        _ => return Err(broken()),
    })
}

fn put(value: &Value, out: &mut Vec<u8>) -> Result<()> {
    match value {
        Value::Null => out.push(NULL),
        Value::Bool(truth) => out.push(if *truth { TRUE } else { FALSE }),
        Value::Int(number) => match (number.to_u64(), number.to_i64()) {
            (Some(number), _) if number > MAX_SAFE => put_word(UNSIGNED, number.to_le_bytes(), out),
            (None, Some(number)) if number.unsigned_abs() > MAX_SAFE => {
                put_word(SIGNED, number.to_le_bytes(), out);
            }
            (Some(number), _) => put_word(FLOAT, to_float(number).to_le_bytes(), out),
            (None, number) => {
                let magnitude = number.map_or(0, i64::unsigned_abs);
                put_word(FLOAT, (-to_float(magnitude)).to_le_bytes(), out);
            }
        },
        Value::Float(number) => put_word(FLOAT, number.to_f64().to_le_bytes(), out),
        Value::Bytes(bytes) => put_all(BYTES, bytes, out)?,
        Value::Text(text) => put_all(TEXT, text.as_bytes(), out)?,
        Value::Array(items) => {
            put_all(ARRAY, &[], out)?;
            set_length(items.len(), out)?;
            items.iter().try_for_each(|item| put(item, out))?;
        }
        Value::Map(entries) => {
            put_all(MAP, &[], out)?;
            set_length(entries.len(), out)?;
            for (key, value) in entries {
                put(key, out)?;
                put(value, out)?;
            }
        }
    }
    Ok(())
}

fn put_word(tag: u8, word: [u8; 8], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend(word);
}

fn put_all(tag: u8, bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
    out.push(tag);
    out.extend(length_bytes(bytes.len())?);
    out.extend(bytes);
    Ok(())
}

/// Puts another number in the place of the length that was just written.
fn set_length(length: usize, out: &mut [u8]) -> Result<()> {
    let at = out.len() - 4;
    out[at..].copy_from_slice(&length_bytes(length)?);
    Ok(())
}

fn length_bytes(length: usize) -> Result<[u8; 4]> {
    let length = u32::try_from(length).map_err(|_| CrdtError::TooMany { limit: u32::MAX as usize })?;
    Ok(length.to_le_bytes())
}
