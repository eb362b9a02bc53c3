//! The durable, signed log under everything Chrysalis persists.
#![forbid(unsafe_code)]
