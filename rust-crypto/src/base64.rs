//! Base64 (RFC 4648), strictly read: one text for one byte string.

use base64::DecodeError;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::error::CryptoError;

/// The bytes in the standard alphabet with padding (section 4).
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes a text in the standard alphabet stands for; padding is required, white space and stray bits are not
/// allowed.
///
/// # Errors
/// [`CryptoError::Serialization`] for anything that [`encode`] does not give.
pub fn decode(text: &str) -> Result<Vec<u8>, CryptoError> {
    STANDARD.decode(text).map_err(|error| fault(&error))
}

/// The bytes in the URL-safe alphabet without padding (section 5).
#[must_use]
pub fn encode_url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes a text in the URL-safe alphabet stands for; padding, white space and stray bits are not allowed.
///
/// # Errors
/// [`CryptoError::Serialization`] for anything that [`encode_url`] does not give.
pub fn decode_url(text: &str) -> Result<Vec<u8>, CryptoError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|error| fault(&error))
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
}
