//! What a simulated disk keeps: files and names, each as it surely is on the medium and as it was changed since.

use std::collections::{BTreeMap, BTreeSet};

use super::Survival;
use crate::disk::parent;
use crate::memory_disk::overwrite;

/// Paths of files with their inodes, and paths of directories.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) files: BTreeMap<String, usize>,
    pub(super) directories: BTreeSet<String>,
}

#[derive(Clone, Debug)]
pub(super) enum NameChange {
    Directory(String),
    File(String, usize),
    Rename(String, String),
    Remove(String),
    RemoveDirectory(String),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Inode {
    pub(super) content: Vec<u8>,
    durable: Vec<u8>,
    pub(super) pending: Vec<Change>,
}

#[derive(Clone, Debug)]
pub(super) enum Change {
    Write(u64, Vec<u8>),
    Length(u64),
}

const SECTOR: usize = 512;

impl Names {
    pub(super) fn apply(&mut self, change: &NameChange) {
        match change {
            NameChange::Directory(path) => {
                self.directories.insert(path.clone());
            }
            NameChange::File(path, inode) => {
                self.files.insert(path.clone(), *inode);
            }
            // A change that others before it would have made possible, and that did not survive, is none.
            NameChange::Rename(from, to) => {
                if let Some(inode) = self.files.remove(from) {
                    self.files.insert(to.clone(), inode);
                }
            }
            NameChange::Remove(path) => {
                self.files.remove(path);
            }
            // A file whose own removal did not survive keeps its directory.
            NameChange::RemoveDirectory(path) => {
                if self.is_empty(path) {
                    self.directories.remove(path);
                }
            }
        }
    }

    pub(super) fn is_empty(&self, dir: &str) -> bool {
        !self.files.keys().chain(&self.directories).any(|path| parent(path) == dir)
    }

    pub(super) fn drop_orphans(&mut self) {
        let directories = self.directories.clone();
        let is_reachable = |path: &str| {
            let mut dir = parent(path);
            while !dir.is_empty() {
                if !directories.contains(dir) {
                    return false;
                }
                dir = parent(dir);
            }
            true
        };
        self.directories.retain(|path| is_reachable(path));
        self.files.retain(|path, _| is_reachable(path));
    }
}

impl NameChange {
    pub(super) fn is_in(&self, dir: &str) -> bool {
        match self {
            Self::Directory(path)
            | Self::File(path, _)
            | Self::Remove(path)
            | Self::RemoveDirectory(path)
            | Self::Rename(_, path) => parent(path) == dir,
        }
    }
}

impl Inode {
    pub(super) fn change(&mut self, change: Change) {
        change.apply(&mut self.content);
        self.pending.push(change);
    }

    pub(super) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    pub(super) fn survive(&self, survival: Survival, random: &mut Random) -> Self {
        let content = match survival {
            Survival::Synced => self.durable.clone(),
            Survival::All => self.content.clone(),
            Survival::Random(_) => self.mixture(random, false),
            Survival::Stale(_) => self.mixture(random, true),
        };
        Self { durable: content.clone(), content, pending: Vec::new() }
    }

    /// Length and sectors, each from any moment since the last sync.
    pub(super) fn mixture(&self, random: &mut Random, is_stale: bool) -> Vec<u8> {
        let mut moments = vec![self.durable.clone()];
        for change in &self.pending {
            let mut next = moments[moments.len() - 1].clone();
            change.apply(&mut next);
            moments.push(next);
        }
        let pick = |random: &mut Random| usize::try_from(random.below(moments.len() as u64)).unwrap_or(0);
        let length = moments[pick(random)].len();
        let mut content = vec![0; length];
        if is_stale {
            for byte in content.iter_mut().skip(self.durable.len()) {
                *byte = random.next().to_le_bytes()[0];
            }
        }
        // Sometimes most sectors are of one moment, sometimes all are mixed.
        let (favourite, bias) = (pick(random), random.below(4));
        for (i, sector) in content.chunks_mut(SECTOR).enumerate() {
            let moment = if random.below(4) < bias { favourite } else { pick(random) };
            let (start, end) = (i * SECTOR, i * SECTOR + sector.len());
            let source = moments[moment].get(start.min(moments[moment].len())..).unwrap_or_default();
            let source = &source[..source.len().min(end - start)];
            if !source.is_empty() {
                sector.fill(0);
                sector[..source.len()].copy_from_slice(source);
            }
        }
        content
    }
}

impl Change {
    pub(super) fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write(offset, bytes) => {
                // Only what was possible once is kept as a change.
                let _ = overwrite(content, bytes, *offset);
            }
            Self::Length(length) => content.resize(usize::try_from(*length).unwrap_or(usize::MAX), 0),
        }
    }
}

/// SplitMix64.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}
