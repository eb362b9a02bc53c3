//! Byte-pair encoding of one piece, in time that grows with its length.
//!
//! Short pieces are merged as the definition says: the pair of least rank first, the leftmost of equal ones. For long ones
//! that would be quadratic. They are encoded from left to right instead: the longest token that matches is
//! taken, if the definition could leave it beside the one before it, else a shorter one, else the one before is given up.
//! The idea and its proof are those of the crate `bpe` (github/rust-gems); each position is given up at most once.

use std::sync::OnceLock;

use super::vocabulary::{NONE, Vocabulary};

/// Up to this many bytes a piece is merged by definition.
const SHORT: usize = 24;

/// Encodes pieces with one vocabulary.
pub(super) struct Merger {
    vocabulary: Vocabulary,
    prefixes: OnceLock<Prefixes>,
}

impl Merger {
    pub(super) fn new(vocabulary: Vocabulary) -> Self {
        Self { vocabulary, prefixes: OnceLock::new() }
    }

    pub(super) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Appends the tokens of `piece`.
    #[inline]
    pub(super) fn encode(&self, piece: &[u8], tokens: &mut Vec<u32>) {
        let word = self.vocabulary.word(piece);
        if word != NONE {
            tokens.push(word);
        } else if piece.len() <= SHORT {
            self.merge(piece, tokens);
        } else {
            self.backtrack(piece, tokens);
        }
    }

    /// By definition, for at most [`SHORT`] bytes.
    fn merge(&self, piece: &[u8], tokens: &mut Vec<u32>) {
        let vocabulary = &self.vocabulary;
        let mut length = piece.len();
        let mut parts = [NONE; SHORT];
        // What the part merges to with the one after it.
        let mut merges = [NONE; SHORT];
        for (part, byte) in parts.iter_mut().zip(piece) {
            *part = vocabulary.byte_token(*byte);
        }
        for (merge, pair) in merges.iter_mut().zip(piece.windows(2)) {
            *merge = vocabulary.byte_pair(pair[0], pair[1]);
        }
        loop {
            let (mut least, mut at) = (NONE, 0);
            for (place, merge) in merges[..length].iter().enumerate() {
                if *merge < least {
                    (least, at) = (*merge, place);
                }
            }
            if least == NONE {
                break;
            }
            parts[at] = least;
            parts.copy_within(at + 2..length, at + 1);
            merges.copy_within(at + 1..length, at);
            length -= 1;
            merges[length] = NONE;
            merges[at] = if at + 1 < length { vocabulary.merged(parts[at], parts[at + 1]) } else { NONE };
            if at > 0 {
                merges[at - 1] = vocabulary.merged(parts[at - 1], parts[at]);
            }
        }
        tokens.extend_from_slice(&parts[..length]);
    }

    /// From left to right, for any length.
    fn backtrack(&self, piece: &[u8], tokens: &mut Vec<u32>) {
        let vocabulary = &self.vocabulary;
        let prefixes = self.prefixes.get_or_init(|| Prefixes::new(vocabulary));
        let first = tokens.len();
        let mut dead = DeadEnds::new(piece.len() + 1);
        let mut answers = Answers::new();
        let mut position = 0;
        let mut next = prefixes.longest(vocabulary, piece);
        while next != NONE {
            let last = tokens[first..].last().copied();
            let mut token = next;
            loop {
                let end = position + vocabulary.bytes_of(token).len();
                if !dead.has(end)
                    && last.is_none_or(|last| answers.of(last, token, || self.may_follow(last, token)))
                {
                    tokens.push(token);
                    position = end;
                    next =
                        if end == piece.len() { NONE } else { prefixes.longest(vocabulary, &piece[end..]) };
                    break;
                }
                token = prefixes.shorter[token as usize];
                if token == NONE {
                    // Nothing fits here: give up the token before, and try what is shorter than it.
                    dead.add(position);
                    tokens.pop();
                    next = last.unwrap_or(NONE);
                    position -= last.map_or(0, |last| vocabulary.bytes_of(last).len());
                    break;
                }
            }
        }
    }

    /// Whether the definition can leave `left` and `right` side by side: undoing their merges one by one, the latest
    /// first, no pair across their border may merge before what was undone.
    fn may_follow(&self, mut left: u32, mut right: u32) -> bool {
        let vocabulary = &self.vocabulary;
        let mut limit = NONE;
        loop {
            let merged = vocabulary.merged(left, right);
            if merged < limit {
                return false;
            }
            // Of equal ranks the left one was merged first, so the right one is undone first.
            if left > right {
                limit = left;
                left = vocabulary.parts_of(left).1;
                if left == limit {
                    limit = right + 1;
                    right = vocabulary.parts_of(right).0;
                    if right + 1 == limit {
                        return true;
                    }
                }
            } else {
                limit = right + 1;
                right = vocabulary.parts_of(right).0;
                if right + 1 == limit {
                    limit = left;
                    left = vocabulary.parts_of(left).1;
                    if left == limit {
                        return true;
                    }
                }
            }
        }
    }
}

/// Finds the longest token that a text starts with.
struct Prefixes {
    /// All tokens of two bytes or more in the order of their bytes.
    sorted: Vec<u32>,
    /// Where in `sorted` the tokens start that begin with two bytes, at the first times 256 and the second.
    buckets: Vec<u32>,
    /// The longest token that each one starts with, but itself; or [`NONE`].
    shorter: Vec<u32>,
}

impl Prefixes {
    fn new(vocabulary: &Vocabulary) -> Self {
        let bucket_of = |bytes: &[u8]| usize::from(bytes[0]) << 8 | usize::from(bytes[1]);
        let count = u32::try_from(vocabulary.len()).expect("ranks have 24 bits");
        let mut sorted: Vec<u32> = (256..count).collect();
        sorted.sort_unstable_by_key(|token| vocabulary.bytes_of(*token));
        let mut buckets = vec![0_u32; (1 << 16) + 1];
        for token in &sorted {
            buckets[bucket_of(vocabulary.bytes_of(*token)) + 1] += 1;
        }
        for bucket in 1..buckets.len() {
            buckets[bucket] += buckets[bucket - 1];
        }
        let mut shorter = vec![NONE; vocabulary.len()];
        let mut open: Vec<u32> = Vec::new();
        for token in &sorted {
            let bytes = vocabulary.bytes_of(*token);
            while open.last().is_some_and(|last| !bytes.starts_with(vocabulary.bytes_of(*last))) {
                open.pop();
            }
            shorter[*token as usize] =
                open.last().copied().unwrap_or_else(|| vocabulary.byte_token(bytes[0]));
            open.push(*token);
        }
        Self { sorted, buckets, shorter }
    }

    /// `text` is not empty, and every byte is a token.
    fn longest(&self, vocabulary: &Vocabulary, text: &[u8]) -> u32 {
        let [first, second, ..] = *text else { return vocabulary.byte_token(text[0]) };
        let bucket = usize::from(first) << 8 | usize::from(second);
        let bucket = &self.sorted[self.buckets[bucket] as usize..self.buckets[bucket + 1] as usize];
        // Of the tokens up to the text, the last is the one sought or starts with it.
        let Some(place) = bucket.partition_point(|token| vocabulary.bytes_of(*token) <= text).checked_sub(1)
        else {
            return vocabulary.byte_token(first);
        };
        let mut token = bucket[place];
        while !text.starts_with(vocabulary.bytes_of(token)) {
            token = self.shorter[token as usize];
        }
        token
    }
}

/// What was found lately of pairs of tokens: long pieces repeat themselves.
struct Answers([(u32, u32, bool); ANSWERS]);

const ANSWERS: usize = 256;

impl Answers {
    fn new() -> Self {
        Self([(NONE, NONE, false); ANSWERS])
    }

    fn of(&mut self, left: u32, right: u32, find: impl FnOnce() -> bool) -> bool {
        let place = (left.wrapping_mul(31) ^ right) as usize % ANSWERS;
        let (known_left, known_right, answer) = self.0[place];
        if (known_left, known_right) == (left, right) {
            return answer;
        }
        let answer = find();
        self.0[place] = (left, right, answer);
        answer
    }
}

/// Positions from which the rest of the piece cannot be encoded.
struct DeadEnds(Vec<u64>);

impl DeadEnds {
    fn new(positions: usize) -> Self {
        Self(vec![0; positions.div_ceil(64)])
    }

    fn has(&self, position: usize) -> bool {
        self.0[position / 64] >> (position % 64) & 1 == 1
    }

    fn add(&mut self, position: usize) {
        self.0[position / 64] |= 1 << (position % 64);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tokens::Encoding;

    proptest! {
        /// The two ways to encode are one function.
        #[test]
        fn short_pieces_are_encoded_alike_both_ways(piece in "[ab ']{1,24}|[\\PC]{1,6}|[a-zA-Z]{1,24}") {
            for encoding in [Encoding::Cl100kBase, Encoding::O200kBase] {
                let merger = &encoding.tokenizer().merger;
                let (mut merged, mut walked) = (Vec::new(), Vec::new());
                merger.merge(piece.as_bytes(), &mut merged);
                merger.backtrack(piece.as_bytes(), &mut walked);
                prop_assert_eq!(merged, walked);
            }
        }
    }

    #[test]
    fn every_token_is_encoded_as_itself() {
        for encoding in [Encoding::Cl100kBase, Encoding::O200kBase] {
            let merger = &encoding.tokenizer().merger;
            for token in 0..u32::try_from(merger.vocabulary.len()).unwrap() {
                let mut tokens = Vec::new();
                let bytes = merger.vocabulary.bytes_of(token);
                if bytes.len() <= SHORT {
                    merger.merge(bytes, &mut tokens);
                    assert_eq!(tokens, [token]);
                }
                tokens.clear();
                merger.backtrack(bytes, &mut tokens);
                assert_eq!(tokens, [token]);
            }
        }
    }
}
