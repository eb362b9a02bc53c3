//! A simulated cluster: members that run the real core over a network, disks and clocks in which anything can go wrong.
//!
//! [`SimCluster`] runs one [`Schedule`]: a seed, a number of members, and a list of [`Fault`]s. There is no clock, no thread and no
//! randomness but the seed's: the same schedule gives the same run, and the same [trace hash](SimCluster::trace_hash), natively, in
//! WebAssembly and from other languages. All that honest members say and decide is checked as it happens; what must not be
//! is a [`Violation`], and the schedule that shows it is [shrunk](shrink) to a small one, printed, replayed and
//! [drawn](SimCluster::timeline). `docs/simulation.md` says what can go wrong, what is checked, and how a schedule is written in JSON.
//!
//! ```
//! use chrysalis_consensus::sim::{Behaviour, Fault, SimCluster};
//!
//! let faults = vec![
//!     Fault::Byzantine { member: 3, behaviour: Behaviour::LyingLeader },
//!     Fault::Crash { member: 0, write: 2, survives: chrysalis_consensus::sim::Survives::Torn, effects: 0, down_us: 200_000 },
//! ];
//! let mut cluster = SimCluster::new(4, 7, faults)?;
//! cluster.propose(1, b"the kettle is on")?;
//! let report = cluster.run().map_err(|violation| violation.to_string())?;
//! assert!((0..3).all(|member| cluster.height(member) >= 3));
//! assert_eq!(report.trace_hash, cluster.trace_hash());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod adversary;
mod bound;
mod check;
mod cluster;
mod coverage;
mod host;
mod keys;
mod network;
mod random;
mod report;
mod scenario;
mod schedule;
mod shrink;
mod timeline;
mod trace;
mod watch;
mod world;

pub use check::Violation;
pub use cluster::SimCluster;
pub use coverage::{Coverage, Situation};
pub use report::Report;
pub use scenario::Scenario;
pub use schedule::{
    Behaviour, Change, Fault, Kind, MAX_FAULTS, MAX_HEIGHTS, MAX_JSON_BYTES, MAX_MEMBERS, MAX_TIME_US,
    Network, Schedule, Survives,
};
pub use shrink::shrink;
pub use trace::{Event, What};
