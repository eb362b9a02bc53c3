//! Texts to be embedded. What is wrong with one is told without a character of it.

use pyo3::exceptions::{PyTypeError, PyUnicodeError};
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::python::convert;

/// A text. One with a lone surrogate is a `UnicodeError`.
pub(in crate::python) struct Text<'a>(pub(in crate::python) &'a str);

impl<'a, 'py> FromPyObject<'a, 'py> for Text<'a> {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = convert::Text::INPUT_TYPE;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if !object.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err("a string is required"));
        }
        // Python's own error would carry the whole string.
        let not_text = |_: PyErr| {
            PyUnicodeError::new_err("the text has a surrogate that stands alone: it is not Unicode")
        };
        Ok(Self(object.extract().map_err(not_text)?))
    }
}

/// Any iterable of texts but a string, which is one of its own letters and always a mistake here.
pub(super) struct Texts(pub(super) Vec<String>);

impl<'a, 'py> FromPyObject<'a, 'py> for Texts {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = convert::Texts::INPUT_TYPE;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err("an iterable of strings is required, not one string"));
        }
        let text = |item: PyResult<Bound<'py, PyAny>>| Ok(item?.extract::<Text<'_>>()?.0.to_owned());
        Ok(Self(object.try_iter()?.map(text).collect::<PyResult<_>>()?))
    }
}
