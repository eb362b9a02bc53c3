//! What the library keeps things in: the log on the disk, and the application with its state.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::future::poll_fn;
use std::ops::{Bound, RangeBounds};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use chrysalis_journal::JournalError;
use openraft::storage::{LogFlushed, RaftLogStorage, RaftStateMachine};
use openraft::{
    EmptyNode, LogState, RaftLogReader, RaftSnapshotBuilder, Snapshot, SnapshotMeta, StorageError,
    StorageIOError,
};

use super::log::RaftLog;
use super::machine::{Machine, height_of};
use super::message::BATCH_BYTES;
use super::record::{Record, Verdict};
use super::types::{LogEntry, LogId, Member, StoredMembership, Types, Vote};
use crate::engine::{Application, EngineEffect};
use crate::error::ConsensusError;

/// The log and the application of a member, shared by the engine and the tasks of the library. They run one after the
/// other on one thread at a time; nobody ever waits for the lock.
pub(super) struct Shared<A>(Arc<Mutex<State<A>>>);

pub(super) struct State<A> {
    pub(super) log: RaftLog,
    pub(super) app: A,
    pub(super) machine: Machine,
    /// The last state that others may be given.
    snapshot: Option<Snapshot<Types>>,
    /// What the driver is to be told.
    pub(super) effects: Vec<EngineEffect>,
    /// Who waits for room on the disk.
    waiting: Option<Waker>,
    pub(super) is_stalled: bool,
    /// Why this member is of no use any more.
    pub(super) failure: Option<ConsensusError>,
}

impl<A> Clone for Shared<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A: Application> Shared<A> {
    /// Executes nothing: what the application lacks of the log is executed when the library says that it is decided.
    pub(super) fn new(log: RaftLog, app: A, machine: Machine) -> Self {
        Self(Arc::new(Mutex::new(State {
            log,
            app,
            machine,
            snapshot: None,
            effects: Vec::new(),
            waiting: None,
            is_stalled: false,
            failure: None,
        })))
    }

    /// The state, for a moment. A task that panicked in the middle of a change has made the library stop for good.
    pub(super) fn lock(&self) -> MutexGuard<'_, State<A>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something to the log, as soon as there is room on the disk. Nothing that follows happens before.
    async fn when_there_is_room<R>(
        &self,
        mut change: impl FnMut(&mut State<A>) -> Result<R, ConsensusError> + Send,
    ) -> Result<R, ConsensusError> {
        poll_fn(|context| {
            let mut state = self.lock();
            match change(&mut state) {
                Err(ConsensusError::Journal(JournalError::DiskFull)) => {
                    state.is_stalled = true;
                    state.waiting = Some(context.waker().clone());
                    Poll::Pending
                }
                Err(error) => {
                    state.failure.get_or_insert(error.clone());
                    Poll::Ready(Err(error))
                }
                Ok(done) => Poll::Ready(Ok(done)),
            }
        })
        .await
    }
}

impl<A: Application> State<A> {
    /// Lets whoever waits for room on the disk try again.
    pub(super) fn try_again(&mut self) {
        self.is_stalled = false;
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }

    /// Executes the entry that is next.
    fn execute(&mut self, entry: &LogEntry) -> Result<(), ConsensusError> {
        let height = height_of(entry.log_id.index);
        if self.machine.height().next() != height {
            return Err(ConsensusError::InvalidState("the log is not executed in its order"));
        }
        let mut value: &[u8] = self.machine.value(entry).map_or(&[], |value| value);
        let said = self.log.contents.verdicts.get(&height).map(|verdict| verdict.is_refused);
        let mut is_refused = false;
        if !value.is_empty() {
            // What was said before a crash is said again, whatever the application knows by now.
            is_refused = said.unwrap_or_else(|| !self.app.validate(height, value));
            if is_refused {
                if said.is_none() {
                    let verdict = Verdict { height, is_refused, change: None };
                    self.log.write(Record::Verdict(verdict))?;
                }
                value = &[];
            }
        }
        let answer = self.app.execute(height, value);
        if self.app.executed() != height {
            return Err(ConsensusError::InvalidState("the application did not execute what was decided"));
        }
        let change = answer.map(|validators| self.machine.next_set(validators)).transpose()?;
        if change.is_some() {
            let verdict = Verdict { height, is_refused, change: change.clone() };
            self.log.write(Record::Verdict(verdict))?;
        }
        let value = value.to_vec();
        self.machine.advance(entry, change);
        self.effects.push(EngineEffect::Executed { height, value, proof: Vec::new() });
        Ok(())
    }

    fn take_snapshot(&mut self) -> Snapshot<Types> {
        let bytes = self.machine.snapshot(&self.app.snapshot());
        let snapshot = Snapshot { meta: self.machine.meta(), snapshot: Box::new(bytes) };
        self.snapshot = Some(snapshot.clone());
        snapshot
    }

    fn install(&mut self, bytes: &Arc<[u8]>) -> Result<(), ConsensusError> {
        let (machine, state) = Machine::from_snapshot(bytes)?;
        let height = machine.height();
        if height <= self.machine.height() {
            return Ok(());
        }
        let app = &mut self.app;
        self.log.install(&machine, || app.install(height, state))?;
        self.snapshot = Some(Snapshot { meta: machine.meta(), snapshot: Box::new(Arc::clone(bytes)) });
        self.machine = machine;
        self.effects.push(EngineEffect::Installed { height });
        Ok(())
    }
}

/// Brings what is known beside the application to where the application is.
pub(super) fn recover<A: Application>(log: &mut RaftLog, app: &mut A) -> Result<Machine, ConsensusError> {
    let mut machine = log.machine().clone();
    let executed = app.executed();
    if executed < machine.height() {
        return Err(ConsensusError::InvalidState(
            "the application lacks what the log does not keep any more",
        ));
    }
    let mut entries = VecDeque::new();
    loop {
        if entries.is_empty() {
            entries = log.read(machine.height().0, executed.0, BATCH_BYTES)?.into();
        }
        let Some(entry) = entries.pop_front() else { break };
        let height = height_of(entry.log_id.index);
        let mut verdict = log.contents.verdicts.get(&height).cloned();
        if height == executed && verdict.as_ref().is_none_or(|verdict| verdict.change.is_none()) {
            // A crash may have come between its answer and the record of that: it is asked again.
            let is_refused = verdict.as_ref().is_some_and(|verdict| verdict.is_refused);
            let value: &[u8] = machine.value(&entry).filter(|_| !is_refused).map_or(&[], |value| value);
            if let Some(validators) = app.execute(height, value) {
                let change = Some(machine.next_set(validators)?);
                let asked = Verdict { height, is_refused, change };
                log.write(Record::Verdict(asked.clone()))?;
                verdict = Some(asked);
            }
        }
        machine.advance(&entry, verdict.and_then(|verdict| verdict.change));
    }
    if machine.height() != executed {
        return Err(ConsensusError::InvalidState("the application is ahead of the log"));
    }
    Ok(machine)
}

type Stored<R> = Result<R, StorageError<Member>>;

impl<A: Application + 'static> RaftLogReader<Types> for Shared<A> {
    async fn try_get_log_entries<R: RangeBounds<u64> + Clone + Debug + Send>(
        &mut self,
        range: R,
    ) -> Stored<Vec<LogEntry>> {
        let from = match range.start_bound() {
            Bound::Included(from) => *from,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let until = match range.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(until) => *until,
            Bound::Unbounded => u64::MAX,
        };
        self.read(from, until, usize::MAX).map_err(|error| StorageIOError::read_logs(&error).into())
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> Stored<Vec<LogEntry>> {
        self.read(start, end, BATCH_BYTES).map_err(|error| StorageIOError::read_logs(&error).into())
    }
}

impl<A: Application> Shared<A> {
    fn read(&self, from: u64, until: u64, bytes: usize) -> Result<Vec<LogEntry>, ConsensusError> {
        let mut state = self.lock();
        let entries = state.log.read(from, until, bytes);
        if let Err(error) = &entries {
            state.failure.get_or_insert(error.clone());
        }
        entries
    }
}

impl<A: Application + 'static> RaftLogStorage<Types> for Shared<A> {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Stored<LogState<Types>> {
        let state = self.lock();
        Ok(LogState { last_purged_log_id: state.log.purged(), last_log_id: state.log.last() })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Stored<()> {
        let written = self.when_there_is_room(|state| state.log.write(Record::Vote(*vote))).await;
        written.map_err(|error| StorageIOError::write_vote(&error).into())
    }

    async fn read_vote(&mut self) -> Stored<Option<Vote>> {
        Ok(self.lock().log.contents.vote)
    }

    async fn append<I>(&mut self, entries: I, callback: LogFlushed<Types>) -> Stored<()>
    where
        I: IntoIterator<Item = LogEntry> + Send,
        I::IntoIter: Send,
    {
        let records: Vec<_> = entries.into_iter().map(Record::Entry).collect();
        let written = self.when_there_is_room(|state| state.log.write_all(records.clone())).await;
        written.map_err(|error| StorageIOError::write_logs(&error))?;
        callback.log_io_completed(Ok(()));
        Ok(())
    }

    async fn truncate(&mut self, log_id: LogId) -> Stored<()> {
        let written = self.when_there_is_room(|state| state.log.write(Record::Cut(log_id.index))).await;
        written.map_err(|error| StorageIOError::write_logs(&error).into())
    }

    async fn purge(&mut self, log_id: LogId) -> Stored<()> {
        let mut state = self.lock();
        if state.log.purged() >= Some(log_id) {
            return Ok(());
        }
        let machine = state.machine.clone();
        match state.log.purge(log_id, &machine) {
            // Without room the log stays long; the next snapshot is another chance.
            Ok(()) | Err(ConsensusError::Journal(JournalError::DiskFull)) => Ok(()),
            Err(error) => {
                state.failure.get_or_insert(error.clone());
                Err(StorageIOError::write_logs(&error).into())
            }
        }
    }
}

impl<A: Application + 'static> RaftStateMachine<Types> for Shared<A> {
    type SnapshotBuilder = Self;

    async fn applied_state(&mut self) -> Stored<(Option<LogId>, StoredMembership)> {
        let state = self.lock();
        Ok((state.machine.applied, state.machine.membership.clone()))
    }

    async fn apply<I>(&mut self, entries: I) -> Stored<Vec<()>>
    where
        I: IntoIterator<Item = LogEntry> + Send,
        I::IntoIter: Send,
    {
        let entries: Vec<_> = entries.into_iter().collect();
        for entry in &entries {
            let executed = self.when_there_is_room(|state| state.execute(entry)).await;
            executed.map_err(|error| StorageIOError::apply(entry.log_id, &error))?;
        }
        Ok(vec![(); entries.len()])
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    async fn begin_receiving_snapshot(&mut self) -> Stored<Box<Arc<[u8]>>> {
        Ok(Box::new(Arc::from(&[][..])))
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta<Member, EmptyNode>,
        snapshot: Box<Arc<[u8]>>,
    ) -> Stored<()> {
        let installed = self.when_there_is_room(|state| state.install(&snapshot)).await;
        installed.map_err(|error| StorageIOError::write_snapshot(Some(meta.signature()), &error).into())
    }

    async fn get_current_snapshot(&mut self) -> Stored<Option<Snapshot<Types>>> {
        Ok(self.lock().snapshot.clone())
    }
}

impl<A: Application + 'static> RaftSnapshotBuilder<Types> for Shared<A> {
    async fn build_snapshot(&mut self) -> Stored<Snapshot<Types>> {
        Ok(self.lock().take_snapshot())
    }
}
