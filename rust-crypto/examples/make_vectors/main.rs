//! Rewrites `vectors/crypto.json`: `cargo run -p chrysalis-crypto --example make_vectors`.
//!
//! Everything in the file is deterministic. `tests/vectors.rs` holds the file equal to what this program makes,
//! so that a case is changed here and nowhere else.

mod document;
mod edges;
mod hashes;
mod proofs;
mod sealing;
mod signatures;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/crypto.json");
    let mut text = serde_json::to_string_pretty(&document::document()?)?;
    text.push('\n');
    std::fs::write(path, text)?;
    Ok(())
}
