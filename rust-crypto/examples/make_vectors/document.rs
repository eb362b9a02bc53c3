//! The whole file, and the small helpers its parts share.

use serde_json::{Value, json};

use super::{hashes, proofs, sealing, signatures};

/// What the parts return: a published value that does not come out as published stops the program.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

pub(crate) const OURS: &str = "made by examples/make_vectors; deterministic";
pub(crate) const CONTRACT: &str = "golden value of the contract this crate implements";

/// The contents of `vectors/crypto.json`.
pub(crate) fn document() -> Result<Value> {
    Ok(json!({
        "about": [
            "Test vectors of rust-crypto, read by Rust, Node, browser and Python tests.",
            "Written by `cargo run -p chrysalis-crypto --example make_vectors`; do not edit by hand.",
            "Byte strings are lower-case hexadecimal. An input is {hex} or {repeat, length}: the bytes of `repeat`, \
             over and over, cut to `length` bytes.",
            "A case has `expected` (or the fields its section names) or `error`, the code of the error it gives; \
             `error_text` is the error's whole text.",
            "Integers that may pass 2^53 are decimal strings.",
        ],
        "hash": hashes::hash()?,
        "incremental": hashes::incremental()?,
        "agent_fingerprint": hashes::agent_fingerprint()?,
        "state_hash": hashes::state_hash()?,
        "hex_decode": hashes::hex_decode(),
        "constant_time_eq": hashes::constant_time_eq(),
        "ed25519_sign": signatures::sign()?,
        "ed25519_secret": signatures::secret(),
        "ed25519_verify": signatures::verify()?,
        "ed25519_verify_hex": signatures::verify_hex(),
        "xchacha20poly1305_decrypt": sealing::decrypt()?,
        "proof": proofs::proof()?,
    }))
}

/// `found` in hexadecimal, provided that it is what was published.
pub(crate) fn published(name: &str, found: &[u8], expected: &str) -> Result<String> {
    let found = chrysalis_crypto::hex::encode(found);
    if found == expected {
        Ok(found)
    } else {
        Err(format!("{name}: published {expected}, found {found}").into())
    }
}

/// The bytes 00, 01, 02, …: the golden key K of the contract.
pub(crate) fn counting() -> [u8; 32] {
    let mut bytes = [0; 32];
    for (value, byte) in (0..).zip(&mut bytes) {
        *byte = value;
    }
    bytes
}
