//! The messages of a session in bytes. `docs/encodings/sync.md` describes them.

use super::sketch::{Cell, Salt};
use crate::codec::take_flag;
use crate::context::CausalContext;
use crate::error::CrdtError;
use crate::state::Kind;
use crate::wire::{Reader, put_length, put_number};

/// The versions of the protocol that this code speaks.
pub(super) const VERSIONS: std::ops::RangeInclusive<u8> = 1..=1;
/// The first byte of every message.
const MAGIC: u8 = 0xc5;
/// The longest name of a state, in bytes of UTF-8.
pub const MAX_NAME_LENGTH: usize = 256;

/// The most items of a message: no more memory than a small multiple of its bytes, and no more events.
pub(super) const MAX_ITEMS: usize = 4096;

pub(super) type Digest = [u8; 32];

/// One thing that a message says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item<'a> {
    /// Which versions the sender speaks, and the longest message it takes.
    Hello { least: u8, greatest: u8, max_bytes: u64 },
    /// What the sender has under a name, and whether it asks for the same in return.
    Have { name: &'a str, kind: Kind, is_question: bool, have: Have },
    /// What the sender would like to have.
    Ask { name: &'a str, kind: Kind, ask: Ask },
    /// Cells of a sketch of the sender's state, from the cell number `from` on.
    Cells { name: &'a str, kind: Kind, salt: Salt, digest: Digest, from: usize, cells: Vec<Cell> },
    /// A state to be merged.
    Delta { name: &'a str, kind: Kind, bytes: &'a [u8] },
    /// The sender has no state of this name and kind.
    Refuse { name: &'a str, kind: Kind },
}

/// What a side has under a name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Have {
    pub(super) digest: Digest,
    pub(super) parts: u64,
    pub(super) context: Option<CausalContext>,
}

/// What a side asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ask {
    /// Everything, or what is new since a context.
    Rest(Option<CausalContext>),
    /// Cells of the state with this digest.
    Cells { digest: Digest, from: usize, to: usize },
    /// The parts with these ids, and what the asker has taken in, for types where that tells removed from missing.
    Parts { salt: Salt, ids: Vec<u64>, context: Option<CausalContext> },
}

/// A message that is being written.
#[derive(Debug)]
pub(super) struct Outgoing {
    bytes: Vec<u8>,
    items: usize,
    limit: usize,
}

impl Outgoing {
    pub(super) fn new(session: u64, limit: usize) -> Self {
        Self { bytes: begin(session), items: 0, limit }
    }

    /// Appends an item if there is room for it, or nothing before it: whether it did.
    #[must_use]
    pub(super) fn put(&mut self, item: &Item<'_>) -> bool {
        let start = self.bytes.len();
        if self.items == MAX_ITEMS {
            return false;
        }
        item.put(&mut self.bytes);
        if self.bytes.len() > self.limit && self.items > 0 {
            self.bytes.truncate(start);
            return false;
        }
        self.items += 1;
        true
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The message, or none when it says nothing.
    pub(super) fn finish(self) -> Option<Vec<u8>> {
        (self.items > 0).then_some(self.bytes)
    }
}

fn begin(session: u64) -> Vec<u8> {
    let mut out = vec![MAGIC];
    out.extend_from_slice(&session.to_le_bytes());
    out
}

/// The session of a message and what it says; all of it is read before any of it is believed.
pub(super) fn read(bytes: &[u8]) -> Result<(u64, Vec<Item<'_>>), CrdtError> {
    let mut reader = Reader::new(bytes);
    if reader.byte()? != MAGIC {
        return Err(CrdtError::Malformed("not a message of a sync session"));
    }
    let mut session = [0; 8];
    session.copy_from_slice(reader.take(8)?);
    let mut items = Vec::new();
    while !reader.is_empty() {
        if items.len() == MAX_ITEMS {
            return Err(CrdtError::TooMany { limit: MAX_ITEMS });
        }
        items.push(Item::take(&mut reader)?);
    }
    Ok((u64::from_le_bytes(session), items))
}

impl<'a> Item<'a> {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Hello { least, greatest, max_bytes } => {
                out.extend_from_slice(&[0, *least, *greatest]);
                put_number(*max_bytes, out);
            }
            Self::Have { name, kind, is_question, have } => {
                put_head(1, name, *kind, out);
                out.push(u8::from(*is_question));
                out.extend_from_slice(&have.digest);
                put_number(have.parts, out);
                put_context(have.context.as_ref(), out);
            }
            Self::Ask { name, kind, ask } => {
                put_head(2, name, *kind, out);
                match ask {
                    Ask::Rest(context) => {
                        out.push(0);
                        put_context(context.as_ref(), out);
                    }
                    Ask::Cells { digest, from, to } => {
                        out.push(1);
                        out.extend_from_slice(digest);
                        put_length(*from, out);
                        put_length(*to, out);
                    }
                    Ask::Parts { salt, ids, context } => {
                        out.push(2);
                        out.extend_from_slice(salt);
                        put_length(ids.len(), out);
                        ids.iter().for_each(|id| out.extend_from_slice(&id.to_le_bytes()));
                        put_context(context.as_ref(), out);
                    }
                }
            }
            Self::Cells { name, kind, salt, digest, from, cells } => {
                put_head(3, name, *kind, out);
                out.extend_from_slice(salt);
                out.extend_from_slice(digest);
                put_length(*from, out);
                put_length(cells.len(), out);
                cells.iter().for_each(|cell| cell.put(out));
            }
            Self::Delta { name, kind, bytes } => {
                put_head(4, name, *kind, out);
                put_length(bytes.len(), out);
                out.extend_from_slice(bytes);
            }
            Self::Refuse { name, kind } => put_head(5, name, *kind, out),
        }
    }

    fn take(reader: &mut Reader<'a>) -> Result<Self, CrdtError> {
        let tag = reader.byte()?;
        if tag == 0 {
            let (least, greatest) = (reader.byte()?, reader.byte()?);
            return Ok(Self::Hello { least, greatest, max_bytes: reader.number()? });
        }
        let length = reader.length()?;
        if length == 0 || length > MAX_NAME_LENGTH {
            return Err(CrdtError::Malformed("name is not 1 to 256 bytes"));
        }
        let name =
            str::from_utf8(reader.take(length)?).map_err(|_| CrdtError::Malformed("name is not UTF-8"))?;
        let kind = Kind::from_byte(reader.byte()?).ok_or(CrdtError::Malformed("unknown type"))?;
        Ok(match tag {
            1 => {
                let is_question = take_flag(reader)?;
                let digest = take_array(reader)?;
                let parts = reader.number()?;
                Self::Have {
                    name,
                    kind,
                    is_question,
                    have: Have { digest, parts, context: take_context(reader)? },
                }
            }
            2 => Self::Ask { name, kind, ask: Ask::take(reader)? },
            3 => {
                let (salt, digest) = (take_array(reader)?, take_array(reader)?);
                let from = take_place(reader)?;
                let count = take_count(reader, Cell::MIN_BYTES)?;
                let cells = (0..count).map(|_| Cell::take(reader)).collect::<Result<_, _>>()?;
                Self::Cells { name, kind, salt, digest, from, cells }
            }
            4 => {
                let length = reader.length()?;
                Self::Delta { name, kind, bytes: reader.take(length)? }
            }
            5 => Self::Refuse { name, kind },
            _ => return Err(CrdtError::Malformed("unknown item")),
        })
    }
}

impl Ask {
    fn take(reader: &mut Reader<'_>) -> Result<Self, CrdtError> {
        Ok(match reader.byte()? {
            0 => Self::Rest(take_context(reader)?),
            1 => Self::Cells {
                digest: take_array(reader)?,
                from: take_place(reader)?,
                to: take_place(reader)?,
            },
            2 => {
                let salt = take_array(reader)?;
                let count = take_count(reader, 8)?;
                let ids = (0..count)
                    .map(|_| take_array(reader).map(u64::from_le_bytes))
                    .collect::<Result<_, _>>()?;
                Self::Parts { salt, ids, context: take_context(reader)? }
            }
            _ => return Err(CrdtError::Malformed("unknown question")),
        })
    }
}

fn put_head(tag: u8, name: &str, kind: Kind, out: &mut Vec<u8>) {
    out.push(tag);
    put_length(name.len(), out);
    out.extend_from_slice(name.as_bytes());
    out.push(kind.to_byte());
}

/// A length of 0 for none, else that of the canonical encoding, and the encoding.
fn put_context(context: Option<&CausalContext>, out: &mut Vec<u8>) {
    let bytes = context.map(CausalContext::to_bytes).unwrap_or_default();
    put_length(bytes.len(), out);
    out.extend_from_slice(&bytes);
}

fn take_context(reader: &mut Reader<'_>) -> Result<Option<CausalContext>, CrdtError> {
    match reader.length()? {
        0 => Ok(None),
        length => CausalContext::from_bytes(reader.take(length)?).map(Some),
    }
}

fn take_array<const N: usize>(reader: &mut Reader<'_>) -> Result<[u8; N], CrdtError> {
    let mut array = [0; N];
    array.copy_from_slice(reader.take(N)?);
    Ok(array)
}

fn take_place(reader: &mut Reader<'_>) -> Result<usize, CrdtError> {
    usize::try_from(reader.number()?).map_err(|_| CrdtError::Malformed("number is too large"))
}

/// A number of things of at least so many bytes each.
fn take_count(reader: &mut Reader<'_>, bytes: usize) -> Result<usize, CrdtError> {
    let count = reader.length()?;
    if count > reader.rest() / bytes {
        return Err(CrdtError::Malformed("state is cut off"));
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dot::Dot;

    #[test]
    fn items_read_back() {
        let context = CausalContext::from_iter([&Dot::parse("a:3").unwrap()]);
        let (name, kind) = ("\u{1f600}", Kind::OrSet);
        let ask = |ask| Item::Ask { name, kind, ask };
        let have = |context| Item::Have {
            name,
            kind,
            is_question: true,
            have: Have { digest: [1; 32], parts: u64::MAX, context },
        };
        let items = [
            Item::Hello { least: 1, greatest: 9, max_bytes: 70_000 },
            have(None),
            have(Some(context.clone())),
            ask(Ask::Rest(None)),
            ask(Ask::Rest(Some(CausalContext::new()))),
            ask(Ask::Cells { digest: [2; 32], from: 3, to: 300 }),
            ask(Ask::Parts { salt: [3; 16], ids: vec![1, u64::MAX], context: Some(context) }),
            Item::Cells {
                name,
                kind,
                salt: [4; 16],
                digest: [5; 32],
                from: 9,
                cells: vec![Cell::default(); 2],
            },
            Item::Delta { name, kind, bytes: &[1, 2, 3] },
            Item::Refuse { name, kind },
        ];
        let mut bytes = begin(77);
        items.iter().for_each(|item| item.put(&mut bytes));
        assert_eq!(read(&bytes), Ok((77, items.to_vec())));
        for end in 0..bytes.len() {
            // Cut off behind an item, it is a shorter message.
            if let Ok((_, read)) = read(&bytes[..end]) {
                assert_eq!(read, items[..read.len()]);
            }
        }
    }

    #[test]
    fn what_does_not_fit_waits_unless_it_is_alone() {
        let delta = |bytes| Item::Delta { name: "n", kind: Kind::OrSet, bytes };
        let mut out = Outgoing::new(1, 60);
        assert!(out.put(&delta(&[0; 40])) && !out.put(&delta(&[0; 40])) && out.len() <= 60);
        assert!(out.put(&delta(&[])));
        let mut out = Outgoing::new(1, 60);
        assert!(out.put(&delta(&[0; 100])));
        assert!(out.finish().is_some() && Outgoing::new(1, 60).finish().is_none());
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let why = |tail: &[u8]| read(&[&begin(1), tail].concat()).map(|_| ()).unwrap_err().to_string();
        assert!(read(&[]).is_err() && read(&[0; 20]).is_err());
        assert!(why(&[9, 1, b'a', 4]).contains("unknown item"));
        assert!(why(&[5, 0, 4]).contains("name"));
        assert!(why(&[5, 1, b'a', 99]).contains("unknown type"));
        assert!(why(&[2, 1, b'a', 4, 7]).contains("unknown question"));
        let refuse = [5, 1, b'a', 4];
        assert!(read(&[begin(1), refuse.repeat(MAX_ITEMS)].concat()).is_ok());
        let many = [begin(1), refuse.repeat(MAX_ITEMS + 1)].concat();
        assert_eq!(read(&many), Err(CrdtError::TooMany { limit: MAX_ITEMS }));
        let bomb = [&[3, 1, b'a', 4][..], &[0; 48], &[0, 0xff, 0x7f]].concat();
        assert!(why(&bomb).contains("cut off"));
    }
}
