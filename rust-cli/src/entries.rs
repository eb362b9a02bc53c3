//! Entries as they are shown, in JSON and on a terminal.

use std::fmt::Write as _;
use std::ops::Range;

use chrysalis_memory::namespace::Namespace;
use chrysalis_memory::{Entry, Hit};
use schemars::JsonSchema;
use serde::Serialize;

use crate::output::{BAD, DIM, GOOD, MATCH, STRONG, WARN};
use crate::printable::{harmless, one_line, rfc3339, time};

/// One entry, as `--json` and MCP clients get it.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct EntryView {
    /// The entry's id: 64 hexadecimal digits.
    pub(crate) id: String,
    /// The remembered text.
    pub(crate) text: String,
    /// Where the text comes from, if that was said.
    pub(crate) source: Option<String>,
    /// First and last line in the source, counted from 1.
    pub(crate) lines: Option<[u32; 2]>,
    /// The headings it stands under, outermost first.
    pub(crate) headings: Vec<String>,
    /// Labels.
    pub(crate) tags: Vec<String>,
    /// Who signed it.
    pub(crate) author: AuthorView,
    /// `trusted`, `unknown-signer`, `forked` or `revoked`. Says who wrote it, not whether it is true.
    pub(crate) signature: &'static str,
    /// When it was remembered, in RFC 3339.
    pub(crate) time: Option<String>,
    /// When it was remembered, in milliseconds since 1970.
    pub(crate) time_ms: u64,
    /// When what it tells happened, in milliseconds since 1970, if that was said.
    pub(crate) occurred_ms: Option<u64>,
    /// The namespace's name in this store, or its id where it has none.
    pub(crate) namespace: String,
    /// How often its author said the same.
    pub(crate) occasions: u32,
    /// Whether its author replaced it; then it is shown by its id and never recalled.
    pub(crate) superseded: bool,
    /// Ids of what its author replaced it by.
    pub(crate) superseded_by: Vec<String>,
    /// The author's journal it stands in: key and incarnation.
    pub(crate) writer: String,
    /// Its number in that journal.
    pub(crate) sequence: u64,
}

/// Who signed an entry.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct AuthorView {
    /// The public key: 64 hexadecimal digits.
    pub(crate) key: String,
    /// The name it goes by in this store. Names are not signed.
    pub(crate) name: Option<String>,
}

/// One answer to a query.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct HitView {
    /// Its score; larger is better, comparable within one answer only.
    pub(crate) score: f64,
    /// Byte ranges of the text that match words of the query.
    pub(crate) matches: Vec<[usize; 2]>,
    /// The entry.
    #[serde(flatten)]
    pub(crate) entry: EntryView,
}

impl EntryView {
    pub(crate) fn new(entry: &Entry, namespaces: &[Namespace]) -> Self {
        let place = entry.note.place.as_ref();
        let time_ms = entry.time.ms();
        let namespace = namespaces.iter().find(|namespace| namespace.id == entry.namespace);
        Self {
            id: entry.id.to_string(),
            text: entry.note.text.clone(),
            source: entry.note.source.clone(),
            lines: place.map(|place| [place.lines.0, place.lines.1]),
            headings: place.map(|place| place.headings.clone()).unwrap_or_default(),
            tags: entry.note.tags.clone(),
            author: AuthorView { key: entry.author.to_string(), name: entry.author_name.clone() },
            signature: entry.signature.as_str(),
            time: rfc3339(time_ms),
            time_ms,
            occurred_ms: entry.note.occurred_ms,
            namespace: namespace.map_or_else(|| entry.namespace.to_string(), |known| known.name.clone()),
            occasions: entry.occasions,
            superseded: entry.superseded,
            superseded_by: entry.superseded_by.iter().map(ToString::to_string).collect(),
            writer: format!("{}-{:016x}", entry.author, entry.writer.incarnation),
            sequence: entry.sequence,
        }
    }

    /// The first digits of the id, which commands accept in its place.
    pub(crate) fn short_id(&self) -> &str {
        &self.id[..12]
    }

    /// The name of the author, or the beginning of its key.
    pub(crate) fn author_label(&self) -> String {
        self.author
            .name
            .as_deref()
            .map_or_else(|| self.author.key[..8].to_owned(), |name| one_line(name).into_owned())
    }

    /// `source:line`, as editors and terminals make it a link.
    pub(crate) fn location(&self) -> String {
        let source = self.source.as_deref().map_or_else(|| "(no source)".into(), one_line);
        match self.lines {
            Some([line, _]) if self.source.is_some() => format!("{source}:{line}"),
            _ => source.into_owned(),
        }
    }

    /// The first line shown of an entry: where it stands, who says so, when, and its id.
    pub(crate) fn headline(&self) -> String {
        let colour = match self.signature {
            "trusted" => GOOD,
            "revoked" | "forked" => BAD,
            _ => WARN,
        };
        format!(
            "{STRONG}{}{STRONG:#}  {} · {colour}{}{colour:#} · {DIM}{} · {}{DIM:#}",
            self.location(),
            self.author_label(),
            self.signature,
            time(self.time_ms),
            self.short_id(),
        )
    }
}

impl HitView {
    pub(crate) fn new(hit: &Hit, namespaces: &[Namespace]) -> Self {
        Self {
            score: hit.score,
            matches: hit.matches.iter().map(|range| [range.start, range.end]).collect(),
            entry: EntryView::new(&hit.entry, namespaces),
        }
    }
}

/// The text with matches highlighted and every line indented.
pub(crate) fn highlighted(text: &str, matches: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for range in matches {
        let (Some(before), Some(word)) = (text.get(at..range.start), text.get(range.clone())) else {
            continue;
        };
        let _ = write!(out, "{}{MATCH}{}{MATCH:#}", harmless(before), harmless(word));
        at = range.end;
    }
    out.push_str(&harmless(text.get(at..).unwrap_or_default()));
    let lines: Vec<String> = out.trim_end().lines().map(|line| format!("   {line}")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_marked_and_bad_ranges_are_left_alone() {
        let marked = |text: &str, matches: &[Range<usize>]| highlighted(text, matches).replace('\x1b', "^");
        let (on, off) = (MATCH.render().to_string().replace('\x1b', "^"), "^[0m");
        assert_eq!(marked("a bee", std::slice::from_ref(&(2..5))), format!("   a {on}bee{off}"));
        assert_eq!(marked("a\nb\x1b", &[]), "   a\n   b␛");
        assert_eq!(marked("é", &[1..2, 5..9]), "   é");
    }
}
