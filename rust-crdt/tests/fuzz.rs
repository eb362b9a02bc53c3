//! The fuzz targets without libFuzzer: every seed, and some thousand damaged seeds.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "public in its own crate")]
mod targets;

mod support;

use std::path::Path;

use support::{Random, run_seeded};

#[test]
fn state_target() {
    run("state", targets::state);
}

#[test]
fn value_target() {
    run("value", targets::value);
}

#[test]
fn json_target() {
    run("json", targets::json);
}

#[test]
fn packed_target() {
    run("packed", targets::packed);
}

#[test]
fn sync_target() {
    run("sync", targets::sync);
}

fn run(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
    let mut paths: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let seeds: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert!(!seeds.is_empty());
    seeds.iter().for_each(|seed| target(seed));
    run_seeded(5_000, |random| target(&damage(random.pick(&seeds).clone(), &seeds, random)));
}

/// A few random edits: bytes changed, inserted, removed, or taken from another seed.
fn damage(mut bytes: Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len() + 1);
        match random.below(5) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, [0, 1, 0x7f, 0x80, 0xff][random.below(5)]),
            2 => bytes.insert(at, u8::try_from(random.below(256)).unwrap()),
            3 if at < bytes.len() => bytes[at] = u8::try_from(random.below(256)).unwrap(),
            3 => {}
            _ => {
                let other = random.pick(seeds);
                let from = random.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
        }
    }
    bytes
}
