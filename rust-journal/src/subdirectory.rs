//! A directory of a disk as a disk of its own.

use std::io;
use std::sync::Arc;

use crate::disk::{DirFingerprint, Disk, DiskFile, DiskLock, OpenMode};

/// A directory of another disk, for a store that stands inside something larger. Its locks and files are those of the other disk.
#[derive(Clone)]
pub struct Subdirectory {
    disk: Arc<dyn Disk>,
    path: String,
}

impl Subdirectory {
    /// The directory `path` of `disk`; it is made when something is created in it.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, path: &str) -> Self {
        Self { disk, path: path.trim_matches('/').to_owned() }
    }

    fn full(&self, path: &str) -> String {
        match (self.path.as_str(), path) {
            ("", path) => path.to_owned(),
            (directory, "") => directory.to_owned(),
            (directory, path) => [directory, "/", path].concat(),
        }
    }
}

impl Disk for Subdirectory {
    fn create_dir_all(&self, dir: &str) -> io::Result<()> {
        self.disk.create_dir_all(&self.full(dir))
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.disk.list(&self.full(dir))
    }

    fn open(&self, path: &str, mode: OpenMode) -> io::Result<Box<dyn DiskFile>> {
        self.disk.open(&self.full(path), mode)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(&self.full(from), &self.full(to))
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.disk.remove(&self.full(path))
    }

    fn remove_dir(&self, dir: &str) -> io::Result<()> {
        self.disk.remove_dir(&self.full(dir))
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        self.disk.sync_dir(&self.full(dir))
    }

    fn try_lock(&self, path: &str) -> io::Result<Option<Box<dyn DiskLock>>> {
        self.disk.try_lock(&self.full(path))
    }

    fn lock(&self, path: &str) -> io::Result<Box<dyn DiskLock>> {
        self.disk.lock(&self.full(path))
    }

    fn fingerprint(&self, dir: &str) -> io::Result<DirFingerprint> {
        self.disk.fingerprint(&self.full(dir))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cursor, MemoryDisk, NewRecord, Options, Store};

    #[test]
    fn a_store_stands_inside_another_directory() {
        let whole = MemoryDisk::new();
        let inner: Arc<dyn Disk> = Arc::new(Subdirectory::new(Arc::new(whole.clone()), "/a/b/"));
        let record = NewRecord {
            kind: 1,
            namespace: [0; 16],
            key_epoch: 0,
            time: 0,
            context: Vec::new(),
            salt: [0; 16],
            content: b"text".to_vec(),
        };
        let store = Store::open(inner.clone(), Options::default()).unwrap();
        store.append(vec![record]).unwrap();
        store.close().unwrap();
        assert_eq!(whole.list("").unwrap(), ["a"]);
        assert!(whole.list("a/b").unwrap().contains(&"FORMAT".to_owned()));
        let again = Store::open(inner, Options { create: false, ..Options::default() }).unwrap();
        assert_eq!(again.poll(&mut Cursor::default()).unwrap().len(), 1);
    }

    #[test]
    fn the_root_is_a_directory_too() {
        let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::new());
        let inner = Subdirectory::new(disk.clone(), "");
        inner.create_dir_all("x").unwrap();
        assert_eq!(disk.list("").unwrap(), ["x"]);
    }
}
