//! The password header of an envelope: which function makes the key, at what cost, with which salt.

use super::KEY_LENGTH;
use crate::error::CryptoError;
use crate::kdf::{self, Argon2Params, ScryptParams};
use crate::random;
use crate::secret::SecretBytes;

/// How a key is made from a password.
///
/// The parameters are within bounds by their types, on reading as on writing, so that an envelope from elsewhere cannot
/// ask for more time or memory than those allow. The cost is fixed by configuration and never found by measuring: what a
/// fast machine sealed a slow one must open.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PasswordKdf {
    /// Argon2id, version 1.3: for everything new.
    Argon2id {
        /// What it costs.
        params: Argon2Params,
        /// Random, different for every envelope.
        salt: [u8; 16],
    },
    /// scrypt: for records that must be readable where Argon2id is not.
    Scrypt {
        /// What it costs.
        params: ScryptParams,
        /// Random, different for every envelope.
        salt: [u8; 32],
    },
}

impl PasswordKdf {
    /// The default, [`Argon2Params::DEFAULT`], with a fresh salt.
    ///
    /// # Errors
    /// [`CryptoError::RandomUnavailable`].
    pub fn make() -> Result<Self, CryptoError> {
        Self::make_argon2id(Argon2Params::DEFAULT)
    }

    /// Argon2id with a fresh salt. Native callers should take [`Argon2Params::NATIVE`].
    ///
    /// # Errors
    /// [`CryptoError::RandomUnavailable`].
    pub fn make_argon2id(params: Argon2Params) -> Result<Self, CryptoError> {
        Ok(Self::Argon2id { params, salt: random::array()? })
    }

    /// scrypt with a fresh salt.
    ///
    /// # Errors
    /// [`CryptoError::RandomUnavailable`].
    pub fn make_scrypt(params: ScryptParams) -> Result<Self, CryptoError> {
        Ok(Self::Scrypt { params, salt: random::array()? })
    }

    /// Whether it costs a guesser less than is recommended today: worth sealing anew while the password is at hand.
    ///
    /// The measure is memory times passes for Argon2id, and N for scrypt (OWASP's figures: 19 MiB and 2; 2^17).
    #[must_use]
    pub fn is_weak(&self) -> bool {
        let cost = |params: Argon2Params| u64::from(params.m_kib()) * u64::from(params.t());
        match self {
            Self::Argon2id { params, .. } => cost(*params) < cost(Argon2Params::DEFAULT),
            Self::Scrypt { params, .. } => params.log2_n() < 17,
        }
    }

    /// The 32-byte key of `password`. Takes the time and memory that the parameters say.
    ///
    /// # Errors
    /// [`CryptoError::InvalidArgument`] when there is no memory for it.
    pub fn derive_key(&self, password: &[u8]) -> Result<SecretBytes, CryptoError> {
        let mut derived = match self {
            Self::Argon2id { params, salt } => kdf::argon2id_derive_key(password, salt, *params, KEY_LENGTH)?,
            Self::Scrypt { params, salt } => kdf::scrypt(password, salt, *params, KEY_LENGTH)?,
        };
        SecretBytes::from_slice_wiping(&mut derived)
    }

    pub(crate) fn length(&self) -> usize {
        match self {
            Self::Argon2id { .. } => 26,
            Self::Scrypt { .. } => 42,
        }
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Argon2id { params, salt } => {
                out.push(1);
                out.extend_from_slice(&params.m_kib().to_be_bytes());
                out.extend_from_slice(&params.t().to_be_bytes());
                out.push(u8::try_from(params.p()).expect("at most 8 lanes by its type"));
                out.extend_from_slice(salt);
            }
            Self::Scrypt { params, salt } => {
                out.extend_from_slice(&[2, params.log2_n()]);
                out.extend_from_slice(&params.r().to_be_bytes());
                out.extend_from_slice(&params.p().to_be_bytes());
                out.extend_from_slice(salt);
            }
        }
    }

    /// Reads what [`encode`](Self::encode) wrote, at the start of `data`.
    pub(crate) fn decode(data: &[u8]) -> Result<Self, CryptoError> {
        let mut rest = data;
        match u8::from_be_bytes(take(&mut rest)?) {
            1 => {
                let m_kib = u32::from_be_bytes(take(&mut rest)?);
                let t = u32::from_be_bytes(take(&mut rest)?);
                let p = u8::from_be_bytes(take(&mut rest)?);
                Ok(Self::Argon2id {
                    params: Argon2Params::new(m_kib, t, u32::from(p))?,
                    salt: take(&mut rest)?,
                })
            }
            2 => {
                let log2_n = u8::from_be_bytes(take(&mut rest)?);
                let r = u32::from_be_bytes(take(&mut rest)?);
                let p = u32::from_be_bytes(take(&mut rest)?);
                Ok(Self::Scrypt { params: ScryptParams::new(log2_n, r, p)?, salt: take(&mut rest)? })
            }
            _ => Err(CryptoError::Unsupported("envelope key derivation")),
        }
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], CryptoError> {
    let (bytes, after) = rest.split_first_chunk().ok_or(CryptoError::DataTooShort)?;
    *rest = after;
    Ok(*bytes)
}
