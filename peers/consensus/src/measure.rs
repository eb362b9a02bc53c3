//! What is measured, each for all kinds of engines in turns.
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

use crate::Outcome;
use crate::cluster::{Cluster, Kind, Network, PAYLOAD_BYTES};
use crate::random::Random;
use crate::synced::Batches;

const BOTH: [(&str, Kind); 2] = [("ours", Kind::Ours), ("theirs", Kind::Theirs)];
/// No run takes longer than this without being called a stall.
const PATIENCE_US: u64 = 120_000_000;
const SECOND_US: u64 = 1_000_000;

/// The time from a fault to the next height that all members which are up execute, in milliseconds; 20 ms of delay, seven
/// members. The same moment and the same victims for both.
pub fn recovery(runs: u64) -> Outcome<Value> {
    const MEMBERS: usize = 7;
    let mut cases = Vec::new();
    for (name, victims) in [("one", 1), ("f", 2), ("all, restarted at once", MEMBERS)] {
        let mut times = [Vec::new(), Vec::new()];
        for seed in 0..runs {
            let mut random = Random(seed);
            let after_us = SECOND_US / 2 + random.below(SECOND_US / 2);
            let first = usize::try_from(random.below(MEMBERS as u64))?;
            for (place, (_, kind)) in BOTH.into_iter().enumerate() {
                let mut cluster = Cluster::new(kind, MEMBERS, Network::of(20), seed)?;
                cluster.run_for(after_us)?;
                let (from, highest) = (cluster.now_us, cluster.highest());
                for victim in (0..victims).map(|place| (first + place) % MEMBERS) {
                    cluster.kill(victim);
                }
                if victims == MEMBERS {
                    for n in 0..MEMBERS {
                        cluster.start(n, false)?;
                    }
                }
                let up = cluster.up();
                // The height that was begun, and one that begins with whoever is left.
                let goes_on = |cluster: &Cluster| up.iter().all(|n| cluster.executed(*n) > highest + 1);
                if !cluster.run_until(PATIENCE_US, goes_on)? {
                    return Err(format!("{name}, seed {seed}: no decision").into());
                }
                times[place].push((cluster.now_us - from) as f64 / 1_000.0);
            }
        }
        let [ours, theirs] = times;
        cases.push(json!({ "case": name, "ours_ms": spread(ours), "theirs_ms": spread(theirs) }));
    }
    Ok(json!({ "members": MEMBERS, "delay_ms": 20, "runs": runs, "cases": cases }))
}

/// A member that was cut off for so many heights comes back: how long until it has executed all that the others had then.
pub fn behind(heights: u64) -> Outcome<Value> {
    const MEMBERS: usize = 4;
    let kinds = [
        ("ours", Kind::Ours),
        ("theirs", Kind::Synced(Batches::Default)),
        ("theirs, 8 requests of 128", Kind::Synced(Batches::Large { requests: 8, heights: 128 })),
    ];
    let mut lines = Vec::new();
    for delay_ms in [5, 20, 50] {
        for (name, kind) in kinds {
            let mut cluster = Cluster::new(kind, MEMBERS, Network::of(delay_ms), 1)?;
            cluster.run_for(SECOND_US)?;
            cluster.kill(3);
            let (from, last) = (cluster.executed(3), cluster.executed(3) + heights);
            let goes_on = |cluster: &Cluster| (0..3).all(|n| cluster.executed(n) >= last);
            if !cluster.run_until(heights * PATIENCE_US, goes_on)? {
                return Err(format!("{name}: the others stalled").into());
            }
            let (began, sent, goal) = (cluster.now_us, cluster.sent_bytes, cluster.highest());
            let cpu = thread_time();
            cluster.start(3, false)?;
            if !cluster.run_until(PATIENCE_US * 10, |cluster| cluster.executed(3) >= goal)? {
                return Err(format!("{name}: no catching up").into());
            }
            lines.push(json!({
                "delay_ms": delay_ms,
                "engine": name,
                "heights": goal - from,
                "ms": (cluster.now_us - began) as f64 / 1_000.0,
                "cpu_ms": (thread_time() - cpu).as_secs_f64() * 1_000.0,
                "bytes": cluster.sent_bytes - sent,
            }));
        }
    }
    Ok(json!({ "members": MEMBERS, "lines": lines }))
}

/// Processor time per decision and member with real signatures, vote log in memory, in microseconds.
pub fn cpu(rounds: u64) -> Outcome<Value> {
    let mut lines = Vec::new();
    for (members, heights) in [(4, 200), (31, 20)] {
        let mut times = [Vec::new(), Vec::new()];
        for round in 0..=rounds {
            let mut order = [0, 1];
            if round % 2 == 1 {
                order.reverse();
            }
            for place in order {
                let mut cluster = Cluster::new(BOTH[place].1, members, Network::of(20), round)?;
                let lowest = |cluster: &Cluster| (0..members).map(|n| cluster.executed(n)).min().unwrap_or(0);
                // The first heights are not like the others.
                cluster.run_until(PATIENCE_US, |cluster| lowest(cluster) >= 3)?;
                let (from, start) = (lowest(&cluster), thread_time());
                if !cluster.run_until(PATIENCE_US * 10, |cluster| lowest(cluster) >= from + heights)? {
                    return Err("no decision without faults".into());
                }
                let spent = (thread_time() - start).as_secs_f64() * 1e6;
                // The first round warms up.
                if round > 0 {
                    times[place].push(spent / (heights * members as u64) as f64);
                }
            }
        }
        let [ours, theirs] = times;
        lines.push(
            json!({ "members": members, "heights": heights, "us": { "ours": ours, "theirs": theirs } }),
        );
    }
    Ok(json!({ "rounds": rounds, "payload_bytes": PAYLOAD_BYTES, "lines": lines }))
}

/// Heights while messages are lost and doubled and members crash and are cut off, one at a time, each for a while; a stall is a
/// time without faults, longer than all timeouts of ten rounds together, in which not everybody goes on.
pub fn stalls(heights: u64) -> Outcome<Value> {
    const MEMBERS: usize = 4;
    // Rounds 0 to 9 with the default timeouts, up to the cap.
    const LIMIT_US: u64 = 200 * SECOND_US;
    let mut lines = Vec::new();
    for (name, kind) in BOTH {
        // The third-party engine checks every signature and logs every vote: a tenth of the heights.
        let heights = if kind == Kind::Ours { heights } else { heights / 10 };
        let (mut stalls, mut episodes, mut decided, mut longest_us) = (0, 0_u64, 0, 0);
        while decided < heights {
            let mut random = Random(episodes);
            let mut cluster = Cluster::new(kind, MEMBERS, Network::of(5), episodes)?;
            // A cluster is made anew now and then, as its logs are never pruned.
            while decided + cluster.highest() < heights && cluster.highest() < 2_000 {
                episodes += 1;
                let victim = usize::try_from(random.below(MEMBERS as u64))?;
                cluster.network.lost = random.below(150);
                cluster.network.doubled = random.below(150);
                let is_crash = random.below(2) == 0;
                if is_crash {
                    cluster.kill(victim);
                } else {
                    cluster.cut_off(victim, true);
                }
                cluster.run_for(random.below(500_000))?;
                if is_crash {
                    cluster.start(victim, false)?;
                } else {
                    cluster.cut_off(victim, false);
                }
                (cluster.network.lost, cluster.network.doubled) = (0, 0);
                let (healed, goal) = (cluster.now_us, cluster.highest() + 1);
                let all = |cluster: &Cluster| (0..MEMBERS).all(|n| cluster.executed(n) >= goal);
                if cluster.run_until(LIMIT_US, all)? {
                    longest_us = longest_us.max(cluster.now_us - healed);
                } else {
                    stalls += 1;
                    break;
                }
                cluster.run_for(random.below(SECOND_US))?;
            }
            decided += cluster.highest();
        }
        lines.push(json!({
            "engine": name,
            "heights": decided,
            "episodes": episodes,
            "stalls": stalls,
            "longest_ms": longest_us as f64 / 1_000.0,
        }));
    }
    Ok(json!({ "members": MEMBERS, "delay_ms": 5, "limit_s": LIMIT_US / SECOND_US, "lines": lines }))
}

/// From the first proposal of a height to its execution at each member, in one-way delays, without faults.
pub fn latency(heights: u64) -> Outcome<Value> {
    let mut lines = Vec::new();
    for members in [4, 31] {
        for delay_ms in [5, 20, 50] {
            for (name, kind) in BOTH {
                let heights = if members == 4 { heights } else { (heights / 10).max(5) };
                let mut cluster = Cluster::new(kind, members, Network::of(delay_ms), 1)?;
                cluster.run_until(PATIENCE_US, |cluster| cluster.highest() >= 3)?;
                cluster.measure_latency();
                let goal = cluster.highest() + heights;
                cluster.run_until(PATIENCE_US * heights, |cluster| cluster.highest() >= goal)?;
                let delays = cluster.latencies_us.iter().map(|us| *us as f64 / (delay_ms * 1_000) as f64);
                lines.push(json!({
                    "members": members,
                    "delay_ms": delay_ms,
                    "engine": name,
                    "delays": spread(delays.collect()),
                }));
            }
        }
    }
    Ok(json!({ "lines": lines }))
}

/// The mean and what half and 99 of 100 do not exceed.
fn spread(mut values: Vec<f64>) -> Value {
    values.sort_by(f64::total_cmp);
    let rank = |share: f64| {
        let rank = (values.len() as f64 * share).ceil() as usize;
        values.get(rank.saturating_sub(1)).copied()
    };
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    json!({ "count": values.len(), "mean": mean, "p50": rank(0.5), "p99": rank(0.99) })
}

/// Processor time of this thread.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanoseconds.unwrap_or(0))
}
