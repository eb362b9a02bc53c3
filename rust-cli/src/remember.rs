//! `chrysalis remember`: files, folders, standard input and texts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrysalis_journal::JournalError;
use chrysalis_memory::passage::Format;
use chrysalis_memory::{Document, EntryId, Memory, MemoryError, Note, Remembered};
use serde::Serialize;

use crate::args::Remember;
use crate::errors::{CliError, Outcome};
use crate::interrupt;
use crate::printable::{count, one_line};
use crate::reembed::embed_remembered;
use crate::session::Session;
use crate::walk::{Found, Root, SkipReason, Skips};

/// A batch is committed when it has this many documents …
const BATCH_DOCUMENTS: usize = 2000;
/// … or this many bytes of text, so that memory stays bounded and an interruption loses little.
const BATCH_BYTES: usize = 2 << 20;

/// How many skipped files are named on the terminal.
const SHOWN_SKIPS: usize = 5;

/// What a run remembered so far.
#[derive(Debug, Default)]
struct Progress {
    documents: u64,
    unchanged_documents: u64,
    added: u64,
    unchanged: u64,
    superseded: u64,
    skips: Skips,
    /// Files skipped that were named on the command line or in a warning of their own.
    refused: u64,
    /// The first of them, and why.
    first_refused: Option<String>,
}

/// The result as `--json` gives it.
#[derive(Serialize)]
struct Report<'a> {
    store: String,
    agent: &'a str,
    documents: u64,
    unchanged_documents: u64,
    added: u64,
    unchanged: u64,
    superseded: u64,
    skipped: u64,
    skipped_by_reason: BTreeMap<&'static str, u64>,
    skipped_examples: Vec<Skipped>,
    interrupted: bool,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ids: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Skipped {
    path: String,
    reason: &'static str,
}

/// Documents read and not yet committed.
#[derive(Default)]
struct Batch {
    documents: Vec<Document>,
    bytes: usize,
}

/// Runs the command.
///
/// # Errors
/// Any; what was committed before is on disk, and is reported before the error.
pub(crate) fn run(session: &mut Session, args: &Remember) -> Result<Outcome, CliError> {
    let started = Instant::now();
    if let Some(text) = &args.text {
        return remember_text(session, args, text, started);
    }
    let roots = roots(args)?;
    let from_stdin =
        if args.paths.iter().any(|path| is_stdin(path)) { Some(read_stdin(args)?) } else { None };
    interrupt::watch();
    let memory = open(session, args)?;
    let mut progress = Progress::default();
    let result = remember_all(session, args, &memory, &roots, from_stdin, &mut progress);
    let interrupted = interrupt::requested();
    report(session, &progress, interrupted, started, None)?;
    result?;
    embed_remembered(session, &memory);
    match (interrupted, progress.first_refused) {
        (true, _) => Ok(Outcome::Interrupted),
        (false, None) => Ok(Outcome::Done),
        (false, Some(first)) => Err(CliError::NotRemembered { refused: progress.refused, first }),
    }
}

/// The notes of a text that was said rather than read from a file: its passages, without places, because what is
/// said later under the same source does not continue it.
///
/// # Errors
/// As [`Document::to_notes`]; [`MemoryError::EmptyText`].
pub(crate) fn to_notes(text: &str, source: Option<&str>, tags: &[String]) -> Result<Vec<Note>, MemoryError> {
    let mut document = Document::new(source.unwrap_or_default(), text);
    document.format = Format::Markdown;
    document.tags = tags.to_vec();
    let notes = document.to_notes()?;
    if notes.is_empty() {
        return Err(MemoryError::EmptyText);
    }
    Ok(notes
        .into_iter()
        .map(|note| Note { source: source.map(str::to_owned), place: None, ..note })
        .collect())
}

fn remember_text(
    session: &mut Session,
    args: &Remember,
    text: &str,
    started: Instant,
) -> Result<Outcome, CliError> {
    let notes = to_notes(text, args.source.as_deref(), &args.tags)?;
    let memory = open(session, args)?;
    let ids = memory.remember(notes, args.namespace.as_deref())?;
    let progress = Progress { documents: 1, added: ids.len() as u64, ..Progress::default() };
    report(session, &progress, false, started, Some(&ids))?;
    embed_remembered(session, &memory);
    Ok(Outcome::Done)
}

/// The store, with the model where there is one and it is wanted.
fn open(session: &Session, args: &Remember) -> Result<Memory, CliError> {
    if args.no_embed { session.open_writing() } else { session.open_embedding() }
}

/// The files and folders named, each of which must exist and have sources of its own.
fn roots(args: &Remember) -> Result<Vec<Root>, CliError> {
    if args.name.is_some() && args.paths.len() != 1 {
        return Err(CliError::Usage(
            "--as names the sources of one PATH; remember the others in runs of their own".to_owned(),
        ));
    }
    let has_stdin = args.paths.iter().any(|path| is_stdin(path));
    if has_stdin && args.source.is_none() {
        return Err(CliError::Usage("`-` needs --source NAME, by which the text is known".to_owned()));
    }
    if !has_stdin && args.source.is_some() {
        return Err(CliError::Usage(
            "--source names standard input or --text; use --as NAME for a PATH".to_owned(),
        ));
    }
    let mut names: BTreeSet<String> = args.source.iter().cloned().collect();
    let mut roots = Vec::new();
    for path in args.paths.iter().filter(|path| !is_stdin(path)) {
        let root = Root::new(path, args.name.as_deref())?;
        // Sources of two roots with one name would supersede each other.
        if !names.insert(root.name.clone()) {
            return Err(CliError::Usage(format!(
                "two of the paths have sources that begin with `{}`; remember them in two runs, one with --as NAME",
                one_line(&root.name)
            )));
        }
        roots.push(root);
    }
    Ok(roots)
}

fn remember_all(
    session: &Session,
    args: &Remember,
    memory: &Memory,
    roots: &[Root],
    from_stdin: Option<Document>,
    progress: &mut Progress,
) -> Result<(), CliError> {
    let length = session.out.shows_progress().then(|| {
        let files = roots.iter().map(|root| root.walk(args.include_hidden, &session.store).count());
        files.sum::<usize>() as u64
    });
    let bar = session.out.progress(length, "files");
    let mut batch = Batch::default();
    if let Some(document) = from_stdin {
        batch.add(document, args);
    }
    for root in roots {
        for found in root.walk(args.include_hidden, &session.store) {
            if interrupt::requested() {
                break;
            }
            bar.inc(1);
            match read(found, args) {
                Ok((document, skip)) => {
                    if let Some(reason) = skip {
                        progress.skip(session, root, PathBuf::from(&document.source), reason);
                    }
                    batch.add(document, args);
                }
                Err((path, reason)) => progress.skip(session, root, path, reason),
            }
            if batch.documents.len() >= BATCH_DOCUMENTS || batch.bytes >= BATCH_BYTES {
                progress.commit(session, memory, args, &mut batch)?;
            }
        }
    }
    let committed = progress.commit(session, memory, args, &mut batch);
    bar.finish_and_clear();
    committed
}

/// Reads a file. An empty one is a document too, because it supersedes what it held before; it is counted as
/// skipped all the same.
fn read(found: Found, args: &Remember) -> Result<(Document, Option<SkipReason>), (PathBuf, SkipReason)> {
    let (path, source) = match found {
        Found::File { path, source } => (path, source),
        Found::Skipped { path, reason } => return Err((path, reason)),
    };
    match Document::read(&path, source, args.max_file_size) {
        Ok(document) if document.text.trim().is_empty() => Ok((document, Some(SkipReason::Empty))),
        Ok(document) => Ok((document, None)),
        Err(MemoryError::TooLarge { .. }) => Err((path, SkipReason::TooLarge)),
        Err(MemoryError::SecretKey) => Err((path, SkipReason::KeyFile)),
        Err(MemoryError::NotText(_)) => Err((path, SkipReason::NotText)),
        Err(_) => Err((path, SkipReason::Unreadable)),
    }
}

fn read_stdin(args: &Remember) -> Result<Document, CliError> {
    let limit = args.max_file_size;
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(CliError::io("-"))?;
    if bytes.len() as u64 > limit {
        return Err(CliError::InputTooLarge { limit });
    }
    let text = String::from_utf8(bytes).map_err(|_| CliError::InputNotText)?;
    if text.contains('\0') {
        return Err(CliError::InputNotText);
    }
    if text.trim().is_empty() {
        return Err(MemoryError::EmptyText.into());
    }
    let document = Document::new(args.source.clone().unwrap_or_default(), text);
    document.check()?;
    Ok(document)
}

/// Whether what was given is over a limit, of an entry or of a commit.
fn is_too_large(error: &MemoryError) -> bool {
    matches!(error, MemoryError::TooLarge { .. } | MemoryError::Journal(JournalError::TooLarge { .. }))
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl Batch {
    fn add(&mut self, mut document: Document, args: &Remember) {
        document.tags.clone_from(&args.tags);
        self.bytes += document.text.len();
        self.documents.push(document);
    }
}

impl Progress {
    fn skip(&mut self, session: &Session, root: &Root, path: PathBuf, reason: SkipReason) {
        // The folder itself, when it cannot be listed.
        if root.is_file || path == root.path {
            self.refuse(session, &root.path.display().to_string(), &reason);
        }
        self.skips.add(path, reason);
    }

    fn refuse(&mut self, session: &Session, path: &str, reason: &dyn Display) {
        let path = one_line(path);
        session.out.warn(format_args!("{path}: {reason}; nothing of it was remembered"));
        self.refused += 1;
        self.first_refused.get_or_insert_with(|| format!("{path}: {reason}"));
    }

    /// Commits the batch. Documents that no entry can hold are skipped one by one.
    fn commit(
        &mut self,
        session: &Session,
        memory: &Memory,
        args: &Remember,
        batch: &mut Batch,
    ) -> Result<(), CliError> {
        let documents = std::mem::take(batch).documents;
        if documents.is_empty() {
            return Ok(());
        }
        let namespace = args.namespace.as_deref();
        match memory.remember_documents(&documents, namespace) {
            Err(error) if is_too_large(&error) => {}
            done => {
                self.add(&done?);
                return Ok(());
            }
        }
        for document in &documents {
            match memory.remember_documents(std::slice::from_ref(document), namespace) {
                Err(error) if is_too_large(&error) => {
                    self.refuse(session, &document.source, &error);
                    self.skips.add(PathBuf::from(&document.source), SkipReason::BeyondLimits);
                }
                done => self.add(&done?),
            }
        }
        Ok(())
    }

    fn add(&mut self, done: &Remembered) {
        self.documents += done.documents;
        self.unchanged_documents += done.unchanged_documents;
        self.added += done.ids.len() as u64;
        self.unchanged += done.unchanged;
        self.superseded += done.superseded;
    }
}

fn report(
    session: &mut Session,
    progress: &Progress,
    interrupted: bool,
    started: Instant,
    ids: Option<&[EntryId]>,
) -> Result<(), CliError> {
    let skips = &progress.skips;
    let seconds = started.elapsed().as_secs_f64();
    let ids: Option<Vec<String>> = ids.map(|ids| ids.iter().map(EntryId::to_string).collect());
    let report = Report {
        store: session.store.display().to_string(),
        agent: &session.agent,
        documents: progress.documents,
        unchanged_documents: progress.unchanged_documents,
        added: progress.added,
        unchanged: progress.unchanged,
        superseded: progress.superseded,
        skipped: skips.total(),
        skipped_by_reason: skips.counts.iter().map(|(reason, count)| (reason.as_str(), *count)).collect(),
        skipped_examples: skips
            .examples
            .iter()
            .map(|(path, reason)| Skipped { path: path.display().to_string(), reason: reason.as_str() })
            .collect(),
        interrupted,
        seconds,
        ids,
    };
    session.out.result(&report, |out| {
        if interrupted {
            out.summary("stopped as asked; everything counted here is on disk")?;
        }
        let documents = count(progress.documents, "document", "documents");
        out.summary(format_args!(
            "remembered {} from {documents} ({} unchanged, {} superseded) in {seconds:.2} s, {:.0} documents/s",
            count(progress.added, "passage", "passages"),
            progress.unchanged,
            progress.superseded,
            progress.documents as f64 / seconds.max(1e-9),
        ))?;
        if let Some(ids) = &report.ids {
            for id in ids {
                out.line(id)?;
            }
        }
        // Those named on their own were told of already.
        if skips.total() > progress.refused {
            out.note(format_args!("skipped {}: {}", count(skips.total(), "file", "files"), skips.summary()));
            for (path, reason) in skips.examples.iter().take(SHOWN_SKIPS) {
                out.note(format_args!("  {}: {reason}", one_line(&path.display().to_string())));
            }
            let unnamed = skips.total().saturating_sub(SHOWN_SKIPS as u64);
            if unnamed > 0 {
                out.note(format_args!("  and {unnamed} more"));
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_has_no_place_and_keeps_its_words() {
        let notes = to_notes("One thing.", Some("chat"), &["b".into(), "a".into()]).unwrap();
        assert_eq!(notes.len(), 1);
        assert_eq!((notes[0].source.as_deref(), &notes[0].place), (Some("chat"), &None));
        assert_eq!(notes[0].tags, ["a", "b"]);
        let long: String = (0..2000).map(|i| format!("Sentence number {i} says something.\n\n")).collect();
        let notes = to_notes(&long, None, &[]).unwrap();
        assert!(notes.len() > 1);
        assert!(notes.iter().all(|note| note.source.is_none() && note.place.is_none()));
        assert!(notes.iter().any(|note| note.text.contains("number 1999 ")));
        assert!(matches!(to_notes(" \n", None, &[]), Err(MemoryError::EmptyText)));
    }
}
