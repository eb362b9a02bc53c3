//! The clear part of an envelope: what a reader must know before it has a key.

use std::num::NonZeroU32;

use super::password::PasswordKdf;
use crate::error::CryptoError;

/// Length of the key commitment.
pub(crate) const COMMITMENT_LENGTH: usize = 32;
/// Offset of the key commitment, after the fixed fields.
pub(crate) const FIXED_LENGTH: usize = 12;
/// The shortest header: fixed fields and key commitment.
const SHORTEST: usize = FIXED_LENGTH + COMMITMENT_LENGTH;

const FLAG_PASSWORD: u8 = 1;

/// The cipher of an envelope.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Suite {
    /// XChaCha20-Poly1305: the default, fast on every target.
    #[default]
    XChaCha20Poly1305,
    /// XAES-256-GCM (C2SP), for deployments that need NIST primitives.
    Xaes256Gcm,
}

impl Suite {
    /// Its number in the encoding.
    #[must_use]
    pub fn to_byte(self) -> u8 {
        match self {
            Self::XChaCha20Poly1305 => 1,
            Self::Xaes256Gcm => 2,
        }
    }

    pub(crate) fn from_byte(byte: u8) -> Result<Self, CryptoError> {
        match byte {
            1 => Ok(Self::XChaCha20Poly1305),
            2 => Ok(Self::Xaes256Gcm),
            _ => Err(CryptoError::Unsupported("envelope suite")),
        }
    }
}

/// What an envelope says of itself in clear: enough to choose the key.
///
/// Nothing of it is authenticated before the envelope has been opened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Header {
    suite: Suite,
    key_id: u32,
    password: Option<PasswordKdf>,
}

impl Header {
    /// Reads the header at the start of `envelope` without a key and without looking at what follows.
    ///
    /// # Errors
    /// [`CryptoError::DataTooShort`] when it ends within the header; [`CryptoError::Unsupported`] for another
    /// format, an unknown suite or key derivation, reserved bits, a missing key id, or password parameters out of bounds.
    pub fn parse(envelope: &[u8]) -> Result<Self, CryptoError> {
        Ok(Self::decode(Format::Envelope, envelope)?.0)
    }

    /// The cipher.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The number of the key it is sealed under; `None` when a password's key is used directly.
    #[must_use]
    pub fn key_id(&self) -> Option<NonZeroU32> {
        NonZeroU32::new(self.key_id)
    }

    /// How the key comes from a password; `None` when a storage key is needed.
    #[must_use]
    pub fn password(&self) -> Option<&PasswordKdf> {
        self.password.as_ref()
    }

    pub(crate) fn for_key(suite: Suite, key_id: NonZeroU32) -> Self {
        Self { suite, key_id: key_id.get(), password: None }
    }

    pub(crate) fn for_password(suite: Suite, kdf: PasswordKdf) -> Self {
        Self { suite, key_id: 0, password: Some(kdf) }
    }

    fn flags(&self) -> u8 {
        if self.password.is_some() { FLAG_PASSWORD } else { 0 }
    }

    /// Length of the encoding: everything before the nonce.
    pub(crate) fn length(&self) -> usize {
        SHORTEST + self.password.as_ref().map_or(0, PasswordKdf::length)
    }

    /// The input of the derivation that separates formats, suites, modes and keys.
    pub(crate) fn info(&self, format: Format) -> [u8; INFO_LENGTH] {
        let mut info = [0; INFO_LENGTH];
        info[..15].copy_from_slice(format.label());
        info[15] = self.suite.to_byte();
        info[16] = self.flags();
        info[17..].copy_from_slice(&self.key_id.to_be_bytes());
        info
    }

    pub(crate) fn encode(&self, format: Format, commitment: &[u8; COMMITMENT_LENGTH], out: &mut Vec<u8>) {
        out.extend_from_slice(format.magic());
        out.extend_from_slice(&[self.suite.to_byte(), self.flags(), 0, 0]);
        out.extend_from_slice(&self.key_id.to_be_bytes());
        out.extend_from_slice(commitment);
        if let Some(kdf) = &self.password {
            kdf.encode(out);
        }
    }

    /// The header and its key commitment.
    pub(crate) fn decode(
        format: Format,
        data: &[u8],
    ) -> Result<(Self, &[u8; COMMITMENT_LENGTH]), CryptoError> {
        let (magic, rest) = data.split_first_chunk::<4>().ok_or(CryptoError::DataTooShort)?;
        if magic != format.magic() {
            return Err(CryptoError::Unsupported("envelope format"));
        }
        let (fixed, rest) = rest.split_first_chunk::<8>().ok_or(CryptoError::DataTooShort)?;
        let [suite, flags, reserved @ .., a, b, c, d] = *fixed;
        let suite = Suite::from_byte(suite)?;
        if flags & !FLAG_PASSWORD != 0 || reserved != [0; 2] {
            return Err(CryptoError::Unsupported("envelope flags"));
        }
        let key_id = u32::from_be_bytes([a, b, c, d]);
        let (commitment, rest) =
            rest.split_first_chunk::<COMMITMENT_LENGTH>().ok_or(CryptoError::DataTooShort)?;
        let password = if flags & FLAG_PASSWORD == 0 {
            if key_id == 0 {
                return Err(CryptoError::Unsupported("envelope without a key id"));
            }
            None
        } else {
            Some(PasswordKdf::decode(rest)?)
        };
        Ok((Self { suite, key_id, password }, commitment))
    }
}

pub(crate) const INFO_LENGTH: usize = 21;

/// The two formats that share this header.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Format {
    /// CNE1, sealed and opened as a whole.
    Envelope,
    /// CNS1, in chunks.
    Stream,
}

impl Format {
    fn magic(self) -> &'static [u8; 4] {
        match self {
            Self::Envelope => b"CNE1",
            Self::Stream => b"CNS1",
        }
    }

    fn label(self) -> &'static [u8; 15] {
        match self {
            Self::Envelope => b"chrysalis/cne1/",
            Self::Stream => b"chrysalis/cns1/",
        }
    }
}
