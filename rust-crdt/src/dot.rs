//! Dots name single updates; a writer gives them out, each once.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::actor::{ActorId, ActorKey};
use crate::context::CausalContext;
use crate::error::CrdtError;
use crate::sorted::SortedMap;

/// The name of one update: an actor key and a counter from 1.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Dot {
    actor: ActorKey,
    counter: u64,
}

impl Dot {
    /// The dot of an actor's update number `counter`.
    ///
    /// # Errors
    /// [`CrdtError::InvalidDot`] for the counter 0.
    pub fn new(actor: ActorKey, counter: u64) -> Result<Self, CrdtError> {
        if counter == 0 {
            return Err(CrdtError::InvalidDot);
        }
        Ok(Self { actor, counter })
    }

    /// The dot that [`Display`](fmt::Display) writes like this: actor key, colon, counter.
    ///
    /// # Errors
    /// [`CrdtError::InvalidDot`] or [`CrdtError::InvalidActor`] for any other text.
    pub fn parse(tag: &str) -> Result<Self, CrdtError> {
        let (actor, digits) = tag.rsplit_once(':').ok_or(CrdtError::InvalidDot)?;
        let counter: u64 = digits.parse().map_err(|_| CrdtError::InvalidDot)?;
        // One spelling each: no sign, no leading zero.
        if counter.to_string() != digits {
            return Err(CrdtError::InvalidDot);
        }
        Self::new(ActorKey::new(actor)?, counter)
    }

    /// Who made the update.
    #[must_use]
    pub fn actor(&self) -> &ActorKey {
        &self.actor
    }

    /// The update's number among its actor's, from 1.
    #[must_use]
    pub fn counter(&self) -> u64 {
        self.counter
    }
}

impl fmt::Display for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.actor, self.counter)
    }
}

/// The right to write under one actor key: gives out its dots, never one twice.
///
/// Clones share one counter. Everything that comes from one opened state, its copies, branches and merges
/// included, writes through clones of one writer, on any thread, so that no two of them name different updates
/// alike. Numbers that one branch leaves out are gaps in its causal context until it meets the other.
#[derive(Clone, Debug)]
pub struct Writer {
    actor: ActorKey,
    last: Arc<AtomicU64>,
    /// The last number of each series that is counted apart.
    series: Arc<Mutex<SortedMap<String, u64>>>,
}

impl Writer {
    /// A writer under a new incarnation of `id`, drawn at random: no other writer has this key.
    ///
    /// # Errors
    /// [`CrdtError::RandomUnavailable`] when the system gives no randomness.
    pub fn make(id: &ActorId) -> Result<Self, CrdtError> {
        Ok(Self::resume(id.make_incarnation()?, 0))
    }

    /// A writer under a given key that goes on after its update number `last`.
    ///
    /// The caller makes sure that no other writer lives under this key, here or elsewhere, and that `last` is not
    /// too low: a store by its lock and journal, a user of bare ids by arrangement.
    #[must_use]
    pub fn resume(actor: ActorKey, last: u64) -> Self {
        Self { actor, last: Arc::new(AtomicU64::new(last)), series: Arc::default() }
    }

    /// The key under which this writer writes.
    #[must_use]
    pub fn actor(&self) -> &ActorKey {
        &self.actor
    }

    /// The greatest number given out so far, or the one it went on after.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// A new dot, above every one given out before and above this key's dots in `seen`.
    ///
    /// # Errors
    /// [`CrdtError::CounterOverflow`] when no number is left; nothing changed.
    pub fn next_dot(&self, seen: &CausalContext) -> Result<Dot, CrdtError> {
        let floor = seen.greatest(&self.actor);
        // Only this one number is shared, so its own atomicity is enough.
        let previous = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| last.max(floor).checked_add(1))
            .map_err(|_| CrdtError::CounterOverflow)?;
        Ok(Dot { actor: self.actor.clone(), counter: previous.max(floor) + 1 })
    }

    /// Takes back the dot given out last, for an update that was then refused, unless another was given out since:
    /// then its number stays a gap. Nothing may have the dot.
    pub(crate) fn take_back(&self, dot: &Dot) {
        let (given, before) = (dot.counter, dot.counter - 1);
        let _ = self.last.compare_exchange(given, before, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The next `count` numbers, at least one, of a series that has numbers of its own, as an inclusive range above
    /// `seen` and above every number of the series given out before.
    pub(crate) fn next_run(&self, series: &str, seen: u64, count: u64) -> Result<(u64, u64), CrdtError> {
        // A thread that panicked here has left the numbers as they were.
        let mut all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let last = all.get(series).copied().unwrap_or(0).max(seen);
        let end = last.checked_add(count).ok_or(CrdtError::CounterOverflow)?;
        all.insert(series.to_owned(), end);
        Ok((last + 1, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sorted::SortedSet;

    #[test]
    fn dots_have_one_spelling() {
        let dot = Dot::new(ActorKey::new("a:b").unwrap(), 7).unwrap();
        assert_eq!(dot.to_string(), "a:b:7");
        assert_eq!(Dot::parse("a:b:7"), Ok(dot));
        for tag in ["", "a", "a:", ":1", "a:0", "a:01", "a:+1", "a:-1", "a:18446744073709551616"] {
            assert!(Dot::parse(tag).is_err(), "{tag}");
        }
        assert_eq!(Dot::new(ActorKey::new("a").unwrap(), 0), Err(CrdtError::InvalidDot));
    }

    #[test]
    fn clones_on_all_threads_share_one_counter() {
        let writer = Writer::make(&ActorId::new("a").unwrap()).unwrap();
        let seen = CausalContext::new();
        let dots: Vec<Dot> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let (writer, seen) = (writer.clone(), &seen);
                    scope.spawn(move || -> Vec<Dot> {
                        (0..500).map(|_| writer.next_dot(seen).unwrap()).collect()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(dots.iter().collect::<SortedSet<_>>().len(), 2000);
        assert_eq!(dots.iter().map(Dot::counter).max(), Some(2000));
    }

    #[test]
    fn a_writer_skips_what_its_state_has_seen_and_ends_with_an_error() {
        let actor = ActorKey::new("a").unwrap();
        let writer = Writer::resume(actor.clone(), 3);
        let mut seen = CausalContext::new();
        assert_eq!(writer.next_dot(&seen).unwrap().counter(), 4);
        seen.insert(&Dot::new(actor.clone(), 9).unwrap());
        assert_eq!(writer.next_dot(&seen).unwrap().counter(), 10);
        seen.insert(&Dot::new(actor, u64::MAX).unwrap());
        assert_eq!(writer.next_dot(&seen), Err(CrdtError::CounterOverflow));
        assert_eq!(writer.next_dot(&CausalContext::new()).unwrap().counter(), 11);
    }
}
