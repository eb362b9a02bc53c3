//! Text to vectors, and what goes with it: tokens, compression, similarity.
#![forbid(unsafe_code)]

pub mod chunk;
pub mod compact;
pub mod compress;
pub mod deterministic;
pub mod similarity;
pub mod tokens;
