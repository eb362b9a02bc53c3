//! How long the connection of a request took to be made, told apart from the time of the provider.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::port::Runtime;

/// What is known of the connection of one request. Clones share it.
#[derive(Clone, Default)]
pub struct Connecting(Arc<Mutex<State>>);

/// Times are of the runtime's monotonic clock.
#[derive(Clone, Copy, Default)]
struct State {
    took: Duration,
    since: Option<Duration>,
}

impl Connecting {
    /// How long connecting took until `now`; nothing where a connection was there already or nobody tells.
    #[must_use]
    pub fn elapsed(&self, now: Duration) -> Duration {
        let state = *self.lock();
        state.took + state.since.map_or(Duration::ZERO, |since| now.saturating_sub(since))
    }

    fn begin(&self, now: Duration) {
        self.lock().since.get_or_insert(now);
    }

    fn end(&self, now: Duration) {
        let mut state = self.lock();
        if let Some(since) = state.since.take() {
            state.took += now.saturating_sub(since);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Connecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connecting").field("took", &self.lock().took).finish_non_exhaustive()
    }
}

/// What a transport tells when it begins and ends to connect. One that does not know leaves it alone.
#[derive(Clone)]
pub struct ConnectClock {
    connecting: Connecting,
    runtime: Arc<dyn Runtime>,
}

impl ConnectClock {
    /// Writes into `connecting` by the clock of `runtime`.
    #[must_use]
    pub fn new(connecting: Connecting, runtime: Arc<dyn Runtime>) -> Self {
        Self { connecting, runtime }
    }

    /// The request waits for a connection to be made, if it does not already.
    pub fn begin(&self) {
        self.connecting.begin(self.runtime.now().monotonic);
    }

    /// It no longer does.
    pub fn end(&self) {
        self.connecting.end(self.runtime.now().monotonic);
    }
}

impl fmt::Debug for ConnectClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectClock").field("connecting", &self.connecting).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_counts_once_and_while_it_lasts() {
        let at = Duration::from_millis;
        let connecting = Connecting::default();
        assert_eq!(connecting.elapsed(at(9)), Duration::ZERO);
        connecting.begin(at(10));
        connecting.begin(at(12));
        assert_eq!(connecting.elapsed(at(15)), at(5));
        connecting.end(at(17));
        connecting.end(at(20));
        assert_eq!(connecting.elapsed(at(99)), at(7));
        connecting.begin(at(30));
        connecting.end(at(31));
        assert_eq!(connecting.clone().elapsed(at(99)), at(8));
    }
}
