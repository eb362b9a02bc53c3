//! Segments, journals and whole directories that are gone: reported, and brought back by a backup.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrysalis_journal::{Disk, ImportOptions, MemoryDisk, Options, Store, verify};
use common::{contents, go, options, poll_all, record};

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
