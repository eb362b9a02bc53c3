//! Merging memory records that are plain values.

use chrysalis_crdt::merger;
use pyo3::prelude::*;

use super::value::{Data, Datum};
use crate::python::error::{Failure, Result};

/// Merges memories and states that are `dict`s. Arguments are never changed, and the order of merging makes no difference.
#[pyclass(frozen, module = "memory_system._rust")]
pub(in crate::python) struct MemoryCRDTMerger;

#[pymethods]
impl MemoryCRDTMerger {
    /// Merging needs no object; this one is for callers that have made one before.
    #[new]
    fn new() -> Self {
        Self
    }

    /// Merges lists of episodic memories, sorted by `memoryId`.
    #[staticmethod]
    fn merge_episodic_memories(py: Python<'_>, ours: Data, theirs: Data) -> Result<Data> {
        py.detach(|| Ok(Data(merger::merge_episodic_memories(&ours.0, &theirs.0)?)))
    }

    /// Merges lists of semantic memories, sorted by `knowledgeId`.
    #[staticmethod]
    fn merge_semantic_memories(py: Python<'_>, ours: Data, theirs: Data) -> Result<Data> {
        py.detach(|| Ok(Data(merger::merge_semantic_memories(&ours.0, &theirs.0)?)))
    }

    /// Merges the states of two instances of one agent. `instanceId` and `lastSync` are the first one's.
    #[staticmethod]
    fn merge_memory_states(py: Python<'_>, ours: Datum, theirs: Datum) -> Result<Datum> {
        py.detach(|| Ok::<_, Failure>(Datum(merger::merge_memory_states(&ours.0, &theirs.0)?)))
    }
}
