use core::ops::Range;

/// The lines of a text that are not blank.
pub(super) struct Lines<'a> {
    pub(super) text: &'a str,
    lines: Vec<Line>,
}

/// A line without its end (`\n`, `\r\n` or `\r`).
#[derive(Clone, Copy, Debug)]
struct Line {
    start: usize,
    end: usize,
    number: u32,
}

impl<'a> Lines<'a> {
    /// Finds the lines, past a byte order mark.
    pub(super) fn new(text: &'a str) -> Self {
        let mut lines = Vec::new();
        let mut start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let mut number = 1_u32;
        while start < text.len() {
            let rest = &text.as_bytes()[start..];
            let length = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
            let end = start + length;
            if !text[start..end].trim().is_empty() {
                lines.push(Line { start, end, number });
            }
            start = end + if rest[length..].starts_with(b"\r\n") { 2 } else { 1 };
            number = number.saturating_add(1);
        }
        Self { text, lines }
    }

    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn range(&self, at: usize) -> Range<usize> {
        self.lines[at].start..self.lines[at].end
    }

    /// The line, without the white space at its end.
    pub(super) fn trimmed(&self, at: usize) -> &'a str {
        self.text[self.range(at)].trim_end()
    }

    /// The number of the line, from 1.
    pub(super) fn number(&self, at: usize) -> u32 {
        self.lines[at].number
    }

    /// Whether a blank line, or the beginning of the text, stands before this one.
    pub(super) fn after_gap(&self, at: usize) -> bool {
        at == 0 || self.lines[at].number > self.lines[at - 1].number.saturating_add(1)
    }

    /// Columns of white space before the line, a tab counting four.
    pub(super) fn indentation(&self, at: usize) -> usize {
        indentation(&self.text[self.range(at)])
    }

    /// The first line from `at` on that is not in the run of lines without a blank one between them.
    pub(super) fn run_end(&self, at: usize) -> usize {
        (at + 1..self.len()).find(|next| self.after_gap(*next)).unwrap_or(self.len())
    }

    /// The first line from `at` on that is not deeper than `indentation`, blank lines notwithstanding.
    pub(super) fn deeper_end(&self, at: usize, indentation: usize) -> usize {
        (at..self.len()).find(|next| self.indentation(*next) <= indentation).unwrap_or(self.len())
    }

    /// The end of a list whose first item begins at `at`: items, what is indented below them, and blank lines between.
    pub(super) fn list_end(&self, at: usize) -> usize {
        let mut next = at + 1;
        while next < self.len() {
            let goes_on =
                is_list_item(self.trimmed(next)) || self.indentation(next) >= 2 || !self.after_gap(next);
            if !goes_on {
                break;
            }
            next += 1;
        }
        next
    }
}

fn indentation(line: &str) -> usize {
    line.bytes()
        .map_while(|byte| match byte {
            b' ' => Some(1),
            b'\t' => Some(4),
            _ => None,
        })
        .sum()
}

/// Whether a line begins an item: `- `, `* `, `+ `, `1. `, `1) `, `#. `, at any indentation.
pub(super) fn is_list_item(line: &str) -> bool {
    let line = line.trim_start();
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = match line.as_bytes().first() {
        Some(b'-' | b'*' | b'+') => &line[1..],
        Some(b'#') if line[1..].starts_with('.') => &line[2..],
        _ if (1..=9).contains(&digits) && line[digits..].starts_with(['.', ')']) => &line[digits + 1..],
        _ => return false,
    };
    rest.is_empty() || rest.starts_with([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_end_counts() {
        let lines = Lines::new("\u{feff}one\r\n\r\ntwo\rthree\n \t\n\u{3000}\nfour");
        let found = (0..lines.len()).map(|at| (lines.trimmed(at), lines.number(at), lines.after_gap(at)));
        let expected = [("one", 1, true), ("two", 3, true), ("three", 4, false), ("four", 7, true)];
        assert_eq!(found.collect::<Vec<_>>(), expected);
        assert_eq!(Lines::new("\u{feff}").len(), 0);
        assert_eq!(Lines::new("\n\r\n \r").len(), 0);
    }

    #[test]
    fn items() {
        for item in ["- a", "  * a", "+ a", "12. a", "3) a", "#. a", "-"] {
            assert!(is_list_item(item), "{item}");
        }
        for other in ["-a", "--- a", "2023-05-08", "1234567890. a", "# a", "a - b", "3.14"] {
            assert!(!is_list_item(other), "{other}");
        }
    }
}
