//! Values between Python and rust-crdt, and the checked arguments of its methods.

use std::collections::BTreeMap;

use chrysalis_crdt::cbor::MAX_DEPTH;
use chrysalis_crdt::{ActorKey, ClockUnit, CrdtError, Stamp, Value};
use pyo3::exceptions::PyTypeError;
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyIterator, PyList, PyString, PyTuple,
};
use pyo3::{IntoPyObjectExt, type_hint_identifier, type_hint_subscript};

use crate::python::convert::{to_bytes, to_text};
use crate::python::error::Failure;

/// A value of a set or register: `None`, `bool`, `int` of 64 bits, finite `float`, `str`, `bytes`, `list` or `tuple`,
/// and `dict`.
pub(in crate::python) struct Datum(pub(super) Value);

impl<'a, 'py> FromPyObject<'a, 'py> for Datum {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_identifier!("typing", "Any");

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        from_python(&object, 0).map(Self)
    }
}

impl<'py> IntoPyObject<'py> for Datum {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    const OUTPUT_TYPE: PyStaticExpr = type_hint_identifier!("typing", "Any");

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        to_python(py, &self.0)
    }
}

/// Values in order.
pub(in crate::python) struct Data(pub(super) Vec<Value>);

impl<'a, 'py> FromPyObject<'a, 'py> for Data {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_subscript!(
        type_hint_identifier!("collections.abc", "Iterable"),
        type_hint_identifier!("typing", "Any")
    );

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err("an iterable of values is required, not one string"));
        }
        Ok(Self(object.try_iter()?.map(|item| from_python(&item?, 0)).collect::<PyResult<_>>()?))
    }
}

impl<'py> IntoPyObject<'py> for Data {
    type Target = PyList;
    type Output = Bound<'py, PyList>;
    type Error = PyErr;

    const OUTPUT_TYPE: PyStaticExpr = type_hint_subscript!(
        type_hint_identifier!("builtins", "list"),
        type_hint_identifier!("typing", "Any")
    );

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let items = self.0.iter().map(|item| to_python(py, item)).collect::<PyResult<Vec<_>>>()?;
        PyList::new(py, items)
    }
}

impl<'v> FromIterator<&'v Value> for Data {
    fn from_iter<I: IntoIterator<Item = &'v Value>>(values: I) -> Self {
        Self(values.into_iter().cloned().collect())
    }
}

/// A string: an id, a key, a tag, a JSON text.
pub(in crate::python) struct Name<'a>(pub(super) &'a str);

impl<'a, 'py> FromPyObject<'a, 'py> for Name<'a> {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_identifier!("builtins", "str");

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if !object.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err("a string is required"));
        }
        // Python's own error would carry the whole string.
        Ok(Self(object.extract().map_err(|_: PyErr| Failure::from(NOT_TEXT))?))
    }
}

const NOT_TEXT: CrdtError = CrdtError::WrongShape("string is not Unicode text");

/// An actor id or key.
pub(in crate::python) struct Actor(pub(super) ActorKey);

impl<'a, 'py> FromPyObject<'a, 'py> for Actor {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = Name::INPUT_TYPE;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let Name(text) = object.extract()?;
        Ok(Self(ActorKey::new(text).map_err(Failure::from)?))
    }
}

/// An actor id or key, or the empty string where callers before named nobody.
pub(super) struct MaybeActor(pub(super) Option<ActorKey>);

impl<'a, 'py> FromPyObject<'a, 'py> for MaybeActor {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = Name::INPUT_TYPE;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.extract()? {
            Name("") => Ok(Self(None)),
            Name(text) => Ok(Self(Some(ActorKey::new(text).map_err(Failure::from)?))),
        }
    }
}

/// The unit of a state's stamps.
#[derive(Clone, Copy)]
pub(super) struct Unit(pub(super) ClockUnit);

impl Unit {
    pub(super) const SECONDS: Self = Self(ClockUnit::Seconds);
}

impl<'a, 'py> FromPyObject<'a, 'py> for Unit {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = Name::INPUT_TYPE;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let Name(text) = object.extract()?;
        let unknown = CrdtError::WrongShape("clock is not 'hlc', 'ms', 's' or 'lamport'");
        Ok(Self(ClockUnit::from_name(text).ok_or_else(|| Failure::from(unknown))?))
    }
}

/// A count or an amount, of at most 64 bits and a sign.
pub(super) struct Amount(pub(super) i128);

impl<'a, 'py> FromPyObject<'a, 'py> for Amount {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_identifier!("builtins", "int");

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let int = object.cast::<PyInt>().map_err(|_| PyTypeError::new_err("an integer is required"))?;
        if let Ok(small) = int.extract::<i64>() {
            return Ok(Self(small.into()));
        }
        let large = int.extract::<u64>().map_err(|_| Failure::from(OVER_64_BITS))?;
        Ok(Self(large.into()))
    }
}

/// A count from 0 to 2^64 - 1.
pub(in crate::python) struct Count(pub(super) u64);

impl<'a, 'py> FromPyObject<'a, 'py> for Count {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = Amount::INPUT_TYPE;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let int = object.cast::<PyInt>().map_err(|_| PyTypeError::new_err("an integer is required"))?;
        Ok(Self(int.extract().map_err(|_| Failure::from(CrdtError::OutOfRange("count")))?))
    }
}

const OVER_64_BITS: CrdtError = CrdtError::OutOfRange("integer needs more than 64 bits");

/// Counts by actor.
#[derive(Default)]
pub(in crate::python) struct Counts(pub(super) BTreeMap<String, u64>);

impl<'a, 'py> FromPyObject<'a, 'py> for Counts {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_subscript!(
        type_hint_identifier!("builtins", "dict"),
        type_hint_identifier!("builtins", "str"),
        type_hint_identifier!("builtins", "int")
    );

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let dict = object.cast::<PyDict>().map_err(|_| PyTypeError::new_err("a dict is required"))?;
        let entry = |(actor, count): (Bound<'py, PyAny>, Bound<'py, PyAny>)| {
            let Name(actor) = actor.extract()?;
            let Count(count) = count.extract()?;
            Ok((actor.to_owned(), count))
        };
        dict.iter().map(entry).collect::<PyResult<_>>().map(Self)
    }
}

/// Makes a struct a `dict` of its fields on the way to Python.
macro_rules! dict {
    ($name:ident { $($field:ident),* }) => {
        impl<'py> pyo3::IntoPyObject<'py> for $name {
            type Target = pyo3::types::PyDict;
            type Output = pyo3::Bound<'py, pyo3::types::PyDict>;
            type Error = pyo3::PyErr;

            const OUTPUT_TYPE: pyo3::inspect::PyStaticExpr = pyo3::type_hint_subscript!(
                pyo3::type_hint_identifier!("builtins", "dict"),
                pyo3::type_hint_identifier!("builtins", "str"),
                pyo3::type_hint_identifier!("typing", "Any")
            );

            fn into_pyobject(self, py: pyo3::Python<'py>) -> pyo3::PyResult<Self::Output> {
                let dict = pyo3::types::PyDict::new(py);
                $(pyo3::types::PyDictMethods::set_item(&dict, stringify!($field), self.$field)?;)*
                Ok(dict)
            }
        }
    };
}
pub(super) use dict;

/// An iterator over values.
pub(super) struct Items(pub(super) Data);

impl<'py> IntoPyObject<'py> for Items {
    type Target = PyIterator;
    type Output = Bound<'py, PyIterator>;
    type Error = PyErr;

    const OUTPUT_TYPE: PyStaticExpr = type_hint_subscript!(
        type_hint_identifier!("collections.abc", "Iterator"),
        type_hint_identifier!("typing", "Any")
    );

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        self.0.into_pyobject(py)?.try_iter()
    }
}

/// A time in a unit, with the logical part that hybrid times alone have.
pub(super) fn stamp(unit: ClockUnit, time: f64, logical: u16) -> Result<Stamp, CrdtError> {
    let stamp = unit.stamp(time)?;
    match logical {
        0 => Ok(stamp),
        _ if unit == ClockUnit::Hybrid => Stamp::new(stamp.ms(), logical),
        _ => Err(CrdtError::UnitMismatch),
    }
}

/// The time of a stamp; 0 where there is none.
pub(super) fn time(unit: ClockUnit, stamp: Option<Stamp>) -> Result<f64, CrdtError> {
    stamp.map_or(Ok(0.0), |stamp| unit.time(stamp))
}

/// A record with these fields, for readers on the other side.
pub(super) fn record<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::map(fields)
}

pub(super) fn from_python(object: &Bound<'_, PyAny>, depth: usize) -> PyResult<Value> {
    if object.is_instance_of::<PyString>() {
        let Name(text) = object.extract()?;
        return Ok(Value::from(text));
    }
    if object.is_none() {
        return Ok(Value::Null);
    }
    // Before integers: in Python, truth values are such.
    if let Ok(truth) = object.cast::<PyBool>() {
        return Ok(Value::from(truth.is_true()));
    }
    if let Ok(int) = object.cast::<PyInt>() {
        if let Ok(small) = int.extract::<i64>() {
            return Ok(Value::from(small));
        }
        return Ok(Value::from(int.extract::<u64>().map_err(|_| Failure::from(OVER_64_BITS))?));
    }
    if let Ok(float) = object.cast::<PyFloat>() {
        return Ok(Value::float(float.value()).map_err(Failure::from)?);
    }
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Ok(Value::from(bytes.as_bytes()));
    }
    if let Ok(bytes) = object.cast::<PyByteArray>() {
        return Ok(Value::from(bytes.to_vec()));
    }
    if depth >= MAX_DEPTH {
        return Err(Failure::from(CrdtError::TooDeep { limit: MAX_DEPTH }).into());
    }
    if let Ok(list) = object.cast::<PyList>() {
        return list
            .iter()
            .map(|item| from_python(&item, depth + 1))
            .collect::<PyResult<_>>()
            .map(Value::Array);
    }
    if let Ok(tuple) = object.cast::<PyTuple>() {
        return tuple
            .iter()
            .map(|item| from_python(&item, depth + 1))
            .collect::<PyResult<_>>()
            .map(Value::Array);
    }
    if let Ok(dict) = object.cast::<PyDict>() {
        let entry = |(key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
            Ok((from_python(&key, depth + 1)?, from_python(&value, depth + 1)?))
        };
        return dict.iter().map(entry).collect::<PyResult<_>>().map(Value::Map);
    }
    Err(PyTypeError::new_err("a value is None, bool, int, float, str, bytes, list, tuple or dict"))
}

pub(super) fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(truth) => truth.into_bound_py_any(py)?,
        Value::Int(number) => match (number.to_i64(), number.to_u64()) {
            (Some(number), _) => number.into_bound_py_any(py)?,
            (None, number) => number.into_bound_py_any(py)?,
        },
        Value::Float(number) => number.to_f64().into_bound_py_any(py)?,
        Value::Bytes(bytes) => to_bytes(py, bytes)?.into_any(),
        Value::Text(text) => to_text(py, text)?.into_any(),
        Value::Array(items) => {
            let items = items.iter().map(|item| to_python(py, item)).collect::<PyResult<Vec<_>>>()?;
            PyList::new(py, items)?.into_any()
        }
        Value::Map(entries) => {
            let dict = PyDict::new(py);
            for (key, value) in entries {
                dict.set_item(key_to_python(py, key)?, to_python(py, value)?)?;
            }
            dict.into_any()
        }
    })
}

/// A key of a `dict`: what is a list elsewhere is a tuple there. A map has no such form, and raises `TypeError`.
fn key_to_python<'py>(py: Python<'py>, key: &Value) -> PyResult<Bound<'py, PyAny>> {
    match key {
        Value::Array(items) => {
            let items = items.iter().map(|item| key_to_python(py, item)).collect::<PyResult<Vec<_>>>()?;
            Ok(PyTuple::new(py, items)?.into_any())
        }
        _ => to_python(py, key),
    }
}
