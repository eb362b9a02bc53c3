use core::fmt;

/// Why a document was not indexed (the index is then unchanged) or an index not made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum IndexError {
    /// The text is longer than [`MAX_TEXT_BYTES`](super::MAX_TEXT_BYTES).
    TextTooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// The title is longer than [`MAX_TITLE_BYTES`](super::MAX_TITLE_BYTES).
    TitleTooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// Another slot holds a document of the same id.
    DuplicateId {
        /// The slot that holds it.
        slot: u32,
    },
    /// The index holds [`MAX_DOCUMENTS`](super::MAX_DOCUMENTS) documents.
    Full,
    /// A constant of the scoring is out of its range.
    BadConstants,
}

impl IndexError {
    /// Every code of [`code`](Self::code).
    pub const CODES: [&'static str; 5] = [
        "memory/text-too-long",
        "memory/title-too-long",
        "memory/duplicate-id",
        "memory/index-full",
        "memory/bad-constants",
    ];

    /// A stable name to branch on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        let [text_too_long, title_too_long, duplicate_id, full, bad_constants] = Self::CODES;
        match self {
            Self::TextTooLong { .. } => text_too_long,
            Self::TitleTooLong { .. } => title_too_long,
            Self::DuplicateId { .. } => duplicate_id,
            Self::Full => full,
            Self::BadConstants => bad_constants,
        }
    }
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TextTooLong { bytes } => {
                write!(f, "the text has {bytes} bytes, at most {} are indexed", super::MAX_TEXT_BYTES)
            }
            Self::TitleTooLong { bytes } => {
                write!(f, "the title has {bytes} bytes, at most {} are indexed", super::MAX_TITLE_BYTES)
            }
            Self::DuplicateId { slot } => write!(f, "slot {slot} holds a document of the same id"),
            Self::Full => write!(f, "the index holds {} documents, its limit", super::MAX_DOCUMENTS),
            Self::BadConstants => f.write_str("a constant of the scoring is out of its range"),
        }
    }
}

impl core::error::Error for IndexError {}
