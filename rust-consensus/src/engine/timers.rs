//! The timers of an engine, under the numbers that its driver knows.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{EngineEffect, TimerId};

/// What each armed timer stands for.
pub(super) struct Timers<T> {
    armed: BTreeMap<u64, T>,
    next: u64,
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self { armed: BTreeMap::new(), next: 0 }
    }
}

impl<T: PartialEq> Timers<T> {
    /// Arms a timer, instead of an earlier one for the same.
    pub(super) fn arm(&mut self, timer: T, after: Duration, out: &mut Vec<EngineEffect>) {
        self.armed.retain(|_, other| *other != timer);
        self.armed.insert(self.next, timer);
        out.push(EngineEffect::SetTimer { timer: TimerId(self.next), after });
        self.next += 1;
    }

    pub(super) fn cancel(&mut self, timer: &T, out: &mut Vec<EngineEffect>) {
        let armed = self.armed.iter().find(|(_, other)| *other == timer).map(|(id, _)| *id);
        if let Some(id) = armed {
            self.armed.remove(&id);
            out.push(EngineEffect::CancelTimer(TimerId(id)));
        }
    }

    /// What has run out; nothing where it was disarmed or armed anew.
    pub(super) fn take(&mut self, id: TimerId) -> Option<T> {
        self.armed.remove(&id.0)
    }

    /// Forgets the others.
    pub(super) fn keep(&mut self, keeps: impl Fn(&T) -> bool) {
        self.armed.retain(|_, timer| keeps(timer));
    }
}
