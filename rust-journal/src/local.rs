//! What belongs to this directory alone: which writers were born here and at which host, which are closed, and where
//! each host found the directory.
//!
//! A host is a state directory: one user on one machine, or in one container. Several may share a store. Each takes
//! only the writers born at itself, and only while the directory is where that host's record says; so that of two
//! copies at most one has an appender for a writer, whoever uses them.

use std::collections::BTreeSet;
use std::io;

use chrysalis_crypto::commit::WriterId;
use chrysalis_crypto::hex;

use crate::disk::{Disk, DiskLock, OpenMode, TEMPORARY, read_small, write_atomic};
use crate::error::JournalError;
use crate::name::WRITERS;
use crate::text::{self, Closed, Host, MAX_TEXT_LENGTH};

pub(crate) const LOCAL: &str = "local";
pub(crate) const LOCK: &str = "local/lock";
pub(crate) const HOSTS: &str = "local/hosts";
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

/// The writers born in this directory, at whichever host, in order.
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

/// Records, durably, that a writer is born here, at this host. The caller holds [`lock`] and has made the journal's directory
/// durable, so that a crash leaves a journal without a birth, which is empty, but no birth without a journal.
pub(crate) fn add_born(disk: &dyn Disk, writer: &WriterId, host: [u8; 16]) -> Result<(), JournalError> {
    disk.create_dir_all(BORN).map_err(JournalError::io("create", BORN))?;
    let path = born_path(writer);
    write_atomic(disk, &path, &text::encode_born(&host)).map_err(JournalError::io("write", &path))?;
    for directory in [LOCAL, ""] {
        disk.sync_dir(directory).map_err(JournalError::io("sync", directory))?;
    }
    Ok(())
}

/// The host at which a writer was born here; `None` when what says so is damaged, and then nobody takes the writer.
pub(crate) fn birthplace(disk: &dyn Disk, writer: &WriterId) -> Result<Option<[u8; 16]>, JournalError> {
    let path = born_path(writer);
    let bytes = read_small(disk, &path, MAX_TEXT_LENGTH).map_err(JournalError::io("read", &path))?;
    Ok(bytes.as_deref().and_then(text::decode_born))
}

fn born_path(writer: &WriterId) -> String {
    format!("{BORN}/{}", writer.name())
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

/// Whether the directory is where this host's writers were born: the inode and birth time of the host's record.
pub(crate) fn is_at_home(disk: &dyn Disk, id: [u8; 16]) -> Result<bool, JournalError> {
    let fingerprint = disk.fingerprint(LOCAL).map_err(JournalError::io("look at", LOCAL))?;
    let path = host_path(id);
    match read_small(disk, &path, MAX_TEXT_LENGTH) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(JournalError::io("read", &path)(error)),
        Ok(bytes) => Ok(bytes.as_deref().and_then(text::decode_host) == Some(Host { id, fingerprint })),
    }
}

/// Makes this the place where this host's writers are born; says nothing about other hosts. The caller holds [`lock`]
/// and has closed this host's writers that were born elsewhere.
pub(crate) fn settle_here(disk: &dyn Disk, id: [u8; 16]) -> Result<(), JournalError> {
    let fingerprint = disk.fingerprint(LOCAL).map_err(JournalError::io("look at", LOCAL))?;
    disk.create_dir_all(HOSTS).map_err(JournalError::io("create", HOSTS))?;
    let path = host_path(id);
    write_atomic(disk, &path, &text::encode_host(&Host { id, fingerprint }))
        .map_err(JournalError::io("write", &path))?;
    for directory in [LOCAL, ""] {
        disk.sync_dir(directory).map_err(JournalError::io("sync", directory))?;
    }
    Ok(())
}

fn host_path(id: [u8; 16]) -> String {
    format!("{HOSTS}/{}", hex::encode(&id))
}

/// The files that say where hosts found the directory and where writers were born, and whether each is whole.
pub(crate) fn check_births(disk: &dyn Disk) -> Result<Vec<(String, bool)>, JournalError> {
    let mut checked = Vec::new();
    let names = match disk.list(HOSTS) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        other => other.map_err(JournalError::io("list", HOSTS))?,
    };
    for id in names.iter().filter_map(|name| hex::decode_array(name).ok()) {
        let path = host_path(id);
        let bytes = read_small(disk, &path, MAX_TEXT_LENGTH).map_err(JournalError::io("read", &path))?;
        let host = bytes.as_deref().and_then(text::decode_host);
        checked.push((path, host.is_some_and(|host| host.id == id)));
    }
    for writer in born(disk)? {
        checked.push((born_path(&writer), birthplace(disk, &writer)?.is_some()));
    }
    Ok(checked)
}

/// Makes every name outside the journals durable: a process may have been killed between making one and syncing
/// it, and what is appended now must not depend on it.
pub(crate) fn sync_names(disk: &dyn Disk) -> Result<(), JournalError> {
    for directory in ["", LOCAL, HOSTS, BORN, CLOSED, WRITERS] {
        match disk.sync_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other.map_err(JournalError::io("sync", directory))?,
        }
    }
    Ok(())
}

/// Removes what a crash left half written. The caller holds [`lock`].
pub(crate) fn remove_temporaries(disk: &dyn Disk) -> Result<(), JournalError> {
    for directory in [LOCAL, HOSTS, BORN, CLOSED] {
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
