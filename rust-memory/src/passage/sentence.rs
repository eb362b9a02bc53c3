use core::ops::Range;

use super::{MAX_PASSAGE_BYTES, TARGET_PASSAGE_BYTES};

/// A sentence longer than this is not repeated at the beginning of the next piece.
const MAX_OVERLAP_BYTES: usize = 200;

/// Cuts `range` of `text`, which may only be cut from `line` on, into pieces within the limit: after the last sentence
/// that ends within the target, else after the first that ends within the limit, else at the last white space there, else
/// between characters. With `overlap`, a piece repeats the last sentence of the one before if that is short.
pub(super) fn cut(text: &str, range: Range<usize>, line: usize, overlap: bool) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let end = range.start + text[range.clone()].trim_end().len();
    let mut start = if range.start == line { skip_space(text, line, end) } else { range.start };
    // Everything before this is in a piece already, or may not be cut.
    let mut covered = line.max(start);
    while end - start > MAX_PASSAGE_BYTES {
        let joints = Joints::within(text, start, covered);
        let stop = joints.stop(text, start);
        pieces.push(start..start + text[start..stop].trim_end().len());
        covered = skip_space(text, stop, end);
        start = joints
            .last_sentence(stop)
            .map(|sentence| skip_space(text, sentence, stop))
            .filter(|sentence| overlap && *sentence > start && covered - sentence <= MAX_OVERLAP_BYTES)
            .unwrap_or(covered);
    }
    if covered < end {
        pieces.push(start..end);
    }
    pieces
}

fn skip_space(text: &str, from: usize, end: usize) -> usize {
    end - text[from..end].trim_start().len()
}

/// Where a piece that begins at some place may end.
struct Joints {
    /// Ends of sentences, ascending, also those already covered.
    sentences: Vec<usize>,
    covered: usize,
    last_space: Option<usize>,
}

impl Joints {
    fn within(text: &str, start: usize, covered: usize) -> Self {
        let limit = text.floor_char_boundary(start + MAX_PASSAGE_BYTES);
        let mut joints = Self { sentences: Vec::new(), covered, last_space: None };
        let mut ending = Ending::default();
        for (offset, c) in text[start..limit].char_indices() {
            let at = start + offset;
            if c.is_whitespace() {
                if ending.ended {
                    joints.sentences.push(at);
                }
                if at > covered {
                    joints.last_space = Some(at);
                }
            }
            if ending.take(c) {
                joints.sentences.push(at + c.len_utf8());
            }
        }
        joints
    }

    fn stop(&self, text: &str, start: usize) -> usize {
        let new = || self.sentences.iter().copied().filter(|end| *end > self.covered);
        new()
            .take_while(|end| end - start <= TARGET_PASSAGE_BYTES)
            .last()
            .or_else(|| new().next())
            .or(self.last_space)
            .unwrap_or_else(|| text.floor_char_boundary(start + MAX_PASSAGE_BYTES))
    }

    /// The beginning of the sentence that ends at `stop`, if the one before it is among the joints.
    fn last_sentence(&self, stop: usize) -> Option<usize> {
        let at = self.sentences.binary_search(&stop).ok()?;
        let before = self.sentences.get(at.checked_sub(1)?)?;
        Some(*before)
    }
}

/// Whether what was read ends a sentence.
#[derive(Default)]
struct Ending {
    ended: bool,
    /// Letters and digits of the word before.
    word: usize,
}

impl Ending {
    /// Reads a character; true if a sentence ends right after it, without white space.
    fn take(&mut self, c: char) -> bool {
        match c {
            // A full stop after one letter is an initial or an abbreviation.
            '.' => self.ended = self.word != 1,
            '!' | '?' | '…' => self.ended = true,
            '"' | '\'' | '”' | '’' | '»' | ')' | ']' | '*' | '_' | '`' => {}
            '。' | '！' | '？' => {
                self.ended = false;
                self.word = 0;
                return true;
            }
            _ => self.ended = false,
        }
        self.word = if c.is_alphanumeric() { self.word + 1 } else { 0 };
        false
    }
}

/// Whether a line ends with a sentence.
pub(super) fn ends_sentence(line: &str) -> bool {
    let mut ending = Ending::default();
    let tail = line.floor_char_boundary(line.len().saturating_sub(32));
    let whole = line[tail..].trim_end().chars().fold(false, |_, c| ending.take(c));
    whole || ending.ended
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_line(line: &str, overlap: bool) -> Vec<&str> {
        cut(line, 0..line.len(), 0, overlap).into_iter().map(|piece| &line[piece]).collect()
    }

    #[test]
    fn sentences_are_kept_whole_and_the_last_is_repeated() {
        let line =
            (0..56).map(|n| format!("Sentence {n} has its own few words, e.g. these. ")).collect::<String>();
        let pieces = cut_line(&line, true);
        assert_eq!(pieces.len(), 3);
        for piece in &pieces {
            assert!(piece.len() <= MAX_PASSAGE_BYTES && piece.ends_with("these."), "{piece}");
        }
        for pair in pieces.windows(2) {
            let last = pair[0].rfind("Sentence").unwrap();
            assert!(pair[1].starts_with(&pair[0][last..]));
        }
        let apart = cut_line(&line, false);
        assert_eq!(apart.join(" "), line.trim_end());
    }

    #[test]
    fn without_sentences_white_space_and_then_characters_decide() {
        let words = "word ".repeat(1000);
        let pieces = cut_line(&words, true);
        assert_eq!(pieces.join(" "), words.trim_end());
        let solid = "é".repeat(3000);
        assert_eq!(cut_line(&solid, true).concat(), solid);
        let gap = format!("{}a{}b{}", " ".repeat(5000), " ".repeat(5000), " ".repeat(5000));
        assert_eq!(cut_line(&gap, true), ["a", "b"]);
    }

    #[test]
    fn chinese_sentences_end_without_white_space() {
        let line = "这是一个句子。".repeat(200);
        let pieces = cut_line(&line, false);
        assert_eq!(pieces.concat(), line);
        assert!(pieces.iter().all(|piece| piece.ends_with('。')));
    }

    #[test]
    fn sentence_ends() {
        for line in ["It is.", "Really?!", "\"So.\"", "(done.)", "好。"] {
            assert!(ends_sentence(line), "{line}");
        }
        for line in ["It is", "by J.", "one,", "", "3.1"] {
            assert!(!ends_sentence(line), "{line}");
        }
    }
}
