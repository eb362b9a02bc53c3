//! Merges: any order, any side, one digest and one answer; nothing forged, nothing private, nothing lost.

#![allow(clippy::unwrap_used, reason = "a failure is what a test is for")]

mod common;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrysalis_crypto::proof;
use chrysalis_journal::{Disk, MemoryDisk, NewRecord};
use chrysalis_memory::{Document, Memory, MemoryError, Note, OpenOptions, SignatureState};
use common::{NEW_YEAR_MS, answer, clock, holds, identity, merge, open, open_at, say};

fn two_stores() -> (MemoryDisk, MemoryDisk) {
    let (left, right) = (MemoryDisk::new(), MemoryDisk::new());
    let ada = open(&left, "ada");
    say(&ada, "Herons stand in the shallow water.");
    ada.remember_documents(&[Document::new("birds.md", "# Birds\n\nHerons fish.\n")], None).unwrap();
    ada.remember_documents(&[Document::new("birds.md", "# Birds\n\nHerons fish alone.\n")], None).unwrap();
    let bob = open(&right, "bob");
    let id = say(&bob, "Herons and egrets share a roost.");
    say(&bob, "Egrets are white.");
    bob.forget(&[id]).unwrap();
    say(&bob, "Herons and egrets share a roost by the river.");
    (left, right)
}

#[test]
fn either_order_and_side_gives_one_digest_and_the_same_score_bits() {
    let (left, right) = two_stores();
    let (ada, bob) = (open(&left, "ada"), open(&right, "bob"));
    let into_left = merge(&ada, &right);
    let into_right = merge(&bob, &left);
    assert_eq!(into_left.digest, into_right.digest);
    let fresh = MemoryDisk::new();
    let eve = open(&fresh, "eve");
    merge(&eve, &right);
    assert_eq!(merge(&eve, &left).digest, into_left.digest);
    assert_eq!(merge(&eve, &left).commits, 0, "merging again changes nothing");
    for question in ["herons", "egrets roost", "who fishes alone?"] {
        assert_eq!(answer(&ada, question), answer(&bob, question));
        assert_eq!(answer(&ada, question), answer(&eve, question));
    }
    assert_eq!(ada.namespace_digests().unwrap(), eve.namespace_digests().unwrap());
    assert!(into_left.refused == 0 && into_left.forks.is_empty());
}

#[test]
fn private_namespaces_stay_and_their_commits_still_verify() {
    let (left, right) = (MemoryDisk::new(), MemoryDisk::new());
    let ada = open(&left, "ada");
    ada.make_namespace("diary", true).unwrap();
    ada.remember(vec![Note::new("marmalade is a secret")], Some("diary")).unwrap();
    say(&ada, "marmalade is orange");
    let bob = open(&right, "bob");
    let merged = merge(&bob, &left);
    assert_eq!((merged.records, merged.withheld), (2, 1));
    assert_eq!(answer(&bob, "marmalade").len(), 1);
    assert!(!holds(&right, b"secret"));
    assert!(
        chrysalis_journal::verify(&right, &mut |_| ControlFlow::Continue(())).unwrap().findings.is_empty()
    );
    assert!(bob.namespaces().unwrap().iter().all(|namespace| namespace.name != "diary"));
    // What came without its content is passed on without it.
    let third = MemoryDisk::new();
    let carol = open(&third, "carol");
    assert_eq!(merge(&carol, &right).withheld, 1);
}

#[test]
fn a_forgotten_text_is_erased_where_it_was_merged_before() {
    let (left, right) = (MemoryDisk::new(), MemoryDisk::new());
    let (ada, bob) = (open(&left, "ada"), open(&right, "bob"));
    let id = say(&ada, "the password is rutabaga");
    merge(&bob, &left);
    assert!(holds(&right, b"rutabaga"));
    ada.forget(&[id]).unwrap();
    merge(&bob, &left);
    assert!(!holds(&right, b"rutabaga"));
    assert!(answer(&bob, "rutabaga").is_empty());
    assert_eq!(ada.digest().unwrap(), bob.digest().unwrap());
}

#[test]
fn commits_from_the_future_are_held_back_and_named() {
    let (left, right) = (MemoryDisk::new(), MemoryDisk::new());
    let later = OpenOptions {
        identity: Some(identity("ada")),
        create: true,
        now: Some(Arc::new(|| NEW_YEAR_MS * 2)),
        ..OpenOptions::default()
    };
    let ada = Memory::open_on(Arc::new(left.clone()), later).unwrap();
    say(&ada, "greetings from the year 2082");
    let bob = open(&right, "bob");
    let merged = merge(&bob, &left);
    assert_eq!((merged.commits, merged.refused), (0, 1));
    assert!(answer(&bob, "greetings").is_empty());
    let next = say(&bob, "greetings from now");
    assert!(bob.entry(&next).unwrap().time.ms() < NEW_YEAR_MS * 2, "the clock was not pushed ahead");
}

#[test]
fn forks_are_kept_shown_and_never_block_a_merge() {
    let disk = MemoryDisk::new();
    {
        let ada = open(&disk, "ada");
        say(&ada, "before the backup");
    }
    // A restored machine: the same incarnation goes on twice, because even the host's marks were copied.
    let backup = disk.copy();
    let (one, two) = (open(&disk, "ada"), open(&backup, "ada"));
    say(&one, "said on the first machine");
    say(&two, "said on the second machine");
    let merged = merge(&one, &backup);
    assert_eq!(merged.forks.len(), 1);
    let back = merge(&two, &disk);
    assert_eq!(merged.digest, back.digest);
    assert_eq!(answer(&one, "machine"), answer(&two, "machine"));
    assert_eq!(answer(&one, "machine").len(), 2);
    let hits = one.recall(&chrysalis_memory::Query::new("machine")).unwrap().hits;
    assert!(hits.iter().all(|hit| hit.entry.signature == SignatureState::Forked));
    // Both go on, in new incarnations or old, and still meet.
    say(&one, "later on the first machine");
    say(&two, "later on the second machine");
    merge(&one, &backup);
    assert_eq!(merge(&two, &disk).digest, one.digest().unwrap());
}

#[test]
fn ones_own_backup_merges_without_two_appenders() {
    let disk = MemoryDisk::new();
    let ada = open(&disk, "ada");
    say(&ada, "kept in both");
    let backup = disk.copy();
    say(&ada, "after the backup");
    assert_eq!(merge(&ada, &backup).commits, 0);
    // The older copy, used by another host, leaves alone the incarnation that host did not give birth to.
    let older = open_at(&backup, "ada", [2; 16]);
    say(&older, "written on the copy");
    assert_eq!(older.stats().unwrap().writers, 2);
    merge(&older, &disk);
    merge(&ada, &backup);
    assert_eq!(ada.digest().unwrap(), older.digest().unwrap());
    assert!(ada.forks().unwrap().is_empty());
}

#[test]
fn a_merge_can_be_stopped_and_taken_up_again() {
    let (left, right) = (MemoryDisk::new(), MemoryDisk::new());
    let (ada, bob) = (open(&left, "ada"), open(&right, "bob"));
    for i in 0..50 {
        say(&ada, &format!("line {i}"));
    }
    let stopped = bob.merge_disk(Arc::new(left.clone()), &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(MemoryError::Cancelled)));
    merge(&bob, &left);
    assert_eq!(bob.digest().unwrap(), ada.digest().unwrap());
}

#[test]
fn a_later_reader_sees_what_earlier_clocks_wrote() {
    // Read-only and without an identity: everything but writing.
    let disk = MemoryDisk::new();
    say(&open(&disk, "ada"), "readers need no key");
    let options = OpenOptions { read_only: true, now: Some(clock()), ..OpenOptions::default() };
    let reader = Memory::open_on(Arc::new(disk.clone()), options).unwrap();
    assert_eq!(answer(&reader, "readers").len(), 1);
    assert!(matches!(reader.remember(vec![Note::new("x")], None), Err(MemoryError::NoIdentity)));
}

#[test]
fn a_copied_record_is_the_copiers_statement_and_gives_no_power_over_the_original() {
    let (left, right) = (MemoryDisk::new(), MemoryDisk::new());
    let (ada, bob) = (open(&left, "ada"), open(&right, "bob"));
    let id = say(&ada, "the harbour freezes in January");
    let original = proof::verify(&ada.proof(&id).unwrap()).unwrap().proof;
    let copy = NewRecord {
        kind: original.record.kind,
        namespace: original.record.namespace,
        key_epoch: original.record.key_epoch,
        time: original.record.time,
        context: original.record.context,
        salt: original.salt,
        content: original.content,
    };
    assert_eq!(copy.leaf().unwrap(), *id.as_bytes());
    bob.store().append(vec![copy]).unwrap();
    merge(&ada, &right);
    assert_eq!(answer(&ada, "harbour").len(), 2);
    bob.forget(&[id]).unwrap();
    merge(&ada, &right);
    assert_eq!(answer(&ada, "harbour").len(), 1);
    let kept = ada.entry(&id).unwrap();
    assert_eq!(kept.author, ada.identity().unwrap().public_key());
    assert!(proof::verify(&ada.proof(&id).unwrap()).is_ok());
}

#[test]
fn withheld_records_make_no_difference_to_the_digest() {
    let (left, right) = (MemoryDisk::new(), MemoryDisk::new());
    let (ada, bob) = (open(&left, "ada"), open(&right, "bob"));
    ada.make_namespace("diary", true).unwrap();
    ada.remember(vec![Note::new("private thoughts")], Some("diary")).unwrap();
    let shared = say(&ada, "public thoughts");
    merge(&bob, &left);
    say(&bob, "an answer");
    merge(&ada, &right);
    assert_eq!(ada.digest().unwrap(), bob.digest().unwrap());
    let namespace = ada.entry(&shared).unwrap().namespace;
    let digests = (ada.namespace_digests().unwrap(), bob.namespace_digests().unwrap());
    assert_eq!(digests.0[&namespace], digests.1[&namespace], "nothing of this one is withheld");
}

#[test]
fn a_namespace_made_private_while_a_merge_runs_stays_private() {
    let left = MemoryDisk::new();
    let ada = open(&left, "ada");
    say(&ada, "before the merge");
    // The clock is read between the list of names and the commits.
    let writer = open(&left, "ada");
    let done = AtomicBool::new(false);
    let options = OpenOptions {
        identity: Some(identity("eve")),
        create: true,
        now: Some(Arc::new(move || {
            if !done.swap(true, Ordering::SeqCst) {
                writer.make_namespace("diary", true).unwrap();
                writer.remember(vec![Note::new("a secret about marzipan")], Some("diary")).unwrap();
            }
            NEW_YEAR_MS + 10_000
        })),
        ..OpenOptions::default()
    };
    let third = MemoryDisk::new();
    let eve = Memory::open_on(Arc::new(third.clone()), options).unwrap();
    let merged = merge(&eve, &left);
    assert_eq!(merged.withheld, 1);
    assert!(!holds(&third, b"marzipan"));
}

#[test]
fn a_backup_brings_lost_segments_back_and_damage_in_it_is_told() {
    let (backup, _) = two_stores();
    let digest = open(&backup, "ada").digest().unwrap();
    let lossy = backup.copy();
    for journal in lossy.list("writers").unwrap() {
        let directory = format!("writers/{journal}");
        for name in lossy.list(&directory).unwrap().iter().filter(|name| name.ends_with(".seg")) {
            lossy.remove(&format!("{directory}/{name}")).unwrap();
        }
    }
    let ada = open(&lossy, "ada");
    assert_ne!(ada.digest().unwrap(), digest);
    let merged = merge(&open(&MemoryDisk::new(), "eve"), &lossy);
    assert_eq!((merged.commits, merged.damage.len()), (0, 1));
    let merged = merge(&ada, &backup);
    assert_eq!((merged.digest, merged.damage), (digest, Vec::new()));
    assert_eq!(merge(&ada, &backup).commits, 0);
}
