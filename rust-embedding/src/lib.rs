#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod chunk;
pub mod compact;
pub mod compress;
pub mod deterministic;
pub mod similarity;
pub mod tokens;
