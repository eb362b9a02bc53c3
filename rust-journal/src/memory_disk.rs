//! A disk in memory, for caches, browsers and tests: as durable as the process.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};

use crate::disk::{DirFingerprint, Disk, DiskFile, DiskLock, OpenMode, parent};

/// Files in memory. Clones are handles to the same files: two stores on one disk see each other.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk {
    shared: Arc<Shared>,
}

impl MemoryDisk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A separate disk with the same files, and no locks held: what a copied directory is.
    #[must_use]
    pub fn copy(&self) -> Self {
        let tree = self.tree();
        let files = tree
            .files
            .iter()
            .map(|(path, content)| (path.clone(), Arc::new(RwLock::new(content.read_bytes().clone()))))
            .collect();
        let copy = Tree { files, directories: tree.directories.clone(), locks: BTreeSet::new() };
        Self { shared: Arc::new(Shared { tree: Mutex::new(copy), unlocked: Condvar::new() }) }
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.shared.tree()
    }
}

#[derive(Debug, Default)]
struct Shared {
    tree: Mutex<Tree>,
    unlocked: Condvar,
}

#[derive(Debug, Default)]
struct Tree {
    files: BTreeMap<String, Content>,
    directories: BTreeSet<String>,
    locks: BTreeSet<String>,
}

type Content = Arc<RwLock<Vec<u8>>>;

trait ReadBytes {
    fn read_bytes(&self) -> std::sync::RwLockReadGuard<'_, Vec<u8>>;
}

impl ReadBytes for Content {
    fn read_bytes(&self) -> std::sync::RwLockReadGuard<'_, Vec<u8>> {
        self.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn tree(&self) -> MutexGuard<'_, Tree> {
        // Every change is one step, so that a panic elsewhere leaves the tree whole.
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tree {
    fn file(&self, path: &str) -> io::Result<Content> {
        self.files.get(path).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn require_dir(&self, dir: &str) -> io::Result<()> {
        if dir.is_empty() || self.directories.contains(dir) {
            Ok(())
        } else {
            Err(io::Error::from(io::ErrorKind::NotFound))
        }
    }
}

impl Disk for MemoryDisk {
    fn create_dir_all(&self, dir: &str) -> io::Result<()> {
        let mut tree = self.tree();
        let mut dir = dir;
        while !dir.is_empty() {
            tree.directories.insert(dir.to_owned());
            dir = parent(dir);
        }
        Ok(())
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let tree = self.tree();
        tree.require_dir(dir)?;
        let names: BTreeSet<String> = tree
            .files
            .keys()
            .chain(&tree.directories)
            .filter(|path| parent(path) == dir)
            .map(|path| path.rsplit('/').next().unwrap_or(path).to_owned())
            .collect();
        Ok(names.into_iter().collect())
    }

    fn open(&self, path: &str, mode: OpenMode) -> io::Result<Box<dyn DiskFile>> {
        let mut tree = self.tree();
        tree.require_dir(parent(path))?;
        let content = match (mode, tree.files.get(path)) {
            (OpenMode::CreateNew, Some(_)) => return Err(io::Error::from(io::ErrorKind::AlreadyExists)),
            (OpenMode::Create | OpenMode::CreateNew, None) => {
                let content = Content::default();
                tree.files.insert(path.to_owned(), Arc::clone(&content));
                content
            }
            _ => tree.file(path)?,
        };
        Ok(Box::new(MemoryFile { content, writable: mode != OpenMode::Read }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut tree = self.tree();
        tree.require_dir(parent(to))?;
        let content = tree.files.remove(from).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        tree.files.insert(to.to_owned(), content);
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let removed = self.tree().files.remove(path);
        removed.map(|_| ()).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn remove_dir(&self, dir: &str) -> io::Result<()> {
        let mut tree = self.tree();
        tree.require_dir(dir)?;
        if tree.files.keys().chain(&tree.directories).any(|path| parent(path) == dir) {
            return Err(io::Error::from(io::ErrorKind::DirectoryNotEmpty));
        }
        tree.directories.remove(dir);
        Ok(())
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        self.tree().require_dir(dir)
    }

    fn try_lock(&self, path: &str) -> io::Result<Option<Box<dyn DiskLock>>> {
        let mut tree = self.tree();
        tree.file(path)?;
        if !tree.locks.insert(path.to_owned()) {
            return Ok(None);
        }
        Ok(Some(Box::new(MemoryLock { shared: Arc::clone(&self.shared), path: path.to_owned() })))
    }

    fn lock(&self, path: &str) -> io::Result<Box<dyn DiskLock>> {
        let mut tree = self.tree();
        tree.file(path)?;
        while !tree.locks.insert(path.to_owned()) {
            tree = self.shared.unlocked.wait(tree).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(Box::new(MemoryLock { shared: Arc::clone(&self.shared), path: path.to_owned() }))
    }

    fn fingerprint(&self, dir: &str) -> io::Result<DirFingerprint> {
        self.tree().require_dir(dir)?;
        Ok(DirFingerprint::default())
    }
}

struct MemoryLock {
    shared: Arc<Shared>,
    path: String,
}

impl DiskLock for MemoryLock {}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.shared.tree().locks.remove(&self.path);
        self.shared.unlocked.notify_all();
    }
}

struct MemoryFile {
    content: Content,
    writable: bool,
}

impl MemoryFile {
    fn write(&self) -> io::Result<std::sync::RwLockWriteGuard<'_, Vec<u8>>> {
        if !self.writable {
            return Err(io::Error::from(io::ErrorKind::PermissionDenied));
        }
        Ok(self.content.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl DiskFile for MemoryFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        Ok(copy_from(&self.content.read_bytes(), buffer, offset))
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut content = self.write()?;
        overwrite(&mut content, bytes, offset)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.content.read_bytes().len() as u64)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let length = to_index(length)?;
        self.write()?.resize(length, 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Copies what `content` has at `offset` into `buffer`; gives how much that was.
pub(crate) fn copy_from(content: &[u8], buffer: &mut [u8], offset: u64) -> usize {
    let start = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
    let length = buffer.len().min(content.len() - start);
    buffer[..length].copy_from_slice(&content[start..start + length]);
    length
}

/// Writes `bytes` into `content` at `offset`, growing it with zeros.
pub(crate) fn overwrite(content: &mut Vec<u8>, bytes: &[u8], offset: u64) -> io::Result<()> {
    let start = to_index(offset)?;
    let end = start.checked_add(bytes.len()).ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
    if end > content.len() {
        content.resize(end, 0);
    }
    content[start..end].copy_from_slice(bytes);
    Ok(())
}

fn to_index(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))
}
