//! Adding, showing, listing, replacing and removing keys.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;

use chrysalis_crypto::api_keys::{ApiKey, ValidationOptions, validate_key_format_with};
use chrysalis_security::wallet::{ApiKeyEntry, NewKey};
use chrysalis_security::{ProviderName, SecurityError, Vault};
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::errors::{CliError, Outcome};
use crate::printable::{count, harmless, harmless_json, parse_time, time};
use crate::vault::args;
use crate::vault::keeper::{Keeper, now_ms};
use crate::vault::select;
use crate::vault::view::{self, EntryView, described};

/// Adds a key.
///
/// # Errors
/// [`CliError::KeyExists`] for a provider and name that are taken; those of [`Vault::update`] and of the key's source.
pub(crate) fn set(keeper: &mut Keeper<'_>, args: &args::Set) -> Result<Outcome, CliError> {
    // The text is not repeated: it may be a key that went astray.
    let no_time = |_| {
        CliError::Usage("--expires takes a time, such as 2027-01-31 or 2027-01-31T10:12:33+01:00".to_owned())
    };
    let expires_at = args.expires.as_deref().map(parse_time).transpose().map_err(no_time)?;
    if expires_at.is_some_and(|expires_at| expires_at <= now_ms()) {
        return Err(CliError::Usage("--expires is a time in the past".to_owned()));
    }
    let provider = ProviderName::parse_for_wallet(&args.provider)?;
    let vault = keeper.open()?;
    let name = args.name.clone().unwrap_or_else(|| format!("{provider} key"));
    let is_taken = |entry: &ApiKeyEntry| entry.provider == provider && entry.name == name;
    if keeper.entries(&vault)?.iter().any(is_taken) {
        return Err(CliError::KeyExists);
    }
    keeper.unlock(&vault)?;
    let key = incoming(keeper, &provider, &args.incoming)?;
    let new = NewKey { name: Some(name), is_default: args.default, expires_at, metadata: None };
    let id = keeper.change(&vault, |wallet| wallet.add_key(provider.as_str(), &key, new, now_ms()))?;
    report(keeper, &vault, &id.to_string(), "added")
}

/// Shows a key in clear.
///
/// # Errors
/// [`CliError::SecretToPipe`] when standard output is no terminal; [`CliError::NoSuchKey`], [`CliError::KeyExpired`].
pub(crate) fn get(keeper: &mut Keeper<'_>, args: &args::Get) -> Result<Outcome, CliError> {
    let to_terminal = io::stdout().is_terminal();
    if !to_terminal && !args.to_pipe {
        return Err(CliError::SecretToPipe);
    }
    let (entry, key) = opened(keeper, &args.key)?;
    key.expose(|key| {
        let text = str::from_utf8(key).map_err(|_| SecurityError::MalformedState("key"))?;
        if keeper.out.is_json() {
            return print_json(&entry, text);
        }
        let shown = if to_terminal { harmless(text) } else { text.into() };
        if shown != text {
            keeper.out.warn(
                "the key holds control characters, which are shown as signs; --to-pipe gives it as it is",
            );
        }
        print_line(shown.as_bytes())
    })?;
    Ok(Outcome::Done)
}

/// A key for this process to use.
///
/// # Errors
/// [`CliError::NoSuchKey`], [`CliError::KeyExpired`]; those of unlocking.
pub(crate) fn for_use(keeper: &mut Keeper<'_>, text: &str) -> Result<Arc<ApiKey>, CliError> {
    opened(keeper, text).map(|(_, key)| key)
}

fn opened(keeper: &mut Keeper<'_>, text: &str) -> Result<(ApiKeyEntry, Arc<ApiKey>), CliError> {
    let vault = keeper.open()?;
    // Once before anybody is asked for a password, and once on what the password proved unchanged.
    select::for_use(&keeper.entries(&vault)?, text, now_ms())?;
    keeper.unlock(&vault)?;
    let entries = keeper.entries(&vault)?;
    let entry = select::for_use(&entries, text, now_ms())?;
    let key = keeper.change(&vault, |wallet| wallet.key(&entry.id.to_string(), now_ms()))?;
    Ok((entry.clone(), key.ok_or(CliError::KeyExpired)?))
}

/// Lists entries, redacted.
///
/// # Errors
/// As [`Vault::read`]; [`CliError::NoSuchKey`].
pub(crate) fn list(keeper: &mut Keeper<'_>, args: &args::List) -> Result<Outcome, CliError> {
    let vault = keeper.open()?;
    let entries = keeper.entries(&vault)?;
    let chosen = choose(&entries, &args.keys)?;
    let views: Vec<_> = chosen.iter().map(|entry| EntryView::new(entry, now_ms())).collect();
    keeper.out.result(&views, |out| {
        if chosen.is_empty() {
            out.note("the vault is empty; add a key with `chrysalis vault set PROVIDER`");
        }
        view::print(out, &chosen, now_ms())
    })?;
    Ok(Outcome::Done)
}

/// Replaces a key.
///
/// # Errors
/// As [`set`]; [`CliError::NoSuchKey`], [`CliError::AmbiguousKey`].
pub(crate) fn rotate(keeper: &mut Keeper<'_>, args: &args::Rotate) -> Result<Outcome, CliError> {
    let vault = keeper.open()?;
    select::one(&keeper.entries(&vault)?, &args.key)?;
    keeper.unlock(&vault)?;
    let entries = keeper.entries(&vault)?;
    let entry = select::one(&entries, &args.key)?;
    let id = entry.id.to_string();
    let key = incoming(keeper, &entry.provider, &args.incoming)?;
    keeper.change(&vault, |wallet| wallet.rotate_key(&id, &key, now_ms()))?;
    if let Some(expires_at) = entry.expires_at {
        let ends = if entry.is_expired(now_ms()) { "has expired at" } else { "still expires at" };
        keeper
            .out
            .warn(format_args!("it {ends} {}; remove it and set it anew to change that", time(expires_at)));
    }
    report(keeper, &vault, &id, "replaced")
}

/// Makes a key its provider's default.
///
/// # Errors
/// [`CliError::NoSuchKey`], [`CliError::AmbiguousKey`]; as [`Vault::update`].
pub(crate) fn set_default(keeper: &mut Keeper<'_>, args: &args::DefaultKey) -> Result<Outcome, CliError> {
    let vault = keeper.open()?;
    select::one(&keeper.entries(&vault)?, &args.key)?;
    keeper.unlock(&vault)?;
    let id = select::one(&keeper.entries(&vault)?, &args.key)?.id.to_string();
    keeper.change(&vault, |wallet| wallet.set_default(&id, now_ms()))?;
    report(keeper, &vault, &id, "made the default:")
}

/// Removes keys, after asking.
///
/// # Errors
/// [`CliError::NoSuchKey`], [`CliError::AmbiguousKey`], [`CliError::NotConfirmed`]; as [`Vault::update`].
pub(crate) fn remove(keeper: &mut Keeper<'_>, args: &args::Remove) -> Result<Outcome, CliError> {
    let pick = |entries: &[ApiKeyEntry]| -> Result<Vec<ApiKeyEntry>, CliError> {
        let mut chosen: Vec<ApiKeyEntry> =
            args.keys.iter().map(|key| select::one(entries, key).cloned()).collect::<Result<_, _>>()?;
        chosen.sort_by_key(|entry| entry.id);
        chosen.dedup_by_key(|entry| entry.id);
        Ok(chosen)
    };
    let vault = keeper.open()?;
    pick(&keeper.entries(&vault)?)?;
    if !args.yes && !keeper.out.can_ask() {
        return Err(CliError::NotConfirmed);
    }
    keeper.unlock(&vault)?;
    let chosen = pick(&keeper.entries(&vault)?)?;
    if !args.yes {
        for entry in &chosen {
            keeper.out.note(described(entry));
        }
        if !keeper
            .out
            .confirm(format_args!("Remove {} for good?", count(chosen.len() as u64, "key", "keys")))?
        {
            keeper.out.note("nothing was removed");
            return Ok(Outcome::Done);
        }
    }
    let removed = keeper.change(&vault, |wallet| {
        let mut removed = Vec::new();
        for entry in &chosen {
            let id = entry.id.to_string();
            if wallet.remove_key(&id, now_ms())? {
                removed.push(id);
            }
        }
        Ok(removed)
    })?;
    let number = count(removed.len() as u64, "key", "keys");
    keeper.out.result(&json!({"removed": removed}), |out| {
        out.summary(format_args!(
            "removed {number}; what was removed is valid at its provider until it is revoked there"
        ))
    })?;
    Ok(Outcome::Done)
}

/// The entries that are named, or all of them when none is; in the order of the vault, each once.
pub(crate) fn choose<'a>(
    entries: &'a [ApiKeyEntry],
    named: &[String],
) -> Result<Vec<&'a ApiKeyEntry>, CliError> {
    let mut wanted = Vec::new();
    for text in named {
        wanted.extend(select::all(entries, text)?.into_iter().map(|entry| entry.id));
    }
    Ok(entries.iter().filter(|entry| named.is_empty() || wanted.contains(&entry.id)).collect())
}

/// A key from the prompt or standard input, looked at unless that is not wanted.
fn incoming(keeper: &Keeper<'_>, provider: &ProviderName, args: &args::Incoming) -> Result<ApiKey, CliError> {
    let key = keeper.secrets.key(&format!("Key of {provider} (it is not shown): "), args.stdin)?;
    if !args.unchecked {
        let options = ValidationOptions { provider: Some(provider.as_str()), strict: false };
        validate_key_format_with(&key, &options).map_err(SecurityError::InvalidApiKey)?;
    }
    Ok(key)
}

fn report(keeper: &mut Keeper<'_>, vault: &Vault, id: &str, done: &str) -> Result<Outcome, CliError> {
    let entries = keeper.entries(vault)?;
    // Another process may have removed it since.
    let Some(entry) = entries.iter().find(|entry| entry.id.to_string() == id) else {
        return Ok(Outcome::Done);
    };
    keeper.out.result(&EntryView::new(entry, now_ms()), |out| {
        out.summary(format_args!("{done} {}  {}", described(entry), view::short_id(entry)))
    })?;
    Ok(Outcome::Done)
}

#[derive(Serialize)]
struct KeyView<'a> {
    id: &'a str,
    provider: &'a str,
    name: &'a str,
    key: &'a str,
}

/// Prints the only JSON that holds a key.
fn print_json(entry: &ApiKeyEntry, key: &str) -> Result<(), CliError> {
    let id = entry.id.to_string();
    let view = KeyView { id: &id, provider: entry.provider.as_str(), name: &entry.name, key };
    // A character becomes at most six. Room from the start, so that nothing is copied and left behind.
    let mut json = Zeroizing::new(Vec::with_capacity(6 * (key.len() + entry.name.len()) + 256));
    serde_json::to_writer(&mut *json, &view).map_err(|error| CliError::Output(error.into()))?;
    let text = str::from_utf8(&json).expect("JSON is UTF-8");
    match harmless_json(text) {
        std::borrow::Cow::Borrowed(text) => print_line(text.as_bytes()),
        std::borrow::Cow::Owned(text) => print_line(Zeroizing::new(text).as_bytes()),
    }
}

/// Prints a line past the buffers: in one piece with its end, it goes straight to standard output.
fn print_line(text: &[u8]) -> Result<(), CliError> {
    let mut line = Zeroizing::new(Vec::with_capacity(text.len() + 1));
    line.extend_from_slice(text);
    line.push(b'\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(&line).and_then(|()| stdout.flush()).map_err(CliError::Output)
}
