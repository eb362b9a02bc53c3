//! What opens a vault: its password, key files, the system's keychain.

use std::io;
use std::path::Path;

use chrysalis_security::key_file::{make_key_file, read_key_file};
use chrysalis_security::wallet::{ApiKeyWallet, HostKeyInfo};
use chrysalis_security::{SecurityError, Vault, WrappingKey};
use serde_json::json;

use crate::errors::{CliError, Outcome};
use crate::output::{DIM, STRONG};
use crate::printable::{count, one_line};
use crate::vault::args::{self, UnattendedAction};
use crate::vault::keeper::{Keeper, PASSWORD_COST, Proof, now_ms, shown, wallet_id};
use crate::vault::keychain;

/// The label of the keychain's key.
const KEYCHAIN_LABEL: &str = "keychain";
/// The label of the key file that a vault was made with, once it has a password.
const KEY_FILE_LABEL: &str = "key file";
/// The fewest digits by which an id can be named.
const MIN_ID_DIGITS: usize = 6;

/// Makes a vault.
///
/// # Errors
/// [`SecurityError::VaultExists`] before anything is asked; those of the password's or key's source.
pub(crate) fn init(keeper: &mut Keeper<'_>) -> Result<Outcome, CliError> {
    if keeper.path.symlink_metadata().is_ok() {
        return Err(CliError::vault(&keeper.path)(SecurityError::VaultExists));
    }
    let at = CliError::vault(&keeper.path);
    let opened_by = if keeper.keychain {
        init_in_keychain(keeper)?;
        "keychain"
    } else if let Some(path) = &keeper.key_file {
        let (key, _) = key_of_file(path)?;
        Vault::create_with_host_key(&keeper.path, &key, PASSWORD_COST, now_ms()).map_err(at)?;
        "key-file"
    } else {
        let password = keeper.secrets.new_password("the vault")?;
        let busy = keeper.out.busy("sealing");
        let made = password.expose(|password| Vault::create(&keeper.path, password, PASSWORD_COST, now_ms()));
        busy.finish_and_clear();
        made.map_err(at)?;
        "password"
    };
    let path = keeper.shown_path();
    keeper.out.result(&json!({"vault": path, "opened_by": opened_by}), |out| {
        out.summary(format_args!("made a vault: {STRONG}{}{STRONG:#}", one_line(&path)))?;
        out.note(match opened_by {
            "password" => "nobody can open it without the password, and nobody can find out the password",
            "keychain" => {
                "the keychain of this user opens it; `chrysalis vault passwd --keychain` adds a password"
            }
            _ => "whoever can read the key file can open it; nobody can without",
        });
        out.note("add a key with `chrysalis vault set PROVIDER`");
        Ok(())
    })?;
    Ok(Outcome::Done)
}

/// Changes or sets the password.
///
/// # Errors
/// Those of unlocking, of the new password, and of [`Vault::update`].
pub(crate) fn passwd(keeper: &mut Keeper<'_>, args: &args::Passwd) -> Result<Outcome, CliError> {
    let vault = keeper.open()?;
    let proof = keeper.unlock(&vault)?;
    let had_password = keeper.has_password(&vault)?;
    let before = vault.host_keys().len();
    let new = keeper.secrets.new_password("the vault")?;
    let busy = keeper.out.busy("sealing");
    let changed = keeper.change(&vault, |wallet| {
        new.expose(|new| {
            match &proof {
                Proof::Password(old) => old.expose(|old| wallet.change_password(old, new, now_ms()))?,
                Proof::HostKey(key) => {
                    wallet.set_password(key, new, now_ms())?;
                    if !had_password {
                        // The password takes the place of the key that was the only one.
                        let label = if keeper.keychain { KEYCHAIN_LABEL } else { KEY_FILE_LABEL };
                        wallet.add_host_key(label, key, now_ms())?;
                    }
                }
            }
            if args.new_master_key { wallet.rotate_master_key(new, now_ms()) } else { Ok(()) }
        })
    });
    busy.finish_and_clear();
    changed?;
    let removed = if args.new_master_key { before + usize::from(!had_password) } else { 0 };
    let report = json!({"new_master_key": args.new_master_key, "unattended_removed": removed});
    keeper.out.result(&report, |out| {
        out.summary("the password is changed; copies of the old file open with the old one")?;
        if removed > 0 {
            let keys = count(removed as u64, "key file or keychain", "key files and keychains");
            out.warn(format_args!(
                "{keys} no longer open the vault; add them again with `chrysalis vault unattended`"
            ));
        }
        Ok(())
    })?;
    Ok(Outcome::Done)
}

/// Adds, lists and removes what opens a vault unattended.
///
/// # Errors
/// Those of unlocking, of key files and the keychain, and of [`Vault::update`].
pub(crate) fn unattended(keeper: &mut Keeper<'_>, action: &UnattendedAction) -> Result<Outcome, CliError> {
    let vault = keeper.open()?;
    match action {
        UnattendedAction::List => return list(keeper, &vault),
        UnattendedAction::KeyFile { file, label } => {
            keeper.unlock(&vault)?;
            let (key, is_new) = key_of_file(file)?;
            let id = keeper.change(&vault, |wallet| wallet.add_host_key(label, &key, now_ms()))?;
            let path = shown(file);
            let report = json!({"id": id.to_string(), "label": label, "file": path, "made": is_new});
            keeper.out.result(&report, |out| {
                let made = if is_new { "made the key file" } else { "the key file" };
                out.summary(format_args!("{made} {}, which opens the vault from now on", one_line(&path)))
            })?;
        }
        UnattendedAction::Keychain => {
            keeper.unlock(&vault)?;
            let wallet_id = wallet_id(&vault)?;
            let known = keychain::load(&wallet_id);
            if matches!(&known, Ok(key) if opens(keeper, &vault, key)?) {
                return Err(CliError::Usage("the keychain opens this vault already".to_owned()));
            }
            let key = WrappingKey::make()?;
            keychain::store(&wallet_id, &key)?;
            let added = keeper.change(&vault, |wallet| wallet.add_host_key(KEYCHAIN_LABEL, &key, now_ms()));
            if added.is_err() {
                // It opens nothing. Should this fail too, the first failure is what there is to tell.
                let _ = keychain::remove(&wallet_id);
            }
            let report = json!({"id": added?.to_string(), "label": KEYCHAIN_LABEL});
            keeper.out.result(&report, |out| out.summary("the keychain can open the vault"))?;
        }
        UnattendedAction::Remove { id } => remove(keeper, &vault, id)?,
    }
    Ok(Outcome::Done)
}

fn list(keeper: &mut Keeper<'_>, vault: &Vault) -> Result<Outcome, CliError> {
    let has_password = keeper.has_password(vault)?;
    let keys = vault.host_keys();
    let views: Vec<_> =
        keys.iter().map(|key| json!({"id": key.id.to_string(), "label": key.label})).collect();
    let report = json!({"password": has_password, "unattended": views});
    keeper.out.result(&report, |out| {
        out.line(if has_password { "a password" } else { "the key that it was made with" })?;
        keys.iter()
            .try_for_each(|key| out.line(format_args!("{}  {DIM}{}{DIM:#}", one_line(&key.label), key.id)))
    })?;
    Ok(Outcome::Done)
}

fn remove(keeper: &mut Keeper<'_>, vault: &Vault, id: &str) -> Result<(), CliError> {
    let find = |keys: Vec<HostKeyInfo>| {
        let mut found: Vec<_> = keys.into_iter().filter(|key| key.id.to_string().starts_with(id)).collect();
        match (found.pop(), found.is_empty(), id.len() >= MIN_ID_DIGITS) {
            (Some(key), true, true) => Ok(key),
            (Some(_), false, true) => Err(CliError::AmbiguousKey { count: found.len() + 1 }),
            _ => Err(CliError::NoSuchKey),
        }
    };
    find(vault.host_keys())?;
    keeper.unlock(vault)?;
    let key = find(vault.host_keys())?;
    keeper.change(vault, |wallet| wallet.remove_host_key(&key.id, now_ms()))?;
    if key.label == KEYCHAIN_LABEL {
        // This user's keychain may have been another's key of that label: only what opens nothing any more is removed.
        let wallet_id = wallet_id(vault)?;
        if let Ok(kept) = keychain::load(&wallet_id)
            && !opens(keeper, vault, &kept)?
        {
            keychain::remove(&wallet_id)?;
        }
    }
    let label = one_line(&key.label).into_owned();
    keeper.out.result(&json!({"removed": key.id.to_string(), "label": key.label}), |out| {
        out.summary(format_args!(
            "`{label}` no longer opens the vault; older copies of the file still open with it"
        ))
    })
}

/// Whether a key opens the vault, without an attempt on record: nobody tried to get in.
fn opens(keeper: &Keeper<'_>, vault: &Vault, key: &WrappingKey) -> Result<bool, CliError> {
    let copy = ApiKeyWallet::new();
    copy.load(&keeper.read(vault, ApiKeyWallet::export)?)?;
    match copy.unlock_with_host_key(key, now_ms()) {
        Ok(()) => Ok(true),
        Err(SecurityError::InvalidPassword) => Ok(false),
        Err(error) => Err(CliError::vault(&keeper.path)(error)),
    }
}

/// The key is in the keychain before the vault is on disk: a vault without its key would open for nobody.
fn init_in_keychain(keeper: &Keeper<'_>) -> Result<(), CliError> {
    let key = WrappingKey::make()?;
    let wallet = ApiKeyWallet::new();
    wallet.initialize_with_host_key(&key, now_ms())?;
    let wallet_id = wallet.wallet_id().ok_or(SecurityError::WalletUninitialized)?;
    let json = wallet.export()?;
    keychain::store(&wallet_id, &key)?;
    let made = Vault::create_from_export(&keeper.path, &json, PASSWORD_COST, now_ms());
    made.map(|_| ()).map_err(|error| {
        // It opens nothing. Should this fail too, the first failure is what there is to tell.
        let _ = keychain::remove(&wallet_id);
        CliError::vault(&keeper.path)(error)
    })
}

/// The key in a file, which is made where there is none; whether it was.
fn key_of_file(path: &Path) -> Result<(WrappingKey, bool), CliError> {
    let at = CliError::vault(path);
    match read_key_file(path) {
        Err(SecurityError::Io { kind: io::ErrorKind::NotFound, .. }) => {
            make_key_file(path).map(|key| (key, true)).map_err(at)
        }
        read => read.map(|key| (key, false)).map_err(at),
    }
}
