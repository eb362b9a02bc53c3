//! Durable, signed, mergeable memory for agents.
#![forbid(unsafe_code)]

pub mod lexical;
pub mod passage;
pub mod ranking;
