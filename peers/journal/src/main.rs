//! Durable appends per second: our journal, signed, beside SQLite and the bare disk.
//!
//! `peers-journal one|many DIR ROUNDS SECONDS` works in a new directory below DIR, takes every contestant in turn, back and
//! forth, ROUNDS times for SECONDS each, and prints the rates of all rounds as JSON.
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

mod callers;
mod disk;
mod ours;
mod sqlite;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What one append carries.
const RECORD_BYTES: usize = 200;
/// When there are many.
const CALLERS: usize = 16;
/// Records in a log before its time begins.
const WARMUP: u64 = 2_000;

type Contestant = fn(&Path, Duration) -> Outcome<f64>;

const ONE: [(&str, Contestant); 4] = [
    ("fdatasync", disk::bare),
    ("journal", |dir, time| ours::rate(dir, 1, true, time)),
    ("journal_unsigned", |dir, time| ours::rate(dir, 1, false, time)),
    ("sqlite", |dir, time| sqlite::shared(dir, 1, time)),
];
const MANY: [(&str, Contestant); 4] = [
    ("journal", |dir, time| ours::rate(dir, CALLERS, true, time)),
    ("sqlite_own", |dir, time| sqlite::own(dir, CALLERS, time)),
    ("sqlite_shared", |dir, time| sqlite::shared(dir, CALLERS, time)),
    ("sqlite_grouped", |dir, time| sqlite::grouped(dir, CALLERS, time)),
];

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (contestants, dir, rounds, seconds) = match arguments[..] {
        ["one", dir, rounds, seconds] => (&ONE[..], dir, rounds, seconds),
        ["many", dir, rounds, seconds] => (&MANY[..], dir, rounds, seconds),
        _ => return Err("usage: peers-journal one|many DIR ROUNDS SECONDS".into()),
    };
    let (rounds, time): (usize, _) = (rounds.parse()?, Duration::try_from_secs_f64(seconds.parse()?)?);
    let mut rates: Map<String, Value> =
        contestants.iter().map(|(name, _)| ((*name).to_owned(), json!([]))).collect();
    for round in 0..rounds {
        let mut order: Vec<usize> = (0..contestants.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for at in order {
            let (name, contestant) = contestants[at];
            let scratch = tempfile::tempdir_in(dir)?;
            let rate = contestant(scratch.path(), time)?;
            eprintln!("round {round}: {name} {rate:.0}/s");
            rates[name].as_array_mut().ok_or("every entry is a list")?.push(json!(rate));
        }
    }
    println!(
        "{}",
        json!({
            "record_bytes": RECORD_BYTES,
            "rounds": rounds,
            "seconds": time.as_secs_f64(),
            "sqlite": rusqlite::version(),
            "rates": rates,
        })
    );
    Ok(())
}

/// The bytes of the `n`-th record, cheap and never the same.
fn record(n: u64) -> Vec<u8> {
    let mut bytes = vec![b'.'; RECORD_BYTES];
    bytes[..8].copy_from_slice(&n.to_le_bytes());
    bytes
}
