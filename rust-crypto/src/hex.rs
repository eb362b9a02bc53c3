//! Lower-case hexadecimal out, either case in.

use crate::error::HexError;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The bytes as lower-case hexadecimal, two digits each.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// The bytes a hexadecimal string stands for.
///
/// # Errors
/// [`HexError`] for an odd number of digits or anything that is not a digit; white space is not skipped.
pub fn decode(text: &str) -> Result<Vec<u8>, HexError> {
    if !text.len().is_multiple_of(2) {
        return Err(HexError::OddLength);
    }
    let digits = text.as_bytes();
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    for (i, pair) in digits.chunks_exact(2).enumerate() {
        let high = digit(pair[0]).ok_or(HexError::InvalidCharacter { position: 2 * i })?;
        let low = digit(pair[1]).ok_or(HexError::InvalidCharacter { position: 2 * i + 1 })?;
        bytes.push(high << 4 | low);
    }
    Ok(bytes)
}

/// A fixed-size value from its hexadecimal form.
///
/// # Errors
/// [`HexError::InvalidLength`] when the string has another length, otherwise as [`decode`].
pub fn decode_array<const N: usize>(text: &str) -> Result<[u8; N], HexError> {
    decode(text)?.try_into().map_err(|_| HexError::InvalidLength)
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_cases_in_lower_case_out() {
        assert_eq!(decode("00fFAb"), Ok(vec![0, 255, 171]));
        assert_eq!(encode(&[0, 255, 171]), "00ffab");
    }

    #[test]
    fn faults_are_located_without_being_repeated() {
        assert_eq!(decode("0"), Err(HexError::OddLength));
        assert_eq!(decode("00g0"), Err(HexError::InvalidCharacter { position: 2 }));
        assert_eq!(decode_array::<2>("00"), Err(HexError::InvalidLength));
    }
}
