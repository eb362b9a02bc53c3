//! Signatures of certificates: the same code, and so the same verdict, on every target.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use rsa::{BoxedUint, Pkcs1v15Sign, Pss, RsaPublicKey};
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::der::{self, Reader};
use crate::ed25519;

/// The fewest bits of an RSA modulus.
pub(super) const MIN_RSA_BITS: usize = 2048;
/// The most bits of an RSA modulus: the work grows with their square.
pub(super) const MAX_RSA_BITS: usize = 8192;

/// A way to sign certificates that can be checked.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    EcdsaP256Sha256,
    /// ECDSA on P-256 with SHA-384.
    EcdsaP256Sha384,
    /// ECDSA on P-256 with SHA-512.
    EcdsaP256Sha512,
    /// ECDSA on P-384 with SHA-256.
    EcdsaP384Sha256,
    /// ECDSA on P-384 with SHA-384.
    EcdsaP384Sha384,
    /// ECDSA on P-384 with SHA-512.
    EcdsaP384Sha512,
    /// Ed25519 under this crate's rule.
    Ed25519,
    /// RSA PKCS#1 v1.5 with SHA-256.
    RsaPkcs1Sha256,
    /// RSA PKCS#1 v1.5 with SHA-384.
    RsaPkcs1Sha384,
    /// RSA PKCS#1 v1.5 with SHA-512.
    RsaPkcs1Sha512,
    /// RSA-PSS with SHA-256 throughout and a salt of 32 bytes.
    RsaPssSha256,
    /// RSA-PSS with SHA-384 throughout and a salt of 48 bytes.
    RsaPssSha384,
    /// RSA-PSS with SHA-512 throughout and a salt of 64 bytes.
    RsaPssSha512,
}

impl SignatureAlgorithm {
    /// Every algorithm.
    pub const ALL: &'static [Self] = &[
        Self::EcdsaP256Sha256,
        Self::EcdsaP256Sha384,
        Self::EcdsaP256Sha512,
        Self::EcdsaP384Sha256,
        Self::EcdsaP384Sha384,
        Self::EcdsaP384Sha512,
        Self::Ed25519,
        Self::RsaPkcs1Sha256,
        Self::RsaPkcs1Sha384,
        Self::RsaPkcs1Sha512,
        Self::RsaPssSha256,
        Self::RsaPssSha384,
        Self::RsaPssSha512,
    ];

    /// The name used at the boundary, such as `ecdsa-p256-sha256`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256Sha256 => "ecdsa-p256-sha256",
            Self::EcdsaP256Sha384 => "ecdsa-p256-sha384",
            Self::EcdsaP256Sha512 => "ecdsa-p256-sha512",
            Self::EcdsaP384Sha256 => "ecdsa-p384-sha256",
            Self::EcdsaP384Sha384 => "ecdsa-p384-sha384",
            Self::EcdsaP384Sha512 => "ecdsa-p384-sha512",
            Self::Ed25519 => "ed25519",
            Self::RsaPkcs1Sha256 => "rsa-pkcs1-sha256",
            Self::RsaPkcs1Sha384 => "rsa-pkcs1-sha384",
            Self::RsaPkcs1Sha512 => "rsa-pkcs1-sha512",
            Self::RsaPssSha256 => "rsa-pss-sha256",
            Self::RsaPssSha384 => "rsa-pss-sha384",
            Self::RsaPssSha512 => "rsa-pss-sha512",
        }
    }

    /// The algorithm of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|algorithm| algorithm.name() == name)
    }

    /// What the algorithm of a signed thing must be, byte for byte.
    pub(super) const fn signature_id(self) -> AlgorithmIdentifier {
        match self {
            Self::EcdsaP256Sha256 | Self::EcdsaP384Sha256 => alg_id::ECDSA_SHA256,
            Self::EcdsaP256Sha384 | Self::EcdsaP384Sha384 => alg_id::ECDSA_SHA384,
            Self::EcdsaP256Sha512 | Self::EcdsaP384Sha512 => alg_id::ECDSA_SHA512,
            Self::Ed25519 => alg_id::ED25519,
            Self::RsaPkcs1Sha256 => alg_id::RSA_PKCS1_SHA256,
            Self::RsaPkcs1Sha384 => alg_id::RSA_PKCS1_SHA384,
            Self::RsaPkcs1Sha512 => alg_id::RSA_PKCS1_SHA512,
            Self::RsaPssSha256 => alg_id::RSA_PSS_SHA256,
            Self::RsaPssSha384 => alg_id::RSA_PSS_SHA384,
            Self::RsaPssSha512 => alg_id::RSA_PSS_SHA512,
        }
    }

    /// What the algorithm of the issuer's key must be, byte for byte.
    pub(super) const fn key_id(self) -> AlgorithmIdentifier {
        match self {
            Self::EcdsaP256Sha256 | Self::EcdsaP256Sha384 | Self::EcdsaP256Sha512 => alg_id::ECDSA_P256,
            Self::EcdsaP384Sha256 | Self::EcdsaP384Sha384 | Self::EcdsaP384Sha512 => alg_id::ECDSA_P384,
            Self::Ed25519 => alg_id::ED25519,
            _ => alg_id::RSA_ENCRYPTION,
        }
    }

    /// Whether `signature` is the signature of `message` by `key`, the contents of a subject public key.
    pub(super) fn is_valid(self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::EcdsaP256Sha256 => is_p256(key, &Sha256::digest(message), signature),
            Self::EcdsaP256Sha384 => is_p256(key, &Sha384::digest(message), signature),
            Self::EcdsaP256Sha512 => is_p256(key, &Sha512::digest(message), signature),
            Self::EcdsaP384Sha256 => is_p384(key, &Sha256::digest(message), signature),
            Self::EcdsaP384Sha384 => is_p384(key, &Sha384::digest(message), signature),
            Self::EcdsaP384Sha512 => is_p384(key, &Sha512::digest(message), signature),
            Self::Ed25519 => ed25519::verify(key, message, signature) == Ok(true),
            Self::RsaPkcs1Sha256 => {
                is_rsa(key, Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message), signature)
            }
            Self::RsaPkcs1Sha384 => {
                is_rsa(key, Pkcs1v15Sign::new::<Sha384>(), &Sha384::digest(message), signature)
            }
            Self::RsaPkcs1Sha512 => {
                is_rsa(key, Pkcs1v15Sign::new::<Sha512>(), &Sha512::digest(message), signature)
            }
            Self::RsaPssSha256 => is_rsa(key, Pss::<Sha256>::new(), &Sha256::digest(message), signature),
            Self::RsaPssSha384 => is_rsa(key, Pss::<Sha384>::new(), &Sha384::digest(message), signature),
            Self::RsaPssSha512 => is_rsa(key, Pss::<Sha512>::new(), &Sha512::digest(message), signature),
        }
    }
}

/// How many signatures may still be checked.
#[derive(Debug)]
pub(super) struct Budget(AtomicUsize);

impl Budget {
    pub(super) const fn new(signatures: usize) -> Self {
        Self(AtomicUsize::new(signatures))
    }

    fn take_one(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    pub(super) fn is_spent(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

/// An algorithm as webpki calls it, within a budget.
pub(super) struct Verifier<'a> {
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) budget: &'a Budget,
}

impl SignatureVerificationAlgorithm for Verifier<'_> {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let valid = self.budget.take_one() && self.algorithm.is_valid(key, message, signature);
        if valid { Ok(()) } else { Err(InvalidSignature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.key_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_id()
    }
}

impl fmt::Debug for Verifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.algorithm.name())
    }
}

/// Modulus and exponent of an RSA public key (RFC 8017 A.1.1), without sign bytes.
pub(super) fn rsa_parts(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = Reader::new(key);
    let mut parts = Reader::new(reader.expect(der::SEQUENCE)?);
    let modulus = der::unsigned(parts.expect(der::INTEGER)?)?;
    let exponent = der::unsigned(parts.expect(der::INTEGER)?)?;
    (reader.is_empty() && parts.is_empty()).then_some((modulus, exponent))
}

/// The number of bits of an integer without leading zero bytes.
pub(super) fn bits(modulus: &[u8]) -> usize {
    let unused = modulus.first().map_or(0, |first| usize::try_from(first.leading_zeros()).unwrap_or(0));
    modulus.len() * 8 - unused
}

fn is_p256(key: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    use p256::ecdsa::{Signature, VerifyingKey};
    let (Some(key), Ok(signature)) = (uncompressed(key, 32), Signature::from_der(signature)) else {
        return false;
    };
    VerifyingKey::from_sec1_bytes(key).is_ok_and(|key| key.verify_prehash(digest, &signature).is_ok())
}

fn is_p384(key: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    use p384::ecdsa::{Signature, VerifyingKey};
    let (Some(key), Ok(signature)) = (uncompressed(key, 48), Signature::from_der(signature)) else {
        return false;
    };
    VerifyingKey::from_sec1_bytes(key).is_ok_and(|key| key.verify_prehash(digest, &signature).is_ok())
}

/// A point as RFC 5480 section 2.2 requires it to be understood: both coordinates, not one and a sign.
fn uncompressed(key: &[u8], coordinate: usize) -> Option<&[u8]> {
    (key.len() == 1 + 2 * coordinate && key[0] == 4).then_some(key)
}

fn is_rsa(key: &[u8], scheme: impl rsa::traits::SignatureScheme, digest: &[u8], signature: &[u8]) -> bool {
    let Some((modulus, exponent)) = rsa_parts(key) else { return false };
    // An exponent of 33 bits at most, as ring has it: larger ones only cost time.
    if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits(modulus)) || bits(exponent) > 33 {
        return false;
    }
    let (modulus, exponent) =
        (BoxedUint::from_be_slice_vartime(modulus), BoxedUint::from_be_slice_vartime(exponent));
    RsaPublicKey::new_with_size_limits(modulus, exponent, MIN_RSA_BITS..=MAX_RSA_BITS)
        .is_ok_and(|key| key.verify(scheme, digest, signature).is_ok())
}
