use std::collections::{BTreeSet, HashMap};

use super::error::IndexError;
use super::postings::{PostingList, low_half, put_varint, take_varint};
use super::tokenize::{Stems, scan};

/// A document's identity: unique in an index, and the last word between equal scores.
pub type DocId = [u8; 32];

/// Longest text of one document, in bytes.
pub const MAX_TEXT_BYTES: usize = 16 << 20;

/// Longest title of one document, in bytes.
pub const MAX_TITLE_BYTES: usize = 64 << 10;

/// Most documents in one index.
pub const MAX_DOCUMENTS: usize = 1 << 28;

/// Removed documents that are left in the lists before a quarter of all makes a clean-up worth its cost.
const MIN_DEAD: usize = 256;

/// Words whose term is remembered, to spare the stemmer; a limit so that odd text cannot grow it for ever.
const MAX_CACHED_WORDS: usize = 1 << 17;

/// The length of a removed document.
pub(super) const REMOVED: u32 = u32::MAX;

/// One document as it goes into the index, which keeps neither text nor title.
#[derive(Clone, Copy, Debug)]
pub struct IndexedDoc<'a> {
    /// Its identity.
    pub id: DocId,
    /// Its time in milliseconds: the later of two documents of one score comes first.
    pub time_ms: u64,
    /// The body.
    pub text: &'a str,
    /// What is known about the body: headings, file name, tags, speaker, words of the date.
    pub title: &'a str,
    /// The source it is a part of (a conversation, a file) and its place there, by which neighbours are found.
    pub source: Option<(u64, u32)>,
}

/// Constants of BM25 over two fields.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bm25 {
    /// How soon more occurrences of a term stop adding to the score.
    pub k1: f64,
    /// How much a document's length counts, from 0 to 1.
    pub b: f64,
    /// How many occurrences in the body one in the title is worth.
    pub title_weight: u32,
}

impl Default for Bm25 {
    /// The customary `k1 = 1.2, b = 0.75`, and a title word worth two of the body.
    fn default() -> Self {
        Self { k1: 1.2, b: 0.75, title_weight: 2 }
    }
}

/// An inverted index with positions, in memory.
#[derive(Clone, Debug, Default)]
pub struct LexicalIndex {
    pub(super) bm25: Bm25,
    /// Folded word to term, a cache of stemming.
    words: HashMap<Box<str>, u32>,
    terms: HashMap<Box<str>, u32>,
    pub(super) lists: Vec<PostingList>,
    pub(super) docs: Vec<Doc>,
    /// Weighted length of each document, apart from `docs` because scoring reads nothing else.
    pub(super) lengths: Vec<u32>,
    /// The terms and positions of each document, as [`put_entry`] writes them.
    forward: Vec<u8>,
    by_slot: HashMap<u32, u32>,
    by_id: HashMap<DocId, u32>,
    by_source: BTreeSet<(u64, u32, u32)>,
    total_length: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Doc {
    pub(super) id: DocId,
    pub(super) time_ms: u64,
    pub(super) slot: u32,
    source: Option<(u64, u32)>,
    /// Where its terms are in `forward`.
    start: usize,
    end: usize,
}

/// The places of one term in one document.
pub(crate) struct Occurrences {
    pub(crate) term: u32,
    pub(crate) title_count: u32,
    pub(crate) positions: Vec<u32>,
}

impl LexicalIndex {
    /// An empty index with the default constants.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty index with these constants.
    ///
    /// # Errors
    /// When `k1` is negative or not finite, `b` is not within 0 and 1, or `title_weight` not within 1 and 1000.
    pub fn with_constants(bm25: Bm25) -> Result<Self, IndexError> {
        let Bm25 { k1, b, title_weight } = bm25;
        let sound =
            k1.is_finite() && k1 >= 0.0 && (0.0..=1.0).contains(&b) && (1..=1000).contains(&title_weight);
        if sound { Ok(Self { bm25, ..Self::default() }) } else { Err(IndexError::BadConstants) }
    }

    /// Number of documents.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_slot.len()
    }

    /// Whether there is no document.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_slot.is_empty()
    }

    /// Whether a document has this slot.
    #[must_use]
    pub fn contains(&self, slot: u32) -> bool {
        self.by_slot.contains_key(&slot)
    }

    /// The slot of the document of this id.
    #[must_use]
    pub fn slot_of(&self, id: &DocId) -> Option<u32> {
        self.by_id.get(id).map(|doc| self.docs[*doc as usize].slot)
    }

    /// Memory held, in bytes, by an estimate that counts tables at their capacity.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let dictionary = |map: &HashMap<Box<str>, u32>| {
            map.capacity() * (size_of::<(Box<str>, u32)>() + 1) + map.len() * 24
        };
        dictionary(&self.words)
            + dictionary(&self.terms)
            + self.lists.capacity() * size_of::<PostingList>()
            + self.lists.iter().map(PostingList::heap_bytes).sum::<usize>()
            + self.docs.capacity() * size_of::<Doc>()
            + self.lengths.capacity() * size_of::<u32>()
            + self.forward.capacity()
            + self.by_slot.capacity() * (size_of::<(u32, u32)>() + 1)
            + self.by_id.capacity() * (size_of::<(DocId, u32)>() + 1)
            + self.by_source.len() * 2 * size_of::<(u64, u32, u32)>()
    }

    /// Indexes a document under `slot`, in place of the one that was there. Linear in its length; a removal it causes may
    /// clean up, see [`remove`](Self::remove).
    ///
    /// # Errors
    /// When text or title are over their limits, another slot holds the same id, or the index is full.
    pub fn insert(&mut self, slot: u32, doc: &IndexedDoc<'_>) -> Result<(), IndexError> {
        if doc.text.len() > MAX_TEXT_BYTES {
            return Err(IndexError::TextTooLong { bytes: doc.text.len() });
        }
        if doc.title.len() > MAX_TITLE_BYTES {
            return Err(IndexError::TitleTooLong { bytes: doc.title.len() });
        }
        if let Some(other) = self.slot_of(&doc.id).filter(|other| *other != slot) {
            return Err(IndexError::DuplicateId { slot: other });
        }
        self.remove(slot);
        if self.docs.len() >= MAX_DOCUMENTS {
            self.clean_up();
        }
        let number = u32::try_from(self.docs.len())
            .ok()
            .filter(|number| (*number as usize) < MAX_DOCUMENTS)
            .ok_or(IndexError::Full)?;

        let (text_terms, text_length) = self.terms_of(doc.text);
        let (title_terms, title_length) = self.terms_of(doc.title);
        let entries = group(&text_terms, &title_terms);
        let length =
            text_length.saturating_add(title_length.saturating_mul(self.bm25.title_weight)).min(REMOVED - 1);
        let start = self.forward.len();
        let mut previous = 0;
        for entry in &entries {
            put_entry(&mut self.forward, previous, entry);
            previous = entry.term;
            self.lists[entry.term as usize].push(number, entry.frequency(self.bm25.title_weight), length);
        }
        self.docs.push(Doc {
            id: doc.id,
            time_ms: doc.time_ms,
            slot,
            source: doc.source,
            start,
            end: self.forward.len(),
        });
        self.lengths.push(length);
        self.total_length += u64::from(length);
        self.by_slot.insert(slot, number);
        self.by_id.insert(doc.id, number);
        if let Some((source, ordinal)) = doc.source {
            self.by_source.insert((source, ordinal, number));
        }
        Ok(())
    }

    /// Takes the document of this slot out; every statistic is then as if it had never been there. Linear in its
    /// number of terms, and now and then in the whole index, when a quarter of what the lists hold is removed.
    pub fn remove(&mut self, slot: u32) -> bool {
        let Some(number) = self.by_slot.remove(&slot) else { return false };
        let doc = self.docs[number as usize].clone();
        self.by_id.remove(&doc.id);
        if let Some((source, ordinal)) = doc.source {
            self.by_source.remove(&(source, ordinal, number));
        }
        let mut bytes = &self.forward[doc.start..doc.end];
        let mut term = 0;
        while !bytes.is_empty() {
            term = take_entry(&mut bytes, term, Some(&[])).term;
            self.lists[term as usize].live -= 1;
        }
        let length = core::mem::replace(&mut self.lengths[number as usize], REMOVED);
        self.total_length -= u64::from(length);
        let dead = self.docs.len() - self.by_slot.len();
        if dead >= MIN_DEAD && dead * 4 >= self.docs.len() {
            self.clean_up();
        }
        true
    }

    /// The term of a stem, if a document may hold it.
    pub(crate) fn term(&self, stem: &str) -> Option<u32> {
        self.terms.get(stem).copied().filter(|term| self.lists[*term as usize].live > 0)
    }

    /// Inverse document frequency, `ln(1 + (N − n + ½) / (n + ½))`: above zero for every term.
    pub(crate) fn idf(&self, term: u32) -> f64 {
        let holding = f64::from(self.lists[term as usize].live);
        libm::log(1.0 + (self.count() - holding + 0.5) / (holding + 0.5))
    }

    pub(super) fn count(&self) -> f64 {
        f64::from(u32::try_from(self.by_slot.len()).expect("slots are u32 and fewer than MAX_DOCUMENTS"))
    }

    /// Mean weighted length; 1 for an index of empty documents, whose lengths divide nothing.
    #[expect(clippy::cast_precision_loss, reason = "below 2^53 for any index that fits a memory")]
    pub(super) fn mean_length(&self) -> f64 {
        if self.total_length == 0 { 1.0 } else { self.total_length as f64 / self.count() }
    }

    pub(crate) fn number_of_id(&self, id: &DocId) -> Option<u32> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn slot(&self, number: u32) -> u32 {
        self.docs[number as usize].slot
    }

    pub(crate) fn id(&self, number: u32) -> &DocId {
        &self.docs[number as usize].id
    }

    pub(crate) fn time_ms(&self, number: u32) -> u64 {
        self.docs[number as usize].time_ms
    }

    pub(crate) fn source(&self, number: u32) -> Option<(u64, u32)> {
        self.docs[number as usize].source
    }

    /// The documents from one place of a source to another; those at one place in no order that means anything.
    pub(crate) fn within_source(
        &self,
        first: (u64, u32),
        last: (u64, u32),
    ) -> impl Iterator<Item = u32> + '_ {
        let from = (first.0, first.1, 0);
        let to = (last.0, last.1, u32::MAX);
        // An empty range is asked for where two neighbourhoods overlap; `range` would panic on it.
        (from <= to)
            .then(|| self.by_source.range(from..=to))
            .into_iter()
            .flatten()
            .map(|(_, _, number)| *number)
    }

    /// Where a document holds those of its terms that `wanted` names (ascending), in order of term.
    pub(crate) fn occurrences(&self, number: u32, wanted: &[u32]) -> Vec<Occurrences> {
        let doc = &self.docs[number as usize];
        let mut bytes = &self.forward[doc.start..doc.end];
        let mut found = Vec::with_capacity(wanted.len());
        let mut term = 0;
        while !bytes.is_empty() {
            let entry = take_entry(&mut bytes, term, Some(wanted));
            term = entry.term;
            if wanted.last().is_none_or(|last| *last < term) {
                break;
            }
            if wanted.binary_search(&term).is_ok() {
                found.push(entry);
            }
        }
        found
    }

    /// Terms of a text with their positions, by term and position, and the text's length in words.
    fn terms_of(&mut self, text: &str) -> (Vec<(u32, u32)>, u32) {
        let Self { words, terms, lists, .. } = self;
        let stems = Stems::new();
        let mut found = Vec::new();
        let length = scan(text, |word| {
            let term = words.get(word.folded).copied().unwrap_or_else(|| {
                let stem = stems.stem(word.folded);
                let term = terms.get(stem.as_ref()).copied().unwrap_or_else(|| {
                    let term = low_half(lists.len() as u64);
                    lists.push(PostingList::new());
                    terms.insert(stem.into(), term);
                    term
                });
                if words.len() >= MAX_CACHED_WORDS {
                    words.clear();
                }
                words.insert(word.folded.into(), term);
                term
            });
            found.push((term, word.position));
        });
        found.sort_unstable();
        (found, length)
    }

    /// Rebuilds everything from the documents that are left.
    fn clean_up(&mut self) {
        let mut renamed = vec![0; self.lists.len()];
        let mut lists = Vec::new();
        for (old, list) in self.lists.iter().enumerate() {
            renamed[old] = low_half(lists.len() as u64);
            if list.live > 0 {
                lists.push(PostingList::new());
            }
        }
        self.terms.retain(|_, term| self.lists[*term as usize].live > 0);
        self.terms.values_mut().for_each(|term| *term = renamed[*term as usize]);
        self.words = HashMap::new();

        let old = core::mem::take(&mut self.forward);
        let docs = core::mem::take(&mut self.docs);
        let lengths = core::mem::take(&mut self.lengths);
        self.by_slot.clear();
        self.by_id.clear();
        self.by_source.clear();
        for (mut doc, length) in docs.into_iter().zip(lengths).filter(|(_, length)| *length != REMOVED) {
            let number = low_half(self.docs.len() as u64);
            let mut bytes = &old[doc.start..doc.end];
            doc.start = self.forward.len();
            let (mut before, mut previous) = (0, 0);
            while !bytes.is_empty() {
                let mut entry = take_entry(&mut bytes, before, None);
                before = entry.term;
                entry.term = renamed[entry.term as usize];
                put_entry(&mut self.forward, previous, &entry);
                previous = entry.term;
                lists[entry.term as usize].push(number, entry.frequency(self.bm25.title_weight), length);
            }
            doc.end = self.forward.len();
            self.by_slot.insert(doc.slot, number);
            self.by_id.insert(doc.id, number);
            if let Some((source, ordinal)) = doc.source {
                self.by_source.insert((source, ordinal, number));
            }
            self.docs.push(doc);
            self.lengths.push(length);
        }
        self.lists = lists;
    }
}

impl Occurrences {
    fn frequency(&self, title_weight: u32) -> u32 {
        let body = u32::try_from(self.positions.len()).unwrap_or(u32::MAX);
        body.saturating_add(self.title_count.saturating_mul(title_weight))
    }
}

/// Joins the sorted terms of both fields into one entry per term, ascending.
fn group(text: &[(u32, u32)], title: &[(u32, u32)]) -> Vec<Occurrences> {
    let mut entries = Vec::new();
    let (mut text, mut title) = (text, title);
    while let Some(term) = text.first().into_iter().chain(title.first()).map(|(term, _)| *term).min() {
        let (here, rest) = text.split_at(text.partition_point(|(other, _)| *other == term));
        text = rest;
        let titles = title.iter().take_while(|(other, _)| *other == term).count();
        title = &title[titles..];
        entries.push(Occurrences {
            term,
            title_count: low_half(titles as u64),
            positions: here.iter().map(|(_, position)| *position).collect(),
        });
    }
    entries
}

/// Appends an entry: varints of the gap to the term before, of `positions << 1 | has title`, of the title count if
/// there is one, and of the gap to each position from the one before.
fn put_entry(bytes: &mut Vec<u8>, previous: u32, entry: &Occurrences) {
    put_varint(bytes, u64::from(entry.term - previous));
    put_varint(bytes, (entry.positions.len() as u64) << 1 | u64::from(entry.title_count > 0));
    if entry.title_count > 0 {
        put_varint(bytes, u64::from(entry.title_count));
    }
    let mut before = 0;
    for position in &entry.positions {
        put_varint(bytes, u64::from(position - before));
        before = *position;
    }
}

/// Takes an entry off the front; keeps the positions only if its term is `wanted` (ascending), or with `None` always.
fn take_entry(bytes: &mut &[u8], previous: u32, wanted: Option<&[u32]>) -> Occurrences {
    let term = previous + low_half(take_varint(bytes));
    let head = take_varint(bytes);
    let title_count = if head & 1 == 1 { low_half(take_varint(bytes)) } else { 0 };
    let keep = wanted.is_none_or(|wanted| wanted.binary_search(&term).is_ok());
    let mut positions = Vec::new();
    let mut position = 0;
    for _ in 0..head >> 1 {
        position += low_half(take_varint(bytes));
        if keep {
            positions.push(position);
        }
    }
    Occurrences { term, title_count, positions }
}
