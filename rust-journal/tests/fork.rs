//! A forked child shares its parent's open files, locks included.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use chrysalis_journal::{FileDisk, verify};
use common::{contents, go, open, poll_all, record};

#[test]
fn a_child_that_lives_on_does_not_keep_its_parents_locks() {
    let directory = tempfile::tempdir().unwrap();
    let disk = FileDisk::new(directory.path());
    let store = open(&disk, 1);
    let first = store.append(vec![record(b"1")]).unwrap();
    let (mut here, mut there) = UnixStream::pair().unwrap();
    // SAFETY: the child waits for its parent and leaves by `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        drop(here);
        let _ = there.read(&mut [0]);
        // SAFETY: ends the child.
        unsafe { libc::_exit(0) };
    }
    assert!(child > 0);
    drop(there);
    store.close().unwrap();
    let again = open(&disk, 1);
    assert_eq!(again.append(vec![record(b"2")]).unwrap().writer, first.writer);
    here.write_all(&[1]).unwrap();
    let mut status = -1;
    // SAFETY: waits for the child made above, with a valid place for its status.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0);
}

#[test]
fn a_forked_child_takes_another_incarnation_and_the_parent_keeps_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let disk = FileDisk::new(directory.path());
    let store = open(&disk, 1);
    let parent = store.append(vec![record(b"parent 1")]).unwrap();
    // SAFETY: the child uses only what this thread owns and leaves by `_exit`, so that nothing of the parent's
    // other threads is waited for or torn down.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let is_another = (0..3).all(|n: u8| {
            store.append(vec![record(&[n])]).is_ok_and(|receipt| receipt.writer != parent.writer)
        });
        let is_read = store.poll(&mut Default::default()).is_ok_and(|commits| commits.len() >= 4);
        drop(store);
        // SAFETY: ends the child.
        unsafe { libc::_exit(i32::from(!(is_another && is_read))) };
    }
    assert!(child > 0);
    assert_eq!(store.append(vec![record(b"parent 2")]).unwrap().writer, parent.writer);
    let mut status = -1;
    // SAFETY: waits for the child made above, with a valid place for its status.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0);
    // The child's exit released no lock of the parent.
    let other = open(&disk, 1);
    assert_ne!(other.append(vec![record(b"other")]).unwrap().writer, parent.writer);
    assert_eq!(store.append(vec![record(b"parent 3")]).unwrap().first, 3);
    assert_eq!(contents(&poll_all(&store)).len(), 7);
    assert!(verify(&disk, &mut go).unwrap().is_sound());
}
