//! Draws a simulated run: `cargo run -p chrysalis-consensus --example timeline -- [seed or schedule file] [output.svg]`.

#![expect(clippy::print_stdout, reason = "a program for people")]

use chrysalis_consensus::sim::{Schedule, SimCluster};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let which = arguments.next().unwrap_or_else(|| "7".to_owned());
    let path = arguments.next().unwrap_or_else(|| "timeline.svg".to_owned());
    let schedule = match which.parse() {
        Ok(seed) => Schedule::random(seed),
        Err(_) => Schedule::from_json(&std::fs::read_to_string(&which)?)?,
    };
    let mut cluster = SimCluster::recorded(&schedule)?;
    match cluster.run() {
        Ok(report) => {
            println!("{} messages in {} simulated ms", report.messages, report.simulated_us / 1_000)
        }
        Err(violation) => println!("{violation}"),
    }
    std::fs::write(&path, cluster.timeline())?;
    println!("{}\nwritten: {path}", schedule.to_json());
    Ok(())
}
