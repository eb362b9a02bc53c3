//! The fuzz targets without libFuzzer: every seed, and changed copies of them.

use chrysalis_fuzz_replay::replay;

#[path = "../fuzz/src/lib.rs"]
pub mod fuzz;

const COUNT: u64 = 4000;

#[test]
fn proof() {
    replay("proof", fuzz::proof, COUNT);
}

#[test]
fn commit_header() {
    replay("commit_header", fuzz::commit_header, COUNT);
}

#[test]
fn record_header() {
    replay("record_header", fuzz::record_header, COUNT);
}

#[test]
fn hex() {
    replay("hex", fuzz::hex, COUNT);
}

#[test]
fn ed25519_verify() {
    replay("ed25519_verify", fuzz::ed25519_verify, COUNT);
}

#[test]
fn redact_text() {
    replay("redact_text", fuzz::redact_text, COUNT);
}

#[test]
fn validate_key_format() {
    replay("validate_key_format", fuzz::validate_key_format, COUNT);
}

#[test]
fn base64() {
    replay("base64", fuzz::base64, COUNT);
}

#[test]
fn pkcs8() {
    replay("pkcs8", fuzz::pkcs8, COUNT);
}

#[test]
fn canonical_json() {
    replay("canonical_json", fuzz::canonical_json, COUNT);
}

#[test]
fn sealed() {
    replay("sealed", fuzz::sealed, COUNT);
}

/// Few: each derives a key that is slow on purpose.
#[test]
fn password() {
    replay("password", fuzz::password, 12);
}

#[test]
fn envelope() {
    replay("envelope", fuzz::envelope, 1500);
}

#[test]
fn stream() {
    replay("stream", fuzz::stream, 1500);
}

/// Fewer: each costs multiplications on the curve.
#[test]
fn recipients() {
    replay("recipients", fuzz::recipients, 500);
}

#[test]
fn legacy_record() {
    replay("legacy_record", fuzz::legacy_record, COUNT);
}

#[test]
fn ed25519_batch() {
    replay("ed25519_batch", fuzz::ed25519_batch, 300);
}

#[test]
fn cert_chain() {
    replay("cert_chain", fuzz::cert_chain, COUNT);
}
