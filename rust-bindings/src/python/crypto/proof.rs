//! Offline proofs of records.

use chrysalis_crypto as crypto;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::python::buffer::Record;
use crate::python::convert::{detached, to_bytes};
use crate::python::error::Result;

/// What a checked proof says: who wrote which record, and where in its journal.
#[pyclass(frozen, module = "memory_system._rust.crypto")]
pub(in crate::python) struct VerifiedRecord(crypto::proof::VerifiedRecord);

/// Checks an exported record proof.
///
/// A proof shows that the holder of the author's key committed to this record; it does not show that what the record
/// says is true. Raises `CryptoError` with `MALFORMED` for bytes that are not a proof and `INVALID_PROOF` for one that
/// does not hold.
#[pyfunction]
pub(in crate::python) fn verify_record_proof(py: Python<'_>, proof: Record<'_>) -> Result<VerifiedRecord> {
    let proof = proof.as_slice();
    Ok(VerifiedRecord(detached(py, proof.len(), || crypto::proof::verify(proof))?))
}

#[pymethods]
impl VerifiedRecord {
    /// The author's public key, 64 hexadecimal characters.
    #[getter]
    fn author(&self) -> String {
        crypto::hex::encode(&self.0.proof.commit.writer.key)
    }

    /// Which of the author's journals.
    #[getter]
    fn incarnation(&self) -> u64 {
        self.0.proof.commit.writer.incarnation
    }

    /// The record's number in that journal.
    #[getter]
    fn sequence(&self) -> u64 {
        self.0.sequence
    }

    /// The record's id: its leaf, 64 hexadecimal characters.
    #[getter]
    fn leaf(&self) -> String {
        crypto::hex::encode(&self.0.leaf)
    }

    /// The hash of the commit, 64 hexadecimal characters.
    #[getter]
    fn commit_hash(&self) -> String {
        crypto::hex::encode(&self.0.commit_hash)
    }

    /// What kind of record it is; 1 remembers.
    #[getter]
    fn kind(&self) -> u16 {
        self.0.proof.record.kind
    }

    /// The namespace's id, 32 hexadecimal characters.
    #[getter]
    fn namespace(&self) -> String {
        crypto::hex::encode(&self.0.proof.record.namespace)
    }

    /// The namespace's key epoch; 0 is plain.
    #[getter]
    fn key_epoch(&self) -> u32 {
        self.0.proof.record.key_epoch
    }

    /// Milliseconds since 1970 of the record's hybrid time.
    #[getter]
    fn time_ms(&self) -> u64 {
        self.0.proof.record.time >> 16
    }

    /// The logical part of the record's hybrid time.
    #[getter]
    fn time_logical(&self) -> u64 {
        self.0.proof.record.time & 0xffff
    }

    /// The record's content.
    #[getter]
    fn content<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        to_bytes(py, &self.0.proof.content)
    }

    fn __repr__(&self) -> String {
        format!(
            "VerifiedRecord(author='{}', sequence={}, leaf='{}')",
            self.author(),
            self.0.sequence,
            self.leaf()
        )
    }
}
