use std::path::Path;

/// How a text is structured.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Format {
    /// CommonMark with tables and front matter.
    Markdown,
    /// Paragraphs between blank lines.
    PlainText,
    /// reStructuredText.
    ReStructuredText,
    /// A programming language, found by indentation and the usual words for definitions.
    SourceCode,
}

const MARKDOWN: &[&str] = &["md", "markdown", "mdown", "mdx", "mkd", "qmd"];

const RESTRUCTURED: &[&str] = &["rst", "rest"];

const SOURCE: &[&str] = &[
    "bash", "c", "cc", "clj", "cpp", "cs", "css", "cts", "cxx", "dart", "ex", "exs", "fs", "fsx", "go", "h",
    "hh", "hpp", "hs", "hxx", "java", "jl", "js", "jsx", "kt", "kts", "lua", "m", "mjs", "cjs", "ml", "mli",
    "mm", "mts", "nim", "php", "pl", "proto", "ps1", "py", "pyi", "r", "rb", "rs", "scala", "scss", "sh",
    "sql", "swift", "tcl", "tf", "ts", "tsx", "vb", "zig", "zsh",
];

impl Format {
    /// The format that a file's name suggests, by its extension in any case; plain text if it suggests none.
    #[must_use]
    pub fn of_path(path: &Path) -> Self {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        let is_one_of =
            |table: &[&str]| extension.as_deref().is_some_and(|extension| table.contains(&extension));
        if is_one_of(MARKDOWN) {
            Self::Markdown
        } else if is_one_of(RESTRUCTURED) {
            Self::ReStructuredText
        } else if is_one_of(SOURCE) {
            Self::SourceCode
        } else {
            Self::PlainText
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_decide() {
        for (path, format) in [
            ("docs/README.md", Format::Markdown),
            ("NOTES.MD", Format::Markdown),
            ("index.rst", Format::ReStructuredText),
            ("src/lib.rs", Format::SourceCode),
            ("a.test.tsx", Format::SourceCode),
            ("lib.ml", Format::SourceCode),
            ("notes.txt", Format::PlainText),
            ("LICENSE", Format::PlainText),
            (".md", Format::PlainText),
            ("", Format::PlainText),
        ] {
            assert_eq!(Format::of_path(Path::new(path)), format, "{path}");
        }
    }
}
