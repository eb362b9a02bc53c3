//! The error codes that TypeScript declares are the ones Rust gives.

use std::collections::BTreeSet;

use chrysalis_crdt::CrdtError;
use chrysalis_crypto::CryptoError;

/// Codes that only the JavaScript side gives, where the module cannot run.
const LOADER: [&str; 1] = ["WASM_UNAVAILABLE"];
/// What the glue of replicated types gives for an argument of a wrong type.
const ARGUMENT: [&str; 1] = ["INVALID_ARGUMENT"];

#[test]
fn typescript_declares_exactly_the_codes_of_rust_crypto() {
    let declared = codes(include_str!("../typescript/crypto/types.d.ts"), "CryptoErrorCode");
    assert_eq!(declared, CryptoError::CODES.iter().chain(&LOADER).copied().collect());
}

#[test]
fn typescript_declares_exactly_the_codes_of_rust_crdt() {
    let declared = codes(include_str!("../typescript/crdt/types.d.ts"), "CrdtErrorCode");
    assert_eq!(declared, CrdtError::CODES.iter().chain(&ARGUMENT).chain(&LOADER).copied().collect());
}

/// The members of a union of texts.
fn codes<'a>(declarations: &'a str, name: &str) -> BTreeSet<&'a str> {
    let start = declarations.find(&format!("export type {name} =")).unwrap();
    let union = &declarations[start..][..declarations[start..].find(';').unwrap()];
    union.split('\'').skip(1).step_by(2).collect()
}
