//! Seeds each fault into the core, runs schedules until one notices it, and writes the matrix `docs/mutants.md`
//! and the smallest schedule for each, `vectors/sim-schedules.json`.
//!
//! `cargo run --release -p chrysalis-consensus --features mutants,sim --example mutants [schedules at most]`

#![expect(clippy::print_stdout, reason = "a program for people")]

use std::fmt::Write as _;
use std::time::Instant;

use chrysalis_consensus::Mutant;
use chrysalis_consensus::sim::{Schedule, SimCluster, shrink};

const HEAD: &str = "# Mutants

Faults seeded into the agreement core, one at a time, behind the feature `mutants`. For each, schedules are run from seed 1 on, the same
for all of them, until one violates something. `seed` is that schedule, which is also how many it took; `faults` says how many things have to go
wrong in the smallest schedule that shows the fault, found by shrinking. Written by `cargo run --release -p
chrysalis-consensus --features mutants,sim --example mutants`; `cargo test -p chrysalis-consensus --test mutants` checks every row.

| mutant | rule it breaks | noticed by | seed | faults |
|---|---|---|---|---|
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let limit: u64 = std::env::args().nth(1).map_or(Ok(200_000), |text| text.parse())?;
    let started = Instant::now();
    let (mut page, mut caught, mut schedules) = (HEAD.to_owned(), 0_u32, Vec::new());
    for mutant in Mutant::ALL {
        let found = (1..=limit).find_map(|seed| Some((seed, run(&Schedule::random(seed), *mutant)?)));
        let Some((seed, name)) = found else {
            println!("{}: not noticed in {limit} schedules", mutant.name());
            writeln!(
                page,
                "| `{}` | {} | nothing in {limit} schedules | | |",
                mutant.name(),
                rule(mutant.name())
            )?;
            continue;
        };
        caught += 1;
        let (smallest, _) = shrink(&Schedule::random(seed), 300, |s| run(s, *mutant) == Some(name));
        println!("{}: {name}, seed {seed}", mutant.name());
        let faults = smallest.faults.len();
        schedules.push(format!(
            "    {{ \"shows\": \"{}\", \"schedule\": {} }}",
            mutant.name(),
            smallest.to_json()
        ));
        writeln!(page, "| `{}` | {} | {name} | {seed} | {faults} |", mutant.name(), rule(mutant.name()))?;
    }
    writeln!(page, "\n{caught} of {} are noticed.", Mutant::ALL.len())?;
    println!("{caught} of {} noticed in {:.0} s", Mutant::ALL.len(), started.elapsed().as_secs_f64());
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/mutants.md"), page)?;
    let text = format!(
        "{{\n  \"origin\": \"examples/mutants.rs: the smallest schedule that shows each seeded fault\",\n  \"schedules\": [\n{}\n  ]\n}}\n",
        schedules.join(",\n")
    );
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/sim-schedules.json"), text)?;
    Ok(())
}

fn run(schedule: &Schedule, mutant: Mutant) -> Option<&'static str> {
    let mut cluster = SimCluster::with_config(schedule, false, |config| config.mutant = Some(mutant)).ok()?;
    cluster.run().err().map(|violation| violation.name())
}

/// What the source says above the mutant's name: its rule and what it does.
fn rule(name: &str) -> &'static str {
    let lines: Vec<_> = include_str!("../src/mutant.rs").lines().map(str::trim).collect();
    let place = lines.iter().position(|line| line.strip_suffix(',') == Some(name));
    place.and_then(|place| lines[place - 1].strip_prefix("/// ")).unwrap_or("")
}
