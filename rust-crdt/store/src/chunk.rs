//! The live dots of one actor among 64 consecutive counters, with their elements.
//!
//! Encodings of values are prefix-free. So the encodings of neighbours, one behind the other, are equal as bytes
//! exactly when each is, and one comparison of memory does for many elements.

use std::sync::Arc;

/// How many counters a chunk spans: as many as a word has bits.
pub const SPAN: u64 = 64;

/// The longest element that is kept among its neighbours. Ends of 64 of them fit 16 bits.
const INLINE: usize = 255;

/// Which of 64 counters are live, and the encoded element of each of those, by ascending counter.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    live: u64,
    /// Those of `live` whose element is in `apart` instead of `bytes`: long ones, and some of several dots.
    is_apart: u64,
    bytes: Vec<u8>,
    /// Where each element of `bytes` ends.
    ends: Vec<u16>,
    apart: Vec<Arc<[u8]>>,
}

/// An element on its way into a chunk.
#[derive(Clone, Copy)]
pub enum Content<'a> {
    /// Bytes to be copied.
    Plain(&'a [u8]),
    /// Bytes that several dots share.
    Shared(&'a Arc<[u8]>),
}

impl Chunk {
    /// No live counter.
    #[must_use]
    pub const fn new() -> Self {
        Self { live: 0, is_apart: 0, bytes: Vec::new(), ends: Vec::new(), apart: Vec::new() }
    }

    /// The live counters, bit by bit upwards.
    #[must_use]
    pub fn live(&self) -> u64 {
        self.live
    }

    /// The encoded element of a live bit.
    pub fn get(&self, bit: u32) -> &[u8] {
        match self.content(bit) {
            Content::Plain(bytes) => bytes,
            Content::Shared(bytes) => bytes,
        }
    }

    fn content(&self, bit: u32) -> Content<'_> {
        debug_assert!(self.live >> bit & 1 == 1);
        if self.is_apart >> bit & 1 == 1 {
            return Content::Shared(&self.apart[rank(self.is_apart, bit)]);
        }
        let at = rank(self.inline(), bit);
        Content::Plain(&self.bytes[self.start(at)..usize::from(self.ends[at])])
    }

    /// Adds an element behind all others: `bit` is above every live one.
    pub fn push(&mut self, bit: u32, content: Content<'_>) {
        debug_assert!(bit < 64 && self.live >> bit == 0);
        self.live |= 1 << bit;
        match content {
            Content::Plain(bytes) if bytes.len() <= INLINE => {
                self.make_room(1, bytes.len());
                self.bytes.extend_from_slice(bytes);
                self.ends.push(u16::try_from(self.bytes.len()).expect("at most 64 times 255 bytes"));
            }
            Content::Plain(bytes) => {
                self.is_apart |= 1 << bit;
                self.apart.push(bytes.into());
            }
            Content::Shared(bytes) => {
                self.is_apart |= 1 << bit;
                self.apart.push(Arc::clone(bytes));
            }
        }
    }

    /// The chunk of our bits `keep` and of the other's bits `add`, which are not among them.
    pub fn joined(&self, keep: u64, other: &Self, add: u64) -> Self {
        debug_assert!(keep & add == 0 && keep & !self.live == 0 && add & !other.live == 0);
        let mut joined = Self::default();
        let count = (keep & self.inline()).count_ones() + (add & other.inline()).count_ones();
        let length = self.length_of(keep & self.inline()) + other.length_of(add & other.inline());
        joined.ends.reserve_exact(count as usize);
        joined.bytes.reserve_exact(length);
        joined.extend(self, keep, other, add);
        joined
    }

    /// Adds the other's bits `add`, all above every live one.
    pub fn append(&mut self, other: &Self, add: u64) {
        static NONE: Chunk = Chunk::new();
        self.extend(&NONE, 0, other, add);
    }

    /// Adds the bits `of_one` of one chunk and `of_two` of another, all above every live one.
    fn extend(&mut self, one: &Self, of_one: u64, two: &Self, of_two: u64) {
        let all = of_one | of_two;
        let mut rest = all;
        while rest != 0 {
            let first = rest.trailing_zeros();
            let (from, of_it) = if of_one >> first & 1 == 1 { (one, of_one) } else { (two, of_two) };
            if from.is_apart >> first & 1 == 1 {
                self.push(first, from.content(first));
                rest &= rest - 1;
                continue;
            }
            // As many as lie one behind the other, there and here.
            let stops = (all | from.live) & !of_it | from.is_apart;
            let run = rest & of_it & below((stops & u64::MAX << first).trailing_zeros());
            self.push_run(from, run);
            rest &= !run;
        }
    }

    /// Adds inline elements that lie one behind the other in another chunk.
    fn push_run(&mut self, from: &Self, run: u64) {
        let (first, last) = (run.trailing_zeros(), 63 - run.leading_zeros());
        let (first, last) = (rank(from.inline(), first), rank(from.inline(), last));
        let (start, end) = (from.start(first), usize::from(from.ends[last]));
        self.make_room(last - first + 1, end - start);
        let before = self.bytes.len();
        self.live |= run;
        self.bytes.extend_from_slice(&from.bytes[start..end]);
        for end in &from.ends[first..=last] {
            let end = before + usize::from(*end) - start;
            self.ends.push(u16::try_from(end).expect("at most 64 times 255 bytes"));
        }
    }

    /// Room for inline elements. A quarter more at a time, where doubling would leave half of it empty.
    fn make_room(&mut self, elements: usize, bytes: usize) {
        if self.bytes.capacity() - self.bytes.len() < bytes {
            self.bytes.reserve_exact(bytes.max(self.bytes.len() / 4));
        }
        if self.ends.capacity() - self.ends.len() < elements {
            let more = (self.ends.len() / 2).max(4).min(64 - self.ends.len());
            self.ends.reserve_exact(elements.max(more));
        }
    }

    /// The lowest of the bits `among`, live in both, whose elements differ.
    pub fn first_difference(&self, other: &Self, among: u64) -> Option<u32> {
        let inline = among & !self.is_apart & !other.is_apart;
        let in_the_way = (self.inline() | other.inline()) & !inline;
        let mut rest = inline;
        let mut found = among & !inline;
        while rest != 0 {
            // As many as lie one behind the other on both sides.
            let first = rest.trailing_zeros();
            let stop = (in_the_way & u64::MAX << first).trailing_zeros();
            let run = rest & below(stop);
            if self.range(run) != other.range(run) {
                found |= run;
            }
            rest &= !run;
        }
        bits(found).find(|bit| self.get(*bit) != other.get(*bit))
    }

    /// Gives back memory that growth has left over.
    pub fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    fn inline(&self) -> u64 {
        self.live & !self.is_apart
    }

    /// The bytes of inline elements that lie one behind the other.
    fn range(&self, run: u64) -> &[u8] {
        let (first, last) = (run.trailing_zeros(), 63 - run.leading_zeros());
        let end = self.ends[rank(self.inline(), last)];
        &self.bytes[self.start(rank(self.inline(), first))..usize::from(end)]
    }

    fn length_of(&self, inline: u64) -> usize {
        if inline == self.inline() {
            return self.bytes.len();
        }
        bits(inline).map(|bit| self.get(bit).len()).sum()
    }

    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| usize::from(self.ends[before]))
    }
}

impl PartialEq for Chunk {
    /// Whether the same counters are live for the same elements, wherever these are kept.
    fn eq(&self, other: &Self) -> bool {
        self.live == other.live && self.first_difference(other, self.live).is_none()
    }
}

/// Builds the chunks of one actor from live dots in ascending order.
#[derive(Default)]
pub struct ChunkBuilder {
    number: u64,
    chunk: Chunk,
}

impl ChunkBuilder {
    /// Adds a dot, above all before, and gives the chunk that it leaves behind.
    pub fn push(&mut self, counter: u64, content: Content<'_>) -> Option<(u64, Arc<Chunk>)> {
        let full = if counter / SPAN == self.number { None } else { self.take_copy() };
        self.number = counter / SPAN;
        self.chunk.push(u32::try_from(counter % SPAN).expect("below 64"), content);
        full
    }

    /// The chunk that is being built, if it has a dot.
    pub fn finish(&mut self) -> Option<(u64, Arc<Chunk>)> {
        let mut chunk = std::mem::take(&mut self.chunk);
        chunk.shrink();
        (chunk.live() != 0).then(|| (self.number, Arc::new(chunk)))
    }

    /// The same where more follow, for which the room is kept that this one grew into.
    fn take_copy(&mut self) -> Option<(u64, Arc<Chunk>)> {
        let Chunk { live, is_apart, bytes, ends, apart } = &mut self.chunk;
        let copy = Chunk {
            live: std::mem::take(live),
            is_apart: std::mem::take(is_apart),
            bytes: bytes.as_slice().to_vec(),
            ends: ends.as_slice().to_vec(),
            apart: std::mem::take(apart),
        };
        bytes.clear();
        ends.clear();
        (copy.live() != 0).then(|| (self.number, Arc::new(copy)))
    }
}

/// The set bits, upwards.
pub fn bits(mut mask: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = mask.trailing_zeros();
        mask &= mask.wrapping_sub(1);
        (bit < 64).then_some(bit)
    })
}

/// How many bits of `mask` are below `bit`.
fn rank(mask: u64, bit: u32) -> usize {
    (mask & below(bit)).count_ones() as usize
}

/// All bits below `bit`, which may be 64.
fn below(bit: u32) -> u64 {
    1u64.checked_shl(bit).map_or(u64::MAX, |next| next - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(list: &[(u32, &[u8])]) -> Chunk {
        let mut chunk = Chunk::default();
        list.iter().for_each(|(bit, bytes)| chunk.push(*bit, Content::Plain(bytes)));
        chunk
    }

    #[test]
    fn chunks_are_equal_by_content_wherever_it_is_kept() {
        let long = vec![b'x'; INLINE + 1];
        let shared: Arc<[u8]> = b"b".as_slice().into();
        let plain = chunk(&[(0, b"a"), (7, b"b"), (63, &long)]);
        let mut other = chunk(&[(0, b"a")]);
        other.push(7, Content::Shared(&shared));
        other.push(63, Content::Plain(&long));
        assert_eq!(plain, other);
        assert_ne!(plain, chunk(&[(0, b"a"), (7, b"c"), (63, &long)]));
        assert_ne!(plain, chunk(&[(0, b"a"), (7, b"b")]));
        assert_eq!(plain.first_difference(&chunk(&[(7, b"c"), (63, b"y")]), 1 << 7 | 1 << 63), Some(7));
    }

    #[test]
    fn joining_takes_each_element_from_its_side() {
        let (a, b) =
            (chunk(&[(1, b"a"), (5, b"bb"), (9, b"")]), chunk(&[(0, b"c"), (5, b"ddd"), (63, b"e")]));
        let joined = a.joined(1 << 1 | 1 << 9, &b, 1 | 1 << 5 | 1 << 63);
        assert_eq!(joined, chunk(&[(0, b"c"), (1, b"a"), (5, b"ddd"), (9, b""), (63, b"e")]));
    }

    /// Every pair of disjoint subsets of seven neighbours, two of them kept apart, against adding one by one.
    #[test]
    fn joining_whole_runs_gives_what_joining_one_by_one_gives() {
        let long = vec![b'x'; INLINE + 1];
        let ours = chunk(&[(0, b"a"), (1, b"bb"), (2, &long), (3, b""), (4, b"ccc"), (5, b"d"), (63, b"e")]);
        let theirs =
            chunk(&[(0, b"A"), (1, b"BB"), (2, b""), (3, &long), (4, b"CCC"), (5, b"D"), (63, b"E")]);
        let spread = |bits: u64| bits & 0x3f | (bits >> 6 & 1) << 63;
        for (keep, add) in (0..128).flat_map(|keep| (0..128).map(move |add| (keep, add & !keep))) {
            let (keep, add) = (spread(keep), spread(add));
            let mut expected = Chunk::default();
            for bit in bits(keep | add) {
                expected
                    .push(bit, if keep >> bit & 1 == 1 { ours.content(bit) } else { theirs.content(bit) });
            }
            let joined = ours.joined(keep, &theirs, add);
            assert_eq!((joined.live, joined.is_apart), (expected.live, expected.is_apart));
            assert_eq!((&joined.bytes, &joined.ends), (&expected.bytes, &expected.ends));
            assert_eq!(joined.apart, expected.apart);
            let mut appended = chunk(&[]);
            appended.append(&theirs, add);
            assert_eq!(appended, chunk(&[]).joined(0, &theirs, add));
        }
    }

    /// Every subset of six neighbours on both sides, against comparing one by one.
    #[test]
    fn comparing_whole_runs_finds_what_comparing_one_by_one_finds() {
        const WORDS: [&[u8]; 6] = [&[1], &[0x61, 7], &[2], &[0x62, 7, 7], &[3], &[0x61, 8]];
        let build = |mask: u64, changed: u64| {
            let word =
                |bit: u32| if changed >> bit & 1 == 1 { [9u8].as_slice() } else { WORDS[bit as usize] };
            chunk(&bits(mask).map(|bit| (bit, word(bit))).collect::<Vec<_>>())
        };
        for (ours, theirs) in (0..64).flat_map(|a| (0..64).map(move |b| (a, b))) {
            for changed in [0, 1, 4, 9, 32, 63] {
                let (a, b) = (build(ours, 0), build(theirs, changed));
                let expected = bits(ours & theirs & changed).next();
                assert_eq!(a.first_difference(&b, ours & theirs), expected, "{ours} {theirs} {changed}");
            }
        }
    }
}
