//! Several threads, several processes, and processes that are killed.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Barrier};

use chrysalis_journal::{Cursor, Disk, FileDisk, MemoryDisk, Store, verify};
use common::{contents, go, open, poll_all, record};

#[test]
fn threads_share_commits_and_keep_their_order() {
    const THREADS: usize = 16;
    const EACH: usize = 25;
    let directory = tempfile::tempdir().unwrap();
    let disk = FileDisk::new(directory.path());
    let store = open(&disk, 1);
    let barrier = Barrier::new(THREADS);
    let firsts: BTreeSet<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (store, barrier) = (&store, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    let append = |n| {
                        let texts = [format!("{thread} {n} a"), format!("{thread} {n} b")];
                        store.append(texts.iter().map(|text| record(text.as_bytes())).collect()).unwrap()
                    };
                    (0..EACH).map(|n| append(n).first).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(firsts.len(), THREADS * EACH);
    let commits = poll_all(&store);
    let stats = store.stats();
    assert_eq!((stats.commits, stats.records), (commits.len() as u64, 2 * (THREADS * EACH) as u64));
    assert!(commits.len() < THREADS * EACH, "some commits hold the records of several callers");
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let texts = contents(&commits);
    for pair in texts.chunks(2) {
        let text = |i: usize| String::from_utf8(pair[i].clone()).unwrap();
        let (thread, n) = {
            let mut parts = text(0).split(' ').map(str::to_owned).collect::<Vec<_>>();
            parts.truncate(2);
            (parts[0].clone(), parts[1].parse::<usize>().unwrap())
        };
        assert_eq!(text(1), format!("{thread} {n} b"), "the records of one call stay together");
        let next = seen.entry(thread).or_default();
        assert_eq!(*next, n, "and calls of one thread in order");
        *next += 1;
    }
    assert_eq!(seen.len(), THREADS);
    store.close().unwrap();
    assert!(verify(&disk, &mut go).unwrap().is_sound());
}

#[test]
fn readers_see_a_growing_prefix_while_others_write() {
    let disk = MemoryDisk::new();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3u8)
            .map(|n| {
                let disk = disk.clone();
                scope.spawn(move || {
                    let store = open(&disk, 1);
                    for i in 0..60u8 {
                        store.append(vec![record(&[n, i])]).unwrap();
                    }
                })
            })
            .collect();
        let reader = scope.spawn(|| {
            let store = open(&disk, 2);
            let (mut cursor, mut next) = (Cursor::default(), BTreeMap::new());
            loop {
                let is_last = done.load(std::sync::atomic::Ordering::Acquire);
                for text in contents(&store.poll(&mut cursor).unwrap()) {
                    let expected = next.entry(text[0]).or_insert(0);
                    assert_eq!(text[1], *expected);
                    *expected += 1;
                }
                assert_eq!(store.damage(), []);
                if is_last {
                    break next;
                }
            }
        });
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Release);
        assert_eq!(reader.join().unwrap(), [(0, 60), (1, 60), (2, 60)].into());
    });
}

const DIRECTORY: &str = "CHRYSALIS_TEST_DIRECTORY";
const NAME: &str = "CHRYSALIS_TEST_NAME";

/// Not a test of its own: what [`killed_processes_lose_nothing_they_acknowledged`] starts and kills.
#[test]
#[ignore = "a child process of another test"]
fn child_that_appends_until_it_is_killed() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let name = std::env::var(NAME).unwrap();
    let store = open(&FileDisk::new(Path::new(&directory)), 1);
    let mut out = std::io::stdout();
    for n in 0.. {
        let text = format!("{name} {n} {}", "x".repeat(n % 7 * 700));
        store.append(vec![record(text.as_bytes())]).unwrap();
        writeln!(out, "acknowledged {name} {n}").unwrap();
        out.flush().unwrap();
    }
}

fn spawn(directory: &Path, name: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_appends_until_it_is_killed", "--ignored", "--nocapture"])
        .env(DIRECTORY, directory)
        .env(NAME, name)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn killed_processes_lose_nothing_they_acknowledged() {
    let rounds = if std::env::var_os("CHRYSALIS_SOAK").is_some() { 200 } else { 3 };
    let directory = tempfile::tempdir().unwrap();
    let disk = FileDisk::new(directory.path());
    open(&disk, 1).close().unwrap();
    let mut acknowledged = BTreeSet::new();
    let mut random = common::Random(7);
    for round in 0..rounds {
        let mut children: Vec<(Child, u64)> = (0..2)
            .map(|i| (spawn(directory.path(), &format!("{round}-{i}")), 1 + random.below(12)))
            .collect();
        for (child, lines) in &mut children {
            let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
            let mut count = 0;
            // Kill after some acknowledgements, then read those that were still in the pipe.
            while let Some(Ok(line)) = output.next() {
                // The test harness prints its own words before the first.
                if let Some(at) = line.find("acknowledged ") {
                    acknowledged.insert(line[at + 13..].to_owned());
                    count += 1;
                }
                if count == *lines {
                    child.kill().unwrap();
                }
            }
            child.wait().unwrap();
        }
        let report = verify(&disk, &mut go).unwrap();
        assert!(report.is_sound(), "round {round}: {report:?}");
        let store = open(&disk, 1);
        let held: BTreeSet<String> = contents(&poll_all(&store))
            .into_iter()
            .map(|text| String::from_utf8(text).unwrap().trim_end_matches(['x', ' ']).to_owned())
            .collect();
        let lost: Vec<_> = acknowledged.difference(&held).collect();
        assert!(lost.is_empty(), "round {round}: lost {lost:?}");
        assert_eq!(store.damage(), []);
    }
    let store = open(&disk, 1);
    let own = store.own_writers().unwrap();
    assert!(own.len() <= 3, "as many incarnations as processes at once, not {}", own.len());
    assert!(own.iter().all(|own| own.closed.is_none()));
}

#[test]
fn a_journal_locked_by_someone_else_is_left_alone() {
    let disk = MemoryDisk::new();
    let store = open(&disk, 1);
    let first = store.append(vec![record(b"1")]).unwrap();
    store.close().unwrap();
    let lock = disk.try_lock(&format!("writers/{}/lock", first.writer.name())).unwrap().unwrap();
    let store = Store::open(Arc::new(disk.clone()), common::options(1)).unwrap();
    let second = store.append(vec![record(b"2")]).unwrap();
    assert_ne!(second.writer, first.writer);
    let leaves = BTreeSet::from([first, second].map(|receipt| (receipt.writer.key, receipt.leaves[0])));
    let erased = store.erase(&leaves).unwrap();
    assert_eq!((erased.erased, erased.pending), (1, 1));
    drop(lock);
    let erased = store.erase(&leaves).unwrap();
    assert_eq!((erased.erased, erased.pending), (1, 0));
    assert!(verify(&disk, &mut go).unwrap().is_sound());
}
