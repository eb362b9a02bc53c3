//! What goes into catching up and what comes out.

use alloc::vec::Vec;
use core::time::Duration;

use crate::checkpoint::{Manifest, StableCheckpoint};
use crate::consensus::Origin;
use crate::error::ConsensusError;
use crate::id::{ChainId, Epoch, Height, PeerId};
use crate::transfer::Claim;
#[cfg(doc)]
use crate::transfer::{MAX_RANGE, Request};
use crate::validator::ValidatorSet;
use crate::verified::VerifiedCertificate;

/// What a driver tells a member that catches up.
#[derive(Clone, Debug)]
pub enum CatchUpInput {
    /// A peer says what it has.
    Claim {
        /// The peer.
        peer: PeerId,
        /// What it says; not believed, only tried.
        claim: Claim,
    },
    /// A peer's answer.
    Response {
        /// The peer.
        peer: PeerId,
        /// The bytes as received.
        bytes: Vec<u8>,
    },
    /// The deadline of a request has passed.
    Deadline {
        /// The request's number.
        request: u64,
    },
    /// A peer has gone.
    Gone {
        /// The peer.
        peer: PeerId,
    },
    /// The validators of an epoch that this member did not see begin, from an operator who knows them: checkpoints that
    /// they signed are believed.
    Trust(ValidatorSet),
    /// The core has decided a height, by these decisions or without them. `origin` is where it is now: the next height, and the
    /// validators from there on.
    Advanced {
        /// Where the core is.
        origin: Origin,
    },
}

/// What a member that catches up tells its driver.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CatchUpEffect {
    /// Send these bytes to a peer.
    Send {
        /// The peer.
        peer: PeerId,
        /// An encoded [`Request`].
        bytes: Vec<u8>,
    },
    /// Give [`CatchUpInput::Deadline`] after this time.
    Deadline {
        /// The request's number.
        request: u64,
        /// The time.
        after: Duration,
    },
    /// The next decision, verified: for [`Input::Verified`](crate::Input::Verified).
    Decide {
        /// The height.
        height: Height,
        /// The value's encoding.
        value: Vec<u8>,
        /// Its proof.
        certificate: VerifiedCertificate,
    },
    /// A checkpoint is fetched; its chunks follow, in any order. What was stored of an earlier one is of no use.
    Manifest {
        /// The checkpoint, verified.
        checkpoint: StableCheckpoint,
        /// What its state consists of.
        manifest: Manifest,
    },
    /// A chunk of the state, verified.
    Chunk {
        /// Its index in the manifest.
        index: u32,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// All chunks are there. The application installs the state, the log the checkpoint, and the core begins again behind
    /// it; then [`CatchUpInput::Advanced`] says so.
    Install {
        /// The checkpoint.
        checkpoint: StableCheckpoint,
        /// Where the core begins again.
        origin: Origin,
    },
    /// Nobody keeps the decisions from here to this epoch, and a checkpoint of it proves nothing to a member that does not
    /// know its validators: they must come from an operator, as [`CatchUpInput::Trust`]. Given whenever a peer offers such a checkpoint.
    UnknownEpoch {
        /// The epoch.
        epoch: Epoch,
    },
    /// A peer has sent what no correct one sends: disconnect it.
    Punish {
        /// The peer.
        peer: PeerId,
        /// What did not hold.
        reason: ConsensusError,
    },
}

/// How to catch up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CatchUpConfig {
    /// The chain.
    pub chain: ChainId,
    /// Heights per request, 1 to [`MAX_RANGE`]; 128 by default.
    pub range: u32,
    /// The core's window: so many decisions beyond the last one executed are handed over; 8 by default.
    pub window: u64,
    /// How long a peer has for an answer, however little it sends meanwhile; 5 s by default.
    pub deadline: Duration,
}

impl CatchUpConfig {
    /// The defaults for a chain.
    #[must_use]
    pub fn new(chain: ChainId) -> Self {
        Self { chain, range: 128, window: 8, deadline: Duration::from_secs(5) }
    }
}
