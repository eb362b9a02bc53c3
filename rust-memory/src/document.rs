//! Documents: texts with a source, remembered passage by passage.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::entry::EntryId;
use crate::error::MemoryError;
use crate::identity::holds_secret_key;
use crate::note::{Note, Place};
use crate::passage::{self, Format};

/// Files above this are refused unless the caller raises the limit: 64 MiB.
pub const DEFAULT_MAX_FILE_BYTES: u64 = 64 << 20;

/// A whole text and where it comes from.
#[derive(Clone, Debug)]
pub struct Document {
    /// The source every passage of it carries.
    pub source: String,
    /// The text.
    pub text: String,
    /// How it is split into passages.
    pub format: Format,
    /// Tags every passage of it carries.
    pub tags: Vec<String>,
}

/// What remembering documents did.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Remembered {
    /// The ids of the new passages, in order.
    pub ids: Vec<EntryId>,
    /// Documents looked at.
    pub documents: u64,
    /// Documents of which every passage was known already.
    pub unchanged_documents: u64,
    /// Passages that were known already.
    pub unchanged: u64,
    /// Earlier passages that no longer stand in their source and were superseded.
    pub superseded: u64,
}

impl Document {
    /// A document of `text`, split as the name of its source suggests.
    #[must_use]
    pub fn new(source: impl Into<String>, text: impl Into<String>) -> Self {
        let source = source.into();
        let format = Format::of_path(Path::new(&source));
        Self { source, text: text.into(), format, tags: Vec::new() }
    }

    /// Reads a text file to be remembered under the name `source`.
    ///
    /// # Errors
    /// [`MemoryError::TooLarge`] above `max_bytes`, before anything is read; [`MemoryError::NotText`] for
    /// anything but UTF-8 without NUL bytes; [`MemoryError::SecretKey`]; [`MemoryError::Io`].
    pub fn read(path: &Path, source: impl Into<String>, max_bytes: u64) -> Result<Self, MemoryError> {
        // Opening a pipe would wait for somebody to write to it.
        if !fs::metadata(path).map_err(MemoryError::io(path))?.is_file() {
            let error = io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
            return Err(MemoryError::Io { path: path.to_owned(), error });
        }
        let mut file = File::open(path).map_err(MemoryError::io(path))?;
        let length = file.metadata().map_err(MemoryError::io(path))?.len();
        let too_large = |actual: u64| MemoryError::TooLarge {
            what: "file",
            limit: usize::try_from(max_bytes).unwrap_or(usize::MAX),
            actual: usize::try_from(actual).unwrap_or(usize::MAX),
        };
        if length > max_bytes {
            return Err(too_large(length));
        }
        // A look at the beginning saves reading large binary files whole.
        let mut bytes = Vec::new();
        let reserved = bytes.try_reserve_exact(usize::try_from(length).unwrap_or(usize::MAX));
        reserved.map_err(|_| too_large(length))?;
        (&mut file).take(8192).read_to_end(&mut bytes).map_err(MemoryError::io(path))?;
        if bytes.contains(&0) {
            return Err(MemoryError::NotText(path.to_owned()));
        }
        file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(MemoryError::io(path))?;
        if bytes.len() as u64 > max_bytes {
            return Err(too_large(bytes.len() as u64));
        }
        let text = String::from_utf8(bytes).map_err(|_| MemoryError::NotText(path.to_owned()))?;
        if text.contains('\0') {
            return Err(MemoryError::NotText(path.to_owned()));
        }
        let source = source.into();
        let format = Format::of_path(path);
        let document = Self { source, text, format, tags: Vec::new() };
        document.check()?;
        Ok(document)
    }

    /// Checks what can be told of the text as a whole; its passages are checked when it is split.
    ///
    /// # Errors
    /// [`MemoryError::TextWithNul`], [`MemoryError::SecretKey`].
    pub fn check(&self) -> Result<(), MemoryError> {
        if self.text.contains('\0') {
            return Err(MemoryError::TextWithNul);
        }
        // Split into passages, the lines of a key file could part.
        if holds_secret_key(&self.text) { Err(MemoryError::SecretKey) } else { Ok(()) }
    }

    /// The passages of the document as notes, in order.
    ///
    /// # Errors
    /// As [`check`](Self::check); [`MemoryError::TooLarge`] when source, headings or tags are over their limits.
    pub fn to_notes(&self) -> Result<Vec<Note>, MemoryError> {
        self.check()?;
        let passages = passage::split(&self.text, self.format);
        (0..)
            .zip(passages)
            .map(|(ordinal, passage)| {
                let mut note = Note {
                    text: self.text[passage.range.clone()].to_owned(),
                    source: Some(self.source.clone()),
                    place: Some(Place {
                        lines: passage.lines,
                        bytes: (passage.range.start as u64, passage.range.end as u64),
                        ordinal,
                        headings: passage.headings.into_iter().map(str::to_owned).collect(),
                    }),
                    tags: self.tags.clone(),
                    occurred_ms: None,
                };
                note.normalise()?;
                Ok(note)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_not_text_or_too_large_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file.md");
        for (bytes, text) in [(&b"a\0b"[..], false), (b"\xff\xfe", false), (b"# A\n\nb\n", true), (b"", true)]
        {
            fs::write(&path, bytes).unwrap();
            assert_eq!(Document::read(&path, "file.md", 100).is_ok(), text, "{bytes:?}");
        }
        fs::write(&path, [b'x'; 10_000]).unwrap();
        assert_eq!(Document::read(&path, "f", u64::MAX).unwrap().text.len(), 10_000, "no limit is no limit");
        assert!(matches!(Document::read(directory.path(), "f", 1), Err(MemoryError::Io { .. })));
        fs::write(&path, [b'x'; 101]).unwrap();
        assert!(matches!(Document::read(&path, "f", 100), Err(MemoryError::TooLarge { actual: 101, .. })));
        assert!(matches!(Document::read(&directory.path().join("no"), "f", 1), Err(MemoryError::Io { .. })));
    }

    #[test]
    fn passages_say_where_they_stand() {
        let notes =
            Document::new("bees.md", "# Bees\n\nThey dance.\n\n# Wasps\n\nThey sting.\n").to_notes().unwrap();
        let last = notes.last().unwrap();
        let place = last.place.as_ref().unwrap();
        assert!(last.text.contains("They sting."));
        assert_eq!(place.headings.last().unwrap(), "Wasps");
        assert_eq!(place.lines.1, 7);
        assert!(Document::new("empty.md", "").to_notes().unwrap().is_empty());
    }
}
