//! What a password does for a context: exporting its state, taking it back, locking and unlocking.
//!
//! A password becomes a key by Argon2id, which takes long by design. Every operation exists twice: with the password, and
//! with the key that was derived elsewhere, such as in a worker of a browser, so that nothing waits for it here.

use chrysalis_crypto::CryptoError;
use chrysalis_crypto::envelope::{self, Header, PasswordKdf};
use chrysalis_crypto::kdf::Argon2Params;
use zeroize::Zeroizing;

use super::{Clock, OpenState, SecurityContext, State};
use crate::audit::{AuditAction, AuditEvent};
use crate::error::SecurityError;
use crate::sealing::{SALT_LENGTH, WrappingKey, make_salt};

/// What an exported state is bound to.
const STATE_CONTEXT: &[u8] = b"security-context/1/state";
/// What a locked state is bound to.
const LOCK_CONTEXT: &[u8] = b"security-context/1/lock";

/// What a context locks with: the key of a password while open, and how to make it again while locked.
pub(super) struct LockPassword {
    params: Argon2Params,
    salt: [u8; SALT_LENGTH],
    key: Option<WrappingKey>,
}

impl SecurityContext {
    /// Everything, sealed under `password`, to be kept by the caller. The password also becomes the one to
    /// [`lock`](Self::lock) with if there was none. Costs one key derivation.
    ///
    /// # Errors
    /// [`SecurityError::ContextLocked`]; `INVALID_ARGUMENT` for an empty password.
    pub fn export_state(&self, password: &[u8]) -> Result<Vec<u8>, SecurityError> {
        self.read().open()?;
        let (params, salt) = self.make_password_kdf()?;
        let key = WrappingKey::derive(password, &salt, params)?;
        self.export_state_with_derived_key(params, salt, key)
    }

    /// [`export_state`](Self::export_state) with the key that a password was turned into elsewhere, with parameters of
    /// [`make_password_kdf`](Self::make_password_kdf).
    ///
    /// # Errors
    /// [`SecurityError::ContextLocked`].
    pub fn export_state_with_derived_key(
        &self,
        params: Argon2Params,
        salt: [u8; SALT_LENGTH],
        key: WrappingKey,
    ) -> Result<Vec<u8>, SecurityError> {
        let plain = self.read().open()?.encode()?;
        let kdf = PasswordKdf::Argon2id { params, salt };
        let sealed = plain.expose(|plain| {
            key.expose(|key| envelope::seal_with_derived_key(plain, key, kdf, STATE_CONTEXT))
        })?;
        let has_password = self.read().password.is_some();
        if !has_password {
            self.set_password_with_derived_key(params, salt, key)?;
        }
        self.audit.record(AuditEvent::done(AuditAction::Exported, (self.clock)()));
        Ok(sealed)
    }

    /// The context in what [`export_state`](Self::export_state) gave. `password` becomes the one to lock with, at the cost
    /// that `bytes` name: who guesses it against the locked state could guess it against them.
    ///
    /// Costs one key derivation, within the bounds of rust-crypto.
    ///
    /// # Errors
    /// `DECRYPT_FAILED` for a wrong password or changed bytes; the other errors of
    /// [`envelope::open_with_password`]; [`SecurityError::MalformedState`].
    pub fn import_state(bytes: &[u8], password: &[u8], clock: Clock) -> Result<Self, SecurityError> {
        Self::import_state_with(bytes, password, clock, Argon2Params::DEFAULT)
    }

    /// The same with another cost of passwords that are set from here on.
    ///
    /// # Errors
    /// As [`import_state`](Self::import_state).
    pub fn import_state_with(
        bytes: &[u8],
        password: &[u8],
        clock: Clock,
        params: Argon2Params,
    ) -> Result<Self, SecurityError> {
        let (cost, salt) = Self::state_kdf(bytes)?;
        let key = WrappingKey::derive(password, &salt, cost)?;
        Self::import_state_with_derived_key(bytes, key, clock, params)
    }

    /// [`import_state_with`](Self::import_state_with) with the key that the password was turned into elsewhere, as
    /// [`state_kdf`](Self::state_kdf) says.
    ///
    /// # Errors
    /// As [`import_state`](Self::import_state).
    pub fn import_state_with_derived_key(
        bytes: &[u8],
        key: WrappingKey,
        clock: Clock,
        params: Argon2Params,
    ) -> Result<Self, SecurityError> {
        let (cost, salt) = Self::state_kdf(bytes)?;
        let opened = key.expose(|key| envelope::open_with_derived_key(bytes, key, STATE_CONTEXT))?;
        let state = OpenState::decode(&opened.plaintext)?;
        let password = LockPassword { params: cost, salt, key: Some(key) };
        let context = Self::with_state(state, Some(password), clock, params);
        context.audit.record(AuditEvent::done(AuditAction::Imported, (context.clock)()));
        Ok(context)
    }

    /// What the key of an exported state is made of its password with. Nothing of it is authenticated before the state has
    /// been opened.
    ///
    /// # Errors
    /// `DECRYPT_FAILED` for an envelope that takes no password; `UNSUPPORTED` for one with another derivation than
    /// Argon2id, which no state has; those of [`Header::parse`].
    pub fn state_kdf(bytes: &[u8]) -> Result<(Argon2Params, [u8; SALT_LENGTH]), SecurityError> {
        match Header::parse(bytes)?.password() {
            Some(PasswordKdf::Argon2id { params, salt }) => Ok((*params, *salt)),
            Some(_) => Err(CryptoError::Unsupported("key derivation of a state").into()),
            None => Err(CryptoError::DecryptFailed.into()),
        }
    }

    /// Parameters with a fresh salt, to make the key of one password for
    /// [`export_state_with_derived_key`](Self::export_state_with_derived_key) or
    /// [`set_password_with_derived_key`](Self::set_password_with_derived_key).
    ///
    /// # Errors
    /// `RANDOM_UNAVAILABLE`.
    pub fn make_password_kdf(&self) -> Result<(Argon2Params, [u8; SALT_LENGTH]), SecurityError> {
        Ok((self.params, make_salt()?))
    }

    /// Sets the password to lock with. Costs one key derivation.
    ///
    /// # Errors
    /// [`SecurityError::ContextLocked`]; `INVALID_ARGUMENT` for an empty password.
    pub fn set_password(&self, password: &[u8]) -> Result<(), SecurityError> {
        self.read().open()?;
        let (params, salt) = self.make_password_kdf()?;
        let key = WrappingKey::derive(password, &salt, params)?;
        self.set_password_with_derived_key(params, salt, key)
    }

    /// [`set_password`](Self::set_password) with the key that the password was turned into elsewhere, with parameters of
    /// [`make_password_kdf`](Self::make_password_kdf).
    ///
    /// # Errors
    /// [`SecurityError::ContextLocked`].
    pub fn set_password_with_derived_key(
        &self,
        params: Argon2Params,
        salt: [u8; SALT_LENGTH],
        key: WrappingKey,
    ) -> Result<(), SecurityError> {
        let mut inner = self.write();
        inner.open()?;
        inner.password = Some(LockPassword { params, salt, key: Some(key) });
        drop(inner);
        self.audit.record(AuditEvent::done(AuditAction::PasswordChanged, (self.clock)()));
        Ok(())
    }

    /// Seals everything in memory and wipes the keys. Nothing when locked already.
    ///
    /// # Errors
    /// [`SecurityError::PasswordNotSet`] when no password was ever given to open it with again, by
    /// [`set_password`](Self::set_password), [`export_state`](Self::export_state) or
    /// [`import_state`](Self::import_state); nothing is locked then.
    pub fn lock(&self) -> Result<(), SecurityError> {
        let mut inner = self.write();
        let inner = &mut *inner;
        let State::Open(state) = &inner.state else { return Ok(()) };
        let password = inner.password.as_mut().ok_or(SecurityError::PasswordNotSet)?;
        let key = password.key.as_ref().ok_or(SecurityError::PasswordNotSet)?;
        let plain = state.encode()?;
        // What cannot be read back must not replace what is in memory.
        plain.expose(OpenState::decode)?;
        let sealed = plain.expose(|plain| key.expose(|key| envelope::seal(plain, key, LOCK_CONTEXT)))?;
        password.key = None;
        inner.state = State::Locked(sealed);
        self.audit.record(AuditEvent::done(AuditAction::Locked, (self.clock)()));
        Ok(())
    }

    /// Opens what [`lock`](Self::lock) sealed. Nothing when open already. Costs one key derivation.
    ///
    /// # Errors
    /// `DECRYPT_FAILED` for a wrong password; `INVALID_ARGUMENT` for an empty one.
    pub fn unlock(&self, password: &[u8]) -> Result<(), SecurityError> {
        let Some((params, salt)) = self.password_kdf() else { return Ok(()) };
        match WrappingKey::derive(password, &salt, params) {
            Ok(key) => self.unlock_with_derived_key(key),
            Err(error) => self.report_unlock(Err(error.into())),
        }
    }

    /// What the key of the password that unlocks is made with; `None` while there is nothing to unlock.
    #[must_use]
    pub fn password_kdf(&self) -> Option<(Argon2Params, [u8; SALT_LENGTH])> {
        let inner = self.read();
        match (&inner.state, &inner.password) {
            (State::Locked(_), Some(password)) => Some((password.params, password.salt)),
            _ => None,
        }
    }

    /// [`unlock`](Self::unlock) with the key that the password was turned into elsewhere, as
    /// [`password_kdf`](Self::password_kdf) says.
    ///
    /// # Errors
    /// `DECRYPT_FAILED` for another key.
    pub fn unlock_with_derived_key(&self, key: WrappingKey) -> Result<(), SecurityError> {
        let mut inner = self.write();
        let opened = {
            let State::Locked(sealed) = &inner.state else { return Ok(()) };
            key.expose(|key| envelope::open(sealed, key, LOCK_CONTEXT))
                .map_err(SecurityError::from)
                .and_then(|plain: Zeroizing<Vec<u8>>| OpenState::decode(&plain))
        };
        let unlocked = opened.map(|state| {
            inner.state = State::Open(state);
            if let Some(password) = &mut inner.password {
                password.key = Some(key);
            }
        });
        drop(inner);
        self.report_unlock(unlocked)
    }

    /// Whether the keys are sealed.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        matches!(self.read().state, State::Locked(_))
    }

    fn report_unlock(&self, unlocked: Result<(), SecurityError>) -> Result<(), SecurityError> {
        let now_ms = (self.clock)();
        self.audit.record(match &unlocked {
            Ok(()) => AuditEvent::done(AuditAction::Unlocked, now_ms),
            Err(error) => AuditEvent::refused(AuditAction::Unlocked, now_ms, error),
        });
        unlocked
    }
}
