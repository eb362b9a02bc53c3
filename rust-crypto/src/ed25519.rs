//! Ed25519 signatures (RFC 8032) under one verification rule.
//!
//! Libraries disagree on hand-made signatures: cofactored or not, small-order keys or not. Everything in
//! Chrysalis verifies through this module, so that a signature has one verdict in every crate and language.

#[cfg(any(target_arch = "wasm32", test))]
mod base;
mod batch;
#[cfg(target_arch = "x86_64")]
mod lanes;
mod signer;

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use crate::error::CryptoError;
use crate::hex;
use crate::stack::{DEEP, scrubbed};

pub use self::batch::{batch_verify, batch_verify_decoded};
use self::signer::Signer;

/// Length of a seed, a public key.
pub const KEY_LENGTH: usize = 32;
/// Length of a signature.
pub const SIGNATURE_LENGTH: usize = 64;
/// Length of a secret key in the one PKCS#8 form that is read and written.
pub const PKCS8_LENGTH: usize = 48;

/// The DER of RFC 8410 before the seed: version 0, algorithm 1.3.101.112, an octet string in an octet string.
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// A secret signing key with the public key derived from it.
///
/// The secret is wiped when the value is dropped. There is no way to sign with a public key given separately.
///
/// It is on the heap, so that moving the value leaves no copy of the secret behind.
pub struct SigningKey(Box<Signer>);

impl SigningKey {
    /// Draws a new key from the operating system's generator.
    ///
    /// # Errors
    /// [`CryptoError::RandomUnavailable`] when the system gives no randomness.
    pub fn make() -> Result<Self, CryptoError> {
        let mut seed = Zeroizing::new([0; KEY_LENGTH]);
        crate::random::fill(seed.as_mut_slice())?;
        Ok(Self::from_seed(&seed))
    }

    /// The key of a 32-byte RFC 8032 seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; KEY_LENGTH]) -> Self {
        scrubbed::<DEEP, _>(|| Self(Box::new(Signer::from_seed(seed))))
    }

    /// The key of a seed given as a slice.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKeyLength`] unless the slice has 32 bytes.
    pub fn from_slice(seed: &[u8]) -> Result<Self, CryptoError> {
        let seed: &[u8; KEY_LENGTH] = seed
            .try_into()
            .map_err(|_| CryptoError::InvalidKeyLength { expected: KEY_LENGTH, actual: seed.len() })?;
        Ok(Self::from_seed(seed))
    }

    /// The key of a 32-byte seed or of its 48-byte PKCS#8 form.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKeyLength`] for anything else.
    pub fn from_secret(secret: &[u8]) -> Result<Self, CryptoError> {
        match secret.strip_prefix(&PKCS8_PREFIX) {
            Some(seed) if secret.len() == PKCS8_LENGTH => Self::from_slice(seed),
            _ => Self::from_slice(secret),
        }
    }

    /// The key of the 48-byte PKCS#8 form (RFC 8410 section 7, without attributes or public key).
    ///
    /// # Errors
    /// [`CryptoError::InvalidKeyLength`] unless there are 48 bytes that begin with exactly that form's prefix;
    /// with another prefix the error says that 32 were expected, as from [`from_secret`](Self::from_secret).
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, CryptoError> {
        if der.len() != PKCS8_LENGTH {
            return Err(CryptoError::InvalidKeyLength { expected: PKCS8_LENGTH, actual: der.len() });
        }
        Self::from_secret(der)
    }

    /// The 48-byte PKCS#8 form. The copy is wiped when dropped.
    #[must_use]
    pub fn to_pkcs8(&self) -> Zeroizing<[u8; PKCS8_LENGTH]> {
        let mut der = Zeroizing::new([0; PKCS8_LENGTH]);
        der[..PKCS8_PREFIX.len()].copy_from_slice(&PKCS8_PREFIX);
        der[PKCS8_PREFIX.len()..].copy_from_slice(&*self.to_seed());
        der
    }

    /// The seed. The copy is wiped when dropped.
    #[must_use]
    pub fn to_seed(&self) -> Zeroizing<[u8; KEY_LENGTH]> {
        self.0.to_seed()
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> [u8; KEY_LENGTH] {
        self.0.public_key()
    }

    /// The public key in lower-case hexadecimal, 64 characters.
    #[must_use]
    pub fn public_key_hex(&self) -> String {
        hex::encode(&self.public_key())
    }

    /// Signs `message`; the same key and message always give the same 64 bytes.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LENGTH] {
        scrubbed::<DEEP, _>(|| self.0.sign(message))
    }

    /// [`sign`](Self::sign) in lower-case hexadecimal, 128 characters.
    #[must_use]
    pub fn sign_hex(&self, message: &[u8]) -> String {
        hex::encode(&self.sign(message))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey([REDACTED])")
    }
}

/// Whether `signature` is `public_key`'s signature of `message`.
///
/// The rule, in this order: S at or above the group order is refused; a public key that is not canonically
/// encoded or has small order is refused; an R that does not decode or is not canonical is refused; then the
/// cofactored equation 8·S·B = 8·R + 8·k·A decides, with k = SHA-512(R ‖ A ‖ M) mod L. Everything a correct
/// signer makes is accepted.
///
/// # Errors
/// [`CryptoError::InvalidKeyLength`] and [`CryptoError::InvalidSignature`] for wrong lengths, and
/// [`CryptoError::InvalidSignature`] for a public key that is not a point of the curve.
pub fn verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<bool, CryptoError> {
    let public_key: &[u8; KEY_LENGTH] = public_key
        .try_into()
        .map_err(|_| CryptoError::InvalidKeyLength { expected: KEY_LENGTH, actual: public_key.len() })?;
    let signature: &[u8; SIGNATURE_LENGTH] =
        signature.try_into().map_err(|_| CryptoError::InvalidSignature)?;
    let Some(s) = decode_s(signature) else {
        return Ok(false);
    };
    let a = CompressedEdwardsY(*public_key).decompress().ok_or(CryptoError::InvalidSignature)?;
    if !is_canonical(public_key) || has_small_order(public_key) {
        return Ok(false);
    }
    let Some(r) = decode_r(signature) else {
        return Ok(false);
    };
    Ok(holds(&a, &r, &s, &challenge(public_key, message, signature)))
}

/// [`verify`] without the room that its rule leaves: R of small order is refused too, and the equation must hold without
/// the cofactor. For protocols that need every accepted signature to be binding. Takes the time of two verifications.
///
/// # Errors
/// As [`verify`].
pub fn verify_strict(public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<bool, CryptoError> {
    if !verify(public_key, message, signature)? {
        return Ok(false);
    }
    let key = public_key.try_into().ok().and_then(|key| ed25519_dalek::VerifyingKey::from_bytes(key).ok());
    let signature = ed25519_dalek::Signature::from_slice(signature).ok();
    Ok(key.zip(signature).is_some_and(|(key, signature)| key.verify_strict(message, &signature).is_ok()))
}

/// Whether [`verify`] could accept any signature of this key: a canonically encoded point of the curve that has
/// not small order.
#[must_use]
pub fn is_public_key(public_key: &[u8; KEY_LENGTH]) -> bool {
    decode_public_key(public_key).is_some()
}

/// A public key that is decoded, for whoever verifies with it more than once: decoding takes about a tenth of a verification, and
/// a quarter of a signature's share of a batch.
#[derive(Clone)]
pub struct VerifyingKey {
    bytes: [u8; KEY_LENGTH],
    point: EdwardsPoint,
}

impl VerifyingKey {
    /// Decodes a public key; `None` for one that [`verify`] could accept no signature of, see [`is_public_key`].
    #[must_use]
    pub fn new(public_key: &[u8; KEY_LENGTH]) -> Option<Self> {
        Some(Self { bytes: *public_key, point: decode_public_key(public_key)? })
    }

    /// The public key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; KEY_LENGTH] {
        &self.bytes
    }

    /// Whether `signature` is this key's signature of `message`; the verdict of [`verify`].
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE_LENGTH]) -> bool {
        let Some((s, r)) = decode_s(signature).zip(decode_r(signature)) else { return false };
        holds(&self.point, &r, &s, &challenge(&self.bytes, message, signature))
    }
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for VerifyingKey {}

impl std::hash::Hash for VerifyingKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}

impl std::fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VerifyingKey({})", hex::encode(&self.bytes))
    }
}

/// [`verify`] with key and signature in hexadecimal, either case.
///
/// # Errors
/// Those of [`verify`], and [`CryptoError::InvalidHex`].
pub fn verify_hex(public_key: &str, message: &[u8], signature: &str) -> Result<bool, CryptoError> {
    verify(&hex::decode(public_key)?, message, &hex::decode(signature)?)
}

/// The point of a public key that may verify: canonical and not of small order.
fn decode_public_key(public_key: &[u8; KEY_LENGTH]) -> Option<EdwardsPoint> {
    if !is_canonical(public_key) || has_small_order(public_key) {
        return None;
    }
    CompressedEdwardsY(*public_key).decompress()
}

/// S, below the group order.
fn decode_s(signature: &[u8; SIGNATURE_LENGTH]) -> Option<Scalar> {
    let (_, s) = halves(signature);
    Scalar::from_canonical_bytes(*s).into()
}

/// R, canonically encoded.
fn decode_r(signature: &[u8; SIGNATURE_LENGTH]) -> Option<EdwardsPoint> {
    let (r, _) = halves(signature);
    if is_canonical(r) { CompressedEdwardsY(*r).decompress() } else { None }
}

/// 8·S·B = 8·R + 8·k·A.
fn holds(a: &EdwardsPoint, r: &EdwardsPoint, s: &Scalar, k: &Scalar) -> bool {
    #[cfg(not(target_arch = "wasm32"))]
    let expected_r = EdwardsPoint::vartime_double_scalar_mul_basepoint(k, &-a, s);
    #[cfg(target_arch = "wasm32")]
    let expected_r = base::sum(k, &-a, s);
    (expected_r - r).mul_by_cofactor().is_identity()
}

/// Whether the encoding of a point is the one that encoding it would give: y below the field's order, and no sign on
/// an x that is zero. Cheaper than encoding the point again, which takes an inversion.
fn is_canonical(encoding: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = encoding;
    let (sign, last) = (last & 0x80 != 0, last & 0x7f);
    let top = last == 0x7f && middle.iter().all(|byte| *byte == 0xff);
    if top && *first >= 0xed {
        return false;
    }
    // x is zero where y is 1 or -1.
    let one = *first == 1 && last == 0 && middle.iter().all(|byte| *byte == 0);
    !(sign && (one || top && *first == 0xec))
}

/// Whether a canonical encoding is that of one of the eight points whose order divides 8. They have five y between them, so that
/// comparing costs nothing beside the three doublings that would tell.
fn has_small_order(canonical: &[u8; 32]) -> bool {
    let mut y = *canonical;
    y[31] &= 0x7f;
    SMALL_ORDER_Y.contains(&y)
}

/// The y of the points of order 4, 1, 8, 8 and 2.
const SMALL_ORDER_Y: [[u8; 32]; 5] = [
    [0; 32],
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ],
];

fn halves(signature: &[u8; SIGNATURE_LENGTH]) -> (&[u8; 32], &[u8; 32]) {
    let (r, s) = signature.split_at(32);
    (r.try_into().expect("half of 64 bytes"), s.try_into().expect("half of 64 bytes"))
}

/// k = SHA-512(R ‖ A ‖ M) mod L, of the bytes as received.
fn challenge(public_key: &[u8; KEY_LENGTH], message: &[u8], signature: &[u8; SIGNATURE_LENGTH]) -> Scalar {
    let (r, _) = halves(signature);
    let digest = Sha512::new().chain_update(r).chain_update(public_key).chain_update(message).finalize();
    Scalar::from_bytes_mod_order_wide(&digest.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed() -> [u8; 32] {
        std::array::from_fn(|i| u8::try_from(i).unwrap())
    }

    #[test]
    fn contract_golden_values() {
        let key = SigningKey::from_seed(&seed());
        assert_eq!(
            hex::encode(&key.public_key()),
            "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
        );
        let signature = key.sign(b"test message");
        assert_eq!(
            hex::encode(&signature),
            "e7a1783d7f86e07c31f651f2cf57a378925525277d50331f2b3da54773e9b7c2\
             bcb709e3ee3dae93ffd7b4375ca7ea5f1cd8919aa7dbfc96b2651905bed69708"
        );
        assert_eq!(verify(&key.public_key(), b"test message", &signature), Ok(true));
        assert_eq!(verify(&key.public_key(), b"test messagf", &signature), Ok(false));
        assert_eq!(verify_strict(&key.public_key(), b"test message", &signature), Ok(true));
        assert_eq!(verify_strict(&key.public_key(), b"test messagf", &signature), Ok(false));
        assert_eq!(
            verify_strict(&key.public_key(), b"", &signature[..63]),
            Err(CryptoError::InvalidSignature)
        );
    }

    /// R = the identity and S = k·a: the equation holds for whoever has the key, and R commits to nothing.
    #[test]
    fn a_small_order_r_passes_the_rule_and_not_the_strict_one() {
        let a = Scalar::from_bytes_mod_order([7; 32]);
        let public_key = (curve25519_dalek::constants::ED25519_BASEPOINT_POINT * a).compress().0;
        let mut signature = [0; 64];
        signature[0] = 1;
        let s = challenge(&public_key, b"m", &signature) * a;
        signature[32..].copy_from_slice(s.as_bytes());
        assert_eq!(verify(&public_key, b"m", &signature), Ok(true));
        assert_eq!(verify_strict(&public_key, b"m", &signature), Ok(false));
    }

    #[test]
    fn small_order_and_non_canonical_keys_are_refused() {
        // The identity, and the same point in a non-canonical encoding (y = p + 1).
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut non_canonical = [0xff; 32];
        non_canonical[0] = 0xee;
        non_canonical[31] = 0x7f;
        let mut signature = [0; 64];
        signature[0] = 1;
        assert_eq!(verify(&identity, b"", &signature), Ok(false));
        assert_eq!(verify(&non_canonical, b"", &signature), Ok(false));
        // No point of the curve has y = 2.
        let mut no_point = [0; 32];
        no_point[0] = 2;
        assert_eq!(verify(&no_point, b"", &signature), Err(CryptoError::InvalidSignature));
        for key in [identity, non_canonical, no_point] {
            assert!(!is_public_key(&key));
        }
        assert!(is_public_key(&SigningKey::from_seed(&seed()).public_key()));
    }

    /// Every encoding near the edges, and random ones: canonical is what encoding the point again gives.
    #[test]
    fn canonical_encodings_are_those_of_their_points() {
        let mut encodings = Vec::new();
        for first in 0..=255 {
            for (middle, last) in [(0, 0), (0, 0x80), (0xff, 0x7f), (0xff, 0xff), (0xff, 0x7e), (0xfe, 0xff)]
            {
                let mut encoding = [middle; 32];
                (encoding[0], encoding[31]) = (first, last);
                encodings.push(encoding);
                encoding[17] ^= 1;
                encodings.push(encoding);
            }
            encodings.push(crate::random::array().unwrap());
        }
        let (mut canonical, mut others) = (0, 0);
        for encoding in encodings {
            if let Some(point) = CompressedEdwardsY(encoding).decompress() {
                assert_eq!(is_canonical(&encoding), point.compress().0 == encoding, "{encoding:x?}");
                if is_canonical(&encoding) { canonical += 1 } else { others += 1 }
            }
        }
        assert!(canonical > 400 && others > 10, "{canonical} {others}");
    }

    /// The eight points of small order, their sums with points of large order, and every encoding near the edges: the comparison
    /// says what the doublings say.
    #[test]
    fn small_order_is_seen_in_the_encoding() {
        let base = curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
        let torsion = curve25519_dalek::constants::EIGHT_TORSION;
        for point in torsion.into_iter().chain(torsion.map(|point| point + base)) {
            assert_eq!(has_small_order(&point.compress().0), point.is_small_order());
        }
        assert_eq!(torsion.iter().filter(|point| point.is_small_order()).count(), 8);
        for y in SMALL_ORDER_Y {
            for bit in 0..256 {
                let mut other = y;
                other[bit / 8] ^= 1 << (bit % 8);
                if is_canonical(&other)
                    && let Some(point) = CompressedEdwardsY(other).decompress()
                {
                    assert_eq!(has_small_order(&other), point.is_small_order(), "{other:x?}");
                }
            }
        }
    }

    #[test]
    fn wrong_lengths_are_errors_and_a_large_s_is_false() {
        let key = SigningKey::from_seed(&seed());
        let mut signature = key.sign(b"m");
        assert_eq!(
            verify(&[0; 31], b"m", &signature),
            Err(CryptoError::InvalidKeyLength { expected: 32, actual: 31 })
        );
        assert_eq!(verify(&key.public_key(), b"m", &signature[..63]), Err(CryptoError::InvalidSignature));
        signature[32..].copy_from_slice(&[0xff; 32]);
        assert_eq!(verify(&key.public_key(), b"m", &signature), Ok(false));
    }

    #[test]
    fn pkcs8_is_read_exactly_and_no_other_way() {
        let key = SigningKey::from_seed(&seed());
        let der = key.to_pkcs8();
        assert_eq!(hex::encode(&der[..16]), "302e020100300506032b657004220420");
        assert_eq!(der[16..], seed());
        for read in [SigningKey::from_pkcs8(&*der), SigningKey::from_secret(&*der)] {
            assert_eq!(read.unwrap().public_key(), key.public_key());
        }
        assert_eq!(SigningKey::from_secret(&seed()).unwrap().public_key(), key.public_key());
        for byte in 0..16 {
            let mut other = *der;
            other[byte] ^= 1;
            for read in [SigningKey::from_pkcs8(&other), SigningKey::from_secret(&other)] {
                let expected = CryptoError::InvalidKeyLength { expected: 32, actual: 48 };
                assert_eq!(read.unwrap_err(), expected);
            }
        }
        for length in (0..48).chain([49]) {
            let bytes = [&der[..], &[0]].concat();
            assert!(SigningKey::from_pkcs8(&bytes[..length]).is_err());
            assert_eq!(SigningKey::from_secret(&bytes[..length]).is_ok(), length == 32);
        }
    }

    #[test]
    fn hexadecimal_forms_agree_with_the_bytes() {
        let key = SigningKey::from_seed(&seed());
        assert_eq!(key.public_key_hex(), hex::encode(&key.public_key()));
        assert_eq!(key.sign_hex(b"m"), hex::encode(&key.sign(b"m")));
        assert_eq!(verify_hex(&key.public_key_hex(), b"m", &key.sign_hex(b"m").to_uppercase()), Ok(true));
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", SigningKey::from_seed(&seed())), "SigningKey([REDACTED])");
    }
}
