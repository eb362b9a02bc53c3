//! The fuzz targets without libFuzzer: every seed, and changed copies of them.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;
#[expect(unreachable_pub, clippy::expect_used, reason = "the fuzz targets' library, built as a module here")]
#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::path::Path;

use chrysalis_fuzz_replay::replay;
use chrysalis_journal::{Disk, MemoryDisk, OpenMode};
use common::{open, record};

#[test]
fn blocks() {
    replay("block", targets::block, 20_000);
}

#[test]
fn headers() {
    replay("headers", targets::headers, 20_000);
}

#[test]
fn stores() {
    replay("store", targets::store, 300);
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
