//! What the host gives: clocks, timers, tasks and randomness. With these as arguments, everything else runs natively,
//! in a browser and under a driven clock.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// A future on the heap: `Send` natively, not in WebAssembly, where there is one thread.
#[cfg(not(target_arch = "wasm32"))]
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
/// A future on the heap: `Send` natively, not in WebAssembly, where there is one thread.
#[cfg(target_arch = "wasm32")]
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// `Send + Sync` natively, nothing in WebAssembly.
#[cfg(not(target_arch = "wasm32"))]
pub trait Shared: Send + Sync + 'static {}
#[cfg(not(target_arch = "wasm32"))]
impl<T: Send + Sync + 'static> Shared for T {}
/// `Send + Sync` natively, nothing in WebAssembly.
#[cfg(target_arch = "wasm32")]
pub trait Shared: 'static {}
#[cfg(target_arch = "wasm32")]
impl<T: 'static> Shared for T {}

/// A reading of both clocks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Now {
    /// Since an origin of the runtime's choice; never goes back. Deadlines and delays are of this clock.
    pub monotonic: Duration,
    /// Since 1970-01-01T00:00:00Z. Expiry in caches and dates in headers are of this clock.
    pub unix: Duration,
}

/// A task that can be stopped.
pub trait Abort: Shared {
    /// Stops the task at its next suspension and drops what it holds; nothing where it has ended.
    fn abort(&self);
}

/// The host.
pub trait Runtime: Shared {
    /// Both clocks.
    fn now(&self) -> Now;

    /// Ends when the monotonic clock has reached `at`.
    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()>;

    /// Runs a task beside the caller.
    fn spawn(&self, task: BoxFuture<'static, ()>) -> Box<dyn Abort>;

    /// Evenly distributed bits for jitter; nothing secret depends on them.
    fn random(&self) -> u64;
}
