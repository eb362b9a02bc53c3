//! What waits for a provider: repetitions first, then the calls in turn, so that a large call does not starve a small one.

use std::collections::{BTreeMap, VecDeque};

/// A queue of chunks, each belonging to a call.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    urgent: VecDeque<u64>,
    calls: BTreeMap<u64, VecDeque<u64>>,
    turns: VecDeque<u64>,
}

impl Queue {
    /// At the end of its call's part.
    pub(crate) fn push(&mut self, call: u64, chunk: u64) {
        let waiting = self.calls.entry(call).or_default();
        if waiting.is_empty() {
            self.turns.push_back(call);
        }
        waiting.push_back(chunk);
    }

    /// Before everything else.
    pub(crate) fn push_urgent(&mut self, chunk: u64) {
        self.urgent.push_back(chunk);
    }

    /// Takes a chunk out, wherever it is.
    pub(crate) fn remove(&mut self, call: u64, chunk: u64) {
        if let Some(place) = self.urgent.iter().position(|waiting| *waiting == chunk) {
            self.urgent.remove(place);
            return;
        }
        let Some(waiting) = self.calls.get_mut(&call) else { return };
        if let Some(place) = waiting.iter().position(|waiting| *waiting == chunk) {
            waiting.remove(place);
        }
        if waiting.is_empty() {
            self.calls.remove(&call);
            self.turns.retain(|turn| *turn != call);
        }
    }

    /// The next chunk, left where it is.
    pub(crate) fn peek(&self) -> Option<u64> {
        self.urgent.front().copied().or_else(|| self.calls.get(self.turns.front()?)?.front().copied())
    }

    /// Takes what [`peek`](Self::peek) shows.
    pub(crate) fn pop(&mut self) -> Option<u64> {
        if let Some(chunk) = self.urgent.pop_front() {
            return Some(chunk);
        }
        let call = self.turns.pop_front()?;
        let waiting = self.calls.get_mut(&call)?;
        let chunk = waiting.pop_front();
        if waiting.is_empty() {
            self.calls.remove(&call);
        } else {
            self.turns.push_back(call);
        }
        chunk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_removed_does_not_come() {
        let mut queue = Queue::default();
        for (call, chunk) in [(1, 10), (2, 20), (2, 21)] {
            queue.push(call, chunk);
        }
        queue.push_urgent(30);
        for (call, chunk) in [(1, 10), (2, 20), (7, 30), (7, 99)] {
            queue.remove(call, chunk);
        }
        assert_eq!((queue.pop(), queue.pop(), queue.peek()), (Some(21), None, None));
    }

    #[test]
    fn calls_take_turns_and_repetitions_go_first() {
        let mut queue = Queue::default();
        for (call, chunk) in [(1, 10), (1, 11), (1, 12), (2, 20), (3, 30), (3, 31)] {
            queue.push(call, chunk);
        }
        assert_eq!(queue.pop(), Some(10));
        queue.push_urgent(99);
        let order: Vec<_> = std::iter::from_fn(|| {
            let next = queue.peek();
            assert_eq!(queue.pop(), next);
            next
        })
        .collect();
        assert_eq!(order, [99, 20, 30, 11, 31, 12]);
    }
}
