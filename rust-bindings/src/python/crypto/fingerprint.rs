//! Fingerprints of agents and hashes of their state.

use chrysalis_crypto as crypto;
use pyo3::prelude::*;

use crate::python::convert::{Text, detached};
use crate::python::error::Result;

/// SHA-384 of `agent_id:name:created_at`, 96 hexadecimal characters. The fields are joined without escaping.
#[pyfunction]
pub(in crate::python) fn compute_agent_fingerprint(
    agent_id: Text<'_>,
    name: Text<'_>,
    created_at: Text<'_>,
) -> String {
    crypto::fingerprint::compute_agent_fingerprint(agent_id.0, name.0, created_at.0)
}

/// BLAKE3 of the text as given, 64 hexadecimal characters. The order of keys counts.
#[pyfunction]
pub(in crate::python) fn compute_state_hash(py: Python<'_>, state_json: Text<'_>) -> String {
    let Text(state_json) = state_json;
    detached(py, state_json.len(), || crypto::fingerprint::compute_state_hash(state_json))
}

/// The second form of `compute_agent_fingerprint`: fields are kept apart by their lengths, 96 hexadecimal characters.
#[pyfunction]
pub(in crate::python) fn compute_agent_fingerprint_v2(
    agent_id: Text<'_>,
    name: Text<'_>,
    created_at: Text<'_>,
) -> String {
    crypto::fingerprint::compute_agent_fingerprint_v2(agent_id.0, name.0, created_at.0)
}

/// BLAKE3 of the text as canonical JSON (RFC 8785), so that the order of keys and white space do not count.
///
/// Raises `CryptoError` with `SERIALIZATION` for a text that is not strict JSON.
#[pyfunction]
pub(in crate::python) fn compute_state_hash_canonical(
    py: Python<'_>,
    state_json: Text<'_>,
) -> Result<String> {
    let Text(state_json) = state_json;
    Ok(detached(py, state_json.len(), || crypto::fingerprint::compute_state_hash_canonical(state_json))?)
}

/// Which hash of the text `hex` is: `blake3`, `sha256-legacy` (an older system wrote those), or `None`.
#[pyfunction]
pub(in crate::python) fn verify_state_hash(
    py: Python<'_>,
    state_json: Text<'_>,
    hex: Text<'_>,
) -> Result<Option<&'static str>> {
    let (Text(state_json), Text(hex)) = (state_json, hex);
    let known = detached(py, state_json.len(), || crypto::fingerprint::verify_state_hash(state_json, hex))?;
    Ok(known.map(crypto::fingerprint::StateHash::name))
}
