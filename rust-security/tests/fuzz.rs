//! Replays the seeds of `fuzz/` and changes them at random for a moment, without libFuzzer.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(clippy::print_stdout, reason = "a failed run names its input and its seed")]

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::path::Path;

#[path = "../fuzz/src/lib.rs"]
pub mod fuzz;

#[test]
fn wallet() {
    replay("wallet", fuzz::wallet, 3000);
}

/// Few runs: most derive keys that are slow on purpose.
#[test]
fn legacy() {
    replay("legacy", fuzz::legacy, 40);
}

/// Few runs, as above.
#[test]
fn state() {
    replay("state", fuzz::state, 100);
}

#[test]
fn audit_event() {
    replay("audit_event", fuzz::audit_event, 4000);
}

/// Runs `target` on its seeds, then on changed copies: `runs`, or 300 times as many with `CHRYSALIS_SOAK`. `FUZZ_SEED`
/// repeats a run.
fn replay(name: &str, target: fn(&[u8]), runs: usize) {
    let runs = if std::env::var_os("CHRYSALIS_SOAK").is_some() { 300 * runs } else { runs };
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
    for _ in 0..runs {
        let mut data = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(4) {
            change(&mut data, &mut random);
        }
        target(&data);
    }
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
            data[place..end].fill(if value & 1 == 0 { b'0' } else { b' ' });
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
