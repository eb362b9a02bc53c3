#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod aead;
pub mod api_keys;
pub mod commit;
pub mod compare;
pub mod ed25519;
pub mod error;
pub mod fingerprint;
pub mod hash;
pub mod hex;
pub mod merkle;
pub mod proof;
pub mod random;
pub mod secret;
#[cfg(feature = "tls")]
pub mod tls;

pub use error::{CryptoError, HexError};
