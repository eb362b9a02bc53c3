//! Our memory, through its public interface.
use std::path::Path;
use std::sync::Arc;

use chrysalis_journal::Disk;
use chrysalis_memory::semantic::LocalEmbedder;
use chrysalis_memory::{Embedder, Identity, Memory, Note, OpenOptions, Place, Query};

use crate::Outcome;

/// Passages of one source, as a document's are.
const PER_SOURCE: usize = 40;

fn options() -> Outcome<OpenOptions> {
    let identity = Arc::new(Identity::from_seed("peer", &[7; 32])?);
    Ok(OpenOptions { identity: Some(identity), create: true, ..OpenOptions::default() })
}

/// A new memory in a directory.
pub fn create(dir: &Path) -> Outcome<Memory> {
    Ok(Memory::open(dir, options()?)?)
}

/// A new memory on a disk, which recalls by meaning as well where there is an embedder.
pub fn create_with(disk: Arc<dyn Disk>, embedder: Option<Arc<LocalEmbedder>>) -> Outcome<Memory> {
    let embedder = embedder.map(|embedder| embedder as Arc<dyn Embedder>);
    Ok(Memory::open_on(disk, OpenOptions { embedder, ..options()? })?)
}

/// The `at`-th passage as the passage of a document that it would be.
pub fn note(at: usize, text: &str) -> Note {
    let ordinal = u32::try_from(at % PER_SOURCE).expect("it is less than 40");
    let place = Place { lines: (ordinal + 1, ordinal + 1), ordinal, ..Place::default() };
    Note { source: Some(format!("notes/{}.md", at / PER_SOURCE)), place: Some(place), ..Note::new(text) }
}

/// The texts of the best ten.
pub fn recall(memory: &Memory, question: &str) -> Outcome<Vec<String>> {
    let answer = memory.recall(&Query { limit: 10, ..Query::new(question) })?;
    Ok(answer.hits.into_iter().map(|hit| hit.entry.note.text).collect())
}
