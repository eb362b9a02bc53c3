//! Exact lexical recall: an in-memory inverted index scored by BM25 over two fields.
//!
//! The index takes plain data and gives plain data: it knows no storage, clock or identity, and keeps no text.
//! What a search returns is a function of the set of documents in the index, bit for bit: the order in which they came,
//! the slots they have and those that were removed leave no trace. See [`LexicalIndex::search`] for the formula.

mod error;
mod index;
mod postings;
mod query;
mod search;
mod tokenize;

pub use error::IndexError;
pub(crate) use index::Occurrences;
pub use index::{Bm25, DocId, IndexedDoc, LexicalIndex, MAX_DOCUMENTS, MAX_TEXT_BYTES, MAX_TITLE_BYTES};
pub use query::{MAX_QUERY_TERMS, Query};
pub use search::Hit;
pub use tokenize::{MAX_TERM_BYTES, Token, tokenize};
