//! Proofs of records: valid ones with what they say, and each rule broken by itself.

use chrysalis_crypto::commit::{self, CommitHeader, RecordHeader, SALT_LENGTH, WriterId};
use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_crypto::merkle::{self, Hash};
use chrysalis_crypto::proof::{self, RecordProof};
use chrysalis_crypto::{hash, hex};
use serde_json::{Value, json};

use super::document::{OURS, Result, counting};

// Offsets of docs/encodings/entry.md, for the cases that no encoder would write.
const COMMIT: usize = 8;
const SIGNATURE: usize = COMMIT + 128;
const INDEX: usize = SIGNATURE + 64;
const CONTENT_LENGTH: usize = INDEX + 4;
const PATH: usize = CONTENT_LENGTH + 4;

pub(crate) fn proof() -> Result<Vec<Value>> {
    let mut out = Vec::new();
    let first = Journal { count: 1, index: 0, content: b"hello".to_vec(), ..Journal::default() }.proof()?;
    let middle = Journal::default().proof()?;
    for (name, case) in [
        ("the only record of a journal's first commit", first.clone()),
        ("record 3 of 5, with a causal context", middle.clone()),
        ("the last of 5, promoted twice", Journal { index: 4, ..Journal::default() }.proof()?),
        ("no content", Journal { content: vec![], ..Journal::default() }.proof()?),
        (
            "the largest numbers",
            Journal {
                first: u64::MAX - 5,
                time: u64::MAX,
                incarnation: u64::MAX,
                kind: u16::MAX,
                key_epoch: u32::MAX,
                ..Journal::default()
            }
            .proof()?,
        ),
        ("record 1 of 1000", Journal { count: 1000, index: 1, ..Journal::default() }.proof()?),
        ("the longest causal context", Journal { context: vec![7; 4096], ..Journal::default() }.proof()?),
    ] {
        out.push(valid(name, &case)?);
    }
    malformed(&mut out, &middle.to_bytes()?, &first.to_bytes()?);
    invalid(&mut out, &middle)?;
    Ok(out)
}

/// A made-up commit of `count` records, of which record `index` is proved.
struct Journal {
    first: u64,
    count: u32,
    index: u32,
    time: u64,
    incarnation: u64,
    kind: u16,
    key_epoch: u32,
    context: Vec<u8>,
    content: Vec<u8>,
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            first: 10,
            count: 5,
            index: 3,
            time: (1_795_132_800_000 << 16) | 3,
            incarnation: 0x0102_0304_0506_0708,
            kind: 1,
            key_epoch: 0,
            context: b"opaque context".to_vec(),
            content: "Größe 🦋: content is bytes, here text".as_bytes().to_vec(),
        }
    }
}

impl Journal {
    fn proof(&self) -> Result<RecordProof> {
        let key = SigningKey::from_seed(&counting());
        let salt: [u8; SALT_LENGTH] = *b"sixteen salt byt";
        let record = RecordHeader {
            kind: self.kind,
            namespace: *b"a namespace's id",
            key_epoch: self.key_epoch,
            time: self.time,
            content_length: u32::try_from(self.content.len())?,
            context: self.context.clone(),
            content_digest: commit::content_digest(&salt, &self.content),
        };
        // The other records are only seen as leaves.
        let mut leaves: Vec<Hash> =
            (0..self.count).map(|i| hash::blake3_hash(format!("leaf {i}").as_bytes())).collect();
        let index = usize::try_from(self.index)?;
        leaves[index] = record.leaf()?;
        let header = CommitHeader {
            writer: WriterId { key: key.public_key(), incarnation: self.incarnation },
            first: if self.count == 1 { 1 } else { self.first },
            count: self.count,
            time: self.time,
            previous: if self.count == 1 { [0; 32] } else { hash::blake3_hash(b"previous") },
            root: merkle::root(&leaves).ok_or("no leaves")?,
        };
        Ok(RecordProof {
            commit: header,
            signature: header.sign(&key),
            index: self.index,
            path: merkle::path(&leaves, index)?,
            record,
            salt,
            content: self.content.clone(),
        })
    }
}

fn valid(name: &str, case: &RecordProof) -> Result<Value> {
    let bytes = case.to_bytes()?;
    let verified = proof::verify(&bytes)?;
    let RecordProof { commit, index, record, content, .. } = verified.proof;
    Ok(json!({
        "name": name, "origin": OURS, "proof": hex::encode(&bytes),
        "expected": {
            "author": hex::encode(&commit.writer.key),
            "writer": commit.writer.name(),
            "sequence": verified.sequence.to_string(),
            "index": index,
            "count": commit.count,
            "leaf": hex::encode(&verified.leaf),
            "commit_hash": hex::encode(&verified.commit_hash),
            "kind": record.kind,
            "namespace": hex::encode(&record.namespace),
            "key_epoch": record.key_epoch,
            "time": record.time.to_string(),
            "context": hex::encode(&record.context),
            "content": hex::encode(&content),
        },
    }))
}

fn refused(name: &str, bytes: &[u8], code: &str) -> Value {
    json!({ "name": name, "origin": OURS, "proof": hex::encode(bytes), "error": code })
}

/// Bytes that are no proof. `good` has a path of 3 steps, `single` none.
fn malformed(out: &mut Vec<Value>, good: &[u8], single: &[u8]) {
    let record = PATH + 3 * 32;
    let mut push = |name: &str, bytes: &[u8]| out.push(refused(name, bytes, "MALFORMED"));
    push("nothing", b"");
    push("magic only", b"CHRP");
    push("last byte missing", &good[..good.len() - 1]);
    push("a byte too many", &[good, &[0]].concat());
    push("a path that takes the record's place", &with(single, 6, &[3]));
    for (name, offset, bytes) in [
        ("another magic", 0, &b"CHRQ"[..]),
        ("version 0", 4, &[0]),
        ("version 2", 4, &[2]),
        ("first reserved byte set", 5, &[1]),
        ("second reserved byte set", 7, &[1]),
        ("path of 21 steps", 6, &[21]),
        ("path one step shorter than written", 6, &[2]),
        ("commit header version 2", COMMIT, &[2]),
        ("commit header reserved byte set", COMMIT + 3, &[1]),
        ("commit of no records", COMMIT + 4, &0_u32.to_le_bytes()),
        ("commit of 2^20 + 1 records", COMMIT + 4, &((1_u32 << 20) + 1).to_le_bytes()),
        ("first sequence number 0", COMMIT + 48, &0_u64.to_le_bytes()),
        ("sequence numbers past 2^64", COMMIT + 48, &(u64::MAX - 4).to_le_bytes()),
        ("content length over the limit", CONTENT_LENGTH, &u32::MAX.to_le_bytes()),
        ("content length one too small", CONTENT_LENGTH, &39_u32.to_le_bytes()),
        ("record header version 2", record, &[2]),
        ("record header reserved byte set", record + 1, &[1]),
        ("record header content length over the limit", record + 32, &u32::MAX.to_le_bytes()),
        ("context of 4097 bytes", record + 36, &4097_u16.to_le_bytes()),
        ("record header reserved end set", record + 38, &[1, 0]),
    ] {
        push(name, &with(good, offset, bytes));
    }
}

/// Well-formed proofs of something that is not so.
fn invalid(out: &mut Vec<Value>, good: &RecordProof) -> Result<()> {
    let key = SigningKey::from_seed(&counting());
    let mut push = |name: &str, change: &dyn Fn(&mut RecordProof)| -> Result<()> {
        let mut changed = good.clone();
        change(&mut changed);
        out.push(refused(name, &changed.to_bytes()?, "INVALID_PROOF"));
        Ok(())
    };
    push("content changed", &|proof| proof.content[0] ^= 1)?;
    push("content shorter than its header says", &|proof| proof.content.truncate(1))?;
    push("header says another content length", &|proof| proof.record.content_length += 1)?;
    push("salt changed", &|proof| proof.salt[0] ^= 1)?;
    push("content digest changed", &|proof| proof.record.content_digest[0] ^= 1)?;
    push("kind changed", &|proof| proof.record.kind ^= 1)?;
    push("namespace changed", &|proof| proof.record.namespace[15] ^= 1)?;
    push("key epoch changed", &|proof| proof.record.key_epoch ^= 1)?;
    push("record time changed", &|proof| proof.record.time ^= 1)?;
    push("context changed", &|proof| proof.record.context[0] ^= 1)?;
    push("context dropped", &|proof| proof.record.context.clear())?;
    push("another index", &|proof| proof.index = 2)?;
    push("index outside the commit", &|proof| proof.index = 5)?;
    push("sibling changed", &|proof| proof.path[1][0] ^= 1)?;
    push("siblings swapped", &|proof| proof.path.swap(0, 1))?;
    push("a step missing", &|proof| proof.path.truncate(2))?;
    push("a step too many", &|proof| proof.path.push([0; 32]))?;
    push("commit count changed", &|proof| proof.commit.count = 6)?;
    push("commit time changed", &|proof| proof.commit.time ^= 1)?;
    push("sequence changed", &|proof| proof.commit.first += 1)?;
    push("previous commit changed", &|proof| proof.commit.previous[0] ^= 1)?;
    push("root changed", &|proof| proof.commit.root[0] ^= 1)?;
    push("incarnation changed", &|proof| proof.commit.writer.incarnation ^= 1)?;
    push("another author", &|proof| {
        proof.commit.writer.key = SigningKey::from_seed(&[8; 32]).public_key();
    })?;
    push("an author that is no point of the curve", &|proof| {
        proof.commit.writer.key = [0; 32];
        proof.commit.writer.key[0] = 2;
    })?;
    push("R of the signature changed", &|proof| proof.signature[0] ^= 1)?;
    push("S of the signature changed", &|proof| proof.signature[32] ^= 1)?;
    push("no signature", &|proof| proof.signature = [0; 64])?;
    push("signature of the header without its tag", &|proof| {
        proof.signature = key.sign(&proof.commit.to_bytes());
    })?;
    push("signature of the commit hash", &|proof| proof.signature = key.sign(&proof.commit.hash()))?;
    Ok(())
}

/// `bytes` with `new` written at `offset`.
fn with(bytes: &[u8], offset: usize, new: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out[offset..offset + new.len()].copy_from_slice(new);
    out
}
