//! A wallet's key in the keychain of the operating system: Keychain Services on macOS, the Credential Manager on
//! Windows, the Secret Service of a desktop session elsewhere.

use chrysalis_crypto::hex;
use keyring_core::{Entry, Error};
use zeroize::Zeroize as _;

use crate::error::SecurityError;
use crate::sealing::WrappingKey;

/// The name under which keychains show the entries.
const SERVICE: &str = "chrysalis vault";

/// Keeps a key for the wallet of this id; an older one is replaced.
///
/// # Errors
/// [`SecurityError::KeychainUnavailable`], such as on a machine without a desktop session.
pub fn store(wallet_id: &[u8; 16], key: &WrappingKey) -> Result<(), SecurityError> {
    store_in(&entry(wallet_id)?, key)
}

/// The key that was kept for the wallet of this id.
///
/// # Errors
/// [`SecurityError::KeychainEntryMissing`]; [`SecurityError::KeychainUnavailable`]; `INVALID_KEY_LENGTH` when what is
/// there is no key.
pub fn load(wallet_id: &[u8; 16]) -> Result<WrappingKey, SecurityError> {
    load_from(&entry(wallet_id)?)
}

/// Removes the key of the wallet of this id; whether there was one.
///
/// # Errors
/// [`SecurityError::KeychainUnavailable`].
pub fn remove(wallet_id: &[u8; 16]) -> Result<bool, SecurityError> {
    remove_from(&entry(wallet_id)?)
}

/// The wallet's entry in the system's keychain. What is done with it does not know whose keychain it is, so that tests have one
/// of their own.
fn entry(wallet_id: &[u8; 16]) -> Result<Entry, SecurityError> {
    let entry = keyring::Entry::new(SERVICE, &user_of(wallet_id)).map_err(refused)?;
    Ok(entry.inner)
}

/// What keychains call the user of the entry.
fn user_of(wallet_id: &[u8; 16]) -> String {
    hex::encode(wallet_id)
}

fn store_in(entry: &Entry, key: &WrappingKey) -> Result<(), SecurityError> {
    key.expose(|key| entry.set_secret(key)).map_err(refused)
}

fn load_from(entry: &Entry) -> Result<WrappingKey, SecurityError> {
    let mut secret = entry.get_secret().map_err(refused)?;
    let key = WrappingKey::from_slice_wiping(&mut secret);
    secret.zeroize();
    Ok(key?)
}

fn remove_from(entry: &Entry) -> Result<bool, SecurityError> {
    match entry.delete_credential() {
        Ok(()) => Ok(true),
        Err(Error::NoEntry) => Ok(false),
        Err(error) => Err(refused(error)),
    }
}

/// Of a keychain's error only the kind is kept: its text may hold what it was given, or gave.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape of map_err; errors can hold secrets and end here"
)]
fn refused(error: Error) -> SecurityError {
    match error {
        Error::NoEntry => SecurityError::KeychainEntryMissing,
        Error::NoDefaultStore => SecurityError::KeychainUnavailable("there is no keychain in this session"),
        Error::NoStorageAccess(_) => SecurityError::KeychainUnavailable("it is locked or denies access"),
        _ => SecurityError::KeychainUnavailable("it refused the request"),
    }
}

#[cfg(test)]
mod tests {
    use keyring_core::api::CredentialStoreApi as _;
    use keyring_core::mock;

    use super::*;

    /// The entry of a keychain that is in memory alone.
    fn entry_in_memory(store: &mock::Store, wallet_id: &[u8; 16]) -> Entry {
        store.build(SERVICE, &user_of(wallet_id), None).unwrap()
    }

    #[test]
    fn a_key_is_kept_replaced_given_back_and_removed() {
        let keychain = mock::Store::new().unwrap();
        let ours = entry_in_memory(&keychain, &[7; 16]);
        let (first, second) = (WrappingKey::make().unwrap(), WrappingKey::make().unwrap());
        assert_eq!(load_from(&ours).unwrap_err(), SecurityError::KeychainEntryMissing);
        for key in [&first, &second] {
            store_in(&ours, key).unwrap();
            // As a later process finds it.
            let again = entry_in_memory(&keychain, &[7; 16]);
            assert!(key.expose(|key| load_from(&again).unwrap().expose(|loaded| loaded == key)));
        }
        let other = entry_in_memory(&keychain, &[8; 16]);
        assert_eq!(load_from(&other).unwrap_err(), SecurityError::KeychainEntryMissing, "another wallet's");
        assert!(!remove_from(&other).unwrap());
        assert!(remove_from(&ours).unwrap());
        assert!(!remove_from(&ours).unwrap());
        assert_eq!(load_from(&ours).unwrap_err(), SecurityError::KeychainEntryMissing);
    }

    /// A wallet that the kept key opens, from making it to losing the key.
    #[test]
    fn a_wallet_opens_by_the_kept_key() {
        let keychain = mock::Store::new().unwrap();
        let wallet = crate::ApiKeyWallet::new();
        let key = WrappingKey::make().unwrap();
        wallet.initialize_with_host_key(&key, 0).unwrap();
        let entry = entry_in_memory(&keychain, &wallet.wallet_id().unwrap());
        store_in(&entry, &key).unwrap();
        let later = crate::ApiKeyWallet::new();
        later.load(&wallet.export().unwrap()).unwrap();
        later.unlock_with_host_key(&load_from(&entry).unwrap(), 0).unwrap();
        assert!(later.is_unlocked());
    }

    #[test]
    fn what_a_keychain_answers_is_told_without_what_it_holds() {
        let keychain = mock::Store::new().unwrap();
        let entry = entry_in_memory(&keychain, &[7; 16]);
        entry.set_secret(b"canary, and no key").unwrap();
        let error = load_from(&entry).unwrap_err();
        assert_eq!(error.code(), "INVALID_KEY_LENGTH");
        assert!(!format!("{error} {error:?}").contains("canary"));
        let answers = [
            (Error::NoStorageAccess("canary".into()), "KEYCHAIN_UNAVAILABLE"),
            (Error::PlatformFailure("canary".into()), "KEYCHAIN_UNAVAILABLE"),
            (Error::BadEncoding(b"canary".to_vec()), "KEYCHAIN_UNAVAILABLE"),
            (Error::NoDefaultStore, "KEYCHAIN_UNAVAILABLE"),
            (Error::NoEntry, "KEYCHAIN_ENTRY_MISSING"),
        ];
        for (answer, code) in answers {
            entry.as_any().downcast_ref::<mock::Cred>().unwrap().set_error(answer);
            let error = store_in(&entry, &WrappingKey::make().unwrap()).unwrap_err();
            assert_eq!(error.code(), code);
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }

    /// On a machine with a keychain this keeps, reads and removes a key; on one without, the error says so.
    #[test]
    fn a_key_comes_back_or_the_keychain_is_unavailable() {
        let wallet_id = chrysalis_crypto::random::array().unwrap();
        let key = WrappingKey::make().unwrap();
        match store(&wallet_id, &key) {
            Ok(()) => {
                assert!(key.expose(|key| load(&wallet_id).unwrap().expose(|loaded| loaded == key)));
                assert!(remove(&wallet_id).unwrap());
                assert_eq!(load(&wallet_id).unwrap_err(), SecurityError::KeychainEntryMissing);
                assert!(!remove(&wallet_id).unwrap());
            }
            Err(error) => {
                assert_eq!(error.code(), "KEYCHAIN_UNAVAILABLE");
                assert_eq!(load(&wallet_id).unwrap_err().code(), "KEYCHAIN_UNAVAILABLE");
            }
        }
    }
}
