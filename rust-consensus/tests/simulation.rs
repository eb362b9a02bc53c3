//! Schedules in the short form: every run prints its seeds, and `CHRYSALIS_SOAK` and the seeds in the environment make it long.

#![allow(clippy::cast_possible_truncation, clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::BTreeSet;
use std::time::Instant;

use chrysalis_consensus::sim::{
    Behaviour, Coverage, Fault, Network, Scenario, Schedule, SimCluster, Situation, Survives, Violation,
    What, shrink,
};
use support::{is_soak, must_hold, number, resident_kib, seeds};

/// with at most f liars by power, whatever the network, the disks and the clocks do, no two honest members
/// disagree, no honest key signs twice, every liar that is seen leaves evidence, and after the network has healed everybody decides
/// within the computed time.
#[test]
fn r_53_every_schedule_holds() {
    let started = Instant::now();
    let (mut traces, mut signatures, mut paths) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut coverage = Coverage::default();
    let (mut messages, mut evidence) = (0, 0);
    let seeds = seeds(700);
    let (first, count) = (seeds.start, seeds.end - seeds.start);
    for seed in seeds {
        let report = must_hold(&Schedule::random(seed), "a schedule");
        traces.insert(report.trace_hash);
        signatures.insert(report.coverage.signature());
        paths.insert(report.coverage.path());
        coverage.add(&report.coverage);
        messages += report.messages;
        evidence += report.evidence;
    }
    let speed = count as f64 / started.elapsed().as_secs_f64();
    println!(
        "soak: {count} schedules, {speed:.0} a second, {} different runs, {} that exercise other rules or in another order, \
         {} that exercise others or more often, {messages} messages, {evidence} pieces of evidence",
        traces.len(),
        paths.len(),
        signatures.len()
    );
    for situation in Situation::ALL {
        println!("{} {:9} {}", situation.rule(), coverage.count(*situation), situation.text());
    }
    let rarest = Situation::ALL.iter().min_by_key(|situation| coverage.count(**situation)).unwrap();
    let covered = Situation::ALL.iter().filter(|situation| coverage.count(**situation) > 0).count();
    println!(
        "soak: {covered} of {} situations came up, the rarest {} times: {}",
        Situation::ALL.len(),
        coverage.count(*rarest),
        rarest.text()
    );
    // For scripts/soak_paths.py, which counts those of all pieces together.
    if let Some(directory) = std::env::var_os("CHRYSALIS_PATHS") {
        let bytes: Vec<u8> = paths.iter().flat_map(|path| path.to_le_bytes()).collect();
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(std::path::Path::new(&directory).join(format!("{first}.paths")), bytes).unwrap();
    }
    let missing: Vec<_> =
        Situation::ALL.iter().filter(|situation| coverage.count(**situation) == 0).collect();
    // In the short form the two rarest may be missing.
    assert!(missing.len() <= if count < 10_000 { 2 } else { 0 }, "never came up: {missing:?}");
    // Members on their own have nobody to differ about: few seeds give one run.
    assert!(traces.len() as u64 * 20 >= count * 19, "many seeds gave one run");
    assert!(evidence > 0, "no liar was caught");
}

/// The same with Ed25519 instead of the simulator's quick signatures.
#[test]
fn schedules_hold_with_real_signatures() {
    let count = number("CHRYSALIS_HISTORIES", if is_soak() { 4_000 } else { 30 });
    let first = number("CHRYSALIS_FIRST_SEED", 1);
    for seed in first..first + count {
        let mut schedule = Schedule::random(seed);
        schedule.real_signatures = true;
        must_hold(&schedule, "real signatures");
    }
    println!("soak: {count} schedules with Ed25519");
}

/// power lost at any write of a log, with nothing, a torn record, half or all of it left, and all members at once.
#[test]
fn r_10_crashes_at_any_write_leave_no_conflicting_signatures() {
    let first = number("CHRYSALIS_FIRST_SEED", 1);
    let runs = number("CHRYSALIS_HISTORIES", if is_soak() { 100_000 } else { 150 });
    for seed in first..first + runs {
        let mut schedule =
            Schedule::aimed(if seed % 4 == 0 { Scenario::Dark } else { Scenario::Crashing }, seed);
        // Every write from the first to the twentieth, every way of losing it, in turn.
        let survives = [Survives::Nothing, Survives::Torn, Survives::Half, Survives::All];
        schedule.faults.push(Fault::Crash {
            member: (seed % schedule.powers.len() as u64) as usize,
            write: seed / 4 % 20,
            survives: survives[(seed % 4) as usize],
            effects: (seed / 80 % 4) as u32,
            down_us: seed % 7 * 100_000,
        });
        must_hold(&schedule, "a crash");
    }
    println!("soak: {runs} runs with crashes at writes");
}

/// all members lose power at once, again and again, and go on.
#[test]
fn r_16_a_restart_of_all_members_resumes() {
    let mut schedule = Schedule::calm(4, 11);
    schedule.heights = 12;
    schedule.heal_at_us = 3_000_000;
    schedule.faults =
        (1..8).map(|i| Fault::PowerCut { at_us: i * 350_000, members: vec![], down_us: 50_000 }).collect();
    let mut cluster = SimCluster::recorded(&schedule).unwrap();
    cluster.run().unwrap();
    let restarts = cluster.events().iter().filter(|e| e.what == What::Restarted).count();
    assert!(restarts >= 8, "{restarts} restarts");
    assert!((0..4).all(|member| cluster.height(member) >= 12));
}

/// The checks can fail: two liars of four can make honest members disagree, and the simulator says so.
#[test]
fn too_many_liars_break_agreement_and_are_noticed() {
    let disagreement = (1..2_000).find_map(|seed| {
        let mut schedule = Schedule::calm(4, seed);
        schedule.heights = 2;
        schedule.heal_at_us = 4_000_000;
        schedule.beyond_tolerance = true;
        schedule.faults = vec![
            Fault::Byzantine { member: 1, behaviour: Behaviour::Mirror },
            Fault::Byzantine { member: 2, behaviour: Behaviour::Mirror },
        ];
        // The honest members do not hear each other; both hear the liars.
        schedule.faults.extend([(0, 3), (3, 0)].map(|(sender, receiver)| Fault::Link {
            from_us: 0,
            until_us: 4_000_000,
            sender: Some(sender),
            receiver: Some(receiver),
            loss: 1_000,
            doubled: 0,
            slower_us: 0,
        }));
        let violation = SimCluster::replay(&schedule).unwrap().run().err();
        matches!(violation, Some(Violation::Disagreement { .. })).then_some(schedule)
    });
    let schedule = disagreement.expect("no seed made them disagree");
    println!("seed {} disagrees: {}", schedule.seed, schedule.to_json());
    let disagrees = |s: &Schedule| {
        let violation = SimCluster::replay(s).unwrap().run().err();
        matches!(violation, Some(Violation::Disagreement { .. }))
    };
    let (smallest, _) = shrink(&schedule, 200, disagrees);
    assert!(disagrees(&smallest) && smallest.faults.len() <= schedule.faults.len());
    // One liar less, by power, and it is refused before it runs.
    let mut refused = schedule;
    refused.beyond_tolerance = false;
    assert_eq!(
        SimCluster::replay(&refused).err().map(|error| error.code()),
        Some("consensus/invalid-config")
    );
}

/// one schedule, one run. The hashes are read by the tests of the packages too.
#[test]
fn r_50_one_seed_gives_one_trace_hash() {
    #[derive(serde::Deserialize)]
    struct Vectors {
        traces: Vec<Vector>,
        clusters: Vec<Cluster>,
    }
    #[derive(serde::Deserialize)]
    struct Cluster {
        name: String,
        members: usize,
        seed: String,
        faults: serde_json::Value,
        trace_hash: String,
    }
    #[derive(serde::Deserialize)]
    struct Vector {
        seed: u64,
        trace_hash: String,
    }
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/sim-traces.json")).unwrap();
    let vectors: Vectors = serde_json::from_str(&text).unwrap();
    assert!(vectors.traces.len() >= 10);
    for Vector { seed, trace_hash } in vectors.traces {
        let hash = SimCluster::replay(&Schedule::random(seed)).unwrap().run().unwrap().trace_hash;
        assert_eq!(chrysalis_crypto::hex::encode(&hash), trace_hash, "seed {seed}");
    }
    assert!(vectors.clusters.len() >= 5);
    for Cluster { name, members, seed, faults, trace_hash } in vectors.clusters {
        let faults = Fault::list_from_json(&faults.to_string()).unwrap();
        let hash = SimCluster::new(members, seed.parse().unwrap(), faults).unwrap().run().unwrap().trace_hash;
        assert_eq!(chrysalis_crypto::hex::encode(&hash), trace_hash, "{name}");
    }
}

/// The time from a proposal to its decision, in one-way delays: three in theory.
#[test]
fn decisions_take_little_more_than_three_delays() {
    for delay_ms in [5, 20, 50] {
        let mut schedule = Schedule::calm(4, 1);
        schedule.heights = 300;
        // A tenth up and down.
        schedule.network = Network { min_delay_us: delay_ms * 900, max_delay_us: delay_ms * 1_100 };
        let report = must_hold(&schedule, "a calm network");
        let delays = |per_mille| report.latency_us(per_mille) as f64 / (delay_ms * 1_000) as f64;
        let (p50, p99) = (delays(500), delays(990));
        println!("soak: {delay_ms} ms: p50 {p50:.2}, p99 {p99:.2} one-way delays to a decision");
        assert!(p50 <= 3.2 && p99 <= 3.8, "{delay_ms} ms: p50 {p50:.2}, p99 {p99:.2}");
    }
}

/// many heights while liars lie, members crash and are parted; nobody stalls, and memory stays flat.
#[test]
fn r_13_many_heights_under_faults_that_heal() {
    let heights = number("CHRYSALIS_HEIGHTS", if is_soak() { 100_000 } else { 150 });
    let mut schedule = Schedule::calm(7, number("CHRYSALIS_FIRST_SEED", 5));
    schedule.heights = heights;
    schedule.network = Network { min_delay_us: 1_000, max_delay_us: 9_000 };
    schedule.heal_at_us = heights * 30_000;
    schedule.faults = vec![
        Fault::Byzantine { member: 2, behaviour: Behaviour::LyingLeader },
        Fault::Byzantine { member: 5, behaviour: Behaviour::Equivocate },
        Fault::Link {
            from_us: 0,
            until_us: schedule.heal_at_us,
            sender: None,
            receiver: None,
            loss: 20,
            doubled: 20,
            slower_us: 5_000,
        },
    ];
    let pieces = (heights / 10).min(1_000);
    for i in 0..pieces {
        let at_us = schedule.heal_at_us / pieces * i;
        let member = (i % 7) as usize;
        schedule.faults.push(if i % 2 == 0 {
            Fault::PowerCut { at_us, members: vec![member], down_us: 100_000 }
        } else {
            let sides = (0..7).map(|other| u8::from(other == member)).collect();
            Fault::Partition { from_us: at_us, until_us: at_us + 150_000, sides }
        });
    }
    let started = Instant::now();
    let mut cluster = SimCluster::replay(&schedule).unwrap();
    let mut sizes = Vec::new();
    let mut steps = 0_u64;
    while cluster.step().unwrap_or_else(|violation| panic!("{violation}\n{}", schedule.to_json())) {
        steps += 1;
        if steps.is_multiple_of(4_000_000) {
            sizes.extend(resident_kib());
        }
    }
    // What the report lists is the simulator's, not the members'.
    let report = cluster.report();
    let listed = u64::try_from(report.latencies_us.len() * size_of::<u64>() / 1_024).unwrap();
    println!(
        "soak: {heights} heights of 7 members under faults that heal, {} messages, 0 stalls, {:.0} heights a second, resident \
         memory {} KiB early and {} KiB at the end, where the list of latencies has {listed} KiB",
        report.messages,
        heights as f64 / started.elapsed().as_secs_f64(),
        sizes.first().copied().unwrap_or(0),
        sizes.last().copied().unwrap_or(0),
    );
    if let [first, .., last] = sizes[..] {
        assert!(last < first + first / 4 + 2 * listed, "memory grows: {sizes:?}");
    }
}

/// Small schedules that showed a fault once, seeded or not, and have to hold.
#[test]
fn kept_schedules_hold() {
    #[derive(serde::Deserialize)]
    struct Kept {
        schedules: Vec<One>,
    }
    #[derive(serde::Deserialize)]
    struct One {
        shows: String,
        schedule: Schedule,
    }
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/sim-schedules.json")).unwrap();
    let kept: Kept = serde_json::from_str(&text).unwrap();
    assert!(kept.schedules.len() >= 40);
    for One { shows, schedule } in kept.schedules {
        must_hold(&schedule, &shows);
    }
}

/// A late answer of the application makes a member lock in one round and refuse the proposal of the next, all at once: no refusal
/// without a reason.
#[test]
fn a_lock_and_the_refusal_that_follows_may_come_together() {
    let mut schedule = Schedule::calm(4, 3_214);
    schedule.heights = 2;
    schedule.network = Network { min_delay_us: 15_000, max_delay_us: 44_000 };
    (schedule.heal_at_us, schedule.work_us) = (668_000, 94_000);
    schedule.faults = vec![
        Fault::PowerCut { at_us: 208_324, members: vec![2, 3], down_us: 165_000 },
        Fault::PowerCut { at_us: 390_227, members: vec![0], down_us: 391_000 },
    ];
    must_hold(&schedule, "a late answer");
}

/// Users give members their own values, and read what was decided.
#[test]
fn members_propose_what_they_are_given() {
    let mut cluster =
        SimCluster::new(4, 3, vec![Fault::Byzantine { member: 3, behaviour: Behaviour::Silent }]).unwrap();
    for member in 0..3 {
        cluster.propose(member, format!("from {member}").as_bytes()).unwrap();
    }
    assert_eq!(cluster.propose(4, b"nobody").map_err(|error| error.code()), Err("consensus/invalid-config"));
    assert_eq!(
        cluster.propose(0, &[0; 896 * 1024 + 1]).map_err(|error| error.code()),
        Err("consensus/too-large")
    );
    cluster.run().unwrap();
    for height in 1..=3 {
        let (value, certificate) = cluster.decision(0, height).unwrap();
        assert_eq!(certificate.height().0, height);
        assert!((1..3).all(|member| cluster.decision(member, height).unwrap().0 == value));
    }
    let decided =
        (1..=3).filter(|height| cluster.decision(0, *height).unwrap().0.as_slice().starts_with(b"from "));
    assert!(decided.count() >= 2);
    assert!(cluster.timeline().starts_with("<svg "));
}

/// A list of faults that is out of bounds is refused, not run.
#[test]
fn schedules_out_of_bounds_are_refused() {
    let refused = |members, faults| SimCluster::new(members, 1, faults).err().map(|error| error.code());
    assert_eq!(refused(0, vec![]), Some("consensus/invalid-config"));
    assert_eq!(refused(129, vec![]), Some("consensus/invalid-config"));
    assert_eq!(refused(usize::MAX, vec![]), Some("consensus/invalid-config"));
    assert_eq!(
        refused(4, vec![Fault::Skew { member: 4, per_mille: 1_000 }]),
        Some("consensus/invalid-config")
    );
    assert_eq!(
        refused(4, vec![Fault::Skew { member: 3, per_mille: 2_001 }]),
        Some("consensus/invalid-config")
    );
    assert_eq!(
        refused(4, vec![Fault::Skew { member: 0, per_mille: 1_000 }; 4_097]),
        Some("consensus/invalid-config")
    );
    assert_eq!(
        refused(4, vec![Fault::PowerCut { at_us: u64::MAX, members: vec![], down_us: u64::MAX }]),
        Some("consensus/invalid-config")
    );
    assert_eq!(refused(1, vec![]), None);
    let list = Fault::list_from_json("[{\"fault\":\"skew\",\"member\":0,\"per_mille\":900}]");
    assert_eq!(list, Ok(vec![Fault::Skew { member: 0, per_mille: 900 }]));
    assert!(
        Fault::list_from_json("[{\"fault\":\"skew\",\"member\":0,\"per_mille\":900,\"more\":1}]").is_err()
    );
    let long = " ".repeat(4 * 1024 * 1024 + 1);
    assert_eq!(Fault::list_from_json(&long).map_err(|error| error.code()), Err("consensus/too-large"));
    assert!(Schedule::from_json("{}").is_err() && Schedule::from_json("[").is_err());
}
