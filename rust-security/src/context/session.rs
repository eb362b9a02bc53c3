//! Session keys: random, independent, numbered per session.

use std::num::NonZeroU32;
use std::sync::Arc;

use chrysalis_crypto::CryptoError;
use chrysalis_crypto::envelope::{Header, StorageKey};
use zeroize::Zeroizing;

use crate::audit::AuditAction;
use crate::context::SecurityContext;
use crate::error::SecurityError;
use crate::sorted::SortedMap;

/// The longest session id in bytes.
pub const MAX_SESSION_ID_LENGTH: usize = 256;
/// The most sessions of a context.
pub const MAX_SESSIONS: usize = 65_536;
/// The most keys of a session that are kept at a time.
pub const MAX_SESSION_KEYS: usize = 256;

/// The keys of every session by its id.
#[derive(Default)]
pub(super) struct Sessions(pub(super) SortedMap<String, SessionKeys>);

/// The retained keys of one session by version; the last seals.
pub(super) struct SessionKeys {
    pub(super) keys: SortedMap<u32, Arc<StorageKey>>,
}

impl SessionKeys {
    fn newest(&self) -> (&u32, &Arc<StorageKey>) {
        let (version, key) =
            self.keys.last().expect("a session begins with a key and its newest is never retired");
        (version, key)
    }

    fn of(&self, envelope: &[u8]) -> Result<Arc<StorageKey>, SecurityError> {
        let Some(id) = Header::parse(envelope)?.key_id() else {
            return Err(CryptoError::DecryptFailed.into());
        };
        let key_id = id.get();
        match self.keys.get(&key_id) {
            Some(key) => Ok(Arc::clone(key)),
            None if key_id < *self.newest().0 => Err(SecurityError::KeyRetired { key_id }),
            None => Err(SecurityError::UnknownKeyId { key_id }),
        }
    }
}

impl SecurityContext {
    /// Gives a session its next key: version 1 to a new session, one more to a known one. Older versions go on opening
    /// until they are retired. Gives the version.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for an id that has not 1 to 256 bytes; [`SecurityError::LimitExceeded`];
    /// [`SecurityError::ContextLocked`].
    pub fn rotate_session_key(&self, session_id: &str) -> Result<u32, SecurityError> {
        check_id(session_id)?;
        let mut inner = self.write();
        let state = inner.open_mut()?;
        let suite = state.suite;
        let sessions = &mut state.sessions.0;
        if sessions.len() >= MAX_SESSIONS && !sessions.contains_key(session_id) {
            return Err(SecurityError::LimitExceeded { what: "sessions", limit: MAX_SESSIONS });
        }
        let limit = SecurityError::LimitExceeded { what: "session keys", limit: MAX_SESSION_KEYS };
        let retained = sessions.get(session_id).map_or(0, |session| session.keys.len());
        if retained >= MAX_SESSION_KEYS {
            return Err(limit);
        }
        let newest = sessions.get(session_id).map_or(0, |session| *session.newest().0);
        let version = newest.checked_add(1).and_then(NonZeroU32::new).ok_or(limit)?;
        let key = Arc::new(StorageKey::make(version)?.with_suite(suite));
        match sessions.get_mut(session_id) {
            Some(session) => drop(session.keys.insert(version.get(), key)),
            None => {
                let keys = [(version.get(), key)].into();
                sessions.insert(session_id.to_owned(), SessionKeys { keys });
            }
        }
        drop(inner);
        self.record(AuditAction::SessionRotated);
        Ok(version.get())
    }

    /// The version of a session's newest key; `None` when there is no such session.
    ///
    /// # Errors
    /// [`SecurityError::ContextLocked`].
    pub fn session_key_version(&self, session_id: &str) -> Result<Option<u32>, SecurityError> {
        let inner = self.read();
        Ok(inner.open()?.sessions.0.get(session_id).map(|session| *session.newest().0))
    }

    /// Seals data into a CNE1 envelope under the session's newest key, bound to session and `context`.
    ///
    /// # Errors
    /// [`SecurityError::SessionNotFound`] before the first rotation; [`SecurityError::ContextLocked`];
    /// `ENCRYPT_FAILED`.
    pub fn encrypt_for_session(
        &self,
        session_id: &str,
        data: &[u8],
        context: &[u8],
    ) -> Result<Vec<u8>, SecurityError> {
        let key = {
            let inner = self.read();
            let session = inner.open()?.sessions.0.get(session_id).ok_or(SecurityError::SessionNotFound)?;
            Arc::clone(session.newest().1)
        };
        Ok(key.seal(data, &bind(session_id, context)?)?)
    }

    /// Opens what was sealed for the session with the same `context`, under any version that is not retired.
    ///
    /// # Errors
    /// [`SecurityError::SessionNotFound`], [`SecurityError::KeyRetired`], [`SecurityError::UnknownKeyId`],
    /// `DECRYPT_FAILED`, those of [`Header::parse`], [`SecurityError::ContextLocked`].
    pub fn decrypt_from_session(
        &self,
        session_id: &str,
        envelope: &[u8],
        context: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SecurityError> {
        let key = {
            let inner = self.read();
            let session = inner.open()?.sessions.0.get(session_id).ok_or(SecurityError::SessionNotFound)?;
            session.of(envelope)?
        };
        Ok(key.open(envelope, &bind(session_id, context)?)?)
    }

    /// Wipes the session's keys of versions below `before_version`, but never the newest. Gives how many.
    ///
    /// # Errors
    /// [`SecurityError::SessionNotFound`], [`SecurityError::ContextLocked`]; `INVALID_ARGUMENT` above the newest version.
    pub fn retire_session_keys(&self, session_id: &str, before_version: u32) -> Result<usize, SecurityError> {
        let mut inner = self.write();
        let sessions = &mut inner.open_mut()?.sessions.0;
        let session = sessions.get_mut(session_id).ok_or(SecurityError::SessionNotFound)?;
        if before_version > *session.newest().0 {
            return Err(SecurityError::argument("version must be at most the newest"));
        }
        let retired = session.keys.remove_below(&before_version);
        drop(inner);
        self.record(AuditAction::SessionRetired);
        Ok(retired)
    }

    /// Wipes all keys of a session; whether there was one. A session of the same id begins anew, with other keys.
    ///
    /// # Errors
    /// [`SecurityError::ContextLocked`].
    pub fn end_session(&self, session_id: &str) -> Result<bool, SecurityError> {
        let ended = self.write().open_mut()?.sessions.0.remove(session_id).is_some();
        if ended {
            self.record(AuditAction::SessionRetired);
        }
        Ok(ended)
    }
}

pub(super) fn check_id(session_id: &str) -> Result<(), SecurityError> {
    if session_id.is_empty() || session_id.len() > MAX_SESSION_ID_LENGTH {
        return Err(SecurityError::argument("session id must have 1 to 256 bytes"));
    }
    Ok(())
}

/// What a session's envelope is bound to: `session/1` ‖ 00 ‖ the id after its length as u16, big-endian ‖ context.
fn bind(session_id: &str, context: &[u8]) -> Result<Vec<u8>, SecurityError> {
    let length = u16::try_from(session_id.len()).map_err(|_| SecurityError::SessionNotFound)?;
    let mut bound = Vec::new();
    bound
        .try_reserve_exact(12 + session_id.len() + context.len())
        .map_err(|_| SecurityError::argument("context is too long"))?;
    bound.extend_from_slice(b"session/1\0");
    bound.extend_from_slice(&length.to_be_bytes());
    bound.extend_from_slice(session_id.as_bytes());
    bound.extend_from_slice(context);
    Ok(bound)
}
