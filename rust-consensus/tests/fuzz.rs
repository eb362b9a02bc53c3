//! A short run of the fuzz targets, without a fuzzer: kept inputs, then random ones.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "tests")]

mod common;
#[expect(unreachable_pub, clippy::expect_used, reason = "the fuzz targets' library, built as a module here")]
#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::path::Path;
use std::time::{Duration, Instant};

use chrysalis_consensus::VoteKind::{Precommit, Prevote};
use chrysalis_consensus::{Evidence, Height, LogRecord, Message};
use common::*;

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap()
    }
}

fn directory(target: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target)
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> =
        std::fs::read_dir(directory(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths.into_iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn run(target: &str, body: fn(&[u8]), count: u64) {
    let seeds = seeds(target);
    for seed in &seeds {
        body(seed);
    }
    let mut done = 0;
    for n in inputs(target, count) {
        done += 1;
        let mut random = Random(n);
        let mut bytes = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(6) {
            let at = random.below(bytes.len());
            let value = random.next().to_le_bytes()[0];
            match random.below(4) {
                0 if !bytes.is_empty() => bytes[at] ^= 1 << (value % 8),
                1 if !bytes.is_empty() => bytes[at] = value,
                2 => bytes.truncate(at),
                _ => bytes.insert(at, value),
            }
        }
        // A failure names its input.
        let input = chrysalis_crypto::hex::encode(&bytes);
        let result = std::panic::catch_unwind(|| body(&bytes));
        assert!(result.is_ok(), "{target}, seed {n}: {input}");
    }
    println!("soak: {target}: {done} inputs");
}

/// The numbers of a target's inputs: `count` of them from 0 on, or from `FUZZ_SEED` on as many as `FUZZ_SECONDS` allows.
fn inputs(target: &str, count: u64) -> impl Iterator<Item = u64> {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let first = number("FUZZ_SEED").unwrap_or(0);
    println!("{target}: FUZZ_SEED={first}");
    let limit = number("FUZZ_SECONDS").map(Duration::from_secs);
    let started = Instant::now();
    (first..).take_while(move |n| match limit {
        None => n - first < count,
        Some(limit) => started.elapsed() < limit,
    })
}

#[test]
fn messages() {
    run("message", targets::message, 20_000);
}

#[test]
fn proofs() {
    run("proof", targets::proof, 20_000);
}

#[test]
fn values() {
    run("value", targets::value, 20_000);
}

#[test]
fn log_parts() {
    run("log_part", targets::log::part, 20_000);
}

#[test]
fn catch_ups() {
    run("catchup", targets::log::catchup, 2000);
}

#[test]
fn vote_logs() {
    run("vote_log", targets::log::vote_log, 500);
}

#[cfg(feature = "raft")]
#[test]
fn raft_messages_and_records() {
    run("raft", targets::raft, 20_000);
}

#[test]
fn nodes() {
    run("node", targets::node, 40);
}

/// Random inputs from nothing, so that no seed's shape is needed to go deep.
#[test]
fn nodes_at_random() {
    let mut done = 0;
    for n in inputs("node at random", 40) {
        done += 1;
        let mut random = Random(n);
        let bytes: Vec<u8> = (0..300).flat_map(|_| random.next().to_le_bytes()[..3].to_vec()).collect();
        let result = std::panic::catch_unwind(|| targets::node(&bytes));
        assert!(result.is_ok(), "seed {n}");
    }
    println!("soak: node at random: {done} inputs");
}

/// The inputs kept for the fuzz targets are what the code writes.
#[test]
fn kept_inputs_are_whole() {
    let four = set(&[1; 4]);
    let proposal = proposal(&four, 0, "a");
    let polka = polka(4, 0, "a", &[0, 1, 2]);
    let commit = commit(4, 1, 0, "a", &[1, 2, 3]);
    let again = Message::Proposal {
        proposal: proposal_of(2, 1, 1, Some(0), "a"),
        polka: Some(polka.clone()),
        value: b"a".to_vec(),
    };
    let vote = |text| vote(1, 1, 0, Precommit, text);
    let evidence = Evidence::of_votes(&vote(Some("a")), &vote(None)).unwrap();
    let proposals =
        Evidence::of_proposals(&proposal_of(1, 1, 0, None, "a"), &proposal_of(1, 1, 0, None, "b")).unwrap();
    let kept = [
        ("message/proposal", proposal.to_bytes()),
        ("message/proposal-again", again.to_bytes()),
        ("message/vote", prevote(1, 2, Some("a")).to_bytes()),
        ("message/vote-nil", precommit(1, 2, None).to_bytes()),
        ("message/status", signed(status(3, 1, 0, 4)).to_bytes()),
        ("message/polka", Message::Polka { certificate: polka.clone(), value: b"a".to_vec() }.to_bytes()),
        (
            "message/decision",
            Message::Decision { certificate: commit.clone(), value: b"a".to_vec() }.to_bytes(),
        ),
        ("message/evidence", Message::Evidence(evidence.clone()).to_bytes()),
        ("proof/set", four.to_bytes()),
        ("proof/commit", commit.to_bytes()),
        ("proof/polka", polka.to_bytes()),
        ("proof/evidence-votes", evidence.to_bytes()),
        ("proof/evidence-proposals", proposals.to_bytes()),
        ("proof/record-value", LogRecord::Value { height: Height(1), bytes: b"a".to_vec() }.to_bytes()),
        (
            "proof/record-proposed",
            LogRecord::Proposed { proposal: proposal_of(2, 1, 1, Some(0), "a"), polka: Some(polka.clone()) }
                .to_bytes(),
        ),
        ("proof/record-voted", LogRecord::Voted(common::vote(0, 1, 0, Prevote, Some("a"))).to_bytes()),
        ("proof/record-valid", LogRecord::Valid(polka).to_bytes()),
        ("proof/record-decided", LogRecord::Decided(commit).to_bytes()),
        (
            "proof/record-executed",
            LogRecord::Executed { height: Height(1), validators: Some(validators(&[1, 2])) }.to_bytes(),
        ),
        ("value/json", b"{\"a\":[1,true,null,\"\\n\"],\"b\":-0.5}".to_vec()),
    ];
    for (name, bytes) in kept {
        let path = directory(name);
        if std::env::var_os("CHRYSALIS_WRITE_SEEDS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == bytes, "{name}");
    }
}
