//! How errors reach JavaScript: as an `Error` of the domain's class, with a stable `code` to branch on and a text for
//! people.

#[cfg(any(feature = "consensus", feature = "simulation"))]
use chrysalis_consensus::ConsensusError;
#[cfg(feature = "simulation")]
use chrysalis_consensus::sim::Violation;
#[cfg(feature = "crdt")]
use chrysalis_crdt::CrdtError;
use chrysalis_crypto::CryptoError;
#[cfg(any(feature = "crypto", feature = "security"))]
use chrysalis_crypto::api_keys::ValidationError;
#[cfg(feature = "tls")]
use chrysalis_crypto::tls::CertError;
#[cfg(feature = "tokens")]
use chrysalis_embedding::tokens::TokenError;
#[cfg(feature = "embedding")]
use chrysalis_embedding::{
    EmbeddingError, ErrorClass, Identifier, compress::CompressError, model::ModelError,
    similarity::SimilarityError,
};
#[cfg(feature = "security")]
use chrysalis_security::SecurityError;
use wasm_bindgen::prelude::*;

/// A result whose error is thrown by the generated glue.
pub type Result<T> = std::result::Result<T, Thrown>;

/// An error on its way to JavaScript; boxed, so that results are small to hand on.
pub struct Thrown(Box<Fault>);

struct Fault {
    /// The class, by its name in `typescript/shared/error.js`.
    class: &'static str,
    code: &'static str,
    message: String,
    /// Which item of a list is at fault, where that is known.
    index: Option<u32>,
    /// What else is to be known, as further properties.
    #[cfg(feature = "embedding")]
    details: Vec<(&'static str, JsValue)>,
}

impl Thrown {
    /// An argument that is not what its name promises; `problem` says what it must be, never what it was.
    #[cold]
    pub(crate) fn argument(name: &str, problem: &str) -> Self {
        Self::of(OWN, "INVALID_ARGUMENT", ["Invalid argument: ", name, " ", problem].concat())
    }

    #[cold]
    #[inline(never)]
    fn of(class: &'static str, code: &'static str, message: String) -> Self {
        Self(Box::new(Fault {
            class,
            code,
            message,
            index: None,
            #[cfg(feature = "embedding")]
            details: Vec::new(),
        }))
    }
}

/// The class of errors that come from no domain.
const OWN: &str = if cfg!(any(feature = "consensus", feature = "simulation")) {
    "ConsensusError"
} else if cfg!(feature = "crdt") {
    "CrdtError"
} else if cfg!(any(feature = "embedding", feature = "tokens")) {
    "EmbeddingError"
} else {
    "CryptoError"
};

impl From<CryptoError> for Thrown {
    #[cold]
    #[inline(never)]
    fn from(error: CryptoError) -> Self {
        Self::of("CryptoError", error.code(), error.to_string())
    }
}

#[cfg(any(feature = "crypto", feature = "security"))]
impl From<ValidationError> for Thrown {
    #[cold]
    #[inline(never)]
    fn from(error: ValidationError) -> Self {
        Self::of("ValidationError", error.code(), error.to_string())
    }
}

#[cfg(feature = "security")]
impl From<SecurityError> for Thrown {
    #[cold]
    #[inline(never)]
    fn from(error: SecurityError) -> Self {
        match error {
            SecurityError::Crypto(inner) => inner.into(),
            SecurityError::InvalidApiKey(inner) => inner.into(),
            own => Self::of("SecurityError", own.code(), own.to_string()),
        }
    }
}

#[cfg(feature = "tls")]
impl From<CertError> for Thrown {
    #[cold]
    fn from(error: CertError) -> Self {
        let mut thrown = Self::of("CertError", error.code(), error.to_string());
        thrown.0.index = error.index.and_then(|index| index.try_into().ok());
        thrown
    }
}

#[cfg(feature = "crdt")]
impl Thrown {
    /// A count that a `number` does not hold.
    pub(crate) fn range(error: CrdtError) -> Self {
        Self::of("RangeError", error.code(), error.to_string())
    }
}

#[cfg(feature = "crdt")]
impl From<CrdtError> for Thrown {
    #[cold]
    #[inline(never)]
    fn from(error: CrdtError) -> Self {
        Self::of("CrdtError", error.code(), error.to_string())
    }
}

#[cfg(feature = "embedding")]
impl From<SimilarityError> for Thrown {
    #[cold]
    #[inline(never)]
    fn from(error: SimilarityError) -> Self {
        Self::of("EmbeddingError", error.code(), error.to_string())
    }
}

#[cfg(feature = "embedding")]
impl From<CompressError> for Thrown {
    #[cold]
    #[inline(never)]
    fn from(error: CompressError) -> Self {
        Self::of("EmbeddingError", error.code(), error.to_string())
    }
}

#[cfg(feature = "embedding")]
impl From<ModelError> for Thrown {
    #[cold]
    #[inline(never)]
    fn from(error: ModelError) -> Self {
        let mut thrown = Self::of("EmbeddingError", error.code(), error.to_string());
        thrown.0.details = vec![("file", error.file().into())];
        thrown
    }
}

#[cfg(feature = "embedding")]
impl From<EmbeddingError> for Thrown {
    #[cold]
    #[inline(never)]
    fn from(error: EmbeddingError) -> Self {
        let mut thrown = Self::of("EmbeddingError", error.code(), error.to_string());
        let mut details = vec![("errorClass", error.class().map(ErrorClass::name).into())];
        if let EmbeddingError::Provider(error) = &error {
            details.extend([
                ("provider", JsValue::from_str(&error.provider)),
                ("model", JsValue::from_str(&error.model)),
                ("status", error.status.into()),
                ("providerCode", error.code.as_ref().map(Identifier::as_str).into()),
                ("requestId", error.request_id.as_ref().map(Identifier::as_str).into()),
                ("retryAfter", error.retry_after.map(|after| after.as_secs_f64()).into()),
                ("attempts", error.attempts.into()),
            ]);
        }
        thrown.0.details = details;
        thrown
    }
}

#[cfg(feature = "embedding")]
impl Thrown {
    /// The same, about one item of a list.
    pub(crate) fn at(mut self, index: usize) -> Self {
        self.0.index = u32::try_from(index).ok();
        self
    }
}

#[cfg(feature = "tokens")]
impl From<TokenError> for Thrown {
    #[cold]
    #[inline(never)]
    fn from(error: TokenError) -> Self {
        Self::of("EmbeddingError", error.code(), error.to_string())
    }
}

#[cfg(any(feature = "consensus", feature = "simulation"))]
impl From<ConsensusError> for Thrown {
    #[cold]
    #[inline(never)]
    fn from(error: ConsensusError) -> Self {
        Self::of("ConsensusError", error.code(), error.to_string())
    }
}

#[cfg(feature = "simulation")]
impl From<Violation> for Thrown {
    #[cold]
    #[inline(never)]
    fn from(violation: Violation) -> Self {
        Self::of("ConsensusError", Violation::CODE, violation.to_string())
    }
}

impl From<Thrown> for JsValue {
    #[cold]
    #[inline(never)]
    fn from(thrown: Thrown) -> Self {
        let fault = *thrown.0;
        let error = make_error(fault.class, fault.code, &fault.message, fault.index);
        #[cfg(feature = "embedding")]
        for (name, value) in fault.details.into_iter().filter(|(_, value)| !value.is_undefined()) {
            js_sys::Reflect::set(&error, &name.into(), &value)
                .expect("an error that was just made takes any property");
        }
        error
    }
}

#[wasm_bindgen(module = "/typescript/shared/error.js")]
extern "C" {
    #[wasm_bindgen(js_name = makeError)]
    fn make_error(class: &str, code: &str, message: &str, index: Option<u32>) -> JsValue;
}
