//! Names of journals and the files in them.

use std::fmt;

use chrysalis_crypto::commit::WriterId;
use chrysalis_crypto::hex;
use chrysalis_crypto::merkle::Hash;

/// Which journal: a writer's, or another branch of a writer that forked.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct JournalName {
    /// Whose journal it is.
    pub writer: WriterId,
    /// The first 8 bytes of the hash of a sibling branch's first commit; `None` for the journal itself.
    pub branch: Option<[u8; 8]>,
}

impl JournalName {
    pub(crate) fn main(writer: WriterId) -> Self {
        Self { writer, branch: None }
    }

    pub(crate) fn sibling(writer: WriterId, first: &Hash) -> Self {
        let mut branch = [0; 8];
        branch.copy_from_slice(&first[..8]);
        Self { writer, branch: Some(branch) }
    }

    /// The journal whose directory has this name; `None` for any other text.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let parsed = match name.split_once('~') {
            None => Self::main(WriterId::from_name(name)?),
            Some((writer, branch)) => {
                Self { writer: WriterId::from_name(writer)?, branch: Some(hex::decode_array(branch).ok()?) }
            }
        };
        (parsed.to_string() == name).then_some(parsed)
    }

    pub(crate) fn directory(&self) -> String {
        format!("{WRITERS}/{self}")
    }

    pub(crate) fn lock(&self) -> String {
        format!("{WRITERS}/{self}/lock")
    }

    pub(crate) fn mark(&self) -> String {
        format!("{WRITERS}/{self}/durable")
    }

    pub(crate) fn segment(&self, first: u64) -> String {
        format!("{WRITERS}/{self}/{first:016x}{SEGMENT}")
    }
}

impl fmt::Display for JournalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.writer.name())?;
        match &self.branch {
            Some(branch) => write!(f, "~{}", hex::encode(branch)),
            None => Ok(()),
        }
    }
}

/// The directory of all journals.
pub(crate) const WRITERS: &str = "writers";

const SEGMENT: &str = ".seg";

/// The first sequence number in the segment of this name; `None` for the names of other files.
pub(crate) fn segment_first(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SEGMENT)?;
    let first = u64::from_be_bytes(hex::decode_array(digits).ok()?);
    (first != 0 && format!("{first:016x}") == digits).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_spelling() {
        let writer = WriterId { key: [0xab; 32], incarnation: 7 };
        for name in [JournalName::main(writer), JournalName::sibling(writer, &[0xcd; 32])] {
            assert_eq!(JournalName::parse(&name.to_string()), Some(name));
            assert_eq!(JournalName::parse(&name.to_string().to_uppercase()), None);
            assert_eq!(JournalName::parse(&format!("{name}~")), None);
        }
        assert_eq!(segment_first("000000000000000a.seg"), Some(10));
        for other in
            ["000000000000000A.seg", "0.seg", "0000000000000000.seg", "000000000000000a.seg.tmp", "durable"]
        {
            assert_eq!(segment_first(other), None, "{other}");
        }
    }
}
