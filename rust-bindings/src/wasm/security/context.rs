//! `SecurityContext`: API keys in memory, session keys, storage encryption.

use chrysalis_crypto::kdf::Argon2Params;
use chrysalis_security as security;
use js_sys::{Array, Object, Uint8Array};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::wallet::{from_kdf, to_kdf, to_wrapping_key};
use super::{clock, from_time_ms, list, object, parsed, to_api_key, to_context};
use crate::convert;
use crate::error::{Result, Thrown};
use crate::wasm::memory::scrubbed;

/// API keys in wiped memory, session keys and storage keys that rotate. What it seals can be opened later only with its
/// exported state.
#[wasm_bindgen]
pub struct SecurityContext(security::SecurityContext);

#[wasm_bindgen]
impl SecurityContext {
    /// A context with a fresh random storage key, number 1.
    #[wasm_bindgen(constructor)]
    pub fn make() -> Result<SecurityContext> {
        Ok(Self(scrubbed(|| security::SecurityContext::make(clock()))?))
    }

    /// As the constructor.
    #[wasm_bindgen(js_name = new)]
    pub fn make_named() -> Result<SecurityContext> {
        Self::make()
    }

    /// The context in what `export_state` gave. The password becomes the one to lock with.
    pub fn import_state(
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] bytes: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] password: JsValue,
    ) -> Result<SecurityContext> {
        let (bytes, password) = (convert::bytes(&bytes, "bytes")?, convert::text(&password, "password")?);
        Ok(Self(scrubbed(|| security::SecurityContext::import_state(&bytes, password.as_bytes(), clock()))?))
    }

    /// Keeps a provider's key; an older one is wiped. Providers are lower-cased and trimmed.
    pub fn store_api_key(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] provider: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] key: JsValue,
    ) -> Result<()> {
        let (provider, key) = (convert::text(&provider, "provider")?, convert::text(&key, "key")?);
        Ok(scrubbed(|| self.0.store_api_key(&provider, chrysalis_crypto::api_keys::ApiKey::new(key)?))?)
    }

    /// `store_api_key` with the key as bytes, which are zeroed unless `wipe` is `false`.
    pub fn store_api_key_bytes(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] provider: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] bytes: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "{ wipe?: boolean }")] options: JsValue,
    ) -> Result<()> {
        let wipe = convert::flag(&options, "wipe", true)?;
        let (provider, key) = (convert::text(&provider, "provider")?, to_api_key(&bytes_only(&bytes)?)?);
        if wipe {
            let source = convert::byte_array(&bytes, "bytes")?;
            source.fill(0, 0, source.length());
        }
        Ok(scrubbed(|| self.0.store_api_key(&provider, key))?)
    }

    /// The key as a string, which nothing can wipe; prefer `with_api_key`, `authorization_header` and `sign_request`.
    pub fn get_api_key(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] provider: JsValue,
    ) -> Result<String> {
        let provider = convert::text(&provider, "provider")?;
        let key = scrubbed(|| self.0.api_key(&provider))?;
        Ok(key.expose(|bytes| String::from_utf8_lossy(bytes).into_owned()))
    }

    /// The key as bytes, which are yours to wipe.
    pub fn get_api_key_bytes(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] provider: JsValue,
    ) -> Result<Uint8Array> {
        let provider = convert::text(&provider, "provider")?;
        let key = scrubbed(|| self.0.api_key(&provider))?;
        Ok(key.expose(|bytes| Uint8Array::from(bytes)))
    }

    /// Whether a provider's key is kept.
    pub fn has_api_key(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] provider: JsValue,
    ) -> Result<bool> {
        Ok(self.0.has_api_key(&convert::text(&provider, "provider")?)?)
    }

    /// The providers whose keys are kept, in alphabetical order.
    pub fn list_providers(&self) -> Result<Vec<String>> {
        Ok(self.0.list_providers()?.iter().map(ToString::to_string).collect())
    }

    /// Removes a provider's key; whether there was one.
    pub fn remove_api_key(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] provider: JsValue,
    ) -> Result<bool> {
        let provider = convert::text(&provider, "provider")?;
        Ok(scrubbed(|| self.0.remove_api_key(&provider))?)
    }

    /// What may be shown of a provider's key.
    #[wasm_bindgen(unchecked_return_type = "ApiKeyDescription")]
    pub fn describe_api_key(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] provider: JsValue,
    ) -> Result<Object> {
        let provider = convert::text(&provider, "provider")?;
        let found = scrubbed(|| self.0.describe_api_key(&provider))?;
        Ok(object(&[
            ("detectedProvider", found.detected_provider.into()),
            ("kind", found.kind.into()),
            ("confidence", found.confidence.into()),
            ("redacted", found.redacted.into()),
            ("storedAt", from_time_ms(found.stored_at)),
        ]))
    }

    /// The header by which the provider takes its key. Its value holds the key; `attach_authorization` sets it for you.
    #[wasm_bindgen(unchecked_return_type = "{ name: string; value: string }")]
    pub fn authorization_header(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] provider: JsValue,
    ) -> Result<Object> {
        let provider = convert::text(&provider, "provider")?;
        let header = scrubbed(|| self.0.authorization_header(&provider))?;
        let value = header.value.expose(|bytes| JsValue::from_str(&String::from_utf8_lossy(bytes)));
        Ok(object(&[("name", header.name.into()), ("value", value)]))
    }

    /// HMAC-SHA-256 of `data` under the provider's key, 32 bytes; the key stays inside.
    pub fn sign_with_api_key(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] provider: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue,
    ) -> Result<Vec<u8>> {
        let (provider, data) = (convert::text(&provider, "provider")?, convert::bytes(&data, "data")?);
        Ok(scrubbed(|| self.0.sign_with_api_key(&provider, &data))?.to_vec())
    }

    /// Signs a request with the provider's key. Gives the headers to send along, which hold no secret.
    #[wasm_bindgen(unchecked_return_type = "Record<string, string>")]
    pub fn sign_request(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] provider: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] method: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] path: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] body: JsValue,
    ) -> Result<Object> {
        let (provider, method) = (convert::text(&provider, "provider")?, convert::text(&method, "method")?);
        let (path, body) = (convert::text(&path, "path")?, convert::bytes(&body, "body")?);
        let signed = scrubbed(|| self.0.sign_request(&provider, &method, &path, &body))?;
        Ok(object(&signed.headers().map(|(name, value)| (name, value.into()))))
    }

    /// Gives a session its next key and the number of that: 1 for a new session. Older ones go on opening.
    pub fn rotate_session_key(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] session_id: JsValue,
    ) -> Result<u32> {
        let session_id = convert::text(&session_id, "session_id")?;
        Ok(scrubbed(|| self.0.rotate_session_key(&session_id))?)
    }

    /// The number of a session's newest key; `null` when there is no such session.
    #[wasm_bindgen(unchecked_return_type = "number | null")]
    pub fn session_key_version(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] session_id: JsValue,
    ) -> Result<JsValue> {
        let version = self.0.session_key_version(&convert::text(&session_id, "session_id")?)?;
        Ok(version.map_or(JsValue::NULL, JsValue::from))
    }

    /// Wipes a session's keys below a number; how many there were.
    pub fn retire_session_keys(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] session_id: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] before_version: JsValue,
    ) -> Result<usize> {
        let session_id = convert::text(&session_id, "session_id")?;
        let before_version = convert::integer(&before_version, "before_version")?;
        Ok(scrubbed(|| self.0.retire_session_keys(&session_id, before_version))?)
    }

    /// Wipes all keys of a session; whether there was one.
    pub fn end_session(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] session_id: JsValue,
    ) -> Result<bool> {
        let session_id = convert::text(&session_id, "session_id")?;
        Ok(scrubbed(|| self.0.end_session(&session_id))?)
    }

    /// Seals data under the session's newest key, bound to session and context.
    pub fn encrypt_for_session(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] session_id: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "Uint8Array | string")] context: JsValue,
    ) -> Result<Vec<u8>> {
        let (session_id, data) = (convert::text(&session_id, "session_id")?, convert::bytes(&data, "data")?);
        let context = to_context(&context)?;
        Ok(scrubbed(|| self.0.encrypt_for_session(&session_id, &data, &context))?)
    }

    /// Opens what was sealed for the session with the same context, under any key that is not retired.
    pub fn decrypt_from_session(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] session_id: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] envelope: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "Uint8Array | string")] context: JsValue,
    ) -> Result<Uint8Array> {
        let session_id = convert::text(&session_id, "session_id")?;
        let (envelope, context) = (convert::bytes(&envelope, "envelope")?, to_context(&context)?);
        let data = scrubbed(|| self.0.decrypt_from_session(&session_id, &envelope, &context))?;
        Ok(Uint8Array::from(data.as_slice()))
    }

    /// Seals data for storage under the newest storage key, bound to the context: where the record belongs.
    pub fn encrypt_for_storage(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] plaintext: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "Uint8Array | string")] context: JsValue,
    ) -> Result<Vec<u8>> {
        let (plaintext, context) = (convert::bytes(&plaintext, "plaintext")?, to_context(&context)?);
        Ok(scrubbed(|| self.0.encrypt_for_storage(&plaintext, &context))?)
    }

    /// Opens what `encrypt_for_storage` gave for the same context, under any storage key that is not retired.
    pub fn decrypt_from_storage(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] ciphertext: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "Uint8Array | string")] context: JsValue,
    ) -> Result<Uint8Array> {
        let (ciphertext, context) = (convert::bytes(&ciphertext, "ciphertext")?, to_context(&context)?);
        let plaintext = scrubbed(|| self.0.decrypt_from_storage(&ciphertext, &context))?;
        Ok(Uint8Array::from(plaintext.as_slice()))
    }

    /// Makes a new storage key, which seals from here on; its number.
    pub fn rotate_storage_key(&self) -> Result<u32> {
        Ok(scrubbed(|| self.0.rotate_storage_key())?)
    }

    /// The number of the storage key that seals.
    pub fn storage_key_id(&self) -> Result<u32> {
        Ok(self.0.storage_key_id()?)
    }

    /// Wipes the storage keys below a number; what they sealed throws `KEY_RETIRED` from here on.
    pub fn set_min_decryption_key_id(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number")] floor: JsValue,
    ) -> Result<()> {
        let floor = convert::integer(&floor, "floor")?;
        Ok(scrubbed(|| self.0.set_min_decryption_key_id(floor))?)
    }

    /// Seals an envelope anew under the newest storage key, for the same context. The plaintext stays inside.
    pub fn rewrap(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] ciphertext: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "Uint8Array | string")] context: JsValue,
    ) -> Result<Vec<u8>> {
        let (ciphertext, context) = (convert::bytes(&ciphertext, "ciphertext")?, to_context(&context)?);
        Ok(scrubbed(|| self.0.rewrap(&ciphertext, &context))?)
    }

    /// `rewrap` for many records in one crossing, each with its context. Throws for the first that fails; none is lost, since
    /// the old ones go on opening.
    #[wasm_bindgen(unchecked_return_type = "Uint8Array[]")]
    pub fn rewrap_many(
        &self,
        #[wasm_bindgen(unchecked_param_type = "readonly Uint8Array[]")] ciphertexts: JsValue,
        #[wasm_bindgen(unchecked_param_type = "readonly (Uint8Array | string)[]")] contexts: JsValue,
    ) -> Result<Array> {
        let ciphertexts = convert::byte_strings(&ciphertexts, "ciphertexts")?;
        let contexts = convert::list(&contexts, "contexts")?.iter();
        let contexts = contexts.map(|context| to_context(&context)).collect::<Result<Vec<_>>>()?;
        if ciphertexts.len() != contexts.len() {
            return Err(Thrown::argument("contexts", "must be as many as ciphertexts"));
        }
        let pairs: Vec<(&[u8], &[u8])> =
            ciphertexts.iter().map(Vec::as_slice).zip(contexts.iter().map(Vec::as_slice)).collect();
        let rewrapped = scrubbed(|| self.0.rewrap_many(&pairs))?;
        let out = Array::new();
        for envelope in rewrapped {
            out.push(&Uint8Array::from(envelope?.as_slice()));
        }
        Ok(out)
    }

    /// Everything, sealed under a password, to be kept by you.
    pub fn export_state(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] password: JsValue,
    ) -> Result<Vec<u8>> {
        let password = convert::text(&password, "password")?;
        Ok(scrubbed(|| self.0.export_state(password.as_bytes()))?)
    }

    /// Sets the password to lock with.
    pub fn set_password(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] password: JsValue,
    ) -> Result<()> {
        let password = convert::text(&password, "password")?;
        Ok(scrubbed(|| self.0.set_password(password.as_bytes()))?)
    }

    /// Parameters with a fresh salt, for `derive_wallet_key`: for one password, once.
    #[wasm_bindgen(unchecked_return_type = "PasswordKdf")]
    pub fn make_password_kdf(&self) -> Result<Object> {
        let (params, salt) = self.0.make_password_kdf()?;
        Ok(from_kdf(params, &salt))
    }

    /// What the key of the password that unlocks is made with; `null` while there is nothing to unlock.
    #[wasm_bindgen(unchecked_return_type = "PasswordKdf | null")]
    pub fn password_kdf(&self) -> JsValue {
        self.0.password_kdf().map_or(JsValue::NULL, |(params, salt)| from_kdf(params, &salt).into())
    }

    /// What the key of an exported state is made of its password with.
    #[wasm_bindgen(unchecked_return_type = "PasswordKdf")]
    pub fn state_kdf(#[wasm_bindgen(unchecked_param_type = "Uint8Array")] bytes: JsValue) -> Result<Object> {
        let (params, salt) = security::SecurityContext::state_kdf(&convert::bytes(&bytes, "bytes")?)?;
        Ok(from_kdf(params, &salt))
    }

    /// `export_state` with the key that `derive_wallet_key` gave for the password and `kdf`.
    pub fn export_state_with_derived_key(
        &self,
        #[wasm_bindgen(unchecked_param_type = "PasswordKdf")] kdf: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    ) -> Result<Vec<u8>> {
        let ((params, salt), key) = (to_kdf(&kdf)?, to_wrapping_key(&key)?);
        Ok(scrubbed(|| self.0.export_state_with_derived_key(params, salt, key))?)
    }

    /// `import_state` with the key that `derive_wallet_key` gave for the password and `state_kdf`.
    pub fn import_state_with_derived_key(
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] bytes: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    ) -> Result<SecurityContext> {
        let (bytes, key) = (convert::bytes(&bytes, "bytes")?, to_wrapping_key(&key)?);
        let cost = Argon2Params::DEFAULT;
        let import = || security::SecurityContext::import_state_with_derived_key(&bytes, key, clock(), cost);
        Ok(Self(scrubbed(import)?))
    }

    /// `set_password` with the key that `derive_wallet_key` gave for the password and `kdf`.
    pub fn set_password_with_derived_key(
        &self,
        #[wasm_bindgen(unchecked_param_type = "PasswordKdf")] kdf: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    ) -> Result<()> {
        let ((params, salt), key) = (to_kdf(&kdf)?, to_wrapping_key(&key)?);
        Ok(scrubbed(|| self.0.set_password_with_derived_key(params, salt, key))?)
    }

    /// `unlock` with the key that `derive_wallet_key` gave for the password and `password_kdf`.
    pub fn unlock_with_derived_key(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] key: JsValue,
    ) -> Result<()> {
        let key = to_wrapping_key(&key)?;
        Ok(scrubbed(|| self.0.unlock_with_derived_key(key))?)
    }

    /// Seals everything in memory and wipes the keys. Throws `PASSWORD_NOT_SET` when nothing could open it again.
    pub fn lock(&self) -> Result<()> {
        Ok(scrubbed(|| self.0.lock())?)
    }

    /// Opens what `lock` sealed.
    pub fn unlock(&self, #[wasm_bindgen(unchecked_param_type = "string")] password: JsValue) -> Result<()> {
        let password = convert::text(&password, "password")?;
        Ok(scrubbed(|| self.0.unlock(password.as_bytes()))?)
    }

    /// Whether the keys are sealed.
    #[wasm_bindgen(getter, js_name = isLocked)]
    pub fn is_locked(&self) -> bool {
        self.0.is_locked()
    }

    /// What was done and when, oldest first; no event holds a secret. Older ones are dropped when there are too many.
    #[wasm_bindgen(unchecked_return_type = "AuditRecord[]")]
    pub fn audit(&self) -> Array {
        list(self.0.audit().export().records.iter().map(|record| {
            let event = parsed(&record.event.to_json());
            let hash = chrysalis_crypto::hex::encode(&record.hash);
            let sequence = from_time_ms(record.sequence);
            object(&[("sequence", sequence), ("event", event), ("hash", hash.into())]).into()
        }))
    }

    /// Opens what an older system sealed: bytes for the formats `F1` and `F2`, JSON for `F3`, `F4` and `F5`. `secret` is the
    /// key, or the password, that the format takes.
    pub fn decrypt_legacy(
        &self,
        #[wasm_bindgen(unchecked_param_type = "'F1' | 'F2' | 'F3' | 'F4' | 'F5'")] format: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array | string")] data: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array | string")] secret: JsValue,
    ) -> Result<Uint8Array> {
        super::legacy::decrypt(&format, &data, &secret)
    }

    /// Never holds a key.
    #[wasm_bindgen(js_name = toString)]
    pub fn text(&self) -> String {
        "SecurityContext([REDACTED])".to_owned()
    }

    /// Never holds a key.
    #[wasm_bindgen(js_name = toJSON)]
    pub fn json(&self) -> String {
        self.text()
    }
}

/// The value, if it is bytes.
fn bytes_only(value: &JsValue) -> Result<JsValue> {
    convert::byte_array(value, "bytes").map(JsValue::from)
}

/// How good a new password is. Nothing of it is kept.
#[wasm_bindgen(unchecked_return_type = "PasswordStrength")]
pub fn validate_password_strength(
    #[wasm_bindgen(unchecked_param_type = "string")] password: JsValue,
) -> Result<Object> {
    let password = Zeroizing::new(convert::text(&password, "password")?);
    let strength = scrubbed(|| security::password::validate_password_strength(&password));
    Ok(object(&[
        ("isValid", strength.is_valid.into()),
        ("score", strength.score.into()),
        ("problems", list(strength.problems.into_iter().map(JsValue::from)).into()),
    ]))
}
