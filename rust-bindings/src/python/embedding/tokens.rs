//! Counting tokens, fitting conversations, cutting documents.

use std::sync::Mutex;

use chrysalis_embedding::chunk::{ChunkOptions, chunk_text as chunk};
use chrysalis_embedding::compact::{Budget, Message, compact};
use chrysalis_embedding::tokens::{self, Encoding, Special, SpecialNames, Tokenizer};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict};

use crate::python::convert::{Length, Text, Texts, detached, to_bytes};
use crate::python::error::{Failure, Result};
use crate::python::lock;

fn tokenizer(model: &str) -> Result<&'static Tokenizer> {
    Ok(Encoding::for_model(model)?.tokenizer())
}

/// The name of the encoding that a model uses; `model` may name an encoding itself. Raises for an unknown one.
#[pyfunction]
#[pyo3(signature = (model, /))]
pub(in crate::python) fn encoding_for_model(model: &str) -> Result<&'static str> {
    Ok(Encoding::for_model(model)?.name())
}

/// How many tokens a text has for a model or an encoding. Special tokens in it are text, unless `allow_special` is true or lists
/// them; with `reject_special` they raise.
#[pyfunction]
#[pyo3(signature = (text, model, *, allow_special = None, reject_special = false))]
pub(in crate::python) fn count_tokens(
    py: Python<'_>,
    text: Text<'_>,
    model: &str,
    allow_special: Option<Bound<'_, PyAny>>,
    reject_special: bool,
) -> PyResult<usize> {
    let tokenizer = tokenizer(model)?;
    let special = Specials::new(allow_special, reject_special)?;
    let count = detached(py, text.0.len(), || special.with(|special| tokenizer.count_with(text.0, special)));
    Ok(count.map_err(Failure::from)?)
}

/// `count_tokens` of each text.
#[pyfunction]
pub(in crate::python) fn count_tokens_batch(py: Python<'_>, texts: Texts, model: &str) -> Result<Vec<usize>> {
    Ok(py.detach(|| tokens::count_tokens_batch(&texts.0, model))?)
}

/// As `count_tokens`: the count, whether it is an estimate because the model is unknown, and the encoding that counted.
#[pyfunction]
pub(in crate::python) fn count_tokens_or_estimate(
    py: Python<'_>,
    text: Text<'_>,
    model: &str,
) -> (usize, bool, Option<&'static str>) {
    let counted = detached(py, text.0.len(), || tokens::count_tokens_or_estimate(text.0, model));
    (counted.count, counted.approximate, counted.encoding.map(Encoding::name))
}

/// A guess without a vocabulary: a quarter of the Unicode characters, rounded up.
#[pyfunction]
#[pyo3(signature = (text, /))]
pub(in crate::python) fn approximate_tokens(text: Text<'_>) -> usize {
    tokens::approximate_tokens(text.0)
}

/// The tokens of a value's compact JSON text, with keys in the order of insertion and numbers as JavaScript writes them.
#[pyfunction]
pub(in crate::python) fn estimate_json_tokens(
    py: Python<'_>,
    value: Bound<'_, PyAny>,
    model: &str,
) -> PyResult<usize> {
    let json = to_json(&value)?;
    Ok(py.detach(|| tokens::estimate_json_tokens(&json, model)).map_err(Failure::from)?)
}

/// The tokens of a text. Special ones as in `count_tokens`.
#[pyfunction]
#[pyo3(signature = (text, model, *, allow_special = None, reject_special = false))]
pub(in crate::python) fn encode(
    py: Python<'_>,
    text: Text<'_>,
    model: &str,
    allow_special: Option<Bound<'_, PyAny>>,
    reject_special: bool,
) -> PyResult<Vec<u32>> {
    let tokenizer = tokenizer(model)?;
    let special = Specials::new(allow_special, reject_special)?;
    let tokens =
        detached(py, text.0.len(), || special.with(|special| tokenizer.encode_with(text.0, special)));
    Ok(tokens.map_err(Failure::from)?)
}

/// The text of tokens; what is not UTF-8 in it becomes U+FFFD.
#[pyfunction]
pub(in crate::python) fn decode(tokens: Vec<u32>, model: &str) -> Result<String> {
    Ok(tokenizer(model)?.decode(&tokens)?)
}

/// The bytes of tokens.
#[pyfunction]
pub(in crate::python) fn decode_bytes<'py>(
    py: Python<'py>,
    tokens: Vec<u32>,
    model: &str,
) -> PyResult<Bound<'py, PyBytes>> {
    let bytes = tokenizer(model)?.decode_bytes(&tokens).map_err(Failure::from)?;
    to_bytes(py, &bytes)
}

/// How many tokens a text has, if there are at most `limit`; reads no more of it than it takes to tell.
#[pyfunction]
pub(in crate::python) fn count_till_limit(
    py: Python<'_>,
    text: Text<'_>,
    limit: Length,
    model: &str,
) -> Result<Option<usize>> {
    let tokenizer = tokenizer(model)?;
    Ok(detached(py, text.0.len(), || tokenizer.count_till_limit(text.0, limit.0)))
}

/// A text divided after at most `limit` tokens, between whole characters: the head and the rest.
#[pyfunction]
pub(in crate::python) fn split_at_tokens<'a>(
    py: Python<'_>,
    text: Text<'a>,
    limit: Length,
    model: &str,
) -> Result<(&'a str, &'a str)> {
    let tokenizer = tokenizer(model)?;
    Ok(detached(py, text.0.len(), || tokenizer.split_at_tokens(text.0, limit.0)))
}

/// A text of at most `limit` tokens: itself, or a head of it that ends with `...`, after a sentence or line where one ends late in it.
#[pyfunction]
pub(in crate::python) fn truncate_to_tokens(
    py: Python<'_>,
    text: Text<'_>,
    limit: Length,
    model: &str,
) -> Result<String> {
    let tokenizer = tokenizer(model)?;
    Ok(detached(py, text.0.len(), || tokenizer.truncate_to_tokens(text.0, limit.0)))
}

/// Passages of whole lines with at most `max_tokens` tokens each, as `(text, tokens, start_line)`; a line that is too long is cut.
/// Each repeats whole lines of the one before, at most `overlap_tokens` tokens.
#[pyfunction]
#[pyo3(signature = (text, max_tokens = Length(512), overlap_tokens = Length(0), model = "cl100k_base"))]
pub(in crate::python) fn chunk_text<'a>(
    py: Python<'_>,
    text: Text<'a>,
    max_tokens: Length,
    overlap_tokens: Length,
    model: &str,
) -> Result<Vec<(&'a str, usize, usize)>> {
    let tokenizer = tokenizer(model)?;
    let options = ChunkOptions { max_tokens: max_tokens.0, overlap_tokens: overlap_tokens.0 };
    let chunks = detached(py, text.0.len(), || chunk(tokenizer, text.0, options));
    Ok(chunks.into_iter().map(|chunk| (chunk.text, chunk.tokens, chunk.start_line)).collect())
}

/// Chooses what to keep of a conversation so that it has at most `max_tokens` tokens. The last `preserve_last_n` messages stay; then
/// system messages, then the newest. Calls of tools and their results stay or go together; one message may be cut.
///
/// Gives a dictionary of `messages`, `total_tokens`, `removed_count`, `compression_ratio`, `selected_indices` and `over_budget`.
#[pyfunction]
#[pyo3(signature = (messages: "list[dict[str, object]]", max_tokens: "int", preserve_last_n: "int", model: "str" = "cl100k_base") -> "dict[str, object]")]
pub(in crate::python) fn compress_context<'py>(
    py: Python<'py>,
    messages: Vec<Bound<'py, PyDict>>,
    max_tokens: Length,
    preserve_last_n: Length,
    model: &str,
) -> PyResult<Bound<'py, PyDict>> {
    let json = to_json(messages.as_slice().into_pyobject(py)?.as_any())?;
    let budget = Budget { max_tokens: max_tokens.0, preserve_last: preserve_last_n.0, cut: true };
    let left =
        py.detach(|| compact(&Message::list_from_json(&json)?, model, budget)).map_err(Failure::from)?;
    let kept = left
        .selected
        .iter()
        .map(|place| match &left.cut {
            Some((cut, text)) if cut == place => {
                let copy = messages[*place].copy()?;
                copy.set_item("content", text)?;
                Ok(copy)
            }
            _ => Ok(messages[*place].clone()),
        })
        .collect::<PyResult<Vec<_>>>()?;
    let result = PyDict::new(py);
    result.set_item("messages", kept)?;
    result.set_item("total_tokens", left.total_tokens)?;
    result.set_item("removed_count", left.removed_count)?;
    result.set_item("compression_ratio", left.compression_ratio)?;
    result.set_item("selected_indices", left.selected)?;
    result.set_item("over_budget", left.over_budget)?;
    Ok(result)
}

/// The count of one text that grows at its end, such as a streamed answer. May be used from several threads.
#[pyclass(frozen, module = "memory_system._rust.embedding")]
pub(in crate::python) struct GrowingText(Mutex<tokens::GrowingText>);

#[pymethods]
impl GrowingText {
    /// An empty text.
    #[new]
    fn new(model: &str) -> Result<Self> {
        Ok(Self(Mutex::new(tokens::GrowingText::new(Encoding::for_model(model)?))))
    }

    /// Appends to it.
    fn append(&self, py: Python<'_>, text: Text<'_>) {
        detached(py, text.0.len(), || lock(&self.0).append(text.0));
    }

    /// The tokens of all that was appended.
    #[getter]
    fn count(&self) -> usize {
        lock(&self.0).count()
    }

    fn __repr__(&self) -> String {
        format!("GrowingText(of {} tokens)", self.count())
    }
}

/// The counts of a conversation's messages: what any run of them takes is known at once. May be used from several threads.
#[pyclass(frozen, module = "memory_system._rust.embedding")]
pub(in crate::python) struct TokenLedger(Mutex<tokens::TokenLedger>);

#[pymethods]
impl TokenLedger {
    /// A conversation without messages.
    #[new]
    fn new(model: &str) -> Result<Self> {
        Ok(Self(Mutex::new(tokens::TokenLedger::new(Encoding::for_model(model)?))))
    }

    /// Adds a message and gives its place.
    fn append(&self, py: Python<'_>, text: Text<'_>) -> usize {
        detached(py, text.0.len(), || lock(&self.0).append(text.0))
    }

    /// Appends to the last message.
    fn extend_last(&self, py: Python<'_>, text: Text<'_>) {
        detached(py, text.0.len(), || lock(&self.0).extend_last(text.0));
    }

    /// The tokens of the messages from `start` up to, not with, `stop`.
    fn count_range(&self, start: Length, stop: Length) -> Result<usize> {
        Ok(lock(&self.0).count_range(start.0..stop.0)?)
    }

    /// The tokens of all messages.
    #[getter]
    fn total(&self) -> usize {
        lock(&self.0).total()
    }

    fn __len__(&self) -> usize {
        lock(&self.0).len()
    }

    fn __repr__(&self) -> String {
        format!("TokenLedger(of {} messages)", self.__len__())
    }
}

/// The compact JSON text of a value.
pub(super) fn to_json(value: &Bound<'_, PyAny>) -> PyResult<String> {
    let py = value.py();
    let options = PyDict::new(py);
    options.set_item("ensure_ascii", false)?;
    options.set_item("allow_nan", false)?;
    options.set_item("separators", (",", ":"))?;
    py.import("json")?
        .call_method("dumps", (value,), Some(&options))?
        .extract::<Text<'_>>()
        .map(|text| text.0.to_owned())
}

/// How special tokens are treated.
struct Specials {
    all: bool,
    names: Vec<String>,
    reject: bool,
}

impl Specials {
    fn new(allowed: Option<Bound<'_, PyAny>>, reject: bool) -> PyResult<Self> {
        let (all, names) = match allowed {
            None => (false, Vec::new()),
            Some(_) if reject => {
                return Err(PyTypeError::new_err("allow_special and reject_special exclude each other"));
            }
            Some(flag) if flag.is_instance_of::<PyBool>() => (flag.is_truthy()?, Vec::new()),
            Some(names) => (false, names.extract::<Texts>()?.0),
        };
        Ok(Self { all, names, reject })
    }

    fn with<T>(&self, work: impl FnOnce(Special<'_>) -> T) -> T {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        work(match self {
            Self { reject: true, .. } => Special::Reject,
            Self { all: true, .. } => Special::Allow(SpecialNames::All),
            _ if names.is_empty() => Special::Ordinary,
            _ => Special::Allow(SpecialNames::Only(&names)),
        })
    }
}
