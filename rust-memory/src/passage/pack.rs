use core::cmp::Reverse;
use core::ops::Range;

use super::lines::{Lines, is_list_item};
use super::sentence::{cut, ends_sentence};
use super::{Block, Kind, MAX_PASSAGE_BYTES, Outline, Passage, TARGET_PASSAGE_BYTES};

/// Joins small blocks, cuts large ones.
pub(super) fn pack<'a>(lines: &Lines<'a>, outline: &Outline<'a>) -> Vec<Passage<'a>> {
    let mut packer = Packer { lines, outline, passages: Vec::new(), open: None };
    for block in &outline.blocks {
        packer.add(*block);
    }
    packer.close();
    packer.passages
}

struct Packer<'l, 'a> {
    lines: &'l Lines<'a>,
    outline: &'l Outline<'a>,
    passages: Vec<Passage<'a>>,
    open: Option<Block>,
}

impl<'a> Packer<'_, 'a> {
    fn add(&mut self, block: Block) {
        let joined = self
            .open
            .filter(|open| self.may_join(open, &block))
            .map(|open| Block { first: open.first, ..block });
        match (self.open, joined) {
            (Some(open), Some(joined)) if open.kind == Kind::Heading => {
                // A heading goes with what follows, whatever size that has; but not one heading more with a full passage.
                if joined.kind == Kind::Heading && self.size(&joined) > TARGET_PASSAGE_BYTES {
                    self.close();
                    self.open = Some(block);
                } else {
                    self.open = Some(joined);
                }
            }
            (Some(open), Some(joined)) if self.size(&joined) <= TARGET_PASSAGE_BYTES => {
                let kind = if open.kind == block.kind { open.kind } else { Kind::Prose };
                self.open = Some(Block { kind, ..joined });
            }
            _ => {
                self.close();
                self.open = Some(block);
            }
        }
    }

    fn may_join(&self, open: &Block, block: &Block) -> bool {
        if open.kind == Kind::FrontMatter || block.kind == Kind::FrontMatter {
            return false;
        }
        let (above, below) = (&self.outline.sections[open.section], &self.outline.sections[block.section]);
        match (open.kind, block.kind) {
            (Kind::Heading, Kind::Heading) => below.len() > above.len() && below.starts_with(above),
            (_, Kind::Heading) => false,
            _ => open.section == block.section,
        }
    }

    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        if self.size(&open) <= MAX_PASSAGE_BYTES {
            self.emit(open.first, open.last, self.span(open.first, open.last), open.section);
        } else {
            self.cut_block(&open);
        }
    }

    /// Cuts a block between lines, and lines over the limit within.
    fn cut_block(&mut self, block: &Block) {
        let mut first = block.first;
        while first <= block.last {
            let fits = |next: &usize| {
                self.lines.range(*next).end - self.lines.range(first).start <= TARGET_PASSAGE_BYTES
            };
            // The first line after those that fit.
            let next = (first + 1..=block.last).find(|next| !fits(next)).unwrap_or(block.last + 1);
            let fills = |at: usize| {
                self.lines.range(at).end - self.lines.range(first).start >= TARGET_PASSAGE_BYTES / 2
            };
            let last = if self.is_long(first) {
                self.cut_line(first, first, block);
                first
            } else if next <= block.last && !fills(next - 1) && self.is_long(next) {
                // Too little to stand alone, a heading perhaps: it goes with the beginning of the long line.
                self.cut_line(first, next, block);
                next
            } else {
                let last = if next > block.last {
                    block.last
                } else if !fills(next - 1) && self.span(first, next).len() <= MAX_PASSAGE_BYTES {
                    next
                } else {
                    // Of the places in the second half, the best, and of those the last.
                    let places = (first..next).filter(|at| fills(*at));
                    places.max_by_key(|at| self.joint(block.kind, *at)).unwrap_or(next - 1)
                };
                self.emit(first, last, self.span(first, last), block.section);
                last
            };
            first = last + 1;
        }
    }

    fn is_long(&self, at: usize) -> bool {
        self.lines.range(at).len() > MAX_PASSAGE_BYTES
    }

    /// Cuts one long line, together with what stands before it from line `first` on.
    fn cut_line(&mut self, first: usize, long: usize, block: &Block) {
        let range = self.span(first, long);
        let line = self.lines.range(long).start;
        let mut from = first;
        for piece in cut(self.lines.text, range, line, block.kind == Kind::Prose) {
            // The first piece ends above the long line if all that fits of it is white space.
            let last = if piece.end <= line { long - 1 } else { long };
            self.emit(from, last, piece, block.section);
            from = long;
        }
    }

    /// How good a place the end of line `at` is to cut after: blank lines first, then what the kind of block suggests.
    fn joint(&self, kind: Kind, at: usize) -> (bool, bool, Reverse<usize>) {
        let next = at + 1;
        let indentation = self.lines.indentation(next);
        match kind {
            Kind::List => (is_list_item(self.lines.trimmed(next)), true, Reverse(indentation)),
            Kind::Code => (self.lines.after_gap(next), true, Reverse(indentation)),
            _ => (self.lines.after_gap(next), ends_sentence(self.lines.trimmed(at)), Reverse(0)),
        }
    }

    fn size(&self, block: &Block) -> usize {
        self.span(block.first, block.last).len()
    }

    fn span(&self, first: usize, last: usize) -> Range<usize> {
        self.lines.range(first).start..self.lines.range(last).end
    }

    fn emit(&mut self, first: usize, last: usize, range: Range<usize>, section: usize) {
        self.passages.push(Passage {
            text: &self.lines.text[range.clone()],
            range,
            lines: (self.lines.number(first), self.lines.number(last)),
            headings: self.outline.sections[section].clone(),
        });
    }
}
