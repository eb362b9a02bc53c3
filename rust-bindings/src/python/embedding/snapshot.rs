//! What a service counted, as dictionaries.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrysalis_embedding::SpaceId;
use chrysalis_embedding::cache::{DiskStats, MemoryStats};
use chrysalis_embedding::service::ProviderInfo;
use chrysalis_embedding::telemetry::{End, LaneTelemetry, Sketch, Telemetry};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// Time since 1970.
pub(super) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

pub(super) fn info<'py>(py: Python<'py>, info: &ProviderInfo) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("provider", &info.provider)?;
    dict.set_item("model", &info.model)?;
    dict.set_item("dimensions", info.dimensions)?;
    dict.set_item("circuit", info.circuit.name())?;
    dict.set_item("in_flight", info.in_flight)?;
    dict.set_item("price_per_1k_tokens", info.price_per_1k_tokens)?;
    Ok(dict)
}

pub(super) fn telemetry<'py>(py: Python<'py>, telemetry: &Telemetry) -> PyResult<Bound<'py, PyDict>> {
    let lanes = telemetry.lanes.iter().map(|telemetry| lane(py, telemetry)).collect::<PyResult<Vec<_>>>()?;
    let dict = counts(
        py,
        &[
            ("cache_hits", telemetry.cache_hits),
            ("cache_misses", telemetry.cache_misses),
            ("cache_disk_hits", telemetry.cache_disk_hits),
            ("coalesced", telemetry.coalesced),
            ("cancelled", telemetry.cancelled),
            ("expired", telemetry.expired),
            ("overloaded", telemetry.overloaded),
            ("late", telemetry.late),
        ],
    )?;
    dict.set_item("providers", PyList::new(py, lanes)?)?;
    Ok(dict)
}

fn lane<'py>(py: Python<'py>, lane: &LaneTelemetry) -> PyResult<Bound<'py, PyDict>> {
    let dict = counts(
        py,
        &[
            ("attempts", lane.attempts),
            ("retries", lane.retries),
            ("abandoned", lane.abandoned),
            ("texts_sent", lane.texts_sent),
            ("splits", lane.splits),
            ("fallbacks", lane.fallbacks),
            ("mismatches", lane.mismatches),
            ("paused", lane.paused),
            ("tokens_counted", lane.tokens_counted),
            ("tokens_reported", lane.tokens_reported),
            ("bytes_sent", lane.bytes_sent),
            ("bytes_received", lane.bytes_received),
        ],
    )?;
    dict.set_item("provider", &lane.provider)?;
    dict.set_item("model", &lane.model)?;
    dict.set_item("cost", lane.cost)?;
    dict.set_item("retry_time", lane.retry_time.as_secs_f64())?;
    for (name, sketch) in [
        ("queue_time", &lane.queue_time),
        ("connect_time", &lane.connect_time),
        ("provider_time", &lane.provider_time),
        ("total_time", &lane.total_time),
    ] {
        dict.set_item(name, times(py, sketch)?)?;
    }
    for (name, ends) in [("texts", &lane.ends), ("requests", &lane.requests)] {
        dict.set_item(name, by_end(py, ends)?)?;
    }
    Ok(dict)
}

fn by_end<'py>(py: Python<'py>, ends: &BTreeMap<End, u64>) -> PyResult<Bound<'py, PyDict>> {
    let ends: Vec<(&str, u64)> = ends.iter().map(|(end, count)| (end.name(), *count)).collect();
    counts(py, &ends)
}

fn times<'py>(py: Python<'py>, sketch: &Sketch) -> PyResult<Bound<'py, PyDict>> {
    let dict = counts(py, &[("count", sketch.count())])?;
    dict.set_item("sum", sketch.sum().as_secs_f64())?;
    for (name, part) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
        dict.set_item(name, sketch.quantile(part).as_secs_f64())?;
    }
    Ok(dict)
}

pub(super) fn cache<'py>(
    py: Python<'py>,
    memory: &MemoryStats,
    disk: Option<&(DiskStats, BTreeMap<SpaceId, usize>)>,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = counts(
        py,
        &[
            ("entries", memory.entries as u64),
            ("bytes", memory.bytes as u64),
            ("hits", memory.hits),
            ("misses", memory.misses),
            ("evictions", memory.evictions),
            ("expired", memory.expired),
        ],
    )?;
    let Some((stats, by_space)) = disk else { return Ok(dict) };
    let disk = counts(
        py,
        &[
            ("entries", stats.entries as u64),
            ("live_bytes", stats.live_bytes),
            ("dead_bytes", stats.dead_bytes),
            ("generation", stats.generation),
            ("hits", stats.hits),
            ("misses", stats.misses),
            ("evictions", stats.evictions),
            ("dropped", stats.dropped),
            ("damaged", stats.damaged),
        ],
    )?;
    let models = PyDict::new(py);
    for (id, count) in by_space {
        let space = stats.spaces.get(id).and_then(Option::as_ref);
        let name = space.map_or_else(|| id.to_string(), |space| space.fields().model.clone());
        models.set_item(name, count)?;
    }
    disk.set_item("models", models)?;
    dict.set_item("disk", disk)?;
    Ok(dict)
}

/// A dictionary of counts.
pub(super) fn counts<'py>(py: Python<'py>, counts: &[(&str, u64)]) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    counts.iter().try_for_each(|(name, count)| dict.set_item(name, count))?;
    Ok(dict)
}
