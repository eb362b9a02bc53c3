//! What the fuzz targets do, as plain functions that `cargo test` runs too.

pub mod log;

use std::sync::Arc;

use chrysalis_consensus::{
    Bytes, ByzantineConsensus, ChainId, CommitCertificate, Config, ConsensusError, Effect, Epoch, Evidence,
    Head, Height, Input, Json, LogRecord, Message, NodeId, PeerId, PolkaCertificate, Proposal, Round,
    Timeout, Validator, ValidatorSet, Value, Vote, VoteKind,
};
use chrysalis_crypto::ed25519::SigningKey;

/// A message: what is accepted has one encoding, and a head that can be read alone.
pub fn message(data: &[u8]) {
    match Message::from_bytes(data) {
        Ok(message) => {
            assert_eq!(message.to_bytes(), data);
            assert_eq!(Head::from_bytes(data), Ok(message.head()));
        }
        Err(ConsensusError::Malformed { at, .. }) => assert!(at <= data.len()),
        Err(_) => {}
    }
}

/// Sets, certificates, evidence and records.
pub fn proof(data: &[u8]) {
    if let Ok(set) = ValidatorSet::from_bytes(data) {
        assert_eq!(set.to_bytes(), data);
    }
    if let Ok(certificate) = CommitCertificate::from_bytes(data) {
        assert_eq!(certificate.to_bytes(), data);
        assert_eq!(certificate.votes().count(), certificate.signers().count());
    }
    if let Ok(certificate) = PolkaCertificate::from_bytes(data) {
        assert_eq!(certificate.to_bytes(), data);
    }
    if let Ok(evidence) = Evidence::from_bytes(data) {
        assert_eq!(evidence.to_bytes(), data);
    }
    if let Ok(record) = LogRecord::from_bytes(data) {
        assert_eq!(record.to_bytes(), data);
    }
}

/// Messages and log records of the engine of Raft.
#[cfg(feature = "raft")]
pub fn raft(data: &[u8]) {
    use chrysalis_consensus::engine::{RaftMessage, RaftRecord};
    if let Ok(message) = RaftMessage::from_bytes(data) {
        assert_eq!(message.to_bytes(), data);
    }
    if let Ok(record) = RaftRecord::from_bytes(data) {
        assert_eq!(record.to_bytes(), data);
    }
}

/// Values: what decodes has one encoding, and text that is made canonical decodes.
pub fn value(data: &[u8]) {
    if let Ok(value) = Json::decode(data) {
        assert_eq!(value.encode(), data);
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(value) = Json::new(text)
    {
        assert_eq!(Json::decode(&value.encode()), Ok(value));
    }
    assert_eq!(Bytes::decode(data).map(|value| value.encode()), Ok(data.to_vec()));
}

const VALIDATORS: u16 = 4;

fn key(number: u16) -> SigningKey {
    SigningKey::from_seed(&[u8::try_from(number).unwrap_or(0) + 1; 32])
}

/// A node that gets whatever comes: each three bytes are one input, from true and forged votes and proposals of liars to
/// timers that nobody armed and damaged messages. Whatever it is, the node's own votes never contradict each other.
pub fn node(data: &[u8]) {
    let chain = ChainId::new("fuzz").expect("a good name");
    let validators = (0..VALIDATORS)
        .map(|number| Validator {
            id: NodeId::new(&format!("v{number}")).expect("a good name"),
            key: key(number).public_key(),
            power: 1,
        })
        .collect();
    let set = ValidatorSet::new(Epoch(0), validators).expect("a good set");
    let config = Config::new(chain.clone());
    let mut node = ByzantineConsensus::<Bytes>::new(config, set.clone(), Some(Arc::new(key(0))))
        .expect("a good configuration");
    let mut said: Vec<Vote> = Vec::new();
    let mut effects = node.handle(Input::Start).expect("the first input");
    for input in data.chunks_exact(3).take(300) {
        let [what, place, content] = [input[0], input[1], input[2]];
        let height = Height(node.height().0.saturating_add(u64::from(place >> 6)).saturating_sub(1).max(1));
        let round = Round(u32::from(place & 7) * if place & 8 == 0 { 1 } else { 20 });
        let number = u16::from(what >> 4) % VALIDATORS;
        let text = [b'a' + content % 3];
        let digest = chrysalis_consensus::Digest::of(&text);
        let signer = key(number);
        let vote = |kind| {
            let digest = (content & 4 == 0).then_some(digest);
            let mut vote = Vote::sign(&signer, &chain, Epoch(0), height, round, kind, digest, number);
            vote.signature[3] ^= u8::from(content & 0xf8 == 0xf8);
            Message::Vote(vote)
        };
        let message = match what & 15 {
            0..=3 => vote(VoteKind::Prevote),
            4..=7 => vote(VoteKind::Precommit),
            8 | 9 => {
                let proposer = set.proposer(height, round);
                let signer = key(proposer);
                let proposal =
                    Proposal::sign(&signer, &chain, Epoch(0), height, round, None, digest, proposer);
                Message::Proposal { proposal, polka: None, value: text.to_vec() }
            }
            _ => {
                let timer = match what & 15 {
                    10 => Timeout::Propose(node.height(), node.round()),
                    11 => Timeout::Prevote(node.height(), node.round()),
                    12 => Timeout::Precommit(node.height(), node.round()),
                    13 => Timeout::Resend,
                    _ => {
                        let mut bytes = vote(VoteKind::Prevote).to_bytes();
                        let at = usize::from(place) % bytes.len();
                        bytes[at] ^= content;
                        let from = PeerId(u64::from(content));
                        let input = Input::Message { from, bytes: bytes.into() };
                        effects.extend(node.handle(input).expect("peers cause no errors"));
                        continue;
                    }
                };
                effects.extend(node.handle(Input::Timeout(timer)).expect("timers cause no errors"));
                continue;
            }
        };
        let from = PeerId(u64::from(number));
        let input = Input::Message { from, bytes: message.to_bytes().into() };
        effects.extend(node.handle(input).expect("peers cause no errors"));
        while !effects.is_empty() {
            for effect in std::mem::take(&mut effects) {
                let answer = match effect {
                    Effect::Log(records) => {
                        for record in records {
                            let LogRecord::Voted(vote) = record else { continue };
                            assert!(said.iter().all(|other| Evidence::of_votes(other, &vote).is_none()));
                            said.push(vote);
                        }
                        continue;
                    }
                    Effect::Validate { height, digest, .. } => {
                        Input::Validated { height, digest, valid: content & 16 == 0 }
                    }
                    Effect::GetValue { height, round } => {
                        Input::Value { height, round, value: Bytes::from(&text[..]) }
                    }
                    Effect::Decide(decision) => {
                        assert_eq!(decision.certificate.verify(&chain, &set), Ok(()));
                        Input::Executed { height: decision.height, validators: None }
                    }
                    _ => continue,
                };
                effects.extend(node.handle(answer).expect("answers to questions"));
            }
        }
    }
}
