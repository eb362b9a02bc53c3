#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod aead;
pub mod aes;
pub mod api_keys;
pub mod base64;
pub mod canonical;
pub mod commit;
pub mod compare;
pub mod ed25519;
pub mod envelope;
pub mod error;
pub mod fingerprint;
pub mod hash;
pub mod hex;
pub mod kdf;
pub mod mac;
pub mod merkle;
pub mod password;
pub mod proof;
pub mod random;
mod sealed;
pub mod sealer;
pub mod secret;
pub mod siv;
mod stack;
pub mod stream;

pub use error::{CryptoError, HexError};
