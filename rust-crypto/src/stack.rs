//! Wiping the stack that a call used.
//!
//! The libraries below wipe what they hold for long; what passes through their local variables and spilled
//! registers stays on the stack until something else is written there. Code without `unsafe` cannot reach those
//! frames, but a call made from the same place reuses their memory.

/// Bytes wiped after ciphers and HKDF, whose contexts are of up to 3 KiB. About 20 ns.
pub(crate) const SHALLOW: usize = 4096;
/// Bytes wiped after BLAKE3, which keeps a stack of chaining values, and after functions that are slow anyway.
pub(crate) const DEEP: usize = 16_384;

/// Calls `secret_work`, then overwrites `BYTES` of the stack it ran on.
///
/// In WebAssembly this does nothing: there the bindings scrub once per foreign call.
pub(crate) fn scrubbed<const BYTES: usize, R>(secret_work: impl FnOnce() -> R) -> R {
    if cfg!(target_arch = "wasm32") {
        return secret_work();
    }
    let result = apart(secret_work);
    zeroize::zeroize_stack::<BYTES>();
    result
}

/// A frame of its own, so that everything `work` puts on the stack lies where the wiping writes.
#[inline(never)]
fn apart<R>(work: impl FnOnce() -> R) -> R {
    work()
}
