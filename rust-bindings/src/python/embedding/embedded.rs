//! What a service gives: vectors that know their space, and what became of a text.
//!
//! NumPy reads them where they lie: `numpy.asarray` of one is a view of Rust's memory, which the array keeps alive.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use chrysalis_crypto::hex;
use chrysalis_embedding as embedding;
use chrysalis_embedding::service::Source;
use chrysalis_embedding::space::Normalisation;
use chrysalis_embedding::{EmbeddingError, EmbeddingProvider as _, SpaceId};
use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::python::bridge::Fault;
use crate::python::convert::{Length, to_bytes};
use crate::python::error::{Failure, Result};

/// Which embedding space a vector lies in. Only vectors of equal spaces are compared.
#[pyclass(frozen, eq, module = "memory_system._rust.embedding")]
#[derive(Clone, PartialEq)]
pub(in crate::python) struct EmbeddingSpace(Arc<embedding::Space>);

impl EmbeddingSpace {
    pub(super) fn new(space: Arc<embedding::Space>) -> Self {
        Self(space)
    }

    pub(super) fn id_of(&self) -> SpaceId {
        self.0.id()
    }
}

#[pymethods]
impl EmbeddingSpace {
    /// The space of a model that someone else computes, of whom nothing more is known.
    #[staticmethod]
    fn remote(provider: &str, model: &str, dimensions: Length) -> Result<Self> {
        let space = embedding::Space::remote(provider, model, dimensions.0, "", Normalisation::AsGiven)?;
        Ok(Self(Arc::new(space)))
    }

    /// The space of deterministic vectors.
    #[staticmethod]
    fn deterministic(dimensions: Length) -> Result<Self> {
        let provider = embedding::provider::deterministic::deterministic(dimensions.0)?;
        Ok(Self(provider.space().ok_or(EmbeddingError::NoProvider)?))
    }

    /// Its digest, 64 hexadecimal characters.
    #[getter]
    fn id(&self) -> String {
        self.0.id().to_string()
    }

    /// Who makes the vectors.
    #[getter]
    fn provider(&self) -> &str {
        &self.0.fields().provider
    }

    /// The model.
    #[getter]
    fn model(&self) -> &str {
        &self.0.fields().model
    }

    /// SHA-256 of the weights, 64 hexadecimal characters, where it is known.
    #[getter]
    fn weights(&self) -> Option<String> {
        self.0.fields().weights.map(|digest| hex::encode(&digest))
    }

    /// Numbers of a vector.
    #[getter]
    fn dimensions(&self) -> usize {
        self.0.dimensions()
    }

    /// Engine and quantisation; `remote` for what others compute.
    #[getter]
    fn engine(&self) -> &str {
        &self.0.fields().engine
    }

    /// Task or prefix scheme and what else is done to a text.
    #[getter]
    fn preprocessing(&self) -> &str {
        &self.0.fields().preprocessing
    }

    /// Whether vectors are known to have length 1.
    #[getter]
    fn is_unit(&self) -> bool {
        self.0.fields().normalisation == Normalisation::Unit
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.id().hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        let fields = self.0.fields();
        format!("EmbeddingSpace({}, {}, {} dimensions)", fields.provider, fields.model, fields.dimensions)
    }
}

/// The vector of a text, with its space.
#[pyclass(frozen, module = "memory_system._rust.embedding")]
pub(in crate::python) struct Embedding(pub(super) embedding::Embedding);

#[pymethods]
impl Embedding {
    /// Where it lies.
    #[getter]
    fn space(&self) -> EmbeddingSpace {
        EmbeddingSpace(Arc::clone(self.0.space()))
    }

    /// Whether another provider than the first made it.
    #[getter]
    fn is_fallback(&self) -> bool {
        self.0.is_fallback()
    }

    /// How many numbers it has.
    #[getter]
    fn dimensions(&self) -> usize {
        self.0.dimensions()
    }

    /// Its numbers.
    fn tolist(&self) -> Vec<f32> {
        self.0.as_slice().to_vec()
    }

    /// Its numbers as 32-bit floats, little-endian.
    fn tobytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        pack(py, self.0.as_slice())
    }

    /// A NumPy array over its memory, not copied and not writable.
    fn numpy<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("numpy")?.call_method1("asarray", (slf,))
    }

    /// The cosine of the angle to another vector of the same space; raises for one of another.
    fn cosine(&self, other: &Self) -> Result<f64> {
        Ok(self.0.cosine(&other.0)?)
    }

    /// Where NumPy finds its numbers.
    #[getter(__array_interface__)]
    fn array_interface(&self, py: Python<'_>) -> PyResult<Interface> {
        interface(py, self.0.as_slice(), &[self.0.dimensions()])
    }

    fn __len__(&self) -> usize {
        self.0.dimensions()
    }

    fn __repr__(&self) -> String {
        format!("Embedding(of {} dimensions)", self.0.dimensions())
    }
}

/// The vectors of texts, one after another, all of one space.
#[pyclass(frozen, module = "memory_system._rust.embedding")]
pub(in crate::python) struct Embeddings {
    space: Option<Arc<embedding::Space>>,
    rows: usize,
    numbers: Vec<f32>,
}

impl Embeddings {
    /// One matrix of vectors.
    ///
    /// # Errors
    /// [`EmbeddingError::SpaceMismatch`] for vectors of several spaces.
    pub(super) fn new(vectors: &[embedding::Embedding]) -> std::result::Result<Self, EmbeddingError> {
        let space = vectors.first().map(|first| Arc::clone(first.space()));
        let is_of_space =
            |vector: &embedding::Embedding| Some(vector.space().id()) == space.as_ref().map(|s| s.id());
        if !vectors.iter().all(is_of_space) {
            return Err(EmbeddingError::SpaceMismatch);
        }
        let mut numbers = Vec::with_capacity(vectors.iter().map(embedding::Embedding::dimensions).sum());
        vectors.iter().for_each(|vector| numbers.extend_from_slice(vector.as_slice()));
        Ok(Self { space, rows: vectors.len(), numbers })
    }
}

#[pymethods]
impl Embeddings {
    /// Where they lie; `None` where there are none.
    #[getter]
    fn space(&self) -> Option<EmbeddingSpace> {
        self.space.clone().map(EmbeddingSpace)
    }

    /// How many vectors there are, and how many numbers each has.
    #[getter]
    fn shape(&self) -> (usize, usize) {
        (self.rows, self.space.as_ref().map_or(0, |space| space.dimensions()))
    }

    /// A list for each vector.
    fn tolist(&self) -> Vec<Vec<f32>> {
        self.numbers.chunks_exact(self.shape().1.max(1)).map(<[f32]>::to_vec).collect()
    }

    /// All numbers as 32-bit floats, little-endian.
    fn tobytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        pack(py, &self.numbers)
    }

    /// A NumPy array of two axes over their memory, not copied and not writable.
    fn numpy<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("numpy")?.call_method1("asarray", (slf,))
    }

    /// Where NumPy finds the numbers.
    #[getter(__array_interface__)]
    fn array_interface(&self, py: Python<'_>) -> PyResult<Interface> {
        let (rows, columns) = self.shape();
        interface(py, &self.numbers, &[rows, columns])
    }

    fn __len__(&self) -> usize {
        self.rows
    }

    fn __repr__(&self) -> String {
        format!("Embeddings(of {} vectors)", self.rows)
    }
}

/// What became of one text.
#[pyclass(frozen, module = "memory_system._rust.embedding")]
pub(in crate::python) struct Outcome {
    outcome: embedding::Outcome,
}

impl Outcome {
    pub(super) fn new(outcome: embedding::Outcome) -> Self {
        Self { outcome }
    }
}

#[pymethods]
impl Outcome {
    /// The vector, where there is one.
    #[getter]
    fn embedding(&self) -> Option<Embedding> {
        self.outcome.result.as_ref().ok().cloned().map(Embedding)
    }

    /// Why there is none.
    #[getter]
    fn error(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        let error = self.outcome.result.as_ref().err()?;
        Some(PyErr::from(Failure::from(error.clone())).into_value(py).into_any())
    }

    /// Where the vector comes from: `request`, `shared` with an equal text, `cache`, or `none`.
    #[getter]
    fn source(&self) -> &'static str {
        match self.outcome.source {
            Source::Request => "request",
            Source::Shared => "shared",
            Source::Cache => "cache",
            Source::None => "none",
        }
    }

    /// Which provider of the service gave the result, counted from 0; `None` where none was asked.
    #[getter]
    fn provider(&self) -> Option<usize> {
        self.outcome.provider
    }

    /// Requests sent with this text.
    #[getter]
    fn attempts(&self) -> u32 {
        self.outcome.attempts
    }

    /// Seconds of waiting in our own queues.
    #[getter]
    fn queue_time(&self) -> f64 {
        self.outcome.queue_time.as_secs_f64()
    }

    /// Seconds of waiting for connections to be made; 0 where one was open.
    #[getter]
    fn connect_time(&self) -> f64 {
        self.outcome.connect_time.as_secs_f64()
    }

    /// Seconds of waiting for providers.
    #[getter]
    fn provider_time(&self) -> f64 {
        self.outcome.provider_time.as_secs_f64()
    }

    /// Seconds of waiting between repetitions.
    #[getter]
    fn retry_time(&self) -> f64 {
        self.outcome.retry_time.as_secs_f64()
    }

    fn __repr__(&self) -> String {
        let is_there = if self.outcome.result.is_ok() { "a vector" } else { "an error" };
        format!("Outcome({is_there}, {} attempts)", self.outcome.attempts)
    }
}

/// The vectors, or the first failure.
pub(super) fn to_vectors(outcomes: Vec<embedding::Outcome>) -> Result<Vec<embedding::Embedding>> {
    Ok(outcomes.into_iter().map(|outcome| outcome.result).collect::<std::result::Result<_, _>>()?)
}

/// The vector of the one text.
pub(super) fn to_one(outcomes: Vec<embedding::Outcome>) -> Result<Embedding> {
    let first = to_vectors(outcomes)?.pop();
    Ok(Embedding(first.ok_or(EmbeddingError::Closed)?))
}

/// A Python value for whoever awaits it.
pub(super) fn reply<T: for<'py> IntoPyObject<'py>>(
    py: Python<'_>,
    value: Result<T>,
) -> std::result::Result<Py<PyAny>, Fault> {
    Ok(value?.into_py_any(py)?)
}

fn pack<'py>(py: Python<'py>, numbers: &[f32]) -> PyResult<Bound<'py, PyBytes>> {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    to_bytes(py, &bytes)
}

/// Version 3 of NumPy's array interface. The memory does not move and does not change while its owner, which the array holds, lives.
fn interface(py: Python<'_>, numbers: &[f32], shape: &[usize]) -> PyResult<Interface> {
    let number = if cfg!(target_endian = "little") { "<f4" } else { ">f4" };
    Ok(Interface::from([
        ("version", 3.into_py_any(py)?),
        ("typestr", number.into_py_any(py)?),
        ("data", (numbers.as_ptr().addr(), true).into_py_any(py)?),
        ("shape", PyTuple::new(py, shape)?.into_py_any(py)?),
    ]))
}

/// The entries of an array interface.
type Interface = BTreeMap<&'static str, Py<PyAny>>;
