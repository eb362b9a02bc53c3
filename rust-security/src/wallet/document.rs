//! The wallet file, version 2: what it holds and how it is written.

use chrysalis_crypto::canonical::{self, Value};
use chrysalis_crypto::kdf::Argon2Params;
use chrysalis_crypto::{CryptoError, base64, compare};

use crate::audit::KeyId;
use crate::error::{LoadFault, SecurityError};
use crate::json::{self, Json, Members};
use crate::sealing::{MasterKey, SALT_LENGTH};
use crate::sorted::SortedMap;
use crate::wallet::WalletSettings;
use crate::wallet::entry::ApiKeyEntry;

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
        let text = self.to_file(None).to_compact();
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
        self.to_file(Some(mac)).to_pretty()
    }

    /// The document and the MAC in a file. Nothing is opened, so the MAC is not checked.
    pub(crate) fn from_json(json: &str) -> Result<(Self, [u8; 32]), SecurityError> {
        let fault = |part| SecurityError::WalletLoad(LoadFault::Malformed { line: 0, part });
        if json.len() > MAX_FILE_BYTES {
            return Err(fault("file: longer than 256 MiB"));
        }
        let file = canonical::parse(json).map_err(|error| {
            SecurityError::from(LoadFault::Malformed { line: json::line_of(&error, json), part: "file" })
        })?;
        let mut file = Members::of(check_shape(file)?).ok_or_else(|| fault("file"))?;
        let mac = file.take_text("mac").map_err(fault)?;
        let mac = decode_array(&mac).ok_or_else(|| fault("mac"))?;
        Ok((Self::from_file(file).map_err(fault)?, mac))
    }

    fn to_file(&self, mac: Option<&[u8; 32]>) -> Json {
        let bytes = |bytes: &[u8]| Some(Json::Text(base64::encode(bytes)));
        let host_key = |key: &SealedHostKey| {
            Json::object([
                ("id", Some(Json::Text(key.id.to_string()))),
                ("label", Some(Json::text(&key.label))),
                ("wrappedKey", bytes(&key.wrapped_key)),
            ])
        };
        let entry = |sealed: &SealedEntry| {
            Json::object([("entry", Some(sealed.entry.to_file())), ("sealedKey", bytes(&sealed.sealed_key))])
        };
        let host_keys: Vec<Json> = self.host_keys.iter().map(host_key).collect();
        Json::object([
            ("version", Some(Json::Number(VERSION))),
            ("walletId", bytes(&self.wallet_id)),
            ("createdAt", Some(Json::Number(self.created_at))),
            ("updatedAt", Some(Json::Number(self.updated_at))),
            ("kdf", Some(self.kdf.to_file())),
            ("wrappedKey", bytes(&self.wrapped_key)),
            ("hostKeys", (!host_keys.is_empty()).then_some(Json::List(host_keys))),
            ("entries", Some(Json::List(self.entries.iter().map(entry).collect()))),
            ("settings", bytes(&self.settings)),
            ("mac", mac.and_then(|mac| bytes(mac))),
        ])
    }

    /// The document in a file whose MAC was taken, or the part that is malformed.
    fn from_file(mut file: Members) -> Result<Self, &'static str> {
        let _version = file.take_integer("version")?;
        let entries = file.take_list("entries")?;
        if entries.len() > MAX_ENTRIES {
            return Err("entries: too many");
        }
        let host_keys = match file.take("hostKeys") {
            None => Vec::new(),
            Some(Value::Array(keys)) if keys.len() <= MAX_HOST_KEYS => keys,
            Some(Value::Array(_)) => return Err("hostKeys: too many"),
            Some(_) => return Err("hostKeys"),
        };
        let host_keys = host_keys.into_iter().map(|key| SealedHostKey::from_file(key).ok_or("hostKeys"));
        let document = Self {
            wallet_id: decode_array(&file.take_text("walletId")?).ok_or("walletId")?,
            created_at: file.take_integer("createdAt")?,
            updated_at: file.take_integer("updatedAt")?,
            kdf: Kdf::from_file(file.take("kdf").ok_or("kdf")?)?,
            wrapped_key: decode(&file.take_text("wrappedKey")?, MAX_SEALED_LENGTH).ok_or("wrappedKey")?,
            host_keys: host_keys.collect::<Result<_, &'static str>>()?,
            entries: entries.into_iter().map(SealedEntry::from_file).collect::<Result<_, &'static str>>()?,
            settings: decode(&file.take_text("settings")?, MAX_SETTINGS_LENGTH).ok_or("settings")?,
        };
        if !file.are_taken() {
            return Err("file");
        }
        if document.places().len() != document.entries.len() {
            return Err("entries: the same id twice");
        }
        Ok(document)
    }

    /// Where each entry stands; of two entries with one id, one.
    pub(super) fn places(&self) -> SortedMap<KeyId, usize> {
        self.entries.iter().enumerate().map(|(place, sealed)| (sealed.entry.id, place)).collect()
    }
}

impl SealedHostKey {
    fn from_file(file: Value) -> Option<Self> {
        let mut file = Members::of(file)?;
        let key = Self {
            id: file.take_text("id").ok()?.parse().ok()?,
            label: file.take_text("label").ok().filter(|label| check_label(label).is_ok())?,
            wrapped_key: decode(&file.take_text("wrappedKey").ok()?, MAX_SEALED_LENGTH)?,
        };
        file.are_taken().then_some(key)
    }
}

impl SealedEntry {
    fn from_file(file: Value) -> Result<Self, &'static str> {
        let mut file = Members::of(file).ok_or("entries")?;
        let sealed = Self {
            entry: ApiKeyEntry::from_file(file.take("entry").ok_or("entry")?)?,
            sealed_key: decode(&file.take_text("sealedKey")?, MAX_SEALED_LENGTH).ok_or("sealedKey")?,
        };
        if file.are_taken() { Ok(sealed) } else { Err("entries") }
    }
}

impl Kdf {
    fn to_file(self) -> Json {
        match self {
            Self::Argon2id { params, salt } => {
                let number = |number: u32| Some(Json::Number(number.into()));
                Json::object([
                    ("alg", Some(Json::text(ARGON2ID))),
                    ("v", Some(Json::Number(ARGON2_VERSION))),
                    ("m", number(params.m_kib())),
                    ("t", number(params.t())),
                    ("p", number(params.p())),
                    ("salt", Some(Json::Text(base64::encode(&salt)))),
                ])
            }
            Self::Host => Json::object([("alg", Some(Json::text(HOST)))]),
        }
    }

    fn from_file(file: Value) -> Result<Self, &'static str> {
        let mut file = Members::of(file).ok_or("kdf")?;
        let kdf = match file.take_text("alg").map_err(|_| "kdf")?.as_str() {
            ARGON2ID if file.take_integer("v") == Ok(ARGON2_VERSION) => {
                let mut number = |name| -> Result<u32, &'static str> {
                    file.take_integer(name).ok().and_then(|number| number.try_into().ok()).ok_or("kdf")
                };
                let (m, t, p) = (number("m")?, number("t")?, number("p")?);
                let params = Argon2Params::new(m, t, p).map_err(|_| "kdf: parameters out of bounds")?;
                let salt = file.take_text("salt").ok().and_then(|salt| decode_array(&salt)).ok_or("kdf")?;
                Self::Argon2id { params, salt }
            }
            HOST => Self::Host,
            _ => return Err("kdf"),
        };
        if file.are_taken() { Ok(kdf) } else { Err("kdf") }
    }
}

const ARGON2ID: &str = "argon2id";
const ARGON2_VERSION: u64 = 19;
const HOST: &str = "host";

/// Checks the label of a host key.
pub(crate) fn check_label(label: &str) -> Result<(), SecurityError> {
    if label.len() > MAX_LABEL_LENGTH || label.chars().any(char::is_control) {
        return Err(SecurityError::argument("label must have at most 64 bytes and no control characters"));
    }
    Ok(())
}

/// Gives back a file of this version, and tells one of another version or of an older program from one that is damaged.
fn check_shape(file: Value) -> Result<Value, SecurityError> {
    let is_present = |part: &str| json::member(&file, part).is_some_and(|value| *value != Value::Null);
    let version = json::member(&file, "version").and_then(json::to_integer);
    if is_present("keys") || (version == Some(1) && is_present("entries")) {
        return Err(LoadFault::Legacy.into());
    }
    match version {
        Some(VERSION) => Ok(file),
        Some(version) => Err(LoadFault::Version(version).into()),
        None => Err(LoadFault::Malformed { line: 0, part: "version" }.into()),
    }
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
