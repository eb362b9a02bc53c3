//! Hashes, fingerprints, hexadecimal, comparison.

use chrysalis_crypto::hash::{self, HashAlgorithm, IncrementalHasher};
use chrysalis_crypto::{fingerprint, hex};
use serde_json::{Value, json};

use super::document::{CONTRACT, OURS, Result, published};

const FIPS: &str = "FIPS 180-4, as in the NIST example values";
const FIPS_202: &str = "FIPS 202, as in the NIST example values";
const BLAKE3: &str = "BLAKE3 test_vectors.json, input bytes i mod 251, first 32 bytes";

/// Bytes given by a repeated unit.
struct Input {
    unit: Vec<u8>,
    length: usize,
}

impl Input {
    fn text(text: &str) -> Self {
        Self { unit: text.as_bytes().to_vec(), length: text.len() }
    }

    fn counting(length: usize) -> Self {
        Self { unit: (0..251).collect(), length }
    }

    fn bytes(&self) -> Vec<u8> {
        self.unit.iter().copied().cycle().take(self.length).collect()
    }

    fn json(&self) -> Value {
        if self.length <= 64 {
            json!({ "hex": hex::encode(&self.bytes()) })
        } else {
            json!({ "repeat": hex::encode(&self.unit), "length": self.length })
        }
    }
}

pub(crate) fn hash() -> Result<Vec<Value>> {
    use HashAlgorithm::{Blake3, Sha3_256, Sha3_384, Sha3_512, Sha256, Sha384, Sha512};
    let million = || Input { unit: b"a".to_vec(), length: 1_000_000 };
    let cases = [
        (
            Sha256,
            "empty",
            Input::text(""),
            FIPS,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        (
            Sha256,
            "abc",
            Input::text("abc"),
            FIPS,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            Sha256,
            "a million times a",
            million(),
            FIPS,
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
        ),
        (
            Sha384,
            "empty",
            Input::text(""),
            FIPS,
            "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
        ),
        (
            Sha384,
            "abc",
            Input::text("abc"),
            FIPS,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            Sha384,
            "a million times a",
            million(),
            FIPS,
            "9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b07b8b3dc38ecc4ebae97ddd87f3d8985",
        ),
        (
            Sha512,
            "empty",
            Input::text(""),
            FIPS,
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
        ),
        (
            Sha512,
            "abc",
            Input::text("abc"),
            FIPS,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
        (
            Sha512,
            "a million times a",
            million(),
            FIPS,
            "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973ebde0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b",
        ),
        (
            Sha3_256,
            "empty",
            Input::text(""),
            FIPS_202,
            "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a",
        ),
        (
            Sha3_256,
            "abc",
            Input::text("abc"),
            FIPS_202,
            "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
        ),
        (
            Sha3_256,
            "a million times a",
            million(),
            FIPS_202,
            "5c8875ae474a3634ba4fd55ec85bffd661f32aca75c6d699d0cdcb6c115891c1",
        ),
        (
            Sha3_384,
            "empty",
            Input::text(""),
            FIPS_202,
            "0c63a75b845e4f7d01107d852e4c2485c51a50aaaa94fc61995e71bbee983a2ac3713831264adb47fb6bd1e058d5f004",
        ),
        (
            Sha3_384,
            "abc",
            Input::text("abc"),
            FIPS_202,
            "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25",
        ),
        (
            Sha3_384,
            "a million times a",
            million(),
            FIPS_202,
            "eee9e24d78c1855337983451df97c8ad9eedf256c6334f8e948d252d5e0e76847aa0774ddb90a842190d2c558b4b8340",
        ),
        (
            Sha3_512,
            "empty",
            Input::text(""),
            FIPS_202,
            "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a615b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26",
        ),
        (
            Sha3_512,
            "abc",
            Input::text("abc"),
            FIPS_202,
            "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
        ),
        (
            Sha3_512,
            "a million times a",
            million(),
            FIPS_202,
            "3c3a876da14034ab60627c077bb98f7e120a2a5370212dffb3385a18d4f38859ed311d0a9d5141ce9cc5c66ee689b266a8aa18ace8282a0e0db596c90b0a7b87",
        ),
        (
            Blake3,
            "empty",
            Input::text(""),
            BLAKE3,
            "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
        ),
        (
            Blake3,
            "abc",
            Input::text("abc"),
            "BLAKE3 of abc, as printed by b3sum",
            "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
        ),
        (
            Blake3,
            "1 byte",
            Input::counting(1),
            BLAKE3,
            "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
        ),
        (
            Blake3,
            "1023 bytes",
            Input::counting(1023),
            BLAKE3,
            "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11",
        ),
        (
            Blake3,
            "1024 bytes",
            Input::counting(1024),
            BLAKE3,
            "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
        ),
        (
            Blake3,
            "1025 bytes",
            Input::counting(1025),
            BLAKE3,
            "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
        ),
        (
            Blake3,
            "4097 bytes",
            Input::counting(4097),
            BLAKE3,
            "9b4052b38f1c5fc8b1f9ff7ac7b27cd242487b3d890d15c96a1c25b8aa0fb995",
        ),
        (
            Blake3,
            "102400 bytes",
            Input::counting(102_400),
            BLAKE3,
            "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085",
        ),
    ];
    let mut out = Vec::new();
    for (algorithm, name, input, origin, expected) in cases {
        let name = format!("{algorithm:?}, {name}");
        let digest = published(&name, &hash::hash(&input.bytes(), algorithm), expected)?;
        out.push(json!({
            "name": name, "origin": origin, "algorithm": u32::from(algorithm),
            "input": input.json(), "expected": digest,
        }));
    }
    for number in [7, 255, u32::MAX] {
        out.push(json!({
            "name": format!("algorithm {number} is not offered"), "origin": OURS, "algorithm": number,
            "input": Input::text("abc").json(), "error": "UNSUPPORTED",
            "error_text": "Unsupported algorithm: unknown hash algorithm number",
        }));
    }
    Ok(out)
}

pub(crate) fn incremental() -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for &algorithm in HashAlgorithm::ALL {
        for (name, length, chunks) in [
            ("no piece at all", 0, vec![]),
            ("only empty pieces", 0, vec![0, 0]),
            ("bytes one by one", 5, vec![1; 5]),
            ("around the block sizes", 1025, vec![63, 1, 64, 127, 1, 0, 128, 640, 1]),
            ("one large piece, one small", 70_001, vec![70_000, 1]),
        ] {
            let input = Input::counting(length);
            let bytes = input.bytes();
            let (mut hasher, mut rest) = (IncrementalHasher::new(algorithm), &bytes[..]);
            for &chunk in &chunks {
                let (head, tail) = rest.split_at(chunk);
                hasher.update(head)?;
                rest = tail;
            }
            let expected = hex::encode(&hash::hash(&bytes, algorithm));
            let digest = published(name, &hasher.finalize()?, &expected)?;
            out.push(json!({
                "name": format!("{algorithm:?}, {name}"), "origin": OURS, "algorithm": u32::from(algorithm),
                "input": input.json(), "chunks": chunks, "expected": digest,
            }));
        }
    }
    Ok(out)
}

pub(crate) fn agent_fingerprint() -> Result<Vec<Value>> {
    let golden = fingerprint::compute_agent_fingerprint("agent-001", "TestAgent", "2024-01-01T00:00:00Z");
    let expected =
        "64792579433325b74b7bcb927fdca324b5644bee1d802134af7cb59a44230c8b0de329eb80347ae2b4738b9ebf72a0a9";
    if golden != expected {
        return Err("agent fingerprint differs from the contract".into());
    }
    let case = |name: &str, origin: &str, id: &str, agent: &str, created: &str| {
        json!({
            "name": name, "origin": origin, "agent_id": id, "agent_name": agent, "created_at": created,
            "expected": fingerprint::compute_agent_fingerprint(id, agent, created),
        })
    };
    Ok(vec![
        case("contract", CONTRACT, "agent-001", "TestAgent", "2024-01-01T00:00:00Z"),
        case("empty fields", OURS, "", "", ""),
        case("beyond ASCII", OURS, "agent-é", "Größe 🦋", "t"),
        case("a colon in the id", OURS, "a:b", "c", "t"),
        case("a colon in the name, same fingerprint", OURS, "a", "b:c", "t"),
    ])
}

pub(crate) fn state_hash() -> Result<Vec<Value>> {
    let golden = fingerprint::compute_state_hash(r#"{"a":1}"#);
    if golden != "d59b6562d7c9b121bc9760873d787890ef4d429aad33a70b405baa0fa08a1f53" {
        return Err("state hash differs from the contract".into());
    }
    let case = |name: &str, origin: &str, state: &str| {
        json!({
            "name": name, "origin": origin, "state_json": state,
            "expected": fingerprint::compute_state_hash(state),
        })
    };
    Ok(vec![
        case("contract", CONTRACT, r#"{"a":1}"#),
        case("spacing counts", OURS, r#"{"a": 1}"#),
        case("empty text", OURS, ""),
        case("beyond ASCII", OURS, r#"{"name":"Größe 🦋"}"#),
    ])
}

pub(crate) fn hex_decode() -> Vec<Value> {
    let good = |text: &str, bytes: &str| json!({ "name": format!("reads {text:?}"), "origin": OURS, "text": text, "expected": bytes });
    let bad = |text: &str, reason: &str| {
        json!({
            "name": format!("refuses {text:?}"), "origin": CONTRACT, "text": text, "error": "INVALID_HEX",
            "error_text": format!("Invalid hex encoding: {reason}"),
        })
    };
    vec![
        good("", ""),
        good("00ff10", "00ff10"),
        good("AbCdEf", "abcdef"),
        bad("0", "Odd number of digits"),
        bad("0x0", "Odd number of digits"),
        bad("0x00", "Invalid character at position 1"),
        bad("g0", "Invalid character at position 0"),
        bad("00 0", "Invalid character at position 2"),
        bad("000\n", "Invalid character at position 3"),
        bad("é", "Invalid character at position 0"),
    ]
}

pub(crate) fn constant_time_eq() -> Vec<Value> {
    [
        ("both empty", "", "", true),
        ("equal", "00010203", "00010203", true),
        ("first byte differs", "00010203", "80010203", false),
        ("last bit differs", "00010203", "00010202", false),
        ("prefix", "00010203", "000102", false),
        ("empty and not", "", "00", false),
        ("zeros of two lengths", "0000", "000000", false),
    ]
    .into_iter()
    .map(|(name, a, b, equal)| json!({ "name": name, "origin": OURS, "a": a, "b": b, "expected": equal }))
    .collect()
}
