//! What a wallet tells those who listen.

use crate::audit::KeyId;
use crate::provider::ProviderName;
use crate::wallet::WalletSettings;

/// Something that happened to a wallet. It holds no key.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum WalletEvent {
    /// Initialised or unlocked.
    Unlocked,
    /// Locked, by a call or for idleness.
    Locked,
    /// A key was added.
    KeyAdded {
        /// Its entry.
        id: KeyId,
        /// Whose it is.
        provider: ProviderName,
        /// For people.
        name: String,
    },
    /// A key was removed.
    KeyRemoved {
        /// Its entry.
        id: KeyId,
        /// Whose it was.
        provider: ProviderName,
    },
    /// A key was opened that was not in memory.
    KeyAccessed {
        /// Its entry.
        id: KeyId,
        /// Whose it is.
        provider: ProviderName,
    },
    /// A key was replaced.
    KeyRotated {
        /// Its entry, the same as before.
        id: KeyId,
        /// Whose it is.
        provider: ProviderName,
    },
    /// Settings were changed.
    SettingsChanged {
        /// All of them, as they are now.
        settings: WalletSettings,
    },
}

impl WalletEvent {
    /// Every name by which callers subscribe.
    pub const NAMES: &[&str] = &[
        "unlocked",
        "locked",
        "key:added",
        "key:removed",
        "key:accessed",
        "key:rotated",
        "settings:changed",
    ];

    /// The name by which callers subscribe.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unlocked => "unlocked",
            Self::Locked => "locked",
            Self::KeyAdded { .. } => "key:added",
            Self::KeyRemoved { .. } => "key:removed",
            Self::KeyAccessed { .. } => "key:accessed",
            Self::KeyRotated { .. } => "key:rotated",
            Self::SettingsChanged { .. } => "settings:changed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lists_the_name_of_every_event() {
        let (id, provider) = (KeyId::make().unwrap(), ProviderName::parse("groq").unwrap());
        let all = [
            WalletEvent::Unlocked,
            WalletEvent::Locked,
            WalletEvent::KeyAdded { id, provider: provider.clone(), name: String::new() },
            WalletEvent::KeyRemoved { id, provider: provider.clone() },
            WalletEvent::KeyAccessed { id, provider: provider.clone() },
            WalletEvent::KeyRotated { id, provider: provider.clone() },
            WalletEvent::SettingsChanged { settings: WalletSettings::default() },
        ];
        let names: Vec<_> = all.iter().map(WalletEvent::name).collect();
        assert_eq!(names, WalletEvent::NAMES);
    }
}
