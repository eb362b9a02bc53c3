use super::lines::{Lines, is_list_item};
use super::{Kind, Outline};

/// CommonMark's blocks as far as cutting needs them: ATX and setext headings, fenced code, lists, paragraphs (tables are
/// runs of lines like them), and YAML front matter.
pub(super) fn outline<'a>(lines: &Lines<'a>) -> Outline<'a> {
    let mut outline = Outline::new();
    let mut levels = Levels::default();
    let mut at = 0;
    if let Some(last) = front_matter_end(lines) {
        outline.push(0, last, Kind::FrontMatter);
        at = last + 1;
    }
    while at < lines.len() {
        let line = lines.trimmed(at);
        if let Some(fence) = Fence::open(line) {
            let last = fence.close(lines, at);
            outline.push(at, last, Kind::Code);
            at = last + 1;
        } else if let Some((level, title)) = atx_heading(line) {
            outline.push_heading(at, at, levels.enter(level), title);
            at += 1;
        } else if let Some(level) = setext_level(lines, at) {
            outline.push_heading(at, at + 1, levels.enter(level), line.trim());
            at += 2;
        } else if is_list_item(line) && !is_rule(line) {
            let end = list_end(lines, at);
            outline.push(at, end - 1, Kind::List);
            at = end;
        } else {
            let end = lines.run_end(at);
            let interrupted = |next: &usize| {
                let line = lines.trimmed(*next);
                Fence::open(line).is_some() || atx_heading(line).is_some()
            };
            let end = (at + 1..end).find(interrupted).unwrap_or(end);
            outline.push(at, end - 1, Kind::Prose);
            at = end;
        }
    }
    outline
}

/// The levels of the headings open now, ascending.
#[derive(Default)]
pub(super) struct Levels(Vec<usize>);

impl Levels {
    /// Closes headings of this level and below, opens one, and returns how many are above it.
    pub(super) fn enter(&mut self, level: usize) -> usize {
        self.0.truncate(self.0.partition_point(|open| *open < level));
        self.0.push(level);
        self.0.len() - 1
    }
}

fn front_matter_end(lines: &Lines<'_>) -> Option<usize> {
    let opens = lines.len() > 2 && lines.number(0) == 1 && lines.trimmed(0) == "---";
    let has_key = opens && !lines.after_gap(1) && lines.trimmed(1).contains(':');
    has_key.then(|| (2..lines.len()).find(|at| matches!(lines.trimmed(*at), "---" | "...")))?
}

/// A fence of three or more back-ticks or tildes.
struct Fence {
    mark: u8,
    length: usize,
}

impl Fence {
    fn open(line: &str) -> Option<Self> {
        let line = line.trim_start();
        let mark = *line.as_bytes().first().filter(|mark| matches!(mark, b'`' | b'~'))?;
        let length = line.bytes().take_while(|byte| *byte == mark).count();
        // A back-tick further on makes it code within a line.
        (length >= 3 && (mark == b'~' || !line[length..].contains('`'))).then_some(Self { mark, length })
    }

    /// The line that closes a fence opened at `at`, or the last one.
    fn close(&self, lines: &Lines<'_>, at: usize) -> usize {
        let closes = |next: &usize| {
            let line = lines.trimmed(*next).trim_start();
            line.len() >= self.length && line.bytes().all(|byte| byte == self.mark)
        };
        (at + 1..lines.len()).find(closes).unwrap_or(lines.len() - 1)
    }
}

fn atx_heading(line: &str) -> Option<(usize, &str)> {
    let unindented = line.trim_start_matches(' ');
    let level = unindented.bytes().take_while(|byte| *byte == b'#').count();
    let rest = &unindented[level..];
    let is_heading = line.len() - unindented.len() <= 3
        && (1..=6).contains(&level)
        && (rest.is_empty() || rest.starts_with([' ', '\t']));
    is_heading.then(|| (level, rest.trim().trim_end_matches('#').trim_end()))
}

/// The level of a heading of one line that is underlined by the next.
fn setext_level(lines: &Lines<'_>, at: usize) -> Option<usize> {
    let below = at + 1;
    let line = lines.trimmed(at);
    let stands_alone = lines.after_gap(at)
        || at.checked_sub(1).is_some_and(|above| atx_heading(lines.trimmed(above)).is_some());
    if below >= lines.len()
        || lines.after_gap(below)
        || !stands_alone
        || lines.indentation(at) > 3
        || lines.indentation(below) > 3
        || is_list_item(line)
        || is_rule(line)
        || line.trim_start().starts_with(['>', '|'])
    {
        return None;
    }
    let under = lines.trimmed(below).trim_start();
    let all = |mark: u8| under.bytes().all(|byte| byte == mark);
    if all(b'=') {
        Some(1)
    } else if all(b'-') && under.len() >= 2 {
        Some(2)
    } else {
        None
    }
}

/// A thematic break: three or more of `-`, `*` or `_` and nothing else.
fn is_rule(line: &str) -> bool {
    let mut marks = line.bytes().filter(|byte| !matches!(byte, b' ' | b'\t'));
    let Some(mark) = marks.next().filter(|mark| matches!(mark, b'-' | b'*' | b'_')) else { return false };
    let mut count = 1;
    marks.all(|byte| {
        count += 1;
        byte == mark
    }) && count >= 3
}

/// The end of a list: as for any list, but headings and fences at the margin end it, and fences within hide what they hold.
fn list_end(lines: &Lines<'_>, at: usize) -> usize {
    let mut next = at;
    while next < lines.len() {
        let line = lines.trimmed(next);
        let inner = lines.indentation(next) >= 2;
        let fence = Fence::open(line);
        let goes_on = next == at
            || inner
            || (is_list_item(line) && !is_rule(line))
            || (!lines.after_gap(next) && atx_heading(line).is_none() && fence.is_none());
        if !goes_on {
            break;
        }
        next = fence.map_or(next, |fence| fence.close(lines, next)) + 1;
    }
    next
}

#[cfg(test)]
mod tests {
    use crate::passage::{Format, MAX_PASSAGE_BYTES, split};

    fn parts(text: &str) -> Vec<(String, &str)> {
        split(text, Format::Markdown)
            .into_iter()
            .map(|passage| (passage.headings.join("/"), passage.text))
            .collect()
    }

    #[test]
    fn headings_make_paths() {
        let text =
            "lead\n\n# A #\n\none\n## B\ntwo\n\n#### C\n\nthree\n\n## D\n\nfour\n\nE\n=\nfive\n\nF\n---\nsix";
        let expected = [
            ("", "lead"),
            ("A", "# A #\n\none"),
            ("A/B", "## B\ntwo"),
            ("A/B/C", "#### C\n\nthree"),
            ("A/D", "## D\n\nfour"),
            ("E", "E\n=\nfive"),
            ("E/F", "F\n---\nsix"),
        ];
        assert_eq!(parts(text), expected.map(|(path, text)| (path.to_owned(), text)));
    }

    #[test]
    fn a_heading_without_text_goes_with_the_one_below() {
        assert_eq!(
            parts("# A\n\n## B\n\ntext\n\n# C\n\n# D"),
            [("A/B".to_owned(), "# A\n\n## B\n\ntext"), ("C".to_owned(), "# C"), ("D".to_owned(), "# D")]
        );
    }

    #[test]
    fn front_matter_is_a_passage() {
        let text = "---\ntitle: x\n\ntags: []\n---\n\nBody.\n\n---\n\nMore.";
        let expected = [("", "---\ntitle: x\n\ntags: []\n---"), ("", "Body.\n\n---\n\nMore.")];
        assert_eq!(parts(text), expected.map(|(path, text)| (path.to_owned(), text)));
        assert_eq!(parts("---\n\nno matter: here\n\n---").len(), 1);
    }

    #[test]
    fn fenced_code_is_whole_and_hides_headings() {
        let code = format!("```sh\n# comment\n\n{}```", "echo one\n\n".repeat(120));
        assert!(code.len() < MAX_PASSAGE_BYTES);
        let text = format!("# A\n\n{}\n\n{code}\n\nafter", "Some words of text. ".repeat(40));
        let found = parts(&text);
        assert_eq!(found.len(), 3);
        assert_eq!(found[1], ("A".to_owned(), code.as_str()));
        assert_eq!(found[2], ("A".to_owned(), "after"));
        let list = "- a\n\n  ```\n# no heading\n  ```\n- b";
        assert_eq!(parts(list), [(String::new(), list)]);
    }

    #[test]
    fn long_lists_are_cut_between_items() {
        let text = (0..60).map(|n| format!("- item {n} goes on\n  over a second line\n")).collect::<String>();
        for (_, part) in parts(&text) {
            assert!(part.starts_with("- item") && part.ends_with("line"), "{part}");
        }
    }
}
