//! Hashes and message authentication codes.

use std::cell::RefCell;

use chrysalis_crypto as crypto;
use wasm_bindgen::prelude::*;

use super::to_length;
use crate::convert;
use crate::error::Result;
use crate::wasm::memory::scrubbed;

/// A hash function. The numbers are fixed.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HashAlgorithm {
    /// SHA-256, 32 bytes.
    Sha256 = 0,
    /// SHA-384, 48 bytes.
    Sha384 = 1,
    /// SHA-512, 64 bytes.
    Sha512 = 2,
    /// SHA3-256, 32 bytes.
    Sha3_256 = 3,
    /// SHA3-384, 48 bytes.
    Sha3_384 = 4,
    /// SHA3-512, 64 bytes.
    Sha3_512 = 5,
    /// BLAKE3 without a key, 32 bytes.
    Blake3 = 6,
}

/// The digest of `data`.
#[wasm_bindgen]
pub fn hash(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue,
    #[wasm_bindgen(unchecked_param_type = "HashAlgorithm")] algorithm: JsValue,
) -> Result<Vec<u8>> {
    Ok(crypto::hash::hash(&convert::bytes(&data, "data")?, to_algorithm(&algorithm)?))
}

/// The digest of `data` in lower-case hexadecimal.
#[wasm_bindgen]
pub fn hash_hex(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue,
    #[wasm_bindgen(unchecked_param_type = "HashAlgorithm")] algorithm: JsValue,
) -> Result<String> {
    Ok(crypto::hash::hash_hex(&convert::bytes(&data, "data")?, to_algorithm(&algorithm)?))
}

/// SHA-384 of `data`, 48 bytes.
#[wasm_bindgen]
pub fn sha384(#[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue) -> Result<Vec<u8>> {
    Ok(crypto::hash::sha384(&convert::bytes(&data, "data")?).to_vec())
}

/// SHA-384 of `data`, 96 hexadecimal characters.
#[wasm_bindgen]
pub fn sha384_hex(#[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue) -> Result<String> {
    Ok(crypto::hash::sha384_hex(&convert::bytes(&data, "data")?))
}

/// BLAKE3 of `data` without a key, 32 bytes.
#[wasm_bindgen]
pub fn blake3_hash(#[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue) -> Result<Vec<u8>> {
    Ok(crypto::hash::blake3_hash(&convert::bytes(&data, "data")?).to_vec())
}

/// BLAKE3 of `data` without a key, 64 hexadecimal characters.
#[wasm_bindgen]
pub fn blake3_hex(#[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue) -> Result<String> {
    Ok(crypto::hash::blake3_hex(&convert::bytes(&data, "data")?))
}

/// The digests of many messages in lower-case hexadecimal, in their order.
#[wasm_bindgen]
pub fn batch_hash(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array[]")] messages: JsValue,
    #[wasm_bindgen(unchecked_param_type = "HashAlgorithm")] algorithm: JsValue,
) -> Result<Vec<String>> {
    let messages = convert::byte_strings(&messages, "messages")?;
    let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    Ok(crypto::hash::batch_hash(&messages, to_algorithm(&algorithm)?))
}

/// BLAKE3 of `data` under a key of 32 bytes, 32 bytes: a message authentication code.
#[wasm_bindgen]
pub fn blake3_keyed(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue,
) -> Result<Vec<u8>> {
    let (key, data) = (convert::bytes(&key, "key")?, convert::bytes(&data, "data")?);
    Ok(scrubbed(|| crypto::hash::blake3_keyed(&key, &data))?.to_vec())
}

/// A key of 32 bytes derived from key material. `context` is a constant of the application that nothing else uses.
#[wasm_bindgen]
pub fn blake3_derive_key(
    #[wasm_bindgen(unchecked_param_type = "string")] context: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] ikm: JsValue,
) -> Result<Vec<u8>> {
    let (context, ikm) = (convert::text(&context, "context")?, convert::bytes(&ikm, "ikm")?);
    Ok(scrubbed(|| crypto::hash::blake3_derive_key(&context, &ikm)).to_vec())
}

/// BLAKE3 of `data` with `length` bytes of output, at most 2^30.
#[wasm_bindgen]
pub fn blake3_xof(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] length: JsValue,
) -> Result<Vec<u8>> {
    Ok(crypto::hash::blake3_xof(&convert::bytes(&data, "data")?, to_length(&length)?)?)
}

/// HMAC-SHA-256 (RFC 2104) under a key of any length, 32 bytes.
#[wasm_bindgen]
pub fn hmac_sha256(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue,
) -> Result<Vec<u8>> {
    let (key, data) = (convert::bytes(&key, "key")?, convert::bytes(&data, "data")?);
    Ok(scrubbed(|| crypto::mac::hmac_sha256(&key, &data)).to_vec())
}

/// HMAC-SHA-384 (RFC 2104) under a key of any length, 48 bytes.
#[wasm_bindgen]
pub fn hmac_sha384(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue,
) -> Result<Vec<u8>> {
    let (key, data) = (convert::bytes(&key, "key")?, convert::bytes(&data, "data")?);
    Ok(scrubbed(|| crypto::mac::hmac_sha384(&key, &data)).to_vec())
}

/// HMAC-SHA-512 (RFC 2104) under a key of any length, 64 bytes.
#[wasm_bindgen]
pub fn hmac_sha512(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue,
) -> Result<Vec<u8>> {
    let (key, data) = (convert::bytes(&key, "key")?, convert::bytes(&data, "data")?);
    Ok(scrubbed(|| crypto::mac::hmac_sha512(&key, &data)).to_vec())
}

/// A hash of data that arrives in pieces; how it was cut does not change the digest.
#[wasm_bindgen]
pub struct IncrementalHasher(RefCell<crypto::hash::IncrementalHasher>);

#[wasm_bindgen]
impl IncrementalHasher {
    /// A hasher that has seen nothing.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "HashAlgorithm")] algorithm: JsValue,
    ) -> Result<IncrementalHasher> {
        Ok(Self(RefCell::new(crypto::hash::IncrementalHasher::new(to_algorithm(&algorithm)?))))
    }

    /// Takes in the next piece. Throws `HASHER_FINALIZED` after the digest was taken.
    pub fn update(&self, #[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue) -> Result<()> {
        let data = convert::bytes(&data, "data")?;
        Ok(self.0.borrow_mut().update(&data)?)
    }

    /// The digest of everything taken in. Afterwards every use but `reset` throws `HASHER_FINALIZED`.
    pub fn finalize(&self) -> Result<Vec<u8>> {
        Ok(self.0.borrow_mut().finalize()?)
    }

    /// `finalize` in lower-case hexadecimal.
    pub fn finalize_hex(&self) -> Result<String> {
        Ok(self.0.borrow_mut().finalize_hex()?)
    }

    /// A hasher that has seen the same data and goes on independently.
    #[wasm_bindgen(js_name = clone)]
    pub fn duplicate(&self) -> IncrementalHasher {
        Self(self.0.clone())
    }

    /// Forgets everything taken in; a finished hasher becomes usable again.
    pub fn reset(&self) {
        self.0.borrow_mut().reset();
    }
}

fn to_algorithm(value: &JsValue) -> Result<crypto::hash::HashAlgorithm> {
    Ok(convert::integer(value, "algorithm")?.try_into()?)
}
