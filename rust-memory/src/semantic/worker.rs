//! Embedding in the background.

use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use super::Coverage;
use crate::error::MemoryError;
use crate::memory::{Memory, lock};

/// How long to wait before looking again whether another process is still at it.
const PATIENCE: Duration = Duration::from_secs(1);

/// A thread that makes the vectors of what is remembered, one batch after the other, until it is dropped. What is missing when that
/// happens is made by the next one.
pub struct Worker {
    shared: Arc<Shared>,
    thread: Option<thread::JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    wanted: bool,
    stopping: bool,
    busy: bool,
    coverage: Option<Coverage>,
    problem: Option<&'static str>,
}

impl Worker {
    /// Begins at once with what is missing.
    ///
    /// # Errors
    /// [`MemoryError::NoEmbedder`]; [`MemoryError::Io`] when there is no thread to be had.
    pub fn start(memory: Arc<Memory>) -> Result<Self, MemoryError> {
        memory.embedder().ok_or(MemoryError::NoEmbedder)?;
        let state = State { wanted: true, busy: true, ..State::default() };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let own = shared.clone();
        let thread = thread::Builder::new()
            .name("embedding".to_owned())
            .spawn(move || own.run(&memory))
            .map_err(|error| MemoryError::Io { path: "thread".into(), error })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Says that something was remembered.
    pub fn notify(&self) {
        let mut state = lock(&self.shared.state);
        state.wanted = true;
        state.busy = true;
        self.shared.changed.notify_all();
    }

    /// How far it is; none before its first look.
    #[must_use]
    pub fn coverage(&self) -> Option<Coverage> {
        lock(&self.shared.state).coverage
    }

    /// The code of the error that ended its last attempt. It tries again when it is [notified](Self::notify).
    #[must_use]
    pub fn problem(&self) -> Option<&'static str> {
        lock(&self.shared.state).problem
    }

    /// Waits until there is nothing left to do, or it failed.
    pub fn wait(&self) {
        let mut state = lock(&self.shared.state);
        while state.busy {
            state = self.shared.changed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        lock(&self.shared.state).stopping = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // It ends after the batch it is at. A panic there was its own.
            let _ended = thread.join();
        }
    }
}

impl Shared {
    fn run(&self, memory: &Memory) {
        loop {
            let mut state = lock(&self.state);
            while !state.wanted && !state.stopping {
                state = self.changed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
            }
            if state.stopping {
                return;
            }
            state.wanted = false;
            drop(state);
            let done = memory.try_embed_pending(&mut |coverage| {
                let mut state = lock(&self.state);
                state.coverage = Some(coverage);
                if state.stopping { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            let mut state = lock(&self.state);
            state.problem = None;
            match done {
                Ok(Some(coverage)) => state.coverage = Some(coverage),
                Ok(None) => {
                    // Another process is at it; what it leaves is ours.
                    state.wanted = true;
                    let (waited, _) = self
                        .changed
                        .wait_timeout(state, PATIENCE)
                        .unwrap_or_else(std::sync::PoisonError::into_inner);
                    state = waited;
                }
                Err(error) => state.problem = Some(error.code()),
            }
            state.busy = state.wanted && !state.stopping;
            drop(state);
            self.changed.notify_all();
        }
    }
}
