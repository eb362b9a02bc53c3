//! `memory_system._rust.crypto`: the functions of rust-crypto under their contract's names.

pub(super) mod aead;
pub(super) mod ed25519;
pub(super) mod envelope;
pub(super) mod fingerprint;
pub(super) mod hash;
pub(super) mod hpke;
pub(super) mod kdf;
pub(super) mod key;
pub(super) mod proof;
pub(super) mod random;
pub(super) mod stream;
