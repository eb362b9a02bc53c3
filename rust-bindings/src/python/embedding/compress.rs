//! Payloads in the Zstandard format.

use chrysalis_embedding::compress;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::python::buffer::Record;
use crate::python::convert::{Length, detached, to_bytes};
use crate::python::error::Failure;

/// A payload as a Zstandard frame; `None` below `min_bytes` and where it does not become smaller. Levels are 1 to 22.
#[pyfunction]
#[pyo3(signature = (payload, min_bytes = Length(2048), level = 3))]
pub(in crate::python) fn compress_payload_zstd<'py>(
    py: Python<'py>,
    payload: Record<'_>,
    min_bytes: Length,
    level: i32,
) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let payload = payload.as_slice();
    let compressed = detached(py, payload.len(), || compress::compress_payload(payload, min_bytes.0, level));
    compressed.map(|compressed| to_bytes(py, &compressed.data)).transpose()
}

/// What is in Zstandard frames, if it has at most `limit` bytes and a thousand times theirs.
#[pyfunction]
#[pyo3(signature = (data, limit = Length(64 << 20)))]
pub(in crate::python) fn decompress_zstd<'py>(
    py: Python<'py>,
    data: Record<'_>,
    limit: Length,
) -> PyResult<Bound<'py, PyBytes>> {
    let data = data.as_slice();
    let payload = detached(py, data.len(), || compress::decompress_payload(data, limit.0));
    to_bytes(py, &payload.map_err(Failure::from)?)
}
