//! Vectors of identity.

use chrysalis_embedding::deterministic::{self, Reduction};
use pyo3::prelude::*;

use super::text::Text;
use super::vector::Target;
use crate::python::convert::Length;
use crate::python::error::{BindingError, Failure, Result};

/// The deterministic vector of a text: identity, not meaning. The same in every language.
#[pyfunction]
#[pyo3(signature = (text, dimension = Length(1024), *, reduction = "avx512"))]
pub(in crate::python) fn deterministic_vector(
    py: Python<'_>,
    text: Text<'_>,
    dimension: Length,
    reduction: &str,
) -> Result<Vec<f64>> {
    let reduction = to_reduction(reduction)?;
    let vector = py.detach(|| deterministic::derive_vector(text.0, dimension.0, reduction))?;
    Ok(vector.into_iter().map(f64::from).collect())
}

/// Writes the deterministic vector of a text into `out`, 32-bit floats such as a NumPy array, whose length is the dimension.
#[pyfunction]
#[pyo3(signature = (text, out, *, reduction = "avx512"))]
pub(in crate::python) fn deterministic_vector_into(
    py: Python<'_>,
    text: Text<'_>,
    mut out: Target,
    reduction: &str,
) -> PyResult<()> {
    let reduction = to_reduction(reduction)?;
    let dimension = out.len();
    let vector =
        py.detach(|| deterministic::derive_vector(text.0, dimension, reduction)).map_err(Failure::from)?;
    out.fill(&vector)
}

/// The hash vector of a text, as the TypeScript runtime's provider makes it: identity, not meaning.
#[pyfunction]
#[pyo3(signature = (text, dimension = Length(384)))]
pub(in crate::python) fn hash_vector(py: Python<'_>, text: Text<'_>, dimension: Length) -> Result<Vec<f64>> {
    Ok(py.detach(|| deterministic::derive_hash_vector(text.0, dimension.0))?)
}

fn to_reduction(name: &str) -> Result<Reduction> {
    Reduction::from_name(name).ok_or_else(|| BindingError::OutOfRange("reduction").into())
}
