//! `memory_system._rust.embedding`: tokens, similarity, vectors of identity, compression.

pub(super) mod compress;
pub(super) mod deterministic;
pub(super) mod index;
pub(super) mod similarity;
pub(super) mod tokens;
mod vector;
