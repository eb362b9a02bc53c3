//! Registers.

use chrysalis_crdt as crdt;
use chrysalis_crdt::{NumericMode, Value};
use pyo3::prelude::*;

use super::clock::{VectorClock, to_value};
use super::value::{Actor, Data, Datum, MaybeActor, Name, Unit, record, stamp, time};
use super::writers::with_clock;
use super::{Held, merge_into, state};
use crate::python::error::Result;

/// A value where the last write wins: that with the greatest time, then writer, then digest of the value.
#[pyclass(frozen, module = "memory_system._rust")]
pub(in crate::python) struct LWWRegister(Held<crdt::LwwRegister>);

state!(LWWRegister, crdt::LwwRegister, |register| {
    if register.get().is_some() { "written, ".to_owned() } else { "never written, ".to_owned() }
});

#[pymethods]
impl LWWRegister {
    /// A register with this write; never written where no writer is named. Times are in a unit: `s`, `ms`, `hlc` or
    /// `lamport`.
    #[new]
    #[pyo3(signature = (value = Datum(Value::Null), timestamp = 0.0, writer = MaybeActor(None), *, clock = Unit::SECONDS))]
    fn new(value: Datum, timestamp: f64, writer: MaybeActor, clock: Unit) -> Result<Self> {
        let mut register = crdt::LwwRegister::with_unit(clock.0);
        match writer.0 {
            Some(actor) => drop(register.set_at(value.0, stamp(clock.0, timestamp, 0)?, actor)?),
            None if value.0.is_null() => {}
            None => return Err(crdt::CrdtError::InvalidActor("a value needs a writer").into()),
        }
        Ok(Self::of(register))
    }

    /// Records a write. It takes effect only if it wins: a register never goes back.
    #[pyo3(signature = (value, timestamp, writer, *, logical = 0))]
    fn set(&self, value: Datum, timestamp: f64, writer: Actor, logical: u16) -> Result<()> {
        self.0.change(|register| {
            let stamp = stamp(register.unit(), timestamp, logical)?;
            register.set_at(value.0, stamp, writer.0).map(drop)
        })
    }

    /// Writes a value that takes effect: at `timestamp`, or just after the write that is there if that is later.
    fn force_set(&self, value: Datum, timestamp: f64, writer: Actor) -> Result<()> {
        self.0.change(|register| {
            let stamp = stamp(register.unit(), timestamp, 0)?;
            register.force_set(value.0, stamp, writer.0).map(drop)
        })
    }

    /// Writes a value now, under the clock and an incarnation of this process: for registers with the clock `hlc`.
    #[pyo3(signature = (value, instance_id = None))]
    fn write(&self, value: Datum, instance_id: Option<Name<'_>>) -> Result<()> {
        let writer = super::writers::writer(instance_id.map(|name| name.0))?;
        self.0.change(|register| {
            with_clock(|clock, now_ms| register.set(&writer, clock, now_ms, value.0)).map(drop)
        })
    }

    /// The value; `None` where nothing was written.
    fn get(&self) -> Datum {
        Datum(self.0.now().get().cloned().unwrap_or(Value::Null))
    }

    /// The time of the winning write; 0 where there is none.
    fn get_timestamp(&self) -> Result<f64> {
        let now = self.0.now();
        Ok(time(now.unit(), now.stamp())?)
    }

    /// Who made the winning write; the empty string where there is none.
    fn get_writer(&self) -> String {
        self.0.now().actor().map(ToString::to_string).unwrap_or_default()
    }

    /// Whether anything was written.
    fn has_value(&self) -> bool {
        self.0.now().get().is_some()
    }

    /// What times are counted in.
    #[getter]
    fn clock(&self) -> &'static str {
        self.0.now().unit().as_str()
    }

    /// Takes in another register, and gives whether its write won.
    fn merge_into(&self, other: &Self) -> Result<bool> {
        let theirs = other.0.now();
        self.0.change(|register| register.merge(&theirs))
    }
}

/// A number where the last write wins; with `use_max`, the greatest.
#[pyclass(frozen, module = "memory_system._rust")]
pub(in crate::python) struct LWWNumericRegister(Held<crdt::LwwNumericRegister>);

state!(LWWNumericRegister, crdt::LwwNumericRegister, |register| {
    if register.has_value() { "written, ".to_owned() } else { "never written, ".to_owned() }
});

#[pymethods]
impl LWWNumericRegister {
    /// A register with this write; never written where neither a number nor a time nor a writer is given.
    #[new]
    #[pyo3(signature = (value = 0.0, timestamp = 0.0, writer = MaybeActor(None), use_max = false, *, clock = Unit::SECONDS))]
    fn new(value: f64, timestamp: f64, writer: MaybeActor, use_max: bool, clock: Unit) -> Result<Self> {
        let mode = if use_max { NumericMode::Greatest } else { NumericMode::Last };
        let mut register = crdt::LwwNumericRegister::with_unit(mode, clock.0);
        if value != 0.0 || timestamp != 0.0 || writer.0.is_some() {
            register.set_at(value, stamp(clock.0, timestamp, 0)?, writer.0)?;
        }
        Ok(Self::of(register))
    }

    /// Records a write. It takes effect only if it wins.
    #[pyo3(signature = (value, timestamp, writer, *, logical = 0))]
    fn set(&self, value: f64, timestamp: f64, writer: MaybeActor, logical: u16) -> Result<()> {
        self.0.change(|register| {
            let stamp = stamp(register.unit(), timestamp, logical)?;
            register.set_at(value, stamp, writer.0).map(drop)
        })
    }

    /// The number; 0 where nothing was written.
    fn get(&self) -> f64 {
        self.0.now().get()
    }

    /// The time of the winning write; 0 where there is none.
    fn get_timestamp(&self) -> Result<f64> {
        let now = self.0.now();
        Ok(time(now.unit(), now.stamp())?)
    }

    /// Who made the winning write; the empty string where that was not said.
    fn get_writer(&self) -> String {
        self.0.now().writer().map(ToString::to_string).unwrap_or_default()
    }

    /// Whether anything was written.
    fn has_value(&self) -> bool {
        self.0.now().has_value()
    }

    /// Whether the greatest number wins.
    #[getter]
    fn use_max(&self) -> bool {
        self.0.now().mode() == NumericMode::Greatest
    }

    /// What times are counted in.
    #[getter]
    fn clock(&self) -> &'static str {
        self.0.now().unit().as_str()
    }

    /// Takes in another register, and gives whether its write won.
    fn merge_into(&self, other: &Self) -> Result<bool> {
        let theirs = other.0.now();
        self.0.change(|register| register.merge(&theirs))
    }
}

/// A value that shows concurrent writes side by side until one resolves them.
#[pyclass(frozen, module = "memory_system._rust")]
pub(in crate::python) struct MVRegister(Held<crdt::MvRegister>);

state!(MVRegister, crdt::MvRegister, |register| format!("of {} values, ", register.siblings().count()));
merge_into!(MVRegister);

#[pymethods]
impl MVRegister {
    /// A register that was never written.
    #[new]
    #[pyo3(signature = (instance_id = None))]
    fn new(instance_id: Option<Name<'_>>) -> Result<Self> {
        Ok(Self(Held::written_by(crdt::MvRegister::new(), instance_id)?))
    }

    /// Takes in a value with a clock of the caller's. Values whose clock it dominates go.
    fn set(&self, value: Datum, clock: &VectorClock) -> Result<()> {
        let clock = (*clock.now()).clone();
        self.0.change(|register| register.set(value.0, clock).map(drop))
    }

    /// Writes a value in place of all values seen here.
    fn write(&self, value: Datum) -> Result<()> {
        self.0.write(|register, writer| register.write(writer, value.0).map(drop))
    }

    /// Ends a conflict with a value: the same as `write`.
    fn resolve(&self, value: Datum) -> Result<()> {
        self.0.write(|register, writer| register.resolve(writer, value.0).map(drop))
    }

    /// The distinct values, in the order of their encodings.
    fn get(&self) -> Data {
        self.0.now().get().into_iter().collect()
    }

    /// Each value with where it is from: `value`, and `clock` or `dot`, the other being `None`.
    fn siblings(&self) -> Data {
        let now = self.0.now();
        let siblings = now.siblings().map(|sibling| {
            record([
                ("value", sibling.value.clone()),
                ("clock", sibling.clock.map_or(Value::Null, to_value)),
                ("dot", sibling.dot.map_or(Value::Null, |dot| Value::from(dot.to_string()))),
            ])
        });
        Data(siblings.collect())
    }

    /// Whether there is more than one value, equal ones from concurrent writes included.
    fn has_conflict(&self) -> bool {
        self.0.now().has_conflict()
    }

    /// Whether two different values were set with one clock.
    fn has_duplicate_clock(&self) -> bool {
        self.0.now().has_duplicate_clock()
    }
}
