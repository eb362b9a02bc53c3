//! Random bytes from the operating system, and tokens made of them.

use zeroize::Zeroizing;

use crate::error::CryptoError;
use crate::{base64, hex};

/// The most bytes one call may ask for.
pub const MAX_LENGTH: usize = 1 << 30;

/// Fills `buffer` from the operating system's generator.
///
/// # Errors
/// [`CryptoError::RandomUnavailable`] when the system gives none.
pub fn fill(buffer: &mut [u8]) -> Result<(), CryptoError> {
    getrandom::fill(buffer).map_err(|_| CryptoError::RandomUnavailable)
}

/// An array of random bytes.
///
/// # Errors
/// [`CryptoError::RandomUnavailable`] when the system gives none.
pub fn array<const N: usize>() -> Result<[u8; N], CryptoError> {
    let mut buffer = [0; N];
    fill(&mut buffer)?;
    Ok(buffer)
}

/// `length` random bytes; zero is allowed.
///
/// # Errors
/// [`CryptoError::InvalidArgument`] above 2^30 or when there is no memory for them,
/// [`CryptoError::RandomUnavailable`] when the system gives none.
pub fn bytes(length: usize) -> Result<Vec<u8>, CryptoError> {
    let mut buffer = zeroed(length)?;
    fill(&mut buffer)?;
    Ok(buffer)
}

/// `length` random bytes in lower-case hexadecimal, 2·`length` characters.
///
/// # Errors
/// As [`bytes`].
pub fn random_hex(length: usize) -> Result<String, CryptoError> {
    Ok(hex::encode(&Zeroizing::new(bytes(length)?)))
}

/// A token of `length` random bytes in lower-case hexadecimal; `length` counts bytes of entropy.
///
/// # Errors
/// As [`bytes`].
pub fn generate_token(length: usize) -> Result<String, CryptoError> {
    random_hex(length)
}

/// A token of `length` random bytes in standard base64 with padding (RFC 4648 section 4).
///
/// # Errors
/// As [`bytes`].
pub fn generate_token_base64(length: usize) -> Result<String, CryptoError> {
    Ok(base64::encode(&Zeroizing::new(bytes(length)?)))
}

/// A token of `length` random bytes in URL-safe base64 without padding (RFC 4648 section 5).
///
/// # Errors
/// As [`bytes`].
pub fn generate_token_base64url(length: usize) -> Result<String, CryptoError> {
    Ok(base64::encode_url(&Zeroizing::new(bytes(length)?)))
}

/// `length` zero bytes, or an error where `vec!` would abort.
pub(crate) fn zeroed(length: usize) -> Result<Vec<u8>, CryptoError> {
    if length > MAX_LENGTH {
        return Err(CryptoError::InvalidArgument("length must be at most 2^30"));
    }
    let mut buffer = Vec::new();
    buffer
        .try_reserve_exact(length)
        .map_err(|_| CryptoError::InvalidArgument("length is more than there is memory for"))?;
    buffer.resize(length, 0);
    Ok(buffer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_bytes_of_entropy() {
        for length in [0, 1, 2, 3, 31, 32, 33] {
            assert_eq!(bytes(length).unwrap().len(), length);
            assert_eq!(hex::decode(&random_hex(length).unwrap()).unwrap().len(), length);
            assert_eq!(hex::decode(&generate_token(length).unwrap()).unwrap().len(), length);
            let standard = generate_token_base64(length).unwrap();
            assert_eq!(standard.len(), length.div_ceil(3) * 4);
            assert_eq!(base64::decode(&standard).unwrap().len(), length);
            let url = generate_token_base64url(length).unwrap();
            assert!(!url.contains(['+', '/', '=']));
            assert_eq!(base64::decode_url(&url).unwrap().len(), length);
        }
    }

    #[test]
    fn two_draws_differ_and_too_much_is_refused() {
        assert_ne!(array::<32>().unwrap(), array::<32>().unwrap());
        assert_ne!(generate_token(16).unwrap(), generate_token(16).unwrap());
        assert_eq!(bytes(MAX_LENGTH + 1).unwrap_err().code(), "INVALID_ARGUMENT");
        assert_eq!(generate_token_base64(usize::MAX).unwrap_err().code(), "INVALID_ARGUMENT");
    }
}
