//! Values on their way into the log: those of this member to the leader, and those of all members from the leader into the
//! library. Each member's values get into the log in their order; whatever gets there twice is executed once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::machine::Machine;
use super::message::BATCH_BYTES;
use super::types::{Member, Submission, Turn};

/// Most bytes and values that a leader has handed to the library and that are not decided yet.
const MAX_HANDED_BYTES: usize = 8 << 20;
const MAX_HANDED: usize = 1024;

/// A leader and its term.
pub(super) type Reign = (Member, u64);

pub(super) struct Submissions {
    me: Member,
    life: u64,
    last: u64,
    /// The own values that are not executed yet.
    pending: VecDeque<(u64, Arc<[u8]>)>,
    reign: Option<Reign>,
    /// The last of the own values that this leader was given.
    offered: u64,
    /// As the leader: the last value of each member that was handed to the library.
    handed: BTreeMap<Member, Turn>,
    /// How many values and bytes the library has.
    in_flight: (usize, usize),
}

impl Submissions {
    pub(super) fn new(me: Member, life: u64) -> Self {
        Self {
            me,
            life,
            last: 0,
            pending: VecDeque::new(),
            reign: None,
            offered: 0,
            handed: BTreeMap::new(),
            in_flight: (0, 0),
        }
    }

    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Takes an own value.
    pub(super) fn submit(&mut self, value: Vec<u8>) {
        self.last += 1;
        self.pending.push_back((self.last, value.into()));
    }

    /// Forgets what was executed, and learns who leads.
    pub(super) fn observe(&mut self, machine: &Machine, reign: Option<Reign>) {
        let session = machine.session(self.me);
        if session.life == self.life {
            while self.pending.front().is_some_and(|(number, _)| *number <= session.number) {
                self.pending.pop_front();
            }
        }
        if self.reign != reign {
            self.reign = reign;
            self.again();
        }
    }

    /// Everything is to be given once more: it may have been lost.
    pub(super) fn again(&mut self) {
        self.offered = 0;
        self.handed.clear();
    }

    /// The next values for a leader that is another member, in order, as much as a message takes.
    pub(super) fn offer(&mut self) -> Option<(Turn, Vec<Arc<[u8]>>)> {
        let mut values = Vec::new();
        let mut bytes = 0usize;
        let mut first = None;
        for (number, value) in self.pending.iter().filter(|(number, _)| *number > self.offered) {
            bytes = bytes.saturating_add(value.len());
            if bytes > BATCH_BYTES && !values.is_empty() {
                break;
            }
            first.get_or_insert(Turn { life: self.life, number: *number });
            values.push(Arc::clone(value));
        }
        let first = first?;
        self.offered = first.number + values.len() as u64 - 1;
        Some((first, values))
    }

    /// The own values, for a leader that is this member.
    pub(super) fn hand_own(&mut self, machine: &Machine) -> Vec<Submission> {
        match self.offer() {
            Some((first, values)) => {
                let handed = self.hand(machine, self.me, first, values);
                // What found no room is given again.
                let until = handed.last().map_or(first.number - 1, |submission| submission.turn.number);
                self.offered = self.offered.min(until);
                handed
            }
            None => Vec::new(),
        }
    }

    /// As the leader: those of a member's values that are next, as far as there is room.
    pub(super) fn hand(
        &mut self,
        machine: &Machine,
        origin: Member,
        first: Turn,
        values: Vec<Arc<[u8]>>,
    ) -> Vec<Submission> {
        let known = machine.session(origin).max(self.handed.get(&origin).copied().unwrap_or_default());
        let expected = match known.life.cmp(&first.life) {
            std::cmp::Ordering::Less => 1,
            std::cmp::Ordering::Equal => known.number + 1,
            std::cmp::Ordering::Greater => return Vec::new(),
        };
        // Something before it is missing, and comes again with it.
        if first.number > expected {
            return Vec::new();
        }
        let mut handed = Vec::new();
        for (number, value) in (first.number..).zip(values) {
            if number < expected {
                continue;
            }
            let (count, bytes) = self.in_flight;
            if count >= MAX_HANDED || bytes.saturating_add(value.len()) > MAX_HANDED_BYTES {
                break;
            }
            self.in_flight = (count + 1, bytes + value.len());
            let turn = Turn { life: first.life, number };
            self.handed.insert(origin, turn);
            handed.push(Submission { origin, turn, value });
        }
        handed
    }

    /// The library is done with a value of so many bytes, and may have refused it.
    pub(super) fn done(&mut self, bytes: usize, is_refused: bool) {
        let (count, all) = self.in_flight;
        self.in_flight = (count.saturating_sub(1), all.saturating_sub(bytes));
        if is_refused {
            self.again();
        }
    }
}
