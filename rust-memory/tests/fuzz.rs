//! The fuzz target without libFuzzer: every seed, past failures among them, and changed copies of them.

use chrysalis_fuzz_replay::replay;

#[expect(unreachable_pub, reason = "public in the crate of the fuzz targets")]
#[path = "../fuzz/src/recall.rs"]
mod recall;

#[test]
fn recall_takes_its_seeds_and_what_is_near_them() {
    replay("recall", recall::run, 1500);
}
