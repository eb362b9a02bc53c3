//! Merge and recall: our memory beside SQLite FTS5, tantivy and plain BM25.
//!
//! `peers-memory merge DIR ROUNDS DIVISOR`, `peers-memory recall DIR ROUNDS SIZE...` and `peers-memory locomo FILE [MODEL]` print
//! their figures as JSON. Stores are made in a new directory below DIR. Texts follow from [`text::SEED`].
use std::path::Path;

mod conversation;
mod fts5;
mod locomo;
mod merge;
mod ours;
mod plain;
mod recall;
mod tantivy_index;
mod text;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let figures = match arguments[..] {
        ["merge", dir, rounds, divisor] => merge::measure(Path::new(dir), rounds.parse()?, divisor.parse()?)?,
        ["recall", dir, rounds, ref sizes @ ..] if !sizes.is_empty() => {
            let sizes = sizes.iter().map(|size| size.parse()).collect::<Result<Vec<_>, _>>()?;
            recall::measure(Path::new(dir), rounds.parse()?, &sizes)?
        }
        ["locomo", file] => locomo::measure(Path::new(file), None)?,
        ["locomo", file, model] => locomo::measure(Path::new(file), Some(Path::new(model)))?,
        _ => {
            return Err(
                "usage: peers-memory merge DIR ROUNDS DIVISOR | recall DIR ROUNDS SIZE... | locomo FILE [MODEL]"
                    .into(),
            );
        }
    };
    println!("{figures}");
    Ok(())
}
