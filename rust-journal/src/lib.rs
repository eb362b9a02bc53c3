#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod admit;
mod append;
mod appender;
pub mod block;
pub mod disk;
mod erase;
pub mod error;
#[cfg(any(unix, windows))]
pub mod file_disk;
mod import;
mod local;
mod lookup;
pub mod mark;
pub mod memory_disk;
pub mod name;
pub mod poll;
pub mod record;
mod recovery;
pub mod segment;
#[cfg(feature = "sim")]
pub mod sim;
pub mod store;
pub mod subdirectory;
pub mod text;
pub mod verify;

pub use append::Receipt;
pub use disk::{Disk, DiskFile, DiskLock, OpenMode, write_atomic};
pub use erase::Erased;
pub use error::JournalError;
#[cfg(any(unix, windows))]
pub use file_disk::FileDisk;
pub use import::{ImportOptions, ImportProgress, ImportReport, MAX_REFUSALS, Refusal};
pub use memory_disk::MemoryDisk;
pub use name::JournalName;
pub use poll::Cursor;
pub use record::{Commit, NewRecord, Position, StoredRecord};
pub use store::{Branch, Damage, Options, OwnWriter, Signer, Stats, Store};
pub use subdirectory::Subdirectory;
pub use verify::{Finding, VerifyReport, verify};
