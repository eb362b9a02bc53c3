//! Vectors that stay in Rust's memory.

use std::collections::{HashMap, HashSet};
use std::sync::RwLock;

use chrysalis_embedding::similarity::{self, Form, IndexOptions, Metric, Search};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::similarity::to_metric;
use super::vector::{Target, Vector};
use crate::python::convert::Length;
use crate::python::error::{BindingError, Failure, Result};
use crate::python::{read, write};

/// Vectors by id. A vector with a component that is not finite is kept and never found. May be used from several threads.
#[pyclass(frozen, module = "memory_system._rust.embedding")]
pub(in crate::python) struct VectorIndex {
    index: RwLock<similarity::VectorIndex>,
    metadata: RwLock<HashMap<String, Py<PyAny>>>,
}

#[pymethods]
impl VectorIndex {
    /// An empty index. `form` is how vectors are kept: `f32` (exact), `f16`, `int8` or `binary`.
    #[new]
    #[pyo3(signature = (dimension, max_entries = Length(10_000), *, metric = "cosine", form = "f32"))]
    fn new(dimension: Length, max_entries: Length, metric: &str, form: &str) -> Result<Self> {
        let index = similarity::VectorIndex::new(IndexOptions {
            max_entries: max_entries.0,
            metric: to_metric(metric)?,
            form: Form::from_name(form).ok_or(BindingError::OutOfRange("form"))?,
            ..IndexOptions::new(dimension.0)
        })?;
        Ok(Self { index: RwLock::new(index), metadata: RwLock::default() })
    }

    /// Stores a vector under `id`. An entry of this id is replaced and keeps its place; a full index loses the entry that was
    /// inserted first.
    #[pyo3(signature = (id, embedding, metadata = None))]
    fn add(
        &self,
        py: Python<'_>,
        id: &str,
        embedding: Vector<'_>,
        metadata: Option<Py<PyAny>>,
    ) -> Result<()> {
        let evicted = write(&self.index).add(id, &embedding.to_f32(), ())?;
        // What is replaced is dropped after the lock: dropping may run code of the caller.
        let metadata = metadata.unwrap_or_else(|| py.None());
        let replaced = {
            let mut all = write(&self.metadata);
            (evicted.and_then(|evicted| all.remove(&evicted)), all.insert(id.to_owned(), metadata))
        };
        drop(replaced);
        Ok(())
    }

    /// Stores the rows of a matrix under `ids`, without metadata: all of them, or it raises and the rows before remain.
    fn add_batch(&self, py: Python<'_>, ids: Vec<String>, matrix: Vector<'_>) -> PyResult<()> {
        let matrix = matrix.to_f32();
        let dimension = read(&self.index).options().dimension;
        if Some(matrix.len()) != ids.len().checked_mul(dimension) {
            return Err(PyValueError::new_err("the matrix must have one row for each id"));
        }
        let gone = py.detach(|| {
            let mut index = write(&self.index);
            let mut gone = Vec::new();
            for (id, row) in ids.iter().zip(matrix.chunks_exact(dimension)) {
                gone.extend(index.add(id, row, ())?);
            }
            Ok::<_, Failure>(gone)
        })?;
        let dropped: Vec<_> = {
            let mut all = write(&self.metadata);
            gone.iter().chain(&ids).filter_map(|id| all.remove(id)).collect()
        };
        drop(dropped);
        Ok(())
    }

    /// Removes the entry of `id`; whether there was one.
    fn remove(&self, id: &str) -> bool {
        let removed = write(&self.index).remove(id).is_some();
        let metadata = write(&self.metadata).remove(id);
        drop(metadata);
        removed
    }

    /// The entries nearest to `query`, the nearest first, as `(id, score, metadata)`; equal ones in the order of insertion.
    ///
    /// `threshold` is the least score that counts, by default 0; with the metric `euclidean` the greatest distance, by default
    /// none. `filter` is called with the id and metadata of every entry. The answer does not depend on `threads`.
    #[pyo3(signature = (query, limit = 10, threshold = None, *, filter = None, threads = Length(1)))]
    fn search(
        &self,
        py: Python<'_>,
        query: Vector<'_>,
        limit: i64,
        threshold: Option<f64>,
        filter: Option<Bound<'_, PyAny>>,
        threads: Length,
    ) -> PyResult<Vec<(String, f64, Py<PyAny>)>> {
        let query = query.to_f32();
        let refused = filter.map(|filter| self.refused(py, &filter)).transpose()?;
        let accepted = |id: &str, (): &()| refused.as_ref().is_none_or(|refused| !refused.contains(id));
        let hits: Vec<(String, f64)> = py
            .detach(|| {
                let index = read(&self.index);
                let metric = index.options().metric;
                let search = Search {
                    limit: usize::try_from(limit).unwrap_or(0),
                    threshold: threshold.or((metric != Metric::Euclidean).then_some(0.0)),
                    threads: threads.0,
                };
                let hits = index.search_where(&query, &search, accepted)?;
                Ok(hits.into_iter().map(|hit| (hit.id.to_owned(), hit.score)).collect())
            })
            .map_err(|error: similarity::SimilarityError| Failure::from(error))?;
        Ok(hits
            .into_iter()
            .map(|(id, score)| {
                let metadata = self.metadata(py, &id);
                (id, score, metadata)
            })
            .collect())
    }

    /// Whether there is an entry of this id.
    fn has(&self, id: &str) -> bool {
        read(&self.index).has(id)
    }

    /// The vector of this id, as it is kept, and its metadata.
    fn get(&self, py: Python<'_>, id: &str) -> Option<(Vec<f32>, Py<PyAny>)> {
        let vector = read(&self.index).entry(id)?.0;
        Some((vector, self.metadata(py, id)))
    }

    /// Writes the vector of this id into `out`, 32-bit floats such as a NumPy array; whether there is one.
    fn get_into(&self, id: &str, mut out: Target) -> PyResult<bool> {
        let Some(vector) = read(&self.index).entry(id).map(|(vector, ())| vector) else {
            return Ok(false);
        };
        out.fill(&vector)?;
        Ok(true)
    }

    /// All ids, in the order of insertion.
    fn get_ids(&self) -> Vec<String> {
        read(&self.index).ids().map(str::to_owned).collect()
    }

    /// Removes all entries.
    fn clear(&self) {
        write(&self.index).clear();
        let metadata = std::mem::take(&mut *write(&self.metadata));
        drop(metadata);
    }

    /// How many entries there are.
    fn __len__(&self) -> usize {
        read(&self.index).len()
    }

    fn __contains__(&self, id: &str) -> bool {
        self.has(id)
    }

    fn __repr__(&self) -> String {
        let index = read(&self.index);
        format!("VectorIndex(of {} entries, dimension {})", index.len(), index.options().dimension)
    }
}

impl VectorIndex {
    fn metadata(&self, py: Python<'_>, id: &str) -> Py<PyAny> {
        read(&self.metadata).get(id).map_or_else(|| py.None(), |metadata| metadata.clone_ref(py))
    }

    /// The ids that the filter does not accept. No lock is held while it runs: it may use this index.
    fn refused(&self, py: Python<'_>, filter: &Bound<'_, PyAny>) -> PyResult<HashSet<String>> {
        let mut refused = HashSet::new();
        for id in self.get_ids() {
            if !filter.call1((&id, self.metadata(py, &id)))?.is_truthy()? {
                refused.insert(id);
            }
        }
        Ok(refused)
    }
}
