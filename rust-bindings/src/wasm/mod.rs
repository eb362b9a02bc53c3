//! What JavaScript sees. Each feature adds one domain.

#[expect(unsafe_code, reason = "a global allocator is an unsafe trait; its two writes are explained there")]
mod memory;

#[cfg(feature = "crdt")]
pub mod crdt;
#[cfg(feature = "crypto")]
pub mod crypto;
