//! The vault of this run: where it is, and what opens it.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use chrysalis_crypto::kdf::Argon2Params;
use chrysalis_crypto::secret::SecretBytes;
use chrysalis_security::key_file::read_key_file;
use chrysalis_security::wallet::{ApiKeyEntry, ApiKeyWallet};
use chrysalis_security::{SecurityError, Vault, WrappingKey};

use crate::errors::CliError;
use crate::output::Output;
use crate::session::{Session, given};
use crate::vault::args::Opening;
use crate::vault::keychain;
use crate::vault::secrets::{ATTEMPTS, Secrets};

/// The cost of passwords that are set here.
pub(crate) const PASSWORD_COST: Argon2Params = Argon2Params::NATIVE;

/// One run's way to its vault.
pub(crate) struct Keeper<'a> {
    pub(crate) path: PathBuf,
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) keychain: bool,
    pub(crate) secrets: Secrets,
    pub(crate) out: &'a mut Output,
}

/// What opened a vault.
pub(crate) enum Proof {
    Password(SecretBytes),
    HostKey(WrappingKey),
}

impl<'a> Keeper<'a> {
    /// Touches no file.
    ///
    /// # Errors
    /// [`CliError::Usage`] for an empty `--vault` or `--key-file`.
    pub(crate) fn new(session: &'a mut Session, opening: &Opening) -> Result<Self, CliError> {
        let is_empty = |path: &PathBuf| path.as_os_str().is_empty();
        let path = given("--vault", "CHRYSALIS_VAULT", opening.vault.clone(), is_empty)?;
        let key_file = given("--key-file", "CHRYSALIS_VAULT_KEY_FILE", opening.key_file.clone(), is_empty)?;
        Ok(Self {
            path: path.unwrap_or_else(|| session.profile.default_vault()),
            key_file,
            keychain: opening.keychain,
            secrets: Secrets { passwords_from_stdin: opening.password_stdin },
            out: &mut session.out,
        })
    }

    /// Opens the vault, locked.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub(crate) fn open(&self) -> Result<Vault, CliError> {
        Vault::open(&self.path, PASSWORD_COST).map_err(CliError::vault(&self.path))
    }

    /// Unlocks, with the keychain's key, that of the key file, or the password, whichever was said first in this order.
    ///
    /// # Errors
    /// As [`Vault::unlock`], and those of the key's or password's source.
    pub(crate) fn unlock(&self, vault: &Vault) -> Result<Proof, CliError> {
        let key = if self.keychain {
            Some(keychain::load(&wallet_id(vault)?)?)
        } else {
            let read = |path: &PathBuf| read_key_file(path).map_err(CliError::vault(path));
            self.key_file.as_ref().map(read).transpose()?
        };
        if let Some(key) = key {
            vault.unlock_with_host_key(&key, now_ms()).map_err(CliError::vault(&self.path))?;
            return Ok(Proof::HostKey(key));
        }
        if !self.has_password(vault)? {
            return Err(CliError::Usage(
                "this vault has no password: unlock it with --key-file FILE or --keychain".to_owned(),
            ));
        }
        let mut attempt = 1;
        loop {
            let password = self.secrets.password("Password of the vault: ")?;
            let busy = self.out.busy("unlocking");
            let unlocked = password.expose(|password| vault.unlock(password, now_ms()));
            busy.finish_and_clear();
            match unlocked {
                Ok(()) => return Ok(Proof::Password(password)),
                Err(SecurityError::InvalidPassword) if attempt < ATTEMPTS && self.secrets.are_typed() => {
                    self.out.warn("that is not the password");
                    attempt += 1;
                }
                Err(error) => return Err(CliError::vault(&self.path)(error)),
            }
        }
    }

    /// Whether a password opens the vault. Works while locked.
    ///
    /// # Errors
    /// As [`Vault::read`].
    pub(crate) fn has_password(&self, vault: &Vault) -> Result<bool, CliError> {
        self.read(vault, |wallet| Ok(wallet.password_kdf()?.is_some()))
    }

    /// The entries, with redacted forms of the keys whether locked or not.
    ///
    /// # Errors
    /// As [`Vault::read`].
    pub(crate) fn entries(&self, vault: &Vault) -> Result<Vec<ApiKeyEntry>, CliError> {
        self.read(vault, |wallet| {
            // An open wallet shows how keys begin; a locked one, only what tells them apart.
            let locked = ApiKeyWallet::new();
            locked.load(&wallet.export()?)?;
            locked.list_keys(None, now_ms())
        })
    }

    /// [`Vault::read`], with the path in its errors.
    ///
    /// # Errors
    /// As [`Vault::read`].
    pub(crate) fn read<R>(
        &self,
        vault: &Vault,
        look: impl FnOnce(&ApiKeyWallet) -> Result<R, SecurityError>,
    ) -> Result<R, CliError> {
        vault.read(now_ms(), look).map_err(CliError::vault(&self.path))
    }

    /// [`Vault::update`], with the path in its errors.
    ///
    /// # Errors
    /// As [`Vault::update`].
    pub(crate) fn change<R>(
        &self,
        vault: &Vault,
        change: impl FnOnce(&ApiKeyWallet) -> Result<R, SecurityError>,
    ) -> Result<R, CliError> {
        vault.update(now_ms(), change).map_err(CliError::vault(&self.path))
    }

    /// The path, for people.
    pub(crate) fn shown_path(&self) -> String {
        shown(&self.path)
    }
}

/// The id by which a keychain knows the vault.
pub(crate) fn wallet_id(vault: &Vault) -> Result<[u8; 16], CliError> {
    vault.wallet_id().ok_or_else(|| SecurityError::WalletUninitialized.into())
}

/// A path as text.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Milliseconds since 1970; 0 on a clock before that.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
