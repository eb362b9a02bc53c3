//! The error codes that TypeScript declares are the ones Rust gives.
#![expect(clippy::unwrap_used, reason = "a failure is what a test is for")]

use std::collections::BTreeSet;

use chrysalis_consensus::ConsensusError;
use chrysalis_consensus::sim::Violation;
use chrysalis_crdt::CrdtError;
use chrysalis_crypto::CryptoError;
use chrysalis_embedding::EmbeddingError;
use chrysalis_embedding::compress::CompressError;
use chrysalis_embedding::model::ModelError;
use chrysalis_embedding::similarity::SimilarityError;
use chrysalis_embedding::tokens::TokenError;

/// Codes that only the JavaScript side gives, where the module cannot run.
const LOADER: [&str; 1] = ["WASM_UNAVAILABLE"];

/// Codes that the glue gives for arguments, beside the loader's.
const ARGUMENTS: [&str; 1] = ["INVALID_ARGUMENT"];

#[test]
fn typescript_declares_exactly_the_codes_of_rust_consensus() {
    let common = || ConsensusError::CODES.iter().chain(&["INVALID_ARGUMENT"]).chain(&LOADER).copied();
    let found = declared(include_str!("../typescript/consensus/types.d.ts"), "ConsensusErrorCode");
    assert_eq!(found, common().collect());
    let found = declared(include_str!("../typescript/simulation/types.d.ts"), "ConsensusErrorCode");
    assert_eq!(found, common().chain([Violation::CODE]).collect());
}

#[test]
fn typescript_declares_exactly_the_codes_of_rust_crypto() {
    let declared = declared(include_str!("../typescript/crypto/types.d.ts"), "CryptoErrorCode");
    let given: BTreeSet<&str> = CryptoError::CODES.iter().chain(&LOADER).copied().collect();
    assert_eq!(declared, given);
}

#[test]
fn typescript_declares_exactly_the_codes_of_rust_crdt() {
    let declared = declared(include_str!("../typescript/crdt/types.d.ts"), "CrdtErrorCode");
    let given: BTreeSet<&str> = CrdtError::CODES.iter().chain(&ARGUMENTS).chain(&LOADER).copied().collect();
    assert_eq!(declared, given);
}

#[test]
fn typescript_declares_exactly_the_codes_of_rust_embedding() {
    let of_package = declared(include_str!("../typescript/embedding/types.d.ts"), "EmbeddingErrorCode");
    // What takes a disk, a process that forks, threads or a choice of instructions is not in WebAssembly.
    let native = [
        "embedding/cache",
        "embedding/cancelled",
        "embedding/forked",
        "embedding/model",
        "embedding/no-thread",
        "UNKNOWN_INSTRUCTIONS",
    ];
    let service = EmbeddingError::CODES.iter().chain(ModelError::CODES).filter(|code| !native.contains(code));
    let codes = SimilarityError::CODES.iter().chain(CompressError::CODES).chain(service);
    let given = codes.chain(&LOADER).chain(&ARGUMENTS).chain(&["WORKER_UNAVAILABLE"]);
    assert_eq!(of_package, given.copied().collect());
    let of_tokens = declared(include_str!("../typescript/tokens/types.d.ts"), "TokenErrorCode");
    let given: BTreeSet<&str> = TokenError::CODES.iter().chain(&LOADER).chain(&ARGUMENTS).copied().collect();
    assert_eq!(of_tokens, given);
}

/// The members of a union of string literals.
fn declared<'a>(declarations: &'a str, union: &str) -> BTreeSet<&'a str> {
    let start = declarations.find(&format!("export type {union} =")).unwrap();
    let union = &declarations[start..][..declarations[start..].find(';').unwrap()];
    union.split('\'').skip(1).step_by(2).collect()
}
