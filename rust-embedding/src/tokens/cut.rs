//! Cutting text by tokens.

use super::{Scanner, Tokenizer};

/// What ends a text that was cut.
pub(crate) const ELLIPSIS: &str = "...";

impl Tokenizer {
    /// How many tokens `text` has, if there are at most `limit`. Reads no more of the text than it takes to tell.
    pub fn count_till_limit(&self, text: &str, limit: usize) -> Option<usize> {
        let mut scratch = Vec::new();
        let mut count = 0_usize;
        for piece in Scanner::new(self.pattern, text) {
            // A token has at most 128 bytes: what is longer than the rest allows need not be encoded.
            if piece.len() / LONGEST_TOKEN > limit - count {
                return None;
            }
            self.merger.encode(piece.as_bytes(), &mut scratch);
            count += scratch.len();
            scratch.clear();
            if count > limit {
                return None;
            }
        }
        Some(count)
    }

    /// Divides `text` after at most `limit` tokens: the longest head that is made of whole tokens of the text and of
    /// whole characters and has no more than `limit` tokens itself, and the rest. Reads no more of the text than that.
    pub fn split_at_tokens<'a>(&self, text: &'a str, limit: usize) -> (&'a str, &'a str) {
        let ends = self.token_ends(text, limit);
        for end in ends.into_iter().rev() {
            // Cutting can change how the last piece is encoded, so the head is counted for itself.
            if text.is_char_boundary(end) && self.count_till_limit(&text[..end], limit).is_some() {
                return text.split_at(end);
            }
        }
        ("", text)
    }

    /// `text`, if it has at most `limit` tokens; else a head of it that ends with `...` and has at most `limit` with
    /// it. It is cut after a sentence or a line where one ends in the last 30 percent of that head. Empty if not even
    /// `...` fits.
    pub fn truncate_to_tokens(&self, text: &str, limit: usize) -> String {
        if self.count_till_limit(text, limit).is_some() {
            return text.to_owned();
        }
        let mut head_limit = limit.saturating_sub(self.count(ELLIPSIS));
        loop {
            let (head, _) = self.split_at_tokens(text, head_limit);
            let mut cut = [nicer_end(head), ELLIPSIS].concat();
            if self.count_till_limit(&cut, limit).is_none() {
                cut = [head.trim_end(), ELLIPSIS].concat();
            }
            if self.count_till_limit(&cut, limit).is_some() {
                return cut;
            }
            if head_limit == 0 {
                return String::new();
            }
            head_limit -= 1;
        }
    }

    /// Where each of the first `limit` tokens ends.
    fn token_ends(&self, text: &str, limit: usize) -> Vec<usize> {
        let (mut ends, mut tokens, mut end) = (vec![0], Vec::new(), 0);
        for piece in Scanner::new(self.pattern, text) {
            if ends.len() > limit {
                break;
            }
            self.merger.encode(piece.as_bytes(), &mut tokens);
            for token in tokens.drain(..) {
                end += self.merger.vocabulary().bytes_of(token).len();
                ends.push(end);
            }
        }
        ends.truncate(limit.saturating_add(1));
        ends
    }
}

/// The longest token of any vocabulary, in bytes.
pub(super) const LONGEST_TOKEN: usize = 128;

/// `head` up to the end of the last sentence or line in its last 30 percent, if there is one.
fn nicer_end(head: &str) -> &str {
    let from = head.len() - head.len() * 3 / 10;
    let mut best = None;
    let mut characters = head.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let end = at + character.len_utf8();
        let sentence = matches!(character, '.' | '!' | '?')
            && characters.peek().is_none_or(|(_, next)| next.is_whitespace());
        if at >= from && (sentence || character == '\n' || matches!(character, '。' | '！' | '？')) {
            best = Some(end);
        }
    }
    head[..best.unwrap_or(head.len())].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::Encoding;

    #[test]
    fn limits_are_kept_and_reading_stops_there() {
        let tokenizer = Encoding::Cl100kBase.tokenizer();
        assert_eq!(tokenizer.count_till_limit("hello world", 2), Some(2));
        assert_eq!(tokenizer.count_till_limit("hello world", 1), None);
        assert_eq!(tokenizer.count_till_limit("", 0), Some(0));
        let (head, rest) = tokenizer.split_at_tokens("hello world again", 2);
        assert_eq!((head, rest), ("hello world", " again"));
        // A smile is two tokens, and never half of one.
        assert_eq!(tokenizer.split_at_tokens("🙂🙂", 3), ("🙂", "🙂"));
        assert_eq!(tokenizer.split_at_tokens("🙂🙂", 1), ("", "🙂🙂"));
    }

    #[test]
    fn truncation_prefers_the_end_of_a_sentence() {
        let tokenizer = Encoding::Cl100kBase.tokenizer();
        let text = "One two three four five six seven eight. Nine ten eleven twelve thirteen fourteen";
        let cut = tokenizer.truncate_to_tokens(text, 12);
        assert_eq!(cut, "One two three four five six seven eight....");
        assert!(tokenizer.count(&cut) <= 12);
        assert_eq!(tokenizer.truncate_to_tokens("short", 5), "short");
        assert_eq!(tokenizer.truncate_to_tokens("hello world", 0), "");
        assert_eq!(tokenizer.truncate_to_tokens("hello world again", 1), "...");
    }

    #[test]
    fn no_token_is_longer_than_stated() {
        for encoding in [Encoding::Cl100kBase, Encoding::O200kBase] {
            let vocabulary = encoding.tokenizer().merger.vocabulary();
            let tokens = 0..u32::try_from(vocabulary.len()).unwrap();
            assert_eq!(tokens.map(|token| vocabulary.bytes_of(token).len()).max(), Some(LONGEST_TOKEN));
        }
    }
}
