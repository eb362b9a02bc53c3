//! Settings of a wallet. They are sealed in its file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::audit::KeyId;
use crate::error::SecurityError;
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
        let file = SettingsFile {
            auto_lock_timeout: self.auto_lock_timeout,
            default_providers: self
                .default_providers
                .iter()
                .map(|(provider, id)| (provider.to_string(), id.to_string()))
                .collect(),
            require_password_on_access: self.require_password_on_access,
        };
        serde_json::to_string(&file).expect("strings and numbers are always JSON")
    }

    pub(crate) fn from_json(json: &[u8]) -> Result<Self, SecurityError> {
        let malformed = || SecurityError::MalformedState("wallet settings");
        let file: SettingsFile = serde_json::from_slice(json).map_err(|_| malformed())?;
        let mut default_providers = BTreeMap::new();
        for (provider, id) in file.default_providers {
            let provider = ProviderName::read(&provider).map_err(|_| malformed())?;
            default_providers.insert(provider, id.parse().map_err(|_| malformed())?);
        }
        let settings = Self {
            auto_lock_timeout: file.auto_lock_timeout,
            require_password_on_access: file.require_password_on_access,
            default_providers,
        };
        settings.check().map(|()| settings)
    }

    pub(crate) fn check(&self) -> Result<(), SecurityError> {
        if self.auto_lock_timeout > MAX_AUTO_LOCK_MINUTES {
            return Err(SecurityError::argument("autoLockTimeout must be at most 525600 minutes"));
        }
        Ok(())
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SettingsFile {
    auto_lock_timeout: u32,
    default_providers: BTreeMap<String, String>,
    require_password_on_access: bool,
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
