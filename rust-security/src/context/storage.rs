//! Storage encryption: numbered keys, rotation, retirement and resealing.

use std::num::NonZeroU32;
use std::sync::Arc;

use chrysalis_crypto::CryptoError;
use chrysalis_crypto::envelope::{Header, Rewrapper, StorageKey, Suite};
use zeroize::Zeroizing;

use crate::audit::AuditAction;
use crate::context::SecurityContext;
use crate::error::SecurityError;
use crate::sorted::SortedMap;

/// The most storage keys that are kept at a time.
pub const MAX_STORAGE_KEYS: usize = 4096;

/// Numbered keys: the newest seals, all open.
pub(super) struct StorageKeys {
    pub(super) keys: SortedMap<u32, Arc<StorageKey>>,
    pub(super) current: u32,
    pub(super) floor: u32,
}

impl StorageKeys {
    pub(super) fn make(suite: Suite) -> Result<Self, CryptoError> {
        let first = StorageKey::make(NonZeroU32::MIN)?.with_suite(suite);
        Ok(Self { keys: [(1, Arc::new(first))].into(), current: 1, floor: 1 })
    }

    pub(super) fn newest(&self) -> Result<Arc<StorageKey>, SecurityError> {
        self.with_id(self.current)
    }

    /// The key that an envelope names.
    pub(super) fn of(&self, envelope: &[u8]) -> Result<Arc<StorageKey>, SecurityError> {
        match Header::parse(envelope)?.key_id() {
            Some(id) => self.with_id(id.get()),
            // Sealed with a password: no storage key opens it.
            None => Err(CryptoError::DecryptFailed.into()),
        }
    }

    fn with_id(&self, key_id: u32) -> Result<Arc<StorageKey>, SecurityError> {
        match self.keys.get(&key_id) {
            Some(key) => Ok(Arc::clone(key)),
            None if key_id < self.floor => Err(SecurityError::KeyRetired { key_id }),
            None => Err(SecurityError::UnknownKeyId { key_id }),
        }
    }
}

impl SecurityContext {
    /// Seals data into a CNE1 envelope under the newest storage key, bound to `context`, which opening needs again.
    ///
    /// # Errors
    /// [`SecurityError::ContextLocked`], `ENCRYPT_FAILED` for data over 2 GiB less 84 bytes, `RANDOM_UNAVAILABLE`.
    pub fn encrypt_for_storage(&self, plaintext: &[u8], context: &[u8]) -> Result<Vec<u8>, SecurityError> {
        let key = self.read().open()?.storage.newest()?;
        Ok(key.seal(plaintext, context)?)
    }

    /// Opens an envelope with the storage key that it names.
    ///
    /// # Errors
    /// [`SecurityError::UnknownKeyId`]; [`SecurityError::KeyRetired`]; `DECRYPT_FAILED` for changed bytes or another
    /// context; those of [`Header::parse`]; [`SecurityError::ContextLocked`].
    pub fn decrypt_from_storage(
        &self,
        ciphertext: &[u8],
        context: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SecurityError> {
        let key = self.read().open()?.storage.of(ciphertext)?;
        Ok(key.open(ciphertext, context)?)
    }

    /// Makes a new storage key, which seals from here on, and gives its number. Older ones go on opening.
    ///
    /// # Errors
    /// [`SecurityError::ContextLocked`]; [`SecurityError::LimitExceeded`] with [`MAX_STORAGE_KEYS`] keys:
    /// retire some.
    pub fn rotate_storage_key(&self) -> Result<u32, SecurityError> {
        let mut inner = self.write();
        let state = inner.open_mut()?;
        let limit = SecurityError::LimitExceeded { what: "storage keys", limit: MAX_STORAGE_KEYS };
        if state.storage.keys.len() >= MAX_STORAGE_KEYS {
            return Err(limit);
        }
        let id = state.storage.current.checked_add(1).and_then(NonZeroU32::new).ok_or(limit)?;
        let key = StorageKey::make(id)?.with_suite(state.suite);
        state.storage.keys.insert(id.get(), Arc::new(key));
        state.storage.current = id.get();
        drop(inner);
        self.record(AuditAction::StorageRotated);
        Ok(id.get())
    }

    /// The number of the storage key that seals.
    ///
    /// # Errors
    /// [`SecurityError::ContextLocked`].
    pub fn storage_key_id(&self) -> Result<u32, SecurityError> {
        Ok(self.read().open()?.storage.current)
    }

    /// Retires the storage keys numbered below `floor`: they are wiped, and what they sealed does not open any more.
    /// There is no way back; rewrap first.
    ///
    /// # Errors
    /// [`SecurityError::ContextLocked`]; `INVALID_ARGUMENT` for a floor below the present one or above the newest key.
    pub fn set_min_decryption_key_id(&self, floor: u32) -> Result<(), SecurityError> {
        let mut inner = self.write();
        let storage = &mut inner.open_mut()?.storage;
        if floor < storage.floor || floor > storage.current {
            return Err(SecurityError::argument("key id must be between the floor and the newest key"));
        }
        storage.floor = floor;
        storage.keys.remove_below(&floor);
        drop(inner);
        self.record(AuditAction::StorageRetired);
        Ok(())
    }

    /// Opens an envelope and seals it under the newest storage key, for the same context. The plaintext stays inside.
    ///
    /// # Errors
    /// As [`decrypt_from_storage`](Self::decrypt_from_storage).
    pub fn rewrap(&self, ciphertext: &[u8], context: &[u8]) -> Result<Vec<u8>, SecurityError> {
        let mut rewrapped = self.rewrap_many(&[(ciphertext, context)])?;
        rewrapped.pop().expect("one result for one record")
    }

    /// [`rewrap`](Self::rewrap) for many records, pairs of envelope and context. The results stand in the order of the
    /// records; one that fails does not keep the others from being resealed.
    ///
    /// # Errors
    /// [`SecurityError::ContextLocked`]. The errors of single records are in the results.
    pub fn rewrap_many(
        &self,
        records: &[(&[u8], &[u8])],
    ) -> Result<Vec<Result<Vec<u8>, SecurityError>>, SecurityError> {
        // The keys of this moment serve the whole run, without a lock.
        let keys = {
            let inner = self.read();
            let storage = &inner.open()?.storage;
            StorageKeys { keys: storage.keys.clone(), current: storage.current, floor: storage.floor }
        };
        let newest = keys.newest()?;
        let mut rewrapper = Rewrapper::new(&newest);
        let rewrap = |(envelope, context): &(&[u8], &[u8])| {
            let from = keys.of(envelope)?;
            let mut out = Vec::new();
            rewrapper.rewrap_into(envelope, &from, context, &mut out)?;
            Ok(out)
        };
        Ok(records.iter().map(rewrap).collect())
    }
}
