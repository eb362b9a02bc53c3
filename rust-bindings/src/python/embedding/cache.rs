//! `VectorCache`: vectors by text and the name of a model, for callers that have no service.

use std::collections::BTreeMap;
use std::mem;
use std::path::PathBuf;
use std::process;
use std::sync::{Arc, Mutex};

use chrysalis_embedding::cache::NamedCache;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::service::seconds;
use super::snapshot::{counts, now};
use super::text::Text;
use super::vector::Vector;
use crate::python::convert::Length;
use crate::python::error::Result;
use crate::python::lock;

/// Vectors by text and model, in memory and, with `path`, in a directory. May be used from several threads; a child of `fork()` opens
/// the directory anew.
#[pyclass(frozen, module = "memory_system._rust.embedding")]
pub(in crate::python) struct VectorCache {
    path: Option<PathBuf>,
    max_entries: usize,
    max_age: f64,
    opened: Mutex<Option<(u32, Arc<NamedCache>)>>,
}

#[pymethods]
impl VectorCache {
    /// A cache of at most `max_entries` vectors, kept for `max_age` seconds.
    #[new]
    #[pyo3(signature = (path = None, *, max_entries = Length(100_000), max_age = 2_592_000.0))]
    fn new(path: Option<PathBuf>, max_entries: Length, max_age: f64) -> Result<Self> {
        let cache = Self { path, max_entries: max_entries.0, max_age, opened: Mutex::new(None) };
        cache.open()?;
        Ok(cache)
    }

    /// The vector of a text, unless it has expired.
    #[pyo3(signature = (text, model = "default"))]
    fn get(&self, py: Python<'_>, text: Text<'_>, model: &str) -> Result<Option<Vec<f32>>> {
        let cache = self.open()?;
        Ok(py.detach(|| cache.find(text.0, model, now())).map(|vector| vector.to_vec()))
    }

    /// Keeps the vector of a text. Raises for one that is empty or not finite, and for another length than that of the others
    /// of this model.
    #[pyo3(signature = (text, vector, model = "default"))]
    fn set(&self, text: Text<'_>, vector: Vector<'_>, model: &str) -> Result<()> {
        let vector = vector.to_f32().into_owned();
        Ok(self.open()?.insert(text.0, model, vector, now())?)
    }

    /// Keeps a vector for the text with this SHA-256, made and expiring at times in seconds since 1970.
    fn keep(
        &self,
        digest: [u8; 32],
        vector: Vector<'_>,
        model: &str,
        created: f64,
        expires: f64,
    ) -> Result<()> {
        let (created, expires) = (seconds(created, "created")?, seconds(expires, "expires")?);
        Ok(self.open()?.keep(&digest, model, vector.to_f32().into_owned(), created, expires)?)
    }

    /// Forgets what has expired; gives how many vectors there were.
    fn remove_expired(&self, py: Python<'_>) -> Result<usize> {
        let cache = self.open()?;
        Ok(py.detach(|| cache.remove_expired(now())))
    }

    /// Forgets the vectors of one model, or all; gives how many there were.
    #[pyo3(signature = (model = None))]
    fn clear(&self, py: Python<'_>, model: Option<&str>) -> Result<usize> {
        let cache = self.open()?;
        Ok(py.detach(|| cache.clear(model)))
    }

    /// Waits until everything is on disk.
    fn flush(&self, py: Python<'_>) -> Result<()> {
        let cache = self.open()?;
        py.detach(|| cache.flush());
        Ok(())
    }

    /// `entries`, `hits`, `misses`, `evictions`, `dropped`, and how many there are of each of `models`.
    #[pyo3(signature = () -> "dict[str, object]")]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let cache = self.open()?;
        let stats = py.detach(|| cache.stats());
        let dict = counts(
            py,
            &[
                ("entries", stats.entries as u64),
                ("hits", stats.hits),
                ("misses", stats.misses),
                ("evictions", stats.evictions),
                ("dropped", stats.dropped),
            ],
        )?;
        let models: BTreeMap<String, usize> = stats.by_name;
        dict.set_item("models", models)?;
        Ok(dict)
    }

    fn __repr__(&self) -> &'static str {
        if self.path.is_some() { "VectorCache(on disk)" } else { "VectorCache(in memory)" }
    }
}

impl VectorCache {
    /// The cache of this process.
    fn open(&self) -> Result<Arc<NamedCache>> {
        let mut opened = lock(&self.opened);
        if let Some((process, cache)) = &*opened
            && *process == process::id()
        {
            return Ok(Arc::clone(cache));
        }
        // That of a parent has no thread here, and its locks may be held for ever.
        mem::forget(opened.take());
        let max_age = seconds(self.max_age, "max_age")?;
        let cache = Arc::new(NamedCache::open(self.path.as_deref(), self.max_entries, max_age)?);
        *opened = Some((process::id(), Arc::clone(&cache)));
        Ok(cache)
    }
}

impl Drop for VectorCache {
    fn drop(&mut self) {
        let opened = lock(&self.opened).take();
        if opened.as_ref().is_some_and(|(process, _)| *process != process::id()) {
            mem::forget(opened);
        }
    }
}
