//! The wallet file, version 2: what it holds and how it is written.

use chrysalis_crypto::kdf::Argon2Params;
use chrysalis_crypto::{CryptoError, base64, canonical, compare};
use serde::{Deserialize, Serialize};

use crate::audit::KeyId;
use crate::error::{LoadFault, SecurityError};
use crate::sealing::{MasterKey, SALT_LENGTH};
use crate::wallet::WalletSettings;
use crate::wallet::entry::{ApiKeyEntry, EntryFile, MAX_TIME_MS};

/// The longest wallet file in bytes.
pub const MAX_FILE_BYTES: usize = 256 << 20;
/// The most entries of a wallet.
pub const MAX_ENTRIES: usize = 200_000;
/// The most host keys of a wallet.
pub const MAX_HOST_KEYS: usize = 16;
/// The longest label of a host key in bytes.
pub const MAX_LABEL_LENGTH: usize = 64;
/// The longest sealed key: the longest API key and an envelope around it.
const MAX_SEALED_LENGTH: usize = 8192 + 84;
/// The longest sealed settings.
const MAX_SETTINGS_LENGTH: usize = 1 << 20;
/// The only version that is written.
const VERSION: u64 = 2;

/// Everything in a wallet file but its MAC.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Document {
    pub(crate) wallet_id: [u8; 16],
    pub(crate) created_at: u64,
    pub(crate) updated_at: u64,
    pub(crate) kdf: Kdf,
    pub(crate) wrapped_key: Vec<u8>,
    pub(crate) host_keys: Vec<SealedHostKey>,
    pub(crate) entries: Vec<SealedEntry>,
    pub(crate) settings: Vec<u8>,
}

/// Where the key comes from that wraps the master key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kdf {
    /// From a password.
    Argon2id { params: Argon2Params, salt: [u8; SALT_LENGTH] },
    /// From the host: there is no password.
    Host,
}

/// The master key, wrapped for a further key that a host keeps.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct SealedHostKey {
    pub(crate) id: KeyId,
    pub(crate) label: String,
    pub(crate) wrapped_key: Vec<u8>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct SealedEntry {
    pub(crate) entry: ApiKeyEntry,
    pub(crate) sealed_key: Vec<u8>,
}

impl Document {
    pub(crate) fn master_context(&self) -> Vec<u8> {
        [b"wallet/2/master/".as_slice(), &self.wallet_id].concat()
    }

    pub(crate) fn settings_context(&self) -> Vec<u8> {
        [b"wallet/2/settings/".as_slice(), &self.wallet_id].concat()
    }

    /// The settings, sealed for this document, within the limit of its readers.
    pub(crate) fn seal_settings(
        &self,
        master: &MasterKey,
        settings: &WalletSettings,
    ) -> Result<Vec<u8>, SecurityError> {
        let sealed = master.seal(settings.to_json().as_bytes(), &self.settings_context())?;
        if sealed.len() > MAX_SETTINGS_LENGTH {
            return Err(SecurityError::LimitExceeded {
                what: "bytes of settings",
                limit: MAX_SETTINGS_LENGTH,
            });
        }
        Ok(sealed)
    }

    pub(crate) fn host_key_context(&self, id: &KeyId) -> Vec<u8> {
        [b"wallet/2/host-key/".as_slice(), &self.wallet_id, id.as_bytes()].concat()
    }

    /// The MAC over the canonical JSON of this document. Costs a serialisation of all of it.
    pub(crate) fn mac(&self, master: &MasterKey) -> Result<[u8; 32], CryptoError> {
        let text = serde_json::to_string(&self.to_file(None)).expect("a document is always JSON");
        master.mac(canonical::canonicalize(&text)?.as_bytes())
    }

    /// Whether `mac` is this document's.
    pub(crate) fn verify(&self, master: &MasterKey, mac: &[u8; 32]) -> Result<(), SecurityError> {
        if compare::constant_time_eq(&self.mac(master)?, mac) {
            Ok(())
        } else {
            Err(SecurityError::WalletTampered)
        }
    }

    /// The file: JSON, indented by two spaces.
    pub(crate) fn to_json(&self, mac: &[u8; 32]) -> String {
        serde_json::to_string_pretty(&self.to_file(Some(mac))).expect("a document is always JSON")
    }

    /// The document and the MAC in a file. Nothing is opened, so the MAC is not checked.
    pub(crate) fn from_json(json: &str) -> Result<(Self, [u8; 32]), SecurityError> {
        let fault = |part| SecurityError::WalletLoad(LoadFault::Malformed { line: 0, part });
        if json.len() > MAX_FILE_BYTES {
            return Err(fault("file: longer than 256 MiB"));
        }
        check_shape(json)?;
        // Refuses what JSON readers disagree on, such as a key given twice.
        canonical::canonicalize(json).map_err(|_| fault("file"))?;
        let file: File = serde_json::from_str(json).map_err(|error| located(&error))?;
        let mac = file.mac.as_deref().ok_or_else(|| fault("mac"))?;
        let mac = decode_array(mac).ok_or_else(|| fault("mac"))?;
        Ok((Self::from_file(file).map_err(fault)?, mac))
    }

    fn to_file(&self, mac: Option<&[u8; 32]>) -> File {
        let host_key = |key: &SealedHostKey| HostKeyFile {
            id: key.id.to_string(),
            label: key.label.clone(),
            wrapped_key: base64::encode(&key.wrapped_key),
        };
        let entry = |sealed: &SealedEntry| SealedEntryFile {
            entry: sealed.entry.to_file(),
            sealed_key: base64::encode(&sealed.sealed_key),
        };
        File {
            version: VERSION,
            wallet_id: base64::encode(&self.wallet_id),
            created_at: self.created_at,
            updated_at: self.updated_at,
            kdf: self.kdf.to_file(),
            wrapped_key: base64::encode(&self.wrapped_key),
            host_keys: self.host_keys.iter().map(host_key).collect(),
            entries: self.entries.iter().map(entry).collect(),
            settings: base64::encode(&self.settings),
            mac: mac.map(|mac| base64::encode(mac)),
        }
    }

    fn from_file(file: File) -> Result<Self, &'static str> {
        if file.created_at > MAX_TIME_MS || file.updated_at > MAX_TIME_MS {
            return Err("time");
        }
        if file.entries.len() > MAX_ENTRIES {
            return Err("entries: too many");
        }
        if file.host_keys.len() > MAX_HOST_KEYS {
            return Err("hostKeys: too many");
        }
        let host_keys = file.host_keys.into_iter().map(|key| {
            check_label(&key.label).map_err(|_| "hostKeys")?;
            Ok(SealedHostKey {
                id: key.id.parse().map_err(|_| "hostKeys")?,
                label: key.label,
                wrapped_key: decode(&key.wrapped_key, MAX_SEALED_LENGTH).ok_or("hostKeys")?,
            })
        });
        let entries = file.entries.into_iter().map(|sealed| {
            Ok(SealedEntry {
                entry: ApiKeyEntry::from_file(sealed.entry)?,
                sealed_key: decode(&sealed.sealed_key, MAX_SEALED_LENGTH).ok_or("sealedKey")?,
            })
        });
        let document = Self {
            wallet_id: decode_array(&file.wallet_id).ok_or("walletId")?,
            created_at: file.created_at,
            updated_at: file.updated_at,
            kdf: Kdf::from_file(&file.kdf)?,
            wrapped_key: decode(&file.wrapped_key, MAX_SEALED_LENGTH).ok_or("wrappedKey")?,
            host_keys: host_keys.collect::<Result<_, &'static str>>()?,
            entries: entries.collect::<Result<_, &'static str>>()?,
            settings: decode(&file.settings, MAX_SETTINGS_LENGTH).ok_or("settings")?,
        };
        let mut ids: Vec<_> = document.entries.iter().map(|sealed| sealed.entry.id).collect();
        ids.sort_unstable();
        if ids.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err("entries: the same id twice");
        }
        Ok(document)
    }
}

impl Kdf {
    fn to_file(self) -> KdfFile {
        match self {
            Self::Argon2id { params, salt } => KdfFile {
                alg: ARGON2ID.to_owned(),
                v: Some(ARGON2_VERSION),
                m: Some(params.m_kib()),
                t: Some(params.t()),
                p: Some(params.p()),
                salt: Some(base64::encode(&salt)),
            },
            Self::Host => KdfFile { alg: HOST.to_owned(), v: None, m: None, t: None, p: None, salt: None },
        }
    }

    fn from_file(file: &KdfFile) -> Result<Self, &'static str> {
        match (file.alg.as_str(), file.v, file.m, file.t, file.p, file.salt.as_deref()) {
            (ARGON2ID, Some(ARGON2_VERSION), Some(m), Some(t), Some(p), Some(salt)) => Ok(Self::Argon2id {
                params: Argon2Params::new(m, t, p).map_err(|_| "kdf: parameters out of bounds")?,
                salt: decode_array(salt).ok_or("kdf")?,
            }),
            (HOST, None, None, None, None, None) => Ok(Self::Host),
            _ => Err("kdf"),
        }
    }
}

const ARGON2ID: &str = "argon2id";
const ARGON2_VERSION: u32 = 19;
const HOST: &str = "host";

/// Checks the label of a host key.
pub(crate) fn check_label(label: &str) -> Result<(), SecurityError> {
    if label.len() > MAX_LABEL_LENGTH || label.chars().any(char::is_control) {
        return Err(SecurityError::argument("label must have at most 64 bytes and no control characters"));
    }
    Ok(())
}

/// Tells a file of another version or of an older program from one that is damaged.
fn check_shape(json: &str) -> Result<(), SecurityError> {
    let shape: Shape = serde_json::from_str(json).map_err(|error| located(&error))?;
    let is_present = |part: &Option<serde::de::IgnoredAny>| part.is_some();
    if is_present(&shape.keys) || (shape.version == Some(1) && is_present(&shape.entries)) {
        return Err(LoadFault::Legacy.into());
    }
    match shape.version {
        Some(VERSION) => Ok(()),
        Some(version) => Err(LoadFault::Version(version).into()),
        None => Err(LoadFault::Malformed { line: 0, part: "version" }.into()),
    }
}

/// A reader's message can repeat what it read; the line does not.
fn located(error: &serde_json::Error) -> SecurityError {
    LoadFault::Malformed { line: error.line(), part: "file" }.into()
}

/// Standard base64 with padding, in its one spelling.
fn decode(text: &str, limit: usize) -> Option<Vec<u8>> {
    if text.len() > limit.div_ceil(3) * 4 {
        return None;
    }
    base64::decode(text).ok().filter(|bytes| bytes.len() <= limit)
}

fn decode_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    decode(text, N)?.try_into().ok()
}

#[derive(Deserialize)]
struct Shape {
    #[serde(default)]
    version: Option<u64>,
    #[serde(default)]
    keys: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    entries: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct File {
    version: u64,
    wallet_id: String,
    created_at: u64,
    updated_at: u64,
    kdf: KdfFile,
    wrapped_key: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    host_keys: Vec<HostKeyFile>,
    entries: Vec<SealedEntryFile>,
    settings: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct KdfFile {
    alg: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    v: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    m: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    t: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct HostKeyFile {
    id: String,
    label: String,
    wrapped_key: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SealedEntryFile {
    entry: EntryFile,
    sealed_key: String,
}
