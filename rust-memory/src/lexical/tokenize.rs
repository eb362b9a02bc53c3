//! The one analyser that documents and queries share; the rules are in the documentation of [`super`].

use core::ops::Range;
use std::borrow::Cow;

use rust_stemmers::{Algorithm, Stemmer};

/// Longest term in bytes. A longer word is cut to this length on a character boundary, in documents and queries alike.
pub const MAX_TERM_BYTES: usize = 64;

/// An identifier of more parts than this is indexed by its parts alone.
const MAX_PARTS: usize = 8;

/// Longest English word worth stemming, in bytes.
const MAX_STEMMED_BYTES: usize = 40;

/// One term of a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Token<'a> {
    /// The term as it is indexed: folded and stemmed, at most [`MAX_TERM_BYTES`] bytes.
    pub term: &'a str,
    /// Number of the word in the text, from 0. An identifier and its parts share one position.
    pub position: u32,
    /// The bytes of the text the term stands for.
    pub range: Range<usize>,
}

/// Calls `emit` for every term of `text`, in order of position, by the rules of [this module](super). Linear in the length
/// of the text.
pub fn tokenize(text: &str, mut emit: impl FnMut(Token<'_>)) {
    let stems = Stems::new();
    scan(text, |word| {
        let term = stems.stem(word.folded);
        emit(Token { term: &term, position: word.position, range: word.range });
    });
}

/// A folded word before stemming.
pub(super) struct Word<'a> {
    pub(super) folded: &'a str,
    pub(super) position: u32,
    pub(super) range: Range<usize>,
}

/// The English stemmer, applied only where it is defined.
pub(super) struct Stems(Stemmer);

impl Stems {
    pub(super) fn new() -> Self {
        Self(Stemmer::create(Algorithm::English))
    }

    /// The stem of a folded word. Words that are not plain `a..=z` stay as they are: the Snowball code works on
    /// bytes and is defined for English only.
    pub(super) fn stem<'a>(&self, word: &'a str) -> Cow<'a, str> {
        let english = (3..=MAX_STEMMED_BYTES).contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_lowercase());
        if english { self.0.stem(word) } else { Cow::Borrowed(word) }
    }
}

/// Calls `emit` for every folded word of `text` and returns the number of positions.
pub(super) fn scan(text: &str, mut emit: impl FnMut(Word<'_>)) -> u32 {
    let mut scratch = Scratch::default();
    let mut position = 0_u32;
    let mut at = 0;
    while let Some(first) = char_at(text, at) {
        if !first.is_alphanumeric() {
            at += first.len_utf8();
        } else if is_unspaced(first) {
            at = emit_unspaced(text, at, &mut position, &mut scratch.folded, &mut emit);
        } else {
            let chunk = chunk_at(text, at);
            at = chunk.range.end;
            if chunk.compound {
                emit_compound(text, chunk.range, &mut position, &mut scratch, &mut emit);
            } else {
                scratch.folded.clear();
                fold_into(&text[chunk.range.clone()], &mut scratch.folded);
                emit(Word { folded: &scratch.folded, position, range: chunk.range });
                position = position.saturating_add(1);
            }
        }
    }
    position
}

#[derive(Default)]
struct Scratch {
    folded: String,
    parts: Vec<Range<usize>>,
}

struct Chunk {
    range: Range<usize>,
    /// Holds a joiner, an apostrophe or a change of case.
    compound: bool,
}

/// The longest run of words and joiners that starts at `start`.
fn chunk_at(text: &str, start: usize) -> Chunk {
    let mut compound = false;
    let mut humps = Humps::default();
    let mut end = start;
    while let Some(c) = char_at(text, end) {
        if is_word(c) {
            compound |= humps.starts_part(c, || char_at(text, end + c.len_utf8()));
            end += c.len_utf8();
            continue;
        }
        let next = match c {
            '-' | '.' | '\'' | '’' => end + c.len_utf8(),
            '_' => end + text.as_bytes()[end..].iter().take_while(|byte| **byte == b'_').count(),
            _ => break,
        };
        if !char_at(text, next).is_some_and(|after| after.is_alphanumeric() && !is_unspaced(after)) {
            break;
        }
        compound = true;
        humps = Humps::default();
        end = next;
    }
    Chunk { range: start..end, compound }
}

/// Finds where the parts of a camel-case word begin.
#[derive(Default)]
struct Humps {
    previous: Option<char>,
}

impl Humps {
    /// Whether a new part begins at `c`: `fooBar`, `HTTPServer` (before `S`), `sha256Sum`.
    fn starts_part(&mut self, c: char, next: impl FnOnce() -> Option<char>) -> bool {
        let previous = self.previous.replace(c);
        if !c.is_uppercase() {
            return false;
        }
        previous.is_some_and(|before| {
            if before.is_uppercase() {
                next().is_some_and(char::is_lowercase)
            } else {
                before.is_alphanumeric()
            }
        })
    }
}

fn emit_compound(
    text: &str,
    range: Range<usize>,
    position: &mut u32,
    scratch: &mut Scratch,
    emit: &mut impl FnMut(Word<'_>),
) {
    let Scratch { folded, parts } = scratch;
    parts.clear();
    let chunk = &text[range.clone()];
    for section in split_ranges(chunk, range.start, |c| matches!(c, '_' | '-' | '.')) {
        parts_of_section(text, section, parts);
    }
    let together = parts.len() <= MAX_PARTS;
    if together && parts.len() > 1 {
        folded.clear();
        if chunk.chars().any(char::is_alphabetic) {
            parts.iter().for_each(|part| fold_into(&text[part.clone()], folded));
        } else {
            folded.push_str(chunk);
            cut(folded);
        }
        emit(Word { folded, position: *position, range: range.clone() });
    }
    for part in parts.iter() {
        folded.clear();
        fold_into(&text[part.clone()], folded);
        emit(Word { folded, position: *position, range: part.clone() });
        if !together {
            *position = position.saturating_add(1);
        }
    }
    if together {
        *position = position.saturating_add(1);
    }
}

/// Drops a contraction's ending and splits what is left at changes of case.
fn parts_of_section(text: &str, section: Range<usize>, parts: &mut Vec<Range<usize>>) {
    let mut end = section.end;
    if let Some(at) = text[section.clone()].rfind(['\'', '’']) {
        let ending = text[section.start + at..end].trim_start_matches(['\'', '’']);
        if ["s", "ll", "re", "ve", "d", "m"].iter().any(|known| ending.eq_ignore_ascii_case(known)) {
            end = section.start + at;
        }
    }
    let mut start = section.start;
    let mut humps = Humps::default();
    for (offset, c) in text[section.start..end].char_indices() {
        let at = section.start + offset;
        if humps.starts_part(c, || char_at(text, at + c.len_utf8()).filter(|_| at + c.len_utf8() < end)) {
            parts.push(start..at);
            start = at;
        }
    }
    parts.push(start..end);
}

/// The non-empty pieces of `chunk` between separators, as ranges shifted by `base`.
fn split_ranges(
    chunk: &str,
    base: usize,
    separator: impl Fn(char) -> bool,
) -> impl Iterator<Item = Range<usize>> {
    let mut at = base;
    chunk.split(separator).filter_map(move |piece| {
        let range = at..at + piece.len();
        at = range.end + 1; // every separator is one ASCII byte
        (!piece.is_empty()).then_some(range)
    })
}

/// Emits each character of a run in a script without spaces, and each pair of neighbours; returns the run's end.
fn emit_unspaced(
    text: &str,
    start: usize,
    position: &mut u32,
    folded: &mut String,
    emit: &mut impl FnMut(Word<'_>),
) -> usize {
    let mut at = start;
    while let Some(c) = char_at(text, at).filter(|c| is_unspaced(*c)) {
        let end = at + c.len_utf8();
        folded.clear();
        folded.push(c);
        emit(Word { folded, position: *position, range: at..end });
        if let Some(next) = char_at(text, end).filter(|next| is_unspaced(*next)) {
            folded.push(next);
            emit(Word { folded, position: *position, range: at..end + next.len_utf8() });
        }
        *position = position.saturating_add(1);
        at = end;
    }
    at
}

fn char_at(text: &str, at: usize) -> Option<char> {
    match text.as_bytes().get(at) {
        Some(byte) if byte.is_ascii() => Some(char::from(*byte)),
        Some(_) => text[at..].chars().next(),
        None => None,
    }
}

fn is_word(c: char) -> bool {
    (c.is_alphanumeric() && !is_unspaced(c)) || is_ignorable(c)
}

/// Combining accents, the soft hyphen and the joiners: inside a word, and not part of its term.
fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200c}' | '\u{200d}')
}

/// Letters of scripts written without spaces between words.
fn is_unspaced(c: char) -> bool {
    !c.is_ascii()
        && c.is_alphanumeric()
        && matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Appends `word` in lower case, without diacritics and apostrophes, and cuts the result to a term's length.
fn fold_into(word: &str, folded: &mut String) {
    for c in word.chars() {
        if folded.len() > MAX_TERM_BYTES {
            break;
        }
        match c {
            'A'..='Z' => folded.push(c.to_ascii_lowercase()),
            '\'' | '’' => {}
            _ if c.is_ascii() => folded.push(c),
            _ if is_ignorable(c) => {}
            '\u{c0}'..='\u{17f}' => folded.push_str(latin_base(c)),
            _ => folded.extend(c.to_lowercase()),
        }
    }
    cut(folded);
}

fn cut(folded: &mut String) {
    if folded.len() > MAX_TERM_BYTES {
        folded.truncate(folded.floor_char_boundary(MAX_TERM_BYTES));
    }
}

/// The base letters of Latin-1 and Latin Extended-A.
fn latin_base(c: char) -> &'static str {
    match c {
        'À'..='Å' | 'à'..='å' | 'Ā'..='ą' => "a",
        'Æ' | 'æ' => "ae",
        'Ç' | 'ç' | 'Ć'..='č' => "c",
        'Ð' | 'ð' | 'Ď'..='đ' => "d",
        'È'..='Ë' | 'è'..='ë' | 'Ē'..='ě' => "e",
        'Ĝ'..='ģ' => "g",
        'Ĥ'..='ħ' => "h",
        'Ì'..='Ï' | 'ì'..='ï' | 'Ĩ'..='ı' => "i",
        'Ĳ' | 'ĳ' => "ij",
        'Ĵ' | 'ĵ' => "j",
        'Ķ'..='ĸ' => "k",
        'Ĺ'..='ł' => "l",
        'Ñ' | 'ñ' | 'Ń'..='ŋ' => "n",
        'Ò'..='Ö' | 'Ø' | 'ò'..='ö' | 'ø' | 'Ō'..='ő' => "o",
        'Œ' | 'œ' => "oe",
        'Ŕ'..='ř' => "r",
        'Ś'..='š' | 'ſ' => "s",
        'ß' => "ss",
        'Ţ'..='ŧ' => "t",
        'Þ' | 'þ' => "th",
        'Ù'..='Ü' | 'ù'..='ü' | 'Ũ'..='ų' => "u",
        'Ŵ' | 'ŵ' => "w",
        'Ý' | 'ý' | 'ÿ' | 'Ŷ'..='Ÿ' => "y",
        'Ź'..='ž' => "z",
        _ => "", // × and ÷, which are not letters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<(String, u32)> {
        let mut all = Vec::new();
        tokenize(text, |token| all.push((token.term.to_owned(), token.position)));
        all
    }

    fn words(text: &str) -> Vec<String> {
        terms(text).into_iter().map(|(term, _)| term).collect()
    }

    #[test]
    fn plain_words_are_lower_cased_and_stemmed() {
        let expected = [("the", 0), ("quick", 1), ("runner", 2), ("run", 3), ("in", 4), ("2023", 5)];
        assert_eq!(
            terms("The quick runners, running in 2023!"),
            expected.map(|(term, at)| (term.to_owned(), at))
        );
    }

    #[test]
    fn identifiers_give_the_whole_and_the_parts_at_one_position() {
        let expected = |whole: &str| {
            [(whole, 0), ("memori", 0), ("store", 0), ("x", 1)]
                .map(|(term, at)| (term.to_owned(), at))
                .to_vec()
        };
        for text in ["memory_store x", "memoryStore x", "memory-store x", "memory.store x", "MemoryStore x"] {
            assert_eq!(terms(text), expected("memorystor"), "{text}");
        }
        assert_eq!(words("HTTPServer"), ["httpserver", "http", "server"]);
        assert_eq!(words("sha256Sum"), ["sha256sum", "sha256", "sum"]);
        assert_eq!(words("a.b.c __init__ e-mail"), ["abc", "a", "b", "c", "init", "email", "e", "mail"]);
        assert_eq!(words("3.14 2023-05-08"), ["3.14", "3", "14", "2023-05-08", "2023", "05", "08"]);
    }

    #[test]
    fn apostrophes() {
        assert_eq!(
            words("don't we'll Caroline's I’m O'Brien dogs' 'tis"),
            ["dont", "we", "carolin", "i", "obrien", "dog", "tis"]
        );
    }

    #[test]
    fn diacritics_fold_in_both_normal_forms() {
        assert_eq!(words("Cafés CAFE\u{301}S straße Łódź"), ["cafe", "cafe", "strass", "lodz"]);
        assert_eq!(words("Привет ΑΘΗΝΑ"), ["привет", "αθηνα"]);
    }

    #[test]
    fn scripts_without_spaces_give_characters_and_pairs() {
        assert_eq!(
            terms("记忆a"),
            [("记", 0), ("记忆", 0), ("忆", 1), ("a", 2)].map(|(t, p)| (t.to_owned(), p))
        );
    }

    #[test]
    fn ranges_point_at_the_text() {
        let text = "Ünïque camelCase, don't";
        let mut found = Vec::new();
        tokenize(text, |token| found.push(&text[token.range]));
        assert_eq!(found, ["Ünïque", "camelCase", "camel", "Case", "don't"]);
    }

    #[test]
    fn long_words_are_cut_and_long_chains_give_parts_only() {
        let long = "é".repeat(1000);
        assert_eq!(words(&long), ["e".repeat(MAX_TERM_BYTES)]);
        let chain = vec!["ab"; 20].join(".");
        assert_eq!(terms(&chain).last(), Some(&("ab".to_owned(), 19)));
        assert_eq!(terms(&chain).len(), 20);
    }

    #[test]
    fn the_stemmer_takes_every_short_word() {
        let stems = Stems::new();
        let mut word = [b'a'; 4];
        for number in 0..26_u32.pow(4) {
            let mut rest = number;
            for letter in &mut word {
                *letter = b'a' + u8::try_from(rest % 26).unwrap();
                rest /= 26;
            }
            assert!(!stems.stem(core::str::from_utf8(&word).unwrap()).is_empty());
        }
    }
}
