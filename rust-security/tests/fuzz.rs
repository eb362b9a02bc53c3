//! The fuzz targets without libFuzzer: every seed, and changed copies of them.

use chrysalis_fuzz_replay::replay;

#[path = "../fuzz/src/lib.rs"]
pub mod fuzz;

#[test]
fn wallet() {
    replay("wallet", fuzz::wallet, 3000);
}

/// Few: most derive keys that are slow on purpose.
#[test]
fn legacy() {
    replay("legacy", fuzz::legacy, 40);
}

/// Few, as above.
#[test]
fn state() {
    replay("state", fuzz::state, 100);
}

#[test]
fn audit_event() {
    replay("audit_event", fuzz::audit_event, 4000);
}
