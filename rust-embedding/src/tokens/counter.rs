//! Counts that grow with a conversation, without counting anew what has been counted.

use std::ops::Range;

use super::{Encoding, Scanner, TokenError};

/// The count of one text that grows at its end, such as a streamed answer; exactly that of the whole text.
///
/// Only the pieces that more text could still change are kept and counted again: mostly the last word.
#[derive(Clone, Debug)]
pub struct GrowingText {
    encoding: Encoding,
    settled: usize,
    /// What follows the settled text.
    tail: String,
    /// How much of `tail` was looked at without settling anything: it is not looked at again before it has doubled, so
    /// that a word that never ends costs no more than any other.
    examined: usize,
}

impl GrowingText {
    /// An empty text.
    pub fn new(encoding: Encoding) -> Self {
        Self { encoding, settled: 0, tail: String::new(), examined: 0 }
    }

    /// Appends `text`. Linear in all that is appended, over all calls.
    pub fn append(&mut self, text: &str) {
        self.tail.push_str(text);
        if self.tail.len() < 2 * self.examined {
            return;
        }
        let tokenizer = self.encoding.tokenizer();
        let mut scanner = Scanner::new(tokenizer.pattern, &self.tail);
        let (mut end, mut tokens) = (0, Vec::new());
        while let Some(piece) = scanner.next() {
            if scanner.is_open() {
                break;
            }
            end += piece.len();
            tokenizer.merger.encode(piece.as_bytes(), &mut tokens);
            self.settled += tokens.len();
            tokens.clear();
        }
        self.tail.drain(..end);
        self.examined = self.tail.len();
    }

    /// Bytes that are kept because more text could change their tokens, or because they were not looked at yet.
    pub fn unsettled_bytes(&self) -> usize {
        self.tail.len()
    }

    /// The tokens of all that was appended. Linear in what is not settled.
    pub fn count(&self) -> usize {
        self.settled + self.encoding.tokenizer().count(&self.tail)
    }
}

/// The counts of a conversation's messages, each counted once and alone: what any run of them costs is then known at
/// once.
#[derive(Clone, Debug)]
pub struct TokenLedger {
    encoding: Encoding,
    /// The tokens of all closed entries before each one, and at the end of all of them.
    sums: Vec<usize>,
    /// The last entry.
    last: Option<GrowingText>,
}

impl TokenLedger {
    /// A conversation without messages.
    pub fn new(encoding: Encoding) -> Self {
        Self { encoding, sums: vec![0], last: None }
    }

    /// Which encoding counts.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Adds an entry and gives its place.
    pub fn append(&mut self, text: &str) -> usize {
        if let Some(last) = self.last.take() {
            self.sums.push(self.total() + last.count());
        }
        let mut entry = GrowingText::new(self.encoding);
        entry.append(text);
        self.last = Some(entry);
        self.sums.len() - 1
    }

    /// Appends to the last entry, as an answer that is streamed; begins the first one where there is none.
    pub fn extend_last(&mut self, text: &str) {
        match &mut self.last {
            Some(last) => last.append(text),
            None => {
                self.append(text);
            }
        }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.sums.len() - 1 + usize::from(self.last.is_some())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The tokens of all entries.
    pub fn total(&self) -> usize {
        self.sums[self.sums.len() - 1] + self.last.as_ref().map_or(0, GrowingText::count)
    }

    /// The tokens of the entries in `range`.
    ///
    /// # Errors
    /// [`TokenError::OutOfRange`] if it is not a range of entries.
    pub fn count_range(&self, range: Range<usize>) -> Result<usize, TokenError> {
        if range.start > range.end || range.end > self.len() {
            return Err(TokenError::OutOfRange);
        }
        Ok(self.before(range.end) - self.before(range.start))
    }

    /// The tokens of the entries before `place`, which is at most their number.
    fn before(&self, place: usize) -> usize {
        self.sums.get(place).copied().unwrap_or_else(|| self.total())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However a text arrives, its count is that of the whole.
        #[test]
        fn a_growing_text_is_counted_as_the_whole(
            parts in prop::collection::vec("[a-zA-Z' \n\r1é漢/!]{0,6}|\\PC{0,4}", 0..12),
        ) {
            for encoding in [Encoding::Cl100kBase, Encoding::O200kBase] {
                let (mut growing, mut whole) = (GrowingText::new(encoding), String::new());
                for part in &parts {
                    growing.append(part);
                    whole.push_str(part);
                    prop_assert_eq!(growing.count(), encoding.tokenizer().count(&whole));
                }
            }
        }
    }

    #[test]
    fn what_is_kept_does_not_grow_with_the_text() {
        let mut growing = GrowingText::new(Encoding::O200kBase);
        for _ in 0..1000 {
            growing.append("several more words, ");
        }
        assert!(growing.tail.len() < 100);
    }

    #[test]
    fn ranges_of_a_ledger_add_up() {
        let mut ledger = TokenLedger::new(Encoding::Cl100kBase);
        assert_eq!(ledger.count_range(0..0), Ok(0));
        ledger.extend_last("hello");
        ledger.extend_last(" world");
        assert_eq!(ledger.append("Hello, world!"), 1);
        assert_eq!(ledger.append(""), 2);
        assert_eq!((ledger.len(), ledger.total()), (3, 6));
        assert_eq!(ledger.count_range(0..1), Ok(2));
        assert_eq!(ledger.count_range(1..3), Ok(4));
        assert_eq!(ledger.count_range(0..4), Err(TokenError::OutOfRange));
        #[expect(clippy::reversed_empty_ranges, reason = "that is the point")]
        let reversed = ledger.count_range(2..1);
        assert_eq!(reversed, Err(TokenError::OutOfRange));
    }
}
