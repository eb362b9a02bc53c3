//! Signed entries merged per second: everything checked, written durably, folded and digested.
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use chrysalis_journal::{Disk, FileDisk, MemoryDisk, OpenMode};
use serde_json::{Value, json};

use crate::text::{Author, SEED};
use crate::{Outcome, ours};

/// Entries, and how many of them share a commit.
const SHAPES: [(usize, usize); 2] = [(100_000, 100), (20_000, 1)];
/// Words of an entry: about 200 bytes.
const WORDS: std::ops::Range<usize> = 20..41;

/// Merges a store of each shape into an empty one, in turns, `rounds` times; with `divisor`, of that much fewer entries.
pub fn measure(dir: &Path, rounds: usize, divisor: usize) -> Outcome<Value> {
    let scratch = tempfile::tempdir_in(dir)?;
    let mut shapes = Vec::new();
    for (entries, per_commit) in SHAPES {
        let path = scratch.path().join(format!("source-{per_commit}"));
        let bytes = make_source(&path, entries / divisor, per_commit)?;
        shapes.push((entries / divisor, per_commit, bytes, path, Vec::new()));
    }
    for round in 0..rounds {
        for (entries, per_commit, _, path, rates) in &mut shapes {
            let target = tempfile::tempdir_in(dir)?;
            let memory = ours::create(target.path())?;
            let start = Instant::now();
            let merged = memory.merge(path, &mut |_| ControlFlow::Continue(()))?;
            let rate = *entries as f64 / start.elapsed().as_secs_f64();
            if merged.records != *entries as u64 || merged.refused != 0 {
                return Err("not everything was merged".into());
            }
            eprintln!("round {round}: {entries} entries in commits of {per_commit}: {rate:.0}/s");
            rates.push(rate);
        }
    }
    let shapes: Vec<Value> = shapes
        .into_iter()
        .map(|(entries, per_commit, bytes, _, rates)| {
            json!({ "entries": entries, "per_commit": per_commit, "bytes_per_entry": bytes / entries, "rates": rates })
        })
        .collect();
    Ok(json!({ "seed": SEED, "rounds": rounds, "shapes": shapes }))
}

/// Makes a store of signed entries; gives the bytes of their texts.
fn make_source(path: &Path, entries: usize, per_commit: usize) -> Outcome<usize> {
    let mut author = Author::new(SEED);
    let passages: Vec<String> = (0..entries).map(|_| author.passage(WORDS)).collect();
    // In memory first, where a sync costs nothing, and then copied as it is.
    let disk = MemoryDisk::new();
    let memory = ours::create_with(Arc::new(disk.clone()), None)?;
    let notes: Vec<_> = passages.iter().enumerate().map(|(at, text)| ours::note(at, text)).collect();
    for notes in notes.chunks(per_commit) {
        memory.remember(notes.to_vec(), None)?;
    }
    drop(memory);
    copy(&disk, &FileDisk::new(path), "")?;
    Ok(passages.iter().map(String::len).sum())
}

fn copy(from: &MemoryDisk, to: &FileDisk, dir: &str) -> Outcome<()> {
    to.create_dir_all(dir)?;
    for name in from.list(dir)? {
        let path = if dir.is_empty() { name } else { format!("{dir}/{name}") };
        match from.open(&path, OpenMode::Read) {
            Ok(file) => {
                let mut bytes = vec![0; usize::try_from(file.len()?)?];
                file.read_at(&mut bytes, 0)?;
                to.open(&path, OpenMode::CreateNew)?.write_all_at(&bytes, 0)?;
            }
            Err(_) => copy(from, to, &path)?,
        }
    }
    Ok(())
}
