//! Hand-made signatures on which Ed25519 libraries disagree.
//!
//! Each satisfies the cofactored equation where that is possible, so that nothing but the rule its name states
//! decides the verdict.

use chrysalis_crypto::hash::{self, HashAlgorithm};
use curve25519_dalek::EdwardsPoint;
use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity as _;
use serde_json::{Value, json};

use super::document::Result;

pub(crate) struct Edge {
    pub(crate) name: String,
    pub(crate) public_key: [u8; 32],
    pub(crate) message: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) verdict: Value,
}

/// The group order L = 2^252 + 27742317777372353535851937790883648493, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// `first`, then 30 times `middle`, then `last`: the shape of every value near 0 or p.
const fn near(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

/// Encodings of small-order points other than the canonical one.
const NON_CANONICAL: [(&str, [u8; 32]); 6] = [
    ("identity with the sign bit", near(0x01, 0, 0x80)),
    ("y = p + 1, the identity", near(0xee, 0xff, 0x7f)),
    ("y = p + 1 with the sign bit", near(0xee, 0xff, 0xff)),
    ("y = -1 with the sign bit", near(0xec, 0xff, 0xff)),
    ("y = p, order 4", near(0xed, 0xff, 0x7f)),
    ("y = p with the sign bit, order 4", near(0xed, 0xff, 0xff)),
];
/// y = 2 is not on the curve.
const UNDECODABLE: [u8; 32] = near(0x02, 0, 0);
/// y = p + 2 is not on the curve either, and above p.
const UNDECODABLE_ABOVE_P: [u8; 32] = near(0xef, 0xff, 0x7f);

pub(crate) fn edges() -> Result<Vec<Edge>> {
    let mut out = Vec::new();
    small_order_keys(&mut out);
    odd_keys(&mut out);
    small_order_r(&mut out);
    torsion(&mut out)?;
    large_s(&mut out);
    Ok(out)
}

/// A of order 1, 2, 4, 8 with R = 0 and S = 0, which satisfies the equation for every message.
fn small_order_keys(out: &mut Vec<Edge>) {
    let zero = [near(1, 0, 0), [0; 32]].concat();
    for (i, point) in EIGHT_TORSION.iter().enumerate() {
        out.push(Edge {
            name: format!("small-order A, {i} times a point of order 8"),
            public_key: point.compress().0,
            message: b"any message".to_vec(),
            signature: zero.clone(),
            verdict: json!(false),
        });
    }
    for (name, encoding) in NON_CANONICAL {
        out.push(Edge {
            name: format!("non-canonical A: {name}"),
            public_key: encoding,
            message: b"any message".to_vec(),
            signature: zero.clone(),
            verdict: json!(false),
        });
    }
}

fn odd_keys(out: &mut Vec<Edge>) {
    let zero = [near(1, 0, 0), [0; 32]].concat();
    let large_s = [near(1, 0, 0), ORDER].concat();
    for (name, public_key, signature, verdict) in [
        ("A is not a point", UNDECODABLE, &zero, json!("INVALID_SIGNATURE")),
        ("A is not a point and y is above p", UNDECODABLE_ABOVE_P, &zero, json!("INVALID_SIGNATURE")),
        ("A is not a point, but S = L decides first", UNDECODABLE, &large_s, json!(false)),
    ] {
        out.push(Edge {
            name: name.to_owned(),
            public_key,
            message: b"any message".to_vec(),
            signature: signature.clone(),
            verdict,
        });
    }
}

/// R of small order: with S = k·a the equation holds, so only the encoding of R decides.
fn small_order_r(out: &mut Vec<Edge>) {
    let (a, point) = key();
    let public_key = point.compress().0;
    let mut push = |name: String, r: [u8; 32], verdict: bool| {
        let message = b"small-order R".to_vec();
        let s = challenge(&r, &public_key, &message) * a;
        let signature = [r, s.to_bytes()].concat();
        out.push(Edge { name, public_key, message, signature, verdict: json!(verdict) });
    };
    for (i, point) in EIGHT_TORSION.iter().enumerate() {
        push(format!("small-order R, {i} times a point of order 8"), point.compress().0, true);
    }
    for (name, encoding) in NON_CANONICAL {
        push(format!("non-canonical R: {name}"), encoding, false);
    }
    push("R is not a point".to_owned(), UNDECODABLE, false);
}

/// A, R or both moved by a point of small order: the cofactored equation holds, the cofactorless one does not.
fn torsion(out: &mut Vec<Edge>) -> Result<()> {
    let (a, clean_a) = key();
    let r = Scalar::from_bytes_mod_order([0x52; 32]);
    let clean_r = ED25519_BASEPOINT_POINT * r;
    for (name, in_a, in_r) in [
        ("A with a part of order 8", 1, 0),
        ("A with a part of order 4", 2, 0),
        ("A with a part of order 2", 4, 0),
        ("R with a part of order 8", 0, 1),
        ("R with a part of order 2", 0, 4),
        ("A and R with parts of order 8", 1, 3),
    ] {
        let public_key = (clean_a + EIGHT_TORSION[in_a]).compress().0;
        let r_bytes = (clean_r + EIGHT_TORSION[in_r]).compress().0;
        // The first message whose challenge does not happen to cancel the small-order parts.
        let (message, k) = (0_u32..64)
            .map(|i| format!("torsion {i}").into_bytes())
            .map(|message| (message.clone(), challenge(&r_bytes, &public_key, &message)))
            .find(|(_, k)| !(EIGHT_TORSION[in_r] + EIGHT_TORSION[in_a] * k).is_identity())
            .ok_or("no message separates the two equations")?;
        let s = r + k * a;
        let signature = [r_bytes, s.to_bytes()].concat();
        let wrong = [r_bytes, (s + Scalar::ONE).to_bytes()].concat();
        let edge = |suffix: &str, signature, verdict: bool| Edge {
            name: format!("{name}{suffix}"),
            public_key,
            message: message.clone(),
            signature,
            verdict: json!(verdict),
        };
        out.push(edge("", signature, true));
        out.push(edge(", S one too large", wrong, false));
    }
    Ok(())
}

fn large_s(out: &mut Vec<Edge>) {
    let (a, point) = key();
    let public_key = point.compress().0;
    let message = b"large S".to_vec();
    let r = Scalar::from_bytes_mod_order([0x53; 32]);
    let r_bytes = (ED25519_BASEPOINT_POINT * r).compress().0;
    let s = (r + challenge(&r_bytes, &public_key, &message) * a).to_bytes();
    let mut high_bit = s;
    high_bit[31] |= 0x80;
    for (name, s, verdict) in [
        ("S below L", s, true),
        ("the same S plus L", plus_order(s), false),
        ("the same S plus 2·L", plus_order(plus_order(s)), false),
        ("the same S with the highest bit", high_bit, false),
        ("S = L", ORDER, false),
        ("S all ones", [0xff; 32], false),
    ] {
        out.push(Edge {
            name: name.to_owned(),
            public_key,
            message: message.clone(),
            signature: [r_bytes, s].concat(),
            verdict: json!(verdict),
        });
    }
}

/// A fixed secret scalar and its public point.
fn key() -> (Scalar, EdwardsPoint) {
    let a = Scalar::from_bytes_mod_order([0x41; 32]);
    (a, ED25519_BASEPOINT_POINT * a)
}

fn challenge(r: &[u8; 32], public_key: &[u8; 32], message: &[u8]) -> Scalar {
    let digest = hash::hash(&[&r[..], public_key, message].concat(), HashAlgorithm::Sha512);
    let mut wide = [0; 64];
    wide.copy_from_slice(&digest);
    Scalar::from_bytes_mod_order_wide(&wide)
}

/// `s` + L as integers; fits because S and 2·L are well below 2^256.
fn plus_order(s: [u8; 32]) -> [u8; 32] {
    let (mut out, mut carry) = ([0; 32], 0);
    for (sum, (a, b)) in out.iter_mut().zip(s.into_iter().zip(ORDER)) {
        let total = u16::from(a) + u16::from(b) + carry;
        *sum = total.to_le_bytes()[0];
        carry = total >> 8;
    }
    out
}
