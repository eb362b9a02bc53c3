//! Audit events, their bytes and their chain.

use std::fmt;
use std::str::FromStr;

use chrysalis_crypto::{CryptoError, canonical, hex, random};
use chrysalis_journal::JournalError;

use crate::error::SecurityError;
use crate::json::{Json, Members};
use crate::provider::ProviderName;

/// The longest encoding of an event in bytes.
pub(crate) const MAX_EVENT_BYTES: usize = 1024;

/// What was done, or tried.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum AuditAction {
    /// A wallet or vault was made.
    Created,
    /// It was unlocked.
    Unlocked,
    /// It was locked.
    Locked,
    /// A key was added.
    KeyAdded,
    /// A key was read or used.
    KeyAccessed,
    /// A key was replaced.
    KeyRotated,
    /// A key was removed.
    KeyRemoved,
    /// A key became its provider's default.
    DefaultSet,
    /// Settings were changed.
    SettingsChanged,
    /// The password was changed.
    PasswordChanged,
    /// A further key that opens the wallet was added.
    UnlockKeyAdded,
    /// A further key that opened the wallet was removed.
    UnlockKeyRemoved,
    /// All records were sealed again under a new master key.
    MasterKeyRotated,
    /// Keys left in sealed form.
    Exported,
    /// Keys came in from outside.
    Imported,
    /// A request was signed, or a header made, with a key.
    RequestSigned,
    /// A program was started with keys in its environment.
    ProgramRun,
    /// A session got a new key.
    SessionRotated,
    /// Keys of a session were retired.
    SessionRetired,
    /// The storage key was rotated.
    StorageRotated,
    /// Storage keys were retired.
    StorageRetired,
    /// What a change was about to do was taken back: the file could not be written, or the change failed half-way.
    RolledBack,
}

/// Every action with its name in text.
const ACTIONS: &[(AuditAction, &str)] = &[
    (AuditAction::Created, "created"),
    (AuditAction::Unlocked, "unlocked"),
    (AuditAction::Locked, "locked"),
    (AuditAction::KeyAdded, "key-added"),
    (AuditAction::KeyAccessed, "key-accessed"),
    (AuditAction::KeyRotated, "key-rotated"),
    (AuditAction::KeyRemoved, "key-removed"),
    (AuditAction::DefaultSet, "default-set"),
    (AuditAction::SettingsChanged, "settings-changed"),
    (AuditAction::PasswordChanged, "password-changed"),
    (AuditAction::UnlockKeyAdded, "unlock-key-added"),
    (AuditAction::UnlockKeyRemoved, "unlock-key-removed"),
    (AuditAction::MasterKeyRotated, "master-key-rotated"),
    (AuditAction::Exported, "exported"),
    (AuditAction::Imported, "imported"),
    (AuditAction::RequestSigned, "request-signed"),
    (AuditAction::ProgramRun, "program-run"),
    (AuditAction::SessionRotated, "session-rotated"),
    (AuditAction::SessionRetired, "session-retired"),
    (AuditAction::StorageRotated, "storage-rotated"),
    (AuditAction::StorageRetired, "storage-retired"),
    (AuditAction::RolledBack, "rolled-back"),
];

impl AuditAction {
    /// The name in text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        let found = ACTIONS.iter().find(|(action, _)| *action == self);
        found.expect("a test holds the table complete").1
    }

    fn parse(text: &str) -> Option<Self> {
        ACTIONS.iter().find(|(_, name)| *name == text).map(|(action, _)| *action)
    }
}

/// The id of a wallet entry: 16 random bytes, 32 hexadecimal digits in text.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyId([u8; 16]);

impl KeyId {
    /// A new random id.
    ///
    /// # Errors
    /// [`CryptoError::RandomUnavailable`].
    pub fn make() -> Result<Self, CryptoError> {
        random::array().map(Self)
    }

    /// The 16 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl From<[u8; 16]> for KeyId {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = CryptoError;

    /// Exactly 32 lower-case digits, so that an id has one spelling.
    fn from_str(text: &str) -> Result<Self, CryptoError> {
        let bytes = hex::decode_array(text)?;
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(CryptoError::InvalidArgument("key id must be in lower case"));
        }
        Ok(Self(bytes))
    }
}

/// One thing that was done, or that was tried and refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditEvent {
    /// Milliseconds since the Unix epoch, by the clock of whoever did it.
    pub time_ms: u64,
    /// What.
    pub action: AuditAction,
    /// Why it was refused: one of the codes of this crate or those below. `None` when it was done.
    pub refused: Option<&'static str>,
    /// Whose key.
    pub provider: Option<ProviderName>,
    /// Which key.
    pub key: Option<KeyId>,
}

impl AuditEvent {
    /// Something that was done.
    #[must_use]
    pub fn done(action: AuditAction, time_ms: u64) -> Self {
        Self { time_ms, action, refused: None, provider: None, key: None }
    }

    /// Something that was tried and gave `error`. Of the error, the code alone is kept.
    #[must_use]
    pub fn refused(action: AuditAction, time_ms: u64, error: &SecurityError) -> Self {
        Self { refused: Some(error.code()), ..Self::done(action, time_ms) }
    }

    /// The same with the provider whose key it was.
    #[must_use]
    pub fn with_provider(self, provider: &ProviderName) -> Self {
        Self { provider: Some(provider.clone()), ..self }
    }

    /// The same with the key that it was.
    #[must_use]
    pub fn with_key(self, key: KeyId) -> Self {
        Self { key: Some(key), ..self }
    }

    /// One line of JSON, keys in this order: `action`, `key`, `provider`, `refused`, `timeMs`, `version`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let text = |text: Option<String>| Some(text.map_or(Json::Null, Json::Text));
        let event = Json::object([
            ("action", Some(Json::text(self.action.as_str()))),
            ("key", text(self.key.map(|key| key.to_string()))),
            ("provider", text(self.provider.as_ref().map(ToString::to_string))),
            ("refused", text(self.refused.map(str::to_owned))),
            ("timeMs", Some(Json::Number(self.time_ms))),
            ("version", Some(Json::Number(VERSION))),
        ]);
        event.to_compact()
    }

    /// The event in a text that [`to_json`](Self::to_json) wrote; any other spelling is refused.
    ///
    /// # Errors
    /// [`SecurityError::MalformedState`].
    pub fn from_json(text: &str) -> Result<Self, SecurityError> {
        let malformed = || SecurityError::MalformedState("audit event");
        if text.len() > MAX_EVENT_BYTES {
            return Err(malformed());
        }
        let mut read = canonical::parse(text).ok().and_then(Members::of).ok_or_else(malformed)?;
        let mut optional = |name| read.take_optional_text(name).map_err(|_| malformed());
        let event = Self {
            // From the text: an integer above 2^53 is not exact as a JSON number.
            time_ms: time_in(text).ok_or_else(malformed)?,
            action: optional("action")?
                .and_then(|action| AuditAction::parse(&action))
                .ok_or_else(malformed)?,
            refused: optional("refused")?.map(|code| known_code(&code).ok_or_else(malformed)).transpose()?,
            provider: optional("provider")?
                .map(|name| ProviderName::read(&name))
                .transpose()
                .map_err(|_| malformed())?,
            key: optional("key")?.map(|id| id.parse()).transpose().map_err(|_| malformed())?,
        };
        if event.to_json() == text { Ok(event) } else { Err(malformed()) }
    }
}

/// An event in its place in a chain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditRecord {
    /// 1 for the first event of a log.
    pub sequence: u64,
    /// What happened.
    pub event: AuditEvent,
    /// BLAKE3 over the hash of the record before this one, the number and the event; see `docs/encodings/wallet.md`.
    pub hash: [u8; 32],
}

/// The hash of a record: BLAKE3 in key derivation mode over the hash before it, the sequence number as 8 bytes
/// big-endian, and the event's JSON.
pub(crate) fn chain_hash(before: &[u8; 32], sequence: u64, event: &AuditEvent) -> [u8; 32] {
    let mut material = Vec::with_capacity(MAX_EVENT_BYTES);
    material.extend_from_slice(before);
    material.extend_from_slice(&sequence.to_be_bytes());
    material.extend_from_slice(event.to_json().as_bytes());
    chrysalis_crypto::hash::blake3_derive_key(CHAIN_CONTEXT, &material)
}

const CHAIN_CONTEXT: &str = "chrysalis 2026-11-20 security audit chain v1";
const VERSION: u64 = 1;

/// The time in a text that is yet to be compared with what is written of it.
fn time_in(text: &str) -> Option<u64> {
    let (_, rest) = text.rsplit_once("\"timeMs\":")?;
    rest.split(',').next()?.parse().ok()
}

fn known_code(text: &str) -> Option<&'static str> {
    let all = SecurityError::CODES.iter().chain(CryptoError::CODES).chain(JournalError::CODES);
    all.copied().find(|code| *code == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> AuditEvent {
        AuditEvent::refused(AuditAction::KeyAccessed, 1_763_600_000_000, &SecurityError::WalletLocked)
            .with_provider(&ProviderName::parse("groq").unwrap())
            .with_key(KeyId::from([7; 16]))
    }

    #[test]
    fn events_have_one_spelling() {
        let text = event().to_json();
        assert_eq!(
            text,
            r#"{"action":"key-accessed","key":"07070707070707070707070707070707","provider":"groq","refused":"WALLET_LOCKED","timeMs":1763600000000,"version":1}"#
        );
        assert_eq!(AuditEvent::from_json(&text), Ok(event()));
        for other in [
            text.replace("groq", "GROQ"),
            text.replace("WALLET_LOCKED", "sk-planted-secret"),
            text.replace("key-accessed", "key-stolen"),
            text.replace(":1}", ":2}"),
            text.replace(",\"version\"", ", \"version\""),
            text.replace("{", "{\"more\":1,"),
            " ".repeat(2000),
        ] {
            assert!(AuditEvent::from_json(&other).is_err(), "{other}");
        }
        for time_ms in [0, u64::MAX] {
            let event = AuditEvent::done(AuditAction::Locked, time_ms);
            assert_eq!(AuditEvent::from_json(&event.to_json()), Ok(event));
        }
    }

    #[test]
    fn every_action_has_a_name_of_its_own() {
        for (action, name) in ACTIONS {
            assert_eq!((action.as_str(), AuditAction::parse(name)), (*name, Some(*action)));
        }
        // The last variant by value: as many names as variants.
        assert_eq!(AuditAction::RolledBack as usize + 1, ACTIONS.len());
    }

    #[test]
    fn ids_have_one_spelling() {
        let id = KeyId::make().unwrap();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("AB".repeat(16).parse::<KeyId>().is_err());
        assert!("ab".repeat(15).parse::<KeyId>().is_err());
    }
}
