//! What the tests share.
#![allow(dead_code, clippy::unwrap_used, reason = "tests, of which each file uses its part")]

use std::ops::ControlFlow;
use std::sync::Arc;

use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_journal::{Commit, Cursor, Disk, NewRecord, Options, Store, StoredRecord};

pub(crate) fn key(seed: u8) -> Arc<SigningKey> {
    Arc::new(SigningKey::from_seed(&[seed; 32]))
}

pub(crate) fn options(seed: u8) -> Options {
    Options { signer: Some(key(seed)), host: [1; 16], ..Options::default() }
}

pub(crate) fn open(disk: &(impl Disk + Clone), seed: u8) -> Store {
    Store::open(Arc::new(disk.clone()), options(seed)).unwrap()
}

pub(crate) fn record(text: &[u8]) -> NewRecord {
    NewRecord {
        kind: 1,
        namespace: [2; 16],
        key_epoch: 0,
        time: 3,
        context: vec![4, 5],
        salt: [6; 16],
        content: text.to_vec(),
    }
}

pub(crate) fn poll_all(store: &Store) -> Vec<Commit> {
    store.poll(&mut Cursor::default()).unwrap()
}

/// The contents of a store's full records, in the order of a poll.
pub(crate) fn contents(commits: &[Commit]) -> Vec<Vec<u8>> {
    let full = |record: &StoredRecord| match record {
        StoredRecord::Full { content, .. } => Some(content.clone()),
        _ => None,
    };
    commits.iter().flat_map(|commit| commit.records.iter().filter_map(full)).collect()
}

pub(crate) fn go<T>(_: T) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// A small, fast, seeded generator (SplitMix64): the same everywhere, and the seed is printed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}
