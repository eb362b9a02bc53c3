//! Counters.

use std::collections::BTreeMap;

use chrysalis_crdt as crdt;
use pyo3::prelude::*;

use super::clock::{to_clock, to_dict};
use super::value::{Actor, Amount, Counts};
use super::{Held, merge_into, state};
use crate::python::error::Result;

/// A counter that only grows. Each instance counts under its own id, in one place at a time.
#[pyclass(frozen, module = "memory_system._rust")]
pub(in crate::python) struct GCounter(Held<crdt::GCounter>);

state!(GCounter, crdt::GCounter, |counter| format!("at {}, ", counter.value()));
merge_into!(GCounter);

#[pymethods]
impl GCounter {
    /// A counter of these counts by instance.
    #[new]
    #[pyo3(signature = (counts = None))]
    fn new(counts: Option<Counts>) -> Result<Self> {
        Ok(Self::of(crdt::GCounter::from_counts(to_clock(counts.unwrap_or_default().0)?)))
    }

    /// Counts one.
    fn increment(&self, instance: Actor) -> Result<()> {
        self.0.change(|counter| counter.increment(&instance.0).map(drop))
    }

    /// Counts `amount`, which does nothing if it is negative.
    fn increment_by(&self, instance: Actor, amount: Amount) -> Result<()> {
        self.0.change(|counter| counter.increment_by(&instance.0, amount.0).map(drop))
    }

    /// The exact sum.
    fn value(&self) -> u128 {
        self.0.now().value()
    }

    /// What one instance has counted.
    fn get_instance_count(&self, instance: Actor) -> u64 {
        self.0.now().count(&instance.0)
    }

    /// The counts by instance.
    fn counts(&self) -> BTreeMap<String, u64> {
        to_dict(self.0.now().counts())
    }

    /// -1, 0 or 1 as the sum is less than, equal to or greater than the other's. Says nothing of causality.
    fn compare_total(&self, other: &Self) -> i8 {
        self.0.now().compare_total(&other.0.now()) as i8
    }

    /// `before`, `after`, `concurrent` or `equal`.
    fn partial_compare(&self, other: &Self) -> &'static str {
        self.0.now().partial_compare(&other.0.now()).as_str()
    }
}

/// A counter that goes up and down.
#[pyclass(frozen, module = "memory_system._rust")]
pub(in crate::python) struct PNCounter(Held<crdt::PnCounter>);

state!(PNCounter, crdt::PnCounter, |counter| format!("at {}, ", counter.value()));
merge_into!(PNCounter);

#[pymethods]
impl PNCounter {
    /// A counter of what was counted up and down, by instance.
    #[new]
    #[pyo3(signature = (positive = None, negative = None))]
    fn new(positive: Option<Counts>, negative: Option<Counts>) -> Result<Self> {
        let side = |counts: Option<Counts>| {
            Ok::<_, crate::python::error::Failure>(crdt::GCounter::from_counts(to_clock(
                counts.unwrap_or_default().0,
            )?))
        };
        Ok(Self::of(crdt::PnCounter::from_parts(side(positive)?, side(negative)?)))
    }

    /// Counts one up.
    fn increment(&self, instance: Actor) -> Result<()> {
        self.0.change(|counter| counter.increment(&instance.0).map(drop))
    }

    /// Counts one down.
    fn decrement(&self, instance: Actor) -> Result<()> {
        self.0.change(|counter| counter.decrement(&instance.0).map(drop))
    }

    /// Counts `amount` up, or down if it is negative.
    fn increment_by(&self, instance: Actor, amount: Amount) -> Result<()> {
        self.0.change(|counter| counter.increment_by(&instance.0, amount.0).map(drop))
    }

    /// The exact difference.
    fn value(&self) -> i128 {
        self.0.now().value()
    }

    /// What was counted up, by instance.
    fn positive(&self) -> BTreeMap<String, u64> {
        to_dict(self.0.now().positive().counts())
    }

    /// What was counted down, by instance.
    fn negative(&self) -> BTreeMap<String, u64> {
        to_dict(self.0.now().negative().counts())
    }

    /// What one instance has counted, up less down.
    fn get_instance_count(&self, instance: Actor) -> i128 {
        let now = self.0.now();
        i128::from(now.positive().count(&instance.0)) - i128::from(now.negative().count(&instance.0))
    }
}
