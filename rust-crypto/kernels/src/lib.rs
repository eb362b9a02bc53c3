#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod aes;
mod chacha;
pub mod gcm;
mod ghash;
pub mod keccak;
mod lanes;
pub mod siv;
pub mod xchacha;

#[cfg(test)]
mod tests {
    /// Bytes that look random and are the same in every run: BLAKE3 of `seed`.
    pub(crate) fn bytes<const N: usize>(seed: usize) -> [u8; N] {
        let mut bytes = [0; N];
        blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
        bytes
    }
}
