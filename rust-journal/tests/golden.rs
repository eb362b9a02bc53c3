//! Stores of every released version stay readable.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use chrysalis_crypto::hex;
use chrysalis_journal::{Disk, ImportOptions, MemoryDisk, OpenMode, StoredRecord, verify};
use common::{contents, go, open, poll_all, record};
use serde_json::{Value, json};

fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/store-v1.json")
}

/// Writes the file anew; run by hand when a version is released: `cargo test -p chrysalis-journal --test golden -- --ignored`.
#[test]
#[ignore = "writes the vectors"]
fn write_the_golden_store() {
    let disk = MemoryDisk::new();
    let store = open(&disk, 1);
    let first =
        store.append(vec![record(b"first"), record(b"erased"), record("größer 🦋".as_bytes())]).unwrap();
    store.append(vec![record(b"")]).unwrap();
    store.erase(&BTreeSet::from([(first.writer.key, first.leaves[1])])).unwrap();
    let other = open(&MemoryDisk::new(), 2);
    let receipt = other.append(vec![record(b"withheld"), record(&[255, 0, 254])]).unwrap();
    let leaf = receipt.leaves[0];
    let withhold = |header: &chrysalis_crypto::commit::RecordHeader| header.leaf() == Ok(leaf);
    store
        .import_from(
            &other,
            &ImportOptions { withhold: Some(&withhold), ..ImportOptions::default() },
            &mut go,
        )
        .unwrap();
    store.close().unwrap();
    let mut files = serde_json::Map::new();
    let mut directories = vec![String::new()];
    while let Some(dir) = directories.pop() {
        for name in disk.list(&dir).unwrap() {
            let path = if dir.is_empty() { name } else { format!("{dir}/{name}") };
            let Ok(file) = disk.open(&path, OpenMode::Read) else {
                directories.push(path);
                continue;
            };
            let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
            file.read_at(&mut bytes, 0).unwrap();
            files.insert(path, Value::String(hex::encode(&bytes)));
        }
    }
    let proof =
        poll_all(&store_again(&disk)).iter().find(|commit| commit.hash == first.commit).unwrap().prove(0);
    let golden = json!({
        "origin": "written by rust-journal 0.1.0; signing keys are the seeds of 32 bytes 01 and 02",
        "files": files,
        "contents": ["first", "größer 🦋", ""],
        "proof_of_first": hex::encode(&proof.unwrap().to_bytes().unwrap()),
    });
    std::fs::create_dir_all(path().parent().unwrap()).unwrap();
    std::fs::write(path(), format!("{}\n", serde_json::to_string_pretty(&golden).unwrap())).unwrap();
}

fn store_again(disk: &MemoryDisk) -> chrysalis_journal::Store {
    open(disk, 9)
}

#[test]
fn a_store_of_version_1_is_read() {
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(path()).unwrap()).unwrap();
    let disk = MemoryDisk::new();
    for (path, bytes) in golden["files"].as_object().unwrap() {
        if let Some((dir, _)) = path.rsplit_once('/') {
            disk.create_dir_all(dir).unwrap();
        }
        let bytes = hex::decode(bytes.as_str().unwrap()).unwrap();
        disk.open(path, OpenMode::Create).unwrap().write_all_at(&bytes, 0).unwrap();
    }
    let report = verify(&disk, &mut go).unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.commits, report.records, report.erased, report.withheld), (3, 6, 1, 1));
    let store = open(&disk, 1);
    let commits = poll_all(&store);
    let held: BTreeSet<Vec<u8>> = contents(&commits).into_iter().collect();
    for text in golden["contents"].as_array().unwrap() {
        assert!(held.contains(text.as_str().unwrap().as_bytes()));
    }
    assert!(held.contains(&[255, 0, 254][..]));
    let proof = hex::decode(golden["proof_of_first"].as_str().unwrap()).unwrap();
    let first = commits.iter().find(
        |commit| matches!(&commit.records[0], StoredRecord::Full { content, .. } if content == b"first"),
    );
    assert_eq!(first.unwrap().prove(0).unwrap().to_bytes().unwrap(), proof);
    // And gone on with by its own writer.
    let writer = first.unwrap().header.writer;
    assert_eq!(store.append(vec![record(b"today")]).unwrap().writer, writer);
}
