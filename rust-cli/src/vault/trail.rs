//! `chrysalis vault audit`: what was done with which key and when.

use chrysalis_crypto::hex;
use chrysalis_security::audit::TrailEntry;
use serde::Serialize;
use serde_json::json;

use crate::errors::{CliError, Outcome};
use crate::output::{BAD, DIM, STRONG, WARN};
use crate::printable::{count, rfc3339, time};
use crate::vault::args;
use crate::vault::keeper::{Keeper, now_ms};

/// An entry of the trail, as `--json` gives it.
#[derive(Serialize)]
struct EntryView {
    time: Option<String>,
    time_ms: u64,
    action: &'static str,
    provider: Option<String>,
    key: Option<String>,
    refused: Option<&'static str>,
    signature: &'static str,
    signed_by: Option<String>,
}

/// Shows the trail, all of whose hashes and signatures hold.
///
/// # Errors
/// As [`chrysalis_security::Vault::audit`]; those of unlocking.
pub(crate) fn audit(keeper: &mut Keeper<'_>, args: &args::Audit) -> Result<Outcome, CliError> {
    let vault = keeper.open()?;
    let at = || CliError::vault(&keeper.path);
    let own = if args.unlock {
        keeper.unlock(&vault)?;
        Some(vault.audit_key(now_ms()).map_err(at())?)
    } else {
        None
    };
    let trail = vault.audit().map_err(at())?;
    let skipped = args.last.map_or(0, |last| trail.len().saturating_sub(last));
    let views: Vec<_> = trail[skipped..].iter().map(|entry| view(entry, own.as_ref())).collect();
    let report = json!({"entries": views, "checked": trail.len()});
    keeper.out.result(&report, |out| {
        for view in &views {
            let key: String = view.key.iter().flat_map(|key| key.chars().take(12)).collect();
            let refused =
                view.refused.map(|code| format!("  {BAD}refused {code}{BAD:#}")).unwrap_or_default();
            let signature = match view.signature {
                "another-key" => format!("  {WARN}signed by another key{WARN:#}"),
                "unsigned" => format!("  {DIM}unsigned{DIM:#}"),
                _ => String::new(),
            };
            let key = if key.is_empty() { format!("{key:12}") } else { format!("{DIM}{key}{DIM:#}") };
            let about =
                format!("  {:12}  {key}{refused}{signature}", view.provider.as_deref().unwrap_or_default());
            // No line ends in spaces.
            let about = about.trim_end();
            let width = if about.is_empty() { 0 } else { 18 };
            out.line(format_args!(
                "{DIM}{}{DIM:#}  {STRONG}{:width$}{STRONG:#}{about}",
                time(view.time_ms),
                view.action,
            ))?;
        }
        let entries = count(trail.len() as u64, "entry", "entries");
        out.note(format_args!("{entries} checked: every hash and signature holds"));
        Ok(())
    })?;
    Ok(Outcome::Done)
}

fn view(entry: &TrailEntry, own: Option<&[u8; 32]>) -> EntryView {
    let event = &entry.event;
    let signature = match (&entry.signed_by, own) {
        (None, _) => "unsigned",
        (Some(_), None) => "signed",
        (Some(signer), Some(own)) if signer == own => "this-vault",
        // That of another wallet, or of this one before its master key was rotated.
        (Some(_), Some(_)) => "another-key",
    };
    EntryView {
        time: rfc3339(event.time_ms),
        time_ms: event.time_ms,
        action: event.action.as_str(),
        provider: event.provider.as_ref().map(ToString::to_string),
        key: event.key.map(|key| key.to_string()),
        refused: event.refused,
        signature,
        signed_by: entry.signed_by.map(|key| hex::encode(&key)),
    }
}
