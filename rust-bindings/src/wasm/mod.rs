//! What JavaScript sees. Each feature adds one domain.

#[cfg(any(
    feature = "consensus",
    feature = "crdt",
    feature = "crypto",
    feature = "embedding",
    feature = "recipients",
    feature = "security"
))]
#[expect(unsafe_code, reason = "a global allocator is an unsafe trait; its two writes are explained there")]
mod memory;

#[cfg(feature = "consensus")]
pub mod consensus;
#[cfg(feature = "crdt")]
pub mod crdt;
#[cfg(feature = "crypto")]
pub mod crypto;
#[cfg(feature = "embedding")]
pub mod embedding;
#[cfg(any(feature = "consensus", feature = "simulation"))]
mod plain;
#[cfg(feature = "recipients")]
pub mod recipients;
#[cfg(feature = "security")]
pub mod security;
#[cfg(feature = "simulation")]
pub mod simulation;
#[cfg(feature = "tls")]
pub mod tls;
#[cfg(feature = "tokens")]
pub mod tokens;
#[cfg(feature = "consensus")]
pub mod validation;

/// How every package is loaded.
#[wasm_bindgen::prelude::wasm_bindgen(typescript_custom_section)]
const INIT: &str = include_str!("../../typescript/shared/init.d.ts");
