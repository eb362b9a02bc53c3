//! `ApiKeyRegistry`: who may use which key, without the keys.

use chrysalis_security as security;
use js_sys::{Array, Object};
use security::ProviderName;
use security::registry::{ApiKeyRegistryRecord, ApiKeyScope, KeyRegistryEventKind, RateLimit};
use wasm_bindgen::prelude::*;

use super::wallet::ApiKeyWallet;
use super::{from_time_ms, list, now_ms, object, to_time_ms};
use crate::convert;
use crate::error::{Result, Thrown};
use crate::wasm::memory::scrubbed;

/// Records of keys and of who may use them. It holds no secrets.
#[wasm_bindgen]
#[derive(Default)]
pub struct ApiKeyRegistry(security::ApiKeyRegistry);

#[wasm_bindgen]
impl ApiKeyRegistry {
    /// An empty registry.
    #[wasm_bindgen(constructor)]
    pub fn new() -> ApiKeyRegistry {
        Self::default()
    }

    /// Adds a record. `createdAt` is the time of the call where it is not given.
    pub fn register(
        &self,
        #[wasm_bindgen(unchecked_param_type = "NewRegistryRecord")] record: JsValue,
    ) -> Result<()> {
        Ok(self.0.register(to_record(&record)?, now_ms())?)
    }

    /// Removes a record; whether there was one.
    pub fn unregister(&self, #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue) -> Result<bool> {
        Ok(self.0.unregister(&convert::text(&id, "id")?, now_ms()))
    }

    /// The record of this id, or `null`.
    #[wasm_bindgen(unchecked_return_type = "RegistryRecord | null")]
    pub fn get(&self, #[wasm_bindgen(unchecked_param_type = "string")] id: JsValue) -> Result<JsValue> {
        let record = self.0.get(&convert::text(&id, "id")?);
        Ok(record.map_or(JsValue::NULL, |record| from_record(&record)))
    }

    /// All records, in the order in which they were registered.
    #[wasm_bindgen(unchecked_return_type = "RegistryRecord[]")]
    pub fn list(&self) -> Array {
        records(&self.0.list())
    }

    /// The records of a provider's keys.
    #[wasm_bindgen(unchecked_return_type = "RegistryRecord[]")]
    pub fn find_by_provider(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] provider: JsValue,
    ) -> Result<Array> {
        let provider = ProviderName::parse_for_wallet(&convert::text(&provider, "provider")?)?;
        Ok(records(&self.0.find_by_provider(&provider)))
    }

    /// The records a persona may use: global ones and those that list it.
    #[wasm_bindgen(unchecked_return_type = "RegistryRecord[]")]
    pub fn find_allowed_for_persona(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] persona: JsValue,
    ) -> Result<Array> {
        Ok(records(&self.0.find_allowed_for_persona(&convert::text(&persona, "persona")?)))
    }

    /// The records an agent may use: global ones and those that list it.
    #[wasm_bindgen(unchecked_return_type = "RegistryRecord[]")]
    pub fn find_allowed_for_agent(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] agent: JsValue,
    ) -> Result<Array> {
        Ok(records(&self.0.find_allowed_for_agent(&convert::text(&agent, "agent")?)))
    }

    /// The keys a persona may use, by provider, from an open wallet of this package.
    #[wasm_bindgen(unchecked_return_type = "Record<string, string>")]
    pub fn resolve_keys_for_persona(
        &self,
        wallet: &ApiKeyWallet,
        #[wasm_bindgen(unchecked_param_type = "string")] persona: JsValue,
    ) -> Result<Object> {
        let persona = convert::text(&persona, "persona")?;
        let keys = scrubbed(|| self.0.resolve_keys_for_persona(wallet.as_inner(), &persona, now_ms()))?;
        let fields: Vec<(String, JsValue)> = keys
            .iter()
            .map(|(provider, key)| {
                let key = key.expose(|bytes| JsValue::from_str(&String::from_utf8_lossy(bytes)));
                (provider.to_string(), key)
            })
            .collect();
        let fields: Vec<(&str, JsValue)> =
            fields.iter().map(|(name, key)| (name.as_str(), key.clone())).collect();
        Ok(object(&fields))
    }

    /// The events since the last call, oldest first.
    #[wasm_bindgen(unchecked_return_type = "KeyRegistryEvent[]")]
    pub fn take_events(&self) -> Array {
        list(self.0.take_events().events.iter().map(|event| {
            let payload = match &event.kind {
                KeyRegistryEventKind::Registered { provider, scope } => {
                    object(&[("provider", provider.as_str().into()), ("scope", scope.as_str().into())]).into()
                }
                _ => JsValue::UNDEFINED,
            };
            object(&[
                ("type", event.kind.name().into()),
                ("keyId", event.key_id.as_str().into()),
                ("timestamp", from_time_ms(event.timestamp)),
                ("payload", payload),
            ])
            .into()
        }))
    }
}

fn records(records: &[ApiKeyRegistryRecord]) -> Array {
    list(records.iter().map(from_record))
}

fn from_record(record: &ApiKeyRegistryRecord) -> JsValue {
    let texts = |texts: &[String]| JsValue::from(list(texts.iter().map(|text| text.as_str().into())));
    let maybe = |number: Option<u32>| number.map_or(JsValue::UNDEFINED, JsValue::from);
    let rate_limit = record.rate_limit.map_or(JsValue::UNDEFINED, |limit| {
        object(&[("rpm", maybe(limit.rpm)), ("tpm", maybe(limit.tpm))]).into()
    });
    object(&[
        ("id", record.id.as_str().into()),
        ("provider", record.provider.as_str().into()),
        ("keyId", record.key_id.as_str().into()),
        ("description", record.description.as_str().into()),
        ("scope", record.scope.as_str().into()),
        ("allowedAgents", texts(&record.allowed_agents)),
        ("allowedPersonas", texts(&record.allowed_personas)),
        ("rateLimit", rate_limit),
        ("expiresAt", record.expires_at.map_or(JsValue::UNDEFINED, from_time_ms)),
        ("tags", texts(&record.tags)),
        ("createdAt", from_time_ms(record.created_at)),
    ])
    .into()
}

fn to_record(value: &JsValue) -> Result<ApiKeyRegistryRecord> {
    if value.is_undefined() {
        return Err(Thrown::argument("record", "must be an object"));
    }
    let text = |name: &str| {
        let field = convert::option(value, name)?.ok_or_else(|| Thrown::argument(name, "is missing"))?;
        convert::text(&field, name)
    };
    let texts = |name: &str| {
        let Some(field) = convert::option(value, name)? else { return Ok(Vec::new()) };
        convert::list(&field, name)?.iter().map(|item| convert::text(&item, name)).collect::<Result<Vec<_>>>()
    };
    let time = |name: &str| convert::option(value, name)?.map(|time| to_time_ms(&time, name)).transpose();
    let provider = ProviderName::parse_for_wallet(&text("provider")?)?;
    let scope = ApiKeyScope::parse(&text("scope")?)?;
    let created_at = time("createdAt")?.unwrap_or_else(now_ms);
    let mut record = ApiKeyRegistryRecord::new(&text("id")?, provider, &text("keyId")?, scope, created_at);
    if let Some(description) = convert::option(value, "description")? {
        record.description = convert::text(&description, "description")?;
    }
    record.allowed_agents = texts("allowedAgents")?;
    record.allowed_personas = texts("allowedPersonas")?;
    record.tags = texts("tags")?;
    record.expires_at = time("expiresAt")?;
    if let Some(limit) = convert::option(value, "rateLimit")? {
        let number =
            |name: &str| convert::option(&limit, name)?.map(|n| convert::integer(&n, name)).transpose();
        record.rate_limit = Some(RateLimit { rpm: number("rpm")?, tpm: number("tpm")? });
    }
    Ok(record)
}
