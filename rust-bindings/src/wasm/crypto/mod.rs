//! The package `rust-crypto`: hashes, signatures, key derivation, sealing, secrets and offline proofs.
//!
//! Function names and behaviour are those of the package's contract. Everything takes unchecked values and checks
//! them, everything that fails throws `CryptoError`, and nothing is a view of WebAssembly memory.

pub mod aead;
pub mod api_keys;
pub mod ed25519;
pub mod envelope;
pub mod fingerprint;
pub mod hash;
pub mod kdf;
pub mod proof;
pub mod random;
pub mod secure_buffer;
pub mod stream;

use chrysalis_crypto::random::MAX_LENGTH;
use wasm_bindgen::prelude::*;

use crate::convert::{self, object};
use crate::error::{Result, Thrown};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("../../../typescript/crypto/types.d.ts");

/// A number of bytes.
fn to_length(value: &JsValue) -> Result<usize> {
    let length = convert::integer(value, "length")? as usize;
    if length > MAX_LENGTH {
        return Err(Thrown::argument("length", "must be at most 2^30"));
    }
    Ok(length)
}
