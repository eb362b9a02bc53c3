//! Hashes and message authentication codes.

use std::sync::Mutex;

use chrysalis_crypto as crypto;
use pyo3::exceptions::PyTypeError;
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt};
use pyo3::{PyTypeInfo, type_hint_identifier, type_hint_union};
use zeroize::Zeroizing;

use super::key::Key;
use crate::python::buffer::{Data, Many, Out};
use crate::python::convert::{Length, Text, detached, to_bytes};
use crate::python::error::{Failure, Result};
use crate::python::lock;

/// A hash function. The numbers are fixed.
#[pyclass(eq, eq_int, frozen, hash, from_py_object, module = "memory_system._rust.crypto")]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(in crate::python) enum HashAlgorithm {
    /// SHA-256, 32 bytes.
    Sha256 = 0,
    /// SHA-384, 48 bytes.
    Sha384 = 1,
    /// SHA-512, 64 bytes.
    Sha512 = 2,
    /// SHA3-256, 32 bytes.
    Sha3_256 = 3,
    /// SHA3-384, 48 bytes.
    Sha3_384 = 4,
    /// SHA3-512, 64 bytes.
    Sha3_512 = 5,
    /// BLAKE3 without a key, 32 bytes.
    Blake3 = 6,
}

/// A [`HashAlgorithm`] or its number.
pub(in crate::python) struct Algorithm(crypto::hash::HashAlgorithm);

impl<'a, 'py> FromPyObject<'a, 'py> for Algorithm {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr =
        type_hint_union!(HashAlgorithm::TYPE_HINT, type_hint_identifier!("builtins", "int"));

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let number = if let Ok(known) = object.extract::<HashAlgorithm>() {
            known as u32
        } else if object.is_instance_of::<PyInt>() {
            // A number no algorithm can have is as unknown as any other.
            object.extract().unwrap_or(u32::MAX)
        } else {
            return Err(PyTypeError::new_err("algorithm must be a HashAlgorithm or its number"));
        };
        Ok(Self(number.try_into().map_err(Failure::from)?))
    }
}

/// The digest of `data`.
#[pyfunction]
pub(in crate::python) fn hash<'py>(
    py: Python<'py>,
    data: Data<'_>,
    algorithm: Algorithm,
) -> PyResult<Bound<'py, PyBytes>> {
    let data = data.as_slice();
    to_bytes(py, &detached(py, data.len(), || crypto::hash::hash(data, algorithm.0)))
}

/// The digest of `data` in lower-case hexadecimal.
#[pyfunction]
pub(in crate::python) fn hash_hex(py: Python<'_>, data: Data<'_>, algorithm: Algorithm) -> String {
    let data = data.as_slice();
    detached(py, data.len(), || crypto::hash::hash_hex(data, algorithm.0))
}

/// SHA-384 of `data`, 48 bytes.
#[pyfunction]
pub(in crate::python) fn sha384<'py>(py: Python<'py>, data: Data<'_>) -> PyResult<Bound<'py, PyBytes>> {
    let data = data.as_slice();
    to_bytes(py, &detached(py, data.len(), || crypto::hash::sha384(data)))
}

/// SHA-384 of `data`, 96 hexadecimal characters.
#[pyfunction]
pub(in crate::python) fn sha384_hex(py: Python<'_>, data: Data<'_>) -> String {
    let data = data.as_slice();
    detached(py, data.len(), || crypto::hash::sha384_hex(data))
}

/// BLAKE3 of `data` without a key, 32 bytes.
#[pyfunction]
pub(in crate::python) fn blake3_hash<'py>(py: Python<'py>, data: Data<'_>) -> PyResult<Bound<'py, PyBytes>> {
    let data = data.as_slice();
    to_bytes(py, &detached(py, data.len(), || crypto::hash::blake3_hash(data)))
}

/// BLAKE3 of `data` without a key, 64 hexadecimal characters.
#[pyfunction]
pub(in crate::python) fn blake3_hex(py: Python<'_>, data: Data<'_>) -> String {
    let data = data.as_slice();
    detached(py, data.len(), || crypto::hash::blake3_hex(data))
}

/// `hash` into a writable buffer of exactly the digest's length.
#[pyfunction]
pub(in crate::python) fn hash_into(
    py: Python<'_>,
    mut out: Out,
    data: Data<'_>,
    algorithm: Algorithm,
) -> Result<()> {
    let data = data.as_slice();
    out.fill(&detached(py, data.len(), || crypto::hash::hash(data, algorithm.0)))
}

/// `sha384` into a writable buffer of 48 bytes.
#[pyfunction]
pub(in crate::python) fn sha384_into(py: Python<'_>, mut out: Out, data: Data<'_>) -> Result<()> {
    let data = data.as_slice();
    out.fill(&detached(py, data.len(), || crypto::hash::sha384(data)))
}

/// `blake3_hash` into a writable buffer of 32 bytes.
#[pyfunction]
pub(in crate::python) fn blake3_hash_into(py: Python<'_>, mut out: Out, data: Data<'_>) -> Result<()> {
    let data = data.as_slice();
    out.fill(&detached(py, data.len(), || crypto::hash::blake3_hash(data)))
}

/// The digests of many messages in lower-case hexadecimal, in their order.
#[pyfunction]
pub(in crate::python) fn batch_hash(py: Python<'_>, messages: Many, algorithm: Algorithm) -> Vec<String> {
    let messages = messages.as_slices();
    let bytes = messages.iter().map(|message| message.len()).sum();
    detached(py, bytes, || crypto::hash::batch_hash(&messages, algorithm.0))
}

/// BLAKE3 of `data` under a key of 32 bytes, 32 bytes: a message authentication code.
#[pyfunction]
pub(in crate::python) fn blake3_keyed<'py>(
    py: Python<'py>,
    key: Key<'_, 'py>,
    data: Data<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (key, data) = (key.lend(), data.as_slice());
    let tag = detached(py, data.len(), || key.with(|key| crypto::hash::blake3_keyed(key, data)));
    to_bytes(py, &tag.map_err(Failure::from)?)
}

/// A key of 32 bytes derived from key material. `context` is a constant of the application that nothing else uses.
#[pyfunction]
pub(in crate::python) fn blake3_derive_key<'py>(
    py: Python<'py>,
    context: Text<'_>,
    ikm: Key<'_, 'py>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (context, ikm) = (context.0, ikm.lend());
    let derived = py.detach(|| ikm.with(|ikm| Zeroizing::new(crypto::hash::blake3_derive_key(context, ikm))));
    to_bytes(py, &*derived)
}

/// BLAKE3 of `data` with `length` bytes of output, at most 2^30.
#[pyfunction]
pub(in crate::python) fn blake3_xof<'py>(
    py: Python<'py>,
    data: Data<'_>,
    length: Length,
) -> PyResult<Bound<'py, PyBytes>> {
    let (data, Length(length)) = (data.as_slice(), length);
    let work = data.len().saturating_add(length);
    let output = detached(py, work, || crypto::hash::blake3_xof(data, length));
    to_bytes(py, &output.map_err(Failure::from)?)
}

/// HMAC-SHA-256 (RFC 2104) under a key of any length, 32 bytes.
#[pyfunction]
pub(in crate::python) fn hmac_sha256<'py>(
    py: Python<'py>,
    key: Key<'_, 'py>,
    data: Data<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (key, data) = (key.lend(), data.as_slice());
    to_bytes(py, &detached(py, data.len(), || key.with(|key| crypto::mac::hmac_sha256(key, data))))
}

/// HMAC-SHA-384 (RFC 2104) under a key of any length, 48 bytes.
#[pyfunction]
pub(in crate::python) fn hmac_sha384<'py>(
    py: Python<'py>,
    key: Key<'_, 'py>,
    data: Data<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (key, data) = (key.lend(), data.as_slice());
    to_bytes(py, &detached(py, data.len(), || key.with(|key| crypto::mac::hmac_sha384(key, data))))
}

/// HMAC-SHA-512 (RFC 2104) under a key of any length, 64 bytes.
#[pyfunction]
pub(in crate::python) fn hmac_sha512<'py>(
    py: Python<'py>,
    key: Key<'_, 'py>,
    data: Data<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (key, data) = (key.lend(), data.as_slice());
    to_bytes(py, &detached(py, data.len(), || key.with(|key| crypto::mac::hmac_sha512(key, data))))
}

/// A hash of data that arrives in pieces; how it was cut does not change the digest.
#[pyclass(frozen, module = "memory_system._rust.crypto")]
pub(in crate::python) struct IncrementalHasher(Mutex<crypto::hash::IncrementalHasher>);

#[pymethods]
impl IncrementalHasher {
    #[new]
    fn new(algorithm: Algorithm) -> Self {
        Self(Mutex::new(crypto::hash::IncrementalHasher::new(algorithm.0)))
    }

    /// Takes in the next piece. Raises `HASHER_FINALIZED` after the digest was taken.
    fn update(&self, py: Python<'_>, data: Data<'_>) -> Result<()> {
        let data = data.as_slice();
        Ok(detached(py, data.len(), || lock(&self.0).update(data))?)
    }

    /// The digest of everything taken in. Afterwards every use but `reset` raises `HASHER_FINALIZED`.
    fn finalize<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let digest = lock(&self.0).finalize().map_err(Failure::from)?;
        to_bytes(py, &digest)
    }

    /// `finalize` in lower-case hexadecimal.
    fn finalize_hex(&self) -> Result<String> {
        Ok(lock(&self.0).finalize_hex()?)
    }

    /// A hasher that has seen the same data and goes on independently.
    fn clone(&self) -> Self {
        Self(Mutex::new(lock(&self.0).clone()))
    }

    /// Forgets everything taken in; a finished hasher becomes usable again.
    fn reset(&self) {
        lock(&self.0).reset();
    }
}
