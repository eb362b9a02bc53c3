//! `chrysalis vault`: API keys in a file, and in the environment of programs.
//!
//! What is sealed, how, and what several processes do to one file is rust-security's; here is what is asked, shown and
//! refused.

mod access;
pub(crate) mod args;
mod child;
mod keeper;
mod keychain;
mod keys;
mod secrets;
mod select;
mod terminal;
mod trail;
mod transfer;
mod view;

use std::sync::Arc;

use chrysalis_crypto::api_keys::ApiKey;

use self::args::VaultAction;
use self::keeper::Keeper;
use crate::errors::{CliError, Outcome};
use crate::session::Session;

/// Does one thing with a vault.
///
/// # Errors
/// Those of the action; no text holds a key or a password.
pub(crate) fn run(session: &mut Session, args: &args::Vault) -> Result<Outcome, CliError> {
    keep_out_of_dumps();
    let mut keeper = Keeper::new(session, &args.opening)?;
    match &args.action {
        VaultAction::Init(_) => access::init(&mut keeper),
        VaultAction::Set(args) => keys::set(&mut keeper, args),
        VaultAction::Get(args) => keys::get(&mut keeper, args),
        VaultAction::List(args) => keys::list(&mut keeper, args),
        VaultAction::Rotate(args) => keys::rotate(&mut keeper, args),
        VaultAction::Default(args) => keys::set_default(&mut keeper, args),
        VaultAction::Remove(args) => keys::remove(&mut keeper, args),
        VaultAction::Run(args) => child::run(&mut keeper, args),
        VaultAction::Export(args) => transfer::export(&mut keeper, args),
        VaultAction::Import(args) => transfer::import(&mut keeper, args),
        VaultAction::Passwd(args) => access::passwd(&mut keeper, args),
        VaultAction::Unattended(args) => access::unattended(&mut keeper, &args.action),
        VaultAction::Audit(args) => trail::audit(&mut keeper, args),
    }
}

/// A key of the vault, for a command of this process. Its use is on record in the trail.
///
/// # Errors
/// [`CliError::NoSuchKey`], [`CliError::KeyExpired`]; those of unlocking.
pub(crate) fn key_for(
    session: &mut Session,
    opening: &args::Opening,
    text: &str,
) -> Result<Arc<ApiKey>, CliError> {
    keep_out_of_dumps();
    keys::for_use(&mut Keeper::new(session, opening)?, text)
}

/// Keeps other processes of the user out of this one's memory, and this one's memory out of core dumps. A program that
/// `run` becomes is not concerned.
pub(crate) fn keep_out_of_dumps() {
    #[cfg(any(target_os = "android", target_os = "linux"))]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // Where it is refused there is nothing else to do, and nothing lost that the command needs.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
