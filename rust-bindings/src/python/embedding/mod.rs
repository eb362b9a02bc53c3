//! `memory_system._rust.embedding`: services, the local model and their vectors; tokens, similarity, vectors of identity, compression.

pub(super) mod cache;
pub(super) mod compress;
pub(super) mod deterministic;
pub(super) mod embedded;
pub(super) mod index;
pub(super) mod model;
pub(super) mod service;
pub(super) mod similarity;
pub(super) mod snapshot;
mod text;
pub(super) mod tokens;
mod vector;
