//! Writes `vectors/sim-traces.json`: `cargo run -p chrysalis-consensus --features sim --example make_sim_vectors`.
//!
//! To be run when the rules of the core, the scenarios or the trace are changed on purpose.

use std::fmt::Write as _;

use chrysalis_consensus::sim::{Fault, Schedule, SimCluster};
use chrysalis_crypto::hex;

/// Clusters as users of every language make them: a name, members, a seed and a JSON list of faults.
const CLUSTERS: &[(&str, usize, u64, &str)] = &[
    ("alone", 1, 1, "[]"),
    ("four without a fault", 4, 7, "[]"),
    ("the greatest seed", 4, u64::MAX, "[]"),
    ("an equivocator", 4, 7, r#"[{"fault":"byzantine","member":3,"behaviour":"equivocate"}]"#),
    (
        "two liars, loss and a partition",
        7,
        11,
        r#"[{"fault":"byzantine","member":5,"behaviour":"lying_leader"},{"fault":"byzantine","member":6,"behaviour":"twins"},{"fault":"link","from_us":0,"until_us":2000000,"sender":null,"receiver":null,"loss":200,"doubled":100,"slower_us":40000},{"fault":"partition","from_us":100000,"until_us":1500000,"sides":[0,0,0,1,1,1,1]}]"#,
    ),
    (
        "crashes and a power cut",
        4,
        3,
        r#"[{"fault":"crash","member":0,"write":2,"survives":"torn","effects":0,"down_us":300000},{"fault":"power_cut","at_us":200000,"members":[],"down_us":250000},{"fault":"skew","member":2,"per_mille":1500}]"#,
    ),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut text = String::from(
        "{\n  \"origin\": \"examples/make_sim_vectors.rs: traces are of Schedule::random(seed), clusters of SimCluster::new, run to their end\",\n  \"traces\": [\n",
    );
    let seeds: Vec<u64> = (1..=30).collect();
    for seed in &seeds {
        let hash = trace_hash(SimCluster::replay(&Schedule::random(*seed))?)?;
        let comma = if Some(seed) == seeds.last() { "" } else { "," };
        writeln!(text, "    {{ \"seed\": {seed}, \"trace_hash\": \"{hash}\" }}{comma}")?;
    }
    text.push_str("  ],\n  \"clusters\": [\n");
    for (i, (name, members, seed, faults)) in CLUSTERS.iter().enumerate() {
        let hash = trace_hash(SimCluster::new(*members, *seed, Fault::list_from_json(faults)?)?)?;
        let comma = if i + 1 == CLUSTERS.len() { "" } else { "," };
        // Seeds are texts, because not every language reads numbers over 2^53 from JSON.
        writeln!(
            text,
            "    {{ \"name\": \"{name}\", \"members\": {members}, \"seed\": \"{seed}\", \"faults\": {faults}, \"trace_hash\": \"{hash}\" }}{comma}"
        )?;
    }
    text.push_str("  ]\n}\n");
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/sim-traces.json"), text)?;
    Ok(())
}

fn trace_hash(mut cluster: SimCluster) -> Result<String, String> {
    let report = cluster.run().map_err(|violation| violation.to_string())?;
    Ok(hex::encode(&report.trace_hash))
}
