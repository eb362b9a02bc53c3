//! The map of registers.

use chrysalis_crdt as crdt;
use chrysalis_crdt::Value;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::value::{Actor, Data, Datum, Name, Unit, stamp, time};
use super::writers::with_clock;
use super::{Held, merge_into, state};
use crate::python::convert::to_bytes;
use crate::python::error::Result;

/// A register per key, where the last write wins. A removal is a write, so that no older write brings the key back.
#[pyclass(frozen, module = "memory_system._rust")]
pub(in crate::python) struct LWWMap(Held<crdt::LwwMap>);

state!(LWWMap, crdt::LwwMap, |map| format!("of {} keys, ", map.len()));
merge_into!(LWWMap);

#[pymethods]
impl LWWMap {
    /// The empty map, with times in a unit: `s`, `ms`, `hlc` or `lamport`.
    #[new]
    #[pyo3(signature = (instance_id = None, *, clock = Unit::SECONDS))]
    fn new(instance_id: Option<Name<'_>>, clock: Unit) -> Result<Self> {
        Ok(Self(Held::written_by(crdt::LwwMap::with_unit(clock.0), instance_id)?))
    }

    /// Records a write under a key. It takes effect only if it wins.
    #[pyo3(signature = (key, value, timestamp, writer, *, logical = 0))]
    fn set(&self, key: Name<'_>, value: Datum, timestamp: f64, writer: Actor, logical: u16) -> Result<()> {
        self.0.change(|map| {
            let stamp = stamp(map.unit(), timestamp, logical)?;
            map.set_at(key.0, value.0, stamp, writer.0).map(drop)
        })
    }

    /// Records writes under the keys of a `dict`, all or none, and gives their delta, for `import_deltas` elsewhere.
    #[pyo3(signature = (entries, timestamp, writer, *, logical = 0))]
    fn set_many<'py>(
        &self,
        py: Python<'py>,
        entries: Datum,
        timestamp: f64,
        writer: Actor,
        logical: u16,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let delta = self.0.change(|map| {
            let stamp = stamp(map.unit(), timestamp, logical)?;
            let mut delta = crdt::LwwMap::with_unit(map.unit());
            let entries =
                entries.0.into_map().ok_or(crdt::CrdtError::WrongShape("entries are not a dict"))?;
            for (key, value) in entries {
                let key = key.as_text().ok_or(crdt::CrdtError::WrongShape("a key is not a string"))?;
                delta.set_at(key, value, stamp, writer.0.clone())?;
            }
            map.merge(&delta)?;
            Ok(crdt::Decompose::to_wire(&delta))
        })?;
        to_bytes(py, &delta)
    }

    /// Records the removal of a key, there or not.
    #[pyo3(signature = (key, timestamp, writer, *, logical = 0))]
    fn remove(&self, key: Name<'_>, timestamp: f64, writer: Actor, logical: u16) -> Result<()> {
        self.0.change(|map| {
            let stamp = stamp(map.unit(), timestamp, logical)?;
            map.remove_at(key.0, stamp, writer.0);
            Ok(())
        })
    }

    /// Writes under a key now, under the clock and an incarnation of this process: for maps with the clock `hlc`.
    fn write(&self, key: Name<'_>, value: Datum) -> Result<()> {
        self.0.write(|map, writer| {
            with_clock(|clock, now_ms| map.set(writer, clock, now_ms, key.0, value.0)).map(drop)
        })
    }

    /// Removes a key now, as `write` writes.
    fn delete(&self, key: Name<'_>) -> Result<()> {
        self.0.write(|map, writer| {
            with_clock(|clock, now_ms| map.remove(writer, clock, now_ms, key.0)).map(drop)
        })
    }

    /// The value under a key; `default` where there is none.
    #[pyo3(signature = (key, default = None))]
    fn get(&self, key: Name<'_>, default: Option<Datum>) -> Option<Datum> {
        self.0.now().get(key.0).cloned().map(Datum).or(default)
    }

    /// The winning write under a key: value, time and writer. The value of a removal is `None`.
    fn get_entry(&self, key: Name<'_>) -> Result<Option<(Datum, f64, String)>> {
        let now = self.0.now();
        let Some(entry) = now.entry(key.0) else { return Ok(None) };
        let value = entry.value().cloned().unwrap_or(Value::Null);
        let time = time(now.unit(), Some(entry.key().stamp()))?;
        Ok(Some((Datum(value), time, entry.key().actor().to_string())))
    }

    /// Whether there is a value under the key.
    fn has(&self, key: Name<'_>) -> bool {
        self.0.now().contains(key.0)
    }

    /// The keys with a value, in byte order.
    fn keys(&self) -> Vec<String> {
        self.0.now().keys().map(ToOwned::to_owned).collect()
    }

    /// The keys with their values, as pairs in byte order of the keys.
    fn entries(&self) -> Vec<(String, Datum)> {
        self.0.now().iter().map(|(key, value)| (key.to_owned(), Datum(value.clone()))).collect()
    }

    /// The values, in byte order of their keys.
    fn values(&self) -> Data {
        self.0.now().iter().map(|(_, value)| value).collect()
    }

    /// What times are counted in.
    #[getter]
    fn clock(&self) -> &'static str {
        self.0.now().unit().as_str()
    }

    fn __len__(&self) -> usize {
        self.0.now().len()
    }

    fn __contains__(&self, key: Name<'_>) -> bool {
        self.has(key)
    }
}
