//! SQLite in WAL mode with `synchronous=FULL`: every insert a transaction, on disk when it returns.
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use crate::{Outcome, WARMUP, callers, record};

const INSERT: &str = "INSERT INTO log (time, content) VALUES (?1, ?2)";

fn open(dir: &Path) -> Outcome<Connection> {
    let connection = Connection::open(dir.join("log.db"))?;
    connection.busy_timeout(Duration::from_secs(60))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// A log whose WAL file has its full size: from then on it is written over, and a sync has no metadata to write.
fn make(dir: &Path) -> Outcome<Connection> {
    let connection = open(dir)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.execute_batch("CREATE TABLE log (id INTEGER PRIMARY KEY, time INTEGER, content BLOB)")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    for n in 0..WARMUP {
        insert(&connection, n)?;
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    insert(&connection, WARMUP)?;
    Ok(connection)
}

fn insert(connection: &Connection, n: u64) -> Outcome<()> {
    connection.prepare_cached(INSERT)?.execute((n.cast_signed(), record(n)))?;
    Ok(())
}

/// Callers take turns on one connection.
pub fn shared(dir: &Path, callers: usize, time: Duration) -> Outcome<f64> {
    let connection = Mutex::new(make(dir)?);
    callers::rate(callers, time, || {
        Ok(|n: u64| insert(&connection.lock().unwrap_or_else(PoisonError::into_inner), n))
    })
}

/// Every caller has a connection of its own.
pub fn own(dir: &Path, callers: usize, time: Duration) -> Outcome<f64> {
    make(dir)?;
    callers::rate(callers, time, || {
        let connection = open(dir)?;
        Ok(move |n: u64| insert(&connection, n))
    })
}

/// What an application can build on SQLite by hand: one thread that writes whatever is waiting in one transaction.
pub fn grouped(dir: &Path, callers: usize, time: Duration) -> Outcome<f64> {
    let connection = make(dir)?;
    let (sender, receiver) = sync_channel(callers);
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || write_groups(&connection, &receiver));
        let rate = callers::rate(callers, time, || {
            let sender = sender.clone();
            let (done, answer) = sync_channel(1);
            Ok(move |n: u64| {
                sender.send((n, done.clone()))?;
                Ok(answer.recv()?)
            })
        });
        drop(sender);
        writer.join().map_err(|_| "the writer panicked")??;
        rate
    })
}

fn write_groups(connection: &Connection, waiting: &Receiver<(u64, SyncSender<()>)>) -> Outcome<()> {
    while let Ok(first) = waiting.recv() {
        let group: Vec<_> = std::iter::once(first).chain(waiting.try_iter()).collect();
        let transaction = connection.unchecked_transaction()?;
        for (n, _) in &group {
            insert(&transaction, *n)?;
        }
        transaction.commit()?;
        for (_, done) in group {
            done.send(())?;
        }
    }
    Ok(())
}
