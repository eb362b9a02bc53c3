//! Base64 (RFC 4648), strictly read: one text for one byte string.

use crate::error::CryptoError;

/// The bytes in the standard alphabet with padding (section 4).
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    backend::encode(bytes, Alphabet::Standard)
}

/// The bytes a text in the standard alphabet stands for; padding is required, white space and stray bits are not
/// allowed.
///
/// # Errors
/// [`CryptoError::Serialization`] for anything that [`encode`] does not give.
pub fn decode(text: &str) -> Result<Vec<u8>, CryptoError> {
    backend::decode(text, Alphabet::Standard)
}

/// The bytes in the URL-safe alphabet without padding (section 5).
#[must_use]
pub fn encode_url(bytes: &[u8]) -> String {
    backend::encode(bytes, Alphabet::Url)
}

/// The bytes a text in the URL-safe alphabet stands for; padding, white space and stray bits are not allowed.
///
/// # Errors
/// [`CryptoError::Serialization`] for anything that [`encode_url`] does not give.
pub fn decode_url(text: &str) -> Result<Vec<u8>, CryptoError> {
    backend::decode(text, Alphabet::Url)
}

#[derive(Clone, Copy, Debug)]
enum Alphabet {
    /// With padding.
    Standard,
    /// Without.
    Url,
}

#[cfg(not(target_arch = "wasm32"))]
use library as backend;
#[cfg(target_arch = "wasm32")]
use small as backend;

/// The `base64` crate, fast and with tables.
#[cfg(any(not(target_arch = "wasm32"), test))]
mod library {
    use base64::DecodeError;
    use base64::Engine as _;
    use base64::engine::general_purpose::{GeneralPurpose, STANDARD, URL_SAFE_NO_PAD};

    use super::{Alphabet, CryptoError};

    pub(super) fn encode(bytes: &[u8], alphabet: Alphabet) -> String {
        engine(alphabet).encode(bytes)
    }

    pub(super) fn decode(text: &str, alphabet: Alphabet) -> Result<Vec<u8>, CryptoError> {
        engine(alphabet).decode(text).map_err(|error| fault(&error))
    }

    fn engine(alphabet: Alphabet) -> &'static GeneralPurpose {
        match alphabet {
            Alphabet::Standard => &STANDARD,
            Alphabet::Url => &URL_SAFE_NO_PAD,
        }
    }

    fn fault(error: &DecodeError) -> CryptoError {
        let (reason, position) = match error {
            DecodeError::InvalidByte(position, _) => ("invalid base64 character", Some(*position)),
            DecodeError::InvalidLastSymbol(position, _) => ("stray bits in base64", Some(*position)),
            DecodeError::InvalidLength(_) => ("invalid base64 length", None),
            DecodeError::InvalidPadding => ("invalid base64 padding", None),
        };
        CryptoError::Serialization { reason, position }
    }
}

/// The same texts in a tenth of the code, for WebAssembly.
#[cfg(any(target_arch = "wasm32", test))]
mod small {
    use super::{Alphabet, CryptoError};

    pub(super) fn encode(bytes: &[u8], alphabet: Alphabet) -> String {
        let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
        for group in bytes.chunks(3) {
            let byte = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
            let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
            for i in 0..4 {
                if i <= group.len() {
                    out.push(symbol(bits >> (18 - 6 * i) & 63, alphabet));
                } else if matches!(alphabet, Alphabet::Standard) {
                    out.push('=');
                }
            }
        }
        out
    }

    pub(super) fn decode(text: &str, alphabet: Alphabet) -> Result<Vec<u8>, CryptoError> {
        let fault = |reason, position| CryptoError::Serialization { reason, position };
        let mut symbols = text.as_bytes();
        if matches!(alphabet, Alphabet::Standard) {
            if !symbols.len().is_multiple_of(4) {
                return Err(fault("invalid base64 padding", None));
            }
            for _ in 0..2 {
                symbols = symbols.strip_suffix(b"=").unwrap_or(symbols);
            }
        }
        let mut out = Vec::with_capacity(symbols.len() / 4 * 3 + 2);
        for (at, group) in symbols.chunks(4).enumerate() {
            let mut bits = 0_u32;
            for (i, &symbol) in group.iter().enumerate() {
                let value = value(symbol, alphabet);
                bits =
                    bits << 6 | value.ok_or_else(|| fault("invalid base64 character", Some(at * 4 + i)))?;
            }
            bits <<= 6 * (4 - group.len());
            let [_, bytes @ ..] = bits.to_be_bytes();
            let (whole, stray) = bytes.split_at(group.len() - 1);
            if whole.is_empty() {
                return Err(fault("invalid base64 length", None));
            }
            if stray.iter().any(|byte| *byte != 0) {
                return Err(fault("stray bits in base64", Some(at * 4 + group.len() - 1)));
            }
            out.extend_from_slice(whole);
        }
        Ok(out)
    }

    fn symbol(value: u32, alphabet: Alphabet) -> char {
        let byte = match (u8::try_from(value).expect("six bits"), alphabet) {
            (value @ 0..26, _) => b'A' + value,
            (value @ 26..52, _) => b'a' + value - 26,
            (value @ 52..62, _) => b'0' + value - 52,
            (62, Alphabet::Standard) => b'+',
            (62, Alphabet::Url) => b'-',
            (_, Alphabet::Standard) => b'/',
            (_, Alphabet::Url) => b'_',
        };
        char::from(byte)
    }

    fn value(symbol: u8, alphabet: Alphabet) -> Option<u32> {
        let value = match (symbol, alphabet) {
            (b'A'..=b'Z', _) => symbol - b'A',
            (b'a'..=b'z', _) => symbol - b'a' + 26,
            (b'0'..=b'9', _) => symbol - b'0' + 52,
            (b'+', Alphabet::Standard) | (b'-', Alphabet::Url) => 62,
            (b'/', Alphabet::Standard) | (b'_', Alphabet::Url) => 63,
            _ => return None,
        };
        Some(value.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_4648_section_10() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).unwrap(), bytes.as_bytes());
            let url = text.trim_end_matches('=');
            assert_eq!(encode_url(bytes.as_bytes()), url);
            assert_eq!(decode_url(url).unwrap(), bytes.as_bytes());
        }
        assert_eq!(encode(&[0xfb, 0xff]), "+/8=");
        assert_eq!(encode_url(&[0xfb, 0xff]), "-_8");
    }

    #[test]
    fn a_second_text_for_the_same_bytes_is_refused() {
        for text in [
            "Zg", "Zg=", "Zg===", "Zh==", "Zg==\n", " Zg==", "Z g==", "Z", "-_8=", "Zg==Zg==", "====", "Zm9é",
        ] {
            let error = decode(text).unwrap_err();
            assert_eq!(error.code(), "SERIALIZATION", "{text}");
            assert!(!error.to_string().contains('Z'), "no character of the text in the error");
        }
        for text in ["Zg==", "Zh", "+/8", "Z", "Zg\n"] {
            assert_eq!(decode_url(text).unwrap_err().code(), "SERIALIZATION", "{text}");
        }
    }

    #[test]
    fn both_implementations_take_and_give_the_same() {
        use proptest::prelude::*;

        let text = "[A-Za-z0-9+/_=-]{0,9}|[AQgw+/_=-]{0,9}|[ A-z=é\\n]{0,6}";
        proptest!(|(bytes in prop::collection::vec(any::<u8>(), 0..40), text in text)| {
            for alphabet in [Alphabet::Standard, Alphabet::Url] {
                let encoded = library::encode(&bytes, alphabet);
                prop_assert_eq!(&small::encode(&bytes, alphabet), &encoded);
                prop_assert_eq!(small::decode(&encoded, alphabet), Ok(bytes.clone()));
                prop_assert_eq!(small::decode(&text, alphabet).ok(), library::decode(&text, alphabet).ok());
            }
        });
    }
}
