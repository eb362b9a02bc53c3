//! The mutant matrix: every fault seeded into the core is noticed, and the page says by what.

#![allow(clippy::cast_precision_loss, clippy::print_stdout, reason = "a test")]

use std::collections::BTreeMap;

use chrysalis_consensus::Mutant;
use chrysalis_consensus::sim::{Schedule, SimCluster};

/// Schedules in which a mutant has to be noticed where the seed on the page does not show it any more.
const SEARCH: u64 = 3_000;

/// at least 40 mutants, each noticed within 200,000 schedules, and the unchanged core by none of those that notice them.
#[test]
fn every_mutant_is_noticed() {
    let page = include_str!("../../docs/mutants.md");
    let rows: BTreeMap<&str, (&str, u64)> = page.lines().filter_map(row).collect();
    let names: Vec<_> = Mutant::ALL.iter().map(|mutant| mutant.name()).collect();
    assert!(names.len() >= 40, "{} mutants", names.len());
    assert_eq!(rows.len(), names.len(), "docs/mutants.md is to be written anew");
    for mutant in Mutant::ALL {
        let (noticed_by, seed) = rows[mutant.name()];
        assert!((1..=200_000).contains(&seed));
        let now = run(seed, Some(*mutant));
        if now != Some(noticed_by) {
            let found = (1..=SEARCH).find_map(|seed| Some((seed, run(seed, Some(*mutant))?)));
            println!("{}: seed {seed} gives {now:?}, not {noticed_by}; noticed: {found:?}", mutant.name());
            assert!(found.is_some(), "{} is not noticed", mutant.name());
        }
        assert_eq!(run(seed, None), None, "seed {seed} fails without a mutant");
    }
    println!("{} mutants", names.len());
}

/// Schedules from the first on until one notices, for each mutant: what the page says, found anew. In the long form only, where it is
/// timed too.
#[test]
fn every_mutant_is_noticed_by_a_search() {
    const MOST: u64 = 200_000;
    let (mutants, most) = if std::env::var_os("CHRYSALIS_SOAK").is_some() {
        (Mutant::ALL, MOST)
    } else {
        (&Mutant::ALL[..3], 100)
    };
    let started = std::time::Instant::now();
    let (mut schedules, mut latest) = (0, ("", 0));
    for mutant in mutants {
        let found = (1..=most).find(|seed| run(*seed, Some(*mutant)).is_some());
        let seed = found.unwrap_or_else(|| panic!("{} is not noticed in {most} schedules", mutant.name()));
        schedules += seed;
        latest = if seed > latest.1 { (mutant.name(), seed) } else { latest };
    }
    let (count, seconds) = (mutants.len(), started.elapsed().as_secs_f64());
    println!(
        "soak: {count} of {count} mutants noticed in {schedules} schedules, {:.0} a minute of one processor, {:.0} schedules a \
         second; the latest by schedule {}: {}",
        count as f64 * 60.0 / seconds,
        schedules as f64 / seconds,
        latest.1,
        latest.0
    );
}

/// The name, what notices it, the seed.
fn row(line: &str) -> Option<(&str, (&str, u64))> {
    let mut cells = line.split('|').map(str::trim).skip(1);
    let name = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
    let noticed_by = cells.nth(1)?;
    let seed = cells.next()?.parse().ok()?;
    Some((name, (noticed_by, seed)))
}

fn run(seed: u64, mutant: Option<Mutant>) -> Option<&'static str> {
    let configure = |config: &mut chrysalis_consensus::Config| config.mutant = mutant;
    let mut cluster = SimCluster::with_config(&Schedule::random(seed), false, configure).expect("in bounds");
    cluster.run().err().map(|violation| violation.name())
}
