//! `chrysalis embed`: texts to vectors, in order, in a file that is gone on with after any interruption.
//!
//! Texts are read in batches, those whose records the output holds are passed over, and of the others a few calls are under way at
//! a time. Only whole records are written, in the order of the texts, and nothing behind a text that failed.

pub(crate) mod args;
mod file;
mod input;
mod records;
mod service;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use chrysalis_embedding::service::{BlockingService, PendingCall};
use chrysalis_embedding::{CallOptions, EmbeddingError, Form, Outcome as Vector};
use indicatif::ProgressBar;
use serde_json::json;

pub(crate) use self::file::OutputProblem;
pub(crate) use self::input::Unusable;

use self::args::{Embed, Format};
use self::file::{OutputFile, Sink};
use self::input::{Batch, Item, Source};
use self::records::{Made, Records};
use crate::errors::{CliError, Outcome};
use crate::interrupt;
use crate::printable::{count, one_line};
use crate::session::Session;

/// How long is waited for something before Ctrl-C is looked at.
const PATIENCE: Duration = Duration::from_millis(50);
/// How many texts that failed are named.
const SHOWN_FAILURES: u64 = 5;

/// Why a text has no vector.
#[derive(Debug)]
pub(crate) enum TextError {
    /// It is none.
    Unusable(Unusable),
    /// The provider gave none.
    Embedding(EmbeddingError),
    /// The provider gave one in another space than the file is of.
    OtherSpace,
}

/// Runs the command.
///
/// # Errors
/// Any; the records that were written before it are on disk, and the next run goes on from them.
pub(crate) fn run(session: &mut Session, args: &Embed) -> Result<Outcome, CliError> {
    let started = Instant::now();
    let sources = sources(session, args)?;
    interrupt::watch();
    let busy = session.out.busy("loading the model");
    let made = service::make(session, args);
    busy.finish_and_clear();
    let maker = made?;
    let described = service::describe(&maker.service)?;
    let form = if args.query { Form::Query } else { Form::Document };
    let mut records =
        Records::new(args.format, form, &described.provider, &described.model, described.space.clone());
    let sink = match &args.output {
        Some(path) => Sink::File(OutputFile::open(path, &mut records)?),
        None => Sink::Stdout(io::stdout()),
    };
    let space = records.space_id().map_or_else(String::new, |id| format!(", space {}", &id[..16]));
    let size = described
        .space
        .as_ref()
        .map_or_else(String::new, |space| format!(", {} numbers", space.dimensions()));
    let model = format!("{} {}{size}{space}", described.provider, described.model);
    session.out.note(one_line(&model));
    let bar = session.out.progress(None, "texts");
    let mut work = Work {
        service: &maker.service,
        calls: VecDeque::new(),
        most_calls: maker.calls,
        options: CallOptions { form, is_batch: true, deadline: None },
        skips_failed: args.skip_failed,
        records,
        sink,
        bar,
        done: Counts::default(),
        failures: Vec::new(),
    };
    let result = input::read(sources, args.field.clone()).and_then(|texts| work.go(&texts));
    let interrupted = interrupt::requested();
    // What was written is made durable, whatever went wrong; of two errors the first is told.
    let finished = work.sink.finish();
    let result = result.and(finished);
    work.bar.finish_and_clear();
    for failure in &work.failures {
        session.out.warn(failure);
    }
    let unnamed = work.done.failed.saturating_sub(SHOWN_FAILURES);
    if unnamed > 0 {
        session.out.warn(format_args!("and {unnamed} more texts without a vector"));
    }
    if result.is_ok() || work.done.embedded > 0 {
        report(session, args, &work, interrupted, started)?;
    }
    result?;
    if !interrupted && work.done.is_nothing() {
        session.out.warn("the inputs hold no text");
    }
    Ok(match work.done {
        _ if interrupted => Outcome::Interrupted,
        Counts { failed: 1.., .. } => Outcome::Partial,
        done if done.is_nothing() => Outcome::Negative,
        _ => Outcome::Done,
    })
}

/// What the texts are read from.
fn sources(session: &Session, args: &Embed) -> Result<Vec<Source>, CliError> {
    if args.skip_failed && args.format == Format::Binary {
        return Err(CliError::Usage(
            "--skip-failed needs --format json-lines: binary records have no place for an error".to_owned(),
        ));
    }
    for (option, path) in [("--output", &args.output), ("--cache", &args.cache)] {
        if path.as_ref().is_some_and(|path| path.as_os_str().is_empty()) {
            return Err(CliError::Usage(format!("{option} is empty")));
        }
    }
    let named: Vec<Source> =
        args.inputs.iter().map(|path| Source::new(path, args.input)).collect::<Result<_, _>>()?;
    let sources = if named.is_empty() { vec![Source::new("-".as_ref(), args.input)?] } else { named };
    let stdins = sources.iter().filter(|source| source.is_stdin()).count();
    if stdins > 1 {
        return Err(CliError::Usage("standard input can be read once".to_owned()));
    }
    if stdins > 0 && args.vault_key.is_some() && args.opening.password_stdin {
        return Err(CliError::Usage(
            "standard input holds the texts, so the vault's password cannot come from there too".to_owned(),
        ));
    }
    if stdins > 0 && session.out.shows_progress() && io::IsTerminal::is_terminal(&io::stdin()) {
        session.out.note("reading texts from the terminal, one a line; end with Ctrl-D");
    }
    if let Some(output) = args.output.as_ref().and_then(|path| path.canonicalize().ok())
        && sources
            .iter()
            .filter_map(Source::path)
            .any(|path| path.canonicalize().is_ok_and(|path| path == output))
    {
        return Err(CliError::Usage("--output names one of the inputs".to_owned()));
    }
    Ok(sources)
}

/// Texts by what became of them.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    /// Their records were there.
    kept: u64,
    embedded: u64,
    /// Records with an error, of this run.
    failed: u64,
}

impl Counts {
    fn is_nothing(self) -> bool {
        self.kept + self.embedded + self.failed == 0
    }
}

/// A run under way.
struct Work<'a> {
    service: &'a BlockingService,
    calls: VecDeque<Called>,
    most_calls: usize,
    options: CallOptions,
    skips_failed: bool,
    records: Records,
    sink: Sink,
    bar: ProgressBar,
    done: Counts,
    /// The first of the texts that failed, and why.
    failures: Vec<String>,
}

/// Texts whose vectors are being made.
struct Called {
    items: Vec<Item>,
    /// None where no text of the batch can be used.
    call: Option<PendingCall>,
}

impl Work<'_> {
    fn go(&mut self, texts: &Receiver<Result<Batch, CliError>>) -> Result<(), CliError> {
        let mut is_open = true;
        while is_open || !self.calls.is_empty() {
            is_open &= !interrupt::requested();
            if is_open && self.calls.len() < self.most_calls {
                // Nothing to wait for but texts, or else a glance whether there are any.
                let next = if self.calls.is_empty() {
                    texts.recv_timeout(PATIENCE)
                } else {
                    texts.try_recv().map_err(|error| match error {
                        TryRecvError::Empty => RecvTimeoutError::Timeout,
                        TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                    })
                };
                match next {
                    Ok(batch) => {
                        match batch {
                            Ok(batch) => self.take(batch)?,
                            Err(error) => {
                                self.finish_calls()?;
                                return Err(error);
                            }
                        }
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => {
                        is_open = false;
                        if let Sink::File(file) = &mut self.sink {
                            file.end_of_texts()?;
                        }
                        continue;
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                }
            }
            self.look_at_first_call(PATIENCE)?;
        }
        Ok(())
    }

    /// Starts a call for the texts of a batch that the output does not hold.
    fn take(&mut self, mut batch: Batch) -> Result<(), CliError> {
        if let Sink::File(file) = &mut self.sink {
            let mut held = 0;
            while held < batch.len() && file.holds(&batch[held], &mut self.records)? {
                held += 1;
            }
            batch.drain(..held);
            self.done.kept += held as u64;
            self.bar.inc(held as u64);
        }
        if batch.is_empty() {
            return Ok(());
        }
        let texts: Vec<&str> = batch.iter().filter_map(|item| item.text.as_deref().ok()).collect();
        let call = if texts.is_empty() {
            None
        } else {
            Some(self.service.start(&texts, self.options).map_err(CliError::Embedding)?)
        };
        self.calls.push_back(Called { items: batch, call });
        Ok(())
    }

    /// Waits for what is under way and writes it.
    fn finish_calls(&mut self) -> Result<(), CliError> {
        while !self.calls.is_empty() {
            self.look_at_first_call(PATIENCE)?;
        }
        Ok(())
    }

    /// Writes the records of the oldest call if it is done in time.
    fn look_at_first_call(&mut self, longest: Duration) -> Result<(), CliError> {
        let Some(first) = self.calls.front_mut() else { return Ok(()) };
        let vectors = match &mut first.call {
            None => Vec::new(),
            Some(call) => match call.wait_for(longest).map_err(CliError::Embedding)? {
                None => return Ok(()),
                Some(vectors) => vectors,
            },
        };
        let items = self.calls.pop_front().map(|called| called.items).unwrap_or_default();
        self.write(&items, vectors)
    }

    /// Writes the records of a call, up to the first that failed, unless those are passed over.
    fn write(&mut self, items: &[Item], vectors: Vec<Vector>) -> Result<(), CliError> {
        let is_first = self.done.embedded + self.done.failed == 0;
        let mut out = Vec::new();
        let mut vectors = vectors.into_iter().map(|outcome| outcome.result);
        let results: Vec<_> = items
            .iter()
            .map(|item| match &item.text {
                Err(why) => Err(TextError::Unusable(*why)),
                Ok(_) => {
                    let result = vectors.next().unwrap_or(Err(EmbeddingError::Closed));
                    result.map_err(TextError::Embedding)
                }
            })
            .collect();
        // A batch that begins with a failure may be the first to tell the space.
        for (item, result) in items.iter().zip(&results) {
            if let Ok(vector) = result
                && !self.records.learn(vector.space())
            {
                return Err(text_error(item, TextError::OtherSpace));
            }
        }
        for (item, result) in items.iter().zip(results) {
            match result {
                Ok(vector) => {
                    self.records.write(item, Made::Vector(&vector), &mut out);
                    self.done.embedded += 1;
                }
                Err(error)
                    if self.skips_failed
                        && error.is_about_the_text()
                        && self.records.space_id().is_some() =>
                {
                    self.records.write(item, Made::Failed(error.code()), &mut out);
                    self.done.failed += 1;
                    if self.done.failed <= SHOWN_FAILURES {
                        self.failures.push(format!("{}: {error}; it has no vector", item.place));
                    }
                }
                Err(error) => {
                    self.sink.write(&out, &self.records, is_first)?;
                    return Err(text_error(item, error));
                }
            }
            self.bar.inc(1);
        }
        self.sink.write(&out, &self.records, is_first)
    }
}

fn text_error(item: &Item, error: TextError) -> CliError {
    CliError::Text { place: item.place.to_string(), number: item.index + 1, error }
}

fn report(
    session: &mut Session,
    args: &Embed,
    work: &Work<'_>,
    interrupted: bool,
    started: Instant,
) -> Result<(), CliError> {
    let seconds = started.elapsed().as_secs_f64();
    let Counts { kept, embedded, failed } = work.done;
    let telemetry = work.service.service().map_err(CliError::Embedding)?.telemetry();
    let lane = telemetry.lanes.first().cloned().unwrap_or_default();
    let texts = count(embedded, "text", "texts");
    let rate = embedded as f64 / seconds.max(1e-9);
    let mut line = format!("embedded {texts} in {seconds:.2} s, {rate:.0} texts/s");
    if embedded + failed == 0 && kept > 0 && !interrupted {
        line = format!("nothing to do: {} there already", count(kept, "vector was", "vectors were"));
    } else if kept > 0 {
        line.push_str(&format!("; {} there already", count(kept, "was", "were")));
    }
    if failed > 0 {
        line.push_str(&format!("; {failed} without a vector"));
    }
    let Some(output) = &args.output else {
        // Standard output holds the vectors.
        session.out.note(line);
        return Ok(());
    };
    let value = json!({
        "output": output.display().to_string(),
        "texts": kept + embedded + failed,
        "embedded": embedded,
        "kept": kept,
        "failed": failed,
        "provider": lane.provider,
        "model": lane.model,
        "dimensions": work.records.dimensions(),
        "space": work.records.space_id(),
        "tokens": if lane.tokens_reported > 0 { lane.tokens_reported } else { lane.tokens_counted },
        "requests": lane.attempts,
        "cost_usd": lane.cost,
        "interrupted": interrupted,
        "seconds": seconds,
    });
    session.out.result(&value, |out| {
        if interrupted {
            out.summary("stopped as asked; the same command goes on from here")?;
        }
        out.summary(&line)
    })
}

impl TextError {
    /// The stable name.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Unusable(why) => why.code(),
            Self::Embedding(error) => error.code(),
            Self::OtherSpace => "cli/output-foreign",
        }
    }

    /// Whether the same text would fail again, and another might not.
    fn is_about_the_text(&self) -> bool {
        match self {
            Self::Unusable(_) => true,
            Self::Embedding(EmbeddingError::Provider(error)) => {
                matches!(error.status, Some(400 | 413 | 422))
                    || error.problem == chrysalis_embedding::Problem::NotFinite
            }
            Self::Embedding(error) => matches!(
                error,
                EmbeddingError::EmptyText
                    | EmbeddingError::TextTooLong { .. }
                    | EmbeddingError::TextTooLarge { .. }
                    | EmbeddingError::NotFinite { .. }
            ),
            Self::OtherSpace => false,
        }
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(why) => why.fmt(f),
            Self::Embedding(error) => error.fmt(f),
            Self::OtherSpace => {
                f.write_str("the provider's vectors lie in another space than those of the output")
            }
        }
    }
}
