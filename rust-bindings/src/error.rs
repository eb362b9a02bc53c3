//! How errors reach JavaScript: as `CryptoError`, with a stable `code` to branch on and a text for people.

use chrysalis_crypto::CryptoError;
use wasm_bindgen::prelude::*;

/// A result whose error is thrown by the generated glue.
pub type Result<T> = std::result::Result<T, Thrown>;

/// An error on its way to JavaScript.
pub struct Thrown {
    code: &'static str,
    message: String,
}

impl Thrown {
    /// An argument that is not what its name promises; `problem` says what it must be, never what it was.
    pub(crate) fn argument(name: &str, problem: &str) -> Self {
        Self { code: "INVALID_ARGUMENT", message: format!("Invalid argument: {name} {problem}") }
    }
}

impl From<CryptoError> for Thrown {
    fn from(error: CryptoError) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}

impl From<Thrown> for JsValue {
    fn from(thrown: Thrown) -> Self {
        JsCryptoError::new(thrown.code, &thrown.message).into()
    }
}

#[wasm_bindgen(module = "/typescript/shared/error.js")]
extern "C" {
    #[wasm_bindgen(js_name = CryptoError)]
    type JsCryptoError;

    #[wasm_bindgen(constructor, js_class = "CryptoError")]
    fn new(code: &str, message: &str) -> JsCryptoError;
}
