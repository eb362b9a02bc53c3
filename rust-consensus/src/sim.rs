//! A simulated cluster: members that run the real core over a network, disks and clocks in which anything can go wrong.
//!
//! [`SimCluster`] runs one [`Schedule`]: a seed, a number of members, and a list of [`Fault`]s. There is no clock, no thread and no
//! randomness but the seed's: the same schedule gives the same run, and the same [trace hash](SimCluster::trace_hash), natively, in
//! WebAssembly and from other languages. All that honest members say and decide is checked as it happens; what must not be
//! is a [`Violation`], and the schedule that shows it is [shrunk](shrink) to a small one, printed, replayed and
//! [drawn](SimCluster::timeline).

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
    Behaviour, Change, Fault, Kind, MAX_FAULTS, MAX_HEIGHTS, MAX_MEMBERS, MAX_TIME_US, Network, Schedule,
    Survives,
};
pub use shrink::shrink;
pub use trace::{Event, What};
