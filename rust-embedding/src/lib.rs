#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(
    target_arch = "wasm32",
    allow(
        clippy::arc_with_non_send_sync,
        reason = "one kind of pointer on every target; a browser has one thread"
    )
)]

pub mod cache;
pub mod chunk;
pub mod compact;
pub mod compress;
pub mod config;
pub mod deterministic;
pub mod embedding;
pub mod error;
pub mod model;
pub mod port;
pub mod provider;
pub mod service;
pub mod similarity;
pub mod space;
pub mod telemetry;
#[cfg(all(feature = "testing", not(target_arch = "wasm32")))]
pub mod testing;
pub mod tokens;

pub use config::{ProviderConfig, ProviderKind, ServiceConfig};
pub use embedding::{Embedding, TypedEmbedding};
pub use error::{EmbeddingError, ErrorClass, Identifier, Problem, ProviderError};
pub use model::LocalModel;
pub use provider::{EmbeddingProvider, Form};
pub use service::{
    CallOptions, EmbeddingService, FallbackPolicy, LaneSettings, Outcome, ServiceBuilder, ServiceSettings,
};
pub use space::{Normalisation, Space, SpaceFields, SpaceId};
