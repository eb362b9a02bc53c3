//! How errors reach JavaScript: as an `Error` of the domain's class, with a stable `code` to branch on and a text for
//! people.

#[cfg(feature = "crdt")]
use chrysalis_crdt::CrdtError;
use chrysalis_crypto::CryptoError;
#[cfg(any(feature = "crypto", feature = "security"))]
use chrysalis_crypto::api_keys::ValidationError;
#[cfg(feature = "tls")]
use chrysalis_crypto::tls::CertError;
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
    /// Which item of a list is at fault, where that is known.
    index: Option<u32>,
}

impl Thrown {
    /// An argument that is not what its name promises; `problem` says what it must be, never what it was.
    pub(crate) fn argument(name: &str, problem: &str) -> Self {
        Self {
            class: OWN,
            code: "INVALID_ARGUMENT",
            message: format!("Invalid argument: {name} {problem}"),
            index: None,
        }
    }
}

/// The class of errors that come from no domain.
const OWN: &str = if cfg!(feature = "crdt") { "CrdtError" } else { "CryptoError" };

impl From<CryptoError> for Thrown {
    fn from(error: CryptoError) -> Self {
        Self { class: "CryptoError", code: error.code(), message: error.to_string(), index: None }
    }
}

#[cfg(any(feature = "crypto", feature = "security"))]
impl From<ValidationError> for Thrown {
    fn from(error: ValidationError) -> Self {
        Self { class: "ValidationError", code: error.code(), message: error.to_string(), index: None }
    }
}

#[cfg(feature = "security")]
impl From<SecurityError> for Thrown {
    fn from(error: SecurityError) -> Self {
        match error {
            SecurityError::Crypto(inner) => inner.into(),
            SecurityError::InvalidApiKey(inner) => inner.into(),
            own => Self { class: "SecurityError", code: own.code(), message: own.to_string(), index: None },
        }
    }
}

#[cfg(feature = "tls")]
impl From<CertError> for Thrown {
    fn from(error: CertError) -> Self {
        let index = error.index.and_then(|index| index.try_into().ok());
        Self { class: "CertError", code: error.code(), message: error.to_string(), index }
    }
}

#[cfg(feature = "crdt")]
impl Thrown {
    /// A count that a `number` does not hold.
    pub(crate) fn range(error: CrdtError) -> Self {
        Self { class: "RangeError", ..error.into() }
    }
}

#[cfg(feature = "crdt")]
impl From<CrdtError> for Thrown {
    fn from(error: CrdtError) -> Self {
        Self { class: "CrdtError", code: error.code(), message: error.to_string() }
    }
}

impl From<Thrown> for JsValue {
    fn from(thrown: Thrown) -> Self {
        make_error(thrown.class, thrown.code, &thrown.message, thrown.index)
    }
}

#[wasm_bindgen(module = "/typescript/shared/error.js")]
extern "C" {
    #[wasm_bindgen(js_name = makeError)]
    fn make_error(class: &str, code: &str, message: &str, index: Option<u32>) -> JsValue;
}
