//! Requests over the host's `fetch`, and providers that the host brings.

use std::sync::Arc;

use chrysalis_embedding::error::{ErrorClass, Problem};
use chrysalis_embedding::port::BoxFuture;
use chrysalis_embedding::provider::headers::{Headers, WANTED};
use chrysalis_embedding::provider::http::MAX_ERROR_BYTES;
use chrysalis_embedding::provider::{
    EmbedRequest, EmbeddingProvider, Failure, Form, HttpRequest, HttpResponse, Limits, Reply, Transport,
    TransportError,
};
use chrysalis_embedding::space::Space;
use js_sys::{Array, Float32Array, Function, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

use super::runtime::ask;
use crate::convert::{self, object};
use crate::wasm::memory::scrubbed;

/// Carries requests with a function of the package's, `typescript/embedding/transport.js`.
pub(super) struct HostTransport(pub(super) Function);

impl Transport for HostTransport {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        Box::pin(async move {
            let headers = Array::new();
            for (name, value) in &request.headers {
                headers.push(&[*name, value].map(JsValue::from_str).iter().collect::<Array>());
            }
            // A host's strings cannot be wiped: this one lasts until the host collects it.
            let key = request
                .key
                .as_ref()
                .map(|key| scrubbed(|| key.expose(|key| JsValue::from_str(&String::from_utf8_lossy(key)))));
            let request = object(&[
                ("url", (&*request.url).into()),
                ("headers", headers.into()),
                ("key", key.unwrap_or_default()),
                ("body", Uint8Array::from(request.body.as_slice()).into()),
                ("maxBytes", request.max_response_bytes.into()),
                ("maxErrorBytes", MAX_ERROR_BYTES.into()),
                ("wanted", WANTED.map(JsValue::from_str).iter().collect::<Array>().into()),
            ]);
            let answer = ask(&self.0, &[request.into()]).await.map_err(|_| TransportError::Connect)?;
            to_response(&answer)
        })
    }
}

/// What the function answers: an object with `problem`, or with `status`, `headers` and `body`.
fn to_response(answer: &JsValue) -> Result<HttpResponse, TransportError> {
    let property = |name: &str| Reflect::get(answer, &name.into()).unwrap_or_default();
    match property("problem").as_string().as_deref() {
        None => {}
        Some("too-large") => return Err(TransportError::TooLarge),
        Some("bad-request") => return Err(TransportError::BadRequest),
        Some("connect-timeout") => return Err(TransportError::ConnectTimeout),
        Some("interrupted") => return Err(TransportError::Interrupted),
        Some(_) => return Err(TransportError::Connect),
    }
    let unreadable = |_| TransportError::Interrupted;
    let status = convert::integer(&property("status"), "status").map_err(unreadable)?;
    let status = u16::try_from(status).map_err(|_| TransportError::Interrupted)?;
    let body = convert::bytes(&property("body"), "body").map_err(|_| TransportError::TooLarge)?;
    let mut headers = Headers::default();
    for header in convert::list(&property("headers"), "headers").map_err(unreadable)?.iter() {
        let [name, value] =
            [0, 1].map(|place| Reflect::get_u32(&header, place).ok().and_then(|text| text.as_string()));
        headers.insert(&name.unwrap_or_default(), value.unwrap_or_default().as_bytes());
    }
    Ok(HttpResponse { status, headers, body })
}

/// A provider that a function of the caller's is.
pub(super) struct HostProvider {
    pub(super) space: Arc<Space>,
    pub(super) texts_per_request: usize,
    /// Takes texts and `document` or `query`; gives `{ answer, abort }`, the answer being an array of vectors.
    pub(super) embed: Function,
}

impl EmbeddingProvider for HostProvider {
    fn name(&self) -> &str {
        &self.space.fields().provider
    }

    fn model(&self) -> &str {
        &self.space.fields().model
    }

    fn space(&self) -> Option<Arc<Space>> {
        Some(Arc::clone(&self.space))
    }

    fn limits(&self) -> Limits {
        Limits {
            texts: self.texts_per_request,
            tokens_per_text: usize::MAX,
            tokens_per_request: usize::MAX,
            is_count_exact: false,
            takes_empty: true,
        }
    }

    fn embed(&self, request: EmbedRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        Box::pin(async move {
            let texts: Array = request.texts.iter().map(|text| JsValue::from_str(text)).collect();
            let form = match request.form {
                Form::Document => "document",
                Form::Query => "query",
            };
            let answer = ask(&self.embed, &[texts.into(), form.into()]).await;
            let answer = answer.map_err(|error| refused(&error, request.texts.len()))?;
            let vectors = to_vectors(&answer, request.texts.len()).map_err(Failure::answer)?;
            Ok(Reply { vectors, ..Reply::default() })
        })
    }
}

/// A failure of the caller's function, which may name the text at fault as our own errors do.
fn refused(error: &JsValue, count: usize) -> Failure {
    let index =
        Reflect::get(error, &"index".into()).ok().and_then(|index| convert::integer(&index, "index").ok());
    let mut failure = Failure::new(ErrorClass::Provider, Problem::Engine);
    failure.should_retry = Some(false);
    failure.rejected_text = index.map(|index| index as usize).filter(|index| *index < count);
    failure
}

fn to_vectors(answer: &JsValue, count: usize) -> Result<Vec<Vec<f32>>, Problem> {
    let answer = convert::list(answer, "vectors").map_err(|_| Problem::Unreadable)?;
    if answer.length() as usize != count {
        return Err(Problem::WrongCount);
    }
    let mut vectors: Vec<Vec<f32>> = Vec::with_capacity(count);
    for vector in answer.iter() {
        let vector = convert::numbers(&vector, "vectors").map_err(|_| Problem::Unreadable)?.into_f32();
        if !vector.iter().all(|number| number.is_finite()) {
            return Err(Problem::NotFinite);
        }
        if vectors.first().is_some_and(|first| first.len() != vector.len()) {
            return Err(Problem::UnequalLengths);
        }
        vectors.push(vector);
    }
    Ok(vectors)
}

/// A vector, as JavaScript has it.
pub(super) fn to_array(vector: &[f32]) -> JsValue {
    Float32Array::from(vector).into()
}
