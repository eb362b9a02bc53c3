//! The files beside the generations, and what went wrong with any of them.

use std::io;

use chrysalis_journal::{Disk, DiskLock, JournalError, OpenMode};

use super::directory::remove_tree;
use super::{HEAD_LENGTH, Head};
use crate::error::ConsensusError;

pub(crate) const CURRENT: &str = "CURRENT";
const CURRENT_TEMPORARY: &str = "CURRENT.tmp";
const LOCK: &str = "lock";

pub(crate) fn take_lock(disk: &dyn Disk, create: bool) -> Result<Box<dyn DiskLock>, ConsensusError> {
    if create {
        disk.create_dir_all("").map_err(|error| failed("create", ".", &error))?;
    }
    // Beside a log the file is made again; without one there is nothing to hold.
    let is_there = match disk.open(CURRENT, OpenMode::Read) {
        Ok(_) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(failed("open", CURRENT, &error)),
    };
    if create || is_there {
        disk.open(LOCK, OpenMode::Create).map_err(|error| failed("create", LOCK, &error))?;
    }
    match disk.try_lock(LOCK) {
        Ok(Some(lock)) => Ok(lock),
        Ok(None) => Err(ConsensusError::LogHeld),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ConsensusError::LogMissing),
        Err(error) => Err(failed("lock", LOCK, &error)),
    }
}

pub(crate) fn read_head(disk: &dyn Disk) -> Result<Option<Head>, ConsensusError> {
    let file = match disk.open(CURRENT, OpenMode::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|error| failed("open", CURRENT, &error))?,
    };
    let mut bytes = vec![0; HEAD_LENGTH + 1];
    let length = file.read_at(&mut bytes, 0).map_err(|error| failed("read", CURRENT, &error))?;
    match Head::from_bytes(&bytes[..length]) {
        Ok(head) => Ok(Some(head)),
        Err(ConsensusError::Malformed { at, .. }) => Err(damaged(CURRENT, at as u64, "not what was written")),
        Err(error) => Err(error),
    }
}

/// Replaces `CURRENT` in one step. A failure says whether the old one is certainly still there.
pub(crate) fn write_head(disk: &dyn Disk, head: &Head) -> Result<(), (bool, ConsensusError)> {
    let write = || -> io::Result<()> {
        let file = disk.open(CURRENT_TEMPORARY, OpenMode::Create)?;
        file.set_len(0)?;
        file.write_all_at(&head.to_bytes(), 0)?;
        file.sync()
    };
    write().map_err(|error| (true, failed("write", CURRENT_TEMPORARY, &error)))?;
    let replace = || -> io::Result<()> {
        disk.rename(CURRENT_TEMPORARY, CURRENT)?;
        disk.sync_dir("")
    };
    replace().map_err(|error| (false, failed("replace", CURRENT, &error)))
}

pub(crate) fn directory_name(number: u64) -> String {
    format!("{number:016x}")
}

/// The numbers of the generations that there is anything of, ascending.
pub(crate) fn generations(disk: &dyn Disk) -> Result<Vec<u64>, ConsensusError> {
    let names = disk.list("").map_err(|error| failed("list", ".", &error))?;
    let number = |name: &String| u64::from_str_radix(name, 16).ok().filter(|n| directory_name(*n) == *name);
    Ok(names.iter().filter_map(number).collect())
}

pub(crate) fn remove_generation(disk: &dyn Disk, number: u64) -> Result<(), ConsensusError> {
    let name = directory_name(number);
    remove_tree(disk, &name).and_then(|()| disk.sync_dir("")).map_err(|error| failed("remove", &name, &error))
}

pub(crate) fn damaged(file: &str, offset: u64, problem: &'static str) -> ConsensusError {
    ConsensusError::LogDamaged { file: file.to_owned(), offset, problem }
}

/// A store's error with the file's name below the log's root; damage stops the log.
pub(crate) fn fault(number: u64, error: JournalError) -> ConsensusError {
    match error {
        JournalError::Corrupt { file, offset, problem } => {
            damaged(&format!("{}/{file}", directory_name(number)), offset, problem)
        }
        error => ConsensusError::Journal(error),
    }
}

pub(crate) fn failed(operation: &'static str, file: &str, error: &io::Error) -> ConsensusError {
    ConsensusError::Journal(match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            JournalError::DiskFull
        }
        kind => JournalError::Io { operation, file: file.to_owned(), kind },
    })
}

pub(crate) fn remove_generations(
    disk: &dyn Disk,
    is_gone: impl Fn(u64) -> bool,
) -> Result<(), ConsensusError> {
    for number in generations(disk)?.into_iter().filter(|number| is_gone(*number)) {
        remove_generation(disk, number)?;
    }
    Ok(())
}
