//! What tests of the simulator share: seeds from the environment, and what to do with a schedule that fails.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, each of which uses a part"
)]

use chrysalis_consensus::sim::{Schedule, SimCluster, Violation, shrink};

/// Whether the long form is asked for.
pub fn is_soak() -> bool {
    std::env::var_os("CHRYSALIS_SOAK").is_some()
}

/// A number from the environment, or the default.
pub fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

/// The seeds to be run: `CHRYSALIS_HISTORIES` of them from `CHRYSALIS_FIRST_SEED` on.
pub fn seeds(default: u64) -> std::ops::Range<u64> {
    let first = number("CHRYSALIS_FIRST_SEED", 1);
    let count = number("CHRYSALIS_HISTORIES", default);
    println!("seeds {first} to {}", first + count - 1);
    first..first + count
}

/// Runs a schedule, and where it fails prints what replays it, and the smallest schedule that fails in the same way.
pub fn must_hold(schedule: &Schedule, what: &str) -> chrysalis_consensus::sim::Report {
    let mut cluster = SimCluster::replay(schedule).expect("schedules of tests are in bounds");
    match cluster.run() {
        Ok(report) => report,
        Err(violation) => {
            let fails =
                |candidate: &Schedule| violated(candidate).is_some_and(|v| v.name() == violation.name());
            let (smallest, tried) = shrink(schedule, 400, fails);
            let mut cluster = SimCluster::recorded(&smallest).expect("as good as the one it came from");
            let small = cluster.run().expect_err("it fails");
            let path = std::env::temp_dir().join(format!("chrysalis-{}.svg", schedule.seed));
            let _ = std::fs::write(&path, cluster.timeline());
            panic!(
                "{what}, seed {}: {violation}\nschedule: {}\nsmallest of {tried} tried: {small}\n{}\npicture: {}",
                schedule.seed,
                schedule.to_json(),
                smallest.to_json(),
                path.display()
            );
        }
    }
}

/// What a schedule violates.
pub fn violated(schedule: &Schedule) -> Option<Violation> {
    SimCluster::replay(schedule).expect("schedules of tests are in bounds").run().err()
}

/// What the process holds in memory; none where the system does not tell.
pub fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
