//! A durable trail: audit events as records of a journal store.

#[cfg(any(unix, windows))]
use std::io;
use std::sync::Arc;

use chrysalis_crypto::random;
use chrysalis_journal::store::UNSIGNED_KEY;
use chrysalis_journal::{Cursor, Disk, NewRecord, Options, Signer, Store, StoredRecord};

use crate::audit::event::AuditEvent;
use crate::error::SecurityError;

/// The record kind of audit events, in stores of their own.
pub const AUDIT_RECORD_KIND: u16 = 0x5341;

/// The namespace of audit events in their stores.
const NAMESPACE: [u8; 16] = *b"chrysalis-audit\0";

/// Audit events on disk. Every process that opens the trail appends to a journal of its own, so that none waits for
/// another; journals are hash chains, and signed ones show who wrote them.
///
/// Someone who can write to the directory can delete it, or put back an older copy; neither shows in the trail alone.
pub struct AuditTrail {
    store: Store,
}

/// An event as the trail holds it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrailEntry {
    /// What happened.
    pub event: AuditEvent,
    /// The Ed25519 public key that signed it; `None` for events written while nobody held a key, such as refused
    /// unlocks, which anyone with the directory could have written.
    pub signed_by: Option<[u8; 32]>,
}

impl AuditTrail {
    /// Opens the trail on `disk`, or begins it there. Events appended through this handle are signed by `signer`.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub fn open(disk: Arc<dyn Disk>, signer: Option<Arc<dyn Signer>>) -> Result<Self, SecurityError> {
        let options = Options { signer, segment_bytes: 1 << 20, ..Options::default() };
        Ok(Self { store: Store::open(disk, options)? })
    }

    /// Opens an existing trail for reading alone.
    ///
    /// # Errors
    /// Those of [`Store::open`]; `journal/not-a-store` where there is no trail.
    pub fn open_read_only(disk: Arc<dyn Disk>) -> Result<Self, SecurityError> {
        let options = Options { create: false, read_only: true, ..Options::default() };
        Ok(Self { store: Store::open(disk, options)? })
    }

    /// Makes events durable, in one commit. No events are no commit.
    ///
    /// # Errors
    /// Those of [`Store::append`]. Who answers to the trail must not go on then.
    pub fn append(&self, events: &[AuditEvent]) -> Result<(), SecurityError> {
        if events.is_empty() {
            return Ok(());
        }
        let record = |event: &AuditEvent| -> Result<NewRecord, SecurityError> {
            Ok(NewRecord {
                kind: AUDIT_RECORD_KIND,
                namespace: NAMESPACE,
                key_epoch: 0,
                // Hybrid time: milliseconds in the upper 48 bits.
                time: event.time_ms.min(u64::MAX >> 16) << 16,
                context: Vec::new(),
                salt: random::array()?,
                content: event.to_json().into_bytes(),
            })
        };
        self.store.append(events.iter().map(record).collect::<Result<_, _>>()?)?;
        Ok(())
    }

    /// All events of all writers by time, those of one writer in their order.
    ///
    /// Cost: reads the whole trail and verifies every signature.
    ///
    /// # Errors
    /// Those of [`Store::poll_some`]; the journal's `corrupt` error for the first damage, and
    /// [`SecurityError::MalformedState`] for a record that is no audit event.
    pub fn entries(&self) -> Result<Vec<TrailEntry>, SecurityError> {
        let mut entries = Vec::new();
        let mut cursor = Cursor::default();
        loop {
            let commits = self.store.poll_some(&mut cursor, 1 << 20)?;
            if commits.is_empty() {
                break;
            }
            for commit in commits {
                let writer = commit.header.writer.key;
                let signed_by = (writer != UNSIGNED_KEY && commit.signature.is_some()).then_some(writer);
                for record in &commit.records {
                    entries.push(TrailEntry { event: decode(record)?, signed_by });
                }
            }
        }
        if let Some(damage) = self.store.damage().into_iter().next() {
            return Err(damage.error.into());
        }
        entries.sort_by_key(|entry| entry.event.time_ms);
        Ok(entries)
    }
}

impl std::fmt::Debug for AuditTrail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuditTrail").finish_non_exhaustive()
    }
}

#[cfg(any(unix, windows))]
/// Whether opening failed because there is no trail yet.
pub(crate) fn is_missing(error: &SecurityError) -> bool {
    use chrysalis_journal::JournalError;
    matches!(
        error,
        SecurityError::Journal(
            JournalError::NotAStore { .. } | JournalError::Io { kind: io::ErrorKind::NotFound, .. }
        )
    )
}

fn decode(record: &StoredRecord) -> Result<AuditEvent, SecurityError> {
    let malformed = SecurityError::MalformedState("audit trail");
    match record {
        StoredRecord::Full { header, content, .. } if header.kind == AUDIT_RECORD_KIND => {
            AuditEvent::from_json(str::from_utf8(content).map_err(|_| malformed)?)
        }
        _ => Err(malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::AuditAction;
    use chrysalis_crypto::ed25519::SigningKey;
    use chrysalis_journal::MemoryDisk;

    #[test]
    fn writers_share_a_trail_and_signatures_tell_them_apart() {
        let disk = MemoryDisk::new();
        let key = Arc::new(SigningKey::make().unwrap());
        let public_key = key.public_key();
        let signed = AuditTrail::open(Arc::new(disk.clone()), Some(key)).unwrap();
        let unsigned = AuditTrail::open(Arc::new(disk.clone()), None).unwrap();
        signed.append(&[]).unwrap();
        signed.append(&[AuditEvent::done(AuditAction::Unlocked, 2)]).unwrap();
        let refused = AuditEvent::refused(AuditAction::Unlocked, 1, &SecurityError::InvalidPassword);
        unsigned.append(&[refused.clone(), AuditEvent::done(AuditAction::Locked, 3)]).unwrap();
        let entries = AuditTrail::open_read_only(Arc::new(disk)).unwrap().entries().unwrap();
        let signers: Vec<_> = entries.iter().map(|entry| entry.signed_by).collect();
        assert_eq!(signers, [None, Some(public_key), None]);
        assert_eq!(entries[0].event, refused);
    }

    #[test]
    fn a_trail_that_is_not_there_is_missing() {
        let error = AuditTrail::open_read_only(Arc::new(MemoryDisk::new())).unwrap_err();
        assert!(is_missing(&error), "{error:?}");
    }
}
