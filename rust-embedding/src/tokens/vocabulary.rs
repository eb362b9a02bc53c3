//! The tokens of one encoding, and the tables that find them.
//!
//! A vocabulary is kept as the merges it was trained by: the 256 bytes in the order of their ranks, then for every
//! further token the ranks of the two tokens it is made of, three bytes each, little-endian: first the lowest bytes of all first ranks,
//! then their middle bytes, and so on, six columns, because packages compress these a fifth better than rows. That is a third of the
//! reference's file, and all else follows from it. `tests/tokens.rs` restores the reference's file from it and compares its SHA-256.

/// No token.
pub(super) const NONE: u32 = u32::MAX;

/// All tokens of an encoding but the special ones. A token's number is its rank: lower ones are merged first.
pub(super) struct Vocabulary {
    /// The bytes of all tokens, one after another, and where each starts.
    bytes: Vec<u8>,
    starts: Vec<u32>,
    /// The two tokens that each is made of; a single byte is made of itself.
    parts: Vec<(u32, u32)>,
    byte_tokens: [u32; 256],
    /// The token of two bytes, at the first times 256 and the second.
    byte_pairs: Vec<u32>,
    pairs: Table<u32>,
    words: Table<u64>,
}

impl Vocabulary {
    /// Builds the tables from `file`, in the form above. For the files of this crate only: they are not checked.
    pub(super) fn load(file: &[u8]) -> Self {
        let (single, merges) = file.split_at(256);
        let merged = merges.len() / 6;
        let column = |number: usize| &merges[number * merged..][..merged];
        let columns: [&[u8]; 6] = std::array::from_fn(column);
        let count = 256 + merged;
        let mut bytes = single.to_vec();
        bytes.reserve(count * 8);
        let mut starts: Vec<u32> = (0..=256).collect();
        starts.reserve(merged);
        let mut parts: Vec<(u32, u32)> = (0..256).map(|byte| (byte, byte)).collect();
        parts.reserve(merged);
        for row in 0..merged {
            let [a, b, c, d, e, f] = columns.map(|column| column[row]);
            let (left, right) = (u32::from_le_bytes([a, b, c, 0]), u32::from_le_bytes([d, e, f, 0]));
            for part in [left, right] {
                bytes.extend_from_within(starts[part as usize] as usize..starts[part as usize + 1] as usize);
            }
            starts.push(u32::try_from(bytes.len()).expect("a vocabulary has a few megabytes"));
            parts.push((left, right));
        }
        let mut vocabulary = Self {
            bytes,
            starts,
            parts,
            byte_tokens: [NONE; 256],
            byte_pairs: vec![NONE; 1 << 16],
            pairs: Table::new(count, NONE),
            words: Table::new(count, u64::MAX),
        };
        vocabulary.fill();
        vocabulary
    }

    fn fill(&mut self) {
        for token in 0..u32::try_from(self.len()).expect("ranks have 24 bits") {
            let (left, right) = self.parts[token as usize];
            if left == right && token < 256 {
                self.byte_tokens[usize::from(self.bytes_of(token)[0])] = token;
            } else {
                self.pairs.insert(hash_pair(left, right), token);
                if let [first, second] = *self.bytes_of(token) {
                    self.byte_pairs[usize::from(first) << 8 | usize::from(second)] = token;
                }
            }
            let hash = hash_bytes(self.bytes_of(token));
            self.words.insert(hash, tagged(hash, token));
        }
    }

    /// How many tokens there are; their numbers are all below.
    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    /// What `token`, which is one, stands for.
    #[inline]
    pub(super) fn bytes_of(&self, token: u32) -> &[u8] {
        let token = token as usize;
        &self.bytes[self.starts[token] as usize..self.starts[token + 1] as usize]
    }

    pub(super) fn parts_of(&self, token: u32) -> (u32, u32) {
        self.parts[token as usize]
    }

    pub(super) fn byte_token(&self, byte: u8) -> u32 {
        self.byte_tokens[usize::from(byte)]
    }

    /// The token of the two bytes, or [`NONE`].
    pub(super) fn byte_pair(&self, first: u8, second: u8) -> u32 {
        self.byte_pairs[usize::from(first) << 8 | usize::from(second)]
    }

    /// The token that `left` and `right` are merged to, or [`NONE`].
    #[inline]
    pub(super) fn merged(&self, left: u32, right: u32) -> u32 {
        let mut place = self.pairs.place(hash_pair(left, right));
        loop {
            let token = self.pairs.slots[place];
            if token == NONE || self.parts[token as usize] == (left, right) {
                return token;
            }
            place = self.pairs.after(place);
        }
    }

    /// The token that is exactly `word`, or [`NONE`].
    #[inline]
    pub(super) fn word(&self, word: &[u8]) -> u32 {
        let hash = hash_bytes(word);
        let mut place = self.words.place(hash);
        loop {
            let slot = self.words.slots[place];
            if slot == u64::MAX {
                return NONE;
            }
            #[expect(clippy::cast_possible_truncation, reason = "the lower half is the token")]
            let token = slot as u32;
            if slot == tagged(hash, token) && self.bytes_of(token) == word {
                return token;
            }
            place = self.words.after(place);
        }
    }
}

/// Open addressing with linear probing, at most half full.
struct Table<T> {
    slots: Vec<T>,
    empty: T,
    shift: u32,
}

impl<T: Copy + PartialEq> Table<T> {
    fn new(count: usize, empty: T) -> Self {
        let size = (count * 2).next_power_of_two();
        Self { slots: vec![empty; size], empty, shift: u64::BITS - size.trailing_zeros() }
    }

    #[inline]
    fn place(&self, hash: u64) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "shifted to below the number of slots")]
        let place = (hash >> self.shift) as usize;
        place
    }

    #[inline]
    fn after(&self, place: usize) -> usize {
        (place + 1) & (self.slots.len() - 1)
    }

    fn insert(&mut self, hash: u64, value: T) {
        let mut place = self.place(hash);
        while self.slots[place] != self.empty {
            place = self.after(place);
        }
        self.slots[place] = value;
    }
}

/// A token with those bits of its hash that do not choose the slot.
#[inline]
fn tagged(hash: u64, token: u32) -> u64 {
    hash << 32 | u64::from(token)
}

#[inline]
fn hash_pair(left: u32, right: u32) -> u64 {
    mix(u64::from(left) << 32 | u64::from(right), 0)
}

/// The tokens are fixed, so nobody can choose them to collide; a word that is none ends at the first empty slot.
#[inline]
fn hash_bytes(bytes: &[u8]) -> u64 {
    let seed = bytes.len() as u64;
    let eight = |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().expect("eight bytes follow"));
    let four =
        |at: usize| u64::from(u32::from_le_bytes(*bytes[at..].first_chunk().expect("four bytes follow")));
    match bytes.len() {
        0 => 0,
        length @ 1..=3 => {
            let middle = u64::from(bytes[length / 2]);
            mix(u64::from(bytes[0]) | middle << 8 | u64::from(bytes[length - 1]) << 16, seed)
        }
        length @ 4..=8 => mix(four(0) << 32 | four(length - 4), seed),
        length => {
            let mut hash = seed;
            for at in (0..length - 8).step_by(8) {
                hash = mix(eight(at), hash);
            }
            mix(eight(length - 8), hash)
        }
    }
}

#[inline]
fn mix(value: u64, seed: u64) -> u64 {
    let product = u128::from(value ^ 0x9e37_79b9_7f4a_7c15) * u128::from(seed ^ 0xd6e8_feb8_6659_fd93);
    #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
    let folded = (product as u64) ^ (product >> 64) as u64;
    folded.wrapping_mul(0x9fb2_1c65_1e98_df25)
}
