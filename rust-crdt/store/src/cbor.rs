//! Deterministic CBOR (RFC 8949 section 4.2.1) for [`Value`]: an encoder and a strict decoder.
//!
//! Bytes that this decoder accepts are exactly the bytes that this encoder writes, so that equal values have equal
//! digests and signatures everywhere. Tags, `undefined`, indefinite lengths and integers below -2^63 are refused.

use crate::error::CrdtError;
use crate::sorted::SortedMap;
use crate::value::{Float, Value};

/// How deep arrays and maps may be nested. `[]` has depth 1.
pub const MAX_DEPTH: usize = 64;
/// The longest encoding of a value, in bytes.
pub const MAX_LENGTH: usize = 16 << 20;

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const SIMPLE: u8 = 7;

const FALSE: u8 = SIMPLE << 5 | 20;
const TRUE: u8 = SIMPLE << 5 | 21;
const NULL: u8 = SIMPLE << 5 | 22;

/// The deterministic encoding of a value. Takes time and space linear in the result.
///
/// # Errors
/// [`CrdtError::TooDeep`] above [`MAX_DEPTH`], [`CrdtError::TooLong`] above [`MAX_LENGTH`].
pub fn encode(value: &Value) -> Result<Vec<u8>, CrdtError> {
    let mut out = Vec::new();
    encode_into(value, &mut out)?;
    Ok(out)
}

/// Appends the encoding of a value. After an error, `out` may end in a part of it.
pub fn encode_into(value: &Value, out: &mut Vec<u8>) -> Result<(), CrdtError> {
    let limit = out.len().saturating_add(MAX_LENGTH);
    put(value, MAX_DEPTH, limit, out)
}

/// The value with this encoding.
///
/// Memory is at most 40 times the input, which is what an array of empty items takes: no length is believed before its
/// items are there.
///
/// # Errors
/// [`CrdtError::Malformed`] for anything but exactly one deterministically encoded value,
/// [`CrdtError::TooDeep`] above [`MAX_DEPTH`], [`CrdtError::TooLong`] above [`MAX_LENGTH`].
pub fn decode(bytes: &[u8]) -> Result<Value, CrdtError> {
    let (value, length) = decode_prefix(bytes)?;
    if length != bytes.len() {
        return Err(CrdtError::Malformed("bytes after the value"));
    }
    Ok(value)
}

/// The value that `bytes` begin with, and the length of its encoding.
pub fn decode_prefix(bytes: &[u8]) -> Result<(Value, usize), CrdtError> {
    // One byte more than allowed is looked at, which tells a value that is too long from one that is cut off.
    let mut window = &bytes[..bytes.len().min(MAX_LENGTH + 1)];
    if window.first().is_some_and(|first| matches!(first >> 5, ARRAY | MAP)) {
        // What is refused then takes no memory, and lengths can be believed when arrays are made.
        window = check_prefix(bytes)?;
    }
    let mut rest = window;
    let value = take_value(&mut rest, MAX_DEPTH).map_err(|error| too_long(error, bytes))?;
    let length = window.len() - rest.len();
    if length > MAX_LENGTH {
        return Err(CrdtError::TooLong { limit: MAX_LENGTH });
    }
    Ok((value, length))
}

/// The encoding of the value that `bytes` begin with, checked as [`decode_prefix`] checks and without building it.
pub fn check_prefix(bytes: &[u8]) -> Result<&[u8], CrdtError> {
    let window = &bytes[..bytes.len().min(MAX_LENGTH + 1)];
    let mut rest = window;
    check_value(&mut rest, MAX_DEPTH).map_err(|error| too_long(error, bytes))?;
    let length = window.len() - rest.len();
    if length > MAX_LENGTH {
        return Err(CrdtError::TooLong { limit: MAX_LENGTH });
    }
    Ok(&bytes[..length])
}

/// The first byte and the argument of a float's shortest exact encoding; they order as the encoded bytes do.
pub fn float_head(float: Float) -> (u8, u64) {
    let number = float.to_f64();
    if let Some(half) = to_half(number) {
        return (SIMPLE << 5 | 25, u64::from(half));
    }
    #[expect(clippy::cast_possible_truncation, reason = "compared with the original on the next line")]
    let single = number as f32;
    if f64::from(single) == number {
        return (SIMPLE << 5 | 26, u64::from(single.to_bits()));
    }
    (SIMPLE << 5 | 27, number.to_bits())
}

fn put(value: &Value, depth: usize, limit: usize, out: &mut Vec<u8>) -> Result<(), CrdtError> {
    match value {
        Value::Null => out.push(NULL),
        Value::Bool(false) => out.push(FALSE),
        Value::Bool(true) => out.push(TRUE),
        Value::Int(number) => {
            let (negative, argument) = number.parts();
            put_head(if negative { NEGATIVE } else { UNSIGNED }, argument, out);
        }
        Value::Float(number) => {
            let (first, argument) = float_head(*number);
            let width = 1usize << (first & 3);
            out.push(first);
            // 25, 26 and 27 end in 01, 10 and 11: two, four and eight bytes.
            out.extend_from_slice(&argument.to_be_bytes()[8 - width..]);
        }
        Value::Bytes(bytes) => put_string(BYTES, bytes, limit, out)?,
        Value::Text(text) => put_string(TEXT, text.as_bytes(), limit, out)?,
        Value::Array(items) => {
            let depth = descend(depth)?;
            put_head(ARRAY, items.len() as u64, out);
            for item in items {
                put(item, depth, limit, out)?;
            }
        }
        Value::Map(entries) => {
            let depth = descend(depth)?;
            put_head(MAP, entries.len() as u64, out);
            // The map's own order is that of the encoded keys.
            for (key, value) in entries {
                put(key, depth, limit, out)?;
                put(value, depth, limit, out)?;
            }
        }
    }
    if out.len() > limit {
        return Err(CrdtError::TooLong { limit: MAX_LENGTH });
    }
    Ok(())
}

fn put_string(major: u8, bytes: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), CrdtError> {
    if bytes.len() > limit.saturating_sub(out.len()) {
        return Err(CrdtError::TooLong { limit: MAX_LENGTH });
    }
    put_head(major, bytes.len() as u64, out);
    out.extend_from_slice(bytes);
    Ok(())
}

fn put_head(major: u8, argument: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    let bytes = argument.to_be_bytes();
    match argument {
        0..24 => out.push(major | bytes[7]),
        24..0x100 => out.extend_from_slice(&[major | 24, bytes[7]]),
        0x100..0x1_0000 => {
            out.push(major | 25);
            out.extend_from_slice(&bytes[6..]);
        }
        0x1_0000..0x1_0000_0000 => {
            out.push(major | 26);
            out.extend_from_slice(&bytes[4..]);
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&bytes);
        }
    }
}

fn take_value(rest: &mut &[u8], depth: usize) -> Result<Value, CrdtError> {
    let first = take(rest, 1)?[0];
    let (major, info) = (first >> 5, first & 31);
    match major {
        UNSIGNED => Ok(Value::from(take_argument(rest, info)?)),
        NEGATIVE => {
            let argument = i64::try_from(take_argument(rest, info)?)
                .map_err(|_| CrdtError::Malformed("integer below -2^63"))?;
            Ok(Value::from(-1 - argument))
        }
        BYTES => {
            let length = take_length(rest, info)?;
            Ok(Value::Bytes(take(rest, length)?.to_vec()))
        }
        TEXT => {
            let length = take_length(rest, info)?;
            let text =
                str::from_utf8(take(rest, length)?).map_err(|_| CrdtError::Malformed("text is not UTF-8"))?;
            Ok(Value::from(text))
        }
        ARRAY => {
            let depth = descend(depth)?;
            let length = take_length(rest, info)?;
            // Checked: so many items are there.
            let mut items = Vec::with_capacity(length);
            for _ in 0..length {
                items.push(take_value(rest, depth)?);
            }
            Ok(Value::Array(items))
        }
        MAP => {
            let depth = descend(depth)?;
            let length = take_length(rest, info)?;
            Ok(Value::Map(take_entries(rest, length, depth)?))
        }
        SIMPLE => take_simple(rest, first),
        _ => Err(CrdtError::Malformed("tag")),
    }
}

fn check_value(rest: &mut &[u8], depth: usize) -> Result<(), CrdtError> {
    let Some(first) = rest.first() else { return Err(CrdtError::Malformed(TRUNCATED)) };
    match first >> 5 {
        TEXT => {
            let info = take(rest, 1)?[0] & 31;
            let length = take_length(rest, info)?;
            let text = take(rest, length)?;
            if !is_ascii(text) && str::from_utf8(text).is_err() {
                return Err(CrdtError::Malformed("text is not UTF-8"));
            }
        }
        BYTES => {
            let info = take(rest, 1)?[0] & 31;
            let length = take_length(rest, info)?;
            take(rest, length)?;
        }
        ARRAY => {
            let depth = descend(depth)?;
            let info = take(rest, 1)?[0] & 31;
            for _ in 0..take_length(rest, info)? {
                check_value(rest, depth)?;
            }
        }
        MAP => {
            let depth = descend(depth)?;
            let info = take(rest, 1)?[0] & 31;
            let mut last: Option<&[u8]> = None;
            for _ in 0..take_length(rest, info)? {
                let before = *rest;
                check_value(rest, depth)?;
                let key = &before[..before.len() - rest.len()];
                if last.replace(key).is_some_and(|last| last >= key) {
                    return Err(CrdtError::Malformed("map keys are not in order"));
                }
                check_value(rest, depth)?;
            }
        }
        // Nothing is allocated for the others.
        _ => drop(take_value(rest, depth)?),
    }
    Ok(())
}

/// Whether no byte is above 127: of short texts known sooner than that they are UTF-8.
fn is_ascii(text: &[u8]) -> bool {
    let (words, rest) = text.as_chunks::<8>();
    let above = words.iter().fold(0, |all, word| all | u64::from_le_bytes(*word));
    above & 0x8080_8080_8080_8080 == 0 && rest.iter().all(u8::is_ascii)
}

fn take_entries(rest: &mut &[u8], length: usize, depth: usize) -> Result<SortedMap<Value, Value>, CrdtError> {
    let mut entries = SortedMap::new();
    for _ in 0..length {
        let key = take_value(rest, depth)?;
        // Comparing values compares their encodings.
        if entries.last_key_value().is_some_and(|(last, _)| *last >= key) {
            return Err(CrdtError::Malformed("map keys are not in order"));
        }
        let value = take_value(rest, depth)?;
        entries.insert(key, value);
    }
    Ok(entries)
}

fn take_simple(rest: &mut &[u8], first: u8) -> Result<Value, CrdtError> {
    let number = match first & 31 {
        20 => return Ok(Value::Bool(false)),
        21 => return Ok(Value::Bool(true)),
        22 => return Ok(Value::Null),
        25 => from_half(u16::from_be_bytes(take_array(rest)?)),
        26 => f64::from(f32::from_be_bytes(take_array(rest)?)),
        27 => f64::from_be_bytes(take_array(rest)?),
        _ => return Err(CrdtError::Malformed("unknown simple value")),
    };
    match Value::float(number) {
        Ok(Value::Float(float)) if float_head(float).0 == first => Ok(Value::Float(float)),
        Ok(Value::Float(_)) => Err(CrdtError::Malformed("float is not in its shortest form")),
        Ok(_) => Err(CrdtError::Malformed("integer written as a float")),
        Err(_) => Err(CrdtError::Malformed("float is not finite")),
    }
}

fn take_argument(rest: &mut &[u8], info: u8) -> Result<u64, CrdtError> {
    let (argument, least) = match info {
        0..24 => return Ok(u64::from(info)),
        24 => (u64::from(take(rest, 1)?[0]), 24),
        25 => (u64::from(u16::from_be_bytes(take_array(rest)?)), 0x100),
        26 => (u64::from(u32::from_be_bytes(take_array(rest)?)), 0x1_0000),
        27 => (u64::from_be_bytes(take_array(rest)?), 0x1_0000_0000),
        31 => return Err(CrdtError::Malformed("indefinite length")),
        _ => return Err(CrdtError::Malformed("reserved head")),
    };
    if argument < least {
        return Err(CrdtError::Malformed("integer is not in its shortest form"));
    }
    Ok(argument)
}

/// A length; every unit of it takes at least one byte, so one above what is left is refused at once.
fn take_length(rest: &mut &[u8], info: u8) -> Result<usize, CrdtError> {
    let length = take_argument(rest, info)?;
    usize::try_from(length).ok().filter(|length| *length <= rest.len()).ok_or(CrdtError::Malformed(TRUNCATED))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], CrdtError> {
    let (head, tail) = rest.split_at_checked(length).ok_or(CrdtError::Malformed(TRUNCATED))?;
    *rest = tail;
    Ok(head)
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], CrdtError> {
    let (head, tail) = rest.split_first_chunk().ok_or(CrdtError::Malformed(TRUNCATED))?;
    *rest = tail;
    Ok(*head)
}

const TRUNCATED: &str = "value is cut off";

/// What seems cut off because only a part of the input was looked at is in truth too long.
fn too_long(error: CrdtError, bytes: &[u8]) -> CrdtError {
    if error == CrdtError::Malformed(TRUNCATED) && bytes.len() > MAX_LENGTH {
        return CrdtError::TooLong { limit: MAX_LENGTH };
    }
    error
}

fn descend(depth: usize) -> Result<usize, CrdtError> {
    depth.checked_sub(1).ok_or(CrdtError::TooDeep { limit: MAX_DEPTH })
}

/// The binary16 with exactly this finite value, if there is one.
fn to_half(number: f64) -> Option<u16> {
    const FRACTION_BITS: u64 = 52;
    let bits = number.to_bits();
    let sign = (bits >> 63) << 15;
    let exponent = (bits >> FRACTION_BITS) & 0x7ff;
    let fraction = bits & ((1 << FRACTION_BITS) - 1);
    let (mantissa, dropped_bits, exponent) = match exponent {
        // 2^-24 to below 2^-14: the smallest exponent of binary16, without the implicit bit.
        999..=1008 => (fraction | 1 << FRACTION_BITS, 42 + (1009 - exponent), 0),
        1009..=1038 => (fraction, 42, exponent - 1008),
        _ => return None,
    };
    if mantissa & ((1 << dropped_bits) - 1) != 0 {
        return None;
    }
    u16::try_from(sign | exponent << 10 | mantissa >> dropped_bits).ok()
}

/// The value of a binary16.
fn from_half(half: u16) -> f64 {
    let fraction = f64::from(half & 0x3ff);
    let magnitude = match half >> 10 & 31 {
        0 => fraction * 2f64.powi(-24),
        31 if half & 0x3ff == 0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1024.0 + fraction) * 2f64.powi(i32::from(exponent) - 25),
    };
    if half >> 15 == 1 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        chrysalis_crypto::hex::encode(bytes)
    }

    fn read(text: &str) -> Result<Value, CrdtError> {
        decode(&chrysalis_crypto::hex::decode(text).unwrap())
    }

    /// RFC 8949 appendix A, the examples that are deterministic and within our kinds of value.
    #[test]
    fn examples_of_the_rfc() {
        let float = |number| Value::float(number).unwrap();
        let examples = [
            (Value::from(0u8), "00"),
            (Value::from(23u8), "17"),
            (Value::from(24u8), "1818"),
            (Value::from(255u8), "18ff"),
            (Value::from(1000u64), "1903e8"),
            (Value::from(1_000_000u64), "1a000f4240"),
            (Value::from(1_000_000_000_000u64), "1b000000e8d4a51000"),
            (Value::from(u64::MAX), "1bffffffffffffffff"),
            (Value::from(-1i64), "20"),
            (Value::from(-1000i64), "3903e7"),
            (Value::from(i64::MIN), "3b7fffffffffffffff"),
            (float(1.1), "fb3ff199999999999a"),
            (float(1.5), "f93e00"),
            (float(3.402_823_466_385_288_6e38), "fa7f7fffff"),
            (float(1.0e300), "fb7e37e43c8800759c"),
            (float(5.960_464_477_539_063e-8), "f90001"),
            (float(0.000_061_035_156_25), "f90400"),
            (float(-4.1), "fbc010666666666666"),
            (Value::from(false), "f4"),
            (Value::from(true), "f5"),
            (Value::Null, "f6"),
            (Value::bytes([]), "40"),
            (Value::from([1u8, 2, 3, 4]), "4401020304"),
            (Value::from("\"\\"), "62225c"),
            (Value::from("\u{6c34}"), "63e6b0b4"),
            (Value::from("\u{10151}"), "64f0908591"),
            (Value::array([1u8, 2, 3]), "83010203"),
            (Value::map([(1u8, 2u8), (3, 4)]), "a201020304"),
            (Value::map([("b", Value::array([2u8, 3])), ("a", Value::from(1u8))]), "a26161016162820203"),
        ];
        for (value, text) in examples {
            assert_eq!(hex(&encode(&value).unwrap()), text, "{value:?}");
            assert_eq!(read(text), Ok(value));
        }
    }

    #[test]
    fn what_is_not_deterministic_is_refused() {
        let cases = [
            ("", "value is cut off"),
            ("18", "value is cut off"),
            ("1817", "integer is not in its shortest form"),
            ("1900ff", "integer is not in its shortest form"),
            ("1a0000ffff", "integer is not in its shortest form"),
            ("1b00000000ffffffff", "integer is not in its shortest form"),
            ("5803010203", "integer is not in its shortest form"),
            ("3b8000000000000000", "integer below -2^63"),
            ("1c", "reserved head"),
            ("1f", "indefinite length"),
            ("5f41ff", "indefinite length"),
            ("9fff", "indefinite length"),
            ("bfff", "indefinite length"),
            ("0000", "bytes after the value"),
            ("61ff", "text is not UTF-8"),
            ("a202000100", "map keys are not in order"),
            ("a201000100", "map keys are not in order"),
            ("c000", "tag"),
            ("f7", "unknown simple value"),
            ("f820", "unknown simple value"),
            ("ff", "unknown simple value"),
            ("f97c00", "float is not finite"),
            ("f97e00", "float is not finite"),
            ("fb7ff8000000000000", "float is not finite"),
            ("f90000", "integer written as a float"),
            ("f98000", "integer written as a float"),
            ("fb3ff0000000000000", "integer written as a float"),
            ("fa3fc00000", "float is not in its shortest form"),
            ("fb3ff8000000000000", "float is not in its shortest form"),
            ("5bffffffffffffffff", "value is cut off"),
            ("9bffffffffffffffff", "value is cut off"),
            ("bbffffffffffffffff", "value is cut off"),
        ];
        for (text, what) in cases {
            assert_eq!(read(text), Err(CrdtError::Malformed(what)), "{text}");
        }
    }

    #[test]
    fn depth_and_length_are_limited_on_both_sides() {
        let nested = |depth| (0..depth).fold(Value::Null, |inner, _| Value::array([inner]));
        let deepest = encode(&nested(MAX_DEPTH)).unwrap();
        assert_eq!(decode(&deepest), Ok(nested(MAX_DEPTH)));
        assert_eq!(encode(&nested(MAX_DEPTH + 1)), Err(CrdtError::TooDeep { limit: MAX_DEPTH }));
        assert_eq!(decode(&[&[0x81], &deepest[..]].concat()), Err(CrdtError::TooDeep { limit: MAX_DEPTH }));
        assert_eq!(decode(&vec![0x81; 1 << 20]), Err(CrdtError::TooDeep { limit: MAX_DEPTH }));

        let longest = Value::bytes(vec![0; MAX_LENGTH - 5]);
        let bytes = encode(&longest).unwrap();
        assert_eq!(bytes.len(), MAX_LENGTH);
        assert_eq!(decode(&bytes), Ok(longest));
        let over = Value::bytes(vec![0; MAX_LENGTH - 4]);
        assert_eq!(encode(&over), Err(CrdtError::TooLong { limit: MAX_LENGTH }));
        let mut bytes = vec![0x5a];
        bytes.extend_from_slice(&u32::try_from(MAX_LENGTH - 4).unwrap().to_be_bytes());
        bytes.resize(MAX_LENGTH + 1, 0);
        assert_eq!(decode(&bytes), Err(CrdtError::TooLong { limit: MAX_LENGTH }));
    }

    #[test]
    fn every_half_is_exact_both_ways() {
        for half in 0..=u16::MAX {
            let number = from_half(half);
            if number.is_finite() && number != 0.0 {
                assert_eq!(to_half(number), Some(half), "{half:04x}");
            }
        }
        for number in [65_536.0, 2f64.powi(-25), 1.0 + 2f64.powi(-11), 2f64.powi(-24) * 1.5] {
            assert_eq!(to_half(number), None, "{number}");
        }
    }
}
