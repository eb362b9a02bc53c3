//! Vector clocks.

use std::collections::BTreeMap;

use chrysalis_crdt as crdt;
use chrysalis_crdt::{ActorKey, CrdtError};
use pyo3::prelude::*;

use super::value::{Actor, Count, Counts};
use super::{Held, merge_into, state};
use crate::python::error::Result;

/// A counter of events per writer.
#[pyclass(frozen, module = "memory_system._rust")]
pub(in crate::python) struct VectorClock(pub(super) Held<crdt::VectorClock>);

state!(VectorClock, crdt::VectorClock, |clock| format!("of {} instances, ", clock.nodes().len()));
merge_into!(VectorClock);

#[pymethods]
impl VectorClock {
    /// A clock of these counters.
    #[new]
    #[pyo3(signature = (clock = None))]
    fn new(clock: Option<Counts>) -> Result<Self> {
        to_clock(clock.unwrap_or_default().0).map(Self::of)
    }

    /// The clock of one instance.
    #[staticmethod]
    #[pyo3(signature = (instance, timestamp = Count(0)))]
    fn singleton(instance: Actor, timestamp: Count) -> Self {
        Self::of(crdt::VectorClock::singleton(instance.0, timestamp.0))
    }

    /// Counts one event of an instance, and gives its number.
    fn tick(&self, instance: Actor) -> Result<u64> {
        self.0.change(|clock| clock.increment(&instance.0))
    }

    /// The number of an instance's last event; 0 if it had none.
    fn get(&self, instance: Actor) -> u64 {
        self.0.now().get(&instance.0)
    }

    /// Sets the counter of an instance. It may not go back.
    fn set(&self, instance: Actor, timestamp: Count) -> Result<()> {
        self.0.change(|clock| clock.set(&instance.0, timestamp.0))
    }

    /// `before`, `after`, `concurrent` or `equal`.
    fn compare(&self, other: &Self) -> &'static str {
        self.0.now().compare(&other.0.now()).as_str()
    }

    /// Whether all that this clock has seen, and not all, is in the other.
    fn happened_before(&self, other: &Self) -> bool {
        self.0.now().happened_before(&other.0.now())
    }

    /// Whether this clock has seen all of the other, and more.
    fn happened_after(&self, other: &Self) -> bool {
        self.0.now().happened_after(&other.0.now())
    }

    /// Whether each has seen what the other has not. Equal clocks are not concurrent.
    fn concurrent(&self, other: &Self) -> bool {
        self.0.now().is_concurrent(&other.0.now())
    }

    /// The number of all events.
    fn sum(&self) -> u128 {
        self.0.now().sum()
    }

    /// The instances, in byte order.
    fn nodes(&self) -> Vec<String> {
        self.0.now().nodes().map(ToString::to_string).collect()
    }

    /// The counters by instance.
    fn to_dict(&self) -> BTreeMap<String, u64> {
        to_dict(&self.0.now())
    }

    fn __len__(&self) -> usize {
        self.0.now().nodes().len()
    }

    fn __str__(&self) -> String {
        self.0.now().to_string()
    }
}

pub(super) fn to_clock(counts: BTreeMap<String, u64>) -> Result<crdt::VectorClock> {
    let entry = |(actor, count): (String, u64)| Ok((ActorKey::new(&actor)?, count));
    Ok(counts.into_iter().map(entry).collect::<std::result::Result<_, CrdtError>>()?)
}

pub(super) fn to_dict(clock: &crdt::VectorClock) -> BTreeMap<String, u64> {
    clock.iter().map(|(actor, count)| (actor.as_str().to_owned(), count)).collect()
}

/// The counters of a clock as a value.
pub(super) fn to_value(clock: &crdt::VectorClock) -> crdt::Value {
    crdt::Value::map(clock.iter().map(|(actor, count)| (actor.as_str(), count)))
}
