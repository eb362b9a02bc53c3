//! Vectors and matrices of Python, used where they are.

use std::borrow::Cow;

use chrysalis_embedding::{Embedding, SpaceId};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList, PyMemoryView, PyString, PyTuple};
use pyo3::{PyTypeInfo, type_hint_identifier, type_hint_subscript, type_hint_union};
use zerocopy::FromBytes as _;

use super::embedded::{self, EmbeddingSpace};
use crate::python::buffer::{Data, Out};

/// Numbers: an `Embedding`, a C-contiguous buffer of `f` or `d`, such as a NumPy array, or an iterable of floats.
///
/// While the interpreter lock is released, a thread of the caller's can write to a buffer: the result is then of no use.
pub(in crate::python) enum Vector<'a> {
    F32(Lent<'a>),
    F64(Lent<'a>),
    Listed(Vec<f64>, Option<SpaceId>),
    Embedded(Embedding),
}

/// A buffer of one type of numbers.
pub(in crate::python) struct Lent<'a>(Data<'a>);

impl Vector<'_> {
    /// As 32 bits. Not copied where they are that already.
    pub(in crate::python) fn to_f32(&self) -> Cow<'_, [f32]> {
        match self {
            Self::F32(lent) => lent.f32(),
            Self::Embedded(embedding) => Cow::Borrowed(embedding.as_slice()),
            #[expect(clippy::cast_possible_truncation, reason = "rounded, as NumPy's astype does")]
            other => Cow::Owned(other.to_f64().iter().map(|number| *number as f32).collect()),
        }
    }

    /// As 64 bits. Not copied where they are that already.
    pub(in crate::python) fn to_f64(&self) -> Cow<'_, [f64]> {
        match self {
            Self::F32(lent) => Cow::Owned(lent.f32().iter().map(|number| f64::from(*number)).collect()),
            Self::F64(lent) => lent.f64(),
            Self::Embedded(embedding) => {
                Cow::Owned(embedding.as_slice().iter().map(|number| f64::from(*number)).collect())
            }
            Self::Listed(numbers, _) => Cow::Borrowed(numbers),
        }
    }

    /// The embedding space that it says it is of.
    pub(in crate::python) fn space(&self) -> Option<SpaceId> {
        match self {
            Self::Listed(_, space) => *space,
            Self::Embedded(embedding) => Some(embedding.space().id()),
            _ => None,
        }
    }

    /// Whether all numbers have 32 bits.
    pub(in crate::python) fn is_f32(&self) -> bool {
        matches!(self, Self::F32(_) | Self::Embedded(_))
    }
}

impl Lent<'_> {
    fn f32(&self) -> Cow<'_, [f32]> {
        let bytes = self.0.as_slice();
        match <[f32]>::ref_from_bytes(bytes) {
            Ok(numbers) if cfg!(target_endian = "little") => Cow::Borrowed(numbers),
            _ => Cow::Owned(bytes.as_chunks().0.iter().map(|number| f32::from_le_bytes(*number)).collect()),
        }
    }

    fn f64(&self) -> Cow<'_, [f64]> {
        let bytes = self.0.as_slice();
        match <[f64]>::ref_from_bytes(bytes) {
            Ok(numbers) if cfg!(target_endian = "little") => Cow::Borrowed(numbers),
            _ => Cow::Owned(bytes.as_chunks().0.iter().map(|number| f64::from_le_bytes(*number)).collect()),
        }
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Vector<'a> {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_union!(
        <embedded::Embedding as PyTypeInfo>::TYPE_HINT,
        Data::INPUT_TYPE,
        type_hint_subscript!(
            type_hint_identifier!("collections.abc", "Iterable"),
            type_hint_identifier!("builtins", "float")
        )
    );

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(embedding) = object.cast::<embedded::Embedding>() {
            return Ok(Self::Embedded(embedding.get().0.clone()));
        }
        if let Ok(view) = PyMemoryView::from(&object) {
            let form: String = view.getattr("format")?.extract()?;
            return match form.as_str() {
                "f" | "<f" => Ok(Self::F32(Lent(object.extract()?))),
                "d" | "<d" => Ok(Self::F64(Lent(object.extract()?))),
                _ => Err(PyTypeError::new_err("a buffer of 32-bit or 64-bit floats is required")),
            };
        }
        if object.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err("numbers are required, not a string"));
        }
        let numbers = object.try_iter()?.map(|number| {
            let number = number?;
            if number.is_instance_of::<PyBool>() {
                return Err(PyTypeError::new_err("numbers are required, not booleans"));
            }
            number.extract()
        });
        let numbers = numbers.collect::<PyResult<_>>()?;
        // A list of a class of its own may say where its numbers lie.
        let is_plain = object.is_exact_instance_of::<PyList>() || object.is_exact_instance_of::<PyTuple>();
        let space = if is_plain { None } else { object.getattr_opt("space")? };
        let space = space.and_then(|space| Some(space.cast::<EmbeddingSpace>().ok()?.get().id_of()));
        Ok(Self::Listed(numbers, space))
    }
}

/// A writable buffer of 32-bit floats, to be filled.
pub(in crate::python) struct Target(Out);

impl Target {
    /// Writes `vector` there, which must have exactly its length.
    pub(in crate::python) fn fill(&mut self, vector: &[f32]) -> PyResult<()> {
        let target = self.0.as_mut_slice();
        if target.len() != vector.len() * 4 {
            return Err(PyValueError::new_err("out must have the length of the vector"));
        }
        for (place, number) in target.as_chunks_mut::<4>().0.iter_mut().zip(vector) {
            *place = number.to_le_bytes();
        }
        Ok(())
    }

    /// How many numbers it holds.
    pub(in crate::python) fn len(&mut self) -> usize {
        self.0.as_mut_slice().len() / 4
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Target {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = Data::INPUT_TYPE;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let form: String = PyMemoryView::from(&object)?.getattr("format")?.extract()?;
        if form == "f" || form == "<f" {
            Ok(Self(object.extract()?))
        } else {
            Err(PyTypeError::new_err("a writable buffer of 32-bit floats is required"))
        }
    }
}
