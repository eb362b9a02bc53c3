#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod aead;
pub mod aes;
pub mod commit;
pub mod compare;
pub mod ed25519;
pub mod envelope;
pub mod error;
pub mod fingerprint;
pub mod hash;
pub mod hex;
pub mod kdf;
pub mod merkle;
pub mod proof;
pub mod random;
mod sealed;
pub mod secret;
mod stack;

pub use error::{CryptoError, HexError};
