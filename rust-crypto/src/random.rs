//! Random bytes from the operating system.

use crate::error::CryptoError;

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
/// [`CryptoError::InvalidArgument`] above 2^30, [`CryptoError::RandomUnavailable`] when the system gives none.
pub fn bytes(length: usize) -> Result<Vec<u8>, CryptoError> {
    if length > MAX_LENGTH {
        return Err(CryptoError::InvalidArgument("length must be at most 2^30"));
    }
    let mut buffer = vec![0; length];
    fill(&mut buffer)?;
    Ok(buffer)
}
