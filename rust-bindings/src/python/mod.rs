//! The extension module `memory_system._rust`.
//!
//! `crypto` mirrors the functions of rust-crypto and `security` what rust-security keeps; `RustMemoryStore` is one memory
//! whose work runs on the threads of a `Pool` and comes back through a `Port` to the event loop that asked. The typed
//! surface for people is the package around it, in `python/memory_system`.

mod bridge;
mod buffer;
mod consensus;
mod convert;
mod crdt;
mod crypto;
mod embedding;
mod entry;
mod error;
mod later;
mod memory;
mod security;
mod validation;

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use pyo3::prelude::*;

/// The native half of `memory_system`.
#[pymodule(name = "_rust", module = "memory_system")]
mod extension {
    #[pymodule_export]
    use super::bridge::{Pool, Port};
    #[pymodule_export]
    use super::consensus::{
        RustByzantineConsensus, SimCluster, encode_validators, value_digest, verify_commit_certificate,
        verify_evidence,
    };
    #[pymodule_export]
    use super::crdt::agent::AgentState;
    #[pymodule_export]
    use super::crdt::beliefs::BeliefState;
    #[pymodule_export]
    use super::crdt::clock::VectorClock;
    #[pymodule_export]
    use super::crdt::conflict::{ConflictResolver, default_rule, find_conflicts, resolve_candidates};
    #[pymodule_export]
    use super::crdt::counter::{GCounter, PNCounter};
    #[pymodule_export]
    use super::crdt::dag::{MerkleDag, inclusion_root, prove_inclusion, verify_inclusion};
    #[pymodule_export]
    use super::crdt::episodes::EpisodeMemory;
    #[pymodule_export]
    use super::crdt::map::LWWMap;
    #[pymodule_export]
    use super::crdt::merger::MemoryCRDTMerger;
    #[pymodule_export]
    use super::crdt::or_set::ORSet;
    #[pymodule_export]
    use super::crdt::register::{LWWNumericRegister, LWWRegister, MVRegister};
    #[pymodule_export]
    use super::crdt::self_test::self_test;
    #[pymodule_export]
    use super::crdt::set::{GSet, LWWElementSet, TwoPhaseSet};
    #[pymodule_export]
    use super::crdt::skills::SkillAccumulator;
    #[pymodule_export]
    use super::crdt::sync::{Replica, SyncSession};
    #[pymodule_export]
    use super::crdt::writers::{actor_key, resume_writer};
    #[pymodule_export]
    use super::entry::{Coverage, Entry, Forgotten, Learned, MergeReport, Recalled, Stats};
    #[pymodule_export]
    use super::memory::{RustMemoryStore, error_codes};
    #[pymodule_export]
    use super::validation::{
        aggregate_knowledge_confidence, calculate_threshold, consensus_decision, detect_byzantine_nodes,
        has_supermajority, median, mode, robust_mean, sign_validation_vote, trimmed_mean,
        trimmed_mean_or_mean, validate_memory, weighted_confidence,
    };

    /// Hashes, signatures, sealing, key derivation, random values and offline proofs.
    ///
    /// Binary arguments are any C-contiguous buffer, used where it is; functions named `..._into` write into a buffer of
    /// the caller. The interpreter lock is released for inputs over 2047 bytes and while keys are derived: do not write to
    /// a buffer that another thread has lent.
    #[pyo3::pymodule]
    mod crypto {
        #[pymodule_export]
        use crate::python::crypto::aead::{
            Sealer, aes_gcm_decrypt, aes_gcm_decrypt_aad, aes_gcm_decrypt_into, aes_gcm_encrypt,
            aes_gcm_encrypt_aad, aes_gcm_encrypt_into, aes_gcm_siv_decrypt, aes_gcm_siv_decrypt_into,
            aes_gcm_siv_encrypt, aes_gcm_siv_encrypt_into, xchacha20poly1305_decrypt,
            xchacha20poly1305_decrypt_into, xchacha20poly1305_encrypt, xchacha20poly1305_encrypt_into,
        };
        #[pymodule_export]
        use crate::python::crypto::ed25519::{
            Ed25519KeyPair, batch_verify, ed25519_verify, ed25519_verify_hex,
        };
        #[pymodule_export]
        use crate::python::crypto::envelope::{
            EnvelopeHeader, describe_envelope, open, open_with_password, seal, seal_with_password,
        };
        #[pymodule_export]
        use crate::python::crypto::fingerprint::{
            compute_agent_fingerprint, compute_agent_fingerprint_v2, compute_state_hash,
            compute_state_hash_canonical, verify_state_hash,
        };
        #[pymodule_export]
        use crate::python::crypto::hash::{
            HashAlgorithm, IncrementalHasher, batch_hash, blake3_derive_key, blake3_hash, blake3_hash_into,
            blake3_hex, blake3_keyed, blake3_xof, hash, hash_hex, hash_into, hmac_sha256, hmac_sha384,
            hmac_sha512, sha384, sha384_hex, sha384_into,
        };
        #[pymodule_export]
        use crate::python::crypto::hpke::{X25519KeyPair, hpke_seal, is_recipient, seal_to};
        #[pymodule_export]
        use crate::python::crypto::kdf::{
            argon2id_derive_key, decrypt_with_password, encrypt_with_password, hkdf_sha256,
            pbkdf2_sha256_derive_key, scrypt_derive_key,
        };
        #[pymodule_export]
        use crate::python::crypto::proof::{VerifiedRecord, verify_record_proof};
        #[pymodule_export]
        use crate::python::crypto::random::{
            constant_time_eq, generate_aes_key, generate_salt, generate_token, generate_token_base64,
            generate_token_base64url, random_bytes, random_bytes_into, random_hex,
        };
        #[pymodule_export]
        use crate::python::crypto::stream::{StreamOpener, StreamSealer};
    }

    /// Services and the local model; tokens, similarity, an index of vectors, vectors of identity, compression.
    ///
    /// A vector is an `Embedding`, a C-contiguous buffer of 32-bit or 64-bit floats, used where it is, or an iterable of floats. The interpreter lock
    /// is released as in `crypto`.
    #[pyo3::pymodule]
    mod embedding {
        #[pymodule_export]
        use crate::python::embedding::cache::VectorCache;
        #[pymodule_export]
        use crate::python::embedding::compress::{compress_payload_zstd, decompress_zstd};
        #[pymodule_export]
        use crate::python::embedding::deterministic::{
            deterministic_vector, deterministic_vector_into, hash_vector,
        };
        #[pymodule_export]
        use crate::python::embedding::embedded::{Embedding, EmbeddingSpace, Embeddings, Outcome};
        #[pymodule_export]
        use crate::python::embedding::index::VectorIndex;
        #[pymodule_export]
        use crate::python::embedding::model::LocalModel;
        #[pymodule_export]
        use crate::python::embedding::service::{
            EmbeddingService, classify_error_text, estimate_cost_by_words,
        };
        #[pymodule_export]
        use crate::python::embedding::similarity::{
            cosine_similarity, cosine_similarity_batch, cosine_similarity_or_zero, dot, euclidean_distance,
            normalize, read_vector_blob, space_mismatches, top_k, top_k_batch,
        };
        #[pymodule_export]
        use crate::python::embedding::tokens::{
            GrowingText, TokenLedger, approximate_tokens, chunk_text, compress_context, count_till_limit,
            count_tokens, count_tokens_batch, count_tokens_or_estimate, decode, decode_bytes, encode,
            encoding_for_model, estimate_json_tokens, split_at_tokens, truncate_to_tokens,
        };
    }

    /// Keys in memory that is wiped, what may be done with them there, and wallets that keep them; rules for API keys,
    /// passwords and certificate chains.
    ///
    /// The interpreter lock is released as in `crypto`. All classes may be used from several threads.
    #[pyo3::pymodule]
    mod security {
        #[pymodule_export]
        use crate::python::security::api_key::{
            ApiKey, KeyType, redact_for_logging, redact_text, validate_key_format,
        };
        #[pymodule_export]
        use crate::python::security::context::{ApiKeyDescription, SecurityContext};
        #[pymodule_export]
        use crate::python::security::events::{KeyRegistryEvent, WalletEvent};
        #[pymodule_export]
        use crate::python::security::legacy::{
            LegacyReport, import_legacy_wallet, import_legacy_wallet_async,
        };
        #[pymodule_export]
        use crate::python::security::password::{PasswordStrength, validate_password_strength};
        #[pymodule_export]
        use crate::python::security::registry::{ApiKeyRegistry, ApiKeyRegistryRecord};
        #[pymodule_export]
        use crate::python::security::secure_buffer::SecureBuffer;
        #[pymodule_export]
        use crate::python::security::tls::{ChainReport, validate_cert_chain, validate_cert_chain_with};
        #[pymodule_export]
        use crate::python::security::wallet::{ApiKeyEntry, ApiKeyWallet, WalletSettings};
    }
}

// Locks are held for one operation and never while waiting for the interpreter. What they guard is whole after a panic.

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
