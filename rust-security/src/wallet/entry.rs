//! Entries of a wallet, without their keys.

use chrysalis_crypto::canonical::{self, Value};

use crate::audit::KeyId;
use crate::error::SecurityError;
use crate::json::{Json, MAX_INTEGER, Members};
use crate::provider::ProviderName;

/// The longest name of an entry in bytes.
pub const MAX_NAME_LENGTH: usize = 256;
/// The longest metadata of an entry in bytes.
pub const MAX_METADATA_LENGTH: usize = 16 << 10;
/// How deep the metadata of an entry may be nested: what is too deep within the file could not be authenticated.
pub const MAX_METADATA_DEPTH: usize = 32;
/// The longest redacted form of a key in bytes.
const MAX_PREFIX_LENGTH: usize = 64;
/// The latest time: the largest integer that every JSON reader keeps exact.
pub const MAX_TIME_MS: u64 = MAX_INTEGER;

/// What is known of a key without the key. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiKeyEntry {
    /// Random, never used again.
    pub id: KeyId,
    /// Who issued the key.
    pub provider: ProviderName,
    /// For people; `"{provider} key"` unless given.
    pub name: String,
    /// While locked the redacted form of the key, while unlocked its first 8 characters and `...`.
    pub key_prefix: String,
    /// When it was added.
    pub created_at: u64,
    /// When the key was last read.
    pub last_used_at: Option<u64>,
    /// From when on it is not given out.
    pub expires_at: Option<u64>,
    /// Whether it is its provider's default.
    pub is_default: bool,
    /// A JSON object of the caller, in canonical form. It is stored in clear: no place for secrets.
    pub metadata: Option<String>,
}

impl ApiKeyEntry {
    /// Whether the key is not given out any more.
    #[must_use]
    pub fn is_expired(&self, now_ms: u64) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now_ms)
    }

    /// The entry as JSON, with the field names of wallet files.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.to_file().to_compact()
    }

    /// Checks that a file with this entry has a canonical form: otherwise it could not be authenticated any more.
    pub(crate) fn check_within_file(&self) -> Result<(), SecurityError> {
        // As deep as in the file: in an object, in a list, in the object with the sealed key.
        canonical::canonicalize(&format!(r#"{{"entries":[{{"entry":{}}}]}}"#, self.to_json()))?;
        Ok(())
    }

    /// The entry as wallet files spell it.
    pub(crate) fn to_file(&self) -> Json {
        Json::object([
            ("id", Some(Json::Text(self.id.to_string()))),
            ("provider", Some(Json::text(self.provider.as_str()))),
            ("name", Some(Json::text(&self.name))),
            ("keyPrefix", Some(Json::text(&self.key_prefix))),
            ("createdAt", Some(Json::Number(self.created_at))),
            ("lastUsedAt", self.last_used_at.map(Json::Number)),
            ("expiresAt", self.expires_at.map(Json::Number)),
            ("isDefault", Some(Json::Bool(self.is_default))),
            // It was read as JSON when it came in.
            ("metadata", self.metadata.clone().map(Json::Raw)),
        ])
    }

    /// The entry in a file, or the part that is malformed.
    pub(crate) fn from_file(file: Value) -> Result<Self, &'static str> {
        let mut file = Members::of(file).ok_or("entry")?;
        let provider = ProviderName::read(&file.take_text("provider")?).map_err(|_| "provider")?;
        let entry = Self {
            id: file.take_text("id")?.parse().map_err(|_| "id")?,
            provider,
            name: file.take_text("name")?,
            key_prefix: file.take_text("keyPrefix")?,
            created_at: file.take_integer("createdAt")?,
            last_used_at: file.take_optional_integer("lastUsedAt")?,
            expires_at: file.take_optional_integer("expiresAt")?,
            is_default: file.take_bool("isDefault")?,
            metadata: file
                .take("metadata")
                .map(|metadata| read_metadata(&metadata.to_text()))
                .transpose()
                .map_err(|_| "metadata")?,
        };
        check_name(&entry.name).map_err(|_| "name")?;
        if entry.key_prefix.len() > MAX_PREFIX_LENGTH {
            return Err("keyPrefix");
        }
        if file.are_taken() { Ok(entry) } else { Err("entry") }
    }

    /// What a sealed key is bound to: `wallet/2/entry` ‖ 00 ‖ wallet id ‖ id and provider, each after its length as
    /// u16 ‖ creation time as u64, big-endian.
    pub(crate) fn context(&self, wallet_id: &[u8; 16]) -> Vec<u8> {
        let id = self.id.to_string();
        let mut context = b"wallet/2/entry\0".to_vec();
        context.extend_from_slice(wallet_id);
        for text in [id.as_str(), self.provider.as_str()] {
            let length = u16::try_from(text.len()).expect("ids have 32 bytes, providers at most 64");
            context.extend_from_slice(&length.to_be_bytes());
            context.extend_from_slice(text.as_bytes());
        }
        context.extend_from_slice(&self.created_at.to_be_bytes());
        context
    }
}

/// What may be said about a key when it is added.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NewKey {
    /// For people, at most 256 bytes; `"{provider} key"` when `None`.
    pub name: Option<String>,
    /// Whether it becomes its provider's default.
    pub is_default: bool,
    /// From when on it is not given out, in milliseconds since the Unix epoch.
    pub expires_at: Option<u64>,
    /// A JSON object, at most 16 KiB also in canonical form and nested at most 32 deep. It is stored in clear.
    pub metadata: Option<String>,
}

/// Checks a name for an entry.
pub(crate) fn check_name(name: &str) -> Result<(), SecurityError> {
    if name.len() > MAX_NAME_LENGTH || name.chars().any(char::is_control) {
        return Err(SecurityError::argument("name must have at most 256 bytes and no control characters"));
    }
    Ok(())
}

/// The canonical form (RFC 8785) of a JSON object within its limits.
pub(crate) fn check_metadata(text: &str) -> Result<String, SecurityError> {
    let metadata = read_metadata(text)?;
    if depth(&metadata) > MAX_METADATA_DEPTH {
        return Err(SecurityError::argument("metadata must be nested at most 32 deep"));
    }
    Ok(metadata)
}

fn read_metadata(text: &str) -> Result<String, SecurityError> {
    const REFUSED: &str = "metadata must be a JSON object of at most 16 KiB";
    if text.len() > MAX_METADATA_LENGTH || !text.trim_start().starts_with('{') {
        return Err(SecurityError::argument(REFUSED));
    }
    // The canonical form can be the longer one: `1e20` has 21 digits there.
    let canonical = canonical::canonicalize(text).ok();
    canonical.filter(|text| text.len() <= MAX_METADATA_LENGTH).ok_or(SecurityError::argument(REFUSED))
}

/// How deep canonical JSON is nested.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut is_escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
