//! How errors reach JavaScript: as an `Error` of the domain's class, with a stable `code` to branch on and a text for
//! people.

use chrysalis_crypto::CryptoError;
#[cfg(any(feature = "crypto", feature = "security"))]
use chrysalis_crypto::api_keys::ValidationError;
#[cfg(feature = "security")]
use chrysalis_security::SecurityError;
use wasm_bindgen::prelude::*;

/// A result whose error is thrown by the generated glue.
pub type Result<T> = std::result::Result<T, Thrown>;

/// An error on its way to JavaScript.
pub struct Thrown {
    /// The class, by its name in `typescript/shared/error.js`.
    class: &'static str,
    code: &'static str,
    message: String,
}

impl Thrown {
    /// An argument that is not what its name promises; `problem` says what it must be, never what it was.
    pub(crate) fn argument(name: &str, problem: &str) -> Self {
        Self { class: OWN, code: "INVALID_ARGUMENT", message: format!("Invalid argument: {name} {problem}") }
    }
}

/// The class of errors that come from no domain.
const OWN: &str = "CryptoError";

impl From<CryptoError> for Thrown {
    fn from(error: CryptoError) -> Self {
        Self { class: "CryptoError", code: error.code(), message: error.to_string() }
    }
}

#[cfg(any(feature = "crypto", feature = "security"))]
impl From<ValidationError> for Thrown {
    fn from(error: ValidationError) -> Self {
        Self { class: "ValidationError", code: error.code(), message: error.to_string() }
    }
}

#[cfg(feature = "security")]
impl From<SecurityError> for Thrown {
    fn from(error: SecurityError) -> Self {
        match error {
            SecurityError::Crypto(inner) => inner.into(),
            SecurityError::InvalidApiKey(inner) => inner.into(),
            own => Self { class: "SecurityError", code: own.code(), message: own.to_string() },
        }
    }
}

impl From<Thrown> for JsValue {
    fn from(thrown: Thrown) -> Self {
        make_error(thrown.class, thrown.code, &thrown.message)
    }
}

#[wasm_bindgen(module = "/typescript/shared/error.js")]
extern "C" {
    #[wasm_bindgen(js_name = makeError)]
    fn make_error(class: &str, code: &str, message: &str) -> JsValue;
}
