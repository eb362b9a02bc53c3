//! What a hostile or an unlucky store can do to those that merge it, and what must hold all the same.

#![allow(clippy::unwrap_used, reason = "a failure is what a test is for")]

mod common;

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrysalis_crdt::Value;
use chrysalis_crypto::commit::{CommitHeader, WriterId};
use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_crypto::merkle;
use chrysalis_crypto::proof;
use chrysalis_journal::disk::DirFingerprint;
use chrysalis_journal::{
    Commit, Cursor, Disk, DiskFile, DiskLock, ImportOptions, MemoryDisk, NewRecord, OpenMode, StoredRecord,
};
use chrysalis_memory::{EntryId, Memory, MemoryError, Note, OpenOptions, Query};
use common::{NEW_YEAR_MS, answer, clock, holds, identity, merge, open, say};

/// An agent that builds its commits by hand.
struct Forger {
    key: SigningKey,
    incarnation: u64,
    next: u64,
    head: [u8; 32],
}

impl Forger {
    fn new(name: &str, incarnation: u64) -> Self {
        let mut seed = [0; 32];
        seed[..name.len()].copy_from_slice(name.as_bytes());
        Self { key: SigningKey::from_seed(&seed), incarnation, next: 1, head: [0; 32] }
    }

    /// The next commit of this writer; what is said twice is a fork only after `go_back`.
    fn commit(&mut self, time_ms: u64, records: Vec<StoredRecord>) -> Commit {
        let leaves: Vec<_> = records.iter().map(|record| record.leaf().unwrap()).collect();
        let header = CommitHeader {
            writer: WriterId { key: self.key.public_key(), incarnation: self.incarnation },
            first: self.next,
            count: u32::try_from(records.len()).unwrap(),
            time: time_ms << 16,
            previous: self.head,
            root: merkle::root(&leaves).unwrap(),
        };
        (self.next, self.head) = (header.last() + 1, header.hash());
        Commit {
            header,
            hash: header.hash(),
            signature: Some(header.sign(&self.key)),
            records,
            position: position(),
        }
    }
}

/// Any position: importing does not look at it.
fn position() -> chrysalis_journal::Position {
    let memory = open(&MemoryDisk::new(), "nobody");
    memory.store().append(vec![record(9, 1, b"")]).unwrap().position
}

fn record(kind: u16, time_ms: u64, content: &[u8]) -> NewRecord {
    NewRecord {
        kind,
        namespace: [7; 16],
        key_epoch: 0,
        time: time_ms << 16,
        context: Vec::new(),
        salt: [3; 16],
        content: content.to_vec(),
    }
}

fn full(record: NewRecord) -> StoredRecord {
    StoredRecord::Full { header: record.header().unwrap(), salt: record.salt, content: record.content }
}

fn remember(time_ms: u64, text: &str) -> StoredRecord {
    full(record(1, time_ms, &Value::map([(1u64, Value::text(text))]).to_bytes().unwrap()))
}

fn leaves(records: &[&StoredRecord]) -> Value {
    Value::array(records.iter().map(|record| Value::bytes(record.leaf().unwrap().as_slice())))
}

fn supersede(time_ms: u64, targets: &[&StoredRecord]) -> NewRecord {
    let content = Value::map([(1u64, leaves(targets)), (2, leaves(&[]))]);
    record(2, time_ms, &content.to_bytes().unwrap())
}

fn forget(time_ms: u64, targets: &[&StoredRecord]) -> NewRecord {
    record(3, time_ms, &Value::map([(1u64, leaves(targets))]).to_bytes().unwrap())
}

/// Takes the commits in one after the other, as if each came with a merge of its own.
fn learn(memory: &Memory, commits: &[&Commit]) {
    for commit in commits {
        let report = memory
            .store()
            .import([(*commit).clone()], &ImportOptions::default(), &mut |_| ControlFlow::Continue(()))
            .unwrap();
        assert_eq!((report.commits, report.refused), (1, 0), "{:?}", report.refusals);
        memory.stats().unwrap();
    }
}

/// A disk on which no file can be made while it is full.
struct FullDisk {
    disk: MemoryDisk,
    is_full: AtomicBool,
}

impl Disk for FullDisk {
    fn create_dir_all(&self, dir: &str) -> io::Result<()> {
        self.disk.create_dir_all(dir)
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.disk.list(dir)
    }

    fn open(&self, path: &str, mode: OpenMode) -> io::Result<Box<dyn DiskFile>> {
        if path.ends_with(".seg.tmp") && self.is_full.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.disk.open(path, mode)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn remove_dir(&self, dir: &str) -> io::Result<()> {
        self.disk.remove_dir(dir)
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        self.disk.sync_dir(dir)
    }

    fn try_lock(&self, path: &str) -> io::Result<Option<Box<dyn DiskLock>>> {
        self.disk.try_lock(path)
    }

    fn lock(&self, path: &str) -> io::Result<Box<dyn DiskLock>> {
        self.disk.lock(path)
    }

    fn fingerprint(&self, dir: &str) -> io::Result<DirFingerprint> {
        self.disk.fingerprint(dir)
    }
}

fn write_file(disk: &MemoryDisk, path: &str, text: &str) {
    chrysalis_journal::write_atomic(disk, path, text.as_bytes()).unwrap();
}

fn copy_file(from: &dyn Disk, to: &dyn Disk, path: &str) {
    let file = from.open(path, OpenMode::Read).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(&mut bytes, 0).unwrap();
    chrysalis_journal::write_atomic(to, path, &bytes).unwrap();
}

#[test]
fn a_statement_cannot_be_unsaid_by_forgetting_it() {
    let mut mallory = Forger::new("mallory", 1);
    let kept = remember(1000, "the gate code is walrus");
    let statement = full(forget(3000, &[&kept]));
    let commits = [
        mallory.commit(1000, vec![kept.clone()]),
        mallory.commit(3000, vec![statement.clone()]),
        mallory.commit(4000, vec![full(forget(4000, &[&statement]))]),
    ];
    let disk = MemoryDisk::new();
    let (digest, namespaces) = {
        let ada = open(&disk, "ada");
        learn(&ada, &commits.each_ref());
        (ada.digest().unwrap(), ada.namespace_digests().unwrap())
    };
    let ada = open(&disk, "ada");
    assert_eq!(ada.namespace_digests().unwrap(), namespaces, "reopening changes nothing");
    assert_eq!(ada.digest().unwrap(), digest);
    // A store that learns of the text only now erases it all the same.
    let later = MemoryDisk::new();
    let bob = open(&later, "bob");
    learn(&bob, &[&commits[0]]);
    assert!(holds(&later, b"walrus"));
    merge(&bob, &disk);
    assert!(!holds(&later, b"walrus"));
    assert_eq!(bob.namespace_digests().unwrap(), namespaces);
}

#[test]
fn a_record_said_twice_has_one_time_in_whatever_order_it_came() {
    let text = remember(9000, "the comet was seen");
    let early = Forger::new("mallory", 1).commit(2000, vec![text.clone()]);
    let late = Forger::new("mallory", 2).commit(8000, vec![text.clone()]);
    let newer =
        Forger::new("mallory", 3).commit(NEW_YEAR_MS, vec![remember(NEW_YEAR_MS, "no comet was seen")]);
    let (one, two) = (open(&MemoryDisk::new(), "ada"), open(&MemoryDisk::new(), "ada"));
    learn(&one, &[&early, &late, &newer]);
    learn(&two, &[&late, &early, &newer]);
    let time =
        |memory: &Memory| memory.recall(&Query::new("comet")).unwrap().hits.last().unwrap().entry.time.ms();
    assert_eq!((time(&one), time(&two)), (2000, 2000));
    assert_eq!(answer(&one, "comet"), answer(&two, "comet"));
}

#[test]
fn a_stolen_key_cannot_back_date_a_record_that_was_accepted() {
    let text = remember(9000, "the comet was seen");
    let ada = open(&MemoryDisk::new(), "ada");
    learn(&ada, &[&Forger::new("mallory", 1).commit(9000, vec![text.clone()])]);
    ada.trust_revoke(identity("mallory").public_key(), false).unwrap();
    learn(&ada, &[&Forger::new("mallory", 2).commit(10, vec![text])]);
    assert_eq!(ada.recall(&Query::new("comet")).unwrap().hits[0].entry.time.ms(), 9000);
}

#[test]
fn a_statement_counts_if_any_commit_that_holds_it_is_accepted() {
    let text = remember(1000, "the mill is closed");
    let statement = full(supersede(2000, &[&text]));
    let mut before = Forger::new("mallory", 1);
    let (first, accepted) =
        (before.commit(1000, vec![text.clone()]), before.commit(2000, vec![statement.clone()]));
    // By the name of its journal this one is read first.
    let repeated = Forger::new("mallory", 0).commit(3000, vec![statement]);
    let (one, two) = (MemoryDisk::new(), MemoryDisk::new());
    let (ada, bob) = (open(&one, "ada"), open(&two, "bob"));
    learn(&ada, &[&first, &accepted]);
    ada.trust_revoke(identity("mallory").public_key(), false).unwrap();
    learn(&ada, &[&repeated]);
    learn(&bob, &[&repeated, &first, &accepted]);
    // The same trust on both sides.
    let said = ada.trust();
    assert_eq!(said.iter().count(), 1);
    copy_file(&one, &two, "local/trust");
    drop(bob);
    let bob = open(&two, "bob");
    assert_eq!(bob.trust(), said);
    assert_eq!((answer(&ada, "mill").len(), answer(&bob, "mill").len()), (0, 0));
}

#[test]
fn naming_one_target_very_often_costs_no_more_than_naming_it_once() {
    let text = remember(1000, "the weir is open");
    let target = text.leaf().unwrap();
    let many = |n: u16| {
        Value::array((0..n).map(|i| {
            let mut leaf = [0; 32];
            leaf[..2].copy_from_slice(&i.to_le_bytes());
            Value::bytes(leaf.as_slice())
        }))
    };
    let targets = Value::array((0..u16::MAX).map(|_| Value::bytes(target.as_slice())));
    let content = Value::map([(1u64, targets), (2, many(u16::MAX))]).to_bytes().unwrap();
    let mut mallory = Forger::new("mallory", 1);
    let commits =
        [mallory.commit(1000, vec![text]), mallory.commit(2000, vec![full(record(2, 2000, &content))])];
    let ada = open(&MemoryDisk::new(), "ada");
    learn(&ada, &commits.each_ref());
    // Were every naming kept, this would go over 2^32 replacements.
    let entry = ada.entry(&EntryId::from_bytes(target)).unwrap();
    assert_eq!(entry.superseded_by.len(), usize::from(u16::MAX));
}

#[test]
fn every_store_keeps_the_same_evidence_of_a_fork() {
    let mut branches: Vec<_> =
        (0..4).map(|i| Forger::new("mallory", 1).commit(1000, vec![remember(1000 + i, "fork")])).collect();
    branches.sort_by_key(|commit| commit.hash);
    let [a, b, c, d] = &branches[..] else { unreachable!() };
    for order in [[a, b, c, d], [a, d, b, c], [d, c, b, a], [b, d, a, c], [a, c, d, b]] {
        let ada = open(&MemoryDisk::new(), "ada");
        learn(&ada, &order);
        assert_eq!(ada.forks().unwrap()[0].commits, [a.hash, b.hash]);
    }
}

#[test]
fn statements_count_only_in_the_namespace_of_their_target() {
    // Whoever does not hold the other namespace must come to the same digest of this one.
    let text = remember(1000, "the orchard is ours");
    let elsewhere = |record: NewRecord| full(NewRecord { namespace: [8; 16], ..record });
    let mut mallory = Forger::new("mallory", 1);
    let first = mallory.commit(1000, vec![text.clone()]);
    let statements = vec![elsewhere(supersede(2000, &[&text])), elsewhere(forget(2001, &[&text]))];
    let withheld =
        statements.iter().map(|record| StoredRecord::Withheld { leaf: record.leaf().unwrap() }).collect();
    let second = mallory.commit(3000, statements);
    let without = Commit { records: withheld, ..second.clone() };
    let (ada, bob) = (open(&MemoryDisk::new(), "ada"), open(&MemoryDisk::new(), "bob"));
    learn(&ada, &[&first, &second]);
    learn(&bob, &[&first, &without]);
    let here = |memory: &Memory| {
        let digests = memory.namespace_digests().unwrap();
        digests.into_iter().find(|(namespace, _)| *namespace.as_bytes() == [7; 16]).unwrap()
    };
    assert_eq!(here(&ada), here(&bob));
    assert_eq!((answer(&ada, "orchard").len(), answer(&bob, "orchard").len()), (1, 1));
}

#[test]
fn a_store_with_very_many_namespace_names_does_no_harm() {
    let (left, right) = (MemoryDisk::new(), MemoryDisk::new());
    let ada = open(&left, "ada");
    ada.make_namespace("work", false).unwrap();
    say(&open(&right, "mallory"), "hello");
    for round in 0..2u8 {
        // Together more than a file of names may hold.
        let mut text = String::from("chrysalis namespaces 1\n");
        for i in 0..80_000u32 {
            text += &format!("{round:02x}{i:030x} shared {:x<64}\n", "n");
        }
        let checksum = format!("crc32c {:08x}\n", crc32c::crc32c(text.as_bytes()));
        write_file(&right, "local/namespaces", &(text + &checksum));
        merge(&ada, &right);
    }
    let ada = open(&left, "ada");
    say(&ada, "still here");
    assert_eq!(answer(&ada, "still").len(), 1);
    assert_eq!(ada.namespaces().unwrap()[0].name, "work");
}

#[test]
fn an_erasure_that_failed_is_made_up_for_and_keeps_nobody_from_reading() {
    let (left, right) = (MemoryDisk::new(), MemoryDisk::new());
    let bob = open(&right, "bob");
    let id = say(&bob, "the vault opens with persimmon");
    say(&bob, "the vault is old");
    let full = Arc::new(FullDisk { disk: left.clone(), is_full: AtomicBool::new(false) });
    let options = OpenOptions {
        identity: Some(identity("ada")),
        create: true,
        now: Some(clock()),
        ..OpenOptions::default()
    };
    let ada = Memory::open_on(full.clone(), options).unwrap();
    merge(&ada, &right);
    // Another process learns that it is to be forgotten, and this one cannot rewrite the file.
    bob.forget(&[id]).unwrap();
    full.is_full.store(true, Ordering::SeqCst);
    let commits = bob.store().poll(&mut Cursor::default()).unwrap();
    ada.store().import(commits, &ImportOptions::default(), &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(answer(&ada, "vault").len(), 1, "reading goes on");
    assert!(matches!(ada.entry(&id), Err(MemoryError::ContentAbsent)), "and does not show it");
    assert!(holds(&left, b"persimmon"));
    full.is_full.store(false, Ordering::SeqCst);
    say(&ada, "there is room again");
    assert_eq!(answer(&ada, "vault").len(), 1);
    assert!(!holds(&left, b"persimmon"));
}

#[test]
fn commits_without_a_signature_are_not_shown() {
    let disk = MemoryDisk::new();
    let options = chrysalis_journal::Options { create: true, ..Default::default() };
    let unsigned = chrysalis_journal::Store::open(Arc::new(disk.clone()), options).unwrap();
    let StoredRecord::Full { content, .. } = remember(1000, "signed by nobody") else { unreachable!() };
    unsigned.append(vec![record(1, 1000, &content)]).unwrap();
    let ada = open(&disk, "ada");
    assert!(answer(&ada, "nobody").is_empty());
    assert_eq!(ada.stats().unwrap().commits, 0);
    // No merge would take it over, so counting it would keep two stores apart for good.
    let other = open(&MemoryDisk::new(), "bob");
    assert_eq!(other.digest().unwrap(), ada.digest().unwrap());
}

#[test]
fn an_id_names_the_trusted_original_and_not_a_copy_by_a_stranger() {
    // Of these some have a smaller key than ada's.
    let ada = open(&MemoryDisk::new(), "ada");
    let own = identity("ada").public_key();
    let id = say(&ada, "the lock is changed");
    let original = proof::verify(&ada.proof(&id).unwrap()).unwrap().proof;
    let copy = StoredRecord::Full {
        header: original.record.clone(),
        salt: original.salt,
        content: original.content.clone(),
    };
    let stranger =
        (0..).map(|i| format!("stranger{i}")).find(|name| identity(name).public_key() < own).unwrap();
    learn(&ada, &[&Forger::new(&stranger, 1).commit(1, vec![copy])]);
    assert_eq!(ada.entry(&id).unwrap().author, own);
    let proven = proof::verify(&ada.proof(&id).unwrap()).unwrap().proof;
    assert_eq!(proven.commit.writer.key, *own.as_bytes());
}

#[test]
fn tags_that_are_not_in_canonical_order_say_nothing() {
    let note = |tags: &[&str]| {
        let tags = Value::array(tags.iter().copied());
        Value::map([(1u64, Value::text("t")), (7, tags)]).to_bytes().unwrap()
    };
    assert!(Note::from_bytes(&note(&["a", "b"])).is_some());
    for wrong in [&["b", "a"][..], &["a", "a"], &[]] {
        assert!(Note::from_bytes(&note(wrong)).is_none(), "{wrong:?}");
    }
}
