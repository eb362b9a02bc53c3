//! The transport for native programs, on `reqwest`: rustls with `ring`, the system's certificates, proxies from the
//! environment, no redirects, no decompression.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use chrysalis_crypto::api_keys::ApiKey;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tower_layer::Layer;
use tower_service::Service;
use zeroize::Zeroizing;

use crate::error::EmbeddingError;
use crate::port::BoxFuture;
use crate::provider::ConnectClock;
use crate::provider::headers::Headers;
use crate::provider::http::{HttpRequest, HttpResponse, MAX_ERROR_BYTES, Transport, TransportError};

/// What is set for connections.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ClientSettings {
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// Idle connections kept per host.
    pub max_idle_per_host: usize,
    /// How long an idle connection is kept.
    pub idle_timeout: Duration,
    /// Whether `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are heeded.
    pub uses_proxies: bool,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            max_idle_per_host: 64,
            idle_timeout: Duration::from_secs(90),
            uses_proxies: true,
        }
    }
}

/// Sends requests over the network. Connections belong to the tokio runtime on which they are used.
#[derive(Clone, Debug)]
pub struct Client {
    client: reqwest::Client,
}

impl Client {
    /// A client with these settings. Certificates are checked by the system's rules; on a system without any
    /// certificates of its own, by Mozilla's.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`] when TLS cannot be set up.
    pub fn new(settings: &ClientSettings) -> Result<Self, EmbeddingError> {
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls_config()?)
            .user_agent(concat!("chrysalis-embedding/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(settings.connect_timeout)
            .pool_max_idle_per_host(settings.max_idle_per_host)
            .pool_idle_timeout(settings.idle_timeout)
            .tcp_nodelay(true)
            .connector_layer(Timed);
        if !settings.uses_proxies {
            builder = builder.no_proxy();
        }
        let client =
            builder.build().map_err(|_| EmbeddingError::InvalidConfig("no HTTP client can be made"))?;
        Ok(Self { client })
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let mut builder = self
            .client
            .post(&*request.url)
            .timeout(request.timeout)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(key) = &request.key {
            builder = builder.header(AUTHORIZATION, authorization(key)?);
        }
        for (name, value) in request.headers {
            let value = HeaderValue::try_from(value).map_err(|_| TransportError::BadRequest)?;
            builder = builder.header(HeaderName::from_static(name), value);
        }
        let mut response = builder.body(request.body).send().await.map_err(|error| kind_of(&error))?;
        let status = response.status().as_u16();
        let mut headers = Headers::default();
        for (name, value) in response.headers() {
            headers.insert(name.as_str(), value.as_bytes());
        }
        let is_good = (200..300).contains(&status);
        let limit = if is_good { request.max_response_bytes } else { MAX_ERROR_BYTES };
        let announced = response.content_length().unwrap_or(0);
        if is_good && announced > limit as u64 {
            return Err(TransportError::TooLarge);
        }
        let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(limit).min(limit));
        while let Some(chunk) = response.chunk().await.map_err(|error| kind_of(&error))? {
            if chunk.len() > limit - body.len() {
                if is_good {
                    return Err(TransportError::TooLarge);
                }
                // The rest of an error says nothing more.
                body.extend_from_slice(&chunk[..limit - body.len()]);
                break;
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpResponse { status, headers, body })
    }
}

impl Transport for Client {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        let clock = request.connecting.clone();
        Box::pin(CONNECTING.scope(clock, self.exchange(request)))
    }
}

tokio::task_local! {
    /// Where the request that runs here tells how long it connects.
    static CONNECTING: Option<ConnectClock>;
}

/// Times the making of connections: name, proxy, TCP and TLS.
#[derive(Clone, Debug)]
struct Timed;

impl<S> Layer<S> for Timed {
    type Service = TimedService<S>;

    fn layer(&self, inner: S) -> TimedService<S> {
        TimedService(inner)
    }
}

#[derive(Clone, Debug)]
struct TimedService<S>(S);

impl<S, R> Service<R> for TimedService<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = TimedFuture<S::Response, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let clock = CONNECTING.try_with(Clone::clone).ok().flatten();
        TimedFuture { inner: Box::pin(self.0.call(request)), clock }
    }
}

/// A connection being made. A request that meanwhile gets one that another request gave back leaves it to a task of its own, on which
/// it is no longer that request's time.
struct TimedFuture<T, E> {
    inner: Pin<Box<dyn Future<Output = Result<T, E>> + Send>>,
    clock: Option<ConnectClock>,
}

impl<T, E> Future for TimedFuture<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(clock) = &self.clock {
            if CONNECTING.try_with(|_| ()).is_ok() {
                clock.begin();
            } else {
                clock.end();
                self.clock = None;
            }
        }
        let polled = self.inner.as_mut().poll(context);
        if polled.is_ready()
            && let Some(clock) = self.clock.take()
        {
            clock.end();
        }
        polled
    }
}

impl<T, E> Drop for TimedFuture<T, E> {
    fn drop(&mut self) {
        if let Some(clock) = self.clock.take() {
            clock.end();
        }
    }
}

/// The header, in memory that is wiped when the last of its owners lets go. What the HTTP library and the system copy from
/// it on its way into the connection is theirs.
fn authorization(key: &Arc<ApiKey>) -> Result<HeaderValue, TransportError> {
    let text = key.expose(|bytes| {
        let mut text = Zeroizing::new(Vec::with_capacity(7 + bytes.len()));
        text.extend_from_slice(b"Bearer ");
        text.extend_from_slice(bytes);
        text
    });
    let shared = Bytes::from_owner(text);
    let mut value = HeaderValue::from_maybe_shared(shared).map_err(|_| TransportError::BadRequest)?;
    value.set_sensitive(true);
    Ok(value)
}

fn kind_of(error: &reqwest::Error) -> TransportError {
    match (error.is_connect(), error.is_timeout()) {
        (true, true) => TransportError::ConnectTimeout,
        (true, false) => TransportError::Connect,
        (false, true) => TransportError::Timeout,
        (false, false) if error.is_builder() => TransportError::BadRequest,
        (false, false) => TransportError::Interrupted,
    }
}

fn tls_config() -> Result<ClientConfig, EmbeddingError> {
    let failed = |_| EmbeddingError::InvalidConfig("TLS cannot be set up");
    let provider: Arc<CryptoProvider> = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        || ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let mut config = match builder().map_err(failed)?.with_platform_verifier() {
        Ok(builder) => builder.with_no_client_auth(),
        // A container without certificates.
        Err(_) => {
            let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            builder().map_err(failed)?.with_root_certificates(roots).with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_holds_the_key_and_does_not_show_it() {
        let key = Arc::new(ApiKey::new("sk-secret".to_owned()).unwrap());
        let value = authorization(&key).unwrap();
        assert_eq!(value.as_bytes(), b"Bearer sk-secret");
        assert!(!format!("{value:?}").contains("secret"));
    }

    #[test]
    fn a_client_needs_no_provider_of_the_process() {
        assert!(Client::new(&ClientSettings::default()).is_ok());
        assert!(CryptoProvider::get_default().is_none(), "and installs none");
    }
}
