//! Rewrites `vectors/`: `cargo run -p chrysalis-crypto --example make_vectors`.
//!
//! Everything in the files is deterministic. `tests/vectors.rs` and its neighbours hold the files equal to what this
//! program makes, so that a case is changed here and nowhere else. `vectors/blake3.json` is not made: it is the file
//! published with BLAKE3.

use serde_json::Value;

mod api_keys;
mod document;
mod edges;
mod envelopes;
mod hashes;
mod primitives;
mod proofs;
mod sealing;
mod signatures;
mod wycheproof;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    write("crypto", &document::document()?)?;
    write("primitives", &primitives::document()?)?;
    write("envelope", &envelopes::document()?)?;
    write("api_keys", &api_keys::document())?;
    std::fs::write(path("wycheproof"), wycheproof::text()?)?;
    Ok(())
}

fn write(name: &str, document: &Value) -> Result<(), Box<dyn std::error::Error>> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    std::fs::write(path(name), text)?;
    Ok(())
}

fn path(name: &str) -> String {
    format!("{}/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"))
}
