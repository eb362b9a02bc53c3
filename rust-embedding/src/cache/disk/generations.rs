//! The directories of a cache: one generation is in use, the next is written beside it and then takes its place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrysalis_journal::{Disk, DiskLock, FileDisk, JournalError, OpenMode};

use crate::error::EmbeddingError;

const ROTATION_LOCK: &str = "rotation.lock";
const TEMPORARY: &str = "next.tmp";

/// Where a generation is.
pub(super) fn path_of(root: &Path, generation: u64) -> PathBuf {
    root.join(name_of(generation))
}

/// The newest generation there is; 0 for none.
pub(super) fn newest(root: &Path) -> Result<u64, EmbeddingError> {
    Ok(generations(root)?.into_iter().max().unwrap_or(0))
}

/// Makes the directory where there is none, removes what a crash left of a move, unless one is under way, and gives the
/// generation to use.
pub(super) fn settle(root: &Path) -> Result<u64, EmbeddingError> {
    fs::create_dir_all(root).map_err(io_error("create"))?;
    if let Some(_guard) = lock_rotation(root)? {
        let last = newest(root)?;
        for generation in generations(root)?.into_iter().filter(|generation| *generation < last) {
            remove(root, generation)?;
        }
        remove_dir(&root.join(TEMPORARY))?;
    }
    Ok(newest(root)?.max(1))
}

/// The right to make the next generation; `None` while another process has it.
pub(super) fn lock_rotation(root: &Path) -> Result<Option<Box<dyn DiskLock>>, EmbeddingError> {
    let disk = FileDisk::new(root);
    disk.open(ROTATION_LOCK, OpenMode::Create).map_err(io_error("create"))?;
    disk.try_lock(ROTATION_LOCK).map_err(io_error("lock"))
}

/// The directory in which the next generation is written, empty.
pub(super) fn begin_next(root: &Path) -> Result<PathBuf, EmbeddingError> {
    let temporary = root.join(TEMPORARY);
    remove_dir(&temporary)?;
    Ok(temporary)
}

/// Gives what was written as the next generation its name.
pub(super) fn make_current(root: &Path, generation: u64) -> Result<(), EmbeddingError> {
    fs::rename(root.join(TEMPORARY), path_of(root, generation)).map_err(io_error("rename"))?;
    FileDisk::new(root).sync_dir("").map_err(io_error("sync"))
}

/// Removes a generation that is not in use any more.
pub(super) fn remove(root: &Path, generation: u64) -> Result<(), EmbeddingError> {
    remove_dir(&path_of(root, generation))
}

fn io_error(operation: &'static str) -> impl FnOnce(io::Error) -> EmbeddingError {
    move |error| {
        EmbeddingError::Cache(JournalError::Io {
            operation,
            file: "cache directory".to_owned(),
            kind: error.kind(),
        })
    }
}

fn name_of(generation: u64) -> String {
    format!("generation-{generation:016x}")
}

fn generations(root: &Path) -> Result<Vec<u64>, EmbeddingError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).map_err(io_error("list"))? {
        let name = entry.map_err(io_error("list"))?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("generation-"));
        let number = number.and_then(|number| u64::from_str_radix(number, 16).ok());
        found.extend(number.filter(|number| name.to_str() == Some(&name_of(*number))));
    }
    Ok(found)
}

fn remove_dir(path: &Path) -> Result<(), EmbeddingError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("remove")(error)),
        _ => Ok(()),
    }
}
