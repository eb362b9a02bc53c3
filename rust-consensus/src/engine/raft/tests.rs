//! Every message and record has one encoding, and those kept for the fuzz target are what the code writes.

use std::path::Path;
use std::sync::Arc;

use chrysalis_crypto::ed25519::SigningKey;
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse, VoteRequest, VoteResponse};
use openraft::{CommittedLeaderId, EntryPayload};

use super::machine::Machine;
use super::message::{Body, Chunk, RaftMessage};
use super::record::{Begin, RaftRecord, Record, Verdict};
use super::types::{LogEntry, LogId, Member, Membership, Submission, Turn, Vote};
use crate::error::ConsensusError;
use crate::id::{ChainId, Epoch, Height, NodeId};
use crate::validator::{Validator, ValidatorSet};

fn key(n: u8) -> SigningKey {
    SigningKey::from_seed(&[n; 32])
}

fn member(n: u8) -> Member {
    Member(key(n).public_key())
}

fn set(epoch: u64) -> ValidatorSet {
    let validator = |n| Validator { id: NodeId::new(&format!("n{n}")).unwrap(), key: member(n).0, power: 1 };
    ValidatorSet::new(Epoch(epoch), (1..=3).map(validator).collect()).unwrap()
}

fn log_id(term: u64, index: u64) -> LogId {
    LogId::new(CommittedLeaderId::new(term, member(1)), index)
}

fn entries() -> Vec<LogEntry> {
    let voters = (1..=3).map(member).collect();
    let learners: std::collections::BTreeSet<_> = [member(4)].into();
    let submission =
        Submission { origin: member(2), turn: Turn { life: 3, number: 4 }, value: Arc::from(&b"value"[..]) };
    let payloads = [
        EntryPayload::Membership(Membership::new(vec![voters], learners)),
        EntryPayload::Blank,
        EntryPayload::Normal(submission),
    ];
    let entry = |(index, payload)| LogEntry { log_id: log_id(2, index), payload };
    (0..).zip(payloads).map(entry).collect()
}

fn machine() -> Machine {
    let mut machine = Machine::new(set(0));
    for entry in entries() {
        machine.advance(&entry, None);
    }
    machine
}

fn messages() -> Vec<(&'static str, Vec<u8>)> {
    let vote = Vote::new_committed(2, member(1));
    let chunk = Chunk { vote, digest: [5; 32], total: 9, offset: 4, bytes: b"state".to_vec() };
    let submit = Body::Submit {
        epoch: Epoch(1),
        first: Turn { life: 1, number: 2 },
        values: vec![Arc::from(&b"a"[..]), Arc::from(&b"bc"[..])],
    };
    let append = AppendEntriesRequest {
        vote,
        prev_log_id: None,
        entries: entries(),
        leader_commit: Some(log_id(2, 1)),
    };
    let bodies = [
        ("append", Body::Append(append)),
        ("vote", Body::Vote(VoteRequest::new(Vote::new(3, member(2)), Some(log_id(2, 2))))),
        ("chunk", Body::Chunk(chunk)),
        ("submit", submit),
        ("appended", Body::Appended(AppendEntriesResponse::Success)),
        ("appended-part", Body::Appended(AppendEntriesResponse::PartialSuccess(Some(log_id(2, 1))))),
        ("appended-conflict", Body::Appended(AppendEntriesResponse::Conflict)),
        ("appended-not", Body::Appended(AppendEntriesResponse::HigherVote(vote))),
        ("voted", Body::Voted(VoteResponse::new(vote, None, true))),
        ("taken", Body::Taken(4)),
        ("installed", Body::Installed(vote)),
    ];
    let chain = ChainId::new("test").unwrap();
    let sign =
        |body| RaftMessage::sign(&chain, &key(1), member(2), Turn { life: 1, number: 7 }, body).to_bytes();
    bodies.into_iter().map(|(name, body)| (name, sign(body))).collect()
}

fn records() -> Vec<(&'static str, Vec<u8>)> {
    let vote = Vote::new(2, member(1));
    let purged = Some(log_id(2, 0));
    let begin =
        Begin { generation: 3, life: 2, vote: Some(vote), purged, machine: machine(), is_installed: true };
    let entry = entries().pop().unwrap();
    let verdict = Verdict { height: Height(3), is_refused: false, change: Some(set(1)) };
    let records = [
        ("record-begin", Record::Begin(Box::new(begin))),
        ("record-life", Record::Life(4)),
        ("record-vote", Record::Vote(vote)),
        ("record-entry", Record::Entry(entry)),
        ("record-cut", Record::Cut(9)),
        ("record-verdict", Record::Verdict(verdict)),
    ];
    records.into_iter().map(|(name, record)| (name, RaftRecord(record).to_bytes())).collect()
}

/// What a reader makes of bytes, written again.
fn again_message(bytes: &[u8]) -> Result<Vec<u8>, ConsensusError> {
    RaftMessage::from_bytes(bytes).map(|message| message.to_bytes())
}

fn again_record(bytes: &[u8]) -> Result<Vec<u8>, ConsensusError> {
    RaftRecord::from_bytes(bytes).map(|record| record.to_bytes())
}

#[test]
fn messages_and_records_have_one_encoding() {
    type Again = fn(&[u8]) -> Result<Vec<u8>, ConsensusError>;
    let kept = messages().into_iter().map(|kept| (kept, again_message as Again));
    for ((name, bytes), again) in kept.chain(records().into_iter().map(|kept| (kept, again_record as Again)))
    {
        assert_eq!(again(&bytes).as_deref(), Ok(&bytes[..]), "{name}");
        for length in 0..bytes.len() {
            assert!(again(&bytes[..length]).is_err(), "{name} cut to {length}");
        }
        assert!(again(&[&bytes[..], &[0]].concat()).is_err(), "{name} and a byte");
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(
                again(&changed).is_err() || again(&changed).as_deref() == Ok(&changed[..]),
                "{name}, {bit}"
            );
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/raft").join(name);
        if std::env::var_os("CHRYSALIS_WRITE_SEEDS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == bytes, "{name} is kept otherwise");
    }
}

/// whatever is changed in a message, and in another cluster, its signature does not hold.
#[test]
fn r_05_messages_are_signed() {
    let (ours, other) = (ChainId::new("test").unwrap(), ChainId::new("other").unwrap());
    for (name, bytes) in messages() {
        let message = RaftMessage::from_bytes(&bytes).unwrap();
        assert!(message.is_signed(&ours) && !message.is_signed(&other), "{name}");
        for at in 2..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            if let Ok(message) = RaftMessage::from_bytes(&changed) {
                assert!(!message.is_signed(&ours), "{name}, byte {at}");
            }
        }
    }
}

#[test]
fn messages_that_no_member_sends_are_refused() {
    let bytes = |name| messages().into_iter().find(|(kept, _)| *kept == name).unwrap().1;
    let large = vec![1; crate::message::MAX_MESSAGE_BYTES + 1];
    assert!(matches!(RaftMessage::from_bytes(&large), Err(ConsensusError::TooLarge { .. })));
    assert_eq!(again_message(&[2, 0x80]), Err(ConsensusError::UnsupportedVersion { found: 2 }));
    // Numbers that would overflow when they are counted on.
    let mut vote = bytes("vote");
    vote[2 + 64 + 16 + 7] = 0x10;
    assert!(matches!(again_message(&vote), Err(ConsensusError::Malformed { .. })));
    // A list that is longer than the message.
    let mut submit = bytes("submit");
    let count = 2 + 64 + 16 + 8 + 16;
    submit[count..count + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(again_message(&submit).is_err());
    // A part that begins behind the end, or has nothing.
    let mut chunk = bytes("chunk");
    let offset = 2 + 64 + 16 + 41 + 32 + 8;
    chunk[offset..offset + 8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(again_message(&chunk).is_err());
}

#[test]
fn snapshots_come_back() {
    let machine = machine();
    let bytes = machine.snapshot(b"state");
    assert_eq!(Machine::from_snapshot(&bytes), Ok((machine.clone(), &b"state"[..])));
    // Of the machine, not of the application's state, something is missing.
    let length = bytes.len() - b"state".len();
    for length in 0..length {
        assert!(Machine::from_snapshot(&bytes[..length]).is_err());
    }
    assert_eq!(machine.session(member(2)), Turn { life: 3, number: 4 });
    assert_eq!(machine.height(), Height(3));
}

/// A submission is executed once, however often it is in the log, and never for one who is no member.
#[test]
fn submissions_count_once() {
    let mut machine = machine();
    let submission = |origin, life, number| LogEntry {
        log_id: log_id(2, 9),
        payload: EntryPayload::Normal(Submission {
            origin,
            turn: Turn { life, number },
            value: Arc::from(&b"v"[..]),
        }),
    };
    for (life, number, is_new) in [(3, 4, false), (2, 9, false), (3, 5, true), (4, 1, true)] {
        assert_eq!(machine.value(&submission(member(2), life, number)).is_some(), is_new);
    }
    assert!(machine.value(&submission(member(9), 1, 1)).is_none());
    machine.advance(&submission(member(2), 4, 1), None);
    assert!(machine.value(&submission(member(2), 4, 1)).is_none());
}

#[test]
fn sets_of_unequal_power_are_refused() {
    let mut validators = set(0).validators().to_vec();
    assert!(machine().next_set(validators.clone()).is_ok());
    validators[0].power = 2;
    let refused = machine().next_set(validators);
    assert!(matches!(refused, Err(ConsensusError::InvalidValidatorSet(_))));
}
