//! Files that only their owner can read, written whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use chrysalis_crypto::random;

/// Reads a regular file of at most `limit` bytes; `None` where it is longer.
pub(crate) fn read(path: &Path, limit: usize) -> io::Result<Option<Vec<u8>>> {
    read_all(open(path)?, limit)
}

/// Opens a regular file for reading.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    // Opening a named pipe would wait for whoever writes to it.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
    );
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::from(io::ErrorKind::Unsupported));
    }
    Ok(file)
}

/// All of a file that was opened, if it has at most `limit` bytes.
pub(crate) fn read_all(file: File, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let most = u64::try_from(limit).unwrap_or(u64::MAX);
    let length = file.metadata()?.len();
    if length > most {
        return Ok(None);
    }
    // Room for all of it from the start: a vector that grows leaves what it held before behind, unwiped.
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(limit).saturating_add(64));
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= limit).then_some(bytes))
}

/// Creates a file; `AlreadyExists` where there is something. It is on disk when this returns, and nothing is left where it
/// fails.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let suffix = random::random_hex(8).map_err(io::Error::other)?;
    // Nobody else's, without a lock.
    let temporary = with_suffix(path, &format!(".{suffix}.tmp"));
    write_new(&temporary, bytes)?;
    // A link, unlike a rename, fails where there is something.
    let linked = fs::hard_link(&temporary, path);
    let removed = fs::remove_file(&temporary);
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        // Some file systems have no links.
        Err(_) => write_new(path, bytes)?,
        Ok(()) => removed?,
    }
    sync_directory_of(path)
}

/// Replaces a file's content in one step. Callers hold a lock, so that the name of the temporary file is theirs.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = with_suffix(path, ".tmp");
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    write_new(&temporary, bytes)?;
    if let Err(error) = fs::rename(&temporary, path) {
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    sync_directory_of(path)
}

/// Takes the exclusive lock on the file of this name, which is created if need be. It goes with the process.
pub(crate) fn lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let file = private(&mut options).open(path)?;
    loop {
        match file.lock() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other.map(|()| file),
        }
    }
}

/// The path with `suffix` after its last name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Creates a directory and those above it, for the owner alone where they are new.
pub(crate) fn create_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The directory a file lies in.
pub(crate) fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The permission bits of an open file where group or others have any; `None` where nobody else has.
#[cfg(unix)]
pub(crate) fn exposed_mode(file: &File) -> io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata()?.permissions().mode() & 0o777;
    Ok((mode & 0o077 != 0).then_some(mode))
}

/// Other systems have no such bits, and their access lists are not looked at: a file is as private there as the directory
/// it lies in.
#[cfg(not(unix))]
pub(crate) fn exposed_mode(_: &File) -> io::Result<Option<u32>> {
    Ok(None)
}

/// Writes a file that is not there yet; removes it where that fails half-way.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let mut file = private(&mut options).open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

#[cfg(unix)]
fn sync_directory_of(path: &Path) -> io::Result<()> {
    File::open(directory_of(path))?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory_of(path: &Path) -> io::Result<()> {
    fs::metadata(directory_of(path)).map(|_| ())
}
