//! `chrysalis identity`.

use chrysalis_memory::{Identity, MemoryError};
use serde::Serialize;

use crate::args::IdentityAction;
use crate::errors::{CliError, Outcome};
use crate::output::{DIM, STRONG};
use crate::printable::one_line;
use crate::session::Session;

/// An agent, as `--json` gives it. The secret key is never shown.
#[derive(Serialize)]
struct IdentityView {
    name: String,
    key: Option<String>,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

/// Shows, makes or lists agents.
///
/// # Errors
/// As [`Identity::load`] and [`Identity::create`].
pub(crate) fn run(session: &mut Session, action: Option<&IdentityAction>) -> Result<Outcome, CliError> {
    match action {
        None => {
            let identity = Identity::load(&session.profile.key_file(&session.agent)?)?;
            print_one(session, &identity)?;
        }
        Some(IdentityAction::New { name }) => {
            let identity = Identity::create(&session.profile.key_file(name)?, name)?;
            print_one(session, &identity)?;
            session
                .out
                .note(format_args!("keep a copy of the key file; speak as this agent with --agent {name}"));
        }
        Some(IdentityAction::List) => list(session)?,
    }
    Ok(Outcome::Done)
}

fn print_one(session: &mut Session, identity: &Identity) -> Result<(), CliError> {
    let view = IdentityView {
        name: identity.name().to_owned(),
        key: Some(identity.public_key().to_string()),
        path: identity.path().map(|path| path.display().to_string()).unwrap_or_default(),
        error: None,
    };
    session.out.result(&view, |out| {
        out.line(format_args!("{STRONG}{}{STRONG:#}  {}", view.name, identity.public_key()))?;
        out.line(format_args!("{DIM}{}{DIM:#}", one_line(&view.path)))
    })
}

fn list(session: &mut Session) -> Result<(), CliError> {
    let mut views = Vec::new();
    for name in session.profile.agents()? {
        // A file name that is no agent's name is not one of ours.
        let Ok(path) = session.profile.key_file(&name) else { continue };
        let loaded = Identity::load(&path);
        views.push(IdentityView {
            key: loaded.as_ref().ok().map(|identity| identity.public_key().to_string()),
            error: loaded.as_ref().err().map(MemoryError::code),
            path: path.display().to_string(),
            name,
        });
    }
    session.out.result(&views, |out| {
        for view in &views {
            let shown = view.key.as_deref().or(view.error).unwrap_or_default();
            out.line(format_args!("{STRONG}{}{STRONG:#}  {shown}", view.name))?;
        }
        if views.is_empty() {
            out.note("no agent has a key here yet; one is made when something is remembered");
        }
        Ok(())
    })
}
