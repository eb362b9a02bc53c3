//! What can go wrong with a store.

use std::{fmt, io};

use chrysalis_crypto::CryptoError;

/// Why an operation on a store failed. No variant holds content, keys or names given by a user; files are
/// paths below the store's root.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum JournalError {
    /// The store was written by a later version, or with a feature this version does not know.
    FormatTooNew {
        /// What is not known.
        what: &'static str,
    },
    /// The directory holds no store, or something else.
    NotAStore {
        /// What was missing or in the way.
        reason: &'static str,
    },
    /// Bytes on disk are not what was written.
    Corrupt {
        /// The file, below the store's root.
        file: String,
        /// Where in the file.
        offset: u64,
        /// What does not hold.
        problem: &'static str,
    },
    /// There is no space left. Nothing was written; reads go on, and writes work again once there is space.
    DiskFull,
    /// An earlier write or sync failed, so nothing more is appended through this handle. Open the store again.
    Poisoned,
    /// The write or sync of this very append failed: whether it will be found later is not known.
    OutcomeUnknown {
        /// The operating system's kind of error, where there was one.
        kind: Option<io::ErrorKind>,
    },
    /// The store was opened read-only.
    ReadOnly,
    /// A record or a group is over its limit.
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// An argument cannot be used.
    InvalidArgument(&'static str),
    /// The commit carries no signature, so that nothing can be proved from it.
    Unsigned,
    /// The record's content was erased or withheld.
    NoContent,
    /// The process forked while another thread used the store, whose state is lost in the child. Open it again.
    Forked,
    /// A signature, hash, proof or random number could not be made.
    Crypto(CryptoError),
    /// The disk refused.
    Io {
        /// What was being done.
        operation: &'static str,
        /// The file or directory, below the store's root.
        file: String,
        /// The operating system's kind of error.
        kind: io::ErrorKind,
    },
}

impl JournalError {
    /// Every code that [`code`](Self::code) can give.
    pub const CODES: &'static [&'static str] = &[
        "journal/format-too-new",
        "journal/not-a-store",
        "journal/corrupt",
        "journal/disk-full",
        "journal/poisoned",
        "journal/outcome-unknown",
        "journal/read-only",
        "journal/too-large",
        "journal/invalid-argument",
        "journal/unsigned",
        "journal/no-content",
        "journal/forked",
        "journal/crypto",
        "journal/io",
    ];

    /// A stable name to branch on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::FormatTooNew { .. } => "journal/format-too-new",
            Self::NotAStore { .. } => "journal/not-a-store",
            Self::Corrupt { .. } => "journal/corrupt",
            Self::DiskFull => "journal/disk-full",
            Self::Poisoned => "journal/poisoned",
            Self::OutcomeUnknown { .. } => "journal/outcome-unknown",
            Self::ReadOnly => "journal/read-only",
            Self::TooLarge { .. } => "journal/too-large",
            Self::InvalidArgument(_) => "journal/invalid-argument",
            Self::Unsigned => "journal/unsigned",
            Self::NoContent => "journal/no-content",
            Self::Forked => "journal/forked",
            Self::Crypto(_) => "journal/crypto",
            Self::Io { .. } => "journal/io",
        }
    }

    pub(crate) fn corrupt(file: &str, offset: u64, problem: &'static str) -> Self {
        Self::Corrupt { file: file.to_owned(), offset, problem }
    }

    /// For `map_err`: names the operation and the file, and tells a full disk from other failures.
    pub(crate) fn io<'a>(operation: &'static str, file: &'a str) -> impl FnOnce(io::Error) -> Self + use<'a> {
        move |error| {
            if is_full(error.kind()) {
                Self::DiskFull
            } else {
                Self::Io { operation, file: file.to_owned(), kind: error.kind() }
            }
        }
    }
}

/// Whether this kind of error says that there is no room, rather than that something is broken.
fn is_full(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FormatTooNew { what } => write!(f, "the store needs a later version: {what}"),
            Self::NotAStore { reason } => write!(f, "not a store: {reason}"),
            Self::Corrupt { file, offset, problem } => {
                write!(f, "{file} is damaged at byte {offset}: {problem}")
            }
            Self::DiskFull => f.write_str("no space left on the disk"),
            Self::Poisoned => f.write_str("an earlier write failed; open the store again"),
            Self::OutcomeUnknown { kind: Some(kind) } => {
                write!(f, "writing failed ({kind}); whether the records were kept is not known")
            }
            Self::OutcomeUnknown { kind: None } => {
                f.write_str("writing was cut short; whether the records were kept is not known")
            }
            Self::ReadOnly => f.write_str("the store was opened read-only"),
            Self::TooLarge { what, limit } => write!(f, "{what} is over its limit of {limit} bytes"),
            Self::InvalidArgument(what) => write!(f, "invalid argument: {what}"),
            Self::Unsigned => f.write_str("the commit is not signed"),
            Self::NoContent => f.write_str("the record's content was erased or withheld"),
            Self::Forked => f.write_str("the process forked while the store was in use; open it again"),
            Self::Crypto(error) => error.fmt(f),
            Self::Io { operation, file, kind } => write!(f, "cannot {operation} {file}: {kind}"),
        }
    }
}

impl std::error::Error for JournalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Crypto(error) => Some(error),
            _ => None,
        }
    }
}

impl From<CryptoError> for JournalError {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}
