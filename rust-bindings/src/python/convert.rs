//! Checked conversions from Python values, and to those whose allocation can fail.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrysalis_crypto::CryptoError;
use pyo3::exceptions::PyTypeError;
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDateTime, PyInt, PyString};
use pyo3::{type_hint_identifier, type_hint_subscript};

use super::error::{BindingError, Failure};

/// Inputs longer than this are worked on with the interpreter lock released.
const LONGEST_ATTACHED: usize = 2047;

/// A count of bytes.
pub(super) struct Length(pub(super) usize);

impl<'a, 'py> FromPyObject<'a, 'py> for Length {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_identifier!("builtins", "int");

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let number = object.cast::<PyInt>().map_err(|_| PyTypeError::new_err("an integer is required"))?;
        let length = number.extract().map_err(|_| Failure::from(CryptoError::InvalidArgument("length")))?;
        Ok(Self(length))
    }
}

/// An integer of at most 32 bits, such as a cost or a number of a key.
pub(super) struct Number(pub(super) u32);

impl<'a, 'py> FromPyObject<'a, 'py> for Number {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_identifier!("builtins", "int");

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let number = object.cast::<PyInt>().map_err(|_| PyTypeError::new_err("an integer is required"))?;
        let out_of_range = CryptoError::InvalidArgument("integer is out of range");
        Ok(Self(number.extract().map_err(|_| Failure::from(out_of_range))?))
    }
}

/// A string that may be secret: no error says anything of it.
pub(super) struct Text<'a>(pub(super) &'a str);

impl<'a, 'py> FromPyObject<'a, 'py> for Text<'a> {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_identifier!("builtins", "str");

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if !object.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err("a string is required"));
        }
        // Python's own error would carry the whole string.
        let not_text = CryptoError::InvalidArgument("string is not Unicode text");
        Ok(Self(object.extract().map_err(|_: PyErr| Failure::from(not_text))?))
    }
}

/// A count of entries.
pub(super) struct Count(pub(super) usize);

impl<'a, 'py> FromPyObject<'a, 'py> for Count {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_identifier!("builtins", "int");

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let number = object.cast::<PyInt>().map_err(|_| PyTypeError::new_err("an integer is required"))?;
        Ok(Self(number.extract().map_err(|_| Failure::from(BindingError::OutOfRange("k")))?))
    }
}

/// A time with its zone, in milliseconds since 1970.
pub(super) struct Millis(pub(super) u64);

impl<'a, 'py> FromPyObject<'a, 'py> for Millis {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_identifier!("datetime", "datetime");

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let time = object.cast::<PyDateTime>().map_err(|_| PyTypeError::new_err("a datetime is required"))?;
        if time.call_method0("utcoffset")?.is_none() {
            return Err(PyTypeError::new_err("a datetime with a time zone is required"));
        }
        let out_of_range = || Failure::from(BindingError::OutOfRange("time"));
        let time: SystemTime = time.extract().map_err(|_| out_of_range())?;
        let since = time.duration_since(UNIX_EPOCH).map_err(|_| out_of_range())?;
        Ok(Self(u64::try_from(since.as_millis()).map_err(|_| out_of_range())?))
    }
}

/// A moment given in milliseconds since 1970, as Python's aware `datetime` in UTC.
pub(super) fn to_time(ms: u64) -> Result<SystemTime, Failure> {
    Ok(UNIX_EPOCH.checked_add(Duration::from_millis(ms)).ok_or(BindingError::OutOfRange("time"))?)
}

/// Any iterable of strings but a string, which is one of its own letters and always a mistake here.
pub(super) struct Texts(pub(super) Vec<String>);

impl<'a, 'py> FromPyObject<'a, 'py> for Texts {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_subscript!(
        type_hint_identifier!("collections.abc", "Iterable"),
        type_hint_identifier!("builtins", "str")
    );

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err("an iterable of strings is required, not one string"));
        }
        Ok(Self(object.try_iter()?.map(|item| item?.extract()).collect::<PyResult<_>>()?))
    }
}

/// Any iterable of paths but a single one.
pub(super) struct Paths(pub(super) Vec<PathBuf>);

impl<'a, 'py> FromPyObject<'a, 'py> for Paths {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr =
        type_hint_subscript!(type_hint_identifier!("collections.abc", "Iterable"), PathBuf::INPUT_TYPE);

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err("an iterable of paths is required, not one path"));
        }
        Ok(Self(object.try_iter()?.map(|item| item?.extract()).collect::<PyResult<_>>()?))
    }
}

/// Runs `work`, with the interpreter lock released when it has more than a little to do.
///
/// `work` may wait for a lock only if whoever holds that lock never waits for the interpreter.
pub(super) fn detached<T: Send>(py: Python<'_>, input_bytes: usize, work: impl FnOnce() -> T + Send) -> T {
    if input_bytes > LONGEST_ATTACHED { py.detach(work) } else { work() }
}

/// A new `bytes` object that `fill` fills, with the interpreter lock released when there is more than a little to do.
pub(super) fn filled<'py>(
    py: Python<'py>,
    length: usize,
    input_bytes: usize,
    fill: impl FnOnce(&mut [u8]) -> Result<(), CryptoError> + Send,
) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, length, |out| Ok(detached(py, input_bytes, || fill(out)).map_err(Failure::from)?))
}

/// A `bytes` object; `MemoryError` where there is no room for it.
pub(super) fn to_bytes<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, bytes.len(), |target| {
        target.copy_from_slice(bytes);
        Ok(())
    })
}

/// A `str` object; `MemoryError` where there is no room for it.
pub(super) fn to_text<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyString>> {
    PyString::from_bytes(py, text.as_bytes())
}
