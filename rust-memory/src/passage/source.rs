use super::lines::Lines;
use super::{Kind, MAX_HEADINGS, Outline, Passage};

/// How far into a line a definition is looked for, in bytes.
const MAX_SCANNED_BYTES: usize = 256;

/// Words that may stand before the one that defines.
const MODIFIERS: &[&str] = &[
    "abstract",
    "async",
    "auto",
    "constexpr",
    "declare",
    "default",
    "explicit",
    "export",
    "extern",
    "final",
    "friend",
    "global",
    "implicit",
    "inline",
    "internal",
    "lazy",
    "local",
    "mutable",
    "noexcept",
    "open",
    "override",
    "partial",
    "private",
    "protected",
    "pub",
    "public",
    "readonly",
    "rec",
    "sealed",
    "static",
    "synchronized",
    "template",
    "typedef",
    "unsafe",
    "virtual",
    "volatile",
    "bool",
    "char",
    "double",
    "float",
    "int",
    "long",
    "short",
    "signed",
    "size_t",
    "unsigned",
    "void",
];

/// Words that a defined name follows.
const DEFINERS: &[&str] = &[
    "class",
    "const",
    "def",
    "defmodule",
    "defn",
    "defp",
    "enum",
    "exception",
    "external",
    "fn",
    "fun",
    "func",
    "function",
    "functor",
    "impl",
    "interface",
    "let",
    "macro_rules!",
    "message",
    "method",
    "mod",
    "module",
    "namespace",
    "object",
    "package",
    "proc",
    "protocol",
    "record",
    "service",
    "struct",
    "sub",
    "trait",
    "type",
    "union",
    "val",
];

/// Words that define at the margin, and elsewhere only what is local.
const LOCAL: &[&str] = &["const", "let", "val"];

/// Words that look like a call or a definition without being one.
const STATEMENTS: &[&str] = &[
    "assert", "await", "case", "catch", "do", "elif", "else", "for", "if", "new", "return", "switch",
    "throw", "try", "while", "with",
];

/// Top-level items, each with the comments and decorators right before it.
///
/// An item begins at the margin, after a blank line or where a definition begins, and reaches to the next one. So it has
/// its body, blank lines within and closing brackets, in languages of brackets and of indentation alike.
pub(super) fn outline<'a>(lines: &Lines<'a>) -> Outline<'a> {
    let mut outline = Outline::new();
    let mut first = 0;
    // Where the comments and decorators began that stand right before the line at hand.
    let mut leading = None;
    for at in 0..lines.len() {
        let line = lines.trimmed(at);
        let at_margin = lines.indentation(at) == 0;
        if lines.after_gap(at) {
            leading = None;
        }
        if at_margin && is_leading(line) {
            let start = *leading.get_or_insert(at);
            if lines.after_gap(start) && start == at && at > first {
                outline.push(first, at - 1, Kind::Code);
                first = at;
            }
            continue;
        }
        let begins = at_margin
            && !is_closing(line)
            && (defined_name(line).is_some() || (lines.after_gap(at) && leading.is_none()));
        let start = leading.take().unwrap_or(at);
        if begins && start > first {
            outline.push(first, start - 1, Kind::Code);
            first = start;
        }
    }
    if first < lines.len() {
        outline.push(first, lines.len() - 1, Kind::Code);
    }
    outline
}

/// Gives each passage the names of the definitions around its first line and of those it holds.
pub(super) fn name<'a>(lines: &Lines<'a>, passages: &mut [Passage<'a>]) {
    let mut at = 0;
    // Definitions above the line at hand that may hold it, with their indentation.
    let mut open = Vec::<(usize, &str)>::new();
    for passage in passages {
        let mut inside = false;
        while at < lines.len() && lines.number(at) <= passage.lines.1 {
            let line = lines.trimmed(at);
            let indentation = lines.indentation(at);
            // Preprocessor lines stand at the margin wherever they are.
            if !is_closing(line) && !is_leading(line) && !line.starts_with('#') {
                open.truncate(open.partition_point(|(above, _)| *above < indentation));
            }
            if !inside {
                inside = true;
                let around =
                    open.iter().take_while(|(above, _)| *above < indentation + usize::from(is_closing(line)));
                passage.headings.extend(around.map(|(_, name)| *name).take(MAX_HEADINGS));
            }
            if let Some(name) = defined_name(line) {
                if passage.headings.len() < MAX_HEADINGS && !passage.headings.contains(&name) {
                    passage.headings.push(name);
                }
                open.push((indentation, name));
            }
            at += 1;
        }
        if !inside {
            // A further piece of a long line.
            passage.headings.extend(open.iter().map(|(_, name)| *name).take(MAX_HEADINGS));
        }
    }
}

/// Comments, decorators and attributes, which belong to what follows.
fn is_leading(line: &str) -> bool {
    let line = line.trim_start();
    let comment =
        ["//", "/*", "(*", "--", "#[", "# ", "@", ";;", "\"\"\""].iter().any(|mark| line.starts_with(mark));
    comment || line == "#" || line.starts_with("* ") || line == "*/" || line == "*" || line.starts_with("##")
}

/// Lines that end what is above.
fn is_closing(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with(['}', ')', ']'])
        || line
            .split(|c: char| !c.is_alphanumeric())
            .next()
            .is_some_and(|word| matches!(word, "end" | "done" | "esac" | "fi"))
}

/// The name a line defines, if it looks like a definition.
fn defined_name(line: &str) -> Option<&str> {
    let line = &line[..line.floor_char_boundary(line.len().min(MAX_SCANNED_BYTES))];
    let mut rest = line.trim_start();
    let mut definer = None;
    loop {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '!'))).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.is_empty() || STATEMENTS.contains(&word) {
            return None;
        }
        if LOCAL.contains(&word) && line.starts_with([' ', '\t']) {
            return None;
        }
        if DEFINERS.contains(&word) {
            definer = Some(word);
            let follows = after.trim_start();
            if !defines_later(follows) {
                return name_after(word, after);
            }
            rest = follows;
        } else if MODIFIERS.contains(&word) && (word == "pub" || !after.starts_with('(')) {
            // `pub(crate)`, `extern "C"`, `template<…>`, `char *`.
            rest = skip_group(after.trim_start()).trim_start_matches(['*', '&', ' ']);
        } else {
            return if let Some(definer) = definer { name_after(definer, rest) } else { called_name(line) };
        }
    }
}

/// Whether the word that defines, or the name, comes yet: `const fn`, `enum class`, `let rec`. Not in `fn open(`.
fn defines_later(follows: &str) -> bool {
    let end = follows.find(|c: char| !c.is_alphanumeric()).unwrap_or(follows.len());
    let (word, after) = follows.split_at(end);
    let more = after.trim_start_matches([' ', '\t', '*', '&']);
    (DEFINERS.contains(&word) || MODIFIERS.contains(&word))
        && after.len() > more.len()
        && more.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The name behind the word that defines.
fn name_after<'a>(definer: &str, after: &'a str) -> Option<&'a str> {
    let mut rest = after.trim_start();
    if definer == "impl" {
        let head = skip_group(rest);
        let end = head.find('{').or_else(|| head.find(" where ")).unwrap_or(head.len());
        return Some(head[..end].trim()).filter(|name| !name.is_empty());
    }
    if definer == "func" {
        rest = skip_group(rest); // Go's receiver
    }
    rest = rest.trim_start_matches(['*', '&', '\'', ' ']);
    let end = rest
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | ':' | '\'')))
        .unwrap_or(rest.len());
    let name = rest[..end].trim_end_matches(['.', ':']);
    // `a: Type` is a name and its type, `a::b` a path.
    let name = name.split_once(':').filter(|(_, more)| !more.starts_with(':')).map_or(name, |(name, _)| name);
    (name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$')).then_some(name)
}

/// The name before the parentheses of a function in the manner of C: `static int main(void) {`, `void A::run(int x)`.
///
/// A type must stand before it. Away from the margin, where calls and prose look much the same, a brace must follow.
fn called_name(line: &str) -> Option<&str> {
    let indented = line.starts_with([' ', '\t']);
    if line.ends_with(';') || (indented && !line.ends_with('{')) {
        return None;
    }
    let before = line[..line.find('(')?].trim();
    let start = before
        .rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | ':' | '~' | '$')))
        .map_or(0, |at| at + before[at..].chars().next().map_or(0, char::len_utf8));
    let (kind, name) = before.split_at(start);
    let typed = kind.ends_with([' ', '\t', '*', '&'])
        && kind.chars().all(|c| c.is_alphanumeric() || " \t_:<>,*&[]$".contains(c));
    let name = name.trim_start_matches(':');
    (typed
        && !DEFINERS.contains(&name)
        && name.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '~')))
    .then_some(name)
}

/// What follows a leading group in brackets or quotation marks, if there is one that ends on the line.
fn skip_group(text: &str) -> &str {
    let Some(open) = text.chars().next() else { return text };
    let close = match open {
        '(' => ')',
        '<' => '>',
        '"' => '"',
        _ => return text,
    };
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        if c == open && (open != close || at == 0) {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return text[at + c.len_utf8()..].trim_start();
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passage::{Format, split};

    #[test]
    fn names_of_definitions() {
        for (line, name) in [
            ("pub(crate) async fn load(path: &Path) -> Self {", "load"),
            ("pub const fn new() -> Self {", "new"),
            ("impl<'a, T: Clone> Iterator for Walk<'a, T> {", "Iterator for Walk<'a, T>"),
            ("macro_rules! vec_of {", "vec_of"),
            ("const LIMIT: usize = 3;", "LIMIT"),
            ("class Dog(Animal):", "Dog"),
            ("    async def bark(self):", "bark"),
            ("export default class App extends Component {", "App"),
            ("export const useThing = () => {", "useThing"),
            ("func (s *Server) Serve(l net.Listener) error {", "Serve"),
            ("type Handler interface {", "Handler"),
            ("static int main(int argc, char **argv)", "main"),
            ("void Widget::paint(Canvas& canvas) {", "Widget::paint"),
            ("enum class Color { red };", "Color"),
            ("template <typename T> struct Box {", "Box"),
            ("    public static void main(String[] args) {", "main"),
            ("INLINE output_t make_output(const uint32_t input_cv[8],", "make_output"),
            ("const char *name(void) {", "name"),
            ("let rec fold f acc = function", "fold"),
            ("module Make (S : Store) = struct", "Make"),
        ] {
            assert_eq!(defined_name(line), Some(name), "{line}");
        }
        for line in [
            "return f(x)",
            "if (a) {",
            "call(x);",
            "x = f(y)",
            "} else {",
            "while (true) {",
            "",
            "println!(\"a\")",
        ] {
            assert_eq!(defined_name(line), None, "{line}");
        }
    }

    #[test]
    fn functions_are_whole_with_what_leads_them() {
        let body = "    step()  # one of many lines\n\n".repeat(28);
        let text =
            format!("import os\n\n\n# Loads.\n@cached\ndef load(path):\n{body}\n\ndef save(path):\n{body}");
        let passages = split(&text, Format::SourceCode);
        let found =
            passages.iter().map(|one| (one.headings.as_slice(), one.text.lines().next())).collect::<Vec<_>>();
        let expected: [(&[&str], _); 3] =
            [(&[], Some("import os")), (&["load"], Some("# Loads.")), (&["save"], Some("def save(path):"))];
        assert_eq!(found, expected);
    }

    #[test]
    fn large_classes_are_cut_between_methods_and_keep_their_name() {
        let method =
            |name: &str| format!("    fn {name}(&self) {{\n{}    }}\n\n", "        work();\n".repeat(45));
        let text = format!("impl Store {{\n{}{}{}}}\n", method("open"), method("read"), method("close"));
        let passages = split(&text, Format::SourceCode);
        let headings = passages.iter().map(|one| one.headings.join(".")).collect::<Vec<_>>();
        assert_eq!(headings, ["Store.open", "Store.read", "Store.close"]);
        assert!(passages[1].text.starts_with("    fn read"));
        assert!(passages[2].text.ends_with("}\n}") || passages[2].text.ends_with('}'));
    }

    #[test]
    fn small_items_are_packed() {
        let text = "use a;\nuse b;\n\nstruct A;\n\nenum B { C }\n\nfn d() {}\n";
        let passages = split(text, Format::SourceCode);
        assert_eq!(passages.len(), 1);
        assert_eq!(passages[0].headings, ["A", "B", "d"]);
    }
}
