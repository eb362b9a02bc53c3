use super::lines::{Lines, is_list_item};
use super::markdown::Levels;
use super::{Kind, Outline};

/// Sections, explicit markup (directives with their bodies), literal blocks, lists and paragraphs.
pub(super) fn outline<'a>(lines: &Lines<'a>) -> Outline<'a> {
    let mut outline = Outline::new();
    let mut styles = Vec::new();
    let mut levels = Levels::default();
    let mut at = 0;
    while at < lines.len() {
        let line = lines.trimmed(at);
        if let Some(heading) = Heading::at(lines, at) {
            let style = (heading.mark, heading.overlined);
            let level = styles.iter().position(|known| *known == style).unwrap_or_else(|| {
                styles.push(style);
                styles.len() - 1
            });
            let last = at + if heading.overlined { 2 } else { 1 };
            outline.push_heading(at, last, levels.enter(level), heading.title);
            at = last + 1;
            continue;
        }
        let (end, kind) = if line.trim_start().starts_with(".. ") || line.trim_start() == ".." {
            (lines.deeper_end(at + 1, lines.indentation(at)), Kind::Code)
        } else if is_list_item(line) {
            (lines.list_end(at), Kind::List)
        } else {
            let end = (at + 1..lines.run_end(at)).find(|next| Heading::at(lines, *next).is_some());
            let end = end.unwrap_or_else(|| lines.run_end(at));
            // `::` announces a literal block, which is what is indented more.
            if lines.trimmed(end - 1).ends_with("::") {
                (lines.deeper_end(end, lines.indentation(end - 1)), Kind::Code)
            } else {
                (end, Kind::Prose)
            }
        };
        outline.push(at, end - 1, kind);
        at = end;
    }
    outline
}

struct Heading<'a> {
    title: &'a str,
    mark: u8,
    overlined: bool,
}

impl<'a> Heading<'a> {
    /// A title with a line below, or one of the same kind above and below.
    fn at(lines: &Lines<'a>, at: usize) -> Option<Self> {
        let joined = |next: usize| next < lines.len() && !lines.after_gap(next);
        if let Some(mark) = adornment(lines.trimmed(at)) {
            let framed = joined(at + 1) && joined(at + 2) && adornment(lines.trimmed(at + 2)) == Some(mark);
            let title = framed.then(|| lines.trimmed(at + 1).trim())?;
            return adornment(title).is_none().then_some(Self { title, mark, overlined: true });
        }
        let title = lines.trimmed(at);
        let mark = joined(at + 1).then(|| adornment(lines.trimmed(at + 1)))??;
        let under = lines.trimmed(at + 1).len();
        // Docutils takes a line shorter than its title from four marks on.
        let long_enough = under >= 4 || under >= title.chars().count();
        (lines.indentation(at) == 0 && long_enough).then_some(Self { title, mark, overlined: false })
    }
}

/// The mark of a line that is nothing but one mark of punctuation, twice or more.
fn adornment(line: &str) -> Option<u8> {
    let mark = *line.as_bytes().first().filter(|mark| mark.is_ascii_punctuation())?;
    (line.len() >= 2 && line.bytes().all(|byte| byte == mark)).then_some(mark)
}

#[cfg(test)]
mod tests {
    use crate::passage::{Format, split};

    #[test]
    fn sections_directives_and_literal_blocks() {
        let text = "=====\nTitle\n=====\n\nIntro::\n\n  literal\n\n  more\n\nOne\n---\n\n.. code-block:: sh\n\n   run\n\n   it\n\nUnder\n~~~~~\n\ntext\n\nTwo\n---\n\n- a\n\n- b\n";
        let found = split(text, Format::ReStructuredText);
        let found =
            found.iter().map(|passage| (passage.headings.join("/"), passage.text)).collect::<Vec<_>>();
        let expected = [
            ("Title", "=====\nTitle\n=====\n\nIntro::\n\n  literal\n\n  more"),
            ("Title/One", "One\n---\n\n.. code-block:: sh\n\n   run\n\n   it"),
            ("Title/One/Under", "Under\n~~~~~\n\ntext"),
            ("Title/Two", "Two\n---\n\n- a\n\n- b"),
        ];
        assert_eq!(found, expected.map(|(path, text)| (path.to_owned(), text)));
    }
}
