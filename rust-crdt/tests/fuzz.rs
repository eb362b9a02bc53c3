//! The fuzz targets without libFuzzer: every seed, and changed copies of them.

use chrysalis_fuzz_replay::replay;

#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "public in its own crate")]
mod targets;

const COUNT: u64 = 5000;

#[test]
fn state_target() {
    replay("state", targets::state, COUNT);
}

#[test]
fn value_target() {
    replay("value", targets::value, COUNT);
}

#[test]
fn json_target() {
    replay("json", targets::json, COUNT);
}

#[test]
fn packed_target() {
    replay("packed", targets::packed, COUNT);
}

#[test]
fn sync_target() {
    replay("sync", targets::sync, COUNT);
}
