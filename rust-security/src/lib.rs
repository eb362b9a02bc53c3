#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod api_key;
pub mod audit;
pub mod context;
pub mod error;
pub mod event;
pub mod password;
pub mod provider;
pub mod registry;
mod sealing;
pub mod source;
pub mod wallet;

pub use context::SecurityContext;
pub use error::SecurityError;
pub use provider::ProviderName;
pub use registry::ApiKeyRegistry;
pub use sealing::{KEY_LENGTH, SALT_LENGTH, WrappingKey};
pub use wallet::ApiKeyWallet;
