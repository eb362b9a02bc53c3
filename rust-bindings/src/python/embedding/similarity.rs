//! Two vectors, and the rows of a matrix.

use std::sync::atomic::{AtomicU64, Ordering};

use chrysalis_embedding::similarity::{self, Hit, Metric, TopK};
use pyo3::prelude::*;

use super::vector::Vector;
use crate::python::convert::{Length, detached};
use crate::python::error::{BindingError, Failure, Result};

/// Calls `$work` with both vectors, as 32 bits if both have these, else as 64.
macro_rules! pair {
    ($py:expr, $a:expr, $b:expr, $work:path) => {
        if $a.is_f32() && $b.is_f32() {
            let (a, b) = ($a.to_f32(), $b.to_f32());
            detached($py, a.len() * 4, || $work(&a, &b))
        } else {
            let (a, b) = ($a.to_f64(), $b.to_f64());
            detached($py, a.len() * 8, || $work(&a, &b))
        }
    };
}

/// How often vectors that say that they are of different spaces were compared.
static MISMATCHES: AtomicU64 = AtomicU64::new(0);

/// How often `cosine_similarity` and its kin compared vectors of different embedding spaces in this process. Each time warned.
#[pyfunction]
pub(in crate::python) fn space_mismatches() -> u64 {
    MISMATCHES.load(Ordering::Relaxed)
}

/// Counts and warns where vectors say that they are of different spaces. `Embedding.cosine` raises instead.
fn compare_spaces(py: Python<'_>, a: &Vector<'_>, b: &Vector<'_>) -> PyResult<()> {
    match (a.space(), b.space()) {
        (Some(a), Some(b)) if a != b => {
            MISMATCHES.fetch_add(1, Ordering::Relaxed);
            let category =
                py.import("memory_system.embedding.exceptions")?.getattr("EmbeddingSpaceWarning")?;
            PyErr::warn(py, &category, c"vectors of different embedding spaces were compared", 1)
        }
        _ => Ok(()),
    }
}

/// The cosine of the angle between two vectors, in [-1, 1]; 0 if one of them has no length. Raises for different lengths, and
/// warns where both say that they are of different embedding spaces.
#[pyfunction]
#[pyo3(signature = (a, b, /))]
pub(in crate::python) fn cosine_similarity(py: Python<'_>, a: Vector<'_>, b: Vector<'_>) -> PyResult<f64> {
    compare_spaces(py, &a, &b)?;
    Ok(pair!(py, a, b, similarity::cosine_similarity).map_err(Failure::from)?)
}

/// As `cosine_similarity`, but 0 for vectors of different lengths and for empty ones.
#[pyfunction]
#[pyo3(signature = (a, b, /))]
pub(in crate::python) fn cosine_similarity_or_zero(
    py: Python<'_>,
    a: Vector<'_>,
    b: Vector<'_>,
) -> PyResult<f64> {
    compare_spaces(py, &a, &b)?;
    Ok(pair!(py, a, b, similarity::cosine_similarity_or_zero))
}

/// The cosine of `query` with each of `targets`.
#[pyfunction]
#[pyo3(signature = (query, targets, /))]
pub(in crate::python) fn cosine_similarity_batch(
    py: Python<'_>,
    query: Vector<'_>,
    targets: Vec<Bound<'_, PyAny>>,
) -> PyResult<Vec<f64>> {
    let numbers = query.to_f64();
    targets
        .iter()
        .map(|target| {
            let target: Vector<'_> = target.extract()?;
            compare_spaces(py, &query, &target)?;
            let target = target.to_f64();
            let cosine = detached(py, target.len() * 8, || similarity::cosine_similarity(&numbers, &target));
            Ok(cosine.map_err(Failure::from)?)
        })
        .collect()
}

/// The dot product.
#[pyfunction]
#[pyo3(signature = (a, b, /))]
pub(in crate::python) fn dot(py: Python<'_>, a: Vector<'_>, b: Vector<'_>) -> Result<f64> {
    Ok(pair!(py, a, b, similarity::dot)?)
}

/// The distance between two points.
#[pyfunction]
#[pyo3(signature = (a, b, /))]
pub(in crate::python) fn euclidean_distance(py: Python<'_>, a: Vector<'_>, b: Vector<'_>) -> Result<f64> {
    Ok(pair!(py, a, b, similarity::euclidean_distance)?)
}

/// The vector scaled to unit length; one without a length stays what it is.
#[pyfunction]
#[pyo3(signature = (vector, /))]
pub(in crate::python) fn normalize(vector: Vector<'_>) -> Vec<f64> {
    similarity::normalize(&vector.to_f64())
}

/// The rows of `matrix` nearest to `query`, the nearest first, as pairs of row and score. `matrix` has its rows one after
/// another, as a C-contiguous array of shape (n, d) has.
#[pyfunction]
#[pyo3(signature = (query, matrix, k = Length(10), *, metric = "cosine", threshold = None, filter = None))]
pub(in crate::python) fn top_k(
    py: Python<'_>,
    query: Vector<'_>,
    matrix: Vector<'_>,
    k: Length,
    metric: &str,
    threshold: Option<f64>,
    filter: Option<Bound<'_, PyAny>>,
) -> PyResult<Vec<(usize, f64)>> {
    let query = query.to_f32();
    let sought = Sought { k: k.0, metric: to_metric(metric)?, threshold };
    Ok(sought.find(py, &query, query.len(), &matrix, filter)?.pop().unwrap_or_default())
}

/// `top_k` for each row of `queries`, of `dimension` numbers each. The matrix is read once for all.
#[pyfunction]
#[pyo3(signature = (queries, dimension, matrix, k = Length(10), *, metric = "cosine", threshold = None, filter = None))]
#[expect(clippy::too_many_arguments, reason = "named in Python")]
pub(in crate::python) fn top_k_batch(
    py: Python<'_>,
    queries: Vector<'_>,
    dimension: Length,
    matrix: Vector<'_>,
    k: Length,
    metric: &str,
    threshold: Option<f64>,
    filter: Option<Bound<'_, PyAny>>,
) -> PyResult<Vec<Vec<(usize, f64)>>> {
    let sought = Sought { k: k.0, metric: to_metric(metric)?, threshold };
    sought.find(py, &queries.to_f32(), dimension.0, &matrix, filter)
}

struct Sought {
    k: usize,
    metric: Metric,
    threshold: Option<f64>,
}

impl Sought {
    fn find(
        &self,
        py: Python<'_>,
        queries: &[f32],
        dimension: usize,
        matrix: &Vector<'_>,
        filter: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Vec<Vec<(usize, f64)>>> {
        let matrix = matrix.to_f32();
        let rows = matrix.len().checked_div(dimension).unwrap_or(0);
        let counts = match filter {
            None => None,
            Some(filter) => {
                let accepts = |row: usize| filter.call1((row,))?.is_truthy();
                Some((0..rows).map(accepts).collect::<PyResult<Vec<bool>>>()?)
            }
        };
        let filter = counts.as_ref().map(|counts| |row: usize| counts.get(row).copied().unwrap_or(false));
        let sought = TopK {
            k: self.k,
            metric: self.metric,
            threshold: self.threshold,
            filter: filter.as_ref().map(|filter| filter as &(dyn Fn(usize) -> bool + Sync)),
        };
        let found =
            detached(py, matrix.len() * 4, || similarity::top_k_batch(queries, dimension, &matrix, &sought));
        let pair = |hit: Hit| (hit.row, hit.score);
        Ok(found
            .map_err(Failure::from)?
            .into_iter()
            .map(|hits| hits.into_iter().map(pair).collect())
            .collect())
    }
}

pub(super) fn to_metric(name: &str) -> Result<Metric> {
    Metric::from_name(name).ok_or_else(|| BindingError::OutOfRange("metric").into())
}

/// The numbers of a stored vector: of `form` `f32` or `f64`, little-endian, or `json`.
#[pyfunction]
#[pyo3(signature = (blob, form, /))]
pub(in crate::python) fn read_vector_blob(
    blob: crate::python::buffer::Record<'_>,
    form: &str,
) -> Result<Vec<f64>> {
    let blob = blob.as_slice();
    match form {
        "f32" => Ok(similarity::read_f32_blob(blob)?.into_iter().map(f64::from).collect()),
        "f64" => Ok(similarity::read_f64_blob(blob)?),
        "json" => Ok(similarity::read_json_blob(blob)?),
        _ => Err(BindingError::OutOfRange("form").into()),
    }
}
