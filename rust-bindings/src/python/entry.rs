//! What a memory gives back: frozen objects with typed attributes.

use std::collections::BTreeMap;
use std::time::SystemTime;

use chrysalis_crypto::hex;
use chrysalis_memory as memory;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use super::convert::{to_text, to_time};
use super::error::Failure;

/// One entry of the memory.
#[pyclass(frozen, subclass, module = "memory_system._rust")]
pub(super) struct Entry(memory::Entry);

#[pymethods]
impl Entry {
    /// Its id, 64 hexadecimal characters.
    #[getter]
    fn id(&self) -> String {
        self.0.id.to_string()
    }

    /// What was remembered.
    #[getter]
    fn text<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        to_text(py, &self.0.note.text)
    }

    /// Where the text comes from: a file, a page, a conversation.
    #[getter]
    fn source(&self) -> Option<&str> {
        self.0.note.source.as_deref()
    }

    /// The first and last line it stands on in its source, counted from 1.
    #[getter]
    fn lines(&self) -> Option<(u32, u32)> {
        self.0.note.place.as_ref().map(|place| place.lines)
    }

    /// The headings it stands under, outermost first.
    #[getter]
    fn headings(&self) -> Labels<'_> {
        Labels(self.0.note.place.as_ref().map_or(&[], |place| &place.headings))
    }

    /// Its labels, sorted.
    #[getter]
    fn tags(&self) -> Labels<'_> {
        Labels(&self.0.note.tags)
    }

    /// The public key that signed it, 64 hexadecimal characters.
    #[getter]
    fn author(&self) -> String {
        self.0.author.to_string()
    }

    /// The name that key goes by in this store, if any. Names are not signed.
    #[getter]
    fn author_name(&self) -> Option<&str> {
        self.0.author_name.as_deref()
    }

    /// What can be said of its signature: `trusted`, `unknown-signer`, `forked` or `revoked`.
    #[getter]
    fn signature(&self) -> &'static str {
        self.0.signature.as_str()
    }

    /// When it was remembered, by its author's clock, in UTC.
    #[getter]
    fn time(&self) -> Result<SystemTime, Failure> {
        to_time(self.0.time.ms())
    }

    /// When what it tells happened, if that was said, in UTC.
    #[getter]
    fn occurred(&self) -> Result<Option<SystemTime>, Failure> {
        self.0.note.occurred_ms.map(to_time).transpose()
    }

    /// How often its author said the same; at least 1.
    #[getter]
    fn occasions(&self) -> u32 {
        self.0.occasions
    }

    /// The id of its namespace, 32 hexadecimal characters.
    #[getter]
    fn namespace_id(&self) -> String {
        self.0.namespace.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<Entry {} by {}>", self.0.id.to_short(), self.0.author.to_short())
    }
}

impl From<memory::Entry> for Entry {
    fn from(entry: memory::Entry) -> Self {
        Self(entry)
    }
}

/// One entry of an answer.
#[pyclass(extends = Entry, frozen, module = "memory_system._rust")]
pub(super) struct Recalled {
    /// How well it answers; larger is better, comparable within one answer only.
    #[pyo3(get)]
    score: f64,
    /// Where words of the query stand in `text`: first character and the one behind the last.
    #[pyo3(get)]
    matches: Vec<(usize, usize)>,
}

#[pymethods]
impl Recalled {
    fn __repr__(slf: PyRef<'_, Self>) -> String {
        let entry = &slf.as_super().0;
        format!("<Recalled {} by {}, score {:.3}>", entry.id.to_short(), entry.author.to_short(), slf.score)
    }
}

/// An answer as a list of `Recalled`, best first.
pub(super) fn to_list(py: Python<'_>, answer: memory::Answer) -> PyResult<Vec<Py<Recalled>>> {
    let recalled = |hit: memory::Hit| {
        let matches = to_characters(&hit.entry.note.text, &hit.matches);
        Py::new(py, (Recalled { score: hit.score, matches }, Entry(hit.entry)))
    };
    answer.hits.into_iter().map(recalled).collect()
}

/// What learning documents did.
#[pyclass(frozen, get_all, module = "memory_system._rust")]
pub(super) struct Learned {
    /// Documents looked at.
    documents: u64,
    /// Documents of which every passage was known already.
    unchanged_documents: u64,
    /// The ids of the passages that are new, in order.
    ids: Vec<String>,
    /// Passages that were known already.
    unchanged: u64,
    /// Earlier passages that no longer stand in their source and were superseded.
    superseded: u64,
}

#[pymethods]
impl Learned {
    fn __repr__(&self) -> String {
        let Self { documents, unchanged, superseded, .. } = self;
        let added = self.ids.len();
        format!(
            "<Learned {added} passages of {documents} documents, {unchanged} unchanged, {superseded} superseded>"
        )
    }
}

impl From<memory::Remembered> for Learned {
    fn from(done: memory::Remembered) -> Self {
        let memory::Remembered { documents, unchanged_documents, ids, unchanged, superseded } = done;
        let ids = ids.iter().map(ToString::to_string).collect();
        Self { documents, unchanged_documents, ids, unchanged, superseded }
    }
}

/// What forgetting did.
#[pyclass(frozen, get_all, module = "memory_system._rust")]
pub(super) struct Forgotten {
    /// Entries forgotten.
    entries: u64,
    /// Records whose content was erased from this store's files.
    erased: u64,
    /// Records another process holds; it erases them at its next call.
    pending: u64,
}

#[pymethods]
impl Forgotten {
    fn __repr__(&self) -> String {
        let Self { entries, erased, pending } = self;
        format!("<Forgotten {entries} entries, {erased} records erased, {pending} pending>")
    }
}

impl From<memory::Forgotten> for Forgotten {
    fn from(done: memory::Forgotten) -> Self {
        let memory::Forgotten { entries, erased, pending } = done;
        Self { entries, erased, pending }
    }
}

/// Counts of what a memory holds.
#[pyclass(frozen, get_all, module = "memory_system._rust")]
pub(super) struct Stats {
    /// Live entries.
    entries: u64,
    /// Records of every kind and state.
    records: u64,
    /// Records here as leaves only, because they were not shared with this store.
    withheld: u64,
    /// Commits.
    commits: u64,
    /// Writer journals, one for each incarnation of each agent.
    writers: u64,
    /// Live entries by author's public key.
    authors: BTreeMap<String, u64>,
}

#[pymethods]
impl Stats {
    fn __repr__(&self) -> String {
        let Self { entries, records, commits, writers, .. } = self;
        format!("<Stats {entries} entries, {records} records, {commits} commits, {writers} writers>")
    }
}

impl From<memory::Stats> for Stats {
    fn from(stats: memory::Stats) -> Self {
        let memory::Stats { entries, records, withheld, commits, writers, authors } = stats;
        let authors = authors.into_iter().map(|(author, entries)| (author.to_string(), entries)).collect();
        Self { entries, records, withheld, commits, writers, authors }
    }
}

/// How many of the live entries have vectors, for recall by meaning.
#[pyclass(frozen, get_all, module = "memory_system._rust")]
pub(super) struct Coverage {
    /// The space of the vectors: which model made them and how, 64 hexadecimal characters.
    space: String,
    /// Live entries with vectors.
    embedded: u64,
    /// Live entries.
    entries: u64,
}

#[pymethods]
impl Coverage {
    fn __repr__(&self) -> String {
        format!("<Coverage {} of {} entries>", self.embedded, self.entries)
    }
}

impl From<memory::Coverage> for Coverage {
    fn from(coverage: memory::Coverage) -> Self {
        let memory::Coverage { space, embedded, entries } = coverage;
        Self { space: hex::encode(&space), embedded, entries }
    }
}

/// What a merge did.
#[pyclass(frozen, get_all, module = "memory_system._rust")]
pub(super) struct MergeReport {
    /// Commits that are new here.
    commits: u64,
    /// Records in them.
    records: u64,
    /// Records of which only the leaf came over, because they are private there.
    withheld: u64,
    /// How many commits were not admitted.
    refused: u64,
    /// The first of these: writer, first sequence number, and why.
    refusals: Vec<(String, u64, String)>,
    /// How many journals of the other store are damaged or cannot be read: what lies behind did not come over.
    damaged: usize,
    /// Writers that signed two different commits for one place, found by this merge.
    forks: Vec<String>,
    /// The digest afterwards, 64 hexadecimal characters.
    digest: String,
}

#[pymethods]
impl MergeReport {
    fn __repr__(&self) -> String {
        let Self { commits, records, withheld, refused, .. } = self;
        format!("<MergeReport {commits} commits, {records} records, {withheld} withheld, {refused} refused>")
    }
}

impl From<memory::Merged> for MergeReport {
    fn from(merged: memory::Merged) -> Self {
        let refusal = |refusal: &chrysalis_journal::Refusal| {
            (refusal.writer.name(), refusal.sequence, refusal.reason.to_owned())
        };
        Self {
            commits: merged.commits,
            records: merged.records,
            withheld: merged.withheld,
            refused: merged.refused,
            refusals: merged.refusals.iter().map(refusal).collect(),
            damaged: merged.damage.len(),
            forks: merged.forks.iter().map(|fork| fork.writer.name()).collect(),
            digest: hex::encode(&merged.digest),
        }
    }
}

/// Strings as a tuple, so that nobody can take a copy for the thing itself.
struct Labels<'a>(&'a [String]);

impl<'py> IntoPyObject<'py> for Labels<'_> {
    type Target = PyTuple;
    type Output = Bound<'py, PyTuple>;
    type Error = PyErr;

    const OUTPUT_TYPE: pyo3::inspect::PyStaticExpr = pyo3::type_hint_subscript!(
        pyo3::type_hint_identifier!("builtins", "tuple"),
        pyo3::type_hint_identifier!("builtins", "str"),
        pyo3::type_hint_identifier!("builtins", "...")
    );

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        PyTuple::new(py, self.0)
    }
}

/// Byte ranges of a text, in order, as ranges of characters.
fn to_characters(text: &str, ranges: &[std::ops::Range<usize>]) -> Vec<(usize, usize)> {
    let (mut at, mut characters) = (0, 0);
    let mut advance = |to: usize| {
        // Ranges that go back or split a character do not come from the index; then the count starts anew.
        if to < at {
            (at, characters) = (0, 0);
        }
        characters += text.get(at..to).map_or(0, |passed| passed.chars().count());
        at = to;
        characters
    };
    ranges.iter().map(|range| (advance(range.start), advance(range.end))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_count_characters() {
        let text = "Größe 🦋 fliegt";
        let at = |word: &str| {
            let start = text.find(word).unwrap();
            start..start + word.len()
        };
        assert_eq!(to_characters(text, &[at("Größe"), at("🦋"), at("fliegt")]), [(0, 5), (6, 7), (8, 14)]);
        assert_eq!(to_characters(text, &[at("fliegt"), at("Größe")]), [(8, 14), (0, 5)]);
    }
}
