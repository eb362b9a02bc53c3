//! Several hosts in one directory, and copies of it.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use chrysalis_crypto::commit::WriterId;
use chrysalis_crypto::hex;
use chrysalis_journal::disk::DirFingerprint;
use chrysalis_journal::sim::{SimDisk, Survival};
use chrysalis_journal::text::{Closed, Host, decode_host, encode_host};
use chrysalis_journal::{
    Disk, FileDisk, ImportOptions, MemoryDisk, OpenMode, Options, Receipt, Store, verify,
};
use common::{contents, go, options, poll_all, record};

fn open_at(disk: &(impl Disk + Clone), host: u8) -> Store {
    Store::open(Arc::new(disk.clone()), Options { host: [host; 16], ..options(1) }).unwrap()
}

fn append(store: &Store, text: &str) -> Receipt {
    store.append(vec![record(text.as_bytes())]).unwrap()
}

/// One process of a host: opens, appends, ends.
fn visit(disk: &(impl Disk + Clone), host: u8, text: &str) -> WriterId {
    let store = open_at(disk, host);
    let receipt = append(&store, text);
    store.close().unwrap();
    receipt.writer
}

fn why_closed(disk: &(impl Disk + Clone), writer: WriterId) -> Option<Closed> {
    let own = open_at(disk, 9).own_writers().unwrap();
    own.iter().find(|own| own.writer == writer).unwrap().closed
}

fn assert_sound(disk: &dyn Disk) {
    let report = verify(disk, &mut go).unwrap();
    assert!(report.is_sound(), "{report:?}");
}

/// Each learns from the other; both then hold the same commits, and nobody forked.
fn assert_merge(left: &Store, right: &Store) {
    left.import_from(right, &ImportOptions::default(), &mut go).unwrap();
    right.import_from(left, &ImportOptions::default(), &mut go).unwrap();
    let hashes = |store: &Store| poll_all(store).iter().map(|commit| commit.hash).collect::<BTreeSet<_>>();
    assert_eq!(hashes(left), hashes(right));
    for store in [left, right] {
        assert_eq!(store.branches().unwrap(), []);
    }
}

/// As `cp -a` does it: the same files in other directories.
fn copy_directory(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_directory(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn host_path(host: u8) -> String {
    format!("local/hosts/{}", hex::encode(&[host; 16]))
}

/// Makes a directory look copied to one host: its record names another inode.
fn displace(disk: &dyn Disk, host: u8) {
    let fingerprint = DirFingerprint { inode: Some(7), birth_ns: None };
    let bytes = encode_host(&Host { id: [host; 16], fingerprint });
    let file = disk.open(&host_path(host), OpenMode::Write).unwrap();
    file.set_len(0).unwrap();
    file.write_all_at(&bytes, 0).unwrap();
    file.sync().unwrap();
}

#[test]
fn hosts_that_take_turns_keep_a_journal_each() {
    let directory = tempfile::tempdir().unwrap();
    let disk = FileDisk::new(directory.path());
    let mut writers = BTreeSet::new();
    for turn in 0..16u8 {
        writers.insert((turn % 2, visit(&disk, turn % 2, &format!("turn {turn}"))));
    }
    assert_eq!(writers.len(), 2);
    let store = open_at(&disk, 0);
    assert!(store.own_writers().unwrap().iter().all(|own| own.closed.is_none()));
    assert_eq!(contents(&poll_all(&store)).len(), 16);
    assert_sound(&disk);
}

#[test]
fn hosts_that_write_at_once_share_no_journal() {
    let disk = MemoryDisk::new();
    let (one, two) = (open_at(&disk, 1), open_at(&disk, 2));
    let first = append(&one, "1").writer;
    let second = append(&two, "2").writer;
    assert_ne!(first, second);
    // Free, and still only its own host's.
    one.close().unwrap();
    two.close().unwrap();
    assert_eq!(visit(&disk, 2, "3"), second);
    assert_eq!(visit(&disk, 1, "4"), first);
    assert_sound(&disk);
}

#[test]
fn in_a_copy_the_same_host_begins_anew_and_the_original_goes_on() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let disk = FileDisk::new(here.path());
    let writer = visit(&disk, 1, "before");
    let stranger = visit(&disk, 2, "of another host");
    copy_directory(here.path(), there.path());
    let copy = FileDisk::new(there.path());
    let new = visit(&copy, 1, "in the copy");
    assert_ne!(new, writer);
    assert_eq!(why_closed(&copy, writer), Some(Closed::Copied));
    assert_eq!(why_closed(&copy, stranger), None, "that host judges for itself");
    assert_eq!(visit(&copy, 1, "again in the copy"), new);
    assert_eq!(visit(&disk, 1, "in the original"), writer);
    assert_eq!(why_closed(&disk, writer), None);
    // And it does, when it comes.
    assert_ne!(visit(&copy, 2, "late in the copy"), stranger);
    assert_eq!(why_closed(&copy, stranger), Some(Closed::Copied));
    assert_eq!(visit(&disk, 2, "late in the original"), stranger);
    assert_merge(&open_at(&disk, 1), &open_at(&copy, 1));
    assert_eq!(visit(&disk, 1, "after merging"), writer);
    assert_eq!(visit(&copy, 1, "after merging"), new);
    assert_merge(&open_at(&disk, 2), &open_at(&copy, 2));
    for disk in [&disk, &copy] {
        assert_sound(disk);
    }
}

#[test]
fn in_a_copy_another_host_only_adds_its_own() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let disk = FileDisk::new(here.path());
    let writer = visit(&disk, 1, "before");
    copy_directory(here.path(), there.path());
    let copy = FileDisk::new(there.path());
    let new = visit(&copy, 2, "in the copy");
    assert_ne!(new, writer);
    assert_eq!(why_closed(&copy, writer), None);
    // The original's host opens the copy, after the original went on.
    assert_eq!(visit(&disk, 1, "in the original"), writer);
    assert!(![writer, new].contains(&visit(&copy, 1, "a guest in the copy")));
    assert_eq!(why_closed(&copy, writer), Some(Closed::Copied));
    assert_eq!(visit(&copy, 2, "again in the copy"), new);
    assert_merge(&open_at(&disk, 1), &open_at(&copy, 2));
    assert_eq!(visit(&disk, 1, "after merging"), writer);
    assert_merge(&open_at(&disk, 1), &open_at(&copy, 2));
    for disk in [&disk, &copy] {
        assert_sound(disk);
    }
}

/// Commits of another host's open journal that arrive from elsewhere close it: the directory is an earlier state.
#[test]
fn a_restored_journal_of_another_host_is_not_appended_to() {
    let disk = MemoryDisk::new();
    let writer = visit(&disk, 1, "1");
    let backup = disk.copy();
    visit(&disk, 1, "2");
    let guest = open_at(&backup, 2);
    guest.import_from(&open_at(&disk, 2), &ImportOptions::default(), &mut go).unwrap();
    assert_eq!(why_closed(&backup, writer), Some(Closed::Restored));
    assert_ne!(visit(&backup, 1, "3"), writer);
    assert_merge(&guest, &open_at(&disk, 1));
    assert_sound(&backup);
}

#[test]
fn without_its_record_a_host_takes_nothing_it_finds() {
    for is_damaged in [false, true] {
        let disk = MemoryDisk::new();
        let (mine, other) = (visit(&disk, 1, "mine"), visit(&disk, 2, "other"));
        if is_damaged {
            disk.open(&host_path(1), OpenMode::Write).unwrap().set_len(20).unwrap();
            assert!(!verify(&disk, &mut go).unwrap().is_sound());
        } else {
            disk.remove(&host_path(1)).unwrap();
        }
        assert_ne!(visit(&disk, 1, "new"), mine);
        assert_eq!(why_closed(&disk, mine), Some(Closed::Copied));
        assert_eq!(visit(&disk, 2, "other again"), other);
        assert_sound(&disk);
    }
}

#[test]
fn a_damaged_birth_marker_is_found_and_its_writer_is_left_alone() {
    let disk = MemoryDisk::new();
    let writer = visit(&disk, 1, "1");
    let path = format!("local/born/{}", writer.name());
    disk.open(&path, OpenMode::Write).unwrap().write_all_at(b"x", 8).unwrap();
    let report = verify(&disk, &mut go).unwrap();
    assert_eq!(report.findings.iter().map(|finding| &finding.file).collect::<Vec<_>>(), [&path]);
    assert_ne!(visit(&disk, 1, "2"), writer);
    assert_eq!(contents(&poll_all(&open_at(&disk, 1))).len(), 2);
}

const SURVIVALS: [Survival; 3] = [Survival::Synced, Survival::All, Survival::Random(1)];

#[test]
fn a_host_whose_first_append_is_cut_short_loses_nobody_anything() {
    let base = SimDisk::new();
    let first = visit(&base, 1, "1");
    let base = base.kill();
    let mut cuts = 0;
    for survival in SURVIVALS {
        for n in 0.. {
            let disk = base.kill();
            disk.power_off_after(n);
            let result = Store::open(Arc::new(disk.clone()), Options { host: [2; 16], ..options(1) })
                .and_then(|store| store.append(vec![record(b"2")]));
            let after = disk.power_cut(survival);
            cuts += 1;
            assert_sound(&after);
            let second = visit(&after, 2, "after the cut");
            assert_ne!(second, first);
            // Its record is durable before its first marker: it takes what it began.
            assert_eq!(visit(&after, 2, "later"), second);
            if let Ok(receipt) = &result {
                assert_eq!(receipt.writer, second);
            }
            assert_eq!(visit(&after, 1, "the other host"), first);
            let own = open_at(&after, 1).own_writers().unwrap();
            assert!(
                own.iter().all(|own| matches!(own.closed, None | Some(Closed::Missing))),
                "{survival:?}, cut {n}"
            );
            assert_sound(&after);
            if result.is_ok() {
                break;
            }
        }
    }
    assert!(cuts > 20, "{cuts}");
}

#[test]
fn in_a_copy_no_cut_leaves_the_inherited_journal_to_be_appended_to() {
    let base = SimDisk::new();
    let inherited = visit(&base, 1, "1");
    let other = visit(&base, 2, "2");
    displace(&base, 1);
    let base = base.kill();
    let mut cuts = 0;
    for survival in SURVIVALS {
        for n in 0.. {
            let disk = base.kill();
            disk.power_off_after(n);
            let result = Store::open(Arc::new(disk.clone()), options(1))
                .and_then(|store| store.append(vec![record(b"3")]));
            let after = disk.power_cut(survival);
            cuts += 1;
            assert_ne!(visit(&after, 1, "after the cut"), inherited, "{survival:?}, cut {n}");
            assert_eq!(why_closed(&after, inherited), Some(Closed::Copied));
            assert_eq!(visit(&after, 2, "the other host"), other);
            assert_sound(&after);
            if result.is_ok() {
                break;
            }
        }
    }
    assert!(cuts > 20, "{cuts}");
    let disk = base.kill();
    visit(&disk, 1, "3");
    let file = disk.open(&host_path(1), OpenMode::Read).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(&mut bytes, 0).unwrap();
    let here = Host { id: [1; 16], fingerprint: disk.fingerprint("local").unwrap() };
    assert_eq!(decode_host(&bytes), Some(here));
}
