//! Named pipes and directories where a store has files: refused at once, never waited for.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use chrysalis_journal::{FileDisk, ImportOptions, JournalError, MemoryDisk, Options, Store, verify};
use common::{go, open, options, poll_all, record};

/// Makes a store, puts a named pipe in the place of `file`, uses it in every way, and gives what verify says.
fn use_with_pipe(directory: &Path, file: &str) -> Result<bool, JournalError> {
    let disk = FileDisk::new(directory);
    let store = open(&disk, 1);
    store.append(vec![record(b"first")]).unwrap();
    store.close().unwrap();
    let path = match file.strip_prefix("writers/") {
        None => directory.join(file),
        Some(name) => {
            let journal = std::fs::read_dir(directory.join("writers")).unwrap().next().unwrap().unwrap();
            journal.path().join(name)
        }
    };
    std::fs::remove_file(&path).unwrap();
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    for read_only in [true, false] {
        if let Ok(store) = Store::open(Arc::new(disk.clone()), Options { read_only, ..options(1) }) {
            poll_all(&store);
            let target = open(&MemoryDisk::new(), 2);
            let report = target.import_from(&store, &ImportOptions::default(), &mut go).unwrap();
            if file.ends_with(".seg") {
                assert_eq!(report.damage.len(), 1, "{file}");
            }
            // It may work, in another journal, or fail: it comes back.
            let _ = store.append(vec![record(b"second")]);
        }
    }
    verify(&disk, &mut go).map(|report| report.is_sound())
}

#[test]
fn named_pipes_are_refused_and_nothing_hangs() {
    let files = [
        "FORMAT",
        "local/hosts/01010101010101010101010101010101",
        "local/lock",
        "writers/durable",
        "writers/lock",
        "writers/0000000000000001.seg",
    ];
    for file in files {
        let directory = tempfile::tempdir().unwrap();
        let (send, receive) = mpsc::channel();
        let path = directory.path().to_owned();
        std::thread::spawn(move || send.send(use_with_pipe(&path, file)));
        let said = receive.recv_timeout(Duration::from_secs(20)).unwrap_or_else(|_| panic!("{file} hangs"));
        match said {
            // Nothing is read from or written to locks.
            Ok(is_sound) => assert!(file.ends_with("local/lock") && is_sound, "{file}"),
            Err(JournalError::Io { kind, .. }) => assert_eq!(kind, ErrorKind::Unsupported, "{file}"),
            Err(error) => panic!("{file}: {error}"),
        }
    }
}
