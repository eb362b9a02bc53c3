//! The error codes that TypeScript declares are the ones Rust gives.

use std::collections::BTreeSet;

use chrysalis_consensus::ConsensusError;
use chrysalis_consensus::sim::Violation;
use chrysalis_crypto::CryptoError;

/// Codes that only the JavaScript side gives, where the module cannot run.
const LOADER: [&str; 1] = ["WASM_UNAVAILABLE"];

/// The codes of a union of texts.
fn declared<'a>(declarations: &'a str, name: &str) -> BTreeSet<&'a str> {
    let start = declarations.find(&format!("export type {name} =")).expect("the union is declared");
    let end = declarations[start..].find(';').expect("a declaration ends");
    declarations[start..][..end].split('\'').skip(1).step_by(2).collect()
}

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
