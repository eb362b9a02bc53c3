//! Disks that refuse: every operation fails once in every way, and space runs out.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::sync::Arc;

use chrysalis_journal::sim::{Fault, SimDisk, Survival};
use chrysalis_journal::{ImportOptions, JournalError, MemoryDisk, Options, Store, StoredRecord, verify};
use common::{contents, go, open, options, poll_all, record};

fn small() -> Options {
    Options { segment_bytes: 4 << 10, ..options(1) }
}

#[derive(Default)]
struct Log {
    attempted: BTreeSet<Vec<u8>>,
    acknowledged: BTreeSet<Vec<u8>>,
    refused: BTreeSet<Vec<u8>>,
    erased: BTreeSet<Vec<u8>>,
}

/// A life that goes on after errors: a poisoned store is opened again.
fn live_on(disk: &SimDisk, foreign: &Store, log: &mut Log) {
    let mut store = None;
    let mut leaves = Vec::new();
    for n in 0..12u8 {
        let opened = match store.take() {
            Some(store) => store,
            None => match Store::open(Arc::new(disk.clone()), small()) {
                Ok(store) => store,
                Err(_) => continue,
            },
        };
        let text = common::Random(u64::from(n)).bytes(usize::from(n) * 150);
        let text = [text, vec![n]].concat();
        log.attempted.insert(text.clone());
        let mut is_usable = true;
        match opened.append(vec![record(&text)]) {
            Ok(receipt) => {
                leaves.push((receipt.leaves[0], text.clone()));
                log.acknowledged.insert(text);
            }
            Err(JournalError::DiskFull) => {
                log.refused.insert(text);
            }
            Err(JournalError::OutcomeUnknown { .. }) => {
                let again = opened.append(vec![record(b"never")]);
                assert_eq!(again, Err(JournalError::Poisoned));
                is_usable = false;
            }
            Err(JournalError::Io { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        if n == 5 {
            let texts: Vec<_> = contents(&poll_all(foreign));
            log.attempted.extend(texts.iter().cloned());
            match opened.import_from(foreign, &ImportOptions::default(), &mut go) {
                Ok(report) => {
                    assert_eq!(report.refused, 0);
                    log.acknowledged.extend(texts);
                }
                Err(
                    JournalError::DiskFull | JournalError::OutcomeUnknown { .. } | JournalError::Io { .. },
                ) => {}
                Err(error) => panic!("{error}"),
            }
        }
        if n == 8
            && let Some((leaf, text)) = leaves.first()
        {
            // Whatever the outcome, the content may be gone.
            log.acknowledged.remove(text);
            match opened.erase(&BTreeSet::from([(opened.public_key(), *leaf)])) {
                Ok(erased) => {
                    assert_eq!(erased.pending, 0);
                    log.erased.insert(text.clone());
                }
                Err(
                    JournalError::DiskFull | JournalError::OutcomeUnknown { .. } | JournalError::Io { .. },
                ) => is_usable = false,
                Err(JournalError::Poisoned) => is_usable = false,
                Err(error) => panic!("{error}"),
            }
        }
        if is_usable {
            store = Some(opened);
        }
    }
}

fn check(disk: &SimDisk, log: &Log, is_whole: bool, what: &str) {
    if is_whole {
        match verify(disk, &mut go) {
            Ok(report) => assert!(report.is_sound(), "{what}: {report:?}"),
            Err(error) => assert!(log.acknowledged.is_empty(), "{what}: {error}"),
        }
    }
    let store =
        Store::open(Arc::new(disk.clone()), small()).unwrap_or_else(|error| panic!("{what}: {error}"));
    for round in 0..2 {
        let commits = poll_all(&store);
        let held: BTreeSet<Vec<u8>> = contents(&commits).into_iter().collect();
        let lost: Vec<_> = log.acknowledged.difference(&held).map(Vec::len).collect();
        assert!(lost.is_empty(), "{what}, round {round}: lost {lost:?}, damage {:?}", store.damage());
        for text in &held {
            assert!(log.attempted.contains(text) || text == b"new", "{what}: invented");
            assert!(!log.refused.contains(text), "{what}: refused but kept");
            assert!(!log.erased.contains(text), "{what}: erased content is back");
        }
        if !log.erased.is_empty() {
            let is_erased = |record: &StoredRecord| matches!(record, StoredRecord::Erased { .. });
            assert!(commits.iter().flat_map(|commit| &commit.records).any(is_erased), "{what}");
        }
        store.append(vec![record(b"new")]).unwrap_or_else(|error| panic!("{what}: {error}"));
    }
}

#[test]
fn every_operation_may_fail_once_in_every_way() {
    let foreign = open(&MemoryDisk::new(), 2);
    for n in 0..4u8 {
        foreign.append(vec![record(&[200 + n; 900])]).unwrap();
    }
    let undisturbed = SimDisk::new();
    live_on(&undisturbed, &foreign, &mut Log::default());
    let length = undisturbed.operations();
    assert!(length > 60, "{length}");
    for kind in [ErrorKind::Other, ErrorKind::StorageFull] {
        for fault in [Fault::Refuse(kind), Fault::Short(kind), Fault::LostSync(kind)] {
            // Every third operation unless there is time; other ones for another kind of error.
            let stride = if std::env::var_os("CHRYSALIS_SOAK").is_some() { 1 } else { 3 };
            let first = if kind == ErrorKind::Other { 1 } else { 2 };
            for n in (first..=length).step_by(stride) {
                let (disk, mut log) = (SimDisk::new(), Log::default());
                disk.fail_at(n, fault);
                live_on(&disk, &foreign, &mut log);
                assert!(log.acknowledged.len() > 8, "{fault:?} at {n}");
                let what = format!("{fault:?} at operation {n}");
                // Half a write that failed can look like damage; nothing that was acknowledged is behind it.
                let is_whole = !matches!(fault, Fault::Short(_));
                check(&disk.kill(), &log, is_whole, &what);
                check(&disk.power_cut(Survival::Synced), &log, is_whole, &format!("{what}, then cut"));
                check(
                    &disk.power_cut(Survival::Random(n)),
                    &log,
                    is_whole,
                    &format!("{what}, then cut, seed {n}"),
                );
            }
        }
    }
}

#[test]
fn a_full_disk_refuses_whole_groups_and_works_again_when_there_is_space() {
    for capacity in (2_000..40_000u64).step_by(1_777) {
        let disk = SimDisk::new();
        let store = Store::open(Arc::new(disk.clone()), small()).unwrap();
        disk.set_capacity(Some(disk.used() + capacity));
        let mut kept = Vec::new();
        let mut is_full = false;
        for n in 0..40u64 {
            let text = common::Random(n).bytes(1000 + usize::try_from(n).unwrap() * 37);
            match store.append(vec![record(&text), record(&n.to_le_bytes())]) {
                Ok(_) => kept.extend([text, n.to_le_bytes().to_vec()]),
                Err(JournalError::DiskFull) => {
                    is_full = true;
                    break;
                }
                Err(error) => panic!("capacity {capacity}: {error}"),
            }
        }
        assert!(is_full, "capacity {capacity}");
        assert_eq!(contents(&poll_all(&store)), kept);
        for _ in 0..3 {
            assert_eq!(store.append(vec![record(&[1; 3000])]), Err(JournalError::DiskFull));
        }
        assert!(verify(&disk.power_cut(Survival::Random(capacity)), &mut go).unwrap().is_sound());
        disk.set_capacity(None);
        store.append(vec![record(b"space again")]).unwrap_or_else(|error| panic!("{capacity}: {error}"));
        kept.push(b"space again".to_vec());
        assert_eq!(contents(&poll_all(&store)), kept);
        assert_eq!(contents(&poll_all(&open(&disk.power_cut(Survival::Synced), 1))), kept);
        assert!(verify(&disk, &mut go).unwrap().is_sound());
    }
}
