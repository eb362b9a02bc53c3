//! Who used which key and when, in events that can hold no secret.
//!
//! An event names an action, a provider, the id of a key and the code of an error: types that no key, password or
//! text of a user fits into. Events form a hash chain, so that one taken out of the middle is missed.

mod event;
mod log;
mod trail;

pub use event::{AuditAction, AuditEvent, AuditRecord, KeyId};
pub use log::{AuditExport, AuditLog, verify_chain};
#[cfg(any(unix, windows))]
pub(crate) use trail::is_missing;
pub use trail::{AUDIT_RECORD_KIND, AuditTrail, TrailEntry};
