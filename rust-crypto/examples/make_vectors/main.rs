//! Rewrites `vectors/`: `cargo run -p chrysalis-crypto --example make_vectors`.
//!
//! Everything in the files is deterministic. `tests/vectors.rs` and its neighbours hold the files equal to what this
//! program makes, so that a case is changed here and nowhere else. `vectors/blake3.json` is not made: it is the file
//! published with BLAKE3.

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
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors");
    for (name, document) in [
        ("crypto.json", document::document()?),
        ("primitives.json", primitives::document()?),
        ("envelope.json", envelopes::document()?),
    ] {
        let mut text = serde_json::to_string_pretty(&document)?;
        text.push('\n');
        std::fs::write(format!("{vectors}/{name}"), text)?;
    }
    std::fs::write(format!("{vectors}/wycheproof.json"), wycheproof::text()?)?;
    Ok(())
}
