//! The vectors that every language reads: statements and certificates. Their origin is this file, from fixed keys.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::Path;

use chrysalis_consensus::{
    ChainId, CommitCertificate, Digest, Epoch, Height, Proposal, Round, ValidatorSet, Vote, VoteKind,
};
use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_crypto::hex;
use common::*;
use serde_json::{Value, json};

fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/agreement.json")
}

fn read() -> Value {
    serde_json::from_str(&std::fs::read_to_string(path()).unwrap()).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

/// A set of three with unequal powers.
fn weighted() -> ValidatorSet {
    set(&[5, 3, 2])
}

fn certificates() -> Vec<Value> {
    let mut cases = Vec::new();
    let mut case = |name: &str, set: &ValidatorSet, certificate: Vec<u8>, code: Option<&str>| {
        cases.push(json!({
            "name": name,
            "chain": "test",
            "set": hex::encode(&set.to_bytes()),
            "certificate": hex::encode(&certificate),
            "code": code,
        }));
    };
    let four = set(&[1; 4]);
    case("a quorum of four", &four, commit(4, 7, 2, "a", &[0, 2, 3]).to_bytes(), None);
    case("all of four", &four, commit(4, 7, 2, "a", &[0, 1, 2, 3]).to_bytes(), None);
    case("half of four", &four, commit(4, 7, 2, "a", &[0, 3]).to_bytes(), Some("consensus/bad-proof"));
    case("nobody", &four, commit(4, 7, 2, "a", &[]).to_bytes(), Some("consensus/bad-proof"));
    case("seven of ten by weight", &weighted(), commit(3, 1, 0, "a", &[0, 2]).to_bytes(), None);
    case(
        "five of ten by weight",
        &weighted(),
        commit(3, 1, 0, "a", &[1, 2]).to_bytes(),
        Some("consensus/bad-proof"),
    );
    let thirty_one: Vec<u16> = (5..26).collect();
    case("21 of 31", &set(&[1; 31]), commit(31, 1, 0, "a", &thirty_one).to_bytes(), None);
    let mut other_round = commit(4, 7, 2, "a", &[0, 2, 3]).to_bytes();
    other_round[18] = 3;
    case("another round", &four, other_round, Some("consensus/bad-signature"));
    let mut other_signature = commit(4, 7, 2, "a", &[0, 2, 3]).to_bytes();
    *other_signature.last_mut().unwrap() ^= 1;
    case("a signature changed", &four, other_signature, Some("consensus/bad-signature"));
    let mut other_signer = commit(4, 7, 2, "a", &[0, 2, 3]).to_bytes();
    other_signer[56] = 0b0111;
    case("a signature under another name", &four, other_signer, Some("consensus/bad-signature"));
    let mut cut = commit(4, 7, 2, "a", &[0, 2, 3]).to_bytes();
    cut.pop();
    case("cut off", &four, cut, Some("consensus/malformed"));
    let mut unused_bit = commit(4, 7, 2, "a", &[0, 2, 3]).to_bytes();
    unused_bit[56] |= 0b1_0000;
    case("a bit for nobody", &four, unused_bit, Some("consensus/malformed"));
    let next = ValidatorSet::new(Epoch(1), validators(&[1; 4])).unwrap();
    case("another epoch", &next, commit(4, 7, 2, "a", &[0, 2, 3]).to_bytes(), Some("consensus/wrong-epoch"));
    case(
        "a set of another size",
        &set(&[1; 5]),
        commit(4, 7, 2, "a", &[0, 2, 3]).to_bytes(),
        Some("consensus/bad-proof"),
    );
    cases
}

fn statements() -> Vec<Value> {
    let seed = [42; 32];
    let key = SigningKey::from_seed(&seed);
    let chain = ChainId::new("test").unwrap();
    let digest = Digest::of(b"a");
    let mut cases = Vec::new();
    let mut case = |kind: &str, valid_round: Option<u32>, digest: Option<Digest>, statement: Vec<u8>| {
        cases.push(json!({
            "kind": kind,
            "chain": "test",
            "epoch": 3,
            "height": 9_007_199_254_740_991u64,
            "round": 4_294_967_295u32,
            "valid_round": valid_round,
            "value": digest.map(|_| "a"),
            "digest": digest.map(|digest| hex::encode(&digest.0)),
            "statement": hex::encode(&statement),
            "seed": hex::encode(&seed),
            "signature": key.sign_hex(&statement),
        }));
    };
    let (epoch, height, round) = (Epoch(3), Height(9_007_199_254_740_991), Round(u32::MAX));
    for (name, kind) in [("prevote", VoteKind::Prevote), ("precommit", VoteKind::Precommit)] {
        for digest in [None, Some(digest)] {
            case(name, None, digest, Vote::statement(&chain, epoch, height, round, kind, digest));
        }
    }
    for valid_round in [None, Some(0), Some(7)] {
        let statement = Proposal::statement(&chain, epoch, height, round, valid_round.map(Round), digest);
        case("proposal", valid_round, Some(digest), statement);
    }
    cases
}

fn sets() -> Vec<Value> {
    [set(&[1; 4]), weighted()]
        .iter()
        .map(|set| {
            let turns: Vec<_> = (0..10).map(|round| set.proposer(Height(1), Round(round))).collect();
            json!({
                "set": hex::encode(&set.to_bytes()),
                "digest": hex::encode(&set.digest().0),
                "quorum_power": set.quorum_power(),
                "faulty_power": set.faulty_power(),
                "proposers_at_height_1": turns,
            })
        })
        .collect()
}

/// The file is what this code makes of fixed keys, so old bytes stay readable and no one changes them unnoticed.
#[test]
fn the_kept_vectors_are_what_the_code_makes() {
    let made = json!({
        "origin": "made by rust-consensus/tests/vectors.rs from fixed keys; encodings in docs/encodings/agreement.md",
        "certificates": certificates(),
        "sets": sets(),
        "statements": statements(),
    });
    if std::env::var_os("CHRYSALIS_WRITE_VECTORS").is_some() {
        std::fs::create_dir_all(path().parent().unwrap()).unwrap();
        std::fs::write(path(), serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    assert_eq!(read(), made);
}

/// Reads the file as any other language does.
#[test]
fn the_kept_vectors_hold() {
    let vectors = read();
    let mut accepted = 0;
    for case in vectors["certificates"].as_array().unwrap() {
        let chain = ChainId::new(case["chain"].as_str().unwrap()).unwrap();
        let set = ValidatorSet::from_bytes(&bytes(&case["set"])).unwrap();
        let verdict = CommitCertificate::from_bytes(&bytes(&case["certificate"]))
            .and_then(|certificate| certificate.verify(&chain, &set))
            .map_err(|error| error.code());
        assert_eq!(verdict.err(), case["code"].as_str(), "{}", case["name"]);
        accepted += usize::from(verdict.is_ok());
    }
    assert_eq!(accepted, 4);
    for case in vectors["sets"].as_array().unwrap() {
        let set = ValidatorSet::from_bytes(&bytes(&case["set"])).unwrap();
        assert_eq!(set.digest().0[..], bytes(&case["digest"]));
        assert_eq!(set.quorum_power(), number(&case["quorum_power"]));
    }
    for case in vectors["statements"].as_array().unwrap() {
        let key = SigningKey::from_slice(&bytes(&case["seed"])).unwrap();
        assert_eq!(key.sign(&bytes(&case["statement"]))[..], bytes(&case["signature"]));
    }
}
