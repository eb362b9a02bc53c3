//! What a node is told once.

use alloc::sync::Arc;

use crate::error::ConsensusError;
use crate::id::ChainId;
use crate::signature::Verifier;
use crate::timeout::Timeouts;
use crate::value::MAX_VALUE_BYTES;

/// Most heights that may be open at once.
pub const MAX_WINDOW: u64 = 64;

/// The configuration of a node. Chain and window must be the same on all nodes; the rest may differ.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The chain's name, part of every signature.
    pub chain: ChainId,
    /// How many heights may be open beyond the last one executed: 8 by default, 1 to [`MAX_WINDOW`]. A change of validators that
    /// executing height h decides is in force from height h + window on, so all nodes must have the same.
    pub window: u64,
    /// The lengths of the timers.
    pub timeouts: Timeouts,
    /// How much faulty power must be borne; by default whatever the set bears.
    pub faulty_power: Option<u64>,
    /// Largest value that this node proposes or prevotes, at most [`MAX_VALUE_BYTES`], which is the default. Larger ones get a
    /// nil vote, and are decided all the same if a quorum wants them.
    pub max_value_bytes: usize,
    /// Most bytes of proposed values kept for heights that are not begun, in equal shares for the heights of the window; 8 MiB by
    /// default.
    pub pending_bytes: usize,
    /// How many of the latest decisions are kept to be sent to peers that lag by little; 16 by default.
    pub kept_decisions: usize,
    /// Whether a quorum of nil precommits ends a round at once, instead of after a timeout as in the paper; yes by default.
    pub nil_quorum_ends_round: bool,
    /// Checks signatures in place of Ed25519: for simulations that need no real signatures or check each only once. A node that
    /// has one is as safe as it is.
    pub dangerous_verifier: Option<Arc<dyn Verifier>>,
    /// A seeded fault, for tests that show that the test suite notices it.
    #[cfg(feature = "mutants")]
    pub mutant: Option<crate::mutant::Mutant>,
}

impl Config {
    /// The defaults for a chain.
    #[must_use]
    pub fn new(chain: ChainId) -> Self {
        Self {
            chain,
            window: 8,
            timeouts: Timeouts::default(),
            faulty_power: None,
            max_value_bytes: MAX_VALUE_BYTES,
            pending_bytes: 8 * 1024 * 1024,
            kept_decisions: 16,
            nil_quorum_ends_round: true,
            dangerous_verifier: None,
            #[cfg(feature = "mutants")]
            mutant: None,
        }
    }

    /// The share of a height that is not begun in [`pending_bytes`](Self::pending_bytes).
    pub(crate) fn early_bytes(&self) -> usize {
        let window = usize::try_from(self.window).unwrap_or(usize::MAX).max(1);
        self.pending_bytes / window
    }

    pub(crate) fn check(&self) -> Result<(), ConsensusError> {
        let invalid = |problem| Err(ConsensusError::InvalidConfig(problem));
        let Timeouts { propose, prevote, precommit, cap, resend } = self.timeouts;
        if self.window == 0 || self.window > MAX_WINDOW {
            invalid("window is not from 1 to 64")
        } else if self.max_value_bytes > MAX_VALUE_BYTES {
            invalid("values larger than a message can carry")
        } else if propose.is_zero() || prevote.is_zero() || precommit.is_zero() || resend.is_zero() {
            invalid("a timeout is zero")
        } else if cap < propose || cap < prevote || cap < precommit {
            invalid("a timeout is over the cap")
        } else {
            Ok(())
        }
    }
}
