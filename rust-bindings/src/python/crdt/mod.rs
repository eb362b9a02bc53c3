//! The replicated types of rust-crdt, as Python knew them before: objects that change in place, `merge` that makes a new
//! one, and `merge_into` that joins another one into this.
//!
//! A state is shared between the object and whoever reads it, so that reading holds no lock; a change holds the lock of
//! its object and nothing else. Conversions happen before and after, never under a lock.

pub(super) mod agent;
pub(super) mod beliefs;
pub(super) mod clock;
pub(super) mod conflict;
pub(super) mod counter;
pub(super) mod dag;
pub(super) mod episodes;
pub(super) mod map;
pub(super) mod merger;
pub(super) mod or_set;
pub(super) mod register;
pub(super) mod self_test;
pub(super) mod set;
pub(super) mod skills;
pub(super) mod sync;
mod value;
pub(super) mod writers;

use std::sync::{Arc, Mutex};

use chrysalis_crdt::json::{Envelope, Import, JsonState, SourceLanguage};
use chrysalis_crdt::{ActorKey, ClockUnit, CrdtError, Decompose, Writer};
use chrysalis_crypto::hex;
use pyo3::pybacked::PyBackedBytes;

use super::error::Result;
use super::lock;

/// A state and its lock, and who writes to it where nobody else is named.
pub(super) struct Held<T> {
    state: Mutex<Arc<T>>,
    instance: Option<Arc<str>>,
}

impl<T: Decompose> Held<T> {
    fn new(state: T) -> Self {
        Self { state: Mutex::new(Arc::new(state)), instance: None }
    }

    /// With the id under which the object writes.
    fn written_by(state: T, instance: Option<value::Name<'_>>) -> Result<Self> {
        let instance = match instance {
            Some(value::Name(id)) => Some(ActorKey::new(id)?.as_str().into()),
            None => None,
        };
        Ok(Self { instance, ..Self::new(state) })
    }

    /// Another state, written to by the same.
    fn with(&self, state: T) -> Self {
        Self { instance: self.instance.clone(), ..Self::new(state) }
    }

    /// The state as it is now.
    fn now(&self) -> Arc<T> {
        Arc::clone(&lock(&self.state))
    }

    /// Changes the state; what fails changes nothing, as all of rust-crdt.
    fn change<R>(&self, change: impl FnOnce(&mut T) -> std::result::Result<R, CrdtError>) -> Result<R> {
        Ok(change(Arc::make_mut(&mut lock(&self.state)))?)
    }

    /// Changes the state in the name of whoever writes to it.
    fn write<R>(
        &self,
        change: impl FnOnce(&mut T, &Writer) -> std::result::Result<R, CrdtError>,
    ) -> Result<R> {
        let writer = writers::writer(self.instance.as_deref())?;
        self.change(|state| change(state, &writer))
    }

    /// Joins another state into this one.
    fn take_in(&self, other: &Self) -> Result<()> {
        // No lock is held but one, so that two objects may be merged into each other at the same time.
        let theirs = other.now();
        self.change(|state| state.merge(&theirs))
    }

    /// Joins deltas into the state: all of them, or none and an error.
    fn import(&self, deltas: &[PyBackedBytes]) -> Result<()> {
        import_into(Arc::make_mut(&mut lock(&self.state)), deltas)
    }
}

/// Joins deltas into a state: all of them, or none and an error.
fn import_into<T: Decompose>(state: &mut T, deltas: &[PyBackedBytes]) -> Result<()> {
    match deltas {
        [] => Ok(()),
        [delta] => import_one(state, delta),
        [first, rest @ ..] => {
            // Joined first: so the state is gone through once, and nothing changes if any of them fails.
            let mut joined = T::from_wire(first)?;
            for delta in rest {
                if joined == T::default() {
                    joined = T::from_wire(delta)?;
                } else {
                    import_one(&mut joined, delta)?;
                }
            }
            if joined == T::default() { Ok(()) } else { Ok(state.merge(&joined)?) }
        }
    }
}

fn import_one<T: Decompose>(state: &mut T, delta: &[u8]) -> Result<()> {
    match state.merge_wire(delta) {
        // The delta between equal states is the state below all others, whatever unit or mode those have.
        Err(_) if T::from_wire(delta).is_ok_and(|delta| delta == T::default()) => Ok(()),
        merged => Ok(merged?),
    }
}

/// The state of both.
fn joined<T: Decompose>(one: &T, other: &T) -> Result<T> {
    let mut joined = one.clone();
    joined.merge(other)?;
    Ok(joined)
}

fn to_json<T: JsonState>(state: &T) -> Result<String> {
    let envelope = Envelope { source_language: SourceLanguage::Python, ..Envelope::default() };
    Ok(state.to_json(&envelope)?)
}

fn from_json<T: JsonState>(text: &str, clock: Option<ClockUnit>, origin: Option<ActorKey>) -> Result<T> {
    let mut import = Import::new();
    if let Some(unit) = clock {
        import = import.with_unit(unit);
    }
    if let Some(origin) = origin {
        import = import.with_origin(origin);
    }
    Ok(T::from_json(text, &import)?.0)
}

/// The first digits of a digest: enough to see that two are equal, and nothing of what is in them.
fn short(digest: &[u8; 32]) -> String {
    hex::encode(&digest[..4])
}

/// What every class of a state has. The class wraps a `Held` in a tuple.
macro_rules! state {
    ($class:ident, $state:ty, |$size:ident| $describe:expr) => {
        impl $class {
            #[allow(dead_code, reason = "not every class is made of states elsewhere")]
            pub(super) fn of(state: $state) -> Self {
                Self($crate::python::crdt::Held::new(state))
            }

            #[allow(dead_code, reason = "not every class is read elsewhere")]
            pub(super) fn now(&self) -> std::sync::Arc<$state> {
                self.0.now()
            }
        }

        #[pyo3::pymethods]
        impl $class {
            /// The state of both, as a new object. Raises where they contradict each other.
            fn merge(&self, py: pyo3::Python<'_>, other: &Self) -> $crate::python::error::Result<Self> {
                let (ours, theirs) = (self.0.now(), other.0.now());
                let merged = py.detach(|| $crate::python::crdt::joined(&*ours, &*theirs))?;
                Ok(Self(self.0.with(merged)))
            }

            /// Joins deltas or states of other replicas into this one: all of them, or none and it raises.
            fn import_deltas(
                &self,
                py: pyo3::Python<'_>,
                deltas: Vec<pyo3::pybacked::PyBackedBytes>,
            ) -> $crate::python::error::Result<()> {
                py.detach(|| self.0.import(&deltas))
            }

            /// The least delta that brings `other` up to the state of both, as bytes for its `import_deltas`.
            fn delta_from<'py>(
                &self,
                py: pyo3::Python<'py>,
                other: &Self,
            ) -> pyo3::PyResult<pyo3::Bound<'py, pyo3::types::PyBytes>> {
                let (ours, theirs) = (self.0.now(), other.0.now());
                let delta = py
                    .detach(|| {
                        Ok::<_, chrysalis_crdt::CrdtError>(chrysalis_crdt::Decompose::to_wire(
                            &chrysalis_crdt::Decompose::delta_from(&*ours, &theirs)?,
                        ))
                    })
                    .map_err($crate::python::error::Failure::from)?;
                $crate::python::convert::to_bytes(py, &delta)
            }

            /// The canonical encoding: equal states have equal bytes, in every language.
            fn to_bytes<'py>(
                &self,
                py: pyo3::Python<'py>,
            ) -> pyo3::PyResult<pyo3::Bound<'py, pyo3::types::PyBytes>> {
                let state = self.0.now();
                let bytes = py.detach(|| chrysalis_crdt::State::to_bytes(&*state));
                $crate::python::convert::to_bytes(py, &bytes)
            }

            /// The state with this encoding.
            #[staticmethod]
            fn from_bytes(
                py: pyo3::Python<'_>,
                data: $crate::python::buffer::Record<'_>,
            ) -> $crate::python::error::Result<Self> {
                let bytes = data.as_slice();
                Ok(Self::of(py.detach(|| <$state as chrysalis_crdt::State>::from_bytes(bytes))?))
            }

            /// The digest of the encoding, 32 bytes.
            fn digest<'py>(
                &self,
                py: pyo3::Python<'py>,
            ) -> pyo3::PyResult<pyo3::Bound<'py, pyo3::types::PyBytes>> {
                let state = self.0.now();
                let digest = py.detach(|| chrysalis_crdt::State::digest(&*state));
                $crate::python::convert::to_bytes(py, &digest)
            }

            /// The digest, 64 hexadecimal characters.
            fn digest_hex(&self, py: pyo3::Python<'_>) -> String {
                let state = self.0.now();
                chrysalis_crypto::hex::encode(&py.detach(|| chrysalis_crdt::State::digest(&*state)))
            }

            /// The state in its envelope as canonical JSON. Raises for counts over 2^53 - 1, which JSON does not carry.
            fn to_json(&self) -> $crate::python::error::Result<String> {
                $crate::python::crdt::to_json(&*self.0.now())
            }

            /// The state of a JSON text, in the current form or in that of any system before. `clock` is the unit of its
            /// stamps where the text names none, `origin` the actor of counts that it gives to nobody.
            #[staticmethod]
            #[pyo3(signature = (text, *, clock = None, origin = None))]
            fn from_json(
                text: $crate::python::crdt::value::Name<'_>,
                clock: Option<$crate::python::crdt::value::Unit>,
                origin: Option<$crate::python::crdt::value::Actor>,
            ) -> $crate::python::error::Result<Self> {
                let (clock, origin) = (clock.map(|unit| unit.0), origin.map(|actor| actor.0));
                $crate::python::crdt::from_json(text.0, clock, origin).map(Self::of)
            }

            /// Another object with this state; what is done to one is not done to the other.
            fn copy(&self) -> Self {
                Self(self.0.with((*self.0.now()).clone()))
            }

            fn __copy__(&self) -> Self {
                self.copy()
            }

            fn __deepcopy__(&self, _memo: &pyo3::Bound<'_, pyo3::PyAny>) -> Self {
                self.copy()
            }

            fn __reduce__<'py>(
                slf: &pyo3::Bound<'py, Self>,
            ) -> pyo3::PyResult<(pyo3::Bound<'py, pyo3::PyAny>, (pyo3::Bound<'py, pyo3::types::PyBytes>,))>
            {
                let restore = pyo3::types::PyAnyMethods::getattr(slf.get_type().as_any(), "from_bytes")?;
                Ok((restore, (slf.get().to_bytes(slf.py())?,)))
            }

            fn __eq__(&self, other: &Self) -> bool {
                let (ours, theirs) = (self.0.now(), other.0.now());
                ours == theirs
            }

            fn __repr__(&self, py: pyo3::Python<'_>) -> String {
                let state = self.0.now();
                let digest = py.detach(|| chrysalis_crdt::State::digest(&*state));
                let $size = &*state;
                let described: String = $describe;
                format!("<{} {}{}>", stringify!($class), described, $crate::python::crdt::short(&digest))
            }
        }
    };
}
use state;

/// For every class but the registers, which tell who won.
macro_rules! merge_into {
    ($class:ident) => {
        #[pyo3::pymethods]
        impl $class {
            /// Takes in another state. Raises, and changes nothing, where they contradict each other.
            fn merge_into(&self, py: pyo3::Python<'_>, other: &Self) -> $crate::python::error::Result<()> {
                py.detach(|| self.0.take_in(&other.0))
            }
        }
    };
}
use merge_into;
