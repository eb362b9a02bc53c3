#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod api_key;
pub mod audit;
pub mod context;
pub mod error;
pub mod event;
mod json;
#[cfg(any(unix, windows))]
pub mod key_file;
#[cfg(all(feature = "keychain", any(unix, windows)))]
pub mod keychain;
pub mod legacy;
pub mod password;
#[cfg(any(unix, windows))]
mod private_file;
#[cfg(any(unix, windows))]
mod private_path;
pub mod provider;
pub mod registry;
mod sealing;
mod sorted;
pub mod source;
#[cfg(any(unix, windows))]
pub mod vault;
pub mod wallet;

pub use context::SecurityContext;
pub use error::SecurityError;
pub use provider::ProviderName;
pub use registry::ApiKeyRegistry;
pub use sealing::{KEY_LENGTH, SALT_LENGTH, WrappingKey};
#[cfg(any(unix, windows))]
pub use vault::Vault;
pub use wallet::ApiKeyWallet;
