//! What stands before each provider: its circuit, its cooldown and its rate limits. A state machine; the clock is an argument.

use std::time::Duration;

use crate::provider::RateHints;

/// What a gate allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateSettings {
    /// Requests per minute; `None` until the provider says.
    pub requests_per_minute: Option<u64>,
    /// Tokens per minute; `None` until the provider says.
    pub tokens_per_minute: Option<u64>,
    /// Network failures and timeouts in a row that open the circuit; 0 never does.
    pub open_after: u32,
    /// How long an open circuit stays open before one request is tried.
    pub open_for: Duration,
    /// Longest pause that a server can impose.
    pub max_pause: Duration,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self {
            requests_per_minute: None,
            tokens_per_minute: None,
            open_after: 10,
            open_for: Duration::from_secs(30),
            max_pause: Duration::from_secs(60),
        }
    }
}

/// Whether a request may be sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Admission {
    /// At once. The gate counts it as sent.
    Granted,
    /// Not before this time.
    At(Duration),
    /// The circuit is open.
    Refused,
}

/// The state of a circuit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Circuit {
    /// Requests pass.
    Closed,
    /// No request passes.
    Open,
    /// One request tries whether the provider is back.
    HalfOpen,
}

impl Circuit {
    /// The name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// The gate of one provider.
#[derive(Clone, Debug)]
pub struct Gate {
    settings: GateSettings,
    failures: u32,
    breaker: Breaker,
    paused_until: Duration,
    requests: Bucket,
    tokens: Bucket,
}

#[derive(Clone, Copy, Debug)]
enum Breaker {
    Closed,
    Open {
        until: Duration,
    },
    /// Whether the one request is under way.
    HalfOpen {
        is_probing: bool,
    },
}

impl Gate {
    /// A closed circuit, full buckets.
    #[must_use]
    pub fn new(settings: GateSettings) -> Self {
        Self {
            settings,
            failures: 0,
            breaker: Breaker::Closed,
            paused_until: Duration::ZERO,
            requests: Bucket::new(settings.requests_per_minute),
            tokens: Bucket::new(settings.tokens_per_minute),
        }
    }

    /// Asks to send a request of so many tokens.
    pub fn admit(&mut self, now: Duration, tokens: u64) -> Admission {
        match self.breaker {
            Breaker::Open { until } if now < until => return Admission::Refused,
            Breaker::HalfOpen { is_probing: true } => return Admission::Refused,
            Breaker::Open { .. } => self.breaker = Breaker::HalfOpen { is_probing: false },
            _ => {}
        }
        let at = self.paused_until.max(self.requests.when(now, 1)).max(self.tokens.when(now, tokens));
        if now < at {
            return Admission::At(at);
        }
        self.requests.take(1);
        self.tokens.take(tokens);
        if let Breaker::HalfOpen { is_probing } = &mut self.breaker {
            *is_probing = true;
        }
        Admission::Granted
    }

    /// A request was answered, well or with an error that shows the provider alive.
    pub fn answered(&mut self) {
        self.failures = 0;
        self.breaker = Breaker::Closed;
    }

    /// A request met a network failure, a server error or a deadline.
    pub fn failed(&mut self, now: Duration) {
        self.failures = self.failures.saturating_add(1);
        let is_probe = matches!(self.breaker, Breaker::HalfOpen { .. });
        if self.settings.open_after > 0 && (is_probe || self.failures >= self.settings.open_after) {
            self.breaker = Breaker::Open { until: now + self.settings.open_for };
        }
    }

    /// A request was given up by its caller and tells nothing.
    pub fn abandoned(&mut self) {
        if let Breaker::HalfOpen { is_probing } = &mut self.breaker {
            *is_probing = false;
        }
    }

    /// The provider asks everyone to wait.
    pub fn pause(&mut self, now: Duration, delay: Duration) {
        self.paused_until = self.paused_until.max(now + delay.min(self.settings.max_pause));
    }

    /// What an answer's headers say.
    pub fn learn(&mut self, now: Duration, rate: &RateHints) {
        let minute = |limit: Option<u64>, own: Option<u64>| own.or(limit);
        self.requests.set_limit(now, minute(rate.limit_requests, self.settings.requests_per_minute));
        self.tokens.set_limit(now, minute(rate.limit_tokens, self.settings.tokens_per_minute));
        for (bucket, remaining, reset) in [
            (&mut self.requests, rate.remaining_requests, rate.reset_requests),
            (&mut self.tokens, rate.remaining_tokens, rate.reset_tokens),
        ] {
            let Some(remaining) = remaining else { continue };
            bucket.lower_to(now, remaining);
            if remaining == 0
                && let Some(reset) = reset
            {
                self.paused_until = self.paused_until.max(now + reset.min(self.settings.max_pause));
            }
        }
    }

    /// The state of the circuit.
    #[must_use]
    pub fn circuit(&self, now: Duration) -> Circuit {
        match self.breaker {
            Breaker::Closed => Circuit::Closed,
            Breaker::Open { until } if now < until => Circuit::Open,
            _ => Circuit::HalfOpen,
        }
    }
}

/// Fills evenly to its limit in a minute.
#[derive(Clone, Debug)]
struct Bucket {
    limit: Option<f64>,
    level: f64,
    at: Duration,
}

impl Bucket {
    fn new(limit: Option<u64>) -> Self {
        let limit = limit.map(to_float);
        Self { limit, level: limit.unwrap_or_default(), at: Duration::ZERO }
    }

    fn set_limit(&mut self, now: Duration, limit: Option<u64>) {
        let limit = limit.map(to_float).filter(|limit| *limit > 0.0);
        if limit != self.limit {
            self.fill(now);
            self.level = match (self.limit, limit) {
                (None, Some(limit)) => limit,
                (_, Some(limit)) => self.level.min(limit),
                (_, None) => 0.0,
            };
            self.limit = limit;
            self.at = now;
        }
    }

    fn fill(&mut self, now: Duration) {
        if let Some(limit) = self.limit {
            let passed = now.saturating_sub(self.at).as_secs_f64();
            self.level = (self.level + passed * limit / 60.0).min(limit);
        }
        self.at = self.at.max(now);
    }

    fn lower_to(&mut self, now: Duration, level: u64) {
        self.fill(now);
        self.level = self.level.min(to_float(level));
    }

    /// When `amount` is there; what is more than the limit is there when the bucket is full.
    fn when(&mut self, now: Duration, amount: u64) -> Duration {
        self.fill(now);
        let Some(limit) = self.limit else { return now };
        let missing = to_float(amount).min(limit) - self.level;
        // A millionth is what rounding takes.
        if missing <= 1e-6 { now } else { now + Duration::from_secs_f64(missing * 60.0 / limit) }
    }

    fn take(&mut self, amount: u64) {
        if let Some(limit) = self.limit {
            self.level -= to_float(amount).min(limit);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "limits far below 2^53")]
fn to_float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_bucket_fills_evenly() {
        let mut gate = Gate::new(GateSettings { requests_per_minute: Some(2), ..GateSettings::default() });
        assert_eq!(gate.admit(SECOND, 5), Admission::Granted);
        assert_eq!(gate.admit(SECOND, 5), Admission::Granted);
        assert_eq!(gate.admit(SECOND, 5), Admission::At(31 * SECOND));
        assert_eq!(gate.admit(31 * SECOND, 5), Admission::Granted);
        assert_eq!(gate.admit(31 * SECOND, 5), Admission::At(61 * SECOND));
    }

    #[test]
    fn a_request_over_the_limit_waits_for_a_full_bucket() {
        let mut gate = Gate::new(GateSettings { tokens_per_minute: Some(60), ..GateSettings::default() });
        assert_eq!(gate.admit(SECOND, 1000), Admission::Granted);
        assert_eq!(gate.admit(SECOND, 1), Admission::At(2 * SECOND));
        assert_eq!(gate.admit(SECOND, 1000), Admission::At(61 * SECOND));
    }

    #[test]
    fn headers_set_limits_and_pauses() {
        let mut gate = Gate::new(GateSettings::default());
        let rate =
            RateHints { limit_requests: Some(60), remaining_requests: Some(1), ..RateHints::default() };
        gate.learn(SECOND, &rate);
        assert_eq!(gate.admit(SECOND, 1), Admission::Granted);
        assert_eq!(gate.admit(SECOND, 1), Admission::At(2 * SECOND));
        let empty = RateHints { remaining_tokens: Some(0), reset_tokens: Some(20 * SECOND), ..rate };
        gate.learn(10 * SECOND, &empty);
        assert_eq!(gate.admit(11 * SECOND, 1), Admission::At(30 * SECOND));
        // No server can stop us for longer than a minute.
        let forever = RateHints { reset_tokens: Some(SECOND * 1_000_000), ..empty };
        gate.learn(40 * SECOND, &forever);
        assert_eq!(gate.admit(41 * SECOND, 1), Admission::At(100 * SECOND));
    }

    /// Contract 7.8.
    #[test]
    fn the_circuit_opens_tries_once_and_closes() {
        let settings = GateSettings { open_after: 2, open_for: 10 * SECOND, ..GateSettings::default() };
        let mut gate = Gate::new(settings);
        gate.failed(SECOND);
        gate.answered();
        gate.failed(SECOND);
        assert_eq!(gate.circuit(SECOND), Circuit::Closed, "only failures in a row count");
        gate.failed(SECOND);
        assert_eq!(gate.circuit(SECOND), Circuit::Open);
        assert_eq!(gate.admit(10 * SECOND, 1), Admission::Refused);
        assert_eq!(gate.admit(11 * SECOND, 1), Admission::Granted);
        assert_eq!(gate.circuit(11 * SECOND), Circuit::HalfOpen);
        assert_eq!(gate.admit(11 * SECOND, 1), Admission::Refused, "one at a time");
        gate.failed(12 * SECOND);
        assert_eq!(gate.admit(13 * SECOND, 1), Admission::Refused);
        assert_eq!(gate.admit(22 * SECOND, 1), Admission::Granted);
        gate.abandoned();
        assert_eq!(gate.admit(22 * SECOND, 1), Admission::Granted, "who gave up tells nothing");
        gate.answered();
        assert_eq!(gate.circuit(22 * SECOND), Circuit::Closed);
    }
}
