//! Numbers of which some are wrong, and votes on memories: the native half of `memory_system.byzantine`.

use std::collections::{BTreeMap, BTreeSet};

use chrysalis_consensus::tally::SupermajorityChecker;
use chrysalis_consensus::{aggregate, validation};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::buffer::Record;
use super::consensus::Validators;
use super::convert::to_bytes;
use super::error::{Failure, Result};
use crate::consensus::proof;
use crate::consensus::validation::{Given, fingerprint, named, sign, votes as read};

/// Who counts, their confidences, mean without extremes, median, whether they agree, how many it takes, and who contradicts
/// itself.
type Validation = (Vec<String>, Vec<f64>, f64, f64, bool, usize, BTreeSet<String>);

/// The mean without the `f` lowest and the `f` highest: with at most `f` wrong values it lies among the right ones. Raises
/// `consensus/too-few-values` for `2 * f` values or fewer.
#[pyfunction]
pub(super) fn robust_mean(values: Vec<f64>, f: usize) -> Result<f64> {
    Ok(aggregate::robust_mean(&values, f)?)
}

/// The mean without `int(n * trim_percent)` values on each side, as the original computes it; raises for no values.
#[pyfunction]
pub(super) fn trimmed_mean(values: Vec<f64>, trim_percent: f64) -> Result<f64> {
    Ok(aggregate::trimmed_mean(&values, trim_percent)?)
}

/// The same, and the plain mean where trimming would leave nothing.
#[pyfunction]
pub(super) fn trimmed_mean_or_mean(values: Vec<f64>, trim_percent: f64) -> Result<f64> {
    Ok(aggregate::trimmed_mean_or_mean(&values, trim_percent)?)
}

/// The value in the middle, or the mean of the two there. Raises `consensus/no-values` for none.
#[pyfunction]
pub(super) fn median(values: Vec<f64>) -> Result<f64> {
    Ok(aggregate::median(&values)?)
}

/// The most frequent value; of several, the one that comes first. Raises `consensus/no-values` for none.
#[pyfunction]
pub(super) fn mode(values: Vec<f64>) -> Result<f64> {
    Ok(aggregate::mode(&values)?)
}

/// `2 * n // 3 + 1`: the smallest number of equal members that is more than two thirds.
#[pyfunction]
pub(super) fn calculate_threshold(total_instances: usize) -> usize {
    validation::calculate_threshold(total_instances)
}

/// The signature of a vote on the memory with this fingerprint, 64 bytes.
#[pyfunction]
pub(super) fn sign_validation_vote<'py>(
    py: Python<'py>,
    fingerprint: Record<'_>,
    instance_id: &str,
    confidence: f64,
    timestamp: f64,
    signing_key: Record<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (fingerprint, key) = (fingerprint.as_slice(), signing_key.as_slice());
    let signature = py.detach(|| sign(fingerprint, instance_id, confidence, timestamp, key));
    to_bytes(py, &signature.map_err(Failure::from)?)
}

/// Weighs the votes of members on the memory with this fingerprint, all signatures in one batch.
#[pyfunction]
pub(super) fn validate_memory(
    py: Python<'_>,
    fingerprint: Record<'_>,
    votes: Vec<Given>,
    members: Validators<'_>,
    supporting: f64,
) -> PyResult<Validation> {
    let members = proof::set(&members.0, "members")?;
    let fingerprint = self::fingerprint(fingerprint.as_slice()).map_err(Failure::from)?;
    let weigh = || validation::validate_memory(&fingerprint, &read(votes), &members, supporting);
    let found = py.detach(weigh).map_err(Failure::from)?;
    let text = |id: &chrysalis_consensus::NodeId| id.as_str().to_owned();
    Ok((
        found.verified_by.iter().map(text).collect(),
        found.confidence_scores,
        found.trimmed_mean,
        found.median,
        found.threshold,
        found.required_votes,
        found.byzantine.iter().map(text).collect(),
    ))
}

/// The members that signed two votes on the memory for one time.
#[pyfunction]
pub(super) fn detect_byzantine_nodes(
    py: Python<'_>,
    fingerprint: Record<'_>,
    votes: Vec<Given>,
    members: Validators<'_>,
) -> PyResult<BTreeSet<String>> {
    let members = proof::set(&members.0, "members")?;
    let fingerprint = self::fingerprint(fingerprint.as_slice()).map_err(Failure::from)?;
    let found = py.detach(|| validation::detect_byzantine_nodes(&fingerprint, &read(votes), &members));
    Ok(found.iter().map(|id| id.as_str().to_owned()).collect())
}

/// Mean without extremes, median, and whether sources with a quorum of the members' power took part.
#[pyfunction]
pub(super) fn aggregate_knowledge_confidence(
    source_confidences: BTreeMap<String, f64>,
    members: Validators<'_>,
) -> PyResult<(f64, f64, bool)> {
    let members = proof::set(&members.0, "members")?;
    let confidences = named(source_confidences).map_err(Failure::from)?;
    let found = validation::aggregate_knowledge_confidence(&confidences, &members);
    Ok(found.map_err(Failure::from)?)
}

/// The mean of confidences weighted by instance; an instance without a weight weighs 1.0.
#[pyfunction]
pub(super) fn weighted_confidence(
    confidences: BTreeMap<String, f64>,
    instance_weights: BTreeMap<String, f64>,
) -> Result<f64> {
    Ok(validation::weighted_confidence(&named(confidences)?, &named(instance_weights)?)?)
}

/// Whether more than `threshold` of the votes are yes; never of none.
#[pyfunction]
pub(super) fn has_supermajority(votes: Vec<bool>, threshold: f64) -> Result<bool> {
    Ok(SupermajorityChecker::new(threshold)?.has_supermajority(&votes))
}

/// Whether more than `required_threshold` of the votes are yes, how many are, and how many it takes.
#[pyfunction]
pub(super) fn consensus_decision(
    votes: BTreeMap<String, bool>,
    required_threshold: f64,
) -> Result<(bool, usize, usize)> {
    Ok(SupermajorityChecker::new(required_threshold)?.consensus_decision(&named(votes)?))
}
