#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

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
pub mod hpke;
pub mod kdf;
pub mod legacy;
pub mod mac;
mod memory;
pub mod merkle;
#[cfg(any(target_arch = "wasm32", test))]
mod number;
pub mod password;
pub mod proof;
pub mod random;
pub mod recipients;
mod sealed;
pub mod sealer;
pub mod secret;
pub mod secure_memory;
pub mod siv;
mod stack;
pub mod stream;
#[cfg(feature = "tls")]
pub mod tls;

pub use error::{CryptoError, HexError};
