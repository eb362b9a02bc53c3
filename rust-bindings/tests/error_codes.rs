//! The error codes that TypeScript declares are the ones Rust gives.

use std::collections::BTreeSet;

use chrysalis_crypto::CryptoError;

/// Codes that only the JavaScript side gives, where the module cannot run.
const LOADER: [&str; 1] = ["WASM_UNAVAILABLE"];

#[test]
fn typescript_declares_exactly_the_codes_of_rust_crypto() {
    let declarations = include_str!("../typescript/crypto/types.d.ts");
    let start = declarations.find("export type CryptoErrorCode =").unwrap();
    let union = &declarations[start..][..declarations[start..].find(';').unwrap()];
    let declared: BTreeSet<&str> = union.split('\'').skip(1).step_by(2).collect();
    let given: BTreeSet<&str> = CryptoError::CODES.iter().chain(&LOADER).copied().collect();
    assert_eq!(declared, given);
}
