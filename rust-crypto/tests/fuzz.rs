//! Replays the seeds of `fuzz/` and changes them at random for a moment, without libFuzzer.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(clippy::print_stdout, reason = "a failed run names its input and its seed")]

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::path::Path;
use std::time::{Duration, Instant};

#[path = "../fuzz/src/lib.rs"]
pub mod fuzz;

const RUNS: usize = 4000;

#[test]
fn proof() {
    replay("proof", fuzz::proof);
}

#[test]
fn commit_header() {
    replay("commit_header", fuzz::commit_header);
}

#[test]
fn record_header() {
    replay("record_header", fuzz::record_header);
}

#[test]
fn hex() {
    replay("hex", fuzz::hex);
}

#[test]
fn ed25519_verify() {
    replay("ed25519_verify", fuzz::ed25519_verify);
}

#[test]
fn redact_text() {
    replay("redact_text", fuzz::redact_text);
}

#[test]
fn validate_key_format() {
    replay("validate_key_format", fuzz::validate_key_format);
}

#[test]
fn base64() {
    replay("base64", fuzz::base64);
}

#[test]
fn pkcs8() {
    replay("pkcs8", fuzz::pkcs8);
}

#[test]
fn canonical_json() {
    replay("canonical_json", fuzz::canonical_json);
}

#[test]
fn sealed() {
    replay("sealed", fuzz::sealed);
}

/// Few runs: each derives a key that is slow on purpose.
#[test]
fn password() {
    replay_times("password", fuzz::password, 12);
}

#[test]
fn envelope() {
    replay_times("envelope", fuzz::envelope, 1500);
}

#[test]
fn stream() {
    replay_times("stream", fuzz::stream, 1500);
}

/// Fewer runs: each costs multiplications on the curve.
#[test]
fn recipients() {
    replay_times("recipients", fuzz::recipients, 500);
}

#[test]
fn legacy_record() {
    replay("legacy_record", fuzz::legacy_record);
}

#[test]
fn ed25519_batch() {
    replay_times("ed25519_batch", fuzz::ed25519_batch, 300);
}

#[test]
fn cert_chain() {
    replay("cert_chain", fuzz::cert_chain);
}

fn replay(name: &str, target: fn(&[u8])) {
    replay_times(name, target, RUNS);
}

/// Runs `target` on its seeds, then on changed copies: `runs` of them, or as many as `FUZZ_SECONDS` allows. `FUZZ_SEED`
/// repeats a run.
fn replay_times(name: &str, target: fn(&[u8]), runs: usize) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
    let mut paths: Vec<_> = directory.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let seeds: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert!(!seeds.is_empty(), "{name} has no seeds");
    for (path, seed) in paths.iter().zip(&seeds) {
        println!("{name}: {}", path.display());
        target(seed);
    }

    let start = match std::env::var("FUZZ_SEED") {
        Ok(text) => text.parse().unwrap(),
        Err(_) => RandomState::new().hash_one(name),
    };
    println!("{name}: FUZZ_SEED={start}");
    let mut random = SplitMix(start);
    let seconds = std::env::var("FUZZ_SECONDS").ok().map(|text| Duration::from_secs(text.parse().unwrap()));
    let started = Instant::now();
    let mut done = 0;
    while seconds.map_or(done < runs, |seconds| started.elapsed() < seconds) {
        done += 1;
        let mut data = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(4) {
            change(&mut data, &mut random);
        }
        target(&data);
    }
    println!("{name}: {done} inputs");
}

/// One small change: a byte, a bit, a cut, an insertion, or a run of one value.
fn change(data: &mut Vec<u8>, random: &mut SplitMix) {
    let place = random.below(data.len() + 1);
    let value = random.byte();
    match random.below(5) {
        0 => data.truncate(place),
        1 => data.insert(place, value),
        2 => {
            let end = (place + random.below(9)).min(data.len());
            data[place..end].fill(if value & 1 == 0 { 0 } else { 0xff });
        }
        3 if place < data.len() => data[place] = value,
        _ if place < data.len() => data[place] ^= 1 << (value % 8),
        _ => data.push(value),
    }
}

/// Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}
