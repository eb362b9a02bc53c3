//! The list of documents that hold one term, compressed in blocks with what pruning needs to know of each.

/// Postings per block.
pub(super) const BLOCK: usize = 128;

/// No document: one past every document number.
pub(super) const END: u32 = u32::MAX;

/// The largest frequency and the smallest document length of a run of postings. A score grows with the first and
/// falls with the second, so the pair bounds every score in the run; removed documents only loosen it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub(super) max_frequency: u32,
    pub(super) min_length: u32,
}

impl Extent {
    const EMPTY: Self = Self { max_frequency: 0, min_length: u32::MAX };

    fn include(&mut self, frequency: u32, length: u32) {
        self.max_frequency = self.max_frequency.max(frequency);
        self.min_length = self.min_length.min(length);
    }
}

/// A full block: where its bytes end and which document is its last.
#[derive(Clone, Copy, Debug)]
struct Closed {
    last: u32,
    end: u32,
    extent: Extent,
}

/// Documents in ascending order, each with the term's weighted frequency.
///
/// Each posting is a LEB128 varint of `gap << 1 | (frequency == 1)`, followed by the frequency when it is not 1. The gap is
/// counted from the previous posting, across blocks.
#[derive(Clone, Debug)]
pub(super) struct PostingList {
    bytes: Vec<u8>,
    closed: Vec<Closed>,
    last: u32,
    open_count: u32,
    open: Extent,
    whole: Extent,
    /// Documents not removed since.
    pub(super) live: u32,
}

impl PostingList {
    pub(super) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            closed: Vec::new(),
            last: 0,
            open_count: 0,
            open: Extent::EMPTY,
            whole: Extent::EMPTY,
            live: 0,
        }
    }

    /// Appends a document numbered above all before it.
    pub(super) fn push(&mut self, doc: u32, frequency: u32, length: u32) {
        if self.open_count as usize == BLOCK {
            let end =
                u32::try_from(self.bytes.len()).expect("ten bytes per document, and documents are limited");
            self.closed.push(Closed { last: self.last, end, extent: self.open });
            self.open = Extent::EMPTY;
            self.open_count = 0;
        }
        let gap = u64::from(doc - self.last);
        put_varint(&mut self.bytes, gap << 1 | u64::from(frequency == 1));
        if frequency != 1 {
            put_varint(&mut self.bytes, u64::from(frequency));
        }
        self.last = doc;
        self.open_count += 1;
        self.open.include(frequency, length);
        self.whole.include(frequency, length);
        self.live += 1;
    }

    /// What bounds every score of this list.
    pub(super) fn extent(&self) -> Extent {
        self.whole
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.bytes.capacity() + self.closed.capacity() * size_of::<Closed>()
    }
}

/// A position in a list. The block it stands in is decoded only when a document of it is asked for.
pub(super) struct Cursor<'a> {
    list: &'a PostingList,
    block: usize,
    decoded: bool,
    at: usize,
    count: usize,
    docs: [u32; BLOCK],
    frequencies: [u32; BLOCK],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(list: &'a PostingList) -> Self {
        Self { list, block: 0, decoded: false, at: 0, count: 0, docs: [END; BLOCK], frequencies: [0; BLOCK] }
    }

    /// The document at the cursor, or [`END`].
    pub(super) fn doc(&mut self) -> u32 {
        if !self.decoded {
            self.decode();
        }
        if self.at < self.count { self.docs[self.at] } else { END }
    }

    /// The frequency at the cursor, after [`doc`](Self::doc) gave a document.
    pub(super) fn frequency(&self) -> u32 {
        self.frequencies[self.at]
    }

    /// Steps to the next document.
    pub(super) fn advance(&mut self) {
        self.at += 1;
        if self.at >= self.count && self.block < self.list.closed.len() {
            self.enter(self.block + 1);
        }
    }

    /// Moves to the block that would hold `doc`, without decoding it. Never moves back.
    pub(super) fn shallow_seek(&mut self, doc: u32) {
        let mut block = self.block;
        while self.list.closed.get(block).is_some_and(|closed| closed.last < doc) {
            block += 1;
        }
        if block != self.block {
            self.enter(block);
        }
    }

    /// Moves to the first document at or above `doc` and returns it, or [`END`].
    pub(super) fn seek(&mut self, doc: u32) -> u32 {
        self.shallow_seek(doc);
        if !self.decoded {
            self.decode();
        }
        while self.at < self.count && self.docs[self.at] < doc {
            self.at += 1;
        }
        if self.at >= self.count && self.block < self.list.closed.len() {
            self.enter(self.block + 1);
        }
        self.doc()
    }

    /// Which block the cursor stands in.
    pub(super) fn block(&self) -> usize {
        self.block
    }

    /// The last document of the current block.
    pub(super) fn block_last(&self) -> u32 {
        self.list.closed.get(self.block).map_or(self.list.last, |closed| closed.last)
    }

    /// What bounds the scores of the current block.
    pub(super) fn block_extent(&self) -> Extent {
        self.list.closed.get(self.block).map_or(self.list.open, |closed| closed.extent)
    }

    fn enter(&mut self, block: usize) {
        self.block = block;
        self.decoded = false;
        self.at = 0;
    }

    fn decode(&mut self) {
        let (start, base) = self.block.checked_sub(1).map_or((0, 0), |before| {
            let closed = self.list.closed[before];
            (closed.end as usize, closed.last)
        });
        let (end, count) = match self.list.closed.get(self.block) {
            Some(closed) => (closed.end as usize, BLOCK),
            None => (self.list.bytes.len(), self.list.open_count as usize),
        };
        let mut bytes = &self.list.bytes[start..end];
        let mut doc = base;
        for at in 0..count {
            let head = take_varint(&mut bytes);
            doc += low_half(head >> 1);
            self.docs[at] = doc;
            self.frequencies[at] = if head & 1 == 1 { 1 } else { low_half(take_varint(&mut bytes)) };
        }
        self.count = count;
        self.decoded = true;
    }
}

/// Appends `value` as LEB128.
pub(super) fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push((value & 0x7f) as u8);
}

/// Takes a LEB128 number off the front. Reads only what [`put_varint`] wrote, in this process.
pub(super) fn take_varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    let mut shift = 0;
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
        shift += 7;
    }
    value
}

/// The low 32 bits, of a number that was a `u32` when it was written.
#[expect(clippy::cast_possible_truncation, reason = "written from a u32")]
pub(super) fn low_half(value: u64) -> u32 {
    value as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_third(count: u32) -> PostingList {
        let mut list = PostingList::new();
        for i in 0..count {
            list.push(i * 3, i % 5 + 1, 10 + i);
        }
        list
    }

    #[test]
    fn a_walk_gives_back_every_posting() {
        for count in [0, 1, 127, 128, 129, 256, 1000] {
            let list = every_third(count);
            let mut cursor = Cursor::new(&list);
            for i in 0..count {
                assert_eq!((cursor.doc(), cursor.frequency()), (i * 3, i % 5 + 1));
                cursor.advance();
            }
            assert_eq!(cursor.doc(), END);
        }
    }

    #[test]
    fn seek_finds_the_first_document_not_below() {
        let list = every_third(1000);
        for step in [1, 2, 50, 383, 384, 385, 2000] {
            let mut cursor = Cursor::new(&list);
            let mut target = 0_u32;
            while target < 3100 {
                let expected = if target > 2997 { END } else { target.div_ceil(3) * 3 };
                assert_eq!(cursor.seek(target), expected, "to {target} by {step}");
                target += step;
            }
        }
    }

    #[test]
    fn blocks_know_their_extent() {
        let list = every_third(200);
        let mut cursor = Cursor::new(&list);
        assert_eq!(cursor.block_last(), 127 * 3);
        assert_eq!(cursor.block_extent().min_length, 10);
        cursor.shallow_seek(500);
        assert_eq!(cursor.block_last(), 199 * 3);
        assert_eq!(cursor.block_extent().min_length, 138);
        assert_eq!(list.extent().max_frequency, 5);
    }

    #[test]
    fn varints_round_trip() {
        for value in [0, 1, 127, 128, 16383, 16384, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            let mut rest = bytes.as_slice();
            assert_eq!((take_varint(&mut rest), rest.len()), (value, 0));
        }
    }
}
