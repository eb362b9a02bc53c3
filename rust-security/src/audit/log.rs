//! A bounded, hash-chained log in memory.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::audit::event::{AuditEvent, AuditRecord, chain_hash};

/// How many records a log keeps unless told otherwise.
pub(crate) const DEFAULT_CAPACITY: usize = 4096;

/// The newest events of a process, chained. Share it by `Arc`; recording takes a short lock and never fails.
#[derive(Debug)]
pub struct AuditLog {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    records: VecDeque<AuditRecord>,
    capacity: usize,
    sequence: u64,
    /// The hash of the newest record that is no longer kept; zero while none was dropped.
    anchor: [u8; 32],
    head: [u8; 32],
}

impl Default for AuditLog {
    fn default() -> Self {
        Self::new(DEFAULT_CAPACITY)
    }
}

impl AuditLog {
    /// An empty log that keeps the newest `capacity` records, at least one.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let inner = Inner {
            records: VecDeque::new(),
            capacity: capacity.max(1),
            sequence: 0,
            anchor: [0; 32],
            head: [0; 32],
        };
        Self { inner: Mutex::new(inner) }
    }

    /// Adds an event; the oldest record goes where there is no room. Costs one hash of about 200 bytes.
    pub fn record(&self, event: AuditEvent) {
        let mut inner = self.lock();
        inner.sequence += 1;
        inner.head = chain_hash(&inner.head, inner.sequence, &event);
        let record = AuditRecord { sequence: inner.sequence, event, hash: inner.head };
        if inner.records.len() == inner.capacity
            && let Some(oldest) = inner.records.pop_front()
        {
            inner.anchor = oldest.hash;
        }
        inner.records.push_back(record);
    }

    /// The records after number `sequence` that are still kept, oldest first.
    #[must_use]
    pub fn after(&self, sequence: u64) -> Vec<AuditRecord> {
        let inner = self.lock();
        inner.records.iter().filter(|record| record.sequence > sequence).cloned().collect()
    }

    /// Drops the records up to number `sequence`, which are kept elsewhere.
    #[cfg(any(unix, windows))]
    pub(crate) fn forget(&self, sequence: u64) {
        let mut inner = self.lock();
        while let Some(oldest) = inner.records.pop_front_if(|record| record.sequence <= sequence) {
            inner.anchor = oldest.hash;
        }
    }

    /// Everything that is kept, with the hash it begins from.
    #[must_use]
    pub fn export(&self) -> AuditExport {
        let inner = self.lock();
        AuditExport { anchor: inner.anchor, records: inner.records.iter().cloned().collect() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every statement that holds the lock leaves the log whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records in a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditExport {
    /// The hash of the record before the first; zero where the first is the log's first.
    pub anchor: [u8; 32],
    /// The records, oldest first.
    pub records: Vec<AuditRecord>,
}

/// The place of the first record that does not follow from the one before it, if any.
///
/// A chain shows what was changed, removed or put in between its ends. It does not show what was cut off at the
/// end, or a chain made anew from the start: keep its last hash elsewhere, or use a signed
/// [`AuditTrail`](crate::audit::AuditTrail).
#[must_use]
pub fn verify_chain(export: &AuditExport) -> Option<usize> {
    let mut before = export.anchor;
    let mut sequence = export.records.first().map_or(1, |record| record.sequence);
    for (place, record) in export.records.iter().enumerate() {
        if record.sequence != sequence || record.hash != chain_hash(&before, sequence, &record.event) {
            return Some(place);
        }
        before = record.hash;
        sequence = sequence.saturating_add(1);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::AuditAction;

    fn filled(capacity: usize, count: u64) -> AuditLog {
        let log = AuditLog::new(capacity);
        for time in 0..count {
            log.record(AuditEvent::done(AuditAction::KeyAccessed, time));
        }
        log
    }

    #[test]
    fn the_newest_are_kept_and_still_chain() {
        let export = filled(5, 12).export();
        assert_eq!(export.records.iter().map(|r| r.sequence).collect::<Vec<_>>(), [8, 9, 10, 11, 12]);
        assert_eq!(verify_chain(&export), None);
        assert_eq!(filled(5, 12).after(10).len(), 2);
        assert_eq!(verify_chain(&AuditLog::default().export()), None);
        assert_eq!(filled(0, 3).export().records.len(), 1);
    }

    #[test]
    fn every_change_between_the_ends_shows() {
        let good = filled(10, 6).export();
        let mut changed = good.clone();
        changed.records[2].event.time_ms += 1;
        assert_eq!(verify_chain(&changed), Some(2));
        let mut missing = good.clone();
        missing.records.remove(3);
        assert_eq!(verify_chain(&missing), Some(3));
        let mut swapped = good.clone();
        swapped.records.swap(1, 2);
        assert_eq!(verify_chain(&swapped), Some(1));
        let mut beheaded = good;
        beheaded.records.remove(0);
        assert_eq!(verify_chain(&beheaded), Some(0));
    }
}
