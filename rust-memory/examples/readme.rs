//! The Rust example of the project's README; a test holds the two equal.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::path::Path;

use chrysalis_memory::{MemoryError, Note, Profile, Query};

fn main() -> Result<(), MemoryError> {
    // Keys are made on first use, in files that only you can read.
    let memory = Profile::from_env()?.open("ada", Some(Path::new("team-memory")))?;
    memory.remember(vec![Note::new("The greenhouse is watered at six.")], None)?;
    for hit in memory.recall(&Query::new("when is the greenhouse watered?"))?.hits {
        println!("{} ({})", hit.entry.note.text, hit.entry.signature.as_str());
    }
    Ok(())
}
