//! Rule by rule, on one node: what it says to what it hears.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod admission;
mod heights;
mod loss;
mod restart;
mod rounds;
mod validators;

use std::time::Duration;

use chrysalis_consensus::VoteKind::{Precommit, Prevote};
use chrysalis_consensus::{
    Config, ConsensusError, Effect, Epoch, Height, Input, LogRecord, Message, Offence, Origin, PeerId,
    Proposal, Round, Step, Timeout, ValidatorSet, Vote,
};
use common::*;

const H: Height = Height(1);

fn propose(round: u32) -> Timeout {
    Timeout::Propose(H, Round(round))
}

/// Validator 0 of four equal ones. The proposers of rounds 0, 1, 2, 3 of height 1 are 1, 2, 3, 0.
fn bench() -> Bench {
    Bench::new(0, 4)
}

/// A proposal that comes with a polka of an earlier round.
fn again(round: u32, valid_round: u32, text: &str, signers: &[u16]) -> Message {
    let proposer = set(&[1; 4]).proposer(H, Round(round));
    Message::Proposal {
        proposal: proposal_of(proposer, 1, round, Some(valid_round), text),
        polka: Some(polka(4, valid_round, text, signers)),
        value: text.as_bytes().to_vec(),
    }
}

/// A bench that is locked on `a` in round 0 and has gone to round 1.
fn locked() -> Bench {
    let mut bench = bench();
    let set = bench.set.clone();
    let effects = bench.messages(&[
        proposal(&set, 0, "a"),
        prevote(1, 0, Some("a")),
        prevote(2, 0, Some("a")),
        precommit(2, 0, None),
        precommit(3, 0, None),
    ]);
    assert_eq!(votes(&effects), [(Prevote, 0, Some(digest("a"))), (Precommit, 0, Some(digest("a")))]);
    assert_eq!(bench.node.locked(), Some((Round(0), digest("a"))));
    bench.timeout(Timeout::Precommit(H, Round(0)));
    assert_eq!((bench.node.round(), bench.node.step()), (Round(1), Step::Propose));
    bench
}
