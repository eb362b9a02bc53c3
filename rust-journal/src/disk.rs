//! The trait through which everything durable goes, so that tests can cut the power at every operation.

use std::io;

/// How a file is opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OpenMode {
    /// An existing file, for reading.
    Read,
    /// An existing file, for reading and writing.
    Write,
    /// An existing file or a new empty one, for reading and writing.
    Create,
    /// A new empty file, for reading and writing; `AlreadyExists` where there is one.
    CreateNew,
}

/// A directory that can be made durable. Paths are relative to its root, with `/` between names; the empty path
/// is the root.
///
/// What an implementation owes its callers: what [`DiskFile::sync`] returned for is on the medium, content and
/// length; a name created, renamed or removed is on the medium once [`sync_dir`](Self::sync_dir) of its
/// directory returned; [`rename`](Self::rename) replaces its target in one step; a 512-byte sector is written
/// whole or not at all.
pub trait Disk: Send + Sync + 'static {
    /// Creates a directory and those above it; nothing where it exists.
    ///
    /// # Errors
    /// Whatever the operating system says.
    fn create_dir_all(&self, dir: &str) -> io::Result<()>;

    /// The names in a directory, sorted.
    ///
    /// # Errors
    /// `NotFound` where there is no such directory.
    fn list(&self, dir: &str) -> io::Result<Vec<String>>;

    /// Opens a file.
    ///
    /// # Errors
    /// `NotFound`, `AlreadyExists` and the rest, as [`OpenMode`] says.
    fn open(&self, path: &str, mode: OpenMode) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file another name, replacing what had it. Open handles stay with their file.
    ///
    /// # Errors
    /// Whatever the operating system says.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file's name.
    ///
    /// # Errors
    /// `NotFound` and the rest.
    fn remove(&self, path: &str) -> io::Result<()>;

    /// Removes an empty directory.
    ///
    /// # Errors
    /// `NotFound` where there is none, `DirectoryNotEmpty` and the rest.
    fn remove_dir(&self, dir: &str) -> io::Result<()>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// Whatever the operating system says.
    fn sync_dir(&self, dir: &str) -> io::Result<()>;

    /// Takes the exclusive lock on an existing file if nobody has it. The lock goes with the process at the
    /// latest, and works on a directory that cannot be written.
    ///
    /// # Errors
    /// `NotFound` where there is no such file. A lock held by another is `Ok(None)`.
    fn try_lock(&self, path: &str) -> io::Result<Option<Box<dyn DiskLock>>>;

    /// Takes the exclusive lock on an existing file, waiting for whoever has it.
    ///
    /// # Errors
    /// `NotFound` where there is no such file.
    fn lock(&self, path: &str) -> io::Result<Box<dyn DiskLock>>;

    /// What tells this directory from a copy of it, as far as the operating system knows.
    ///
    /// # Errors
    /// `NotFound` where there is no such directory.
    fn fingerprint(&self, dir: &str) -> io::Result<DirFingerprint>;
}

/// An open file with positioned reads and writes.
#[expect(clippy::len_without_is_empty, reason = "a length in bytes, not a collection")]
pub trait DiskFile: Send + Sync {
    /// Reads at `offset` until `buffer` is full or the file ends; gives the number of bytes read.
    ///
    /// # Errors
    /// Whatever the operating system says; interruptions are retried.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all of `bytes` at `offset`, growing the file where needed.
    ///
    /// # Errors
    /// Whatever the operating system says; part of the bytes may have been written.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Length in bytes.
    ///
    /// # Errors
    /// Whatever the operating system says.
    fn len(&self) -> io::Result<u64>;

    /// Cuts the file, or grows it with zeros.
    ///
    /// # Errors
    /// Whatever the operating system says.
    fn set_len(&self, length: u64) -> io::Result<()>;

    /// Makes content and length durable: `fdatasync`, `F_FULLFSYNC` or `FlushFileBuffers`.
    ///
    /// # Errors
    /// Whatever the operating system says. After a failure nothing is known about earlier writes.
    fn sync(&self) -> io::Result<()>;
}

/// A held lock. Dropping it releases it in the process that took it; in a forked child, dropping the inherited lock
/// leaves the parent's alone.
pub trait DiskLock: Send + Sync {}

/// What tells a directory from its copy. Device numbers are left out: they change on reboots and in containers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct DirFingerprint {
    /// The inode, where there are inodes.
    pub inode: Option<u64>,
    /// Time of creation in nanoseconds since 1970, where the file system keeps it.
    pub birth_ns: Option<u64>,
}

/// Replaces a file's content in one step: a temporary file beside it, synced, renamed, and the directory synced.
///
/// # Errors
/// Whatever the disk says; the old content is then still there, or the new one, never a mixture.
pub fn write_atomic(disk: &dyn Disk, path: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = format!("{path}{TEMPORARY}");
    let file = disk.open(&temporary, OpenMode::Create)?;
    file.set_len(0)?;
    file.write_all_at(bytes, 0)?;
    file.sync()?;
    drop(file);
    disk.rename(&temporary, path)?;
    disk.sync_dir(parent(path))
}

/// What the names of unfinished files end with.
pub(crate) const TEMPORARY: &str = ".tmp";

/// Reads a whole small file; `None` where it is longer than `limit`.
pub(crate) fn read_small(disk: &dyn Disk, path: &str, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let file = disk.open(path, OpenMode::Read)?;
    let mut bytes = vec![0; limit + 1];
    let length = file.read_at(&mut bytes, 0)?;
    bytes.truncate(length);
    Ok((length <= limit).then_some(bytes))
}

/// The directory a path lies in; the root for a bare name.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}
