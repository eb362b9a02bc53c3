//! `chrysalis trust` and `chrysalis namespaces`: what a store says of keys and names.

use chrysalis_crypto::hex;
use chrysalis_memory::AgentKey;
use chrysalis_memory::namespace::Namespace;
use chrysalis_memory::trust::Statement;
use serde_json::{Value, json};

use crate::args::{NamespacesAction, TrustAction};
use crate::errors::{CliError, Outcome};
use crate::output::{BAD, DIM, GOOD, STRONG};
use crate::printable::one_line;
use crate::session::Session;

/// Changes or lists what is said of keys.
///
/// # Errors
/// As the `trust_*` functions of [`chrysalis_memory::Memory`].
pub(crate) fn run(session: &mut Session, action: &TrustAction) -> Result<Outcome, CliError> {
    let key = match action {
        TrustAction::List => return list(session),
        TrustAction::Add { key, .. } | TrustAction::Revoke { key, .. } | TrustAction::Remove { key } => {
            key.parse::<AgentKey>()?
        }
    };
    let memory = match action {
        // Trusting somebody is a usual first step in a new store.
        TrustAction::Add { .. } => session.open_writing()?,
        _ => session.open_existing()?,
    };
    match action {
        TrustAction::Add { name, .. } => memory.trust_add(key, name.as_deref())?,
        TrustAction::Revoke { everything, .. } => memory.trust_revoke(key, *everything)?,
        TrustAction::Remove { .. } | TrustAction::List => memory.trust_remove(key)?,
    }
    let statement = memory.trust().of(&key).cloned().unwrap_or_default();
    session.out.result(&view(&key, &statement), |out| {
        out.summary(format_args!("{key} is now {}", state(&statement)))
    })?;
    Ok(Outcome::Done)
}

/// Lists namespaces or makes one.
///
/// # Errors
/// As [`chrysalis_memory::Memory::make_namespace`].
pub(crate) fn namespaces(
    session: &mut Session,
    action: Option<&NamespacesAction>,
) -> Result<Outcome, CliError> {
    let NamespacesAction::New { name, private } = action.unwrap_or(&NamespacesAction::List) else {
        let known = session.open_reading()?.namespaces()?;
        let views: Vec<Value> = known.iter().map(namespace_view).collect();
        session
            .out
            .result(&views, |out| known.iter().try_for_each(|known| out.line(namespace_line(known))))?;
        return Ok(Outcome::Done);
    };
    let memory = session.open_writing()?;
    let made = memory.make_namespace(name, *private)?;
    if made.private != *private {
        session.out.warn("a namespace of this name is there already, and keeps its privacy");
    }
    session.out.result(&namespace_view(&made), |out| out.line(namespace_line(&made)))?;
    Ok(Outcome::Done)
}

fn list(session: &mut Session) -> Result<Outcome, CliError> {
    let memory = session.open_reading()?;
    let trust = memory.trust();
    let views: Vec<Value> = trust.iter().map(|(key, statement)| view(key, statement)).collect();
    session.out.result(&views, |out| {
        for (key, statement) in trust.iter() {
            let name = statement.name.as_deref().map_or_else(|| "-".into(), one_line);
            let colour = if statement.trusted { GOOD } else { BAD };
            out.line(format_args!(
                "{key}  {colour}{}{colour:#}  {STRONG}{name}{STRONG:#}",
                state(statement)
            ))?;
        }
        if views.is_empty() {
            out.note("nothing is said of any key; this agent's own entries are trusted");
        }
        Ok(())
    })?;
    Ok(Outcome::Done)
}

fn state(statement: &Statement) -> &'static str {
    match (&statement.revoked, statement.trusted) {
        (Some(accepted), _) if accepted.is_empty() => "revoked whole",
        (Some(_), _) => "revoked from here on",
        (None, true) => "trusted",
        (None, false) => "unknown",
    }
}

fn view(key: &AgentKey, statement: &Statement) -> Value {
    let accepted = statement.revoked.as_ref().map(|accepted| {
        let last = accepted.iter().map(|last| {
            json!({
                "incarnation": format!("{:016x}", last.incarnation),
                "sequence": last.sequence,
                "commit": hex::encode(&last.commit),
            })
        });
        last.collect::<Vec<_>>()
    });
    json!({"key": key.to_string(), "name": statement.name, "trusted": statement.trusted, "revoked": accepted})
}

fn namespace_view(namespace: &Namespace) -> Value {
    json!({"id": namespace.id.to_string(), "name": namespace.name, "private": namespace.private})
}

fn namespace_line(namespace: &Namespace) -> String {
    let privacy = if namespace.private { "private" } else { "shared" };
    format!("{STRONG}{}{STRONG:#}  {privacy}  {DIM}{}{DIM:#}", namespace.name, namespace.id)
}
