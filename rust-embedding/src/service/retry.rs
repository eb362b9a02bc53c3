//! When a request is sent again (contract part 6).

use std::time::Duration;

/// How often and after what delay requests are repeated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Requests after the first.
    pub max_retries: u32,
    /// Delay before the first repetition; it doubles each time.
    pub initial_backoff: Duration,
    /// Longest delay of our own choosing.
    pub max_backoff: Duration,
    /// The greatest part of a delay that chance takes away, 0 to 1.
    pub jitter: f64,
    /// Longest delay that a server may ask for; where it asks for more, our own is used.
    pub max_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: 2,
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(8),
            jitter: 0.25,
            max_retry_after: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// The policy of providers that were never repeated: Nomic in A, all of C.
    #[must_use]
    pub fn none() -> Self {
        Self { max_retries: 0, ..Self::default() }
    }

    /// The delay that a server asks for, if it is one that is heeded: above zero and not too long.
    #[must_use]
    pub fn heeded(&self, retry_after: Option<Duration>) -> Option<Duration> {
        retry_after.filter(|delay| !delay.is_zero() && *delay <= self.max_retry_after)
    }

    /// The delay before repetition number `retry`, from 0. `random` are evenly distributed bits.
    #[must_use]
    pub fn delay(&self, retry: u32, retry_after: Option<Duration>, random: u64) -> Duration {
        if let Some(delay) = self.heeded(retry_after) {
            return delay;
        }
        let doubled = self.initial_backoff.saturating_mul(1_u32.checked_shl(retry).unwrap_or(u32::MAX));
        let longest = doubled.min(self.max_backoff);
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
        let chance = (random >> 11) as f64 / (1_u64 << 53) as f64;
        longest.mul_f64(1.0 - self.jitter.clamp(0.0, 1.0) * chance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Contract part 6.
    #[test]
    fn delays_double_to_a_limit_and_lose_up_to_a_quarter() {
        let policy = RetryPolicy::default();
        for (retry, longest) in
            [(0, 500), (1, 1000), (2, 2000), (4, 8000), (5, 8000), (31, 8000), (u32::MAX, 8000)]
        {
            assert_eq!(policy.delay(retry, None, 0), longest * MS);
            let shortest = policy.delay(retry, None, u64::MAX);
            assert!(shortest >= longest * MS * 3 / 4 && shortest < longest * MS * 3 / 4 + MS, "{shortest:?}");
        }
    }

    #[test]
    fn a_servers_wish_is_heeded_up_to_a_minute() {
        let delay = |wish| RetryPolicy::default().delay(0, Some(wish), 0);
        assert_eq!(delay(MS), MS);
        assert_eq!(delay(60_000 * MS), 60_000 * MS);
        assert_eq!(delay(60_001 * MS), 500 * MS);
        assert_eq!(delay(Duration::ZERO), 500 * MS);
    }
}
