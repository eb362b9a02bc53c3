//! How fast durable appends are, beside a bare loop of write and `fdatasync` on the same disk.
//!
//! `cargo run --release --example append_speed [DIRECTORY]`; rounds are interleaved and medians are printed.
#![expect(clippy::print_stdout, reason = "its output is the point")]

use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_crypto::random;
use chrysalis_journal::{Cursor, DiskFile, FileDisk, NewRecord, Options, Store};

const ROUND: Duration = Duration::from_millis(1500);
const ROUNDS: usize = 3;
const CONTENT_BYTES: usize = 256;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let parent = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = parent.join(format!("append-speed-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let result = measure(&directory);
    std::fs::remove_dir_all(&directory)?;
    result
}

fn measure(directory: &Path) -> Result<()> {
    let signer = Arc::new(SigningKey::make()?);
    let disk = Arc::new(FileDisk::new(&directory.join("store")));
    let store = Store::open(disk, Options { signer: Some(signer), ..Options::default() })?;
    store.append(vec![new_record()?])?;
    let (mut bare, mut rates) = (Vec::new(), vec![Vec::new(); THREADS.len()]);
    for _ in 0..ROUNDS {
        bare.push(bare_rate(&directory.join("bare"))?);
        for (threads, rates) in THREADS.iter().zip(&mut rates) {
            rates.push(append_rate(&store, *threads)?);
        }
    }
    let bare = median(&mut bare);
    println!("{CONTENT_BYTES} bytes of content per record; appends per second, median of {ROUNDS} rounds");
    println!("bare write + fdatasync   {bare:>9.0}");
    for (threads, rates) in THREADS.iter().zip(&mut rates) {
        let rate = median(rates);
        println!("append, {threads:>3} threads      {rate:>9.0}   {:.2} x bare", rate / bare);
    }
    let stats = store.stats();
    println!("{} records in {} commits", stats.records, stats.commits);
    let (start, mut cursor, mut records) = (Instant::now(), Cursor::default(), 0);
    loop {
        let commits = store.poll_some(&mut cursor, 8 << 20)?;
        if commits.is_empty() {
            break;
        }
        records += commits.iter().map(|commit| commit.header.count).sum::<u32>();
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "read and checked again in {seconds:.2} s, {:.0} records per second",
        f64::from(records) / seconds
    );
    let start = Instant::now();
    for _ in 0..1000 {
        store.poll(&mut cursor)?;
    }
    println!("poll with nothing new: {:.1} us", start.elapsed().as_secs_f64() * 1000.0);
    Ok(store.close()?)
}

const THREADS: [usize; 4] = [1, 4, 16, 64];

fn new_record() -> Result<NewRecord> {
    Ok(NewRecord {
        kind: 1,
        namespace: [0; 16],
        key_epoch: 0,
        time: 0,
        context: Vec::new(),
        salt: random::array()?,
        content: random::bytes(CONTENT_BYTES)?,
    })
}

fn append_rate(store: &Store, threads: usize) -> Result<f64> {
    let start = Instant::now();
    let counts: Vec<Result<u32>> = std::thread::scope(|scope| {
        let run = || -> Result<u32> {
            let mut count = 0;
            while start.elapsed() < ROUND {
                store.append(vec![new_record()?])?;
                count += 1;
            }
            Ok(count)
        };
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        handles
            .into_iter()
            .map(|handle| handle.join().unwrap_or_else(|_| Err("a thread panicked".into())))
            .collect()
    });
    let total: u32 = counts.into_iter().sum::<Result<u32>>()?;
    Ok(f64::from(total) / start.elapsed().as_secs_f64())
}

/// Overwrites space that is already written, which is the least a durable append can do.
fn bare_rate(path: &Path) -> Result<f64> {
    let file = File::create(path)?;
    file.write_all_at(&vec![0; 16 << 20], 0)?;
    DiskFile::sync(&file)?;
    let block = vec![7; 640];
    let (start, mut count) = (Instant::now(), 0u32);
    while start.elapsed() < ROUND {
        let offset = u64::from(count) * 640 % (15 << 20);
        file.write_all_at(&block, offset)?;
        DiskFile::sync(&file)?;
        count += 1;
    }
    Ok(f64::from(count) / start.elapsed().as_secs_f64())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
