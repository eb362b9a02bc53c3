//! The set with tags.

use chrysalis_crdt as crdt;
use chrysalis_crdt::{Dot, Value};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::value::{Data, Datum, Items, Name, record};
use super::{Held, merge_into, state};
use crate::python::convert::{Texts, to_bytes};
use crate::python::error::{Failure, Result};

/// A set with add and remove, where an addition wins over a concurrent removal. Each addition has a tag, such as
/// `actor:7`, which names it everywhere.
#[pyclass(frozen, module = "memory_system._rust")]
pub(in crate::python) struct ORSet(Held<crdt::OrSet>);

state!(ORSet, crdt::OrSet, |set| format!("of {} elements, ", set.len()));
merge_into!(ORSet);

#[pymethods]
impl ORSet {
    /// The empty set. What is added is tagged under `instance_id`, with an incarnation of this process; under one of the
    /// process alone where none is given.
    #[new]
    #[pyo3(signature = (instance_id = None))]
    fn new(instance_id: Option<Name<'_>>) -> Result<Self> {
        Ok(Self(Held::written_by(crdt::OrSet::new(), instance_id)?))
    }

    /// The id that additions are tagged under, if one was given.
    #[getter]
    fn instance_id(&self) -> Option<&str> {
        self.0.instance.as_deref()
    }

    /// Adds an element and gives the tag of the addition: a new one, or `tag`. Earlier tags of the element stay.
    #[pyo3(signature = (element, tag = None))]
    fn add(&self, element: Datum, tag: Option<Name<'_>>) -> Result<String> {
        match tag {
            Some(tag) => self.add_with_tag(element, tag),
            None => self.0.write(|set, writer| Ok(set.add_tagged(writer, element.0)?.0.to_string())),
        }
    }

    /// Adds an element under a tag of the caller's, and gives the tag as it is kept.
    fn add_with_tag(&self, element: Datum, tag: Name<'_>) -> Result<String> {
        let dot = Dot::of_tag(tag.0);
        self.0.change(|set| set.add_dot(&dot, element.0))?;
        Ok(dot.to_string())
    }

    /// Adds elements, all or none, each with one new tag in place of those it has, and gives their delta, for
    /// `import_deltas` elsewhere.
    fn add_many<'py>(&self, py: Python<'py>, elements: Data) -> PyResult<Bound<'py, PyBytes>> {
        let delta = py.detach(|| self.0.write(|set, writer| set.add_all(writer, elements.0)))?;
        to_bytes(py, &crdt::Decompose::to_wire(&delta))
    }

    /// Removes an element's observed tags; all tags it has here where none are given. It is gone when none is left.
    #[pyo3(signature = (element, observed_tags = None))]
    fn remove(&self, element: Datum, observed_tags: Option<Texts>) -> Result<()> {
        match observed_tags {
            None => self.remove_all(element).map(drop),
            Some(tags) => {
                // A tag that looks like a dot may be an imported one: its dot is made from its text all the same.
                let dots = tags.0.iter().flat_map(|tag| [Dot::of_tag(tag), Dot::of_legacy_tag(tag)]);
                let dots: Vec<Dot> = dots.collect();
                self.0.change(|set| Ok(set.remove_tags(&element.0, &dots))).map(drop)
            }
        }
    }

    /// Removes an element and gives the tags it had.
    fn remove_all(&self, element: Datum) -> Result<Vec<String>> {
        let dots = self.0.change(|set| Ok(set.remove_all(&element.0).0))?;
        Ok(dots.iter().map(ToString::to_string).collect())
    }

    /// Removes elements and gives the delta, for `import_deltas` elsewhere.
    fn remove_many<'py>(&self, py: Python<'py>, elements: Data) -> PyResult<Bound<'py, PyBytes>> {
        let delta = py.detach(|| {
            self.0.change(|set| {
                let mut delta = crdt::OrSet::new();
                elements.0.iter().try_for_each(|element| delta.merge(&set.remove(element)))?;
                Ok(crdt::Decompose::to_wire(&delta))
            })
        })?;
        to_bytes(py, &delta)
    }

    /// Whether the element is in the set.
    fn contains(&self, element: Datum) -> bool {
        self.0.now().contains(&element.0)
    }

    /// The elements, each once, in the order of their encodings.
    fn elements(&self) -> Data {
        Data(self.0.now().elements().collect())
    }

    /// The tags that keep an element in the set, in order.
    fn get_tags(&self, element: Datum) -> Vec<String> {
        self.0.now().tags(&element.0).map(|dot| dot.to_string()).collect()
    }

    /// The number of elements.
    fn len(&self) -> usize {
        self.0.now().len()
    }

    /// Whether there is no element.
    fn is_empty(&self) -> bool {
        self.0.now().is_empty()
    }

    /// What merging another set would do, as lists of elements: `added`, `removed`, and `contested` where both changed it.
    fn preview(&self, py: Python<'_>, other: &Self) -> Result<Datum> {
        let (ours, theirs) = (self.0.now(), other.0.now());
        let preview = py.detach(|| ours.preview(&theirs)).map_err(Failure::from)?;
        Ok(Datum(record([
            ("added", Value::Array(preview.added)),
            ("removed", Value::Array(preview.removed)),
            ("contested", Value::Array(preview.contested)),
        ])))
    }

    fn __len__(&self) -> usize {
        self.len()
    }

    fn __contains__(&self, element: Datum) -> bool {
        self.contains(element)
    }

    fn __iter__(&self) -> Items {
        Items(self.elements())
    }
}
