//! Runs every seeded fault against schedules until one is noticed, and writes the matrix: `docs/mutants.md`.
//!
//! `cargo run --release -p chrysalis-consensus --features mutants,sim --example mutants [limit] [output]`

#![expect(clippy::print_stdout, reason = "a program for people")]

use std::fmt::Write as _;
use std::time::Instant;

use chrysalis_consensus::Mutant;
use chrysalis_consensus::sim::{Schedule, SimCluster, shrink};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let limit: u64 = arguments.next().map_or(Ok(200_000), |text| text.parse())?;
    let path = arguments.next();
    let started = Instant::now();
    let (mut rows, mut missed) = (String::new(), Vec::new());
    let only = std::env::var("CHRYSALIS_MUTANTS").unwrap_or_default();
    for mutant in Mutant::ALL.iter().filter(|mutant| only.is_empty() || only.contains(mutant.name())) {
        let began = Instant::now();
        let caught = (1..=limit).find_map(|seed| {
            let violation = run(&Schedule::random(seed), *mutant)?;
            Some((seed, violation))
        });
        match caught {
            Some((seed, name)) => {
                let (smallest, _) = shrink(&Schedule::random(seed), 200, |s| run(s, *mutant) == Some(name));
                println!(
                    "{:28} {name:26} seed {seed:6} {} faults, {:?}",
                    mutant.name(),
                    smallest.faults.len(),
                    began.elapsed()
                );
                writeln!(rows, "| `{}` | {name} | {seed} | {} |", mutant.name(), smallest.faults.len())?;
            }
            None => {
                println!("{:28} NOT CAUGHT in {limit}, {:?}", mutant.name(), began.elapsed());
                missed.push(mutant.name());
            }
        }
    }
    println!("{:?}, missed {missed:?}", started.elapsed());
    if let Some(path) = path {
        std::fs::write(path, rows)?;
    }
    Ok(())
}

fn run(schedule: &Schedule, mutant: Mutant) -> Option<&'static str> {
    let mut cluster = SimCluster::with_config(schedule, false, |config| config.mutant = Some(mutant)).ok()?;
    cluster.run().err().map(|violation| violation.name())
}
