//! The writers of this process: one per actor, so that no two objects that come from one state name different updates
//! alike.

use std::collections::BTreeMap;
use std::process;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use chrysalis_crdt::{ActorId, ActorKey, CrdtError, HybridClock, Writer};
use pyo3::prelude::*;

use super::value::{Actor, Count, Name};
use crate::python::error::Result;
use crate::python::lock;

/// Who writes where nobody is named.
const NOBODY: &str = "local";

static WRITERS: Mutex<Writers> = Mutex::new(Writers { process: 0, by_name: BTreeMap::new() });
static CLOCK: Mutex<HybridClock> = Mutex::new(HybridClock::new());

struct Writers {
    /// A child after `fork()` must not go on under the keys of its parent.
    process: u32,
    by_name: BTreeMap<String, Writer>,
}

/// The actor key under which this process writes for an actor id. It is drawn at the first use and stays the same until
/// the process ends or forks.
#[pyfunction]
#[pyo3(signature = (actor = None))]
pub(in crate::python) fn actor_key(actor: Option<Name<'_>>) -> Result<String> {
    Ok(writer(actor.map(|name| name.0))?.actor().as_str().to_owned())
}

/// Writes under an actor key from now on, beginning after the update `last`: for a state that was stored together with
/// its key. That nobody else writes under the key, and that `last` is not below its last update, is up to the caller.
#[pyfunction]
#[pyo3(signature = (actor_key, last = Count(0)))]
pub(in crate::python) fn resume_writer(actor_key: Actor, last: Count) {
    let Actor(key) = actor_key;
    of_this_process(&mut lock(&WRITERS)).insert(key.as_str().to_owned(), Writer::resume(key, last.0));
}

/// The writer for an actor id, which has an incarnation of this process, or for a key; or of the process itself.
pub(super) fn writer(name: Option<&str>) -> std::result::Result<Writer, CrdtError> {
    let name = name.unwrap_or(NOBODY);
    let mut writers = lock(&WRITERS);
    let writers = of_this_process(&mut writers);
    if let Some(writer) = writers.get(name) {
        return Ok(writer.clone());
    }
    let key = ActorKey::new(name)?;
    let writer = match key.incarnation() {
        Some(_) => Writer::resume(key, 0),
        None => Writer::make(&ActorId::new(name)?)?,
    };
    writers.insert(name.to_owned(), writer.clone());
    Ok(writer)
}

/// Works with the clock of the process, and local time in milliseconds.
pub(super) fn with_clock<T>(work: impl FnOnce(&mut HybridClock, u64) -> T) -> T {
    let now = now_ms();
    work(&mut lock(&CLOCK), now)
}

/// Milliseconds since 1970; 0 before.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn of_this_process(writers: &mut Writers) -> &mut BTreeMap<String, Writer> {
    if writers.process != process::id() {
        writers.by_name.clear();
        writers.process = process::id();
    }
    &mut writers.by_name
}
