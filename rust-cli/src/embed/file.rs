//! The output: standard output, or a file that is gone on with.
//!
//! A file is only ever appended to, except that an unfinished record at its end, which a killed run leaves, is cut off. Before the
//! first record is appended, every record that is there has been checked against its text.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrysalis_embedding::{Form, Space};

use crate::embed::args::Format;
use crate::embed::input::Item;
use crate::embed::records::{CHECK, HEADER_START, MAGIC, Records};
use crate::errors::CliError;
use crate::printable::one_line;

/// How often what was written is made durable.
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// The most bytes of a line behind its beginning: numbers of a vector with their commas, and the check.
const MAX_LINE_REST: u64 = 65_536 * 32;

/// Why a file cannot be gone on with. It was not changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum OutputProblem {
    /// Another process writes to it.
    Busy,
    /// A record, or the header, is not as it was written.
    Damaged { offset: u64, record: Option<u64> },
    /// What begins here is no record of the next text.
    Foreign { offset: u64 },
    /// It is of another provider, model, form or space.
    OtherSpace,
    /// There are no more texts, and more records.
    MoreThanTexts { offset: u64 },
}

/// Where records go.
pub(crate) enum Sink {
    Stdout(io::Stdout),
    File(OutputFile),
}

/// A file of records that this process alone writes to.
pub(crate) struct OutputFile {
    path: PathBuf,
    file: File,
    synced: Instant,
    /// What is there from earlier runs, while it is looked through.
    kept: Option<Kept>,
}

/// Reads the records of earlier runs beside the texts they should be of.
struct Kept {
    reader: BufReader<File>,
    /// Where the next record begins.
    offset: u64,
    length: u64,
    /// The header was not finished, so that there is no record.
    is_torn: bool,
}

impl OutputFile {
    /// Opens or makes the file, locks it, and checks its header.
    ///
    /// # Errors
    /// [`CliError::Io`]; [`CliError::Usage`] for what is no file; [`CliError::OutputFile`] for one that another process writes to, is damaged
    /// or is of something else.
    pub(crate) fn open(path: &Path, records: &mut Records) -> Result<Self, CliError> {
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return Err(CliError::Usage(format!(
                "{} is not a file; leave out --output to write to standard output",
                one_line(&path.display().to_string())
            )));
        }
        let io = || CliError::io(path);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path).map_err(io())?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(fail(path, OutputProblem::Busy)),
            Err(TryLockError::Error(error)) => return Err(io()(error)),
        }
        let length = file.metadata().map_err(io())?.len();
        let reader = BufReader::with_capacity(1 << 16, file.try_clone().map_err(io())?);
        let mut kept = Kept { reader, offset: 0, length, is_torn: false };
        if let Some(problem) = kept.read_header(records).map_err(io())? {
            return Err(fail(path, problem));
        }
        Ok(Self { path: path.to_owned(), file, synced: Instant::now(), kept: Some(kept) })
    }

    /// Whether the file holds the record of this text. After the first `false` nothing more is asked, and the file ends before that
    /// text.
    ///
    /// # Errors
    /// [`CliError::OutputFile`] when the next record is damaged or of something else; [`CliError::Io`].
    pub(crate) fn holds(&mut self, item: &Item, records: &mut Records) -> Result<bool, CliError> {
        let Some(kept) = &mut self.kept else { return Ok(false) };
        match kept.next(item, records).map_err(CliError::io(&self.path))? {
            Next::Held => Ok(true),
            Next::Problem(problem) => Err(fail(&self.path, problem)),
            Next::End => {
                self.begin_appending()?;
                Ok(false)
            }
        }
    }

    /// Ends the search when there are no more texts.
    ///
    /// # Errors
    /// [`CliError::OutputFile`] when the file holds more than the records of the texts.
    pub(crate) fn end_of_texts(&mut self) -> Result<(), CliError> {
        match &self.kept {
            Some(kept) if kept.offset < kept.length && !kept.is_torn => {
                Err(fail(&self.path, OutputProblem::MoreThanTexts { offset: kept.offset }))
            }
            Some(_) => self.begin_appending(),
            None => Ok(()),
        }
    }

    fn begin_appending(&mut self) -> Result<(), CliError> {
        let Some(kept) = self.kept.take() else { return Ok(()) };
        let at = kept.offset;
        if at < kept.length {
            self.file.set_len(at).map_err(CliError::io(&self.path))?;
        }
        self.file.seek(SeekFrom::Start(at)).map_err(CliError::io(&self.path))?;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8], records: &Records) -> io::Result<()> {
        if self.file.stream_position()? == 0 {
            self.file.write_all(&records.header())?;
        }
        self.file.write_all(bytes)?;
        if self.synced.elapsed() >= SYNC_EVERY {
            self.file.sync_data()?;
            self.synced = Instant::now();
        }
        Ok(())
    }
}

impl Sink {
    /// Appends whole records.
    ///
    /// # Errors
    /// [`CliError::Output`] for standard output, [`CliError::Io`] for a file.
    pub(crate) fn write(&mut self, bytes: &[u8], records: &Records, is_first: bool) -> Result<(), CliError> {
        match self {
            Self::Stdout(out) => {
                let mut out = out.lock();
                let header = if is_first { records.header() } else { Vec::new() };
                out.write_all(&header).and_then(|()| out.write_all(bytes)).map_err(CliError::Output)?;
                out.flush().map_err(CliError::Output)
            }
            Self::File(file) => {
                let path = file.path.clone();
                file.write(bytes, records).map_err(CliError::io(path))
            }
        }
    }

    /// Makes everything durable.
    ///
    /// # Errors
    /// [`CliError::Io`].
    pub(crate) fn finish(&mut self) -> Result<(), CliError> {
        let Self::File(file) = self else { return Ok(()) };
        file.file.sync_all().map_err(CliError::io(&file.path))?;
        sync_folder(&file.path).map_err(CliError::io(&file.path))
    }
}

/// What the file has in the place of a text's record.
enum Next {
    Held,
    /// Nothing, or a record that was not finished.
    End,
    Problem(OutputProblem),
}

impl Kept {
    /// Reads the header of a binary file; of JSON lines, what the first tells of the space. A header that was not finished counts as none.
    fn read_header(&mut self, records: &mut Records) -> io::Result<Option<OutputProblem>> {
        if self.length == 0 {
            return Ok(None);
        }
        if records.format() == Format::JsonLines {
            let start = self.reader.fill_buf()?;
            if start.starts_with(MAGIC) {
                return Ok(Some(OutputProblem::Foreign { offset: 0 }));
            }
            let mut line = Vec::new();
            self.reader.by_ref().take(MAX_LINE_REST).read_until(b'\n', &mut line)?;
            if line.ends_with(b"\n") && records.is_sound(0, &line) {
                records.learn_id(&line);
            }
            self.reader.rewind()?;
            return Ok(None);
        }
        let mut bytes = Vec::new();
        self.reader.by_ref().take(HEADER_START as u64).read_to_end(&mut bytes)?;
        if !bytes.starts_with(&MAGIC[..bytes.len().min(MAGIC.len())]) {
            return Ok(Some(OutputProblem::Foreign { offset: 0 }));
        }
        let rest = match bytes.last_chunk::<2>() {
            Some(length) if bytes.len() == HEADER_START => usize::from(u16::from_le_bytes(*length)) + CHECK,
            _ => 0,
        };
        self.reader.by_ref().take(rest as u64).read_to_end(&mut bytes)?;
        if bytes.len() < HEADER_START + rest || rest == 0 {
            // Only a header that goes on as ours would is one that was not finished. Where ours is not known, one whose length
            // contradicts what follows is damaged.
            let expected = records.header();
            let is_ours = if expected.is_empty() {
                let space = bytes.get(HEADER_START..).unwrap_or_default();
                (0..=space.len()).all(|end| end + CHECK == rest || Space::from_bytes(&space[..end]).is_err())
            } else {
                expected.starts_with(&bytes)
            };
            self.is_torn = is_ours;
            let damaged = OutputProblem::Damaged { offset: 0, record: None };
            return Ok((!is_ours).then_some(damaged));
        }
        let (body, check) = bytes.split_at(HEADER_START + rest - CHECK);
        let space = Space::from_bytes(&body[HEADER_START..]);
        let form = match body[MAGIC.len()] {
            0 => Some(Form::Document),
            1 => Some(Form::Query),
            _ => None,
        };
        let (Ok(space), Some(form), true) = (space, form, crc32c::crc32c(body).to_le_bytes() == *check)
        else {
            return Ok(Some(OutputProblem::Damaged { offset: 0, record: None }));
        };
        let is_ours = records.space_id().is_some() || records.is_of_model(&space);
        if form != records.form() || !is_ours || !records.learn(&Arc::new(space)) {
            return Ok(Some(OutputProblem::OtherSpace));
        }
        self.offset = bytes.len() as u64;
        Ok(None)
    }

    fn next(&mut self, item: &Item, records: &Records) -> io::Result<Next> {
        if self.offset == self.length || self.is_torn {
            return Ok(Next::End);
        }
        let damaged = OutputProblem::Damaged { offset: self.offset, record: Some(item.index) };
        let foreign = OutputProblem::Foreign { offset: self.offset };
        // Nothing told the space: what is there is no record, or not the whole of one.
        let Some(beginning) = records.beginning(item) else {
            let is_unfinished = records.format() == Format::Binary || self.is_unfinished_line()?;
            return Ok(if is_unfinished { Next::End } else { Next::Problem(foreign) });
        };
        let mut record = Vec::new();
        let is_whole = match records.record_length() {
            Some(length) if records.format() == Format::Binary => {
                self.reader.by_ref().take(length as u64).read_to_end(&mut record)?;
                record.len() == length
            }
            _ => {
                let limit = beginning.len() as u64 + MAX_LINE_REST;
                self.reader.by_ref().take(limit).read_until(b'\n', &mut record)?;
                record.ends_with(b"\n")
            }
        };
        let known = record.len().min(beginning.len());
        let is_of_item = record[..known] == beginning[..known];
        if !is_whole {
            let is_end = self.offset + record.len() as u64 == self.length;
            return Ok(if is_of_item && is_end { Next::End } else { Next::Problem(foreign) });
        }
        if !records.is_sound(item.index, &record) {
            // What begins with nothing of ours is somebody else's.
            let is_ours = is_of_item || self.offset > 0;
            return Ok(Next::Problem(if is_ours { damaged } else { foreign }));
        }
        if !is_of_item {
            return Ok(Next::Problem(foreign));
        }
        self.offset += record.len() as u64;
        Ok(Next::Held)
    }

    /// Whether what is left is one line that was not finished and begins as the first of ours would.
    fn is_unfinished_line(&mut self) -> io::Result<bool> {
        let mut rest = Vec::new();
        self.reader.by_ref().take(MAX_LINE_REST).read_to_end(&mut rest)?;
        let ours = b"{\"index\":0,\"source\":";
        let known = rest.len().min(ours.len());
        Ok(!rest.contains(&b'\n')
            && self.offset + rest.len() as u64 == self.length
            && rest[..known] == ours[..known])
    }
}

impl OutputProblem {
    /// The stable name.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Busy => "cli/output-busy",
            Self::Damaged { .. } => "cli/output-damaged",
            Self::Foreign { .. } | Self::OtherSpace | Self::MoreThanTexts { .. } => "cli/output-foreign",
        }
    }
}

impl fmt::Display for OutputProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("another process writes to this file"),
            Self::Damaged { offset, record: Some(record) } => {
                write!(f, "the record of text {} is damaged; it begins at byte {offset}", record + 1)
            }
            Self::Damaged { offset, record: None } => {
                write!(f, "the header is damaged; it begins at byte {offset}")
            }
            Self::Foreign { offset } => write!(
                f,
                "from byte {offset} on the file holds something else than the vectors of these texts by this model"
            ),
            Self::OtherSpace => f.write_str("the file holds vectors of another model or form"),
            Self::MoreThanTexts { offset } => {
                write!(f, "there is no text for what begins at byte {offset}")
            }
        }
    }
}

fn fail(path: &Path, problem: OutputProblem) -> CliError {
    CliError::OutputFile { path: path.to_owned(), problem }
}

/// Makes a new file's name durable; where folders cannot be opened, the system does that by itself.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use chrysalis_embedding::{Embedding, Normalisation};

    use super::*;
    use crate::embed::input::Place;
    use crate::embed::records::Made;

    const TEXTS: [&str; 4] = ["one", "two", "", "two"];

    fn space() -> Arc<Space> {
        Arc::new(Space::remote("test", "m", 3, "", Normalisation::AsGiven).unwrap())
    }

    fn records(format: Format) -> Records {
        Records::new(format, Form::Document, "test", "m", Some(space()))
    }

    fn items(texts: &[&str]) -> Vec<Item> {
        let item = |(index, text): (usize, &&str)| Item {
            index: index as u64,
            place: Place { source: "t".into(), line: Some(index as u64 + 1) },
            id: None,
            text: Ok((*text).to_owned()),
        };
        texts.iter().enumerate().map(item).collect()
    }

    /// A run on what is in the file: how many records were there, or why it stopped.
    fn run(path: &Path, texts: &[&str], mut records: Records) -> Result<usize, CliError> {
        let mut file = OutputFile::open(path, &mut records)?;
        let mut kept = 0;
        let mut missing = Vec::new();
        for item in items(texts) {
            if file.holds(&item, &mut records)? {
                assert!(missing.is_empty());
                kept += 1;
            } else {
                missing.push(item);
            }
        }
        file.end_of_texts()?;
        let mut sink = Sink::File(file);
        for item in missing {
            assert!(records.learn(&space()));
            let vector = Embedding::new(space(), vec![item.index as f32, 0.1, -1e-7]).unwrap();
            let mut out = Vec::new();
            records.write(&item, Made::Vector(&vector), &mut out);
            sink.write(&out, &records, false)?;
        }
        Ok(kept)
    }

    fn whole(path: &Path, format: Format) -> Vec<u8> {
        assert_eq!(run(path, &TEXTS, records(format)).unwrap(), 0);
        std::fs::read(path).unwrap()
    }

    /// A run that ended after any byte is gone on with, and ends with the same bytes, whether the space is known or not.
    #[test]
    fn every_torn_end_is_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        for format in [Format::JsonLines, Format::Binary] {
            std::fs::remove_file(&path).ok();
            let bytes = whole(&path, format);
            let mut most = 0;
            for length in 0..=bytes.len() {
                std::fs::write(&path, &bytes[..length]).unwrap();
                let kept = run(&path, &TEXTS, records(format)).unwrap();
                assert!(kept >= most, "more bytes never keep fewer records");
                most = kept;
                assert_eq!(std::fs::read(&path).unwrap(), bytes, "{format:?} {length}");
                std::fs::write(&path, &bytes[..length]).unwrap();
                let open = Records::new(format, Form::Document, "test", "m", None);
                assert_eq!(run(&path, &TEXTS, open).unwrap(), kept, "{format:?} {length}");
                assert_eq!(std::fs::read(&path).unwrap(), bytes);
            }
            assert_eq!(most, TEXTS.len());
        }
    }

    /// A changed byte anywhere is an error, and the file stays as it is.
    #[test]
    fn every_changed_byte_is_an_error_that_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        for format in [Format::JsonLines, Format::Binary] {
            std::fs::remove_file(&path).ok();
            let bytes = whole(&path, format);
            for at in 0..bytes.len() {
                for flip in [1, 0x80] {
                    let mut changed = bytes.clone();
                    changed[at] ^= flip;
                    std::fs::write(&path, &changed).unwrap();
                    for is_known in [true, false] {
                        let space = is_known.then(space);
                        let records = Records::new(format, Form::Document, "test", "m", space);
                        match run(&path, &TEXTS, records) {
                            Err(CliError::OutputFile { .. }) => {
                                assert_eq!(std::fs::read(&path).unwrap(), changed, "{format:?} {at}");
                            }
                            // The last line without its end is one that was not finished.
                            Ok(3) if format == Format::JsonLines && at + 1 == bytes.len() => {
                                assert_eq!(std::fs::read(&path).unwrap(), bytes);
                                std::fs::write(&path, &changed).unwrap();
                            }
                            other => panic!("{format:?} {at} {flip}: {other:?}"),
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_file_of_something_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        for format in [Format::JsonLines, Format::Binary] {
            std::fs::remove_file(&path).ok();
            let bytes = whole(&path, format);
            let code = |texts: &[&str], records| run(&path, texts, records).unwrap_err().code();
            assert_eq!(code(&["one", "other", "", "two"], records(format)), "cli/output-foreign");
            assert_eq!(code(&["one", "two", ""], records(format)), "cli/output-foreign");
            assert_eq!(code(&[], records(format)), "cli/output-foreign");
            let query = Records::new(format, Form::Query, "test", "m", Some(space()));
            assert_eq!(code(&TEXTS, query), "cli/output-foreign");
            let other = Arc::new(Space::remote("test", "m2", 3, "", Normalisation::AsGiven).unwrap());
            let other = Records::new(format, Form::Document, "test", "m2", Some(other));
            assert_eq!(code(&TEXTS, other), "cli/output-foreign");
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
            assert_eq!(run(&path, &["one", "two", "", "two", "five"], records(format)).unwrap(), 4);
            for foreign in ["hello\n", "hello", "{\"index\":0}\n", "CEF", "CEF1", "\n", "\0\0\0"] {
                if format == Format::Binary && "CEF1".starts_with(foreign) {
                    continue;
                }
                std::fs::write(&path, foreign).unwrap();
                let code = run(&path, &TEXTS, records(format)).unwrap_err().code();
                assert!(matches!(code, "cli/output-foreign" | "cli/output-damaged"), "{foreign}");
                assert_eq!(std::fs::read(&path).unwrap(), foreign.as_bytes());
            }
        }
    }

    #[test]
    fn one_process_writes_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let first = OutputFile::open(&path, &mut records(Format::JsonLines)).unwrap();
        let error = OutputFile::open(&path, &mut records(Format::JsonLines)).map(drop).unwrap_err();
        assert_eq!(error.code(), "cli/output-busy");
        drop(first);
        assert!(OutputFile::open(&path, &mut records(Format::JsonLines)).is_ok());
        assert!(matches!(
            OutputFile::open(folder.path(), &mut records(Format::Binary)),
            Err(CliError::Usage(_))
        ));
    }
}
