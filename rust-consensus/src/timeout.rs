//! How long to wait for what.

use core::time::Duration;

use crate::id::{Height, Round};

/// A timer. The driver hands it back as an input when it has run out.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Timeout {
    /// For the proposal of a round.
    Propose(Height, Round),
    /// For more prevotes, when a quorum has prevoted without agreement.
    Prevote(Height, Round),
    /// For more precommits, when a quorum has precommitted without agreement.
    Precommit(Height, Round),
    /// For progress of any kind: when it runs out without any, what may have been lost is sent again. Always armed.
    Resend,
}

/// The lengths of the timers. Those of a round double from round to round up to the cap, so that some round is long enough
/// whatever the network's delay below the cap is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Timeouts {
    /// Wait for a proposal in round 0; 1 s by default.
    pub propose: Duration,
    /// Wait for prevotes in round 0; 500 ms by default.
    pub prevote: Duration,
    /// Wait for precommits in round 0; 500 ms by default.
    pub precommit: Duration,
    /// Longest wait in any round; 30 s by default.
    pub cap: Duration,
    /// How often to look whether there was progress; 500 ms by default, not doubled.
    pub resend: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            propose: Duration::from_secs(1),
            prevote: Duration::from_millis(500),
            precommit: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            resend: Duration::from_millis(500),
        }
    }
}

impl Timeouts {
    /// How long this timer runs: base · 2^round, at most the cap; the resend interval for [`Timeout::Resend`].
    #[must_use]
    pub fn length(&self, timeout: Timeout) -> Duration {
        let (base, round) = match timeout {
            Timeout::Propose(_, round) => (self.propose, round),
            Timeout::Prevote(_, round) => (self.prevote, round),
            Timeout::Precommit(_, round) => (self.precommit, round),
            Timeout::Resend => return self.resend,
        };
        let factor = 1u32.checked_shl(round.0).unwrap_or(u32::MAX);
        base.checked_mul(factor).unwrap_or(Duration::MAX).min(self.cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// doubled each round, capped, and not wrapped in any round.
    #[test]
    fn a_27_timeouts_double_up_to_the_cap() {
        let timeouts = Timeouts::default();
        let length = |round| timeouts.length(Timeout::Prevote(Height(1), Round(round))).as_millis();
        assert_eq!([0, 1, 2, 5].map(length), [500, 1000, 2000, 16_000]);
        assert_eq!([6, 7, 31, 32, 33, 64, u32::MAX].map(length), [30_000; 7]);
        assert_eq!(timeouts.length(Timeout::Resend).as_millis(), 500);
    }
}
