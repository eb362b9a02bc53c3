//! Rewrites `vectors/*.json`: `cargo run -p chrysalis-crypto --example make_vectors`.
//!
//! Everything in the files is deterministic. The tests hold the files equal to what this program makes, so that a
//! case is changed here and nowhere else.

use serde_json::Value;

mod api_keys;
mod document;
mod edges;
mod hashes;
mod proofs;
mod sealing;
mod signatures;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    write("crypto", &document::document()?)?;
    write("api_keys", &api_keys::document())
}

fn write(name: &str, document: &Value) -> Result<(), Box<dyn std::error::Error>> {
    let path = format!("{}/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    std::fs::write(path, text)?;
    Ok(())
}
