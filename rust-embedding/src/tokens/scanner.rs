//! Cutting text into the pieces that are encoded one by one.
//!
//! What the reference states as regular expressions with possessive repetition and look-ahead is written out here:
//! each piece is found with at most three passes over it, so that no input is slower than linear. The classes of
//! characters are those of the reference's engine (Unicode 16), in `vocabularies/classes.bin`.

use std::sync::LazyLock;

/// Which expressions cut the text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pattern {
    /// `'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s`
    Cl100k,
    /// Two forms of words, told apart by case, each with a contraction behind it; then as above, but for a slash
    /// after a line end, and for white space at the end of the text, which a line end divides.
    O200k,
}

// Sets of characters, as bits. A character is in exactly one.
const UPPER: u8 = 1; // Lu, Lt
const LOWER: u8 = 2; // Ll
const OTHER_LETTER: u8 = 4; // Lm, Lo
const MARK: u8 = 8; // M
const NUMBER: u8 = 16; // N
const SPACE: u8 = 32; // \s but for the next
const NEWLINE: u8 = 64; // CR, LF
const OTHER: u8 = 128;

const LETTER: u8 = UPPER | LOWER | OTHER_LETTER;
const PUNCTUATION: u8 = MARK | OTHER;
/// What may stand before a word and belong to it: `[^\r\n\p{L}\p{N}]`.
const LEAD: u8 = PUNCTUATION | SPACE;
const WORD_START: u8 = UPPER | OTHER_LETTER | MARK;
const WORD_REST: u8 = LOWER | OTHER_LETTER | MARK;

/// Walks over a text and gives the end of each piece.
pub(super) struct Scanner<'a> {
    pattern: Pattern,
    text: &'a str,
    bytes: &'a [u8],
    classes: &'static Classes,
    position: usize,
    /// Whether the end of the last piece depended on where the text ends: more text could change it.
    open: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(pattern: Pattern, text: &'a str) -> Self {
        Self { pattern, text, bytes: text.as_bytes(), classes: &CLASSES, position: 0, open: false }
    }

    /// Whether the last piece could be another one if more text followed.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    fn piece_end(&mut self, start: usize) -> usize {
        match self.pattern {
            Pattern::Cl100k => self.cl100k(start),
            Pattern::O200k => self.o200k(start),
        }
    }

    fn cl100k(&mut self, start: usize) -> usize {
        let (class, width) = self.class_at(start);
        if self.bytes[start] == b'\''
            && let Some(end) = self.contraction(start)
        {
            return end;
        }
        if class & LETTER != 0 {
            return self.run(start + width, LETTER);
        }
        if class & LEAD != 0 {
            let end = self.run(start + width, LETTER);
            if end > start + width {
                return end;
            }
        }
        self.after_words(start, class, NEWLINE, |_| false)
    }

    fn o200k(&mut self, start: usize) -> usize {
        let (class, width) = self.class_at(start);
        let word = if class & LEAD != 0 { start + width } else { start };
        // The longest run of what may start a word, and where in it the last character that may also end one is.
        let (mut run_end, mut last_rest) = (word, None);
        let stop = loop {
            let (class, width) = self.class_at(run_end);
            if class & WORD_START == 0 {
                break class;
            }
            run_end += width;
            if class & WORD_REST != 0 {
                last_rest = Some(run_end);
            }
        };
        let word_end = if stop & WORD_REST != 0 {
            Some(self.run(run_end, WORD_REST))
        } else if last_rest.is_some() {
            last_rest
        } else if word > start && class & MARK != 0 {
            // The first form of a word, begun without a lead, comes before the second with one.
            Some(word)
        } else if run_end > word {
            Some(run_end)
        } else {
            None
        };
        match word_end {
            Some(end) => self.contraction(end).unwrap_or(end),
            None => self.after_words(start, class, NEWLINE, |byte| byte == b'/'),
        }
    }

    /// Numbers, punctuation and white space. `also` is what may follow punctuation beside `tail`.
    fn after_words(&mut self, start: usize, class: u8, tail: u8, also: fn(u8) -> bool) -> usize {
        if class & NUMBER != 0 {
            return self.number(start);
        }
        let marks = start + usize::from(self.bytes[start] == b' ');
        let end = self.run(marks, PUNCTUATION);
        if end == marks {
            return self.white_space(start);
        }
        let mut end = end;
        loop {
            let (class, width) = self.class_at(end);
            if class & tail == 0 && !self.bytes.get(end).is_some_and(|byte| also(*byte)) {
                return end;
            }
            end += width;
        }
    }

    /// `\p{N}{1,3}`
    fn number(&mut self, start: usize) -> usize {
        let mut end = start;
        for _ in 0..3 {
            let (class, width) = self.class_at(end);
            if class & NUMBER == 0 {
                break;
            }
            end += width;
        }
        end
    }

    fn white_space(&mut self, start: usize) -> usize {
        let (mut end, mut last, mut line_end) = (start, start, None);
        loop {
            let (class, width) = self.class_at(end);
            if class & (SPACE | NEWLINE) == 0 {
                break;
            }
            last = end;
            end += width;
            if class & NEWLINE != 0 {
                line_end = Some(end);
            }
        }
        let at_text_end = end == self.bytes.len();
        match line_end {
            _ if at_text_end && self.pattern == Pattern::Cl100k => end,
            Some(line_end) => line_end,
            // The last one goes with the word that follows it, where it is not alone.
            None if !at_text_end && last > start => last,
            None => end,
        }
    }

    /// The end of an English contraction that starts at `start`, in either case; U+017F is a form of `s`.
    fn contraction(&mut self, start: usize) -> Option<usize> {
        let rest = &self.bytes[start..];
        match rest {
            [] | [b'\''] => {
                self.open = true;
                None
            }
            [b'\'', b's' | b'S' | b't' | b'T' | b'm' | b'M' | b'd' | b'D', ..] => Some(start + 2),
            [b'\'', 0xc5, 0xbf, ..] => Some(start + 3),
            [b'\'', b'r' | b'R' | b'v' | b'V' | b'l' | b'L'] => {
                self.open = true;
                None
            }
            [b'\'', b'r' | b'R' | b'v' | b'V', b'e' | b'E', ..] | [b'\'', b'l' | b'L', b'l' | b'L', ..] => {
                Some(start + 3)
            }
            _ => None,
        }
    }

    fn run(&mut self, mut position: usize, set: u8) -> usize {
        loop {
            let (class, width) = self.class_at(position);
            if class & set == 0 {
                return position;
            }
            position += width;
        }
    }

    /// The class and the length of the character at `position`; no class at the end.
    #[inline(always)]
    fn class_at(&mut self, position: usize) -> (u8, usize) {
        match self.bytes.get(position) {
            Some(byte) if *byte < 0x80 => (ASCII[usize::from(*byte)], 1),
            Some(_) => self.wide_class_at(position),
            None => {
                self.open = true;
                (0, 0)
            }
        }
    }

    #[inline(never)]
    fn wide_class_at(&self, position: usize) -> (u8, usize) {
        let character = self.text[position..].chars().next().expect("the position is inside");
        (self.classes.of(character), character.len_utf8())
    }
}

impl<'a> Iterator for Scanner<'a> {
    type Item = &'a str;

    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        let start = self.position;
        if start == self.bytes.len() {
            return None;
        }
        self.open = false;
        self.position = self.piece_end(start);
        Some(&self.text[start..self.position])
    }
}

const ASCII: [u8; 128] = {
    let mut table = [OTHER; 128];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = match byte {
            b'A'..=b'Z' => UPPER,
            b'a'..=b'z' => LOWER,
            b'0'..=b'9' => NUMBER,
            b'\r' | b'\n' => NEWLINE,
            b' ' | b'\t' | 0x0b | 0x0c => SPACE,
            _ => OTHER,
        };
        byte += 1;
    }
    table
};

static CLASSES: LazyLock<Classes> = LazyLock::new(Classes::load);

/// The classes of all characters.
struct Classes {
    /// Of the first two planes, one by one.
    table: Box<[u8]>,
    /// Of all: the class from each start up to the next one.
    ranges: Vec<(u32, u8)>,
}

/// How many characters are looked up without a search.
const TABLE: usize = 0x2_0000;

impl Classes {
    fn load() -> Self {
        let ranges: Vec<(u32, u8)> = include_bytes!("../../vocabularies/classes.bin")
            .as_chunks::<4>()
            .0
            .iter()
            .map(|[a, b, c, class]| (u32::from_le_bytes([*a, *b, *c, 0]), *class))
            .collect();
        let mut table = vec![OTHER; TABLE].into_boxed_slice();
        for (place, (start, class)) in ranges.iter().enumerate() {
            let start = (*start as usize).min(TABLE);
            let end = ranges.get(place + 1).map_or(TABLE, |(next, _)| (*next as usize).min(TABLE));
            table[start..end].fill(*class);
        }
        Self { table, ranges }
    }

    fn of(&self, character: char) -> u8 {
        let code = u32::from(character);
        match self.table.get(code as usize) {
            Some(class) => *class,
            None => self.ranges[self.ranges.partition_point(|(start, _)| *start <= code) - 1].1,
        }
    }
}

#[cfg(test)]
mod tests {
    use regex_syntax::hir::{Class, HirKind};

    use super::*;

    fn pieces(pattern: Pattern, text: &str) -> Vec<&str> {
        Scanner::new(pattern, text).collect()
    }

    /// What `vocabularies/classes.bin` must hold; `examples/make_token_data.rs` writes it.
    fn class_of_every_character() -> Vec<u8> {
        let mut all = vec![OTHER; 0x11_0000];
        for (set, class) in [
            (r"[\p{Lu}\p{Lt}]", UPPER),
            (r"\p{Ll}", LOWER),
            (r"[\p{Lm}\p{Lo}]", OTHER_LETTER),
            (r"\p{M}", MARK),
            (r"\p{N}", NUMBER),
            (r"\s", SPACE),
            (r"[\r\n]", NEWLINE),
        ] {
            let hir = regex_syntax::parse(set).unwrap();
            let HirKind::Class(Class::Unicode(ranges)) = hir.kind() else { panic!("{set} is no class") };
            for range in ranges.iter() {
                all[range.start() as usize..=range.end() as usize].fill(class);
            }
        }
        all
    }

    #[test]
    fn classes_are_those_of_the_reference_engine() {
        let all = class_of_every_character();
        for character in '\0'..=char::MAX {
            let expected = all[character as usize];
            assert_eq!(CLASSES.of(character), expected, "U+{:04X}", character as u32);
            if character.is_ascii() {
                assert_eq!(ASCII[character as usize], expected);
            }
        }
    }

    #[test]
    fn white_space_at_the_end_is_cut_as_each_pattern_says() {
        assert_eq!(pieces(Pattern::Cl100k, "a  \n  "), ["a", "  \n  "]);
        assert_eq!(pieces(Pattern::O200k, "a  \n  "), ["a", "  \n", "  "]);
        assert_eq!(pieces(Pattern::Cl100k, "\r\n\r\n x"), ["\r\n\r\n", " x"]);
        assert_eq!(pieces(Pattern::O200k, "a   b"), ["a", "  ", " b"]);
    }

    #[test]
    fn words_are_cut_by_case_and_contraction() {
        assert_eq!(pieces(Pattern::O200k, "don't DON'T"), ["don't", " DON'T"]);
        assert_eq!(pieces(Pattern::Cl100k, "don't DON'T"), ["don", "'t", " DON", "'T"]);
        assert_eq!(pieces(Pattern::O200k, "HTTPServer漢ABC"), ["HTTPServer漢", "ABC"]);
        assert_eq!(pieces(Pattern::O200k, "\u{301}ABC"), ["\u{301}", "ABC"]);
        assert_eq!(pieces(Pattern::O200k, "!\n//\nx"), ["!\n//\n", "x"]);
        assert_eq!(pieces(Pattern::Cl100k, "it'\u{17f}"), ["it", "'\u{17f}"]);
        assert_eq!(pieces(Pattern::Cl100k, "1234567"), ["123", "456", "7"]);
    }

    #[test]
    fn a_piece_is_open_exactly_if_more_text_may_change_it() {
        for (pattern, text) in [
            (Pattern::Cl100k, "hello"),
            (Pattern::O200k, "hello'r"),
            (Pattern::Cl100k, "hi  \n "),
            (Pattern::O200k, "漢ABC"),
            (Pattern::Cl100k, "12"),
        ] {
            let mut scanner = Scanner::new(pattern, text);
            scanner.next();
            assert!(scanner.is_open() || text.starts_with("hi"));
        }
        let mut scanner = Scanner::new(Pattern::Cl100k, "hello world");
        scanner.next();
        assert!(!scanner.is_open());
        let mut scanner = Scanner::new(Pattern::Cl100k, "123");
        scanner.next();
        assert!(!scanner.is_open());
    }
}
