//! The extension module `memory_system._rust`.
//!
//! `crypto` mirrors the functions of rust-crypto; `RustMemoryStore` is one memory whose work runs on the threads of a
//! `Pool` and comes back through a `Port` to the event loop that asked. The typed surface for people is the package
//! around it, in `python/memory_system`.

mod bridge;
mod convert;
mod crypto;
mod entry;
mod error;
mod memory;

use pyo3::prelude::*;

/// The native half of `memory_system`.
#[pymodule(name = "_rust", module = "memory_system")]
mod extension {
    #[pymodule_export]
    use super::bridge::{Pool, Port};
    #[pymodule_export]
    use super::entry::{Entry, Forgotten, Learned, MergeReport, Recalled, Stats};
    #[pymodule_export]
    use super::memory::{RustMemoryStore, error_codes};

    /// Hashes, signatures, sealing, random values and offline proofs.
    ///
    /// Binary arguments are any C-contiguous buffer. `bytes` are used where they are; other buffers are copied once,
    /// because the stable interface of Python 3.10 gives no safe way to lend them. The interpreter lock is released
    /// for inputs over 2047 bytes.
    #[pyo3::pymodule]
    mod crypto {
        #[pymodule_export]
        use crate::python::crypto::{
            Ed25519KeyPair, HashAlgorithm, IncrementalHasher, SecureBuffer, VerifiedRecord, blake3_hash,
            blake3_hex, compute_agent_fingerprint, compute_state_hash, constant_time_eq, ed25519_verify,
            ed25519_verify_hex, generate_token, generate_token_base64, generate_token_base64url, hash,
            hash_hex, random_bytes, random_hex, sha384, sha384_hex, verify_record_proof,
            xchacha20poly1305_decrypt, xchacha20poly1305_encrypt,
        };
    }
}
