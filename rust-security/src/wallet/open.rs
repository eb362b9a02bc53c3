//! Making a wallet, opening it, and changing what opens it.

use chrysalis_crypto::CryptoError;
use chrysalis_crypto::envelope::PasswordKdf;
use chrysalis_crypto::kdf::Argon2Params;
use chrysalis_crypto::random;
#[cfg(any(unix, windows))]
use zeroize::Zeroizing;

use crate::audit::{AuditAction, AuditEvent, KeyId};
use crate::error::SecurityError;
use crate::sealing::{MasterKey, SALT_LENGTH, WrappingKey, make_salt};
use crate::sorted::SortedMap;
use crate::wallet::document::{Document, Kdf, MAX_HOST_KEYS, SealedHostKey, check_label};
use crate::wallet::{ApiKeyWallet, Inner, Open, Stored, WalletEvent, WalletSettings, clamp};

/// A further key that opens a wallet, without the key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HostKeyInfo {
    /// To remove it by.
    pub id: KeyId,
    /// For people.
    pub label: String,
}

impl ApiKeyWallet {
    /// Makes a new wallet that `password` opens, unlocked.
    ///
    /// Costs one key derivation.
    ///
    /// # Errors
    /// [`SecurityError::WalletExists`] unless uninitialised; `INVALID_ARGUMENT` for an empty password.
    pub fn initialize(&self, password: &[u8], now_ms: u64) -> Result<(), SecurityError> {
        let params = {
            let inner = self.inner();
            inner.require_uninitialized()?;
            inner.params
        };
        // The derivation takes long, and the wallet stays usable meanwhile.
        let (kdf, key) = make_password_key(password, params)?;
        self.begin(kdf, &key, now_ms)
    }

    /// Parameters with a fresh salt, for a password that is turned into a key elsewhere, such as in a worker. For one
    /// password, once.
    ///
    /// # Errors
    /// `RANDOM_UNAVAILABLE`.
    pub fn make_password_kdf(&self) -> Result<(Argon2Params, [u8; SALT_LENGTH]), SecurityError> {
        let params = self.inner().params;
        Ok((params, make_salt()?))
    }

    /// [`initialize`](Self::initialize) with the key that the password was turned into by these parameters.
    ///
    /// # Errors
    /// [`SecurityError::WalletExists`] unless uninitialised.
    pub fn initialize_with_derived_key(
        &self,
        params: Argon2Params,
        salt: [u8; SALT_LENGTH],
        key: &WrappingKey,
        now_ms: u64,
    ) -> Result<(), SecurityError> {
        self.begin(Kdf::Argon2id { params, salt }, key, now_ms)
    }

    /// Makes a new wallet without a password, which a key of the host opens: one from a key file, a keychain, or
    /// unsealed by WebCrypto.
    ///
    /// # Errors
    /// [`SecurityError::WalletExists`] unless uninitialised.
    pub fn initialize_with_host_key(&self, key: &WrappingKey, now_ms: u64) -> Result<(), SecurityError> {
        self.begin(Kdf::Host, key, now_ms)
    }

    /// Opens the wallet. Nothing when it is open already, whatever the password.
    ///
    /// Costs one key derivation, and a MAC over the whole file.
    ///
    /// # Errors
    /// [`SecurityError::WalletUninitialized`]; [`SecurityError::InvalidPassword`], also for a wallet without one or whose
    /// wrapped key or derivation was changed; [`SecurityError::WalletTampered`] when the password is right and anything
    /// else was changed.
    pub fn unlock(&self, password: &[u8], now_ms: u64) -> Result<(), SecurityError> {
        let kdf = {
            let mut inner = self.inner();
            inner.close_if_idle(now_ms);
            if inner.open.is_some() {
                return Ok(());
            }
            inner.stored()?.document.kdf
        };
        let unlocked = match kdf {
            Kdf::Argon2id { params, salt } if !password.is_empty() => {
                WrappingKey::derive(password, &salt, params).map_err(Into::into)
            }
            _ => Err(SecurityError::InvalidPassword),
        }
        .and_then(|key| self.open_with(now_ms, |document| document.unwrap_main(&key)));
        self.report(unlocked, AuditAction::Unlocked, now_ms)
    }

    /// What [`WrappingKey::derive`] needs to make the key for
    /// [`unlock_with_derived_key`](Self::unlock_with_derived_key) elsewhere, such as in a worker; `None` when the wallet
    /// has no password.
    ///
    /// # Errors
    /// [`SecurityError::WalletUninitialized`].
    pub fn password_kdf(&self) -> Result<Option<(Argon2Params, [u8; SALT_LENGTH])>, SecurityError> {
        Ok(match self.inner().stored()?.document.kdf {
            Kdf::Argon2id { params, salt } => Some((params, salt)),
            Kdf::Host => None,
        })
    }

    /// Whether the password costs a guesser less than is recommended today: worth a
    /// [`change_password`](Self::change_password), to the same one, while it is at hand. False without a password.
    #[must_use]
    pub fn needs_rewrap(&self) -> bool {
        let kdf = self.inner().stored.as_ref().map(|stored| stored.document.kdf);
        match kdf {
            Some(Kdf::Argon2id { params, salt }) => PasswordKdf::Argon2id { params, salt }.is_weak(),
            Some(Kdf::Host) | None => false,
        }
    }

    /// Opens the wallet with the key that its password was turned into elsewhere. Otherwise as
    /// [`unlock`](Self::unlock).
    ///
    /// # Errors
    /// As [`unlock`](Self::unlock).
    pub fn unlock_with_derived_key(&self, key: &WrappingKey, now_ms: u64) -> Result<(), SecurityError> {
        let unlocked = self.open_with(now_ms, |document| document.unwrap_main(key));
        self.report(unlocked, AuditAction::Unlocked, now_ms)
    }

    /// Opens the wallet with a key of the host: the one it was made with, or one that was added.
    ///
    /// # Errors
    /// As [`unlock`](Self::unlock).
    pub fn unlock_with_host_key(&self, key: &WrappingKey, now_ms: u64) -> Result<(), SecurityError> {
        let unlocked = self.open_with(now_ms, |document| document.unwrap_host(key));
        self.report(unlocked, AuditAction::Unlocked, now_ms)
    }

    /// Changes the password. Only the master key is wrapped again, under a new salt and today's cost; entries stay as
    /// they are, and so do host keys. Works locked and unlocked and does not change which.
    ///
    /// Someone who kept the old file and the old password still opens the old file, and with its master key what this
    /// one seals later: after a password was stolen, use [`rotate_master_key`](Self::rotate_master_key) as well, and replace
    /// the keys.
    ///
    /// # Errors
    /// [`SecurityError::WalletUninitialized`], [`SecurityError::InvalidPassword`], [`SecurityError::WalletTampered`];
    /// `INVALID_ARGUMENT` for an empty new password. Nothing is changed then.
    pub fn change_password(&self, old: &[u8], new: &[u8], now_ms: u64) -> Result<(), SecurityError> {
        let (kdf, params) = {
            let inner = self.inner();
            (inner.stored()?.document.kdf, inner.params)
        };
        let changed = match kdf {
            Kdf::Argon2id { params, salt } if !old.is_empty() => {
                WrappingKey::derive(old, &salt, params).map_err(SecurityError::from)
            }
            _ => Err(SecurityError::InvalidPassword),
        }
        .and_then(|old| {
            let (kdf, new) = make_password_key(new, params)?;
            self.rewrap(|document| document.unwrap_main(&old), kdf, &new, now_ms)
        });
        self.report(changed, AuditAction::PasswordChanged, now_ms)
    }

    /// [`change_password`](Self::change_password) with keys that both passwords were turned into elsewhere: `old` by
    /// [`password_kdf`](Self::password_kdf), `new` by these parameters.
    ///
    /// # Errors
    /// As [`change_password`](Self::change_password).
    pub fn change_password_with_derived_keys(
        &self,
        old: &WrappingKey,
        params: Argon2Params,
        salt: [u8; SALT_LENGTH],
        new: &WrappingKey,
        now_ms: u64,
    ) -> Result<(), SecurityError> {
        let kdf = Kdf::Argon2id { params, salt };
        let changed = self.rewrap(|document| document.unwrap_main(old), kdf, new, now_ms);
        self.report(changed, AuditAction::PasswordChanged, now_ms)
    }

    /// Sets a password by right of a host key: for a wallet that never had one, or whose password was forgotten.
    ///
    /// # Errors
    /// As [`change_password`](Self::change_password).
    pub fn set_password(&self, key: &WrappingKey, new: &[u8], now_ms: u64) -> Result<(), SecurityError> {
        let params = {
            let inner = self.inner();
            inner.stored()?;
            inner.params
        };
        let (kdf, new) = make_password_key(new, params)?;
        let changed = self.rewrap(|document| document.unwrap_host(key), kdf, &new, now_ms);
        self.report(changed, AuditAction::PasswordChanged, now_ms)
    }

    /// Lets a further key open the wallet: one that the host keeps for unattended use.
    ///
    /// # Errors
    /// [`SecurityError::WalletLocked`]; `INVALID_ARGUMENT` for a label over 64 bytes; [`SecurityError::LimitExceeded`].
    pub fn add_host_key(&self, label: &str, key: &WrappingKey, now_ms: u64) -> Result<KeyId, SecurityError> {
        let mut inner = self.inner();
        let added = inner.add_host_key(label, key, now_ms);
        inner.report_refused(added, AuditAction::UnlockKeyAdded, now_ms)
    }

    /// Takes a host key's right to open the wallet; false when there is none of this id. Who copied an older file
    /// opens that one still.
    ///
    /// # Errors
    /// [`SecurityError::WalletLocked`].
    pub fn remove_host_key(&self, id: &KeyId, now_ms: u64) -> Result<bool, SecurityError> {
        let mut inner = self.inner();
        let removed = inner.remove_host_key(id, now_ms);
        inner.report_refused(removed, AuditAction::UnlockKeyRemoved, now_ms)
    }

    /// The host keys that were added. Works while locked; empty when uninitialised.
    #[must_use]
    pub fn host_keys(&self) -> Vec<HostKeyInfo> {
        let inner = self.inner();
        let keys = inner.stored.iter().flat_map(|stored| &stored.document.host_keys);
        keys.map(|key| HostKeyInfo { id: key.id, label: key.label.clone() }).collect()
    }

    /// Seals everything under a new master key, which `password` wraps. Host keys are removed, because what they wrap is
    /// the old one. Copies of the old file still open as before.
    ///
    /// Costs one key derivation and one opening and sealing per entry.
    ///
    /// # Errors
    /// [`SecurityError::WalletLocked`], [`SecurityError::InvalidPassword`]. Nothing is changed then.
    pub fn rotate_master_key(&self, password: &[u8], now_ms: u64) -> Result<(), SecurityError> {
        let rotated = self.try_rotate_master_key(password, now_ms);
        self.inner().report_refused(rotated, AuditAction::MasterKeyRotated, now_ms)
    }

    /// The Ed25519 seed with which this wallet's holder signs the audit trail.
    ///
    /// Is no key operation: keeping a trail does not keep the wallet open.
    #[cfg(any(unix, windows))]
    pub(crate) fn derive_audit_seed(&self, now_ms: u64) -> Result<Zeroizing<[u8; 32]>, SecurityError> {
        let mut inner = self.inner();
        inner.close_if_idle(now_ms);
        let open = inner.open.as_ref().ok_or(SecurityError::WalletLocked)?;
        Ok(open.master.derive_audit_seed()?)
    }

    fn try_rotate_master_key(&self, password: &[u8], now_ms: u64) -> Result<(), SecurityError> {
        let (kdf, params) = {
            let mut inner = self.inner();
            let params = inner.params;
            (inner.unlocked(now_ms)?.0.document.kdf, params)
        };
        let Kdf::Argon2id { params: old_params, salt } = kdf else {
            return Err(SecurityError::InvalidPassword);
        };
        let old_key = WrappingKey::derive(password, &salt, old_params)?;
        let (kdf, new_key) = make_password_key(password, params)?;
        let mut inner = self.inner();
        let settings = inner.settings.clone();
        let (stored, open) = inner.unlocked(now_ms)?;
        // Whoever sits at an open wallet must know the password, as for changing it.
        let proven = stored.document.unwrap_main(&old_key)?;
        if !proven.is(&open.master) {
            return Err(SecurityError::InvalidPassword);
        }
        let master = MasterKey::make()?;
        let mut document = stored.document.clone();
        for sealed in &mut document.entries {
            let context = sealed.entry.context(&document.wallet_id);
            let key = open.master.open(&sealed.sealed_key, &context)?;
            sealed.sealed_key = master.seal(&key, &context)?;
        }
        document.kdf = kdf;
        document.host_keys.clear();
        document.wrapped_key = new_key.wrap(&master, &document.master_context())?;
        document.settings = document.seal_settings(&master, &settings)?;
        stored.document = document;
        stored.changed(now_ms);
        open.master = master;
        inner.record(AuditEvent::done(AuditAction::MasterKeyRotated, now_ms));
        Ok(())
    }

    fn begin(&self, kdf: Kdf, key: &WrappingKey, now_ms: u64) -> Result<(), SecurityError> {
        let master = MasterKey::make()?;
        let settings = WalletSettings::default();
        let mut document = Document {
            wallet_id: random::array()?,
            created_at: clamp(now_ms),
            updated_at: clamp(now_ms),
            kdf,
            wrapped_key: Vec::new(),
            host_keys: Vec::new(),
            entries: Vec::new(),
            settings: Vec::new(),
        };
        document.wrapped_key = key.wrap(&master, &document.master_context())?;
        document.settings = document.seal_settings(&master, &settings)?;
        let mut inner = self.inner();
        inner.require_uninitialized()?;
        inner.stored = Some(Stored::new(document, None));
        inner.record(AuditEvent::done(AuditAction::Created, now_ms));
        inner.enter(master, settings, now_ms);
        Ok(())
    }

    /// Opens with the master key that `unwrap` finds, if the whole document is what was written.
    fn open_with(
        &self,
        now_ms: u64,
        unwrap: impl FnOnce(&Document) -> Result<MasterKey, SecurityError>,
    ) -> Result<(), SecurityError> {
        let mut inner = self.inner();
        inner.close_if_idle(now_ms);
        if inner.open.is_some() {
            return Ok(());
        }
        let stored = inner.stored()?;
        let (master, settings) = stored.verify_with(unwrap)?;
        inner.enter(master, settings, now_ms);
        Ok(())
    }

    /// Wraps the master key that `unwrap` finds under the key of a new password.
    fn rewrap(
        &self,
        unwrap: impl FnOnce(&Document) -> Result<MasterKey, SecurityError>,
        kdf: Kdf,
        new_key: &WrappingKey,
        now_ms: u64,
    ) -> Result<(), SecurityError> {
        let mut inner = self.inner();
        let inner = &mut *inner;
        let stored = inner.stored.as_mut().ok_or(SecurityError::WalletUninitialized)?;
        let master = match &inner.open {
            // What is in memory was verified when it was opened; the file's MAC is made when it is written.
            Some(open) => {
                let master = unwrap(&stored.document)?;
                if !master.is(&open.master) {
                    return Err(SecurityError::InvalidPassword);
                }
                master
            }
            None => stored.verify_with(unwrap)?.0,
        };
        let mut document = stored.document.clone();
        document.kdf = kdf;
        document.wrapped_key = new_key.wrap(&master, &document.master_context())?;
        document.updated_at = clamp(now_ms);
        // Now, because a locked wallet has no key to make it with later.
        let mac = document.mac(&master)?;
        stored.document = document;
        stored.mac = Some(mac);
        stored.is_edited = true;
        Ok(())
    }

    /// Puts what was done or refused on record.
    fn report(
        &self,
        result: Result<(), SecurityError>,
        action: AuditAction,
        now_ms: u64,
    ) -> Result<(), SecurityError> {
        let event = match &result {
            Ok(()) => AuditEvent::done(action, now_ms),
            Err(error) => AuditEvent::refused(action, now_ms, error),
        };
        self.inner().record(event);
        result
    }
}

impl Inner {
    fn stored(&self) -> Result<&Stored, SecurityError> {
        self.stored.as_ref().ok_or(SecurityError::WalletUninitialized)
    }

    fn require_uninitialized(&self) -> Result<(), SecurityError> {
        if self.stored.is_some() { Err(SecurityError::WalletExists) } else { Ok(()) }
    }

    fn add_host_key(&mut self, label: &str, key: &WrappingKey, now_ms: u64) -> Result<KeyId, SecurityError> {
        check_label(label)?;
        let (stored, open) = self.unlocked(now_ms)?;
        if stored.document.host_keys.len() >= MAX_HOST_KEYS {
            return Err(SecurityError::LimitExceeded { what: "host keys", limit: MAX_HOST_KEYS });
        }
        let id = KeyId::make()?;
        let wrapped_key = key.wrap(&open.master, &stored.document.host_key_context(&id))?;
        stored.document.host_keys.push(SealedHostKey { id, label: label.to_owned(), wrapped_key });
        stored.changed(now_ms);
        self.record(AuditEvent::done(AuditAction::UnlockKeyAdded, now_ms).with_key(id));
        Ok(id)
    }

    fn remove_host_key(&mut self, id: &KeyId, now_ms: u64) -> Result<bool, SecurityError> {
        let (stored, _) = self.unlocked(now_ms)?;
        let Some(place) = stored.document.host_keys.iter().position(|key| key.id == *id) else {
            return Ok(false);
        };
        stored.document.host_keys.remove(place);
        stored.changed(now_ms);
        self.record(AuditEvent::done(AuditAction::UnlockKeyRemoved, now_ms).with_key(*id));
        Ok(true)
    }

    fn enter(&mut self, master: MasterKey, settings: WalletSettings, now_ms: u64) {
        self.open = Some(Open { master, cache: SortedMap::default(), touched_ms: clamp(now_ms) });
        self.settings = settings;
        self.events.push(WalletEvent::Unlocked);
    }
}

impl Stored {
    /// The master key and the settings, if the whole document is what was written.
    fn verify_with(
        &self,
        unwrap: impl FnOnce(&Document) -> Result<MasterKey, SecurityError>,
    ) -> Result<(MasterKey, WalletSettings), SecurityError> {
        let master = unwrap(&self.document)?;
        let mac = self.mac.as_ref().ok_or(SecurityError::MalformedState("wallet"))?;
        self.document.verify(&master, mac)?;
        let settings = master
            .open(&self.document.settings, &self.document.settings_context())
            .map_err(|_| SecurityError::WalletTampered)?;
        let settings = WalletSettings::from_json(&settings)?;
        Ok((master, settings))
    }
}

impl Document {
    fn unwrap_main(&self, key: &WrappingKey) -> Result<MasterKey, SecurityError> {
        refuse(key.unwrap(&self.wrapped_key, &self.master_context()))
    }

    fn unwrap_host(&self, key: &WrappingKey) -> Result<MasterKey, SecurityError> {
        for host_key in &self.host_keys {
            if let Ok(master) = key.unwrap(&host_key.wrapped_key, &self.host_key_context(&host_key.id)) {
                return Ok(master);
            }
        }
        match self.kdf {
            Kdf::Host => self.unwrap_main(key),
            Kdf::Argon2id { .. } => Err(SecurityError::InvalidPassword),
        }
    }
}

/// A wrapped key that does not open is a wrong password; whether it was changed cannot be told apart.
fn refuse(unwrapped: Result<MasterKey, CryptoError>) -> Result<MasterKey, SecurityError> {
    unwrapped.map_err(|_| SecurityError::InvalidPassword)
}

fn make_password_key(password: &[u8], params: Argon2Params) -> Result<(Kdf, WrappingKey), CryptoError> {
    let salt = make_salt()?;
    let key = WrappingKey::derive(password, &salt, params)?;
    Ok((Kdf::Argon2id { params, salt }, key))
}
