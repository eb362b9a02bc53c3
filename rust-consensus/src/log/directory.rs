//! A directory of a disk as a disk of its own, so that each generation of the log is a whole store.

use std::io;
use std::sync::Arc;

use chrysalis_journal::disk::DirFingerprint;
use chrysalis_journal::{Disk, DiskFile, DiskLock, OpenMode};

/// What lies below one directory of another disk.
#[derive(Clone)]
pub(super) struct Directory {
    disk: Arc<dyn Disk>,
    name: String,
}

impl Directory {
    pub(super) fn new(disk: Arc<dyn Disk>, name: &str) -> Self {
        Self { disk, name: name.to_owned() }
    }

    fn resolve(&self, path: &str) -> String {
        if path.is_empty() { self.name.clone() } else { format!("{}/{path}", self.name) }
    }
}

impl Disk for Directory {
    fn create_dir_all(&self, dir: &str) -> io::Result<()> {
        self.disk.create_dir_all(&self.resolve(dir))
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.disk.list(&self.resolve(dir))
    }

    fn open(&self, path: &str, mode: OpenMode) -> io::Result<Box<dyn DiskFile>> {
        self.disk.open(&self.resolve(path), mode)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(&self.resolve(from), &self.resolve(to))
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.disk.remove(&self.resolve(path))
    }

    fn remove_dir(&self, dir: &str) -> io::Result<()> {
        self.disk.remove_dir(&self.resolve(dir))
    }

    /// The directory's own name is part of its root.
    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        self.disk.sync_dir(&self.resolve(dir))?;
        if dir.is_empty() { self.disk.sync_dir("") } else { Ok(()) }
    }

    fn try_lock(&self, path: &str) -> io::Result<Option<Box<dyn DiskLock>>> {
        self.disk.try_lock(&self.resolve(path))
    }

    fn lock(&self, path: &str) -> io::Result<Box<dyn DiskLock>> {
        self.disk.lock(&self.resolve(path))
    }

    fn fingerprint(&self, dir: &str) -> io::Result<DirFingerprint> {
        self.disk.fingerprint(&self.resolve(dir))
    }
}

/// Removes a directory and everything below it; nothing where there is none. May be interrupted and repeated.
pub(super) fn remove_tree(disk: &dyn Disk, dir: &str) -> io::Result<()> {
    let names = match disk.list(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for name in names {
        let path = format!("{dir}/{name}");
        // A disk does not tell files from directories; one of the two works.
        if disk.list(&path).is_ok() {
            remove_tree(disk, &path)?;
        } else {
            disk.remove(&path)?;
        }
    }
    disk.sync_dir(dir)?;
    disk.remove_dir(dir)
}

#[cfg(test)]
mod tests {
    use chrysalis_journal::{FileDisk, MemoryDisk};

    use super::*;

    #[test]
    fn a_tree_is_removed_whole_and_its_neighbours_stay() {
        let directory = tempfile::tempdir().unwrap();
        let disks: [Arc<dyn Disk>; 2] =
            [Arc::new(MemoryDisk::new()), Arc::new(FileDisk::new(directory.path()))];
        for disk in disks {
            let inner = Directory::new(Arc::clone(&disk), "a");
            inner.create_dir_all("b/c").unwrap();
            disk.create_dir_all("ab").unwrap();
            for path in ["f", "b/f", "b/c/f"] {
                inner.open(path, OpenMode::CreateNew).unwrap();
            }
            assert_eq!(disk.list("a/b").unwrap(), ["c", "f"]);
            remove_tree(&*disk, "a").unwrap();
            remove_tree(&*disk, "a").unwrap();
            assert_eq!(disk.list("").unwrap(), ["ab"]);
        }
    }
}
