//! From text to words, as BERT's normaliser and pre-tokenizer do it.
//!
//! One character after the other, so that memory stays flat whatever the text: cleaned, set apart if Chinese, decomposed and freed of its
//! accents, lower-cased, then cut at white space and around punctuation. The classes of characters and the decompositions are from the
//! tables that the `tokenizers` library uses, since a newer Unicode would give other tokens than the model was trained on.

use unicode_categories::UnicodeCategories as _;
use unicode_normalization_alignments::char::{canonical_combining_class, decompose_canonical};

/// Which steps are taken, as in the `BertNormalizer` of `tokenizer.json`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Normalizer {
    pub(super) clean_text: bool,
    pub(super) handle_chinese_chars: bool,
    pub(super) strip_accents: bool,
    pub(super) lowercase: bool,
}

/// A word, or one mark of punctuation.
pub(super) enum Word<'a> {
    /// Not empty.
    Whole(&'a str),
    /// More characters than a word may have; they were not kept.
    TooLong,
}

impl Normalizer {
    /// Gives each word of `text` to `take`, until that says to stop with `false`.
    pub(super) fn words(self, text: &str, max_chars: usize, take: impl FnMut(Word<'_>) -> bool) {
        let mut words = Words { word: String::new(), chars: 0, max_chars, take, stopped: false };
        let mut marks = Marks::default();
        for c in text.chars() {
            self.normalize(c, &mut marks, &mut words);
            if words.stopped {
                return;
            }
        }
        marks.flush(&mut |c| self.finish(c, &mut words));
        words.end();
    }

    fn normalize<T: FnMut(Word<'_>) -> bool>(self, c: char, marks: &mut Marks, words: &mut Words<T>) {
        let c = match c {
            '\t' | '\n' | '\r' if self.clean_text => ' ',
            '\0' | '\u{fffd}' if self.clean_text => return,
            c if self.clean_text && is_control(c) => return,
            c if self.clean_text && c.is_whitespace() => ' ',
            c => c,
        };
        let chinese = self.handle_chinese_chars && is_chinese(c);
        if chinese {
            self.strip(' ', marks, words);
        }
        self.strip(c, marks, words);
        if chinese {
            self.strip(' ', marks, words);
        }
    }

    /// Canonical decomposition without what is left of accents.
    fn strip<T: FnMut(Word<'_>) -> bool>(self, c: char, marks: &mut Marks, words: &mut Words<T>) {
        if !self.strip_accents {
            self.finish(c, words);
        } else if c.is_ascii() {
            marks.flush(&mut |c| self.finish(c, words));
            self.finish(c, words);
        } else {
            decompose_canonical(c, |c| marks.push(c, &mut |c| self.finish(c, words)));
        }
    }

    fn finish<T: FnMut(Word<'_>) -> bool>(self, c: char, words: &mut Words<T>) {
        if !self.lowercase {
            words.push(c);
        } else if c.is_ascii() {
            words.push(c.to_ascii_lowercase());
        } else {
            c.to_lowercase().for_each(|c| words.push(c));
        }
    }
}

/// Combining characters that wait for their canonical order. Accents are dropped before they get here, so these are few.
#[derive(Default)]
struct Marks(Vec<(u8, char)>);

impl Marks {
    fn push(&mut self, c: char, to: &mut impl FnMut(char)) {
        let class = canonical_combining_class(c);
        if class == 0 {
            self.flush(to);
            if !c.is_mark_nonspacing() {
                to(c);
            }
        } else if !c.is_mark_nonspacing() {
            self.0.push((class, c));
        }
    }

    fn flush(&mut self, to: &mut impl FnMut(char)) {
        if !self.0.is_empty() {
            self.0.sort_by_key(|(class, _)| *class);
            self.0.drain(..).for_each(|(_, c)| to(c));
        }
    }
}

/// The word being read.
struct Words<T> {
    word: String,
    chars: usize,
    max_chars: usize,
    take: T,
    stopped: bool,
}

impl<T: FnMut(Word<'_>) -> bool> Words<T> {
    fn push(&mut self, c: char) {
        if c.is_whitespace() {
            self.end();
        } else if is_punctuation(c) {
            self.end();
            self.add(c);
            self.end();
        } else {
            self.add(c);
        }
    }

    fn add(&mut self, c: char) {
        self.chars += 1;
        if self.chars <= self.max_chars {
            self.word.push(c);
        }
    }

    fn end(&mut self) {
        if self.chars > 0 && !self.stopped {
            let word = if self.chars > self.max_chars { Word::TooLong } else { Word::Whole(&self.word) };
            self.stopped = !(self.take)(word);
        }
        self.word.clear();
        self.chars = 0;
    }
}

fn is_control(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_control() } else { c.is_other() }
}

fn is_punctuation(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_punctuation() } else { c.is_punctuation() }
}

/// The ideographs that BERT sets apart, each a word.
fn is_chinese(c: char) -> bool {
    matches!(
        u32::from(c),
        0x4E00..=0x9FFF
            | 0x3400..=0x4DBF
            | 0x20000..=0x2A6DF
            | 0x2A700..=0x2B73F
            | 0x2B740..=0x2B81F
            | 0x2B920..=0x2CEAF
            | 0xF900..=0xFAFF
            | 0x2F800..=0x2FA1F
    )
}
