//! What belongs to this directory alone: which writers were born here, which are closed, where "here" is.

use std::collections::BTreeSet;
use std::io;

use chrysalis_crypto::commit::WriterId;

use crate::disk::{Disk, DiskLock, OpenMode, TEMPORARY, read_small, write_atomic};
use crate::error::JournalError;
use crate::name::WRITERS;
use crate::text::{self, Closed, Host, MAX_TEXT_LENGTH};

pub(crate) const LOCAL: &str = "local";
pub(crate) const LOCK: &str = "local/lock";
pub(crate) const HOST: &str = "local/host";
pub(crate) const BORN: &str = "local/born";
pub(crate) const CLOSED: &str = "local/closed";

/// Takes the lock under which everything in `local/` changes, and under which journals are taken.
///
/// Whoever wants both takes this one before any journal's: so a journal that is found locked while this is held
/// belongs to an appender that lives.
pub(crate) fn lock(disk: &dyn Disk) -> Result<Box<dyn DiskLock>, JournalError> {
    match disk.lock(LOCK) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other.map_err(JournalError::io("lock", LOCK)),
    }
    disk.create_dir_all(LOCAL).map_err(JournalError::io("create", LOCAL))?;
    disk.open(LOCK, OpenMode::Create).map_err(JournalError::io("create", LOCK))?;
    disk.lock(LOCK).map_err(JournalError::io("lock", LOCK))
}

/// The writers born in this directory, in order.
pub(crate) fn born(disk: &dyn Disk) -> Result<BTreeSet<WriterId>, JournalError> {
    writers(disk, BORN)
}

/// The writers that never append again, in order.
pub(crate) fn closed(disk: &dyn Disk) -> Result<BTreeSet<WriterId>, JournalError> {
    writers(disk, CLOSED)
}

fn writers(disk: &dyn Disk, directory: &str) -> Result<BTreeSet<WriterId>, JournalError> {
    match disk.list(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(JournalError::io("list", directory)(error)),
        Ok(names) => Ok(names.iter().filter_map(|name| WriterId::from_name(name)).collect()),
    }
}

/// Records, durably, that a writer is born here. The caller holds [`lock`] and has made the journal's directory
/// durable, so that a crash leaves a journal without a birth, which is empty, but no birth without a journal.
pub(crate) fn add_born(disk: &dyn Disk, writer: &WriterId) -> Result<(), JournalError> {
    disk.create_dir_all(BORN).map_err(JournalError::io("create", BORN))?;
    let path = format!("{BORN}/{}", writer.name());
    disk.open(&path, OpenMode::Create)
        .and_then(|file| file.sync())
        .map_err(JournalError::io("create", &path))?;
    for directory in [BORN, LOCAL, ""] {
        disk.sync_dir(directory).map_err(JournalError::io("sync", directory))?;
    }
    Ok(())
}

/// Records, durably, that a writer never appends again. The first reason stays. The caller holds [`lock`].
pub(crate) fn close(disk: &dyn Disk, writer: &WriterId, reason: Closed) -> Result<(), JournalError> {
    if why_closed(disk, writer)?.is_some() {
        return Ok(());
    }
    disk.create_dir_all(CLOSED).map_err(JournalError::io("create", CLOSED))?;
    let path = format!("{CLOSED}/{}", writer.name());
    write_atomic(disk, &path, &text::encode_closed(reason)).map_err(JournalError::io("write", &path))?;
    disk.sync_dir(LOCAL).map_err(JournalError::io("sync", LOCAL))
}

/// Why a writer is closed; `None` when it is not. What cannot be read is taken for the strictest reason.
pub(crate) fn why_closed(disk: &dyn Disk, writer: &WriterId) -> Result<Option<Closed>, JournalError> {
    let path = format!("{CLOSED}/{}", writer.name());
    match read_small(disk, &path, MAX_TEXT_LENGTH) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(JournalError::io("read", &path)(error)),
        Ok(bytes) => Ok(Some(bytes.as_deref().and_then(text::decode_closed).unwrap_or(Closed::Damaged))),
    }
}

/// Whether the directory is where its writers were born: the same host id, inode and birth time.
pub(crate) fn is_at_home(disk: &dyn Disk, id: [u8; 16]) -> Result<bool, JournalError> {
    let fingerprint = disk.fingerprint(LOCAL).map_err(JournalError::io("look at", LOCAL))?;
    match read_small(disk, HOST, MAX_TEXT_LENGTH) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(JournalError::io("read", HOST)(error)),
        Ok(bytes) => Ok(bytes.as_deref().and_then(text::decode_host) == Some(Host { id, fingerprint })),
    }
}

/// Makes this the place where writers are born. The caller holds [`lock`] and has closed those born elsewhere.
pub(crate) fn settle_here(disk: &dyn Disk, id: [u8; 16]) -> Result<(), JournalError> {
    let fingerprint = disk.fingerprint(LOCAL).map_err(JournalError::io("look at", LOCAL))?;
    write_atomic(disk, HOST, &text::encode_host(&Host { id, fingerprint }))
        .map_err(JournalError::io("write", HOST))?;
    disk.sync_dir("").map_err(JournalError::io("sync", "."))
}

/// Makes every name outside the journals durable: a process may have been killed between making one and syncing
/// it, and what is appended now must not depend on it.
pub(crate) fn sync_names(disk: &dyn Disk) -> Result<(), JournalError> {
    for directory in ["", LOCAL, BORN, CLOSED, WRITERS] {
        match disk.sync_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other.map_err(JournalError::io("sync", directory))?,
        }
    }
    Ok(())
}

/// Removes what a crash left half written. The caller holds [`lock`].
pub(crate) fn remove_temporaries(disk: &dyn Disk) -> Result<(), JournalError> {
    for directory in [LOCAL, CLOSED] {
        let names = match disk.list(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            other => other.map_err(JournalError::io("list", directory))?,
        };
        for name in names.iter().filter(|name| name.ends_with(TEMPORARY)) {
            let path = format!("{directory}/{name}");
            disk.remove(&path).map_err(JournalError::io("remove", &path))?;
        }
    }
    Ok(())
}
