//! What a store promises to the one who uses it.

mod common;

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::sync::Arc;

use chrysalis_crypto::merkle::Hash;
use chrysalis_journal::{
    Cursor, Disk, FileDisk, ImportOptions, JournalError, MemoryDisk, OpenMode, Options, Store, StoredRecord,
    verify,
};
use common::{contents, go, open, options, poll_all, record};

#[test]
fn appended_records_are_read_back_and_prove_themselves() {
    let disk = MemoryDisk::new();
    let store = open(&disk, 1);
    let mut cursor = Cursor::default();
    assert!(store.poll(&mut cursor).unwrap().is_empty());
    let receipt = store.append(vec![record(b"one"), record(b""), record(&[0; 5000])]).unwrap();
    assert_eq!((receipt.first, receipt.index, receipt.leaves.len()), (1, 0, 3));
    let commits = store.poll(&mut cursor).unwrap();
    assert_eq!(contents(&commits), [b"one".to_vec(), vec![], vec![0; 5000]]);
    assert_eq!(commits[0].hash, receipt.commit);
    assert_eq!(commits[0].position, receipt.position);
    assert_eq!(commits[0].leaves().unwrap(), receipt.leaves);
    assert_eq!(store.read(&receipt.position).unwrap(), commits[0]);
    for index in 0..3 {
        let verified = commits[0].prove(index).unwrap().verify().unwrap();
        assert_eq!(verified.sequence, 1 + index as u64);
    }
    assert!(store.poll(&mut cursor).unwrap().is_empty());
    let second = store.append(vec![record(b"two")]).unwrap();
    assert_eq!(second.first, 4);
    let commits = store.poll(&mut cursor).unwrap();
    assert_eq!(contents(&commits), [b"two".to_vec()]);
    assert_eq!(commits[0].header.previous, receipt.commit);
    let frontier = store.frontier().unwrap();
    assert_eq!(frontier.into_iter().collect::<Vec<_>>(), [(second.writer, (4, second.commit))]);
    assert!(verify(&disk, &mut go).unwrap().is_sound());
}

#[test]
fn an_incarnation_is_taken_again_when_its_process_is_gone() {
    let disk = MemoryDisk::new();
    let first = open(&disk, 1);
    let a = first.append(vec![record(b"a")]).unwrap();
    let second = open(&disk, 1);
    let b = second.append(vec![record(b"b")]).unwrap();
    assert_ne!(a.writer, b.writer, "the first still holds its journal");
    assert_eq!(poll_all(&first), poll_all(&second));
    first.close().unwrap();
    drop(second);
    let third = open(&disk, 1);
    let c = third.append(vec![record(b"c")]).unwrap();
    assert!([a.writer, b.writer].contains(&c.writer));
    let other_key = open(&disk, 2);
    let d = other_key.append(vec![record(b"d")]).unwrap();
    assert_ne!(d.writer.key, c.writer.key);
    assert_eq!(third.own_writers().unwrap().len(), 3);
    assert_eq!(poll_all(&third).len(), 4);
    assert!(verify(&disk, &mut go).unwrap().is_sound());
}

#[test]
fn segments_roll_and_are_read_in_order() {
    let disk = MemoryDisk::new();
    let small = Options { segment_bytes: 4096, ..options(1) };
    let store = Store::open(Arc::new(disk.clone()), small.clone()).unwrap();
    let mut cursor = Cursor::default();
    let mut seen = Vec::new();
    let texts: Vec<Vec<u8>> = (0..60u8).map(|i| vec![i; usize::from(i) * 30]).collect();
    for text in &texts {
        store.append(vec![record(text)]).unwrap();
        if text.len() % 4 == 0 {
            seen.extend(contents(&store.poll_some(&mut cursor, 3000).unwrap()));
        }
    }
    loop {
        let more = store.poll_some(&mut cursor, 3000).unwrap();
        if more.is_empty() {
            break;
        }
        seen.extend(contents(&more));
    }
    assert_eq!(seen, texts);
    let journal = &disk.list("writers").unwrap()[0];
    assert!(disk.list(&format!("writers/{journal}")).unwrap().len() > 10);
    drop(store);
    let store = Store::open(Arc::new(disk.clone()), small).unwrap();
    assert_eq!(store.append(vec![record(b"more")]).unwrap().first, 61);
    assert_eq!(contents(&poll_all(&store)).len(), 61);
    assert!(verify(&disk, &mut go).unwrap().is_sound());
    assert_eq!(store.damage(), []);
}

#[test]
fn stores_learn_from_each_other_only_what_they_lack() {
    let (a, b) = (MemoryDisk::new(), MemoryDisk::new());
    let (left, right) = (open(&a, 1), open(&b, 2));
    for i in 0..10u8 {
        left.append(vec![record(&[i])]).unwrap();
        right.append(vec![record(&[100 + i])]).unwrap();
    }
    let options = ImportOptions::default();
    let report = right.import_from(&left, &options, &mut go).unwrap();
    assert_eq!((report.commits, report.known, report.refused), (10, 0, 0));
    left.append(vec![record(b"later")]).unwrap();
    let report = right.import_from(&left, &options, &mut go).unwrap();
    assert_eq!((report.commits, report.known, report.refused), (1, 0, 0));
    let report = left.import_from(&right, &options, &mut go).unwrap();
    assert_eq!((report.commits, report.known, report.refused), (10, 0, 0));
    assert_eq!(right.import_from(&left, &options, &mut go).unwrap(), Default::default());
    let strip = |store: &Store| -> BTreeSet<(Hash, Vec<Vec<u8>>)> {
        poll_all(store).into_iter().map(|commit| (commit.hash, contents(&[commit]))).collect()
    };
    assert_eq!(strip(&left), strip(&right));
    for disk in [&a, &b] {
        assert!(verify(disk, &mut go).unwrap().is_sound());
    }
}

#[test]
fn erased_content_is_gone_and_everything_still_verifies() {
    let disk = MemoryDisk::new();
    let store = open(&disk, 1);
    let secret = store.append(vec![record(b"keep"), record(b"secret words")]).unwrap();
    store.append(vec![record(b"later")]).unwrap();
    let leaves = BTreeSet::from([(secret.writer.key, secret.leaves[1])]);
    let erased = store.erase(&leaves).unwrap();
    assert_eq!((erased.erased, erased.pending), (1, 0));
    assert_eq!(store.erase(&leaves).unwrap().erased, 0);
    assert_eq!(contents(&poll_all(&store)), [b"keep".to_vec(), b"later".to_vec()]);
    let commit = store.read(&secret.position).unwrap();
    assert_eq!(commit.leaves().unwrap(), secret.leaves);
    assert!(matches!(commit.records[1], StoredRecord::Erased { .. }));
    assert_eq!(commit.prove(1).unwrap_err(), JournalError::NoContent);
    assert!(commit.prove(0).unwrap().verify().is_ok());
    assert_eq!(store.append(vec![record(b"after")]).unwrap().first, 4);
    assert_eq!(contents(&poll_all(&store)).len(), 3);
    let report = verify(&disk, &mut go).unwrap();
    assert!(report.is_sound());
    assert_eq!((report.records, report.erased), (4, 1));
    // What is passed on stays erased.
    let copy = open(&MemoryDisk::new(), 2);
    copy.import_from(&store, &ImportOptions::default(), &mut go).unwrap();
    assert_eq!(contents(&poll_all(&copy)).len(), 3);
}

#[test]
fn a_directory_of_the_operating_system_is_a_store_too() {
    let directory = tempfile::tempdir().unwrap();
    let disk = FileDisk::new(directory.path());
    let store = open(&disk, 1);
    for i in 0..20u8 {
        store.append(vec![record(&[i; 300])]).unwrap();
    }
    let other = open(&disk, 1);
    assert_ne!(
        other.append(vec![record(b"x")]).unwrap().writer,
        store.append(vec![record(b"y")]).unwrap().writer
    );
    assert_eq!(poll_all(&store).len(), 22);
    store.close().unwrap();
    other.close().unwrap();
    let report = verify(&disk, &mut go).unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.commits, 22);
    let read_only = Store::open(Arc::new(disk), Options { read_only: true, ..options(1) }).unwrap();
    assert_eq!(poll_all(&read_only).len(), 22);
    assert_eq!(read_only.append(vec![record(b"z")]), Err(JournalError::ReadOnly));
}

#[test]
fn only_empty_directories_are_removed() {
    let directory = tempfile::tempdir().unwrap();
    let disks: [Box<dyn Disk>; 3] = [
        Box::new(FileDisk::new(directory.path())),
        Box::new(MemoryDisk::new()),
        Box::new(chrysalis_journal::sim::SimDisk::new()),
    ];
    for disk in disks {
        disk.create_dir_all("d/e").unwrap();
        disk.open("d/e/f", OpenMode::CreateNew).unwrap();
        for full in ["d", "d/e"] {
            assert_eq!(disk.remove_dir(full).unwrap_err().kind(), ErrorKind::DirectoryNotEmpty);
        }
        disk.remove("d/e/f").unwrap();
        disk.remove_dir("d/e").unwrap();
        assert_eq!(disk.remove_dir("d/e").unwrap_err().kind(), ErrorKind::NotFound);
        assert!(disk.list("d").unwrap().is_empty());
    }
}
