//! Forks, backups, copies, gaps: what arrives from elsewhere.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use chrysalis_crypto::commit::RecordHeader;
use chrysalis_crypto::merkle::Hash;
use chrysalis_journal::text::Closed;
use chrysalis_journal::{
    Commit, Cursor, Disk, ImportOptions, MemoryDisk, OpenMode, Options, Store, StoredRecord, verify,
};
use common::{contents, go, open, options, poll_all, record};

fn import(target: &Store, source: &Store) -> chrysalis_journal::ImportReport {
    target.import_from(source, &ImportOptions::default(), &mut go).unwrap()
}

fn hashes(store: &Store) -> BTreeSet<Hash> {
    poll_all(store).iter().map(|commit| commit.hash).collect()
}

fn assert_sound(disk: &MemoryDisk) {
    let report = verify(disk, &mut go).unwrap();
    assert!(report.is_sound(), "{report:?}");
}

/// Appends `texts`, one commit each, and closes.
fn write(disk: &MemoryDisk, seed: u8, texts: &[&[u8]]) {
    let store =
        Store::open(Arc::new(disk.clone()), Options { segment_bytes: 1500, ..options(seed) }).unwrap();
    for text in texts {
        store.append(vec![record(text)]).unwrap();
    }
    store.close().unwrap();
}

#[test]
fn every_branch_of_a_fork_arrives_and_merges_in_any_order() {
    let base = MemoryDisk::new();
    write(&base, 1, &[b"1", b"2", b"3", b"4"]);
    let (left, right) = (base.copy(), base.copy());
    write(&left, 1, &[b"left 5", b"left 6"]);
    write(&right, 1, &[b"right 5", b"right 6", b"right 7"]);
    // A fork of the fork, and one at the very beginning.
    let third = right.copy();
    write(&third, 1, &[b"third 8"]);
    write(&right, 1, &[b"right 8"]);
    let disks = [&left, &right, &third];
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let target = MemoryDisk::new();
        let store = open(&target, 9);
        for _ in 0..2 {
            for i in order {
                let report = import(&store, &open(disks[i], 8));
                assert_eq!(report.refused, 0, "{report:?}");
            }
        }
        let all: BTreeSet<Hash> = disks.iter().flat_map(|disk| hashes(&open(*disk, 8))).collect();
        assert_eq!(hashes(&store), all);
        assert_eq!(all.len(), 4 + 2 + 4 + 1);
        assert_eq!(store.branches().unwrap().len(), 2);
        assert_sound(&target);
        // And on to a third store, whose order of branches is another.
        let onward = MemoryDisk::new();
        let last = open(&onward, 7);
        let report = import(&last, &store);
        assert_eq!((report.refused, report.commits), (0, all.len() as u64));
        assert_eq!(hashes(&last), all);
        assert_eq!(import(&last, &store), Default::default());
        assert_sound(&onward);
    }
}

#[test]
fn a_fork_in_one_batch_of_commits_is_taken_apart() {
    let base = MemoryDisk::new();
    write(&base, 1, &[b"1", b"2"]);
    let fork = base.copy();
    write(&base, 1, &[b"3"]);
    write(&fork, 1, &[b"3'"]);
    let mut commits = poll_all(&open(&base, 8));
    commits.extend(poll_all(&open(&fork, 8)));
    let target = MemoryDisk::new();
    let store = open(&target, 9);
    let report = store.import(commits, &ImportOptions::default(), &mut go).unwrap();
    assert_eq!((report.commits, report.known, report.refused, report.branches), (4, 2, 0, 1));
    assert_sound(&target);
}

#[test]
fn commits_that_do_not_verify_or_fit_are_refused_and_named() {
    let source = MemoryDisk::new();
    write(&source, 1, &[b"1", b"2", b"3"]);
    let commits = poll_all(&open(&source, 8));
    let honest = MemoryDisk::new();
    write(&honest, 2, &[b"honest"]);
    let honest = poll_all(&open(&honest, 8));
    let change = |change: &dyn Fn(&mut Commit)| {
        let mut changed = commits[0].clone();
        change(&mut changed);
        vec![changed]
    };
    let cases: Vec<(&str, Vec<Commit>)> = vec![
        ("commit is not signed", change(&|commit| commit.signature = None)),
        ("signature does not verify", change(&|commit| commit.signature = Some([1; 64]))),
        ("hash differs from the header", change(&|commit| commit.hash[0] ^= 1)),
        (
            "signature does not verify",
            change(&|commit| {
                commit.header.time += 1;
                commit.hash = commit.header.hash();
            }),
        ),
        ("record count differs from the header", change(&|commit| commit.records.clear())),
        (
            "content differs from its digest",
            change(&|commit| {
                if let StoredRecord::Full { content, .. } = &mut commit.records[0] {
                    content[0] ^= 1;
                }
            }),
        ),
        (
            "records differ from the Merkle root",
            change(&|commit| {
                commit.records[0] = StoredRecord::Withheld { leaf: [7; 32] };
            }),
        ),
        ("the commit before it is not known", vec![commits[1].clone()]),
        ("the commit before it is not known", vec![commits[2].clone()]),
    ];
    for (reason, commits) in cases {
        let target = MemoryDisk::new();
        let store = open(&target, 9);
        let sequence = commits[0].header.first;
        let mixed = commits.into_iter().chain(honest.clone());
        let report = store.import(mixed, &ImportOptions::default(), &mut go).unwrap();
        assert_eq!((report.commits, report.refused), (1, 1), "{reason}: {report:?}");
        assert_eq!((report.refusals[0].reason, report.refusals[0].sequence), (reason, sequence));
        assert_eq!(contents(&poll_all(&store)), [b"honest".to_vec()], "one liar blocks nobody");
        assert_sound(&target);
    }
    // Unsigned journals stay where they are.
    let cache = MemoryDisk::new();
    let unsigned = Store::open(Arc::new(cache.clone()), Options { signer: None, ..options(1) }).unwrap();
    unsigned.append(vec![record(b"cached")]).unwrap();
    assert_eq!(contents(&poll_all(&unsigned)), [b"cached".to_vec()]);
    assert_sound(&cache);
    let report = import(&open(&MemoryDisk::new(), 9), &unsigned);
    assert_eq!((report.commits, report.refusals[0].reason), (0, "commit is not signed"));
}

#[test]
fn commits_travel_as_bytes() {
    let source = open(&MemoryDisk::new(), 1);
    for n in 0..5u8 {
        source.append(vec![record(&[n; 100]), record(&[n; 3])]).unwrap();
    }
    let erased = source.read(&poll_all(&source)[2].position).unwrap().leaves().unwrap()[1];
    source.erase(&BTreeSet::from([(source.public_key(), erased)])).unwrap();
    let sent: Vec<Vec<u8>> = poll_all(&source).iter().map(|commit| commit.to_bytes().unwrap()).collect();
    let received = sent.iter().map(|bytes| Commit::from_bytes(bytes).unwrap());
    let store = open(&MemoryDisk::new(), 2);
    assert_eq!(store.import(received, &ImportOptions::default(), &mut go).unwrap().commits, 5);
    assert_eq!(hashes(&store), hashes(&source));
    assert_eq!(contents(&poll_all(&store)).len(), 9);
    for at in 0..sent[2].len() {
        let mut changed = sent[2].clone();
        changed[at] ^= 1;
        assert!(Commit::from_bytes(&changed).is_err());
        assert!(Commit::from_bytes(&sent[2][..at]).is_err());
    }
    let nowhere = Commit::from_bytes(&sent[0]).unwrap().position;
    assert_eq!(store.read(&nowhere).unwrap_err().code(), "journal/invalid-argument");
}

#[test]
fn withheld_records_verify_and_stay_withheld() {
    let source = open(&MemoryDisk::new(), 1);
    let receipt = source.append(vec![record(b"public"), record(b"private")]).unwrap();
    source.append(vec![record(b"more")]).unwrap();
    let digest = poll_all(&source)[0].records[1].header().unwrap().content_digest;
    let withhold = |header: &RecordHeader| header.content_digest == digest;
    let disk = MemoryDisk::new();
    let store = open(&disk, 2);
    let options = ImportOptions { withhold: Some(&withhold), ..ImportOptions::default() };
    store.import_from(&source, &options, &mut go).unwrap();
    let commits = poll_all(&store);
    assert_eq!(contents(&commits), [b"public".to_vec(), b"more".to_vec()]);
    assert_eq!(commits[0].records[1], StoredRecord::Withheld { leaf: receipt.leaves[1] });
    assert_eq!(commits[0].leaves().unwrap(), receipt.leaves);
    assert!(commits[0].prove(0).unwrap().verify().is_ok());
    assert_eq!(verify(&disk, &mut go).unwrap().withheld, 1);
    assert_sound(&disk);
    assert_eq!(store.erase(&BTreeSet::from([(receipt.writer.key, receipt.leaves[1])])).unwrap().erased, 0);
}

#[test]
fn a_copied_directory_goes_on_as_another_writer() {
    let disk = MemoryDisk::new();
    let original = open(&disk, 1);
    let before = original.append(vec![record(b"before")]).unwrap();
    let copy = disk.copy();
    let elsewhere = Options { host: [2; 16], ..options(1) };
    let store = Store::open(Arc::new(copy.clone()), elsewhere).unwrap();
    let after = store.append(vec![record(b"in the copy")]).unwrap();
    assert_ne!(after.writer, before.writer);
    // Both go on, and learn from each other without a fork.
    original.append(vec![record(b"in the original")]).unwrap();
    import(&store, &original);
    let own = store.own_writers().unwrap();
    assert!(own.iter().any(|own| own.writer == before.writer && own.closed == Some(Closed::Restored)));
    import(&original, &store);
    assert_eq!(hashes(&store), hashes(&original));
    assert!(store.branches().unwrap().is_empty());
    for disk in [&disk, &copy] {
        assert_sound(disk);
    }
}

#[test]
fn a_restored_backup_learns_its_own_later_commits_back() {
    let disk = MemoryDisk::new();
    write(&disk, 1, &[b"1", b"2"]);
    let backup = disk.copy();
    write(&disk, 1, &[b"3", b"4"]);
    let peer = open(&MemoryDisk::new(), 2);
    import(&peer, &open(&disk, 8));
    // Restored in place, it cannot tell that it lost anything, until it meets the peer.
    let restored = open(&backup, 1);
    let report = import(&restored, &peer);
    assert_eq!((report.commits, report.branches), (2, 0));
    assert_eq!(contents(&poll_all(&restored)), [b"1".to_vec(), b"2".to_vec(), b"3".to_vec(), b"4".to_vec()]);
    let next = restored.append(vec![record(b"5")]).unwrap();
    assert_eq!(next.first, 1, "a new incarnation");
    assert_eq!(
        restored.own_writers().unwrap().iter().filter(|own| own.closed == Some(Closed::Restored)).count(),
        1
    );
    assert!(restored.branches().unwrap().is_empty());
    assert_sound(&backup);
    // Had it gone on first, that is a fork, and both branches are kept.
    let backup = MemoryDisk::new();
    write(&backup, 1, &[b"1"]);
    let old = backup.copy();
    write(&backup, 1, &[b"2"]);
    let later = open(&backup, 8);
    let restored = open(&old, 1);
    restored.append(vec![record(b"2'")]).unwrap();
    let report = import(&restored, &later);
    assert_eq!((report.commits, report.branches), (1, 1));
    restored.append(vec![record(b"3'")]).unwrap();
    assert_eq!(contents(&poll_all(&restored)).len(), 4);
    assert_sound(&old);
}

#[test]
fn damage_is_repaired_from_a_peer() {
    let disk = MemoryDisk::new();
    write(&disk, 1, &[b"1", &[2; 900], &[3; 900], b"4"]);
    let peer = open(&MemoryDisk::new(), 2);
    import(&peer, &open(&disk, 8));
    let journal = disk.list("writers").unwrap()[0].clone();
    let path = format!("writers/{journal}/0000000000000002.seg");
    // In the second commit.
    disk.open(&path, OpenMode::Write).unwrap().write_all_at(&[0xff], 900).unwrap();
    let store = open(&disk, 1);
    assert!(contents(&poll_all(&store)) == [b"1".to_vec()]);
    assert_eq!(store.damage().len(), 1);
    assert_eq!(import(&store, &peer).commits, 3);
    let texts: BTreeSet<Vec<u8>> = contents(&poll_all(&store)).into_iter().collect();
    assert!(texts == [b"1".to_vec(), vec![2; 900], vec![3; 900], b"4".to_vec()].into());
    assert_eq!(import(&store, &peer).commits, 0);
    assert_eq!(store.append(vec![record(b"5")]).unwrap().first, 1, "a new incarnation");
}

#[test]
fn imports_can_be_watched_and_stopped_and_gone_on_with() {
    let source = open(&MemoryDisk::new(), 1);
    for n in 0..20u8 {
        source.append(vec![record(&vec![n; 2 << 20])]).unwrap();
    }
    let store = open(&MemoryDisk::new(), 2);
    let mut seen = Vec::new();
    let mut stop = |now: chrysalis_journal::ImportProgress| {
        seen.push(now.commits);
        if seen.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let report = store.import_from(&source, &ImportOptions::default(), &mut stop).unwrap();
    assert!(report.is_stopped);
    assert_eq!(seen, [4, 8]);
    assert_eq!(import(&store, &source).commits, 12);
    assert_eq!(hashes(&store), hashes(&source));
}

#[test]
fn a_forged_journal_on_disk_is_not_admitted() {
    // Someone with access to the directory writes a journal in another's name.
    let forged = MemoryDisk::new();
    let victim = common::key(3).public_key();
    struct Liar([u8; 32]);
    impl chrysalis_journal::Signer for Liar {
        fn public_key(&self) -> [u8; 32] {
            self.0
        }
        fn sign(
            &self,
            header: &chrysalis_crypto::commit::CommitHeader,
        ) -> Result<[u8; 64], chrysalis_crypto::CryptoError> {
            Ok(header.sign(&common::key(4)))
        }
    }
    let liar = Options { signer: Some(Arc::new(Liar(victim))), ..options(1) };
    let store = Store::open(Arc::new(forged.clone()), liar).unwrap();
    assert_eq!(store.append(vec![record(b"lie")]).unwrap_err().code(), "journal/crypto");
    assert!(poll_all(&store).is_empty());
    // The same bytes under another name: the journal of key 4 renamed to the victim's.
    let source = MemoryDisk::new();
    write(&source, 4, &[b"mine"]);
    let name = source.list("writers").unwrap()[0].clone();
    let other = format!("{}{}", chrysalis_crypto::hex::encode(&victim), &name[64..]);
    let target = MemoryDisk::new();
    let reader = open(&target, 5);
    target.create_dir_all(&format!("writers/{other}")).unwrap();
    for file in source.list(&format!("writers/{name}")).unwrap() {
        let from = source.open(&format!("writers/{name}/{file}"), OpenMode::Read).unwrap();
        let mut bytes = vec![0; usize::try_from(from.len().unwrap()).unwrap()];
        from.read_at(&mut bytes, 0).unwrap();
        target
            .open(&format!("writers/{other}/{file}"), OpenMode::Create)
            .unwrap()
            .write_all_at(&bytes, 0)
            .unwrap();
    }
    assert!(reader.poll(&mut Cursor::default()).unwrap().is_empty());
    assert_eq!(reader.damage().len(), 1);
    assert!(!verify(&target, &mut go).unwrap().is_sound());
}
