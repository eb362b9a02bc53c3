//! Wallet files of older programs.
//!
//! | shape | written by | keys |
//! |---|---|---|
//! | [`LegacyShape::TypeScriptV1`] | the TypeScript security module | lost: sealed under a key that was never stored |
//! | [`LegacyShape::RustV1`] | an earlier Rust port | F4 under the scrypt key of the password |
//! | [`LegacyShape::UiV2`] | the browser interface | F5 under the password, each with a salt of its own |
//! | [`LegacyShape::UiV1`] | the browser interface, before | in clear |
//!
//! All of them have a hash of the password beside the keys, which is guessed offline at billions per second. It is never
//! looked at: what proves a password is that it opens something.

use chrysalis_crypto::api_keys::ApiKey;
use chrysalis_crypto::canonical::{self, Value};
use chrysalis_crypto::kdf::{self, Argon2Params};
use chrysalis_crypto::legacy::Record;
use chrysalis_crypto::{CryptoError, base64};
use zeroize::Zeroize as _;

use crate::audit::KeyId;
use crate::error::{LoadFault, SecurityError};
use crate::json::{line_of, member, to_bool, to_integer, to_text};
use crate::provider::ProviderName;
use crate::wallet::{ApiKeyWallet, KeyTimes, MAX_AUTO_LOCK_MINUTES, NewKey, SettingsChange};

/// The longest file that is read, in bytes.
pub const MAX_LEGACY_FILE_BYTES: usize = 16 << 20;
/// The most keys that are read. Those of [`LegacyShape::UiV2`] cost a slow derivation each.
pub const MAX_LEGACY_KEYS: usize = 1000;

/// Who wrote a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LegacyShape {
    /// `version` 1, `entries` with `encryptedKey`.
    TypeScriptV1,
    /// `version` 1, `entries` with `encrypted_key`.
    RustV1,
    /// `version` 2, `keys` with `encryptedApiKey`.
    UiV2,
    /// No `version`, `keys` with `apiKey`.
    UiV1,
}

impl LegacyShape {
    /// `typescript-v1`, `rust-v1`, `ui-v2` or `ui-v1`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TypeScriptV1 => "typescript-v1",
            Self::RustV1 => "rust-v1",
            Self::UiV2 => "ui-v2",
            Self::UiV1 => "ui-v1",
        }
    }
}

/// An imported wallet, open, and what became of each key.
#[derive(Debug)]
pub struct LegacyImport {
    /// A new wallet under the same password.
    pub wallet: ApiKeyWallet,
    /// What became of each key.
    pub report: ImportReport,
}

/// What became of each key of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImportReport {
    /// Who wrote the file.
    pub shape: LegacyShape,
    /// The keys that are in the new wallet.
    pub imported: Vec<ImportedKey>,
    /// The keys that could not be read.
    pub failed: Vec<FailedKey>,
    /// The keys that nobody can read any more.
    pub unrecoverable: Vec<UnrecoverableKey>,
    /// What the owner should know.
    pub warnings: Vec<&'static str>,
}

/// A key that is in the new wallet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImportedKey {
    /// Its id in the old file.
    pub legacy_id: String,
    /// Its id in the new wallet.
    pub id: KeyId,
    /// Whose it is.
    pub provider: ProviderName,
}

/// A key that could not be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FailedKey {
    /// Its place in the old file, from 0.
    pub index: usize,
    /// Its id there; empty where it had none.
    pub legacy_id: String,
    /// Why: one of the codes of this crate or rust-crypto.
    pub code: &'static str,
}

/// A key that was sealed under a key that was never stored: replace it at its provider.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnrecoverableKey {
    /// Its id in the old file.
    pub legacy_id: String,
    /// Whose it was, as the file says.
    pub provider: String,
    /// For people, as the file says.
    pub name: String,
}

/// Reads a wallet of an older program into a new one, which `password` opens.
///
/// Cost: one derivation for the new wallet, and for the old keys one scrypt (Rust), one PBKDF2 per key (browser, version 2),
/// or none.
///
/// # Errors
/// [`SecurityError::InvalidPassword`] when the password opens nothing; [`SecurityError::WalletLoad`] for any other file, or
/// with parts over their limits; `INVALID_ARGUMENT` for an empty password. A single key that cannot be read is in the
/// report.
pub fn import_legacy_wallet(
    json: &str,
    password: &[u8],
    params: Argon2Params,
    now_ms: u64,
) -> Result<LegacyImport, SecurityError> {
    import_legacy_wallet_telling(json, password, params, now_ms, &mut |_| {})
}

/// [`import_legacy_wallet`], telling how far it is: before the first key of the file, and after each.
///
/// # Errors
/// As [`import_legacy_wallet`].
pub fn import_legacy_wallet_telling(
    json: &str,
    password: &[u8],
    params: Argon2Params,
    now_ms: u64,
    tell: &mut dyn FnMut(ImportProgress),
) -> Result<LegacyImport, SecurityError> {
    if json.len() > MAX_LEGACY_FILE_BYTES {
        return Err(malformed("file: longer than 16 MiB"));
    }
    let mut file = Wiped(canonical::parse(json).map_err(|error| {
        SecurityError::WalletLoad(LoadFault::Malformed { line: line_of(&error, json), part: "file" })
    })?);
    let file = &mut file.0;
    let shape = detect(file)?;
    let wallet = ApiKeyWallet::with_params(params);
    wallet.initialize(password, now_ms)?;
    let report = ImportReport {
        shape,
        imported: Vec::new(),
        failed: Vec::new(),
        unrecoverable: Vec::new(),
        warnings: Vec::new(),
    };
    let mut import = Import { wallet, report, now_ms, progress: ImportProgress::default(), tell };
    match shape {
        LegacyShape::TypeScriptV1 => import.typescript_v1(file, password)?,
        LegacyShape::RustV1 => import.rust_v1(file, password)?,
        LegacyShape::UiV2 => import.ui_v2(file, password)?,
        LegacyShape::UiV1 => import.ui_v1(file)?,
    }
    Ok(LegacyImport { wallet: import.wallet, report: import.report })
}

/// How far an import is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ImportProgress {
    /// How many keys were read, or found unreadable.
    pub done: usize,
    /// How many keys the file has.
    pub total: usize,
}

/// Who wrote a file, without opening anything.
fn detect(file: &Value) -> Result<LegacyShape, SecurityError> {
    let is_there = |part| member(file, part).is_some();
    let version = member(file, "version").and_then(to_integer);
    let has = |part| matches!(member(file, part), Some(Value::Array(_)));
    match (version, has("keys"), has("entries")) {
        (None, true, _) if !is_there("version") => Ok(LegacyShape::UiV1),
        (Some(2), true, false) => Ok(LegacyShape::UiV2),
        (Some(1), false, true) if is_there("created_at") => Ok(LegacyShape::RustV1),
        (Some(1), false, true) => Ok(LegacyShape::TypeScriptV1),
        (Some(2), false, true) => Err(malformed("file: a wallet of this version, to be loaded")),
        (Some(version), ..) if version > 2 => Err(LoadFault::Version(version).into()),
        _ => Err(malformed("file: no known wallet")),
    }
}

struct Import<'t> {
    wallet: ApiKeyWallet,
    report: ImportReport,
    now_ms: u64,
    progress: ImportProgress,
    tell: &'t mut dyn FnMut(ImportProgress),
}

/// A key of an old file, opened.
struct OldKey {
    legacy_id: String,
    provider: String,
    name: Option<String>,
    is_default: bool,
    expires_at: Option<u64>,
    metadata: Option<String>,
    times: KeyTimes,
    key: ApiKey,
}

impl Import<'_> {
    fn typescript_v1(&mut self, file: &mut Value, password: &[u8]) -> Result<(), SecurityError> {
        let settings = record(member(file, "settings").ok_or(malformed("settings"))?)?;
        let opened = settings.open_with_password(password).map_err(|_| SecurityError::InvalidPassword)?;
        self.settings(&opened.plaintext, "autoLockTimeout", "requirePasswordOnAccess")?;
        for sealed in self.begin(take_array(file, "entries")?) {
            let entry = member(&sealed, "entry").unwrap_or(&Value::Null);
            self.report.unrecoverable.push(UnrecoverableKey {
                legacy_id: text(entry, "id"),
                provider: text(entry, "provider"),
                name: text(entry, "name"),
            });
            self.step();
        }
        if !self.report.unrecoverable.is_empty() {
            self.report.warnings.push("the keys were sealed under a key that was never stored; replace them");
        }
        Ok(())
    }

    fn rust_v1(&mut self, file: &mut Value, password: &[u8]) -> Result<(), SecurityError> {
        let settings = member(file, "settings").ok_or(malformed("settings"))?;
        let salt = member(settings, "salt").and_then(to_text).ok_or(malformed("settings"))?;
        let salt = base64::decode(salt).map_err(|_| malformed("settings"))?;
        if salt.len() != kdf::SALT_LENGTH {
            return Err(malformed("settings"));
        }
        let master = kdf::scrypt_derive_key(password, &salt, 32)?;
        let opened = record(settings)?.open(&master).map_err(|_| SecurityError::InvalidPassword)?;
        let defaults = self.settings(&opened.plaintext, "auto_lock_timeout", "require_password_on_access")?;
        for (index, sealed) in self.begin(take_array(file, "entries")?).into_iter().enumerate() {
            let entry = member(&sealed, "entry").unwrap_or(&Value::Null);
            let legacy_id = text(entry, "id");
            let seconds = |part| member(entry, part).and_then(to_integer).and_then(|s| s.checked_mul(1000));
            let old = || {
                let record = record(member(&sealed, "encrypted_key").unwrap_or(&Value::Null))?;
                let mut opened = record.open(&master)?;
                let metadata = member(entry, "metadata").filter(|value| matches!(value, Value::Object(_)));
                Ok(OldKey {
                    legacy_id: legacy_id.clone(),
                    provider: text(entry, "provider"),
                    name: member(entry, "name").and_then(to_text).map(str::to_owned),
                    is_default: member(entry, "is_default").and_then(to_bool).unwrap_or(false),
                    expires_at: seconds("expires_at"),
                    metadata: metadata.map(Value::to_text),
                    times: KeyTimes {
                        created_at: seconds("created_at"),
                        last_used_at: seconds("last_used_at"),
                    },
                    key: ApiKey::from_bytes(&mut opened.plaintext)?,
                })
            };
            self.take(index, legacy_id.clone(), old());
        }
        self.set_defaults(&defaults);
        Ok(())
    }

    fn ui_v2(&mut self, file: &mut Value, password: &[u8]) -> Result<(), SecurityError> {
        for (index, key) in self.begin(take_array(file, "keys")?).into_iter().enumerate() {
            let legacy_id = text(&key, "id");
            let old = || {
                let mut opened = record(member(&key, "encryptedApiKey").unwrap_or(&Value::Null))?
                    .open_with_password(password)?;
                let api_key = ApiKey::from_bytes(&mut opened.plaintext)?;
                Ok(ui_key(&key, legacy_id.clone(), api_key))
            };
            self.take(index, legacy_id.clone(), old());
        }
        // No key opened, though there were some that could have.
        let refused = |failed: &FailedKey| failed.code == CryptoError::DecryptFailed.code();
        if self.report.imported.is_empty() && self.report.failed.iter().any(refused) {
            return Err(SecurityError::InvalidPassword);
        }
        Ok(())
    }

    fn ui_v1(&mut self, file: &mut Value) -> Result<(), SecurityError> {
        for (index, mut key) in self.begin(take_array(file, "keys")?).into_iter().enumerate() {
            let legacy_id = text(&key, "id");
            let api_key = match member_mut(&mut key, "apiKey") {
                Some(Value::String(api_key)) => ApiKey::new(std::mem::take(api_key)).map_err(Into::into),
                _ => Err(malformed("key")),
            };
            self.take(index, legacy_id.clone(), api_key.map(|api_key| ui_key(&key, legacy_id, api_key)));
        }
        self.report
            .warnings
            .push("the keys were stored in clear; overwrite the old file, and replace the keys");
        Ok(())
    }

    /// Puts a key into the wallet, or on the list of those that failed.
    fn take(&mut self, index: usize, legacy_id: String, old: Result<OldKey, SecurityError>) {
        let added = old.and_then(|old| {
            let new = NewKey {
                name: old.name,
                is_default: old.is_default,
                expires_at: old.expires_at,
                metadata: old.metadata,
            };
            let id = self.wallet.import_key(&old.provider, &old.key, new, old.times, self.now_ms)?;
            let provider = ProviderName::parse_for_wallet(&old.provider)?;
            Ok(ImportedKey { legacy_id: old.legacy_id, id, provider })
        });
        match added {
            Ok(imported) => self.report.imported.push(imported),
            Err(error) => self.report.failed.push(FailedKey { index, legacy_id, code: error.code() }),
        }
        self.step();
    }

    /// The keys, after telling how many there are.
    fn begin(&mut self, keys: Vec<Value>) -> Vec<Value> {
        self.progress.total = keys.len();
        (self.tell)(self.progress);
        keys
    }

    /// To be called after each key.
    fn step(&mut self) {
        self.progress.done += 1;
        (self.tell)(self.progress);
    }

    /// Takes over settings, and gives the defaults by provider, with the ids of the old file.
    fn settings(
        &mut self,
        json: &[u8],
        timeout: &str,
        on_access: &str,
    ) -> Result<Vec<(String, String)>, SecurityError> {
        let settings = str::from_utf8(json).ok().and_then(|json| canonical::parse(json).ok());
        let settings = settings.ok_or(malformed("settings"))?;
        let minutes = member(&settings, timeout).and_then(to_integer);
        let minutes = minutes.and_then(|minutes| u32::try_from(minutes).ok());
        let minutes = minutes.filter(|minutes| *minutes <= MAX_AUTO_LOCK_MINUTES);
        if minutes.is_none() {
            self.report
                .warnings
                .push("the time until the wallet locks itself was not readable; it is 30 minutes");
        }
        let change = SettingsChange {
            auto_lock_timeout: minutes,
            require_password_on_access: member(&settings, on_access).and_then(to_bool),
            default_providers: None,
        };
        self.wallet.update_settings(change, self.now_ms)?;
        let Some(Value::Object(defaults)) = member(&settings, "default_providers") else {
            return Ok(Vec::new());
        };
        let default = |(provider, id): &(String, Value)| Some((provider.clone(), to_text(id)?.to_owned()));
        Ok(defaults.iter().filter_map(default).collect())
    }

    fn set_defaults(&mut self, defaults: &[(String, String)]) {
        for (provider, legacy_id) in defaults {
            let named = self.report.imported.iter().find(|imported| imported.legacy_id == *legacy_id);
            let provider = ProviderName::parse_for_wallet(provider).ok();
            let set = named.filter(|imported| Some(&imported.provider) == provider.as_ref()).is_some_and(
                |imported| self.wallet.set_default(&imported.id.to_string(), self.now_ms).is_ok(),
            );
            if !set {
                self.report.warnings.push("a default names a key that is not there");
            }
        }
    }
}

fn ui_key(key: &Value, legacy_id: String, api_key: ApiKey) -> OldKey {
    let time = |part| member(key, part).and_then(to_integer);
    OldKey {
        legacy_id,
        provider: text(key, "provider"),
        name: member(key, "name").and_then(to_text).map(str::to_owned),
        is_default: member(key, "isDefault").and_then(to_bool).unwrap_or(false),
        expires_at: None,
        metadata: None,
        times: KeyTimes { created_at: time("createdAt"), last_used_at: time("lastUsed") },
        key: api_key,
    }
}

/// A record that is an object, or its text.
fn record(value: &Value) -> Result<Record, CryptoError> {
    match value {
        Value::String(text) => Record::parse(text),
        other => Record::parse(&other.to_text()),
    }
}

fn take_array(file: &mut Value, part: &'static str) -> Result<Vec<Value>, SecurityError> {
    match member_mut(file, part) {
        Some(Value::Array(items)) if items.len() <= MAX_LEGACY_KEYS => Ok(std::mem::take(items)),
        _ => Err(malformed(part)),
    }
}

fn member_mut<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    match value {
        Value::Object(members) => {
            members.iter_mut().find(|member| member.0 == name).map(|member| &mut member.1)
        }
        _ => None,
    }
}

/// A text of the file, for the report; at most 256 characters of it.
fn text(value: &Value, part: &str) -> String {
    member(value, part).and_then(to_text).unwrap_or_default().chars().take(256).collect()
}

fn malformed(part: &'static str) -> SecurityError {
    LoadFault::Malformed { line: 0, part }.into()
}

/// A file that may hold keys in clear.
struct Wiped(Value);

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.iter_mut().for_each(|member| wipe(&mut member.1)),
        _ => {}
    }
}
