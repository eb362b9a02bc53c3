//! Plain objects of another language, read and made.

use chrysalis_consensus::ConsensusError;

/// Something that the other language gives. Names are written in snake case; a language that writes them otherwise translates.
pub(crate) trait Given: Sized {
    /// What the language throws.
    type Error: From<ConsensusError>;

    /// The error for a property that is not what it must be; `problem` never says what it was.
    fn wrong(name: &str, problem: &str) -> Self::Error;

    /// A property of an object; `None` where it is absent or null.
    fn property(&self, name: &str) -> Result<Option<Self>, Self::Error>;

    /// Whether this is a byte string.
    fn is_bytes(&self) -> bool;

    /// A copy of the byte string that this is.
    fn to_bytes(&self, name: &str) -> Result<Vec<u8>, Self::Error>;

    /// The text that this is.
    fn to_text(&self, name: &str) -> Result<String, Self::Error>;

    /// The integer from 0 to 2^64 - 1 that this is.
    fn to_count(&self, name: &str) -> Result<u64, Self::Error>;

    /// The truth value that this is.
    fn to_flag(&self, name: &str) -> Result<bool, Self::Error>;

    /// The items of the list that this is.
    fn to_items(&self, name: &str) -> Result<Vec<Self>, Self::Error>;

    /// A property that must be there.
    fn required(&self, name: &str) -> Result<Self, Self::Error> {
        self.property(name)?.ok_or_else(|| Self::wrong(name, "is missing"))
    }

    /// A property that is a text.
    fn text(&self, name: &str) -> Result<String, Self::Error> {
        self.required(name)?.to_text(name)
    }

    /// A property that is an integer.
    fn count(&self, name: &str) -> Result<u64, Self::Error> {
        self.required(name)?.to_count(name)
    }

    /// A property that is an integer; `default` where it is absent.
    fn count_or(&self, name: &str, default: u64) -> Result<u64, Self::Error> {
        self.property(name)?.map_or(Ok(default), |count| count.to_count(name))
    }

    /// A property that is a byte string.
    fn bytes(&self, name: &str) -> Result<Vec<u8>, Self::Error> {
        self.required(name)?.to_bytes(name)
    }

    /// A property that is a byte string of 32.
    fn array(&self, name: &str) -> Result<[u8; 32], Self::Error> {
        self.bytes(name)?.try_into().map_err(|_| Self::wrong(name, "must have 32 bytes"))
    }

    /// A property that is a list; empty where it is absent.
    fn items(&self, name: &str) -> Result<Vec<Self>, Self::Error> {
        self.property(name)?.map_or_else(|| Ok(Vec::new()), |list| list.to_items(name))
    }
}

/// Something that is made for the other language.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Made {
    /// Null.
    Nothing,
    /// An integer.
    Count(u64),
    /// A text.
    Text(String),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Made>),
    /// An object, with the names of its properties in snake case.
    Object(Vec<(&'static str, Made)>),
}

impl Made {
    /// A list.
    pub(crate) fn list(items: impl IntoIterator<Item = Made>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// What there is, or null.
    pub(crate) fn option(made: Option<Made>) -> Self {
        made.unwrap_or(Self::Nothing)
    }
}

impl From<u64> for Made {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<u32> for Made {
    fn from(count: u32) -> Self {
        Self::Count(count.into())
    }
}

impl From<usize> for Made {
    fn from(count: usize) -> Self {
        Self::Count(count as u64)
    }
}

impl From<&str> for Made {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&[u8]> for Made {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Made {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}
