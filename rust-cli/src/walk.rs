//! Finding the files of a folder, and naming them so that the names stay the same from run to run.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};

use crate::errors::CliError;
use crate::printable::one_line;

/// The name of the project's own ignore files, read like `.gitignore`.
const IGNORE_FILE: &str = ".chrysalisignore";

/// A file or folder the user named, and what its sources begin with.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) is_file: bool,
}

/// Why a file was not remembered.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum SkipReason {
    /// Not UTF-8, or with NUL bytes.
    NotText,
    /// Over the size limit.
    TooLarge,
    /// Nothing in it.
    Empty,
    /// The operating system did not give it.
    Unreadable,
    /// A link, device, pipe or socket.
    NotAFile,
    /// Its name is not UTF-8, so that its source could not be written down.
    NameNotUtf8,
    /// The secret key of an agent.
    KeyFile,
    /// Headings or tags beyond what an entry can hold, or more than a commit can.
    BeyondLimits,
}

/// What a walk comes upon.
#[derive(Debug)]
pub(crate) enum Found {
    File { path: PathBuf, source: String },
    Skipped { path: PathBuf, reason: SkipReason },
}

/// Skipped files by reason, with a few of them by name.
#[derive(Debug, Default)]
pub(crate) struct Skips {
    pub(crate) counts: BTreeMap<SkipReason, u64>,
    pub(crate) examples: Vec<(PathBuf, SkipReason)>,
}

impl Root {
    /// The root at `path`, which must exist; `name` replaces the last part of the path in its sources.
    ///
    /// # Errors
    /// [`CliError::Io`] where there is nothing, [`CliError::Usage`] where no name can be told.
    pub(crate) fn new(path: &Path, name: Option<&str>) -> Result<Self, CliError> {
        let metadata = path.metadata().map_err(CliError::io(path))?;
        if !metadata.is_file() && !metadata.is_dir() {
            return Err(CliError::Usage(format!("{} is neither a file nor a folder", path.display())));
        }
        let name = match name {
            Some(name) => name.to_owned(),
            None => last_name(path)?,
        };
        Ok(Self { path: path.to_owned(), name, is_file: metadata.is_file() })
    }

    /// Every file below the root, in order of names, without the store at `store` and without any other.
    pub(crate) fn walk(&self, include_hidden: bool, store: &Path) -> impl Iterator<Item = Found> + use<'_> {
        let store = store.canonicalize().ok();
        WalkBuilder::new(&self.path)
            .hidden(!include_hidden)
            .require_git(false)
            .add_custom_ignore_filename(IGNORE_FILE)
            .sort_by_file_name(Ord::cmp)
            .filter_entry(move |entry| {
                let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
                !(is_directory
                    && (entry.file_name() == ".git"
                        || (is_store(entry, store.as_deref()) || looks_like_a_store(entry))))
            })
            .build()
            .filter_map(|entry| match entry {
                Ok(entry) => self.found(&entry),
                Err(error) => Some(Found::Skipped { path: path_of(&error), reason: SkipReason::Unreadable }),
            })
    }

    fn found(&self, entry: &DirEntry) -> Option<Found> {
        let path = entry.path().to_owned();
        let is_root = entry.depth() == 0;
        let kind = entry.file_type();
        if kind.is_some_and(|kind| kind.is_dir()) || (is_root && !self.is_file) {
            return None;
        }
        // A link the user named is followed; links inside a folder are not, or files would be read twice.
        if !is_root && !kind.is_some_and(|kind| kind.is_file()) {
            return Some(Found::Skipped { path, reason: SkipReason::NotAFile });
        }
        Some(match self.source_of(&path) {
            Some(source) => Found::File { path, source },
            None => Found::Skipped { path, reason: SkipReason::NameNotUtf8 },
        })
    }

    fn source_of(&self, path: &Path) -> Option<String> {
        let mut source = self.name.clone();
        for part in path.strip_prefix(&self.path).ok()? {
            source.push('/');
            source.push_str(part.to_str()?);
        }
        Some(source)
    }
}

impl SkipReason {
    /// The stable name, as `--json` gives it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NotText => "not-text",
            Self::TooLarge => "too-large",
            Self::Empty => "empty",
            Self::Unreadable => "unreadable",
            Self::NotAFile => "not-a-file",
            Self::NameNotUtf8 => "name-not-utf8",
            Self::KeyFile => "key-file",
            Self::BeyondLimits => "beyond-limits",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotText => "not UTF-8 text",
            Self::TooLarge => "over the size limit",
            Self::Empty => "empty",
            Self::Unreadable => "could not be read",
            Self::NotAFile => "a link, device, pipe or socket",
            Self::NameNotUtf8 => "its name is not UTF-8",
            Self::KeyFile => "the secret key of an agent or a vault",
            Self::BeyondLimits => "more than an entry or a commit can hold",
        })
    }
}

impl Skips {
    /// How many files are named before only their number is told.
    const EXAMPLES: usize = 20;

    pub(crate) fn add(&mut self, path: PathBuf, reason: SkipReason) {
        *self.counts.entry(reason).or_default() += 1;
        if self.examples.len() < Self::EXAMPLES {
            self.examples.push((path, reason));
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// `3 not UTF-8 text, 1 empty`.
    pub(crate) fn summary(&self) -> String {
        let parts: Vec<String> =
            self.counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        parts.join(", ")
    }
}

/// The last part of the path, looked up where the path ends in `.` or `..`.
fn last_name(path: &Path) -> Result<String, CliError> {
    let name = match path.components().next_back() {
        Some(std::path::Component::Normal(name)) => Some(name.to_owned()),
        _ => path.canonicalize().map_err(CliError::io(path))?.file_name().map(ToOwned::to_owned),
    };
    name.and_then(|name| name.into_string().ok()).ok_or_else(|| {
        CliError::Usage(format!(
            "{} has no name its sources could begin with; give one with --as",
            one_line(&path.display().to_string())
        ))
    })
}

fn is_store(entry: &DirEntry, store: Option<&Path>) -> bool {
    // Comparing names first saves resolving every folder.
    store.is_some_and(|store| {
        (entry.depth() == 0 || store.file_name() == Some(entry.file_name()))
            && entry.path().canonicalize().is_ok_and(|path| path == store)
    })
}

/// Whether the folder is laid out like a store: what it holds are journals, and its texts were remembered elsewhere.
fn looks_like_a_store(entry: &DirEntry) -> bool {
    let path = entry.path();
    path.join("FORMAT").is_file() && path.join("writers").is_dir()
}

fn path_of(error: &ignore::Error) -> PathBuf {
    match error {
        ignore::Error::WithPath { path, .. } => path.clone(),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Loop { child, .. } => child.clone(),
        _ => PathBuf::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn sources(root: &Root, hidden: bool, store: &Path) -> Vec<String> {
        let source = |found| match found {
            Found::File { source, .. } => source,
            Found::Skipped { path, reason } => {
                format!("{} {}", path.file_name().unwrap().display(), reason.as_str())
            }
        };
        root.walk(hidden, store).map(source).collect()
    }

    #[test]
    fn folders_are_walked_in_order_and_ignore_files_are_honoured() {
        let home = tempfile::tempdir().unwrap();
        let docs = home.path().join("docs");
        for (path, text) in [
            ("b.md", "b"),
            ("a/z.md", "z"),
            (".hidden/x.md", "x"),
            (".gitignore", "*.log\n"),
            ("a/.chrysalisignore", "secret*\n"),
            ("a/secret.md", "s"),
            ("c.log", "c"),
            (".git/config", "g"),
            ("store/FORMAT", "chrysalis"),
            ("a/backup/FORMAT", "chrysalis"),
            ("a/backup/notes.md", "n"),
            ("a/backup/writers/x", "x"),
        ] {
            let path = docs.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let root = Root::new(&docs, None).unwrap();
        let store = docs.join("store");
        assert_eq!(sources(&root, false, &store), ["docs/a/z.md", "docs/b.md"]);
        let with_hidden = sources(&root, true, &store);
        assert!(with_hidden.contains(&"docs/.hidden/x.md".to_owned()), "{with_hidden:?}");
        assert!(!with_hidden.iter().any(|source| source.contains(".git/")), "{with_hidden:?}");
        let named = Root::new(&docs.join("a/.."), Some("v2")).unwrap();
        assert_eq!(sources(&named, false, &store), ["v2/a/z.md", "v2/b.md"]);
        let dotted = Root::new(&docs.join("a/.."), None).unwrap();
        assert_eq!(dotted.name, "docs");
        let file = Root::new(&docs.join("c.log"), None).unwrap();
        assert_eq!(sources(&file, false, &store), ["c.log"], "what is named is taken, ignored or not");
        assert!(matches!(Root::new(&docs.join("no"), None), Err(CliError::Io { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn links_and_odd_names_are_counted() {
        use std::os::unix::ffi::OsStrExt;
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("target.md");
        fs::write(&target, "t").unwrap();
        let docs = home.path().join("docs");
        fs::create_dir(&docs).unwrap();
        std::os::unix::fs::symlink(&target, docs.join("link.md")).unwrap();
        let odd = docs.join(std::ffi::OsStr::from_bytes(b"\xff.md"));
        fs::write(odd, "o").unwrap();
        let root = Root::new(&docs, None).unwrap();
        let reasons: Vec<_> = root
            .walk(false, Path::new("/nonexistent"))
            .map(|found| match found {
                Found::Skipped { reason, .. } => reason,
                Found::File { .. } => panic!("nothing here is a plain file with a plain name"),
            })
            .collect();
        assert_eq!(reasons, [SkipReason::NotAFile, SkipReason::NameNotUtf8]);
        let link = Root::new(&docs.join("link.md"), None).unwrap();
        assert_eq!(sources(&link, false, Path::new("/nonexistent")), ["link.md"]);
    }
}
