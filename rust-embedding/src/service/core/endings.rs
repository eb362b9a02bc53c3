//! How texts and calls end: answered, cancelled, expired.

use std::collections::BTreeSet;

use super::{Call, Core, Effect, Item, State, Timer, unsent};
use crate::error::EmbeddingError;
use crate::port::Now;
use crate::service::outcome::Outcome;

impl Core {
    pub(super) fn forget_item(&mut self, id: u64) -> Option<Item> {
        let item = self.items.remove(&id)?;
        self.flights.remove(&(item.form, item.prepared.digest));
        self.waiting_bytes -= item.prepared.text.len();
        Some(item)
    }

    pub(super) fn answer(&mut self, id: u64, place: usize, outcome: Outcome) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        if call.outcomes[place].is_none() {
            call.outcomes[place] = Some(outcome);
            call.pending -= 1;
            if call.pending == 0 {
                self.complete(id);
            }
        }
    }

    pub(super) fn complete(&mut self, id: u64) {
        if let Some(call) = self.calls.remove(&id) {
            if let Some(at) = call.deadline {
                self.timers.remove(&(at, Timer::Call(id)));
            }
            self.tell(id, call);
        }
    }

    pub(super) fn tell(&mut self, id: u64, call: Call) {
        let outcomes = call.outcomes.into_iter().flatten().collect();
        self.effects.push_back(Effect::Complete { call: id, outcomes });
    }

    /// The caller's deadline passed: what is not there is told so.
    pub(super) fn expire(&mut self, now: Now, id: u64) {
        let was_sent: BTreeSet<usize> = self.calls.get(&id).map_or_else(BTreeSet::new, |call| {
            let sent =
                call.items.iter().filter_map(|item| self.items.get(item)).filter(|item| item.attempts > 0);
            sent.flat_map(|item| &item.subscribers)
                .filter(|(call, _)| *call == id)
                .map(|(_, place)| *place)
                .collect()
        });
        let Some(mut call) = self.drop_call(now, id) else { return };
        let waited = now.monotonic.saturating_sub(call.submitted);
        for (place, outcome) in call.outcomes.iter_mut().enumerate().filter(|(_, outcome)| outcome.is_none())
        {
            let error = if was_sent.contains(&place) {
                EmbeddingError::DeadlineExceeded
            } else {
                EmbeddingError::QueueTimeout { waited }
            };
            *outcome = Some(unsent(error, waited));
            self.telemetry.expired += 1;
        }
        self.tell(id, call);
    }

    /// Takes a call out, and everything that is under way for it alone.
    pub(super) fn drop_call(&mut self, now: Now, id: u64) -> Option<Call> {
        let call = self.calls.remove(&id)?;
        if let Some(at) = call.deadline {
            self.timers.remove(&(at, Timer::Call(id)));
        }
        let mut chunks = BTreeSet::new();
        for item_id in &call.items {
            let Some(item) = self.items.get_mut(item_id) else { continue };
            item.subscribers.retain(|(subscriber, _)| subscriber != &id);
            if item.subscribers.is_empty() {
                chunks.extend(item.chunk);
                self.forget_item(*item_id);
            }
        }
        for chunk in chunks {
            self.thin_out(now, chunk);
        }
        Some(call)
    }

    /// Some texts of a chunk are not wanted any more. A request under way goes on while any other of its texts is.
    fn thin_out(&mut self, now: Now, id: u64) {
        let Some(chunk) = self.chunks.get_mut(&id) else { return };
        let is_wanted = match chunk.state {
            // What was sent stays as it is: the answer is placed by it.
            State::InFlight { .. } => chunk.items.iter().any(|item| self.items.contains_key(item)),
            State::Queued | State::Waiting { .. } => {
                chunk.items.retain(|item| self.items.contains_key(item));
                !chunk.items.is_empty()
            }
        };
        if is_wanted {
            return;
        }
        match chunk.state {
            State::InFlight { attempt } => {
                self.effects.push_back(Effect::Abort { attempt });
                if let Some(ended) = self.end_attempt(attempt) {
                    self.lanes[ended.lane].gate.abandoned();
                    let took = now.monotonic.saturating_sub(ended.sent);
                    let connected = ended.connecting.elapsed(now.monotonic).min(took);
                    self.telemetry.lanes[ended.lane].connected(connected);
                    self.telemetry.lanes[ended.lane].abandoned(took - connected);
                }
            }
            State::Waiting { until } => {
                self.timers.remove(&(until, Timer::Chunk(id)));
            }
            State::Queued => self.lanes[chunk.lane].queue.remove(chunk.owner, id),
        }
        self.chunks.remove(&id);
    }
}
