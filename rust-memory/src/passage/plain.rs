use super::lines::{Lines, is_list_item};
use super::{Kind, Outline};

/// Paragraphs between blank lines, and lists.
pub(super) fn outline<'a>(lines: &Lines<'a>) -> Outline<'a> {
    let mut outline = Outline::new();
    let mut at = 0;
    while at < lines.len() {
        let list = is_list_item(lines.trimmed(at));
        let end = if list { lines.list_end(at) } else { lines.run_end(at) };
        outline.push(at, end - 1, if list { Kind::List } else { Kind::Prose });
        at = end;
    }
    outline
}
