//! Requests and answers as values, and the adapter that makes a provider out of a protocol and a transport.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrysalis_crypto::api_keys::ApiKey;

use crate::error::{EmbeddingError, ErrorClass, Identifier, Problem};
use crate::port::{BoxFuture, Runtime, Shared};
use crate::provider::failure::{Classification, Failure, class_of};
use crate::provider::headers::Headers;
use crate::provider::{ConnectClock, EmbedRequest, EmbeddingProvider, Limits, Reply, wire};
use crate::space::Space;

/// A POST with a JSON body.
#[derive(Clone)]
pub struct HttpRequest {
    /// Where to.
    pub url: Arc<str>,
    /// Goes into `authorization: Bearer …`.
    pub key: Option<Arc<ApiKey>>,
    /// Further headers beside `content-type`, `accept` and `accept-encoding: identity`.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Bytes that no answer exceeds; a transport stops reading there.
    pub max_response_bytes: usize,
    /// How long the answer may take, connecting included.
    pub timeout: Duration,
    /// Where to tell how long connecting takes.
    pub connecting: Option<ConnectClock>,
}

impl fmt::Debug for HttpRequest {
    /// Without body and key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("url", &self.url)
            .field("body_bytes", &self.body.len())
            .field("max_response_bytes", &self.max_response_bytes)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// An answer.
#[derive(Clone)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The headers that are wanted.
    pub headers: Headers,
    /// The body; of an error, at most [`MAX_ERROR_BYTES`].
    pub body: Vec<u8>,
}

impl fmt::Debug for HttpResponse {
    /// Without the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// Bytes of an error answer that are read; the rest is left.
pub const MAX_ERROR_BYTES: usize = 64 << 10;

/// Bytes of any answer.
pub const MAX_ANSWER_BYTES: usize = 256 << 20;

/// Carries requests: `reqwest` natively, `fetch` in a browser.
///
/// It follows no redirect, decompresses nothing, repeats nothing and stops reading at the request's limit.
/// Dropping the future ends the request.
pub trait Transport: Shared {
    /// Sends one request.
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>>;
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TransportError {
    /// No connection.
    Connect,
    /// No connection within its deadline.
    ConnectTimeout,
    /// No answer within the request's deadline.
    Timeout,
    /// The connection broke before the answer was whole.
    Interrupted,
    /// The answer exceeds the limit.
    TooLarge,
    /// The request could not be written.
    BadRequest,
}

impl TransportError {
    fn failure(self) -> Failure {
        match self {
            Self::Connect => Failure::new(ErrorClass::Network, Problem::Connect),
            Self::ConnectTimeout => Failure::new(ErrorClass::Timeout, Problem::ConnectTimeout),
            Self::Timeout => Failure::new(ErrorClass::Timeout, Problem::AttemptTimeout),
            Self::Interrupted => Failure::new(ErrorClass::Network, Problem::Interrupted),
            Self::TooLarge => Failure::answer(Problem::AnswerTooLarge),
            Self::BadRequest => Failure::answer(Problem::BadRequest),
        }
    }
}

/// How one provider's requests and answers look. All of it is pure.
pub trait Protocol: Shared {
    /// The provider's name.
    fn name(&self) -> &str;

    /// The model's name.
    fn model(&self) -> &str;

    /// Components of a vector, where they are known before the first answer.
    fn dimensions(&self) -> Option<usize>;

    /// The space of vectors of this length.
    ///
    /// # Errors
    /// As [`Space::new`].
    fn space(&self, dimensions: usize) -> Result<Space, EmbeddingError>;

    /// What one request may hold.
    fn limits(&self) -> Limits;

    /// Tokens of a text.
    fn count_tokens(&self, text: &str) -> usize;

    /// US dollars for a thousand tokens.
    fn price_per_1k_tokens(&self) -> f64 {
        0.0
    }

    /// Where to, with which further headers, and the body.
    fn request(&self, request: &EmbedRequest) -> Outgoing;

    /// The key, if one is sent.
    fn key(&self) -> Option<Arc<ApiKey>> {
        None
    }

    /// Bytes that the answer for `count` texts cannot exceed, headers aside.
    fn max_response_bytes(&self, count: usize) -> usize {
        let dimensions = self.dimensions().unwrap_or(8192);
        max_response_bytes(count, dimensions)
    }

    /// The vectors and counted tokens in the body of a good answer.
    ///
    /// # Errors
    /// What is wrong with it.
    fn read(&self, request: &EmbedRequest, body: &[u8]) -> Result<(Vec<Vec<f32>>, Option<u64>), Failure>;

    /// Looks at an error answer that the rules for all have turned into a failure.
    fn refine(&self, _request: &EmbedRequest, _response: &HttpResponse, _failure: &mut Failure) {}
}

/// What a protocol says about a request.
pub struct Outgoing {
    /// Where to.
    pub url: Arc<str>,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Room for numbers as JSON writes them, indented or not, and for what is around them.
#[must_use]
pub fn max_response_bytes(count: usize, dimensions: usize) -> usize {
    let vector = dimensions.saturating_mul(40).saturating_add(1024);
    count.saturating_mul(vector).saturating_add(64 << 10).min(MAX_ANSWER_BYTES)
}

/// Turns an answer into a reply or a failure.
///
/// # Errors
/// The failure that the status or the body makes it.
pub fn decode_response(
    protocol: &dyn Protocol,
    request: &EmbedRequest,
    response: &HttpResponse,
    classification: Classification,
    unix_now: Duration,
) -> Result<Reply, Failure> {
    let key = protocol.key();
    let identifier = |name: Option<Identifier>| {
        name.filter(|name| !occurs_in(name, request) && !is_of_key(name, key.as_deref()))
    };
    let request_id = identifier(response.headers.find("x-request-id").and_then(Identifier::new));
    let rate = response.headers.rate();
    let mut failure = if (200..300).contains(&response.status) {
        let encoding = response.headers.find("content-encoding").unwrap_or("identity");
        let read = if encoding.eq_ignore_ascii_case("identity") {
            protocol.read(request, &response.body)
        } else {
            Err(Failure::answer(Problem::Compressed))
        };
        match read {
            Ok((vectors, tokens)) => {
                return Ok(Reply {
                    vectors,
                    tokens,
                    request_id,
                    rate,
                    bytes_sent: 0,
                    bytes_received: response.body.len() as u64,
                });
            }
            Err(failure) => failure,
        }
    } else {
        let body = wire::read_error(&response.body);
        let class = class_of(response.status, body.is_quota, &response.body, classification);
        Failure {
            code: identifier(body.code),
            retry_after: response.headers.retry_after(unix_now),
            should_retry: response.headers.should_retry(),
            is_quota: body.is_quota,
            is_about_request: body.is_about_request,
            rejected_text: body.rejected_text.filter(|index| *index < request.texts.len()),
            ..Failure::new(class, Problem::Status)
        }
    };
    failure.status = Some(response.status);
    failure.request_id = request_id;
    failure.rate = Box::new(rate);
    protocol.refine(request, response, &mut failure);
    Err(failure)
}

/// Whether a server's identifier is a piece of what was sent, in which case it is not repeated to anyone.
fn occurs_in(name: &Identifier, request: &EmbedRequest) -> bool {
    request.texts.iter().any(|text| text.contains(name.as_str()))
}

/// Whether it is a piece of the key, or the key a piece of it.
fn is_of_key(name: &Identifier, key: Option<&ApiKey>) -> bool {
    let holds = |whole: &[u8], part: &[u8]| whole.windows(part.len().max(1)).any(|window| window == part);
    let name = name.as_str().as_bytes();
    key.is_some_and(|key| key.expose(|key| holds(key, name) || holds(name, key)))
}

/// A provider that speaks a protocol over a transport.
pub struct HttpProvider {
    protocol: Box<dyn Protocol>,
    transport: Arc<dyn Transport>,
    runtime: Arc<dyn Runtime>,
    classification: Classification,
    space: OnceLock<Arc<Space>>,
}

impl HttpProvider {
    /// The provider.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`] when the protocol's names make no space.
    pub fn new(
        protocol: impl Protocol,
        transport: Arc<dyn Transport>,
        runtime: Arc<dyn Runtime>,
    ) -> Result<Self, EmbeddingError> {
        let known = OnceLock::new();
        // Whatever the length will be, the names must do.
        let space = protocol.space(protocol.dimensions().unwrap_or(1))?;
        if protocol.dimensions().is_some() {
            known.get_or_init(|| Arc::new(space));
        }
        let classification = Classification::Status;
        Ok(Self { protocol: Box::new(protocol), transport, runtime, classification, space: known })
    }

    /// The same with another way to classify failures.
    #[must_use]
    pub fn with_classification(mut self, classification: Classification) -> Self {
        self.classification = classification;
        self
    }

    async fn exchange(&self, request: EmbedRequest) -> Result<Reply, Failure> {
        let Outgoing { url, headers, body } = self.protocol.request(&request);
        let bytes_sent = body.len() as u64;
        let sent = HttpRequest {
            url,
            key: self.protocol.key(),
            headers,
            body,
            max_response_bytes: self.protocol.max_response_bytes(request.texts.len()),
            timeout: request.timeout,
            connecting: Some(ConnectClock::new(request.connecting.clone(), Arc::clone(&self.runtime))),
        };
        let response = self.transport.send(sent).await.map_err(TransportError::failure)?;
        let now = self.runtime.now().unix;
        let reply = decode_response(&*self.protocol, &request, &response, self.classification, now)?;
        if self.space.get().is_none()
            && let Some(first) = reply.vectors.first()
            && let Ok(space) = self.protocol.space(first.len())
        {
            self.space.get_or_init(|| Arc::new(space));
        }
        Ok(Reply { bytes_sent, ..reply })
    }
}

impl fmt::Debug for HttpProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpProvider")
            .field("name", &self.protocol.name())
            .field("model", &self.protocol.model())
            .finish_non_exhaustive()
    }
}

impl EmbeddingProvider for HttpProvider {
    fn name(&self) -> &str {
        self.protocol.name()
    }

    fn model(&self) -> &str {
        self.protocol.model()
    }

    fn space(&self) -> Option<Arc<Space>> {
        self.space.get().cloned()
    }

    fn limits(&self) -> Limits {
        self.protocol.limits()
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.protocol.count_tokens(text)
    }

    fn price_per_1k_tokens(&self) -> f64 {
        self.protocol.price_per_1k_tokens()
    }

    fn embed(&self, request: EmbedRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        Box::pin(self.exchange(request))
    }
}

/// A base address, checked: `http` or `https`, a host, no user, query or fragment; without a slash at the end.
///
/// # Errors
/// [`EmbeddingError::InvalidConfig`].
pub fn parse_base(base: &str) -> Result<&str, EmbeddingError> {
    let rest = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"));
    let rest = rest.ok_or(EmbeddingError::InvalidConfig("base address is not http or https"))?;
    let host = rest.split('/').next().unwrap_or_default();
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}?#@".contains(&byte);
    if host.is_empty() || !rest.bytes().all(is_plain) || base.len() > 2048 {
        return Err(EmbeddingError::InvalidConfig("base address is not a plain address"));
    }
    Ok(base.trim_end_matches('/'))
}

/// A model's name, checked: letters, digits and `-_.:/@`, at most 200, no `..`.
///
/// # Errors
/// [`EmbeddingError::InvalidConfig`].
pub fn parse_model(model: &str) -> Result<&str, EmbeddingError> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/@".contains(&byte);
    let is_name =
        !model.is_empty() && model.len() <= 200 && model.bytes().all(is_allowed) && !model.contains("..");
    is_name.then_some(model).ok_or(EmbeddingError::InvalidConfig("model name"))
}

/// A key that may stand in a header: visible ASCII, not empty.
///
/// # Errors
/// [`EmbeddingError::InvalidConfig`].
pub fn check_key(key: &ApiKey) -> Result<(), EmbeddingError> {
    let is_usable = key.expose(|bytes| !bytes.is_empty() && bytes.iter().all(u8::is_ascii_graphic));
    is_usable
        .then_some(())
        .ok_or(EmbeddingError::InvalidConfig("API key has characters that no header may have"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_addresses_are_plain() {
        assert_eq!(parse_base("https://api.openai.com/v1/").unwrap(), "https://api.openai.com/v1");
        assert_eq!(parse_base("http://localhost:11434").unwrap(), "http://localhost:11434");
        for bad in [
            "",
            "ftp://x",
            "https://",
            "https:///v1",
            "http://a b",
            "http://u:p@h",
            "http://h/?q",
            "http://h#f",
            "http://h\n",
        ] {
            assert!(parse_base(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn model_names_stay_in_their_place() {
        assert!(parse_model("sentence-transformers/all-MiniLM-L6-v2").is_ok());
        assert!(parse_model("snowflake-arctic-embed:335m").is_ok());
        for bad in ["", "../secret", "a b", "a?b", "a\"b", &"x".repeat(201)] {
            assert!(parse_model(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn keys_must_fit_a_header() {
        let check = |text: &str| check_key(&ApiKey::new(text.to_owned()).unwrap());
        assert!(check("sk-plain").is_ok());
        for bad in ["", "two words", "line\r\nx-evil: 1", "schlüssel"] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn nothing_sensitive_is_shown() {
        let request = HttpRequest {
            url: "http://h".into(),
            key: Some(Arc::new(ApiKey::new("sk-secret".to_owned()).unwrap())),
            headers: Vec::new(),
            body: b"private".to_vec(),
            max_response_bytes: 1,
            timeout: Duration::ZERO,
            connecting: None,
        };
        let shown = format!("{request:?}");
        assert!(!shown.contains("secret") && !shown.contains("private"));
    }
}
