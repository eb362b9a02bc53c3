//! Wiping the stack that a call used.
//!
//! The libraries below wipe what they hold for long; what passes through their local variables and spilled
//! registers stays on the stack until something else is written there. Code without `unsafe` cannot reach those
//! frames, but a call made from the same place reuses their memory.

use std::hint::black_box;

use zeroize::Zeroize as _;

/// Words wiped after ciphers and HKDF, whose contexts are of a few hundred bytes. About 0.2 µs.
pub(crate) const SHALLOW: usize = 4096 / 8;
/// Words wiped after BLAKE3, which keeps a stack of chaining values, and after functions that are slow anyway.
pub(crate) const DEEP: usize = 16_384 / 8;

/// Calls `secret_work`, then overwrites `WORDS` of the stack it ran on.
///
/// In WebAssembly this does nothing: there the bindings scrub once per foreign call.
pub(crate) fn scrubbed<const WORDS: usize, R>(secret_work: impl FnOnce() -> R) -> R {
    if cfg!(target_arch = "wasm32") {
        return secret_work();
    }
    let result = apart(secret_work);
    scrub::<WORDS>();
    result
}

/// A frame of its own, so that everything `work` puts on the stack lies where [`scrub`] writes.
#[inline(never)]
fn apart<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[inline(never)]
fn scrub<const WORDS: usize>() {
    let mut area = [0_u64; WORDS];
    area.zeroize();
    black_box(&mut area);
}
