//! A directory of the operating system.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::disk::{DirFingerprint, Disk, DiskFile, DiskLock, OpenMode};

/// The directory at a path, through the operating system. Only regular files and links to them are opened.
#[derive(Clone, Debug)]
pub struct FileDisk {
    root: PathBuf,
}

impl FileDisk {
    /// A disk whose root is `root`; the directory is created with the first thing in it.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    /// The root given to [`new`](Self::new).
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn resolve(&self, path: &str) -> io::Result<PathBuf> {
        if path.is_empty() {
            return Ok(self.root.clone());
        }
        if path.split('/').any(|name| matches!(name, "" | "." | "..") || name.contains(['\\', '\0'])) {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        Ok(self.root.join(path))
    }

    fn open_lock(&self, path: &str) -> io::Result<File> {
        let path = self.resolve(path)?;
        // Some network file systems lock exclusively only through a handle that may write.
        match open_regular(OpenOptions::new().read(true).write(true), &path) {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
                ) =>
            {
                open_regular(OpenOptions::new().read(true), &path)
            }
            other => other,
        }
    }
}

impl Disk for FileDisk {
    fn create_dir_all(&self, dir: &str) -> io::Result<()> {
        fs::create_dir_all(self.resolve(dir)?)
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.resolve(dir)?)? {
            // Names that are not Unicode are not ours.
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn open(&self, path: &str, mode: OpenMode) -> io::Result<Box<dyn DiskFile>> {
        let path = self.resolve(path)?;
        let mut options = OpenOptions::new();
        options.read(true);
        match mode {
            OpenMode::Read => &mut options,
            OpenMode::Write => options.write(true),
            OpenMode::Create => options.write(true).create(true).truncate(false),
            OpenMode::CreateNew => options.write(true).create_new(true),
        };
        Ok(Box::new(open_regular(&mut options, &path)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.resolve(from)?, self.resolve(to)?)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        fs::remove_file(self.resolve(path)?)
    }

    fn remove_dir(&self, dir: &str) -> io::Result<()> {
        fs::remove_dir(self.resolve(dir)?)
    }

    #[cfg(unix)]
    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        sync_directory(&File::open(self.resolve(dir)?)?)?;
        if dir.is_empty() {
            // The root has a name too. Directories above it that we may not open were not made by us.
            let root = std::path::absolute(&self.root)?;
            for above in root.ancestors().skip(1) {
                let Ok(directory) = File::open(above) else { break };
                sync_directory(&directory)?;
            }
        }
        Ok(())
    }

    /// Windows has no such call: NTFS journals names itself.
    #[cfg(windows)]
    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        fs::metadata(self.resolve(dir)?).map(|_| ())
    }

    fn try_lock(&self, path: &str) -> io::Result<Option<Box<dyn DiskLock>>> {
        let file = self.open_lock(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(FileLock::boxed(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn lock(&self, path: &str) -> io::Result<Box<dyn DiskLock>> {
        let file = self.open_lock(path)?;
        loop {
            match file.lock() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(()) => return Ok(FileLock::boxed(file)),
            }
        }
    }

    fn fingerprint(&self, dir: &str) -> io::Result<DirFingerprint> {
        let metadata = fs::metadata(self.resolve(dir)?)?;
        let birth_ns = metadata
            .created()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .and_then(|age| u64::try_from(age.as_nanos()).ok());
        Ok(DirFingerprint { inode: inode(&metadata), birth_ns })
    }
}

/// Opens a regular file. Anything else is refused with `Unsupported`, and at once: opening or reading a named pipe
/// waits for whoever may write to it.
fn open_regular(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, libc::O_NONBLOCK);
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::from(io::ErrorKind::Unsupported)) }
}

/// Some file systems have no such call for directories, and say so.
#[cfg(unix)]
fn sync_directory(directory: &File) -> io::Result<()> {
    match directory.sync_all() {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        other => other,
    }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have no inodes")]
fn inode(metadata: &fs::Metadata) -> Option<u64> {
    Some(std::os::unix::fs::MetadataExt::ino(metadata))
}

#[cfg(windows)]
fn inode(_: &fs::Metadata) -> Option<u64> {
    None
}

/// The lock belongs to the open file, which a forked child shares: closing releases it only when the child has
/// closed its copy too, and unlocking releases it for both. So whoever took it unlocks, and a child only closes.
struct FileLock {
    file: File,
    process: u32,
}

impl FileLock {
    fn boxed(file: File) -> Box<dyn DiskLock> {
        Box::new(Self { file, process: std::process::id() })
    }
}

impl DiskLock for FileLock {}

impl Drop for FileLock {
    fn drop(&mut self) {
        if self.process == std::process::id() {
            // Should it fail, closing the file does the same unless there is such a child.
            let _ = self.file.unlock();
        }
    }
}

impl DiskFile for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match read_some(self, &mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut written = 0;
        while written < bytes.len() {
            match write_some(self, &bytes[written..], offset + written as u64) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero)),
                Ok(n) => written += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        Self::set_len(self, length)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

#[cfg(unix)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(unix)]
fn write_some(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::write_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

#[cfg(windows)]
fn write_some(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_write(file, bytes, offset)
}
