//! Envelopes for data that does not fit into memory: chunks in, chunks out.

use std::cell::RefCell;

use chrysalis_crypto as crypto;
use crypto::envelope::{PasswordKdf, StorageKey};
use crypto::secret::SecretBytes;
use crypto::{CryptoError, stream};
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::envelope::to_key_id;
use super::kdf::to_argon2_params;
use crate::convert;
use crate::error::{Result, Thrown};
use crate::wasm::memory::scrubbed;

/// Seals a stream under a 32-byte key, bound to `context`. What `update` and `finish` return is the sealed stream.
#[wasm_bindgen]
pub struct StreamSealer(RefCell<Option<Sealing>>);

struct Sealing {
    sealer: stream::StreamSealer,
    /// The header, until the first output takes it along.
    pending: Vec<u8>,
}

#[wasm_bindgen]
impl StreamSealer {
    /// Begins a stream. Options as for `seal`.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] context: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "{ keyId?: number; suite?: 1 | 2 }")] options: JsValue,
    ) -> Result<StreamSealer> {
        let (key, context) = (to_storage_key(&key, &options)?, convert::bytes(&context, "context")?);
        Self::begin(|out| stream::StreamSealer::new(&key, &context, out))
    }

    /// Begins a stream under a password, with a fresh salt. Options as for `argon2id_derive_key`.
    pub fn with_password(
        #[wasm_bindgen(unchecked_param_type = "string")] password: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] context: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "{ mKiB?: number; t?: number; p?: number }")] options: JsValue,
    ) -> Result<StreamSealer> {
        let (password, context) =
            (convert::text(&password, "password")?, convert::bytes(&context, "context")?);
        let kdf = PasswordKdf::make_argon2id(to_argon2_params(&options)?)?;
        Self::begin(|out| stream::StreamSealer::with_password(password.as_bytes(), kdf, &context, out))
    }

    /// Seals the next bytes; gives the chunks that became full, which may be none.
    pub fn update(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue,
    ) -> Result<Vec<u8>> {
        let data = convert::bytes(&data, "data")?;
        let mut state = self.0.borrow_mut();
        let sealing = state.as_mut().ok_or_else(finished)?;
        let mut out = std::mem::take(&mut sealing.pending);
        scrubbed(|| sealing.sealer.update(&data, &mut out))?;
        Ok(out)
    }

    /// Seals the last chunk and ends the stream. Every later use but `free` throws.
    pub fn finish(&self) -> Result<Vec<u8>> {
        let Sealing { sealer, pending: mut out } = self.0.take().ok_or_else(finished)?;
        scrubbed(|| sealer.finish(&mut out))?;
        Ok(out)
    }
}

impl StreamSealer {
    fn begin(
        make: impl FnOnce(&mut Vec<u8>) -> std::result::Result<stream::StreamSealer, CryptoError>,
    ) -> Result<Self> {
        let mut pending = Vec::new();
        let sealer = scrubbed(|| make(&mut pending))?;
        Ok(Self(RefCell::new(Some(Sealing { sealer, pending }))))
    }
}

/// Opens a sealed stream. What `update` returns is authentic so far; that the stream is whole is known when `finish` has
/// returned, and not before.
#[wasm_bindgen]
pub struct StreamOpener(RefCell<Option<stream::StreamOpener>>);

#[wasm_bindgen]
impl StreamOpener {
    /// Opens under a 32-byte key for the context the stream was sealed for. `keyId` must be the stream's, 1 by default.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] context: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "{ keyId?: number }")] options: JsValue,
    ) -> Result<StreamOpener> {
        let (key, context) = (to_storage_key(&key, &options)?, convert::bytes(&context, "context")?);
        Ok(Self(RefCell::new(Some(scrubbed(|| stream::StreamOpener::new(&key, &context))?))))
    }

    /// Opens under a password.
    pub fn with_password(
        #[wasm_bindgen(unchecked_param_type = "string")] password: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] context: JsValue,
    ) -> Result<StreamOpener> {
        let (password, context) =
            (convert::text(&password, "password")?, convert::bytes(&context, "context")?);
        let opener = scrubbed(|| stream::StreamOpener::with_password(password.as_bytes(), &context))?;
        Ok(Self(RefCell::new(Some(opener))))
    }

    /// Takes the next sealed bytes; gives the plaintext of the chunks that are complete, which may be none.
    pub fn update(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] sealed: JsValue,
    ) -> Result<Uint8Array> {
        let sealed = convert::bytes(&sealed, "sealed")?;
        let mut state = self.0.borrow_mut();
        let opener = state.as_mut().ok_or_else(finished)?;
        let mut plaintext = Zeroizing::new(Vec::new());
        scrubbed(|| opener.update(&sealed, &mut plaintext))?;
        Ok(Uint8Array::from(plaintext.as_slice()))
    }

    /// The plaintext of the last chunk. Throws `DECRYPT_FAILED` when the stream was cut off.
    pub fn finish(&self) -> Result<Uint8Array> {
        let opener = self.0.take().ok_or_else(finished)?;
        let mut plaintext = Zeroizing::new(Vec::new());
        scrubbed(|| opener.finish(&mut plaintext))?;
        Ok(Uint8Array::from(plaintext.as_slice()))
    }
}

fn to_storage_key(key: &JsValue, options: &JsValue) -> Result<StorageKey> {
    let mut key = Zeroizing::new(convert::bytes(key, "key")?);
    let suite = convert::suite(options)?;
    let key = SecretBytes::from_slice_wiping(&mut key)?;
    Ok(StorageKey::from_secret(to_key_id(options)?, key)?.with_suite(suite))
}

fn finished() -> Thrown {
    Thrown::argument("stream", "was finished")
}
