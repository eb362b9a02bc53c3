#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod document;
pub mod entry;
pub mod error;
pub mod forget;
pub mod identity;
mod index;
pub mod inspect;
pub mod lexical;
mod local;
pub mod memory;
pub mod merge;
pub mod namespace;
pub mod note;
pub mod passage;
pub mod profile;
pub mod ranking;
pub mod recall;
pub mod semantic;
mod state;
pub mod trust;
mod verify;
mod view;

pub use document::{Document, Remembered};
pub use entry::{Entry, EntryId};
pub use error::MemoryError;
pub use forget::Forgotten;
pub use identity::{AgentKey, Identity};
pub use inspect::Stats;
pub use memory::{Memory, OpenOptions};
pub use merge::Merged;
pub use note::{Note, Place};
pub use profile::Profile;
pub use recall::{Answer, Hit, Query};
pub use semantic::{Coverage, Embedder, EmbedderError};
pub use state::Fork;
pub use trust::{SignatureState, Trust};
pub use verify::verify;
