//! Running a service natively: on a tokio runtime there is, or on a thread of its own for callers that block.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::embedding::Embedding;
use crate::error::EmbeddingError;
use crate::port::{Abort, BoxFuture, Now, Runtime};
use crate::provider::Form;
use crate::service::driver::{Call, EmbeddingService};
use crate::service::outcome::{CallOptions, Outcome};

/// The runtime of tokio, whose timers must be on.
#[derive(Debug)]
pub struct TokioRuntime {
    handle: Handle,
    origin: Instant,
    random: AtomicU64,
}

impl TokioRuntime {
    /// This runtime.
    ///
    /// # Errors
    /// [`EmbeddingError::Crypto`] when the system gives no randomness.
    pub fn new(handle: Handle) -> Result<Arc<Self>, EmbeddingError> {
        let seed = u64::from_le_bytes(chrysalis_crypto::random::array()?);
        Ok(Arc::new(Self { handle, origin: Instant::now(), random: AtomicU64::new(seed) }))
    }

    /// The runtime that the caller is on.
    ///
    /// # Errors
    /// [`EmbeddingError::NoThread`] where there is none; as [`new`](Self::new).
    pub fn current() -> Result<Arc<Self>, EmbeddingError> {
        Self::new(Handle::try_current().map_err(|_| EmbeddingError::NoThread)?)
    }
}

impl Runtime for TokioRuntime {
    fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Now { monotonic: self.origin.elapsed(), unix }
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        let deadline = self.origin.checked_add(at);
        Box::pin(async move {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => std::future::pending().await,
            }
        })
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Box<dyn Abort> {
        Box::new(Task(self.handle.spawn(task).abort_handle()))
    }

    /// SplitMix64, from a random seed.
    fn random(&self) -> u64 {
        let mut bits = self.random.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }
}

struct Task(AbortHandle);

impl Abort for Task {
    fn abort(&self) {
        self.0.abort();
    }
}

/// Makes a service on a runtime; called again in a child of `fork()`.
pub type MakeService =
    Box<dyn Fn(Arc<dyn Runtime>) -> Result<EmbeddingService, EmbeddingError> + Send + Sync>;

/// A service for callers that block: requests run on one thread of its own. In a child of `fork()` it starts anew, with
/// new connections.
pub struct BlockingService {
    make: MakeService,
    state: Mutex<Option<Running>>,
}

struct Running {
    process: u32,
    service: EmbeddingService,
    /// Ends the thread when dropped; behind the service, which goes first.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl BlockingService {
    /// The service that `make` makes.
    ///
    /// # Errors
    /// As `make`, and [`EmbeddingError::NoThread`].
    pub fn new(make: MakeService) -> Result<Self, EmbeddingError> {
        let running = Running::start(&make)?;
        Ok(Self { make, state: Mutex::new(Some(running)) })
    }

    /// The service, for everything that does not wait.
    ///
    /// # Errors
    /// [`EmbeddingError::Forked`] when the process forked while another thread was in here; as [`new`](Self::new).
    pub fn service(&self) -> Result<EmbeddingService, EmbeddingError> {
        // A lock that another thread held when the process forked is never released in the child.
        for _ in 0..FORK_ATTEMPTS {
            let mut state = match self.state.try_lock() {
                Ok(state) => state,
                Err(TryLockError::Poisoned(error)) => error.into_inner(),
                Err(TryLockError::WouldBlock) => {
                    std::thread::sleep(Duration::from_millis(1));
                    continue;
                }
            };
            if let Some(running) = &*state
                && running.process == std::process::id()
            {
                return Ok(running.service.clone());
            }
            // Threads and connections are the parent's: neither is to be waited for or closed here.
            std::mem::forget(state.take());
            let running = Running::start(&self.make)?;
            let service = running.service.clone();
            *state = Some(running);
            return Ok(service);
        }
        Err(EmbeddingError::Forked)
    }

    /// The vector of one text.
    ///
    /// # Errors
    /// As [`EmbeddingService::embed`].
    pub fn embed(&self, text: &str) -> Result<Embedding, EmbeddingError> {
        self.embed_one(text, Form::Document)
    }

    /// The vector of a text to find others by.
    ///
    /// # Errors
    /// As [`EmbeddingService::embed`].
    pub fn embed_query(&self, text: &str) -> Result<Embedding, EmbeddingError> {
        self.embed_one(text, Form::Query)
    }

    fn embed_one(&self, text: &str, form: Form) -> Result<Embedding, EmbeddingError> {
        let outcomes = self.start(&[text], CallOptions { form, ..CallOptions::default() })?.wait()?;
        outcomes.into_iter().next().map_or(Err(EmbeddingError::Closed), |outcome| outcome.result)
    }

    /// The vectors of texts, in their order.
    ///
    /// # Errors
    /// As [`EmbeddingService::embed_batch`].
    pub fn embed_batch<S: AsRef<str>>(&self, texts: &[S]) -> Result<Vec<Embedding>, EmbeddingError> {
        let options = CallOptions { is_batch: true, ..CallOptions::default() };
        self.start(texts, options)?.wait()?.into_iter().map(|outcome| outcome.result).collect()
    }

    /// Starts a call that is waited for later, or in between other things.
    ///
    /// # Errors
    /// As [`EmbeddingService::start`].
    pub fn start<S: AsRef<str>>(
        &self,
        texts: &[S],
        options: CallOptions,
    ) -> Result<PendingCall, EmbeddingError> {
        let (sender, receiver) = channel();
        let completion = Box::new(move |outcomes| drop(sender.send(outcomes)));
        let call = self.service()?.start(texts, options, completion)?;
        Ok(PendingCall { call: Some(call), receiver })
    }
}

impl fmt::Debug for BlockingService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingService").finish_non_exhaustive()
    }
}

const FORK_ATTEMPTS: usize = 200;

impl Running {
    fn start(make: &MakeService) -> Result<Self, EmbeddingError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|_| EmbeddingError::NoThread)?;
        let service = make(TokioRuntime::new(runtime.handle().clone())?)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("embedding".to_owned())
            .spawn(move || {
                // An error says that the sender is gone, which ends it, too.
                let _ = runtime.block_on(stopped);
                runtime.shutdown_background();
            })
            .map_err(|_| EmbeddingError::NoThread)?;
        Ok(Self { process: std::process::id(), service, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // In a child of `fork()` threads and connections are the parent's: neither is to be waited for or closed here.
        if self.process != std::process::id() {
            std::mem::forget((self.service.clone(), self.stop.take(), self.thread.take()));
            return;
        }
        self.service.close();
        drop(self.stop.take());
        // From one of its own completions it is not waited for.
        if let Some(thread) =
            self.thread.take().filter(|thread| thread.thread().id() != std::thread::current().id())
        {
            let _ = thread.join();
        }
    }
}

/// A call that can be waited for. Dropping it cancels the call.
#[derive(Debug)]
pub struct PendingCall {
    call: Option<Call>,
    receiver: Receiver<Vec<Outcome>>,
}

impl PendingCall {
    /// Waits for what becomes of the texts.
    ///
    /// # Errors
    /// [`EmbeddingError::Closed`] when the service goes away.
    pub fn wait(mut self) -> Result<Vec<Outcome>, EmbeddingError> {
        let outcomes = self.receiver.recv().map_err(|_| EmbeddingError::Closed)?;
        self.end();
        Ok(outcomes)
    }

    /// Waits so long; `None` when it is not there yet.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub fn wait_for(&mut self, longest: Duration) -> Result<Option<Vec<Outcome>>, EmbeddingError> {
        match self.receiver.recv_timeout(longest) {
            Ok(outcomes) => {
                self.end();
                Ok(Some(outcomes))
            }
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(EmbeddingError::Closed),
        }
    }

    fn end(&mut self) {
        if let Some(call) = self.call.take() {
            call.detach();
        }
    }
}
