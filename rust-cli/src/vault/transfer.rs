//! Keys out of a vault and into one, in wallet files with passwords of their own.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use chrysalis_crypto::api_keys::ApiKey;
use chrysalis_crypto::{hash, hex, random};
use chrysalis_security::SecurityError;
use chrysalis_security::audit::{AuditAction, AuditEvent};
use chrysalis_security::error::LoadFault;
use chrysalis_security::legacy::{ImportProgress, ImportReport, import_legacy_wallet_telling};
use chrysalis_security::wallet::{ApiKeyEntry, ApiKeyWallet, MAX_FILE_BYTES, NewKey};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::errors::{CliError, Outcome};
use crate::printable::{count, one_line};
use crate::vault::args;
use crate::vault::keeper::{Keeper, PASSWORD_COST, now_ms, shown};
use crate::vault::keys::choose;

/// A key on its way, with what is said about it.
struct Moved {
    entry: ApiKeyEntry,
    key: Arc<ApiKey>,
}

/// A key that was taken in, as `--json` gives it.
#[derive(Serialize)]
struct Imported {
    id: String,
    provider: String,
    name: String,
}

/// Writes keys into a new file under a password of its own.
///
/// # Errors
/// [`CliError::Io`] for the file, which must not exist; [`CliError::NoSuchKey`]; those of unlocking and of the new password.
pub(crate) fn export(keeper: &mut Keeper<'_>, args: &args::Export) -> Result<Outcome, CliError> {
    if args.file.symlink_metadata().is_ok() {
        return Err(CliError::io(&args.file)(io::ErrorKind::AlreadyExists.into()));
    }
    let vault = keeper.open()?;
    choose(&keeper.entries(&vault)?, &args.keys)?;
    keeper.unlock(&vault)?;
    let entries = keeper.entries(&vault)?;
    let chosen = choose(&entries, &args.keys)?;
    let password = keeper.secrets.new_password("the file")?;
    let moved = keeper.change(&vault, |wallet| {
        let mut moved = Vec::new();
        for entry in &chosen {
            if let Some(key) = wallet.key(&entry.id.to_string(), now_ms())? {
                moved.push(Moved { entry: (*entry).clone(), key });
            }
        }
        Ok(moved)
    })?;
    let busy = keeper.out.busy("sealing");
    let file = ApiKeyWallet::with_params(PASSWORD_COST);
    password.expose(|password| file.initialize(password, now_ms()))?;
    for Moved { entry, key } in &moved {
        file.add_key(
            entry.provider.as_str(),
            key,
            described(entry, entry.name.clone(), entry.is_default),
            now_ms(),
        )?;
    }
    let json = file.export()?;
    busy.finish_and_clear();
    // What cannot be put on record does not leave.
    vault
        .record(AuditEvent::done(AuditAction::Exported, now_ms()), now_ms())
        .map_err(CliError::vault(&keeper.path))?;
    write_new(&args.file, json.as_bytes()).map_err(CliError::io(&args.file))?;
    let left_out = chosen.len() - moved.len();
    if left_out > 0 {
        keeper.out.warn(format_args!(
            "{} left out",
            count(left_out as u64, "expired key was", "expired keys were")
        ));
    }
    let path = shown(&args.file);
    let report = json!({"file": path, "exported": moved.len(), "expired": left_out});
    let number = count(moved.len() as u64, "key", "keys");
    keeper.out.result(&report, |out| out.summary(format_args!("wrote {number} to {}", one_line(&path))))?;
    Ok(Outcome::Done)
}

/// Takes in the keys of a wallet file.
///
/// # Errors
/// [`CliError::Io`], [`CliError::Vault`] for the file; those of unlocking and of [`chrysalis_security::Vault::update`]. When a key
/// cannot be taken in, none is.
pub(crate) fn import(keeper: &mut Keeper<'_>, args: &args::Import) -> Result<Outcome, CliError> {
    let text = read_file(&args.file)?;
    // What is no wallet is refused before anybody is asked for a password.
    let file = look_at(&args.file, &text)?;
    let vault = keeper.open()?;
    keeper.unlock(&vault)?;
    let (wallet, report) = open_file(keeper, &args.file, &text, file)?;
    drop(text);
    let (mut moved, mut expired) = (Vec::new(), 0_u64);
    for entry in wallet.list_keys(None, now_ms())? {
        match wallet.key(&entry.id.to_string(), now_ms())? {
            Some(key) => moved.push(Moved { entry, key }),
            None => expired += 1,
        }
    }
    drop(wallet);
    let (imported, unchanged) = keeper.change(&vault, |wallet| take_in(wallet, &moved))?;
    vault
        .record(AuditEvent::done(AuditAction::Imported, now_ms()), now_ms())
        .map_err(CliError::vault(&keeper.path))?;
    let complete =
        report.as_ref().is_none_or(|report| report.failed.is_empty() && report.unrecoverable.is_empty());
    let number = count(imported.len() as u64, "key", "keys");
    let value = view(&imported, unchanged, expired, report.as_ref());
    keeper.out.result(&value, |out| {
        out.summary(format_args!("took in {number}; {unchanged} there already, {expired} expired"))?;
        for failed in report.iter().flat_map(|report| &report.failed) {
            out.warn(format_args!("key {} of the file cannot be read [{}]", failed.index + 1, failed.code));
        }
        for lost in report.iter().flat_map(|report| &report.unrecoverable) {
            out.warn(format_args!(
                "the key `{}` of {} cannot be read by anybody any more; replace it at its provider",
                one_line(&lost.name),
                one_line(&lost.provider)
            ));
        }
        for warning in report.iter().flat_map(|report| &report.warnings) {
            out.warn(warning);
        }
        Ok(())
    })?;
    Ok(if complete { Outcome::Done } else { Outcome::Partial })
}

/// A wallet file, before it is opened.
enum Found {
    /// A wallet of ours, locked.
    Ours(Box<ApiKeyWallet>),
    /// A wallet of an older program, sealed under a password.
    Sealed,
    /// A wallet of an older program with its keys in clear.
    Clear,
}

/// Whose wallet a file is, as far as it says so without a password.
fn look_at(path: &Path, text: &str) -> Result<Found, CliError> {
    let wallet = ApiKeyWallet::new();
    match wallet.load(text) {
        Ok(()) if wallet.password_kdf()?.is_none() => Err(CliError::Usage(
            "the file has no password; give it one with `chrysalis vault passwd`".to_owned(),
        )),
        Ok(()) => Ok(Found::Ours(Box::new(wallet))),
        Err(SecurityError::WalletLoad(LoadFault::Legacy)) if is_in_clear(text) => Ok(Found::Clear),
        Err(SecurityError::WalletLoad(LoadFault::Legacy)) => Ok(Found::Sealed),
        Err(error) => Err(CliError::vault(path)(error)),
    }
}

/// Opens a wallet file, and tells what became of the keys of an older program.
fn open_file(
    keeper: &Keeper<'_>,
    path: &Path,
    text: &str,
    file: Found,
) -> Result<(ApiKeyWallet, Option<ImportReport>), CliError> {
    let wallet = match file {
        Found::Clear => {
            // There is no password to ask for. The new wallet lives in memory only, under one that nobody knows.
            let password = Zeroizing::new(hex::encode(&random::array::<16>()?));
            return open_older(keeper, path, text, password.as_bytes());
        }
        Found::Sealed => {
            let password = keeper.secrets.password("Password of the file: ")?;
            return password.expose(|password| open_older(keeper, path, text, password));
        }
        Found::Ours(wallet) => wallet,
    };
    let password = keeper.secrets.password("Password of the file: ")?;
    let busy = keeper.out.busy("unlocking");
    let opened = password.expose(|password| wallet.unlock(password, now_ms()));
    busy.finish_and_clear();
    opened.map_err(CliError::vault(path))?;
    Ok((*wallet, None))
}

/// Reads a wallet of an older program, whose keys may each take as long as a password.
fn open_older(
    keeper: &Keeper<'_>,
    path: &Path,
    text: &str,
    password: &[u8],
) -> Result<(ApiKeyWallet, Option<ImportReport>), CliError> {
    let bar = keeper.out.progress(Some(0), "keys of the file");
    let mut tell = |progress: ImportProgress| {
        bar.set_length(progress.total as u64);
        bar.set_position(progress.done as u64);
    };
    let import = import_legacy_wallet_telling(text, password, PASSWORD_COST, now_ms(), &mut tell);
    bar.finish_and_clear();
    let import = import.map_err(CliError::vault(path))?;
    Ok((import.wallet, Some(import.report)))
}

/// Whether an older program's file has its keys in clear: those files name no version.
fn is_in_clear(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Shape {
        #[serde(default)]
        version: Option<IgnoredAny>,
    }
    serde_json::from_str::<Shape>(text).is_ok_and(|shape| shape.version.is_none())
}

/// Adds the keys that are not there yet; the ids of those, and the number of the others. A provider's default stays.
fn take_in(wallet: &ApiKeyWallet, moved: &[Moved]) -> Result<(Vec<Imported>, u64), SecurityError> {
    // Keys are compared by a hash under a key of its own, so that many of them cost little.
    let compare_by = Zeroizing::new(random::array::<32>()?);
    let mark = |key: &ApiKey| key.expose(|key| hash::blake3_keyed(&compare_by[..], key));
    let mut held = BTreeSet::new();
    let mut names = BTreeSet::new();
    let mut with_default = BTreeSet::new();
    let incoming: BTreeSet<_> = moved.iter().map(|moved| &moved.entry.provider).collect();
    for entry in wallet.list_keys(None, now_ms())? {
        // Only of providers that come in: the others' keys stay sealed.
        if incoming.contains(&entry.provider)
            && let Some(key) = wallet.key(&entry.id.to_string(), now_ms())?
        {
            held.insert((entry.provider.clone(), mark(&key)?));
        }
        if entry.is_default {
            with_default.insert(entry.provider.clone());
        }
        names.insert((entry.provider, entry.name));
    }
    let (mut imported, mut unchanged) = (Vec::new(), 0);
    for Moved { entry, key } in moved {
        if !held.insert((entry.provider.clone(), mark(key)?)) {
            unchanged += 1;
            continue;
        }
        let mut name = entry.name.clone();
        let mut number = 2;
        while !names.insert((entry.provider.clone(), name.clone())) {
            name = format!("{} ({number})", entry.name);
            number += 1;
        }
        let is_default = entry.is_default && with_default.insert(entry.provider.clone());
        let new = described(entry, name.clone(), is_default);
        let id = wallet.add_key(entry.provider.as_str(), key, new, now_ms())?;
        imported.push(Imported { id: id.to_string(), provider: entry.provider.to_string(), name });
    }
    Ok((imported, unchanged))
}

/// What is said about a key, for the wallet it comes to.
fn described(entry: &ApiKeyEntry, name: String, is_default: bool) -> NewKey {
    NewKey { name: Some(name), is_default, expires_at: entry.expires_at, metadata: entry.metadata.clone() }
}

fn view(imported: &[Imported], unchanged: u64, expired: u64, report: Option<&ImportReport>) -> Value {
    let failed = report.iter().flat_map(|report| &report.failed);
    let failed = failed.map(|failed| json!({"index": failed.index, "code": failed.code}));
    let lost = report.iter().flat_map(|report| &report.unrecoverable);
    let lost = lost.map(|lost| json!({"provider": lost.provider, "name": lost.name}));
    json!({
        "format": report.map_or("wallet-2", |report| report.shape.as_str()),
        "imported": imported,
        "unchanged": unchanged,
        "expired": expired,
        "failed": failed.collect::<Vec<_>>(),
        "unrecoverable": lost.collect::<Vec<_>>(),
        "warnings": report.map(|report| report.warnings.clone()).unwrap_or_default(),
    })
}

/// The file's text, wiped when dropped: one of the older shapes holds keys in clear.
fn read_file(path: &Path) -> Result<Zeroizing<String>, CliError> {
    let io = |error| CliError::io(path)(error);
    let metadata = path.metadata().map_err(io)?;
    if !metadata.is_file() {
        return Err(io(io::ErrorKind::Unsupported.into()));
    }
    let length = usize::try_from(metadata.len()).ok().filter(|length| *length <= MAX_FILE_BYTES);
    let Some(length) = length else { return Err(io(io::ErrorKind::FileTooLarge.into())) };
    // Room from the start, so that nothing is copied and left behind.
    let mut text = Zeroizing::new(String::with_capacity(length + 1));
    File::open(path).map_err(io)?.take(length as u64).read_to_string(&mut text).map_err(io)?;
    Ok(text)
}

/// Makes a file that only its owner can read, whole or not at all.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".chrysalis-export").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}
