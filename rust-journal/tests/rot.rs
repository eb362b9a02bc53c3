//! Damage of single bytes and lost ends of files: found, located, never made worse.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrysalis_journal::{Disk, ImportOptions, JournalError, MemoryDisk, OpenMode, Options, Store, verify};
use common::{contents, go, open, options, poll_all, record};

fn small() -> Options {
    Options { segment_bytes: 2048, ..options(1) }
}

/// A small store with everything in it: several segments, a foreign journal, an erased record, a closed writer.
/// Unclosed, its last segment ends in zeros.
fn sample(is_closed: bool) -> MemoryDisk {
    let disk = MemoryDisk::new();
    let foreign = open(&MemoryDisk::new(), 2);
    foreign.append(vec![record(b"foreign")]).unwrap();
    let store = Store::open(Arc::new(disk.clone()), small()).unwrap();
    let first = store.append(vec![record(b"first"), record(b"to be erased")]).unwrap();
    store.append(vec![record(&[0; 1100])]).unwrap();
    store.append(vec![record(b"third")]).unwrap();
    store.erase(&BTreeSet::from([(first.writer.key, first.leaves[1])])).unwrap();
    store.import_from(&foreign, &ImportOptions::default(), &mut go).unwrap();
    store.append(vec![record(b"last")]).unwrap();
    if is_closed {
        store.close().unwrap();
        return disk;
    }
    // As a killed process leaves it: no destructor runs.
    let copy = disk.copy();
    drop(store);
    copy
}

/// Every file with its content.
fn files(disk: &MemoryDisk) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut directories = vec![String::new()];
    while let Some(dir) = directories.pop() {
        for name in disk.list(&dir).unwrap() {
            let path = if dir.is_empty() { name } else { format!("{dir}/{name}") };
            match disk.open(&path, OpenMode::Read) {
                Ok(file) => {
                    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
                    file.read_at(&mut bytes, 0).unwrap();
                    files.insert(path, bytes);
                }
                Err(_) => directories.push(path),
            }
        }
    }
    files
}

/// Opens the damaged store, reads and appends: nothing is invented, nothing that is whole is lost or cut.
fn use_damaged(disk: &MemoryDisk, path: &str, whole: &BTreeMap<String, Vec<u8>>, what: &str) {
    let before = files(disk);
    let texts = |disk: &MemoryDisk| -> Option<BTreeSet<Vec<u8>>> {
        match Store::open(Arc::new(disk.clone()), small()) {
            Ok(store) => Some(contents(&poll_all(&store)).into_iter().collect()),
            Err(JournalError::Corrupt { file, .. }) => {
                assert_eq!(file, "FORMAT", "{what}");
                None
            }
            Err(JournalError::NotAStore { .. }) if path == "FORMAT" => None,
            Err(error) => panic!("{what}: {error}"),
        }
    };
    let Some(found) = texts(disk) else { return };
    let texts_held: BTreeSet<Vec<u8>> =
        [&b"first"[..], &[0; 1100], b"third", b"last", b"foreign"].map(<[u8]>::to_vec).into();
    assert!(found.is_subset(&texts_held), "{what}");
    let is_segment = path.ends_with(".seg");
    if !is_segment {
        assert_eq!(found, texts_held, "{what}");
    } else if path.contains(&before_foreign(&before)) {
        assert!(found.len() >= texts_held.len() - 1, "{what}");
    } else {
        assert!(found.contains(&b"foreign"[..]), "{what}");
    }
    let store = Store::open(Arc::new(disk.clone()), small()).unwrap();
    store.append(vec![record(b"new")]).unwrap_or_else(|error| panic!("{what}: {error}"));
    let mut after = found;
    after.insert(b"new".to_vec());
    assert_eq!(contents(&poll_all(&store)).into_iter().collect::<BTreeSet<_>>(), after, "{what}");
    drop(store);
    if is_segment {
        // The damaged bytes are still what they were, as far as they were ever written.
        let now = files(disk);
        let (now, old) = (&now[path], &before[path]);
        let written = whole[path].iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let written = written.min(old.len());
        assert!(now.len() >= written && now[..written] == old[..written], "{what}: {path} was changed");
    }
}

fn before_foreign(before: &BTreeMap<String, Vec<u8>>) -> String {
    let key = chrysalis_crypto::hex::encode(&common::key(2).public_key());
    assert!(before.keys().any(|path| path.contains(&key)));
    key
}

#[test]
fn every_changed_byte_is_found_and_nothing_is_cut_for_it() {
    for is_closed in [true, false] {
        let base = sample(is_closed);
        assert!(verify(&base, &mut go).unwrap().is_sound());
        let whole = files(&base);
        for (path, bytes) in &whole {
            let stride = if std::env::var_os("CHRYSALIS_SOAK").is_some() { 1 } else { 3 };
            for at in (0..bytes.len()).step_by(stride) {
                let what = format!("{path} at {at}, closed {is_closed}");
                let disk = base.copy();
                let flipped = bytes[at] ^ (1 << (at % 8));
                disk.open(path, OpenMode::Write).unwrap().write_all_at(&[flipped], at as u64).unwrap();
                let before = files(&disk);
                match verify(&disk, &mut go) {
                    Ok(report) => {
                        let found: Vec<_> = report.findings.iter().chain(&report.unfinished).collect();
                        assert!(!found.is_empty(), "{what}: not found");
                        for finding in found {
                            assert_eq!(&finding.file, path, "{what}: {finding:?}");
                            assert!(finding.offset <= at as u64, "{what}: {finding:?}");
                        }
                    }
                    Err(JournalError::FormatTooNew { .. }) if path == "FORMAT" => {}
                    Err(error) => panic!("{what}: {error}"),
                }
                assert_eq!(files(&disk), before, "{what}: verify wrote");
                if at % 7 == 0 || stride == 1 {
                    use_damaged(&disk, path, &whole, &what);
                }
            }
        }
    }
}

#[test]
fn every_lost_end_is_found_and_nothing_is_cut_for_it() {
    for is_closed in [true, false] {
        let base = sample(is_closed);
        let whole = files(&base);
        for (path, bytes) in &whole {
            let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            let stride = if std::env::var_os("CHRYSALIS_SOAK").is_some() { 1 } else { 5 };
            for length in (0..written).step_by(stride) {
                let what = format!("{path} cut to {length}, closed {is_closed}");
                let disk = base.copy();
                disk.open(path, OpenMode::Write).unwrap().set_len(length as u64).unwrap();
                let report = verify(&disk, &mut go).unwrap_or_else(|error| panic!("{what}: {error}"));
                let expected = if path.ends_with("durable") && length == 0 {
                    // No mark is what a crash right after the birth of a journal leaves, too.
                    report.findings.is_empty()
                } else {
                    report.findings.iter().any(|finding| &finding.file == path)
                };
                assert!(expected, "{what}: {report:?}");
                if length % 7 == 0 || stride == 1 {
                    use_damaged(&disk, path, &whole, &what);
                }
            }
        }
    }
}
