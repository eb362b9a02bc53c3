//! The `chrysalis` command: memory for agents, on the command line and over MCP.
#![forbid(unsafe_code)]

mod args;
mod demo;
mod doctor;
mod embed;
mod entries;
mod errors;
mod forget;
mod identity;
mod interrupt;
mod mcp;
mod merge;
mod output;
mod printable;
mod recall;
mod reembed;
mod remember;
mod session;
mod status;
mod tokens;
mod trust;
mod vault;
mod verify;
mod walk;

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ColorChoice, Parser};

use crate::args::{Cli, Command};
use crate::errors::{CliError, Outcome};
use crate::output::Output;
use crate::session::Session;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_understood(&error),
    };
    let (json, quiet, color) = (cli.global.json, cli.global.quiet, cli.global.color);
    match Session::new(cli.global, Output::new(json, quiet, color))
        .and_then(|session| run(session, cli.command))
    {
        Ok(outcome) => ExitCode::from(outcome.exit_code()),
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            Output::new(json, quiet, color).error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(mut session: Session, command: Command) -> Result<Outcome, CliError> {
    let session = &mut session;
    let outcome = match command {
        Command::Remember(args) => remember::run(session, &args),
        Command::Recall(args) => recall::run(session, &args),
        Command::Show(args) => recall::show(session, &args),
        Command::Forget(args) => forget::run(session, &args),
        Command::Merge(args) => merge::run(session, &args),
        Command::Verify(_) => verify::run(session),
        Command::VerifyProof(args) => verify::proofs(session, &args),
        Command::Identity(args) => identity::run(session, args.action.as_ref()),
        Command::Trust(args) => trust::run(session, &args.action),
        Command::Namespaces(args) => trust::namespaces(session, args.action.as_ref()),
        Command::Status(_) => status::run(session),
        Command::Doctor(_) => doctor::run(session),
        Command::Demo(_) => demo::run(session),
        Command::Reembed(args) => reembed::run(session, &args),
        Command::Embed(args) => embed::run(session, &args),
        Command::Tokens(args) => tokens::run(session, &args.action),
        Command::Mcp(_) => mcp::run(session),
        Command::Vault(args) => vault::run(session, &args),
    }?;
    session.out.finish(outcome)
}

/// Help and version are answers; everything else is an error, in JSON where that was asked for.
fn not_understood(error: &clap::Error) -> ExitCode {
    let wants_json = std::env::args_os().any(|argument| argument == "--json");
    let is_answer = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let is_help = is_answer || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if is_help && (is_answer || !wants_json) {
        // A reader that has gone away is no failure here either.
        let _ = error.print();
    } else {
        let message =
            if is_help { "a command or an argument is missing".to_owned() } else { usage_message(error) };
        Output::new(wants_json, false, ColorChoice::Auto).error(&CliError::Usage(message));
    }
    ExitCode::from(if is_answer { 0 } else { 2 })
}

/// What is wrong, in one line: what stands before the first empty line, without the usage and tips below it.
fn usage_message(error: &clap::Error) -> String {
    if std::env::args_os().any(|argument| argument == "vault")
        && let Some(message) = message_without_values(error)
    {
        return message;
    }
    let text = error.to_string();
    let said =
        text.strip_prefix("error: ").unwrap_or(&text).lines().take_while(|line| !line.trim().is_empty());
    said.map(str::trim).collect::<Vec<_>>().join(" ")
}

/// What is said of arguments of `vault` that nobody expected. They may be keys or passwords, so that only the name of an
/// option is repeated.
fn message_without_values(error: &clap::Error) -> Option<String> {
    let name = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(name)) => {
            name.split(['=', ' ']).next().filter(|name| name.starts_with("--"))
        }
        _ => None,
    };
    let name = name.filter(|name| name.len() < 24).map(printable::one_line);
    Some(match (error.kind(), name) {
        (ErrorKind::UnknownArgument, Some(name)) => format!("there is no {name}"),
        (ErrorKind::UnknownArgument, None) if is_of_run(error) => {
            "the program and its arguments come after `--`, as in `chrysalis vault run -- python app.py`".to_owned()
        }
        (ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand, None) => {
            "there is an argument too many, or a command that is none; keys and passwords are typed when asked for, never arguments"
                .to_owned()
        }
        (ErrorKind::InvalidValue | ErrorKind::ValueValidation, Some(name)) => format!("{name} does not take this value"),
        (ErrorKind::InvalidValue | ErrorKind::ValueValidation, None) => "a value cannot be used".to_owned(),
        _ => return None,
    })
}

/// Whether the arguments are those of `vault run`.
fn is_of_run(error: &clap::Error) -> bool {
    let usage = error.get(ContextKind::Usage);
    matches!(usage, Some(ContextValue::StyledStr(usage)) if usage.to_string().contains("vault run "))
}
