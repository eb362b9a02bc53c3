//! The package `rust-crypto`: hashes, signatures, sealing, secrets and offline proofs.
//!
//! Function names and behaviour are those of the package's contract. Everything takes unchecked values and checks
//! them, everything that fails throws `CryptoError`, and nothing is a view of WebAssembly memory.

use std::cell::RefCell;

use chrysalis_crypto as crypto;
use crypto::CryptoError;
use crypto::ed25519::SigningKey;
use crypto::secret::SecretBytes;
use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::memory::scrubbed;
use crate::convert;
use crate::error::{Result, Thrown};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("../../typescript/crypto/types.d.ts");

/// A hash function. The numbers are fixed; 3, 4 and 5 belong to SHA-3, which is not offered.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HashAlgorithm {
    /// SHA-256, 32 bytes.
    Sha256 = 0,
    /// SHA-384, 48 bytes.
    Sha384 = 1,
    /// SHA-512, 64 bytes.
    Sha512 = 2,
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

/// Whether `signature` (64 bytes) is the signature of `message` by `public_key` (32 bytes).
///
/// Throws `INVALID_KEY_LENGTH` or `INVALID_SIGNATURE` for wrong lengths and for a key that is not a point of the curve.
#[wasm_bindgen]
pub fn ed25519_verify(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] public_key: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] message: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] signature: JsValue,
) -> Result<bool> {
    Ok(crypto::ed25519::verify(
        &convert::bytes(&public_key, "public_key")?,
        &convert::bytes(&message, "message")?,
        &convert::bytes(&signature, "signature")?,
    )?)
}

/// `ed25519_verify` with key and signature in hexadecimal; throws `INVALID_HEX` as well.
#[wasm_bindgen]
pub fn ed25519_verify_hex(
    #[wasm_bindgen(unchecked_param_type = "string")] public_key_hex: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] message: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] signature_hex: JsValue,
) -> Result<bool> {
    Ok(crypto::ed25519::verify_hex(
        &convert::text(&public_key_hex, "public_key_hex")?,
        &convert::bytes(&message, "message")?,
        &convert::text(&signature_hex, "signature_hex")?,
    )?)
}

/// SHA-384 of `agent_id:name:created_at`, 96 hexadecimal characters. The fields are joined without escaping.
#[wasm_bindgen]
pub fn compute_agent_fingerprint(
    #[wasm_bindgen(unchecked_param_type = "string")] agent_id: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] created_at: JsValue,
) -> Result<String> {
    Ok(crypto::fingerprint::compute_agent_fingerprint(
        &convert::text(&agent_id, "agent_id")?,
        &convert::text(&name, "name")?,
        &convert::text(&created_at, "created_at")?,
    ))
}

/// BLAKE3 of the text as given, 64 hexadecimal characters. The order of keys counts.
#[wasm_bindgen]
pub fn compute_state_hash(
    #[wasm_bindgen(unchecked_param_type = "string")] state_json: JsValue,
) -> Result<String> {
    Ok(crypto::fingerprint::compute_state_hash(&convert::text(&state_json, "state_json")?))
}

/// Whether two byte strings are equal; for equal lengths the time does not depend on the contents.
#[wasm_bindgen]
pub fn constant_time_eq(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] a: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] b: JsValue,
) -> Result<bool> {
    let (a, b) = (convert::bytes(&a, "a")?, convert::bytes(&b, "b")?);
    Ok(scrubbed(|| crypto::compare::constant_time_eq(&a, &b)))
}

/// `length` random bytes from the system's generator, at most 2^30.
#[wasm_bindgen]
pub fn random_bytes(#[wasm_bindgen(unchecked_param_type = "number")] length: JsValue) -> Result<Vec<u8>> {
    let length = to_length(&length)?;
    Ok(scrubbed(|| crypto::random::bytes(length))?)
}

/// `length` random bytes as `2 * length` hexadecimal characters.
#[wasm_bindgen]
pub fn random_hex(#[wasm_bindgen(unchecked_param_type = "number")] length: JsValue) -> Result<String> {
    let length = to_text_length(&length)?;
    Ok(scrubbed(|| crypto::random::random_hex(length))?)
}

/// A token of `length` random bytes, as `2 * length` hexadecimal characters.
#[wasm_bindgen]
pub fn generate_token(#[wasm_bindgen(unchecked_param_type = "number")] length: JsValue) -> Result<String> {
    let length = to_text_length(&length)?;
    Ok(scrubbed(|| crypto::random::generate_token(length))?)
}

/// A token of `length` random bytes in standard base64 with padding.
#[wasm_bindgen]
pub fn generate_token_base64(
    #[wasm_bindgen(unchecked_param_type = "number")] length: JsValue,
) -> Result<String> {
    let length = to_text_length(&length)?;
    Ok(scrubbed(|| crypto::random::generate_token_base64(length))?)
}

/// Seals `data` under a 32-byte key: nonce (24) ‖ ciphertext ‖ tag (16), with a fresh random nonce.
///
/// `aad` is authenticated and not part of the output; opening needs the same bytes.
#[wasm_bindgen]
pub fn xchacha20poly1305_encrypt(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] aad: JsValue,
) -> Result<Vec<u8>> {
    let data = convert::bytes(&data, "data")?;
    let key = convert::bytes(&key, "key")?;
    let aad = convert::bytes(&aad, "aad")?;
    Ok(scrubbed(|| crypto::aead::xchacha20poly1305_encrypt(&data, &key, &aad))?)
}

/// Opens what `xchacha20poly1305_encrypt` sealed with the same key and `aad`.
///
/// Throws `DATA_TOO_SHORT` below 40 bytes and `DECRYPT_FAILED` for every other fault, without saying which.
#[wasm_bindgen]
pub fn xchacha20poly1305_decrypt(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] aad: JsValue,
) -> Result<Uint8Array> {
    let data = convert::bytes(&data, "data")?;
    let key = convert::bytes(&key, "key")?;
    let aad = convert::bytes(&aad, "aad")?;
    let plaintext = scrubbed(|| crypto::aead::xchacha20poly1305_decrypt(&data, &key, &aad))?;
    Ok(Uint8Array::from(plaintext.as_slice()))
}

/// Checks an exported record proof: who wrote which record, and where in its journal.
///
/// A proof shows that the holder of the author's key committed to this record; it does not show that what the record
/// says is true. Throws `MALFORMED` for bytes that are not a proof and `INVALID_PROOF` for one that does not hold.
#[wasm_bindgen(unchecked_return_type = "VerifiedRecord")]
pub fn verify_record_proof(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] proof: JsValue,
) -> Result<Object> {
    let verified = crypto::proof::verify(&convert::bytes(&proof, "proof")?)?;
    let (writer, record) = (verified.proof.commit.writer, &verified.proof.record);
    let fields: [(&str, JsValue); 11] = [
        ("author", crypto::hex::encode(&writer.key).into()),
        ("incarnation", writer.incarnation.into()),
        ("sequence", verified.sequence.into()),
        ("leaf", crypto::hex::encode(&verified.leaf).into()),
        ("commitHash", crypto::hex::encode(&verified.commit_hash).into()),
        ("kind", record.kind.into()),
        ("namespace", crypto::hex::encode(&record.namespace).into()),
        ("keyEpoch", record.key_epoch.into()),
        // 48 bits of milliseconds are exact in a JavaScript number.
        ("timeMs", JsValue::from_f64((record.time >> 16) as f64)),
        ("timeLogical", JsValue::from_f64((record.time & 0xffff) as f64)),
        ("content", Uint8Array::from(verified.proof.content.as_slice()).into()),
    ];
    let object = Object::new();
    for (name, value) in &fields {
        Reflect::set(&object, &JsValue::from_str(name), value)
            .expect("a plain object that was just made accepts any property");
    }
    Ok(object)
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

/// A secret Ed25519 key with the public key derived from it. Wiped by `wipe()` and when freed.
#[wasm_bindgen]
pub struct Ed25519KeyPair(RefCell<Option<SigningKey>>);

#[wasm_bindgen]
impl Ed25519KeyPair {
    /// A new random key pair.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Result<Ed25519KeyPair> {
        scrubbed(|| SigningKey::make().map(Self::of).map_err(Thrown::from))
    }

    /// The key pair of a 32-byte RFC 8032 seed, or of the 48-byte PKCS#8 form that `from_pkcs8` takes.
    pub fn from_secret(
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] secret: JsValue,
    ) -> Result<Ed25519KeyPair> {
        let secret = Zeroizing::new(convert::bytes(&secret, "secret")?);
        scrubbed(|| SigningKey::from_secret(&secret).map(Self::of).map_err(Thrown::from))
    }

    /// The key pair of a 48-byte PKCS#8 document (RFC 8410, version 0).
    pub fn from_pkcs8(
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] der: JsValue,
    ) -> Result<Ed25519KeyPair> {
        let der = Zeroizing::new(convert::bytes(&der, "der")?);
        scrubbed(|| SigningKey::from_pkcs8(&der).map(Self::of).map_err(Thrown::from))
    }

    /// The 32-byte seed: an explicit copy of the secret in JavaScript memory, which nothing wipes for you.
    pub fn secret_key(&self) -> Result<Uint8Array> {
        self.with(|key| Uint8Array::from(key.to_seed().as_slice()))
    }

    /// The seed as a 48-byte PKCS#8 document; a copy of the secret, as with `secret_key`.
    pub fn to_pkcs8(&self) -> Result<Uint8Array> {
        self.with(|key| Uint8Array::from(key.to_pkcs8().as_slice()))
    }

    /// The public key, 32 bytes.
    pub fn public_key(&self) -> Result<Vec<u8>> {
        self.with(|key| key.public_key().to_vec())
    }

    /// The public key, 64 hexadecimal characters.
    pub fn public_key_hex(&self) -> Result<String> {
        self.with(SigningKey::public_key_hex)
    }

    /// The signature of `message`, 64 bytes; the same key and message always give the same signature.
    pub fn sign(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] message: JsValue,
    ) -> Result<Vec<u8>> {
        let message = convert::bytes(&message, "message")?;
        self.with(|key| key.sign(&message).to_vec())
    }

    /// `sign` as 128 hexadecimal characters.
    pub fn sign_hex(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] message: JsValue,
    ) -> Result<String> {
        let message = convert::bytes(&message, "message")?;
        self.with(|key| key.sign_hex(&message))
    }

    /// Wipes the secret. Every later use but `wipe` and `free` throws.
    pub fn wipe(&self) {
        self.0.take();
    }

    /// Never holds the key.
    #[wasm_bindgen(js_name = toString)]
    pub fn text(&self) -> String {
        "Ed25519KeyPair([REDACTED])".to_owned()
    }

    /// Never holds the key.
    #[wasm_bindgen(js_name = toJSON)]
    pub fn json(&self) -> String {
        self.text()
    }
}

impl Ed25519KeyPair {
    fn of(key: SigningKey) -> Self {
        Self(RefCell::new(Some(key)))
    }

    fn with<T>(&self, work: impl FnOnce(&SigningKey) -> T) -> Result<T> {
        let key = self.0.borrow();
        let key = key.as_ref().ok_or_else(|| Thrown::argument("key pair", "was wiped"))?;
        Ok(scrubbed(|| work(key)))
    }
}

/// Secret bytes of a fixed length, kept in WebAssembly memory, wiped by `wipe()` and when freed, never printed.
#[wasm_bindgen]
pub struct SecureBuffer(RefCell<SecretBytes>);

#[wasm_bindgen]
impl SecureBuffer {
    /// `length` zero bytes.
    #[wasm_bindgen(constructor)]
    pub fn new(#[wasm_bindgen(unchecked_param_type = "number")] length: JsValue) -> Result<SecureBuffer> {
        Ok(Self::of(SecretBytes::zeroed(to_length(&length)?)?))
    }

    /// `length` random bytes.
    pub fn random(#[wasm_bindgen(unchecked_param_type = "number")] length: JsValue) -> Result<SecureBuffer> {
        let length = to_length(&length)?;
        Ok(Self::of(scrubbed(|| SecretBytes::random(length))?))
    }

    /// Takes a copy of `bytes` and then zeroes `bytes`, unless `options.wipeSource` is `false`.
    pub fn from(
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] bytes: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "{ wipeSource?: boolean }")] options: JsValue,
    ) -> Result<SecureBuffer> {
        let wipe_source = to_wipe_source(&options)?;
        let mut copy = Zeroizing::new(convert::bytes(&bytes, "bytes")?);
        let secret = SecretBytes::from_slice_wiping(&mut copy)?;
        if wipe_source {
            let source = convert::byte_array(&bytes, "bytes")?;
            source.fill(0, 0, source.length());
        }
        Ok(Self::of(secret))
    }

    /// Number of bytes; 0 after `wipe()`.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> usize {
        self.0.borrow().len()
    }

    /// Whether the memory is locked against swapping: always `false` in WebAssembly, which cannot.
    #[wasm_bindgen(getter, js_name = isLocked)]
    pub fn is_locked(&self) -> bool {
        false
    }

    /// Whether both hold the same bytes; for equal lengths the time does not depend on them.
    pub fn equals(&self, other: &SecureBuffer) -> bool {
        scrubbed(|| *self.0.borrow() == *other.0.borrow())
    }

    /// An explicit copy of the secret in JavaScript memory, which nothing wipes for you; prefer `use`.
    pub fn expose(&self) -> Uint8Array {
        self.0.borrow().expose(|bytes| Uint8Array::from(bytes))
    }

    /// Overwrites the bytes and leaves the buffer empty.
    pub fn wipe(&self) {
        self.0.borrow_mut().wipe();
    }

    /// Never holds the bytes.
    #[wasm_bindgen(js_name = toString)]
    pub fn text(&self) -> String {
        "[REDACTED]".to_owned()
    }

    /// Never holds the bytes.
    #[wasm_bindgen(js_name = toJSON)]
    pub fn json(&self) -> String {
        self.text()
    }
}

impl SecureBuffer {
    fn of(secret: SecretBytes) -> Self {
        Self(RefCell::new(secret))
    }
}

fn to_algorithm(value: &JsValue) -> Result<crypto::hash::HashAlgorithm> {
    Ok(convert::integer(value, "algorithm")?.try_into()?)
}

fn to_length(value: &JsValue) -> Result<usize> {
    let length = convert::integer(value, "length")? as usize;
    if length > crypto::random::MAX_LENGTH {
        return Err(Thrown::argument("length", "must be at most 2^30"));
    }
    Ok(length)
}

/// The longest text made of random bytes. Two characters for each must fit a JavaScript string, which V8 ends at 2^29 - 24.
const MAX_TEXT_BYTES: usize = 1 << 27;

fn to_text_length(value: &JsValue) -> Result<usize> {
    let length = to_length(value)?;
    if length > MAX_TEXT_BYTES {
        return Err(Thrown::argument("length", "must be at most 2^27 for a string"));
    }
    // Text is built by infallible allocation, so room for bytes and text is proved first.
    Vec::<u8>::new()
        .try_reserve_exact(length * 4)
        .map_err(|_| CryptoError::InvalidArgument("length is more than there is memory for"))?;
    Ok(length)
}

fn to_wipe_source(options: &JsValue) -> Result<bool> {
    if options.is_undefined() {
        return Ok(true);
    }
    if !options.is_object() {
        return Err(Thrown::argument("options", "must be an object"));
    }
    let option = Reflect::get(options, &"wipeSource".into()).unwrap_or(JsValue::NULL);
    if option.is_undefined() {
        return Ok(true);
    }
    option.as_bool().ok_or_else(|| Thrown::argument("wipeSource", "must be a boolean"))
}
