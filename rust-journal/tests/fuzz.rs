//! A short run of the fuzz targets, without a fuzzer: kept inputs, then random ones.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;
#[expect(unreachable_pub, clippy::expect_used, reason = "the fuzz targets' library, built as a module here")]
#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::path::Path;

use chrysalis_journal::{Disk, MemoryDisk, OpenMode};
use common::{open, record};

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut paths: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths.into_iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn run(target: &str, body: fn(&[u8]), count: u64) {
    let seeds = seeds(target);
    for seed in &seeds {
        body(seed);
    }
    let count = if std::env::var_os("CHRYSALIS_SOAK").is_some() { count * 100 } else { count };
    for n in 0..count {
        let mut random = common::Random(n);
        let mut bytes = seeds[usize::try_from(random.below(seeds.len() as u64)).unwrap()].clone();
        for _ in 0..=random.below(6) {
            let at = usize::try_from(random.below(bytes.len().max(1) as u64)).unwrap();
            let value = random.next().to_le_bytes()[0];
            match random.below(4) {
                0 if !bytes.is_empty() => bytes[at] ^= 1 << (value % 8),
                1 if !bytes.is_empty() => bytes[at] = value,
                2 => bytes.truncate(at),
                _ => bytes.insert(at, value),
            }
        }
        // A failure names its input.
        let input = chrysalis_crypto::hex::encode(&bytes);
        let result = std::panic::catch_unwind(|| body(&bytes));
        assert!(result.is_ok(), "{target}, seed {n}: {input}");
    }
}

#[test]
fn blocks() {
    run("block", targets::block, 20_000);
}

#[test]
fn headers() {
    run("headers", targets::headers, 20_000);
}

#[test]
fn stores() {
    run("store", targets::store, 300);
}

/// The inputs kept for the fuzz targets are what a store really writes.
#[test]
fn kept_inputs_are_whole() {
    let disk = MemoryDisk::new();
    let store = open(&disk, 1);
    let receipt = store.append(vec![record(b"one"), record(&[0; 900])]).unwrap();
    let directory = format!("writers/{}", receipt.writer.name());
    let read = |path: &str| {
        let file = disk.open(path, OpenMode::Read).unwrap();
        let mut bytes = vec![0; 2048.min(usize::try_from(file.len().unwrap()).unwrap())];
        file.read_at(&mut bytes, 0).unwrap();
        bytes
    };
    let segment = read(&format!("{directory}/0000000000000001.seg"));
    let length = usize::try_from(u32::from_le_bytes(segment[132..136].try_into().unwrap())).unwrap();
    let fresh = [
        ("block/two-records", segment[128..128 + length].to_vec()),
        ("headers/segment", segment[..128].to_vec()),
        ("headers/mark", read(&format!("{directory}/durable"))),
        ("headers/format", read("FORMAT")),
        ("headers/host", read(&format!("local/hosts/{}", "01".repeat(16)))),
        ("headers/born", read(&format!("local/born/{}", receipt.writer.name()))),
    ];
    for (name, bytes) in fresh {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
        if std::env::var_os("CHRYSALIS_WRITE_SEEDS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        assert_eq!(std::fs::read(path).unwrap().len(), bytes.len(), "{name}");
    }
}
