//! What can go wrong between a text and its vector.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrysalis_crypto::CryptoError;
use chrysalis_journal::JournalError;

use crate::model::ModelError;

/// Why there is no vector. No variant holds a text, a key or a byte of an answer, except the two short identifiers of
/// [`ProviderError`], which are left out when they occur in a text that was sent.
///
/// [`code`](Self::code) is stable and is what callers in every language branch on.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum EmbeddingError {
    /// A setting cannot be used.
    InvalidConfig(&'static str),
    /// A provider needs a key and none was given.
    MissingKey {
        /// The provider's name.
        provider: &'static str,
    },
    /// No provider could be built.
    NoProvider,
    /// A provider failed, after all its retries.
    Provider(Box<ProviderError>),
    /// A vector does not have the length of its space.
    DimensionMismatch {
        /// Components of the space.
        expected: usize,
        /// Components of the vector.
        actual: usize,
        /// Who made the vector.
        provider: Arc<str>,
        /// With which model.
        model: Arc<str>,
    },
    /// Vectors of two spaces were to be compared.
    SpaceMismatch,
    /// A component is NaN or infinite.
    NotFinite {
        /// Which component.
        index: usize,
    },
    /// The provider takes no empty text.
    EmptyText,
    /// The text has more tokens than the provider takes.
    TextTooLong {
        /// Tokens of the text.
        tokens: usize,
        /// Tokens that one text may have.
        limit: usize,
    },
    /// The text has more bytes than the service takes.
    TextTooLarge {
        /// Bytes of the text.
        bytes: usize,
        /// Bytes that one text may have.
        limit: usize,
    },
    /// More texts wait than the service holds.
    Overloaded {
        /// How many may wait.
        limit: usize,
    },
    /// The caller's deadline passed before any request with the text was sent.
    QueueTimeout {
        /// How long it waited.
        waited: Duration,
    },
    /// The caller's deadline passed while a request was under way or waited to be repeated.
    DeadlineExceeded,
    /// The caller went away.
    Cancelled,
    /// The service was closed.
    Closed,
    /// The process forked while another thread held the service. Make a new one.
    Forked,
    /// A thread could not be started.
    NoThread,
    /// Bytes that should be a space or a cached vector are not.
    Malformed(&'static str),
    /// The local model cannot be loaded.
    Model(ModelError),
    /// The cache on disk failed.
    Cache(JournalError),
    /// A key could not be kept.
    Crypto(CryptoError),
}

/// Which kind of failure: the classes that callers handle differently.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum ErrorClass {
    /// The key is wrong or may not do this: 401, 403.
    Authentication,
    /// Too many requests: 429.
    RateLimit,
    /// The account has nothing left: 402, or the code `insufficient_quota`.
    Quota,
    /// The server or our own deadline gave up: 408, deadline.
    Timeout,
    /// The server is down or cannot be reached: 5xx, connections, an open circuit.
    Network,
    /// Everything else: other 4xx, answers that cannot be read or are empty.
    Provider,
}

impl ErrorClass {
    /// All classes, in the order of their declaration.
    pub const ALL: [Self; 6] =
        [Self::Authentication, Self::RateLimit, Self::Quota, Self::Timeout, Self::Network, Self::Provider];

    /// The name in metrics and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::RateLimit => "rate-limit",
            Self::Quota => "quota",
            Self::Timeout => "timeout",
            Self::Network => "network",
            Self::Provider => "provider",
        }
    }
}

/// What exactly a provider or the way to it did.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Problem {
    /// An error status; see [`ProviderError::status`].
    Status,
    /// No connection.
    Connect,
    /// No connection within its deadline.
    ConnectTimeout,
    /// The connection ended or broke before the answer was whole.
    Interrupted,
    /// The deadline of an attempt passed.
    AttemptTimeout,
    /// The circuit is open after repeated failures; nothing was sent.
    CircuitOpen,
    /// The answer is larger than any answer to this request can be.
    AnswerTooLarge,
    /// The answer is compressed, which was not asked for.
    Compressed,
    /// The answer is not the JSON that was expected.
    Unreadable,
    /// The answer holds no vectors.
    NoData,
    /// The answer holds more or fewer vectors than texts, or places two at one index.
    WrongCount,
    /// A component is NaN or infinite, or does not fit 32 bits.
    NotFinite,
    /// The vectors of an answer differ in length.
    UnequalLengths,
    /// The request could not be written: a base address or a header that is none.
    BadRequest,
    /// The engine in this process failed.
    Engine,
}

impl Problem {
    /// In words.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Status => "the server answered with an error",
            Self::Connect => "no connection",
            Self::ConnectTimeout => "no connection within the deadline",
            Self::Interrupted => "the connection broke before the answer was whole",
            Self::AttemptTimeout => "no answer within the deadline",
            Self::CircuitOpen => "the circuit is open after repeated failures",
            Self::AnswerTooLarge => "the answer is larger than it can be",
            Self::Compressed => "the answer is compressed",
            Self::Unreadable => "the answer is not the expected JSON",
            Self::NoData => "No embedding data received",
            Self::WrongCount => "the answer does not hold one vector per text",
            Self::NotFinite => "a component of the answer is not a finite number",
            Self::UnequalLengths => "the vectors of the answer differ in length",
            Self::BadRequest => "the request cannot be written",
            Self::Engine => "the engine failed",
        }
    }
}

/// A provider's failure, as it is told to the caller.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderError {
    /// The class.
    pub class: ErrorClass,
    /// What happened.
    pub problem: Problem,
    /// The provider's name.
    pub provider: Arc<str>,
    /// The model's name.
    pub model: Arc<str>,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// The provider's own code.
    pub code: Option<Identifier>,
    /// The provider's name for the request.
    pub request_id: Option<Identifier>,
    /// How long the provider asked to wait.
    pub retry_after: Option<Duration>,
    /// Requests sent for this text to this provider; 0 when none was.
    pub attempts: u32,
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed ({}): ", self.provider, self.class.name())?;
        match self.status {
            Some(status) if self.problem == Problem::Status => write!(f, "HTTP status {status}")?,
            _ => f.write_str(self.problem.text())?,
        }
        match self.attempts {
            0 | 1 => Ok(()),
            attempts => write!(f, ", after {attempts} attempts"),
        }
    }
}

/// A short name that a server gave: at most 128 letters, digits and `-_.:`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Identifier(Box<str>);

impl Identifier {
    /// Longest name, in bytes.
    pub const MAX_LENGTH: usize = 128;

    /// The name, unless it is empty, too long or has other characters.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        let is_name = !name.is_empty() && name.len() <= Self::MAX_LENGTH && name.bytes().all(is_allowed);
        is_name.then(|| Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl EmbeddingError {
    /// Every code that [`code`](Self::code) can give.
    pub const CODES: &'static [&'static str] = &[
        "embedding/invalid-config",
        "embedding/missing-key",
        "embedding/no-provider",
        "embedding/authentication",
        "embedding/rate-limit",
        "embedding/quota",
        "embedding/timeout",
        "embedding/network",
        "embedding/provider",
        "embedding/dimension-mismatch",
        "embedding/space-mismatch",
        "embedding/not-finite",
        "embedding/empty-text",
        "embedding/text-too-long",
        "embedding/text-too-large",
        "embedding/overloaded",
        "embedding/queue-timeout",
        "embedding/deadline-exceeded",
        "embedding/cancelled",
        "embedding/closed",
        "embedding/forked",
        "embedding/no-thread",
        "embedding/malformed",
        "embedding/model",
        "embedding/cache",
        "embedding/crypto",
    ];

    /// A stable name to branch on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidConfig(_) => "embedding/invalid-config",
            Self::MissingKey { .. } => "embedding/missing-key",
            Self::NoProvider => "embedding/no-provider",
            Self::Provider(error) => match error.class {
                ErrorClass::Authentication => "embedding/authentication",
                ErrorClass::RateLimit => "embedding/rate-limit",
                ErrorClass::Quota => "embedding/quota",
                ErrorClass::Timeout => "embedding/timeout",
                ErrorClass::Network => "embedding/network",
                ErrorClass::Provider => "embedding/provider",
            },
            Self::DimensionMismatch { .. } => "embedding/dimension-mismatch",
            Self::SpaceMismatch => "embedding/space-mismatch",
            Self::NotFinite { .. } => "embedding/not-finite",
            Self::EmptyText => "embedding/empty-text",
            Self::TextTooLong { .. } => "embedding/text-too-long",
            Self::TextTooLarge { .. } => "embedding/text-too-large",
            Self::Overloaded { .. } => "embedding/overloaded",
            Self::QueueTimeout { .. } => "embedding/queue-timeout",
            Self::DeadlineExceeded => "embedding/deadline-exceeded",
            Self::Cancelled => "embedding/cancelled",
            Self::Closed => "embedding/closed",
            Self::Forked => "embedding/forked",
            Self::NoThread => "embedding/no-thread",
            Self::Malformed(_) => "embedding/malformed",
            Self::Model(_) => "embedding/model",
            Self::Cache(_) => "embedding/cache",
            Self::Crypto(_) => "embedding/crypto",
        }
    }

    /// The class that a caller of a provider sees; `None` for what is no provider's failure.
    #[must_use]
    pub fn class(&self) -> Option<ErrorClass> {
        match self {
            Self::Provider(error) => Some(error.class),
            Self::QueueTimeout { .. } | Self::DeadlineExceeded => Some(ErrorClass::Timeout),
            Self::EmptyText
            | Self::TextTooLong { .. }
            | Self::TextTooLarge { .. }
            | Self::NotFinite { .. } => Some(ErrorClass::Provider),
            _ => None,
        }
    }
}

impl fmt::Display for EmbeddingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidConfig(what) => write!(f, "invalid configuration: {what}"),
            Self::MissingKey { provider } => write!(f, "{provider} needs an API key"),
            Self::NoProvider => f.write_str("no embedding provider available"),
            Self::Provider(error) => error.fmt(f),
            Self::DimensionMismatch { expected, actual, provider, model } => write!(
                f,
                "Dimension mismatch: expected {expected} dimensions from {provider} ({model}), got {actual}"
            ),
            Self::SpaceMismatch => f.write_str("vectors of different embedding spaces cannot be compared"),
            Self::NotFinite { index } => write!(f, "component {index} of the vector is not a finite number"),
            Self::EmptyText => f.write_str("the provider takes no empty text"),
            Self::TextTooLong { tokens, limit } => {
                write!(f, "the text has {tokens} tokens, the provider takes {limit}")
            }
            Self::TextTooLarge { bytes, limit } => {
                write!(f, "the text has {bytes} bytes, at most {limit} are taken")
            }
            Self::Overloaded { limit } => write!(f, "{limit} texts wait already"),
            Self::QueueTimeout { waited } => {
                write!(f, "nothing was sent before the deadline, after {} ms", waited.as_millis())
            }
            Self::DeadlineExceeded => f.write_str("no answer before the deadline"),
            Self::Cancelled => f.write_str("the call was cancelled"),
            Self::Closed => f.write_str("the service is closed"),
            Self::Forked => f.write_str("the process forked while the service was in use; make a new one"),
            Self::NoThread => f.write_str("the thread for requests could not be started"),
            Self::Malformed(what) => write!(f, "malformed: {what}"),
            Self::Model(error) => write!(f, "the local model cannot be loaded: {error}"),
            Self::Cache(error) => write!(f, "the cache on disk failed: {error}"),
            Self::Crypto(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for EmbeddingError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Model(error) => Some(error),
            Self::Cache(error) => Some(error),
            Self::Crypto(error) => Some(error),
            _ => None,
        }
    }
}

impl From<CryptoError> for EmbeddingError {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}

impl From<ModelError> for EmbeddingError {
    fn from(error: ModelError) -> Self {
        Self::Model(error)
    }
}

impl From<JournalError> for EmbeddingError {
    fn from(error: JournalError) -> Self {
        Self::Cache(error)
    }
}

/// The class that the replaced providers gave a failure by its text (contract 1.8), kept for exceptions that have
/// nothing but a text and for the switch `error_classification="text"`. Case is ignored; the first match wins.
#[must_use]
pub fn classify_text(text: &str) -> ErrorClass {
    let text = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["401", "unauthorized", "403", "forbidden"]) {
        ErrorClass::Authentication
    } else if has(&["429", "rate limit"]) {
        ErrorClass::RateLimit
    } else if has(&["timeout", "timed out"]) {
        ErrorClass::Timeout
    } else if has(&["quota", "insufficient"]) {
        ErrorClass::Quota
    } else if has(&["network", "connection"]) {
        ErrorClass::Network
    } else {
        ErrorClass::Provider
    }
}

/// As [`classify_text`], with the one word that the replaced service added: `authentication`.
#[must_use]
pub fn classify_service_text(text: &str) -> ErrorClass {
    if text.to_lowercase().contains("authentication") {
        return ErrorClass::Authentication;
    }
    classify_text(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider_error(class: ErrorClass) -> EmbeddingError {
        EmbeddingError::Provider(Box::new(ProviderError {
            class,
            problem: Problem::Status,
            provider: "openai".into(),
            model: "m".into(),
            status: Some(500),
            code: None,
            request_id: None,
            retry_after: None,
            attempts: 3,
        }))
    }

    #[test]
    fn every_code_is_listed_once() {
        let mut codes = EmbeddingError::CODES.to_vec();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), EmbeddingError::CODES.len());
        for class in ErrorClass::ALL {
            let error = provider_error(class);
            assert_eq!(error.code(), format!("embedding/{}", class.name()));
            assert!(codes.contains(&error.code()));
            assert_eq!(error.class(), Some(class));
        }
    }

    /// Contract 1.2.
    #[test]
    fn a_mismatch_says_what_the_contract_says() {
        let error = EmbeddingError::DimensionMismatch {
            expected: 10,
            actual: 15,
            provider: "openai".into(),
            model: "text-embedding-3-large".into(),
        };
        let text = "Dimension mismatch: expected 10 dimensions from openai (text-embedding-3-large), got 15";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn a_provider_error_names_status_and_attempts() {
        let text = "openai failed (network): HTTP status 500, after 3 attempts";
        assert_eq!(provider_error(ErrorClass::Network).to_string(), text);
    }

    /// Contract 1.8, the old rule with its measured consequences.
    #[test]
    fn texts_are_classified_as_they_were() {
        let cases = [
            ("Error code: 400 - you requested 14012 tokens", ErrorClass::Authentication),
            ("Error code: 403", ErrorClass::Authentication),
            ("Error code: 429 - insufficient_quota", ErrorClass::RateLimit),
            ("Request timed out.", ErrorClass::Timeout),
            ("You exceeded your current QUOTA", ErrorClass::Quota),
            ("Connection error.", ErrorClass::Network),
            ("Error code: 503", ErrorClass::Provider),
            ("authentication failed", ErrorClass::Provider),
        ];
        for (text, class) in cases {
            assert_eq!(classify_text(text), class, "{text}");
        }
        assert_eq!(classify_service_text("Authentication failed"), ErrorClass::Authentication);
        assert_eq!(classify_service_text("Connection error."), ErrorClass::Network);
    }

    #[test]
    fn identifiers_are_short_and_plain() {
        assert!(Identifier::new("req_0123456789abcdef").is_some());
        assert!(Identifier::new("").is_none());
        assert!(Identifier::new("two words").is_none());
        assert!(Identifier::new(&"a".repeat(129)).is_none());
    }
}
