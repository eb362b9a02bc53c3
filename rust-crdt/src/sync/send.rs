//! What a session queues for the other side: whole states, and what the other side lacks of them.

use super::event::SyncEvent;
use super::message::{self, Ask};
use super::replica::{Replica, Summary, rest_of};
use super::session::{COSTLY_PER_TICK, MAX_PIECE, SyncSession};
use super::sketch::{Salt, key_of};
use crate::context::CausalContext;
use crate::sorted::SortedSet;

/// What a message needs beside a piece of a state: header, name, kind, length.
const OVERHEAD: usize = 9 + 1 + 2 + message::MAX_NAME_LENGTH + 1 + 10;

impl SyncSession {
    /// Sends everything and asks for everything.
    pub(super) fn exchange_all(
        &mut self,
        name: &str,
        ours: &Summary,
        their_parts: u64,
        replica: &Replica,
        events: &mut Vec<SyncEvent>,
    ) {
        if ours.parts > 0 {
            self.send_rest(name, None, replica, events);
        }
        if let Some(track) = self.tracks.get_mut(name).filter(|_| their_parts > 0) {
            track.ask = Some(Ask::Rest(None));
        }
    }

    /// The longest piece of a state to send.
    fn piece_limit(&self) -> usize {
        self.limit().min(MAX_PIECE) - OVERHEAD
    }

    /// Queues everything, or what is new since a context, unless there was too much of that lately.
    pub(super) fn send_rest(
        &mut self,
        name: &str,
        since: Option<&CausalContext>,
        replica: &Replica,
        events: &mut Vec<SyncEvent>,
    ) {
        let limit = self.piece_limit();
        let (Some(track), Some(state)) = (self.tracks.get_mut(name), replica.get(name)) else { return };
        if self.costly >= COSTLY_PER_TICK {
            return;
        }
        self.costly += 1;
        match rest_of(state, since, limit) {
            Ok(pieces) => {
                track.pieces = pieces.into();
                track.say(true, self.is_initiator);
            }
            Err(error) => events.push(SyncEvent::Failed { name: name.to_owned(), error }),
        }
    }

    /// Queues the parts with these ids, which the other side lacks, less those that it has heard of and so has removed.
    pub(super) fn settle(
        &mut self,
        name: &str,
        salt: Salt,
        ids: &SortedSet<u64>,
        heard: Option<&CausalContext>,
        replica: &mut Replica,
        events: &mut Vec<SyncEvent>,
    ) {
        let limit = self.piece_limit();
        if self.costly >= COSTLY_PER_TICK {
            return;
        }
        self.costly += 1;
        let track = self.tracks.get_or_default(name.to_owned());
        track.say(true, self.is_initiator);
        if ids.is_empty() {
            return;
        }
        let (pieces, is_changed) = replica.settle(name, &key_of(&salt), ids, heard, limit);
        match pieces {
            Ok(pieces) => track.pieces = pieces.into(),
            Err(error) => events.push(SyncEvent::Failed { name: name.to_owned(), error }),
        }
        self.note_merge(name, is_changed, replica, events);
    }
}
