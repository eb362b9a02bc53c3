//! Kernels for WebAssembly, where the crates have none or slow ones: the same bytes, faster.
//!
//! Natively the crates and `ring` do the work, and these modules are compiled for tests alone, which hold every one of them
//! equal to its crate. All are constant time: no branch and no address depends on a secret. They wipe nothing
//! themselves: in WebAssembly the bindings wipe every freed allocation and the stack of every call that handled a secret.

pub(crate) mod aes;
pub(crate) mod chacha;
pub(crate) mod gcm;
pub(crate) mod ghash;
pub(crate) mod keccak;
pub(crate) mod lanes;
pub(crate) mod xchacha;

#[cfg(test)]
mod tests {
    /// Bytes that look random and are the same in every run: BLAKE3 of `seed`.
    pub(super) fn bytes<const N: usize>(seed: usize) -> [u8; N] {
        let mut bytes = [0; N];
        blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
        bytes
    }
}
