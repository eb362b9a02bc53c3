//! `EmbeddingService`: text to vectors through providers, caches and fallbacks, for callers that block and for event loops.

use std::sync::Arc;
use std::time::Duration;

use chrysalis_embedding as embedding;
use chrysalis_embedding::service::BlockingService;
use chrysalis_embedding::{CallOptions, Form, ServiceConfig};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use zeroize::Zeroizing;

use super::embedded::{Embedding, EmbeddingSpace, Embeddings, Outcome, reply, to_one, to_vectors};
use super::snapshot;
use super::text::{Text, Texts};
use super::tokens::to_json;
use super::vector::Vector;
use crate::python::bridge::{Fault, Guard};
use crate::python::error::{BindingError, Failure, Result};
use crate::python::later::{Later, later_elsewhere};

/// Text to vectors. May be used from several threads and event loops, and in a child of `fork()`, where it starts anew.
///
/// `config` is a dictionary or its JSON text: `{"providers": [{"provider": "openai", "api_key": ...}], "memory_cache": {}}`. Requests run
/// on one native thread; what is cancelled gives its request up. Methods ending in `_async` give coroutines.
#[pyclass(frozen, module = "memory_system._rust.embedding")]
pub(in crate::python) struct EmbeddingService {
    service: Arc<BlockingService>,
}

/// How often a caller that blocks looks whether Python wants something else of it.
const SIGNALS: Duration = Duration::from_millis(50);

#[pymethods]
impl EmbeddingService {
    /// A service of this configuration. Raises for settings that cannot be used and keys that are missing.
    #[new]
    fn new(py: Python<'_>, config: Bound<'_, PyAny>) -> PyResult<Self> {
        let json = Zeroizing::new(match config.cast::<PyString>() {
            Ok(text) => text.extract::<Text<'_>>()?.0.to_owned(),
            Err(_) => to_json(&config)?,
        });
        let make = || {
            let config = ServiceConfig::from_json(&json)?;
            BlockingService::new(Box::new(move |runtime| config.to_service(runtime)))
        };
        let service = py.detach(make).map_err(Failure::from)?;
        Ok(Self { service: Arc::new(service) })
    }

    /// The vector of a text. With `query`, of one to find others by; `timeout` is in seconds.
    #[pyo3(signature = (text, *, query = false, timeout = None))]
    fn embed(
        &self,
        py: Python<'_>,
        text: Text<'_>,
        query: bool,
        timeout: Option<f64>,
    ) -> PyResult<Embedding> {
        Ok(to_one(self.wait(py, &[text.0], options(query, false, timeout)?)?)?)
    }

    /// The vectors of texts, in their order; raises for the first that has none.
    #[pyo3(signature = (texts, *, query = false, timeout = None))]
    fn embed_batch(
        &self,
        py: Python<'_>,
        texts: Texts,
        query: bool,
        timeout: Option<f64>,
    ) -> PyResult<Vec<Embedding>> {
        let vectors = to_vectors(self.wait(py, &texts.0, options(query, true, timeout)?)?)?;
        Ok(vectors.into_iter().map(Embedding).collect())
    }

    /// As `embed_batch`, as one matrix; raises for vectors of several spaces, which only `"fallback": "any"` can give.
    #[pyo3(signature = (texts, *, query = false, timeout = None))]
    fn embed_matrix(
        &self,
        py: Python<'_>,
        texts: Texts,
        query: bool,
        timeout: Option<f64>,
    ) -> PyResult<Embeddings> {
        let vectors = to_vectors(self.wait(py, &texts.0, options(query, true, timeout)?)?)?;
        Ok(Embeddings::new(&vectors).map_err(Failure::from)?)
    }

    /// What became of each text, in their order.
    #[pyo3(signature = (texts, *, query = false, timeout = None))]
    fn embed_batch_detailed(
        &self,
        py: Python<'_>,
        texts: Texts,
        query: bool,
        timeout: Option<f64>,
    ) -> PyResult<Vec<Outcome>> {
        let outcomes = self.wait(py, &texts.0, options(query, true, timeout)?)?;
        Ok(outcomes.into_iter().map(Outcome::new).collect())
    }

    /// `embed` as a coroutine.
    #[pyo3(signature = (text, *, query = false, timeout = None))]
    fn embed_async<'py>(
        &self,
        py: Python<'py>,
        text: Text<'_>,
        query: bool,
        timeout: Option<f64>,
    ) -> PyResult<Later<'py, Embedding>> {
        let options = options(query, false, timeout)?;
        self.later(py, vec![text.0.to_owned()], options, |py, outcomes| reply(py, to_one(outcomes)))
    }

    /// `embed_batch` as a coroutine.
    #[pyo3(signature = (texts, *, query = false, timeout = None))]
    fn embed_batch_async<'py>(
        &self,
        py: Python<'py>,
        texts: Texts,
        query: bool,
        timeout: Option<f64>,
    ) -> PyResult<Later<'py, Vec<Embedding>>> {
        self.later(py, texts.0, options(query, true, timeout)?, |py, outcomes| {
            let vectors =
                to_vectors(outcomes).map(|vectors| vectors.into_iter().map(Embedding).collect::<Vec<_>>());
            reply(py, vectors)
        })
    }

    /// `embed_matrix` as a coroutine.
    #[pyo3(signature = (texts, *, query = false, timeout = None))]
    fn embed_matrix_async<'py>(
        &self,
        py: Python<'py>,
        texts: Texts,
        query: bool,
        timeout: Option<f64>,
    ) -> PyResult<Later<'py, Embeddings>> {
        self.later(py, texts.0, options(query, true, timeout)?, |py, outcomes| {
            reply(py, to_vectors(outcomes).and_then(|vectors| Ok(Embeddings::new(&vectors)?)))
        })
    }

    /// `embed_batch_detailed` as a coroutine.
    #[pyo3(signature = (texts, *, query = false, timeout = None))]
    fn embed_batch_detailed_async<'py>(
        &self,
        py: Python<'py>,
        texts: Texts,
        query: bool,
        timeout: Option<f64>,
    ) -> PyResult<Later<'py, Vec<Outcome>>> {
        self.later(py, texts.0, options(query, true, timeout)?, |py, outcomes| {
            reply(py, Ok(outcomes.into_iter().map(Outcome::new).collect::<Vec<_>>()))
        })
    }

    /// The price of a text in US dollars by the rule of the replaced service: words × 1.3 tokens.
    fn estimate_cost(&self, text: Text<'_>) -> Result<f64> {
        Ok(self.service.service()?.estimate_cost(text.0))
    }

    /// The price of a text in US dollars by the tokens that its model counts; `None` where these are only estimated.
    fn estimate_cost_exact(&self, py: Python<'_>, text: Text<'_>) -> Result<Option<f64>> {
        let service = self.service.service()?;
        Ok(py.detach(|| service.estimate_cost_exact(text.0)))
    }

    /// Where the first provider's vectors lie; `None` while their length is still to be learnt.
    #[getter]
    fn space(&self) -> Result<Option<EmbeddingSpace>> {
        Ok(self.service.service()?.space().map(EmbeddingSpace::new))
    }

    /// The providers in order, each with `provider`, `model`, `dimensions`, `circuit`, `in_flight` and `price_per_1k_tokens`.
    #[pyo3(signature = () -> "list[dict[str, object]]")]
    fn info<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.service
            .service()
            .map_err(Failure::from)?
            .info()
            .iter()
            .map(|info| snapshot::info(py, info))
            .collect()
    }

    /// Everything that was counted, by provider and outcome; times are in seconds. No text and no key is in it.
    #[pyo3(signature = () -> "dict[str, object]")]
    fn telemetry<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        snapshot::telemetry(py, &self.service.service().map_err(Failure::from)?.telemetry())
    }

    /// The same as text for Prometheus.
    fn prometheus(&self) -> Result<String> {
        Ok(self.service.service()?.telemetry().to_prometheus())
    }

    /// Calls, texts and requests under way.
    fn load(&self) -> Result<(usize, usize, usize)> {
        let load = self.service.service()?.load();
        Ok((load.calls, load.texts, load.requests))
    }

    /// What the caches did and hold; `None` without one.
    #[pyo3(signature = () -> "dict[str, object] | None")]
    fn cache_stats<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let service = self.service.service().map_err(Failure::from)?;
        let Some(memory) = service.cache_stats() else { return Ok(None) };
        let disk = service.disk_cache().map(|disk| {
            py.detach(|| {
                disk.flush();
                (disk.stats(), disk.by_space())
            })
        });
        snapshot::cache(py, &memory, disk.as_ref()).map(Some)
    }

    /// Keeps a vector that the first provider made elsewhere for the text with this SHA-256; `expires` is in seconds since 1970.
    /// `False` where there is no cache; raises for a vector that is not of the provider's space.
    #[pyo3(signature = (digest, vector, expires, *, query = false))]
    fn keep(&self, digest: [u8; 32], vector: Vector<'_>, expires: f64, query: bool) -> Result<bool> {
        let expires = seconds(expires, "expires")?;
        Ok(self.service.service()?.keep(&digest, form(query), vector.to_f32().into_owned(), expires)?)
    }

    /// Waits until everything that is cached is on disk.
    fn flush(&self, py: Python<'_>) -> Result<()> {
        let service = self.service.service()?;
        if let Some(disk) = service.disk_cache() {
            py.detach(|| disk.flush());
        }
        Ok(())
    }

    /// Forgets what has expired on disk; gives how many vectors there were.
    fn remove_expired(&self, py: Python<'_>) -> Result<usize> {
        let service = self.service.service()?;
        Ok(service.disk_cache().map_or(0, |disk| py.detach(|| disk.remove_expired(snapshot::now()))))
    }

    /// Forgets all cached vectors.
    fn clear_cache(&self, py: Python<'_>) -> Result<()> {
        let service = self.service.service()?;
        py.detach(|| service.clear_cache());
        Ok(())
    }

    /// Ends everything: calls under way fail, no more are taken, and what is cached is on disk.
    fn close(&self, py: Python<'_>) -> Result<()> {
        let service = self.service.service()?;
        py.detach(|| service.close());
        Ok(())
    }

    fn __repr__(&self) -> String {
        let names = self.service.service().map(|service| service.info());
        let names =
            names.unwrap_or_default().into_iter().map(|info| format!("{} {}", info.provider, info.model));
        format!("EmbeddingService({})", names.collect::<Vec<_>>().join(", "))
    }
}

impl EmbeddingService {
    /// Waits for a call. An exception that a signal raises meanwhile, such as `KeyboardInterrupt`, gives it up.
    fn wait<S: AsRef<str> + Sync>(
        &self,
        py: Python<'_>,
        texts: &[S],
        options: CallOptions,
    ) -> PyResult<Vec<embedding::Outcome>> {
        let mut pending = py.detach(|| self.service.start(texts, options)).map_err(Failure::from)?;
        loop {
            let outcomes = py.detach(|| pending.wait_for(SIGNALS)).map_err(Failure::from)?;
            if let Some(outcomes) = outcomes {
                return Ok(outcomes);
            }
            py.check_signals()?;
        }
    }

    fn later<'py, T>(
        &self,
        py: Python<'py>,
        texts: Vec<String>,
        options: CallOptions,
        make: impl FnOnce(Python<'_>, Vec<embedding::Outcome>) -> std::result::Result<Py<PyAny>, Fault>
        + Send
        + 'static,
    ) -> PyResult<Later<'py, T>> {
        let service = Arc::clone(&self.service);
        later_elsewhere(
            py,
            Box::new(move |py, sender| {
                let start = || {
                    let completion = Box::new(move |outcomes| sender.send(move |py| make(py, outcomes)));
                    service.service()?.start(&texts, options, completion)
                };
                let call = py.detach(start).map_err(Failure::from)?;
                // The service lives as long as anyone waits for it.
                Ok(Guard::new((call, service)))
            }),
        )
    }
}

fn options(query: bool, is_batch: bool, timeout: Option<f64>) -> Result<CallOptions> {
    let deadline = timeout.map(|timeout| seconds(timeout, "timeout")).transpose()?;
    Ok(CallOptions { form: form(query), is_batch, deadline })
}

fn form(query: bool) -> Form {
    if query { Form::Query } else { Form::Document }
}

/// Seconds of at most some 300,000 years.
pub(super) fn seconds(seconds: f64, name: &'static str) -> Result<Duration> {
    let is_in_range = (0.0..=1e13).contains(&seconds);
    Ok(is_in_range.then(|| Duration::from_secs_f64(seconds)).ok_or(BindingError::OutOfRange(name))?)
}

/// The price of a text at a price for a thousand tokens, by words × 1.3 tokens.
#[pyfunction]
pub(in crate::python) fn estimate_cost_by_words(text: Text<'_>, price_per_1k_tokens: f64) -> f64 {
    embedding::provider::estimate_cost_by_words(text.0, price_per_1k_tokens)
}

/// The class of an exception that has nothing but a text: `authentication`, `rate-limit`, `quota`, `timeout`, `network` or
/// `provider`. `of_service` adds the word that the replaced service looked for beside those of its providers.
#[pyfunction]
#[pyo3(signature = (text, *, of_service = false))]
pub(in crate::python) fn classify_error_text(text: &str, of_service: bool) -> &'static str {
    let classify =
        if of_service { embedding::error::classify_service_text } else { embedding::error::classify_text };
    classify(text).name()
}
