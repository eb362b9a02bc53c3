//! `ApiKeyWallet`: the wallet file, and what may be done with it. The facade adds timers and handlers.

use chrysalis_crypto::kdf::Argon2Params;
use chrysalis_security as security;
use js_sys::{Array, JSON, Object, Uint8Array};
use security::WrappingKey;
use security::wallet::{NewKey, SettingsChange, WalletEvent};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::{from_time_ms, list, now_ms, object, parsed, to_api_key, to_time_ms};
use crate::convert;
use crate::error::{Result, Thrown};
use crate::wasm::memory::scrubbed;

/// A wallet of API keys: a JSON file that a password, or a 32-byte key of yours, opens.
#[wasm_bindgen]
pub struct ApiKeyWallet(security::ApiKeyWallet);

#[wasm_bindgen]
impl ApiKeyWallet {
    /// A wallet that is uninitialised.
    #[wasm_bindgen(constructor)]
    pub fn new() -> ApiKeyWallet {
        Self(security::ApiKeyWallet::new())
    }

    /// Makes a new wallet that `password` opens, unlocked. Takes the time of one Argon2id.
    pub fn initialize(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] password: JsValue,
    ) -> Result<()> {
        let password = convert::text(&password, "password")?;
        Ok(scrubbed(|| self.0.initialize(password.as_bytes(), now_ms()))?)
    }

    /// Makes a new wallet that a 32-byte key of yours opens, unlocked.
    pub fn initialize_with_host_key(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    ) -> Result<()> {
        let key = to_wrapping_key(&key)?;
        Ok(scrubbed(|| self.0.initialize_with_host_key(&key, now_ms()))?)
    }

    /// Takes over the wallet in a file; it is locked afterwards.
    pub fn load(&self, #[wasm_bindgen(unchecked_param_type = "string")] json: JsValue) -> Result<()> {
        let json = convert::text(&json, "json")?;
        Ok(scrubbed(|| self.0.load(&json))?)
    }

    /// Takes over a later state of the same wallet's file without locking.
    pub fn reload(&self, #[wasm_bindgen(unchecked_param_type = "string")] json: JsValue) -> Result<()> {
        let json = convert::text(&json, "json")?;
        Ok(scrubbed(|| self.0.reload(&json, now_ms()))?)
    }

    /// The file: JSON, indented by two spaces. Works locked and unlocked.
    pub fn export(&self) -> Result<String> {
        Ok(scrubbed(|| self.0.export())?)
    }

    /// Opens the wallet. Nothing when it is open. Takes the time of one Argon2id.
    pub fn unlock(&self, #[wasm_bindgen(unchecked_param_type = "string")] password: JsValue) -> Result<()> {
        let password = convert::text(&password, "password")?;
        Ok(scrubbed(|| self.0.unlock(password.as_bytes(), now_ms()))?)
    }

    /// Opens the wallet with a 32-byte key that `initialize_with_host_key` or `add_host_key` was given.
    pub fn unlock_with_host_key(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    ) -> Result<()> {
        let key = to_wrapping_key(&key)?;
        Ok(scrubbed(|| self.0.unlock_with_host_key(&key, now_ms()))?)
    }

    /// What a key is made from the password with, for callers that derive it elsewhere, such as in a worker; `null` when no
    /// password opens the wallet.
    #[wasm_bindgen(unchecked_return_type = "PasswordKdf | null")]
    pub fn password_kdf(&self) -> Result<JsValue> {
        let kdf = self.0.password_kdf()?;
        Ok(kdf.map_or(JsValue::NULL, |(params, salt)| from_kdf(params, &salt).into()))
    }

    /// Parameters with a fresh salt for a new password, for `derive_wallet_key`. For one password, once.
    #[wasm_bindgen(unchecked_return_type = "PasswordKdf")]
    pub fn make_password_kdf(&self) -> Result<Object> {
        let (params, salt) = self.0.make_password_kdf()?;
        Ok(from_kdf(params, &salt))
    }

    /// `initialize` with the key that `derive_wallet_key` gave for the password and `kdf`.
    pub fn initialize_with_derived_key(
        &self,
        #[wasm_bindgen(unchecked_param_type = "PasswordKdf")] kdf: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    ) -> Result<()> {
        let ((params, salt), key) = (to_kdf(&kdf)?, to_wrapping_key(&key)?);
        Ok(scrubbed(|| self.0.initialize_with_derived_key(params, salt, &key, now_ms()))?)
    }

    /// `change_password` with the key of the old password by `password_kdf` and that of the new one by `kdf`.
    pub fn change_password_with_derived_keys(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] old: JsValue,
        #[wasm_bindgen(unchecked_param_type = "PasswordKdf")] kdf: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] new: JsValue,
    ) -> Result<()> {
        let (old, (params, salt), new) = (to_wrapping_key(&old)?, to_kdf(&kdf)?, to_wrapping_key(&new)?);
        Ok(scrubbed(|| self.0.change_password_with_derived_keys(&old, params, salt, &new, now_ms()))?)
    }

    /// `unlock` with the key that Argon2id gave for `password_kdf`, 32 bytes.
    pub fn unlock_with_derived_key(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    ) -> Result<()> {
        let key = to_wrapping_key(&key)?;
        Ok(scrubbed(|| self.0.unlock_with_derived_key(&key, now_ms()))?)
    }

    /// Wipes the keys. Nothing when not unlocked.
    pub fn lock(&self) {
        scrubbed(|| self.0.lock(now_ms()));
    }

    /// Locks when there was no key operation for as long as the settings say; whether it did.
    pub fn tick(&self) -> bool {
        scrubbed(|| self.0.tick(now_ms()))
    }

    /// When `tick` would lock, in milliseconds since 1970; `null` for never.
    #[wasm_bindgen(unchecked_return_type = "number | null")]
    pub fn lock_deadline_ms(&self) -> JsValue {
        self.0.lock_deadline_ms().map_or(JsValue::NULL, from_time_ms)
    }

    /// Changes the password; the entries stay as they are sealed.
    pub fn change_password(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] old: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] new: JsValue,
    ) -> Result<()> {
        let (old, new) = (convert::text(&old, "old")?, convert::text(&new, "new")?);
        Ok(scrubbed(|| self.0.change_password(old.as_bytes(), new.as_bytes(), now_ms()))?)
    }

    /// Seals everything anew under a new master key.
    pub fn rotate_master_key(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] password: JsValue,
    ) -> Result<()> {
        let password = convert::text(&password, "password")?;
        Ok(scrubbed(|| self.0.rotate_master_key(password.as_bytes(), now_ms()))?)
    }

    /// Lets a 32-byte key of yours open the wallet too; gives an id to remove it by.
    pub fn add_host_key(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] label: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    ) -> Result<String> {
        let (label, key) = (convert::text(&label, "label")?, to_wrapping_key(&key)?);
        Ok(scrubbed(|| self.0.add_host_key(&label, &key, now_ms()))?.to_string())
    }

    /// Removes such a key; whether there was one.
    pub fn remove_host_key(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue,
    ) -> Result<bool> {
        let id = convert::text(&id, "id")?;
        let id = id.parse().map_err(|_| Thrown::argument("id", "must be 32 hexadecimal digits"))?;
        Ok(scrubbed(|| self.0.remove_host_key(&id, now_ms()))?)
    }

    /// The keys beside the password that open the wallet.
    #[wasm_bindgen(unchecked_return_type = "{ id: string; label: string }[]")]
    pub fn host_keys(&self) -> Array {
        list(self.0.host_keys().iter().map(|key| {
            object(&[("id", key.id.to_string().into()), ("label", key.label.as_str().into())]).into()
        }))
    }

    /// Adds a key, a string or bytes, and gives its id.
    pub fn add_key(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] provider: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] key: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "NewKey")] options: JsValue,
    ) -> Result<String> {
        let (provider, new) = (convert::text(&provider, "provider")?, to_new_key(&options)?);
        let key = to_api_key(&key)?;
        Ok(scrubbed(|| self.0.add_key(&provider, &key, new, now_ms()))?.to_string())
    }

    /// Removes a key; false when there is none of this id.
    pub fn remove_key(&self, #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue) -> Result<bool> {
        let id = convert::text(&id, "id")?;
        Ok(scrubbed(|| self.0.remove_key(&id, now_ms()))?)
    }

    /// A key as a string, which nothing can wipe; `null` when it is unknown or expired.
    #[wasm_bindgen(unchecked_return_type = "string | null")]
    pub fn get_key(&self, #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue) -> Result<JsValue> {
        let id = convert::text(&id, "id")?;
        let key = scrubbed(|| self.0.key(&id, now_ms()))?;
        Ok(key.map_or(JsValue::NULL, |key| {
            key.expose(|bytes| JsValue::from_str(&String::from_utf8_lossy(bytes)))
        }))
    }

    /// A key as bytes, which are yours to wipe; `null` when it is unknown or expired.
    #[wasm_bindgen(unchecked_return_type = "Uint8Array | null")]
    pub fn get_key_bytes(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue,
    ) -> Result<JsValue> {
        let id = convert::text(&id, "id")?;
        let key = scrubbed(|| self.0.key(&id, now_ms()))?;
        Ok(key.map_or(JsValue::NULL, |key| key.expose(|bytes| Uint8Array::from(bytes).into())))
    }

    /// The provider's default key, else its first that is not expired, else `null`.
    #[wasm_bindgen(unchecked_return_type = "string | null")]
    pub fn get_key_for_provider(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] provider: JsValue,
    ) -> Result<JsValue> {
        let provider = convert::text(&provider, "provider")?;
        let key = scrubbed(|| self.0.key_for_provider(&provider, now_ms()))?;
        Ok(key.map_or(JsValue::NULL, |key| {
            key.expose(|bytes| JsValue::from_str(&String::from_utf8_lossy(bytes)))
        }))
    }

    /// The entries, of one provider or of all, without their keys. Works while locked.
    #[wasm_bindgen(unchecked_return_type = "ApiKeyEntry[]")]
    pub fn list_keys(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "string")] provider: JsValue,
    ) -> Result<Array> {
        let provider =
            if provider.is_undefined() { None } else { Some(convert::text(&provider, "provider")?) };
        let entries = scrubbed(|| self.0.list_keys(provider.as_deref(), now_ms()))?;
        Ok(list(entries.iter().map(|entry| parsed(&entry.to_json()))))
    }

    /// Makes a key its provider's default.
    pub fn set_default(&self, #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue) -> Result<()> {
        let id = convert::text(&id, "id")?;
        Ok(scrubbed(|| self.0.set_default(&id, now_ms()))?)
    }

    /// Replaces a key under the same id.
    pub fn rotate_key(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] key: JsValue,
    ) -> Result<()> {
        let (id, key) = (convert::text(&id, "id")?, to_api_key(&key)?);
        Ok(scrubbed(|| self.0.rotate_key(&id, &key, now_ms()))?)
    }

    /// The settings, a copy.
    #[wasm_bindgen(unchecked_return_type = "WalletSettings")]
    pub fn get_settings(&self) -> JsValue {
        parsed(&self.0.settings().to_json())
    }

    /// Changes the settings that are given.
    pub fn update_settings(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Partial<WalletSettings>")] settings: JsValue,
    ) -> Result<()> {
        let change = to_settings_change(&settings)?;
        Ok(scrubbed(|| self.0.update_settings(change, now_ms())).map(|_| ())?)
    }

    /// Whether there is a wallet, and whether it is open.
    #[wasm_bindgen(unchecked_return_type = "WalletState")]
    pub fn get_state(&self) -> String {
        self.0.state().as_str().to_owned()
    }

    /// Whether the wallet is open.
    pub fn is_unlocked(&self) -> bool {
        self.0.is_unlocked()
    }

    /// The events since the last call, oldest first. At most 1024 wait.
    #[wasm_bindgen(unchecked_return_type = "WalletEvent[]")]
    pub fn take_events(&self) -> Array {
        list(
            self.0.take_events().events.iter().map(|event| {
                object(&[("type", event.name().into()), ("data", event_data(event).into())]).into()
            }),
        )
    }

    /// Locks, and forgets the wallet. Files stay.
    pub fn destroy(&self) {
        scrubbed(|| self.0.destroy());
    }

    /// Never holds a key.
    #[wasm_bindgen(js_name = toString)]
    pub fn text(&self) -> String {
        "ApiKeyWallet([REDACTED])".to_owned()
    }

    /// Never holds a key.
    #[wasm_bindgen(js_name = toJSON)]
    pub fn json(&self) -> String {
        self.text()
    }
}

impl ApiKeyWallet {
    pub(super) fn of(wallet: security::ApiKeyWallet) -> Self {
        Self(wallet)
    }

    pub(super) fn as_inner(&self) -> &security::ApiKeyWallet {
        &self.0
    }
}

impl Default for ApiKeyWallet {
    fn default() -> Self {
        Self::new()
    }
}

/// The key of a wallet's password, 32 bytes. This is what takes time; run it in a worker.
#[wasm_bindgen]
pub fn derive_wallet_key(
    #[wasm_bindgen(unchecked_param_type = "string")] password: JsValue,
    #[wasm_bindgen(unchecked_param_type = "PasswordKdf")] kdf: JsValue,
) -> Result<Uint8Array> {
    let (password, (params, salt)) = (convert::text(&password, "password")?, to_kdf(&kdf)?);
    let key = scrubbed(|| WrappingKey::derive(password.as_bytes(), &salt, params))?;
    Ok(key.expose(|bytes| Uint8Array::from(bytes)))
}

pub(super) fn from_kdf(params: Argon2Params, salt: &[u8]) -> Object {
    object(&[
        ("mKiB", params.m_kib().into()),
        ("t", params.t().into()),
        ("p", params.p().into()),
        ("salt", Uint8Array::from(salt).into()),
    ])
}

pub(super) fn to_kdf(value: &JsValue) -> Result<(Argon2Params, [u8; security::SALT_LENGTH])> {
    let field =
        |name: &str| convert::option(value, name)?.ok_or_else(|| Thrown::argument(name, "is missing"));
    let number = |name: &str| convert::integer(&field(name)?, name);
    let params = Argon2Params::new(number("mKiB")?, number("t")?, number("p")?)?;
    let salt = convert::bytes(&field("salt")?, "salt")?;
    let salt = salt.try_into().map_err(|_| Thrown::argument("salt", "must have 16 bytes"))?;
    Ok((params, salt))
}

fn event_data(event: &WalletEvent) -> Object {
    match event {
        WalletEvent::KeyAdded { id, provider, name } => object(&[
            ("id", id.to_string().into()),
            ("provider", provider.as_str().into()),
            ("name", name.as_str().into()),
        ]),
        WalletEvent::KeyRemoved { id, provider }
        | WalletEvent::KeyAccessed { id, provider }
        | WalletEvent::KeyRotated { id, provider } => {
            object(&[("id", id.to_string().into()), ("provider", provider.as_str().into())])
        }
        WalletEvent::SettingsChanged { settings } => object(&[("settings", parsed(&settings.to_json()))]),
        _ => Object::new(),
    }
}

pub(super) fn to_wrapping_key(value: &JsValue) -> Result<WrappingKey> {
    let mut bytes = Zeroizing::new(convert::bytes(value, "key")?);
    Ok(WrappingKey::from_slice_wiping(&mut bytes)?)
}

fn to_new_key(options: &JsValue) -> Result<NewKey> {
    let name = convert::option(options, "name")?.map(|name| convert::text(&name, "name")).transpose()?;
    let expires_at = convert::option(options, "expiresAt")?;
    let metadata = convert::option(options, "metadata")?;
    Ok(NewKey {
        name,
        is_default: convert::flag(options, "isDefault", false)?,
        expires_at: expires_at.map(|time| to_time_ms(&time, "expiresAt")).transpose()?,
        metadata: metadata.map(|metadata| stringified(&metadata, "metadata")).transpose()?,
    })
}

fn to_settings_change(settings: &JsValue) -> Result<SettingsChange> {
    if settings.is_undefined() {
        return Err(Thrown::argument("settings", "must be an object"));
    }
    let timeout = convert::option(settings, "autoLockTimeout")?;
    let require = convert::option(settings, "requirePasswordOnAccess")?;
    let defaults = convert::option(settings, "defaultProviders")?;
    Ok(SettingsChange {
        auto_lock_timeout: timeout.map(|value| convert::integer(&value, "autoLockTimeout")).transpose()?,
        require_password_on_access: match require {
            None => None,
            Some(_) => Some(convert::flag(settings, "requirePasswordOnAccess", false)?),
        },
        default_providers: defaults.map(|value| to_default_providers(&value)).transpose()?,
    })
}

fn to_default_providers(
    value: &JsValue,
) -> Result<std::collections::BTreeMap<security::ProviderName, security::audit::KeyId>> {
    if !value.is_object() {
        return Err(Thrown::argument("defaultProviders", "must be an object"));
    }
    let mut defaults = std::collections::BTreeMap::new();
    for pair in Object::entries(value.unchecked_ref()).iter() {
        let pair: Array = pair.unchecked_into();
        let provider =
            security::ProviderName::parse_for_wallet(&convert::text(&pair.get(0), "defaultProviders")?)?;
        let id = convert::text(&pair.get(1), "defaultProviders")?;
        let id =
            id.parse().map_err(|_| Thrown::argument("defaultProviders", "must name keys by their ids"))?;
        defaults.insert(provider, id);
    }
    Ok(defaults)
}

/// The JSON of a plain object.
fn stringified(value: &JsValue, name: &str) -> Result<String> {
    let json = if value.is_object() { JSON::stringify(value).ok() } else { None };
    json.and_then(|json| json.as_string()).ok_or_else(|| Thrown::argument(name, "must be a plain object"))
}
