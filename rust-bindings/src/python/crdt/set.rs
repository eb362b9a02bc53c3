//! Sets without tags.

use chrysalis_crdt as crdt;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::value::{Data, Datum, Items, Unit, stamp, time};
use super::{Held, merge_into, state};
use crate::python::convert::to_bytes;
use crate::python::error::Result;

/// A set that only grows.
#[pyclass(frozen, module = "memory_system._rust")]
pub(in crate::python) struct GSet(Held<crdt::GSet>);

state!(GSet, crdt::GSet, |set| format!("of {} elements, ", set.len()));
merge_into!(GSet);

#[pymethods]
impl GSet {
    /// A set of these elements.
    #[new]
    #[pyo3(signature = (elements = None))]
    fn new(elements: Option<Data>) -> Result<Self> {
        let set = Self::of(crdt::GSet::new());
        set.put(elements.map_or_else(Vec::new, |elements| elements.0))?;
        Ok(set)
    }

    /// Adds an element.
    fn add(&self, element: Datum) -> Result<()> {
        self.0.change(|set| set.add(element.0).map(drop))
    }

    /// Adds elements, all or none, and gives their delta, for `import_deltas` elsewhere.
    fn add_many<'py>(&self, py: Python<'py>, elements: Data) -> PyResult<Bound<'py, PyBytes>> {
        let delta = py.detach(|| self.put(elements.0))?;
        to_bytes(py, &delta)
    }

    /// Whether the element is in the set.
    fn contains(&self, element: Datum) -> bool {
        self.0.now().contains(&element.0)
    }

    /// The elements, in the order of their encodings.
    fn elements(&self) -> Data {
        self.0.now().elements().collect()
    }

    /// The number of elements.
    fn len(&self) -> usize {
        self.0.now().len()
    }

    /// Whether there is no element.
    fn is_empty(&self) -> bool {
        self.0.now().is_empty()
    }

    fn __len__(&self) -> usize {
        self.len()
    }

    fn __contains__(&self, element: Datum) -> bool {
        self.contains(element)
    }

    fn __iter__(&self) -> Items {
        Items(self.elements())
    }
}

impl GSet {
    fn put(&self, elements: Vec<crdt::Value>) -> Result<Vec<u8>> {
        let mut delta = crdt::GSet::new();
        for element in elements {
            delta.add(element)?;
        }
        self.0.change(|set| set.merge(&delta))?;
        Ok(crdt::Decompose::to_wire(&delta))
    }
}

/// A set whose removals are for ever, also of elements that come later.
#[pyclass(frozen, module = "memory_system._rust")]
pub(in crate::python) struct TwoPhaseSet(Held<crdt::TwoPhaseSet>);

state!(TwoPhaseSet, crdt::TwoPhaseSet, |set| format!("of {} elements, ", set.len()));
merge_into!(TwoPhaseSet);

#[pymethods]
impl TwoPhaseSet {
    /// The empty set.
    #[new]
    fn new() -> Self {
        Self::of(crdt::TwoPhaseSet::new())
    }

    /// Adds an element, unless it was ever removed.
    fn add(&self, element: Datum) -> Result<()> {
        self.0.change(|set| set.add(element.0).map(drop))
    }

    /// Adds elements, all or none, and gives their delta, for `import_deltas` elsewhere.
    fn add_many<'py>(&self, py: Python<'py>, elements: Data) -> PyResult<Bound<'py, PyBytes>> {
        let mut delta = crdt::TwoPhaseSet::new();
        for element in elements.0 {
            delta.add(element).map_err(crate::python::error::Failure::from)?;
        }
        self.0.change(|set| {
            set.merge(&delta);
            Ok(())
        })?;
        to_bytes(py, &crdt::Decompose::to_wire(&delta))
    }

    /// Removes an element, there or not.
    fn remove(&self, element: Datum) -> Result<()> {
        self.0.change(|set| set.remove(element.0).map(drop))
    }

    /// Whether the element is in the set.
    fn contains(&self, element: Datum) -> bool {
        self.0.now().contains(&element.0)
    }

    /// The elements, in the order of their encodings.
    fn elements(&self) -> Data {
        self.0.now().elements().collect()
    }

    /// What was ever removed, in the order of encodings.
    fn removed(&self) -> Data {
        self.0.now().removed().collect()
    }

    /// The number of elements.
    fn len(&self) -> usize {
        self.0.now().len()
    }

    /// Whether there is no element.
    fn is_empty(&self) -> bool {
        self.0.now().is_empty()
    }

    fn __len__(&self) -> usize {
        self.len()
    }

    fn __contains__(&self, element: Datum) -> bool {
        self.contains(element)
    }

    fn __iter__(&self) -> Items {
        Items(self.elements())
    }
}

/// A set where the later of an element's addition and removal decides, and in a tie the removal.
#[pyclass(frozen, module = "memory_system._rust")]
pub(in crate::python) struct LWWElementSet(Held<crdt::LwwElementSet>);

state!(LWWElementSet, crdt::LwwElementSet, |set| format!("of {} elements, ", set.len()));
merge_into!(LWWElementSet);

#[pymethods]
impl LWWElementSet {
    /// The empty set, with times in a unit: `s`, `ms`, `hlc` or `lamport`.
    #[new]
    #[pyo3(signature = (*, clock = Unit::SECONDS))]
    fn new(clock: Unit) -> Self {
        Self::of(crdt::LwwElementSet::with_unit(clock.0))
    }

    /// Adds an element at a time.
    #[pyo3(signature = (element, timestamp, *, logical = 0))]
    fn add(&self, element: Datum, timestamp: f64, logical: u16) -> Result<()> {
        self.0.change(|set| set.add(element.0, stamp(set.unit(), timestamp, logical)?).map(drop))
    }

    /// Removes an element at a time, there or not.
    #[pyo3(signature = (element, timestamp, *, logical = 0))]
    fn remove(&self, element: Datum, timestamp: f64, logical: u16) -> Result<()> {
        self.0.change(|set| set.remove(element.0, stamp(set.unit(), timestamp, logical)?).map(drop))
    }

    /// Whether the element is in the set.
    fn contains(&self, element: Datum) -> bool {
        self.0.now().contains(&element.0)
    }

    /// When the element was last added and last removed, if ever; `None` when it was never named.
    fn times(&self, element: Datum) -> Result<Option<(f64, Option<f64>)>> {
        let now = self.0.now();
        let Some(times) = now.times(&element.0) else { return Ok(None) };
        let removed = times.removed.map(|stamp| time(now.unit(), Some(stamp))).transpose()?;
        Ok(Some((time(now.unit(), Some(times.added))?, removed)))
    }

    /// The elements, in the order of their encodings.
    fn elements(&self) -> Data {
        self.0.now().elements().collect()
    }

    /// The number of elements.
    fn len(&self) -> usize {
        self.0.now().len()
    }

    /// Whether there is no element.
    fn is_empty(&self) -> bool {
        self.0.now().is_empty()
    }

    fn __len__(&self) -> usize {
        self.len()
    }

    fn __contains__(&self, element: Datum) -> bool {
        self.contains(element)
    }

    fn __iter__(&self) -> Items {
        Items(self.elements())
    }
}
