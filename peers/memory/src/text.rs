//! Made text: words by Zipf's law, as in natural language, so that a question holds very frequent words too.

/// Everything made follows from it.
pub const SEED: u64 = 20_261_120;
const VOCABULARY: usize = 50_000;

/// Draws passages and questions.
pub struct Author {
    random: Random,
    /// Cumulative chances of the ranks: the r-th most frequent word has one proportional to 1/r.
    chances: Vec<f64>,
}

impl Author {
    pub fn new(seed: u64) -> Self {
        let mut sum = 0.0;
        let chances = (1..=VOCABULARY)
            .map(|rank| {
                sum += 1.0 / rank as f64;
                sum
            })
            .collect();
        Self { random: Random(seed), chances }
    }

    /// A passage of some number of words within `words`.
    pub fn passage(&mut self, words: std::ops::Range<usize>) -> String {
        let count = words.start + self.random.below(words.len());
        (0..count).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }

    /// Three to ten words of one of the passages, drawn as they stand there: as unlike each other in frequency as the
    /// words of a question are.
    pub fn question(&mut self, passages: &[String]) -> String {
        let words: Vec<&str> = passages[self.random.below(passages.len())].split(' ').collect();
        let count = 3 + self.random.below(8);
        (0..count).map(|_| words[self.random.below(words.len())]).collect::<Vec<_>>().join(" ")
    }

    fn word(&mut self) -> String {
        let point = self.random.unit() * self.chances[VOCABULARY - 1];
        spell(self.chances.partition_point(|sum| *sum < point))
    }
}

/// The word of a rank from 0: syllables, short for frequent words, some with an ending for the stemmers.
fn spell(rank: usize) -> String {
    let mut word = String::new();
    let mut rest = rank;
    loop {
        word.push(char::from(b"bdfghjklmnprstvwz"[rest % 17]));
        word.push(char::from(b"aeiou"[rest / 17 % 5]));
        rest /= 85;
        if rest == 0 {
            break;
        }
    }
    // With a consonant before the ending, so that no two ranks are spelt alike.
    word.push_str(["n", "rs", "lt", "x", "ckly", "rting", "nded", "m"][rank % 8]);
    word
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.unit() * bound as f64) as usize
    }

    /// From 0 to less than 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
