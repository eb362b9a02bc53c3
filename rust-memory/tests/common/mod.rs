//! What the tests of this crate share: agents with fixed keys, stores in memory, a clock that stands still.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a failure is what a test is for")]

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrysalis_journal::{Disk, MemoryDisk, OpenMode};
use chrysalis_memory::{Identity, Memory, Merged, Note, OpenOptions, Query};

/// 2026-01-01T00:00:00Z.
pub(crate) const NEW_YEAR_MS: u64 = 1_767_225_600_000;

/// A clock that advances a second each time it is read.
pub(crate) fn clock() -> Arc<dyn Fn() -> u64 + Send + Sync> {
    let ticks = AtomicU64::new(0);
    Arc::new(move || NEW_YEAR_MS + 1000 * ticks.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn identity(name: &str) -> Arc<Identity> {
    let mut seed = [0; 32];
    seed[..name.len()].copy_from_slice(name.as_bytes());
    Arc::new(Identity::from_seed(name, &seed).unwrap())
}

pub(crate) fn open(disk: &MemoryDisk, name: &str) -> Memory {
    open_at(disk, name, [1; 16])
}

/// Opens as on another machine: a store that was born elsewhere is a copy there.
pub(crate) fn open_at(disk: &MemoryDisk, name: &str, host: [u8; 16]) -> Memory {
    let options = OpenOptions {
        identity: Some(identity(name)),
        host,
        create: true,
        now: Some(clock()),
        ..OpenOptions::default()
    };
    Memory::open_on(Arc::new(disk.clone()), options).unwrap()
}

pub(crate) fn merge(into: &Memory, from: &MemoryDisk) -> Merged {
    into.merge_disk(Arc::new(from.clone()), &mut |_| ControlFlow::Continue(())).unwrap()
}

pub(crate) fn say(memory: &Memory, text: &str) -> chrysalis_memory::EntryId {
    memory.remember(vec![Note::new(text)], None).unwrap()[0]
}

/// Whether any file on the disk holds these bytes.
pub(crate) fn holds(disk: &dyn Disk, needle: &[u8]) -> bool {
    fn below(disk: &dyn Disk, path: &str, needle: &[u8]) -> bool {
        if let Ok(file) = disk.open(path, OpenMode::Read) {
            let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
            file.read_at(&mut bytes, 0).unwrap();
            return bytes.windows(needle.len()).any(|window| window == needle);
        }
        let names = disk.list(path).unwrap();
        names.iter().any(|name| {
            below(disk, &if path.is_empty() { name.clone() } else { format!("{path}/{name}") }, needle)
        })
    }
    below(disk, "", needle)
}

/// Ids and score bits of the answer, which is what must be equal everywhere.
pub(crate) fn answer(memory: &Memory, question: &str) -> Vec<(String, u64)> {
    let hits = memory.recall(&Query { limit: 20, ..Query::new(question) }).unwrap().hits;
    hits.iter().map(|hit| (hit.entry.id.to_string(), hit.score.to_bits())).collect()
}
