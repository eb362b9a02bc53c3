//! Who signs, who verifies, and what exactly is signed.

use alloc::vec::Vec;
use core::fmt;

use chrysalis_crypto::ed25519::{self, SigningKey, VerifyingKey};

use crate::id::{ChainId, Epoch, Height, Round};
use crate::validator::ValidatorSet;
use crate::wire::{put_u32, put_u64};

/// An Ed25519 signature.
pub type Signature = [u8; 64];

/// What every signed statement begins with, so that no signature made elsewhere counts here.
const DOMAIN: &[u8] = b"chrysalis/agreement/1\0";

/// Something that signs with one Ed25519 key: a key in memory, or one that lives elsewhere.
pub trait Signer: Send + Sync {
    /// The public key.
    fn public_key(&self) -> [u8; 32];
    /// The signature of `message`.
    fn sign(&self, message: &[u8]) -> Signature;
}

impl Signer for SigningKey {
    fn public_key(&self) -> [u8; 32] {
        Self::public_key(self)
    }

    fn sign(&self, message: &[u8]) -> Signature {
        Self::sign(self, message)
    }
}

impl fmt::Debug for dyn Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer([REDACTED])")
    }
}

/// One signature to be checked.
#[derive(Clone, Copy, Debug)]
pub struct Check<'a> {
    /// The public key.
    pub key: &'a [u8; 32],
    /// The same key decoded, where somebody has it: for a verifier that would decode it.
    pub decoded: Option<&'a VerifyingKey>,
    /// What was signed.
    pub message: &'a [u8],
    /// The signature.
    pub signature: &'a Signature,
}

/// Something that checks signatures. [`Ed25519`] is the one that proves anything; others are for simulations.
pub trait Verifier: Send + Sync {
    /// Whether each signature holds, in the order given.
    fn verify(&self, checks: &[Check<'_>]) -> Vec<bool>;
}

impl fmt::Debug for dyn Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

/// The signature rule of rust-crypto: several signatures are checked in one equation, and one that does not hold is found
/// by halving. The verdicts are those of single checks, so that the random coefficients of the equation change
/// none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ed25519;

impl Verifier for Ed25519 {
    fn verify(&self, checks: &[Check<'_>]) -> Vec<bool> {
        if let [check] = checks {
            let verdict = match check.decoded {
                Some(key) => key.verify(check.message, check.signature),
                None => ed25519::verify(check.key, check.message, check.signature).unwrap_or(false),
            };
            return alloc::vec![verdict];
        }
        let messages: Vec<_> = checks.iter().map(|check| check.message).collect();
        let signatures: Vec<_> = checks.iter().map(|check| check.signature).collect();
        let decoded: Option<Vec<_>> = checks.iter().map(|check| check.decoded).collect();
        match decoded {
            Some(keys) => ed25519::batch_verify_decoded(&keys, &messages, &signatures),
            None => {
                let keys: Vec<_> = checks.iter().map(|check| check.key).collect();
                ed25519::batch_verify(&keys, &messages, &signatures)
            }
        }
    }
}

impl<'a> Check<'a> {
    /// The check of a signature by a validator of a set; `None` for a number that is none's.
    pub(crate) fn of(
        set: &'a ValidatorSet,
        validator: u16,
        message: &'a [u8],
        signature: &'a Signature,
    ) -> Option<Self> {
        let decoded = set.verifying_key(validator)?;
        Some(Self { key: decoded.as_bytes(), decoded: Some(decoded), message, signature })
    }
}

/// the beginning of a signed statement: domain, kind, chain, epoch, height and round.
pub(crate) fn statement(kind: u8, chain: &ChainId, epoch: Epoch, height: Height, round: Round) -> Vec<u8> {
    let name = chain.as_str().as_bytes();
    let mut out = Vec::with_capacity(DOMAIN.len() + name.len() + 64);
    out.extend_from_slice(DOMAIN);
    out.push(kind);
    out.push(u8::try_from(name.len()).expect("at most 64"));
    out.extend_from_slice(name);
    put_u64(epoch.0, &mut out);
    put_u64(height.0, &mut out);
    put_u32(round.0, &mut out);
    out
}
