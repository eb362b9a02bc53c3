//! What the third-party library is told about this crate: who members are, what is in an entry of the log, and what a
//! snapshot is.

use std::fmt;
use std::sync::Arc;

use openraft::impls::OneshotResponder;
use openraft::{EmptyNode, Entry, RaftTypeConfig};

use super::runtime::Runtime;

/// The types of this engine.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Types;

impl RaftTypeConfig for Types {
    type D = Submission;
    type R = ();
    type NodeId = Member;
    type Node = EmptyNode;
    type Entry = Entry<Self>;
    type SnapshotData = Arc<[u8]>;
    type AsyncRuntime = Runtime;
    type Responder = OneshotResponder<Self>;
}

/// A member: its public key.
#[derive(Clone, Copy, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Member(pub(super) [u8; 32]);

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chrysalis_crypto::hex::encode(&self.0[..4]))
    }
}

/// Which of a member's submissions: lives of the process are counted, and submissions in each.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Turn {
    /// How often the member was started.
    pub(super) life: u64,
    /// Which of that life's, from 1.
    pub(super) number: u64,
}

/// A value on its way into the log. It may get into the log twice, and is executed once.
#[derive(Clone, Eq, PartialEq)]
pub(super) struct Submission {
    pub(super) origin: Member,
    pub(super) turn: Turn,
    pub(super) value: Arc<[u8]>,
}

impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Submission({}, {:?}, {} bytes)", self.origin, self.turn, self.value.len())
    }
}

pub(super) type Vote = openraft::Vote<Member>;
pub(super) type LogId = openraft::LogId<Member>;
pub(super) type Membership = openraft::Membership<Member, EmptyNode>;
pub(super) type StoredMembership = openraft::StoredMembership<Member, EmptyNode>;
pub(super) type LogEntry = Entry<Types>;
