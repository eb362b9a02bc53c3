//! The one error type of this crate.

use std::fmt;
use std::io;

use chrysalis_crypto::CryptoError;
use chrysalis_crypto::api_keys::ValidationError;
use chrysalis_journal::JournalError;

use crate::provider::ProviderName;

/// What went wrong with a context, a wallet, a registry or a vault.
///
/// [`code`](SecurityError::code) is stable and is what callers in every language branch on. No text holds a key, a
/// password, a plaintext, or anything a user typed, except the two names that callers ask about: a validated provider
/// and a registry id.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SecurityError {
    /// A cryptographic operation failed; the code is the inner one.
    Crypto(CryptoError),
    /// The audit trail failed; the code is the inner one.
    Journal(JournalError),
    /// A key cannot be one; the code is the inner one.
    InvalidApiKey(ValidationError),
    /// A provider name is not `[a-z0-9][a-z0-9_.:-]{0,63}`, or looks like a key.
    InvalidProvider,
    /// No key is stored for this provider.
    KeyNotFound(ProviderName),
    /// Sealed data names a storage key or session key that is not held here.
    UnknownKeyId {
        /// The id in the header, in clear.
        key_id: u32,
    },
    /// Sealed data names a key below the floor, which was wiped.
    KeyRetired {
        /// The id in the header, in clear.
        key_id: u32,
    },
    /// There is no session of this id.
    SessionNotFound,
    /// The context is locked.
    ContextLocked,
    /// The context cannot lock: no password was ever given to open it with again.
    PasswordNotSet,
    /// Bytes are no exported state.
    MalformedState(&'static str),
    /// A collection is full.
    LimitExceeded {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        limit: usize,
    },
    /// The wallet was initialised or loaded before.
    WalletExists,
    /// The wallet was neither initialised nor loaded.
    WalletUninitialized,
    /// The wallet is locked.
    WalletLocked,
    /// The password, or the host's key, does not open the wallet.
    InvalidPassword,
    /// The wallet has no entry of this id.
    EntryNotFound,
    /// Text is no wallet file.
    WalletLoad(LoadFault),
    /// The right password opens the wallet, but parts of the file are not what was written.
    WalletTampered,
    /// The registry has a record of this id.
    RegistryIdExists(String),
    /// There is no vault at the path.
    VaultMissing,
    /// Something is at the path of a new vault.
    VaultExists,
    /// Another process replaced the vault by one that this key does not open.
    VaultReplaced,
    /// A key file can be read by others.
    KeyFileExposed {
        /// Its permission bits.
        mode: u32,
    },
    /// A key file, or a directory or link on the way to it, is somebody else's, who may have put it there.
    KeyFileForeign {
        /// The owner's number.
        uid: u32,
    },
    /// Others may put another file in the place of a key file: they can write to a directory on the way to it.
    KeyFileReplaceable {
        /// The directory's permission bits.
        mode: u32,
    },
    /// A file is no key file.
    KeyFileMalformed,
    /// The operating system's keychain cannot be used here.
    KeychainUnavailable(&'static str),
    /// The keychain has no key for this wallet.
    KeychainEntryMissing,
    /// The operating system refused.
    Io {
        /// What was being done.
        operation: &'static str,
        /// The operating system's kind of error.
        kind: io::ErrorKind,
    },
}

/// Why text is no wallet file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LoadFault {
    /// A version other than 2.
    Version(u64),
    /// A wallet of an older program; see the `legacy` module.
    Legacy,
    /// Not JSON, or a part is missing, unknown, of the wrong type or over its limit.
    Malformed {
        /// The line where reading stopped, or 0 where the fault has no place.
        line: usize,
        /// What was read.
        part: &'static str,
    },
}

impl SecurityError {
    /// Every code of this crate itself. Errors that carry one of [`CryptoError::CODES`],
    /// [`JournalError::CODES`] or [`ValidationError::CODES`] give that.
    pub const CODES: &'static [&'static str] = &[
        "INVALID_PROVIDER",
        "KEY_NOT_FOUND",
        "UNKNOWN_KEY_ID",
        "KEY_RETIRED",
        "SESSION_NOT_FOUND",
        "CONTEXT_LOCKED",
        "PASSWORD_NOT_SET",
        "MALFORMED_STATE",
        "LIMIT_EXCEEDED",
        "WALLET_EXISTS",
        "WALLET_UNINITIALIZED",
        "WALLET_LOCKED",
        "INVALID_PASSWORD",
        "ENTRY_NOT_FOUND",
        "WALLET_LOAD",
        "WALLET_TAMPERED",
        "REGISTRY_ID_EXISTS",
        "VAULT_MISSING",
        "VAULT_EXISTS",
        "VAULT_REPLACED",
        "KEY_FILE_EXPOSED",
        "KEY_FILE_FOREIGN",
        "KEY_FILE_REPLACEABLE",
        "KEY_FILE_MALFORMED",
        "KEYCHAIN_UNAVAILABLE",
        "KEYCHAIN_ENTRY_MISSING",
        "IO",
    ];

    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Crypto(error) => error.code(),
            Self::Journal(error) => error.code(),
            Self::InvalidApiKey(error) => error.code(),
            Self::InvalidProvider => "INVALID_PROVIDER",
            Self::KeyNotFound(_) => "KEY_NOT_FOUND",
            Self::UnknownKeyId { .. } => "UNKNOWN_KEY_ID",
            Self::KeyRetired { .. } => "KEY_RETIRED",
            Self::SessionNotFound => "SESSION_NOT_FOUND",
            Self::ContextLocked => "CONTEXT_LOCKED",
            Self::PasswordNotSet => "PASSWORD_NOT_SET",
            Self::MalformedState(_) => "MALFORMED_STATE",
            Self::LimitExceeded { .. } => "LIMIT_EXCEEDED",
            Self::WalletExists => "WALLET_EXISTS",
            Self::WalletUninitialized => "WALLET_UNINITIALIZED",
            Self::WalletLocked => "WALLET_LOCKED",
            Self::InvalidPassword => "INVALID_PASSWORD",
            Self::EntryNotFound => "ENTRY_NOT_FOUND",
            Self::WalletLoad(_) => "WALLET_LOAD",
            Self::WalletTampered => "WALLET_TAMPERED",
            Self::RegistryIdExists(_) => "REGISTRY_ID_EXISTS",
            Self::VaultMissing => "VAULT_MISSING",
            Self::VaultExists => "VAULT_EXISTS",
            Self::VaultReplaced => "VAULT_REPLACED",
            Self::KeyFileExposed { .. } => "KEY_FILE_EXPOSED",
            Self::KeyFileForeign { .. } => "KEY_FILE_FOREIGN",
            Self::KeyFileReplaceable { .. } => "KEY_FILE_REPLACEABLE",
            Self::KeyFileMalformed => "KEY_FILE_MALFORMED",
            Self::KeychainUnavailable(_) => "KEYCHAIN_UNAVAILABLE",
            Self::KeychainEntryMissing => "KEYCHAIN_ENTRY_MISSING",
            Self::Io { .. } => "IO",
        }
    }

    /// An argument that cannot be used; the text names it and never its value.
    pub(crate) fn argument(what: &'static str) -> Self {
        Self::Crypto(CryptoError::InvalidArgument(what))
    }

    /// For `map_err`: the operating system's error, without the path, which is the user's.
    #[cfg(any(unix, windows))]
    pub(crate) fn io(operation: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { operation, kind: error.kind() }
    }
}

impl fmt::Display for SecurityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crypto(error) => error.fmt(f),
            Self::Journal(error) => error.fmt(f),
            Self::InvalidApiKey(error) => error.fmt(f),
            Self::InvalidProvider => f.write_str("Invalid provider name"),
            Self::KeyNotFound(provider) => write!(f, "No API key stored for provider: {provider}"),
            Self::UnknownKeyId { key_id } => write!(f, "Unknown key id: {key_id}"),
            Self::KeyRetired { key_id } => write!(f, "Key id {key_id} is retired"),
            Self::SessionNotFound => f.write_str("Session not found"),
            Self::ContextLocked => f.write_str("Security context is locked"),
            Self::PasswordNotSet => f.write_str("Security context has no password to lock with"),
            Self::MalformedState(what) => write!(f, "Malformed state: {what}"),
            Self::LimitExceeded { what, limit } => write!(f, "Too many {what}: the limit is {limit}"),
            Self::WalletExists => f.write_str("Wallet is already initialized"),
            Self::WalletUninitialized => f.write_str("Wallet not initialized"),
            Self::WalletLocked => f.write_str("Wallet is locked"),
            Self::InvalidPassword => f.write_str("Invalid password"),
            Self::EntryNotFound => f.write_str("Key not found"),
            Self::WalletLoad(fault) => write!(f, "Failed to load wallet: {fault}"),
            Self::WalletTampered => f.write_str("Wallet file was changed by someone without its key"),
            Self::RegistryIdExists(id) => write!(f, "Key registry id '{id}' already exists"),
            Self::VaultMissing => f.write_str("There is no vault at this path"),
            Self::VaultExists => f.write_str("There is something at the path of the new vault"),
            Self::VaultReplaced => f.write_str("The vault was replaced by another one meanwhile"),
            Self::KeyFileExposed { mode } => {
                write!(f, "The key file can be read by others (mode {mode:o}); chmod 600 it")
            }
            Self::KeyFileForeign { uid } => {
                write!(
                    f,
                    "The key file, or a directory or link on the way to it, belongs to another user (uid {uid})"
                )
            }
            Self::KeyFileReplaceable { mode } => write!(
                f,
                "The key file can be replaced by others, who may write to a directory on the way to it (mode {mode:o})"
            ),
            Self::KeyFileMalformed => f.write_str("The file is no vault key"),
            Self::KeychainUnavailable(why) => write!(f, "The keychain cannot be used: {why}"),
            Self::KeychainEntryMissing => f.write_str("The keychain has no key for this wallet"),
            Self::Io { operation, kind } => write!(f, "Cannot {operation}: {kind}"),
        }
    }
}

impl fmt::Display for LoadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "Error: Unsupported wallet version: {version}"),
            Self::Legacy => f.write_str("Error: a wallet of an older program; import it"),
            Self::Malformed { line: 0, part } => write!(f, "Error: malformed {part}"),
            Self::Malformed { line, part } => write!(f, "Error: malformed {part} at line {line}"),
        }
    }
}

impl std::error::Error for SecurityError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Crypto(error) => Some(error),
            Self::Journal(error) => Some(error),
            Self::InvalidApiKey(error) => Some(error),
            _ => None,
        }
    }
}

impl From<CryptoError> for SecurityError {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}

impl From<JournalError> for SecurityError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<LoadFault> for SecurityError {
    fn from(fault: LoadFault) -> Self {
        Self::WalletLoad(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One error of every variant, in order. The match makes a new variant fail to compile until it is listed.
    fn one_of_each() -> Vec<SecurityError> {
        let provider = ProviderName::parse("groq").unwrap();
        let all = vec![
            SecurityError::Crypto(CryptoError::DecryptFailed),
            SecurityError::Journal(JournalError::DiskFull),
            SecurityError::InvalidApiKey(ValidationError::Empty),
            SecurityError::InvalidProvider,
            SecurityError::KeyNotFound(provider),
            SecurityError::UnknownKeyId { key_id: 7 },
            SecurityError::KeyRetired { key_id: 7 },
            SecurityError::SessionNotFound,
            SecurityError::ContextLocked,
            SecurityError::PasswordNotSet,
            SecurityError::MalformedState("part"),
            SecurityError::LimitExceeded { what: "things", limit: 3 },
            SecurityError::WalletExists,
            SecurityError::WalletUninitialized,
            SecurityError::WalletLocked,
            SecurityError::InvalidPassword,
            SecurityError::EntryNotFound,
            SecurityError::WalletLoad(LoadFault::Version(3)),
            SecurityError::WalletTampered,
            SecurityError::RegistryIdExists("main".to_owned()),
            SecurityError::VaultMissing,
            SecurityError::VaultExists,
            SecurityError::VaultReplaced,
            SecurityError::KeyFileExposed { mode: 0o644 },
            SecurityError::KeyFileForeign { uid: 1000 },
            SecurityError::KeyFileReplaceable { mode: 0o777 },
            SecurityError::KeyFileMalformed,
            SecurityError::KeychainUnavailable("why"),
            SecurityError::KeychainEntryMissing,
            SecurityError::Io { operation: "read", kind: io::ErrorKind::NotFound },
        ];
        for error in &all {
            match error {
                SecurityError::Crypto(_)
                | SecurityError::Journal(_)
                | SecurityError::InvalidApiKey(_)
                | SecurityError::InvalidProvider
                | SecurityError::KeyNotFound(_)
                | SecurityError::UnknownKeyId { .. }
                | SecurityError::KeyRetired { .. }
                | SecurityError::SessionNotFound
                | SecurityError::ContextLocked
                | SecurityError::PasswordNotSet
                | SecurityError::MalformedState(_)
                | SecurityError::LimitExceeded { .. }
                | SecurityError::WalletExists
                | SecurityError::WalletUninitialized
                | SecurityError::WalletLocked
                | SecurityError::InvalidPassword
                | SecurityError::EntryNotFound
                | SecurityError::WalletLoad(_)
                | SecurityError::WalletTampered
                | SecurityError::RegistryIdExists(_)
                | SecurityError::VaultMissing
                | SecurityError::VaultExists
                | SecurityError::VaultReplaced
                | SecurityError::KeyFileExposed { .. }
                | SecurityError::KeyFileForeign { .. }
                | SecurityError::KeyFileReplaceable { .. }
                | SecurityError::KeyFileMalformed
                | SecurityError::KeychainUnavailable(_)
                | SecurityError::KeychainEntryMissing
                | SecurityError::Io { .. } => {}
            }
        }
        all
    }

    #[test]
    fn codes_lists_every_code_once_and_in_order() {
        let own: Vec<_> = one_of_each().iter().skip(3).map(SecurityError::code).collect();
        assert_eq!(own, SecurityError::CODES);
        let all = SecurityError::CODES.iter().chain(CryptoError::CODES).chain(JournalError::CODES);
        let mut unique: Vec<_> = all.clone().collect();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), all.count(), "codes are shared with no other crate");
    }

    #[test]
    fn texts_are_the_ones_callers_know() {
        for (error, text) in [
            (SecurityError::WalletExists, "Wallet is already initialized"),
            (SecurityError::WalletUninitialized, "Wallet not initialized"),
            (SecurityError::WalletLocked, "Wallet is locked"),
            (SecurityError::InvalidPassword, "Invalid password"),
            (SecurityError::EntryNotFound, "Key not found"),
            (
                SecurityError::WalletLoad(LoadFault::Version(3)),
                "Failed to load wallet: Error: Unsupported wallet version: 3",
            ),
            (SecurityError::RegistryIdExists("x".to_owned()), "Key registry id 'x' already exists"),
            (
                SecurityError::KeyNotFound(ProviderName::parse("OpenAI").unwrap()),
                "No API key stored for provider: openai",
            ),
        ] {
            assert_eq!(error.to_string(), text);
        }
        assert!(one_of_each().iter().all(|error| !error.to_string().is_empty()));
    }
}
