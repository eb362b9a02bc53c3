//! Segments, journals and whole directories that are gone: reported, and brought back by a backup.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrysalis_journal::{Disk, ImportOptions, MemoryDisk, OpenMode, Options, Store, verify};
use common::{contents, go, open, options, poll_all, record};

const TEXTS: [&[u8]; 4] = [b"first", b"second", b"third", b"fourth"];

/// A closed store with one commit for each of [`TEXTS`], every second one in a segment of its own.
fn sample() -> MemoryDisk {
    let disk = MemoryDisk::new();
    let store = Store::open(Arc::new(disk.clone()), small()).unwrap();
    for text in TEXTS {
        store.append(vec![record(text)]).unwrap();
    }
    store.close().unwrap();
    disk
}

fn small() -> Options {
    Options { segment_bytes: 600, ..options(1) }
}

fn journal(disk: &MemoryDisk) -> String {
    format!("writers/{}", disk.list("writers").unwrap().first().unwrap())
}

fn segments(disk: &MemoryDisk) -> Vec<String> {
    let journal = journal(disk);
    let names = disk.list(&journal).unwrap().into_iter().filter(|name| name.ends_with(".seg"));
    names.map(|name| format!("{journal}/{name}")).collect()
}

fn texts(store: &Store) -> BTreeSet<Vec<u8>> {
    contents(&poll_all(store)).into_iter().collect()
}

fn all() -> BTreeSet<Vec<u8>> {
    TEXTS.map(<[u8]>::to_vec).into()
}

/// The files of `disk` for which `keep` is true, and nothing else: not their directories either.
fn copy_of(disk: &MemoryDisk, keep: impl Fn(&str) -> bool) -> MemoryDisk {
    let copy = MemoryDisk::new();
    let mut directories = vec![String::new()];
    while let Some(dir) = directories.pop() {
        for name in disk.list(&dir).unwrap() {
            let path = if dir.is_empty() { name } else { format!("{dir}/{name}") };
            let Ok(file) = disk.open(&path, OpenMode::Read) else {
                directories.push(path);
                continue;
            };
            if keep(&path) {
                let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
                file.read_at(&mut bytes, 0).unwrap();
                copy.create_dir_all(path.rsplit_once('/').map_or("", |(dir, _)| dir)).unwrap();
                copy.open(&path, OpenMode::Create).unwrap().write_all_at(&bytes, 0).unwrap();
            }
        }
    }
    copy.create_dir_all("writers").unwrap();
    copy
}

#[test]
fn lost_segments_come_back_from_a_backup() {
    let backup = sample();
    let segments = segments(&backup);
    assert!(segments.len() > 2);
    let mut losses: Vec<&[String]> = segments.iter().map(std::slice::from_ref).collect();
    losses.push(&segments);
    for lost in losses {
        // Opening looks at the ends of a journal; a gap between them is met by reading.
        let is_gap = lost.len() == 1 && lost[0] != segments[0] && Some(&lost[0]) != segments.last();
        for is_read_before in [true, is_gap] {
            let disk = backup.copy();
            for path in lost {
                disk.remove(path).unwrap();
            }
            assert!(!verify(&disk, &mut go).unwrap().is_sound(), "{lost:?}");
            let store = Store::open(Arc::new(disk.clone()), small()).unwrap();
            if is_read_before {
                assert_ne!(texts(&store), all(), "{lost:?}");
                assert_eq!(store.damage().len(), 1, "{lost:?}");
            }
            let source = Store::open(Arc::new(backup.copy()), small()).unwrap();
            let report = store.import_from(&source, &ImportOptions::default(), &mut go).unwrap();
            assert!(report.commits > 0 && report.refused == 0, "{lost:?}: {report:?}");
            assert_eq!(texts(&store), all(), "{lost:?}, read before: {is_read_before}");
            let again = store.import_from(&source, &ImportOptions::default(), &mut go).unwrap();
            assert_eq!(again.commits, 0, "{lost:?}");
            drop(store);
            let store = Store::open(Arc::new(disk.clone()), small()).unwrap();
            assert_eq!(texts(&store), all(), "{lost:?}, opened again");
            store.append(vec![record(b"new")]).unwrap();
            assert_eq!(texts(&store).len(), TEXTS.len() + 1, "{lost:?}");
        }
    }
}

#[test]
fn a_lost_journal_is_damage_until_a_backup_brings_it_back() {
    let backup = sample();
    let lost = journal(&backup);
    let disk = copy_of(&backup, |path| !path.starts_with(&lost));
    let is_found = |disk: &MemoryDisk| {
        let report = verify(disk, &mut go).unwrap();
        report.findings.iter().any(|finding| finding.file == lost)
    };
    assert!(!is_found(&backup));
    assert!(is_found(&disk));
    let store = open(&disk, 1);
    store.append(vec![record(b"new")]).unwrap();
    assert!(is_found(&disk), "although its writer is closed by now");
    let source = Store::open(Arc::new(backup.copy()), small()).unwrap();
    assert_eq!(store.import_from(&source, &ImportOptions::default(), &mut go).unwrap().commits, 4);
    assert!(verify(&disk, &mut go).unwrap().is_sound());
    // What belongs to the directory alone does not travel; without it, nobody knows what was there.
    let copy = copy_of(&backup, |path| !path.starts_with(&lost) && !path.starts_with("local/"));
    assert!(verify(&copy, &mut go).unwrap().is_sound());
}

#[test]
fn files_that_desktops_leave_behind_are_no_damage() {
    let disk = sample();
    for name in [".DS_Store", "Thumbs.db", "desktop.ini", ".directory"] {
        disk.open(&format!("writers/{name}"), OpenMode::Create).unwrap();
    }
    assert!(verify(&disk, &mut go).unwrap().is_sound());
    disk.open("writers/other", OpenMode::Create).unwrap();
    let report = verify(&disk, &mut go).unwrap();
    assert_eq!(report.findings.iter().map(|finding| &*finding.file).collect::<Vec<_>>(), ["writers/other"]);
}

#[test]
fn an_import_says_where_its_source_ended_early() {
    let take = |source: &MemoryDisk| {
        let source = Store::open(Arc::new(source.clone()), Options { read_only: true, ..small() }).unwrap();
        let report =
            open(&MemoryDisk::new(), 2).import_from(&source, &ImportOptions::default(), &mut go).unwrap();
        (report.commits, report.damage)
    };
    let whole = sample();
    assert_eq!(take(&whole), (4, Vec::new()));
    let segments = segments(&whole);
    for (i, path) in segments.iter().enumerate() {
        for is_cut in [true, false] {
            let disk = whole.copy();
            if is_cut {
                disk.open(path, OpenMode::Write).unwrap().set_len(70).unwrap();
            } else {
                disk.remove(path).unwrap();
            }
            let (commits, damage) = take(&disk);
            assert!(commits < 4 && (commits > 0) == (i > 0), "{path}: {commits}");
            assert_eq!(damage.len(), 1, "{path}: {damage:?}");
            assert_eq!(damage[0].error.code(), "journal/corrupt", "{path}");
            assert_eq!(format!("writers/{}", damage[0].journal), journal(&whole), "{path}");
        }
    }
}

#[test]
fn a_source_that_is_in_use_and_lost_its_mark_is_no_empty_one() {
    let disk = MemoryDisk::new();
    let writer = open(&disk, 1);
    writer.append(vec![record(b"first")]).unwrap();
    let mark = format!("{}/durable", journal(&disk));
    disk.open(&mark, OpenMode::Write).unwrap().write_all_at(&[0xff], 20).unwrap();
    let source = Store::open(Arc::new(disk.clone()), Options { read_only: true, ..options(1) }).unwrap();
    let report =
        open(&MemoryDisk::new(), 2).import_from(&source, &ImportOptions::default(), &mut go).unwrap();
    assert_eq!(report.damage.len(), 1, "{report:?}");
    drop(writer);
}
