//! Processes that change a vault are killed; what they were told is done is there.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use chrysalis_crypto::api_keys::ApiKey;
use chrysalis_crypto::kdf::Argon2Params;
use chrysalis_security::wallet::NewKey;
use chrysalis_security::{Vault, WrappingKey};

const HOST_KEY: [u8; 32] = [7; 32];
const PATH: &str = "CHRYSALIS_TEST_VAULT";
const NAME: &str = "CHRYSALIS_TEST_WORKER";

fn weak() -> Argon2Params {
    Argon2Params::new(8192, 1, 1).unwrap()
}

fn host_key() -> WrappingKey {
    WrappingKey::from_slice_wiping(&mut HOST_KEY.clone()).unwrap()
}

fn opened(path: &Path) -> Vault {
    let vault = Vault::open(path, weak()).unwrap();
    vault.unlock_with_host_key(&host_key(), 1).unwrap();
    vault
}

/// Adds keys until it is killed, and prints the name of each that was added.
#[test]
#[ignore = "the other test starts it in processes of its own"]
fn worker() {
    let vault = opened(Path::new(&std::env::var_os(PATH).unwrap()));
    let worker = std::env::var(NAME).unwrap();
    for number in 0.. {
        let name = format!("{worker}-{number}");
        let key = ApiKey::new(format!("test-key-{name}-0123456789")).unwrap();
        let new = NewKey { name: Some(name.clone()), ..NewKey::default() };
        vault.update(1, |wallet| wallet.add_key("groq", &key, new, 1)).unwrap();
        println!("added {name}");
    }
}

struct Worker {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    added: Vec<String>,
}

impl Worker {
    fn start(path: &Path, name: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["worker", "--exact", "--ignored", "--nocapture"])
            .env(PATH, path)
            .env(NAME, name)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines, added: Vec::new() }
    }

    /// Waits until the worker was told of `count` more keys that they were added.
    fn wait_for(&mut self, count: usize) {
        let goal = self.added.len() + count;
        while self.added.len() < goal {
            let line = self.lines.next().expect("a worker goes on until it is killed").unwrap();
            self.added.extend(line.strip_prefix("added ").map(str::to_owned));
        }
    }

    /// Kills it, wherever it is, and gives what it was told.
    fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        for line in self.lines.map_while(Result::ok) {
            self.added.extend(line.strip_prefix("added ").map(str::to_owned));
        }
        self.child.wait().unwrap();
        self.added
    }
}

#[test]
fn what_was_done_is_there_after_a_kill() {
    let rounds = if std::env::var_os("CHRYSALIS_SOAK").is_some() { 200 } else { 3 };
    let directory = tempfile::tempdir().unwrap();
    for round in 0..rounds {
        let path = directory.path().join(format!("{round}/keys.json"));
        drop(Vault::create_with_host_key(&path, &host_key(), weak(), 1).unwrap());
        let mut first = Worker::start(&path, "first");
        let mut second = Worker::start(&path, "second");
        first.wait_for(1 + round % 7);
        let mut added = first.kill();
        // Whatever the first held is free again.
        second.wait_for(2);
        added.extend(second.kill());

        let vault = opened(&path);
        let entries = vault.read(1, |wallet| wallet.list_keys(None, 1)).unwrap();
        let names: Vec<_> = entries.into_iter().map(|entry| entry.name).collect();
        assert!(added.iter().all(|name| names.contains(name)), "round {round}: {added:?} {names:?}");
        // One key each may have been added without its worker being told.
        assert!(names.len() <= added.len() + 2, "round {round}");
        assert!(vault.audit().unwrap().len() >= names.len(), "the trail has everything");
        // A temporary file that was left is in nobody's way.
        let key = ApiKey::new("test-key-after-0123456789".to_owned()).unwrap();
        vault.update(1, |wallet| wallet.add_key("groq", &key, NewKey::default(), 1)).unwrap();
        assert!(!path.with_file_name("keys.json.tmp").exists());
    }
}
