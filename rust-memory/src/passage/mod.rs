//! Text into passages: pieces of a size to index, embed and show, cut where the document itself has its joints.
//!
//! A passage is a range of whole lines of the text. Blocks (paragraphs, lists, tables, fenced code, definitions) are kept
//! whole when they fit and small ones under one heading are packed together. Nothing is cut inside a line unless the line
//! alone is over the limit; then it is cut at sentences, else at white space, else between characters. Where a
//! paragraph of one line was cut at sentences, a passage may begin with the last sentence of the one before.
//!
//! Every line that is not blank is in a passage. Splitting is deterministic, takes time linear in the text and knows no
//! grammar: a document that breaks the rules of its format is split less well, never refused.

mod format;
mod lines;
mod markdown;
mod pack;
mod plain;
mod restructured;
mod sentence;
mod source;

use core::ops::Range;

pub use format::Format;

use lines::Lines;

/// No passage is longer, in bytes.
pub const MAX_PASSAGE_BYTES: usize = 1600;

/// Small blocks are packed until they would be longer than this, in bytes.
pub const TARGET_PASSAGE_BYTES: usize = 900;

/// Most headings of one passage.
const MAX_HEADINGS: usize = 8;

/// A piece of a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Passage<'a> {
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// Its first and last line, counted from 1.
    pub lines: (u32, u32),
    /// The headings it stands under, outermost first, as they are written. In source code, the names of the definitions
    /// around its first line and then of those it holds. At most 8.
    pub headings: Vec<&'a str>,
    /// The text of the range.
    pub text: &'a str,
}

/// Splits a text. A text of blank lines gives no passage.
///
/// # Examples
/// ```
/// use chrysalis_memory::passage::{Format, split};
///
/// let text = "# Garden\n\nThe roses need water.\n\n## Tools\n\n- a spade\n- a can\n";
/// let passages = split(text, Format::Markdown);
/// assert_eq!(passages[1].headings, ["Garden", "Tools"]);
/// assert_eq!(passages[1].text, "## Tools\n\n- a spade\n- a can");
/// assert_eq!(passages[1].lines, (5, 8));
/// ```
#[must_use]
pub fn split(text: &str, format: Format) -> Vec<Passage<'_>> {
    let lines = Lines::new(text);
    match format {
        Format::Markdown => pack::pack(&lines, &markdown::outline(&lines)),
        Format::PlainText => pack::pack(&lines, &plain::outline(&lines)),
        Format::ReStructuredText => pack::pack(&lines, &restructured::outline(&lines)),
        Format::SourceCode => {
            let mut passages = pack::pack(&lines, &source::outline(&lines));
            source::name(&lines, &mut passages);
            passages
        }
    }
}

/// What a block is, as far as cutting it goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    /// Stays with what follows.
    Heading,
    /// Cut at blank lines, then where a line ends a sentence.
    Prose,
    /// Cut at blank lines and items.
    List,
    /// Cut at blank lines and where the indentation is small.
    Code,
    /// A passage of its own.
    FrontMatter,
}

/// Lines that belong together, by their places in [`Lines`], both included.
#[derive(Clone, Copy, Debug)]
struct Block {
    first: usize,
    last: usize,
    section: usize,
    kind: Kind,
}

/// The blocks of a text in order, every line in one of them, and the heading paths that they refer to.
struct Outline<'a> {
    blocks: Vec<Block>,
    sections: Vec<Vec<&'a str>>,
}

impl<'a> Outline<'a> {
    /// No blocks; section 0 is what stands before any heading.
    fn new() -> Self {
        Self { blocks: Vec::new(), sections: vec![Vec::new()] }
    }

    fn push(&mut self, first: usize, last: usize, kind: Kind) {
        self.blocks.push(Block { first, last, section: self.sections.len() - 1, kind });
    }

    /// Begins the section of a heading, `depth` headings below the outermost, and adds the heading's block.
    fn push_heading(&mut self, first: usize, last: usize, depth: usize, title: &'a str) {
        let mut path = self.sections.last().cloned().unwrap_or_default();
        path.truncate(depth.min(MAX_HEADINGS - 1));
        path.push(title);
        self.sections.push(path);
        self.push(first, last, Kind::Heading);
    }
}
