//! Laws, against a reference that keeps everything in maps.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrysalis_crypto::merkle::Hash;
use chrysalis_journal::{Cursor, ImportOptions, MemoryDisk, Options, Store, StoredRecord, verify};
use common::{go, options, poll_all, record};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Append(usize, Vec<u16>),
    Reopen(usize, bool),
    Import(usize, usize),
    Erase(usize, u16),
    Poll(usize, u64),
}

const STORES: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    let store = 0..STORES;
    prop_oneof![
        4 => (store.clone(), prop::collection::vec(0..2000u16, 1..4)).prop_map(|(s, l)| Step::Append(s, l)),
        1 => (store.clone(), any::<bool>()).prop_map(|(s, close)| Step::Reopen(s, close)),
        2 => (store.clone(), store.clone()).prop_map(|(to, from)| Step::Import(to, from)),
        1 => (store.clone(), any::<u16>()).prop_map(|(s, which)| Step::Erase(s, which)),
        2 => (store, 1..5000u64).prop_map(|(s, most)| Step::Poll(s, most)),
    ]
}

/// A commit as a set of records, by leaf; `None` is erased.
type Model = BTreeMap<Hash, BTreeMap<Hash, Option<Vec<u8>>>>;

struct Subject {
    disk: MemoryDisk,
    store: Option<Store>,
    model: Model,
    cursor: Cursor,
    polled: BTreeSet<Hash>,
}

fn open(disk: &MemoryDisk, seed: u8) -> Store {
    let small = Options { segment_bytes: 5000, ..options(seed) };
    Store::open(Arc::new(disk.clone()), small).unwrap()
}

fn observed(store: &Store) -> Model {
    let content = |record: &StoredRecord| match record {
        StoredRecord::Full { content, .. } => Some(content.clone()),
        _ => None,
    };
    let records = |records: &[StoredRecord]| {
        records.iter().map(|record| (record.leaf().unwrap(), content(record))).collect()
    };
    poll_all(store).iter().map(|commit| (commit.hash, records(&commit.records))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if std::env::var_os("CHRYSALIS_SOAK").is_some() { 3000 } else { 40 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn stores_hold_exactly_what_was_put_into_them(steps in prop::collection::vec(step(), 1..40)) {
        let mut subjects: Vec<Subject> = (0..STORES)
            .map(|_| Subject {
                disk: MemoryDisk::new(),
                store: None,
                model: Model::new(),
                cursor: Cursor::default(),
                polled: BTreeSet::new(),
            })
            .collect();
        let mut counter = 0u64;
        for step in steps {
            for (seed, subject) in (1u8..).zip(&mut subjects) {
                if subject.store.is_none() {
                    subject.store = Some(open(&subject.disk, seed));
                }
            }
            match step {
                Step::Append(s, lengths) => {
                    let subject = &mut subjects[s];
                    let texts: Vec<Vec<u8>> = lengths
                        .iter()
                        .map(|length| {
                            counter += 1;
                            [&counter.to_le_bytes()[..], &vec![0; usize::from(*length)]].concat()
                        })
                        .collect();
                    let records = texts.iter().map(|text| record(text)).collect();
                    let receipt = subject.store.as_ref().unwrap().append(records).unwrap();
                    let records = receipt.leaves.into_iter().zip(texts.into_iter().map(Some)).collect();
                    subject.model.insert(receipt.commit, records);
                }
                Step::Reopen(s, is_close) => {
                    let store = subjects[s].store.take().unwrap();
                    if is_close {
                        store.close().unwrap();
                    }
                }
                Step::Import(to, from) if to != from => {
                    let other = subjects[from].model.clone();
                    let target = subjects[to].store.as_ref().unwrap();
                    let source = subjects[from].store.as_ref().unwrap();
                    let report = target.import_from(source, &ImportOptions::default(), &mut go).unwrap();
                    prop_assert_eq!(report.refused, 0);
                    let subject = &mut subjects[to];
                    for (hash, records) in other {
                        subject.model.entry(hash).or_insert(records);
                    }
                }
                Step::Import(..) => {}
                Step::Erase(s, which) => {
                    let subject = &mut subjects[s];
                    let all: Vec<Hash> = subject.model.values().flat_map(|records| records.keys().copied()).collect();
                    if all.is_empty() {
                        continue;
                    }
                    let leaf = all[usize::from(which) % all.len()];
                    let mut expected = 0;
                    for records in subject.model.values_mut() {
                        if let Some(content) = records.get_mut(&leaf) {
                            expected += usize::from(content.take().is_some());
                        }
                    }
                    let store = subject.store.as_ref().unwrap();
                    let author = poll_all(store)
                        .iter()
                        .find(|commit| commit.leaves().unwrap().contains(&leaf))
                        .map(|commit| commit.header.writer.key);
                    let erased = store.erase(&BTreeSet::from([(author.unwrap(), leaf)])).unwrap();
                    prop_assert_eq!((erased.erased, erased.pending), (expected, 0));
                }
                Step::Poll(s, most) => {
                    let subject = &mut subjects[s];
                    let commits = subject.store.as_ref().unwrap().poll_some(&mut subject.cursor, most).unwrap();
                    for commit in commits {
                        prop_assert!(subject.polled.insert(commit.hash), "a commit came twice");
                    }
                }
            }
        }
        for subject in &mut subjects {
            let store = subject.store.take().unwrap_or_else(|| open(&subject.disk, 9));
            prop_assert_eq!(&observed(&store), &subject.model);
            for commit in store.poll(&mut subject.cursor).unwrap() {
                prop_assert!(subject.polled.insert(commit.hash), "a commit came twice");
            }
            prop_assert_eq!(subject.polled.len(), subject.model.len());
            prop_assert!(verify(&subject.disk, &mut go).unwrap().is_sound());
        }
    }
}
