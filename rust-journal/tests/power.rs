//! Cutting the power at every operation, and again at every operation of the recovery.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrysalis_crypto::merkle::Hash;
use chrysalis_journal::sim::{SimDisk, Survival};
use chrysalis_journal::{
    ImportOptions, JournalError, MemoryDisk, NewRecord, Options, Store, StoredRecord, verify,
};
use common::{contents, go, open, options, poll_all, record};

/// What was asked of a store, and what it acknowledged.
#[derive(Clone, Debug, Default)]
struct Log {
    attempted: BTreeSet<Vec<u8>>,
    acknowledged: BTreeSet<Vec<u8>>,
    /// Asked to be erased.
    doomed: BTreeSet<Vec<u8>>,
    /// Acknowledged to be erased.
    erased: BTreeSet<Vec<u8>>,
}

fn small() -> Options {
    Options { segment_bytes: 8 << 10, ..options(1) }
}

/// Distinct contents: some random, some mostly zeros, as tails are judged by zeros.
fn content(n: u8, length: usize) -> Vec<u8> {
    let mut bytes =
        if n.is_multiple_of(2) { vec![0; length] } else { common::Random(n.into()).bytes(length) };
    bytes.extend_from_slice(format!("number {n}").as_bytes());
    bytes
}

fn append(store: &Store, log: &mut Log, texts: &[Vec<u8>]) -> Result<Vec<Hash>, JournalError> {
    log.attempted.extend(texts.iter().cloned());
    let records: Vec<NewRecord> = texts.iter().map(|text| record(text)).collect();
    let receipt = store.append(records)?;
    log.acknowledged.extend(texts.iter().cloned());
    Ok(receipt.leaves)
}

/// A foreign store, with a fork: the same incarnation goes on differently in a copy of the directory.
fn source() -> Store {
    let disk = MemoryDisk::new();
    let store = open(&disk, 2);
    store.append(vec![record(b"foreign 1")]).unwrap();
    store.append(vec![record(b"foreign 2"), record(&content(100, 3000))]).unwrap();
    store.close().unwrap();
    let copy = disk.copy();
    let (left, right) = (open(&disk, 2), open(&copy, 2));
    left.append(vec![record(b"foreign left")]).unwrap();
    right.append(vec![record(b"foreign right")]).unwrap();
    right.append(vec![record(&content(101, 1500))]).unwrap();
    left.import_from(&right, &ImportOptions::default(), &mut go).unwrap();
    assert_eq!(left.branches().unwrap().len(), 1);
    left
}

/// One life of a store, until the power goes.
fn live(disk: &SimDisk, source: &Store, log: &mut Log) -> Result<(), JournalError> {
    let store = Store::open(Arc::new(disk.clone()), small())?;
    append(&store, log, &[content(1, 10)])?;
    append(&store, log, &[content(2, 2000), content(3, 0), content(4, 700)])?;
    let secret = content(5, 1200);
    let leaves = append(&store, log, &[secret.clone(), content(6, 30)])?;
    store.close()?;
    let store = Store::open(Arc::new(disk.clone()), small())?;
    append(&store, log, &[content(7, 6000)])?;
    append(&store, log, &[content(8, 5000)])?;
    log.doomed.insert(secret.clone());
    store.erase(&BTreeSet::from([(store.public_key(), leaves[0])]))?;
    log.erased.insert(secret);
    append(&store, log, &[content(9, 12_000)])?;
    let foreign = contents(&poll_all(source));
    log.attempted.extend(foreign.iter().cloned());
    store.import_from(source, &ImportOptions::default(), &mut go)?;
    log.acknowledged.extend(foreign);
    // Another process at the same time, then erasing in the segment that is being written.
    let other = Store::open(Arc::new(disk.clone()), small())?;
    let leaves = append(&other, log, &[content(10, 100)])?;
    append(&store, log, &[content(11, 1)])?;
    log.doomed.insert(content(10, 100));
    other.erase(&BTreeSet::from([(other.public_key(), leaves[0])]))?;
    log.erased.insert(content(10, 100));
    append(&other, log, &[content(12, 600)])?;
    drop(store);
    other.close()
}

/// What must hold whatever happened: nothing acknowledged is lost, nothing is invented, the store works.
fn check(disk: &SimDisk, log: &Log, is_stale: bool, what: &str) {
    match verify(disk, &mut go) {
        // Space that was never synced may hold anything; then a tail can look damaged.
        Ok(report) => assert!(is_stale || report.is_sound(), "{what}: {report:?}"),
        Err(JournalError::NotAStore { .. } | JournalError::Io { .. }) if log.acknowledged.is_empty() => {}
        Err(error) => panic!("{what}: {error}"),
    }
    let store =
        Store::open(Arc::new(disk.clone()), small()).unwrap_or_else(|error| panic!("{what}: {error}"));
    check_contents(&store, log, what);
    let new = b"after the cut".to_vec();
    store.append(vec![record(&new)]).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(contents(&poll_all(&store)).contains(&new), "{what}");
    check_contents(&store, log, what);
    if !is_stale {
        assert_eq!(store.damage(), [], "{what}");
        assert!(store.own_writers().unwrap().iter().all(|own| !is_closed(own.closed)), "{what}");
    }
}

/// A writer whose birth was cut short is closed; any other reason would be damage.
fn is_closed(closed: Option<chrysalis_journal::text::Closed>) -> bool {
    !matches!(closed, None | Some(chrysalis_journal::text::Closed::Missing))
}

fn check_contents(store: &Store, log: &Log, what: &str) {
    let commits = poll_all(store);
    let held: BTreeSet<Vec<u8>> = contents(&commits).into_iter().collect();
    for text in &log.acknowledged {
        assert!(
            held.contains(text) || log.doomed.contains(text),
            "{what}: lost {} bytes ending in {:?}",
            text.len(),
            String::from_utf8_lossy(&text[text.len().saturating_sub(12)..])
        );
    }
    for text in &held {
        assert!(log.attempted.contains(text) || text == b"after the cut", "{what}: invented");
        assert!(!log.erased.contains(text), "{what}: erased content is back");
    }
    let erased = commits
        .iter()
        .flat_map(|commit| &commit.records)
        .filter(|record| matches!(record, StoredRecord::Erased { .. }))
        .count();
    assert!(erased >= log.erased.len(), "{what}: erased records are gone");
}

fn is_soak() -> bool {
    std::env::var_os("CHRYSALIS_SOAK").is_some()
}

/// How many operations an undisturbed life takes.
fn length(source: &Store) -> u64 {
    let disk = SimDisk::new();
    let mut log = Log::default();
    live(&disk, source, &mut log).unwrap();
    check(&disk.kill(), &log, false, "no cut");
    disk.operations()
}

fn survivals(n: u64) -> Vec<Survival> {
    let random = if is_soak() { 40 } else { 2 };
    let mut all = vec![Survival::Synced, Survival::All];
    all.extend((0..random).map(|i| Survival::Random(n * 1000 + i)));
    all.extend((0..random.div_ceil(4)).map(|i| Survival::Stale(n * 1000 + i)));
    all
}

#[test]
fn no_power_cut_loses_what_was_acknowledged() {
    let source = source();
    let length = length(&source);
    assert!(length > 100, "{length}");
    for n in 0..=length {
        let (disk, mut log) = (SimDisk::new(), Log::default());
        disk.power_off_after(n);
        let result = live(&disk, &source, &mut log);
        assert_eq!(result.is_ok(), n > length, "operation {n}");
        for survival in survivals(n) {
            let what = format!("power cut at operation {n}, {survival:?}");
            check(&disk.power_cut(survival), &log, matches!(survival, Survival::Stale(_)), &what);
        }
        check(&disk.kill(), &log, false, &format!("kill at operation {n}"));
        // Killed only, gone on with by another process, and then the power goes.
        let (next, mut log) = (disk.kill(), log.clone());
        recover(&next, &source, &mut log, n).unwrap();
        for survival in [Survival::Synced, Survival::Random(n)] {
            let what = format!("kill at operation {n}, recovery, power cut, {survival:?}");
            check(&next.power_cut(survival), &log, false, &what);
        }
    }
}

/// What an opener does after a cut, until the power goes again.
fn recover(disk: &SimDisk, source: &Store, log: &mut Log, n: u64) -> Result<(), JournalError> {
    let store = Store::open(Arc::new(disk.clone()), small())?;
    append(&store, log, &[format!("recovered {n}").into_bytes()])?;
    let foreign = contents(&poll_all(source));
    log.attempted.extend(foreign.iter().cloned());
    store.import_from(source, &ImportOptions::default(), &mut go)?;
    log.acknowledged.extend(foreign);
    store.close()
}

#[test]
fn no_second_power_cut_during_recovery_does_either() {
    let source = source();
    let length = length(&source);
    let stride = if is_soak() { 1 } else { 13 };
    for n in (0..=length).step_by(stride) {
        let (disk, mut log) = (SimDisk::new(), Log::default());
        disk.power_off_after(n);
        let _ = live(&disk, &source, &mut log);
        let firsts: &[Survival] = if is_soak() {
            &[Survival::All, Survival::Random(1), Survival::Random(2), Survival::Random(3), Survival::Synced]
        } else {
            &[Survival::Random(1)]
        };
        for first in firsts {
            let first =
                if let Survival::Random(seed) = first { Survival::Random(n * 10 + seed) } else { *first };
            let cut = disk.power_cut(first);
            for m in 0.. {
                let (again, mut log) = (cut.kill(), log.clone());
                again.power_off_after(m);
                let is_over = recover(&again, &source, &mut log, n).is_ok();
                for second in [Survival::Random(m), Survival::Random(m + 1000)] {
                    let what = format!("cut at {n}, {first:?}, and at {m} of the recovery, {second:?}");
                    check(&again.power_cut(second), &log, false, &what);
                }
                if is_over {
                    break;
                }
            }
        }
    }
}
