//! Runs the third-party library, which is written for an asynchronous runtime, as a state machine: one queue of tasks in
//! the order in which they were woken, a clock that only the driver moves, and a seeded generator. The same inputs give
//! the same run.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::future::Future;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use openraft::{AsyncRuntime, TokioRuntime};
use rand_openraft::RngCore;
use tokio::sync::oneshot;

use crate::error::ConsensusError;

/// The tasks of one engine.
pub(super) struct Executor {
    shared: Arc<Shared>,
    tasks: BTreeMap<u64, Task>,
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Shared(Mutex<State>);

struct State {
    now: Duration,
    /// Tasks to be polled, in order, each once.
    ready: VecDeque<u64>,
    is_ready: BTreeSet<u64>,
    spawned: Vec<(u64, Task)>,
    next: u64,
    /// Who sleeps until when.
    sleepers: BTreeMap<(Duration, u64), Waker>,
    random: u64,
}

impl Executor {
    /// Without tasks, at time zero.
    pub(super) fn new(seed: u64) -> Self {
        let state = State {
            now: Duration::ZERO,
            ready: VecDeque::new(),
            is_ready: BTreeSet::new(),
            spawned: Vec::new(),
            next: 0,
            sleepers: BTreeMap::new(),
            random: seed,
        };
        Self { shared: Arc::new(Shared(Mutex::new(state))), tasks: BTreeMap::new() }
    }

    /// Adds a task.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.shared.spawn(Box::pin(task));
    }

    /// Runs tasks until all wait for something.
    ///
    /// # Errors
    /// [`ConsensusError::InvalidState`] where they never do.
    pub(super) fn run(&mut self) -> Result<(), ConsensusError> {
        let _entered = Entered::new(&self.shared);
        for _ in 0..MAX_POLLS {
            let (spawned, next) = {
                let mut state = self.shared.lock();
                let next = state.ready.pop_front();
                if let Some(id) = next {
                    state.is_ready.remove(&id);
                }
                (std::mem::take(&mut state.spawned), next)
            };
            self.tasks.extend(spawned);
            let Some(id) = next else { return Ok(()) };
            let Some(task) = self.tasks.get_mut(&id) else { continue };
            let waker = Waker::from(Arc::new(TaskWaker { id, shared: Arc::downgrade(&self.shared) }));
            let mut context = Context::from_waker(&waker);
            // A task that panics is gone, and whoever waits for it is told.
            let polled = catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(&mut context)));
            if !matches!(polled, Ok(Poll::Pending)) {
                self.tasks.remove(&id);
            }
        }
        Err(ConsensusError::InvalidState("the third-party library does not come to rest"))
    }

    /// Whether all tasks wait.
    pub(super) fn is_idle(&self) -> bool {
        self.shared.lock().ready.is_empty()
    }

    /// Moves the clock forward, never back, and wakes whoever slept until then.
    pub(super) fn advance(&self, to: Duration) {
        let wakers = {
            let mut state = self.shared.lock();
            state.now = state.now.max(to);
            let until = state.now + Duration::from_nanos(1);
            let later = state.sleepers.split_off(&(until, 0));
            std::mem::replace(&mut state.sleepers, later)
        };
        wakers.into_values().for_each(Waker::wake);
    }

    /// The time.
    pub(super) fn now(&self) -> Duration {
        self.shared.lock().now
    }

    /// When the next sleeper is to be woken.
    pub(super) fn earliest(&self) -> Option<Duration> {
        self.shared.lock().sleepers.first_key_value().map(|((at, _), _)| *at)
    }
}

impl Drop for Executor {
    /// Tasks end in the place where they ran.
    fn drop(&mut self) {
        let _entered = Entered::new(&self.shared);
        let spawned = std::mem::take(&mut self.shared.lock().spawned);
        drop(spawned);
        self.tasks.clear();
    }
}

/// Tasks polled for one input: far beyond what any takes, and an end where the library turns in circles.
const MAX_POLLS: usize = 10_000_000;

impl Shared {
    /// No code of others runs under the lock, so that nothing is half done in it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(&self, task: Task) {
        let mut state = self.lock();
        let id = state.next;
        state.next += 1;
        state.spawned.push((id, task));
        state.ready.push_back(id);
        state.is_ready.insert(id);
    }
}

struct TaskWaker {
    id: u64,
    shared: Weak<Shared>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if let Some(shared) = self.shared.upgrade() {
            let mut state = shared.lock();
            if state.is_ready.insert(self.id) {
                state.ready.push_back(self.id);
            }
        }
    }
}

thread_local! {
    /// Whose tasks run on this thread: the library asks its runtime without saying for whom.
    static CURRENT: RefCell<Vec<Arc<Shared>>> = const { RefCell::new(Vec::new()) };
}

/// That this thread runs the tasks of one executor.
struct Entered;

impl Entered {
    fn new(shared: &Arc<Shared>) -> Self {
        CURRENT.with_borrow_mut(|current| current.push(Arc::clone(shared)));
        Self
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.with_borrow_mut(Vec::pop);
    }
}

fn current() -> Arc<Shared> {
    let current = CURRENT.with_borrow(|current| current.last().cloned());
    current.expect("the library runs in tasks only, and tasks run while their executor is entered")
}

/// What the library takes for its runtime.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Runtime;

impl AsyncRuntime for Runtime {
    type JoinError = Gone;
    type JoinHandle<T: Send + 'static> = JoinHandle<T>;
    type Sleep = Sleep;
    type Instant = Instant;
    type TimeoutError = Elapsed;
    type Timeout<R, T: Future<Output = R> + Send> = Timeout<T>;
    type ThreadLocalRng = Random;
    type OneshotSender<T: Send> = <TokioRuntime as AsyncRuntime>::OneshotSender<T>;
    type OneshotReceiverError = <TokioRuntime as AsyncRuntime>::OneshotReceiverError;
    type OneshotReceiver<T: Send> = <TokioRuntime as AsyncRuntime>::OneshotReceiver<T>;

    fn spawn<T>(future: T) -> Self::JoinHandle<T::Output>
    where
        T: Future + Send + 'static,
        T::Output: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        current().spawn(Box::pin(async move {
            // Whoever does not wait for it does not want to know.
            let _ = sender.send(future.await);
        }));
        JoinHandle(receiver)
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        let shared = current();
        let until = shared.lock().now.saturating_add(duration);
        Sleep { shared, until, place: None }
    }

    fn sleep_until(deadline: Self::Instant) -> Self::Sleep {
        Sleep { shared: current(), until: deadline.0, place: None }
    }

    fn timeout<R, F: Future<Output = R> + Send>(duration: Duration, future: F) -> Self::Timeout<R, F> {
        Timeout { sleep: Self::sleep(duration), future: Box::pin(future) }
    }

    fn timeout_at<R, F: Future<Output = R> + Send>(
        deadline: Self::Instant,
        future: F,
    ) -> Self::Timeout<R, F> {
        Timeout { sleep: Self::sleep_until(deadline), future: Box::pin(future) }
    }

    fn is_panic(_: &Self::JoinError) -> bool {
        true
    }

    fn thread_rng() -> Self::ThreadLocalRng {
        Random(current())
    }

    fn oneshot<T: Send>() -> (Self::OneshotSender<T>, Self::OneshotReceiver<T>) {
        // A channel of plain memory, which needs no runtime of its library.
        TokioRuntime::oneshot()
    }
}

/// A task ended without a result.
#[derive(Debug)]
pub(super) struct Gone;

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a task ended without a result")
    }
}

/// Waits for a task.
pub(super) struct JoinHandle<T>(oneshot::Receiver<T>);

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, Gone>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map_err(|_| Gone)
    }
}

/// Waits until a time.
pub(super) struct Sleep {
    shared: Arc<Shared>,
    until: Duration,
    place: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let (shared, until) = (Arc::clone(&self.shared), self.until);
        let mut state = shared.lock();
        if state.now >= until {
            return Poll::Ready(());
        }
        let place = self.place.unwrap_or_else(|| {
            state.next += 1;
            state.next
        });
        self.place = Some(place);
        state.sleepers.insert((until, place), context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.shared.lock().sleepers.remove(&(self.until, place));
        }
    }
}

/// A time has come before a result.
#[derive(Debug)]
pub(super) struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time is over")
    }
}

/// A future, for so long.
pub(super) struct Timeout<F> {
    sleep: Sleep,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = self.future.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        Pin::new(&mut self.sleep).poll(context).map(|()| Err(Elapsed))
    }
}

/// A time of the driver's clock, as the engine knows it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Instant(Duration);

impl openraft::Instant for Instant {
    fn now() -> Self {
        Self(current().lock().now)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration))
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// SplitMix64, for the lengths of election timeouts: nothing secret comes of it.
pub(super) struct Random(Arc<Shared>);

impl RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    fn next_u64(&mut self) -> u64 {
        let mut state = self.0.lock();
        state.random = state.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_openraft::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn trace(seed: u64) -> Vec<(u64, u64)> {
        let mut executor = Executor::new(seed);
        let trace = Arc::new(Mutex::new(Vec::new()));
        for n in 0..5u64 {
            let trace = Arc::clone(&trace);
            executor.spawn(async move {
                for _ in 0..3 {
                    let wait = Runtime::thread_rng().next_u64() % 100;
                    Runtime::sleep(Duration::from_millis(wait)).await;
                    trace.lock().unwrap().push((n, wait));
                }
            });
        }
        executor.run().unwrap();
        while let Some(at) = executor.earliest() {
            executor.advance(at);
            executor.run().unwrap();
        }
        let trace = trace.lock().unwrap().clone();
        assert_eq!(trace.len(), 15);
        trace
    }

    #[test]
    fn r_50_the_same_seed_gives_the_same_run() {
        assert_eq!(trace(1), trace(1));
        assert_ne!(trace(1), trace(2));
    }

    #[test]
    fn timeouts_end_what_does_not_come() {
        let mut executor = Executor::new(0);
        let done = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&done);
        executor.spawn(async move {
            let never = Runtime::timeout(Duration::from_secs(1), std::future::pending::<()>()).await;
            let soon = Runtime::timeout(Duration::from_secs(1), Runtime::sleep(Duration::ZERO)).await;
            seen.lock().unwrap().extend([never.is_err(), soon.is_ok()]);
        });
        executor.run().unwrap();
        assert_eq!(executor.earliest(), Some(Duration::from_secs(1)));
        executor.advance(Duration::from_millis(999));
        executor.run().unwrap();
        assert!(done.lock().unwrap().is_empty());
        executor.advance(Duration::from_secs(1));
        executor.run().unwrap();
        assert_eq!(*done.lock().unwrap(), [true, true]);
        // Nobody sleeps any more: what was dropped is forgotten.
        assert_eq!(executor.earliest(), None);
    }

    #[test]
    fn a_task_that_panics_ends_alone() {
        let mut executor = Executor::new(0);
        let told = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&told);
        executor.spawn(async move {
            let joined = Runtime::spawn(async { panic!("meant") }).await;
            *seen.lock().unwrap() = Some(joined.is_err());
        });
        executor.run().unwrap();
        assert_eq!(*told.lock().unwrap(), Some(true));
    }
}
