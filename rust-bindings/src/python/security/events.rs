//! What a wallet and a registry tell those who listen.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use chrysalis_crypto::CryptoError;
use chrysalis_security::registry::KeyRegistryEventKind;
use chrysalis_security::{registry, wallet};
use pyo3::exceptions::{PyException, PyTypeError};
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{PyTraverseError, PyVisit, type_hint_identifier, type_hint_subscript};

use super::wallet::WalletSettings;
use crate::python::convert::{Text, to_time};
use crate::python::error::Result;
use crate::python::lock;

/// Something that happened to a wallet. It holds no key.
#[pyclass(frozen, module = "memory_system._rust.security")]
pub(in crate::python) struct WalletEvent {
    name: &'static str,
    data: Py<PyDict>,
}

#[pymethods]
impl WalletEvent {
    /// `unlocked`, `locked`, `key:added`, `key:removed`, `key:accessed`, `key:rotated` or `settings:changed`.
    #[getter]
    fn r#type(&self) -> &'static str {
        self.name
    }

    /// `id` and `provider` of the key, of an added one also its `name`; the new `settings`; or nothing.
    #[getter]
    fn data<'py>(&self, py: Python<'py>) -> Data<'py> {
        Data(self.data.bind(py).clone())
    }

    fn __repr__(&self) -> String {
        format!("WalletEvent(type='{}')", self.name)
    }
}

/// Something that happened to a registry.
#[pyclass(frozen, module = "memory_system._rust.security")]
pub(in crate::python) struct KeyRegistryEvent {
    event: registry::KeyRegistryEvent,
    payload: Py<PyDict>,
}

#[pymethods]
impl KeyRegistryEvent {
    /// `key:registered` or `key:unregistered`.
    #[getter]
    fn r#type(&self) -> &'static str {
        self.event.kind.name()
    }

    /// The wallet's entry.
    #[getter]
    fn key_id(&self) -> &str {
        &self.event.key_id
    }

    /// When, in UTC.
    #[getter]
    fn timestamp(&self) -> Result<SystemTime> {
        to_time(self.event.timestamp)
    }

    /// `provider` and `scope` of a record that was registered.
    #[getter]
    fn payload<'py>(&self, py: Python<'py>) -> Data<'py> {
        Data(self.payload.bind(py).clone())
    }

    fn __repr__(&self) -> String {
        format!("KeyRegistryEvent(type='{}')", self.event.kind.name())
    }
}

/// An event of the domain, as Python sees it.
pub(super) trait Told {
    /// By what callers subscribe.
    const NAMES: &'static [&'static str];

    fn name(&self) -> &'static str;

    fn to_python(&self, py: Python<'_>) -> PyResult<Py<PyAny>>;
}

impl Told for wallet::WalletEvent {
    const NAMES: &'static [&'static str] = wallet::WalletEvent::NAMES;

    fn name(&self) -> &'static str {
        self.name()
    }

    fn to_python(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let data = PyDict::new(py);
        let key = |id: &chrysalis_security::audit::KeyId, provider: &chrysalis_security::ProviderName| {
            data.set_item("id", id.to_string())?;
            data.set_item("provider", provider.as_str())
        };
        match self {
            Self::KeyAdded { id, provider, name } => {
                key(id, provider)?;
                data.set_item("name", name)?;
            }
            Self::KeyRemoved { id, provider }
            | Self::KeyAccessed { id, provider }
            | Self::KeyRotated { id, provider } => key(id, provider)?,
            Self::SettingsChanged { settings } => {
                data.set_item("settings", WalletSettings::of(settings.clone()))?;
            }
            _ => {}
        }
        Ok(Py::new(py, WalletEvent { name: self.name(), data: data.unbind() })?.into_any())
    }
}

impl Told for registry::KeyRegistryEvent {
    const NAMES: &'static [&'static str] = KeyRegistryEventKind::NAMES;

    fn name(&self) -> &'static str {
        self.kind.name()
    }

    fn to_python(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let payload = PyDict::new(py);
        if let KeyRegistryEventKind::Registered { provider, scope } = &self.kind {
            payload.set_item("provider", provider.as_str())?;
            payload.set_item("scope", scope.as_str())?;
        }
        Ok(Py::new(py, KeyRegistryEvent { event: self.clone(), payload: payload.unbind() })?.into_any())
    }
}

/// Who wants to know what, in the order in which they came.
///
/// No lock is held while anything of Python's runs: handlers may subscribe, end that, and use what they listen to.
#[derive(Clone, Default)]
pub(super) struct Handlers(Arc<Mutex<ByType>>);

/// The handlers of each type of event.
type ByType = BTreeMap<&'static str, Vec<Py<PyAny>>>;

impl Handlers {
    /// Adds a handler, unless it listens already.
    pub(super) fn add<E: Told>(&self, kind: &Text<'_>, handler: &Bound<'_, PyAny>) -> PyResult<()> {
        let kind = known::<E>(kind)?;
        if !handler.is_callable() {
            return Err(PyTypeError::new_err("a handler must be callable"));
        }
        if self.place_of(kind, handler)?.is_none() {
            lock(&self.0).entry(kind).or_default().push(handler.clone().unbind());
        }
        Ok(())
    }

    /// Removes a handler, if it listens.
    pub(super) fn remove<E: Told>(&self, kind: &Text<'_>, handler: &Bound<'_, PyAny>) -> PyResult<()> {
        let kind = known::<E>(kind)?;
        let Some(found) = self.place_of(kind, handler)? else { return Ok(()) };
        // Taken out under the lock, dropped behind it: a handler's end may run anything.
        let removed = {
            let mut handlers = lock(&self.0);
            let listening = handlers.entry(kind).or_default();
            let place = listening.iter().position(|other| other.is(&found));
            place.map(|place| listening.remove(place))
        };
        drop(removed);
        Ok(())
    }

    /// Removes all.
    pub(super) fn clear(&self) {
        let all = std::mem::take(&mut *lock(&self.0));
        drop(all);
    }

    /// Calls the handlers of each event, in order. What they raise is logged, by the name of its class alone, and stops
    /// nothing, unless it is meant to end the program.
    pub(super) fn tell<E: Told>(&self, py: Python<'_>, events: &[E]) -> PyResult<()> {
        for event in events {
            let listening = self.listening(py, event.name());
            if listening.is_empty() {
                continue;
            }
            let told = event.to_python(py)?;
            for handler in listening {
                if let Err(raised) = handler.call1(py, (&told,)) {
                    log(py, event.name(), raised)?;
                }
            }
        }
        Ok(())
    }

    /// For the collector of cycles: a handler may hold what it listens to.
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> std::result::Result<(), PyTraverseError> {
        // Whoever holds the lock now has the handlers in use.
        let Ok(handlers) = self.0.try_lock() else { return Ok(()) };
        handlers.values().flatten().try_for_each(|handler| visit.call(handler))
    }

    fn listening(&self, py: Python<'_>, kind: &str) -> Vec<Py<PyAny>> {
        let handlers = lock(&self.0);
        handlers.get(kind).into_iter().flatten().map(|handler| handler.clone_ref(py)).collect()
    }

    /// The handler that listens and equals this one; a method of an object is another object at every look.
    fn place_of(&self, kind: &str, handler: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
        for listening in self.listening(handler.py(), kind) {
            if listening.is(handler) || handler.eq(&listening)? {
                return Ok(Some(listening));
            }
        }
        Ok(None)
    }
}

/// What `on` gives: a function without arguments that ends the subscription.
pub(super) struct End<'py>(Bound<'py, PyAny>);

impl<'py> End<'py> {
    /// `owner.off(kind, handler)`, for later.
    pub(super) fn of(
        owner: &Bound<'py, PyAny>,
        kind: &Text<'_>,
        handler: &Bound<'py, PyAny>,
    ) -> PyResult<Self> {
        let partial = owner.py().import("functools")?.getattr("partial")?;
        Ok(Self(partial.call1((owner.getattr("off")?, kind.0, handler))?))
    }
}

impl<'py> IntoPyObject<'py> for End<'py> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = std::convert::Infallible;

    const OUTPUT_TYPE: PyStaticExpr = type_hint_subscript!(
        type_hint_identifier!("collections.abc", "Callable"),
        PyStaticExpr::List { elts: &[] },
        type_hint_identifier!("builtins", "object")
    );

    fn into_pyobject(self, _: Python<'py>) -> std::result::Result<Self::Output, Self::Error> {
        Ok(self.0)
    }
}

/// A dictionary with names of its parts as keys.
struct Data<'py>(Bound<'py, PyDict>);

impl<'py> IntoPyObject<'py> for Data<'py> {
    type Target = PyDict;
    type Output = Bound<'py, PyDict>;
    type Error = std::convert::Infallible;

    const OUTPUT_TYPE: PyStaticExpr = type_hint_subscript!(
        type_hint_identifier!("builtins", "dict"),
        type_hint_identifier!("builtins", "str"),
        type_hint_identifier!("typing", "Any")
    );

    fn into_pyobject(self, _: Python<'py>) -> std::result::Result<Self::Output, Self::Error> {
        Ok(self.0)
    }
}

fn known<E: Told>(kind: &Text<'_>) -> Result<&'static str> {
    let found = E::NAMES.iter().find(|name| **name == kind.0);
    Ok(*found.ok_or(CryptoError::InvalidArgument("type must be the name of an event"))?)
}

fn log(py: Python<'_>, event: &str, raised: PyErr) -> PyResult<()> {
    if !raised.is_instance_of::<PyException>(py) {
        return Err(raised);
    }
    let logger = py.import("logging")?.call_method1("getLogger", ("memory_system",))?;
    // The message might quote what the handler was given.
    logger.call_method1("error", ("a handler of %s raised %s", event, raised.get_type(py).name()?))?;
    Ok(())
}
