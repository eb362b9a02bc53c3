//! The fuzz targets without libFuzzer: every seed, changed copies of them, and inputs from nothing.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;
#[expect(unreachable_pub, clippy::expect_used, reason = "the fuzz targets' library, built as a module here")]
#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::path::Path;

use chrysalis_consensus::VoteKind::{Precommit, Prevote};
use chrysalis_consensus::{Evidence, Height, LogRecord, Message};
use chrysalis_fuzz_replay::{Random, generate, replay};
use common::*;

#[test]
fn messages() {
    replay("message", targets::message, 20_000);
}

#[test]
fn proofs() {
    replay("proof", targets::proof, 20_000);
}

#[test]
fn values() {
    replay("value", targets::value, 20_000);
}

#[test]
fn log_parts() {
    replay("log_part", targets::log::part, 20_000);
}

#[test]
fn catch_ups() {
    replay("catchup", targets::log::catchup, 2000);
}

#[test]
fn vote_logs() {
    replay("vote_log", targets::log::vote_log, 500);
}

#[cfg(feature = "raft")]
#[test]
fn raft_messages_and_records() {
    replay("raft", targets::raft, 20_000);
}

#[test]
fn nodes() {
    replay("node", targets::node, 40);
}

/// Random inputs from nothing, so that no seed's shape is needed to go deep.
#[test]
fn nodes_at_random() {
    let make =
        |random: &mut Random| (0..300).flat_map(|_| random.next().to_le_bytes()[..3].to_vec()).collect();
    generate("node at random", make, targets::node, 40);
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

fn directory(target: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target)
}
