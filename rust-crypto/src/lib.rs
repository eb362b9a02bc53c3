//! Cryptography for Chrysalis: the bottom layer that every other crate stands on.
#![forbid(unsafe_code)]

pub mod commit;
pub mod ed25519;
pub mod error;
pub mod hex;
pub mod merkle;
pub mod proof;
pub mod random;

pub use error::{CryptoError, HexError};
