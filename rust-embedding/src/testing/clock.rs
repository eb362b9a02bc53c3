//! A runtime whose clock stands still until everything under way has ended or the test moves it.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};

use crate::port::{Abort, BoxFuture, Now, Runtime};

/// A runtime with a driven clock: tasks run on tokio, sleepers wake when the clock passes them.
#[derive(Debug)]
pub struct DrivenRuntime {
    handle: Handle,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    now: Duration,
    unix_origin: Duration,
    random: u64,
    tasks: usize,
    next: u64,
    sleepers: BTreeMap<(Duration, u64), oneshot::Sender<()>>,
}

impl DrivenRuntime {
    /// A clock at zero, which is `unix_origin` after 1970; `random` is what chance always gives.
    #[must_use]
    pub fn new(handle: Handle, unix_origin: Duration, random: u64) -> Arc<Self> {
        let state =
            State { now: Duration::ZERO, unix_origin, random, tasks: 0, next: 0, sleepers: BTreeMap::new() };
        Arc::new(Self {
            handle,
            shared: Arc::new(Shared { state: Mutex::new(state), changed: Notify::new() }),
        })
    }

    /// Moves the clock on and wakes whom it passes.
    pub fn advance(&self, by: Duration) {
        let to = self.shared.state().now + by;
        self.shared.advance_to(to);
    }

    /// Runs a future; whenever nothing but sleepers is left, the clock jumps to the first of them. A request that hangs
    /// stops the clock: move it with [`advance`](Self::advance).
    pub async fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        loop {
            let changed = self.shared.changed.notified();
            let polled = std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
            if let Poll::Ready(output) = polled {
                return output;
            }
            if self.jump() {
                continue;
            }
            tokio::select! {
                biased;
                output = &mut future => return output,
                () = changed => {}
            }
        }
    }

    /// Jumps to the first sleeper if there is nothing else.
    fn jump(&self) -> bool {
        let to = {
            let mut state = self.shared.state();
            // Those whose task is gone.
            state.sleepers.retain(|_, sleeper| !sleeper.is_closed());
            if state.tasks > state.sleepers.len() {
                return false;
            }
            state.sleepers.first_key_value().map(|((at, _), _)| *at)
        };
        to.is_some_and(|to| {
            self.shared.advance_to(to);
            true
        })
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn advance_to(&self, to: Duration) {
        let mut state = self.state();
        state.now = state.now.max(to);
        let later = state.sleepers.split_off(&(to + Duration::from_nanos(1), 0));
        let due = std::mem::replace(&mut state.sleepers, later);
        drop(state);
        for sleeper in due.into_values() {
            let _ = sleeper.send(());
        }
        self.changed.notify_waiters();
    }
}

impl Runtime for DrivenRuntime {
    fn now(&self) -> Now {
        let state = self.shared.state();
        Now { monotonic: state.now, unix: state.unix_origin + state.now }
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.shared.state();
        if at <= state.now {
            return Box::pin(std::future::ready(()));
        }
        let number = state.next;
        state.next += 1;
        state.sleepers.insert((at, number), sender);
        drop(state);
        self.shared.changed.notify_waiters();
        Box::pin(async move {
            let _ = receiver.await;
        })
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Box<dyn Abort> {
        self.shared.state().tasks += 1;
        let counted = Counted(Arc::clone(&self.shared));
        let task = self.handle.spawn(async move {
            let _counted = counted;
            task.await;
        });
        Box::new(Task(task.abort_handle()))
    }

    fn random(&self) -> u64 {
        self.shared.state().random
    }
}

/// One task, until it ends or is stopped.
struct Counted(Arc<Shared>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.state().tasks -= 1;
        self.0.changed.notify_waiters();
    }
}

struct Task(tokio::task::AbortHandle);

impl Abort for Task {
    fn abort(&self) {
        self.0.abort();
    }
}
