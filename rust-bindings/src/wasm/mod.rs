//! What JavaScript sees. Each feature adds one domain.

mod memory;

#[cfg(feature = "crypto")]
pub mod crypto;
