//! Writes `vectors/sim-traces.json`: `cargo run -p chrysalis-consensus --features sim --example make_sim_vectors`.
//!
//! To be run when the rules of the core, the scenarios or the trace are changed on purpose.

use std::fmt::Write as _;

use chrysalis_consensus::sim::{Schedule, SimCluster};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut text = String::from(
        "{\n  \"origin\": \"examples/make_sim_vectors.rs: Schedule::random(seed), run to its end\",\n  \"traces\": [\n",
    );
    let seeds: Vec<u64> = (1..=30).collect();
    for seed in &seeds {
        let report =
            SimCluster::replay(&Schedule::random(*seed))?.run().map_err(|violation| violation.to_string())?;
        let hash = chrysalis_crypto::hex::encode(&report.trace_hash);
        let comma = if Some(seed) == seeds.last() { "" } else { "," };
        writeln!(text, "    {{ \"seed\": {seed}, \"trace_hash\": \"{hash}\" }}{comma}")?;
    }
    text.push_str("  ]\n}\n");
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/sim-traces.json"), text)?;
    Ok(())
}
