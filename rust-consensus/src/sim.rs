//! s
pub(crate) mod network;
pub(crate) mod random;
pub mod scenario;
pub mod schedule;
pub mod shrink;
pub(crate) mod timeline;
pub mod trace;
