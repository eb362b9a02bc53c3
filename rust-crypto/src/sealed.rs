//! The shape all sealed messages share: `nonce ‖ ciphertext ‖ tag(16)`, built and opened in one buffer.

use aes_gcm::aead::inout::InOutBuf;
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::CryptoError;

/// Length of the tag at the end of every sealed message.
pub(crate) const TAG_LENGTH: usize = 16;
/// The longest message: 2 GiB less room for the overhead, so that lengths fit 32-bit targets.
pub(crate) const MAX_PLAINTEXT_LENGTH: usize = (1 << 31) - 84;

/// `prefix ‖ nonce ‖ ciphertext ‖ tag`, where `encrypt` turns the plaintext it is given into ciphertext, in place, and
/// gives the tag.
pub(crate) fn seal(
    prefix: &[u8],
    nonce: &[u8],
    data: &[u8],
    encrypt: impl FnOnce(&mut [u8]) -> Option<[u8; TAG_LENGTH]>,
) -> Result<Vec<u8>, CryptoError> {
    if data.len() > MAX_PLAINTEXT_LENGTH {
        return Err(CryptoError::EncryptFailed);
    }
    let header = prefix.len() + nonce.len();
    let mut sealed = Vec::new();
    // Reserved once and in full: growing would leave a copy of the plaintext behind.
    sealed.try_reserve_exact(header + data.len() + TAG_LENGTH).map_err(|_| CryptoError::EncryptFailed)?;
    sealed.extend_from_slice(prefix);
    sealed.extend_from_slice(nonce);
    sealed.extend_from_slice(data);
    let tag = encrypt(&mut sealed[header..]).ok_or(CryptoError::EncryptFailed)?;
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

/// The plaintext of `nonce ‖ ciphertext ‖ tag`, where `decrypt` checks the tag and turns the ciphertext into plaintext
/// in place.
pub(crate) fn open<const NONCE: usize>(
    sealed: &[u8],
    decrypt: impl FnOnce(&[u8; NONCE], &mut [u8], &[u8; TAG_LENGTH]) -> Option<()>,
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let (nonce, rest) = sealed.split_first_chunk().ok_or(CryptoError::DataTooShort)?;
    let (ciphertext, tag) = rest.split_last_chunk().ok_or(CryptoError::DataTooShort)?;
    let mut plaintext = Vec::new();
    plaintext.try_reserve_exact(ciphertext.len()).map_err(|_| CryptoError::DecryptFailed)?;
    plaintext.extend_from_slice(ciphertext);
    let mut plaintext = Zeroizing::new(plaintext);
    decrypt(nonce, &mut plaintext, tag).ok_or(CryptoError::DecryptFailed)?;
    Ok(plaintext)
}

/// [`seal`] into a buffer of the caller, which must have exactly the length of the message. `encrypt` need not be in place: it is given
/// the plaintext and where the ciphertext goes.
pub(crate) fn seal_into(
    nonce: &[u8],
    data: &[u8],
    out: &mut [u8],
    encrypt: impl FnOnce(InOutBuf<'_, '_, u8>) -> Option<[u8; TAG_LENGTH]>,
) -> Result<(), CryptoError> {
    if data.len() > MAX_PLAINTEXT_LENGTH {
        return Err(CryptoError::EncryptFailed);
    }
    if out.len() != nonce.len() + data.len() + TAG_LENGTH {
        return Err(OUT_LENGTH);
    }
    let (head, rest) = out.split_at_mut(nonce.len());
    let (buffer, tag) = rest.split_at_mut(data.len());
    head.copy_from_slice(nonce);
    match encrypt(InOutBuf::new(data, buffer).map_err(|_| OUT_LENGTH)?) {
        Some(made) => tag.copy_from_slice(&made),
        None => {
            buffer.zeroize();
            return Err(CryptoError::EncryptFailed);
        }
    }
    Ok(())
}

/// [`open`] into a buffer of the caller, which must have exactly the length of the plaintext and is zero after a failure. `decrypt` is
/// given the ciphertext and where the plaintext goes.
pub(crate) fn open_into<const NONCE: usize>(
    sealed: &[u8],
    out: &mut [u8],
    decrypt: impl FnOnce(&[u8; NONCE], InOutBuf<'_, '_, u8>, &[u8; TAG_LENGTH]) -> Option<()>,
) -> Result<(), CryptoError> {
    let (nonce, rest) = sealed.split_first_chunk().ok_or(CryptoError::DataTooShort)?;
    let (ciphertext, tag) = rest.split_last_chunk().ok_or(CryptoError::DataTooShort)?;
    let text = InOutBuf::new(ciphertext, out).map_err(|_| OUT_LENGTH)?;
    decrypt(nonce, text, tag).ok_or_else(|| {
        out.zeroize();
        CryptoError::DecryptFailed
    })
}

const OUT_LENGTH: CryptoError = CryptoError::InvalidArgument("out must have the length of the result");

/// A key of 32 bytes.
pub(crate) fn key(key: &[u8]) -> Result<&[u8; 32], CryptoError> {
    key.try_into().map_err(|_| CryptoError::InvalidKeyLength { expected: 32, actual: key.len() })
}
