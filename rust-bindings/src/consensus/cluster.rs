//! A simulated cluster: its options, and what can be seen of it.

use chrysalis_consensus::sim::{Fault, Report, Schedule, SimCluster, Situation, Violation};
use chrysalis_consensus::{ConsensusError, Evidence};
use chrysalis_crypto::hex;

use super::decision::decision;
use super::plain::{Given, Made};

/// The cluster of a number of members, a seed and a JSON list of faults. Options are `heights`, 3 by default,
/// `real_signatures`, false by default, and `recorded`, true by default.
pub(crate) fn open<G: Given>(
    members: usize,
    seed: u64,
    faults: &str,
    options: &G,
) -> Result<SimCluster, G::Error> {
    let mut schedule = Schedule::faulty(members, seed, Fault::list_from_json(faults)?);
    schedule.heights = options.count_or("heights", schedule.heights)?;
    schedule.real_signatures = flag_or(options, "real_signatures", schedule.real_signatures)?;
    Ok(of_schedule(&schedule, flag_or(options, "recorded", true)?)?)
}

/// The cluster of a schedule.
pub(crate) fn of_schedule(schedule: &Schedule, is_recorded: bool) -> Result<SimCluster, ConsensusError> {
    if is_recorded { SimCluster::recorded(schedule) } else { SimCluster::replay(schedule) }
}

/// Lets that many things happen, or fewer if nothing is left to wait for; then false.
pub(crate) fn step(cluster: &mut SimCluster, count: u32) -> Result<bool, Violation> {
    for _ in 0..count {
        if !cluster.step()? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The trace hash, 64 hexadecimal characters.
pub(crate) fn trace_hash(cluster: &SimCluster) -> String {
    hex::encode(&cluster.trace_hash())
}

/// What a run was like.
pub(crate) fn report(report: &Report) -> Made {
    let mut rules: Vec<&str> =
        Situation::ALL.iter().filter(|one| report.coverage.count(**one) > 0).map(|one| one.rule()).collect();
    rules.dedup();
    Made::Object(vec![
        ("trace_hash", hex::encode(&report.trace_hash).as_str().into()),
        ("events", report.events.into()),
        ("messages", report.messages.into()),
        ("simulated_us", report.simulated_us.into()),
        ("decisions", report.latencies_us.len().into()),
        ("latency_p50_us", report.latency_us(500).into()),
        ("latency_p99_us", report.latency_us(990).into()),
        ("evidence", report.evidence.into()),
        ("bound_us", report.bound_us.into()),
        ("rules", Made::list(rules.into_iter().map(Made::from))),
    ])
}

/// What a member decided and still keeps.
pub(crate) fn decisions(cluster: &SimCluster, of: usize) -> Vec<Made> {
    cluster.decisions(of).map(|(_, value, certificate)| decision((value, certificate))).collect()
}

/// The evidence found so far, each with the number of the member that found it.
pub(crate) fn evidence(cluster: &SimCluster) -> Vec<Made> {
    let found = |(member, evidence): &(usize, Evidence)| {
        Made::Object(vec![("member", (*member).into()), ("evidence", evidence.to_bytes().into())])
    };
    cluster.evidence().iter().map(found).collect()
}

fn flag_or<G: Given>(options: &G, name: &str, default: bool) -> Result<bool, G::Error> {
    options.property(name)?.map_or(Ok(default), |flag| flag.to_flag(name))
}
