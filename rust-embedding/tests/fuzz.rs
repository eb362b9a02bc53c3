//! A short run of the fuzz targets, without a fuzzer: kept inputs, then random changes of them.
#![allow(clippy::unwrap_used, reason = "tests")]

#[expect(unreachable_pub, clippy::expect_used, reason = "the fuzz targets' library, built as a module here")]
#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::path::Path;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }
}

fn run(target: &str, body: fn(&[u8]), count: u64) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut paths: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    let seeds: Vec<Vec<u8>> = paths.into_iter().map(|path| std::fs::read(path).unwrap()).collect();
    for seed in &seeds {
        body(seed);
    }
    let count = if std::env::var_os("CHRYSALIS_SOAK").is_some() { count * 100 } else { count };
    for number in 0..count {
        let mut random = Random(number);
        let mut bytes = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(6) {
            let at = random.below(bytes.len().max(1));
            let value = random.next().to_le_bytes()[0];
            match random.below(5) {
                0 if !bytes.is_empty() => bytes[at] ^= 1 << (value % 8),
                1 if !bytes.is_empty() => bytes[at] = value,
                2 => bytes.truncate(at),
                3 if !bytes.is_empty() => {
                    // A piece of another kept input, where structures change into each other.
                    let other = &seeds[random.below(seeds.len())];
                    let from = random.below(other.len());
                    let piece = other[from..other.len().min(from + 12)].to_vec();
                    bytes.splice(at..at, piece);
                }
                _ => bytes.insert(at.min(bytes.len()), value),
            }
        }
        // A failure names its input.
        let result = std::panic::catch_unwind(|| body(&bytes));
        assert!(result.is_ok(), "{target}, seed {number}: {}", chrysalis_crypto::hex::encode(&bytes));
    }
}

#[test]
fn answers() {
    run("answers", targets::answers, 10_000);
}

#[test]
fn headers() {
    run("headers", targets::headers, 20_000);
}

#[test]
fn records() {
    run("records", targets::records, 20_000);
}

#[test]
fn config() {
    run("config", targets::config, 10_000);
}

#[test]
fn tokens() {
    run("tokens", targets::tokens, 300);
}

#[test]
fn frames() {
    run("frames", targets::frames, 3_000);
}

#[test]
fn messages() {
    run("messages", targets::messages, 1_000);
}

#[test]
fn model() {
    run("model", targets::model, 400);
}

/// The inputs kept for the targets are good ones.
#[test]
fn kept_inputs_are_whole() {
    let read = |name: &str| {
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name)).unwrap()
    };
    assert!(chrysalis_embedding::Space::from_bytes(&read("records/space")).is_ok());
    assert!(chrysalis_embedding::cache::record::VectorRecord::from_bytes(&read("records/vector")).is_ok());
    let config = String::from_utf8(read("config/two")).unwrap();
    assert!(chrysalis_embedding::ServiceConfig::from_json(&config).is_ok());
    let list = read("answers/openai");
    assert!(chrysalis_embedding::provider::wire::read_list(&list[2..], 2).is_ok());
}
