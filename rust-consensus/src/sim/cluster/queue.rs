//! What will happen, in the order of time.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::certificate::CommitCertificate;
use crate::effect::Input;
use crate::id::Height;
use crate::timeout::Timeout;
use crate::value::Bytes;

/// Everything that will happen.
#[derive(Default)]
pub(super) struct Queue {
    items: BinaryHeap<Reverse<Item>>,
    /// Orders what happens at one time.
    sequence: u64,
}

/// What will happen. Small, because a heap moves its items about.
pub(super) enum Todo {
    Boot { host: usize },
    Deliver { to: usize, from: usize, payload: Payload },
    Timer { host: usize, timeout: Timeout },
    Answer { host: usize, life: u64, input: Box<Input<Bytes>> },
    PowerCut { fault: usize },
    Healed,
    Poll { host: usize, life: u64 },
}

/// What travels.
#[derive(Clone)]
pub(super) enum Payload {
    /// A message of the protocol.
    Message(Arc<[u8]>),
    /// A request for decisions from this height on.
    Request(Height),
    /// A decision, handed over by a driver.
    Decision(Arc<(Bytes, CommitCertificate)>),
}

struct Item {
    at_us: u64,
    sequence: u64,
    todo: Todo,
}

impl Queue {
    pub(super) fn push(&mut self, at_us: u64, todo: Todo) {
        self.sequence += 1;
        self.items.push(Reverse(Item { at_us, sequence: self.sequence, todo }));
    }

    /// What comes next, and when.
    pub(super) fn pop(&mut self) -> Option<(u64, Todo)> {
        self.items.pop().map(|Reverse(item)| (item.at_us, item.todo))
    }
}

impl Eq for Item {}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.sequence == other.sequence
    }
}

impl Ord for Item {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at_us, self.sequence).cmp(&(other.at_us, other.sequence))
    }
}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_what_is_earliest_and_of_one_time_what_was_put_first() {
        let mut queue = Queue::default();
        for (at_us, host) in [(5, 0), (3, 1), (5, 2), (3, 3)] {
            queue.push(at_us, Todo::Boot { host });
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.pop())
            .map(|(at_us, todo)| (at_us, if let Todo::Boot { host } = todo { host } else { usize::MAX }))
            .collect();
        assert_eq!(order, [(3, 1), (3, 3), (5, 0), (5, 2)]);
    }
}
