//! How long a question takes, by the number of entries.
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use crate::text::{Author, SEED};
use crate::{Outcome, fts5, ours, tantivy_index};

const QUESTIONS: usize = 200;
/// Words of a passage.
const WORDS: std::ops::Range<usize> = 20..101;

/// Asks every engine all questions, in turns and in changing order, `rounds` times.
pub fn measure(dir: &Path, rounds: usize, sizes: &[usize]) -> Outcome<Value> {
    let sizes = sizes.iter().map(|size| measure_size(dir, rounds, *size)).collect::<Outcome<Vec<_>>>()?;
    Ok(json!({
        "seed": SEED,
        "rounds": rounds,
        "questions": QUESTIONS,
        "sqlite": rusqlite::version(),
        "tantivy": tantivy::version_string(),
        "sizes": sizes,
    }))
}

fn measure_size(dir: &Path, rounds: usize, size: usize) -> Outcome<Value> {
    let mut author = Author::new(SEED);
    let passages: Vec<String> = (0..size).map(|_| author.passage(WORDS)).collect();
    let questions: Vec<String> = (0..QUESTIONS).map(|_| author.question(&passages)).collect();
    let bytes: usize = passages.iter().map(String::len).sum();

    let scratch = tempfile::tempdir_in(dir)?;
    let memory = ours::create(scratch.path())?;
    let notes: Vec<_> = passages.iter().enumerate().map(|(at, text)| ours::note(at, text)).collect();
    let (remembering, ()) = timed(|| {
        for notes in notes.chunks(1000) {
            memory.remember(notes.to_vec(), None)?;
        }
        Ok(())
    })?;
    // The first question brings the index up to date.
    let (our_build, _) = timed(|| ours::recall(&memory, &questions[0]))?;
    let (fts5_build, fts5) = timed(|| fts5::build(&passages))?;
    let (tantivy_build, tantivy) = timed(|| tantivy_index::build(&passages))?;

    type Ask<'a> = Box<dyn Fn(&str) -> Outcome<Vec<String>> + 'a>;
    let mut engines: [(&str, f64, Ask, Vec<f64>); 3] = [
        ("ours", our_build, Box::new(|question| ours::recall(&memory, question)), Vec::new()),
        ("fts5", fts5_build, Box::new(|question| fts5::search(&fts5, question)), Vec::new()),
        (
            "tantivy",
            tantivy_build,
            Box::new(|question| tantivy_index::search(&tantivy, question)),
            Vec::new(),
        ),
    ];
    for round in 0..rounds {
        for turn in 0..engines.len() {
            let at = (round + turn) % engines.len();
            let (name, _, ask, times) = &mut engines[at];
            for question in &questions {
                let (seconds, _) = timed(|| ask(question))?;
                times.push(seconds * 1e6);
            }
            eprintln!("{size} entries, round {round}: {name} done");
        }
    }
    let common = common(&questions, &engines[0].2, &engines[1].2)?;
    let figures: serde_json::Map<String, Value> = engines
        .into_iter()
        .map(|(name, build, _, mut times)| {
            times.sort_by(f64::total_cmp);
            let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
            (name.to_owned(), json!({ "build_s": build, "p50_us": at(0.5), "p99_us": at(0.99) }))
        })
        .collect();
    Ok(json!({
        "entries": size,
        "bytes_per_entry": bytes / size,
        "remember_s": remembering,
        "common_with_fts5": common,
        "engines": figures,
    }))
}

/// How many of our ten FTS5 has among its ten, on average: they need not agree, but they do the same job.
fn common(
    questions: &[String],
    ours: impl Fn(&str) -> Outcome<Vec<String>>,
    theirs: impl Fn(&str) -> Outcome<Vec<String>>,
) -> Outcome<f64> {
    let mut common = 0;
    for question in questions {
        let theirs: BTreeSet<String> = theirs(question)?.into_iter().collect();
        common += ours(question)?.iter().filter(|text| theirs.contains(*text)).count();
    }
    Ok(common as f64 / questions.len() as f64)
}

/// Seconds it took, and what came of it.
fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(f64, T)> {
    let start = Instant::now();
    let done = work()?;
    Ok((start.elapsed().as_secs_f64(), done))
}
