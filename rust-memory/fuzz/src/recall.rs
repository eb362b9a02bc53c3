//! Any text through splitting, indexing, searching and removing.

use chrysalis_memory::lexical::{IndexedDoc, LexicalIndex, Query};
use chrysalis_memory::passage::{Format, MAX_PASSAGE_BYTES, split};
use chrysalis_memory::ranking::{RankQuery, rank};

/// Data is a byte for the format and a text, of which the last line is the question.
pub fn run(data: &[u8]) {
    let Some((choice, text)) = data.split_first() else { return };
    let formats = [Format::Markdown, Format::PlainText, Format::ReStructuredText, Format::SourceCode];
    let text = String::from_utf8_lossy(text);
    let (text, question) = text.rsplit_once('\n').unwrap_or((&text, &text));

    let passages = split(text, formats[usize::from(choice % 4)]);
    let mut index = LexicalIndex::new();
    for (slot, passage) in (0_u32..).zip(&passages) {
        assert!(passage.text.len() <= MAX_PASSAGE_BYTES && passage.text == &text[passage.range.clone()]);
        let mut id = [0; 32];
        id[..4].copy_from_slice(&slot.to_le_bytes());
        let title = passage.headings.join(" ");
        let source = Some((u64::from(slot / 8), slot % 8));
        let time_ms = u64::from(slot) * 3_600_000;
        let doc = IndexedDoc {
            id,
            time_ms,
            text: passage.text,
            title: title.get(..1000).unwrap_or(&title),
            source,
        };
        index.insert(slot, &doc).expect("a passage is within the limits, and its id its own");
    }
    check(&index, question);
    for slot in (0..u32::try_from(passages.len()).unwrap_or(u32::MAX)).step_by(2) {
        assert!(index.remove(slot));
    }
    check(&index, question);
}

fn check(index: &LexicalIndex, question: &str) {
    let query = Query::new(question);
    let all = index.search(&query, usize::MAX, &|_| true);
    let best = index.search(&query, 3, &|_| true);
    assert_eq!(best, all[..all.len().min(3)]);
    let asked =
        RankQuery { text: question, limit: 5, as_of_ms: Some(u64::MAX), filter: &|_| true, other: None };
    for hit in rank(index, &asked) {
        assert!(hit.score.is_finite() && hit.score > 0.0 && index.contains(hit.slot));
    }
}
