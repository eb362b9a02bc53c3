//! Durable, signed, mergeable memory for agents.
#![forbid(unsafe_code)]
