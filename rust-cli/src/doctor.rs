//! `chrysalis doctor`: what could go wrong here, and what to do about it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use chrysalis_crypto::hex;
use chrysalis_journal::text::{Host, decode_host};
use chrysalis_journal::{Cursor, Disk, FileDisk};
use chrysalis_memory::{Identity, Memory};
use serde::Serialize;

use crate::errors::{CliError, Outcome, hint};
use crate::output::{BAD, DIM, GOOD, WARN};
use crate::printable::{count, one_line, time};
use crate::session::Session;
use crate::verify;

/// Below this many free bytes there is a warning …
const LOW_SPACE_BYTES: u64 = 1 << 30;
/// … and below this many a failure: the next small commit may not fit.
const NO_SPACE_BYTES: u64 = 64 << 10;
/// A clock that shows an earlier time is wrong: 2026-01-01.
const EARLIEST_MS: u64 = 1_767_225_600_000;
/// How far ahead of this clock the store's newest time may be.
const DRIFT_MS: u64 = 60_000;
/// More than any record of a host in `local/hosts` holds.
const MAX_HOST_BYTES: u64 = 4096;

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    Warn,
    Fail,
}

/// One thing looked at.
#[derive(Debug, Serialize)]
struct Check {
    check: &'static str,
    level: Level,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// Runs every check; none changes anything in the store.
///
/// # Errors
/// [`CliError::Output`] only: what goes wrong in a check is its result.
pub(crate) fn run(session: &mut Session) -> Result<Outcome, CliError> {
    let mut checks = Vec::new();
    check_agents(session, &mut checks);
    checks.push(check_clock());
    if let Err(error) = session.profile.known_host() {
        checks.push(Check::failed("origin", &error.into()));
    }
    match find_store(&session.store) {
        Ok(true) => check_store(session, &mut checks),
        Ok(false) => {
            let message = format!("there is no store at {} yet", session.store.display());
            checks.push(Check::warn("store", message, "begin one with `chrysalis remember PATH`"));
        }
        Err(failed) => checks.push(failed),
    }
    checks.extend(check_space(&session.store));
    let worst = checks.iter().map(|check| check.level).max().unwrap_or(Level::Ok);
    session.out.result(&checks, |out| {
        for check in &checks {
            let (mark, style) = match check.level {
                Level::Ok => ("ok  ", GOOD),
                Level::Warn => ("warn", WARN),
                Level::Fail => ("fail", BAD),
            };
            out.line(format_args!("{style}{mark}{style:#}  {}: {}", check.check, one_line(&check.message)))?;
            if let Some(advice) = &check.advice {
                out.line(format_args!("      {DIM}{}{DIM:#}", one_line(advice)))?;
            }
        }
        Ok(())
    })?;
    Ok(if worst == Level::Fail { Outcome::Negative } else { Outcome::Done })
}

impl Check {
    fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, message: message.into(), advice: None }
    }

    fn warn(check: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, level: Level::Warn, message: message.into(), advice: Some(advice.into()) }
    }

    fn fail(check: &'static str, message: impl Into<String>, advice: Option<&str>) -> Self {
        Self { check, level: Level::Fail, message: message.into(), advice: advice.map(str::to_owned) }
    }

    fn failed(check: &'static str, error: &CliError) -> Self {
        Self::fail(check, format!("{error} [{}]", error.code()), advice(error.code()))
    }
}

/// What to do about an error, for somebody who runs this command already.
fn advice(code: &str) -> Option<&'static str> {
    match code {
        "journal/io" | "journal/read-only" => Some(
            "check the permissions and the disk of the store's directory; restore what is missing from a copy",
        ),
        _ => hint(code),
    }
}

/// Whether there is a store, or a place where one can begin. What is neither is a failure.
fn find_store(store: &Path) -> Result<bool, Check> {
    let failed = |error: &io::Error| {
        let message = format!("{} cannot be looked at: {error}", store.display());
        Check::fail("store", message, advice("journal/io"))
    };
    match fs::metadata(store) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(&error)),
        Ok(metadata) if !metadata.is_dir() => {
            let message = format!("{} is not a directory", store.display());
            return Err(Check::fail("store", message, Some("name the store's directory with --store DIR")));
        }
        Ok(_) => {}
    }
    if store.join("FORMAT").try_exists().map_err(|error| failed(&error))? {
        return Ok(true);
    }
    let is_filled = |folder: &Path| match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        entries => Ok(entries?.next().is_some()),
    };
    if is_filled(&store.join("writers")).map_err(|error| failed(&error))? {
        let message = format!("{} holds journals and no file FORMAT", store.display());
        return Err(Check::fail("store", message, Some("put back the file FORMAT from a copy of the store")));
    }
    let begun = ["FORMAT.tmp", "local", "writers"];
    let others = fs::read_dir(store).map_err(|error| failed(&error))?;
    if others.flatten().any(|entry| !begun.iter().any(|name| entry.file_name() == **name)) {
        let message = format!("{} is no store and holds other files", store.display());
        return Err(Check::fail("store", message, Some("name another directory with --store DIR")));
    }
    Ok(false)
}

fn check_agents(session: &Session, checks: &mut Vec<Check>) {
    let agents = match session.profile.agents() {
        Ok(agents) => agents,
        Err(error) => return checks.push(Check::failed("keys", &error.into())),
    };
    let mut good = 0;
    for name in &agents {
        let loaded = session.profile.key_file(name).and_then(|path| Identity::load(&path));
        match loaded {
            Ok(_) => good += 1,
            Err(error) => checks.push(Check::failed("keys", &error.into())),
        }
    }
    if agents.is_empty() {
        checks.push(Check::ok("keys", "no agent has a key yet; one is made on first use"));
    } else if good > 0 {
        checks.push(Check::ok(
            "keys",
            count(good, "key file is readable by its owner", "key files are readable by their owner")
                + " only",
        ));
    }
    if let Ok(path) = session.profile.key_file(&session.agent)
        && let Some(folder) = path.parent()
    {
        checks.extend(check_folder_mode(folder));
    }
}

#[cfg(unix)]
fn check_folder_mode(folder: &Path) -> Option<Check> {
    use std::os::unix::fs::PermissionsExt;
    let mode = folder.metadata().ok()?.permissions().mode() & 0o777;
    (mode & 0o022 != 0).then(|| {
        let folder = folder.display();
        Check::fail(
            "keys",
            format!("others may replace the files in {folder}, mode {mode:03o}"),
            Some("run: chmod 700 on that folder"),
        )
    })
}

#[cfg(not(unix))]
fn check_folder_mode(_folder: &Path) -> Option<Check> {
    None
}

fn check_clock() -> Check {
    let now = now_ms();
    if now < EARLIEST_MS {
        let message = format!("this machine's clock shows {}", time(now));
        return Check::fail("clock", message, Some("set the clock; entries would carry wrong times"));
    }
    Check::ok("clock", time(now))
}

fn check_store(session: &Session, checks: &mut Vec<Check>) {
    let memory = match session.open_reading() {
        Ok(memory) => memory,
        Err(error) => return checks.push(Check::failed("store", &error)),
    };
    match memory.stats() {
        Ok(stats) => {
            let entries = count(stats.entries, "live entry", "live entries");
            checks.push(Check::ok("store", format!("{} holds {entries}", session.store.display())));
        }
        Err(error) => checks.push(Check::failed("store", &error.into())),
    }
    // A file without a name: gone when closed, whatever happens.
    let local = session.store.join("local");
    // The next writer makes `local` where it is missing.
    let folder = if local.is_dir() { &local } else { &session.store };
    match tempfile::tempfile_in(folder) {
        Ok(_) => checks.push(Check::ok("writing", "the store can be written")),
        Err(error) => checks.push(Check::warn(
            "writing",
            format!("the store cannot be written: {error}"),
            "recall works; to remember, change the permissions or choose another store",
        )),
    }
    checks.extend(check_times(&memory));
    checks.extend(check_forks(&memory));
    checks.push(check_locks(&session.store));
    checks.extend(check_birthplace(session));
    checks.push(check_damage(session));
}

/// Whether the store's newest time lies in this clock's future.
fn check_times(memory: &Memory) -> Option<Check> {
    let commits = memory.store().poll(&mut Cursor::default()).ok()?;
    let newest =
        commits.iter().map(|commit| chrysalis_crdt::Stamp::from_bits(commit.header.time).ms()).max()?;
    (newest > now_ms().saturating_add(DRIFT_MS)).then(|| {
        let message = format!("the newest entry is from {}, which this clock has not reached", time(newest));
        Check::warn("clock", message, "check this machine's clock, or that of the entry's author")
    })
}

fn check_forks(memory: &Memory) -> Option<Check> {
    let forks = memory.forks().ok()?;
    (!forks.is_empty()).then(|| {
        let message = count(forks.len() as u64, "journal has", "journals have") + " two different histories";
        Check::warn(
            "forks",
            message,
            "a key is used in two places; `chrysalis status` names it, `chrysalis trust revoke` ends it",
        )
    })
}

fn check_locks(store: &Path) -> Check {
    let folders = match fs::read_dir(store.join("writers")) {
        Ok(folders) => folders,
        Err(error) => {
            return Check::fail("locks", format!("cannot list the journals: {error}"), advice("journal/io"));
        }
    };
    let (mut journals, mut in_use) = (0, 0);
    for folder in folders.flatten() {
        let Ok(lock) = File::open(folder.path().join("lock")) else { continue };
        journals += 1;
        in_use += u64::from(matches!(lock.try_lock(), Err(TryLockError::WouldBlock)));
    }
    let journals = count(journals, "journal", "journals");
    Check::ok("locks", format!("{journals}, {in_use} in use by running processes"))
}

/// Whether this directory is where this host began its journals. A copy is fine; it only writes into new journals.
fn check_birthplace(session: &Session) -> Option<Check> {
    // One that is damaged was told of already; with none, nothing was made here.
    let host = session.profile.known_host().ok()?.unwrap_or_default();
    let path = session.store.join("local").join("hosts").join(hex::encode(&host));
    let damaged = || Check::fail("origin", "this host's record in local/hosts is damaged", None);
    let length = match path.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Some(Check::ok("origin", "nothing was written here from this host yet"));
        }
        other => other.ok()?.len(),
    };
    if length > MAX_HOST_BYTES {
        return Some(damaged());
    }
    let Some(born) = fs::read(&path).ok().as_deref().and_then(decode_host) else {
        return Some(damaged());
    };
    let here = FileDisk::new(&session.store).fingerprint("local").ok()?;
    Some(if born == (Host { id: host, fingerprint: here }) {
        Check::ok("origin", "this is where this host began to write")
    } else {
        Check::warn(
            "origin",
            "this directory is a copy, or was moved",
            "nothing to do: new entries go to new journals, and both can be merged at any time",
        )
    })
}

fn check_damage(session: &Session) -> Check {
    match verify::check(session) {
        Ok(report) if report.findings.is_empty() => Check::ok("damage", verify::summary(&report)),
        Ok(report) => Check::fail(
            "damage",
            count(report.findings.len() as u64, "damaged place", "damaged places"),
            Some(
                "`chrysalis verify` names each; merge an undamaged copy of the store to get back what is missing",
            ),
        ),
        Err(error) => Check::failed("damage", &error),
    }
}

#[cfg(unix)]
fn check_space(store: &Path) -> Option<Check> {
    let existing = store.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let status = rustix::fs::statvfs(existing).ok()?;
    let free = status.f_bavail.saturating_mul(status.f_frsize);
    let message = format!("{} free", crate::printable::bytes(free));
    Some(match free {
        free if free < NO_SPACE_BYTES => {
            Check::fail("space", message, Some("free some space; the next commit may not fit"))
        }
        free if free < LOW_SPACE_BYTES => Check::warn(
            "space",
            message,
            "free some space before remembering much; a commit that does not fit is refused whole",
        ),
        _ => Check::ok("space", message),
    })
}

#[cfg(not(unix))]
fn check_space(_store: &Path) -> Option<Check> {
    None
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
