//! The inputs that are kept for the fuzz targets around the vote log.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use chrysalis_consensus::checkpoint::{Checkpoint, CheckpointVote, Manifest, StableCheckpoint};
use chrysalis_consensus::log::{Begin, Head};
use chrysalis_consensus::transfer::{Claim, Request, Response};
use chrysalis_consensus::{ChainId, Epoch, Height, NodeId, Origin, Validator, ValidatorSet};
use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_journal::disk::DirFingerprint;

fn directory(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target)
}

fn set(epoch: u64) -> ValidatorSet {
    let validator = |n: u8| Validator {
        id: NodeId::new(&format!("n{n}")).unwrap(),
        key: SigningKey::from_seed(&[n; 32]).public_key(),
        power: u64::from(n),
    };
    ValidatorSet::new(Epoch(epoch), vec![validator(1), validator(2)]).unwrap()
}

/// The inputs kept for the fuzz targets are what the code writes.
#[test]
fn kept_inputs_are_whole() {
    let chain = ChainId::new("fuzz").unwrap();
    let origin = Origin { height: Height(8), validators: set(0), upcoming: vec![(Height(9), set(1))] };
    let manifest = Manifest::of(origin.clone(), b"state").unwrap();
    let checkpoint = Checkpoint { epoch: Epoch(0), height: Height(7), state: manifest.digest() };
    let vote = CheckpointVote::sign(&chain, &set(0), checkpoint, &SigningKey::from_seed(&[2; 32])).unwrap();
    let stable = StableCheckpoint { checkpoint, signatures: vec![(1, vote.signature)] };
    let claim = Claim { decided: Height(9), oldest: Height(3), checkpoint: Height(7) };
    let place = DirFingerprint { inode: Some(5), birth_ns: None };
    let begin = Begin {
        generation: 2,
        window: 8,
        origin: origin.clone(),
        checkpoint: Some(stable.clone()),
        vote: Some(vote),
    };
    let new = Begin { generation: 1, window: 8, origin: set(0).into(), checkpoint: None, vote: None };
    let kept = [
        ("head", Head { generation: 3, chain: Head::chain_digest(&chain), key: [2; 32], place }.to_bytes()),
        ("begin", begin.to_bytes()),
        ("begin-new", new.to_bytes()),
        ("vote", vote.to_bytes()),
        ("stable", stable.to_bytes()),
        ("manifest", manifest.to_bytes()),
        ("claim", claim.to_bytes()),
        ("ask-range", Request::Range { request: 1, from: Height(1), count: 9 }.to_bytes()),
        ("ask-manifest", Request::Manifest { request: 2 }.to_bytes()),
        ("ask-chunk", Request::Chunk { request: 3, height: Height(7), index: 0 }.to_bytes()),
        ("range", Response::Range { request: 1, items: Vec::new() }.to_bytes()),
        ("manifest-answer", Response::Manifest { request: 2, checkpoint: stable, manifest }.to_bytes()),
        ("chunk", Response::Chunk { request: 3, bytes: b"state".to_vec() }.to_bytes()),
        ("unavailable", Response::Unavailable { request: 4, claim }.to_bytes()),
    ];
    for (name, bytes) in kept {
        let path = directory("log_part").join(name);
        if std::env::var_os("CHRYSALIS_WRITE_SEEDS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == bytes, "{name}");
    }
}
