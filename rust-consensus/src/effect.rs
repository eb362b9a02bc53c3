//! What goes into the core and what comes out.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::certificate::CommitCertificate;
use crate::evidence::Evidence;
use crate::id::{Height, PeerId, Round};
use crate::record::LogRecord;
use crate::timeout::Timeout;
use crate::validator::Validator;
use crate::value::Digest;
use crate::verified::VerifiedCertificate;

/// What a driver tells the core.
#[derive(Clone, Debug)]
pub enum Input<T> {
    /// Begins, or goes on after [`restore`](crate::ByzantineConsensus::restore). Given once, first.
    Start,
    /// Bytes from an authenticated peer, who may lie.
    Message {
        /// The peer.
        from: PeerId,
        /// The bytes as received.
        bytes: Arc<[u8]>,
    },
    /// A timer has run out.
    Timeout(Timeout),
    /// The answer to [`Effect::GetValue`].
    Value {
        /// The height asked for.
        height: Height,
        /// The round asked for.
        round: Round,
        /// What to propose.
        value: T,
    },
    /// The answer to [`Effect::Validate`].
    Validated {
        /// The height asked for.
        height: Height,
        /// The value's digest.
        digest: Digest,
        /// Whether the application accepts it.
        valid: bool,
    },
    /// A decision learned otherwise, as in catching up. It is verified like any other.
    Decided {
        /// The value.
        value: T,
        /// Its proof.
        certificate: CommitCertificate,
    },
    /// The same where the proof was checked already, as a run of many is in catching up.
    Verified {
        /// The value.
        value: T,
        /// Its proof.
        certificate: VerifiedCertificate,
    },
    /// The application has executed a decision, durably.
    Executed {
        /// Its height: the one after that of the last such input.
        height: Height,
        /// The validators from height + window on, if the decision changes them.
        validators: Option<Vec<Validator>>,
    },
    /// A peer has gone; what was counted against it is forgotten.
    PeerGone(PeerId),
}

/// What the core tells a driver to do. Effects are carried out in order, and a [`Log`](Effect::Log) is flushed to stable storage
/// before the next one; if that fails, no later effect is carried out and the core is not used again.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Effect<T> {
    /// Append these records to the log and flush it.
    Log(Vec<LogRecord>),
    /// Send these bytes to all peers.
    Broadcast(Arc<[u8]>),
    /// Send these bytes to one peer.
    SendTo {
        /// The peer.
        peer: PeerId,
        /// The bytes.
        bytes: Arc<[u8]>,
    },
    /// Arm a timer.
    Schedule {
        /// Which.
        timeout: Timeout,
        /// How long it runs.
        after: Duration,
    },
    /// Disarm a timer. One that runs out all the same does no harm.
    Cancel(Timeout),
    /// Ask the application for a value to propose; answered by [`Input::Value`], or never.
    GetValue {
        /// For this height.
        height: Height,
        /// For this round.
        round: Round,
    },
    /// Ask the application whether it accepts a value (R-0A); answered by [`Input::Validated`]. The answer must be the same on all nodes.
    Validate {
        /// The height.
        height: Height,
        /// The value's digest.
        digest: Digest,
        /// The value.
        value: T,
    },
    /// A value is decided for ever. Heights come in order, without gaps. After a restart those come again for which there was no
    /// [`Input::Executed`].
    Decide(Decision<T>),
    /// A validator is proved to lie.
    Evidence(Evidence),
    /// A peer has sent what no correct one sends: disconnect it. Nothing of it is read any more until [`Input::PeerGone`].
    Punish {
        /// The peer.
        peer: PeerId,
        /// What it did.
        offence: Offence,
    },
    /// A peer lags behind what is kept here: it needs decisions from this height on from elsewhere.
    PeerBehind {
        /// The peer.
        peer: PeerId,
        /// The height that it is at.
        height: Height,
    },
    /// A peer claims, without proof, a height that is out of this node's reach: fetch decisions.
    Behind {
        /// The peer.
        peer: PeerId,
        /// The height claimed.
        height: Height,
    },
}

/// A decided value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decision<T> {
    /// The height.
    pub height: Height,
    /// The value.
    pub value: T,
    /// The proof, which anybody with the validator set can check.
    pub certificate: CommitCertificate,
    /// What this node could prove against validators while the height was open. Other nodes may have other evidence.
    pub evidence: Vec<Evidence>,
}

/// What a peer did that no correct peer does.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Offence {
    /// Bytes that are no message.
    Malformed,
    /// A signature that does not hold.
    BadSignature,
    /// A certificate or evidence that does not hold.
    BadProof,
    /// A proposal of a validator whose turn it is not.
    WrongProposer,
    /// A value that has not the digest it comes with, or does not decode.
    BadValue,
}

impl Offence {
    /// A stable name to branch on and to count by.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::BadSignature => "bad_signature",
            Self::BadProof => "bad_proof",
            Self::WrongProposer => "wrong_proposer",
            Self::BadValue => "bad_value",
        }
    }
}
