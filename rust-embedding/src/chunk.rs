//! Cutting a document into passages of so many tokens.

use crate::tokens::Tokenizer;

/// How a document is cut.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ChunkOptions {
    /// The most tokens of a passage; at least 1 is taken.
    pub max_tokens: usize,
    /// How many tokens of whole lines at the end of a passage begin the next one as well, at most.
    pub overlap_tokens: usize,
}

/// A passage: a stretch of the document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Chunk<'a> {
    /// Its text.
    pub text: &'a str,
    /// Where it starts in the document, in bytes.
    pub start: usize,
    /// Its tokens.
    pub tokens: usize,
    /// The line on which it starts, from 0.
    pub start_line: usize,
}

/// A line or, of one that is too long, a part.
#[derive(Clone, Copy)]
struct Line {
    start: usize,
    end: usize,
    number: usize,
    tokens: usize,
}

/// Passages of whole lines, in order; a passage closes when the next line would exceed its tokens. A line that is too long
/// alone is cut by tokens. Blank passages are left out. Everything else of the document is in a passage.
///
/// Only a single character that has more tokens than allowed makes a passage that exceeds them.
pub fn chunk_text<'a>(tokenizer: &Tokenizer, text: &'a str, options: ChunkOptions) -> Vec<Chunk<'a>> {
    let max_tokens = options.max_tokens.max(1);
    let lines = lines(tokenizer, text, max_tokens);
    let mut chunks: Vec<Chunk<'a>> = Vec::new();
    let mut first = 0;
    while first < lines.len() {
        let (mut last, mut sum) = (first, lines[first].tokens);
        while last + 1 < lines.len() && sum + lines[last + 1].tokens <= max_tokens {
            last += 1;
            sum += lines[last].tokens;
        }
        // Lines that are joined can be encoded otherwise than alone, if rarely to more tokens.
        let mut tokens = tokenizer.count(&text[lines[first].start..lines[last].end]);
        while tokens > max_tokens && last > first {
            last -= 1;
            tokens = tokenizer.count(&text[lines[first].start..lines[last].end]);
        }
        let start = lines[first].start;
        let chunk =
            Chunk { text: &text[start..lines[last].end], start, tokens, start_line: lines[first].number };
        if !chunk.text.trim().is_empty() {
            chunks.push(chunk);
        }
        first = last + 1;
        if first < lines.len() {
            // The next passage must get further than this one, so its own first line must fit beside the overlap.
            let mut room = options.overlap_tokens.min(max_tokens - lines[first].tokens.min(max_tokens));
            let (floor, next) = (chunk_floor(&lines, start), first);
            while first > floor && lines[first - 1].tokens <= room {
                first -= 1;
                room -= lines[first].tokens;
            }
            let joined = &text[lines[first].start..lines[next].end];
            if first < next && tokenizer.count(joined) > max_tokens {
                first = next;
            }
        }
    }
    chunks
}

/// The first line that may be repeated: the one after the first of the passage that starts at `start`.
fn chunk_floor(lines: &[Line], start: usize) -> usize {
    lines.partition_point(|line| line.start <= start)
}

fn lines(tokenizer: &Tokenizer, text: &str, max_tokens: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let mut rest = line;
        loop {
            let (head, tokens) = match tokenizer.count_till_limit(rest, max_tokens) {
                Some(tokens) => (rest, tokens),
                None => {
                    let (head, _) = tokenizer.split_at_tokens(rest, max_tokens);
                    let head = if head.is_empty() { first_character(rest) } else { head };
                    (head, tokenizer.count(head))
                }
            };
            lines.push(Line { start, end: start + head.len(), number, tokens });
            start += head.len();
            rest = &rest[head.len()..];
            if rest.is_empty() {
                break;
            }
        }
    }
    lines
}

fn first_character(text: &str) -> &str {
    let end = text.chars().next().map_or(0, char::len_utf8);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tokens::Encoding;

    fn options(max_tokens: usize, overlap_tokens: usize) -> ChunkOptions {
        ChunkOptions { max_tokens, overlap_tokens }
    }

    #[test]
    fn part_10_passages_are_whole_lines_and_overlap() {
        let tokenizer = Encoding::Cl100kBase.tokenizer();
        let text = "one two\nthree four\nfive six\n\n\n\nseven eight\n";
        let chunks = chunk_text(tokenizer, text, options(7, 3));
        let texts: Vec<_> = chunks.iter().map(|chunk| chunk.text).collect();
        assert_eq!(texts[0], "one two\nthree four\n");
        assert!(texts[1].starts_with("three four\nfive six\n"));
        assert!(texts.iter().all(|text| !text.trim().is_empty()));
        assert_eq!(chunks[1].start_line, 1);
        assert!(chunk_text(tokenizer, "\n \n\n", options(1, 0)).is_empty());
    }

    #[test]
    fn part_10_a_line_that_is_too_long_is_split() {
        let tokenizer = Encoding::O200kBase.tokenizer();
        let text = "word ".repeat(1000);
        let chunks = chunk_text(tokenizer, &text, options(100, 0));
        assert!(chunks.len() >= 10);
        assert!(chunks.iter().all(|chunk| chunk.tokens <= 100));
        assert_eq!(chunks.iter().map(|chunk| chunk.text).collect::<String>().trim_end(), text.trim_end());
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_limits_are_kept(
            text in "([a-z ]{0,30}\n{0,2}|[\\PC]{0,5}){0,20}", max in 4_usize..40, overlap in 0_usize..20,
        ) {
            let chunks = chunk_text(Encoding::Cl100kBase.tokenizer(), &text, options(max, overlap));
            let mut end = 0;
            for chunk in &chunks {
                prop_assert!(chunk.tokens <= max);
                prop_assert_eq!(&text[chunk.start..chunk.start + chunk.text.len()], chunk.text);
                prop_assert!(chunk.start <= end || text[end..chunk.start].trim().is_empty());
                prop_assert!(chunk.start + chunk.text.len() > end);
                end = chunk.start + chunk.text.len();
            }
            prop_assert!(text[end..].trim().is_empty());
        }
    }
}
