//! What a session may do, and what it tells.

use crate::actor::ActorKey;
use crate::error::CrdtError;
use crate::hlc::DEFAULT_MAX_DRIFT_MS;
use crate::state::Kind;

/// What a session may do.
#[derive(Clone, Copy, Debug)]
pub struct SyncConfig {
    /// The longest message to send, in bytes; at least 2,048. Only a single element or a causal context that is longer
    /// exceeds it. The other side's limit counts too.
    pub max_message_bytes: usize,
    /// The longest message to take, in bytes.
    pub max_receive_bytes: usize,
    /// How far ahead of local time a stamp may be to be merged at once.
    pub max_drift_ms: u64,
    /// After how long without an answer to ask again.
    pub retry_ms: u64,
}

impl Default for SyncConfig {
    fn default() -> Self {
        Self {
            max_message_bytes: 64 << 10,
            max_receive_bytes: 17 << 20,
            max_drift_ms: DEFAULT_MAX_DRIFT_MS,
            retry_ms: 1000,
        }
    }
}

/// What happened while a message was taken in.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SyncEvent {
    /// A state was changed by what the other side said: merged with one of its states, or rid of what it has removed.
    Merged {
        /// Its name.
        name: String,
    },
    /// Both sides have the same state, as far as this side knows.
    Equal {
        /// Its name.
        name: String,
    },
    /// A delta has stamps too far ahead. Those of its parts are held and merged when their time has come.
    Held {
        /// The name of its state.
        name: String,
        /// How far its greatest stamp is ahead of local time.
        ahead_ms: u64,
    },
    /// A delta, or a part of one, was refused; the state is as it was, except for other parts of the delta. After
    /// [`CrdtError::Equivocation`] it is evidence against the actor.
    Rejected {
        /// The name of its state.
        name: String,
        /// Why.
        error: CrdtError,
        /// What was refused, in the encoding for the wire.
        delta: Vec<u8>,
    },
    /// What the other side lacks could not be taken out of a state here, and is not sent.
    Failed {
        /// The name of the state.
        name: String,
        /// Why.
        error: CrdtError,
    },
    /// After a merge, a state knows of an update under a key of this replica's own that its writer has not given out: someone else
    /// writes under the key, or it was restored without its last updates, or the other side makes them up. What is written here from now on
    /// has later numbers. Told once for each number, and only of writers that the replica [knows](super::Replica::own).
    Claimed {
        /// The name of the state.
        name: String,
        /// The key.
        actor: ActorKey,
        /// The number of the latest such update.
        counter: u64,
    },
    /// The other side speaks of a state that is not here, or is of another kind here.
    Unknown {
        /// Its name.
        name: String,
        /// Its kind there.
        kind: Kind,
    },
    /// A state is not there on the other side, or is of another kind there.
    Refused {
        /// Its name.
        name: String,
    },
}
