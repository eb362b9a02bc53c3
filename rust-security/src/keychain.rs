//! A wallet's key in the keychain of the operating system: Keychain Services on macOS, the Credential Manager on
//! Windows, the Secret Service of a desktop session elsewhere.

use chrysalis_crypto::hex;
use keyring::{Entry, Error};
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
    let entry = entry(wallet_id)?;
    key.expose(|key| entry.set_secret(key)).map_err(refused)
}

/// The key that was kept for the wallet of this id.
///
/// # Errors
/// [`SecurityError::KeychainEntryMissing`]; [`SecurityError::KeychainUnavailable`]; `INVALID_KEY_LENGTH` when what is
/// there is no key.
pub fn load(wallet_id: &[u8; 16]) -> Result<WrappingKey, SecurityError> {
    let mut secret = entry(wallet_id)?.get_secret().map_err(refused)?;
    let key = WrappingKey::from_slice_wiping(&mut secret);
    secret.zeroize();
    Ok(key?)
}

/// Removes the key of the wallet of this id; whether there was one.
///
/// # Errors
/// [`SecurityError::KeychainUnavailable`].
pub fn remove(wallet_id: &[u8; 16]) -> Result<bool, SecurityError> {
    match entry(wallet_id)?.delete_credential() {
        Ok(()) => Ok(true),
        Err(Error::NoEntry) => Ok(false),
        Err(error) => Err(refused(error)),
    }
}

fn entry(wallet_id: &[u8; 16]) -> Result<Entry, SecurityError> {
    Entry::new(SERVICE, &hex::encode(wallet_id)).map_err(refused)
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
    use super::*;

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
