//! The texts of a run, read on a thread of their own so that Ctrl-C is heard while a pipe is silent.
//!
//! At most [`WAITING`] batches wait; a batch holds [`BATCH_TEXTS`] texts or [`BATCH_BYTES`] bytes, and one text more.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::embed::args::InputForm;
use crate::errors::CliError;
use crate::printable::{bytes, one_line};

/// The most bytes of a text, and of the line it stands on.
pub(crate) const MAX_TEXT_BYTES: usize = 16 << 20;
/// The most texts of a batch.
const BATCH_TEXTS: usize = 256;
/// A batch with this many bytes takes no more texts.
const BATCH_BYTES: usize = 1 << 20;
/// Batches read ahead.
const WAITING: usize = 1;

/// A text, or why there is none at a place that should hold one.
#[derive(Debug)]
pub(crate) struct Item {
    /// Its number, from 0.
    pub(crate) index: u64,
    /// Where it stands.
    pub(crate) place: Place,
    /// The `id` of a line of JSON, as JSON.
    pub(crate) id: Option<String>,
    /// The text.
    pub(crate) text: Result<String, Unusable>,
}

/// Where a text stands.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The file, or `-`.
    pub(crate) source: Arc<str>,
    /// The line, from 1; none for a whole file.
    pub(crate) line: Option<u64>,
}

/// Why a line or a file holds no text that could be embedded. Nothing of it is repeated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unusable {
    /// Not UTF-8, from this byte of the line or file on.
    NotUtf8 { at: usize },
    /// A NUL character.
    Nul { at: usize },
    /// Over [`MAX_TEXT_BYTES`].
    TooLarge,
    /// Not JSON, from this column on.
    NotJson { column: usize },
    /// Half a surrogate pair, which is no character.
    LoneSurrogate { column: usize },
    /// JSON, and neither a string nor an object with a string in the field.
    NoText,
}

/// Texts that follow each other.
pub(crate) type Batch = Vec<Item>;

/// A file to read texts from, or standard input.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// None for standard input.
    path: Option<PathBuf>,
    form: InputForm,
}

impl Source {
    /// Checks that `path` can be read from at all; `-` is standard input.
    ///
    /// # Errors
    /// [`CliError::Io`] where there is nothing, [`CliError::Usage`] for a folder.
    pub(crate) fn new(path: &Path, form: Option<InputForm>) -> Result<Self, CliError> {
        if path.as_os_str() == "-" {
            return Ok(Self { path: None, form: form.unwrap_or(InputForm::Lines) });
        }
        if path.metadata().map_err(CliError::io(path))?.is_dir() {
            return Err(CliError::Usage(format!(
                "{} is a folder; name its files",
                one_line(&path.display().to_string())
            )));
        }
        let is_json = path.extension().is_some_and(|extension| extension == "jsonl" || extension == "ndjson");
        let usual = if is_json { InputForm::JsonLines } else { InputForm::Lines };
        Ok(Self { path: Some(path.to_owned()), form: form.unwrap_or(usual) })
    }

    /// Whether this is standard input.
    pub(crate) fn is_stdin(&self) -> bool {
        self.path.is_none()
    }

    /// The file.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    fn open(&self) -> Result<BufReader<Box<dyn Read>>, CliError> {
        let input: Box<dyn Read> = match &self.path {
            None => Box::new(io::stdin()),
            Some(path) => Box::new(File::open(path).map_err(CliError::io(path))?),
        };
        Ok(BufReader::with_capacity(1 << 16, input))
    }

    fn failed(&self) -> impl FnOnce(io::Error) -> CliError {
        CliError::io(self.path.clone().unwrap_or_else(|| PathBuf::from("-")))
    }
}

/// Begins to read. The last message is an error, or the sender's end; when the receiver goes away, reading stops.
///
/// # Errors
/// [`CliError::Io`] when no thread can be had.
pub(crate) fn read(
    sources: Vec<Source>,
    field: String,
) -> Result<Receiver<Result<Batch, CliError>>, CliError> {
    let (sender, receiver) = sync_channel(WAITING);
    let work = move || {
        let mut reader = Reader { field, sender, batch: Vec::new(), bytes: 0, index: 0 };
        let done = sources.iter().try_for_each(|source| reader.read(source));
        // Whoever went away wants nothing more, not even an error.
        let _ = match done {
            Ok(()) | Err(Stop::Unwanted) => reader.send(),
            Err(Stop::Failed(error)) => {
                reader.send().and_then(|()| reader.sender.send(Err(error)).map_err(|_| Stop::Unwanted))
            }
        };
    };
    std::thread::Builder::new().name("input".to_owned()).spawn(work).map_err(CliError::io("-"))?;
    Ok(receiver)
}

enum Stop {
    Failed(CliError),
    Unwanted,
}

struct Reader {
    field: String,
    sender: SyncSender<Result<Batch, CliError>>,
    batch: Batch,
    bytes: usize,
    index: u64,
}

impl Reader {
    fn read(&mut self, source: &Source) -> Result<(), Stop> {
        let mut input = source.open().map_err(Stop::Failed)?;
        let name: Arc<str> =
            source.path.as_ref().map_or("-".into(), |path| path.display().to_string().into());
        let mut buffer = Vec::new();
        let mut line = 0;
        loop {
            buffer.clear();
            let is_line = source.form != InputForm::Whole;
            let read =
                if is_line { read_line(&mut input, &mut buffer) } else { read_all(&mut input, &mut buffer) };
            let found = read.map_err(source.failed()).map_err(Stop::Failed)?;
            line += 1;
            let mut id = None;
            let text = match found {
                Found::End => return Ok(()),
                Found::TooLarge => Err(Unusable::TooLarge),
                Found::Bytes => to_text(&buffer, line == 1),
            };
            let text = match text {
                Ok(text) if is_line && text.trim().is_empty() => continue,
                Ok(text) if source.form == InputForm::JsonLines => {
                    parse_line(text, &self.field).map(|(text, found)| {
                        id = found;
                        text
                    })
                }
                text => text.map(str::to_owned),
            };
            let place = Place { source: Arc::clone(&name), line: is_line.then_some(line) };
            self.add(Item { index: self.index, place, id, text })?;
            if !is_line {
                return Ok(());
            }
            if source.is_stdin() && input.buffer().is_empty() {
                self.offer()?;
            }
        }
    }

    fn add(&mut self, item: Item) -> Result<(), Stop> {
        self.bytes += item.text.as_ref().map_or(0, String::len);
        self.batch.push(item);
        self.index += 1;
        if self.batch.len() >= BATCH_TEXTS || self.bytes >= BATCH_BYTES { self.send() } else { Ok(()) }
    }

    /// Gives away what there is before waiting for more, if it is wanted now: a pipe may be silent for long.
    fn offer(&mut self) -> Result<(), Stop> {
        if self.batch.is_empty() {
            return Ok(());
        }
        match self.sender.try_send(Ok(std::mem::take(&mut self.batch))) {
            Ok(()) => {
                self.bytes = 0;
                Ok(())
            }
            Err(TrySendError::Full(batch)) => {
                self.batch = batch.unwrap_or_default();
                Ok(())
            }
            Err(TrySendError::Disconnected(_)) => Err(Stop::Unwanted),
        }
    }

    fn send(&mut self) -> Result<(), Stop> {
        self.bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        self.sender.send(Ok(batch)).map_err(|_| Stop::Unwanted)
    }
}

enum Found {
    Bytes,
    TooLarge,
    End,
}

/// Reads a line without its end. Of one that is too long nothing is kept, and the rest is passed over.
fn read_line(input: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<Found> {
    let limit = MAX_TEXT_BYTES as u64 + 2;
    if input.take(limit).read_until(b'\n', line)? == 0 {
        return Ok(Found::End);
    }
    let is_whole = line.last() == Some(&b'\n');
    if is_whole {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    }
    if line.len() <= MAX_TEXT_BYTES {
        return Ok(Found::Bytes);
    }
    line.clear();
    if !is_whole {
        input.skip_until(b'\n')?;
    }
    Ok(Found::TooLarge)
}

fn read_all(input: &mut dyn BufRead, text: &mut Vec<u8>) -> io::Result<Found> {
    input.take(MAX_TEXT_BYTES as u64 + 1).read_to_end(text)?;
    Ok(if text.len() > MAX_TEXT_BYTES { Found::TooLarge } else { Found::Bytes })
}

/// The bytes as text, without the mark that some programs put at the beginning of a file.
fn to_text(bytes: &[u8], is_first: bool) -> Result<&str, Unusable> {
    let text = str::from_utf8(bytes).map_err(|error| Unusable::NotUtf8 { at: error.valid_up_to() })?;
    if let Some(at) = text.find('\0') {
        return Err(Unusable::Nul { at });
    }
    Ok(if is_first { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text })
}

/// The text of a line of JSON, and its id.
fn parse_line(line: &str, field: &str) -> Result<(String, Option<String>), Unusable> {
    let mut json = serde_json::Deserializer::from_str(line);
    let parsed = Line { field }.deserialize(&mut json).and_then(|parsed| json.end().map(|()| parsed));
    let (text, id) = parsed.map_err(|error| match error.classify() {
        // What the parser says of data may quote it.
        serde_json::error::Category::Data => Unusable::NoText,
        _ if error.to_string().contains("surrogate") || error.to_string().contains("hex escape") => {
            Unusable::LoneSurrogate { column: error.column() }
        }
        _ => Unusable::NotJson { column: error.column() },
    })?;
    match text.find('\0') {
        Some(at) => Err(Unusable::Nul { at }),
        None => Ok((text, id)),
    }
}

/// A string, or an object with one in a field. Everything else of the object is passed over without being kept.
struct Line<'a> {
    field: &'a str,
}

impl<'de> DeserializeSeed<'de> for Line<'_> {
    type Value = (String, Option<String>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Line<'_> {
    type Value = (String, Option<String>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok((text.to_owned(), None))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let (mut text, mut id) = (None, None);
        while let Some(name) = map.next_key::<String>()? {
            if name == self.field {
                let value: String = map.next_value()?;
                if text.replace(value).is_some() {
                    return Err(serde::de::Error::custom("the field is there twice"));
                }
            } else if name == "id" {
                id = map.next_value::<Id>()?.0;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        text.map(|text| (text, id)).ok_or_else(|| serde::de::Error::custom("the field is missing"))
    }
}

/// A string or a number, as JSON; anything else is passed over.
struct Id(Option<String>);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IdVisitor)
    }
}

struct IdVisitor;

impl<'de> Visitor<'de> for IdVisitor {
    type Value = Id;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id")
    }

    fn visit_str<E>(self, id: &str) -> Result<Id, E> {
        Ok(Id(Some(serde_json::Value::from(id).to_string())))
    }

    fn visit_u64<E>(self, id: u64) -> Result<Id, E> {
        Ok(Id(Some(id.to_string())))
    }

    fn visit_i64<E>(self, id: i64) -> Result<Id, E> {
        Ok(Id(Some(id.to_string())))
    }

    fn visit_f64<E>(self, id: f64) -> Result<Id, E> {
        Ok(Id(Some(serde_json::Value::from(id).to_string())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Id, E> {
        Ok(Id(None))
    }

    fn visit_unit<E>(self) -> Result<Id, E> {
        Ok(Id(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Id, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Id(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Id, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Id(None))
    }
}

impl Unusable {
    /// The stable name.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::NotUtf8 { .. } | Self::Nul { .. } => "cli/input-not-text",
            Self::TooLarge => "cli/input-too-large",
            Self::NotJson { .. } | Self::LoneSurrogate { .. } | Self::NoText => "cli/input-not-json",
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 { at } => write!(f, "not UTF-8 from byte {at} on"),
            Self::Nul { at } => write!(f, "a NUL character at byte {at} of the text"),
            Self::TooLarge => {
                write!(f, "over the limit of {} for a text and its line", bytes(MAX_TEXT_BYTES as u64))
            }
            Self::NotJson { column } => write!(f, "not JSON from column {column} on"),
            Self::LoneSurrogate { column } => {
                write!(f, "half a surrogate pair, or half an escape, at column {column}")
            }
            Self::NoText => f.write_str("neither a string nor an object with a string in the field"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", one_line(&self.source)),
            None => write!(f, "{}", one_line(&self.source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(bytes: &[u8], form: InputForm) -> Vec<Item> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("input");
        std::fs::write(&path, bytes).unwrap();
        let source = Source::new(&path, Some(form)).unwrap();
        read(vec![source], "text".to_owned()).unwrap().into_iter().flat_map(Result::unwrap).collect()
    }

    fn texts(bytes: &[u8], form: InputForm) -> Vec<Result<String, Unusable>> {
        items(bytes, form).into_iter().map(|item| item.text).collect()
    }

    #[test]
    fn lines_keep_their_numbers_and_empty_ones_are_passed_over() {
        let found = items("\u{feff}one\r\n\n  \ntwo\n three".as_bytes(), InputForm::Lines);
        let found: Vec<_> = found
            .iter()
            .map(|item| (item.index, item.place.line.unwrap(), item.text.clone().unwrap()))
            .collect();
        assert_eq!(found, [(0, 1, "one".into()), (1, 4, "two".into()), (2, 5, " three".into())]);
        assert!(items(b"", InputForm::Lines).is_empty());
        assert_eq!(texts(b"a\nb\n", InputForm::Whole), [Ok("a\nb\n".to_owned())]);
    }

    #[test]
    fn what_is_no_text_says_why_and_nothing_else() {
        let lines = texts(b"ok\n\xff\xfe\nwith \0 inside\nok", InputForm::Lines);
        assert_eq!(lines[1], Err(Unusable::NotUtf8 { at: 0 }));
        assert_eq!(lines[2], Err(Unusable::Nul { at: 5 }));
        assert_eq!(lines[3], Ok("ok".to_owned()));
        let json = texts(
            br#""plain"
{"text":"a","id":7,"more":[1,{"text":"no"}]}
{"text":"half \ud83d"}
{"text":"half \udc1d."}
{"text":"zero \u0000"}
{"text":5}
{"other":"secret words"}
{"text":"a","text":"b"}
["a"]
{"text":"a"
{"text":"a"} more
{"id":"x","text":"pair \ud83d\udc1d"}"#,
            InputForm::JsonLines,
        );
        assert_eq!(json[0], Ok("plain".to_owned()));
        assert_eq!(json[1], Ok("a".to_owned()));
        assert!(matches!(json[2], Err(Unusable::LoneSurrogate { .. })), "{:?}", json[2]);
        assert!(matches!(json[3], Err(Unusable::LoneSurrogate { .. })), "{:?}", json[3]);
        assert_eq!(json[4], Err(Unusable::Nul { at: 5 }));
        for bad in &json[5..=8] {
            assert_eq!(*bad, Err(Unusable::NoText));
        }
        assert!(matches!(json[9], Err(Unusable::NotJson { .. })));
        assert!(matches!(json[10], Err(Unusable::NotJson { .. })));
        assert_eq!(json[11], Ok("pair 🐝".to_owned()));
        assert!(json.iter().flatten().all(|text| !text.contains("secret")));
    }

    #[test]
    fn a_line_over_the_limit_is_passed_over_and_the_next_is_read() {
        let mut bytes = vec![b'x'; MAX_TEXT_BYTES + 5];
        bytes.extend_from_slice(b"\nnext\n");
        let found = texts(&bytes, InputForm::Lines);
        assert_eq!(found, [Err(Unusable::TooLarge), Ok("next".to_owned())]);
        bytes.truncate(MAX_TEXT_BYTES);
        assert_eq!(texts(&bytes, InputForm::Lines)[0].as_ref().unwrap().len(), MAX_TEXT_BYTES);
        bytes.extend_from_slice(b"xx");
        assert_eq!(texts(&bytes, InputForm::Whole), [Err(Unusable::TooLarge)]);
        bytes.pop();
        bytes[MAX_TEXT_BYTES] = b'\n';
        assert!(texts(&bytes, InputForm::Lines)[0].is_ok());
    }

    #[test]
    fn ids_are_repeated_as_json() {
        let found = items(
            b"{\"id\":\"a\\\"b\",\"text\":\"x\"}\n{\"id\":12,\"text\":\"x\"}\n{\"id\":null,\"text\":\"x\"}",
            InputForm::JsonLines,
        );
        let ids: Vec<_> = found.iter().map(|item| item.id.as_deref()).collect();
        assert_eq!(ids, [Some(r#""a\"b""#), Some("12"), None]);
    }
}
