//! What is remembered, and the canonical bytes records carry (`docs/encodings/entry.md`, record contents).

use chrysalis_crdt::Value;
use chrysalis_crypto::merkle::Hash;

use crate::error::MemoryError;
use crate::identity::holds_secret_key;

/// Kind of a record that remembers a [`Note`].
pub const KIND_REMEMBER: u16 = 1;
/// Kind of a record by which an author replaces earlier entries of its own.
pub const KIND_SUPERSEDE: u16 = 2;
/// Kind of a record by which an author asks that the content of earlier entries be erased.
pub const KIND_FORGET: u16 = 3;

/// The longest text of one note, in bytes.
pub const MAX_TEXT_BYTES: usize = (16 << 20) - MAX_DETAIL_BYTES;
/// The most bytes that source name, headings and tags of one note may have together, each counted one longer.
pub const MAX_DETAIL_BYTES: usize = 64 << 10;
/// The most tags of one note.
pub const MAX_TAGS: usize = 1024;
/// The most entries one supersede or forget record may name.
pub const MAX_TARGETS: usize = 65_536;

/// One thing to remember: a text, where it comes from, and what may be said about it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Note {
    /// The text itself.
    pub text: String,
    /// Where the text comes from: a file, a page, a conversation. A path or URI where there is one.
    pub source: Option<String>,
    /// Where in the source it stands.
    pub place: Option<Place>,
    /// Free labels; sorted, each once.
    pub tags: Vec<String>,
    /// When what it tells happened, in milliseconds since 1970, if that is not when it was remembered.
    pub occurred_ms: Option<u64>,
}

/// A position in a source.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Place {
    /// First and last line, counted from 1.
    pub lines: (u32, u32),
    /// First byte and the byte behind the last.
    pub bytes: (u64, u64),
    /// Number of the passage in its source, from 0: neighbours differ by one.
    pub ordinal: u32,
    /// The headings it stands under, outermost first.
    pub headings: Vec<String>,
}

impl Note {
    /// A note of `text` alone.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Sorts the tags and checks every limit.
    ///
    /// # Errors
    /// [`MemoryError::EmptyText`], [`MemoryError::TooLarge`], [`MemoryError::TextWithNul`],
    /// [`MemoryError::SecretKey`].
    pub(crate) fn normalise(&mut self) -> Result<(), MemoryError> {
        if self.text.trim().is_empty() {
            return Err(MemoryError::EmptyText);
        }
        if self.text.contains('\0') {
            return Err(MemoryError::TextWithNul);
        }
        if [&self.text].into_iter().chain(&self.source).chain(&self.tags).any(|text| holds_secret_key(text)) {
            return Err(MemoryError::SecretKey);
        }
        self.tags.sort();
        self.tags.dedup();
        self.check_limits()
    }

    fn check_limits(&self) -> Result<(), MemoryError> {
        let headings = self.place.iter().flat_map(|place| &place.headings);
        let detail = self.source.iter().chain(&self.tags).chain(headings).map(|part| part.len() + 1).sum();
        for (what, limit, actual) in [
            ("text", MAX_TEXT_BYTES, self.text.len()),
            ("number of tags", MAX_TAGS, self.tags.len()),
            ("source, headings and tags together", MAX_DETAIL_BYTES, detail),
        ] {
            if actual > limit {
                return Err(MemoryError::TooLarge { what, limit, actual });
            }
        }
        Ok(())
    }

    /// The content of a remember record: a deterministic CBOR map with small integer keys.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, MemoryError> {
        let mut fields = vec![(1, Value::text(&self.text))];
        fields.extend(self.source.as_ref().map(|source| (2, Value::text(source))));
        if let Some(place) = &self.place {
            fields.push((3, Value::array([u64::from(place.lines.0), u64::from(place.lines.1)])));
            fields.push((4, Value::array([place.bytes.0, place.bytes.1])));
            fields.push((5, Value::from(u64::from(place.ordinal))));
            if !place.headings.is_empty() {
                fields.push((6, Value::array(place.headings.iter().map(Value::text))));
            }
        }
        if !self.tags.is_empty() {
            fields.push((7, Value::array(self.tags.iter().map(Value::text))));
        }
        fields.extend(self.occurred_ms.map(|ms| (8, Value::from(ms))));
        encode(fields)
    }

    /// Reads the content of a remember record, such as one a proof carries; `None` for bytes that are not one, or
    /// beyond the limits. Keys above those known are left alone.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut fields = Value::from_bytes(bytes).ok()?.into_map()?;
        let mut take = |key: u64| fields.remove(&Value::from(key));
        let text = take(1)?.into_text()?;
        let source = optional(take(2), Value::into_text)?;
        let lines = optional(take(3), |value| pair(&value))?;
        let bytes = optional(take(4), |value| pair(&value))?;
        let ordinal = optional(take(5), |value| value.as_u64())?;
        let headings = optional(take(6), texts)?.unwrap_or_default();
        let tags = optional(take(7), sorted_texts)?.unwrap_or_default();
        let occurred_ms = optional(take(8), |value| value.as_u64())?;
        let place = match (lines, bytes, ordinal) {
            (Some((first, last)), Some(bytes), Some(ordinal)) => Some(Place {
                lines: (u32::try_from(first).ok()?, u32::try_from(last).ok()?),
                bytes,
                ordinal: u32::try_from(ordinal).ok()?,
                headings,
            }),
            (None, None, None) if headings.is_empty() => None,
            _ => return None,
        };
        let note = Self { text, source, place, tags, occurred_ms };
        note.check_limits().is_ok().then_some(note)
    }
}

/// The content of a supersede record: what is replaced, and by what. Nothing need replace it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Supersede {
    pub(crate) targets: Vec<Hash>,
    pub(crate) replacements: Vec<Hash>,
}

impl Supersede {
    /// As many records as it takes to say that `targets` are replaced by `replacements`; none without targets.
    pub(crate) fn split(targets: &[Hash], replacements: &[Hash]) -> Vec<Self> {
        let count = targets.len().max(replacements.len()).div_ceil(MAX_TARGETS);
        let chunk =
            |hashes: &[Hash], i: usize| hashes.chunks(MAX_TARGETS).nth(i).unwrap_or_default().to_vec();
        let Some(first) = targets.first() else { return Vec::new() };
        (0..count)
            .map(|i| {
                let mut part = Self { targets: chunk(targets, i), replacements: chunk(replacements, i) };
                // More replacements than targets: a record that names no target would say nothing.
                if part.targets.is_empty() {
                    part.targets.push(*first);
                }
                part
            })
            .collect()
    }

    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, MemoryError> {
        encode(vec![(1, hashes(&self.targets)?), (2, hashes(&self.replacements)?)])
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let value = Value::from_bytes(bytes).ok()?;
        Some(Self { targets: to_hashes(value.get(1u64)?)?, replacements: to_hashes(value.get(2u64)?)? })
    }
}

/// The content of a forget record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Forget {
    pub(crate) targets: Vec<Hash>,
}

impl Forget {
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, MemoryError> {
        encode(vec![(1, hashes(&self.targets)?)])
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self { targets: to_hashes(Value::from_bytes(bytes).ok()?.get(1u64)?)? })
    }
}

fn encode(fields: Vec<(u64, Value)>) -> Result<Vec<u8>, MemoryError> {
    // Every part was checked against its limit, so this fails only when their sum does not fit a record.
    Value::map(fields).to_bytes().map_err(|_| MemoryError::TooLarge {
        what: "record content",
        limit: MAX_TEXT_BYTES,
        actual: MAX_TEXT_BYTES + 1,
    })
}

fn hashes(hashes: &[Hash]) -> Result<Value, MemoryError> {
    if hashes.len() > MAX_TARGETS {
        return Err(MemoryError::TooLarge {
            what: "number of entries named",
            limit: MAX_TARGETS,
            actual: hashes.len(),
        });
    }
    Ok(Value::array(hashes.iter().map(|hash| Value::bytes(hash.as_slice()))))
}

fn to_hashes(value: &Value) -> Option<Vec<Hash>> {
    let items = value.as_array().filter(|items| items.len() <= MAX_TARGETS)?;
    items.iter().map(|item| item.as_bytes()?.try_into().ok()).collect()
}

/// `None` when there is a value and it is not what it must be.
#[expect(clippy::option_option, reason = "outer: well-formed; inner: present")]
fn optional<T>(value: Option<Value>, read: impl FnOnce(Value) -> Option<T>) -> Option<Option<T>> {
    value.map_or(Some(None), |value| read(value).map(Some))
}

fn pair(value: &Value) -> Option<(u64, u64)> {
    match value.as_array()? {
        [first, second] => Some((first.as_u64()?, second.as_u64()?)),
        _ => None,
    }
}

/// At least one text, in ascending order.
fn sorted_texts(value: Value) -> Option<Vec<String>> {
    texts(value).filter(|texts| !texts.is_empty() && texts.is_sorted_by(|a, b| a < b))
}

fn texts(value: Value) -> Option<Vec<String>> {
    value.into_array()?.into_iter().map(Value::into_text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note() -> Note {
        Note {
            text: "Bees dance.".into(),
            source: Some("garden/bees.md".into()),
            place: Some(Place { lines: (3, 4), bytes: (20, 31), ordinal: 2, headings: vec!["Bees".into()] }),
            tags: vec!["bees".into(), "dance".into()],
            occurred_ms: Some(1_700_000_000_000),
        }
    }

    #[test]
    fn notes_and_references_round_trip() {
        for note in [note(), Note::new("only text"), Note { place: None, ..note() }] {
            assert_eq!(Note::from_bytes(&note.to_bytes().unwrap()), Some(note));
        }
        let supersede = Supersede { targets: vec![[1; 32], [2; 32]], replacements: vec![[3; 32]] };
        assert_eq!(Supersede::from_bytes(&supersede.to_bytes().unwrap()), Some(supersede));
        let forget = Forget { targets: vec![[9; 32]] };
        assert_eq!(Forget::from_bytes(&forget.to_bytes().unwrap()), Some(forget));
    }

    #[test]
    fn fields_of_later_versions_are_left_alone_and_wrong_ones_are_not_guessed() {
        let later = Value::map([(1u64, Value::text("t")), (99, Value::from(true))]).to_bytes().unwrap();
        assert_eq!(Note::from_bytes(&later), Some(Note::new("t")));
        for wrong in [
            Value::map([(1u64, Value::from(1u64))]),
            Value::map([(2u64, Value::text("no text"))]),
            Value::map([(1u64, Value::text("t")), (3, Value::array([1u64, 2]))]),
            Value::map([(1u64, Value::text("t")), (7, Value::text("tag"))]),
            Value::text("t"),
        ] {
            assert_eq!(Note::from_bytes(&wrong.to_bytes().unwrap()), None);
        }
        assert_eq!(Note::from_bytes(&[0xff, 0, 1]), None);
    }

    #[test]
    fn any_number_of_entries_can_be_superseded() {
        let hash = |n: usize| {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&(n as u64).to_le_bytes());
            hash
        };
        let many: Vec<Hash> = (0..MAX_TARGETS * 2 + 1).map(hash).collect();
        for (targets, replacements, records) in [
            (&many[..], &many[..1], 3),
            (&many[..1], &many[..], 3),
            (&many[..2], &[][..], 1),
            (&[][..], &many[..], 0),
        ] {
            let parts = Supersede::split(targets, replacements);
            assert_eq!(parts.len(), records);
            assert!(parts.iter().all(|part| !part.targets.is_empty() && part.to_bytes().is_ok()));
            let named: std::collections::BTreeSet<Hash> =
                parts.iter().flat_map(|part| part.targets.clone()).collect();
            assert_eq!(named, targets.iter().copied().collect());
            let by: Vec<Hash> = parts.iter().flat_map(|part| part.replacements.clone()).collect();
            assert_eq!(by, if records == 0 { vec![] } else { replacements.to_vec() });
        }
    }

    #[test]
    fn limits_are_named() {
        assert!(matches!(Note::new(" \n").normalise(), Err(MemoryError::EmptyText)));
        assert!(matches!(Note::new("a\0b").normalise(), Err(MemoryError::TextWithNul)));
        let mut tagged = note();
        tagged.tags = vec!["b".into(), "a".into(), "b".into()];
        tagged.normalise().unwrap();
        assert_eq!(tagged.tags, ["a", "b"]);
        tagged.source = Some("x".repeat(MAX_DETAIL_BYTES));
        assert!(matches!(tagged.normalise(), Err(MemoryError::TooLarge { .. })));
    }
}
