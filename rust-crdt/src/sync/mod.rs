//! Keeping replicas equal over any transport: bytes in, bytes out.
//!
//! A [`SyncSession`] is one side of a conversation about the states of a [`Replica`]. It does no input or output and reads
//! no clock: the driver carries the messages of [`poll`](SyncSession::poll) to the other side's
//! [`receive`](SyncSession::receive), in any order, some twice and some never, and says now and then what time it is.
//! Messages and rounds are described in `docs/encodings/sync.md`.

mod event;
mod hold;
mod intake;
mod message;
mod replica;
mod send;
mod session;
mod sketch;
mod track;

pub use event::{SyncConfig, SyncEvent};
pub use message::MAX_NAME_LENGTH;
pub use replica::Replica;
pub use session::SyncSession;
