//! Secret bytes that JavaScript holds by a handle.

use std::cell::RefCell;

use chrysalis_crypto::secret::SecretBytes;
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::to_length;
use crate::convert;
use crate::error::Result;
use crate::wasm::memory::scrubbed;

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
        let wipe_source = convert::flag(&options, "wipeSource", true)?;
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
