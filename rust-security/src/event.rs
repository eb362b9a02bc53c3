//! Events that wait for a facade to dispatch them.

use std::collections::VecDeque;

/// How many events wait before the oldest are dropped.
pub const MAX_WAITING_EVENTS: usize = 1024;

/// A bounded queue: what nobody fetches costs no more than [`MAX_WAITING_EVENTS`] events, and the loss is counted.
#[derive(Debug)]
pub(crate) struct EventQueue<T> {
    waiting: VecDeque<T>,
    dropped: u64,
}

impl<T> Default for EventQueue<T> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), dropped: 0 }
    }
}

impl<T> EventQueue<T> {
    pub(crate) fn push(&mut self, event: T) {
        if self.waiting.len() == MAX_WAITING_EVENTS {
            self.waiting.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        self.waiting.push_back(event);
    }

    /// Everything that waits, oldest first, and how many older ones were dropped since the last time.
    pub(crate) fn take(&mut self) -> Events<T> {
        Events { events: self.waiting.drain(..).collect(), dropped: std::mem::take(&mut self.dropped) }
    }
}

/// Events in the order in which they happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Events<T> {
    /// The events, oldest first.
    pub events: Vec<T>,
    /// How many older ones were dropped because nobody fetched them.
    pub dropped: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stay_and_the_loss_is_counted() {
        let mut queue = EventQueue::default();
        for event in 0..MAX_WAITING_EVENTS + 3 {
            queue.push(event);
        }
        let taken = queue.take();
        assert_eq!((taken.events.len(), taken.events[0], taken.dropped), (MAX_WAITING_EVENTS, 3, 3));
        assert_eq!(queue.take(), Events { events: vec![], dropped: 0 });
    }
}
