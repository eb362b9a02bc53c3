//! A simulated disk whose power can be cut at every operation.
//!
//! It keeps, per file, what is surely on the medium and what was written since; per directory, the names that are
//! surely there and the changes since. A power cut lets any legal part of the rest survive: every 512-byte sector
//! for itself in any of its states since the last sync, the length for itself, every change of a name or none.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::disk::{DirFingerprint, Disk, DiskFile, DiskLock, OpenMode, parent};
use crate::memory_disk::copy_from;

mod medium;

use medium::{Change, Inode, NameChange, Names, Random};

/// The simulated disk. Clones are handles to the same one.
#[derive(Clone, Debug, Default)]
pub struct SimDisk {
    shared: Arc<Shared>,
}

/// An error to be injected into one operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// The operation does nothing and fails.
    Refuse(io::ErrorKind),
    /// A write does half of its work and fails; any other operation as [`Refuse`](Self::Refuse).
    Short(io::ErrorKind),
    /// A sync fails, and what it should have written stays readable but is never written by a later sync: what
    /// several systems do. Any other operation as [`Refuse`](Self::Refuse).
    LostSync(io::ErrorKind),
}

/// What survives a power cut.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Survival {
    /// Only what was synced.
    Synced,
    /// Everything that was written.
    All,
    /// A random legal part, from a seed.
    Random(u64),
    /// As [`Random`](Self::Random), but space that was added and never synced holds random bytes, not zeros.
    Stale(u64),
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    unlocked: Condvar,
}

#[derive(Debug, Default)]
struct State {
    files: Vec<Inode>,
    names: Names,
    durable_names: Names,
    /// Changes of names since the directories they are in were synced, in order.
    pending_names: Vec<NameChange>,
    locks: BTreeSet<String>,
    operations: u64,
    /// No operation beyond this one works any more.
    power_off_at: Option<u64>,
    faults: BTreeMap<u64, Fault>,
    capacity: Option<u64>,
}

impl SimDisk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many operations changed something or synced since the disk was made.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Lets `n` more operations happen. The last of them still reaches the disk's cache but fails, as does
    /// everything after it; with 0, nothing more happens at all.
    pub fn power_off_after(&self, n: u64) {
        let mut state = self.state();
        state.power_off_at = Some(state.operations + n);
        self.shared.unlocked.notify_all();
    }

    /// Injects an error into the operation `n` operations from now; 1 is the next one.
    pub fn fail_at(&self, n: u64, fault: Fault) {
        let mut state = self.state();
        let at = state.operations + n;
        state.faults.insert(at, fault);
    }

    /// Limits the sum of all files' lengths; `None` is no limit.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.state().capacity = bytes;
    }

    /// The sum of all files' lengths.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.state().used()
    }

    /// The disk as the next boot finds it. This one stays as it is.
    #[must_use]
    pub fn power_cut(&self, survival: Survival) -> Self {
        let state = self.state();
        let mut random = Random(match survival {
            Survival::Random(seed) | Survival::Stale(seed) => seed,
            Survival::Synced | Survival::All => 0,
        });
        let mut names = state.durable_names.clone();
        // Either the changes up to some point, as a journalling file system does, or any of them.
        let is_prefix = random.below(2) == 0;
        let prefix = random.below(state.pending_names.len() as u64 + 1);
        for (i, change) in state.pending_names.iter().enumerate() {
            let survives = match survival {
                Survival::Synced => false,
                Survival::All => true,
                Survival::Random(_) | Survival::Stale(_) if is_prefix => (i as u64) < prefix,
                Survival::Random(_) | Survival::Stale(_) => random.below(2) == 0,
            };
            if survives {
                names.apply(change);
            }
        }
        names.drop_orphans();
        let files = state.files.iter().map(|inode| inode.survive(survival, &mut random)).collect();
        Self::with(files, names)
    }

    /// The disk as another process finds it when all processes that used it were killed.
    #[must_use]
    pub fn kill(&self) -> Self {
        let state = self.state();
        let killed = State {
            files: state.files.clone(),
            names: state.names.clone(),
            durable_names: state.durable_names.clone(),
            pending_names: state.pending_names.clone(),
            ..State::default()
        };
        Self { shared: Arc::new(Shared { state: Mutex::new(killed), unlocked: Condvar::new() }) }
    }

    fn with(files: Vec<Inode>, names: Names) -> Self {
        let state = State { files, durable_names: names.clone(), names, ..State::default() };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), unlocked: Condvar::new() }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn error(kind: io::ErrorKind) -> io::Error {
    io::Error::from(kind)
}

fn power_is_off() -> io::Error {
    io::Error::other("the power is off")
}

/// What is to become of one operation.
enum Fate {
    Happens,
    /// It happens, but nobody learns of it.
    Last,
    Fails(Fault),
}

impl State {
    fn check_power(&self) -> io::Result<()> {
        match self.power_off_at {
            Some(at) if self.operations >= at => Err(power_is_off()),
            _ => Ok(()),
        }
    }

    fn begin(&mut self) -> io::Result<Fate> {
        self.check_power()?;
        self.operations += 1;
        if let Some(fault) = self.faults.remove(&self.operations) {
            return Ok(Fate::Fails(fault));
        }
        Ok(if self.power_off_at == Some(self.operations) { Fate::Last } else { Fate::Happens })
    }

    /// For operations that fail as a whole or not at all.
    fn perform<T>(&mut self, action: impl FnOnce(&mut Self) -> io::Result<T>) -> io::Result<T> {
        match self.begin()? {
            Fate::Happens => action(self),
            Fate::Last => action(self).and(Err(power_is_off())),
            Fate::Fails(Fault::Refuse(kind) | Fault::Short(kind) | Fault::LostSync(kind)) => Err(error(kind)),
        }
    }

    fn change_name(&mut self, change: NameChange) {
        self.names.apply(&change);
        self.pending_names.push(change);
    }

    fn require_dir(&self, dir: &str) -> io::Result<()> {
        if dir.is_empty() || self.names.directories.contains(dir) {
            Ok(())
        } else {
            Err(error(io::ErrorKind::NotFound))
        }
    }

    fn used(&self) -> u64 {
        self.names.files.values().map(|inode| self.files[*inode].content.len() as u64).sum()
    }

    /// How many of `length` bytes at `offset` there is room for.
    fn room(&self, inode: usize, offset: u64, length: usize) -> usize {
        let Some(capacity) = self.capacity else { return length };
        let free = capacity.saturating_sub(self.used());
        let old = self.files[inode].content.len() as u64;
        let inside = old.saturating_sub(offset);
        usize::try_from(inside + free).unwrap_or(usize::MAX).min(length)
    }
}

impl Disk for SimDisk {
    fn create_dir_all(&self, dir: &str) -> io::Result<()> {
        let mut state = self.state();
        state.check_power()?;
        let mut missing = Vec::new();
        let mut path = dir;
        while !path.is_empty() && !state.names.directories.contains(path) {
            missing.push(path.to_owned());
            path = parent(path);
        }
        for path in missing.into_iter().rev() {
            state.perform(|state| {
                state.change_name(NameChange::Directory(path));
                Ok(())
            })?;
        }
        Ok(())
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let state = self.state();
        state.check_power()?;
        state.require_dir(dir)?;
        let names: BTreeSet<String> = state
            .names
            .files
            .keys()
            .chain(&state.names.directories)
            .filter(|path| parent(path) == dir)
            .map(|path| path.rsplit('/').next().unwrap_or(path).to_owned())
            .collect();
        Ok(names.into_iter().collect())
    }

    fn open(&self, path: &str, mode: OpenMode) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state();
        state.check_power()?;
        state.require_dir(parent(path))?;
        let inode = match (mode, state.names.files.get(path)) {
            (OpenMode::CreateNew, Some(_)) => return Err(error(io::ErrorKind::AlreadyExists)),
            (_, Some(inode)) => *inode,
            (OpenMode::Read | OpenMode::Write, None) => return Err(error(io::ErrorKind::NotFound)),
            (OpenMode::Create | OpenMode::CreateNew, None) => state.perform(|state| {
                state.files.push(Inode::default());
                let inode = state.files.len() - 1;
                state.change_name(NameChange::File(path.to_owned(), inode));
                Ok(inode)
            })?,
        };
        let writable = mode != OpenMode::Read;
        Ok(Box::new(SimFile { shared: Arc::clone(&self.shared), inode, writable }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        state.check_power()?;
        state.require_dir(parent(to))?;
        if !state.names.files.contains_key(from) {
            return Err(error(io::ErrorKind::NotFound));
        }
        state.perform(|state| {
            state.change_name(NameChange::Rename(from.to_owned(), to.to_owned()));
            Ok(())
        })
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let mut state = self.state();
        state.check_power()?;
        if !state.names.files.contains_key(path) {
            return Err(error(io::ErrorKind::NotFound));
        }
        state.perform(|state| {
            state.change_name(NameChange::Remove(path.to_owned()));
            Ok(())
        })
    }

    fn remove_dir(&self, dir: &str) -> io::Result<()> {
        let mut state = self.state();
        state.check_power()?;
        if !state.names.directories.contains(dir) {
            return Err(error(io::ErrorKind::NotFound));
        }
        if !state.names.is_empty(dir) {
            return Err(error(io::ErrorKind::DirectoryNotEmpty));
        }
        state.perform(|state| {
            state.change_name(NameChange::RemoveDirectory(dir.to_owned()));
            Ok(())
        })
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        let mut state = self.state();
        state.check_power()?;
        state.require_dir(dir)?;
        state.perform(|state| {
            let (done, left): (Vec<_>, Vec<_>) =
                state.pending_names.drain(..).partition(|change| change.is_in(dir));
            state.pending_names = left;
            for change in &done {
                state.durable_names.apply(change);
            }
            Ok(())
        })
    }

    fn try_lock(&self, path: &str) -> io::Result<Option<Box<dyn DiskLock>>> {
        let mut state = self.state();
        state.check_power()?;
        if !state.names.files.contains_key(path) {
            return Err(error(io::ErrorKind::NotFound));
        }
        if !state.locks.insert(path.to_owned()) {
            return Ok(None);
        }
        Ok(Some(Box::new(SimLock { shared: Arc::clone(&self.shared), path: path.to_owned() })))
    }

    fn lock(&self, path: &str) -> io::Result<Box<dyn DiskLock>> {
        let mut state = self.state();
        loop {
            state.check_power()?;
            if !state.names.files.contains_key(path) {
                return Err(error(io::ErrorKind::NotFound));
            }
            if state.locks.insert(path.to_owned()) {
                return Ok(Box::new(SimLock { shared: Arc::clone(&self.shared), path: path.to_owned() }));
            }
            state = self.shared.unlocked.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn fingerprint(&self, dir: &str) -> io::Result<DirFingerprint> {
        let state = self.state();
        state.check_power()?;
        state.require_dir(dir)?;
        Ok(DirFingerprint::default())
    }
}

struct SimLock {
    shared: Arc<Shared>,
    path: String,
}

impl DiskLock for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.shared.state().locks.remove(&self.path);
        self.shared.unlocked.notify_all();
    }
}

struct SimFile {
    shared: Arc<Shared>,
    inode: usize,
    writable: bool,
}

impl SimFile {
    fn require_writable(&self) -> io::Result<()> {
        if self.writable { Ok(()) } else { Err(error(io::ErrorKind::PermissionDenied)) }
    }
}

impl DiskFile for SimFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.shared.state();
        state.check_power()?;
        Ok(copy_from(&state.files[self.inode].content, buffer, offset))
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.require_writable()?;
        let mut state = self.shared.state();
        let (length, result) = match state.begin()? {
            Fate::Happens => (bytes.len(), Ok(())),
            Fate::Last => (bytes.len(), Err(power_is_off())),
            Fate::Fails(Fault::Short(kind)) => (bytes.len() / 2, Err(error(kind))),
            Fate::Fails(Fault::Refuse(kind) | Fault::LostSync(kind)) => (0, Err(error(kind))),
        };
        let room = state.room(self.inode, offset, bytes.len());
        let result = if room < bytes.len() { Err(error(io::ErrorKind::StorageFull)) } else { result };
        let length = length.min(room);
        if length > 0 {
            state.files[self.inode].change(Change::Write(offset, bytes[..length].to_vec()));
        }
        result
    }

    fn len(&self) -> io::Result<u64> {
        let state = self.shared.state();
        state.check_power()?;
        Ok(state.files[self.inode].content.len() as u64)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.require_writable()?;
        let inode = self.inode;
        self.shared.state().perform(|state| {
            if state.room(inode, 0, usize::try_from(length).unwrap_or(usize::MAX)) as u64 != length {
                return Err(error(io::ErrorKind::StorageFull));
            }
            state.files[inode].change(Change::Length(length));
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.shared.state();
        match state.begin()? {
            Fate::Happens => {
                state.files[self.inode].sync();
                Ok(())
            }
            Fate::Last => {
                state.files[self.inode].sync();
                Err(power_is_off())
            }
            Fate::Fails(Fault::LostSync(kind)) => {
                state.files[self.inode].pending.clear();
                Err(error(kind))
            }
            Fate::Fails(Fault::Refuse(kind) | Fault::Short(kind)) => Err(error(kind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_synced_survives_and_the_rest_survives_in_part() {
        let disk = SimDisk::new();
        disk.create_dir_all("d").unwrap();
        disk.sync_dir("").unwrap();
        let file = disk.open("d/f", OpenMode::CreateNew).unwrap();
        file.write_all_at(&[1; 2048], 0).unwrap();
        file.sync().unwrap();
        disk.sync_dir("d").unwrap();
        file.write_all_at(&[2; 2048], 1024).unwrap();
        let mut seen = BTreeSet::new();
        for seed in 0..200 {
            let after = disk.power_cut(Survival::Random(seed));
            let file = after.open("d/f", OpenMode::Read).unwrap();
            let mut bytes = vec![0; 4096];
            let length = file.read_at(&mut bytes, 0).unwrap();
            assert!(length == 2048 || length == 3072);
            assert_eq!(bytes[..1024], [1; 1024]);
            for sector in bytes[1024..length].chunks(512) {
                assert!(sector.iter().all(|byte| *byte == sector[0]));
            }
            seen.insert(bytes.chunks(512).map(|sector| sector[0]).collect::<Vec<_>>());
        }
        assert!(seen.len() > 8, "{seen:?}");
    }

    #[test]
    fn names_need_their_directory_synced() {
        let disk = SimDisk::new();
        disk.open("f", OpenMode::CreateNew).unwrap().sync().unwrap();
        assert!(disk.power_cut(Survival::Synced).list("").unwrap().is_empty());
        assert_eq!(disk.power_cut(Survival::All).list("").unwrap(), ["f"]);
        disk.sync_dir("").unwrap();
        disk.rename("f", "g").unwrap();
        assert_eq!(disk.power_cut(Survival::Synced).list("").unwrap(), ["f"]);
        disk.sync_dir("").unwrap();
        assert_eq!(disk.power_cut(Survival::Synced).list("").unwrap(), ["g"]);
    }

    #[test]
    fn only_empty_directories_are_removed_and_only_synced_removals_survive() {
        let disk = SimDisk::new();
        disk.create_dir_all("d").unwrap();
        disk.open("d/f", OpenMode::CreateNew).unwrap().sync().unwrap();
        disk.sync_dir("d").unwrap();
        disk.sync_dir("").unwrap();
        assert_eq!(disk.remove_dir("d").unwrap_err().kind(), io::ErrorKind::DirectoryNotEmpty);
        assert_eq!(disk.remove_dir("e").unwrap_err().kind(), io::ErrorKind::NotFound);
        disk.remove("d/f").unwrap();
        disk.remove_dir("d").unwrap();
        assert!(disk.list("").unwrap().is_empty());
        assert_eq!(disk.power_cut(Survival::Synced).list("d").unwrap(), ["f"]);
        disk.sync_dir("").unwrap();
        assert!(disk.power_cut(Survival::Synced).list("d").is_ok(), "the file's removal was not synced");
        disk.create_dir_all("g").unwrap();
        disk.sync_dir("").unwrap();
        disk.remove_dir("g").unwrap();
        disk.sync_dir("").unwrap();
        assert!(disk.power_cut(Survival::Synced).list("g").is_err());
    }

    #[test]
    fn a_lost_sync_stays_readable_until_the_power_goes() {
        let disk = SimDisk::new();
        let file = disk.open("f", OpenMode::CreateNew).unwrap();
        disk.sync_dir("").unwrap();
        file.write_all_at(b"lost", 0).unwrap();
        disk.fail_at(1, Fault::LostSync(io::ErrorKind::Other));
        assert!(file.sync().is_err());
        assert!(file.sync().is_ok());
        assert_eq!(file.len().unwrap(), 4);
        let synced = disk.power_cut(Survival::Synced);
        assert_eq!(synced.open("f", OpenMode::Read).unwrap().len().unwrap(), 0);
    }
}
