//! Memory of Python's buffers, used where it is.
//!
//! The stable interface of Python 3.10 does not have the buffer functions themselves; they are in it from 3.11 on. It has
//! `memoryview`, which holds a buffer in place for as long as it lives, and, from before the buffer protocol, two functions
//! that tell where a buffer lies and hold nothing. Together they lend a buffer safely.
#![expect(unsafe_code, reason = "reading where Python keeps its bytes")]

use std::ffi::c_int;
use std::ffi::c_void;
use std::{ptr, slice};

use chrysalis_crypto::CryptoError;
use pyo3::ffi::{Py_ssize_t, PyObject};
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyMemoryView};
use pyo3::{type_hint_identifier, type_hint_subscript};
use zeroize::{Zeroize as _, Zeroizing};

use super::error::Failure;

// In the stable ABI since 3.2 and kept there; the headers stopped to declare them when the old protocol went.
#[cfg_attr(windows, link(name = "python3", kind = "raw-dylib"))]
unsafe extern "C" {
    fn PyObject_AsReadBuffer(
        object: *mut PyObject,
        start: *mut *const c_void,
        length: *mut Py_ssize_t,
    ) -> c_int;
    fn PyObject_AsWriteBuffer(
        object: *mut PyObject,
        start: *mut *mut c_void,
        length: *mut Py_ssize_t,
    ) -> c_int;
}

/// The bytes of any C-contiguous buffer, used where they are.
///
/// While the interpreter lock is released, a thread of the caller's can write to what it lent: the result is then of no
/// use, as with `hashlib`. So this is for bytes that are worked through, and [`Record`] for bytes that are taken apart.
pub(super) enum Data<'a> {
    /// Of `bytes`, which cannot change.
    Bytes(&'a [u8]),
    /// Of anything else.
    Lent(Lent),
}

impl Data<'_> {
    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Lent(lent) => lent.as_slice(),
        }
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Data<'a> {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_identifier!("typing_extensions", "Buffer");

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyBytes>() {
            return Ok(Self::Bytes(object.extract()?));
        }
        Lent::read(&object).map(Self::Lent)
    }
}

/// The bytes of any C-contiguous buffer that are taken apart: nobody can change them meanwhile, because those that could
/// be changed are copied.
pub(super) enum Record<'a> {
    Bytes(&'a [u8]),
    Copied(Vec<u8>),
}

impl Record<'_> {
    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Copied(bytes) => bytes,
        }
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Record<'a> {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = Data::INPUT_TYPE;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.extract()? {
            Data::Bytes(bytes) => Ok(Self::Bytes(bytes)),
            Data::Lent(lent) => Ok(Self::Copied(lent.as_slice().to_vec())),
        }
    }
}

/// Any iterable of buffers, each used where it is.
pub(super) struct Many(Vec<Item>);

enum Item {
    Bytes(PyBackedBytes),
    Copied(Vec<u8>),
    Lent(Lent),
}

impl Item {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Copied(bytes) => bytes,
            Self::Lent(lent) => lent.as_slice(),
        }
    }
}

impl Many {
    pub(super) fn as_slices(&self) -> Vec<&[u8]> {
        self.0.iter().map(Item::as_slice).collect()
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Many {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr =
        type_hint_subscript!(type_hint_identifier!("collections.abc", "Iterable"), Data::INPUT_TYPE);

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let item = |item: PyResult<Bound<'py, PyAny>>| match item?.cast_into::<PyBytes>() {
            Ok(bytes) => Ok(Item::Bytes(bytes.into())),
            Err(other) => Lent::read(&other.into_inner()).map(Item::Lent),
        };
        Ok(Self(object.try_iter()?.map(item).collect::<PyResult<_>>()?))
    }
}

/// Any iterable of buffers that are taken apart, each as a [`Record`] is.
pub(super) struct Records(Many);

impl Records {
    pub(super) fn as_slices(&self) -> Vec<&[u8]> {
        self.0.as_slices()
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Records {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = Many::INPUT_TYPE;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let Many(items) = object.extract()?;
        let fixed = |item| match item {
            Item::Lent(lent) => Item::Copied(lent.as_slice().to_vec()),
            item => item,
        };
        Ok(Self(Many(items.into_iter().map(fixed).collect())))
    }
}

/// A writable C-contiguous buffer of the caller.
pub(super) struct Out(Lent);

impl Out {
    /// The bytes to be written, provided that none of them are `inputs` as well.
    pub(super) fn apart_from(&mut self, inputs: &[&[u8]]) -> Result<&mut [u8], Failure> {
        let ours = self.0.as_slice().as_ptr_range();
        let meets = |input: &&[u8]| {
            let theirs = input.as_ptr_range();
            theirs.start < ours.end && ours.start < theirs.end
        };
        if inputs.iter().any(meets) {
            return Err(CryptoError::InvalidArgument("out must not overlap an input").into());
        }
        Ok(self.as_mut_slice())
    }

    /// Copies `bytes` there, which must have exactly its length.
    pub(super) fn fill(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let out = self.as_mut_slice();
        if out.len() != bytes.len() {
            return Err(CryptoError::InvalidArgument("out must have the length of the result").into());
        }
        out.copy_from_slice(bytes);
        Ok(())
    }

    /// Overwrites it with zeros.
    pub(super) fn wipe(&mut self) {
        self.as_mut_slice().zeroize();
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        match self.0.length {
            0 => &mut [],
            // SAFETY: as in `Lent::as_slice`, and `AsWriteBuffer` found the memory writable. `&mut self` keeps this from
            // giving the same bytes twice; `apart_from` keeps them from being an input at the same time.
            length => unsafe { slice::from_raw_parts_mut(self.0.start, length) },
        }
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Out {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = Data::INPUT_TYPE;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Lent::write(&object).map(Self)
    }
}

/// A secret in a buffer, to be taken over and, unless the caller wants it otherwise, wiped where it was.
pub(super) struct Source<'a, 'py>(Borrowed<'a, 'py, PyAny>);

impl Source<'_, '_> {
    /// Lets `take` have the bytes, which it wipes: those of the buffer, which must be writable, or else a copy.
    pub(super) fn take<T>(&self, wipe: bool, take: impl FnOnce(&mut [u8]) -> T) -> PyResult<T> {
        if wipe {
            return Ok(take(self.0.extract::<Out>()?.as_mut_slice()));
        }
        let data: Data<'_> = self.0.extract()?;
        Ok(take(&mut Zeroizing::new(data.as_slice().to_vec())))
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Source<'a, 'py> {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = Data::INPUT_TYPE;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(object))
    }
}

/// Memory that Python keeps in place for as long as this lives.
pub(super) struct Lent {
    // Read by nobody: it is what holds the buffer.
    _view: Py<PyMemoryView>,
    start: *mut u8,
    length: usize,
}

impl Lent {
    fn read(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let locate = |view, start: &mut *mut c_void, length: &mut Py_ssize_t| {
            // SAFETY: `view` is a live object, the others are places to write to, and the interpreter lock is held.
            unsafe { PyObject_AsReadBuffer(view, ptr::from_mut(start).cast(), length) }
        };
        Self::of(object, locate)
    }

    fn write(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let locate = |view, start: &mut *mut c_void, length: &mut Py_ssize_t| {
            // SAFETY: as in `read`.
            unsafe { PyObject_AsWriteBuffer(view, start, length) }
        };
        Self::of(object, locate)
    }

    fn of(
        object: &Bound<'_, PyAny>,
        locate: impl FnOnce(*mut PyObject, &mut *mut c_void, &mut Py_ssize_t) -> c_int,
    ) -> PyResult<Self> {
        let view = PyMemoryView::from(object)?;
        let (mut start, mut length) = (ptr::null_mut(), 0);
        if locate(view.as_ptr(), &mut start, &mut length) != 0 {
            return Err(PyErr::fetch(object.py()));
        }
        let length = usize::try_from(length).expect("a length is not negative");
        Ok(Self { _view: view.unbind(), start: start.cast(), length })
    }

    fn as_slice(&self) -> &[u8] {
        match self.length {
            // An empty buffer may be at no address.
            0 => &[],
            // SAFETY: Python told that `length` bytes lie there, and they stay there: the view exports the buffer, so that
            // the object under it can neither be resized nor freed before the view is. Bytes have no invalid values, and
            // whoever reads them does not read them again to rely on what they were (see `Data`).
            length => unsafe { slice::from_raw_parts(self.start, length) },
        }
    }
}
