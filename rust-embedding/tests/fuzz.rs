//! The fuzz targets without libFuzzer: every seed, and changed copies of them.
#![allow(clippy::unwrap_used, reason = "tests")]

#[expect(unreachable_pub, clippy::expect_used, reason = "the fuzz targets' library, built as a module here")]
#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::path::Path;

use chrysalis_fuzz_replay::replay;

#[test]
fn answers() {
    replay("answers", targets::answers, 10_000);
}

#[test]
fn headers() {
    replay("headers", targets::headers, 20_000);
}

#[test]
fn records() {
    replay("records", targets::records, 20_000);
}

#[test]
fn config() {
    replay("config", targets::config, 10_000);
}

#[test]
fn tokens() {
    replay("tokens", targets::tokens, 300);
}

#[test]
fn frames() {
    replay("frames", targets::frames, 3_000);
}

#[test]
fn messages() {
    replay("messages", targets::messages, 1_000);
}

#[test]
fn model() {
    replay("model", targets::model, 400);
}

/// The inputs kept for the targets are good ones.
#[test]
fn kept_inputs_are_whole() {
    let read = |name: &str| {
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name)).unwrap()
    };
    assert!(chrysalis_embedding::Space::from_bytes(&read("records/space")).is_ok());
    assert!(chrysalis_embedding::cache::record::VectorRecord::from_bytes(&read("records/vector")).is_ok());
    let config = String::from_utf8(read("config/two")).unwrap();
    assert!(chrysalis_embedding::ServiceConfig::from_json(&config).is_ok());
    let list = read("answers/openai");
    assert!(chrysalis_embedding::provider::wire::read_list(&list[2..], 2).is_ok());
}
