//! Methods that are awaited: native work on the threads of the completion bridge, behind a coroutine.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::sync::Mutex;

use pyo3::exceptions::PyRuntimeError;
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::{type_hint_identifier, type_hint_subscript};

use super::bridge::{Fault, Guard, Port, Sender, Work};
use super::error::Result;
use super::lock;

/// A coroutine that gives what `T` becomes in Python.
pub(super) struct Later<'py, T> {
    coroutine: Bound<'py, PyAny>,
    gives: PhantomData<T>,
}

impl<'py, T: IntoPyObject<'py>> IntoPyObject<'py> for Later<'py, T> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = Infallible;

    const OUTPUT_TYPE: PyStaticExpr = type_hint_subscript!(
        type_hint_identifier!("collections.abc", "Coroutine"),
        type_hint_identifier!("typing", "Any"),
        type_hint_identifier!("typing", "Any"),
        T::OUTPUT_TYPE
    );

    fn into_pyobject(self, _: Python<'py>) -> std::result::Result<Self::Output, Infallible> {
        Ok(self.coroutine)
    }
}

/// A coroutine that does `work` on a native thread when it is awaited, and gives what `make` makes of it in the thread of
/// the event loop. What `work` has captured is dropped with it, also when nobody awaits the coroutine.
pub(super) fn later<'py, T, V: Send + 'static>(
    py: Python<'py>,
    work: impl FnOnce() -> Result<V> + Send + 'static,
    make: impl FnOnce(Python<'_>, V) -> PyResult<Py<PyAny>> + Send + 'static,
) -> PyResult<Later<'py, T>> {
    later_with(py, work, move |py, done| Ok(make(py, done?)?))
}

/// [`later`] for a `make` that has something to do for failed work as well.
pub(super) fn later_with<'py, T, V: Send + 'static>(
    py: Python<'py>,
    work: impl FnOnce() -> V + Send + 'static,
    make: impl FnOnce(Python<'_>, V) -> std::result::Result<Py<PyAny>, Fault> + Send + 'static,
) -> PyResult<Later<'py, T>> {
    let work: Work = Box::new(move |_| {
        let done = work();
        Box::new(move |py| make(py, done))
    });
    let task = Task(Mutex::new(Some(work)));
    let coroutine = py.import("memory_system._bridge")?.call_method1("call", (task,))?;
    Ok(Later { coroutine, gives: PhantomData })
}

/// Begins work that is done elsewhere than in the pool: it gets where to bring the result, and gives what gives it up.
pub(super) type Begin = Box<dyn FnOnce(Python<'_>, Sender) -> PyResult<Guard> + Send>;

/// A coroutine that begins work when it is awaited, and gives what the work brings. Cancelling it gives the work up.
pub(super) fn later_elsewhere<'py, T>(py: Python<'py>, begin: Begin) -> PyResult<Later<'py, T>> {
    let coroutine = py
        .import("memory_system._bridge")?
        .call_method1("call_elsewhere", (Errand(Mutex::new(Some(begin))),))?;
    Ok(Later { coroutine, gives: PhantomData })
}

/// Work that waits to be begun.
#[pyclass(frozen, module = "memory_system._rust")]
struct Errand(Mutex<Option<Begin>>);

#[pymethods]
impl Errand {
    /// Begins the work, once, and gives its ticket.
    fn __call__(&self, py: Python<'_>, port: &Port) -> PyResult<u64> {
        let begin = lock(&self.0).take();
        let begin = begin.ok_or_else(|| PyRuntimeError::new_err("the work was begun already"))?;
        let (ticket, sender) = port.begin();
        match begin(py, sender) {
            Ok(guard) => port.attach(ticket, guard),
            Err(error) => {
                port.take_back(ticket);
                return Err(error);
            }
        }
        Ok(ticket)
    }
}

/// Work that waits to be handed to a port.
#[pyclass(frozen, module = "memory_system._rust")]
struct Task(Mutex<Option<Work>>);

#[pymethods]
impl Task {
    /// Hands the work in, once, and gives its ticket.
    fn __call__(&self, port: &Port) -> PyResult<u64> {
        let work = lock(&self.0).take();
        port.submit(work.ok_or_else(|| PyRuntimeError::new_err("the work was handed in already"))?)
    }
}
