//! Exact lexical recall: an in-memory inverted index scored by BM25 over two fields.
//!
//! The index takes plain data and gives plain data: it knows no storage, clock or identity, and keeps no text.
//! What a search returns is a function of the set of documents in the index, bit for bit: the order in which they came,
//! the slots they have and those that were removed leave no trace. See [`LexicalIndex::search`] for the formula.
//!
//! # Terms
//!
//! * A word is a run of Unicode alphanumeric characters, lower-cased; Latin letters lose their diacritics
//!   (`Café` and `cafe` are one term), so that precomposed and decomposed spellings agree.
//! * Words joined by `_`, `-`, `.` or a change of case (`snake_case`, `kebab-case`, `a.b.c`, `camelCase`) give the
//!   whole without its separators (`snakecase`) and each part, all at one position. So `memoryStore`,
//!   `memory_store` and `memory store` find each other. A whole made of digits keeps its separators (`3.14`).
//! * The endings `'s 'll 're 've 'd 'm` are dropped; other apostrophes vanish (`don't` is `dont`).
//! * Scripts written without spaces (Han, kana) give each character and each pair of neighbours.
//! * English words are stemmed (Snowball English). No word is dropped: frequent ones weigh little by their idf.
//!
//! What counts as alphanumeric is decided by the standard library's Unicode tables ([`char::UNICODE_VERSION`]). All
//! targets of one release agree; a newer toolchain may classify newly assigned characters differently.

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
