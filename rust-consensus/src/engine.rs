//! What stands between an application and whichever engine orders its values.
//!
//! An application gives an engine values and gets all members' values back, in one order, as calls of
//! [`Application::execute`]. The engine has no clock and no socket: whoever drives it carries bytes and timers. It keeps
//! its own log, so a driver that carries out effects after [`ConsensusEngine::handle`] returned never sends what is not on
//! the medium.
//!
//! [`TendermintEngine`] is the core of this crate with its vote log, catch-up and checkpoints. Features add engines of
//! others behind the same trait; `tests/conformance.rs` holds all of them to the same promises.

mod checkpoints;
#[cfg(feature = "malachite")]
mod malachite;
#[cfg(feature = "raft")]
mod raft;
mod tendermint;
mod timers;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::error::ConsensusError;
use crate::id::{Epoch, Height, PeerId};
use crate::validator::Validator;

#[cfg(feature = "malachite")]
pub use self::malachite::MalachiteEngine;
#[cfg(feature = "raft")]
pub use self::raft::{RaftConfig, RaftEngine, RaftMessage, RaftRecord};
pub use self::tendermint::{EngineConfig, TendermintEngine};

/// What members may do wrong while the others still agree.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum FaultModel {
    /// Members with less than a third of the power may do anything.
    Byzantine,
    /// Less than half of the members may stop; none lies.
    Crash,
}

/// The replicated application of one member.
pub trait Application: Send {
    /// Whether the value may be decided at this height. The same on all members (R-0A). Not asked about the empty value,
    /// which always may.
    fn validate(&mut self, height: Height, value: &[u8]) -> bool;

    /// Executes the value decided at `height`, the one after [`executed`](Self::executed); durable when it returns, as far
    /// as the application's state is. Gives the validators from a later height on where it changes them.
    ///
    /// After a crash the last height may come again: it is not executed twice, and the answer is the same.
    fn execute(&mut self, height: Height, value: &[u8]) -> Option<Vec<Validator>>;

    /// The last height that was executed, 0 for none.
    fn executed(&self) -> Height;

    /// The state after that height: equal bytes on all members.
    fn snapshot(&self) -> Vec<u8>;

    /// Replaces the state by another member's after `height`; durable when it returns.
    ///
    /// # Errors
    /// Whatever keeps the state from being taken, [`ConsensusError::InvalidValue`] usually.
    fn install(&mut self, height: Height, state: &[u8]) -> Result<(), ConsensusError>;
}

/// A timer of an engine. Engines only compare it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TimerId(pub u64);

/// What a driver tells an engine.
#[derive(Clone, Debug)]
pub enum EngineInput {
    /// Begins; given once, first.
    Start,
    /// A value of this member, to be decided and executed by all.
    Submit(Vec<u8>),
    /// Bytes from a peer.
    Message {
        /// The peer.
        from: PeerId,
        /// The bytes as received.
        bytes: Arc<[u8]>,
    },
    /// A timer has run out.
    Timer(TimerId),
    /// A peer has gone.
    PeerGone(PeerId),
}

/// What an engine tells its driver. What is sent is on the medium already where it has to be.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum EngineEffect {
    /// Send bytes to a peer.
    Send {
        /// The peer.
        to: PeerId,
        /// The bytes.
        bytes: Arc<[u8]>,
    },
    /// Send bytes to all peers.
    Broadcast(Arc<[u8]>),
    /// Give [`EngineInput::Timer`] after this time.
    SetTimer {
        /// The timer.
        timer: TimerId,
        /// The time.
        after: Duration,
    },
    /// Disarm a timer. One that runs out all the same does no harm.
    CancelTimer(TimerId),
    /// A value was decided and executed here.
    Executed {
        /// The height.
        height: Height,
        /// The value; empty where a member proposed without having one.
        value: Vec<u8>,
        /// The proof, in the engine's own encoding; empty for an engine that has none.
        proof: Vec<u8>,
    },
    /// The state after this height was taken from others; the heights up to it are not executed here.
    Installed {
        /// The height.
        height: Height,
    },
    /// This member was away for so long that it cannot learn the validators of the present epoch from others; an operator
    /// has to give them.
    UnknownEpoch(Epoch),
    /// Proof that a member lies, in the engine's own encoding.
    Evidence(Vec<u8>),
    /// A peer has sent what no correct one sends: disconnect it.
    Punish(PeerId),
}

/// How a member is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EngineStatus {
    /// The last height executed.
    pub executed: Height,
    /// Values submitted here that are not decided yet.
    pub pending: usize,
    /// Whether the disk is full: the member says nothing new until there is room, and goes on by itself then.
    pub is_stalled: bool,
}

/// An engine that orders values. Inputs in, effects out, the same for the same inputs.
pub trait ConsensusEngine: Send {
    /// What it bears.
    fn fault_model(&self) -> FaultModel;

    /// Takes an input and gives the effects to be carried out, in order.
    ///
    /// What peers send never is an error.
    ///
    /// # Errors
    /// [`ConsensusError::TooLarge`] for a value, [`ConsensusError::InvalidState`] for too many that wait or an input before
    /// [`EngineInput::Start`]; nothing has changed then. Any other, [`ConsensusError::Journal`] above all: the engine is of
    /// no use any more and is made again from its log.
    fn handle(&mut self, input: EngineInput) -> Result<Vec<EngineEffect>, ConsensusError>;

    /// How the member is.
    fn status(&self) -> EngineStatus;
}
