//! What the tests share.
#![allow(dead_code, reason = "each test uses its part")]

use std::sync::Arc;
use std::time::Duration;

use chrysalis_crypto::api_keys::ApiKey;
use chrysalis_embedding::port::Runtime;
use chrysalis_embedding::provider::openai::{OpenAi, OpenAiSettings};
use chrysalis_embedding::provider::{Client, ClientSettings, EmbeddingProvider, HttpProvider};
use chrysalis_embedding::testing::{DrivenRuntime, ScriptedServer};

pub(crate) const KEY: &str = "sk-never-to-be-seen-0123456789";
pub(crate) const DIMENSIONS: usize = 8;

pub(crate) fn key() -> Option<Arc<ApiKey>> {
    Some(Arc::new(ApiKey::new(KEY.to_owned()).unwrap()))
}

pub(crate) fn client() -> Arc<Client> {
    Arc::new(Client::new(&ClientSettings { uses_proxies: false, ..ClientSettings::default() }).unwrap())
}

pub(crate) fn openai_settings(server: &ScriptedServer) -> OpenAiSettings {
    OpenAiSettings {
        base: server.base(),
        key: key(),
        model: "test-model".to_owned(),
        dimensions: Some(DIMENSIONS),
        ..OpenAiSettings::default()
    }
}

pub(crate) fn openai(server: &ScriptedServer, runtime: Arc<dyn Runtime>) -> Arc<dyn EmbeddingProvider> {
    let protocol = OpenAi::new(openai_settings(server)).unwrap();
    Arc::new(HttpProvider::new(protocol, client(), runtime).unwrap())
}

/// A clock that stands at 1994-11-06T08:49:32Z, five seconds before the date in the examples of RFC 9110; chance takes
/// nothing off.
pub(crate) fn driven() -> Arc<DrivenRuntime> {
    DrivenRuntime::new(tokio::runtime::Handle::current(), Duration::from_secs(784_111_772), 0)
}
