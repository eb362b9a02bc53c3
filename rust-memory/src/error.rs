//! The one error type of this crate.

use std::fmt;
use std::io;
use std::path::PathBuf;

use chrysalis_crypto::CryptoError;
use chrysalis_journal::JournalError;

use crate::lexical::IndexError;
use crate::semantic::EmbedderError;

/// What went wrong with a memory.
///
/// [`code`](MemoryError::code) is stable; the text is for people and never holds remembered text or secrets.
#[derive(Debug)]
#[non_exhaustive]
pub enum MemoryError {
    /// The store underneath failed.
    Journal(JournalError),
    /// A cryptographic operation failed.
    Crypto(CryptoError),
    /// The index cannot hold more.
    Index(IndexError),
    /// A file outside the store could not be used.
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// An operation that writes was asked of a memory opened without an identity.
    NoIdentity,
    /// A key file is missing.
    IdentityMissing(PathBuf),
    /// A key file already exists where a new one was asked for.
    IdentityExists(PathBuf),
    /// A file is not a key file, or is damaged.
    IdentityMalformed(PathBuf),
    /// The file that holds the random id of this user on this machine is damaged.
    HostMalformed(PathBuf),
    /// Others than its owner may read a key file.
    KeyFileExposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// An agent or namespace name is empty, too long, or has characters outside letters, digits, `.`, `-`, `_`.
    InvalidName(&'static str),
    /// A text or bytes that are not a public key.
    InvalidAgentKey,
    /// Nothing to remember: the text is empty or only white space.
    EmptyText,
    /// A part of an entry is over its limit.
    TooLarge {
        /// Which part.
        what: &'static str,
        /// The most it may be.
        limit: usize,
        /// What it was.
        actual: usize,
    },
    /// A file that is not UTF-8 text.
    NotText(PathBuf),
    /// A text to remember that holds a NUL character; it has the code of [`NotText`](Self::NotText).
    TextWithNul,
    /// A text to remember that holds the secret key of an agent or a vault.
    SecretKey,
    /// The query has no words or numbers to look for.
    EmptyQuery,
    /// No entry has this id.
    NoSuchEntry,
    /// An id prefix is not hexadecimal or is shorter than four digits.
    InvalidEntryId,
    /// More than one entry has this id prefix.
    AmbiguousEntry {
        /// How many.
        matches: usize,
    },
    /// Only its author can supersede or forget an entry.
    NotTheAuthor,
    /// The entry's content is not held here: it was withheld or erased.
    ContentAbsent,
    /// No namespace of this store has this name.
    NoSuchNamespace,
    /// A file in the store's `local/` is damaged.
    LocalFileMalformed(&'static str),
    /// A store cannot be merged into itself.
    SameStore,
    /// The hybrid clock has no later time to give.
    ClockExhausted,
    /// Vectors were asked of a memory opened without an embedder.
    NoEmbedder,
    /// The embedder gave no vector.
    Embedder(EmbedderError),
    /// The caller asked to stop.
    Cancelled,
}

impl MemoryError {
    /// Every code this crate itself gives; errors from below keep their own.
    pub const CODES: &'static [&'static str] = &[
        "memory/io",
        "memory/no-identity",
        "memory/identity-missing",
        "memory/identity-exists",
        "memory/identity-malformed",
        "memory/host-malformed",
        "memory/key-file-exposed",
        "memory/invalid-name",
        "memory/invalid-agent-key",
        "memory/empty-text",
        "memory/too-large",
        "memory/not-text",
        "memory/secret-key",
        "memory/empty-query",
        "memory/no-such-entry",
        "memory/invalid-entry-id",
        "memory/ambiguous-entry",
        "memory/not-the-author",
        "memory/content-absent",
        "memory/no-such-namespace",
        "memory/local-file-malformed",
        "memory/same-store",
        "memory/clock-exhausted",
        "memory/no-embedder",
        "memory/embedder",
        "memory/cancelled",
    ];

    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Journal(error) => error.code(),
            Self::Crypto(error) => error.code(),
            Self::Index(error) => error.code(),
            Self::Io { .. } => "memory/io",
            Self::NoIdentity => "memory/no-identity",
            Self::IdentityMissing(_) => "memory/identity-missing",
            Self::IdentityExists(_) => "memory/identity-exists",
            Self::IdentityMalformed(_) => "memory/identity-malformed",
            Self::HostMalformed(_) => "memory/host-malformed",
            Self::KeyFileExposed { .. } => "memory/key-file-exposed",
            Self::InvalidName(_) => "memory/invalid-name",
            Self::InvalidAgentKey => "memory/invalid-agent-key",
            Self::EmptyText => "memory/empty-text",
            Self::TooLarge { .. } => "memory/too-large",
            Self::NotText(_) | Self::TextWithNul => "memory/not-text",
            Self::SecretKey => "memory/secret-key",
            Self::EmptyQuery => "memory/empty-query",
            Self::NoSuchEntry => "memory/no-such-entry",
            Self::InvalidEntryId => "memory/invalid-entry-id",
            Self::AmbiguousEntry { .. } => "memory/ambiguous-entry",
            Self::NotTheAuthor => "memory/not-the-author",
            Self::ContentAbsent => "memory/content-absent",
            Self::NoSuchNamespace => "memory/no-such-namespace",
            Self::LocalFileMalformed(_) => "memory/local-file-malformed",
            Self::SameStore => "memory/same-store",
            Self::ClockExhausted => "memory/clock-exhausted",
            Self::NoEmbedder => "memory/no-embedder",
            Self::Embedder(_) => "memory/embedder",
            Self::Cancelled => "memory/cancelled",
        }
    }

    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| Self::Io { path, error }
    }
}

impl fmt::Display for MemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(error) => error.fmt(f),
            Self::Crypto(error) => error.fmt(f),
            Self::Index(error) => error.fmt(f),
            Self::Io { path, error } => write!(f, "{}: {error}", path.display()),
            Self::NoIdentity => {
                f.write_str("this memory was opened without an identity, so nothing can be written")
            }
            Self::IdentityMissing(path) => write!(f, "no key file at {}", path.display()),
            Self::IdentityExists(path) => write!(f, "a key file is already at {}", path.display()),
            Self::IdentityMalformed(path) => write!(f, "{} is not a key file, or is damaged", path.display()),
            Self::HostMalformed(path) => write!(f, "{} does not hold a host id", path.display()),
            Self::KeyFileExposed { path, mode } => {
                let path = path.display();
                write!(f, "key file {path} has mode {mode:03o}; others may read it (run: chmod 600 {path})")
            }
            Self::InvalidName(what) => {
                write!(
                    f,
                    "invalid {what}: use 1 to 64 letters, digits, '.', '-' or '_', not starting with '.'"
                )
            }
            Self::InvalidAgentKey => {
                f.write_str("not an agent key: an Ed25519 public key of 64 hexadecimal digits is expected")
            }
            Self::EmptyText => f.write_str("nothing to remember: the text is empty"),
            Self::TooLarge { what, limit, actual } => {
                write!(f, "{what} is too large: {actual}, limit {limit}")
            }
            Self::NotText(path) => write!(f, "{} is not UTF-8 text", path.display()),
            Self::TextWithNul => f.write_str("the text holds a NUL character, which no text does"),
            Self::SecretKey => {
                f.write_str("the text holds the secret key of an agent or a vault, which is never remembered")
            }
            Self::EmptyQuery => f.write_str("the query has no words or numbers to look for"),
            Self::NoSuchEntry => f.write_str("no entry has this id"),
            Self::InvalidEntryId => f.write_str("not an entry id: 4 to 64 hexadecimal digits are expected"),
            Self::AmbiguousEntry { matches } => {
                write!(f, "{matches} entries have ids that start like this; give more digits")
            }
            Self::NotTheAuthor => f.write_str("only its author can forget or replace an entry"),
            Self::ContentAbsent => f.write_str("the content of this entry is not held here"),
            Self::NoSuchNamespace => f.write_str("no namespace of this store has this name"),
            Self::LocalFileMalformed(name) => write!(f, "local/{name} in the store is damaged"),
            Self::SameStore => f.write_str("a store cannot be merged into itself"),
            Self::ClockExhausted => f.write_str("the hybrid clock has no later time to give"),
            Self::NoEmbedder => f.write_str("this memory was opened without an embedder"),
            Self::Embedder(error) => write!(f, "no vectors: {error}"),
            Self::Cancelled => f.write_str("stopped as asked"),
        }
    }
}

impl std::error::Error for MemoryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Journal(error) => Some(error),
            Self::Crypto(error) => Some(error),
            Self::Index(error) => Some(error),
            Self::Embedder(error) => Some(error),
            Self::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl From<JournalError> for MemoryError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<IndexError> for MemoryError {
    fn from(error: IndexError) -> Self {
        Self::Index(error)
    }
}

impl From<CryptoError> for MemoryError {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}
