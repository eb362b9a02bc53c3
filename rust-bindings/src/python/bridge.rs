//! The completion bridge: native work on native threads, its results in the event loop that asked.
//!
//! A [`Pool`] has a few Rust threads. They never touch the interpreter: a job is a Rust closure, and what it gives is
//! a second closure that makes the Python value later. A [`Port`] belongs to one running event loop. Finished jobs
//! wait in its mailbox, one wake-up is sent however many there are, and the loop's own thread drains them and makes
//! the values. So no native thread can be caught by the interpreter's exit, and there is no thread per call.
//!
//! The wake-up is a byte in a socket pair that the loop watches, or, for loops that cannot watch one, the return of
//! [`Port::wait`] in a Python thread. Everything is bounded: a port takes at most [`CAPACITY`] jobs that are not yet
//! drained, and the caller waits for room before it asks for more.
//!
//! After `fork()` the threads are gone in the child and locks may be held for ever, so pools and ports of another
//! process are neither used nor taken apart; the package makes new ones.
//!
//! Work that has threads of its own, such as requests over the network, takes no thread of the pool and no place: its
//! ticket comes from [`Port::begin`], its result through a [`Sender`], and giving it up drops its [`Guard`].

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use pyo3::exceptions::{PyBaseException, PyRuntimeError};
use pyo3::prelude::*;

use super::error::{BindingError, Details, Failure};

/// The most threads of one pool. Most of their time goes to waiting for the disk.
const MAX_THREADS: usize = 8;
/// The most jobs of one port that are queued, running or not yet drained.
const CAPACITY: usize = 256;

/// Makes the Python value of a finished job, in the thread of the loop that asked.
pub(super) type Reply = Box<dyn FnOnce(Python<'_>) -> Result<Py<PyAny>, Fault> + Send>;
/// Work without the interpreter. The flag rises when nobody waits for the result any more.
pub(super) type Work = Box<dyn FnOnce(&AtomicBool) -> Reply + Send>;

/// A drained job: its ticket, its value, and why there is no value.
type Finished = (u64, Py<PyAny>, Option<Fault>);

/// Why a job gave no value.
///
/// The package makes the exception for a failure. Making it here would run Python code below Rust frames, where an
/// interpreter that is ending may stop a daemon thread for good.
#[derive(IntoPyObject)]
pub(super) enum Fault {
    /// The work failed: code, text, place in a list, and what else is known.
    Work(&'static str, String, Option<usize>, Option<Details>),
    /// The value could not be made.
    Value(Py<PyBaseException>),
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        let (code, message, index, details) = failure.into_parts();
        Self::Work(code, message, index, details)
    }
}

impl From<PyErr> for Fault {
    fn from(error: PyErr) -> Self {
        Self::Value(Python::attach(|py| error.into_value(py)))
    }
}

/// The threads that do native work; they start when there is work for them.
#[pyclass(frozen, module = "memory_system._rust")]
pub(super) struct Pool {
    shared: Arc<Shared>,
    process: u32,
}

struct Shared {
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    threads: usize,
    idle: usize,
    stopped: bool,
}

struct Job {
    mailbox: Arc<Mailbox>,
    ticket: u64,
    cancelled: Arc<AtomicBool>,
    work: Work,
}

#[pymethods]
impl Pool {
    #[new]
    fn new() -> Self {
        Self {
            shared: Arc::new(Shared { state: Mutex::default(), work: Condvar::new() }),
            process: process::id(),
        }
    }

    /// How many threads were started.
    #[getter]
    fn threads(&self) -> usize {
        lock(&self.shared.state).threads
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if self.process == process::id() {
            lock(&self.shared.state).stopped = true;
            self.shared.work.notify_all();
        }
    }
}

impl Shared {
    fn push(self: &Arc<Self>, job: Job) -> PyResult<()> {
        let mut state = lock(&self.state);
        if state.queue.len() >= state.idle && state.threads < MAX_THREADS {
            let shared = Arc::clone(self);
            let name = format!("chrysalis-{}", state.threads);
            match thread::Builder::new().name(name).spawn(move || shared.work()) {
                Ok(_) => state.threads += 1,
                // Those already there do the work.
                Err(_) if state.threads > 0 => {}
                Err(error) => return Err(error.into()),
            }
        }
        state.queue.push_back(job);
        drop(state);
        self.work.notify_one();
        Ok(())
    }

    fn work(&self) {
        while let Some(Job { mailbox, ticket, cancelled, work }) = self.next() {
            let reply = catch_unwind(AssertUnwindSafe(|| work(&cancelled)))
                .unwrap_or_else(|_| Box::new(|_| Err(Failure::from(BindingError::Internal).into())));
            mailbox.deliver(ticket, reply);
        }
    }

    fn next(&self) -> Option<Job> {
        let mut state = lock(&self.state);
        loop {
            if state.stopped {
                return None;
            }
            if let Some(job) = state.queue.pop_front() {
                return Some(job);
            }
            state.idle += 1;
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }
}

/// Where one event loop hands in work and gets results.
#[pyclass(frozen, module = "memory_system._rust")]
pub(super) struct Port {
    pool: Arc<Shared>,
    mailbox: Arc<Mailbox>,
    next_ticket: AtomicU64,
}

#[pymethods]
impl Port {
    /// A port of `pool`. With `watched`, the loop is to watch `fileno()`; without it, a thread is to call `wait()`.
    #[new]
    fn new(pool: &Pool, watched: bool) -> PyResult<Self> {
        let wake = if watched { Some(Wake::new()?) } else { None };
        Ok(Self {
            pool: Arc::clone(&pool.shared),
            mailbox: Arc::new(Mailbox { wake, arrived: Condvar::new(), state: Mutex::default() }),
            next_ticket: AtomicU64::new(0),
        })
    }

    /// The most jobs that may be asked for and not yet drained.
    #[classattr]
    const CAPACITY: usize = CAPACITY;

    /// What the loop watches: it becomes readable when something can be drained.
    fn fileno(&self) -> Option<i32> {
        self.mailbox.wake.as_ref().map(Wake::fileno)
    }

    /// Tells the job of `ticket` that nobody waits for it. `True` when it had not begun, or could be given up, and is gone without a
    /// trace.
    fn cancel(&self, ticket: u64) -> bool {
        let guard = lock(&self.mailbox.state).elsewhere.remove(&ticket);
        if guard.is_some() {
            // Dropped here, with no lock held.
            return true;
        }
        let mut pool = lock(&self.pool.state);
        let ours = |job: &Job| job.ticket == ticket && Arc::ptr_eq(&job.mailbox, &self.mailbox);
        let queued = pool.queue.iter().position(ours).and_then(|at| pool.queue.remove(at));
        drop(pool);
        let mut mailbox = lock(&self.mailbox.state);
        if queued.is_some() {
            mailbox.outstanding.remove(&ticket);
        } else if let Some(cancelled) = mailbox.outstanding.get(&ticket) {
            cancelled.store(true, Ordering::Relaxed);
        }
        queued.is_some()
    }

    /// What has finished since the last call: ticket, value, and where there is none, code and text or an exception.
    fn drain(&self, py: Python<'_>) -> Vec<Finished> {
        let make = |(ticket, reply): (u64, Reply)| match reply(py) {
            Ok(value) => (ticket, value, None),
            // One value that cannot be made spoils no other.
            Err(fault) => (ticket, py.None(), Some(fault)),
        };
        self.mailbox.take().into_iter().map(make).collect()
    }

    /// Waits, without the interpreter, until there is something new to drain; `False` once the port is closed.
    fn wait(&self, py: Python<'_>) -> bool {
        py.detach(|| self.mailbox.wait())
    }

    /// Ends `wait()`.
    fn close(&self) {
        lock(&self.mailbox.state).closed = true;
        self.mailbox.arrived.notify_all();
    }

    fn __repr__(&self) -> String {
        format!("<Port with {} jobs>", lock(&self.mailbox.state).outstanding.len())
    }
}

impl Port {
    /// Hands in work and gives its ticket.
    pub(super) fn submit<T, W>(&self, work: W) -> PyResult<u64>
    where
        W: FnOnce(&AtomicBool) -> T + Send + 'static,
        T: FnOnce(Python<'_>) -> Result<Py<PyAny>, Fault> + Send + 'static,
    {
        let ticket = self.next_ticket.fetch_add(1, Ordering::Relaxed);
        let cancelled = Arc::new(AtomicBool::new(false));
        {
            let mut state = lock(&self.mailbox.state);
            if state.outstanding.len() >= CAPACITY {
                return Err(PyRuntimeError::new_err(
                    "the port is full: wait for a result before asking for more",
                ));
            }
            state.outstanding.insert(ticket, Arc::clone(&cancelled));
        }
        let mailbox = Arc::clone(&self.mailbox);
        let work: Work = Box::new(|cancelled| Box::new(work(cancelled)));
        self.pool.push(Job { mailbox, ticket, cancelled, work }).inspect_err(|_| {
            lock(&self.mailbox.state).outstanding.remove(&ticket);
        })?;
        Ok(ticket)
    }
}

impl Port {
    /// A ticket for work that is done elsewhere than in the pool. Nothing bounds their number but who does the work.
    pub(super) fn begin(&self) -> (u64, Sender) {
        let ticket = self.next_ticket.fetch_add(1, Ordering::Relaxed);
        lock(&self.mailbox.state).elsewhere.insert(ticket, Guard::default());
        (ticket, Sender { mailbox: Arc::clone(&self.mailbox), ticket })
    }

    /// Leaves what is dropped when nobody waits for `ticket` any more. If the result is there already, it is dropped at once.
    pub(super) fn attach(&self, ticket: u64, guard: Guard) {
        let mut state = lock(&self.mailbox.state);
        let unused = match state.elsewhere.get_mut(&ticket) {
            Some(place) => mem::replace(place, guard),
            None => guard,
        };
        drop(state);
        drop(unused);
    }

    /// Takes back a ticket whose work never began.
    pub(super) fn take_back(&self, ticket: u64) {
        lock(&self.mailbox.state).elsewhere.remove(&ticket);
    }
}

/// Where work that is done elsewhere brings its result.
pub(super) struct Sender {
    mailbox: Arc<Mailbox>,
    ticket: u64,
}

impl Sender {
    /// Brings it, from whatever thread.
    pub(super) fn send(self, reply: impl FnOnce(Python<'_>) -> Result<Py<PyAny>, Fault> + Send + 'static) {
        self.mailbox.deliver(self.ticket, Box::new(reply));
    }
}

/// Something that gives work up when it is dropped, though not in a child of `fork()`: there it is left as it is.
#[derive(Default)]
pub(super) struct Guard(Option<(u32, Box<dyn Send>)>);

impl Guard {
    pub(super) fn new(holds: impl Send + 'static) -> Self {
        Self(Some((process::id(), Box::new(holds))))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some((process, holds)) = self.0.take()
            && process != process::id()
        {
            mem::forget(holds);
        }
    }
}

struct Mailbox {
    wake: Option<Wake>,
    arrived: Condvar,
    state: Mutex<Results>,
}

#[derive(Default)]
struct Results {
    done: VecDeque<(u64, Reply)>,
    /// Every job from `submit` until it is drained, with the flag that tells it to stop.
    outstanding: BTreeMap<u64, Arc<AtomicBool>>,
    /// What is done elsewhere, from `begin` until it is drained or given up.
    elsewhere: BTreeMap<u64, Guard>,
    /// Whether the loop was told of `done`, so that many results cost one wake-up.
    announced: bool,
    /// Whether `wait()` has yet to pass that on.
    unheard: bool,
    closed: bool,
}

impl Mailbox {
    fn deliver(&self, ticket: u64, reply: Reply) {
        let mut state = lock(&self.state);
        state.done.push_back((ticket, reply));
        if !mem::replace(&mut state.announced, true) {
            match &self.wake {
                Some(wake) => wake.send(),
                None => {
                    state.unheard = true;
                    self.arrived.notify_one();
                }
            }
        }
    }

    fn take(&self) -> VecDeque<(u64, Reply)> {
        // Before the flag falls: a result that comes in between finds it up and is taken along.
        if let Some(wake) = &self.wake {
            wake.receive();
        }
        let mut state = lock(&self.state);
        state.announced = false;
        let done = mem::take(&mut state.done);
        let mut guards = Vec::new();
        for (ticket, _) in &done {
            state.outstanding.remove(ticket);
            guards.extend(state.elsewhere.remove(ticket));
        }
        drop(state);
        drop(guards);
        done
    }

    fn wait(&self) -> bool {
        let mut state = lock(&self.state);
        while !state.unheard && !state.closed {
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.unheard = false;
        !state.closed
    }
}

#[cfg(unix)]
use unix::Wake;
#[cfg(unix)]
mod unix {
    use std::io::{self, Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    /// At most one byte between a thread that has a result and the loop that watches for it.
    ///
    /// Both ends live as long as anybody can send, so that sending never meets a closed pipe.
    pub(super) struct Wake {
        watched: UnixStream,
        sender: UnixStream,
    }

    impl Wake {
        pub(super) fn new() -> io::Result<Self> {
            let (watched, sender) = UnixStream::pair()?;
            watched.set_nonblocking(true)?;
            sender.set_nonblocking(true)?;
            Ok(Self { watched, sender })
        }

        pub(super) fn fileno(&self) -> i32 {
            self.watched.as_raw_fd()
        }

        pub(super) fn send(&self) {
            // Fails only when the buffer is full, and then the loop is woken by what is in it.
            let _ = (&self.sender).write(&[1]);
        }

        pub(super) fn receive(&self) {
            let mut bytes = [0; 16];
            // Nothing there is no fault: the loop may drain for another reason.
            while matches!((&self.watched).read(&mut bytes), Ok(read) if read > 0) {}
        }
    }
}

#[cfg(not(unix))]
use elsewhere::Wake;
#[cfg(not(unix))]
mod elsewhere {
    use std::io;

    /// There is none: loops of this system cannot watch what Rust could make, so a thread waits for them.
    pub(super) enum Wake {}

    impl Wake {
        pub(super) fn new() -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(super) fn fileno(&self) -> i32 {
            match *self {}
        }

        pub(super) fn send(&self) {
            match *self {}
        }

        pub(super) fn receive(&self) {
            match *self {}
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
