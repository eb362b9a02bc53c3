//! Settings of a wallet. They are sealed in its file.

use std::collections::BTreeMap;

use chrysalis_crypto::canonical::{self, Value};

use crate::audit::KeyId;
use crate::error::SecurityError;
use crate::json::{Json, Members};
use crate::provider::ProviderName;

/// The longest time until a wallet locks itself: a year.
pub const MAX_AUTO_LOCK_MINUTES: u32 = 525_600;

/// What a wallet's owner chose.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WalletSettings {
    /// Minutes without a key operation after which the wallet locks itself; 0 is never.
    pub auto_lock_timeout: u32,
    /// Whether a program should ask for the password before every key it shows. Kept for those programs: the wallet
    /// does not see who asks.
    pub require_password_on_access: bool,
    /// The default key of each provider that has one.
    pub default_providers: BTreeMap<ProviderName, KeyId>,
}

impl Default for WalletSettings {
    fn default() -> Self {
        Self { auto_lock_timeout: 30, require_password_on_access: false, default_providers: BTreeMap::new() }
    }
}

/// A change of settings: what is `None` stays.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SettingsChange {
    /// See [`WalletSettings::auto_lock_timeout`].
    pub auto_lock_timeout: Option<u32>,
    /// See [`WalletSettings::require_password_on_access`].
    pub require_password_on_access: Option<bool>,
    /// Replaces all defaults. Every id must be an entry of its provider.
    pub default_providers: Option<BTreeMap<ProviderName, KeyId>>,
}

impl WalletSettings {
    /// The settings as JSON, with the field names of wallet files.
    #[must_use]
    pub fn to_json(&self) -> String {
        let provider = |(provider, id): (&ProviderName, &KeyId)| {
            (provider.as_str().to_owned().into(), Json::Text(id.to_string()))
        };
        let settings = Json::object([
            ("autoLockTimeout", Some(Json::Number(self.auto_lock_timeout.into()))),
            ("defaultProviders", Some(Json::Object(self.default_providers.iter().map(provider).collect()))),
            ("requirePasswordOnAccess", Some(Json::Bool(self.require_password_on_access))),
        ]);
        settings.to_compact()
    }

    pub(crate) fn from_json(json: &[u8]) -> Result<Self, SecurityError> {
        let settings = Self::read(json).ok_or(SecurityError::MalformedState("wallet settings"))?;
        settings.check().map(|()| settings)
    }

    fn read(json: &[u8]) -> Option<Self> {
        let mut file = Members::of(canonical::parse(str::from_utf8(json).ok()?).ok()?)?;
        let Some(Value::Object(defaults)) = file.take("defaultProviders") else { return None };
        let mut default_providers = BTreeMap::new();
        for (provider, id) in defaults {
            let Value::String(id) = id else { return None };
            default_providers.insert(ProviderName::read(&provider).ok()?, id.parse().ok()?);
        }
        let settings = Self {
            auto_lock_timeout: file.take_integer("autoLockTimeout").ok()?.try_into().ok()?,
            require_password_on_access: file.take_bool("requirePasswordOnAccess").ok()?,
            default_providers,
        };
        file.are_taken().then_some(settings)
    }

    pub(crate) fn check(&self) -> Result<(), SecurityError> {
        if self.auto_lock_timeout > MAX_AUTO_LOCK_MINUTES {
            return Err(SecurityError::argument("autoLockTimeout must be at most 525600 minutes"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_and_the_rest_is_refused() {
        let settings = WalletSettings {
            default_providers: [(ProviderName::parse("groq").unwrap(), KeyId::from([1; 16]))].into(),
            ..WalletSettings::default()
        };
        let json = settings.to_json();
        assert_eq!(
            json,
            r#"{"autoLockTimeout":30,"defaultProviders":{"groq":"01010101010101010101010101010101"},"requirePasswordOnAccess":false}"#
        );
        assert_eq!(WalletSettings::from_json(json.as_bytes()), Ok(settings));
        for other in ["", "{}", &json.replace(":30", ":525601"), &json.replace("groq", "g q"), &json[1..]] {
            assert!(WalletSettings::from_json(other.as_bytes()).is_err(), "{other}");
        }
    }
}
