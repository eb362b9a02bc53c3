//! Laws of passage splitting. A failing case is printed with its seed by proptest and kept beside this file.

use chrysalis_memory::passage::{Format, MAX_PASSAGE_BYTES, Passage, split};
use proptest::prelude::*;

const FORMATS: [Format; 4] =
    [Format::Markdown, Format::PlainText, Format::ReStructuredText, Format::SourceCode];

/// Lines that mean something in one format or another.
fn line() -> impl Strategy<Value = String> {
    const MARKS: &[&str] = &[
        "",
        "",
        "",
        "---",
        "===",
        "```",
        "~~~~",
        "# H",
        "## H",
        "- item",
        "1. item",
        "  indented",
        "| a | b |",
        "|---|---|",
        ".. note::",
        "text::",
        "fn f() {",
        "}",
        "class A:",
        "    def g(self):",
        "@decorator",
        "// comment",
        "***",
        "> quote",
        "Title",
        "=====",
        "key: value",
        "\t\ttabs",
    ];
    prop_oneof![
        6 => proptest::sample::select(MARKS).prop_map(str::to_owned),
        2 => "[a-z ,.é。]{0,200}",
        1 => (1..400_usize).prop_map(|n| "Some words here. ".repeat(n)),
        1 => (1..3000_usize).prop_map(|n| "é".repeat(n)),
        1 => (1..4000_usize, 1..4000_usize).prop_map(|(a, b)| format!("{}x{}y", " ".repeat(a), " ".repeat(b))),
        1 => "\\PC{0,40}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    let end = prop_oneof![6 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\r"), 1 => Just("\n\n")];
    (any::<bool>(), proptest::collection::vec((line(), end), 0..60)).prop_map(|(mark, lines)| {
        let mut text = if mark { "\u{feff}".to_owned() } else { String::new() };
        for (line, end) in lines {
            text.push_str(&line);
            text.push_str(end);
        }
        text
    })
}

/// Start, end and number of every line.
fn lines(text: &str) -> Vec<(usize, usize, u32)> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut number = 1;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let ends = *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        if ends {
            let end = if *byte == b'\n' && at > start && bytes[at - 1] == b'\r' { at - 1 } else { at };
            lines.push((start, end, number));
            start = at + 1;
            number += 1;
        }
    }
    lines.push((start, text.len(), number));
    lines
}

fn check(text: &str, format: Format, passages: &[Passage<'_>]) {
    let lines = lines(text);
    let line_of = |at: usize| lines[lines.partition_point(|(start, ..)| *start <= at) - 1];
    let mut covered = 0;
    for (at, passage) in passages.iter().enumerate() {
        let range = passage.range.clone();
        assert_eq!(passage.text, &text[range.clone()]);
        assert!(!passage.text.trim().is_empty());
        assert!(range.len() <= MAX_PASSAGE_BYTES, "{format:?}: {} bytes", range.len());
        assert!(passage.headings.len() <= 8);
        assert_eq!(passage.lines, (line_of(range.start).2, line_of(range.end - 1).2), "{format:?}");
        let skipped = text[covered.min(range.start)..range.start].trim_start_matches('\u{feff}');
        assert!(skipped.trim().is_empty(), "{format:?}: {skipped:?} is in no passage");
        if at > 0 {
            assert!(
                range.start > passages[at - 1].range.start && range.end > covered,
                "{format:?}: out of order"
            );
        }
        let (first, last) = (line_of(range.start), line_of(range.end - 1));
        let is_long = |line: (usize, usize, u32)| line.1 - line.0 > MAX_PASSAGE_BYTES;
        // But for white space, a passage begins and ends with a line, or inside one that is over the limit.
        let before = text[first.0..range.start].trim_start_matches('\u{feff}');
        assert!(before.trim().is_empty() || is_long(first), "{format:?}: begins within a line");
        assert!(text[range.end..last.1].trim().is_empty() || is_long(last), "{format:?}: ends within a line");
        if range.start < covered {
            let line = line_of(range.start);
            assert!(
                line.1 - line.0 > MAX_PASSAGE_BYTES && covered - range.start <= 200,
                "{format:?}: overlap"
            );
        }
        covered = range.end;
    }
    assert!(
        text[covered..].trim_start_matches('\u{feff}').trim().is_empty(),
        "{format:?}: the end is in no passage"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn passages_cover_the_text_in_order_and_within_the_limit(text in text()) {
        for format in FORMATS {
            let passages = split(&text, format);
            check(&text, format, &passages);
            prop_assert_eq!(&passages, &split(&text, format));
        }
    }

    #[test]
    fn any_text_is_split(text in any::<String>()) {
        for format in FORMATS {
            check(&text, format, &split(&text, format));
        }
    }
}

#[test]
fn blank_texts_give_nothing() {
    for text in ["", "\u{feff}", "\n\n", "\r\n \t\r", "\u{3000}\n"] {
        for format in FORMATS {
            assert!(split(text, format).is_empty(), "{text:?}");
        }
    }
}

/// Shapes on which a split that looks back or ahead without bound would take minutes.
#[test]
fn much_of_anything_is_quick() {
    for unit in [
        "# a\n",
        "- a\n\n",
        "```\n",
        "---\n",
        "a\n===\n",
        "a",
        "a ",
        "a. ",
        " ",
        "\n",
        "\r",
        "| a |\n",
        ".. a\n\n",
        "a::\n\n  b\n",
        "@a\n",
        "fn a() {\n",
        "(",
        "    if a:\n",
        "'a-b.",
        "~~~ x\n\n",
        "> a\n\n",
        "é",
        "a.\u{3000}",
    ] {
        let text = unit.repeat((1 << 16) / unit.len());
        for format in FORMATS {
            check(&text, format, &split(&text, format));
        }
    }
}
