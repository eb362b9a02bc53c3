//! What a session does with a delta: merges it, holds what is early, divides what cannot be merged as a whole, and rejects the
//! rest.

use super::event::SyncEvent;
use super::replica::{Replica, stamps_of};
use super::session::{COSTLY_PER_TICK, MAX_PIECE, SyncSession};
use crate::error::CrdtError;
use crate::hlc::Stamp;
use crate::state::Kind;

impl SyncSession {
    pub(super) fn take_delta(
        &mut self,
        name: &str,
        kind: Kind,
        bytes: &[u8],
        replica: &mut Replica,
        now_ms: u64,
        events: &mut Vec<SyncEvent>,
    ) {
        let Some(state) = replica.get(name) else { return };
        match stamps_of(state, bytes) {
            Err(error) => self.reject(name, error, bytes.to_vec(), events),
            Ok((stamps, newest)) if stamps > 0 && newest.ms() > self.until_ms(now_ms) => {
                if !self.merge_parts(name, kind, bytes, replica, now_ms, events) {
                    let early = vec![(newest, stamps, bytes.to_vec())];
                    self.hold_back(name, kind, early, now_ms, events);
                }
            }
            Ok(_) => self.merge(name, kind, bytes, replica, now_ms, events),
        }
    }

    pub(super) fn merge(
        &mut self,
        name: &str,
        kind: Kind,
        bytes: &[u8],
        replica: &mut Replica,
        now_ms: u64,
        events: &mut Vec<SyncEvent>,
    ) {
        // A digest that is there can be saved by looking whether it still holds.
        let is_compared = replica.is_summarised(name) && self.compared < COSTLY_PER_TICK;
        self.compared += u32::from(is_compared);
        match replica.merge(name, bytes, is_compared) {
            Ok(is_changed) => self.note_merge(name, is_changed, replica, events),
            Err(error) => {
                // These are of the states, not of any part.
                let is_of_all = matches!(error, CrdtError::AgentMismatch | CrdtError::ModeMismatch);
                if is_of_all || !self.merge_parts(name, kind, bytes, replica, now_ms, events) {
                    self.reject(name, error, bytes.to_vec(), events);
                }
            }
        }
    }

    /// Merges what can be merged of a delta that cannot be as a whole, holds what is early and rejects the rest; false,
    /// and nothing done, when it cannot be divided, or not now.
    fn merge_parts(
        &mut self,
        name: &str,
        kind: Kind,
        bytes: &[u8],
        replica: &mut Replica,
        now_ms: u64,
        events: &mut Vec<SyncEvent>,
    ) -> bool {
        if bytes.len() > MAX_PIECE || self.costly >= COSTLY_PER_TICK {
            return false;
        }
        self.costly += 1;
        let Ok(Some(sorted)) = replica.merge_parts(name, bytes, self.until_ms(now_ms)) else { return false };
        self.note_merge(name, sorted.is_changed, replica, events);
        self.hold_back(name, kind, sorted.early, now_ms, events);
        for (error, part) in sorted.refused {
            self.reject(name, error, part, events);
        }
        true
    }

    pub(super) fn note_merge(
        &mut self,
        name: &str,
        is_changed: bool,
        replica: &Replica,
        events: &mut Vec<SyncEvent>,
    ) {
        if is_changed {
            // The other side has it from here or sends on; it is told when a round is over.
            if let Some(track) = self.tracks.get_mut(name) {
                track.told = replica.revision(name);
            }
            events.push(SyncEvent::Merged { name: name.to_owned() });
            for (actor, counter) in replica.claims(name) {
                let told = self.claimed.get_or_default(actor.clone());
                if counter > *told {
                    *told = counter;
                    events.push(SyncEvent::Claimed { name: name.to_owned(), actor: actor.clone(), counter });
                }
            }
        }
    }

    /// Holds deltas as far as there is room, and rejects the others.
    fn hold_back(
        &mut self,
        name: &str,
        kind: Kind,
        early: Vec<(Stamp, usize, Vec<u8>)>,
        now_ms: u64,
        events: &mut Vec<SyncEvent>,
    ) {
        let mut last = None;
        for (newest, stamps, bytes) in early {
            if self.hold.push(newest, stamps, name, kind, &bytes) {
                last = last.max(Some(newest));
            } else {
                let (stamp_ms, max_drift_ms) = (newest.ms(), self.config.max_drift_ms);
                self.reject(name, CrdtError::ClockDrift { stamp_ms, now_ms, max_drift_ms }, bytes, events);
            }
        }
        if let Some(last) = last {
            let ahead_ms = last.ms().saturating_sub(now_ms);
            events.push(SyncEvent::Held { name: name.to_owned(), ahead_ms });
        }
    }

    /// The greatest time of a stamp that is merged at once.
    fn until_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_add(self.config.max_drift_ms)
    }

    fn reject(&mut self, name: &str, error: CrdtError, delta: Vec<u8>, events: &mut Vec<SyncEvent>) {
        // Nodes without their parents are refused today and taken when the parents have come.
        let is_for_good = !matches!(error, CrdtError::OrphanLimit { .. });
        if let Some(track) = self.tracks.get_mut(name).filter(|_| is_for_good) {
            track.get_stuck();
        }
        events.push(SyncEvent::Rejected { name: name.to_owned(), error, delta });
    }
}
