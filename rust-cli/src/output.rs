//! Where commands print: results to standard output, everything else to standard error.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::ColorChoice;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::errors::{CliError, Outcome};
use crate::printable::{harmless_json, one_line};

/// What stands out: headings and sources.
pub(crate) const STRONG: Style = Style::new().bold();
/// What steps back: ids and times.
pub(crate) const DIM: Style = Style::new().dimmed();
/// Words that match the query.
pub(crate) const MATCH: Style = AnsiColor::Yellow.on_default().bold();
/// Good news.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// News to look at.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
/// Bad news.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();

/// The two streams and how the user wants them.
pub(crate) struct Output {
    json: bool,
    quiet: bool,
    color: ColorChoice,
    stdout: AutoStream<io::Stdout>,
}

impl Output {
    pub(crate) fn new(json: bool, quiet: bool, color: ColorChoice) -> Self {
        Self { json, quiet, color, stdout: AutoStream::new(io::stdout(), choice(color)) }
    }

    /// Whether results are JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints one line of a result.
    ///
    /// # Errors
    /// [`CliError::Output`].
    pub(crate) fn line(&mut self, line: impl fmt::Display) -> Result<(), CliError> {
        writeln!(self.stdout, "{line}").map_err(CliError::Output)
    }

    /// Prints a result as one line of JSON.
    ///
    /// # Errors
    /// [`CliError::Output`].
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), CliError> {
        let json = serde_json::to_string(value).map_err(|error| CliError::Output(error.into()))?;
        self.line(harmless_json(&json))
    }

    /// Prints `value` where JSON was asked for, else what `text` prints.
    ///
    /// # Errors
    /// [`CliError::Output`].
    pub(crate) fn result(
        &mut self,
        value: &impl Serialize,
        text: impl FnOnce(&mut Self) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        if self.json { self.json(value) } else { text(self) }
    }

    /// Prints a summary: a line that `--quiet` leaves out.
    ///
    /// # Errors
    /// [`CliError::Output`].
    pub(crate) fn summary(&mut self, line: impl fmt::Display) -> Result<(), CliError> {
        if self.quiet { Ok(()) } else { self.line(line) }
    }

    /// Tells something beside the result, on standard error, unless `--quiet` or `--json`: with JSON, standard error
    /// holds the error object or nothing.
    pub(crate) fn note(&self, line: impl fmt::Display) {
        if !self.quiet && !self.json {
            self.error_line(format_args!("{line}"));
        }
    }

    /// Tells of something that was left out or looks wrong, unless `--json`, whose results say so themselves.
    pub(crate) fn warn(&self, line: impl fmt::Display) {
        if !self.json {
            self.error_line(format_args!("{WARN}warning:{WARN:#} {line}"));
        }
    }

    /// Prints the error that ends the command.
    pub(crate) fn error(&self, error: &CliError) {
        if self.json {
            let message = error.to_string();
            let mut value = serde_json::json!({"error": {"code": error.code(), "message": message}});
            if let Some(hint) = error.hint() {
                value["error"]["hint"] = hint.into();
            }
            self.error_line(harmless_json(&value.to_string()));
            return;
        }
        let message = error.to_string();
        self.error_line(format_args!("{BAD}error:{BAD:#} {} [{}]", one_line(&message), error.code()));
        if let Some(hint) = error.hint() {
            self.error_line(format_args!("{DIM}hint:{DIM:#} {hint}"));
        }
    }

    /// A progress display on the terminal; hidden where there is none, with `--quiet` and with `--json`.
    pub(crate) fn progress(&self, length: Option<u64>, what: &'static str) -> ProgressBar {
        if !self.shows_progress() {
            return ProgressBar::hidden();
        }
        let template = match length {
            Some(_) => "{msg} [{bar:30}] {human_pos}/{human_len} {per_sec} {eta}",
            None => "{spinner} {msg} {human_pos} {per_sec}",
        };
        let style = ProgressStyle::with_template(template).expect("the templates above are well-formed");
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr())
            .with_style(style.progress_chars("=> "));
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    /// Tells that something takes a while; hidden where [`progress`](Self::progress) is.
    pub(crate) fn busy(&self, what: &'static str) -> ProgressBar {
        if !self.shows_progress() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{spinner} {msg} …").expect("the template is well-formed");
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style);
        bar.set_message(what);
        bar.tick();
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    /// Whether [`progress`](Self::progress) shows anything.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.quiet && !self.json && io::stderr().is_terminal()
    }

    /// Whether there is somebody to ask: a terminal, and no `--json`, which leaves no place for a question.
    pub(crate) fn can_ask(&self) -> bool {
        !self.json && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks on the terminal; only `y` and `yes` are a yes.
    ///
    /// # Errors
    /// [`CliError::NotConfirmed`] where nobody [can be asked](Self::can_ask).
    pub(crate) fn confirm(&self, question: impl fmt::Display) -> Result<bool, CliError> {
        if !self.can_ask() {
            return Err(CliError::NotConfirmed);
        }
        let mut stderr = AutoStream::new(io::stderr(), choice(self.color));
        let asked = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
        let mut answer = String::new();
        let read = asked.and_then(|()| io::stdin().read_line(&mut answer));
        read.map_err(|_| CliError::NotConfirmed)?;
        Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    /// Flushes what was printed.
    ///
    /// # Errors
    /// [`CliError::Output`].
    pub(crate) fn finish(&mut self, outcome: Outcome) -> Result<Outcome, CliError> {
        self.stdout.flush().map_err(CliError::Output)?;
        Ok(outcome)
    }

    fn error_line(&self, line: impl fmt::Display) {
        // When standard error is gone too there is nobody left to tell.
        let _ = writeln!(AutoStream::new(io::stderr(), choice(self.color)), "{line}");
    }
}

fn choice(color: ColorChoice) -> anstream::ColorChoice {
    match color {
        ColorChoice::Auto => anstream::ColorChoice::Auto,
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    }
}
