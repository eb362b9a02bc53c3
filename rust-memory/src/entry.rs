//! Entries as they are shown: a note with its author, time, place in the author's journal and signature state.

use std::fmt;
use std::str::FromStr;

use chrysalis_crdt::Stamp;
use chrysalis_crypto::commit::WriterId;
use chrysalis_crypto::hex;
use chrysalis_crypto::merkle::Hash;

use crate::error::MemoryError;
use crate::identity::AgentKey;
use crate::namespace::NamespaceId;
use crate::note::Note;
use crate::trust::SignatureState;

/// An entry's id: the leaf of its record.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EntryId(pub(crate) Hash);

impl EntryId {
    /// The id of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: Hash) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &Hash {
        &self.0
    }

    /// The first twelve hexadecimal digits, which commands accept in place of the whole.
    #[must_use]
    pub fn to_short(&self) -> String {
        hex::encode(&self.0[..6])
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntryId({self})")
    }
}

impl FromStr for EntryId {
    type Err = MemoryError;

    fn from_str(text: &str) -> Result<Self, MemoryError> {
        hex::decode_array(text).map(Self).map_err(|_| MemoryError::InvalidEntryId)
    }
}

/// One entry of the memory.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its id.
    pub id: EntryId,
    /// The key that signed it.
    pub author: AgentKey,
    /// The name that key goes by in this store, if any. Names are not signed.
    pub author_name: Option<String>,
    /// The namespace it belongs to.
    pub namespace: NamespaceId,
    /// When it was remembered, by the author's hybrid clock.
    pub time: Stamp,
    /// What was remembered.
    pub note: Note,
    /// How often its author said the same; at least 1.
    pub occasions: u32,
    /// Whether its author replaced it; then it is shown by its id and never recalled.
    pub superseded: bool,
    /// What its author replaced it by.
    pub superseded_by: Vec<EntryId>,
    /// What can be said of its signature.
    pub signature: SignatureState,
    /// The journal it stands in.
    pub writer: WriterId,
    /// Its number in that journal.
    pub sequence: u64,
}
