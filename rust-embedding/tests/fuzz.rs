//! The fuzz targets without libFuzzer: every seed, and some thousand damaged seeds.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "public in its own crate")]
mod targets;

use std::path::Path;

#[test]
fn tokens_target() {
    run("tokens", 300, targets::tokens);
}

#[test]
fn frames_target() {
    run("frames", 3_000, targets::frames);
}

#[test]
fn messages_target() {
    run("messages", 1_000, targets::messages);
}

#[expect(clippy::print_stdout, reason = "a failing test shows its seed")]
fn run(name: &str, rounds: u32, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
    let mut paths: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let seeds: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert!(!seeds.is_empty());
    seeds.iter().for_each(|seed| target(seed));
    let seed = std::env::var("CHRYSALIS_SEED").ok().map_or(1, |seed| seed.parse().unwrap());
    let soak = std::env::var_os("CHRYSALIS_SOAK").is_some();
    println!("seed {seed}");
    let mut random = Random(seed);
    for _ in 0..if soak { rounds * 1000 } else { rounds } {
        target(&damage(seeds[random.below(seeds.len())].clone(), &mut random));
    }
}

/// A few random edits: bytes changed, inserted, removed or repeated.
fn damage(mut bytes: Vec<u8>, random: &mut Random) -> Vec<u8> {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        match random.below(5) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, [b' ', b'\n', b'\'', 0xff, b'"'][random.below(5)]),
            2 => bytes.insert(at, u8::try_from(random.below(256)).unwrap()),
            3 if at < bytes.len() => bytes[at] = u8::try_from(random.below(256)).unwrap(),
            _ => {
                let copy = bytes[at..bytes.len().min(at + 9)].to_vec();
                bytes.splice(at..at, copy);
            }
        }
    }
    bytes
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}
