#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod actor;
pub mod cbor;
pub mod chunk;
pub mod element;
pub mod error;
pub mod packed;
pub mod runs;
mod sip;
pub mod sorted;
pub mod store;
pub mod value;
pub mod wire;
