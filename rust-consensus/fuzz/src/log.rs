//! The vote log, checkpoints and catching up.

use std::sync::Arc;

use chrysalis_consensus::catchup::{CatchUp, CatchUpConfig, CatchUpEffect, CatchUpInput, MAX_OPEN_RANGES};
use chrysalis_consensus::checkpoint::{CheckpointVote, Manifest, StableCheckpoint};
use chrysalis_consensus::log::{Begin, Head, LogOptions, VoteLog};
use chrysalis_consensus::transfer::{Claim, Request, Response};
use chrysalis_consensus::vote::{Vote, VoteKind};
use chrysalis_consensus::{
    ChainId, ConsensusError, Digest, Epoch, Height, LogRecord, NodeId, PeerId, Round, Validator, ValidatorSet,
};
use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_journal::{Disk, MemoryDisk, OpenMode};

/// Everything that is read from a log or a peer that catches up: what is accepted has one encoding.
pub fn part(data: &[u8]) {
    if let Ok(head) = Head::from_bytes(data) {
        assert_eq!(head.to_bytes(), data);
    }
    if let Ok(begin) = Begin::from_bytes(data) {
        assert_eq!(begin.to_bytes(), data);
    }
    if let Ok(vote) = CheckpointVote::from_bytes(data) {
        assert_eq!(vote.to_bytes(), data);
    }
    if let Ok(stable) = StableCheckpoint::from_bytes(data) {
        assert_eq!(stable.to_bytes(), data);
    }
    if let Ok(manifest) = Manifest::from_bytes(data) {
        assert_eq!(manifest.to_bytes(), data);
        assert!(manifest.chunk_length(u32::MAX).is_none());
    }
    if let Ok(claim) = Claim::from_bytes(data) {
        assert_eq!(claim.to_bytes(), data);
    }
    if let Ok(request) = Request::from_bytes(data) {
        assert_eq!(request.to_bytes(), data);
    }
    if let Ok(response) = Response::from_bytes(data) {
        assert_eq!(response.to_bytes(), data);
    }
}

fn chain() -> ChainId {
    ChainId::new("fuzz").expect("a good name")
}

fn key() -> SigningKey {
    SigningKey::from_seed(&[1; 32])
}

fn set() -> ValidatorSet {
    let id = NodeId::new("v0").expect("a good name");
    let validator = Validator { id, key: key().public_key(), power: 1 };
    ValidatorSet::new(Epoch(0), vec![validator]).expect("a good set")
}

/// A member that catches up and gets whatever comes: the first byte of each 40 says which input the others are made
/// into. Nothing of it is proved, so nothing may come of it.
pub fn catchup(data: &[u8]) {
    let mut machine = CatchUp::new(CatchUpConfig::new(chain()), set().into()).expect("a good configuration");
    let mut open: Vec<(PeerId, u64)> = Vec::new();
    for input in data.chunks(40) {
        let (what, rest) = (input[0], &input[1..]);
        let peer = PeerId(u64::from(what >> 4));
        let number = |at: usize| {
            let bytes: Vec<u8> = rest.iter().copied().skip(at).chain([0; 8]).take(8).collect();
            u64::from_le_bytes(bytes.try_into().expect("eight bytes"))
        };
        let input = match what & 7 {
            0 | 1 => {
                let (decided, oldest) = (Height(number(0)), Height(number(8) % 4));
                CatchUpInput::Claim { peer, claim: Claim { decided, oldest, checkpoint: Height(number(16)) } }
            }
            2 => CatchUpInput::Deadline { request: open.pop().map_or(number(0), |(_, request)| request) },
            3 => CatchUpInput::Gone { peer },
            4 => CatchUpInput::Trust(set()),
            // An answer to something that was asked, with the fuzzer's bytes behind its number.
            5 | 6 if !open.is_empty() => {
                let (peer, request) = open.remove(usize::from(what >> 3) % open.len());
                let kind = 0x64 + what % 4;
                let bytes = [&[1, kind][..], &request.to_le_bytes(), rest].concat();
                CatchUpInput::Response { peer, bytes }
            }
            _ => CatchUpInput::Response { peer, bytes: rest.to_vec() },
        };
        for effect in machine.handle(input) {
            match effect {
                CatchUpEffect::Send { peer, bytes } => {
                    match Request::from_bytes(&bytes).expect("own bytes") {
                        Request::Range { request, .. }
                        | Request::Manifest { request }
                        | Request::Chunk { request, .. } => {
                            open.push((peer, request));
                        }
                    }
                }
                CatchUpEffect::Decide { .. } | CatchUpEffect::Install { .. } => panic!("nothing was proved"),
                _ => {}
            }
        }
        let oldest = open.len().saturating_sub(4 * MAX_OPEN_RANGES);
        open.drain(..oldest);
    }
    assert_eq!(machine.next(), Height(1));
}

/// A whole log whose files were changed: it opens with all that was acknowledged, or with less only where the change looks
/// like a crash, or says what is damaged. `data` is a list of changes, each a file, a place of two bytes and what is done
/// there.
pub fn vote_log(data: &[u8]) {
    let options = LogOptions {
        create: Some(set().into()),
        segment_bytes: 1024,
        ..LogOptions::new(chain(), key().public_key())
    };
    let vote = |round| {
        let (epoch, height, kind) = (Epoch(0), Height(1), VoteKind::Prevote);
        let digest = Some(Digest([7; 32]));
        LogRecord::Voted(Vote {
            epoch,
            height,
            round: Round(round),
            kind,
            digest,
            validator: 0,
            signature: [9; 64],
        })
    };
    let disk = MemoryDisk::new();
    let opened = VoteLog::open(Arc::new(disk.clone()), options.clone());
    let (mut log, _) = opened.expect("an empty disk takes a log");
    let votes: Vec<LogRecord> = (0..5).map(vote).collect();
    for vote in &votes {
        log.append(std::slice::from_ref(vote)).expect("memory does not fail");
    }
    // As a killed process leaves it.
    let disk = disk.copy();
    drop(log);
    let generation = "0000000000000001";
    let writers = format!("{generation}/writers");
    let journal = disk.list(&writers).expect("it was written").remove(0);
    let names = disk.list(&format!("{writers}/{journal}")).expect("it was written");
    let mut paths: Vec<String> =
        names.into_iter().map(|name| format!("{writers}/{journal}/{name}")).collect();
    paths.extend(["CURRENT".to_owned(), format!("{generation}/FORMAT")]);
    for change in data.chunks_exact(5) {
        let path = &paths[usize::from(change[0]) % paths.len()];
        let file = disk.open(path, OpenMode::Write).expect("it was written");
        let length = file.len().expect("memory does not fail");
        let at = u64::from(u16::from_le_bytes([change[1], change[2]])) % (length + 16);
        let result = match change[3] % 4 {
            0 => file.set_len(at),
            1 => file.write_all_at(&[change[4]; 64], at),
            _ => file.write_all_at(&change[4..], at),
        };
        result.expect("memory does not fail");
    }
    match VoteLog::open(Arc::new(disk.clone()), options.clone()) {
        Ok((mut log, recovered)) => {
            assert_eq!(recovered.records[..], votes[..recovered.records.len()], "never anything else");
            log.append(&[vote(9)]).expect("it goes on");
            drop(log);
            let (_, again) = VoteLog::open(Arc::new(disk), options).expect("it stays whole");
            assert_eq!(again.records.len(), recovered.records.len() + 1);
        }
        Err(
            ConsensusError::LogDamaged { .. }
            | ConsensusError::InvalidLog { .. }
            | ConsensusError::UnsupportedVersion { .. }
            | ConsensusError::Journal(_),
        ) => {}
        Err(other) => panic!("{other}"),
    }
}
