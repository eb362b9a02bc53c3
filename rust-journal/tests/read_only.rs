//! Stores that can be read but not written.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::io;
use std::sync::Arc;

use chrysalis_journal::disk::DirFingerprint;
use chrysalis_journal::{
    Disk, DiskFile, DiskLock, JournalError, MemoryDisk, OpenMode, Options, Store, verify,
};
use common::{contents, go, open, options, poll_all, record};

/// A disk on which nothing can be changed.
#[derive(Clone)]
struct Frozen(MemoryDisk);

fn refuse<T>() -> io::Result<T> {
    Err(io::Error::from(io::ErrorKind::ReadOnlyFilesystem))
}

impl Disk for Frozen {
    fn create_dir_all(&self, _: &str) -> io::Result<()> {
        refuse()
    }
    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.0.list(dir)
    }
    fn open(&self, path: &str, mode: OpenMode) -> io::Result<Box<dyn DiskFile>> {
        if mode == OpenMode::Read { self.0.open(path, mode) } else { refuse() }
    }
    fn rename(&self, _: &str, _: &str) -> io::Result<()> {
        refuse()
    }
    fn remove(&self, _: &str) -> io::Result<()> {
        refuse()
    }
    fn remove_dir(&self, _: &str) -> io::Result<()> {
        refuse()
    }
    fn sync_dir(&self, _: &str) -> io::Result<()> {
        refuse()
    }
    fn try_lock(&self, path: &str) -> io::Result<Option<Box<dyn DiskLock>>> {
        self.0.try_lock(path)
    }
    fn lock(&self, path: &str) -> io::Result<Box<dyn DiskLock>> {
        self.0.lock(path)
    }
    fn fingerprint(&self, dir: &str) -> io::Result<DirFingerprint> {
        self.0.fingerprint(dir)
    }
}

#[test]
fn what_is_durable_is_read_even_where_the_mark_lags() {
    let disk = MemoryDisk::new();
    let store = open(&disk, 1);
    let receipt = store.append(vec![record(b"1")]).unwrap();
    let mark = format!("writers/{}/durable", receipt.writer.name());
    let mut old = [0; 96];
    disk.open(&mark, OpenMode::Read).unwrap().read_at(&mut old, 0).unwrap();
    store.append(vec![record(b"2")]).unwrap();
    store.append(vec![record(b"3")]).unwrap();
    for lag in [old, [0; 96], [0xff; 96]] {
        let copy = disk.copy();
        copy.open(&mark, OpenMode::Write).unwrap().write_all_at(&lag, 0).unwrap();
        let frozen = Frozen(copy);
        for read_only in [true, false] {
            let store = Store::open(Arc::new(frozen.clone()), Options { read_only, ..options(1) }).unwrap();
            assert_eq!(contents(&poll_all(&store)), [b"1", b"2", b"3"].map(|text| text.to_vec()));
            assert!(matches!(
                store.append(vec![record(b"4")]),
                Err(JournalError::ReadOnly | JournalError::Io { .. })
            ));
        }
        assert_eq!(verify(&frozen, &mut go).unwrap().commits, 3);
    }
    // While someone appends, what lies beyond the mark is theirs to publish.
    let frozen = Frozen(disk.clone());
    disk.open(&mark, OpenMode::Write).unwrap().write_all_at(&old, 0).unwrap();
    let reader = Store::open(Arc::new(frozen), Options { read_only: true, ..options(1) }).unwrap();
    assert_eq!(contents(&poll_all(&reader)), [b"1".to_vec()]);
    store.append(vec![record(b"4")]).unwrap();
    assert_eq!(contents(&poll_all(&reader)).len(), 4);
}

#[test]
fn what_is_no_store_is_told_so() {
    let nothing = MemoryDisk::new();
    let read_only = Options { read_only: true, ..options(1) };
    let absent = Store::open(Arc::new(nothing.clone()), read_only).err();
    assert!(matches!(absent, Some(JournalError::NotAStore { .. })));
    assert!(nothing.list("").unwrap().is_empty());
    let other = MemoryDisk::new();
    other.open("thesis.txt", OpenMode::Create).unwrap();
    let refused = Store::open(Arc::new(other.clone()), options(1)).err();
    assert!(matches!(refused, Some(JournalError::NotAStore { .. })));
    assert_eq!(other.list("").unwrap(), ["thesis.txt"]);
    let existing = Options { create: false, ..options(1) };
    assert!(Store::open(Arc::new(MemoryDisk::new()), existing).is_err());
}

#[test]
fn sizes_are_checked_before_anything_is_written() {
    let disk = MemoryDisk::new();
    let store = open(&disk, 1);
    let limit = chrysalis_crypto::commit::MAX_CONTENT_LENGTH;
    let codes = [
        store.append(vec![]).unwrap_err().code(),
        store.append(vec![record(&vec![0; limit + 1])]).unwrap_err().code(),
        store
            .append(vec![chrysalis_journal::NewRecord { context: vec![0; 5000], ..record(b"") }])
            .unwrap_err()
            .code(),
        store.append(vec![chrysalis_journal::NewRecord { key_epoch: 1, ..record(b"") }]).unwrap_err().code(),
    ];
    assert_eq!(
        codes,
        ["journal/invalid-argument", "journal/too-large", "journal/crypto", "journal/invalid-argument"]
    );
    assert!(codes.iter().all(|code| JournalError::CODES.contains(code)));
    assert!(store.own_writers().unwrap().is_empty());
    store.append(vec![record(&vec![7; limit])]).unwrap();
    assert_eq!(contents(&poll_all(&store))[0].len(), limit);
}
