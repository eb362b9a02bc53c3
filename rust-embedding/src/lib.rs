#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod embedding;
pub mod error;
pub mod port;
pub mod provider;
pub mod space;

pub use embedding::{Embedding, TypedEmbedding};
pub use error::{EmbeddingError, ErrorClass, Identifier, Problem, ProviderError};
pub use provider::{EmbeddingProvider, Form};
pub use space::{Normalisation, Space, SpaceFields, SpaceId};
