//! Entries of a vault as they are shown: never with a key.

use chrysalis_security::wallet::ApiKeyEntry;
use serde::Serialize;

use crate::errors::CliError;
use crate::output::{DIM, GOOD, Output, STRONG, WARN};
use crate::printable::{one_line, time};

/// How many digits of an id are shown.
const SHOWN_DIGITS: usize = 12;

/// An entry, as `--json` gives it.
#[derive(Serialize)]
pub(crate) struct EntryView<'a> {
    id: String,
    provider: &'a str,
    name: &'a str,
    redacted: &'a str,
    default: bool,
    created_ms: u64,
    last_used_ms: Option<u64>,
    expires_ms: Option<u64>,
    expired: bool,
}

impl<'a> EntryView<'a> {
    pub(crate) fn new(entry: &'a ApiKeyEntry, now_ms: u64) -> Self {
        Self {
            id: entry.id.to_string(),
            provider: entry.provider.as_str(),
            name: &entry.name,
            redacted: &entry.key_prefix,
            default: entry.is_default,
            created_ms: entry.created_at,
            last_used_ms: entry.last_used_at,
            expires_ms: entry.expires_at,
            expired: entry.is_expired(now_ms),
        }
    }
}

/// Prints entries, a line each, in columns.
///
/// # Errors
/// [`CliError::Output`].
pub(crate) fn print(out: &mut Output, entries: &[&ApiKeyEntry], now_ms: u64) -> Result<(), CliError> {
    let name = |entry: &ApiKeyEntry| one_line(&entry.name).into_owned();
    let wide = |text: fn(&ApiKeyEntry) -> usize| entries.iter().map(|entry| text(entry)).max().unwrap_or(0);
    let providers = wide(|entry| entry.provider.as_str().len());
    let names = entries.iter().map(|entry| name(entry).chars().count()).max().unwrap_or(0);
    let forms = wide(|entry| entry.key_prefix.chars().count());
    for entry in entries {
        let used =
            entry.last_used_at.map_or_else(|| "never used".to_owned(), |ms| format!("used {}", time(ms)));
        let default = if entry.is_default { format!("  {GOOD}default{GOOD:#}") } else { String::new() };
        let expiry = match entry.expires_at {
            Some(ms) if entry.is_expired(now_ms) => format!("  {WARN}expired {}{WARN:#}", time(ms)),
            Some(ms) => format!("  until {}", time(ms)),
            None => String::new(),
        };
        out.line(format_args!(
            "{STRONG}{:providers$}{STRONG:#}  {:names$}  {:forms$}  {DIM}{}  added {}, {used}{DIM:#}{default}{expiry}",
            entry.provider.as_str(),
            name(entry),
            one_line(&entry.key_prefix),
            short_id(entry),
            time(entry.created_at),
        ))?;
    }
    Ok(())
}

/// Provider, name and redacted form, for a sentence.
pub(crate) fn described(entry: &ApiKeyEntry) -> String {
    format!("{} `{}` ({})", entry.provider, one_line(&entry.name), one_line(&entry.key_prefix))
}

/// The first digits of the id.
pub(crate) fn short_id(entry: &ApiKeyEntry) -> String {
    entry.id.to_string().chars().take(SHOWN_DIGITS).collect()
}
